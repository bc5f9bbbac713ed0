/* An evaluation as text for people and as JSON for programs. */
#ifndef COVERLINE_EVAL_RESULTS_H
#define COVERLINE_EVAL_RESULTS_H

#include <jansson.h>

#include "common/status.h"
#include "common/strbuf.h"
#include "eval/evaluation.h"

struct claims;

/* A p value for people: "0.042", "< 0.001"; "-" for NaN. */
void results_p(struct strbuf *out, double p);
/* The same, padded on the left to width characters. */
void results_p_cell(struct strbuf *out, int width, double p);

/* "[+0.0775, +1.0336]", or "-" without an interval, padded to width characters. */
void results_interval(struct strbuf *out, int width, const struct comparison *c);
#define RESULTS_MARKS "by Holm's correction for the number of runs: *** p < 0.001, ** p < 0.01, * p < 0.05"
/* Marks of significance: "***" for p < 0.001, "**" for p < 0.01, "*" for p < 0.05, else "". */
const char *results_marks(double p);

/* Aligned lines, one a run; for two and more with the paired difference of AUC to the first, its standard error, 95 %
 * interval, t and p; then a second table of pooled AUC, per-user AUC and first-hit MRR. names [run_count]. */
void results_table(const struct evaluation *e, char *const *names, struct strbuf *out);

/* JSON of a number, null unless it is finite, and of a text, made fit to print. */
json_t *results_number(double v);
json_t *results_text(const char *s);
/* Sets o's BEFOREmetricAFTER, "delta_auc_low". */
void results_set(json_t *o, const char *before, enum metric m, const char *after, double v);

/* One object for one run, an array of objects for several, those of results_seeds_json and of claims_json after them.
 * Keys: name, predictions, auc, mrr, ndcg5, ndcg10, pooled_auc, user_auc, first_hit_mrr, users, users_skipped,
 * impressions, skipped, skipped_no_click, skipped_only_clicks, skipped_unlabelled; from the second run on base (the
 * first one's name), and for each metric delta_KEY, delta_KEY_error, delta_KEY_low, delta_KEY_high; t and p are of AUC.
 * What is undefined is null. */
MUST_CHECK enum status results_json(const struct evaluation *e, const struct claims *claims, char *const *names,
                                    const char *const *predictions, struct strbuf *out);

/* After the table: for each grouping a line a group and run; with no impressions at all, a group is left out. */
void results_groups_table(const struct evaluation *e, char *const *names, struct strbuf *out);
/* {"seen": {"seen user": {auc, mrr, ndcg5, ndcg10, impressions, skipped, skipped_no_click, …}, …}, …}: what results_json
 * has under "groups" where there are any. The caller owns it. */
json_t *results_groups_json(const struct evaluation *e, size_t run);
/* Tab-separated: name, grouping, group, auc, mrr, ndcg5, ndcg10, impressions, skipped. */
void results_groups_tsv(const struct evaluation *e, char *const *names, struct strbuf *out);

/* p of each run's AUC against the first, by Holm's correction for their number: [run_count], NaN for the first. The caller
 * frees. */
double *results_corrected_p(const struct evaluation *e);
/* After the table: AUC's bootstrap intervals, and of the differences to the first intervals and p by every test with Holm's
 * correction for the number of runs. Nothing for one run without a bootstrap. */
void results_certainty_table(const struct evaluation *e, char *const *names, struct strbuf *out);
/* Adds to a run's object p_holm and effect (of AUC, from the second run on), and with a bootstrap for each metric
 * KEY_bootstrap_low and _high, KEY_bootstrap_users_low and _high, the same with delta_ before it and then _p as well. */
void results_certainty_json(const struct evaluation *e, size_t run, json_t *o);

/* After the table: log-loss, calibration error and the ten bins of each run; nothing without scores. */
void results_calibration_table(const struct evaluation *e, char *const *names, struct strbuf *out);
/* Adds to a run's object log_loss, ece, probability ("sigmoid" or "softmax") and reliability: an array of ten
 * {candidates, mean_probability, click_share}; nothing without scores. */
void results_calibration_json(const struct evaluation *e, size_t run, json_t *o);

/* After the table: diversity, novelty, coverage and Gini of the top lists; nothing without lists. */
void results_lists_table(const struct evaluation *e, char *const *names, struct strbuf *out);
/* Adds to a run's object "top": {depth, lists, category_diversity, feature_diversity, novelty, coverage,
 * candidate_coverage, gini}; nothing without lists. */
void results_lists_json(const struct evaluation *e, size_t run, json_t *o);
/* The same as columns, each with a tab before it; empty without lists. */
void results_lists_tsv_head(struct strbuf *out);
void results_lists_tsv(const struct evaluation *e, size_t run, struct strbuf *out);

/* p of each repeated run's AUC against the first, paired by seed, by Holm's correction for their number:
 * [e->seeds.run_count], NaN for the first. The caller frees. */
double *results_seeds_corrected_p(const struct evaluation *e);
/* After the table: each repeated run's mean and deviation over seeds, and the difference of AUC to the first, paired by
 * seed, with Holm's correction for the number of runs and marks of significance; nothing unless a run is repeated. */
void results_seeds_table(const struct evaluation *e, struct strbuf *out);
/* Appends to the array an object a repeated run: name, seeds, for each metric KEY, KEY_deviation, and from the second on
 * base, pairs, p_holm (of AUC), delta_KEY, delta_KEY_error, _low, _high, _p. */
void results_seeds_json(const struct evaluation *e, json_t *array);
/* After results_latex: a tabular of the same; bold only where evaluation_seeds_leader names the run. */
void results_seeds_latex(const struct evaluation *e, struct strbuf *out);

/* A header and one line a run, tab-separated, with the keys of the JSON as column names; an empty field where it has null or
 * nothing. */
void results_tsv(const struct evaluation *e, char *const *names, const char *const *predictions, struct strbuf *out);

/* A tabular for LaTeX with the booktabs package: the four metrics and the paired difference of AUC. The best run of a
 * column is bold only where evaluation_leader names it: a lead within noise is none. */
void results_latex(const struct evaluation *e, char *const *names, struct strbuf *out);

/* Appends s as LaTeX's text mode has it. */
void results_latex_text(struct strbuf *out, const char *s);

#endif
