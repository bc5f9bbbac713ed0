/* The worker pool: order, bounds, failures and interruptions. */
#include <signal.h>
#include <stdatomic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cli.h"
#include "common/pool.h"
#include "tests/support/scratch.h"

#define WINDOW_MAX 16

struct world {
	int window, workers;
	int64_t fail_work, fail_consume, interrupt; /* items at which it happens; -1: never */
	atomic_int owner[WINDOW_MAX];               /* item + 1 that holds the slot; 0: free */
	int64_t result[WINDOW_MAX];
	atomic_int in_flight, most_in_flight, bad;
	atomic_int worked;
	int64_t consumed;
	int64_t sum;
};

static void nap(int64_t item)
{
	usleep((useconds_t)((item * 7919) % 13 * 40));
}

static enum status work(void *context, int64_t item, int slot, int worker)
{
	struct world *w = context;
	int now = atomic_fetch_add(&w->in_flight, 1) + 1, most = atomic_load(&w->most_in_flight);

	while (now > most && !atomic_compare_exchange_weak(&w->most_in_flight, &most, now))
		;
	if (slot < 0 || slot >= w->window || worker < 0 || worker >= w->workers || atomic_exchange(&w->owner[slot], 1) != 0)
		atomic_fetch_add(&w->bad, 1);
	nap(item);
	atomic_fetch_add(&w->worked, 1);
	if (item == w->interrupt)
		raise(SIGTERM);
	if (item == w->fail_work)
		return status_fail(ST_MALFORMED, "item %d is bad", (int)item);
	w->result[slot] = item * item;
	return ST_OK;
}

static enum status consume(void *context, int64_t item, int slot)
{
	struct world *w = context;

	if (item != w->consumed)
		atomic_fetch_add(&w->bad, 1);
	if (item == w->fail_consume)
		return status_fail(ST_FAILED, "cannot take %d", (int)item);
	w->consumed++;
	w->sum += w->result[slot];
	atomic_store(&w->owner[slot], 0);
	atomic_fetch_sub(&w->in_flight, 1);
	return ST_OK;
}

static struct world new_world(int workers, int window)
{
	return (struct world){.workers = workers, .window = window, .fail_work = -1, .fail_consume = -1, .interrupt = -1};
}

static enum status run(struct world *w, int64_t count)
{
	return pool_run(&(struct pool_job){
		.work = work, .consume = consume, .context = w, .count = count, .workers = w->workers, .window = w->window});
}

static void all_items_come_in_order(void **state)
{
	static const int shapes[][2] = {{1, 1}, {1, 4}, {3, 3}, {4, 16}, {8, 9}};

	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct world w = new_world(shapes[i][0], shapes[i][1]);

		assert_int_equal(run(&w, 300), ST_OK);
		assert_int_equal(w.consumed, 300);
		assert_int_equal(w.sum, 299 * 300 * 599 / 6);
		assert_int_equal(atomic_load(&w.bad), 0);
		assert_in_range(atomic_load(&w.most_in_flight), 1, shapes[i][1]);
	}
}

static void nothing_is_done_at_once(void **state)
{
	struct world w = new_world(2, 2);

	(void)state;
	assert_int_equal(run(&w, 0), ST_OK);
	assert_int_equal(w.consumed, 0);
}

static enum status count_only(void *context, int64_t item, int slot, int worker)
{
	(void)slot, (void)worker;
	atomic_fetch_add((atomic_int *)context, (int)item);
	return ST_OK;
}

static void consumer_may_be_absent(void **state)
{
	atomic_int sum = 0;

	(void)state;
	assert_int_equal(
		pool_run(&(struct pool_job){.work = count_only, .context = &sum, .count = 100, .workers = 3, .window = 3}),
		ST_OK);
	assert_int_equal(atomic_load(&sum), 4950);
}

static void first_failure_in_order_wins(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct world w = new_world(4, 8);

		w.fail_work = 20 + round;
		assert_int_equal(run(&w, 1000), ST_MALFORMED);
		assert_int_equal(w.consumed, 20 + round);
		assert_int_equal(atomic_load(&w.bad), 0);
		assert_in_range(atomic_load(&w.worked), 21 + round, 20 + round + 8);
	}
	assert_string_equal(status_message(), "item 39 is bad");
}

static enum status fail_slow_then_fast(void *context, int64_t item, int slot, int worker)
{
	(void)context, (void)slot, (void)worker;
	usleep(item == 0 ? 50000 : 0);
	return status_fail(item == 0 ? ST_NETWORK : ST_MALFORMED, "item %d", (int)item);
}

static void an_earlier_item_that_fails_later_is_the_one_told(void **state)
{
	(void)state;
	assert_int_equal(pool_run(&(struct pool_job){.work = fail_slow_then_fast, .count = 10, .workers = 4, .window = 4}),
	                 ST_NETWORK);
	assert_string_equal(status_message(), "item 0");
}

static void consumer_failure_stops(void **state)
{
	struct world w = new_world(3, 6);

	(void)state;
	w.fail_consume = 10;
	assert_int_equal(run(&w, 1000), ST_FAILED);
	assert_string_equal(status_message(), "cannot take 10");
	assert_int_equal(w.consumed, 10);
	assert_in_range(atomic_load(&w.worked), 11, 16);
}

/* In a child, for a signal stays received. Items that were started are kept: all that was worked on is consumed. */
static void interruption_keeps_what_was_started(void **state)
{
	pid_t child;

	(void)state;
	fflush(stdout);
	child = fork();
	if (child == 0) {
		char *argv[] = {(char[]){"coverline-try"}, NULL};
		struct cli c = {.name = "try", .synopsis = "", .summary = ""};
		struct world w = new_world(3, 6);
		enum status st;

		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		cli_parse(&c, 1, argv);
		w.interrupt = 50;
		st = run(&w, 1000);
		if (st == ST_INTERRUPTED && (w.consumed != w.worked || w.consumed < 51 || w.consumed > 56 || w.bad))
			_exit(98);
		exit(cli_finish(&c, st));
	}
	assert_int_equal(child_end(child), 143);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_items_come_in_order),
		cmocka_unit_test(nothing_is_done_at_once),
		cmocka_unit_test(consumer_may_be_absent),
		cmocka_unit_test(first_failure_in_order_wins),
		cmocka_unit_test(an_earlier_item_that_fails_later_is_the_one_told),
		cmocka_unit_test(consumer_failure_stops),
		cmocka_unit_test(interruption_keeps_what_was_started),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
