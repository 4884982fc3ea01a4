#include "stats/router_choice.h"

#include <math.h>

#include "base/sum.h"

static uint32_t
best_of(const double *score, const double *cost, size_t m, bool drop)
{
    size_t best = m;
    bool any = !drop;

    for (size_t j = 0; j < m; j++) {
        any = any || isnan(score[j]) || score[j] > 0 || score[j] < 0;
        if (isnan(score[j]))
            continue;
        if (best == m || score[j] > score[best] ||
            (!(score[j] < score[best]) && cost[j] < cost[best]))
            best = j;
    }
    return (uint32_t)(any ? best : m);
}

void
rg_router_choice_oracle(const double *score, const double *cost, size_t n, size_t m, bool drop,
                        uint32_t *pick)
{
    for (size_t i = 0; i < n; i++)
        pick[i] = best_of(score + i * m, cost + i * m, m, drop);
}

struct rg_router_choice_sums
rg_router_choice_sums(const double *score, const double *cost, size_t n, size_t m,
                      const uint32_t *pick)
{
    struct rg_sum s = {0}, c = {0};
    size_t scored = 0;

    for (size_t i = 0; i < n; i++) {
        if (pick[i] >= m)
            continue;
        rg_sum_add(&c, cost[i * m + pick[i]]);
        if (isnan(score[i * m + pick[i]]))
            continue;
        rg_sum_add(&s, score[i * m + pick[i]]);
        scored++;
    }
    return (struct rg_router_choice_sums){rg_sum_value(&s), rg_sum_value(&c), scored};
}

struct rg_router_choice_optimality
rg_router_choice_optimality(const double *score, const double *cost, size_t n, size_t m,
                            const uint32_t *pick)
{
    struct rg_sum best_cost = {0}, own_cost = {0}, best_score = {0}, own_score = {0};
    struct rg_router_choice_optimality out = {0};
    size_t hits = 0;

    for (size_t i = 0; i < n; i++) {
        const double *s = score + i * m, *c = cost + i * m;
        size_t own = pick[i], best = own;

        if (own >= m || !(s[own] >= 1))
            continue;
        for (size_t j = 0; j < m; j++)
            if (s[j] >= 1 && c[j] < c[best])
                best = j;
        out.n++;
        hits += best == own;
        rg_sum_add(&best_score, s[best]);
        rg_sum_add(&own_score, s[own]);
        if (c[own] > 0) {
            rg_sum_add(&best_cost, c[best]);
            rg_sum_add(&own_cost, c[own]);
        }
    }
    out.selection = (double)hits / (double)out.n;
    out.cost = rg_sum_value(&best_cost) / rg_sum_value(&own_cost);
    out.score = rg_sum_value(&own_score) / rg_sum_value(&best_score);
    return out;
}

double
rg_router_choice_thrift(double usd_per_1000)
{
    return (log2(200) - log2(usd_per_1000)) / (log2(200) - log2(0.0044));
}
