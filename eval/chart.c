#include "eval/chart.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/arena.h"
#include "eval/html.h"
#include "eval/text.h"

enum {
	WIDTH = 480,
	HEIGHT = 320,
	LEFT = 54,
	TOP = 16,
	BOTTOM = 46,
	LABEL_CHARACTER = 8, /* px, about */
	LABEL_ROOM_MAX = 150,
	LABEL_HEIGHT = 15,
	TICKS_X = 5,
	TICKS_Y = 5,
};

/* Beyond it, a value counts as not finite: no axis could tell such ones apart. */
#define VALUE_MAX 1e15

/* From values to pixels. */
struct frame {
	double x_low, x_high, y_low, y_high;
	double right; /* px, where the plot ends */
};

static double px(const struct frame *f, double x)
{
	return LEFT + (x - f->x_low) / (f->x_high - f->x_low) * (f->right - LEFT);
}

static double py(const struct frame *f, double y)
{
	return HEIGHT - BOTTOM - (y - f->y_low) / (f->y_high - f->y_low) * (HEIGHT - BOTTOM - TOP);
}

double chart_step(double low, double high, int wanted)
{
	const double raw = (high - low) / wanted;
	const double power = pow(10, floor(log10(raw)));
	const double lead = raw / power;
	return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

static bool finite_point(const struct chart_series *s, size_t i)
{
	return fabs(s->x[i]) < VALUE_MAX && fabs(s->y[i]) < VALUE_MAX;
}

/* Widens a range that is one value, or next to it, so that steps along it are steps. */
static void widen(double *low, double *high)
{
	const double size = fmax(fabs(*low), fabs(*high));
	if (*high - *low > size * 1e-9)
		return;
	const double by = size == 0 ? 1 : size * 0.1;
	*low -= by;
	*high += by;
}

static bool find_frame(const struct chart *c, struct frame *f)
{
	size_t points = 0, longest = 0;
	*f = (struct frame){INFINITY, -INFINITY, INFINITY, -INFINITY, 0};
	for (size_t k = 0; k < c->count; k++) {
		const struct chart_series *s = &c->series[k];
		for (size_t i = 0; i < s->n; i++) {
			if (!finite_point(s, i))
				continue;
			points++;
			f->x_low = fmin(f->x_low, s->x[i]);
			f->x_high = fmax(f->x_high, s->x[i]);
			f->y_low = fmin(f->y_low, s->y[i]);
			f->y_high = fmax(f->y_high, s->y[i]);
		}
		longest = text_width(s->name) > longest ? text_width(s->name) : longest;
	}
	if (points == 0)
		return false;
	widen(&f->x_low, &f->x_high);
	widen(&f->y_low, &f->y_high);
	const double step = chart_step(f->y_low, f->y_high, TICKS_Y);
	f->y_low = floor(f->y_low / step) * step;
	f->y_high = ceil(f->y_high / step) * step;
	f->right = WIDTH - 14 - fmin((double)longest * LABEL_CHARACTER, LABEL_ROOM_MAX);
	return true;
}

static int decimals(double step)
{
	const int n = (int)ceil(-log10(step) - 1e-9);
	return n < 0 ? 0 : n > 9 ? 9 : n;
}

static void tick_label(struct strbuf *out, double value, double step)
{
	if (fabs(value) < step / 1000)
		value = 0;
	if (step >= 1 && fabs(value) < 1e15)
		html_count(out, (int64_t)llround(value));
	else
		strbuf_printf(out, "%.*f", decimals(step), value);
}

static void draw_axes(struct strbuf *out, const struct chart *c, const struct frame *f)
{
	const double bottom = HEIGHT - BOTTOM;
	const double y_step = chart_step(f->y_low, f->y_high, TICKS_Y);
	double x_step = chart_step(f->x_low, f->x_high, TICKS_X);
	if ((c->flags & CHART_INTEGER_X) && x_step < 1)
		x_step = 1;
	strbuf_puts(out, "<g class=\"axis\">\n");
	for (double v = ceil(f->y_low / y_step - 1e-9) * y_step; v <= f->y_high + y_step * 1e-6; v += y_step) {
		strbuf_printf(
			out, "<line x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
			LEFT, f->right, py(f, v), py(f, v), LEFT - 6, py(f, v) + 4);
		tick_label(out, v, y_step);
		strbuf_puts(out, "</text>\n");
	}
	for (double v = ceil(f->x_low / x_step - 1e-9) * x_step; v <= f->x_high + x_step * 1e-6; v += x_step) {
		strbuf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", px(f, v), bottom + 17);
		tick_label(out, v, x_step);
		strbuf_puts(out, "</text>\n");
	}
	strbuf_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" class=\"label\">%s</text>\n",
	              (LEFT + f->right) / 2, HEIGHT - 8, c->x_label);
	strbuf_printf(out,
	              "<text x=\"14\" y=\"%.1f\" text-anchor=\"middle\" transform=\"rotate(-90 14 %.1f)\" "
	              "class=\"label\">%s</text>\n</g>\n",
	              (TOP + bottom) / 2, (TOP + bottom) / 2, c->y_label);
}

