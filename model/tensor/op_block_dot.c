#include "model/tensor/op.h"

/* saved is the blocks. */
static void block_dot_backward(struct tape *t, struct node *n)
{
	struct tensor *q = n->in[0], *k = n->in[1];
	(void)t;
	if (q->grad)
		kernels.block_to_queries(n->saved, q->dim[1], n->out->grad, k->data, true, q->grad);
	if (k->grad)
		kernels.block_to_keys(n->saved, q->dim[1], n->out->grad, q->data, true, k->grad);
}

struct tensor *op_block_dot(struct tape *t, struct tensor *q, struct tensor *k, const struct segments *query,
                            const struct segments *key)
{
	struct tensor *in[] = {q, k};
	struct blocks b = {.query = query, .key = key};
	int64_t pairs;
	if (!op_ready(t, in, 2))
		return NULL;
	if (q->ndim != 2 || k->ndim != 2 || q->dim[1] != k->dim[1])
		return tape_fail(t, "block_dot: q is %s and k is %s, expected [tq, d] and [tk, d]", shape_text(q).s,
		                 shape_text(k).s);
	if (!op_pairs_of_segments_fit(t, "block_dot", query, q->dim[0], key, k->dim[0]))
		return NULL;
	b.at = op_blocks(t, query, key, 1, &pairs);
	struct tensor *y = op_result(t, 1, &pairs, in, 2);
	kernels.block_dot(&b, q->dim[1], q->data, k->data, false, y->data);
	return op_done(t, block_dot_backward, y, in, 2, &b, sizeof b);
}

GRADIENT_CASE(block_dot)
{
	static const int32_t few[] = {0, 2, 2, 3, 8}, many[] = {0, 3, 4, 4, 11}, none[] = {0};
	static const struct segments query[] = {{few, 4}, {many, 4}, {none, 0}};
	static const struct segments key[] = {{many, 4}, {few, 4}, {none, 0}};
	static const int64_t width[] = {5, 19, 3};
	if (variant >= 3)
		return NULL;
	const int64_t d = width[variant], rows = query[variant].offset[query[variant].count];
	struct tensor *q = gradient_input(g, 2, (int64_t[]){rows, d});
	struct tensor *k = gradient_input(g, 2, (int64_t[]){key[variant].offset[key[variant].count], d});
	return op_block_dot(t, q, k, &query[variant], &key[variant]);
}
