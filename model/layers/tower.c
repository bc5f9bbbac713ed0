#include "model/layers/tower.h"

#include <errno.h>
#include <stdlib.h>

#include "common/file.h"

/* How many widths the text lists, or 0 if it is malformed. */
static int parse(const char *text, int64_t width[TOWER_LAYERS])
{
	for (int n = 0; n < TOWER_LAYERS; n++) {
		char *end;
		if (*text < '0' || *text > '9')
			return 0;
		errno = 0;
		width[n] = strtoll(text, &end, 10);
		if (errno || width[n] < 1 || width[n] > TOWER_WIDTH)
			return 0;
		if (!*end)
			return n + 1;
		if (*end != '-')
			return 0;
		text = end + 1;
	}
	return 0;
}

enum status tower_init_widths(struct tower *l, struct params *ps, const char *prefix, int64_t in, const int64_t *width,
                              int count)
{
	enum status st = ST_OK;
	*l = (struct tower){.count = count, .width = width[count - 1]};
	for (int i = 0; i < count && st == ST_OK; i++) {
		char *name = path_printf("%s.%d", prefix, i);
		st = linear_init(&l->layer[i], ps, name, i ? width[i - 1] : in, width[i], LINEAR_BIAS);
		free(name);
	}
	return st;
}

enum status tower_init(struct tower *l, struct params *ps, const char *prefix, int64_t in, const char *widths,
                       const char *key)
{
	int64_t width[TOWER_LAYERS];
	const int count = parse(widths, width);
	if (!count)
		return status_fail(ST_USAGE,
		                   "%s: \"%s\" is no list of widths, such as 1024-512-256: 1 to %d of them, at most %d", key,
		                   widths, TOWER_LAYERS, TOWER_WIDTH);
	return tower_init_widths(l, ps, prefix, in, width, count);
}

struct tensor *tower_apply(const struct tower *l, struct tape *t, struct tensor *x, double dropout)
{
	for (int i = 0; i < l->count; i++)
		x = op_dropout(t, op_relu(t, linear_apply(&l->layer[i], t, x)), dropout);
	return x;
}
