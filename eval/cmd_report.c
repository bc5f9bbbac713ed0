#include "common/cli.h"
#include "common/image.h"
#include "common/strbuf.h"
#include "eval/report.h"

int main(int argc, char **argv)
{
	struct report_options o = {.cards = 24};
	int64_t seed = 1;
	const struct cli_option options[] = {
		{"out", CLI_STRING, &o.out, "DIR", "Where index.html goes.", 0, 0},
		{"data", CLI_STRING, &o.data, "DATA",
	     "The data that the runs stand on; otherwise looked for above the first RUN.", 0, 0},
		{"behaviors", CLI_STRING, &o.behaviors, "FILE",
	     "The impressions that RUN/prediction.txt scores; otherwise the run's data.dev in DATA.", 0, 0},
		{"cards", CLI_INT, &o.cards, "N", "Cards on the contact sheet.", 0, 500},
		{"seed", CLI_INT, &seed, "N", "Chooses the cards.", 0, 9e15},
		{0},
	};
	struct cli c = {
		.name = "report",
		.synopsis = "--out DIR [--data DATA] RUN… [options]",
		.summary = "Makes DIR/index.html, one page that needs nothing beside itself: results, curves, data, cards with "
				   "their boxes.",
		.options = options,
		.operands_min = 0,
		.operands_max = -1,
	};
	cli_parse(&c, argc, argv);
	o.runs = c.operands;
	o.run_count = (size_t)c.operand_count;
	o.seed = (uint64_t)seed;
	o.arguments = c.arguments->data;
	enum status st = image_start("coverline-report");
	if (!st)
		st = report_write(&o);
	image_stop();
	return cli_finish(&c, st);
}
