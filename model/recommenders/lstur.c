/* LSTUR: a reader's long-term taste as a vector of their own, the short-term one by a GRU over their clicks.
 * (An, Wu, Wu, Zhang, Liu, Xie: Neural News Recommendation with Long- and Short-term User Representations, ACL 2019)
 *
 *     ini (eq. 9): the GRU starts from u_l and ends in u;       con (eq. 10): u = [u_s; u_l], u_s the GRU's last state
 *
 * u_l is as wide as a news in the first, and in the second takes a share of that width, as u is to be multiplied with a
 * news. While training it is masked, zeros instead, with a probability of its own for each impression (§3.2.1); a
 * reader that training did not see is zeros in the same way. LSTUR+img (VLSNR's tables) has covers among the parts of
 * its news. IMRec's modules come in by one line: local = yes lets title words read the cues, global = yes lets the
 * whole card into the news' vector. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/layers/cnn_encoder.h"
#include "model/layers/gru_stack.h"
#include "model/recommenders/impression_modules.h"
#include "model/recommenders/vector_parts.h"
#include "model/recommenders/word_embedding.h"

enum { LSTUR_KEYS = 14, NAME_SIZE = 40 };
enum variant { VARIANT_INI, VARIANT_CON };

struct lstur {
	struct recommender base;
	struct config_key keys[LSTUR_KEYS + 1];
	char names[LSTUR_KEYS][NAME_SIZE]; /* of the keys */
	int variant, scale;
	int64_t kernel, query_width, long_width;
	double mask;
	struct vector_parts_options o;
	struct impression_options impression;

	struct word_embedding embedding;
	struct impression_words memory;
	struct cnn_encoder title;
	struct vector_parts parts;
	struct global_impression whole;
	struct tensor *readers; /* [readers + 1, width of u_l]; row 0 is never read */
	struct gru_stack gru;
};

