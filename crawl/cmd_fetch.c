#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/file.h"
#include "common/log.h"
#include "common/strbuf.h"
#include "crawl/download.h"

#define COLUMNS   5
#define TABLE_MAX ((size_t)1 << 20)

/* A line of a table; the text is the table's. */
struct entry {
	const char *name, *file, *sha256, *urls;
	int64_t size;
};

struct table {
	struct arena text;
	struct entry *entries;
	size_t count;
};

/* Tables ----------------------------------------------------------------------------------------------------------------------- */

static bool plain_name(const char *s)
{
	return *s && *s != '.' && strchr(s, '/') == NULL;
}

static enum status read_line(struct table *t, const char *path, int number, char *line)
{
	char *columns[COLUMNS], *end;
	struct entry e;
	int n = 0;

	for (char *field; n < COLUMNS && (field = strsep(&line, "\t")); n++)
		columns[n] = field;
	if (n != COLUMNS || line)
		return status_fail(ST_MALFORMED, "%s:%d: expected %d columns", path, number, COLUMNS);
	e = (struct entry){.name = columns[0], .file = columns[1], .size = DOWNLOAD_SIZE_UNKNOWN, .urls = columns[4]};
	if (!plain_name(e.name) || !plain_name(e.file))
		return status_fail(ST_MALFORMED, "%s:%d: expected a name and a file name, without folders", path, number);
	if (strcmp(columns[2], "-") != 0) {
		errno = 0;
		e.size = strtoll(columns[2], &end, 10);
		if (end == columns[2] || *end || errno || e.size < 0)
			return status_fail(ST_MALFORMED, "%s:%d: expected a size in bytes or -, found \"%s\"", path, number,
			                   columns[2]);
	}
	e.sha256 = strcmp(columns[3], "-") == 0 ? "" : columns[3];
	if (e.sha256[strspn(e.sha256, "0123456789abcdef")])
		return status_fail(ST_MALFORMED, "%s:%d: expected a sha256 in lower-case hex or -, found \"%s\"", path, number,
		                   e.sha256);
	t->entries = xrealloc(t->entries, t->count + 1, sizeof *t->entries);
	t->entries[t->count++] = e;
	return ST_OK;
}

static enum status read_table(struct table *t, const char *path)
{
	struct strbuf sb;
	enum status st;
	char *rest, *line;
	int number = 0;

	strbuf_init(&sb, TABLE_MAX);
	st = file_read(path, &sb);
	rest = st == ST_OK ? arena_strdup(&t->text, sb.data) : NULL;
	while (st == ST_OK && (line = strsep(&rest, "\n"))) {
		number++;
		if (*line && *line != '#')
			st = read_line(t, path, number, line);
	}
	strbuf_release(&sb);
	return st;
}

/* The folder of the tables that come with this program: of the source tree it was built in, or of its installation. */
static char *table_folder(void)
{
	static const char *const places[] = {"../../pipelines", "../share/coverline"};
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	char *slash;

	if (n < 0)
		return NULL;
	own[n] = '\0';
	slash = strrchr(own, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char *folder = path_join(own, places[i]), *table = path_join(folder, "weights.tsv");
		bool found = file_exists(table);

		free(table);
		if (found)
			return folder;
		free(folder);
	}
	return NULL;
}

static enum status read_tables(struct table *t, const char *catalog)
{
	static const char *const names[] = {"weights.tsv", "datasets.tsv"};
	char *folder;
	enum status st = ST_OK;

	if (catalog)
		return read_table(t, catalog);
	folder = table_folder();
	if (!folder)
		return status_fail(ST_FAILED,
		                   "weights.tsv is neither in the source tree nor in share/coverline; give --catalog FILE");
	for (size_t i = 0; i < sizeof names / sizeof *names && st == ST_OK; i++) {
		char *path = path_join(folder, names[i]);

		st = read_table(t, path);
		free(path);
	}
	free(folder);
	return st;
}

/* Fetching --------------------------------------------------------------------------------------------------------------------- */

static const char *what_was_checked(const struct entry *e)
{
	if (*e->sha256)
		return strlen(e->sha256) < 64 ? "the first digits of its sha256 verified" : "sha256 verified";
	return e->size != DOWNLOAD_SIZE_UNKNOWN ? "size verified; its sha256 is not published"
	                                        : "not verified: nothing is published";
}

static enum status fetch(const struct entry *e, const char *folder)
{
	char *path = path_join(folder, e->file);
	struct download d = {.name = e->name, .path = path, .urls = e->urls, .size = e->size, .sha256 = e->sha256};
	enum status st;

	if (file_exists(path)) {
		st = download_check(&d, path);
		if (st == ST_OK)
			log_info("%s: %s is there, %s", e->name, path, what_was_checked(e));
		else if (st == ST_INTEGRITY)
			log_warn("%s; fetching it anew", status_message());
		if (st != ST_INTEGRITY)
			goto out;
	}
	st = download_run(&d);
	if (st == ST_OK)
		log_info("%s: %s, %s", e->name, path, what_was_checked(e));
out:
	free(path);
	return st;
}

static const struct entry *find(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->entries[i].name, name) == 0)
			return &t->entries[i];
	return NULL;
}

static enum status fetch_all(const struct table *t, const struct cli *c, const char *folder)
{
	enum status st = ST_OK;

	for (int i = 0; i < c->operand_count; i++)
		if (!find(t, c->operands[i]))
			return status_fail(ST_USAGE, "nothing named %s; --list shows the names", c->operands[i]);
	if (c->operand_count == 0)
		return status_fail(ST_USAGE, "expected the name of something to fetch; --list shows the names");
	st = file_make_folder(folder);
	for (int i = 0; i < c->operand_count && st == ST_OK; i++)
		st = fetch(find(t, c->operands[i]), folder);
	return st;
}

static void list(const struct table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct entry *e = &t->entries[i];

		printf("%-20s %-24s ", e->name, e->file);
		if (e->size == DOWNLOAD_SIZE_UNKNOWN)
			printf("%12s", "-");
		else
			printf("%12lld", (long long)e->size);
		printf("  %s\n", *e->sha256 ? e->sha256 : "-");
	}
}

int main(int argc, char **argv)
{
	static const char *folder = ".", *catalog;
	static bool listing;
	static const struct cli_option options[] = {
		{"to", CLI_STRING, &folder, "DIR", "where the files go (default: the current folder)", 0, 0},
		{"list", CLI_FLAG, &listing, NULL, "print the names, files, sizes in bytes and sha256", 0, 0},
		{"catalog", CLI_STRING, &catalog, "FILE", "a table of your own instead of the built-in ones", 0, 0},
		{0},
	};
	struct cli c = {.name = "fetch",
	                .synopsis = "NAME… [--to DIR]",
	                .summary =
	                    "Downloads published weights and data sets, and verifies them. An interrupted download goes on "
	                    "where it was; what is there and verifies is left alone.",
	                .options = options,
	                .operands_min = 0,
	                .operands_max = -1};
	struct table table = {0};
	enum status st;

	cli_parse(&c, argc, argv);
	st = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? ST_OK : status_fail(ST_FAILED, "libcurl cannot start");
	if (st == ST_OK)
		st = read_tables(&table, catalog);
	if (st == ST_OK && listing)
		list(&table);
	else if (st == ST_OK)
		st = fetch_all(&table, &c, folder);
	curl_global_cleanup();
	free(table.entries);
	arena_release(&table.text);
	return cli_finish(&c, st);
}
