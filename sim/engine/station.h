/* A station: servers, places to wait, a rule who is next, and statistics.
 *
 * The caller owns its entities, which are integers to the station; the station keeps what it must
 * know of a visit in a place of its own. It schedules its own events (ends of service, deadlines),
 * all of one kind, which the caller's loop hands back:
 *
 *     case ARRIVE:
 *         rg_station_arrive(&st, &(struct rg_job){.entity = i, .service = s, .patience = INFINITY},
 *                           NULL);
 *         break;
 *     case STATION: // config.kind
 *         leave = rg_station_leave(&st, &ev); // leave.outcome says whether it was served
 *         break;
 *
 * With several stations of one kind, config.owner comes back as ev.owner. An entity may be at
 * several stations, or at one several times.
 *
 * Disciplines: first come first served; priority (low number first, not preemptive); shortest job
 * first (by job.service, not preemptive); processor sharing: all present are served at once, n of
 * them at the rate min(1, servers / n) each. Equals are served in the order of arrival.
 *
 * Finite patience is a deadline for the beginning of the service: who is still waiting then leaves
 * unserved (reneges). Under processor sharing nobody waits for a beginning, so nobody reneges.
 * An arrival that finds neither a server nor a place to wait balks: it was never in.
 *
 * Statistics are right-continuous: a state counts from the instant at which it was entered. The
 * number waiting under processor sharing is what exceeds the servers, and a visit's wait what its
 * sojourn exceeds its service time by. In every moment
 *
 *     carried + arrived = served + balked + reneged + removed + in the system         (asserted)
 *
 * where carried were in the system when the statistics were last reset. Sojourns and waits are
 * counted at departure, also of those that were carried.
 *
 * Memory as in base/mem.h: 32 bytes for each visit, 24 for its event in the engine while it is
 * served, 24 while it waits in another order than FCFS. In the steady state nothing is allocated.
 */
#ifndef RG_SIM_ENGINE_STATION_H
#define RG_SIM_ENGINE_STATION_H

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sum.h"
#include "sim/engine/engine.h"
#include "sim/engine/heap.h"
#include "sim/engine/summary.h"

enum rg_discipline {
    RG_FCFS,
    RG_PRIORITY,
    RG_SJF,
    RG_PS,
};

/* What a station knows of a visit. */
struct rg_visit {
    double arrived; /* s, clock */
    union {
        double service; /* s; waiting, and under RG_PS */
        double wait;    /* s; in service */
    };
    union {
        struct {
            uint32_t next, prev; /* waiting, RG_FCFS; next of a free place: the next free one */
        };
        uint64_t serial; /* in the heap of the other disciplines */
        uint64_t mark;   /* in service, not RG_PS: of the event that ends it */
    };
    uint32_t entity;
    uint8_t state; /* the station's */
    uint8_t flags; /* the owner's of the pool, as is the next */
    uint16_t number;
};

/* Places of visits, each followed by stride - sizeof(struct rg_visit) bytes that are the owner's,
 * who can keep there what it must know of the same thing. A place that is not at a station is all
 * its owner's. Initialise with stride, a multiple of 8, and free_place = RG_VISITS_NONE. */
struct rg_visits {
    char *at;
    size_t stride, n, cap;
    uint64_t serial; /* given last */
    uint32_t free_place;
};

#define RG_VISITS_NONE UINT32_MAX

/* As many servers, or places to wait, as wanted. */
#define RG_STATION_UNLIMITED UINT32_MAX

struct rg_station_config {
    enum rg_discipline discipline;
    uint32_t servers; /* 0: closed until rg_station_set_servers */
    uint32_t queue;   /* places to wait, beside those in service */
    uint32_t kind;    /* of its events, as in struct rg_event */
    uint32_t owner;
    /* If not NULL: called when a service begins, with the visit's place and the number of busy
     * servers including this one; returns the service time, instead of job.service, which then only
     * orders the queue of RG_SJF. Not for RG_PS. It must not call back into the station. */
    double (*begin)(void *ctx, uint32_t place, uint32_t busy);
    void *ctx;
    struct rg_visits *visits; /* NULL: the station has its own; else see rg_station_enter */
};

struct rg_job {
    uint32_t entity;
    int32_t priority; /* RG_PRIORITY: low first */
    double service;   /* s, >= 0 */
    double patience;  /* s, >= 0 or INFINITY */
};

enum rg_admission {
    RG_STARTED, /* in service */
    RG_QUEUED,
    RG_BALKED, /* queue full */
};

enum rg_outcome {
    RG_SERVED,
    RG_RENEGED, /* its patience ended in the queue */
    RG_REMOVED, /* by rg_station_remove */
};

