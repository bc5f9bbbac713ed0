/* DKN: a title is words, the entities that they name and those entities' neighbours, three channels under one convolution; a
 * candidate weighs the clicks.
 * (Wang, Zhang, Xie, Guo: DKN: Deep Knowledge-Aware Network for News Recommendation, WWW 2018)
 *
 * - Entity vectors and contexts are read as they are (model/train/news_entities.h); what is learnt is the map g of them. A word
 *   without an entity has the vector 0, which g maps as any other, as in the authors' code.
 * - The click score is learnt by the softmax over an impression's candidates that all models here share, not by a log-loss of
 *   each; the last layers' biases, which either softmax cancels, are left out.
 * - Of the widths of its networks the paper says nothing: 100. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/layers/linear.h"
#include "model/recommenders/click_pairs.h"
#include "model/recommenders/word_embedding.h"

enum { KEYS = 8, WINDOWS_MAX = 8, CHANNELS = 3 };
enum { TRANSFORM_TANH, TRANSFORM_LINEAR, TRANSFORM_NONE };
#define TRANSFORMS "tanh|linear|none"
enum { MATCH_NETWORK, MATCH_DOT, MATCH_SCALED };

/* out . relu(W [a, b] + w): a network of two inputs, the halves of whose first layer are made apart. */
struct pair_network {
	struct linear first, second; /* of a, with the bias; of b, without */
	struct linear out;
};

struct dkn {
	struct recommender base;
	int64_t filters, windows, hidden_width;
	bool entity, context, attention;
	int transform, match;
	struct config_key keys[KEYS + 1];
	struct word_embedding embedding;
	struct linear map; /* g, of entities and of contexts */
	struct {
		struct tensor *weight, *bias; /* [filters, channels * word_width, length], [filters] */
	} window[WINDOWS_MAX];            /* of 1, 2, … words */
	struct pair_network attend, rank;
};

