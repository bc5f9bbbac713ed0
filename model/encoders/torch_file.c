#include "model/encoders/torch_file.h"

#include <stdlib.h>
#include <string.h>

#include <zip.h>

#include "common/arena.h"
#include "common/file.h"
#include "model/encoders/torch_dict.h"

struct torch_file {
	struct torch_dict dict;
	/* of an archive: */
	zip_t *zip;
	char *prefix;                       /* "NAME" */
	unsigned char *pickle;              /* data.pkl, which dict borrows */
	const struct torch_storage *loaded; /* the storage read last, */
	unsigned char *loaded_bytes;        /* and its bytes */
};

static void torch_close(struct weights_file *f)
{
	struct torch_file *t = f->own;

	if (!t)
		return;
	torch_dict_release(&t->dict);
	if (t->zip)
		zip_discard(t->zip);
	free(t->prefix);
	free(t->pickle);
	free(t->loaded_bytes);
	free(t);
	f->own = NULL;
}

/* Elements ---------------------------------------------------------------------------------------------------------- */

/* True if the elements lie in row-major order, one after another. */
static bool is_contiguous(const struct weights_entry *e, const struct torch_view *v)
{
	uint64_t step = 1;

	for (int i = e->ndim - 1; i >= 0; i--) {
		if (e->dim[i] != 1 && (uint64_t)v->stride[i] != step)
			return false;
		step *= (uint64_t)e->dim[i];
	}
	return true;
}

static void gather(const struct weights_entry *e, const struct torch_view *v, const unsigned char *storage,
                   unsigned char *out)
{
	size_t n = 1, size = (size_t)v->storage->element_size;
	int64_t index[WEIGHTS_DIMS_MAX] = {0};
	uint64_t at = v->first;

	for (int i = 0; i < e->ndim; i++)
		n *= (size_t)e->dim[i];
	if (is_contiguous(e, v)) {
		if (n > 0)
			memcpy(out, storage + at * size, n * size);
		return;
	}
	for (size_t k = 0; k < n; k++) {
		memcpy(out + k * size, storage + at * size, size);
		for (int i = e->ndim - 1; i >= 0; i--) {
			at += (uint64_t)v->stride[i];
			if (++index[i] < e->dim[i])
				break;
			at -= (uint64_t)v->stride[i] * (uint64_t)e->dim[i];
			index[i] = 0;
		}
	}
}

/* The zip format ---------------------------------------------------------------------------------------------------- */

static bool zip_recognise(const unsigned char *bytes, uint64_t size)
{
	return size >= 4 && memcmp(bytes, "PK\003\004", 4) == 0;
}

static enum status open_archive(struct weights_file *f, struct torch_file *t)
{
	zip_error_t error;
	zip_source_t *source;
	enum status st = ST_OK;

	zip_error_init(&error);
	source = zip_source_buffer_create(f->bytes, f->size, 0, &error);
	if (source)
		t->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
	if (!t->zip) {
		st = status_fail(ST_MALFORMED, "%s: not a zip archive that can be read: %s", f->source,
		                 zip_error_strerror(&error));
		zip_source_free(source);
	}
	zip_error_fini(&error);
	return st;
}

/* The one folder of the archive is that of its data.pkl. */
static enum status find_pickle(struct weights_file *f, struct torch_file *t, zip_uint64_t *index)
{
	zip_int64_t n = zip_get_num_entries(t->zip, 0);

