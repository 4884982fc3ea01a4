/* How a model is served: the configuration of its endpoint, and its JSON form.
 *
 * The JSON form is an object {"defaults": ENDPOINT, "models": {NAME: ENDPOINT, ...}}, described key
 * by key in routergym-config(5). A model's keys go over those of defaults, group by group: an
 * object such as "retry" is replaced key by key, not as a whole. Times are in seconds, rates per
 * minute. */
#ifndef RG_SIM_ENDPOINT_CONFIG_H
#define RG_SIM_ENDPOINT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/engine/station.h"
#include "sim/service/profile.h"
#include "traces/trace.h"

enum rg_balancing {
    RG_BALANCE_ROUND_ROBIN,
    RG_BALANCE_RANDOM,
    RG_BALANCE_LEAST_LOADED, /* fewest calls waiting and running, ties to the lowest number */
    RG_BALANCE_POWER_OF_TWO, /* the less loaded of two drawn at random */
};

/* How long a call holds its slot. */
enum rg_service {
    RG_SERVICE_RECORDED, /* the recorded latency of the call */
    RG_SERVICE_ZERO,     /* no time at all: pure quality and cost */
    RG_SERVICE_PROFILE,  /* as a profile computes it from the call's tokens */
};

/* Requests and tokens a minute, as leaky buckets of window_s seconds' worth. */
struct rg_limit_config {
    double rpm, tpm; /* INFINITY: no limit */
    double window_s; /* 1, 10 or 60 */
    bool charge_max; /* tokens charged: prompt + max_tokens, else prompt + recorded completion */
    double max_tokens;
    bool refund; /* give back what was charged beyond the recorded completion, at the end */
    bool reject; /* over the limit: fail as rate limited, else wait */
};

struct rg_retry_config {
    uint32_t attempts; /* tries in all; 1: no retry */
    double base_s, cap_s, multiplier;
    double jitter;             /* a delay d becomes d * (1 + jitter * U), U uniform in [0, 1) */
    bool on[RG_N_CALL_STATUS]; /* which outcomes are tried again */
};

struct rg_cooldown_config {
    double seconds; /* 0: none */
    bool after_rate_limit;
    double failure_share; /* also when more than this share failed within window_s; 1: never */
    uint32_t min_calls;   /* ... of at least so many */
    double window_s;
};

struct rg_hedge_config {
    double quantile;     /* of the endpoint's last latencies; 0: no hedging */
    uint32_t history;    /* how many of them */
    double min_s, max_s; /* bounds of the delay; min_s also holds before any latency is known */
};

struct rg_outage {
    double from_s, to_s; /* half-open */
};

struct rg_failure_config {
    double rate;                /* share of tries that fail at random */
    uint64_t first;             /* the first so many tries fail */
    enum rg_call_status status; /* as what: error, timeout or rate_limited */
    double latency_s;           /* after which time */
    struct rg_outage *outages;  /* owned; sorted, disjoint */
    size_t n_outages;
};

struct rg_autoscale_config {
    bool on;
    double target_utilisation; /* busy share of the slots; 0: not used */
    double target_queue;       /* calls waiting per replica; 0: not used */
    double interval_s;         /* between two looks */
    double delay_s;            /* from the decision until a new replica is there */
    double cooldown_s;         /* after a decision, until the next */
    uint32_t min, max;         /* replicas */
};

struct rg_endpoint_config {
    uint32_t replicas, slots, queue; /* RG_STATION_UNLIMITED */
    enum rg_discipline discipline;
    enum rg_balancing balancing;
    double timeout_s;      /* of a try, from its admission; INFINITY: none */
    uint32_t max_parallel; /* tries under way at once; RG_STATION_UNLIMITED */
    enum rg_service service;
    double scale;               /* factor on recorded latencies */
    struct rg_profile *profile; /* owned; NULL unless RG_SERVICE_PROFILE */
    struct rg_limit_config limit;
    struct rg_retry_config retry;
    struct rg_cooldown_config cooldown;
    uint32_t *fallback; /* owned; models tried in order when this one has failed */
    size_t n_fallback;
    struct rg_hedge_config hedge;
    struct rg_failure_config failures;
    double cold_start_s;                            /* time the first call of a replica waits for */
    double input_usd_per_mtok, output_usd_per_mtok; /* NaN: the recorded cost */
    double usd_per_replica_hour;
    struct rg_autoscale_config autoscale;
};

/* The endpoints of a trace's models, in their order. */
struct rg_endpoint_configs {
    struct rg_endpoint_config *of; /* [n] */
    size_t n;
};

/* Every model served alike: slots, service; all else as if not configured. */
void rg_endpoint_configs_init(struct rg_endpoint_configs *c, size_t n_models, uint32_t slots,
                              enum rg_service service);
void rg_endpoint_configs_clear(struct rg_endpoint_configs *c);

/* Set the service of all endpoints: "recorded", "zero", the name of a built-in profile, or a path
 * (it has a '/' or ends in .json) to a file with one profile for all models, or with a list of
 * profiles, each for the model of its name. RG_EUSAGE for an unknown name, RG_EINPUT for a bad file
 * or one that has no profile for any model. */
RG_MUST_USE enum rg_status rg_endpoint_configs_service(struct rg_endpoint_configs *c,
                                                       const struct rg_trace *t, const char *word,
                                                       struct rg_err *err);

/* Read the JSON form from a file over what init has set. Unknown keys (with the nearest known one),
 * impossible values, models that the trace does not have and circles of fallbacks are RG_EINPUT
 * with the place. */
RG_MUST_USE enum rg_status rg_endpoint_configs_read(struct rg_endpoint_configs *c,
                                                    const struct rg_trace *t, const char *path,
                                                    struct rg_err *err);

/* The same of a text that is at hand; name stands for the file in messages. */
RG_MUST_USE enum rg_status rg_endpoint_configs_parse(struct rg_endpoint_configs *c,
                                                     const struct rg_trace *t, const char *text,
                                                     size_t len, const char *name,
                                                     struct rg_err *err);

#endif
