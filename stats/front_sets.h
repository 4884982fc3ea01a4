/* Distinct points in order: what fronts and ranks are computed on. Private to front*.c. */
#ifndef RG_STATS_FRONT_SETS_H
#define RG_STATS_FRONT_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "stats/front.h"

/* Points without NaN, turned so that less is better, equal ones merged, in lexicographic order: of
 * two, only the earlier can dominate the later, and does unless it is worse in columns 1 to d - 1.
 */
struct rg_front_set {
    size_t n, d;
    double *key;    /* n x d */
    size_t *begin;  /* n + 1: member[begin[i]..begin[i + 1]) are the points equal to key i */
    size_t *member; /* numbers of the caller's points */
};

void rg_front_set_init(struct rg_front_set *set, const double *points, size_t n,
                       const struct rg_directions *dir);
void rg_front_set_clear(struct rg_front_set *set);

/* rank[i] of the distinct points for d >= 3; with front_only only whether it is 1. */
void rg_front_divide(const struct rg_front_set *set, bool front_only, uint32_t *rank);

#endif
