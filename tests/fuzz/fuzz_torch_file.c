/* libFuzzer target: any bytes as a PyTorch file, and as what follows the older format's preface. Everything that is accepted
 * must also be readable. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "model/encoders/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_if_there(const struct weights *w, const char *name, int ndim, int64_t rows, int64_t columns)
{
	struct weights_tensor t = {.ndim = ndim, .dim = {rows, columns}};
	float out[64];

	snprintf(t.name, sizeof(t.name), "%s", name);
	if (weights_read(w, &t, out) == ST_OK && !isfinite(out[0]))
		abort();
}

/* Tensors of the files in tests/parity/golden, of shapes that a mutation may still have. */
static void read_tensors(const void *bytes, size_t size)
{
	static const struct weights_tensor list[] = {{.name = "float", .ndim = 1, .dim = {2}},
	                                             {.name = "half", .ndim = 2, .dim = {1, 3}}};
	struct weights *w;

	if (weights_open_bytes(&w, bytes, size, "input") != ST_OK)
		return;
	if (weights_check(w, list, 2) == ST_OK)
		read_if_there(w, "float", 1, 2, 0);
	read_if_there(w, "half", 2, 1, 3);
	read_if_there(w, "bfloat", 1, 2, 0);
	read_if_there(w, "rows", 2, 3, 4);
	read_if_there(w, "transposed", 2, 4, 3);
	read_if_there(w, "expanded", 2, 2, 3);
	read_if_there(w, "scalar", 0, 0, 0);
	read_if_there(w, "parameter", 1, 2, 0);
	read_if_there(w, "0.bias", 1, 4, 0);
	weights_close(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char preface[] =
		"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.";
	char *whole = xmalloc(sizeof(preface) + size);

	read_tensors(bytes, size);
	memcpy(whole, preface, sizeof(preface) - 1);
	if (size > 0)
		memcpy(whole + sizeof(preface) - 1, bytes, size);
	read_tensors(whole, sizeof(preface) - 1 + size);
	free(whole);
	return 0;
}