static struct recommender *dkn_open(void)
{
	struct dkn *m = xcalloc(1, sizeof *m);
	const struct config_key keys[KEYS + 1] = {
		{"dkn.filters", CONFIG_INT, &m->filters, "100", NULL, 1, 8192, "Filters of each length."},
		{"dkn.windows", CONFIG_INT, &m->windows, "4", NULL, 1, WINDOWS_MAX,
	     "Lengths of filters: 1, 2, … so many words."},
		{"dkn.hidden_width", CONFIG_INT, &m->hidden_width, "100", NULL, 1, 8192,
	     "Hidden width of the networks that weigh clicks and that score candidates."},
		{"dkn.entity", CONFIG_BOOL, &m->entity, "yes", NULL, 0, 0, "The channel of entities."},
		{"dkn.context", CONFIG_BOOL, &m->context, "yes", NULL, 0, 0,
	     "The channel of entities' contexts, where data.entity_context has some."},
		{"dkn.transform", CONFIG_CHOICE, &m->transform, "tanh", TRANSFORMS, 0, 0,
	     "How entities are mapped to the words' space; none: not at all, for vectors as wide as a word's."},
		{"dkn.attention", CONFIG_BOOL, &m->attention, "yes", NULL, 0, 0,
	     "A candidate weighs the clicks; no: their mean."},
		{"dkn.match", CONFIG_CHOICE, &m->match, "network", "network|dot|scaled", 0, 0,
	     "How a candidate is held against a click, and against the reader: by a network each, as in the paper; by dot "
	     "products, as "
	     "in the authors' code; or by these over the root of their width, as ReLU's maxima make large ones."},
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void dkn_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *dkn_keys(struct recommender *r)
{
	return ((struct dkn *)r)->keys;
}

static enum status network_init(struct pair_network *n, struct params *ps, const char *const names[3], int64_t in,
                                int64_t hidden)
{
	enum status st = linear_init(&n->first, ps, names[0], in, hidden, LINEAR_BIAS);
	if (st == ST_OK)
		st = linear_init(&n->second, ps, names[1], in, hidden, LINEAR_PLAIN);
	return st == ST_OK ? linear_init(&n->out, ps, names[2], hidden, 1, LINEAR_PLAIN) : st;
}

static enum status windows_init(struct dkn *m, struct params *ps, int64_t in)
{
	enum status st = ST_OK;
	for (int64_t i = 0; i < m->windows && st == ST_OK; i++) {
		const char name[] = {'w', 'i', 'n', 'd', 'o', 'w', '.', (char)('1' + i), '\0'};
		st = layer_param(ps, name, "weight", 3, (int64_t[]){m->filters, in, i + 1}, (struct init){INIT_XAVIER, 0},
		                 &m->window[i].weight);
		if (st == ST_OK)
			st = layer_param(ps, name, "bias", 1, &m->filters, (struct init){INIT_ZERO, 0}, &m->window[i].bias);
	}
	return st;
}

static bool has_contexts(const struct dkn *m, const struct news_data *data)
{
	return m->context && data->entities.context;
}

static enum status dkn_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	static const char *const attend[] = {"attention.click", "attention.candidate", "attention.out"};
	static const char *const rank[] = {"score.reader", "score.candidate", "score.out"};
	struct dkn *m = (struct dkn *)r;
	const int64_t channels = 1 + m->entity + has_contexts(m, data), width = m->windows * m->filters;
	if (m->transform == TRANSFORM_NONE && channels > 1 && data->entities.width != data->word_width)
		return status_fail(ST_USAGE, "dkn.transform=none: entities of %d numbers beside words of %d",
		                   (int)data->entities.width, (int)data->word_width);
	enum status st = word_embedding_init(&m->embedding, ps, data);
	if (st == ST_OK && m->transform != TRANSFORM_NONE && channels > 1)
		st = linear_init(&m->map, ps, "transform", data->entities.width, data->word_width, LINEAR_BIAS);
	if (st == ST_OK)
		st = windows_init(m, ps, channels * data->word_width);
	if (st == ST_OK && m->attention && m->match == MATCH_NETWORK)
		st = network_init(&m->attend, ps, attend, width, m->hidden_width);
	if (st == ST_OK && m->match == MATCH_NETWORK)
		st = network_init(&m->rank, ps, rank, width, m->hidden_width);
	return st;
}

static void dkn_start(struct recommender *r, const struct news_data *data)
{
	word_embedding_start(&((struct dkn *)r)->embedding, data);
}

/* §4.3, g(e) = tanh(M e + b) of each word's entity, from rows of vectors: [words, word_width]. */
static struct tensor *channel(const struct dkn *m, struct tape *t, const float *vectors, int64_t width,
                              const int32_t *entity, int64_t words)
{
	struct tensor *x = tape_tensor(t, 2, (int64_t[]){words, width}, false);
	for (int64_t i = 0; x && i < words; i++)
		for (int64_t j = 0; j < width; j++)
			x->data[i * width + j] = (real)vectors[entity[i] * width + j];
	if (m->transform == TRANSFORM_NONE)
		return x;
	x = linear_apply(&m->map, t, x);
	return m->transform == TRANSFORM_TANH ? op_tanh(t, x) : x;
}

/* §4.3, W: the channels of each word, side by side. */
static struct tensor *read_words(const struct dkn *m, struct tape *t, const struct news_data *data,
                                 const uint32_t *rows, int32_t count, struct segments *titles)
{
	const struct news_entities *e = &data->entities;
	struct segments same;
	struct tensor *part[CHANNELS];
	int parts = 1;
	part[0] = word_embedding_apply(&m->embedding, t, data, rows, count, titles);
	const int32_t *entity = news_items_of(&e->word, rows, count, &t->arena, &same);
	if (m->entity)
		part[parts++] = channel(m, t, e->vector, e->width, entity, titles->offset[count]);
	if (has_contexts(m, data))
		part[parts++] = channel(m, t, e->context, e->width, entity, titles->offset[count]);
	return parts == 1 ? part[0] : op_concat(t, part, parts, 1);
}

/* The largest of each title's windows of `length` words: c [words, filters] has one around each word, of which those
 * within the title count, or all in a title that is shorter. */
static struct tensor *max_over_time(struct tape *t, struct tensor *c, const struct segments *titles, int32_t length)
{
	const size_t bytes = (size_t)titles->count * sizeof(int32_t) + 1;
	int32_t *first = arena_alloc(&t->arena, bytes), *end = arena_alloc(&t->arena, bytes);
	for (int32_t i = 0; i < titles->count; i++) {
		const bool whole = titles->offset[i + 1] - titles->offset[i] >= length;
		first[i] = titles->offset[i] + (whole ? (length - 1) / 2 : 0);
		end[i] = titles->offset[i + 1] - (whole ? length / 2 : 0);
	}
	return largest_rows(t, c, first, end, titles->count);
}

/* §4.3: convolutions of every length, and the largest of each filter. */
static bool dkn_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                            int32_t count, struct encoded_news *out)
{
	struct dkn *m = (struct dkn *)r;
	struct segments titles;
	struct tensor *part[WINDOWS_MAX];
	struct tensor *words = op_dropout(t, read_words(m, t, data, rows, count, &titles), r->dropout);
	for (int i = 0; i < m->windows; i++) {
		struct tensor *c =
			op_relu(t, op_segment_convolution(t, words, m->window[i].weight, m->window[i].bias, &titles, 1));
		part[i] = max_over_time(t, c, &titles, i + 1);
	}
	out->vector = op_dropout(t, m->windows == 1 ? part[0] : op_concat(t, part, (int)m->windows, 1), r->dropout);
	return out->vector != NULL;
}

