/* What of a card each pass of the network sees, and at which size. */
#ifndef COVERLINE_EXTRACT_VIEW_H
#define COVERLINE_EXTRACT_VIEW_H

#include "common/boxes.h"
#include "common/status.h"
#include "extract/resize.h"

/* Parts of a card (IMRec section 3.2.1), and the card itself. */
enum card_part { PART_TITLE, PART_COVER, PART_CATEGORY, PART_CARD, CARD_PARTS };

/* A rectangle of whole pixels. */
struct part_area {
	int x, y, width, height;
};

/* ST_INTEGRITY if the card is too small to have these parts. */
MUST_CHECK enum status part_areas(const struct card_boxes *card, struct part_area out[CARD_PARTS]);

enum view {
	VIEW_SQUASH, /* the whole part, both sides to VIEW_SIZE */
	VIEW_CROP,   /* the shorter side to 256, the middle VIEW_SIZE x VIEW_SIZE: the authors' code */
	VIEW_NATIVE, /* as it is: the network runs over any size */
};
#define VIEWS     "squash|crop|native"
#define VIEW_SIZE 224

/* False if there is no view of that name. */
bool view_parse(const char *name, enum view *view);
/* How a part of width x height px becomes the network's input. */
struct resize view_resize(enum view view, int width, int height);

#endif
