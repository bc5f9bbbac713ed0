#include "model/train/sparse_samples.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/cli.h"
#include "common/digest.h"
#include "common/fault.h"
#include "common/log.h"
#include "model/train/sparse_fields.h"

#define MAGIC     "CVLSPRS1"
#define HEX       (DIGEST_HEX - 1)
#define BLOCK     ((size_t)1 << 20)
#define PAIRS_MAX ((uint64_t)1 << 48)

struct header {
	char magic[8], key[HEX], digest[HEX];
	uint64_t samples, pairs, buckets;
};

/* Reading ------------------------------------------------------------------------------------------------------------- */

static enum status wrong(const char *what)
{
	return status_fail(ST_INTEGRITY, "samples: %s", what);
}

/* Bytes that a file of so many samples and pairs has; each is at most PAIRS_MAX. */
static uint64_t size_of(uint64_t samples, uint64_t pairs)
{
	return sizeof(struct header) + (samples + 1) * 8 + pairs * 8 + samples;
}

static enum status check_rows(const struct sparse_samples *s)
{
	if (s->offset[0] != 0 || s->offset[s->count] != s->pairs)
		return wrong("offsets do not cover the pairs");
	for (uint64_t i = 0; i < s->count; i++) {
		const uint64_t first = s->offset[i], end = s->offset[i + 1];
		if (end < first || end > s->pairs)
			return wrong("offsets are not in order");
		for (uint64_t p = first; p < end; p++)
			if (s->index[p] >= s->buckets || (p > first && s->index[p] <= s->index[p - 1]))
				return wrong("an index is out of range or out of order");
		if (s->label[i] > 1)
			return wrong("a label is neither 0 nor 1");
	}
	return ST_OK;
}

enum status sparse_samples_lay_out(struct sparse_samples *s, const char *bytes, size_t size)
{
	struct header h;
	if (size < sizeof h)
		return wrong("no header");
	memcpy(&h, bytes, sizeof h);
	if (memcmp(h.magic, MAGIC, sizeof h.magic) != 0)
		return wrong("another format");
	if (h.samples > PAIRS_MAX || h.pairs > PAIRS_MAX || h.buckets > INT32_MAX || size != size_of(h.samples, h.pairs))
		return wrong("of another size than its header says");
	s->count = h.samples;
	s->pairs = h.pairs;
	s->buckets = h.buckets;
	s->offset = (const uint64_t *)(const void *)(bytes + sizeof h);
	s->index = (const uint32_t *)(const void *)(s->offset + s->count + 1);
	s->value = (const float *)(const void *)(s->index + s->pairs);
	s->label = (const uint8_t *)(s->value + s->pairs);
	return check_rows(s);
}

static void digest_of(const char *bytes, size_t size, char hex[DIGEST_HEX])
{
	const size_t at = offsetof(struct header, samples);
	struct digest *d = digest_new();
	for (size_t done = at; done < size; done += BLOCK)
		digest_add(d, bytes + done, size - done < BLOCK ? size - done : BLOCK);
	digest_finish(d, hex);
}

/* Maps the file. ST_OK with map.data NULL if it is not of the key; ST_INTEGRITY if it is damaged or of other buckets. */
static enum status map_file(struct sparse_samples *s, const char *path, const char *key, uint64_t buckets)
{
	char hex[DIGEST_HEX];
	const struct header *h;
	enum status st = file_map_open(&s->map, path);
	if (st != ST_OK)
		return st;
	h = (const void *)s->map.data;
	if (s->map.size >= sizeof *h && memcmp(h->magic, MAGIC, sizeof h->magic) == 0 &&
	    memcmp(h->key, key, sizeof h->key) != 0) {
		sparse_samples_close(s);
		return ST_OK;
	}
	st = sparse_samples_lay_out(s, s->map.data, s->map.size);
	if (st == ST_OK) {
		digest_of(s->map.data, s->map.size, hex);
		if (memcmp(h->digest, hex, sizeof h->digest) != 0)
			st = wrong("a byte has changed");
	}
	if (st == ST_OK && s->buckets != buckets)
		st = wrong("of another number of buckets than the settings");
	file_map_forget(&s->map, s->map.size);
	if (st != ST_OK)
		sparse_samples_close(s);
	return st;
}

void sparse_samples_close(struct sparse_samples *s)
{
	file_map_close(&s->map);
	*s = (struct sparse_samples){0};
}

/* Writing ------------------------------------------------------------------------------------------------------------- */

/* The columns of the file grow side by side, each in a file without a name. */
enum { OFFSETS, INDICES, VALUES, LABELS, LISTS };
struct writing {
	const struct pass_world *w;
	unsigned groups;
	FILE *list[LISTS];
	struct sparse_reader *reader;
	struct sparse_pairs pairs;
	struct header header;
};

