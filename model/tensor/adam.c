#include <math.h>
#include <stdlib.h>

#include "model/tensor/kernels.h"
#include "model/tensor/params.h"

static void step_on(const struct adam_factors *f, struct params *ps, const struct adam *o)
{
	int64_t begin = 0, end = 0; /* parameters that lie side by side and are stepped on whole */
	for (int i = 0; i <= ps->count; i++) {
		const struct tensor *x = i < ps->count ? &ps->list[i]->tensor : NULL;
		const bool none = x && ((o->skip && o->skip[i]) || ps->list[i]->follow > 0);
		const struct touched_rows *touched = x && !none && o->rows == ADAM_TOUCHED_ROWS ? x->touched : NULL;
		const bool some = touched && !touched->all;
		if (!x || some || none)
			kernels.adam(end - begin, f, ps->grad + begin, ps->moment1 + begin, ps->moment2 + begin, ps->value + begin);
		if (some)
			kernels.adam_rows(touched->count, x->dim[1], touched->row, f, ps->grad + end, ps->moment1 + end,
			                  ps->moment2 + end, ps->value + end);
		if (some || none)
			begin = end + tensor_size(x);
		end += x ? tensor_size(x) : 0;
	}
}

static void follow(const struct param *p)
{
	const struct tensor *x = &p->tensor;
	for (int64_t i = 0; i < tensor_size(x); i++)
		x->data[i] += (real)p->follow * (x->grad[i] - x->data[i]);
}

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
	step_on(&factors, ps, o);
	for (int i = 0; i < ps->count; i++)
		if (ps->list[i]->follow > 0 && !(o->skip && o->skip[i]))
			follow(ps->list[i]);
}

/* Rows that no gradient has touched are zeros: neither the norm nor its scale need them. */
static double squares_of_grad(const struct tensor *x)
{
	const struct touched_rows *r = x->touched;
	if (!r || r->all)
		return kernels.sum_of_squares(tensor_size(x), x->grad);
	double sum = 0;
	for (int32_t i = 0; i < r->count; i++)
		sum += kernels.sum_of_squares(x->dim[1], x->grad + r->row[i] * x->dim[1]);
	return sum;
}

static void scale_grad(const struct tensor *x, real factor)
{
	const struct touched_rows *r = x->touched;
	if (!r || r->all)
		kernels.scale(tensor_size(x), factor, x->grad);
	for (int32_t i = 0; r && !r->all && i < r->count; i++)
		kernels.scale(x->dim[1], factor, x->grad + r->row[i] * x->dim[1]);
}

double params_clip_grad(struct params *ps, double max_norm)
{
	double squares = 0;
	for (int i = 0; i < ps->count; i++)
		squares += ps->list[i]->follow > 0 ? 0 : squares_of_grad(&ps->list[i]->tensor);
	const double norm = sqrt(squares);
	for (int i = 0; i < ps->count && norm > max_norm; i++)
		if (ps->list[i]->follow == 0)
			scale_grad(&ps->list[i]->tensor, (real)(max_norm / norm));
	return norm;
}