	if (n > TORCH_ARCHIVE_ENTRIES_MAX)
		return status_fail(ST_MALFORMED, "%s: %lld entries, expected at most %d", f->source, (long long)n,
		                   TORCH_ARCHIVE_ENTRIES_MAX);
	for (zip_int64_t i = 0; i < n; i++) {
		const char *name = zip_get_name(t->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
		const char *slash = name ? strchr(name, '/') : NULL;

		if (slash && strcmp(slash, "/data.pkl") == 0) {
			*index = (zip_uint64_t)i;
			t->prefix = path_printf("%.*s", (int)(slash - name), name);
			return ST_OK;
		}
	}
	return status_fail(ST_MALFORMED, "%s: a zip archive without NAME/data.pkl: not made by torch.save", f->source);
}

/* bytes in all from one entry, whose checksum libzip looks at when the end is reached. The caller frees *out. */
static enum status read_entry(const struct weights_file *f, struct torch_file *t, zip_uint64_t index, uint64_t bytes,
                              unsigned char **out)
{
	zip_file_t *entry = zip_fopen_index(t->zip, index, 0);
	unsigned char beyond;
	uint64_t at = 0;
	zip_int64_t got = 1;

	*out = NULL;
	if (!entry)
		return status_fail(ST_MALFORMED, "%s: %s: %s", f->source, zip_get_name(t->zip, index, ZIP_FL_ENC_RAW),
		                   zip_strerror(t->zip));
	*out = xmalloc((size_t)bytes + 1);
	while (got > 0 && at < bytes) {
		got = zip_fread(entry, *out + at, bytes - at);
		at += got > 0 ? (uint64_t)got : 0;
	}
	if (got >= 0 && at == bytes)
		got = zip_fread(entry, &beyond, 1);
	if (zip_fclose(entry) == 0 && got == 0 && at == bytes)
		return ST_OK;
	free(*out);
	*out = NULL;
	return status_fail(ST_MALFORMED, "%s: %s: cut short, or its checksum does not hold", f->source,
	                   zip_get_name(t->zip, index, ZIP_FL_ENC_RAW));
}

static enum status entry_size(const struct weights_file *f, struct torch_file *t, zip_uint64_t index, uint64_t max,
                              uint64_t *bytes)
{
	zip_stat_t info;

	if (zip_stat_index(t->zip, index, 0, &info) != 0 || !(info.valid & ZIP_STAT_SIZE) ||
	    !(info.valid & ZIP_STAT_COMP_METHOD))
		return status_fail(ST_MALFORMED, "%s: an entry without a size", f->source);
	if (info.comp_method == ZIP_CM_STORE && max > f->size)
		max = f->size;
	if (info.size > max)
		return status_fail(ST_MALFORMED, "%s: %s: %llu bytes, expected at most %llu", f->source,
		                   zip_get_name(t->zip, index, ZIP_FL_ENC_RAW), (unsigned long long)info.size,
		                   (unsigned long long)max);
	*bytes = info.size;
	return ST_OK;
}

static enum status check_byte_order(const struct weights_file *f, struct torch_file *t)
{
	char *name = path_printf("%s/byteorder", t->prefix);
	zip_int64_t index = zip_name_locate(t->zip, name, ZIP_FL_ENC_RAW);
	unsigned char *order = NULL;
	uint64_t bytes = 0;
	enum status st = ST_OK;

	free(name);
	if (index < 0)
		return ST_OK;
	st = entry_size(f, t, (zip_uint64_t)index, 16, &bytes);
	if (st == ST_OK)
		st = read_entry(f, t, (zip_uint64_t)index, bytes, &order);
	if (st == ST_OK && (bytes != 6 || memcmp(order, "little", 6) != 0))
		st = status_fail(ST_MALFORMED, "%s: byteorder is not little", f->source);
	free(order);
	return st;
}

static enum status locate_storages(const struct weights_file *f, struct torch_file *t)
{
	enum status st = ST_OK;

	for (size_t i = 0; i < t->dict.storage_count && st == ST_OK; i++) {
		struct torch_storage *s = &t->dict.storages[i];
		char *name = path_printf("%s/data/%s", t->prefix, s->key);
		zip_int64_t index = zip_name_locate(t->zip, name, ZIP_FL_ENC_RAW);
		uint64_t bytes = 0;

		if (index < 0)
			st = status_fail(ST_MALFORMED, "%s: storage %s is missing", f->source, s->key);
		else
			st = entry_size(f, t, (zip_uint64_t)index, UINT64_MAX, &bytes);
		if (st == ST_OK && bytes != s->count * s->element_size)
			st = status_fail(ST_MALFORMED, "%s: storage %s has %llu bytes, expected %llu", f->source, s->key,
			                 (unsigned long long)bytes, (unsigned long long)(s->count * s->element_size));
		s->place = (uint64_t)index;
		free(name);
	}
	return st;
}

static enum status zip_open_file(struct weights_file *f)
{
	struct torch_file *t = f->own = xcalloc(1, sizeof(*t));
	zip_uint64_t index = 0;
	uint64_t bytes = 0;
	size_t used;
	enum status st = open_archive(f, t);

	if (st == ST_OK)
		st = find_pickle(f, t, &index);
	if (st == ST_OK)
		st = check_byte_order(f, t);
	if (st == ST_OK)
		st = entry_size(f, t, index, PICKLE_SIZE_MAX, &bytes);
	if (st == ST_OK)
		st = read_entry(f, t, index, bytes, &t->pickle);
	if (st == ST_OK)
		st = torch_dict_read(&t->dict, f, t->pickle, (size_t)bytes, &used);
	return st == ST_OK ? locate_storages(f, t) : st;
}

static enum status load_storage(const struct weights_file *f, struct torch_file *t, const struct torch_storage *s)
{
	uint64_t bytes;
	enum status st = entry_size(f, t, s->place, TORCH_INFLATED_MAX, &bytes);

	if (st != ST_OK)
		return st;
	free(t->loaded_bytes);
	t->loaded = NULL;
	st = read_entry(f, t, s->place, bytes, &t->loaded_bytes);
	if (st == ST_OK)
		t->loaded = s;
	return st;
}

static enum status zip_read_tensor(struct weights_file *f, const struct weights_entry *e, void *out)
{
	struct torch_file *t = f->own;
	const struct torch_view *v = &t->dict.views[e->number];
	enum status st = t->loaded == v->storage ? ST_OK : load_storage(f, t, v->storage);

