/* Kind "clip": cover, title, category and subcategory in CLIP's common space.             (VLSNR)
 * Columns: image, title, category, subcategory, [512] each, projected; with --layer N also patch [50,768], the states of the
 * cover's patches after layer N of the image tower, from which its last layers are trained on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/log.h"
#include "extract/cover_input.h"
#include "extract/queue.h"
#include "extract/text_input.h"
#include "model/encoders/clip.h"
#include "model/text/byte_pairs.h"
#include "model/text/token_table.h"

/* Covers that run together, filled up with zeros: so a cover's features do not follow from --batch. */
#define IMAGE_GROUP 8
#define FRAME       2 /* start and end: all that an empty text has */

enum { COLUMN_IMAGE, COLUMN_TITLE, COLUMN_CATEGORY, COLUMN_SUBCATEGORY, COLUMN_PATCH, COLUMNS };

/* Categories are few, and each is run once. */
struct labels {
	struct token_table index; /* text to row */
	float *values;            /* [rows, projection] */
	int32_t count;
};

struct clip_kind {
	const struct weights *weights;
	struct clip_config config;
	struct byte_pairs *pairs;
	bool normalise;
	int64_t layer; /* of the image tower, whose states are kept; -1: none are */
	struct params params;
	struct clip clip;
	bool open;
	struct picture_queue images;
	float *group;     /* [IMAGE_GROUP, what is left of it], for the last group */
	float *group_out; /* [IMAGE_GROUP, projection] */
	float *patches;   /* [IMAGE_GROUP, patch_size] */
	struct text_group titles;
	float *title_out; /* [TEXT_GROUP, projection] */
	struct labels labels;
	struct tokens label;
	struct network_time time;
	double picture_s; /* the pictures' share of it */
	int64_t pictures, truncated;
};

struct slot {
	struct cover_input cover;
	float *rows; /* what the network reads of the cover */
	struct tokens title;
};

static void add_texts(const struct news *n, struct digest *d)
{
	digest_add_string(d, n->title);
	digest_add_string(d, n->category);
	digest_add_string(d, n->subcategory);
}

static size_t image_size(const struct clip_kind *k)
{
	return (size_t)(clip_rows(&k->config) * 3 * k->config.patch * k->config.patch);
}

/* Of a cover's states, which follow its projection in what the network gives. */
static size_t patch_size(const struct clip_kind *k)
{
	return k->layer < 0 ? 0 : (size_t)(clip_rows(&k->config) * k->config.image.width);
}

static enum status prepare(void *context, const struct news *n, struct image *cover, void *own)
{
	const struct clip_kind *k = context;
	struct slot *s = own;

	byte_pairs_encode(k->pairs, n->title, (size_t)k->config.positions, &s->title);
	cover_input_make(&s->cover, cover, &(struct cover_frame){COVER_CLIP_CROP, COVER_SIDE}, NULL);
	if (!s->cover.have)
		return ST_OK;
	if (!s->rows)
		s->rows = xcalloc(image_size(k), sizeof(*s->rows));
	clip_prepare(&k->config, s->cover.rgb, s->rows);
	return ST_OK;
}

static void release(void *own)
{
	struct slot *s = own;

	cover_input_release(&s->cover);
	tokens_release(&s->title);
	free(s->rows);
}

/* Networks ----------------------------------------------------------------------------------------------------------*/

static enum status open_net(struct clip_kind *k)
{
	const struct clip_options o = {
		.towers = CLIP_BOTH, .text_frozen = CLIP_LAYERS_MAX, .image_frozen = k->layer < 0 ? CLIP_LAYERS_MAX : k->layer};
	const size_t projection = (size_t)k->config.projection;
	double start = now_s();
	enum status st;

