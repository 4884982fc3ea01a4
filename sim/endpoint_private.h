/* The inside of sim/endpoint.h: the way of calls and tries in (endpoint.c) and out
 * (endpoint_end.c), what an endpoint decides by itself (endpoint_rules.c), replicas that come and
 * go (endpoint_scale.c), what routers see of the load (endpoint_load.c). */
#ifndef RG_SIM_ENDPOINT_PRIVATE_H
#define RG_SIM_ENDPOINT_PRIVATE_H

#include <gsl/gsl_rng.h>

#include "sim/bucket.h"
#include "sim/endpoint.h"
#include "sim/replica.h"

/* Kinds of events. The entity is a try's place (struct folded), but for RETRY and HEDGE, where it
 * is a call; of REPLICA the owner is the replica, of TIMEOUT, TICK and BORN the model. */
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
    uint32_t place; /* see struct folded */
    uint32_t next;  /* free list */
    enum try_state state;
    bool counted; /* in its replica's context */
    bool hedge, served;
    bool begun; /* by a batch: it has given the first token */
    struct rg_batch_ticket ticket;
    double from, limited, waited, service; /* s; from: clock */
    double ttft;                           /* s from the beginning of service; NaN if not known */
    double charged;                        /* tokens */
    uint64_t event;                        /* mark of what it waits for, or 0 */
    uint32_t deadline;                     /* number, if its place has one */
};

struct call {
    struct rg_call_request request;
    uint32_t model, recorded;
    uint32_t primary, hedge; /* tries; primary: also the free list */
    uint32_t tries, tries_here, exact, counterfactual, fallback;
    double begun, mark; /* s, clock; the parts are complete up to mark */
    double cost_usd, ttft_s;
    double parts[RG_N_PARTS - RG_PART_QUEUE];
    struct rg_timer hedge_timer;
    uint32_t chosen; /* replica that the first try was given when the call came, or NOTHING */
};

/* Every try has a place, whose number names it wherever it waits and is served: a visit of the
 * endpoints' stations with what follows. Most calls have but one try, to which nothing happens for
 * most of the time; call and try are then folded into the place, and made anew from it when
 * something does (endpoint_fold.c).
 *
 * The visit is the station's while the try is there, its entity and number are the request's entity
 * and sample. Elsewhere arrived is the try's from, wait what it has waited, mark that of its event
 * (of a parked one, next is the next; in the queue of a batch, next is its place there, and it has
 * waited for nothing else). What some endpoint needs stands behind: times that were drawn, and what
 * was waited for before the station. */
struct folded {
    struct rg_visit visit;
    uint32_t tag;      /* the request's */
    uint32_t recorded; /* call */
    uint32_t where;    /* replica; of those before it, the model */
    uint32_t more;     /* unfolded: the try; folded: number of its deadline, if it has one */
};

struct drawn {
    double service, ttft;
};

struct before {
    double from, limited, waited;
};

/* Flags of a visit, beside the state of a folded try. */
enum {
    PLACE_STATE = 7,
    PLACE_OPEN = 8,      /* not folded */
    PLACE_EXACT = 16,    /* the recorded call is exact */
    PLACE_COUNTED = 32,  /* as in struct try */
    PLACE_DEADLINE = 64, /* has one to come */
    PLACE_BEFORE = 128,  /* it has waited before its station */
};

/* Deadlines of one endpoint come in order, so that only the first is in the engine's heap, and
 * stays there even when its try has ended. Those of tries that have ended are passed over. */
struct deadline {
    double time;    /* s, clock */
    uint64_t order; /* that the engine has reserved; its low half but for the kind is the number */
    uint32_t place;
    uint32_t number;
};

