#include "sim/replication.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sim/engine/engine.h"
#include "sim/engine/station.h"

const char *const rg_service_names[] = {"recorded", "zero", NULL};

enum kind { ARRIVE, BEGIN, STATION };

/* A request on its way; entities of the engine are indices into sim.live. */
struct live {
    struct rg_chain chain;
    uint32_t index; /* in the columns */
    uint32_t next_free;
    double queue_s, service_s;
};

enum { NO_FREE = UINT32_MAX };

struct sim {
    const struct rg_replication_config *config;
    const struct rg_policy *policy;
    struct rg_replication *out;
    struct rg_engine engine;
    struct rg_station *stations; /* one for each model */
    struct rg_arrivals arrivals;
    gsl_rng *arrival_rng, *query_rng, *sample_rng, *router_rng;
    uint32_t *order; /* permutation of the queries */
    size_t order_at;
    struct live *live;
    size_t n_live, live_cap;
    uint32_t free_live;
    struct rg_err *err;
};

/* ---- columns ---- */

static void
columns_init(struct rg_requests *r, size_t n)
{
    r->n = 0;
    r->query = rg_alloc(n, sizeof *r->query);
    r->model = rg_alloc(n, sizeof *r->model);
    r->end = rg_alloc(n, sizeof *r->end);
    r->escalated = rg_alloc(n, sizeof *r->escalated);
    r->attempts = rg_alloc(n, sizeof *r->attempts);
    r->exact = rg_alloc(n, sizeof *r->exact);
    r->score = rg_alloc(n, sizeof *r->score);
    r->cost_usd = rg_alloc(n, sizeof *r->cost_usd);
    r->queue_s = rg_alloc(n, sizeof *r->queue_s);
    r->service_s = rg_alloc(n, sizeof *r->service_s);
    r->latency_s = rg_alloc(n, sizeof *r->latency_s);
}

void
rg_replication_clear(struct rg_replication *r)
{
    struct rg_requests *q = &r->requests;

    free(q->query);
    free(q->model);
    free(q->end);
    free(q->escalated);
    free(q->attempts);
    free(q->exact);
    free(q->score);
    free(q->cost_usd);
    free(q->queue_s);
    free(q->service_s);
    free(q->latency_s);
    free(r->endpoints);
    *r = (struct rg_replication){0};
}

/* ---- requests ---- */

static uint32_t
live_new(struct sim *s)
{
    uint32_t i = s->free_live;

    if (i != NO_FREE) {
        s->free_live = s->live[i].next_free;
        return i;
    }
    s->live = rg_grow(s->live, &s->live_cap, s->n_live + 1, sizeof *s->live);
    return (uint32_t)s->n_live++;
}

static uint32_t
next_query(struct sim *s)
{
    size_t n = s->config->n_queries;

    if (s->order_at == n) {
        rg_rng_shuffle(s->query_rng, s->order, n);
        s->order_at = 0;
    }
    return s->order[s->order_at++];
}

static struct rg_router_view
next_view(struct sim *s)
{
    struct rg_router_view view = {.query = next_query(s)};
    double draw = rg_rng_unit(s->sample_rng);

    view.chance = rg_rng_unit(s->router_rng);
    if (!s->config->first_sample)
        view.sample = (uint32_t)(draw * s->policy->samples[view.query]);
    return view;
}

static void
schedule_arrival(struct sim *s, double time)
{
    rg_engine_add(&s->engine,
                  &(struct rg_event){.time = time, .rank = RG_RANK_ARRIVAL, .kind = ARRIVE});
}

static void
record(struct sim *s, const struct live *l, enum rg_chain_step end)
{
    struct rg_requests *r = &s->out->requests;
    uint32_t i = l->index;

    r->query[i] = l->chain.view.query;
    r->model[i] = l->chain.at.model;
    r->end[i] = end == RG_CHAIN_DONE     ? RG_REQUEST_COMPLETED
                : end == RG_CHAIN_FAILED ? RG_REQUEST_FAILED
                                         : RG_REQUEST_SKIPPED;
    r->escalated[i] = l->chain.escalated;
    r->attempts[i] = (uint16_t)l->chain.attempts;
    r->exact[i] = (uint16_t)l->chain.exact;
    r->score[i] = rg_chain_score(s->policy, &l->chain, end);
    r->cost_usd[i] = l->chain.cost_usd;
    r->queue_s[i] = l->queue_s;
    r->service_s[i] = l->service_s;
    r->latency_s[i] = s->config->overhead_s + l->queue_s + l->service_s;
    for (uint32_t a = 0; a < l->chain.attempts; a++)
        s->out->reasons[l->chain.reasons[a]]++;
}

