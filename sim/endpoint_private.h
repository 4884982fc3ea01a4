/* The inside of sim/endpoint.h: calls and tries (endpoint.c), what an endpoint decides by itself
 * (endpoint_rules.c), replicas that come and go (endpoint_scale.c). */
#ifndef RG_SIM_ENDPOINT_PRIVATE_H
#define RG_SIM_ENDPOINT_PRIVATE_H

#include <gsl/gsl_rng.h>

#include "sim/bucket.h"
#include "sim/endpoint.h"
#include "sim/replica.h"

/* Kinds of events. The entity is a try, but for RETRY and HEDGE, where it is a call; of REPLICA the
 * owner is the replica, of TICK and BORN the model. */
enum rg_endpoint_event {
    EV_REPLICA = RG_ENDPOINT_KINDS_FROM,
    EV_ADMIT,  /* a rate limit has been waited for */
    EV_SUBMIT, /* the replica is ready for the try */
    EV_FAIL,   /* an injected failure */
    EV_FINISH, /* what a batch's server spends at the end is over */
    EV_TIMEOUT,
    EV_RETRY,
    EV_HEDGE,
    EV_TICK, /* the autoscaler looks */
    EV_BORN, /* a replica has been provided */
};

#define NOTHING UINT32_MAX

enum try_state {
    TRY_FREE,
    TRY_LIMITED,
    TRY_PARKED, /* too many parallel ones */
    TRY_DEAD,   /* cancelled while parked */
    TRY_COMING,
    TRY_IN,
    TRY_FINISHING,
    TRY_FAILING,
};

struct
try {
    uint32_t call, model, recorded, replica;
    uint32_t next; /* parked list, or free list */
    enum try_state state;
    bool hedge, served;
    struct rg_replica_ticket ticket;
    double from, limited, waited, service; /* s; from: clock */
    double ttft;                           /* s from the beginning of service; NaN if not known */
    double charged;                        /* tokens */
    struct rg_timer event, timeout;
};

struct call {
    struct rg_call_request request;
    uint32_t model, recorded;
    uint32_t primary, hedge; /* tries; primary: also the free list */
    uint32_t tries, tries_here, exact, fallback;
    double begun, mark; /* s, clock; the parts are complete up to mark */
    double cost_usd, ttft_s;
    double parts[RG_N_PARTS - RG_PART_QUEUE];
    struct rg_timer hedge_timer;
};

/* The last latencies, in order of time and of size. */
struct history {
    double *ring, *sorted;
    uint32_t n, at;
};

struct endpoint {
    const struct rg_endpoint_config *config;
    struct rg_endpoint_stats stats;
    struct rg_bucket requests, tokens;
    uint32_t active; /* tries past the limits */
    uint32_t parked_head, parked_tail;
    double cool_until; /* s, clock */
    uint64_t window;   /* number of the current failure window */
    uint64_t window_calls, window_failures;
    uint64_t admitted; /* tries that failure injection has looked at */
    size_t outage;     /* the first that is not over */
    struct history history;
    bool slowed;        /* the service time depends on how many are served at once */
    uint32_t *replicas; /* numbers of those that take tries */
    size_t n_replicas, replica_cap;
    size_t turn;
    uint32_t coming;          /* replicas ordered */
    double scaled;            /* s, clock: of the last decision */
    double looked, busy_then; /* s; at the last look */
    struct rg_timer tick, born;
    gsl_rng *service_rng, *failure_rng, *balance_rng, *jitter_rng;
};

struct rg_endpoints {
    const struct rg_policy *policy;
    const struct rg_endpoint_configs *configs;
    struct rg_engine *engine;
    void (*ended)(void *ctx, const struct rg_call_end *end);
    void (*tried)(void *ctx, const struct rg_try_record *record);
    void *ctx;
    struct endpoint *of; /* [n] */
    size_t n;
    struct rg_replica *replicas;
    uint32_t *replica_model;
    size_t n_replicas, replica_cap, model_cap;
    struct call *calls;
    size_t n_calls, call_cap;
    struct try *tries;
    size_t n_tries, try_cap;
    uint32_t free_call, free_try;
    uint64_t under_way;
    bool closed;
};

/* ---- endpoint_rules.c ---- */

/* Delay before the next try after so many, with jitter. */
double rg_endpoint_backoff(struct rg_endpoints *eps, struct endpoint *ep, uint32_t tries);

/* Does the try that is admitted now fail by injection? */
bool rg_endpoint_injects(struct rg_endpoints *eps, struct endpoint *ep);
/* Count one that did. */
void rg_endpoint_injected(struct rg_endpoints *eps, uint32_t t);

/* Tokens that a call keeps in a server's memory, on average over its life: prompt + output / 2. */
double rg_endpoint_context(const struct rg_endpoints *eps, uint32_t recorded);

/* Service time and time to the first token of a try at its replica; not for a batch. */
void rg_endpoint_draw_service(struct rg_endpoints *eps, struct endpoint *ep, struct try *try);

/* The number of the replica that a try goes to. */
uint32_t rg_endpoint_balance(struct rg_endpoints *eps, struct endpoint *ep, const struct try *try);

/* What a try's end teaches: failures for cooldown, latencies for hedging. */
void rg_endpoint_note(struct rg_endpoints *eps, struct endpoint *ep, enum rg_call_status status,
                      double latency_s);
double rg_endpoint_hedge_delay(const struct endpoint *ep);

/* ---- endpoint_scale.c ---- */
void rg_endpoint_add_replica(struct rg_endpoints *eps, uint32_t model);
void rg_endpoint_scale(struct rg_endpoints *eps, const struct rg_event *ev);
/* A replica that is retired and empty is gone. */
void rg_endpoint_retire(struct rg_endpoints *eps, uint32_t replica);

/* ---- endpoint.c ---- */
void rg_endpoints_report(void *ctx, const struct rg_batch_report *report);

#endif
