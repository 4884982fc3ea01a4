#include "sim/replication.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/rng.h"
#include "sim/engine/engine.h"

enum kind { ARRIVE, BEGIN, CHECKED, FEEDBACK };

enum { NONE = UINT32_MAX };

/* A request whose first call is under way is nowhere but in that call, whose entity is its number
 * in the order of arrival: a saturated system has millions of them. The call's tag is the reason of
 * the first attempt; or, with a bit that says so, an index into sim.early where requests pay before
 * they call, or into sim.past after the first call. */
enum { TAG_EARLY = 1 << 30, TAG_INDEX = TAG_EARLY - 1 };
static const uint32_t TAG_PAST = (uint32_t)1 << 31;

/* A request from its arrival to the end of its first call. */
struct early {
    double arrival;
    uint32_t index; /* of a free one: the next free one */
    uint32_t query, sample;
    uint8_t reason;
};

/* A request that has had calls. */
struct past {
    struct rg_chain chain;
    double arrival;
    double parts[RG_N_PARTS]; /* of the calls that have ended */
    double ttft;              /* s from the arrival to the last call's first token; NaN: unknown */
    uint32_t index;
    uint32_t next_free;
    enum rg_call_status status; /* of the last call */
};

/* What a router that learns is going to be told. */
struct told {
    struct rg_feedback feedback;
    uint32_t next_free;
};

