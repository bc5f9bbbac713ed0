/* VLSNR: cover, title, category and subcategory in CLIP's common space, fused by attention; readers by self-attention and a
 * recurrent network over their clicks in order.
 * (Han, Huang, Luan: VLSNR: Vision-Linguistics Coordination Time Sequence-aware News Recommendation, 2022)
 *
 * Where the printed equations leave a choice:
 * - eq. 1-2 and 7-8: Q_k and V are products of factors (layers/self_attention.h); logits are not scaled.
 * - what a news lacks (a cover, a subcategory) is no row of L. A news without any is the empty sum, zeros, before eq. 6.
 * - eq. 6 leaves g open: ReLU or tanh.
 * - eq. 9: as torch.nn.GRU. The paper's candidate state reads the update gate where Cho et al. have the reset gate, which it
 *   computes and never uses: a slip. Reset acts after the matrix, not before.
 * - eq. 10-12 read the recurrent network's states; the score is (alpha o1 + (1 - alpha) o2) . e with alpha learned through a
 *   sigmoid: the paper prints o1 twice, and does not say what alpha is.
 * - figure 5's user encoders: none (one learned vector stands for everybody), mean, gru (eq. 9 on the clicks themselves),
 *   self-attention (eq. 10-12 on the clicks themselves), both (all of it). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "model/layers/gru_stack.h"
#include "model/layers/self_attention.h"
#include "model/layers/sequence_encoder.h"
#include "model/recommenders/clip_news.h"
#include "model/train/encode_parts.h"

enum { KEYS = 15, MLP_MAX = 8 };
enum part { PART_IMAGE, PART_TITLE, PART_CATEGORY, PART_SUBCATEGORY, PARTS };
enum user { USER_NONE, USER_MEAN, USER_GRU, USER_ATTENTION, USER_BOTH };
#define USERS "none|mean|gru|self-attention|both"
enum g { G_RELU, G_TANH };
enum clip_from { CLIP_CACHED, CLIP_TUNED };

static const char *const part_names[PARTS] = {"image", "title", "category", "subcategory"};

struct vlsnr {
	struct recommender base;
	int64_t heads, width, query_width, mlp_layers, finetune_image_layers;
	double mask_rate, image_share;
	int scale, user, activation, from;
	bool reads[PARTS];
	struct feature_want wants[PARTS + 1];
	struct config_key keys[KEYS + 1];

	struct clip_news clip; /* with CLIP_TUNED */
	struct encode_parts parts;
	const struct news_data *data; /* of the news at hand; borrowed */

	struct self_attention crossmodal; /* eq. 1-2 */
	struct attention_pool fusion;     /* eq. 3-5 */
	struct linear mlp[MLP_MAX];       /* eq. 6 */
	struct tensor *mask;              /* [1, width] in a masked click's place; NULL: none is masked */
	struct self_attention history;    /* eq. 7-8 */
	struct gru_stack gru;             /* eq. 9 */
	struct sequence_encoder global;   /* eq. 10-12 */
	struct tensor *alpha;             /* [1] before the sigmoid */
	struct tensor *everyone;          /* [1, width] of USER_NONE */
};

static struct tensor *encode_all(void *context, struct tape *t, const uint32_t *rows, int32_t count);

