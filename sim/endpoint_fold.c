/* Calls and tries, where they are kept: unfolded while something happens to them, folded while they
 * wait or are served; and their deadlines. */
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "sim/endpoint_private.h"

enum { COMPACT_FROM = 64, MANY_SLOTS = 1000 };

/* Is a service time drawn, so that it has to be kept? */
static bool
draws(const struct rg_endpoint_config *c)
{
    return c->service == RG_SERVICE_PROFILE && c->profile->kind != RG_PROFILE_BATCH;
}

/* Can many tries at stations have come late, by a limit, a cold start, or from the lobby of one
 * with many slots? */
static bool
delays(const struct rg_endpoints *eps, const struct endpoint *ep)
{
    const struct rg_endpoint_config *c = ep->config;
    const struct rg_replica *r = &eps->replicas[ep->replicas[0]];

    return isfinite(c->limit.rpm) || isfinite(c->limit.tpm) || c->cold_start_s > 0 ||
           c->max_parallel != RG_STATION_UNLIMITED ||
           (ep->plain && !r->is_batch && rg_replica_capacity(r) >= MANY_SLOTS &&
            isfinite(rg_replica_capacity(r)));
}

void
rg_endpoint_lay_out(struct rg_endpoints *eps)
{
    size_t size = sizeof(struct folded);
    bool drawn = false;
    bool before = false;

    for (size_t m = 0; m < eps->n; m++) {
        drawn |= draws(&eps->configs->of[m]);
        before |= delays(eps, &eps->of[m]);
    }
    eps->drawn_at = drawn ? size : 0;
    size += drawn ? sizeof(struct drawn) : 0;
    eps->before_at = before ? size : 0;
    size += before ? sizeof(struct before) : 0;
    eps->places.stride = size;
}

static struct before *
before_of(const struct rg_endpoints *eps, struct folded *f)
{
    return (struct before *)(void *)((char *)f + eps->before_at);
}

/* ---- pools ---- */

uint32_t
rg_endpoint_call_new(struct rg_endpoints *eps)
{
    uint32_t c = eps->free_call;

    if (c != NOTHING) {
        eps->free_call = eps->calls[c].primary;
        return c;
    }
    eps->calls = rg_grow_lean(eps->calls, &eps->call_cap, eps->n_calls + 1, sizeof *eps->calls);
    return (uint32_t)eps->n_calls++;
}

void
rg_endpoint_call_free(struct rg_endpoints *eps, uint32_t c)
{
    eps->calls[c].primary = eps->free_call;
    eps->free_call = c;
}

static uint32_t
try_new(struct rg_endpoints *eps)
{
    uint32_t t = eps->free_try;

    if (t != NOTHING) {
        eps->free_try = eps->tries[t].next;
        return t;
    }
    eps->tries = rg_grow_lean(eps->tries, &eps->try_cap, eps->n_tries + 1, sizeof *eps->tries);
    return (uint32_t)eps->n_tries++;
}

static void
try_free(struct rg_endpoints *eps, uint32_t t)
{
    eps->tries[t].state = TRY_FREE;
    eps->tries[t].next = eps->free_try;
    eps->free_try = t;
}

uint32_t
rg_endpoint_try_new(struct rg_endpoints *eps)
{
    uint32_t t = try_new(eps);
    uint32_t place = rg_visits_take(&eps->places);
    struct folded *f = rg_endpoint_place(eps, place);

    f->visit.flags = PLACE_OPEN;
    f->more = t;
    eps->tries[t] = (struct try){.place = place};
    return t;
}

void
rg_endpoint_try_free(struct rg_endpoints *eps, uint32_t t)
{
    uint32_t place = eps->tries[t].place;

    rg_endpoint_place(eps, place)->visit.flags = 0;
    rg_visits_release(&eps->places, place);
    try_free(eps, t);
}

/* ---- folding ---- */

/* What a folded call cannot say, must be what it is at the beginning. */
static bool
is_simple(const struct rg_endpoints *eps, const struct call *call, const struct try *try)
{
    const struct rg_endpoint_config *c = eps->of[try->model].config;

    if (call->request.extra_tokens > 0 || call->tries != 1 || call->tries_here != 1 ||
        call->fallback > 0 || try->hedge || call->hedge != NOTHING || c->hedge.quantile > 0 ||
        call->chosen != NOTHING)
        return false;
    return !try->served && call->model == call->request.model && call->begun == try->from &&
           call->mark == try->from && call->request.sample <= UINT16_MAX;
}

/* False if there is no room for it. */
static bool
keep_before(const struct rg_endpoints *eps, const struct try *try, struct folded *f)
{
    if (eps->before_at == 0)
        return false;
    *before_of(eps, f) = (struct before){try->from, try->limited, try->waited};
    f->visit.flags |= PLACE_BEFORE;
    return true;
}

