/* The bundled world: news, readers and web sites that follow from one seed.
 *
 * Readers like two of ten categories and two of eight picture subjects. What they click is drawn from both likings alike.
 * A story's category is told by its words; its picture's subject is drawn apart from all else, so that nothing but the
 * picture tells it. Candidates of the dev split are stories that the train split never shows: what was learnt about one
 * picture or one headline by heart is of no use there. */
#ifndef COVERLINE_PIPELINES_DEMO_WORLD_H
#define COVERLINE_PIPELINES_DEMO_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/status.h"
#include "pipelines/demo/words.h"

#define WORLD_NEWS        600
#define WORLD_OLD_NEWS    400 /* the first: histories, and candidates of the train split; the rest: dev candidates */
#define WORLD_READERS     2000
#define WORLD_SEEN        1800 /* readers of the train split */
#define WORLD_TRAIN       6000 /* impressions */
#define WORLD_DEV         2000
#define WORLD_HISTORY_MAX 25
#define WORLD_SHOWN_MAX   12 /* candidates an impression */

/* What becomes of a story's cover when it is crawled. */
enum cover_fate {
	COVER_SHOWN,
	COVER_PAGE_GONE,      /* 404 or 410 */
	COVER_PAGE_FORBIDDEN, /* by robots.txt */
	COVER_PICTURE_GONE,
	COVER_NOT_A_PICTURE, /* HTML under a picture's name */
	COVER_NONE,          /* the page has none */
	COVER_FATES,
};
extern const char *const cover_fate_names[COVER_FATES];

struct story {
	char id[16];
	int category;
	const struct topic *topic;
	char *title, *abstract; /* owned */
	char *url;              /* owned, as the next two; filled in by site_write */
	char *picture;          /* its file under site/, there or not */
	char *ways;             /* how the page names it: "naming address charset redirects" */
	int scene;
	enum cover_fate fate;
};

struct reader {
	char id[16];
	int category[2], scene[2];           /* liked */
	uint32_t history[WORLD_HISTORY_MAX]; /* stories, oldest first */
	int history_count;
};

struct impression_draw {
	uint32_t reader;
	uint32_t shown[WORLD_SHOWN_MAX];
	uint8_t clicked[WORLD_SHOWN_MAX];
	int shown_count;
};

struct world {
	uint64_t seed;
	struct story *stories;         /* [WORLD_NEWS] */
	struct reader *readers;        /* [WORLD_READERS] */
	struct impression_draw *train; /* [WORLD_TRAIN] in order of time */
	struct impression_draw *dev;   /* [WORLD_DEV] */
	double ceiling_text;           /* AUC on dev of one who knows each reader's categories */
	double ceiling_pictures;       /* subjects */
	double ceiling_both;
};

/* stories.c */
MUST_CHECK enum status stories_draw(struct world *w);
void stories_free(struct world *w);

/* entities.c: what texts name, as MIND tells it. */
/* The entity column of a text of that topic. */
void entities_write(FILE *out, const struct topic *topic, const char *text);
/* A vector an entity, drawn from the seed: alike within a topic, less so within a category. Or the means of their neighbours', the
 * other entities of the topic. */
enum entity_vectors { ENTITY_OWN, ENTITY_CONTEXT };
MUST_CHECK enum status entities_write_vectors(uint64_t seed, enum entity_vectors which, const char *path);

/* readers.c */
void readers_draw(struct world *w);
/* Fills in the ceilings. */
void readers_judge(struct world *w);
/* behaviors.tsv of one split, over days days of November 2019 from first_day on. */
MUST_CHECK enum status readers_write(const struct world *w, const struct impression_draw *draws, int count,
                                     int first_day, int days, const char *path);

/* site.c: WORLD/site, all pages and pictures, with jobs threads; fills in the stories' urls. */
MUST_CHECK enum status site_write(struct world *w, const char *folder, int jobs);

#endif
