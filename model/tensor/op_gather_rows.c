#include "model/tensor/op.h"

/* saved is the list of rows. */
static void gather_rows_backward(struct tape *t, struct node *n)
{
	(void)t;
	kernels.gather_grad(n->out->dim[0], n->out->dim[1], n->saved, n->out->grad, n->in[0]->grad);
}

struct tensor *op_gather_rows(struct tape *t, struct tensor *x, const int32_t *row, int64_t count)
{
	if (!op_ready(t, &x, 1))
		return NULL;
	if (x->ndim != 2)
		return tape_fail(t, "gather_rows: x is %s, expected [n, d]", shape_text(x).s);
	if (!op_indices_fit(t, "gather_rows", row, count, x->dim[0]))
		return NULL;
	struct tensor *y = op_result(t, 2, (int64_t[]){count, x->dim[1]}, &x, 1);
	kernels.gather(count, x->dim[1], row, x->data, y->data);
	op_done(t, gather_rows_backward, y, &x, 1, NULL, 0);
	if (y->grad)
		t->last->saved = (int32_t *)row;
	return y;
}

GRADIENT_CASE(gather_rows)
{
	static const int64_t dim[][2] = {{4, 3}, {2, 17}, {3, 5}, {0, 3}};
	static const int32_t row[][6] = {{3, 0, 0, 2, 3, 3}, {1, 1}, {0}, {0}};
	static const int64_t count[] = {6, 2, 0, 0};
	return variant < 4 ? op_gather_rows(t, gradient_input(g, 2, dim[variant]), row[variant], count[variant]) : NULL;
}
