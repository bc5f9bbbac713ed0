#include "model/encoders/torch_dict.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What a state dict may name ---------------------------------------------------------------------------------------- */

/* The last seven are types of storages: floats, and others, of so many bytes an element. */
enum tag {
	TAG_DICT,
	TAG_TENSOR,
	TAG_REBUILT_PARAMETER,
	TAG_PARAMETER,
	TAG_F32,
	TAG_F16,
	TAG_BF16,
	TAG_8_BYTES,
	TAG_4_BYTES,
	TAG_2_BYTES,
	TAG_1_BYTE
};

static const struct pickle_global globals[] = {
	{"collections", "OrderedDict", PICKLE_TO_DICT, TAG_DICT},
	{"torch._utils", "_rebuild_tensor", PICKLE_KEPT, TAG_TENSOR},
	{"torch._utils", "_rebuild_tensor_v2", PICKLE_KEPT, TAG_TENSOR},
	{"torch._utils", "_rebuild_parameter", PICKLE_KEPT, TAG_REBUILT_PARAMETER},
	{"torch.nn.parameter", "Parameter", PICKLE_KEPT, TAG_PARAMETER},
	{"torch", "FloatStorage", PICKLE_NOT_CALLED, TAG_F32},
	{"torch", "HalfStorage", PICKLE_NOT_CALLED, TAG_F16},
	{"torch", "BFloat16Storage", PICKLE_NOT_CALLED, TAG_BF16},
	{"torch", "DoubleStorage", PICKLE_NOT_CALLED, TAG_8_BYTES},
	{"torch", "LongStorage", PICKLE_NOT_CALLED, TAG_8_BYTES},
	{"torch", "IntStorage", PICKLE_NOT_CALLED, TAG_4_BYTES},
	{"torch", "ShortStorage", PICKLE_NOT_CALLED, TAG_2_BYTES},
	{"torch", "CharStorage", PICKLE_NOT_CALLED, TAG_1_BYTE},
	{"torch", "ByteStorage", PICKLE_NOT_CALLED, TAG_1_BYTE},
	{"torch", "BoolStorage", PICKLE_NOT_CALLED, TAG_1_BYTE},
	{"torch.cuda", "FloatStorage", PICKLE_NOT_CALLED, TAG_F32},
	{"torch.cuda", "HalfStorage", PICKLE_NOT_CALLED, TAG_F16},
	{"torch.cuda", "BFloat16Storage", PICKLE_NOT_CALLED, TAG_BF16},
	{"torch.cuda", "LongStorage", PICKLE_NOT_CALLED, TAG_8_BYTES},
};

static const struct {
	enum element_type type;
	uint64_t size; /* 0: no storage */
} storage_types[] = {
	[TAG_F32] = {ELEMENT_F32, 4},       [TAG_F16] = {ELEMENT_F16, 2},       [TAG_BF16] = {ELEMENT_BF16, 2},
	[TAG_8_BYTES] = {ELEMENT_OTHER, 8}, [TAG_4_BYTES] = {ELEMENT_OTHER, 4}, [TAG_2_BYTES] = {ELEMENT_OTHER, 2},
	[TAG_1_BYTE] = {ELEMENT_OTHER, 1},
};

struct pickle_rules torch_rules(const char *source)
{
	return (struct pickle_rules){source, "a state dict", globals, sizeof(globals) / sizeof(*globals)};
}

/* Storages ---------------------------------------------------------------------------------------------------------- */

static bool is(const struct pickle_value *v, const char *s)
{
	return v->kind == PICKLE_STRING && v->string.length == strlen(s) &&
	       memcmp(v->string.bytes, s, v->string.length) == 0;
}

/* A count or an offset. */
static bool is_natural(const struct pickle_value *v)
{
	return v->kind == PICKLE_INT && v->integer >= 0;
}

static enum status bad_reference(const struct weights_file *f)
{
	return status_fail(ST_MALFORMED,
	                   "%s: a storage is not named as ('storage', torch.FloatStorage, 'KEY', 'cpu', elements)",
	                   f->source);
}

