/* Convolution, maximum and activation of ragged volumes in one go.
 *
 * Maxima are taken as soon as a few cells' sums are made (kernels_winograd.c). On the way back only the place of the
 * maximum has a gradient, which is 27 times less work than the convolution's own. Volumes are split among SHARES,
 * whatever the number of threads, and the shares' gradients are added in order: the number of threads changes nothing.
 * This file is compiled with fused multiplication and addition. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/tensor/kernels_cpu.h"

enum { LANES = WINOGRAD_LANES, PLACES = 27, SHARES = 32, CELLS = WINOGRAD_CELLS, WINDOW = 1 << 16 };

typedef real quad __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));
#ifdef COVERLINE_DOUBLE
typedef int64_t whole;
#else
typedef int32_t whole;
#endif

/* What all volumes share; channels in groups of LANES, the last filled up with zeros. */
struct shared {
	const struct convolution_pool_data *c;
	int64_t padded;       /* output channels with those that fill up */
	int64_t cells[3];     /* of the grid */
	real *b;              /* [places of the grid, or 1][padded] */
	real *empty;          /* [cells of the grid, or 1][padded]: what an empty map gives */
	uint8_t *empty_place; /* [cells of the grid, or 1][padded] */
};

/* One volume: its cells, and the room that it takes with a border of zeros. */
struct item {
	int32_t n, depth, width; /* cells */
	int64_t cells[3], room[3];
};

static real elu_slope(real y)
{
	return y > 0 ? 1 : y + 1;
}

/* y = elu(x) in place for one row of channels */
static void activate(int64_t n, real *y, real *scratch)
{
	math_exp(n, y, scratch);
	for (int64_t i = 0; i < n; i++)
		y[i] = y[i] > 0 ? y[i] : scratch[i] - 1;
}

/* Where place p of a cell lies among the places of the grid. */
static int64_t place_at(const struct shared *s, const int64_t cell[3], int p)
{
	const int64_t *grid = s->c->grid;
	return ((cell[0] * 3 + p / 9) * grid[1] + cell[1] * 3 + p / 3 % 3) * grid[2] + cell[2] * 3 + p % 3;
}

static int64_t cell_at(const struct shared *s, const int64_t cell[3])
{
	return s->c->everywhere ? 0 : (cell[0] * s->cells[1] + cell[1]) * s->cells[2] + cell[2];
}

/* The maximum of b over one cell, and where. */
static void empty_cell(struct shared *s, const int64_t cell[3], real *scratch)
{
	real *most = s->empty + cell_at(s, cell) * s->padded;
	uint8_t *place = s->empty_place + cell_at(s, cell) * s->padded;
	for (int p = 0; p < (s->c->everywhere ? 1 : PLACES); p++) {
		const real *b = s->b + (s->c->everywhere ? 0 : place_at(s, cell, p)) * s->padded;
		for (int64_t o = 0; o < s->padded; o++)
			if (p == 0 || b[o] > most[o]) {
				most[o] = b[o];
				place[o] = (uint8_t)p;
			}
	}
	activate(s->padded, most, scratch);
}

static void fill_empty(struct shared *s)
{
	real *scratch = xmalloc((size_t)(s->padded + 1) * sizeof *scratch);
	const int64_t *cells = s->cells;
	int64_t at[3] = {0, 0, 0};
	if (s->c->everywhere)
		empty_cell(s, at, scratch);
	else
		for (at[0] = 0; at[0] < cells[0]; at[0]++)
			for (at[1] = 0; at[1] < cells[1]; at[1]++)
				for (at[2] = 0; at[2] < cells[2]; at[2]++)
					empty_cell(s, at, scratch);
	free(scratch);
}

