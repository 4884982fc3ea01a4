/* The attempt chain of a request: a state machine without a clock.
 *
 *     pre-check -> route -> call -> contract -> done, the same model's next sample, or the router's
 *     next choice
 *
 * Classification and retrieval depend on the query alone and stand in columns of the policy; who
 * has a clock charges their time. The chain asks for a call, is told what came of it, and goes on
 * or ends:
 *
 *     step = rg_chain_begin(policy, &chain, &view);
 *     while (step == RG_CHAIN_CALL) {
 *         ... the call of model chain.at.model takes place; without a clock its outcome is the
 *         recorded one: outcome = rg_chain_recorded(policy, &chain); ...
 *         rg_chain_told(policy, &chain, &outcome);
 *         ... the contract is checked, which can take time ...
 *         step = rg_chain_next(policy, &chain, &view);
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

/* No request asks for more calls than this. */
enum { RG_CHAIN_MAX = 100 };

/* What came of a call. */
struct rg_call_outcome {
    uint32_t model; /* that answered or was tried last: a fallback can be another than was asked */
    uint32_t call;  /* the recorded call that was replayed last, or RG_NO_CALL */
    enum rg_call_status status;
    uint32_t tries;          /* calls really made */
    uint32_t exact;          /* of those, replayed from a recording of exactly that */
    uint32_t counterfactual; /* of those, replayed from one with another prompt */
    double cost_usd;         /* of all tries; NaN if one is not known */
};

/* Kept small: one exists for each request under way. */
struct rg_chain {
    double cost_usd;      /* of all tries; NaN as soon as one cost is not recorded */
    struct rg_attempt at; /* the current or final attempt */
    uint32_t query;
    uint32_t extra_tokens; /* of a retry's prompt: the refused answer, and what was wrong */
    uint16_t sample;
    uint16_t tries;          /* calls made, retries and hedges included */
    uint16_t exact;          /* of those, answered by an exact call */
    uint16_t counterfactual; /* ... by one recorded with another prompt */
    uint8_t calls;           /* asked for */
    uint8_t of_model;        /* of those, the last ones of the same model */
    uint8_t kind;            /* enum rg_found_kind of the current call */
    bool escalated;          /* the larger model was asked for a reason that escalates */
};

enum rg_chain_step rg_chain_begin(const struct rg_policy *p, struct rg_chain *c,
                                  const struct rg_router_view *view);

/* A chain whose first call is under way, as rg_chain_begin left it, from what has to be kept of it;
 * model: that was asked. What was found for the call is not in it. */
struct rg_chain rg_chain_first(uint32_t query, uint32_t sample, uint32_t model, uint8_t reason);

/* The sample that is asked for: the request's own; of a retry the next one, around the recorded
 * ones: a deterministic model answers the same again. */
uint32_t rg_chain_sample(const struct rg_policy *p, const struct rg_chain *c);

void rg_chain_told(const struct rg_policy *p, struct rg_chain *c,
                   const struct rg_call_outcome *outcome);
/* view.chance is not looked at. */
enum rg_chain_step rg_chain_next(const struct rg_policy *p, struct rg_chain *c,
                                 const struct rg_router_view *view);

/* The recorded outcome of the call that the chain asks for. One that is not recorded fails at once
 * and costs nothing (RG_MISSING_FAIL). */
struct rg_call_outcome rg_chain_recorded(const struct rg_policy *p, const struct rg_chain *c);

/* What a recorded call costs with so many tokens more in its prompt: NaN when the cost, or the
 * price of the tokens, is not known. */
double rg_chain_cost(const struct rg_trace *t, uint32_t call, uint32_t added_tokens);

/* Score of a finished chain: the recorded score of the final answer, 0 when it failed, NaN when the
 * answer's score was not recorded. */
double rg_chain_score(const struct rg_policy *p, const struct rg_chain *c, enum rg_chain_step end);

#endif
