#include "model/recommenders/fusion.h"

#include <stdlib.h>

#include "common/arena.h"
#include "common/file.h"
#include "model/recommenders/click_pairs.h"
#include "model/recommenders/modalities.h"

const char *const fusion_kinds[] = {"vgg", "bert", "cover", "clip", NULL};

/* Keys ----------------------------------------------------------------------------------------------------------------- */

static void add_key(struct fusion *f, const char *key, struct config_key k)
{
	if (f->key_count == FUSION_KEYS)
		BUG("%s has more than %d keys", f->way->name, FUSION_KEYS);
	k.name = f->key_names[f->key_count] = path_printf("%s.%s", f->way->name, key);
	f->keys[f->key_count++] = k;
}

void fusion_add_int(struct fusion *f, const char *key, int64_t *value, const char *usual, double max, const char *help)
{
	add_key(f, key, (struct config_key){NULL, CONFIG_INT, value, usual, NULL, 1, max, help});
}

void fusion_add_real(struct fusion *f, const char *key, double *value, const char *usual, double max, const char *help)
{
	add_key(f, key, (struct config_key){NULL, CONFIG_REAL, value, usual, NULL, 0, max, help});
}

struct fusion *fusion_open(size_t size, const struct fusion_way *way)
{
	struct fusion *f = xcalloc(1, size);
	f->way = way;
	add_key(f, "visual",
	        (struct config_key){NULL, CONFIG_CHOICE, &f->visual, "vgg", VISUAL_CHOICES, 0, 0, "The visual modality."});
	add_key(f, "text",
	        (struct config_key){NULL, CONFIG_CHOICE, &f->text, "bert", TEXT_CHOICES, 0, 0, "The text modality."});
	fusion_add_int(f, "item_width", &f->item_width, "32", 4096, "Width of an item's embedding.");
	fusion_add_int(f, "category_width", &f->category_width, "16", 4096, "Width of a category's embedding.");
	fusion_add_int(f, "user_width", &f->user_width, "32", 4096, "Width of a reader's embedding.");
	fusion_add_int(f, "width", &f->width, "32", 4096, "Width that each modality is brought to.");
	fusion_add_int(f, "hidden", &f->hidden, "64", 4096, "Width of the layer before the score.");
	fusion_add_real(f, "unseen_rate", &f->unseen_rate, "0", 0.99,
	                "Share of items and of readers that are taken for unseen ones while training.");
	return f;
}

void fusion_close(struct recommender *r)
{
	struct fusion *f = (struct fusion *)r;
	for (int i = 0; i < f->key_count; i++)
		free(f->key_names[i]);
	free(f);
}

const struct config_key *fusion_keys(struct recommender *r)
{
	return ((struct fusion *)r)->keys;
}

const struct feature_want *fusion_features(const struct recommender *r)
{
	struct fusion *f = (struct fusion *)r;
	int n = 0;
	if (f->visual)
		f->wants[n++] = visual_want(f->visual);
	if (f->text)
		f->wants[n++] = text_want(f->text);
	f->wants[n] = (struct feature_want){0};
	return f->wants;
}

/* Parameters ----------------------------------------------------------------------------------------------------------- */

static struct feature_want want_of(const struct fusion *f, int modality)
{
	return modality == FUSION_VISUAL ? visual_want(f->visual) : text_want(f->text);
}

static enum status create_reductions(struct fusion *f, struct params *ps, const struct news_data *data)
{
	enum status st =
		linear_init(&f->reduce[FUSION_ID], ps, "reduce.id", f->item_width + f->category_width, f->width, LINEAR_BIAS);
	for (int i = FUSION_VISUAL; i < FUSION_MODALITIES && st == ST_OK; i++) {
		const struct feature_want want = want_of(f, i);
		if (!want.kind)
			continue;
		const struct feature_column *column = news_data_feature(data, want.kind, want.column);
		st = linear_init(&f->reduce[i], ps, i == FUSION_VISUAL ? "reduce.visual" : "reduce.text",
		                 column->dim[column->ndim - 1], f->width, LINEAR_BIAS);
	}
	return st;
}

