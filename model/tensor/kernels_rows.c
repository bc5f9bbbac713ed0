/* Kernels that treat a matrix by rows, or, where rows add up, by columns: each thread owns what it writes. */
#include "model/tensor/kernels_cpu.h"

#include <string.h>

void cpu_lerp(int64_t n, int64_t d, int64_t gate_cols, const real *g, const real *a, const real *b, real *y)
{
	const int64_t step = gate_cols == 1 ? 0 : 1;
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++) {
		const real *gate = g + i * gate_cols;
		for (int64_t j = 0; j < d; j++)
			y[i * d + j] = gate[j * step] * a[i * d + j] + (1 - gate[j * step]) * b[i * d + j];
	}
}

void cpu_lerp_grad(int64_t n, int64_t d, int64_t gate_cols, const real *g, const real *a, const real *b, const real *dy,
                   real *dg, real *da, real *db)
{
	const int64_t step = gate_cols == 1 ? 0 : 1;
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++) {
		const real *gate = g + i * gate_cols, *up = dy + i * d;
		for (int64_t j = 0; da && j < d; j++)
			da[i * d + j] += gate[j * step] * up[j];
		for (int64_t j = 0; db && j < d; j++)
			db[i * d + j] += (1 - gate[j * step]) * up[j];
		for (int64_t j = 0; dg && j < d; j++)
			dg[i * gate_cols + j * step] += (a[i * d + j] - b[i * d + j]) * up[j];
	}
}

void cpu_add_to_rows(int64_t n, int64_t d, const real *a, const real *row, real *y)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++) {
		if (!a) {
			memcpy(y + i * d, row, (size_t)d * sizeof *y);
			continue;
		}
#pragma omp simd
		for (int64_t j = 0; j < d; j++)
			y[i * d + j] = a[i * d + j] + row[j];
	}
}

void cpu_add_rows(int64_t n, int64_t d, const real *x, real *y)
{
	const int64_t strip = cpu_strip(d);
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t j = 0; j < d; j += strip)
		for (int64_t i = 0; i < n; i++)
			math_axpy(d - j < strip ? d - j : strip, 1, x + i * d + j, y + j);
}

void cpu_copy_block(int64_t n, int64_t d, const real *x, int64_t ldx, real *y, int64_t ldy)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++)
		memcpy(y + i * ldy, x + i * ldx, (size_t)d * sizeof *y);
}

void cpu_add_block(int64_t n, int64_t d, const real *x, int64_t ldx, real *y, int64_t ldy)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++)
		math_axpy(d, 1, x + i * ldx, y + i * ldy);
}

void cpu_gather(int64_t count, int64_t d, const int32_t *row, const real *x, real *y)
{
#pragma omp parallel for if (count * d > PARALLEL_MIN)
	for (int64_t i = 0; i < count; i++)
		memcpy(y + i * d, x + row[i] * d, (size_t)d * sizeof *y);
}

void cpu_gather_grad(int64_t count, int64_t d, const int32_t *row, const real *dy, real *dx)
{
	const int64_t strip = cpu_strip(d);
#pragma omp parallel for if (count * d > PARALLEL_MIN)
	for (int64_t j = 0; j < d; j += strip)
		for (int64_t i = 0; i < count; i++)
			math_axpy(d - j < strip ? d - j : strip, 1, dy + i * d + j, dx + row[i] * d + j);
}

void cpu_embedding_bag(const struct bags *b, int64_t d, const real *table, real *y)
{
	const int32_t *offset = b->segments.offset;
#pragma omp parallel for if (b->segments.count > 0 && offset[b->segments.count] * d > PARALLEL_MIN)
	for (int32_t s = 0; s < b->segments.count; s++) {
		memset(y + s * d, 0, (size_t)d * sizeof *y);
		for (int32_t i = offset[s]; i < offset[s + 1]; i++)
			math_axpy(d, b->value ? b->value[i] : 1, table + b->index[i] * d, y + s * d);
	}
}

void cpu_embedding_bag_grad(const struct bags *b, int64_t d, const real *dy, real *dtable)
{
	const int32_t *offset = b->segments.offset;
	const int64_t strip = cpu_strip(d);
#pragma omp parallel for if (b->segments.count > 0 && offset[b->segments.count] * d > PARALLEL_MIN)
	for (int64_t j = 0; j < d; j += strip)
		for (int32_t s = 0; s < b->segments.count; s++)
			for (int32_t i = offset[s]; i < offset[s + 1]; i++)
				math_axpy(d - j < strip ? d - j : strip, b->value ? b->value[i] : 1, dy + s * d + j,
				          dtable + b->index[i] * d + j);
}

void cpu_gather_add(int64_t count, int64_t d, const int32_t *row, const real *x, real *y)
{
#pragma omp parallel for if (count * d > PARALLEL_MIN)
	for (int64_t i = 0; i < count; i++)
		math_axpy(d, 1, x + row[i] * d, y + i * d);
}

void cpu_softmax(int64_t n, int64_t d, const uint8_t *mask, const real *x, real *y)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++)
		if (mask)
			math_softmax_masked(d, 1, x + i * d, mask + i * d, y + i * d);
		else if (d)
			math_softmax(d, 1, x + i * d, y + i * d);
}

/* A masked element's y is 0, and so is its gradient. */
void cpu_softmax_grad(int64_t n, int64_t d, const real *y, const real *dy, real *dx)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++) {
		const real mean = math_dot(d, y + i * d, dy + i * d);
#pragma omp simd
		for (int64_t j = i * d; j < (i + 1) * d; j++)
			dx[j] += y[j] * (dy[j] - mean);
	}
}

void cpu_log_softmax(int64_t n, int64_t d, const uint8_t *mask, const real *x, real *y)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++)
		math_log_softmax(d, x + i * d, mask ? mask + i * d : NULL, y + i * d);
}

/* dx += dy - softmax * sum of dy, over what the mask shows */
void cpu_log_softmax_grad(int64_t n, int64_t d, const uint8_t *mask, const real *y, const real *dy, real *dx)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++)
		math_log_softmax_grad(d, y + i * d, mask ? mask + i * d : NULL, dy + i * d, dx + i * d);
}