static void shared_open(struct shared *s, const struct convolution_pool_data *c)
{
	*s = (struct shared){.c = c, .padded = (c->out + LANES - 1) / LANES * LANES};
	for (int i = 0; i < 3; i++)
		s->cells[i] = c->grid[i] / 3;
	const int64_t places = c->everywhere ? 1 : c->grid[0] * c->grid[1] * c->grid[2];
	const int64_t cells = c->everywhere ? 1 : s->cells[0] * s->cells[1] * s->cells[2];
	s->b = xcalloc((size_t)(places * s->padded) + 1, sizeof *s->b);
	s->empty = xmalloc((size_t)(cells * s->padded + 1) * sizeof *s->empty);
	s->empty_place = xmalloc((size_t)(cells * s->padded) + 1);
	for (int64_t o = 0; o < c->out; o++)
		for (int64_t p = 0; p < places; p++)
			s->b[p * s->padded + o] = c->b[o * places + p];
	fill_empty(s);
}

static void shared_close(struct shared *s)
{
	free(s->b);
	free(s->empty);
	free(s->empty_place);
}

/* One volume ----------------------------------------------------------------------------------------------------------- */

static struct item item_of(const struct convolution_pool_data *c, int32_t n)
{
	const int32_t depth = c->x->slice[n + 1] - c->x->slice[n];
	struct item v = {
		.n = n, .depth = volumes_cells(depth, c->grid[0]), .width = volumes_cells(c->x->width[n], c->grid[2])};
	const int32_t height = volumes_cells(volumes_height(c->x, n, 0, depth), c->grid[1]);
	v.cells[0] = v.depth;
	v.cells[1] = height;
	v.cells[2] = v.width;
	for (int i = 0; i < 3; i++)
		v.room[i] = v.cells[i] * 3 + 2;
	return v;
}

static int64_t room_size(const struct convolution_pool_data *c, const struct item *v)
{
	return c->in * v->room[0] * v->room[1] * v->room[2];
}

/* Room for the largest volume, and what a quad at its end reads beyond. */
static real *room_open(const struct convolution_pool_data *c)
{
	int64_t most = 0;
	for (int32_t n = 0; n < c->x->count; n++) {
		const struct item v = item_of(c, n);
		most = room_size(c, &v) > most ? room_size(c, &v) : most;
	}
	return xmalloc((size_t)(most + 4) * sizeof(real));
}

/* For each row of a volume that its room holds: from it to the room, or back by addition. */
enum direction { INTO_ROOM, OUT_OF_ROOM };
static void move_rows(const struct convolution_pool_data *c, const struct item *v, enum direction way, const real *from,
                      real *to)
{
	const int64_t width = c->x->width[v->n], kept = width < v->room[2] - 1 ? width : v->room[2] - 1;
	const int32_t first = c->x->slice[v->n], depth = c->x->slice[v->n + 1] - first;
	int64_t row = 0;
	for (int64_t i = 0; i < c->in; i++)
		for (int32_t z = 0; z < depth; z++) {
			const int32_t height = c->x->height[first + z];
			for (int32_t y = 0; z + 1 < v->room[0] && y < height && y + 1 < v->room[1]; y++) {
				const int64_t in_room = ((i * v->room[0] + z + 1) * v->room[1] + y + 1) * v->room[2] + 1;
				const int64_t in_volume = (row + y) * width;
				if (way == INTO_ROOM)
					memcpy(to + in_room, from + in_volume, (size_t)kept * sizeof *to);
				else
					for (int64_t x = 0; x < kept; x++)
						to[in_volume + x] += from[in_room + x];
			}
			row += height;
		}
}

/* [in][room[0]][room[1]][room[2]] */
static void item_fill(const struct convolution_pool_data *c, const struct item *v, real *room)
{
	memset(room, 0, (size_t)(room_size(c, v) + 4) * sizeof *room);
	move_rows(c, v, INTO_ROOM, c->input + c->in * c->x->at[v->n], room);
}

/* Forward ---------------------------------------------------------------------------------------------------------------- */

/* The largest of a cell's sums and where they are, for LANES channels; b is added to each. A NaN is larger than anything else,
 * the first of equals wins. */
