#include "model/tensor/op.h"

static void attention_backward(struct tape *t, struct node *n)
{
	(void)t;
	kernels.attention_grad(n->saved, n->out->grad, n->in[0]->grad, n->in[1]->grad, n->in[2]->grad);
}

static bool shapes_fit(struct tape *t, struct tensor *const *in, const struct segments *query,
                       const struct segments *key, int heads)
{
	const struct tensor *q = in[0], *k = in[1], *v = in[2];
	const bool widths = q->ndim == 2 && k->ndim == 2 && v->ndim == 2 && k->dim[0] == v->dim[0] &&
	                    q->dim[1] == k->dim[1] && heads > 0 && q->dim[1] % heads == 0 && v->dim[1] % heads == 0;
	if (!widths) {
		tape_fail(t, "attention: q is %s, k %s, v %s, expected [tq, %d dk], [tk, %d dk], [tk, %d dv]", shape_text(q).s,
		          shape_text(k).s, shape_text(v).s, heads, heads, heads);
		return false;
	}
	if (query->count != key->count) {
		tape_fail(t, "attention: %d segments of queries, but %d of keys", (int)query->count, (int)key->count);
		return false;
	}
	return op_segments_fit(t, "attention", query, q->dim[0]) && op_segments_fit(t, "attention", key, k->dim[0]);
}

/* Lays the weights out in blocks and makes room for them. */
static void make_weights(struct tape *t, struct attention_data *a)
{
	int64_t *block = arena_alloc(&t->arena, ((size_t)a->query->count + 1) * sizeof *block);
	int64_t end = 0;
	for (int32_t s = 0; s < a->query->count; s++) {
		const int64_t queries = a->query->offset[s + 1] - a->query->offset[s];
		const int64_t keys = a->key->offset[s + 1] - a->key->offset[s];
		block[s] = end;
		end += a->heads * queries * keys;
	}
	a->block = block;
	a->weights = arena_alloc(&t->arena, (size_t)end * sizeof *a->weights);
}

struct tensor *op_attention(struct tape *t, struct tensor *q, struct tensor *k, struct tensor *v,
                            const struct segments *query, const struct segments *key, int heads, double scale,
                            const real **weights)
{
	struct tensor *in[] = {q, k, v};
	if (!op_ready(t, in, 3) || !shapes_fit(t, in, query, key, heads))
		return NULL;
	struct attention_data a = {.query = query,
	                           .key = key,
	                           .heads = heads,
	                           .dk = q->dim[1] / heads,
	                           .dv = v->dim[1] / heads,
	                           .scale = (real)scale,
	                           .q = q->data,
	                           .k = k->data,
	                           .v = v->data};
	struct tensor *y = op_result(t, 2, (int64_t[]){q->dim[0], v->dim[1]}, in, 3);
	if (y->grad || weights)
		make_weights(t, &a);
	if (weights)
		*weights = a.weights;
	kernels.attention(&a, y->data);
	return op_done(t, attention_backward, y, in, 3, &a, sizeof a);
}

GRADIENT_CASE(attention)
{
	/* Self-attention, several heads; memory of another width; no queries, no keys; one long segment. */
	static const int32_t words[] = {0, 3, 3, 7, 8}, cues[] = {0, 2, 5, 5, 11}, none[] = {0}, many[] = {0, 5},
						 more[] = {0, 17};
	static const struct segments query[] = {{words, 4}, {words, 4}, {none, 0}, {many, 1}};
	static const struct segments key[] = {{words, 4}, {cues, 4}, {none, 0}, {more, 1}};
	static const int64_t dk[] = {5, 3, 2, 67}, dv[] = {5, 7, 3, 18};
	static const int heads[] = {3, 1, 2, 1};
	if (variant >= 4)
		return NULL;
	const struct segments *from = &query[variant], *to = &key[variant];
	const int64_t tq = from->offset[from->count], tk = to->offset[to->count];
	struct tensor *q = gradient_input(g, 2, (int64_t[]){tq, heads[variant] * dk[variant]});
	struct tensor *k = gradient_input(g, 2, (int64_t[]){tk, heads[variant] * dk[variant]});
	struct tensor *v = gradient_input(g, 2, (int64_t[]){tk, heads[variant] * dv[variant]});
	return op_attention(t, q, k, v, from, to, heads[variant], variant == 3 ? 0.1 : 0.4, NULL);
}
