/* Reading .safetensors: what is read, what is refused, and how disagreement with a network is told. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "model/encoders/weights.h"

/* A file of this header and so many bytes of data, 0, 1, 2, …; the caller frees. */
static unsigned char *make_file(const char *header, size_t data, size_t *size)
{
	size_t length = strlen(header);
	unsigned char *bytes = xcalloc(8 + length + data, 1);

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(length >> (8 * i));
	memcpy(bytes + 8, header, length);
	for (size_t i = 0; i < data; i++)
		bytes[8 + length + i] = (unsigned char)i;
	*size = 8 + length + data;
	return bytes;
}

static struct weights_tensor tensor(const char *name, int ndim, int64_t a, int64_t b)
{
	struct weights_tensor t = {.ndim = ndim, .dim = {a, b}};

	memcpy(t.name, name, strlen(name));
	return t;
}

static void test_types(void **state)
{
	/* the header's length is odd, so that data lie unaligned */
	const char *header = "{\"f\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
						 "\"h\":{\"dtype\":\"F16\",\"shape\":[1,3],\"data_offsets\":[8,14]},"
						 "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[14,18]},"
						 "\"__metadata__\":{\"format\":\"pt\"} }";
	const float f[] = {1.5f, -2};
	const unsigned char h[] = {0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00}, b[] = {0x80, 0x3f, 0x20, 0xc1};
	struct weights_tensor want[] = {tensor("f", 1, 2, 0), tensor("h", 2, 1, 3), tensor("b", 1, 2, 0)};
	struct weights *w;
	float out[3];
	size_t size;
	unsigned char *bytes = make_file(header, 18, &size), *data = bytes + size - 18;

	(void)state;
	memcpy(data, f, 8);
	memcpy(data + 8, h, 6);
	memcpy(data + 14, b, 4);
	assert_int_equal(weights_open_bytes(&w, bytes, size, "file"), ST_OK);
	assert_int_equal(weights_check(w, want, 3), ST_OK);
	assert_int_equal(weights_read(w, &want[0], out), ST_OK);
	assert_true(out[0] == 1.5f && out[1] == -2);
	assert_int_equal(weights_read(w, &want[1], out), ST_OK);
	assert_true(out[0] == 1 && out[1] == -2 && out[2] == 0x1p-24f);
	assert_int_equal(weights_read(w, &want[2], out), ST_OK);
	assert_true(out[0] == 1 && out[1] == -10);
	assert_int_equal(strlen(weights_digest(w)), 64);
	assert_false(weights_are_random(w));
	weights_close(w);
	free(bytes);
}

static void test_not_finite(void **state)
{
	size_t size;
	unsigned char *bytes = make_file("{\"f\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2, &size);
	struct weights_tensor want = tensor("f", 1, 1, 0);
	struct weights *w;
	float out;

	(void)state;
	memcpy(bytes + size - 2, "\x00\x7c", 2);
	assert_int_equal(weights_open_bytes(&w, bytes, size, "file"), ST_OK);
	assert_int_equal(weights_read(w, &want, &out), ST_MALFORMED);
	assert_string_equal(status_message(), "file: tensor f: has a value that is not finite");
	weights_close(w);
	free(bytes);
}

/* Headers over 16 bytes of data, and what is said of them. */
static const struct {
	const char *header, *message;
} hostile[] = {
	{"", "file: the header is not a JSON object: "},
	{"[]", "file: the header is not a JSON object: another JSON value"},
	{"{\"a\":1}", "file: tensor a: dtype is none that is known"},
	{"{\"a\":{\"dtype\":\"F33\",\"shape\":[4],\"data_offsets\":[0,16]}}",
     "file: tensor a: dtype is none that is known"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}}", "file: tensor a: shape is not an array"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,4],\"data_offsets\":[0,16]}}",
     "file: tensor a: shape is not an array"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}", "file: tensor a: shape has something other"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[4.0],\"data_offsets\":[0,16]}}",
     "file: tensor a: shape has something other"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]}}",
     "file: tensor a: shape is larger than any file"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9223372036854775807],\"data_offsets\":[0,4]}}",
     "file: tensor a: shape is larger than any file"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,12]}}", "file: tensor a: data_offsets do not span"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,20]}}", "file: tensor a: data_offsets reach beyond"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}}", "file: tensor a: data_offsets are not"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-16,0]}}", "file: tensor a: data_offsets are not"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0]}}", "file: tensor a: data_offsets are not"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
     "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
     "file: tensor b: its data overlap another tensor's"},
	{"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
     "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
     "file: the header is not a JSON object: duplicate object key"},
};

