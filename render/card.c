#include "render/card.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <pango/pangofc-fontmap.h>

#include "render/wrap.h"

/* One font at one size. Its configuration holds that one file, so nothing that is installed can step in. */
struct lettering {
	FcConfig *config;
	PangoFontMap *map;
	PangoContext *context;
	PangoLayout *layout;
	struct text_style style;
	double ascender; /* px from a line's top to its baseline */
	double pitch;    /* px from baseline to baseline */
};

struct painter {
	const struct card_preset *preset; /* borrowed */
	struct lettering title, category;
	cairo_surface_t *surface;
	cairo_t *cairo;
};

/* Lettering -------------------------------------------------------------------------------------------------------- */

static PangoFontDescription *describe_font(FcConfig *config, double em)
{
	FcFontSet *fonts = FcConfigGetFonts(config, FcSetApplication);
	PangoFontDescription *description;

	if (!fonts || fonts->nfont < 1)
		return NULL;
	description = pango_fc_font_description_from_pattern(fonts->fonts[0], FALSE);
	pango_font_description_set_absolute_size(description, em * PANGO_SCALE);
	return description;
}

/* Outlines as designed: no hinting, no rounding of advances. A card then depends on the font alone, and a box scales. */
static void set_options(PangoContext *context)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
	pango_context_set_round_glyph_positions(context, FALSE);
	pango_context_set_language(context, pango_language_from_string("en"));
	pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
}

static enum status lettering_open(struct lettering *l, const struct font_file *font, const struct text_style *style)
{
	PangoFontDescription *description;
	int ascender = 0;
	enum status st = font_ascender(font, style->em, &ascender);

	if (st != ST_OK)
		return st;
	l->style = *style;
	/* PIL starts a line at its ascender, and takes as a line's height that of an "A" from there to the baseline. */
	l->ascender = ascender;
	l->pitch = ascender + style->gap;
	l->config = FcConfigCreate();
	if (!FcConfigAppFontAddFile(l->config, (const FcChar8 *)font->path))
		return status_fail(ST_FAILED, "%s: cannot be used as a font", font->path);
	description = describe_font(l->config, style->em);
	if (!description)
		return status_fail(ST_FAILED, "%s: holds no font", font->path);
	l->map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
	pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(l->map), l->config);
	l->context = pango_font_map_create_context(l->map);
	set_options(l->context);
	l->layout = pango_layout_new(l->context);
	pango_layout_set_font_description(l->layout, description);
	pango_layout_set_single_paragraph_mode(l->layout, TRUE);
	pango_layout_set_auto_dir(l->layout, FALSE);
	pango_font_description_free(description);
	return ST_OK;
}

static void lettering_close(struct lettering *l)
{
	g_clear_object(&l->layout);
	g_clear_object(&l->context);
	g_clear_object(&l->map);
	if (l->config)
		FcConfigDestroy(l->config);
}

/* Boxes ------------------------------------------------------------------------------------------------------------ */

static bool box_empty(const struct box *b)
{
	return b->x1 <= b->x0 || b->y1 <= b->y0;
}

static void box_join(struct box *b, const struct box *other)
{
	if (box_empty(other))
		return;
	if (box_empty(b)) {
		*b = *other;
		return;
	}
	b->x0 = fminf(b->x0, other->x0);
	b->y0 = fminf(b->y0, other->y0);
	b->x1 = fmaxf(b->x1, other->x1);
	b->y1 = fmaxf(b->y1, other->y1);
}

static float clip(float v, int32_t most)
{
	return v < 0 ? 0 : v > (float)most ? (float)most : v;
}

static void box_clip(struct box *b, const struct card_preset *preset)
{
	b->x0 = clip(b->x0, preset->width);
	b->x1 = clip(b->x1, preset->width);
	b->y0 = clip(b->y0, preset->height);
	b->y1 = clip(b->y1, preset->height);
}

/* A rectangle of Pango's, relative to the layout's top left, as px on the card. */
static struct box on_card(const PangoRectangle *r, double x, double top)
{
	return (struct box){.x0 = (float)(x + r->x / (double)PANGO_SCALE),
	                    .y0 = (float)(top + r->y / (double)PANGO_SCALE),
	                    .x1 = (float)(x + (r->x + r->width) / (double)PANGO_SCALE),
	                    .y1 = (float)(top + (r->y + r->height) / (double)PANGO_SCALE)};
}

