#include "model/train/name_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/hash.h"

#define NAMES_MAX      (1 << 29)
#define NAME_BYTES_MAX (1u << 30)

static bool is_name(const struct name_table *t, int32_t number, const char *name, size_t length)
{
	const uint64_t first = t->offset[number - 1];
	return t->offset[number] - first == length && memcmp(t->text + first, name, length) == 0;
}

/* Where the name is in the index, or the free place where it belongs. */
static uint32_t index_place(const struct name_table *t, const char *name, size_t length)
{
	uint32_t i = hash_folded(name, length) & (t->index_size - 1);
	while (t->index[i] > 0 && !is_name(t, t->index[i], name, length))
		i = (i + 1) & (t->index_size - 1);
	return i;
}

static void index_grow(struct name_table *t)
{
	free(t->index);
	t->index_size = t->index_size ? t->index_size * 2 : 1024;
	t->index = xcalloc(t->index_size, sizeof *t->index);
	for (int32_t i = 1; i <= t->count; i++)
		t->index[index_place(t, t->text + t->offset[i - 1], t->offset[i] - t->offset[i - 1])] = i;
}

static void make_room(struct name_table *t, size_t length)
{
	const size_t names = (size_t)t->count + 2, bytes = (t->offset ? t->offset[t->count] : 0) + length;
	if (names > t->offset_size) {
		const bool first = !t->offset;
		t->offset_size = t->offset_size ? t->offset_size * 2 : 256;
		t->offset = xrealloc(t->offset, t->offset_size, sizeof *t->offset);
		if (first)
			t->offset[0] = 0;
	}
	if (bytes > t->text_size || !t->text) {
		t->text_size = bytes * 2 + 1024;
		t->text = xrealloc(t->text, t->text_size, 1);
	}
	if ((uint64_t)names * 2 > t->index_size)
		index_grow(t);
}

enum status name_table_add(struct name_table *t, const char *name, size_t length, int32_t *number)
{
	*number = name_table_find(t, name, length);
	if (*number)
		return ST_OK;
	if (t->count == NAMES_MAX)
		return status_fail(ST_MEMORY, "more than %d names", NAMES_MAX);
	make_room(t, length);
	const uint32_t place = index_place(t, name, length);
	const uint64_t first = t->offset[t->count];
	memcpy(t->text + first, name, length);
	t->offset[++t->count] = first + length;
	t->index[place] = *number = t->count;
	return ST_OK;
}

enum status name_table_fill(struct name_table *t, int32_t count)
{
	enum status st = ST_OK;
	for (int32_t i = 0; i < count && st == ST_OK; i++) {
		char name[16];
		int32_t number;
		const int length = snprintf(name, sizeof name, "%d", (int)i);
		st = name_table_add(t, name, (size_t)length, &number);
	}
	return st;
}

int32_t name_table_find(const struct name_table *t, const char *name, size_t length)
{
	return t->count ? t->index[index_place(t, name, length)] : 0;
}

void name_table_release(struct name_table *t)
{
	free(t->text);
	free(t->offset);
	free(t->index);
	*t = (struct name_table){0};
}

enum status name_table_write(const struct name_table *t, struct h5_file *f, const char *name)
{
	const size_t size = (t->count ? t->offset[t->count] : 0) + (size_t)t->count;
	const struct h5_shape shape = {.type = H5_U8, .ndim = 1, .dim = {size}};
	char *lines = xmalloc(size + 1), *next = lines;
	for (int32_t i = 0; i < t->count; i++) {
		const size_t length = t->offset[i + 1] - t->offset[i];
		memcpy(next, t->text + t->offset[i], length);
		next[length] = '\n';
		next += length + 1;
	}
	enum status st = h5_write(f, name, &shape, lines);
	free(lines);
	return st;
}

enum status name_table_parse(struct name_table *t, const char *name, const char *text, size_t size)
{
	enum status st = ST_OK;
	for (const char *line = text, *end; line < text + size && st == ST_OK; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + size - line));
		if (!end)
			return status_fail(ST_MALFORMED, "%s: no line feed after the last name", name);
		const int32_t before = t->count;
		int32_t number;
		st = name_table_add(t, line, (size_t)(end - line), &number);
		if (st == ST_OK && number <= before)
			st = status_fail(ST_MALFORMED, "%s: \"%.*s\" appears twice", name, (int)(end - line), line);
	}
	return st;
}

enum status name_table_read(struct name_table *t, struct h5_file *f, const char *name)
{
	struct h5_shape shape;
	enum status st = h5_describe(f, name, &shape);
	if (st != ST_OK)
		return st;
	if (shape.type != H5_U8 || shape.ndim != 1 || shape.dim[0] > NAME_BYTES_MAX)
		return status_fail(ST_MALFORMED, "%s: expected a list of bytes", name);
	char *text = xmalloc(shape.dim[0] + 1);
	st = h5_read(f, name, 0, shape.dim[0], H5_U8, text);
	if (st == ST_OK)
		st = name_table_parse(t, name, text, shape.dim[0]);
	free(text);
	return st;
}
