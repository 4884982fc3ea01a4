#include "sim/engine/station.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FREE = RG_VISIT_FREE, WAITING = RG_VISIT_WAITING, IN_SERVICE = RG_VISIT_IN_SERVICE };

enum { COMPACT_FROM = 64 };

static const uint32_t NOWHERE = UINT32_MAX;

/* A place that was left may be another station's, with links or the number of an event where the
 * serial stood: with this bit no serial looks like one of them. */
static const uint64_t SERIAL_BIT = (uint64_t)1 << 63;

void
rg_station_init(struct rg_station *s, struct rg_engine *engine,
                const struct rg_station_config *config)
{
    assert(config->kind < RG_ENGINE_KINDS);
    assert(!(config->begin && config->discipline == RG_PS));
    *s = (struct rg_station){
        .engine = engine,
        .config = *config,
        .stats.since = engine->now,
        .stats.waiting.changed = engine->now,
        .stats.busy.changed = engine->now,
        .shared = engine->now,
        .visits = config->visits ? config->visits : &s->own,
        .own = {.stride = sizeof(struct rg_visit), .free_place = RG_VISITS_NONE},
        .head = NOWHERE,
        .tail = NOWHERE,
    };
}

void
rg_station_clear(struct rg_station *s)
{
    rg_heap_clear(&s->heap);
    free(s->own.at);
    free(s->deadline);
    *s = (struct rg_station){0};
}

/* --- statistics ------------------------------------------------------------------------------ */

/* Takes the state after a change into the statistics. */
static void
record(struct rg_station *s)
{
    rg_level_set(&s->stats.waiting, s->engine->now, s->waiting);
    rg_level_set(&s->stats.busy, s->engine->now, s->busy);
    rg_station_assert_conserved(s);
}

void
rg_station_reset_stats(struct rg_station *s)
{
    struct rg_station_stats old = s->stats;

    s->stats = (struct rg_station_stats){
        .since = s->engine->now,
        .carried = rg_station_count(s),
        .waiting = old.waiting,
        .busy = old.busy,
    };
    rg_level_reset(&s->stats.waiting, s->engine->now);
    rg_level_reset(&s->stats.busy, s->engine->now);
}

double
rg_station_waiting_area(const struct rg_station *s)
{
    return rg_level_area(&s->stats.waiting, s->engine->now);
}

double
rg_station_busy_area(const struct rg_station *s)
{
    return rg_level_area(&s->stats.busy, s->engine->now);
}

double
rg_station_area(const struct rg_station *s)
{
    return rg_station_waiting_area(s) + rg_station_busy_area(s);
}

/* --- places ---------------------------------------------------------------------------------- */

void
rg_visits_grow(struct rg_visits *v)
{
    assert(v->n < RG_VISITS_NONE && v->stride % 8 == 0);
    v->at = rg_grow_lean(v->at, &v->cap, v->n + 1, v->stride);
}

static inline struct rg_visit *
visit_at(const struct rg_station *s, uint32_t at)
{
    return rg_visits_at(s->visits, at);
}

/* The visit has ended; its place is its owner's. */
static void
leave_place(struct rg_station *s, uint32_t at)
{
    visit_at(s, at)->state = FREE;
    visit_at(s, at)->serial = 0;
    if (s->visits == &s->own)
        rg_visits_release(s->visits, at);
}

static uint64_t
schedule(struct rg_station *s, uint32_t at, double delay, enum rg_rank rank)
{
    return rg_engine_add_marked(s->engine, &(struct rg_event){.time = s->engine->now + delay,
                                                              .rank = rank,
                                                              .kind = s->config.kind,
                                                              .entity = at,
                                                              .owner = s->config.owner});
}

/* Deadlines are kept apart, as long as there are any: few know patience. */
static void
set_deadline(struct rg_station *s, uint32_t at, double patience)
{
    if (patience < INFINITY && at >= s->deadlines) {
        size_t had = s->deadlines;

        s->deadline = rg_realloc(s->deadline, s->visits->cap, sizeof *s->deadline);
        s->deadlines = s->visits->cap;
        memset(s->deadline + had, 0, (s->deadlines - had) * sizeof *s->deadline);
    }
    if (at < s->deadlines)
        s->deadline[at] = patience < INFINITY ? schedule(s, at, patience, RG_RANK_TIMER) : 0;
}

/* --- the heap of RG_PRIORITY, RG_SJF and RG_PS ----------------------------------------------- */

static bool
is_here(const void *ctx, const struct rg_heap_item *item)
{
    const struct rg_station *s = ctx;

    const struct rg_visit *p = visit_at(s, (uint32_t)item->what);

    /* The serial of one that is served is covered by another number. */
    return (p->state == WAITING || s->config.discipline == RG_PS) && p->serial == item->order;
}

static void
heap_put(struct rg_station *s, uint32_t at, uint64_t key)
{
    /* At most count of the items are alive. */
    if (s->heap.n > COMPACT_FROM && s->heap.n / 2 > rg_station_count(s))
        rg_heap_keep(&s->heap, is_here, s);
    rg_heap_push(&s->heap, key, visit_at(s, at)->serial, at);
}

