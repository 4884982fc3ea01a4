/* Predicting a recorded run of a composite system from recorded calls of its models.
 *
 * A run whose chain of models is known is put together from the calls of those models on the same
 * query and variant: costs and latencies add up, the quality is that of the last answer. */
#ifndef RG_REPLAY_COMPOSE_H
#define RG_REPLAY_COMPOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/trace.h"

enum rg_composed {
    RG_COMPOSED,
    RG_COMPOSE_NO_CHAIN, /* the run does not say which models were called */
    RG_COMPOSE_NO_CALL,  /* one of its calls was not recorded by itself */
};

struct rg_composition {
    bool exact;        /* every call has the run's own sample number */
    double cost_usd;   /* NaN if a part is not recorded, as for latency_ms and score */
    double latency_ms; /* the plain sum: no overhead, no queueing */
    double score;
};

/* The models of each distinct chain, looked up once. Release with _free. */
struct rg_composer;
struct rg_composer *rg_composer_new(const struct rg_trace *t);
void rg_composer_free(struct rg_composer *c);

/* Where the run's sample of a call is not recorded, another sample is taken and *out not exact. */
enum rg_composed rg_compose_run(const struct rg_composer *c, uint32_t run,
                                struct rg_composition *out);

#endif
