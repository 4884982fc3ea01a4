/* What a router chose beside what it could have chosen, as RouterBench and RouterArena count it.
 * Scores and costs are row-major n x m; NaN is a score that was not recorded. */
#ifndef RG_STATS_ROUTER_CHOICE_H
#define RG_STATS_ROUTER_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The oracle: of each row the highest score, of equals the cheapest, then the first; m into pick[i]
 * where no score was recorded. drop: also where none is other than 0, which then counts neither
 * score nor cost, as in RouterBench; a row with zeros and scores that were not recorded is not such
 * a one, as its program has it. */
void rg_router_choice_oracle(const double *score, const double *cost, size_t n, size_t m, bool drop,
                             uint32_t *pick);

/* Sums over rows with a pick below m; scores that are NaN are left out of score and counted out of
 * scored. */
struct rg_router_choice_sums {
    double score, cost;
    size_t scored;
};
struct rg_router_choice_sums rg_router_choice_sums(const double *score, const double *cost,
                                                   size_t n, size_t m, const uint32_t *pick);

/* RouterArena's optimality, over the rows where the chosen model scores at least 1: the best choice
 * is the cheapest model that does (of equals the chosen one). */
struct rg_router_choice_optimality {
    size_t n;         /* such rows */
    double selection; /* share of them in which the best was chosen */
    double cost;      /* sum of the best one's costs / of the chosen one's, where these are not 0 */
    double score;     /* the same of scores: 1 by its definition unless scores exceed 1 */
};
struct rg_router_choice_optimality rg_router_choice_optimality(const double *score,
                                                               const double *cost, size_t n,
                                                               size_t m, const uint32_t *pick);

/* RouterArena's C before it is clamped: log2(200 / c) / log2(200 / 0.0044) for c USD per 1000
 * queries. */
double rg_router_choice_thrift(double usd_per_1000);

#endif
