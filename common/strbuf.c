#include "common/strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

/* What an empty buffer points at; never written, as size is 0 then. */
static char nothing[1];

void strbuf_init(struct strbuf *sb, size_t cap)
{
	*sb = (struct strbuf){.data = nothing, .cap = cap < SIZE_MAX / 4 ? cap : SIZE_MAX / 4};
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->size)
		free(sb->data);
	strbuf_init(sb, sb->cap);
}

void strbuf_clear(struct strbuf *sb)
{
	sb->len = 0;
	sb->overflow = 0;
	if (sb->size)
		sb->data[0] = '\0';
}

/* Makes room for n more bytes and the NUL; 0 if that is refused. */
static int reserve(struct strbuf *sb, size_t n)
{
	size_t size = sb->size ? sb->size : FIRST_SIZE;
	char *data;

	if (sb->overflow || n > sb->cap - sb->len) {
		sb->overflow = 1;
		return 0;
	}
	if (sb->len + n + 1 <= sb->size)
		return 1;
	while (size < sb->len + n + 1)
		size *= 2;
	data = realloc(sb->size ? sb->data : NULL, size);
	if (!data) {
		sb->overflow = 1;
		return 0;
	}
	sb->data = data;
	sb->size = size;
	sb->data[sb->len] = '\0';
	return 1;
}

void strbuf_add(struct strbuf *sb, const void *bytes, size_t n)
{
	if (!n || !reserve(sb, n))
		return;
	memcpy(sb->data + sb->len, bytes, n);
	sb->len += n;
	sb->data[sb->len] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_putc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0) {
		sb->overflow = 1;
		return;
	}
	if (!n || !reserve(sb, (size_t)n))
		return;
	va_start(args, fmt);
	vsnprintf(sb->data + sb->len, (size_t)n + 1, fmt, args);
	va_end(args);
	sb->len += (size_t)n;
}

enum status strbuf_check(const struct strbuf *sb, const char *what)
{
	if (sb->overflow)
		return status_fail(ST_MEMORY, "%s: more than %zu bytes", what, sb->cap);
	return ST_OK;
}
