/* Any bytes as a text and its entity column, a NUL between. Mentions lie in the text. */
#include <stdlib.h>
#include <string.h>

#include "model/text/entities.h"
#include "tests/support/fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena a = {0};
	struct entity_mention *m;
	int32_t count;
	char *text = xmalloc(n + 2);
	memcpy(text, bytes, n);
	memset(text + n, 0, 2);
	const size_t length = strlen(text);
	/* A copy of exactly that size, so that a read beyond it is seen. */
	char *json = xstrdup(length < n ? text + length + 1 : "");

	if (entities_parse(json, text, &a, &m, &count) == ST_OK) {
		if (count > ENTITY_MENTIONS_MAX)
			BUG("%d mentions", (int)count);
		for (int32_t i = 0; i < count; i++)
			if (m[i].begin > m[i].end || m[i].end > length || !m[i].id[0] || strlen(m[i].id) > ENTITY_ID_MAX)
				BUG("mention %d is %s at %u to %u of %zu", (int)i, m[i].id, m[i].begin, m[i].end, length);
	}
	free(json);
	free(text);
	arena_release(&a);
	return 0;
}
