#include "common/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "common/file.h"
#include "common/hash.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define ROWS_MAX       ((uint32_t)1 << 30)
#define INDEX_FIRST    1024
#define BRIEF_NAMES    4096
#define BRIEF_CHUNK    ((size_t)64 << 10)
#define FORGET_BYTES   ((size_t)16 << 20) /* of a file, as it is read */
#define SHOWN_BYTES    40                 /* of a bad value in a message */
#define FOUND_TOGETHER 64                 /* ids whose looks at memory overlap */

static const char *const column_names[NEWS_COLUMNS] = {
	"id", "category", "subcategory", "title", "abstract", "url", "title_entities", "abstract_entities",
};

struct catalog_slot {
	uint32_t hash, row;
};

bool news_id_valid(const char *id, size_t length)
{
	if (length < 1 || length > NEWS_ID_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = id[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
	}
	return true;
}

/* Index ------------------------------------------------------------------------------------------------------------ */

/* The slot that holds id, or the free one where it would go. n is at most NEWS_ID_MAX. */
static struct catalog_slot *find_slot(const struct catalog *c, uint32_t hash, const char *id, size_t n)
{
	uint32_t mask = c->index_size - 1;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		struct catalog_slot *slot = &c->index[i];

		if (slot->row == NEWS_NONE)
			return slot;
		if (slot->hash == hash && memcmp(c->ids[slot->row], id, n) == 0 && c->ids[slot->row][n] == '\0')
			return slot;
	}
}

/* At most half full: a search takes about two looks at memory, one at a slot and one at an id. */
static void grow_index(struct catalog *c)
{
	c->index_size = c->index_size ? c->index_size * 2 : INDEX_FIRST;
	free(c->index);
	c->index = xmalloc((size_t)c->index_size * sizeof *c->index);
	memset(c->index, 0xff, (size_t)c->index_size * sizeof *c->index); /* row: NEWS_NONE */
	for (uint32_t row = 0; row < c->count; row++) {
		size_t n = strlen(c->ids[row]);
		uint32_t hash = hash_folded(c->ids[row], n);

		*find_slot(c, hash, c->ids[row], n) = (struct catalog_slot){hash, row};
	}
}

uint32_t catalog_find(const struct catalog *c, const char *id, size_t id_length)
{
	if (!c->index_size || id_length > NEWS_ID_MAX)
		return NEWS_NONE;
	return find_slot(c, hash_folded(id, id_length), id, id_length)->row;
}

/* Each of the two looks at memory that a search takes is begun for all ids before the first is waited for. */
static void find_together(const struct catalog *c, const struct text_span *id, size_t count, uint32_t *row)
{
	const uint32_t mask = c->index_size - 1;
	uint32_t hash[FOUND_TOGETHER];

	for (size_t i = 0; i < count; i++) {
		hash[i] = hash_folded(id[i].s, id[i].n);
		__builtin_prefetch(&c->index[hash[i] & mask]);
	}
	for (size_t i = 0; i < count; i++) {
		const struct catalog_slot *slot = &c->index[hash[i] & mask];

		if (slot->row != NEWS_NONE)
			__builtin_prefetch(c->ids[slot->row]);
	}
	for (size_t i = 0; i < count; i++)
		row[i] = id[i].n > NEWS_ID_MAX ? NEWS_NONE : find_slot(c, hash[i], id[i].s, id[i].n)->row;
}

void catalog_find_all(const struct catalog *c, const struct text_span *id, size_t count, uint32_t *row)
{
	for (size_t i = 0; i < count && !c->index_size; i++)
		row[i] = NEWS_NONE;
	for (size_t i = 0; i < count && c->index_size; i += FOUND_TOGETHER)
		find_together(c, id + i, count - i < FOUND_TOGETHER ? count - i : FOUND_TOGETHER, row + i);
}

/* Rows ------------------------------------------------------------------------------------------------------------- */

static bool utf8_valid(const char *s, size_t n)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s, *end = p + n;
	utf8proc_int32_t point;

	while (p < end) {
		utf8proc_ssize_t taken = 1;

		if (*p >= 0x80)
			taken = utf8proc_iterate(p, end - p, &point);
		if (taken < 1)
			return false;
		p += taken;
	}
	return true;
}

