/* YoutubeNet: the mean of what a reader clicked, beside what else is known of them, through a tower of ReLU layers.
 * (Covington, Adams, Sargin: Deep Neural Networks for YouTube Recommendations, RecSys 2016)
 *
 *     u = ReLU(… ReLU([mean of x over the clicks, user]))
 *     P(candidate c is clicked) = exp(u . v_c) / sum over the impression of exp(u . v)          section 3.1; v = W x
 *
 * Where the paper leaves a choice:
 * - It trains v_c for each of a million videos. News come new, so v is made of an item's ids and categories (sequence_items.h), and
 *   the softmax runs over what the impression showed, in place of a sample of all videos corrected for how it was drawn.
 * - Its context (place, device, age of the example) is not in these data: the reader's embedding stands for it, as in GMMF's table.
 * - network = ranking is section 4's: candidate, mean of the clicks and reader at the foot of the tower, one output, learnt by
 *   logistic regression; every click weighs one, where the paper's weigh as long as was watched.
 * - Layers halve in width from the foot to the top, as in its tables 1 and 2. */
#include <stdlib.h>
#include <string.h>

#include "model/layers/tower.h"
#include "model/recommenders/sequence_items.h"

enum { OWN_KEYS = 3, LAYERS_MAX = 6 };
enum network { NETWORK_CANDIDATES, NETWORK_RANKING };

struct youtubenet {
	struct recommender base;
	int network;
	int64_t layers, hidden;
	struct config_key keys[SEQUENCE_ITEM_KEYS + OWN_KEYS + 1];
	struct sequence_items items;
	struct tower tower;
	struct linear out; /* v of an item, or the score of section 4 */
};

static struct recommender *youtubenet_open(void)
{
	struct youtubenet *m = xcalloc(1, sizeof *m);
	const struct config_key keys[] = {
		{"youtubenet.network", CONFIG_CHOICE, &m->network, "candidates", "candidates|ranking", 0, 0,
	     "The paper's network for candidates (section 3), learnt by a softmax, or for ranking (section 4), learnt by "
	     "logistic regression."},
		{"youtubenet.layers", CONFIG_INT, &m->layers, "3", NULL, 1, LAYERS_MAX, "ReLU layers of the tower."},
		{"youtubenet.hidden", CONFIG_INT, &m->hidden, "1024", NULL, 1, 8192,
	     "Width of the tower's lowest layer; each above it has half as many."},
		SEQUENCE_ITEMS("youtubenet", &m->items),
		{0},
	};
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

static void youtubenet_close(struct recommender *r)
{
	free(r);
}

static const struct config_key *youtubenet_keys(struct recommender *r)
{
	return ((struct youtubenet *)r)->keys;
}

static const struct feature_want *youtubenet_features(const struct recommender *r)
{
	return sequence_items_features(&((struct youtubenet *)r)->items);
}

static enum status youtubenet_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct youtubenet *m = (struct youtubenet *)r;
	enum status st = sequence_items_init(&m->items, ps, data);
	const int64_t in = m->items.width * (m->network == NETWORK_RANKING ? 2 : 1) + m->items.user_width;
	int64_t width[LAYERS_MAX];
	for (int i = 0; i < m->layers; i++)
		width[i] = m->hidden >> i > 1 ? m->hidden >> i : 1;
	if (st == ST_OK)
		st = tower_init_widths(&m->tower, ps, "tower", in, width, (int)m->layers);
	if (st != ST_OK)
		return st;
	return m->network == NETWORK_RANKING
	           ? linear_init(&m->out, ps, "out", m->tower.width, 1, LINEAR_BIAS)
	           : linear_init(&m->out, ps, "out", m->items.width, m->tower.width, LINEAR_PLAIN);
}

static bool youtubenet_encode_news(struct recommender *r, struct tape *t, const struct news_data *data,
                                   const uint32_t *rows, int32_t count, struct encoded_news *out)
{
	out->vector = sequence_items_apply(&((struct youtubenet *)r)->items, t, data, rows, count);
	return out->vector != NULL;
}

/* Section 4. */
static struct tensor *rank(const struct youtubenet *m, struct tape *t, struct tensor *reader, struct tensor *candidates,
                           const struct impressions *im)
{
	const int64_t n = im->candidates.offset[im->count];
	struct tensor *both[] = {op_gather_rows(t, reader, candidate_impressions(t, im), n), candidates};
	struct tensor *top = tower_apply(&m->tower, t, op_concat(t, both, 2, 1), m->base.dropout);
	return op_reshape(t, linear_apply(&m->out, t, top), 1, &n);
}

static struct tensor *youtubenet_score(struct recommender *r, struct tape *t, const struct news_data *data,
                                       const struct encoded_news *news, const struct impressions *im)
{
	const struct youtubenet *m = (const struct youtubenet *)r;
	(void)data;
	struct tensor *clicks = gather_clicks(t, news->vector, im), *candidates = gather_candidates(t, news->vector, im);
	struct tensor *known[] = {mean_rows(t, clicks, &im->clicks), sequence_items_readers(&m->items, t, im)};
	struct tensor *reader = op_concat(t, known, 2, 1);
	if (m->network == NETWORK_RANKING)
		return rank(m, t, reader, candidates, im);
	reader = tower_apply(&m->tower, t, reader, m->base.dropout);
	return score_by_dot(t, reader, linear_apply(&m->out, t, candidates), &im->candidates);
}

static struct tensor *youtubenet_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                                      const struct encoded_news *news, const struct impressions *im,
                                      struct tensor *scores)
{
	(void)data;
	(void)news;
	return ((const struct youtubenet *)r)->network == NETWORK_RANKING ? click_bce(t, scores, im)
	                                                                  : op_cross_entropy(t, scores, &im->candidates);
}

extern const struct recommender_type youtubenet_type;
const struct recommender_type youtubenet_type = {
	.name = "youtubenet",
	.paper = "Covington et al., Deep Neural Networks for YouTube Recommendations, RecSys 2016",
	.kinds = sequence_item_kinds,
	.tables = SEQUENCE_ITEM_TABLES,
	.tiny = "youtubenet.hidden=32 youtubenet.layers=2",
	.open = youtubenet_open,
	.close = youtubenet_close,
	.keys = youtubenet_keys,
	.features = youtubenet_features,
	.create = youtubenet_create,
	.encode_news = youtubenet_encode_news,
	.score = youtubenet_score,
	.loss = youtubenet_loss,
};
