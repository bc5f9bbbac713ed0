/* The ops. Each is one file, op_NAME.c, with forward, backward, shape check and gradient case; OPS below is the list of
 * them, and the gradient test is built from that list, so an op without a case does not link.
 *
 * Every op returns a new tensor on the tape, or NULL after a failure: an op given a NULL input returns NULL, so a model may
 * be written as one chain and asked once, with tape_status, how it went. "Gradients" names the inputs that get one. */
#ifndef COVERLINE_MODEL_TENSOR_OPS_H
#define COVERLINE_MODEL_TENSOR_OPS_H

#include "model/tensor/tensor.h"
#include "model/tensor/volumes.h"

/* X(name): file op_name.c, gradient case op_name_case. */
/* clang-format off */
#define OPS(X) \
	X(linear) X(tanh) X(sigmoid) X(relu) X(lerp) X(dropout) X(concat) X(embedding) X(gather_rows) X(attention) \
	X(segment_softmax) X(segment_sum) X(segment_dot) X(cross_entropy) \
	X(add) X(sub) X(mul) X(div) X(matmul) X(sum) X(mean) X(max) X(softmax) X(log_softmax) X(scatter_rows) \
	X(slice) X(reshape) X(permute) X(bce) X(mse) \
	X(convolution) X(max_pool) X(average_pool) X(batch_norm) X(roi_align) X(gru) X(lstm) X(segment_last) \
	X(segment_convolution) X(match) X(convolution_pool) X(elu) \
	X(gelu) X(gelu_tanh) X(quick_gelu) X(layer_norm) X(normalise) X(embedding_bag) \
	X(dice) X(block_dot) X(block_sum)
/* clang-format on */

/* y[n, o] = sum_k x[n, k] * w[o, k] + b[o].           (torch.nn.functional.linear)
 * x [..., k] is folded to [n, k], so a batch is one gemm; y is [..., o]. b may be NULL.
 * Gradients: x, w, b. Saves nothing beyond its inputs. */
struct tensor *op_linear(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b);

/* Elementwise, of the shape that a and b broadcast to: aligned at the last dimension, and where one is 1 or missing it is
 * repeated.          (numpy.broadcast) Gradients: a, b. */
struct tensor *op_add(struct tape *t, struct tensor *a, struct tensor *b);
struct tensor *op_sub(struct tape *t, struct tensor *a, struct tensor *b);
struct tensor *op_mul(struct tape *t, struct tensor *a, struct tensor *b);
struct tensor *op_div(struct tape *t, struct tensor *a, struct tensor *b);

/* y[..., m, n] = sum_k a[..., m, k] * b[..., k, n], or with a [..., k, m] or b [..., n, k] where the flag says so; the
 * dimensions before the last two broadcast.          (torch.matmul) Gradients: a, b. */
enum matmul_flags { MATMUL_PLAIN = 0, MATMUL_TRANSPOSE_A = 1, MATMUL_TRANSPOSE_B = 2 };
struct tensor *op_matmul(struct tape *t, struct tensor *a, struct tensor *b, unsigned flags);

/* Over a set of axes, which are gone from the result, or with AXES_KEEP are 1 in it. A result without dimensions is [1].
 * Along axes without elements a sum is 0; a mean or a maximum fails. Of equal largest elements the first gets the
 * gradient. Gradients: x. */
enum axes { AXIS_0 = 1, AXIS_1 = 2, AXIS_2 = 4, AXIS_3 = 8, AXIS_4 = 16, AXES_ALL = 31, AXES_KEEP = 32 };
struct tensor *op_sum(struct tape *t, struct tensor *x, unsigned axes);
struct tensor *op_mean(struct tape *t, struct tensor *x, unsigned axes);
struct tensor *op_max(struct tape *t, struct tensor *x, unsigned axes);

/* Along the last dimension, over the elements whose mask, [size of x], is not 0; all others are 0 in the result of either,
 * so a row that is masked whole is zeros. mask is borrowed until reset; NULL hides nothing. Gradients: x. */
struct tensor *op_softmax(struct tape *t, struct tensor *x, const uint8_t *mask);
struct tensor *op_log_softmax(struct tape *t, struct tensor *x, const uint8_t *mask);

