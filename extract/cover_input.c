#include "extract/cover_input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"

enum status cover_view_parse(const char *name, enum cover_view *view)
{
	*view = name && strcmp(name, "squash") == 0 ? COVER_SQUASH : COVER_CROP;
	if (name && strcmp(name, "squash") != 0 && strcmp(name, "crop") != 0)
		return status_fail(ST_USAGE, "--view %s: expected squash|crop", name);
	return ST_OK;
}

/* Of COVER_CROP: 256 for 224. */
static int shorter_side(const struct cover_frame *f)
{
	return f->view == COVER_CROP ? f->side * 8 / 7 : f->side;
}

char *cover_frame_describe(const struct cover_frame *f)
{
	if (f->view == COVER_SQUASH)
		return path_printf("%d x %d (bilinear, antialiased)", f->side, f->side);
	return path_printf("shorter side to %d (%s, antialiased), centre %d x %d", shorter_side(f),
	                   f->view == COVER_CROP ? "bilinear" : "bicubic", f->side, f->side);
}

struct resize cover_resize(const struct cover_frame *f, int width, int height)
{
	const int side = shorter_side(f);
	struct resize r = {.in_width = width,
	                   .in_height = height,
	                   .full_width = f->side,
	                   .full_height = f->side,
	                   .width = f->side,
	                   .height = f->side};

	if (f->view == COVER_SQUASH)
		return r;
	/* torchvision's Resize rounds the longer side down; its CenterCrop rounds half to even */
	r.full_width = width <= height ? side : (int)((int64_t)side * width / height);
	r.full_height = width <= height ? (int)((int64_t)side * height / width) : side;
	r.x = (int)rint((r.full_width - f->side) / 2.0);
	r.y = (int)rint((r.full_height - f->side) / 2.0);
	return r;
}

void cover_input_make(struct cover_input *out, const struct image *cover, const struct cover_frame *f,
                      const struct picture_input *input)
{
	const size_t pixels = (size_t)f->side * (size_t)f->side;
	struct resize r;

	out->have = cover != NULL;
	if (!cover)
		return;
	if (!out->rgb)
		out->rgb = xmalloc(3 * pixels);
	if (input && !out->planes)
		out->planes = xcalloc(3 * pixels, sizeof(*out->planes));
	r = cover_resize(f, cover->width, cover->height);
	resize_rgb_by(f->view == COVER_CLIP_CROP ? RESIZE_PILLOW_BICUBIC : RESIZE_PILLOW_BILINEAR, &r, cover->data,
	              (size_t)cover->width * 3, out->rgb);
	if (input)
		picture_prepare(input, out->rgb, pixels, out->planes);
}

void cover_input_release(struct cover_input *c)
{
	free(c->rgb);
	free(c->planes);
	*c = (struct cover_input){0};
}
