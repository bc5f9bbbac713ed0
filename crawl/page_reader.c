#include "crawl/page_reader.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/HTMLparser.h>

#include "common/arena.h"
#include "common/strbuf.h"
#include "crawl/linked_data.h"
#include "crawl/opt_out.h"
#include "crawl/picture.h"
#include "crawl/robots.h"
#include "crawl/tame.h"
#include "crawl/url.h"

#define DATA_SHOW    64 /* bytes of a data: address */
#define SCRIPTS_MAX  16
#define SCRIPT_MAX   ((size_t)1 << 20)
#define DEPTH_MAX    1000
#define ELEMENTS_MAX 2000000

/* A thing of microdata that is being described, from its element's depth on; depth 0: none. */
struct item {
	int depth;
	char *address; /* itemprop="url" of an ImageObject */
	int width, height;
};

struct reader {
	htmlParserCtxtPtr parser;
	struct page_finds *out;
	bool allow_drawings;
	int og; /* the latest og:image among the finds, which og:image:width and the like are about; -1: none */
	struct strbuf scripts[SCRIPTS_MAX];
	size_t script_count;
	bool in_script; /* of linked data: text goes to the latest of scripts */
	/* Open <article> or <main>; <figure> or <picture>; <nav>, <footer>, <aside>, and <header> outside of an article. */
	int articles, figures, frames;
	char *source; /* of the open <picture>: the best of its <source>s */
	int source_width;
	struct item image;   /* an ImageObject that is something's image */
	struct item foreign; /* a person, a firm: its pictures are not the article's */
	int64_t elements;
};

typedef const char *const *attributes;

/* Finds -------------------------------------------------------------------------------------------------------------------- */

static const char *skip_space(const char *s)
{
	while (s && isspace((unsigned char)*s))
		s++;
	return s;
}

