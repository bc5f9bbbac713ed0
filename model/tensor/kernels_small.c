/* Products of matrices of some tens of rows, of which attention makes thousands a step. */
#include "model/tensor/kernels_cpu.h"

#include <string.h>

/* A tile of c is ROWS x COLS; a panel of b is DEPTH x COLS, packed so that its rows are whole vectors. */
enum { ROWS = 4, COLS = 16, DEPTH = 64 };

INLINE void pack_panel(int64_t depth, int64_t cols, const real *b, int64_t row, int64_t col, real *panel)
{
	if (cols < COLS)
		memset(panel, 0, (size_t)(depth * COLS) * sizeof *panel);
	if (col == 1) {
		for (int64_t p = 0; p < depth; p++)
			memcpy(panel + p * COLS, b + p * row, (size_t)cols * sizeof *panel);
		return;
	}
	for (int64_t j = 0; j < cols; j++)
		for (int64_t p = 0; p < depth; p++)
			panel[p * COLS + j] = b[p * row + j * col];
}

/* sum[i, :] = sum_p a[i, p] panel[p, :] for ROWS rows */
INLINE void tile(int64_t depth, const real *a, int64_t row, int64_t col, const real *panel, real sum[ROWS][COLS])
{
	real s0[COLS] = {0}, s1[COLS] = {0}, s2[COLS] = {0}, s3[COLS] = {0};
	for (int64_t p = 0; p < depth; p++) {
		const real *b = panel + p * COLS;
		const real a0 = a[p * col], a1 = a[row + p * col], a2 = a[2 * row + p * col], a3 = a[3 * row + p * col];
#pragma omp simd
		for (int j = 0; j < COLS; j++) {
			s0[j] += a0 * b[j];
			s1[j] += a1 * b[j];
			s2[j] += a2 * b[j];
			s3[j] += a3 * b[j];
		}
	}
	memcpy(sum[0], s0, sizeof s0);
	memcpy(sum[1], s1, sizeof s1);
	memcpy(sum[2], s2, sizeof s2);
	memcpy(sum[3], s3, sizeof s3);
}

INLINE void tile_row(int64_t depth, const real *a, int64_t col, const real *panel, real sum[COLS])
{
	real s[COLS] = {0};
	for (int64_t p = 0; p < depth; p++) {
		const real *b = panel + p * COLS;
		const real a0 = a[p * col];
#pragma omp simd
		for (int j = 0; j < COLS; j++)
			s[j] += a0 * b[j];
	}
	memcpy(sum, s, sizeof s);
}

INLINE void add_tile(int64_t rows, int64_t cols, real alpha, real sum[ROWS][COLS], real *c, int64_t ldc)
{
	for (int64_t i = 0; i < rows; i++) {
		real *out = c + i * ldc;
		const real *in = sum[i];
		if (cols == COLS) {
#pragma omp simd
			for (int j = 0; j < COLS; j++)
				out[j] += alpha * in[j];
			continue;
		}
#pragma omp simd
		for (int64_t j = 0; j < cols; j++)
			out[j] += alpha * in[j];
	}
}

FOR_EACH_VECTOR_WIDTH static void panel_product(int64_t m, int64_t cols, int64_t depth, real alpha,
                                                struct small_matrix a, struct small_matrix b, real *c, int64_t ldc)
{
	real panel[DEPTH * COLS], sum[ROWS][COLS];
	pack_panel(depth, cols, b.data, b.row, b.col, panel);
	int64_t i = 0;
	for (; i + ROWS <= m; i += ROWS) {
		tile(depth, a.data + i * a.row, a.row, a.col, panel, sum);
		add_tile(ROWS, cols, alpha, sum, c + i * ldc, ldc);
	}
	for (; i < m; i++) {
		tile_row(depth, a.data + i * a.row, a.col, panel, sum[0]);
		add_tile(1, cols, alpha, sum, c + i * ldc, ldc);
	}
}

void small_gemm(int64_t m, int64_t n, int64_t k, real alpha, struct small_matrix a, struct small_matrix b,
                enum small_into into, real *c, int64_t ldc)
{
	for (int64_t i = 0; into == SMALL_REPLACE && i < m; i++)
		memset(c + i * ldc, 0, (size_t)n * sizeof *c);
	for (int64_t j = 0; j < n; j += COLS)
		for (int64_t p = 0; p < k; p += DEPTH) {
			const struct small_matrix left = {a.data + p * a.col, a.row, a.col};
			const struct small_matrix right = {b.data + p * b.row + j * b.col, b.row, b.col};
			panel_product(m, n - j < COLS ? n - j : COLS, k - p < DEPTH ? k - p : DEPTH, alpha, left, right, c + j,
			              ldc);
		}
}
