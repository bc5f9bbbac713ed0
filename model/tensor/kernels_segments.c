/* Kernels over segments: one segment is one thread's, with all that it writes. */
#include "model/tensor/kernels_cpu.h"

#include <stdlib.h>
#include <string.h>

static int64_t length(const struct segments *s, int64_t i)
{
	return s->offset[i + 1] - s->offset[i];
}

/* Attention ---------------------------------------------------------------------------------------------------------*/

/* One segment's rows of q, k and v for one head. */
struct head {
	int64_t queries, keys;
	struct small_matrix q, k, v;    /* [queries, dk], [keys, dk], [keys, dv] */
	int64_t q_at, k_at, v_at, y_at; /* where these begin in the whole matrices */
	int64_t weights_at;             /* and in the weights */
	const uint8_t *mask;            /* [queries, keys] or NULL */
};

static struct small_matrix transposed(struct small_matrix m)
{
	return (struct small_matrix){m.data, m.col, m.row};
}

static struct head head_of(const struct attention_data *a, int64_t s, int h)
{
	const int64_t width_k = a->heads * a->dk, width_v = a->heads * a->dv;
	struct head x = {.queries = length(a->query, s), .keys = length(a->key, s)};
	x.q_at = a->query->offset[s] * width_k + h * a->dk;
	x.k_at = a->key->offset[s] * width_k + h * a->dk;
	x.v_at = a->key->offset[s] * width_v + h * a->dv;
	x.y_at = a->query->offset[s] * width_v + h * a->dv;
	x.q = (struct small_matrix){a->q + x.q_at, width_k, 1};
	x.k = (struct small_matrix){a->k + x.k_at, width_k, 1};
	x.v = (struct small_matrix){a->v + x.v_at, width_v, 1};
	x.weights_at = a->block[s] + h * x.queries * x.keys;
	x.mask = a->mask ? a->mask + a->block[s] / a->heads : NULL;
	return x;
}

/* The most weights that one head of one segment has. */
static int64_t largest_block(const struct attention_data *a)
{
	int64_t largest = 0;
	for (int32_t s = 0; s < a->query->count; s++) {
		const int64_t size = length(a->query, s) * length(a->key, s);
		largest = size > largest ? size : largest;
	}
	return largest;
}

/* Row i of the weights, in place: the softmax over the keys that query i sees, 0 for the others. */
static void weigh(const struct attention_data *a, const struct head *x, int64_t i, real *row)
{
	const int64_t seen = a->causal && i + 1 < x->keys ? i + 1 : x->keys;
	if (x->mask)
		math_softmax_masked(seen, a->scale, row, x->mask + i * x->keys, row);
	else if (seen)
		math_softmax(seen, a->scale, row, row);
	for (int64_t j = seen; j < x->keys; j++)
		row[j] = 0;
}

static void head_forward(const struct attention_data *a, const struct head *x, real *weights, real *dropped, real *y)
{
	small_gemm(x->queries, x->keys, a->dk, 1, x->q, transposed(x->k), SMALL_REPLACE, weights, x->keys);
	if (x->keys && !x->mask && !a->causal)
		math_softmax_rows(x->queries, x->keys, a->scale, weights, weights);
	else
		for (int64_t i = 0; i < x->queries; i++)
			weigh(a, x, i, weights + i * x->keys);
	struct small_matrix w = {weights, x->keys, 1};
	if (a->keep) {
		uint8_t *keep = a->keep + x->weights_at;
		const int64_t size = x->queries * x->keys;
		math_draw_keep(size, a->dropout, a->seed, a->stream, (uint64_t)x->weights_at, keep);
		math_drop(size, a->dropout, keep, weights, dropped);
		w.data = dropped;
	}
	small_gemm(x->queries, a->dv, x->keys, 1, w, x->v, SMALL_REPLACE, y + x->y_at, a->heads * a->dv);
}

void cpu_attention(const struct attention_data *a, real *y)
{
	const int64_t largest = largest_block(a);
#pragma omp parallel
	{
		real *scratch = xmalloc(2 * (size_t)largest * sizeof *scratch);
#pragma omp for schedule(dynamic, 4) collapse(2)
		for (int32_t s = 0; s < a->query->count; s++)
			for (int h = 0; h < a->heads; h++) {
				const struct head x = head_of(a, s, h);
				head_forward(a, &x, a->weights ? a->weights + x.weights_at : scratch, scratch + largest, y);
			}
		free(scratch);
	}
}

