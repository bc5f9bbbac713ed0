/* MM-Rec: titles and image regions through ViLBERT; a reader as a candidate sees their clicks, across words and pictures.
 * (Wu, Wu, Qi, Huang: MM-Rec: Multimodal News Recommendation, SIGIR 2021)
 *
 * Where the printed equations leave a choice:
 * - eq. 1-2: as printed there is neither bias nor tanh, so q . (W x) is computed as (W^T q) . x; pool = additive is the usual form.
 * - eq. 3-7 need title and image in one space: ViLBERT's streams are 768 and 1024 wide, so each has a linear map to `width`.
 * - What is not there neither asks nor is asked: a click without an image has no part in the softmaxes of eq. 4 and 6, a candidate
 *   without one none in eq. 5-7 and in the score but r_t . u. An empty history gives 0.
 * - Figure 3's title-only and image-only models keep the half of each equation that is left, and one stream of ViLBERT.
 * - Figure 4's vanilla attention is NAML's (eq. 9-10 there) over the clicks' titles and, with parameters of its own, over their
 *   images; u is the sum of both. */
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "model/layers/sequence_encoder.h"
#include "model/recommenders/recommender.h"
#include "model/recommenders/vilbert_news.h"
#include "model/train/encode_parts.h"

enum { MM_REC_KEYS = 7, MM_REC_WANTS = 2, PAPER_TOKENS = 24, TAPE_NEWS = 32, ATTENTIONS = 4 };
enum news_parts { NEWS_BOTH, NEWS_TITLE, NEWS_IMAGE };
enum user_attention { USER_CROSSMODAL, USER_VANILLA };
enum pool_form { POOL_LINEAR, POOL_ADDITIVE };

/* One of a news' two halves: its hidden states become one vector of the common width. */
struct half {
	struct attention_pool pool; /* hidden.bias NULL: as printed */
	struct linear project;
	struct attention_pool user; /* of the vanilla attention */
};

struct mm_rec {
	struct recommender base;
	int64_t width, query_width;
	int news, user, pool, scale;
	bool co_attention;
	struct config_key keys[MM_REC_KEYS + 1];

	struct vilbert_news encoder;
	struct half title, image;
	double user_scale;
	struct encode_parts parts;
};

