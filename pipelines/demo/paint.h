/* Brushes that the scenes share. Everything is drawn in pixels on a canvas of any size: positions are fractions of it. */
#ifndef COVERLINE_PIPELINES_DEMO_PAINT_H
#define COVERLINE_PIPELINES_DEMO_PAINT_H

#include <cairo/cairo.h>

#include "common/image.h"
#include "common/rng.h"

struct canvas {
	cairo_surface_t *surface;
	cairo_t *cr;
	double w, h; /* px */
	struct rng *rng;
};

struct rgb {
	double r, g, b; /* 0 … 1 */
};

/* Uniform in [low, high). */
double between(struct rng *r, double low, double high);
struct rgb rgb_mix(struct rgb a, struct rgb b, double t); /* t = 0: a, 1: b */
struct rgb rgb_scale(struct rgb a, double k);
/* a with each channel moved by up to amount either way. */
struct rgb rgb_jitter(struct rng *r, struct rgb a, double amount);
/* One of count colours, jittered a little. */
struct rgb rgb_pick(struct rng *r, const struct rgb *choices, int count);

void use_rgb(struct canvas *c, struct rgb colour, double alpha);
/* Fills the band from y0 to y1 with a vertical gradient. */
void paint_band(struct canvas *c, double y0, double y1, struct rgb top, struct rgb bottom);
void paint_ellipse(struct canvas *c, double x, double y, double rx, double ry, struct rgb colour, double alpha);
/* A disc that fades out towards its rim. */
void paint_glow(struct canvas *c, double x, double y, double radius, struct rgb colour, double alpha);
void paint_rectangle(struct canvas *c, double x, double y, double w, double h, struct rgb colour, double alpha);
void paint_line(struct canvas *c, double x0, double y0, double x1, double y1, double width, struct rgb colour,
                double alpha);
/* A cloud of soft ellipses around x, y. */
void paint_cloud(struct canvas *c, double x, double y, double width, double height, struct rgb colour, double alpha);

/* A rough horizon: heights in px at equal steps across the canvas, around mid, up to amplitude away. */
#define RIDGE_POINTS 129
struct ridge {
	double y[RIDGE_POINTS];
};
struct ridge ridge_draw(struct rng *r, double mid, double amplitude, double roughness);
/* Fills from the ridge down to y1, with a gradient. */
void paint_ridge(struct canvas *c, const struct ridge *ridge, double y1, struct rgb top, struct rgb bottom);

/* What the picture shows from y up, mirrored below y as far as the canvas reaches, squeezed and tinted. */
void paint_reflection(struct canvas *c, double y, struct rgb tint, double tint_alpha);
/* Blurs all that is painted so far. radius in px. */
void paint_blur(struct canvas *c, int radius);

/* What a camera adds: exposure, colour cast, falling off to the corners, grain. out is malloc'd. */
void photo_finish(struct canvas *c, struct image *out);

#endif
