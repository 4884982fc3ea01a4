/* Two measurements on different units: the difference of two independent means. */
#ifndef RG_STATS_UNPAIRED_H
#define RG_STATS_UNPAIRED_H

#include <stddef.h>

#include "stats/hypothesis.h"
#include "stats/interval.h"

/* Welch's t test of equal means: B. L. Welch, Biometrika 34 (1947) 28-35. statistic t; df by
 * F. E. Satterthwaite, Biometrics Bulletin 2 (1946) 110-114; estimate mean of x - mean of y with
 * its interval of the level, one-sided for a one-sided alternative; .n all observations. Undefined
 * where one has fewer than two, the interval then being (-inf, inf) if each has one, and where
 * neither varies but for rounding (standard error at most 10 DBL_EPSILON of the greater mean), the
 * interval then being the point. */
struct rg_test rg_welch_t(const double *x, size_t nx, const double *y, size_t ny, enum rg_tail tail,
                          double level);

/* x - y with the interval that follows from those of two independent estimates, which have the same
 * level; they need not be symmetric. With x in (l, u) and y in (L, U): from x - y - sqrt((x - l)^2
 * + (U - y)^2) to x - y + sqrt((u - x)^2 + (y - L)^2). G. Y. Zou, A. Donner, Statistics in Medicine
 * 27 (2008) 1693-1702. A limit that is not known leaves one that is not known. .n is the smaller.
 */
struct rg_estimate rg_interval_difference(struct rg_estimate x, struct rg_estimate y);

#endif
