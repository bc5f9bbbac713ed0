#include "model/train/title_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "model/text/wordpiece.h"

#define FRAME 2 /* [CLS] and [SEP] */

static void make_key(struct title_tokens *t)
{
	struct digest *d = digest_new();
	digest_add(d, &t->vocabulary, sizeof t->vocabulary);
	digest_add(d, t->offset, ((size_t)t->news + 1) * sizeof *t->offset);
	digest_add(d, t->id, (size_t)t->offset[t->news] * sizeof *t->id);
	digest_finish(d, t->key);
}

enum status title_tokens_read(struct title_tokens *t, const struct catalog *news, const char *vocab, int64_t most)
{
	struct wordpiece *pieces;
	struct tokens title = {0};
	size_t size = 1024;
	enum status st = wordpiece_open(&pieces, vocab, WORDPIECE_UNCASED);
	if (st != ST_OK)
		return st;
	*t = (struct title_tokens){.news = news->count, .vocabulary = wordpiece_size(pieces)};
	t->offset = xcalloc((size_t)news->count + 1, sizeof *t->offset);
	t->id = xmalloc(size * sizeof *t->id);
	for (uint32_t row = 0; row < news->count; row++) {
		wordpiece_encode(pieces, news->news[row].title, (size_t)most, &title);
		const size_t first = (size_t)t->offset[row];
		if (first + title.count > size) {
			size = 2 * (first + title.count);
			t->id = xrealloc(t->id, size, sizeof *t->id);
		}
		for (size_t i = 0; i < title.count; i++)
			t->id[first + i] = title.list[i].id;
		t->offset[row + 1] = (int64_t)(first + title.count);
	}
	tokens_release(&title);
	wordpiece_close(pieces);
	make_key(t);
	return ST_OK;
}

void title_tokens_of_words(struct title_tokens *t, const struct news_data *data, int64_t most)
{
	const uint32_t news = data->news->count;
	const int32_t words = data->vocabulary.count, cls = words, sep = words + 1;
	*t = (struct title_tokens){.news = news, .vocabulary = words + FRAME};
	t->offset = xcalloc((size_t)news + 1, sizeof *t->offset);
	t->id = xmalloc(((size_t)data->title.offset[news] + FRAME * (size_t)news + 1) * sizeof *t->id);
	int64_t n = 0;
	for (uint32_t row = 0; row < news; row++) {
		const int64_t first = data->title.offset[row], all = data->title.offset[row + 1] - first;
		const int64_t count = all < most - FRAME ? all : most - FRAME;
		t->id[n++] = cls;
		if (count)
			memcpy(t->id + n, data->title.item + first, (size_t)count * sizeof *t->id);
		n += count;
		t->id[n++] = sep;
		t->offset[row + 1] = n;
	}
	make_key(t);
}

void title_tokens_release(struct title_tokens *t)
{
	free(t->id);
	free(t->offset);
	*t = (struct title_tokens){0};
}

int32_t *title_tokens_take(const struct title_tokens *t, const uint32_t *rows, int32_t count, struct arena *a,
                           struct segments *titles)
{
	const struct news_items items = {.item = t->id, .offset = t->offset};
	return news_items_of(&items, rows, count, a, titles);
}
