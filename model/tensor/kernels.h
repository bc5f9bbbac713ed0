/* The inner loops behind the ops, in one table, so that a second device is a second table and touches no op.
 *
 * On one processor, results of gemm and of large products depend on the number of threads, as BLAS's do; those of all the
 * others do not, as no sum is split by thread. Between processors, gemm, products and attention differ in the last bits,
 * as they fuse multiplication and addition where they can; the others give the same bits on all. In every
 * entry that ends in _grad the gradients are added to, and one that is NULL is not wanted. */
#ifndef COVERLINE_MODEL_TENSOR_KERNELS_H
#define COVERLINE_MODEL_TENSOR_KERNELS_H

#include <stdbool.h>

#include "model/tensor/tensor.h"
#include "model/tensor/volumes.h"

/* A number for each query and each key of its segment: for segment s a block [queries, keys] that begins at at[s]. */
struct blocks {
	const struct segments *query, *key;
	const int64_t *at; /* [segments] */
};

/* What attention works on; shapes as op_attention states them. */
struct attention_data {
	const struct segments *query, *key;
	int heads;
	int64_t dk, dv; /* widths of one head */
	real scale;
	const int64_t *block; /* [segments]: where in weights a segment's first head begins */
	real *weights;        /* the softmax, as op_attention lays it out; NULL: not kept */
	const uint8_t *mask;  /* as op_attention's */
	bool causal;
	double dropout;        /* 0: none */
	uint64_t seed, stream; /* of the dropout */
	uint8_t *keep;         /* what dropout kept, laid out as the weights; made by the forward pass */
	const real *q, *k, *v;
};

/* An index space, row by row, whose operands each step by strides of their own; a stride of 0 repeats. At least one
 * dimension. */
enum space_operand { SPACE_Y, SPACE_X, SPACE_A, SPACE_B, SPACE_OPERANDS };
struct space {
	int ndim;
	int64_t dim[TENSOR_DIMS];
	int64_t stride[SPACE_OPERANDS][TENSOR_DIMS];
};

enum binary { BINARY_ADD, BINARY_SUB, BINARY_MUL, BINARY_DIV };
/* x, -x, x * a, x / a, -x * a / b^2: what sums and the gradients of the above are made of */
enum term { TERM_X, TERM_MINUS_X, TERM_X_TIMES_A, TERM_X_OVER_A, TERM_QUOTIENT };
enum copy_into { COPY_REPLACE, COPY_ADD };

/* count products c += or = op(a) op(b), of [m, k] and [k, n]: number i reads a + at_a[i] … */
struct products {
	int64_t count, m, n, k;
	bool transpose_a, transpose_b, add;
	/* Whether several products add to one c: then they are made in order. */
	bool shared;
	const int64_t *at_a, *at_b, *at_c;
};

/* One step of Adam:  m = beta1 m + rest1 g,  v = beta2 v + rest2 g^2,  w = keep w - step m / (root sqrt(v) + epsilon) */
struct adam_factors {
	real beta1, beta2, rest1, rest2, step, root, epsilon, keep;
};

/* What dice knows of its columns, [d] each: mean, 1 / deviation, alpha, and whether the first two are those of its rows. */
struct dice_columns {
	const real *mean, *rate, *alpha;
	bool of_rows;
};

/* Windows over a map of [in[0], in[1], in[2]] elements a channel: output o covers in[i] elements o stride + k dilation -
 * padding along axis i, k < kernel. windows.h makes it. */
struct windows {
	int64_t in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];
};

/* A step of a recurrent layer for count rows of `hidden`. Matrices of gates are [row, gates * hidden]. */
struct recurrent_step {
	int64_t count, hidden;
	const int32_t *row;                    /* [count]: which rows of input and dinput */
	const real *input, *recurrent;         /* shares of the gates: of x by row, of the state [count, …] */
	const real *previous, *cell_previous;  /* [count, hidden]; the cell's for an LSTM only, as below */
	real *next, *cell_next;                /* [count, hidden] */
	real *saved;                           /* [count, 4 hidden] (GRU) or [count, 5 hidden] (LSTM): for the way back */
	const real *dnext;                     /* [count, hidden] */
	real *dinput, *drecurrent, *dprevious; /* set, not added to; dprevious without what passes through recurrent */
	real *dcell;                           /* in: of cell_next, out: of cell_previous */
};

/* Boxes on maps of any layout: element (channel, y, x) of item n is at n * item_stride + channel * channel_stride +
 * (y * width + x) * pixel_stride. The result is [count, out_height, out_width, channels] where channel_stride is 1,
 * otherwise [count, channels, out_height, out_width]. */
