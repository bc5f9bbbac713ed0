/* A whole report on a small DATA and two runs, read back by an HTML parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libxml/HTMLparser.h>

#include "common/arena.h"
#include "common/boxes.h"
#include "common/file.h"
#include "common/image.h"
#include "common/shard.h"
#include "common/tar.h"
#include "eval/report.h"
#include "eval/run_files.h"
#include "tests/support/scratch.h"

#define HOSTILE "</figcaption><script>alert(\"1\")</script><img src=http://evil.test/x onerror='x'> & Co"
enum {
	NEWS = 5,
	IMPRESSIONS = 6,
	CARD_WIDTH = 61,
	CARD_HEIGHT = 19,
	UNKNOWN_TAG = 801 /* HTML 5's tags, to libxml2 */
};

/* Six impressions, two that recur: a lead that is the same in all of them is certain, as it would not be in two. */
static void put_impressions(void)
{
	struct strbuf dev, good, bad;
	strbuf_init(&dev, 4096);
	strbuf_init(&good, 4096);
	strbuf_init(&bad, 4096);
	for (int i = 1; i <= IMPRESSIONS; i++) {
		const bool two = i % 2;
		strbuf_printf(&dev, "%d\tU1\t11/15/2019 8:04:05 AM\t%s\n", i, two ? "N1\tN2-1 N3-0" : "\tN2-0 N3-1 N4-0");
		strbuf_printf(&good, "%d %s\n", i, two ? "[1,2]" : "[2,1,3]");
		strbuf_printf(&bad, "%d %s\n", i, two ? "[2,1]" : "[1,3,2]");
	}
	scratch_text("data/behaviors/dev.tsv", dev.data);
	scratch_text("runs/good/prediction.txt", good.data);
	scratch_text("runs/<bad>/prediction.txt", bad.data);
	strbuf_release(&dev);
	strbuf_release(&good);
	strbuf_release(&bad);
}

/* Cards with noise, so that they differ, of which the last has no image. */
static void put_cards(const char *data)
{
	struct catalog news = {0};
	struct card_boxes rows[NEWS] = {0};
	struct word_box words[2] = {{0, 0, {25, 2, 40, 8}, {25, 1, 41, 9}, 0, 3},
	                            {1, 0, {42, 2, 55, 8}, {42, 1, 56, 9}, 4, 7}};
	assert_int_equal(catalog_open(&news, data), ST_OK);
	assert_int_equal(news.count, NEWS);
	char *shard_path = path_printf("%s/cards/part-00000.tar", data);
	struct tar_writer *shard;
	assert_int_equal(tar_create(&shard, shard_path), ST_OK);
	free(shard_path);
	for (uint32_t i = 0; i < NEWS; i++) {
		rows[i] = (struct card_boxes){.width = CARD_WIDTH,
		                              .height = CARD_HEIGHT,
		                              .image = {2, 2, 22, 17},
		                              .line_count = 1,
		                              .line = {{25, 2, 55, 8}},
		                              .category = {25, 12, 40, 16},
		                              .words = words,
		                              .word_count = 2,
		                              .state = i + 1 < NEWS ? FEATURE_ORIGINAL : FEATURE_TEXT_ONLY};
		struct image card = {CARD_WIDTH, CARD_HEIGHT, xmalloc((size_t)CARD_WIDTH * CARD_HEIGHT * 3)};
		for (int k = 0; k < CARD_WIDTH * CARD_HEIGHT * 3; k++)
			card.data[k] = (uint8_t)((unsigned)k * 2654435761U * (i + 1) >> 13);
		uint8_t *png;
		size_t n;
		char *name = path_printf("%s.png", news.news[i].id), *path = path_printf("%s/cards/%s", data, name);
		assert_int_equal(image_encode_png(&card, 3, &png, &n), ST_OK);
		/* The first two in a shard, the others as files. */
		if (i < 2)
			assert_int_equal(tar_add(shard, name, png, n), ST_OK);
		else
			assert_int_equal(file_write(path, png, n), ST_OK);
		free(name);
		free(path);
		free(png);
		image_release(&card);
	}
	assert_int_equal(tar_commit(shard), ST_OK);
	const struct boxes_info info = {"im-mind", "fonts", "render", 4096};
	assert_int_equal(boxes_write(data, &info, 0, "digest", &news, 0, rows, NEWS), ST_OK);
	catalog_close(&news);
}

