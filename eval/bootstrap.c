#include "eval/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/hash.h"
#include "common/pool.h"
#include "common/rng.h"

enum {
	BATCH = 8192, /* impressions that wait for the threads */
	CHUNK = 64,   /* replicates of one item of work */
	BLOCKS = CHUNK / 8,
	STEPS = 8, /* a weight is 0 … STEPS; more has a chance of 1 in a million */
};

/* P(Poisson(1) <= k) * 2^16, rounded: a uniform 16-bit number weighs as many as it reaches. */
static const uint16_t THRESHOLDS[STEPS] = {24109, 48219, 60273, 64292, 65296, 65497, 65531, 65535};

static void prepare(struct bootstrap *b, size_t run_count)
{
	b->run_count = run_count;
	b->width = (b->replicates + CHUNK - 1) / CHUNK * CHUNK;
	for (int by = 0; by < RESAMPLINGS; by++) {
		b->sum[by] = xcalloc(run_count * METRIC_COUNT * b->width, sizeof *b->sum[by]);
		b->weight[by] = xcalloc(b->width, sizeof *b->weight[by]);
		b->unit[by] = xcalloc(BATCH, sizeof *b->unit[by]);
	}
	b->values = xcalloc(BATCH * run_count * METRIC_COUNT, sizeof *b->values);
}

void bootstrap_release(struct bootstrap *b)
{
	for (int by = 0; by < RESAMPLINGS; by++) {
		free(b->sum[by]);
		free(b->weight[by]);
		free(b->unit[by]);
	}
	free(b->values);
	*b = (struct bootstrap){0};
}

/* The weights of one unit in CHUNK replicates. */
static void draw(const struct bootstrap *b, uint64_t stream, uint64_t chunk, double weights[CHUNK])
{
	uint32_t words[BLOCKS * 4];
	rng_blocks(b->seed, stream, chunk * BLOCKS, BLOCKS, words);
	for (int i = 0; i < CHUNK; i++) {
		const uint32_t u = i < CHUNK / 2 ? words[i] & 0xffff : words[i - CHUNK / 2] >> 16;
		int weight = 0;
		for (int k = 0; k < STEPS; k++)
			weight += u >= THRESHOLDS[k];
		weights[i] = weight;
	}
}

static enum status work(void *context, int64_t item, int slot, int worker)
{
	(void)slot, (void)worker;
	struct bootstrap *b = context;
	const uint64_t chunks = b->width / CHUNK, chunk = (uint64_t)item % chunks;
	const int by = (int)((uint64_t)item / chunks);
	const size_t columns = b->run_count * METRIC_COUNT;
	double weights[CHUNK];
	for (size_t i = 0; i < b->filled; i++) {
		draw(b, b->unit[by][i], chunk, weights);
		double *total = b->weight[by] + chunk * CHUNK;
		for (int r = 0; r < CHUNK; r++)
			total[r] += weights[r];
		for (size_t c = 0; c < columns; c++) {
			const double v = b->values[i * columns + c];
			double *sum = b->sum[by] + c * b->width + chunk * CHUNK;
			for (int r = 0; r < CHUNK; r++)
				sum[r] += v * weights[r];
		}
	}
	return ST_OK;
}

enum status bootstrap_finish(struct bootstrap *b)
{
	if (b->filled == 0)
		return ST_OK;
	const int workers = b->workers > 0 ? b->workers : 1;
	const struct pool_job job = {
		.work = work,
		.context = b,
		.count = (int64_t)(b->width / CHUNK) * RESAMPLINGS,
		.workers = workers,
		.window = workers * 2,
	};
	enum status st = pool_run(&job);
	b->filled = 0;
	return st;
}

enum status bootstrap_add(struct bootstrap *b, const char *user, size_t user_length, double (*values)[METRIC_COUNT],
                          size_t run_count)
{
	if (!b->values)
		prepare(b, run_count);
	b->unit[RESAMPLE_IMPRESSIONS][b->filled] = rng_stream("bootstrap over impressions") + b->added++;
	b->unit[RESAMPLE_USERS][b->filled] = rng_stream("bootstrap over users") + hash_bytes(user, user_length);
	memcpy(b->values + b->filled * run_count * METRIC_COUNT, values, run_count * sizeof *values);
	return ++b->filled == BATCH ? bootstrap_finish(b) : ST_OK;
}

static int ascending(const void *pa, const void *pb)
{
	const double a = *(const double *)pa, b = *(const double *)pb;
	return (a > b) - (a < b);
}

/* Between the two nearest of sorted values. */
static double quantile(const double *sorted, size_t n, double q)
{
	const double at = q * (double)(n - 1);
	const size_t i = (size_t)at;
	return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static struct bootstrap_interval summarise(double *values, size_t n)
{
	struct bootstrap_interval out = {NAN, NAN, NAN};
	size_t below = 0, above = 0;
	if (n == 0)
		return out;
	for (size_t i = 0; i < n; i++) {
		below += values[i] <= 0;
		above += values[i] >= 0;
	}
	qsort(values, n, sizeof *values, ascending);
	out.low = quantile(values, n, 0.025);
	out.high = quantile(values, n, 0.975);
	out.p = fmin(1, 2 * (double)(1 + (below < above ? below : above)) / (double)(n + 1));
	return out;
}

/* base NULL: of the means alone. */
static struct bootstrap_interval interval(const struct bootstrap *b, enum resampling by, const double *run,
                                          const double *base)
{
	double *means = xcalloc(b->replicates, sizeof *means);
	size_t n = 0;
	for (uint32_t r = 0; r < b->replicates; r++)
		if (b->weight[by][r] > 0)
			means[n++] = (run[r] - (base ? base[r] : 0)) / b->weight[by][r];
	const struct bootstrap_interval out = summarise(means, n);
	free(means);
	return out;
}

static const double *column(const struct bootstrap *b, enum resampling by, size_t run, enum metric m)
{
	return b->sum[by] + (run * METRIC_COUNT + (size_t)m) * b->width;
}

struct bootstrap_interval bootstrap_mean(const struct bootstrap *b, enum resampling by, size_t run, enum metric m)
{
	return interval(b, by, column(b, by, run, m), NULL);
}

struct bootstrap_interval bootstrap_difference(const struct bootstrap *b, enum resampling by, size_t run, size_t base,
                                               enum metric m)
{
	return interval(b, by, column(b, by, run, m), column(b, by, base, m));
}
