#include "common/shard.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/digest.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/half.h"
#include "common/part.h"

#define OPEN_PARTS 64 /* parts that a reader keeps open; part p has the place p % OPEN_PARTS */

/* Paths ------------------------------------------------------------------------------------------------------------ */

static char *kind_folder(const char *data, const char *kind)
{
	return path_printf("%s/features/%s", data, kind);
}

char *shard_part_path(const char *data, const char *kind, uint32_t part)
{
	char *folder = kind_folder(data, kind), *path = part_path(folder, part);

	free(folder);
	return path;
}

uint32_t shard_part_count(uint32_t rows, uint64_t part_rows)
{
	if (part_rows > 0)
		return (uint32_t)((rows + part_rows - 1) / part_rows);
	BUG("parts of no rows");
}

bool shard_part_current(const char *data, const char *kind, uint32_t part, const char *inputs_sha256)
{
	static const char *const columns[] = {"id", "state"};
	char *path = shard_part_path(data, kind, part);
	bool current = part_current(path, SHARD_SCHEMA, inputs_sha256, columns, 2);

	free(path);
	return current;
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static const struct h5_shape id_shape = {.type = H5_STRING, .ndim = 1, .string_size = PART_ID_SIZE};
static const struct h5_shape state_shape = {.type = H5_U8, .ndim = 1};

struct shard_writer {
	struct h5_file *file;
	struct shard_info info; /* strings and columns borrowed until commit */
	uint64_t first_row, rows;
	char inputs_sha256[DIGEST_HEX];
	enum status failed; /* the first failure, given again by every later append */
	char *message;
};

static uint64_t row_width(const struct h5_shape *shape)
{
	uint64_t n = 1;

	for (int i = 1; i < shape->ndim; i++)
		n *= shape->dim[i];
	return n;
}

static enum status declare_columns(struct shard_writer *w)
{
	enum status st = h5_declare(w->file, "id", &id_shape);

	if (st == ST_OK)
		st = h5_declare(w->file, "state", &state_shape);
	for (size_t i = 0; i < w->info.column_count && st == ST_OK; i++)
		st = h5_declare(w->file, w->info.columns[i].name, &w->info.columns[i].shape);
	return st;
}

enum status shard_create(struct shard_writer **out, const char *data, const struct shard_info *info, uint32_t part,
                         const char *inputs_sha256)
{
	struct shard_writer *w = xcalloc(1, sizeof(*w));
	char *path = shard_part_path(data, info->kind, part);
	enum status st;

	if (info->column_count > SHARD_COLUMNS_MAX || info->part_rows == 0 || info->part_rows > PART_ROWS_MAX)
		BUG("bad shape of shard %s", info->kind);
	*out = NULL;
	w->info = *info;
	w->first_row = part * info->part_rows;
	memcpy(w->inputs_sha256, inputs_sha256, strnlen(inputs_sha256, DIGEST_HEX - 1));
	st = h5_create(&w->file, path);
	if (st == ST_OK)
		st = declare_columns(w);
	free(path);
	if (st == ST_OK)
		*out = w;
	else
		shard_discard(w);
	return st;
}

static enum status append_ids(struct shard_writer *w, size_t n, const char *const *id)
{
	char *ids = xcalloc(n, PART_ID_SIZE);
	enum status st;

	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(id[i]);

		if (length > NEWS_ID_MAX)
			BUG("id longer than %d bytes", NEWS_ID_MAX);
		memcpy(ids + i * PART_ID_SIZE, id[i], length);
	}
	st = h5_append(w->file, "id", &id_shape, n, ids);
	free(ids);
	return st;
}

/* Floats go to halves here, all rows at once: an append is one write a column. */
static enum status append_column(struct shard_writer *w, const struct shard_column *c, size_t n, const void *data)
{
	size_t count = n * row_width(&c->shape);
	uint16_t *halves;
	enum status st;

	if (c->shape.type != H5_F16)
		return h5_append(w->file, c->name, &c->shape, n, data);
	halves = xmalloc(count * sizeof(*halves) + 1);
	half_from_float(halves, data, count);
	st = h5_append(w->file, c->name, &c->shape, n, halves);
	free(halves);
	return st;
}

