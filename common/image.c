#include "common/image.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vips/vips.h>
#include <vips/vector.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/strbuf.h"

#define FILE_BYTES_MAX ((size_t)256 << 20)

/* Every other loader (SVG, PDF, ImageMagick's, …) is blocked: it would be one more parser of outside bytes. */
static const char *const loaders[] = {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadNsgif",
                                      "VipsForeignLoadWebp", "VipsForeignLoadHeif"};

/* What libvips warns of is either an error in the end, and then told as one, or harmless. */
static void keep_quiet(const char *domain, GLogLevelFlags level, const char *message, void *context)
{
	(void)domain;
	(void)level;
	(void)message;
	(void)context;
}

enum status image_start(const char *program)
{
	if (VIPS_INIT(program))
		return status_fail(ST_FAILED, "cannot start libvips: %s", vips_error_buffer());
	g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, keep_quiet, NULL);
	/* Our own workers take the processors; a second picture never repeats an operation of the first. */
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	/* libvips' vector paths compile code at run time through Orc, which crashes now and then when several threads begin at
	 * once, and they round otherwise than its C: without them the same picture gives the same pixels on any processor. */
	vips_vector_set_enabled(FALSE);
	vips_operation_block_set("VipsForeignLoad", TRUE);
	for (size_t i = 0; i < sizeof(loaders) / sizeof(*loaders); i++)
		vips_operation_block_set(loaders[i], FALSE);
	return ST_OK;
}

void image_stop(void)
{
	vips_shutdown();
}

void image_release(struct image *img)
{
	free(img->data);
	*img = (struct image){0};
}

/* libvips' own message, its first line only, behind ours. */
static enum status vips_fail(enum status st, const char *what)
{
	char *why = vips_error_buffer_copy();

	why[strcspn(why, "\n")] = '\0';
	st = status_fail(st, "%s%s%s", what, *why ? ": " : "", why);
	g_free(why);
	return st;
}

/* Decoding --------------------------------------------------------------------------------------------------------- */

static bool is_jpeg(const void *bytes, size_t n)
{
	return n > 2 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
}

/* False for a JPEG that ends before its end-of-image marker, which libjpeg only warns of: grey would fill what is
 * missing. Steps over segments by their lengths, so that a thumbnail inside does not count, and then through
 * entropy-coded data, where FF is followed by 00 or a restart marker unless a new segment starts. */
static bool jpeg_whole(const uint8_t *p, size_t n)
{
	size_t i = 2;

	while (i + 1 < n) {
		uint8_t marker = p[i + 1];

		if (p[i] != 0xff || marker == 0 || (marker >= 0xd0 && marker <= 0xd8) || marker == 0x01) {
			i += p[i] == 0xff ? 2 : 1;
		} else if (marker == 0xff) {
			i++;
		} else if (marker == 0xd9) {
			return true;
		} else if (i + 3 < n) {
			size_t length = (size_t)p[i + 2] << 8 | p[i + 3];

			i += 2 + (length > 2 ? length : 2);
		} else {
			return false;
		}
	}
	return false;
}

/* Reads the header: the upright size. Nothing is decoded before the pixels are known to be few enough. */
static enum status measure(const void *bytes, size_t n, int *width, int *height)
{
	VipsImage *header;
	bool turned;

