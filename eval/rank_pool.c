#include "eval/rank_pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

enum { ITEMS_FIRST = 4096 };

struct visit {
	uint32_t before; /* the same user's previous visit + 1, 0: none */
	uint32_t candidates, clicks;
	size_t first; /* in ranks; run i's are at first + i * clicks */
};

/* Candidates by rank. */
struct histogram {
	uint64_t *ends;    /* [n] impressions whose last rank is r + 1 */
	uint64_t *clicked; /* [n] clicked candidates of rank r + 1 */
	uint32_t used;     /* beyond, all are 0 */
};

void rank_pool_release(struct rank_pool *p)
{
	id_table_release(&p->users);
	free(p->latest);
	free(p->visits);
	free(p->ranks);
	*p = (struct rank_pool){0};
}

static void *grown(void *items, size_t *size, size_t needed, size_t item_size)
{
	if (needed <= *size)
		return items;
	while (*size < needed)
		*size = *size ? *size * 2 : ITEMS_FIRST;
	return xrealloc(items, *size, item_size);
}

void rank_pool_add(struct rank_pool *p, const char *user, size_t user_length, size_t n, size_t clicks)
{
	const uint32_t known = p->users.count;
	const uint32_t number = id_table_add(&p->users, user, user_length);
	p->latest = grown(p->latest, &p->latest_size, p->users.count, sizeof *p->latest);
	if (p->users.count > known)
		p->latest[number] = 0;
	p->visits = grown(p->visits, &p->visit_size, p->visit_count + 1, sizeof *p->visits);
	p->visits[p->visit_count++] = (struct visit){p->latest[number], (uint32_t)n, (uint32_t)clicks, p->rank_count};
	p->latest[number] = (uint32_t)p->visit_count;
	if (n > p->most_candidates)
		p->most_candidates = (uint32_t)n;
}

void rank_pool_run(struct rank_pool *p, const int8_t *labels, const uint32_t *order, size_t n)
{
	size_t left = p->visits[p->visit_count - 1].clicks;
	p->ranks = grown(p->ranks, &p->rank_size, p->rank_count + left, sizeof *p->ranks);
	for (size_t i = 0; i < n && left; i++)
		if (labels[order[i]] == 1) {
			p->ranks[p->rank_count++] = (uint32_t)i + 1;
			left--;
		}
}

static void count_visit(struct histogram *h, const struct rank_pool *p, const struct visit *v, size_t run)
{
	if (v->candidates == 0)
		return;
	h->ends[v->candidates - 1]++;
	for (uint32_t i = 0; i < v->clicks; i++)
		h->clicked[p->ranks[v->first + run * v->clicks + i] - 1]++;
	if (v->candidates > h->used)
		h->used = v->candidates;
}

/* The AUC of what was counted, NaN if it is undefined; h is empty afterwards. */
static double take_auc(struct histogram *h)
{
	uint64_t here = 0, above = 0, clicked = 0, half_pairs_lost = 0;
	for (uint32_t r = 0; r < h->used; r++)
		here += h->ends[r];
	for (uint32_t r = 0; r < h->used; r++) {
		const uint64_t other = here - h->clicked[r];
		half_pairs_lost += h->clicked[r] * (2 * above + other);
		above += other;
		clicked += h->clicked[r];
		here -= h->ends[r];
	}
	memset(h->ends, 0, h->used * sizeof *h->ends);
	memset(h->clicked, 0, h->used * sizeof *h->clicked);
	h->used = 0;
	const uint64_t half_pairs = 2 * clicked * above;
	return half_pairs ? (double)(half_pairs - half_pairs_lost) / (double)half_pairs : NAN;
}

struct pooled rank_pool_measure(const struct rank_pool *p, size_t run)
{
	struct histogram h = {0};
	struct pooled out = {NAN, NAN, 0, 0};
	double sum = 0;
	h.ends = xcalloc((size_t)p->most_candidates + 1, sizeof *h.ends);
	h.clicked = xcalloc((size_t)p->most_candidates + 1, sizeof *h.clicked);
	for (size_t i = 0; i < p->visit_count; i++)
		count_visit(&h, p, &p->visits[i], run);
	out.pooled_auc = take_auc(&h);
	for (uint32_t user = 0; user < p->users.count; user++) {
		for (uint32_t v = p->latest[user]; v; v = p->visits[v - 1].before)
			count_visit(&h, p, &p->visits[v - 1], run);
		const double auc = take_auc(&h);
		if (isnan(auc)) {
			out.users_skipped++;
			continue;
		}
		out.users++;
		sum += auc;
	}
	if (out.users)
		out.user_auc = sum / (double)out.users;
	free(h.ends);
	free(h.clicked);
	return out;
}
