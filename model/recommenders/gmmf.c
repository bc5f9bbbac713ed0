/* GMMF: an item's picture and text less what its id tells already, weighed by what its reader cares for.
 * (Xiao et al.: From Abstract to Details: A Generative Multimodal Fusion Framework for Recommendation, MM 2022)
 *
 * Where the paper leaves a choice:
 * - An item's id modality E is the item's embedding beside its category's: the paper gives both a width and the second no place.
 *   Ids that training did not see have the vector that all ids share (id_table.h), so it runs on news too.
 * - f_m and phi_m (eq. 1-2), G_m and D_m are two layers with a ReLU between them. Eq. 14 is a mean over what is there.
 * - eq. 6 is the usual objective of a GAN, as eq. 16-17 have it. The CGAN learns in turns with the rest, from the epoch after K
 *   on: in each step first the discriminators, then the generators, each with the other and E and H held (Algorithm 1).
 * - eq. 8: the similar weight is one number an item, as it is multiplied by "." where the paper has another sign for element-wise
 *   products; or one for each column.
 * - eq. 10: divided by a sum that may be near 0 or below it, weights would grow without limit or turn around. Only what the ReLU
 *   lets through is summed; the printed form is attention = ratio. Weights that add up to one tell what was read, and not how
 *   often: attention = mean divides by the length of the history, as DIN argues.
 * - eq. 12: with hidden, the "downstream network" of figure 2 has a layer before W. Without modal interest (table 3, a-c and e)
 *   histories are averaged and the candidate stands beside them, as in YoutubeNet, on which the paper's base model is built.
 * - A missing modality is a zero vector: it is not attended to, and takes no part in eq. 14, 16 and 17. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"
#include "model/layers/linear.h"
#include "model/recommenders/click_pairs.h"
#include "model/recommenders/id_table.h"
#include "model/recommenders/modalities.h"
#include "model/recommenders/recommender.h"

enum { GMMF_KEYS = 20, MODALITIES = 3 };
enum modality_name { ID, VISUAL, TEXT };
enum difference { DIFFERENCE_NONE, DIFFERENCE_SCALAR, DIFFERENCE_VECTOR };
enum gmmf_attention { ATTENTION_SHARE, ATTENTION_RATIO, ATTENTION_MEAN };
enum gmmf_turn { TURN_DISCRIMINATOR, TURN_GENERATOR, TURNS };

/* hidden, ReLU, out. */
struct two_layers {
	struct linear hidden, out;
};

/* A modality of some items: I_m, H_m [items, width] each, and [items, 1]: 1, or 0 where it is missing. */
struct reading {
	struct tensor *input, *code, *present;
};

struct modality {
	const char *name;
	struct feature_want want; /* kind NULL: the id modality, or one that is left out */
	bool on;
	int64_t width; /* of H_m and H'_m */
	struct two_layers encode, decode, generator, discriminator;
	struct linear difference, interest;
	struct reading learnt; /* the batch that is being learnt from */
};

struct gmmf {
	struct recommender base;
	int visual, text, difference, attention;
	bool auto_encoder, interest, candidate;
	int64_t item_width, category_width, user_width, code_width, encoder_hidden, cgan_hidden, hidden;
	int64_t cgan_epoch;
	double cgan_rate, reconstruct, unseen_rate;
	struct config_key keys[GMMF_KEYS + 1];
	struct feature_want wants[MODALITIES];
	struct turn turns[TURNS + 1];

	struct id_table item, user;
	struct tensor *category; /* [categories + 1, category_width] */
	struct modality modality[MODALITIES];
	struct linear head_hidden, head;
};