static char *copy_start(const char *s, size_t most)
{
	size_t n = strnlen(s, most);
	char *copy = xmalloc(n + 1);

	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

static void judge(const struct reader *r, struct find *f, const char *names, const char *alt)
{
	if (f->refused == COVER_FIT)
		f->refused = cover_refuse(&(struct cover_traits){.rule = f->rule,
		                                                 .address = f->address,
		                                                 .names = names,
		                                                 .alt = alt,
		                                                 .width = f->width,
		                                                 .height = f->height,
		                                                 .in_frame = f->in_frame,
		                                                 .allow_drawing = r->allow_drawings});
}

/* Its place among the finds, or -1 if it was passed over. f's address is borrowed. */
static int add(struct reader *r, struct find f, const char *names, const char *alt)
{
	struct page_finds *out = r->out;

	f.address = (char *)(uintptr_t)skip_space(f.address);
	if (!f.address || !*f.address || out->count == FINDS_MAX)
		return -1;
	if (strncasecmp(f.address, "data:", 5) != 0 && strlen(f.address) > URL_MAX)
		return -1;
	judge(r, &f, names, alt);
	if (f.refused != COVER_FIT && out->refused++ >= REFUSED_MAX)
		return -1;
	/* Of a picture within its address the beginning tells enough. */
	f.address = f.refused == COVER_IS_DATA ? copy_start(f.address, DATA_SHOW) : xstrdup(f.address);
	out->finds[out->count] = f;
	return (int)out->count++;
}

static int add_plain(struct reader *r, enum cover_rule rule, const char *address)
{
	return add(r, (struct find){.rule = rule, .address = (char *)(uintptr_t)address}, NULL, NULL);
}

/* Of the head ---------------------------------------------------------------------------------------------------------------- */

static void on_og_detail(struct reader *r, const char *detail, const char *content)
{
	struct find *f;

	if (r->og < 0)
		return;
	f = &r->out->finds[r->og];
	if (strcasecmp(detail, "width") == 0)
		f->width = picture_side(content);
	else if (strcasecmp(detail, "height") == 0)
		f->height = picture_side(content);
	else if (strcasecmp(detail, "alt") != 0)
		return;
	judge(r, f, NULL, strcasecmp(detail, "alt") == 0 ? content : NULL);
}

static void on_meta(struct reader *r, attributes a)
{
	const char *property = picture_attribute(a, "property"), *content = picture_attribute(a, "content");

	if (!property)
		property = picture_attribute(a, "name");
	if (!property || !content)
		return;
	if (strcasecmp(property, "og:image") == 0 || strcasecmp(property, "og:image:url") == 0 ||
	    strcasecmp(property, "og:image:secure_url") == 0) {
		int at = add_plain(r, COVER_OG, content);

		/* Of several addresses of one picture, one alone may carry its size: all are the same to whoever tries them. */
		r->og = at;
	} else if (strncasecmp(property, "og:image:", 9) == 0) {
		on_og_detail(r, property + 9, content);
	} else if (strcasecmp(property, "twitter:image") == 0 || strcasecmp(property, "twitter:image:src") == 0) {
		add_plain(r, COVER_TWITTER, content);
	} else if (opt_out_name(property, ROBOTS_PRODUCT) && opt_out_content(content)) {
		r->out->opt_out = true;
	}
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	while (words && *words) {
		size_t length;

		words = skip_space(words);
		length = strcspn(words, " \t\r\n\f");
		if (length == n && strncasecmp(words, word, n) == 0)
			return true;
		words += length;
	}
	return false;
}

static void on_link(struct reader *r, attributes a)
{
	const char *rel = picture_attribute(a, "rel"), *as = picture_attribute(a, "as");
	const char *href = picture_attribute(a, "href");

	if (has_word(rel, "image_src")) {
		add_plain(r, COVER_IMAGE_SRC, href);
	} else if (has_word(rel, "preload") && as && strcasecmp(as, "image") == 0) {
		int width, height;
		char *best = picture_address(a, &width, &height);

		add(r,
		    (struct find){.rule = COVER_PRELOAD,
		                  .address = best ? best : (char *)(uintptr_t)href,
		                  .width = width,
		                  .height = height},
		    NULL, NULL);
		free(best);
	}
}

static void on_base(struct reader *r, attributes a)
{
	const char *href = skip_space(picture_attribute(a, "href"));

	if (!r->out->base && href && *href)
		r->out->base = xstrdup(href);
}

static void on_script(struct reader *r, attributes a)
{
	const char *type = picture_attribute(a, "type");

	r->in_script = type && strcasestr(type, "ld+json") && r->script_count < SCRIPTS_MAX;
	if (r->in_script)
		strbuf_init(&r->scripts[r->script_count++], SCRIPT_MAX);
}

/* Of the body ---------------------------------------------------------------------------------------------------------------- */

static void release_source(struct reader *r)
{
	free(r->source);
	r->source = NULL;
	r->source_width = 0;
}

static void on_source(struct reader *r, attributes a)
{
	int width, height;
	char *url;

	/* A <source src> is a film's or a sound's. */
	if (!picture_attribute(a, "srcset") && !picture_attribute(a, "data-srcset"))
		return;
	url = picture_address(a, &width, &height);
	if (!url || (r->source && width <= r->source_width)) {
		free(url);
		return;
	}
	release_source(r);
	r->source = url;
	r->source_width = width;
}

/* The declared size, corrected by what a set offers. */
static void set_sides(struct find *f, attributes a, int offered)
{
	int width = picture_side(picture_attribute(a, "width")), height = picture_side(picture_attribute(a, "height"));

	if (f->width && f->height)
		return;
	if (offered > width) {
		int64_t scaled = width && height ? (int64_t)height * offered / width : 0;

		height = scaled < INT32_MAX ? (int)scaled : 0;
		width = offered;
	}
	f->width = width;
	f->height = height;
}

static bool names_image(attributes a)
{
	return has_word(picture_attribute(a, "itemprop"), "image");
}

static void on_image(struct reader *r, attributes a)
{
	struct find f = {.rule = names_image(a) && !r->foreign.depth ? COVER_ITEMPROP : COVER_IMAGE,
	                 .in_article = r->articles > 0,
	                 .in_figure = r->figures > 0,
	                 .in_frame = r->frames > 0 || r->foreign.depth > 0};
	int offered;
	char *best = picture_address(a, &offered, &f.height);

	f.width = f.height ? offered : 0;
	if (r->source && (!best || r->source_width >= offered)) {
		free(best);
		best = r->source;
		offered = r->source_width;
		r->source = NULL;
	}
	release_source(r);
	f.address = best;
	set_sides(&f, a, offered);
	add(r, f, picture_attribute(a, "class"), picture_attribute(a, "alt"));
	free(best);
}

static void on_video(struct reader *r, attributes a)
{
	struct find f = {.rule = COVER_POSTER,
	                 .address = (char *)(uintptr_t)picture_attribute(a, "poster"),
	                 .in_article = r->articles > 0,
	                 .in_figure = r->figures > 0,
	                 .in_frame = r->frames > 0};

	add(r, f, NULL, NULL);
}

/* Microdata -------------------------------------------------------------------------------------------------------------------- */

static const char *property_value(attributes a)
{
	static const char *const names[] = {"content", "href", "src"};
	const char *value = NULL;

	for (size_t i = 0; !value && i < sizeof names / sizeof *names; i++)
		value = picture_attribute(a, names[i]);
	return value;
}

static bool is_foreign(const char *type)
{
	return type &&
	       (strcasestr(type, "Person") || strcasestr(type, "Organization") || strcasestr(type, "schema.org/Brand"));
}

static void on_scope(struct reader *r, attributes a)
{
	if (!r->foreign.depth && is_foreign(picture_attribute(a, "itemtype")))
		r->foreign.depth = r->parser->nameNr;
	else if (!r->foreign.depth && !r->image.depth && names_image(a))
		r->image.depth = r->parser->nameNr;
}

static void on_property(struct reader *r, const char *element, attributes a)
{
	const char *property = picture_attribute(a, "itemprop"), *value = property_value(a);

	if (r->foreign.depth || !value)
		return;
	if (r->image.depth) {
		if (!r->image.address && (has_word(property, "url") || has_word(property, "contentUrl")))
			r->image.address = copy_start(value, URL_MAX);
		else if (has_word(property, "width"))
			r->image.width = picture_side(value);
		else if (has_word(property, "height"))
			r->image.height = picture_side(value);
	} else if (has_word(property, "image") && (strcmp(element, "meta") == 0 || strcmp(element, "link") == 0)) {
		add_plain(r, COVER_ITEMPROP, value);
	}
}

static void end_item(struct reader *r, struct item *item)
{
	if (!item->depth || item->depth != r->parser->nameNr)
		return;
	add(r,
	    (struct find){.rule = COVER_ITEMPROP, .address = item->address, .width = item->width, .height = item->height},
	    NULL, NULL);
	free(item->address);
	*item = (struct item){0};
}

/* Elements --------------------------------------------------------------------------------------------------------- */

static int *counter(struct reader *r, const char *name)
{
	if (strcmp(name, "article") == 0 || strcmp(name, "main") == 0)
		return &r->articles;
	if (strcmp(name, "figure") == 0 || strcmp(name, "picture") == 0)
		return &r->figures;
	if (strcmp(name, "nav") == 0 || strcmp(name, "footer") == 0 || strcmp(name, "aside") == 0 ||
	    (strcmp(name, "header") == 0 && r->articles == 0))
		return &r->frames;
	return NULL;
}

static const struct {
	const char *name;
	void (*start)(struct reader *r, attributes a);
} handlers[] = {{"img", on_image},     {"meta", on_meta},   {"link", on_link}, {"script", on_script},
                {"source", on_source}, {"video", on_video}, {"base", on_base}, {"amp-img", on_image}};

static void on_start(void *context, const xmlChar *element, const xmlChar **xml_attributes)
{
	struct reader *r = context;
	const char *name = (const char *)element;
	attributes a = (attributes)xml_attributes;
	int *count = counter(r, name);

	/* Closing tags are looked up among all open ones: depth times tags is bounded by bounding both. */
	if (++r->elements > ELEMENTS_MAX || r->parser->nameNr > DEPTH_MAX) {
		xmlStopParser(r->parser);
		return;
	}
	if (count)
		++*count;
	if (!a)
		return;
	if (picture_attribute(a, "itemprop"))
		on_property(r, name, a);
	if (picture_attribute(a, "itemscope") || picture_attribute(a, "itemtype"))
		on_scope(r, a);
	for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
		if (strcmp(name, handlers[i].name) == 0) {
			handlers[i].start(r, a);
			return;
		}
	}
}