static struct recommender *vlsnr_open(void)
{
	struct vlsnr *m = xcalloc(1, sizeof *m);
	m->parts = (struct encode_parts){.encode = encode_all, .context = m};
	const struct config_key keys[KEYS + 1] = {
		{"vlsnr.clip", CONFIG_CHOICE, &m->from, "cached", "cached|tuned", 0, 0,
	     "CLIP's output from the shards of kind clip, or CLIP in the loop, by the keys under [encoder], of which "
	     "finetune_layers is the text tower's (figure 7)."},
		{"vlsnr.finetune_image_layers", CONFIG_INT, &m->finetune_image_layers, "0", NULL, 0, CLIP_LAYERS_MAX,
	     "With clip = tuned: last layers of the image tower that are trained. 0: covers are the shards' vectors. Else "
	     "the "
	     "shards have the states below: extract --kind clip --layer (layers less these); 77 kB a cover of ViT-B/32."},
		{"vlsnr.heads", CONFIG_INT, &m->heads, "8", NULL, 1, 256, "Heads of all self-attentions."},
		{"vlsnr.width", CONFIG_INT, &m->width, "512", NULL, 1, 8192,
	     "Width of a news after the perceptron (eq. 6), and of a reader; the paper does not state it."},
		{"vlsnr.query_width", CONFIG_INT, &m->query_width, "200", NULL, 1, 4096,
	     "Hidden width of both additive attentions (eq. 3, 11)."},
		{"vlsnr.mlp_layers", CONFIG_INT, &m->mlp_layers, "2", NULL, 1, MLP_MAX, "Layers of the perceptron (eq. 6)."},
		{"vlsnr.activation", CONFIG_CHOICE, &m->activation, "relu", "relu|tanh", 0, 0,
	     "g of eq. 6; the paper does not state it."},
		{"vlsnr.attention_scale", CONFIG_CHOICE, &m->scale, "none", ATTENTION_SCALES, 0, 0,
	     "Divide attention logits by the root of the head's width (sqrt), or leave them as the paper prints them."},
		{"vlsnr.mask_rate", CONFIG_REAL, &m->mask_rate, "0.1", NULL, 0, 0.99,
	     "While training, the share of clicks in histories that a learned vector takes the place of."},
		{"vlsnr.user", CONFIG_CHOICE, &m->user, "both", USERS, 0, 0,
	     "Figure 5: none, the clicks' mean, eq. 9 alone, eq. 10-12 alone, or the paper's whole."},
		{"vlsnr.image", CONFIG_BOOL, &m->reads[PART_IMAGE], "yes", NULL, 0, 0, "Table 3: read covers,"},
		{"vlsnr.title", CONFIG_BOOL, &m->reads[PART_TITLE], "yes", NULL, 0, 0, "titles,"},
		{"vlsnr.category", CONFIG_BOOL, &m->reads[PART_CATEGORY], "yes", NULL, 0, 0, "categories (the paper's top),"},
		{"vlsnr.subcategory", CONFIG_BOOL, &m->reads[PART_SUBCATEGORY], "yes", NULL, 0, 0, "and subcategories."},
		{"vlsnr.image_share", CONFIG_REAL, &m->image_share, "1", NULL, 0, 1,
	     "Figure 6: the share of news whose covers are read, the same that render --image-share keeps by default. The "
	     "paper "
	     "makes the others white; here they are left out, as with any news without a cover."},
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void vlsnr_close(struct recommender *r)
{
	struct vlsnr *m = (struct vlsnr *)r;
	clip_news_release(&m->clip);
	encode_parts_release(&m->parts);
	free(r);
}

static const struct config_key *vlsnr_keys(struct recommender *r)
{
	return ((struct vlsnr *)r)->keys;
}

static const struct feature_want *vlsnr_features(const struct recommender *r)
{
	struct vlsnr *m = (struct vlsnr *)r;
	int n = 0;
	for (int i = 0; i < PARTS; i++)
		if (m->reads[i] && m->from == CLIP_CACHED)
			m->wants[n++] = (struct feature_want){.kind = "clip", .column = part_names[i]};
	if (m->reads[PART_IMAGE] && m->from == CLIP_TUNED)
		m->wants[n++] = (struct feature_want){.kind = "clip", .column = m->finetune_image_layers ? "patch" : "image"};
	m->wants[n] = (struct feature_want){0};
	return m->wants;
}

/* Making ------------------------------------------------------------------------------------------------------------ */

static enum status create_news(struct vlsnr *m, struct params *ps, int64_t clip)
{
	const double scale = attention_scale_factor(m->scale, clip / m->heads);
	enum status st = self_attention_init(&m->crossmodal, ps, "news.crossmodal", clip, m->heads, scale);
	if (st == ST_OK)
		st = attention_pool_init(&m->fusion, ps, "news.pool", clip, m->query_width);
	for (int i = 0; st == ST_OK && i < m->mlp_layers; i++) {
		char name[32];
		snprintf(name, sizeof name, "news.mlp.%d", i);
		st = linear_init(&m->mlp[i], ps, name, i ? m->width : clip, m->width, LINEAR_BIAS);
	}
	return st;
}

static enum status create_global(struct vlsnr *m, struct params *ps)
{
	const struct sequence_options o = {m->width, m->heads, m->width / m->heads, m->query_width, m->scale, LINEAR_PLAIN};
	if (m->width % m->heads != 0)
		return status_fail(ST_USAGE, "vlsnr.width: %lld heads do not divide %lld", (long long)m->heads,
		                   (long long)m->width);
	return sequence_encoder_init(&m->global, ps, "user.global", &o);
}

static enum status create_user(struct vlsnr *m, struct params *ps)
{
	const int64_t row[] = {1, m->width}, one[] = {1};
	const struct init vector = {INIT_NORMAL, 0.1}, zero = {INIT_ZERO, 0};
	const double scale = attention_scale_factor(m->scale, m->width / m->heads);
	if (m->user == USER_NONE)
		return params_add(ps, "user.everyone", 2, row, vector, &m->everyone);
	enum status st = ST_OK;
	if (m->mask_rate > 0)
		st = params_add(ps, "user.mask", 2, row, vector, &m->mask);
	if (st == ST_OK && m->user == USER_BOTH)
		st = self_attention_init(&m->history, ps, "user.history", m->width, m->heads, scale);
	if (st == ST_OK && m->user == USER_BOTH)
		st = params_add(ps, "user.alpha", 1, one, zero, &m->alpha);
	if (st == ST_OK && (m->user == USER_BOTH || m->user == USER_GRU))
		st = gru_stack_init(&m->gru, ps, "user.gru", m->width, m->width, 1);
	if (st == ST_OK && (m->user == USER_BOTH || m->user == USER_ATTENTION))
		st = create_global(m, ps);
	return st;
}

static int64_t tuned_image_layers(const struct vlsnr *m)
{
	return m->reads[PART_IMAGE] ? m->finetune_image_layers : 0;
}

/* The width of what CLIP gives. */
static enum status create_clip(struct vlsnr *m, struct params *ps, const struct news_data *data, int64_t *width)
{
	enum status st = ST_OK;
	for (int i = 0; i < PARTS && m->from == CLIP_CACHED; i++)
		if (m->reads[i])
			*width = news_data_feature(data, "clip", part_names[i])->dim[0];
	if (m->from == CLIP_CACHED)
		return ST_OK;
	st = clip_news_create(&m->clip, ps, data, m->base.encoder, tuned_image_layers(m));
	*width = m->clip.net.config.projection;
	if (st != ST_OK || !m->reads[PART_IMAGE] || tuned_image_layers(m))
		return st;
	const int64_t covers = news_data_feature(data, "clip", "image")->dim[0];
	return covers == *width
	           ? ST_OK
	           : status_fail(ST_USAGE, "covers are vectors of %lld, the text tower's of %lld: not of one CLIP",
	                         (long long)covers, (long long)*width);
}

static enum status vlsnr_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct vlsnr *m = (struct vlsnr *)r;
	int64_t width = 0;
	if (!m->reads[PART_IMAGE] && !m->reads[PART_TITLE] && !m->reads[PART_CATEGORY] && !m->reads[PART_SUBCATEGORY])
		return status_fail(ST_USAGE, "vlsnr: image, title, category and subcategory are all off: nothing to read");
	enum status st = create_clip(m, ps, data, &width);
	if (st == ST_OK)
		st = create_news(m, ps, width);
	return st == ST_OK ? create_user(m, ps) : st;
}

static enum status vlsnr_load(struct recommender *r, enum load_what what, char **network)
{
	struct vlsnr *m = (struct vlsnr *)r;
	return m->from == CLIP_TUNED ? clip_news_load(&m->clip, what, network) : ST_OK;
}

/* News -------------------------------------------------------------------------------------------------------------- */

/* Whether news row is one of the share whose covers are read: as render draws it. */
static bool shows_cover(const struct vlsnr *m, const struct news_data *data, uint32_t row)
{
	if (m->image_share >= 1)
		return true;
	struct rng r;
	rng_init(&r, 1, rng_stream(data->news->news[row].id) ^ rng_stream("image-share"));
	return rng_uniform(&r) < m->image_share;
}

/* Whether x is what the column makes of zeros: what stands where a news has no such text. */
static bool is_nothing(const struct feature_column *c, const real *x)
{
	for (int64_t i = 0; i < c->dim[0]; i++)
		if (x[i] != (c->mean ? (0 - c->mean[i]) * c->scale[i] : 0))
			return false;
	return true;
}

/* What a batch's news have: each part [count, clip], and present [count, 1]. */
struct parts_read {
	struct tensor *x[PARTS], *present[PARTS];
};

/* From the shards; a vector of zeros is none. */
static void read_column(struct parts_read *p, int part, struct tape *t, const struct news_data *data,
                        const uint32_t *rows, int32_t count)
{
	struct feature_column *c = news_data_feature(data, "clip", part_names[part]);
	struct tensor *x = feature_column_rows(c, rows, count, t, &p->present[part]);
	for (int32_t i = 0; x && i < count; i++)
		if (is_nothing(c, x->data + i * x->dim[1]))
			p->present[part]->data[i] = 0;
	/* Standardised rows have an expected norm of 1. There are no words beside them here that they could drown: a deviation of
	 * 1 in each column is what the layers above begin to learn from soonest. */
	const real size = c->mean ? (real)sqrt((double)c->dim[0]) : 1;
	for (int64_t i = 0, n = x ? tensor_size(x) : 0; i < n; i++)
		x->data[i] *= size;
	p->x[part] = x;
}

static void read_parts(struct vlsnr *m, struct tape *t, const uint32_t *rows, int32_t count, struct parts_read *p)
{
	unsigned texts = 0;
	for (int i = 0; i < PARTS; i++) {
		if (m->reads[i] && m->from == CLIP_TUNED && i != PART_IMAGE)
			texts |= 1u << (i - PART_TITLE);
		else if (m->reads[i] && !(m->from == CLIP_TUNED && tuned_image_layers(m)))
			read_column(p, i, t, m->data, rows, count);
	}
	if (texts)
		clip_news_texts(&m->clip, t, rows, count, texts, p->x + PART_TITLE, p->present + PART_TITLE);
	if (m->from == CLIP_TUNED && tuned_image_layers(m))
		p->x[PART_IMAGE] = clip_news_covers(&m->clip, t, rows, count, &p->present[PART_IMAGE]);
	for (int32_t i = 0; p->x[PART_IMAGE] && i < count; i++)
		if (!shows_cover(m, m->data, rows[i]))
			p->present[PART_IMAGE]->data[i] = 0;
}

/* The rows of what the news have, packed [rows, clip]; *parts has one segment a news, in the order of part_names. */
static struct tensor *pack_parts(struct vlsnr *m, struct tape *t, const uint32_t *rows, int32_t count,
                                 struct segments *parts)
{
	struct parts_read read = {0};
	struct tensor *x[PARTS];
	const struct tensor *present[PARTS];
	int n = 0;
	read_parts(m, t, rows, count, &read);
	for (int i = 0; i < PARTS; i++)
		if (m->reads[i]) {
			x[n] = read.x[i];
			present[n++] = read.present[i];
		}
	struct tensor *all = op_concat(t, x, n, 1);
	if (!all)
		return NULL;
	const int64_t width = all->dim[1] / n;
	int32_t *row = arena_alloc(&t->arena, (size_t)count * (size_t)n * sizeof *row + 1);
	int32_t *offset = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *offset);
	int32_t taken = offset[0] = 0;
	for (int32_t i = 0; i < count; i++) {
		for (int k = 0; k < n; k++)
			if (present[k]->data[i] > 0)
				row[taken++] = i * n + k;
		offset[i + 1] = taken;
	}
	*parts = (struct segments){offset, count};
	return op_gather_rows(t, op_reshape(t, all, 2, (int64_t[]){(int64_t)count * n, width}), row, taken);
}

