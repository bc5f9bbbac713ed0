/* Parameters in a checkpoint. */
#include "model/tensor/params.h"

#include <stdlib.h>

#include "common/file.h"

#define PROBLEMS_MAX 65536

/* What a checkpoint holds of each parameter: a folder, and the block that it is a copy of. */
struct part {
	const char *folder;
	real *block;
};

static int parts_of(const struct params *ps, bool moments, struct part part[3])
{
	part[0] = (struct part){"parameters", ps->value};
	part[1] = (struct part){"adam/m", ps->moment1};
	part[2] = (struct part){"adam/v", ps->moment2};
	return moments ? 3 : 1;
}

static struct h5_shape stored_shape(const struct tensor *x)
{
	struct h5_shape shape = {.type = H5_REAL, .ndim = x->ndim};
	for (int i = 0; i < x->ndim; i++)
		shape.dim[i] = (uint64_t)x->dim[i];
	return shape;
}

enum status params_write(const struct params *ps, struct h5_file *f, bool moments)
{
	struct part part[3];
	const int parts = parts_of(ps, moments, part);
	for (int k = 0; k < parts; k++)
		for (int i = 0; i < ps->count; i++) {
			const struct tensor *x = &ps->list[i]->tensor;
			const struct h5_shape shape = stored_shape(x);
			char *name = path_join(part[k].folder, ps->list[i]->name);
			const enum status st = h5_write(f, name, &shape, part[k].block + (x->data - ps->value));
			free(name);
			if (st != ST_OK)
				return st;
		}
	return ST_OK;
}

static void print_shape(struct strbuf *sb, int ndim, const uint64_t *dim)
{
	strbuf_putc(sb, '[');
	for (int i = 0; i < ndim; i++)
		strbuf_printf(sb, "%s%llu", i ? ", " : "", (unsigned long long)dim[i]);
	strbuf_putc(sb, ']');
}

/* Notes in problems what keeps name from being read into x. */
static enum status compare(struct h5_file *f, const char *name, const struct tensor *x, struct strbuf *problems)
{
	if (!h5_has(f, name)) {
		strbuf_printf(problems, "; %s is missing", name);
		return ST_OK;
	}
	const struct h5_shape wanted = stored_shape(x);
	struct h5_shape found;
	const enum status st = h5_describe(f, name, &found);
	if (st != ST_OK)
		return st;
	bool same = found.ndim == wanted.ndim && found.type != H5_STRING;
	for (int i = 0; same && i < wanted.ndim; i++)
		same = found.dim[i] == wanted.dim[i];
	if (same)
		return ST_OK;
	strbuf_printf(problems, "; %s is ", name);
	print_shape(problems, found.ndim, found.dim);
	strbuf_puts(problems, found.type == H5_STRING ? " of text, expected " : ", expected ");
	print_shape(problems, wanted.ndim, wanted.dim);
	return ST_OK;
}

/* Calls for each dataset of a checkpoint; stops at the first failure. */
static enum status each(struct params *ps, struct h5_file *f, bool moments,
                        enum status (*visit)(struct h5_file *f, const char *name, const struct tensor *x, real *at,
                                             struct strbuf *problems),
                        struct strbuf *problems)
{
	struct part part[3];
	const int parts = parts_of(ps, moments, part);
	enum status st = ST_OK;
	for (int k = 0; k < parts; k++)
		for (int i = 0; i < ps->count && st == ST_OK; i++) {
			const struct tensor *x = &ps->list[i]->tensor;
			char *name = path_join(part[k].folder, ps->list[i]->name);
			st = visit(f, name, x, part[k].block + (x->data - ps->value), problems);
			free(name);
		}
	return st;
}

static enum status check_one(struct h5_file *f, const char *name, const struct tensor *x, real *at,
                             struct strbuf *problems)
{
	(void)at;
	return compare(f, name, x, problems);
}

static enum status read_one(struct h5_file *f, const char *name, const struct tensor *x, real *at,
                            struct strbuf *problems)
{
	(void)problems;
	return h5_read(f, name, 0, (uint64_t)x->dim[0], H5_REAL, at);
}

enum status params_read(struct params *ps, struct h5_file *f, bool moments)
{
	struct strbuf problems;
	strbuf_init(&problems, PROBLEMS_MAX);
	enum status st = each(ps, f, moments, check_one, &problems);
	if (st == ST_OK && problems.len)
		st = status_fail(ST_MALFORMED, "the file does not fit the model%s%s", problems.data,
		                 problems.overflow ? "; and more" : "");
	if (st == ST_OK)
		st = each(ps, f, moments, read_one, NULL);
	strbuf_release(&problems);
	return st;
}