	if (k->open)
		return ST_OK;
	st = clip_init(&k->clip, &k->config, &o, "clip", &k->params, &k->params);
	if (st == ST_OK) {
		params_seal_frozen(&k->params);
		st = clip_read(&k->clip, k->weights);
	}
	k->open = st == ST_OK;
	k->group = xcalloc(IMAGE_GROUP * image_size(k), sizeof(*k->group));
	k->group_out = xcalloc(IMAGE_GROUP * projection, sizeof(*k->group_out));
	k->patches = xcalloc(IMAGE_GROUP * patch_size(k) + 1, sizeof(*k->patches));
	k->title_out = xcalloc(TEXT_GROUP * projection, sizeof(*k->title_out));
	k->time.make_s += now_s() - start;
	return st;
}

/* To length 1, where it is asked for. A vector of zeros stays. */
static void finish(const struct clip_kind *k, float *x)
{
	double sum = 0;

	if (!k->normalise)
		return;
	for (int64_t i = 0; i < k->config.projection; i++)
		sum += (double)x[i] * (double)x[i];
	for (int64_t i = 0; i < k->config.projection && sum > 0; i++)
		x[i] = (float)(x[i] / sqrt(sum));
}

static enum status run_images(void *net, int64_t count, const float *in, float *out)
{
	struct clip_kind *k = net;
	const size_t projection = (size_t)k->config.projection, size = image_size(k), patch = patch_size(k);
	double start = now_s();
	enum status st = ST_OK;

	for (int64_t done = 0; done < count && st == ST_OK; done += IMAGE_GROUP) {
		const size_t n = (size_t)(count - done < IMAGE_GROUP ? count - done : IMAGE_GROUP);

		memcpy(k->group, in + (size_t)done * size, n * size * sizeof(*in));
		memset(k->group + n * size, 0, (IMAGE_GROUP - n) * size * sizeof(*in));
		st = clip_image_infer(&k->clip, &(struct clip_images){k->group, IMAGE_GROUP}, k->group_out,
		                      patch ? k->patches : NULL);
		for (size_t i = 0; i < n; i++) {
			float *to = out + ((size_t)done + i) * (projection + patch);

			finish(k, k->group_out + i * projection);
			memcpy(to, k->group_out + i * projection, projection * sizeof(*out));
			memcpy(to + projection, k->patches + i * patch, patch * sizeof(*out));
		}
	}
	k->picture_s += now_s() - start;
	k->pictures += count;
	return st;
}

static enum status run_titles(struct clip_kind *k)
{
	struct text_group *g = &k->titles;
	const struct clip_text in = {.id = g->id, .titles = text_group_segments(g)};
	const size_t projection = (size_t)k->config.projection;
	double start = now_s();
	enum status st = clip_text_infer(&k->clip, &in, k->title_out, NULL);

	for (int32_t i = 0; i < g->count && st == ST_OK; i++) {
		finish(k, k->title_out + (size_t)i * projection);
		memcpy(g->row[i].column[COLUMN_TITLE], k->title_out + (size_t)i * projection, projection * sizeof(float));
	}
	k->time.run_s += now_s() - start;
	k->time.items += g->count;
	g->count = 0;
	fault_point("extract.batch");
	return st;
}

/* Alone, so that a category's features follow from nothing but itself. */
static enum status run_label(struct clip_kind *k, const char *text, float *out)
{
	const size_t projection = (size_t)k->config.projection;
	struct labels *l = &k->labels;
	struct text_group one = {0};
	const struct row none = {0};
	int32_t i = token_table_find(&l->index, text, strlen(text));
	double start = now_s();
	enum status st = ST_OK;

	byte_pairs_encode(k->pairs, text, (size_t)k->config.positions, &k->label);
	if (k->label.count <= FRAME)
		return ST_OK;
	if (i == TOKEN_NONE) {
		i = l->count++;
		token_table_put(&l->index, text, strlen(text), i);
		l->values = xrealloc(l->values, (size_t)l->count, projection * sizeof(*l->values));
		text_group_add(&one, &k->label, &none);
		st = clip_text_infer(&k->clip, &(struct clip_text){one.id, text_group_segments(&one)},
		                     l->values + (size_t)i * projection, NULL);
		finish(k, l->values + (size_t)i * projection);
		text_group_release(&one);
		k->time.run_s += now_s() - start;
		k->time.items++;
	}
	memcpy(out, l->values + (size_t)i * projection, projection * sizeof(*out));
	return st;
}

