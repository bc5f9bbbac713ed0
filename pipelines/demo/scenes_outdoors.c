/* Mountain lake, sea at sunset, forest, desert road. */
#include <math.h>

#include "pipelines/demo/scenes.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void snow_caps(struct canvas *c, const struct ridge *ridge, double below)
{
	struct rgb snow = rgb_jitter(c->rng, (struct rgb){0.93, 0.95, 0.98}, 0.02);
	double step = c->w / (RIDGE_POINTS - 1);
	for (int i = 0; i + 1 < RIDGE_POINTS; i++) {
		double high = below - ridge->y[i];
		if (high <= 0)
			continue;
		/* Streaks that run down the slope, longer where it is higher. */
		cairo_move_to(c->cr, step * i - 1, ridge->y[i]);
		cairo_line_to(c->cr, step * (i + 1) + 1, ridge->y[i + 1]);
		cairo_line_to(c->cr, step * (i + between(c->rng, -1, 2)), ridge->y[i] + high * between(c->rng, 0.2, 0.9));
		cairo_close_path(c->cr);
		use_rgb(c, snow, between(c->rng, 0.65, 0.95));
		cairo_fill(c->cr);
	}
}

static void pine(struct canvas *c, double x, double foot, double height, struct rgb colour)
{
	for (int i = 0; i < 5; i++) {
		double top = foot - height * (1 - i * 0.17), half = height * (0.07 + 0.045 * i);
		cairo_move_to(c->cr, x, top);
		cairo_line_to(c->cr, x - half, top + height * 0.34);
		cairo_line_to(c->cr, x + half, top + height * 0.34);
		cairo_close_path(c->cr);
		use_rgb(c, rgb_jitter(c->rng, colour, 0.02), 1);
		cairo_fill(c->cr);
	}
}

static void far_shore(struct canvas *c, double shore)
{
	struct ridge hill = ridge_draw(c->rng, shore - c->h * 0.05, c->h * 0.06, 0.55);
	struct rgb wood = rgb_jitter(c->rng, (struct rgb){0.12, 0.25, 0.2}, 0.04);
	paint_ridge(c, &hill, shore + 1, wood, rgb_scale(wood, 0.7));
	for (double x = 0; x < c->w; x += c->w * between(c->rng, 0.008, 0.025))
		pine(c, x, shore, c->h * between(c->rng, 0.05, 0.12), rgb_scale(wood, between(c->rng, 0.6, 1.1)));
}

void scene_mountain_lake(struct canvas *c)
{
	static const struct rgb tops[] = {{0.27, 0.48, 0.78}, {0.45, 0.6, 0.8}, {0.36, 0.55, 0.74}};
	double shore = c->h * between(c->rng, 0.56, 0.68);
	struct rgb sky = rgb_pick(c->rng, tops, COUNT(tops));
	struct rgb haze = rgb_jitter(c->rng, (struct rgb){0.83, 0.89, 0.94}, 0.04);
	paint_band(c, 0, shore, sky, haze);
	int clouds = (int)rng_below(c->rng, 5);
	for (int i = 0; i < clouds; i++)
		paint_cloud(c, c->w * rng_uniform(c->rng), c->h * between(c->rng, 0.05, 0.3), c->w * between(c->rng, 0.2, 0.5),
		            c->h * 0.09, (struct rgb){1, 1, 1}, 0.5);
	struct ridge ridge;
	struct rgb rock = rgb_jitter(c->rng, (struct rgb){0.36, 0.43, 0.55}, 0.04);
	for (int layer = 0; layer < 3; layer++) {
		double mid = shore * (0.42 + 0.2 * layer) + c->h * between(c->rng, -0.05, 0.05);
		ridge = ridge_draw(c->rng, mid, c->h * (0.42 - 0.1 * layer), 0.52);
		struct rgb top = rgb_mix(rgb_mix(haze, rock, 0.75), (struct rgb){0.15, 0.25, 0.3}, 0.3 * layer);
		paint_ridge(c, &ridge, shore, top, rgb_mix(top, haze, 0.35 - 0.1 * layer));
		if (layer < 2)
			snow_caps(c, &ridge, mid + c->h * (0.04 - 0.08 * layer));
	}
	far_shore(c, shore);
	paint_reflection(c, shore, rgb_jitter(c->rng, (struct rgb){0.1, 0.26, 0.4}, 0.05), between(c->rng, 0.25, 0.5));
	for (int i = 0; i < 60; i++) {
		double y = shore + (c->h - shore) * rng_uniform(c->rng), x = c->w * rng_uniform(c->rng);
		paint_line(c, x, y, x + c->w * between(c->rng, 0.03, 0.15), y, 1, (struct rgb){1, 1, 1}, 0.12);
	}
	if (rng_below(c->rng, 2))
		for (int i = 0; i < 3; i++)
			pine(c, c->w * (rng_below(c->rng, 2) ? between(c->rng, 0, 0.15) : between(c->rng, 0.85, 1)), c->h * 1.02,
			     c->h * between(c->rng, 0.4, 0.7), (struct rgb){0.07, 0.16, 0.12});
}