/* With P the weights, M what dropout multiplies them by and dY what came: dV = (P M)' dY, dP = M (dY V'),
 * dS = P (dP - rowsum(P dP)), dQ = scale dS K, dK = scale dS'Q. scratch holds P M, then dP, then dS. */
static void head_backward(const struct attention_data *a, const struct head *x, const real *dy, real *scratch, real *dq,
                          real *dk, real *dv)
{
	const int64_t width_k = a->heads * a->dk, width_v = a->heads * a->dv, size = x->queries * x->keys;
	const real *weights = a->weights + x->weights_at;
	const uint8_t *keep = a->keep ? a->keep + x->weights_at : NULL;
	const struct small_matrix up = {dy + x->y_at, width_v, 1};
	if (dv) {
		if (keep)
			math_drop(size, a->dropout, keep, weights, scratch);
		const struct small_matrix w = {keep ? scratch : weights, x->keys, 1};
		small_gemm(x->keys, a->dv, x->queries, 1, transposed(w), up, SMALL_ADD, dv + x->v_at, width_v);
	}
	if (!dq && !dk)
		return;
	small_gemm(x->queries, x->keys, a->dv, 1, up, transposed(x->v), SMALL_REPLACE, scratch, x->keys);
	if (keep)
		math_drop(size, a->dropout, keep, scratch, scratch);
	for (int64_t i = 0; i < x->queries; i++)
		math_softmax_grad(x->keys, weights + i * x->keys, scratch + i * x->keys, scratch + i * x->keys);
	const struct small_matrix ds = {scratch, x->keys, 1};
	if (dq)
		small_gemm(x->queries, a->dk, x->keys, a->scale, ds, x->k, SMALL_ADD, dq + x->q_at, width_k);
	if (dk)
		small_gemm(x->keys, a->dk, x->queries, a->scale, transposed(ds), x->q, SMALL_ADD, dk + x->k_at, width_k);
}

void cpu_attention_grad(const struct attention_data *a, const real *dy, real *dq, real *dk, real *dv)
{
	const int64_t largest = largest_block(a);
#pragma omp parallel
	{
		real *scratch = xmalloc((size_t)largest * sizeof *scratch);
#pragma omp for schedule(dynamic, 4) collapse(2)
		for (int32_t s = 0; s < a->query->count; s++)
			for (int h = 0; h < a->heads; h++) {
				const struct head x = head_of(a, s, h);
				head_backward(a, &x, dy, scratch, dq, dk, dv);
			}
		free(scratch);
	}
}

/* Blocks ------------------------------------------------------------------------------------------------------------*/

/* One segment's block, and where its rows begin. */
struct one_block {
	int64_t queries, keys, query_at, key_at, at;
};

static struct one_block block_of(const struct blocks *b, int32_t s, int64_t d)
{
	return (struct one_block){length(b->query, s), length(b->key, s), b->query->offset[s] * d, b->key->offset[s] * d,
	                          b->at[s]};
}

static bool worth_threads(const struct blocks *b, int64_t d)
{
	const int32_t s = b->query->count;
	return s > 1 && (b->query->offset[s] + b->key->offset[s]) * d > PARALLEL_MIN;
}

void cpu_block_dot(const struct blocks *b, int64_t d, const real *x, const real *y, bool add, real *c)
{
#pragma omp parallel for schedule(dynamic, 4) if (worth_threads(b, d))
	for (int32_t s = 0; s < b->query->count; s++) {
		const struct one_block o = block_of(b, s, d);
		small_gemm(o.queries, o.keys, d, 1, (struct small_matrix){x + o.query_at, d, 1},
		           (struct small_matrix){y + o.key_at, 1, d}, add ? SMALL_ADD : SMALL_REPLACE, c + o.at, o.keys);
	}
}

