/* What stays the same for all requests of a cell: the trace, the router with its options, and the
 * signals it may look at. Everything is borrowed and read-only, so one policy serves any number of
 * replications at once. */
#ifndef RG_REPLAY_POLICY_H
#define RG_REPLAY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/lookup.h"
#include "traces/trace.h"

enum { RG_NO_MODEL = UINT32_MAX };

struct rg_router;

struct rg_policy {
    const struct rg_trace *trace;
    const struct rg_router *router;
    uint32_t model;    /* of fixed:MODEL; else RG_NO_MODEL */
    uint32_t slm, llm; /* RG_NO_MODEL when the router needs none */
    uint16_t variant;  /* which recorded prompt variant is replayed */
    enum rg_missing missing;
    const uint8_t *valid;    /* contract verdict of each call (rg_contract_verdicts) */
    const uint32_t *samples; /* per query: numbers of samples to draw from (rg_lookup_samples) */

    /* Signals of slm-dominant; NULL when not used. */
    const double *flag;       /* per query: escalate where it is neither 0 nor NaN */
    const double *confidence; /* per query: escalate where it is below min_confidence */
    double min_confidence;
    bool escalate_before; /* act on signals that are known before the call without making it */
};

#endif
