#include "model/layers/dice.h"

#include "model/layers/linear.h"

enum status dice_init(struct dice *l, struct params *ps, const char *prefix, int64_t width, enum dice_kind kind,
                      double rate)
{
	*l = (struct dice){.prelu = kind == DICE_PRELU, .moments = {.epsilon = 1e-8}};
	enum status st = layer_param(ps, prefix, "alpha", 1, &width, (struct init){INIT_ZERO, 0}, &l->alpha);
	if (st != ST_OK || l->prelu)
		return st;
	st = layer_param(ps, prefix, "mean", 1, &width, (struct init){INIT_ZERO, 0}, &l->moments.mean);
	if (st == ST_OK)
		st = layer_param(ps, prefix, "variance", 1, &width, (struct init){INIT_ONE, 0}, &l->moments.variance);
	if (st != ST_OK)
		return st;
	params_follow(ps, l->moments.mean, rate);
	params_follow(ps, l->moments.variance, rate);
	return ST_OK;
}

struct tensor *dice_apply(const struct dice *l, struct tape *t, struct tensor *x)
{
	if (!l->prelu)
		return op_dice(t, x, l->alpha, &l->moments);
	struct tensor *minus = tape_constant(t, 1, (int64_t[]){1}, -1);
	return op_sub(t, op_relu(t, x), op_mul(t, op_relu(t, op_mul(t, x, minus)), l->alpha));
}
