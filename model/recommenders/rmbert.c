/* RMBERT: cells in tandem ask a candidate's words for what matters, and the reader's clicks for what they say to that.
 * (Jia, Li, Zhang, He, Zhu: RMBERT: News Recommendation via Recurrent Reasoning Memory Network over BERT, SIGIR 2021)
 *
 * Where the printed equations leave a choice, and what they allow:
 * - the query unit (eq. 1-3) reads nothing of the reader: k_1 … k_p are made once a news, and kept as its parts.
 * - eq. 3 and 6: softmax, or with attention = sigmoid the text's "abandon the sum to one". X_con is the words without [CLS] and
 *   [SEP]. d_q is d: eq. 6 multiplies k_i by what is d wide, and k_0 is x_n.
 * - eq. 4-6: with W_I = [A B], W_b (I~ * k) = [A'(W_b * k) * r] . (W_H h + b_H) + B'(W_b * k) . h + what no click changes, for
 *   r = W_r m + b_r. So a click costs two dot products a candidate, not a matrix. What no click changes cancels in a softmax,
 *   and with it b_H, b_I, b_a and b_b, which are there with sigmoid only.
 * - eq. 6-7: with W_m = [C D], D sum_j a_j h_j = sum_j a_j (D h_j): clicks are mapped before they are summed.
 * - "w/o PQ": kq_i = W_k q_i + b_k. "w/o PM": I_i = W_H H + b_H and m_i = W_m U_i + b_m, so that m_0 is gone too.
 * - "w/o Att": U_i is the clicks' mean; as no query is asked, the query unit is gone with the attention.
 * An empty history is the empty sum in eq. 6, a title without words in eq. 3. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/layers/bi_lstm.h"
#include "model/recommenders/bert_titles.h"
#include "model/recommenders/cell_weights.h"
#include "model/recommenders/distinct.h"
#include "model/recommenders/recommender.h"
#include "model/recommenders/word_embedding.h"
#include "model/train/encode_parts.h"

enum { KEYS = 9, MAX_TOKENS = 32, MEAN_OF = 256 };
#define LIKENESS ((real)0.5) /* first weight of eq. 8's terms with start = alike */
enum encoder { ENCODER_CACHED, ENCODER_TUNED, ENCODER_LSTM };
enum start { START_GLOROT, START_ALIKE };
enum weigh { WEIGH_SOFTMAX, WEIGH_SIGMOID, WEIGH_MEAN };

struct rmbert {
	struct recommender base;
	int64_t cells, memory_width, hidden_width, lstm_width;
	int encoder, attention, first_values;
	bool previous_query, previous_memory;
	struct config_key keys[KEYS + 1];

	int64_t d, dm; /* widths of a word and of the memory */
	struct bert_titles bert;
	struct encode_parts parts;
	const struct news_data *data; /* of the news at hand; borrowed */
	struct word_embedding embedding;
	struct bi_lstm lstm;
	struct linear position[CELLS_MAX]; /* W_p^i */
	struct linear combine;             /* W_k */
	struct linear query_attention;     /* W_a [1, d] */
	struct linear query_out;           /* W_q */
	struct tensor *start;              /* m_0 [1, dm] */
	struct linear previous;            /* W_r */
	struct linear click;               /* W_H */
	struct linear join;                /* W_I */
	struct linear memory_attention;    /* W_b [1, d] */
	struct linear update;              /* W_m */
	struct linear hidden, out;         /* eq. 8 */
};

static struct tensor *encode_all(void *context, struct tape *t, const uint32_t *rows, int32_t count);