enum status fusion_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct fusion *f = (struct fusion *)r;
	int64_t fused = 0;
	enum status st = id_table_init(&f->item, ps, "item", data->news->count, f->item_width);
	if (st == ST_OK)
		st = categories_init(&f->category, ps, data, f->category_width);
	if (st == ST_OK)
		st = id_table_init(&f->user, ps, "user", data->readers.count + 1, f->user_width);
	if (st == ST_OK)
		st = create_reductions(f, ps, data);
	if (st == ST_OK)
		st = f->way->create(f, ps, &fused);
	if (st == ST_OK && f->attend)
		st = attention_pool_init(&f->pool, ps, "history", fused, f->width);
	if (st == ST_OK)
		st = linear_init(&f->head_hidden, ps, "head.hidden", f->user_width + 3 * fused, f->hidden, LINEAR_BIAS);
	return st == ST_OK ? linear_init(&f->head, ps, "head.out", f->hidden, 1, LINEAR_BIAS) : st;
}

/* Items ---------------------------------------------------------------------------------------------------------------- */

static struct tensor *read_id(const struct fusion *f, struct tape *t, const struct news_data *data,
                              const uint32_t *rows, int32_t count)
{
	int32_t *item = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *item);
	for (int32_t i = 0; i < count; i++)
		item[i] = (int32_t)rows[i];
	struct tensor *both[] = {id_table_apply(&f->item, t, item, count, f->unseen_rate),
	                         categories_of(t, f->category, data, rows, count)};
	return op_concat(t, both, 2, 1);
}

bool fusion_read_items(struct fusion *f, struct tape *t, const struct news_data *data, const uint32_t *rows,
                       int32_t count, struct fusion_items *items)
{
	*items = (struct fusion_items){.count = count};
	items->present[FUSION_ID] = tape_constant(t, 2, (int64_t[]){count, 1}, 1);
	items->z[FUSION_ID] = op_relu(t, linear_apply(&f->reduce[FUSION_ID], t, read_id(f, t, data, rows, count)));
	for (int i = FUSION_VISUAL; i < FUSION_MODALITIES; i++) {
		const struct feature_want want = want_of(f, i);
		if (!want.kind)
			continue;
		struct tensor *x =
			feature_column_rows(news_data_feature(data, want.kind, want.column), rows, count, t, &items->present[i]);
		items->z[i] = op_mul(t, op_relu(t, linear_apply(&f->reduce[i], t, x)), items->present[i]);
	}
	return tape_status(t) == ST_OK;
}

bool fusion_encode_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                        int32_t count, struct encoded_news *out)
{
	struct fusion *f = (struct fusion *)r;
	struct fusion_items items;
	if (!fusion_read_items(f, t, data, rows, count, &items))
		return false;
	if (t->recording)
		f->items = items;
	out->vector = f->way->fuse(f, t, &items);
	return out->vector != NULL;
}

/* Scores --------------------------------------------------------------------------------------------------------------- */

struct tensor *fusion_score(struct recommender *r, struct tape *t, const struct news_data *data,
                            const struct encoded_news *news, const struct impressions *m)
{
	const struct fusion *f = (const struct fusion *)r;
	const int64_t candidates = m->candidates.offset[m->count];
	const int32_t *impression = candidate_impressions(t, m);
	(void)data;
	struct tensor *clicks = gather_clicks(t, news->vector, m), *own = gather_candidates(t, news->vector, m);
	struct tensor *users = id_table_apply(&f->user, t, m->user, m->count, f->unseen_rate);
	struct tensor *history =
		f->attend ? attention_pool_apply(&f->pool, t, clicks, &m->clicks) : mean_rows(t, clicks, &m->clicks);
	users = op_gather_rows(t, users, impression, candidates);
	history = op_gather_rows(t, history, impression, candidates);
	struct tensor *x = op_concat(t, (struct tensor *[]){users, history, own, op_mul(t, history, own)}, 4, 1);
	x = op_dropout(t, op_relu(t, linear_apply(&f->head_hidden, t, x)), r->dropout);
	return op_reshape(t, linear_apply(&f->head, t, x), 1, &candidates);
}

struct tensor *fusion_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                           const struct encoded_news *news, const struct impressions *m, struct tensor *scores)
{
	struct fusion *f = (struct fusion *)r;
	struct tensor *loss = click_bce(t, scores, m), *more;
	(void)data;
	(void)news;
	more = f->way->loss ? f->way->loss(f, t, &f->items) : NULL;
	return more ? op_add(t, loss, more) : loss;
}
