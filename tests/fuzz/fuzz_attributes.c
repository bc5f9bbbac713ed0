/* Any bytes as a srcset, as a reference to a picture, and as an HTTP date. */
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/status.h"
#include "crawl/retry_after.h"
#include "crawl/srcset.h"
#include "crawl/url.h"
#include "tests/support/fuzz_input.h"

static const char base[] = "http://h.test/a/b.html?c";

/* What resolves is absolute, and stays as it is when it is resolved once more. */
static void resolve(const char *reference)
{
	char *url = url_resolve(base, reference), *again;

	if (!url)
		return;
	again = url_resolve(NULL, url);
	if (!again || strcmp(url, again) != 0)
		BUG("%s, and then %s", url, again ? again : "nothing");
	free(url_authority(url));
	free(url_target(url));
	url_is_public(url);
	free(url);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = xmalloc(n + 1), *url;
	int64_t seconds;
	int width;

	memcpy(text, bytes, n);
	text[n] = '\0';
	resolve(text);
	if (srcset_best(text, &url, &width)) {
		if (width < 0)
			BUG("a width of %d", width);
		resolve(url);
		free(url);
	}
	http_date_parse(text, 1700000000, &seconds);
	free(text);
	return 0;
}
