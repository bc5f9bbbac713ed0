/* HDF5 files: making, opening and writing them. */
#include "common/h5_file.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/strbuf.h"

#define CHUNK_BYTES       (256 * 1024)
#define ROW_BYTES_MAX     ((uint64_t)1 << 30)
#define DATASET_BYTES_MAX ((uint64_t)1 << 46)
#define STRING_SIZE_MAX   65536

/* Types ------------------------------------------------------------------------------------------------------------ */

size_t h5_element_size(const struct h5_shape *shape)
{
	switch (shape->type) {
	case H5_U8:
	case H5_I8:
		return 1;
	case H5_F16:
		return 2;
	case H5_I32:
	case H5_F32:
		return 4;
	case H5_I64:
	case H5_U64:
	case H5_F64:
		return 8;
	case H5_STRING:
		return shape->string_size;
	}
	BUG("no such HDF5 type: %d", (int)shape->type);
}

/* IEEE binary16 as NumPy's "<f2" is stored: sign at 15, exponent 5 bits at 10 with bias 15, mantissa 10 bits at 0. */
static hid_t half_type(void)
{
	hid_t t = H5Tcopy(H5T_IEEE_F32LE);

	if (t >= 0 && (H5Tset_fields(t, 15, 10, 5, 0, 10) < 0 || H5Tset_size(t, 2) < 0 || H5Tset_ebias(t, 15) < 0)) {
		H5Tclose(t);
		return -1;
	}
	return t;
}

static hid_t string_type(size_t size)
{
	hid_t t = H5Tcopy(H5T_C_S1);

	if (t >= 0 &&
	    (H5Tset_size(t, size) < 0 || H5Tset_strpad(t, H5T_STR_NULLPAD) < 0 || H5Tset_cset(t, H5T_CSET_UTF8) < 0)) {
		H5Tclose(t);
		return -1;
	}
	return t;
}

hid_t h5_stored_type(enum h5_type t, size_t string_size)
{
	switch (t) {
	case H5_U8:
		return H5Tcopy(H5T_STD_U8LE);
	case H5_I8:
		return H5Tcopy(H5T_STD_I8LE);
	case H5_I32:
		return H5Tcopy(H5T_STD_I32LE);
	case H5_I64:
		return H5Tcopy(H5T_STD_I64LE);
	case H5_U64:
		return H5Tcopy(H5T_STD_U64LE);
	case H5_F16:
		return half_type();
	case H5_F32:
		return H5Tcopy(H5T_IEEE_F32LE);
	case H5_F64:
		return H5Tcopy(H5T_IEEE_F64LE);
	case H5_STRING:
		return string_type(string_size);
	}
	BUG("no such HDF5 type: %d", (int)t);
}

static bool integer_type(hid_t t, enum h5_type *out)
{
	size_t size = H5Tget_size(t);
	bool is_signed = H5Tget_sign(t) == H5T_SGN_2;

	if (size == 1)
		*out = is_signed ? H5_I8 : H5_U8;
	else if (size == 4 && is_signed)
		*out = H5_I32;
	else if (size == 8)
		*out = is_signed ? H5_I64 : H5_U64;
	else
		return false;
	return true;
}

static bool float_type(hid_t t, enum h5_type *out)
{
	static const enum h5_type kinds[] = {H5_F16, H5_F32, H5_F64};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		hid_t known = h5_stored_type(kinds[i], 0);
		bool equal = known >= 0 && H5Tequal(t, known) > 0;

		if (known >= 0)
			H5Tclose(known);
		if (equal) {
			*out = kinds[i];
			return true;
		}
	}
	return false;
}

bool h5_known_type(hid_t t, struct h5_shape *shape)
{
	switch (H5Tget_class(t)) {
	case H5T_INTEGER:
		return integer_type(t, &shape->type);
	case H5T_FLOAT:
		return float_type(t, &shape->type);
	case H5T_STRING:
		shape->type = H5_STRING;
		shape->string_size = H5Tget_size(t);
		return H5Tis_variable_str(t) == 0 && shape->string_size > 0 && shape->string_size <= STRING_SIZE_MAX;
	default:
		return false;
	}
}

bool h5_row_bytes(const struct h5_shape *shape, uint64_t *bytes)
{
	uint64_t n = h5_element_size(shape), rows = shape->ndim > 0 ? shape->dim[0] : 1;

	for (int i = 1; i < shape->ndim; i++) {
		if (shape->dim[i] > 0 && n > ROW_BYTES_MAX / shape->dim[i])
			return false;
		n *= shape->dim[i];
	}
	*bytes = n;
	return n <= ROW_BYTES_MAX && (rows == 0 || n <= DATASET_BYTES_MAX / rows);
}

