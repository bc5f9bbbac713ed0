#include "common/part.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/file.h"

char *part_path(const char *folder, uint32_t part)
{
	return path_printf("%s/part-%05u.h5", folder, part);
}

static enum status check_current(struct h5_file *f, int64_t schema, const char *inputs_sha256,
                                 const char *const *columns, size_t column_count, bool *current)
{
	int64_t have_schema = 0, rows = 0;
	char *have = NULL;
	struct h5_shape shape;
	enum status st = h5_get_int(f, "schema", &have_schema);

	if (st == ST_OK)
		st = h5_get_int(f, "rows", &rows);
	if (st == ST_OK)
		st = h5_get_text(f, "inputs_sha256", &have);
	*current = st == ST_OK && have_schema == schema && rows >= 0 && strcmp(have, inputs_sha256) == 0;
	for (size_t i = 0; i < column_count && st == ST_OK && *current; i++) {
		st = h5_describe(f, columns[i], &shape);
		*current = st == ST_OK && shape.ndim > 0 && shape.dim[0] == (uint64_t)rows;
	}
	free(have);
	return st;
}

bool part_current(const char *path, int64_t schema, const char *inputs_sha256, const char *const *columns,
                  size_t column_count)
{
	struct h5_file *f;
	bool current = false;

	if (!file_exists(path) || h5_open(&f, path) != ST_OK)
		return false;
	if (check_current(f, schema, inputs_sha256, columns, column_count, &current) != ST_OK)
		current = false;
	h5_close(f);
	return current;
}

enum status part_stamp(struct h5_file *f, int64_t schema, uint64_t first_row, uint64_t rows, uint64_t part_rows,
                       const char *arguments, const char *inputs_sha256)
{
	enum status st = h5_set_int(f, "schema", schema);

	if (st == ST_OK)
		st = h5_set_int(f, "first_row", (int64_t)first_row);
	if (st == ST_OK)
		st = h5_set_int(f, "rows", (int64_t)rows);
	if (st == ST_OK)
		st = h5_set_int(f, "part_rows", (int64_t)part_rows);
	if (st == ST_OK)
		st = h5_set_text(f, "program", "coverline " COVERLINE_VERSION);
	if (st == ST_OK)
		st = h5_set_text(f, "arguments", arguments);
	if (st == ST_OK)
		st = h5_set_text(f, "inputs_sha256", inputs_sha256);
	return st;
}

enum status part_rows_of(struct h5_file *f, const char *path, uint64_t *part_rows)
{
	int64_t n = 0;
	enum status st = h5_get_int(f, "part_rows", &n);

	if (st == ST_OK && (n < 1 || (uint64_t)n > PART_ROWS_MAX))
		st = status_fail(ST_MALFORMED, "%s: attribute part_rows is %lld, expected 1 to %llu", path, (long long)n,
		                 (unsigned long long)PART_ROWS_MAX);
	*part_rows = (uint64_t)n;
	return st;
}

static enum status compare_ids(const char *path, const struct catalog *news, uint64_t first_row, uint64_t rows,
                               const char *ids)
{
	for (uint64_t i = 0; i < rows; i++) {
		const char *id = ids + i * PART_ID_SIZE;

		if (strncmp(id, news->news[first_row + i].id, PART_ID_SIZE) != 0)
			return status_fail(ST_INTEGRITY, "%s: row %llu is %.*s, but the catalogue has %s there", path,
			                   (unsigned long long)i, NEWS_ID_MAX, id, news->news[first_row + i].id);
	}
	return ST_OK;
}

enum status part_check_ids(struct h5_file *f, const char *path, const struct catalog *news, uint64_t first_row,
                           uint64_t rows)
{
	struct h5_shape shape;
	char *ids = NULL;
	enum status st = h5_describe(f, "id", &shape);

	if (st != ST_OK)
		return st;
	if (first_row > news->count || rows > news->count - first_row)
		BUG("rows beyond the catalogue");
	if (shape.type != H5_STRING || shape.string_size != PART_ID_SIZE || shape.ndim != 1)
		return status_fail(ST_MALFORMED, "%s: id is not a column of %d-byte strings", path, PART_ID_SIZE);
	if (shape.dim[0] != rows)
		return status_fail(ST_INTEGRITY, "%s: has %llu rows, but the catalogue has %llu there", path,
		                   (unsigned long long)shape.dim[0], (unsigned long long)rows);
	ids = xmalloc(rows * PART_ID_SIZE + 1);
	st = h5_read(f, "id", 0, rows, H5_STRING, ids);
	if (st == ST_OK)
		st = compare_ids(path, news, first_row, rows, ids);
	free(ids);
	return st;
}
