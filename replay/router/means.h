/* What the recorded calls of some queries say of each model: means over queries, each query's mean
 * over its samples being one observation. */
#ifndef RG_REPLAY_ROUTER_MEANS_H
#define RG_REPLAY_ROUTER_MEANS_H

#include "replay/policy.h"

struct rg_model_mean {
    double score, cost_usd; /* NaN: not recorded for any of the queries */
    uint32_t n;             /* queries with a score */
};

/* Into means[0..n_models) (group NULL), or means[group[query] * n_models + model]; a query of group
 * UINT32_MAX is left out. Calls of the wanted variant, where a query and model has none of the
 * first other variant that has; a model that was not recorded on a query is left out there, never
 * counted as 0. */
void rg_model_means(const struct rg_lookup *l, const uint32_t *queries, size_t n,
                    const uint32_t *group, size_t n_groups, struct rg_model_mean *means);

/* Model with the highest score, of equals the cheaper by cost, then by its prices and name;
 * RG_NO_MODEL if none has a score. */
uint32_t rg_model_best(const struct rg_trace *t, const struct rg_model_mean *means);

/* All that have a score in that order into ranked[0..n_models); how many they are. */
size_t rg_model_rank(const struct rg_trace *t, const struct rg_model_mean *means, uint32_t *ranked);

/* Takes away what is known of models that a policy does not offer, in n_groups groups. */
void rg_model_means_mask(const struct rg_policy *p, size_t n_groups, struct rg_model_mean *means);

#endif
