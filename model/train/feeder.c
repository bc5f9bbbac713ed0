#include "model/train/feeder.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

/* Under lock: filled counts the feeds that the thread has finished, taken those that the caller has asked for. Feed i lies at
 * i % size, size being one more than the caller holds: feeds taken - held … taken - 1. So the thread may fill feed i once
 * i < taken + 1. */
struct feeder {
	struct feeder_options o;
	struct samples *samples;
	uint32_t *candidates; /* [1 + negatives] */
	struct feed *feeds;   /* [size] */
	int64_t size;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t filled, taken;
	bool closing;
	enum status st; /* the thread's failure */
	char *message;
};

int64_t feeder_steps_an_epoch(uint32_t samples, int64_t batch)
{
	return (samples + batch - 1) / batch;
}

int64_t feeder_slices(int64_t slices, int ranks)
{
	return (slices + ranks - 1) / ranks * ranks;
}

/* Packs samples first … end - 1 of the epoch's order. */
static enum status fill(struct feeder *f, struct feed *feed, int64_t epoch, int64_t first, int64_t end)
{
	const struct impression *m = &f->samples->behaviors.impression;

	batch_clear(&feed->batch);
	for (int64_t i = first; i < end; i++) {
		enum status st = samples_draw(f->samples, f->o.seed, epoch, (uint32_t)i, f->o.negatives, f->candidates);

		if (st != ST_OK)
			return st;
		const struct reader who = reader_of(f->o.readers, m);

		batch_add(&feed->batch, &who, (size_t)f->o.history, f->candidates, (size_t)f->o.negatives + 1);
	}
	return ST_OK;
}

/* The feed to fill next; NULL once nobody wants one. */
static struct feed *wait_for_room(struct feeder *f)
{
	struct feed *feed = NULL;

	pthread_mutex_lock(&f->lock);
	while (!f->closing && f->filled > f->taken)
		pthread_cond_wait(&f->changed, &f->lock);
	if (!f->closing)
		feed = &f->feeds[f->filled % f->size];
	pthread_mutex_unlock(&f->lock);
	return feed;
}

static void tell(struct feeder *f, enum status st)
{
	pthread_mutex_lock(&f->lock);
	f->st = st;
	if (st != ST_OK)
		f->message = xstrdup(status_message());
	f->filled += st == ST_OK;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

/* Samples begin … end - 1 of the count of a step. False once nobody wants more, or after a failure. */
static bool feed_slice(struct feeder *f, int64_t step, int64_t slice, int64_t begin, int64_t end, int64_t count)
{
	const int64_t steps = feeder_steps_an_epoch(f->samples->count, f->o.batch), epoch = step / steps;
	const int64_t first = (step - epoch * steps) * f->o.batch;
	struct feed *feed = wait_for_room(f);

	if (!feed)
		return false;
	feed->step = step;
	feed->slice = (int)slice;
	feed->weight = (double)(end - begin) / (double)count;
	feed->last = end == count || (slice + 1) % (f->o.slices / f->o.ranks) == 0;
	enum status st = fill(f, feed, epoch, first + begin, first + end);
	tell(f, st);
	return st == ST_OK;
}

/* This rank's slices are neighbours. One that has no samples left is fed empty if it is the rank's first. */
static bool feed_step(struct feeder *f, int64_t step)
{
	const int64_t steps = feeder_steps_an_epoch(f->samples->count, f->o.batch);
	const int64_t left = f->samples->count - step % steps * f->o.batch;
	const int64_t count = left < f->o.batch ? left : f->o.batch, size = (f->o.batch + f->o.slices - 1) / f->o.slices;
	const int64_t own = f->o.slices / f->o.ranks, begin = f->o.rank * own;

	for (int64_t slice = begin; slice < begin + own; slice++) {
		const int64_t from = slice * size < count ? slice * size : count;
		const int64_t to = from + size < count ? from + size : count;

		if ((from < to || slice == begin) && !feed_slice(f, step, slice, from, to, count))
			return false;
	}
	return true;
}

static void *run(void *argument)
{
	struct feeder *f = argument;
	const int64_t steps = feeder_steps_an_epoch(f->samples->count, f->o.batch);

	for (int64_t step = f->o.first_step; step < f->o.end_step; step++) {
		if (step == f->o.first_step || step % steps == 0)
			samples_start_epoch(f->samples, f->o.seed, step / steps);
		if (!feed_step(f, step))
			break;
	}
	return NULL;
}

enum status feeder_open(struct feeder **out, struct samples *samples, const struct feeder_options *o)
{
	struct feeder *f = xcalloc(1, sizeof *f);
	int error;

	f->o = *o;
	f->samples = samples;
	f->candidates = xcalloc((size_t)o->negatives + 1, sizeof *f->candidates);
	f->size = 1 + (o->held > 1 ? o->held : 1);
	f->feeds = xcalloc((size_t)f->size, sizeof *f->feeds);
	for (int64_t i = 0; i < f->size; i++)
		batch_init(&f->feeds[i].batch, o->news_count, BATCH_DISTINCT);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	error = pthread_create(&f->thread, NULL, run, f);
	f->running = error == 0;
	if (error) {
		feeder_close(f);
		return status_fail(ST_FAILED, "cannot start a thread: %s", strerror(error));
	}
	*out = f;
	return ST_OK;
}

enum status feeder_next(struct feeder *f, const struct feed **feed)
{
	enum status st = ST_OK;

	pthread_mutex_lock(&f->lock);
	const int64_t wanted = f->taken++;
	pthread_cond_broadcast(&f->changed);
	while (f->filled <= wanted && f->st == ST_OK)
		pthread_cond_wait(&f->changed, &f->lock);
	if (f->filled <= wanted) {
		st = f->st;
		status_restore(f->message);
	}
	pthread_mutex_unlock(&f->lock);
	*feed = &f->feeds[wanted % f->size];
	return st;
}

void feeder_close(struct feeder *f)
{
	if (!f)
		return;
	if (f->running) {
		pthread_mutex_lock(&f->lock);
		f->closing = true;
		pthread_cond_broadcast(&f->changed);
		pthread_mutex_unlock(&f->lock);
		pthread_join(f->thread, NULL);
	}
	for (int64_t i = 0; i < f->size; i++)
		batch_release(&f->feeds[i].batch);
	free(f->feeds);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f->candidates);
	free(f->message);
	free(f);
}
