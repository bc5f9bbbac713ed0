#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/image.h"
#include "common/pool.h"
#include "pipelines/demo/page.h"
#include "pipelines/demo/scenes.h"
#include "pipelines/demo/world.h"

/* What nginx includes: address -> where it moved for good, where it is for now, and what is gone. */
struct lists {
	struct strbuf moved, found, gone;
};

struct site {
	struct world *world;
	const char *folder;
	struct page *pages; /* [WORLD_NEWS] */
};

static char *site_path(const struct site *site, const char *host, const char *path)
{
	return path_printf("%s/%s%s", site->folder, host, path);
}

static enum status write_file(const struct site *site, const char *host, const char *path, const void *bytes, size_t n)
{
	char *full = site_path(site, host, path);
	enum status st = file_write(full, bytes, n);
	free(full);
	return st;
}

/* Gives a story its url, and notes the hops from there to its page. */
static void link_story(struct story *s, const struct page *p, struct lists *lists)
{
	char *at = path_printf("%s%s", p->host, p->path);
	for (int hop = 0; hop < p->redirects; hop++) {
		char *from = path_printf("www.daily-example.test/go/%d/%s", hop, s->id);
		strbuf_printf(hop % 2 ? &lists->found : &lists->moved, "%s http://%s;\n", from, at);
		free(at);
		at = from;
	}
	s->url = path_printf("http://%s", at);
	s->picture = path_printf("%s%s", p->picture_host, p->picture_path);
	s->ways = path_printf("%s\t%s\t%s\t%d", page_naming_names[p->naming], page_address_names[p->address],
	                      page_charset_names[p->charset], p->redirects);
	free(at);
	/* Half of the pages that are gone say so; the others were simply never written. */
	if (s->fate == COVER_PAGE_GONE && s->id[1] % 2)
		strbuf_printf(&lists->gone, "%s%s 1;\n", p->host, p->path);
}

static enum status write_lists(const struct site *site, struct lists *lists)
{
	struct {
		const char *name;
		struct strbuf *text;
	} files[] = {{"moved.map", &lists->moved}, {"found.map", &lists->found}, {"gone.map", &lists->gone}};
	enum status st = ST_OK;
	for (int i = 0; i < 3 && st == ST_OK; i++) {
		char *path = path_join(site->folder, files[i].name);
		st = strbuf_check(files[i].text, files[i].name);
		if (st == ST_OK)
			st = file_write(path, files[i].text->data, files[i].text->len);
		free(path);
	}
	return st;
}

static enum status link_stories(struct site *site)
{
	struct lists lists;
	struct rng r;
	strbuf_init(&lists.moved, 1 << 20);
	strbuf_init(&lists.found, 1 << 20);
	strbuf_init(&lists.gone, 1 << 20);
	rng_init(&r, site->world->seed, rng_stream("pages"));
	for (int i = 0; i < WORLD_NEWS; i++) {
		struct story *s = &site->world->stories[i];
		struct page *p = &site->pages[i];
		page_draw(p, &r);
		if (s->fate == COVER_PAGE_FORBIDDEN)
			snprintf(p->path, sizeof(p->path), "/members/%s.html", s->id);
		link_story(s, p, &lists);
	}
	enum status st = write_lists(site, &lists);
	strbuf_release(&lists.moved);
	strbuf_release(&lists.found);
	strbuf_release(&lists.gone);
	return st;
}

static enum status write_picture(const struct site *site, const struct story *s, const struct page *p, struct rng *r)
{
	struct image picture = {0};
	uint8_t *bytes = NULL;
	size_t n = 0;
	enum status st = scene_picture(s->scene, p->width, p->height, r, &picture);
	if (st == ST_OK && strstr(p->picture_path, ".png"))
		st = image_encode_png(&picture, 3, &bytes, &n);
	else if (st == ST_OK)
		st = image_encode_jpeg(&picture, 70 + (int)rng_below(r, 25), &bytes, &n);
	if (st == ST_OK)
		st = write_file(site, p->picture_host, p->picture_path, bytes, n);
	free(bytes);
	image_release(&picture);
	return st;
}

