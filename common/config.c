#include "common/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define LINE_MAX_BYTES 4096
#define NAME_MAX_BYTES 48   /* of a section or a key: beyond it libinih cuts */
#define TEXT_MAX_BYTES 3900 /* of a value, so that a line written is a line that can be read */

/* Values ----------------------------------------------------------------------------------------------------------- */

static const struct config_key *find_key(const struct config_key *keys, const char *section, const char *name)
{
	size_t n = strlen(section);

	for (const struct config_key *k = keys; k->name; k++)
		if (strncmp(k->name, section, n) == 0 && k->name[n] == '.' && strcmp(k->name + n + 1, name) == 0)
			return k;
	return NULL;
}

static bool has_section(const struct config_key *keys, const char *section)
{
	size_t n = strlen(section);

	for (const struct config_key *k = keys; k->name; k++)
		if (strncmp(k->name, section, n) == 0 && k->name[n] == '.')
			return true;
	return false;
}

static enum status set_bool(const struct config_key *k, const char *text)
{
	static const char *const words[2][4] = {{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};

	for (int v = 0; v < 2; v++) {
		for (int i = 0; i < 4; i++) {
			if (strcmp(text, words[v][i]) == 0) {
				*(bool *)k->value = v;
				return ST_OK;
			}
		}
	}
	return status_fail(ST_MALFORMED, "%s: expected true or false, found \"%s\"", k->name, text);
}

static bool out_of_range(const struct config_key *k, double v)
{
	return (k->min != 0 || k->max != 0) && (v < k->min || v > k->max);
}

static enum status set_int(const struct config_key *k, const char *text)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end || errno)
		return status_fail(ST_MALFORMED, "%s: expected a whole number, found \"%s\"", k->name, text);
	if (out_of_range(k, (double)v))
		return status_fail(ST_MALFORMED, "%s: expected %.0f to %.0f, found %s", k->name, k->min, k->max, text);
	*(int64_t *)k->value = v;
	return ST_OK;
}

static enum status set_real(const struct config_key *k, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !isfinite(v))
		return status_fail(ST_MALFORMED, "%s: expected a number, found \"%s\"", k->name, text);
	if (out_of_range(k, v))
		return status_fail(ST_MALFORMED, "%s: expected %g to %g, found %s", k->name, k->min, k->max, text);
	*(double *)k->value = v;
	return ST_OK;
}

static enum status set_choice(const struct config_key *k, const char *text)
{
	const char *p = k->choices;

	for (int i = 0;; i++) {
		size_t n = strcspn(p, "|");

		if (strlen(text) == n && memcmp(text, p, n) == 0) {
			*(int *)k->value = i;
			return ST_OK;
		}
		if (!p[n])
			break;
		p += n + 1;
	}
	return status_fail(ST_MALFORMED, "%s: expected one of %s, found \"%s\"", k->name, k->choices, text);
}

/* What would not come back from a file as it was: the format has no quotes. */
static bool writable(const char *text)
{
	size_t n = strlen(text);

	if (n > TEXT_MAX_BYTES || (n && (isspace((unsigned char)text[0]) || isspace((unsigned char)text[n - 1]))))
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < 0x20 && text[i] != '\t')
			return false;
		if (text[i] == ';' && (i == 0 || isspace((unsigned char)text[i - 1])))
			return false;
	}
	return true;
}

static enum status set_string(const struct config_key *k, const char *text)
{
	if (!writable(text))
		return status_fail(ST_MALFORMED,
		                   "%s: expected one line of at most %d bytes without a space at either end and without \" ;\"",
		                   k->name, TEXT_MAX_BYTES);
	free(*(char **)k->value);
	*(char **)k->value = xstrdup(text);
	return ST_OK;
}

static enum status set_value(const struct config_key *k, const char *text)
{
	switch (k->kind) {
	case CONFIG_BOOL:
		return set_bool(k, text);
	case CONFIG_INT:
		return set_int(k, text);
	case CONFIG_REAL:
		return set_real(k, text);
	case CONFIG_STRING:
		return set_string(k, text);
	case CONFIG_CHOICE:
		return set_choice(k, text);
	}
	BUG("%s: no such kind: %d", k->name, (int)k->kind);
}

void config_init(const struct config_key *keys)
{
	for (const struct config_key *k = keys; k->name; k++) {
		if (k->kind == CONFIG_STRING)
			*(char **)k->value = NULL;
		if (!strchr(k->name, '.') || set_value(k, k->preset ? k->preset : "") != ST_OK)
			BUG("default of %s: %s", k->name, status_message());
	}
}

