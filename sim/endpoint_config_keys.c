/* The keys of an endpoint: one table for each object, which says what is accepted and where it
 * goes. What they mean stands in routergym-config(5). */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/endpoint_config_private.h"

/* Largest values, against slips of the unit and to bound memory. */
#define PER_MINUTE 1e12
#define USD 1e9
enum { REPLICAS = 10000, SLOTS = 1000000, TRIES = 1000, HISTORY = 100000, TOKENS = 1000000000 };

enum kind {
    KIND_REAL,  /* double; null: INFINITY, or NaN if unknown */
    KIND_WHOLE, /* uint32_t; null: RG_STATION_UNLIMITED */
    KIND_LONG,  /* uint64_t */
    KIND_FLAG,
    KIND_CHOICE, /* of names, into an enum */
    KIND_SWITCH, /* of two names, into a bool */
    KIND_GROUP,  /* an object with keys of its own */
    KIND_SPECIAL,
};

struct group;

struct key {
    const char *name;
    enum kind kind;
    size_t at; /* in struct rg_endpoint_config */
    struct rg_range range;
    bool unknown;
    const char *const *names; /* end in NULL */
    const struct group *group;
    unsigned type; /* KIND_SPECIAL: enum rg_json_type */
    enum rg_status (*read)(struct rg_endpoint_config_patch *p, const cJSON *node,
                           struct rg_err *err);
};

/* set brings the group into its state before its first key: as it is used when nothing but its
 * presence is known, or (used false) as if it were not there. done, if any, is called with the
 * object after its keys were read. */
struct group {
    const struct key *keys;
    size_t n;
    unsigned bit;
    void (*set)(struct rg_endpoint_config *e, bool used);
    enum rg_status (*done)(struct rg_endpoint_config_patch *p, const cJSON *object,
                           struct rg_err *err);
};

enum { KEYS_MAX = 32 };

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define AT(member) offsetof(struct rg_endpoint_config, member)
#define OVER RG_RANGE_OVER
#define UNDER RG_RANGE_UNDER
#define NONE RG_RANGE_NULL

/* What stands in a row of the tables. */
#define REAL(key, member, least, most, how)                                                        \
    .name = key, .kind = KIND_REAL, .at = AT(member), .range.lo = least, .range.hi = most,         \
    .range.flags = how
#define WHOLE(key, member, least, most, how)                                                       \
    .name = key, .kind = KIND_WHOLE, .at = AT(member), .range.lo = least, .range.hi = most,        \
    .range.flags = how, .range.whole = true
#define LONG(key, member, least, most)                                                             \
    .name = key, .kind = KIND_LONG, .at = AT(member), .range.lo = least, .range.hi = most,         \
    .range.whole = true
#define PRICE(key, member) REAL(key, member, 0, USD, NONE), .unknown = true
#define FLAG(key, member) .name = key, .kind = KIND_FLAG, .at = AT(member)
#define CHOICE(key, member, list) .name = key, .kind = KIND_CHOICE, .at = AT(member), .names = list
#define SWITCH(key, member, list) .name = key, .kind = KIND_SWITCH, .at = AT(member), .names = list
#define GROUP(key, its) .name = key, .kind = KIND_GROUP, .group = &its
#define SPECIAL(key, types, reader) .name = key, .kind = KIND_SPECIAL, .type = types, .read = reader

_Static_assert(sizeof(enum rg_discipline) == sizeof(unsigned) &&
                   sizeof(enum rg_balancing) == sizeof(unsigned),
               "a CHOICE is written as an unsigned");

const struct rg_endpoint_config rg_endpoint_config_none = {
    .replicas = 1,
    .slots = RG_STATION_UNLIMITED,
    .queue = RG_STATION_UNLIMITED,
    .discipline = RG_FCFS,
    .balancing = RG_BALANCE_ROUND_ROBIN,
    .timeout_s = INFINITY,
    .max_parallel = RG_STATION_UNLIMITED,
    .service = RG_SERVICE_RECORDED,
    .scale = 1,
    .limit = {.rpm = INFINITY, .tpm = INFINITY, .window_s = 60},
    .retry =
        {.attempts = 1,
         .base_s = 0.5,
         .cap_s = 8,
         .multiplier = 2,
         .on = {[RG_CALL_ERROR] = true, [RG_CALL_TIMEOUT] = true, [RG_CALL_RATE_LIMITED] = true}},
    .cooldown = {.after_rate_limit = true, .failure_share = 0.5, .min_calls = 2, .window_s = 60},
    .hedge = {.history = 100, .min_s = 1, .max_s = INFINITY},
    .failures = {.status = RG_CALL_ERROR},
    .input_usd_per_mtok = NAN,
    .output_usd_per_mtok = NAN,
    .autoscale = {.interval_s = 15, .delay_s = 120, .cooldown_s = 300, .min = 1, .max = 10},
};

