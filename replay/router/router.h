/* Routers: which model answers a query, and which one is asked after an attempt.
 *
 * A router is a row of one table (rg_router_types): name, options with their defaults and help, and
 * pure functions. It sees the query, the columns of the policy, the load, and what became of the
 * last attempt. Only routers that say that they are oracles look at the recorded scores of the
 * queries they answer; those that train look at the scores of policy.train alone; those that learn
 * are told the scores of their own answers when these are there.
 *
 * What a user writes is NAME, NAME:ARGUMENT or NAME(OPTION=VALUE,...), e.g. fixed:slm-7b,
 * oracle(0.5), slm-dominant(confidence=0.6,before). An option that says so may stand without its
 * name in the first place; a flag may stand without "=on". */
#ifndef RG_REPLAY_ROUTER_ROUTER_H
#define RG_REPLAY_ROUTER_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "replay/policy.h"

/* Why a call was asked for; rg_reasons has their names and what they mean. */
enum rg_reason {
    RG_REASON_FIXED,
    RG_REASON_TIER,
    RG_REASON_SLM_FIRST,
    RG_REASON_LLM_FIRST,
    RG_REASON_SHORT_QUERY,
    RG_REASON_EASY_CATEGORY,
    RG_REASON_LOW_RISK,
    RG_REASON_SPECIALIST,
    RG_REASON_CASCADE,
    RG_REASON_ROUND_ROBIN,
    RG_REASON_RANDOM,
    RG_REASON_BEST_SINGLE,
    RG_REASON_DATASET_BEST,
    RG_REASON_ORACLE,
    RG_REASON_LEAST_LOADED,
    RG_REASON_SLO_MET,
    RG_REASON_SLO_MISSED,
    RG_REASON_DECIDED,
    RG_REASON_EXPLORE,
    RG_REASON_EXPLOIT,
    RG_REASON_SAFETY, /* the pre-check forces a model */
    RG_REASON_RETRY,  /* the same model once more, its answer broke the contract */
    /* from here on: escalations */
    RG_REASON_FLAGGED,
    RG_REASON_LONG_QUERY,
    RG_REASON_HARD_CATEGORY,
    RG_REASON_LOW_CONFIDENCE,
    RG_REASON_WEAK_RETRIEVAL,
    RG_REASON_HIGH_RISK,
    RG_REASON_MODERATE_RISK,
    RG_REASON_CALL_FAILED,
    RG_REASON_CONTRACT_FAILED,
    RG_REASON_NO_ANSWER,
    RG_REASON_NO_STEPS,
    RG_REASON_DISCLAIMER,
    RG_REASON_SHORT_ANSWER,
    RG_N_REASONS,
};

struct rg_reason_info {
    const char *name;
    const char *help;
};
extern const struct rg_reason_info rg_reasons[RG_N_REASONS];

static inline bool
rg_reason_escalates(enum rg_reason reason)
{
    return reason >= RG_REASON_FLAGGED;
}

/* One call made for a request, and what came of it. */
struct rg_attempt {
    uint32_t model;
    uint32_t call;     /* RG_NO_CALL: none recorded, the attempt fails */
    uint8_t reason;    /* enum rg_reason: why this call was asked for */
    uint8_t decision;  /* the same, but of the router's own last choice: retries keep it */
    uint8_t decisions; /* choices of the router before that one */
    bool answered : 1; /* the model answered */
    bool accepted : 1; /* and the contract accepted it */
};

struct rg_choice {
    uint32_t model; /* RG_NO_MODEL: nothing more is asked */
    enum rg_reason reason;
};

/* The state of the endpoints at the moment of a decision; filled by whoever has a clock. */
struct rg_load {
    double wait_s; /* that a call would wait for a slot, as far as can be told; 0 without a queue */
    double service_s; /* that its service is expected to take */
    double use;       /* calls in the endpoint by its slots; 0 when these are unlimited */
};

/* What one decision may look at, besides the policy. */
struct rg_router_view {
    uint32_t query;
    uint32_t sample;
    uint64_t index;             /* of the request, in the order of arrival */
    double chance;              /* uniform in [0, 1), the same for a request in every cell; only
                                   in the first decision of a request */
    const struct rg_load *load; /* of each model; NULL unless the type uses_load */
    void *state;                /* of a router that learns, else NULL */
};

/* What a router that learns is told when an answer's score is known. */
struct rg_feedback {
    uint32_t query;
    uint32_t model;
    double score;    /* NaN: not recorded */
    double cost_usd; /* NaN: not known */
};

struct rg_learnt;

