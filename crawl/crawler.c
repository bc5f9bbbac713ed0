/* What a visit (one news under way) goes through, and the function behind each step:
 *
 *   start_visit ──> page asked ──on_page──> page read (worker) ──page_read──> picture asked ──on_picture──> decoded (worker)
 *                       │                                          ↑   │                                          │
 *                       │                                          └───┼── next candidate ── picture_decoded ─────┤
 *                       └──────────────> finish(cause) <───────────────┘                                          └──> finish
 *
 * Invariants:
 *   - A visit is in exactly one place: the network (a follow that will call back), the workers, or the function at hand.
 *   - Only the loop's thread touches a visit outside of read_page and make_image; only it touches the ledger.
 *   - images/ID.jpg is in place before the ledger's row says 'done', and is removed before it says 'failed': at rest, the file is
 *     there if and only if the row says so. A death in between leaves no row, and the news is done again.
 *   - At most options.window visits exist; what their bodies hold is bounded (HELD_MAX, and the fetcher's own bound). */
#include "crawl/crawler.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/log.h"
#include "common/rng.h"
#include "crawl/page.h"
#include "crawl/robots_cache.h"
#include "crawl/url.h"
#include "crawl/workers.h"

#define HELD_MAX ((size_t)256 << 20) /* bytes of bodies in the workers; no news is started beyond */
#define STEP_MS  200

#define ACCEPT_PAGE    "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"
#define ACCEPT_PICTURE "image/avif,image/webp,image/jpeg,image/png,image/gif,image/*;q=0.5"

struct crawler {
	const struct crawl_options *options;
	const struct catalog *news;
	struct ledger *ledger;
	struct fetcher *fetcher;
	struct robots_cache *robots;
	struct workers *workers;
	int active;  /* visits */
	size_t held; /* bytes of bodies in the workers */
	int64_t finished;
	bool stopping;
	enum status st; /* the first failure that ends the crawl */
};

struct visit {
	struct work work; /* first: a piece of work is its visit */
	struct crawler *crawler;
	const struct news *news;
	uint64_t stream;
	char *page_url; /* absolute */
	char *page_final_url, *image_final_url, *type;
	struct strbuf body; /* what the worker at hand works on */
	struct page page;
	size_t candidate;
	int status;
	int attempts;
	uint64_t transferred;

	/* The best candidate's failure: what is told when none works. */
	enum cause cause;
	enum ledger_step step;
	size_t failed_candidate;
	char *failed_final_url, *failed_type;
	int failed_status;

	/* From make_image. */
	enum status image_status; /* ST_MALFORMED: no picture; others but ST_OK end the crawl */
	char *image_message;
	bool small;
	int width, height;
	int64_t bytes;
	char sha256[DIGEST_HEX], file_sha256[DIGEST_HEX];
};

char *crawl_image_path(const char *data, const char *id)
{
	return path_printf("%s/images/%s.jpg", data, id);
}