/* ---- groups ---- */
static const char *const charge_names[] = {"recorded", "max", NULL};
static const char *const on_limit_names[] = {"wait", "reject", NULL};

static const struct key limit_keys[] = {
    {REAL("rpm", limit.rpm, 0, PER_MINUTE, OVER | NONE)},
    {REAL("tpm", limit.tpm, 0, PER_MINUTE, OVER | NONE)},
    {SPECIAL("window_s", RG_JSON_NUMBER, rg_endpoint_config_read_window)},
    {SWITCH("charge", limit.charge_max, charge_names)},
    {REAL("max_tokens", limit.max_tokens, 1, TOKENS, 0)},
    {FLAG("refund", limit.refund)},
    {SWITCH("on_limit", limit.reject, on_limit_names)},
};

static void
set_limit(struct rg_endpoint_config *e, bool used)
{
    (void)used; /* without rpm and tpm it limits nothing */
    e->limit = rg_endpoint_config_none.limit;
}

static const struct key retry_keys[] = {
    {WHOLE("attempts", retry.attempts, 1, TRIES, 0)},
    {REAL("base_s", retry.base_s, 0, RG_SECONDS_MAX, 0)},
    {REAL("cap_s", retry.cap_s, 0, RG_SECONDS_MAX, 0)},
    {REAL("multiplier", retry.multiplier, 1, 1000, 0)},
    {REAL("jitter", retry.jitter, 0, 100, 0)},
    {SPECIAL("on", RG_JSON_ARRAY, rg_endpoint_config_read_retry_on)},
};

static void
set_retry(struct rg_endpoint_config *e, bool used)
{
    e->retry = rg_endpoint_config_none.retry;
    if (used)
        e->retry.attempts = 3;
}

static const struct key cooldown_keys[] = {
    {REAL("seconds", cooldown.seconds, 0, RG_SECONDS_MAX, 0)},
    {FLAG("after_rate_limit", cooldown.after_rate_limit)},
    {REAL("failure_share", cooldown.failure_share, 0, 1, OVER)},
    {WHOLE("min_calls", cooldown.min_calls, 1, HISTORY, 0)},
    {REAL("window_s", cooldown.window_s, 0, RG_SECONDS_MAX, OVER)},
};

static void
set_cooldown(struct rg_endpoint_config *e, bool used)
{
    e->cooldown = rg_endpoint_config_none.cooldown;
    if (used)
        e->cooldown.seconds = 5;
}

static const struct key hedge_keys[] = {
    {REAL("quantile", hedge.quantile, 0, 1, OVER | UNDER)},
    {WHOLE("history", hedge.history, 1, HISTORY, 0)},
    {REAL("min_s", hedge.min_s, 0, RG_SECONDS_MAX, 0)},
    {REAL("max_s", hedge.max_s, 0, RG_SECONDS_MAX, NONE)},
};

static void
set_hedge(struct rg_endpoint_config *e, bool used)
{
    e->hedge = rg_endpoint_config_none.hedge;
    if (used)
        e->hedge.quantile = 0.95;
}

static const struct key failures_keys[] = {
    {REAL("rate", failures.rate, 0, 1, 0)},
    {LONG("first", failures.first, 0, 0x1p53)},
    {SPECIAL("status", RG_JSON_STRING, rg_endpoint_config_read_failure_status)},
    {REAL("latency_s", failures.latency_s, 0, RG_SECONDS_MAX, 0)},
    {SPECIAL("outages", RG_JSON_ARRAY, rg_endpoint_config_read_outages)},
};

static void
set_failures(struct rg_endpoint_config *e, bool used)
{
    (void)used; /* nothing fails until a key says so */
    free(e->failures.outages);
    e->failures = rg_endpoint_config_none.failures;
}

static const struct key prices_keys[] = {
    {PRICE("input_usd_per_mtok", input_usd_per_mtok)},
    {PRICE("output_usd_per_mtok", output_usd_per_mtok)},
    {REAL("usd_per_replica_hour", usd_per_replica_hour, 0, USD, 0)},
};

static void
set_prices(struct rg_endpoint_config *e, bool used)
{
    (void)used;
    e->input_usd_per_mtok = rg_endpoint_config_none.input_usd_per_mtok;
    e->output_usd_per_mtok = rg_endpoint_config_none.output_usd_per_mtok;
    e->usd_per_replica_hour = rg_endpoint_config_none.usd_per_replica_hour;
}

