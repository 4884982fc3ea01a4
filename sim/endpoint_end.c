/* How tries and calls end: their time, their bill, and what comes after. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "replay/chain.h"
#include "replay/lookup.h"
#include "sim/endpoint_private.h"

/* ---- the bill ---- */

/* A price that is not configured is the trace's. */
static double
price(double configured, double recorded)
{
    return isnan(configured) ? recorded : configured;
}

static double
cost_of(const struct rg_endpoints *eps, const struct try *try)
{
    const struct rg_trace *t = eps->policy->trace;
    const struct rg_trace_model *m = &t->models[try->model];
    const struct rg_endpoint_config *c = eps->of[try->model].config;
    uint32_t extra = eps->calls[try->call].request.extra_tokens;
    double prompt = rg_endpoint_prompt(eps, try->recorded);
    double output = t->calls.completion_tokens[try->recorded];

    if (isnan(c->input_usd_per_mtok) && isnan(c->output_usd_per_mtok))
        return rg_chain_cost(t, try->recorded,
                             rg_lookup_added(&eps->policy->lookup, try->recorded) + extra);
    if (prompt < 0 || output < 0)
        return NAN;
    return ((prompt + extra) * price(c->input_usd_per_mtok, m->input_usd_per_mtok) +
            output * price(c->output_usd_per_mtok, m->output_usd_per_mtok)) /
           1e6;
}

/* Tokens of a try. Of one that failed they are often not recorded, and few; an answer's are not
 * known then. */
static double
count(double tokens, bool answered)
{
    return tokens >= 0 ? tokens : answered ? NAN : 0;
}

static void
bill(struct rg_endpoints *eps, const struct try *try)
{
    struct rg_endpoint_stats *stats = &eps->of[try->model].stats;
    double cost, prompt, output;
    bool answered;

    if (!try->served)
        return;
    answered = rg_endpoint_answers(eps->policy->trace->calls.status[try->recorded]);
    cost = cost_of(eps, try);
    prompt = rg_endpoint_prompt(eps, try->recorded);
    output = eps->policy->trace->calls.completion_tokens[try->recorded];
    eps->calls[try->call].cost_usd += cost;
    stats->cost_usd += cost;
    stats->prompt_tokens += count(prompt, answered) + eps->calls[try->call].request.extra_tokens;
    stats->completion_tokens += count(output, answered);
}

/* ---- the end of a call ---- */

void
rg_endpoint_end_call(struct rg_endpoints *eps, uint32_t c, enum rg_call_status status,
                     const char *what)
{
    struct call *call = &eps->calls[c];
    struct rg_call_end end = {.entity = call->request.entity,
                              .tag = call->request.tag,
                              .query = call->request.query,
                              .sample = call->request.sample,
                              .begun_s = call->begun,
                              .model = call->model,
                              .call = call->recorded,
                              .status = status,
                              .missing = what != NULL,
                              .what = what,
                              .tries = call->tries,
                              .counterfactual = call->counterfactual,
                              .exact = call->exact,
                              .cost_usd = call->cost_usd,
                              .ttft_s = call->ttft_s};

    assert(call->primary == NOTHING && call->hedge == NOTHING);
    memcpy(end.parts + RG_PART_QUEUE, call->parts, sizeof call->parts);
    (void)rg_engine_cancel(eps->engine, call->hedge_timer);
    rg_endpoint_call_free(eps, c);
    eps->under_way--;
    eps->ended(eps->ctx, &end);
}

/* Turns to the next fallback. One of which nothing is recorded for the query is passed over. */
static bool
fall_back(const struct rg_endpoints *eps, struct call *call)
{
    const struct rg_endpoint_config *first = eps->of[call->request.model].config;
    const struct rg_policy *p = eps->policy;

    while (call->fallback < first->n_fallback) {
        uint32_t model = first->fallback[call->fallback++];
        struct rg_found found =
            rg_lookup_find(&p->lookup, call->request.query, model, call->request.sample);

        if (found.call == RG_NO_CALL)
            continue;
        call->model = model;
        call->tries_here = 0;
        return true;
    }
    return false;
}

