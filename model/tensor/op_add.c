#include "model/tensor/op.h"

static void add_backward(struct tape *t, struct node *n)
{
	(void)t;
	struct tensor *a = n->in[0], *b = n->in[1];
	const real *dy = n->out->grad;
	if (a->grad)
		kernels.axpy(tensor_size(a), 1, dy, a->grad);
	if (b->grad && op_same_shape(a, b))
		kernels.axpy(tensor_size(b), 1, dy, b->grad);
	else if (b->grad)
		kernels.add_rows(tensor_rows(a), tensor_cols(a), dy, b->grad);
}

struct tensor *op_add(struct tape *t, struct tensor *a, struct tensor *b)
{
	struct tensor *in[] = {a, b};
	if (!op_ready(t, in, 2))
		return NULL;
	const bool same = op_same_shape(a, b);
	if (!same && (b->ndim != 1 || a->ndim < 1 || b->dim[0] != tensor_cols(a)))
		return tape_fail(t, "add: a is %s and b is %s, expected the same or one row", shape_text(a).s, shape_text(b).s);
	struct tensor *y = op_result_like(t, a, in, 2);
	if (same)
		kernels.add(tensor_size(a), a->data, b->data, y->data);
	else
		kernels.add_to_rows(tensor_rows(a), tensor_cols(a), a->data, b->data, y->data);
	return op_done(t, add_backward, y, in, 2, NULL, 0);
}

GRADIENT_CASE(add)
{
	static const int64_t a[][2] = {{3, 5}, {4, 3}, {0, 3}, {9, 17}};
	if (variant == 4) {
		/* The same tensor twice: both gradients arrive. */
		struct tensor *x = gradient_input(g, 2, a[0]);
		return op_add(t, x, x);
	}
	if (variant > 4)
		return NULL;
	struct tensor *left = gradient_input(g, 2, a[variant]);
	struct tensor *right = variant ? gradient_input(g, 1, &a[variant][1]) : gradient_input(g, 2, a[variant]);
	return op_add(t, left, right);
}