static int list_keys(struct gmmf *g, struct config_key *out)
{
	const struct config_key keys[] = {
		{"gmmf.visual", CONFIG_CHOICE, &g->visual, "vgg", VISUAL_CHOICES, 0, 0,
	     "The visual modality: VGG-16's fc7, as the paper has it, a pooled ResNet, CLIP's image vector, or none."},
		{"gmmf.text", CONFIG_CHOICE, &g->text, "bert", TEXT_CHOICES, 0, 0,
	     "The text modality: BERT's [CLS], as the paper has it, CLIP's title vector, or none."},
		{"gmmf.auto_encoder", CONFIG_BOOL, &g->auto_encoder, "yes", NULL, 0, 0,
	     "Reduce pictures and texts by auto-encoders (eq. 1-2); no: take them as they are (table 3, a, c, d, g)."},
		{"gmmf.difference", CONFIG_CHOICE, &g->difference, "scalar", "none|scalar|vector", 0, 0,
	     "CGAN and auto-difference (eq. 3-9) with one similar weight an item or one a column; none: table 3, a, b, d, "
	     "f."},
		{"gmmf.interest", CONFIG_BOOL, &g->interest, "yes", NULL, 0, 0,
	     "Modal interest (eq. 10-12); no: mean history beside the candidate (table 3, a, b, c, e)."},
		{"gmmf.attention", CONFIG_CHOICE, &g->attention, "share", "share|ratio|mean", 0, 0,
	     "Eq. 10's weights: share of the sum of what the ReLU lets through; ratio: as printed, whose sum may be near "
	     "0; "
	     "mean: by the length of the history."},
		{"gmmf.candidate", CONFIG_BOOL, &g->candidate, "no", NULL, 0, 0,
	     "With modal interest, let the candidate itself stand beside what eq. 12 merges."},
		{"gmmf.hidden", CONFIG_INT, &g->hidden, "0", NULL, 0, 4096,
	     "Width of a layer before W (figure 2's downstream network); 0: W alone, as eq. 12 is printed."},
		{"gmmf.item_width", CONFIG_INT, &g->item_width, "32", NULL, 1, 4096, "Width of an item's embedding."},
		{"gmmf.category_width", CONFIG_INT, &g->category_width, "16", NULL, 1, 4096,
	     "Width of a category's embedding."},
		{"gmmf.user_width", CONFIG_INT, &g->user_width, "32", NULL, 1, 4096, "Width of a reader's embedding."},
		{"gmmf.code_width", CONFIG_INT, &g->code_width, "32", NULL, 1, 4096, "Width that auto-encoders reduce to."},
		{"gmmf.encoder_hidden", CONFIG_INT, &g->encoder_hidden, "128", NULL, 1, 4096,
	     "Width between an auto-encoder's two layers; the paper does not state it."},
		{"gmmf.cgan_hidden", CONFIG_INT, &g->cgan_hidden, "64", NULL, 1, 4096,
	     "The same of generators and discriminators."},
		{"gmmf.reconstruct", CONFIG_REAL, &g->reconstruct, "1", NULL, 0, 1e9,
	     "Weight of each auto-encoder's reconstruction in the loss (lambda_m, eq. 14)."},
		{"gmmf.cgan_epoch", CONFIG_INT, &g->cgan_epoch, "1", NULL, 0, 1e6,
	     "Epochs before the CGAN begins to learn (K of algorithm 1)."},
		{"gmmf.cgan_rate", CONFIG_REAL, &g->cgan_rate, "0.00001", NULL, 0, 10, "Adam's learning rate for the CGAN."},
		{"gmmf.unseen_rate", CONFIG_REAL, &g->unseen_rate, "0", NULL, 0, 0.99,
	     "Share of items and of readers that are taken for unseen ones while training. The paper's data have none; "
	     "news do."},
	};
	const int count = sizeof keys / sizeof *keys;
	if (count > GMMF_KEYS)
		BUG("%d keys", count);
	memcpy(out, keys, sizeof keys);
	return count;
}

static struct recommender *gmmf_open(void)
{
	struct gmmf *g = xcalloc(1, sizeof *g);
	list_keys(g, g->keys);
	return &g->base;
}

static void gmmf_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *gmmf_keys(struct recommender *r)
{
	return ((struct gmmf *)r)->keys;
}

static const struct feature_want *gmmf_features(const struct recommender *r)
{
	struct gmmf *g = (struct gmmf *)r;
	int n = 0;
	memset(g->wants, 0, sizeof g->wants);
	if (g->visual)
		g->wants[n++] = visual_want(g->visual);
	if (g->text)
		g->wants[n++] = text_want(g->text);
	return g->wants;
}

