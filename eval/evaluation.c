#include "eval/evaluation.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/behaviors.h"
#include "common/cli.h"
#include "common/log.h"
#include "eval/predictions.h"

enum {
	LOOK_EVERY = 4096,     /* impressions between looks at signals and the clock */
	SLOW_BYTES = 64 << 20, /* a behaviors file that takes long enough to say how fast it was read */
};

/* Pairs (i, j), j < i, row by row. */
static size_t pair_index(size_t i, size_t j)
{
	return i * (i - 1) / 2 + j;
}

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

static void pool_impression(const struct evaluation *e, struct rank_pool *pool, const struct impression *im,
                            const struct predictions *p)
{
	rank_pool_add(pool, im->user, im->user_length, im->candidate_count, im->clicked_count);
	for (size_t i = 0; i < e->run_count; i++)
		rank_pool_run(pool, im->labels, p[i].order, im->candidate_count);
}

static enum status read_all(struct evaluation *e, struct behaviors *b, struct predictions *p, struct rank_pool *pool,
                            double (*values)[METRIC_COUNT])
{
	for (;;) {
		bool more;
		enum status st = behaviors_next(b, &more);
		if (st || !more)
			return st;
		for (size_t i = 0; i < e->run_count; i++) {
			st = predictions_next(&p[i], b);
			if (st)
				return st;
		}
		const enum impression_kind kind = impression_kind(b->impression.labels, b->impression.candidate_count);
		e->kinds[kind]++;
		if (kind == IMPRESSION_SCORED)
			st = add_impression(e, &b->impression, p, values);
		if (st)
			return st;
		if (kind != IMPRESSION_UNLABELLED)
			pool_impression(e, pool, &b->impression, p);
		if (e->groups)
			groups_add(e->groups, &b->impression, p, e->run_count);
		if (++e->lines % LOOK_EVERY == 0) {
			if (cli_interrupted())
				return cli_interrupted_status();
			progress_set((int64_t)(b->offset >> 20));
		}
	}
}

static enum status read_ends(const struct evaluation *e, const char *behaviors, const struct predictions *p)
{
	for (size_t i = 0; i < e->run_count; i++) {
		enum status st = predictions_end(&p[i], e->lines);
		if (st)
			return st;
	}
	if (e->kinds[IMPRESSION_SCORED] == 0)
		return status_fail(ST_MALFORMED,
		                   "%s: expected an impression with a clicked and a not-clicked candidate, found none in "
		                   "%llu lines",
		                   behaviors, (unsigned long long)e->lines);
	return ST_OK;
}

enum status evaluation_run(struct evaluation *e, const char *behaviors, const char *const *predictions, size_t count)
{
	struct behaviors b = {0};
	struct rank_pool pool = {0};
	struct predictions *p = xcalloc(count, sizeof *p);
	double(*values)[METRIC_COUNT] = xcalloc(count, sizeof *values);
	e->run_count = count;
	e->runs = xcalloc(count, sizeof *e->runs);
	e->pairs = xcalloc(pair_index(count, 0) + 1, sizeof *e->pairs);
	enum status st = behaviors_open(&b, behaviors, e->news);
	for (size_t i = 0; !st && i < count; i++)
		st = predictions_open(&p[i], predictions[i]);
	if (!st) {
		progress_start("impressions read", "MiB", (int64_t)(b.map.size >> 20));
		st = read_all(e, &b, p, &pool, values);
		if (b.map.size >= SLOW_BYTES)
			progress_end();
	}
	if (!st)
		st = read_ends(e, behaviors, p);
	if (!st && e->bootstrap)
		st = bootstrap_finish(e->bootstrap);
	for (size_t i = 0; !st && i < count; i++)
		e->runs[i].pooled = rank_pool_measure(&pool, i);
	for (size_t i = 0; i < count; i++)
		predictions_close(&p[i]);
	rank_pool_release(&pool);
	behaviors_close(&b);
	free(p);
	free(values);
	return st;
}

void evaluation_release(struct evaluation *e)
{
	free(e->runs);
	free(e->pairs);
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
