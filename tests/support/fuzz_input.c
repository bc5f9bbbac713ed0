#include "tests/support/fuzz_input.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/status.h"

const char *fuzz_file(enum fuzz_file which, const void *bytes, size_t n)
{
	static int fds[FUZZ_FILES]; /* 0: not made yet */
	static char paths[FUZZ_FILES][64];
	int *fd = &fds[which];

	if (!*fd) {
		*fd = memfd_create("input", MFD_CLOEXEC);
		snprintf(paths[which], sizeof paths[which], "/proc/self/fd/%d", *fd);
	}
	if (ftruncate(*fd, 0) != 0 || pwrite(*fd, bytes, n, 0) != (ssize_t)n)
		BUG("cannot write the input");
	return paths[which];
}
