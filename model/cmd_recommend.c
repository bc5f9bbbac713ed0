/* coverline recommend: the catalogue ranked for one reader. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/arena.h"
#include "common/behaviors.h"
#include "common/cli.h"
#include "common/file.h"
#include "common/log.h"
#include "model/tensor/kernels.h"
#include "model/train/explain.h"
#include "model/train/scorer.h"
#include "model/train/trained.h"
#include "model/train/trainer.h"

#define CLICKS_TOLD 3

struct recommend_options {
	const char *run, *user, *behaviors, *category, *time;
	struct cli_list history;
	int64_t k;
	bool why, seen;
};

/* The reader asked for; clicks are owned. */
struct asked {
	struct reader who;
	uint32_t *clicks;
	size_t count; /* of all clicks; who has the latest that the recommender reads */
};

/* Whom to recommend to ------------------------------------------------------------------------------------------------ */

static void set_clicks(struct asked *a, const uint32_t *clicks, size_t count)
{
	a->clicks = xrealloc(a->clicks, count + 1, sizeof *a->clicks);
	if (count)
		memcpy(a->clicks, clicks, count * sizeof *clicks);
	a->count = count;
}

static enum status clicks_given(struct asked *a, const struct cli_list *ids, const struct catalog *news)
{
	uint32_t *rows = xmalloc((ids->count + 1) * sizeof *rows);
	enum status st = ST_OK;
	for (size_t i = 0; i < ids->count && st == ST_OK; i++) {
		rows[i] = catalog_find(news, ids->items[i], strlen(ids->items[i]));
		if (rows[i] == NEWS_NONE)
			st = status_fail(ST_USAGE, "--history %s: no such news in the catalogue", ids->items[i]);
	}
	if (st == ST_OK)
		set_clicks(a, rows, ids->count);
	free(rows);
	return st;
}

/* The history and time of the user's last line in path; *found is false if there is none. */
static enum status clicks_in(struct asked *a, const char *user, const char *path, const struct catalog *news,
                             bool *found)
{
	struct behaviors file;
	bool more = true;
	*found = false;
	enum status st = behaviors_open(&file, path, news);
	if (st != ST_OK)
		return st;
	while (st == ST_OK && more) {
		const struct impression *m = &file.impression;
		st = behaviors_next(&file, &more);
		if (st != ST_OK || !more || m->user_length != strlen(user) || memcmp(m->user, user, m->user_length) != 0)
			continue;
		set_clicks(a, m->history, m->history_count);
		a->who.time = impression_seconds(m);
		*found = true;
	}
	behaviors_close(&file);
	return st;
}

/* Looks in --behaviors, or in what the run was validated on and then in what it learnt from. */
static enum status clicks_of_user(struct asked *a, const struct recommend_options *o, const struct trained *m,
                                  const char *data)
{
	const char *places[] = {o->behaviors ? o->behaviors : m->settings.dev, o->behaviors ? "" : m->settings.train};
	bool found = false;
	enum status st = ST_OK;
	for (int i = 0; i < 2 && st == ST_OK && !found; i++) {
		if (!*places[i])
			continue;
		char *path = o->behaviors ? xstrdup(places[i]) : data_path(data, places[i]);
		st = clicks_in(a, o->user, path, &m->news, &found);
		free(path);
	}
	if (st == ST_OK && !found)
		st = status_fail(ST_USAGE, "--user %s: not in %s%s%s", o->user, places[0], *places[1] ? " or " : "", places[1]);
	a->who.user = name_table_find(&m->data.readers, o->user, strlen(o->user));
	return st;
}

/* --time, or now, unless the reader's line says when. */
static enum status set_time(struct asked *a, const char *text)
{
	const struct impression at = {.time = text, .time_length = text ? strlen(text) : 0};
	if (text && !impression_time_valid(text, at.time_length))
		return status_fail(ST_USAGE, "--time %s: expected a time like 11/15/2019 8:04:05 AM", text);
	if (text)
		a->who.time = impression_seconds(&at);
	else if (!a->who.time)
		a->who.time = time(NULL);
	return ST_OK;
}

