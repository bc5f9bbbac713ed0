#include "common/leak.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/behaviors.h"
#include "common/cli.h"
#include "common/file.h"
#include "common/hash.h"
#include "common/log.h"

enum { SLOTS_FIRST = 1 << 12, SLOTS_MAX = 1 << 22, FORGET_BYTES = 1 << 24 };

/* Hashes of impressions; once it is full, only of those whose low bits (sample) are 0, which is a fair sample of both splits. */
struct hash_set {
	uint64_t *slots; /* [size] 0: free */
	size_t size, count;
	uint64_t sample; /* 0, 1, 3, 7, … */
};

static void put(struct hash_set *s, uint64_t hash)
{
	size_t at = (size_t)(hash >> 32) & (s->size - 1);

	while (s->slots[at] && s->slots[at] != hash)
		at = (at + 1) & (s->size - 1);
	s->count += s->slots[at] == 0;
	s->slots[at] = hash;
}

static void rebuild(struct hash_set *s, size_t size)
{
	struct hash_set old = *s;

	*s = (struct hash_set){.slots = xcalloc(size, sizeof *s->slots), .size = size, .sample = old.sample};
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i] && (old.slots[i] & s->sample) == 0)
			put(s, old.slots[i]);
	free(old.slots);
}

static void add(struct hash_set *s, uint64_t hash)
{
	if (2 * (s->count + 1) > s->size && s->size < SLOTS_MAX)
		rebuild(s, s->size ? 2 * s->size : SLOTS_FIRST);
	while (2 * (s->count + 1) > s->size) {
		s->sample = 2 * s->sample + 1;
		rebuild(s, s->size);
	}
	if ((hash & s->sample) == 0)
		put(s, hash);
}

static bool has(const struct hash_set *s, uint64_t hash)
{
	size_t at = (size_t)(hash >> 32) & (s->size - 1);

	if ((hash & s->sample) != 0)
		return false;
	while (s->slots[at] && s->slots[at] != hash)
		at = (at + 1) & (s->size - 1);
	return s->slots[at] == hash;
}

/* Of reader, time, and candidates without their labels, whatever their order. */
static uint64_t impression_hash(const struct impression *im)
{
	uint64_t hash = hash_bytes(im->user, im->user_length) * 31 + hash_bytes(im->time, im->time_length);

	for (size_t i = 0; i < im->candidate_count; i++)
		hash += hash_bytes(&im->candidates[i], sizeof im->candidates[i]) * 0x9e3779b97f4a7c15u;
	return hash ? hash : 1;
}

/* A pass over a split. */
struct pass {
	const char *path;
	const struct catalog *news;
	void (*visit)(void *context, const struct impression *im, int64_t seconds);
	void *context;
};

static enum status run_pass(const struct pass *p)
{
	struct behaviors b;
	bool more = true;
	enum status st = behaviors_open(&b, p->path, p->news);

	while (st == ST_OK && more) {
		st = cli_interrupted() ? cli_interrupted_status() : behaviors_next(&b, &more);
		if (st == ST_OK && more)
			p->visit(p->context, &b.impression, impression_seconds(&b.impression));
	}
	behaviors_close(&b);
	return st;
}

/* The time of the line at text, which is its third column. */
static bool line_time(const char *text, size_t n, int64_t *seconds)
{
	const char *end = text + n, *user = memchr(text, '\t', n);
	const char *time = user ? memchr(user + 1, '\t', (size_t)(end - user - 1)) : NULL;
	const char *after = time ? memchr(time + 1, '\t', (size_t)(end - time - 1)) : NULL;

	if (!after || !impression_time_valid(time + 1, (size_t)(after - time - 1)))
		return false;
	*seconds = impression_seconds(&(struct impression){.time = time + 1, .time_length = (size_t)(after - time - 1)});
	return true;
}

/* Whether every line of the split is before a time, and their number, without looking at anything else of them. */
static enum status all_before(const char *path, int64_t first, bool *before, int64_t *lines)
{
	struct file_map map;
	enum status st = file_map_open(&map, path);
	int64_t seconds = 0;

	*before = true;
	*lines = 0;
	for (size_t at = 0, forgotten = 0; st == ST_OK && *before && at < map.size; ++*lines) {
		const char *line = map.data + at, *newline = memchr(line, '\n', map.size - at);
		const size_t n = newline ? (size_t)(newline - line) : map.size - at;

		*before = line_time(line, n, &seconds) && seconds < first;
		at += n + 1;
		if (at - forgotten > FORGET_BYTES && at < map.size) {
			file_map_forget(&map, at);
			forgotten = at;
			st = cli_interrupted() ? cli_interrupted_status() : ST_OK;
		}
	}
	file_map_close(&map);
	return st;
}

struct search {
	struct leak *leak;
	int64_t first, last; /* of the later split */
	struct hash_set set; /* of the earlier split's, within that time */
	int64_t hits;
};

static void see_range(void *context, const struct impression *im, int64_t seconds)
{
	struct search *s = context;

	(void)im;
	s->first = seconds < s->first ? seconds : s->first;
	s->last = seconds > s->last ? seconds : s->last;
}

static void see_earlier(void *context, const struct impression *im, int64_t seconds)
{
	struct search *s = context;

	s->leak->impressions++;
	s->leak->late += seconds >= s->first;
	if (seconds >= s->first && seconds <= s->last)
		add(&s->set, impression_hash(im));
}

static void see_later(void *context, const struct impression *im, int64_t seconds)
{
	struct search *s = context;

	(void)seconds;
	s->hits += has(&s->set, impression_hash(im));
}

enum status leak_find(struct leak *l, const char *earlier, const char *later, const struct catalog *news)
{
	struct search s = {.leak = l, .first = INT64_MAX, .last = INT64_MIN};

	bool apart = false;

	*l = (struct leak){0};
	enum status st = run_pass(&(struct pass){later, news, see_range, &s});
	if (st == ST_OK)
		st = all_before(earlier, s.first, &apart, &l->impressions);
	if (st != ST_OK || apart)
		return st;
	l->impressions = 0;
	st = run_pass(&(struct pass){earlier, news, see_earlier, &s});
	/* Splits that time parts share nothing. */
	if (st == ST_OK && s.set.count)
		st = run_pass(&(struct pass){later, news, see_later, &s});
	l->shared = s.hits;
	free(s.set.slots);
	return st;
}

void leak_tell(const struct leak *l, const char *earlier, const char *later)
{
	if (l->shared)
		log_warn("leak: %lld impressions of %s are in %s too, with reader, time and candidates", (long long)l->shared,
		         later, earlier);
	if (l->late)
		log_warn("leak: %lld of %lld impressions of %s are no earlier than the first of %s", (long long)l->late,
		         (long long)l->impressions, earlier, later);
}
