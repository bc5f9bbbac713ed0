#include "common/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 4096

static _Thread_local char message[MESSAGE_MAX];

/* An argument may be the present message, so the new one is put together aside. */
static void set_message(const char *fmt, va_list args, const char *tail)
{
	char fresh[MESSAGE_MAX];
	int n = vsnprintf(fresh, sizeof fresh, fmt, args);

	if (n < 0)
		n = 0;
	if ((size_t)n < sizeof fresh && tail)
		snprintf(fresh + n, sizeof fresh - (size_t)n, ": %s", tail);
	memcpy(message, fresh, strlen(fresh) + 1);
}

enum status status_fail(enum status st, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_message(fmt, args, NULL);
	va_end(args);
	return st;
}

enum status status_errno(const char *fmt, ...)
{
	char reason[128];
	va_list args;
	const char *text = strerror_r(errno, reason, sizeof reason);

	va_start(args, fmt);
	set_message(fmt, args, text);
	va_end(args);
	return ST_FAILED;
}

const char *status_message(void)
{
	return message;
}

void status_restore(const char *text)
{
	if (text != message)
		snprintf(message, sizeof message, "%s", text);
}

int status_exit_code(enum status st)
{
	switch (st) {
	case ST_OK:
		return 0;
	case ST_FAILED:
	case ST_MEMORY:
		return 1;
	case ST_USAGE:
		return 2;
	case ST_MALFORMED:
		return 3;
	case ST_NETWORK:
		return 4;
	case ST_PARTIAL:
		return 10;
	case ST_INTEGRITY:
		return 11;
	case ST_INTERRUPTED:
		return 130;
	}
	BUG("no such status: %d", (int)st);
}

void status_bug(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: bug: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
