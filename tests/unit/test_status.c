/* Statuses, byte strings and arenas. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/status.h"
#include "common/strbuf.h"
#include "tests/support/scratch.h"

/* Status ----------------------------------------------------------------------------------------------------------- */

static void message_is_kept(void **state)
{
	(void)state;
	assert_int_equal(status_fail(ST_MALFORMED, "%s:%d: expected %d", "a.tsv", 7, 8), ST_MALFORMED);
	assert_string_equal(status_message(), "a.tsv:7: expected 8");
	assert_int_equal(status_fail(ST_NETWORK, "again: %s", status_message()), ST_NETWORK);
	assert_string_equal(status_message(), "again: a.tsv:7: expected 8");
	status_restore("from another thread");
	assert_string_equal(status_message(), "from another thread");
	status_restore(status_message());
	assert_string_equal(status_message(), "from another thread");
}

static void errno_is_named(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_int_equal(status_errno("%s: cannot open", "x"), ST_FAILED);
	assert_string_equal(status_message(), "x: cannot open: No such file or directory");
}

static void long_message_is_cut(void **state)
{
	char *text = malloc(100000);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 99999);
	text[99999] = '\0';
	assert_int_equal(status_fail(ST_FAILED, "%s", text), ST_FAILED);
	assert_in_range(strlen(status_message()), 1000, 99998);
	status_restore(text);
	assert_in_range(strlen(status_message()), 1000, 99998);
	free(text);
}

static void *other_thread(void *seen)
{
	*(int *)seen = (int)strlen(status_message());
	if (status_fail(ST_FAILED, "other") != ST_FAILED)
		*(int *)seen = -1;
	return NULL;
}

static void message_is_the_threads_own(void **state)
{
	pthread_t thread;
	int seen = -1;

	(void)state;
	assert_int_equal(status_fail(ST_FAILED, "mine"), ST_FAILED);
	assert_int_equal(pthread_create(&thread, NULL, other_thread, &seen), 0);
	pthread_join(thread, NULL);
	assert_int_equal(seen, 0);
	assert_string_equal(status_message(), "mine");
}

static void exit_codes_are_the_contracts(void **state)
{
	static const int codes[][2] = {
		{ST_OK, 0},       {ST_FAILED, 1}, {ST_USAGE, 2},      {ST_MALFORMED, 3},     {ST_NETWORK, 4},
		{ST_PARTIAL, 10}, {ST_MEMORY, 1}, {ST_INTEGRITY, 11}, {ST_INTERRUPTED, 130},
	};

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		assert_int_equal(status_exit_code((enum status)codes[i][0]), codes[i][1]);
}

static void bug_aborts(void **state)
{
	pid_t child;

	(void)state;
	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		BUG("on purpose");
	}
	assert_int_equal(child_end(child), -SIGABRT);
}

/* Strings ---------------------------------------------------------------------------------------------------------- */

static void string_grows(void **state)
{
	struct strbuf sb;

	(void)state;
	strbuf_init(&sb, 100000);
	assert_string_equal(sb.data, "");
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&sb, "%d ", i);
	assert_int_equal(sb.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_memory_equal(sb.data, "0 1 2 3 ", 8);
	assert_string_equal(sb.data + sb.len - 8, "998 999 ");
	strbuf_clear(&sb);
	assert_string_equal(sb.data, "");
	strbuf_add(&sb, "a\0b", 3);
	strbuf_putc(&sb, 'c');
	strbuf_puts(&sb, "");
	assert_memory_equal(sb.data, "a\0bc", 5);
	assert_int_equal(strbuf_check(&sb, "text"), ST_OK);
	strbuf_release(&sb);
	assert_string_equal(sb.data, "");
	strbuf_release(&sb);
}

