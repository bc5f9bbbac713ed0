#include "eval/data_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/boxes.h"
#include "common/file.h"
#include "common/h5.h"

enum { SUMMARY_MAX = 1 << 24, BATCH = 4096, COLUMNS_TEXT_MAX = 4096 };

static enum status read_summary(const char *data, const char *file, json_t **summary)
{
	char *path = path_join(data, file);
	struct strbuf text;
	strbuf_init(&text, SUMMARY_MAX);
	enum status st = ST_OK;
	if (file_exists(path)) {
		json_error_t error;
		st = file_read(path, &text);
		*summary = st ? NULL : json_loadb(text.data, text.len, 0, &error);
		if (!st && !*summary)
			st = status_fail(ST_MALFORMED, "%s:%d: %s", path, error.line, error.text);
		else if (!st && !json_is_object(*summary))
			st = status_fail(ST_MALFORMED, "%s: expected a JSON object", path);
	}
	strbuf_release(&text);
	free(path);
	return st;
}

/* Cards ------------------------------------------------------------------------------------------------------------ */

static enum status read_states(struct data_files *d)
{
	char *first = boxes_part_path(d->path, 0);
	const bool rendered = file_exists(first);
	free(first);
	if (!rendered || d->news.count == 0)
		return ST_OK;
	struct arena a = {0};
	struct card_boxes *boxes = xcalloc(BATCH, sizeof *boxes);
	d->states = xcalloc(d->news.count, 1);
	enum status st = ST_OK;
	for (uint32_t row = 0; !st && row < d->news.count; row += BATCH) {
		const uint32_t n = d->news.count - row < BATCH ? d->news.count - row : BATCH;
		arena_reset(&a);
		st = boxes_read(d->path, &d->news, row, n, &a, boxes);
		for (uint32_t i = 0; !st && i < n; i++)
			d->states[row + i] = boxes[i].state;
	}
	arena_release(&a);
	free(boxes);
	return st;
}

/* Features --------------------------------------------------------------------------------------------------------- */

struct column_list {
	struct h5_file *file;
	struct strbuf text;
	int64_t rows;
};

static enum status add_column(void *context, const char *name)
{
	struct column_list *list = context;
	struct h5_shape shape;
	enum status st = h5_describe(list->file, name, &shape);
	if (st)
		return st;
	list->rows = shape.ndim ? (int64_t)shape.dim[0] : 0;
	if (strcmp(name, "id") == 0 || strcmp(name, "state") == 0)
		return ST_OK;
	strbuf_printf(&list->text, "%s%s", list->text.len ? ", " : "", name);
	for (int i = 1; i < shape.ndim; i++)
		strbuf_printf(&list->text, i == 1 ? " %llu" : " × %llu", (unsigned long long)shape.dim[i]);
	return ST_OK;
}

/* The attribute, or "". */
static char *attribute(struct h5_file *f, const char *name)
{
	char *value;
	return h5_get_text(f, name, &value) == ST_OK ? value : xstrdup("");
}

static enum status read_features(struct data_files *d, const char *path, const char *kind)
{
	struct column_list list = {0};
	strbuf_init(&list.text, COLUMNS_TEXT_MAX);
	enum status st = h5_open(&list.file, path);
	if (!st)
		st = h5_each(list.file, add_column, &list);
	if (!st) {
		d->features = xrealloc(d->features, d->feature_count + 1, sizeof *d->features);
		d->features[d->feature_count++] = (struct feature_kind){
			.kind = xstrdup(kind),
			.network = attribute(list.file, "network"),
			.weights = attribute(list.file, "weights_sha256"),
			.preprocessing = attribute(list.file, "preprocessing"),
			.program = attribute(list.file, "program"),
			.columns = xstrdup(list.text.data),
			.rows = list.rows,
		};
	}
	h5_close(list.file);
	strbuf_release(&list.text);
	return st;
}

static int by_kind(const void *a, const void *b)
{
	return strcmp(((const struct feature_kind *)a)->kind, ((const struct feature_kind *)b)->kind);
}

static enum status read_feature_folder(struct data_files *d)
{
	char *folder = path_join(d->path, "features");
	DIR *dir = opendir(folder);
	enum status st = ST_OK;
	if (!dir && errno != ENOENT)
		st = status_errno("%s", folder);
	for (struct dirent *entry; !st && dir && (entry = readdir(dir));) {
		const size_t n = strlen(entry->d_name);
		if (n <= 3 || strcmp(entry->d_name + n - 3, ".h5") != 0)
			continue;
		char *path = path_join(folder, entry->d_name), *kind = xstrdup(entry->d_name);
		kind[n - 3] = 0;
		st = read_features(d, path, kind);
		free(path);
		free(kind);
	}
	if (dir)
		closedir(dir);
	if (d->feature_count)
		qsort(d->features, d->feature_count, sizeof *d->features, by_kind);
	free(folder);
	return st;
}

/* All -------------------------------------------------------------------------------------------------------------- */

enum status data_files_open(struct data_files *d, const char *path)
{
	d->path = realpath(path, NULL);
	if (!d->path)
		return status_errno("%s", path);
	enum status st = catalog_open(&d->news, d->path);
	if (!st)
		st = read_summary(d->path, "catalog.json", &d->catalog_json);
	if (!st)
		st = read_summary(d->path, "crawl.json", &d->crawl_json);
	if (!st)
		st = read_summary(d->path, "render.json", &d->render_json);
	if (!st)
		st = read_states(d);
	return st ? st : read_feature_folder(d);
}

void data_files_release(struct data_files *d)
{
	for (size_t i = 0; i < d->feature_count; i++) {
		struct feature_kind *k = &d->features[i];
		free(k->kind);
		free(k->network);
		free(k->weights);
		free(k->preprocessing);
		free(k->program);
		free(k->columns);
	}
	free(d->features);
	free(d->states);
	json_decref(d->catalog_json);
	json_decref(d->crawl_json);
	json_decref(d->render_json);
	catalog_close(&d->news);
	free(d->path);
	*d = (struct data_files){0};
}

static bool has_catalogue(const char *folder)
{
	char *path = path_join(folder, "catalog.tsv");
	const bool there = file_exists(path);
	free(path);
	return there;
}

char *data_files_find(const char *run)
{
	char *folder = realpath(run, NULL);
	for (char *slash; folder && (slash = strrchr(folder, '/'));) {
		*slash = 0;
		if (has_catalogue(*folder ? folder : "/"))
			return folder;
		char *data = path_join(*folder ? folder : "/", "data");
		if (has_catalogue(data)) {
			free(folder);
			return data;
		}
		free(data);
	}
	free(folder);
	return NULL;
}
