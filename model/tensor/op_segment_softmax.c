#include "model/tensor/op.h"

/* saved is the segments. */
static void segment_softmax_backward(struct tape *t, struct node *n)
{
	(void)t;
	kernels.segment_softmax_grad(n->saved, n->out->data, n->out->grad, n->in[0]->grad);
}

struct tensor *op_segment_softmax(struct tape *t, struct tensor *x, const struct segments *s)
{
	if (!op_ready(t, &x, 1))
		return NULL;
	if (x->ndim < 1 || x->ndim > 2 || tensor_size(x) != x->dim[0])
		return tape_fail(t, "segment_softmax: x is %s, expected [n] or [n, 1]", shape_text(x).s);
	if (!op_segments_fit(t, "segment_softmax", s, x->dim[0]))
		return NULL;
	struct tensor *y = op_result_like(t, x, &x, 1);
	kernels.segment_softmax(s, x->data, y->data);
	return op_done(t, segment_softmax_backward, y, &x, 1, s, sizeof *s);
}

GRADIENT_CASE(segment_softmax)
{
	static const int32_t ragged[] = {0, 3, 3, 4, 25}, none[] = {0};
	static const struct segments s[] = {{ragged, 4}, {ragged, 4}, {none, 0}};
	if (variant >= 3)
		return NULL;
	const int64_t dim[] = {s[variant].offset[s[variant].count], 1};
	return op_segment_softmax(t, gradient_input(g, variant == 1 ? 2 : 1, dim), &s[variant]);
}
