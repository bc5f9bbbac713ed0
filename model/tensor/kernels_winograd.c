/* Convolution of kernel 3 x 3 x 3 by cells of 3 x 3 x 3 sums: 125 products for each pair of channels where the sums themselves
 * have 729.
 * (Lavin & Gray 2016: Fast Algorithms for Convolutional Neural Networks)
 *
 * Along one axis, for five inputs x and three taps w, the three sums are A ((G w) * (B x)), the polynomials being compared at 0, 1,
 * -1, 2 and infinity:
 *
 *     G = [ 1/2   0    0  ]   B = [ 2 -1 -2  1  0 ]   A = [ 1  1  1  1  0 ]
 *         [-1/2 -1/2 -1/2 ]       [ 0 -2 -1  1  0 ]       [ 0  1 -1  2  0 ]
 *         [-1/6  1/6 -1/6 ]       [ 0  2 -3  1  0 ]       [ 0  1  1  4  1 ]
 *         [ 1/6  1/3  2/3 ]       [ 0 -1  0  1  0 ]
 *         [  0    0    1  ]       [ 0  2 -1 -2  1 ]
 *
 * and so along each axis in turn. Rounding errors are some five times those of the sums themselves. This file is
 * compiled with fused multiplication and addition. */
#include <string.h>

#include "model/tensor/kernels_cpu.h"

enum { LANES = WINOGRAD_LANES, POINTS = 5, PLANE = 25 };

typedef real lanes __attribute__((vector_size(LANES * sizeof(real)), aligned(sizeof(real)), may_alias));
typedef real quad __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));

/* Weights -------------------------------------------------------------------------------------------------------------- */

/* G w */
static void weigh_axis(const double *w, int64_t step, double *out, int64_t out_step)
{
	const double a = w[0], b = w[step], c = w[2 * step];
	out[0] = a / 2;
	out[out_step] = -(a + b + c) / 2;
	out[2 * out_step] = (b - a - c) / 6;
	out[3 * out_step] = (a + 2 * b + 4 * c) / 6;
	out[4 * out_step] = c;
}

/* w [27] -> u [5][5][5], by depth, height and width. */
static void weigh(const real *w, double u[PLANE * POINTS])
{
	double taps[27], wide[9 * POINTS], high[3 * PLANE];
	for (int i = 0; i < 27; i++)
		taps[i] = w[i];
	for (int i = 0; i < 9; i++)
		weigh_axis(taps + 3 * i, 1, wide + POINTS * i, 1);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < POINTS; k++)
			weigh_axis(wide + 3 * POINTS * i + k, POINTS, high + PLANE * i + k, POINTS);
	for (int k = 0; k < PLANE; k++)
		weigh_axis(high + k, PLANE, u + k, PLANE);
}

int64_t winograd_weights_size(int64_t out, int64_t in)
{
	return (out + LANES - 1) / LANES * LANES * in * PLANE * POINTS;
}

void winograd_weights(int64_t out, int64_t in, const real *w, real *u)
{
	const int64_t groups = (out + LANES - 1) / LANES;
	double own[PLANE * POINTS];
	for (int64_t o = 0; o < groups * LANES; o++)
		for (int64_t i = 0; i < in; i++) {
			real *to = u + o / LANES * PLANE * POINTS * in * LANES + i * LANES + o % LANES;
			if (o < out)
				weigh(w + (o * in + i) * 27, own);
			for (int p = 0; p < PLANE; p++)
				for (int a = 0; a < POINTS; a++)
					to[(p * POINTS + a) * in * LANES] = o < out ? (real)own[a * PLANE + p] : 0;
		}
}

/* Inputs --------------------------------------------------------------------------------------------------------------- */

/* B x of vectors of n: x's five are `step` apart, y's `out_step`. */
#define SPREAD(type)                                                                                                   \
	do {                                                                                                               \
		const type x0 = *(const type *)(x + i), x1 = *(const type *)(x + step + i);                                    \
		const type x2 = *(const type *)(x + 2 * step + i), x3 = *(const type *)(x + 3 * step + i);                     \
		const type x4 = *(const type *)(x + 4 * step + i);                                                             \
		const type far = x3 - x1, near = x3 - x2;                                                                      \
		*(type *)(y + i) = (x0 - x2) * 2 + far;                                                                        \
		*(type *)(y + out_step + i) = near - x1 * 2;                                                                   \
		*(type *)(y + 2 * out_step + i) = near + (x1 - x2) * 2;                                                        \
		*(type *)(y + 3 * out_step + i) = far;                                                                         \
		*(type *)(y + 4 * out_step + i) = (x4 - x2) - far * 2;                                                         \
	} while (0)

INLINE void spread(int64_t n, const real *x, int64_t step, real *y, int64_t out_step)
{
	int64_t i = 0;
	for (; i + LANES <= n; i += LANES)
		SPREAD(lanes);
	for (; i + 4 <= n; i += 4)
		SPREAD(quad);
	for (; i < n; i++)
		SPREAD(real);
}

/* v is [cells[0]][POINTS][cells[1]][POINTS] rows of [cells[2]][POINTS][in], filled up to whole vectors. */
static int64_t row_size(const int64_t cells[3], int64_t in)
{
	return (cells[2] * POINTS * in + LANES - 1) / LANES * LANES;
}

int64_t winograd_inputs_size(const int64_t cells[3], int64_t in)
{
	return cells[0] * cells[1] * PLANE * row_size(cells, in);
}

int64_t winograd_scratch_size(const int64_t cells[3], int64_t in)
{
	const int64_t wide = row_size(cells, in);
	return (cells[1] * 3 + 2) * wide + (cells[0] * 3 + 2) * cells[1] * POINTS * wide;
}

