#include "eval/published.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/file.h"

enum { COLUMNS = 8, FILE_MAX = 1 << 20, NUMBERS_FIRST = 256 };

static const char header[] = "where\tmodel\tgroup\tdata\tprotocol\tmetric\tvalue\tdeviation";

char *published_folder(void)
{
	static const char *const places[] = {"../../eval/published", "../share/coverline/published"};
	char own[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	if (n < 0)
		return NULL;
	own[n] = 0;
	char *slash = strrchr(own, '/');
	if (slash)
		*slash = 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char *folder = path_join(own, places[i]);
		if (file_exists(folder))
			return folder;
		free(folder);
	}
	return NULL;
}

/* A finite number that is all of s. */
static bool read_value(const char *s, double *v)
{
	char *end;
	*v = strtod(s, &end);
	return end != s && *end == 0 && isfinite(*v);
}

static enum status add_line(struct published *p, const char *path, const char *paper, uint64_t line, char *text)
{
	static const int needed[] = {0, 1, 3, 5};
	char *field[COLUMNS], *rest = text;
	size_t columns = 0;
	for (char *f; (f = strsep(&rest, "\t")); columns++)
		if (columns < COLUMNS)
			field[columns] = f;
	if (columns != COLUMNS)
		return status_fail(ST_MALFORMED, "%s:%llu: expected %d columns, found %zu", path, (unsigned long long)line,
		                   COLUMNS, columns);
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!*field[needed[i]])
			return status_fail(ST_MALFORMED, "%s:%llu: column %d is empty", path, (unsigned long long)line,
			                   needed[i] + 1);
	struct published_number n = {paper, field[0], field[1], field[2], field[3], field[4], field[5], 0, NAN};
	if (!read_value(field[6], &n.value) || (*field[7] && !read_value(field[7], &n.deviation)))
		return status_fail(ST_MALFORMED, "%s:%llu: expected a number, found \"%s\" and \"%s\"", path,
		                   (unsigned long long)line, field[6], field[7]);
	if (p->count == p->size) {
		p->size = p->size ? p->size * 2 : NUMBERS_FIRST;
		p->numbers = xrealloc(p->numbers, p->size, sizeof *p->numbers);
	}
	p->numbers[p->count++] = n;
	return ST_OK;
}

/* Keeps a text until published_release. */
static char *keep(struct published *p, char *take_text)
{
	p->texts = xrealloc(p->texts, p->text_count + 1, sizeof *p->texts);
	return p->texts[p->text_count++] = take_text;
}

static enum status read_file(struct published *p, const char *path, const char *name)
{
	struct strbuf text;
	strbuf_init(&text, FILE_MAX);
	enum status st = file_read(path, &text);
	char *rest = keep(p, xstrdup(st ? "" : text.data));
	char *paper = keep(p, path_printf("%.*s", (int)(strlen(name) - strlen(".tsv")), name));
	if (!st && strlen(rest) != text.len)
		st = status_fail(ST_MALFORMED, "%s: NUL byte", path);
	uint64_t line = 0;
	for (char *l; !st && rest && *rest && (l = strsep(&rest, "\n"));) {
		if (++line > 1)
			st = add_line(p, path, paper, line, l);
		else if (strcmp(l, header) != 0)
			st = status_fail(ST_MALFORMED, "%s:1: expected the header \"%s\"", path, header);
	}
	strbuf_release(&text);
	return st;
}

static int is_table(const struct dirent *d)
{
	const size_t n = strlen(d->d_name);
	return n > 4 && strcmp(d->d_name + n - 4, ".tsv") == 0;
}

enum status published_read(struct published *p, const char *folder)
{
	struct dirent **entries;
	const int n = scandir(folder, &entries, is_table, alphasort);
	if (n < 0)
		return status_errno("%s", folder);
	enum status st = ST_OK;
	for (int i = 0; i < n; i++) {
		char *path = path_join(folder, entries[i]->d_name);
		if (!st)
			st = read_file(p, path, entries[i]->d_name);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return st;
}

void published_release(struct published *p)
{
	for (size_t i = 0; i < p->text_count; i++)
		free(p->texts[i]);
	free(p->texts);
	free(p->numbers);
	*p = (struct published){0};
}

/* Letters and digits alone, case aside. */
static bool same_name(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a && !isalnum((unsigned char)*a))
			a++;
		while (*b && !isalnum((unsigned char)*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
	}
}

bool published_is(const struct published_number *theirs, const char *model)
{
	static const struct {
		const char *paper, *theirs, *ours; /* paper NULL: any */
	} other[] = {
		{NULL, "LibFM", "fm"},
		{"gmmf", "NAML", "naml-views"},
	};
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if ((!other[i].paper || strcmp(other[i].paper, theirs->paper) == 0) &&
		    strcmp(other[i].theirs, theirs->model) == 0)
			return same_name(other[i].ours, model);
	return same_name(theirs->model, model);
}

const char *published_paper(const char *paper)
{
	static const char *const names[][2] = {
		{"imrec", "IMRec"}, {"mm-rec", "MM-Rec"}, {"vlsnr", "VLSNR"}, {"rmbert", "RMBERT"}, {"gmmf", "GMMF"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i][0], paper) == 0)
			return names[i][1];
	return paper;
}