static void sun_glitter(struct canvas *c, double x, double horizon, struct rgb sun)
{
	for (int i = 0; i < 420; i++) {
		double depth = rng_uniform(c->rng) * rng_uniform(c->rng);
		double y = horizon + (c->h - horizon) * depth;
		double spread = c->w * (0.03 + 0.22 * depth);
		double at = x + spread * (rng_uniform(c->rng) + rng_uniform(c->rng) - 1);
		double length = c->w * (0.006 + 0.04 * depth);
		paint_line(c, at - length, y, at + length, y, 1 + 3 * depth, sun, between(c->rng, 0.2, 0.7));
	}
}

static void sail_boat(struct canvas *c, double x, double y, double size)
{
	struct rgb dark = {0.1, 0.05, 0.1};
	cairo_move_to(c->cr, x, y - size);
	cairo_line_to(c->cr, x + size * 0.45, y - size * 0.1);
	cairo_line_to(c->cr, x, y - size * 0.1);
	cairo_close_path(c->cr);
	cairo_move_to(c->cr, x - size * 0.3, y - size * 0.06);
	cairo_line_to(c->cr, x + size * 0.5, y - size * 0.06);
	cairo_line_to(c->cr, x + size * 0.35, y + size * 0.1);
	cairo_line_to(c->cr, x - size * 0.2, y + size * 0.1);
	cairo_close_path(c->cr);
	use_rgb(c, dark, 0.95);
	cairo_fill(c->cr);
}

void scene_sea_sunset(struct canvas *c)
{
	static const struct rgb tops[] = {{0.28, 0.16, 0.42}, {0.42, 0.18, 0.38}, {0.2, 0.2, 0.46}};
	static const struct rgb glows[] = {{1, 0.62, 0.22}, {1, 0.5, 0.2}, {0.98, 0.7, 0.35}};
	double horizon = c->h * between(c->rng, 0.48, 0.64), x = c->w * between(c->rng, 0.2, 0.8);
	struct rgb top = rgb_pick(c->rng, tops, COUNT(tops)), glow = rgb_pick(c->rng, glows, COUNT(glows));
	struct rgb middle = rgb_mix(top, (struct rgb){0.95, 0.38, 0.3}, 0.75);
	paint_band(c, 0, horizon * 0.55, top, middle);
	paint_band(c, horizon * 0.54, horizon, middle, glow);
	double height = horizon - c->h * between(c->rng, -0.02, 0.14), radius = c->h * between(c->rng, 0.05, 0.09);
	paint_glow(c, x, height, c->w * 0.5, glow, 0.8);
	paint_ellipse(c, x, height, radius, radius, (struct rgb){1, 0.94, 0.7}, 1);
	for (int i = 0; i < 9; i++)
		paint_cloud(c, c->w * rng_uniform(c->rng), horizon * between(c->rng, 0.1, 0.85),
		            c->w * between(c->rng, 0.3, 0.8), c->h * between(c->rng, 0.015, 0.05),
		            rgb_mix(top, glow, between(c->rng, 0, 0.9)), 0.45);
	struct rgb near = rgb_jitter(c->rng, (struct rgb){0.1, 0.08, 0.2}, 0.03);
	paint_band(c, horizon, c->h, rgb_mix(near, glow, 0.55), near);
	sun_glitter(c, x, horizon, rgb_mix(glow, (struct rgb){1, 1, 0.9}, 0.4));
	if (rng_below(c->rng, 3) == 0)
		sail_boat(c, c->w * between(c->rng, 0.1, 0.9), horizon + c->h * between(c->rng, 0.02, 0.1),
		          c->h * between(c->rng, 0.08, 0.2));
	if (rng_below(c->rng, 3) == 0) {
		struct ridge rocks = ridge_draw(c->rng, c->h * 0.95, c->h * 0.12, 0.6);
		paint_ridge(c, &rocks, c->h, (struct rgb){0.08, 0.05, 0.08}, (struct rgb){0.02, 0.02, 0.03});
	}
}

