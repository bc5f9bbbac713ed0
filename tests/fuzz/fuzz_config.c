/* A configuration of any bytes; what was taken is written and read back. */
#include <string.h>

#include "common/config.h"
#include "common/strbuf.h"
#include "tests/support/fuzz_input.h"

static void read_input(const char *path)
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
		if (config_read(keys, fuzz_file(FUZZ_INPUT, out.data, out.len)) != ST_OK)
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
	read_input(fuzz_file(FUZZ_INPUT, bytes, n));
	return 0;
}