static const struct turn *gmmf_turns(const struct recommender *r)
{
	struct gmmf *g = (struct gmmf *)r;
	const struct turn turns[TURNS + 1] = {
		[TURN_DISCRIMINATOR] = {"cgan.discriminator.", g->cgan_rate, g->cgan_epoch},
		[TURN_GENERATOR] = {"cgan.generator.", g->cgan_rate, g->cgan_epoch},
	};
	memcpy(g->turns, turns, sizeof turns);
	return g->difference && (g->visual || g->text) ? g->turns : NULL;
}

/* Parameters ----------------------------------------------------------------------------------------------------------- */

static enum status two_layers_init(struct two_layers *l, struct params *ps, const char *group, const char *name,
                                   int64_t in, int64_t hidden, int64_t out)
{
	char *first = path_printf("%s%s.hidden", group, name), *second = path_printf("%s%s.out", group, name);
	enum status st = linear_init(&l->hidden, ps, first, in, hidden, LINEAR_BIAS);
	if (st == ST_OK)
		st = linear_init(&l->out, ps, second, hidden, out, LINEAR_BIAS);
	free(first);
	free(second);
	return st;
}

static struct tensor *two_layers_apply(const struct two_layers *l, struct tape *t, struct tensor *x)
{
	return linear_apply(&l->out, t, op_relu(t, linear_apply(&l->hidden, t, x)));
}

static int64_t id_width(const struct gmmf *g)
{
	return g->item_width + g->category_width;
}

static enum status create_cgan(struct gmmf *g, struct params *ps, struct modality *m)
{
	const int64_t e = id_width(g);
	enum status st = two_layers_init(&m->generator, ps, "cgan.generator.", m->name, e, g->cgan_hidden, m->width);
	if (st == ST_OK)
		st = two_layers_init(&m->discriminator, ps, "cgan.discriminator.", m->name, e + m->width, g->cgan_hidden, 1);
	if (st == ST_OK) {
		char *name = path_printf("%s.difference", m->name);
		st = linear_init(&m->difference, ps, name, 4 * m->width, g->difference == DIFFERENCE_VECTOR ? m->width : 1,
		                 LINEAR_PLAIN);
		free(name);
	}
	return st;
}

static enum status create_modality(struct gmmf *g, struct params *ps, const struct news_data *data, struct modality *m)
{
	enum status st = ST_OK;
	m->width = m->want.kind ? g->code_width : id_width(g);
	if (m->want.kind) {
		const struct feature_column *column = news_data_feature(data, m->want.kind, m->want.column);
		const int64_t raw = column->dim[column->ndim - 1];
		if (g->auto_encoder) {
			st = two_layers_init(&m->encode, ps, m->name, ".encode", raw, g->encoder_hidden, m->width);
			if (st == ST_OK)
				st = two_layers_init(&m->decode, ps, m->name, ".decode", m->width, g->encoder_hidden, raw);
		} else {
			m->width = raw;
		}
		if (st == ST_OK && g->difference)
			st = create_cgan(g, ps, m);
	}
	if (st == ST_OK && g->interest) {
		char *name = path_printf("interest.%s", m->name);
		st = linear_init(&m->interest, ps, name, g->user_width, m->width, LINEAR_BIAS);
		free(name);
	}
	return st;
}

static enum status create_head(struct gmmf *g, struct params *ps)
{
	int64_t merged = 0;
	for (int i = 0; i < MODALITIES; i++)
		merged += g->modality[i].on ? g->modality[i].width : 0;
	merged = merged * (g->candidate || !g->interest ? 2 : 1) + g->user_width;
	enum status st = ST_OK;
	if (g->hidden)
		st = linear_init(&g->head_hidden, ps, "head.hidden", merged, g->hidden, LINEAR_BIAS);
	return st == ST_OK ? linear_init(&g->head, ps, "head.out", g->hidden ? g->hidden : merged, 1, LINEAR_BIAS) : st;
}

static enum status gmmf_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct gmmf *g = (struct gmmf *)r;
	g->modality[ID] = (struct modality){.name = "id", .on = true};
	g->modality[VISUAL] = (struct modality){.name = "visual", .want = visual_want(g->visual), .on = g->visual};
	g->modality[TEXT] = (struct modality){.name = "text", .want = text_want(g->text), .on = g->text};
	enum status st = id_table_init(&g->item, ps, "item", data->news->count, g->item_width);
	if (st == ST_OK)
		st = categories_init(&g->category, ps, data, g->category_width);
	if (st == ST_OK)
		st = id_table_init(&g->user, ps, "user", data->readers.count + 1, g->user_width);
	for (int i = 0; i < MODALITIES && st == ST_OK; i++)
		if (g->modality[i].on)
			st = create_modality(g, ps, data, &g->modality[i]);
	return st == ST_OK ? create_head(g, ps) : st;
}