static int set_up(void **state)
{
	if (scratch_make(state) != 0 || image_start("test_report") != ST_OK)
		return 1;
	scratch_text("data/catalog.tsv", "N1\tnews\tworld\t" HOSTILE "\t\thttp://a.test/1\t[]\t[]\n"
	                                 "N2\tnews\tworld\tSecond\t\thttp://a.test/2\t[]\t[]\n"
	                                 "N3\tsports\tgolf\tThird\t\thttp://a.test/3\t[]\t[]\n"
	                                 "N4\t<b>odd</b>\tx\tFourth\t\thttp://a.test/4\t[]\t[]\n"
	                                 "N5\tsports\tgolf\tFifth\t\thttp://a.test/5\t[]\t[]\n");
	scratch_text("data/catalog.json",
	             "{\"news\":5,\"users\":1234,\"clicks_train\":7,\"clicks_dev\":2,\"program\":\"coverline 0\"}");
	scratch_text("data/crawl.json",
	             "{\"news\":5,\"image_rate\":0.8,\"failed\":1,\"failed_not_image\":1,\"failed_gone\":0}");
	put_impressions();
	scratch_text(
		"runs/good/config.ini",
		"[model]\n; which\nname = nrms\n[train]\nseed = 1 ; luck\nepochs = 2\n[data]\ndev = behaviors/dev.tsv\n");
	scratch_text("runs/good/log.jsonl",
	             "{\"step\":1,\"epoch\":1,\"loss\":1.5}\n{\"step\":2,\"epoch\":1,\"loss\":1.25}\n"
	             "{\"epoch\":1,\"dev_auc\":0.6}\n{\"epoch\":2,\"dev_auc\":0.7,\"best\":true}\n{\"step\":3,");
	scratch_text("runs/<bad>/config.ini", "[model]\nname = nrms\n[train]\nseed = 2\nepochs = 2\n");
	scratch_text("runs/<bad>/log.jsonl", "{\"step\":1,\"epoch\":1,\"loss\":1.75}\n{\"epoch\":1,\"auc\":0.5}\n");
	put_cards(scratch_path("data"));
	return 0;
}

static int tear_down(void **state)
{
	image_stop();
	xmlCleanupParser();
	return scratch_remove(state);
}

static void make_report(struct strbuf *page, int64_t cards)
{
	const char *out = scratch_path("out"), *index = scratch_path("out/index.html");
	const char *good = scratch_path("runs/good/"), *bad = scratch_path("runs/<bad>");
	const char *runs[] = {good, bad};
	const struct report_options o = {
		.out = out, .runs = runs, .run_count = 2, .cards = cards, .seed = 1, .arguments = "report <x>"};
	assert_int_equal(report_write(&o), ST_OK);
	scratch_holds("out", "index.html plots tables");
	strbuf_init(page, 1 << 24);
	assert_int_equal(file_read(index, page), ST_OK);
}

/* Parsing ---------------------------------------------------------------------------------------------------------- */

struct census {
	int errors;
	char first_error[256];
	int scripts, images, boxes, none_boxes, checkboxes, foreign, tables, bold;
	bool hostile_alt;
};

static void on_error(void *context, xmlErrorPtr error)
{
	struct census *c = context;
	if (error->code == UNKNOWN_TAG)
		return;
	if (c->errors++ == 0)
		snprintf(c->first_error, sizeof c->first_error, "line %d: %s", error->line, error->message);
}

static bool attribute_is(xmlNodePtr node, const char *name, const char *expected)
{
	xmlChar *value = xmlGetProp(node, BAD_CAST name);
	const bool same = value && strcmp((const char *)value, expected) == 0;
	xmlFree(value);
	return same;
}

/* Anything that a browser would fetch, or run. */
static bool foreign_attribute(const xmlAttr *a)
{
	const char *name = (const char *)a->name;
	xmlChar *value = xmlNodeListGetString(a->doc, a->children, 1);
	const char *v = value ? (const char *)value : "";
	bool foreign = strncmp(name, "on", 2) == 0;
	if (strcmp(name, "src") == 0)
		foreign = strncmp(v, "data:image/", 11) != 0;
	if (strcmp(name, "href") == 0 || strcmp(name, "srcset") == 0)
		foreign = v[0] != '#';
	xmlFree(value);
	return foreign;
}

static void take_census(xmlNodePtr node, struct census *c)
{
	for (; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		const char *name = (const char *)node->name;
		c->scripts += strcmp(name, "script") == 0 || strcmp(name, "link") == 0 || strcmp(name, "iframe") == 0;
		c->images += strcmp(name, "img") == 0;
		c->boxes += strcmp(name, "rect") == 0 && attribute_is(node->parent, "class", "boxes");
		c->none_boxes += strcmp(name, "rect") == 0 && attribute_is(node, "class", "b-cover none");
		c->checkboxes += strcmp(name, "input") == 0;
		c->tables += strcmp(name, "table") == 0;
		c->bold += strcmp(name, "strong") == 0 && strcmp((const char *)node->parent->name, "td") == 0;
		c->hostile_alt = c->hostile_alt || (strcmp(name, "img") == 0 && attribute_is(node, "alt", HOSTILE));
		for (const xmlAttr *a = node->properties; a; a = a->next)
			c->foreign += foreign_attribute(a);
		take_census(node->children, c);
	}
}

