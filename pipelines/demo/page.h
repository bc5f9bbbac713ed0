/* One article's page, in one of the many ways that the web has of saying where a picture is. */
#ifndef COVERLINE_PIPELINES_DEMO_PAGE_H
#define COVERLINE_PIPELINES_DEMO_PAGE_H

#include "common/rng.h"
#include "common/strbuf.h"
#include "pipelines/demo/world.h"

/* How a page names its cover. */
enum page_naming {
	NAME_OG,        /* <meta property="og:image"> */
	NAME_OG_SECURE, /* og:image:secure_url alone */
	NAME_LD_STRING, /* JSON-LD: "image": "…" */
	NAME_LD_ARRAY,  /* "image": ["…", …] */
	NAME_LD_OBJECT, /* "image": {"@type": "ImageObject", "url": "…"} */
	NAME_LD_GRAPH,  /* the same, in "@graph" beside other things */
	NAME_LAZY,      /* <img data-src> */
	NAME_SRCSET,    /* <img srcset> */
	NAME_IMG,       /* <img src> */
	PAGE_NAMINGS,
};

/* How it writes the address. */
enum page_address {
	ADDRESS_WHOLE,    /* http://cdn…/x.jpg */
	ADDRESS_QUERY,    /* http://cdn…/x.jpg?w=640&amp;h=427 */
	ADDRESS_PROTOCOL, /* //cdn…/x.jpg */
	ADDRESS_ROOT,     /* /media/x.jpg */
	ADDRESS_RELATIVE, /* ../media/x.jpg */
	ADDRESS_BASE,     /* media/x.jpg, under <base href> */
	PAGE_ADDRESSES,
};

enum page_charset {
	CHARSET_UTF8,
	CHARSET_LATIN1_HEADER, /* told by the server alone */
	CHARSET_LATIN1_META,   /* told by the page alone */
	PAGE_CHARSETS,
};

extern const char *const page_naming_names[PAGE_NAMINGS];
extern const char *const page_address_names[PAGE_ADDRESSES];
extern const char *const page_charset_names[PAGE_CHARSETS];

#define PAGE_PATH_MAX 200

struct page {
	enum page_naming naming;
	enum page_address address;
	enum page_charset charset;
	int redirects;                       /* hops from the story's url to the page */
	const char *host;                    /* static */
	char path[PAGE_PATH_MAX];            /* "/news/x.html" */
	const char *picture_host;            /* static */
	char picture_path[PAGE_PATH_MAX];    /* as a file's name: not percent-encoded */
	char picture_address[PAGE_PATH_MAX]; /* as in HTML, entities included */
	char picture_json[PAGE_PATH_MAX];    /* as in JSON */
	int width, height;                   /* of the picture, px */
};

/* Draws everything; names say nothing about the story. */
void page_draw(struct page *p, struct rng *r);
/* Appends the page, in its charset. */
void page_write(const struct page *p, const struct story *s, struct rng *r, struct strbuf *out);

#endif
