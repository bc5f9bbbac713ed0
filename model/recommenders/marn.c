/* MARN as GMMF's table 2 uses it: what each of an item's id, picture and text tells alone, and what all of them tell.
 * (Li, Wang, Tan, Zeng, Ou, Zheng: Adversarial Multimodal Representation Learning for Click-Through Rate Prediction, WWW 2020)
 *
 *     s_m = S_m z_m                          modality-specific; of a missing modality 0, as z is
 *     c_m = C z_m                            modality-invariant, C shared
 *     s = sum_m tanh(A_m s_m + b_m) * s_m    multimodal attention, a weight for each column
 *     c = max_m c_m                          element-wise
 *     v = [c, s]
 *
 * Double discriminators: D_0 tells from c_m which modality it is, and w_m = 1 - D_0(c_m)_m how far it cannot; D_1 does so with each
 * c_m weighed by w_m. The two learn in turns with the rest, which learns to deceive D_1. A third, D_s, tells s_m apart and learns
 * with the rest, and s_m is kept orthogonal to c_m:
 *
 *     L = BCE + adversarial * (-L_D1) + specific * L_Ds + orthogonal * sum_m mean (s_m . c_m)^2
 *
 * L_D: cross-entropies over modalities, means over the items that have them. Around it: fusion.h, in place of MARN's sequence
 * model of the reader. */
#include <stdlib.h>

#include "common/file.h"
#include "model/recommenders/fusion.h"
#include "model/recommenders/modalities.h"

static const char *const modality_names[] = {"id", "visual", "text"};

struct marn {
	struct fusion base;
	double adversarial, specific, orthogonal, rate;
	struct turn turns[2];
	struct linear own[FUSION_MODALITIES], attention[FUSION_MODALITIES], common;
	struct linear first, second, of_own;                        /* D_0, D_1, D_s */
	struct tensor *s[FUSION_MODALITIES], *c[FUSION_MODALITIES]; /* of the batch that is being learnt from */
};

static enum status create_modality(struct marn *m, struct params *ps, int i)
{
	const int64_t width = m->base.width;
	char *own = path_printf("specific.%s", modality_names[i]),
		 *attention = path_printf("attention.%s", modality_names[i]);
	enum status st = linear_init(&m->own[i], ps, own, width, width, LINEAR_PLAIN);
	if (st == ST_OK)
		st = linear_init(&m->attention[i], ps, attention, width, width, LINEAR_BIAS);
	free(own);
	free(attention);
	return st;
}

static enum status marn_create(struct fusion *f, struct params *ps, int64_t *out)
{
	struct marn *m = (struct marn *)f;
	enum status st = linear_init(&m->common, ps, "invariant", f->width, f->width, LINEAR_PLAIN);
	*out = 2 * f->width;
	for (int i = 0; i < FUSION_MODALITIES && st == ST_OK; i++)
		if (i == FUSION_ID || (i == FUSION_VISUAL ? f->visual : f->text))
			st = create_modality(m, ps, i);
	if (st == ST_OK)
		st = linear_init(&m->first, ps, "discriminator.first", f->width, FUSION_MODALITIES, LINEAR_BIAS);
	if (st == ST_OK)
		st = linear_init(&m->second, ps, "discriminator.second", f->width, FUSION_MODALITIES, LINEAR_BIAS);
	return st == ST_OK ? linear_init(&m->of_own, ps, "specific.discriminator", f->width, FUSION_MODALITIES, LINEAR_BIAS)
	                   : st;
}

static struct tensor *marn_fuse(struct fusion *f, struct tape *t, const struct fusion_items *items)
{
	struct marn *m = (struct marn *)f;
	struct tensor *s[FUSION_MODALITIES] = {0}, *c[FUSION_MODALITIES] = {0}, *common[FUSION_MODALITIES], *sum = NULL;
	int n = 0;
	for (int i = 0; i < FUSION_MODALITIES; i++) {
		if (!items->z[i])
			continue;
		s[i] = linear_apply(&m->own[i], t, items->z[i]);
		common[n++] = c[i] = linear_apply(&m->common, t, items->z[i]);
		struct tensor *weighed = op_mul(t, op_tanh(t, linear_apply(&m->attention[i], t, s[i])), s[i]);
		sum = sum ? op_add(t, sum, weighed) : weighed;
	}
	for (int i = 0; i < FUSION_MODALITIES && t->recording; i++) {
		m->s[i] = s[i];
		m->c[i] = c[i];
	}
	struct tensor *all = op_reshape(t, op_concat(t, common, n, 1), 3, (int64_t[]){items->count, n, f->width});
	return op_concat(t, (struct tensor *[]){op_max(t, all, AXIS_1), sum}, 2, 1);
}