/* Adds each cluster's boxes to the word that it is of; clusters of spaces and of "..." are of none. */
static void measure_words(PangoLayout *layout, double x, double top, const struct wrap *wrap, int line,
                          struct word_box *words)
{
	PangoLayoutIter *it = pango_layout_get_iter(layout);

	do {
		int at = pango_layout_iter_get_index(it);

		for (size_t i = 0; i < wrap->word_count; i++) {
			const struct wrap_word *w = &wrap->words[i];
			PangoRectangle ink, advance;
			struct box box;

			if (w->line != line || at < w->offset || at >= w->offset + w->length)
				continue;
			pango_layout_iter_get_cluster_extents(it, &ink, &advance);
			box = on_card(&ink, x, top);
			box_join(&words[i].ink, &box);
			box = on_card(&advance, x, top);
			box_join(&words[i].advance, &box);
		}
	} while (pango_layout_iter_next_cluster(it));
	pango_layout_iter_free(it);
}

/* Drawing ---------------------------------------------------------------------------------------------------------- */

/* Fills the outlines of text at their exact place (glyph images would be moved to whole pixels), and gives the top of
 * the layout, which boxes are relative to. */
static double draw_line(struct painter *p, struct lettering *l, const char *text, int line, struct box *ink)
{
	double baseline = l->style.y + l->ascender + line * l->pitch, top;
	PangoRectangle r;

	pango_layout_set_text(l->layout, text, -1);
	top = baseline - pango_layout_get_baseline(l->layout) / (double)PANGO_SCALE;
	cairo_move_to(p->cairo, l->style.x, baseline);
	pango_cairo_layout_line_path(p->cairo, pango_layout_get_line_readonly(l->layout, 0));
	cairo_set_source_rgb(p->cairo, (l->style.rgb >> 16 & 255) / 255.0, (l->style.rgb >> 8 & 255) / 255.0,
	                     (l->style.rgb & 255) / 255.0);
	cairo_fill(p->cairo);
	pango_layout_get_extents(l->layout, &r, NULL);
	*ink = on_card(&r, l->style.x, top);
	return top;
}

static double measure_line(void *context, const char *text)
{
	struct lettering *l = context;
	PangoRectangle advance;

	pango_layout_set_text(l->layout, text, -1);
	pango_layout_get_extents(l->layout, NULL, &advance);
	return advance.width / (double)PANGO_SCALE;
}

static void draw_title(struct painter *p, const char *title, struct arena *a, struct card_boxes *boxes)
{
	const struct wrap_limits limits = {.rule = p->preset->wrap,
	                                   .lines = p->preset->lines,
	                                   .characters = p->preset->line_characters,
	                                   .width_px = p->preset->title_width,
	                                   .measure = measure_line,
	                                   .context = &p->title};
	struct wrap wrap;

	wrap_title(&wrap, a, title, &limits);
	boxes->line_count = wrap.line_count;
	boxes->cut = wrap.cut;
	boxes->word_lost = wrap.word_lost;
	boxes->word_count = wrap.word_count;
	boxes->words = arena_calloc(a, wrap.word_count, sizeof(*boxes->words));
	for (size_t i = 0; i < wrap.word_count; i++) {
		boxes->words[i].index = wrap.words[i].index;
		boxes->words[i].line = wrap.words[i].line;
		boxes->words[i].first = wrap.words[i].first;
		boxes->words[i].end = wrap.words[i].end;
	}
	for (int i = 0; i < wrap.line_count; i++) {
		double top;

		if (!*wrap.line[i])
			continue;
		top = draw_line(p, &p->title, wrap.line[i], i, &boxes->line[i]);
		box_clip(&boxes->line[i], p->preset);
		measure_words(p->title.layout, p->title.style.x, top, &wrap, i, boxes->words);
	}
	for (size_t i = 0; i < wrap.word_count; i++) {
		box_clip(&boxes->words[i].ink, p->preset);
		box_clip(&boxes->words[i].advance, p->preset);
	}
}

static void draw_cover(struct painter *p, const struct image *cover)
{
	const struct card_preset *s = p->preset;
	uint8_t *data;
	int stride;

	if (cover->width != s->image_width || cover->height != s->image_height)
		BUG("a cover of %d x %d", cover->width, cover->height);
	cairo_surface_flush(p->surface);
	data = cairo_image_surface_get_data(p->surface);
	stride = cairo_image_surface_get_stride(p->surface);
	for (int y = 0; y < cover->height; y++) {
		const uint8_t *from = cover->data + (size_t)y * (size_t)cover->width * 3;
		uint32_t *to = (uint32_t *)(void *)(data + (ptrdiff_t)(s->image_y + y) * stride) + s->image_x;

		for (int x = 0; x < cover->width; x++, from += 3)
			to[x] = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
	}
	cairo_surface_mark_dirty(p->surface);
}