struct roi_data {
	int64_t channels, height, width;
	int64_t item_stride, channel_stride, pixel_stride;
	int64_t out_height, out_width, samples; /* along each axis of a bin; 0: one an element */
	bool aligned;
	real scale;
};

/* As op_match states it: volume n is candidate n of all. */
struct match_data {
	const struct segments *click_rows, *clicks, *candidate_rows, *candidates;
	int levels;
	const int64_t *width;
	const double *scale;
	int64_t columns;           /* of click and candidate rows: the sum of the widths */
	const int32_t *impression; /* [candidates] whose candidate each is */
	const int64_t *at;         /* [candidates + 1] of the volumes */
	const real *click, *candidate;
};

/* Pairs of a row of a table and its weight, packed by segments: a bag each. */
struct bags {
	struct segments segments;
	const int32_t *index; /* [offset[count]] */
	const real *value;    /* the same; NULL: ones */
};

/* As op_convolution_pool states it. */
struct convolution_pool_data {
	const struct volumes *x, *y;
	int64_t in, out; /* channels */
	int64_t grid[3];
	bool everywhere; /* b is [out], else [out, grid] */
	const real *input, *w, *b;
	uint8_t *place; /* [size of y] which of a cell's 27 places each maximum is at; NULL: not kept */
};

struct kernels {
	/* c[m, n] = alpha * op(a) op(b) + beta * c; op transposes when its flag is set; lda … are row strides. */
	void (*gemm)(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, real alpha, const real *a,
	             int64_t lda, const real *b, int64_t ldb, real beta, real *c, int64_t ldc);

	/* Matrices are packed: rows of a are m or k apart, as it is transposed or not. */
	void (*products)(const struct products *p, const real *a, const real *b, real *c);

	/* y = f(a, b) over s; y is packed and SPACE_Y not looked at */
	void (*binary)(enum binary f, const struct space *s, const real *a, const real *b, real *y);
	/* y[…] += the term over s, where SPACE_Y repeats in a fixed order; a and b may be NULL where the term has none */
	void (*accumulate)(enum term f, const struct space *s, const real *x, const real *a, const real *b, real *y);
	/* y[…] = the largest x of those that meet in it, where[…] = the first that is; y and where by SPACE_Y; a NaN is the
	 * largest */
	void (*largest)(const struct space *s, const real *x, int64_t *where, real *y);
	/* dx[where[i]] += dy[i] */
	void (*add_where)(int64_t n, const int64_t *where, const real *dy, real *dx);
	/* y[…] = x[…], or += */
	void (*permute)(const struct space *s, enum copy_into into, const real *x, real *y);

