/* News and impressions for tests of any recommender: titles, categories, readers, and features of whatever kinds its settings make
 * it read, drawn from a seed. */
#ifndef COVERLINE_TESTS_SUPPORT_NEWS_WORLD_H
#define COVERLINE_TESTS_SUPPORT_NEWS_WORLD_H

#include "model/train/batch.h"
#include "model/train/settings.h"

enum {
	WORLD_NEWS = 60,
	WORLD_WORDS = 50, /* in the vocabulary */
	WORLD_READERS = 9,
	WORLD_SHOWN = 5,
	WORLD_CLICKS = 6,
	WORLD_EMPTY_TITLE = 5, /* a news without words, and without features of any kind */
	WORLD_NO_PICTURE = 6,  /* one that has words and no picture */
	WORLD_IMPRESSIONS = 50,
	WORLD_BEGIN = 1573800000, /* when the first impression is shown */
};

struct news_world {
	struct settings settings;
	struct recommender *r;
	struct catalog news;
	struct news_data data;
	struct params params;
	struct tape tape;                   /* records and trains; dropout is 0 */
	const struct encoded_news *encoded; /* by news_world_scores */
	int32_t user[WORLD_IMPRESSIONS];
	int64_t time[WORLD_IMPRESSIONS];
	uint32_t history[WORLD_IMPRESSIONS][WORLD_CLICKS];
	size_t clicks[WORLD_IMPRESSIONS];
	uint32_t shown[WORLD_IMPRESSIONS][WORLD_SHOWN]; /* the first is clicked */
};

/* With the type's tiny settings. The scratch folder is DATA and RUN, if there is one. */
void news_world_open(struct news_world *w, const struct recommender_type *type);
void news_world_close(struct news_world *w);
/* Adds impression i. */
void news_world_add(const struct news_world *w, struct batch *b, int i);
/* On a fresh tape. Fails the test if the recommender does. */
struct tensor *news_world_scores(struct news_world *w, const struct batch *b);
/* Of the batch scored last, on the same tape; the gradients of the parameters are added to. */
double news_world_learn(struct news_world *w, const struct batch *b, struct tensor *scores);

#endif
