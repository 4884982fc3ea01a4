/* Two measurements on each of n units: their differences, and the tests of these.
 *
 * All tests take the differences d[0..n), which rg_paired_differences makes from two columns with
 * what is missing left out. */
#ifndef RG_STATS_PAIRED_H
#define RG_STATS_PAIRED_H

#include <stddef.h>

#include "stats/hypothesis.h"

/* d gets x[i] - y[i] for each i where neither is NaN, in their order; returns how many. Equal
 * infinities differ by 0. d may be x or y. */
size_t rg_paired_differences(const double *x, const double *y, size_t n, double *d);

/* Mean and standard deviation (n - 1; NaN for n < 2) of finite values, two passes, compensated sums
 * and without overflow on the way. */
struct rg_spread {
    double mean, sd;
};
struct rg_spread rg_spread_of(const double *x, size_t n);

/* Student's paired t test (Student, Biometrika 6 (1908) 1-25) of mean difference == null:
 * statistic t, df n - 1, estimate the mean difference with its interval of the level, which is
 * one-sided for a one-sided alternative. Undefined for n < 2 and where the differences are
 * equal but for rounding (their standard error at most 10 DBL_EPSILON of the mean); the interval is
 * then (-inf, inf) for n = 1 and the point itself for equal ones. */
struct rg_test rg_paired_t(const double *d, size_t n, double null, enum rg_tail tail, double level);

/* Sign test: the number of positive differences among those that are not 0 against a fair coin,
 * exact for every n. statistic: that number; estimate: its share, with Wilson's two-sided interval
 * (stats/interval.h). Undefined where all are 0. W. J. Dixon, A. M. Mood, JASA 41 (1946) 557-566.
 */
struct rg_test rg_paired_sign(const double *d, size_t n, enum rg_tail tail, double level);

#endif