static enum status put(struct writing *x, int list, const void *bytes, size_t n)
{
	return fwrite(bytes, 1, n, x->list[list]) == n ? ST_OK : status_errno("samples in %s", x->w->run);
}

static enum status put_sample(struct writing *x, uint32_t candidate, uint8_t label)
{
	struct sparse_pairs *p = &x->pairs;
	p->count = 0;
	sparse_reader_add(x->reader, candidate, x->groups, p, NULL);
	sparse_pairs_merge(p, 0);
	enum status st = put(x, INDICES, p->index, p->count * sizeof *p->index);
	for (size_t i = 0; i < p->count && st == ST_OK; i++) {
		const float value = (float)p->value[i];
		st = put(x, VALUES, &value, sizeof value);
	}
	if (st == ST_OK)
		st = put(x, LABELS, &label, 1);
	x->header.samples++;
	x->header.pairs += p->count;
	return st == ST_OK ? put(x, OFFSETS, &x->header.pairs, sizeof x->header.pairs) : st;
}

static void set_reader(struct writing *x, const struct impression *m)
{
	struct reader who = reader_of(&x->w->data->readers, m);
	const size_t most = (size_t)x->w->history, dropped = who.count > most ? who.count - most : 0;
	who.clicks += dropped;
	who.count -= dropped;
	sparse_reader_set(x->reader, &who);
}

/* In the order of the first epoch. */
static enum status put_drawn(struct writing *x)
{
	struct samples *from = x->w->samples;
	const int negatives = (int)x->w->negatives;
	uint32_t *candidates = xcalloc((size_t)negatives + 1, sizeof *candidates);
	enum status st = ST_OK;
	samples_start_epoch(from, x->w->seed, 0);
	for (uint32_t i = 0; i < from->count && st == ST_OK; i++) {
		st = cli_interrupted() ? cli_interrupted_status() : samples_draw(from, x->w->seed, 0, i, negatives, candidates);
		if (st == ST_OK)
			set_reader(x, &from->behaviors.impression);
		for (int k = 0; k <= negatives && st == ST_OK; k++)
			st = put_sample(x, candidates[k], k == 0);
	}
	free(candidates);
	return st;
}

static enum status put_all(struct writing *x)
{
	struct behaviors file;
	const struct impression *m = &file.impression;
	bool more = true;
	enum status st = behaviors_open(&file, x->w->train, x->w->data->news);
	if (st != ST_OK)
		return st;
	while (st == ST_OK && more) {
		st = cli_interrupted() ? cli_interrupted_status() : behaviors_next(&file, &more);
		if (st != ST_OK || !more)
			break;
		set_reader(x, m);
		for (size_t i = 0; i < m->candidate_count && st == ST_OK; i++)
			if (m->labels[i] != CANDIDATE_UNLABELLED)
				st = put_sample(x, m->candidates[i], m->labels[i] == 1);
	}
	behaviors_close(&file);
	return st;
}

static enum status copy_list(struct writing *x, int list, FILE *out, struct digest *d)
{
	char *block = xmalloc(BLOCK);
	enum status st = fflush(x->list[list]) == 0 ? ST_OK : status_errno("samples in %s", x->w->run);
	rewind(x->list[list]);
	for (size_t n = BLOCK; n == BLOCK && st == ST_OK;) {
		n = fread(block, 1, BLOCK, x->list[list]);
		if (ferror(x->list[list]) || fwrite(block, 1, n, out) != n)
			st = status_errno("samples in %s", x->w->run);
		digest_add(d, block, n);
	}
	free(block);
	return st;
}

/* The header goes in once more when the digest is known. */
static enum status assemble(struct writing *x, const char *path)
{
	struct file_writer out;
	char hex[DIGEST_HEX];
	enum status st = file_create(&out, path);
	if (st != ST_OK)
		return st;
	if (fwrite(&x->header, sizeof x->header, 1, out.stream) != 1)
		st = status_errno("%s", path);
	struct digest *d = digest_new();
	digest_add(d, &x->header.samples, sizeof x->header - offsetof(struct header, samples));
	for (int i = 0; i < LISTS && st == ST_OK; i++)
		st = copy_list(x, i, out.stream, d);
	digest_finish(d, hex);
	memcpy(x->header.digest, hex, HEX);
	if (st == ST_OK &&
	    (fseeko(out.stream, 0, SEEK_SET) != 0 || fwrite(&x->header, sizeof x->header, 1, out.stream) != 1))
		st = status_errno("%s", path);
	if (st != ST_OK) {
		file_discard(&out);
		return st;
	}
	fault_point("train.samples");
	return file_commit(&out);
}

