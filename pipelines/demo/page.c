#include "pipelines/demo/page.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))

const char *const page_naming_names[PAGE_NAMINGS] = {
	"og", "og-secure", "ld-string", "ld-array", "ld-object", "ld-graph", "lazy", "srcset", "img",
};
const char *const page_address_names[PAGE_ADDRESSES] = {"whole", "query", "protocol", "root", "relative", "base"};
const char *const page_charset_names[PAGE_CHARSETS] = {"utf-8", "latin-1-header", "latin-1-meta"};

#define CDN "cdn.pictures.test"
static const char *const hosts[] = {"www.daily-example.test", "magazine.example.test", "old.example.test"};

static void draw_address(struct page *p, struct rng *r, uint32_t name, const char *suffix)
{
	bool spaced = rng_below(r, 12) == 0;
	bool local = p->address >= ADDRESS_ROOT;
	const char *folder = p->address == ADDRESS_BASE ? "/archive/media" : local ? "/media" : "/p";
	p->picture_host = local ? p->host : CDN;
	snprintf(p->picture_path, sizeof(p->picture_path), "%s/%02x/%s%08x.%s", folder, name & 255, spaced ? "img " : "",
	         name, suffix);
	char file[64];
	snprintf(file, sizeof(file), "%02x/%s%08x.%s", name & 255, spaced ? "img%20" : "", name, suffix);
	char *html = p->picture_address, *json = p->picture_json;
	switch (p->address) {
	case ADDRESS_WHOLE:
		snprintf(html, PAGE_PATH_MAX, "http://" CDN "/p/%s", file);
		break;
	case ADDRESS_QUERY:
		snprintf(html, PAGE_PATH_MAX, "http://" CDN "/p/%s?w=%d&amp;h=%d&amp;q=80", file, p->width, p->height);
		snprintf(json, PAGE_PATH_MAX, "http:\\/\\/" CDN "\\/p\\/%s?w=%d&h=%d&q=80", file, p->width, p->height);
		return;
	case ADDRESS_PROTOCOL:
		snprintf(html, PAGE_PATH_MAX, "//" CDN "/p/%s", file);
		break;
	case ADDRESS_ROOT:
		snprintf(html, PAGE_PATH_MAX, "/media/%s", file);
		break;
	case ADDRESS_RELATIVE:
		snprintf(html, PAGE_PATH_MAX, "../media/%s", file);
		break;
	default:
		snprintf(html, PAGE_PATH_MAX, "media/%s", file);
		break;
	}
	snprintf(json, PAGE_PATH_MAX, "%s", html);
}

void page_draw(struct page *p, struct rng *r)
{
	static const int sizes[][2] = {{640, 427}, {640, 360}, {600, 400}, {720, 480}, {560, 420}, {480, 480}, {512, 342}};
	static const char *const folders[] = {"news", "stories", "a", "local", "content"};
	memset(p, 0, sizeof(*p));
	p->naming = (enum page_naming)rng_below(r, PAGE_NAMINGS);
	p->address = (enum page_address)rng_below(r, PAGE_ADDRESSES);
	p->charset = rng_below(r, 5) ? CHARSET_UTF8 : (enum page_charset)(1 + rng_below(r, 2));
	p->redirects = rng_below(r, 8) ? 0 : 1 + (int)rng_below(r, 3);
	const int *size = sizes[rng_below(r, COUNT(sizes))];
	p->width = size[0];
	p->height = size[1];
	/* The old site is where old ways are found. */
	bool old = p->charset != CHARSET_UTF8 || p->address == ADDRESS_BASE;
	p->host = old ? hosts[2] : hosts[rng_below(r, 2)];
	uint32_t name = rng_u32(r);
	const char *folder = p->charset == CHARSET_LATIN1_HEADER ? "latin1" : folders[rng_below(r, COUNT(folders))];
	snprintf(p->path, sizeof(p->path), "/%s/%08x.html", folder, name);
	draw_address(p, r, rng_u32(r), rng_below(r, 6) ? "jpg" : "png");
}

/* Text as HTML. A story's text is plain; "&amp;" in it stays what it is. */
static void put_text(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '&' && strncmp(s, "&amp;", 5) != 0)
			strbuf_puts(out, "&amp;");
		else if (*s == '"')
			strbuf_puts(out, "&quot;");
		else
			strbuf_putc(out, *s);
	}
}

static void put_json(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_putc(out, '\\');
		strbuf_putc(out, *s);
	}
}