/* (view key, offset, size), of which the last two count; None if the storage is not a part. */
static enum status parse_part(const struct weights_file *f, struct torch_reference *r, const struct pickle_value *part)
{
	struct pickle_value *const *item = part->list.item;
	uint64_t end;

	r->part_count = r->count;
	if (part->kind == PICKLE_NONE)
		return ST_OK;
	if (part->kind != PICKLE_TUPLE || part->list.count != 3 || !is_natural(item[1]) || !is_natural(item[2]))
		return bad_reference(f);
	r->part_first = (uint64_t)item[1]->integer;
	r->part_count = (uint64_t)item[2]->integer;
	end = r->part_first + r->part_count;
	if (end > r->count)
		return status_fail(ST_MALFORMED, "%s: part of a storage reaches beyond it", f->source);
	return ST_OK;
}

/* A number, in every file seen; it becomes part of messages and of an archive's names. */
static bool is_key(const struct pickle_value *key)
{
	for (size_t i = 0; i < key->string.length; i++) {
		if (key->string.bytes[i] <= ' ' || key->string.bytes[i] > '~' || key->string.bytes[i] == '/')
			return false;
	}
	return key->string.length > 0 && key->string.length <= TORCH_KEY_MAX;
}

static enum status parse_reference(const struct weights_file *f, struct torch_reference *r)
{
	const struct pickle_value *id = r->value->persistent.id;
	struct pickle_value *const *item = id->list.item;
	uint64_t bytes;

	if (id->kind != PICKLE_TUPLE || id->list.count < 5 || id->list.count > 6 || !is(item[0], "storage") ||
	    item[1]->kind != PICKLE_GLOBAL || item[2]->kind != PICKLE_STRING || !is_natural(item[4]))
		return bad_reference(f);
	r->key = item[2];
	r->type = storage_types[item[1]->global->tag].type;
	r->element_size = storage_types[item[1]->global->tag].size;
	if (r->element_size == 0 || !is_key(r->key))
		return bad_reference(f);
	r->count = (uint64_t)item[4]->integer;
	if (__builtin_mul_overflow(r->count, r->element_size, &bytes) || bytes > INT64_MAX)
		return status_fail(ST_MALFORMED, "%s: a storage is larger than any file", f->source);
	r->part_count = r->count;
	return id->list.count == 6 ? parse_part(f, r, item[5]) : ST_OK;
}

static int compare_keys(const struct pickle_value *a, const char *b, size_t b_length)
{
	size_t n = a->string.length < b_length ? a->string.length : b_length;
	int order = memcmp(a->string.bytes, b, n);

	return order ? order : (a->string.length > b_length) - (a->string.length < b_length);
}

static int by_key(const void *a, const void *b)
{
	const struct torch_reference *const *x = a, *const *y = b;

	return compare_keys((*x)->key, (*y)->key->string.bytes, (*y)->key->string.length);
}

/* One storage for all references of the same key. */
static enum status merge(struct torch_dict *d, const struct weights_file *f, struct torch_reference **sorted, size_t n)
{
	struct torch_storage *s = NULL;

	for (size_t i = 0; i < n; i++) {
		struct torch_reference *r = sorted[i];

		if (i == 0 || by_key(&sorted[i - 1], &sorted[i]) != 0) {
			s = &d->storages[d->storage_count++];
			s->key = arena_strndup(&d->pickle.arena, r->key->string.bytes, r->key->string.length);
			s->type = r->type;
			s->element_size = r->element_size;
			s->count = r->count;
		} else if (sorted[i - 1]->type != r->type || sorted[i - 1]->element_size != r->element_size ||
		           sorted[i - 1]->count != r->count) {
			return status_fail(ST_MALFORMED, "%s: storage %s is of two types or sizes", f->source, s->key);
		}
		r->storage = s;
	}
	return ST_OK;
}

static enum status find_storages(struct torch_dict *d, const struct weights_file *f)
{
	size_t n = d->pickle.persistent_count;
	struct torch_reference **sorted = xcalloc(n + 1, sizeof(struct torch_reference *));
	enum status st = ST_OK;

