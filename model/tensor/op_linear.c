#include "model/tensor/op.h"

#include <string.h>

static void linear_backward(struct tape *t, struct node *n)
{
	(void)t;
	struct tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
	const real *dy = n->out->grad;
	const int64_t rows = tensor_rows(x), in = tensor_cols(x), out = tensor_cols(n->out);
	if (x->grad)
		kernels.gemm(false, false, rows, in, out, 1, dy, out, w->data, in, 1, x->grad, in);
	if (w->grad)
		kernels.gemm(true, false, out, in, rows, 1, dy, out, x->data, in, 1, w->grad, in);
	if (b && b->grad)
		kernels.add_rows(rows, out, dy, b->grad);
}

struct tensor *op_linear(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b)
{
	struct tensor *in[] = {x, w, b};
	if (!op_ready(t, in, 2))
		return NULL;
	if (x->ndim < 1 || w->ndim != 2 || w->dim[1] != tensor_cols(x))
		return tape_fail(t, "linear: x is %s and w is %s, expected [..., in] and [out, in]", shape_text(x).s,
		                 shape_text(w).s);
	const int64_t rows = tensor_rows(x), k = tensor_cols(x), out = w->dim[0];
	if (b && (b->ndim != 1 || b->dim[0] != out))
		return tape_fail(t, "linear: b is %s, expected [%lld]", shape_text(b).s, (long long)out);
	int64_t dim[TENSOR_DIMS];
	memcpy(dim, x->dim, sizeof dim);
	dim[x->ndim - 1] = out;
	struct tensor *y = op_result(t, x->ndim, dim, in, 3);
	if (b)
		kernels.add_to_rows(rows, out, NULL, b->data, y->data);
	kernels.gemm(false, true, rows, out, k, 1, x->data, k, w->data, k, b ? 1 : 0, y->data, out);
	return op_done(t, linear_backward, y, in, 3, NULL, 0);
}

GRADIENT_CASE(linear)
{
	static const int64_t x[][3] = {{5, 3, 1}, {2, 3, 7}, {0, 4, 1}, {1, 1, 1}, {17, 9, 1}};
	static const int64_t w[][2] = {{4, 3}, {6, 7}, {3, 4}, {1, 1}, {19, 9}};
	if (variant >= 5)
		return NULL;
	struct tensor *in = gradient_input(g, variant == 1 ? 3 : 2, x[variant]);
	struct tensor *weight = gradient_input(g, 2, w[variant]);
	struct tensor *bias = variant == 4 ? NULL : gradient_input(g, 1, &w[variant][0]);
	return op_linear(t, in, weight, bias);
}
