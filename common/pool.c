#include "common/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/cli.h"

/* An item in flight: started by a worker, not yet consumed. */
struct pool_slot {
	bool done;
	enum status st;
	char *message; /* of a failure */
};

/* Invariants, under lock: consumed <= next <= limit <= count and next - consumed <= window, so that the
 * slots item % window of items consumed … next-1 are distinct. limit only falls. */
struct pool {
	const struct pool_job *job;
	pthread_mutex_t lock;
	pthread_cond_t room;    /* consumed grew, or limit fell */
	pthread_cond_t results; /* a slot is done, or limit fell */
	int64_t next;           /* first item that nobody has started */
	int64_t consumed;       /* items handed to the consumer */
	int64_t limit;          /* no item from here on will be started */
	struct pool_slot *slots;
};

struct pool_worker {
	struct pool *pool;
	pthread_t thread;
	int number;
};

static void lower_limit(struct pool *p, int64_t limit)
{
	if (limit < p->limit)
		p->limit = limit;
	pthread_cond_broadcast(&p->room);
	pthread_cond_broadcast(&p->results);
}

/* The next item to work on, or -1 when there is none left. Called with the lock held. */
static int64_t take_item(struct pool *p)
{
	for (;;) {
		if (cli_interrupted())
			lower_limit(p, p->next);
		if (p->next >= p->limit)
			return -1;
		if (p->next - p->consumed < p->job->window)
			return p->next++;
		pthread_cond_wait(&p->room, &p->lock);
	}
}

static void *run_worker(void *argument)
{
	struct pool_worker *w = argument;
	struct pool *p = w->pool;
	int64_t item;

	pthread_mutex_lock(&p->lock);
	while ((item = take_item(p)) >= 0) {
		int slot = (int)(item % p->job->window);
		enum status st;

		pthread_mutex_unlock(&p->lock);
		st = p->job->work(p->job->context, item, slot, w->number);
		pthread_mutex_lock(&p->lock);
		p->slots[slot].st = st;
		p->slots[slot].done = true;
		if (st != ST_OK) {
			p->slots[slot].message = xstrdup(status_message());
			lower_limit(p, p->next);
		}
		pthread_cond_broadcast(&p->results);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Waits for the result of item; false when it will never be started. Called with the lock held. */
static bool await(struct pool *p, int64_t item)
{
	struct pool_slot *slot = &p->slots[item % p->job->window];

	while (!slot->done) {
		if (item >= p->limit)
			return false;
		pthread_cond_wait(&p->results, &p->lock);
	}
	return true;
}

static enum status consume_all(struct pool *p)
{
	const struct pool_job *job = p->job;
	enum status st = ST_OK;

	for (int64_t item = 0; item < job->count && st == ST_OK; item++) {
		struct pool_slot *slot = &p->slots[item % job->window];

		pthread_mutex_lock(&p->lock);
		if (!await(p, item)) {
			pthread_mutex_unlock(&p->lock);
			return cli_interrupted_status();
		}
		pthread_mutex_unlock(&p->lock);
		st = slot->st;
		if (st != ST_OK)
			status_restore(slot->message);
		else if (job->consume)
			st = job->consume(job->context, item, (int)(item % job->window));
		pthread_mutex_lock(&p->lock);
		slot->done = false;
		p->consumed = item + 1;
		if (st != ST_OK)
			lower_limit(p, p->next);
		pthread_cond_broadcast(&p->room);
		pthread_mutex_unlock(&p->lock);
	}
	return st;
}

static void stop(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	lower_limit(p, p->next);
	pthread_mutex_unlock(&p->lock);
}

static int start_workers(struct pool *p, struct pool_worker *workers)
{
	int started = 0;

	while (started < p->job->workers) {
		struct pool_worker *w = &workers[started];

		*w = (struct pool_worker){.pool = p, .number = started};
		if (pthread_create(&w->thread, NULL, run_worker, w) != 0)
			break;
		started++;
	}
	return started;
}

enum status pool_run(const struct pool_job *job)
{
	struct pool p = {.job = job, .limit = job->count};
	struct pool_worker *workers;
	enum status st;
	int started;

	if (job->workers < 1 || job->window < job->workers)
		BUG("a pool of %d workers with a window of %d", job->workers, job->window);
	pthread_mutex_init(&p.lock, NULL);
	pthread_cond_init(&p.room, NULL);
	pthread_cond_init(&p.results, NULL);
	p.slots = xcalloc((size_t)job->window, sizeof *p.slots);
	workers = xcalloc((size_t)job->workers, sizeof *workers);

	/* Fewer threads than asked for do the same work; none cannot. */
	started = start_workers(&p, workers);
	st = started || job->count <= 0 ? consume_all(&p) : status_fail(ST_FAILED, "cannot start a thread");
	stop(&p);
	for (int i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);

	for (int i = 0; i < job->window; i++)
		free(p.slots[i].message);
	free(p.slots);
	free(workers);
	pthread_cond_destroy(&p.results);
	pthread_cond_destroy(&p.room);
	pthread_mutex_destroy(&p.lock);
	return st;
}
