#include "model/recommenders/click_pairs.h"

static int64_t count_pairs(const struct impressions *m)
{
	int64_t count = 0;
	for (int32_t i = 0; i < m->count; i++)
		count += (int64_t)(m->clicks.offset[i + 1] - m->clicks.offset[i]) *
		         (m->candidates.offset[i + 1] - m->candidates.offset[i]);
	return count;
}

const struct click_pairs *click_pairs_make(struct tape *t, const struct impressions *m)
{
	const int32_t candidates = m->candidates.offset[m->count];
	const int64_t count = count_pairs(m);
	if (count > INT32_MAX) {
		tape_fail(t, "%lld pairs of a candidate and a click in a batch", (long long)count);
		return NULL;
	}
	struct click_pairs *p = arena_alloc(&t->arena, sizeof *p);
	int32_t *offset = arena_alloc(&t->arena, ((size_t)candidates + 1) * sizeof *offset);
	int32_t *click = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *click);
	int32_t *candidate = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *candidate);
	int32_t n = 0;
	offset[0] = 0;
	for (int32_t i = 0; i < m->count; i++)
		for (int32_t c = m->candidates.offset[i]; c < m->candidates.offset[i + 1]; c++) {
			for (int32_t k = m->clicks.offset[i]; k < m->clicks.offset[i + 1]; k++) {
				click[n] = k;
				candidate[n++] = c;
			}
			offset[c + 1] = n;
		}
	*p = (struct click_pairs){{offset, candidates}, click, candidate, count, candidate_impressions(t, m), candidates};
	return p;
}