static struct recommender *mm_rec_open(void)
{
	struct mm_rec *m = xcalloc(1, sizeof *m);
	const struct config_key keys[MM_REC_KEYS + 1] = {
		{"mm-rec.width", CONFIG_INT, &m->width, "400", NULL, 1, 65536,
	     "Width of r_t, r_p and u; the paper does not state it."},
		{"mm-rec.query_width", CONFIG_INT, &m->query_width, "200", NULL, 1, 65536,
	     "Width of the attention queries of eq. 1-2; the paper does not state it."},
		{"mm-rec.pool", CONFIG_CHOICE, &m->pool, "linear", "linear|additive", 0, 0,
	     "Attention logits over words and regions: q . W x, as eq. 1-2 print them, or q . tanh(W x + b)."},
		{"mm-rec.news", CONFIG_CHOICE, &m->news, "both", "both|title|image", 0, 0,
	     "What of a news is read: figure 3's ablations."},
		{"mm-rec.co_attention", CONFIG_BOOL, &m->co_attention, "yes", NULL, 0, 0,
	     "ViLBERT's co-attentional layers; no is figure 4's ablation."},
		{"mm-rec.user", CONFIG_CHOICE, &m->user, "crossmodal", "crossmodal|vanilla", 0, 0,
	     "Attention over the clicks: eq. 3-7, or NAML's, which does not look at the candidate (figure 4's ablation)."},
		{"mm-rec.attention_scale", CONFIG_CHOICE, &m->scale, "none", ATTENTION_SCALES, 0, 0,
	     "Divide the logits of eq. 3-6 by the root of their width (sqrt), or leave them as the paper prints them."},
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void mm_rec_close(struct recommender *r)
{
	struct mm_rec *m = (struct mm_rec *)r;
	vilbert_news_release(&m->encoder);
	encode_parts_release(&m->parts);
	free(r);
}

static const struct config_key *mm_rec_keys(struct recommender *r)
{
	return ((struct mm_rec *)r)->keys;
}

static bool reads_title(const struct mm_rec *m)
{
	return m->news != NEWS_IMAGE;
}

static bool reads_image(const struct mm_rec *m)
{
	return m->news != NEWS_TITLE;
}

static const struct feature_want *mm_rec_features(const struct recommender *r)
{
	static const struct feature_want wants[] = {
		{"roi", "roi", "roi_count", 0}, {"roi", "location", "roi_count", VILBERT_LOCATION}, {0}};
	return reads_image((const struct mm_rec *)r) ? wants : NULL;
}

/* Making ------------------------------------------------------------------------------------------------------------ */

static enum status create_pool(const struct mm_rec *m, struct attention_pool *pool, struct params *ps,
                               const char *prefix, int64_t dim)
{
	if (m->pool == POOL_ADDITIVE)
		return attention_pool_init(pool, ps, prefix, dim, m->query_width);
	char *hidden = path_printf("%s.hidden", prefix), *query = path_printf("%s.query", prefix);
	enum status st = linear_init(&pool->hidden, ps, hidden, dim, m->query_width, LINEAR_PLAIN);
	if (st == ST_OK)
		st = linear_init(&pool->query, ps, query, m->query_width, 1, LINEAR_PLAIN);
	free(hidden);
	free(query);
	return st;
}

static enum status create_half(const struct mm_rec *m, struct half *h, struct params *ps, const char *name, int64_t dim)
{
	char *pool = path_printf("%s.pool", name), *project = path_printf("%s.project", name);
	char *user = path_printf("user.%s", name);
	enum status st = create_pool(m, &h->pool, ps, pool, dim);
	if (st == ST_OK)
		st = linear_init(&h->project, ps, project, dim, m->width, LINEAR_BIAS);
	if (st == ST_OK && m->user == USER_VANILLA)
		st = attention_pool_init(&h->user, ps, user, m->width, m->query_width);
	free(pool);
	free(project);
	free(user);
	return st;
}

static struct tensor *encode_both(void *context, struct tape *t, const uint32_t *rows, int32_t count);

static enum status mm_rec_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct mm_rec *m = (struct mm_rec *)r;
	const struct encoder_settings *e = r->encoder;
	const struct vilbert_news_options o = {.encoder = e,
	                                       .max_tokens = e->max_tokens ? e->max_tokens : PAPER_TOKENS,
	                                       .links = m->co_attention ? VILBERT_LINKED : VILBERT_APART,
	                                       .streams = m->news == NEWS_TITLE   ? VILBERT_TEXT_ALONE
	                                                  : m->news == NEWS_IMAGE ? VILBERT_IMAGE_ALONE
	                                                                          : VILBERT_BOTH,
	                                       .dropout = r->dropout};
	m->user_scale = attention_scale_factor(m->scale, m->width);
	enum status st = vilbert_news_create(&m->encoder, ps, data, &o);
	if (st == ST_OK && reads_title(m))
		st = create_half(m, &m->title, ps, "title", m->encoder.net.config.text.width);
	if (st == ST_OK && reads_image(m))
		st = create_half(m, &m->image, ps, "image", m->encoder.net.config.image.width);
	m->parts = (struct encode_parts){.encode = encode_both, .context = m};
	return st;
}

static enum status mm_rec_load(struct recommender *r, enum load_what what, char **network)
{
	return vilbert_news_load(&((struct mm_rec *)r)->encoder, what, network);
}

/* News -------------------------------------------------------------------------------------------------------------- */

/* Eq. 1 and 2, and the map to the common width. */
static struct tensor *make_vector(const struct mm_rec *m, const struct half *h, struct tape *t, struct tensor *x,
                                  const struct segments *s)
{
	const struct attention_pool *p = &h->pool;
	struct tensor *pooled;
	if (m->pool == POOL_ADDITIVE) {
		pooled = attention_pool_apply(p, t, x, s);
	} else {
		struct tensor *query = op_matmul(t, p->query.weight, p->hidden.weight, MATMUL_PLAIN);
		pooled = op_segment_sum(t, x, op_segment_softmax(t, op_linear(t, x, query, NULL), s), s);
	}
	return linear_apply(&h->project, t, pooled);
}

/* [r_t | r_p], as far as they are read; r_p of a news without an image means nothing. */
static struct tensor *encode_both(void *context, struct tape *t, const uint32_t *rows, int32_t count)
{
	struct mm_rec *m = context;
	struct segments *words = arena_alloc(&t->arena, sizeof *words), *regions = arena_alloc(&t->arena, sizeof *regions);
	struct vilbert_state x = vilbert_news_apply(&m->encoder, t, rows, count, words, regions);
	if (!reads_image(m))
		return make_vector(m, &m->title, t, x.text, words);
	if (!reads_title(m))
		return make_vector(m, &m->image, t, x.image, regions);
	struct tensor *const both[] = {make_vector(m, &m->title, t, x.text, words),
	                               make_vector(m, &m->image, t, x.image, regions)};
	return op_concat(t, both, 2, 1);
}

/* The news that have an image, and a part for each of them. */
static int32_t *list_pictured(struct tape *t, const struct news_data *data, const uint32_t *rows, int32_t count,
                              struct segments *part_of)
{
	const struct feature_column *roi = news_data_feature(data, "roi", "roi");
	int32_t *offset = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *offset);
	int32_t *list = arena_alloc(&t->arena, (size_t)count * sizeof *list + 1);
	offset[0] = 0;
	for (int32_t i = 0; i < count; i++) {
		offset[i + 1] = offset[i] + (feature_column_count(roi, rows[i]) > 0);
		if (offset[i + 1] > offset[i])
			list[offset[i]] = i;
	}
	*part_of = (struct segments){offset, count};
	return list;
}

