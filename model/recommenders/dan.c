/* DAN: titles and what they name under two convolutions; a candidate weighs the clicks, and an attentive LSTM reads their order.
 * (Zhu, Zhou, Song, Tan, Guo: DAN: Deep Attention Neural Network for News Recommendation, AAAI 2019)
 *
 *     I = tanh(W [max of ReLU(conv T), max of ReLU(conv P)] + b)           PCNN: T words, P = [e_1, M f_1 + c, e_2, M f_2 + c, …]
 *     s = sum_k a_k I_k,   a = softmax_k(v . tanh(W_1 I_k + W_2 I_j + b))  ANN, for a candidate j
 *     r_t = sum over i <= t of softmax_i(h_t . W h_i) h_i                  ARNN: h the LSTM's states over the clicks, oldest first
 *     u = W [s, largest of r_t in each column] + b
 *     score = gamma cos(u, I_j)
 *
 * Where this is settled without the paper's word:
 * - Entity vectors e are read as they are (model/train/news_entities.h); the vectors f of their types, and M, are learnt. A title
 *   that names nothing has an empty P, whose largest is 0.
 * - Windows of 1, 2, … rows are padded with zeros, as many before as behind.
 * - What attention at each state makes is brought to one vector by the largest of each column.
 * - The paper makes the reader's vector and the candidate's alike: a cosine, sharpened by gamma, as DSSM's, for the softmax over an
 *   impression's candidates that models here learn by. score = mlp is w . ReLU(V [u, I_j] + b) in its place.
 * - The reader's W begins as [1, 0]: u is s, and a cosine finds from the first step on what candidates and clicks have in common.
 * - Ablations: no profile, no ANN, no ARNN. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"
#include "model/layers/linear.h"
#include "model/layers/recurrent_layer.h"
#include "model/recommenders/click_pairs.h"
#include "model/recommenders/word_embedding.h"

enum { KEYS = 11, WINDOWS_MAX = 8, SIDES = 2 };
enum { SCORE_COSINE, SCORE_MLP };

/* Filters of 1, 2, … `windows` rows. */
struct convolutions {
	struct tensor *weight[WINDOWS_MAX], *bias[WINDOWS_MAX]; /* [filters, width, rows], [filters] */
};

struct dan {
	struct recommender base;
	int64_t windows, filters, width, hidden, query_width, type_width;
	int score;
	bool profile, ann, arnn;
	double gamma;
	struct config_key keys[KEYS + 1];
	struct word_embedding embedding;
	struct tensor *type; /* [types + 1, type_width] */
	struct linear map;   /* M */
	struct convolutions title, named;
	struct linear news, match_click, match_candidate, match, state, reader, head_hidden, head;
	struct recurrent_weights lstm;
};

