#include "sim/endpoint.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sim/bucket.h"
#include "sim/endpoint_private.h"

const char *const rg_part_names[RG_N_PARTS] = {
    [RG_PART_OVERHEAD] = "overhead", [RG_PART_ROUTER] = "router", [RG_PART_RETRIEVAL] = "retrieval",
    [RG_PART_CONTRACT] = "contract", [RG_PART_QUEUE] = "queue",   [RG_PART_LIMIT] = "limit",
    [RG_PART_PREFILL] = "prefill",   [RG_PART_DECODE] = "decode", [RG_PART_FAILED] = "failed",
    [RG_PART_BACKOFF] = "backoff",
};

/* ---- what a recorded call says ---- */

double
rg_endpoint_tokens_charged(const struct rg_endpoints *eps, const struct endpoint *ep,
                           uint32_t recorded, uint32_t extra_tokens)
{
    double output = eps->policy->trace->calls.completion_tokens[recorded];

    if (isinf(ep->config->limit.tpm))
        return 0;
    return rg_endpoint_prompt(eps, recorded) + extra_tokens +
           (ep->config->limit.charge_max ? ep->config->limit.max_tokens : output);
}

/* Does the configuration need tokens or a latency that the recording does not have? */
static const char *
lacking(const struct rg_endpoints *eps, const struct endpoint *ep, uint32_t recorded)
{
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    bool tokens = isfinite(ep->config->limit.tpm) || (ep->config->service == RG_SERVICE_PROFILE &&
                                                      rg_endpoint_answers(calls->status[recorded]));

    if (tokens && (calls->prompt_tokens[recorded] < 0 || calls->completion_tokens[recorded] < 0))
        return "token counts";
    if (ep->config->service == RG_SERVICE_RECORDED && isnan(calls->latency_ms[recorded]))
        return "latency";
    return NULL;
}

/* ---- the way in ---- */

static void call_in(struct rg_endpoints *eps, uint32_t replica);

static uint32_t
tokens_of(double recorded)
{
    return recorded > 0 ? (uint32_t)recorded : 0;
}

static void
submit(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    const struct rg_call_request *request = &eps->calls[try->call].request;
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    struct rg_replica_job job = {.place = try->place,
                                 .service_s = try->service,
                                 .prompt = tokens_of(rg_endpoint_prompt(eps, try->recorded)) +
                                           request->extra_tokens,
                                 .output = tokens_of(calls->completion_tokens[try->recorded]),
                                 .priority = eps->priority ? eps->priority[request->query] : 0};

    try->state = TRY_IN;
    if (ep->config->discipline == RG_PS) /* its service begins now */
        rg_endpoint_count_context(eps, try);
    switch (rg_replica_submit(&eps->replicas[try->replica], &job, &try->ticket)) {
    case RG_REPLICA_ACCEPTED:
        rg_endpoint_fold(eps, t);
        return;
    case RG_REPLICA_FULL:
        rg_endpoint_refuse(eps, t, &ep->stats.rejected, RG_CALL_RATE_LIMITED, true);
        return;
    case RG_REPLICA_TOO_LARGE:
        eps->calls[try->call].tries_here = UINT32_MAX; /* nothing to try again */
        rg_endpoint_refuse(eps, t, &ep->stats.too_large, RG_CALL_ERROR, true);
        return;
    }
}

/* What ends at the instant of a deadline has kept it. */
static void
schedule(struct rg_endpoints *eps, uint32_t t, double time, enum rg_endpoint_event kind)
{
    bool ends = kind == EV_FAIL || kind == EV_FINISH;

    eps->tries[t].event = rg_engine_add_marked(
        eps->engine, &(struct rg_event){.time = time,
                                        .rank = ends ? RG_RANK_DEPARTURE : RG_RANK_ARRIVAL,
                                        .kind = kind,
                                        .entity = eps->tries[t].place});
}

/* Those in the lobby of a replica came before a try that comes by another way (again, or from
 * another model), and go before it. */
static void
clear_lobby(struct rg_endpoints *eps, uint32_t replica)
{
    while (eps->replicas[replica].lobby.queue.n > 0)
        call_in(eps, replica);
}

