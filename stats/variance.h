/* How much of the variation of a table of units x groups (queries x configurations) lies between
 * units, between groups, and in neither. */
#ifndef RG_STATS_VARIANCE_H
#define RG_STATS_VARIANCE_H

#include <stddef.h>

#include "stats/hypothesis.h"

/* Two-way layout with one value a cell, both ways random: components by the method of moments (from
 * the expected mean squares; S. R. Searle, G. Casella, C. E. McCulloch, Variance Components, 1992,
 * section 4.3). The residual holds the interaction and the noise. */
struct rg_variance_part {
    double df;
    double ss;        /* sum of squares */
    double share;     /* of the total sum of squares: eta^2 */
    double moment;    /* component, which an estimate by moments may leave below 0 */
    double component; /* the same, at least 0 */
    double of_all;    /* component over the sum of all three */
};

struct rg_variance {
    struct rg_variance_part units, groups, residual;
    double ss_total;
    size_t n, k;
    enum rg_why why; /* why there is nothing: RG_WHY_TOO_FEW for n < 2 or k < 2, no variation ... */
};

/* x[i * k + j] of unit i in group j. What is undefined is NaN. */
struct rg_variance rg_variance_two_way(const double *x, size_t n, size_t k);

#endif