FOR_EACH_VECTOR_WIDTH static void largest(const real *const b[PLACES], const real *sum, real *most, whole *where)
{
	for (int i = 0; i < LANES; i++) {
		most[i] = sum[i] + b[0][i];
		where[i] = 0;
	}
	for (int p = 1; p < PLACES; p++) {
		const real *more = b[p], *x = sum + p * LANES;
#pragma omp simd
		for (int i = 0; i < LANES; i++) {
			const real y = x[i] + more[i];
			const bool larger = (y > most[i]) | (y != y);
			most[i] = larger ? y : most[i];
			where[i] = larger ? p : where[i];
		}
	}
}

/* The maxima of one cell for LANES channels from `group` on, b included. */
static void cell_maximum(const struct shared *s, const int64_t cell[3], int64_t group, const real *sum, real *most,
                         uint8_t *place)
{
	const real *b[PLACES];
	whole where[LANES];
	for (int p = 0; p < PLACES; p++)
		b[p] = s->b + (s->c->everywhere ? 0 : place_at(s, cell, p) * s->padded) + group;
	largest(b, sum, most, where);
	for (int i = 0; place && i < LANES; i++)
		place[i] = (uint8_t)where[i];
}

/* Visits the cells that a volume reaches; at is where the cell lies in a channel of y's volume. */
struct cell_walk {
	const struct shared *s;
	const struct item *v;
	int64_t cell[3], at, row;
};

static bool walk_next(struct cell_walk *w)
{
	const struct convolution_pool_data *c = w->s->c;
	const struct item *v = w->v;
	const int32_t n = v->n, first = c->y->slice[n];
	if (v->width == 0)
		return false;
	if (++w->cell[2] >= v->width) {
		w->cell[2] = 0;
		w->cell[1]++;
	}
	while (w->cell[0] < v->depth && w->cell[1] >= volumes_cell_height(c->x, n, (int32_t)w->cell[0], c->grid[1])) {
		w->row += c->y->height[first + w->cell[0]++];
		w->cell[1] = 0;
	}
	w->at = (w->row + w->cell[1]) * c->y->width[n] + w->cell[2];
	return w->cell[0] < v->depth;
}

static struct cell_walk walk_start(const struct shared *s, const struct item *v)
{
	return (struct cell_walk){.s = s, .v = v, .cell = {0, 0, -1}};
}

/* What a thread works in. */
struct desk {
	struct arena memory;
	const real *u;           /* of all threads: the weights, spread */
	real *x, *v, *spreading; /* a volume, [room[0]][room[1]][room[2]][in], and spread */
	real *depth, *sums;      /* of CELLS cells and one group of channels */
	real *most, *scratch;    /* [CELLS][padded] */
	uint8_t *where;
	int64_t window[3]; /* cells that v holds, from cells of depth `first` on */
	int64_t first;
	int count; /* cells waiting */
	int64_t cell[CELLS][3], at[CELLS];
};

/* As many layers of cells as WINDOW elements of v hold, one at least. */
static void window_of(const struct convolution_pool_data *c, const struct item *v, int64_t window[3])
{
	const int64_t layer = winograd_inputs_size((int64_t[]){1, v->cells[1], v->cells[2]}, c->in);
	const int64_t most = layer && WINDOW / layer ? WINDOW / layer : 1;
	memcpy(window, v->cells, sizeof v->cells);
	window[0] = most < window[0] ? most : window[0];
}

static void desk_open(struct desk *d, const struct shared *s, const real *u)
{
	const struct convolution_pool_data *c = s->c;
	const size_t all = (size_t)(CELLS * s->padded);
	int64_t room = 0, spread = 0, spreading = 0;
	for (int32_t n = 0; n < c->x->count; n++) {
		const struct item v = item_of(c, n);
		int64_t window[3];
		window_of(c, &v, window);
		const int64_t size[] = {room_size(c, &v), winograd_inputs_size(window, c->in),
		                        winograd_scratch_size(window, c->in)};
		room = size[0] > room ? size[0] : room;
		spread = size[1] > spread ? size[1] : spread;
		spreading = size[2] > spreading ? size[2] : spreading;
	}
	*d = (struct desk){.u = u};
	d->x = arena_alloc(&d->memory, (size_t)room * sizeof *d->x);
	d->v = arena_alloc(&d->memory, (size_t)spread * sizeof *d->v);
	d->spreading = arena_alloc(&d->memory, (size_t)spreading * sizeof *d->spreading);
	d->depth = arena_alloc(&d->memory, WINOGRAD_SUMS_SCRATCH * sizeof *d->depth);
	d->sums = arena_alloc(&d->memory, WINOGRAD_SUMS * sizeof *d->sums);
	d->most = arena_alloc(&d->memory, all * sizeof *d->most);
	d->scratch = arena_alloc(&d->memory, all * sizeof *d->scratch);
	d->where = arena_alloc(&d->memory, all);
}