static void test_page(void **state)
{
	(void)state;
	struct strbuf page;
	struct census c = {0};
	make_report(&page, NEWS);
	xmlSetStructuredErrorFunc(&c, (xmlStructuredErrorFunc)on_error);
	htmlDocPtr doc = htmlReadMemory(page.data, (int)page.len, NULL, "utf-8", HTML_PARSE_NONET);
	xmlSetStructuredErrorFunc(NULL, NULL);
	assert_non_null(doc);
	take_census(xmlDocGetRootElement(doc), &c);
	xmlFreeDoc(doc);
	assert_string_equal(c.first_error, "");
	assert_int_equal(c.errors, 0);
	/* The page's own. */
	assert_int_equal(c.scripts, 1);
	assert_int_equal(c.foreign, 0);
	/* Each card has a box for cover, line and category and two for words. */
	assert_int_equal(c.images, NEWS);
	assert_int_equal(c.boxes, NEWS * 5);
	assert_int_equal(c.none_boxes, 1);
	assert_true(c.hostile_alt);
	assert_int_equal(c.checkboxes, 4);
	assert_true(c.tables >= 7);
	/* The good run's lead, in each of the four metrics. */
	assert_int_equal(c.bold, 4);
	strbuf_release(&page);
}

static void assert_has(const struct strbuf *page, const char *part)
{
	if (!strstr(page->data, part))
		fail_msg("the page lacks: %s", part);
}

static void test_contents(void **state)
{
	(void)state;
	struct strbuf page;
	make_report(&page, 2);
	assert_has(&page, "<title>Coverline report: good, &lt;bad&gt;</title>");
	assert_has(&page, "2 runs on 5 news, compared on 6 impressions.");
	assert_has(&page, "<td><strong>1.0000</strong></td>");
	assert_has(&page, "<dt>users</dt><dd>1,234</dd>");
	assert_has(&page, "<dt>image rate</dt><dd>80.00 %</dd>");
	assert_has(&page, "<th scope=\"row\">clicks</th><td>7</td><td>2</td><td>–</td>");
	assert_has(&page, "<th scope=\"row\">not image</th><td>1</td><td>100.0 %</td>");
	assert_has(&page, "<th scope=\"row\">train.seed</th><td class=\"text\">1</td><td class=\"text\">2</td>");
	assert_has(&page, "&lt;b&gt;odd&lt;/b&gt;</th><td>1</td>");
	assert_has(&page, "2: <b>0.7000</b>");
	assert_has(&page, "report &lt;x&gt;");
	/* A choice of two has the one card without an image among them. */
	assert_has(&page, "N5 · sports · no image</figcaption>");
	const char *script = strstr(page.data, "<script");
	assert_non_null(script);
	assert_null(strstr(script + 1, "<script"));
	assert_null(strstr(page.data, "train.epochs</th>"));
	strbuf_release(&page);
}

static void test_same_bytes(void **state)
{
	(void)state;
	struct strbuf first, second;
	make_report(&first, 3);
	make_report(&second, 3);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	strbuf_release(&first);
	strbuf_release(&second);
}

static void test_refusals(void **state)
{
	(void)state;
	const char *out = scratch_path("out"), *data = scratch_path("data"), *good = scratch_path("runs/good"),
			   *log = scratch_path("runs/good/log.jsonl");
	const char *runs[] = {good}, *not_runs[] = {data};
	struct report_options o = {.runs = runs, .run_count = 1, .cards = 1};
	assert_int_equal(report_write(&o), ST_USAGE);
	o = (struct report_options){.out = out};
	assert_int_equal(report_write(&o), ST_USAGE);
	o = (struct report_options){.out = out, .runs = not_runs, .run_count = 1};
	assert_int_equal(report_write(&o), ST_FAILED);
	assert_non_null(strstr(status_message(), "there is no run here"));
	struct strbuf kept;
	strbuf_init(&kept, 4096);
	assert_int_equal(file_read(log, &kept), ST_OK);
	scratch_text("runs/good/log.jsonl", "{\"step\":1,\"loss\":1}\nloss 2\n");
	o = (struct report_options){.out = out, .runs = runs, .run_count = 1};
	assert_int_equal(report_write(&o), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "runs/good/log.jsonl:2: expected a JSON object"));
	scratch_text("runs/good/log.jsonl", kept.data);
	strbuf_release(&kept);
}

static void test_run_files(void **state)
{
	(void)state;
	const char *good = scratch_path("runs/good");
	struct run_files r = {0};
	assert_int_equal(run_files_open(&r, good), ST_OK);
	assert_string_equal(r.name, "good");
	assert_int_equal(r.setting_count, 4);
	assert_string_equal(run_files_setting(&r, "train.seed"), "1");
	assert_null(run_files_setting(&r, "train.which"));
	assert_int_equal(r.loss.n, 2);
	assert_float_equal(r.loss.y[1], 1.25, 0);
	assert_int_equal(r.auc.n, 2);
	assert_int_equal(r.best_epoch, 2);
	assert_false(r.evaluated);
	struct curve thin = {0};
	curve_thin(&r.loss, 2, &thin);
	assert_int_equal(thin.n, 1);
	assert_float_equal(thin.x[0], 2, 0);
	assert_float_equal(thin.y[0], 1.375, 1e-12);
	curve_release(&thin);
	run_files_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),     cmocka_unit_test(test_contents),  cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_run_files),
	};
	return cmocka_run_group_tests_name("report", tests, set_up, tear_down);
}
