#include "eval/groups_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"

enum { COLUMNS_MAX = 64, VALUES_MAX = 1000, HEADING_MAX = 64 };

struct field {
	const char *s;
	size_t n;
};

struct groups_file {
	const char *path;
	struct file_map map;
	size_t offset;
	uint64_t line;
	struct field field[COLUMNS_MAX];
	size_t columns;
	const struct catalog *news;
	struct division *first; /* of the file's, [columns - 1] */
};

/* Cuts the next line; false at the end of the file, and for a line of too many columns, which has COLUMNS_MAX + 1. */
static bool next_line(struct groups_file *f, size_t *columns)
{
	if (f->offset >= f->map.size)
		return false;
	const char *s = f->map.data + f->offset, *newline = memchr(s, '\n', f->map.size - f->offset);
	const char *end = newline ? newline : f->map.data + f->map.size;
	f->offset = (size_t)(end - f->map.data) + (newline != NULL);
	f->line++;
	if (end > s && end[-1] == '\r')
		end--;
	for (*columns = 0;; (*columns)++) {
		const char *tab = memchr(s, '\t', (size_t)(end - s));
		if (*columns == COLUMNS_MAX)
			break;
		f->field[*columns] = (struct field){s, (size_t)((tab ? tab : end) - s)};
		if (!tab)
			break;
		s = tab + 1;
	}
	(*columns)++;
	return true;
}

static bool is(struct field f, const char *word)
{
	return f.n == strlen(word) && memcmp(f.s, word, f.n) == 0;
}

static enum status read_header(struct groups *g, struct groups_file *f)
{
	enum division_kind kind = DIVISION_IMPRESSION;
	if (!next_line(f, &f->columns) || f->columns < 2 || f->columns > COLUMNS_MAX)
		return status_fail(ST_MALFORMED, "%s:1: expected a header of 2 to %d columns", f->path, COLUMNS_MAX);
	if (is(f->field[0], "user"))
		kind = DIVISION_USER;
	else if (is(f->field[0], "news"))
		kind = DIVISION_NEWS;
	else if (!is(f->field[0], "impression"))
		return status_fail(ST_MALFORMED, "%s:1: column 1: expected \"impression\", \"user\" or \"news\"", f->path);
	if (kind == DIVISION_NEWS && !f->news)
		return status_fail(ST_USAGE, "%s groups news: --data DATA is needed", f->path);
	g->divisions = xrealloc(g->divisions, g->division_count + f->columns - 1, sizeof *g->divisions);
	f->first = g->divisions + g->division_count;
	for (size_t c = 1; c < f->columns; c++) {
		const struct field h = f->field[c];
		if (h.n == 0 || h.n > HEADING_MAX || memchr(h.s, 0, h.n))
			return status_fail(ST_MALFORMED, "%s:1: column %zu: expected a name of 1 to %d bytes", f->path, c + 1,
			                   HEADING_MAX);
		struct division *d = &g->divisions[g->division_count++];
		*d = (struct division){.kind = kind, .name = xcalloc(h.n + 1, 1)};
		memcpy(d->name, h.s, h.n);
		d->other = id_table_add(&d->labels, "(none)", 6);
		if (kind == DIVISION_NEWS)
			d->group_of = xcalloc((size_t)f->news->count + 1, sizeof *d->group_of);
	}
	return ST_OK;
}

/* The key's number in group_of; *known if an earlier line has it. */
static enum status find_key(struct groups_file *f, struct division *d, struct field id, uint32_t *key, bool *known)
{
	if (!news_id_valid(id.s, id.n))
		return status_fail(ST_MALFORMED, "%s:%llu: column 1: expected an id, 1 to 31 letters, digits, \"_\" or \"-\"",
		                   f->path, (unsigned long long)f->line);
	const uint32_t before = d->keys.count;
	*key = id_table_add(&d->keys, id.s, id.n);
	*known = d->keys.count == before;
	if (d->kind != DIVISION_NEWS)
		return ST_OK;
	*key = catalog_find(f->news, id.s, id.n);
	if (*key == NEWS_NONE)
		return status_fail(ST_MALFORMED, "%s:%llu: \"%.*s\" is not in the catalogue", f->path,
		                   (unsigned long long)f->line, (int)id.n, id.s);
	return ST_OK;
}

static enum status read_value(struct groups_file *f, struct division *d, size_t column)
{
	const struct field id = f->field[0], value = f->field[column];
	uint32_t key = 0;
	bool known = false;
	enum status st = find_key(f, d, id, &key, &known);
	if (st)
		return st;
	if (known)
		return status_fail(ST_MALFORMED, "%s:%llu: \"%.*s\" is there a second time", f->path,
		                   (unsigned long long)f->line, (int)id.n, id.s);
	if (memchr(value.s, 0, value.n))
		return status_fail(ST_MALFORMED, "%s:%llu: NUL byte", f->path, (unsigned long long)f->line);
	const uint32_t group = value.n ? id_table_add(&d->labels, value.s, value.n) : d->other;
	if (d->labels.count > VALUES_MAX)
		return status_fail(ST_MALFORMED, "%s:%llu: column %zu has more than %d values", f->path,
		                   (unsigned long long)f->line, column + 1, VALUES_MAX);
	/* Doubled at each power of two, so that growing costs little. */
	if (d->kind != DIVISION_NEWS && (key & (key - 1)) == 0)
		d->group_of = xrealloc(d->group_of, key ? (size_t)key * 2 : 1, sizeof *d->group_of);
	d->group_of[key] = group;
	return ST_OK;
}

enum status groups_file_read(struct groups *g, const char *path, const struct catalog *news)
{
	struct groups_file f = {.path = path, .news = news};
	size_t columns;
	enum status st = file_map_open(&f.map, path);
	if (!st)
		st = read_header(g, &f);
	while (!st && next_line(&f, &columns)) {
		if (columns != f.columns)
			st = status_fail(ST_MALFORMED, "%s:%llu: expected %zu columns, found %zu%s", path,
			                 (unsigned long long)f.line, f.columns, columns, columns > COLUMNS_MAX ? " or more" : "");
		for (size_t c = 1; !st && c < f.columns; c++)
			st = read_value(&f, &f.first[c - 1], c);
	}
	file_map_close(&f.map);
	return st;
}
