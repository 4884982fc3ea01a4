/* The rows of the table of routers, one file each or a few that are alike. */
#ifndef RG_REPLAY_ROUTER_TYPES_H
#define RG_REPLAY_ROUTER_TYPES_H

#include "replay/router/router.h"

/* rules.c */
extern const struct rg_router_type rg_router_fixed, rg_router_llm_only, rg_router_slm_only,
    rg_router_llm_first, rg_router_round_robin, rg_router_random;
/* slm_dominant.c */
extern const struct rg_router_type rg_router_slm_dominant;
/* hybrid.c */
extern const struct rg_router_type rg_router_hybrid_specialist;
/* cascade.c */
extern const struct rg_router_type rg_router_cascade;
/* best.c */
extern const struct rg_router_type rg_router_best_single, rg_router_dataset_oracle,
    rg_router_oracle;
/* The call with the best recorded score among the models offered (NULL: all), at equal scores the
 * cheapest, at equal costs of the first model; RG_NO_CALL when there is none. */
uint32_t rg_router_oracle_call(const struct rg_lookup *l, const bool *offered, uint32_t query,
                               uint32_t sample);
/* Leaves of a list the models that the policy offers; RG_EUSAGE when none is left. */
RG_MUST_USE enum rg_status rg_router_offer(const struct rg_policy *p, struct rg_model_list *list,
                                           struct rg_err *err);
/* load.c */
extern const struct rg_router_type rg_router_least_loaded, rg_router_slo_aware;
/* decisions.c, exec.c */
extern const struct rg_router_type rg_router_decisions, rg_router_exec;
/* bandit.c */
extern const struct rg_router_type rg_router_epsilon_greedy, rg_router_linucb, rg_router_thompson;
/* learned_types.c */
extern const struct rg_router_type rg_router_knn, rg_router_ridge, rg_router_logistic,
    rg_router_svm, rg_router_mlp, rg_router_clusters, rg_router_gmm, rg_router_avengers,
    rg_router_avengers_pro, rg_router_embedllm, rg_router_irt, rg_router_graph, rg_router_elo,
    rg_router_routellm_mf, rg_router_sw_elo, rg_router_hybrid_llm, rg_router_frugal,
    rg_router_learned;
/* automix.c */
extern const struct rg_router_type rg_router_automix;
/* judged.c */
extern const struct rg_router_type rg_router_judged_cascade;

#endif
