/* The CPU's kernels, by file. Not for use outside model/tensor/kernels_*.c. */
#ifndef COVERLINE_MODEL_TENSOR_KERNELS_CPU_H
#define COVERLINE_MODEL_TENSOR_KERNELS_CPU_H

#include "common/vector.h"
#include "model/tensor/kernels.h"

/* Less work than this, in elements, is not worth waking a thread for. */
enum { PARALLEL_MIN = 16384 };

/* kernels_cpu.c */
/* How many of d columns to give to a thread that adds rows up: each column is added in order of the rows, so the number of
 * threads changes nothing. */
int64_t cpu_strip(int64_t d);

/* kernels_math.c */
void math_exp(int64_t n, const real *x, real *y);
void math_tanh(int64_t n, const real *x, real *y);
void math_sigmoid(int64_t n, const real *x, real *y);
/* x times the share of a normal below x (within 7 units in the last place), its two usual stand-ins, and dx += dy f'(x) */
void math_gelu(int64_t n, const real *x, real *y);
void math_gelu_grad(int64_t n, const real *x, const real *dy, real *dx);
void math_gelu_tanh(int64_t n, const real *x, real *y);
void math_gelu_tanh_grad(int64_t n, const real *x, const real *dy, real *dx);
void math_quick_gelu(int64_t n, const real *x, real *y);
void math_quick_gelu_grad(int64_t n, const real *x, const real *dy, real *dx);
void math_softmax(int64_t n, real scale, const real *x, real *y);
/* The same of each of n rows of d > 0; may be in place. */
void math_softmax_rows(int64_t n, int64_t d, real scale, const real *x, real *y);
/* The softmax over the elements whose mask is not 0; the others, and all where there is none, give 0. May be in place. */
void math_softmax_masked(int64_t n, real scale, const real *x, const uint8_t *mask, real *y);
/* The logarithm of the softmax over the elements whose mask is not 0, or of all where it is NULL; 0 for the others. */
void math_log_softmax(int64_t n, const real *x, const uint8_t *mask, real *y);
/* dx += its gradient, told from y */
void math_log_softmax_grad(int64_t n, const real *y, const uint8_t *mask, const real *dy, real *dx);
/* dx = y * (dy - y . dy); may be in place */
void math_softmax_grad(int64_t n, const real *y, const real *dy, real *dx);
/* Summed over lanes of a fixed number, so the result does not depend on the width of a vector. */
real math_dot(int64_t n, const real *x, const real *y);
real math_sum(int64_t n, const real *x);
/* y += alpha * x */
void math_axpy(int64_t n, real alpha, const real *x, real *y);

/* keep[i] = 1 with probability 1 - p, else 0, from value first + i of the stream */
void math_draw_keep(int64_t n, double p, uint64_t seed, uint64_t stream, uint64_t first, uint8_t *keep);
/* y = x * keep / (1 - p); may be in place */
void math_drop(int64_t n, double p, const uint8_t *keep, const real *x, real *y);

/* kernels_small.c */
/* How a matrix lies: element (i, j) is at data[i * row + j * col]. */
struct small_matrix {
	const real *data;
	int64_t row, col;
};
enum small_into { SMALL_REPLACE, SMALL_ADD };
/* c[m, n] = alpha * a b, or c += it, on the calling thread, for matrices too small to be worth a call of BLAS. ldc is the
 * row stride of c. */
void small_gemm(int64_t m, int64_t n, int64_t k, real alpha, struct small_matrix a, struct small_matrix b,
                enum small_into into, real *c, int64_t ldc);

/* kernels_elementwise.c */
void cpu_axpy(int64_t n, real alpha, const real *x, real *y);
void cpu_tanh(int64_t n, const real *x, real *y);
void cpu_tanh_grad(int64_t n, const real *y, const real *dy, real *dx);
void cpu_sigmoid(int64_t n, const real *x, real *y);
void cpu_sigmoid_grad(int64_t n, const real *y, const real *dy, real *dx);
void cpu_relu(int64_t n, const real *x, real *y);
void cpu_relu_grad(int64_t n, const real *y, const real *dy, real *dx);
void cpu_elu(int64_t n, const real *x, real *y);
void cpu_elu_grad(int64_t n, const real *y, const real *dy, real *dx);
void cpu_dropout(int64_t n, double p, uint64_t seed, uint64_t stream, const real *x, real *y, uint8_t *keep);
void cpu_dropout_grad(int64_t n, double p, const uint8_t *keep, const real *dy, real *dx);

void cpu_adam(int64_t n, const struct adam_factors *f, const real *g, real *m, real *v, real *w);
void cpu_adam_rows(int64_t count, int64_t d, const int32_t *row, const struct adam_factors *f, const real *g, real *m,
                   real *v, real *w);
