/* Reading PyTorch's files: what torch.save wrote (golden/torch-*.pth, by tests/parity/torch_files.py), files of 2017 put
 * together here, and hostile ones. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zip.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "model/encoders/weights.h"

#define GOLDEN "tests/parity/golden/torch-"

static struct weights_tensor tensor(const char *name, int ndim, int64_t a, int64_t b, int64_t c)
{
	struct weights_tensor t = {.ndim = ndim, .dim = {a, b, c}};

	snprintf(t.name, sizeof(t.name), "%s", name);
	return t;
}

static struct weights *open_golden(const char *name)
{
	char *path = path_printf(GOLDEN "%s", name);
	struct weights *w;

	if (weights_open(&w, path) != ST_OK)
		fail_msg("%s: %s", name, status_message());
	free(path);
	return w;
}

static void expect(const struct weights *w, const struct weights_tensor *t, const float *values, size_t n)
{
	float out[24] = {0};

	if (weights_read(w, t, out) != ST_OK)
		fail_msg("%s", status_message());
	for (size_t i = 0; i < n; i++) {
		if (out[i] != values[i])
			fail_msg("%s: element %zu is %g instead of %g", t->name, i, (double)out[i], (double)values[i]);
	}
}

/* What torch_files.py's tensors() made, in every way of saving it. ------------------------------------------------- */

static void check_tensors(const char *file)
{
	struct weights_tensor list[] = {
		tensor("float", 1, 2, 0, 0),
		tensor("half", 2, 1, 3, 0),
		tensor("bfloat", 1, 2, 0, 0),
		tensor("base", 1, 24, 0, 0),
		tensor("rows", 2, 3, 4, 0),
		tensor("transposed", 2, 4, 3, 0),
		tensor("steps", 3, 2, 2, 2),
		tensor("permuted", 3, 4, 2, 3),
		tensor("expanded", 2, 2, 3, 0),
		tensor("scalar", 0, 0, 0, 0),
		tensor("empty", 2, 0, 3, 0),
		tensor("parameter", 1, 2, 0, 0),
		tensor("num_batches_tracked", 0, 0, 0, 0),
	};
	struct weights *w = open_golden(file);
	float base[24], rows[12], transposed[12], permuted[24];

	for (int i = 0; i < 24; i++) {
		base[i] = (float)i;
		permuted[i] = (float)(i % 6 / 3 * 12 + i % 3 * 4 + i / 6);
	}
	for (int i = 0; i < 12; i++) {
		rows[i] = (float)(6 + i);
		transposed[i] = (float)(6 + i % 3 * 4 + i / 3);
	}
	list[12].optional = true;
	if (weights_check(w, list, 13) != ST_OK)
		fail_msg("%s: %s", file, status_message());
	expect(w, &list[0], (const float[]){1.5f, -2}, 2);
	expect(w, &list[1], (const float[]){1, -2, 0x1p-24f}, 3);
	expect(w, &list[2], (const float[]){1, -10}, 2);
	expect(w, &list[3], base, 24);
	expect(w, &list[4], rows, 12);
	expect(w, &list[5], transposed, 12);
	expect(w, &list[6], (const float[]){1, 3, 9, 11, 13, 15, 21, 23}, 8);
	expect(w, &list[7], permuted, 24);
	expect(w, &list[8], (const float[]){5, 5, 5, 5, 5, 5}, 6);
	expect(w, &list[9], (const float[]){7}, 1);
	expect(w, &list[10], NULL, 0);
	expect(w, &list[11], (const float[]){3, 4}, 2);
	list[12].optional = false;
	assert_int_equal(weights_check(w, list, 13), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "1 of another shape: num_batches_tracked (not of floats)"));
	assert_int_equal(strlen(weights_digest(w)), 64);
	weights_close(w);
}

