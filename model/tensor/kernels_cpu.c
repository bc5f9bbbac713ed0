#include "model/tensor/kernels_cpu.h"

#include <cblas.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef COVERLINE_DOUBLE
#define cblas_gemm cblas_dgemm
#else
#define cblas_gemm cblas_sgemm
#ifdef __x86_64__
#define ONEDNN_GEMM
#include "model/tensor/onednn_gemm.h"
#endif
#endif

static blasint stride(int64_t ld)
{
	return (blasint)(ld > 0 ? ld : 1);
}

#ifdef ONEDNN_GEMM
/* oneDNN's products are the faster ones on x86, by a fifth in the middle and up to half (one thread, AVX-512, shapes of
 * NRMS, BERT and GRUs), but for a few rows times a large matrix read by its columns: there it does not pack the matrix,
 * unless its rows are a multiple of 256 apart, and loses up to half. */
static bool is_onednns(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, int64_t ldb)
{
	enum { FEW = 256, LARGE = 300000 };
	return k > 0 && !(!transpose_a && transpose_b && m <= FEW && n * k > LARGE && ldb % 256 != 0);
}
#endif

static void cpu_gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, real alpha, const real *a,
                     int64_t lda, const real *b, int64_t ldb, real beta, real *c, int64_t ldc)
{
	if (m == 0 || n == 0)
		return;
#ifdef ONEDNN_GEMM
	if (is_onednns(transpose_a, transpose_b, m, n, k, ldb)) {
		onednn_gemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
		return;
	}
#endif
	cblas_gemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans,
	           (blasint)m, (blasint)n, (blasint)k, alpha, a, stride(lda), b, stride(ldb), beta, c, stride(ldc));
}

/* Products of fewer multiplications than this go whole to one thread each; larger ones are BLAS's, one after another. */
enum { SMALL_PRODUCT = 1 << 22 };

static struct small_matrix matrix_at(const real *data, bool transpose, int64_t rows, int64_t cols)
{
	return transpose ? (struct small_matrix){data, 1, rows} : (struct small_matrix){data, cols, 1};
}

static void cpu_products(const struct products *p, const real *a, const real *b, real *c)
{
	const int64_t work = p->m * p->n * p->k;
	if (work >= SMALL_PRODUCT) {
		for (int64_t i = 0; i < p->count; i++)
			cpu_gemm(p->transpose_a, p->transpose_b, p->m, p->n, p->k, 1, a + p->at_a[i], p->transpose_a ? p->m : p->k,
			         b + p->at_b[i], p->transpose_b ? p->k : p->n, p->add, c + p->at_c[i], p->n);
		return;
	}
#pragma omp parallel for if (!p->shared && p->count * work > PARALLEL_MIN)
	for (int64_t i = 0; i < p->count; i++)
		small_gemm(p->m, p->n, p->k, 1, matrix_at(a + p->at_a[i], p->transpose_a, p->m, p->k),
		           matrix_at(b + p->at_b[i], p->transpose_b, p->k, p->n), p->add ? SMALL_ADD : SMALL_REPLACE,
		           c + p->at_c[i], p->n);
}

int64_t cpu_strip(int64_t d)
{
	enum { LEAST = 16, MOST = 4096 };
#ifdef _OPENMP
	const int64_t threads = omp_get_max_threads();
#else
	const int64_t threads = 1;
#endif
	const int64_t share = ((d + threads - 1) / threads + LEAST - 1) / LEAST * LEAST;
	return share < LEAST ? LEAST : share > MOST ? MOST : share;
}

void kernels_set_threads(int threads)
{
#ifdef _OPENMP
	omp_set_num_threads(threads);
#endif
	openblas_set_num_threads(threads);
}

