/* Routers that learn from a train split and then decide alike for ever: what evaluation and saved
 * models need of them beyond a router's table row. */
#ifndef RG_REPLAY_ROUTER_LEARNED_H
#define RG_REPLAY_ROUTER_LEARNED_H

#include "replay/router/router.h"

/* Did this (prepared) router learn a model that can be saved? */
bool rg_learned_is(const struct rg_router *r);
/* Writes it to path; models are known by their names, so that any trace which has some of them can
 * be routed by the file (router learned:FILE). */
RG_MUST_USE enum rg_status rg_learned_save(const struct rg_router *r, const char *path,
                                           struct rg_err *err);

/* Does it weigh quality against cost, so that one fit serves every weight? */
bool rg_learned_weighs(const struct rg_router *r);
/* Decides anew with that weight of quality in [0, 1]; what was learnt stays. p is its policy. */
void rg_learned_weigh(const struct rg_policy *p, struct rg_router *r, double weight);

/* What it says of the queries that are replayed (policy.queries), before it chooses. */
struct rg_learned_words {
    size_t m;              /* columns */
    const uint32_t *model; /* of each column; RG_NO_MODEL: not there, or not offered */
    const double *value;   /* n_queries x m: the greatest is chosen; NaN: never */
    const double *bits;    /* per query: entropy of its chances; NULL: not defined */
    const double *costs;   /* per column: mean USD on the train queries, NaN: not known */
    bool pair;             /* decides between two by a rate: value[strong] is it */
    size_t strong, weak;   /* columns */
    bool chain;            /* asks several models, by a budget */
};
/* False: it is no router that learned. Borrowed from r. */
bool rg_learned_say(const struct rg_router *r, struct rg_learned_words *out);

/* Of a chain: thresholds and order anew for a budget in USD a query, from the train queries of its
 * policy p; where no chain keeps within it, the cheapest model alone. What judges the answers
 * stays. RG_EINPUT where these queries have no scores and costs. */
RG_MUST_USE enum rg_status rg_learned_budget(const struct rg_policy *p, struct rg_router *r,
                                             double budget, struct rg_err *err);

#endif
