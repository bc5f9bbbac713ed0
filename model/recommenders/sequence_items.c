#include "model/recommenders/sequence_items.h"

#include <math.h>

#include "common/arena.h"

enum { VISUAL, TEXT };

const char *const sequence_item_kinds[] = {"vgg", "bert", "cover", "clip", NULL};

static struct feature_want want_of(const struct sequence_items *s, int modality)
{
	return modality == VISUAL ? visual_want(s->choice[VISUAL]) : text_want(s->choice[TEXT]);
}

const struct feature_want *sequence_items_features(struct sequence_items *s)
{
	int n = 0;
	for (int i = 0; i < SEQUENCE_MODALITIES; i++)
		if (s->choice[i])
			s->wants[n++] = want_of(s, i);
	s->wants[n] = (struct feature_want){0};
	return s->wants;
}

static enum status add_modality(struct sequence_items *s, struct params *ps, const struct news_data *data, int modality)
{
	const struct feature_want want = want_of(s, modality);
	if (!want.kind)
		return ST_OK;
	const struct feature_column *column = news_data_feature(data, want.kind, want.column);
	s->width += s->modality_width;
	return linear_init(&s->reduce[modality], ps, modality == VISUAL ? "visual" : "text", column->dim[column->ndim - 1],
	                   s->modality_width, LINEAR_BIAS);
}

enum status sequence_items_init(struct sequence_items *s, struct params *ps, const struct news_data *data)
{
	const int64_t subcategories[] = {data->subcategories.count + 1, s->category_width};
	s->width = s->item_width + 2 * s->category_width;
	enum status st = id_table_init(&s->item, ps, "item", data->news->count, s->item_width);
	if (st == ST_OK)
		st = categories_init(&s->category, ps, data, s->category_width);
	if (st == ST_OK)
		st = layer_param(ps, "subcategory", "weight", 2, subcategories,
		                 (struct init){INIT_NORMAL, 1 / sqrt((double)s->category_width)}, &s->subcategory);
	if (st == ST_OK)
		st = id_table_init(&s->user, ps, "user", data->readers.count + 1, s->user_width);
	for (int i = 0; i < SEQUENCE_MODALITIES && st == ST_OK; i++)
		st = add_modality(s, ps, data, i);
	return st;
}

struct tensor *sequence_items_apply(const struct sequence_items *s, struct tape *t, const struct news_data *data,
                                    const uint32_t *rows, int32_t count)
{
	int32_t *item = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *item);
	int32_t *subcategory = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *subcategory);
	struct tensor *part[3 + SEQUENCE_MODALITIES], *present;
	int n = 0;
	for (int32_t i = 0; i < count; i++) {
		item[i] = (int32_t)rows[i];
		subcategory[i] = data->subcategory[rows[i]];
	}
	part[n++] = id_table_apply(&s->item, t, item, count, s->unseen_rate);
	part[n++] = categories_of(t, s->category, data, rows, count);
	part[n++] = op_embedding(t, s->subcategory, subcategory, count);
	for (int i = 0; i < SEQUENCE_MODALITIES; i++) {
		const struct feature_want want = want_of(s, i);
		if (!want.kind)
			continue;
		struct tensor *x =
			feature_column_rows(news_data_feature(data, want.kind, want.column), rows, count, t, &present);
		part[n++] = op_mul(t, linear_apply(&s->reduce[i], t, x), present);
	}
	return op_concat(t, part, n, 1);
}

struct tensor *sequence_items_readers(const struct sequence_items *s, struct tape *t, const struct impressions *m)
{
	return id_table_apply(&s->user, t, m->user, m->count, s->unseen_rate);
}
