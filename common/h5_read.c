/* HDF5 files: reading them, their attributes, and virtual datasets. Files come from outside: types, ranks and sizes are
 * checked before anything is allocated for them. */
#include "common/h5_file.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/half.h"

#define BLOCK_BYTES   ((size_t)1 << 20) /* of halves converted at a time */
#define NAMES_MAX     100000
#define TEXT_READ_MAX ((size_t)1 << 24)

enum status h5_describe(struct h5_file *f, const char *name, struct h5_shape *shape)
{
	hsize_t dim[H5S_MAX_RANK];
	hid_t id, type, space;
	uint64_t bytes;
	enum status st = h5_find(f, name, &id);
	bool known, simple;

	memset(shape, 0, sizeof(*shape));
	if (st != ST_OK)
		return st;
	type = H5Dget_type(id);
	space = H5Dget_space(id);
	known = type >= 0 && h5_known_type(type, shape);
	shape->ndim = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
	simple = shape->ndim >= 0 && shape->ndim <= H5_DIMS_MAX && H5Sget_simple_extent_type(space) != H5S_NULL &&
	         H5Sget_simple_extent_dims(space, dim, NULL) >= 0;
	if (type >= 0)
		H5Tclose(type);
	h5_close_spaces(space, -1);
	if (!known || !simple)
		return status_fail(ST_MALFORMED, "%s: %s has a type or shape that is not expected here", f->path, name);
	for (int i = 0; i < shape->ndim; i++)
		shape->dim[i] = dim[i];
	if (!h5_row_bytes(shape, &bytes))
		return status_fail(ST_MALFORMED, "%s: %s claims to be too large", f->path, name);
	return ST_OK;
}

/* Reading rows ----------------------------------------------------------------------------------------------------- */

/* Rows as HDF5 itself converts them. */
static enum status read_rows(struct h5_file *f, const char *name, const struct h5_shape *shape, uint64_t first,
                             uint64_t rows, enum h5_type as, void *out)
{
	hid_t id = -1, space = -1, memory = -1, type = -1;
	enum status st = h5_find(f, name, &id);
	bool ok;

	if (st != ST_OK)
		return st;
	type = h5_stored_type(as, shape->string_size);
	space = h5_select_rows(id, shape, first, rows, &memory);
	ok = type >= 0 && space >= 0 && memory >= 0 && H5Dread(id, type, memory, space, H5P_DEFAULT, out) >= 0;
	if (type >= 0)
		H5Tclose(type);
	h5_close_spaces(space, memory);
	return ok ? ST_OK : h5_fail(f, ST_INTEGRITY, name, "cannot read; the file may be damaged");
}

static void widen(double *out, const float *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = in[i];
}

/* Halves to float or double, a block of rows at a time: HDF5's own conversion takes twenty times as long. */
static enum status read_halves(struct h5_file *f, const char *name, const struct h5_shape *shape, uint64_t first,
                               uint64_t rows, enum h5_type as, void *out)
{
	uint64_t bytes = 0;
	size_t width, block;
	uint16_t *halves;
	float *floats;
	enum status st = ST_OK;

	if (!h5_row_bytes(shape, &bytes) || bytes == 0)
		return ST_OK;
	width = bytes / sizeof(*halves);
	block = BLOCK_BYTES / bytes ? BLOCK_BYTES / bytes : 1;
	halves = xmalloc(block * bytes);
	floats = as == H5_F64 ? xmalloc(block * width * sizeof(float)) : NULL;
	for (uint64_t done = 0; done < rows && st == ST_OK; done += block) {
		size_t n = rows - done < block ? rows - done : block;

		st = read_rows(f, name, shape, first + done, n, H5_F16, halves);
		if (st != ST_OK)
			break;
		half_to_float(floats ? floats : (float *)out + done * width, halves, n * width);
		if (floats)
			widen((double *)out + done * width, floats, n * width);
	}
	free(halves);
	free(floats);
	return st;
}

enum status h5_read(struct h5_file *f, const char *name, uint64_t first, uint64_t rows, enum h5_type as, void *out)
{
	struct h5_shape shape;
	enum status st = h5_describe(f, name, &shape);
	uint64_t have = shape.ndim ? shape.dim[0] : 1;

	if (st != ST_OK)
		return st;
	if (first > have || rows > have - first)
		return status_fail(ST_MALFORMED, "%s: %s has %llu rows, expected at least %llu", f->path, name,
		                   (unsigned long long)have, (unsigned long long)(first + rows));
	if ((as == H5_STRING) != (shape.type == H5_STRING))
		return status_fail(ST_MALFORMED, "%s: %s holds %s", f->path, name,
		                   shape.type == H5_STRING ? "text, not numbers" : "numbers, not text");
	if (rows == 0)
		return ST_OK;
	if (shape.type == H5_F16 && (as == H5_F32 || as == H5_F64))
		return read_halves(f, name, &shape, first, rows, as, out);
	return read_rows(f, name, &shape, first, rows, as, out);
}