static void string_stops_at_its_cap(void **state)
{
	struct strbuf sb;

	(void)state;
	strbuf_init(&sb, 5);
	strbuf_puts(&sb, "12345");
	assert_int_equal(strbuf_check(&sb, "page"), ST_OK);
	strbuf_putc(&sb, '6');
	assert_string_equal(sb.data, "12345");
	assert_int_equal(strbuf_check(&sb, "page"), ST_MEMORY);
	assert_string_equal(status_message(), "page: more than 5 bytes");
	strbuf_clear(&sb);
	strbuf_printf(&sb, "%s", "1234567");
	assert_string_equal(sb.data, "");
	assert_int_equal(strbuf_check(&sb, "page"), ST_MEMORY);
	/* After one refusal nothing is taken, so that what is there has no gap. */
	strbuf_puts(&sb, "1");
	assert_string_equal(sb.data, "");
	strbuf_clear(&sb);
	strbuf_puts(&sb, "123");
	assert_int_equal(strbuf_check(&sb, "page"), ST_OK);
	strbuf_release(&sb);
}

/* Arenas ----------------------------------------------------------------------------------------------------------- */

static void arena_gives_apart_and_aligned(void **state)
{
	struct arena a = {0};
	unsigned char *p[400];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 400; i++) {
			size_t size = (size_t)(i * i) + (i % 50 == 0 ? 300000 : 0);

			p[i] = arena_alloc(&a, size);
			assert_int_equal((uintptr_t)p[i] % 64, 0);
			memset(p[i], i & 255, size);
		}
		for (int i = 0; i < 400; i++) {
			size_t size = (size_t)(i * i) + (i % 50 == 0 ? 300000 : 0);

			for (size_t j = 0; j < size; j += 97)
				assert_int_equal(p[i][j], i & 255);
		}
		arena_reset(&a);
	}
	arena_release(&a);
	assert_null(a.first);
	arena_release(&a);
}

/* Two sizes by turns, and a little more or less of each in every round: a chain of blocks would grow with the rounds. */
static void arena_settles_on_one_block(void **state)
{
	struct arena a = {0};
	const void *first = NULL;

	(void)state;
	for (size_t round = 0; round < 40; round++) {
		void *small = arena_alloc(&a, 10), *big = arena_alloc(&a, ((9 << 20) + (round * 7919 % 13) * 4096));
		void *other = arena_alloc(&a, (10 << 20) - (round * 7907 % 17) * 4096);

		if (round == 1)
			first = small;
		if (round > 0) {
			assert_ptr_equal(small, first);
			assert_in_range((uintptr_t)big - (uintptr_t)small, 64, 64);
			assert_in_range((uintptr_t)other - (uintptr_t)small, 9 << 20, 10 << 20);
		}
		arena_reset(&a);
	}
	arena_release(&a);
}

static void arena_copies_and_zeroes(void **state)
{
	struct arena a = {0};
	char *s = arena_strndup(&a, "abcdef", 3);
	int *zeros;

	(void)state;
	assert_string_equal(s, "abc");
	assert_string_equal(arena_strdup(&a, ""), "");
	memset(arena_alloc(&a, 4000), 0xff, 4000);
	arena_reset(&a);
	zeros = arena_calloc(&a, 1000, sizeof *zeros);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(zeros[i], 0);
	arena_release(&a);
}

/* Runs f in a child; its exit code, or -signal. */
static int in_child(void (*f)(void))
{
	int code;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &code, 0), child);
	return WIFEXITED(code) ? WEXITSTATUS(code) : -WTERMSIG(code);
}

static volatile size_t half_of_all = SIZE_MAX / 2;

static void overflow_in_arena(void)
{
	struct arena a = {0};

	arena_calloc(&a, half_of_all, 4);
}

static void overflow_in_realloc(void)
{
	free(xrealloc(NULL, half_of_all, 4));
}

static void overflowing_sizes_end_the_program(void **state)
{
	(void)state;
	assert_int_equal(in_child(overflow_in_arena), 1);
	assert_int_equal(in_child(overflow_in_realloc), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_is_kept),
		cmocka_unit_test(errno_is_named),
		cmocka_unit_test(long_message_is_cut),
		cmocka_unit_test(message_is_the_threads_own),
		cmocka_unit_test(exit_codes_are_the_contracts),
		cmocka_unit_test(bug_aborts),
		cmocka_unit_test(string_grows),
		cmocka_unit_test(string_stops_at_its_cap),
		cmocka_unit_test(arena_gives_apart_and_aligned),
		cmocka_unit_test(arena_settles_on_one_block),
		cmocka_unit_test(arena_copies_and_zeroes),
		cmocka_unit_test(overflowing_sizes_end_the_program),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
