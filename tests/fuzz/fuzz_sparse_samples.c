/* RUN/samples.bin with any bytes. What is accepted can be learnt from and turned into columns without leaving its lists. */
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "model/train/sparse_sgd.h"
#include "tests/support/fuzz_input.h"

enum { FACTORS = 3, BUCKETS_MAX = 1 << 12 };

static void learn(const struct sparse_samples *s)
{
	real w0 = 0, *w = xcalloc(s->buckets + 1, sizeof *w), *v = xcalloc(s->buckets * FACTORS + 1, sizeof *v);
	const struct sparse_machine m = {.w0 = &w0, .w = w, .v = v, .factors = FACTORS, .l2_weight = 1, .l2_factor = 1};
	struct sparse_columns c;
	double loss;
	if (sparse_sgd_epoch(&m, s, 1, 0, 1e-3, &loss) == ST_OK && sparse_columns_open(&c, s, "/tmp") == ST_OK) {
		if (sparse_als_sweep(&m, s, &c, &loss) != ST_OK)
			w0 = 0;
		sparse_columns_close(&c);
	}
	free(w);
	free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct sparse_samples s = {0};
	char *copy = xmalloc(n + 1); /* aligned, as a map is */
	if (n)
		memcpy(copy, bytes, n);
	if (sparse_samples_lay_out(&s, copy, n) == ST_OK && s.buckets <= BUCKETS_MAX)
		learn(&s);
	free(copy);
	return 0;
}
