#include "model/tensor/op.h"

static void lerp_backward(struct tape *t, struct node *n)
{
	(void)t;
	struct tensor *g = n->in[0], *a = n->in[1], *b = n->in[2];
	kernels.lerp_grad(a->dim[0], a->dim[1], g->dim[1], g->data, a->data, b->data, n->out->grad, g->grad, a->grad,
	                  b->grad);
}

struct tensor *op_lerp(struct tape *t, struct tensor *g, struct tensor *a, struct tensor *b)
{
	struct tensor *in[] = {g, a, b};
	if (!op_ready(t, in, 3))
		return NULL;
	if (a->ndim != 2 || !op_same_shape(a, b))
		return tape_fail(t, "lerp: a is %s and b is %s, expected both [n, d]", shape_text(a).s, shape_text(b).s);
	if (g->ndim != 2 || g->dim[0] != a->dim[0] || (g->dim[1] != 1 && g->dim[1] != a->dim[1]))
		return tape_fail(t, "lerp: g is %s for a %s, expected [n, d] or [n, 1]", shape_text(g).s, shape_text(a).s);
	struct tensor *y = op_result_like(t, a, in, 3);
	kernels.lerp(a->dim[0], a->dim[1], g->dim[1], g->data, a->data, b->data, y->data);
	return op_done(t, lerp_backward, y, in, 3, NULL, 0);
}

GRADIENT_CASE(lerp)
{
	static const int64_t dim[][2] = {{3, 5}, {4, 7}, {0, 3}, {5, 1}, {9, 17}};
	static const int64_t gate[][2] = {{3, 5}, {4, 1}, {0, 1}, {5, 1}, {9, 1}};
	if (variant >= 5)
		return NULL;
	struct tensor *weight = gradient_input(g, 2, gate[variant]);
	struct tensor *a = gradient_input(g, 2, dim[variant]);
	return op_lerp(t, weight, a, gradient_input(g, 2, dim[variant]));
}