static void set(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* Ending ----------------------------------------------------------------------------------------------------------------- */

static void free_visit(struct visit *v)
{
	v->crawler->active--;
	free(v->page_url);
	free(v->page_final_url);
	free(v->image_final_url);
	free(v->type);
	free(v->failed_final_url);
	free(v->failed_type);
	free(v->image_message);
	strbuf_release(&v->body);
	page_release(&v->page);
	free(v);
}

static void keep_failure(struct crawler *c, enum status st)
{
	if (c->st == ST_OK)
		c->st = st;
}

/* A file of an earlier, killed run must not outlive a failure. */
static void remove_image(const struct visit *v)
{
	char *path = crawl_image_path(v->crawler->options->data, v->news->id), *part = path_printf("%s.part", path);

	unlink(path);
	unlink(part);
	free(path);
	free(part);
}

static void finish(struct visit *v, enum cause cause, enum ledger_step step)
{
	struct crawler *c = v->crawler;
	bool picture = v->candidate < v->page.count;
	const struct cover_candidate *candidate = picture ? &v->page.candidates[v->candidate] : NULL;

	if (cause != CAUSE_NONE)
		remove_image(v);
	keep_failure(c,
	             ledger_put(c->ledger, &(struct ledger_row){.id = v->news->id,
	                                                        .cause = cause,
	                                                        .step = step,
	                                                        .rule = candidate ? cover_rule_name(candidate->rule) : "",
	                                                        .page_url = v->news->url,
	                                                        .page_final_url = or_empty(v->page_final_url),
	                                                        .image_url = candidate ? candidate->url : "",
	                                                        .image_final_url = or_empty(v->image_final_url),
	                                                        .status = v->status,
	                                                        .type = or_empty(v->type),
	                                                        .bytes = v->bytes,
	                                                        .sha256 = v->sha256,
	                                                        .file_sha256 = v->file_sha256,
	                                                        .width = v->width,
	                                                        .height = v->height,
	                                                        .attempts = v->attempts,
	                                                        .transferred = v->transferred}));
	progress_set(++c->finished);
	free_visit(v);
}

/* All candidates failed: the first one's failure is the news'. */
static void finish_failed(struct visit *v)
{
	v->candidate = v->failed_candidate;
	v->status = v->failed_status;
	set(&v->image_final_url, or_empty(v->failed_final_url));
	set(&v->type, or_empty(v->failed_type));
	v->bytes = 0;
	v->width = v->height = 0;
	*v->sha256 = *v->file_sha256 = '\0';
	finish(v, v->cause, v->step);
}

/* Pictures ----------------------------------------------------------------------------------------------------------------- */

static void ask_for_picture(struct visit *v);

static void next_candidate(struct visit *v, enum cause cause, enum ledger_step step)
{
	if (v->cause == CAUSE_NONE) {
		v->cause = cause;
		v->step = step;
		v->failed_candidate = v->candidate;
		v->failed_status = v->status;
		set(&v->failed_final_url, or_empty(v->image_final_url));
		set(&v->failed_type, or_empty(v->type));
	}
	v->candidate++;
	ask_for_picture(v);
}

/* In a worker: body to image file. */
static void make_image(struct work *work)
{
	struct visit *v = (struct visit *)work;
	const struct crawl_options *o = v->crawler->options;
	char *path = crawl_image_path(o->data, v->news->id);
	struct image image = {0};
	uint8_t *jpeg = NULL;
	size_t n = 0;
	enum status st;

	v->bytes = (int64_t)v->body.len;
	digest_bytes(v->body.data, v->body.len, v->sha256);
	st = image_decode(&image, v->body.data, v->body.len, o->width, o->height, o->fit, &v->width, &v->height);
	v->small = st == ST_OK && (v->width < COVER_SIDE_MIN_PX || v->height < COVER_SIDE_MIN_PX);
	if (st == ST_OK && !v->small)
		st = image_encode_jpeg(&image, o->quality, &jpeg, &n);
	if (st == ST_OK && !v->small) {
		digest_bytes(jpeg, n, v->file_sha256);
		st = file_write(path, jpeg, n);
		fault_point("crawl.image");
	}
	v->image_status = st;
	if (st != ST_OK)
		set(&v->image_message, status_message());
	image_release(&image);
	free(jpeg);
	free(path);
}

static void picture_decoded(struct visit *v)
{
	if (v->image_status == ST_OK && !v->small) {
		finish(v, CAUSE_NONE, STEP_NONE);
	} else if (v->image_status == ST_OK || v->image_status == ST_MALFORMED) {
		next_candidate(v, v->image_status == ST_OK ? CAUSE_SMALL : CAUSE_NOT_IMAGE, STEP_PICTURE);
	} else {
		status_restore(v->image_message);
		keep_failure(v->crawler, v->image_status);
		free_visit(v);
	}
}

/* Moves the body out of r and hands the visit to a worker. */
static void hand_over(struct visit *v, struct follow_result *r, void (*run)(struct work *))
{
	v->body = *r->body;
	strbuf_init(r->body, 0);
	v->crawler->held += v->body.size;
	v->work.run = run;
	workers_submit(v->crawler->workers, &v->work);
}

/* True if the visit ended with the crawl. */
static bool take_response(struct visit *v, const struct follow_result *r)
{
	v->attempts += r->attempts;
	v->transferred += r->transferred;
	v->status = r->status;
	set(&v->type, r->type);
	if (r->cause != CAUSE_STOPPED)
		return false;
	free_visit(v);
	return true;
}

/* What failed: robots.txt itself, or the thing that it forbids. */
static enum ledger_step step_of(const struct follow_result *r, enum ledger_step own)
{
	return r->by_robots && r->cause != CAUSE_ROBOTS ? STEP_ROBOTS : own;
}

static void on_picture(void *context, struct follow_result *r)
{
	struct visit *v = context;

	if (take_response(v, r))
		return;
	set(&v->image_final_url, r->final_url);
	if (r->cause == CAUSE_NONE)
		hand_over(v, r, make_image);
	else
		next_candidate(v, r->cause, step_of(r, STEP_PICTURE));
}

static void ask_for(struct visit *v, const char *url, const char *accept, size_t body_max, follow_done_fn *done)
{
	struct crawler *c = v->crawler;

	follow_start(&(struct follow_request){.fetcher = c->fetcher,
	                                      .url = url,
	                                      .accept = accept,
	                                      .body_max = body_max,
	                                      .stream = v->stream,
	                                      .gate = robots_cache_gate,
	                                      .gate_context = c->robots,
	                                      .done = done,
	                                      .context = v});
}

static void ask_for_picture(struct visit *v)
{
	if (v->crawler->stopping)
		free_visit(v);
	else if (v->candidate < v->page.count)
		ask_for(v, v->page.candidates[v->candidate].url, ACCEPT_PICTURE, FETCH_IMAGE_MAX, on_picture);
	else
		finish_failed(v);
}

/* Pages -------------------------------------------------------------------------------------------------------------------- */

/* In a worker. */
static void read_page(struct work *work)
{
	struct visit *v = (struct visit *)work;

	page_parse(&v->page, v->body.data, v->body.len, v->type, v->page_final_url);
}

static void page_read(struct visit *v)
{
	if (v->page.count)
		ask_for_picture(v);
	else
		finish(v, CAUSE_NO_COVER, STEP_PAGE);
}

static void on_page(void *context, struct follow_result *r)
{
	struct visit *v = context;

	if (take_response(v, r))
		return;
	set(&v->page_final_url, r->final_url);
	if (r->cause == CAUSE_NONE)
		hand_over(v, r, read_page);
	else
		finish(v, r->cause, step_of(r, STEP_PAGE));
}

static void start_visit(struct crawler *c, const struct news *news)
{
	struct visit *v = xcalloc(1, sizeof *v);

	c->active++;
	v->crawler = c;
	v->news = news;
	v->stream = rng_stream(news->id);
	strbuf_init(&v->body, 0);
	v->page_url = url_resolve(NULL, news->url);
	if (!v->page_url)
		finish(v, *news->url ? CAUSE_BAD_URL : CAUSE_NO_URL, STEP_PAGE);
	else
		ask_for(v, v->page_url, ACCEPT_PAGE, FETCH_PAGE_MAX, on_page);
}

/* The loop ----------------------------------------------------------------------------------------------------------------- */

static void take_work(struct crawler *c, struct work *work)
{
	struct visit *v = (struct visit *)work;
	bool picture = work->run == make_image;

	c->held -= v->body.size;
	strbuf_release(&v->body);
	if (picture)
		picture_decoded(v);
	else if (c->stopping)
		free_visit(v);
	else
		page_read(v);
}

static void loop(struct crawler *c, const uint32_t *rows, uint32_t row_count)
{
	struct work *work;
	uint32_t next = 0;

	while (c->st == ST_OK && !cli_interrupted() && (c->active || next < row_count)) {
		while (c->st == ST_OK && next < row_count && c->active < c->options->window && c->held < HELD_MAX)
			start_visit(c, &c->news->news[rows[next++]]);
		if (c->active)
			keep_failure(c, fetcher_step(c->fetcher, STEP_MS));
		while ((work = workers_take(c->workers)))
			take_work(c, work);
		if (c->st == ST_OK)
			keep_failure(c, ledger_tick(c->ledger));
	}
	if (c->st == ST_OK && cli_interrupted())
		c->st = cli_interrupted_status();
}

/* Pictures that are being decoded are kept; all else is left for another run. */
static void stop(struct crawler *c)
{
	struct work *work;
	char *message = xstrdup(status_message());
	enum status st = c->st;

	c->stopping = true;
	c->st = ST_OK;
	fetcher_stop(c->fetcher);
	while ((work = workers_wait(c->workers)))
		take_work(c, work);
	if (st == ST_OK || st == ST_INTERRUPTED)
		keep_failure(c, ledger_commit(c->ledger));
	if (st != ST_OK) {
		status_restore(message);
		c->st = st;
	}
	free(message);
}

static void on_work_done(void *context)
{
	fetcher_wake(context);
}

enum status crawl_run(const struct crawl_options *options, const struct catalog *news, const uint32_t *rows,
                      uint32_t row_count, struct ledger *ledger, uint64_t *requests)
{
	struct crawler c = {.options = options, .news = news, .ledger = ledger};
	enum status st = fetcher_open(&c.fetcher, &options->fetch);

	if (st != ST_OK)
		return st;
	c.robots = robots_cache_new(c.fetcher);
	st = workers_open(&c.workers, options->jobs, on_work_done, c.fetcher);
	if (st == ST_OK) {
		progress_start("crawl", "news", row_count);
		loop(&c, rows, row_count);
		stop(&c);
		progress_end();
		st = c.st;
	}
	*requests = fetcher_requests(c.fetcher);
	workers_close(c.workers);
	fetcher_close(c.fetcher);
	robots_cache_free(c.robots);
	return st;
}
