#include "model/tensor/onednn.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "model/tensor/onednn_layout.h"

/* A net ------------------------------------------------------------------------------------------------------------ */

#define ALIGNMENT ((size_t)64)
#define ARGS_MAX  5

/* A feature map. Two maps have one value when the second was added into the first. */
struct map {
	layout layout; /* owned */
	int64_t dim[4];
	int value;
	bool used_up;
	dnnl_memory_t memory; /* made by finish */
};

/* Memory that maps live in, from the step that writes it first to the last that reads it. */
struct value {
	size_t size;
	int first, last; /* steps */
	int block;       /* index into blocks; NET_NONE: the caller's memory */
};

struct block {
	size_t size;
	int busy_until; /* step */
	void *data;
};

/* One primitive. Source and result are maps; the rest are owned. */
struct step {
	dnnl_primitive_desc_t description;
	dnnl_primitive_t primitive;
	int source, result;
	dnnl_memory_t weight, bias, scratchpad; /* NULL: none */
};

struct onednn_net {
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	struct map *maps;
	struct value *values;
	struct step *steps;
	struct block *blocks;
	int map_count, value_count, step_count, block_count;
	int output;
	void *scratchpad;
	enum status failed; /* the first failure while declaring */
	char *message;
};

static enum status check(dnnl_status_t s, const char *what)
{
	if (s == dnnl_success)
		return ST_OK;
	if (s == dnnl_out_of_memory)
		return status_fail(ST_MEMORY, "oneDNN: not enough memory to %s", what);
	return status_fail(ST_FAILED, "oneDNN: cannot %s (%s)", what,
	                   s == dnnl_unimplemented ? "not implemented for this shape" : "error of the library");
}

/* Remembers a failure and gives NET_FAILED. */
static int fail(struct onednn_net *net, enum status st)
{
	if (net->failed == ST_OK) {
		net->failed = st;
		net->message = xstrdup(status_message());
	}
	return NET_FAILED;
}

/* A map in a value of its own, or in that of the map `in`. */
static int add_map(struct onednn_net *net, layout l, const int64_t dim[4], int in)
{
	struct map *m;

	net->maps = xrealloc(net->maps, (size_t)net->map_count + 1, sizeof(*net->maps));
	m = &net->maps[net->map_count];
	*m = (struct map){.value = in >= 0 ? net->maps[in].value : net->value_count};
	memcpy(m->dim, dim, sizeof(m->dim));
	if (layout_copy(&m->layout, l) != dnnl_success)
		return fail(net, status_fail(ST_MEMORY, "oneDNN: not enough memory for a layout"));
	if (in < 0) {
		net->values = xrealloc(net->values, (size_t)net->value_count + 1, sizeof(*net->values));
		net->values[net->value_count++] = (struct value){
			.size = dnnl_memory_desc_get_size(l), .first = net->step_count, .last = net->step_count, .block = NET_NONE};
	}
	return net->map_count++;
}

/* Takes the description. The result of the step is `result`. */
static int add_step(struct onednn_net *net, dnnl_primitive_desc_t take_description, int source, int result)
{
	struct step *s;

	if (result == NET_FAILED) {
		dnnl_primitive_desc_destroy(take_description);
		return NET_FAILED;
	}
	net->steps = xrealloc(net->steps, (size_t)net->step_count + 1, sizeof(*net->steps));
	s = &net->steps[net->step_count];
	*s = (struct step){.description = take_description, .source = source, .result = result};
	net->step_count++;
	if (check(dnnl_primitive_create(&s->primitive, take_description), "make a layer") != ST_OK)
		return fail(net, ST_FAILED);
	net->values[net->maps[source].value].last = net->step_count - 1;
	net->values[net->maps[result].value].last = net->step_count - 1;
	return result;
}

static enum status new_attributes(dnnl_primitive_attr_t *attr)
{
	enum status st = check(dnnl_primitive_attr_create(attr), "make attributes");

	if (st == ST_OK)
		st = check(dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user), "set attributes");
	return st;
}

