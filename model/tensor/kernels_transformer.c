/* What transformers add: GELU and its stand-ins, layer normalisation, and rows of length 1. Blocks and rows go to
 * threads whole, so the number of threads changes nothing. */
#include "model/tensor/kernels_cpu.h"

#include <stdlib.h>
#include <tgmath.h>

/* Long arrays are cut into blocks of this many elements, whatever the number of threads. */
enum { BLOCK = 4096 };

static void in_blocks(void (*f)(int64_t, const real *, real *), int64_t n, const real *x, real *y)
{
#pragma omp parallel for if (n > PARALLEL_MIN)
	for (int64_t at = 0; at < n; at += BLOCK)
		f(n - at < BLOCK ? n - at : BLOCK, x + at, y + at);
}

static void grad_in_blocks(void (*f)(int64_t, const real *, const real *, real *), int64_t n, const real *x,
                           const real *dy, real *dx)
{
#pragma omp parallel for if (n > PARALLEL_MIN)
	for (int64_t at = 0; at < n; at += BLOCK)
		f(n - at < BLOCK ? n - at : BLOCK, x + at, dy + at, dx + at);
}

void cpu_gelu(int64_t n, const real *x, real *y)
{
	in_blocks(math_gelu, n, x, y);
}

void cpu_gelu_grad(int64_t n, const real *x, const real *dy, real *dx)
{
	grad_in_blocks(math_gelu_grad, n, x, dy, dx);
}

void cpu_gelu_tanh(int64_t n, const real *x, real *y)
{
	in_blocks(math_gelu_tanh, n, x, y);
}

void cpu_gelu_tanh_grad(int64_t n, const real *x, const real *dy, real *dx)
{
	grad_in_blocks(math_gelu_tanh_grad, n, x, dy, dx);
}

void cpu_quick_gelu(int64_t n, const real *x, real *y)
{
	in_blocks(math_quick_gelu, n, x, y);
}

void cpu_quick_gelu_grad(int64_t n, const real *x, const real *dy, real *dx)
{
	grad_in_blocks(math_quick_gelu_grad, n, x, dy, dx);
}

/* Layer normalisation -----------------------------------------------------------------------------------------------*/

FOR_EACH_VECTOR_WIDTH static void subtract(int64_t d, const real *x, real mean, real *y)
{
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		y[j] = x[j] - mean;
}

FOR_EACH_VECTOR_WIDTH static void stretch(int64_t d, real rate, const real *gain, const real *shift, real *y)
{
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		y[j] = y[j] * rate * gain[j] + shift[j];
}

void cpu_layer_norm(int64_t n, int64_t d, double epsilon, const real *x, const real *gain, const real *shift, real *y,
                    real *moments)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++) {
		const real mean = math_sum(d, x + i * d) / (real)d;
		subtract(d, x + i * d, mean, y + i * d);
		const real variance = math_dot(d, y + i * d, y + i * d) / (real)d;
		const real rate = (real)(1 / sqrt((double)variance + epsilon));
		stretch(d, rate, gain, shift, y + i * d);
		if (moments) {
			moments[2 * i] = mean;
			moments[2 * i + 1] = rate;
		}
	}
}

/* With h = (x - mean) rate and u = dy gain:  dx += rate (u - mean(u) - h mean(u h)). u and h are scratch of d each. */
FOR_EACH_VECTOR_WIDTH static void row_parts(int64_t d, const real *x, const real *moments, const real *gain,
                                            const real *dy, real *u, real *h)
{
#pragma omp simd
	for (int64_t j = 0; j < d; j++) {
		u[j] = dy[j] * gain[j];
		h[j] = (x[j] - moments[0]) * moments[1];
	}
}

FOR_EACH_VECTOR_WIDTH static void row_grad(int64_t d, real rate, real mean_u, real mean_uh, const real *u,
                                           const real *h, real *dx)
{
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		dx[j] += rate * (u[j] - mean_u - h[j] * mean_uh);
}

static void rows_grad(int64_t n, int64_t d, const real *x, const real *gain, const real *moments, const real *dy,
                      real *dx)
{
#pragma omp parallel if (n * d > PARALLEL_MIN)
	{
		real *u = xmalloc((size_t)d * 2 * sizeof *u), *h = u + d;
#pragma omp for
		for (int64_t i = 0; i < n; i++) {
			row_parts(d, x + i * d, moments + 2 * i, gain, dy + i * d, u, h);
			const real mean_u = math_sum(d, u) / (real)d, mean_uh = math_dot(d, u, h) / (real)d;
			row_grad(d, moments[2 * i + 1], mean_u, mean_uh, u, h, dx + i * d);
		}
		free(u);
	}
}

FOR_EACH_VECTOR_WIDTH static void strip_grad(int64_t n, int64_t d, int64_t first, int64_t end, const real *x,
                                             const real *moments, const real *dy, real *dgain)
{
	for (int64_t i = 0; i < n; i++) {
		const real mean = moments[2 * i], rate = moments[2 * i + 1];
#pragma omp simd
		for (int64_t j = first; j < end; j++)
			dgain[j] += dy[i * d + j] * (x[i * d + j] - mean) * rate;
	}
}

void cpu_layer_norm_grad(int64_t n, int64_t d, const real *x, const real *gain, const real *moments, const real *dy,
                         real *dx, real *dgain, real *dshift)
{
	if (dx)
		rows_grad(n, d, x, gain, moments, dy, dx);
	if (dshift)
		cpu_add_rows(n, d, dy, dshift);
	if (!dgain)
		return;
	const int64_t strip = cpu_strip(d);
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t first = 0; first < d; first += strip)
		strip_grad(n, d, first, first + strip < d ? first + strip : d, x, moments, dy, dgain);
}

/* Rows of length 1 -------------------------------------------------------------------------------------------------- */

static real length_of(int64_t d, const real *x)
{
	return (real)fmax(sqrt((double)math_dot(d, x, x)), 1e-12);
}

FOR_EACH_VECTOR_WIDTH static void divide(int64_t d, const real *x, real by, real *y)
{
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		y[j] = x[j] / by;
}

void cpu_normalise(int64_t n, int64_t d, const real *x, real *y)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++)
		divide(d, x + i * d, length_of(d, x + i * d), y + i * d);
}

/* dx += (dy - y (y . dy)) / |x|. */
FOR_EACH_VECTOR_WIDTH static void turn(int64_t d, const real *y, const real *dy, real along, real length, real *dx)
{
#pragma omp simd
	for (int64_t j = 0; j < d; j++)
		dx[j] += (dy[j] - y[j] * along) / length;
}

void cpu_normalise_grad(int64_t n, int64_t d, const real *x, const real *y, const real *dy, real *dx)
{
#pragma omp parallel for if (n * d > PARALLEL_MIN)
	for (int64_t i = 0; i < n; i++) {
		const real length = length_of(d, x + i * d);
		if (length > (real)1e-12)
			turn(d, y + i * d, dy + i * d, math_dot(d, y + i * d, dy + i * d), length, dx + i * d);
	}
}