struct sim {
    const struct rg_replication_config *config;
    const struct rg_policy *policy;
    struct rg_replication *out;
    struct rg_engine engine;
    struct rg_endpoints *endpoints;
    struct rg_arrivals arrivals;
    gsl_rng *arrival_rng, *query_rng, *sample_rng;
    uint32_t *order; /* permutation of the queries */
    size_t order_at;
    struct early *early;
    size_t n_early, early_cap;
    uint32_t free_early;
    struct past *past;
    size_t n_past, past_cap;
    uint32_t free_past;
    struct told *told;
    size_t n_told, told_cap;
    uint32_t free_told;
    struct rg_load *load; /* of each model, for routers that look at it */
    void *state;          /* of a router that learns */
    gsl_rng *learning_rng;
    uint64_t replication;
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
early_new(struct sim *s)
{
    uint32_t i = s->free_early;

    if (i != NONE) {
        s->free_early = s->early[i].index;
        return i;
    }
    s->early = rg_grow_lean(s->early, &s->early_cap, s->n_early + 1, sizeof *s->early);
    return (uint32_t)s->n_early++;
}

static void
early_free(struct sim *s, uint32_t i)
{
    s->early[i].index = s->free_early;
    s->free_early = i;
}

static uint32_t
past_new(struct sim *s)
{
    uint32_t i = s->free_past;

    if (i != NONE) {
        s->free_past = s->past[i].next_free;
        return i;
    }
    s->past = rg_grow_lean(s->past, &s->past_cap, s->n_past + 1, sizeof *s->past);
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

static uint32_t
next_sample(struct sim *s, uint32_t query)
{
    double draw = rg_rng_unit(s->sample_rng);

    return s->config->first_sample ? 0 : (uint32_t)(draw * s->policy->samples[query]);
}

/* What is paid once a request, before its first call. */
static double
paid_before(const struct sim *s, uint32_t query, double parts[RG_N_PARTS])
{
    const struct rg_replication_config *c = s->config;

    parts[RG_PART_OVERHEAD] = c->overhead_s;
    parts[RG_PART_ROUTER] = c->router_s;
    parts[RG_PART_RETRIEVAL] = c->retrieval_s ? c->retrieval_s[query] : 0;
    return parts[RG_PART_OVERHEAD] + parts[RG_PART_ROUTER] + parts[RG_PART_RETRIEVAL];
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

/* What the last call of a request brought. */
struct last {
    const struct rg_call_end *end; /* NULL: none was made, or its parts are in past already */
    enum rg_call_status status;
    double ttft; /* where end is NULL */
};

/* A request as it is looked at; past: index into sim.past, or NONE before the end of its first
 * call. */
struct live {
    struct rg_chain chain;
    double arrival;
    uint32_t index, past;
};

/* What the router sees at this instant. */
static struct rg_router_view
view_of(struct sim *s, const struct live *l, double chance)
{
    if (s->load)
        rg_endpoints_load(s->endpoints, s->load);
    return (struct rg_router_view){.query = l->chain.query,
                                   .sample = l->chain.sample,
                                   .index = l->index,
                                   .chance = chance,
                                   .load = s->load,
                                   .state = s->state};
}

/* The parts of all calls so far into parts; returns the time from the arrival to the first token of
 * the last one. */
static double
add_parts(const struct sim *s, const struct live *l, const struct last *last,
          double parts[RG_N_PARTS])
{
    double before = 0;

    memset(parts, 0, RG_N_PARTS * sizeof *parts);
    if (l->past != NONE)
        memcpy(parts, s->past[l->past].parts, RG_N_PARTS * sizeof *parts);
    else
        (void)paid_before(s, l->chain.query, parts);
    if (!last->end)
        return last->ttft;
    for (size_t i = 0; i < RG_N_PARTS; i++)
        before += parts[i];
    for (size_t i = 0; i < RG_N_PARTS; i++)
        parts[i] += last->end->parts[i];
    return before + last->end->ttft_s;
}

static void
tell(struct sim *s, uint32_t i)
{
    s->policy->router->type->observe(s->policy, s->state, &s->told[i].feedback);
    s->told[i].next_free = s->free_told;
    s->free_told = i;
}

/* The score of an answer is known, now or in a while, to a router that learns. */
static void
feed_back(struct sim *s, const struct rg_request *r)
{
    uint32_t i = s->free_told;

    if (i != NONE) {
        s->free_told = s->told[i].next_free;
    } else {
        s->told = rg_grow(s->told, &s->told_cap, s->n_told + 1, sizeof *s->told);
        i = (uint32_t)s->n_told++;
    }
    s->told[i].feedback = (struct rg_feedback){r->query, r->model, r->score, r->cost_usd};
    if (!(s->config->feedback_s > 0)) {
        tell(s, i);
        return;
    }
    rg_engine_add(&s->engine, &(struct rg_event){.time = s->engine.now + s->config->feedback_s,
                                                 .rank = RG_RANK_FIRST,
                                                 .kind = FEEDBACK,
                                                 .entity = i});
}

static void
past_free(struct sim *s, uint32_t past)
{
    s->past[past].next_free = s->free_past;
    s->free_past = past;
}

static void
finish(struct sim *s, struct live *l, enum rg_chain_step step, const struct last *last)
{
    struct rg_request request = {.index = l->index,
                                 .query = l->chain.query,
                                 .sample = l->chain.sample,
                                 .model = l->chain.at.model,
                                 .call = l->chain.at.call,
                                 .end = end_of(step, last->status),
                                 .reason = (enum rg_reason)l->chain.at.reason,
                                 .escalated = l->chain.escalated,
                                 .calls = l->chain.calls,
                                 .tries = l->chain.tries,
                                 .exact = l->chain.exact,
                                 .counterfactual = l->chain.counterfactual,
                                 .score = rg_chain_score(s->policy, &l->chain, step),
                                 .cost_usd = l->chain.cost_usd,
                                 .arrival_s = l->arrival};
    double time;

    request.ttft_s = add_parts(s, l, last, request.parts);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        request.latency_s += request.parts[i];
    assert(fabs(request.latency_s - (s->engine.now - l->arrival)) <= 1e-9 * (1 + s->engine.now));
    s->out->ends[request.end]++;
    s->out->span_s = s->engine.now;
    s->in_flight--;
    if (l->past != NONE)
        past_free(s, l->past);
    if (s->state && request.end != RG_REQUEST_SKIPPED)
        feed_back(s, &request);
    s->config->done(s->config->ctx, &request);
    if (rg_arrivals_again(&s->arrivals, s->engine.now, &time))
        schedule_arrival(s, time);
}

static void
not_recorded(struct sim *s, const struct rg_chain *c, const char *what, const char *advice)
{
    const struct rg_trace *t = s->policy->trace;
    const struct rg_trace_variant *v = &t->variants[s->policy->lookup.variant];

    s->status = rg_err_set(s->err, RG_EINPUT,
                           "%s: no recorded %s of model '%s' on query '%s' "
                           "(memory '%s'): %s",
                           t->path, what, t->models[c->at.model].name, t->queries.id[c->query],
                           v->memory, advice);
}

/* What the calls so far have taken, and where the chain is. */
static void
remember(struct sim *s, struct live *l, const struct last *last)
{
    double parts[RG_N_PARTS];
    double ttft = add_parts(s, l, last, parts);
    struct past *past;

    if (l->past == NONE) {
        l->past = past_new(s);
        s->past[l->past] = (struct past){.arrival = l->arrival, .index = l->index};
    }
    past = &s->past[l->past];
    past->chain = l->chain;
    past->ttft = ttft;
    past->status = last->status;
    memcpy(past->parts, parts, sizeof parts);
}

/* What is kept of a request while its call is under way. */
static uint32_t
tag_of(struct sim *s, struct live *l, const struct last *last)
{
    double parts[RG_N_PARTS];
    uint32_t i;

    if (l->past != NONE || last->end || l->chain.calls > 1) {
        remember(s, l, last);
        return TAG_PAST | l->past;
    }
    if (!(paid_before(s, l->chain.query, parts) > 0))
        return l->chain.at.reason;
    i = early_new(s);
    s->early[i] = (struct early){.arrival = l->arrival, .reason = l->chain.at.reason};
    return TAG_EARLY | i;
}

static void
count_reason(struct sim *s, const struct rg_chain *c, enum rg_chain_step step)
{
    s->out->reasons[c->at.reason] += step != RG_CHAIN_DONE && step != RG_CHAIN_FAILED;
}

/* Carry out what the chain asks for. */
static void
advance(struct sim *s, struct live *l, enum rg_chain_step step, struct last last)
{
    struct rg_chain *c = &l->chain;

    count_reason(s, c, step);
    while (step == RG_CHAIN_CALL && c->at.call == RG_NO_CALL) {
        struct rg_call_outcome outcome = rg_chain_recorded(s->policy, c);
        struct rg_router_view view = view_of(s, l, NAN);

        last.status = outcome.status;
        rg_chain_told(s->policy, c, &outcome);
        step = rg_chain_next(s->policy, c, &view);
        count_reason(s, c, step);
    }
    if (step == RG_CHAIN_MISSING) {
        not_recorded(s, c, "call", "choose --missing skip or fail, or another --memory");
        return;
    }
    if (step != RG_CHAIN_CALL) {
        finish(s, l, step, &last);
        return;
    }
    rg_endpoints_call(s->endpoints,
                      &(struct rg_call_request){.entity = l->index,
                                                .tag = tag_of(s, l, &last),
                                                .query = c->query,
                                                .sample = rg_chain_sample(s->policy, c),
                                                .model = c->at.model,
                                                .extra_tokens = c->extra_tokens});
}

/* The request that an ended call was made for. */
static struct live
live_of(struct sim *s, const struct rg_call_end *end)
{
    struct live l = {.arrival = end->begun_s, .index = end->entity, .past = NONE};
    uint8_t reason = (uint8_t)end->tag;

    if (end->tag & TAG_PAST) {
        l.past = end->tag & TAG_INDEX;
        l.chain = s->past[l.past].chain;
        l.arrival = s->past[l.past].arrival;
        return l;
    }
    if (end->tag & TAG_EARLY) {
        const struct early *e = &s->early[end->tag & TAG_INDEX];

        l.arrival = e->arrival;
        reason = e->reason;
        early_free(s, end->tag & TAG_INDEX);
    }
    l.chain = rg_chain_first(end->query, end->sample, end->model, reason);
    return l;
}

/* The contract has been looked at, or there is nothing to look at. */
static void
after_call(struct sim *s, struct live *l, struct last last)
{
    struct rg_router_view view = view_of(s, l, NAN);

    advance(s, l, rg_chain_next(s->policy, &l->chain, &view), last);
}

/* To look at an answer takes time, for which the request waits with what is known of it. */
static void
check(struct sim *s, struct live *l, const struct last *last)
{
    double time = s->config->contract_s;

    remember(s, l, last);
    s->past[l->past].parts[RG_PART_CONTRACT] += time;
    rg_engine_add(&s->engine, &(struct rg_event){.time = s->engine.now + time,
                                                 .rank = RG_RANK_DEPARTURE,
                                                 .kind = CHECKED,
                                                 .entity = l->past});
}

static void
checked(struct sim *s, uint32_t past)
{
    const struct past *p = &s->past[past];
    struct live l = {p->chain, p->arrival, p->index, past};

    after_call(s, &l, (struct last){NULL, p->status, p->ttft});
}

static void
call_ended(void *ctx, const struct rg_call_end *end)
{
    struct sim *s = ctx;
    struct live l = live_of(s, end);
    struct last last = {end, end->status, NAN};
    struct rg_call_outcome outcome = {.model = end->model,
                                      .call = end->call,
                                      .status = end->status,
                                      .tries = end->tries,
                                      .exact = end->exact,
                                      .counterfactual = end->counterfactual,
                                      .cost_usd = end->cost_usd};

    if (end->missing) {
        l.chain.at.model = end->model;
        not_recorded(s, &l.chain, end->what, "choose another service model, or --service zero");
        return;
    }
    rg_chain_told(s->policy, &l.chain, &outcome);
    if (s->config->contract_s > 0 && l.chain.at.answered)
        check(s, &l, &last);
    else
        after_call(s, &l, last);
}

static void
call_tried(void *ctx, const struct rg_try_record *record)
{
    struct sim *s = ctx;

    s->config->tried(s->config->ctx, record);
}

/* ---- events ---- */

/* The router's draw is the one of its place in the order of arrival, whenever it is made. */
static void
begin(struct sim *s, const struct early *e)
{
    struct live l = {.chain = {.query = e->query, .sample = (uint16_t)e->sample},
                     .arrival = e->arrival,
                     .index = e->index,
                     .past = NONE};
    struct rg_router_view view = view_of(
        s, &l, rg_rng_unit_at(s->config->seed, s->replication, RG_PURPOSE_ROUTER, e->index));

    advance(s, &l, rg_chain_begin(s->policy, &l.chain, &view),
            (struct last){NULL, RG_CALL_OK, NAN});
}

/* One has paid what is charged once a request. */
static void
begin_early(struct sim *s, uint32_t i)
{
    struct early e = s->early[i];

    early_free(s, i);
    begin(s, &e);
}

static void
arrive(struct sim *s)
{
    struct early e = {.arrival = s->engine.now, .index = (uint32_t)s->out->offered};
    double parts[RG_N_PARTS];
    double before, time;
    uint32_t i;

    e.query = next_query(s);
    e.sample = next_sample(s, e.query);
    before = paid_before(s, e.query, parts);
    if (++s->in_flight > s->out->most_in_flight)
        s->out->most_in_flight = s->in_flight;
    s->out->offered++;
    s->coming--;
    s->out->last_arrival_s = s->engine.now;
    if (s->config->arrived)
        s->config->arrived(s->config->ctx, e.index, e.query, e.arrival);
    if (rg_arrivals_next(&s->arrivals, &time))
        schedule_arrival(s, time);
    else
        rg_endpoints_last_arrival(s->endpoints);
    if (!(before > 0)) {
        begin(s, &e);
        return;
    }
    i = early_new(s);
    s->early[i] = e;
    rg_engine_add(&s->engine, &(struct rg_event){.time = s->engine.now + before,
                                                 .rank = RG_RANK_DEPARTURE,
                                                 .kind = BEGIN,
                                                 .entity = i});
}

/* Nothing more can happen to a request: all have come and ended. An autoscaler would go on looking.
 */
static bool
is_over(const struct sim *s)
{
    return s->in_flight == 0 && s->coming == 0;
}

static void
look(struct sim *s, bool over)
{
    if (s->config->moved)
        s->config->moved(s->config->ctx, s->endpoints, s->engine.now, over);
}

static void
loop(struct sim *s)
{
    struct rg_event ev;
    double time;

    if (rg_arrivals_next(&s->arrivals, &time))
        schedule_arrival(s, time);
    while (s->status == RG_OK && !is_over(s) && rg_engine_next(&s->engine, &ev)) {
        look(s, false);
        if (ev.kind == ARRIVE)
            arrive(s);
        else if (ev.kind == BEGIN)
            begin_early(s, ev.entity);
        else if (ev.kind == CHECKED)
            checked(s, ev.entity);
        else if (ev.kind == FEEDBACK)
            tell(s, ev.entity);
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
    s->free_early = s->free_past = s->free_told = NONE;
    s->arrival_rng = rg_rng_new(c->seed, replication, RG_PURPOSE_ARRIVALS);
    s->query_rng = rg_rng_new(c->seed, replication, RG_PURPOSE_QUERIES);
    s->sample_rng = rg_rng_new(c->seed, replication, RG_PURPOSE_SAMPLES);
    s->order = rg_alloc(c->n_queries, sizeof *s->order);
    memcpy(s->order, c->queries, c->n_queries * sizeof *s->order);
    s->order_at = c->n_queries;
    s->endpoints =
        rg_endpoints_new(&(struct rg_endpoints_setup){.policy = s->policy,
                                                      .configs = c->endpoints,
                                                      .engine = &s->engine,
                                                      .seed = c->seed,
                                                      .replication = replication,
                                                      .priority = c->priority,
                                                      .ended = call_ended,
                                                      .tried = c->tried ? call_tried : NULL,
                                                      .ctx = s});
    s->replication = replication;
    if (s->policy->router->type->uses_load)
        s->load = rg_zalloc(s->policy->trace->n_models, sizeof *s->load);
    if (s->policy->router->type->learns) {
        s->learning_rng = rg_rng_new(c->seed, replication, RG_PURPOSE_LEARNING);
        s->state = s->policy->router->type->state_new(s->policy, s->learning_rng);
    }
}

static void
sim_clear(struct sim *s)
{
    rg_endpoints_free(s->endpoints);
    free(s->order);
    free(s->early);
    free(s->past);
    gsl_rng_free(s->arrival_rng);
    gsl_rng_free(s->query_rng);
    gsl_rng_free(s->sample_rng);
    free(s->told);
    free(s->load);
    if (s->state)
        s->policy->router->type->state_free(s->state);
    gsl_rng_free(s->learning_rng);
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
    look(s, true);
    rg_endpoints_close(s->endpoints);
    for (uint32_t m = 0; m < out->n_endpoints; m++)
        out->endpoints[m] = *rg_endpoints_stats(s->endpoints, m);
    out->memory = s->early_cap * sizeof *s->early + s->past_cap * sizeof *s->past +
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
