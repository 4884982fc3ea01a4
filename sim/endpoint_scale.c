/* Endpoints as a whole: making and closing them, and replicas that come and go. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sim/endpoint_private.h"
#include "sim/service/tokens.h"

/* Streams of an endpoint: these purposes, plus PER_MODEL times the model's number. */
enum { PURPOSE_FROM = 1000, PER_MODEL = 8 };
enum { STREAM_SERVICE, STREAM_FAILURE, STREAM_BALANCE, STREAM_JITTER };

/* ---- replicas ---- */

void
rg_endpoint_add_replica(struct rg_endpoints *eps, uint32_t model)
{
    struct endpoint *ep = &eps->of[model];
    uint32_t number = (uint32_t)eps->n_replicas;
    struct rg_replica_setup setup = {.number = number,
                                     .kind = EV_REPLICA,
                                     .visits = &eps->places,
                                     .report = rg_endpoints_report,
                                     .begin = ep->slowed ? rg_endpoint_begin_service : NULL,
                                     .ctx = eps};

    eps->replicas = rg_grow(eps->replicas, &eps->replica_cap, number + 1u, sizeof *eps->replicas);
    eps->replica_model =
        rg_grow(eps->replica_model, &eps->model_cap, number + 1u, sizeof *eps->replica_model);
    eps->n_replicas++;
    eps->replica_model[number] = model;
    rg_replica_init(&eps->replicas[number], eps->engine, ep->config, &setup);
    ep->replicas =
        rg_grow(ep->replicas, &ep->replica_cap, ep->n_replicas + 1, sizeof *ep->replicas);
    ep->replicas[ep->n_replicas++] = number;
    if (ep->n_replicas > ep->stats.replicas_max)
        ep->stats.replicas_max = (uint32_t)ep->n_replicas;
}

void
rg_endpoint_retire(struct rg_endpoints *eps, uint32_t replica)
{
    struct rg_replica *r = &eps->replicas[replica];

    if (r->retired && isinf(r->died) && rg_replica_load(r) == 0)
        r->died = eps->engine->now;
}

/* ---- autoscaling ---- */

static double
busy_of(const struct rg_endpoints *eps, uint32_t model)
{
    double busy = 0;

    for (size_t i = 0; i < eps->n_replicas; i++)
        if (eps->replica_model[i] == model)
            busy += rg_replica_busy_area(&eps->replicas[i]);
    return busy;
}

/* A load that meets the target asks for no replica more. */
static const double ROUNDING = 1e-9;

/* Replicas that the target asks for, given what was seen since the last look. */
static double
wanted(const struct rg_endpoints *eps, const struct endpoint *ep, double busy)
{
    const struct rg_autoscale_config *a = &ep->config->autoscale;
    double n = (double)ep->n_replicas;
    uint64_t waiting = 0;

    if (a->target_utilisation > 0) {
        double capacity = rg_replica_capacity(&eps->replicas[ep->replicas[0]]);
        double seen = (busy - ep->busy_then) / ((eps->engine->now - ep->looked) * capacity);

        return ceil(seen / a->target_utilisation - ROUNDING);
    }
    for (size_t i = 0; i < ep->n_replicas; i++)
        waiting += rg_replica_waiting(&eps->replicas[ep->replicas[i]]);
    /* A queue below its target lets one go at a time: it cannot tell how much room there is. */
    if ((double)waiting <= a->target_queue * (n - 1))
        return n - 1;
    return fmax(n, ceil((double)waiting / a->target_queue));
}

static void
look(struct rg_endpoints *eps, uint32_t model)
{
    struct endpoint *ep = &eps->of[model];
    const struct rg_autoscale_config *a = &ep->config->autoscale;
    double now = eps->engine->now;
    double busy = busy_of(eps, model);
    double want = fmin(a->max, fmax(a->min, wanted(eps, ep, busy)));
    double have = (double)(ep->n_replicas + ep->coming);

    ep->looked = now;
    ep->busy_then = busy;
    /* Those that are ordered cannot be sent back: first see what they bring. */
    if (now - ep->scaled < a->cooldown_s || !(want > have || (want < have && ep->coming == 0)))
        return;
    ep->scaled = now;
    for (; have < want; have++) {
        ep->coming++;
        rg_engine_add(eps->engine, &(struct rg_event){.time = now + a->delay_s,
                                                      .rank = RG_RANK_FIRST,
                                                      .kind = EV_BORN,
                                                      .owner = model});
    }
    for (; have > want; have--) {
        uint32_t replica = ep->replicas[--ep->n_replicas];

        eps->replicas[replica].retired = true;
        rg_endpoint_retire(eps, replica);
    }
}