/* At its replica. What a batch has begun is not folded: there are not many. */
static bool
fold_in(const struct rg_endpoints *eps, const struct try *try, struct folded *f)
{
    bool batch = eps->replicas[try->replica].is_batch;
    bool late = try->waited != 0 || try->limited > 0;

    if (batch) {
        if (try->begun)
            return false;
        f->visit.arrived = try->from;
        f->visit.next = try->ticket.place;
    } else {
        late = late || f->visit.arrived != try->from;
    }
    return !late || keep_before(eps, try, f);
}

/* Writes what the state needs; false if that is not all. */
static bool
fold_state(const struct rg_endpoints *eps, const struct try *try, struct folded *f)
{
    switch (try->state) {
    case TRY_LIMITED:
        f->visit.arrived = try->from;
        f->visit.mark = try->event;
        return !(try->limited > 0);
    case TRY_PARKED:
        f->visit.arrived = try->from; /* the place is in the list already */
        return !(try->limited > 0);
    case TRY_COMING:
        f->visit.arrived = try->from;
        f->visit.wait = try->waited;
        f->visit.mark = try->event;
        return !(try->limited > 0) || keep_before(eps, try, f);
    case TRY_IN:
        return fold_in(eps, try, f);
    default:
        return false;
    }
}

void
rg_endpoint_fold(struct rg_endpoints *eps, uint32_t t)
{
    const struct try *try = &eps->tries[t];
    uint32_t c = try->call;
    const struct call *call = &eps->calls[c];
    struct folded *f = rg_endpoint_place(eps, try->place);
    unsigned flags;

    if (!is_simple(eps, call, try) || !fold_state(eps, try, f))
        return;
    if (draws(eps->of[try->model].config))
        *rg_endpoint_drawn(eps, f) = (struct drawn){try->service, try->ttft};
    flags = f->visit.flags & (PLACE_DEADLINE | PLACE_BEFORE);
    flags |= try->state | (call->exact ? PLACE_EXACT : 0) | (try->counted ? PLACE_COUNTED : 0);
    f->visit.flags = (uint8_t)flags;
    f->visit.entity = call->request.entity;
    f->visit.number = (uint16_t)call->request.sample;
    f->tag = call->request.tag;
    f->recorded = try->recorded;
    f->where = try->replica == NOTHING ? try->model : try->replica;
    f->more = try->deadline;
    rg_endpoint_call_free(eps, c);
    try_free(eps, t);
}

static void
unfold_state(struct rg_endpoints *eps, struct folded *f, struct try *try)
{
    struct endpoint *ep = &eps->of[try->model];

    if (try->replica != NOTHING && draws(ep->config)) {
        try->service = rg_endpoint_drawn(eps, f)->service;
        try->ttft = rg_endpoint_drawn(eps, f)->ttft;
    } else if (try->replica != NOTHING) {
        rg_endpoint_draw_service(eps, ep, try); /* draws nothing */
    }
    if (try->state == TRY_COMING)
        try->waited = f->visit.wait;
    if (try->state == TRY_COMING || try->state == TRY_LIMITED)
        try->event = f->visit.mark;
    if (try->state == TRY_IN && eps->replicas[try->replica].is_batch)
        try->ticket = rg_batch_ticket_of(&eps->replicas[try->replica].batch, f->visit.next);
    if (f->visit.flags & PLACE_BEFORE) {
        const struct before *before = before_of(eps, f);

        try->from = before->from;
        try->limited = before->limited;
        try->waited = before->waited;
    }
}

static void
unfold_call(struct rg_endpoints *eps, uint32_t c, uint32_t t, const struct folded *f)
{
    const struct try *try = &eps->tries[t];

    eps->calls[c] =
        (struct call){.request = {.entity = f->visit.entity,
                                  .tag = f->tag,
                                  .query = eps->policy->trace->calls.query[f->recorded],
                                  .sample = f->visit.number,
                                  .model = try->model},
                      .model = try->model,
                      .recorded = RG_NO_CALL,
                      .primary = t,
                      .hedge = NOTHING,
                      .tries = 1,
                      .tries_here = 1,
                      .exact = (f->visit.flags & PLACE_EXACT) != 0,
                      .counterfactual = rg_lookup_stands_in(&eps->policy->lookup, f->recorded),
                      .begun = try->from,
                      .mark = try->from,
                      .ttft_s = NAN,
                      .chosen = NOTHING};
}

uint32_t
rg_endpoint_unfold(struct rg_endpoints *eps, uint32_t place)
{
    struct folded *f = rg_endpoint_place(eps, place);
    enum try_state state = (enum try_state)(f->visit.flags & PLACE_STATE);
    bool before = state == TRY_LIMITED || state == TRY_PARKED;
    uint32_t c, t;

    if (f->visit.flags & PLACE_OPEN)
        return f->more;
    c = rg_endpoint_call_new(eps);
    t = try_new(eps);
    eps->tries[t] = (struct try){.call = c,
                                 .model = before ? f->where : eps->replica_model[f->where],
                                 .recorded = f->recorded,
                                 .replica = before ? NOTHING : f->where,
                                 .place = place,
                                 .next = NOTHING,
                                 .state = state,
                                 .counted = (f->visit.flags & PLACE_COUNTED) != 0,
                                 .from = f->visit.arrived,
                                 .ttft = NAN,
                                 .deadline = f->more};
    eps->tries[t].charged =
        rg_endpoint_tokens_charged(eps, &eps->of[eps->tries[t].model], f->recorded, 0);
    eps->calls[c].request.extra_tokens = 0; /* such a call is not folded */
    unfold_state(eps, f, &eps->tries[t]);
    unfold_call(eps, c, t, f);
    f->visit.flags = (uint8_t)((f->visit.flags & PLACE_DEADLINE) | PLACE_OPEN);
    f->more = t;
    return t;
}

