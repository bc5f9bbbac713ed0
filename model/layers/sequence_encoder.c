#include "model/layers/sequence_encoder.h"

#include <math.h>
#include <stdlib.h>

#include "common/file.h"

double attention_scale_factor(enum attention_scale scale, int64_t width)
{
	return scale == ATTENTION_SQRT ? 1 / sqrt((double)width) : 1;
}

static enum status add_linear(struct linear *l, struct params *ps, const char *prefix, const char *name,
                              const struct sequence_options *o, enum linear_bias bias)
{
	char *full = path_printf("%s.attention.%s", prefix, name);
	enum status st = linear_init(l, ps, full, o->in, o->heads * o->head_width, bias);
	free(full);
	return st;
}

enum status sequence_encoder_init(struct sequence_encoder *l, struct params *ps, const char *prefix,
                                  const struct sequence_options *o)
{
	l->heads = (int)o->heads;
	l->scale = attention_scale_factor(o->scale, o->head_width);
	enum status st = add_linear(&l->q, ps, prefix, "q", o, LINEAR_PLAIN);
	if (st == ST_OK)
		st = add_linear(&l->k, ps, prefix, "k", o, LINEAR_PLAIN);
	if (st == ST_OK)
		st = add_linear(&l->v, ps, prefix, "v", o, o->value_bias);
	if (st != ST_OK)
		return st;
	char *pool = path_printf("%s.pool", prefix);
	st = attention_pool_init(&l->pool, ps, pool, o->heads * o->head_width, o->query_width);
	free(pool);
	return st;
}

struct tensor *sequence_encoder_attend(const struct sequence_encoder *l, struct tape *t, struct tensor *x,
                                       struct tensor *values, const struct segments *s)
{
	struct tensor *q = linear_apply(&l->q, t, x);
	struct tensor *k = linear_apply(&l->k, t, x);
	const struct attention how = {.heads = l->heads, .scale = l->scale};
	return op_attention(t, q, k, values, s, s, &how);
}

struct tensor *sequence_encoder_mix(const struct sequence_encoder *l, struct tape *t, struct tensor *x,
                                    struct tensor *values, const struct segments *s, double dropout)
{
	struct tensor *mixed = sequence_encoder_attend(l, t, x, values, s);
	return attention_pool_apply(&l->pool, t, op_dropout(t, mixed, dropout), s);
}

struct tensor *sequence_encoder_apply(const struct sequence_encoder *l, struct tape *t, struct tensor *x,
                                      const struct segments *s, double dropout)
{
	return sequence_encoder_mix(l, t, x, linear_apply(&l->v, t, x), s, dropout);
}
