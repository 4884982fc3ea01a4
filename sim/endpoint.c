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

/* ---- pools ---- */

static uint32_t
call_new(struct rg_endpoints *eps)
{
    uint32_t c = eps->free_call;

    eps->under_way++;
    if (c != NOTHING) {
        eps->free_call = eps->calls[c].primary;
        return c;
    }
    eps->calls = rg_grow(eps->calls, &eps->call_cap, eps->n_calls + 1, sizeof *eps->calls);
    return (uint32_t)eps->n_calls++;
}

static uint32_t
try_new(struct rg_endpoints *eps)
{
    uint32_t t = eps->free_try;

    if (t != NOTHING) {
        eps->free_try = eps->tries[t].next;
        return t;
    }
    eps->tries = rg_grow(eps->tries, &eps->try_cap, eps->n_tries + 1, sizeof *eps->tries);
    return (uint32_t)eps->n_tries++;
}

static void
try_free(struct rg_endpoints *eps, uint32_t t)
{
    struct call *call = &eps->calls[eps->tries[t].call];

    if (call->primary == t)
        call->primary = NOTHING;
    if (call->hedge == t)
        call->hedge = NOTHING;
    eps->tries[t].state = TRY_FREE;
    eps->tries[t].next = eps->free_try;
    eps->free_try = t;
}

/* ---- what a recorded call says ---- */

static bool
answers(uint8_t status)
{
    return status == RG_CALL_OK || status == RG_CALL_INVALID;
}

static double
cost_of(const struct rg_endpoints *eps, const struct endpoint *ep, uint32_t recorded)
{
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    const struct rg_endpoint_config *c = ep->config;

    if (isnan(c->input_usd_per_mtok) && isnan(c->output_usd_per_mtok))
        return calls->cost_usd[recorded];
    if (calls->prompt_tokens[recorded] < 0 || calls->completion_tokens[recorded] < 0)
        return NAN;
    return (calls->prompt_tokens[recorded] * c->input_usd_per_mtok +
            calls->completion_tokens[recorded] * c->output_usd_per_mtok) /
           1e6;
}

/* What is charged to a limit of tokens. */
static double
tokens_charged(const struct rg_endpoints *eps, const struct endpoint *ep, uint32_t recorded)
{
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    double output = calls->completion_tokens[recorded];

    return calls->prompt_tokens[recorded] +
           (ep->config->limit.charge_max ? ep->config->limit.max_tokens : output);
}

/* Does the configuration need tokens or a latency that the recording does not have? */
static const char *
lacking(const struct rg_endpoints *eps, const struct endpoint *ep, uint32_t recorded)
{
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    bool tokens = isfinite(ep->config->limit.tpm) ||
                  (ep->config->service == RG_SERVICE_PROFILE && answers(calls->status[recorded]));

    if (tokens && (calls->prompt_tokens[recorded] < 0 || calls->completion_tokens[recorded] < 0))
        return "token counts";
    if (ep->config->service == RG_SERVICE_RECORDED && isnan(calls->latency_ms[recorded]))
        return "latency";
    return NULL;
}

/* ---- the end of a call ---- */

static void
end_call(struct rg_endpoints *eps, uint32_t c, enum rg_call_status status, const char *what)
{
    struct call *call = &eps->calls[c];
    struct rg_call_end end = {.entity = call->request.entity,
                              .model = call->model,
                              .call = call->recorded,
                              .status = status,
                              .missing = what != NULL,
                              .what = what,
                              .tries = call->tries,
                              .exact = call->exact,
                              .cost_usd = call->cost_usd,
                              .ttft_s = call->ttft_s};

    assert(call->primary == NOTHING && call->hedge == NOTHING);
    memcpy(end.parts + RG_PART_QUEUE, call->parts, sizeof call->parts);
    (void)rg_engine_cancel(eps->engine, call->hedge_timer);
    call->primary = eps->free_call;
    eps->free_call = c;
    eps->under_way--;
    eps->ended(eps->ctx, &end);
}

static void begin_try(struct rg_endpoints *eps, uint32_t c, bool hedge);

/* All tries of the call at this model have failed: another after a while, another model, or the
 * end. */
