/* DIN: a history is weighed anew for every candidate.
 * (Zhou, Zhu, Song, Fan, Zhu, Ma, Yan, Jin, Li, Gai: Deep Interest Network for Click-Through Rate Prediction, KDD 2018)
 *
 *     a(x_j, x_c) = w . f(W [x_j, x_c, x_j - x_c, x_j * x_c] + b) + b'        the activation unit, figure 2
 *     h_c = sum_j a(x_j, x_c) x_j                                             eq. 3; weights are not normalised
 *     score = w . f(W_2 f(W_1 [user, h_c, x_c] + b_1) + b_2) + b'             learnt by BCE over all candidates, eq. 2
 *
 * f is Dice (section 5.2), or a PReLU. Where the paper leaves a choice:
 * - It puts the two vectors' "out product" between them, its code difference and element-wise product: so does this.
 * - attention = softmax is its public code, which divides by the root of the width and normalises; the paper argues against it.
 * - product = yes is its code, too: h_c * x_c beside the rest. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/layers/dice.h"
#include "model/recommenders/click_pairs.h"
#include "model/recommenders/sequence_items.h"

enum { OWN_KEYS = 7 };
enum din_attention { ATTENTION_PLAIN, ATTENTION_SOFTMAX };

struct din {
	struct recommender base;
	int activation, attention;
	bool product;
	int64_t unit_hidden, hidden1, hidden2;
	double follow;
	struct config_key keys[SEQUENCE_ITEM_KEYS + OWN_KEYS + 1];
	struct sequence_items items;
	struct linear unit, unit_out, first, second, out;
	struct dice unit_gate, first_gate, second_gate;
};

static struct recommender *din_open(void)
{
	struct din *m = xcalloc(1, sizeof *m);
	const struct config_key keys[] = {
		{"din.activation", CONFIG_CHOICE, &m->activation, "dice", DICE_CHOICES, 0, 0, "Of all hidden layers."},
		{"din.follow", CONFIG_REAL, &m->follow, "0.01", NULL, 0.000001, 1,
	     "Share of a step's mean and variance in those that Dice scores by."},
		{"din.attention", CONFIG_CHOICE, &m->attention, "plain", "plain|softmax", 0, 0,
	     "Weights of clicks: as the activation unit gives them (eq. 3), or normalised, as in the authors' code."},
		{"din.product", CONFIG_BOOL, &m->product, "no", NULL, 0, 0,
	     "The product of candidate and history beside both, as in the authors' code."},
		{"din.unit_hidden", CONFIG_INT, &m->unit_hidden, "36", NULL, 1, 4096, "Hidden width of the activation unit."},
		{"din.hidden1", CONFIG_INT, &m->hidden1, "200", NULL, 1, 4096, "Width of the first layer above."},
		{"din.hidden2", CONFIG_INT, &m->hidden2, "80", NULL, 1, 4096, "Width of the second."},
		SEQUENCE_ITEMS("din", &m->items),
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void din_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *din_keys(struct recommender *r)
{
	return ((struct din *)r)->keys;
}

static const struct feature_want *din_features(const struct recommender *r)
{
	return sequence_items_features(&((struct din *)r)->items);
}

static enum status add_layer(const struct din *m, struct linear *l, struct dice *gate, struct params *ps,
                             const char *name, const char *gate_name, int64_t in, int64_t out)
{
	enum status st = linear_init(l, ps, name, in, out, LINEAR_BIAS);
	return st == ST_OK ? dice_init(gate, ps, gate_name, out, (enum dice_kind)m->activation, m->follow) : st;
}

static enum status din_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct din *m = (struct din *)r;
	enum status st = sequence_items_init(&m->items, ps, data);
	const int64_t x = m->items.width, merged = m->items.user_width + (m->product ? 3 : 2) * x;
	if (st == ST_OK)
		st = add_layer(m, &m->unit, &m->unit_gate, ps, "unit.hidden", "unit.gate", 4 * x, m->unit_hidden);
	if (st == ST_OK)
		st = linear_init(&m->unit_out, ps, "unit.out", m->unit_hidden, 1, LINEAR_BIAS);
	if (st == ST_OK)
		st = add_layer(m, &m->first, &m->first_gate, ps, "first", "first_gate", merged, m->hidden1);
	if (st == ST_OK)
		st = add_layer(m, &m->second, &m->second_gate, ps, "second", "second_gate", m->hidden1, m->hidden2);
	return st == ST_OK ? linear_init(&m->out, ps, "out", m->hidden2, 1, LINEAR_BIAS) : st;
}

static bool din_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                            int32_t count, struct encoded_news *out)
{
	out->vector = sequence_items_apply(&((struct din *)r)->items, t, data, rows, count);
	return out->vector != NULL;
}

/* The activation unit over all pairs, [pairs]. */
static struct tensor *weigh(const struct din *m, struct tape *t, struct tensor *click, struct tensor *candidate,
                            const struct click_pairs *p)
{
	struct tensor *sides[] = {click, candidate, op_sub(t, click, candidate), op_mul(t, click, candidate)};
	struct tensor *hidden = linear_apply(&m->unit, t, op_concat(t, sides, 4, 1));
	struct tensor *a = linear_apply(&m->unit_out, t, dice_apply(&m->unit_gate, t, hidden));
	a = op_reshape(t, a, 1, &p->count);
	if (m->attention == ATTENTION_PLAIN)
		return a;
	return op_segment_softmax(t, times(t, a, 1 / sqrt((double)m->items.width)), &p->of_candidate);
}