/* A visit that ended now. */
struct rg_leave {
    uint32_t entity;
    uint32_t place;
    enum rg_outcome outcome;
    double arrived; /* s, clock */
    double wait;    /* s; before service, or until it left the queue */
    double sojourn; /* s; in all */
};

struct rg_station_stats {
    double since;     /* s, clock: of the last reset */
    uint64_t carried; /* in the system at since */
    uint64_t arrived; /* since then, as all that follows; those that balked included */
    uint64_t served, balked, reneged, removed;
    struct rg_level waiting;   /* visits in the queue */
    struct rg_level busy;      /* servers at work */
    struct rg_summary wait;    /* of those served, s */
    struct rg_summary sojourn; /* of those served, s */
    struct rg_summary lost;    /* sojourns of those that reneged or were removed, s */
};

/* Read stats, busy and waiting at will; the rest is the station's own. */
struct rg_station {
    struct rg_station_stats stats;
    uint32_t busy;    /* servers at work */
    uint32_t waiting; /* visits in the queue */
    struct rg_engine *engine;
    struct rg_station_config config;
    struct rg_visits *visits, own;
    uint64_t *deadline; /* of the places: number of the event that ends the patience, or 0 */
    size_t deadlines;
    uint32_t head, tail;    /* RG_FCFS: the queue is a list through the places */
    struct rg_heap heap;    /* the other disciplines; may hold items of visits that have left */
    double virtual_time;    /* RG_PS: work done for each of those present, s */
    double shared;          /* RG_PS: up to when, s, clock */
    struct rg_timer finish; /* RG_PS: the next departure */
};

/* The engine is borrowed and must outlive the station; time-weighted statistics begin now. */
void rg_station_init(struct rg_station *s, struct rg_engine *engine,
                     const struct rg_station_config *config);

/* Releases the memory. Events it has scheduled stay in the engine and must not be handed back. */
void rg_station_clear(struct rg_station *s);

/* An arrival. *place (may be NULL) gets where the visit is, for rg_station_remove; it is good until
 * the visit ends. */
static inline enum rg_admission rg_station_arrive(struct rg_station *s, const struct rg_job *job,
                                                  uint32_t *place);

/* The same for stations that share a pool: the caller has taken the place, which must be nowhere
 * else, and it stays the caller's when the visit has ended or balked. */
enum rg_admission rg_station_enter(struct rg_station *s, uint32_t place, const struct rg_job *job);

/* Takes a place of a pool, whose content is undefined but for its state, and gives it back. */
static inline uint32_t rg_visits_take(struct rg_visits *v);
static inline void rg_visits_release(struct rg_visits *v, uint32_t place);

static inline struct rg_visit *
rg_visits_at(const struct rg_visits *v, uint32_t place)
{
    return (struct rg_visit *)(void *)(v->at + place * v->stride);
}

/* Bytes allocated, unused room included. */
static inline size_t
rg_visits_memory(const struct rg_visits *v)
{
    return v->cap * v->stride;
}

/* To be called with each event of the station: who leaves, and how. Others may begin. */
static inline struct rg_leave rg_station_leave(struct rg_station *s, const struct rg_event *ev);

/* Takes a visit out of the queue or out of service, before its time. */
struct rg_leave rg_station_remove(struct rg_station *s, uint32_t place);

/* More servers begin to serve at once; fewer let the services that run come to their end. */
void rg_station_set_servers(struct rg_station *s, uint32_t servers);

/* Forgets what was counted, at the end of a warm-up; the state stays as it is. */
void rg_station_reset_stats(struct rg_station *s);

/* Bytes allocated, unused room included. */
size_t rg_station_memory(const struct rg_station *s);

/* Visits in the system. */
static inline uint64_t
rg_station_count(const struct rg_station *s)
{
    return (uint64_t)s->busy + s->waiting;
}

/* Integrals of the numbers waiting, busy, and in the system from the last reset until now, in
 * seconds; divided by the time since stats.since they are the means. */
double rg_station_waiting_area(const struct rg_station *s);
double rg_station_busy_area(const struct rg_station *s);
double rg_station_area(const struct rg_station *s);

/* --- inline ---------------------------------------------------------------------------------- */

void rg_visits_grow(struct rg_visits *v);

static inline uint32_t
rg_visits_take(struct rg_visits *v)
{
    uint32_t at = v->free_place;

    if (at != RG_VISITS_NONE) {
        v->free_place = rg_visits_at(v, at)->next;
        return at;
    }
    if (v->n == v->cap)
        rg_visits_grow(v);
    rg_visits_at(v, (uint32_t)v->n)->state = 0;
    return (uint32_t)v->n++;
}

static inline void
rg_visits_release(struct rg_visits *v, uint32_t place)
{
    struct rg_visit *p = rg_visits_at(v, place);

    p->state = 0;
    p->next = v->free_place;
    v->free_place = place;
}

