#include "model/recommenders/machine.h"

#include <stdlib.h>

#include "model/train/sparse_fields.h"

const char *const machine_kinds[] = {NULL};

void machine_close(struct recommender *r)
{
	free(r);
}

const struct config_key *machine_keys(struct recommender *r)
{
	return ((struct machine *)r)->keys;
}

enum status machine_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct machine *m = (struct machine *)r;
	const int64_t one = 1, buckets = data->sparse.settings->buckets;
	const struct init weights = {m->factors ? INIT_ZERO : INIT_NORMAL, m->deviation};
	enum status st = params_add(ps, "w0", 1, &one, (struct init){INIT_ZERO, 0}, &m->w0);
	if (st == ST_OK)
		st = params_add(ps, "w", 2, (int64_t[]){buckets, 1}, weights, &m->w);
	if (st != ST_OK)
		return st;
	params_track_rows(ps, m->w);
	if (!m->factors)
		return ST_OK;
	st = params_add(ps, "v", 2, (int64_t[]){buckets, m->factors}, (struct init){INIT_NORMAL, m->deviation}, &m->v);
	if (st == ST_OK)
		params_track_rows(ps, m->v);
	return st;
}

struct tensor *machine_pairs(struct tape *t, struct tensor *v, const struct sparse_batch *x)
{
	const int64_t pairs = x->by_sample.offset[x->samples];
	struct tensor *value = tape_borrow(t, 2, (int64_t[]){pairs, 1}, x->value);
	struct tensor *each = op_mul(t, op_embedding(t, v, x->index, pairs), value);
	struct tensor *whole = sum_rows(t, each, &x->by_sample), *own = sum_rows(t, op_mul(t, each, each), &x->by_sample);
	return times(t, op_sum(t, op_sub(t, op_mul(t, whole, whole), own), AXIS_1 | AXES_KEEP), 0.5);
}

struct tensor *machine_score(struct recommender *r, struct tape *t, const struct news_data *data,
                             const struct encoded_news *news, const struct impressions *m)
{
	(void)news;
	const struct machine *own = (const struct machine *)r;
	const struct sparse_batch *b = sparse_batch_merged(t, data, m, own->groups);
	if (!b)
		return NULL;
	struct tensor *y = op_embedding_bag(t, own->w, b->index, b->value, &b->by_sample);
	if (own->factors)
		y = op_add(t, y, machine_pairs(t, own->v, b));
	return op_reshape(t, op_add(t, y, own->w0), 1, (int64_t[]){b->samples});
}

struct tensor *machine_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                            const struct encoded_news *news, const struct impressions *m, struct tensor *scores)
{
	(void)r;
	(void)data;
	(void)news;
	return click_bce(t, scores, m);
}

/* Passes -------------------------------------------------------------------------------------------------------------- */

static enum status pass_open(struct recommender *r, const struct pass_world *w)
{
	struct machine *m = (struct machine *)r;
	m->seed = w->seed;
	m->solved = (struct sparse_machine){.w0 = m->w0->data,
	                                    .w = m->w->data,
	                                    .v = m->factors ? m->v->data : NULL,
	                                    .factors = m->factors,
	                                    .l2_weight = m->l2_weight,
	                                    .l2_factor = m->l2_factor};
	enum status st = sparse_samples_open(&m->samples, w, (enum sparse_shown)m->shown, m->groups);
	return st == ST_OK && m->solver == MACHINE_ALS ? sparse_columns_open(&m->columns, &m->samples, w->run) : st;
}

static enum status pass_run(struct recommender *r, int64_t epoch, double learning_rate, double *loss)
{
	struct machine *m = (struct machine *)r;
	if (m->solver == MACHINE_ALS)
		return sparse_als_sweep(&m->solved, &m->samples, &m->columns, loss);
	return sparse_sgd_epoch(&m->solved, &m->samples, m->seed, epoch, learning_rate, loss);
}

static void pass_close(struct recommender *r)
{
	struct machine *m = (struct machine *)r;
	sparse_columns_close(&m->columns);
	sparse_samples_close(&m->samples);
}

const struct pass *machine_pass(const struct recommender *r)
{
	static const struct pass pass = {pass_open, pass_run, pass_close};
	return ((const struct machine *)r)->solver == MACHINE_ADAM ? NULL : &pass;
}