/* The first one that has not left; there must be one. */
static const struct rg_heap_item *
heap_first(struct rg_station *s)
{
    while (!is_here(s, &s->heap.item[0]))
        rg_heap_drop(&s->heap);
    return &s->heap.item[0];
}

/* --- the queue ------------------------------------------------------------------------------- */

static void
list_append(struct rg_station *s, uint32_t at)
{
    visit_at(s, at)->next = NOWHERE;
    visit_at(s, at)->prev = s->tail;
    if (s->tail == NOWHERE)
        s->head = at;
    else
        visit_at(s, s->tail)->next = at;
    s->tail = at;
}

static void
list_remove(struct rg_station *s, uint32_t at)
{
    const struct rg_visit *p = visit_at(s, at);

    if (p->prev == NOWHERE)
        s->head = p->next;
    else
        visit_at(s, p->prev)->next = p->next;
    if (p->next == NOWHERE)
        s->tail = p->prev;
    else
        visit_at(s, p->next)->prev = p->prev;
}

static void
enqueue(struct rg_station *s, uint32_t at, const struct rg_job *job)
{
    visit_at(s, at)->state = WAITING;
    s->waiting++;
    if (s->config.discipline == RG_FCFS)
        list_append(s, at);
    else if (s->config.discipline == RG_SJF)
        heap_put(s, at, rg_heap_key(job->service));
    else
        heap_put(s, at, (uint64_t)((int64_t)job->priority - INT32_MIN));
    set_deadline(s, at, job->patience);
}

/* Who is next; it stays in the queue. */
static uint32_t
queue_first(struct rg_station *s)
{
    return s->config.discipline == RG_FCFS ? s->head : (uint32_t)heap_first(s)->what;
}

/* An item in the heap stays there: the change of the state or the serial tells that it is dead. */
static void
unqueue(struct rg_station *s, uint32_t at)
{
    s->waiting--;
    if (s->config.discipline == RG_FCFS)
        list_remove(s, at);
    else
        visit_at(s, at)->serial = 0;
    if (at < s->deadlines && s->deadline[at] != 0) {
        rg_engine_withdraw(s->engine, s->deadline[at]);
        s->deadline[at] = 0;
    }
}

/* --- service --------------------------------------------------------------------------------- */

static void
begin(struct rg_station *s, uint32_t at)
{
    struct rg_visit *p = visit_at(s, at);
    double service = p->service;

    s->busy++;
    p->state = IN_SERVICE;
    if (s->config.begin) {
        service = s->config.begin(s->config.ctx, at, s->busy);
        assert(service >= 0);
    }
    p->wait = s->engine->now - p->arrived;
    p->mark = schedule(s, at, service, RG_RANK_DEPARTURE);
}

static void
begin_all(struct rg_station *s)
{
    while (s->busy < s->config.servers && s->waiting > 0) {
        uint32_t at = queue_first(s);

        unqueue(s, at);
        begin(s, at);
    }
}

/* Processor sharing: those present finish in the order of (virtual time at arrival + service),
 * where virtual time runs at the rate at which each of them is served: A. K. Parekh, R. G.
 * Gallager, IEEE/ACM Transactions on Networking 1 (1993) 344-357. To be called before
 * any change. */
static void
share_until_now(struct rg_station *s)
{
    double dt = s->engine->now - s->shared;

    if (s->busy > 0)
        s->virtual_time += dt * s->busy / (double)rg_station_count(s);
    s->shared = s->engine->now;
}

/* Recounts who is served and sets the time of the next departure. */
static void
share_among(struct rg_station *s, uint64_t present)
{
    double work;

    s->busy = present < s->config.servers ? (uint32_t)present : s->config.servers;
    s->waiting = (uint32_t)(present - s->busy);
    rg_engine_cancel(s->engine, s->finish);
    if (present == 0) {
        /* A fresh start keeps the virtual time small, and with it its rounding. */
        s->virtual_time = 0;
        s->heap.n = 0;
    }
    if (s->busy == 0)
        return;
    work = fmax(rg_heap_double(heap_first(s)->key) - s->virtual_time, 0);
    s->finish = rg_engine_add_timer(
        s->engine, &(struct rg_event){.time = s->engine->now + work * (double)present / s->busy,
                                      .rank = RG_RANK_DEPARTURE,
                                      .kind = s->config.kind,
                                      .owner = s->config.owner});
}

/* Who leaves by the event of processor sharing. */
static uint32_t
share_first(struct rg_station *s)
{
    const struct rg_heap_item *first = heap_first(s);

    /* Exactly, so that those who finish together leave at one instant. */
    s->virtual_time = rg_heap_double(first->key);
    return (uint32_t)first->what;
}

