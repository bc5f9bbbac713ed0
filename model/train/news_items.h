/* Numbered things of each news, packed: words of a text, letter trigrams of a title. */
#ifndef COVERLINE_MODEL_TRAIN_NEWS_ITEMS_H
#define COVERLINE_MODEL_TRAIN_NEWS_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/catalog.h"
#include "common/status.h"
#include "model/tensor/tensor.h"
#include "model/train/name_table.h"
#include "model/train/vocabulary.h"

struct news_items {
	int32_t *item;   /* [offset[news]] */
	int64_t *offset; /* [news + 1] */
	bool hidden;     /* news_items_of gives none */
};

/* A text column of the catalogue. */
typedef const char *news_text_fn(const struct news *news);

/* The numbers of the first `most` words of each news' text; WORD_UNKNOWN for a word that v lacks. */
void news_items_words(struct news_items *x, const struct catalog *news, const struct vocabulary *v, news_text_fn *text,
                      int64_t most);

/* DSSM's letter trigrams: "#cat#" is "#ca", "cat", "at#", by bytes of the lower case. Adds to trigrams those of the first `most`
 * words of the titles of training … */
MUST_CHECK enum status news_items_name_trigrams(struct name_table *trigrams, const struct catalog *news,
                                                const uint8_t *in_training, int64_t most);
/* … and numbers each news' title by them; what is not in the table is left out. */
void news_items_trigrams(struct news_items *x, const struct catalog *news, const struct name_table *trigrams,
                         int64_t most);

/* Filling one by hand: the items of news 0, 1, …, and after those of each x->offset[row + 1] = f.n. */
struct news_items_filling {
	struct news_items *x;
	int64_t n; /* items so far */
	size_t size;
};
struct news_items_filling news_items_begin(struct news_items *x, uint32_t news);
void news_items_add(struct news_items_filling *f, int32_t item);

void news_items_release(struct news_items *x);

/* The items of rows, packed; *of has one segment a row. Memory is a's. */
int32_t *news_items_of(const struct news_items *x, const uint32_t *rows, int32_t count, struct arena *a,
                       struct segments *of);

#endif
