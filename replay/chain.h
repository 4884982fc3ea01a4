/* The attempt chain of a request: a state machine without a clock.
 *
 * It asks for a call, is told what came of it, and goes on or ends:
 *
 *     step = rg_chain_begin(policy, &chain, &view);
 *     while (step == RG_CHAIN_CALL) {
 *         ... the call of model chain.at.model takes place; without a clock its outcome is the
 *         recorded one: outcome = rg_chain_recorded(policy, &chain); ...
 *         step = rg_chain_next(policy, &chain, &outcome);
 *     }
 *
 * Every try of every call is billed, also one that fails. */
#ifndef RG_REPLAY_CHAIN_H
#define RG_REPLAY_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/policy.h"
#include "replay/router/router.h"

enum rg_chain_step {
    RG_CHAIN_CALL,    /* chain.at is to be called */
    RG_CHAIN_DONE,    /* chain.at holds the final answer */
    RG_CHAIN_FAILED,  /* no attempt gave an answer */
    RG_CHAIN_SKIPPED, /* a call is not recorded, and the policy leaves such requests out */
    RG_CHAIN_MISSING, /* a call is not recorded, and the policy makes that an error */
};

/* The router never asks more often than this; a router that does is a programming fault. */
enum { RG_CHAIN_MAX = 16 };

/* What came of a call. */
struct rg_call_outcome {
    uint32_t model; /* that answered or was tried last: a fallback can be another than was asked */
    uint32_t call;  /* the recorded call that was replayed last, or RG_NO_CALL */
    enum rg_call_status status;
    uint32_t tries;  /* calls really made */
    uint32_t exact;  /* of those, replayed from a recording of exactly that */
    double cost_usd; /* of all tries; NaN if one is not known */
};

/* Kept small: one exists for each request under way. */
struct rg_chain {
    struct rg_router_view view;
    double cost_usd;      /* of all tries; NaN as soon as one cost is not recorded */
    struct rg_attempt at; /* the current or final attempt */
    uint16_t tries;       /* calls made, retries and hedges included */
    uint16_t exact;       /* of those, answered by an exact call */
    uint8_t attempts;     /* calls asked for */
    bool escalated;       /* the large model was asked for a reason that escalates */
};

enum rg_chain_step rg_chain_begin(const struct rg_policy *p, struct rg_chain *c,
                                  const struct rg_router_view *view);
enum rg_chain_step rg_chain_next(const struct rg_policy *p, struct rg_chain *c,
                                 const struct rg_call_outcome *outcome);

/* The recorded outcome of the call that the chain asks for. One that is not recorded fails at once
 * and costs nothing (RG_MISSING_FAIL). */
struct rg_call_outcome rg_chain_recorded(const struct rg_policy *p, const struct rg_chain *c);

/* Score of a finished chain: the recorded score of the final answer, 0 when it failed, NaN when the
 * answer's score was not recorded. */
double rg_chain_score(const struct rg_policy *p, const struct rg_chain *c, enum rg_chain_step end);

#endif
