/* Confidence intervals of means and rates. Level is the confidence, e.g. 0.95.
 *
 * Defined for every n: with n = 0 the estimate is NaN and the interval (NaN, NaN); with n = 1 the
 * interval of a mean is (-inf, inf), as one observation says nothing about its spread. */
#ifndef RG_STATS_INTERVAL_H
#define RG_STATS_INTERVAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/sort.h"

struct rg_estimate {
    double value;
    double lo, hi;
    uint64_t n;
};

/* Mean of x[0..n) with a Student t interval, mean +- t(n-1, (1+level)/2) * s / sqrt(n); sums are
 * compensated, the variance is the two-pass one. NaN in x makes the estimate NaN. */
struct rg_estimate rg_interval_mean(const double *x, size_t n, double level);

/* Rate k / n with the Wilson score interval: E. B. Wilson, JASA 22 (1927) 209-212. k may be
 * fractional (a mean of rates over n units); 0 <= k <= n. */
struct rg_estimate rg_interval_rate(double k, uint64_t n, double level);

/* The same where observations with one unit[i] are repeats on one thing (a query) and not
 * independent: the interval is over the units. With G units and n observations, the variance of the
 * mean m is G / (G - 1) * sum over units of (sum of (x - m))^2 / n^2, the estimator of a mean of
 * clusters of unequal size (W. G. Cochran, Sampling Techniques, 3rd ed., 1977, section 9A.1,
 * without the finite population correction), and t has G - 1 degrees of freedom. With every unit
 * its own this is rg_interval_mean. .n is the number of observations. */
struct rg_estimate rg_interval_mean_units(const double *x, const uint32_t *unit, size_t n,
                                          double level);

/* Likewise for 0 and 1: the Wilson interval at the effective number of trials m (1 - m) / variance,
 * at most n; the number of units where the variance is 0. */
struct rg_estimate rg_interval_rate_units(const double *x, const uint32_t *unit, size_t n,
                                          double level);

/* A rate over units of unequal size: hits[u] of trials[u] in unit u, as sum of hits over sum of
 * trials; the interval as above, over the n units. Units without trials say nothing; .n is the
 * number of those with some. 0 <= hits[u] <= trials[u]. */
struct rg_estimate rg_interval_rate_sizes(const double *hits, const double *trials, size_t n,
                                          double level);

#endif
