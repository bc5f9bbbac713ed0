/* What is lettered of a title: HTML entities as the characters they stand for, nothing that is not UTF-8, no controls. */
#ifndef COVERLINE_RENDER_TEXT_H
#define COVERLINE_RENDER_TEXT_H

#include <stdint.h>

#include "common/arena.h"

struct text {
	char *bytes;    /* UTF-8, with a NUL at the end */
	int32_t length; /* bytes, without it */
	int32_t *from;  /* [length + 1] the byte of the source that each came from; from[length] is the source's length */
};

/* Lives in a. Spaces of the source stay, and none is added, so that words are the source's:
 *   "&amp;" "&#39;" "&#x2019;" "&eacute;" …: the character, once ("&amp;lt;" is "&lt;"); 128 … 159 mean Windows-1252, as in
 *       browsers; a space or control becomes U+00A0; what is no entity stays as it is
 *   tabs, line ends and separators of lines and paragraphs: U+00A0
 *   other controls (C0, C1, DEL): U+200B, which takes no room
 *   bytes that are not UTF-8: '?' each */
void text_decode(struct text *out, struct arena *a, const char *source);

/* Words and punctuation marks of decoded text, as IMRec's table 1 counts them: letters, digits, underscores and the marks on
 * them in a row are one, every other character that can be seen is one ("it's $5" has 5). As the regular expression
 * \w+|[^\w\s], but that combining marks and format characters neither count nor part a word. */
uint64_t text_tokens(const char *decoded);

#endif
