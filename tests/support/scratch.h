/* What the cmocka tests share: a folder of their own, statuses that fail a test, and the ends of child processes. */
#ifndef COVERLINE_TESTS_SUPPORT_SCRATCH_H
#define COVERLINE_TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>
#include <sys/types.h>

#include "common/status.h"

/* Fixtures of a group or of one test: make an empty folder under TMPDIR, and remove it with all that is in it. They leave
 * the state alone. */
int scratch_make(void **state);
int scratch_remove(void **state);

/* The folder, until it is removed. */
const char *scratch_folder(void);
/* The path of a name in it. Owned here, and good until 16 others have been asked for. */
const char *scratch_path(const char *name);
/* Write a file in it, and missing folders; the test fails if that fails. They return the file's scratch_path. */
const char *scratch_write(const char *name, const void *bytes, size_t n);
const char *scratch_text(const char *name, const char *text);
/* Fails the test unless these and no others, in the order of their bytes and with a space between, are the names in a folder
 * of it. */
void scratch_holds(const char *name, const char *names);
/* This thread's latest message, without the folder that it begins with. */
const char *scratch_message(void);

/* Fails the test with the latest message unless st is ST_OK. */
#define must(st) must_at((st), __FILE__, __LINE__)
void must_at(enum status st, const char *file, int line);

/* Waits for a child: its exit code, or minus the signal that ended it. */
int child_end(pid_t child);

#endif
