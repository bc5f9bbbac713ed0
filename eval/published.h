/* What papers report: eval/published/PAPER.tsv, one number a line, so that ours can stand beside theirs.
 *
 *   where  model  group  data  protocol  metric  value  deviation
 *
 * Tab-separated, with that header. where is the paper's own "table 2"; model the row's name, "data set" for counts; group
 * the part of readers or news or the ablation, empty for the whole; data the data set by name; protocol how it was split
 * and repeated, as far as the paper says; metric a key as in evaluate --json, or what is counted; value a fraction where
 * the paper has per cent; deviation that of the repeats, or empty. */
#ifndef COVERLINE_EVAL_PUBLISHED_H
#define COVERLINE_EVAL_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/status.h"

/* Strings belong to struct published. */
struct published_number {
	const char *paper; /* the file's name: "imrec" */
	const char *where, *model, *group, *data, *protocol, *metric;
	double value, deviation; /* deviation is NaN where there is none */
};

struct published {
	struct published_number *numbers; /* [count] by paper, then as the file has them */
	size_t count, size;
	char **texts; /* [text_count] the files, cut into fields */
	size_t text_count;
};

/* The folder of the tables that come with this program: of the source tree it was built in, or of its installation. The
 * caller frees; NULL if there is none. */
char *published_folder(void);
/* Reads every *.tsv of the folder. p is zeroed before, and released by the caller even after a failure. ST_MALFORMED names
 * file and line: a wrong header or number of columns, an empty where, model, data or metric, a value that is no number. */
MUST_CHECK enum status published_read(struct published *p, const char *folder);
void published_release(struct published *p);
/* Whether a run's model.name is the paper's row: "nrms-im" is "NRMS-IM", "wide-deep" is "Wide&Deep", and some have
 * another name there: "fm" is "LibFM", "nrms-img" is "NRMS+img", and GMMF's "NAML" is "naml-views", as it reads id,
 * picture and text. */
bool published_is(const struct published_number *theirs, const char *model);
/* "MM-Rec" for "mm-rec"; the argument itself for a paper that has no such name. */
const char *published_paper(const char *paper);

#endif
