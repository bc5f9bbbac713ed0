/* Outcomes and the message that goes with them.
 *
 * Every function that can fail returns enum status. The one who detects a failure says what is wrong,
 * once, with status_fail(); whoever passes it on adds nothing. Only a program's main prints the
 * message and turns the status into an exit code (see cli.h). */
#ifndef COVERLINE_COMMON_STATUS_H
#define COVERLINE_COMMON_STATUS_H

#include <stdarg.h>

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum status {
	ST_OK = 0,
	ST_FAILED,      /* the operating system or a library said no */
	ST_USAGE,       /* the caller's options contradict each other or the data */
	ST_MALFORMED,   /* input bytes are not what their format says */
	ST_NETWORK,     /* nothing could be reached */
	ST_PARTIAL,     /* done, but some items failed and are listed in the ledger */
	ST_INTEGRITY,   /* a digest, count or cross-reference does not hold */
	ST_MEMORY,      /* an allocation failed or a stated cap was reached */
	ST_INTERRUPTED, /* a signal asked to stop; the work so far is kept */
};

/* Sets this thread's message and returns st, so that a detector can write
 *     return status_fail(ST_MALFORMED, "%s:%zu: expected 8 columns, found %d", path, line, n);
 * The message names the thing, the place and what was expected; no newline at its end. */
MUST_CHECK enum status status_fail(enum status st, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Like status_fail(ST_FAILED, …) with ": " and strerror(errno) appended. */
MUST_CHECK enum status status_errno(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The message of this thread's latest failure; "" if there was none. Valid until the next failure. */
const char *status_message(void);

/* Copies a message across threads (a worker's failure to the thread that reports it). */
void status_restore(const char *message);

/* The exit code of the contract for st: 0, 1, 2, 3, 4, 10, 11. */
int status_exit_code(enum status st);

/* A programming error. Prints file, line and message, and aborts; active in release builds too. */
#define BUG(...) status_bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void status_bug(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