struct deadlines {
    struct rg_queue queue;
    size_t dead;
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
    struct deadlines deadlines;
    uint32_t active; /* tries past the limits */
    uint32_t parked_head, parked_tail;
    bool unparking;    /* who is parked is being admitted */
    double turn_at;    /* s, clock: when the last one that met the limits is past them */
    double cool_until; /* s, clock */
    double window;     /* number of the current failure window */
    uint64_t window_calls, window_failures;
    uint64_t admitted; /* tries that failure injection has looked at */
    size_t outage;     /* the first that is not over */
    struct history history;
    bool plain;         /* nothing but its turn can happen to a call that waits */
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

/* Means over the recorded calls of a model; NaN where nothing is recorded. */
struct means {
    double latency_ms, prompt, output;
};

struct rg_endpoints {
    struct means *means; /* of each model; NULL until somebody looks at the load */
    const struct rg_policy *policy;
    const struct rg_endpoint_configs *configs;
    struct rg_engine *engine;
    void (*ended)(void *ctx, const struct rg_call_end *end);
    void (*tried)(void *ctx, const struct rg_try_record *record);
    void *ctx;
    const int32_t *priority;    /* of each query, or NULL */
    struct rg_visits places;    /* struct folded, and what has an offset here: */
    size_t drawn_at, before_at; /* bytes; 0: there is none */
    struct endpoint *of;        /* [n] */
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
double rg_endpoint_backoff(struct endpoint *ep, uint32_t tries);

/* Does the try that is admitted now fail by injection? */
bool rg_endpoint_injects(struct rg_endpoints *eps, struct endpoint *ep);

/* Tokens that a call keeps in a server's memory, on average over its life: prompt + output / 2. */
double rg_endpoint_context(const struct rg_endpoints *eps, uint32_t recorded);
/* Counts them at the try's replica, until it leaves. */
void rg_endpoint_count_context(struct rg_endpoints *eps, struct try *try);
/* To be called before another's service can begin in its place. */
void rg_endpoint_uncount_context(struct rg_endpoints *eps, struct try *try);

/* For stations whose service depends on what is served at once (rg_station_config.begin). */
double rg_endpoint_begin_service(void *ctx, uint32_t place, uint32_t busy);

/* Service time and time to the first token of a try at its replica; not for a batch. */
void rg_endpoint_draw_service(struct rg_endpoints *eps, struct endpoint *ep, struct try *try);

/* The number of the replica that a try goes to; hedged: that of the try that it hedges, which is
 * left out if there is another, or NOTHING. */
uint32_t rg_endpoint_balance(struct rg_endpoints *eps, struct endpoint *ep, uint32_t hedged);

/* What a try's end teaches: failures for cooldown, latencies for hedging. */
void rg_endpoint_note(struct rg_endpoints *eps, struct endpoint *ep, enum rg_call_status status,
                      double latency_s);
double rg_endpoint_hedge_delay(const struct endpoint *ep);

/* ---- endpoint_fold.c ---- */

/* Decides what the places have. */
void rg_endpoint_lay_out(struct rg_endpoints *eps);

static inline struct folded *
rg_endpoint_place(const struct rg_endpoints *eps, uint32_t place)
{
    return (struct folded *)(void *)rg_visits_at(&eps->places, place);
}

static inline struct drawn *
rg_endpoint_drawn(const struct rg_endpoints *eps, struct folded *f)
{
    return (struct drawn *)(void *)((char *)f + eps->drawn_at);
}

uint32_t rg_endpoint_call_new(struct rg_endpoints *eps);
void rg_endpoint_call_free(struct rg_endpoints *eps, uint32_t c);
/* With a place. */
uint32_t rg_endpoint_try_new(struct rg_endpoints *eps);
void rg_endpoint_try_free(struct rg_endpoints *eps, uint32_t t);

/* To be called when a try has come to where it waits or is served, and nothing more is to be done
 * with it now: call and try may not exist afterwards. */
void rg_endpoint_fold(struct rg_endpoints *eps, uint32_t t);
/* The try of a place. */
uint32_t rg_endpoint_unfold(struct rg_endpoints *eps, uint32_t place);

/* What is charged to a limit of tokens. */
double rg_endpoint_tokens_charged(const struct rg_endpoints *eps, const struct endpoint *ep,
                                  uint32_t recorded, uint32_t extra_tokens);

/* Tries at an endpoint that have not ended. */
uint64_t rg_endpoint_tries_under_way(const struct rg_endpoints *eps, uint32_t model);

/* A deadline from now; it is over; the event of the first one has come: whose it is, or NOTHING if
 * that try has ended. */
void rg_endpoint_wind_up(struct rg_endpoints *eps, struct endpoint *ep, uint32_t t);
void rg_endpoint_unwind(struct rg_endpoints *eps, struct endpoint *ep, uint32_t t);
uint32_t rg_endpoint_first_deadline(struct rg_endpoints *eps, struct endpoint *ep);

/* ---- endpoint_scale.c ---- */
void rg_endpoint_add_replica(struct rg_endpoints *eps, uint32_t model);
void rg_endpoint_scale(struct rg_endpoints *eps, const struct rg_event *ev);
/* To be called when a try has left: a replica that is retired and empty is gone. */
void rg_endpoint_retire(struct rg_endpoints *eps, uint32_t replica);

/* ---- endpoint.c ---- */

/* The next try of a call at its model. */
void rg_endpoint_begin(struct rg_endpoints *eps, uint32_t c, bool hedge);

/* A try past the limits, of which it may end at once. */
void rg_endpoint_admit(struct rg_endpoints *eps, uint32_t t);
void rg_endpoints_report(void *ctx, const struct rg_batch_report *report);

/* ---- endpoint_end.c: these may end calls, whose receiver may make others, so that pointers to
 * calls and tries do not survive them ---- */

/* what: see struct rg_call_end; NULL when nothing is missing. */
void rg_endpoint_end_call(struct rg_endpoints *eps, uint32_t c, enum rg_call_status status,
                          const char *what);

/* All tries of the call that are under way have failed: another after a while, another model, or
 * the end. */
void rg_endpoint_after_failure(struct rg_endpoints *eps, uint32_t c, enum rg_call_status status);

/* A parallel try less: the one that waits longest may go. */
void rg_endpoint_unpark(struct rg_endpoints *eps, struct endpoint *ep);

/* Withdraws a try, and nothing else: it ends no call and admits nobody. */
void rg_endpoint_cancel(struct rg_endpoints *eps, uint32_t t);

/* A try is over with a status; in_endpoint says whether it had got past the limits. */
void rg_endpoint_try_over(struct rg_endpoints *eps, uint32_t t, enum rg_call_status status,
                          bool in_endpoint);
void rg_endpoint_timed_out(struct rg_endpoints *eps, uint32_t t);

/* Served to the end, as the recording has it. */
void rg_endpoint_served(struct rg_endpoints *eps, uint32_t t);

/* Failed by injection. */
void rg_endpoint_injected(struct rg_endpoints *eps, uint32_t t);

/* Refused without service. */
void rg_endpoint_refuse(struct rg_endpoints *eps, uint32_t t, uint64_t *count,
                        enum rg_call_status status, bool in_endpoint);

/* Tokens of the prompt for which a recorded call stands in; negative: not known. */
static inline double
rg_endpoint_prompt(const struct rg_endpoints *eps, uint32_t recorded)
{
    int32_t tokens = eps->policy->trace->calls.prompt_tokens[recorded];

    return tokens < 0 ? -1 : (double)tokens + rg_lookup_added(&eps->policy->lookup, recorded);
}

static inline bool
rg_endpoint_answers(unsigned status)
{
    return status == RG_CALL_OK || status == RG_CALL_INVALID;
}

/* Of those that a call has. */
static inline double *
rg_endpoint_part(struct call *call, enum rg_part part)
{
    return &call->parts[part - RG_PART_QUEUE];
}

#endif