enum status onednn_net_open(struct onednn_net **out, int64_t batch, int64_t channels, int64_t height, int64_t width)
{
	struct onednn_net *net = xcalloc(1, sizeof(*net));
	const int64_t dim[] = {batch, channels, height, width};
	layout plain = NULL;
	enum status st = check(dnnl_engine_create(&net->engine, dnnl_cpu, 0), "start");

	*out = NULL;
	if (st == ST_OK)
		st = check(dnnl_stream_create(&net->stream, net->engine, dnnl_stream_default_flags), "start");
	if (st == ST_OK)
		st = check(layout_new(&plain, 4, dim, dnnl_nchw), "describe the input");
	if (st == ST_OK) {
		add_map(net, plain, dim, NET_NONE);
		st = net->failed;
	}
	layout_free(plain);
	if (st == ST_OK)
		*out = net;
	else
		onednn_net_close(net);
	return st;
}

void onednn_net_close(struct onednn_net *net)
{
	if (!net)
		return;
	for (int i = 0; i < net->step_count; i++) {
		struct step *s = &net->steps[i];

		dnnl_memory_destroy(s->weight);
		dnnl_memory_destroy(s->bias);
		dnnl_memory_destroy(s->scratchpad);
		dnnl_primitive_destroy(s->primitive);
		dnnl_primitive_desc_destroy(s->description);
	}
	for (int i = 0; i < net->map_count; i++) {
		dnnl_memory_destroy(net->maps[i].memory);
		layout_free(net->maps[i].layout);
	}
	for (int i = 0; i < net->block_count; i++)
		free(net->blocks[i].data);
	dnnl_stream_destroy(net->stream);
	dnnl_engine_destroy(net->engine);
	free(net->scratchpad);
	free(net->blocks);
	free(net->steps);
	free(net->values);
	free(net->maps);
	free(net->message);
	free(net);
}

int onednn_net_input(struct onednn_net *net)
{
	(void)net;
	return 0;
}

void onednn_net_shape(const struct onednn_net *net, int map, int64_t dim[4])
{
	if (map < 0 || map >= net->map_count)
		BUG("no map %d", map);
	memcpy(dim, net->maps[map].dim, sizeof(net->maps[map].dim));
}

/* Declaring -------------------------------------------------------------------------------------------------------- */

/* The source in the layout wanted: itself, or through a reorder. */
static int reordered(struct onednn_net *net, int source, layout wanted)
{
	dnnl_primitive_attr_t attr = NULL;
	dnnl_primitive_desc_t pd = NULL;
	int64_t dim[4];
	enum status st;

	if (dnnl_memory_desc_equal(net->maps[source].layout, wanted))
		return source;
	onednn_net_shape(net, source, dim);
	st = new_attributes(&attr);
	if (st == ST_OK)
		st = check(
			dnnl_reorder_primitive_desc_create(&pd, net->maps[source].layout, net->engine, wanted, net->engine, attr),
			"reorder a map");
	dnnl_primitive_attr_destroy(attr);
	if (st != ST_OK)
		return fail(net, st);
	return add_step(net, pd, source, add_map(net, wanted, dim, NET_NONE));
}

/* A memory in the layout wanted with the values of a plain array; the caller owns it. */
static enum status load(struct onednn_net *net, dnnl_memory_t *out, layout plain, layout wanted, const float *data)
{
	dnnl_primitive_desc_t pd = NULL;
	dnnl_primitive_t primitive = NULL;
	dnnl_memory_t from = NULL;
	enum status st = check(dnnl_memory_create(out, wanted, net->engine, DNNL_MEMORY_ALLOCATE), "hold weights");

	if (st == ST_OK)
		st = check(dnnl_memory_create(&from, plain, net->engine, (void *)data), "hold weights");
	if (st == ST_OK)
		st = check(dnnl_reorder_primitive_desc_create(&pd, plain, net->engine, wanted, net->engine, NULL),
		           "reorder weights");
	if (st == ST_OK)
		st = check(dnnl_primitive_create(&primitive, pd), "reorder weights");
	if (st == ST_OK) {
		const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, *out}};

		st = check(dnnl_primitive_execute(primitive, net->stream, 2, args), "reorder weights");
	}
	if (st == ST_OK)
		st = check(dnnl_stream_wait(net->stream), "reorder weights");
	dnnl_primitive_destroy(primitive);
	dnnl_primitive_desc_destroy(pd);
	dnnl_memory_destroy(from);
	return st;
}