void config_release(const struct config_key *keys)
{
	for (const struct config_key *k = keys; k->name; k++) {
		if (k->kind == CONFIG_STRING) {
			free(*(char **)k->value);
			*(char **)k->value = NULL;
		}
	}
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

struct reading {
	const struct config_key *keys;
	const char *path;
	const char *text, *end; /* what is left of the file */
	int line;               /* of the line last given out */
	enum status st;         /* the first failure; nothing is read after it */
};

static void fail_line(struct reading *r, const char *reason)
{
	r->st = status_fail(ST_MALFORMED, "%s:%d: %s", r->path, r->line, reason);
}

/* fgets over the text for libinih. Leading white space goes, for it would make a line the continuation of the one
 * before it. */
static char *next_line(char *line, int size, void *stream)
{
	struct reading *r = stream;
	const char *stop;
	size_t n;

	if (r->st != ST_OK || r->text == r->end)
		return NULL;
	r->line++;
	stop = memchr(r->text, '\n', (size_t)(r->end - r->text));
	stop = stop ? stop + 1 : r->end;
	while (r->text < stop && (*r->text == ' ' || *r->text == '\t'))
		r->text++;
	n = (size_t)(stop - r->text);
	if (n >= (size_t)size || memchr(r->text, '\0', n)) {
		fail_line(r, n >= (size_t)size ? "line too long" : "NUL byte");
		return NULL;
	}
	memcpy(line, r->text, n);
	line[n] = '\0';
	r->text = stop;
	return line;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	const struct config_key *k;
	char reason[256];

	if (r->st != ST_OK)
		return 0;
	k = find_key(r->keys, section, name);
	if (k) {
		char *copy;

		if (set_value(k, value) == ST_OK)
			return 1;
		copy = xstrdup(status_message());
		fail_line(r, copy);
		free(copy);
		return 0;
	}
	if (!*section)
		snprintf(reason, sizeof reason, "key \"%.*s\" before any [section]", NAME_MAX_BYTES, name);
	else if (!has_section(r->keys, section))
		snprintf(reason, sizeof reason, "unknown section [%.*s]", NAME_MAX_BYTES, section);
	else
		snprintf(reason, sizeof reason, "unknown key \"%.*s\" in [%.*s]", NAME_MAX_BYTES, name, NAME_MAX_BYTES,
		         section);
	fail_line(r, reason);
	return 0;
}

enum status config_read(const struct config_key *keys, const char *path)
{
	struct reading r = {.keys = keys, .path = path};
	struct strbuf text;
	enum status st;
	int bad;

	strbuf_init(&text, FILE_MAX_BYTES);
	st = file_read(path, &text);
	if (st != ST_OK)
		goto out;
	r.text = text.data;
	r.end = text.data + text.len;
	/* The library's one setting, always the same: its default would cut a path of 200 bytes. */
	ini_max_line = LINE_MAX_BYTES;
	bad = ini_parse_stream(next_line, &r, on_pair, &r);
	st = r.st;
	if (st == ST_OK && bad)
		st = status_fail(ST_MALFORMED, "%s:%d: expected [section] or key = value", path, bad);
out:
	strbuf_release(&text);
	return st;
}

enum status config_set(const struct config_key *keys, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	size_t n = equals ? (size_t)(equals - assignment) : 0;
	char *copy;
	enum status st;

	if (!n)
		return status_fail(ST_USAGE, "--set: expected section.key=value, found \"%s\"", assignment);
	for (const struct config_key *k = keys; k->name; k++) {
		if (strlen(k->name) != n || memcmp(k->name, assignment, n) != 0)
			continue;
		if (set_value(k, equals + 1) == ST_OK)
			return ST_OK;
		copy = xstrdup(status_message());
		st = status_fail(ST_USAGE, "--set: %s", copy);
		free(copy);
		return st;
	}
	return status_fail(ST_USAGE, "--set: no key is called \"%.*s\"", (int)n, assignment);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

/* The shortest decimal that reads back as v. */
static void add_real(struct strbuf *out, double v)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	strbuf_puts(out, text);
}

static void add_choice(struct strbuf *out, const struct config_key *k)
{
	const char *p = k->choices;

	for (int i = *(int *)k->value; i > 0; i--)
		p += strcspn(p, "|") + 1;
	strbuf_add(out, p, strcspn(p, "|"));
}

static void add_value(struct strbuf *out, const struct config_key *k)
{
	switch (k->kind) {
	case CONFIG_BOOL:
		strbuf_puts(out, *(bool *)k->value ? "true" : "false");
		break;
	case CONFIG_INT:
		strbuf_printf(out, "%lld", (long long)*(int64_t *)k->value);
		break;
	case CONFIG_REAL:
		add_real(out, *(double *)k->value);
		break;
	case CONFIG_STRING:
		strbuf_puts(out, *(char **)k->value);
		break;
	case CONFIG_CHOICE:
		add_choice(out, k);
		break;
	}
}

void config_write(const struct config_key *keys, struct strbuf *out)
{
	const char *section = NULL;
	size_t n = 0;

	for (const struct config_key *k = keys; k->name; k++) {
		if (!section || strncmp(k->name, section, n) != 0 || k->name[n] != '.') {
			strbuf_puts(out, section ? "\n" : "");
			section = k->name;
			n = strcspn(section, ".");
			strbuf_printf(out, "[%.*s]\n", (int)n, section);
		}
		if (k->help)
			strbuf_printf(out, "; %s%s%s%s\n", k->help, k->kind == CONFIG_CHOICE ? " (" : "",
			              k->kind == CONFIG_CHOICE ? k->choices : "", k->kind == CONFIG_CHOICE ? ")" : "");
		strbuf_printf(out, "%s = ", k->name + n + 1);
		add_value(out, k);
		strbuf_putc(out, '\n');
	}
}
