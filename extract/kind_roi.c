/* Kind "roi": regions of the cover.                                         (MM-Rec section 3.1)
 * Columns: roi [N + 1, 2048], location [N + 1, 5], roi_count. Region 0 is the whole cover; then come the N largest
 * detections of Mask R-CNN by falling area, or the cells of a regular grid. Each is cut out, resized to 224 x 224 (or
 * --side) and goes through a ResNet of its own. location is (y1 / H, x1 / W, y2 / H, x2 / W, area / HW). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/log.h"
#include "extract/queue.h"
#include "extract/resize.h"
#include "extract/rows.h"
#include "model/encoders/maskrcnn.h"
#include "model/encoders/resnet.h"

#define LOCATION 5
#define DETECTOR "maskrcnn-r50-fpn"

enum { COLUMN_ROI, COLUMN_LOCATION, COLUMN_COUNT_OF_ROIS, COLUMNS };

struct roi_kind {
	const struct resnet_config *network;
	const struct weights *weights;
	struct weights *detector_weights; /* NULL: a grid */
	struct maskrcnn_settings settings;
	struct maskrcnn *detector;
	int grid_rows, grid_columns;
	size_t most; /* regions besides the whole cover */
	int side;    /* of the ResNet's input */
	struct resnet net;
	bool open;
	struct picture_queue queue;
	struct network_time time;
	double detect_s; /* the detector's share of it */
	uint8_t *crop;   /* [side, side, 3] */
	float *planes;   /* [3, side, side] */
	int64_t regions, covers;
};

/* Zeroed: no cover. */
struct slot {
	struct image cover; /* data NULL: none */
};

/* Pixels of the ResNet's input. */
static size_t area(const struct roi_kind *k)
{
	return (size_t)k->side * (size_t)k->side;
}

static enum status prepare(void *context, const struct news *n, struct image *cover, void *own)
{
	struct slot *s = own;

	(void)context;
	(void)n;
	image_release(&s->cover);
	s->cover = cover ? *cover : (struct image){0};
	if (cover)
		cover->data = NULL;
	return ST_OK;
}

static void release(void *own)
{
	struct slot *s = own;

	image_release(&s->cover);
}

/* Regions -----------------------------------------------------------------------------------------------------------*/

static void divide(const struct roi_kind *k, const struct image *cover, struct detections *d)
{
	float width = (float)cover->width / (float)k->grid_columns, height = (float)cover->height / (float)k->grid_rows;

	for (int y = 0; y < k->grid_rows; y++) {
		for (int x = 0; x < k->grid_columns; x++) {
			const struct detection cell = {.box = {.left = (float)x * width,
			                                       .top = (float)y * height,
			                                       .right = (float)(x + 1) * width,
			                                       .bottom = (float)(y + 1) * height}};

			detections_add(d, &cell);
		}
	}
}

/* A cover too narrow for the detector has no detections. */
static enum status detect(struct roi_kind *k, const struct news *n, const struct image *cover, struct detections *d)
{
	double start = now_s(), made;
	enum status st = maskrcnn_prepare(k->detector, cover->width, cover->height);

	made = now_s();
	k->time.make_s += made - start;
	if (st == ST_OK)
		st = maskrcnn_detect(k->detector, cover->data, cover->width, cover->height, d);
	k->detect_s += now_s() - made;
	k->time.run_s += now_s() - made;
	if (st == ST_USAGE) {
		log_warn("%s: %s; it has no regions but the whole cover", n->id, status_message());
		detections_release(d);
		return ST_OK;
	}
	if (st == ST_OK)
		detections_keep_largest(d, k->most);
	return st;
}

static void locate(const struct image *cover, const struct box *b, float out[LOCATION])
{
	float width = (float)cover->width, height = (float)cover->height;

	out[0] = b->top / height;
	out[1] = b->left / width;
	out[2] = b->bottom / height;
	out[3] = b->right / width;
	out[4] = (b->right - b->left) * (b->bottom - b->top) / (width * height);
}

/* The first pixel that an edge from … touches, and how many there are to the other edge: at least one, all in the picture. */
static void whole_pixels(float from, float to, int size, int *first, int *count)
{
	int a = (int)floorf(fminf(fmaxf(from, 0), (float)(size - 1)));
	int b = (int)ceilf(fminf(fmaxf(to, 0), (float)size));

	*first = a;
	*count = b > a ? b - a : 1;
}

