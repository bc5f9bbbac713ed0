/* Groups from a file of the user's: tab-separated, the first line a header.
 *
 *   impression  NAME …       or   user  NAME …       or   news  NAME …
 *   ID          value …
 *
 * The first column's heading says what its ids are of. Each further column is a division named by its heading; its
 * values are the groups. What the file does not list is in the group "(none)". */
#ifndef COVERLINE_EVAL_GROUPS_FILE_H
#define COVERLINE_EVAL_GROUPS_FILE_H

#include "eval/groups.h"

/* Appends the file's columns to g's divisions. news may be NULL unless the ids are of news. ST_MALFORMED names file and
 * line: a wrong number of columns, an id twice or not in the catalogue, more than 1,000 values in a column. */
MUST_CHECK enum status groups_file_read(struct groups *g, const char *path, const struct catalog *news);

#endif
