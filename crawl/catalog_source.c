#include "crawl/catalog_source.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zip.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/fault.h"
#include "common/file.h"

#define ENTRIES_MAX  10000
#define FILE_MAX     ((uint64_t)64 << 30)
#define UNPACK_BYTES ((size_t)256 << 10)

static const char *const split_names[SPLITS] = {"train", "dev", "test"};
enum { NEWS, BEHAVIORS, ENTITIES, FILES };
static const char *const file_names[FILES] = {"news.tsv", "behaviors.tsv", ENTITY_VECTORS};

const char *split_name(enum split s)
{
	return split_names[s];
}

/* The last part of a path in lower case; "." and ".." are looked through. The caller frees. */
static char *last_part(const char *operand)
{
	char *whole = xstrdup(operand), *real, *part;
	size_t n = strlen(whole);

	while (n > 1 && whole[n - 1] == '/')
		whole[--n] = '\0';
	part = strrchr(whole, '/') ? strrchr(whole, '/') + 1 : whole;
	if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0) {
		real = realpath(whole, NULL);
		if (real) {
			free(whole);
			whole = real;
			part = strrchr(whole, '/') ? strrchr(whole, '/') + 1 : whole;
		}
	}
	part = xstrdup(part);
	free(whole);
	for (char *p = part; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return part;
}

static enum status find_split(struct catalog_source *s)
{
	char *part = last_part(s->operand);
	int found = 0;

	for (int i = 0; i < SPLITS; i++) {
		if (strstr(part, split_names[i])) {
			s->split = (enum split)i;
			found++;
		}
	}
	free(part);
	if (found != 1)
		return status_fail(ST_USAGE, "%s: expected a name with one of train, dev, test in its last part", s->operand);
	return ST_OK;
}

static enum status look_in_folder(struct catalog_source *s)
{
	struct source_file *files[FILES] = {&s->news, &s->behaviors, &s->entities};

	for (int i = 0; i < FILES; i++) {
		files[i]->path = path_join(s->operand, file_names[i]);
		files[i]->shown = path_join(s->operand, file_names[i]);
		if (file_exists(files[i]->path))
			continue;
		if (i == ENTITIES) {
			free(files[i]->path);
			files[i]->path = NULL;
		} else {
			return status_fail(ST_USAGE, "%s: not found (a folder of MIND has news.tsv and behaviors.tsv)",
			                   files[i]->path);
		}
	}
	return ST_OK;
}

enum status source_open(struct catalog_source *s, const char *operand)
{
	struct stat info;
	enum status st;

	*s = (struct catalog_source){.operand = operand};
	if (stat(operand, &info) != 0)
		return status_fail(ST_USAGE, "%s: %s", operand, strerror(errno));
	st = find_split(s);
	if (st != ST_OK)
		return st;
	s->zip = !S_ISDIR(info.st_mode);
	if (!s->zip)
		return look_in_folder(s);
	s->news.shown = path_join(operand, file_names[NEWS]);
	s->behaviors.shown = path_join(operand, file_names[BEHAVIORS]);
	s->entities.shown = path_join(operand, file_names[ENTITIES]);
	return ST_OK;
}

void source_release(struct catalog_source *s)
{
	free(s->news.path);
	free(s->news.shown);
	free(s->behaviors.path);
	free(s->behaviors.shown);
	free(s->entities.path);
	free(s->entities.shown);
	*s = (struct catalog_source){0};
}

enum status source_digest(struct catalog_source *s)
{
	enum status st;

	if (s->zip)
		return digest_file(s->operand, s->news_sha256);
	st = digest_file(s->news.path, s->news_sha256);
	if (st == ST_OK)
		st = digest_file(s->behaviors.path, s->behaviors_sha256);
	return st == ST_OK && s->entities.path ? digest_file(s->entities.path, s->entities_sha256) : st;
}

/* Zip files -------------------------------------------------------------------------------------------------------- */

/* True for NAME and FOLDER/NAME. */
static bool entry_is(const char *entry, const char *name)
{
	const char *slash = strchr(entry, '/');

	if (slash && strchr(slash + 1, '/'))
		return false;
	return strcmp(slash ? slash + 1 : entry, name) == 0;
}

