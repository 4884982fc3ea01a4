#include "sim/replication.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/rng.h"
#include "sim/engine/engine.h"

enum kind { ARRIVE, BEGIN };

enum { NONE = UINT32_MAX };

/* A request on its way; entities of the engine and the endpoints are indices into sim.live. Kept
 * small: a saturated system has millions of them. */
struct live {
    struct rg_chain chain;
    double arrival;
    uint32_t index; /* in the order of arrival; of a free one: the next free one */
    uint32_t past;  /* index into sim.past, or NONE while the first call is under way */
};

/* What earlier calls of a request have taken. */
struct past {
    double parts[RG_N_PARTS];
    uint32_t next_free;
};

struct sim {
    const struct rg_replication_config *config;
    const struct rg_policy *policy;
    struct rg_replication *out;
    struct rg_engine engine;
    struct rg_endpoints *endpoints;
    struct rg_arrivals arrivals;
    gsl_rng *arrival_rng, *query_rng, *sample_rng, *router_rng;
    uint32_t *order; /* permutation of the queries */
    size_t order_at;
    struct live *live;
    size_t n_live, live_cap;
    uint32_t free_live;
    struct past *past;
    size_t n_past, past_cap;
    uint32_t free_past;
    uint64_t in_flight;
    uint64_t coming; /* arrivals scheduled */
    enum rg_status status;
    struct rg_err *err;
};

void
rg_replication_clear(struct rg_replication *r)
{
    free(r->endpoints);
    *r = (struct rg_replication){0};
}

double
rg_replication_utilisation(const struct rg_replication *r, size_t model)
{
    const struct rg_endpoint_stats *s = &r->endpoints[model];

    return s->capacity_s > 0 && isfinite(s->capacity_s) ? s->busy_s / s->capacity_s : NAN;
}

/* ---- requests ---- */

static uint32_t
live_new(struct sim *s)
{
    uint32_t i = s->free_live;

    if (++s->in_flight > s->out->most_in_flight)
        s->out->most_in_flight = s->in_flight;
    if (i != NONE) {
        s->free_live = s->live[i].index;
        return i;
    }
    s->live = rg_grow(s->live, &s->live_cap, s->n_live + 1, sizeof *s->live);
    return (uint32_t)s->n_live++;
}

static uint32_t
past_new(struct sim *s)
{
    uint32_t i = s->free_past;

    if (i != NONE) {
        s->free_past = s->past[i].next_free;
        return i;
    }
    s->past = rg_grow(s->past, &s->past_cap, s->n_past + 1, sizeof *s->past);
    return (uint32_t)s->n_past++;
}

static uint32_t
shuffled_query(struct sim *s)
{
    if (s->order_at == s->config->n_queries) {
        rg_rng_shuffle(s->query_rng, s->order, s->config->n_queries);
        s->order_at = 0;
    }
    return s->order[s->order_at++];
}

static uint32_t
next_query(struct sim *s)
{
    uint32_t query = RG_NAMES_NONE;

    if (s->config->arrival_queries)
        query = s->config->arrival_queries[s->out->offered % s->config->arrivals.n_times];
    return query == RG_NAMES_NONE ? shuffled_query(s) : query;
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
    s->coming++;
    rg_engine_add(&s->engine,
                  &(struct rg_event){.time = time, .rank = RG_RANK_ARRIVAL, .kind = ARRIVE});
}

static enum rg_request_end
end_of(enum rg_chain_step step, enum rg_call_status status)
{
    if (step == RG_CHAIN_DONE)
        return RG_REQUEST_COMPLETED;
    if (step == RG_CHAIN_SKIPPED)
        return RG_REQUEST_SKIPPED;
    switch (status) {
    case RG_CALL_RATE_LIMITED:
        return RG_REQUEST_REJECTED;
    case RG_CALL_TIMEOUT:
        return RG_REQUEST_TIMED_OUT;
    default:
        return RG_REQUEST_FAILED;
    }
}

/* What the last call of a request brought; end NULL: none was made. */
struct last {
    const struct rg_call_end *end;
    enum rg_call_status status;
};

/* The parts of all calls, and the latency as their sum. */
static void
add_up(const struct sim *s, const struct live *l, const struct last *last, struct rg_request *r)
{
    if (l->past != NONE)
        memcpy(r->parts, s->past[l->past].parts, sizeof r->parts);
    else
        r->parts[RG_PART_OVERHEAD] = s->config->overhead_s;
    r->ttft_s = NAN;
    if (last->end) {
        double before = 0;

        for (size_t i = 0; i < RG_N_PARTS; i++)
            before += r->parts[i];
        r->ttft_s = before + last->end->ttft_s;
        for (size_t i = 0; i < RG_N_PARTS; i++)
            r->parts[i] += last->end->parts[i];
    }
    for (size_t i = 0; i < RG_N_PARTS; i++)
        r->latency_s += r->parts[i];
}