static enum status convolution_attributes(dnnl_primitive_attr_t *attr, const struct net_convolution *c)
{
	dnnl_post_ops_t ops = NULL;
	enum status st = new_attributes(attr);

	if (st == ST_OK)
		st = check(dnnl_post_ops_create(&ops), "make attributes");
	if (st == ST_OK && c->add != NET_NONE)
		st = check(layer_append_sum(ops), "fuse a sum");
	if (st == ST_OK && c->relu)
		st = check(layer_append_relu(ops), "fuse a ReLU");
	if (st == ST_OK)
		st = check(dnnl_primitive_attr_set_post_ops(*attr, ops), "set attributes");
	dnnl_post_ops_destroy(ops);
	return st;
}

struct convolution_layouts {
	layout any[4];   /* source, weight, bias, result: what oneDNN may choose */
	layout plain[2]; /* weight and bias as they are given */
};

static enum status describe_layouts(struct onednn_net *net, struct convolution_layouts *l, int source,
                                    const struct net_convolution *c, const int64_t result_dim[4])
{
	const int64_t *in = net->maps[source].dim;
	const int64_t weight[] = {c->out, in[1], c->kernel, c->kernel}, bias[] = {c->out};
	dnnl_status_t s = layout_new(&l->any[0], 4, in, dnnl_format_tag_any);

	if (s == dnnl_success)
		s = layout_new(&l->any[1], 4, weight, dnnl_format_tag_any);
	if (s == dnnl_success)
		s = layout_new(&l->any[2], 1, bias, dnnl_x);
	if (s == dnnl_success && c->add == NET_NONE)
		s = layout_new(&l->any[3], 4, result_dim, dnnl_format_tag_any);
	else if (s == dnnl_success)
		s = layout_copy(&l->any[3], net->maps[c->add].layout); /* the sum reads what lies where it writes */
	if (s == dnnl_success)
		s = layout_new(&l->plain[0], 4, weight, dnnl_oihw);
	if (s == dnnl_success)
		s = layout_new(&l->plain[1], 1, bias, dnnl_x);
	return check(s, "describe a convolution");
}

static void free_layouts(struct convolution_layouts *l)
{
	for (int i = 0; i < 4; i++)
		layout_free(l->any[i]);
	for (int i = 0; i < 2; i++)
		layout_free(l->plain[i]);
}

static bool same_shape(const int64_t a[4], const int64_t b[4])
{
	return memcmp(a, b, 4 * sizeof(*a)) == 0;
}

/* Height or width after a window of kernel moves over it. */
static int64_t windows(int64_t size, int64_t kernel, int64_t stride, int64_t padding)
{
	return (size + 2 * padding - kernel) / stride + 1;
}

/* Takes the description. */
static int add_convolution(struct onednn_net *net, dnnl_primitive_desc_t pd, int source,
                           const struct net_convolution *c, const struct convolution_layouts *l, const int64_t dim[4])
{
	int from = reordered(net, source, dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0)), result;
	struct step *s;
	enum status st;

	if (from == NET_FAILED) {
		dnnl_primitive_desc_destroy(pd);
		return NET_FAILED;
	}
	result = add_map(net, dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0), dim, c->add);
	if (add_step(net, pd, from, result) == NET_FAILED)
		return NET_FAILED;
	if (c->add != NET_NONE)
		net->maps[c->add].used_up = true;
	s = &net->steps[net->step_count - 1];
	st = load(net, &s->weight, l->plain[0], dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), c->weight);
	if (st == ST_OK)
		st = load(net, &s->bias, l->plain[1], dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 1), c->bias);
	return st == ST_OK ? result : fail(net, st);
}