static void
after_failure(struct rg_endpoints *eps, uint32_t c, enum rg_call_status status)
{
    struct call *call = &eps->calls[c];
    struct endpoint *ep = &eps->of[call->model];
    const struct rg_endpoint_config *first = eps->of[call->request.model].config;

    if (call->primary != NOTHING || call->hedge != NOTHING)
        return; /* the other one may still answer */
    (void)rg_engine_cancel(eps->engine, call->hedge_timer);
    if (call->tries_here < ep->config->retry.attempts && ep->config->retry.on[status]) {
        double delay = rg_endpoint_backoff(eps, ep, call->tries_here);

        ep->stats.retries++;
        rg_engine_add(eps->engine, &(struct rg_event){.time = eps->engine->now + delay,
                                                      .rank = RG_RANK_ARRIVAL,
                                                      .kind = EV_RETRY,
                                                      .entity = c});
        return;
    }
    if (call->fallback < first->n_fallback) {
        call->model = first->fallback[call->fallback++];
        call->tries_here = 0;
        ep->stats.fallbacks++;
        begin_try(eps, c, false);
        return;
    }
    end_call(eps, c, status, NULL);
}

/* ---- the end of a try ---- */

static void admit(struct rg_endpoints *eps, uint32_t t);

/* A parallel call less: the one that waits longest may go. */
static void
unpark(struct rg_endpoints *eps, struct endpoint *ep)
{
    while (ep->parked_head != NOTHING && ep->active < ep->config->max_parallel) {
        uint32_t t = ep->parked_head;

        ep->parked_head = eps->tries[t].next;
        if (eps->tries[t].state == TRY_DEAD) {
            eps->tries[t].state = TRY_FREE;
            eps->tries[t].next = eps->free_try;
            eps->free_try = t;
            continue;
        }
        admit(eps, t);
    }
}

static void
leave_endpoint(struct rg_endpoints *eps, struct endpoint *ep, const struct try *try)
{
    const struct rg_limit_config *limit = &ep->config->limit;

    ep->active--;
    if (try->state == TRY_IN || try->state == TRY_FINISHING)
        eps->replicas[try->replica].context -= rg_endpoint_context(eps, try->recorded);
    if (limit->refund && try->charged > 0) {
        const struct rg_trace_calls *calls = &eps->policy->trace->calls;
        double used = calls->prompt_tokens[try->recorded] + calls->completion_tokens[try->recorded];

        rg_bucket_return(&ep->tokens, eps->engine->now, try->charged - used);
    }
}

/* Write the time of a try into its call's parts. */
static void
settle(struct rg_endpoints *eps, const struct try *try, bool failed)
{
    struct call *call = &eps->calls[try->call];
    double *parts = call->parts - RG_PART_QUEUE;
    double prefill = isnan(try->ttft) ? 0 : fmin(try->ttft, try->service);

    parts[RG_PART_BACKOFF] += try->from - call->mark;
    parts[RG_PART_LIMIT] += try->limited;
    parts[RG_PART_QUEUE] += try->waited;
    if (failed) {
        parts[RG_PART_FAILED] += try->service;
    } else {
        parts[RG_PART_PREFILL] += prefill;
        parts[RG_PART_DECODE] += try->service - prefill;
        if (!isnan(try->ttft))
            call->ttft_s = try->from - call->begun + try->limited + try->waited + try->ttft;
    }
    call->mark = eps->engine->now;
}

static void
tell(const struct rg_endpoints *eps, const struct try *try, enum rg_call_status status,
     bool cancelled)
{
    const struct call *call = &eps->calls[try->call];
    double now = eps->engine->now;

    if (eps->tried)
        eps->tried(eps->ctx,
                   &(struct rg_try_record){.entity = call->request.entity,
                                           .model = try->model,
                                           .replica = try->replica,
                                           .from = try->from,
                                           .begun = try->served ? now - try->service : NAN,
                                           .to = now,
                                           .status = status,
                                           .hedge = try->hedge,
                                           .cancelled = cancelled});
}

static void
bill(struct rg_endpoints *eps, const struct try *try)
{
    if (try->served)
        eps->calls[try->call].cost_usd += cost_of(eps, &eps->of[try->model], try->recorded);
}