static void
finish(struct sim *s, uint32_t entity, enum rg_chain_step step, const struct last *last)
{
    struct live *l = &s->live[entity];
    struct rg_request request = {.index = l->index,
                                 .query = l->chain.view.query,
                                 .model = l->chain.at.model,
                                 .end = end_of(step, last->status),
                                 .escalated = l->chain.escalated,
                                 .tries = l->chain.tries,
                                 .exact = l->chain.exact,
                                 .score = rg_chain_score(s->policy, &l->chain, step),
                                 .cost_usd = l->chain.cost_usd,
                                 .arrival_s = l->arrival};
    double time;

    add_up(s, l, last, &request);
    assert(fabs(request.latency_s - (s->engine.now - l->arrival)) <= 1e-9 * (1 + s->engine.now));
    s->out->ends[request.end]++;
    s->out->span_s = s->engine.now;
    s->in_flight--;
    if (l->past != NONE) {
        s->past[l->past].next_free = s->free_past;
        s->free_past = l->past;
    }
    l->index = s->free_live;
    s->free_live = entity;
    s->config->done(s->config->ctx, &request);
    if (rg_arrivals_again(&s->arrivals, s->engine.now, &time))
        schedule_arrival(s, time);
}

static void
not_recorded(struct sim *s, const struct rg_chain *c, const char *what, const char *advice)
{
    const struct rg_trace *t = s->policy->trace;
    const struct rg_trace_variant *v = &t->variants[s->policy->variant];

    s->status = rg_err_set(s->err, RG_EINPUT,
                           "%s: no recorded %s of model '%s' on query '%s' "
                           "(memory '%s'): %s",
                           t->path, what, t->models[c->at.model].name, t->queries.id[c->view.query],
                           v->memory, advice);
}

/* Before a further call: what the calls so far have taken. */
static void
remember(struct sim *s, struct live *l, const struct last *last)
{
    struct past *past;

    if (!last->end)
        return;
    if (l->past == NONE) {
        l->past = past_new(s);
        s->past[l->past] = (struct past){.parts = {[RG_PART_OVERHEAD] = s->config->overhead_s}};
    }
    past = &s->past[l->past];
    for (size_t i = 0; i < RG_N_PARTS; i++)
        past->parts[i] += last->end->parts[i];
}

/* Carry out what the chain asks for. */
static void
advance(struct sim *s, uint32_t entity, enum rg_chain_step step, struct last last)
{
    struct live *l = &s->live[entity];
    const struct rg_router_view *view = &l->chain.view;

    s->out->reasons[l->chain.at.reason] += step != RG_CHAIN_DONE && step != RG_CHAIN_FAILED;
    while (step == RG_CHAIN_CALL && l->chain.at.call == RG_NO_CALL) {
        struct rg_call_outcome outcome = rg_chain_recorded(s->policy, &l->chain);

        last.status = outcome.status;
        step = rg_chain_next(s->policy, &l->chain, &outcome);
        s->out->reasons[l->chain.at.reason] += step != RG_CHAIN_DONE && step != RG_CHAIN_FAILED;
    }
    if (step == RG_CHAIN_MISSING) {
        not_recorded(s, &l->chain, "call", "choose --missing skip or fail, or another --memory");
        return;
    }
    if (step != RG_CHAIN_CALL) {
        finish(s, entity, step, &last);
        return;
    }
    remember(s, l, &last);
    rg_endpoints_call(s->endpoints,
                      &(struct rg_call_request){
                          .entity = entity,
                          .query = view->query,
                          .sample = view->sample,
                          .model = l->chain.at.model,
                          .priority = s->config->priority ? s->config->priority[view->query] : 0});
}

static void
call_ended(void *ctx, const struct rg_call_end *end)
{
    struct sim *s = ctx;
    struct live *l = &s->live[end->entity];
    struct rg_call_outcome outcome = {end->model, end->call,  end->status,
                                      end->tries, end->exact, end->cost_usd};

    if (end->missing) {
        l->chain.at.model = end->model;
        not_recorded(s, &l->chain, end->what, "choose another service model, or --service zero");
        return;
    }
    advance(s, end->entity, rg_chain_next(s->policy, &l->chain, &outcome),
            (struct last){end, end->status});
}

static void
call_tried(void *ctx, const struct rg_try_record *record)
{
    struct sim *s = ctx;
    struct rg_try_record of_request = *record;

    of_request.entity = s->live[record->entity].index;
    s->config->tried(s->config->ctx, &of_request);
}

/* ---- events ---- */

static void
begin(struct sim *s, uint32_t entity)
{
    struct live *l = &s->live[entity];
    struct rg_router_view view = l->chain.view;

    advance(s, entity, rg_chain_begin(s->policy, &l->chain, &view),
            (struct last){NULL, RG_CALL_OK});
}

