/* A configuration of any bytes; what was taken is written and read back. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/config.h"
#include "common/strbuf.h"

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
	bool flag;
	int64_t count;
	double rate;
	char *text;
	int choice;
	const struct config_key keys[] = {
		{"a.flag", CONFIG_BOOL, &flag, "yes", NULL, 0, 0, NULL},
		{"a.count", CONFIG_INT, &count, "1", NULL, 0, 0, NULL},
		{"b.rate", CONFIG_REAL, &rate, "1", NULL, 0, 0, NULL},
		{"b.text", CONFIG_STRING, &text, "", NULL, 0, 0, "help"},
		{"b.choice", CONFIG_CHOICE, &choice, "x", "x|y", 0, 0, NULL},
		{0},
	};
	struct strbuf out, again;

	config_init(keys);
	strbuf_init(&out, 1 << 20);
	strbuf_init(&again, 1 << 20);
	if (config_read(keys, path) == ST_OK) {
		config_write(keys, &out);
		write_bytes(out.data, out.len);
		if (config_read(keys, path) != ST_OK)
			BUG("what was written is refused: %s", status_message());
		config_write(keys, &again);
		if (strcmp(out.data, again.data) != 0)
			BUG("what was written reads back otherwise");
	}
	strbuf_release(&out);
	strbuf_release(&again);
	config_release(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	write_bytes(bytes, n);
	read_input();
	return 0;
}