/* The volume with its border of zeros, channels last. */
static void lay_channels_last(const struct convolution_pool_data *c, const struct item *v, real *to)
{
	const int64_t width = c->x->width[v->n], kept = width < v->room[2] - 1 ? width : v->room[2] - 1;
	const int64_t channel = c->x->at[v->n + 1] - c->x->at[v->n], in = c->in;
	const int32_t first = c->x->slice[v->n], depth = c->x->slice[v->n + 1] - first;
	const real *from = c->input + in * c->x->at[v->n];
	memset(to, 0, (size_t)room_size(c, v) * sizeof *to);
	for (int32_t z = 0; z < depth; z++) {
		const int32_t height = c->x->height[first + z];
		for (int32_t y = 0; z + 1 < v->room[0] && y < height && y + 1 < v->room[1]; y++) {
			real *row = to + (((z + 1) * v->room[1] + y + 1) * v->room[2] + 1) * in;
			for (int64_t i = 0; i < in; i++)
				for (int64_t x = 0; x < kept; x++)
					row[x * in + i] = from[i * channel + y * width + x];
		}
		from += height * width;
	}
}

/* All channels of the cells that wait; y and place are those of the volume's first channel, `step` from the next one's. */
static void cells_forward(const struct shared *s, struct desk *d, real *y, uint8_t *place, int64_t step)
{
	const real *start[CELLS];
	for (int i = 0; i < CELLS; i++) {
		const int64_t *cell = d->cell[i < d->count ? i : 0];
		start[i] = d->v + winograd_cell(d->window, s->c->in, (int64_t[]){cell[0] - d->first, cell[1], cell[2]});
	}
	for (int64_t g = 0; g < s->padded; g += LANES) {
		winograd_sums(d->window, s->c->in, start, d->u + winograd_weights_size(g, s->c->in), d->depth, d->sums);
		for (int i = 0; i < d->count; i++)
			cell_maximum(s, d->cell[i], g, d->sums + i * PLACES * LANES, d->most + i * s->padded + g,
			             place ? d->where + i * s->padded + g : NULL);
	}
	activate(d->count * s->padded, d->most, d->scratch);
	for (int i = 0; i < d->count; i++) {
		const real *empty = s->empty + cell_at(s, d->cell[i]) * s->padded;
		for (int64_t o = 0; o < s->c->out; o++) {
			y[o * step + d->at[i]] = d->most[i * s->padded + o] - empty[o];
			if (place)
				place[o * step + d->at[i]] = d->where[i * s->padded + o];
		}
	}
	d->count = 0;
}

/* The next layers of cells. */
static void open_window(const struct shared *s, const struct item *v, struct desk *d)
{
	d->first += d->window[0];
	if (d->window[0] > v->cells[0] - d->first)
		d->window[0] = v->cells[0] - d->first;
	winograd_inputs(d->window, s->c->in, d->x + d->first * 3 * v->room[1] * v->room[2] * s->c->in, d->spreading, d->v);
}

