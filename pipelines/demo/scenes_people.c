/* City at night, portrait, stadium, plate of food. */
#include <math.h>

#include "pipelines/demo/scenes.h"

#define PI       3.14159265358979323846
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void windows(struct canvas *c, double x, double top, double width, double foot, double cell)
{
	static const struct rgb lights[] = {{1, 0.85, 0.5}, {1, 0.93, 0.75}, {0.75, 0.88, 1}, {1, 0.7, 0.35}};
	struct rgb light = rgb_pick(c->rng, lights, COUNT(lights));
	double share = between(c->rng, 0.25, 0.7);
	for (double y = top + cell; y < foot; y += cell * 1.5)
		for (double at = x + cell * 0.6; at + cell * 0.6 < x + width; at += cell)
			if (rng_uniform(c->rng) < share)
				paint_rectangle(c, at, y, cell * 0.55, cell * 0.8, light, between(c->rng, 0.35, 1));
}

static void skyline(struct canvas *c, double foot, double tallest, struct rgb wall, double cell)
{
	double x = -c->w * 0.03;
	while (x < c->w) {
		double width = c->w * between(c->rng, 0.05, 0.13), height = tallest * between(c->rng, 0.35, 1);
		double top = foot - height;
		paint_rectangle(c, x, top, width, height, rgb_jitter(c->rng, wall, 0.02), 1);
		if (rng_below(c->rng, 4) == 0) {
			paint_line(c, x + width / 2, top, x + width / 2, top - tallest * 0.18, 2, wall, 1);
			paint_ellipse(c, x + width / 2, top - tallest * 0.18, 2, 2, (struct rgb){1, 0.2, 0.2}, 1);
		}
		windows(c, x, top, width, foot, cell);
		x += width + c->w * between(c->rng, 0, 0.012);
	}
}

void scene_city_night(struct canvas *c)
{
	static const struct rgb skies[] = {{0.02, 0.03, 0.1}, {0.05, 0.04, 0.14}, {0.02, 0.05, 0.12}};
	static const struct rgb lamps[] = {{1, 0.75, 0.3}, {1, 0.3, 0.25}, {0.5, 0.8, 1}, {1, 0.95, 0.8}};
	struct rgb sky = rgb_pick(c->rng, skies, COUNT(skies));
	double foot = c->h * between(c->rng, 0.66, 0.84);
	paint_band(c, 0, foot, sky, rgb_mix(sky, (struct rgb){0.4, 0.25, 0.35}, between(c->rng, 0.2, 0.6)));
	if (rng_below(c->rng, 3) == 0)
		paint_ellipse(c, c->w * rng_uniform(c->rng), c->h * 0.12, c->h * 0.04, c->h * 0.04,
		              (struct rgb){0.95, 0.95, 0.85}, 0.9);
	skyline(c, foot, c->h * between(c->rng, 0.5, 0.68), (struct rgb){0.09, 0.09, 0.17}, c->w * 0.009);
	skyline(c, foot, c->h * between(c->rng, 0.28, 0.42), (struct rgb){0.05, 0.05, 0.09}, c->w * 0.013);
	paint_reflection(c, foot, (struct rgb){0.01, 0.02, 0.06}, between(c->rng, 0.4, 0.65));
	for (int i = 0; i < 26; i++) {
		double radius = c->h * between(c->rng, 0.006, 0.03);
		paint_glow(c, c->w * rng_uniform(c->rng), foot + c->h * between(c->rng, -0.03, 0.1), radius * 2,
		           rgb_pick(c->rng, lamps, COUNT(lamps)), 0.9);
	}
}

/* Sizes of a face, in px, around its centre. */
struct face {
	double x, y, rx, ry;
	struct rgb skin, hair;
};