enum rg_router_option_kind {
    RG_ROUTER_NUMBER, /* double, within [min, max] */
    RG_ROUTER_FLAG,   /* bool: on, off */
    RG_ROUTER_CHOICE, /* int, index into choices */
    RG_ROUTER_MODEL,  /* uint32_t, a model of the trace; RG_NO_MODEL when the default is "" */
    RG_ROUTER_MODELS, /* struct rg_model_list: names joined by '+', in that order; "": all */
    RG_ROUTER_TEXT,   /* char *, owned by the router */
};

struct rg_model_list {
    uint32_t *models; /* owned by the router */
    size_t n;
};

struct rg_router_option {
    const char *name;
    enum rg_router_option_kind kind;
    size_t offset;   /* of the value in the router's data */
    const char *def; /* default, as a user would write it */
    const char *help;
    double min, max; /* numbers; both 0: any */
    const char *const *choices;
    bool bare; /* may stand first without its name */
};

struct rg_router_type {
    const char *name;
    const char *help; /* one line for --help and the manual */
    const struct rg_router_option *options;
    size_t n_options;
    size_t data_size; /* of the struct that holds the options and what prepare makes of them */
    bool needs_slm, needs_llm;
    bool oracle;       /* looks at the scores of the answers it chooses among */
    bool trains;       /* needs policy.train */
    bool learns;       /* is told scores while it runs */
    bool uses_load;    /* view.load is filled */
    bool uses_answers; /* signals of answers, if policy.verdicts is there */

    /* After the options are set and p is complete but for the router; NULL: nothing to prepare. */
    enum rg_status (*prepare)(const struct rg_policy *p, void *data, struct rg_err *err);
    void (*clear)(void *data); /* what prepare made; option values are released by the owner */

    struct rg_choice (*first)(const struct rg_policy *p, const struct rg_router_view *view);
    /* After an attempt; NULL: never a second one. */
    struct rg_choice (*next)(const struct rg_policy *p, const struct rg_router_view *view,
                             const struct rg_attempt *last);

    /* Of types that learn: what is learnt in a replication, which starts from nothing, or from what
     * was kept of another. rng is borrowed and must outlive the state. */
    void *(*state_new)(const struct rg_policy *p, gsl_rng *rng);
    void (*state_free)(void *state);
    void (*observe)(const struct rg_policy *p, void *state, const struct rg_feedback *feedback);
    /* What the state has learnt, as arrays (bandit_saved.h). */
    void (*state_save)(const struct rg_policy *p, const void *state, struct rg_learnt *out);
};

extern const struct rg_router_type *const rg_router_types[];
extern const size_t rg_n_router_types;

/* A router as it was asked for, ready to decide. */
struct rg_router {
    const struct rg_router_type *type;
    char *word; /* as the user wrote it */
    void *data;
};

/* The router that word describes, its options read and checked; p->trace must be set. RG_EUSAGE
 * with a near-miss hint for what is unknown. *out is released with rg_router_clear, also after an
 * error. */
RG_MUST_USE enum rg_status rg_router_read(struct rg_router *out, const struct rg_trace *t,
                                          const char *word, struct rg_err *err);

/* Sets p->router, p->slm and p->llm, as far as the router needs them, from names; with NULL the
 * cheapest model of the tier by the sum of its two prices, ties by name (RG_EUSAGE when there is
 * none). A pool of candidates binds: a model that the router or these names ask for and that it
 * lacks is RG_EUSAGE. Then prepares the router; p must be complete. r must outlive p. */
RG_MUST_USE enum rg_status rg_router_prepare(struct rg_router *r, struct rg_policy *p,
                                             const char *slm, const char *llm, struct rg_err *err);
void rg_router_clear(struct rg_router *r);

/* The model of that name, or RG_EUSAGE with a near-miss hint; what says what asks for it. */
RG_MUST_USE enum rg_status rg_router_model(const struct rg_trace *t, const char *what,
                                           const char *name, uint32_t *model, struct rg_err *err);

/* RG_EUSAGE when the policy's pool of candidates lacks the model (never RG_NO_MODEL). */
RG_MUST_USE enum rg_status rg_router_pooled(const struct rg_policy *p, const char *router,
                                            uint32_t model, struct rg_err *err);

/* Is model a cheaper by the sum of its two prices (unknown: the dearest), at equal sums the first
 * by name? */
bool rg_router_cheaper(const struct rg_trace *t, uint32_t a, uint32_t b);

static inline struct rg_choice
rg_choice_none(void)
{
    return (struct rg_choice){RG_NO_MODEL, RG_REASON_FIXED};
}

#endif
