/* Any bytes as Amazon's reviews, and as the metadata of two items; either may be packed by gzip. Zeros and ones before
 * them choose which. */
#include <stdlib.h>
#include <string.h>

#include "crawl/amazon.h"
#include "tests/support/fuzz_input.h"

static void read_reviews(const char *path)
{
	struct amazon_reviews r = {0};
	struct amazon_rejects rejects = {0};

	if (amazon_reviews_read(&r, path, "/tmp", &rejects) == ST_OK) {
		if (r.count == 0 || r.first[r.users.count] != r.count)
			BUG("%llu reviews", (unsigned long long)r.count);
		for (uint32_t u = 0; u < r.users.count; u++)
			for (uint64_t i = r.first[u] + 1; i < r.first[u + 1]; i++)
				if (r.review[i].time < r.review[i - 1].time || r.review[i].item >= r.items.count)
					BUG("review %llu is out of order", (unsigned long long)i);
	}
	amazon_reviews_release(&r);
}

static void read_items(const char *path)
{
	struct amazon_items a = {0};
	struct amazon_rejects rejects = {0};
	struct name_set names = {0};

	name_set_add(&names, "B000000001", 10);
	name_set_add(&names, "B000000002", 10);
	if (amazon_items_read(&a, path, &names, &rejects) == ST_OK)
		for (uint32_t i = 0; i < a.count; i++)
			if (a.item[i].title && strpbrk(a.item[i].title, "\t\n\r"))
				BUG("a title of two columns");
	amazon_items_release(&a);
	name_set_release(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return 0;
	if (bytes[0] % 2 == 0)
		read_reviews(fuzz_file(FUZZ_INPUT, bytes + 1, n - 1));
	else
		read_items(fuzz_file(FUZZ_INPUT, bytes + 1, n - 1));
	return 0;
}
