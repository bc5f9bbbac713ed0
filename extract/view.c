#include "extract/view.h"

#include <math.h>
#include <string.h>

/* The title part is the one that IMRec's authors cut out, (220,10)-(610,140): right of the cover, 5 px after it, and down to
 * just above the category's line. The category part is what lies below it. A card's right margin beyond 610 is empty, and
 * is left out of both, so that cards of both published widths have the same parts. */
#define TEXT_X0       220
#define TEXT_X1       610
#define TITLE_Y0      10
#define TITLE_Y1      140
#define SHORTER_SIDE  256 /* of VIEW_CROP */
#define CARD_SIDE_MAX 8192

/* The cover's area on a card without one: IM-MIND's (15,15)-(215,180). */
static const struct box empty_cover = {15, 15, 215, 180};

/* The pixels that a box touches, as far as they are on the card. */
static struct part_area clip(const struct card_boxes *card, float x0, float y0, float x1, float y1)
{
	float width = (float)card->width, height = (float)card->height;
	struct part_area a;

	x0 = fminf(fmaxf(floorf(x0), 0), width);
	y0 = fminf(fmaxf(floorf(y0), 0), height);
	x1 = fminf(fmaxf(ceilf(x1), x0), width);
	y1 = fminf(fmaxf(ceilf(y1), y0), height);
	a = (struct part_area){.x = (int)x0, .y = (int)y0, .width = (int)(x1 - x0), .height = (int)(y1 - y0)};
	return a;
}

enum status part_areas(const struct card_boxes *card, struct part_area out[CARD_PARTS])
{
	const struct box *cover =
		card->image.x1 > card->image.x0 && card->image.y1 > card->image.y0 ? &card->image : &empty_cover;

	if (card->width > CARD_SIDE_MAX || card->height > CARD_SIDE_MAX)
		return status_fail(ST_INTEGRITY, "a card of %d x %d px, expected at most %d a side", card->width, card->height,
		                   CARD_SIDE_MAX);
	out[PART_TITLE] = clip(card, TEXT_X0, TITLE_Y0, TEXT_X1, TITLE_Y1);
	out[PART_COVER] = clip(card, cover->x0, cover->y0, cover->x1, cover->y1);
	out[PART_CATEGORY] = clip(card, TEXT_X0, TITLE_Y1, TEXT_X1, (float)card->height);
	out[PART_CARD] = (struct part_area){.width = card->width, .height = card->height};
	for (int i = 0; i < CARD_PARTS; i++) {
		if (out[i].width < 1 || out[i].height < 1)
			return status_fail(ST_INTEGRITY, "a card of %d x %d px has no room for title, cover and category",
			                   card->width, card->height);
	}
	return ST_OK;
}

bool view_parse(const char *name, enum view *view)
{
	static const char *const names[] = {"squash", "crop", "native"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*view = (enum view)i;
			return true;
		}
	}
	return false;
}

struct resize view_resize(enum view view, int width, int height)
{
	struct resize r = {.in_width = width, .in_height = height, .full_width = width, .full_height = height};

	if (view == VIEW_SQUASH) {
		r.full_width = r.full_height = VIEW_SIZE;
	} else if (view == VIEW_CROP) {
		/* torchvision's Resize rounds the longer side down; its CenterCrop rounds half to even */
		r.full_width = width <= height ? SHORTER_SIDE : (int)((int64_t)SHORTER_SIDE * width / height);
		r.full_height = width <= height ? (int)((int64_t)SHORTER_SIDE * height / width) : SHORTER_SIDE;
		r.x = (int)rint((r.full_width - VIEW_SIZE) / 2.0);
		r.y = (int)rint((r.full_height - VIEW_SIZE) / 2.0);
	}
	r.width = view == VIEW_NATIVE ? width : VIEW_SIZE;
	r.height = view == VIEW_NATIVE ? height : VIEW_SIZE;
	return r;
}