static void item_forward(const struct shared *s, const struct item *v, struct desk *d, real *y)
{
	const struct convolution_pool_data *c = s->c;
	const int64_t first = c->out * c->y->at[v->n], size = c->y->at[v->n + 1] - c->y->at[v->n];
	uint8_t *place = c->place ? c->place + first : NULL;
	memset(y + first, 0, (size_t)(c->out * size) * sizeof *y);
	lay_channels_last(c, v, d->x);
	window_of(c, v, d->window);
	d->first = -d->window[0];
	for (struct cell_walk w = walk_start(s, v); walk_next(&w);) {
		if (d->count == CELLS || (d->count && w.cell[0] >= d->first + d->window[0]))
			cells_forward(s, d, y + first, place, size);
		while (w.cell[0] >= d->first + d->window[0])
			open_window(s, v, d);
		memcpy(d->cell[d->count], w.cell, sizeof w.cell);
		d->at[d->count++] = w.at;
	}
	if (d->count)
		cells_forward(s, d, y + first, place, size);
}

void cpu_convolution_pool(const struct convolution_pool_data *c, real *y)
{
	struct shared s;
	shared_open(&s, c);
	struct arena memory = {0};
	real *u = arena_alloc(&memory, (size_t)winograd_weights_size(c->out, c->in) * sizeof *u);
	winograd_weights(c->out, c->in, c->w, u);
#pragma omp parallel
	{
		struct desk d;
		desk_open(&d, &s, u);
#pragma omp for schedule(dynamic, 1)
		for (int32_t n = 0; n < c->x->count; n++) {
			const struct item v = item_of(c, n);
			item_forward(&s, &v, &d, y);
		}
		arena_release(&d.memory);
	}
	arena_release(&memory);
	shared_close(&s);
}

/* Backward --------------------------------------------------------------------------------------------------------------- */

/* Weights and their gradient by rows of three taps, each followed by a fourth that is 0 or of no account. */
struct way_back {
	const struct shared *s;
	const real *y, *dy;
	real *w;              /* [out][in * 9][4] */
	int64_t rows, places; /* in * 9; elements of b a channel */
	bool wants_x, wants_w, wants_b;
};

/* What a share of the volumes adds up, and works in. */
struct share {
	real *dw; /* [out][rows][4] */
	real *db; /* [out][places] */
	real *room, *droom;
	int64_t *offset; /* [rows] of each row of taps in the room, from the place of a sum */
};

static void find_offsets(const struct item *v, int64_t rows, int64_t *offset)
{
	for (int64_t k = 0; k < rows; k++)
		offset[k] = ((k / 9 * v->room[0] + k / 3 % 3) * v->room[1] + k % 3) * v->room[2];
}

/* One sum: dw += g x and dx += g w, rows of taps at a time. */
INLINE void tap_rows(int64_t rows, const int64_t *offset, real g, const real *x, const real *w, real *dw, real *dx)
{
	for (int64_t k = 0; k < rows; k++) {
		if (dw)
			*(quad *)(dw + 4 * k) += g * *(const quad *)(x + offset[k]);
		if (dx)
			*(quad *)(dx + offset[k]) += g * *(const quad *)(w + 4 * k);
	}
}

FOR_EACH_VECTOR_WIDTH static void sum_backward(const struct way_back *b, const struct item *v, struct share *h,
                                               const int64_t cell[3], int64_t o, int place, real g)
{
	const int64_t at =
		((cell[0] * 3 + place / 9) * v->room[1] + cell[1] * 3 + place / 3 % 3) * v->room[2] + cell[2] * 3 + place % 3;
	const real *x = h->room + at, *w = b->w + o * b->rows * 4;
	real *dw = h->dw + o * b->rows * 4, *dx = h->droom + at;
	if (b->wants_w && b->wants_x)
		tap_rows(b->rows, h->offset, g, x, w, dw, dx);
	else
		tap_rows(b->rows, h->offset, g, x, w, b->wants_w ? dw : NULL, b->wants_x ? dx : NULL);
}