static bool mm_rec_encode_news(struct recommender *r, struct tape *t, const struct news_data *data,
                               const uint32_t *rows, int32_t count, struct encoded_news *out)
{
	struct mm_rec *m = (struct mm_rec *)r;
	struct tensor *x;
	m->parts.together = (int32_t)r->encoder->together;
	if (t->recording && m->parts.together)
		x = encode_parts_apply(&m->parts, t, rows, count, (reads_title(m) + reads_image(m)) * m->width);
	else
		x = encode_both(m, t, rows, count);
	if (!reads_image(m)) {
		out->vector = x;
		return x != NULL;
	}
	const int32_t *pictured = list_pictured(t, data, rows, count, &out->part_of);
	if (reads_title(m)) {
		out->vector = op_slice(t, x, 1, 0, m->width);
		x = op_slice(t, x, 1, m->width, m->width);
	}
	out->part = op_gather_rows(t, x, pictured, out->part_of.offset[count]);
	return out->part != NULL;
}

/* Readers ------------------------------------------------------------------------------------------------------------ */

/* Title or image vectors of the news named, as far as they have one. */
struct named {
	struct tensor *x;      /* [n, width] */
	struct segments owner; /* by impression */
	int32_t *place;        /* [n] which of the list each is of; NULL: all are there */
};

static struct named name_titles(struct tape *t, const struct encoded_news *news, const struct segments *lists,
                                const int32_t *slot)
{
	return (struct named){.x = op_gather_rows(t, news->vector, slot, lists->offset[lists->count]), .owner = *lists};
}

static struct named name_images(struct tape *t, const struct encoded_news *news, const struct segments *lists,
                                const int32_t *slot)
{
	const int32_t *part = news->part_of.offset, all = lists->offset[lists->count];
	int32_t *offset = arena_alloc(&t->arena, ((size_t)lists->count + 1) * sizeof *offset), n = 0;
	int32_t *row = arena_alloc(&t->arena, (size_t)all * sizeof *row + 1);
	int32_t *place = arena_alloc(&t->arena, (size_t)all * sizeof *place + 1);
	for (int32_t i = 0; i < lists->count; i++) {
		offset[i] = n;
		for (int32_t j = lists->offset[i]; j < lists->offset[i + 1]; j++)
			if (part[slot[j] + 1] > part[slot[j]]) {
				row[n] = part[slot[j]];
				place[n++] = j;
			}
	}
	offset[lists->count] = n;
	return (struct named){op_gather_rows(t, news->part, row, n), {offset, lists->count}, place};
}

/* Eq. 3-6 with the sums of eq. 7: what each candidate's title or image takes from the clicks' titles or images. */
static struct tensor *take(const struct mm_rec *m, struct tape *t, const struct named *candidates,
                           const struct named *clicks, const real **weights)
{
	const struct attention how = {.heads = 1, .scale = m->user_scale, .weights = weights};
	return op_attention(t, candidates->x, clicks->x, clicks->x, &candidates->owner, &clicks->owner, &how);
}

static struct tensor *add(struct tape *t, struct tensor *a, struct tensor *b)
{
	return !a ? b : !b ? a : op_add(t, a, b);
}

/* One for each candidate, zeros for those that have none. */
static struct tensor *spread(struct tape *t, const struct named *n, struct tensor *x, int32_t candidates)
{
	return n->place ? op_scatter_rows(t, x, n->place, candidates) : x;
}

/* Eq. 7 and the score after it: y = (r_t + r_p) . u, u being another for every candidate. weights[2 a + b] receives what
 * candidates' titles (a = 0) or images look at of clicks' titles (b = 0) or images. */
static struct tensor *score_crossmodal(const struct mm_rec *m, struct tape *t, const struct named candidates[2],
                                       const struct named clicks[2], int32_t count, const real *weights[ATTENTIONS])
{
	struct tensor *u = NULL, *r = NULL;
	for (int a = 0; a < 2; a++) {
		if (!candidates[a].x)
			continue;
		struct tensor *from = NULL;
		for (int b = 0; b < 2; b++)
			if (clicks[b].x)
				from = add(t, from, take(m, t, &candidates[a], &clicks[b], &weights[2 * a + b]));
		u = add(t, u, spread(t, &candidates[a], from, count));
		r = add(t, r, spread(t, &candidates[a], candidates[a].x, count));
	}
	return op_sum(t, op_mul(t, r, u), AXIS_1);
}

