#include "model/train/explain.h"

#include <stdlib.h>
#include <string.h>

/* Impressions of the same candidate: the first with all clicks, then each without one of them. */
static void leave_each_out(const struct reader *who, uint32_t candidate, struct batch *b)
{
	uint32_t *left = xmalloc((who->count + 1) * sizeof *left);
	batch_add(b, who, who->count, &candidate, 1);
	for (size_t i = 0; i < who->count; i++) {
		size_t n = 0;
		for (size_t j = 0; j < who->count; j++)
			if (j != i)
				left[n++] = who->clicks[j];
		struct reader without = *who;
		without.clicks = left;
		without.count = n;
		batch_add(b, &without, n, &candidate, 1);
	}
	free(left);
}

enum status explain_clicks(struct scorer *s, const struct reader *who, uint32_t candidate, real *fall)
{
	struct batch b;
	batch_init(&b, s->data->news->count, BATCH_DISTINCT);
	leave_each_out(who, candidate, &b);
	tape_reset(&s->tape);
	const struct encoded_news *news = encoded_store_take(&s->store, &s->tape, b.rows, b.row_count);
	const struct tensor *scores = batch_scores(&b, s->r, &s->tape, s->data, news);
	enum status st = tape_status(&s->tape);
	for (size_t i = 0; i < who->count && st == ST_OK; i++)
		fall[i] = scores->data[0] - scores->data[1 + i];
	batch_release(&b);
	return st;
}

/* a's rows, then b's. */
static struct tensor *stack(struct tape *t, const struct tensor *a, const struct tensor *b)
{
	if (!b)
		return NULL;
	const int64_t above = a ? a->dim[0] : 0;
	struct tensor *y = tape_tensor(t, 2, (int64_t[]){above + b->dim[0], b->dim[1]}, false);
	if (above)
		memcpy(y->data, a->data, (size_t)tensor_size(a) * sizeof *y->data);
	if (b->dim[0])
		memcpy(y->data + above * b->dim[1], b->data, (size_t)tensor_size(b) * sizeof *y->data);
	return y;
}

static struct segments stack_segments(struct tape *t, const struct segments *a, const struct segments *b)
{
	int32_t *offset = arena_alloc(&t->arena, ((size_t)a->count + (size_t)b->count + 1) * sizeof *offset);
	memcpy(offset, a->offset, ((size_t)a->count + 1) * sizeof *offset);
	for (int32_t i = 1; i <= b->count; i++)
		offset[a->count + i] = offset[a->count] + b->offset[i];
	return (struct segments){offset, a->count + b->count};
}

/* The clicks as they are kept, a slot each, and the candidate encoded without the parts that data hides. */
static const struct encoded_news *encode_beside(struct scorer *s, const struct reader *who, uint32_t candidate)
{
	struct encoded_news own = {0}, *out = arena_calloc(&s->tape.arena, 1, sizeof *out);
	const struct encoded_news *clicks = encoded_store_take(&s->store, &s->tape, who->clicks, (int32_t)who->count);
	if (!s->r->type->encode_news(s->r, &s->tape, s->data, &candidate, 1, &own))
		return NULL;
	out->vector = stack(&s->tape, clicks->vector, own.vector);
	out->part = stack(&s->tape, clicks->part, own.part);
	if (own.part)
		out->part_of = stack_segments(&s->tape, &clicks->part_of, &own.part_of);
	return out;
}

static enum status score_beside(struct scorer *s, const struct reader *who, uint32_t candidate, real *score)
{
	tape_reset(&s->tape);
	const int32_t n = (int32_t)who->count, clicks[] = {0, n}, candidates[] = {0, 1};
	int32_t *slot = arena_alloc(&s->tape.arena, ((size_t)n + 1) * sizeof *slot);
	uint32_t *rows = arena_alloc(&s->tape.arena, ((size_t)n + 1) * sizeof *rows);
	for (int32_t i = 0; i < n; i++) {
		slot[i] = i;
		rows[i] = who->clicks[i];
	}
	slot[n] = n;
	rows[n] = candidate;
	const struct impressions m = {.count = 1,
	                              .clicks = {clicks, 1},
	                              .candidates = {candidates, 1},
	                              .click = slot,
	                              .candidate = slot + n,
	                              .user = &who->user,
	                              .time = &who->time,
	                              .rows = rows};
	const struct encoded_news *news = encode_beside(s, who, candidate);
	const struct tensor *y = news ? s->r->type->score(s->r, &s->tape, s->data, news, &m) : NULL;
	enum status st = tape_status(&s->tape);
	if (st == ST_OK)
		*score = y->data[0];
	return st;
}

enum status explain_parts(struct scorer *s, struct news_data *data, const struct reader *who, uint32_t candidate,
                          real fall[NEWS_PARTS])
{
	real whole = 0;
	enum status st = score_beside(s, who, candidate, &whole);
	for (int p = 0; p < NEWS_PARTS && st == ST_OK; p++) {
		real without = 0;
		news_data_hide(data, 1u << p);
		st = score_beside(s, who, candidate, &without);
		fall[p] = whole - without;
	}
	news_data_hide(data, 0);
	return st;
}
