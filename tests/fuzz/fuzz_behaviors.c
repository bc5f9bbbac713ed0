/* A behaviors.tsv of any bytes, with a catalogue and without. */
#include "common/behaviors.h"
#include "tests/support/fuzz_input.h"

static void read_input(const char *path)
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
	read_input(fuzz_file(FUZZ_INPUT, bytes, n));
	return 0;
}
