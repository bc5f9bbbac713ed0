#include "tests/support/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/file.h"

enum { PATHS = 16 };

const char *sample_path(const char *name)
{
	static char *paths[PATHS];
	static unsigned next;
	const char *folder = getenv("COVERLINE_SAMPLES");
	char **path = &paths[next++ % PATHS];

	if (name[0] != '/' && (!folder || !*folder)) {
		print_message("# %s: COVERLINE_SAMPLES is not set\n", name);
		return NULL;
	}
	free(*path);
	*path = name[0] == '/' ? path_printf("%s", name) : path_join(folder, name);
	if (file_exists(*path))
		return *path;
	print_message("# %s: not there\n", *path);
	return NULL;
}

const char *sample_or_skip(const char *name)
{
	const char *path = sample_path(name);

	if (!path)
		skip();
	return path;
}