/* *index is -1 if there is none, which is right only for what need not be there. */
static enum status find_entry(zip_t *z, const struct catalog_source *s, const char *name, zip_int64_t *index)
{
	zip_int64_t count = zip_get_num_entries(z, 0);
	int found = 0;

	*index = -1;
	if (count > ENTRIES_MAX)
		return status_fail(ST_MALFORMED, "%s: more than %d files in it", s->operand, ENTRIES_MAX);
	for (zip_int64_t i = 0; i < count; i++) {
		const char *entry = zip_get_name(z, (zip_uint64_t)i, 0);

		if (entry && entry_is(entry, name)) {
			*index = i;
			found++;
		}
	}
	if (found != 1 && !(found == 0 && name == file_names[ENTITIES]))
		return status_fail(ST_MALFORMED, "%s: expected one %s at its top or in one folder, found %d", s->operand, name,
		                   found);
	return ST_OK;
}

static enum status copy_entry(zip_file_t *in, struct file_writer *out, const char *shown)
{
	char *buffer = xmalloc(UNPACK_BYTES);
	enum status st = ST_OK;
	uint64_t total = 0;
	zip_int64_t n;

	/* The end is reached only if length and checksum hold. */
	while (st == ST_OK && (n = zip_fread(in, buffer, UNPACK_BYTES)) != 0) {
		total += n > 0 ? (uint64_t)n : 0;
		if (n < 0)
			st = status_fail(ST_MALFORMED, "%s: cannot unpack: %s", shown, zip_file_strerror(in));
		else if (total > FILE_MAX)
			st = status_fail(ST_MALFORMED, "%s: longer than %llu bytes", shown, (unsigned long long)FILE_MAX);
		else if (cli_interrupted())
			st = cli_interrupted_status();
		else
			fwrite(buffer, 1, (size_t)n, out->stream);
	}
	free(buffer);
	return st;
}

static enum status unpack_one(zip_t *z, struct catalog_source *s, const char *name, struct source_file *file,
                              const char *folder)
{
	struct file_writer out = {0};
	zip_int64_t index;
	zip_file_t *in = NULL;
	enum status st = find_entry(z, s, name, &index);

	if (st != ST_OK || index < 0)
		return st;
	in = zip_fopen_index(z, (zip_uint64_t)index, 0);
	if (!in)
		return status_fail(ST_MALFORMED, "%s: cannot unpack: %s", file->shown, zip_strerror(z));
	free(file->path);
	file->path = path_printf("%s/%s-%s", folder, split_name(s->split), name);
	st = file_create(&out, file->path);
	if (st == ST_OK)
		st = copy_entry(in, &out, file->shown);
	if (st == ST_OK)
		st = file_commit(&out);
	file_discard(&out);
	zip_fclose(in);
	fault_point("catalog.unpack");
	return st;
}

enum status source_unpack(struct catalog_source *s, const char *folder)
{
	zip_error_t error;
	enum status st;
	int code = 0;
	zip_t *z;

	if (!s->zip)
		return ST_OK;
	z = zip_open(s->operand, ZIP_RDONLY, &code);
	if (!z) {
		zip_error_init_with_code(&error, code);
		st = status_fail(ST_MALFORMED, "%s: neither a folder nor a zip file: %s", s->operand,
		                 zip_error_strerror(&error));
		zip_error_fini(&error);
		return st;
	}
	st = unpack_one(z, s, file_names[NEWS], &s->news, folder);
	if (st == ST_OK)
		st = unpack_one(z, s, file_names[BEHAVIORS], &s->behaviors, folder);
	if (st == ST_OK)
		st = unpack_one(z, s, file_names[ENTITIES], &s->entities, folder);
	zip_discard(z);
	return st;
}

void source_remove_unpacked(const char *folder)
{
	for (int i = 0; i < SPLITS; i++) {
		for (int j = 0; j < FILES; j++) {
			char *path = path_printf("%s/%s-%s", folder, split_names[i], file_names[j]);
			char *part = path_printf("%s.part", path);

			unlink(path);
			unlink(part);
			free(path);
			free(part);
		}
	}
	rmdir(folder);
}
