#include "tests/support/news_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/half.h"
#include "common/rng.h"
#include "common/shard.h"
#include "tests/support/scratch.h"

enum {
	TITLE_MAX = 8,
	ABSTRACT_MAX = 14,
	TRIGRAMS = 30,
	ENTITIES = 12,
	ENTITY_TYPES = 3,
	ENTITY_WIDTH = 10,
	TITLE_ENTITIES = 4,
	TRIGRAM_MAX = 20,
	CUE = 16,
	GLOBAL = 24,
	REGIONS = 3,
	ITEMS = 4,
	WIDTH = 12,
	CATEGORIES = 4,
	SUBCATEGORIES = 7
};

static uint16_t *random_halves(struct rng *rng, int64_t n)
{
	uint16_t *out = xcalloc((size_t)n + 1, sizeof *out);
	for (int64_t i = 0; i < n; i++) {
		const float x = (float)rng_normal(rng);
		half_from_float(out + i, &x, 1);
	}
	return out;
}

static void make_catalogue(struct news_world *w)
{
	w->news.count = WORLD_NEWS;
	w->news.news = xcalloc(WORLD_NEWS, sizeof *w->news.news);
	for (int i = 0; i < WORLD_NEWS; i++) {
		static const char *const titles[] = {"a storm at sea", "the cup final", "rates rise again", "stars on film"};
		char id[16];
		snprintf(id, sizeof id, "N%d", i);
		w->news.news[i] = (struct news){.id = arena_strdup(&w->news.text, id),
		                                .category = "",
		                                .subcategory = "",
		                                .title = i == WORLD_EMPTY_TITLE ? "" : titles[i % 4],
		                                .abstract = "",
		                                .url = "",
		                                .title_entities = "",
		                                .abstract_entities = ""};
	}
}

static void items_init(struct news_items *x, int most)
{
	x->item = xcalloc((size_t)(WORLD_NEWS * most), sizeof *x->item);
	x->offset = xcalloc(WORLD_NEWS + 1, sizeof *x->offset);
}

/* Those of news i: some numbers from least to least + kinds - 1; one news has none. */
static void items_draw(struct news_items *x, struct rng *rng, int i, int most, int32_t least, uint32_t kinds)
{
	const int64_t n = i == WORLD_EMPTY_TITLE ? 0 : 2 + rng_below(rng, (uint32_t)most - 2);
	for (int64_t j = 0; j < n; j++)
		x->item[x->offset[i] + j] = least + (int32_t)rng_below(rng, kinds);
	x->offset[i + 1] = x->offset[i] + n;
}

static void make_words(struct news_world *w, struct rng *rng)
{
	struct news_data *d = &w->data;
	d->vocabulary.count = WORLD_WORDS;
	items_init(&d->title, TITLE_MAX);
	d->category = xcalloc(WORLD_NEWS, sizeof *d->category);
	d->subcategory = xcalloc(WORLD_NEWS, sizeof *d->subcategory);
	for (int i = 0; i < WORLD_NEWS; i++) {
		items_draw(&d->title, rng, i, TITLE_MAX, 0, WORLD_WORDS);
		d->category[i] = (int32_t)rng_below(rng, CATEGORIES + 1);
		d->subcategory[i] = (int32_t)rng_below(rng, SUBCATEGORIES + 1);
	}
	must(name_table_fill(&d->readers, WORLD_READERS));
	must(name_table_fill(&d->categories, CATEGORIES));
	must(name_table_fill(&d->subcategories, SUBCATEGORIES));
}

static void make_abstracts(struct news_world *w)
{
	struct news_data *d = &w->data;
	struct rng rng;
	rng_init(&rng, 6, 0);
	items_init(&d->abstract, ABSTRACT_MAX);
	items_init(&d->trigram, TRIGRAM_MAX);
	for (int i = 0; i < WORLD_NEWS; i++) {
		items_draw(&d->abstract, &rng, i, ABSTRACT_MAX, 0, WORLD_WORDS);
		items_draw(&d->trigram, &rng, i, TRIGRAM_MAX, 1, TRIGRAMS);
	}
	must(name_table_fill(&d->trigrams, TRIGRAMS));
}

