#include "model/train/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/behaviors.h"
#include "common/cli.h"

#define ENCODE_NEWS    256 /* a tape */
#define SCORE_TOGETHER 128 /* impressions a tape */
#define SCORE_SLOTS    65536

void scorer_init(struct scorer *s, struct recommender *r, const struct news_data *data, int64_t history)
{
	*s = (struct scorer){.r = r, .data = data, .history = history};
	tape_init(&s->tape, false);
}

void scorer_release(struct scorer *s)
{
	free(s->vectors);
	tape_release(&s->tape);
	*s = (struct scorer){0};
}

static enum status keep_vectors(struct scorer *s, uint32_t first, const struct tensor *x)
{
	if (!s->vectors) {
		s->width = tensor_cols(x);
		s->vectors = xmalloc((size_t)s->data->news->count * (size_t)s->width * sizeof *s->vectors);
	}
	const int64_t n = tensor_size(x);
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(x->data[i]))
			return status_fail(ST_FAILED, "the vector of news %s is not finite",
			                   s->data->news->news[first + i / s->width].id);
	memcpy(s->vectors + (int64_t)first * s->width, x->data, (size_t)n * sizeof *x->data);
	return ST_OK;
}

enum status scorer_encode(struct scorer *s)
{
	const uint32_t count = s->data->news->count;
	uint32_t rows[ENCODE_NEWS];
	for (uint32_t first = 0; first < count; first += ENCODE_NEWS) {
		if (cli_interrupted())
			return cli_interrupted_status();
		const uint32_t n = count - first < ENCODE_NEWS ? count - first : ENCODE_NEWS;
		for (uint32_t i = 0; i < n; i++)
			rows[i] = first + i;
		tape_reset(&s->tape);
		struct tensor *x = s->r->type->encode_news(s->r, &s->tape, s->data, rows, (int32_t)n);
		enum status st = tape_status(&s->tape);
		if (st == ST_OK)
			st = keep_vectors(s, first, x);
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

/* Impressions read and waiting to be scored together. */
struct waiting {
	struct batch batch;
	const char *id[SCORE_TOGETHER];
	size_t id_length[SCORE_TOGETHER];
	int8_t *labels; /* as the batch's candidates */
	size_t label_size;
	uint32_t *order, *ranks;
	size_t rank_size;
};

static void waiting_add(struct waiting *w, const struct impression *m, size_t history)
{
	const size_t used = (size_t)w->batch.candidates.offset[w->batch.count];
	w->id[w->batch.count] = m->id;
	w->id_length[w->batch.count] = m->id_length;
	if (used + m->candidate_count > w->label_size) {
		w->label_size = (used + m->candidate_count) * 2;
		w->labels = xrealloc(w->labels, w->label_size, 1);
	}
	if (m->candidate_count)
		memcpy(w->labels + used, m->labels, m->candidate_count);
	batch_add(&w->batch, m->history, m->history_count, history, m->candidates, m->candidate_count);
}

static int by_score(const void *a, const void *b, void *context)
{
	const real *score = context;
	const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	if (score[i] != score[j])
		return score[i] < score[j] ? 1 : -1;
	return i < j ? -1 : i > j;
}

static void rank(struct waiting *w, const real *scores, size_t n)
{
	if (n > w->rank_size) {
		w->rank_size = n * 2;
		w->order = xrealloc(w->order, w->rank_size, sizeof *w->order);
		w->ranks = xrealloc(w->ranks, w->rank_size, sizeof *w->ranks);
	}
	for (size_t i = 0; i < n; i++)
		w->order[i] = (uint32_t)i;
	if (n)
		qsort_r(w->order, n, sizeof *w->order, by_score, (void *)scores);
	for (size_t i = 0; i < n; i++)
		w->ranks[w->order[i]] = (uint32_t)i + 1;
}

static enum status score_waiting(struct scorer *s, struct waiting *w, scorer_visit_fn *visit, void *context)
{
	struct batch *b = &w->batch;
	const int64_t dim[] = {s->data->news->count, s->width};
	tape_reset(&s->tape);
	struct tensor *scores = batch_scores(b, s->r, &s->tape, tape_borrow(&s->tape, 2, dim, s->vectors));
	enum status st = tape_status(&s->tape);
	for (int32_t i = 0; i < b->count && st == ST_OK; i++) {
		const int32_t first = b->candidates.offset[i];
		const size_t n = (size_t)(b->candidates.offset[i + 1] - first);
		rank(w, scores->data + first, n);
		st = visit(context, &(struct scored){.id = w->id[i],
		                                     .id_length = w->id_length[i],
		                                     .labels = w->labels + first,
		                                     .scores = scores->data + first,
		                                     .ranks = w->ranks,
		                                     .count = n});
	}
	batch_clear(b);
	return st;
}

static enum status score_file(struct scorer *s, struct behaviors *file, struct waiting *w, scorer_visit_fn *visit,
                              void *context)
{
	for (;;) {
		bool more;
		enum status st = behaviors_next(file, &more);
		if (st == ST_OK && more)
			waiting_add(w, &file->impression, (size_t)s->history);
		const struct batch *b = &w->batch;
		const bool full = b->count == SCORE_TOGETHER || b->candidates.offset[b->count] > SCORE_SLOTS;
		if (st == ST_OK && b->count && (full || !more))
			st = score_waiting(s, w, visit, context);
		if (st == ST_OK && cli_interrupted())
			st = cli_interrupted_status();
		if (st != ST_OK || !more)
			return st;
	}
}

enum status scorer_run(struct scorer *s, const char *path, scorer_visit_fn *visit, void *context)
{
	struct behaviors file;
	enum status st = behaviors_open(&file, path, s->data->news);
	if (st != ST_OK)
		return st;
	struct waiting w = {0};
	batch_init(&w.batch, s->data->news->count, BATCH_EVERY_NEWS);
	st = score_file(s, &file, &w, visit, context);
	batch_release(&w.batch);
	free(w.labels);
	free(w.order);
	free(w.ranks);
	behaviors_close(&file);
	return st;
}

struct auc {
	double sum;
	int64_t count;
};

/* The clicked candidate of ascending rank r_i has r_i - i better ones that were not clicked. */
static enum status add_auc(void *context, const struct scored *s)
{
	struct auc *a = context;
	double rank_sum = 0, clicked = 0, shown = 0;
	for (size_t i = 0; i < s->count; i++) {
		if (s->labels[i] == CANDIDATE_UNLABELLED)
			return status_fail(ST_USAGE, "impression %.*s has no labels: nothing to validate on", (int)s->id_length,
			                   s->id);
		clicked += s->labels[i] == 1;
		shown += s->labels[i] == 0;
		if (s->labels[i] == 1)
			rank_sum += s->ranks[i];
	}
	if (clicked > 0 && shown > 0) {
		a->sum += 1 - (rank_sum - clicked * (clicked + 1) / 2) / (clicked * shown);
		a->count++;
	}
	return ST_OK;
}

enum status scorer_auc(struct scorer *s, const char *path, double *auc, int64_t *impressions)
{
	struct auc a = {0, 0};
	enum status st = scorer_run(s, path, add_auc, &a);
	*auc = a.count ? a.sum / (double)a.count : 0;
	*impressions = a.count;
	return st;
}