/* Errors ----------------------------------------------------------------------------------------------------------- */

static herr_t innermost(unsigned n, const H5E_error2_t *e, void *context)
{
	struct strbuf *sb = context;

	(void)n;
	strbuf_clear(sb);
	strbuf_puts(sb, e->desc ? e->desc : "");
	return 0;
}

enum status h5_fail(const struct h5_file *f, enum status st, const char *name, const char *what)
{
	const char *path = f->part_path ? f->part_path : f->path;
	struct strbuf why;

	strbuf_init(&why, 512);
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, innermost, &why);
	H5Eclear2(H5E_DEFAULT);
	st = status_fail(st, "%s%s%s: %s%s%s", path, name ? ": " : "", name ? name : "", what, why.len ? ": " : "",
	                 why.data);
	strbuf_release(&why);
	return st;
}

/* Files ------------------------------------------------------------------------------------------------------------ */

/* Files that a virtual dataset names are opened by HDF5 itself, with locks unless its environment says otherwise; NFS and
 * Lustre often know none. Said before main: later, other threads may be reading the environment. */
__attribute__((constructor)) static void lock_no_files(void)
{
	(void)setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
}

/* Layouts that HDF5 1.10 and all its readers know. No locks: files are published by rename and never change. No sieve
 * buffer: what cannot be written is to fail when it is written. */
static hid_t access_properties(void)
{
	hid_t p;

	(void)H5dont_atexit(); /* or it closes what is broken then */
	p = H5Pcreate(H5P_FILE_ACCESS);
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	if (p >= 0 &&
	    (H5Pset_libver_bounds(p, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110) < 0 || H5Pset_file_locking(p, false, true) < 0 ||
	     H5Pset_fclose_degree(p, H5F_CLOSE_STRONG) < 0 || H5Pset_sieve_buf_size(p, 0) < 0)) {
		H5Pclose(p);
		return -1;
	}
	return p;
}

static struct h5_file *file_new(const char *path, bool writing)
{
	struct h5_file *f = xcalloc(1, sizeof(*f));

	f->id = -1;
	f->path = xstrdup(path);
	f->part_path = writing ? path_printf("%s.part", path) : NULL;
	return f;
}

enum status h5_create(struct h5_file **out, const char *path)
{
	struct h5_file *f = file_new(path, true);
	hid_t access = access_properties();
	hid_t creation = H5Pcreate(H5P_FILE_CREATE);
	enum status st = file_make_parent(path);

	*out = NULL;
	if (st == ST_OK && (access < 0 || creation < 0 || H5Pset_obj_track_times(creation, false) < 0 ||
	                    H5Pset_userblock(creation, H5_SEAL_SIZE) < 0 ||
	                    (f->id = H5Fcreate(f->part_path, H5F_ACC_TRUNC, creation, access)) < 0))
		st = h5_fail(f, ST_FAILED, NULL, "cannot create");
	if (access >= 0)
		H5Pclose(access);
	if (creation >= 0)
		H5Pclose(creation);
	if (st == ST_OK)
		*out = f;
	else
		h5_close(f);
	return st;
}

enum status h5_open(struct h5_file **out, const char *path)
{
	struct h5_file *f;
	hid_t access;
	enum status st = ST_OK;

	*out = NULL;
	if (!file_exists(path))
		return status_fail(ST_FAILED, "%s: no such file", path);
	access = access_properties();
	if (access >= 0 && H5Fis_hdf5(path) == 0)
		st = status_fail(ST_MALFORMED, "%s: not an HDF5 file", path);
	f = file_new(path, false);
	if (st == ST_OK && (access < 0 || (f->id = H5Fopen(path, H5F_ACC_RDONLY, access)) < 0)) {
		st = h5_fail(f, ST_MALFORMED, NULL, "cannot open; the file may be damaged");
	}
	if (access >= 0)
		H5Pclose(access);
	if (st == ST_OK)
		*out = f;
	else
		h5_close(f);
	return st;
}

/* Closes all handles; negative if any refused, which after writing means lost data. Those of a broken file stay open. */
static int close_handles(struct h5_file *f)
{
	int result = 0;

	for (size_t i = 0; i < f->dataset_count; i++) {
		if (!f->broken && H5Dclose(f->datasets[i].id) < 0)
			result = -1;
		free(f->datasets[i].name);
	}
	free(f->datasets);
	f->datasets = NULL;
	f->dataset_count = 0;
	if (f->id >= 0 && !f->broken && H5Fclose(f->id) < 0)
		result = -1;
	f->id = -1;
	return result;
}

