/* Hypervolume of a set of points: the volume of the space that some point weakly dominates, down to
 * a reference point (E. Zitzler, L. Thiele, "Multiobjective evolutionary algorithms: a comparative
 * case study and the strength Pareto approach", IEEE Transactions on Evolutionary Computation 3
 * (1999) 257-271).
 *
 * Exact up to rounding. d = 3: the dimension sweep of C. M. Fonseca, L. Paquete,
 * M. Lopez-Ibanez, "An improved dimension-sweep algorithm for the hypervolume indicator", CEC 2006,
 * O(n log n). d = 4: points in order of the last objective, each adding its own volume less what
 * the earlier ones take of it, the limit sets of L. While, L. Bradstreet, L. Barone, "A fast way of
 * calculating exact hypervolumes", IEEE Transactions on Evolutionary Computation 16 (2012) 86-95,
 * over the sweep, O(n^2 log n); d = 5 the same once more, O(n^3 log n). */
#ifndef RG_STATS_HYPERVOLUME_H
#define RG_STATS_HYPERVOLUME_H

#include <stddef.h>

#include "stats/front.h"

/* points: row-major n x d, d = 1 .. 5; reference[0..d). Points that are not better than the
 * reference in every column add nothing, nor do those with a NaN; 0 where none is left. Infinite
 * where a point that counts, or the reference before it, is infinite. NaN if the reference has
 * one. */
double rg_hypervolume(const double *points, size_t n, const struct rg_directions *dir,
                      const double *reference);

#endif