static enum status write_story(void *context, int64_t item, int slot, int worker)
{
	(void)slot, (void)worker;
	const struct site *site = context;
	const struct story *s = &site->world->stories[item];
	const struct page *p = &site->pages[item];
	static const char sorry[] = "<!DOCTYPE html><title>Sorry</title><p>This picture is no longer available.\n";
	enum status st = ST_OK;
	struct rng paint, text;
	rng_init(&paint, site->world->seed, rng_stream("paint") + (uint64_t)item);
	rng_init(&text, site->world->seed, rng_stream("pages") + 1 + (uint64_t)item);
	if (s->fate != COVER_PAGE_GONE) {
		struct strbuf html;
		strbuf_init(&html, 1 << 20);
		page_write(p, s, &text, &html);
		st = strbuf_check(&html, "a page");
		if (st == ST_OK)
			st = write_file(site, p->host, p->path, html.data, html.len);
		strbuf_release(&html);
	}
	if (st != ST_OK)
		return st;
	if (s->fate == COVER_NOT_A_PICTURE)
		return write_file(site, p->picture_host, p->picture_path, sorry, sizeof(sorry) - 1);
	if (s->fate == COVER_SHOWN || s->fate == COVER_PAGE_FORBIDDEN)
		return write_picture(site, s, p, &paint);
	return ST_OK;
}

/* A plain bar of colour, as a logo or a placeholder. */
static enum status write_bar(const struct site *site, const char *host, const char *path, int width, int height)
{
	struct image bar = {.width = width, .height = height, .data = xmalloc((size_t)width * (size_t)height * 3)};
	for (int i = 0; i < width * height; i++) {
		bool mark = i % width < height;
		memcpy(bar.data + 3 * (size_t)i, mark ? "\xc0\x20\x30" : "\xf4\xf4\xf4", 3);
	}
	uint8_t *bytes = NULL;
	size_t n = 0;
	enum status st = image_encode_png(&bar, 6, &bytes, &n);
	if (st == ST_OK)
		st = write_file(site, host, path, bytes, n);
	free(bytes);
	image_release(&bar);
	return st;
}

static enum status write_fixtures(const struct site *site)
{
	static const char *const hosts[] = {"www.daily-example.test", "magazine.example.test", "old.example.test",
	                                    "cdn.pictures.test"};
	static const char robots[] = "User-agent: *\nDisallow: /members/\nAllow: /\n";
	static const unsigned char pixel[] = {'G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0, 0,    0, 0, 0x2c, 0,
	                                      0,   0,   0,   1,   0,   1,   0, 0, 2, 2, 0x44, 1, 0, 0x3b};
	enum status st = write_file(site, hosts[3], "/t.gif", pixel, sizeof(pixel));
	for (int i = 0; i < 4 && st == ST_OK; i++) {
		st = write_file(site, hosts[i], "/robots.txt", robots, sizeof(robots) - 1);
		if (st == ST_OK && i < 3)
			st = write_bar(site, hosts[i], "/static/logo.png", 160, 48);
		if (st == ST_OK && i < 3)
			st = write_bar(site, hosts[i], "/static/blank.png", 16, 16);
		if (st == ST_OK && i < 3)
			st = write_bar(site, hosts[i], "/static/small.png", 120, 80);
	}
	return st;
}

enum status site_write(struct world *w, const char *folder, int jobs)
{
	struct site site = {.world = w, .folder = folder};
	site.pages = xcalloc(WORLD_NEWS, sizeof(*site.pages));
	enum status st = link_stories(&site);
	if (st == ST_OK)
		st = write_fixtures(&site);
	if (st == ST_OK) {
		struct pool_job job = {.work = write_story, .context = &site, .count = WORLD_NEWS};
		job.workers = jobs;
		job.window = 2 * jobs;
		st = pool_run(&job);
	}
	free(site.pages);
	return st;
}
