/* What an endpoint decides by itself: delays, injected failures, service times, balancing,
 * cooldown, when to hedge. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sim/endpoint_private.h"
#include "sim/service/tokens.h"

double
rg_endpoint_backoff(struct endpoint *ep, uint32_t tries)
{
    const struct rg_retry_config *r = &ep->config->retry;
    double factor = fmin(DBL_MAX, pow(r->multiplier, tries - 1.0));
    double delay = fmin(r->cap_s, r->base_s * factor);

    return r->jitter > 0 ? delay * (1 + r->jitter * rg_rng_unit(ep->jitter_rng)) : delay;
}

/* ---- injected failures ---- */

bool
rg_endpoint_injects(struct rg_endpoints *eps, struct endpoint *ep)
{
    const struct rg_failure_config *f = &ep->config->failures;
    double now = eps->engine->now;
    bool random = f->rate > 0 && rg_rng_unit(ep->failure_rng) < f->rate;

    while (ep->outage < f->n_outages && f->outages[ep->outage].to_s <= now)
        ep->outage++;
    return ep->admitted++ < f->first || random ||
           (ep->outage < f->n_outages && f->outages[ep->outage].from_s <= now);
}

/* ---- service ---- */

/* A recorded failure takes the time it took, whatever the model of service. */
static bool
takes_recorded_time(const struct endpoint *ep, const struct rg_trace_calls *calls, uint32_t call)
{
    return ep->config->service == RG_SERVICE_RECORDED ||
           (ep->config->service == RG_SERVICE_PROFILE && !rg_endpoint_answers(calls->status[call]));
}

void
rg_endpoint_count_context(struct rg_endpoints *eps, struct try *try)
{
    eps->replicas[try->replica].context += rg_endpoint_context(eps, try->recorded);
    try->counted = true;
}

void
rg_endpoint_uncount_context(struct rg_endpoints *eps, struct try *try)
{
    if (try->counted)
        eps->replicas[try->replica].context -= rg_endpoint_context(eps, try->recorded);
    try->counted = false;
}

/* Service S = (base + d output others) F was drawn without the others: base F. */
static double
with_others(const struct rg_endpoints *eps, const struct rg_profile *p, uint32_t recorded,
            double others)
{
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    double prompt = rg_endpoint_prompt(eps, recorded);
    double output = calls->completion_tokens[recorded];
    double per_token = p->d_ms_per_token_context * output;
    double base = p->a_ms + p->b_ms_per_token * prompt + p->c_ms_per_token * output +
                  per_token * rg_endpoint_context(eps, recorded);

    return base > 0 && output >= 0 ? (base + per_token * others) / base : 1;
}

/* A try begins, folded or not, whose times are *service and *ttft. */
static void
begin_service(struct rg_endpoints *eps, uint32_t replica, uint32_t recorded, uint32_t busy,
              double *service, double *ttft)
{
    const struct rg_profile *p = eps->of[eps->replica_model[replica]].config->profile;
    double phi = p->kind == RG_PROFILE_SLOTS ? rg_tokens_slowdown(busy, p->slowdown, p->slots) : 1;
    double *context = &eps->replicas[replica].context;

    *service *= with_others(eps, p, recorded, *context) * phi;
    *ttft *= phi;
    *context += rg_endpoint_context(eps, recorded);
}

double
rg_endpoint_begin_service(void *ctx, uint32_t place, uint32_t busy)
{
    struct rg_endpoints *eps = ctx;
    struct folded *f = rg_endpoint_place(eps, place);
    struct try *try;

    if (!(f->visit.flags & PLACE_OPEN)) {
        struct drawn *drawn = rg_endpoint_drawn(eps, f);

        begin_service(eps, f->where, f->recorded, busy, &drawn->service, &drawn->ttft);
        f->visit.flags |= PLACE_COUNTED;
        return drawn->service;
    }
    try = &eps->tries[f->more];
    begin_service(eps, try->replica, try->recorded, busy, &try->service, &try->ttft);
    try->counted = true;
    return try->service;
}

double
rg_endpoint_context(const struct rg_endpoints *eps, uint32_t recorded)
{
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;

    if (calls->prompt_tokens[recorded] < 0 || calls->completion_tokens[recorded] < 0)
        return 0;
    return rg_endpoint_prompt(eps, recorded) + calls->completion_tokens[recorded] / 2.0;
}

void
rg_endpoint_draw_service(struct rg_endpoints *eps, struct endpoint *ep, struct try *try)
{
    const struct rg_trace_calls *calls = &eps->policy->trace->calls;
    uint32_t i = try->recorded;
    uint32_t extra = eps->calls[try->call].request.extra_tokens;

    if (takes_recorded_time(ep, calls, i)) {
        double scale = ep->config->scale * 1e-3;
        double added = (rg_lookup_added(&eps->policy->lookup, i) + extra) *
                       eps->policy->prefill_s_per_token * ep->config->scale;

        try->service = isnan(calls->latency_ms[i]) ? 0 : calls->latency_ms[i] * scale + added;
        try->ttft = calls->ttft_ms[i] * scale + added;
    } else if (ep->config->service == RG_SERVICE_PROFILE &&
               ep->config->profile->kind != RG_PROFILE_BATCH) {
        /* Where the service begins later, the others are added then (rg_endpoint_begin_service). */
        bool at_once = ep->config->discipline == RG_PS;
        double context = rg_endpoint_context(eps, try->recorded) +
                         (at_once ? eps->replicas[try->replica].context : 0);
        struct rg_tokens_time time = rg_tokens_draw(
            ep->config->profile,
            &(struct rg_tokens_call){.prompt = (uint32_t)rg_endpoint_prompt(eps, i) + extra,
                                     .output = (uint32_t)calls->completion_tokens[i],
                                     .context = context,
                                     .busy = 1},
            ep->service_rng);

        try->service = time.service;
        try->ttft = time.ttft;
    }
}

