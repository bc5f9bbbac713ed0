#include "model/encoders/resnet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"

#define EXPANSION 4 /* a block's result has four times the channels of its inner convolutions */

#define TORCHVISION_INPUT                                                                                              \
	{                                                                                                                  \
		.scale = 1.0f / 255, .mean = {0.485f, 0.456f, 0.406f}, .deviation = { 0.229f, 0.224f, 0.225f }                 \
	}
#define TORCHVISION(name_, third)                                                                                      \
	{                                                                                                                  \
		.name = name_, .blocks = {3, third == 36 ? 8 : 4, third, 3}, .width = 64, .epsilon = 1e-5f, .classes = 1000,   \
		.input = TORCHVISION_INPUT                                                                                     \
	}

static const struct resnet_config configs[] = {
	TORCHVISION("resnet50", 6),
	TORCHVISION("resnet101", 23),
	TORCHVISION("resnet152", 36),
	{.name = "resnet50-caffe",
     .blocks = {3, 4, 6, 3},
     .width = 64,
     .stride_in_first = true,
     .epsilon = 1e-3f,
     .classes = 1000,
     .input = {.bgr = true, .scale = 1, .mean = {103.939f, 116.779f, 123.68f}, .deviation = {1, 1, 1}}},
};

const struct resnet_config *resnet_find(const char *name)
{
	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		if (strcmp(configs[i].name, name) == 0)
			return &configs[i];
	}
	return NULL;
}

/* The list of tensors ---------------------------------------------------------------------------------------------- */

/* A convolution and the batch normalisation behind it. */
struct unit {
	char convolution[WEIGHTS_NAME_MAX], norm[WEIGHTS_NAME_MAX]; /* names without ".weight", … */
	int64_t in, out, kernel, stride, padding;
	bool relu;
	float gamma; /* what random weights put for the scale of the normalisation */
};

enum { UNIT_TENSORS = 6 }; /* the last is optional: num_batches_tracked */

static struct weights_tensor vector(const char *prefix, const char *name, int64_t n, float value)
{
	struct weights_tensor t = {.ndim = 1, .dim = {n}, .init = WEIGHTS_CONSTANT, .value = value};

	snprintf(t.name, sizeof(t.name), "%.130s.%s", prefix, name);
	return t;
}

static void unit_tensors(const struct unit *u, struct weights_tensor t[UNIT_TENSORS])
{
	t[0] = (struct weights_tensor){.ndim = 4, .dim = {u->out, u->in, u->kernel, u->kernel}, .init = WEIGHTS_HE};
	snprintf(t[0].name, sizeof(t[0].name), "%.130s.weight", u->convolution);
	t[1] = vector(u->norm, "weight", u->out, u->gamma);
	t[2] = vector(u->norm, "bias", u->out, 0);
	t[3] = vector(u->norm, "running_mean", u->out, 0);
	t[4] = vector(u->norm, "running_var", u->out, 1);
	t[5] = vector(u->norm, "num_batches_tracked", 0, 0);
	t[5].optional = true;
}

static struct unit stem(const struct resnet_config *c)
{
	return (struct unit){.convolution = "conv1",
	                     .norm = "bn1",
	                     .in = 3,
	                     .out = c->width,
	                     .kernel = 7,
	                     .stride = 2,
	                     .padding = 3,
	                     .relu = true,
	                     .gamma = 1};
}

enum block_unit { FIRST, MIDDLE, LAST, SHORTCUT, BLOCK_UNITS };

/* Unit k of a block. Random weights keep activations of order one: each block adds a branch whose variance is scaled by
 * one over the number of blocks. */
static struct unit block_unit(const struct resnet_config *c, int stage, int block, enum block_unit k)
{
	int64_t inner = c->width << stage, out = inner * EXPANSION;
	int64_t in = block > 0 ? out : stage > 0 ? out / 2 : c->width, stride = stage > 0 && block == 0 ? 2 : 1;
	int blocks = 0;
	struct unit u = {
		.in = inner, .out = inner, .kernel = 1, .stride = 1, .relu = k == FIRST || k == MIDDLE, .gamma = 1};

