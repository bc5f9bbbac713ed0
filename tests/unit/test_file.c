/* Files appear whole or not at all; digests; deaths on request. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/digest.h"
#include "common/fault.h"
#include "common/file.h"
#include "tests/support/scratch.h"

static void assert_content(const char *path, const char *wanted)
{
	struct strbuf text;

	strbuf_init(&text, 1 << 20);
	assert_int_equal(file_read(path, &text), ST_OK);
	assert_string_equal(text.data, wanted);
	strbuf_release(&text);
}

static void appears_at_commit(void **state)
{
	struct file_writer w;

	(void)state;
	assert_int_equal(file_create(&w, scratch_path("a/b/c.txt")), ST_OK);
	fputs("whole", w.stream);
	assert_false(file_exists(scratch_path("a/b/c.txt")));
	assert_true(file_exists(scratch_path("a/b/c.txt.part")));
	assert_int_equal(file_commit(&w), ST_OK);
	assert_false(file_exists(scratch_path("a/b/c.txt.part")));
	assert_content(scratch_path("a/b/c.txt"), "whole");
	file_discard(&w);
}

static void discard_leaves_the_old(void **state)
{
	struct file_writer w;

	(void)state;
	assert_int_equal(file_write(scratch_path("old"), "old", 3), ST_OK);
	assert_int_equal(file_create(&w, scratch_path("old")), ST_OK);
	fputs("new", w.stream);
	assert_int_equal(status_fail(ST_FAILED, "kept"), ST_FAILED);
	file_discard(&w);
	assert_string_equal(status_message(), "kept");
	assert_content(scratch_path("old"), "old");
	assert_false(file_exists(scratch_path("old.part")));
	file_discard(&w);
	w = (struct file_writer){0};
	file_discard(&w);
}

static void failures_say_what(void **state)
{
	struct file_writer w;
	struct file_map map;
	struct strbuf text;
	char wanted[600];

	(void)state;
	assert_int_equal(file_write(scratch_path("file"), "x", 1), ST_OK);
	assert_int_equal(file_create(&w, scratch_path("file/below")), ST_FAILED);
	assert_string_equal(scratch_message(), "file: cannot make the folder: Not a directory");
	assert_int_equal(file_map_open(&map, scratch_folder()), ST_FAILED);
	snprintf(wanted, sizeof wanted, "%s: not a file", scratch_folder());
	assert_string_equal(status_message(), wanted);
	strbuf_init(&text, 10);
	assert_int_equal(file_read(scratch_path("none"), &text), ST_FAILED);
	assert_int_equal(file_write(scratch_path("eleven"), "12345678901", 11), ST_OK);
	assert_int_equal(file_read(scratch_path("eleven"), &text), ST_MEMORY);
	strbuf_release(&text);
}

/* A full disk, played by a limit on the size of files. */
static void full_disk_is_a_failure(void **state)
{
	int code;
	pid_t child;

	(void)state;
	fflush(stdout);
	child = fork();
	if (child == 0) {
		struct rlimit limit = {4096, 4096};
		char *bytes = calloc(1, 1 << 20);

		signal(SIGXFSZ, SIG_IGN);
		if (!bytes || setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(99);
		code = file_write(scratch_path("big"), bytes, 1 << 20);
		free(bytes);
		_exit(code == ST_FAILED && !file_exists(scratch_path("big")) && !file_exists(scratch_path("big.part")) ? 0 : 1);
	}
	assert_int_equal(child_end(child), 0);
}

static void map_is_the_file(void **state)
{
	struct file_map map;

	(void)state;
	assert_int_equal(file_write(scratch_path("m"), "bytes", 5), ST_OK);
	assert_int_equal(file_map_open(&map, scratch_path("m")), ST_OK);
	assert_int_equal(map.size, 5);
	assert_memory_equal(map.data, "bytes", 5);
	file_map_close(&map);
	assert_int_equal(file_write(scratch_path("m"), NULL, 0), ST_OK);
	assert_int_equal(file_map_open(&map, scratch_path("m")), ST_OK);
	assert_null(map.data);
	assert_int_equal(map.size, 0);
	file_map_close(&map);
	file_map_close(&map);
}

static void nameless_maps_are_gone(void **state)
{
	void *map;
	char *bytes;

	(void)state;
	must(file_make_folder(scratch_path("maps")));
	must(file_map_nameless(scratch_path("maps"), 10000, &map));
	bytes = map;
	assert_true(bytes[0] == 0 && bytes[9999] == 0);
	memset(bytes, 1, 10000);
	assert_int_equal(munmap(map, 10000), 0);
	scratch_holds("maps", "");
	assert_int_equal(file_map_nameless(scratch_path("maps"), SIZE_MAX, &map), ST_FAILED);
	assert_null(map);
	assert_int_equal(file_map_nameless(scratch_path("nowhere"), 1, &map), ST_FAILED);
}

static void publish_renames(void **state)
{
	FILE *f = fopen(scratch_path("p.part"), "w");

	(void)state;
	assert_non_null(f);
	fputs("library", f);
	fclose(f);
	assert_int_equal(file_publish(scratch_path("p.part"), scratch_path("p")), ST_OK);
	assert_content(scratch_path("p"), "library");
	assert_int_equal(file_publish(scratch_path("none.part"), scratch_path("none")), ST_FAILED);
}

static void soon_is_whole(void **state)
{
	(void)state;
	must(file_write_soon(scratch_path("soon"), "first", 5));
	must(file_write_soon(scratch_path("soon"), "2", 1));
	assert_content(scratch_path("soon"), "2");
	must(file_write_soon(scratch_path("empty"), NULL, 0));
	assert_content(scratch_path("empty"), "");
	assert_false(file_exists(scratch_path("soon.part")));
	must(file_sync_all(scratch_folder()));
	assert_int_equal(file_write_soon(scratch_path("nowhere/soon"), "x", 1), ST_FAILED);
	assert_string_equal(scratch_message(), "nowhere/soon.part: cannot write: No such file or directory");
	assert_int_equal(file_sync_all(scratch_path("nowhere")), ST_FAILED);
}

static void paths_join(void **state)
{
	static const char *const cases[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "b"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *path = path_join(cases[i][0], cases[i][1]);

		assert_string_equal(path, cases[i][2]);
		free(path);
	}
	assert_int_equal(file_make_folder(scratch_path("x//y/z/")), ST_OK);
	assert_int_equal(file_make_folder(scratch_path("x/y/z")), ST_OK);
	assert_true(file_exists(scratch_path("x/y/z")));
}

/* FIPS 180-4's examples. */
static void digests_are_sha256(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char hex[DIGEST_HEX], again[DIGEST_HEX];
	struct digest *d;

	(void)state;
	digest_bytes("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_bytes("", 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_bytes(two_blocks, strlen(two_blocks), hex);
	assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_int_equal(file_write(scratch_path("d"), two_blocks, strlen(two_blocks)), ST_OK);
	assert_int_equal(digest_file(scratch_path("d"), again), ST_OK);
	assert_string_equal(again, hex);
	assert_int_equal(digest_file(scratch_path("none"), again), ST_FAILED);

	d = digest_new();
	digest_add_string(d, "ab");
	digest_add_string(d, "");
	digest_finish(d, hex);
	digest_bytes("ab\0", 4, again);
	assert_string_equal(hex, again);
}

/* Passes two points in turn; returns at which pass of "a.b" it died, 0 for never. */
static int passes_until_death(const char *request)
{
	int end, passes = 0;
	int tally[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(tally), 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr) || setenv("COVERLINE_FAULT", request, 1) != 0)
			_exit(99);
		for (int i = 0; i < 10; i++) {
			fault_point("a.bc");
			fault_point("a.");
			if (write(tally[1], "x", 1) != 1)
				_exit(98);
			fault_point("a.b");
		}
		_exit(0);
	}
	close(tally[1]);
	while (read(tally[0], &byte, 1) == 1)
		passes++;
	close(tally[0]);
	end = child_end(child);
	if (end >= 0)
		return -end;
	assert_int_equal(end, -SIGKILL);
	return passes;
}