/* A call that was in a lobby has its replica; returns the seconds it spent there, which are time in
 * that queue. */
static double
choose_replica(struct rg_endpoints *eps, struct endpoint *ep, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct call *call = &eps->calls[try->call];
    uint32_t hedged =
        try->hedge && call->primary != NOTHING ? eps->tries[call->primary].replica : NOTHING;
    double lobby;

    if (call->chosen == NOTHING) {
        uint32_t replica = rg_endpoint_balance(eps, ep, hedged);

        clear_lobby(eps, replica);
        eps->tries[t].replica = replica;
        return 0;
    }
    try->replica = call->chosen;
    call->chosen = NOTHING;
    lobby = try->limited;
    try->limited = 0;
    return lobby;
}

/* To the chosen replica: at once, or when it is ready and has read the request. */
static void
go_to_replica(struct rg_endpoints *eps, uint32_t t)
{
    struct endpoint *ep = &eps->of[eps->tries[t].model];
    double now = eps->engine->now;
    double lobby = choose_replica(eps, ep, t);
    struct try *try = &eps->tries[t];
    struct rg_replica *r = &eps->replicas[try->replica];
    double from;

    rg_endpoint_draw_service(eps, ep, try);
    if (isinf(r->ready))
        r->ready = now + ep->config->cold_start_s;
    from = fmax(now, r->ready);
    try->waited = lobby + (from - now);
    if (r->is_batch) { /* has begun to read when the request came into the lobby */
        double a0 = ep->config->profile->a0_ms * 1e-3;

        from += fmax(0, a0 - lobby);
        try->waited -= fmin(a0, lobby);
    }
    if (from > now) {
        try->state = TRY_COMING;
        r->coming++;
        schedule(eps, t, from, EV_SUBMIT);
        rg_endpoint_fold(eps, t);
        return;
    }
    submit(eps, t);
}

/* The client's clocks: when to give up, when to ask once more. */
static void
wind_up(struct rg_endpoints *eps, struct endpoint *ep, uint32_t t)
{
    const struct rg_endpoint_config *config = ep->config;
    struct try *try = &eps->tries[t];
    struct call *call = &eps->calls[try->call];
    double now = eps->engine->now;

    if (config->timeout_s < INFINITY)
        rg_endpoint_wind_up(eps, ep, t);
    if (config->hedge.quantile > 0 && !try->hedge && call->tries_here == 1)
        call->hedge_timer = rg_engine_add_timer(
            eps->engine, &(struct rg_event){.time = now + rg_endpoint_hedge_delay(ep),
                                            .rank = RG_RANK_TIMER,
                                            .kind = EV_HEDGE,
                                            .entity = try->call});
}

void
rg_endpoint_admit(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    double latency = ep->config->failures.latency_s;
    double now = eps->engine->now;

    ep->active++;
    try->limited = now - try->from;
    wind_up(eps, ep, t);
    if (rg_endpoint_injects(eps, ep)) {
        try->state = TRY_FAILING;
        try->service = latency;
        schedule(eps, t, now + latency, EV_FAIL);
        return;
    }
    go_to_replica(eps, t);
}

static void
park(struct rg_endpoints *eps, struct endpoint *ep, uint32_t t)
{
    uint32_t place = eps->tries[t].place;

    eps->tries[t].state = TRY_PARKED;
    rg_visits_at(&eps->places, place)->next = NOTHING;
    if (ep->parked_head == NOTHING)
        ep->parked_head = place;
    else
        rg_visits_at(&eps->places, ep->parked_tail)->next = place;
    ep->parked_tail = place;
    rg_endpoint_fold(eps, t);
}

/* Nobody goes past those who are parked. */
static void
after_limits(struct rg_endpoints *eps, uint32_t t)
{
    struct endpoint *ep = &eps->of[eps->tries[t].model];

    if (ep->parked_head == NOTHING && ep->active < ep->config->max_parallel) {
        rg_endpoint_admit(eps, t);
        return;
    }
    park(eps, ep, t);
    rg_endpoint_unpark(eps, ep);
}

