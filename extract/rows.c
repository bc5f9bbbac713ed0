#include "extract/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/covers.h"
#include "common/file.h"
#include "common/log.h"
#include "common/pool.h"

/* A news in a worker's hands. */
struct slot {
	bool have_cover;
	char *damage; /* what is wrong with the cover, or NULL */
	void *own;    /* the kind's */
};

struct rows {
	struct row_setup setup;
	struct extract_options options;
	const struct catalog *news;
	struct shard_column columns[SHARD_COLUMNS_MAX];
	struct shard_info info;
	uint8_t *cover_states; /* [catalogue]; NULL until they are asked for */
	struct slot *slots;    /* [window] */
	double *prepare_s;     /* [workers] */
	int workers, window;
	/* the block of rows in work */
	void *block[SHARD_COLUMNS_MAX];
	size_t width[SHARD_COLUMNS_MAX]; /* values of a row */
	const char *id[ROWS_BLOCK];
	uint8_t state[ROWS_BLOCK];
	size_t count;
	/* the part in work */
	struct shard_writer *writer;
	uint32_t first_row;
	int64_t done;
	/* for the report */
	double write_s, total_s;
	int64_t news_count, state_count[FEATURE_TEXT_ONLY + 1], damaged;
};

/* Opening ---------------------------------------------------------------------------------------------------------- */

static size_t row_width(const struct h5_shape *shape)
{
	size_t n = 1;

	for (int i = 1; i < shape->ndim; i++)
		n *= (size_t)shape->dim[i];
	return n;
}

void *rows_open(const struct row_setup *s, const struct extract_options *o, const struct catalog *news)
{
	struct rows *r = xcalloc(1, sizeof(*r));

	r->setup = *s;
	r->options = *o;
	r->news = news;
	memcpy(r->columns, s->columns, s->column_count * sizeof(*r->columns));
	r->info = (struct shard_info){.kind = s->name,
	                              .columns = r->columns,
	                              .column_count = s->column_count,
	                              .network = s->network,
	                              .weights_sha256 = s->weights_sha256 ? s->weights_sha256 : weights_digest(o->weights),
	                              .preprocessing = s->preprocessing,
	                              .arguments = o->arguments,
	                              .part_rows = (uint64_t)o->part_rows};
	/* A cover is decoded in a fraction of the time that the network takes, and the network has all processors. */
	r->workers = o->jobs > 4 ? o->jobs / 4 : 1;
	r->window = 2 * r->workers + 2;
	r->slots = xcalloc((size_t)r->window, sizeof(*r->slots));
	for (int i = 0; i < r->window; i++)
		r->slots[i].own = xcalloc(1, s->kind->slot_size);
	r->prepare_s = xcalloc((size_t)r->workers, sizeof(*r->prepare_s));
	for (size_t c = 0; c < s->column_count; c++) {
		r->width[c] = row_width(&r->columns[c].shape);
		r->block[c] = xcalloc(ROWS_BLOCK * r->width[c], sizeof(float));
	}
	return r;
}

void rows_close(void *run)
{
	struct rows *r = run;

	if (!r)
		return;
	for (int i = 0; i < r->window; i++) {
		if (r->setup.kind->release)
			r->setup.kind->release(r->slots[i].own);
		free(r->slots[i].own);
		free(r->slots[i].damage);
	}
	for (size_t c = 0; c < r->info.column_count; c++)
		free(r->block[c]);
	r->setup.kind->close(r->setup.context);
	free(r->slots);
	free(r->prepare_s);
	free(r->cover_states);
	free(r->setup.preprocessing);
	free(r);
}

const struct shard_info *rows_info(const void *run)
{
	const struct rows *r = run;

	return &r->info;
}

static enum status read_states(struct rows *r)
{
	if (r->cover_states || !(r->setup.kind->reads & READS_COVERS))
		return ST_OK;
	r->cover_states = xmalloc((size_t)r->news->count + 1);
	return covers_read(r->options.data, r->news, r->cover_states);
}

/* Inputs ----------------------------------------------------------------------------------------------------------- */

struct hashing {
	struct rows *rows;
	uint32_t first;
	struct digest *digest;
	char (*hex)[DIGEST_HEX]; /* of the items in flight */
};

static enum status hash_cover(void *context, int64_t item, int slot, int worker)
{
	struct hashing *h = context;

	(void)worker;
	return pictures_digest(h->rows->options.covers, h->rows->news->news[h->first + item].id, h->hex[slot]);
}