static enum status append_all(struct shard_writer *w, size_t n, const char *const *id, const uint8_t *state,
                              const void *const *data)
{
	enum status st;

	if (n > w->info.part_rows - w->rows)
		BUG("more rows than a part of %s has", w->info.kind);
	st = append_ids(w, n, id);
	if (st == ST_OK)
		st = h5_append(w->file, "state", &state_shape, n, state);
	for (size_t i = 0; i < w->info.column_count && st == ST_OK; i++)
		st = append_column(w, &w->info.columns[i], n, data[i]);
	return st;
}

enum status shard_append(struct shard_writer *w, size_t n, const char *const *id, const uint8_t *state,
                         const void *const *data)
{
	if (w->failed != ST_OK) {
		status_restore(w->message);
		return w->failed;
	}
	if (n == 0)
		return ST_OK;
	fault_point("shard.append");
	w->failed = append_all(w, n, id, state, data);
	if (w->failed == ST_OK)
		w->rows += n;
	else
		w->message = xstrdup(status_message());
	return w->failed;
}

/* What a part says beyond part_stamp. */
static enum status describe_making(struct h5_file *f, const struct shard_info *info)
{
	enum status st = h5_set_text(f, "kind", info->kind);

	if (st == ST_OK)
		st = h5_set_text(f, "network", info->network);
	if (st == ST_OK)
		st = h5_set_text(f, "weights_sha256", info->weights_sha256);
	if (st == ST_OK)
		st = h5_set_text(f, "preprocessing", info->preprocessing);
	return st;
}

enum status shard_commit(struct shard_writer *w)
{
	enum status st = w->failed;

	if (st != ST_OK)
		status_restore(w->message);
	if (st == ST_OK)
		st = part_stamp(w->file, SHARD_SCHEMA, w->first_row, w->rows, w->info.part_rows, w->info.arguments,
		                w->inputs_sha256);
	if (st == ST_OK)
		st = describe_making(w->file, &w->info);
	if (st == ST_OK) {
		struct h5_file *f = w->file;

		w->file = NULL;
		fault_point("shard.commit");
		st = h5_commit(f);
	}
	shard_discard(w);
	return st;
}

void shard_discard(struct shard_writer *w)
{
	if (!w)
		return;
	h5_close(w->file);
	free(w->message);
	free(w);
}

/* Uniting ---------------------------------------------------------------------------------------------------------- */

/* The digest of the parts' digests, and the rows of all. ST_FAILED names the first part that is missing. */
static enum status digest_parts(char *const *paths, uint32_t part_count, char hex[DIGEST_HEX], uint64_t *rows)
{
	struct digest *d = digest_new();
	enum status st = ST_OK;

	*rows = 0;
	for (uint32_t i = 0; i < part_count && st == ST_OK; i++) {
		struct h5_file *part = NULL;
		char *inputs = NULL;
		int64_t n = 0;

		st =
			file_exists(paths[i]) ? h5_open(&part, paths[i]) : status_fail(ST_FAILED, "%s: no such part yet", paths[i]);
		if (st == ST_OK)
			st = h5_get_text(part, "inputs_sha256", &inputs);
		if (st == ST_OK)
			st = h5_get_int(part, "rows", &n);
		if (st == ST_OK)
			digest_add_string(d, inputs);
		*rows += (uint64_t)n;
		free(inputs);
		h5_close(part);
	}
	digest_finish(d, hex);
	return st;
}

/* The paths of the parts, in one block of pointers; freed with free_paths. */
static char **part_paths(const char *folder, uint32_t part_count)
{
	char **paths = xcalloc((size_t)part_count + 1, sizeof(*paths));

	for (uint32_t i = 0; i < part_count; i++)
		paths[i] = part_path(folder, i);
	return paths;
}

static void free_paths(char **paths)
{
	for (char **p = paths; *p; p++)
		free(*p);
	free(paths);
}

static bool text_is(struct h5_file *f, const char *attribute, const char *wanted)
{
	char *have = NULL;
	bool same = h5_get_text(f, attribute, &have) == ST_OK && strcmp(have, wanted) == 0;

	free(have);
	return same;
}

bool shard_united_current(const char *data, const struct shard_info *info, uint32_t part_count)
{
	char *folder = kind_folder(data, info->kind), *united = path_printf("%s.h5", folder);
	char **paths = part_paths(folder, part_count), hex[DIGEST_HEX];
	struct h5_file *f = NULL;
	uint64_t rows;
	bool current = file_exists(united) && digest_parts(paths, part_count, hex, &rows) == ST_OK &&
	               h5_open(&f, united) == ST_OK && text_is(f, "inputs_sha256", hex) &&
	               text_is(f, "network", info->network) && text_is(f, "weights_sha256", info->weights_sha256);

	h5_close(f);
	free_paths(paths);
	free(united);
	free(folder);
	return current;
}