/* Through the limits of requests and tokens: at once, later, or not at all. */
static void
meet_limits(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    const struct rg_limit_config *limit = &ep->config->limit;
    double now = eps->engine->now;
    double tokens = rg_endpoint_tokens_charged(eps, ep, try->recorded,
                                               eps->calls[try->call].request.extra_tokens);
    double wait;

    if (limit->reject &&
        (!rg_bucket_has(&ep->requests, now, 1) || !rg_bucket_has(&ep->tokens, now, tokens))) {
        rg_endpoint_refuse(eps, t, &ep->stats.rejected, RG_CALL_RATE_LIMITED, false);
        return;
    }
    try->charged = tokens;
    wait = fmax(rg_bucket_take(&ep->requests, now, 1), rg_bucket_take(&ep->tokens, now, tokens));
    /* What is given back shortens the waits of those who come later; they do not overtake. */
    ep->turn_at = fmax(ep->turn_at, now + wait);
    if (ep->turn_at > now) {
        try->state = TRY_LIMITED;
        schedule(eps, t, ep->turn_at, EV_ADMIT);
        rg_endpoint_fold(eps, t);
        return;
    }
    after_limits(eps, t);
}

/* A call that lacks what is needed ends, as will the run. */
static void
give_up(struct rg_endpoints *eps, uint32_t c, uint32_t recorded, const char *what)
{
    struct call *call = &eps->calls[c];

    if (call->primary != NOTHING)
        rg_endpoint_cancel(eps, call->primary);
    call->recorded = recorded;
    rg_endpoint_end_call(eps, c, RG_CALL_ERROR, what);
}

static uint32_t
try_of(struct rg_endpoints *eps, uint32_t c, bool hedge, const struct rg_found *found)
{
    uint32_t t = rg_endpoint_try_new(eps);
    uint32_t place = eps->tries[t].place;
    struct call *call = &eps->calls[c];

    call->tries++;
    call->exact += found->kind == RG_FOUND_EXACT && call->request.extra_tokens == 0;
    call->counterfactual += found->kind == RG_FOUND_VARIANT || call->request.extra_tokens > 0;
    *(hedge ? &call->hedge : &call->primary) = t;
    eps->tries[t] = (struct try){.call = c,
                                 .model = call->model,
                                 .recorded = found->call,
                                 .replica = NOTHING,
                                 .place = place,
                                 .next = NOTHING,
                                 .from = call->chosen == NOTHING ? eps->engine->now : call->mark,
                                 .ttft = NAN,
                                 .hedge = hedge};
    return t;
}

void
rg_endpoint_begin(struct rg_endpoints *eps, uint32_t c, bool hedge)
{
    struct call *call = &eps->calls[c];
    struct endpoint *ep = &eps->of[call->model];
    const struct rg_policy *p = eps->policy;
    uint32_t samples = p->samples[call->request.query];
    uint32_t sample = (call->request.sample + call->tries_here) % samples;
    struct rg_found found = rg_lookup_find(&p->lookup, call->request.query, call->model, sample);
    const char *what = found.call == RG_NO_CALL ? NULL : lacking(eps, ep, found.call);
    uint32_t t;

    call->tries_here++;
    if (what) {
        give_up(eps, c, found.call, what);
        return;
    }
    if (found.call == RG_NO_CALL) { /* of the model that was asked for: there is nothing to try */
        call->tries_here = UINT32_MAX;
        rg_endpoint_after_failure(eps, c, RG_CALL_ERROR);
        return;
    }
    ep->stats.tries++;
    t = try_of(eps, c, hedge, &found);
    if (eps->engine->now < ep->cool_until) {
        rg_endpoint_refuse(eps, t, &ep->stats.cooling, RG_CALL_RATE_LIMITED, false);
        return;
    }
    meet_limits(eps, t);
}