/* News ----------------------------------------------------------------------------------------------------------------- */

/* E [count, item_width + category_width]. */
static struct tensor *identities(const struct gmmf *g, struct tape *t, const struct news_data *data,
                                 const uint32_t *rows, int32_t count)
{
	int32_t *item = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *item);
	for (int32_t i = 0; i < count; i++)
		item[i] = (int32_t)rows[i];
	struct tensor *e = id_table_apply(&g->item, t, item, count, g->unseen_rate);
	return op_concat(t, (struct tensor *[]){e, categories_of(t, g->category, data, rows, count)}, 2, 1);
}

/* Eq. 1. */
static struct reading encode(const struct gmmf *g, struct tape *t, const struct news_data *data, const uint32_t *rows,
                             int32_t count, const struct modality *m)
{
	struct reading x = {0};
	x.input = feature_column_rows(news_data_feature(data, m->want.kind, m->want.column), rows, count, t, &x.present);
	x.code = g->auto_encoder ? op_mul(t, two_layers_apply(&m->encode, t, x.input), x.present) : x.input;
	return x;
}

/* H'_m, eq. 8-9: what the generator makes of E is taken out as far as it is alike. */
static struct tensor *differ(struct tape *t, struct tensor *e, const struct modality *m, const struct reading *x)
{
	struct tensor *h = x->code, *made = two_layers_apply(&m->generator, t, e);
	struct tensor *all[] = {h, made, op_mul(t, h, made), op_sub(t, h, made)};
	struct tensor *similar = linear_apply(&m->difference, t, op_concat(t, all, 4, 1));
	return op_mul(t, op_sub(t, h, op_mul(t, made, similar)), x->present);
}

static bool gmmf_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                             int32_t count, struct encoded_news *out)
{
	struct gmmf *g = (struct gmmf *)r;
	struct tensor *e = identities(g, t, data, rows, count), *all[MODALITIES] = {e};
	int n = 1;
	for (int i = VISUAL; i < MODALITIES; i++) {
		struct modality *m = &g->modality[i];
		if (!m->on)
			continue;
		const struct reading x = encode(g, t, data, rows, count, m);
		all[n++] = g->difference ? differ(t, e, m, &x) : x.code;
		if (t->recording)
			m->learnt = x;
	}
	out->vector = op_concat(t, all, n, 1);
	return out->vector != NULL;
}

/* Scores --------------------------------------------------------------------------------------------------------------- */

/* Weights s_i [pairs] of eq. 10 before they are divided, and what they are divided by [candidates, 1]. */
static struct tensor *normaliser(const struct gmmf *g, struct tape *t, struct tensor *s, const struct click_pairs *p)
{
	struct tensor *sum;
	if (g->attention == ATTENTION_MEAN) {
		sum = tape_constant(t, 2, (int64_t[]){p->candidates, 1}, 0);
		for (int64_t c = 0; c < p->candidates; c++) {
			const int32_t n = p->of_candidate.offset[c + 1] - p->of_candidate.offset[c];
			sum->data[c] = (real)(n ? n : 1);
		}
		return sum;
	}
	sum = sum_rows(t, op_reshape(t, s, 2, (int64_t[]){p->count, 1}), &p->of_candidate);
	if (!sum)
		return NULL;
	struct tensor *guard = tape_constant(t, 2, (int64_t[]){p->candidates, 1}, 1e-6);
	for (int64_t c = 0; c < p->candidates && g->attention == ATTENTION_RATIO; c++)
		guard->data[c] = sum->data[c] > (real)-1e-6 && sum->data[c] < (real)1e-6 ? 1 : 0;
	return op_add(t, sum, guard);
}

