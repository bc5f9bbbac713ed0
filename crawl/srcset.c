#include "crawl/srcset.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/arena.h"

#define WIDTH_MAX 100000

/* The end of the descriptors that begin at s: the next comma outside of parentheses. */
static const char *skip_descriptors(const char *s)
{
	int depth = 0;

	for (; *s && (depth > 0 || *s != ','); s++)
		depth += *s == '(' ? 1 : *s == ')' && depth > 0 ? -1 : 0;
	return s;
}

/* The first descriptor's number, and in *unit its letter. 1x if there is none. */
static double read_descriptor(const char *s, const char *end, char *unit)
{
	double value;
	char *after;

	while (s < end && isspace((unsigned char)*s))
		s++;
	*unit = 'x';
	if (s == end || !isdigit((unsigned char)*s))
		return 1;
	value = strtod(s, &after);
	if (after > end || !isfinite(value))
		return 1;
	if (*after == 'w')
		*unit = 'w';
	return value;
}

/* Widths are told apart from densities by being ahead of them all. */
static double score(double value, char unit)
{
	return unit == 'w' ? 1e6 + fmin(value, WIDTH_MAX) : fmin(value, 1e5);
}

bool srcset_best(const char *text, char **url, int *width)
{
	const char *best = NULL, *s = text;
	size_t best_length = 0;
	double best_score = 0, best_width = 0;

	for (;;) {
		const char *start, *end;
		double value, rank;
		size_t n;
		char unit;

		while (isspace((unsigned char)*s) || *s == ',')
			s++;
		if (!*s)
			break;
		start = s;
		while (*s && !isspace((unsigned char)*s))
			s++;
		n = (size_t)(s - start);
		/* A comma at the end of the address ends the entry. */
		end = start[n - 1] == ',' ? s : skip_descriptors(s);
		while (n && start[n - 1] == ',')
			n--;
		value = read_descriptor(s, end, &unit);
		rank = score(value, unit);
		s = end;
		if (n == 0 || strncasecmp(start, "data:", 5) == 0 || (best && rank <= best_score))
			continue;
		best = start;
		best_length = n;
		best_score = rank;
		best_width = unit == 'w' ? fmin(value, WIDTH_MAX) : 0;
	}
	if (!best)
		return false;
	*url = xmalloc(best_length + 1);
	memcpy(*url, best, best_length);
	(*url)[best_length] = '\0';
	*width = (int)best_width;
	return true;
}
