#include "model/layers/attention_pool.h"

#include <stdlib.h>

#include "common/file.h"

enum status attention_pool_init(struct attention_pool *l, struct params *ps, const char *prefix, int64_t dim,
                                int64_t hidden)
{
	char *name = path_printf("%s.hidden", prefix);
	enum status st = linear_init(&l->hidden, ps, name, dim, hidden, LINEAR_BIAS);
	free(name);
	if (st != ST_OK)
		return st;
	name = path_printf("%s.query", prefix);
	st = linear_init(&l->query, ps, name, hidden, 1, LINEAR_PLAIN);
	free(name);
	return st;
}

struct tensor *attention_pool_weigh(const struct attention_pool *l, struct tape *t, struct tensor *x,
                                    const struct segments *s)
{
	struct tensor *hidden = op_tanh(t, linear_apply(&l->hidden, t, x));
	return op_segment_softmax(t, linear_apply(&l->query, t, hidden), s);
}

struct tensor *attention_pool_apply(const struct attention_pool *l, struct tape *t, struct tensor *x,
                                    const struct segments *s)
{
	return op_segment_sum(t, x, attention_pool_weigh(l, t, x, s), s);
}
