#include "crawl/verify.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/behaviors.h"
#include "common/cli.h"
#include "common/file.h"
#include "common/h5.h"
#include "common/log.h"
#include "common/pool.h"
#include "crawl/catalog_source.h"

#define SUMMARY_MAX ((size_t)64 << 20)
#define WINDOW      64 /* pictures in flight */
#define NAMES_MAX   100000

/* Telling -------------------------------------------------------------------------------------------------------------- */

void verify_wrong(struct verify *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	v->wrong++;
}

enum status verify_judge(struct verify *v, enum status st)
{
	if (st == ST_OK || st == ST_INTERRUPTED || st == ST_MEMORY)
		return st;
	verify_wrong(v, "%s", status_message());
	return ST_OK;
}

enum status verify_file(struct verify *v, const char *path, const char *sha256, const char *source, bool *whole)
{
	char hex[DIGEST_HEX];
	enum status st = ST_OK;

	*whole = false;
	if (!file_exists(path)) {
		verify_wrong(v, "%s: is not there, but %s has its SHA-256", path, source);
		return ST_OK;
	}
	st = digest_file(path, hex);
	v->files++;
	*whole = st == ST_OK && strcmp(hex, sha256) == 0;
	if (st == ST_OK && !*whole)
		verify_wrong(v, "%s: is not as it was made: its SHA-256 is %s, %s has %s", path, hex, source, sha256);
	return verify_judge(v, st);
}

enum status verify_sealed(struct verify *v, const char *path, bool *whole)
{
	bool sealed = true;
	enum status st = h5_check_seal(path, &sealed);

	*whole = st == ST_OK;
	v->files += sealed;
	if (st == ST_OK && !sealed)
		log_warn("%s: has no seal: another program, or an older version, made it", path);
	return verify_judge(v, st);
}

enum status verify_summary(struct verify *v, const char *name, json_t **summary)
{
	char *path = path_join(v->o->data, name);
	struct strbuf text;
	json_error_t error;
	enum status st = ST_OK;

	*summary = NULL;
	strbuf_init(&text, SUMMARY_MAX);
	if (file_exists(path)) {
		st = file_read(path, &text);
		if (st == ST_OK)
			*summary = json_loadb(text.data, text.len, 0, &error);
		if (st == ST_OK && !*summary)
			verify_wrong(v, "%s:%d: %s", path, error.line, error.text);
	}
	strbuf_release(&text);
	free(path);
	return verify_judge(v, st);
}

void verify_count(struct verify *v, const json_t *summary, const char *file, const char *key, uint64_t counted)
{
	const json_t *value = json_object_get(summary, key);

	if (value && (!json_is_integer(value) || (uint64_t)json_integer_value(value) != counted))
		verify_wrong(v, "%s/%s: %s is %lld, but there are %" PRIu64, v->o->data, file, key,
		             (long long)json_integer_value(value), counted);
}

/* Folders ---------------------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_in(const char *name, const char *suffix)
{
	const size_t n = strlen(name), m = strlen(suffix);

	return n > m && *name != '.' && strcmp(name + n - m, suffix) == 0;
}

enum status verify_each(struct verify *v, const char *folder, const char *suffix,
                        enum status (*visit)(struct verify *v, const char *path, void *context), void *context)
{
	DIR *dir = opendir(folder);
	char **paths = NULL;
	size_t n = 0;
	enum status st = ST_OK;

	if (!dir)
		return errno == ENOENT ? ST_OK : verify_judge(v, status_errno("%s", folder));
	for (const struct dirent *entry; n < NAMES_MAX && (entry = readdir(dir));) {
		if (!ends_in(entry->d_name, suffix))
			continue;
		paths = xrealloc(paths, n + 1, sizeof *paths);
		paths[n++] = path_join(folder, entry->d_name);
	}
	closedir(dir);
	if (n)
		qsort(paths, n, sizeof *paths, by_text);
	for (size_t i = 0; i < n; i++) {
		if (st == ST_OK)
			st = cli_interrupted() ? cli_interrupted_status() : visit(v, paths[i], context);
		free(paths[i]);
	}
	free(paths);
	return st;
}

/* Pictures --------------------------------------------------------------------------------------------------------------- */

