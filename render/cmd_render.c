/* coverline render: paints the card that a reader saw of each news, and says where everything on it is. */
#include <stdlib.h>

#include "common/catalog.h"
#include "common/cli.h"
#include "common/image.h"
#include "common/log.h"
#include "common/part.h"
#include "common/shard.h"
#include "render/fonts.h"
#include "render/preset.h"
#include "render/render.h"

struct command {
	struct render_options render;
	const char *preset, *title_font, *category_font, *show, *out;
	int64_t part_rows, png_level;
	bool outlines;
};

static enum status find_fonts(struct command *c)
{
	enum status st = font_find(&c->render.title_font, FONT_TITLE, c->title_font);

	if (st == ST_OK)
		st = font_find(&c->render.category_font, FONT_CATEGORY, c->category_font);
	if (st == ST_OK)
		log_info("fonts: %s for titles, %s for categories", c->render.title_font.name, c->render.category_font.name);
	return st;
}

static enum status check(struct command *c, const struct cli *cli)
{
	c->render.preset = preset_find(c->preset);
	if (!c->render.preset)
		return status_fail(ST_USAGE, "--preset %s: expected im-mind or im-mind-code", c->preset);
	if ((c->show != NULL) != (c->out != NULL))
		return status_fail(ST_USAGE, "--show ID and --out FILE go together");
	if (c->outlines && !c->show)
		return status_fail(ST_USAGE, "--boxes goes with --show");
	c->render.data = cli->operands[0];
	c->render.part_rows = (uint64_t)c->part_rows;
	c->render.png_level = (int)c->png_level;
	c->render.jobs = cli->jobs;
	c->render.shard_index = cli->shard_index;
	c->render.shard_count = cli->shard_count;
	return ST_OK;
}

static enum status render_all(const struct render_options *o, const struct catalog *news)
{
	struct render_parts stale = {0};
	enum status st = render_find_stale(o, news, &stale);

	if (st == ST_OK && stale.count == 0)
		log_info("all cards are current");
	else if (st == ST_OK)
		st = render_draw(o, news, &stale);
	if (st == ST_OK)
		st = render_summarise(o, news, &stale);
	render_parts_release(&stale);
	return st;
}

static enum status run(struct command *c, const struct cli *cli)
{
	struct catalog news = {0};
	enum status st = check(c, cli);

	if (st != ST_OK)
		return st;
	st = find_fonts(c);
	if (st == ST_OK)
		st = catalog_open(&news, c->render.data);
	if (st == ST_OK)
		st = image_start("coverline-render");
	if (st == ST_OK) {
		st = c->show ? render_show(&c->render, &news, c->show, c->out, c->outlines) : render_all(&c->render, &news);
		image_stop();
	}
	catalog_close(&news);
	font_release(&c->render.title_font);
	font_release(&c->render.category_font);
	return st;
}

int main(int argc, char **argv)
{
	struct command c = {.preset = "im-mind", .part_rows = SHARD_PART_ROWS, .png_level = 3};
	const struct cli_option options[] = {
		{"preset", CLI_STRING, &c.preset, "NAME",
	     "the card's design: im-mind (615 x 195, the default) or im-mind-code (610 x 195).", 0, 0},
		{"title-font", CLI_STRING, &c.title_font, "FONT",
	     "a font file, or an installed family whose semibold is used; by default the first installed of Segoe UI, "
	     "Selawik, Open Sans.",
	     0, 0},
		{"category-font", CLI_STRING, &c.category_font, "FONT", "likewise for categories, in the regular weight.", 0,
	     0},
		{"no-image", CLI_FLAG, &c.render.no_image, NULL, "leave the cover's area empty on all cards.", 0, 0},
		{"png-level", CLI_INT, &c.png_level, "N", "compression of the cards, 0 to 9.", 0, 9},
		{"part-rows", CLI_INT, &c.part_rows, "N", "news a part of the boxes.", 1, (double)PART_ROWS_MAX},
		{"only", CLI_LIST, &c.render.only, "ID", "just the parts that hold these news.", 0, 0},
		{"show", CLI_STRING, &c.show, "ID", "draw this one card to --out and change nothing else.", 0, 0},
		{"out", CLI_STRING, &c.out, "FILE", "the PNG file for --show.", 0, 0},
		{"boxes", CLI_FLAG, &c.outlines, NULL, "draw the boxes' outlines on it.", 0, 0},
		{0},
	};
	struct cli cli = {.name = "render",
	                  .synopsis = "DATA [options]",
	                  .summary = "Paints the impression card of every news (DATA/cards) and writes where its cover, "
	                             "category, title lines and words are (DATA/boxes).",
	                  .options = options,
	                  .operands_min = 1,
	                  .operands_max = 1};

	cli_parse(&cli, argc, argv);
	return cli_finish(&cli, run(&c, &cli));
}
