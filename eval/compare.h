/* Paired comparison: the mean of differences over impressions, and how certain it is. */
#ifndef COVERLINE_EVAL_COMPARE_H
#define COVERLINE_EVAL_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Running mean of differences d, and the sum of their squared distances from it (Welford 1962). Zero-initialise before
 * first use. */
struct paired {
	double mean, squares;
	uint64_t n;
};

void paired_add(struct paired *p, double d);

/* mean of d, its standard error, and the 95 % interval and two-sided p of Student's t with n - 1 degrees of freedom.
 * Everything but the mean is NaN for n < 2. Equal differences have error 0 and tell nothing of their spread: p is then 1 if
 * they are 0, else that of the sign test, 2^(1 - n), and the interval is the point, or NaN where such a p is above 0.05
 * (n < 6). effect is Cohen's d of paired differences, mean / their standard deviation. */
struct comparison {
	double mean, error, low, high, t, p, effect;
};
struct comparison paired_compare(const struct paired *p);
/* The same of -d: the comparison the other way round. */
struct comparison comparison_reversed(const struct comparison *c);
/* True if the interval leaves out 0. */
bool comparison_certain(const struct comparison *c);

/* Holm's correction for n comparisons (Holm 1979): adjusted[i] is p[i] so enlarged that rejecting where adjusted < 0.05 errs
 * with at most 5 % anywhere. NaNs count as no comparison and stay NaN. */
void holm_adjust(const double *p, size_t n, double *adjusted);

/* P(|T| >= |t|) for Student's t with df > 0 degrees of freedom. */
double student_p(double t, double df);
/* The t > 0 with P(|T| >= t) = p, for 0 < p < 1; to 12 digits. */
double student_quantile(double p, double df);

#endif
