/* Sets of points that no other point beats: Pareto fronts, ranks, and their chance under
 * resampling.
 *
 * Points are rows of d numbers, row-major n x d, d from 1 to RG_FRONT_DIMS; a direction says for
 * each column whether less or more is better. Point a dominates b when it is nowhere worse and
 * somewhere better, so equal points do not dominate each other: they are all on the front, or none
 * is. 0 and -0 are equal; infinities compare as numbers do (an infinite cost is worse than any
 * other). A point with a NaN is not a point: it is on no front, dominates nobody and has rank 0. */
#ifndef RG_STATS_FRONT_H
#define RG_STATS_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RG_FRONT_DIMS = 5 };

struct rg_directions {
    size_t d;
    bool maximise[RG_FRONT_DIMS]; /* else less is better */
};

/* x as a number of which less is better; never -0. */
static inline double
rg_front_cost(const struct rg_directions *dir, size_t column, double x)
{
    return (dir->maximise[column] ? -x : x) + 0.0;
}

/* a[0..d) dominates b[0..d). */
bool rg_front_dominates(const double *a, const double *b, const struct rg_directions *dir);

/* on_front[i] = no point dominates point i. Returns how many are on the front, 0 for n = 0.
 *
 * One sweep after sorting for d = 2, with a staircase for d = 3, both O(n log n): H. T. Kung,
 * F. Luccio, F. P. Preparata, "On finding the maxima of a set of vectors", Journal of the ACM 22
 * (1975) 469-476. Beyond, divide and conquer as there, O(n (log n)^(d-2)) and a factor log n for
 * its trees, for n below 2^32. */
size_t rg_front_find(const double *points, size_t n, const struct rg_directions *dir,
                     bool *on_front);

/* rank[i] = 1 on the front, 2 on the front of what is left without the first, and so on: one more
 * than the longest chain of points that dominate each other and i. Returns the number of fronts.
 * d = 2 by binary search among the fronts, O(n log n); else divide and conquer after M. T. Jensen,
 * "Reducing the run-time complexity of multiobjective EAs: the NSGA-II and other algorithms", IEEE
 * Transactions on Evolutionary Computation 7 (2003) 503-515, O(n (log n)^(d-1)); n below 2^32. */
uint32_t rg_front_rank(const double *points, size_t n, const struct rg_directions *dir,
                       uint32_t *rank);

/* How often each of m configurations is on the front of the means when units (queries) are drawn
 * anew with replacement, the same units for all configurations: a paired bootstrap (B. Efron,
 * R. J. Tibshirani, An Introduction to the Bootstrap, 1993, section 6).
 *
 * value[k] is objective k, configuration-major m x n: value[k][c * n + u]. Resample b draws from
 * the stream (seed, b, RG_PURPOSE_BOOTSTRAP); those of first .. first + count - 1 are done and
 * their hits are added to hits[0..m). The work can so be divided in any way with the same result.
 * No hits come from n = 0, nor from a configuration whose mean is NaN. */
void rg_front_membership(const double *const *value, size_t m, size_t n,
                         const struct rg_directions *dir, uint64_t seed, uint64_t first,
                         uint64_t count, uint64_t *hits);

#endif