static void test_tensors(void **state)
{
	(void)state;
	check_tensors("tensors.zip.pth");
	check_tensors("tensors.legacy.pth");
	check_tensors("protocol4.zip.pth");
	check_tensors("protocol4.legacy.pth");
}

/* A module's state_dict(), which has an attribute: alone, in a checkpoint, and as a plain dictionary under "model". */
static void test_module(void **state)
{
	static const char *const files[] = {"module.zip.pth", "module.legacy.pth", "checkpoint.zip.pth",
	                                    "checkpoint.legacy.pth", "model.pth"};
	const float weight[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, ones[] = {1, 1, 1, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct weights_tensor list[] = {tensor("0.weight", 4, 4, 3, 1),
		                                tensor("0.bias", 1, 4, 0, 0),
		                                tensor("1.weight", 1, 4, 0, 0),
		                                tensor("1.bias", 1, 4, 0, 0),
		                                tensor("1.running_mean", 1, 4, 0, 0),
		                                tensor("1.running_var", 1, 4, 0, 0),
		                                tensor("1.num_batches_tracked", 0, 0, 0, 0)};
		struct weights *w = open_golden(files[i]);

		list[0].dim[3] = 1;
		list[6].optional = true;
		if (weights_check(w, list, 7) != ST_OK)
			fail_msg("%s: %s", files[i], status_message());
		expect(w, &list[0], weight, 12);
		expect(w, &list[5], ones, 4);
		weights_close(w);
	}
}

/* Files put together here ------------------------------------------------------------------------------------------ */

#define MAGIC    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define PROTOCOL "\x80\x02M\xe9\x03."
#define TYPES    "\x80\x02}."
#define PREFACE  MAGIC PROTOCOL TYPES

/* What the pickles below are made of. */
#define STRING(length, text) "X" length "\0\0\0" text
#define REBUILD              "ctorch._utils\n_rebuild_tensor\n"
/* ('storage', torch.FloatStorage, '0', 'cpu', 6 …) */
#define REFERENCE_OPEN                                                                                                 \
	"(" STRING("\x07", "storage") "ctorch\nFloatStorage\n" STRING("\x01", "0") STRING("\x03", "cpu") "K\x06"
#define REFERENCE REFERENCE_OPEN "NtQ"
#define ONE_KEY   "\x80\x02]" STRING("\x01", "0") "a."
#define SIX       "\x06\0\0\0\0\0\0\0"
#define DATA      "\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40" /* 0, 1, 2, 3, 4, 5 */
#define TAIL      ONE_KEY SIX DATA
/* {'a': tensor} */
#define WITH(tensor) "\x80\x02}" STRING("\x01", "a") tensor "s."
/* a tensor of the reference: offset, sizes, strides */
#define VIEW(offset, sizes, strides) REBUILD "(" REFERENCE offset sizes strides "tR"

/* A string literal as bytes, of which the last, NUL, is none. */
#define BYTES(literal) literal, sizeof(literal) - 1

static enum status open_bytes(struct weights **w, const char *bytes, size_t size)
{
	/* in a block of their own size, so that the sanitizers see a step over the end */
	char *copy = xmalloc(size);
	enum status st;

	memcpy(copy, bytes, size);
	st = weights_open_bytes(w, copy, size, "file");
	if (st == ST_OK)
		weights_close(*w);
	free(copy);
	return st;
}

static void expect_a(const char *bytes, size_t size, const float *values, size_t n)
{
	struct weights_tensor a = tensor("a", 1, (int64_t)n, 0, 0);
	struct weights *w;

	if (weights_open_bytes(&w, bytes, size, "file") != ST_OK)
		fail_msg("%s", status_message());
	expect(w, &a, values, n);
	weights_close(w);
}

/* As PyTorch before 0.4 wrote them: _rebuild_tensor, Parameters that take their state, parts of storages, and, from Python 2,
 * byte strings and an OrderedDict of a list of pairs. */
static void test_old_files(void **state)
{
	const float six[] = {0, 1, 2, 3, 4, 5}, part[] = {3, 4};

	(void)state;
	expect_a(BYTES(PREFACE WITH(VIEW("K\0", "K\x06\x85", "K\x01\x85")) TAIL), six, 6);
	expect_a(BYTES(PREFACE WITH(
				 "ctorch.nn.parameter\nParameter\n)\x81(" VIEW("K\0", "K\x06\x85", "K\x01\x85") "NN\x88\x89tb") TAIL),
	         six, 6);
	expect_a(BYTES(PREFACE WITH("ctorch.nn.parameter\nParameter\n" VIEW("K\0", "K\x06\x85", "K\x01\x85") "\x85R") TAIL),
	         six, 6);
	expect_a(BYTES(PREFACE WITH(REBUILD "(" REFERENCE_OPEN
	                                    "(" STRING("\x01", "v") "K\x02K\x04ttQK\x01K\x02\x85K\x01\x85tR") TAIL),
	         part, 2);
	expect_a(BYTES(PREFACE "\x80\x02"
	                       "ccollections\nOrderedDict\n](](U\x01"
	                       "a" VIEW("K\0", "K\x06\x85", "K\x01\x85") "ee\x85R." TAIL),
	         six, 6);
}

/* State dicts, and what is said of them. TAIL follows each. */
static const struct {
	const char *pickle;
	size_t size;
	const char *message;
} hostile[] = {
	{BYTES("\x80\x02"
           "cposix\nsystem\n" STRING("\x02", "ls") "\x85R."),
     "file: a state dict may not contain posix.system"},
	{BYTES("\x80\x04\x8c\x02os\x8c\x06system\x93."), "file: a state dict may not contain os.system"},
	{BYTES("\x80\x02"
           "c__builtin__\neval\n."),
     "file: a state dict may not contain __builtin__.eval"},
	{BYTES("\x80\x02"
           "ctorchvision.models.resnet\nResNet\n."),
     "file: a state dict may not contain torchvision.models.resnet.ResNet"},
	{BYTES("\x80\x02"
           "cos\033[2J\nx\n."),
     "file: a state dict may not contain os?[2J.x"},
	{BYTES("\x80\x02"
           "ctorch\nFloatStorage\n)R."),
     "file: a state dict may not call torch.FloatStorage"},
	{BYTES("\x80\x02ios\nsystem\n."), "file: byte 2 of a pickle: a state dict may not contain operation 0x69"},
	{BYTES("\x80\x02V\\u0041\n."), "file: byte 2 of a pickle: a state dict may not contain operation 0x56"},
	{BYTES("\x80\x06}."), "file: byte 0 of a pickle: expected protocol 2 to 5"},
	{BYTES("\x80\x02."), "file: byte 2 of a pickle: expected a value before it"},
	{BYTES("\x80\x02}R."), "file: byte 3 of a pickle: expected a value before it"},
	{BYTES("\x80\x02}}R."), "file: byte 4 of a pickle: expected a global and a tuple before it"},
	{BYTES("\x80\x02}u."), "file: byte 3 of a pickle: expected a mark before it"},
	{BYTES("\x80\x02}(N(s."), "file: byte 6 of a pickle: expected a value before it"},
	{BYTES("\x80\x02}(Nu."), "file: byte 5 of a pickle: a key without a value"},
	{BYTES("\x80\x02}Na."), "file: byte 4 of a pickle: expected a list to add to"},
	{BYTES("\x80\x02]NNs."), "file: byte 5 of a pickle: expected a dictionary to add to"},
	{BYTES("\x80\x02h\x05."), "file: byte 2 of a pickle: nothing is at this memo place"},
	{BYTES("\x80\x02}r\xff\xff\xff\xff."), "file: byte 3 of a pickle: more memo places than expected"},
	{BYTES("\x80\x02X\xff\xff\xff\xff."), "file: byte 2 of a pickle: a string longer than expected"},
	{BYTES("\x80\x02\x8a\x09\1\1\1\1\1\1\1\1\1."), "file: byte 2 of a pickle: expected an integer of at most 8 bytes"},
	{BYTES("\x80\x02Nb."), "file: byte 3 of a pickle: expected a value before it"},
	{BYTES("\x80\x02NNb."), "file: byte 4 of a pickle: expected an object that has attributes before it"},
	{BYTES("\x80\x02]."), "file: expected a state dict, a dictionary of tensors"},
	{BYTES("\x80\x02"
           "ccollections\nOrderedDict\n]]a\x85R."),
     "file: byte 31 of a pickle: expected a dictionary of a list of pairs"},
	{BYTES("\x80\x02NQ}."), "file: a storage is not named as ('storage', "},
	{BYTES("\x80\x02(" STRING("\x07", "storage") "ccollections\nOrderedDict\n" STRING("\x01", "0") "NK\x01tQ}."),
     "file: a storage is not named as ('storage', "},
	{BYTES("\x80\x02(" STRING("\x07", "storage") "ctorch\nFloatStorage\n" STRING("\x04", "../0") "NK\x01tQ}."),
     "file: a storage is not named as ('storage', "},
	{BYTES("\x80\x02(" STRING("\x07", "storage") "ctorch\nFloatStorage\n" STRING("\x01", "0") "NJ\xff\xff\xff\xfftQ}."),
     "file: a storage is not named as ('storage', "},
	{BYTES("\x80\x02(" STRING("\x07", "storage") "ctorch\nFloatStorage\n" STRING(
		 "\x01", "0") "N\x8a\x08\0\0\0\0\0\0\0\x20tQ}."),
     "file: a storage is larger than any file"},
	{BYTES("\x80\x02" REFERENCE REFERENCE_OPEN "(NK\x01K\x06ttQ}."), "file: part of a storage reaches beyond it"},
	{BYTES("\x80\x02" REFERENCE "0}."), "file: byte 54 of a pickle: a state dict may not contain operation 0x30"},
	{BYTES("\x80\x02]" REFERENCE
           "a(" STRING("\x07", "storage") "ctorch\nHalfStorage\n" STRING("\x01", "0") "NK\x06tQa}."),
     "file: storage 0 is of two types or sizes"},
	{BYTES(WITH("N")), "file: tensor a: is not a tensor"},
	{BYTES(WITH("}")), "file: tensor a: is not a tensor"},
	{BYTES(WITH("ctorch.nn.parameter\nParameter\n)R")), "file: tensor a: is not a tensor"},
	{BYTES("\x80\x02}NNs."), "file: a tensor's name is not a string"},
	{BYTES("\x80\x02}" STRING("\x01", "\033") "Ns."), "file: a tensor's name has a control character"},
	{BYTES(WITH(REBUILD ")R")), "file: tensor a: is not made of (storage, offset,"},
	{BYTES(WITH(REBUILD "(NK\0))tR")), "file: tensor a: is not made of (storage, offset,"},
	{BYTES(WITH(VIEW("K\0", "K\x01\x85", ")"))), "file: tensor a: is not made of (storage, offset,"},
	{BYTES(WITH(VIEW("K\0", "(NNNNNNNNNt", "(NNNNNNNNNt"))), "file: tensor a: is not made of (storage, offset,"},
	{BYTES(WITH(VIEW("J\xff\xff\xff\xff", ")", ")"))), "file: tensor a: is not made of (storage, offset,"},
	{BYTES(WITH(VIEW("K\0", "N\x85", "K\x01\x85"))), "file: tensor a: its sizes and strides are not all numbers"},
	{BYTES(WITH(VIEW("K\0", "K\x01\x85", "J\xff\xff\xff\xff\x85"))),
     "file: tensor a: its sizes and strides are not all numbers"},
	{BYTES(WITH(VIEW("K\0", "K\x07\x85", "K\x01\x85"))), "file: tensor a: reaches beyond its storage"},
	{BYTES(WITH(VIEW("K\x01", "K\x06\x85", "K\x01\x85"))), "file: tensor a: reaches beyond its storage"},
	{BYTES(WITH(VIEW("K\0", "K\x02\x85", "K\x06\x85"))), "file: tensor a: reaches beyond its storage"},
	{BYTES(WITH(VIEW("K\0", "K\x03\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"))),
     "file: tensor a: reaches beyond its storage"},
	{BYTES(WITH(VIEW("K\x06", ")", ")"))), "file: tensor a: reaches beyond its storage"},
	{BYTES(WITH(VIEW("K\0", "\x8a\x08\0\0\0\0\0\0\0\x40K\x02\x86", "K\0K\0\x86"))),
     "file: tensor a: its shape is larger than any file"},
	{BYTES("\x80\x02}(" STRING("\x01", "a") VIEW("K\0", "K\x06\x85", "K\x01\x85") STRING("\x01", "a")
               VIEW("K\0", "K\x06\x85", "K\x01\x85") "u."),
     "file: tensor a: is there twice"},
};

static void test_hostile_pickles(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		struct strbuf file;
		struct weights *w;
		enum status st;

		strbuf_init(&file, 1 << 16);
		strbuf_add(&file, BYTES(PREFACE));
		strbuf_add(&file, hostile[i].pickle, hostile[i].size);
		strbuf_add(&file, BYTES(TAIL));
		st = open_bytes(&w, file.data, file.len);
		if (st != ST_MALFORMED || strncmp(status_message(), hostile[i].message, strlen(hostile[i].message)) != 0)
			fail_msg("pickle %zu: %d\n said: %s\n not: %s", i, st, status_message(), hostile[i].message);
		strbuf_release(&file);
	}
}

