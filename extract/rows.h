/* What kinds have in common whose rows each follow from one news' cover and texts: reading the covers, workers, blocks of
 * rows, shards, and where the time went.
 *
 * A row starts as zeros. Its state is the cover's (common/covers.h), or what the kind makes of it; a cover that is damaged
 * counts as none, is named once in the log, and makes the run end with ST_PARTIAL. */
#ifndef COVERLINE_EXTRACT_ROWS_H
#define COVERLINE_EXTRACT_ROWS_H

#include "common/image.h"
#include "extract/kind.h"

/* Where a row's values go: good until the kind's flush returns. */
struct row {
	void *column[SHARD_COLUMNS_MAX]; /* float * or int32_t *, as the columns' types */
	uint8_t *state;                  /* enum feature_state: the cover's, FEATURE_MISSING without one */
};

struct row_kind {
	const char *method; /* told apart in digests: changes when the same inputs would give other features */
	const char *unit;   /* what the network is given: "pictures" */
	enum kind_reads reads;
	size_t slot_size; /* of what prepare makes of a news; zeroed once, then used again */
	/* Adds the texts that a row follows from. NULL: none. */
	void (*digest)(const struct news *n, struct digest *d);
	/* In a worker. cover is NULL where there is none; its pixels may be taken, and data left NULL. */
	enum status (*prepare)(void *context, const struct news *n, struct image *cover, void *slot);
	void (*release)(void *slot); /* NULL: nothing to free */
	/* In the calling thread, in order: fills the row, at once or until flush. */
	enum status (*add)(void *context, const struct news *n, void *slot, const struct row *row);
	/* Runs what waits. A block of rows, from a multiple of ROWS_BLOCK rows of the part on, always ends with it.
	 * NULL: nothing waits. */
	enum status (*flush)(void *context);
	/* Logs what is left to say once all is done. NULL: nothing. */
	void (*report)(const void *context);
	void (*close)(void *context);
};

#define ROWS_BLOCK 128

/* A network's share of the run, counted by the kind. */
struct network_time {
	double make_s, run_s;
	int64_t items;
};

/* What a kind's open hands over. */
struct row_setup {
	const struct row_kind *kind;
	void *context; /* owned from here on: closed with kind->close */
	const struct shard_column *columns;
	size_t column_count;
	const char *name, *network;
	const char *weights_sha256; /* borrowed while the run is open; NULL: that of the options' weights */
	char *preprocessing;        /* malloc'd, owned from here on; with the method, what options change */
	const struct network_time *time;
};

/* The run that struct kind's functions below take. */
void *rows_open(const struct row_setup *s, const struct extract_options *o, const struct catalog *news);
void rows_close(void *run);
const struct shard_info *rows_info(const void *run);
MUST_CHECK enum status rows_part_inputs(void *run, uint32_t part, char hex[DIGEST_HEX]);
MUST_CHECK enum status rows_make_part(void *run, uint32_t part, const char *inputs_sha256, int64_t done);
MUST_CHECK enum status rows_report(const void *run);

#define ROW_KIND_FUNCTIONS                                                                                             \
	.close = rows_close, .info = rows_info, .part_inputs = rows_part_inputs, .make_part = rows_make_part,              \
	.report = rows_report

#endif