static void leaves(struct canvas *c, int count, double y0, double y1, struct rgb a, struct rgb b)
{
	for (int i = 0; i < count; i++) {
		double size = c->h * between(c->rng, 0.008, 0.04);
		paint_ellipse(c, c->w * rng_uniform(c->rng), c->h * between(c->rng, y0, y1), size, size * 0.7,
		              rgb_mix(a, b, rng_uniform(c->rng)), between(c->rng, 0.3, 0.8));
	}
}

static void trunk(struct canvas *c, double x, double width, struct rgb bark)
{
	double lean = c->w * between(c->rng, -0.03, 0.03);
	cairo_move_to(c->cr, x - width * 0.75, c->h);
	cairo_curve_to(c->cr, x - width / 2, c->h * 0.8, x - width * 0.4, c->h * 0.5, x + lean - width * 0.35, 0);
	cairo_line_to(c->cr, x + lean + width * 0.35, 0);
	cairo_curve_to(c->cr, x + width * 0.4, c->h * 0.5, x + width / 2, c->h * 0.8, x + width * 0.75, c->h);
	cairo_close_path(c->cr);
	cairo_pattern_t *p = cairo_pattern_create_linear(x - width / 2, 0, x + width / 2, 0);
	struct rgb lit = rgb_scale(bark, 1.7);
	cairo_pattern_add_color_stop_rgb(p, 0, bark.r, bark.g, bark.b);
	cairo_pattern_add_color_stop_rgb(p, between(c->rng, 0.2, 0.6), lit.r, lit.g, lit.b);
	cairo_pattern_add_color_stop_rgb(p, 1, bark.r * 0.5, bark.g * 0.5, bark.b * 0.5);
	cairo_set_source(c->cr, p);
	cairo_fill(c->cr);
	cairo_pattern_destroy(p);
}

void scene_forest(struct canvas *c)
{
	static const struct rgb greens[] = {{0.25, 0.45, 0.15}, {0.16, 0.38, 0.16}, {0.36, 0.5, 0.14}};
	struct rgb green = rgb_pick(c->rng, greens, COUNT(greens)), light = {0.8, 0.88, 0.5};
	struct rgb dark = rgb_scale(green, 0.35);
	paint_band(c, 0, c->h, rgb_mix(green, light, 0.5), rgb_scale(green, 0.8));
	double sun = c->w * between(c->rng, 0.2, 0.8);
	paint_glow(c, sun, c->h * 0.25, c->h * 0.7, (struct rgb){1, 1, 0.8}, 0.8);
	leaves(c, 260, 0, 0.75, green, light);
	paint_blur(c, 4);
	for (int layer = 0; layer < 3; layer++) {
		struct rgb bark = rgb_mix(rgb_mix(green, light, 0.3), (struct rgb){0.17, 0.12, 0.08}, 0.4 + 0.3 * layer);
		int count = 11 - 3 * layer;
		for (int i = 0; i < count; i++)
			trunk(c, c->w * (i + rng_uniform(c->rng)) / count,
			      c->w * (0.012 + 0.016 * layer) * between(c->rng, 0.6, 1.4), rgb_jitter(c->rng, bark, 0.02));
		leaves(c, 150, 0, 0.3, green, rgb_scale(green, 0.5));
		leaves(c, 120, 0.68 + 0.08 * layer, 1, dark, green);
	}
	for (int i = 0; i < 4; i++) {
		double foot = c->w * between(c->rng, 0, 1);
		cairo_move_to(c->cr, sun - c->w * 0.01, 0);
		cairo_line_to(c->cr, sun + c->w * 0.03, 0);
		cairo_line_to(c->cr, foot + c->w * 0.1, c->h);
		cairo_line_to(c->cr, foot, c->h);
		cairo_close_path(c->cr);
		use_rgb(c, (struct rgb){1, 1, 0.8}, between(c->rng, 0.03, 0.12));
		cairo_fill(c->cr);
	}
}