void
rg_endpoint_after_failure(struct rg_endpoints *eps, uint32_t c, enum rg_call_status status)
{
    struct call *call = &eps->calls[c];
    struct endpoint *ep = &eps->of[call->model];

    if (call->primary != NOTHING || call->hedge != NOTHING)
        return; /* the other one may still answer */
    (void)rg_engine_cancel(eps->engine, call->hedge_timer);
    if (call->tries_here < ep->config->retry.attempts && ep->config->retry.on[status]) {
        double delay = rg_endpoint_backoff(ep, call->tries_here);

        ep->stats.retries++;
        rg_engine_add(eps->engine, &(struct rg_event){.time = eps->engine->now + delay,
                                                      .rank = RG_RANK_ARRIVAL,
                                                      .kind = EV_RETRY,
                                                      .entity = c});
        return;
    }
    if (!fall_back(eps, call)) {
        rg_endpoint_end_call(eps, c, status, NULL);
        return;
    }
    ep->stats.fallbacks++;
    rg_endpoint_begin(eps, c, false);
}

/* ---- the end of a try ---- */

/* The call knows no more of the try. */
static void
forget(struct rg_endpoints *eps, uint32_t t)
{
    struct call *call = &eps->calls[eps->tries[t].call];

    *(call->primary == t ? &call->primary : &call->hedge) = NOTHING;
}

/* To admit one can end it at once, and others in turn: they leave the rest to this loop, or the
 * stack would grow with the queue. */
void
rg_endpoint_unpark(struct rg_endpoints *eps, struct endpoint *ep)
{
    if (ep->unparking)
        return;
    ep->unparking = true;
    while (ep->parked_head != NOTHING && ep->active < ep->config->max_parallel) {
        uint32_t place = ep->parked_head;
        uint32_t t;

        ep->parked_head = rg_visits_at(&eps->places, place)->next;
        t = rg_endpoint_unfold(eps, place);
        if (eps->tries[t].state == TRY_DEAD)
            rg_endpoint_try_free(eps, t);
        else
            rg_endpoint_admit(eps, t);
    }
    ep->unparking = false;
}

static void
leave_endpoint(struct rg_endpoints *eps, struct endpoint *ep, struct try *try)
{
    const struct rg_limit_config *limit = &ep->config->limit;

    ep->active--;
    rg_endpoint_uncount_context(eps, try);
    if (try->replica != NOTHING)
        rg_endpoint_retire(eps, try->replica);
    if (limit->refund && try->charged > 0) {
        const struct rg_trace_calls *calls = &eps->policy->trace->calls;
        double used = rg_endpoint_prompt(eps, try->recorded) +
                      eps->calls[try->call].request.extra_tokens +
                      calls->completion_tokens[try->recorded];

        rg_bucket_return(&ep->tokens, eps->engine->now, fmax(0, try->charged - used));
    }
}

/* Write the time of a try into its call's parts. */
static void
settle(struct rg_endpoints *eps, const struct try *try, bool failed)
{
    struct call *call = &eps->calls[try->call];
    double prefill = isnan(try->ttft) ? 0 : fmin(try->ttft, try->service);

    *rg_endpoint_part(call, RG_PART_BACKOFF) += try->from - call->mark;
    *rg_endpoint_part(call, RG_PART_LIMIT) += try->limited;
    *rg_endpoint_part(call, RG_PART_QUEUE) += try->waited;
    call->mark = eps->engine->now;
    if (failed) {
        *rg_endpoint_part(call, RG_PART_FAILED) += try->service;
        return;
    }
    *rg_endpoint_part(call, RG_PART_PREFILL) += prefill;
    *rg_endpoint_part(call, RG_PART_DECODE) += try->service - prefill;
    if (!isnan(try->ttft))
        call->ttft_s = try->from - call->begun + try->limited + try->waited + prefill;
}

static void
tell(const struct rg_endpoints *eps, const struct try *try, enum rg_call_status status,
     bool cancelled)
{
    const struct call *call = &eps->calls[try->call];
    double now = eps->engine->now;
    double begun = fmax(try->from, now - try->service); /* but for rounding the latter */

    if (eps->tried)
        eps->tried(eps->ctx, &(struct rg_try_record){.entity = call->request.entity,
                                                     .model = try->model,
                                                     .replica = try->replica,
                                                     .from = try->from,
                                                     .begun = try->served ? begun : NAN,
                                                     .to = now,
                                                     .status = status,
                                                     .hedge = try->hedge,
                                                     .cancelled = cancelled});
}

