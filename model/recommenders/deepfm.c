/* DeepFM: a factorization machine and a deep part that share their embeddings.
 * (Guo, Tang, Ye, Li, He: DeepFM: A Factorization-Machine based Neural Network for CTR Prediction, IJCAI 2017)
 *
 *     P = sigma(y_FM + y_DNN)                                                              eq. 1
 *     y_FM = sum_j w_j x_j + sum_{i<j} <V_i, V_j> x_i x_j                                  eq. 2, over all features
 *     y_DNN = w . deep([e_1 … e_F]) + b,  e_f = sum of x_j V_j over field f                eq. 3-4 */
#include "model/recommenders/ctr.h"
#include "model/recommenders/machine.h"

struct deepfm {
	struct ctr base;
	struct tensor *first; /* w, [buckets, 1] */
	struct tensor *bias;  /* [1] */
	struct linear out;
};

static enum status deepfm_create(struct ctr *c, struct params *ps, const struct news_data *data)
{
	struct deepfm *m = (struct deepfm *)c;
	int64_t width;
	enum status st = params_add(ps, "bias", 1, (int64_t[]){1}, (struct init){INIT_ZERO, 0}, &m->bias);
	if (st == ST_OK)
		st = ctr_fields_init(c, ps, data, &width);
	if (st == ST_OK && c->parts != CTR_DEEP)
		st = ctr_table_init(ps, data, "first.weight", 1, (struct init){INIT_ZERO, 0}, &m->first);
	if (st == ST_OK && c->parts != CTR_SHALLOW)
		st = ctr_deep_init(c, ps, width);
	if (st == ST_OK && c->parts != CTR_SHALLOW)
		st = linear_init(&m->out, ps, "out", c->deep.width, 1, LINEAR_PLAIN);
	return st;
}

/* y_FM, [n, 1]. */
static struct tensor *machine(const struct deepfm *f, struct tape *t, const struct sparse_batch *x)
{
	struct tensor *first = op_embedding_bag(t, f->first, x->index, x->value, &x->by_sample);
	return op_add(t, first, machine_pairs(t, f->base.field, x));
}

static struct tensor *deepfm_logit(struct ctr *c, struct tape *t, const struct news_data *data,
                                   const struct impressions *m, const struct sparse_batch *x)
{
	const struct deepfm *f = (const struct deepfm *)c;
	struct tensor *y = NULL;
	(void)data;
	(void)m;
	if (c->parts != CTR_SHALLOW)
		y = linear_apply(&f->out, t, ctr_deep_apply(c, t, ctr_fields_apply(c, t, x)));
	if (c->parts != CTR_DEEP)
		y = y ? op_add(t, machine(f, t, x), y) : machine(f, t, x);
	return op_add(t, y, f->bias);
}

static const struct ctr_way way = {.name = "deepfm",
                                   .parts = "both|fm|deep",
                                   .init = "0.01",
                                   .width = "10",
                                   .layers = "400-400-400",
                                   .create = deepfm_create,
                                   .logit = deepfm_logit};

static struct recommender *deepfm_open(void)
{
	return &ctr_open(sizeof(struct deepfm), &way)->base;
}

extern const struct recommender_type deepfm_type;
const struct recommender_type deepfm_type = {
	.name = "deepfm",
	.paper = "Guo et al., DeepFM: A Factorization-Machine based Neural Network for CTR Prediction, IJCAI 2017",
	.tiny = "deepfm.width=4 deepfm.layers=8-8",
	.open = deepfm_open,
	CTR_FUNCTIONS,
};
