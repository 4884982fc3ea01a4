/* The endpoints of all models of a replication: a call goes in, and comes out ended.
 *
 * A call is one or more tries. A try waits for the rate limits, is given to a replica, is served or
 * cut off; a failed one is followed by another after a backoff, then by the fallback models in
 * turn; a slow one can be hedged by a second, of which the first to answer counts and the other is
 * cancelled. What a try replays is the recorded call of its query and model; a further try at the
 * same model replays the next recorded sample.
 *
 * Billing: a try that was served, or was cut off or cancelled after its service had begun, is
 * billed in full; one that never began is free.
 *
 * The time of a call is the sum of its parts, exactly: they partition it. The part FAILED is time
 * in service of tries that brought no answer.
 *
 * The owner of the engine's loop hands events of the kinds RG_ENDPOINT_KINDS_FROM and above to
 * rg_endpoints_event; an ended call is reported through the callback of the set-up, from within
 * rg_endpoints_call or rg_endpoints_event, and the callback may make further calls. */
#ifndef RG_SIM_ENDPOINT_H
#define RG_SIM_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "replay/policy.h"
#include "replay/router/router.h"
#include "sim/endpoint_config.h"
#include "sim/engine/engine.h"

enum { RG_ENDPOINT_KINDS_FROM = 64 };

enum rg_part {
    RG_PART_OVERHEAD, /* once a request; not of a call */
    RG_PART_ROUTER,   /* likewise, as are the next two */
    RG_PART_RETRIEVAL,
    RG_PART_CONTRACT,
    RG_PART_QUEUE,
    RG_PART_LIMIT,   /* waiting for rate limits and parallel calls */
    RG_PART_PREFILL, /* service up to the first token */
    RG_PART_DECODE,  /* service after it; all of it when the first token's time is not known */
    RG_PART_FAILED,
    RG_PART_BACKOFF, /* between tries, and before a hedge */
};
enum { RG_N_PARTS = 10 };
extern const char *const rg_part_names[RG_N_PARTS];

struct rg_call_request {
    uint32_t entity, tag; /* the caller's */
    uint32_t query;
    uint32_t sample;
    uint32_t model;
    uint32_t extra_tokens; /* of a retry's prompt, beyond the look-up's */
};

struct rg_call_end {
    uint32_t entity, tag, query, sample; /* of the request */
    double begun_s;                      /* clock: when it was made */
    uint32_t model;                      /* that was tried last */
    uint32_t call; /* recorded call that the last try replayed, or RG_NO_CALL */
    enum rg_call_status status;
    bool missing; /* a recorded call, tokens or latency is not there: what says which */
    const char *what;
    uint32_t tries, exact;   /* tries, and those whose recorded call was exact, */
    uint32_t counterfactual; /* or recorded with another prompt */
    double cost_usd;         /* of all tries; NaN as soon as one is not known */
    double ttft_s;           /* from the beginning of the call; NaN if not known */
    double parts[RG_N_PARTS];
};

/* Counts of an endpoint: tries = answered + error + timeout + rejected + cooling + too_large +
 * cancelled + under way, asserted at the end. */
struct rg_endpoint_stats {
    uint64_t calls, tries, hedges, retries, fallbacks;
    uint64_t answered, errors, timeouts;
    uint64_t rejected;                   /* queue full, or over a limit that rejects */
    uint64_t cooling;                    /* refused during a cooldown */
    uint64_t too_large;                  /* for the KV cache */
    uint64_t cancelled;                  /* the other of a hedged pair was first */
    double busy_s, waiting_s, replica_s; /* integrals */
    double capacity_s; /* integral of slots of replicas, from when one comes until it is gone: one
                          that is retired stays until its work is done; INFINITY without a limit */
    uint32_t replicas_max;
    double cost_usd; /* of all tries that were billed; NaN as soon as one is not known */
    double prompt_tokens, completion_tokens; /* NaN once an answer lacks them */
    double infrastructure_usd;               /* replica hours */
    bool overrun; /* a batch in which more waited than ran when the last request came */
};

/* A try that ended, for those who draw pictures. Times are clock seconds; begun is NaN if its
 * service never began. */
struct rg_try_record {
    uint32_t entity, model, replica;
    double from, begun, to;
    enum rg_call_status status;
    bool hedge, cancelled;
};

struct rg_endpoints_setup {
    const struct rg_policy *policy;
    const struct rg_endpoint_configs *configs;
    struct rg_engine *engine;
    uint64_t seed, replication;
    const int32_t *priority; /* of each query, low first; NULL: all alike */
    void (*ended)(void *ctx, const struct rg_call_end *end);
    void (*tried)(void *ctx, const struct rg_try_record *record); /* NULL: nobody looks */
    void *ctx;
};

struct rg_endpoints;

/* What setup points to is borrowed. */
struct rg_endpoints *rg_endpoints_new(const struct rg_endpoints_setup *setup);
void rg_endpoints_free(struct rg_endpoints *eps); /* NULL is fine */

void rg_endpoints_call(struct rg_endpoints *eps, const struct rg_call_request *request);
void rg_endpoints_event(struct rg_endpoints *eps, const struct rg_event *ev);

/* What routers that look at the load see of each model, into load[0..n): the wait that a call made
 * now can expect, what serving it takes on average, and how full the endpoint is. Estimates: see
 * endpoint_load.c. The first time costs a pass over the recorded calls. */
void rg_endpoints_load(struct rg_endpoints *eps, struct rg_load *load);

/* At the last arrival: notes which endpoints are overrun. How busy slots are tells that of a
 * station; what limits a batch can be its sequences, its memory or its speed. */
void rg_endpoints_last_arrival(struct rg_endpoints *eps);

/* busy_s and capacity_s of each model until `at`, a time from the last event that has been carried
 * out to now, to busy_s[0..n) and capacity_s[0..n). */
void rg_endpoints_use(const struct rg_endpoints *eps, double at, double *busy_s,
                      double *capacity_s);

/* At the end of a run: checks the conservation of tries and closes the integrals. */
void rg_endpoints_close(struct rg_endpoints *eps);
const struct rg_endpoint_stats *rg_endpoints_stats(const struct rg_endpoints *eps, uint32_t model);

/* Bytes allocated for calls under way, wherever they are. */
size_t rg_endpoints_memory(const struct rg_endpoints *eps);

#endif
