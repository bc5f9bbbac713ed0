#include "model/text/word_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "common/arena.h"
#include "common/log.h"

#define CHUNK_BYTES    (4u << 20)
#define LINE_BYTES_MAX (1u << 20)
#define WORDS_MAX      (INT32_MAX / 4)
#define VERSION        1

/* Text --------------------------------------------------------------------------------------------------------------*/

struct reader {
	const char *path;
	int32_t width;
	int64_t count, size; /* lines read; lines there is room for */
	uint64_t *end;
	float *value;
	char *text;
	uint64_t text_size;
};

static void make_room(struct reader *r, size_t word)
{
	if (r->count == r->size) {
		r->size = r->size ? 2 * r->size : 1024;
		r->end = xrealloc(r->end, (size_t)r->size, sizeof *r->end);
		r->value = xrealloc(r->value, (size_t)r->size * (size_t)r->width, sizeof *r->value);
	}
	const uint64_t used = r->count ? r->end[r->count - 1] : 0;
	while (used + word > r->text_size)
		r->text = xrealloc(r->text, r->text_size = r->text_size ? 2 * r->text_size : 1 << 16, 1);
}

static const char *skip_spaces(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

static enum status wrong_line(const struct reader *r, const char *what)
{
	return status_fail(ST_MALFORMED, "%s:%lld: %s", r->path, (long long)r->count + 1, what);
}

/* The numbers from p to end into row; how many there are, or width + 1 if more. */
static int32_t read_numbers(const char *p, const char *end, int32_t width, float *row)
{
	int32_t n = 0;
	for (; n < width; n++) {
		p = skip_spaces(p, end);
		if (!read_float(&p, end, &row[n]) || !isfinite(row[n]) || (p < end && *p != ' ' && *p != '\t'))
			return n;
	}
	return skip_spaces(p, end) == end ? n : n + 1;
}

static enum status add_line(struct reader *r, const char *line, const char *end)
{
	while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	const char *space = line;
	while (space < end && *space != ' ' && *space != '\t')
		space++;
	if (space == end || space == line)
		return wrong_line(r, "expected a word, a space and numbers");
	if (r->count == WORDS_MAX)
		return wrong_line(r, "too many words");
	make_room(r, (size_t)(end - line));
	float *row = r->value + r->count * r->width;
	int32_t found = read_numbers(space, end, r->width, row);
	/* A word with a space in it goes on until a number. */
	for (const char *next = space; found == 0 && (next = memchr(next + 1, ' ', (size_t)(end - next - 1)));) {
		found = read_numbers(next, end, r->width, row);
		space = next;
	}
	if (found > r->width)
		return status_fail(ST_MALFORMED, "%s:%lld: more than %d numbers after the word (is data.word_width right?)",
		                   r->path, (long long)r->count + 1, (int)r->width);
	if (found < r->width)
		return status_fail(ST_MALFORMED, "%s:%lld: expected %d numbers after the word, found %d", r->path,
		                   (long long)r->count + 1, (int)r->width, (int)found);
	const uint64_t used = r->count ? r->end[r->count - 1] : 0;
	memcpy(r->text + used, line, (size_t)(space - line));
	r->end[r->count++] = used + (uint64_t)(space - line);
	return ST_OK;
}

/* The whole lines of [at, stop), and, at the end of the file, what follows the last; *rest is where the others begin. */
static enum status add_lines(struct reader *r, const char *at, const char *stop, bool last, const char **rest)
{
	enum status st = ST_OK;
	while (st == ST_OK && at < stop) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));
		if (!end && !last)
			break;
		st = add_line(r, at, end ? end : stop);
		at = end ? end + 1 : stop;
	}
	*rest = at;
	return st;
}

static enum status read_lines(struct reader *r, gzFile file, char *buffer)
{
	enum status st = ST_OK;
	size_t kept = 0;
	for (int n = 1; st == ST_OK && n > 0;) {
		const char *rest;
		n = gzread(file, buffer + kept, CHUNK_BYTES);
		if (n < 0) {
			int code;
			return status_fail(ST_MALFORMED, "%s: %s", r->path, gzerror(file, &code));
		}
		st = add_lines(r, buffer, buffer + kept + n, n == 0, &rest);
		kept = (size_t)(buffer + kept + n - rest);
		if (st == ST_OK && kept > LINE_BYTES_MAX)
			st = wrong_line(r, "a line of more than a million bytes");
		memmove(buffer, rest, kept <= LINE_BYTES_MAX ? kept : 0);
	}
	return st;
}

enum status word_table_read_text(struct word_table *t, const char *path, int32_t width)
{
	struct reader r = {.path = path, .width = width};
	*t = (struct word_table){0};
	gzFile file = gzopen(path, "rb");
	if (!file)
		return status_errno("%s", path);
	gzbuffer(file, 1 << 18);
	char *buffer = xmalloc(CHUNK_BYTES + LINE_BYTES_MAX);
	const enum status st = read_lines(&r, file, buffer);
	free(buffer);
	gzclose(file);
	*t = (struct word_table){.count = r.count,
	                         .width = width,
	                         .end = r.end,
	                         .text = r.text,
	                         .value = r.value,
	                         .own = {r.end, r.text, r.value}};
	if (st != ST_OK)
		word_table_close(t);
	return st;
}

void word_table_close(struct word_table *t)
{
	for (int i = 0; i < 3; i++)
		free(t->own[i]);
	file_map_close(&t->map);
	*t = (struct word_table){0};
}

/* Binary ------------------------------------------------------------------------------------------------------------*/