struct looking {
	struct verify *v;
	const struct verify_pictures *p;
	char *folder;
	struct pictures *pictures;
	uint64_t unknown;
	char sha256[WINDOW][DIGEST_HEX];
	char *failure[WINDOW]; /* of reading it; NULL: none */
};

static enum status look(void *context, int64_t item, int slot, int worker)
{
	struct looking *l = context;

	(void)worker;
	l->failure[slot] = NULL;
	if (pictures_digest(l->pictures, l->v->news.news[item].id, l->sha256[slot]) != ST_OK)
		l->failure[slot] = xstrdup(status_message());
	return ST_OK;
}

static enum status compare(void *context, int64_t item, int slot)
{
	struct looking *l = context;
	struct verify *v = l->v;
	const char *id = v->news.news[item].id, *wanted = l->p->sha256[item], *found = l->sha256[slot];

	progress_set(item + 1);
	if (l->failure[slot]) {
		verify_wrong(v, "%s", l->failure[slot]);
	} else if (*wanted && !*found) {
		verify_wrong(v, "%s: the picture of %s is not there, but %s has it", l->folder, id, l->p->source);
	} else if (*wanted && strcmp(wanted, found) != 0) {
		char *name = pictures_name(l->pictures, id);

		verify_wrong(v, "%s: is not as it was made: its SHA-256 is %s, %s has %s", name ? name : id, found,
		             l->p->source, wanted);
		free(name);
	}
	v->files += *wanted && *found;
	l->unknown += !*wanted && *found;
	free(l->failure[slot]);
	return ST_OK;
}

static enum status look_through(struct looking *l)
{
	const struct verify *v = l->v;
	struct pool_job job = {.work = look,
	                       .consume = compare,
	                       .context = l,
	                       .count = v->news.count,
	                       .workers = v->o->jobs < WINDOW ? v->o->jobs : WINDOW,
	                       .window = WINDOW};
	progress_start(l->p->what, l->p->what, job.count);
	const enum status st = pool_run(&job);
	progress_end();
	if (l->unknown)
		log_warn("%s: %" PRIu64 " %s", l->folder, l->unknown, l->p->unknown);
	return st;
}

enum status verify_pictures(struct verify *v, const struct verify_pictures *p)
{
	struct looking *l = xcalloc(1, sizeof *l);
	l->v = v;
	l->p = p;
	l->folder = path_join(v->o->data, p->folder);
	enum status st = verify_each(v, l->folder, ".tar", verify_tar, NULL);
	if (st == ST_OK)
		st = verify_judge(v, pictures_open(&l->pictures, l->folder));
	if (st == ST_OK && l->pictures)
		st = look_through(l);
	pictures_close(l->pictures);
	free(l->folder);
	free(l);
	return st;
}

/* Catalogue -------------------------------------------------------------------------------------------------------------- */

static enum status check_behaviors(struct verify *v, const char *path, const char *split, const json_t *summary)
{
	uint64_t counts[4] = {0};
	static const char *const names[] = {"impressions", "candidates", "clicks", "empty_histories"};
	struct behaviors b = {0};
	bool more = true;
	enum status st = behaviors_open(&b, path, &v->news);

	while (st == ST_OK && more) {
		st = cli_interrupted() ? cli_interrupted_status() : behaviors_next(&b, &more);
		if (st != ST_OK || !more)
			continue;
		counts[0]++;
		counts[1] += b.impression.candidate_count;
		counts[2] += b.impression.clicked_count;
		counts[3] += b.impression.history_count == 0;
	}
	behaviors_close(&b);
	for (size_t i = 0; st == ST_OK && i < sizeof names / sizeof *names; i++) {
		char *key = path_printf("%s_%s", names[i], split);

		verify_count(v, summary, "catalog.json", key, counts[i]);
		free(key);
	}
	return verify_judge(v, st);
}

static enum status check_split(struct verify *v, const char *path, void *context)
{
	const json_t *summary = context;
	const char *name = strrchr(path, '/') + 1;
	char *split = xstrdup(name), *key;
	bool whole = true;
	enum status st = ST_OK;