/* Eq. 1-6. rows: what the news have of their parts, packed as parts says. */
static struct tensor *fuse(const struct vlsnr *m, struct tape *t, struct tensor *rows, const struct segments *parts)
{
	rows = op_dropout(t, rows, m->base.dropout);
	struct tensor *mixed = op_dropout(t, self_attention_apply(&m->crossmodal, t, rows, parts, NULL), m->base.dropout);
	struct tensor *x = attention_pool_apply(&m->fusion, t, mixed, parts);
	for (int i = 0; i < m->mlp_layers; i++) {
		x = linear_apply(&m->mlp[i], t, x);
		x = m->activation == G_RELU ? op_relu(t, x) : op_tanh(t, x);
	}
	return x;
}

static struct tensor *encode_all(void *context, struct tape *t, const uint32_t *rows, int32_t count)
{
	struct vlsnr *m = context;
	struct segments *parts = arena_alloc(&t->arena, sizeof *parts);
	struct tensor *packed = pack_parts(m, t, rows, count, parts);
	return packed ? fuse(m, t, packed, parts) : NULL;
}

static bool vlsnr_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                              int32_t count, struct encoded_news *out)
{
	struct vlsnr *m = (struct vlsnr *)r;
	m->data = data;
	m->parts.together = (int32_t)r->encoder->together;
	if (t->recording && m->from == CLIP_TUNED && m->parts.together)
		out->vector = encode_parts_apply(&m->parts, t, rows, count, m->width);
	else
		out->vector = encode_all(m, t, rows, count);
	return out->vector != NULL;
}

