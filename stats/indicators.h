/* How good a set of points is against a reference set, and which point of a front is its knee.
 *
 * Points are as in stats/front.h; those with a NaN are left out. */
#ifndef RG_STATS_INDICATORS_H
#define RG_STATS_INDICATORS_H

#include <stddef.h>

#include "stats/front.h"

/* E. Zitzler, L. Thiele, M. Laumanns, C. M. Fonseca, V. Grunert da Fonseca, "Performance assessment
 * of multiobjective optimizers: an analysis and review", IEEE Transactions on Evolutionary
 * Computation 7 (2003) 117-132: the least number by which every value of a has to be made better,
 * added or as a factor, for some point of a to weakly dominate each point of b. Not positive, or
 * at most 1, when that is so already. Equal infinities differ by nothing.
 *
 * No points in b: NaN. None in a: infinite. The factor needs values above 0, else it is NaN. */
double rg_indicators_epsilon_add(const double *a, size_t n_a, const double *b, size_t n_b,
                                 const struct rg_directions *dir);
double rg_indicators_epsilon_mul(const double *a, size_t n_a, const double *b, size_t n_b,
                                 const struct rg_directions *dir);

/* IGD+ (H. Ishibuchi, H. Masuda, Y. Tanigaki, Y. Nojima, "Modified distance calculation in
 * generational distance and inverted generational distance", EMO 2015, LNCS 9019, 110-125): mean
 * over the points of b of the Euclidean length of what the nearest point of a is worse by. Columns
 * are taken as they are: scale them first where their units differ. Empty sets as above. */
double rg_indicators_igd_plus(const double *a, size_t n_a, const double *b, size_t n_b,
                              const struct rg_directions *dir);

/* The knee of the front of points: where it bulges most towards the ideal. Each column is scaled to
 * 0 (best on the front) .. 1 (worst on it), no range to 0. For d = 2 the knee is the point farthest
 * below the chord between the two ends, x + y = 1 (I. Das, "On characterizing the knee of the
 * Pareto curve based on normal-boundary intersection", Structural Optimization 18 (1999) 107-115);
 * for more columns we take the same plane, sum of x = 1. *bulge is the distance to it, negative on
 * the far side. Points with an infinity are not considered. Ties go to the first point; SIZE_MAX
 * and a NaN bulge when there is no finite point on the front. */
size_t rg_indicators_knee(const double *points, size_t n, const struct rg_directions *dir,
                          double *bulge);

#endif