/* Mean over the items of -weight log softmax(D x)[modality]; weight [count, 1] or NULL for 1. */
static struct tensor *tell(const struct linear *discriminator, struct tape *t, struct tensor *x, struct tensor *weight,
                           int modality)
{
	struct tensor *p = op_log_softmax(t, linear_apply(discriminator, t, x), NULL);
	p = op_slice(t, p, 1, modality, 1);
	return times(t, op_mean(t, weight ? op_mul(t, p, weight) : p, AXES_ALL), -1);
}

/* w_m [count, 1], without a past. */
static struct tensor *doubt(const struct marn *m, struct tape *t, struct tensor *c, int modality)
{
	struct tensor *p = op_softmax(t, linear_apply(&m->first, t, c), NULL);
	if (!p)
		return NULL;
	struct tensor *w = tape_constant(t, 2, (int64_t[]){p->dim[0], 1}, 0);
	for (int64_t i = 0; i < p->dim[0]; i++)
		w->data[i] = 1 - p->data[i * FUSION_MODALITIES + modality];
	return w;
}

static struct tensor *marn_loss(struct fusion *f, struct tape *t, const struct fusion_items *items)
{
	struct marn *m = (struct marn *)f;
	struct tensor *loss = NULL;
	for (int i = 0; i < FUSION_MODALITIES; i++) {
		int64_t count;
		if (!items->z[i])
			continue;
		struct tensor *c = those_present(t, m->c[i], items->present[i], &count);
		struct tensor *s = those_present(t, m->s[i], items->present[i], &count);
		if (!count)
			continue;
		struct tensor *product = op_sum(t, op_mul(t, s, c), AXIS_1);
		struct tensor *deceived = times(t, tell(&m->second, t, c, doubt(m, t, c, i), i), -m->adversarial);
		loss = loss ? op_add(t, loss, deceived) : deceived;
		loss = op_add(t, loss, times(t, tell(&m->of_own, t, s, NULL, i), m->specific));
		loss = op_add(t, loss, times(t, op_mean(t, op_mul(t, product, product), AXES_ALL), m->orthogonal));
	}
	return loss;
}

/* L_D0 + L_D1, with c held. */
static struct tensor *marn_turn_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                                     const uint32_t *rows, int32_t count, int turn)
{
	struct marn *m = (struct marn *)r;
	struct fusion_items items;
	struct tensor *loss = NULL;
	(void)turn;
	if (!fusion_read_items(&m->base, t, data, rows, count, &items))
		return NULL;
	for (int i = 0; i < FUSION_MODALITIES; i++) {
		int64_t n;
		if (!items.z[i])
			continue;
		struct tensor *c = those_present(t, linear_apply(&m->common, t, items.z[i]), items.present[i], &n);
		if (!n || !c)
			continue;
		c = tape_borrow(t, c->ndim, c->dim, c->data);
		struct tensor *both = op_add(t, tell(&m->first, t, c, NULL, i), tell(&m->second, t, c, doubt(m, t, c, i), i));
		loss = loss ? op_add(t, loss, both) : both;
	}
	return loss;
}

static const struct turn *marn_turns(const struct recommender *r)
{
	struct marn *m = (struct marn *)r;
	m->turns[0] = (struct turn){"discriminator.", m->rate, 0};
	m->turns[1] = (struct turn){0};
	return m->turns;
}

static const struct fusion_way way = {.name = "marn", .create = marn_create, .fuse = marn_fuse, .loss = marn_loss};

static struct recommender *marn_open(void)
{
	struct marn *m = (struct marn *)fusion_open(sizeof *m, &way);
	struct fusion *f = &m->base;
	fusion_add_real(f, "adversarial", &m->adversarial, "0.05", 1e6, "Weight of deceiving the discriminator.");
	fusion_add_real(f, "specific", &m->specific, "0.05", 1e6, "Weight of telling modality-specific features apart.");
	fusion_add_real(f, "orthogonal", &m->orthogonal, "0.05", 1e6, "Weight of keeping specific and invariant apart.");
	fusion_add_real(f, "discriminator_rate", &m->rate, "0.0001", 10, "Adam's learning rate for the discriminators.");
	return &f->base;
}

extern const struct recommender_type marn_type;
const struct recommender_type marn_type = {
	.name = "marn",
	.paper = "Li et al., Adversarial Multimodal Representation Learning for Click-Through Rate Prediction, WWW 2020",
	.tiny = "marn.width=8 marn.hidden=16",
	.open = marn_open,
	FUSION_FUNCTIONS,
	.turns = marn_turns,
	.turn_loss = marn_turn_loss,
};
