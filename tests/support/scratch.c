#include "tests/support/scratch.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/file.h"

enum { PATHS = 16 };

static char *folder, *paths[PATHS];
static unsigned next_path;

int scratch_make(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	/* The blank finds whoever forgets that a path may have one. */
	folder = path_join(tmp ? tmp : "/tmp", "coverline unit.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int scratch_remove(void **state)
{
	int result = nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	(void)state;
	for (int i = 0; i < PATHS; i++) {
		free(paths[i]);
		paths[i] = NULL;
	}
	free(folder);
	folder = NULL;
	return result;
}

const char *scratch_folder(void)
{
	return folder;
}

const char *scratch_path(const char *name)
{
	char **path = &paths[next_path++ % PATHS];

	free(*path);
	*path = path_join(folder, name);
	return *path;
}

const char *scratch_write(const char *name, const void *bytes, size_t n)
{
	const char *path = scratch_path(name);

	must(file_write(path, bytes, n));
	return path;
}

const char *scratch_text(const char *name, const char *text)
{
	return scratch_write(name, text, strlen(text));
}

void scratch_holds(const char *name, const char *names)
{
	struct dirent **entries;
	struct strbuf found;
	int count = scandir(scratch_path(name), &entries, NULL, alphasort);

	assert_true(count >= 0);
	strbuf_init(&found, 1 << 16);
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			strbuf_printf(&found, "%s%s", found.len ? " " : "", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	assert_string_equal(found.data, names);
	strbuf_release(&found);
}

const char *scratch_message(void)
{
	size_t n = strlen(folder);
	const char *m = status_message();

	return strncmp(m, folder, n) == 0 && m[n] == '/' ? m + n + 1 : m;
}

void must_at(enum status st, const char *file, int line)
{
	if (st == ST_OK)
		return;
	print_error("%s\n", status_message());
	_fail(file, line);
}

int child_end(pid_t child)
{
	int result = 0;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &result, 0), child);
	return WIFSIGNALED(result) ? -WTERMSIG(result) : WEXITSTATUS(result);
}