double cpu_sum_of_squares(int64_t n, const real *x);
void cpu_scale(int64_t n, real alpha, real *x);

/* kernels_strided.c */
void cpu_binary(enum binary f, const struct space *s, const real *a, const real *b, real *y);
void cpu_accumulate(enum term f, const struct space *s, const real *x, const real *a, const real *b, real *target);
void cpu_largest(const struct space *s, const real *x, int64_t *where, real *y);
void cpu_add_where(int64_t n, const int64_t *where, const real *dy, real *dx);
void cpu_permute(const struct space *s, enum copy_into into, const real *x, real *y);

/* kernels_losses.c */
void cpu_bce(int64_t n, const real *x, const real *z, real *loss);
void cpu_bce_grad(int64_t n, const real *x, const real *z, real up, real *dx);
void cpu_mse(int64_t n, const real *a, const real *b, real *loss);
void cpu_mse_grad(int64_t n, const real *a, const real *b, real up, real *da, real *db);
void cpu_cross_entropy(const struct segments *s, const real *x, real *softmax, real *loss);
void cpu_cross_entropy_grad(const struct segments *s, const real *softmax, real up, real *dx);

/* kernels_rows.c */
void cpu_softmax(int64_t n, int64_t d, const uint8_t *mask, const real *x, real *y);
void cpu_softmax_grad(int64_t n, int64_t d, const real *y, const real *dy, real *dx);
void cpu_log_softmax(int64_t n, int64_t d, const uint8_t *mask, const real *x, real *y);
void cpu_log_softmax_grad(int64_t n, int64_t d, const uint8_t *mask, const real *y, const real *dy, real *dx);
void cpu_gather_add(int64_t count, int64_t d, const int32_t *row, const real *x, real *y);
void cpu_lerp(int64_t n, int64_t d, int64_t gate_cols, const real *g, const real *a, const real *b, real *y);
void cpu_lerp_grad(int64_t n, int64_t d, int64_t gate_cols, const real *g, const real *a, const real *b, const real *dy,
                   real *dg, real *da, real *db);
void cpu_add_to_rows(int64_t n, int64_t d, const real *a, const real *row, real *y);
void cpu_add_rows(int64_t n, int64_t d, const real *x, real *y);
void cpu_copy_block(int64_t n, int64_t d, const real *x, int64_t ldx, real *y, int64_t ldy);
void cpu_add_block(int64_t n, int64_t d, const real *x, int64_t ldx, real *y, int64_t ldy);
void cpu_gather(int64_t count, int64_t d, const int32_t *row, const real *x, real *y);
void cpu_gather_grad(int64_t count, int64_t d, const int32_t *row, const real *dy, real *dx);
void cpu_embedding_bag(const struct bags *b, int64_t d, const real *table, real *y);
void cpu_embedding_bag_grad(const struct bags *b, int64_t d, const real *dy, real *dtable);

/* kernels_transformer.c */
void cpu_gelu(int64_t n, const real *x, real *y);
void cpu_gelu_grad(int64_t n, const real *x, const real *dy, real *dx);
void cpu_gelu_tanh(int64_t n, const real *x, real *y);
void cpu_gelu_tanh_grad(int64_t n, const real *x, const real *dy, real *dx);
void cpu_quick_gelu(int64_t n, const real *x, real *y);
void cpu_quick_gelu_grad(int64_t n, const real *x, const real *dy, real *dx);
void cpu_normalise(int64_t n, int64_t d, const real *x, real *y);
void cpu_normalise_grad(int64_t n, int64_t d, const real *x, const real *y, const real *dy, real *dx);
void cpu_layer_norm(int64_t n, int64_t d, double epsilon, const real *x, const real *gain, const real *shift, real *y,
                    real *moments);
void cpu_layer_norm_grad(int64_t n, int64_t d, const real *x, const real *gain, const real *moments, const real *dy,
                         real *dx, real *dgain, real *dshift);

/* kernels_dice.c */
void cpu_column_moments(int64_t n, int64_t d, const real *x, real *mean, real *variance);
void cpu_dice(int64_t n, int64_t d, const struct dice_columns *c, const real *x, real *y, real *gate);
void cpu_dice_grad(int64_t n, int64_t d, const struct dice_columns *c, const real *x, const real *gate, const real *dy,
                   real *dx, real *dalpha, real *sums);