static enum status find_reader(struct asked *a, const struct recommend_options *o, const struct trained *m,
                               const char *data)
{
	enum status st = o->user ? clicks_of_user(a, o, m, data) : clicks_given(a, &o->history, &m->news);
	if (st == ST_OK)
		st = set_time(a, o->time);
	if (st != ST_OK)
		return st;
	const size_t most = (size_t)m->settings.history, dropped = a->count > most ? a->count - most : 0;
	a->who.clicks = a->clicks + dropped;
	a->who.count = a->count - dropped;
	return ST_OK;
}

/* Ranking ------------------------------------------------------------------------------------------------------------- */

static bool is_candidate(const struct recommend_options *o, const struct asked *a, const struct catalog *news,
                         uint32_t row)
{
	if (o->category && strcmp(news->news[row].category, o->category) != 0)
		return false;
	for (size_t i = 0; i < a->count && !o->seen; i++)
		if (a->clicks[i] == row)
			return false;
	return true;
}

struct place {
	uint32_t row;
	real score;
};

static int best_first(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static enum status rank(struct scorer *s, const struct recommend_options *o, const struct asked *a, struct place **best,
                        size_t *count)
{
	const struct catalog *news = s->data->news;
	uint32_t *row = xmalloc(((size_t)news->count + 1) * sizeof *row);
	size_t n = 0;
	for (uint32_t i = 0; i < news->count; i++)
		if (is_candidate(o, a, news, i))
			row[n++] = i;
	real *score = xmalloc((n + 1) * sizeof *score);
	*best = xmalloc((n + 1) * sizeof **best);
	enum status st = scorer_score(s, &a->who, row, n, score);
	for (size_t i = 0; i < n && st == ST_OK; i++)
		(*best)[i] = (struct place){row[i], score[i]};
	if (st == ST_OK && n)
		qsort(*best, n, sizeof **best, best_first);
	*count = n;
	free(row);
	free(score);
	return st;
}

/* Telling ------------------------------------------------------------------------------------------------------------- */

static enum status tell_clicks(struct scorer *s, const struct asked *a, uint32_t candidate)
{
	const size_t n = a->who.count;
	real *fall = xmalloc((n + 1) * sizeof *fall);
	enum status st = explain_clicks(s, &a->who, candidate, fall);
	for (int told = 0; told < CLICKS_TOLD && st == ST_OK; told++) {
		size_t most = n;
		for (size_t i = 0; i < n; i++)
			if (fall[i] != 0 && (most == n || fall[i] > fall[most]))
				most = i;
		if (most == n)
			break;
		const struct news *click = &s->data->news->news[a->who.clicks[most]];
		printf("\tclick\t%+.4f\t%s\t%s\n", (double)fall[most], click->id, click->title);
		fall[most] = 0;
	}
	free(fall);
	return st;
}

static enum status tell_parts(struct scorer *s, struct trained *m, const struct asked *a, uint32_t candidate)
{
	static const char *const names[NEWS_PARTS] = NEWS_PART_NAMES;
	real fall[NEWS_PARTS] = {0};
	enum status st = explain_parts(s, &m->data, &a->who, candidate, fall);
	for (int told = 0; told < NEWS_PARTS && st == ST_OK; told++) {
		int most = -1;
		for (int p = 0; p < NEWS_PARTS; p++)
			if (fall[p] != 0 && (most < 0 || fall[p] > fall[most]))
				most = p;
		if (most < 0)
			break;
		printf("\tpart\t%+.4f\t%s\n", (double)fall[most], names[most]);
		fall[most] = 0;
	}
	return st;
}

static enum status tell(struct scorer *s, struct trained *m, const struct recommend_options *o, const struct asked *a,
                        const struct place *best, size_t count)
{
	enum status st = ST_OK;
	printf("# %s: the best of %zu news after %zu clicks%s%s\n", m->settings.model, count, a->who.count,
	       o->user ? " of " : "", o->user ? o->user : "");
	if (o->why)
		printf("# under each, by leave-one-out: how much its score falls without a click of the reader, or without a "
		       "part of "
		       "the news\n");
	for (size_t i = 0; i < count && i < (size_t)o->k && st == ST_OK; i++) {
		const struct news *n = &m->news.news[best[i].row];
		printf("%zu\t%.6g\t%s\t%s\t%s\n", i + 1, (double)best[i].score, n->id, n->category, n->title);
		if (o->why)
			st = tell_clicks(s, a, best[i].row);
		if (o->why && st == ST_OK)
			st = tell_parts(s, m, a, best[i].row);
	}
	if (st == ST_OK && fflush(stdout) != 0)
		st = status_errno("standard output");
	return st;
}

static enum status recommend(struct trained *m, const struct recommend_options *o, const char *data)
{
	struct asked a = {.count = 0};
	struct scorer scorer;
	struct place *best = NULL;
	size_t count = 0;
	scorer_init(&scorer, m->r, &m->data, m->settings.history);
	enum status st = find_reader(&a, o, m, data);
	if (st == ST_OK)
		st = scorer_encode(&scorer, NULL);
	if (st == ST_OK)
		st = rank(&scorer, o, &a, &best, &count);
	if (st == ST_OK)
		st = tell(&scorer, m, o, &a, best, count);
	scorer_release(&scorer);
	free(best);
	free(a.clicks);
	return st;
}

static enum status run(const struct cli *c, const struct recommend_options *o)
{
	if (!o->run || !o->user == !o->history.count)
		return status_fail(ST_USAGE, "recommend needs --run RUN, and --user U or --history IDS (see --help)");
	kernels_set_threads(c->jobs);
	struct trained m = {0};
	enum status st = trained_open(&m, c->operands[0], o->run);
	if (st == ST_OK)
		st = recommend(&m, o, c->operands[0]);
	trained_close(&m);
	return st;
}

int main(int argc, char **argv)
{
	struct recommend_options o = {.k = 10};
	const struct cli_option options[] = {
		{"run", CLI_STRING, &o.run, "RUN", "A trained run: its config.ini and best.h5 are read.", 0, 0},
		{"user", CLI_STRING, &o.user, "U", "The reader, whose clicks are the history of their last impression.", 0, 0},
		{"behaviors", CLI_STRING, &o.behaviors, "FILE",
	     "Where --user is looked for; without it in what the run was validated on, then in what it learnt from.", 0, 0},
		{"history", CLI_LIST, &o.history, "ID", "Instead of --user: the clicks, oldest first.", 0, 0},
		{"time", CLI_STRING, &o.time, "TIME",
	     "When, as behaviors files write it (\"11/15/2019 8:04:05 AM\"), for models that read the hour and how often a "
	     "news was clicked by then. Without it the time of --user's last impression, or with --history now.",
	     0, 0},
		{"k", CLI_INT, &o.k, "N", "How many to print.", 1, 1e6},
		{"category", CLI_STRING, &o.category, "NAME", "Only news of that category.", 0, 0},
		{"seen", CLI_FLAG, &o.seen, NULL, "Rank the reader's own clicks too.", 0, 0},
		{"why", CLI_FLAG, &o.why, NULL,
	     "Under each, what weighs most: the score's fall without a click, and without a part of the news "
	     "(leave-one-out).",
	     0, 0},
		{0},
	};
	struct cli c = {
		.name = "recommend",
		.synopsis = "DATA --run RUN --user U | --history ID… [options]",
		.summary = "Ranks the catalogue for one reader. Prints rank, score, id, category and title, with tabs between.",
		.options = options,
		.operands_min = 1,
		.operands_max = 1,
	};
	cli_parse(&c, argc, argv);
	return cli_finish(&c, run(&c, &o));
}
