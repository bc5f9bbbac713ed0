/* Wide & Deep: a linear model of features and of their crosses, which remembers, beside layers on their embeddings, which
 * generalise.
 * (Cheng et al.: Wide & Deep Learning for Recommender Systems, DLRS 2016)
 *
 *     P = sigma(w_wide . [x, phi(x)] + w_deep . deep(a_0) + b)       eq. 3; phi(x) are products of features, eq. 1
 *
 * Settled: the paper crosses what a user has installed with the app that is shown; phi is the fields of crosses in
 * sparse_fields.c, of reader and clicks with the candidate. Both halves learn by Adam; the paper has FTRL and AdaGrad. */
#include "model/recommenders/ctr.h"

struct wide_deep {
	struct ctr base;
	struct tensor *wide; /* w_wide, [buckets, 1] */
	struct tensor *bias; /* [1] */
	struct linear out;   /* w_deep */
};

static enum status wide_deep_create(struct ctr *c, struct params *ps, const struct news_data *data)
{
	struct wide_deep *m = (struct wide_deep *)c;
	const struct init zero = {INIT_ZERO, 0};
	int64_t width = 0;
	enum status st = params_add(ps, "bias", 1, (int64_t[]){1}, zero, &m->bias);
	if (st == ST_OK && c->parts != CTR_DEEP)
		st = ctr_table_init(ps, data, "wide.weight", 1, zero, &m->wide);
	if (st != ST_OK || c->parts == CTR_SHALLOW)
		return st;
	st = ctr_fields_init(c, ps, data, &width);
	if (st == ST_OK)
		st = ctr_deep_init(c, ps, width);
	return st == ST_OK ? linear_init(&m->out, ps, "out", c->deep.width, 1, LINEAR_PLAIN) : st;
}

static struct tensor *wide_deep_logit(struct ctr *c, struct tape *t, const struct news_data *data,
                                      const struct impressions *m, const struct sparse_batch *x)
{
	const struct wide_deep *w = (const struct wide_deep *)c;
	struct tensor *y = w->bias;
	if (c->parts != CTR_SHALLOW)
		y = op_add(t, linear_apply(&w->out, t, ctr_deep_apply(c, t, ctr_fields_apply(c, t, x))), y);
	if (c->parts != CTR_DEEP) {
		const struct sparse_batch *phi = sparse_batch_make(t, data, m, SPARSE_CROSSES);
		if (!phi)
			return NULL;
		y = op_add(t, op_embedding_bag(t, w->wide, phi->index, phi->value, &phi->by_sample), y);
		y = op_add(t, op_embedding_bag(t, w->wide, x->index, x->value, &x->by_sample), y);
	}
	return y;
}

static const struct ctr_way way = {.name = "wide-deep",
                                   .parts = "both|wide|deep",
                                   .init = "0.01",
                                   .width = "32",
                                   .layers = "1024-512-256",
                                   .create = wide_deep_create,
                                   .logit = wide_deep_logit};

static struct recommender *wide_deep_open(void)
{
	return &ctr_open(sizeof(struct wide_deep), &way)->base;
}

extern const struct recommender_type wide_deep_type;
const struct recommender_type wide_deep_type = {
	.name = "wide-deep",
	.paper = "Cheng et al., Wide & Deep Learning for Recommender Systems, DLRS 2016",
	.tiny = "wide-deep.width=4 wide-deep.layers=8-8",
	.open = wide_deep_open,
	CTR_FUNCTIONS,
};