static void put_linked_data(const struct page *p, const struct story *s, struct strbuf *out)
{
	bool graph = p->naming == NAME_LD_GRAPH;
	strbuf_puts(out, "<script type=\"application/ld+json\">\n{\"@context\": \"http://schema.org\",\n");
	if (graph)
		strbuf_printf(out,
		              " \"@graph\": [{\"@type\": \"Organization\", \"name\": \"Example\", \"logo\": {\"@type\": "
		              "\"ImageObject\", \"url\": \"http://%s/static/logo.png\"}},\n {",
		              p->host);
	strbuf_puts(out, " \"@type\": \"NewsArticle\", \"headline\": \"");
	put_json(out, s->title);
	strbuf_puts(out, "\",\n \"image\": ");
	if (p->naming == NAME_LD_STRING)
		strbuf_printf(out, "\"%s\"", p->picture_json);
	else if (p->naming == NAME_LD_ARRAY)
		strbuf_printf(out, "[\"%s\", \"http://%s/static/logo.png\"]", p->picture_json, p->host);
	else
		strbuf_printf(out, "{\"@type\": \"ImageObject\", \"url\": \"%s\", \"width\": %d, \"height\": %d}",
		              p->picture_json, p->width, p->height);
	strbuf_puts(out, graph ? "}]}\n</script>\n" : "}\n</script>\n");
}

static void put_head(const struct page *p, const struct story *s, struct strbuf *out)
{
	strbuf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
	if (p->charset == CHARSET_UTF8)
		strbuf_puts(out, "<meta charset=\"utf-8\">\n");
	else if (p->charset == CHARSET_LATIN1_META)
		strbuf_puts(out, "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-1\">\n");
	if (p->address == ADDRESS_BASE)
		strbuf_printf(out, "<base href=\"http://%s/archive/\">\n", p->host);
	strbuf_puts(out, "<title>");
	put_text(out, s->title);
	strbuf_puts(out, "</title>\n<meta property=\"og:title\" content=\"");
	put_text(out, s->title);
	strbuf_puts(out, "\">\n");
	if (s->fate != COVER_NONE && p->naming == NAME_OG)
		strbuf_printf(out, "<meta property=\"og:image\" content=\"%s\">\n", p->picture_address);
	else if (s->fate != COVER_NONE && p->naming == NAME_OG_SECURE)
		strbuf_printf(out, "<meta property='og:image:secure_url' content='%s' />\n", p->picture_address);
	else if (s->fate != COVER_NONE && p->naming >= NAME_LD_STRING && p->naming <= NAME_LD_GRAPH)
		put_linked_data(p, s, out);
	strbuf_puts(out, "</head>\n");
}

static void put_picture(const struct page *p, struct strbuf *out)
{
	const char *a = p->picture_address;
	if (p->naming == NAME_LAZY)
		strbuf_printf(out,
		              "<figure><img class=\"lazy\" src=\"data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=\" "
		              "data-src=\"%s\" width=\"%d\" height=\"%d\" alt=\"\"></figure>\n",
		              a, p->width, p->height);
	else if (p->naming == NAME_SRCSET)
		strbuf_printf(
			out,
			"<figure><img src=\"/static/blank.png\" srcset=\"/static/small.png 120w, %s %dw\" alt=\"\"></figure>\n", a,
			p->width);
	else if (p->naming == NAME_IMG)
		strbuf_printf(out, "<p><img src=\"%s\" border=0>\n", a);
}

static void put_body(const struct page *p, const struct story *s, struct rng *r, struct strbuf *out)
{
	strbuf_printf(out, "<body>\n<header><a href=\"/\"><img src=\"/static/logo.png\" width=\"160\" height=\"48\" "
	                   "alt=\"Example\"></a></header>\n<article>\n<h1>");
	put_text(out, s->title);
	strbuf_puts(out, "</h1>\n");
	if (s->fate != COVER_NONE)
		put_picture(p, out);
	struct strbuf text;
	strbuf_init(&text, 65536);
	for (int i = 0; i < 3; i++) {
		strbuf_clear(&text);
		words_paragraph(r, s->topic, 2 + (int)rng_below(r, 4), &text);
		strbuf_puts(out, "<p>");
		put_text(out, text.data);
		strbuf_puts(out, "</p>\n");
	}
	strbuf_release(&text);
	strbuf_printf(out,
	              "</article>\n<footer><img src=\"//" CDN "/t.gif?page=%s&amp;r=%u\" width=\"1\" height=\"1\" alt=\"\">"
	              "</footer>\n</body>\n</html>\n",
	              s->id, rng_u32(r));
}

/* UTF-8 to latin-1; what latin-1 lacks becomes a numeric entity. */
static void put_latin1(struct strbuf *out, const char *s)
{
	while (*s) {
		unsigned c = (unsigned char)*s++;
		int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
		if (more)
			c &= 0x3fu >> more;
		while (more-- > 0 && *s)
			c = c << 6 | ((unsigned char)*s++ & 0x3f);
		if (c < 256)
			strbuf_putc(out, (char)c);
		else
			strbuf_printf(out, "&#%u;", c);
	}
}

void page_write(const struct page *p, const struct story *s, struct rng *r, struct strbuf *out)
{
	struct strbuf utf8;
	strbuf_init(&utf8, out->cap);
	put_head(p, s, &utf8);
	put_body(p, s, r, &utf8);
	if (p->charset == CHARSET_UTF8)
		strbuf_puts(out, utf8.data);
	else
		put_latin1(out, utf8.data);
	strbuf_release(&utf8);
}
