/* The words of a card: a title broken into lines, a category spelt out. */
#ifndef COVERLINE_RENDER_WRAP_H
#define COVERLINE_RENDER_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/boxes.h"

#define WRAP_LINE_BYTES 1024 /* of a line that are drawn: far beyond any card's right edge */

/* A word of the title that is on the card. */
struct wrap_word {
	int32_t index;      /* among the title's words */
	int32_t line;       /* 0 … */
	int32_t first, end; /* bytes of the title */
	int32_t offset;     /* of its first byte in the line's text */
	int32_t length;     /* bytes of it in the line's text: less than end - first if the line is longer than is drawn */
};

struct wrap {
	const char *line[CARD_LINES_MAX]; /* UTF-8, valid; "" beyond line_count */
	int32_t line_count;
	bool cut; /* the title did not fit, and the last line ends in "..." */
	struct wrap_word *words;
	size_t word_count;
	int32_t word_lost; /* words of the title that are not on the card */
};

/* Greedy at spaces: a word goes on the line while the line has at most line_characters code points. A word too long
 * for a line has its own, and if it is the title's first, the first line stays empty. When words are left after the
 * last line, that line's last word goes too and "..." stands there instead, right behind what is left.
 * Everything in out lives in a. A byte that is not UTF-8 is drawn as '?'. */
void wrap_title(struct wrap *out, struct arena *a, const char *title, int line_characters, int lines);

/* "foodanddrink" as people write it, "food and drink"; '_' and '-' are spaces. Lives in a. */
const char *wrap_category(struct arena *a, const char *category);

#endif
