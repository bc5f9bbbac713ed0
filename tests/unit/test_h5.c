/* HDF5 files: what is written is read, equal contents are equal bytes, and damage is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <hdf5.h>

#include "common/file.h"
#include "common/h5.h"
#include "common/half.h"
#include "common/strbuf.h"
#include "tests/support/scratch.h"

static struct h5_shape shape_of(enum h5_type type, int ndim, uint64_t a, uint64_t b)
{
	return (struct h5_shape){.type = type, .ndim = ndim, .dim = {a, b}};
}

static const float values[6] = {0.5f, -1.25f, 65504.0f, 6.1035156e-05f, 0.0f, 3.0f};

/* Threads of libraries read the environment at any time: no call of ours may change it once they can run. */
static void test_the_environment_is_set_before_main(void **state)
{
	(void)state;
	assert_non_null(getenv("HDF5_USE_FILE_LOCKING"));
}

static void write_all_types(const char *path)
{
	static const int32_t i32[2] = {INT32_MIN, INT32_MAX};
	static const int64_t i64[2] = {INT64_MIN, INT64_MAX};
	static const uint64_t u64[2] = {0, UINT64_MAX};
	static const uint8_t u8[2] = {0, 255};
	static const int8_t i8[2] = {-128, 127};
	static const double f64[2] = {1e-300, -1e300};
	struct h5_shape text = {.type = H5_STRING, .ndim = 1, .dim = {2}, .string_size = 4}, s;
	uint16_t halves[6];
	struct h5_file *f;

	half_from_float(halves, values, 6);
	assert_int_equal(h5_create(&f, path), ST_OK);
	s = shape_of(H5_I32, 1, 2, 0);
	assert_int_equal(h5_write(f, "i32", &s, i32), ST_OK);
	s = shape_of(H5_I64, 1, 2, 0);
	assert_int_equal(h5_write(f, "i64", &s, i64), ST_OK);
	s = shape_of(H5_U64, 1, 2, 0);
	assert_int_equal(h5_write(f, "u64", &s, u64), ST_OK);
	s = shape_of(H5_U8, 1, 2, 0);
	assert_int_equal(h5_write(f, "group/u8", &s, u8), ST_OK);
	s = shape_of(H5_I8, 1, 2, 0);
	assert_int_equal(h5_write(f, "group/i8", &s, i8), ST_OK);
	s = shape_of(H5_F64, 1, 2, 0);
	assert_int_equal(h5_write(f, "f64", &s, f64), ST_OK);
	s = shape_of(H5_F32, 2, 2, 3);
	assert_int_equal(h5_write(f, "f32", &s, values), ST_OK);
	s = shape_of(H5_F16, 2, 2, 3);
	assert_int_equal(h5_write(f, "f16", &s, halves), ST_OK);
	s = shape_of(H5_F32, 0, 0, 0);
	assert_int_equal(h5_write(f, "scalar", &s, &values[1]), ST_OK);
	s = shape_of(H5_F32, 2, 0, 7);
	assert_int_equal(h5_write(f, "none", &s, NULL), ST_OK);
	assert_int_equal(h5_write(f, "text", &text, "ab\0\0wxyz"), ST_OK);
	assert_int_equal(h5_set_text(f, "note", "caf\xc3\xa9"), ST_OK);
	assert_int_equal(h5_set_text(f, "nothing", ""), ST_OK);
	assert_int_equal(h5_set_int(f, "number", -42), ST_OK);
	assert_int_equal(h5_commit(f), ST_OK);
}

