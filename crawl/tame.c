#include "crawl/tame.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define BARE_MAX 4096 /* bytes of a tag outside of quoted values */

/* The index after the tag that begins at i; *bare gets its bytes outside of quotes. */
static size_t skip_tag(const char *html, size_t n, size_t i, size_t *bare)
{
	char quote = 0, before = 0;

	*bare = 0;
	for (; i < n; i++) {
		char c = html[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
			before = c;
			continue;
		}
		if (c == '>')
			return i + 1;
		/* Only a quote after '=' opens a value. */
		if ((c == '"' || c == '\'') && before == '=')
			quote = c;
		if (!isspace((unsigned char)c))
			before = c;
		(*bare)++;
	}
	return n;
}

static size_t skip_past(const char *html, size_t n, size_t i, const char *end)
{
	size_t m = strlen(end);

	for (; i + m <= n; i++)
		if (html[i] == *end && strncasecmp(html + i, end, m) == 0)
			return i + m;
	return n;
}

void tame_tags(char *html, size_t n)
{
	for (size_t i = 0; i + 1 < n;) {
		size_t bare, end;

		if (html[i] != '<') {
			i++;
			continue;
		}
		if (n - i >= 4 && memcmp(html + i, "<!--", 4) == 0) {
			i = skip_past(html, n, i + 4, "-->");
			continue;
		}
		if (!isalpha((unsigned char)html[i + 1])) {
			i++;
			continue;
		}
		end = skip_tag(html, n, i, &bare);
		if (bare > BARE_MAX)
			memset(html + i, ' ', end - i);
		else if (n - i > 7 && strncasecmp(html + i, "<script", 7) == 0)
			end = skip_past(html, n, end, "</script");
		i = end;
	}
}
