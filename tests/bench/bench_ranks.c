/* Latency and bandwidth of sums over ranks: mpirun -n N bench_ranks. Prints "latency_us MB_per_s" of rank 0, medians. */
#include <stdio.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/log.h"
#include "model/train/ranks.h"

enum { TRIES = 51, LARGE = 4 << 20 }; /* elements: 16 MB */

static int by_time(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static enum status time_sums(struct ranks *r, real *x, int64_t n, int tries, double *median)
{
	double seconds[TRIES] = {0};
	for (int i = 0; i < tries; i++) {
		const double start = now_s();
		ranks_add_begin(r, x, n);
		enum status st = ranks_finish(r);
		if (st != ST_OK)
			return st;
		seconds[i] = now_s() - start;
	}
	qsort(seconds, (size_t)tries, sizeof *seconds, by_time);
	*median = seconds[tries / 2];
	return ST_OK;
}

static enum status run(struct ranks *r)
{
	real *x = xcalloc(LARGE, sizeof *x);
	double small = 0, large = 0;
	enum status st = time_sums(r, x, 1, TRIES, &small);
	if (st == ST_OK)
		st = time_sums(r, x, LARGE, TRIES / 5, &large);
	if (st == ST_OK && ranks_index(r) == 0)
		printf("%.1f %.1f\n", small * 1e6, (double)LARGE * sizeof *x / 1e6 / large);
	free(x);
	return st;
}

int main(int argc, char **argv)
{
	struct cli c = {.name = "bench-ranks", .synopsis = "", .summary = "Times sums over ranks."};
	struct ranks *r = NULL;
	cli_parse(&c, argc, argv);
	enum status st = ranks_start(&r, RANKS_TIMEOUT_S);
	if (st == ST_OK)
		st = run(r);
	return cli_finish(&c, ranks_stop(r, st));
}
