/* libFuzzer target: any bytes as a .safetensors file. Everything that is accepted must also be readable. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/encoders/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A tensor that a small file can hold: the header's own words decide whether it is there. */
static void read_if_there(const struct weights *w, const char *name, int64_t rows, int64_t columns)
{
	struct weights_tensor t = {.ndim = 2, .dim = {rows, columns}};
	float out[64];

	snprintf(t.name, sizeof(t.name), "%s", name);
	if (weights_read(w, &t, out) == ST_OK && !isfinite(out[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct weights_tensor list[] = {{.name = "a", .ndim = 2, .dim = {2, 3}},
	                                             {.name = "b", .ndim = 1, .dim = {4}}};
	struct weights *w;

	if (weights_open_bytes(&w, bytes, size, "input") != ST_OK)
		return 0;
	if (weights_check(w, list, 2) == ST_OK)
		read_if_there(w, "a", 2, 3);
	read_if_there(w, "a", 1, 1);
	read_if_there(w, "b", 8, 8);
	weights_close(w);
	return 0;
}
