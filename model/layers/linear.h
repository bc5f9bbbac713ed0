/* An affine map with its parameters, named as torch.nn.Linear names them. */
#ifndef COVERLINE_MODEL_LAYERS_LINEAR_H
#define COVERLINE_MODEL_LAYERS_LINEAR_H

#include "model/tensor/ops.h"
#include "model/tensor/params.h"

/* Fields point at tensors owned by the params given to init: copy freely, free nothing. So it is with every layer. */
struct linear {
	struct tensor *weight; /* [out, in] */
	struct tensor *bias;   /* [out]; NULL: none */
};

enum linear_bias { LINEAR_PLAIN, LINEAR_BIAS };

/* Registers "<prefix>.weight" (Glorot & Bengio) and, with LINEAR_BIAS, "<prefix>.bias" (zeros).
 * ST_USAGE if the prefix is taken. */
MUST_CHECK enum status linear_init(struct linear *l, struct params *ps, const char *prefix, int64_t in, int64_t out,
                                   enum linear_bias bias);
/* [n, in] -> [n, out] */
struct tensor *linear_apply(const struct linear *l, struct tape *t, struct tensor *x);

/* params_add for "<prefix>.<name>". */
MUST_CHECK enum status layer_param(struct params *ps, const char *prefix, const char *name, int ndim,
                                   const int64_t *dim, struct init init, struct tensor **out);

#endif
