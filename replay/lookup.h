/* Finding the recorded call that answers an attempt.
 *
 * In order: the call recorded for exactly (query, model, variant, sample); the same with another
 * sample; the same query and model under another variant (counterfactual: the prompt that would
 * have been sent was never sent); else none, and the missing policy decides. Coverage is the share
 * of attempts answered by an exact call, the counterfactual share that of the third kind. */
#ifndef RG_REPLAY_LOOKUP_H
#define RG_REPLAY_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traces/trace.h"

/* What an attempt without a recorded call means. */
enum rg_missing {
    RG_MISSING_ERROR, /* bad input: the run ends */
    RG_MISSING_SKIP,  /* the request is left out and counted as skipped */
    RG_MISSING_FAIL,  /* the attempt fails at once and costs nothing */
    RG_MISSING_MASK,  /* routers choose among the models recorded for the query (router/mask.h);
                         a request that has none of them left is left out, as by skip */
};
extern const char *const rg_missing_names[]; /* NULL-terminated, in the order of the enum */

enum rg_found_kind {
    RG_FOUND_EXACT,
    RG_FOUND_SAMPLE,  /* another sample of the same */
    RG_FOUND_VARIANT, /* recorded with another prompt: counterfactual */
    RG_FOUND_NOTHING,
};

struct rg_found {
    uint32_t call; /* RG_NO_CALL when none is recorded */
    enum rg_found_kind kind;
    uint32_t added_tokens; /* that the prompt would have had beyond the recorded one */
};

/* Within one variant. Of other samples the nearest lower one is taken, else the lowest. O(log calls
 * of the query). */
struct rg_found rg_lookup_call(const struct rg_trace *t, uint32_t query, uint32_t model,
                               uint16_t variant, uint32_t sample);

/* Which recorded prompts are replayed. The columns are borrowed. */
struct rg_lookup {
    const struct rg_trace *trace;
    uint16_t variant;        /* that is wanted */
    const uint16_t *others;  /* in whose place these stand, the first that was recorded */
    size_t n_others;         /* 0: no other prompt is replayed */
    bool adds;               /* the variant itself lacks the memory's context */
    const uint32_t *context; /* per query: tokens that the memory adds to a prompt; NULL: none */
    const bool *part;        /* per call; only those with part[call] == in are there; NULL: all */
    bool in;
};

/* O(n_others log calls of the query), usually O(log calls of the query). */
struct rg_found rg_lookup_find(const struct rg_lookup *l, uint32_t query, uint32_t model,
                               uint32_t sample);

/* Tokens that a request for the wanted prompt has beyond the recorded call that stands in for it.
 */
uint32_t rg_lookup_added(const struct rg_lookup *l, uint32_t call);

/* Is a call that was found recorded with another prompt than the wanted one (RG_FOUND_VARIANT)? */
static inline bool
rg_lookup_stands_in(const struct rg_lookup *l, uint32_t call)
{
    return l->adds || l->trace->calls.variant[call] != l->variant;
}

/* What may stand in for a variant, in this order, into others[0..n_variants), their number
 * returned: the same contract without memory, the same contract in the order of the variants, then
 * the others likewise. */
size_t rg_lookup_others(const struct rg_trace *t, uint16_t variant, uint16_t *others);

/* For each query, one more than the highest sample number that any of its calls of the variant has,
 * at least 1, into samples[0..n_queries): what a sample is drawn from, whichever model is asked. */
void rg_lookup_samples(const struct rg_trace *t, uint16_t variant, uint32_t *samples);

/* The variant recorded with this memory mode and contract (RG_UNKNOWN: any). memory NULL: "none" if
 * there is such a variant, else the one with the most calls. Of several the one whose prompt asked
 * for the contract, then the first. RG_EUSAGE when there is none; the message lists what there is.
 */
RG_MUST_USE enum rg_status rg_lookup_variant(const struct rg_trace *t, const char *memory,
                                             enum rg_truth contract, uint16_t *variant,
                                             struct rg_err *err);

#endif