static void
arm(struct rg_endpoints *eps, uint32_t model)
{
    struct endpoint *ep = &eps->of[model];

    ep->tick = rg_engine_add_timer(
        eps->engine, &(struct rg_event){.time = eps->engine->now + ep->config->autoscale.interval_s,
                                        .rank = RG_RANK_LAST,
                                        .kind = EV_TICK,
                                        .owner = model});
}

void
rg_endpoint_scale(struct rg_endpoints *eps, const struct rg_event *ev)
{
    if (eps->closed)
        return;
    if (ev->kind == EV_BORN) {
        eps->of[ev->owner].coming--;
        rg_endpoint_add_replica(eps, ev->owner);
        return;
    }
    look(eps, ev->owner);
    arm(eps, ev->owner);
}

/* ---- life ---- */

static gsl_rng *
stream(const struct rg_endpoints_setup *setup, size_t model, int which)
{
    return rg_rng_new(setup->seed, setup->replication,
                      (uint32_t)(PURPOSE_FROM + PER_MODEL * (int)model + which));
}

/* Can nothing happen to a waiting call but that its turn comes? Then it can wait in a lobby. */
static bool
is_plain(const struct rg_endpoint_config *c)
{
    bool unlimited =
        isinf(c->limit.rpm) && isinf(c->limit.tpm) && c->max_parallel == RG_STATION_UNLIMITED;
    bool certain = !(c->failures.rate > 0) && c->failures.first == 0 && c->failures.n_outages == 0;

    return unlimited && certain && c->discipline == RG_FCFS && c->queue == RG_STATION_UNLIMITED &&
           isinf(c->timeout_s) && !(c->hedge.quantile > 0) && !(c->cooldown.seconds > 0) &&
           !(c->cold_start_s > 0) && !c->autoscale.on;
}

/* Does a service time depend on what is served at once? Under processor sharing the service of all
 * begins when they come, and nothing more is to be known. */
static bool
depends_on_others(const struct rg_endpoint_config *c)
{
    if (c->service != RG_SERVICE_PROFILE || c->discipline == RG_PS)
        return false;
    return c->profile->kind == RG_PROFILE_SLOTS ||
           (c->profile->kind == RG_PROFILE_TOKENS && c->profile->d_ms_per_token_context > 0);
}

static void
endpoint_init(struct rg_endpoints *eps, const struct rg_endpoints_setup *setup, uint32_t model)
{
    struct endpoint *ep = &eps->of[model];
    const struct rg_endpoint_config *c = &setup->configs->of[model];

    *ep = (struct endpoint){.config = c,
                            .requests = rg_bucket_of(c->limit.rpm, c->limit.window_s),
                            .tokens = rg_bucket_of(c->limit.tpm, c->limit.window_s),
                            .deadlines = {.queue = {.size = sizeof(struct deadline)}},
                            .parked_head = NOTHING,
                            .cool_until = -INFINITY,
                            .scaled = -INFINITY,
                            .slowed = depends_on_others(c)};
    ep->plain = is_plain(c);
    ep->service_rng = stream(setup, model, STREAM_SERVICE);
    ep->failure_rng = stream(setup, model, STREAM_FAILURE);
    ep->balance_rng = stream(setup, model, STREAM_BALANCE);
    ep->jitter_rng = stream(setup, model, STREAM_JITTER);
    for (uint32_t i = 0; i < c->replicas; i++)
        rg_endpoint_add_replica(eps, model);
    if (c->autoscale.on)
        arm(eps, model);
}

