/* Additive attention: one vector from each segment's rows.
 *
 *     a = softmax(q . tanh(W x + b)) within the segment,  y = sum a x     (Bahdanau et al. 2015; NRMS eq. 4-5;
 *                                                                           IMRec eq. 5-6, 10-11) */
#ifndef COVERLINE_MODEL_LAYERS_ATTENTION_POOL_H
#define COVERLINE_MODEL_LAYERS_ATTENTION_POOL_H

#include "model/layers/linear.h"

struct attention_pool {
	struct linear hidden; /* W [hidden, dim] and b */
	struct linear query;  /* q [1, hidden] */
};

/* Registers "<prefix>.hidden.weight", "<prefix>.hidden.bias" and "<prefix>.query.weight". */
MUST_CHECK enum status attention_pool_init(struct attention_pool *l, struct params *ps, const char *prefix, int64_t dim,
                                           int64_t hidden);
/* x [n, dim] -> [segments, dim]; an empty segment gives zeros. */
struct tensor *attention_pool_apply(const struct attention_pool *l, struct tape *t, struct tensor *x,
                                    const struct segments *s);
/* The weights a alone, [n, 1]. */
struct tensor *attention_pool_weigh(const struct attention_pool *l, struct tape *t, struct tensor *x,
                                    const struct segments *s);

#endif