/* Readers ----------------------------------------------------------------------------------------------------------- */

/* While training, a share of the clicks makes place for the mask. Which, is drawn as op_dropout draws. */
static struct tensor *mask_clicks(const struct vlsnr *m, struct tape *t, struct tensor *clicks)
{
	if (!m->mask || !t->training || !clicks)
		return clicks;
	const int64_t n = clicks->dim[0];
	real *share = arena_alloc(&t->arena, (size_t)n * sizeof *share + 1);
	for (int64_t i = 0; i < n; i++)
		share[i] = 1;
	const struct tensor *kept = op_dropout(t, tape_borrow(t, 2, (int64_t[]){n, 1}, share), m->mask_rate);
	for (int64_t i = 0; kept && i < n; i++)
		share[i] = kept->data[i] > 0;
	int32_t *zeros = arena_calloc(&t->arena, (size_t)n + 1, sizeof *zeros);
	return op_lerp(t, tape_borrow(t, 2, (int64_t[]){n, 1}, share), clicks, op_gather_rows(t, m->mask, zeros, n));
}

/* Offers what weighs the clicks: rows NULL, one row a reader. */
static void watch_history(const struct vlsnr *m, const char *name, enum watch_axis row, int heads,
                          const struct segments *rows, const struct segments *clicks, const real *weights)
{
	recommender_watch(&m->base, &(struct watched){.name = name,
	                                              .unit = WATCH_IMPRESSIONS,
	                                              .row = row,
	                                              .column = WATCH_CLICKS,
	                                              .heads = heads,
	                                              .rows = rows,
	                                              .columns = clicks,
	                                              .weights = weights});
}