/* Take a try back from wherever it is; what it waited for and what it was served is noted in it. */
static void
cut_off(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    double now = eps->engine->now;

    if (try->event != 0)
        rg_engine_withdraw(eps->engine, try->event);
    try->event = 0;
    rg_endpoint_unwind(eps, &eps->of[try->model], t);
    switch (try->state) {
    case TRY_IN:
        rg_endpoint_uncount_context(eps, try);
        try->waited +=
            rg_replica_cancel(&eps->replicas[try->replica], try->place, &try->ticket, &try->served);
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

/* The other try of a hedged call was first. One that was never sent gives back what it took from
 * the limits. */
void
rg_endpoint_cancel(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    struct endpoint *ep = &eps->of[try->model];
    bool parked = try->state == TRY_PARKED;

    cut_off(eps, t);
    bill(eps, try);
    tell(eps, try, RG_CALL_OK, true);
    ep->stats.cancelled++;
    forget(eps, t);
    if (parked || try->state == TRY_LIMITED) {
        rg_bucket_return(&ep->requests, eps->engine->now, 1);
        rg_bucket_return(&ep->tokens, eps->engine->now, try->charged);
    } else {
        leave_endpoint(eps, ep, try);
    }
    if (parked)
        try->state = TRY_DEAD; /* it stands in a list: whoever comes to it frees it */
    else
        rg_endpoint_try_free(eps, t);
}

void
rg_endpoint_try_over(struct rg_endpoints *eps, uint32_t t, enum rg_call_status status,
                     bool in_endpoint)
{
    struct try *try = &eps->tries[t];
    uint32_t c = try->call;
    struct call *call = &eps->calls[c];
    uint32_t other = call->primary == t ? call->hedge : call->primary;
    struct endpoint *ep = &eps->of[try->model];
    bool good = rg_endpoint_answers(status);

    rg_endpoint_unwind(eps, ep, t);
    /* As long as the other one goes on, the call's time goes on with that one. */
    if (good || other == NOTHING)
        settle(eps, try, !good);
    bill(eps, try);
    tell(eps, try, status, false);
    rg_endpoint_note(eps, ep, status, try->waited + try->service);
    if (in_endpoint)
        leave_endpoint(eps, ep, try);
    call->recorded = try->recorded;
    call->model = try->model;
    forget(eps, t);
    rg_endpoint_try_free(eps, t);
    if (good) {
        if (other != NOTHING)
            rg_endpoint_cancel(eps, other);
        ep->stats.answered++;
        rg_endpoint_end_call(eps, c, status, NULL);
    } else {
        rg_endpoint_after_failure(eps, c, status);
    }
    /* Last: who is admitted can end at once, and with it a call. */
    rg_endpoint_unpark(eps, ep);
}

/* ---- ways to end ---- */

void
rg_endpoint_timed_out(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];

    cut_off(eps, t);
    eps->of[try->model].stats.timeouts++;
    rg_endpoint_try_over(eps, t, RG_CALL_TIMEOUT, true);
}

static void
count_failure(struct rg_endpoint_stats *stats, enum rg_call_status status)
{
    stats->errors += status == RG_CALL_ERROR;
    stats->timeouts += status == RG_CALL_TIMEOUT;
    stats->rejected += status == RG_CALL_RATE_LIMITED;
}

void
rg_endpoint_served(struct rg_endpoints *eps, uint32_t t)
{
    struct try *try = &eps->tries[t];
    enum rg_call_status status =
        (enum rg_call_status)eps->policy->trace->calls.status[try->recorded];

    try->served = true;
    count_failure(&eps->of[try->model].stats, status);
    rg_endpoint_try_over(eps, t, status, true);
}

void
rg_endpoint_injected(struct rg_endpoints *eps, uint32_t t)
{
    struct endpoint *ep = &eps->of[eps->tries[t].model];
    enum rg_call_status status = ep->config->failures.status;

    count_failure(&ep->stats, status);
    rg_endpoint_try_over(eps, t, status, true);
}

void
rg_endpoint_refuse(struct rg_endpoints *eps, uint32_t t, uint64_t *count,
                   enum rg_call_status status, bool in_endpoint)
{
    struct try *try = &eps->tries[t];

    ++*count;
    /* What was to be its service is none, but a server may have read it (a0). */
    try->service = fmax(0, eps->engine->now - try->from - try->limited - try->waited);
    rg_endpoint_try_over(eps, t, status, in_endpoint);
}
