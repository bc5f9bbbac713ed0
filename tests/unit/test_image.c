/* Pictures: every kind that is taken, what is refused, and damage. libvips itself makes the specimens. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <vips/vips.h>

#include "common/file.h"
#include "common/image.h"
#include "common/png.h"
#include "common/resample.h"
#include "common/strbuf.h"
#include "tests/support/samples.h"

#define DEEP 16 /* for bands: three of 16 bits */

static int start(void **state)
{
	(void)state;
	return image_start("test_image") == ST_OK ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	image_stop();
	return 0;
}

/* Left half red, right half blue, with a green top row. */
static struct image make_picture(int width, int height)
{
	struct image img = {.width = width, .height = height, .data = calloc((size_t)width * (size_t)height, 3)};

	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++)
			img.data[(y * width + x) * 3 + (y == 0 ? 1 : x < width / 2 ? 0 : 2)] = 200;
	}
	return img;
}

static const uint8_t *pixel(const struct image *img, int x, int y)
{
	return img->data + (y * img->width + x) * 3;
}

static void assert_near(const struct image *img, int x, int y, int r, int g, int b, int tolerance)
{
	const uint8_t *p = pixel(img, x, y);

	if (abs(p[0] - r) > tolerance || abs(p[1] - g) > tolerance || abs(p[2] - b) > tolerance)
		fail_msg("pixel %d,%d is %d %d %d, expected %d %d %d", x, y, p[0], p[1], p[2], r, g, b);
}

