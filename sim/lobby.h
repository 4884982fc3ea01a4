/* Calls that wait for a slot before anything is made of them.
 *
 * Where nothing can happen to a waiting call but that its turn comes (first come first served, no
 * limit, no deadline, no hedge), it need not exist as a call with a try at a replica: a place in
 * this ring is enough, and an overloaded endpoint holds millions. */
#ifndef RG_SIM_LOBBY_H
#define RG_SIM_LOBBY_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/engine/summary.h"

struct rg_lobby_entry {
    double since; /* s, clock */
    uint32_t entity, query, sample;
};

/* Initialise with {0}. */
struct rg_lobby {
    struct rg_lobby_entry *ring;
    size_t head, n, cap; /* cap is a power of two */
    struct rg_level waiting;
};

static inline void
rg_lobby_push(struct rg_lobby *l, const struct rg_lobby_entry *e)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;

        l->ring = rg_realloc(l->ring, cap, sizeof *l->ring);
        /* What had wrapped around goes behind what had not. */
        memcpy(l->ring + l->cap, l->ring, l->head * sizeof *l->ring);
        l->cap = cap;
    }
    l->ring[(l->head + l->n++) & (l->cap - 1)] = *e;
    rg_level_set(&l->waiting, e->since, (uint32_t)l->n);
}

static inline struct rg_lobby_entry
rg_lobby_pop(struct rg_lobby *l, double now)
{
    struct rg_lobby_entry e;

    assert(l->n > 0);
    e = l->ring[l->head];
    l->head = (l->head + 1) & (l->cap - 1);
    l->n--;
    rg_level_set(&l->waiting, now, (uint32_t)l->n);
    return e;
}

static inline void
rg_lobby_clear(struct rg_lobby *l)
{
    free(l->ring);
    *l = (struct rg_lobby){0};
}

#endif
