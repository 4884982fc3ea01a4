/* Finding the recorded call that answers an attempt.
 *
 * In order: the call recorded for exactly (query, model, variant, sample); the same with another
 * sample; else none, and the missing policy decides. Coverage is the share of attempts answered by
 * an exact call. */
#ifndef RG_REPLAY_LOOKUP_H
#define RG_REPLAY_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/trace.h"

/* What an attempt without a recorded call means. */
enum rg_missing {
    RG_MISSING_ERROR, /* bad input: the run ends */
    RG_MISSING_SKIP,  /* the request is left out and counted as skipped */
    RG_MISSING_FAIL,  /* the attempt fails at once and costs nothing */
};
extern const char *const rg_missing_names[]; /* NULL-terminated, in the order of the enum */

struct rg_found {
    uint32_t call; /* RG_NO_CALL when none is recorded */
    bool exact;
};

/* With another sample the nearest lower one is taken, else the lowest. O(log calls of the query).
 */
struct rg_found rg_lookup_call(const struct rg_trace *t, uint32_t query, uint32_t model,
                               uint16_t variant, uint32_t sample);

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
