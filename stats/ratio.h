/* Ratios of means of paired columns: cost of a policy over cost of a baseline on the same queries.
 *
 * The interval is that of E. C. Fieller, JRSS B 16 (1954) 175-185: all ratios r for which the mean
 * of num - r den does not differ from 0 by Student's t with n - 1 degrees of freedom. That set is
 * - between two limits where the mean of den differs from 0 at this level;
 * - all but what lies between two limits, or everything, where it does not: reported as (-inf,
 *   inf), for the data do not bound the ratio.
 *
 * Rows that belong together (repeats of a query) are added up first; the ratio of sums is the
 * same. n = 0, a NaN or an infinite value: limits NaN; n = 1: (-inf, inf). The bootstrap's interval
 * of a ratio is in stats/bootstrap.h. */
#ifndef RG_STATS_RATIO_H
#define RG_STATS_RATIO_H

#include <stddef.h>

#include "stats/interval.h"

/* sum of num / sum of den. */
struct rg_estimate rg_ratio_fieller(const double *num, const double *den, size_t n, double level);

/* Share saved, 1 - sum of cost / sum of baseline. */
struct rg_estimate rg_ratio_saving(const double *cost, const double *baseline, size_t n,
                                   double level);

#endif
