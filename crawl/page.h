/* An article's page, and the pictures that may be its cover. */
#ifndef COVERLINE_CRAWL_PAGE_H
#define COVERLINE_CRAWL_PAGE_H

#include <stddef.h>

#include "crawl/cover_rule.h"

#define PAGE_TRIED_MAX      8  /* candidates that may be asked for */
#define PAGE_CANDIDATES_MAX 32 /* with those that are refused */

struct cover_candidate {
	enum cover_rule rule;
	enum cover_refusal refused;
	char *url; /* absolute, http or https; as it stands in the page (cut if long) where it is refused and not so */
	int width, height; /* as the page says, px; 0: it does not */
	int score;
};

struct page {
	/* No URL twice; the first count are not refused, best first. */
	struct cover_candidate candidates[PAGE_CANDIDATES_MAX];
	size_t count;
	bool opt_out; /* it asks not to be used so (opt_out.h): its pictures are not for asking */
	size_t total; /* with those refused, likewise best first */
};

enum page_flags { PAGE_PLAIN = 0, PAGE_ALLOW_DRAWINGS = 1 /* SVG */ };

/* Reads HTML, however broken; what there is to find is found. url is the page's (after redirects), content_type its header's or "".
 * Addresses resolve against <base href>, else against url. */
void page_parse(struct page *p, const char *bytes, size_t n, const char *content_type, const char *url,
                enum page_flags flags);
void page_release(struct page *p);

#endif