static void test_hostile_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		struct weights *w = (struct weights *)8;
		size_t size;
		unsigned char *bytes = make_file(hostile[i].header, 16, &size);

		assert_int_equal(weights_open_bytes(&w, bytes, size, "file"), ST_MALFORMED);
		assert_null(w);
		if (strncmp(status_message(), hostile[i].message, strlen(hostile[i].message)) != 0)
			fail_msg("%s\n said: %s\n not: %s", hostile[i].header, status_message(), hostile[i].message);
		free(bytes);
	}
}

/* Every prefix of a good file is refused, and so are lengths that lie. */
static void test_cut_short(void **state)
{
	size_t size;
	unsigned char *bytes = make_file("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 16, &size);
	struct weights *w;

	(void)state;
	for (size_t n = 0; n < size; n++)
		assert_int_equal(weights_open_bytes(&w, n ? bytes : NULL, n, "file"), ST_MALFORMED);
	memset(bytes, 0xff, 8);
	assert_int_equal(weights_open_bytes(&w, bytes, size, "file"), ST_MALFORMED);
	free(bytes);
}

static void test_header_cap(void **state)
{
	size_t size = WEIGHTS_HEADER_MAX + 64;
	unsigned char *bytes = xmalloc(size);
	uint64_t length = WEIGHTS_HEADER_MAX + 1;
	struct weights *w;

	(void)state;
	memset(bytes, ' ', size);
	memcpy(bytes, &length, 8);
	assert_int_equal(weights_open_bytes(&w, bytes, size, "file"), ST_MALFORMED);
	assert_string_equal(status_message(), "file: header of 16777217 bytes, expected at most 16777216");
	free(bytes);
}

/* All disagreements in one message. */
static void test_check(void **state)
{
	const char *header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
						 "\"b\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[8,16]},"
						 "\"c\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[16,16]}}";
	struct weights_tensor want[] = {tensor("a", 2, 2, 1), tensor("b", 1, 1, 0), tensor("d", 1, 1, 0),
	                                tensor("e", 1, 1, 0)};
	struct weights *w;
	size_t size;
	unsigned char *bytes = make_file(header, 16, &size);

	(void)state;
	want[3].optional = true;
	assert_int_equal(weights_open_bytes(&w, bytes, size, "file"), ST_OK);
	assert_int_equal(weights_check(w, want, 4), ST_MALFORMED);
	assert_string_equal(status_message(),
	                    "file: not this network's weights; 1 missing: d; 2 of another shape: a [2] instead of [2, 1], "
	                    "b (not of floats) [1] instead of [1]; 1 unknown to the network: c");
	weights_close(w);
	free(bytes);
}

static void test_random(void **state)
{
	enum { N = 40000 };
	struct weights_tensor t = tensor("layer1.0.conv1.weight", 2, 100, N / 100), other = tensor("x", 2, 100, N / 100);
	struct weights *w, *again;
	float *a = xcalloc(N, sizeof(*a)), *b = xcalloc(N, sizeof(*b));
	double sum = 0, square = 0;

	(void)state;
	t.init = other.init = WEIGHTS_HE;
	assert_int_equal(weights_open(&w, "random:7"), ST_OK);
	assert_int_equal(weights_open(&again, "random:8"), ST_OK);
	assert_true(weights_are_random(w));
	assert_string_equal(weights_digest(w), "random:7");
	assert_int_equal(weights_read(w, &t, a), ST_OK);
	for (int i = 0; i < N; i++) {
		sum += (double)a[i];
		square += (double)a[i] * (double)a[i];
	}
	/* variance 2 / fan-in, within four deviations of the estimate */
	assert_true(fabs(sum / N) < 4 * sqrt(2.0 / 400 / N));
	assert_true(fabs(square / N / (2.0 / 400) - 1) < 4 * sqrt(2.0 / N));
	assert_int_equal(weights_read(w, &t, b), ST_OK);
	assert_memory_equal(a, b, N * sizeof(*a));
	assert_int_equal(weights_read(w, &other, b), ST_OK);
	assert_true(a[0] != b[0] && a[N - 1] != b[N - 1]);
	assert_int_equal(weights_read(again, &t, b), ST_OK);
	assert_true(a[0] != b[0] && a[N - 1] != b[N - 1]);
	weights_close(w);
	weights_close(again);
	assert_int_equal(weights_open(&w, "random:"), ST_USAGE);
	assert_int_equal(weights_open(&w, "random:1x"), ST_USAGE);
	assert_int_equal(weights_open(&w, "random:99999999999999999999"), ST_USAGE);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),     cmocka_unit_test(test_not_finite), cmocka_unit_test(test_hostile_headers),
		cmocka_unit_test(test_cut_short), cmocka_unit_test(test_header_cap), cmocka_unit_test(test_check),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("weights", tests, NULL, NULL);
}