/* Take a try back from wherever it is; what it waited for and what it was served is noted in it. */
static void
cut_off(struct rg_endpoints *eps, struct try *try)
{
    double now = eps->engine->now;

    (void)rg_engine_cancel(eps->engine, try->event);
    (void)rg_engine_cancel(eps->engine, try->timeout);
    switch (try->state) {
    case TRY_IN:
        try->waited += rg_replica_cancel(&eps->replicas[try->replica], &try->ticket, &try->served);
        break;
    case TRY_COMING:
        eps->replicas[try->replica].coming--;
        try->waited = now - try->from - try->limited;
        break;
    case TRY_LIMITED:
    case TRY_PARKED:
        try->limited = now - try->from;
        break;
    default:
        break;
    }
    try->service = fmax(0, now - try->from - try->limited - try->waited);
}

/* The other try of a hedged call was first. */
static void
cancel(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    enum try_state state = try->state;

    cut_off(eps, try);
    bill(eps, try);
    tell(eps, try, RG_CALL_OK, true);
    ep->stats.cancelled++;
    if (state == TRY_PARKED) {
        /* It stands in a list: whoever comes to it frees it. */
        struct call *call = &eps->calls[try->call];

        *(call->primary == t ? &call->primary : &call->hedge) = NOTHING;
        try->state = TRY_DEAD;
        return;
    }
    if (state != TRY_LIMITED)
        leave_endpoint(eps, ep, try);
    try_free(eps, t);
    unpark(eps, ep);
}

/* A try is over with a status; in_endpoint says whether it had got past the limits. */
static void
try_over(struct rg_endpoints *eps, uint32_t t, enum rg_call_status status, bool in_endpoint)
{
    struct try *try = &eps->tries[t];
    uint32_t c = try->call;
    struct endpoint *ep = &eps->of[try->model];
    bool good = answers((uint8_t)status);

    (void)rg_engine_cancel(eps->engine, try->timeout);
    settle(eps, try, !good);
    bill(eps, try);
    tell(eps, try, status, false);
    rg_endpoint_note(eps, ep, status, try->waited + try->service);
    if (in_endpoint)
        leave_endpoint(eps, ep, try);
    eps->calls[c].recorded = try->recorded;
    eps->calls[c].model = try->model;
    try_free(eps, t);
    if (good) {
        struct call *call = &eps->calls[c];

        if (call->primary != NOTHING)
            cancel(eps, call->primary);
        if (call->hedge != NOTHING)
            cancel(eps, call->hedge);
        ep->stats.answered++;
        unpark(eps, ep);
        end_call(eps, c, status, NULL);
        return;
    }
    unpark(eps, ep);
    after_failure(eps, c, status);
}

static void
timed_out(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];

    cut_off(eps, try);
    eps->of[try->model].stats.timeouts++;
    try_over(eps, t, RG_CALL_TIMEOUT, true);
}

/* Served to the end, as the recording has it. */
static void
served(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    enum rg_call_status status =
        (enum rg_call_status)eps->policy->trace->calls.status[try->recorded];
    struct rg_endpoint_stats *stats = &eps->of[try->model].stats;

    try->served = true;
    stats->errors += status == RG_CALL_ERROR;
    stats->timeouts += status == RG_CALL_TIMEOUT;
    stats->rejected += status == RG_CALL_RATE_LIMITED;
    try_over(eps, t, status, true);
}

/* Refused without service. */
static void
refused(struct rg_endpoints *eps, uint32_t t, uint64_t *count, enum rg_call_status status,
        bool in_endpoint)
{
    ++*count;
    try_over(eps, t, status, in_endpoint);
}

/* ---- the way in ---- */

static void
submit(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    struct rg_replica_job job = {
        .entity = t, .service_s = try->service, .priority = eps->calls[try->call].request.priority};

    if (eps->replicas[try->replica].is_batch) {
        job.prompt =
            (uint32_t)(calls->prompt_tokens[try->recorded] > 0 ? calls->prompt_tokens[try->recorded]
                                                               : 0);
        job.output = (uint32_t)(calls->completion_tokens[try->recorded] > 0
                                    ? calls->completion_tokens[try->recorded]
                                    : 0);
    }
    try->state = TRY_IN;
    eps->replicas[try->replica].context += rg_endpoint_context(eps, try->recorded);
    switch (rg_replica_submit(&eps->replicas[try->replica], &job, &try->ticket)) {
    case RG_REPLICA_ACCEPTED:
        return;
    case RG_REPLICA_FULL:
        try->service = 0;
        refused(eps, t, &ep->stats.rejected, RG_CALL_RATE_LIMITED, true);
        return;
    case RG_REPLICA_TOO_LARGE:
        try->service = 0;
        refused(eps, t, &ep->stats.too_large, RG_CALL_ERROR, true);
        return;
    }
}

