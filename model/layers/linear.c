#include "model/layers/linear.h"

#include <stdlib.h>

#include "common/file.h"

enum status layer_param(struct params *ps, const char *prefix, const char *name, int ndim, const int64_t *dim,
                        struct init init, struct tensor **out)
{
	char *full = path_printf("%s.%s", prefix, name);
	enum status st = params_add(ps, full, ndim, dim, init, out);
	free(full);
	return st;
}

enum status linear_init(struct linear *l, struct params *ps, const char *prefix, int64_t in, int64_t out,
                        enum linear_bias bias)
{
	*l = (struct linear){0};
	enum status st =
		layer_param(ps, prefix, "weight", 2, (int64_t[]){out, in}, (struct init){INIT_XAVIER, 0}, &l->weight);
	if (st == ST_OK && bias == LINEAR_BIAS)
		st = layer_param(ps, prefix, "bias", 1, &out, (struct init){INIT_ZERO, 0}, &l->bias);
	return st;
}

struct tensor *linear_apply(const struct linear *l, struct tape *t, struct tensor *x)
{
	return op_linear(t, x, l->weight, l->bias);
}
