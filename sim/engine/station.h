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
 * Memory as in base/mem.h; in the steady state nothing is allocated. */
#ifndef RG_SIM_ENGINE_STATION_H
#define RG_SIM_ENGINE_STATION_H

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

/* As many servers, or places to wait, as wanted. */
#define RG_STATION_UNLIMITED UINT32_MAX

struct rg_station_config {
    enum rg_discipline discipline;
    uint32_t servers; /* 0: closed until rg_station_set_servers */
    uint32_t queue;   /* places to wait, beside those in service */
    uint32_t kind;    /* of its events, as in struct rg_event */
    uint32_t owner;
    /* If not NULL: called when a service begins, with the number of busy servers including this
     * one; returns the service time, instead of job.service, which then only orders the queue of
     * RG_SJF. Not for RG_PS. It must not call back into the station. */
    double (*begin)(void *ctx, uint32_t entity, uint32_t busy);
    void *ctx;
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

struct rg_station_place; /* station.c: what is known of a visit */

/* Read stats, busy and waiting at will; the rest is the station's own. */
struct rg_station {
    struct rg_station_stats stats;
    uint32_t busy;    /* servers at work */
    uint32_t waiting; /* visits in the queue */
    struct rg_engine *engine;
    struct rg_station_config config;
    struct rg_station_place *place;
    size_t places, place_cap;
    uint32_t free_place;    /* head of the list of free places */
    uint32_t head, tail;    /* RG_FCFS: the queue is a list through the places */
    uint64_t serial;        /* of the visit that entered last */
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
enum rg_admission rg_station_arrive(struct rg_station *s, const struct rg_job *job,
                                    uint32_t *place);

/* Whose visit an event of the station will end; not for RG_PS, where that is decided then. */
uint32_t rg_station_entity(const struct rg_station *s, const struct rg_event *ev);

/* To be called with each event of the station: who leaves, and how. Others may begin. */
struct rg_leave rg_station_leave(struct rg_station *s, const struct rg_event *ev);

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

#endif