/* A value as a message can show it: cut, without bytes that a terminal would obey. */
static void show(char shown[SHOWN_BYTES + 4], const char *s, size_t n)
{
	size_t kept = n < SHOWN_BYTES ? n : SHOWN_BYTES;

	for (size_t i = 0; i < kept; i++)
		shown[i] = (unsigned char)s[i] < 0x20 || (unsigned char)s[i] >= 0x7f ? '?' : s[i];
	memcpy(shown + kept, n > kept ? "..." : "", n > kept ? 4 : 1);
}

/* Cuts a line into its columns. starts has one more entry, one past the tab that would follow the last column. */
static enum status split(const char *path, uint64_t line, const char *s, size_t n, const char *starts[NEWS_COLUMNS + 1])
{
	const char *end = s + n, *p = s;
	int found = 0;

	if (n > LINE_MAX_BYTES)
		return status_fail(ST_MALFORMED, "%s:%llu: line longer than %zu bytes", path, (unsigned long long)line,
		                   LINE_MAX_BYTES);
	if (memchr(s, '\0', n))
		return status_fail(ST_MALFORMED, "%s:%llu: NUL byte", path, (unsigned long long)line);
	for (;;) {
		const char *tab = memchr(p, '\t', (size_t)(end - p));

		if (found < NEWS_COLUMNS)
			starts[found] = p;
		found++;
		if (!tab)
			break;
		p = tab + 1;
	}
	if (found != NEWS_COLUMNS)
		return status_fail(ST_MALFORMED, "%s:%llu: expected %d tab-separated columns, found %d", path,
		                   (unsigned long long)line, NEWS_COLUMNS, found);
	starts[NEWS_COLUMNS] = end + 1;
	return ST_OK;
}

static enum status check_columns(const char *path, uint64_t line, const char *const starts[NEWS_COLUMNS + 1])
{
	size_t id_length = (size_t)(starts[1] - starts[0]) - 1;
	char shown[SHOWN_BYTES + 4];

	for (int i = 0; i < NEWS_COLUMNS; i++) {
		if (!utf8_valid(starts[i], (size_t)(starts[i + 1] - starts[i]) - 1))
			return status_fail(ST_MALFORMED, "%s:%llu: column %d (%s): not valid UTF-8", path, (unsigned long long)line,
			                   i + 1, column_names[i]);
	}
	if (!news_id_valid(starts[0], id_length)) {
		show(shown, starts[0], id_length);
		return status_fail(ST_MALFORMED,
		                   "%s:%llu: column 1 (id): expected 1 to %d letters, digits, \"_\" or \"-\", found \"%s\"",
		                   path, (unsigned long long)line, NEWS_ID_MAX, shown);
	}
	return ST_OK;
}

/* What many rows say is kept once: the latest of each hash. */
struct catalog_brief {
	const char *names[BRIEF_NAMES];
	char *room; /* for texts, one after another: the arena would round each up */
	size_t left;
};

static const char *packed_text(struct catalog *c, const char *s, size_t n)
{
	struct catalog_brief *b = c->brief;
	char *text;

	if (b->left <= n) {
		b->left = n < BRIEF_CHUNK ? BRIEF_CHUNK : n + 1;
		b->room = arena_alloc(&c->text, b->left);
	}
	text = b->room;
	memcpy(text, s, n);
	text[n] = '\0';
	b->room += n + 1;
	b->left -= n + 1;
	return text;
}

static const char *share(struct catalog *c, const char *s, size_t n)
{
	const char **name = &c->brief->names[hash_folded(s, n) % BRIEF_NAMES];

	if (!*name || strlen(*name) != n || memcmp(*name, s, n) != 0)
		*name = packed_text(c, s, n);
	return *name;
}

/* One piece of memory for all columns, or for a brief catalogue only what it keeps. The id is in c->ids as well. */
static void keep_columns(struct catalog *c, const char *s, size_t n, const char *const starts[NEWS_COLUMNS + 1],
                         const char *column[NEWS_COLUMNS])
{
	char *text = c->brief ? NULL : arena_strndup(&c->text, s, n);

	for (int i = 0; i < NEWS_COLUMNS; i++) {
		size_t length = (size_t)(starts[i + 1] - starts[i]) - 1;

		if (text) {
			column[i] = text + (starts[i] - s);
			text[starts[i + 1] - s - 1] = '\0';
		} else if (i == 3 || i == 5) {
			column[i] = packed_text(c, starts[i], length);
		} else {
			column[i] = i == 1 || i == 2 ? share(c, starts[i], length) : "";
		}
	}
}