struct rg_endpoints *
rg_endpoints_new(const struct rg_endpoints_setup *setup)
{
    struct rg_endpoints *eps = rg_zalloc(1, sizeof *eps);

    assert(setup->configs->n == setup->policy->trace->n_models);
    eps->policy = setup->policy;
    eps->configs = setup->configs;
    eps->engine = setup->engine;
    eps->ended = setup->ended;
    eps->tried = setup->tried;
    eps->ctx = setup->ctx;
    eps->priority = setup->priority;
    eps->places = (struct rg_visits){.free_place = RG_VISITS_NONE};
    eps->free_call = eps->free_try = NOTHING;
    eps->n = setup->configs->n;
    eps->of = rg_zalloc(eps->n, sizeof *eps->of);
    for (uint32_t m = 0; m < eps->n; m++)
        endpoint_init(eps, setup, m);
    rg_endpoint_lay_out(eps);
    return eps;
}

void
rg_endpoints_free(struct rg_endpoints *eps)
{
    if (!eps)
        return;
    for (size_t i = 0; i < eps->n_replicas; i++)
        rg_replica_clear(&eps->replicas[i]);
    for (size_t m = 0; m < eps->n; m++) {
        struct endpoint *ep = &eps->of[m];

        rg_queue_clear(&ep->deadlines.queue);
        free(ep->replicas);
        free(ep->history.ring);
        free(ep->history.sorted);
        gsl_rng_free(ep->service_rng);
        gsl_rng_free(ep->failure_rng);
        gsl_rng_free(ep->balance_rng);
        gsl_rng_free(ep->jitter_rng);
    }
    free(eps->means);
    free(eps->of);
    free(eps->replicas);
    free(eps->replica_model);
    free(eps->calls);
    free(eps->tries);
    free(eps->places.at);
    free(eps);
}

/* How long a replica was there until a time, and its slots in all of that. */
static double
life_until(const struct rg_replica *r, double at)
{
    return fmax(0, fmin(r->died, at) - r->born);
}

static double
capacity_until(const struct rg_replica *r, double at)
{
    double life = life_until(r, at);

    return life > 0 ? life * rg_replica_capacity(r) : 0;
}

void
rg_endpoints_use(const struct rg_endpoints *eps, double at, double *busy_s, double *capacity_s)
{
    for (size_t m = 0; m < eps->n; m++)
        busy_s[m] = capacity_s[m] = 0;
    for (size_t i = 0; i < eps->n_replicas; i++) {
        const struct rg_replica *r = &eps->replicas[i];

        busy_s[eps->replica_model[i]] += rg_replica_busy_until(r, at);
        capacity_s[eps->replica_model[i]] += capacity_until(r, at);
    }
}

void
rg_endpoints_close(struct rg_endpoints *eps)
{
    double now = eps->engine->now;

    eps->closed = true;
    for (size_t i = 0; i < eps->n_replicas; i++) {
        const struct rg_replica *r = &eps->replicas[i];
        struct rg_endpoint_stats *s = &eps->of[eps->replica_model[i]].stats;

        s->busy_s += rg_replica_busy_area(r);
        s->waiting_s += rg_replica_waiting_area(r);
        s->replica_s += life_until(r, now);
        s->capacity_s += capacity_until(r, now);
    }
    for (uint32_t m = 0; m < eps->n; m++) {
        struct endpoint *ep = &eps->of[m];
        struct rg_endpoint_stats *s = &ep->stats;

        (void)rg_engine_cancel(eps->engine, ep->tick);
        s->infrastructure_usd = s->replica_s / 3600 * ep->config->usd_per_replica_hour;
        assert(s->tries == s->answered + s->errors + s->timeouts + s->rejected + s->cooling +
                               s->too_large + s->cancelled + rg_endpoint_tries_under_way(eps, m));
    }
}

void
rg_endpoints_last_arrival(struct rg_endpoints *eps)
{
    for (size_t m = 0; m < eps->n; m++) {
        struct endpoint *ep = &eps->of[m];
        uint64_t waiting = 0;
        uint64_t running = 0;

        for (size_t i = 0; i < ep->n_replicas; i++) {
            const struct rg_replica *r = &eps->replicas[ep->replicas[i]];

            if (r->is_batch) {
                waiting += r->batch.waiting + r->lobby.queue.n;
                running += r->batch.running;
            }
        }
        ep->stats.overrun = waiting > running;
    }
}

const struct rg_endpoint_stats *
rg_endpoints_stats(const struct rg_endpoints *eps, uint32_t model)
{
    return &eps->of[model].stats;
}