int onednn_net_convolution(struct onednn_net *net, int source, const struct net_convolution *c)
{
	const struct layer_window w = {c->kernel, c->kernel, c->stride, c->padding};
	struct convolution_layouts l = {0};
	dnnl_primitive_attr_t attr = NULL;
	dnnl_primitive_desc_t pd = NULL;
	int64_t dim[4];
	enum status st;
	int result;

	if (source == NET_FAILED || c->add == NET_FAILED || net->failed != ST_OK)
		return NET_FAILED;
	onednn_net_shape(net, source, dim);
	dim[1] = c->out;
	for (int i = 2; i < 4; i++)
		dim[i] = windows(dim[i], c->kernel, c->stride, c->padding);
	if (net->maps[source].used_up || (c->add != NET_NONE && net->maps[c->add].used_up))
		BUG("a map is read after it was added to");
	if (dim[2] < 1 || dim[3] < 1 || (c->add != NET_NONE && !same_shape(dim, net->maps[c->add].dim)))
		BUG("shapes do not fit");
	st = describe_layouts(net, &l, source, c, dim);
	if (st == ST_OK)
		st = convolution_attributes(&attr, c);
	if (st == ST_OK)
		st = check(layer_describe_convolution(&pd, net->engine, dnnl_convolution_direct, l.any, &w, attr),
		           "describe a convolution");
	result = st == ST_OK ? add_convolution(net, pd, source, c, &l, dim) : fail(net, st);
	dnnl_primitive_attr_destroy(attr);
	free_layouts(&l);
	return result;
}

static int pool(struct onednn_net *net, int source, dnnl_alg_kind_t algorithm, const struct layer_window *w)
{
	dnnl_primitive_attr_t attr = NULL;
	dnnl_primitive_desc_t pd = NULL;
	layout any = NULL;
	int64_t dim[4];
	enum status st;

	if (source == NET_FAILED || net->failed != ST_OK)
		return NET_FAILED;
	onednn_net_shape(net, source, dim);
	dim[2] = windows(dim[2], w->height, w->stride, w->padding);
	dim[3] = windows(dim[3], w->width, w->stride, w->padding);
	st = check(layout_new(&any, 4, dim, dnnl_format_tag_any), "describe a pooling");
	if (st == ST_OK)
		st = new_attributes(&attr);
	if (st == ST_OK)
		st = check(layer_describe_pooling(&pd, net->engine, algorithm, net->maps[source].layout, any, w, attr),
		           "describe a pooling");
	dnnl_primitive_attr_destroy(attr);
	layout_free(any);
	if (st != ST_OK)
		return fail(net, st);
	return add_step(net, pd, source,
	                add_map(net, dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0), dim, NET_NONE));
}

int onednn_net_max_pool(struct onednn_net *net, int source, int64_t kernel, int64_t stride, int64_t padding)
{
	const struct layer_window w = {kernel, kernel, stride, padding};

	return pool(net, source, dnnl_pooling_max, &w);
}

int onednn_net_average(struct onednn_net *net, int source)
{
	int64_t dim[4];

	if (source == NET_FAILED)
		return NET_FAILED;
	onednn_net_shape(net, source, dim);
	return pool(net, source, dnnl_pooling_avg_exclude_padding, &(struct layer_window){dim[2], dim[3], 1, 0});
}

/* Finishing and running -------------------------------------------------------------------------------------------- */

static void *allocate(size_t size)
{
	void *p = NULL;

	if (size > SIZE_MAX - ALIGNMENT)
		BUG("a map of %zu bytes", size);
	return posix_memalign(&p, ALIGNMENT, size + ALIGNMENT) == 0 ? p : NULL;
}

/* The largest block that is free by then, so that few grow. */
static int free_block(const struct onednn_net *net, int step)
{
	int best = NET_NONE;

	for (int i = 0; i < net->block_count; i++) {
		if (net->blocks[i].busy_until < step && (best == NET_NONE || net->blocks[i].size > net->blocks[best].size))
			best = i;
	}
	return best;
}

