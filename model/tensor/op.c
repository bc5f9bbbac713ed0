#include "model/tensor/op.h"

#include <stdio.h>
#include <string.h>

#include "common/rng.h"

struct shape_text shape_text(const struct tensor *x)
{
	struct shape_text text = {"["};
	size_t used = 1;
	for (int i = 0; i < x->ndim; i++)
		used += (size_t)snprintf(text.s + used, sizeof text.s - used, "%s%lld", i ? ", " : "", (long long)x->dim[i]);
	snprintf(text.s + used, sizeof text.s - used, "]");
	return text;
}

bool op_ready(const struct tape *t, struct tensor *const *in, int n)
{
	if (t->status != ST_OK)
		return false;
	for (int i = 0; i < n; i++)
		if (!in[i])
			return false;
	return true;
}

bool op_same_shape(const struct tensor *a, const struct tensor *b)
{
	return a->ndim == b->ndim && memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof *a->dim) == 0;
}

bool op_segments_fit(struct tape *t, const char *op, const struct segments *s, int64_t rows)
{
	bool rising = s->count >= 0 && s->offset[0] == 0;
	for (int32_t i = 0; rising && i < s->count; i++)
		rising = s->offset[i] <= s->offset[i + 1];
	if (!rising)
		tape_fail(t, "%s: segment offsets do not rise from 0", op);
	else if (s->offset[s->count] != rows)
		tape_fail(t, "%s: %d segments end at row %d of %lld", op, (int)s->count, (int)s->offset[s->count],
		          (long long)rows);
	return t->status == ST_OK;
}

bool op_pairs_of_segments_fit(struct tape *t, const char *op, const struct segments *query, int64_t queries,
                              const struct segments *key, int64_t keys)
{
	if (query->count != key->count) {
		tape_fail(t, "%s: %d segments of queries, but %d of keys", op, (int)query->count, (int)key->count);
		return false;
	}
	return op_segments_fit(t, op, query, queries) && op_segments_fit(t, op, key, keys);
}

const int64_t *op_blocks(struct tape *t, const struct segments *query, const struct segments *key, int heads,
                         int64_t *end)
{
	int64_t *block = arena_alloc(&t->arena, ((size_t)query->count + 1) * sizeof *block);
	*end = 0;
	for (int32_t s = 0; s < query->count; s++) {
		const int64_t queries = query->offset[s + 1] - query->offset[s], keys = key->offset[s + 1] - key->offset[s];
		block[s] = *end;
		*end += heads * queries * keys;
	}
	return block;
}

bool op_indices_fit(struct tape *t, const char *op, const int32_t *index, int64_t count, int64_t rows)
{
	for (int64_t i = 0; i < count; i++)
		if (index[i] < 0 || index[i] >= rows) {
			tape_fail(t, "%s: index %lld is %d, but there are %lld rows", op, (long long)i, (int)index[i],
			          (long long)rows);
			return false;
		}
	return true;
}

uint64_t op_dropout_stream(struct tape *t)
{
	/* A stream a call; a step has far fewer calls than 2^20. */
	return rng_stream("dropout") + (t->step << 20) + t->dropout_calls++;
}

struct tensor *op_result(struct tape *t, int ndim, const int64_t *dim, struct tensor *const *in, int n)
{
	return tape_tensor(t, ndim, dim, tape_wants_grad(t, in, n));
}

struct tensor *op_result_like(struct tape *t, const struct tensor *x, struct tensor *const *in, int n)
{
	return op_result(t, x->ndim, x->dim, in, n);
}

struct tensor *op_done_in(const char *function, struct tape *t, void (*backward)(struct tape *, struct node *),
                          struct tensor *out, struct tensor *const *in, int n, const void *saved, size_t size)
{
	if (!out->grad)
		return out;
	struct node *node =
		tape_record(t, strncmp(function, "op_", 3) == 0 ? function + 3 : function, backward, out, in, n);
	if (size) {
		node->saved = arena_alloc(&t->arena, size);
		memcpy(node->saved, saved, size);
	}
	return out;
}