	/* y += alpha * x */
	void (*axpy)(int64_t n, real alpha, const real *x, real *y);
	/* y = tanh(x), 1 / (1 + exp(-x)), max(x, 0); each may be in place. dx += dy * f'(x), told from y = f(x). */
	void (*tanh)(int64_t n, const real *x, real *y);
	void (*tanh_grad)(int64_t n, const real *y, const real *dy, real *dx);
	void (*sigmoid)(int64_t n, const real *x, real *y);
	void (*sigmoid_grad)(int64_t n, const real *y, const real *dy, real *dx);
	void (*relu)(int64_t n, const real *x, real *y);
	void (*relu_grad)(int64_t n, const real *y, const real *dy, real *dx);
	/* y = x > 0 ? x : exp(x) - 1, not in place; its gradient, told from y */
	void (*elu)(int64_t n, const real *x, real *y);
	void (*elu_grad)(int64_t n, const real *y, const real *dy, real *dx);
	/* As the ops of these names state them; may be in place. dx += dy * f'(x), told from x. */
	void (*gelu)(int64_t n, const real *x, real *y);
	void (*gelu_grad)(int64_t n, const real *x, const real *dy, real *dx);
	void (*gelu_tanh)(int64_t n, const real *x, real *y);
	void (*gelu_tanh_grad)(int64_t n, const real *x, const real *dy, real *dx);
	void (*quick_gelu)(int64_t n, const real *x, real *y);
	void (*quick_gelu_grad)(int64_t n, const real *x, const real *dy, real *dx);
	/* As op_normalise states it; the gradient is added. */
	void (*normalise)(int64_t n, int64_t d, const real *x, real *y);
	void (*normalise_grad)(int64_t n, int64_t d, const real *x, const real *y, const real *dy, real *dx);
	/* As op_layer_norm states it. moments [n, 2], where not NULL, receives each row's mean and 1 / deviation. */
	void (*layer_norm)(int64_t n, int64_t d, double epsilon, const real *x, const real *gain, const real *shift,
	                   real *y, real *moments);
	void (*layer_norm_grad)(int64_t n, int64_t d, const real *x, const real *gain, const real *moments, const real *dy,
	                        real *dx, real *dgain, real *dshift);
	/* Each column's mean and variance (divided by n) over n > 0 rows. */
	void (*column_moments)(int64_t n, int64_t d, const real *x, real *mean, real *variance);
	/* As op_dice states it; not in place. gate [n, d], where not NULL, receives p. Gradients are added, and told from gate;
	 * dx may be NULL, sums [2, d] is scratch of zeros. */
	void (*dice)(int64_t n, int64_t d, const struct dice_columns *c, const real *x, real *y, real *gate);
	void (*dice_grad)(int64_t n, int64_t d, const struct dice_columns *c, const real *x, const real *gate,
	                  const real *dy, real *dx, real *dalpha, real *sums);
	/* Rows of d: the softmax over those whose mask is not 0, or its logarithm; the others are 0. mask may be NULL. */
	void (*softmax)(int64_t n, int64_t d, const uint8_t *mask, const real *x, real *y);
	void (*softmax_grad)(int64_t n, int64_t d, const real *y, const real *dy, real *dx);
	void (*log_softmax)(int64_t n, int64_t d, const uint8_t *mask, const real *x, real *y);
	void (*log_softmax_grad)(int64_t n, int64_t d, const uint8_t *mask, const real *y, const real *dy, real *dx);
	/* keep[i] = 1 with probability 1 - p, else 0, from the counter (seed, stream); y = x * keep / (1 - p) */
	void (*dropout)(int64_t n, double p, uint64_t seed, uint64_t stream, const real *x, real *y, uint8_t *keep);
	void (*dropout_grad)(int64_t n, double p, const uint8_t *keep, const real *dy, real *dx);
	/* y[i, j] = g[i, j] * a[i, j] + (1 - g[i, j]) * b[i, j]; g has d columns or one */
	void (*lerp)(int64_t n, int64_t d, int64_t gate_cols, const real *g, const real *a, const real *b, real *y);
	void (*lerp_grad)(int64_t n, int64_t d, int64_t gate_cols, const real *g, const real *a, const real *b,
	                  const real *dy, real *dg, real *da, real *db);

	/* y[i, :] = a[i, :] + row, for d columns; a NULL counts as zeros */
	void (*add_to_rows)(int64_t n, int64_t d, const real *a, const real *row, real *y);
	/* y[d] += sum over rows of x[n, d], in a fixed order */
	void (*add_rows)(int64_t n, int64_t d, const real *x, real *y);
	/* y[i, 0 … d) = x[i, 0 … d), or y += x, for rows that lie ldx and ldy elements apart */
	void (*copy_block)(int64_t n, int64_t d, const real *x, int64_t ldx, real *y, int64_t ldy);
	void (*add_block)(int64_t n, int64_t d, const real *x, int64_t ldx, real *y, int64_t ldy);
	/* y[i, :] = x[row[i], :], or +=, and dx[row[i], :] += dy[i, :] in order of i */
	void (*gather_add)(int64_t count, int64_t d, const int32_t *row, const real *x, real *y);
	void (*gather)(int64_t count, int64_t d, const int32_t *row, const real *x, real *y);
	void (*gather_grad)(int64_t count, int64_t d, const int32_t *row, const real *dy, real *dx);
	/* As op_embedding_bag states it, for d columns; the gradient is added pair by pair, in their order. */
	void (*embedding_bag)(const struct bags *b, int64_t d, const real *table, real *y);
	void (*embedding_bag_grad)(const struct bags *b, int64_t d, const real *dy, real *dtable);

	void (*attention)(const struct attention_data *a, real *y);
	void (*attention_grad)(const struct attention_data *a, const real *dy, real *dq, real *dk, real *dv);
	/* As the ops of these names state them. */
	void (*segment_softmax)(const struct segments *s, const real *x, real *y);
	void (*segment_softmax_grad)(const struct segments *s, const real *y, const real *dy, real *dx);
	void (*segment_sum)(const struct segments *s, int64_t d, const real *x, const real *a, real *y);
	void (*segment_sum_grad)(const struct segments *s, int64_t d, const real *x, const real *a, const real *dy,
	                         real *dx, real *da);
	void (*segment_dot)(const struct segments *s, int64_t d, const real *x, const real *u, real *y);
	void (*segment_dot_grad)(const struct segments *s, int64_t d, const real *x, const real *u, const real *dy,
	                         real *dx, real *du);
	/* For each segment a block c [n, m] and rows x [n, d] of its queries and y [m, d] of its keys: c = x y', x = c y, y = c' x, or
	 * where add says so +=. */
	void (*block_dot)(const struct blocks *b, int64_t d, const real *x, const real *y, bool add, real *c);
	void (*block_to_queries)(const struct blocks *b, int64_t d, const real *c, const real *y, bool add, real *x);
	void (*block_to_keys)(const struct blocks *b, int64_t d, const real *c, const real *x, bool add, real *y);
	/* softmax [n] within segments, and the mean of -log of each segment's first; dx += up * its gradient */
	void (*cross_entropy)(const struct segments *s, const real *x, real *softmax, real *loss);
	void (*cross_entropy_grad)(const struct segments *s, const real *softmax, real up, real *dx);

