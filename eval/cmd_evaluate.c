#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/cli.h"
#include "eval/claims.h"
#include "eval/evaluation.h"
#include "eval/results.h"
#include "eval/text.h"

enum { OUTPUT_MAX = 1 << 28 };

struct options {
	const char *behaviors, *groups, *train, *data, *group_by, *probability, *features;
	struct cli_list predictions, names, scores, claims;
	int64_t bootstrap, seed, top;
	bool json, tsv, latex, over_seeds;
};

static enum status check_options(const struct options *o)
{
	if (!o->behaviors)
		return status_fail(ST_USAGE, "--behaviors FILE is needed: the impressions that were scored");
	if (o->predictions.count == 0)
		return status_fail(ST_USAGE, "--predictions FILE is needed: what score wrote");
	if (o->names.count && o->names.count != o->predictions.count)
		return status_fail(ST_USAGE, "--name: expected one for each of the %zu prediction files, found %zu",
		                   o->predictions.count, o->names.count);
	if (o->scores.count && o->scores.count != o->predictions.count)
		return status_fail(ST_USAGE, "--scores: expected one for each of the %zu prediction files, found %zu",
		                   o->predictions.count, o->scores.count);
	if (strcmp(o->probability, "sigmoid") != 0 && strcmp(o->probability, "softmax") != 0)
		return status_fail(ST_USAGE, "--probability: expected sigmoid or softmax, found \"%s\"", o->probability);
	if (o->top && !o->data)
		return status_fail(ST_USAGE, "--top: --data DATA is needed, whose categories they are");
	if (o->features && !o->top)
		return status_fail(ST_USAGE, "--features: --top N is needed, the depth of the lists");
	if (o->json + o->tsv + o->latex > 1)
		return status_fail(ST_USAGE, "--json, --tsv, --latex: expected at most one of them");
	if (o->latex && (o->groups || o->group_by))
		return status_fail(ST_USAGE, "--latex has no table of groups: --tsv and --json do");
	if (o->over_seeds && (o->json || o->tsv))
		return status_fail(ST_USAGE,
		                   "--over-seeds: --json and --tsv have every repeat; the tables and --latex leave them out");
	if (o->claims.count && (o->tsv || o->latex))
		return status_fail(ST_USAGE, "--claim: --tsv and --latex do not say what holds; the tables and --json do");
	return ST_OK;
}

static void print_tsv(const struct options *o, const struct evaluation *e, char *const *names, struct strbuf *out)
{
	if (e->groups)
		results_groups_tsv(e, names, out);
	else
		results_tsv(e, names, o->predictions.items, out);
}

static void print_latex(const struct options *o, const struct evaluation *e, char *const *names, struct strbuf *out)
{
	if (!o->over_seeds)
		results_latex(e, names, out);
	results_seeds_latex(e, out);
}

static void print_tables(const struct options *o, const struct evaluation *e, const struct claims *claims,
                         char *const *names, struct strbuf *out)
{
	if (!o->over_seeds) {
		results_table(e, names, out);
		results_certainty_table(e, names, out);
	}
	results_seeds_table(e, out);
	claims_table(claims, out);
	results_calibration_table(e, names, out);
	results_lists_table(e, names, out);
	if (e->groups)
		results_groups_table(e, names, out);
}

static enum status print_results(const struct options *o, const struct evaluation *e, const struct claims *claims)
{
	const size_t count = o->predictions.count;
	char **names = xcalloc(count, sizeof *names);
	text_run_names(o->predictions.items, count, names);
	for (size_t i = 0; i < o->names.count; i++) {
		free(names[i]);
		names[i] = xstrdup(o->names.items[i]);
	}
	struct strbuf out;
	strbuf_init(&out, OUTPUT_MAX);
	enum status st = ST_OK;
	if (o->json)
		st = results_json(e, claims, names, o->predictions.items, &out);
	else if (o->tsv)
		print_tsv(o, e, names, &out);
	else if (o->latex)
		print_latex(o, e, names, &out);
	else
		print_tables(o, e, claims, names, &out);
	if (!st)
		st = strbuf_check(&out, "the table");
	if (!st && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0))
		st = status_errno("standard output");
	strbuf_release(&out);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return st;
}

static enum status open_groups(const struct options *o, struct evaluation *e, struct groups *groups,
                               const struct data_files *data)
{
	if (!o->groups && !o->group_by)
		return ST_OK;
	e->groups = groups;
	const struct groups_options options = {o->groups, o->train, o->group_by, o->data ? data : NULL};
	return groups_open(groups, &options);
}

static enum status open_lists(const struct options *o, struct evaluation *e, struct lists *lists,
                              const struct data_files *data)
{
	if (!o->top)
		return ST_OK;
	e->lists = lists;
	const struct lists_options options = {(uint32_t)o->top, data->path, &data->news, o->train, o->features};
	return lists_open(lists, &options);
}

static enum status open_data(const struct options *o, struct evaluation *e, struct data_files *data)
{
	if (!o->data || !(o->groups || o->group_by || o->top))
		return ST_OK;
	enum status st = data_files_open(data, o->data);
	e->news = st ? NULL : &data->news;
	return st;
}

