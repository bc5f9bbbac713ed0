/* EBNR: a denoising auto-encoder makes vectors of articles, such that those of one category lie nearer; a GRU over the clicks
 * makes one of the reader.
 * (Okura, Tagami, Ono, Tajima: Embedding-based News Recommendation for Millions of Users, KDD 2017)
 *
 * - The paper trains the auto-encoder first and the GRU on what it has made. Here both learn at once: the loss is the clicks' plus
 *   article_weight times the articles' (sec. 3.2), over the batch's news.
 * - A triplet (sec. 3.2) is a news of the batch, the next one there of its category, and the next one of another; the
 *   catalogue's categories are the paper's.
 * - Words of title and abstract are one set. Corruption leaves each out with probability `corruption` and scales the rest, so
 *   that applying needs no factor.
 * - Clicks: eq. in sec. 4.2, log(1 + exp(R(not clicked) - R(clicked))); the bias by position is not in MIND's logs. */
#include <stdlib.h>
#include <string.h>

#include "model/layers/linear.h"
#include "model/layers/recurrent_layer.h"
#include "model/recommenders/recommender.h"

enum { KEYS = 5 };

struct ebnr {
	struct recommender base;
	int64_t width;
	double corruption, article_weight, similarity;
	bool body;
	struct config_key keys[KEYS + 1];
	struct tensor *word, *bias; /* W, a row a word, [words, width], and b */
	struct linear decode;       /* W', b' */
	struct recurrent_weights gru;
};

static struct recommender *ebnr_open(void)
{
	struct ebnr *m = xcalloc(1, sizeof *m);
	const struct config_key keys[KEYS + 1] = {
		{"ebnr.width", CONFIG_INT, &m->width, "500", NULL, 1, 8192, "Width of articles and readers."},
		{"ebnr.body", CONFIG_BOOL, &m->body, "yes", NULL, 0, 0, "Read abstracts too."},
		{"ebnr.corruption", CONFIG_REAL, &m->corruption, "0.3", NULL, 0, 0.99,
	     "Probability that a word is left out while training."},
		{"ebnr.article_weight", CONFIG_REAL, &m->article_weight, "0.01", NULL, 0, 1000,
	     "Weight of the articles' loss beside the clicks'; the paper trains the two apart."},
		{"ebnr.similarity", CONFIG_REAL, &m->similarity, "1", NULL, 0, 1000,
	     "The paper's alpha: weight of log(1 + exp(h0.h2 - h0.h1)) beside the reconstruction."},
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void ebnr_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *ebnr_keys(struct recommender *r)
{
	return ((struct ebnr *)r)->keys;
}

static enum status ebnr_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct ebnr *m = (struct ebnr *)r;
	const int64_t dim[] = {data->vocabulary.count, m->width};
	enum status st = params_add(ps, "article.word", 2, dim, (struct init){INIT_NORMAL, 0.1}, &m->word);
	if (st == ST_OK)
		st = params_add(ps, "article.bias", 1, &m->width, (struct init){INIT_ZERO, 0}, &m->bias);
	if (st == ST_OK && m->article_weight > 0)
		st = linear_init(&m->decode, ps, "article.decode", m->width, data->vocabulary.count, LINEAR_BIAS);
	return st == ST_OK ? recurrent_layer_init(&m->gru, ps, "user", "l0", GRU_GATES, m->width, m->width) : st;
}

/* Articles ---------------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return (x > y) - (x < y);
}

/* The words of one news, each once; at most its words are written to `to`. */
static int32_t distinct_words(const struct ebnr *m, const struct news_data *data, uint32_t row, int32_t *to)
{
	const struct news_items *text[] = {&data->title, &data->abstract};
	int32_t n = 0, kept = 0;
	for (int i = 0; i < (m->body ? 2 : 1); i++)
		for (int64_t j = text[i]->offset[row]; j < text[i]->offset[row + 1] && !text[i]->hidden; j++)
			to[n++] = text[i]->item[j];
	qsort(to, (size_t)n, sizeof *to, by_number);
	for (int32_t i = 0; i < n; i++)
		if (i == 0 || to[i] != to[i - 1])
			to[kept++] = to[i];
	return kept;
}

/* x of sec. 3.1, as the numbers of the words that are 1. */
static int32_t *words_of(const struct ebnr *m, struct tape *t, const struct news_data *data, const uint32_t *rows,
                         int32_t count, struct segments *articles)
{
	int64_t most = 0;
	for (int32_t i = 0; i < count; i++)
		most += data->title.offset[rows[i] + 1] - data->title.offset[rows[i]] +
		        (m->body ? data->abstract.offset[rows[i] + 1] - data->abstract.offset[rows[i]] : 0);
	int32_t *word = arena_alloc(&t->arena, (size_t)most * sizeof *word + 1);
	int32_t *offset = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *offset);
	offset[0] = 0;
	for (int32_t i = 0; i < count; i++)
		offset[i + 1] = offset[i] + distinct_words(m, data, rows[i], word + offset[i]);
	*articles = (struct segments){offset, count};
	return word;
}