static void cut(struct roi_kind *k, const struct image *cover, const struct box *b)
{
	struct resize r = {.full_width = k->side, .full_height = k->side, .width = k->side, .height = k->side};
	int x, y;

	whole_pixels(b->left, b->right, cover->width, &x, &r.in_width);
	whole_pixels(b->top, b->bottom, cover->height, &y, &r.in_height);
	resize_rgb_by(RESIZE_PILLOW_BILINEAR, &r, cover->data + ((size_t)y * (size_t)cover->width + (size_t)x) * 3,
	              (size_t)cover->width * 3, k->crop);
	picture_prepare(k->network->input, k->crop, area(k), k->planes);
}

/* Rows --------------------------------------------------------------------------------------------------------------*/

static enum status run_net(void *net, int64_t count, const float *in, float *out)
{
	struct resnet *r = net;

	return picture_net_run(&r->net, count, in, out);
}

static enum status open_net(struct roi_kind *k)
{
	const struct resnet_options o = {
		.output = RESNET_POOLED, .batch = k->queue.batch, .height = k->side, .width = k->side};
	double start = now_s();
	enum status st;

	if (k->open)
		return ST_OK;
	st = resnet_open(&k->net, k->network, k->weights, &o);
	if (st == ST_OK && k->detector_weights)
		st = maskrcnn_open(&k->detector, maskrcnn_find(DETECTOR), &k->settings, k->detector_weights);
	k->open = st == ST_OK;
	k->crop = xmalloc(3 * area(k));
	k->planes = xcalloc(3 * area(k), sizeof(*k->planes));
	k->time.make_s += now_s() - start;
	return st;
}

static enum status add_region(struct roi_kind *k, const struct image *cover, const struct box *b, size_t i,
                              const struct row *row)
{
	locate(cover, b, (float *)row->column[COLUMN_LOCATION] + i * LOCATION);
	cut(k, cover, b);
	return picture_queue_add(&k->queue, k->planes, (float *)row->column[COLUMN_ROI] + i * k->queue.out_size);
}

static enum status add(void *context, const struct news *n, void *own, const struct row *row)
{
	struct roi_kind *k = context;
	struct image *cover = &((struct slot *)own)->cover;
	struct detections d = {0};
	enum status st;

	if (!cover->data)
		return ST_OK;
	st = open_net(k);
	if (st == ST_OK && k->detector_weights)
		st = detect(k, n, cover, &d);
	else if (st == ST_OK)
		divide(k, cover, &d);
	if (st == ST_OK)
		st = add_region(k, cover, &(struct box){0, 0, (float)cover->width, (float)cover->height}, 0, row);
	for (size_t i = 0; i < d.count && st == ST_OK; i++)
		st = add_region(k, cover, &d.items[i].box, i + 1, row);
	*(int32_t *)row->column[COLUMN_COUNT_OF_ROIS] = (int32_t)d.count + 1;
	k->regions += (int64_t)d.count;
	k->covers++;
	image_release(cover);
	detections_release(&d);
	return st;
}

static enum status flush(void *context)
{
	struct roi_kind *k = context;

	return picture_queue_flush(&k->queue);
}

static void report(const void *context)
{
	const struct roi_kind *k = context;

	if (k->detector)
		log_info("%lld covers through %s in %.2f s", (long long)k->covers, DETECTOR, k->detect_s);
	if (k->covers > 0)
		log_info("%.1f regions a cover besides the whole, at most %zu", (double)k->regions / (double)k->covers,
		         k->most);
}

static void close_kind(void *context)
{
	struct roi_kind *k = context;

	maskrcnn_close(k->detector);
	weights_close(k->detector_weights);
	resnet_release(&k->net);
	picture_queue_release(&k->queue);
	free(k->crop);
	free(k->planes);
	free(k);
}

static const struct row_kind row_kind = {.method = "roi 1",
                                         .unit = "regions",
                                         .reads = READS_COVERS,
                                         .slot_size = sizeof(struct slot),
                                         .prepare = prepare,
                                         .release = release,
                                         .add = add,
                                         .flush = flush,
                                         .report = report,
                                         .close = close_kind};

/* Opening -----------------------------------------------------------------------------------------------------------*/

