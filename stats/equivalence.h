/* Is the difference small enough not to matter? Tests whose alternative, not whose null hypothesis,
 * is that a paired difference lies within a margin. */
#ifndef RG_STATS_EQUIVALENCE_H
#define RG_STATS_EQUIVALENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/hypothesis.h"

/* Two one-sided paired t tests (D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics
 * 15 (1987) 657-680): the mean of d[0..n) is above -margin, and it is below margin. */
struct rg_equivalence {
    struct rg_test above; /* mean > -margin */
    struct rg_test below; /* mean < margin */
    double p;             /* of equivalence: the larger of both; NaN where undefined */
    double lo, hi;        /* interval of the mean at the level 1 - 2 alpha */
    bool equivalent;      /* p <= alpha: the interval lies within the margin */
};

/* margin > 0, 0 < alpha < 1/2. Undefined as rg_paired_t is, but that differences which are all
 * equal (to rounding) decide by themselves: p is 0 within the margin and 1 outside of it or on it.
 */
struct rg_equivalence rg_equivalence(const double *d, size_t n, double margin, double alpha);

/* Non-inferiority where more is better: mean > -margin; where less is better: mean < margin. The
 * test of that side, with its p set for differences that are all equal, as above. */
struct rg_test rg_non_inferior(const struct rg_equivalence *e, bool less_is_better);

#endif
