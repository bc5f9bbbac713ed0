#include "model/train/sparse_sgd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/file.h"
#include "common/rng.h"
#include "common/vector.h"

enum {
	TOGETHER = 256, /* neighbouring samples that stay near each other in every order */
	AHEAD = 2,      /* samples whose rows are fetched before they are needed */
};

/* Blocks until memory of what was read is given back: it would look like this process'. */
#define BLOCKS_KEPT 4096

/* A sample's pairs. */
struct row {
	const uint32_t *index;
	const float *value;
	uint64_t count;
};

static struct row row_of(const struct sparse_samples *s, uint64_t sample)
{
	const uint64_t first = s->offset[sample];
	return (struct row){s->index + first, s->value + first, s->offset[sample + 1] - first};
}

INLINE real *factors_of(const struct sparse_machine *m, uint32_t index, int64_t k)
{
	return k ? m->v + index * (uint64_t)k : NULL;
}

/* Asks for the rows that a sample will read and write: a weight, and factors that may lie in two lines or more. */
INLINE void fetch(const struct sparse_machine *m, struct row x, int64_t k)
{
	for (uint64_t i = 0; i < x.count; i++) {
		__builtin_prefetch(m->w + x.index[i], 1);
		const real *v = factors_of(m, x.index[i], k);
		for (int64_t f = 0; f < k; f += 16)
			__builtin_prefetch(v + f, 1);
		if (k)
			__builtin_prefetch(v + k - 1, 1);
	}
}

/* y of lemma 3.1; sum [k] receives S. */
INLINE real predict(const struct sparse_machine *m, struct row x, int64_t k, real *restrict sum)
{
	real squares[SPARSE_FACTORS_MAX], y = *m->w0, both = 0;
	for (int64_t f = 0; f < k; f++)
		sum[f] = squares[f] = 0;
	for (uint64_t i = 0; i < x.count; i++) {
		const real *v = factors_of(m, x.index[i], k);
		const real value = (real)x.value[i];
		y += m->w[x.index[i]] * value;
#pragma omp simd
		for (int64_t f = 0; f < k; f++) {
			const real t = v[f] * value;
			sum[f] += t;
			squares[f] += t * t;
		}
	}
	for (int64_t f = 0; f < k; f++)
		both += sum[f] * sum[f] - squares[f];
	return y + both / 2;
}

/* dy/dw_i = x_i, dy/dv_if = x_i (S_f - v_if x_i)       (eq. 4) */
INLINE void learn(const struct sparse_machine *m, struct row x, int64_t k, const real *restrict sum, real g, real rate)
{
	const real keep_weight = 1 - rate * (real)m->l2_weight, keep_factor = 1 - rate * (real)m->l2_factor;
	*m->w0 = *m->w0 - rate * g;
	for (uint64_t i = 0; i < x.count; i++) {
		real *restrict v = factors_of(m, x.index[i], k);
		const real value = (real)x.value[i], step = rate * g * value;
		m->w[x.index[i]] = keep_weight * m->w[x.index[i]] - step;
#pragma omp simd
		for (int64_t f = 0; f < k; f++)
			v[f] = (keep_factor + step * value) * v[f] - step * sum[f];
	}
}

/* Neighbouring samples first … end - 1 in the order given: the sum of their losses log(1 + exp(-(2 label - 1) y)). */
INLINE double learn_block(const struct sparse_machine *m, const struct sparse_samples *s, const uint32_t *order,
                          uint64_t first, uint64_t count, int64_t k, real rate)
{
	real sum[SPARSE_FACTORS_MAX];
	double loss = 0;
	for (uint64_t i = 0; i < count && i < AHEAD; i++)
		fetch(m, row_of(s, first + order[i]), k);
	for (uint64_t i = 0; i < count; i++) {
		const struct row x = row_of(s, first + order[i]);
		if (i + AHEAD < count)
			fetch(m, row_of(s, first + order[i + AHEAD]), k);
		const double y = (double)predict(m, x, k, sum), label = s->label[first + order[i]];
		const double e = exp(-fabs(y)), p = y < 0 ? e / (1 + e) : 1 / (1 + e);
		loss += (y > 0 ? y : 0) - y * label + log1p(e);
		learn(m, x, k, sum, (real)(p - label), rate);
	}
	return loss;
}

/* The usual number of factors is known to the compiler. */
FOR_EACH_VECTOR_WIDTH static double learn_any(const struct sparse_machine *m, const struct sparse_samples *s,
                                              const uint32_t *order, uint64_t first, uint64_t count, real rate)
{
	switch (m->v ? m->factors : 0) {
	case 0:
		return learn_block(m, s, order, first, count, 0, rate);
	case 8:
		return learn_block(m, s, order, first, count, 8, rate);
	case 16:
		return learn_block(m, s, order, first, count, 16, rate);
	case 32:
		return learn_block(m, s, order, first, count, 32, rate);
	default:
		return learn_block(m, s, order, first, count, m->factors, rate);
	}
}

real sparse_machine_score(const struct sparse_machine *m, const struct sparse_samples *s, uint64_t sample)
{
	real sum[SPARSE_FACTORS_MAX];
	return predict(m, row_of(s, sample), m->v ? m->factors : 0, sum);
}

enum status sparse_sgd_epoch(const struct sparse_machine *m, const struct sparse_samples *s, uint64_t seed,
                             int64_t epoch, double rate, double *loss)
{
	const uint64_t blocks = (s->count + TOGETHER - 1) / TOGETHER, stream = rng_stream("sparse order");
	double sum = 0;
	if (blocks > UINT32_MAX)
		return status_fail(ST_MEMORY, "more than %llu samples", (unsigned long long)UINT32_MAX * TOGETHER);
	for (uint64_t b = 0; b < blocks; b++) {
		const uint64_t block = samples_permute(seed, epoch, (uint32_t)blocks, (uint32_t)b), first = block * TOGETHER;
		const uint64_t count = s->count - first < TOGETHER ? s->count - first : TOGETHER;
		uint32_t order[TOGETHER];
		struct rng rng;
		for (uint32_t i = 0; i < count; i++)
			order[i] = i;
		rng_init(&rng, seed, stream + ((uint64_t)epoch << 32) + block);
		rng_shuffle(&rng, order, (uint32_t)count);
		sum += learn_any(m, s, order, first, count, (real)rate);
		if (b % BLOCKS_KEPT == BLOCKS_KEPT - 1)
			file_map_forget(&s->map, s->map.size);
		if (cli_interrupted())
			return cli_interrupted_status();
	}
	*loss = s->count ? sum / (double)s->count : 0;
	return isfinite(*loss) ? ST_OK
	                       : status_fail(ST_FAILED,
	                                     "pass %lld: loss %g: training has diverged; a smaller "
	                                     "train.learning_rate may help",
	                                     (long long)epoch + 1, *loss);
}