static void test_every_type_comes_back(void **state)
{
	const char *path = scratch_path("a.h5");
	struct h5_shape s;
	struct h5_file *f;
	int32_t i32[2];
	uint64_t u64[2];
	int8_t i8[2];
	double f64[6];
	float f32[6];
	uint16_t halves[6], expected[6];
	char text[8];

	(void)state;
	write_all_types(path);
	half_from_float(expected, values, 6);
	assert_int_equal(h5_open(&f, path), ST_OK);
	assert_int_equal(h5_read(f, "i32", 0, 2, H5_I32, i32), ST_OK);
	assert_int_equal(i32[0], INT32_MIN);
	assert_int_equal(i32[1], INT32_MAX);
	assert_int_equal(h5_read(f, "u64", 1, 1, H5_U64, u64), ST_OK);
	assert_true(u64[0] == UINT64_MAX);
	assert_int_equal(h5_read(f, "group/i8", 0, 2, H5_I8, i8), ST_OK);
	assert_int_equal(i8[0], -128);
	assert_int_equal(h5_read(f, "f64", 0, 2, H5_F64, f64), ST_OK);
	assert_true(f64[0] == 1e-300 && f64[1] == -1e300);
	assert_int_equal(h5_read(f, "f32", 1, 1, H5_F32, f32), ST_OK);
	assert_memory_equal(f32, values + 3, 12);
	assert_int_equal(h5_read(f, "f16", 0, 2, H5_F16, halves), ST_OK);
	assert_memory_equal(halves, expected, sizeof(halves));
	assert_int_equal(h5_read(f, "f16", 0, 2, H5_F32, f32), ST_OK);
	assert_memory_equal(f32, values, sizeof(values));
	assert_int_equal(h5_read(f, "f16", 1, 1, H5_F64, f64), ST_OK);
	assert_true(f64[0] == (double)values[3] && f64[2] == 3.0);
	assert_int_equal(h5_read(f, "scalar", 0, 1, H5_F32, f32), ST_OK);
	assert_true(f32[0] == values[1]);
	assert_int_equal(h5_read(f, "text", 0, 2, H5_STRING, text), ST_OK);
	assert_memory_equal(text, "ab\0\0wxyz", 8);
	assert_int_equal(h5_describe(f, "f16", &s), ST_OK);
	assert_int_equal(s.type, H5_F16);
	assert_int_equal(s.ndim, 2);
	assert_int_equal(s.dim[1], 3);
	assert_int_equal(h5_describe(f, "none", &s), ST_OK);
	assert_int_equal(s.dim[0], 0);
	assert_int_equal(s.dim[1], 7);
	assert_true(h5_has(f, "group/u8"));
	assert_false(h5_has(f, "group"));
	assert_false(h5_has(f, "group/absent"));
	h5_close(f);
}

static void test_attributes(void **state)
{
	const char *path = scratch_path("a.h5");
	struct h5_file *f;
	char *text;
	int64_t n;

	(void)state;
	write_all_types(path);
	assert_int_equal(h5_open(&f, path), ST_OK);
	assert_int_equal(h5_get_text(f, "note", &text), ST_OK);
	assert_string_equal(text, "caf\xc3\xa9");
	free(text);
	assert_int_equal(h5_get_text(f, "nothing", &text), ST_OK);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(h5_get_int(f, "number", &n), ST_OK);
	assert_int_equal(n, -42);
	assert_int_equal(h5_get_int(f, "note", &n), ST_MALFORMED);
	assert_int_equal(h5_get_text(f, "number", &text), ST_MALFORMED);
	assert_int_equal(h5_get_text(f, "absent", &text), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "absent"));
	h5_close(f);
}

