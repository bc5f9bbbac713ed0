/* .safetensors: 8 bytes little-endian header length; that many bytes of JSON, an object of
 *     "NAME": {"dtype": "F16", "shape": [64, 3, 7, 7], "data_offsets": [first, end]}
 * and "__metadata__"; then the data, offsets counted from its start, little-endian and row-major. Tensors that overlap or
 * leave the file are refused. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/arena.h"
#include "model/encoders/weights_format.h"

/* Bytes [first, end) of the data. */
struct span {
	uint64_t first, end;
	const char *name;
};

struct safetensors {
	json_t *header;
	const unsigned char *data;
	uint64_t data_size;
	struct span *spans; /* [entries], by an entry's number */
};

/* Known data types and their size; others are taken as they come, as nothing is read from them. */
static const struct {
	const char *name;
	enum element_type type;
	uint64_t size;
} types[] = {{"F32", ELEMENT_F32, 4},   {"F16", ELEMENT_F16, 2},   {"BF16", ELEMENT_BF16, 2}, {"F64", ELEMENT_OTHER, 8},
             {"I64", ELEMENT_OTHER, 8}, {"I32", ELEMENT_OTHER, 4}, {"I16", ELEMENT_OTHER, 2}, {"I8", ELEMENT_OTHER, 1},
             {"U8", ELEMENT_OTHER, 1},  {"BOOL", ELEMENT_OTHER, 1}};

static enum status parse_type(const struct weights_file *f, struct weights_entry *e, const json_t *value,
                              uint64_t *size)
{
	const char *name = json_string_value(value);

	for (size_t i = 0; name && i < sizeof(types) / sizeof(*types); i++) {
		if (strcmp(name, types[i].name) == 0) {
			e->type = types[i].type;
			*size = types[i].size;
			return ST_OK;
		}
	}
	return weights_malformed(f, e->name, "dtype is none that is known (F32, F16, BF16, …)");
}

/* *bytes: element size in, size of the tensor out. */
static enum status parse_shape(const struct weights_file *f, struct weights_entry *e, const json_t *value,
                               uint64_t *bytes)
{
	if (!json_is_array(value) || json_array_size(value) > WEIGHTS_DIMS_MAX)
		return weights_malformed(f, e->name, "shape is not an array of at most 8 sizes");
	e->ndim = (int)json_array_size(value);
	for (int i = 0; i < e->ndim; i++) {
		const json_t *size = json_array_get(value, (size_t)i);

		e->dim[i] = json_integer_value(size);
		if (!json_is_integer(size) || e->dim[i] < 0)
			return weights_malformed(f, e->name, "shape has something other than a size");
		if (__builtin_mul_overflow(*bytes, (uint64_t)e->dim[i], bytes))
			return weights_malformed(f, e->name, "shape is larger than any file");
	}
	return ST_OK;
}

static enum status parse_offsets(const struct weights_file *f, struct weights_entry *e, const json_t *value,
                                 uint64_t bytes)
{
	const struct safetensors *s = f->own;
	const json_t *first = json_array_get(value, 0), *end = json_array_get(value, 1);
	struct span *span = &s->spans[e->number];

	if (json_array_size(value) != 2 || !json_is_integer(first) || !json_is_integer(end) ||
	    json_integer_value(first) < 0 || json_integer_value(end) < json_integer_value(first))
		return weights_malformed(f, e->name, "data_offsets are not [first, end]");
	span->name = e->name;
	span->first = (uint64_t)json_integer_value(first);
	span->end = (uint64_t)json_integer_value(end);
	if (span->end > s->data_size)
		return weights_malformed(f, e->name, "data_offsets reach beyond the file");
	if (span->end - span->first != bytes)
		return weights_malformed(f, e->name, "data_offsets do not span what dtype and shape take");
	return ST_OK;
}

static enum status parse_entry(const struct weights_file *f, struct weights_entry *e, const json_t *value)
{
	uint64_t bytes = 0;
	enum status st;

