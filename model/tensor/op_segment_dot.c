#include "model/tensor/op.h"

/* saved is the segments. */
static void segment_dot_backward(struct tape *t, struct node *n)
{
	(void)t;
	struct tensor *x = n->in[0], *u = n->in[1];
	kernels.segment_dot_grad(n->saved, x->dim[1], x->data, u->data, n->out->grad, x->grad, u->grad);
}

struct tensor *op_segment_dot(struct tape *t, struct tensor *x, struct tensor *u, const struct segments *s)
{
	struct tensor *in[] = {x, u};
	if (!op_ready(t, in, 2))
		return NULL;
	if (x->ndim != 2 || u->ndim != 2 || u->dim[0] != s->count || u->dim[1] != x->dim[1])
		return tape_fail(t, "segment_dot: x is %s and u is %s, expected [n, d] and [%d, d]", shape_text(x).s,
		                 shape_text(u).s, (int)s->count);
	if (!op_segments_fit(t, "segment_dot", s, x->dim[0]))
		return NULL;
	struct tensor *y = op_result(t, 1, &x->dim[0], in, 2);
	kernels.segment_dot(s, x->dim[1], x->data, u->data, y->data);
	return op_done(t, segment_dot_backward, y, in, 2, s, sizeof *s);
}

GRADIENT_CASE(segment_dot)
{
	static const int32_t ragged[] = {0, 3, 3, 4, 10}, none[] = {0};
	static const struct segments s[] = {{ragged, 4}, {ragged, 4}, {none, 0}};
	static const int64_t width[] = {5, 19, 3};
	if (variant >= 3)
		return NULL;
	const int64_t d = width[variant];
	struct tensor *x = gradient_input(g, 2, (int64_t[]){s[variant].offset[s[variant].count], d});
	return op_segment_dot(t, x, gradient_input(g, 2, (int64_t[]){s[variant].count, d}), &s[variant]);
}