static struct recommender *rmbert_open(void)
{
	struct rmbert *m = xcalloc(1, sizeof *m);
	m->parts = (struct encode_parts){.encode = encode_all, .context = m};
	const struct config_key keys[KEYS + 1] = {
		{"rmbert.encoder", CONFIG_CHOICE, &m->encoder, "cached", "cached|tuned|bi-lstm", 0, 0,
	     "What reads titles: BERT's output from the shards of kind bert; BERT in the loop, by the keys under "
	     "[encoder]; or a "
	     "Bi-LSTM over word vectors (figure 2's w/o BERT)."},
		{"rmbert.cells", CONFIG_INT, &m->cells, "4", NULL, 1, CELLS_MAX, "Reasoning steps, the paper's p."},
		{"rmbert.attention", CONFIG_CHOICE, &m->attention, "softmax", "softmax|sigmoid|mean", 0, 0,
	     "How words and clicks are weighed (eq. 3, 6): as printed, as the text below eq. 3 says, or all alike (figure "
	     "2's "
	     "w/o Att)."},
		{"rmbert.previous_query", CONFIG_BOOL, &m->previous_query, "yes", NULL, 0, 0,
	     "A cell's query builds on the one before (eq. 2). no is figure 2's w/o PQ."},
		{"rmbert.previous_memory", CONFIG_BOOL, &m->previous_memory, "yes", NULL, 0, 0,
	     "A cell's memory builds on the one before (eq. 4, 7). no is figure 2's w/o PM."},
		{"rmbert.memory_width", CONFIG_INT, &m->memory_width, "0", NULL, 0, 8192,
	     "Width of m_i. 0: as a word's state."},
		{"rmbert.hidden_width", CONFIG_INT, &m->hidden_width, "0", NULL, 0, 8192,
	     "Width of the hidden layer of eq. 8. 0: as a word's state."},
		{"rmbert.lstm_width", CONFIG_INT, &m->lstm_width, "256", NULL, 2, 8192,
	     "Width of a word's state, both ways together, with encoder = bi-lstm."},
		{"rmbert.start", CONFIG_CHOICE, &m->first_values, "glorot", "glorot|alike", 0, 0,
	     "First values, which the paper does not state: Glorot's; or such that a click is attended to as its vector is "
	     "like "
	     "the candidate's, and the score falls with the candidate's distance from what was attended to, which little "
	     "data "
	     "need not find out first."},
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void rmbert_close(struct recommender *r)
{
	struct rmbert *m = (struct rmbert *)r;
	bert_titles_release(&m->bert);
	encode_parts_release(&m->parts);
	free(r);
}

static const struct config_key *rmbert_keys(struct recommender *r)
{
	return ((struct rmbert *)r)->keys;
}

/* Making ------------------------------------------------------------------------------------------------------------ */

static enum status create_query(struct rmbert *m, struct params *ps)
{
	const enum linear_bias free_bias = m->attention == WEIGH_SIGMOID ? LINEAR_BIAS : LINEAR_PLAIN;
	const int64_t d = m->d;
	enum status st = ST_OK;
	for (int i = 0; st == ST_OK && i < m->cells; i++) {
		char name[32];
		snprintf(name, sizeof name, "query.position.%d", i);
		st = linear_init(&m->position[i], ps, name, d, d, LINEAR_BIAS);
	}
	if (st == ST_OK)
		st = linear_init(&m->combine, ps, "query.combine", m->previous_query ? 2 * d : d, d, LINEAR_BIAS);
	if (st == ST_OK)
		st = linear_init(&m->query_attention, ps, "query.attention", d, 1, free_bias);
	if (st == ST_OK)
		st = linear_init(&m->query_out, ps, "query.out", d, d, LINEAR_BIAS);
	return st;
}

static enum status create_memory(struct rmbert *m, struct params *ps)
{
	const enum linear_bias free_bias = m->attention == WEIGH_SIGMOID ? LINEAR_BIAS : LINEAR_PLAIN;
	const int64_t d = m->d, dm = m->dm;
	enum status st = ST_OK;
	if (m->previous_memory)
		st = params_add(ps, "memory.start", 2, (int64_t[]){1, dm}, (struct init){INIT_NORMAL, 0.1}, &m->start);
	if (st == ST_OK)
		st = linear_init(&m->update, ps, "memory.update", m->previous_memory ? dm + d : d, dm, LINEAR_BIAS);
	if (m->attention == WEIGH_MEAN)
		return st;
	if (st == ST_OK && m->previous_memory)
		st = linear_init(&m->previous, ps, "memory.previous", dm, d, LINEAR_BIAS);
	if (st == ST_OK)
		st = linear_init(&m->click, ps, "memory.click", d, d, free_bias);
	if (st == ST_OK)
		st = linear_init(&m->join, ps, "memory.join", 2 * d, d, free_bias);
	if (st == ST_OK)
		st = linear_init(&m->memory_attention, ps, "memory.attention", d, 1, free_bias);
	return st;
}

static enum status create_words(struct rmbert *m, struct params *ps, const struct news_data *data)
{
	if (m->encoder == ENCODER_CACHED) {
		m->d = news_data_feature(data, "bert", "cls")->dim[0];
		return ST_OK;
	}
	if (m->encoder == ENCODER_TUNED) {
		const enum status st = bert_titles_create(&m->bert, ps, data, m->base.encoder, MAX_TOKENS);
		m->d = m->bert.net.config.width;
		return st;
	}
	m->d = m->lstm_width;
	const enum status st = word_embedding_init(&m->embedding, ps, data);
	return st == ST_OK ? bi_lstm_init(&m->lstm, ps, "lstm", data->word_width, m->d) : st;
}

static enum status rmbert_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct rmbert *m = (struct rmbert *)r;
	enum status st = create_words(m, ps, data);
	m->dm = m->memory_width ? m->memory_width : m->d;
	if (st == ST_OK && m->attention != WEIGH_MEAN)
		st = create_query(m, ps);
	if (st == ST_OK)
		st = create_memory(m, ps);
	const int64_t hidden = m->hidden_width ? m->hidden_width : m->d;
	if (st == ST_OK && m->first_values == START_ALIKE && (m->dm != m->d || hidden != 4 * m->d))
		st = status_fail(ST_USAGE,
		                 "rmbert.start = alike: expected a memory as wide as a word, %lld, and a hidden layer of %lld",
		                 (long long)m->d, 4 * (long long)m->d);
	if (st == ST_OK)
		st = linear_init(&m->hidden, ps, "hidden", m->d + m->dm, hidden, LINEAR_BIAS);
	return st == ST_OK ? linear_init(&m->out, ps, "out", hidden, 1, LINEAR_BIAS) : st;
}

/* A layer's weight [rows, columns …] = value * I from column first on. */
static void set_diagonal(const struct linear *l, int64_t first, double value)
{
	const int64_t rows = l->weight->dim[0], width = l->weight->dim[1];
	for (int64_t i = 0; i < rows; i++)
		l->weight->data[i * width + first + i] = (real)value;
}

static void set_all(struct tensor *x, double value)
{
	for (int64_t i = 0, n = x ? tensor_size(x) : 0; i < n; i++)
		x->data[i] = (real)value;
}

/* START_ALIKE, eq. 8: with x and m counted from the news' mean c, sum_i |x_i + m_i| - |x_i - m_i|, which is
 * 2 sum_i sign(x_i m_i) min(|x_i|, |m_i|): large where both point the same way. */
static void start_likeness(struct rmbert *m, const real *c)
{
	const int64_t d = m->d;
	for (int64_t i = 0; i < 4 * d; i++) {
		const int64_t column = i % d;
		const bool sum = i < 2 * d;
		const double side = i / d % 2 ? -1 : 1;
		real *row = m->hidden.weight->data + i * 2 * d;
		row[column] = (real)side;
		row[d + column] = (real)(sum ? side : -side);
		m->hidden.bias->data[i] = sum ? (real)(-2 * side) * c[column] : 0;
		m->out.weight->data[i] = sum ? LIKENESS : -LIKENESS;
	}
	/* About one candidate in five is clicked. */
	set_all(m->out.bias, -log(4));
}

/* START_ALIKE: maps begin as the identity, r as ones, the memory as U, so that words and clicks are weighed as by scaled dot
 * products. c [d]: the mean of the news' vectors. */
static void start_alike(struct rmbert *m, const real *c)
{
	const int64_t d = m->d, chain = m->previous_memory ? m->dm : 0;
	const double one = 1 / sqrt((double)d);
	struct linear *const parts[] = {&m->combine, &m->query_out, &m->previous, &m->click,
	                                &m->join,    &m->update,    &m->hidden};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		set_all(parts[i]->weight, 0);
	set_all(m->start, 0);
	set_all(m->previous.bias, 1);
	set_diagonal(&m->update, chain, 1);
	start_likeness(m, c);
	if (m->attention == WEIGH_MEAN)
		return;
	for (int i = 0; i < m->cells; i++) {
		set_all(m->position[i].weight, 0);
		set_diagonal(&m->position[i], 0, 1);
	}
	set_diagonal(&m->combine, 0, m->previous_query ? 0.5 : 1);
	if (m->previous_query)
		set_diagonal(&m->combine, d, 0.5);
	set_diagonal(&m->query_out, 0, 1);
	set_diagonal(&m->click, 0, 1);
	set_diagonal(&m->join, 0, 1);
	set_all(m->query_attention.weight, one);
	set_all(m->memory_attention.weight, one);
}

static enum status rmbert_load(struct recommender *r, enum load_what what, char **network)
{
	struct rmbert *m = (struct rmbert *)r;
	return m->encoder == ENCODER_TUNED ? bert_titles_load(&m->bert, what, network) : ST_OK;
}

static const struct feature_want *rmbert_features(const struct recommender *r)
{
	static const struct feature_want wants[] = {{"bert", "cls", NULL, 0}, {"bert", "token", "token_count", 0}, {0}};
	return ((const struct rmbert *)r)->encoder == ENCODER_CACHED ? wants : NULL;
}

/* News -------------------------------------------------------------------------------------------------------------- */

/* x_n [count, d] and X_con, the states of all words, packed. */
struct titles {
	struct tensor *whole, *word;
	struct segments words;
};

/* Leaves out the first and the last of each segment, [CLS] and [SEP]. */
static struct tensor *drop_ends(struct tape *t, struct tensor *tokens, const struct segments *all,
                                struct segments *words)
{
	int32_t *offset = arena_alloc(&t->arena, ((size_t)all->count + 1) * sizeof *offset);
	int32_t *row = arena_alloc(&t->arena, (size_t)all->offset[all->count] * sizeof *row + 1);
	int32_t n = offset[0] = 0;
	for (int32_t i = 0; i < all->count; i++) {
		for (int32_t j = all->offset[i] + 1; j < all->offset[i + 1] - 1; j++)
			row[n++] = j;
		offset[i + 1] = n;
	}
	*words = (struct segments){offset, all->count};
	return op_gather_rows(t, tokens, row, n);
}

static void read_titles(struct rmbert *m, struct tape *t, const struct news_data *data, const uint32_t *rows,
                        int32_t count, struct titles *x)
{
	struct segments *tokens = arena_alloc(&t->arena, sizeof *tokens);
	struct tensor *state = NULL;
	switch ((enum encoder)m->encoder) {
	case ENCODER_LSTM:
		state = word_embedding_apply(&m->embedding, t, data, rows, count, &x->words);
		x->word = bi_lstm_apply(&m->lstm, t, op_dropout(t, state, m->base.dropout), &x->words, &x->whole);
		break;
	case ENCODER_TUNED:
		if (data->hidden & NEWS_PART_TITLE) {
			x->words = (struct segments){arena_calloc(&t->arena, (size_t)count + 1, sizeof(int32_t)), count};
			x->whole = tape_borrow(t, 2, (int64_t[]){count, m->d},
			                       arena_calloc(&t->arena, (size_t)(count * m->d) + 1, sizeof(real)));
			x->word = tape_tensor(t, 2, (int64_t[]){0, m->d}, false);
			break;
		}
		state = bert_titles_apply(&m->bert, t, rows, count, m->base.dropout, tokens);
		x->whole = bert_first(t, state, tokens);
		x->word = state ? drop_ends(t, state, tokens, &x->words) : NULL;
		break;
	case ENCODER_CACHED:
		state = feature_column_items(news_data_feature(data, "bert", "token"), rows, count, t, tokens);
		x->whole = feature_column_rows(news_data_feature(data, "bert", "cls"), rows, count, t, NULL);
		x->word = state ? drop_ends(t, state, tokens, &x->words) : NULL;
		x->whole = op_dropout(t, x->whole, m->base.dropout);
		x->word = op_dropout(t, x->word, m->base.dropout);
		break;
	}
}

/* The sum of eq. 3 for kq [count, d]; weights, where not NULL, receives what it weighs by, [words]. */
static struct tensor *weigh_words(const struct rmbert *m, struct tape *t, struct tensor *kq, const struct titles *x,
                                  const real **weights)
{
	const struct attention how = {.heads = 1, .scale = 1, .weights = weights};
	struct tensor *query = op_mul(t, kq, m->query_attention.weight);
	if (m->attention == WEIGH_SOFTMAX)
		return op_attention(t, query, x->word, x->word, tape_segments(t, x->words.count, 1), &x->words, &how);
	struct tensor *logits = op_add(t, op_segment_dot(t, x->word, query, &x->words), m->query_attention.bias);
	struct tensor *open = op_sigmoid(t, logits);
	if (weights && open)
		*weights = open->data;
	return op_segment_sum(t, x->word, open, &x->words);
}

/* Eq. 1-3: k_1 … k_p of each news side by side, [count, cells * d]. */
static struct tensor *ask(const struct rmbert *m, struct tape *t, const struct titles *x)
{
	struct tensor *all[CELLS_MAX], *k = x->whole;
	struct cell_weights weighed = {.cells = 0};
	for (int i = 0; i < m->cells; i++) {
		struct tensor *q = linear_apply(&m->position[i], t, x->whole);
		if (m->previous_query)
			q = op_concat(t, (struct tensor *[]){q, k}, 2, 1);
		struct tensor *heard =
			weigh_words(m, t, linear_apply(&m->combine, t, q), x, cell_weights_next(&weighed, &m->base));
		all[i] = k = linear_apply(&m->query_out, t, heard);
	}
	cell_weights_of_words(&weighed, &m->base, t, m->encoder == ENCODER_LSTM ? WATCH_WORDS : WATCH_NUMBERS, &x->words);
	return op_concat(t, all, (int)m->cells, 1);
}

/* [count, d] of x_n, and beside it k_1 … k_p where they are asked for. */
static struct tensor *encode_all(void *context, struct tape *t, const uint32_t *rows, int32_t count)
{
	struct rmbert *m = context;
	struct titles *x = arena_calloc(&t->arena, 1, sizeof *x);
	read_titles(m, t, m->data, rows, count, x);
	return m->attention == WEIGH_MEAN ? x->whole : op_concat(t, (struct tensor *[]){x->whole, ask(m, t, x)}, 2, 1);
}

static bool rmbert_encode_news(struct recommender *r, struct tape *t, const struct news_data *data,
                               const uint32_t *rows, int32_t count, struct encoded_news *out)
{
	struct rmbert *m = (struct rmbert *)r;
	const int64_t cells = m->attention == WEIGH_MEAN ? 0 : m->cells;
	m->data = data;
	m->parts.together = (int32_t)r->encoder->together;
	struct tensor *x = t->recording && m->encoder == ENCODER_TUNED && m->parts.together
	                       ? encode_parts_apply(&m->parts, t, rows, count, (1 + cells) * m->d)
	                       : encode_all(m, t, rows, count);
	if (!x || cells == 0) {
		out->vector = x;
		return x != NULL;
	}
	out->vector = op_slice(t, x, 1, 0, m->d);
	out->part = op_reshape(t, op_slice(t, x, 1, m->d, cells * m->d), 2, (int64_t[]){count * cells, m->d});
	out->part_of = *tape_segments(t, count, (int32_t)cells);
	return out->part != NULL;
}

/* The mean of the first news' vectors, [d]. */
static const real *mean_vector(struct rmbert *m, struct tape *t, const struct news_data *data)
{
	const int32_t count = data->news->count < MEAN_OF ? (int32_t)data->news->count : MEAN_OF;
	uint32_t *rows = arena_alloc(&t->arena, (size_t)count * sizeof *rows + 1);
	struct encoded_news news = {0};
	for (int32_t i = 0; i < count; i++)
		rows[i] = (uint32_t)i;
	if (!rmbert_encode_news(&m->base, t, data, rows, count, &news))
		return NULL;
	const struct tensor *mean = op_mean(t, news.vector, AXIS_0);
	return mean ? mean->data : NULL;
}

static void rmbert_start(struct recommender *r, const struct news_data *data)
{
	struct rmbert *m = (struct rmbert *)r;
	if (m->encoder == ENCODER_LSTM)
		word_embedding_start(&m->embedding, data);
	if (m->first_values != START_ALIKE)
		return;
	struct tape t = {0};
	tape_init(&t, false);
	const real *zeros = arena_calloc(&t.arena, (size_t)m->d, sizeof *zeros), *mean = mean_vector(m, &t, data);
	start_alike(m, mean ? mean : zeros);
	tape_release(&t);
}

/* Readers and candidates -------------------------------------------------------------------------------------------- */

/* What of an impression's batch stays the same from cell to cell. */
struct match {
	const struct encoded_news *news;
	const struct impressions *of;
	struct distinct candidate;  /* slots of the candidates */
	struct tensor *key;         /* [clicks, 2 d] (W_H h + b_H, h); with sigmoid [clicks, 2 d + 1], ones last */
	struct tensor *value;       /* [clicks, dm] D h */
	int64_t candidates, clicks; /* places */
	const int32_t *impression;  /* [candidates] */
};

/* Columns first … first + count - 1 of a layer's weight, as a layer without bias. */
static struct linear columns(struct tape *t, const struct linear *l, int64_t first, int64_t count)
{
	return (struct linear){op_slice(t, l->weight, 1, first, count), NULL};
}

static void match_open(struct match *x, const struct rmbert *m, struct tape *t, const struct encoded_news *news,
                       const struct impressions *of)
{
	const int32_t clicks = of->clicks.offset[of->count], candidates = of->candidates.offset[of->count];
	*x = (struct match){.news = news, .of = of, .candidates = candidates, .clicks = clicks};
	x->candidate = distinct_slots(&t->arena, of->candidate, candidates);
	const struct distinct click = distinct_slots(&t->arena, of->click, clicks);
	struct tensor *h = op_gather_rows(t, news->vector, click.slot, click.count);
	const struct linear d =
		m->previous_memory ? columns(t, &m->update, m->dm, m->d) : (struct linear){m->update.weight, NULL};
	x->value = op_gather_rows(t, linear_apply(&d, t, h), click.which, clicks);
	x->impression = candidate_impressions(t, of);
	if (m->attention == WEIGH_MEAN)
		return;
	const bool sigmoid = m->attention == WEIGH_SIGMOID;
	struct tensor *key[] = {linear_apply(&m->click, t, h), h,
	                        sigmoid ? tape_constant(t, 2, (int64_t[]){click.count, 1}, 1) : NULL};
	x->key = op_gather_rows(t, op_concat(t, key, sigmoid ? 3 : 2, 1), click.which, clicks);
}

/* W_b * k_i of the distinct candidates, [distinct, d]. */
static struct tensor *weighted_query(const struct rmbert *m, struct tape *t, const struct match *x, int cell)
{
	int32_t *row = arena_alloc(&t->arena, (size_t)x->candidate.count * sizeof *row + 1);
	for (int32_t j = 0; j < x->candidate.count; j++)
		row[j] = x->news->part_of.offset[x->candidate.slot[j]] + cell;
	struct tensor *k = op_gather_rows(t, x->news->part, row, x->candidate.count);
	return op_mul(t, k, m->memory_attention.weight);
}

/* Sigmoid weights: the terms that no click changes count. */
static struct tensor *weigh_by_sigmoid(const struct rmbert *m, struct tape *t, const struct match *x,
                                       struct tensor *query, struct tensor *weighted, const real **weights)
{
	const struct segments *candidates = &x->of->candidates, *clicks = &x->of->clicks;
	struct tensor *b = op_reshape(t, m->join.bias, 2, (int64_t[]){1, m->d});
	struct tensor *same = op_linear(t, weighted, b, m->memory_attention.bias);
	same = op_gather_rows(t, same, x->candidate.which, x->candidates);
	query = op_concat(t, (struct tensor *[]){query, same}, 2, 1);
	struct tensor *open = op_sigmoid(t, op_block_dot(t, query, x->key, candidates, clicks));
	if (weights && open)
		*weights = open->data;
	return op_block_sum(t, open, x->value, candidates, clicks);
}

/* D U_i (eq. 4-6) for each candidate, [candidates, dm]; memory: m_{i-1}, or NULL where it is not read. weights, where not NULL,
 * receives what it weighs by, for each impression [candidates, clicks]. */
static struct tensor *weigh_clicks(const struct rmbert *m, struct tape *t, const struct match *x, int cell,
                                   struct tensor *memory, const real **weights)
{
	const struct attention how = {.heads = 1, .scale = 1, .weights = weights};
	struct tensor *weighted = weighted_query(m, t, x, cell);
	struct tensor *query = op_matmul(t, weighted, m->join.weight, MATMUL_PLAIN);
	query = op_gather_rows(t, query, x->candidate.which, x->candidates);
	if (memory) {
		struct tensor *own = op_mul(t, op_slice(t, query, 1, 0, m->d), linear_apply(&m->previous, t, memory));
		query = op_concat(t, (struct tensor *[]){own, op_slice(t, query, 1, m->d, m->d)}, 2, 1);
	}
	if (m->attention == WEIGH_SIGMOID)
		return weigh_by_sigmoid(m, t, x, query, weighted, weights);
	return op_attention(t, query, x->key, x->value, &x->of->candidates, &x->of->clicks, &how);
}

/* m_p (eq. 4-7), [candidates, dm]. */
static struct tensor *remember(const struct rmbert *m, struct tape *t, const struct match *x)
{
	struct linear carry = {0};
	struct tensor *memory = NULL;
	struct cell_weights weighed = {.cells = 0};
	if (m->previous_memory) {
		int32_t *zeros = arena_calloc(&t->arena, (size_t)x->candidates + 1, sizeof *zeros);
		memory = op_gather_rows(t, m->start, zeros, x->candidates);
		carry = columns(t, &m->update, 0, m->dm);
		carry.bias = m->update.bias;
	}
	for (int i = m->previous_memory ? 0 : (int)m->cells - 1; i < m->cells; i++) {
		struct tensor *heard =
			m->attention == WEIGH_MEAN
				? op_gather_rows(t, mean_rows(t, x->value, &x->of->clicks), x->impression, x->candidates)
				: weigh_clicks(m, t, x, i, memory, cell_weights_next(&weighed, &m->base));
		memory = op_add(t, heard, memory ? linear_apply(&carry, t, memory) : m->update.bias);
	}
	cell_weights_of_clicks(&weighed, &m->base, t, x->of);
	return memory;
}

static struct tensor *rmbert_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                   const struct encoded_news *news, const struct impressions *of)
{
	const struct rmbert *m = (const struct rmbert *)r;
	struct match *x = arena_alloc(&t->arena, sizeof *x);
	(void)data;
	match_open(x, m, t, news, of);
	struct tensor *memory = remember(m, t, x);
	/* Eq. 8; what the candidate alone gives, once a news. */
	struct linear own = columns(t, &m->hidden, 0, m->d), heard = columns(t, &m->hidden, m->d, m->dm);
	own.bias = m->hidden.bias;
	struct tensor *o = linear_apply(&own, t, op_gather_rows(t, news->vector, x->candidate.slot, x->candidate.count));
	o = op_gather_rows(t, o, x->candidate.which, x->candidates);
	o = op_relu(t, op_add(t, o, linear_apply(&heard, t, memory)));
	return op_reshape(t, linear_apply(&m->out, t, o), 1, &x->candidates);
}