static float *random_rows(struct rng *rng, int32_t count, int32_t width)
{
	float *out = xcalloc((size_t)(count + 1) * (size_t)width, sizeof *out);
	for (int32_t i = width; i < (count + 1) * width; i++)
		out[i] = (float)(0.5 * rng_normal(rng));
	return out;
}

/* Of some words in two an entity, and those and others as what the title names. */
static void make_entities(struct news_world *w)
{
	struct news_entities *e = &w->data.entities;
	struct rng rng;
	rng_init(&rng, 7, 0);
	items_init(&e->word, TITLE_MAX);
	items_init(&e->title, TITLE_ENTITIES);
	items_init(&e->abstract, TITLE_ENTITIES);
	for (int i = 0; i < WORLD_NEWS; i++) {
		e->word.offset[i + 1] = w->data.title.offset[i + 1];
		for (int64_t j = e->word.offset[i]; j < e->word.offset[i + 1]; j++)
			e->word.item[j] = rng_below(&rng, 2) ? 1 + (int32_t)rng_below(&rng, ENTITIES) : 0;
		items_draw(&e->title, &rng, i, TITLE_ENTITIES, 1, ENTITIES);
		items_draw(&e->abstract, &rng, i, TITLE_ENTITIES, 1, ENTITIES);
	}
	must(name_table_fill(&e->names, ENTITIES));
	must(name_table_fill(&e->types, ENTITY_TYPES));
	e->type = xcalloc(ENTITIES + 1, sizeof *e->type);
	for (int i = 1; i <= ENTITIES; i++)
		e->type[i] = (int32_t)rng_below(&rng, ENTITY_TYPES + 1);
	e->width = ENTITY_WIDTH;
	e->vector = random_rows(&rng, ENTITIES, ENTITY_WIDTH);
	e->context = random_rows(&rng, ENTITIES, ENTITY_WIDTH);
}

static void make_states(uint8_t state[WORLD_NEWS])
{
	for (int i = 0; i < WORLD_NEWS; i++)
		state[i] = i % 7 == 3 || i == WORLD_EMPTY_TITLE ? FEATURE_MISSING
		           : i == WORLD_NO_PICTURE              ? FEATURE_TEXT_ONLY
		                                                : FEATURE_ORIGINAL;
}

static void make_cues(struct news_world *w, struct rng *rng)
{
	struct impression_features *f = xcalloc(1, sizeof *f);
	f->rows = WORLD_NEWS;
	f->offset = xcalloc(WORLD_NEWS + 1, sizeof *f->offset);
	f->state = xcalloc(WORLD_NEWS, 1);
	f->cue_width = CUE;
	f->global_width = GLOBAL;
	f->region_count = REGIONS;
	make_states(f->state);
	for (int i = 0; i < WORLD_NEWS; i++) {
		const int64_t words = w->data.title.offset[i + 1] - w->data.title.offset[i];
		f->offset[i + 1] = f->offset[i] + (f->state[i] ? words + REGIONS + 1 : 0);
	}
	f->cue = random_halves(rng, f->offset[WORLD_NEWS] * CUE);
	f->global = random_halves(rng, WORLD_NEWS * GLOBAL);
	w->data.impression = f;
}

static void make_column(struct news_world *w, const struct feature_want *want, struct rng *rng)
{
	const int64_t width = want->width ? want->width : WIDTH, dim[] = {ITEMS, width};
	uint16_t *value = random_halves(rng, WORLD_NEWS * ITEMS * width);
	uint8_t state[WORLD_NEWS];
	int32_t count[WORLD_NEWS];
	make_states(state);
	for (int i = 0; i < WORLD_NEWS; i++)
		count[i] = 1 + i % ITEMS;
	if (want->count || strcmp(want->column, "region") == 0)
		feature_columns_add(&w->data.features, want, WORLD_NEWS, 2, dim, state, want->count ? count : NULL, value);
	else
		feature_columns_add(&w->data.features, want, WORLD_NEWS, 1, dim + 1, state, NULL, value);
	free(value);
}

