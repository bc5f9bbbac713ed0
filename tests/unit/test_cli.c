/* Command lines and logs: each case is a program of its own, whose output and exit code are compared. */
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/cli.h"
#include "common/log.h"
#include "common/strbuf.h"
#include "tests/support/scratch.h"

#define ARGS_MAX 16

static struct {
	char text[16384]; /* stdout and stderr together */
	int code;         /* exit code, or -signal */
} got;

/* What the programs under test do once their command line is taken. */
typedef enum status action(struct cli *c);

/* The program under test prints all that it was given. */
static enum status print_all(struct cli *c)
{
	printf("jobs=%d shard=%d/%d operands:", c->jobs, c->shard_index, c->shard_count);
	for (int i = 0; i < c->operand_count; i++)
		printf(" [%s]", c->operands[i]);
	printf("\n%s\n", c->arguments->data);
	return ST_OK;
}

static int program(int argc, char **argv, action *act)
{
	bool flag = false;
	const char *name = NULL;
	int64_t count = 5;
	double rate = 0.5;
	struct cli_list list = {0};
	const struct cli_option options[] = {
		{"flag", CLI_FLAG, &flag, NULL, "a flag", 0, 0},
		{"name", CLI_STRING, &name, "NAME", "a name", 0, 0},
		{NULL, CLI_HELP, NULL, NULL, "Numbers:", 0, 0},
		{0},
	};
	const struct cli_option more[] = {
		options[0],
		options[1],
		{"", CLI_HELP, NULL, NULL, "Numbers:", 0, 0},
		{"count", CLI_INT, &count, "N", "a whole number that has a long explanation, so long that it takes two lines",
	     1, 10},
		{"rate", CLI_REAL, &rate, "R", "a number", 0, 0},
		{"a-list-with-a-long-name", CLI_LIST, &list, "X", "words", 0, 0},
		{0},
	};
	struct cli c = {.name = "try",
	                .synopsis = "DATA [options]",
	                .summary = "Tries things.",
	                .options = more,
	                .operands_min = 1,
	                .operands_max = 3};
	enum status st;

	cli_parse(&c, argc, argv);
	printf("flag=%d name=%s count=%d rate=%g list:", flag, name ? name : "-", (int)count, rate);
	for (size_t i = 0; i < list.count; i++)
		printf(" [%s]", list.items[i]);
	printf("\n");
	st = act(&c);
	return cli_finish(&c, st);
}

/* Runs the program with words, which are separated by "|". */
static void run_action(const char *words, action *act)
{
	char copy[1024], *argv[ARGS_MAX + 1] = {(char[]){"/x/coverline-try"}}, *rest = copy;
	int argc = 1, output[2];
	size_t n = 0;
	ssize_t k;
	pid_t child;

	snprintf(copy, sizeof copy, "%s", words);
	while (*words && rest && argc < ARGS_MAX)
		argv[argc++] = strsep(&rest, "|");
	assert_int_equal(pipe(output), 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		dup2(output[1], STDOUT_FILENO);
		dup2(output[1], STDERR_FILENO);
		close(output[0]);
		close(output[1]);
		exit(program(argc, argv, act));
	}
	close(output[1]);
	while ((k = read(output[0], got.text + n, sizeof got.text - 1 - n)) > 0)
		n += (size_t)k;
	got.text[n] = '\0';
	close(output[0]);
	got.code = child_end(child);
}

static void run(const char *words)
{
	run_action(words, print_all);
}

static void assert_run(const char *words, const char *wanted)
{
	run(words);
	assert_string_equal(got.text, wanted);
	assert_int_equal(got.code, 0);
}

static void assert_usage(const char *words, const char *complaint)
{
	char wanted[512];

	run(words);
	snprintf(wanted, sizeof wanted, "coverline try: error: %s (see coverline try --help)\n", complaint);
	assert_string_equal(got.text, wanted);
	assert_int_equal(got.code, 2);
}

static void options_are_taken(void **state)
{
	(void)state;
	assert_run("D|-j|3",
	           "flag=0 name=- count=5 rate=0.5 list:\njobs=3 shard=0/1 operands: [D]\ncoverline try D -j 3\n");
	assert_run("--name|a b|D|--flag|--count=7|--rate|-1e3|-j2|--|--x",
	           "flag=1 name=a b count=7 rate=-1000 list:\njobs=2 shard=0/1 operands: [D] [--x]\n"
	           "coverline try --name 'a b' D --flag --count=7 --rate -1e3 -j2 -- --x\n");
	assert_run("--a-list-with-a-long-name|a|b|--jobs=1|D|--a-list-with-a-long-name=c|E",
	           "flag=0 name=- count=5 rate=0.5 list: [a] [b] [c]\njobs=1 shard=0/1 operands: [D] [E]\n"
	           "coverline try --a-list-with-a-long-name a b --jobs=1 D --a-list-with-a-long-name=c E\n");
	assert_run("-|--name=|--jobs|1", "flag=0 name= count=5 rate=0.5 list:\njobs=1 shard=0/1 operands: [-]\n"
	                                 "coverline try - --name= --jobs 1\n");
	assert_run("it's|-j1", "flag=0 name=- count=5 rate=0.5 list:\njobs=1 shard=0/1 operands: [it's]\n"
	                       "coverline try 'it'\\''s' -j1\n");
}