static void on_end(void *context, const xmlChar *element)
{
	struct reader *r = context;
	const char *name = (const char *)element;
	int *count = counter(r, name);

	end_item(r, &r->image);
	if (r->foreign.depth == r->parser->nameNr)
		r->foreign.depth = 0;
	if (count)
		*count -= *count > 0;
	if (strcmp(name, "script") == 0)
		r->in_script = false;
	else if (strcmp(name, "picture") == 0 || strcmp(name, "video") == 0 || strcmp(name, "audio") == 0)
		release_source(r);
}

static void on_text(void *context, const xmlChar *text, int n)
{
	struct reader *r = context;

	if (r->in_script && n > 0)
		strbuf_add(&r->scripts[r->script_count - 1], text, (size_t)n);
}

static void on_linked_image(void *context, enum linked_image kind, const char *url, int width, int height)
{
	add(context,
	    (struct find){.rule = kind == LINKED_IMAGE ? COVER_LINKED_DATA : COVER_THUMBNAIL,
	                  .address = (char *)(uintptr_t)url,
	                  .width = width,
	                  .height = height},
	    NULL, NULL);
}

static void parse(struct reader *r, const char *html, size_t n)
{
	*r->parser->sax =
		(htmlSAXHandler){.startElement = on_start, .endElement = on_end, .characters = on_text, .cdataBlock = on_text};
	r->parser->userData = r;
	/* Gives no tree, as nothing here builds one. */
	htmlCtxtReadMemory(r->parser, html, (int)n, NULL, "UTF-8",
	                   HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
	                       HTML_PARSE_IGNORE_ENC);
}

void page_read(struct page_finds *out, char *html, size_t n, bool allow_drawings)
{
	struct reader r = {.parser = htmlNewParserCtxt(), .out = out, .allow_drawings = allow_drawings, .og = -1};

	out->count = out->refused = 0;
	out->opt_out = false;
	out->base = NULL;
	if (!r.parser)
		return;
	parse(&r, html, tame_html(html, n));
	htmlFreeParserCtxt(r.parser);
	for (size_t i = 0; i < r.script_count; i++) {
		linked_data_images(r.scripts[i].data, r.scripts[i].len, on_linked_image, &r);
		strbuf_release(&r.scripts[i]);
	}
	release_source(&r);
	free(r.image.address);
}

void page_finds_release(struct page_finds *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->finds[i].address);
	free(f->base);
	f->count = 0;
	f->base = NULL;
}
