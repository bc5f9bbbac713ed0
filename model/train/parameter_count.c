#include "model/train/parameter_count.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/catalog.h"

/* Rows as the kinds' networks give them. */
static const struct {
	const char *kind, *column;
	int ndim;
	int64_t dim[2];
} shapes[] = {
	{"impression", "word", 2, {30, 512}},
	{"impression", "region", 2, {9, 512}},
	{"impression", "category", 1, {512}},
	{"impression", "global", 1, {2048}},
	{"roi", "roi", 2, {31, 2048}},
	{"roi", "location", 2, {31, 5}},
	{"clip", "image", 1, {512}},
	{"clip", "title", 1, {512}},
	{"clip", "category", 1, {512}},
	{"clip", "subcategory", 1, {512}},
	{"bert", "cls", 1, {768}},
	{"bert", "token", 2, {32, 768}},
	{"vgg", "fc7", 1, {4096}},
	{"cover", "pooled", 1, {2048}},
};

static enum status add_column(struct feature_columns *fs, const struct feature_want *want)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		if (strcmp(shapes[i].kind, want->kind) != 0 || strcmp(shapes[i].column, want->column) != 0)
			continue;
		const uint8_t state = 0;
		const uint16_t value = 0;
		feature_columns_add(fs, want, 0, shapes[i].ndim, shapes[i].dim, &state, NULL, &value);
		return ST_OK;
	}
	return status_fail(ST_USAGE, "features of kind %s: no shape is known of %s", want->kind, want->column);
}

/* News data without news. */
static enum status pretend(struct news_data *nd, const struct catalog *none, const struct news_data_options *o)
{
	nd->news = none;
	nd->word_width = o->word_width;
	nd->vocabulary.count = COUNT_WORDS;
	nd->title.offset = xcalloc(1, sizeof *nd->title.offset);
	nd->category = xcalloc(1, sizeof *nd->category);
	nd->subcategory = xcalloc(1, sizeof *nd->subcategory);
	nd->data_folder = xstrdup("");
	nd->run_folder = xstrdup("");
	if (o->impression) {
		nd->impression = xcalloc(1, sizeof *nd->impression);
		nd->impression->cue_width = 512;
		nd->impression->global_width = 2048;
		nd->impression->region_count = 9;
	}
	enum status st = name_table_fill(&nd->readers, COUNT_READERS);
	if (st == ST_OK)
		st = name_table_fill(&nd->categories, COUNT_CATEGORIES);
	if (st == ST_OK)
		st = name_table_fill(&nd->subcategories, COUNT_SUBCATEGORIES);
	if (st == ST_OK)
		st = name_table_fill(&nd->trigrams, COUNT_TRIGRAMS);
	nd->entities.width = o->entity_width;
	if (st == ST_OK && o->entities)
		st = name_table_fill(&nd->entities.types, COUNT_ENTITY_TYPES);
	if (st == ST_OK && o->sparse)
		st = sparse_features_pretend(&nd->sparse, o->sparse);
	for (const struct feature_want *want = o->features; want && want->kind && st == ST_OK; want++)
		st = add_column(&nd->features, want);
	return st;
}

enum status parameter_count(const struct settings *s, struct recommender *r, struct parameter_count *out)
{
	const struct news_data_options o = settings_news(s, r, NULL);
	const struct catalog none = {0};
	struct news_data nd = {0};
	struct params ps = {0};
	*out = (struct parameter_count){0, 0};
	enum status st = pretend(&nd, &none, &o);
	if (st == ST_OK)
		st = r->type->create(r, &ps, &nd);
	for (int i = 0; i < ps.count && st == ST_OK; i++) {
		const struct tensor *x = &ps.list[i]->tensor;
		out->all += ps.list[i]->follow > 0 ? 0 : tensor_size(x);
		out->tables += x->touched ? tensor_size(x) : 0;
	}
	params_release(&ps);
	news_data_release(&nd);
	return st;
}