/* From both halves of the first layer, [n, hidden] each: [n]. */
static struct tensor *finish(const struct pair_network *n, struct tape *t, struct tensor *a, struct tensor *b)
{
	struct tensor *y = linear_apply(&n->out, t, op_relu(t, op_add(t, a, b)));
	return y ? op_reshape(t, y, 1, y->dim) : NULL;
}

/* §4.4: how much each click of a pair is to its candidate, [pairs]. */
static struct tensor *weigh(const struct dkn *d, struct tape *t, struct tensor *clicks, struct tensor *candidates,
                            const struct impressions *m, const struct click_pairs *p)
{
	if (d->match != MATCH_NETWORK)
		return op_block_dot(t, candidates, clicks, &m->candidates, &m->clicks);
	struct tensor *a = op_gather_rows(t, linear_apply(&d->attend.first, t, clicks), p->click, p->count);
	struct tensor *b = op_gather_rows(t, linear_apply(&d->attend.second, t, candidates), p->candidate, p->count);
	return finish(&d->attend, t, a, b);
}

/* Each candidate's reader, [candidates, d]: the clicks, weighed; without attention, their mean. */
static struct tensor *attend(const struct dkn *d, struct tape *t, struct tensor *clicks, struct tensor *candidates,
                             const struct impressions *m)
{
	if (!d->attention)
		return op_gather_rows(t, mean_rows(t, clicks, &m->clicks), candidate_impressions(t, m),
		                      m->candidates.offset[m->count]);
	const struct click_pairs *p = click_pairs_make(t, m);
	if (!p)
		return NULL;
	struct tensor *weight = op_segment_softmax(t, weigh(d, t, clicks, candidates, m, p), &p->of_candidate);
	if (weight)
		watch_candidate_clicks(&d->base, m, 1, weight->data);
	return op_block_sum(t, weight, clicks, &m->candidates, &m->clicks);
}

static struct tensor *dkn_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                const struct encoded_news *news, const struct impressions *m)
{
	(void)data;
	const struct dkn *d = (const struct dkn *)r;
	const double width = (double)(d->windows * d->filters);
	struct tensor *clicks = gather_clicks(t, news->vector, m), *candidates = gather_candidates(t, news->vector, m);
	if (d->match == MATCH_SCALED)
		candidates = times(t, candidates, 1 / (real)sqrt(width));
	struct tensor *readers = attend(d, t, clicks, candidates, m);
	if (d->match != MATCH_NETWORK)
		return op_sum(t, op_mul(t, readers, candidates), AXIS_1);
	return finish(&d->rank, t, linear_apply(&d->rank.first, t, readers), linear_apply(&d->rank.second, t, candidates));
}

static const char *const dkn_kinds[] = {NULL};

extern const struct recommender_type dkn_type;
const struct recommender_type dkn_type = {
	.name = "dkn",
	.paper = "Wang et al., DKN: Deep Knowledge-Aware Network for News Recommendation, WWW 2018",
	.kinds = dkn_kinds,
	.tables = TABLE_ENTITIES,
	.tiny = "dkn.filters=6 dkn.hidden_width=8",
	.score_pairs = 200000,
	.open = dkn_open,
	.close = dkn_close,
	.keys = dkn_keys,
	.create = dkn_create,
	.start = dkn_start,
	.encode_news = dkn_encode_news,
	.score = dkn_score,
};
