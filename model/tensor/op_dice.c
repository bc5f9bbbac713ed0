#include <math.h>

#include "model/tensor/op.h"

struct saved_dice {
	struct dice_columns columns;
	const real *gate; /* [n, d] */
};

static void dice_backward(struct tape *t, struct node *n)
{
	const struct saved_dice *s = n->saved;
	const struct tensor *x = n->in[0], *alpha = n->in[1];
	const int64_t rows = tensor_rows(x), d = tensor_cols(x);
	real *sums = arena_calloc(&t->arena, (size_t)d * 3, sizeof *sums);
	kernels.dice_grad(rows, d, &s->columns, x->data, s->gate, n->out->grad, x->grad,
	                  alpha->grad ? alpha->grad : sums + 2 * d, sums);
}

/* Adds to what a parameter follows this tape's share of it. */
static void follow(const struct tape *t, const struct tensor *p, const real *seen)
{
	for (int64_t j = 0; p->grad && j < p->dim[0]; j++)
		p->grad[j] += (real)t->share * seen[j];
}

/* The moments that x is placed by: its own while training, and told to who follows them; without rows there is nothing
 * new to tell. */
static void find_moments(struct tape *t, const struct tensor *x, const struct followed_moments *followed,
                         struct dice_columns *c)
{
	const int64_t rows = tensor_rows(x), d = tensor_cols(x);
	const real *mean = followed->mean->data, *variance = followed->variance->data;
	c->of_rows = t->training && rows > 0;
	if (c->of_rows) {
		real *own = arena_alloc(&t->arena, (size_t)d * 2 * sizeof *own);
		kernels.column_moments(rows, d, x->data, own, own + d);
		mean = own;
		variance = own + d;
	}
	if (t->training && t->recording) {
		follow(t, followed->mean, mean);
		follow(t, followed->variance, variance);
	}
	real *rate = arena_alloc(&t->arena, (size_t)d * sizeof *rate);
	for (int64_t j = 0; j < d; j++)
		rate[j] = (real)(1 / sqrt((double)variance[j] + followed->epsilon));
	c->mean = mean;
	c->rate = rate;
}

struct tensor *op_dice(struct tape *t, struct tensor *x, struct tensor *alpha, const struct followed_moments *followed)
{
	struct tensor *in[] = {x, alpha};
	if (!op_ready(t, in, 2))
		return NULL;
	if (x->ndim < 1 || alpha->ndim != 1 || alpha->dim[0] != tensor_cols(x) || !op_same_shape(alpha, followed->mean) ||
	    !op_same_shape(alpha, followed->variance))
		return tape_fail(t, "dice: x is %s, alpha %s, mean %s, expected [..., d], [d], [d]", shape_text(x).s,
		                 shape_text(alpha).s, shape_text(followed->mean).s);
	struct tensor *y = op_result_like(t, x, in, 2);
	struct saved_dice s = {.columns = {.alpha = alpha->data}};
	find_moments(t, x, followed, &s.columns);
	real *gate = y->grad ? arena_alloc(&t->arena, (size_t)tensor_size(x) * sizeof *gate) : NULL;
	kernels.dice(tensor_rows(x), tensor_cols(x), &s.columns, x->data, y->data, gate);
	s.gate = gate;
	return op_done(t, dice_backward, y, in, 2, &s, sizeof s);
}

GRADIENT_CASE(dice)
{
	/* Moments of the rows, in two dimensions and three; those followed; a single row; none; a width beyond a vector's. */
	static const int64_t dim[][3] = {{1, 6, 3}, {2, 3, 2}, {1, 4, 3}, {1, 1, 3}, {1, 0, 3}, {1, 5, 37}};
	static real mean[37], variance[37];
	if (variant >= 6)
		return NULL;
	const int64_t *d = &dim[variant][2];
	for (int64_t j = 0; j < *d; j++) {
		mean[j] = (real)0.25 * (real)(j % 3);
		variance[j] = (real)(1 + j % 4) / 2;
	}
	t->training = variant != 2;
	struct tensor *x = gradient_input(g, 3, dim[variant]);
	const struct followed_moments m = {tape_borrow(t, 1, d, mean), tape_borrow(t, 1, d, variance), 1e-2};
	return op_dice(t, x, gradient_input(g, 1, d), &m);
}
