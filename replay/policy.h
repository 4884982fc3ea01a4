/* What stays the same for all requests of a cell: the trace, the prepared router, and the columns
 * that decisions look at. Everything is borrowed and read-only, so one policy serves any number of
 * replications at once.
 *
 * Columns "per query" have trace->n_queries entries, columns "per call" trace->n_calls. A column
 * that is NULL is not known, and so is an entry that is NaN (RG_NAMES_NONE for indices): a rule
 * that looks at it never fires. */
#ifndef RG_REPLAY_POLICY_H
#define RG_REPLAY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/lookup.h"
#include "traces/trace.h"

enum { RG_NO_MODEL = UINT32_MAX };

struct rg_router;
struct rg_verdict;

/* What is known of a query before any call. */
struct rg_query_signals {
    const double *flag;       /* the user's own: set where it is neither 0 nor NaN */
    const uint32_t *label;    /* category index that the classifier says; RG_NAMES_NONE: none */
    const double *confidence; /* of the classifier, in [0, 1] */
    const double *retrieval;  /* score of the best hit of the memory's retrieval */
    const uint32_t *length;   /* code points of the text */
    const uint32_t *words;    /* words of the text, split at white space */
    const uint8_t *safety;    /* number of the first rule that matches, plus 1; 0: none */
};

struct rg_policy {
    const struct rg_trace *trace;
    const struct rg_router *router;
    uint32_t slm, llm; /* RG_NO_MODEL when the router needs none */
    enum rg_missing missing;
    struct rg_lookup lookup; /* which recorded prompts are replayed */

    const uint8_t *valid; /* per call: accepted by the contract, repaired where that is allowed */
    const struct rg_verdict *verdicts; /* per call (contract.h); NULL: no text is read */
    const uint32_t *samples; /* per query: numbers of samples to draw from (rg_lookup_samples) */
    struct rg_query_signals query;

    const uint32_t *queries; /* that are replayed, n_queries of them */
    size_t n_queries;
    const uint32_t *train; /* queries whose scores may be learnt from; never replayed */
    size_t n_train;
    const bool *learnt;  /* per call: it may be learnt from, else it is judged by; only of calls of
                            queries that are in both parts; NULL: there are none */
    const bool *offered; /* per model: may be chosen (a pool of candidates); NULL: all. Heeded by
                            the routers that choose among all models. */

    double prefill_s_per_token; /* what a token that was not recorded adds to recorded latencies */

    /* The attempt chain: limits, and the pre-check. */
    uint32_t retries;             /* further calls of a model whose answer the contract refuses */
    const uint16_t *feedback;     /* per call: tokens of what a retry says about it; NULL: */
    uint32_t retry_tokens;        /* so many */
    uint32_t max_calls;           /* of a request, 1 to RG_CHAIN_MAX (chain.h) */
    const uint32_t *safety_model; /* of each safety rule; RG_NO_MODEL: policy.llm */
};

/* What the calls of policy.train are found by. */
static inline struct rg_lookup
rg_policy_train(const struct rg_policy *p)
{
    struct rg_lookup l = p->lookup;

    l.part = p->learnt;
    l.in = true;
    return l;
}

/* The defaults: variant 0 and nothing in its place, no columns, no retries, 16 calls at most. The
 * columns valid and samples are still to be set. */
struct rg_policy rg_policy_of(const struct rg_trace *t);

#endif
