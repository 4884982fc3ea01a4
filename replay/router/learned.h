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

#endif