static void mistakes_are_told(void **state)
{
	(void)state;
	assert_usage("D|--nome=x", "unknown option --nome");
	assert_usage("D|-x", "unknown option -x");
	assert_usage("D|--name", "--name: expected NAME after it");
	assert_usage("D|--flag=1", "--flag takes no value");
	assert_usage("D|--count|seven", "--count: expected a whole number, found \"seven\"");
	assert_usage("D|--count|11", "--count: expected 1 to 10, found 11");
	assert_usage("D|--count|99999999999999999999", "--count: expected a whole number, found \"99999999999999999999\"");
	assert_usage("D|--rate|inf", "--rate: expected a number, found \"inf\"");
	assert_usage("D|--a-list-with-a-long-name|--flag", "--a-list-with-a-long-name: expected X after it");
	assert_usage("D|-j0", "--jobs: expected 1 to 4096, found 0");
	assert_usage("", "expected: coverline try DATA [options]");
	assert_usage("A|B|C|D", "unexpected word \"D\"");
	assert_usage("D|--shard|2/2", "--shard: share 2 of 2: expected I/N with I from 0 to N-1");
	assert_usage("D|--shard|1", "--shard: expected I/N with I from 0 to N-1, found \"1\"");
	assert_usage("D|--shard|/2", "--shard: expected I/N with I from 0 to N-1, found \"/2\"");
	assert_usage("D|--shard|-1/2", "--shard: expected I/N with I from 0 to N-1, found \"-1/2\"");
}

static void help_is_laid_out(void **state)
{
	(void)state;
	run("--flag|--help|--unknown");
	assert_int_equal(got.code, 0);
	assert_string_equal(got.text, "Usage: coverline try DATA [options]\n\nTries things.\n\nOptions:\n"
	                              "  --flag                  a flag\n"
	                              "  --name NAME             a name\n"
	                              "\nNumbers:\n"
	                              "  --count N               a whole number that has a long explanation, so long\n"
	                              "                          that it takes two lines (default 5)\n"
	                              "  --rate R                a number (default 0.5)\n"
	                              "  --a-list-with-a-long-name X…\n"
	                              "                          words\n"
	                              "\nCommon options:\n"
	                              "  --jobs N                -j N: work in N threads (default: the processors\n"
	                              "                          available)\n"
	                              "  --shard I/N             do share I of N, counted from 0 (default: from a Slurm\n"
	                              "                          array or an MPI launcher, else 0/1)\n"
	                              "  --log-json              log JSON, one object a line\n"
	                              "  --help                  print this text\n"
	                              "  --version               print the version\n");
	run("--version");
	assert_int_equal(got.code, 0);
	assert_string_equal(got.text, "coverline " COVERLINE_VERSION "\n");
}