static void take_pixels(struct painter *p, struct image *out)
{
	int width = p->preset->width, height = p->preset->height, stride;
	const uint8_t *data;

	cairo_surface_flush(p->surface);
	data = cairo_image_surface_get_data(p->surface);
	stride = cairo_image_surface_get_stride(p->surface);
	if (out->width != width || out->height != height) {
		image_release(out);
		*out = (struct image){.width = width, .height = height, .data = xmalloc((size_t)width * (size_t)height * 3)};
	}
	for (int y = 0; y < height; y++) {
		const uint32_t *from = (const uint32_t *)(const void *)(data + (ptrdiff_t)y * stride);
		uint8_t *to = out->data + (size_t)y * (size_t)width * 3;

		for (int x = 0; x < width; x++, to += 3) {
			to[0] = (uint8_t)(from[x] >> 16);
			to[1] = (uint8_t)(from[x] >> 8);
			to[2] = (uint8_t)from[x];
		}
	}
}

enum status painter_draw(struct painter *p, const struct card *card, struct arena *a, struct image *out,
                         struct card_boxes *boxes)
{
	const struct card_preset *s = p->preset;
	const char *category = wrap_category(a, card->category);

	*boxes = (struct card_boxes){.width = s->width, .height = s->height};
	boxes->image = (struct box){(float)s->image_x, (float)s->image_y, (float)(s->image_x + s->image_width),
	                            (float)(s->image_y + s->image_height)};
	cairo_set_source_rgb(p->cairo, 1, 1, 1);
	cairo_paint(p->cairo);
	if (card->cover)
		draw_cover(p, card->cover);
	draw_title(p, card->title, a, boxes);
	if (*category) {
		(void)draw_line(p, &p->category, category, 0, &boxes->category);
		box_clip(&boxes->category, s);
	}
	if (cairo_status(p->cairo) != CAIRO_STATUS_SUCCESS)
		return status_fail(ST_FAILED, "cannot draw a card: %s", cairo_status_to_string(cairo_status(p->cairo)));
	take_pixels(p, out);
	return ST_OK;
}

enum status painter_open(struct painter **out, const struct card_preset *preset, const struct font_file *title_font,
                         const struct font_file *category_font)
{
	struct painter *p = xcalloc(1, sizeof(*p));
	enum status st;

	*out = NULL;
	p->preset = preset;
	p->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, preset->width, preset->height);
	p->cairo = cairo_create(p->surface);
	st = lettering_open(&p->title, title_font, &preset->title);
	if (st == ST_OK)
		st = lettering_open(&p->category, category_font, &preset->category);
	if (st == ST_OK)
		*out = p;
	else
		painter_close(p);
	return st;
}

void painter_close(struct painter *p)
{
	if (!p)
		return;
	lettering_close(&p->title);
	lettering_close(&p->category);
	cairo_destroy(p->cairo);
	cairo_surface_destroy(p->surface);
	free(p);
}

/* Outlines --------------------------------------------------------------------------------------------------------- */

static void outline(struct image *card, const struct box *b, uint32_t rgb)
{
	int x0 = (int)floorf(b->x0), y0 = (int)floorf(b->y0), x1 = (int)ceilf(b->x1) - 1, y1 = (int)ceilf(b->y1) - 1;

	for (int y = y0; y <= y1 && y < card->height; y++) {
		for (int x = x0; x <= x1 && x < card->width; x++) {
			uint8_t *to = card->data + ((size_t)y * (size_t)card->width + (size_t)x) * 3;

			if (y != y0 && y != y1 && x != x0 && x != x1)
				continue;
			to[0] = (uint8_t)(rgb >> 16);
			to[1] = (uint8_t)(rgb >> 8);
			to[2] = (uint8_t)rgb;
		}
	}
}

void card_outline(struct image *card, const struct card_boxes *boxes)
{
	outline(card, &boxes->image, 0x1f77b4);
	outline(card, &boxes->category, 0x2ca02c);
	for (int i = 0; i < boxes->line_count; i++)
		outline(card, &boxes->line[i], 0xff7f0e);
	for (size_t i = 0; i < boxes->word_count; i++)
		outline(card, &boxes->words[i].ink, 0xd62728);
}
