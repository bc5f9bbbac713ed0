#include "extract/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/fault.h"
#include "common/log.h"

struct encoder {
	enum resnet_output output;
	struct resnet net;
	float *input, *maps; /* [batch, …] */
	unsigned char *jobs; /* [batch, job_size] */
	int64_t queued;
};

static size_t input_size(const struct encoder *n)
{
	return (size_t)(3 * n->net.height * n->net.width);
}

static size_t map_size(const struct encoder *n)
{
	return (size_t)(n->net.map_height * n->net.map_width * n->net.map_channels);
}

static void close_encoder(struct encoder *n)
{
	resnet_release(&n->net);
	free(n->input);
	free(n->maps);
	free(n->jobs);
	free(n);
}

static enum status find(struct encoders *e, enum resnet_output output, int height, int width, struct encoder **out)
{
	struct resnet_options o = {.output = output, .batch = e->batch, .height = height, .width = width};
	struct encoder *n;
	double start;
	enum status st;

	for (size_t i = 0; i < e->count; i++) {
		*out = e->items[i];
		if ((*out)->output == output && (*out)->net.height == height && (*out)->net.width == width)
			return ST_OK;
	}
	start = now_s();
	n = xcalloc(1, sizeof(*n));
	n->output = output;
	st = resnet_open(&n->net, e->network, e->weights, &o);
	e->make_s += now_s() - start;
	if (st != ST_OK) {
		close_encoder(n);
		return st;
	}
	n->input = xcalloc((size_t)e->batch * input_size(n), sizeof(*n->input));
	n->maps = xcalloc((size_t)e->batch * map_size(n), sizeof(*n->maps));
	n->jobs = xcalloc((size_t)e->batch, e->job_size);
	e->items = xrealloc(e->items, e->count + 1, sizeof(struct encoder *));
	e->items[e->count++] = *out = n;
	return ST_OK;
}

static enum status run(struct encoders *e, struct encoder *n)
{
	double start = now_s();
	enum status st;

	memset(n->input + (size_t)n->queued * input_size(n), 0,
	       (size_t)(e->batch - n->queued) * input_size(n) * sizeof(*n->input));
	st = resnet_run(&n->net, n->input, n->maps);
	e->network_s += now_s() - start;
	e->pictures += n->queued;
	for (int64_t i = 0; i < n->queued && st == ST_OK; i++) {
		struct feature_map map = {.data = n->maps + (size_t)i * map_size(n),
		                          .height = n->net.map_height,
		                          .width = n->net.map_width,
		                          .channels = n->net.map_channels};

		e->done(e->context, &map, n->jobs + (size_t)i * e->job_size);
	}
	n->queued = 0;
	fault_point("extract.batch");
	return st;
}

enum status encoders_add(struct encoders *e, enum resnet_output output, int height, int width, const float *planes,
                         const void *job)
{
	struct encoder *n;
	enum status st = find(e, output, height, width, &n);

	if (st != ST_OK)
		return st;
	memcpy(n->input + (size_t)n->queued * input_size(n), planes, input_size(n) * sizeof(*planes));
	memcpy(n->jobs + (size_t)n->queued * e->job_size, job, e->job_size);
	n->queued++;
	return n->queued == e->batch ? run(e, n) : ST_OK;
}

enum status encoders_flush(struct encoders *e)
{
	enum status st = ST_OK;

	for (size_t i = 0; i < e->count && st == ST_OK; i++) {
		if (e->items[i]->queued > 0)
			st = run(e, e->items[i]);
	}
	return st;
}

void encoders_release(struct encoders *e)
{
	for (size_t i = 0; i < e->count; i++)
		close_encoder(e->items[i]);
	free(e->items);
	e->items = NULL;
	e->count = 0;
}
