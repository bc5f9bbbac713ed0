/* Residual networks against PyTorch: a small one whose weights, input and outputs are in golden/resnet.safetensors (made by
 * resnet_reference.py), a smaller one in PyTorch's own files (torch_files.py), and the published ResNet-50 on real photos. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/image.h"
#include "extract/resize.h"
#include "model/encoders/resnet.h"
#include "tests/support/samples.h"

#define GOLDEN "tests/parity/golden/resnet.safetensors"
#define SIDE   224

/* What resnet_reference.py builds. */
static const struct resnet_config small = {
	.name = "small", .blocks = {2, 1, 1, 1}, .width = 8, .epsilon = 1e-5f, .classes = 5};

/* One tensor of a golden file; the caller frees. */
static float *read_golden(const char *file, const char *name, int ndim, const int64_t *dim, size_t *count)
{
	struct weights_tensor t = {.ndim = ndim};
	struct weights *w;
	float *out;

	snprintf(t.name, sizeof(t.name), "%s", name);
	*count = 1;
	for (int i = 0; i < ndim; i++) {
		t.dim[i] = dim[i];
		*count *= (size_t)dim[i];
	}
	out = xcalloc(*count, sizeof(*out));
	assert_int_equal(weights_open(&w, file), ST_OK);
	if (weights_read(w, &t, out) != ST_OK)
		fail_msg("%s", status_message());
	weights_close(w);
	return out;
}

/* Largest difference as a share of the largest value. */
static double difference(const float *a, const float *b, size_t n)
{
	double largest = 0, worst = 0;

	for (size_t i = 0; i < n; i++) {
		largest = fmax(largest, fabs((double)a[i]));
		worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
	}
	return worst / largest;
}

struct expectation {
	const char *name;
	enum resnet_output output;
	bool stride_in_first;
	int64_t dim[4];
};

static void check_small(const struct expectation *e)
{
	struct resnet_config config = small;
	struct resnet_options o = {.output = e->output, .batch = 2, .height = 61, .width = 45};
	struct resnet r = {0};
	struct weights *w;
	size_t inputs, outputs;
	float *in = read_golden(GOLDEN, "input", 4, (const int64_t[]){2, 3, 61, 45}, &inputs);
	float *expected = read_golden(GOLDEN, e->name, 4, e->dim, &outputs), *out = xcalloc(outputs, sizeof(*out));
	double d;

	config.stride_in_first = e->stride_in_first;
	assert_int_equal(weights_open(&w, GOLDEN), ST_OK);
	if (resnet_open(&r, &config, w, &o) != ST_OK)
		fail_msg("%s", status_message());
	assert_int_equal(r.map_height, e->dim[1]);
	assert_int_equal(r.map_width, e->dim[2]);
	assert_int_equal(r.map_channels, e->dim[3]);
	/* twice: memory that maps share is left as the first run needs it */
	for (int i = 0; i < 2; i++) {
		if (resnet_run(&r, in, out) != ST_OK)
			fail_msg("%s", status_message());
		d = difference(expected, out, outputs);
		if (!(d < 1e-4))
			fail_msg("%s differs from PyTorch by %g of its largest value", e->name, d);
	}
	resnet_release(&r);
	weights_close(w);
	free(in);
	free(expected);
	free(out);
}

static const struct expectation expectations[] = {
	{"expect.layer2", RESNET_LAYER2, false, {2, 8, 6, 64}},
	{"expect.pooled", RESNET_POOLED, false, {2, 1, 1, 256}},
	{"expect.classes", RESNET_CLASSES, false, {2, 1, 1, 5}},
	{"expect.caffe.layer2", RESNET_LAYER2, true, {2, 8, 6, 64}},
	{"expect.caffe.pooled", RESNET_POOLED, true, {2, 1, 1, 256}},
};

static void test_small(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expectations) / sizeof(*expectations); i++)
		check_small(&expectations[i]);
}

/* The network of torch_files.py, out of the zip format and the older one. */
static void test_torch_files(void **state)
{
	static const char *const files[2] = {"tests/parity/golden/torch-resnet.zip.pth",
	                                     "tests/parity/golden/torch-resnet.legacy.pth"};
	const struct resnet_config tiny = {
		.name = "tiny", .blocks = {1, 1, 1, 1}, .width = 1, .epsilon = 1e-5f, .classes = 3};
	const struct expectation e[] = {{"expect.layer2", RESNET_LAYER2, false, {1, 8, 6, 8}},
	                                {"expect.pooled", RESNET_POOLED, false, {1, 1, 1, 32}}};
	float in[3 * 61 * 45], out[8 * 6 * 8], *expected;
	size_t outputs;

	(void)state;
	for (int i = 0; i < 3 * 61 * 45; i++)
		in[i] = (float)(i * 37 % 255) / 255 - 0.5f;
	for (size_t k = 0; k < 4; k++) {
		struct resnet_options o = {.output = e[k / 2].output, .batch = 1, .height = 61, .width = 45};
		struct resnet r = {0};
		struct weights *w;

		expected =
			read_golden("tests/parity/golden/torch-resnet.safetensors", e[k / 2].name, 4, e[k / 2].dim, &outputs);
		if (weights_open(&w, files[k % 2]) != ST_OK || resnet_check(&tiny, w, RESNET_CLASSES) != ST_OK ||
		    resnet_open(&r, &tiny, w, &o) != ST_OK || resnet_run(&r, in, out) != ST_OK)
			fail_msg("%s", status_message());
		if (!(difference(expected, out, outputs) < 1e-4))
			fail_msg("%s: %s differs from PyTorch by %g", files[k % 2], e[k / 2].name,
			         difference(expected, out, outputs));
		resnet_release(&r);
		weights_close(w);
		free(expected);
	}
}

