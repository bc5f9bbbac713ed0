#include "model/train/turns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status turns_init(struct turns *u, const struct recommender *r, const struct params *ps)
{
	*u = (struct turns){.turn = r->type->turns ? r->type->turns(r) : NULL};
	while (u->turn && u->turn[u->count].prefix)
		u->count++;
	if (u->count > TURNS_MAX)
		BUG("%s learns in %d turns", r->type->name, u->count);
	u->of = xcalloc((size_t)ps->count + 1, sizeof *u->of);
	u->skip = xcalloc((size_t)ps->count + 1, sizeof *u->skip);
	u->grad = xcalloc((size_t)ps->count + 1, sizeof *u->grad);
	for (int i = 0; i < u->count; i++) {
		const char *prefix = u->turn[i].prefix;
		bool any = false;
		for (int p = 0; p < ps->count; p++) {
			if (strncmp(ps->list[p]->name, prefix, strlen(prefix)) != 0)
				continue;
			u->of[p] = i + 1;
			any = true;
		}
		if (!any)
			return status_fail(ST_USAGE, "%s: no parameter of it begins with %s", r->type->name, prefix);
	}
	return ST_OK;
}

void turns_release(struct turns *u)
{
	free(u->of);
	free(u->skip);
	free(u->grad);
	*u = (struct turns){0};
}

void turns_hold(struct turns *u, struct params *ps, int which)
{
	for (int p = 0; p < ps->count; p++) {
		u->grad[p] = ps->list[p]->tensor.grad;
		if (u->of[p] != which)
			ps->list[p]->tensor.grad = NULL;
	}
}

void turns_let_go(struct turns *u, struct params *ps)
{
	for (int p = 0; p < ps->count; p++)
		ps->list[p]->tensor.grad = u->grad[p];
}

void turns_adam(struct turns *u, struct params *ps, struct adam *adam, int which)
{
	for (int p = 0; p < ps->count; p++)
		u->skip[p] = u->of[p] != which;
	adam->skip = u->count ? u->skip : NULL;
	adam_step(adam, ps);
	adam->skip = NULL;
}

/* Adds the gradient of a slice's part of turn i's loss; to sums that part, and the slice's weight if it has one. */
static enum status learn(const struct turns_work *w, const struct feed *feed, int i, double sums[2])
{
	const real weight = (real)feed->weight;
	tape_reset(w->tape);
	w->tape->step = (uint64_t)(feed->step * w->slices + feed->slice);
	w->tape->share = feed->weight;
	struct tensor *loss = w->r->type->turn_loss(w->r, w->tape, w->data, feed->batch.rows, feed->batch.row_count, i);
	enum status st = tape_status(w->tape);
	if (st == ST_OK && loss) {
		sums[0] += feed->weight * loss->data[0];
		sums[1] += feed->weight;
		st = tape_backward_from(w->tape, loss, &weight);
	}
	return st;
}

/* The gradient of turn i and its loss, of all ranks; NaN if nobody has any. */
static enum status gather(struct turns *u, const struct turns_work *w, const struct feed *const *feed, int count, int i,
                          enum status st)
{
	double sums[2] = {0};
	const struct share share = {.of = u->of, .which = i + 1, .sum = sums, .count = 2};
	params_zero_grad(w->ps);
	turns_hold(u, w->ps, i + 1);
	for (int f = 0; f < count && st == ST_OK; f++)
		if (feed[f]->batch.count)
			st = learn(w, feed[f], i, sums);
	turns_let_go(u, w->ps);
	st = exchange_unite(w->exchange, &share, st);
	u->loss[i] = st == ST_OK && sums[1] > 0 ? sums[0] : NAN;
	return st;
}

/* Nothing to learn from is no failure, and no step. */
static enum status take_turn(struct turns *u, const struct turns_work *w, int i, int64_t step)
{
	if (isnan(u->loss[i]))
		return ST_OK;
	const double norm = params_clip_grad(w->ps, w->clip > 0 ? w->clip : INFINITY);
	if (!isfinite(u->loss[i]) || !isfinite(norm))
		return status_fail(ST_FAILED, "step %lld: loss %g of %s*, norm of its gradient %g: training has diverged",
		                   (long long)step + 1, u->loss[i], u->turn[i].prefix, norm);
	struct adam adam = *w->like;
	adam.learning_rate = u->turn[i].learning_rate;
	adam.step = step - u->turn[i].from_epoch * w->epoch_steps;
	turns_adam(u, w->ps, &adam, i + 1);
	return ST_OK;
}

enum status turns_step(struct turns *u, const struct turns_work *w, const struct feed *const *feed, int count,
                       int64_t step, enum status st)
{
	for (int i = 0; i < u->count; i++) {
		u->loss[i] = NAN;
		if (step < u->turn[i].from_epoch * w->epoch_steps)
			continue;
		st = gather(u, w, feed, count, i, st);
		if (st == ST_OK)
			st = take_turn(u, w, i, step);
		if (st != ST_OK)
			return st;
	}
	return st;
}
