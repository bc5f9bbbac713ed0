/* Rows that attend to each other, and mix what the heads give.
 *
 *     a_k = softmax(x_i . Q_k x_j) over j,   y_i = concat_k(sum_j a_k x_j) V        (VLSNR eq. 1-2 and 7-8)
 *
 * Q_k and V are products of two factors: Q_k = q_k' k_k, and the rows of V that meet head k are (out_k v_k)', of rank
 * width / heads, as in a transformer.                                            (Vaswani et al. 2017) */
#ifndef COVERLINE_MODEL_LAYERS_SELF_ATTENTION_H
#define COVERLINE_MODEL_LAYERS_SELF_ATTENTION_H

#include "model/layers/linear.h"

struct self_attention {
	struct linear q, k, v; /* [width, width]; head h is rows h * width / heads … */
	struct linear out;     /* [width, width]; head h is columns h * width / heads … */
	int heads;
	double scale;
};

/* Registers "<prefix>.{q,k,v,out}.weight". scale: what logits are multiplied by. ST_USAGE if the heads do not divide the
 * width, or a name is taken. */
MUST_CHECK enum status self_attention_init(struct self_attention *l, struct params *ps, const char *prefix,
                                           int64_t width, int64_t heads, double scale);
/* x [n, width] -> [n, width]; rows attend within their segment. weights, where not NULL, receives a_k as op_attention gives
 * them. */
struct tensor *self_attention_apply(const struct self_attention *l, struct tape *t, struct tensor *x,
                                    const struct segments *s, const real **weights);

#endif
