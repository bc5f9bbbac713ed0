#include "model/encoders/weights.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/half.h"
#include "common/rng.h"

#define RANDOM_PREFIX "random:"
#define NAMES_SHOWN   12 /* of each kind of disagreement, before "and N more" */
#define MESSAGE_MAX   16384

enum dtype { DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_OTHER };

/* A tensor of the file. DTYPE_OTHER is there to be named, and cannot be read. */
struct entry {
	const char *name; /* in the header */
	enum dtype dtype;
	int ndim;
	int64_t dim[WEIGHTS_DIMS_MAX];
	uint64_t first, end; /* bytes of data */
};

struct weights {
	char *source;
	bool random;
	uint64_t seed;
	struct file_map map;
	json_t *header;
	const unsigned char *data;
	uint64_t data_size;
	struct entry *entries; /* sorted by name */
	size_t entry_count;
	char digest[DIGEST_HEX];
	char *random_digest; /* "random:SEED" */
};

/* Reading the header ----------------------------------------------------------------------------------------------- */

static enum status malformed(const struct weights *w, const char *name, const char *what)
{
	return status_fail(ST_MALFORMED, "%s: tensor %.*s: %s", w->source, WEIGHTS_NAME_MAX, name, what);
}

/* Known data types and their size; others are taken as they come, as nothing is read from them. */
static const struct {
	const char *name;
	enum dtype dtype;
	uint64_t size;
} dtypes[] = {{"F32", DTYPE_F32, 4},   {"F16", DTYPE_F16, 2},   {"BF16", DTYPE_BF16, 2}, {"F64", DTYPE_OTHER, 8},
              {"I64", DTYPE_OTHER, 8}, {"I32", DTYPE_OTHER, 4}, {"I16", DTYPE_OTHER, 2}, {"I8", DTYPE_OTHER, 1},
              {"U8", DTYPE_OTHER, 1},  {"BOOL", DTYPE_OTHER, 1}};

static enum status parse_dtype(const struct weights *w, struct entry *e, const json_t *value, uint64_t *size)
{
	const char *name = json_string_value(value);

	for (size_t i = 0; name && i < sizeof(dtypes) / sizeof(*dtypes); i++) {
		if (strcmp(name, dtypes[i].name) == 0) {
			e->dtype = dtypes[i].dtype;
			*size = dtypes[i].size;
			return ST_OK;
		}
	}
	return malformed(w, e->name, "dtype is none that is known (F32, F16, BF16, …)");
}

/* *bytes: element size in, size of the tensor out. */
static enum status parse_shape(const struct weights *w, struct entry *e, const json_t *value, uint64_t *bytes)
{
	if (!json_is_array(value) || json_array_size(value) > WEIGHTS_DIMS_MAX)
		return malformed(w, e->name, "shape is not an array of at most 8 sizes");
	e->ndim = (int)json_array_size(value);
	for (int i = 0; i < e->ndim; i++) {
		const json_t *size = json_array_get(value, (size_t)i);

		e->dim[i] = json_integer_value(size);
		if (!json_is_integer(size) || e->dim[i] < 0)
			return malformed(w, e->name, "shape has something other than a size");
		if (__builtin_mul_overflow(*bytes, (uint64_t)e->dim[i], bytes))
			return malformed(w, e->name, "shape is larger than any file");
	}
	return ST_OK;
}

static enum status parse_offsets(const struct weights *w, struct entry *e, const json_t *value, uint64_t bytes)
{
	const json_t *first = json_array_get(value, 0), *end = json_array_get(value, 1);

	if (json_array_size(value) != 2 || !json_is_integer(first) || !json_is_integer(end) ||
	    json_integer_value(first) < 0 || json_integer_value(end) < json_integer_value(first))
		return malformed(w, e->name, "data_offsets are not [first, end]");
	e->first = (uint64_t)json_integer_value(first);
	e->end = (uint64_t)json_integer_value(end);
	if (e->end > w->data_size)
		return malformed(w, e->name, "data_offsets reach beyond the file");
	if (e->end - e->first != bytes)
		return malformed(w, e->name, "data_offsets do not span what dtype and shape take");
	return ST_OK;
}

static enum status parse_entry(const struct weights *w, struct entry *e, const char *name, const json_t *value)
{
	uint64_t bytes = 0;
	enum status st;

	e->name = name;
	if (strlen(name) >= WEIGHTS_NAME_MAX)
		return malformed(w, name, "the name is too long");
	st = parse_dtype(w, e, json_object_get(value, "dtype"), &bytes);
	if (st == ST_OK)
		st = parse_shape(w, e, json_object_get(value, "shape"), &bytes);
	return st == ST_OK ? parse_offsets(w, e, json_object_get(value, "data_offsets"), bytes) : st;
}