/* h = f(W x~ + b) - f(b): nothing read is zeros. */
static bool ebnr_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                             int32_t count, struct encoded_news *out)
{
	const struct ebnr *m = (const struct ebnr *)r;
	struct segments articles;
	const int32_t *word = words_of(m, t, data, rows, count, &articles);
	const int64_t n = articles.offset[count];
	struct tensor *kept = op_dropout(t, tape_constant(t, 1, &n, 1), m->corruption);
	struct tensor *x = op_segment_sum(t, op_embedding(t, m->word, word, n), kept, &articles);
	struct tensor *h = op_sigmoid(t, op_add(t, x, m->bias));
	out->vector = op_sub(t, h, op_sigmoid(t, m->bias));
	return out->vector != NULL;
}

/* Rows [n] of the articles' vectors with the next of the same category, and the next of another. */
struct triplets {
	int32_t *self, *same, *other;
	int32_t count;
};

/* The first slot after i, going round, whose category is that of i, or is not; -1: there is none. */
static int32_t next_slot(const int32_t *category, int32_t count, int32_t i, bool same)
{
	for (int32_t step = 1; step < count; step++) {
		const int32_t j = (i + step) % count;
		if ((category[j] == category[i]) == same)
			return j;
	}
	return -1;
}

static void find_triplets(struct triplets *x, struct tape *t, const struct news_data *data, const uint32_t *rows,
                          int32_t count)
{
	const size_t bytes = (size_t)count * sizeof(int32_t) + 1;
	int32_t *category = arena_alloc(&t->arena, bytes);
	*x = (struct triplets){arena_alloc(&t->arena, bytes), arena_alloc(&t->arena, bytes), arena_alloc(&t->arena, bytes),
	                       0};
	for (int32_t i = 0; i < count; i++)
		category[i] = data->category[rows[i]];
	for (int32_t i = 0; i < count; i++) {
		const int32_t same = next_slot(category, count, i, true), other = next_slot(category, count, i, false);
		if (same < 0 || other < 0)
			continue;
		x->self[x->count] = i;
		x->same[x->count] = same;
		x->other[x->count++] = other;
	}
}

/* mean log(1 + exp(-x)). */
static struct tensor *softplus_of_minus(struct tape *t, struct tensor *x)
{
	return x ? op_bce(t, x, tape_constant(t, x->ndim, x->dim, 1)) : NULL;
}

/* phi(h0, h1, h2); NULL if the batch has no triplet. */
static struct tensor *similarity_loss(struct tape *t, struct tensor *h, const struct triplets *x)
{
	struct tensor *h0 = op_gather_rows(t, h, x->self, x->count);
	struct tensor *h1 = op_gather_rows(t, h, x->same, x->count), *h2 = op_gather_rows(t, h, x->other, x->count);
	return softplus_of_minus(t, op_sum(t, op_mul(t, h0, op_sub(t, h1, h2)), AXIS_1));
}