/* kernels_segments.c */
void cpu_attention(const struct attention_data *a, real *y);
void cpu_attention_grad(const struct attention_data *a, const real *dy, real *dq, real *dk, real *dv);
void cpu_block_dot(const struct blocks *b, int64_t d, const real *x, const real *y, bool add, real *c);
void cpu_block_to_queries(const struct blocks *b, int64_t d, const real *c, const real *y, bool add, real *x);
void cpu_block_to_keys(const struct blocks *b, int64_t d, const real *c, const real *x, bool add, real *y);
void cpu_segment_softmax(const struct segments *s, const real *x, real *y);
void cpu_segment_softmax_grad(const struct segments *s, const real *y, const real *dy, real *dx);
void cpu_segment_sum(const struct segments *s, int64_t d, const real *x, const real *a, real *y);
void cpu_segment_sum_grad(const struct segments *s, int64_t d, const real *x, const real *a, const real *dy, real *dx,
                          real *da);
void cpu_segment_dot(const struct segments *s, int64_t d, const real *x, const real *u, real *y);
void cpu_segment_dot_grad(const struct segments *s, int64_t d, const real *x, const real *u, const real *dy, real *dx,
                          real *du);

/* kernels_windows.c */
void cpu_window_columns(const struct windows *w, int64_t channels, const real *x, real *columns);
void cpu_window_columns_grad(const struct windows *w, int64_t channels, const real *columns, real *dx);
void cpu_max_pool(const struct windows *w, int64_t planes, const real *x, real *y, int32_t *at);
void cpu_max_pool_grad(const struct windows *w, int64_t planes, const int32_t *at, const real *dy, real *dx);
void cpu_average_pool(const struct windows *w, int64_t planes, bool count_padding, const real *x, real *y);
void cpu_average_pool_grad(const struct windows *w, int64_t planes, bool count_padding, const real *dy, real *dx);
void cpu_scale_planes(int64_t n, int64_t channels, int64_t size, const real *x, const real *scale, const real *shift,
                      real *y);
void cpu_scale_planes_grad(int64_t n, int64_t channels, int64_t size, const real *x, const real *scale, const real *dy,
                           real *dx, real *dscale, real *dshift);

/* kernels_recurrent.c */
void cpu_gru_step(const struct recurrent_step *s);
void cpu_gru_step_grad(const struct recurrent_step *s);
void cpu_lstm_step(const struct recurrent_step *s);
void cpu_lstm_step_grad(const struct recurrent_step *s);
void cpu_segment_columns(const struct segments *s, int64_t d, int64_t taps, int64_t dilation, const real *x,
                         real *columns);
void cpu_segment_columns_grad(const struct segments *s, int64_t d, int64_t taps, int64_t dilation, const real *columns,
                              real *dx);

/* kernels_match.c */
void cpu_match(const struct match_data *m, real *y);
void cpu_match_grad(const struct match_data *m, const real *dy, real *dclick, real *dcandidate);

/* kernels_volumes.c */
void cpu_convolution_pool(const struct convolution_pool_data *c, real *y);
void cpu_convolution_pool_grad(const struct convolution_pool_data *c, const real *y, const real *dy, real *dx, real *dw,
                               real *db);

/* kernels_winograd.c */
enum {
	WINOGRAD_LANES = 16,
	WINOGRAD_CELLS = 6, /* as many as keep a processor's registers busy */
	WINOGRAD_SUMS = WINOGRAD_CELLS * 27 * WINOGRAD_LANES,
	WINOGRAD_SUMS_SCRATCH = WINOGRAD_CELLS * 75 * WINOGRAD_LANES,
};
/* Elements of u and of v, and of the scratch that v is made with; all are best aligned to 64 bytes. */
int64_t winograd_weights_size(int64_t out, int64_t in);
int64_t winograd_inputs_size(const int64_t cells[3], int64_t in);
int64_t winograd_scratch_size(const int64_t cells[3], int64_t in);
/* w [out, in, 3, 3, 3] -> u: groups of WINOGRAD_LANES output channels one after another, the last filled up with zeros. */
void winograd_weights(int64_t out, int64_t in, const real *w, real *u);
/* x [3 cells[0] + 2, 3 cells[1] + 2, 3 cells[2] + 2, in], the border with it -> v */
void winograd_inputs(const int64_t cells[3], int64_t in, const real *x, real *scratch, real *v);
/* Where a cell begins in v. */
int64_t winograd_cell(const int64_t cells[3], int64_t in, const int64_t cell[3]);
/* The 27 sums of each of the cells that begin at v[0], v[1], …: sums [WINOGRAD_CELLS, 27, WINOGRAD_LANES] of the group of
 * channels whose weights u are. */
void winograd_sums(const int64_t cells[3], int64_t in, const real *const v[WINOGRAD_CELLS], const real *u,
                   real *scratch, real *sums);

/* kernels_roi.c */
void cpu_roi_align(const struct roi_data *r, int64_t count, const real *box, const real *x, real *y);
void cpu_roi_align_grad(const struct roi_data *r, int64_t count, const real *box, const real *dy, real *dx);

#endif
