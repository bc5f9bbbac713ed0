#include "model/train/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

/* Large enough that latency does not count, small enough that some are on their way early. */
#define BUCKET_MIN ((int64_t)64 << 10) /* elements */
#define BUCKET_MAX ((int64_t)2 << 20)
#define BUCKETS    16 /* to aim for in between */

static int64_t bucket_size(const struct params *ps)
{
	const int64_t size = ps->size / BUCKETS;
	return size < BUCKET_MIN ? BUCKET_MIN : size > BUCKET_MAX ? BUCKET_MAX : size;
}

/* Runs of neighbours from the end of the block; a table in between ends a run. */
static void cut(struct exchange *x)
{
	const int64_t size = bucket_size(x->ps);
	bool open = false;
	for (int i = x->ps->count - 1; i >= 0; i--) {
		const int64_t begin = x->begins[i], end = x->begins[i + 1];
		x->bucket_of[i] = -1;
		if (x->ps->list[i]->tensor.touched) {
			open = false;
			continue;
		}
		if (!open)
			x->bucket[x->bucket_count++] = (struct bucket){.begin = begin, .end = end};
		struct bucket *b = &x->bucket[x->bucket_count - 1];
		b->begin = begin;
		x->bucket_of[i] = x->bucket_count - 1;
		open = b->end - b->begin < size;
	}
}

void exchange_init(struct exchange *x, struct ranks *ranks, struct params *ps)
{
	*x = (struct exchange){.ranks = ranks, .ps = ps};
	if (ranks_count(ranks) == 1)
		return;
	const size_t n = (size_t)ps->count;
	x->bucket = xcalloc(n + 1, sizeof *x->bucket);
	x->bucket_of = xcalloc(n + 1, sizeof *x->bucket_of);
	x->begins = xcalloc(n + 1, sizeof *x->begins);
	x->uses = xcalloc(n + 1, sizeof *x->uses);
	x->counts = xcalloc((size_t)ranks_count(ranks), sizeof *x->counts);
	for (int i = 0; i < ps->count; i++)
		x->begins[i + 1] = x->begins[i] + tensor_size(&ps->list[i]->tensor);
	cut(x);
}

void exchange_release(struct exchange *x)
{
	free(x->bucket);
	free(x->bucket_of);
	free(x->begins);
	free(x->uses);
	free(x->counts);
	*x = (struct exchange){0};
}

/* During the pass ----------------------------------------------------------------------------------------------------- */

