/* FIM-IM: FIM that reads the impression card.
 * (Xun et al.: Why Do We Click: Visual Impression-aware News Recommendation, MM 2021, §3.5)
 *
 * Local: words read the memory of cues (eq. 1-2) before they are matched; categories do not.
 * Global: eq. 13 sets the candidate's own card, made low-dimensional, beside the matching vector: y = Q2 (s ⊕ (Q1 o_c +
 * b1)); b2 is left out, as softmax over candidates cancels it. The text says something else: that the cards of clicks
 * and candidate are matched, and those scores set beside it. Both are here (global_match), the equation being the
 * default: as it is linear, it can tell a card that everybody likes, but not one that this reader likes. A news without
 * features has zeros. Without local and global modelling this is FIM. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/recommenders/fim_network.h"
#include "model/recommenders/impression_modules.h"

enum { FIM_IM_KEYS = FIM_KEYS + 6 };
enum global_match { MATCH_CANDIDATE, MATCH_CLICKS, MATCH_BOTH };

struct fim_im {
	struct recommender base;
	struct config_key keys[FIM_IM_KEYS + 1];
	struct impression_options o;
	int64_t global_width;
	int scale, global_match;
	struct fim_network network;
	struct impression_words memory;
	struct linear project, score; /* Q1, Q2 */
};