static enum status evaluate(const struct options *o, int jobs)
{
	struct evaluation e = {0};
	struct groups groups = {0};
	struct lists lists = {0};
	struct claims claims = {0};
	struct data_files data = {0};
	struct bootstrap bootstrap = {.replicates = (uint32_t)o->bootstrap, .seed = (uint64_t)o->seed, .workers = jobs};
	if (o->bootstrap)
		e.bootstrap = &bootstrap;
	enum status st = check_options(o);
	e.scores = o->scores.count ? o->scores.items : NULL;
	e.probability = strcmp(o->probability, "softmax") == 0 ? PROBABILITY_SOFTMAX : PROBABILITY_SIGMOID;
	if (!st)
		st = open_data(o, &e, &data);
	if (!st)
		st = open_groups(o, &e, &groups, &data);
	if (!st)
		st = open_lists(o, &e, &lists, &data);
	if (!st)
		st = evaluation_run(&e, o->behaviors, o->predictions.items, o->predictions.count);
	if (!st)
		st = claims_judge(&claims, &e, o->claims.items, o->claims.count);
	if (!st && o->over_seeds && !seeds_repeated(&e.seeds))
		st = status_fail(ST_USAGE, "--over-seeds: expected RUN/seed-N/prediction.txt of a run with two seeds or more");
	if (!st)
		st = print_results(o, &e, &claims);
	if (!st)
		st = claims_check(&claims);
	claims_release(&claims);
	evaluation_release(&e);
	groups_release(&groups);
	lists_release(&lists);
	bootstrap_release(&bootstrap);
	data_files_release(&data);
	return st;
}

int main(int argc, char **argv)
{
	struct options o = {.seed = 1, .probability = "sigmoid"};
	const struct cli_option options[] = {
		{"behaviors", CLI_STRING, &o.behaviors, "FILE",
	     "The impressions with their clicks, as scored: DATA/behaviors/dev.tsv.", 0, 0},
		{"predictions", CLI_LIST, &o.predictions, "FILE",
	     "What score wrote (MIND's submission format); with several, each is compared with the first. Files "
	     "RUN/seed-N/prediction.txt are a run's repeats over seeds.",
	     0, 0},
		{"name", CLI_LIST, &o.names, "NAME",
	     "What the prediction files are called, in their order; otherwise by their folders.", 0, 0},
		{"scores", CLI_LIST, &o.scores, "FILE",
	     "What score --scores wrote, one for each prediction file in their order: log-loss and calibration.", 0, 0},
		{"probability", CLI_STRING, &o.probability, "NAME",
	     "What scores are taken as: sigmoid, each by itself, or softmax over the impression's candidates.", 0, 0},
		{"top", CLI_INT, &o.top, "N",
	     "Diversity, novelty, coverage and Gini of the first N candidates; with --data, and --train for novelty. 0: "
	     "none.",
	     0, LISTS_DEPTH_MAX},
		{"features", CLI_STRING, &o.features, "KIND/COLUMN",
	     "Diversity by these features of DATA too: clip/image, impression/global.", 0, 0},
		{"bootstrap", CLI_INT, &o.bootstrap, "N",
	     "Bootstrap intervals from N replicates, over impressions and over users; 0: none.", 0,
	     BOOTSTRAP_REPLICATES_MAX},
		{"seed", CLI_INT, &o.seed, "N", "Of the bootstrap.", 0, 0},
		{"groups", CLI_STRING, &o.groups, "LIST",
	     "Metrics by group too: of seen, image, state, category, history, hour; seen:image crosses two.", 0, 0},
		{"train", CLI_STRING, &o.train, "FILE", "The training split: whose users are seen, and which news are popular.",
	     0, 0},
		{"data", CLI_STRING, &o.data, "DATA",
	     "The folder whose news were scored: for image, state, category and --top.", 0, 0},
		{"group-by", CLI_STRING, &o.group_by, "FILE",
	     "Groups of your own: a TSV headed impression, user or news, then a name for each column of groups.", 0, 0},
		{"claim", CLI_LIST, &o.claims, "\"RUN > RUN\"",
	     "What is claimed of runs repeated over seeds: A > B, ahead with p < 0.01, or A <= B, not so. One that five "
	     "seeds or more show to be wrong ends with exit code 1. Not with --tsv or --latex.",
	     0, 0},
		{"over-seeds", CLI_FLAG, &o.over_seeds, NULL,
	     "Print the table over seeds, without a line for each repeat; not with --json or --tsv.", 0, 0},
		{"json", CLI_FLAG, &o.json, NULL, "Print JSON: one object, or an array of them for several prediction files.",
	     0, 0},
		{"tsv", CLI_FLAG, &o.tsv, NULL,
	     "Print tab-separated values: a header, and a line a prediction file (and group, with groups).", 0, 0},
		{"latex", CLI_FLAG, &o.latex, NULL,
	     "Print a LaTeX tabular (booktabs); bold only where the lead is beyond noise.", 0, 0},
		{0},
	};
	struct cli c = {
		.name = "evaluate",
		.synopsis = "--behaviors FILE --predictions FILE… [options]",
		.summary = "Prints MIND's official AUC, MRR, nDCG@5 and nDCG@10 of prediction files, and how certain their "
				   "differences are.",
		.options = options,
	};
	cli_parse(&c, argc, argv);
	return cli_finish(&c, evaluate(&o, c.jobs));
}
