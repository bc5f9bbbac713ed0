#include "model/recommenders/machine.h"

#include <stdlib.h>

#include "model/recommenders/modalities.h"
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

/* News have nothing to encode: what is read of one depends on who reads it when. */
bool machine_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                         int32_t count, struct encoded_news *out)
{
	(void)r;
	(void)t;
	(void)data;
	(void)rows;
	(void)count;
	(void)out;
	return true;
}

/* 1/2 sum_f (S_f^2 - sum_i v_if^2 x_i^2), [samples, 1]        (Rendle 2010, lemma 3.1) */
static struct tensor *second_order(const struct machine *m, struct tape *t, const struct sparse_batch *b)
{
	const int64_t pairs = b->by_sample.offset[b->samples];
	struct tensor *x = tape_borrow(t, 2, (int64_t[]){pairs, 1}, b->value);
	struct tensor *z = op_mul(t, op_embedding(t, m->v, b->index, pairs), x);
	struct tensor *sum = op_embedding_bag(t, m->v, b->index, b->value, &b->by_sample);
	struct tensor *squares = sum_rows(t, op_mul(t, z, z), &b->by_sample);
	return times(t, op_sum(t, op_sub(t, op_mul(t, sum, sum), squares), AXIS_1 | AXES_KEEP), 0.5);
}

struct tensor *machine_score(struct recommender *r, struct tape *t, const struct news_data *data,
                             const struct encoded_news *news, const struct impressions *m)
{
	(void)news;
	const struct machine *own = (const struct machine *)r;
	const struct sparse_batch *b = sparse_batch_merged(t, data, m, own->groups);
	struct tensor *y = op_embedding_bag(t, own->w, b->index, b->value, &b->by_sample);
	if (own->factors)
		y = op_add(t, y, second_order(own, t, b));
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
