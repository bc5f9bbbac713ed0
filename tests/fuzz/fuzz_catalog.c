/* A news.tsv of any bytes, read strictly and leniently. */
#include <string.h>

#include "common/catalog.h"
#include "tests/support/fuzz_input.h"

static void ignore(void *context, const char *message)
{
	(void)context, (void)message;
}

static void read_input(const char *path)
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
	read_input(fuzz_file(FUZZ_INPUT, bytes, n));
	return 0;
}