	d->references = xcalloc(n + 1, sizeof(*d->references));
	d->storages = xcalloc(n + 1, sizeof(*d->storages));
	for (size_t i = 0; i < n && st == ST_OK; i++) {
		sorted[i] = &d->references[i];
		sorted[i]->value = d->pickle.persistent[i];
		st = parse_reference(f, sorted[i]);
	}
	if (st == ST_OK && n > 0) {
		qsort(sorted, n, sizeof(struct torch_reference *), by_key);
		st = merge(d, f, sorted, n);
	}
	free(sorted);
	return st;
}

static int key_to_storage(const void *key, const void *storage)
{
	const struct torch_storage *s = storage;

	return compare_keys(key, s->key, strlen(s->key));
}

struct torch_storage *torch_dict_storage(const struct torch_dict *d, const struct pickle_value *key)
{
	if (key->kind != PICKLE_STRING || d->storage_count == 0)
		return NULL;
	return bsearch(key, d->storages, d->storage_count, sizeof(*d->storages), key_to_storage);
}

/* Tensors ----------------------------------------------------------------------------------------------------------- */

static bool is_call(const struct pickle_value *v, enum tag tag)
{
	return v->kind == PICKLE_CALL && v->call.global->tag == (int)tag;
}

/* The call that rebuilds a tensor, out of a Parameter if it is in one; NULL if v is no tensor. */
static const struct pickle_value *find_rebuild(const struct pickle_value *v)
{
	const struct pickle_value *parts = v->kind == PICKLE_CALL ? v->call.arguments : NULL;

	/* Parameters of 2017: made of nothing, then given (data, gradient, hooks, …) as their state */
	if (is_call(v, TAG_PARAMETER) && v->call.state && v->call.state->kind == PICKLE_TUPLE &&
	    v->call.state->list.count == 5)
		parts = v->call.state;
	if (is_call(v, TAG_PARAMETER) || is_call(v, TAG_REBUILT_PARAMETER))
		v = parts->list.count > 0 ? parts->list.item[0] : v;
	return is_call(v, TAG_TENSOR) ? v : NULL;
}

/* Sizes and strides, whose last element must be inside the reference's part of its storage. */
static enum status parse_layout(const struct weights_file *f, struct weights_entry *e, struct torch_view *view,
                                struct pickle_value *const *argument, const struct torch_reference *r)
{
	const struct pickle_value *sizes = argument[2], *strides = argument[3];
	uint64_t last = (uint64_t)argument[1]->integer, bytes = r->element_size, step;
	bool empty = false;

	e->ndim = (int)sizes->list.count;
	for (int i = 0; i < e->ndim; i++) {
		const struct pickle_value *size = sizes->list.item[i], *stride = strides->list.item[i];

		if (!is_natural(size) || !is_natural(stride))
			return weights_malformed(f, e->name, "its sizes and strides are not all numbers from 0");
		e->dim[i] = size->integer;
		view->stride[i] = stride->integer;
		empty = empty || size->integer == 0;
	}
	for (int i = 0; i < e->ndim && !empty; i++) {
		if (__builtin_mul_overflow(bytes, (uint64_t)e->dim[i], &bytes) || bytes > INT64_MAX)
			return weights_malformed(f, e->name, "its shape is larger than any file");
		if (__builtin_mul_overflow((uint64_t)e->dim[i] - 1, (uint64_t)view->stride[i], &step) ||
		    __builtin_add_overflow(last, step, &last))
			return weights_malformed(f, e->name, "reaches beyond its storage");
	}
	if (!empty && last >= r->part_count)
		return weights_malformed(f, e->name, "reaches beyond its storage");
	view->first = r->part_first + (uint64_t)argument[1]->integer;
	return ST_OK;
}