/* A call that came at since; chosen as in struct call. */
static void
start_call(struct rg_endpoints *eps, const struct rg_call_request *request, double since,
           uint32_t chosen)
{
    uint32_t c = rg_endpoint_call_new(eps);

    eps->under_way++;
    eps->calls[c] = (struct call){.request = *request,
                                  .model = request->model,
                                  .recorded = RG_NO_CALL,
                                  .primary = NOTHING,
                                  .hedge = NOTHING,
                                  .begun = since,
                                  .mark = since,
                                  .ttft_s = NAN,
                                  .chosen = chosen};
    rg_endpoint_begin(eps, c, false);
}

/* A batch looks at the head of its queue only, and never admits more than max_sequences between two
 * steps: who comes behind so many can wait in the lobby. What it can never hold is to be told at
 * once. */
static bool
batch_is_full(const struct rg_endpoints *eps, const struct rg_replica *r,
              const struct rg_call_request *request)
{
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    const struct rg_batch *b = &r->batch;
    uint32_t call;
    uint64_t tokens;

    if (r->lobby.queue.n == 0 && b->waiting < b->config.max_sequences)
        return false;
    call =
        rg_lookup_find(&eps->policy->lookup, request->query, request->model, request->sample).call;
    if (call == RG_NO_CALL || calls->prompt_tokens[call] < 0 || calls->completion_tokens[call] < 0)
        return false;
    tokens = (uint64_t)rg_endpoint_prompt(eps, call) + (uint64_t)calls->completion_tokens[call];
    return tokens / b->config.block_tokens + 1 <= b->capacity;
}

static bool
is_full(const struct rg_endpoints *eps, const struct rg_replica *r,
        const struct rg_call_request *request)
{
    if (r->is_batch)
        return batch_is_full(eps, r, request);
    return r->lobby.queue.n > 0 || r->station.busy >= rg_replica_capacity(r);
}

void
rg_endpoints_call(struct rg_endpoints *eps, const struct rg_call_request *request)
{
    struct endpoint *ep = &eps->of[request->model];
    double now = eps->engine->now;
    uint32_t chosen = NOTHING;

    assert(request->model < eps->n);
    ep->stats.calls++;
    if (ep->plain && request->extra_tokens == 0) {
        struct rg_replica *r;

        chosen = rg_endpoint_balance(eps, ep, NOTHING);
        r = &eps->replicas[chosen];
        if (is_full(eps, r, request)) {
            rg_lobby_push(&r->lobby, &(struct rg_lobby_entry){now, request->entity, request->tag,
                                                              request->query, request->sample});
            return;
        }
    }
    start_call(eps, request, now, chosen);
}

/* A slot is free: the call that waits longest takes it. */
static void
call_in(struct rg_endpoints *eps, uint32_t replica)
{
    struct rg_replica *r = &eps->replicas[replica];
    struct rg_lobby_entry e;

    if (r->lobby.queue.n == 0)
        return;
    e = rg_lobby_pop(&r->lobby, eps->engine->now);
    start_call(eps,
               &(struct rg_call_request){.entity = e.entity,
                                         .tag = e.tag,
                                         .query = e.query,
                                         .sample = e.sample,
                                         .model = eps->replica_model[replica]},
               e.since, replica);
}

/* ---- events ---- */

static void
hedge(struct rg_endpoints *eps, uint32_t c)
{
    struct call *call = &eps->calls[c];

    if (call->primary == NOTHING || call->hedge != NOTHING)
        return;
    eps->of[call->model].stats.hedges++;
    rg_endpoint_begin(eps, c, true);
}

static void
station_event(struct rg_endpoints *eps, const struct rg_event *ev)
{
    struct rg_station *station = &eps->replicas[ev->owner].station;
    bool slowed = eps->of[eps->replica_model[ev->owner]].slowed;
    struct rg_leave left;
    struct try *try;
    uint32_t t;

    if (slowed) { /* others may begin when it leaves */
        t = rg_endpoint_unfold(eps, ev->entity);
        rg_endpoint_uncount_context(eps, &eps->tries[t]);
    }
    left = rg_station_leave(station, ev);
    t = rg_endpoint_unfold(eps, left.place);
    try = &eps->tries[t];
    try->waited += left.wait;
    if (slowed) /* the slot's time was set when it began */
        try->service = left.sojourn - left.wait;
    call_in(eps, ev->owner);
    rg_endpoint_served(eps, t);
}

