/* Any bytes as a script of JSON-LD. */
#include <string.h>

#include "crawl/linked_data.h"
#include "tests/support/fuzz_input.h"

static void found(void *context, const char *url)
{
	size_t *length = context;

	*length += strlen(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	size_t length = 0;

	linked_data_images((const char *)bytes, n, found, &length);
	return 0;
}