static void head(struct canvas *c, const struct face *f)
{
	struct rgb shade = rgb_scale(f->skin, 0.72);
	double fullness = between(c->rng, 1.12, 1.35);
	int long_hair = (int)rng_below(c->rng, 2);
	paint_ellipse(c, f->x, f->y - f->ry * 0.22, f->rx * fullness, f->ry * 1.05, f->hair, 1);
	if (long_hair)
		paint_ellipse(c, f->x, f->y + f->ry * 0.55, f->rx * fullness * 1.05, f->ry * 1.1, f->hair, 1);
	paint_rectangle(c, f->x - f->rx * 0.42, f->y + f->ry * 0.6, f->rx * 0.84, f->ry * 0.9, shade, 1);
	paint_ellipse(c, f->x, f->y, f->rx, f->ry, f->skin, 1);
	double side = between(c->rng, -0.6, 0.6);
	paint_glow(c, f->x + f->rx * side, f->y - f->ry * 0.2, f->rx * 1.1, rgb_scale(f->skin, 1.2), 0.7);
	cairo_save(c->cr);
	cairo_new_path(c->cr);
	cairo_rectangle(c->cr, 0, 0, c->w, f->y - f->ry * 0.5);
	cairo_clip(c->cr);
	paint_ellipse(c, f->x + f->rx * side * 0.4, f->y - f->ry * 0.75, f->rx * 1.12, f->ry * 0.42, f->hair, 1);
	cairo_restore(c->cr);
}

static void features(struct canvas *c, const struct face *f)
{
	struct rgb dark = rgb_mix(f->hair, (struct rgb){0.05, 0.03, 0.03}, 0.6), white = {0.95, 0.95, 0.93};
	static const struct rgb irises[] = {{0.25, 0.15, 0.08}, {0.25, 0.4, 0.5}, {0.3, 0.38, 0.22}};
	struct rgb iris = rgb_pick(c->rng, irises, COUNT(irises));
	for (int side = -1; side <= 1; side += 2) {
		double x = f->x + side * f->rx * 0.42, y = f->y - f->ry * 0.08;
		paint_ellipse(c, x, y, f->rx * 0.2, f->ry * 0.075, white, 1);
		paint_ellipse(c, x, y, f->rx * 0.09, f->ry * 0.07, iris, 1);
		paint_ellipse(c, x, y, f->rx * 0.04, f->ry * 0.035, (struct rgb){0, 0, 0}, 1);
		paint_line(c, x - f->rx * 0.24, y - f->ry * 0.17, x + f->rx * 0.24, y - f->ry * 0.19, f->ry * 0.045, dark, 0.9);
		paint_line(c, x - f->rx * 0.21, y - f->ry * 0.05, x + f->rx * 0.21, y - f->ry * 0.06, f->ry * 0.025, dark, 0.8);
	}
	struct rgb shade = rgb_scale(f->skin, 0.7);
	paint_line(c, f->x, f->y, f->x + f->rx * 0.1, f->y + f->ry * 0.26, f->rx * 0.05, shade, 0.6);
	paint_ellipse(c, f->x + f->rx * 0.02, f->y + f->ry * 0.29, f->rx * 0.15, f->ry * 0.04, shade, 0.7);
	struct rgb lips = rgb_mix(f->skin, (struct rgb){0.7, 0.2, 0.22}, between(c->rng, 0.4, 0.85));
	double smile = f->ry * between(c->rng, 0.02, 0.12), mouth = f->y + f->ry * 0.52;
	cairo_move_to(c->cr, f->x - f->rx * 0.35, mouth - smile);
	cairo_curve_to(c->cr, f->x - f->rx * 0.15, mouth + smile, f->x + f->rx * 0.15, mouth + smile, f->x + f->rx * 0.35,
	               mouth - smile);
	cairo_set_line_width(c->cr, f->ry * between(c->rng, 0.05, 0.09));
	use_rgb(c, lips, 0.95);
	cairo_stroke(c->cr);
}

