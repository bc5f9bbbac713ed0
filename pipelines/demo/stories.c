#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "pipelines/demo/scenes.h"
#include "pipelines/demo/world.h"

#define TEXT_MAX 4096

const char *const cover_fate_names[COVER_FATES] = {
	"shown", "page-gone", "page-forbidden", "picture-gone", "not-a-picture", "none",
};

/* One story in twenty ends without a cover; which, is drawn. */
static void draw_fates(struct world *w)
{
	static const uint32_t counts[COVER_FATES] = {0, 10, 4, 7, 5, 4};
	struct rng r;
	uint32_t fates[WORLD_NEWS] = {0}, at = 0;
	for (uint32_t fate = COVER_PAGE_GONE; fate < COVER_FATES; fate++)
		for (uint32_t i = 0; i < counts[fate]; i++)
			fates[at++] = fate;
	rng_init(&r, w->seed, rng_stream("fates"));
	rng_shuffle(&r, fates, WORLD_NEWS);
	for (int i = 0; i < WORLD_NEWS; i++)
		w->stories[i].fate = (enum cover_fate)fates[i];
}

static void draw_ids(struct world *w)
{
	struct rng r;
	uint32_t *number = xmalloc(90000 * sizeof(*number));
	for (uint32_t i = 0; i < 90000; i++)
		number[i] = 10000 + i;
	rng_init(&r, w->seed, rng_stream("ids"));
	rng_shuffle(&r, number, 90000);
	for (int i = 0; i < WORLD_NEWS; i++)
		snprintf(w->stories[i].id, sizeof(w->stories[i].id), "N%u", number[i]);
	free(number);
}

static bool title_taken(const struct world *w, int count, const char *title)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(w->stories[i].title, title))
			return true;
	return false;
}

static enum status draw_text(struct world *w, int i, struct rng *r)
{
	struct story *s = &w->stories[i];
	enum status st;
	struct strbuf text;
	strbuf_init(&text, TEXT_MAX);
	do {
		strbuf_clear(&text);
		words_title(r, s->topic, &text);
	} while (title_taken(w, i, text.data));
	s->title = xstrdup(text.data);
	strbuf_clear(&text);
	words_abstract(r, s->topic, &text);
	s->abstract = xstrdup(text.data);
	st = strbuf_check(&text, "a story's text");
	strbuf_release(&text);
	return st;
}

enum status stories_draw(struct world *w)
{
	struct rng words, scene;
	rng_init(&words, w->seed, rng_stream("words"));
	rng_init(&scene, w->seed, rng_stream("scenes"));
	w->stories = xcalloc(WORLD_NEWS, sizeof(*w->stories));
	draw_ids(w);
	draw_fates(w);
	for (int i = 0; i < WORLD_NEWS; i++) {
		struct story *s = &w->stories[i];
		s->category = (int)rng_below(&words, CATEGORY_COUNT);
		s->topic = topic_pick(&words, s->category);
		s->scene = (int)rng_below(&scene, SCENE_COUNT);
		enum status st = draw_text(w, i, &words);
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

void stories_free(struct world *w)
{
	for (int i = 0; w->stories && i < WORLD_NEWS; i++) {
		free(w->stories[i].title);
		free(w->stories[i].abstract);
		free(w->stories[i].url);
		free(w->stories[i].picture);
		free(w->stories[i].ways);
	}
	free(w->stories);
	free(w->readers);
	free(w->train);
	free(w->dev);
}