static void
count(struct rg_station_stats *stats, const struct rg_leave *leave)
{
    if (leave->outcome == RG_SERVED) {
        double inverse = 1 / (double)++stats->served;

        rg_summary_add_with(&stats->wait, leave->wait, inverse);
        rg_summary_add_with(&stats->sojourn, leave->sojourn, inverse);
        return;
    }
    rg_summary_add(&stats->lost, leave->sojourn);
    if (leave->outcome == RG_RENEGED)
        stats->reneged++;
    else
        stats->removed++;
}

/* Ends the visit and lets others begin. */
static void
end_visit(struct rg_station *s, uint32_t at, struct rg_leave *leave)
{
    const struct rg_visit *p = visit_at(s, at);

    leave->entity = p->entity;
    leave->place = at;
    leave->arrived = p->arrived;
    leave->sojourn = s->engine->now - p->arrived;
    if (s->config.discipline == RG_PS) {
        leave->wait = fmax(leave->sojourn - p->service, 0);
        leave_place(s, at);
        share_among(s, rg_station_count(s) - 1);
    } else if (p->state == WAITING) {
        leave->wait = leave->sojourn;
        unqueue(s, at);
        leave_place(s, at);
    } else {
        leave->wait = p->wait;
        leave_place(s, at);
        s->busy--;
        begin_all(s);
    }
    count(&s->stats, leave);
    record(s);
}

/* --- what the caller sees -------------------------------------------------------------------- */

/* Arriving and leaving consist of many small parts; joined into one function each, they take a
 * tenth off the time of a whole simulation of M/M/1 (tests/bench/mm1.c). */
#define HOT __attribute__((flatten))

static bool
is_full(const struct rg_station *s)
{
    return s->busy >= s->config.servers && s->waiting >= s->config.queue &&
           s->config.queue != RG_STATION_UNLIMITED;
}

static inline enum rg_admission
enter(struct rg_station *s, uint32_t at, const struct rg_job *job)
{
    struct rg_visit *p = visit_at(s, at);

    p->arrived = s->engine->now;
    p->service = job->service;
    p->entity = job->entity;
    p->state = IN_SERVICE;
    if (s->config.discipline != RG_FCFS)
        p->serial = SERIAL_BIT | ++s->visits->serial;
    if (s->config.discipline == RG_PS) {
        share_until_now(s);
        heap_put(s, at, rg_heap_key(s->virtual_time + job->service));
        share_among(s, rg_station_count(s) + 1);
    } else if (s->busy < s->config.servers) {
        begin(s, at);
    } else {
        enqueue(s, at, job);
    }
    record(s);
    return p->state == WAITING ? RG_QUEUED : RG_STARTED;
}

/* Counts an arrival; is there no place for it? */
static inline bool
balks(struct rg_station *s, const struct rg_job *job)
{
    bool full = is_full(s);

    assert(job->service >= 0 && job->patience >= 0);
    s->stats.arrived++;
    s->stats.balked += full;
    return full;
}

HOT enum rg_admission
rg_station_arrive_any(struct rg_station *s, const struct rg_job *job, uint32_t *place)
{
    uint32_t at;

    assert(s->visits == &s->own);
    if (balks(s, job))
        return RG_BALKED;
    at = rg_visits_take(&s->own);
    if (place)
        *place = at;
    return enter(s, at, job);
}

HOT enum rg_admission
rg_station_enter(struct rg_station *s, uint32_t place, const struct rg_job *job)
{
    assert(place < s->visits->n && visit_at(s, place)->state == FREE);
    return balks(s, job) ? RG_BALKED : enter(s, place, job);
}

HOT struct rg_leave
rg_station_leave_any(struct rg_station *s, const struct rg_event *ev)
{
    uint32_t at = ev->entity;
    struct rg_leave leave = {.outcome = RG_SERVED};

    if (s->config.discipline == RG_PS) {
        share_until_now(s);
        at = share_first(s);
    }
    assert(at < s->visits->n && visit_at(s, at)->state != FREE);
    if (visit_at(s, at)->state == WAITING) {
        leave.outcome = RG_RENEGED;
        s->deadline[at] = 0; /* this is it */
    }
    end_visit(s, at, &leave);
    return leave;
}

struct rg_leave
rg_station_remove(struct rg_station *s, uint32_t place)
{
    struct rg_leave leave = {.outcome = RG_REMOVED};

    assert(place < s->visits->n && visit_at(s, place)->state != FREE);
    if (s->config.discipline == RG_PS)
        share_until_now(s);
    else if (visit_at(s, place)->state == IN_SERVICE)
        rg_engine_withdraw(s->engine, visit_at(s, place)->mark);
    end_visit(s, place, &leave);
    return leave;
}

void
rg_station_set_servers(struct rg_station *s, uint32_t servers)
{
    if (s->config.discipline == RG_PS) {
        share_until_now(s);
        s->config.servers = servers;
        share_among(s, rg_station_count(s));
    } else {
        s->config.servers = servers;
        begin_all(s);
    }
    record(s);
}

size_t
rg_station_memory(const struct rg_station *s)
{
    return rg_visits_memory(&s->own) + s->deadlines * sizeof *s->deadline +
           s->heap.cap * sizeof s->heap.item[0];
}