static const struct key autoscale_keys[] = {
    {REAL("target_utilisation", autoscale.target_utilisation, 0, 1, OVER)},
    {REAL("target_queue", autoscale.target_queue, 0, SLOTS, OVER)},
    {REAL("interval_s", autoscale.interval_s, 0.01, RG_SECONDS_MAX, 0)},
    {REAL("delay_s", autoscale.delay_s, 0, RG_SECONDS_MAX, 0)},
    {REAL("cooldown_s", autoscale.cooldown_s, 0, RG_SECONDS_MAX, 0)},
    {WHOLE("min", autoscale.min, 1, REPLICAS, 0)},
    {WHOLE("max", autoscale.max, 1, REPLICAS, 0)},
};

static void
set_autoscale(struct rg_endpoint_config *e, bool used)
{
    e->autoscale = rg_endpoint_config_none.autoscale;
    e->autoscale.on = used;
}

/* A target takes the place of the other kind from an earlier patch. */
static enum rg_status
one_target(struct rg_endpoint_config_patch *p, const cJSON *object, struct rg_err *err)
{
    const cJSON *busy = cJSON_GetObjectItemCaseSensitive(object, "target_utilisation");
    const cJSON *queue = cJSON_GetObjectItemCaseSensitive(object, "target_queue");

    if (busy && queue)
        return rg_json_fail(p->doc, busy->valueint > queue->valueint ? busy : queue, err,
                            "two targets (found \"target_utilisation\" and \"target_queue\", "
                            "expected one of them)");
    if (busy)
        p->e->autoscale.target_queue = 0;
    if (queue)
        p->e->autoscale.target_utilisation = 0;
    return RG_OK;
}

static const struct group limit_group = {limit_keys, LENGTH(limit_keys), 1, set_limit, NULL};
static const struct group retry_group = {retry_keys, LENGTH(retry_keys), 2, set_retry, NULL};
static const struct group cooldown_group = {cooldown_keys, LENGTH(cooldown_keys), 4, set_cooldown,
                                            NULL};
static const struct group hedge_group = {hedge_keys, LENGTH(hedge_keys), 8, set_hedge, NULL};
static const struct group failures_group = {failures_keys, LENGTH(failures_keys), 16, set_failures,
                                            NULL};
static const struct group prices_group = {prices_keys, LENGTH(prices_keys), 32, set_prices, NULL};
static const struct group autoscale_group = {autoscale_keys, LENGTH(autoscale_keys), 64,
                                             set_autoscale, one_target};

static const char *const discipline_names[] = {
    [RG_FCFS] = "fcfs", [RG_PRIORITY] = "priority", [RG_SJF] = "sjf", [RG_PS] = "ps", NULL,
};

static const char *const balancing_names[] = {
    [RG_BALANCE_ROUND_ROBIN] = "round-robin",
    [RG_BALANCE_RANDOM] = "random",
    [RG_BALANCE_LEAST_LOADED] = "least-loaded",
    [RG_BALANCE_POWER_OF_TWO] = "power-of-two",
    NULL,
};

static const struct key endpoint_keys[] = {
    {WHOLE("replicas", replicas, 1, REPLICAS, 0)},
    {WHOLE("slots", slots, 1, SLOTS, NONE)},
    {WHOLE("queue", queue, 0, TOKENS, NONE)},
    {CHOICE("discipline", discipline, discipline_names)},
    {CHOICE("balancing", balancing, balancing_names)},
    {REAL("timeout_s", timeout_s, 0, RG_SECONDS_MAX, OVER | NONE)},
    {WHOLE("max_parallel", max_parallel, 1, SLOTS, NONE)},
    {SPECIAL("service", RG_JSON_STRING | RG_JSON_OBJECT, rg_endpoint_config_read_service)},
    {REAL("scale", scale, 0, 1e6, OVER)},
    {GROUP("limit", limit_group)},
    {GROUP("retry", retry_group)},
    {GROUP("cooldown", cooldown_group)},
    {SPECIAL("fallback", RG_JSON_ARRAY, rg_endpoint_config_read_fallback)},
    {GROUP("hedge", hedge_group)},
    {GROUP("failures", failures_group)},
    {REAL("cold_start_s", cold_start_s, 0, RG_SECONDS_MAX, 0)},
    {GROUP("prices", prices_group)},
    {GROUP("autoscale", autoscale_group)},
};

/* ---- objects ---- */
static enum rg_status patch_object(struct rg_endpoint_config_patch *p, const struct key *keys,
                                   size_t n, const cJSON *object, struct rg_err *err);

static enum rg_status
patch_group(struct rg_endpoint_config_patch *p, const struct group *g, const cJSON *node,
            struct rg_err *err)
{
    enum rg_status rc;

