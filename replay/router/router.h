/* Routers: which model answers a query, and which one is asked after an attempt.
 *
 * A router is a row of one table: name, options it needs, help, and two pure functions. It sees the
 * query, the signals of the policy and what became of the last attempt. Only routers that say that
 * they are oracles look at recorded scores. */
#ifndef RG_REPLAY_ROUTER_ROUTER_H
#define RG_REPLAY_ROUTER_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "replay/policy.h"

/* Why a decision was taken. */
enum rg_reason {
    RG_REASON_FIXED,
    RG_REASON_SLM_FIRST,
    RG_REASON_TIER, /* the router knows one tier only */
    RG_REASON_RANDOM,
    RG_REASON_ORACLE,
    /* from here on: escalations */
    RG_REASON_FLAGGED, /* the query's flag is set */
    RG_REASON_LOW_CONFIDENCE,
    RG_REASON_CALL_FAILED,
    RG_REASON_CONTRACT_FAILED,
};
enum { RG_N_REASONS = 9 };
extern const char *const rg_reason_names[RG_N_REASONS];

static inline bool
rg_reason_escalates(enum rg_reason reason)
{
    return reason >= RG_REASON_FLAGGED;
}

/* One call made for a request, and what came of it. */
struct rg_attempt {
    uint32_t model;
    uint32_t call;  /* RG_NO_CALL: none recorded, the attempt fails */
    uint8_t reason; /* enum rg_reason */
    bool exact;     /* answered by a call recorded for exactly this */
    bool answered;  /* the model answered */
    bool accepted;  /* and the contract accepted it */
};

struct rg_choice {
    uint32_t model; /* RG_NO_MODEL: nothing more is asked */
    enum rg_reason reason;
};

/* What a router may use to draw: uniform in [0, 1), the same for a request in every cell. */
struct rg_router_view {
    uint32_t query;
    uint32_t sample;
    double chance;
};

struct rg_router {
    const char *name;
    const char *help; /* one line for --help and the manual */
    bool needs_model; /* written NAME:MODEL */
    bool needs_slm, needs_llm;
    bool oracle; /* looks at the scores of the answers it chooses among */
    struct rg_choice (*first)(const struct rg_policy *p, const struct rg_router_view *view);
    /* After an attempt; NULL: never a second one. */
    struct rg_choice (*next)(const struct rg_policy *p, const struct rg_router_view *view,
                             const struct rg_attempt *last);
};

extern const struct rg_router rg_routers[];
extern const size_t rg_n_routers;

/* The router that word names ("slm-dominant", "fixed:slm-7b") into p->router and p->model; p->trace
 * must be set. RG_EUSAGE with a near-miss hint for an unknown router or model. */
RG_MUST_USE enum rg_status rg_router_select(struct rg_policy *p, const char *word,
                                            struct rg_err *err);

/* Set p->slm and p->llm, as far as the router needs them, from names; with NULL the cheapest model
 * of the tier by the sum of its two prices, ties by name. RG_EUSAGE when there is none. */
RG_MUST_USE enum rg_status rg_router_tiers(struct rg_policy *p, const char *slm, const char *llm,
                                           struct rg_err *err);

#endif
