#include <math.h>
#include <string.h>

#include "common/cli.h"
#include "common/fault.h"
#include "model/train/trainer_part.h"

/* Adds the gradient of a slice's share of the loss, and to *loss that share. */
static enum status learn_slice(struct trainer *t, const struct feed *feed, double *loss)
{
	const real weight = (real)feed->weight;
	tape_reset(&t->tape);
	t->tape.step = (uint64_t)(feed->step * t->slices + feed->slice);
	t->tape.share = feed->weight;
	turns_hold(&t->turns, &t->params, 0);
	const struct encoded_news *news = batch_encode(&feed->batch, t->r, &t->tape, &t->data);
	struct tensor *scores = batch_scores(&feed->batch, t->r, &t->tape, &t->data, news);
	struct tensor *mean = batch_loss(&feed->batch, t->r, &t->tape, &t->data, news, scores);
	enum status st = tape_status(&t->tape);
	if (st == ST_OK && feed->last)
		exchange_watch(&t->exchange, &t->tape);
	if (st == ST_OK)
		st = tape_backward_from(&t->tape, mean, &weight);
	turns_let_go(&t->turns, &t->params);
	if (st == ST_OK)
		*loss += feed->weight * mean->data[0];
	return st;
}

static enum status has_diverged(const struct trainer *t, double loss, double norm)
{
	char where[256];
	tape_find_not_finite(&t->tape, where, sizeof where);
	return status_fail(ST_FAILED,
	                   "step %lld: loss %g, norm of the gradient %g%s%s: training has diverged; a smaller "
	                   "train.learning_rate, train.clip or attention_scale = sqrt may help",
	                   (long long)t->state.step + 1, loss, norm, *where ? "; first not finite: " : "", where);
}

static enum status learn_turns(struct trainer *t, int count, enum status st)
{
	const struct turns_work w = {.r = t->r,
	                             .tape = &t->tape,
	                             .data = &t->data,
	                             .ps = &t->params,
	                             .exchange = &t->exchange,
	                             .like = &t->adam,
	                             .slices = t->slices,
	                             .epoch_steps = t->epoch_steps,
	                             .clip = t->s->clip};
	st = turns_step(&t->turns, &w, t->feeds, count, t->state.step, st);
	params_zero_grad(&t->params);
	return st;
}

/* The gradient of this rank's share of a step; with turns, all of its slices are at hand before. */
static enum status learn_share(struct trainer *t, double *loss)
{
	enum status st = ST_OK;
	int count = 0;
	bool last = false;
	while (st == ST_OK && !last) {
		st = feeder_next(t->feeder, &t->feeds[count]);
		if (st != ST_OK)
			break;
		last = t->feeds[count]->last;
		if (t->turns.count)
			count++;
		else if (t->feeds[0]->batch.count)
			st = learn_slice(t, t->feeds[0], loss);
	}
	if (t->turns.count)
		st = learn_turns(t, count, st);
	for (int i = 0; i < count && st == ST_OK; i++)
		if (t->feeds[i]->batch.count)
			st = learn_slice(t, t->feeds[i], loss);
	return st;
}

/* The whole step's gradient and loss from all ranks' shares, and whether one of them is to stop. st is this rank's own. */
static enum status unite_shares(struct trainer *t, double *loss, enum status st)
{
	double sums[] = {*loss, cli_interrupted()};
	st = exchange_unite(&t->exchange, &(struct share){.sum = sums, .count = 2}, st);
	*loss = sums[0];
	t->stop = sums[1] > 0;
	return st;
}

static void log_step(const struct trainer *t, int64_t epoch, double loss, double norm)
{
	fprintf(t->log, "{\"step\":%lld,\"epoch\":%lld,\"loss\":%.9g,\"learning_rate\":%.9g", (long long)t->state.step,
	        (long long)epoch, loss, t->adam.learning_rate);
	if (!t->pass)
		fprintf(t->log, ",\"grad_norm\":%.9g", norm);
	for (int i = 0; i < t->turns.count; i++) {
		const char *prefix = t->turns.turn[i].prefix;
		if (isfinite(t->turns.loss[i]))
			fprintf(t->log, ",\"loss.%.*s\":%.9g", (int)strlen(prefix) - 1, prefix, t->turns.loss[i]);
	}
	fputs("}\n", t->log);
}

static enum status make_pass(struct trainer *t, double *loss)
{
	t->torn = true;
	const enum status st = t->pass->run(t->r, t->state.step, t->adam.learning_rate, loss);
	t->torn = st != ST_OK;
	return st;
}

static enum status move_parameters(struct trainer *t, double *loss, double *norm)
{
	t->adam.learning_rate = schedule_at(&t->schedule, t->state.step);
	if (t->pass)
		return make_pass(t, loss);
	params_zero_grad(&t->params);
	enum status st = unite_shares(t, loss, learn_share(t, loss));
	if (st != ST_OK)
		return st;
	*norm = params_clip_grad(&t->params, t->s->clip > 0 ? t->s->clip : INFINITY);
	if (!isfinite(*loss) || !isfinite(*norm))
		return has_diverged(t, *loss, *norm);
	turns_adam(&t->turns, &t->params, &t->adam, 0);
	return ST_OK;
}

enum status trainer_step(struct trainer *t)
{
	double loss = 0, norm = 0;
	enum status st = move_parameters(t, &loss, &norm);
	if (st != ST_OK)
		return st;
	const int64_t epoch = t->state.step / t->epoch_steps + 1;
	t->state.step++;
	t->loss_sum += loss;
	t->loss_count++;
	if (t->log)
		log_step(t, epoch, loss, norm);
	fault_point("train.step");
	return ST_OK;
}