/* ---- balancing ---- */

static uint64_t
load_of(const struct rg_endpoints *eps, uint32_t replica)
{
    return rg_replica_load(&eps->replicas[replica]);
}

static uint32_t
least_loaded(const struct rg_endpoints *eps, const struct endpoint *ep, uint32_t not )
{
    uint32_t best = NOTHING;

    for (size_t i = 0; i < ep->n_replicas; i++) {
        uint32_t r = ep->replicas[i];

        if (r != not &&(best == NOTHING || load_of(eps, r) < load_of(eps, best)))
            best = r;
    }
    return best;
}

uint32_t
rg_endpoint_balance(struct rg_endpoints *eps, struct endpoint *ep, uint32_t hedged)
{
    size_t n = ep->n_replicas;
    uint32_t a;
    uint32_t b;

    assert(n > 0);
    if (n == 1)
        return ep->replicas[0];
    /* A hedge goes to another replica than the try that it hedges. */
    if (hedged != NOTHING)
        return least_loaded(eps, ep, hedged);
    switch (ep->config->balancing) {
    case RG_BALANCE_ROUND_ROBIN:
        return ep->replicas[ep->turn++ % n];
    case RG_BALANCE_RANDOM:
        return ep->replicas[rg_rng_below(ep->balance_rng, n)];
    case RG_BALANCE_LEAST_LOADED:
        return least_loaded(eps, ep, NOTHING);
    case RG_BALANCE_POWER_OF_TWO:
        break;
    }
    a = (uint32_t)rg_rng_below(ep->balance_rng, n);
    b = (uint32_t)rg_rng_below(ep->balance_rng, n - 1);
    b += b >= a;
    return load_of(eps, ep->replicas[b]) < load_of(eps, ep->replicas[a]) ? ep->replicas[b]
                                                                         : ep->replicas[a];
}

/* ---- what is learnt ---- */

static size_t
place_in(const struct history *h, double x)
{
    size_t lo = 0;
    size_t hi = h->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (h->sorted[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void
remember(struct history *h, uint32_t most, double x)
{
    size_t i;

    if (!h->ring) {
        h->ring = rg_alloc(most, sizeof *h->ring);
        h->sorted = rg_alloc(most, sizeof *h->sorted);
    }
    if (h->n == most) {
        i = place_in(h, h->ring[h->at]);
        memmove(h->sorted + i, h->sorted + i + 1, (h->n - i - 1) * sizeof *h->sorted);
        h->n--;
    }
    i = place_in(h, x);
    memmove(h->sorted + i + 1, h->sorted + i, (h->n - i) * sizeof *h->sorted);
    h->sorted[i] = x;
    h->n++;
    h->ring[h->at] = x;
    h->at = (h->at + 1) % most;
}

static void
watch_failures(struct rg_endpoints *eps, struct endpoint *ep, enum rg_call_status status,
               bool failed)
{
    const struct rg_cooldown_config *c = &ep->config->cooldown;
    double now = eps->engine->now;
    double window = floor(now / c->window_s);
    bool cool = c->after_rate_limit && status == RG_CALL_RATE_LIMITED;

    if (window > ep->window) {
        ep->window = window;
        ep->window_calls = ep->window_failures = 0;
    }
    ep->window_calls++;
    ep->window_failures += failed;
    /* A success begins none, even among many failures: they have had theirs. */
    cool = cool || (failed && ep->window_calls >= c->min_calls &&
                    (double)ep->window_failures > c->failure_share * (double)ep->window_calls);
    if (cool)
        ep->cool_until = now + c->seconds;
}

void
rg_endpoint_note(struct rg_endpoints *eps, struct endpoint *ep, enum rg_call_status status,
                 double latency_s)
{
    bool answered = rg_endpoint_answers(status);

    if (answered && ep->config->hedge.quantile > 0)
        remember(&ep->history, ep->config->hedge.history, latency_s);
    /* What a cooldown itself refuses says nothing new about the endpoint. */
    if (ep->config->cooldown.seconds > 0 && eps->engine->now >= ep->cool_until)
        watch_failures(eps, ep, status, !answered);
}

double
rg_endpoint_hedge_delay(const struct endpoint *ep)
{
    const struct rg_hedge_config *h = &ep->config->hedge;
    double delay = h->min_s;

    if (ep->history.n > 0) {
        size_t i = (size_t)(h->quantile * (ep->history.n - 1));

        delay = ep->history.sorted[i];
    }
    return fmin(h->max_s, fmax(h->min_s, delay));
}