static struct recommender *dan_open(void)
{
	struct dan *m = xcalloc(1, sizeof *m);
	const struct config_key keys[KEYS + 1] = {
		{"dan.filters", CONFIG_INT, &m->filters, "100", NULL, 1, 8192,
	     "Filters of each length, in either convolution."},
		{"dan.windows", CONFIG_INT, &m->windows, "3", NULL, 1, WINDOWS_MAX, "Lengths of filters: 1, 2, … so many."},
		{"dan.width", CONFIG_INT, &m->width, "128", NULL, 1, 8192, "Width of a news, and of a reader."},
		{"dan.hidden", CONFIG_INT, &m->hidden, "128", NULL, 1, 8192, "Width of the LSTM's states."},
		{"dan.query_width", CONFIG_INT, &m->query_width, "128", NULL, 1, 8192,
	     "Hidden width where a candidate weighs."},
		{"dan.type_width", CONFIG_INT, &m->type_width, "20", NULL, 1, 4096, "Width of an entity type's vector."},
		{"dan.profile", CONFIG_BOOL, &m->profile, "yes", NULL, 0, 0, "Entities and their types beside the title."},
		{"dan.ann", CONFIG_BOOL, &m->ann, "yes", NULL, 0, 0, "A candidate weighs the clicks; no: their mean."},
		{"dan.arnn", CONFIG_BOOL, &m->arnn, "yes", NULL, 0, 0, "The attentive LSTM over the clicks."},
		{"dan.score", CONFIG_CHOICE, &m->score, "cosine", "cosine|mlp", 0, 0,
	     "How reader and candidate meet: a cosine, or two layers."},
		{"dan.gamma", CONFIG_REAL, &m->gamma, "10", NULL, 0.001, 1e6, "What a cosine is multiplied by."},
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void dan_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *dan_keys(struct recommender *r)
{
	return ((struct dan *)r)->keys;
}

static enum status convolutions_init(const struct dan *m, struct convolutions *c, struct params *ps, const char *name,
                                     int64_t in)
{
	enum status st = ST_OK;
	for (int64_t i = 0; i < m->windows && st == ST_OK; i++) {
		char *prefix = path_printf("%s.%lld", name, (long long)i + 1);
		st = layer_param(ps, prefix, "weight", 3, (int64_t[]){m->filters, in, i + 1}, (struct init){INIT_XAVIER, 0},
		                 &c->weight[i]);
		if (st == ST_OK)
			st = layer_param(ps, prefix, "bias", 1, &m->filters, (struct init){INIT_ZERO, 0}, &c->bias[i]);
		free(prefix);
	}
	return st;
}

static enum status create_news(struct dan *m, struct params *ps, const struct news_data *data)
{
	const int64_t side = m->windows * m->filters, types[] = {data->entities.types.count + 1, m->type_width};
	enum status st = word_embedding_init(&m->embedding, ps, data);
	if (st == ST_OK)
		st = convolutions_init(m, &m->title, ps, "title", data->word_width);
	if (st == ST_OK && m->profile) {
		st = layer_param(ps, "type", "weight", 2, types, (struct init){INIT_NORMAL, 0.1}, &m->type);
		if (st == ST_OK)
			st = linear_init(&m->map, ps, "map", m->type_width, data->entities.width, LINEAR_BIAS);
		if (st == ST_OK)
			st = convolutions_init(m, &m->named, ps, "profile", data->entities.width);
	}
	return st == ST_OK ? linear_init(&m->news, ps, "news", m->profile ? SIDES * side : side, m->width, LINEAR_BIAS)
	                   : st;
}

static enum status dan_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct dan *m = (struct dan *)r;
	enum status st = create_news(m, ps, data);
	if (st == ST_OK && m->ann) {
		st = linear_init(&m->match_click, ps, "ann.click", m->width, m->query_width, LINEAR_BIAS);
		if (st == ST_OK)
			st = linear_init(&m->match_candidate, ps, "ann.candidate", m->width, m->query_width, LINEAR_PLAIN);
		if (st == ST_OK)
			st = linear_init(&m->match, ps, "ann.out", m->query_width, 1, LINEAR_PLAIN);
	}
	if (st == ST_OK && m->arnn) {
		st = recurrent_layer_init(&m->lstm, ps, "arnn.lstm", "l0", LSTM_GATES, m->width, m->hidden);
		if (st == ST_OK)
			st = linear_init(&m->state, ps, "arnn.attention", m->hidden, m->hidden, LINEAR_PLAIN);
	}
	if (st == ST_OK)
		st = linear_init(&m->reader, ps, "reader", m->width + (m->arnn ? m->hidden : 0), m->width, LINEAR_BIAS);
	if (st == ST_OK && m->score == SCORE_MLP)
		st = linear_init(&m->head_hidden, ps, "head.hidden", 2 * m->width, m->width, LINEAR_BIAS);
	return st == ST_OK && m->score == SCORE_MLP ? linear_init(&m->head, ps, "head.out", m->width, 1, LINEAR_PLAIN) : st;
}

static void dan_start(struct recommender *r, const struct news_data *data)
{
	struct dan *m = (struct dan *)r;
	struct tensor *w = m->reader.weight;
	word_embedding_start(&m->embedding, data);
	memset(w->data, 0, (size_t)tensor_size(w) * sizeof *w->data);
	for (int64_t i = 0; i < m->width; i++)
		w->data[i * w->dim[1] + i] = 1;
}

/* One side of the PCNN: [segments, windows * filters]. */
static struct tensor *convolve(const struct dan *m, struct tape *t, const struct convolutions *c, struct tensor *x,
                               const struct segments *s)
{
	struct tensor *part[WINDOWS_MAX];
	for (int i = 0; i < m->windows; i++) {
		struct tensor *y = op_relu(t, op_segment_convolution(t, x, c->weight[i], c->bias[i], s, 1));
		part[i] = largest_rows(t, y, s->offset, s->offset + 1, s->count);
	}
	return m->windows == 1 ? part[0] : op_concat(t, part, (int)m->windows, 1);
}

/* P: of each entity that a title names its vector, and what its type is mapped to, in turns; [2 * entities, width], packed. */
static struct tensor *read_profile(const struct dan *m, struct tape *t, const struct news_data *data,
                                   const uint32_t *rows, int32_t count, struct segments *out)
{
	const struct news_entities *e = &data->entities;
	struct segments of;
	const int32_t *entity = news_items_of(&e->title, rows, count, &t->arena, &of);
	const int32_t n = of.offset[count];
	int32_t *type = arena_alloc(&t->arena, ((size_t)n + 1) * sizeof *type);
	int32_t *turn = arena_alloc(&t->arena, (2 * (size_t)n + 1) * sizeof *turn);
	int32_t *offset = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *offset);
	struct tensor *own = tape_tensor(t, 2, (int64_t[]){n, e->width}, false);
	for (int32_t i = 0; i < n; i++) {
		type[i] = e->type ? e->type[entity[i]] : 0;
		turn[2 * i] = i;
		turn[2 * i + 1] = n + i;
		for (int32_t j = 0; j < e->width; j++)
			own->data[(int64_t)i * e->width + j] = (real)e->vector[(int64_t)entity[i] * e->width + j];
	}
	for (int32_t i = 0; i <= count; i++)
		offset[i] = 2 * of.offset[i];
	*out = (struct segments){offset, count};
	struct tensor *mapped = linear_apply(&m->map, t, op_embedding(t, m->type, type, n));
	return op_gather_rows(t, op_concat(t, (struct tensor *const[]){own, mapped}, 2, 0), turn, 2 * (int64_t)n);
}

