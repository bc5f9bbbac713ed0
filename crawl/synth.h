/* Catalogues without a word of truth in them, as large as one likes and shaped like a published one: for measuring how time,
 * memory and disk grow.
 *
 * Everything is a function of (seed, scale, number of the row), so rows are made in any order, by any number of threads, and
 * with memory that does not grow with any of them. The numbers of a shape, and where they are from, are in synth_shape.c.
 *
 * What is invented beyond the numbers: readers like three categories, histories and clicks lean towards them, and titles
 * have words of their category, so that a recommender has something to learn. How popular candidates are falls with the root
 * of their rank. */
#ifndef COVERLINE_CRAWL_SYNTH_H
#define COVERLINE_CRAWL_SYNTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"
#include "common/strbuf.h"
#include "crawl/catalog_builder.h"

/* exp of a normal with mean log(median): lengths that are often short and now and then very long. */
struct log_normal {
	double median, deviation;
	int min, max;
};

enum { SYNTH_CATEGORIES = 18, SYNTH_DAYS = 7 };

struct synth_shape {
	const char *name; /* --like */
	/* at scale 1 */
	double news, candidate_news, train_candidates, dev_candidates;
	double users, train_users, dev_users;
	double impressions[SYNTH_DAYS]; /* of the days from 11/9/2019 on; the last is the dev split */
	struct log_normal history, candidates, abstract;
	double empty_history, empty_abstract;
	double title_mean, title_deviation; /* words, normal */
	int title_max;
	double one_click, more_clicks; /* share of impressions with one; chance of yet another beyond two */
	int clicks_max;
	double no_entity, more_entities; /* share of news without; chance of yet another beyond one */
	int entities_max;
	int subcategories;
	struct {
		const char *name;
		int news;
	} category[SYNTH_CATEGORIES];
};

/* NULL if there is none of that name. */
const struct synth_shape *synth_shape_find(const char *name);
#define SYNTH_SHAPES "mind-large"

/* A shape at a scale. */
struct synth {
	const struct synth_shape *shape;
	uint64_t seed;
	double scale;
	uint32_t news, first_candidate; /* rows from there on are candidates; those before are in histories */
	uint32_t candidate_news, train_candidates, dev_candidates;
	uint32_t users, train_users, dev_users;
	uint64_t day_begin[SYNTH_DAYS + 1];       /* first impression of each day; the last: how many there are */
	uint8_t category_of[4096];                /* by twelve random bits */
	uint16_t first_sub[SYNTH_CATEGORIES + 1]; /* number of each category's first subcategory */
};

/* ST_USAGE if the scale leaves nothing, or more than row numbers hold. */
MUST_CHECK enum status synth_init(struct synth *s, const struct synth_shape *shape, double scale, uint64_t seed);
/* Impressions of a split are first … end - 1. */
void synth_split(const struct synth *s, enum split split, uint64_t *first, uint64_t *end);

/* One row of catalog.tsv, its line feed included. */
void synth_news(const struct synth *s, uint32_t row, struct strbuf *out);

/* What writing impressions needs: for one thread at a time. */
struct synth_scratch {
	uint32_t *stamp; /* [news] */
	uint32_t now;
	uint32_t *row; /* [the most candidates] */
	uint8_t *clicked;
};
void synth_scratch_init(struct synth_scratch *w, const struct synth *s);
void synth_scratch_release(struct synth_scratch *w);
/* One line of behaviors.tsv; counts are added to. */
void synth_impression(const struct synth *s, enum split split, uint64_t number, struct synth_scratch *w,
                      struct strbuf *out, struct split_counts *counts);

struct synth_options {
	const char *out;       /* DATA */
	const char *arguments; /* the command line */
	int jobs;
};

/* Writes DATA, as catalog does. A DATA that is there from the same shape, scale and seed is left alone; ST_USAGE if it
 * is of others. */
MUST_CHECK enum status synth_write(const struct synth *s, const struct synth_options *o);

#endif