	split[strlen(split) - strlen(".tsv")] = '\0';
	key = path_printf("sha256_behaviors_%s", split);
	const char *sha256 = json_string_value(json_object_get(summary, key));
	if (sha256)
		st = verify_file(v, path, sha256, "catalog.json", &whole);
	else if (summary)
		verify_wrong(v, "%s: catalog.json does not have it", path);
	if (st == ST_OK && whole)
		st = check_behaviors(v, path, split, summary);
	free(key);
	free(split);
	return st;
}

/* Splits that catalog.json has and the folder has not. */
static void find_missing_splits(struct verify *v, const json_t *summary)
{
	static const char prefix[] = "sha256_behaviors_";
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)summary, key, value)
	{
		if (strncmp(key, prefix, sizeof prefix - 1) != 0)
			continue;
		char *path = path_printf("%s/behaviors/%s.tsv", v->o->data, key + sizeof prefix - 1);

		if (!file_exists(path))
			verify_wrong(v, "%s: is not there, but catalog.json has its SHA-256", path);
		free(path);
	}
}

static enum status open_catalogue(struct verify *v, json_t **summary)
{
	char *path = path_join(v->o->data, "catalog.tsv");
	bool whole = true;
	enum status st = file_exists(path) ? ST_OK : status_fail(ST_FAILED, "%s: no such file", path);

	if (st == ST_OK)
		st = verify_summary(v, "catalog.json", summary);
	if (st == ST_OK)
		st = digest_file(path, v->catalogue_sha256);
	const char *sha256 = json_string_value(json_object_get(*summary, "sha256_catalog"));
	if (st == ST_OK && sha256)
		st = verify_file(v, path, sha256, "catalog.json", &whole);
	if (st == ST_OK)
		st = catalog_open_brief(&v->news, v->o->data);
	if (st == ST_MALFORMED)
		/* Nothing can be said of what belongs to which news. */
		st = status_fail(ST_INTEGRITY, "%s", status_message());
	free(path);
	return st;
}

static enum status check_vectors(struct verify *v, const json_t *summary)
{
	const char *sha256 = json_string_value(json_object_get(summary, "sha256_entities"));
	char *path = path_join(v->o->data, ENTITY_VECTORS);
	bool whole = true;
	enum status st = ST_OK;

	if (sha256)
		st = verify_file(v, path, sha256, "catalog.json", &whole);
	else if (summary && file_exists(path))
		verify_wrong(v, "%s: catalog.json does not have it", path);
	free(path);
	return st;
}

static enum status check_catalogue(struct verify *v)
{
	json_t *summary = NULL;
	char *folder = path_join(v->o->data, "behaviors");
	enum status st = open_catalogue(v, &summary);

	if (st == ST_OK && !summary)
		log_warn("%s has no catalog.json: nothing says what its catalogue and behaviors were", v->o->data);
	if (st == ST_OK) {
		verify_count(v, summary, "catalog.json", "news", v->news.count);
		find_missing_splits(v, summary);
		st = check_vectors(v, summary);
	}
	if (st == ST_OK)
		st = verify_each(v, folder, ".tsv", check_split, summary);
	json_decref(summary);
	free(folder);
	return st;
}

enum status verify_run(const struct verify_options *o)
{
	struct verify v = {.o = o};
	enum status st = check_catalogue(&v);

	if (st == ST_OK)
		st = verify_covers(&v);
	if (st == ST_OK)
		st = verify_parts(&v);
	if (st == ST_OK)
		st = verify_runs(&v);
	catalog_close(&v.news);
	if (fflush(stdout) != 0 && st == ST_OK)
		st = status_errno("standard output");
	if (st != ST_OK)
		return st;
	if (v.wrong)
		return status_fail(ST_INTEGRITY, "%" PRIu64 " %s wrong in %s", v.wrong,
		                   v.wrong == 1 ? "thing is" : "things are", o->data);
	log_info("%s: %" PRIu64 " files are as they were made, and belong together", o->data, v.files);
	return ST_OK;
}
