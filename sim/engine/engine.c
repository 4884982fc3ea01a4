#include "sim/engine/engine.h"

#include <stdlib.h>
#include <string.h>

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
    free(e->gone.order);
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
    e->slot = rg_grow_lean(e->slot, &e->slot_cap, e->slots + 1, sizeof e->slot[0]);
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

/* One more is dead. */
static void
bury(struct rg_engine *e)
{
    e->dead++;
    if (e->dead > COMPACT_FROM && e->dead > e->heap.n / 2) {
        rg_heap_keep(&e->heap, is_alive, e);
        e->dead = 0;
        if (e->gone.n > 0)
            memset(e->gone.order, 0, e->gone.cap * sizeof *e->gone.order);
        e->gone.n = 0;
    }
}

bool
rg_engine_cancel(struct rg_engine *e, struct rg_timer t)
{
    if (!rg_engine_pending(e, t))
        return false;
    rg_engine_free_slot(e, t.slot);
    bury(e);
    return true;
}

/* ---- withdrawn events ---- */

/* Where an order number belongs, or stands. Multiplicative hashing: D. E. Knuth, "The Art of
 * Computer Programming" 3, 6.4. */
static size_t
home_of(const struct rg_engine_gone *g, uint64_t order)
{
    return (size_t)((order * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (g->cap - 1);
}

static size_t
place_of(const struct rg_engine_gone *g, uint64_t order)
{
    size_t i = home_of(g, order);

    while (g->order[i] != 0 && g->order[i] != order)
        i = (i + 1) & (g->cap - 1);
    return i;
}

/* At most half full. */
static void
make_room(struct rg_engine_gone *g)
{
    struct rg_engine_gone old = *g;

    if (2 * (g->n + 1) <= g->cap)
        return;
    g->cap = old.cap > 0 ? 2 * old.cap : 64;
    g->order = rg_zalloc(g->cap, sizeof *g->order);
    for (size_t i = 0; i < old.cap; i++)
        if (old.order[i] != 0)
            g->order[place_of(g, old.order[i])] = old.order[i];
    free(old.order);
}

void
rg_engine_withdraw(struct rg_engine *e, uint64_t mark)
{
    assert(mark != 0 && (mark & RG_ENGINE_TIMER) == 0);
    make_room(&e->gone);
    e->gone.order[place_of(&e->gone, mark)] = mark;
    e->gone.n++;
    bury(e);
}

bool
rg_engine_is_gone(const struct rg_engine *e, uint64_t order)
{
    return e->gone.n > 0 && e->gone.order[place_of(&e->gone, order)] == order;
}

/* Those behind it move up, or they would no longer be found (Knuth, algorithm R). */
bool
rg_engine_forget_gone(struct rg_engine *e, uint64_t order)
{
    struct rg_engine_gone *g = &e->gone;
    size_t mask = g->cap - 1;
    size_t hole;

    if (!rg_engine_is_gone(e, order))
        return false;
    hole = place_of(g, order);
    for (size_t i = (hole + 1) & mask; g->order[i] != 0; i = (i + 1) & mask) {
        if (((i - home_of(g, g->order[i])) & mask) < ((i - hole) & mask))
            continue;
        g->order[hole] = g->order[i];
        hole = i;
    }
    g->order[hole] = 0;
    g->n--;
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
        if (e->gone.n > 0)
            (void)rg_engine_forget_gone(e, e->heap.item[0].order);
        rg_heap_drop(&e->heap);
        e->dead--;
    }
    return e->heap.n > 0 ? rg_heap_double(e->heap.item[0].key) : INFINITY;
}

size_t
rg_engine_memory(const struct rg_engine *e)
{
    return e->heap.cap * sizeof e->heap.item[0] + e->slot_cap * sizeof e->slot[0] +
           e->gone.cap * sizeof e->gone.order[0];
}