int64_t winograd_cell(const int64_t cells[3], int64_t in, const int64_t cell[3])
{
	return (cell[0] * POINTS * cells[1] + cell[1]) * POINTS * row_size(cells, in) + cell[2] * POINTS * in;
}

FOR_EACH_VECTOR_WIDTH void winograd_inputs(const int64_t cells[3], int64_t in, const real *x, real *scratch, real *v)
{
	const int64_t depth = cells[0] * 3 + 2, height = cells[1] * 3 + 2, width = cells[2] * 3 + 2;
	const int64_t wide = row_size(cells, in), high = cells[1] * POINTS * wide;
	real *rows = scratch, *planes = scratch + height * wide;
	memset(rows, 0, (size_t)(height * wide) * sizeof *rows);
	for (int64_t z = 0; z < depth; z++, x += height * width * in) {
		for (int64_t r = 0; r < height; r++)
			for (int64_t k = 0; k < cells[2]; k++)
				spread(in, x + (r * width + k * 3) * in, in, rows + r * wide + k * POINTS * in, in);
		for (int64_t k = 0; k < cells[1]; k++)
			spread(wide, rows + k * 3 * wide, wide, planes + z * high + k * POINTS * wide, wide);
	}
	for (int64_t k = 0; k < cells[0]; k++)
		spread(high, planes + k * 3 * high, high, v + k * POINTS * high, high);
}

/* Sums ----------------------------------------------------------------------------------------------------------------- */

/* At one point of the cells: m = the products of v and u [in][LANES], summed over channels. */
INLINE void sum_channels(const real *const *cell, int64_t at, int64_t in, const real *u, lanes *m)
{
#pragma GCC unroll 6
	for (int c = 0; c < WINOGRAD_CELLS; c++)
		m[c] = (lanes){0};
	for (int64_t k = 0; k < in; k++) {
		const lanes weight = *(const lanes *)(u + k * LANES);
#pragma GCC unroll 6
		for (int c = 0; c < WINOGRAD_CELLS; c++)
			m[c] += cell[c][at + k] * weight;
	}
}

/* A m along the depth for one place of the plane: out [cell][3][PLANE][LANES], at that place. v's points are `deep` apart; u
 * [POINTS][in][LANES]. */
INLINE void sum_depth(const real *const *cell, int64_t at, int64_t deep, int64_t in, const real *u, real *out)
{
	lanes m[WINOGRAD_CELLS], near[WINOGRAD_CELLS], middle[WINOGRAD_CELLS], far[WINOGRAD_CELLS];
	const int64_t next = in * LANES;
	sum_channels(cell, at, in, u, near);
	sum_channels(cell, at + deep, in, u + next, m);
#pragma GCC unroll 6
	for (int c = 0; c < WINOGRAD_CELLS; c++) {
		near[c] += m[c];
		middle[c] = far[c] = m[c];
	}
	sum_channels(cell, at + 2 * deep, in, u + 2 * next, m);
#pragma GCC unroll 6
	for (int c = 0; c < WINOGRAD_CELLS; c++) {
		near[c] += m[c];
		middle[c] -= m[c];
		far[c] += m[c];
	}
	sum_channels(cell, at + 3 * deep, in, u + 3 * next, m);
#pragma GCC unroll 6
	for (int c = 0; c < WINOGRAD_CELLS; c++) {
		near[c] += m[c];
		middle[c] += m[c] * 2;
		far[c] += m[c] * 4;
	}
	sum_channels(cell, at + 4 * deep, in, u + 4 * next, m);
#pragma GCC unroll 6
	for (int c = 0; c < WINOGRAD_CELLS; c++) {
		real *to = out + c * 3 * PLANE * LANES;
		*(lanes *)to = near[c];
		*(lanes *)(to + PLANE * LANES) = middle[c];
		*(lanes *)(to + 2 * PLANE * LANES) = far[c] + m[c];
	}
}

/* A m of five vectors, `step` apart; three, `out_step` apart. */
INLINE void join_axis(const real *x, int64_t step, real *y, int64_t out_step)
{
	const lanes m1 = *(const lanes *)(x + step), m2 = *(const lanes *)(x + 2 * step);
	const lanes m3 = *(const lanes *)(x + 3 * step), sum = m1 + m2;
	*(lanes *)y = *(const lanes *)x + sum + m3;
	*(lanes *)(y + out_step) = m1 - m2 + m3 * 2;
	*(lanes *)(y + 2 * out_step) = sum + m3 * 4 + *(const lanes *)(x + 4 * step);
}

/* m [PLANE][LANES] -> the sums of a plane, [9][LANES]. */
INLINE void join_plane(const real *m, real *sums)
{
	real high[3 * POINTS * LANES];
#pragma GCC unroll 5
	for (int k = 0; k < POINTS; k++)
		join_axis(m + k * LANES, POINTS * LANES, high + k * LANES, POINTS * LANES);
#pragma GCC unroll 3
	for (int y = 0; y < 3; y++)
		join_axis(high + y * POINTS * LANES, LANES, sums + 3 * y * LANES, LANES);
}

FOR_EACH_VECTOR_WIDTH void winograd_sums(const int64_t cells[3], int64_t in, const real *const v[WINOGRAD_CELLS],
                                         const real *u, real *scratch, real *sums)
{
	const int64_t wide = row_size(cells, in), high = cells[1] * POINTS * wide;
	for (int p = 0; p < PLANE; p++)
		sum_depth(v, p / POINTS * wide + p % POINTS * in, high, in, u + p * POINTS * in * LANES, scratch + p * LANES);
	for (int c = 0; c < WINOGRAD_CELLS * 3; c++)
		join_plane(scratch + c * PLANE * LANES, sums + c * 9 * LANES);
}
