/* Sizes of effects: how large a difference is, whatever its p.
 *
 * NaN where undefined: no values, a NaN among them, or no variation to measure a difference by. */
#ifndef RG_STATS_EFFECT_H
#define RG_STATS_EFFECT_H

#include <stddef.h>

/* Cohen's d of two paired columns, in the names of D. Lakens, Frontiers in Psychology 4 (2013) 863:
 * the mean difference over a standard deviation. */
struct rg_cohen {
    double dz;  /* over that of the differences: what the power of the paired t test depends on */
    double dav; /* over the root mean square of both columns' own: comparable with unpaired studies
                 */
    double gav; /* dav with Hedges' correction for few units, 1 - 3 / (4 (n - 1) - 1) */
};
/* Pairs without NaN; x and y hold n values each. */
struct rg_cohen rg_cohen_paired(const double *x, const double *y, size_t n);

/* Cliff's delta (N. Cliff, Psychological Bulletin 114 (1993) 494-509): P(X > Y) - P(X < Y) over
 * all n m pairs of values, -1 to 1, paired or not; O((n + m) log(n + m)). */
double rg_cliff_delta(const double *x, size_t n, const double *y, size_t m);

/* Cliff's delta within pairs: the share of positive less that of negative differences. */
double rg_cliff_within(const double *d, size_t n);

#endif