static void test_long_text_is_cut_at_a_character(void **state)
{
	const char *path = scratch_path("a.h5");
	struct h5_file *f;
	char *text = malloc(100001), *back;

	(void)state;
	for (size_t i = 0; i < 100000; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[100000] = '\0';
	assert_int_equal(h5_create(&f, path), ST_OK);
	assert_int_equal(h5_set_text(f, "long", text), ST_OK);
	assert_int_equal(h5_commit(f), ST_OK);
	assert_int_equal(h5_open(&f, path), ST_OK);
	assert_int_equal(h5_get_text(f, "long", &back), ST_OK);
	assert_true(strlen(back) <= H5_TEXT_MAX && strlen(back) > H5_TEXT_MAX - 8);
	assert_int_equal((strlen(back) - 3) % 2, 0);
	assert_string_equal(back + strlen(back) - 3, "...");
	free(back);
	free(text);
	h5_close(f);
}

static void test_appended_rows(void **state)
{
	const char *path = scratch_path("a.h5");
	struct h5_shape s = shape_of(H5_I32, 2, 0, 5);
	struct h5_file *f;
	int32_t *rows = malloc(20000 * 5 * sizeof(*rows));

	(void)state;
	for (int32_t i = 0; i < 100000; i++)
		rows[i] = i * 7;
	assert_int_equal(h5_create(&f, path), ST_OK);
	assert_int_equal(h5_declare(f, "x", &s), ST_OK);
	for (uint64_t first = 0, n = 1; first < 20000; first += n, n = n * 3 % 1000) {
		n = n > 20000 - first ? 20000 - first : n;
		assert_int_equal(h5_append(f, "x", &s, n, rows + first * 5), ST_OK);
	}
	assert_int_equal(h5_commit(f), ST_OK);
	assert_int_equal(h5_open(&f, path), ST_OK);
	assert_int_equal(h5_describe(f, "x", &s), ST_OK);
	assert_int_equal(s.dim[0], 20000);
	memset(rows, 0, 100000 * sizeof(*rows));
	assert_int_equal(h5_read(f, "x", 13000, 7000, H5_I32, rows), ST_OK);
	for (int32_t i = 0; i < 35000; i++)
		assert_int_equal(rows[i], (65000 + i) * 7);
	assert_int_equal(h5_read(f, "x", 13000, 7001, H5_I32, rows), ST_MALFORMED);
	assert_int_equal(h5_read(f, "x", UINT64_MAX, 2, H5_I32, rows), ST_MALFORMED);
	h5_close(f);
	free(rows);
}

static void read_bytes(const char *path, struct strbuf *out)
{
	strbuf_init(out, 1 << 26);
	assert_int_equal(file_read(path, out), ST_OK);
}

static void test_equal_contents_are_equal_bytes(void **state)
{
	const char *path = scratch_path("a.h5");
	const char *other = scratch_path("b.h5");
	struct strbuf a, b;

	(void)state;
	write_all_types(path);
	sleep(1); /* a stored time would differ */
	write_all_types(other);
	read_bytes(path, &a);
	read_bytes(other, &b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	strbuf_release(&a);
	strbuf_release(&b);
}

static void test_a_file_appears_only_when_whole(void **state)
{
	const char *path = scratch_path("a.h5");
	const char *part = scratch_path("a.h5.part");
	struct h5_file *f;

	(void)state;
	assert_int_equal(h5_create(&f, path), ST_OK);
	assert_true(file_exists(part));
	assert_false(file_exists(path));
	h5_close(f);
	assert_false(file_exists(part));
	assert_false(file_exists(path));
	assert_int_equal(h5_open(&f, path), ST_FAILED);
	assert_null(f);
}

static enum status note_name(void *context, const char *name)
{
	struct strbuf *names = context;

	strbuf_printf(names, "%s ", name);
	return ST_OK;
}

static void test_each_dataset_in_order(void **state)
{
	const char *path = scratch_path("a.h5");
	struct h5_file *f;
	struct strbuf names;

	(void)state;
	strbuf_init(&names, 256);
	write_all_types(path);
	assert_int_equal(h5_open(&f, path), ST_OK);
	assert_int_equal(h5_each(f, note_name, &names), ST_OK);
	assert_string_equal(names.data, "f16 f32 f64 group/i8 group/u8 i32 i64 none scalar text u64 ");
	strbuf_release(&names);
	h5_close(f);
}

static void write_rows(const char *path, int32_t from, uint64_t rows, uint64_t width)
{
	struct h5_shape s = shape_of(H5_I32, 2, rows, width);
	int32_t data[64];
	struct h5_file *f;

	for (uint64_t i = 0; i < rows * width; i++)
		data[i] = from + (int32_t)i;
	assert_int_equal(h5_create(&f, path), ST_OK);
	assert_int_equal(h5_write(f, "x", &s, data), ST_OK);
	assert_int_equal(h5_commit(f), ST_OK);
}

static void test_virtual_dataset_moves_with_its_folder(void **state)
{
	const char *path = scratch_path("set/a.h5");
	const char *one = scratch_path("set/parts/1.h5"), *two = scratch_path("set/parts/2.h5"),
			   *three = scratch_path("set/parts/3.h5"), *sources[] = {one, two, three};
	struct h5_file *f;
	struct h5_shape s;
	int32_t x[22];

	(void)state;
	write_rows(one, 0, 4, 2);
	write_rows(two, 8, 5, 2);
	write_rows(three, 18, 2, 2);
	assert_int_equal(h5_create(&f, path), ST_OK);
	assert_int_equal(h5_write_virtual(f, "x", sources, 3), ST_OK);
	assert_int_equal(h5_commit(f), ST_OK);
	assert_int_equal(rename(scratch_path("set"), scratch_path("moved")), 0);
	assert_int_equal(h5_open(&f, scratch_path("moved/a.h5")), ST_OK);
	assert_int_equal(h5_describe(f, "x", &s), ST_OK);
	assert_int_equal(s.dim[0], 11);
	assert_int_equal(s.dim[1], 2);
	assert_int_equal(h5_read(f, "x", 0, 11, H5_I32, x), ST_OK);
	for (int i = 0; i < 22; i++)
		assert_int_equal(x[i], i);
	h5_close(f);
}

static void test_virtual_sources_must_agree(void **state)
{
	const char *path = scratch_path("a.h5");
	const char *one = scratch_path("1.h5"), *two = scratch_path("2.h5"), *sources[] = {one, two};
	struct h5_file *f;

	(void)state;
	write_rows(one, 0, 4, 2);
	write_rows(two, 8, 4, 3);
	assert_int_equal(h5_create(&f, path), ST_OK);
	assert_int_equal(h5_write_virtual(f, "x", sources, 2), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "2.h5"));
	h5_close(f);
}

static void test_what_is_no_hdf5(void **state)
{
	const char *path = scratch_path("a.h5");
	struct h5_file *f;

	(void)state;
	assert_int_equal(file_write(path, "not at all", 10), ST_OK);
	assert_int_equal(h5_open(&f, path), ST_MALFORMED);
	assert_non_null(strstr(status_message(), path));
	assert_int_equal(file_write(path, "", 0), ST_OK);
	assert_int_equal(h5_open(&f, path), ST_MALFORMED);
}

/* Cut anywhere, a file is refused or read; a flipped byte in chunked data is found by its checksum. */
static void test_damage_is_an_error(void **state)
{
	const char *path = scratch_path("a.h5");
	struct h5_shape s = shape_of(H5_I32, 2, 0, 1000);
	int32_t *rows = calloc(400000, sizeof(*rows));
	struct strbuf whole;
	struct h5_file *f;

	(void)state;
	for (int i = 0; i < 400000; i++)
		rows[i] = 0x5a5a5a5a;
	assert_int_equal(h5_create(&f, path), ST_OK);
	assert_int_equal(h5_declare(f, "x", &s), ST_OK);
	assert_int_equal(h5_append(f, "x", &s, 400, rows), ST_OK);
	assert_int_equal(h5_commit(f), ST_OK);
	read_bytes(path, &whole);
	assert_int_equal(file_write(path, whole.data, whole.len / 2), ST_OK);
	assert_int_equal(h5_open(&f, path), ST_MALFORMED);
	for (size_t i = whole.len / 2; i < whole.len; i++) {
		if (memcmp(whole.data + i, "ZZZZ", 4) == 0) {
			whole.data[i] = 'Y';
			break;
		}
	}
	assert_int_equal(file_write(path, whole.data, whole.len), ST_OK);
	assert_int_equal(h5_open(&f, path), ST_OK);
	assert_int_equal(h5_read(f, "x", 0, 400, H5_I32, rows), ST_INTEGRITY);
	assert_non_null(strstr(status_message(), "x"));
	h5_close(f);
	strbuf_release(&whole);
	free(rows);
}

/* Text as h5py writes it, and types that are none of ours. */
static void test_files_of_others(void **state)
{
	const char *path = scratch_path("a.h5");
	const char *value = "caf\xc3\xa9 of any length";
	hsize_t two = 2;
	hid_t id = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), scalar = H5Screate(H5S_SCALAR);
	hid_t row = H5Screate_simple(1, &two, NULL), text = H5Tcopy(H5T_C_S1), a, d;
	int32_t numbers[2] = {0};
	struct h5_shape s;
	struct h5_file *f;
	char *back;

	(void)state;
	assert_true(H5Tset_size(text, H5T_VARIABLE) >= 0 && H5Tset_cset(text, H5T_CSET_UTF8) >= 0);
	a = H5Acreate2(id, "kind", text, scalar, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(H5Awrite(a, text, &value) >= 0 && H5Aclose(a) >= 0);
	a = H5Acreate2(id, "two", H5T_STD_I32LE, row, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(a >= 0 && H5Aclose(a) >= 0);
	d = H5Dcreate2(id, "big", H5T_STD_I32BE, row, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(H5Dwrite(d, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, (int32_t[]){7, -9}) >= 0);
	assert_true(H5Dclose(d) >= 0);
	d = H5Dcreate2(id, "unsigned", H5T_STD_U16LE, row, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(d >= 0 && H5Dclose(d) >= 0);
	d = H5Dcreate2(id, "texts", text, row, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(d >= 0 && H5Dclose(d) >= 0);
	assert_true(H5Tclose(text) >= 0 && H5Sclose(scalar) >= 0 && H5Sclose(row) >= 0 && H5Fclose(id) >= 0);

	assert_int_equal(h5_open(&f, path), ST_OK);
	assert_int_equal(h5_get_text(f, "kind", &back), ST_OK);
	assert_string_equal(back, value);
	free(back);
	assert_int_equal(h5_get_int(f, "two", &(int64_t){0}), ST_MALFORMED);
	assert_int_equal(h5_read(f, "big", 0, 2, H5_I32, numbers), ST_OK);
	assert_int_equal(numbers[0], 7);
	assert_int_equal(numbers[1], -9);
	assert_int_equal(h5_describe(f, "unsigned", &s), ST_MALFORMED);
	assert_int_equal(h5_describe(f, "texts", &s), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "texts"));
	h5_close(f);
}

static void test_numbers_are_not_text(void **state)
{
	const char *path = scratch_path("a.h5");
	struct h5_file *f;
	char out[64];

	(void)state;
	write_all_types(path);
	assert_int_equal(h5_open(&f, path), ST_OK);
	assert_int_equal(h5_read(f, "i32", 0, 2, H5_STRING, out), ST_MALFORMED);
	assert_int_equal(h5_read(f, "text", 0, 2, H5_I32, out), ST_MALFORMED);
	assert_int_equal(h5_read(f, "absent", 0, 2, H5_I32, out), ST_MALFORMED);
	assert_int_equal(h5_read(f, "group", 0, 2, H5_I32, out), ST_MALFORMED);
	h5_close(f);
}

/* Each byte of a file turned, one after another: the seal finds it. */
static void test_the_seal_finds_any_byte(void **state)
{
	const char *path = scratch_path("a.h5"), *turned = scratch_path("b.h5");
	struct strbuf bytes;
	bool sealed = false;

	(void)state;
	write_all_types(path);
	assert_int_equal(h5_check_seal(path, &sealed), ST_OK);
	assert_true(sealed);
	strbuf_init(&bytes, 1 << 24);
	assert_int_equal(file_read(path, &bytes), ST_OK);
	for (size_t i = 0; i < bytes.len; i += i < 2 * H5_SEAL_SIZE ? 1 : 97) {
		bytes.data[i] ^= 4;
		FILE *f = fopen(turned, "wb");
		assert_non_null(f);
		assert_int_equal(fwrite(bytes.data, 1, bytes.len, f), bytes.len);
		assert_int_equal(fclose(f), 0);
		bytes.data[i] ^= 4;
		assert_int_equal(h5_check_seal(turned, &sealed), ST_INTEGRITY);
		assert_non_null(strstr(status_message(), "b.h5"));
	}
	assert_int_equal(file_write(turned, bytes.data, bytes.len - 1), ST_OK);
	assert_int_equal(h5_check_seal(turned, &sealed), ST_INTEGRITY);
	assert_int_equal(file_write(turned, bytes.data, 100), ST_OK);
	assert_int_equal(h5_check_seal(turned, &sealed), ST_INTEGRITY);
	strbuf_release(&bytes);
}

static void test_files_of_others_have_no_seal(void **state)
{
	const char *path = scratch_path("other.h5");
	const hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	bool sealed = true;

	(void)state;
	assert_true(f >= 0 && H5Fclose(f) >= 0);
	assert_int_equal(h5_check_seal(path, &sealed), ST_OK);
	assert_false(sealed);
	assert_int_equal(h5_check_seal(scratch_path("absent.h5"), &sealed), ST_FAILED);
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_environment_is_set_before_main),
		PLACED(test_every_type_comes_back),
		PLACED(test_attributes),
		PLACED(test_long_text_is_cut_at_a_character),
		PLACED(test_appended_rows),
		PLACED(test_equal_contents_are_equal_bytes),
		PLACED(test_a_file_appears_only_when_whole),
		PLACED(test_each_dataset_in_order),
		PLACED(test_virtual_dataset_moves_with_its_folder),
		PLACED(test_virtual_sources_must_agree),
		PLACED(test_what_is_no_hdf5),
		PLACED(test_damage_is_an_error),
		PLACED(test_files_of_others),
		PLACED(test_numbers_are_not_text),
		PLACED(test_the_seal_finds_any_byte),
		PLACED(test_files_of_others_have_no_seal),
	};

	return cmocka_run_group_tests_name("h5", tests, NULL, NULL);
}
