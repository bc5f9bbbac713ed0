/* What feature-based models read of an impression's candidate: sparse features, hashed into one space of buckets.
 *
 * A field (sparse_fields.c lists them) gives pairs of a bucket and a value. Everything is learnt from the training split alone,
 * and kept in the checkpoint:
 *
 *   - Readers, news, categories and words that training does not have give no pair.
 *   - Words are weighed by TF-IDF as scikit-learn's TfidfVectorizer does by default: their number in the text times
 *     ln((1 + n) / (1 + df)) + 1, over training's n news of which df have the word, scaled to a sum of squares of 1.
 *   - A news' popularity at a time is the number c of clicks on it, in the training split, strictly before: 0, or
 *     1 + floor(log2 c). Of a click itself, or of what is shown at the same second, nothing is counted. Kept are the times at
 *     which a news gets its 1st, 2nd, 4th, 8th … click, so that memory does not grow with clicks.
 *
 * Number a of a field has bucket mix(h + a) mod buckets, the pair (a, b) of a cross mix(mix(h + a) + b), where h is FNV-1a of the
 * field's name in 64 bits and mix the last step of splitmix64 (Steele et al. 2014). Two features may share a bucket. */
#ifndef COVERLINE_MODEL_TRAIN_SPARSE_FEATURES_H
#define COVERLINE_MODEL_TRAIN_SPARSE_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/config.h"
#include "common/h5.h"
#include "common/status.h"
#include "model/train/news_items.h"

/* The keys under [sparse]. */
struct sparse_settings {
	int64_t buckets;
	char *fields;
	int64_t words, clicks;
};
enum { SPARSE_KEYS = 4 };
/* Writes the keys to out and returns how many there are. */
int sparse_keys(struct sparse_settings *s, struct config_key out[SPARSE_KEYS]);

/* Words of each news' text with their weights, each word once. */
struct weighed_words {
	int64_t *offset; /* [news + 1] */
	int32_t *word;   /* [offset[news]] ascending within a news */
	float *weight;
	int32_t *documents; /* [words] of training that have the word */
};

struct sparse_features {
	const struct sparse_settings *settings; /* borrowed; NULL: not asked for */
	unsigned fields;                        /* bits of the fields that are read */
	uint32_t news;
	int32_t words;                         /* in the vocabulary */
	const int32_t *category, *subcategory; /* [news] news_data's, whatever is hidden */
	uint8_t *known;                        /* [news] 1: training has it */
	struct weighed_words title, abstract;
	int64_t *popular_offset; /* [news + 1] */
	int64_t *popular_since;  /* [popular_offset[news]] when it got click number 1, 2, 4 …, ascending within a news */
};

struct news_data;

/* For training: reads the behaviors file `train` twice (NULL: nothing was clicked). nd has its texts and categories,
 * which are borrowed; in_training [news]. x is zeroed before and released by the caller even after a failure; so below.
 * folder is where a file without a name may go. ST_USAGE if a setting is wrong. */
MUST_CHECK enum status sparse_features_learn(struct sparse_features *x, const struct sparse_settings *s,
                                             const struct news_data *nd, const uint8_t *in_training, const char *train,
                                             const char *folder);
/* The same from a checkpoint: /sparse/known uint8 [news]; /sparse/title, /sparse/abstract int32 [words] documents;
 * /sparse/popular_offset, /sparse/popular_since int64. ST_MALFORMED if they do not fit. */
MUST_CHECK enum status sparse_features_read(struct sparse_features *x, const struct sparse_settings *s,
                                            const struct news_data *nd, struct h5_file *f);
MUST_CHECK enum status sparse_features_write(const struct sparse_features *x, struct h5_file *f);
/* Knows no news and no word: for who counts parameters. */
MUST_CHECK enum status sparse_features_pretend(struct sparse_features *x, const struct sparse_settings *s);
void sparse_features_release(struct sparse_features *x);

/* 0, or 1 + floor(log2 c) for c clicks of training before `time`. */
int32_t sparse_popularity(const struct sparse_features *x, uint32_t row, int64_t time);

#endif