/* Encodes the picture as suffix says; alpha != 255 adds a constant alpha channel. */
static void *encode(const struct image *img, const char *suffix, int bands, int alpha, size_t *n)
{
	VipsImage *flat = vips_image_new_from_memory(img->data, (size_t)img->width * (size_t)img->height * 3, img->width,
	                                             img->height, 3, VIPS_FORMAT_UCHAR);
	VipsImage *rgb = NULL, *out = NULL;
	void *bytes = NULL;

	assert_non_null(flat);
	assert_int_equal(vips_copy(flat, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
	if (bands == 1)
		assert_int_equal(vips_colourspace(rgb, &out, VIPS_INTERPRETATION_B_W, NULL), 0);
	else if (bands == DEEP)
		assert_int_equal(vips_colourspace(rgb, &out, VIPS_INTERPRETATION_RGB16, NULL), 0);
	else if (bands == 4)
		assert_int_equal(vips_bandjoin_const1(rgb, &out, alpha, NULL), 0);
	else
		assert_int_equal(vips_copy(rgb, &out, NULL), 0);
	if (vips_image_write_to_buffer(out, suffix, &bytes, n, NULL))
		fail_msg("%s: %s", suffix, vips_error_buffer());
	g_object_unref(flat);
	g_object_unref(rgb);
	g_object_unref(out);
	return bytes;
}

static void test_png_is_lossless(void **state)
{
	struct image img = make_picture(31, 17), back;
	uint8_t *bytes, *again;
	size_t n, m;

	(void)state;
	assert_int_equal(image_encode_png(&img, 6, &bytes, &n), ST_OK);
	assert_int_equal(image_encode_png(&img, 6, &again, &m), ST_OK);
	assert_int_equal(n, m);
	assert_memory_equal(bytes, again, n);
	assert_int_equal(image_decode_full(&back, bytes, n), ST_OK);
	assert_int_equal(back.width, 31);
	assert_int_equal(back.height, 17);
	assert_memory_equal(back.data, img.data, 31 * 17 * 3);
	image_release(&img);
	image_release(&back);
	free(bytes);
	free(again);
}

/* What a writer wrote before, of whatever size, changes nothing; noise, shades and flat areas take each filter. */
static void test_png_of_any_size_and_level(void **state)
{
	static const int sizes[][2] = {{1, 1}, {615, 195}, {3, 200}, {200, 3}, {64, 64}, {6000, 4}};

	(void)state;
	for (int level = 0; level <= PNG_LEVEL_MAX; level += 3) {
		struct png_writer *w;

		assert_int_equal(png_writer_open(&w, level), ST_OK);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct image img = make_picture(sizes[i][0], sizes[i][1]), back;
			const uint8_t *bytes;
			uint8_t *alone;
			size_t n, m;

			for (int y = 0; y < img.height; y++) {
				for (int k = 0; k < img.width * 3 && y % 3; k++)
					img.data[y * img.width * 3 + k] =
						(uint8_t)(y % 3 == 1 ? (unsigned)(k + y * 7919) * 2654435761u >> 9 : (unsigned)(k + y));
			}
			png_writer_encode(w, &img, &bytes, &n);
			assert_int_equal(image_decode_full(&back, bytes, n), ST_OK);
			assert_int_equal(back.width, img.width);
			assert_int_equal(back.height, img.height);
			assert_memory_equal(back.data, img.data, (size_t)img.width * (size_t)img.height * 3);
			assert_int_equal(image_encode_png(&img, level, &alone, &m), ST_OK);
			assert_int_equal(n, m);
			assert_memory_equal(bytes, alone, n);
			free(alone);
			image_release(&img);
			image_release(&back);
		}
		png_writer_close(w);
	}
	png_writer_close(NULL);
}

/* halved and doubled are what Pillow 9.4 makes of them by BICUBIC. */
static void test_resampling(void **state)
{
	static const uint8_t ramp[8] = {10, 20, 30, 40, 50, 60, 70, 80}, step[4] = {0, 0, 255, 255};
	static const uint8_t halved[4] = {15, 35, 55, 75}, doubled[8] = {0, 0, 0, 52, 203, 255, 255, 255};
	struct pixels in = {ramp, 8, 1, 1};
	struct region all = {0, 0, 8, 1}, part = {2, 0, 6, 1};
	uint8_t out[4 * 3 * 5];

	(void)state;
	resample(&in, &all, out, 8, 1);
	assert_memory_equal(out, ramp, 8);
	resample(&in, &part, out, 4, 1);
	assert_memory_equal(out, ramp + 2, 4);
	resample(&in, &all, out, 4, 1);
	assert_memory_equal(out, halved, 4);
	in = (struct pixels){ramp, 1, 8, 1};
	all = (struct region){0, 0, 1, 8};
	resample(&in, &all, out, 1, 4);
	assert_memory_equal(out, halved, 4);
	in = (struct pixels){step, 4, 1, 1};
	all = (struct region){0, 0, 4, 1};
	resample(&in, &all, out, 8, 1);
	assert_memory_equal(out, doubled, 8);
	for (int bands = 1; bands <= RESAMPLE_BANDS_MAX; bands++) {
		uint8_t flat[48];

		memset(flat, 201, sizeof(flat));
		in = (struct pixels){flat, 4, 3, bands};
		all = (struct region){0.25, 0.5, 3.75, 2};
		resample(&in, &all, out, 3, 5);
		for (int i = 0; i < 15 * bands; i++)
			assert_int_equal(out[i], 201);
	}
}

static void test_webp_is_lossless(void **state)
{
	struct image img = make_picture(61, 47), back;
	uint8_t *bytes, *again;
	size_t n, m;

	(void)state;
	for (int i = 0; i < 61 * 47 * 3; i += 2)
		img.data[i] = (uint8_t)((unsigned)i * 2654435761u >> 11);
	assert_int_equal(image_encode_webp(&img, &bytes, &n), ST_OK);
	assert_int_equal(image_encode_webp(&img, &again, &m), ST_OK);
	assert_int_equal(n, m);
	assert_memory_equal(bytes, again, n);
	assert_memory_equal(bytes + 8, "WEBP", 4);
	assert_int_equal(image_decode_full(&back, bytes, n), ST_OK);
	assert_memory_equal(back.data, img.data, 61 * 47 * 3);
	image_release(&img);
	image_release(&back);
	free(bytes);
	free(again);
}

/* One picture as a plain JPEG, and with EXIF that says nothing: decoded by libjpeg and by libvips, and to the same pixels. */
static void test_both_ways_of_a_jpeg(void **state)
{
	struct image img = make_picture(320, 240), plain, other;
	VipsImage *flat, *rgb = NULL;
	void *bytes = NULL, *marked = NULL;
	size_t n = 0, m = 0;

	(void)state;
	for (int i = 0; i < 320 * 240; i++) {
		img.data[3 * i] = (uint8_t)(128 + 100 * sin(i % 320 / 17.0));
		img.data[3 * i + 1] = (uint8_t)(128 + 100 * sin(i / 320 / 11.0));
	}
	flat = vips_image_new_from_memory(img.data, 320 * 240 * 3, 320, 240, 3, VIPS_FORMAT_UCHAR);
	assert_int_equal(vips_copy(flat, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
	assert_int_equal(vips_jpegsave_buffer(rgb, &bytes, &n, "Q", 90, "strip", TRUE, NULL), 0);
	vips_image_set_int(rgb, VIPS_META_ORIENTATION, 1);
	assert_int_equal(vips_jpegsave_buffer(rgb, &marked, &m, "Q", 90, NULL), 0);
	assert_true(m > n);
	for (int side = 20; side <= 240; side += 110) {
		for (int fit = IMAGE_COVER; fit <= IMAGE_CONTAIN; fit++) {
			size_t size = (size_t)side * (size_t)side * 3;

			assert_int_equal(image_decode(&plain, bytes, n, side, side, (enum image_fit)fit, NULL, NULL), ST_OK);
			assert_int_equal(image_decode(&other, marked, m, side, side, (enum image_fit)fit, NULL, NULL), ST_OK);
			assert_memory_equal(plain.data, other.data, size);
			image_release(&plain);
			image_release(&other);
		}
	}
	g_object_unref(flat);
	g_object_unref(rgb);
	g_free(bytes);
	g_free(marked);
	image_release(&img);
}

static void test_every_kind_is_taken(void **state)
{
	static const char *const suffixes[] = {".jpg[Q=95]", ".png", ".gif", ".webp[lossless=true]", ".avif[Q=95]"};
	struct image img = make_picture(64, 48), out;

	(void)state;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t n;
		void *bytes = encode(&img, suffixes[i], 3, 255, &n);
		int width = 0, height = 0;

		assert_int_equal(image_decode(&out, bytes, n, 32, 24, IMAGE_STRETCH, &width, &height), ST_OK);
		assert_int_equal(width, 64);
		assert_int_equal(height, 48);
		assert_int_equal(out.width, 32);
		assert_int_equal(out.height, 24);
		assert_near(&out, 5, 18, 200, 0, 0, 14);
		assert_near(&out, 27, 18, 0, 0, 200, 14);
		image_release(&out);
		g_free(bytes);
	}
	image_release(&img);
}

static void test_grey_alpha_and_deep(void **state)
{
	struct image img = make_picture(20, 20), out;
	size_t n;
	void *bytes = encode(&img, ".png", 1, 255, &n);

	(void)state;
	assert_int_equal(image_decode_full(&out, bytes, n), ST_OK);
	assert_int_equal(pixel(&out, 3, 10)[0], pixel(&out, 3, 10)[2]);
	image_release(&out);
	g_free(bytes);
	bytes = encode(&img, ".png", 4, 0, &n);
	assert_int_equal(image_decode_full(&out, bytes, n), ST_OK);
	assert_near(&out, 3, 10, 255, 255, 255, 0);
	image_release(&out);
	g_free(bytes);
	bytes = encode(&img, ".png", 4, 128, &n);
	assert_int_equal(image_decode_full(&out, bytes, n), ST_OK);
	assert_near(&out, 3, 10, 227, 127, 127, 2);
	image_release(&out);
	g_free(bytes);
	bytes = encode(&img, ".png", DEEP, 255, &n);
	assert_int_equal(image_decode_full(&out, bytes, n), ST_OK);
	assert_near(&out, 3, 10, 200, 0, 0, 1);
	image_release(&out);
	g_free(bytes);
	image_release(&img);
}

/* A 300 x 100 picture in a 50 x 50 frame. */
static void test_fits(void **state)
{
	struct image img = make_picture(300, 100), out;
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(image_encode_png(&img, 1, &bytes, &n), ST_OK);
	assert_int_equal(image_decode(&out, bytes, n, 50, 50, IMAGE_COVER, NULL, NULL), ST_OK);
	assert_int_equal(out.width, 50);
	assert_int_equal(out.height, 50);
	assert_near(&out, 2, 40, 200, 0, 0, 3);
	assert_near(&out, 47, 40, 0, 0, 200, 3);
	image_release(&out);
	assert_int_equal(image_decode(&out, bytes, n, 50, 50, IMAGE_CONTAIN, NULL, NULL), ST_OK);
	assert_int_equal(out.width, 50);
	assert_int_equal(out.height, 50);
	assert_near(&out, 25, 5, 255, 255, 255, 0);
	assert_near(&out, 25, 45, 255, 255, 255, 0);
	assert_near(&out, 5, 26, 200, 0, 0, 3);
	image_release(&out);
	assert_int_equal(image_decode(&out, bytes, n, 400, 30, IMAGE_STRETCH, NULL, NULL), ST_OK);
	assert_int_equal(out.width, 400);
	assert_int_equal(out.height, 30);
	image_release(&out);
	image_release(&img);
	free(bytes);
}

/* An EXIF orientation of 6 (turn right) swaps the sides. */
static void test_exif_turns(void **state)
{
	struct image img = make_picture(64, 32), out;
	VipsImage *flat = vips_image_new_from_memory(img.data, 64 * 32 * 3, 64, 32, 3, VIPS_FORMAT_UCHAR), *rgb = NULL;
	void *bytes = NULL;
	size_t n = 0;
	int width, height;

	(void)state;
	assert_int_equal(vips_copy(flat, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
	vips_image_set_int(rgb, VIPS_META_ORIENTATION, 6);
	assert_int_equal(vips_jpegsave_buffer(rgb, &bytes, &n, "Q", 95, NULL), 0);
	assert_int_equal(image_decode(&out, bytes, n, 32, 64, IMAGE_STRETCH, &width, &height), ST_OK);
	assert_int_equal(width, 32);
	assert_int_equal(height, 64);
	assert_near(&out, 16, 10, 200, 0, 0, 12);
	assert_near(&out, 16, 54, 0, 0, 200, 12);
	image_release(&out);
	g_object_unref(flat);
	g_object_unref(rgb);
	g_free(bytes);
	image_release(&img);
}

static void assert_refused(const void *bytes, size_t n)
{
	struct image out;

	assert_int_equal(image_decode(&out, bytes, n, 10, 10, IMAGE_COVER, NULL, NULL), ST_MALFORMED);
	assert_null(out.data);
	assert_true(*status_message());
}

static void test_other_kinds_are_refused(void **state)
{
	static const char svg[] = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect/></svg>";
	static const char pdf[] = "%PDF-1.4\n1 0 obj<<>>endobj\n";
	static const char html[] = "<!DOCTYPE html><html><body>404</body></html>";
	static const char ppm[] = "P6 1 1 255\nabc";
	struct image img = make_picture(8, 8);
	size_t n;
	void *bytes = encode(&img, ".tif", 3, 255, &n);

	(void)state;
	assert_refused(svg, sizeof(svg) - 1);
	assert_refused(pdf, sizeof(pdf) - 1);
	assert_refused(html, sizeof(html) - 1);
	assert_refused(ppm, sizeof(ppm) - 1);
	assert_refused(bytes, n);
	assert_refused("", 0);
	assert_refused("\xff\xd8\xff", 3);
	g_free(bytes);
	image_release(&img);
}

/* A PNG whose header claims 100000 x 100000 pixels is refused before memory is taken for it. */
static void test_too_many_pixels(void **state)
{
	struct image img = make_picture(8, 8);
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(image_encode_png(&img, 6, &bytes, &n), ST_OK);
	memcpy(bytes + 16, "\x00\x01\x86\xa0\x00\x01\x86\xa0", 8);
	memcpy(bytes + 29, "\x27\x30\x9c\x9f", 4);
	assert_refused(bytes, n);
	free(bytes);
	image_release(&img);
}

/* A small file that would be gone over once for each of its scans: the last of a progressive JPEG's, again and again. */
static void test_too_many_scans(void **state)
{
	struct image img = make_picture(64, 48), out;
	size_t n, last;
	uint8_t *bytes = encode(&img, ".jpg[interlace,strip]", 3, 255, &n), *many;

	(void)state;
	for (last = n - 2; last > 0 && (bytes[last] != 0xff || bytes[last + 1] != 0xda); last--)
		;
	assert_true(last > 0);
	many = malloc(n + 600 * (n - 2 - last));
	memcpy(many, bytes, n - 2);
	for (size_t i = 0; i < 600; i++)
		memcpy(many + n - 2 + i * (n - 2 - last), bytes + last, n - 2 - last);
	memcpy(many + n - 2 + 600 * (n - 2 - last), "\xff\xd9", 2);
	assert_int_equal(image_decode(&out, bytes, n, 20, 15, IMAGE_STRETCH, NULL, NULL), ST_OK);
	image_release(&out);
	assert_int_equal(image_decode(&out, many, n + 600 * (n - 2 - last), 20, 15, IMAGE_STRETCH, NULL, NULL),
	                 ST_MALFORMED);
	assert_string_equal(status_message(), "damaged JPEG picture: more than 500 scans");
	free(many);
	g_free(bytes);
	image_release(&img);
}

static void test_cut_short(void **state)
{
	static const char *const suffixes[] = {".jpg", ".png", ".gif", ".webp"};
	struct image img = make_picture(200, 150), out;

	(void)state;
	for (int i = 0; i < 200 * 150 * 3; i++)
		img.data[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t n;
		void *bytes = encode(&img, suffixes[i], 3, 255, &n);

		assert_int_equal(image_decode(&out, bytes, n, 20, 15, IMAGE_STRETCH, NULL, NULL), ST_OK);
		image_release(&out);
		for (int tenths = 1; tenths < 10; tenths++) {
			void *copy = malloc(n * (size_t)tenths / 10); /* exact, so that a read beyond is found */

			memcpy(copy, bytes, n * (size_t)tenths / 10);
			if (image_decode(&out, copy, n * (size_t)tenths / 10, 20, 15, IMAGE_STRETCH, NULL, NULL) == ST_OK)
				fail_msg("%s cut at %d tenths was taken", suffixes[i], tenths);
			free(copy);
		}
		g_free(bytes);
	}
	image_release(&img);
}

/* The sampling factors of its first component. */
static int sampling_of(const uint8_t *jpeg, size_t n)
{
	for (size_t i = 2; i + 11 < n; i += 2 + ((size_t)jpeg[i + 2] << 8 | jpeg[i + 3]))
		if (jpeg[i + 1] == 0xc0)
			return jpeg[i + 11];
	return 0;
}

static void test_jpeg_encoding(void **state)
{
	struct image img = make_picture(61, 47), back;

	(void)state;
	for (int quality = 80; quality <= 90; quality += 10) {
		uint8_t *bytes, *again;
		size_t n, m;

		assert_int_equal(image_encode_jpeg(&img, quality, &bytes, &n), ST_OK);
		assert_int_equal(image_encode_jpeg(&img, quality, &again, &m), ST_OK);
		assert_int_equal(n, m);
		assert_memory_equal(bytes, again, n);
		assert_memory_equal(bytes + 6, "JFIF", 5);
		assert_int_equal(sampling_of(bytes, n), quality < 90 ? 0x22 : 0x11);
		assert_int_equal(image_decode_full(&back, bytes, n), ST_OK);
		assert_int_equal(back.width, 61);
		assert_int_equal(back.height, 47);
		assert_near(&back, 5, 40, 200, 0, 0, 14);
		image_release(&back);
		free(bytes);
		free(again);
	}
	image_release(&img);
}

static void test_a_photo(void **state)
{
	const char *photo = sample_or_skip("photos/kodim23.jpg");
	struct strbuf file;
	struct image small, full;
	uint8_t *bytes;
	size_t n;
	int width, height;

	(void)state;
	strbuf_init(&file, 1 << 24);
	assert_int_equal(file_read(photo, &file), ST_OK);
	assert_int_equal(image_decode(&small, file.data, file.len, 224, 224, IMAGE_COVER, &width, &height), ST_OK);
	assert_int_equal(width, 768);
	assert_int_equal(height, 512);
	assert_int_equal(image_encode_jpeg(&small, 90, &bytes, &n), ST_OK);
	assert_true(n > 5000 && n < 60000);
	assert_memory_equal(bytes, "\xff\xd8\xff", 3);
	assert_int_equal(image_load(&full, photo), ST_OK);
	assert_int_equal(full.width, 768);
	image_release(&small);
	image_release(&full);
	assert_int_equal(image_load(&full, "/nonexistent.jpg"), ST_FAILED);
	strbuf_release(&file);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_png_is_lossless),
		cmocka_unit_test(test_png_of_any_size_and_level),
		cmocka_unit_test(test_webp_is_lossless),
		cmocka_unit_test(test_resampling),
		cmocka_unit_test(test_jpeg_encoding),
		cmocka_unit_test(test_both_ways_of_a_jpeg),
		cmocka_unit_test(test_every_kind_is_taken),
		cmocka_unit_test(test_grey_alpha_and_deep),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_exif_turns),
		cmocka_unit_test(test_other_kinds_are_refused),
		cmocka_unit_test(test_too_many_pixels),
		cmocka_unit_test(test_too_many_scans),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_a_photo),
	};

	return cmocka_run_group_tests_name("image", tests, start, stop);
}
