/* One replication of one cell: requests travel through simulated time.
 *
 * Requests arrive, pay the overhead once, and go through their attempt chain (replay/chain.h); each
 * attempt waits for one of the slots of its model's endpoint, first come first served, and holds it
 * for its service time. Queries come in random order, each once before any comes again.
 *
 * Common random numbers: arrival times, order of queries, sample numbers and the router's chance
 * are drawn from streams keyed by (seed, replication, purpose), one value a request, so that
 * request i is the same in every cell.
 *
 * The parts of a latency (overhead, queue, service) add up to it exactly: it is defined as their
 * sum. Conservation is asserted at the end: offered = completed + failed + skipped. */
#ifndef RG_SIM_REPLICATION_H
#define RG_SIM_REPLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "replay/chain.h"
#include "replay/policy.h"
#include "sim/engine/arrivals.h"

/* How long a slot is held. */
enum rg_service {
    RG_SERVICE_RECORDED, /* the recorded latency of the call */
    RG_SERVICE_ZERO,     /* no time at all: pure quality and cost */
};
extern const char *const rg_service_names[]; /* NULL-terminated, in the order of the enum */

struct rg_replication_config {
    const struct rg_policy *policy;
    const uint32_t *queries;            /* which of the trace's queries are asked; borrowed */
    size_t n_queries;                   /* at least 1 */
    struct rg_arrivals_config arrivals; /* limit is set from requests */
    uint64_t requests;                  /* offered; at least 1 */
    uint32_t slots;                     /* of each endpoint; RG_STATION_UNLIMITED */
    enum rg_service service;
    double overhead_s; /* before the first attempt, once a request */
    bool first_sample; /* always sample 0, else a random one of those recorded */
    uint64_t seed;
};

enum rg_request_end { RG_REQUEST_COMPLETED, RG_REQUEST_FAILED, RG_REQUEST_SKIPPED };

/* What became of each request, as columns of length n, in the order of arrival. */
struct rg_requests {
    size_t n;
    uint32_t *query;
    uint32_t *model; /* of the last attempt */
    uint8_t *end;    /* enum rg_request_end */
    uint8_t *escalated;
    uint16_t *attempts;
    uint16_t *exact; /* attempts answered by an exact call */
    double *score;   /* NaN: not recorded, or skipped */
    double *cost_usd;
    double *queue_s;
    double *service_s;
    double *latency_s; /* overhead + queue + service */
};

/* Per model. */
struct rg_endpoint_use {
    uint64_t calls;
    double busy_s;      /* integral of busy slots */
    double waiting_s;   /* integral of waiting attempts */
    double utilisation; /* busy / (slots * span); NaN with unlimited slots or no span */
};

struct rg_replication {
    uint64_t offered, completed, failed, skipped;
    double span_s; /* from time 0 to the end of the last request */
    struct rg_requests requests;
    struct rg_endpoint_use *endpoints; /* one for each model of the trace */
    size_t n_endpoints;
    uint64_t reasons[RG_N_REASONS]; /* attempts by reason */
    uint64_t events;                /* executed by the engine */
};

/* Runs to the end of the last request. RG_EINPUT when a call that is needed is not recorded (and
 * the policy says so) or has no latency. *out is released with rg_replication_clear, also after an
 * error. */
RG_MUST_USE enum rg_status rg_replication_run(const struct rg_replication_config *config,
                                              uint64_t replication, struct rg_replication *out,
                                              struct rg_err *err);
void rg_replication_clear(struct rg_replication *r);

#endif
