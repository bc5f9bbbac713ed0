#include "pipelines/demo/paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

#define PI 3.14159265358979323846

double between(struct rng *r, double low, double high)
{
	return low + (high - low) * rng_uniform(r);
}

static double clamp01(double x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

struct rgb rgb_mix(struct rgb a, struct rgb b, double t)
{
	return (struct rgb){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

struct rgb rgb_scale(struct rgb a, double k)
{
	return (struct rgb){clamp01(a.r * k), clamp01(a.g * k), clamp01(a.b * k)};
}

struct rgb rgb_jitter(struct rng *r, struct rgb a, double amount)
{
	double red = clamp01(a.r + between(r, -amount, amount));
	double green = clamp01(a.g + between(r, -amount, amount));
	double blue = clamp01(a.b + between(r, -amount, amount));
	return (struct rgb){red, green, blue};
}

struct rgb rgb_pick(struct rng *r, const struct rgb *choices, int count)
{
	return rgb_jitter(r, choices[rng_below(r, (uint32_t)count)], 0.03);
}

void use_rgb(struct canvas *c, struct rgb colour, double alpha)
{
	cairo_set_source_rgba(c->cr, colour.r, colour.g, colour.b, alpha);
}

static void fill_gradient(struct canvas *c, double y0, double y1, struct rgb top, struct rgb bottom)
{
	cairo_pattern_t *p = cairo_pattern_create_linear(0, y0, 0, y1);
	cairo_pattern_add_color_stop_rgb(p, 0, top.r, top.g, top.b);
	cairo_pattern_add_color_stop_rgb(p, 1, bottom.r, bottom.g, bottom.b);
	cairo_set_source(c->cr, p);
	cairo_fill(c->cr);
	cairo_pattern_destroy(p);
}

void paint_band(struct canvas *c, double y0, double y1, struct rgb top, struct rgb bottom)
{
	cairo_rectangle(c->cr, 0, y0, c->w, y1 - y0);
	fill_gradient(c, y0, y1, top, bottom);
}

void paint_ellipse(struct canvas *c, double x, double y, double rx, double ry, struct rgb colour, double alpha)
{
	cairo_save(c->cr);
	cairo_translate(c->cr, x, y);
	cairo_scale(c->cr, rx > 0.1 ? rx : 0.1, ry > 0.1 ? ry : 0.1);
	cairo_new_path(c->cr);
	cairo_arc(c->cr, 0, 0, 1, 0, 2 * PI);
	cairo_restore(c->cr);
	use_rgb(c, colour, alpha);
	cairo_fill(c->cr);
}

static void paint_soft(struct canvas *c, double x, double y, double rx, double ry, struct rgb colour, double alpha)
{
	cairo_pattern_t *p = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);
	cairo_pattern_add_color_stop_rgba(p, 0, colour.r, colour.g, colour.b, alpha);
	cairo_pattern_add_color_stop_rgba(p, 0.5, colour.r, colour.g, colour.b, alpha * 0.45);
	cairo_pattern_add_color_stop_rgba(p, 1, colour.r, colour.g, colour.b, 0);
	cairo_save(c->cr);
	cairo_translate(c->cr, x, y);
	cairo_scale(c->cr, rx > 0.1 ? rx : 0.1, ry > 0.1 ? ry : 0.1);
	cairo_set_source(c->cr, p);
	cairo_rectangle(c->cr, -1, -1, 2, 2);
	cairo_fill(c->cr);
	cairo_restore(c->cr);
	cairo_pattern_destroy(p);
}

void paint_glow(struct canvas *c, double x, double y, double radius, struct rgb colour, double alpha)
{
	paint_soft(c, x, y, radius, radius, colour, alpha);
}

void paint_rectangle(struct canvas *c, double x, double y, double w, double h, struct rgb colour, double alpha)
{
	cairo_rectangle(c->cr, x, y, w, h);
	use_rgb(c, colour, alpha);
	cairo_fill(c->cr);
}

void paint_line(struct canvas *c, double x0, double y0, double x1, double y1, double width, struct rgb colour,
                double alpha)
{
	cairo_move_to(c->cr, x0, y0);
	cairo_line_to(c->cr, x1, y1);
	cairo_set_line_width(c->cr, width);
	use_rgb(c, colour, alpha);
	cairo_stroke(c->cr);
}

void paint_cloud(struct canvas *c, double x, double y, double width, double height, struct rgb colour, double alpha)
{
	for (int i = 0; i < 14; i++) {
		double across = between(c->rng, -1, 1);
		double size = (1.1 - fabs(across)) * between(c->rng, 0.5, 1);
		paint_soft(c, x + across * width / 2, y + between(c->rng, -0.3, 0.3) * height, width * 0.28 * size + 1,
		           height * 0.6 * size + 1, colour, alpha);
	}
}

struct ridge ridge_draw(struct rng *r, double mid, double amplitude, double roughness)
{
	struct ridge ridge = {0};
	double *y = ridge.y;
	y[0] = between(r, -0.5, 0.5) * amplitude;
	y[RIDGE_POINTS - 1] = between(r, -0.5, 0.5) * amplitude;
	double reach = amplitude;
	for (int step = RIDGE_POINTS - 1; step > 1; step /= 2) {
		for (int i = step / 2; i < RIDGE_POINTS; i += step)
			y[i] = (y[i - step / 2] + y[i + step / 2]) / 2 + between(r, -0.5, 0.5) * reach;
		reach *= roughness;
	}
	for (int i = 0; i < RIDGE_POINTS; i++)
		y[i] += mid;
	return ridge;
}

void paint_ridge(struct canvas *c, const struct ridge *ridge, double y1, struct rgb top, struct rgb bottom)
{
	double highest = y1;
	cairo_new_path(c->cr);
	cairo_move_to(c->cr, 0, y1);
	for (int i = 0; i < RIDGE_POINTS; i++) {
		cairo_line_to(c->cr, c->w * i / (RIDGE_POINTS - 1), ridge->y[i]);
		highest = fmin(highest, ridge->y[i]);
	}
	cairo_line_to(c->cr, c->w, y1);
	cairo_close_path(c->cr);
	fill_gradient(c, highest, y1, top, bottom);
}

void paint_reflection(struct canvas *c, double y, struct rgb tint, double tint_alpha)
{
	cairo_surface_flush(c->surface);
	int stride = cairo_image_surface_get_stride(c->surface);
	int height = (int)c->h, line = (int)y;
	unsigned char *data = cairo_image_surface_get_data(c->surface);
	double wave = between(c->rng, 0.5, 1.5), phase = between(c->rng, 0, 6);
	for (int row = line; row < height; row++) {
		double depth = row - line;
		int from = line - 1 - (int)(depth * 1.1 + wave * sqrt(depth) * sin(depth * 0.55 + phase));
		from = from < 0 ? 0 : from >= line ? line - 1 : from;
		memcpy(data + (size_t)row * (size_t)stride, data + (size_t)from * (size_t)stride, (size_t)stride);
	}
	cairo_surface_mark_dirty(c->surface);
	paint_rectangle(c, 0, line, c->w, c->h - line, tint, tint_alpha);
}

/* One pass of a box blur along the rows. line holds 4 * w bytes of scratch; share is 1 / (2 * radius + 1) in 16 bits. */
static void blur_rows(unsigned char *data, size_t stride, int w, int h, int radius, unsigned char *line)
{
	unsigned share = 65536u / (2u * (unsigned)radius + 1);
	for (int y = 0; y < h; y++) {
		unsigned char *p = data + (size_t)y * stride;
		unsigned sum[4] = {0};
		memcpy(line, p, 4 * (size_t)w);
		for (int i = -radius; i <= radius; i++)
			for (int k = 0; k < 4; k++)
				sum[k] += line[4 * (i < 0 ? 0 : i >= w ? w - 1 : i) + k];
		for (int i = 0; i < w; i++) {
			int leaving = i - radius < 0 ? 0 : i - radius;
			int coming = i + radius + 1 >= w ? w - 1 : i + radius + 1;
			for (int k = 0; k < 4; k++) {
				p[4 * i + k] = (unsigned char)(sum[k] * share >> 16);
				sum[k] += (unsigned)line[4 * coming + k] - line[4 * leaving + k];
			}
		}
	}
}

/* The same along the columns, a row at a time. from holds stride * h bytes of scratch, sum 4 * w numbers. */
static void blur_columns(unsigned char *data, size_t stride, int w, int h, int radius, unsigned char *from,
                         unsigned *sum)
{
	unsigned share = 65536u / (2u * (unsigned)radius + 1);
	memcpy(from, data, stride * (size_t)h);
	memset(sum, 0, 4 * (size_t)w * sizeof(*sum));
	for (int i = -radius; i <= radius; i++) {
		const unsigned char *row = from + (size_t)(i < 0 ? 0 : i >= h ? h - 1 : i) * stride;
		for (int k = 0; k < 4 * w; k++)
			sum[k] += row[k];
	}
	for (int y = 0; y < h; y++) {
		unsigned char *p = data + (size_t)y * stride;
		const unsigned char *leaving = from + (size_t)(y - radius < 0 ? 0 : y - radius) * stride;
		const unsigned char *coming = from + (size_t)(y + radius + 1 >= h ? h - 1 : y + radius + 1) * stride;
		for (int k = 0; k < 4 * w; k++) {
			p[k] = (unsigned char)(sum[k] * share >> 16);
			sum[k] += (unsigned)coming[k] - leaving[k];
		}
	}
}

void paint_blur(struct canvas *c, int radius)
{
	if (radius < 1)
		return;
	cairo_surface_flush(c->surface);
	int w = (int)c->w, h = (int)c->h;
	size_t stride = (size_t)cairo_image_surface_get_stride(c->surface);
	unsigned char *data = cairo_image_surface_get_data(c->surface);
	unsigned char *from = xmalloc(stride * (size_t)h);
	unsigned *sum = xmalloc(4 * (size_t)w * sizeof(*sum));
	for (int pass = 0; pass < 2; pass++) {
		blur_rows(data, stride, w, h, radius, from);
		blur_columns(data, stride, w, h, radius, from, sum);
	}
	free(from);
	free(sum);
	cairo_surface_mark_dirty(c->surface);
}

static uint8_t to_byte(double x)
{
	return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x + 0.5);
}

void photo_finish(struct canvas *c, struct image *out)
{
	double exposure = between(c->rng, 0.86, 1.12), warmth = between(c->rng, -0.05, 0.05);
	double gain[3] = {exposure * (1 + warmth), exposure, exposure * (1 - warmth)};
	double falloff = between(c->rng, 0.05, 0.3), grain = between(c->rng, 3, 11);
	uint32_t grain_seed = rng_u32(c->rng);

	paint_blur(c, (int)rng_below(c->rng, 2));
	cairo_surface_flush(c->surface);
	out->width = (int)c->w;
	out->height = (int)c->h;
	out->data = xmalloc((size_t)out->width * (size_t)out->height * 3);
	size_t stride = (size_t)cairo_image_surface_get_stride(c->surface);
	const unsigned char *data = cairo_image_surface_get_data(c->surface);
	uint8_t *to = out->data;
	for (int y = 0; y < out->height; y++) {
		uint32_t bits[4];
		for (int x = 0; x < out->width; x++) {
			const unsigned char *p = data + (size_t)y * stride + 4 * (size_t)x;
			double u = 2.0 * x / out->width - 1, v = 2.0 * y / out->height - 1;
			double light = 1 - falloff * (u * u + v * v) / 2;
			if (x % 4 == 0)
				rng_block(grain_seed, (uint64_t)y, (uint64_t)x / 4, bits);
			/* The sum of two uniform values: close enough to a bell. */
			double speck = grain * ((int)(bits[x % 4] >> 16) + (int)(bits[x % 4] & 0xffff) - 65535) / 65536.0;
			for (int k = 0; k < 3; k++)
				*to++ = to_byte(p[2 - k] * gain[k] * light + speck);
		}
	}
}