/* Elementwise. Gradients: x. */
struct tensor *op_tanh(struct tape *t, struct tensor *x);
struct tensor *op_sigmoid(struct tape *t, struct tensor *x);
struct tensor *op_relu(struct tape *t, struct tensor *x);
/* y = x where x > 0, else exp(x) - 1.                  (Clevert et al. 2016) Elementwise. Gradients: x. */
struct tensor *op_elu(struct tape *t, struct tensor *x);

/* y = x P(X < x) for a standard normal X (BERT); its stand-ins x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) and
 * x sigmoid(1.702 x) (CLIP).                                 (Hendrycks & Gimpel 2016)
 * Elementwise. Gradients: x. Save nothing beyond x. */
struct tensor *op_gelu(struct tape *t, struct tensor *x);
struct tensor *op_gelu_tanh(struct tape *t, struct tensor *x);
struct tensor *op_quick_gelu(struct tape *t, struct tensor *x);

/* The moments of a layer's columns, parameters [d] that follow those of training's batches (params_follow). */
struct followed_moments {
	struct tensor *mean, *variance;
	double epsilon;
};

/* y = p x + (1 - p) alpha x, p = 1 / (1 + exp(-(x - mean) / sqrt(variance + epsilon))), column by column: x [..., d], alpha [d].
 * While training the moments are those of x's own rows, the variance divided by their number, and part of the gradient; each
 * tape's share of them goes to who follows them. Otherwise, and without rows, they are those followed, so a row's y is its own.
 *                                                                             (DIN, Zhou et al. 2018, section 5.2)
 * Gradients: x, alpha. Saves p. */
struct tensor *op_dice(struct tape *t, struct tensor *x, struct tensor *alpha, const struct followed_moments *followed);

/* y[n, :] = (x[n, :] - mean) / sqrt(variance + epsilon) * gain + shift, moments over the row, the variance divided by d.
 * x [..., d] with d > 0, gain and shift [d].                  (Ba et al. 2016; torch.nn.functional.layer_norm)
 * Gradients: x, gain, shift. Saves each row's moments. */
struct tensor *op_layer_norm(struct tape *t, struct tensor *x, struct tensor *gain, struct tensor *shift,
                             double epsilon);

/* y[n, :] = x[n, :] / max(|x[n, :]|, 1e-12): rows of length 1, so that products of them are cosines; a row of zeros stays one, and
 * gets no gradient. x [..., d].                              (torch.nn.functional.normalize) Gradients: x. */
struct tensor *op_normalise(struct tape *t, struct tensor *x);

/* y = g * a + (1 - g) * b for a, b [n, d] and g [n, d] or [n, 1].          (IMRec eq. 8)
 * Gradients: g, a, b. */
struct tensor *op_lerp(struct tape *t, struct tensor *g, struct tensor *a, struct tensor *b);

/* While training: y = x * m / (1 - p), m 0 with probability p, drawn by counter from (seed, step, call): the same on any
 * number of threads. Otherwise y is x itself. 0 <= p < 1. Gradients: x. */
struct tensor *op_dropout(struct tape *t, struct tensor *x, double p);

/* The count inputs one after another along an axis; their other dimensions are equal. 1 <= count <= NODE_INPUTS.
 * Gradients: each. */
struct tensor *op_concat(struct tape *t, struct tensor *const *in, int count, int axis);
/* Indices first … first + count - 1 along an axis. Gradients: x. */
struct tensor *op_slice(struct tape *t, struct tensor *x, int axis, int64_t first, int64_t count);
/* x's own elements and gradient under another shape of the same size. */
struct tensor *op_reshape(struct tape *t, struct tensor *x, int ndim, const int64_t *dim);
/* Dimension d of y is dimension axis[d] of x; axis [dimensions of x]. Gradients: x. */
struct tensor *op_permute(struct tape *t, struct tensor *x, const int *axis);

/* y[i, :] = table[id[i], :] for table [rows, d]. ids are borrowed until reset; one out of range fails.
 * Gradients: table (added row by row, in order of i; the rows are listed where the table keeps the list). */