/* parts: what a news is made of by default. */
static struct recommender *open_as(const char *section, const char *parts)
{
	struct lstur *m = xcalloc(1, sizeof *m);
	const struct config_key keys[LSTUR_KEYS + 1] = {
		{"lstur.variant", CONFIG_CHOICE, &m->variant, "ini", "ini|con", 0, 0,
	     "The long-term vector starts the GRU (ini), or stands beside its last state (con)."},
		{"lstur.parts", CONFIG_CHOICE, &m->o.choice, parts, NEWS_CHOICES, 0, 0, NEWS_CHOICES_HELP},
		{"lstur.filters", CONFIG_INT, &m->o.title_width, "300", NULL, 1, 4096, "Filters over title words."},
		{"lstur.kernel", CONFIG_INT, &m->kernel, "3", NULL, 1, 64, "Words that a filter sees."},
		{"lstur.query_width", CONFIG_INT, &m->query_width, "200", NULL, 1, 4096,
	     "Hidden width of the attention over a title's words."},
		{"lstur.category_width", CONFIG_INT, &m->o.category_width, "100", NULL, 1, 4096,
	     "Width of a category's vector, and of a subcategory's."},
		{"lstur.image_width", CONFIG_INT, &m->o.image_width, "100", NULL, 1, 4096, "Width of a cover's vector."},
		{"lstur.long_width", CONFIG_INT, &m->long_width, "0", NULL, 0, 65536,
	     "Width of the long-term vector in con; 0: half of a news'. In ini it is a news' width."},
		{"lstur.mask", CONFIG_REAL, &m->mask, "0.5", NULL, 0, 0.99,
	     "Probability that a reader's long-term vector is masked while training."},
		{"lstur.attention_scale", CONFIG_CHOICE, &m->scale, "none", ATTENTION_SCALES, 0, 0,
	     "Divide the memory's logits by the root of their width (sqrt), or leave them as IMRec prints them."},
		IMPRESSION_LOCAL_KEY("lstur", &m->impression, "no"),
		IMPRESSION_GLOBAL_KEY("lstur", &m->impression, "no"),
		IMPRESSION_GATE_KEY("lstur", &m->impression),
		IMPRESSION_MEMORY_WIDTH_KEY("lstur", &m->impression),
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	for (int i = 0; i < LSTUR_KEYS; i++) {
		snprintf(m->names[i], NAME_SIZE, "%s%s", section, strchr(keys[i].name, '.'));
		m->keys[i].name = m->names[i];
	}
	return &m->base;
}

static struct recommender *lstur_open(void)
{
	return open_as("lstur", "tit+top+sub");
}

static struct recommender *lstur_img_open(void)
{
	return open_as("lstur-img", "overall");
}

static void lstur_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *lstur_keys(struct recommender *r)
{
	return ((struct lstur *)r)->keys;
}

static const struct feature_want *lstur_features(const struct recommender *r)
{
	return news_choice_features(((const struct lstur *)r)->o.choice);
}

static bool lstur_reads(const struct recommender *r, const char *kind)
{
	return impression_options_read(&((const struct lstur *)r)->impression, kind);
}

static enum status create_title(struct lstur *m, struct params *ps, const struct news_data *data)
{
	const struct cnn_encoder_options o = {
		.in = data->word_width, .filters = m->o.title_width, .kernel = m->kernel, .query_width = m->query_width};
	enum status st = word_embedding_init(&m->embedding, ps, data);
	if (st == ST_OK)
		st = cnn_encoder_init(&m->title, ps, "title", &o);
	if (st == ST_OK && m->impression.local)
		st = impression_words_init(&m->memory, ps, data, m->impression.memory_width, m->scale);
	return st;
}

static enum status create_user(struct lstur *m, struct params *ps, const struct news_data *data)
{
	const int64_t width = m->parts.width;
	int64_t own = width;
	if (m->variant == VARIANT_CON)
		own = m->long_width ? m->long_width : width / 2;
	if (m->variant == VARIANT_CON && own >= width)
		return status_fail(ST_USAGE,
		                   "%s.long_width: %lld leaves nothing of a news' width of %lld for the short-term one",
		                   m->base.type->name, (long long)own, (long long)width);
	const int64_t dim[] = {(int64_t)data->readers.count + 1, own};
	enum status st = params_add(ps, "user.weight", 2, dim, (struct init){INIT_NORMAL, 0.1}, &m->readers);
	if (st == ST_OK)
		params_track_rows(ps, m->readers);
	return st == ST_OK ? gru_stack_init(&m->gru, ps, "gru", width, m->variant == VARIANT_CON ? width - own : own, 1)
	                   : st;
}

static enum status lstur_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct lstur *m = (struct lstur *)r;
	enum status st = vector_parts_init(&m->parts, ps, data, &m->o);
	if (st == ST_OK && m->impression.local && !(m->parts.parts & VECTOR_TITLE))
		st = status_fail(ST_USAGE, "%s.local: there is no title among the parts", r->type->name);
	if (st == ST_OK && m->parts.parts & VECTOR_TITLE)
		st = create_title(m, ps, data);
	if (st == ST_OK && m->impression.global)
		st = global_impression_init(&m->whole, ps, data, m->parts.width, m->impression.gate);
	return st == ST_OK ? create_user(m, ps, data) : st;
}

static void lstur_start(struct recommender *r, const struct news_data *data)
{
	struct lstur *m = (struct lstur *)r;
	if (m->parts.parts & VECTOR_TITLE)
		word_embedding_start(&m->embedding, data);
}

/* News ------------------------------------------------------------------------------------------------------------------- */

static struct tensor *encode_title(const struct lstur *m, struct tape *t, const struct news_data *data,
                                   const uint32_t *rows, int32_t count)
{
	struct segments *titles = arena_alloc(&t->arena, sizeof *titles);
	struct tensor *words = word_embedding_apply(&m->embedding, t, data, rows, count, titles);
	words = op_dropout(t, words, m->base.dropout);
	if (m->impression.local)
		words = impression_words_apply(&m->memory, &m->base, t, words, titles, data, rows, count);
	return cnn_encoder_apply(&m->title, t, words, titles, m->base.dropout); /* eq. 1-3 */
}

