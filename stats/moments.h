/* Mean, variance, skewness and kurtosis in one pass, of parts that can be merged; trimmed and
 * geometric means.
 *
 * Every function is defined for n = 0 (NaN). A NaN among the values makes all results NaN, and so
 * do infinities of both signs; with one of them the mean is that infinity and what is made of
 * deviations is NaN. */
#ifndef RG_STATS_MOMENTS_H
#define RG_STATS_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/sum.h"
#include "stats/interval.h"

/* Sums of powers of the deviations from the mean, kept as B. P. Welford (Technometrics 4 (1962)
 * 419-420) did for the second power and P. Pebay ("Formulas for robust, one-pass parallel
 * computation of covariances and arbitrary-order statistical moments", SAND2008-6212, 2008) for
 * higher ones. Begin with {0}, which is the empty summary. The fourth power overflows beyond
 * values of 1e77; mean and variance are good up to 1e153. */
struct rg_moments {
    uint64_t n;                /* all values, also those of the next line */
    uint64_t nan, plus, minus; /* not numbers, infinite */
    struct rg_sum sum;         /* of the finite ones: compensated, so that the mean is */
    double mean, m2, m3, m4;
    double min, max; /* of all; no meaning for n = 0; NaN if there is one */
};

void rg_moments_add(struct rg_moments *m, double x);

/* Add all of other to m, as if its values had been added one by one (up to rounding). Either may
 * be empty: the other one is then the result, bit for bit. */
void rg_moments_merge(struct rg_moments *m, const struct rg_moments *other);

struct rg_moments rg_moments_of(const double *x, size_t n);

double rg_moments_mean(const struct rg_moments *m);
double rg_moments_variance(const struct rg_moments *m); /* divides by n - 1; NaN for n < 2 */
double rg_moments_sd(const struct rg_moments *m);

/* g1 and g2 of D. N. Joanes and C. A. Gill, "Comparing measures of sample skewness and kurtosis",
 * The Statistician 47 (1998) 183-189: m3 / m2^1.5 and m4 / m2^2 - 3 with moments that divide by n.
 * NaN where all values are equal. */
double rg_moments_skewness(const struct rg_moments *m);
double rg_moments_kurtosis(const struct rg_moments *m);

/* Mean of sorted x[0..n) without its floor(n share) least and as many largest values, 0 <= share <
 * 0.5, with the interval of J. W. Tukey and D. H. McLaughlin, Sankhya A 25 (1963) 331-352: Student
 * t with n - 2g - 1 degrees of freedom and the standard error s_w sqrt(n - 1) / sqrt(h (h - 1)),
 * where h = n - 2g values are left and s_w is the standard deviation of the values winsorized. Of
 * one value left the interval is (-inf, inf). Infinite values that are cut do not matter, but for
 * the limits when they are next to those left. */
struct rg_estimate rg_moments_trimmed(const double *sorted, size_t n, double share, double level);

/* exp of the mean logarithm, the interval being that of the mean logarithm by Student t. 0 where a
 * value is 0, with the interval (0, inf); NaN where one is negative. */
struct rg_estimate rg_moments_geometric(const double *x, size_t n, double level);

#endif
