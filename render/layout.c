#include "render/layout.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/config.h"

#define SIDE_MAX   4096 /* px of a card */
#define EM_MAX     500
#define TEXT_BYTES 16384

struct text_values {
	double x, y, size;
	char *colour, *font;
};

struct values {
	int64_t width, height;
	int64_t image_x, image_y, image_width, image_height;
	struct text_values title, category;
	double title_width, spacing;
	int64_t lines, characters;
};

#define KEYS 20

static void describe(struct values *v, struct config_key keys[KEYS + 1])
{
	const struct config_key table[KEYS + 1] = {
		{"card.width", CONFIG_INT, &v->width, "615", NULL, 1, SIDE_MAX, "px; cards are white"},
		{"card.height", CONFIG_INT, &v->height, "195", NULL, 1, SIDE_MAX, "px"},
		{"image.x", CONFIG_INT, &v->image_x, "15", NULL, 0, SIDE_MAX, "the cover's left edge, px"},
		{"image.y", CONFIG_INT, &v->image_y, "15", NULL, 0, SIDE_MAX, "its top, px"},
		{"image.width", CONFIG_INT, &v->image_width, "200", NULL, 1, SIDE_MAX, "px"},
		{"image.height", CONFIG_INT, &v->image_height, "165", NULL, 1, SIDE_MAX, "px"},
		{"title.x", CONFIG_REAL, &v->title.x, "227.725", NULL, 0, SIDE_MAX, "where its lines begin, px"},
		{"title.y", CONFIG_REAL, &v->title.y, "15", NULL, 0, SIDE_MAX, "the first line's ascender, px"},
		{"title.width", CONFIG_REAL, &v->title_width, "372.275", NULL, 1, SIDE_MAX,
	     "px that a line takes at most, with --wrap width"},
		{"title.size", CONFIG_REAL, &v->title.size, "27", NULL, 4, EM_MAX, "of the font's em square, px"},
		{"title.spacing", CONFIG_REAL, &v->spacing, "10.5", NULL, 0, SIDE_MAX, "px between lines"},
		{"title.lines", CONFIG_INT, &v->lines, "3", NULL, 1, CARD_LINES_MAX, "at most"},
		{"title.characters", CONFIG_INT, &v->characters, "27", NULL, 1, WRAP_LINE_BYTES,
	     "a line at most, with --wrap paper"},
		{"title.colour", CONFIG_STRING, &v->title.colour, "#2b2b2b", NULL, 0, 0, "#rrggbb"},
		{"title.font", CONFIG_STRING, &v->title.font, "", NULL, 0, 0,
	     "a file or an installed family; empty: Segoe UI, Selawik or Open Sans. --title-font overrides it"},
		{"category.x", CONFIG_REAL, &v->category.x, "227.725", NULL, 0, SIDE_MAX, "px"},
		{"category.y", CONFIG_REAL, &v->category.y, "142.5", NULL, 0, SIDE_MAX, "its ascender, px"},
		{"category.size", CONFIG_REAL, &v->category.size, "24", NULL, 4, EM_MAX, "of the font's em square, px"},
		{"category.colour", CONFIG_STRING, &v->category.colour, "#666666", NULL, 0, 0, "#rrggbb"},
		{"category.font", CONFIG_STRING, &v->category.font, "", NULL, 0, 0, "as for the title"},
		{0},
	};

	memcpy(keys, table, sizeof(table));
}

static enum status colour_read(uint32_t *rgb, const char *path, const char *key, const char *text)
{
	char *end;
	bool ok = text[0] == '#' && strlen(text) == 7 && strspn(text + 1, "0123456789abcdefABCDEF") == 6;

	*rgb = ok ? (uint32_t)strtoul(text + 1, &end, 16) : 0;
	return ok ? ST_OK : status_fail(ST_MALFORMED, "%s: %s = %s: expected #rrggbb", path, key, text);
}

static enum status check(const struct values *v, const char *path)
{
	if (v->image_x + v->image_width > v->width || v->image_y + v->image_height > v->height)
		return status_fail(ST_MALFORMED, "%s: the image reaches beyond the card", path);
	if (v->title.x >= (double)v->width || v->title.y >= (double)v->height)
		return status_fail(ST_MALFORMED, "%s: the title begins beyond the card", path);
	if (v->category.x >= (double)v->width || v->category.y >= (double)v->height)
		return status_fail(ST_MALFORMED, "%s: the category begins beyond the card", path);
	return ST_OK;
}

static enum status take(struct layout *out, const struct values *v, const char *path)
{
	struct card_preset *c = &out->card;
	enum status st = check(v, path);

	*c = (struct card_preset){
		.name = "layout",
		.width = (int32_t)v->width,
		.height = (int32_t)v->height,
		.image_x = (int32_t)v->image_x,
		.image_y = (int32_t)v->image_y,
		.image_width = (int32_t)v->image_width,
		.image_height = (int32_t)v->image_height,
		.title = {.x = v->title.x, .y = v->title.y, .em = v->title.size, .gap = v->spacing},
		.category = {.x = v->category.x, .y = v->category.y, .em = v->category.size},
		.line_characters = (int)v->characters,
		.title_width = v->title_width,
		.lines = (int)v->lines,
	};
	if (st == ST_OK)
		st = colour_read(&c->title.rgb, path, "title.colour", v->title.colour);
	if (st == ST_OK)
		st = colour_read(&c->category.rgb, path, "category.colour", v->category.colour);
	if (*v->title.font)
		out->title_font = xstrdup(v->title.font);
	if (*v->category.font)
		out->category_font = xstrdup(v->category.font);
	return st;
}

enum status layout_read(struct layout *out, const char *path)
{
	struct values v = {0};
	struct config_key keys[KEYS + 1];
	enum status st = ST_OK;

	*out = (struct layout){0};
	strbuf_init(&out->text, TEXT_BYTES);
	describe(&v, keys);
	config_init(keys);
	if (path)
		st = config_read(keys, path);
	if (st == ST_OK)
		st = take(out, &v, path ? path : "the default layout");
	if (st == ST_OK) {
		config_write(keys, &out->text);
		st = strbuf_check(&out->text, "a layout");
	}
	config_release(keys);
	return st;
}

void layout_release(struct layout *l)
{
	free(l->title_font);
	free(l->category_font);
	strbuf_release(&l->text);
	*l = (struct layout){0};
}
