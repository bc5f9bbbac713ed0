/* An article's page, and the pictures that may be its cover. */
#ifndef COVERLINE_CRAWL_PAGE_H
#define COVERLINE_CRAWL_PAGE_H

#include <stddef.h>

/* In this order. */
enum cover_rule {
	COVER_OG,          /* <meta property="og:image">, og:image:url, og:image:secure_url */
	COVER_LINKED_DATA, /* JSON-LD: NewsArticle's image */
	COVER_IMAGE,       /* the largest picture of the article, then the next */
	COVER_RULES,
};

#define PAGE_CANDIDATES_MAX 8

struct cover_candidate {
	enum cover_rule rule;
	char *url; /* absolute, http or https */
};

struct page {
	struct cover_candidate candidates[PAGE_CANDIDATES_MAX]; /* best first, no URL twice */
	size_t count;
};

/* "og", "linked_data", "image" */
const char *cover_rule_name(enum cover_rule rule);

/* Reads HTML, however broken; what there is to find is found. url is the page's (after redirects), content_type its header's or "".
 * Addresses resolve against <base href>, else against url. */
void page_parse(struct page *p, const char *bytes, size_t n, const char *content_type, const char *url);
void page_release(struct page *p);

#endif
