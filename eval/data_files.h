/* What the stages left in a DATA folder, as far as a report shows it. All but the catalogue may be absent. */
#ifndef COVERLINE_EVAL_DATA_FILES_H
#define COVERLINE_EVAL_DATA_FILES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/status.h"

/* A kind of feature: DATA/features/KIND.h5. */
struct feature_kind {
	char *kind;
	char *network, *weights, *preprocessing, *program; /* "" where the file does not say */
	char *columns;                                     /* "word 15 × 512, word_count" */
	int64_t rows;
};

struct data_files {
	char *path; /* absolute, without links */
	struct catalog news;
	json_t *catalog_json; /* the summaries; NULL where absent */
	json_t *crawl_json, *render_json;
	uint8_t *states;               /* [news.count] enum feature_state of the cards; NULL before render */
	struct feature_kind *features; /* [feature_count], by name */
	size_t feature_count;
};

/* d is zeroed before, and released by the caller even after a failure. */
MUST_CHECK enum status data_files_open(struct data_files *d, const char *path);
void data_files_release(struct data_files *d);

/* The DATA folder of a run, when nobody says which: the nearest folder above the run that has a catalog.tsv, or has a
 * folder "data" that has one. The caller frees; NULL if there is none. */
char *data_files_find(const char *run);

#endif
