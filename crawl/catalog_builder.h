/* Makes DATA from MIND's splits, or from Amazon's reviews: catalog.tsv, behaviors/SPLIT.tsv, entity_embedding.vec if a
 * split has one, README.txt and, last, catalog.json. */
#ifndef COVERLINE_CRAWL_CATALOG_BUILDER_H
#define COVERLINE_CRAWL_CATALOG_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/leak.h"
#include "common/status.h"
#include "crawl/amazon.h"
#include "crawl/catalog_source.h"

struct split_counts {
	bool present;
	uint64_t impressions, users, candidates, clicks;
	uint64_t empty_histories; /* impressions of readers without a history */
	uint64_t unlabelled;      /* impressions whose candidates are bare ids */
};

/* Pairs of splits, the one that is trained on first. */
enum split_pair { TRAIN_DEV, TRAIN_TEST, DEV_TEST, SPLIT_PAIRS };

struct pair_counts {
	bool present;
	struct leak leak;
	uint64_t users; /* in both */
};

struct catalog_counts {
	uint64_t news, categories, subcategories;
	uint64_t news_without_url;
	uint64_t duplicate_ids;  /* rows passed over, as their id had appeared */
	uint64_t users;          /* over all splits */
	uint64_t entity_vectors; /* lines of DATA/entity_embedding.vec; 0: there is none */
	uint64_t rejected;       /* rows left out in lenient reading */
	struct split_counts split[SPLITS];
	struct amazon_counts amazon;
	struct pair_counts pair[SPLIT_PAIRS];
};

struct catalog_options {
	const char *out;                /* DATA */
	const char *arguments;          /* the command line */
	bool lenient;                   /* leave bad rows out and list them in DATA/catalog-rejected.tsv */
	struct catalog_source *sources; /* [source_count], digested, at most one for each split */
	size_t source_count;
	const struct amazon_source *amazon; /* digested; in place of sources, or NULL */
};

/* The catalogue is the union of the sources' news in the order of sources; the first row of an id wins. Memory grows with news and
 * users only. ST_MALFORMED names file, line and column of the first bad row; ST_PARTIAL if rows were left out. */
MUST_CHECK enum status catalog_build(const struct catalog_options *options);

/* amazon_build.c: the same from options->amazon. */
MUST_CHECK enum status catalog_build_amazon(const struct catalog_options *options);

/* Takes catalog.json away, so that until it is written again nothing says that the folder is whole, and the files of splits that
 * are not given. */
MUST_CHECK enum status catalog_remove_old(const char *out, const bool given[SPLITS]);
/* Logs counts of news, readers and splits. */
void catalog_tell(const struct catalog_counts *counts);

/* The two splits of a pair. */
extern const enum split split_pairs[SPLIT_PAIRS][2];

/* catalog_summary.c: what says what a DATA folder holds. */

/* True if DATA was made by this version from just these sources and options, and its files are as they were made;
 * *rejected then says how many rows had been left out. */
bool catalog_summary_current(const struct catalog_options *options, uint64_t *rejected);
/* Writes README.txt, then catalog.json with the counts and the digests of inputs and outputs. */
MUST_CHECK enum status catalog_summary_write(const struct catalog_options *options,
                                             const struct catalog_counts *counts);

#endif