/* Rows --------------------------------------------------------------------------------------------------------------*/

static enum status add(void *context, const struct news *n, void *own, const struct row *row)
{
	struct clip_kind *k = context;
	struct slot *s = own;
	enum status st = open_net(k);

	k->truncated += s->title.truncated;
	if (st == ST_OK)
		st = run_label(k, n->category, row->column[COLUMN_CATEGORY]);
	if (st == ST_OK)
		st = run_label(k, n->subcategory, row->column[COLUMN_SUBCATEGORY]);
	if (st == ST_OK && s->title.count > FRAME && text_group_add(&k->titles, &s->title, row))
		st = run_titles(k);
	if (!s->cover.have)
		*row->state = FEATURE_TEXT_ONLY;
	else if (st == ST_OK)
		st = picture_queue_add_two(&k->images, s->rows, row->column[COLUMN_IMAGE],
		                           k->layer < 0 ? NULL : row->column[COLUMN_PATCH]);
	return st;
}

static enum status flush(void *context)
{
	struct clip_kind *k = context;
	enum status st = k->titles.count ? run_titles(k) : ST_OK;

	return st == ST_OK ? picture_queue_flush(&k->images) : st;
}

static void report(const void *context)
{
	const struct clip_kind *k = context;

	log_info("%lld pictures in %.2f s, %lld texts in %.2f s", (long long)k->pictures, k->picture_s,
	         (long long)(k->time.items - k->pictures), k->time.run_s - k->picture_s);
	if (k->truncated > 0)
		log_info("%lld titles are cut after %lld tokens, all that the network takes", (long long)k->truncated,
		         (long long)k->config.positions);
}

static void close_kind(void *context)
{
	struct clip_kind *k = context;

	byte_pairs_close(k->pairs);
	params_release(&k->params);
	picture_queue_release(&k->images);
	text_group_release(&k->titles);
	token_table_release(&k->labels.index);
	tokens_release(&k->label);
	free(k->labels.values);
	free(k->group);
	free(k->group_out);
	free(k->patches);
	free(k->title_out);
	free(k);
}

static const struct row_kind row_kind = {.method = "clip 1",
                                         .unit = "pictures and texts",
                                         .reads = READS_COVERS,
                                         .slot_size = sizeof(struct slot),
                                         .digest = add_texts,
                                         .prepare = prepare,
                                         .release = release,
                                         .add = add,
                                         .flush = flush,
                                         .report = report,
                                         .close = close_kind};

/* Opening -----------------------------------------------------------------------------------------------------------*/

static enum status read_config(struct clip_kind *k, const struct extract_options *o)
{
	static const char *const names[] = {"config.json", NULL};
	char *path = weights_beside(o->network_config, o->weights_source, names);
	enum status st = ST_OK;

	k->config = clip_vit_b32;
	if (path)
		st = clip_config_read(&k->config, path);
	if (st == ST_OK && (k->config.side != COVER_SIDE || k->config.patch > k->config.side))
		st = status_fail(ST_USAGE, "%s: pictures of %lld px in patches of %lld, expected %d px", path,
		                 (long long)k->config.side, (long long)k->config.patch, COVER_SIDE);
	if (st == ST_OK && k->config.positions <= FRAME)
		st = status_fail(ST_USAGE, "%s: texts of %lld tokens, expected more than %d", path,
		                 (long long)k->config.positions, FRAME);
	free(path);
	return st;
}

static enum status read_pairs(struct clip_kind *k, const struct extract_options *o, char hex[DIGEST_HEX])
{
	static const char *const names[] = {"merges.txt", "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt",
	                                    NULL};
	char *path = weights_beside(o->vocab, o->weights_source, names);
	enum status st = path ? byte_pairs_open(&k->pairs, path)
	                      : status_fail(ST_USAGE, "--vocab is missing: expected CLIP's merges.txt or "
	                                              "bpe_simple_vocab_16e6.txt.gz");