static enum status add_inputs(void *context, int64_t item, int slot)
{
	struct hashing *h = context;
	const struct rows *r = h->rows;
	const struct news *n = &r->news->news[h->first + item];

	digest_add_string(h->digest, n->id);
	if (r->setup.kind->digest)
		r->setup.kind->digest(n, h->digest);
	if (r->setup.kind->reads & READS_COVERS) {
		digest_add_string(h->digest, h->hex[slot]);
		digest_add_string(h->digest, cover_state_name((enum feature_state)r->cover_states[h->first + item]));
	}
	return ST_OK;
}

static enum status hash_nothing(void *context, int64_t item, int slot, int worker)
{
	(void)context;
	(void)item;
	(void)slot;
	(void)worker;
	return ST_OK;
}

static void add_options(struct digest *d, const struct rows *r, uint32_t part)
{
	char *numbers = path_printf("%d %lld %u", (int)r->options.type, (long long)r->options.part_rows, part);

	digest_add_string(d, r->setup.kind->method);
	digest_add_string(d, r->info.network);
	digest_add_string(d, r->info.weights_sha256);
	digest_add_string(d, r->info.preprocessing);
	digest_add_string(d, numbers);
	free(numbers);
}

enum status rows_part_inputs(void *run, uint32_t part, char hex[DIGEST_HEX])
{
	struct rows *r = run;
	struct hashing h = {.rows = r, .first = (uint32_t)(part * (uint64_t)r->options.part_rows), .digest = digest_new()};
	struct pool_job job = {.work = r->setup.kind->reads & READS_COVERS ? hash_cover : hash_nothing,
	                       .consume = add_inputs,
	                       .context = &h,
	                       .count = extract_part_length(&r->options, r->news, part),
	                       .workers = r->options.jobs,
	                       .window = 4 * r->options.jobs};
	enum status st = read_states(r);

	h.hex = xcalloc((size_t)job.window, sizeof(*h.hex));
	add_options(h.digest, r, part);
	if (st == ST_OK)
		st = pool_run(&job);
	digest_finish(h.digest, hex);
	free(h.hex);
	return st;
}

/* Rows ------------------------------------------------------------------------------------------------------------- */

/* Weights with NaN, or features too large for halves, would spoil whatever is trained on them. */
static enum status check_finite(const struct rows *r)
{
	for (size_t c = 0; c < r->info.column_count; c++) {
		const float *values = r->block[c];
		float most = r->columns[c].shape.type == H5_F16 ? 65504 : INFINITY;

		if (r->columns[c].shape.type != H5_F16 && r->columns[c].shape.type != H5_F32)
			continue;
		for (size_t i = 0; i < r->count * r->width[c]; i++) {
			if (isfinite(values[i]) && fabsf(values[i]) <= most)
				continue;
			return status_fail(ST_MALFORMED, "%s: %s of %s is %g%s", r->options.weights_source, r->columns[c].name,
			                   r->id[i / r->width[c]], (double)values[i],
			                   isfinite(values[i]) ? ", more than half precision holds: take --dtype f32"
			                                       : ": the weights do not fit this network or are damaged");
		}
	}
	return ST_OK;
}

static enum status write_block(struct rows *r)
{
	enum status st = r->setup.kind->flush ? r->setup.kind->flush(r->setup.context) : ST_OK;
	double start = now_s();
	const void *data[SHARD_COLUMNS_MAX];

	for (size_t c = 0; c < r->info.column_count; c++)
		data[c] = r->block[c];
	if (st == ST_OK)
		st = check_finite(r);
	if (st == ST_OK)
		st = shard_append(r->writer, r->count, r->id, r->state, data);
	for (size_t i = 0; i < r->count; i++)
		r->state_count[r->state[i]]++;
	for (size_t c = 0; c < r->info.column_count; c++)
		memset(r->block[c], 0, ROWS_BLOCK * r->width[c] * sizeof(float));
	r->count = 0;
	r->write_s += now_s() - start;
	return st;
}

/* What cannot be read for want of memory or by the system's refusal stops the run; a damaged file does not. */
static enum status load_cover(const struct rows *r, const char *id, struct slot *s, struct image *cover)
{
	enum status st;

	s->have_cover = false;
	if (!(r->setup.kind->reads & READS_COVERS) || !pictures_have(r->options.covers, id))
		return ST_OK;
	st = pictures_load(cover, r->options.covers, id);
	s->have_cover = st == ST_OK;
	if (st == ST_MALFORMED) {
		s->damage = xstrdup(status_message());
		st = ST_OK;
	}
	return st;
}

