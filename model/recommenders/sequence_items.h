/* What the CTR models over a reader's clicks (YoutubeNet, DIN) make of an item and of a reader: embeddings of their ids
 * and, of an item, of its category and subcategory. With visual or text they stand beside each other "in a large
 * vector", as GMMF's table 2 has these two.
 *
 *     x = [item, category, subcategory, V picture + v, T text + t]
 *
 * A news that training has not is known by its category and subcategory (and picture and text); its item part is what all
 * share (id_table.h). A missing picture or text is zeros. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_SEQUENCE_ITEMS_H
#define COVERLINE_MODEL_RECOMMENDERS_SEQUENCE_ITEMS_H

#include "model/layers/linear.h"
#include "model/recommenders/id_table.h"
#include "model/recommenders/modalities.h"
#include "model/recommenders/recommender.h"

enum { SEQUENCE_ITEM_KEYS = 7, SEQUENCE_MODALITIES = 2 };

struct sequence_items {
	int choice[SEQUENCE_MODALITIES]; /* of a picture, of a text */
	int64_t item_width, category_width, user_width, modality_width;
	double unseen_rate;
	struct feature_want wants[SEQUENCE_MODALITIES + 1];

	struct id_table item, user;
	struct tensor *category, *subcategory; /* [categories + 1, category_width] */
	struct linear reduce[SEQUENCE_MODALITIES];
	int64_t width; /* of x; set by sequence_items_init */
};

/* SEQUENCE_ITEM_KEYS initialisers of struct config_key, for a recommender's name and its struct sequence_items. */
/* clang-format off */
#define SEQUENCE_ITEMS(name, s) \
	{name ".visual", CONFIG_CHOICE, &(s)->choice[0], "none", VISUAL_CHOICES, 0, 0, \
	 "A picture beside an item's ids, as in GMMF's table."}, \
	{name ".text", CONFIG_CHOICE, &(s)->choice[1], "none", TEXT_CHOICES, 0, 0, "A text likewise."}, \
	{name ".item_width", CONFIG_INT, &(s)->item_width, "32", NULL, 1, 4096, "Width of an item's embedding."}, \
	{name ".category_width", CONFIG_INT, &(s)->category_width, "16", NULL, 1, 4096, \
	 "Width of a category's embedding, and of a subcategory's."}, \
	{name ".user_width", CONFIG_INT, &(s)->user_width, "32", NULL, 1, 4096, "Width of a reader's embedding."}, \
	{name ".modality_width", CONFIG_INT, &(s)->modality_width, "32", NULL, 1, 4096, \
	 "Width that a picture or a text is brought to."}, \
	{name ".unseen_rate", CONFIG_REAL, &(s)->unseen_rate, "0", NULL, 0, 0.99, \
	 "Share of items and of readers that are taken for unseen ones while training."}
/* clang-format on */

/* The columns that the choices ask for, as recommender_type.features gives them. */
const struct feature_want *sequence_items_features(struct sequence_items *s);
/* Registers "item.…", "user.…", "category.weight", "subcategory.weight" and what is chosen of "visual.…" and "text.…". */
MUST_CHECK enum status sequence_items_init(struct sequence_items *s, struct params *ps, const struct news_data *data);
/* x of the news in rows, [count, width]. */
struct tensor *sequence_items_apply(const struct sequence_items *s, struct tape *t, const struct news_data *data,
                                    const uint32_t *rows, int32_t count);
/* The readers' vectors, [impressions, user_width]. */
struct tensor *sequence_items_readers(const struct sequence_items *s, struct tape *t, const struct impressions *m);

/* tables of a recommender_type that reads them, and its kinds. */
#define SEQUENCE_ITEM_TABLES (TABLE_READERS | TABLE_CATEGORIES)
extern const char *const sequence_item_kinds[];

#endif