struct tensor *op_embedding(struct tape *t, struct tensor *table, const int32_t *id, int64_t count);

/* y[s, :] = sum over pairs i of segment s of value[i] * table[index[i], :] for table [rows, d]; y [count, d]. An empty segment
 * gives zeros; value NULL counts as ones. Arrays are borrowed until reset; an index out of range fails.
 *                                            (torch.nn.functional.embedding_bag, mode "sum", per_sample_weights)
 * Gradients: table (added pair by pair, in their order; the rows are listed where the table keeps the list). */
struct tensor *op_embedding_bag(struct tape *t, struct tensor *table, const int32_t *index, const real *value,
                                const struct segments *s);

/* y[i, :] = x[row[i], :]. As op_embedding, for rows made on the tape: the distinct news of a batch, spread over
 * histories and candidates. Gradients: x. */
struct tensor *op_gather_rows(struct tape *t, struct tensor *x, const int32_t *row, int64_t count);

/* y [rows, d] = 0, then y[row[i], :] += x[i, :] in order of i. row [n] is borrowed until reset; one out of range fails.
 * Gradients: x [n, d]. */
struct tensor *op_scatter_rows(struct tape *t, struct tensor *x, const int32_t *row, int64_t rows);

/* How op_attention attends. */
struct attention {
	int heads;
	double scale;
	/* Of the softmax, while training: weight e of the array below is kept or dropped by value e of a stream, drawn as
	 * op_dropout draws. 0 <= dropout < 1. */
	double dropout;
	/* Query i of a segment sees its keys 0 … i only. */
	bool causal;
	/* Keys that a query does not see are 0: for each segment a block [queries, keys] that all heads share, blocks in
	 * order of segments. Borrowed until the tape is reset; NULL: none is hidden. */
	const uint8_t *mask;
	/* Where not NULL, receives the softmax, before dropout, as a borrowed array: for segment s, head h a block [queries of
	 * s, keys of s], blocks in order of (s, h). */
	const real **weights;
};

/* Multi-head attention over segments. Query segment s attends to key segment s:
 *     y[i, h] = sum_j softmax_j(scale * q[i, h] . k[j, h]) v[j, h]
 * q [tq, heads * dk], k [tk, heads * dk], v [tk, heads * dv], y [tq, heads * dv]; head h is columns h * dk …
 * A query that sees no key gives zeros. how is copied.
 * Gradients: q, k, v. Saves the softmax.         (Vaswani et al. 2017; NRMS eq. 1-3; IMRec eq. 1-4, 9) */
struct tensor *op_attention(struct tape *t, struct tensor *q, struct tensor *k, struct tensor *v,
                            const struct segments *query, const struct segments *key, const struct attention *how);

/* y = softmax of x [n] or [n, 1] within each segment; same shape. Gradients: x. */
struct tensor *op_segment_softmax(struct tape *t, struct tensor *x, const struct segments *s);

/* y[s, :] = sum over i in segment s of a[i] * x[i, :]; x [n, d], a [n] or [n, 1], y [count, d]. An empty segment
 * gives zeros. Gradients: x, a. */
struct tensor *op_segment_sum(struct tape *t, struct tensor *x, struct tensor *a, const struct segments *s);

/* y[i] = x[i, :] . u[s, :] for i in segment s; x [n, d], u [count, d], y [n]: the click scores of each user's
 * candidates. Gradients: x, u. */
struct tensor *op_segment_dot(struct tape *t, struct tensor *x, struct tensor *u, const struct segments *s);

/* Every row of a query segment with every row of the key segment of the same number, which need not be equally many: for segment
 * s a block [queries of s, keys of s], blocks in order of segments.
 *     block_dot: y[i, j] = q[i, :] . k[j, :] for q [tq, d], k [tk, d]; y [pairs].
 *     block_sum: y[i, :] = sum_j a[i, j] v[j, :] for a [pairs], v [tk, d]; y [tq, d]; zeros for a query without keys.
 * What op_attention does in one, for weights that are not its softmax.
 * Gradients: q, k; a, v. */
struct tensor *op_block_dot(struct tape *t, struct tensor *q, struct tensor *k, const struct segments *query,
                            const struct segments *key);