/* Eq. 7-8: what each click takes from the others. */
static struct tensor *relate_clicks(const struct vlsnr *m, struct tape *t, struct tensor *clicks,
                                    const struct segments *s)
{
	const real *weights = NULL;
	struct tensor *x = self_attention_apply(&m->history, t, clicks, s, m->base.watch ? &weights : NULL);
	if (x && m->base.watch)
		watch_history(m, "click-click", WATCH_CLICKS, m->history.heads, s, s, weights);
	return x;
}

/* Eq. 10-12 over the recurrent network's states, or over the clicks themselves. */
static struct tensor *read_globally(const struct vlsnr *m, struct tape *t, struct tensor *x, const struct segments *s)
{
	const struct sequence_encoder *l = &m->global;
	struct tensor *mixed = sequence_encoder_attend(l, t, x, linear_apply(&l->v, t, x), s);
	struct tensor *weight = attention_pool_weigh(&l->pool, t, mixed, s);
	if (weight && m->base.watch)
		watch_history(m, "click", WATCH_ONE, 1, NULL, s, weight->data);
	return op_segment_sum(t, mixed, weight, s);
}

/* Eq. 7-12: alpha o1 + (1 - alpha) o2. */
static struct tensor *read_in_order(const struct vlsnr *m, struct tape *t, struct tensor *clicks,
                                    const struct segments *s)
{
	struct tensor *states = gru_stack_apply(&m->gru, t, relate_clicks(m, t, clicks, s), s, 0);
	struct tensor *o1 = op_segment_last(t, states, s, NULL);
	struct tensor *o2 = read_globally(m, t, states, s);
	return op_add(t, o2, op_mul(t, op_sigmoid(t, m->alpha), op_sub(t, o1, o2)));
}

