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
	return op_pairs_of_segments_fit(t, "attention", query, q->dim[0], key, k->dim[0]);
}

/* Makes room for what the backward pass needs and the caller asked for. */
static void prepare(struct tape *t, struct attention_data *a, const struct attention *how, bool records)
{
	int64_t end;
	a->block = op_blocks(t, a->query, a->key, a->heads, &end);
	if (records || how->weights)
		a->weights = arena_alloc(&t->arena, (size_t)end * sizeof *a->weights);
	if (how->weights)
		*how->weights = a->weights;
	if (!t->training || how->dropout == 0)
		return;
	a->dropout = how->dropout;
	a->seed = t->seed;
	a->stream = op_dropout_stream(t);
	a->keep = arena_alloc(&t->arena, (size_t)end);
}

struct tensor *op_attention(struct tape *t, struct tensor *q, struct tensor *k, struct tensor *v,
                            const struct segments *query, const struct segments *key, const struct attention *how)
{
	struct tensor *in[] = {q, k, v};
	if (!op_ready(t, in, 3) || !shapes_fit(t, in, query, key, how->heads))
		return NULL;
	if (!(how->dropout >= 0 && how->dropout < 1))
		return tape_fail(t, "attention: dropout is %g, expected 0 <= dropout < 1", how->dropout);
	struct attention_data a = {.query = query,
	                           .key = key,
	                           .heads = how->heads,
	                           .dk = q->dim[1] / how->heads,
	                           .dv = v->dim[1] / how->heads,
	                           .scale = (real)how->scale,
	                           .mask = how->mask,
	                           .causal = how->causal,
	                           .q = q->data,
	                           .k = k->data,
	                           .v = v->data};
	struct tensor *y = op_result(t, 2, (int64_t[]){q->dim[0], v->dim[1]}, in, 3);
	prepare(t, &a, how, y->grad);
	kernels.attention(&a, y->data);
	return op_done(t, attention_backward, y, in, 3, &a, sizeof a);
}

GRADIENT_CASE(attention)
{
	/* Self-attention, several heads; memory of another width; no queries, no keys; one long segment; dropout; a mask that
	 * hides all from query 1; causal, with fewer keys than queries. */
	static const int32_t words[] = {0, 3, 3, 7, 8}, cues[] = {0, 2, 5, 5, 11}, none[] = {0}, many[] = {0, 5},
						 more[] = {0, 17};
	static const uint8_t mask[] = {1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1};
	static const struct {
		struct segments query, key;
		int64_t dk, dv;
		struct attention how;
	} cases[] = {
		{{words, 4}, {words, 4}, 5, 5, {.heads = 3, .scale = 0.4}},
		{{words, 4}, {cues, 4}, 3, 7, {.heads = 1, .scale = 0.4}},
		{{none, 0}, {none, 0}, 2, 3, {.heads = 2, .scale = 0.4}},
		{{many, 1}, {more, 1}, 67, 18, {.heads = 1, .scale = 0.1}},
		{{words, 4}, {words, 4}, 3, 3, {.heads = 3, .scale = 0.4, .dropout = 0.3}},
		{{words, 4}, {cues, 4}, 3, 2, {.heads = 2, .scale = 1, .mask = mask}},
		{{words, 4}, {cues, 4}, 3, 2, {.heads = 2, .scale = 1, .causal = true, .dropout = 0.5}},
	};
	if (variant >= (int)(sizeof cases / sizeof *cases))
		return NULL;
	const struct segments *from = &cases[variant].query, *to = &cases[variant].key;
	const int64_t width_k = cases[variant].how.heads * cases[variant].dk;
	const int64_t width_v = cases[variant].how.heads * cases[variant].dv, keys = to->offset[to->count];
	struct tensor *q = gradient_input(g, 2, (int64_t[]){from->offset[from->count], width_k});
	struct tensor *k = gradient_input(g, 2, (int64_t[]){keys, width_k});
	struct tensor *v = gradient_input(g, 2, (int64_t[]){keys, width_v});
	t->training = true;
	return op_attention(t, q, k, v, from, to, &cases[variant].how);
}
