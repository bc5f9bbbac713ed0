/* Kind "impression": the cues of a card.                       (IMRec section 3.2.1 and 5.1)
 * Columns: word [W,512], word_count, region [9,512], category [512], global [2048]. */
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/file.h"
#include "common/log.h"
#include "common/pool.h"
#include "extract/card_inputs.h"
#include "extract/encoder.h"
#include "extract/kind.h"
#include "extract/prepare.h"

#define BLOCK_ROWS   256 /* rows that are in work or wait to be written */
#define SHARED_MAX   64  /* parts with the same pixels on many cards whose cues are kept, for one shard */
#define COLUMN_COUNT 5

enum { COLUMN_WORD, COLUMN_COUNT_OF_WORDS, COLUMN_REGION, COLUMN_CATEGORY, COLUMN_GLOBAL };

/* Cues of pixels that several cards share. */
struct shared {
	char key[DIGEST_HEX];
	float *cues;
};

/* Cues that wait to be copied once their batch has run. */
struct copy {
	float *to;
	const float *from;
	size_t count;
};

/* What comes back with a picture's map. Pointers are into the block's rows. */
struct job {
	enum card_part part;
	const struct card_boxes *boxes;
	const char *title;
	struct part_area area;
	struct resize resize;
	float *out;
	int32_t *word_count;
};

/* Rows in catalogue order, as the shard's columns. */
struct rows {
	float *word, *region, *category, *global;
	int32_t *word_count;
	const char *id[BLOCK_ROWS];
	uint8_t state[BLOCK_ROWS];
	size_t count;
};

struct impression {
	struct extract_options options; /* with the usual choices filled in */
	const struct resnet_config *network;
	enum view view;
	enum word_regions words;
	const struct catalog *news;
	struct shard_column columns[COLUMN_COUNT];
	struct shard_info info;
	char *preprocessing;
	size_t cue_width, global_width;
	struct encoders encoders;
	struct prepared_card *slots; /* [window] */
	char **damage;               /* [window] why the card cannot be read, or NULL */
	double *prepare_s;           /* [workers] */
	int workers, window;
	struct rows rows;
	struct shared shared[SHARED_MAX]; /* of this part */
	size_t shared_count;
	struct copy copies[2 * BLOCK_ROWS];
	size_t copy_count;
	/* the part in work */
	struct card_boxes *boxes;
	struct shard_writer *writer;
	uint32_t first_row;
	int64_t done;
	/* for the report */
	double write_s, total_s;
	int64_t news_count, words_left_out, shared_hits, damaged;
};

static void encoded(void *context, const struct feature_map *map, const void *job);

/* Opening ---------------------------------------------------------------------------------------------------------- */

static void describe(struct impression *im)
{
	const struct extract_options *o = &im->options;
	char *input = picture_describe(im->network->input);

	im->columns[COLUMN_WORD] = kind_column("word", o->type, (uint64_t)o->max_words, im->cue_width);
	im->columns[COLUMN_COUNT_OF_WORDS] = kind_column("word_count", H5_I32, 0, 0);
	im->columns[COLUMN_REGION] = kind_column("region", o->type, COVER_REGIONS, im->cue_width);
	im->columns[COLUMN_CATEGORY] = kind_column("category", o->type, im->cue_width, 0);
	im->columns[COLUMN_GLOBAL] = kind_column("global", o->type, im->global_width, 0);
	im->preprocessing =
		path_printf("view %s, antialiased bilinear, %s; words %s, at most %lld; layer2 and average pool", o->view,
	                input, o->words, (long long)o->max_words);
	free(input);
	im->info = (struct shard_info){.kind = "impression",
	                               .columns = im->columns,
	                               .column_count = COLUMN_COUNT,
	                               .network = im->network->name,
	                               .weights_sha256 = weights_digest(o->weights),
	                               .preprocessing = im->preprocessing,
	                               .arguments = o->arguments,
	                               .part_rows = (uint64_t)o->part_rows};
}

static enum status check_options(struct impression *im)
{
	struct extract_options *o = &im->options;

