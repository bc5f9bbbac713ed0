#include "model/tensor/op.h"

static void embedding_bag_backward(struct tape *t, struct node *n)
{
	(void)t;
	const struct bags *b = n->saved;
	struct tensor *table = n->in[0];
	if (table->touched)
		touched_rows_add(table->touched, b->index, b->segments.offset[b->segments.count]);
	kernels.embedding_bag_grad(b, table->dim[1], n->out->grad, table->grad);
}

struct tensor *op_embedding_bag(struct tape *t, struct tensor *table, const int32_t *index, const real *value,
                                const struct segments *s)
{
	if (!op_ready(t, &table, 1))
		return NULL;
	if (table->ndim != 2)
		return tape_fail(t, "embedding_bag: table is %s, expected [rows, d]", shape_text(table).s);
	if (!op_segments_fit(t, "embedding_bag", s, s->offset[s->count]) ||
	    !op_indices_fit(t, "embedding_bag", index, s->offset[s->count], table->dim[0]))
		return NULL;
	const struct bags bags = {.segments = *s, .index = index, .value = value};
	struct tensor *y = op_result(t, 2, (int64_t[]){s->count, table->dim[1]}, &table, 1);
	kernels.embedding_bag(&bags, table->dim[1], table->data, y->data);
	op_done(t, embedding_bag_backward, y, &table, 1, &bags, sizeof bags);
	if (y->grad)
		t->last->by_rows = true;
	return y;
}

GRADIENT_CASE(embedding_bag)
{
	static const int32_t ragged[] = {0, 3, 3, 4, 7}, none[] = {0}, empty[] = {0, 0, 0};
	static const struct segments s[] = {{ragged, 4}, {ragged, 4}, {none, 0}, {empty, 2}};
	static const int64_t dim[][2] = {{5, 3}, {6, 19}, {2, 3}, {2, 3}};
	static const int32_t index[] = {4, 1, 1, 0, 4, 3, 4};
	static const real value[] = {1, -2, (real)0.5, 3, 1, (real)0.25, -1};
	if (variant >= 4)
		return NULL;
	return op_embedding_bag(t, gradient_input(g, 2, dim[variant]), index, variant == 1 ? NULL : value, &s[variant]);
}
