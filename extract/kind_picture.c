/* Kinds of one network on the cover.
 *     cover   columns: pooled [2048], a ResNet's last map, averaged                      (NRMS+img, LSTUR+img)
 *     vgg     columns: fc7 [4096], VGG-16's second fully connected layer after its ReLU                 (GMMF) */
#include <stdlib.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/log.h"
#include "extract/cover_input.h"
#include "extract/queue.h"
#include "extract/rows.h"
#include "model/encoders/resnet.h"
#include "model/encoders/vgg.h"

struct picture_kind {
	const struct resnet_config *resnet; /* or NULL: vgg */
	const struct vgg_config *vgg;
	const struct picture_input *input;
	const struct weights *weights;
	struct cover_frame frame;
	struct resnet resnet_net;
	struct vgg vgg_net;
	bool open;
	struct picture_queue queue;
	struct network_time time;
};

/* Rows --------------------------------------------------------------------------------------------------------------*/

static enum status run_net(void *net, int64_t count, const float *in, float *out)
{
	struct picture_kind *k = net;

	return picture_net_run(k->resnet ? &k->resnet_net.net : &k->vgg_net.net, count, in, out);
}

static enum status prepare(void *context, const struct news *n, struct image *cover, void *slot)
{
	const struct picture_kind *k = context;

	(void)n;
	cover_input_make(slot, cover, &k->frame, k->input);
	return ST_OK;
}

static void release(void *slot)
{
	cover_input_release(slot);
}

/* The network is made when the first picture needs it: nothing to do takes no time. */
static enum status open_net(struct picture_kind *k)
{
	const struct resnet_options o = {
		.output = RESNET_POOLED, .batch = k->queue.batch, .height = k->frame.side, .width = k->frame.side};
	double start = now_s();
	enum status st;

	if (k->open)
		return ST_OK;
	st = k->resnet ? resnet_open(&k->resnet_net, k->resnet, k->weights, &o)
	               : vgg_open(&k->vgg_net, k->vgg, k->weights, VGG_FC7, k->queue.batch);
	k->open = true;
	k->time.make_s += now_s() - start;
	return st;
}

static enum status add(void *context, const struct news *n, void *slot, const struct row *row)
{
	struct picture_kind *k = context;
	const struct cover_input *in = slot;
	enum status st;

	(void)n;
	if (!in->have)
		return ST_OK;
	st = open_net(k);
	return st == ST_OK ? picture_queue_add(&k->queue, in->planes, row->column[0]) : st;
}

static enum status flush(void *context)
{
	struct picture_kind *k = context;

	return picture_queue_flush(&k->queue);
}

static void close_kind(void *context)
{
	struct picture_kind *k = context;

	resnet_release(&k->resnet_net);
	vgg_release(&k->vgg_net);
	picture_queue_release(&k->queue);
	free(k);
}

#define PICTURE_ROWS(method_)                                                                                          \
	{                                                                                                                  \
		.method = method_, .unit = "pictures", .reads = READS_COVERS, .slot_size = sizeof(struct cover_input),         \
		.prepare = prepare, .release = release, .add = add, .flush = flush, .close = close_kind                        \
	}

static const struct row_kind cover_rows = PICTURE_ROWS("cover 1"), vgg_rows = PICTURE_ROWS("vgg 1");

/* Opening -----------------------------------------------------------------------------------------------------------*/

/* What the two kinds differ in as they are opened. */
struct plan {
	const struct row_kind *rows;
	const char *name, *network, *column, *result;
	int64_t width;
};

static enum status open_picture(void **run, const struct picture_kind *chosen, const struct plan *p,
                                const struct extract_options *o, const struct catalog *news)
{
	struct shard_column column = kind_column(p->column, o->type, (uint64_t)p->width, 0);
	struct picture_kind *k;
	struct cover_frame frame = {.side = (int)o->side};
	enum status st = cover_view_parse(o->view, &frame.view);
	char *input, *size;

	if (st != ST_OK)
		return st;
	k = xcalloc(1, sizeof(*k));
	*k = *chosen;
	k->weights = o->weights;
	k->frame = frame;
	k->queue = (struct picture_queue){.run = run_net,
	                                  .net = k,
	                                  .batch = o->batch,
	                                  .in_size = (size_t)3 * (size_t)frame.side * (size_t)frame.side,
	                                  .out_size = (size_t)p->width,
	                                  .time = &k->time};
	input = picture_describe(k->input);
	size = cover_frame_describe(&frame);
	*run = rows_open(&(struct row_setup){.kind = p->rows,
	                                     .context = k,
	                                     .columns = &column,
	                                     .column_count = 1,
	                                     .name = p->name,
	                                     .network = p->network,
	                                     .preprocessing = path_printf("%s, %s; %s", size, input, p->result),
	                                     .time = &k->time},
	                 o, news);
	free(input);
	free(size);
	return ST_OK;
}

static enum status open_cover(void **run, const struct extract_options *o, const struct catalog *news)
{
	const struct resnet_config *c = resnet_find(o->network);
	enum status st = c ? resnet_check(c, o->weights, RESNET_POOLED)
	                   : status_fail(ST_USAGE, "--network %s: expected %s", o->network, RESNET_NETWORKS);

	if (st != ST_OK)
		return st;
	return open_picture(run, &(struct picture_kind){.resnet = c, .input = c->input},
	                    &(struct plan){&cover_rows, "cover", c->name, "pooled", "average pool", c->width * 32}, o,
	                    news);
}

static enum status open_vgg(void **run, const struct extract_options *o, const struct catalog *news)
{
	const struct vgg_config *c = vgg_find(o->network);
	enum status st = c ? vgg_check(c, o->weights, VGG_FC7)
	                   : status_fail(ST_USAGE, "--network %s: expected %s", o->network, VGG_NETWORKS);

	if (st != ST_OK)
		return st;
	return open_picture(run, &(struct picture_kind){.vgg = c, .input = c->input},
	                    &(struct plan){&vgg_rows, "vgg", c->name, "fc7", "classifier.4", c->hidden}, o, news);
}

const struct kind kind_cover = {
	.name = "cover", .network = "resnet101", .reads = READS_COVERS, .open = open_cover, ROW_KIND_FUNCTIONS};
const struct kind kind_vgg = {
	.name = "vgg", .network = "vgg16", .reads = READS_COVERS, .open = open_vgg, ROW_KIND_FUNCTIONS};