    if (cJSON_IsNull(node)) {
        g->set(p->e, false);
        p->given &= ~g->bit;
        return RG_OK;
    }
    if (!(p->given & g->bit))
        g->set(p->e, true);
    p->given |= g->bit;
    rc = patch_object(p, g->keys, g->n, node, err);
    return rc || !g->done ? rc : g->done(p, node, err);
}

static enum rg_status
put_number(struct rg_endpoint_config_patch *p, const struct key *k, const cJSON *node, void *at,
           struct rg_err *err)
{
    double x = k->unknown ? NAN : INFINITY;
    uint32_t n = RG_STATION_UNLIMITED;
    uint64_t n64;

    if (!cJSON_IsNull(node)) {
        enum rg_status rc = rg_endpoint_config_check_range(p->doc, node, k->name, &k->range, err);

        if (rc)
            return rc;
        x = node->valuedouble + 0.0; /* -0 becomes 0 */
        n = k->kind == KIND_WHOLE ? (uint32_t)x : n;
    }
    if (k->kind == KIND_REAL) {
        memcpy(at, &x, sizeof x);
    } else if (k->kind == KIND_WHOLE) {
        memcpy(at, &n, sizeof n);
    } else {
        n64 = (uint64_t)x;
        memcpy(at, &n64, sizeof n64);
    }
    return RG_OK;
}

static enum rg_status
put_name(struct rg_endpoint_config_patch *p, const struct key *k, const cJSON *node, void *at,
         struct rg_err *err)
{
    unsigned i;
    enum rg_status rc = rg_endpoint_config_choose(p->doc, node, k->name, k->names, &i, err);

    if (rc)
        return rc;
    if (k->kind == KIND_SWITCH)
        *(bool *)at = i != 0;
    else
        memcpy(at, &i, sizeof i);
    return RG_OK;
}

static enum rg_status
put(struct rg_endpoint_config_patch *p, const struct key *k, const cJSON *node, struct rg_err *err)
{
    void *at = (char *)p->e + k->at;

    switch (k->kind) {
    case KIND_REAL:
    case KIND_WHOLE:
    case KIND_LONG:
        return put_number(p, k, node, at, err);
    case KIND_FLAG:
        *(bool *)at = cJSON_IsTrue(node);
        return RG_OK;
    case KIND_CHOICE:
    case KIND_SWITCH:
        return put_name(p, k, node, at, err);
    case KIND_GROUP:
        return patch_group(p, k->group, node, err);
    case KIND_SPECIAL:
        break;
    }
    return k->read(p, node, err);
}

static unsigned
accepted(const struct key *k)
{
    static const unsigned types[] = {
        [KIND_REAL] = RG_JSON_NUMBER,
        [KIND_WHOLE] = RG_JSON_INT,
        [KIND_LONG] = RG_JSON_INT,
        [KIND_FLAG] = RG_JSON_BOOL,
        [KIND_CHOICE] = RG_JSON_STRING,
        [KIND_SWITCH] = RG_JSON_STRING,
        [KIND_GROUP] = RG_JSON_OBJECT | RG_JSON_NULL,
    };

    if (k->kind == KIND_SPECIAL)
        return k->type;
    return types[k->kind] | (k->range.flags & NONE ? RG_JSON_NULL : 0u);
}

/* rg_json_object checks names and types; the members are then taken one by one, as null and absent
 * are not the same here. */
static enum rg_status
patch_object(struct rg_endpoint_config_patch *p, const struct key *keys, size_t n,
             const cJSON *object, struct rg_err *err)
{
    struct rg_json_key table[KEYS_MAX];
    const cJSON *nodes[KEYS_MAX];
    enum rg_status rc;

    assert(n <= KEYS_MAX);
    for (size_t i = 0; i < n; i++)
        table[i] = (struct rg_json_key){keys[i].name, accepted(&keys[i]), &nodes[i]};
    rc = rg_json_object(p->doc, object, table, n, NULL, err);
    for (const cJSON *node = rc ? NULL : object->child; node && !rc; node = node->next) {
        size_t i = 0;

        while (strcmp(keys[i].name, node->string) != 0)
            i++;
        rc = put(p, &keys[i], node, err);
    }
    return rc;
}

enum rg_status
rg_endpoint_config_patch(struct rg_endpoint_config_patch *p, const cJSON *object,
                         struct rg_err *err)
{
    return patch_object(p, endpoint_keys, LENGTH(endpoint_keys), object, err);
}

void
rg_endpoint_config_clear(struct rg_endpoint_config *e)
{
    rg_endpoint_config_set_service(e, RG_SERVICE_RECORDED, NULL);
    set_failures(e, false);
    free(e->fallback);
    e->fallback = NULL;
    e->n_fallback = 0;
}