static void
arrive(struct sim *s)
{
    uint32_t entity = live_new(s);
    struct live *l = &s->live[entity];
    double overhead = s->config->overhead_s;
    double time;

    *l = (struct live){.index = (uint32_t)s->out->offered, .arrival = s->engine.now, .past = NONE};
    l->chain.view = next_view(s);
    s->out->offered++;
    s->coming--;
    s->out->last_arrival_s = s->engine.now;
    if (rg_arrivals_next(&s->arrivals, &time))
        schedule_arrival(s, time);
    else
        rg_endpoints_last_arrival(s->endpoints);
    if (!(overhead > 0)) {
        begin(s, entity);
        return;
    }
    rg_engine_add(&s->engine, &(struct rg_event){.time = s->engine.now + overhead,
                                                 .rank = RG_RANK_DEPARTURE,
                                                 .kind = BEGIN,
                                                 .entity = entity});
}

/* Nothing more can happen to a request: all have come and ended. An autoscaler would go on looking.
 */
static bool
is_over(const struct sim *s)
{
    return s->in_flight == 0 && s->coming == 0;
}

static void
loop(struct sim *s)
{
    struct rg_event ev;
    double time;

    if (rg_arrivals_next(&s->arrivals, &time))
        schedule_arrival(s, time);
    while (s->status == RG_OK && !is_over(s) && rg_engine_next(&s->engine, &ev)) {
        if (ev.kind == ARRIVE)
            arrive(s);
        else if (ev.kind == BEGIN)
            begin(s, ev.entity);
        else
            rg_endpoints_event(s->endpoints, &ev);
    }
}

/* ---- set-up and end ---- */

static void
sim_init(struct sim *s, uint64_t replication)
{
    const struct rg_replication_config *c = s->config;

    rg_engine_init(&s->engine);
    if (c->until_s < INFINITY)
        rg_engine_until(&s->engine, c->until_s);
    s->free_live = s->free_past = NONE;
    s->arrival_rng = rg_rng_new(c->seed, replication, RG_PURPOSE_ARRIVALS);
    s->query_rng = rg_rng_new(c->seed, replication, RG_PURPOSE_QUERIES);
    s->sample_rng = rg_rng_new(c->seed, replication, RG_PURPOSE_SAMPLES);
    s->router_rng = rg_rng_new(c->seed, replication, RG_PURPOSE_ROUTER);
    s->order = rg_alloc(c->n_queries, sizeof *s->order);
    memcpy(s->order, c->queries, c->n_queries * sizeof *s->order);
    s->order_at = c->n_queries;
    s->endpoints =
        rg_endpoints_new(&(struct rg_endpoints_setup){.policy = s->policy,
                                                      .configs = c->endpoints,
                                                      .engine = &s->engine,
                                                      .seed = c->seed,
                                                      .replication = replication,
                                                      .ended = call_ended,
                                                      .tried = c->tried ? call_tried : NULL,
                                                      .ctx = s});
}

static void
sim_clear(struct sim *s)
{
    rg_endpoints_free(s->endpoints);
    free(s->order);
    free(s->live);
    free(s->past);
    gsl_rng_free(s->arrival_rng);
    gsl_rng_free(s->query_rng);
    gsl_rng_free(s->sample_rng);
    gsl_rng_free(s->router_rng);
    rg_engine_clear(&s->engine);
}

static void
sum_up(struct sim *s)
{
    struct rg_replication *out = s->out;
    uint64_t ended = 0;

    out->in_flight = s->in_flight;
    if (s->in_flight > 0)
        out->span_s = s->engine.now;
    for (size_t i = 0; i < RG_N_REQUEST_ENDS; i++)
        ended += out->ends[i];
    assert(out->offered == ended + out->in_flight);
    rg_endpoints_close(s->endpoints);
    for (uint32_t m = 0; m < out->n_endpoints; m++)
        out->endpoints[m] = *rg_endpoints_stats(s->endpoints, m);
    out->memory = s->live_cap * sizeof *s->live + s->past_cap * sizeof *s->past +
                  rg_endpoints_memory(s->endpoints) + rg_engine_memory(&s->engine);
}

enum rg_status
rg_replication_run(const struct rg_replication_config *config, uint64_t replication,
                   struct rg_replication *out, struct rg_err *err)
{
    struct sim s = {.config = config, .policy = config->policy, .out = out, .err = err};
    struct rg_arrivals_config arrivals = config->arrivals;

    assert(config->requests >= 1 && config->requests < NONE && config->n_queries >= 1);
    *out = (struct rg_replication){.n_endpoints = config->policy->trace->n_models};
    out->endpoints = rg_zalloc(out->n_endpoints, sizeof *out->endpoints);
    sim_init(&s, replication);
    arrivals.limit = config->requests;
    s.status = rg_arrivals_init(&s.arrivals, &arrivals, s.arrival_rng, err);
    if (s.status == RG_OK)
        loop(&s);
    out->events = s.engine.executed;
    if (s.status == RG_OK)
        sum_up(&s);
    sim_clear(&s);
    return s.status;
}