/* A dictionary that holds itself, as a value and as its own state dict: read once round, and harmless. */
static void test_cycles(void **state)
{
	struct weights *w;

	(void)state;
	assert_int_equal(open_bytes(&w, BYTES(PREFACE "\x80\x02}q\0" STRING("\x0a", "state_dict") "h\0s.\x80\x02].")),
	                 ST_MALFORMED);
	assert_string_equal(status_message(), "file: tensor state_dict: is not a tensor");
	assert_int_equal(open_bytes(&w, BYTES(PREFACE WITH("ctorch.nn.parameter\nParameter\n)Rq\0(h\0NNNNtb") TAIL)),
	                 ST_MALFORMED);
	assert_string_equal(status_message(), "file: tensor a: is not a tensor");
}

/* So many times the same bytes inside a state dict's pickle; the message that it ends in. */
static void expect_refused(const char *before, const char *repeated, size_t times, const char *message)
{
	struct strbuf file;
	struct weights *w;

	strbuf_init(&file, (size_t)64 << 20);
	strbuf_add(&file, BYTES(PREFACE "\x80\x02"));
	strbuf_puts(&file, before);
	for (size_t i = 0; i < times; i++)
		strbuf_puts(&file, repeated);
	assert_int_equal(strbuf_check(&file, "file"), ST_OK);
	assert_int_equal(open_bytes(&w, file.data, file.len), ST_MALFORMED);
	if (!strstr(status_message(), message))
		fail_msg("%s of %s…\n said: %s\n not: %s", before, repeated, status_message(), message);
	strbuf_release(&file);
}

