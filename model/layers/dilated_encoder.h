/* Hierarchical dilated convolutions: a title at several granularities, each level with a longer reach than the one below.
 *
 *     d^l = norm(relu(W^l * d^(l-1) + b^l)), dilation l = 1, 2, …; d^0 are the words' vectors
 *                                                                                    (FIM, Wang et al. 2020, eq. 1) */
#ifndef COVERLINE_MODEL_LAYERS_DILATED_ENCODER_H
#define COVERLINE_MODEL_LAYERS_DILATED_ENCODER_H

#include "model/layers/transformer_block.h"

enum { DILATED_LAYERS_MAX = MATCH_LEVELS - 1 };

struct dilated_layer {
	struct tensor *weight, *bias; /* [filters, in, kernel], [filters] */
	struct layer_norm norm;
};

struct dilated_encoder {
	struct dilated_layer layer[DILATED_LAYERS_MAX];
	int layers;
};

struct dilated_options {
	int64_t in, filters, kernel;
	int64_t layers; /* 1 … DILATED_LAYERS_MAX; layer l has dilation l */
};

/* Registers "<prefix>.N.convolution.{weight,bias}" and "<prefix>.N.norm.{weight,bias}", N from 1. */
MUST_CHECK enum status dilated_encoder_init(struct dilated_encoder *l, struct params *ps, const char *prefix,
                                            const struct dilated_options *o);
/* All levels side by side, [n, in + layers * filters], of x [n, in]; segments do not see each other. */
struct tensor *dilated_encoder_apply(const struct dilated_encoder *l, struct tape *t, struct tensor *x,
                                     const struct segments *s);

#endif
