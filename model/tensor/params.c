#include "model/tensor/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"

enum status params_add(struct params *ps, const char *name, int ndim, const int64_t *dim, struct init init,
                       struct tensor **out)
{
	if (ps->value)
		return status_fail(ST_USAGE, "parameter %s: the store is sealed", name);
	if (params_find(ps, name))
		return status_fail(ST_USAGE, "parameter %s: the name is taken", name);
	if (ndim < 1 || ndim > TENSOR_DIMS)
		BUG("parameter %s with %d dimensions", name, ndim);
	struct param *p = arena_calloc(&ps->names, 1, sizeof *p);
	p->name = arena_strdup(&ps->names, name);
	p->init = init;
	p->tensor.ndim = ndim;
	memcpy(p->tensor.dim, dim, (size_t)ndim * sizeof *dim);
	ps->list = xrealloc(ps->list, (size_t)ps->count + 1, sizeof *ps->list);
	ps->list[ps->count++] = p;
	ps->size += tensor_size(&p->tensor);
	*out = &p->tensor;
	return ST_OK;
}

void params_track_rows(struct params *ps, struct tensor *x)
{
	if (ps->value || x->ndim != 2 || x->dim[0] > INT32_MAX)
		BUG("rows tracked in a sealed store, or of what is no table");
	for (int i = 0; i < ps->count; i++)
		if (&ps->list[i]->tensor == x)
			x->touched = &ps->list[i]->touched;
	if (!x->touched)
		BUG("rows tracked of a tensor that is not in the store");
}

void params_follow(struct params *ps, struct tensor *x, double rate)
{
	bool found = false;
	for (int i = 0; i < ps->count; i++)
		if (&ps->list[i]->tensor == x) {
			ps->list[i]->follow = rate;
			found = true;
		}
	if (ps->value || !found)
		BUG("a sealed store is told to follow, or a tensor that is not in the store");
}

/* For w [out, in, kernel …], as torch.nn.init counts: fan_in = in * kernel, fan_out = out * kernel. */
static double xavier_bound(const struct tensor *x)
{
	double kernel = 1;
	for (int i = 2; i < x->ndim; i++)
		kernel *= (double)x->dim[i];
	const double in = (double)(x->ndim > 1 ? x->dim[1] : x->dim[0]) * kernel, out = (double)x->dim[0] * kernel;
	return sqrt(6 / (in + out));
}

static void draw(const struct param *p, uint64_t seed)
{
	struct rng r;
	rng_init(&r, seed, rng_stream(p->name));
	const double bound = p->init.kind == INIT_XAVIER ? xavier_bound(&p->tensor) : p->init.scale;
	real *value = p->tensor.data;
	for (int64_t i = 0; i < tensor_size(&p->tensor); i++)
		switch (p->init.kind) {
		case INIT_ZERO:
			value[i] = 0;
			break;
		case INIT_ONE:
			value[i] = 1;
			break;
		case INIT_XAVIER:
		case INIT_UNIFORM:
			value[i] = (real)(bound * (2 * rng_uniform(&r) - 1));
			break;
		case INIT_NORMAL:
			value[i] = (real)(bound * rng_normal(&r));
			break;
		}
}

void params_seal(struct params *ps, uint64_t seed)
{
	if (ps->value)
		BUG("a store of parameters sealed twice");
	const size_t size = ps->size ? (size_t)ps->size : 1;
	ps->value = xcalloc(size, sizeof *ps->value);
	ps->grad = xcalloc(size, sizeof *ps->grad);
	ps->moment1 = xcalloc(size, sizeof *ps->moment1);
	ps->moment2 = xcalloc(size, sizeof *ps->moment2);
	int64_t at = 0;
	for (int i = 0; i < ps->count; i++) {
		struct param *p = ps->list[i];
		p->tensor.data = ps->value + at;
		p->tensor.grad = ps->grad + at;
		at += tensor_size(&p->tensor);
		if (p->tensor.touched) {
			p->touched.row = xcalloc((size_t)p->tensor.dim[0] + 1, sizeof *p->touched.row);
			p->touched.seen = xcalloc((size_t)p->tensor.dim[0] + 1, 1);
		}
		draw(p, seed);
	}
}

void params_seal_frozen(struct params *ps)
{
	if (ps->value)
		BUG("a store of parameters sealed twice");
	ps->value = xcalloc(ps->size ? (size_t)ps->size : 1, sizeof *ps->value);
	int64_t at = 0;
	for (int i = 0; i < ps->count; i++) {
		ps->list[i]->tensor.data = ps->value + at;
		at += tensor_size(&ps->list[i]->tensor);
	}
}

struct param *params_find(struct params *ps, const char *name)
{
	for (int i = 0; i < ps->count; i++)
		if (strcmp(ps->list[i]->name, name) == 0)
			return ps->list[i];
	return NULL;
}

static void zero_grad(struct param *p)
{
	struct tensor *x = &p->tensor;
	struct touched_rows *r = x->touched;
	if (!r || r->all)
		memset(x->grad, 0, (size_t)tensor_size(x) * sizeof *x->grad);
	for (int32_t i = 0; r && !r->all && i < r->count; i++)
		memset(x->grad + r->row[i] * x->dim[1], 0, (size_t)x->dim[1] * sizeof *x->grad);
	if (r)
		touched_rows_clear(r);
}

void params_zero_grad(struct params *ps)
{
	for (int i = 0; i < ps->count; i++)
		zero_grad(ps->list[i]);
}

void params_release(struct params *ps)
{
	for (int i = 0; i < ps->count; i++) {
		free(ps->list[i]->touched.row);
		free(ps->list[i]->touched.seen);
	}
	free(ps->list);
	free(ps->value);
	free(ps->grad);
	free(ps->moment1);
	free(ps->moment2);
	arena_release(&ps->names);
	*ps = (struct params){0};
}