	im->network = resnet_find(o->network);
	if (!im->network)
		return status_fail(ST_USAGE, "--network %s: expected %s", o->network, RESNET_NETWORKS);
	if (!o->view)
		o->view = "squash";
	if (!view_parse(o->view, &im->view))
		return status_fail(ST_USAGE, "--view %s: expected %s", o->view, VIEWS);
	if (!o->words)
		o->words = "boxes";
	if (!word_regions_parse(o->words, &im->words))
		return status_fail(ST_USAGE, "--words %s: expected %s", o->words, WORD_REGIONS);
	if (im->words == WORDS_GRID && im->view == VIEW_CROP)
		return status_fail(ST_USAGE,
		                   "--words grid divides the whole title part, of which --view crop keeps the middle");
	return resnet_check(im->network, o->weights, RESNET_POOLED);
}

static enum status impression_open(void **run, const struct extract_options *o, const struct catalog *news)
{
	struct impression *im = xcalloc(1, sizeof(*im));
	enum status st;

	im->options = *o;
	im->news = news;
	st = check_options(im);
	if (st != ST_OK) {
		free(im);
		return st;
	}
	im->cue_width = (size_t)im->network->width * 8;
	im->global_width = (size_t)im->network->width * 32;
	describe(im);
	im->encoders = (struct encoders){.network = im->network,
	                                 .weights = o->weights,
	                                 .batch = o->batch,
	                                 .job_size = sizeof(struct job),
	                                 .done = encoded,
	                                 .context = im};
	/* A card is decoded in a twentieth of the time that the network takes, and the network has all processors. */
	im->workers = o->jobs > 4 ? o->jobs / 4 : 1;
	im->window = 2 * im->workers + 2;
	im->slots = xcalloc((size_t)im->window, sizeof(*im->slots));
	im->damage = xcalloc((size_t)im->window, sizeof(*im->damage));
	im->prepare_s = xcalloc((size_t)im->workers, sizeof(*im->prepare_s));
	im->rows.word = xcalloc(BLOCK_ROWS * (size_t)o->max_words * im->cue_width, sizeof(float));
	im->rows.region = xcalloc(BLOCK_ROWS * COVER_REGIONS * im->cue_width, sizeof(float));
	im->rows.category = xcalloc(BLOCK_ROWS * im->cue_width, sizeof(float));
	im->rows.global = xcalloc(BLOCK_ROWS * im->global_width, sizeof(float));
	im->rows.word_count = xcalloc(BLOCK_ROWS, sizeof(int32_t));
	*run = im;
	return ST_OK;
}

static void impression_close(void *run)
{
	struct impression *im = run;

	if (!im)
		return;
	encoders_release(&im->encoders);
	for (int i = 0; i < im->window; i++) {
		prepared_card_release(&im->slots[i]);
		free(im->damage[i]);
	}
	for (size_t i = 0; i < SHARED_MAX; i++)
		free(im->shared[i].cues);
	free(im->slots);
	free(im->damage);
	free(im->prepare_s);
	free(im->rows.word);
	free(im->rows.region);
	free(im->rows.category);
	free(im->rows.global);
	free(im->rows.word_count);
	free(im->preprocessing);
	free(im);
}

static const struct shard_info *impression_info(const void *run)
{
	const struct impression *im = run;

	return &im->info;
}

static enum status impression_inputs(void *run, uint32_t part, char hex[DIGEST_HEX])
{
	const struct impression *im = run;

	return card_inputs(&im->options, im->news, part, hex);
}

/* Cues ------------------------------------------------------------------------------------------------------------- */

static void encoded(void *context, const struct feature_map *map, const void *job)
{
	struct impression *im = context;
	const struct extract_options *o = &im->options;
	const struct job *j = job;
	struct box all = {0, 0, (float)map->width, (float)map->height};

	switch (j->part) {
	case PART_TITLE:
		*j->word_count =
			region_words(map, im->words, j->boxes, j->title, &j->area, &j->resize, (int32_t)o->max_words, j->out);
		im->words_left_out += (int64_t)j->boxes->word_count - *j->word_count;
		break;
	case PART_COVER:
		region_cover(map, im->view, j->boxes, &j->area, &j->resize, j->out);
		break;
	case PART_CATEGORY:
		region_mean(map, &all, j->out);
		break;
	default:
		memcpy(j->out, map->data, im->global_width * sizeof(float));
	}
}