static void mesa(struct canvas *c, double x, double foot, double width, double height, struct rgb rock)
{
	cairo_move_to(c->cr, x - width * 0.7, foot);
	cairo_line_to(c->cr, x - width * 0.45, foot - height * 0.45);
	cairo_line_to(c->cr, x - width * 0.4, foot - height);
	cairo_line_to(c->cr, x + width * 0.38, foot - height * between(c->rng, 0.92, 1));
	cairo_line_to(c->cr, x + width * 0.45, foot - height * 0.4);
	cairo_line_to(c->cr, x + width * 0.75, foot);
	cairo_close_path(c->cr);
	use_rgb(c, rock, 1);
	cairo_fill(c->cr);
	for (int i = 1; i < 4; i++)
		paint_line(c, x - width * 0.4, foot - height * i * 0.22, x + width * 0.4, foot - height * i * 0.21,
		           height * 0.03, rgb_scale(rock, 0.8), 0.6);
}

static void road(struct canvas *c, double horizon, double x)
{
	double left = c->w * between(c->rng, -0.05, 0.2), right = c->w * between(c->rng, 0.8, 1.05);
	double grey = between(c->rng, 0.25, 0.38);
	cairo_move_to(c->cr, x - c->w * 0.006, horizon);
	cairo_line_to(c->cr, x + c->w * 0.006, horizon);
	cairo_line_to(c->cr, right, c->h);
	cairo_line_to(c->cr, left, c->h);
	cairo_close_path(c->cr);
	use_rgb(c, (struct rgb){grey, grey, grey * 1.03}, 1);
	cairo_fill(c->cr);
	double centre = (left + right) / 2;
	for (double t = 0.02; t < 1; t *= 1.45) {
		double t1 = t * 1.22, y0 = horizon + (c->h - horizon) * t, y1 = horizon + (c->h - horizon) * fmin(t1, 1);
		double x0 = x + (centre - x) * t, x1 = x + (centre - x) * fmin(t1, 1);
		paint_line(c, x0, y0, x1, y1, 1 + c->w * 0.018 * t, (struct rgb){0.95, 0.78, 0.25}, 0.95);
	}
	struct rgb white = {0.9, 0.9, 0.85};
	paint_line(c, x, horizon, left + c->w * 0.05, c->h, c->w * 0.006, white, 0.7);
	paint_line(c, x, horizon, right - c->w * 0.05, c->h, c->w * 0.006, white, 0.7);
}

void scene_desert_road(struct canvas *c)
{
	static const struct rgb sands[] = {{0.85, 0.62, 0.36}, {0.8, 0.52, 0.32}, {0.88, 0.72, 0.48}};
	double horizon = c->h * between(c->rng, 0.38, 0.52), x = c->w * between(c->rng, 0.35, 0.65);
	struct rgb sand = rgb_pick(c->rng, sands, COUNT(sands));
	struct rgb sky = rgb_jitter(c->rng, (struct rgb){0.5, 0.74, 0.9}, 0.06);
	paint_band(c, 0, horizon, sky, (struct rgb){0.96, 0.9, 0.78});
	if (rng_below(c->rng, 2))
		paint_cloud(c, c->w * rng_uniform(c->rng), horizon * 0.3, c->w * 0.6, c->h * 0.05, (struct rgb){1, 1, 1}, 0.35);
	int rocks = 1 + (int)rng_below(c->rng, 4);
	for (int i = 0; i < rocks; i++) {
		double away = between(c->rng, 0.08, 0.55) * (rng_below(c->rng, 2) ? 1 : -1);
		mesa(c, x + c->w * away, horizon + 1, c->w * between(c->rng, 0.1, 0.3), c->h * between(c->rng, 0.08, 0.26),
		     rgb_jitter(c->rng, (struct rgb){0.7, 0.38, 0.25}, 0.05));
	}
	paint_band(c, horizon, c->h, rgb_mix(sand, (struct rgb){0.96, 0.9, 0.78}, 0.3), rgb_scale(sand, 0.85));
	for (int i = 0; i < 700; i++) {
		double depth = rng_uniform(c->rng), size = 1 + c->h * 0.016 * depth * depth;
		struct rgb tuft = rng_below(c->rng, 3) ? rgb_scale(sand, 0.7) : (struct rgb){0.45, 0.46, 0.25};
		paint_ellipse(c, c->w * rng_uniform(c->rng), horizon + (c->h - horizon) * depth, size * 1.8, size, tuft, 0.4);
	}
	road(c, horizon, x);
}
