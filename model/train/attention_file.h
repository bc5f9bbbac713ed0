/* Attention weights that a recommender offers while it scores (recommender_watch), as HDF5: score --attention FILE.
 *
 * For each NAME that it offers, such as "word-cue":
 *
 *   /NAME/weight         float32  blocks one after another, each [heads, rows, columns], rows summing to 1
 *   /NAME/offset         int64    [blocks + 1] block b is weight[offset[b] … offset[b + 1] - 1]
 *   /NAME/shape          int32    [blocks, 3] heads, rows, columns; none is 0
 *   /NAME/of             int64    [blocks] the block's news, a row of the catalogue, or its impression, a line of the behaviors
 *                                 file from 0; which of them says attribute "NAME unit": "news" or "impression"
 *   /NAME/row            string of 48   labels of the rows of all blocks, one after another, as
 *   /NAME/row_offset     int64    [blocks + 1] tells
 *   /NAME/column, /NAME/column_offset   the same of the columns
 *
 * Labels are words as the recommender reads them, "region 1" … (rows of the cover from the top, each from the left),
 * "category", ids of news, or numbers from 1. Attribute "NAME rows", "NAME columns": "words", "cues", "clicks",
 * "candidates", "one", "numbers". A cue that is a word is the title's word of that place as the card shows them.
 * Attributes: schema (1), program, model, catalogue_sha256, names (the NAMEs, with spaces between).
 *
 * Rows of rmbert.attention = sigmoid sum to anything. News that the behaviors file does not name are not in it; nor are
 * blocks without rows or columns. */
#ifndef COVERLINE_MODEL_TRAIN_ATTENTION_FILE_H
#define COVERLINE_MODEL_TRAIN_ATTENTION_FILE_H

#include "common/status.h"
#include "model/recommenders/recommender.h"
#include "model/train/batch.h"

#define ATTENTION_SCHEMA 1
#define ATTENTION_LABEL  48 /* bytes; a longer label is cut */

struct attention_file;

/* data is borrowed until the end. */
MUST_CHECK enum status attention_file_create(struct attention_file **a, const char *path, const struct news_data *data,
                                             const char *model, const char *catalogue_sha256);
/* What recommenders hand weights to. */
const struct watch *attention_file_watch(struct attention_file *a);
/* What the weights that come next are of: these news, borrowed until then, or the impressions of b, the first of them number
 * `first` of the file. */
void attention_file_of_news(struct attention_file *a, const uint32_t *rows, uint32_t count);
void attention_file_of_impressions(struct attention_file *a, const struct batch *b, int64_t first);
/* The first failure to write, if any. */
MUST_CHECK enum status attention_file_status(const struct attention_file *a);
/* ST_USAGE if the recommender offered none. Frees a, even on failure. */
MUST_CHECK enum status attention_file_commit(struct attention_file *a);
void attention_file_discard(struct attention_file *a); /* accepts NULL */

#endif
