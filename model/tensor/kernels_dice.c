/* Dice: a gate between a column's value and a share of it, by where in the column it lies. Sums over rows are each
 * column's, in order of the rows, so the number of threads changes nothing. */
#include "model/tensor/kernels_cpu.h"

#include <string.h>

FOR_EACH_VECTOR_WIDTH static void add_squares(int64_t d, const real *x, const real *mean, real *y)
{
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		y[j] += (x[j] - mean[j]) * (x[j] - mean[j]);
}

static void strip_moments(int64_t n, int64_t d, int64_t width, const real *x, real *mean, real *variance)
{
	memset(mean, 0, (size_t)width * sizeof *mean);
	memset(variance, 0, (size_t)width * sizeof *variance);
	for (int64_t i = 0; i < n; i++)
		math_axpy(width, 1, x + i * d, mean);
	for (int64_t j = 0; j < width; j++)
		mean[j] /= (real)n;
	for (int64_t i = 0; i < n; i++)
		add_squares(width, x + i * d, mean, variance);
	for (int64_t j = 0; j < width; j++)
		variance[j] /= (real)n;
}

void cpu_column_moments(int64_t n, int64_t d, const real *x, real *mean, real *variance)
{
	const int64_t strip = cpu_strip(d);
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t j = 0; j < d; j += strip)
		strip_moments(n, d, d - j < strip ? d - j : strip, x + j, mean + j, variance + j);
}

FOR_EACH_VECTOR_WIDTH static void place(int64_t d, const struct dice_columns *c, const real *x, real *z)
{
	const real *mean = c->mean, *rate = c->rate;
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		z[j] = (x[j] - mean[j]) * rate[j];
}

FOR_EACH_VECTOR_WIDTH static void pass_gate(int64_t d, const real *alpha, const real *gate, const real *x, real *y)
{
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		y[j] = x[j] * (alpha[j] + (1 - alpha[j]) * gate[j]);
}

void cpu_dice(int64_t n, int64_t d, const struct dice_columns *c, const real *x, real *y, real *gate)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++) {
		real *own = gate ? gate + i * d : y + i * d;
		place(d, c, x + i * d, own);
		math_sigmoid(d, own, own);
		pass_gate(d, c->alpha, own, x + i * d, y + i * d);
	}
}

/* Columns [first, end) of what dice_grad reads and adds to. */
struct dice_strip {
	int64_t first, end;
	const struct dice_columns *c;
	real *sum, *sum_z; /* of dz and of dz z, over the rows */
};

/* dalpha and the sums of one row. */
FOR_EACH_VECTOR_WIDTH static void row_sums(const struct dice_strip *s, const real *x, const real *gate, const real *dy,
                                           real *dalpha)
{
	const real *alpha = s->c->alpha, *mean = s->c->mean, *rate = s->c->rate;
	real *sum = s->sum, *sum_z = s->sum_z;
#pragma omp simd
	for (int64_t j = s->first; j < s->end; j++) {
		const real dz = dy[j] * x[j] * (1 - alpha[j]) * gate[j] * (1 - gate[j]);
		sum[j] += dz;
		sum_z[j] += dz * (x[j] - mean[j]) * rate[j];
		dalpha[j] += dy[j] * (1 - gate[j]) * x[j];
	}
}

/* dx of one row, with share 1 / n where the moments are of these rows, else 0. */
FOR_EACH_VECTOR_WIDTH static void row_grad(const struct dice_strip *s, real share, const real *x, const real *gate,
                                           const real *dy, real *dx)
{
	const real *alpha = s->c->alpha, *mean = s->c->mean, *rate = s->c->rate, *sum = s->sum, *sum_z = s->sum_z;
#pragma omp simd
	for (int64_t j = s->first; j < s->end; j++) {
		const real z = (x[j] - mean[j]) * rate[j];
		const real dz = dy[j] * x[j] * (1 - alpha[j]) * gate[j] * (1 - gate[j]);
		dx[j] += dy[j] * (alpha[j] + (1 - alpha[j]) * gate[j]) + rate[j] * (dz - share * (sum[j] + z * sum_z[j]));
	}
}

void cpu_dice_grad(int64_t n, int64_t d, const struct dice_columns *c, const real *x, const real *gate, const real *dy,
                   real *dx, real *dalpha, real *sums)
{
	const int64_t strip = cpu_strip(d);
	const real share = c->of_rows && n ? 1 / (real)n : 0;
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t first = 0; first < d; first += strip) {
		const struct dice_strip s = {first, first + strip < d ? first + strip : d, c, sums, sums + d};
		for (int64_t i = 0; i < n; i++)
			row_sums(&s, x + i * d, gate + i * d, dy + i * d, dalpha);
		for (int64_t i = 0; i < n && dx; i++)
			row_grad(&s, share, x + i * d, gate + i * d, dy + i * d, dx + i * d);
	}
}
