/* coverline catalog: MIND's folders to one catalogue and its behaviors. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/log.h"
#include "common/strbuf.h"
#include "crawl/catalog_builder.h"
#include "crawl/catalog_source.h"

static enum status open_sources(struct catalog_options *o, const struct cli_list *operands)
{
	const char *seen[SPLITS] = {NULL};
	enum status st;

	for (size_t i = 0; i < operands->count; i++) {
		struct catalog_source *s = &o->sources[i];

		st = source_open(s, operands->items[i]);
		o->source_count = i + 1;
		if (st != ST_OK)
			return st;
		if (seen[s->split])
			return status_fail(ST_USAGE, "%s and %s: two of %s", seen[s->split], s->operand, split_name(s->split));
		seen[s->split] = s->operand;
		st = source_digest(s);
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

static enum status run(struct catalog_options *o, const struct cli_list *operands)
{
	uint64_t rejected = 0;
	enum status st;

	if (!operands->count || !o->out)
		return status_fail(ST_USAGE, "expected --mind DIR… and --out DATA (see coverline catalog --help)");
	st = open_sources(o, operands);
	if (st != ST_OK)
		return st;
	if (!catalog_summary_current(o, &rejected))
		return catalog_build(o);
	log_info("%s is up to date", o->out);
	if (rejected)
		return status_fail(ST_PARTIAL, "%" PRIu64 " rows were left out, listed in %s/catalog-rejected.tsv", rejected,
		                   o->out);
	return ST_OK;
}

int main(int argc, char **argv)
{
	struct catalog_options o = {0};
	struct cli_list mind = {0};
	const struct cli_option options[] = {
		{"mind", CLI_LIST, &mind, "DIR",
	     "folders with news.tsv and behaviors.tsv, or zip files of the two; the name of each has train, dev or test "
	     "in its last part",
	     0, 0},
		{"out", CLI_STRING, &o.out, "DATA", "the folder to make", 0, 0},
		{"lenient", CLI_FLAG, &o.lenient, NULL,
	     "leave bad rows out, list them in DATA/catalog-rejected.tsv and exit with 10, where they would end the run", 0,
	     0},
		{0},
	};
	struct cli c = {
		.name = "catalog",
		.synopsis = "--mind DIR… --out DATA [--lenient]",
		.summary = "Makes DATA/catalog.tsv, the union of the news of MIND's splits, and DATA/behaviors/SPLIT.tsv, all "
				   "checked; DATA/catalog.json has counts and digests. The first row of an id wins.",
		.options = options,
	};
	enum status st;

	cli_parse(&c, argc, argv);
	o.arguments = c.arguments->data;
	o.sources = xcalloc(mind.count, sizeof *o.sources);
	st = run(&o, &mind);
	for (size_t i = 0; i < o.source_count; i++)
		source_release(&o.sources[i]);
	free(o.sources);
	return cli_finish(&c, st);
}
