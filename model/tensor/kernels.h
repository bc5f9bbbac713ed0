/* The inner loops behind the ops, in one table, so that a second device is a second table and touches no op. */
#ifndef COVERLINE_MODEL_TENSOR_KERNELS_H
#define COVERLINE_MODEL_TENSOR_KERNELS_H

#include <stdbool.h>

#include "model/tensor/tensor.h"

struct kernels {
	/* c[m, n] = alpha * op(a) op(b) + beta * c; op transposes when its flag is set; lda … are row strides. */
	void (*gemm)(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, real alpha, const real *a,
				 int64_t lda, const real *b, int64_t ldb, real beta, real *c, int64_t ldc);
	/* y += alpha * x */
	void (*axpy)(int64_t n, real alpha, const real *x, real *y);
	/* y[d] += sum over rows of x[n, d], in a fixed order */
	void (*add_rows)(int64_t n, int64_t d, const real *x, real *y);
	void (*tanh)(int64_t n, const real *x, real *y);
	void (*sigmoid)(int64_t n, const real *x, real *y);
	/* y = softmax(scale * x), n > 0; may be in place */
	void (*softmax)(int64_t n, real scale, const real *x, real *y);
};

/* The CPU's table: OpenBLAS for gemm, OpenMP for the rest. */
extern const struct kernels kernels;

/* Threads of the one OpenMP pool that BLAS, oneDNN and the kernels share. Call once, before any op; results
 * for a fixed number are bit-identical from run to run. */
void kernels_set_threads(int threads);

#endif
