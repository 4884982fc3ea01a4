/* A discrete-event engine: a clock and the events to come.
 *
 * The engine knows nothing of what it simulates. An event is a time and a few integers, and the
 * caller drives the loop:
 *
 *     struct rg_engine e;
 *     struct rg_event ev;
 *
 *     rg_engine_init(&e);
 *     rg_engine_add(&e, &(struct rg_event){.time = 1.5, .rank = RG_RANK_ARRIVAL, .kind = ARRIVE});
 *     while (rg_engine_next(&e, &ev))
 *         switch (ev.kind) {
 *         case ARRIVE: ...
 *         }
 *     rg_engine_clear(&e);
 *
 * Order: events are executed by time, at equal times by rank (low first), at equal ranks in the
 * order in which they were scheduled. The order is total and depends on nothing else. With the
 * ranks below, an arrival finds the server that is freed at the same instant, and a deadline that
 * falls on the instant of a service's begin has lost.
 *
 * The clock counts seconds from 0 and never goes back. The run is half-open: with rg_engine_until,
 * an event exactly at the end is not executed; it stays scheduled, and the clock stops at the end.
 * A time that is NaN, infinite or before now, and an integer beyond its limit, are programming
 * faults (assert).
 *
 * A timer is an event that can be cancelled or moved. Its handle is a slot number and the event's
 * own number in the order, which is never used again: a handle that has fired or was cancelled is
 * recognised for ever, and {0} is the handle of nothing. Moving a timer puts it behind the events
 * already scheduled for the same time and rank, just like cancelling it and adding it anew.
 *
 * A marked event can be withdrawn as well, by a number that its owner keeps. It takes no room but
 * its place in the heap; in return the engine cannot tell whether the number is still good: to
 * withdraw an event that has been executed or withdrawn is a programming fault that goes unnoticed.
 *
 * Events whose times are known to come in order, as equally long deadlines do, need not all be in
 * the heap: the owner keeps them in a queue, each with the number it drew with rg_engine_reserve
 * when it would have been scheduled, and gives the engine the first (rg_engine_add_reserved). They
 * are then executed just as if all had been there.
 *
 * Scheduling and executing cost O(log n), cancelling O(1) amortised; in the steady state nothing is
 * allocated. No two engines share anything. */
#ifndef RG_SIM_ENGINE_ENGINE_H
#define RG_SIM_ENGINE_ENGINE_H

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/engine/heap.h"

/* Ranks at equal times; the gaps are for the caller's own. */
enum rg_rank {
    RG_RANK_FIRST = 0,     /* changes of the system itself: outages, more servers */
    RG_RANK_DEPARTURE = 4, /* something is freed */
    RG_RANK_TIMER = 8,     /* deadlines */
    RG_RANK_ARRIVAL = 12,  /* something is wanted */
    RG_RANK_LAST = 15,     /* observers: samples of the state */
};

enum { RG_ENGINE_KINDS = 2048 }; /* kind is below */

struct rg_event {
    double time;     /* s */
    uint32_t rank;   /* RG_RANK_FIRST to RG_RANK_LAST */
    uint32_t kind;   /* what happens */
    uint32_t entity; /* to whom */
    uint32_t owner;  /* in which part, when a kind has several: a station's number, say */
};

/* Handle of a timer; {0} is no timer. */
struct rg_timer {
    uint64_t order;
    uint32_t slot;
};

/* Order numbers of marked events that were withdrawn and are still in the heap: a hash set with
 * open addressing. */
struct rg_engine_gone {
    uint64_t *order; /* [cap], a power of two; 0: empty */
    size_t n, cap;
};

/* What is known of a timer. Its item in the heap is alive as long as this shows its number. */
struct rg_engine_slot {
    uint64_t order; /* 0: the slot is free */
    double time;
    uint32_t entity; /* of a free slot: the next free one */
    uint32_t owner;
};

