/* DCN: a cross network, which multiplies the input into itself once a layer, beside a deep one.
 * (Wang, Fu, Fu, Wang: Deep & Cross Network for Ad Click Predictions, ADKDD 2017)
 *
 *     x_{l+1} = x_0 (x_l . w_l) + b_l + x_l        eq. 3; h = deep(x_0), eq. 5
 *     P = sigma(w_logits . [x_L, h])               eq. 6, which has no bias; eq. 7, the log-loss
 *
 * Settled: the paper's embeddings are 6 cardinality^(1/4) wide; fields share hashed buckets here, and one width. Its
 * batch normalisation of the deep part is left out: that of a candidate would depend on the others of its batch. */
#include <stdio.h>

#include "model/recommenders/ctr.h"

enum { CROSS_LAYERS = 32 };

struct dcn {
	struct ctr base;
	int64_t cross_layers;
	struct tensor *weight[CROSS_LAYERS], *bias[CROSS_LAYERS]; /* w_l [1, d], b_l [d] */
	struct linear out;
};

static enum status cross_init(struct dcn *m, struct params *ps, int64_t width)
{
	enum status st = ST_OK;
	for (int l = 0; l < m->cross_layers && st == ST_OK; l++) {
		char prefix[24];
		snprintf(prefix, sizeof prefix, "cross.%d", l);
		st = layer_param(ps, prefix, "weight", 2, (int64_t[]){1, width}, (struct init){INIT_XAVIER, 0}, &m->weight[l]);
		if (st == ST_OK)
			st = layer_param(ps, prefix, "bias", 1, &width, (struct init){INIT_ZERO, 0}, &m->bias[l]);
	}
	return st;
}

static enum status dcn_create(struct ctr *c, struct params *ps, const struct news_data *data)
{
	struct dcn *m = (struct dcn *)c;
	int64_t width, out = 0;
	enum status st = ctr_fields_init(c, ps, data, &width);
	if (st == ST_OK && c->parts != CTR_DEEP) {
		st = cross_init(m, ps, width);
		out += width;
	}
	if (st == ST_OK && c->parts != CTR_SHALLOW) {
		st = ctr_deep_init(c, ps, width);
		out += c->deep.width;
	}
	return st == ST_OK ? linear_init(&m->out, ps, "out", out, 1, LINEAR_PLAIN) : st;
}

static struct tensor *cross(const struct dcn *m, struct tape *t, struct tensor *first)
{
	struct tensor *x = first;
	for (int l = 0; l < m->cross_layers; l++) {
		struct tensor *product = op_mul(t, first, op_linear(t, x, m->weight[l], NULL));
		x = op_add(t, op_add(t, product, m->bias[l]), x);
	}
	return x;
}

static struct tensor *dcn_logit(struct ctr *c, struct tape *t, const struct news_data *data,
                                const struct impressions *m, const struct sparse_batch *x)
{
	const struct dcn *d = (const struct dcn *)c;
	struct tensor *first = ctr_fields_apply(c, t, x), *end[2];
	(void)data;
	(void)m;
	int count = 0;
	if (c->parts != CTR_DEEP)
		end[count++] = cross(d, t, first);
	if (c->parts != CTR_SHALLOW)
		end[count++] = ctr_deep_apply(c, t, first);
	return linear_apply(&d->out, t, op_concat(t, end, count, 1));
}

static const struct ctr_way way = {.name = "dcn",
                                   .parts = "both|cross|deep",
                                   .init = "0.1",
                                   .width = "16",
                                   .layers = "1024-1024",
                                   .create = dcn_create,
                                   .logit = dcn_logit};

static struct recommender *dcn_open(void)
{
	struct dcn *m = (struct dcn *)ctr_open(sizeof *m, &way);
	ctr_add_key(&m->base, "cross_layers",
	            (struct config_key){NULL, CONFIG_INT, &m->cross_layers, "6", NULL, 1, CROSS_LAYERS,
	                                "Layers of the cross network: features meet in products of one more than that."});
	return &m->base.base;
}

extern const struct recommender_type dcn_type;
const struct recommender_type dcn_type = {
	.name = "dcn",
	.paper = "Wang et al., Deep & Cross Network for Ad Click Predictions, ADKDD 2017",
	.tiny = "dcn.width=4 dcn.layers=8-8 dcn.cross_layers=2",
	.open = dcn_open,
	CTR_FUNCTIONS,
};
