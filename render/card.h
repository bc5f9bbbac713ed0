/* The painting of a card. */
#ifndef COVERLINE_RENDER_CARD_H
#define COVERLINE_RENDER_CARD_H

#include "common/arena.h"
#include "common/boxes.h"
#include "common/image.h"
#include "common/status.h"
#include "render/fonts.h"
#include "render/preset.h"

/* Draws cards, one at a time: each worker has its own, as Pango's font maps are not for several threads. The same card
 * comes out of every painter, whatever it drew before. */
struct painter;

MUST_CHECK enum status painter_open(struct painter **p, const struct card_preset *preset,
                                    const struct font_file *title_font, const struct font_file *category_font);
void painter_close(struct painter *p);

/* What is on a card. */
struct card {
	const char *title;
	const char *category;      /* as in the catalogue */
	const struct image *cover; /* of the preset's image size; NULL: the area stays empty */
	const struct box *picture; /* where in cover the picture is, if it has borders; NULL: everywhere */
};

/* A title whose first letter with a direction is Hebrew, Arabic or the like runs from right to left; its lines still
 * begin at the same left edge, as Pillow sets them. Paints the card and finds the boxes, all clipped to the card. out
 * is reused if it is of the preset's size already, and the caller releases it; the words of boxes live in a.
 * boxes->state is the caller's to set. */
MUST_CHECK enum status painter_draw(struct painter *p, const struct card *card, struct arena *a, struct image *out,
                                    struct card_boxes *boxes);

/* Draws the outlines of boxes on a card, to look at. */
void card_outline(struct image *card, const struct card_boxes *boxes);

#endif
