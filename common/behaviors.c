#include "common/behaviors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

#define LINE_MAX_BYTES ((size_t)16 << 20)
#define COLUMNS        5
#define SHOWN_BYTES    40 /* of a bad value in a message */
#define ITEMS_FIRST    64
#define FORGET_BYTES   ((size_t)64 << 20) /* read since memory was given back */

static const char *const column_names[COLUMNS] = {"impression id", "user id", "time", "history", "candidates"};

/* Failures --------------------------------------------------------------------------------------------------------- */

/* behaviors_at does not know its line (0); only a failure asks, and then it is worth counting. */
static unsigned long long line_number(const struct behaviors *b, const char *s)
{
	unsigned long long line = 1;
	const char *p = b->map.data;

	if (b->line)
		return b->line;
	while ((p = memchr(p, '\n', (size_t)(s - p)))) {
		line++;
		p++;
	}
	return line;
}

static enum status fail_at(const struct behaviors *b, const char *s, const char *fmt, ...) PRINTF_LIKE(3, 4);

static enum status fail_at(const struct behaviors *b, const char *s, const char *fmt, ...)
{
	char reason[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof reason, fmt, args);
	va_end(args);
	return status_fail(ST_MALFORMED, "%s:%llu: %s", b->path, line_number(b, s), reason);
}

/* A value as a message can show it: cut, without bytes that a terminal would obey. */
static const char *show(char shown[SHOWN_BYTES + 4], struct text_span v)
{
	size_t kept = v.n < SHOWN_BYTES ? v.n : SHOWN_BYTES;

	for (size_t i = 0; i < kept; i++)
		shown[i] = (unsigned char)v.s[i] < 0x20 || (unsigned char)v.s[i] >= 0x7f ? '?' : v.s[i];
	memcpy(shown + kept, v.n > kept ? "..." : "", v.n > kept ? 4 : 1);
	return shown;
}

static enum status fail_value(const struct behaviors *b, int column, struct text_span v, const char *expected)
{
	char shown[SHOWN_BYTES + 4];

	return fail_at(b, v.s, "column %d (%s): expected %s, found \"%s\"", column + 1, column_names[column], expected,
	               show(shown, v));
}

static enum status fail_item(const struct behaviors *b, int column, size_t item, struct text_span v, const char *wrong)
{
	char shown[SHOWN_BYTES + 4];

	return fail_at(b, v.s, "column %d (%s), entry %zu: \"%s\" %s", column + 1, column_names[column], item + 1,
	               show(shown, v), wrong);
}

/* Fields ----------------------------------------------------------------------------------------------------------- */

/* Reads a number of at most `digits` digits at *p; -1 if there is none. */
static int number(const char **p, const char *end, int digits)
{
	int v = 0, n = 0;

	while (*p < end && **p >= '0' && **p <= '9' && n < digits) {
		v = v * 10 + (**p - '0');
		++*p;
		n++;
	}
	return n ? v : -1;
}

static bool number_then(const char **p, const char *end, int digits, int min, int max, char then)
{
	int v = number(p, end, digits);

	if (v < min || v > max || *p == end || **p != then)
		return false;
	++*p;
	return true;
}

/* "11/15/2019 8:04:05 AM" */
static bool time_valid(struct text_span t)
{
	const char *p = t.s, *end = t.s + t.n;

	return number_then(&p, end, 2, 1, 12, '/') && number_then(&p, end, 2, 1, 31, '/') &&
	       number_then(&p, end, 4, 1000, 9999, ' ') && number_then(&p, end, 2, 1, 12, ':') &&
	       number_then(&p, end, 2, 0, 59, ':') && number_then(&p, end, 2, 0, 59, ' ') && end - p == 2 &&
	       (p[0] == 'A' || p[0] == 'P') && p[1] == 'M';
}

bool impression_time_valid(const char *text, size_t length)
{
	return time_valid((struct text_span){text, length});
}

/* Days since 1970 of a date of the Gregorian calendar; a month's days beyond its last run on into the next. */
static int64_t days_of(int year, int month, int day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	const int64_t y = year - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162 + before[month - 1] + (leap && month > 2) + day - 1;
}

