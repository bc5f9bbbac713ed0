#include "eval/evaluation.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/behaviors.h"
#include "common/cli.h"
#include "common/log.h"
#include "eval/predictions.h"
#include "eval/score_file.h"

enum {
	LOOK_EVERY = 4096,     /* impressions between looks at signals and the clock */
	SLOW_BYTES = 64 << 20, /* a behaviors file that takes long enough to say how fast it was read */
};

/* Pairs (i, j), j < i, row by row. */
static size_t pair_index(size_t i, size_t j)
{
	return i * (i - 1) / 2 + j;
}

/* The files that are read in step, and what is kept of one impression. */
struct inputs {
	struct behaviors behaviors;
	struct predictions *predictions; /* [run_count] */
	struct score_file *scores;       /* [run_count]; NULL without scores */
	struct rank_pool pool;
	double (*values)[METRIC_COUNT]; /* [run_count] */
};

static double first_hit(const struct impression *im, const uint32_t *order)
{
	size_t i = 0;
	while (im->labels[order[i]] != 1)
		i++;
	return 1.0 / (double)(i + 1);
}

static enum status add_impression(struct evaluation *e, const struct impression *im, const struct predictions *p,
                                  double (*values)[METRIC_COUNT])
{
	for (size_t i = 0; i < e->run_count; i++) {
		metrics_of_order(im->labels, p[i].order, im->candidate_count, values[i]);
		e->runs[i].first_hit += first_hit(im, p[i].order);
		for (int m = 0; m < METRIC_COUNT; m++) {
			e->runs[i].sum[m] += values[i][m];
			for (size_t j = 0; j < i; j++)
				paired_add(&e->pairs[pair_index(i, j)][m], values[i][m] - values[j][m]);
		}
	}
	return e->bootstrap ? bootstrap_add(e->bootstrap, im->user, im->user_length, values, e->run_count) : ST_OK;
}

/* What counts labelled impressions of every kind. */
static void add_labelled(struct evaluation *e, struct inputs *in)
{
	const struct impression *im = &in->behaviors.impression;
	rank_pool_add(&in->pool, im->user, im->user_length, im->candidate_count, im->clicked_count);
	for (size_t i = 0; i < e->run_count; i++) {
		rank_pool_run(&in->pool, im->labels, in->predictions[i].order, im->candidate_count);
		if (in->scores)
			calibration_add(&e->runs[i].calibration, e->probability, im->labels, in->scores[i].latest,
			                im->candidate_count);
	}
}

/* The lines of the impression just read. */
static enum status read_lines(const struct evaluation *e, struct inputs *in)
{
	enum status st = ST_OK;
	for (size_t i = 0; !st && i < e->run_count; i++) {
		st = predictions_next(&in->predictions[i], &in->behaviors);
		if (!st && in->scores)
			st = score_file_next(&in->scores[i], &in->behaviors, in->predictions[i].order);
	}
	return st;
}

static enum status read_all(struct evaluation *e, struct inputs *in)
{
	struct behaviors *b = &in->behaviors;
	for (;;) {
		bool more;
		enum status st = behaviors_next(b, &more);
		if (st || !more)
			return st;
		st = read_lines(e, in);
		if (st)
			return st;
		const enum impression_kind kind = impression_kind(b->impression.labels, b->impression.candidate_count);
		e->kinds[kind]++;
		if (kind == IMPRESSION_SCORED)
			st = add_impression(e, &b->impression, in->predictions, in->values);
		if (st)
			return st;
		if (kind != IMPRESSION_UNLABELLED)
			add_labelled(e, in);
		if (e->groups)
			groups_add(e->groups, &b->impression, in->predictions, e->run_count);
		if (e->lists)
			lists_add(e->lists, &b->impression, in->predictions, e->run_count);
		if (++e->lines % LOOK_EVERY == 0) {
			if (cli_interrupted())
				return cli_interrupted_status();
			progress_set((int64_t)(b->offset >> 20));
		}
	}
}

static enum status read_ends(const struct evaluation *e, const struct inputs *in)
{
	for (size_t i = 0; i < e->run_count; i++) {
		enum status st = predictions_end(&in->predictions[i], e->lines);
		if (!st && in->scores)
			st = score_file_end(&in->scores[i]);
		if (st)
			return st;
	}
	if (e->kinds[IMPRESSION_SCORED] == 0)
		return status_fail(ST_MALFORMED,
		                   "%s: expected an impression with a clicked and a not-clicked candidate, found none in "
		                   "%llu lines",
		                   in->behaviors.path, (unsigned long long)e->lines);
	return ST_OK;
}

static enum status inputs_open(struct inputs *in, const struct evaluation *e, const char *behaviors,
                               const char *const *predictions)
{
	in->predictions = xcalloc(e->run_count, sizeof *in->predictions);
	in->values = xcalloc(e->run_count, sizeof *in->values);
	if (e->scores)
		in->scores = xcalloc(e->run_count, sizeof *in->scores);
	enum status st = behaviors_open(&in->behaviors, behaviors, e->news);
	for (size_t i = 0; !st && i < e->run_count; i++) {
		st = predictions_open(&in->predictions[i], predictions[i]);
		if (!st && e->scores)
			st = score_file_open(&in->scores[i], e->scores[i]);
	}
	return st;
}