static void
schedule(struct rg_endpoints *eps, uint32_t t, double after, enum rg_endpoint_event kind)
{
    eps->tries[t].event = rg_engine_add_timer(
        eps->engine,
        &(struct rg_event){
            .time = eps->engine->now + after, .rank = RG_RANK_ARRIVAL, .kind = kind, .entity = t});
}

/* To the chosen replica: at once, or when it is ready and has read the request. */
static void
go_to_replica(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    double now = eps->engine->now;
    struct rg_replica *r;
    double wait;

    try->replica = rg_endpoint_balance(eps, ep, try);
    rg_endpoint_draw_service(eps, ep, try);
    r = &eps->replicas[try->replica];
    if (isinf(r->ready))
        r->ready = now + ep->config->cold_start_s;
    wait = fmax(0, r->ready - now);
    try->waited = wait;
    if (r->is_batch)
        wait += ep->config->profile->a0_ms * 1e-3;
    if (wait > 0) {
        try->state = TRY_COMING;
        r->coming++;
        schedule(eps, t, wait, EV_SUBMIT);
        return;
    }
    submit(eps, t);
}

/* Past the limits. */
static void
admit(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    const struct rg_endpoint_config *config = ep->config;
    struct call *call = &eps->calls[try->call];
    double now = eps->engine->now;

    ep->active++;
    try->limited = now - try->from;
    if (rg_endpoint_injects(eps, ep)) {
        try->state = TRY_FAILING;
        try->service = config->failures.latency_s;
        schedule(eps, t, config->failures.latency_s, EV_FAIL);
        return;
    }
    if (config->timeout_s < INFINITY)
        try->timeout =
            rg_engine_add_timer(eps->engine, &(struct rg_event){.time = now + config->timeout_s,
                                                                .rank = RG_RANK_TIMER,
                                                                .kind = EV_TIMEOUT,
                                                                .entity = t});
    if (config->hedge.quantile > 0 && !try->hedge && call->tries_here == 1)
        call->hedge_timer = rg_engine_add_timer(
            eps->engine, &(struct rg_event){.time = now + rg_endpoint_hedge_delay(ep),
                                            .rank = RG_RANK_TIMER,
                                            .kind = EV_HEDGE,
                                            .entity = try->call});
    go_to_replica(eps, t);
}

static void
park(struct rg_endpoints *eps, struct endpoint *ep, uint32_t t)
{
    eps->tries[t].state = TRY_PARKED;
    eps->tries[t].next = NOTHING;
    if (ep->parked_head == NOTHING)
        ep->parked_head = t;
    else
        eps->tries[ep->parked_tail].next = t;
    ep->parked_tail = t;
}

static void
after_limits(struct rg_endpoints *eps, uint32_t t)
{
    struct endpoint *ep = &eps->of[eps->tries[t].model];

    if (ep->active >= ep->config->max_parallel)
        park(eps, ep, t);
    else
        admit(eps, t);
}

/* Through the limits of requests and tokens: at once, later, or not at all. */
static void
meet_limits(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    const struct rg_limit_config *limit = &ep->config->limit;
    double now = eps->engine->now;
    double tokens = isinf(limit->tpm) ? 0 : tokens_charged(eps, ep, try->recorded);
    double wait;

    if (limit->reject &&
        (!rg_bucket_has(&ep->requests, now, 1) || !rg_bucket_has(&ep->tokens, now, tokens))) {
        refused(eps, t, &ep->stats.rejected, RG_CALL_RATE_LIMITED, false);
        return;
    }
    try->charged = tokens;
    wait = fmax(rg_bucket_take(&ep->requests, now, 1), rg_bucket_take(&ep->tokens, now, tokens));
    if (wait > 0) {
        try->state = TRY_LIMITED;
        schedule(eps, t, wait, EV_ADMIT);
        return;
    }
    after_limits(eps, t);
}