static enum status work(void *context, int64_t item, int slot, int worker)
{
	struct rows *r = context;
	const struct news *n = &r->news->news[r->first_row + item];
	struct slot *s = &r->slots[slot];
	struct image cover = {0};
	double start = now_s();
	enum status st = load_cover(r, n->id, s, &cover);

	if (st == ST_OK)
		st = r->setup.kind->prepare(r->setup.context, n, s->have_cover ? &cover : NULL, s->own);
	image_release(&cover);
	r->prepare_s[worker] += now_s() - start;
	return st;
}

static enum status consume(void *context, int64_t item, int slot)
{
	struct rows *r = context;
	struct slot *s = &r->slots[slot];
	uint32_t row_number = r->first_row + (uint32_t)item;
	const struct news *n = &r->news->news[row_number];
	size_t i = r->count++;
	struct row row = {.state = &r->state[i]};
	enum status st;

	if (s->damage) {
		log_warn("%s; it counts as missing", s->damage);
		free(s->damage);
		s->damage = NULL;
		r->damaged++;
	}
	r->id[i] = n->id;
	r->state[i] = s->have_cover ? r->cover_states[row_number] : FEATURE_MISSING;
	for (size_t c = 0; c < r->info.column_count; c++)
		row.column[c] = (float *)r->block[c] + i * r->width[c];
	st = r->setup.kind->add(r->setup.context, n, s->own, &row);
	if (st == ST_OK && r->count == ROWS_BLOCK)
		st = write_block(r);
	progress_set(r->done + item + 1);
	return st;
}

static enum status fill_part(struct rows *r, uint32_t count)
{
	struct pool_job job = {
		.work = work, .consume = consume, .context = r, .count = count, .workers = r->workers, .window = r->window};
	enum status st = pool_run(&job);

	return st == ST_OK && r->count > 0 ? write_block(r) : st;
}

enum status rows_make_part(void *run, uint32_t part, const char *inputs_sha256, int64_t done)
{
	struct rows *r = run;
	uint32_t count = extract_part_length(&r->options, r->news, part);
	double start = now_s();
	enum status st = read_states(r);

	r->first_row = (uint32_t)(part * (uint64_t)r->options.part_rows);
	r->done = done;
	r->count = 0;
	if (st == ST_OK)
		st = shard_create(&r->writer, r->options.data, &r->info, part, inputs_sha256);
	if (st == ST_OK) {
		st = fill_part(r, count);
		if (st == ST_OK)
			st = shard_commit(r->writer);
		else
			shard_discard(r->writer);
	}
	r->writer = NULL;
	r->news_count += count;
	r->total_s += now_s() - start;
	return st;
}

enum status rows_report(const void *run)
{
	const struct rows *r = run;
	const struct network_time *t = r->setup.time;
	double prepare = 0, waiting = r->total_s - t->run_s - t->make_s - r->write_s;

	for (int i = 0; i < r->workers; i++)
		prepare += r->prepare_s[i];
	log_info(
		"%lld news in %.1f s: %lld %s through %s %.1f s (%.0f %%), making it %.1f s, waiting for what goes in %.1f s "
		"(%d thread%s busy %.1f s decoding and preparing), writing %.1f s",
		(long long)r->news_count, r->total_s, (long long)t->items, r->setup.kind->unit, r->info.network, t->run_s,
		r->total_s > t->make_s ? 100 * t->run_s / (r->total_s - t->make_s) : 0.0, t->make_s, waiting > 0 ? waiting : 0,
		r->workers, r->workers == 1 ? "" : "s", prepare, r->write_s);
	log_info(
		"%lld of the news' own image, %lld of an archive's copy, %lld of a substitute, %lld of text only, %lld missing",
		(long long)r->state_count[FEATURE_ORIGINAL], (long long)r->state_count[FEATURE_ARCHIVE],
		(long long)r->state_count[FEATURE_SUBSTITUTE], (long long)r->state_count[FEATURE_TEXT_ONLY],
		(long long)r->state_count[FEATURE_MISSING]);
	if (r->setup.kind->report)
		r->setup.kind->report(r->setup.context);
	if (r->damaged > 0)
		return status_fail(ST_PARTIAL, "%lld covers are damaged, and count as missing", (long long)r->damaged);
	return ST_OK;
}