static void
finish(struct sim *s, uint32_t entity, enum rg_chain_step end)
{
    struct live *l = &s->live[entity];
    double time;

    record(s, l, end);
    s->out->completed += end == RG_CHAIN_DONE;
    s->out->failed += end == RG_CHAIN_FAILED;
    s->out->skipped += end == RG_CHAIN_SKIPPED;
    s->out->span_s = s->engine.now;
    l->next_free = s->free_live;
    s->free_live = entity;
    if (rg_arrivals_again(&s->arrivals, s->engine.now, &time))
        schedule_arrival(s, time);
}

static enum rg_status
not_recorded(struct sim *s, const struct rg_chain *c, const char *what, const char *advice)
{
    const struct rg_trace *t = s->policy->trace;
    const struct rg_trace_variant *v = &t->variants[s->policy->variant];

    return rg_err_set(s->err, RG_EINPUT, "%s: %s of model '%s' on query '%s' (memory '%s'): %s",
                      t->path, what, t->models[c->at.model].name, t->queries.id[c->view.query],
                      v->memory, advice);
}

/* Carry out what the chain asks for; a call that is not recorded takes no time. */
static enum rg_status
advance(struct sim *s, uint32_t entity, enum rg_chain_step step)
{
    struct live *l = &s->live[entity];
    double service_ms = 0;

    while (step == RG_CHAIN_CALL && l->chain.at.call == RG_NO_CALL)
        step = rg_chain_next(s->policy, &l->chain);
    if (step == RG_CHAIN_MISSING)
        return not_recorded(s, &l->chain, "no recorded call",
                            "choose --missing skip or fail, or another --memory");
    if (step != RG_CHAIN_CALL) {
        finish(s, entity, step);
        return RG_OK;
    }
    if (s->config->service == RG_SERVICE_RECORDED)
        service_ms = s->policy->trace->calls.latency_ms[l->chain.at.call];
    if (isnan(service_ms))
        return not_recorded(s, &l->chain, "no recorded latency of the call",
                            "choose --service zero");
    (void)rg_station_arrive(
        &s->stations[l->chain.at.model],
        &(struct rg_job){.entity = entity, .service = service_ms * 1e-3, .patience = INFINITY},
        NULL);
    return RG_OK;
}

/* ---- events ---- */

static enum rg_status
begin(struct sim *s, uint32_t entity)
{
    struct live *l = &s->live[entity];
    struct rg_router_view view = l->chain.view;

    return advance(s, entity, rg_chain_begin(s->policy, &l->chain, &view));
}

static enum rg_status
arrive(struct sim *s)
{
    uint32_t entity = live_new(s);
    struct live *l = &s->live[entity];
    double time;

    *l = (struct live){.index = (uint32_t)s->out->offered};
    l->chain.view = next_view(s);
    s->out->offered++;
    s->out->requests.n++;
    if (rg_arrivals_next(&s->arrivals, &time))
        schedule_arrival(s, time);
    if (!(s->config->overhead_s > 0))
        return begin(s, entity);
    rg_engine_add(&s->engine, &(struct rg_event){.time = s->engine.now + s->config->overhead_s,
                                                 .rank = RG_RANK_DEPARTURE,
                                                 .kind = BEGIN,
                                                 .entity = entity});
    return RG_OK;
}

static enum rg_status
leave(struct sim *s, const struct rg_event *ev)
{
    struct rg_station *st = &s->stations[ev->owner];
    struct rg_leave left = rg_station_leave(st, ev);
    struct live *l = &s->live[left.entity];

    l->queue_s += left.wait;
    if (s->config->service == RG_SERVICE_RECORDED)
        l->service_s += s->policy->trace->calls.latency_ms[l->chain.at.call] * 1e-3;
    return advance(s, left.entity, rg_chain_next(s->policy, &l->chain));
}