void cpu_block_to_queries(const struct blocks *b, int64_t d, const real *c, const real *y, bool add, real *x)
{
#pragma omp parallel for schedule(dynamic, 4) if (worth_threads(b, d))
	for (int32_t s = 0; s < b->query->count; s++) {
		const struct one_block o = block_of(b, s, d);
		small_gemm(o.queries, d, o.keys, 1, (struct small_matrix){c + o.at, o.keys, 1},
		           (struct small_matrix){y + o.key_at, d, 1}, add ? SMALL_ADD : SMALL_REPLACE, x + o.query_at, d);
	}
}

void cpu_block_to_keys(const struct blocks *b, int64_t d, const real *c, const real *x, bool add, real *y)
{
#pragma omp parallel for schedule(dynamic, 4) if (worth_threads(b, d))
	for (int32_t s = 0; s < b->query->count; s++) {
		const struct one_block o = block_of(b, s, d);
		small_gemm(o.keys, d, o.queries, 1, (struct small_matrix){c + o.at, 1, o.keys},
		           (struct small_matrix){x + o.query_at, d, 1}, add ? SMALL_ADD : SMALL_REPLACE, y + o.key_at, d);
	}
}

/* Weights and sums --------------------------------------------------------------------------------------------------*/

void cpu_segment_softmax(const struct segments *s, const real *x, real *y)
{
#pragma omp parallel for if (s->count > 0 && s->offset[s->count] > PARALLEL_MIN)
	for (int32_t i = 0; i < s->count; i++)
		if (length(s, i))
			math_softmax(length(s, i), 1, x + s->offset[i], y + s->offset[i]);
}

void cpu_segment_softmax_grad(const struct segments *s, const real *y, const real *dy, real *dx)
{
#pragma omp parallel for if (s->count > 0 && s->offset[s->count] > PARALLEL_MIN)
	for (int32_t i = 0; i < s->count; i++) {
		const int64_t n = length(s, i), at = s->offset[i];
		const real mean = math_dot(n, y + at, dy + at);
		for (int64_t j = at; j < at + n; j++)
			dx[j] += y[j] * (dy[j] - mean);
	}
}

void cpu_segment_sum(const struct segments *s, int64_t d, const real *x, const real *a, real *y)
{
#pragma omp parallel for if (s->count > 0 && s->offset[s->count] * d > PARALLEL_MIN)
	for (int32_t i = 0; i < s->count; i++) {
		if (d == 1) {
			y[i] = math_dot(length(s, i), a + s->offset[i], x + s->offset[i]);
			continue;
		}
		memset(y + i * d, 0, (size_t)d * sizeof *y);
		for (int64_t j = s->offset[i]; j < s->offset[i + 1]; j++)
			math_axpy(d, a[j], x + j * d, y + i * d);
	}
}

void cpu_segment_sum_grad(const struct segments *s, int64_t d, const real *x, const real *a, const real *dy, real *dx,
                          real *da)
{
#pragma omp parallel for if (s->count > 0 && s->offset[s->count] * d > PARALLEL_MIN)
	for (int32_t i = 0; i < s->count; i++)
		for (int64_t j = s->offset[i]; j < s->offset[i + 1]; j++) {
			if (da)
				da[j] += math_dot(d, x + j * d, dy + i * d);
			if (dx)
				math_axpy(d, a[j], dy + i * d, dx + j * d);
		}
}

void cpu_segment_dot(const struct segments *s, int64_t d, const real *x, const real *u, real *y)
{
#pragma omp parallel for if (s->count > 0 && s->offset[s->count] * d > PARALLEL_MIN)
	for (int32_t i = 0; i < s->count; i++)
		for (int64_t j = s->offset[i]; j < s->offset[i + 1]; j++)
			y[j] = math_dot(d, x + j * d, u + i * d);
}

void cpu_segment_dot_grad(const struct segments *s, int64_t d, const real *x, const real *u, const real *dy, real *dx,
                          real *du)
{
#pragma omp parallel for if (s->count > 0 && s->offset[s->count] * d > PARALLEL_MIN)
	for (int32_t i = 0; i < s->count; i++)
		for (int64_t j = s->offset[i]; j < s->offset[i + 1]; j++) {
			if (dx)
				math_axpy(d, dy[j], u + i * d, dx + j * d);
			if (du)
				math_axpy(d, dy[j], x + j * d, du + i * d);
		}
}
