/* behaviors.tsv: impressions, read in place.
 *
 *   impression_id  user_id  time  history  candidates
 *
 * time is "11/15/2019 8:04:05 AM"; history is space-separated ids, oldest first, and may be empty;
 * candidates are "N1-1 N2-0", or bare ids in a test split: within a line all have a label or none has. An
 * id that itself ends in -0 or -1 cannot stand bare. Impression and user ids look like news ids. The file is
 * memory-mapped and parsed a line at a time: memory does not grow with the number of impressions. */
#ifndef COVERLINE_COMMON_BEHAVIORS_H
#define COVERLINE_COMMON_BEHAVIORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/file.h"
#include "common/status.h"

#define CANDIDATE_UNLABELLED (-1)

/* One line. Text fields point into the map and are not NUL-terminated. Arrays belong to the reader and
 * are overwritten by its next line. */
struct impression {
	const char *id, *user, *time;
	size_t id_length, user_length, time_length;
	uint32_t *history; /* [history_count] rows of the catalogue, oldest first */
	size_t history_count;
	uint32_t *candidates; /* [candidate_count] rows; NEWS_NONE never appears: an unknown id is malformed */
	int8_t *labels;       /* [candidate_count] 1 clicked, 0 shown, CANDIDATE_UNLABELLED in a test split */
	size_t candidate_count;
	size_t clicked_count;
};

struct behaviors {
	struct file_map map;
	const char *path;             /* borrowed */
	const struct catalog *news;   /* borrowed; NULL: rows are not looked up and ids are only checked */
	size_t offset;                /* of the next line, in bytes */
	uint64_t line;                /* of the latest line, from 1 */
	struct impression impression; /* the latest line */
	size_t forgotten;             /* bytes whose memory was given back */
	struct text_span *ids;        /* scratch: a list as it stands in the file */
	size_t ids_size, history_size, candidate_size;
};

/* path and news must outlive b. With news NULL, history and candidates are numbered by position only,
 * which is what evaluation needs. */
MUST_CHECK enum status behaviors_open(struct behaviors *b, const char *path, const struct catalog *news);
void behaviors_close(struct behaviors *b);
/* Parses the next line into b->impression; *more is false at the end. ST_MALFORMED names file, line,
 * column and what was expected. */
MUST_CHECK enum status behaviors_next(struct behaviors *b, bool *more);
/* Parses the line that starts at byte offset (a value that b->offset had before a behaviors_next). Where
 * behaviors_next goes on does not change. */
MUST_CHECK enum status behaviors_at(struct behaviors *b, size_t offset);

/* Whether text is a time as the third column has it. */
bool impression_time_valid(const char *text, size_t length);
/* The impression's time as seconds since 1970, were it UTC. */
int64_t impression_seconds(const struct impression *im);

#endif
