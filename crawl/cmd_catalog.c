/* coverline catalog: MIND's folders, or Amazon's reviews, to one catalogue and its behaviors. */
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

static enum status open_amazon(struct amazon_source *a, const struct cli_list *files)
{
	enum status st;

	if (files->count != 2)
		return status_fail(ST_USAGE, "--amazon: expected two files, the reviews and the items' metadata, found %zu",
		                   files->count);
	a->reviews = files->items[0];
	a->meta = files->items[1];
	st = digest_file(a->reviews, a->reviews_sha256);
	return st == ST_OK ? digest_file(a->meta, a->meta_sha256) : st;
}

/* The words after --mind and --amazon. */
struct typed {
	struct cli_list mind, files;
	struct amazon_source amazon;
};

static enum status run(struct catalog_options *o, struct typed *t)
{
	uint64_t rejected = 0;
	enum status st;

	if (!t->mind.count == !t->files.count || !o->out)
		return status_fail(ST_USAGE, "expected --mind DIR… or --amazon REVIEWS META, and --out DATA (see coverline "
		                             "catalog --help)");
	if (t->files.count)
		o->amazon = &t->amazon;
	st = o->amazon ? open_amazon(&t->amazon, &t->files) : open_sources(o, &t->mind);
	if (st != ST_OK)
		return st;
	if (!catalog_summary_current(o, &rejected))
		return o->amazon ? catalog_build_amazon(o) : catalog_build(o);
	log_info("%s is up to date", o->out);
	if (rejected)
		return status_fail(ST_PARTIAL, "%" PRIu64 " rows were left out, listed in %s/catalog-rejected.tsv", rejected,
		                   o->out);
	return ST_OK;
}

int main(int argc, char **argv)
{
	struct catalog_options o = {0};
	struct typed t = {.amazon = {.seed = 1, .max_history = 1000}};
	const struct cli_option options[] = {
		{"mind", CLI_LIST, &t.mind, "DIR",
	     "folders with news.tsv, behaviors.tsv and, for models that read entities, entity_embedding.vec, or zip files "
	     "of them; the name of each has train, dev or test in its last part",
	     0, 0},
		{"amazon", CLI_LIST, &t.files, "FILE",
	     "instead: Amazon's reviews (JSON lines) and the items' metadata (Python literals), either may be .gz", 0, 0},
		{"seed", CLI_INT, &t.amazon.seed, "N", "Amazon: of the items shown beside those reviewed", 0, 9e15},
		{"dev", CLI_FLAG, &t.amazon.dev, NULL,
	     "Amazon: each reader's last review but one goes to behaviors/dev.tsv instead of train.tsv", 0, 0},
		{"max-history", CLI_INT, &t.amazon.max_history, "N", "Amazon: latest items kept of a history; 0: all", 0, 1e9},
		{"out", CLI_STRING, &o.out, "DATA", "the folder to make", 0, 0},
		{"lenient", CLI_FLAG, &o.lenient, NULL,
	     "leave bad rows out, list them in DATA/catalog-rejected.tsv and exit with 10, where they would end the run", 0,
	     0},
		{0},
	};
	struct cli c = {
		.name = "catalog",
		.synopsis = "--mind DIR… | --amazon REVIEWS META --out DATA [--lenient]",
		.summary =
			"Makes DATA/catalog.tsv, the union of the news of MIND's splits, and DATA/behaviors/SPLIT.tsv, all "
			"checked; DATA/catalog.json has counts and digests. The first row of an id wins. Of Amazon's, each review "
			"but a reader's first "
			"is an impression: what was reviewed before, and the item beside one drawn from those never reviewed; a "
			"reader's last is the test split.",
		.options = options,
	};
	enum status st;

	cli_parse(&c, argc, argv);
	o.arguments = c.arguments->data;
	o.sources = xcalloc(t.mind.count + 1, sizeof *o.sources);
	st = run(&o, &t);
	for (size_t i = 0; i < o.source_count; i++)
		source_release(&o.sources[i]);
	free(o.sources);
	c.records_in = o.out;
	return cli_finish(&c, st);
}
