/* Inside of report: what the page's sections are made from, and the sections. */
#ifndef COVERLINE_EVAL_REPORT_PAGE_H
#define COVERLINE_EVAL_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/pictures.h"
#include "common/strbuf.h"
#include "eval/chart.h"
#include "eval/data_files.h"
#include "eval/evaluation.h"
#include "eval/groups.h"
#include "eval/report.h"
#include "eval/run_files.h"

#define REPORT_BYTES_MAX  10000000
#define REPORT_ROOM       2000000 /* of them, kept from pictures for what follows */
#define RUN_NOT_EVALUATED SIZE_MAX

struct report {
	const struct report_options *o;
	struct run_files *runs; /* [o->run_count] */
	bool has_data;
	struct data_files data;
	char *behaviors;              /* NULL: none, and nothing was evaluated here */
	struct groups groups;         /* of the evaluation */
	struct evaluation evaluation; /* of the runs that have predictions */
	size_t *evaluated;            /* [o->run_count] number of the run in evaluation, or RUN_NOT_EVALUATED */
	struct strbuf page;
};

/* A chart on the page, and its files in out/plots. */
MUST_CHECK enum status report_chart(struct report *r, const struct chart *c);
/* The style sheet, with its <style> element; NULL ends it. */
extern const char *const report_style[];

/* The script, with its <script> element, and its hash as a Content-Security-Policy has it. */
void report_script(struct strbuf *out);
void report_script_hash(struct strbuf *out);

/* A sentence a run on how it compares with the first one; over seeds where runs are repeated. */
void report_verdicts(struct report *r);
/* " [low, high]" in a quiet span; nothing without an interval. */
void report_interval(struct strbuf *p, const struct comparison *c);
/* Loud, if any kind of feature was made with random weights; otherwise nothing. */
void report_warnings(struct report *r);
/* Tables and curves of the runs. */
void report_results(struct report *r);
/* The table over seeds; nothing unless a run is repeated. */
void report_seeds(struct report *r);
/* Published tables beside ours; nothing where nothing was evaluated. */
MUST_CHECK enum status report_published(struct report *r);
MUST_CHECK enum status report_curves(struct report *r);
void report_settings(struct report *r);
/* Counts, coverage, features. */
MUST_CHECK enum status report_data(struct report *r);
/* Our counts beside the papers', and clicks per reader. */
MUST_CHECK enum status report_clicks(struct report *r);
void report_coverage(struct report *r);
MUST_CHECK enum status report_features(struct report *r);
/* What changes of a model's settings do; nothing unless there are two runs of one model. */
MUST_CHECK enum status report_ablations(struct report *r);
/* AUC by group; nothing where nothing was evaluated. */
void report_groups(struct report *r);
/* One impression, ranked by each run; nothing where nothing was evaluated. */
MUST_CHECK enum status report_reader(struct report *r);
/* Statistics of the features' columns, and news that they take for neighbours. */
MUST_CHECK enum status report_neighbours(struct report *r);
/* What runs with an attention.h5 attended to. */
MUST_CHECK enum status report_attention(struct report *r);
/* A card as a data: URI. */
MUST_CHECK enum status report_card_picture(struct strbuf *p, const struct picture_file *card);
/* Time and memory; nothing without logs. */
MUST_CHECK enum status report_stages(struct report *r);
/* The cover of a news as an <img>, or that there is none; pictures may be NULL. */
MUST_CHECK enum status report_thumb(struct report *r, const struct pictures *pictures, uint32_t row, bool *there);
/* The contact sheets. */
MUST_CHECK enum status report_covers(struct report *r);
MUST_CHECK enum status report_cards(struct report *r);
/* Versions, command lines, digests. */
MUST_CHECK enum status report_provenance(struct report *r);

#endif