static void append(struct catalog *c, const char *s, size_t n, const char *const starts[NEWS_COLUMNS + 1],
                   uint32_t *capacity)
{
	const char *column[NEWS_COLUMNS];
	uint32_t hash;

	keep_columns(c, s, n, starts, column);
	if (c->count == *capacity) {
		*capacity = *capacity ? *capacity * 2 : INDEX_FIRST;
		c->news = xrealloc(c->news, *capacity, sizeof *c->news);
		c->ids = xrealloc(c->ids, *capacity, sizeof *c->ids);
	}
	c->news[c->count] = (struct news){
		.id = column[0],
		.category = column[1],
		.subcategory = column[2],
		.title = column[3],
		.abstract = column[4],
		.url = column[5],
		.title_entities = column[6],
		.abstract_entities = column[7],
	};
	n = (size_t)(starts[1] - starts[0]) - 1;
	memcpy(memset(c->ids[c->count], 0, sizeof *c->ids), starts[0], n);
	if ((c->count + 1) * 2 > c->index_size)
		grow_index(c);
	hash = hash_folded(starts[0], n);
	*find_slot(c, hash, starts[0], n) = (struct catalog_slot){hash, c->count};
	c->count++;
}

static enum status add_row(struct catalog *c, const char *path, uint64_t line, const char *s, size_t n,
                           uint32_t *capacity)
{
	const char *starts[NEWS_COLUMNS + 1];
	enum status st = split(path, line, s, n, starts);

	if (st == ST_OK)
		st = check_columns(path, line, starts);
	if (st != ST_OK)
		return st;
	if (catalog_find(c, starts[0], (size_t)(starts[1] - starts[0]) - 1) != NEWS_NONE)
		return ST_OK;
	if (c->count >= ROWS_MAX)
		return status_fail(ST_MEMORY, "%s:%llu: more than %u news", path, (unsigned long long)line, ROWS_MAX);
	append(c, s, n, starts, capacity);
	return ST_OK;
}

enum status catalog_add_file(struct catalog *c, const char *path, catalog_reject_fn *reject, void *context)
{
	/* How much an earlier file left allocated is not known: the first row of a later one reallocates. */
	uint32_t capacity = c->count;
	uint64_t line = 0;
	size_t forgotten = 0;
	struct file_map map;
	enum status st = file_map_open(&map, path);

	for (size_t at = 0; st == ST_OK && at < map.size;) {
		const char *s = map.data + at, *newline = memchr(s, '\n', map.size - at);
		size_t n = newline ? (size_t)(newline - s) : map.size - at;

		at += n + 1;
		line++;
		if (at - forgotten > FORGET_BYTES) {
			file_map_forget(&map, at - FORGET_BYTES / 2);
			forgotten = at;
		}
		if (n && s[n - 1] == '\r')
			n--;
		st = add_row(c, path, line, s, n, &capacity);
		if (st == ST_MALFORMED && reject) {
			reject(context, status_message());
			st = ST_OK;
		}
	}
	file_map_close(&map);
	return st;
}

static enum status open_as(struct catalog *c, const char *data, struct catalog_brief *take_brief)
{
	char *path = path_join(data, "catalog.tsv");
	enum status st;

	*c = (struct catalog){.brief = take_brief};
	if (!file_exists(path))
		st = status_fail(ST_FAILED, "%s: not found (coverline catalog makes it)", path);
	else
		st = catalog_add_file(c, path, NULL, NULL);
	free(path);
	if (st != ST_OK)
		catalog_close(c);
	return st;
}

enum status catalog_open(struct catalog *c, const char *data)
{
	return open_as(c, data, NULL);
}

enum status catalog_open_brief(struct catalog *c, const char *data)
{
	enum status st = open_as(c, data, xcalloc(1, sizeof(struct catalog_brief)));

	for (uint32_t row = 0; row < c->count; row++)
		c->news[row].id = c->ids[row];
	return st;
}

void catalog_close(struct catalog *c)
{
	arena_release(&c->text);
	free(c->news);
	free(c->index);
	free(c->ids);
	free(c->brief);
	*c = (struct catalog){0};
}