	if (n == 0)
		return status_fail(ST_MALFORMED, "empty, not a picture");
	if (!vips_foreign_find_load_buffer(bytes, n)) {
		vips_error_clear();
		return status_fail(ST_MALFORMED, "not a JPEG, PNG, GIF, WebP or AVIF picture");
	}
	if (is_jpeg(bytes, n) && !jpeg_whole(bytes, n))
		return status_fail(ST_MALFORMED, "JPEG picture that is cut short");
	header = vips_image_new_from_buffer(bytes, n, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	if (!header)
		return vips_fail(ST_MALFORMED, "damaged picture");
	turned = vips_image_get_orientation_swap(header);
	*width = turned ? vips_image_get_height(header) : vips_image_get_width(header);
	*height = turned ? vips_image_get_width(header) : vips_image_get_height(header);
	g_object_unref(header);
	if (*width < 1 || *height < 1 || (int64_t)*width * *height > IMAGE_PIXELS_MAX)
		return status_fail(ST_MALFORMED, "picture of %d x %d pixels, expected at most %d", *width, *height,
		                   IMAGE_PIXELS_MAX);
	return ST_OK;
}

/* *image = *next, dropping the reference to what it was. False if the operation failed. */
static bool step(VipsImage **image, int failed, VipsImage *const *next)
{
	if (failed)
		return false;
	g_object_unref(*image);
	*image = *next;
	return true;
}

/* A JPEG decodes to 1/2, 1/4 or 1/8 at a fraction of the cost. A factor of two is left to the resizing, which filters
 * better. */
static int shrink_of(int width, int height, int target_width, int target_height)
{
	int across = width / target_width, down = height / target_height, least = across < down ? across : down;

	return least >= 16 ? 8 : least >= 8 ? 4 : least >= 4 ? 2 : 1;
}

/* Decodes all that is needed into memory at once: in a longer pipeline libvips 8.14 paints what cannot be read black. */
static VipsImage *decode_pixels(const void *bytes, size_t n, int shrink)
{
	char options[64];
	VipsImage *lazy, *pixels = NULL;

	(void)snprintf(options, sizeof(options), shrink > 1 ? "fail_on=error,shrink=%d" : "fail_on=error", shrink);
	lazy = vips_image_new_from_buffer(bytes, n, options, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	if (lazy) {
		pixels = vips_image_copy_memory(lazy);
		g_object_unref(lazy);
	}
	return pixels;
}

/* Resizes; turns by EXIF; takes CMYK to RGB. */
static VipsImage *resize(VipsImage *pixels, int width, int height, enum image_fit fit)
{
	VipsImage *out = NULL;

	if (vips_thumbnail_image(pixels, &out, width, "height", height, "size",
	                         fit == IMAGE_STRETCH ? VIPS_SIZE_FORCE : VIPS_SIZE_BOTH, "crop",
	                         fit == IMAGE_COVER ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE, NULL))
		return NULL;
	return out;
}

/* An embedded profile that fits the pixels takes them to sRGB. One that is broken is as good as none. */
static void apply_profile(VipsImage **image)
{
	const void *profile;
	size_t size;
	VipsImage *next = NULL;

	if (!vips_image_get_typeof(*image, VIPS_META_ICC_NAME) ||
	    vips_image_get_blob(*image, VIPS_META_ICC_NAME, &profile, &size) ||
	    !vips_icc_is_compatible_profile(*image, profile, size) ||
	    !step(image, vips_icc_transform(*image, &next, "srgb", "embedded", TRUE, NULL), &next))
		vips_error_clear();
}

/* Alpha over white, grey to RGB, 16 bits to 8, and white borders up to the size asked for. */
static bool finish(VipsImage **image, int width, int height)
{
	double white[] = {255, 255, 255};
	VipsArrayDouble *background = vips_array_double_new(white, 3);
	VipsImage *next = NULL;
	bool ok = true;

	if (vips_image_get_interpretation(*image) != VIPS_INTERPRETATION_sRGB)
		ok = step(image, vips_colourspace(*image, &next, VIPS_INTERPRETATION_sRGB, NULL), &next);
	if (ok && vips_image_hasalpha(*image))
		ok = step(image, vips_flatten(*image, &next, "background", background, NULL), &next);
	if (ok && vips_image_get_format(*image) != VIPS_FORMAT_UCHAR)
		ok = step(image, vips_cast_uchar(*image, &next, NULL), &next);
	if (ok && vips_image_get_bands(*image) > 3)
		ok = step(image, vips_extract_band(*image, &next, 0, "n", 3, NULL), &next);
	if (ok && (vips_image_get_width(*image) != width || vips_image_get_height(*image) != height))
		ok = step(image,
		          vips_gravity(*image, &next, VIPS_COMPASS_DIRECTION_CENTRE, width, height, "extend",
		                       VIPS_EXTEND_BACKGROUND, "background", background, NULL),
		          &next);
	vips_area_unref(VIPS_AREA(background));
	return ok;
}

/* Runs the pipeline: this is where pixels are decoded and damage is found. */
static enum status take_pixels(VipsImage *image, int width, int height, struct image *out)
{
	size_t size = 0;
	void *pixels;

	if (vips_image_get_bands(image) != 3 || vips_image_get_format(image) != VIPS_FORMAT_UCHAR)
		return status_fail(ST_MALFORMED, "picture of %d channels cannot be made RGB", vips_image_get_bands(image));
	pixels = vips_image_write_to_memory(image, &size);
	if (!pixels)
		return vips_fail(ST_MALFORMED, "damaged picture");
	if (size != (size_t)width * (size_t)height * 3)
		BUG("a %d x %d picture of %zu bytes", width, height, size);
	out->data = xmalloc(size);
	memcpy(out->data, pixels, size);
	out->width = width;
	out->height = height;
	g_free(pixels);
	return ST_OK;
}

static enum status decode(struct image *out, const void *bytes, size_t n, int shrink, int width, int height,
                          enum image_fit fit)
{
	VipsImage *pixels = decode_pixels(bytes, n, shrink), *image = NULL;
	enum status st;

	if (pixels) {
		image = resize(pixels, width, height, fit);
		g_object_unref(pixels);
	}
	if (!image)
		return vips_fail(ST_MALFORMED, "damaged picture");
	apply_profile(&image);
	if (finish(&image, width, height))
		st = take_pixels(image, width, height, out);
	else
		st = vips_fail(ST_MALFORMED, "damaged picture");
	g_object_unref(image);
	return st;
}

enum status image_decode(struct image *out, const void *bytes, size_t n, int width, int height, enum image_fit fit,
                         int *original_width, int *original_height)
{
	int w = 0, h = 0;
	enum status st = measure(bytes, n, &w, &h);

	*out = (struct image){0};
	if (width < 1 || height < 1 || (int64_t)width * height > IMAGE_PIXELS_MAX)
		BUG("picture of %d x %d asked for", width, height);
	if (original_width)
		*original_width = w;
	if (original_height)
		*original_height = h;
	if (st != ST_OK)
		return st;
	return decode(out, bytes, n, is_jpeg(bytes, n) ? shrink_of(w, h, width, height) : 1, width, height, fit);
}

enum status image_decode_full(struct image *out, const void *bytes, size_t n)
{
	int w = 0, h = 0;
	enum status st = measure(bytes, n, &w, &h);

	*out = (struct image){0};
	return st == ST_OK ? decode(out, bytes, n, 1, w, h, IMAGE_STRETCH) : st;
}

enum status image_load(struct image *out, const char *path)
{
	struct strbuf file;
	enum status st;

	*out = (struct image){0};
	strbuf_init(&file, FILE_BYTES_MAX);
	st = file_read(path, &file);
	if (st == ST_OK) {
		st = image_decode_full(out, file.data, file.len);
		if (st != ST_OK) {
			char *why = xstrdup(status_message());

			st = status_fail(st, "%s: %s", path, why);
			free(why);
		}
	}
	strbuf_release(&file);
	return st;
}

/* Encoding --------------------------------------------------------------------------------------------------------- */

static VipsImage *borrow(const struct image *in)
{
	VipsImage *flat = vips_image_new_from_memory(in->data, (size_t)in->width * (size_t)in->height * 3, in->width,
	                                             in->height, 3, VIPS_FORMAT_UCHAR);
	VipsImage *out = NULL;

	if (flat && vips_copy(flat, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
		out = NULL;
	if (flat)
		g_object_unref(flat);
	return out;
}

static enum status give(VipsImage *image, int failed, void *encoded, size_t size, uint8_t **bytes, size_t *n)
{
	*bytes = NULL;
	*n = 0;
	if (image)
		g_object_unref(image);
	if (failed)
		return vips_fail(ST_FAILED, "cannot encode a picture");
	*bytes = xmalloc(size);
	memcpy(*bytes, encoded, size);
	*n = size;
	g_free(encoded);
	return ST_OK;
}

enum status image_encode_jpeg(const struct image *in, int quality, uint8_t **bytes, size_t *n)
{
	VipsImage *image = borrow(in);
	void *encoded = NULL;
	size_t size = 0;
	int failed = !image || vips_jpegsave_buffer(image, &encoded, &size, "Q", quality, "optimize_coding", TRUE, "strip",
	                                            TRUE, NULL);

	return give(image, failed, encoded, size, bytes, n);
}

enum status image_encode_png(const struct image *in, int compression, uint8_t **bytes, size_t *n)
{
	VipsImage *image = borrow(in);
	void *encoded = NULL;
	size_t size = 0;
	int failed = !image || vips_pngsave_buffer(image, &encoded, &size, "compression", compression, "filter",
	                                           VIPS_FOREIGN_PNG_FILTER_ALL, "strip", TRUE, NULL);

	return give(image, failed, encoded, size, bytes, n);
}
