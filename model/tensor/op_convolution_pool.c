#include "model/tensor/op.h"

static void convolution_pool_backward(struct tape *t, struct node *n)
{
	(void)t;
	struct tensor *b = n->in[2];
	kernels.convolution_pool_grad(n->saved, n->out->data, n->out->grad, n->in[0]->grad, n->in[1]->grad, b->grad);
}

static bool weights_fit(struct tape *t, const struct tensor *w, const struct tensor *b, const int64_t grid[3])
{
	const bool weight = w->ndim == 5 && w->dim[2] == 3 && w->dim[3] == 3 && w->dim[4] == 3;
	const bool flat = weight && b->ndim == 1 && b->dim[0] == w->dim[0];
	const bool map = weight && b->ndim == 4 && b->dim[0] == w->dim[0] && b->dim[1] == grid[0] && b->dim[2] == grid[1] &&
	                 b->dim[3] == grid[2];
	if (!flat && !map)
		tape_fail(t, "convolution_pool: w is %s and b %s, expected [o, c, 3, 3, 3] and [o] or [o, %lld, %lld, %lld]",
		          shape_text(w).s, shape_text(b).s, (long long)grid[0], (long long)grid[1], (long long)grid[2]);
	return flat || map;
}

static bool volumes_fit(struct tape *t, const struct tensor *x, int64_t channels, const struct volumes *v,
                        const int64_t grid[3])
{
	if (tensor_size(x) != channels * v->at[v->count]) {
		tape_fail(t, "convolution_pool: x is %s, but the volumes have %lld elements of %lld channels", shape_text(x).s,
		          (long long)v->at[v->count], (long long)channels);
		return false;
	}
	for (int32_t n = 0; n < v->count; n++) {
		const int32_t depth = v->slice[n + 1] - v->slice[n], height = volumes_height(v, n, 0, depth);
		if (depth > grid[0] || height > grid[1] || v->width[n] > grid[2]) {
			tape_fail(t, "convolution_pool: volume %d is %d x %d x %d, beyond a grid of %lld x %lld x %lld", (int)n,
			          (int)depth, (int)height, (int)v->width[n], (long long)grid[0], (long long)grid[1],
			          (long long)grid[2]);
			return false;
		}
	}
	return true;
}

/* The cells of each volume that y lists. */
static void lay_out(struct tape *t, const struct volumes *from, const int64_t grid[3], enum pool_extent extent,
                    struct volumes *to)
{
	const int32_t count = from->count;
	int32_t *slice = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *slice);
	int32_t *width = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *width);
	slice[0] = 0;
	for (int32_t n = 0; n < count; n++) {
		const int32_t depth = from->slice[n + 1] - from->slice[n];
		slice[n + 1] = slice[n] + (extent == POOL_WHOLE ? (int32_t)(grid[0] / 3) : volumes_cells(depth, grid[0]));
		width[n] = extent == POOL_WHOLE ? (int32_t)(grid[2] / 3) : volumes_cells(from->width[n], grid[2]);
	}
	int32_t *height = arena_alloc(&t->arena, ((size_t)slice[count] + 1) * sizeof *height);
	for (int32_t n = 0; n < count; n++)
		for (int32_t q = 0; q < slice[n + 1] - slice[n]; q++)
			height[slice[n] + q] =
				extent == POOL_WHOLE ? (int32_t)(grid[1] / 3) : volumes_cell_height(from, n, q, grid[1]);
	*to = (struct volumes){.count = count, .slice = slice, .height = height, .width = width};
	volumes_measure(to, &t->arena);
}

struct tensor *op_convolution_pool(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b,
                                   const struct volumes *from, const int64_t grid[3], enum pool_extent extent,
                                   struct volumes *to)
{
	struct tensor *in[] = {x, w, b};
	if (!op_ready(t, in, 3))
		return NULL;
	for (int i = 0; i < 3; i++)
		if (grid[i] < 0 || grid[i] > INT16_MAX)
			return tape_fail(t, "convolution_pool: a grid of %lld", (long long)grid[i]);
	if (!weights_fit(t, w, b, grid) || !volumes_fit(t, x, w->dim[1], from, grid))
		return NULL;
	lay_out(t, from, grid, extent, to);
	struct volumes *kept = arena_alloc(&t->arena, 2 * sizeof *kept);
	kept[0] = *from;
	kept[1] = *to;
	struct convolution_pool_data c = {.x = &kept[0],
	                                  .y = &kept[1],
	                                  .in = w->dim[1],
	                                  .out = w->dim[0],
	                                  .grid = {grid[0], grid[1], grid[2]},
	                                  .everywhere = b->ndim == 1,
	                                  .input = x->data,
	                                  .w = w->data,
	                                  .b = b->data};
	struct tensor *y = op_result(t, 1, (int64_t[]){c.out * to->at[to->count]}, in, 3);
	if (y->grad)
		c.place = arena_alloc(&t->arena, (size_t)tensor_size(y) + 1);
	kernels.convolution_pool(&c, y->data);
	return op_done(t, convolution_pool_backward, y, in, 3, &c, sizeof c);
}

GRADIENT_CASE(convolution_pool)
{
	/* Ragged volumes, one empty, one without width, one that fills the grid; b alike everywhere, then a map; all cells, and
	 * a grid without a whole cell. */
	static const int32_t slice[] = {0, 4, 4, 5, 12}, height[] = {2, 5, 0, 3, 4, 1, 7, 2, 7, 3, 1, 2};
	static const int32_t width[] = {5, 3, 0, 8};
	static const int64_t grid[][3] = {{7, 7, 8}, {7, 7, 8}, {9, 8, 11}, {7, 7, 8}, {2, 9, 9}};
	static const enum pool_extent extent[] = {POOL_REACHED, POOL_WHOLE, POOL_WHOLE, POOL_REACHED, POOL_REACHED};
	static const int64_t in[] = {2, 1, 2, 3, 1}, out[] = {3, 2, 2, 17, 2};
	static const bool everywhere[] = {true, false, false, true, true};
	if (variant >= 5)
		return NULL;
	struct volumes from = {.count = variant == 4 ? 0 : 4, .slice = slice, .height = height, .width = width}, to;
	struct volumes *kept = arena_alloc(&t->arena, sizeof *kept);
	volumes_measure(&from, &t->arena);
	*kept = from;
	const int64_t *size = grid[variant];
	struct tensor *x = gradient_input(g, 1, (int64_t[]){in[variant] * from.at[from.count]});
	/* An eighth of what is drawn: sums of 81 products are rounded by 1e-13 or so, which differences of 1e-5 would show. */
	struct tensor *w = gradient_input(g, 5, (int64_t[]){out[variant], in[variant], 3, 3, 3});
	struct tensor *eighth = tape_tensor(t, 1, (int64_t[]){1}, false);
	eighth->data[0] = (real)0.125;
	struct tensor *b =
		gradient_input(g, everywhere[variant] ? 1 : 4, (int64_t[]){out[variant], size[0], size[1], size[2]});
	return op_convolution_pool(t, x, op_mul(t, w, eighth), b, kept, size, extent[variant], &to);
}
