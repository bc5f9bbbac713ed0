#include "eval/seeds.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"

enum { DIGITS_MAX = 18 };

/* "RUN/seed-12/prediction.txt": the length of RUN, and 12; 0 if path is no such. */
static size_t split(const char *path, int64_t *seed)
{
	static const char prefix[] = "seed-";
	const char *end = strrchr(path, '/'), *c;
	size_t digits = 0;
	if (!end)
		return 0;
	for (c = end; c > path && c[-1] >= '0' && c[-1] <= '9'; c--)
		digits++;
	if (digits == 0 || digits > DIGITS_MAX || (size_t)(c - path) < sizeof prefix ||
	    memcmp(c - (sizeof prefix - 1), prefix, sizeof prefix - 1) != 0 || c[-(int)sizeof prefix] != '/')
		return 0;
	*seed = strtoll(c, NULL, 10);
	return (size_t)(c - path) - sizeof prefix;
}

static struct repeated_run *find_run(struct seeds *s, const char *path, size_t length)
{
	for (size_t i = 0; i < s->run_count; i++)
		if (strlen(s->runs[i].path) == length && memcmp(s->runs[i].path, path, length) == 0)
			return &s->runs[i];
	s->runs = xrealloc(s->runs, s->run_count + 1, sizeof *s->runs);
	struct repeated_run *run = &s->runs[s->run_count++];
	*run = (struct repeated_run){.path = path_printf("%.*s", (int)length, path)};
	return run;
}

static void add_repeat(struct repeated_run *run, size_t file, int64_t seed)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->repeats[i].seed == seed)
			return;
	run->repeats = xrealloc(run->repeats, run->count + 1, sizeof *run->repeats);
	run->repeats[run->count++] = (struct repeat){file, seed};
}

static const char *last_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

void seeds_find(struct seeds *s, const char *const *predictions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t seed;
		const size_t length = split(predictions[i], &seed);
		if (length)
			add_repeat(find_run(s, predictions[i], length), i, seed);
	}
	for (size_t i = 0; i < s->run_count; i++) {
		const char *name = last_folder(s->runs[i].path);
		for (size_t j = 0; j < s->run_count; j++)
			if (j != i && strcmp(last_folder(s->runs[j].path), name) == 0)
				name = s->runs[i].path;
		s->runs[i].name = xstrdup(name);
	}
}

void seeds_release(struct seeds *s)
{
	for (size_t i = 0; i < s->run_count; i++) {
		free(s->runs[i].path);
		free(s->runs[i].name);
		free(s->runs[i].repeats);
	}
	free(s->runs);
	*s = (struct seeds){0};
}

size_t seeds_pair(const struct seeds *s, size_t run, size_t base, struct seed_pair *pairs)
{
	const struct repeated_run *a = &s->runs[run], *b = &s->runs[base];
	size_t count = 0;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (a->repeats[i].seed == b->repeats[j].seed)
				pairs[count++] = (struct seed_pair){a->repeats[i].file, b->repeats[j].file};
	return count;
}

bool seeds_repeated(const struct seeds *s)
{
	for (size_t i = 0; i < s->run_count; i++)
		if (s->runs[i].count > 1)
			return true;
	return false;
}