/* Where the cues of these pixels are or will be; *first if nobody has asked for them yet. NULL: not kept. */
static float *find_shared(struct impression *im, const char *key, bool *first)
{
	struct shared *s;

	*first = false;
	for (size_t i = 0; i < im->shared_count; i++) {
		if (strcmp(im->shared[i].key, key) == 0) {
			im->shared_hits++;
			return im->shared[i].cues;
		}
	}
	if (*key == '\0' || im->shared_count == SHARED_MAX)
		return NULL;
	*first = true;
	s = &im->shared[im->shared_count++];
	memcpy(s->key, key, sizeof(s->key));
	if (!s->cues)
		s->cues = xcalloc(COVER_REGIONS * im->cue_width, sizeof(*s->cues));
	return s->cues;
}

static float *row_of(struct impression *im, enum card_part part, size_t i, size_t *count)
{
	size_t words = (size_t)im->options.max_words;

	*count = part == PART_COVER ? COVER_REGIONS * im->cue_width : im->cue_width;
	switch (part) {
	case PART_TITLE:
		return im->rows.word + i * words * im->cue_width;
	case PART_COVER:
		return im->rows.region + i * *count;
	case PART_CATEGORY:
		return im->rows.category + i * *count;
	default:
		return im->rows.global + i * im->global_width;
	}
}

static enum status queue_part(struct impression *im, enum card_part part, const struct prepared_part *p, int64_t item,
                              size_t i)
{
	size_t count;
	float *out = row_of(im, part, i, &count), *cues;
	struct job job = {.part = part,
	                  .boxes = &im->boxes[item],
	                  .title = im->news->news[im->first_row + item].title,
	                  .area = p->area,
	                  .resize = p->resize,
	                  .word_count = &im->rows.word_count[i]};
	bool first;

	cues = find_shared(im, p->same, &first);
	job.out = cues ? cues : out;
	if (cues)
		im->copies[im->copy_count++] = (struct copy){.to = out, .from = cues, .count = count};
	if (cues && !first)
		return ST_OK;
	return encoders_add(&im->encoders, part == PART_CARD ? RESNET_POOLED : RESNET_LAYER2, p->resize.height,
	                    p->resize.width, p->planes, &job);
}

/* Rows ------------------------------------------------------------------------------------------------------------- */

static enum status write_block(struct impression *im)
{
	const void *data[COLUMN_COUNT] = {[COLUMN_WORD] = im->rows.word,
	                                  [COLUMN_COUNT_OF_WORDS] = im->rows.word_count,
	                                  [COLUMN_REGION] = im->rows.region,
	                                  [COLUMN_CATEGORY] = im->rows.category,
	                                  [COLUMN_GLOBAL] = im->rows.global};
	enum status st = encoders_flush(&im->encoders);
	double start = now_s();

	for (size_t i = 0; i < im->copy_count; i++)
		memcpy(im->copies[i].to, im->copies[i].from, im->copies[i].count * sizeof(float));
	im->copy_count = 0;
	if (st == ST_OK)
		st = shard_append(im->writer, im->rows.count, im->rows.id, im->rows.state, data);
	im->rows.count = 0;
	im->write_s += now_s() - start;
	return st;
}

/* A news without a card that a reader saw: zeros. */
static void clear_row(struct impression *im, size_t i)
{
	for (int part = 0; part < CARD_PARTS; part++) {
		size_t count;
		float *row = row_of(im, (enum card_part)part, i, &count);

		if (part == PART_TITLE)
			count *= (size_t)im->options.max_words;
		memset(row, 0, (part == PART_CARD ? im->global_width : count) * sizeof(*row));
	}
	im->rows.word_count[i] = 0;
}

static enum status work(void *context, int64_t item, int slot, int worker)
{
	struct impression *im = context;
	double start = now_s();
	const char *id = im->news->news[im->first_row + item].id;
	enum status st;

	if (im->boxes[item].state == FEATURE_MISSING)
		return ST_OK;
	st = prepare_card(im->options.cards, id, &im->boxes[item], im->view, im->network, &im->slots[slot]);
	if (st == ST_MALFORMED) {
		im->damage[slot] = xstrdup(status_message());
		st = ST_OK;
	}
	im->prepare_s[worker] += now_s() - start;
	return st;
}

