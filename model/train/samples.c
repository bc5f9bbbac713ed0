#include "model/train/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/rng.h"

#define DRAWS_KEPT     1024 /* draws until memory of what they read is given back */
#define FEISTEL_ROUNDS 6

struct sample_place {
	uint64_t offset;  /* of the line */
	uint32_t clicked; /* position among its candidates */
	uint32_t zero;
};

/* Indexing ------------------------------------------------------------------------------------------------------------ */

static enum status add_line(struct samples *s, uint64_t offset, FILE *index)
{
	const struct impression *m = &s->behaviors.impression;
	int32_t reader;
	enum status st = name_table_add(&s->readers, m->user, m->user_length, &reader);
	if (st != ST_OK)
		return st;
	for (size_t i = 0; i < m->history_count; i++)
		s->in_training[m->history[i]] = 1;
	for (size_t i = 0; i < m->candidate_count; i++)
		s->in_training[m->candidates[i]] = 1;
	for (size_t i = 0; i < m->candidate_count; i++) {
		if (m->labels[i] != 1)
			continue;
		if (m->clicked_count == m->candidate_count) {
			s->left_out++;
			continue;
		}
		if (s->count == UINT32_MAX)
			return status_fail(ST_MEMORY, "%s: more than %u clicks", s->behaviors.path, UINT32_MAX);
		const struct sample_place place = {.offset = offset, .clicked = (uint32_t)i};
		if (fwrite(&place, sizeof place, 1, index) != 1)
			return status_errno("the index of %s", s->behaviors.path);
		s->count++;
	}
	return ST_OK;
}

static enum status read_lines(struct samples *s, FILE *index)
{
	enum status st = ST_OK;
	bool more = true;
	while (st == ST_OK && more) {
		const uint64_t offset = s->behaviors.offset;
		st = cli_interrupted() ? cli_interrupted_status() : behaviors_next(&s->behaviors, &more);
		if (st == ST_OK && more)
			st = add_line(s, offset, index);
	}
	if (st == ST_OK && s->count == 0)
		st = status_fail(ST_USAGE, "%s: no impression with a clicked and a not-clicked candidate to learn from",
		                 s->behaviors.path);
	if (st == ST_OK && fflush(index) != 0)
		st = status_errno("the index of %s", s->behaviors.path);
	return st;
}

static enum status map_index(struct samples *s, FILE *index)
{
	s->index.size = s->count * sizeof(struct sample_place);
	void *data = mmap(NULL, s->index.size, PROT_READ, MAP_SHARED, fileno(index), 0);
	if (data == MAP_FAILED) {
		s->index.size = 0;
		return status_errno("the index of %s", s->behaviors.path);
	}
	s->index.data = data;
	return ST_OK;
}

enum status samples_open(struct samples *s, const char *path, const struct catalog *news, const char *folder)
{
	FILE *index;
	*s = (struct samples){0};
	enum status st = behaviors_open(&s->behaviors, path, news);
	if (st != ST_OK)
		return st;
	s->in_training = xcalloc((size_t)news->count + 1, 1);
	st = file_open_nameless(folder, &index);
	if (st == ST_OK) {
		st = read_lines(s, index);
		if (st == ST_OK)
			st = map_index(s, index);
		if (fclose(index) != 0 && st == ST_OK)
			st = status_errno("the index of %s", path);
	}
	if (st == ST_OK && s->count <= SAMPLES_SHUFFLED)
		s->order = xmalloc(((size_t)s->count + 1) * sizeof *s->order);
	if (st != ST_OK)
		samples_close(s);
	return st;
}

void samples_close(struct samples *s)
{
	behaviors_close(&s->behaviors);
	file_map_close(&s->index);
	free(s->order);
	free(s->in_training);
	free(s->positions);
	name_table_release(&s->readers);
	*s = (struct samples){0};
}

/* Order --------------------------------------------------------------------------------------------------------------- */

uint32_t samples_permute(uint64_t seed, int64_t epoch, uint32_t count, uint32_t i)
{
	const uint64_t stream = rng_stream("long order") + (uint64_t)epoch;
	unsigned half = 1;
	while (half < 16 && (uint64_t)1 << 2 * half < count)
		half++;
	const uint32_t mask = ((uint32_t)1 << half) - 1;
	uint64_t x = i;
	do {
		uint32_t left = (uint32_t)(x >> half) & mask, right = (uint32_t)x & mask, block[4];
		for (unsigned round = 0; round < FEISTEL_ROUNDS; round++) {
			rng_block(seed, stream, (uint64_t)round << 32 | right, block);
			const uint32_t next = left ^ (block[0] & mask);
			left = right;
			right = next;
		}
		x = (uint64_t)left << half | right;
	} while (x >= count);
	return (uint32_t)x;
}

void samples_start_epoch(struct samples *s, uint64_t seed, int64_t epoch)
{
	struct rng rng;
	if (!s->order)
		return;
	rng_init(&rng, seed, rng_stream("order") + (uint64_t)epoch);
	for (uint32_t i = 0; i < s->count; i++)
		s->order[i] = i;
	rng_shuffle(&rng, s->order, s->count);
}

/* Drawing ------------------------------------------------------------------------------------------------------------- */

/* What draws have read of both files stays mapped until then, and would look like memory of this process. */
static void forget(struct samples *s)
{
	if (++s->drawn % DRAWS_KEPT)
		return;
	file_map_forget(&s->behaviors.map, s->behaviors.map.size);
	file_map_forget(&s->index, s->index.size);
}

/* Positions of the not-clicked candidates of the line at hand. */
static uint32_t list_negatives(struct samples *s)
{
	const struct impression *m = &s->behaviors.impression;
	if (s->positions_size < m->candidate_count) {
		s->positions_size = m->candidate_count * 2;
		s->positions = xrealloc(s->positions, s->positions_size, sizeof *s->positions);
	}
	uint32_t n = 0;
	for (size_t i = 0; i < m->candidate_count; i++)
		if (m->labels[i] == 0)
			s->positions[n++] = (uint32_t)i;
	return n;
}

enum status samples_draw(struct samples *s, uint64_t seed, int64_t epoch, uint32_t i, int negatives,
                         uint32_t *candidates)
{
	const uint32_t sample = s->order ? s->order[i] : samples_permute(seed, epoch, s->count, i);
	forget(s);
	const struct sample_place place = ((const struct sample_place *)(const void *)s->index.data)[sample];
	enum status st = behaviors_at(&s->behaviors, place.offset);
	if (st != ST_OK)
		return st;
	const struct impression *m = &s->behaviors.impression;
	uint32_t n = list_negatives(s);
	if (place.clicked >= m->candidate_count || n == 0)
		return status_fail(ST_INTEGRITY, "%s changed while it was being read", s->behaviors.path);
	struct rng rng;
	rng_init(&rng, seed, rng_stream("negatives") + ((uint64_t)epoch << 32) + sample);
	candidates[0] = m->candidates[place.clicked];
	const bool replace = n < (uint32_t)negatives;
	for (int k = 0; k < negatives; k++) {
		const uint32_t pick = rng_below(&rng, n);
		candidates[1 + k] = m->candidates[s->positions[pick]];
		if (!replace)
			s->positions[pick] = s->positions[--n];
	}
	return ST_OK;
}