static void make_impressions(struct news_world *w, struct rng *rng)
{
	for (int i = 0; i < WORLD_IMPRESSIONS; i++) {
		w->user[i] = (int32_t)rng_below(rng, WORLD_READERS + 1);
		w->time[i] = WORLD_BEGIN + i * 1000;
		w->clicks[i] = 1 + rng_below(rng, WORLD_CLICKS);
		for (size_t j = 0; j < w->clicks[i]; j++)
			w->history[i][j] = rng_below(rng, WORLD_NEWS);
		if (w->history[i][0] == WORLD_EMPTY_TITLE) /* a reader of whom nothing is known */
			w->history[i][0] = WORLD_NO_PICTURE;
		uint32_t first = rng_below(rng, WORLD_NEWS);
		while (first % 7 == 3 || first == WORLD_EMPTY_TITLE) /* two without features cannot be told apart by them */
			first = (first + 1) % WORLD_NEWS;
		for (uint32_t j = 0; j < WORLD_SHOWN; j++)
			w->shown[i][j] = (first + 11 * j) % WORLD_NEWS;
	}
}

static void apply(struct news_world *w, const struct recommender_type *type)
{
	char *name = path_printf("model.name=%s", type->name), *tiny = xstrdup(type->tiny ? type->tiny : "");
	settings_open(&w->settings);
	must(config_set(w->settings.keys, name));
	for (char *rest = tiny, *word; (word = strsep(&rest, " "));)
		if (*word)
			must(config_set(w->settings.keys, word));
	must(settings_choose(&w->settings, &w->r));
	w->r->dropout = 0;
	free(name);
	free(tiny);
}

void news_world_open(struct news_world *w, const struct recommender_type *type)
{
	struct rng rng;
	memset(w, 0, sizeof *w);
	rng_init(&rng, 5, 0);
	apply(w, type);
	make_catalogue(w);
	w->data.news = &w->news;
	w->data.word_width = WIDTH;
	w->data.data_folder = xstrdup(scratch_folder());
	w->data.run_folder = xstrdup(scratch_folder());
	make_words(w, &rng);
	make_abstracts(w);
	const struct news_data_options o = settings_news(&w->settings, w->r, NULL);
	if (o.entities)
		make_entities(w);
	if (o.impression)
		make_cues(w, &rng);
	for (const struct feature_want *want = o.features; want && want->kind; want++)
		make_column(w, want, &rng);
	if (o.sparse) {
		uint8_t in_training[WORLD_NEWS];
		memset(in_training, 1, sizeof in_training);
		must(sparse_features_learn(&w->data.sparse, o.sparse, &w->data, in_training, NULL, scratch_folder()));
	}
	make_impressions(w, &rng);
	must(w->r->type->create(w->r, &w->params, &w->data));
	params_seal(&w->params, 3);
	must(recommender_load(w->r, &w->data, LOAD_ALL));
	if (w->r->type->start)
		w->r->type->start(w->r, &w->data);
	tape_init(&w->tape, true);
	w->tape.training = true;
}

void news_world_close(struct news_world *w)
{
	tape_release(&w->tape);
	params_release(&w->params);
	news_data_release(&w->data);
	arena_release(&w->news.text);
	free(w->news.news);
	settings_close(&w->settings);
}

void news_world_add(const struct news_world *w, struct batch *b, int i)
{
	const struct reader who = {.user = w->user[i], .clicks = w->history[i], .count = w->clicks[i], .time = w->time[i]};
	batch_add(b, &who, WORLD_CLICKS, w->shown[i], WORLD_SHOWN);
}

struct tensor *news_world_scores(struct news_world *w, const struct batch *b)
{
	tape_reset(&w->tape);
	w->encoded = batch_encode(b, w->r, &w->tape, &w->data);
	struct tensor *y = batch_scores(b, w->r, &w->tape, &w->data, w->encoded);
	must(tape_status(&w->tape));
	assert_int_equal(tensor_size(y), b->candidates.offset[b->count]);
	return y;
}

double news_world_learn(struct news_world *w, const struct batch *b, struct tensor *scores)
{
	struct tensor *loss = batch_loss(b, w->r, &w->tape, &w->data, w->encoded, scores);
	must(tape_status(&w->tape));
	must(tape_backward(&w->tape, loss));
	return loss->data[0];
}