static enum rg_status
loop(struct sim *s)
{
    enum rg_status status = RG_OK;
    struct rg_event ev;
    double time;

    if (rg_arrivals_next(&s->arrivals, &time))
        schedule_arrival(s, time);
    while (status == RG_OK && rg_engine_next(&s->engine, &ev)) {
        switch ((enum kind)ev.kind) {
        case ARRIVE:
            status = arrive(s);
            break;
        case BEGIN:
            status = begin(s, ev.entity);
            break;
        case STATION:
            status = leave(s, &ev);
            break;
        }
    }
    return status;
}

/* ---- set-up and end ---- */

static void
sim_init(struct sim *s, uint64_t replication)
{
    const struct rg_trace *t = s->policy->trace;
    uint64_t seed = s->config->seed;

    rg_engine_init(&s->engine);
    s->free_live = NO_FREE;
    s->arrival_rng = rg_rng_new(seed, replication, RG_PURPOSE_ARRIVALS);
    s->query_rng = rg_rng_new(seed, replication, RG_PURPOSE_QUERIES);
    s->sample_rng = rg_rng_new(seed, replication, RG_PURPOSE_SAMPLES);
    s->router_rng = rg_rng_new(seed, replication, RG_PURPOSE_ROUTER);
    s->order = rg_alloc(s->config->n_queries, sizeof *s->order);
    memcpy(s->order, s->config->queries, s->config->n_queries * sizeof *s->order);
    s->order_at = s->config->n_queries;
    s->stations = rg_alloc(t->n_models, sizeof *s->stations);
    for (uint32_t m = 0; m < t->n_models; m++)
        rg_station_init(&s->stations[m], &s->engine,
                        &(struct rg_station_config){.discipline = RG_FCFS,
                                                    .servers = s->config->slots,
                                                    .queue = RG_STATION_UNLIMITED,
                                                    .kind = STATION,
                                                    .owner = m});
}

static void
sim_clear(struct sim *s)
{
    for (size_t m = 0; m < s->policy->trace->n_models; m++)
        rg_station_clear(&s->stations[m]);
    free(s->stations);
    free(s->order);
    free(s->live);
    gsl_rng_free(s->arrival_rng);
    gsl_rng_free(s->query_rng);
    gsl_rng_free(s->sample_rng);
    gsl_rng_free(s->router_rng);
    rg_engine_clear(&s->engine);
}

static void
use_of_endpoints(struct sim *s)
{
    struct rg_replication *out = s->out;
    bool finite = s->config->slots != RG_STATION_UNLIMITED;

    for (size_t m = 0; m < out->n_endpoints; m++) {
        const struct rg_station *st = &s->stations[m];
        struct rg_endpoint_use *use = &out->endpoints[m];

        use->calls = st->stats.arrived;
        use->busy_s = rg_station_busy_area(st);
        use->waiting_s = rg_station_waiting_area(st);
        use->utilisation =
            finite && out->span_s > 0 ? use->busy_s / (out->span_s * s->config->slots) : NAN;
    }
}

enum rg_status
rg_replication_run(const struct rg_replication_config *config, uint64_t replication,
                   struct rg_replication *out, struct rg_err *err)
{
    struct sim s = {.config = config, .policy = config->policy, .out = out, .err = err};
    const struct rg_trace *t = config->policy->trace;
    struct rg_arrivals_config arrivals = config->arrivals;
    enum rg_status status;

    assert(config->requests >= 1 && config->requests < UINT32_MAX && config->n_queries >= 1);
    *out = (struct rg_replication){.n_endpoints = t->n_models};
    columns_init(&out->requests, config->requests);
    out->endpoints = rg_zalloc(t->n_models, sizeof *out->endpoints);
    sim_init(&s, replication);
    arrivals.limit = config->requests;
    status = rg_arrivals_init(&s.arrivals, &arrivals, s.arrival_rng, err);
    if (status == RG_OK)
        status = loop(&s);
    out->events = s.engine.executed;
    if (status == RG_OK) {
        use_of_endpoints(&s);
        assert(out->offered == config->requests);
        assert(out->offered == out->completed + out->failed + out->skipped);
    }
    sim_clear(&s);
    return status;
}
