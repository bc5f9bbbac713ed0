/* Web pages as UTF-8, whatever they came in. */
#ifndef COVERLINE_CRAWL_CHARSET_H
#define COVERLINE_CRAWL_CHARSET_H

#include <stddef.h>

#include "common/strbuf.h"

/* The character set by byte-order mark, else by content_type ("text/html; charset=…"; may be ""), else by a meta tag
 * near the page's start, else UTF-8 if the bytes are that, else windows-1252, each by the name iconv has for what browsers
 * take it for ("latin1" is windows-1252). Bytes that mean nothing in it become U+FFFD, NULs spaces.
 * out (initialised, with a cap of its own) gets the text, without the mark. */
void charset_to_utf8(const char *bytes, size_t n, const char *content_type, struct strbuf *out);

#endif
