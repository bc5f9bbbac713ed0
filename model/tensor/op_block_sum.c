#include "model/tensor/op.h"

/* saved is the blocks. */
static void block_sum_backward(struct tape *t, struct node *n)
{
	struct tensor *a = n->in[0], *v = n->in[1];
	(void)t;
	if (a->grad)
		kernels.block_dot(n->saved, v->dim[1], n->out->grad, v->data, true, a->grad);
	if (v->grad)
		kernels.block_to_keys(n->saved, v->dim[1], a->data, n->out->grad, true, v->grad);
}

struct tensor *op_block_sum(struct tape *t, struct tensor *a, struct tensor *v, const struct segments *query,
                            const struct segments *key)
{
	struct tensor *in[] = {a, v};
	struct blocks b = {.query = query, .key = key};
	int64_t pairs;
	if (!op_ready(t, in, 2))
		return NULL;
	if (v->ndim != 2)
		return tape_fail(t, "block_sum: v is %s, expected [tk, d]", shape_text(v).s);
	if (!op_pairs_of_segments_fit(t, "block_sum", query, query->offset[query->count], key, v->dim[0]))
		return NULL;
	b.at = op_blocks(t, query, key, 1, &pairs);
	if (tensor_size(a) != pairs)
		return tape_fail(t, "block_sum: a is %s, expected [%lld]", shape_text(a).s, (long long)pairs);
	struct tensor *y = op_result(t, 2, (int64_t[]){query->offset[query->count], v->dim[1]}, in, 2);
	kernels.block_to_queries(&b, v->dim[1], a->data, v->data, false, y->data);
	return op_done(t, block_sum_backward, y, in, 2, &b, sizeof b);
}

GRADIENT_CASE(block_sum)
{
	static const int32_t few[] = {0, 2, 2, 3, 8}, many[] = {0, 3, 4, 4, 11}, none[] = {0};
	static const struct segments query[] = {{few, 4}, {many, 4}, {none, 0}};
	static const struct segments key[] = {{many, 4}, {few, 4}, {none, 0}};
	static const int64_t pairs[] = {41, 41, 0}, width[] = {5, 19, 3};
	if (variant >= 3)
		return NULL;
	const int64_t rows = key[variant].offset[key[variant].count];
	struct tensor *a = gradient_input(g, 1, &pairs[variant]);
	struct tensor *v = gradient_input(g, 2, (int64_t[]){rows, width[variant]});
	return op_block_sum(t, a, v, &query[variant], &key[variant]);
}