static void test_caps(void **state)
{
	(void)state;
	expect_refused("", "(", 2000, "nested deeper than expected");
	expect_refused("", "]", 100000, "more values at once than expected");
	expect_refused("]", "Na", 2000000, "more values than expected");
	expect_refused("]q\1(h\1h\1h\1h\1h\1h\1h\1h\1h\1h\1e", "(h\1h\1h\1h\1h\1h\1h\1h\1h\1h\1e", 500000,
	               "more items than expected");
	expect_refused("]", "G........a", 2000000, "more values than expected");
	expect_refused("]q\1", "h\1a", 10000000, "more items than expected");
	expect_refused("", "\x95........", 2000000, "cut short"); /* 16 MiB of frames: beyond a pickle's size */
}

/* Every prefix of a good file is refused, or, where what is cut off is not needed, still reads as it was. */
static void check_prefixes(const char *name, size_t step)
{
	char *path = path_printf(GOLDEN "%s", name);
	struct strbuf file;

	strbuf_init(&file, 1 << 20);
	assert_int_equal(file_read(path, &file), ST_OK);
	for (size_t n = 0; n < file.len; n += step) {
		struct weights *w;

		if (open_bytes(&w, file.data, n) != ST_MALFORMED)
			fail_msg("%s: %zu of %zu bytes were taken", name, n, file.len);
	}
	strbuf_release(&file);
	free(path);
}

