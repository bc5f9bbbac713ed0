#include "model/tensor/op.h"

/* saved is the segments. */
static void segment_sum_backward(struct tape *t, struct node *n)
{
	(void)t;
	struct tensor *x = n->in[0], *a = n->in[1];
	kernels.segment_sum_grad(n->saved, x->dim[1], x->data, a->data, n->out->grad, x->grad, a->grad);
}

struct tensor *op_segment_sum(struct tape *t, struct tensor *x, struct tensor *a, const struct segments *s)
{
	struct tensor *in[] = {x, a};
	if (!op_ready(t, in, 2))
		return NULL;
	if (x->ndim != 2 || a->ndim < 1 || a->ndim > 2 || a->dim[0] != x->dim[0] || tensor_size(a) != x->dim[0])
		return tape_fail(t, "segment_sum: x is %s and a is %s, expected [n, d] and [n]", shape_text(x).s,
		                 shape_text(a).s);
	if (!op_segments_fit(t, "segment_sum", s, x->dim[0]))
		return NULL;
	struct tensor *y = op_result(t, 2, (int64_t[]){s->count, x->dim[1]}, in, 2);
	kernels.segment_sum(s, x->dim[1], x->data, a->data, y->data);
	return op_done(t, segment_sum_backward, y, in, 2, s, sizeof *s);
}

GRADIENT_CASE(segment_sum)
{
	static const int32_t ragged[] = {0, 3, 3, 4, 10}, none[] = {0}, empty[] = {0, 0, 0};
	static const struct segments s[] = {{ragged, 4}, {ragged, 4}, {none, 0}, {empty, 2}};
	static const int64_t width[] = {5, 19, 3, 3};
	if (variant >= 4)
		return NULL;
	const int64_t n = s[variant].offset[s[variant].count];
	struct tensor *x = gradient_input(g, 2, (int64_t[]){n, width[variant]});
	return op_segment_sum(t, x, gradient_input(g, variant == 1 ? 2 : 1, (int64_t[]){n, 1}), &s[variant]);
}
