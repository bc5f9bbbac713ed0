#include "common/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/status.h"
#include "common/vector.h"

#define BLOCK 16                 /* values of a row that are summed at once */
#define LANES RESAMPLE_BANDS_MAX /* values that are summed at once: a pixel, and what follows it */

/* For each place of the output, the first of the inputs that it is made from, how many there are, and their weights. */
struct taps {
	int most;    /* a row of weight; zeros stand behind the weights */
	int longest; /* count */
	int *first, *count;
	float *weight; /* [outputs, most] */
};

static double cubic(double x)
{
	const double a = -0.5;

	x = fabs(x);
	if (x < 1)
		return ((a + 2) * x - (a + 3)) * x * x + 1;
	return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/* outputs places spread over [from, to) of in values. */
static struct taps make_taps(int in, double from, double to, int outputs)
{
	double scale = (to - from) / outputs, stretch = scale > 1 ? scale : 1, reach = 2 * stretch;
	struct taps t = {.most = 2 * (int)ceil(reach) + 2};
	double *value = xcalloc((size_t)t.most, sizeof(*value));

	t.first = xcalloc((size_t)outputs, 2 * sizeof(*t.first));
	t.count = t.first + outputs;
	t.weight = xcalloc((size_t)outputs * (size_t)t.most, sizeof(*t.weight));
	for (int i = 0; i < outputs; i++) {
		double centre = from + (i + 0.5) * scale, sum = 0;
		int first = (int)fmax(centre - reach + 0.5, 0), end = (int)fmin(centre + reach + 0.5, in);
		float *weight = t.weight + (size_t)i * (size_t)t.most;

		for (int k = first; k < end; k++)
			sum += value[k - first] = cubic((k - centre + 0.5) / stretch);
		for (int k = first; k < end; k++)
			weight[k - first] = (float)(value[k - first] / sum);
		t.first[i] = first;
		t.count[i] = end - first;
		t.longest = t.count[i] > t.longest ? t.count[i] : t.longest;
	}
	free(value);
	return t;
}

static void free_taps(struct taps *t)
{
	free(t->first);
	free(t->weight);
}

/* The input's rows as floats, the latest of them: row y is at y % most. */
struct window {
	const struct pixels *in;
	size_t room;  /* of a row: its values, rounded up to whole blocks */
	int most;     /* rows that are kept */
	int next;     /* the first row that is not there yet */
	float *rows;  /* [most, room] */
	float *mixed; /* [room + longest * bands + LANES] one row of the output's height, wide as the input; then zeros */
	float *sums;  /* [output width * bands + LANES] */
};

INLINE void convert_rows(struct window *w, int end)
{
	size_t n = (size_t)w->in->width * (size_t)w->in->bands;

	for (; w->next < end; w->next++) {
		const uint8_t *from = w->in->data + (size_t)w->next * n;
		float *to = w->rows + (size_t)(w->next % w->most) * w->room;

#pragma omp simd
		for (size_t i = 0; i < n; i++)
			to[i] = from[i];
	}
}

/* Output row y, still as wide as the input: mixed[i] = sum_k weight[k] * in[first + k][i]. */
FOR_EACH_VECTOR_WIDTH
static void blend_rows(const struct taps *t, int y, struct window *w)
{
	const float *weight = t->weight + (size_t)y * (size_t)t->most;
	int first = t->first[y], count = t->count[y];

	convert_rows(w, first + count);
	for (size_t i = 0; i < w->room; i += BLOCK) {
		float sum[BLOCK] = {0};
		int slot = first % w->most;

		for (int k = 0; k < count; k++) {
			const float *from = w->rows + (size_t)slot * w->room + i;

			slot = slot + 1 < w->most ? slot + 1 : 0;

#pragma omp simd
			for (int c = 0; c < BLOCK; c++)
				sum[c] += weight[k] * from[c];
		}
		memcpy(w->mixed + i, sum, sizeof(sum));
	}
}

INLINE void round_all(uint8_t *restrict to, const float *restrict from, size_t n)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		float v = from[i] + 0.5f;

		v = v < 0 ? 0 : v;
		to[i] = (uint8_t)(int)(v > 255 ? 255 : v);
	}
}

/* Each sum of LANES values spoils what follows its pixel, which the next one then writes. All pixels take as many steps as the
 * longest, the last ones by zeros: a count that varies would be guessed wrong at every other pixel. */
FOR_EACH_VECTOR_WIDTH
static void blend_columns(const struct taps *t, int width, struct window *w, uint8_t *to)
{
	size_t bands = (size_t)w->in->bands, n = (size_t)width * bands;
	int longest = t->longest;

	for (int x = 0; x < width; x++) {
		const float *from = w->mixed + (size_t)t->first[x] * bands;
		const float *weight = t->weight + (size_t)x * (size_t)t->most;
		float sum[LANES] = {0};

		for (int k = 0; k < longest; k++, from += bands) {
#pragma omp simd
			for (int c = 0; c < LANES; c++)
				sum[c] += weight[k] * from[c];
		}
		memcpy(w->sums + (size_t)x * bands, sum, sizeof(sum));
	}
	round_all(to, w->sums, n);
}

static void window_init(struct window *w, const struct pixels *in, const struct taps *down, const struct taps *across,
                        int width)
{
	size_t n = (size_t)in->width * (size_t)in->bands;

	*w = (struct window){.in = in, .room = (n + BLOCK - 1) / BLOCK * BLOCK, .most = down->most};
	w->rows = xcalloc((size_t)w->most, w->room * sizeof(*w->rows));
	w->mixed = xcalloc(w->room + (size_t)across->longest * (size_t)in->bands + LANES, sizeof(*w->mixed));
	w->sums = xcalloc((size_t)width * (size_t)in->bands + LANES, sizeof(*w->sums));
}

void resample(const struct pixels *in, const struct region *r, uint8_t *out, int width, int height)
{
	size_t row_bytes = (size_t)width * (size_t)in->bands;
	struct taps across, down;
	struct window w;

	if (r->x0 < 0 || r->y0 < 0 || r->x1 > in->width || r->y1 > in->height || r->x0 >= r->x1 || r->y0 >= r->y1 ||
	    in->bands < 1 || in->bands > RESAMPLE_BANDS_MAX || width < 1 || height < 1)
		BUG("resizing %d x %d of %d bands to %d x %d", in->width, in->height, in->bands, width, height);
	across = make_taps(in->width, r->x0, r->x1, width);
	down = make_taps(in->height, r->y0, r->y1, height);
	window_init(&w, in, &down, &across, width);
	for (int y = 0; y < height; y++) {
		blend_rows(&down, y, &w);
		blend_columns(&across, width, &w, out + (size_t)y * row_bytes);
	}
	free_taps(&across);
	free_taps(&down);
	free(w.rows);
	free(w.mixed);
	free(w.sums);
}
