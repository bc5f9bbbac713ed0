#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/rng.h"
#include "pipelines/demo/scenes.h"
#include "pipelines/demo/world.h"

/* What a liking adds to a click's logit. At 3, one who knew both likings would rank dev candidates with an AUC of about
 * 0.85, and one who knew the categories only with about 0.72. */
#define LIKING 3.0

static bool liked(const int two[2], int value)
{
	return two[0] == value || two[1] == value;
}

static bool likes_topic(const struct reader *u, const struct story *s)
{
	return liked(u->category, s->category);
}

/* A picture that nobody could see is liked by nobody. */
static bool likes_picture(const struct reader *u, const struct story *s)
{
	return s->fate == COVER_SHOWN && liked(u->scene, s->scene);
}

static void draw_two(struct rng *r, int among, int two[2])
{
	two[0] = (int)rng_below(r, (uint32_t)among);
	two[1] = (two[0] + 1 + (int)rng_below(r, (uint32_t)among - 1)) % among;
}

static bool contains(const uint32_t *items, int count, uint32_t item)
{
	for (int i = 0; i < count; i++)
		if (items[i] == item)
			return true;
	return false;
}

/* Distinct stories out of first … first+among-1 that the reader has not read. */
static void draw_shown(struct rng *r, const struct reader *u, uint32_t first, uint32_t among, struct impression_draw *d)
{
	int wanted = 8 + (int)rng_below(r, WORLD_SHOWN_MAX - 8 + 1);
	d->shown_count = 0;
	while (d->shown_count < wanted) {
		uint32_t story = first + rng_below(r, among);
		if (!contains(d->shown, d->shown_count, story) && !contains(u->history, u->history_count, story))
			d->shown[d->shown_count++] = story;
	}
}

/* Clicks the `clicks` stories of highest logit + Gumbel noise: a draw without replacement from softmax(logit). */
static void draw_clicks(struct rng *r, const struct world *w, const struct reader *u, int clicks,
                        struct impression_draw *d)
{
	double logit[WORLD_SHOWN_MAX];
	for (int i = 0; i < d->shown_count; i++) {
		const struct story *s = &w->stories[d->shown[i]];
		double noise = -log(-log(rng_uniform(r) + 1e-12) + 1e-12);
		logit[i] = LIKING * likes_topic(u, s) + LIKING * likes_picture(u, s) + noise;
		d->clicked[i] = 0;
	}
	for (int k = 0; k < clicks; k++) {
		int best = 0;
		for (int i = 0; i < d->shown_count; i++)
			if (!d->clicked[i] && (d->clicked[best] || logit[i] > logit[best]))
				best = i;
		d->clicked[best] = 1;
	}
}

static void draw_reader(struct world *w, int i)
{
	struct rng r;
	struct reader *u = &w->readers[i];
	rng_init(&r, w->seed, rng_stream("readers") + (uint64_t)i);
	snprintf(u->id, sizeof(u->id), "U%d", 10000 + i * 7 + (int)rng_below(&r, 7));
	draw_two(&r, CATEGORY_COUNT, u->category);
	draw_two(&r, SCENE_COUNT, u->scene);
	int wanted = 10 + (int)rng_below(&r, WORLD_HISTORY_MAX - 10 + 1);
	while (u->history_count < wanted) {
		struct impression_draw d;
		draw_shown(&r, u, 0, WORLD_OLD_NEWS, &d);
		draw_clicks(&r, w, u, 1, &d);
		for (int k = 0; k < d.shown_count; k++)
			if (d.clicked[k])
				u->history[u->history_count++] = d.shown[k];
	}
}

static void draw_impression(struct rng *r, const struct world *w, uint32_t reader, uint32_t first, uint32_t among,
                            struct impression_draw *d)
{
	d->reader = reader;
	draw_shown(r, &w->readers[reader], first, among, d);
	draw_clicks(r, w, &w->readers[reader], rng_below(r, 4) ? 1 : 2, d);
}

