/* Covers as the networks read them, against Pillow and torchvision's transforms: golden/prepare.h5 (made by
 * prepare_reference.py). Pillow sums in whole numbers,
 * which makes a difference of one now and then. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"
#include "extract/cover_input.h"
#include "model/encoders/clip.h"
#include "tests/support/golden.h"
#include "tests/support/scratch.h"

#define STEP 9 /* of the rows and columns that the golden file has */
#define KEPT ((COVER_SIDE + STEP - 1) / STEP)

static struct image picture(int width, int height)
{
	struct image p = {width, height, xmalloc((size_t)width * (size_t)height * 3)};

	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			for (int c = 0; c < 3; c++)
				p.data[((size_t)y * (size_t)width + (size_t)x) * 3 + (size_t)c] =
					(uint8_t)((x * (7 + 3 * c) + y * 5 + (x * y >> 5)) & 255);
		}
	}
	return p;
}

/* planes [3, side, side]; levels[c]: what a step of one in 8 bits is. */
static void compare(const char *size, const char *way, const float *planes, const float levels[3])
{
	char *name = path_printf("%s-%s", size, way);
	struct h5_file *f;
	size_t n = 0, other = 0;
	float *expected;

	must(h5_open(&f, "tests/parity/golden/prepare.h5"));
	expected = golden_read(f, name, H5_F32, &n);
	assert_int_equal(n, 3 * KEPT * KEPT);
	for (size_t i = 0; i < n; i++) {
		size_t c = i / (KEPT * KEPT), y = i / KEPT % KEPT * STEP, x = i % KEPT * STEP;
		float found = planes[(c * COVER_SIDE + y) * COVER_SIDE + x],
			  difference = fabsf(found - expected[i]) / levels[c];

		if (!(difference < 1.01f))
			fail_msg("%s: plane %zu, (%zu, %zu) is %g, expected %g", name, c, x, y, (double)found, (double)expected[i]);
		other += difference > 0.01f;
	}
	if (other > n / 200)
		fail_msg("%s: %zu of %zu values differ", name, other, n);
	free(expected);
	h5_close(f);
	free(name);
}

struct size {
	const char *name;
	int width, height;
};
static const struct size sizes[] = {{"wide", 301, 187}, {"tall", 120, 400}, {"tiny", 5, 3}};

static void planes_match(const char *way, enum cover_view view, const struct picture_input *input)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct image p = picture(sizes[i].width, sizes[i].height);
		struct cover_input in = {0};
		float levels[3];

		for (int c = 0; c < 3; c++)
			levels[c] = input->scale / input->deviation[c];
		cover_input_make(&in, &p, &(struct cover_frame){view, COVER_SIDE}, input);
		assert_true(in.have);
		compare(sizes[i].name, way, in.planes, levels);
		cover_input_make(&in, NULL, &(struct cover_frame){view, COVER_SIDE}, input);
		assert_false(in.have);
		cover_input_release(&in);
		image_release(&p);
	}
}

static void crop_as_torchvision(void **state)
{
	(void)state;
	planes_match("crop", COVER_CROP, &picture_torchvision);
}

static void crop_as_caffe(void **state)
{
	(void)state;
	planes_match("caffe", COVER_CROP, &picture_caffe);
}

static void squash_as_torchvision(void **state)
{
	(void)state;
	planes_match("squash", COVER_SQUASH, &picture_torchvision);
}

/* CLIP's rows are patches: row 1 + patch, [3, 32, 32] each. */
static void crop_as_clip(void **state)
{
	const struct clip_config *c = &clip_vit_b32;
	const size_t across = (size_t)(c->side / c->patch), patch = (size_t)c->patch, cells = 3 * patch * patch;
	const float levels[3] = {1 / (255 * 0.26862954f), 1 / (255 * 0.26130258f), 1 / (255 * 0.27577711f)};
	float *rows = xcalloc((size_t)clip_rows(c) * cells, sizeof(*rows));
	float *planes = xcalloc((size_t)3 * COVER_SIDE * COVER_SIDE, sizeof(*planes));

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct image p = picture(sizes[i].width, sizes[i].height);
		struct cover_input in = {0};

		cover_input_make(&in, &p, &(struct cover_frame){COVER_CLIP_CROP, COVER_SIDE}, NULL);
		assert_null(in.planes);
		clip_prepare(c, in.rgb, rows);
		for (size_t k = 0; k < (size_t)3 * COVER_SIDE * COVER_SIDE; k++) {
			size_t plane = k / (COVER_SIDE * COVER_SIDE), y = k / COVER_SIDE % COVER_SIDE, x = k % COVER_SIDE;

			planes[k] =
				rows[(1 + y / patch * across + x / patch) * cells + (plane * patch + y % patch) * patch + x % patch];
		}
		compare(sizes[i].name, "clip", planes, levels);
		cover_input_release(&in);
		image_release(&p);
	}
	free(rows);
	free(planes);
}

/* The published sizes, and half of them. */
static void frames(void **state)
{
	(void)state;
	const struct cover_frame whole = {COVER_CROP, COVER_SIDE}, half = {COVER_CROP, COVER_SIDE / 2};
	struct resize r = cover_resize(&whole, 512, 1024);
	assert_int_equal(r.full_width, 256);
	assert_int_equal(r.full_height, 512);
	assert_int_equal(r.width, 224);
	assert_int_equal(r.y, 144);
	r = cover_resize(&half, 512, 1024);
	assert_int_equal(r.full_width, 128);
	assert_int_equal(r.full_height, 256);
	assert_int_equal(r.width, 112);
	assert_int_equal(r.y, 72);
	char *text = cover_frame_describe(&half);
	assert_string_equal(text, "shorter side to 128 (bilinear, antialiased), centre 112 x 112");
	free(text);
	text = cover_frame_describe(&(struct cover_frame){COVER_CLIP_CROP, COVER_SIDE});
	assert_string_equal(text, "shorter side to 224 (bicubic, antialiased), centre 224 x 224");
	free(text);
}

static void views_have_names(void **state)
{
	enum cover_view view;

	(void)state;
	assert_int_equal(cover_view_parse(NULL, &view), ST_OK);
	assert_int_equal(view, COVER_CROP);
	assert_int_equal(cover_view_parse("squash", &view), ST_OK);
	assert_int_equal(view, COVER_SQUASH);
	assert_int_equal(cover_view_parse("native", &view), ST_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crop_as_torchvision),   cmocka_unit_test(crop_as_caffe),
		cmocka_unit_test(squash_as_torchvision), cmocka_unit_test(crop_as_clip),
		cmocka_unit_test(views_have_names),      cmocka_unit_test(frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