/* PyTorch's first label and its probability, the photo squashed to 224 x 224 with antialiasing. */
static const struct {
	const char *photo, *label;
	double probability;
} photos[] = {{"kodim01", "library", 0.58}, {"kodim04", "bonnet", 0.55},   {"kodim05", "moped", 0.61},
              {"kodim12", "sarong", 0.59},  {"kodim13", "valley", 0.77},   {"kodim14", "paddle", 0.71},
              {"kodim19", "beacon", 0.61},  {"kodim20", "warplane", 0.84}, {"kodim21", "beacon", 0.995},
              {"kodim22", "barn", 0.89},    {"kodim23", "macaw", 0.997}};

#define PHOTOS (sizeof(photos) / sizeof(*photos))

static void load_photo(const struct resnet_config *c, const char *name, float *planes)
{
	char *file = path_printf("photos/%s.jpg", name);
	struct image photo;
	uint8_t *rgb = xmalloc((size_t)SIDE * SIDE * 3);
	struct resize r = {.full_width = SIDE, .full_height = SIDE, .width = SIDE, .height = SIDE};

	if (image_load(&photo, sample_path(file)) != ST_OK)
		fail_msg("%s", status_message());
	r.in_width = photo.width;
	r.in_height = photo.height;
	resize_rgb(&r, photo.data, (size_t)photo.width * 3, rgb);
	picture_prepare(c->input, rgb, (size_t)SIDE * SIDE, planes);
	image_release(&photo);
	free(rgb);
	free(file);
}

static size_t first_label(const float *logit, size_t n, double *probability)
{
	size_t best = 0;
	double sum = 0;

	for (size_t i = 1; i < n; i++)
		best = logit[i] > logit[best] ? i : best;
	for (size_t i = 0; i < n; i++)
		sum += exp((double)logit[i] - (double)logit[best]);
	*probability = 1 / sum;
	return best;
}

static void test_photos(void **state)
{
	const struct resnet_config *c = resnet_find("resnet50-caffe");
	const char *weights = sample_or_skip("weights/resnet50-v1-caffe.fp16.safetensors");
	const char *names = sample_or_skip("weights/imagenet1000.json");
	struct resnet_options o = {.output = RESNET_CLASSES, .batch = PHOTOS, .height = SIDE, .width = SIDE};
	struct resnet r = {0};
	struct weights *w;
	json_t *labels;
	float *in, *out;

	(void)state;
	sample_or_skip("photos/kodim01.jpg");
	assert_int_equal(weights_open(&w, weights), ST_OK);
	labels = json_load_file(names, 0, NULL);
	assert_non_null(labels);
	if (resnet_check(c, w, o.output) != ST_OK || resnet_open(&r, c, w, &o) != ST_OK)
		fail_msg("%s", status_message());
	in = xcalloc(PHOTOS * 3 * SIDE * SIDE, sizeof(*in));
	out = xcalloc(PHOTOS * 1000, sizeof(*out));
	for (size_t i = 0; i < PHOTOS; i++)
		load_photo(c, photos[i].photo, in + i * 3 * SIDE * SIDE);
	assert_int_equal(resnet_run(&r, in, out), ST_OK);
	for (size_t i = 0; i < PHOTOS; i++) {
		double p;
		char number[24];
		const char *label;

		snprintf(number, sizeof(number), "%zu", first_label(out + i * 1000, 1000, &p));
		label = json_string_value(json_object_get(labels, number));

		assert_non_null(label);
		assert_string_equal(label, photos[i].label);
		assert_true(fabs(p - photos[i].probability) < 0.02);
	}
	resnet_release(&r);
	weights_close(w);
	json_decref(labels);
	free(in);
	free(out);
}

/* A network of another depth: every disagreement is in the one message. */
static void test_other_network(void **state)
{
	struct weights *w;

	(void)state;
	assert_int_equal(weights_open(&w, GOLDEN), ST_OK);
	assert_int_equal(resnet_check(resnet_find("resnet50"), w, RESNET_POOLED), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "missing: layer1.2.conv1.weight"));
	assert_non_null(strstr(status_message(), "of another shape: conv1.weight [8, 3, 7, 7] instead of [64, 3, 7, 7]"));
	assert_non_null(strstr(status_message(), "unknown to the network: expect."));
	weights_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_torch_files),
		cmocka_unit_test(test_other_network),
		cmocka_unit_test(test_photos),
	};
	int failed;

	if (image_start("test_resnet") != ST_OK)
		return 1;
	failed = cmocka_run_group_tests_name("resnet", tests, NULL, NULL);
	image_stop();
	return failed;
}
