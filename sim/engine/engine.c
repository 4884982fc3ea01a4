#include "sim/engine/engine.h"

#include <stdlib.h>

#include "base/mem.h"

enum { COMPACT_FROM = 64 }; /* dead timers that are not worth a thought */

void
rg_engine_init(struct rg_engine *e)
{
    *e = (struct rg_engine){.end = INFINITY, .free_slot = RG_ENGINE_NO_SLOT};
}

void
rg_engine_clear(struct rg_engine *e)
{
    rg_heap_clear(&e->heap);
    free(e->slot);
    rg_engine_init(e);
}

void
rg_engine_until(struct rg_engine *e, double end)
{
    assert(end >= e->now);
    e->end = end;
}

void
rg_engine_grow(struct rg_engine *e)
{
    assert(e->slots < RG_ENGINE_NO_SLOT);
    e->slot = rg_grow(e->slot, &e->slot_cap, e->slots + 1, sizeof e->slot[0]);
    rg_engine_free_slot(e, (uint32_t)e->slots++);
}

bool
rg_engine_pending(const struct rg_engine *e, struct rg_timer t)
{
    return t.order != 0 && t.slot < e->slots && e->slot[t.slot].order == t.order;
}

double
rg_engine_due(const struct rg_engine *e, struct rg_timer t)
{
    assert(rg_engine_pending(e, t));
    return e->slot[t.slot].time;
}

static bool
is_alive(const void *ctx, const struct rg_heap_item *item)
{
    return rg_engine_is_alive(ctx, item);
}

bool
rg_engine_cancel(struct rg_engine *e, struct rg_timer t)
{
    if (!rg_engine_pending(e, t))
        return false;
    rg_engine_free_slot(e, t.slot);
    e->dead++;
    if (e->dead > COMPACT_FROM && e->dead > e->heap.n / 2) {
        rg_heap_keep(&e->heap, is_alive, e);
        e->dead = 0;
    }
    return true;
}

bool
rg_engine_move(struct rg_engine *e, struct rg_timer *t, double time)
{
    struct rg_event ev;

    if (!rg_engine_pending(e, *t))
        return false;
    ev = (struct rg_event){.time = time,
                           .rank = (uint32_t)(t->order >> RG_ENGINE_RANK_SHIFT),
                           .kind = (uint32_t)(t->order & (RG_ENGINE_KINDS - 1)),
                           .entity = e->slot[t->slot].entity,
                           .owner = e->slot[t->slot].owner};
    rg_engine_cancel(e, *t);
    *t = rg_engine_add_timer(e, &ev);
    return true;
}

double
rg_engine_peek(struct rg_engine *e)
{
    while (e->heap.n > 0 && !rg_engine_is_alive(e, &e->heap.item[0])) {
        rg_heap_drop(&e->heap);
        e->dead--;
    }
    return e->heap.n > 0 ? rg_heap_double(e->heap.item[0].key) : INFINITY;
}

size_t
rg_engine_memory(const struct rg_engine *e)
{
    return e->heap.cap * sizeof e->heap.item[0] + e->slot_cap * sizeof e->slot[0];
}