static void
batch_event(struct rg_endpoints *eps, const struct rg_event *ev)
{
    uint32_t most = eps->replicas[ev->owner].batch.config.max_sequences;

    rg_batch_step(&eps->replicas[ev->owner].batch, ev);
    /* The pointer is taken anew each time: what is called in may make replicas. */
    while (eps->replicas[ev->owner].lobby.queue.n > 0 &&
           eps->replicas[ev->owner].batch.waiting < most && eps->replicas[ev->owner].coming == 0)
        call_in(eps, ev->owner);
}

/* Called by a batch between two steps. */
void
rg_endpoints_report(void *ctx, const struct rg_batch_report *report)
{
    struct rg_endpoints *eps = ctx;
    uint32_t t = rg_endpoint_unfold(eps, report->entity);
    struct try *try = &eps->tries[t];
    const struct rg_profile *p = eps->of[try->model].config->profile;
    double now = eps->engine->now;

    if (report->first) {
        try->begun = true;
        try->waited += report->waited;
        try->ttft = now + p->a2_ms * 1e-3 - try->from - try->limited - try->waited;
    }
    if (report->last) {
        int32_t output = eps->policy->trace->calls.completion_tokens[try->recorded];
        double rest = (p->a1_ms + p->a2_ms * (output > 1 ? output : 1)) * 1e-3;

        try->served = true;
        try->state = TRY_FINISHING;
        try->service = now + rest - try->from - try->limited - try->waited;
        schedule(eps, t, now + rest, EV_FINISH);
        return;
    }
    rg_endpoint_fold(eps, t);
}

/* What a try has waited for has come. */
static uint32_t
waited_for(struct rg_endpoints *eps, uint32_t place)
{
    uint32_t t = rg_endpoint_unfold(eps, place);

    eps->tries[t].event = 0;
    return t;
}

static void
ready(struct rg_endpoints *eps, uint32_t t)
{
    eps->replicas[eps->tries[t].replica].coming--;
    submit(eps, t);
}

static void
timeout(struct rg_endpoints *eps, struct endpoint *ep)
{
    uint32_t t = rg_endpoint_first_deadline(eps, ep);

    if (t != NOTHING)
        rg_endpoint_timed_out(eps, t);
}

void
rg_endpoints_event(struct rg_endpoints *eps, const struct rg_event *ev)
{
    switch ((enum rg_endpoint_event)ev->kind) {
    case EV_REPLICA:
        if (!eps->replicas[ev->owner].is_batch) {
            station_event(eps, ev);
            return;
        }
        batch_event(eps, ev);
        return;
    case EV_ADMIT:
        after_limits(eps, waited_for(eps, ev->entity));
        return;
    case EV_SUBMIT:
        ready(eps, waited_for(eps, ev->entity));
        return;
    case EV_FAIL:
        rg_endpoint_injected(eps, waited_for(eps, ev->entity));
        return;
    case EV_FINISH:
        rg_endpoint_served(eps, waited_for(eps, ev->entity));
        return;
    case EV_TIMEOUT:
        timeout(eps, &eps->of[ev->owner]);
        return;
    case EV_RETRY:
        rg_endpoint_begin(eps, ev->entity, false);
        return;
    case EV_HEDGE:
        hedge(eps, ev->entity);
        return;
    case EV_TICK:
    case EV_BORN:
        rg_endpoint_scale(eps, ev);
        return;
    }
}

size_t
rg_endpoints_memory(const struct rg_endpoints *eps)
{
    size_t bytes = eps->call_cap * sizeof *eps->calls + eps->try_cap * sizeof *eps->tries +
                   rg_visits_memory(&eps->places);

    for (size_t m = 0; m < eps->n; m++)
        bytes += rg_queue_memory(&eps->of[m].deadlines.queue);
    for (size_t i = 0; i < eps->n_replicas; i++)
        bytes += rg_replica_memory(&eps->replicas[i]);
    return bytes;
}