static void test_cut_short(void **state)
{
	(void)state;
	check_prefixes("tensors.zip.pth", 1);
	check_prefixes("tensors.legacy.pth", 1);
	check_prefixes("protocol4.legacy.pth", 1);
}

/* The parts of the older format after the state dict. */
static void test_hostile_storages(void **state)
{
	static const struct {
		const char *tail;
		size_t size;
		const char *message;
	} tails[] = {
		{BYTES("\x80\x02}."), "file: expected a list of storages after the state dict"},
		{BYTES("\x80\x02]."), "file: storage 0 is missing"},
		{BYTES("\x80\x02]" STRING("\x01", "1") "a." SIX DATA), "file: a storage that the state dict does not name"},
		{BYTES("\x80\x02]Na." SIX DATA), "file: a storage that the state dict does not name"},
		{BYTES("\x80\x02](" STRING("\x01", "0") STRING("\x01", "0") "e." SIX DATA SIX DATA),
	     "file: storage 0 is there twice"},
		{BYTES(ONE_KEY "\x05\0\0\0\0\0\0\0" DATA), "file: storage 0 has 5 elements, expected 6"},
		{BYTES(ONE_KEY "\xff\xff\xff\xff\xff\xff\xff\xff" DATA),
	     "file: storage 0 has 18446744073709551615 elements, expected 6"},
		{BYTES(ONE_KEY "\x06\0\0\0"), "file: cut short before storage 0"},
		{BYTES(ONE_KEY SIX "\0\0\0\0"), "file: cut short in storage 0"},
	};
	struct weights *w;

	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		struct strbuf file;

		strbuf_init(&file, 1 << 16);
		strbuf_add(&file, BYTES(PREFACE WITH(VIEW("K\0", "K\x06\x85", "K\x01\x85"))));
		strbuf_add(&file, tails[i].tail, tails[i].size);
		assert_int_equal(open_bytes(&w, file.data, file.len), ST_MALFORMED);
		assert_string_equal(status_message(), tails[i].message);
		strbuf_release(&file);
	}
	assert_int_equal(open_bytes(&w, BYTES(MAGIC "\x80\x02M\xe8\x03." TYPES)), ST_MALFORMED);
	assert_string_equal(status_message(), "file: expected protocol 1001 of torch.save");
}

