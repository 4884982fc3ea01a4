/* Convex hulls of points in the plane that one can move along by mixing: of two routers, a coin
 * between them has every quality and cost on the straight line that joins them. */
#ifndef RG_STATS_HULL_H
#define RG_STATS_HULL_H

#include <stddef.h>

#include "stats/front.h"

/* Vertices of the upper hull (the least concave function above the points) of (x[i], y[i]) from the
 * least to the greatest x: their numbers, ascending in x, into vertex[0..n). Returns how many. Of
 * points with equal x only the highest, of equal points the first; points on an edge between two
 * others are no vertices; those with a NaN or an infinity are left out. A. M. Andrew, "Another
 * efficient algorithm for convex hulls in two dimensions", Information Processing Letters 9 (1979)
 * 216-219. */
size_t rg_hull_upper(const double *x, const double *y, size_t n, size_t *vertex);

/* The part of it from the least x to the first of its highest points: the non-decreasing convex
 * hull of Q. J. Hu et al., "RouterBench: a benchmark for multi-LLM routing system", 2024, section
 * 3, for cost x and quality y. */
size_t rg_hull_nondecreasing(const double *x, const double *y, size_t n, size_t *vertex);

/* Area below the line through the vertices, which goes on level to x_end, which must not be before
 * the last of them (else NaN). 0 without vertices. */
double rg_hull_area(const double *x, const double *y, const size_t *vertex, size_t n_vertices,
                    double x_end);

/* Which points of n x 2 are vertices of the convex hull on the side of the ideal: those of the
 * front that are best for some weighted sum. Returns how many. Points equal to a vertex but later
 * are none. */
size_t rg_hull_front(const double *points, size_t n, const struct rg_directions *dir,
                     bool *on_hull);

#endif
