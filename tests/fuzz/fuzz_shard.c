/* Tables of features that HDF5 itself finds in order, but whose columns and attributes are as the input's bytes say: zeros
 * make each as it should be. (Damage below that, to HDF5's own structures, is for HDF5 to find.) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/shard.h"
#include "tests/support/fuzz_input.h"

enum { ROWS = 3, PART_ROWS = 2, WIDTH = 2, FILES = 3, DIM_MAX = 5, CELL_BYTES_MAX = 40 };

static struct news news[ROWS] = {{.id = "N1"}, {.id = "N2"}, {.id = "N3"}};
static const struct catalog catalog = {.news = news, .count = ROWS};
static const char ids[ROWS][NEWS_ID_MAX + 1] = {"N1", "N2", "N3"};
static const uint8_t states[ROWS] = {FEATURE_ORIGINAL, FEATURE_MISSING, FEATURE_ORIGINAL};
static const uint16_t vectors[ROWS][WIDTH] = {{0x3800, 0xc000}, {0, 0x3c00}, {0x7c00, 0x7e00}};
static const int32_t counts[ROWS] = {7, -7, 0};

static char folder[64];
static char *paths[FILES]; /* the table, and its two parts */

struct bytes {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct bytes *b)
{
	if (!b->left)
		return 0;
	b->left--;
	return *b->at++;
}

static void must(enum status st)
{
	if (st != ST_OK)
		BUG("%s", status_message());
}

static void remove_all(void)
{
	char *features = path_join(folder, "features"), *kind = path_join(features, "fuzz");

	for (int i = 0; i < FILES; i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
	rmdir(kind);
	rmdir(features);
	rmdir(folder);
	free(kind);
	free(features);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	/* In memory, where there is such a folder: each file is synced. */
	snprintf(folder, sizeof folder, "%s/coverline-fuzz.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder))
		BUG("cannot make %s", folder);
	paths[0] = path_printf("%s/features/fuzz.h5", folder);
	paths[1] = shard_part_path(folder, "fuzz", 0);
	paths[2] = shard_part_path(folder, "fuzz", 1);
	atexit(remove_all);
	return 0;
}

/* A column as it should be, of another shape, or none. */
static void write_column(struct h5_file *f, const char *name, struct h5_shape shape, const void *data, struct bytes *b)
{
	uint8_t how = take(b), other[DIM_MAX * DIM_MAX * DIM_MAX * CELL_BYTES_MAX];

	if (how % 4 == 1)
		return;
	if (how % 4 > 1) {
		shape.type = (enum h5_type)(take(b) % (H5_STRING + 1));
		shape.ndim = take(b) % 4;
		for (int i = 0; i < shape.ndim; i++)
			shape.dim[i] = take(b) % DIM_MAX;
		shape.string_size = 1 + take(b) % CELL_BYTES_MAX;
		memset(other, how, sizeof other);
		data = other;
	}
	must(h5_write(f, name, &shape, data));
}

/* An attribute as it should be, another number, a text, or none. */
static void write_number(struct h5_file *f, const char *name, int64_t number, struct bytes *b)
{
	uint8_t how = take(b);

	if (how % 4 == 1)
		return;
	if (how % 4 == 2) {
		must(h5_set_text(f, name, "three"));
		return;
	}
	for (int i = 0; how % 4 == 3 && i < 8; i++)
		number = (int64_t)((uint64_t)number << 8 ^ take(b));
	must(h5_set_int(f, name, number));
}

static void write_file(int file, uint64_t first, uint64_t rows, struct bytes *b)
{
	struct h5_file *f;

	must(h5_create(&f, paths[file]));
	write_column(f, "id", (struct h5_shape){.type = H5_STRING, .ndim = 1, .dim = {rows}, .string_size = sizeof ids[0]},
	             ids[first], b);
	write_column(f, "state", (struct h5_shape){.type = H5_U8, .ndim = 1, .dim = {rows}}, &states[first], b);
	write_column(f, "vector", (struct h5_shape){.type = H5_F16, .ndim = 2, .dim = {rows, WIDTH}}, vectors[first], b);
	write_column(f, "count", (struct h5_shape){.type = H5_I32, .ndim = 1, .dim = {rows}}, &counts[first], b);
	if (file == 0) {
		write_number(f, "schema", SHARD_SCHEMA, b);
		write_number(f, "part_rows", PART_ROWS, b);
		write_number(f, "rows", ROWS, b);
		must(h5_set_text(f, "kind", take(b) ? "other" : "fuzz"));
	}
	must(h5_commit(f));
}

/* Whatever the table says of itself, what is read fits a buffer made by that. */
static void read_column(struct shard_reader *r, const char *name, enum h5_type as)
{
	struct h5_shape shape, cell = {.type = as};
	uint64_t cells = 1;
	void *out;

	if (shard_describe(r, name, &shape) != ST_OK)
		return;
	cell.string_size = shape.string_size;
	for (int i = 0; i < shape.ndim; i++)
		cells *= shape.dim[i];
	out = xmalloc(cells * h5_element_size(&cell));
	if (shard_read(r, name, 0, shard_rows(r), as, out) == ST_OK && shard_rows(r) != ROWS)
		BUG("%u rows", shard_rows(r));
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct bytes b = {bytes, n};
	struct shard_reader *r;

	write_file(0, 0, ROWS, &b);
	write_file(1, 0, PART_ROWS, &b);
	write_file(2, PART_ROWS, ROWS - PART_ROWS, &b);
	if (shard_open(&r, folder, "fuzz", &catalog) != ST_OK) {
		if (n == 0)
			BUG("a good table is refused: %s", status_message());
		return 0;
	}
	read_column(r, "vector", H5_F32);
	read_column(r, "vector", H5_F16);
	read_column(r, "count", H5_I32);
	read_column(r, "state", H5_U8);
	read_column(r, "id", H5_STRING);
	shard_close(r);
	return 0;
}
