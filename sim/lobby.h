/* Calls that wait for a slot before anything is made of them.
 *
 * Where nothing can happen to a waiting call but that its turn comes (first come first served, no
 * limit, no deadline, no hedge), it need not exist as a call with a try at a replica: a place in
 * this queue is enough, and an overloaded endpoint holds millions. */
#ifndef RG_SIM_LOBBY_H
#define RG_SIM_LOBBY_H

#include <stdint.h>

#include "sim/engine/summary.h"
#include "sim/queue.h"

struct rg_lobby_entry {
    double since; /* s, clock */
    uint32_t entity, tag, query, sample;
};

/* Initialise with RG_LOBBY_INIT. */
struct rg_lobby {
    struct rg_queue queue;
    struct rg_level waiting;
};
#define RG_LOBBY_INIT                                                                              \
    {                                                                                              \
        .queue = {.size = sizeof(struct rg_lobby_entry) }                                          \
    }

static inline void
rg_lobby_push(struct rg_lobby *l, const struct rg_lobby_entry *e)
{
    *(struct rg_lobby_entry *)rg_queue_push(&l->queue) = *e;
    rg_level_set(&l->waiting, e->since, (uint32_t)l->queue.n);
}

static inline struct rg_lobby_entry
rg_lobby_pop(struct rg_lobby *l, double now)
{
    struct rg_lobby_entry e = *(const struct rg_lobby_entry *)rg_queue_first(&l->queue);

    rg_queue_drop(&l->queue);
    rg_level_set(&l->waiting, now, (uint32_t)l->queue.n);
    return e;
}

static inline void
rg_lobby_clear(struct rg_lobby *l)
{
    rg_queue_clear(&l->queue);
}

#endif