static int by_offset(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static enum status check_overlap(struct weights *w)
{
	qsort(w->entries, w->entry_count, sizeof(*w->entries), by_offset);
	for (size_t i = 1; i < w->entry_count; i++) {
		if (w->entries[i].first < w->entries[i - 1].end)
			return malformed(w, w->entries[i].name, "its data overlap another tensor's");
	}
	return ST_OK;
}

static enum status parse_entries(struct weights *w)
{
	const char *name;
	json_t *value;
	enum status st = ST_OK;

	w->entries = xcalloc(json_object_size(w->header) + 1, sizeof(*w->entries));
	json_object_foreach(w->header, name, value)
	{
		if (strcmp(name, "__metadata__") == 0)
			continue;
		st = parse_entry(w, &w->entries[w->entry_count++], name, value);
		if (st != ST_OK)
			return st;
	}
	st = check_overlap(w);
	if (w->entry_count > 0)
		qsort(w->entries, w->entry_count, sizeof(*w->entries), by_name);
	return st;
}

static enum status parse(struct weights *w, const unsigned char *bytes, uint64_t size)
{
	uint64_t length = 0;
	json_error_t error;

	for (int i = 0; i < 8 && size >= 8; i++)
		length |= (uint64_t)bytes[i] << (8 * i);
	if (size < 8 || length > size - 8)
		return status_fail(ST_MALFORMED, "%s: cut short, or not a .safetensors file", w->source);
	if (length > WEIGHTS_HEADER_MAX)
		return status_fail(ST_MALFORMED, "%s: header of %llu bytes, expected at most %llu", w->source,
		                   (unsigned long long)length, (unsigned long long)WEIGHTS_HEADER_MAX);
	w->header = json_loadb((const char *)bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &error);
	if (!w->header || !json_is_object(w->header))
		return status_fail(ST_MALFORMED, "%s: the header is not a JSON object: %s", w->source,
		                   w->header ? "another JSON value" : error.text);
	w->data = bytes + 8 + length;
	w->data_size = size - 8 - length;
	return parse_entries(w);
}

/* Opening ---------------------------------------------------------------------------------------------------------- */

enum status weights_open_bytes(struct weights **out, const void *bytes, size_t size, const char *name)
{
	struct weights *w = xcalloc(1, sizeof(*w));
	enum status st;

	*out = NULL;
	w->source = xstrdup(name);
	st = parse(w, bytes, size);
	if (st == ST_OK) {
		digest_bytes(bytes, size, w->digest);
		*out = w;
	} else {
		weights_close(w);
	}
	return st;
}

static enum status open_random(struct weights **out, const char *source)
{
	const char *digits = source + strlen(RANDOM_PREFIX);
	struct weights *w;
	char *end;

	errno = 0;
	uint64_t seed = strtoull(digits, &end, 10);

	if (*digits < '0' || *digits > '9' || *end || errno)
		return status_fail(ST_USAGE, "weights %s: expected random:SEED, a number", source);
	w = xcalloc(1, sizeof(*w));
	w->source = xstrdup(source);
	w->random = true;
	w->seed = seed;
	w->random_digest = path_printf(RANDOM_PREFIX "%llu", (unsigned long long)seed);
	*out = w;
	return ST_OK;
}

enum status weights_open(struct weights **out, const char *source)
{
	struct file_map map;
	enum status st;

	*out = NULL;
	if (strncmp(source, RANDOM_PREFIX, strlen(RANDOM_PREFIX)) == 0)
		return open_random(out, source);
	st = file_map_open(&map, source);
	if (st == ST_OK)
		st = weights_open_bytes(out, map.data, map.size, source);
	if (st == ST_OK)
		(*out)->map = map;
	else
		file_map_close(&map);
	return st;
}

void weights_close(struct weights *w)
{
	if (!w)
		return;
	json_decref(w->header);
	file_map_close(&w->map);
	free(w->entries);
	free(w->source);
	free(w->random_digest);
	free(w);
}

const char *weights_digest(const struct weights *w)
{
	return w->random ? w->random_digest : w->digest;
}

bool weights_are_random(const struct weights *w)
{
	return w->random;
}

/* Checking --------------------------------------------------------------------------------------------------------- */

static const struct entry *find(const struct weights *w, const char *name)
{
	struct entry key = {.name = name};

	return w->entry_count ? bsearch(&key, w->entries, w->entry_count, sizeof(*w->entries), by_name) : NULL;
}

static bool same_shape(const struct entry *e, const struct weights_tensor *t)
{
	return e->ndim == t->ndim && memcmp(e->dim, t->dim, (size_t)t->ndim * sizeof(*t->dim)) == 0;
}

static void add_shape(struct strbuf *sb, int ndim, const int64_t *dim)
{
	strbuf_putc(sb, '[');
	for (int i = 0; i < ndim; i++)
		strbuf_printf(sb, "%s%lld", i ? ", " : "", (long long)dim[i]);
	strbuf_putc(sb, ']');
}

/* One kind of disagreement: its names as they come, and how many there are. */
struct complaint {
	struct strbuf names;
	size_t count;
};

static bool complain(struct complaint *c, const char *name)
{
	if (c->count++ >= NAMES_SHOWN)
		return false;
	strbuf_printf(&c->names, "%s%s", c->count > 1 ? ", " : "", name);
	return true;
}

static void compare(const struct weights *w, const struct weights_tensor *list, size_t count, struct complaint c[3])
{
	bool *used = xcalloc(w->entry_count + 1, sizeof(*used));

	for (size_t i = 0; i < count; i++) {
		const struct weights_tensor *t = &list[i];
		const struct entry *e = find(w, t->name);

		if (e)
			used[e - w->entries] = true;
		if (t->optional)
			continue;
		if (!e) {
			complain(&c[0], t->name);
		} else if ((e->dtype == DTYPE_OTHER || !same_shape(e, t)) && complain(&c[1], t->name)) {
			strbuf_puts(&c[1].names, e->dtype == DTYPE_OTHER ? " (not of floats) " : " ");
			add_shape(&c[1].names, e->ndim, e->dim);
			strbuf_puts(&c[1].names, " instead of ");
			add_shape(&c[1].names, t->ndim, t->dim);
		}
	}
	for (size_t i = 0; i < w->entry_count; i++) {
		if (!used[i])
			complain(&c[2], w->entries[i].name);
	}
	free(used);
}

enum status weights_check(const struct weights *w, const struct weights_tensor *list, size_t count)
{
	static const char *const kinds[] = {"missing", "of another shape", "unknown to the network"};
	struct complaint c[3] = {0};
	struct strbuf message;
	enum status st = ST_OK;

	if (w->random)
		return ST_OK;
	strbuf_init(&message, MESSAGE_MAX);
	for (int i = 0; i < 3; i++)
		strbuf_init(&c[i].names, MESSAGE_MAX / 4);
	compare(w, list, count, c);
	for (int i = 0; i < 3; i++) {
		if (c[i].count > 0)
			strbuf_printf(&message, "; %zu %s: %s", c[i].count, kinds[i], c[i].names.data);
		if (c[i].count > NAMES_SHOWN)
			strbuf_printf(&message, " and %zu more", c[i].count - NAMES_SHOWN);
	}
	if (message.len > 0)
		st = status_fail(ST_MALFORMED, "%s: not this network's weights%s", w->source, message.data);
	for (int i = 0; i < 3; i++)
		strbuf_release(&c[i].names);
	strbuf_release(&message);
	return st;
}

/* Values ----------------------------------------------------------------------------------------------------------- */

static void bfloat_to_float(float *out, const unsigned char *in, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t bits = (uint32_t)in[2 * i] << 16 | (uint32_t)in[2 * i + 1] << 24;

		memcpy(&out[i], &bits, sizeof(bits));
	}
}