/* Archives --------------------------------------------------------------------------------------------------------- */

struct part {
	const char *name, *bytes;
	size_t size;
	zip_int32_t method;
};

/* An archive of these parts, opened as weights. */
static enum status open_archive(const struct part *parts, size_t n, struct weights **w)
{
	char *folder = path_printf("%s/torch-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"), *path;
	enum status st;
	zip_t *zip;

	assert_non_null(mkdtemp(folder));
	path = path_join(folder, "weights");
	zip = zip_open(path, ZIP_CREATE, NULL);
	assert_non_null(zip);
	for (size_t i = 0; i < n; i++) {
		zip_int64_t index = zip_file_add(zip, parts[i].name, zip_source_buffer(zip, parts[i].bytes, parts[i].size, 0),
		                                 ZIP_FL_ENC_UTF_8);

		assert_true(index >= 0);
		assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)index, parts[i].method, 0), 0);
	}
	assert_int_equal(zip_close(zip), 0);
	st = weights_open(w, path);
	assert_int_equal(remove(path), 0);
	assert_int_equal(remove(folder), 0);
	free(path);
	free(folder);
	return st;
}

#define PICKLE                                                                                                         \
	{                                                                                                                  \
		"n/data.pkl", BYTES(WITH(VIEW("K\0", "K\x06\x85", "K\x01\x85"))), ZIP_CM_STORE                                 \
	}