/* Read now, end and executed at will; the rest is the engine's own. */
struct rg_engine {
    double now;        /* s */
    double end;        /* s; INFINITY when none was set */
    uint64_t executed; /* events that next has returned */
    uint64_t serial;   /* of the event scheduled last */
    struct rg_heap heap;
    size_t dead; /* cancelled timers and withdrawn events still in the heap */
    struct rg_engine_gone gone;
    struct rg_engine_slot *slot;
    size_t slots, slot_cap;
    uint32_t free_slot; /* head of the list of free slots */
};

/* The clock at 0, no events, no end. */
void rg_engine_init(struct rg_engine *e);
void rg_engine_clear(struct rg_engine *e);

/* Events at or after end are not executed; end >= now. May be called again, to go on. */
void rg_engine_until(struct rg_engine *e, double end);

/* Schedules an event that will not be withdrawn. */
static inline void rg_engine_add(struct rg_engine *e, const struct rg_event *ev);

/* Schedules one that can be. */
static inline struct rg_timer rg_engine_add_timer(struct rg_engine *e, const struct rg_event *ev);

/* Schedules one that can be withdrawn by the number that is returned, which is never 0. */
static inline uint64_t rg_engine_add_marked(struct rg_engine *e, const struct rg_event *ev);

/* Withdraws a marked event that is still to come. */
void rg_engine_withdraw(struct rg_engine *e, uint64_t mark);

/* The number of an event (ev->rank and kind count; its time must not be before now) that is to be
 * scheduled later, and the event with it, marked: its time is what it was. */
static inline uint64_t rg_engine_reserve(struct rg_engine *e, const struct rg_event *ev);
static inline void rg_engine_add_reserved(struct rg_engine *e, const struct rg_event *ev,
                                          uint64_t mark);

/* Is it still to come? */
bool rg_engine_pending(const struct rg_engine *e, struct rg_timer t);

/* Its time; it must be pending. */
double rg_engine_due(const struct rg_engine *e, struct rg_timer t);

/* Withdraws a timer; false if it was not pending. */
bool rg_engine_cancel(struct rg_engine *e, struct rg_timer t);

/* Gives a timer another time and *t its new handle; false, and nothing done, if not pending. */
bool rg_engine_move(struct rg_engine *e, struct rg_timer *t, double time);

/* Takes the next event and sets the clock to its time. False when there is none before the end: the
 * clock is then at the end, if one was set. */
static inline bool rg_engine_next(struct rg_engine *e, struct rg_event *ev);

/* Time of the next event; INFINITY when there is none. Pays no regard to the end. */
double rg_engine_peek(struct rg_engine *e);

/* Bytes allocated, unused room included. */
size_t rg_engine_memory(const struct rg_engine *e);

/* Number of events still to come. */
static inline size_t
rg_engine_count(const struct rg_engine *e)
{
    return e->heap.n - e->dead;
}

/* --- the hot half, inline --------------------------------------------------------------------
 * The order number of an event: rank (4 bits), serial (48), is it a timer (1), kind (11). A serial
 * occurs once, so what stands below it never decides. The item carries entity and owner; a timer's
 * carries its slot number instead. */

#define RG_ENGINE_NO_SLOT UINT32_MAX

enum { RG_ENGINE_SERIAL_SHIFT = 12, RG_ENGINE_RANK_SHIFT = 60, RG_ENGINE_TIMER = 2048 };

static inline uint64_t
rg_engine_order(struct rg_engine *e, const struct rg_event *ev)
{
    assert(ev->time >= e->now && ev->time <= DBL_MAX);
    assert(ev->rank <= RG_RANK_LAST && ev->kind < RG_ENGINE_KINDS);
    e->serial++;
    assert(e->serial >> (RG_ENGINE_RANK_SHIFT - RG_ENGINE_SERIAL_SHIFT) == 0);
    return (uint64_t)ev->rank << RG_ENGINE_RANK_SHIFT | e->serial << RG_ENGINE_SERIAL_SHIFT |
           ev->kind;
}

