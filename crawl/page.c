#include "crawl/page.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/HTMLparser.h>

#include "common/arena.h"
#include "common/status.h"
#include "common/strbuf.h"
#include "crawl/charset.h"
#include "crawl/linked_data.h"
#include "crawl/srcset.h"
#include "crawl/tame.h"
#include "crawl/url.h"

#define OG_MAX       4
#define SCRIPTS_MAX  16
#define SCRIPT_MAX   ((size_t)1 << 20)
#define PICTURES_MAX 4
#define SIDE_MIN_PX  100 /* a picture that says it is smaller is none of the article's */
#define SIDE_MAX_PX  20000
#define SIDE_UNKNOWN_PX                                                                                                \
	400 /* what a picture that says nothing is taken for: larger than an icon, smaller than a photo */
#define DEPTH_MAX    1000
#define ELEMENTS_MAX 2000000
#define TEXT_MAX     ((size_t)64 << 20) /* a page in UTF-8 */

/* A picture in the page's text. */
struct picture {
	char *address; /* as it stands there */
	bool in_article;
	int64_t area; /* px², as far as known */
};

/* What has been seen. Nothing is resolved before the end, as <base> may come late. */
struct reader {
	htmlParserCtxtPtr parser;
	char *base;
	char *og[OG_MAX];
	size_t og_count;
	struct strbuf scripts[SCRIPTS_MAX];
	size_t script_count;
	bool in_script;                        /* of linked data: text goes to the latest of scripts */
	struct picture pictures[PICTURES_MAX]; /* best first */
	size_t picture_count;
	int articles,
		frames;   /* open <article> or <main>; open <nav>, <footer>, <aside>, and <header> outside of an article */
	char *source; /* of the open <picture>: the best of its <source>s */
	int source_width;
	int64_t elements;
};

const char *cover_rule_name(enum cover_rule rule)
{
	static const char *const names[COVER_RULES] = {"og", "linked_data", "image"};

	if ((unsigned)rule < COVER_RULES)
		return names[rule];
	BUG("no such rule: %d", (int)rule);
}

/* Elements --------------------------------------------------------------------------------------------------------------- */

static const char *attribute(const xmlChar **attributes, const char *name)
{
	for (size_t i = 0; attributes && attributes[i]; i += 2)
		if (strcasecmp((const char *)attributes[i], name) == 0)
			return (const char *)attributes[i + 1];
	return NULL;
}

static bool usable(const char *address)
{
	if (!address)
		return false;
	while (isspace((unsigned char)*address))
		address++;
	return *address && strncasecmp(address, "data:", 5) != 0;
}

static void on_meta(struct reader *r, const xmlChar **attributes)
{
	static const char *const names[] = {"og:image", "og:image:url", "og:image:secure_url"};
	const char *property = attribute(attributes, "property"), *content = attribute(attributes, "content");

	if (!property)
		property = attribute(attributes, "name");
	if (!property || !usable(content) || r->og_count == OG_MAX)
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcasecmp(property, names[i]) == 0) {
			r->og[r->og_count++] = xstrdup(content);
			return;
		}
	}
}

static void on_script(struct reader *r, const xmlChar **attributes)
{
	const char *type = attribute(attributes, "type");

	r->in_script = type && strcasestr(type, "ld+json") && r->script_count < SCRIPTS_MAX;
	if (r->in_script)
		strbuf_init(&r->scripts[r->script_count++], SCRIPT_MAX);
}

