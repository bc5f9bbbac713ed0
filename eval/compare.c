#include "eval/compare.h"

#include <math.h>

#define INTERVAL_ERROR_RATE 0.05

void paired_add(struct paired *p, double d)
{
	p->n++;
	const double off = d - p->mean;
	p->mean += off / (double)p->n;
	p->squares += off * (d - p->mean);
}

/* Continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1);
	d = 1 / (fabs(d) < tiny ? tiny : d);
	double f = d;
	for (int m = 1; m < 10000; m++) {
		for (int odd = 0; odd < 2; odd++) {
			const double k = odd ? -(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))
			                     : m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m));
			d = 1 + k * x * d;
			d = 1 / (fabs(d) < tiny ? tiny : d);
			c = 1 + k * x / c;
			c = fabs(c) < tiny ? tiny : c;
			f *= c * d;
		}
		if (fabs(c * d - 1) < 1e-15)
			break;
	}
	return f;
}

/* I_x(a, b); x and y = 1 - x are given apart, since the smaller of them carries the digits. */
static double incomplete_beta(double a, double b, double x, double y)
{
	if (x <= 0)
		return 0;
	if (y <= 0)
		return 1;
	const double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
	/* The fraction converges fast on this side of the mean only. */
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, y) / b;
}

double student_p(double t, double df)
{
	if (isnan(t))
		return NAN;
	if (isinf(t))
		return 0;
	const double square = t * t;
	return incomplete_beta(df / 2, 0.5, df / (df + square), square / (df + square));
}

double student_quantile(double p, double df)
{
	double low = 0, high = 1;
	while (student_p(high, df) > p && high < 1e300)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
		const double middle = low + (high - low) / 2;
		if (student_p(middle, df) > p)
			low = middle;
		else
			high = middle;
	}
	return low + (high - low) / 2;
}

/* Two-sided sign test of n differences that are all on one side. */
static double sign_p(uint64_t n)
{
	return ldexp(1, n < 1000 ? 1 - (int)n : -1000);
}

/* Of n > 1 differences that are all d: Student's t knows no spread to go by. */
static struct comparison compare_equal(double d, uint64_t n)
{
	const double p = d == 0 ? 1 : sign_p(n);
	const bool known = d == 0 || p < INTERVAL_ERROR_RATE;
	const double t = d == 0 ? 0 : copysign(INFINITY, d);
	return (struct comparison){d, 0, known ? d : NAN, known ? d : NAN, t, p, t};
}

struct comparison paired_compare(const struct paired *p)
{
	const double n = (double)p->n;
	struct comparison c = {p->n ? p->mean : NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	if (p->n < 2)
		return c;
	if (p->squares <= 0)
		return compare_equal(p->mean, p->n);
	c.error = sqrt(p->squares / (n - 1) / n);
	const double reach = student_quantile(INTERVAL_ERROR_RATE, n - 1) * c.error;
	c.low = c.mean - reach;
	c.high = c.mean + reach;
	c.t = c.mean / c.error;
	c.effect = c.t / sqrt(n);
	c.p = student_p(c.t, n - 1);
	return c;
}

struct comparison comparison_reversed(const struct comparison *c)
{
	return (struct comparison){-c->mean, c->error, -c->high, -c->low, -c->t, c->p, -c->effect};
}

bool comparison_certain(const struct comparison *c)
{
	return c->low > 0 || c->high < 0;
}

/* How many comparisons are at least as uncertain as i, itself counted: what its p is multiplied by. */
static size_t holm_factor(const double *p, size_t n, size_t i)
{
	size_t factor = 0;
	for (size_t j = 0; j < n; j++)
		factor += p[j] > p[i] || (j >= i && p[j] == p[i]);
	return factor;
}

void holm_adjust(const double *p, size_t n, double *adjusted)
{
	for (size_t i = 0; i < n; i++) {
		adjusted[i] = isnan(p[i]) ? NAN : 0;
		for (size_t j = 0; j < n; j++)
			if (p[j] <= p[i])
				adjusted[i] = fmax(adjusted[i], fmin(1, p[j] * (double)holm_factor(p, n, j)));
	}
}
