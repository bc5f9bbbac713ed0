/* A growing byte string with a cap. */
#ifndef COVERLINE_COMMON_STRBUF_H
#define COVERLINE_COMMON_STRBUF_H

#include <stddef.h>

#include "common/status.h"

/* data is NUL-terminated at data[len] and never NULL after strbuf_init. Once an append would pass
 * cap, or memory runs out, the buffer stays as it was and overflow is set: a writer may append
 * freely and look once, at the end, with strbuf_check. */
struct strbuf {
	char *data;
	size_t len;
	size_t size; /* allocated, bytes; 0 while data points at a constant "" */
	size_t cap;  /* most bytes that len may reach */
	int overflow;
};

void strbuf_init(struct strbuf *sb, size_t cap);
/* Frees the bytes; the buffer is empty again and may be reused with the same cap. */
void strbuf_release(struct strbuf *sb);
/* Forgets the contents, keeps the memory. */
void strbuf_clear(struct strbuf *sb);
void strbuf_add(struct strbuf *sb, const void *bytes, size_t n);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_putc(struct strbuf *sb, char c);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* ST_MEMORY if any append since init or clear was refused; what names the content in the message. */
MUST_CHECK enum status strbuf_check(const struct strbuf *sb, const char *what);

#endif