/* The attributes are those of the parts, with the rows of all. */
static enum status unite_columns(struct h5_file *f, const struct shard_info *info, char *const *paths,
                                 uint32_t part_count)
{
	const char *const *sources = (const char *const *)paths;
	char hex[DIGEST_HEX];
	uint64_t rows;
	enum status st = h5_write_virtual(f, "id", sources, part_count);

	if (st == ST_OK)
		st = h5_write_virtual(f, "state", sources, part_count);
	for (size_t i = 0; i < info->column_count && st == ST_OK; i++)
		st = h5_write_virtual(f, info->columns[i].name, sources, part_count);
	if (st == ST_OK)
		st = digest_parts(paths, part_count, hex, &rows);
	if (st == ST_OK)
		st = part_stamp(f, SHARD_SCHEMA, 0, rows, info->part_rows, info->arguments, hex);
	return st == ST_OK ? describe_making(f, info) : st;
}

enum status shard_unite(const char *data, const struct shard_info *info, uint32_t part_count, int process)
{
	char *folder = kind_folder(data, info->kind), *united = path_printf("%s.h5", folder);
	char *own = process ? path_printf("%s.%d", united, process) : NULL;
	char **paths = part_paths(folder, part_count);
	struct h5_file *f = NULL;
	enum status st = part_count ? ST_OK : status_fail(ST_FAILED, "%s: no rows to unite", united);

	for (uint32_t i = 0; i < part_count && st == ST_OK; i++) {
		if (!file_exists(paths[i]))
			st = status_fail(ST_FAILED, "%s: no such part yet", paths[i]);
	}
	if (st == ST_OK)
		st = h5_create(&f, own ? own : united);
	if (st == ST_OK)
		st = unite_columns(f, info, paths, part_count);
	if (st == ST_OK) {
		fault_point("shard.unite");
		st = h5_commit(f);
		f = NULL;
	}
	if (st == ST_OK && own)
		st = file_publish(own, united);
	h5_close(f);
	free_paths(paths);
	free(own);
	free(folder);
	free(united);
	return st;
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* Rows come from the parts themselves: a virtual dataset would show a part that is missing as zeros. */
struct shard_reader {
	char *folder;
	struct h5_file *united;
	uint64_t part_rows;
	uint32_t rows;
	struct {
		struct h5_file *file; /* NULL: nothing open here */
		uint32_t part;
	} open[OPEN_PARTS];
};

static uint64_t rows_in_part(const struct shard_reader *r, uint32_t part)
{
	uint64_t first = part * r->part_rows, left = r->rows - first;

	return left < r->part_rows ? left : r->part_rows;
}

static enum status open_part(struct shard_reader *r, uint32_t part, struct h5_file **f)
{
	size_t place = part % OPEN_PARTS;
	char *path;
	enum status st;

	if (r->open[place].file && r->open[place].part == part) {
		*f = r->open[place].file;
		return ST_OK;
	}
	h5_close(r->open[place].file);
	path = part_path(r->folder, part);
	st = h5_open(&r->open[place].file, path);
	r->open[place].part = part;
	*f = r->open[place].file;
	free(path);
	return st;
}

static enum status check_part(struct shard_reader *r, const struct catalog *news, uint32_t part)
{
	struct h5_file *f;
	enum status st = open_part(r, part, &f);
	char *path;

	if (st != ST_OK)
		return st;
	path = part_path(r->folder, part);
	st = part_check_ids(f, path, news, part * r->part_rows, rows_in_part(r, part));
	free(path);
	return st;
}

static enum status check_united(struct shard_reader *r, const char *path, const char *kind, const struct catalog *news)
{
	char *have = NULL;
	int64_t schema = 0, rows = 0;
	enum status st = h5_get_int(r->united, "schema", &schema);

	if (st == ST_OK && schema != SHARD_SCHEMA)
		st = status_fail(ST_MALFORMED, "%s: schema %lld, expected %d", path, (long long)schema, SHARD_SCHEMA);
	if (st == ST_OK)
		st = h5_get_text(r->united, "kind", &have);
	if (st == ST_OK && strcmp(have, kind) != 0)
		st = status_fail(ST_INTEGRITY, "%s: holds kind %s, expected %s", path, have, kind);
	if (st == ST_OK)
		st = part_rows_of(r->united, path, &r->part_rows);
	if (st == ST_OK)
		st = h5_get_int(r->united, "rows", &rows);
	if (st == ST_OK && rows != (int64_t)news->count)
		st = status_fail(ST_INTEGRITY, "%s: has %lld rows, but the catalogue has %u", path, (long long)rows,
		                 news->count);
	r->rows = news->count;
	free(have);
	return st;
}

enum status shard_open(struct shard_reader **out, const char *data, const char *kind, const struct catalog *news)
{
	struct shard_reader *r = xcalloc(1, sizeof(*r));
	char *path;
	enum status st;