static void draw_marker(struct strbuf *out, size_t series, double x, double y)
{
	switch (series % 4) {
	case 0:
		strbuf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.6\"/>", x, y);
		break;
	case 1:
		strbuf_printf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"6.6\" height=\"6.6\"/>", x - 3.3, y - 3.3);
		break;
	case 2:
		strbuf_printf(out, "<path d=\"M%.1f %.1fl4.2 7.4h-8.4z\"/>", x, y - 4.8);
		break;
	default:
		strbuf_printf(out, "<path d=\"M%.1f %.1fl4.4 4.4-4.4 4.4-4.4-4.4z\"/>", x, y - 4.4);
	}
}

static void draw_series(struct strbuf *out, const struct chart *c, const struct frame *f, size_t k)
{
	const struct chart_series *s = &c->series[k];
	bool pen_down = false;
	strbuf_printf(out, "<g class=\"series s%zu%s\"><path class=\"line\" d=\"", k % CHART_COLOURS,
	              k >= CHART_COLOURS ? " dashed" : "");
	for (size_t i = 0; i < s->n; i++) {
		const bool drawn = finite_point(s, i);
		if (drawn)
			strbuf_printf(out, "%c%.1f %.1f", pen_down ? 'L' : 'M', px(f, s->x[i]), py(f, s->y[i]));
		pen_down = drawn;
	}
	strbuf_puts(out, "\"/>");
	for (size_t i = 0; (c->flags & CHART_MARKERS) && i < s->n; i++)
		if (finite_point(s, i))
			draw_marker(out, k, px(f, s->x[i]), py(f, s->y[i]));
	strbuf_puts(out, "</g>\n");
}

/* A name beside the last point of its line. */
struct end_label {
	size_t series;
	double y;
};

static int by_height(const void *pa, const void *pb)
{
	const struct end_label *a = pa, *b = pb;
	if (a->y != b->y)
		return a->y < b->y ? -1 : 1;
	return a->series < b->series ? -1 : a->series > b->series;
}

/* Moves labels apart: down to below the one above them, then up again from the plot's foot. */
static void spread(struct end_label *l, size_t n)
{
	for (size_t i = 1; i < n; i++)
		l[i].y = fmax(l[i].y, l[i - 1].y + LABEL_HEIGHT);
	double limit = HEIGHT - BOTTOM + LABEL_HEIGHT;
	for (size_t i = n; i-- > 0;) {
		l[i].y = fmin(l[i].y, limit);
		limit = l[i].y - LABEL_HEIGHT;
	}
}

static void draw_labels(struct strbuf *out, const struct chart *c, const struct frame *f)
{
	struct end_label *labels = xcalloc(c->count, sizeof *labels);
	size_t n = 0;
	for (size_t k = 0; k < c->count; k++) {
		const struct chart_series *s = &c->series[k];
		size_t last = s->n;
		while (last > 0 && !finite_point(s, last - 1))
			last--;
		if (last > 0)
			labels[n++] = (struct end_label){k, py(f, s->y[last - 1]) + 4};
	}
	qsort(labels, n, sizeof *labels, by_height);
	spread(labels, n);
	for (size_t i = 0; i < n; i++) {
		const char *name = c->series[labels[i].series].name;
		const size_t most = LABEL_ROOM_MAX / LABEL_CHARACTER;
		size_t bytes = 0, characters = 0;
		while (name[bytes] && characters < most) {
			bytes++;
			while (((unsigned char)name[bytes] & 0xc0) == 0x80)
				bytes++;
			characters++;
		}
		strbuf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"end s%zu\">", f->right + 8, labels[i].y,
		              labels[i].series % CHART_COLOURS);
		html_text_n(out, name, bytes);
		strbuf_puts(out, name[bytes] ? "…</text>\n" : "</text>\n");
	}
	free(labels);
}

/* What the picture shows, for who cannot see it: each line's first and last value. */
static void describe(struct strbuf *out, const struct chart *c)
{
	for (size_t k = 0; k < c->count; k++) {
		const struct chart_series *s = &c->series[k];
		if (s->n == 0)
			continue;
		html_text(out, s->name);
		strbuf_printf(out, ": from %.4g to %.4g. ", s->y[0], s->y[s->n - 1]);
	}
}

void chart_svg(struct strbuf *out, const struct chart *c)
{
	struct frame f;
	if (!find_frame(c, &f))
		return;
	strbuf_printf(out,
	              "<figure class=\"chart\"><figcaption>%s</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" "
	              "aria-labelledby=\"%s-t %s-d\">\n<title id=\"%s-t\">%s</title><desc id=\"%s-d\">",
	              c->title, WIDTH, HEIGHT, c->id, c->id, c->id, c->title, c->id);
	describe(out, c);
	strbuf_puts(out, "</desc>\n");
	draw_axes(out, c, &f);
	for (size_t k = 0; k < c->count; k++)
		draw_series(out, c, &f, k);
	draw_labels(out, c, &f);
	strbuf_puts(out, "</svg></figure>\n");
}
