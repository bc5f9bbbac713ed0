#include <math.h>
#include <stdlib.h>

#include "model/tensor/kernels.h"
#include "model/tensor/params.h"

void adam_step(struct adam *o, struct params *ps)
{
	o->step++;
	const double correction1 = 1 - pow(o->beta1, (double)o->step), correction2 = 1 - pow(o->beta2, (double)o->step);
	const struct adam_factors factors = {
		.beta1 = (real)o->beta1,
		.beta2 = (real)o->beta2,
		.rest1 = (real)(1 - o->beta1),
		.rest2 = (real)(1 - o->beta2),
		.step = (real)(o->learning_rate / correction1),
		.root = (real)(1 / sqrt(correction2)),
		.epsilon = (real)o->epsilon,
		.keep = (real)(1 - o->learning_rate * o->weight_decay),
	};
	kernels.adam(ps->size, &factors, ps->grad, ps->moment1, ps->moment2, ps->value);
}

double params_clip_grad(struct params *ps, double max_norm)
{
	const double norm = sqrt(kernels.sum_of_squares(ps->size, ps->grad));
	if (norm > max_norm)
		kernels.scale(ps->size, (real)(max_norm / norm), ps->grad);
	return norm;
}