/* Eq. 10: what each candidate finds in its reader's clicks, [candidates, width]. */
static struct tensor *attend(const struct gmmf *g, struct tape *t, struct tensor *candidates, struct tensor *clicks,
                             const struct impressions *m, const struct click_pairs *p)
{
	struct tensor *s = op_block_dot(t, candidates, clicks, &m->candidates, &m->clicks);
	if (g->attention != ATTENTION_RATIO) {
		s = op_relu(t, s);
		return op_div(t, op_block_sum(t, s, clicks, &m->candidates, &m->clicks), normaliser(g, t, s, p));
	}
	struct tensor *by = op_gather_rows(t, normaliser(g, t, s, p), p->candidate, p->count);
	s = op_relu(t, op_div(t, s, op_reshape(t, by, 1, &p->count)));
	return op_block_sum(t, s, clicks, &m->candidates, &m->clicks);
}

/* What eq. 12 merges of one modality: C_m * H~_m, eq. 10-11. */
static struct tensor *interest_in(const struct gmmf *g, struct tape *t, const struct modality *m, struct tensor *users,
                                  struct tensor *candidates, struct tensor *clicks, const struct impressions *im,
                                  const struct click_pairs *p)
{
	struct tensor *gate = op_softmax(t, linear_apply(&m->interest, t, users), NULL);
	return op_mul(t, op_gather_rows(t, gate, p->impression, p->candidates), attend(g, t, candidates, clicks, im, p));
}

/* Figure 4: how much of what eq. 12 merges for a candidate is each modality's, as shares of the lengths of C_m * H~_m. */
static void watch_modalities(const struct gmmf *g, struct tape *t, struct tensor *const *merged,
                             const struct impressions *m)
{
	const int32_t candidates = m->candidates.offset[m->count];
	real *share = arena_calloc(&t->arena, (size_t)candidates * MODALITIES + 1, sizeof *share);
	int32_t *offset = arena_alloc(&t->arena, ((size_t)m->count + 1) * sizeof *offset);
	const struct segments columns = {offset, m->count};
	for (int32_t i = 0; i <= m->count; i++)
		offset[i] = MODALITIES * i;
	for (int32_t c = 0; c < candidates; c++) {
		real *own = share + (int64_t)MODALITIES * c, sum = 0;
		for (int i = 0, n = 0; i < MODALITIES; i++) {
			if (!g->modality[i].on)
				continue;
			const int64_t width = g->modality[i].width;
			const real *x = merged[n++]->data + c * width;
			double square = 0;
			for (int64_t k = 0; k < width; k++)
				square += (double)x[k] * x[k];
			own[i] = (real)sqrt(square);
			sum += own[i];
		}
		for (int i = 0; i < MODALITIES && sum > 0; i++)
			own[i] /= sum;
	}
	recommender_watch(&g->base, &(struct watched){.name = "candidate-modality",
	                                              .unit = WATCH_IMPRESSIONS,
	                                              .row = WATCH_CANDIDATES,
	                                              .column = WATCH_MODALITIES,
	                                              .heads = 1,
	                                              .rows = &m->candidates,
	                                              .columns = &columns,
	                                              .weights = share});
}

static struct tensor *gmmf_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                 const struct encoded_news *news, const struct impressions *m)
{
	const struct gmmf *g = (const struct gmmf *)r;
	const struct click_pairs *p = click_pairs_make(t, m);
	if (!p)
		return NULL;
	struct tensor *clicks = gather_clicks(t, news->vector, m), *candidates = gather_candidates(t, news->vector, m);
	struct tensor *users = id_table_apply(&g->user, t, m->user, m->count, g->unseen_rate);
	struct tensor *merged[MODALITIES + 2];
	int64_t first = 0;
	int n = 0;
	(void)data;
	for (int i = 0; i < MODALITIES; i++) {
		const struct modality *own = &g->modality[i];
		if (!own->on)
			continue;
		struct tensor *read = op_slice(t, clicks, 1, first, own->width);
		merged[n++] = g->interest
		                  ? interest_in(g, t, own, users, op_slice(t, candidates, 1, first, own->width), read, m, p)
		                  : op_gather_rows(t, mean_rows(t, read, &m->clicks), p->impression, p->candidates);
		first += own->width;
	}
	if (r->watch && g->interest && tape_status(t) == ST_OK)
		watch_modalities(g, t, merged, m);
	merged[n++] = op_gather_rows(t, users, p->impression, p->candidates);
	if (g->candidate || !g->interest)
		merged[n++] = candidates;
	struct tensor *x = op_concat(t, merged, n, 1);
	if (g->hidden)
		x = op_dropout(t, op_relu(t, linear_apply(&g->head_hidden, t, x)), r->dropout);
	return op_reshape(t, linear_apply(&g->head, t, x), 1, &p->candidates);
}

