/* Covers, originals and WARC files against the ledger of the crawl. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/covers.h"
#include "common/file.h"
#include "common/log.h"
#include "common/shard.h"
#include "crawl/ledger.h"
#include "crawl/verify.h"
#include "crawl/warc_read.h"

struct covers {
	struct verify *v;
	char (*cover)[DIGEST_HEX], (*original)[DIGEST_HEX]; /* [news] of ID.jpg, of the bytes fetched; "" unless done */
	uint8_t *states;                                    /* [news] as the ledger has them */
	uint64_t done, failed;
};

static void keep(char to[DIGEST_HEX], const char *sha256)
{
	memcpy(to, sha256, strnlen(sha256, DIGEST_HEX - 1));
}

static void add_row(void *context, const char *const *values)
{
	struct covers *c = context;
	const uint32_t row = catalog_find(&c->v->news, values[0], strlen(values[0]));
	enum feature_state state = FEATURE_MISSING;
	const bool done = strcmp(values[1], "done") == 0;

	if (row == NEWS_NONE) {
		verify_wrong(c->v, "%s/crawl.sqlite: \"%s\" is not in the catalogue", c->v->o->data, values[0]);
		return;
	}
	if (!cover_state_find(values[2], strlen(values[2]), &state) || done != (state != FEATURE_MISSING) ||
	    (done && strlen(values[4]) != DIGEST_HEX - 1))
		verify_wrong(c->v, "%s/crawl.sqlite: the row of %s contradicts itself", c->v->o->data, values[0]);
	c->done += done;
	c->failed += !done;
	c->states[row] = (uint8_t)state;
	if (done) {
		keep(c->original[row], values[3]);
		keep(c->cover[row], values[4]);
	}
}

static void add_check(void *context, const char *const *values)
{
	struct covers *c = context;

	if (strcmp(values[0], "ok") != 0)
		verify_wrong(c->v, "%s/crawl.sqlite: %s", c->v->o->data, values[0]);
}

static enum status read_ledger(struct covers *c)
{
	struct ledger *l = NULL;
	enum status st = ledger_open_read(&l, c->v->o->data);

	if (st == ST_OK)
		st = ledger_query(l, "PRAGMA integrity_check(5)", NULL, add_check, c);
	if (st == ST_OK)
		st = ledger_query(l, "SELECT id, state, cover, sha256, file_sha256 FROM news ORDER BY id", NULL, add_row, c);
	const enum status closed = ledger_close(l);
	return verify_judge(c->v, st == ST_OK ? closed : st);
}

/* covers.tsv says what the ledger says. */
static enum status check_states(struct covers *c)
{
	struct verify *v = c->v;
	char *path = path_join(v->o->data, "covers.tsv");
	uint8_t *states = xcalloc(v->news.count + 1, 1);
	enum status st = file_exists(path) ? covers_read(v->o->data, &v->news, states) : ST_OK;

	for (uint32_t i = 0; st == ST_OK && file_exists(path) && i < v->news.count; i++)
		if (c->states[i] != FEATURE_MISSING && states[i] != c->states[i])
			verify_wrong(v, "%s: %s is of state %s, but crawl.sqlite has %s", path, v->news.news[i].id,
			             cover_state_name((enum feature_state)states[i]),
			             cover_state_name((enum feature_state)c->states[i]));
	free(states);
	free(path);
	return verify_judge(v, st);
}

static enum status check_covers(const struct covers *c)
{
	return verify_pictures(
		c->v, &(struct verify_pictures){"covers", "images", "crawl.sqlite", (const char(*)[DIGEST_HEX])c->cover,
	                                    "covers are none of the crawl's: nothing says what they were"});
}

/* An original is named by its digest; its last part in the path is that. */
static enum status check_originals(struct covers *c)
{
	struct verify *v = c->v;
	char *list = path_join(v->o->data, "originals.tsv");
	struct pictures *originals = NULL;
	enum status st = file_exists(list) ? verify_judge(v, pictures_open_originals(&originals, v->o->data)) : ST_OK;

	for (uint32_t i = 0; st == ST_OK && originals && i < v->news.count; i++) {
		const char *id = v->news.news[i].id;
		char *name = pictures_name(originals, id);
		bool whole;

		if (name) {
			const char *slash = strrchr(name, '/'), *sha256 = slash ? slash + 1 : name;

			st = verify_file(v, name, sha256, "its name", &whole);
			if (st == ST_OK && *c->original[i] && strcmp(sha256, c->original[i]) != 0)
				verify_wrong(v, "%s: of %s, but crawl.sqlite has %s", name, id, c->original[i]);
		}
		free(name);
	}
	pictures_close(originals);
	free(list);
	return st;
}

static enum status check_warc(struct verify *v, const char *path, void *unused)
{
	struct warc_reader *r = NULL;
	struct warc_record record;
	bool more = true;
	enum status st = warc_open(&r, path);

	(void)unused;
	while (st == ST_OK && more) {
		st = warc_next(r, &record, &more);
		if (st == ST_OK && more)
			st = warc_skip(r);
	}
	warc_close(r);
	v->files++;
	return verify_judge(v, st);
}

static enum status check_summary(struct covers *c)
{
	json_t *summary;
	enum status st = verify_summary(c->v, "crawl.json", &summary);

	if (st == ST_OK && summary) {
		verify_count(c->v, summary, "crawl.json", "news", c->v->news.count);
		verify_count(c->v, summary, "crawl.json", "images", c->done);
		verify_count(c->v, summary, "crawl.json", "failed", c->failed);
	}
	json_decref(summary);
	return st;
}

enum status verify_covers(struct verify *v)
{
	const size_t n = (size_t)v->news.count + 1;
	struct covers c = {.v = v,
	                   .cover = xcalloc(n, sizeof *c.cover),
	                   .original = xcalloc(n, sizeof *c.original),
	                   .states = xcalloc(n, 1)};
	char *ledger = path_join(v->o->data, "crawl.sqlite"), *warc = path_join(v->o->data, "warc");
	const bool crawled = file_exists(ledger);
	enum status st = crawled ? read_ledger(&c) : ST_OK;

	if (st == ST_OK && crawled)
		st = check_states(&c);
	if (st == ST_OK && crawled)
		st = check_summary(&c);
	if (st == ST_OK)
		st = check_covers(&c);
	if (st == ST_OK)
		st = check_originals(&c);
	if (st == ST_OK)
		st = verify_each(v, warc, ".warc.gz", check_warc, NULL);
	if (st == ST_OK)
		st = verify_each(v, warc, ".warc", check_warc, NULL);
	free(ledger);
	free(warc);
	free(c.cover);
	free(c.original);
	free(c.states);
	return st;
}