static enum status write_file(const struct pass_world *w, enum sparse_shown shown, unsigned groups, const char *path,
                              const char *key)
{
	struct writing x = {.w = w, .groups = groups, .reader = sparse_reader_new(w->data)};
	memcpy(x.header.magic, MAGIC, sizeof x.header.magic);
	memcpy(x.header.key, key, sizeof x.header.key);
	x.header.buckets = (uint64_t)w->data->sparse.settings->buckets;
	enum status st = ST_OK;
	for (int i = 0; i < LISTS && st == ST_OK; i++)
		st = file_open_nameless(w->run, &x.list[i]);
	if (st == ST_OK)
		st = put(&x, OFFSETS, &x.header.pairs, sizeof x.header.pairs);
	if (st == ST_OK)
		st = shown == SPARSE_ALL ? put_all(&x) : put_drawn(&x);
	if (st == ST_OK)
		st = assemble(&x, path);
	for (int i = 0; i < LISTS; i++)
		if (x.list[i] && fclose(x.list[i]) != 0 && st == ST_OK)
			st = status_errno("samples in %s", w->run);
	sparse_reader_free(x.reader);
	sparse_pairs_release(&x.pairs);
	return st;
}

static enum status make_key(const struct pass_world *w, enum sparse_shown shown, unsigned groups, char key[DIGEST_HEX])
{
	char train[DIGEST_HEX];
	enum status st = digest_file(w->train, train);
	if (st != ST_OK)
		return st;
	const uint64_t numbers[] = {w->seed, (uint64_t)w->history, (uint64_t)w->negatives, shown, groups};
	struct digest *d = digest_new();
	digest_add_string(d, MAGIC " " COVERLINE_VERSION);
	digest_add_string(d, w->identity);
	digest_add_string(d, train);
	digest_add(d, numbers, sizeof numbers);
	digest_finish(d, key);
	return ST_OK;
}

enum status sparse_samples_open(struct sparse_samples *s, const struct pass_world *w, enum sparse_shown shown,
                                unsigned groups)
{
	const uint64_t buckets = (uint64_t)w->data->sparse.settings->buckets;
	char key[DIGEST_HEX], *path = path_join(w->run, "samples.bin");
	*s = (struct sparse_samples){0};
	enum status st = make_key(w, shown, groups, key);
	if (st == ST_OK && file_exists(path) && map_file(s, path, key, buckets) != ST_OK)
		log_info("%s is written again: %s", path, status_message());
	if (st == ST_OK && !s->map.data) {
		st = write_file(w, shown, groups, path, key);
		if (st == ST_OK)
			st = map_file(s, path, key, buckets);
		if (st == ST_OK && !s->map.data)
			st = status_fail(ST_INTEGRITY, "%s changed while it was being made", path);
	}
	if (st == ST_OK)
		log_info("%s: %llu samples of %.1f features each", path, (unsigned long long)s->count,
		         s->count ? (double)s->pairs / (double)s->count : 0);
	free(path);
	return st;
}

/* Columns ------------------------------------------------------------------------------------------------------------- */

enum status sparse_columns_open(struct sparse_columns *c, const struct sparse_samples *s, const char *folder)
{
	*c = (struct sparse_columns){0};
	if (s->count > UINT32_MAX)
		return status_fail(ST_MEMORY, "columns of %llu samples", (unsigned long long)s->count);
	/* One map for all: offsets [buckets + 1], samples and values [pairs], residual and sum [samples]. */
	c->size = (size_t)((s->buckets + 1) * 8 + s->pairs * 8 + s->count * 8);
	enum status st = file_map_nameless(folder, c->size, &c->map);
	if (st != ST_OK)
		return st;
	uint64_t *offset = c->map;
	uint32_t *sample = (uint32_t *)(offset + s->buckets + 1);
	float *value = (float *)(void *)(sample + s->pairs);
	c->offset = offset;
	c->sample = sample;
	c->value = value;
	c->residual = value + s->pairs;
	c->sum = c->residual + s->count;
	uint64_t *end = xcalloc((size_t)s->buckets + 1, sizeof *end);
	for (uint64_t p = 0; p < s->pairs; p++)
		offset[s->index[p] + 1]++;
	for (uint64_t j = 0; j < s->buckets; j++) {
		offset[j + 1] += offset[j];
		end[j] = offset[j];
	}
	for (uint64_t i = 0; i < s->count; i++)
		for (uint64_t p = s->offset[i]; p < s->offset[i + 1]; p++) {
			const uint64_t at = end[s->index[p]]++;
			sample[at] = (uint32_t)i;
			value[at] = s->value[p];
		}
	free(end);
	return ST_OK;
}

void sparse_columns_close(struct sparse_columns *c)
{
	if (c->map)
		munmap(c->map, c->size);
	*c = (struct sparse_columns){0};
}