/* Pixels of "640" or "640px"; 0 if not told. */
static int read_side(const char *text)
{
	char *end;
	long v;

	if (!text)
		return 0;
	v = strtol(text, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (end == text || v < 1 || (*end && strncasecmp(end, "px", 2) != 0))
		return 0;
	return v < SIDE_MAX_PX ? (int)v : SIDE_MAX_PX;
}

/* The address of an <img>, for the caller to free: the best of the sets, else what is loaded late, else src. */
static char *picture_address(struct reader *r, const xmlChar **attributes, int *width)
{
	static const char *const sets[] = {"srcset", "data-srcset", "data-lazy-srcset"};
	static const char *const sources[] = {"data-src", "data-original", "data-lazy-src", "data-lazy", "src"};
	const char *value;
	char *best = r->source;

	*width = r->source_width;
	r->source = NULL;
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		int w;
		char *url;

		value = attribute(attributes, sets[i]);
		if (!value || !srcset_best(value, &url, &w))
			continue;
		if (!best || w > *width) {
			free(best);
			best = url;
			*width = w;
		} else {
			free(url);
		}
	}
	for (size_t i = 0; !best && i < sizeof sources / sizeof *sources; i++) {
		value = attribute(attributes, sources[i]);
		if (usable(value))
			best = xstrdup(value);
	}
	return best;
}

static void on_source(struct reader *r, const xmlChar **attributes)
{
	const char *set = attribute(attributes, "srcset");
	char *url;
	int width;

	if (!set)
		set = attribute(attributes, "data-srcset");
	if (!set || !srcset_best(set, &url, &width))
		return;
	if (r->source && width <= r->source_width) {
		free(url);
		return;
	}
	free(r->source);
	r->source = url;
	r->source_width = width;
}

static bool better(const struct picture *a, const struct picture *b)
{
	return a->in_article != b->in_article ? a->in_article : a->area > b->area;
}

/* Puts it in its place among the best; takes its address. */
static void add_picture(struct reader *r, struct picture p)
{
	size_t at = r->picture_count;

	while (at > 0 && better(&p, &r->pictures[at - 1]))
		at--;
	if (at == PICTURES_MAX) {
		free(p.address);
		return;
	}
	if (r->picture_count == PICTURES_MAX)
		free(r->pictures[--r->picture_count].address);
	memmove(&r->pictures[at + 1], &r->pictures[at], (r->picture_count - at) * sizeof p);
	r->pictures[at] = p;
	r->picture_count++;
}

static bool is_drawing(const char *address)
{
	size_t n = strcspn(address, "?#");

	return n >= 4 && strncasecmp(address + n - 4, ".svg", 4) == 0;
}

static void on_image(struct reader *r, const xmlChar **attributes)
{
	int width = read_side(attribute(attributes, "width")), height = read_side(attribute(attributes, "height")), offered;
	char *address = picture_address(r, attributes, &offered);

	r->source_width = 0;
	if (!address)
		return;
	if (r->frames > 0 || is_drawing(address) || (width && width < SIDE_MIN_PX) || (height && height < SIDE_MIN_PX)) {
		free(address);
		return;
	}
	if (offered > width) {
		height = width && height ? (int)((int64_t)height * offered / width) : 0;
		width = offered;
	}
	if (!width)
		width = height ? height * 3 / 2 : SIDE_UNKNOWN_PX;
	if (!height)
		height = width * 2 / 3;
	add_picture(r, (struct picture){address, r->articles > 0, (int64_t)width * height});
}

static bool is_article(const char *name)
{
	return strcmp(name, "article") == 0 || strcmp(name, "main") == 0;
}

static bool is_frame(const struct reader *r, const char *name)
{
	return strcmp(name, "nav") == 0 || strcmp(name, "footer") == 0 || strcmp(name, "aside") == 0 ||
	       (strcmp(name, "header") == 0 && r->articles == 0);
}

static void on_start(void *context, const xmlChar *element, const xmlChar **attributes)
{
	struct reader *r = context;
	const char *name = (const char *)element;

	/* Closing tags are looked up among all open ones: depth times tags is bounded by bounding both. */
	if (++r->elements > ELEMENTS_MAX || r->parser->nameNr > DEPTH_MAX) {
		xmlStopParser(r->parser);
		return;
	}
	if (strcmp(name, "meta") == 0) {
		on_meta(r, attributes);
	} else if (strcmp(name, "script") == 0) {
		on_script(r, attributes);
	} else if (strcmp(name, "img") == 0) {
		on_image(r, attributes);
	} else if (strcmp(name, "source") == 0) {
		on_source(r, attributes);
	} else if (strcmp(name, "base") == 0) {
		if (!r->base && usable(attribute(attributes, "href")))
			r->base = xstrdup(attribute(attributes, "href"));
	} else if (is_article(name)) {
		r->articles++;
	} else if (is_frame(r, name)) {
		r->frames++;
	}
}

