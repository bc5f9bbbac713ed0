/* What a card looks like, as numbers. All in px; font sizes are px of the em square (not points). */
#ifndef COVERLINE_RENDER_PRESET_H
#define COVERLINE_RENDER_PRESET_H

#include <stdint.h>

#include "common/boxes.h"
#include "common/status.h"
#include "render/wrap.h"

struct text_style {
	double x, y;  /* the pen's start, and the top of the first line (its ascender, not its ink) */
	double em;    /* font size */
	double gap;   /* between the bottom of one line's capitals and the ascender of the next */
	uint32_t rgb; /* 0xrrggbb */
};

struct card_preset {
	const char *name;
	int32_t width, height;
	int32_t image_x, image_y, image_width, image_height;
	struct text_style title, category;
	enum wrap_rule wrap;
	int line_characters; /* most a title line takes by WRAP_PAPER, in code points */
	double title_width;  /* most it takes by WRAP_WIDTH */
	int lines;           /* most a title takes; at most CARD_LINES_MAX */
};

/* NULL if there is none of that name. */
const struct card_preset *preset_find(const char *name);

#endif
