/* What feature shards and boxes have in common: files part-00000.h5, part-00001.h5, … of part_rows catalogue rows each,
 * which say in attributes what they hold and what they were made from. */
#ifndef COVERLINE_COMMON_PART_H
#define COVERLINE_COMMON_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/h5.h"
#include "common/status.h"

#define PART_ROWS_MAX ((uint64_t)1 << 24)
#define PART_ID_SIZE  (NEWS_ID_MAX + 1) /* bytes of a row of /id */

/* "FOLDER/part-00000.h5"; the caller frees. */
char *part_path(const char *folder, uint32_t part);
/* True if the file opens, has the schema, was made from inputs_sha256, and each of its columns that has one value a
 * row (named in columns) has as many rows as it says. */
bool part_current(const char *path, int64_t schema, const char *inputs_sha256, const char *const *columns,
                  size_t column_count);
/* Attributes schema, first_row, rows, part_rows, program, arguments, inputs_sha256. */
MUST_CHECK enum status part_stamp(struct h5_file *f, int64_t schema, uint64_t first_row, uint64_t rows,
                                  uint64_t part_rows, const char *arguments, const char *inputs_sha256);
/* The attribute part_rows, checked against PART_ROWS_MAX. */
MUST_CHECK enum status part_rows_of(struct h5_file *f, const char *path, uint64_t *part_rows);
/* ST_INTEGRITY, naming path and row, unless /id is exactly the ids of rows news of the catalogue from first_row on. */
MUST_CHECK enum status part_check_ids(struct h5_file *f, const char *path, const struct catalog *news,
                                      uint64_t first_row, uint64_t rows);

#endif