static bool lstur_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                              int32_t count, struct encoded_news *out)
{
	struct lstur *m = (struct lstur *)r;
	struct tensor *title = m->parts.parts & VECTOR_TITLE ? encode_title(m, t, data, rows, count) : NULL;
	out->vector = vector_parts_join(&m->parts, t, title, data, rows, count); /* eq. 4 */
	if (m->impression.global)
		out->vector = global_impression_apply(&m->whole, t, out->vector, data, rows, count);
	return out->vector != NULL;
}

/* Readers ---------------------------------------------------------------------------------------------------------------- */

/* u_l [count, width]: zeros for a reader that is masked or that training did not see. */
static struct tensor *long_term(const struct lstur *l, struct tape *t, const struct impressions *m)
{
	struct tensor *known = tape_tensor(t, 2, (int64_t[]){m->count, 1}, false);
	for (int32_t i = 0; i < m->count; i++)
		known->data[i] = m->user[i] != 0;
	/* What dropout keeps it also makes larger; masking does not. */
	struct tensor *share = tape_tensor(t, 1, (int64_t[]){1}, false);
	share->data[0] = (real)(t->training ? 1 - l->mask : 1);
	struct tensor *kept = op_mul(t, op_dropout(t, known, l->mask), share);
	return op_mul(t, op_embedding(t, l->readers, m->user, m->count), kept);
}

static struct tensor *lstur_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                  const struct encoded_news *news, const struct impressions *m)
{
	const struct lstur *l = (const struct lstur *)r;
	(void)data;
	struct segments *clicked = arena_alloc(&t->arena, sizeof *clicked);
	*clicked = m->clicks;
	struct tensor *own = long_term(l, t, m), *start = l->variant == VARIANT_INI ? own : NULL;
	struct tensor *states = op_gru(t, gather_clicks(t, news->vector, m), clicked, &l->gru.layer[0], start); /* eq. 8 */
	struct tensor *user = op_segment_last(t, states, clicked, start);                                       /* eq. 9 */
	if (l->variant == VARIANT_CON)
		user = op_concat(t, (struct tensor *[]){user, own}, 2, 1); /* eq. 10 */
	return score_by_dot(t, user, gather_candidates(t, news->vector, m), &m->candidates);
}

static const char *const lstur_kinds[] = {"cover", "impression", NULL};

extern const struct recommender_type lstur_type, lstur_img_type;
const struct recommender_type lstur_type = {
	.name = "lstur",
	.paper = "An et al., Neural News Recommendation with Long- and Short-term User Representations, ACL 2019",
	.kinds = lstur_kinds,
	.tables = TABLE_READERS | TABLE_CATEGORIES,
	.tiny = "lstur.filters=8 lstur.query_width=6 lstur.category_width=4 lstur.image_width=6 lstur.mask=0",
	.open = lstur_open,
	.close = lstur_close,
	.keys = lstur_keys,
	.features = lstur_features,
	.reads = lstur_reads,
	.create = lstur_create,
	.start = lstur_start,
	.encode_news = lstur_encode_news,
	.score = lstur_score,
};
const struct recommender_type lstur_img_type = {
	.name = "lstur-img",
	.paper = "An et al., LSTUR, ACL 2019, with covers as in Han et al., VLSNR, 2022",
	.kinds = lstur_kinds,
	.tables = TABLE_READERS | TABLE_CATEGORIES,
	.tiny = "lstur-img.filters=8 lstur-img.query_width=6 lstur-img.category_width=4 lstur-img.image_width=6 "
			"lstur-img.mask=0",
	.open = lstur_img_open,
	.close = lstur_close,
	.keys = lstur_keys,
	.features = lstur_features,
	.reads = lstur_reads,
	.create = lstur_create,
	.start = lstur_start,
	.encode_news = lstur_encode_news,
	.score = lstur_score,
};
