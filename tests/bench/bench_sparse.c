/* Passes of FM and LR over mapped samples on one core, for tests/bench/bench_sparse.sh.
 *
 *   bench_sparse make FILE SAMPLES FEATURES BUCKETS   writes samples as model/train/sparse_samples.h lays them out,
 *                                                     without digests: FEATURES buckets each, drawn by popularity (the
 *                                                     r-th with weight 1 / r)
 *   bench_sparse pass FILE FACTORS [als]              makes one pass to warm up and one that is timed; prints samples a
 *                                                     second of processor time, and MB of memory at the most that were
 *                                                     not the file's */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "common/arena.h"
#include "common/rng.h"
#include "model/tensor/params.h"
#include "model/train/sparse_sgd.h"

#define HEADER_BYTES 136 /* magic, key and digest */

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* The bucket of the r-th most popular feature: anywhere, as a hash puts it. */
static uint32_t bucket_of(uint64_t r, uint64_t buckets)
{
	return (uint32_t)(r * 0x9e3779b97f4a7c15u >> 20) & (uint32_t)(buckets - 1);
}

static void draw_sample(struct rng *r, uint32_t *index, uint64_t features, uint64_t buckets)
{
	for (uint64_t n = 0; n < features;) {
		index[n] = bucket_of((uint64_t)exp(rng_uniform(r) * log((double)buckets)), buckets);
		bool there = false;
		for (uint64_t i = 0; i < n; i++)
			there |= index[i] == index[n];
		n += !there;
	}
	qsort(index, features, sizeof *index, by_number);
}

static enum status make(const char *path, uint64_t samples, uint64_t features, uint64_t buckets)
{
	struct file_writer w;
	struct rng r;
	const uint64_t counts[] = {samples, samples * features, buckets};
	char header[HEADER_BYTES] = "CVLSPRS1";
	uint32_t *index = xcalloc(features, sizeof *index);
	enum status st = file_create(&w, path);
	if (st != ST_OK)
		return st;
	fwrite(header, 1, sizeof header, w.stream);
	fwrite(counts, 1, sizeof counts, w.stream);
	for (uint64_t i = 0; i <= samples; i++) {
		const uint64_t offset = i * features;
		fwrite(&offset, sizeof offset, 1, w.stream);
	}
	rng_init(&r, 1, rng_stream("index"));
	for (uint64_t i = 0; i < samples; i++) {
		draw_sample(&r, index, features, buckets);
		fwrite(index, sizeof *index, features, w.stream);
	}
	for (uint64_t i = 0; i < samples * features; i++) {
		const float value = i % 2 ? 1 : (float)rng_uniform(&r);
		fwrite(&value, sizeof value, 1, w.stream);
	}
	for (uint64_t i = 0; i < samples; i++)
		fputc(rng_below(&r, 5) == 0 ? 1 : 0, w.stream);
	free(index);
	return file_commit(&w);
}

static enum status add_parameters(struct params *ps, const struct sparse_samples *s, struct sparse_machine *m)
{
	struct tensor *w0, *w, *v = NULL;
	const int64_t one = 1, buckets = (int64_t)s->buckets;
	enum status st = params_add(ps, "w0", 1, &one, (struct init){INIT_ZERO, 0}, &w0);
	if (st == ST_OK)
		st = params_add(ps, "w", 2, (int64_t[]){buckets, 1}, (struct init){INIT_ZERO, 0}, &w);
	if (st == ST_OK && m->factors)
		st = params_add(ps, "v", 2, (int64_t[]){buckets, m->factors}, (struct init){INIT_NORMAL, 0.1}, &v);
	if (st != ST_OK)
		return st;
	params_seal(ps, 1);
	m->w0 = w0->data;
	m->w = w->data;
	m->v = v ? v->data : NULL;
	return ST_OK;
}

/* Of the processor: what else runs on the machine counts little. */
static double processor_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static enum status time_pass(const struct sparse_machine *m, const struct sparse_samples *s, bool als, double *seconds)
{
	struct sparse_columns c = {0};
	double loss;
	enum status st = als ? sparse_columns_open(&c, s, "/tmp") : ST_OK;
	for (int pass = 0; pass < 2 && st == ST_OK; pass++) {
		const double begin = processor_s();
		st = als ? sparse_als_sweep(m, s, &c, &loss) : sparse_sgd_epoch(m, s, 1, pass, 0.01, &loss);
		*seconds = processor_s() - begin;
	}
	sparse_columns_close(&c);
	return st;
}

static enum status pass_over(const char *path, int64_t factors, bool als)
{
	struct file_map map;
	struct sparse_samples s = {0};
	struct params ps = {0};
	struct sparse_machine m = {.factors = factors, .l2_weight = als ? 1 : 1e-6, .l2_factor = als ? 1 : 1e-4};
	double seconds = 0;
	enum status st = file_map_open(&map, path);
	if (st != ST_OK)
		return st;
	st = sparse_samples_lay_out(&s, map.data, map.size);
	if (st == ST_OK)
		st = add_parameters(&ps, &s, &m);
	if (st == ST_OK)
		st = time_pass(&m, &s, als, &seconds);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	if (st == ST_OK)
		printf("%.0f %.0f\n", (double)s.count / seconds, (double)usage.ru_maxrss / 1024 - (double)map.size / 1e6);
	params_release(&ps);
	file_map_close(&map);
	return st;
}

int main(int argc, char **argv)
{
	enum status st = ST_USAGE;
	if (argc == 6 && strcmp(argv[1], "make") == 0)
		st = make(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	else if ((argc == 4 || argc == 5) && strcmp(argv[1], "pass") == 0)
		st = pass_over(argv[2], strtoll(argv[3], NULL, 10), argc == 5);
	if (st != ST_OK)
		fprintf(stderr, "bench_sparse: %s\n", status_message());
	return st == ST_OK ? 0 : 1;
}
