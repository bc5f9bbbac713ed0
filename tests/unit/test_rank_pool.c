/* Pooled and per-user AUC against their definitions, pair by pair. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/rng.h"
#include "eval/rank_pool.h"

#define TOLERANCE 1e-12
enum { MOST = 300, USERS = 7, ALL = 40 * MOST };

/* A candidate with the score that MIND's scorer gives it. */
struct shown {
	uint32_t user;
	int8_t label;
	double score;
};

/* Over the candidates of one user, or of all where user is USERS. */
static double slow_auc(const struct shown *c, size_t n, uint32_t user)
{
	double wins = 0, pairs = 0;
	for (size_t i = 0; i < n; i++) {
		if (c[i].label != 1 || (user != USERS && c[i].user != user))
			continue;
		for (size_t j = 0; j < n; j++) {
			if (c[j].label != 0 || (user != USERS && c[j].user != user))
				continue;
			wins += c[i].score > c[j].score ? 1 : c[i].score == c[j].score ? 0.5 : 0;
			pairs++;
		}
	}
	return pairs > 0 ? wins / pairs : NAN;
}

static void assert_like_definition(const struct rank_pool *p, size_t run, const struct shown *c, size_t n)
{
	const struct pooled found = rank_pool_measure(p, run);
	const double pooled = slow_auc(c, n, USERS);
	double sum = 0;
	uint64_t users = 0;
	for (uint32_t u = 0; u < USERS; u++) {
		const double auc = slow_auc(c, n, u);
		users += !isnan(auc);
		sum += isnan(auc) ? 0 : auc;
	}
	assert_int_equal(isnan(found.pooled_auc), isnan(pooled));
	if (!isnan(pooled))
		assert_float_equal(found.pooled_auc, pooled, TOLERANCE);
	assert_int_equal(found.users, users);
	assert_int_equal(found.users + found.users_skipped, p->users.count);
	assert_int_equal(isnan(found.user_auc), users == 0);
	if (users)
		assert_float_equal(found.user_auc, sum / (double)users, TOLERANCE);
}

/* One impression of two runs, also among shown[run]. Returns its number of candidates. */
static size_t show(struct rng *rng, struct rank_pool *p, uint32_t user, size_t most, struct shown *shown[2])
{
	int8_t labels[MOST];
	uint32_t order[MOST];
	char name[8];
	const size_t n = 1 + rng_below(rng, (uint32_t)most);
	const uint32_t rarity = 1 + rng_below(rng, 12);
	size_t clicks = 0;
	for (size_t i = 0; i < n; i++) {
		labels[i] = rng_below(rng, rarity) == 0;
		clicks += labels[i] == 1;
	}
	rank_pool_add(p, name, (size_t)snprintf(name, sizeof name, "U%u", user), n, clicks);
	for (int run = 0; run < 2; run++) {
		for (size_t i = 0; i < n; i++)
			order[i] = (uint32_t)i;
		rng_shuffle(rng, order, (uint32_t)n);
		for (size_t i = 0; i < n; i++)
			shown[run][i] = (struct shown){user, labels[order[i]], 1.0 / (double)(i + 1)};
		rank_pool_run(p, labels, order, n);
	}
	return n;
}

static void test_against_definition(void **state)
{
	(void)state;
	static struct shown shown[2][ALL];
	struct rng rng;
	rng_init(&rng, 21, rng_stream("rank pool"));
	for (int round = 0; round < 120; round++) {
		struct rank_pool p = {0};
		const size_t impressions = 1 + rng_below(&rng, 12), most = round % 10 ? 12 : MOST;
		size_t n = 0;
		for (size_t i = 0; i < impressions; i++)
			n += show(&rng, &p, rng_below(&rng, USERS), most, (struct shown *[]){shown[0] + n, shown[1] + n});
		for (size_t run = 0; run < 2; run++)
			assert_like_definition(&p, run, shown[run], n);
		rank_pool_release(&p);
	}
}

/* A: clicks at ranks 1 and 2, others at 2 and 1: one win and two ties of four. B: a click at rank 1 of 3. C: only a click. */
static void test_by_hand(void **state)
{
	(void)state;
	struct rank_pool p = {0};
	const uint32_t order[] = {0, 1, 2};
	rank_pool_add(&p, "A", 1, 2, 1);
	rank_pool_run(&p, (const int8_t[]){1, 0}, order, 2);
	rank_pool_add(&p, "B", 1, 3, 1);
	rank_pool_run(&p, (const int8_t[]){1, 0, 0}, order, 3);
	rank_pool_add(&p, "A", 1, 2, 1);
	rank_pool_run(&p, (const int8_t[]){0, 1}, order, 2);
	rank_pool_add(&p, "C", 1, 1, 1);
	rank_pool_run(&p, (const int8_t[]){1}, order, 1);
	const struct pooled found = rank_pool_measure(&p, 0);
	assert_float_equal(found.user_auc, 0.75, TOLERANCE);
	assert_int_equal(found.users, 2);
	assert_int_equal(found.users_skipped, 1);
	/* Clicks at ranks 1, 1, 2, 1; others at 2, 2, 3, 1: each first wins 3½ of 4, the second 1 + ½ + ½. */
	assert_float_equal(found.pooled_auc, (3 * 3.5 + 2) / 16, TOLERANCE);
	rank_pool_release(&p);
}

static void test_empty(void **state)
{
	(void)state;
	struct rank_pool p = {0};
	const struct pooled found = rank_pool_measure(&p, 0);
	assert_true(isnan(found.pooled_auc) && isnan(found.user_auc));
	assert_int_equal(found.users + found.users_skipped, 0);
	rank_pool_release(&p);
}

/* Thousands of ids, some the beginnings of others, keep their numbers while the table grows. */
static void test_id_table(void **state)
{
	(void)state;
	struct id_table t = {0};
	char name[16];
	assert_int_equal(id_table_find(&t, "U", 1), ID_NONE);
	for (uint32_t i = 0; i < 20000; i++)
		assert_int_equal(id_table_add(&t, name, (size_t)snprintf(name, sizeof name, "U%u", i)), i);
	for (uint32_t i = 0; i < 20000; i++) {
		const size_t n = (size_t)snprintf(name, sizeof name, "U%u", i);
		assert_int_equal(id_table_add(&t, name, n), i);
		assert_int_equal(id_table_find(&t, name, n), i);
		assert_string_equal(id_table_text(&t, i), name);
	}
	assert_int_equal(t.count, 20000);
	assert_int_equal(id_table_find(&t, "U", 1), ID_NONE);
	assert_int_equal(id_table_find(&t, "U20000", 6), ID_NONE);
	id_table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_definition),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_id_table),
	};
	return cmocka_run_group_tests_name("rank pool", tests, NULL, NULL);
}
