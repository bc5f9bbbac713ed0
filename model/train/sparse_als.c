#include <math.h>

#include "common/cli.h"
#include "model/train/sparse_sgd.h"

/* The least of sum (e + h (old - theta))^2 + l2 theta^2 over theta: with residual e = t - y at the old value and
 * h = dy/dtheta, that y is linear in,
 *     theta = (sum h e + old sum h^2) / (sum h^2 + l2)                  (SIGIR 2011, eq. 8; TIST 2012, eq. 24) */
static double best(double old, double he, double hh, double l2)
{
	return hh + l2 > 0 ? (he + old * hh) / (hh + l2) : old;
}

static double set_residuals(const struct sparse_machine *m, const struct sparse_samples *s, struct sparse_columns *c)
{
	double squares = 0;
	for (uint64_t i = 0; i < s->count; i++) {
		const double e = (s->label[i] ? 1 : -1) - (double)sparse_machine_score(m, s, i);
		c->residual[i] = (float)e;
		squares += e * e;
	}
	return s->count ? squares / (double)s->count : 0;
}

/* h = 1 for every sample; without a penalty. */
static void solve_bias(const struct sparse_machine *m, const struct sparse_samples *s, struct sparse_columns *c)
{
	double sum = 0;
	for (uint64_t i = 0; i < s->count; i++)
		sum += c->residual[i];
	const real old = *m->w0;
	*m->w0 = (real)((double)old + (s->count ? sum / (double)s->count : 0));
	const float moved = (float)(*m->w0 - old);
	for (uint64_t i = 0; i < s->count; i++)
		c->residual[i] -= moved;
}

/* h = x_j. */
static void solve_weight(const struct sparse_machine *m, struct sparse_columns *c, uint64_t j)
{
	double he = 0, hh = 0;
	for (uint64_t p = c->offset[j]; p < c->offset[j + 1]; p++) {
		const double x = c->value[p];
		he += x * c->residual[c->sample[p]];
		hh += x * x;
	}
	const real old = m->w[j];
	m->w[j] = (real)best((double)old, he, hh, m->l2_weight);
	const float moved = (float)(m->w[j] - old);
	for (uint64_t p = c->offset[j]; p < c->offset[j + 1]; p++)
		c->residual[c->sample[p]] -= moved * c->value[p];
}

/* S_f of every sample. */
static void set_sums(const struct sparse_machine *m, const struct sparse_samples *s, struct sparse_columns *c,
                     int64_t f)
{
	for (uint64_t i = 0; i < s->count; i++) {
		double sum = 0;
		for (uint64_t p = s->offset[i]; p < s->offset[i + 1]; p++)
			sum += (double)m->v[(int64_t)s->index[p] * m->factors + f] * (double)s->value[p];
		c->sum[i] = (float)sum;
	}
}

/* h = x_j (S_f - v_jf x_j), which does not depend on v_jf. */
static void solve_factor(const struct sparse_machine *m, struct sparse_columns *c, uint64_t j, int64_t f)
{
	real *v = m->v + (int64_t)j * m->factors + f;
	double he = 0, hh = 0;
	for (uint64_t p = c->offset[j]; p < c->offset[j + 1]; p++) {
		const double x = c->value[p], h = x * (c->sum[c->sample[p]] - (double)*v * x);
		he += h * c->residual[c->sample[p]];
		hh += h * h;
	}
	const real old = *v;
	*v = (real)best((double)old, he, hh, m->l2_factor);
	const float moved = (float)(*v - old);
	for (uint64_t p = c->offset[j]; p < c->offset[j + 1]; p++) {
		const uint32_t i = c->sample[p];
		const float x = c->value[p], h = x * (c->sum[i] - (float)old * x);
		c->residual[i] -= moved * h;
		c->sum[i] += moved * x;
	}
}

enum status sparse_als_sweep(const struct sparse_machine *m, const struct sparse_samples *s, struct sparse_columns *c,
                             double *loss)
{
	*loss = set_residuals(m, s, c);
	if (!isfinite(*loss))
		return status_fail(ST_FAILED,
		                   "mean of squares %g: training has diverged; a larger fm.l2_weight and "
		                   "fm.l2_factor may help",
		                   *loss);
	solve_bias(m, s, c);
	for (uint64_t j = 0; j < s->buckets; j++)
		if (c->offset[j] < c->offset[j + 1])
			solve_weight(m, c, j);
	for (int64_t f = 0; f < (m->v ? m->factors : 0); f++) {
		set_sums(m, s, c, f);
		for (uint64_t j = 0; j < s->buckets; j++)
			if (c->offset[j] < c->offset[j + 1])
				solve_factor(m, c, j, f);
		if (cli_interrupted())
			return cli_interrupted_status();
	}
	return ST_OK;
}
