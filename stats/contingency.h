/* Related proportions: McNemar's test of two columns of 0 and 1, Cochran's Q of k columns. */
#ifndef RG_STATS_CONTINGENCY_H
#define RG_STATS_CONTINGENCY_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/hypothesis.h"

/* How often which column has the 1. */
struct rg_discordance {
    size_t both, neither;
    size_t first, second; /* only this one */
    size_t missing;       /* pairs with a NaN, which are in none of the above */
};

/* Counts pairs (x[i], y[i]). False, and *out undefined, where a value is not 0, 1 or NaN. */
bool rg_discordance_of(const double *x, const double *y, size_t n, struct rg_discordance *out);

/* McNemar's test (Psychometrika 12 (1947) 153-157), conditional on the discordant pairs: their
 * binomial distribution, exact or as mid-p (M. W. Fagerland, S. Lydersen, P. Laake, BMC Medical
 * Research Methodology 13 (2013) 91), the two-sided p being twice the smaller tail, at most 1.
 * GREATER: the first column has more. statistic: the asymptotic (first - second)^2 / (first +
 * second), df 1, for reference. estimate: (first - second) / n. zeros: concordant pairs. Without
 * discordant pairs the exact p is 1, as there is nothing against equality, but no statistic. */
struct rg_test rg_mcnemar(const struct rg_discordance *d, bool mid, enum rg_tail tail);

/* Cochran's Q (W. G. Cochran, Biometrika 37 (1950) 256-266) of k columns of 0 and 1 on n units,
 * x[i * k + j]: statistic Q, df k - 1, p from chi squared; zeros: units that are all 0 or all 1,
 * which have no part in Q. Undefined where all units are so. */
struct rg_test rg_cochran_q(const double *x, size_t n, size_t k);

#endif