void scene_portrait(struct canvas *c)
{
	static const struct rgb skins[] = {{0.94, 0.76, 0.64}, {0.82, 0.6, 0.44}, {0.6, 0.4, 0.28}, {0.42, 0.27, 0.19}};
	static const struct rgb hairs[] = {{0.1, 0.07, 0.06}, {0.3, 0.18, 0.1}, {0.7, 0.52, 0.28}, {0.55, 0.52, 0.5}};
	static const struct rgb backs[] = {{0.72, 0.7, 0.68}, {0.62, 0.66, 0.66}, {0.76, 0.68, 0.62}};
	static const struct rgb cloths[] = {{0.15, 0.2, 0.4}, {0.6, 0.12, 0.15}, {0.9, 0.9, 0.92}, {0.1, 0.1, 0.12}};
	struct rgb back = rgb_pick(c->rng, backs, COUNT(backs));
	paint_band(c, 0, c->h, rgb_scale(back, 1.1), rgb_scale(back, 0.7));
	for (int i = 0; i < 24; i++)
		paint_ellipse(c, c->w * rng_uniform(c->rng), c->h * rng_uniform(c->rng), c->h * 0.07, c->h * 0.07,
		              rgb_jitter(c->rng, back, 0.2), 0.35);
	paint_blur(c, 14);
	struct face f = {.x = c->w * between(c->rng, 0.38, 0.62), .y = c->h * between(c->rng, 0.4, 0.48)};
	f.ry = c->h * between(c->rng, 0.26, 0.32);
	f.rx = f.ry * between(c->rng, 0.7, 0.8);
	f.skin = rgb_pick(c->rng, skins, COUNT(skins));
	f.hair = rgb_pick(c->rng, hairs, COUNT(hairs));
	struct rgb cloth = rgb_pick(c->rng, cloths, COUNT(cloths));
	paint_ellipse(c, f.x, c->h * 1.12, f.rx * 2.6, c->h * 0.36, rgb_scale(cloth, 0.8), 1);
	paint_ellipse(c, f.x - f.rx * 0.3, c->h * 1.12, f.rx * 2.2, c->h * 0.34, cloth, 1);
	head(c, &f);
	features(c, &f);
	paint_blur(c, 1);
}

static void crowd(struct canvas *c, double y0, double y1)
{
	struct rgb home = {rng_uniform(c->rng), rng_uniform(c->rng) * 0.6, rng_uniform(c->rng)};
	paint_band(c, y0, y1, (struct rgb){0.12, 0.12, 0.17}, (struct rgb){0.25, 0.24, 0.28});
	for (int i = 0; i < 1800; i++) {
		double size = c->h * 0.007;
		struct rgb shirt = {rng_uniform(c->rng), rng_uniform(c->rng), rng_uniform(c->rng)};
		paint_rectangle(c, c->w * rng_uniform(c->rng), between(c->rng, y0, y1), size, size * 1.3,
		                rng_below(c->rng, 2) ? rgb_jitter(c->rng, home, 0.15) : shirt, 0.75);
	}
	double tier = y0 + (y1 - y0) * between(c->rng, 0.4, 0.6);
	paint_rectangle(c, 0, tier, c->w, c->h * 0.02, (struct rgb){0.85, 0.85, 0.88}, 0.8);
}

static void football(struct canvas *c, double x, double y, double radius)
{
	paint_ellipse(c, x + radius * 0.25, y + radius * 0.95, radius * 1.1, radius * 0.22, (struct rgb){0, 0.1, 0}, 0.45);
	paint_ellipse(c, x, y, radius, radius, (struct rgb){0.95, 0.95, 0.95}, 1);
	double turn = between(c->rng, 0, 2 * PI);
	for (int patch = 0; patch < 6; patch++) {
		double away = patch ? radius * 0.72 : 0, angle = turn + patch * 2 * PI / 5;
		double px = x + away * cos(angle), py = y + away * sin(angle), size = radius * (patch ? 0.22 : 0.3);
		cairo_new_path(c->cr);
		for (int i = 0; i < 5; i++)
			cairo_line_to(c->cr, px + size * cos(turn + i * 2 * PI / 5), py + size * sin(turn + i * 2 * PI / 5));
		cairo_close_path(c->cr);
		use_rgb(c, (struct rgb){0.08, 0.08, 0.1}, 1);
		cairo_fill(c->cr);
	}
	paint_glow(c, x + radius * 0.35, y + radius * 0.45, radius * 0.8, (struct rgb){0.2, 0.25, 0.2}, 0.35);
}