/* _rebuild_tensor(storage, offset, sizes, strides), and _v2 with what gradients need after them. */
static enum status parse_tensor(const struct torch_dict *d, const struct weights_file *f, struct weights_entry *e,
                                const struct pickle_value *value)
{
	const struct pickle_value *rebuild = find_rebuild(value);
	struct torch_view *view = &d->views[e->number];
	struct pickle_value *const *argument;
	const struct torch_reference *r;

	if (!rebuild)
		return weights_malformed(f, e->name, "is not a tensor");
	argument = rebuild->call.arguments->list.item;
	if (rebuild->call.arguments->list.count < 4 || argument[0]->kind != PICKLE_PERSISTENT || !is_natural(argument[1]) ||
	    argument[2]->kind != PICKLE_TUPLE || argument[3]->kind != PICKLE_TUPLE ||
	    argument[2]->list.count != argument[3]->list.count || argument[2]->list.count > WEIGHTS_DIMS_MAX)
		return weights_malformed(f, e->name, "is not made of (storage, offset, at most 8 sizes, as many strides)");
	r = &d->references[argument[0]->persistent.number];
	view->storage = r->storage;
	e->type = r->type;
	return parse_layout(f, e, view, argument, r);
}

static enum status parse_name(struct torch_dict *d, const struct weights_file *f, struct weights_entry *e,
                              const struct pickle_value *key)
{
	if (key->kind != PICKLE_STRING || key->string.length == 0 || key->string.length >= WEIGHTS_NAME_MAX)
		return status_fail(ST_MALFORMED, "%s: a tensor's name is not a string of 1 to %d bytes", f->source,
		                   WEIGHTS_NAME_MAX - 1);
	for (size_t i = 0; i < key->string.length; i++) {
		if ((unsigned char)key->string.bytes[i] < ' ' || key->string.bytes[i] == 127)
			return status_fail(ST_MALFORMED, "%s: a tensor's name has a control character", f->source);
	}
	e->name = arena_strndup(&d->pickle.arena, key->string.bytes, key->string.length);
	return ST_OK;
}

static enum status parse_tensors(struct torch_dict *d, struct weights_file *f, const struct pickle_value *dict)
{
	size_t n = dict->list.count / 2;
	enum status st = ST_OK;

	if (n > TORCH_TENSORS_MAX)
		return status_fail(ST_MALFORMED, "%s: %zu tensors, expected at most %d", f->source, n, TORCH_TENSORS_MAX);
	f->entries = xcalloc(n + 1, sizeof(*f->entries));
	d->views = xcalloc(n + 1, sizeof(*d->views));
	for (size_t i = 0; i < n && st == ST_OK; i++) {
		struct weights_entry *e = &f->entries[i];

		e->number = i;
		st = parse_name(d, f, e, dict->list.item[2 * i]);
		if (st == ST_OK)
			st = parse_tensor(d, f, e, dict->list.item[2 * i + 1]);
		f->entry_count = i + 1;
	}
	return st;
}

/* What a checkpoint keeps beside its state dict (epochs, options) is no concern of anyone's here. */
static const struct pickle_value *find_dict(const struct pickle_value *root)
{
	static const char *const keys[] = {"state_dict", "model"};

	for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
		for (size_t i = 0; i + 1 < root->list.count; i += 2) {
			if (is(root->list.item[i], keys[k]) && root->list.item[i + 1]->kind == PICKLE_DICT)
				return root->list.item[i + 1];
		}
	}
	return root;
}

enum status torch_dict_read(struct torch_dict *d, struct weights_file *f, const void *bytes, size_t size, size_t *used)
{
	struct pickle_rules rules = torch_rules(f->source);
	const struct pickle_value *root;
	enum status st = pickle_read(&d->pickle, &rules, bytes, size, used, &root);

	if (st == ST_OK && root->kind != PICKLE_DICT)
		st = status_fail(ST_MALFORMED, "%s: expected a state dict, a dictionary of tensors", f->source);
	if (st == ST_OK)
		st = find_storages(d, f);
	return st == ST_OK ? parse_tensors(d, f, find_dict(root)) : st;
}

void torch_dict_release(struct torch_dict *d)
{
	pickle_release(&d->pickle);
	free(d->references);
	free(d->storages);
	free(d->views);
	*d = (struct torch_dict){0};
}
