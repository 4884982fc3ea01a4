/* The exact interval of a rate. For the usual one, Wilson's, see rg_interval_rate of
 * stats/interval.h: it covers its level on average, this one at least, for every true rate. */
#ifndef RG_STATS_PROPORTION_H
#define RG_STATS_PROPORTION_H

#include <stdint.h>

#include "stats/interval.h"

/* k of n with the interval of C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404-413: the
 * rates for which k or more (lower limit), k or fewer (upper limit) have the probability (1 -
 * level) / 2; found as quantiles of beta distributions. k <= n; n = 0: the rate is NaN and the
 * interval (0, 1). */
struct rg_estimate rg_proportion_exact(uint64_t k, uint64_t n, double level);

#endif