static struct tensor *hidden_layer(const struct din *m, struct tape *t, const struct linear *l, const struct dice *gate,
                                   struct tensor *x)
{
	return op_dropout(t, dice_apply(gate, t, linear_apply(l, t, x)), m->base.dropout);
}

static struct tensor *din_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                const struct encoded_news *news, const struct impressions *im)
{
	const struct din *m = (const struct din *)r;
	const struct click_pairs *p = click_pairs_make(t, im);
	(void)data;
	if (!p)
		return NULL;
	struct tensor *clicks = gather_clicks(t, news->vector, im), *candidates = gather_candidates(t, news->vector, im);
	struct tensor *click = op_gather_rows(t, clicks, p->click, p->count);
	struct tensor *a = weigh(m, t, click, op_gather_rows(t, candidates, p->candidate, p->count), p);
	if (a)
		watch_candidate_clicks(&m->base, im, 1, a->data);
	struct tensor *read = op_block_sum(t, a, clicks, &im->candidates, &im->clicks);
	struct tensor *reader = op_gather_rows(t, sequence_items_readers(&m->items, t, im), p->impression, p->candidates);
	struct tensor *merged[] = {reader, read, candidates, m->product ? op_mul(t, read, candidates) : NULL};
	struct tensor *x = op_concat(t, merged, m->product ? 4 : 3, 1);
	x = hidden_layer(m, t, &m->first, &m->first_gate, x);
	x = hidden_layer(m, t, &m->second, &m->second_gate, x);
	return op_reshape(t, linear_apply(&m->out, t, x), 1, &p->candidates);
}

static struct tensor *din_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                               const struct encoded_news *news, const struct impressions *im, struct tensor *scores)
{
	(void)r;
	(void)data;
	(void)news;
	return click_bce(t, scores, im);
}

extern const struct recommender_type din_type;
const struct recommender_type din_type = {
	.name = "din",
	.paper = "Zhou et al., Deep Interest Network for Click-Through Rate Prediction, KDD 2018",
	.kinds = sequence_item_kinds,
	.tables = SEQUENCE_ITEM_TABLES,
	.score_pairs = 32768,
	.tiny = "din.unit_hidden=8 din.hidden1=24 din.hidden2=12",
	.open = din_open,
	.close = din_close,
	.keys = din_keys,
	.features = din_features,
	.create = din_create,
	.encode_news = din_encode_news,
	.score = din_score,
	.loss = din_loss,
};