	/* *loss = mean of max(x, 0) - x z + log(1 + exp(-|x|)); dx += up * its gradient */
	void (*bce)(int64_t n, const real *x, const real *z, real *loss);
	void (*bce_grad)(int64_t n, const real *x, const real *z, real up, real *dx);
	/* *loss = mean of (a - b)^2 */
	void (*mse)(int64_t n, const real *a, const real *b, real *loss);
	void (*mse_grad)(int64_t n, const real *a, const real *b, real up, real *da, real *db);

	void (*adam)(int64_t n, const struct adam_factors *f, const real *g, real *m, real *v, real *w);
	/* The same for rows row[0 … count), each once, of tables [rows, d]. */
	void (*adam_rows)(int64_t count, int64_t d, const int32_t *row, const struct adam_factors *f, const real *g,
	                  real *m, real *v, real *w);
	double (*sum_of_squares)(int64_t n, const real *x);
	/* x *= alpha */
	void (*scale)(int64_t n, real alpha, real *x);

	/* columns [channels * taps, outputs]: x [channels, in] under every tap, zeros outside */
	void (*window_columns)(const struct windows *w, int64_t channels, const real *x, real *columns);
	void (*window_columns_grad)(const struct windows *w, int64_t channels, const real *columns, real *dx);
	/* at [planes, outputs], where not NULL, is told which element of the plane each maximum is */
	void (*max_pool)(const struct windows *w, int64_t planes, const real *x, real *y, int32_t *at);
	void (*max_pool_grad)(const struct windows *w, int64_t planes, const int32_t *at, const real *dy, real *dx);
	void (*average_pool)(const struct windows *w, int64_t planes, bool count_padding, const real *x, real *y);
	void (*average_pool_grad)(const struct windows *w, int64_t planes, bool count_padding, const real *dy, real *dx);
	/* y[n, c, size] = x * scale[c] + shift[c], may be in place; scale NULL counts as ones */
	void (*scale_planes)(int64_t n, int64_t channels, int64_t size, const real *x, const real *scale, const real *shift,
	                     real *y);
	void (*scale_planes_grad)(int64_t n, int64_t channels, int64_t size, const real *x, const real *scale,
	                          const real *dy, real *dx, real *dscale, real *dshift);
	void (*gru_step)(const struct recurrent_step *s);
	void (*gru_step_grad)(const struct recurrent_step *s);
	void (*lstm_step)(const struct recurrent_step *s);
	void (*lstm_step_grad)(const struct recurrent_step *s);
	/* columns [n, d * taps]: x [n, d] at row i + k dilation - (taps - 1) dilation / 2 of the same segment, else 0 */
	void (*segment_columns)(const struct segments *s, int64_t d, int64_t taps, int64_t dilation, const real *x,
	                        real *columns);
	void (*segment_columns_grad)(const struct segments *s, int64_t d, int64_t taps, int64_t dilation,
	                             const real *columns, real *dx);
	/* box [count, 5]: item, left, top, right, bottom */
	void (*roi_align)(const struct roi_data *r, int64_t count, const real *box, const real *x, real *y);
	void (*roi_align_grad)(const struct roi_data *r, int64_t count, const real *box, const real *dy, real *dx);
	void (*match)(const struct match_data *m, real *y);
	void (*match_grad)(const struct match_data *m, const real *dy, real *dclick, real *dcandidate);
	void (*convolution_pool)(const struct convolution_pool_data *c, real *y);
	void (*convolution_pool_grad)(const struct convolution_pool_data *c, const real *y, const real *dy, real *dx,
	                              real *dw, real *db);
};

/* The CPU's table: OpenBLAS or oneDNN for gemm, OpenMP for the rest. */
extern const struct kernels kernels;

/* Threads of the one OpenMP pool that BLAS, oneDNN and the kernels share. Call once, before any op; results
 * for a fixed number are bit-identical from run to run. */
void kernels_set_threads(int threads);

#endif