static enum status source_of(const char *path, struct word_table_head *h)
{
	struct stat s;
	if (stat(path, &s) != 0)
		return status_errno("%s", path);
	h->source_size = (uint64_t)s.st_size;
	h->source_time_ns = (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec;
	return ST_OK;
}

/* Bytes of ends and text, up to where the values begin. */
static uint64_t before_values(uint64_t count, uint64_t text)
{
	return (sizeof(struct word_table_head) + count * sizeof(uint64_t) + text + 63) / 64 * 64;
}

enum { BODY_PARTS = 4 };

/* What follows the head. */
struct body {
	struct {
		const void *bytes;
		size_t size;
	} part[BODY_PARTS];
};

static struct body body_of(const struct word_table *t, uint64_t text)
{
	static const char zeros[64];
	const uint64_t count = (uint64_t)t->count, ends = count * sizeof *t->end;
	const uint64_t padding = before_values(count, text) - sizeof(struct word_table_head) - ends - text;
	return (struct body){
		{{t->end, ends}, {t->text, text}, {zeros, padding}, {t->value, count * (uint64_t)t->width * sizeof *t->value}}};
}

static bool write_all(FILE *stream, const struct word_table_head *h, const struct body *body)
{
	bool good = fwrite(h, sizeof *h, 1, stream) == 1;
	for (int i = 0; good && i < BODY_PARTS; i++) {
		const size_t size = body->part[i].size;
		good = size == 0 || fwrite(body->part[i].bytes, 1, size, stream) == size;
	}
	return good;
}

enum status word_table_write_binary(const struct word_table *t, const char *path)
{
	struct word_table_head h = {
		.magic = WORD_TABLE_MAGIC, .version = VERSION, .width = (uint32_t)t->width, .count = (uint64_t)t->count};
	struct file_writer w;
	enum status st = source_of(path, &h);
	if (st != ST_OK || t->count == 0)
		return st;
	h.text = t->end[t->count - 1];
	const struct body body = body_of(t, h.text);
	struct digest *d = digest_new();
	for (int i = 0; i < BODY_PARTS; i++)
		digest_add(d, body.part[i].bytes, body.part[i].size);
	digest_finish(d, h.digest);
	char *name = path_printf("%s" WORD_TABLE_SUFFIX, path);
	st = file_create(&w, name);
	if (st == ST_OK && !write_all(w.stream, &h, &body)) {
		st = status_errno("%s: cannot write", name);
		file_discard(&w);
	} else if (st == ST_OK) {
		st = file_commit(&w);
	}
	free(name);
	return st;
}

/* Whether the map is a table of width columns of a file as h tells, whole, with words one after another. */
static enum status check_binary(struct word_table *t, const char *name, const struct word_table_head *source)
{
	const struct word_table_head *h = (const void *)t->map.data;
	const uint64_t size = t->map.size, row = (uint64_t)t->width * sizeof(float);
	if (size < sizeof *h || memcmp(h->magic, WORD_TABLE_MAGIC, sizeof h->magic) != 0 || h->version != VERSION)
		return status_fail(ST_MALFORMED, "%s: not a table of word vectors", name);
	if (h->source_size != source->source_size || h->source_time_ns != source->source_time_ns)
		return status_fail(ST_FAILED, "%s: made from another file", name);
	if (h->width != (uint32_t)t->width)
		return status_fail(ST_MALFORMED, "%s: %u numbers a word, expected %d", name, h->width, (int)t->width);
	if (h->count < 1 || h->count > WORDS_MAX || h->text > size ||
	    (size - h->text) / (row + sizeof(uint64_t)) < h->count ||
	    size != before_values(h->count, h->text) + h->count * row)
		return status_fail(ST_MALFORMED, "%s: of another length than its head tells", name);
	char digest[DIGEST_HEX];
	digest_bytes(t->map.data + sizeof *h, size - sizeof *h, digest);
	if (memcmp(digest, h->digest, sizeof digest) != 0)
		return status_fail(ST_INTEGRITY, "%s: damaged, its digest is another", name);
	t->count = (int64_t)h->count;
	t->end = (const void *)(t->map.data + sizeof *h);
	t->text = t->map.data + sizeof *h + h->count * sizeof(uint64_t);
	t->value = (const void *)(t->map.data + before_values(h->count, h->text));
	for (int64_t i = 0; i < t->count; i++)
		if (t->end[i] < (i ? t->end[i - 1] : 0) || t->end[i] > h->text)
			return status_fail(ST_MALFORMED, "%s: word %lld ends before it begins", name, (long long)i);
	return ST_OK;
}

enum status word_table_open_binary(struct word_table *t, const char *path, int32_t width)
{
	struct word_table_head source = {0};
	*t = (struct word_table){.width = width};
	char *name = path_printf("%s" WORD_TABLE_SUFFIX, path);
	enum status st = source_of(path, &source);
	if (st == ST_OK)
		st = file_map_open(&t->map, name);
	if (st == ST_OK)
		st = check_binary(t, name, &source);
	if (st != ST_OK)
		word_table_close(t);
	free(name);
	return st;
}

enum status word_table_open(struct word_table *t, const char *path, int32_t width)
{
	struct stat s;
	const bool worth = stat(path, &s) == 0 && S_ISREG(s.st_mode) && s.st_size >= WORD_TABLE_WORTH;
	if (worth && word_table_open_binary(t, path, width) == ST_OK)
		return ST_OK;
	const enum status st = word_table_read_text(t, path, width);
	if (st == ST_OK && worth && word_table_write_binary(t, path) != ST_OK)
		log_info("no binary table of %s is kept: %s", path, status_message());
	return st;
}