static void clear_launchers(void)
{
	static const char *const names[] = {"SLURM_ARRAY_TASK_ID",
	                                    "SLURM_ARRAY_TASK_COUNT",
	                                    "SLURM_ARRAY_TASK_MIN",
	                                    "OMPI_COMM_WORLD_RANK",
	                                    "OMPI_COMM_WORLD_SIZE",
	                                    "PMI_RANK",
	                                    "PMI_SIZE"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
}

static int without_launchers(void **state)
{
	(void)state;
	clear_launchers();
	return 0;
}

static void shards_come_from_launchers(void **state)
{
	(void)state;
	setenv("PMI_RANK", "1", 1);
	setenv("PMI_SIZE", "2", 1);
	run("D");
	assert_non_null(strstr(got.text, " shard=1/2 "));
	setenv("OMPI_COMM_WORLD_RANK", "0", 1);
	setenv("OMPI_COMM_WORLD_SIZE", "3", 1);
	run("D");
	assert_non_null(strstr(got.text, " shard=0/3 "));
	setenv("SLURM_ARRAY_TASK_ID", "4", 1);
	setenv("SLURM_ARRAY_TASK_COUNT", "4", 1);
	setenv("SLURM_ARRAY_TASK_MIN", "1", 1);
	run("D");
	assert_non_null(strstr(got.text, " shard=3/4 "));
	run("D|--shard|5/9");
	assert_non_null(strstr(got.text, " shard=5/9 "));
	/* 1,5,9: which share is meant cannot be told. */
	setenv("SLURM_ARRAY_TASK_ID", "9", 1);
	assert_usage("D", "SLURM_ARRAY_TASK_ID: share 8 of 4: expected I/N with I from 0 to N-1");
	clear_launchers();
}

/* Exit codes ------------------------------------------------------------------------------------------------------- */

static enum status fail_partly(struct cli *c)
{
	(void)c;
	return status_fail(ST_PARTIAL, "3 items failed");
}

static enum status fail_integrity(struct cli *c)
{
	(void)c;
	return status_fail(ST_INTEGRITY, "digest differs");
}

static enum status close_stdout(struct cli *c)
{
	(void)c;
	close(STDOUT_FILENO);
	return ST_OK;
}

static enum status terminate(struct cli *c)
{
	(void)c;
	if (cli_interrupted())
		return ST_FAILED;
	raise(SIGTERM);
	return cli_interrupted() ? cli_interrupted_status() : ST_OK;
}

static enum status interrupt(struct cli *c)
{
	(void)c;
	raise(SIGINT);
	return cli_interrupted_status();
}

static enum status interrupt_twice(struct cli *c)
{
	raise(SIGINT);
	raise(SIGTERM);
	return print_all(c);
}

static void outcomes_become_exit_codes(void **state)
{
	(void)state;
	run_action("D", fail_partly);
	assert_int_equal(got.code, 10);
	assert_non_null(strstr(got.text, "coverline try: warning: 3 items failed\n"));
	run_action("D", fail_integrity);
	assert_int_equal(got.code, 11);
	assert_non_null(strstr(got.text, "coverline try: error: digest differs\n"));
	run_action("D", terminate);
	assert_int_equal(got.code, 143);
	assert_non_null(strstr(got.text, "stopped by SIGTERM; the work so far is kept"));
	run_action("D", interrupt);
	assert_int_equal(got.code, 130);
	assert_non_null(strstr(got.text, "stopped by SIGINT"));
	run_action("D", interrupt_twice);
	assert_int_equal(got.code, -SIGTERM);
	run_action("D", close_stdout);
	assert_int_equal(got.code, 1);
	assert_non_null(strstr(got.text, "standard output: cannot write"));
}

/* Logs ------------------------------------------------------------------------------------------------------------- */

static enum status log_all(struct cli *c)
{
	(void)c;
	log_info("plain %d", 1);
	log_warn("quote \" backslash \\ tab \t bell \a");
	log_error("latin \xe9 and \xe2\x82\xac");
	return ST_OK;
}

static void lines_for_people(void **state)
{
	static const char wanted[] = "coverline try: plain 1\n"
								 "coverline try: warning: quote \" backslash \\ tab ? bell ?\n"
								 "coverline try: error: latin \xe9 and \xe2\x82\xac\n";

	(void)state;
	run_action("D", log_all);
	assert_memory_equal(got.text, wanted, sizeof wanted - 1);
}

static void lines_for_machines(void **state)
{
	static const char *const wanted[3][2] = {
		{"info", "plain 1"},
		{"warning", "quote \" backslash \\ tab \t bell \a"},
		{"error", "latin \xef\xbf\xbd and \xe2\x82\xac"},
	};
	char *rest = got.text;

	(void)state;
	run_action("D|--log-json", log_all);
	for (int i = 0; i < 3; i++) {
		json_t *line = json_loads(strsep(&rest, "\n"), 0, NULL);
		const char *time = json_string_value(json_object_get(line, "time"));

		assert_non_null(time);
		assert_int_equal(strlen(time), strlen("2019-11-15T08:04:05.000Z"));
		assert_string_equal(json_string_value(json_object_get(line, "stage")), "try");
		assert_string_equal(json_string_value(json_object_get(line, "level")), wanted[i][0]);
		assert_string_equal(json_string_value(json_object_get(line, "message")), wanted[i][1]);
		json_decref(line);
	}
}

static enum status progress_through(struct cli *c)
{
	(void)c;
	progress_set(3); /* without a job: nothing */
	progress_end();
	progress_start("pages", "pages", 100);
	for (int i = 0; i <= 100; i++)
		progress_set(i);
	progress_end();
	progress_end();
	return ST_OK;
}

static void progress_ends_in_one_line(void **state)
{
	const char *newline;

	(void)state;
	run_action("D", progress_through);
	assert_memory_equal(got.text, "coverline try: pages: 100 pages in 0.", 37);
	newline = strchr(got.text, '\n');
	assert_memory_equal(newline - 9, " pages/s)\n", 10);
	assert_memory_equal(newline + 1, "flag=", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_taken),          cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(help_is_laid_out),           cmocka_unit_test(shards_come_from_launchers),
		cmocka_unit_test(outcomes_become_exit_codes), cmocka_unit_test(lines_for_people),
		cmocka_unit_test(lines_for_machines),         cmocka_unit_test(progress_ends_in_one_line),
	};

	return cmocka_run_group_tests_name("cli", tests, without_launchers, NULL);
}