const struct kernels kernels = {
	.gemm = cpu_gemm,
	.axpy = cpu_axpy,
	.products = cpu_products,
	.binary = cpu_binary,
	.accumulate = cpu_accumulate,
	.largest = cpu_largest,
	.add_where = cpu_add_where,
	.permute = cpu_permute,
	.tanh = cpu_tanh,
	.tanh_grad = cpu_tanh_grad,
	.sigmoid = cpu_sigmoid,
	.sigmoid_grad = cpu_sigmoid_grad,
	.relu = cpu_relu,
	.relu_grad = cpu_relu_grad,
	.elu = cpu_elu,
	.elu_grad = cpu_elu_grad,
	.gelu = cpu_gelu,
	.gelu_grad = cpu_gelu_grad,
	.gelu_tanh = cpu_gelu_tanh,
	.gelu_tanh_grad = cpu_gelu_tanh_grad,
	.quick_gelu = cpu_quick_gelu,
	.quick_gelu_grad = cpu_quick_gelu_grad,
	.normalise = cpu_normalise,
	.normalise_grad = cpu_normalise_grad,
	.layer_norm = cpu_layer_norm,
	.layer_norm_grad = cpu_layer_norm_grad,
	.column_moments = cpu_column_moments,
	.dice = cpu_dice,
	.dice_grad = cpu_dice_grad,
	.softmax = cpu_softmax,
	.softmax_grad = cpu_softmax_grad,
	.log_softmax = cpu_log_softmax,
	.log_softmax_grad = cpu_log_softmax_grad,
	.dropout = cpu_dropout,
	.dropout_grad = cpu_dropout_grad,
	.lerp = cpu_lerp,
	.lerp_grad = cpu_lerp_grad,
	.add_to_rows = cpu_add_to_rows,
	.add_rows = cpu_add_rows,
	.copy_block = cpu_copy_block,
	.add_block = cpu_add_block,
	.gather = cpu_gather,
	.gather_add = cpu_gather_add,
	.gather_grad = cpu_gather_grad,
	.embedding_bag = cpu_embedding_bag,
	.embedding_bag_grad = cpu_embedding_bag_grad,
	.attention = cpu_attention,
	.attention_grad = cpu_attention_grad,
	.block_dot = cpu_block_dot,
	.block_to_queries = cpu_block_to_queries,
	.block_to_keys = cpu_block_to_keys,
	.segment_softmax = cpu_segment_softmax,
	.segment_softmax_grad = cpu_segment_softmax_grad,
	.segment_sum = cpu_segment_sum,
	.segment_sum_grad = cpu_segment_sum_grad,
	.segment_dot = cpu_segment_dot,
	.segment_dot_grad = cpu_segment_dot_grad,
	.cross_entropy = cpu_cross_entropy,
	.cross_entropy_grad = cpu_cross_entropy_grad,
	.bce = cpu_bce,
	.bce_grad = cpu_bce_grad,
	.mse = cpu_mse,
	.mse_grad = cpu_mse_grad,
	.adam = cpu_adam,
	.adam_rows = cpu_adam_rows,
	.sum_of_squares = cpu_sum_of_squares,
	.scale = cpu_scale,
	.window_columns = cpu_window_columns,
	.window_columns_grad = cpu_window_columns_grad,
	.max_pool = cpu_max_pool,
	.max_pool_grad = cpu_max_pool_grad,
	.average_pool = cpu_average_pool,
	.average_pool_grad = cpu_average_pool_grad,
	.scale_planes = cpu_scale_planes,
	.scale_planes_grad = cpu_scale_planes_grad,
	.gru_step = cpu_gru_step,
	.gru_step_grad = cpu_gru_step_grad,
	.lstm_step = cpu_lstm_step,
	.lstm_step_grad = cpu_lstm_step_grad,
	.segment_columns = cpu_segment_columns,
	.segment_columns_grad = cpu_segment_columns_grad,
	.roi_align = cpu_roi_align,
	.roi_align_grad = cpu_roi_align_grad,
	.match = cpu_match,
	.match_grad = cpu_match_grad,
	.convolution_pool = cpu_convolution_pool,
	.convolution_pool_grad = cpu_convolution_pool_grad,
};
