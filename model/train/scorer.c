#include "model/train/scorer.h"

#include <stdlib.h>
#include <string.h>

#include "common/behaviors.h"
#include "common/cli.h"
#include "model/train/ranking.h"

#define ENCODE_NEWS    256 /* a tape */
#define SCORE_TOGETHER 128 /* impressions a tape */
#define SCORE_SLOTS    65536
#define RANK_TOGETHER  1024 /* candidates of one reader */
#define PART_FLOATS    (1 << 25)

void scorer_init(struct scorer *s, struct recommender *r, const struct news_data *data, int64_t history)
{
	*s = (struct scorer){.r = r, .data = data, .history = history};
	encoded_store_init(&s->store, data->news->count);
	tape_init(&s->tape, false);
}

void scorer_release(struct scorer *s)
{
	encoded_store_release(&s->store);
	tape_release(&s->tape);
	*s = (struct scorer){0};
}

/* Encoding ------------------------------------------------------------------------------------------------------------ */

static enum status encode_group(struct scorer *s, const uint32_t *rows, uint32_t n)
{
	struct encoded_news news = {0};
	uint32_t wrong;
	tape_reset(&s->tape);
	if (s->attention)
		attention_file_of_news(s->attention, rows, n);
	s->r->type->encode_news(s->r, &s->tape, s->data, rows, (int32_t)n, &news);
	enum status st = tape_status(&s->tape);
	if (st == ST_OK && s->attention)
		st = attention_file_status(s->attention);
	if (st == ST_OK && !encoded_store_add(&s->store, &news, rows, n, &wrong))
		st = status_fail(ST_FAILED, "the vector of news %s is not finite", s->data->news->news[wrong].id);
	return st;
}

/* Marks what path names. */
static enum status mark_named(const struct scorer *s, const char *path, uint8_t *named)
{
	struct behaviors file;
	bool more = true;
	enum status st = behaviors_open(&file, path, s->data->news);
	if (st != ST_OK)
		return st;
	while (st == ST_OK && more) {
		const struct impression *m = &file.impression;
		st = behaviors_next(&file, &more);
		if (st != ST_OK || !more)
			break;
		const size_t most = (size_t)s->history;
		for (size_t i = m->history_count > most ? m->history_count - most : 0; i < m->history_count; i++)
			named[m->history[i]] = 1;
		for (size_t i = 0; i < m->candidate_count; i++)
			named[m->candidates[i]] = 1;
	}
	behaviors_close(&file);
	return st;
}

static enum status encode_named(struct scorer *s, const uint8_t *named)
{
	const uint32_t count = s->data->news->count, most = (uint32_t)s->r->type->encode_together;
	const uint32_t together = most && most < ENCODE_NEWS ? most : ENCODE_NEWS;
	uint32_t rows[ENCODE_NEWS], n = 0;
	enum status st = ST_OK;
	for (uint32_t row = 0; row < count && st == ST_OK; row++) {
		if (named[row])
			rows[n++] = row;
		if (n < together && row + 1 < count)
			continue;
		st = cli_interrupted() ? cli_interrupted_status() : n ? encode_group(s, rows, n) : ST_OK;
		n = 0;
	}
	return st;
}

enum status scorer_encode(struct scorer *s, const char *path)
{
	const size_t count = s->data->news->count;
	uint8_t *named = xmalloc(count + 1);
	memset(named, path ? 0 : 1, count);
	enum status st = path ? mark_named(s, path, named) : ST_OK;
	if (st == ST_OK)
		st = encode_named(s, named);
	free(named);
	return st;
}

/* Scoring ------------------------------------------------------------------------------------------------------------- */

/* Impressions read, of which the scores of the first `scored` candidates are there; the rest are in the batch. An impression of
 * more clicks x candidates than the recommender takes at once lies in it in pieces. */
struct waiting {
	struct batch batch;
	const char *id[SCORE_TOGETHER];
	size_t id_length[SCORE_TOGETHER];
	size_t first[SCORE_TOGETHER + 1]; /* of impression i, among all candidates */
	int count;
	int64_t number; /* impressions before these */
	int8_t *labels; /* [first[count]] */
	real *scores;   /* [first[count]] */
	size_t scored, size;
	int64_t pairs; /* clicks x candidates in the batch */
	struct ranking ranking;
};

static void waiting_init(struct waiting *w, const struct scorer *s)
{
	*w = (struct waiting){.count = 0};
	batch_init(&w->batch, s->data->news->count, s->store.part_width ? BATCH_DISTINCT : BATCH_EVERY_NEWS);
}

static void waiting_release(struct waiting *w)
{
	batch_release(&w->batch);
	free(w->labels);
	free(w->scores);
	ranking_release(&w->ranking);
}

/* Room for n more candidates; the place of their first. */
static size_t make_room(struct waiting *w, size_t n)
{
	const size_t used = w->first[w->count];
	if (used + n > w->size) {
		w->size = (used + n) * 2;
		w->labels = xrealloc(w->labels, w->size, 1);
		w->scores = xrealloc(w->scores, w->size, sizeof *w->scores);
	}
	return used;
}

static enum status score_batch(struct scorer *s, struct waiting *w)
{
	struct batch *b = &w->batch;
	const size_t n = (size_t)b->candidates.offset[b->count];
	tape_reset(&s->tape);
	if (s->attention)
		attention_file_of_impressions(s->attention, b, w->number);
	const struct encoded_news *news =
		encoded_store_take(&s->store, &s->tape, b->every_news ? NULL : b->rows, b->row_count);
	const struct tensor *scores = batch_scores(b, s->r, &s->tape, s->data, news);
	enum status st = tape_status(&s->tape);
	if (st == ST_OK && s->attention)
		st = attention_file_status(s->attention);
	if (st != ST_OK)
		return st;
	memcpy(w->scores + w->scored, scores->data, n * sizeof *w->scores);
	w->scored += n;
	w->pairs = 0;
	batch_clear(b);
	return ST_OK;
}

