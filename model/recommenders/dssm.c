/* DSSM: a reader's clicks are the query, a candidate the document; both are bags of letter trigrams, and meet as a cosine.
 * (Huang, He, Gao, Deng, Acero, Heck: Learning Deep Structured Semantic Models for Web Search using Clickthrough Data, CIKM 2013)
 *
 * The query is the text of all titles clicked, one after another: its trigrams are the sum of theirs. As the first layer is
 * linear in them (eq. 3), it is made once a news and summed. Both sides share the layers: a long history's sum lies where tanh is
 * flat while a title does not, so that their mean, a query as long as a title, is a choice. */
#include <stdlib.h>
#include <string.h>

#include "model/layers/linear.h"
#include "model/recommenders/recommender.h"

enum { KEYS = 4 };
enum { QUERY_SUM, QUERY_MEAN };

struct dssm {
	struct recommender base;
	int64_t hidden_width, out_width;
	double gamma;
	int query;
	struct config_key keys[KEYS + 1];
	struct tensor *trigram, *bias; /* W_1, a row a trigram, [trigrams + 1, hidden_width], and b_1 */
	struct linear second, third;
};

static struct recommender *dssm_open(void)
{
	struct dssm *m = xcalloc(1, sizeof *m);
	const struct config_key keys[KEYS + 1] = {
		{"dssm.hidden_width", CONFIG_INT, &m->hidden_width, "300", NULL, 1, 8192, "Width of both hidden layers."},
		{"dssm.out_width", CONFIG_INT, &m->out_width, "128", NULL, 1, 8192, "Width in which cosines are taken."},
		{"dssm.gamma", CONFIG_REAL, &m->gamma, "10", NULL, 0.01, 1000,
	     "Factor of the cosine in the softmax (eq. 6); the paper sets it on held-out data."},
		{"dssm.query", CONFIG_CHOICE, &m->query, "sum", "sum|mean", 0, 0,
	     "How the clicked titles make a query: their text in one, or the mean of their trigrams' counts."},
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void dssm_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *dssm_keys(struct recommender *r)
{
	return ((struct dssm *)r)->keys;
}

static enum status dssm_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct dssm *m = (struct dssm *)r;
	const int64_t dim[] = {data->trigrams.count + 1, m->hidden_width};
	enum status st = params_add(ps, "trigram.weight", 2, dim, (struct init){INIT_NORMAL, 0.05}, &m->trigram);
	if (st == ST_OK) {
		params_track_rows(ps, m->trigram);
		st = params_add(ps, "trigram.bias", 1, &m->hidden_width, (struct init){INIT_ZERO, 0}, &m->bias);
	}
	if (st == ST_OK)
		st = linear_init(&m->second, ps, "second", m->hidden_width, m->hidden_width, LINEAR_BIAS);
	return st == ST_OK ? linear_init(&m->third, ps, "third", m->hidden_width, m->out_width, LINEAR_BIAS) : st;
}

/* W_1 x, [count, hidden_width]. */
static bool dssm_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                             int32_t count, struct encoded_news *out)
{
	struct dssm *m = (struct dssm *)r;
	struct segments titles;
	int32_t *id = news_items_of(&data->trigram, rows, count, &t->arena, &titles);
	struct tensor *x = op_embedding(t, m->trigram, id, titles.offset[count]);
	out->vector = sum_rows(t, x, &titles);
	return out->vector != NULL;
}

/* Eq. 3-4 from W_1 x on, and the vector's direction. */
static struct tensor *finish(const struct dssm *m, struct tape *t, struct tensor *first)
{
	struct tensor *y = op_tanh(t, op_add(t, first, m->bias));
	y = op_tanh(t, linear_apply(&m->second, t, op_dropout(t, y, m->base.dropout)));
	return op_normalise(t, op_tanh(t, linear_apply(&m->third, t, op_dropout(t, y, m->base.dropout))));
}

static struct tensor *dssm_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                 const struct encoded_news *news, const struct impressions *m)
{
	(void)data;
	const struct dssm *d = (const struct dssm *)r;
	struct tensor *clicks = gather_clicks(t, news->vector, m);
	struct tensor *query =
		finish(d, t, d->query == QUERY_SUM ? sum_rows(t, clicks, &m->clicks) : mean_rows(t, clicks, &m->clicks));
	struct tensor *documents = finish(d, t, gather_candidates(t, news->vector, m));
	return times(t, score_by_dot(t, query, documents, &m->candidates), d->gamma);
}

static const char *const dssm_kinds[] = {NULL};

extern const struct recommender_type dssm_type;
const struct recommender_type dssm_type = {
	.name = "dssm",
	.paper = "Huang et al., Learning Deep Structured Semantic Models for Web Search using Clickthrough Data, CIKM 2013",
	.kinds = dssm_kinds,
	.tables = TABLE_TRIGRAMS,
	.tiny = "dssm.hidden_width=16 dssm.out_width=12",
	.open = dssm_open,
	.close = dssm_close,
	.keys = dssm_keys,
	.create = dssm_create,
	.encode_news = dssm_encode_news,
	.score = dssm_score,
};
