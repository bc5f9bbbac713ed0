/* verify: whether a DATA folder, and runs on it, are as the stages made them.
 *
 * What is held against what:
 *   catalog.tsv, behaviors/SPLIT.tsv   their SHA-256 and counts in catalog.json; every id of an impression is in the catalogue
 *   images                             file_sha256 and state in crawl.sqlite, covers.tsv; shards of them header by header
 *   originals                          their names, which are their SHA-256; crawl.sqlite
 *   warc                               gzip's checksums and the lengths of records
 *   boxes, features                    the seals of the files (common/h5.h), the catalogue's ids, KIND.h5 its parts
 *   cards                              card_sha256 in the boxes
 *   RUN/checkpoint.h5, best.h5, …      their seals, the catalogue's SHA-256, RUN/config.ini, RUN/log.jsonl
 *   catalog.json, crawl.json, render.json  the counts of what they sum up
 *
 * Each thing that is wrong is one line on stdout, "PATH: what". The rest of a damaged file is not looked at further. */
#ifndef COVERLINE_CRAWL_VERIFY_H
#define COVERLINE_CRAWL_VERIFY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/digest.h"
#include "common/pictures.h"
#include "common/status.h"

struct verify_options {
	const char *data;
	const char *const *runs; /* [run_count] */
	size_t run_count;
	int jobs;
};

/* ST_INTEGRITY if anything is wrong, after all has been looked at. ST_FAILED if data has no catalogue. */
MUST_CHECK enum status verify_run(const struct verify_options *o);

/* Inside --------------------------------------------------------------------------------------------------------------- */

struct verify {
	const struct verify_options *o;
	struct catalog news;
	char catalogue_sha256[DIGEST_HEX];
	uint64_t wrong; /* lines printed */
	uint64_t files; /* held against a digest */
};

/* One thing that is wrong. */
void verify_wrong(struct verify *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A failure of reading as a thing that is wrong, under its own message; passes on what has to end the run. */
MUST_CHECK enum status verify_judge(struct verify *v, enum status st);
/* Holds a file against its SHA-256; *whole tells the outcome. */
MUST_CHECK enum status verify_file(struct verify *v, const char *path, const char *sha256, const char *source,
                                   bool *whole);
/* Checks the seal of an HDF5 file; *whole is false if it is broken or not there, and that has been told. */
MUST_CHECK enum status verify_sealed(struct verify *v, const char *path, bool *whole);
/* DATA/NAME as JSON; NULL if there is none, or it is none (which is told). */
MUST_CHECK enum status verify_summary(struct verify *v, const char *name, json_t **summary);
/* Holds a count of a summary against what was counted; a key that is not there is passed over. */
void verify_count(struct verify *v, const json_t *summary, const char *file, const char *key, uint64_t counted);
/* Every name of a folder that ends in suffix, in order; a folder that is not there has none. */
MUST_CHECK enum status verify_each(struct verify *v, const char *folder, const char *suffix,
                                   enum status (*visit)(struct verify *v, const char *path, void *context),
                                   void *context);

/* A folder of pictures, and what they are held against. */
struct verify_pictures {
	const char *what, *folder;        /* "covers"; "images", in DATA */
	const char *source;               /* that has the digests */
	const char (*sha256)[DIGEST_HEX]; /* [news] "": none is known */
	const char *unknown; /* what is said of those that are there without a digest, their number before it */
};
/* The tars in the folder, and its pictures; nothing where it is not there. */
MUST_CHECK enum status verify_pictures(struct verify *v, const struct verify_pictures *p);
/* A tar as the stages write them: headers' checksums, padding, end. Others, and compressed ones, are wrong. */
MUST_CHECK enum status verify_tar(struct verify *v, const char *path, void *unused);

MUST_CHECK enum status verify_covers(struct verify *v);
MUST_CHECK enum status verify_parts(struct verify *v);
MUST_CHECK enum status verify_runs(struct verify *v);

#endif