/* What most visits of most simulations are: first come first served, without patience, with a
 * service time of their own. Everything else is done out of line, by the first two. */
enum rg_admission rg_station_arrive_any(struct rg_station *s, const struct rg_job *job,
                                        uint32_t *place);
struct rg_leave rg_station_leave_any(struct rg_station *s, const struct rg_event *ev);

enum { RG_VISIT_FREE, RG_VISIT_WAITING, RG_VISIT_IN_SERVICE }; /* of rg_visit.state */

static inline bool
rg_station_is_plain(const struct rg_station *s)
{
    return s->config.discipline == RG_FCFS && !s->config.begin && s->deadlines == 0;
}

static inline void
rg_station_assert_conserved(const struct rg_station *s)
{
    const struct rg_station_stats *t = &s->stats;

    assert(t->carried + t->arrived ==
           t->served + t->balked + t->reneged + t->removed + rg_station_count(s));
}

static inline void
rg_station_begin_plain(struct rg_station *s, uint32_t at, struct rg_visit *p)
{
    double service = p->service; /* its memory is the wait's now */

    p->state = RG_VISIT_IN_SERVICE;
    p->wait = s->engine->now - p->arrived;
    p->mark = rg_engine_add_marked(s->engine, &(struct rg_event){.time = s->engine->now + service,
                                                                 .rank = RG_RANK_DEPARTURE,
                                                                 .kind = s->config.kind,
                                                                 .entity = at,
                                                                 .owner = s->config.owner});
}

static inline enum rg_admission
rg_station_arrive(struct rg_station *s, const struct rg_job *job, uint32_t *place)
{
    bool idle = s->busy < s->config.servers;
    struct rg_visit *p;
    uint32_t at;

    if (!rg_station_is_plain(s) || s->visits != &s->own || job->patience < INFINITY ||
        (!idle && s->waiting >= s->config.queue))
        return rg_station_arrive_any(s, job, place);
    assert(job->service >= 0 && job->patience >= 0);
    s->stats.arrived++;
    at = rg_visits_take(&s->own);
    if (place)
        *place = at;
    p = rg_visits_at(&s->own, at);
    p->arrived = s->engine->now;
    p->service = job->service;
    p->entity = job->entity;
    if (idle) {
        s->busy++;
        rg_station_begin_plain(s, at, p);
        rg_level_set(&s->stats.busy, s->engine->now, s->busy);
    } else {
        p->state = RG_VISIT_WAITING;
        p->next = RG_VISITS_NONE;
        p->prev = s->tail;
        *(s->tail == RG_VISITS_NONE ? &s->head : &rg_visits_at(&s->own, s->tail)->next) = at;
        s->tail = at;
        s->waiting++;
        rg_level_set(&s->stats.waiting, s->engine->now, s->waiting);
    }
    rg_station_assert_conserved(s);
    return idle ? RG_STARTED : RG_QUEUED;
}

/* The head of the queue takes the place that a service has left. */
static inline void
rg_station_succeed_plain(struct rg_station *s)
{
    uint32_t at = s->head;
    struct rg_visit *p = rg_visits_at(s->visits, at);

    s->head = p->next;
    *(s->head == RG_VISITS_NONE ? &s->tail : &rg_visits_at(s->visits, s->head)->prev) =
        RG_VISITS_NONE;
    s->waiting--;
    rg_station_begin_plain(s, at, p);
    rg_level_set(&s->stats.waiting, s->engine->now, s->waiting);
}

static inline struct rg_leave
rg_station_leave(struct rg_station *s, const struct rg_event *ev)
{
    struct rg_visit *p;
    struct rg_leave leave;
    double inverse;

    /* Fewer servers than are busy let one go; a pool's places are given back by their owner. */
    if (!rg_station_is_plain(s) || s->busy > s->config.servers || s->visits != &s->own)
        return rg_station_leave_any(s, ev);
    assert(ev->entity < s->visits->n);
    p = rg_visits_at(s->visits, ev->entity);
    assert(p->state == RG_VISIT_IN_SERVICE);
    leave.entity = p->entity;
    leave.place = ev->entity;
    leave.outcome = RG_SERVED;
    leave.arrived = p->arrived;
    leave.wait = p->wait;
    leave.sojourn = s->engine->now - p->arrived;
    p->serial = 0;
    rg_visits_release(&s->own, ev->entity);
    if (s->waiting > 0) {
        rg_station_succeed_plain(s);
    } else {
        s->busy--;
        rg_level_set(&s->stats.busy, s->engine->now, s->busy);
    }
    inverse = 1 / (double)++s->stats.served;
    rg_summary_add_with(&s->stats.wait, leave.wait, inverse);
    rg_summary_add_with(&s->stats.sojourn, leave.sojourn, inverse);
    rg_station_assert_conserved(s);
    return leave;
}

#endif
