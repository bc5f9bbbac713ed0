/* Boxes with the cards that they are of, and features. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/arena.h"
#include "common/boxes.h"
#include "common/file.h"
#include "common/h5.h"
#include "common/log.h"
#include "common/part.h"
#include "common/shard.h"
#include "crawl/verify.h"

enum { BATCH = 4096 };

/* Cards ------------------------------------------------------------------------------------------------------------------ */

/* Every part from 0 to count - 1 is there and sealed, and there is none beyond; *whole: all that. */
static enum status check_part_files(struct verify *v, const char *folder, uint32_t count, bool *whole)
{
	enum status st = ST_OK;

	*whole = true;
	for (uint32_t p = 0; p < count && st == ST_OK; p++) {
		char *path = part_path(folder, p);
		bool sealed = false;

		if (file_exists(path))
			st = verify_sealed(v, path, &sealed);
		else
			verify_wrong(v, "%s: is not there", path);
		*whole = *whole && sealed;
		free(path);
	}
	char *beyond = part_path(folder, count);
	if (file_exists(beyond))
		verify_wrong(v, "%s: there are only %u parts", beyond, count);
	free(beyond);
	return st;
}

struct cards {
	char (*sha256)[DIGEST_HEX]; /* [news] */
	uint64_t with_image, cut;
};

static enum status read_boxes(struct verify *v, struct cards *c)
{
	struct card_boxes *boxes = xcalloc(BATCH, sizeof *boxes);
	struct arena a = {0};
	enum status st = ST_OK;

	for (uint32_t row = 0; row < v->news.count && st == ST_OK; row += BATCH) {
		const uint32_t left = v->news.count - row, n = left < BATCH ? left : BATCH;

		arena_reset(&a);
		st = boxes_read(v->o->data, &v->news, row, n, &a, boxes);
		for (uint32_t i = 0; i < n && st == ST_OK; i++) {
			memcpy(c->sha256[row + i], boxes[i].card_sha256, DIGEST_HEX);
			c->with_image += boxes[i].state >= FEATURE_ORIGINAL && boxes[i].state <= FEATURE_SUBSTITUTE;
			c->cut += boxes[i].cut;
			if (boxes[i].state > FEATURE_TEXT_ONLY)
				verify_wrong(v, "%s/boxes: %s is of state %u, which there is none of", v->o->data,
				             v->news.news[row + i].id, boxes[i].state);
		}
	}
	arena_release(&a);
	free(boxes);
	return verify_judge(v, st);
}

static enum status check_card_files(struct verify *v, const struct cards *c)
{
	return verify_pictures(v,
	                       &(struct verify_pictures){"cards", "cards", "boxes", (const char(*)[DIGEST_HEX])c->sha256,
	                                                 "cards have no digest in the boxes: nothing says what they were"});
}

static enum status check_render_summary(struct verify *v, const struct cards *c)
{
	json_t *summary;
	enum status st = verify_summary(v, "render.json", &summary);

	if (st == ST_OK && summary) {
		verify_count(v, summary, "render.json", "news", v->news.count);
		verify_count(v, summary, "render.json", "with_image", c->with_image);
		verify_count(v, summary, "render.json", "cut_titles", c->cut);
	}
	json_decref(summary);
	return st;
}

static enum status verify_cards(struct verify *v)
{
	char *folder = path_join(v->o->data, "boxes"), *first = part_path(folder, 0);
	struct cards c = {.sha256 = xcalloc((size_t)v->news.count + 1, sizeof *c.sha256)};
	uint64_t part_rows = 0;
	bool whole = false;
	enum status st = ST_OK;

	if (file_exists(first)) {
		st = verify_sealed(v, first, &whole);
		if (st == ST_OK && whole)
			st = verify_judge(v, boxes_part_rows(v->o->data, &part_rows));
		if (st == ST_OK && part_rows)
			st = check_part_files(v, folder, shard_part_count(v->news.count, part_rows), &whole);
		if (st == ST_OK && part_rows && whole)
			st = read_boxes(v, &c);
		if (st == ST_OK && part_rows && whole)
			st = check_render_summary(v, &c);
		if (st == ST_OK && part_rows && whole)
			st = check_card_files(v, &c);
	}
	free(c.sha256);
	free(first);
	free(folder);
	return st;
}

/* Features --------------------------------------------------------------------------------------------------------------- */

/* KIND.h5 has a digest of its parts' digests (common/shard.c). */
static enum status check_united(struct verify *v, const char *kind, struct shard_reader *r, uint32_t parts)
{
	struct digest *d = digest_new();
	char hex[DIGEST_HEX], *united = NULL;
	enum status st = ST_OK;

	for (uint32_t p = 0; p < parts && st == ST_OK; p++) {
		char *path = shard_part_path(v->o->data, kind, p), *inputs = NULL;
		struct h5_file *f = NULL;

		st = h5_open(&f, path);
		if (st == ST_OK)
			st = h5_get_text(f, "inputs_sha256", &inputs);
		if (st == ST_OK)
			digest_add_string(d, inputs);
		h5_close(f);
		free(inputs);
		free(path);
	}
	digest_finish(d, hex);
	if (st == ST_OK)
		st = shard_text(r, "inputs_sha256", &united);
	if (st == ST_OK && strcmp(united, hex) != 0)
		verify_wrong(v, "%s/features/%s.h5: is not of the parts that are there; run extract again", v->o->data, kind);
	free(united);
	return st;
}

static enum status check_rows(struct verify *v, const char *kind, uint32_t parts)
{
	struct shard_reader *r = NULL;
	uint8_t *states = xcalloc((size_t)v->news.count + 1, 1);
	enum status st = shard_open(&r, v->o->data, kind, &v->news);

	if (st == ST_OK)
		st = check_united(v, kind, r, parts);
	if (st == ST_OK)
		st = shard_states(r, states);
	for (uint32_t i = 0; st == ST_OK && i < v->news.count; i++)
		if (states[i] > FEATURE_TEXT_ONLY)
			verify_wrong(v, "%s/features/%s.h5: %s is of state %u, which there is none of", v->o->data, kind,
			             v->news.news[i].id, states[i]);
	shard_close(r);
	free(states);
	return verify_judge(v, st);
}

static enum status find_part_rows(struct verify *v, const char *path, uint64_t *part_rows)
{
	struct h5_file *f = NULL;
	enum status st = h5_open(&f, path);

	if (st == ST_OK)
		st = part_rows_of(f, path, part_rows);
	h5_close(f);
	return verify_judge(v, st);
}

static enum status check_kind(struct verify *v, const char *path, void *unused)
{
	char *folder = xstrdup(path);
	uint64_t part_rows = 0;
	bool whole, parts_whole = false;
	enum status st = verify_sealed(v, path, &whole);

	(void)unused;
	folder[strlen(folder) - strlen(".h5")] = '\0';
	if (st == ST_OK && whole)
		st = find_part_rows(v, path, &part_rows);
	const uint32_t parts = part_rows ? shard_part_count(v->news.count, part_rows) : 0;
	if (st == ST_OK && parts)
		st = check_part_files(v, folder, parts, &parts_whole);
	if (st == ST_OK && parts_whole)
		st = check_rows(v, strrchr(folder, '/') + 1, parts);
	free(folder);
	return st;
}

enum status verify_parts(struct verify *v)
{
	char *folder = path_join(v->o->data, "features");
	enum status st = verify_cards(v);

	if (st == ST_OK)
		st = verify_each(v, folder, ".h5", check_kind, NULL);
	free(folder);
	return st;
}