/* How many of n candidates go into the batch beside what is there, for a reader of so many clicks; 0: none, it is full. */
static size_t piece_size(const struct scorer *s, const struct waiting *w, size_t clicks, size_t n)
{
	const int64_t most = s->attention ? 0 : s->r->type->score_pairs;
	const size_t whole = n < SCORE_SLOTS ? n : SCORE_SLOTS;
	if (!most)
		return whole;
	const int64_t left = most - w->pairs, room = left > 0 ? left / (int64_t)(clicks + 1) : 0;
	if (room >= (int64_t)whole)
		return whole;
	return w->batch.count ? 0 : room > 0 ? (size_t)room : 1;
}

/* Adds the candidates of one reader, in pieces if need be. */
static enum status add_candidates(struct scorer *s, struct waiting *w, const struct reader *who,
                                  const uint32_t *candidates, size_t count)
{
	const size_t most = (size_t)s->history, read = who->count < most ? who->count : most;
	enum status st = ST_OK;
	for (size_t done = 0, n; st == ST_OK && (done < count || count == 0); done += n) {
		n = piece_size(s, w, read, count - done);
		if (n || count == 0) {
			batch_add(&w->batch, who, most, candidates + done, n);
			w->pairs += (int64_t)(n * (read + 1));
		}
		if (count == 0)
			break;
		if (done + n < count)
			st = score_batch(s, w);
	}
	return st;
}

/* Scores what is left, and hands all impressions over. */
static enum status finish_waiting(struct scorer *s, struct waiting *w, scorer_visit_fn *visit, void *context)
{
	enum status st = w->batch.count ? score_batch(s, w) : ST_OK;
	for (int i = 0; i < w->count && st == ST_OK; i++) {
		const size_t first = w->first[i], n = w->first[i + 1] - first;
		st = visit(context, &(struct scored){.id = w->id[i],
		                                     .id_length = w->id_length[i],
		                                     .labels = w->labels + first,
		                                     .scores = w->scores + first,
		                                     .ranks = ranking_of(&w->ranking, w->scores + first, n),
		                                     .count = n});
	}
	w->number += w->count;
	w->count = 0;
	w->scored = 0;
	return st;
}

/* Whether the parts of the batch's news, as floats, are as many as should lie in a tape. */
static bool parts_fill(const struct scorer *s, const struct batch *b)
{
	int64_t parts = 0;
	for (int32_t i = 0; i < b->row_count && !b->every_news; i++)
		parts += encoded_store_parts(&s->store, b->rows[i]);
	return parts * s->store.part_width > PART_FLOATS;
}

static enum status add_impression(struct scorer *s, struct waiting *w, const struct impression *m)
{
	const size_t first = make_room(w, m->candidate_count);
	if (m->candidate_count)
		memcpy(w->labels + first, m->labels, m->candidate_count);
	w->id[w->count] = m->id;
	w->id_length[w->count] = m->id_length;
	w->first[++w->count] = first + m->candidate_count;
	const struct reader who = reader_of(&s->data->readers, m);
	return add_candidates(s, w, &who, m->candidates, m->candidate_count);
}

static enum status score_file(struct scorer *s, struct behaviors *file, struct waiting *w, scorer_visit_fn *visit,
                              void *context)
{
	const int most = s->r->type->score_together, together = most && most < SCORE_TOGETHER ? most : SCORE_TOGETHER;
	for (;;) {
		bool more;
		enum status st = behaviors_next(file, &more);
		if (st == ST_OK && more)
			st = add_impression(s, w, &file->impression);
		const struct batch *b = &w->batch;
		const bool full = w->count == together || b->candidates.offset[b->count] > SCORE_SLOTS || parts_fill(s, b);
		if (st == ST_OK && w->count && (full || !more))
			st = finish_waiting(s, w, visit, context);
		if (st == ST_OK && cli_interrupted())
			st = cli_interrupted_status();
		if (st != ST_OK || !more)
			return st;
	}
}

enum status scorer_run(struct scorer *s, const char *path, scorer_visit_fn *visit, void *context)
{
	struct behaviors file;
	struct waiting w;
	enum status st = behaviors_open(&file, path, s->data->news);
	if (st != ST_OK)
		return st;
	waiting_init(&w, s);
	st = score_file(s, &file, &w, visit, context);
	waiting_release(&w);
	behaviors_close(&file);
	return st;
}

enum status scorer_score(struct scorer *s, const struct reader *who, const uint32_t *candidates, size_t count,
                         real *scores)
{
	struct waiting w;
	enum status st = ST_OK;
	waiting_init(&w, s);
	make_room(&w, count + 1);
	for (size_t done = 0; done < count && st == ST_OK; done += RANK_TOGETHER) {
		const size_t n = count - done < RANK_TOGETHER ? count - done : RANK_TOGETHER;
		st = add_candidates(s, &w, who, candidates + done, n);
		if (st == ST_OK)
			st = score_batch(s, &w);
	}
	if (st == ST_OK)
		memcpy(scores, w.scores, count * sizeof *scores);
	waiting_release(&w);
	return st;
}

/* Validation ---------------------------------------------------------------------------------------------------------- */

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
	enum status st = scorer_encode(s, path);
	if (st == ST_OK)
		st = scorer_run(s, path, add_auc, &a);
	*auc = a.count ? a.sum / (double)a.count : 0;
	*impressions = a.count;
	return st;
}