/* L_R: the cross-entropy of x and y = f(W' h + b'), summed over words, the mean over articles. */
static struct tensor *reconstruction_loss(const struct ebnr *m, struct tape *t, const struct news_data *data,
                                          struct tensor *h, const uint32_t *rows, int32_t count)
{
	const int64_t words = data->vocabulary.count, dim[] = {count, words};
	struct segments articles;
	const int32_t *word = words_of(m, t, data, rows, count, &articles);
	real *x = arena_calloc(&t->arena, (size_t)(words * count) + 1, sizeof *x);
	for (int32_t i = 0; i < count; i++)
		for (int32_t j = articles.offset[i]; j < articles.offset[i + 1]; j++)
			x[i * words + word[j]] = 1;
	return times(t, op_bce(t, linear_apply(&m->decode, t, h), tape_borrow(t, 2, dim, x)), (double)words);
}

/* Readers ----------------------------------------------------------------------------------------------------------- */

static struct tensor *ebnr_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                 const struct encoded_news *news, const struct impressions *m)
{
	(void)data;
	const struct ebnr *e = (const struct ebnr *)r;
	struct tensor *states = op_gru(t, gather_clicks(t, news->vector, m), &m->clicks, &e->gru, NULL);
	struct tensor *users = op_segment_last(t, states, &m->clicks, NULL);
	return score_by_dot(t, users, gather_candidates(t, news->vector, m), &m->candidates);
}

/* Sec. 4.2: the clicked one, which comes first, above each of the others. */
static struct tensor *click_loss(struct tape *t, struct tensor *scores, const struct segments *candidates)
{
	const int32_t n = candidates->offset[candidates->count];
	int32_t *clicked = arena_alloc(&t->arena, (size_t)n * sizeof *clicked + 1);
	int32_t *passed = arena_alloc(&t->arena, (size_t)n * sizeof *passed + 1);
	int32_t pairs = 0;
	for (int32_t i = 0; i < candidates->count; i++)
		for (int32_t j = candidates->offset[i] + 1; j < candidates->offset[i + 1]; j++) {
			clicked[pairs] = candidates->offset[i];
			passed[pairs++] = j;
		}
	struct tensor *column = op_reshape(t, scores, 2, (int64_t[]){n, 1});
	return softplus_of_minus(
		t, op_sub(t, op_gather_rows(t, column, clicked, pairs), op_gather_rows(t, column, passed, pairs)));
}

static struct tensor *ebnr_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                                const struct encoded_news *news, const struct impressions *m, struct tensor *scores)
{
	const struct ebnr *e = (const struct ebnr *)r;
	struct tensor *loss = click_loss(t, scores, &m->candidates);
	if (e->article_weight == 0)
		return loss;
	const int32_t count = (int32_t)tensor_rows(news->vector);
	struct triplets x;
	find_triplets(&x, t, data, m->rows, count);
	struct tensor *article = reconstruction_loss(e, t, data, news->vector, m->rows, count);
	if (x.count && e->similarity > 0)
		article = op_add(t, article, times(t, similarity_loss(t, news->vector, &x), e->similarity));
	return op_add(t, loss, times(t, article, e->article_weight));
}

static const char *const ebnr_kinds[] = {NULL};

extern const struct recommender_type ebnr_type;
const struct recommender_type ebnr_type = {
	.name = "ebnr",
	.paper = "Okura et al., Embedding-based News Recommendation for Millions of Users, KDD 2017",
	.kinds = ebnr_kinds,
	.tables = TABLE_CATEGORIES | TABLE_ABSTRACTS,
	.tiny = "ebnr.width=16 ebnr.corruption=0",
	.open = ebnr_open,
	.close = ebnr_close,
	.keys = ebnr_keys,
	.create = ebnr_create,
	.encode_news = ebnr_encode_news,
	.score = ebnr_score,
	.loss = ebnr_loss,
};