struct tensor *op_block_sum(struct tape *t, struct tensor *a, struct tensor *v, const struct segments *query,
                            const struct segments *key);

/* loss = mean over segments of -log softmax(score)[first], where the first of each segment is the clicked one.
 * score [n] or [n, 1], no segment empty; loss [1].            (IMRec eq. 12) Gradients: score. */
struct tensor *op_cross_entropy(struct tape *t, struct tensor *score, const struct segments *s);

/* loss [1] = mean of -(z log p + (1 - z) log(1 - p)) with p = 1 / (1 + exp(-logit)) and z the target, of logit's shape,
 * which may lie anywhere in [0, 1]; finite for any logit.    (torch binary_cross_entropy_with_logits) Gradients: logit. */
struct tensor *op_bce(struct tape *t, struct tensor *logit, struct tensor *target);

/* loss [1] = mean of (a - b)^2, for a and b of one shape. Gradients: a, b. */
struct tensor *op_mse(struct tape *t, struct tensor *a, struct tensor *b);

/* Windows over maps ------------------------------------------------------------------------------------------------- */

/* One entry a dimension of the map. A stride or dilation of 0 stands for 1. */
struct window_options {
	int64_t kernel[3]; /* read by pooling only: a convolution's is its weight's shape */
	int64_t stride[3], padding[3], dilation[3];
};

/* Convolution over one, two or three dimensions.      (torch.nn.functional.conv1d, conv2d, conv3d)
 * x [n, c, …], w [o, c / groups, …], b [o] or NULL; y [n, o, …], floor((in + 2 padding - dilation (kernel - 1) - 1) / stride)
 * + 1 along each. Gradients: x, w, b. Columns are gathered an item at a time, again on the way back. */
struct tensor *op_convolution(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b, int64_t groups,
                              const struct window_options *o);

/* Maximum over windows of one, two or three dimensions of x [n, c, …]; what padding adds never wins, NaN does, and the
 * first of equals gets the gradient, as in PyTorch. Padding is at most half the kernel; no dilation.
 * Gradients: x.     (torch.nn.functional.max_pool1d, 2d, 3d) */
struct tensor *op_max_pool(struct tape *t, struct tensor *x, const struct window_options *o);

/* Whether a mean divides by what padding adds too (PyTorch's default). */
enum pool_padding {
	POOL_COUNT_PADDING,
	POOL_SKIP_PADDING,
};
/* Mean over windows, as op_max_pool. Gradients: x.     (torch.nn.functional.avg_pool1d, 2d, 3d) */
struct tensor *op_average_pool(struct tape *t, struct tensor *x, const struct window_options *o,
                               enum pool_padding padding);

/* y = (x - mean[c]) / sqrt(variance[c] + epsilon) * weight[c] + bias[c] for x [n, c, …], with the statistics of training.
 * weight and bias may be NULL. Gradients: x, weight, bias.     (torch.nn.BatchNorm in eval; Ioffe and Szegedy 2015) */
struct tensor *op_batch_norm(struct tape *t, struct tensor *x, struct tensor *weight, struct tensor *bias,
                             const struct tensor *mean, const struct tensor *variance, double epsilon);

struct roi_options {
	int64_t height, width; /* bins */
	int64_t samples;       /* along each axis of a bin; 0: enough for one an element (torchvision's -1) */
	double scale;          /* from the boxes' coordinates to the map's */
	bool aligned;          /* shifted by half an element, which is right; false: as published detectors were trained */
};

/* Mean of bilinear samples in height x width bins of each box; x [n, c, h, w], box [k, 5] (item, left, top, right, bottom)
 * borrowed until reset, y [k, c, height, width]. Gradients: x.     (torchvision.ops.roi_align; He et al. 2017) */
struct tensor *op_roi_align(struct tape *t, struct tensor *x, const struct tensor *box, const struct roi_options *o);

/* Sequences --------------------------------------------------------------------------------------------------------- */

/* PyTorch's names and order of gates: GRU r, z, n; LSTM i, f, g, o. Biases may be NULL. */
struct recurrent_weights {
	struct tensor *w_ih; /* [gates * hidden, in] */
	struct tensor *w_hh; /* [gates * hidden, hidden] */
	struct tensor *b_ih; /* [gates * hidden] */
	struct tensor *b_hh;
};

