/* A news.tsv of any bytes, read strictly and leniently. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/catalog.h"

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

static void ignore(void *context, const char *message)
{
	(void)context, (void)message;
}

static void read_input(void)
{
	struct catalog c = {0};

	if (catalog_add_file(&c, path, NULL, NULL) == ST_OK && c.count &&
	    catalog_find(&c, c.news[0].id, strlen(c.news[0].id)))
		BUG("the first row is not found");
	catalog_close(&c);
	if (catalog_add_file(&c, path, ignore, NULL) != ST_OK)
		BUG("lenient reading failed: %s", status_message());
	catalog_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	write_bytes(bytes, n);
	read_input();
	return 0;
}