/* 5 x 6 for 30: the two factors of N that are closest. */
static void choose_grid(struct roi_kind *k)
{
	for (int rows = 1; (size_t)(rows * rows) <= k->most; rows++) {
		if (k->most % (size_t)rows == 0)
			k->grid_rows = rows;
	}
	k->grid_columns = (int)k->most / k->grid_rows;
}

static enum status open_detector(struct roi_kind *k, const struct extract_options *o)
{
	enum status st;

	if (!o->detector)
		return status_fail(ST_USAGE, "--detector is missing: expected weights of " DETECTOR
		                             ", or random:SEED; or take --boxes grid");
	k->settings = maskrcnn_mmrec;
	k->settings.min_size = (int)o->detector_side;
	k->settings.max_size = (int)(o->detector_side * maskrcnn_mmrec.max_size / maskrcnn_mmrec.min_size);
	k->settings.score = (float)o->score;
	k->settings.overlap = (float)o->overlap;
	st = weights_open(&k->detector_weights, o->detector);
	return st == ST_OK ? maskrcnn_check(maskrcnn_find(DETECTOR), k->detector_weights, NULL) : st;
}

static enum status choose_boxes(struct roi_kind *k, const struct extract_options *o)
{
	k->most = (size_t)o->rois;
	if (o->boxes && strcmp(o->boxes, "grid") == 0) {
		choose_grid(k);
		return ST_OK;
	}
	if (o->boxes && strcmp(o->boxes, "detect") != 0)
		return status_fail(ST_USAGE, "--boxes %s: expected detect|grid", o->boxes);
	return open_detector(k, o);
}

static char *describe(const struct roi_kind *k)
{
	char *input = picture_describe(k->network->input), *boxes, *text;

	if (k->detector_weights)
		boxes = path_printf("the %zu largest detections of " DETECTOR
		                    ", weights %s, shorter side %d, longer at most %d, score over %g, overlap at most %g",
		                    k->most, weights_digest(k->detector_weights), k->settings.min_size, k->settings.max_size,
		                    (double)k->settings.score, (double)k->settings.overlap);
	else
		boxes = path_printf("a grid of %d rows of %d", k->grid_rows, k->grid_columns);
	text = path_printf("the whole cover and %s, each %d x %d (bilinear, antialiased), %s; average pool", boxes, k->side,
	                   k->side, input);
	free(input);
	free(boxes);
	return text;
}

static void make_queue(struct roi_kind *k, int64_t batch)
{
	k->queue = (struct picture_queue){.run = run_net,
	                                  .net = &k->net,
	                                  .batch = batch,
	                                  .in_size = 3 * area(k),
	                                  .out_size = (size_t)k->network->width * 32,
	                                  .time = &k->time};
}

static enum status open_kind(void **run, const struct extract_options *o, const struct catalog *news)
{
	struct roi_kind *k = xcalloc(1, sizeof(*k));
	struct shard_column columns[COLUMNS];
	enum status st;

	k->weights = o->weights;
	k->side = (int)o->side;
	k->network = resnet_find(o->network);
	st = k->network ? resnet_check(k->network, o->weights, RESNET_POOLED)
	                : status_fail(ST_USAGE, "--network %s: expected %s", o->network, RESNET_NETWORKS);
	if (st == ST_OK)
		st = choose_boxes(k, o);
	if (st != ST_OK) {
		close_kind(k);
		return st;
	}
	make_queue(k, o->batch);
	columns[COLUMN_ROI] = kind_column("roi", o->type, k->most + 1, k->queue.out_size);
	columns[COLUMN_LOCATION] = kind_column("location", o->type, k->most + 1, LOCATION);
	columns[COLUMN_COUNT_OF_ROIS] = kind_column("roi_count", H5_I32, 0, 0);
	*run = rows_open(&(struct row_setup){.kind = &row_kind,
	                                     .context = k,
	                                     .columns = columns,
	                                     .column_count = COLUMNS,
	                                     .name = "roi",
	                                     .network = k->network->name,
	                                     .preprocessing = describe(k),
	                                     .time = &k->time},
	                 o, news);
	return ST_OK;
}

const struct kind kind_roi = {
	.name = "roi", .network = "resnet50", .reads = READS_COVERS, .open = open_kind, ROW_KIND_FUNCTIONS};