static enum status place_values(struct onednn_net *net, int input_value, int output_value)
{
	net->blocks = xcalloc((size_t)net->value_count + 1, sizeof(*net->blocks));
	for (int i = 0; i < net->value_count; i++) {
		struct value *v = &net->values[i];
		struct block *b;

		if (i == input_value || i == output_value)
			continue;
		v->block = free_block(net, v->first);
		if (v->block == NET_NONE)
			v->block = net->block_count++;
		b = &net->blocks[v->block];
		b->size = v->size > b->size ? v->size : b->size;
		b->busy_until = v->last;
	}
	for (int i = 0; i < net->block_count; i++) {
		net->blocks[i].data = allocate(net->blocks[i].size);
		if (!net->blocks[i].data)
			return status_fail(ST_MEMORY, "not enough memory for feature maps; a smaller batch needs less");
	}
	return ST_OK;
}

static enum status make_memories(struct onednn_net *net)
{
	enum status st = ST_OK;

	for (int i = 0; i < net->map_count && st == ST_OK; i++) {
		struct map *m = &net->maps[i];
		int block = net->values[m->value].block;
		void *data = block == NET_NONE ? DNNL_MEMORY_NONE : net->blocks[block].data;

		st = check(dnnl_memory_create(&m->memory, m->layout, net->engine, data), "hold a map");
	}
	return st;
}

static enum status make_scratchpads(struct onednn_net *net)
{
	size_t size = 0;
	enum status st = ST_OK;

	for (int i = 0; i < net->step_count; i++) {
		size_t n = dnnl_memory_desc_get_size(
			dnnl_primitive_desc_query_md(net->steps[i].description, dnnl_query_scratchpad_md, 0));

		size = n > size ? n : size;
	}
	if (size == 0)
		return ST_OK;
	net->scratchpad = allocate(size);
	if (!net->scratchpad)
		return status_fail(ST_MEMORY, "not enough memory for oneDNN's scratchpad");
	for (int i = 0; i < net->step_count && st == ST_OK; i++) {
		struct step *s = &net->steps[i];
		layout l = dnnl_primitive_desc_query_md(s->description, dnnl_query_scratchpad_md, 0);

		if (dnnl_memory_desc_get_size(l) > 0)
			st = check(dnnl_memory_create(&s->scratchpad, l, net->engine, net->scratchpad), "hold a scratchpad");
	}
	return st;
}

enum status onednn_net_finish(struct onednn_net *net, int output)
{
	layout plain = NULL;
	enum status st;

	if (net->failed == ST_OK && output != NET_FAILED) {
		if (check(layout_new(&plain, 4, net->maps[output].dim, dnnl_nhwc), "describe the output") != ST_OK)
			fail(net, ST_FAILED);
		else
			net->output = reordered(net, output, plain);
		layout_free(plain);
	}
	if (net->failed != ST_OK) {
		status_restore(net->message);
		return net->failed;
	}
	if (net->output == 0)
		BUG("the net has no layer");
	st = place_values(net, net->maps[0].value, net->maps[net->output].value);
	if (st == ST_OK)
		st = make_memories(net);
	return st == ST_OK ? make_scratchpads(net) : st;
}

static enum status run_step(struct onednn_net *net, const struct step *s)
{
	dnnl_exec_arg_t args[ARGS_MAX] = {{DNNL_ARG_SRC, net->maps[s->source].memory},
	                                  {DNNL_ARG_DST, net->maps[s->result].memory}};
	int n = 2;

	if (s->weight)
		args[n++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, s->weight};
	if (s->bias)
		args[n++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, s->bias};
	if (s->scratchpad)
		args[n++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, s->scratchpad};
	return check(dnnl_primitive_execute(s->primitive, net->stream, n, args), "run a layer");
}

enum status onednn_net_run(struct onednn_net *net, const float *input, float *output)
{
	enum status st = check(dnnl_memory_set_data_handle(net->maps[0].memory, (void *)input), "take the input");

	for (int i = 0; i < net->map_count && st == ST_OK; i++) {
		if (net->maps[i].value == net->maps[net->output].value)
			st = check(dnnl_memory_set_data_handle(net->maps[i].memory, output), "take the output");
	}
	for (int i = 0; i < net->step_count && st == ST_OK; i++)
		st = run_step(net, &net->steps[i]);
	return st == ST_OK ? check(dnnl_stream_wait(net->stream), "run") : st;
}
