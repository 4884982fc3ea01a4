/* Analysis of variance of a two-way design within units: every unit (query) is measured once under
 * every combination of factor A (a levels) and factor B (b levels), e.g. routers and memory modes.
 *
 * Units are blocks: an effect is tested against its own interaction with units, as in B. J. Winer,
 * Statistical Principles in Experimental Design, 2nd ed., 1971, section 7.2. Taking the n a b
 * values for independent instead, as an ordinary two-way analysis does, counts each unit a b
 * times. With b = 1 it is the one-way repeated-measures analysis of factor A. */
#ifndef RG_STATS_ANOVA_H
#define RG_STATS_ANOVA_H

#include <stddef.h>

#include "stats/hypothesis.h"

enum rg_anova_effect { RG_ANOVA_A, RG_ANOVA_B, RG_ANOVA_AB, RG_ANOVA_EFFECTS };

struct rg_anova_row {
    struct rg_test test; /* statistic F with df and df2; p from F; estimate: partial eta^2 */
    double ss, ss_error;
    double
        generalised; /* generalised eta^2: R. Bakeman, Behavior Research Methods 37 (2005) 379-384,
                        all factors manipulated: ss / (ss + all sums of squares with units) */
    double epsilon;  /* Greenhouse and Geisser's, Psychometrika 24 (1959) 95-112; NaN for a single
                        contrast without variance */
    double p_adjusted; /* p with both degrees of freedom times epsilon, for unequal variances of
                          the differences (no sphericity) */
};

struct rg_anova {
    size_t n, a, b;
    struct rg_anova_row rows[RG_ANOVA_EFFECTS]; /* an effect without levels is RG_WHY_TOO_FEW */
    double ss_units, ss_total;
    size_t flat;           /* units whose a b values are all equal */
    size_t flat_a, flat_b; /* units whose values do not depend on A, on B */
};

/* x[(i * a + j) * b + k] is unit i under level j of A and k of B. n, a, b >= 0; all is
 * undefined for n < 2 (RG_WHY_TOO_FEW), with NaN, and with infinities or values beyond 1e140
 * (RG_WHY_INFINITE). An effect whose error term and
 * own sum of squares are 0 is RG_WHY_NO_VARIATION; one whose error term alone is 0 has F infinite
 * and p 0. On a complete layout the sums of squares of types I, II and III are the same. */
struct rg_anova rg_anova_within(const double *x, size_t n, size_t a, size_t b);

#endif