	for (int s = 0; s < RESNET_STAGES; s++)
		blocks += c->blocks[s];
	if (k == FIRST || k == SHORTCUT)
		u.in = in;
	if (k == LAST || k == SHORTCUT)
		u.out = out;
	if (k == MIDDLE)
		u.kernel = 3, u.padding = 1;
	if (k == LAST)
		u.gamma = 1 / sqrtf((float)blocks);
	if (k == SHORTCUT || k == (c->stride_in_first ? FIRST : MIDDLE))
		u.stride = stride;
	if (k == SHORTCUT) {
		snprintf(u.convolution, sizeof(u.convolution), "layer%d.%d.downsample.0", stage + 1, block);
		snprintf(u.norm, sizeof(u.norm), "layer%d.%d.downsample.1", stage + 1, block);
	} else {
		snprintf(u.convolution, sizeof(u.convolution), "layer%d.%d.conv%d", stage + 1, block, (int)k + 1);
		snprintf(u.norm, sizeof(u.norm), "layer%d.%d.bn%d", stage + 1, block, (int)k + 1);
	}
	return u;
}

static void fc_tensors(const struct resnet_config *c, struct weights_tensor t[2])
{
	t[0] = (struct weights_tensor){.ndim = 2, .dim = {c->classes, c->width * 32}, .init = WEIGHTS_HE};
	snprintf(t[0].name, sizeof(t[0].name), "fc.weight");
	t[1] = vector("fc", "bias", c->classes, 0);
}

enum status resnet_check(const struct resnet_config *c, const struct weights *w, enum resnet_output output)
{
	size_t units = 1, n = 0;
	struct weights_tensor *list;
	struct unit u = stem(c);
	enum status st;

	for (int s = 0; s < RESNET_STAGES; s++)
		units += (size_t)c->blocks[s] * BLOCK_UNITS;
	list = xcalloc(units * UNIT_TENSORS + 2, sizeof(*list));
	unit_tensors(&u, list);
	n = UNIT_TENSORS;
	for (int s = 0; s < RESNET_STAGES; s++) {
		for (int b = 0; b < c->blocks[s]; b++) {
			for (int k = 0; k < (b == 0 ? BLOCK_UNITS : SHORTCUT); k++) {
				u = block_unit(c, s, b, (enum block_unit)k);
				unit_tensors(&u, list + n);
				n += UNIT_TENSORS;
			}
		}
	}
	fc_tensors(c, list + n);
	list[n].optional = list[n + 1].optional = output != RESNET_CLASSES;
	st = weights_check(w, list, n + 2);
	free(list);
	return st;
}

/* Building --------------------------------------------------------------------------------------------------------- */

struct builder {
	const struct resnet_config *config;
	const struct weights *weights;
	struct onednn_net *net;
	enum status failed; /* reading weights; the net remembers its own */
};

/* y = gamma (w x - mean) / sqrt(var + eps) + beta is a convolution with weights w gamma / sqrt(var + eps). */
static enum status read_folded(struct builder *b, const struct unit *u, float *weight, float *bias)
{
	struct weights_tensor t[UNIT_TENSORS];
	size_t row = (size_t)(u->in * u->kernel * u->kernel), n = (size_t)u->out;
	float *norm = xcalloc(4 * n, sizeof(*norm));
	enum status st;

	unit_tensors(u, t);
	st = weights_read(b->weights, &t[0], weight);
	for (size_t i = 0; i < 4 && st == ST_OK; i++)
		st = weights_read(b->weights, &t[i + 1], norm + i * n);
	for (size_t o = 0; o < n && st == ST_OK; o++) {
		double scale = norm[o] / sqrt((double)norm[3 * n + o] + b->config->epsilon);

		for (size_t i = 0; i < row; i++)
			weight[o * row + i] = (float)(weight[o * row + i] * scale);
		bias[o] = (float)(norm[n + o] - norm[2 * n + o] * scale);
		if (!isfinite(scale))
			st = status_fail(ST_MALFORMED, "%s.running_var has a negative value", u->norm);
	}
	free(norm);
	return st;
}

static int add_unit(struct builder *b, int source, const struct unit *u, bool relu, int add)
{
	float *weight, *bias;
	int result = NET_FAILED;

	if (b->failed != ST_OK)
		return NET_FAILED;
	weight = xcalloc((size_t)(u->out * u->in * u->kernel * u->kernel), sizeof(*weight));
	bias = xcalloc((size_t)u->out, sizeof(*bias));
	b->failed = read_folded(b, u, weight, bias);
	if (b->failed == ST_OK) {
		struct net_convolution c = {.out = u->out,
		                            .kernel = u->kernel,
		                            .stride = u->stride,
		                            .padding = u->padding,
		                            .weight = weight,
		                            .bias = bias,
		                            .relu = relu,
		                            .add = add};

		result = onednn_net_convolution(b->net, source, &c);
	}
	free(weight);
	free(bias);
	return result;
}