/* [impressions, width]; zeros for an empty history. */
static struct tensor *read_clicks(const struct vlsnr *m, struct tape *t, struct tensor *clicks,
                                  const struct segments *s)
{
	clicks = mask_clicks(m, t, clicks);
	switch ((enum user)m->user) {
	case USER_MEAN:
		return mean_rows(t, clicks, s);
	case USER_GRU:
		return op_segment_last(t, gru_stack_apply(&m->gru, t, clicks, s, 0), s, NULL);
	case USER_ATTENTION:
		return read_globally(m, t, clicks, s);
	default:
		return read_in_order(m, t, clicks, s);
	}
}

static struct tensor *vlsnr_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                  const struct encoded_news *news, const struct impressions *p)
{
	const struct vlsnr *m = (const struct vlsnr *)r;
	(void)data;
	struct tensor *users;
	if (m->user == USER_NONE) {
		int32_t *zeros = arena_calloc(&t->arena, (size_t)p->count + 1, sizeof *zeros);
		users = op_gather_rows(t, m->everyone, zeros, p->count);
	} else {
		users = read_clicks(m, t, gather_clicks(t, news->vector, p), &p->clicks);
	}
	return score_by_dot(t, users, gather_candidates(t, news->vector, p), &p->candidates);
}

static const char *const vlsnr_kinds[] = {"clip", NULL};

extern const struct recommender_type vlsnr_type;
const struct recommender_type vlsnr_type = {
	.name = "vlsnr",
	.paper = "Han et al., VLSNR: Vision-Linguistics Coordination Time Sequence-aware News Recommendation, 2022",
	.kinds = vlsnr_kinds,
	.tables = TABLE_CATEGORIES,
	.tiny = "vlsnr.heads=2 vlsnr.width=24 vlsnr.query_width=12 vlsnr.mask_rate=0",
	.open = vlsnr_open,
	.close = vlsnr_close,
	.keys = vlsnr_keys,
	.features = vlsnr_features,
	.create = vlsnr_create,
	.load = vlsnr_load,
	.encode_news = vlsnr_encode_news,
	.score = vlsnr_score,
};