/* PCNN. */
static bool dan_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                            int32_t count, struct encoded_news *out)
{
	struct dan *m = (struct dan *)r;
	struct segments titles, profiles;
	struct tensor *words = word_embedding_apply(&m->embedding, t, data, rows, count, &titles);
	struct tensor *x = convolve(m, t, &m->title, op_dropout(t, words, r->dropout), &titles);
	if (m->profile) {
		struct tensor *named = read_profile(m, t, data, rows, count, &profiles);
		x = op_concat(t, (struct tensor *const[]){x, convolve(m, t, &m->named, named, &profiles)}, 2, 1);
	}
	out->vector = op_tanh(t, linear_apply(&m->news, t, op_dropout(t, x, r->dropout)));
	return out->vector != NULL;
}

/* ANN: what each candidate finds in its reader's clicks, [candidates, width]. */
static struct tensor *attend(const struct dan *m, struct tape *t, struct tensor *clicks, struct tensor *candidates,
                             const struct click_pairs *p, const struct impressions *im)
{
	if (!m->ann)
		return op_gather_rows(t, mean_rows(t, clicks, &im->clicks), p->impression, p->candidates);
	struct tensor *of_click = op_gather_rows(t, linear_apply(&m->match_click, t, clicks), p->click, p->count);
	struct tensor *of_candidate =
		op_gather_rows(t, linear_apply(&m->match_candidate, t, candidates), p->candidate, p->count);
	struct tensor *a = linear_apply(&m->match, t, op_tanh(t, op_add(t, of_click, of_candidate)));
	a = op_segment_softmax(t, a, &p->of_candidate);
	if (a)
		watch_candidate_clicks(&m->base, im, 1, a->data);
	return op_block_sum(t, a, clicks, &im->candidates, &im->clicks);
}

/* ARNN: [impressions, hidden]. */
static struct tensor *read_order(const struct dan *m, struct tape *t, struct tensor *clicks,
                                 const struct impressions *im)
{
	struct tensor *h = op_lstm(t, clicks, &im->clicks, &m->lstm, NULL, NULL);
	const struct attention how = {.heads = 1, .scale = 1, .causal = true};
	struct tensor *r = op_attention(t, h, linear_apply(&m->state, t, h), h, &im->clicks, &im->clicks, &how);
	return largest_rows(t, r, im->clicks.offset, im->clicks.offset + 1, im->count);
}

static struct tensor *dan_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                const struct encoded_news *news, const struct impressions *im)
{
	const struct dan *m = (const struct dan *)r;
	const struct click_pairs *p = click_pairs_make(t, im);
	(void)data;
	if (!p)
		return NULL;
	struct tensor *clicks = gather_clicks(t, news->vector, im), *candidates = gather_candidates(t, news->vector, im);
	struct tensor *u = attend(m, t, clicks, candidates, p, im);
	if (m->arnn) {
		struct tensor *order = op_gather_rows(t, read_order(m, t, clicks, im), p->impression, p->candidates);
		u = op_concat(t, (struct tensor *const[]){u, order}, 2, 1);
	}
	u = linear_apply(&m->reader, t, u);
	if (m->score == SCORE_COSINE) {
		struct tensor *alike = op_mul(t, op_normalise(t, u), op_normalise(t, candidates));
		return times(t, op_sum(t, alike, AXIS_1), m->gamma);
	}
	struct tensor *x = op_concat(t, (struct tensor *const[]){u, candidates}, 2, 1);
	x = op_dropout(t, op_relu(t, linear_apply(&m->head_hidden, t, x)), r->dropout);
	return op_reshape(t, linear_apply(&m->head, t, x), 1, &p->candidates);
}

static const char *const dan_kinds[] = {NULL};

extern const struct recommender_type dan_type;
const struct recommender_type dan_type = {
	.name = "dan",
	.paper = "Zhu et al., DAN: Deep Attention Neural Network for News Recommendation, AAAI 2019",
	.kinds = dan_kinds,
	.tables = TABLE_ENTITIES,
	.tiny = "dan.filters=6 dan.width=12 dan.hidden=8 dan.query_width=8 dan.type_width=4",
	.score_pairs = 100000,
	.open = dan_open,
	.close = dan_close,
	.keys = dan_keys,
	.create = dan_create,
	.start = dan_start,
	.encode_news = dan_encode_news,
	.score = dan_score,
};