	if (st == ST_OK && byte_pairs_size(k->pairs) > k->config.vocabulary)
		st = status_fail(ST_USAGE, "%s: %d tokens, but the network has %lld", path, byte_pairs_size(k->pairs),
		                 (long long)k->config.vocabulary);
	if (st == ST_OK)
		st = digest_file(path, hex);
	free(path);
	return st;
}

static char *describe(const struct clip_kind *k, const char *vocabulary)
{
	const struct clip_config *c = &k->config;

	char *patches = k->layer < 0 ? xstrdup("")
	                             : path_printf("patches after image layer %lld of %lld, ", (long long)k->layer,
	                                           (long long)c->image.layers);
	char *text = path_printf(
		CLIP_PREPARATION
		"; byte pairs, at most %lld tokens, merges %s; %simage %lld layers, width %lld, %lld heads, patch %lld; "
		"text %lld layers, width %lld, %lld heads; projected to %lld%s",
		(long long)c->positions, vocabulary, patches, (long long)c->image.layers, (long long)c->image.width,
		(long long)c->image.heads, (long long)c->patch, (long long)c->text.layers, (long long)c->text.width,
		(long long)c->text.heads, (long long)c->projection, k->normalise ? ", length 1" : "");
	free(patches);
	return text;
}

static void make_queue(struct clip_kind *k, int64_t batch)
{
	k->images = (struct picture_queue){.run = run_images,
	                                   .net = k,
	                                   .batch = (batch + IMAGE_GROUP - 1) / IMAGE_GROUP * IMAGE_GROUP,
	                                   .in_size = image_size(k),
	                                   .out_size = (size_t)k->config.projection,
	                                   .rest_size = patch_size(k),
	                                   .time = &k->time};
}

static enum status open_kind(void **run, const struct extract_options *o, const struct catalog *news)
{
	static const char *const names[] = {"image", "title", "category", "subcategory"};
	struct clip_kind *k = xcalloc(1, sizeof(*k));
	struct shard_column columns[COLUMNS];
	char vocabulary[DIGEST_HEX];
	enum status st = strcmp(o->network, "clip-vit-b32") == 0
	                     ? read_config(k, o)
	                     : status_fail(ST_USAGE, "--network %s: expected clip-vit-b32", o->network);

	k->weights = o->weights;
	k->normalise = o->normalise;
	k->layer = o->layer;
	if (st == ST_OK && k->layer > k->config.image.layers)
		st = status_fail(ST_USAGE, "--layer %lld: the image tower has %lld", (long long)k->layer,
		                 (long long)k->config.image.layers);
	if (st == ST_OK)
		st = read_pairs(k, o, vocabulary);
	if (st != ST_OK) {
		close_kind(k);
		return st;
	}
	make_queue(k, o->batch);
	for (size_t c = 0; c < COLUMN_PATCH; c++)
		columns[c] = kind_column(names[c], o->type, (uint64_t)k->config.projection, 0);
	columns[COLUMN_PATCH] =
		kind_column("patch", o->type, (uint64_t)clip_rows(&k->config), (uint64_t)k->config.image.width);
	*run = rows_open(&(struct row_setup){.kind = &row_kind,
	                                     .context = k,
	                                     .columns = columns,
	                                     .column_count = k->layer < 0 ? COLUMN_PATCH : COLUMNS,
	                                     .name = "clip",
	                                     .network = "clip-vit-b32",
	                                     .preprocessing = describe(k, vocabulary),
	                                     .time = &k->time},
	                 o, news);
	return ST_OK;
}

const struct kind kind_clip = {
	.name = "clip", .network = "clip-vit-b32", .reads = READS_COVERS, .open = open_kind, ROW_KIND_FUNCTIONS};
