/* Quantiles and intervals for them. All take sorted values (rg_sort) without NaN; infinite ones are
 * fine. n = 0 gives NaN. */
#ifndef RG_STATS_QUANTILE_H
#define RG_STATS_QUANTILE_H

#include <stddef.h>

#include "stats/interval.h"

/* Type 7 is rg_quantile7 of stats/interval.h. Type 8 of R. J. Hyndman and Y. Fan, The American
 * Statistician 50 (1996) 361-365, is nearly unbiased for the median of the quantile whatever the
 * distribution, and what they recommend: interpolation at (n + 1/3) q + 1/3, counted from 1, kept
 * within the values. */
double rg_quantile8(const double *sorted, size_t n, double q);

/* Distribution-free interval from two order statistics: between them the quantile lies with the
 * probability that a binomial count (n, q) does between their ranks (H. A. David and H. N.
 * Nagaraja, Order Statistics, 3rd ed., 2003, section 7.1). Each side is missed with probability (1
 * - level) / 2 or less, so the interval is conservative, the more so the smaller n is; a limit for
 * which no order statistic is far enough out is infinite. .value is the type 7 quantile. Ties only
 * make the interval cover more often. */
struct rg_estimate rg_quantile_order(const double *sorted, size_t n, double q, double level);

/* Quantile +- normal quantile times the standard error of J. S. Maritz and R. G. Jarrett, JASA 73
 * (1978) 194-196: that of a sum of the order statistics with the weights which a beta distribution
 * gives to ((i - 1) / n, i / n]; its parameters (n + 1) q and (n + 1) (1 - q) make the rank
 * continuous, as F. E. Harrell and C. E. Davis have it, Biometrika 69 (1982) 635-640. For a rank
 * (n + 1) q that is a whole number this is exactly the bootstrap's standard error of that order
 * statistic with infinitely many resamples. 0 < q < 1. Symmetric, so poor in the tails of small
 * samples: with (n + 1) times the smaller of q and 1 - q below about 5 use order statistics. One
 * value: (-inf, inf). */
struct rg_estimate rg_quantile_maritz_jarrett(const double *sorted, size_t n, double q,
                                              double level);

#endif
