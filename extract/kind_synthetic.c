/* Kind "synthetic": random vectors, of the columns of another kind if asked for, that follow from the seed of --weights and a
 * news' id alone. For measuring with catalogues of any size; everything made from them says that the weights are random.
 * Columns: vector [512], or those of clip, cover or vgg. */
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/rng.h"
#include "extract/rows.h"

enum { SYNTHETIC_COLUMNS = 4, WIDTH_MAX = 4096, VALUES_A_BLOCK = 4 };

struct synthetic_columns {
	const struct kind *kind; /* in whose place */
	const char *name[SYNTHETIC_COLUMNS];
	uint64_t width;
};

static const struct synthetic_columns layouts[] = {
	{&kind_synthetic, {"vector"}, 512},
	{&kind_synthetic_clip, {"image", "title", "category", "subcategory"}, 512},
	{&kind_synthetic_cover, {"pooled"}, 2048},
	{&kind_synthetic_vgg, {"fc7"}, 4096},
};

struct synthetic_kind {
	const struct synthetic_columns *columns;
	uint64_t seed;
	struct network_time time;
};

static enum status prepare(void *context, const struct news *n, struct image *cover, void *slot)
{
	(void)context;
	(void)n;
	(void)cover;
	(void)slot;
	return ST_OK;
}

/* Uniform in [-1, 1). */
static enum status add(void *context, const struct news *n, void *slot, const struct row *row)
{
	struct synthetic_kind *k = context;
	uint32_t bits[WIDTH_MAX];
	const uint64_t stream = hash_bytes(n->id, strlen(n->id)), width = k->columns->width;
	const double start = now_s();
	(void)slot;
	for (int c = 0; c < SYNTHETIC_COLUMNS && k->columns->name[c]; c++) {
		float *x = row->column[c];
		rng_blocks(k->seed, stream, (uint64_t)c * WIDTH_MAX, width / VALUES_A_BLOCK, bits);
		for (uint64_t i = 0; i < width; i++)
			x[i] = (float)(int32_t)bits[i] * 0x1p-31f;
	}
	*row->state = FEATURE_ORIGINAL;
	k->time.run_s += now_s() - start;
	k->time.items++;
	return ST_OK;
}

static const struct row_kind row_kind = {.method = "synthetic 1",
                                         .unit = "news",
                                         .reads = READS_TEXT,
                                         .slot_size = 1,
                                         .prepare = prepare,
                                         .add = add,
                                         .close = free};

static enum status open_columns(void **run, const struct synthetic_columns *s, const struct extract_options *o,
                                const struct catalog *news)
{
	struct shard_column columns[SYNTHETIC_COLUMNS];
	size_t count = 0;
	char digest[DIGEST_HEX];
	if (!weights_are_random(o->weights))
		return status_fail(ST_USAGE, "--kind synthetic: expected --weights random:SEED, found \"%s\"",
		                   o->weights_source);
	if (strcmp(o->network, "synthetic") != 0)
		return status_fail(ST_USAGE, "--network %s: expected synthetic", o->network);
	for (; count < SYNTHETIC_COLUMNS && s->name[count]; count++)
		columns[count] = kind_column(s->name[count], o->type, s->width, 0);
	struct synthetic_kind *k = xcalloc(1, sizeof *k);
	k->columns = s;
	/* The seed as it was given is part of the name that the weights go by. */
	digest_bytes(weights_digest(o->weights), strlen(weights_digest(o->weights)), digest);
	k->seed = hash_bytes(digest, strlen(digest));
	*run = rows_open(&(struct row_setup){.kind = &row_kind,
	                                     .context = k,
	                                     .columns = columns,
	                                     .column_count = count,
	                                     .name = s->kind->name,
	                                     .network = "synthetic",
	                                     .preprocessing = xstrdup("none: uniform in [-1, 1), by id"),
	                                     .time = &k->time},
	                 o, news);
	return ST_OK;
}

static enum status open_vector(void **run, const struct extract_options *o, const struct catalog *news)
{
	return open_columns(run, &layouts[0], o, news);
}

static enum status open_clip(void **run, const struct extract_options *o, const struct catalog *news)
{
	return open_columns(run, &layouts[1], o, news);
}

static enum status open_cover(void **run, const struct extract_options *o, const struct catalog *news)
{
	return open_columns(run, &layouts[2], o, news);
}

static enum status open_vgg(void **run, const struct extract_options *o, const struct catalog *news)
{
	return open_columns(run, &layouts[3], o, news);
}

#define SYNTHETIC(kind_name, open_function)                                                                            \
	{                                                                                                                  \
		.name = (kind_name), .network = "synthetic", .reads = READS_TEXT, .open = (open_function), ROW_KIND_FUNCTIONS  \
	}

const struct kind kind_synthetic = SYNTHETIC("synthetic", open_vector);
const struct kind kind_synthetic_clip = SYNTHETIC("clip", open_clip);
const struct kind kind_synthetic_cover = SYNTHETIC("cover", open_cover);
const struct kind kind_synthetic_vgg = SYNTHETIC("vgg", open_vgg);

const struct kind *kind_find_synthetic(const char *as)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (strcmp(layouts[i].kind->name, as) == 0)
			return layouts[i].kind;
	return NULL;
}