int64_t impression_seconds(const struct impression *im)
{
	const char *p = im->time, *end = im->time + im->time_length;
	int part[6];

	for (int i = 0; i < 6; i++) {
		part[i] = number(&p, end, i == 2 ? 4 : 2);
		p += p < end;
	}
	const int hour = part[3] % 12 + (p < end && *p == 'P' ? 12 : 0);
	return days_of(part[2], part[0], part[1]) * 86400 + hour * 3600 + part[4] * 60 + part[5];
}

/* The next item of a space-separated list; false at its end. */
static bool next_item(struct text_span *list, struct text_span *item)
{
	const char *end = list->s + list->n, *space;

	while (list->s < end && *list->s == ' ')
		list->s++;
	if (list->s == end)
		return false;
	space = memchr(list->s, ' ', (size_t)(end - list->s));
	*item = (struct text_span){list->s, (size_t)((space ? space : end) - list->s)};
	list->s += item->n;
	list->n = (size_t)(end - list->s);
	return true;
}

static void keep_id(struct behaviors *b, size_t n, struct text_span id)
{
	if (n == b->ids_size) {
		b->ids_size = b->ids_size ? b->ids_size * 2 : ITEMS_FIRST;
		b->ids = xrealloc(b->ids, b->ids_size, sizeof *b->ids);
	}
	b->ids[n] = id;
}

/* The rows of the first n ids kept, or their positions where there is no catalogue. */
static enum status look_up(const struct behaviors *b, int column, size_t n, uint32_t *row)
{
	size_t valid = 0;

	while (valid < n && news_id_valid(b->ids[valid].s, b->ids[valid].n))
		valid++;
	if (b->news)
		catalog_find_all(b->news, b->ids, valid, row);
	for (size_t i = 0; i < valid; i++) {
		if (!b->news)
			row[i] = (uint32_t)i;
		else if (row[i] == NEWS_NONE)
			return fail_item(b, column, i, b->ids[i], "is not in the catalogue");
	}
	return valid < n ? fail_item(b, column, valid, b->ids[valid], "is not a news id") : ST_OK;
}

static enum status parse_history(struct behaviors *b, struct text_span list)
{
	struct impression *im = &b->impression;
	struct text_span item;
	size_t n = 0;

	for (; next_item(&list, &item); n++)
		keep_id(b, n, item);
	if (n > b->history_size) {
		b->history_size = n * 2;
		im->history = xrealloc(im->history, b->history_size, sizeof *im->history);
	}
	im->history_count = n;
	return look_up(b, 3, n, im->history);
}

static void grow_candidates(struct behaviors *b)
{
	struct impression *im = &b->impression;

	b->candidate_size = b->candidate_size ? b->candidate_size * 2 : ITEMS_FIRST;
	im->candidates = xrealloc(im->candidates, b->candidate_size, sizeof *im->candidates);
	im->labels = xrealloc(im->labels, b->candidate_size, sizeof *im->labels);
}

/* Takes "-0" or "-1" off the item. */
static int8_t take_label(struct text_span *item)
{
	const char *tail;

	if (item->n < 3)
		return CANDIDATE_UNLABELLED;
	tail = item->s + item->n - 2;
	if (tail[0] != '-' || (tail[1] != '0' && tail[1] != '1'))
		return CANDIDATE_UNLABELLED;
	item->n -= 2;
	return (int8_t)(tail[1] - '0');
}

static enum status fail_label(const struct behaviors *b, size_t n, struct text_span item)
{
	return fail_item(b, 4, n, item,
	                 b->impression.labels[n] == CANDIDATE_UNLABELLED
	                     ? "has no label (-0 or -1), which entries before it have"
	                     : "has a label, which entries before it have not");
}

static enum status parse_candidates(struct behaviors *b, struct text_span list)
{
	struct impression *im = &b->impression;
	struct text_span whole = list, item, id;
	enum status st = ST_OK;
	size_t n = 0;