static void player(struct canvas *c, double x, double foot, double size, struct rgb shirt)
{
	struct rgb skin = {0.75, 0.55, 0.42}, dark = {0.1, 0.1, 0.15};
	double stride = size * between(c->rng, 0.08, 0.2);
	paint_line(c, x, foot - size * 0.45, x - stride, foot, size * 0.09, skin, 1);
	paint_line(c, x, foot - size * 0.45, x + stride, foot, size * 0.09, skin, 1);
	paint_ellipse(c, x, foot - size * 0.42, size * 0.13, size * 0.1, dark, 1);
	paint_ellipse(c, x, foot - size * 0.63, size * 0.14, size * 0.2, shirt, 1);
	paint_ellipse(c, x, foot - size * 0.9, size * 0.08, size * 0.09, skin, 1);
}

void scene_stadium(struct canvas *c)
{
	double field = c->h * between(c->rng, 0.36, 0.5), vanish = c->w * between(c->rng, 0.3, 0.7);
	paint_band(c, 0, field * 0.35, (struct rgb){0.1, 0.14, 0.25}, (struct rgb){0.25, 0.3, 0.42});
	crowd(c, field * between(c->rng, 0.2, 0.35), field);
	for (int i = 0; i < 4; i++)
		paint_glow(c, c->w * (i + rng_uniform(c->rng)) / 4, field * between(c->rng, 0.05, 0.2), c->h * 0.12,
		           (struct rgb){1, 1, 0.95}, 1);
	for (int i = 0; i < 6; i++)
		paint_rectangle(c, c->w * i / 6, field - c->h * 0.035, c->w / 6 - 2, c->h * 0.035,
		                (struct rgb){rng_uniform(c->rng), rng_uniform(c->rng), rng_uniform(c->rng)}, 0.9);
	struct rgb grass = rgb_jitter(c->rng, (struct rgb){0.22, 0.55, 0.18}, 0.05);
	paint_band(c, field, c->h, rgb_scale(grass, 1.1), rgb_scale(grass, 0.8));
	for (int i = -6; i < 7; i += 2) {
		cairo_move_to(c->cr, vanish + i * c->w * 0.06, field);
		cairo_line_to(c->cr, vanish + (i + 1) * c->w * 0.06, field);
		cairo_line_to(c->cr, vanish + (i + 1) * c->w * 0.22, c->h);
		cairo_line_to(c->cr, vanish + i * c->w * 0.22, c->h);
		cairo_close_path(c->cr);
		use_rgb(c, rgb_scale(grass, 1.25), 0.6);
		cairo_fill(c->cr);
	}
	struct rgb chalk = {0.95, 0.97, 0.95};
	double line = field + (c->h - field) * between(c->rng, 0.2, 0.5);
	paint_line(c, 0, line, c->w, line, c->h * 0.008, chalk, 0.9);
	paint_line(c, vanish, field, vanish + c->w * between(c->rng, -0.5, 0.5), c->h, c->h * 0.01, chalk, 0.9);
	struct rgb shirts[2] = {{0.85, 0.1, 0.12}, {0.95, 0.95, 0.9}};
	int players = 2 + (int)rng_below(c->rng, 6);
	for (int i = 0; i < players; i++)
		player(c, c->w * rng_uniform(c->rng), field + (c->h - field) * between(c->rng, 0.1, 0.6),
		       c->h * between(c->rng, 0.12, 0.24), shirts[i % 2]);
	football(c, c->w * between(c->rng, 0.15, 0.85), c->h * between(c->rng, 0.75, 0.86),
	         c->h * between(c->rng, 0.06, 0.12));
}

static void table(struct canvas *c)
{
	static const struct rgb tops[] = {{0.5, 0.34, 0.22}, {0.62, 0.45, 0.3}, {0.86, 0.84, 0.82}, {0.36, 0.24, 0.17}};
	struct rgb top = rgb_pick(c->rng, tops, COUNT(tops));
	paint_rectangle(c, 0, 0, c->w, c->h, top, 1);
	int boards = 4 + (int)rng_below(c->rng, 5);
	for (int i = 0; i < boards; i++) {
		double x = c->w * i / boards;
		paint_rectangle(c, x, 0, c->w / boards, c->h, rgb_jitter(c->rng, top, 0.04), 0.8);
		paint_line(c, x, 0, x, c->h, 2, rgb_scale(top, 0.6), 0.7);
		for (int k = 0; k < 8; k++) {
			double at = x + c->w / boards * rng_uniform(c->rng);
			paint_line(c, at, 0, at + c->w * between(c->rng, -0.01, 0.01), c->h, 1, rgb_scale(top, 0.8), 0.4);
		}
	}
}