/* Names ------------------------------------------------------------------------------------------------------------ */

struct names {
	char **name;
	size_t count;
};

static herr_t collect(hid_t group, const char *name, const H5O_info_t *info, void *context)
{
	struct names *names = context;

	(void)group;
	if (info->type != H5O_TYPE_DATASET)
		return 0;
	if (names->count == NAMES_MAX)
		return -1;
	names->name = xrealloc(names->name, names->count + 1, sizeof(*names->name));
	names->name[names->count++] = xstrdup(name);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum status h5_each(struct h5_file *f, enum status (*visit)(void *context, const char *name), void *context)
{
	struct names names = {0};
	enum status st = ST_OK;

	if (H5Ovisit2(f->id, H5_INDEX_NAME, H5_ITER_INC, collect, &names, H5O_INFO_BASIC) < 0)
		st = h5_fail(f, ST_MALFORMED, NULL, "cannot list the datasets");
	if (names.count)
		qsort(names.name, names.count, sizeof(*names.name), by_name);
	for (size_t i = 0; i < names.count && st == ST_OK; i++)
		st = visit(context, names.name[i]);
	for (size_t i = 0; i < names.count; i++)
		free(names.name[i]);
	free(names.name);
	return st;
}

/* Attributes ------------------------------------------------------------------------------------------------------- */

static enum status set_attribute(struct h5_file *f, const char *name, enum h5_type type, size_t size, const void *value)
{
	hid_t t = h5_stored_type(type, size), space = H5Screate(H5S_SCALAR), a = -1;
	bool ok = t >= 0 && space >= 0 && (a = H5Acreate2(f->id, name, t, space, H5P_DEFAULT, H5P_DEFAULT)) >= 0;

	ok = ok && H5Awrite(a, t, value) >= 0;
	if (a >= 0 && H5Aclose(a) < 0)
		ok = false;
	if (t >= 0)
		H5Tclose(t);
	h5_close_spaces(space, -1);
	return ok ? ST_OK : h5_fail(f, ST_FAILED, name, "cannot write the attribute");
}

enum status h5_set_text(struct h5_file *f, const char *name, const char *value)
{
	static const char tail[] = "...";
	size_t n = strlen(value);
	char *cut;
	enum status st;

	if (n <= H5_TEXT_MAX)
		return set_attribute(f, name, H5_STRING, n ? n : 1, value);
	n = H5_TEXT_MAX - strlen(tail);
	while (((unsigned char)value[n] & 0xc0) == 0x80)
		n--;
	cut = xcalloc(n + sizeof(tail), 1);
	memcpy(cut, value, n);
	memcpy(cut + n, tail, sizeof(tail));
	st = set_attribute(f, name, H5_STRING, n + strlen(tail), cut);
	free(cut);
	return st;
}

enum status h5_set_int(struct h5_file *f, const char *name, int64_t value)
{
	return set_attribute(f, name, H5_I64, 0, &value);
}

/* Opens a scalar attribute of the root group. */
static enum status open_attribute(struct h5_file *f, const char *name, hid_t *a, hid_t *type)
{
	hid_t space;
	bool one;

	*type = -1;
	*a = H5Aexists(f->id, name) > 0 ? H5Aopen(f->id, name, H5P_DEFAULT) : -1;
	if (*a < 0)
		return status_fail(ST_MALFORMED, "%s: no attribute %s", f->path, name);
	space = H5Aget_space(*a);
	one = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
	h5_close_spaces(space, -1);
	*type = H5Aget_type(*a);
	if (one && *type >= 0)
		return ST_OK;
	return status_fail(ST_MALFORMED, "%s: attribute %s is not a single value", f->path, name);
}

static void close_attribute(hid_t a, hid_t type)
{
	if (type >= 0)
		H5Tclose(type);
	if (a >= 0)
		H5Aclose(a);
}

/* Variable-length text, as h5py writes it. */
static char *read_variable(hid_t a, hid_t type)
{
	char *text = NULL, *copy = NULL;

	if (H5Aread(a, type, &text) >= 0)
		copy = xstrdup(text ? text : "");
	H5free_memory(text);
	return copy;
}

static char *read_fixed(hid_t a, hid_t type)
{
	size_t n = H5Tget_size(type);
	char *text;

	if (n == 0 || n > TEXT_READ_MAX)
		return NULL;
	text = xcalloc(n + 1, 1);
	if (H5Aread(a, type, text) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

enum status h5_get_text(struct h5_file *f, const char *name, char **value)
{
	hid_t a, type;
	enum status st = open_attribute(f, name, &a, &type);

	*value = NULL;
	if (st == ST_OK && H5Tget_class(type) == H5T_STRING)
		*value = H5Tis_variable_str(type) > 0 ? read_variable(a, type) : read_fixed(a, type);
	if (st == ST_OK && !*value)
		st = status_fail(ST_MALFORMED, "%s: attribute %s is not text", f->path, name);
	close_attribute(a, type);
	return st;
}

enum status h5_get_int(struct h5_file *f, const char *name, int64_t *value)
{
	hid_t a, type;
	enum status st = open_attribute(f, name, &a, &type);

	*value = 0;
	if (st == ST_OK && (H5Tget_class(type) != H5T_INTEGER || H5Aread(a, H5T_NATIVE_INT64, value) < 0))
		st = status_fail(ST_MALFORMED, "%s: attribute %s is not an integer", f->path, name);
	close_attribute(a, type);
	return st;
}

/* Virtual datasets ------------------------------------------------------------------------------------------------- */

/* source as seen from the folder that f lies in. */
static const char *relative_name(const struct h5_file *f, const char *source)
{
	const char *slash = strrchr(f->path, '/');
	size_t n = slash ? (size_t)(slash - f->path) + 1 : 0;

	if (strncmp(f->path, source, n) != 0)
		BUG("%s is not below the folder of %s", source, f->path);
	return source + n;
}

static enum status describe_source(const char *source, const char *name, struct h5_shape *shape)
{
	struct h5_file *f;
	enum status st = h5_open(&f, source);

	if (st == ST_OK)
		st = h5_describe(f, name, shape);
	if (st == ST_OK && shape->ndim < 1)
		st = status_fail(ST_MALFORMED, "%s: %s has no rows", source, name);
	h5_close(f);
	return st;
}

static bool same_rows(const struct h5_shape *a, const struct h5_shape *b)
{
	return a->type == b->type && a->ndim == b->ndim && a->string_size == b->string_size &&
	       memcmp(a->dim + 1, b->dim + 1, sizeof(a->dim) - sizeof(a->dim[0])) == 0;
}

/* The shape of each source, and in whole that of all together. */
static enum status describe_sources(const char *const *sources, size_t count, const char *name, struct h5_shape *shapes,
                                    struct h5_shape *whole)
{
	enum status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		st = describe_source(sources[i], name, &shapes[i]);
		if (st == ST_OK && i > 0 && !same_rows(&shapes[0], &shapes[i]))
			st = status_fail(ST_MALFORMED, "%s: %s differs in type or width from that of %s", sources[i], name,
			                 sources[0]);
		if (st == ST_OK && i > 0)
			whole->dim[0] += shapes[i].dim[0];
		else if (st == ST_OK)
			*whole = shapes[0];
	}
	return st;
}

/* Maps the rows from `first` on to all rows of source. */
static bool map_source(const struct h5_making *m, const char *source, const char *name, const struct h5_shape *shape,
                       uint64_t first)
{
	hsize_t start[H5_DIMS_MAX] = {first}, count[H5_DIMS_MAX];
	hid_t space;
	bool ok;

	if (shape->dim[0] == 0)
		return true;
	for (int i = 0; i < shape->ndim; i++)
		count[i] = shape->dim[i];
	space = H5Screate_simple(shape->ndim, count, NULL);
	ok = space >= 0 && H5Sselect_hyperslab(m->space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
	     H5Pset_virtual(m->creation, m->space, source, name, space) >= 0;
	h5_close_spaces(space, -1);
	return ok;
}

enum status h5_write_virtual(struct h5_file *f, const char *name, const char *const *sources, size_t source_count)
{
	struct h5_shape *shapes = xcalloc(source_count + 1, sizeof(*shapes)), whole = {0};
	enum status st = describe_sources(sources, source_count, name, shapes, &whole);
	hsize_t dim[H5_DIMS_MAX];
	struct h5_making m;
	uint64_t first = 0;
	hid_t id = -1;
	bool ok;

	if (source_count == 0)
		BUG("%s: a virtual dataset of no sources", name);
	if (st != ST_OK)
		goto out;
	for (int i = 0; i < whole.ndim; i++)
		dim[i] = whole.dim[i];
	ok = h5_making_open(&m, whole.type, whole.string_size);
	ok = ok && (m.space = H5Screate_simple(whole.ndim, dim, NULL)) >= 0;
	for (size_t i = 0; ok && i < source_count; first += shapes[i++].dim[0])
		ok = map_source(&m, relative_name(f, sources[i]), name, &shapes[i], first);
	ok = ok && H5Sselect_all(m.space) >= 0;
	ok = ok && (id = H5Dcreate2(f->id, name, m.type, m.space, m.link, m.creation, H5P_DEFAULT)) >= 0;
	h5_making_close(&m);
	if (id >= 0 && H5Dclose(id) < 0)
		ok = false;
	if (!ok)
		st = h5_fail(f, ST_FAILED, name, "cannot write the virtual dataset");
out:
	free(shapes);
	return st;
}
