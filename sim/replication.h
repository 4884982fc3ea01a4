/* One replication of one cell: requests travel through simulated time.
 *
 * Requests arrive, pay what is charged once a request, and go through their attempt chain
 * (replay/chain.h), each call of which goes to its model's endpoint (sim/endpoint.h). Queries come
 * in random order, each once before any comes again, or as the recorded arrivals say.
 *
 * Common random numbers: arrival times, order of queries, sample numbers and the router's chance
 * are drawn from streams keyed by (seed, replication, purpose), one value a request, so that
 * request i is the same in every cell.
 *
 * Nothing is kept of a request that has ended: it is handed to the caller's function and forgotten.
 * The parts of a latency add up to it exactly: it is defined as their sum. Conservation is
 * asserted: offered = completed + rejected + timed out + failed + skipped + in flight. */
#ifndef RG_SIM_REPLICATION_H
#define RG_SIM_REPLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "replay/chain.h"
#include "replay/policy.h"
#include "sim/endpoint.h"
#include "sim/engine/arrivals.h"

enum rg_request_end {
    RG_REQUEST_COMPLETED,
    RG_REQUEST_REJECTED,  /* the last call was refused: queue full, rate limit */
    RG_REQUEST_TIMED_OUT, /* ... or took too long */
    RG_REQUEST_FAILED,    /* ... or ended in an error */
    RG_REQUEST_SKIPPED,   /* a call it needed is not recorded, and is left out */
};
enum { RG_N_REQUEST_ENDS = 5 };

/* What became of a request. */
struct rg_request {
    uint64_t index; /* in the order of arrival */
    uint32_t query, sample;
    uint32_t model; /* of the last attempt */
    uint32_t call;  /* that the last attempt replayed, or RG_NO_CALL */
    enum rg_request_end end;
    enum rg_reason reason; /* of the last call */
    bool escalated;
    uint32_t calls;          /* asked for */
    uint32_t tries;          /* made for it, retries of endpoints and hedges included */
    uint32_t exact;          /* of those, replayed from an exact recording, */
    uint32_t counterfactual; /* or from one with another prompt */
    double score;            /* NaN: not recorded, or skipped; 0 if it brought no answer */
    double cost_usd;
    double arrival_s; /* clock */
    double latency_s; /* the sum of the parts */
    double ttft_s;    /* from arrival to the first token of the last call; NaN if not known */
    double parts[RG_N_PARTS];
};

struct rg_replication_config {
    const struct rg_policy *policy;
    const struct rg_endpoint_configs *endpoints; /* one for each model */
    const uint32_t *queries;            /* which of the trace's queries are asked; borrowed */
    size_t n_queries;                   /* at least 1 */
    struct rg_arrivals_config arrivals; /* limit is set from requests */
    const uint32_t *arrival_queries;    /* of each recorded arrival, or NULL; RG_NAMES_NONE: any */
    uint64_t requests;                  /* offered; at least 1 */
    double until_s;                     /* the run ends then at the latest; INFINITY */
    double overhead_s;                  /* before the first attempt, once a request, as also */
    double router_s;                    /* classification and routing, */
    const double *retrieval_s;          /* and the memory's retrieval for each query; NULL: none */
    double contract_s;                  /* after each answer */
    double feedback_s;                  /* from an answer until a router that learns is told */
    const int32_t *priority;            /* of each query, low first; NULL: all alike */
    bool first_sample;                  /* always sample 0, else a random one of those recorded */
    uint64_t seed;
    void (*done)(void *ctx, const struct rg_request *request);
    /* NULL: nobody looks. index and query as in struct rg_request. */
    void (*arrived)(void *ctx, uint64_t index, uint32_t query, double at_s);
    void (*tried)(void *ctx, const struct rg_try_record *record); /* NULL: nobody looks; its entity
                                                                     is the request's index */
    /* NULL: nobody looks. Called before each event is carried out, the clock being at its time, and
     * when the run is over. */
    void (*moved)(void *ctx, const struct rg_endpoints *endpoints, double now_s, bool over);
    void *ctx;
};

struct rg_replication {
    uint64_t offered, in_flight;
    uint64_t ends[RG_N_REQUEST_ENDS];
    double last_arrival_s;
    double span_s;                       /* from time 0 to the end of the last request */
    struct rg_endpoint_stats *endpoints; /* one for each model of the trace */
    size_t n_endpoints;
    uint64_t reasons[RG_N_REASONS]; /* attempts by reason */
    uint64_t events;                /* executed by the engine */
    size_t memory;                  /* bytes at most held for requests under way */
    uint64_t most_in_flight;
};

/* Runs to the end of the last request, or to until_s. RG_EINPUT when a call that is needed is not
 * recorded (and the policy says so), or lacks a latency or tokens. *out is released with
 * rg_replication_clear, also after an error. */
RG_MUST_USE enum rg_status rg_replication_run(const struct rg_replication_config *config,
                                              uint64_t replication, struct rg_replication *out,
                                              struct rg_err *err);
void rg_replication_clear(struct rg_replication *r);

/* Busy share of an endpoint's slots: busy_s / capacity_s, so that replicas count for as long as
 * they were there; NaN without a limit or a span. */
double rg_replication_utilisation(const struct rg_replication *r, size_t model);

#endif