/* The parameter whose gradient an input shares, views of it included; -1: none. */
static int param_of(const struct exchange *x, const struct tensor *in)
{
	if (!in || !in->grad || in->grad < x->ps->grad || in->grad >= x->ps->grad + x->ps->size)
		return -1;
	const int64_t at = in->grad - x->ps->grad;
	int low = 0, high = x->ps->count - 1;
	while (low < high) {
		const int middle = (low + high + 1) / 2;
		if (x->begins[middle] <= at)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static void start_ready(struct exchange *x)
{
	if (x->inner)
		return;
	for (; x->started < x->bucket_count && x->bucket[x->started].waiting == 0; x->started++) {
		const struct bucket *b = &x->bucket[x->started];
		ranks_add_begin(x->ranks, x->ps->grad + b->begin, b->end - b->begin);
		x->sent += b->end - b->begin;
	}
}

static void passed(void *context, const struct node *n)
{
	struct exchange *x = context;
	x->inner -= n->inner;
	for (int i = 0; i < NODE_INPUTS; i++) {
		const int p = param_of(x, n->in[i]);
		if (p >= 0 && --x->uses[p] == 0 && x->bucket_of[p] >= 0)
			x->bucket[x->bucket_of[p]].waiting--;
	}
	start_ready(x);
	ranks_poll(x->ranks);
}

void exchange_watch(struct exchange *x, struct tape *t)
{
	if (ranks_count(x->ranks) == 1)
		return;
	memset(x->uses, 0, (size_t)x->ps->count * sizeof *x->uses);
	x->inner = 0;
	for (const struct node *n = t->last; n; n = n->previous) {
		x->inner += n->inner;
		for (int i = 0; i < NODE_INPUTS; i++) {
			const int p = param_of(x, n->in[i]);
			if (p >= 0 && x->uses[p]++ == 0 && x->bucket_of[p] >= 0)
				x->bucket[x->bucket_of[p]].waiting++;
		}
	}
	t->passed = passed;
	t->passed_context = x;
}

/* After it ------------------------------------------------------------------------------------------------------------ */

/* Puts the rows of all ranks into the table, in the order of ranks: the same sums, and the same list, on all. */
static void add_rows(struct tensor *table, const int32_t *row, const real *value, int64_t count)
{
	struct touched_rows *r = table->touched;
	const int64_t d = table->dim[1];
	for (int32_t i = 0; i < r->count; i++)
		memset(table->grad + r->row[i] * d, 0, (size_t)d * sizeof *table->grad);
	touched_rows_clear(r);
	for (int64_t i = 0; i < count; i++)
		for (int64_t j = 0; j < d; j++)
			table->grad[row[i] * d + j] += value[i * d + j];
	touched_rows_add(r, row, count);
}

static enum status exchange_rows(struct exchange *x, struct tensor *table, int64_t total)
{
	const struct touched_rows *r = table->touched;
	const int64_t d = table->dim[1];
	const int ranks = ranks_count(x->ranks);
	int32_t *row = xmalloc(((size_t)total + 1) * sizeof *row);
	real *mine = xmalloc(((size_t)r->count * (size_t)d + 1) * sizeof *mine);
	real *value = xmalloc(((size_t)total * (size_t)d + 1) * sizeof *value);
	for (int32_t i = 0; i < r->count; i++)
		memcpy(mine + i * d, table->grad + r->row[i] * d, (size_t)d * sizeof *mine);
	enum status st = ranks_collect_rows(x->ranks, r->row, x->counts, row);
	for (int i = 0; i < ranks; i++)
		x->counts[i] *= d;
	if (st == ST_OK)
		st = ranks_collect_reals(x->ranks, mine, x->counts, value);
	if (st == ST_OK) {
		x->sent_rows += r->count * (d + 1);
		add_rows(table, row, value, total);
	}
	free(row);
	free(mine);
	free(value);
	return st;
}

static enum status exchange_table(struct exchange *x, struct tensor *table)
{
	struct touched_rows *r = table->touched;
	const int ranks = ranks_count(x->ranks);
	int64_t total = 0;
	bool whole = false;
	enum status st = ranks_collect(x->ranks, r->all ? -1 : r->count, x->counts);
	for (int i = 0; i < ranks && st == ST_OK; i++) {
		whole = whole || x->counts[i] < 0;
		total += x->counts[i];
	}
	if (st != ST_OK)
		return st;
	if (!whole && total <= table->dim[0])
		return exchange_rows(x, table, total);
	r->all = true;
	x->sent += tensor_size(table);
	ranks_add_begin(x->ranks, table->grad, tensor_size(table));
	return ranks_finish(x->ranks);
}

enum status exchange_finish(struct exchange *x)
{
	if (ranks_count(x->ranks) == 1)
		return ST_OK;
	for (int i = 0; i < x->bucket_count; i++)
		x->bucket[i].waiting = 0;
	x->inner = 0;
	start_ready(x);
	x->started = 0;
	x->steps++;
	enum status st = ranks_finish(x->ranks);
	for (int i = 0; i < x->ps->count && st == ST_OK; i++)
		if (x->ps->list[i]->tensor.touched)
			st = exchange_table(x, &x->ps->list[i]->tensor);
	return st;
}

static enum status exchange_some(struct exchange *x, const int *of, int which)
{
	if (ranks_count(x->ranks) == 1)
		return ST_OK;
	for (int i = 0; i < x->ps->count; i++) {
		const struct tensor *p = &x->ps->list[i]->tensor;
		if (of[i] != which || p->touched)
			continue;
		ranks_add_begin(x->ranks, p->grad, tensor_size(p));
		x->sent += tensor_size(p);
	}
	enum status st = ranks_finish(x->ranks);
	for (int i = 0; i < x->ps->count && st == ST_OK; i++)
		if (of[i] == which && x->ps->list[i]->tensor.touched)
			st = exchange_table(x, &x->ps->list[i]->tensor);
	return st;
}

enum status exchange_unite(struct exchange *x, const struct share *s, enum status st)
{
	double sums[SHARE_SUMS + 1];
	if (s->count > SHARE_SUMS)
		BUG("%d numbers", s->count);
	memcpy(sums, s->sum, (size_t)s->count * sizeof *sums);
	sums[s->count] = st != ST_OK;
	char *message = xstrdup(status_message());
	enum status met = s->of ? exchange_some(x, s->of, s->which) : exchange_finish(x);
	if (met == ST_OK)
		met = ranks_add(x->ranks, sums, s->count + 1);
	if (met == ST_OK)
		status_restore(message);
	free(message);
	if (met != ST_OK)
		return met;
	memcpy(s->sum, sums, (size_t)s->count * sizeof *sums);
	return sums[s->count] > 0 ? ranks_agree(x->ranks, st) : ST_OK;
}
