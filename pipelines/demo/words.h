/* English headlines and abstracts, put together from word lists: what a story is about is told by its words, what its
 * picture shows is not. */
#ifndef COVERLINE_PIPELINES_DEMO_WORDS_H
#define COVERLINE_PIPELINES_DEMO_WORDS_H

#include "common/rng.h"
#include "common/strbuf.h"

/* One subcategory. Lists are words or phrases separated by '|'; %a %b %c in a template stand for one of them. */
struct topic {
	const char *category;
	const char *subcategory;
	const char *marks; /* %m: words that all of the category's subcategories share */
	const char *a, *b, *c;
	const char *templates; /* separated by '|' */
};

#define CATEGORY_COUNT 10
extern const char *const categories[CATEGORY_COUNT];
/* Grouped by category, in the order of categories. */
extern const struct topic topics[];
extern const int topic_count;

/* Names that any story may have, separated by '|'. */
extern const char words_people[], words_places[];
/* One entry of such a list from *list on, which is moved behind it, and its length; NULL at the end. */
const char *words_each(const char **list, size_t *n);

/* A topic of that category. */
const struct topic *topic_pick(struct rng *r, int category);
/* Append to out; UTF-8, now and then with an HTML entity, as feeds have them. No tabs, no newlines. */
void words_title(struct rng *r, const struct topic *t, struct strbuf *out);
void words_abstract(struct rng *r, const struct topic *t, struct strbuf *out);
/* sentences sentences for an article's text. */
void words_paragraph(struct rng *r, const struct topic *t, int sentences, struct strbuf *out);

#endif