static void
begin_try(struct rg_endpoints *eps, uint32_t c, bool hedge)
{
    struct call *call = &eps->calls[c];
    struct endpoint *ep = &eps->of[call->model];
    const struct rg_policy *p = eps->policy;
    uint32_t samples = p->samples[call->request.query];
    uint32_t sample = (call->request.sample + call->tries_here) % samples;
    struct rg_found found =
        rg_lookup_call(p->trace, call->request.query, call->model, p->variant, sample);
    const char *what = found.call == RG_NO_CALL ? NULL : lacking(eps, ep, found.call);
    uint32_t t;

    call->tries_here++;
    if (what) {
        call->recorded = found.call;
        end_call(eps, c, RG_CALL_ERROR, what);
        return;
    }
    if (found.call == RG_NO_CALL) { /* a fallback that was never recorded is passed over */
        call->tries_here = UINT32_MAX;
        after_failure(eps, c, RG_CALL_ERROR);
        return;
    }
    call->tries++;
    call->exact += found.exact;
    ep->stats.tries++;
    t = try_new(eps);
    call = &eps->calls[c];
    *(hedge ? &call->hedge : &call->primary) = t;
    eps->tries[t] = (struct try){.call = c,
                                 .model = call->model,
                                 .recorded = found.call,
                                 .replica = NOTHING,
                                 .next = NOTHING,
                                 .from = eps->engine->now,
                                 .ttft = NAN,
                                 .hedge = hedge};
    if (eps->engine->now < ep->cool_until) {
        refused(eps, t, &ep->stats.cooling, RG_CALL_RATE_LIMITED, false);
        return;
    }
    meet_limits(eps, t);
}

void
rg_endpoints_call(struct rg_endpoints *eps, const struct rg_call_request *request)
{
    uint32_t c = call_new(eps);
    double now = eps->engine->now;

    assert(request->model < eps->n);
    eps->calls[c] = (struct call){.request = *request,
                                  .model = request->model,
                                  .recorded = RG_NO_CALL,
                                  .primary = NOTHING,
                                  .hedge = NOTHING,
                                  .begun = now,
                                  .mark = now,
                                  .ttft_s = NAN};
    eps->of[request->model].stats.calls++;
    begin_try(eps, c, false);
}

/* ---- events ---- */

static void
hedge(struct rg_endpoints *eps, uint32_t c)
{
    struct call *call = &eps->calls[c];

    if (call->primary == NOTHING || call->hedge != NOTHING)
        return;
    eps->of[call->model].stats.hedges++;
    begin_try(eps, c, true);
}

static void
station_event(struct rg_endpoints *eps, const struct rg_event *ev)
{
    struct rg_leave left = rg_station_leave(&eps->replicas[ev->owner].station, ev);
    struct try *try = &eps->tries[left.entity];

    try->waited += left.wait;
    if (eps->of[try->model].slowed) /* the slot's time was set when it began */
        try->service = left.sojourn - left.wait;
    served(eps, left.entity);
    rg_endpoint_retire(eps, ev->owner);
}

/* Called by a batch between two steps. */
void
rg_endpoints_report(void *ctx, const struct rg_batch_report *report)
{
    struct rg_endpoints *eps = ctx;
    struct try *try = &eps->tries[report->entity];
    const struct rg_profile *p = eps->of[try->model].config->profile;
    double now = eps->engine->now;

    if (report->first) {
        try->waited += report->waited;
        try->ttft = now + p->a2_ms * 1e-3 - try->from - try->limited - try->waited;
    }
    if (report->last) {
        double rest =
            (p->a1_ms + p->a2_ms * eps->policy->trace->calls.completion_tokens[try->recorded]) *
            1e-3;

        try->served = true;
        try->state = TRY_FINISHING;
        try->service = now + rest - try->from - try->limited - try->waited;
        schedule(eps, report->entity, rest, EV_FINISH);
    }
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
        rg_batch_step(&eps->replicas[ev->owner].batch, ev);
        rg_endpoint_retire(eps, ev->owner);
        return;
    case EV_ADMIT:
        after_limits(eps, ev->entity);
        return;
    case EV_SUBMIT:
        eps->replicas[eps->tries[ev->entity].replica].coming--;
        submit(eps, ev->entity);
        return;
    case EV_FAIL:
        rg_endpoint_injected(eps, ev->entity);
        try_over(eps, ev->entity, eps->of[eps->tries[ev->entity].model].config->failures.status,
                 true);
        return;
    case EV_FINISH:
        served(eps, ev->entity);
        return;
    case EV_TIMEOUT:
        timed_out(eps, ev->entity);
        return;
    case EV_RETRY:
        begin_try(eps, ev->entity, false);
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
    return eps->call_cap * sizeof *eps->calls + eps->try_cap * sizeof *eps->tries;
}