enum status h5_commit(struct h5_file *f)
{
	enum status st = ST_OK;

	f->broken = H5Fflush(f->id, H5F_SCOPE_GLOBAL) < 0;
	if (f->broken || close_handles(f) < 0)
		st = h5_fail(f, ST_FAILED, NULL, "cannot write");
	if (st == ST_OK)
		st = h5_seal(f->part_path);
	if (st == ST_OK)
		st = file_publish(f->part_path, f->path);
	h5_close(f);
	return st;
}

void h5_close(struct h5_file *f)
{
	if (!f)
		return;
	(void)close_handles(f);
	if (f->part_path)
		(void)remove(f->part_path);
	free(f->path);
	free(f->part_path);
	free(f);
}

/* Datasets --------------------------------------------------------------------------------------------------------- */

bool h5_has(struct h5_file *f, const char *name)
{
	H5O_info_t info;

	return H5Oget_info_by_name2(f->id, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 && info.type == H5O_TYPE_DATASET;
}

static hid_t remember(struct h5_file *f, const char *name, hid_t id)
{
	f->datasets = xrealloc(f->datasets, f->dataset_count + 1, sizeof(*f->datasets));
	f->datasets[f->dataset_count++] = (struct h5_dataset){xstrdup(name), id};
	return id;
}

enum status h5_find(struct h5_file *f, const char *name, hid_t *id)
{
	for (size_t i = 0; i < f->dataset_count; i++) {
		if (strcmp(f->datasets[i].name, name) == 0) {
			*id = f->datasets[i].id;
			return ST_OK;
		}
	}
	if (!h5_has(f, name))
		return status_fail(ST_MALFORMED, "%s: no dataset %s", f->path, name);
	*id = H5Dopen2(f->id, name, H5P_DEFAULT);
	if (*id < 0)
		return h5_fail(f, ST_MALFORMED, name, "cannot open the dataset");
	remember(f, name, *id);
	return ST_OK;
}

static hsize_t chunk_rows(uint64_t row_bytes)
{
	hsize_t rows = row_bytes ? CHUNK_BYTES / row_bytes : CHUNK_BYTES;

	return rows ? rows : 1;
}

/* Whole rows of about 256 KiB with fletcher32. Space in a chunk that no row fills yet is written as zeros, so that the
 * file's bytes follow from its contents. */
static herr_t set_chunks(hid_t creation, const struct h5_shape *shape, hsize_t rows)
{
	hsize_t chunk[H5_DIMS_MAX];

	chunk[0] = rows;
	for (int i = 1; i < shape->ndim; i++)
		chunk[i] = shape->dim[i] ? shape->dim[i] : 1;
	if (H5Pset_chunk(creation, shape->ndim, chunk) < 0 || H5Pset_fletcher32(creation) < 0)
		return -1;
	return H5Pset_fill_time(creation, H5D_FILL_TIME_ALLOC);
}

bool h5_making_open(struct h5_making *m, enum h5_type type, size_t string_size)
{
	m->type = h5_stored_type(type, string_size);
	m->space = -1;
	m->creation = H5Pcreate(H5P_DATASET_CREATE);
	m->link = H5Pcreate(H5P_LINK_CREATE);
	return m->type >= 0 && m->creation >= 0 && m->link >= 0 && H5Pset_obj_track_times(m->creation, false) >= 0 &&
	       H5Pset_create_intermediate_group(m->link, 1) >= 0;
}

void h5_making_close(struct h5_making *m)
{
	if (m->type >= 0)
		H5Tclose(m->type);
	if (m->space >= 0)
		H5Sclose(m->space);
	if (m->creation >= 0)
		H5Pclose(m->creation);
	if (m->link >= 0)
		H5Pclose(m->link);
}

static void check_shape(const struct h5_shape *shape, const char *name)
{
	if (shape->ndim < 0 || shape->ndim > H5_DIMS_MAX || h5_element_size(shape) == 0)
		BUG("%s: bad shape", name);
}

enum status h5_write(struct h5_file *f, const char *name, const struct h5_shape *shape, const void *data)
{
	uint64_t bytes, rows = shape->ndim > 0 ? shape->dim[0] : 1;
	hsize_t dim[H5_DIMS_MAX] = {0};
	struct h5_making m;
	hid_t id = -1;
	enum status st;
	bool ok;

	check_shape(shape, name);
	if (!h5_row_bytes(shape, &bytes))
		return status_fail(ST_MEMORY, "%s: %s is too large", f->path, name);
	for (int i = 0; i < shape->ndim; i++)
		dim[i] = shape->dim[i];
	ok = h5_making_open(&m, shape->type, shape->string_size);
	m.space = shape->ndim ? H5Screate_simple(shape->ndim, dim, NULL) : H5Screate(H5S_SCALAR);
	ok = ok && m.space >= 0;
	if (ok && bytes * rows > CHUNK_BYTES) {
		hsize_t chunk = chunk_rows(bytes);
		ok = set_chunks(m.creation, shape, chunk < rows ? chunk : rows) >= 0;
	}
	ok = ok && (id = H5Dcreate2(f->id, name, m.type, m.space, m.link, m.creation, H5P_DEFAULT)) >= 0;
	if (ok && bytes * rows > 0)
		ok = H5Dwrite(id, m.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
	f->broken = f->broken || !ok;
	st = ok ? ST_OK : h5_fail(f, ST_FAILED, name, "cannot write the dataset");
	h5_making_close(&m);
	if (id >= 0 && ok && H5Dclose(id) < 0)
		st = h5_fail(f, ST_FAILED, name, "cannot write the dataset");
	return st;
}

enum status h5_declare(struct h5_file *f, const char *name, const struct h5_shape *shape)
{
	hsize_t dim[H5_DIMS_MAX] = {0}, most[H5_DIMS_MAX];
	uint64_t bytes;
	struct h5_making m;
	hid_t id = -1;
	bool ok;

	check_shape(shape, name);
	if (shape->ndim < 1 || !h5_row_bytes(shape, &bytes))
		return status_fail(ST_MEMORY, "%s: rows of %s are too large", f->path, name);
	most[0] = H5S_UNLIMITED;
	for (int i = 1; i < shape->ndim; i++)
		dim[i] = most[i] = shape->dim[i];
	ok = h5_making_open(&m, shape->type, shape->string_size);
	ok = ok && (m.space = H5Screate_simple(shape->ndim, dim, most)) >= 0;
	ok = ok && set_chunks(m.creation, shape, chunk_rows(bytes)) >= 0;
	ok = ok && (id = H5Dcreate2(f->id, name, m.type, m.space, m.link, m.creation, H5P_DEFAULT)) >= 0;
	h5_making_close(&m);
	if (!ok)
		return h5_fail(f, ST_FAILED, name, "cannot make the dataset");
	remember(f, name, id);
	return ST_OK;
}

hid_t h5_select_rows(hid_t id, const struct h5_shape *shape, uint64_t first, uint64_t rows, hid_t *memory)
{
	hsize_t start[H5_DIMS_MAX] = {0}, count[H5_DIMS_MAX];
	hid_t space = H5Dget_space(id);

	count[0] = rows;
	start[0] = first;
	for (int i = 1; i < shape->ndim; i++)
		count[i] = shape->dim[i];
	*memory = shape->ndim ? H5Screate_simple(shape->ndim, count, NULL) : H5Screate(H5S_SCALAR);
	if (space >= 0 && shape->ndim && H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0) {
		H5Sclose(space);
		return -1;
	}
	return space;
}

void h5_close_spaces(hid_t a, hid_t b)
{
	if (a >= 0)
		H5Sclose(a);
	if (b >= 0)
		H5Sclose(b);
}

enum status h5_append(struct h5_file *f, const char *name, const struct h5_shape *shape, uint64_t rows,
                      const void *data)
{
	struct h5_shape have;
	hsize_t dim[H5_DIMS_MAX] = {0};
	hid_t id = -1, type = -1, space = -1, memory = -1;
	enum status st = h5_find(f, name, &id);
	bool ok;

	if (st == ST_OK)
		st = h5_describe(f, name, &have);
	if (st != ST_OK || rows == 0)
		return st;
	if (have.ndim != shape->ndim || have.type != shape->type)
		BUG("%s: rows of another shape than declared", name);
	dim[0] = have.dim[0] + rows;
	for (int i = 1; i < have.ndim; i++) {
		dim[i] = have.dim[i];
		if (have.dim[i] != shape->dim[i])
			BUG("%s: rows of another shape than declared", name);
	}
	type = h5_stored_type(have.type, have.string_size);
	ok = type >= 0 && H5Dset_extent(id, dim) >= 0;
	ok = ok && (space = h5_select_rows(id, &have, have.dim[0], rows, &memory)) >= 0;
	ok = ok && H5Dwrite(id, type, memory, space, H5P_DEFAULT, data) >= 0;
	if (type >= 0)
		H5Tclose(type);
	h5_close_spaces(space, memory);
	f->broken = f->broken || !ok;
	return ok ? ST_OK : h5_fail(f, ST_FAILED, name, "cannot append");
}