static struct recommender *fim_im_open(void)
{
	struct fim_im *m = xcalloc(1, sizeof *m);
	const struct config_key keys[FIM_IM_KEYS + 1] = {
		FIM_KEY_ROWS("fim-im", &m->network.o),
		IMPRESSION_LOCAL_KEY("fim-im", &m->o, "yes"),
		{"fim-im.global", CONFIG_BOOL, &m->o.global, "yes", NULL, 0, 0,
	     "Global impression modelling: the whole card is set beside the matching vector (eq. 13). no is the paper's "
	     "-G_IM."},
		IMPRESSION_MEMORY_WIDTH_KEY("fim-im", &m->o),
		{"fim-im.attention_scale", CONFIG_CHOICE, &m->scale, "none", ATTENTION_SCALES, 0, 0,
	     "Divide the memory's logits by the root of their width (sqrt), or leave them as the paper prints them."},
		{"fim-im.global_width", CONFIG_INT, &m->global_width, "50", NULL, 1, 4096,
	     "Width that whole cards are mapped to; the paper calls it low."},
		{"fim-im.global_match", CONFIG_CHOICE, &m->global_match, "candidate", "candidate|clicks|both", 0, 0,
	     "What is set beside the matching vector: the candidate's card, as eq. 13 prints it; how it matches the cards "
	     "of the "
	     "clicks, as the text before it says; or both."},
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void fim_im_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *fim_im_keys(struct recommender *r)
{
	return ((struct fim_im *)r)->keys;
}

static bool fim_im_reads(const struct recommender *r, const char *kind)
{
	return impression_options_read(&((const struct fim_im *)r)->o, kind);
}

static bool reads_candidate(const struct fim_im *m)
{
	return m->o.global && m->global_match != MATCH_CLICKS;
}

static bool reads_clicks(const struct fim_im *m)
{
	return m->o.global && m->global_match != MATCH_CANDIDATE;
}

static enum status fim_im_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct fim_im *m = (struct fim_im *)r;
	if (m->o.global && !data->impression)
		BUG("fim-im without the features that it reads");
	enum status st = fim_network_init(&m->network, ps, data);
	const int64_t width = m->network.matcher.features + (reads_candidate(m) ? m->global_width : 0) +
	                      (reads_clicks(m) ? m->network.o.clicks : 0);
	if (st == ST_OK && m->o.local)
		st = impression_words_init(&m->memory, ps, data, m->o.memory_width, m->scale);
	if (st == ST_OK && m->o.global)
		st = linear_init(&m->project, ps, "global.project", data->impression->global_width, m->global_width,
		                 LINEAR_BIAS);
	if (st == ST_OK)
		st = linear_init(&m->score, ps, "score", width, 1, LINEAR_PLAIN);
	return st;
}

static void fim_im_start(struct recommender *r, const struct news_data *data)
{
	word_embedding_start(&((struct fim_im *)r)->network.embedding, data);
}

static bool fim_im_encode_news(struct recommender *r, struct tape *t, const struct news_data *data,
                               const uint32_t *rows, int32_t count, struct encoded_news *out)
{
	struct fim_im *m = (struct fim_im *)r;
	struct segments *titles = arena_alloc(&t->arena, sizeof *titles);
	struct tensor *words = word_embedding_apply(&m->network.embedding, t, data, rows, count, titles);
	words = op_dropout(t, words, r->dropout);
	if (m->o.local)
		words = impression_words_apply(&m->memory, r, t, words, titles, data, rows, count);
	if (m->o.global) {
		struct tensor *present, *whole = news_data_globals(data->impression, rows, count, t, &present);
		out->vector = op_mul(t, linear_apply(&m->project, t, whole), present); /* eq. 13, Q1 o + b1 */
	}
	return fim_network_encode(&m->network, t, data, words, titles, rows, count, out);
}

/* How each candidate's card matches those of its reader's clicks, latest first: [candidates, clicks]. */
static struct tensor *match_cards(const struct fim_im *f, struct tape *t, const struct encoded_news *news,
                                  const struct impressions *m)
{
	const int64_t most = f->network.o.clicks;
	const int32_t shown = m->candidates.offset[m->count];
	struct matching match = {.candidates = m->candidates,
	                         .candidate_rows = *tape_segments(t, shown, 1),
	                         .levels = 1,
	                         .width = {f->global_width},
	                         .scale = {1 / sqrt((double)f->global_width)}};
	struct volumes images;
	const int32_t *latest = latest_clicks(t, m, most, &match.clicks);
	match.click_rows = *tape_segments(t, match.clicks.offset[m->count], 1);
	struct tensor *clicks = op_gather_rows(t, news->vector, latest, match.click_rows.count);
	struct tensor *scores = op_match(t, clicks, gather_candidates(t, news->vector, m), &match, &images);
	if (!scores)
		return NULL;
	int32_t *place = arena_alloc(&t->arena, ((size_t)tensor_size(scores) + 1) * sizeof *place);
	for (int32_t n = 0; n < shown; n++)
		for (int32_t k = images.slice[n]; k < images.slice[n + 1]; k++)
			place[k] = (int32_t)(n * most) + k - images.slice[n];
	scores = op_reshape(t, scores, 2, (int64_t[]){tensor_size(scores), 1});
	return op_reshape(t, op_scatter_rows(t, scores, place, shown * most), 2, (int64_t[]){shown, most});
}

static struct tensor *fim_im_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                   const struct encoded_news *news, const struct impressions *m)
{
	const struct fim_im *f = (const struct fim_im *)r;
	struct tensor *side_by_side[3] = {fim_network_match(&f->network, t, news, m)};
	int count = 1;
	(void)data;
	if (reads_candidate(f))
		side_by_side[count++] = gather_candidates(t, news->vector, m);
	if (reads_clicks(f))
		side_by_side[count++] = match_cards(f, t, news, m);
	struct tensor *scores = linear_apply(&f->score, t, op_concat(t, side_by_side, count, 1)); /* eq. 13 */
	return op_reshape(t, scores, 1, (int64_t[]){m->candidates.offset[m->count]});
}

static const char *const fim_im_kinds[] = {"impression", NULL};

extern const struct recommender_type fim_im_type;
const struct recommender_type fim_im_type = {
	.name = "fim-im",
	.paper = "Xun et al., Why Do We Click: Visual Impression-aware News Recommendation, MM 2021",
	.kinds = fim_im_kinds,
	.tables = TABLE_CATEGORIES,
	.tiny = "fim-im.filters=6 fim-im.layers=2 fim-im.clicks=9 fim-im.words=10 fim-im.image_filters1=4 "
			"fim-im.image_filters2=8 fim-im.memory_width=4 fim-im.global_width=4",
	/* Images of 13 words by 13: some 100 MB. */
	.score_pairs = 40000,
	.open = fim_im_open,
	.close = fim_im_close,
	.keys = fim_im_keys,
	.reads = fim_im_reads,
	.create = fim_im_create,
	.start = fim_im_start,
	.encode_news = fim_im_encode_news,
	.score = fim_im_score,
};