	if (strlen(e->name) >= WEIGHTS_NAME_MAX)
		return weights_malformed(f, e->name, "the name is too long");
	st = parse_type(f, e, json_object_get(value, "dtype"), &bytes);
	if (st == ST_OK)
		st = parse_shape(f, e, json_object_get(value, "shape"), &bytes);
	return st == ST_OK ? parse_offsets(f, e, json_object_get(value, "data_offsets"), bytes) : st;
}

static int by_offset(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

static enum status check_overlap(const struct weights_file *f, const struct span *spans)
{
	struct span *sorted = xcalloc(f->entry_count + 1, sizeof(*sorted));
	enum status st = ST_OK;

	memcpy(sorted, spans, f->entry_count * sizeof(*sorted));
	qsort(sorted, f->entry_count, sizeof(*sorted), by_offset);
	for (size_t i = 1; i < f->entry_count && st == ST_OK; i++) {
		if (sorted[i].first < sorted[i - 1].end)
			st = weights_malformed(f, sorted[i].name, "its data overlap another tensor's");
	}
	free(sorted);
	return st;
}

static enum status parse_entries(struct weights_file *f, struct safetensors *s)
{
	const char *name;
	json_t *value;

	f->entries = xcalloc(json_object_size(s->header) + 1, sizeof(*f->entries));
	s->spans = xcalloc(json_object_size(s->header) + 1, sizeof(*s->spans));
	json_object_foreach(s->header, name, value)
	{
		struct weights_entry *e = &f->entries[f->entry_count];
		enum status st;

		if (strcmp(name, "__metadata__") == 0)
			continue;
		e->name = name;
		e->number = f->entry_count++;
		st = parse_entry(f, e, value);
		if (st != ST_OK)
			return st;
	}
	return check_overlap(f, s->spans);
}

/* Whatever is nothing else: a file cut short deserves this format's message. */
static bool safetensors_recognise(const unsigned char *bytes, uint64_t size)
{
	(void)bytes, (void)size;
	return true;
}

static enum status safetensors_open(struct weights_file *f)
{
	struct safetensors *s = f->own = xcalloc(1, sizeof(*s));
	uint64_t length = 0;
	json_error_t error;

	for (int i = 0; i < 8 && f->size >= 8; i++)
		length |= (uint64_t)f->bytes[i] << (8 * i);
	if (f->size < 8 || length > f->size - 8)
		return status_fail(ST_MALFORMED, "%s: cut short, or neither a .safetensors nor a PyTorch file", f->source);
	if (length > WEIGHTS_HEADER_MAX)
		return status_fail(ST_MALFORMED, "%s: header of %llu bytes, expected at most %llu", f->source,
		                   (unsigned long long)length, (unsigned long long)WEIGHTS_HEADER_MAX);
	s->header = json_loadb((const char *)f->bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &error);
	if (!s->header || !json_is_object(s->header))
		return status_fail(ST_MALFORMED, "%s: the header is not a JSON object: %s", f->source,
		                   s->header ? "another JSON value" : error.text);
	s->data = f->bytes + 8 + length;
	s->data_size = f->size - 8 - length;
	return parse_entries(f, s);
}

static enum status safetensors_read(struct weights_file *f, const struct weights_entry *e, void *out)
{
	const struct safetensors *s = f->own;
	const struct span *span = &s->spans[e->number];

	if (span->end > span->first)
		memcpy(out, s->data + span->first, span->end - span->first);
	return ST_OK;
}

static void safetensors_close(struct weights_file *f)
{
	struct safetensors *s = f->own;

	if (!s)
		return;
	json_decref(s->header);
	free(s->spans);
	free(s);
	f->own = NULL;
}

const struct weights_format safetensors_format = {
	.recognise = safetensors_recognise,
	.open = safetensors_open,
	.read = safetensors_read,
	.close = safetensors_close,
};
