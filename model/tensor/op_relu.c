#include "model/tensor/op.h"

static void relu_backward(struct tape *t, struct node *n)
{
	(void)t;
	kernels.relu_grad(tensor_size(n->out), n->out->data, n->out->grad, n->in[0]->grad);
}

struct tensor *op_relu(struct tape *t, struct tensor *x)
{
	if (!op_ready(t, &x, 1))
		return NULL;
	struct tensor *y = op_result_like(t, x, &x, 1);
	kernels.relu(tensor_size(x), x->data, y->data);
	return op_done(t, relu_backward, y, &x, 1, NULL, 0);
}

GRADIENT_CASE(relu)
{
	static const int64_t dim[][3] = {{4, 5}, {2, 3, 7}, {0, 3}, {1}};
	static const int ndim[] = {2, 3, 2, 1};
	return variant < 4 ? op_relu(t, gradient_input(g, ndim[variant], dim[variant])) : NULL;
}