static void test_archives(void **state)
{
	const struct part whole[] = {
		PICKLE, {"n/byteorder", BYTES("little"), ZIP_CM_STORE}, {"n/data/0", BYTES(DATA), ZIP_CM_STORE}};
	const struct part packed[] = {PICKLE, {"n/data/0", BYTES(DATA), ZIP_CM_DEFLATE}};
	const struct part lengths[] = {PICKLE, {"n/data/0", BYTES(DATA "\0"), ZIP_CM_STORE}};
	const struct part order[] = {
		PICKLE, {"n/byteorder", BYTES("big"), ZIP_CM_STORE}, {"n/data/0", BYTES(DATA), ZIP_CM_STORE}};
	const struct part other[] = {{"word/document.xml", BYTES("<a/>"), ZIP_CM_STORE}};
	struct weights_tensor a = tensor("a", 1, 6, 0, 0);
	struct weights *w;

	(void)state;
	assert_int_equal(open_archive(whole, 3, &w), ST_OK);
	expect(w, &a, (const float[]){0, 1, 2, 3, 4, 5}, 6);
	weights_close(w);
	assert_int_equal(open_archive(packed, 2, &w), ST_OK);
	expect(w, &a, (const float[]){0, 1, 2, 3, 4, 5}, 6);
	weights_close(w);
	assert_int_equal(open_archive(whole, 1, &w), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "weights: storage 0 is missing"));
	assert_int_equal(open_archive(lengths, 2, &w), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "weights: storage 0 has 25 bytes, expected 24"));
	assert_int_equal(open_archive(order, 3, &w), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "weights: byteorder is not little"));
	assert_int_equal(open_archive(other, 1, &w), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "a zip archive without NAME/data.pkl"));
}

/* One bit of a tensor's bytes turned: the archive's checksum tells. */
static void test_checksum(void **state)
{
	struct weights_tensor t = tensor("float", 1, 2, 0, 0);
	const float values[] = {1.5f, -2};
	struct strbuf file;
	struct weights *w;
	char *at;
	float out[2];

	(void)state;
	strbuf_init(&file, 1 << 20);
	assert_int_equal(file_read(GOLDEN "tensors.zip.pth", &file), ST_OK);
	at = memmem(file.data, file.len, values, sizeof(values));
	assert_non_null(at);
	*at ^= 1;
	assert_int_equal(weights_open_bytes(&w, file.data, file.len, "file"), ST_OK);
	assert_int_equal(weights_read(w, &t, out), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "cut short, or its checksum does not hold"));
	weights_close(w);
	strbuf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tensors),   cmocka_unit_test(test_module),
		cmocka_unit_test(test_old_files), cmocka_unit_test(test_hostile_pickles),
		cmocka_unit_test(test_cycles),    cmocka_unit_test(test_caps),
		cmocka_unit_test(test_cut_short), cmocka_unit_test(test_hostile_storages),
		cmocka_unit_test(test_archives),  cmocka_unit_test(test_checksum),
	};

	return cmocka_run_group_tests_name("torch_file", tests, NULL, NULL);
}