static void inputs_close(struct inputs *in, size_t run_count)
{
	for (size_t i = 0; i < run_count; i++) {
		predictions_close(&in->predictions[i]);
		if (in->scores)
			score_file_close(&in->scores[i]);
	}
	rank_pool_release(&in->pool);
	behaviors_close(&in->behaviors);
	free(in->predictions);
	free(in->scores);
	free(in->values);
}

enum status evaluation_run(struct evaluation *e, const char *behaviors, const char *const *predictions, size_t count)
{
	struct inputs in = {0};
	e->run_count = count;
	e->runs = xcalloc(count, sizeof *e->runs);
	e->pairs = xcalloc(pair_index(count, 0) + 1, sizeof *e->pairs);
	seeds_find(&e->seeds, predictions, count);
	enum status st = inputs_open(&in, e, behaviors, predictions);
	if (!st) {
		progress_start("impressions read", "MiB", (int64_t)(in.behaviors.map.size >> 20));
		st = read_all(e, &in);
		if (in.behaviors.map.size >= SLOW_BYTES)
			progress_end();
	}
	if (!st)
		st = read_ends(e, &in);
	if (!st && e->bootstrap)
		st = bootstrap_finish(e->bootstrap);
	for (size_t i = 0; !st && i < count; i++)
		e->runs[i].pooled = rank_pool_measure(&in.pool, i);
	inputs_close(&in, count);
	return st;
}

void evaluation_release(struct evaluation *e)
{
	free(e->runs);
	free(e->pairs);
	seeds_release(&e->seeds);
	*e = (struct evaluation){0};
}

double evaluation_mean(const struct evaluation *e, size_t run, enum metric m)
{
	return e->runs[run].sum[m] / (double)e->kinds[IMPRESSION_SCORED];
}

double evaluation_first_hit(const struct evaluation *e, size_t run)
{
	return e->runs[run].first_hit / (double)e->kinds[IMPRESSION_SCORED];
}

uint64_t evaluation_impressions(const struct evaluation *e)
{
	return e->kinds[IMPRESSION_SCORED];
}

uint64_t evaluation_skipped(const struct evaluation *e)
{
	return e->lines - e->kinds[IMPRESSION_SCORED];
}

struct comparison evaluation_compare(const struct evaluation *e, size_t run, size_t base, enum metric m)
{
	if (run == base || run >= e->run_count || base >= e->run_count)
		BUG("comparing run %zu with run %zu of %zu", run, base, e->run_count);
	const bool reversed = run < base;
	const struct comparison c = paired_compare(&e->pairs[reversed ? pair_index(base, run) : pair_index(run, base)][m]);
	return reversed ? comparison_reversed(&c) : c;
}

int evaluation_leader(const struct evaluation *e, enum metric m)
{
	size_t best = 0;
	if (seeds_repeated(&e->seeds))
		return -1;
	for (size_t i = 1; i < e->run_count; i++)
		if (evaluation_mean(e, i, m) > evaluation_mean(e, best, m))
			best = i;
	for (size_t i = 0; i < e->run_count; i++) {
		if (i == best)
			continue;
		const struct comparison c = evaluation_compare(e, best, i, m);
		if (!(c.low > 0))
			return -1;
	}
	return e->run_count > 1 ? (int)best : -1;
}

/* Seeds ------------------------------------------------------------------------------------------------------------ */

struct seed_summary evaluation_over_seeds(const struct evaluation *e, size_t repeated_run, enum metric m)
{
	const struct repeated_run *run = &e->seeds.runs[repeated_run];
	struct paired values = {0};
	for (size_t i = 0; i < run->count; i++)
		paired_add(&values, evaluation_mean(e, run->repeats[i].file, m));
	return (struct seed_summary){values.mean, values.n > 1 ? sqrt(values.squares / (double)(values.n - 1)) : NAN};
}

struct comparison evaluation_compare_seeds(const struct evaluation *e, size_t repeated_run, size_t base, enum metric m,
                                           uint64_t *pairs)
{
	struct seed_pair *of = xcalloc(e->seeds.runs[repeated_run].count, sizeof *of);
	const size_t count = seeds_pair(&e->seeds, repeated_run, base, of);
	struct paired differences = {0};
	for (size_t i = 0; i < count; i++)
		paired_add(&differences, evaluation_mean(e, of[i].file, m) - evaluation_mean(e, of[i].base, m));
	free(of);
	*pairs = count;
	return paired_compare(&differences);
}

int evaluation_seeds_leader(const struct evaluation *e, enum metric m)
{
	const size_t count = e->seeds.run_count;
	size_t best = 0;
	for (size_t i = 1; i < count; i++)
		if (evaluation_over_seeds(e, i, m).mean > evaluation_over_seeds(e, best, m).mean)
			best = i;
	for (size_t i = 0; i < count; i++) {
		uint64_t pairs;
		if (i != best && !(evaluation_compare_seeds(e, best, i, m, &pairs).low > 0))
			return -1;
	}
	return count > 1 ? (int)best : -1;
}