void readers_draw(struct world *w)
{
	struct rng r;
	w->readers = xcalloc(WORLD_READERS, sizeof(*w->readers));
	w->train = xcalloc(WORLD_TRAIN, sizeof(*w->train));
	w->dev = xcalloc(WORLD_DEV, sizeof(*w->dev));
	for (int i = 0; i < WORLD_READERS; i++)
		draw_reader(w, i);

	uint32_t *who = xmalloc(WORLD_TRAIN * sizeof(*who));
	rng_init(&r, w->seed, rng_stream("train"));
	for (uint32_t i = 0; i < WORLD_TRAIN; i++)
		who[i] = i % WORLD_SEEN;
	rng_shuffle(&r, who, WORLD_TRAIN);
	for (int i = 0; i < WORLD_TRAIN; i++)
		draw_impression(&r, w, who[i], 0, WORLD_OLD_NEWS, &w->train[i]);
	free(who);

	rng_init(&r, w->seed, rng_stream("dev"));
	for (int i = 0; i < WORLD_DEV; i++) {
		uint32_t reader =
			rng_below(&r, 10) ? rng_below(&r, WORLD_SEEN) : WORLD_SEEN + rng_below(&r, WORLD_READERS - WORLD_SEEN);
		draw_impression(&r, w, reader, WORLD_OLD_NEWS, WORLD_NEWS - WORLD_OLD_NEWS, &w->dev[i]);
	}
}

/* AUC of one impression: the share of (clicked, passed over) pairs in the right order, ties one half. */
static double impression_auc(const struct impression_draw *d, const int *score)
{
	double right = 0;
	int pairs = 0;
	for (int i = 0; i < d->shown_count; i++) {
		for (int k = 0; k < d->shown_count; k++) {
			if (!d->clicked[i] || d->clicked[k])
				continue;
			right += score[i] > score[k] ? 1 : score[i] == score[k] ? 0.5 : 0;
			pairs++;
		}
	}
	return right / pairs;
}

void readers_judge(struct world *w)
{
	double sum[3] = {0};
	for (int n = 0; n < WORLD_DEV; n++) {
		const struct impression_draw *d = &w->dev[n];
		const struct reader *u = &w->readers[d->reader];
		int score[3][WORLD_SHOWN_MAX];
		for (int i = 0; i < d->shown_count; i++) {
			const struct story *s = &w->stories[d->shown[i]];
			score[0][i] = likes_topic(u, s);
			score[1][i] = likes_picture(u, s);
			score[2][i] = score[0][i] + score[1][i];
		}
		for (int k = 0; k < 3; k++)
			sum[k] += impression_auc(d, score[k]);
	}
	w->ceiling_text = sum[0] / WORLD_DEV;
	w->ceiling_pictures = sum[1] / WORLD_DEV;
	w->ceiling_both = sum[2] / WORLD_DEV;
}

/* "11/15/2019 8:04:05 AM", second seconds after midnight of day. */
static void write_time(FILE *f, int day, int second)
{
	int hour = second / 3600;
	fprintf(f, "11/%d/2019 %d:%02d:%02d %s", day, hour % 12 ? hour % 12 : 12, second / 60 % 60, second % 60,
	        hour < 12 ? "AM" : "PM");
}

enum status readers_write(const struct world *w, const struct impression_draw *draws, int count, int first_day,
                          int days, const char *path)
{
	struct file_writer out;
	enum status st = file_create(&out, path);
	if (st != ST_OK)
		return st;
	for (int n = 0; n < count; n++) {
		const struct impression_draw *d = &draws[n];
		const struct reader *u = &w->readers[d->reader];
		long second = (long)days * 86400 * n / count;
		fprintf(out.stream, "%d\t%s\t", n + 1, u->id);
		write_time(out.stream, first_day + (int)(second / 86400), (int)(second % 86400));
		for (int i = 0; i < u->history_count; i++)
			fprintf(out.stream, "%c%s", i ? ' ' : '\t', w->stories[u->history[i]].id);
		for (int i = 0; i < d->shown_count; i++)
			fprintf(out.stream, "%c%s-%d", i ? ' ' : '\t', w->stories[d->shown[i]].id, d->clicked[i]);
		putc('\n', out.stream);
	}
	return file_commit(&out);
}