static void faults_kill_at_their_pass(void **state)
{
	(void)state;
	assert_int_equal(passes_until_death("a.b:1"), 1);
	assert_int_equal(passes_until_death("a.b:7"), 7);
	assert_int_equal(passes_until_death("a.b:11"), 0);
	assert_int_equal(passes_until_death("other:1"), 0);
	assert_int_equal(passes_until_death(""), 0);
	assert_int_equal(passes_until_death("a.b"), -2);
	assert_int_equal(passes_until_death("a.b:0"), -2);
	assert_int_equal(passes_until_death("a.b:x"), -2);
	assert_int_equal(passes_until_death("a.b:"), -2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: the others pass a point, and the request is read once a process. */
		cmocka_unit_test(faults_kill_at_their_pass),
		cmocka_unit_test(appears_at_commit),
		cmocka_unit_test(discard_leaves_the_old),
		cmocka_unit_test(failures_say_what),
		cmocka_unit_test(full_disk_is_a_failure),
		cmocka_unit_test(map_is_the_file),
		cmocka_unit_test(nameless_maps_are_gone),
		cmocka_unit_test(publish_renames),
		cmocka_unit_test(soon_is_whole),
		cmocka_unit_test(paths_join),
		cmocka_unit_test(digests_are_sha256),
	};

	return cmocka_run_group_tests_name("file", tests, scratch_make, scratch_remove);
}
