#include "model/train/batch.h"

#include <stdlib.h>
#include <string.h>

struct reader reader_of(const struct name_table *readers, const struct impression *m)
{
	return (struct reader){.user = readers ? name_table_find(readers, m->user, m->user_length) : 0,
	                       .clicks = m->history,
	                       .count = m->history_count,
	                       .time = impression_seconds(m)};
}

static void list_clear(struct slot_list *l)
{
	if (!l->offset) {
		l->offset_size = 64;
		l->offset = xmalloc(l->offset_size * sizeof *l->offset);
	}
	l->offset[0] = 0;
}

void batch_init(struct batch *b, uint32_t news_count, enum batch_slots slots)
{
	*b = (struct batch){.news_count = news_count, .every_news = slots == BATCH_EVERY_NEWS};
	if (slots == BATCH_DISTINCT) {
		b->slot_of = xmalloc(((size_t)news_count + 1) * sizeof *b->slot_of);
		memset(b->slot_of, 0xff, ((size_t)news_count + 1) * sizeof *b->slot_of);
	}
	batch_clear(b);
}

void batch_clear(struct batch *b)
{
	for (int32_t i = 0; i < b->row_count; i++)
		b->slot_of[b->rows[i]] = -1;
	b->row_count = b->count = 0;
	list_clear(&b->clicks);
	list_clear(&b->candidates);
}

void batch_release(struct batch *b)
{
	free(b->rows);
	free(b->clicks.slot);
	free(b->clicks.offset);
	free(b->candidates.slot);
	free(b->candidates.offset);
	free(b->user);
	free(b->time);
	free(b->slot_of);
	*b = (struct batch){0};
}

static int32_t slot_of(struct batch *b, uint32_t row)
{
	if (row >= b->news_count)
		BUG("row %u of %u", row, b->news_count);
	if (b->every_news)
		return (int32_t)row;
	if (b->slot_of[row] < 0) {
		if ((size_t)b->row_count == b->row_size) {
			b->row_size = b->row_size ? b->row_size * 2 : 256;
			b->rows = xrealloc(b->rows, b->row_size, sizeof *b->rows);
		}
		b->slot_of[row] = b->row_count;
		b->rows[b->row_count++] = row;
	}
	return b->slot_of[row];
}

static void list_add(struct batch *b, struct slot_list *l, const uint32_t *row, size_t count)
{
	const size_t used = (size_t)l->offset[b->count];
	if (count > INT32_MAX - used)
		BUG("a batch of more than %d slots", INT32_MAX);
	if (used + count > l->slot_size) {
		l->slot_size = (used + count) * 2;
		l->slot = xrealloc(l->slot, l->slot_size, sizeof *l->slot);
	}
	if ((size_t)b->count + 2 > l->offset_size) {
		l->offset_size *= 2;
		l->offset = xrealloc(l->offset, l->offset_size, sizeof *l->offset);
	}
	for (size_t i = 0; i < count; i++)
		l->slot[used + i] = slot_of(b, row[i]);
	l->offset[b->count + 1] = (int32_t)(used + count);
}

static void add_reader(struct batch *b, const struct reader *who)
{
	if ((size_t)b->count == b->reader_size) {
		b->reader_size = b->reader_size ? b->reader_size * 2 : 64;
		b->user = xrealloc(b->user, b->reader_size, sizeof *b->user);
		b->time = xrealloc(b->time, b->reader_size, sizeof *b->time);
	}
	b->user[b->count] = who->user;
	b->time[b->count] = who->time;
}

void batch_add(struct batch *b, const struct reader *who, size_t most, const uint32_t *candidates,
               size_t candidate_count)
{
	const size_t dropped = who->count > most ? who->count - most : 0;
	add_reader(b, who);
	list_add(b, &b->clicks, who->clicks + dropped, who->count - dropped);
	list_add(b, &b->candidates, candidates, candidate_count);
	b->count++;
}

const struct impressions *batch_impressions(const struct batch *b, struct tape *t)
{
	struct impressions *m = arena_alloc(&t->arena, sizeof *m);
	*m = (struct impressions){.count = b->count,
	                          .clicks = {b->clicks.offset, b->count},
	                          .candidates = {b->candidates.offset, b->count},
	                          .click = b->clicks.slot,
	                          .candidate = b->candidates.slot,
	                          .user = b->user,
	                          .time = b->time,
	                          .rows = b->every_news ? NULL : b->rows};
	return m;
}

const struct encoded_news *batch_encode(const struct batch *b, struct recommender *r, struct tape *t,
                                        const struct news_data *data)
{
	struct encoded_news *news = arena_calloc(&t->arena, 1, sizeof *news);
	return r->type->encode_news(r, t, data, b->rows, b->row_count, news) ? news : NULL;
}

struct tensor *batch_scores(const struct batch *b, struct recommender *r, struct tape *t, const struct news_data *data,
                            const struct encoded_news *news)
{
	return news ? r->type->score(r, t, data, news, batch_impressions(b, t)) : NULL;
}

struct tensor *batch_loss(const struct batch *b, struct recommender *r, struct tape *t, const struct news_data *data,
                          const struct encoded_news *news, struct tensor *scores)
{
	const struct impressions *m = batch_impressions(b, t);
	if (!news || !scores)
		return NULL;
	return r->type->loss ? r->type->loss(r, t, data, news, m, scores) : op_cross_entropy(t, scores, &m->candidates);
}