static void dish(struct canvas *c, double x, double y, double radius)
{
	static const struct rgb foods[] = {{0.32, 0.56, 0.16}, {0.82, 0.2, 0.14}, {0.93, 0.76, 0.32},
	                                   {0.5, 0.28, 0.14},  {0.95, 0.5, 0.15}, {0.2, 0.42, 0.14}};
	struct rgb base = rgb_pick(c->rng, foods, COUNT(foods));
	paint_ellipse(c, x, y, radius, radius * 0.96, rgb_scale(base, 0.8), 1);
	for (int i = 0; i < 34; i++) {
		double away = radius * sqrt(rng_uniform(c->rng)) * 0.85, angle = between(c->rng, 0, 2 * PI);
		double px = x + away * cos(angle), py = y + away * sin(angle), size = radius * between(c->rng, 0.08, 0.26);
		struct rgb food = rng_below(c->rng, 2) ? base : rgb_pick(c->rng, foods, COUNT(foods));
		paint_ellipse(c, px + 2, py + 3, size, size * 0.8, (struct rgb){0.1, 0.05, 0}, 0.3);
		paint_ellipse(c, px, py, size, size * between(c->rng, 0.5, 1), rgb_jitter(c->rng, food, 0.05), 1);
		paint_glow(c, px - size * 0.3, py - size * 0.3, size * 0.6, (struct rgb){1, 1, 0.9}, 0.35);
	}
}

void scene_plate(struct canvas *c)
{
	table(c);
	double x = c->w * between(c->rng, 0.42, 0.58), y = c->h * between(c->rng, 0.46, 0.54);
	double radius = c->h * between(c->rng, 0.36, 0.44);
	double white = between(c->rng, 0.86, 0.97);
	struct rgb china = {white, white, white * between(c->rng, 0.94, 1.0)};
	paint_glow(c, x + radius * 0.1, y + radius * 0.14, radius * 1.25, (struct rgb){0, 0, 0}, 0.8);
	paint_ellipse(c, x, y, radius, radius, china, 1);
	paint_ellipse(c, x, y, radius * 0.96, radius * 0.96, rgb_scale(china, 0.93), 1);
	paint_ellipse(c, x - 1, y - 1, radius * 0.72, radius * 0.72, rgb_scale(china, 0.82), 1);
	paint_ellipse(c, x, y, radius * 0.71, radius * 0.71, china, 1);
	dish(c, x, y, radius * between(c->rng, 0.45, 0.66));
	struct rgb steel = {0.8, 0.8, 0.83};
	for (int side = -1; side <= 1; side += 2) {
		double at = x + side * radius * between(c->rng, 1.15, 1.3);
		paint_line(c, at + 3, y - radius * 0.7, at + 3, y + radius * 0.8, c->h * 0.02, (struct rgb){0, 0, 0}, 0.25);
		paint_line(c, at, y - radius * 0.7, at, y + radius * 0.8, c->h * 0.018, steel, 1);
		paint_ellipse(c, at, y - radius * 0.7, c->h * 0.028, c->h * 0.08, steel, 1);
	}
	if (rng_below(c->rng, 2)) {
		double corner = rng_below(c->rng, 2) ? 0.06 : 0.94;
		paint_ellipse(c, c->w * corner, c->h * 0.12, c->h * 0.13, c->h * 0.13, (struct rgb){0.9, 0.92, 0.93}, 0.7);
		paint_ellipse(c, c->w * corner, c->h * 0.12, c->h * 0.1, c->h * 0.1, (struct rgb){0.75, 0.55, 0.25}, 0.8);
	}
}