/* All states of a GRU run over each segment from its row of state [count, hidden], or from zeros where state is NULL:
 * x [n, in], y [n, hidden]. op_segment_last takes the last ones. Segments run side by side without padding.
 * Gradients: x, the weights, state.      (torch.nn.GRU; Cho et al. 2014) */
struct tensor *op_gru(struct tape *t, struct tensor *x, const struct segments *s, const struct recurrent_weights *w,
                      struct tensor *state);
/* The same of an LSTM, whose cells start from memory [count, hidden] or zeros. Gradients: x, the weights, state, memory.
 *                                        (torch.nn.LSTM; Hochreiter and Schmidhuber 1997) */
struct tensor *op_lstm(struct tape *t, struct tensor *x, const struct segments *s, const struct recurrent_weights *w,
                       struct tensor *state, struct tensor *memory);

/* y[s, :] = the last row of segment s of x [n, d]; of an empty segment otherwise[s, :], or zeros where that is NULL.
 * Gradients: x, otherwise. */
struct tensor *op_segment_last(struct tape *t, struct tensor *x, const struct segments *s, struct tensor *otherwise);

/* 1-D convolution along each segment, which is padded with zeros to keep its length ("same"; an even kernel sees one row
 * more behind than before): x [n, in], w [out, in, kernel], b [out] or NULL, y [n, out].
 * Gradients: x, w, b.                    (torch.nn.functional.conv1d; FIM, Wang et al. 2020, eq. 1) */
struct tensor *op_segment_convolution(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b,
                                      const struct segments *s, int64_t dilation);

/* Matching images --------------------------------------------------------------------------------------------------- */

enum { MATCH_LEVELS = 8 };

/* What op_match pairs: the rows (words) of each impression's clicks with those of its candidates. The levels are runs of
 * columns, one after another; level l has width[l] of them. */
struct matching {
	struct segments click_rows, clicks;         /* rows of each click; clicks of each impression */
	struct segments candidate_rows, candidates; /* rows of each candidate; candidates of each impression */
	int levels;                                 /* 1 … MATCH_LEVELS */
	int64_t width[MATCH_LEVELS];
	double scale[MATCH_LEVELS];
};

/* For candidate n a volume of `levels` channels, a slice a click of its impression in their order:
 *     y[n, l, k, i, j] = scale[l] sum over the columns c of level l of clicks[k's row i, c] candidates[n's row j, c]
 * clicks and candidates [rows, sum of widths]; *images receives the volumes (memory is the tape's), whose elements y lists.
 * Gradients: clicks, candidates.              (FIM, Wang et al. 2020, its matching matrices and their 3-D image) */
struct tensor *op_match(struct tape *t, struct tensor *clicks, struct tensor *candidates, const struct matching *m,
                        struct volumes *images);

/* Which cells op_convolution_pool lists: those that a volume reaches into, or all of the map, so that y may be seen as
 * [count, channels, cells]. */
enum pool_extent { POOL_REACHED, POOL_WHOLE };

/* Convolution, maximum and activation of volumes in maps of grid[0] x grid[1] x grid[2], with the share of what an empty map
 * gives taken off, so that what no volume reaches into is 0 here too:
 *     y[n, o, cell] = elu(max over cell of (w * x + b)[o]) - elu(max over cell of b[o])
 * The kernel is 3 x 3 x 3 with a padding of zeros of 1, cells are 3 x 3 x 3 side by side; grid % 3 at the far end is in none.
 * x volumes `from` of c channels, none beyond grid; w [o, c, 3, 3, 3]; b [o], or [o, grid] where it differs from place to
 * place. *to receives y's volumes; memory is the tape's. The work is that of the volumes, not of the grid.
 * Gradients: x, w, b. Saves where each maximum is.
 *                              (torch.nn.Conv3d, MaxPool3d, ELU; FIM, Wang et al. 2020, its 3-D convolutions) */
struct tensor *op_convolution_pool(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b,
                                   const struct volumes *from, const int64_t grid[3], enum pool_extent extent,
                                   struct volumes *to);

#endif