static enum status consume(void *context, int64_t item, int slot)
{
	struct impression *im = context;
	size_t i = im->rows.count++;
	enum status st = ST_OK;

	im->rows.id[i] = im->news->news[im->first_row + item].id;
	im->rows.state[i] = im->damage[slot] ? FEATURE_MISSING : im->boxes[item].state;
	if (im->damage[slot]) {
		log_warn("%s; it counts as missing", im->damage[slot]);
		free(im->damage[slot]);
		im->damage[slot] = NULL;
		im->damaged++;
	}
	if (im->rows.state[i] == FEATURE_MISSING)
		clear_row(im, i);
	for (int part = 0; part < CARD_PARTS && st == ST_OK && im->rows.state[i] != FEATURE_MISSING; part++)
		st = queue_part(im, (enum card_part)part, &im->slots[slot].part[part], item, i);
	if (st == ST_OK && im->rows.count == BLOCK_ROWS)
		st = write_block(im);
	progress_set(im->done + item + 1);
	return st;
}

static enum status fill_part(struct impression *im, uint32_t count)
{
	struct pool_job job = {
		.work = work, .consume = consume, .context = im, .count = count, .workers = im->workers, .window = im->window};
	enum status st;

	im->shared_count = im->copy_count = im->rows.count = 0;
	st = pool_run(&job);
	return st == ST_OK && im->rows.count > 0 ? write_block(im) : st;
}

static enum status impression_make_part(void *run, uint32_t part, const char *inputs_sha256, int64_t done)
{
	struct impression *im = run;
	const struct extract_options *o = &im->options;
	uint32_t count = extract_part_length(o, im->news, part);
	struct arena a = {0};
	double start = now_s();
	enum status st;

	im->first_row = (uint32_t)(part * (uint64_t)o->part_rows);
	im->done = done;
	im->boxes = arena_calloc(&a, count, sizeof(*im->boxes));
	st = boxes_read(o->data, im->news, im->first_row, count, &a, im->boxes);
	if (st == ST_OK)
		st = shard_create(&im->writer, o->data, &im->info, part, inputs_sha256);
	if (st == ST_OK) {
		st = fill_part(im, count);
		if (st == ST_OK)
			st = shard_commit(im->writer);
		else
			shard_discard(im->writer);
	}
	im->writer = NULL;
	im->news_count += count;
	im->total_s += now_s() - start;
	arena_release(&a);
	return st;
}

static enum status impression_report(const void *run)
{
	const struct impression *im = run;
	double prepare = 0;

	for (int i = 0; i < im->workers; i++)
		prepare += im->prepare_s[i];
	log_info(
		"%lld news in %.1f s: %lld pictures through %s %.1f s (%.0f %%), making it %.1f s, waiting for cards %.1f s "
		"(%d thread%s busy %.1f s), writing %.1f s; %lld pictures were shared",
		(long long)im->news_count, im->total_s, (long long)im->encoders.pictures, im->network->name,
		im->encoders.network_s,
		im->total_s > im->encoders.make_s ? 100 * im->encoders.network_s / (im->total_s - im->encoders.make_s) : 0.0,
		im->encoders.make_s, im->total_s - im->encoders.network_s - im->encoders.make_s - im->write_s, im->workers,
		im->workers == 1 ? "" : "s", prepare, im->write_s, (long long)im->shared_hits);
	if (im->words_left_out > 0)
		log_info("%lld words of titles have no cue: beyond --max-words, or cut off by --view %s",
		         (long long)im->words_left_out, im->options.view);
	if (im->damaged > 0)
		return status_fail(ST_PARTIAL, "%lld cards are damaged, and count as missing", (long long)im->damaged);
	return ST_OK;
}

const struct kind kind_impression = {.name = "impression",
                                     .network = "resnet101",
                                     .reads = READS_CARDS,
                                     .open = impression_open,
                                     .close = impression_close,
                                     .info = impression_info,
                                     .part_inputs = impression_inputs,
                                     .make_part = impression_make_part,
                                     .report = impression_report};
