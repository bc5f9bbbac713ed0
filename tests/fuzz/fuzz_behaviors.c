/* A behaviors.tsv of any bytes, with a catalogue and without. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/behaviors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int fd = -1;
static char path[64];

static void write_bytes(const void *bytes, size_t n)
{
	if (fd < 0) {
		fd = memfd_create("input", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) != 0 || pwrite(fd, bytes, n, 0) != (ssize_t)n)
		BUG("cannot write the input");
}

static void read_input(void)
{
	static const struct catalog empty;
	const struct catalog *const catalogs[2] = {NULL, &empty};

	for (int i = 0; i < 2; i++) {
		struct behaviors b;
		bool more = true;

		if (behaviors_open(&b, path, catalogs[i]) != ST_OK)
			BUG("cannot open: %s", status_message());
		while (more) {
			size_t start = b.offset;
			enum status st = behaviors_next(&b, &more);

			if (more && behaviors_at(&b, start) != st)
				BUG("one line is read in two ways");
		}
		behaviors_close(&b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	write_bytes(bytes, n);
	read_input();
	return 0;
}
