#include "model/layers/self_attention.h"

#include <stdlib.h>

#include "common/file.h"

enum status self_attention_init(struct self_attention *l, struct params *ps, const char *prefix, int64_t width,
                                int64_t heads, double scale)
{
	struct linear *const parts[] = {&l->q, &l->k, &l->v, &l->out};
	static const char *const names[] = {"q", "k", "v", "out"};
	*l = (struct self_attention){.heads = (int)heads, .scale = scale};
	enum status st = ST_OK;
	if (heads < 1 || width % heads != 0)
		return status_fail(ST_USAGE, "%s: %lld heads do not divide a width of %lld", prefix, (long long)heads,
		                   (long long)width);
	for (int i = 0; st == ST_OK && i < 4; i++) {
		char *full = path_printf("%s.%s", prefix, names[i]);
		st = linear_init(parts[i], ps, full, width, width, LINEAR_PLAIN);
		free(full);
	}
	return st;
}

struct tensor *self_attention_apply(const struct self_attention *l, struct tape *t, struct tensor *x,
                                    const struct segments *s, const real **weights)
{
	const struct attention how = {.heads = l->heads, .scale = l->scale, .weights = weights};
	struct tensor *q = linear_apply(&l->q, t, x), *k = linear_apply(&l->k, t, x), *v = linear_apply(&l->v, t, x);
	return linear_apply(&l->out, t, op_attention(t, q, k, v, s, s, &how));
}