/* Losses --------------------------------------------------------------------------------------------------------------- */

static struct tensor *add_loss(struct tape *t, struct tensor *sum, struct tensor *more)
{
	return sum ? op_add(t, sum, more) : more;
}

/* Eq. 13-15. */
static struct tensor *gmmf_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                                const struct encoded_news *news, const struct impressions *m, struct tensor *scores)
{
	const struct gmmf *g = (const struct gmmf *)r;
	struct tensor *loss = click_bce(t, scores, m);
	(void)data;
	(void)news;
	for (int i = VISUAL; i < MODALITIES && g->auto_encoder && g->reconstruct > 0; i++) {
		const struct modality *own = &g->modality[i];
		int64_t count = 0;
		if (!own->on)
			continue;
		struct tensor *true_input = those_present(t, own->learnt.input, own->learnt.present, &count);
		if (!count)
			continue;
		struct tensor *made =
			two_layers_apply(&own->decode, t, those_present(t, own->learnt.code, own->learnt.present, &count));
		loss = op_add(t, loss, times(t, op_mse(t, made, true_input), g->reconstruct));
	}
	return loss;
}

/* x's values without its past: what a turn holds fast. */
static struct tensor *held(struct tape *t, const struct tensor *x)
{
	return x ? tape_borrow(t, x->ndim, x->dim, x->data) : NULL;
}

/* BCE of D_m(E, h) with the same answer everywhere, as logits. */
static struct tensor *judge(struct tape *t, const struct modality *m, struct tensor *e, struct tensor *h, double answer)
{
	struct tensor *logit = two_layers_apply(&m->discriminator, t, op_concat(t, (struct tensor *[]){e, h}, 2, 1));
	return logit ? op_bce(t, logit, tape_constant(t, 2, (int64_t[]){logit->dim[0], 1}, answer)) : NULL;
}

/* Eq. 17 for the discriminators, eq. 16 for the generators. Items whose modality is missing have nothing to tell apart. */
static struct tensor *gmmf_turn_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                                     const uint32_t *rows, int32_t count, int turn)
{
	const struct gmmf *g = (const struct gmmf *)r;
	struct tensor *e = held(t, identities(g, t, data, rows, count)), *loss = NULL;
	for (int i = VISUAL; i < MODALITIES; i++) {
		const struct modality *m = &g->modality[i];
		int64_t n;
		if (!m->on || !e)
			continue;
		const struct reading x = encode(g, t, data, rows, count, m);
		if (!x.code)
			continue;
		struct tensor *own = those_present(t, e, x.present, &n);
		if (!n)
			continue;
		struct tensor *made = two_layers_apply(&m->generator, t, own);
		if (turn == TURN_GENERATOR) {
			loss = add_loss(t, loss, judge(t, m, own, made, 1));
			continue;
		}
		loss = add_loss(t, loss, judge(t, m, own, those_present(t, held(t, x.code), x.present, &n), 1));
		loss = add_loss(t, loss, judge(t, m, own, held(t, made), 0));
	}
	return loss;
}

static const char *const gmmf_kinds[] = {"vgg", "bert", "cover", "clip", NULL};

extern const struct recommender_type gmmf_type;
const struct recommender_type gmmf_type = {
	.name = "gmmf",
	.paper =
		"Xiao et al., From Abstract to Details: A Generative Multimodal Fusion Framework for Recommendation, MM 2022",
	.kinds = gmmf_kinds,
	.tables = TABLE_READERS | TABLE_CATEGORIES,
	.tiny = "gmmf.hidden=16 gmmf.candidate=yes gmmf.encoder_hidden=8 gmmf.cgan_hidden=8 gmmf.code_width=8",
	.open = gmmf_open,
	.close = gmmf_close,
	.keys = gmmf_keys,
	.features = gmmf_features,
	.create = gmmf_create,
	.encode_news = gmmf_encode_news,
	.score = gmmf_score,
	.loss = gmmf_loss,
	.turns = gmmf_turns,
	.turn_loss = gmmf_turn_loss,
};
