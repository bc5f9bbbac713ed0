/* coverline train: a recommender from clicks, news and features. */
#include <stdio.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/file.h"
#include "common/log.h"
#include "model/tensor/kernels.h"
#include "model/train/parameter_count.h"
#include "model/train/trainer.h"

struct train_options {
	const char *config, *out;
	struct cli_list set;
	int64_t repeat;
	double rank_timeout_s;
	bool list;
};

/* With its own settings at their defaults, which are its paper's. */
static void print_size(const char *name)
{
	struct settings s;
	struct recommender *r;
	struct parameter_count n;
	settings_open(&s);
	char *set = path_printf("model.name=%s", name);
	enum status st = config_set(s.keys, set);
	if (st == ST_OK)
		st = config_set(s.keys, "encoder.vocab=" ENCODER_WORDS); /* there need be no files of a network */
	if (st == ST_OK)
		st = config_set(s.keys, "encoder.weights=random:1");
	if (st == ST_OK)
		st = settings_choose(&s, &r);
	if (st == ST_OK)
		st = parameter_count(&s, r, &n);
	if (st == ST_OK)
		printf(";            parameters: %lld, of them %lld in tables that are looked up\n", (long long)n.all,
		       (long long)n.tables);
	else
		printf(";            parameters: %s\n", status_message());
	free(set);
	settings_close(&s);
}

static void print_recommenders(void)
{
	printf("; Recommenders, with the papers they follow, the kinds of features that they can read (coverline extract), "
	       "and their\n"
	       "; parameters at the defaults below for %d words, %d readers, %d categories and %d subcategories, as "
	       "MIND-small has.\n",
	       COUNT_WORDS, COUNT_READERS, COUNT_CATEGORIES, COUNT_SUBCATEGORIES);
	for (const struct recommender_type *const *type = recommender_types; *type; type++) {
		printf("; %-10s %s\n;            kinds:", (*type)->name, (*type)->paper);
		for (const char *const *kind = (*type)->kinds; *kind; kind++)
			printf(" %s", *kind);
		printf("%s\n", *(*type)->kinds ? "" : " none");
		print_size((*type)->name);
	}
}

static enum status print_list(void)
{
	struct settings s;
	struct strbuf keys;
	settings_open(&s);
	strbuf_init(&keys, 1 << 20);
	print_recommenders();
	config_write(s.keys, &keys);
	enum status st = strbuf_check(&keys, "the list of keys");
	if (st == ST_OK && (printf("\n%s", keys.data) < 0 || fflush(stdout) != 0))
		st = status_errno("standard output");
	strbuf_release(&keys);
	settings_close(&s);
	return st;
}

static enum status read_settings(struct settings *s, const struct train_options *o, struct recommender **r)
{
	enum status st = o->config ? config_read(s->keys, o->config) : ST_OK;
	for (size_t i = 0; i < o->set.count && st == ST_OK; i++)
		st = config_set(s->keys, o->set.items[i]);
	return st == ST_OK ? settings_choose(s, r) : st;
}

/* Run number i of --repeat: RUN/seed-S with the seed that is i after the configuration's. Alone, it is RUN itself. */
static enum status run_one(const struct cli *c, const struct train_options *o, int64_t i, struct ranks *ranks)
{
	struct settings s;
	struct recommender *r;
	settings_open(&s);
	enum status st = ranks_agree(ranks, read_settings(&s, o, &r));
	if (st == ST_OK) {
		s.seed += i;
		char *out = o->repeat ? path_printf("%s/seed-%lld", o->out, (long long)s.seed) : xstrdup(o->out);
		if (o->repeat)
			log_info("%s: run %lld of %lld", out, (long long)i + 1, (long long)o->repeat);
		st = ranks_agree(ranks, o->repeat ? file_make_folder(o->out) : ST_OK);
		if (st == ST_OK)
			st = train_run(c->operands[0], out, &s, r, ranks);
		free(out);
	}
	settings_close(&s);
	return st;
}

static enum status run(const struct cli *c, const struct train_options *o, struct ranks *ranks)
{
	if (o->list)
		return print_list();
	enum status st = ST_OK;
	if (c->operand_count != 1 || !o->out)
		st = status_fail(ST_USAGE, "train needs a DATA folder and --out RUN (see --help)");
	st = ranks_agree(ranks, st);
	kernels_set_threads(c->jobs);
	for (int64_t i = 0; i < (o->repeat ? o->repeat : 1) && st == ST_OK; i++)
		st = run_one(c, o, i, ranks);
	return st;
}

int main(int argc, char **argv)
{
	struct train_options o = {.rank_timeout_s = RANKS_TIMEOUT_S};
	struct ranks *ranks = NULL;
	const struct cli_option options[] = {
		{"config", CLI_STRING, &o.config, "FILE", "Settings, as --list prints them; the defaults without it.", 0, 0},
		{"out", CLI_STRING, &o.out, "RUN", "Folder of the run; one that was begun goes on.", 0, 0},
		{"set", CLI_LIST, &o.set, "SECTION.KEY=VALUE", "Overrides a setting of the file; may be repeated.", 0, 0},
		{"repeat", CLI_INT, &o.repeat, "N",
	     "Train N runs, with the seed and the N - 1 after it, into RUN/seed-1, RUN/seed-2 and so on. 0: one, into RUN.",
	     0, 10000},
		{"rank-timeout", CLI_REAL, &o.rank_timeout_s, "S",
	     "Under mpirun or srun (make MPI=1): seconds to wait for other ranks before the job ends; more than a "
	     "validation takes. "
	     "0: for ever.",
	     0, 1e9},
		{"list", CLI_FLAG, &o.list, NULL, "Print the recommenders and every setting with its default, and stop.", 0, 0},
		{0},
	};
	struct cli c = {
		.name = "train",
		.synopsis = "DATA --config FILE --out RUN [options]",
		.summary = "Trains a recommender. Makes RUN/config.ini, RUN/log.jsonl, RUN/checkpoint.h5 and RUN/best.h5.",
		.options = options,
		.operands_min = 0,
		.operands_max = 1,
	};
	cli_parse(&c, argc, argv);
	c.records_in = o.list ? NULL : o.out;
	enum status st = o.list ? ST_OK : ranks_start(&ranks, o.rank_timeout_s);
	if (st == ST_OK)
		st = run(&c, &o, ranks);
	if (ranks_index(ranks) > 0)
		c.records_in = NULL;
	return cli_finish(&c, ranks_stop(ranks, st));
}