	if (st == ST_OK)
		gather(e, v, t->loaded_bytes, out);
	return st;
}

const struct weights_format torch_zip_format = {
	.recognise = zip_recognise,
	.open = zip_open_file,
	.read = zip_read_tensor,
	.close = torch_close,
};

/* The older format -------------------------------------------------------------------------------------------------- */

/* The length of the magic number's pickle at the start of bytes; 0 if it is not there. Protocol 4 puts a frame around it. */
static size_t magic_length(const unsigned char *bytes, uint64_t size)
{
	static const unsigned char magic[] = {0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
	size_t at = size > 2 && bytes[2] == 0x95 ? 11 : 2;

	if (size < at + sizeof(magic) || bytes[0] != 0x80 || memcmp(bytes + at, magic, sizeof(magic)) != 0)
		return 0;
	return at + sizeof(magic);
}

static bool legacy_recognise(const unsigned char *bytes, uint64_t size)
{
	return magic_length(bytes, size) > 0;
}

/* The next pickle, which is not the state dict. */
static enum status read_aside(const struct weights_file *f, struct pickle *p, uint64_t *at,
                              const struct pickle_value **root)
{
	struct pickle_rules rules = torch_rules(f->source);
	size_t used;
	enum status st = pickle_read(p, &rules, f->bytes + *at, (size_t)(f->size - *at), &used, root);

	*at += used;
	return st;
}

static enum status read_preface(const struct weights_file *f, uint64_t *at)
{
	struct pickle p = {0};
	const struct pickle_value *root;
	enum status st = read_aside(f, &p, at, &root);

	if (st == ST_OK && (root->kind != PICKLE_INT || root->integer != 1001))
		st = status_fail(ST_MALFORMED, "%s: expected protocol 1001 of torch.save", f->source);
	if (st == ST_OK)
		st = read_aside(f, &p, at, &root);
	pickle_release(&p);
	return st;
}

/* A count and so many elements at *at, which moves behind them. */
static enum status place_storage(const struct weights_file *f, struct torch_storage *s, uint64_t *at)
{
	uint64_t count = 0, bytes = s->count * s->element_size;

	if (s->found)
		return status_fail(ST_MALFORMED, "%s: storage %s is there twice", f->source, s->key);
	if (f->size - *at < 8)
		return status_fail(ST_MALFORMED, "%s: cut short before storage %s", f->source, s->key);
	for (int i = 0; i < 8; i++)
		count |= (uint64_t)f->bytes[*at + (uint64_t)i] << (8 * i);
	*at += 8;
	if (count != s->count)
		return status_fail(ST_MALFORMED, "%s: storage %s has %llu elements, expected %llu", f->source, s->key,
		                   (unsigned long long)count, (unsigned long long)s->count);
	if (bytes > f->size - *at)
		return status_fail(ST_MALFORMED, "%s: cut short in storage %s", f->source, s->key);
	s->place = *at;
	s->found = true;
	*at += bytes;
	return ST_OK;
}

static enum status place_storages(const struct weights_file *f, struct torch_file *t, const struct pickle_value *keys,
                                  uint64_t *at)
{
	enum status st = ST_OK;

	if (keys->kind != PICKLE_LIST)
		return status_fail(ST_MALFORMED, "%s: expected a list of storages after the state dict", f->source);
	for (size_t i = 0; i < keys->list.count && st == ST_OK; i++) {
		struct torch_storage *s = torch_dict_storage(&t->dict, keys->list.item[i]);

		st = s ? place_storage(f, s, at)
		       : status_fail(ST_MALFORMED, "%s: a storage that the state dict does not name", f->source);
	}
	for (size_t i = 0; i < t->dict.storage_count && st == ST_OK; i++) {
		if (!t->dict.storages[i].found)
			st = status_fail(ST_MALFORMED, "%s: storage %s is missing", f->source, t->dict.storages[i].key);
	}
	return st;
}

static enum status legacy_open(struct weights_file *f)
{
	struct torch_file *t = f->own = xcalloc(1, sizeof(*t));
	uint64_t at = magic_length(f->bytes, f->size);
	const struct pickle_value *keys;
	struct pickle p = {0};
	size_t used;
	enum status st = read_preface(f, &at);

	if (st == ST_OK) {
		st = torch_dict_read(&t->dict, f, f->bytes + at, (size_t)(f->size - at), &used);
		at += used;
	}
	if (st == ST_OK)
		st = read_aside(f, &p, &at, &keys);
	if (st == ST_OK)
		st = place_storages(f, t, keys, &at);
	pickle_release(&p);
	return st;
}

static enum status legacy_read(struct weights_file *f, const struct weights_entry *e, void *out)
{
	const struct torch_file *t = f->own;
	const struct torch_view *v = &t->dict.views[e->number];

	gather(e, v, f->bytes + v->storage->place, out);
	return ST_OK;
}

const struct weights_format torch_legacy_format = {
	.recognise = legacy_recognise,
	.open = legacy_open,
	.read = legacy_read,
	.close = torch_close,
};