/* Figure 4: the reader is the same for all candidates. */
static struct tensor *score_vanilla(const struct mm_rec *m, struct tape *t, const struct named candidates[2],
                                    const struct named clicks[2], const struct segments *lists)
{
	const struct half *halves[2] = {&m->title, &m->image};
	struct tensor *u = NULL, *r = NULL;
	for (int a = 0; a < 2; a++) {
		if (!candidates[a].x)
			continue;
		u = add(t, u, attention_pool_apply(&halves[a]->user, t, clicks[a].x, &clicks[a].owner));
		r = add(t, r, spread(t, &candidates[a], candidates[a].x, lists->offset[lists->count]));
	}
	return op_segment_dot(t, r, u, lists);
}

/* One of the four, with zeros for candidates and clicks that have none, into head `head` of the whole blocks. */
static void widen(const struct named *candidates, const struct named *clicks, const struct impressions *m,
                  const real *from, int head, real *out)
{
	for (int32_t i = 0; i < m->count; i++) {
		const int32_t row = m->candidates.offset[i], rows = m->candidates.offset[i + 1] - row;
		const int32_t column = m->clicks.offset[i], columns = m->clicks.offset[i + 1] - column;
		real *block = out + (int64_t)head * rows * columns;
		for (int32_t a = candidates->owner.offset[i]; a < candidates->owner.offset[i + 1]; a++)
			for (int32_t b = clicks->owner.offset[i]; b < clicks->owner.offset[i + 1]; b++) {
				const int32_t y = (candidates->place ? candidates->place[a] : a) - row;
				const int32_t x = (clicks->place ? clicks->place[b] : b) - column;
				block[(int64_t)y * columns + x] = *from++;
			}
		out += (int64_t)ATTENTIONS * rows * columns;
	}
}

/* Figure 5's question, which clicks speak for a candidate: heads are text-text, text-image, image-text and image-image, the
 * candidate's first. */
static void watch_clicks(const struct recommender *r, struct tape *t, const struct named candidates[2],
                         const struct named clicks[2], const struct impressions *m,
                         const real *const weights[ATTENTIONS])
{
	int64_t size = 0;
	for (int32_t i = 0; i < m->count; i++)
		size += (int64_t)(m->candidates.offset[i + 1] - m->candidates.offset[i]) *
		        (m->clicks.offset[i + 1] - m->clicks.offset[i]);
	real *all = arena_calloc(&t->arena, (size_t)size * ATTENTIONS + 1, sizeof *all);
	for (int head = 0; head < ATTENTIONS; head++)
		if (weights[head])
			widen(&candidates[head / 2], &clicks[head % 2], m, weights[head], head, all);
	watch_candidate_clicks(r, m, ATTENTIONS, all);
}

static struct tensor *mm_rec_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                   const struct encoded_news *news, const struct impressions *m)
{
	const struct mm_rec *self = (const struct mm_rec *)r;
	/* On the tape's arena: nodes borrow the lists. */
	struct named *candidates = arena_calloc(&t->arena, 2, sizeof *candidates);
	struct named *clicks = arena_calloc(&t->arena, 2, sizeof *clicks);
	(void)data;
	if (reads_title(self)) {
		candidates[0] = name_titles(t, news, &m->candidates, m->candidate);
		clicks[0] = name_titles(t, news, &m->clicks, m->click);
	}
	if (reads_image(self)) {
		candidates[1] = name_images(t, news, &m->candidates, m->candidate);
		clicks[1] = name_images(t, news, &m->clicks, m->click);
	}
	if (tape_status(t) != ST_OK)
		return NULL;
	if (self->user == USER_VANILLA)
		return score_vanilla(self, t, candidates, clicks, &m->candidates);
	const real *weights[ATTENTIONS] = {NULL};
	struct tensor *y =
		score_crossmodal(self, t, candidates, clicks, m->candidates.offset[m->candidates.count], weights);
	if (y && r->watch)
		watch_clicks(r, t, candidates, clicks, m, weights);
	return y;
}

static const char *const mm_rec_kinds[] = {"roi", NULL};

extern const struct recommender_type mm_rec_type;
const struct recommender_type mm_rec_type = {
	.name = "mm-rec",
	.paper = "Wu et al., MM-Rec: Multimodal News Recommendation, SIGIR 2021",
	.kinds = mm_rec_kinds,
	.tiny = "mm-rec.width=12 mm-rec.query_width=8 encoder.config=small encoder.vocab=words encoder.finetune_layers=-1 "
			"mm-rec.attention_scale=sqrt",
	.encode_together = TAPE_NEWS,
	.open = mm_rec_open,
	.close = mm_rec_close,
	.keys = mm_rec_keys,
	.features = mm_rec_features,
	.create = mm_rec_create,
	.load = mm_rec_load,
	.encode_news = mm_rec_encode_news,
	.score = mm_rec_score,
};