static struct tensor *rmbert_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                                  const struct encoded_news *news, const struct impressions *of, struct tensor *scores)
{
	const int64_t n = of->candidates.offset[of->count];
	real *target = arena_calloc(&t->arena, (size_t)n + 1, sizeof *target);
	(void)r;
	(void)data;
	(void)news;
	for (int32_t i = 0; i < of->count; i++)
		target[of->candidates.offset[i]] = 1;
	return op_bce(t, scores, tape_borrow(t, 1, &n, target));
}

static const char *const rmbert_kinds[] = {"bert", NULL};

extern const struct recommender_type rmbert_type;
const struct recommender_type rmbert_type = {
	.name = "rmbert",
	.paper = "Jia et al., RMBERT: News Recommendation via Recurrent Reasoning Memory Network over BERT, SIGIR 2021",
	.kinds = rmbert_kinds,
	.tiny = "rmbert.cells=2 rmbert.start=alike rmbert.hidden_width=48",
	.open = rmbert_open,
	.close = rmbert_close,
	.keys = rmbert_keys,
	.features = rmbert_features,
	.create = rmbert_create,
	.load = rmbert_load,
	.start = rmbert_start,
	.encode_news = rmbert_encode_news,
	.score = rmbert_score,
	.loss = rmbert_loss,
};
