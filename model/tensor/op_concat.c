#include "model/tensor/op.h"

static void concat_backward(struct tape *t, struct node *n)
{
	(void)t;
	struct tensor *a = n->in[0], *b = n->in[1];
	const int64_t rows = a->dim[0], c = a->dim[1], d = b->dim[1];
	const real *dy = n->out->grad;
	if (a->grad)
		kernels.add_block(rows, c, dy, c + d, a->grad, c);
	if (b->grad)
		kernels.add_block(rows, d, dy + c, c + d, b->grad, d);
}

struct tensor *op_concat(struct tape *t, struct tensor *a, struct tensor *b)
{
	struct tensor *in[] = {a, b};
	if (!op_ready(t, in, 2))
		return NULL;
	if (a->ndim != 2 || b->ndim != 2 || a->dim[0] != b->dim[0])
		return tape_fail(t, "concat: a is %s and b is %s, expected [n, c] and [n, d]", shape_text(a).s,
		                 shape_text(b).s);
	const int64_t rows = a->dim[0], c = a->dim[1], d = b->dim[1];
	struct tensor *y = op_result(t, 2, (int64_t[]){rows, c + d}, in, 2);
	kernels.copy_block(rows, c, a->data, c, y->data, c + d);
	kernels.copy_block(rows, d, b->data, d, y->data + c, c + d);
	return op_done(t, concat_backward, y, in, 2, NULL, 0);
}

GRADIENT_CASE(concat)
{
	static const int64_t a[][2] = {{3, 5}, {4, 1}, {0, 3}, {2, 0}, {9, 17}};
	static const int64_t b[][2] = {{3, 2}, {4, 7}, {0, 2}, {2, 3}, {9, 16}};
	if (variant >= 5)
		return NULL;
	struct tensor *left = gradient_input(g, 2, a[variant]);
	return op_concat(t, left, gradient_input(g, 2, b[variant]));
}
