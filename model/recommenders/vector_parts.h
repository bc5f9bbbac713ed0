/* What a news' vector is made of: title, category, subcategory, cover, side by side.
 * (VLSNR, table 3; LSTUR, An et al. 2019, §3.1)
 *
 * Each part is a vector of its own and they are concatenated, in the order above: category and subcategory by tables trained with
 * the rest, the cover by a linear layer on its pooled features (kind `cover`, column `pooled`). That is how "+img" is joined here:
 * VLSNR concatenates "the visual information on the output vector", and so the vectors that enter the user encoder are that
 * much wider. A news without a cover has zeros there. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_VECTOR_PARTS_H
#define COVERLINE_MODEL_RECOMMENDERS_VECTOR_PARTS_H

#include "model/layers/linear.h"
#include "model/recommenders/recommender.h"

/* A table of vectors by category or subcategory number: [numbers + 1, width], row 0 for what training did not see. */
MUST_CHECK enum status category_table_init(struct params *ps, const char *name, int32_t numbers, int64_t width,
                                           double deviation, struct tensor **out);
/* [count, width] for the news in rows; number_of is news_data's category or subcategory. */
struct tensor *category_table_apply(struct tape *t, struct tensor *table, const int32_t *number_of,
                                    const uint32_t *rows, int32_t count);

/* Rows of VLSNR's table 3, as a key's choices. */
enum news_choice { NEWS_TOP, NEWS_SUB, NEWS_TIT, NEWS_TIT_TOP_SUB, NEWS_TIT_IMG, NEWS_OVERALL };
#define NEWS_CHOICES "top|sub|tit|tit+top+sub|tit+img|overall"
#define NEWS_CHOICES_HELP                                                                                              \
	"What a news' vector is made of: category (top), subcategory (sub), title (tit), cover (img), or all of them."

enum vector_part { VECTOR_TITLE = 1, VECTOR_CATEGORY = 2, VECTOR_SUBCATEGORY = 4, VECTOR_COVER = 8 };
/* The parts of a choice, enum vector_part. */
unsigned news_choice_parts(int choice);

struct vector_parts_options {
	int choice; /* enum news_choice */
	int64_t title_width, category_width, image_width;
};

struct vector_parts {
	unsigned parts;
	struct tensor *category, *subcategory; /* as category_table_init */
	struct linear image;                   /* [image_width, pooled] */
	int64_t width;                         /* of the whole vector */
};

/* Registers what the parts need of "category.weight", "subcategory.weight" and "image.{weight,bias}". */
MUST_CHECK enum status vector_parts_init(struct vector_parts *l, struct params *ps, const struct news_data *data,
                                         const struct vector_parts_options *o);
/* The features that a choice reads, for recommender_type.features. */
const struct feature_want *news_choice_features(int choice);
/* [count, width] of the news in rows; title [count, title_width], NULL where it is no part. */
struct tensor *vector_parts_join(const struct vector_parts *l, struct tape *t, struct tensor *title,
                                 const struct news_data *data, const uint32_t *rows, int32_t count);

#endif