	*out = NULL;
	r->folder = kind_folder(data, kind);
	path = path_printf("%s.h5", r->folder);
	if (!file_exists(path))
		st = status_fail(ST_FAILED, "%s: no such file; make it with: coverline extract %s --kind %s", path, data, kind);
	else
		st = h5_open(&r->united, path);
	if (st == ST_OK)
		st = check_united(r, path, kind, news);
	for (uint32_t i = 0; st == ST_OK && i < shard_part_count(r->rows, r->part_rows); i++)
		st = check_part(r, news, i);
	free(path);
	if (st == ST_OK)
		*out = r;
	else
		shard_close(r);
	return st;
}

void shard_close(struct shard_reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < OPEN_PARTS; i++)
		h5_close(r->open[i].file);
	h5_close(r->united);
	free(r->folder);
	free(r);
}

uint32_t shard_rows(const struct shard_reader *r)
{
	return r->rows;
}

enum status shard_describe(struct shard_reader *r, const char *column, struct h5_shape *shape)
{
	enum status st = h5_describe(r->united, column, shape);

	if (st == ST_OK && (shape->ndim < 1 || shape->dim[0] != r->rows))
		st = status_fail(ST_MALFORMED, "%s.h5: %s does not have the table's %u rows", r->folder, column, r->rows);
	return st;
}

/* Rows of one part, which must look as the united table says, as the caller's buffer was made by that. */
static enum status read_part(struct shard_reader *r, const char *column, const struct h5_shape *whole, uint32_t part,
                             uint64_t first, uint64_t rows, enum h5_type as, void *out)
{
	struct h5_file *f;
	struct h5_shape shape;
	enum status st = open_part(r, part, &f);

	if (st == ST_OK)
		st = h5_describe(f, column, &shape);
	if (st != ST_OK)
		return st;
	if (shape.ndim != whole->ndim || row_width(&shape) != row_width(whole) || shape.string_size != whole->string_size)
		return status_fail(ST_INTEGRITY, "%s/part-%05u.h5: %s has another width than %s.h5 says", r->folder, part,
		                   column, r->folder);
	return h5_read(f, column, first, rows, as, out);
}

enum status shard_read(struct shard_reader *r, const char *column, uint64_t first, uint64_t rows, enum h5_type as,
                       void *out)
{
	struct h5_shape shape, unit = {.type = as};
	enum status st = shard_describe(r, column, &shape);
	uint64_t bytes, done = 0;

	if (st != ST_OK)
		return st;
	if (first > r->rows || rows > r->rows - first)
		BUG("%s: rows beyond the table", column);
	unit.string_size = shape.string_size;
	bytes = row_width(&shape) * h5_element_size(&unit);
	while (done < rows && st == ST_OK) {
		uint64_t row = first + done, offset = row % r->part_rows, n = r->part_rows - offset;
		uint32_t part = (uint32_t)(row / r->part_rows);

		n = n < rows - done ? n : rows - done;
		st = read_part(r, column, &shape, part, offset, n, as, (char *)out + done * bytes);
		done += n;
	}
	return st;
}

enum status shard_states(struct shard_reader *r, uint8_t *out)
{
	return shard_read(r, "state", 0, r->rows, H5_U8, out);
}

enum status shard_text(struct shard_reader *r, const char *attribute, char **value)
{
	return h5_get_text(r->united, attribute, value);
}

enum status shard_source(struct shard_reader *r, char **source)
{
	static const char *const names[] = {"network", "weights_sha256", "preprocessing"};
	char *text[3] = {NULL, NULL, NULL};
	enum status st = ST_OK;

	for (int i = 0; i < 3 && st == ST_OK; i++)
		st = shard_text(r, names[i], &text[i]);
	if (st == ST_OK)
		*source = path_printf("%s; weights %s; %s", text[0], text[1], text[2]);
	for (int i = 0; i < 3; i++)
		free(text[i]);
	return st;
}