	im->clicked_count = 0;
	for (; next_item(&list, &item); n++) {
		if (n == b->candidate_size)
			grow_candidates(b);
		id = item;
		im->labels[n] = take_label(&id);
		if (n && (im->labels[n] == CANDIDATE_UNLABELLED) != (im->labels[0] == CANDIDATE_UNLABELLED)) {
			st = look_up(b, 4, n, im->candidates);
			return st == ST_OK ? fail_label(b, n, item) : st;
		}
		im->clicked_count += im->labels[n] == 1;
		keep_id(b, n, id);
	}
	im->candidate_count = n;
	st = look_up(b, 4, n, im->candidates);
	return st == ST_OK && !n ? fail_value(b, 4, whole, "at least one news id") : st;
}

/* Lines ------------------------------------------------------------------------------------------------------------ */

static enum status split(const struct behaviors *b, struct text_span line, struct text_span field[COLUMNS])
{
	const char *p = line.s, *end = line.s + line.n, *tab;
	int found = 0;

	if (line.n > LINE_MAX_BYTES)
		return fail_at(b, line.s, "line longer than %zu bytes", LINE_MAX_BYTES);
	if (memchr(line.s, '\0', line.n))
		return fail_at(b, line.s, "NUL byte");
	for (;; p = tab + 1) {
		tab = memchr(p, '\t', (size_t)(end - p));
		if (found < COLUMNS)
			field[found] = (struct text_span){p, (size_t)((tab ? tab : end) - p)};
		found++;
		if (!tab)
			break;
	}
	if (found != COLUMNS)
		return fail_at(b, line.s, "expected %d tab-separated columns, found %d", COLUMNS, found);
	return ST_OK;
}

static enum status parse_line(struct behaviors *b, struct text_span line)
{
	struct impression *im = &b->impression;
	struct text_span field[COLUMNS];
	enum status st = split(b, line, field);

	if (st != ST_OK)
		return st;
	for (int i = 0; i < 2; i++) {
		if (!news_id_valid(field[i].s, field[i].n))
			return fail_value(b, i, field[i], "1 to 31 letters, digits, \"_\" or \"-\"");
	}
	if (!time_valid(field[2]))
		return fail_value(b, 2, field[2], "a time like 11/15/2019 8:04:05 AM");
	im->id = field[0].s;
	im->id_length = field[0].n;
	im->user = field[1].s;
	im->user_length = field[1].n;
	im->time = field[2].s;
	im->time_length = field[2].n;
	st = parse_history(b, field[3]);
	return st == ST_OK ? parse_candidates(b, field[4]) : st;
}

/* The line at offset without its end; *next is where the one after it begins. */
static struct text_span line_at(const struct behaviors *b, size_t offset, size_t *next)
{
	const char *s = b->map.data + offset, *newline = memchr(s, '\n', b->map.size - offset);
	size_t n = newline ? (size_t)(newline - s) : b->map.size - offset;

	*next = offset + n + (newline ? 1 : 0);
	return (struct text_span){s, n && s[n - 1] == '\r' ? n - 1 : n};
}

enum status behaviors_open(struct behaviors *b, const char *path, const struct catalog *news)
{
	*b = (struct behaviors){.path = path, .news = news};
	return file_map_open(&b->map, path);
}

void behaviors_close(struct behaviors *b)
{
	file_map_close(&b->map);
	free(b->impression.history);
	free(b->impression.candidates);
	free(b->impression.labels);
	free(b->ids);
	*b = (struct behaviors){0};
}

enum status behaviors_next(struct behaviors *b, bool *more)
{
	struct text_span line;

	*more = b->offset < b->map.size;
	if (!*more)
		return ST_OK;
	if (b->offset > b->forgotten + FORGET_BYTES) {
		file_map_forget(&b->map, b->offset);
		b->forgotten = b->offset;
	}
	line = line_at(b, b->offset, &b->offset);
	b->line++;
	return parse_line(b, line);
}

enum status behaviors_at(struct behaviors *b, size_t offset)
{
	uint64_t line = b->line;
	enum status st;
	size_t next;

	if (offset >= b->map.size)
		BUG("%s: no line at byte %zu of %zu", b->path, offset, b->map.size);
	b->line = 0;
	st = parse_line(b, line_at(b, offset, &next));
	b->line = line;
	return st;
}