static inline void
rg_engine_add(struct rg_engine *e, const struct rg_event *ev)
{
    rg_heap_push(&e->heap, rg_heap_key(ev->time), rg_engine_order(e, ev),
                 (uint64_t)ev->owner << 32 | ev->entity);
}

static inline uint64_t
rg_engine_reserve(struct rg_engine *e, const struct rg_event *ev)
{
    return rg_engine_order(e, ev);
}

static inline void
rg_engine_add_reserved(struct rg_engine *e, const struct rg_event *ev, uint64_t mark)
{
    rg_heap_push(&e->heap, rg_heap_key(ev->time), mark, (uint64_t)ev->owner << 32 | ev->entity);
}

static inline uint64_t
rg_engine_add_marked(struct rg_engine *e, const struct rg_event *ev)
{
    uint64_t mark = rg_engine_order(e, ev);

    rg_engine_add_reserved(e, ev, mark);
    return mark;
}

/* Was the event with this number withdrawn? */
bool rg_engine_is_gone(const struct rg_engine *e, uint64_t order);
/* Forgets that it was; false if it was not. */
bool rg_engine_forget_gone(struct rg_engine *e, uint64_t order);

/* A new slot, at the head of the list of free ones. */
void rg_engine_grow(struct rg_engine *e);

static inline struct rg_timer
rg_engine_add_timer(struct rg_engine *e, const struct rg_event *ev)
{
    struct rg_timer t = {.order = rg_engine_order(e, ev) | RG_ENGINE_TIMER};
    struct rg_engine_slot *slot;

    if (e->free_slot == RG_ENGINE_NO_SLOT)
        rg_engine_grow(e);
    t.slot = e->free_slot;
    slot = &e->slot[t.slot];
    e->free_slot = slot->entity;
    slot->order = t.order;
    slot->time = ev->time;
    slot->entity = ev->entity;
    slot->owner = ev->owner;
    rg_heap_push(&e->heap, rg_heap_key(ev->time), t.order, t.slot);
    return t;
}

static inline void
rg_engine_free_slot(struct rg_engine *e, uint32_t slot)
{
    e->slot[slot].order = 0;
    e->slot[slot].entity = e->free_slot;
    e->free_slot = slot;
}

static inline bool
rg_engine_is_alive(const struct rg_engine *e, const struct rg_heap_item *item)
{
    if ((item->order & RG_ENGINE_TIMER) != 0)
        return e->slot[item->what].order == item->order;
    return e->gone.n == 0 || !rg_engine_is_gone(e, item->order);
}

static inline bool
rg_engine_next(struct rg_engine *e, struct rg_event *ev)
{
    while (e->heap.n > 0 && rg_heap_double(e->heap.item[0].key) < e->end) {
        uint64_t order = e->heap.item[0].order;
        uint64_t what = e->heap.item[0].what;

        ev->time = rg_heap_double(e->heap.item[0].key);
        rg_heap_drop(&e->heap);
        if ((order & RG_ENGINE_TIMER) != 0) {
            if (e->slot[what].order != order) {
                e->dead--;
                continue;
            }
            ev->entity = e->slot[what].entity;
            ev->owner = e->slot[what].owner;
            rg_engine_free_slot(e, (uint32_t)what);
        } else {
            if (e->gone.n > 0 && rg_engine_forget_gone(e, order)) {
                e->dead--;
                continue;
            }
            ev->entity = (uint32_t)what;
            ev->owner = (uint32_t)(what >> 32);
        }
        ev->rank = (uint32_t)(order >> RG_ENGINE_RANK_SHIFT);
        ev->kind = (uint32_t)(order & (RG_ENGINE_KINDS - 1));
        e->now = ev->time;
        e->executed++;
        return true;
    }
    if (e->end < INFINITY)
        e->now = e->end;
    return false;
}

#endif
