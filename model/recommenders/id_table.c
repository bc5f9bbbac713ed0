#include "model/recommenders/id_table.h"

#include "model/layers/linear.h"

enum status id_table_init(struct id_table *l, struct params *ps, const char *prefix, int64_t ids, int64_t width)
{
	enum status st =
		layer_param(ps, prefix, "shared", 1, (int64_t[]){width}, (struct init){INIT_NORMAL, 0.01}, &l->shared);
	if (st == ST_OK)
		st = layer_param(ps, prefix, "own", 2, (int64_t[]){ids, width}, (struct init){INIT_ZERO, 0}, &l->own);
	if (st == ST_OK)
		params_track_rows(ps, l->own);
	return st;
}

struct tensor *id_table_apply(const struct id_table *l, struct tape *t, const int32_t *id, int64_t count,
                              double unseen_rate)
{
	struct tensor *own = op_embedding(t, l->own, id, count);
	/* op_dropout makes up for what it drops; here a kept vector is as it is. */
	if (unseen_rate > 0 && t->training)
		own = op_mul(t, own, op_dropout(t, tape_constant(t, 2, (int64_t[]){count, 1}, 1 - unseen_rate), unseen_rate));
	return op_add(t, own, l->shared);
}
