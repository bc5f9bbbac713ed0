/* The pictures and texts that models over an item's id, picture and text can read, as their keys name them. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_MODALITIES_H
#define COVERLINE_MODEL_RECOMMENDERS_MODALITIES_H

#include "model/recommenders/recommender.h"

#define VISUAL_CHOICES "none|vgg|cover|clip"
#define TEXT_CHOICES   "none|bert|clip"

/* The column of a choice, kind NULL for none. */
struct feature_want visual_want(int choice);
struct feature_want text_want(int choice);

/* The vectors [count, category_width] of the categories of rows. */
struct tensor *categories_of(struct tape *t, struct tensor *table, const struct news_data *data, const uint32_t *rows,
                             int32_t count);
/* Registers "category.weight" [categories + 1, width]. */
MUST_CHECK enum status categories_init(struct tensor **table, struct params *ps, const struct news_data *data,
                                       int64_t width);
/* The rows of x [count, width] whose row of present is 1, *count of them. */
struct tensor *those_present(struct tape *t, struct tensor *x, const struct tensor *present, int64_t *count);

#endif
