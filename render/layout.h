/* Cards of another design, from an ini file. */
#ifndef COVERLINE_RENDER_LAYOUT_H
#define COVERLINE_RENDER_LAYOUT_H

#include "common/status.h"
#include "common/strbuf.h"
#include "render/preset.h"

/* A design and the fonts that it asks for. */
struct layout {
	struct card_preset card;
	char *title_font, *category_font; /* as for font_find; NULL: not said */
	struct strbuf text;               /* the whole of it as an ini file, each key under what it means */
};

/* Keys that the file leaves out are IM-MIND's; with path NULL all are. ST_MALFORMED, with what is wrong and where, for a
 * file that does not parse, or parts that reach beyond the card. Release it either way. */
MUST_CHECK enum status layout_read(struct layout *out, const char *path);
void layout_release(struct layout *l);

#endif
