/* Metrics apart by group: of readers, of impressions, or of candidates (IMRec table 4 has the model).
 *
 *   seen      whether the training split has the user
 *   image     whether the candidate has an image: as its card was made, or without cards by the images folder
 *   state     where the candidate's image is from: original, archive, substitute, none; likewise, and covers.tsv
 *   category  the candidate's
 *   history   how many news the user had read: 0, 1-5, 6-10, 11-20, 21-50, 51+
 *   hour      of the impression's time, 00 … 23
 *
 * and each column of a user's own file. Two may be crossed: "seen:image". Where candidates are grouped, an impression
 * counts in each of its groups with that group's candidates alone; without a clicked and a not-clicked one among them it
 * is skipped there, and counted as such. */
#ifndef COVERLINE_EVAL_GROUPS_H
#define COVERLINE_EVAL_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "common/behaviors.h"
#include "common/status.h"
#include "eval/data_files.h"
#include "eval/id_table.h"
#include "eval/metrics.h"
#include "eval/predictions.h"

/* One way to tell impressions or candidates apart. */
enum division_kind { DIVISION_USER, DIVISION_IMPRESSION, DIVISION_NEWS, DIVISION_HISTORY, DIVISION_HOUR };
struct division {
	enum division_kind kind;
	char *name;
	struct id_table labels; /* the groups */
	struct id_table keys;   /* user or impression ids */
	uint32_t *group_of;     /* by key, for DIVISION_NEWS by row of the catalogue */
	uint32_t other;         /* the group of ids that are no key */
};

struct group_sums {
	uint64_t kinds[IMPRESSION_KINDS];
	double *sum; /* [run_count * METRIC_COUNT] over those that are IMPRESSION_SCORED; NULL before the first */
};

/* What a table shows: one division, or two crossed. Group i of the first and j of the second is i * second's count + j. */
struct grouping {
	char *name;
	size_t division[2], divisions;
	struct group_sums *groups; /* [group_count] */
	uint32_t group_count;
};

struct groups {
	struct division *divisions;
	size_t division_count;
	struct grouping *groupings;
	size_t grouping_count;
	size_t run_count;
	/* Scratch for one impression. */
	uint32_t *key, *order;
	int8_t *labels;
	size_t size;
};

struct groups_options {
	const char *names;             /* "seen,image,seen:image"; may be NULL */
	const char *train;             /* the training split, for "seen"; may be NULL */
	const char *file;              /* a TSV of groups, see groups_file.h; may be NULL */
	const struct data_files *data; /* for "image", "state", "category" and groups of news; may be NULL */
};

/* ST_USAGE for a name that is unknown or needs what is not given. g is zeroed before, and released by the caller even
 * after a failure. */
MUST_CHECK enum status groups_open(struct groups *g, const struct groups_options *o);
void groups_release(struct groups *g);
/* Adds an impression with run_count predictions of it. Rows of news divisions are those of b's catalogue. */
void groups_add(struct groups *g, const struct impression *im, const struct predictions *p, size_t run_count);

/* "seen, with image" into out. */
void groups_label(const struct groups *g, const struct grouping *of, uint32_t group, struct strbuf *out);
/* Impressions that have a mean here, the other ones, and the mean; NaN where there is no impression. */
uint64_t group_impressions(const struct group_sums *s);
uint64_t group_skipped(const struct group_sums *s);
double group_mean(const struct group_sums *s, size_t run, enum metric m);

#endif
