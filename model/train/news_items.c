#include "model/train/news_items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Filling ------------------------------------------------------------------------------------------------------------ */

struct news_items_filling news_items_begin(struct news_items *x, uint32_t news)
{
	struct news_items_filling f = {.x = x, .size = 1024};
	x->item = xmalloc(f.size * sizeof *x->item);
	x->offset = xcalloc((size_t)news + 1, sizeof *x->offset);
	return f;
}

void news_items_add(struct news_items_filling *f, int32_t item)
{
	if ((size_t)f->n == f->size)
		f->x->item = xrealloc(f->x->item, f->size *= 2, sizeof *f->x->item);
	f->x->item[f->n++] = item;
}

void news_items_words(struct news_items *x, const struct catalog *news, const struct vocabulary *v, news_text_fn *text,
                      int64_t most)
{
	struct news_items_filling f = news_items_begin(x, news->count);
	for (uint32_t row = 0; row < news->count; row++) {
		struct word_reader r;
		word_reader_init(&r, text(&news->news[row]));
		for (int64_t i = 0; i < most && word_reader_next(&r); i++)
			news_items_add(&f, vocabulary_find(v, r.word));
		x->offset[row + 1] = f.n;
	}
}

/* "#word#", and its length. */
static size_t fence(const struct word_reader *r, char fenced[WORD_BYTES_MAX + 16])
{
	return (size_t)snprintf(fenced, WORD_BYTES_MAX + 16, "#%s#", r->word);
}

enum status news_items_name_trigrams(struct name_table *trigrams, const struct catalog *news,
                                     const uint8_t *in_training, int64_t most)
{
	for (uint32_t row = 0; row < news->count; row++) {
		struct word_reader r;
		word_reader_init(&r, in_training[row] ? news->news[row].title : "");
		for (int64_t i = 0; i < most && word_reader_next(&r); i++) {
			char word[WORD_BYTES_MAX + 16];
			const size_t n = fence(&r, word);
			for (size_t at = 0; at + 3 <= n; at++) {
				int32_t number;
				enum status st = name_table_add(trigrams, word + at, 3, &number);
				if (st != ST_OK)
					return st;
			}
		}
	}
	return ST_OK;
}

void news_items_trigrams(struct news_items *x, const struct catalog *news, const struct name_table *trigrams,
                         int64_t most)
{
	struct news_items_filling f = news_items_begin(x, news->count);
	for (uint32_t row = 0; row < news->count; row++) {
		struct word_reader r;
		word_reader_init(&r, news->news[row].title);
		for (int64_t i = 0; i < most && word_reader_next(&r); i++) {
			char word[WORD_BYTES_MAX + 16];
			const size_t n = fence(&r, word);
			for (size_t at = 0; at + 3 <= n; at++) {
				const int32_t number = name_table_find(trigrams, word + at, 3);
				if (number)
					news_items_add(&f, number);
			}
		}
		x->offset[row + 1] = f.n;
	}
}

void news_items_release(struct news_items *x)
{
	free(x->item);
	free(x->offset);
	*x = (struct news_items){0};
}

/* Reading ------------------------------------------------------------------------------------------------------------ */

int32_t *news_items_of(const struct news_items *x, const uint32_t *rows, int32_t count, struct arena *a,
                       struct segments *of)
{
	int32_t *offset = arena_alloc(a, ((size_t)count + 1) * sizeof *offset);
	offset[0] = 0;
	for (int32_t i = 0; i < count; i++)
		offset[i + 1] = offset[i] + (x->hidden ? 0 : (int32_t)(x->offset[rows[i] + 1] - x->offset[rows[i]]));
	int32_t *item = arena_alloc(a, (size_t)offset[count] * sizeof *item + 1);
	for (int32_t i = 0; i < count; i++)
		memcpy(item + offset[i], x->item + x->offset[rows[i]], (size_t)(offset[i + 1] - offset[i]) * sizeof *item);
	*of = (struct segments){offset, count};
	return item;
}