uint64_t
rg_endpoint_tries_under_way(const struct rg_endpoints *eps, uint32_t model)
{
    uint64_t n = 0;

    for (uint32_t i = 0; eps->under_way > 0 && i < eps->places.n; i++) {
        const struct folded *f = rg_endpoint_place(eps, i);
        enum try_state state = (enum try_state)(f->visit.flags & PLACE_STATE);
        bool before = state == TRY_LIMITED || state == TRY_PARKED;

        if (f->visit.flags & PLACE_OPEN) {
            const struct try *try = &eps->tries[f->more];

            n += try->model == model && try->state != TRY_FREE && try->state != TRY_DEAD;
        } else if (state != TRY_FREE) {
            n += (before ? f->where : eps->replica_model[f->where]) == model;
        }
    }
    return n;
}

/* ---- deadlines ---- */

static bool
is_due(const struct rg_endpoints *eps, const struct deadline *d)
{
    const struct folded *f = rg_endpoint_place(eps, d->place);

    if (!(f->visit.flags & PLACE_DEADLINE))
        return false;
    return (f->visit.flags & PLACE_OPEN ? eps->tries[f->more].deadline : f->more) == d->number;
}

/* Gives the engine the first one that is due, if there is one. */
static void
arm(struct rg_endpoints *eps, struct endpoint *ep)
{
    struct rg_queue *q = &ep->deadlines.queue;
    const struct deadline *d;

    while (q->n > 0 && !is_due(eps, rg_queue_first(q))) {
        rg_queue_drop(q);
        ep->deadlines.dead--;
    }
    if (q->n == 0)
        return;
    d = rg_queue_first(q);
    rg_engine_add_reserved(
        eps->engine,
        &(struct rg_event){.time = d->time, .kind = EV_TIMEOUT, .owner = (uint32_t)(ep - eps->of)},
        d->order);
}

void
rg_endpoint_wind_up(struct rg_endpoints *eps, struct endpoint *ep, uint32_t t)
{
    struct rg_queue *q = &ep->deadlines.queue;
    struct try *try = &eps->tries[t];
    double time = eps->engine->now + ep->config->timeout_s;
    uint64_t order = rg_engine_reserve(
        eps->engine, &(struct rg_event){.time = time, .rank = RG_RANK_TIMER, .kind = EV_TIMEOUT});

    try->deadline = (uint32_t)(order >> RG_ENGINE_SERIAL_SHIFT);
    rg_endpoint_place(eps, try->place)->visit.flags |= PLACE_DEADLINE;
    *(struct deadline *)rg_queue_push(q) = (struct deadline){
        .time = time, .order = order, .place = try->place, .number = try->deadline};
    if (q->n == 1)
        arm(eps, ep);
}

/* Those who are still due stay in their order: once round. The first one is in the engine, which
 * will find out. */
static void
compact(struct rg_endpoints *eps, struct endpoint *ep)
{
    struct rg_queue *q = &ep->deadlines.queue;
    struct rg_queue kept = {.size = q->size};
    size_t dead = 0;

    if (ep->deadlines.dead < COMPACT_FROM || ep->deadlines.dead < q->n / 2)
        return;
    for (bool first = true; q->n > 0; first = false) {
        struct deadline d = *(const struct deadline *)rg_queue_first(q);
        bool due = is_due(eps, &d);

        rg_queue_drop(q);
        if (due || first)
            *(struct deadline *)rg_queue_push(&kept) = d;
        dead += first && !due;
    }
    rg_queue_clear(q);
    *q = kept;
    ep->deadlines.dead = dead;
}

void
rg_endpoint_unwind(struct rg_endpoints *eps, struct endpoint *ep, uint32_t t)
{
    struct folded *f = rg_endpoint_place(eps, eps->tries[t].place);

    if (!(f->visit.flags & PLACE_DEADLINE))
        return;
    f->visit.flags &= (uint8_t)~PLACE_DEADLINE;
    ep->deadlines.dead++;
    compact(eps, ep);
}

uint32_t
rg_endpoint_first_deadline(struct rg_endpoints *eps, struct endpoint *ep)
{
    struct rg_queue *q = &ep->deadlines.queue;
    const struct deadline *first = rg_queue_first(q);
    uint32_t place = first->place;
    uint32_t t = NOTHING;

    if (is_due(eps, first)) {
        t = rg_endpoint_unfold(eps, place);
        rg_endpoint_place(eps, place)->visit.flags &= (uint8_t)~PLACE_DEADLINE;
        ep->deadlines.dead++;
    }
    arm(eps, ep);
    return t;
}