static int add_block(struct builder *b, int x, int stage, int block)
{
	struct unit u[BLOCK_UNITS];
	int shortcut = x, y;

	for (int k = 0; k < BLOCK_UNITS; k++)
		u[k] = block_unit(b->config, stage, block, (enum block_unit)k);
	y = add_unit(b, x, &u[FIRST], true, NET_NONE);
	y = add_unit(b, y, &u[MIDDLE], true, NET_NONE);
	if (block == 0)
		shortcut = add_unit(b, x, &u[SHORTCUT], false, NET_NONE);
	return add_unit(b, y, &u[LAST], true, shortcut);
}

/* A linear layer is a convolution of a 1 x 1 map. */
static int add_classes(struct builder *b, int pooled)
{
	const struct resnet_config *c = b->config;
	struct weights_tensor t[2];
	float *weight = xcalloc((size_t)(c->classes * c->width * 32), sizeof(*weight));
	float *bias = xcalloc((size_t)c->classes, sizeof(*bias));
	int result = NET_FAILED;

	fc_tensors(c, t);
	if (b->failed == ST_OK)
		b->failed = weights_read(b->weights, &t[0], weight);
	if (b->failed == ST_OK)
		b->failed = weights_read(b->weights, &t[1], bias);
	if (b->failed == ST_OK) {
		struct net_convolution fc = {
			.out = c->classes, .kernel = 1, .stride = 1, .weight = weight, .bias = bias, .add = NET_NONE};

		result = onednn_net_convolution(b->net, pooled, &fc);
	}
	free(weight);
	free(bias);
	return result;
}

static int build(struct builder *b, enum resnet_output output)
{
	struct unit u = stem(b->config);
	int stages = output == RESNET_LAYER2 ? 2 : RESNET_STAGES;
	int x = add_unit(b, onednn_net_input(b->net), &u, true, NET_NONE);

	x = onednn_net_max_pool(b->net, x, 3, 2, 1);
	for (int s = 0; s < stages; s++) {
		for (int k = 0; k < b->config->blocks[s]; k++)
			x = add_block(b, x, s, k);
	}
	if (output != RESNET_LAYER2)
		x = onednn_net_average(b->net, x);
	return output == RESNET_CLASSES ? add_classes(b, x) : x;
}

enum status resnet_open(struct resnet *r, const struct resnet_config *c, const struct weights *w,
                        const struct resnet_options *o)
{
	struct builder b = {.config = c, .weights = w};
	int64_t dim[4];
	int output;
	enum status st = onednn_net_open(&r->net, o->batch, 3, o->height, o->width);

	if (st != ST_OK)
		return st;
	b.net = r->net;
	output = build(&b, o->output);
	if (b.failed != ST_OK)
		return b.failed;
	st = onednn_net_finish(r->net, output);
	if (st != ST_OK)
		return st;
	onednn_net_shape(r->net, output, dim);
	r->batch = o->batch;
	r->height = o->height;
	r->width = o->width;
	r->map_channels = dim[1];
	r->map_height = dim[2];
	r->map_width = dim[3];
	return ST_OK;
}

void resnet_release(struct resnet *r)
{
	onednn_net_close(r->net);
	*r = (struct resnet){0};
}

enum status resnet_run(struct resnet *r, const float *input, float *output)
{
	return onednn_net_run(r->net, input, output);
}

/* Input ------------------------------------------------------------------------------------------------------------ */

void resnet_prepare(const struct resnet_config *c, const uint8_t *rgb, size_t pixels, float *planes)
{
	const struct resnet_input *in = &c->input;

	for (size_t p = 0; p < 3; p++) {
		size_t channel = in->bgr ? 2 - p : p;
		float scale = in->scale / in->deviation[p], shift = in->mean[p] / in->deviation[p];
		float *plane = planes + p * pixels;

		for (size_t i = 0; i < pixels; i++)
			plane[i] = (float)rgb[3 * i + channel] * scale - shift;
	}
}

char *resnet_describe_input(const struct resnet_config *c)
{
	const struct resnet_input *in = &c->input;

	return path_printf("%s %s, mean %g %g %g, deviation %g %g %g", in->bgr ? "BGR" : "RGB",
	                   in->scale < 1 ? "0-1" : "0-255", (double)in->mean[0], (double)in->mean[1], (double)in->mean[2],
	                   (double)in->deviation[0], (double)in->deviation[1], (double)in->deviation[2]);
}