static void on_end(void *context, const xmlChar *element)
{
	struct reader *r = context;
	const char *name = (const char *)element;

	if (strcmp(name, "script") == 0) {
		r->in_script = false;
	} else if (strcmp(name, "picture") == 0 || strcmp(name, "video") == 0 || strcmp(name, "audio") == 0) {
		free(r->source);
		r->source = NULL;
		r->source_width = 0;
	} else if (is_article(name)) {
		r->articles -= r->articles > 0;
	} else if (is_frame(r, name)) {
		r->frames -= r->frames > 0;
	}
}

static void on_text(void *context, const xmlChar *text, int n)
{
	struct reader *r = context;

	if (r->in_script && n > 0)
		strbuf_add(&r->scripts[r->script_count - 1], text, (size_t)n);
}

/* Candidates ------------------------------------------------------------------------------------------------------------- */

/* Where candidates go, and by what rule. */
struct collector {
	struct page *page;
	const char *base;
	enum cover_rule rule;
	size_t most; /* candidates after which this rule adds no more */
};

static void collect(void *context, const char *address)
{
	struct collector *c = context;
	struct page *p = c->page;
	char *url;

	if (p->count >= c->most)
		return;
	url = url_resolve(c->base, address);
	if (!url)
		return;
	for (size_t i = 0; i < p->count; i++) {
		if (strcmp(p->candidates[i].url, url) == 0) {
			free(url);
			return;
		}
	}
	p->candidates[p->count++] = (struct cover_candidate){c->rule, url};
}

/* The last two places are kept for the pictures of the article. */
static void collect_all(struct reader *r, struct page *p, const char *url)
{
	char *base = r->base ? url_resolve(url, r->base) : NULL;
	struct collector c = {.page = p, .base = base ? base : url, .rule = COVER_OG, .most = OG_MAX};

	for (size_t i = 0; i < r->og_count; i++)
		collect(&c, r->og[i]);
	c.rule = COVER_LINKED_DATA;
	c.most = PAGE_CANDIDATES_MAX - 2;
	for (size_t i = 0; i < r->script_count; i++)
		linked_data_images(r->scripts[i].data, r->scripts[i].len, collect, &c);
	c.rule = COVER_IMAGE;
	c.most = PAGE_CANDIDATES_MAX;
	for (size_t i = 0; i < r->picture_count; i++)
		collect(&c, r->pictures[i].address);
	free(base);
}

static void release_reader(struct reader *r)
{
	for (size_t i = 0; i < r->og_count; i++)
		free(r->og[i]);
	for (size_t i = 0; i < r->script_count; i++)
		strbuf_release(&r->scripts[i]);
	for (size_t i = 0; i < r->picture_count; i++)
		free(r->pictures[i].address);
	free(r->base);
	free(r->source);
}

void page_parse(struct page *p, const char *bytes, size_t n, const char *content_type, const char *url)
{
	struct reader r = {.parser = htmlNewParserCtxt()};
	struct strbuf text;

	*p = (struct page){0};
	if (!r.parser)
		return;
	strbuf_init(&text, TEXT_MAX);
	charset_to_utf8(bytes, n, content_type, &text);
	tame_tags(text.data, text.len);
	*r.parser->sax =
		(htmlSAXHandler){.startElement = on_start, .endElement = on_end, .characters = on_text, .cdataBlock = on_text};
	r.parser->userData = &r;
	/* Gives no tree, as nothing here builds one. */
	htmlCtxtReadMemory(r.parser, text.data, (int)text.len, NULL, "UTF-8",
	                   HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
	                       HTML_PARSE_IGNORE_ENC);
	htmlFreeParserCtxt(r.parser);
	strbuf_release(&text);
	collect_all(&r, p, url);
	release_reader(&r);
}

void page_release(struct page *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->candidates[i].url);
	*p = (struct page){0};
}