static void cell_backward(const struct way_back *b, const struct item *v, struct share *h, const int64_t cell[3],
                          int64_t first, int64_t step)
{
	const struct shared *s = b->s;
	const real *empty = s->empty + cell_at(s, cell) * s->padded;
	const uint8_t *empty_place = s->empty_place + cell_at(s, cell) * s->padded;
	for (int64_t o = 0; o < s->c->out; o++) {
		const int64_t i = first + o * step;
		if (b->dy[i] == 0)
			continue;
		const real g = b->dy[i] * elu_slope(b->y[i] + empty[o]);
		const int place = s->c->place[i];
		if (b->wants_b && s->c->everywhere) {
			h->db[o] += g - b->dy[i] * elu_slope(empty[o]);
		} else if (b->wants_b) {
			h->db[o * b->places + place_at(s, cell, place)] += g;
			h->db[o * b->places + place_at(s, cell, empty_place[o])] -= b->dy[i] * elu_slope(empty[o]);
		}
		sum_backward(b, v, h, cell, o, place, g);
	}
}

static void item_backward(const struct way_back *b, int32_t n, struct share *h, real *dx)
{
	const struct convolution_pool_data *c = b->s->c;
	struct item v = item_of(c, n);
	const int64_t first = c->out * c->y->at[n], size = c->y->at[n + 1] - c->y->at[n];
	item_fill(c, &v, h->room);
	memset(h->droom, 0, (size_t)(room_size(c, &v) + 4) * sizeof *h->droom);
	find_offsets(&v, b->rows, h->offset);
	for (struct cell_walk w = walk_start(b->s, &v); walk_next(&w);)
		cell_backward(b, &v, h, w.cell, first + w.at, size);
	if (dx)
		move_rows(c, &v, OUT_OF_ROOM, h->droom, dx + c->in * c->x->at[n]);
}

/* Adds the shares up, in their order. */
static void add_shares(const struct way_back *b, int64_t out, const real *dw, const real *db, real *into_w,
                       real *into_b)
{
#pragma omp parallel for
	for (int64_t o = 0; o < out; o++)
		for (int share = 0; share < SHARES; share++) {
			const real *w = dw + (share * out + o) * b->rows * 4, *p = db + (share * out + o) * b->places;
			for (int64_t k = 0; into_w && k < b->rows * 3; k++)
				into_w[o * b->rows * 3 + k] += w[k / 3 * 4 + k % 3];
			for (int64_t k = 0; into_b && k < b->places; k++)
				into_b[o * b->places + k] += p[k];
		}
}

static void spread_weights(struct way_back *b)
{
	const struct convolution_pool_data *c = b->s->c;
	b->w = xcalloc((size_t)(c->out * b->rows * 4) + 1, sizeof *b->w);
	for (int64_t k = 0; k < c->out * b->rows * 3; k++)
		b->w[k / 3 * 4 + k % 3] = c->w[k];
}

void cpu_convolution_pool_grad(const struct convolution_pool_data *c, const real *y, const real *dy, real *dx, real *dw,
                               real *db)
{
	struct shared s;
	shared_open(&s, c);
	struct way_back b = {.s = &s, .y = y, .dy = dy, .rows = c->in * 9, .wants_x = dx, .wants_w = dw, .wants_b = db};
	b.places = c->everywhere ? 1 : c->grid[0] * c->grid[1] * c->grid[2];
	spread_weights(&b);
	const int64_t weights = c->out * b.rows * 4, shifts = c->out * b.places;
	real *all_w = xcalloc((size_t)(SHARES * weights) + 1, sizeof *all_w);
	real *all_b = xcalloc((size_t)(SHARES * shifts) + 1, sizeof *all_b);
#pragma omp parallel
	{
		struct share h = {.room = room_open(c), .droom = room_open(c)};
		h.offset = xmalloc((size_t)(b.rows + 1) * sizeof *h.offset);
#pragma omp for schedule(dynamic, 1)
		for (int share = 0; share < SHARES; share++) {
			h.dw = all_w + share * weights;
			h.db = all_b + share * shifts;
			const int64_t count = c->x->count;
			for (int64_t n = share * count / SHARES; n < (share + 1) * count / SHARES; n++)
				item_backward(&b, (int32_t)n, &h, dx);
		}
		free(h.room);
		free(h.droom);
		free(h.offset);
	}
	add_shares(&b, c->out, all_w, all_b, dw, db);
	free(all_w);
	free(all_b);
	free(b.w);
	shared_close(&s);
}
