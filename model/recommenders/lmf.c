/* LMF as GMMF's table 2 uses it: low-rank multimodal fusion of an item's id, picture and text.
 * (Liu, Shen, Lakshminarasimhan, Liang, Zadeh, Morency: Efficient Low-rank Multimodal Fusion with Modality-Specific Factors, ACL
 * 2018)
 *
 *     v = sum_r w_r prod_m (W_m^r [z_m, 1]) + b       element-wise product; eq. 5-8 and, for w and b, the authors' code
 *
 * A missing modality's z is 0: its factor is what [0, 1] gives. Around it: fusion.h. */
#include <stdlib.h>

#include "model/recommenders/fusion.h"

struct lmf {
	struct fusion base;
	int64_t rank;
	struct linear factor[FUSION_MODALITIES]; /* [rank * width, width]: W_m^r without its last column, the bias */
	struct tensor *weight;                   /* [1, rank] */
	struct tensor *bias;                     /* [width] */
};

static enum status lmf_create(struct fusion *f, struct params *ps, int64_t *out)
{
	static const char *const names[] = {"factor.id", "factor.visual", "factor.text"};
	struct lmf *m = (struct lmf *)f;
	enum status st = ST_OK;
	*out = f->width;
	for (int i = 0; i < FUSION_MODALITIES && st == ST_OK; i++)
		if (i == FUSION_ID || (i == FUSION_VISUAL ? f->visual : f->text))
			st = linear_init(&m->factor[i], ps, names[i], f->width, m->rank * f->width, LINEAR_BIAS);
	if (st == ST_OK)
		st = layer_param(ps, "fusion", "weight", 2, (int64_t[]){1, m->rank}, (struct init){INIT_XAVIER, 0}, &m->weight);
	return st == ST_OK ? layer_param(ps, "fusion", "bias", 1, &f->width, (struct init){INIT_ZERO, 0}, &m->bias) : st;
}

static struct tensor *lmf_fuse(struct fusion *f, struct tape *t, const struct fusion_items *items)
{
	struct lmf *m = (struct lmf *)f;
	struct tensor *product = NULL;
	for (int i = 0; i < FUSION_MODALITIES; i++) {
		if (!items->z[i])
			continue;
		struct tensor *factor = linear_apply(&m->factor[i], t, items->z[i]);
		product = product ? op_mul(t, product, factor) : factor;
	}
	product = op_reshape(t, product, 3, (int64_t[]){items->count, m->rank, f->width});
	struct tensor *sum = op_matmul(t, m->weight, product, MATMUL_PLAIN); /* [count, 1, width] */
	return op_add(t, op_reshape(t, sum, 2, (int64_t[]){items->count, f->width}), m->bias);
}

static const struct fusion_way way = {.name = "lmf", .create = lmf_create, .fuse = lmf_fuse};

static struct recommender *lmf_open(void)
{
	struct lmf *m = (struct lmf *)fusion_open(sizeof *m, &way);
	fusion_add_int(&m->base, "rank", &m->rank, "4", 256, "Factors that the weight tensor is a sum of.");
	return &m->base.base;
}

extern const struct recommender_type lmf_type;
const struct recommender_type lmf_type = {
	.name = "lmf",
	.paper = "Liu et al., Efficient Low-rank Multimodal Fusion with Modality-Specific Factors, ACL 2018",
	.tiny = "lmf.width=8 lmf.hidden=16 lmf.rank=2",
	.open = lmf_open,
	FUSION_FUNCTIONS,
};