/* Data may lie at any address: the header's length is arbitrary. */
static void unaligned_half_to_float(float *out, const unsigned char *in, size_t n)
{
	uint16_t block[256];

	for (size_t i = 0; i < n; i += 256) {
		size_t k = n - i < 256 ? n - i : 256;

		memcpy(block, in + 2 * i, 2 * k);
		half_to_float(out + i, block, k);
	}
}

static enum status read_entry(const struct weights *w, const struct weights_tensor *t, size_t n, float *out)
{
	const struct entry *e = find(w, t->name);
	const unsigned char *in;

	if (!e)
		return malformed(w, t->name, "missing");
	if (e->dtype == DTYPE_OTHER || !same_shape(e, t))
		return malformed(w, t->name, "of another shape or type than the network's");
	in = w->data + e->first;
	if (e->dtype == DTYPE_F32)
		memcpy(out, in, n * sizeof(*out));
	else if (e->dtype == DTYPE_F16)
		unaligned_half_to_float(out, in, n);
	else
		bfloat_to_float(out, in, n);
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(out[i]))
			return malformed(w, t->name, "has a value that is not finite");
	}
	return ST_OK;
}

/* Box-Muller, two normals of each two words: block b of the tensor's stream gives elements 4 b … 4 b + 3, on any number of
 * threads. */
static void fill_normal(uint64_t seed, const char *name, float deviation, size_t n, float *out)
{
	uint64_t stream = rng_stream(name);

#pragma omp parallel for schedule(static)
	for (size_t b = 0; b < (n + 3) / 4; b++) {
		uint32_t u[4];

		rng_block(seed, stream, b, u);
		for (size_t k = 0; k < 4 && 4 * b + k < n; k++) {
			const uint32_t *pair = u + (k & 2);
			float radius = sqrtf(-2 * logf(((float)(pair[0] >> 8) + 1) * 0x1p-24f));
			float angle = (float)(pair[1] >> 8) * (6.2831853f * 0x1p-24f);

			out[4 * b + k] = deviation * radius * (k & 1 ? sinf(angle) : cosf(angle));
		}
	}
}

enum status weights_read(const struct weights *w, const struct weights_tensor *t, float *out)
{
	size_t n = 1;

	for (int i = 0; i < t->ndim; i++)
		n *= (size_t)t->dim[i];
	if (!w->random)
		return read_entry(w, t, n, out);
	if (t->init == WEIGHTS_HE && n > 0)
		fill_normal(w->seed, t->name, sqrtf(2 / (float)(n / (size_t)t->dim[0])), n, out);
	for (size_t i = 0; t->init == WEIGHTS_CONSTANT && i < n; i++)
		out[i] = t->value;
	return ST_OK;
}
