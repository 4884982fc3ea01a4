#include "sim/sweep_order.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

void
rg_order_init(struct rg_order *o, const struct rg_sweep *sweep, size_t workers)
{
    *o = (struct rg_order){
        .sweep = sweep, .window = RG_SWEEP_AHEAD * workers, .progress = {.total = sweep->n}};
    o->results = rg_zalloc(o->window, sizeof *o->results);
    o->state = rg_zalloc(o->window, sizeof *o->state);
}

void
rg_order_clear(struct rg_order *o)
{
    for (size_t i = 0; i < o->window; i++)
        if (o->state[i] == RG_ORDER_READY)
            rg_results_cell_clear(&o->results[i]);
    free(o->results);
    free(o->state);
}

bool
rg_order_is_over(const struct rg_order *o)
{
    return o->failed || o->mute || o->next == o->sweep->n ||
           (o->sweep->stop && *o->sweep->stop != 0);
}

bool
rg_order_may_begin(const struct rg_order *o)
{
    return !rg_order_is_over(o) && o->next < o->head + o->window;
}

size_t
rg_order_begin(struct rg_order *o)
{
    assert(o->next < o->head + o->window);
    o->state[o->next % o->window] = RG_ORDER_BEGUN;
    return o->next++;
}

void
rg_order_done(struct rg_order *o, size_t position, struct rg_results_cell *result)
{
    assert(o->state[position % o->window] == RG_ORDER_BEGUN);
    o->results[position % o->window] = *result;
    o->state[position % o->window] = RG_ORDER_READY;
    *result = (struct rg_results_cell){0};
}

void
rg_order_fail(struct rg_order *o, size_t position, const struct rg_err *err)
{
    assert(o->state[position % o->window] == RG_ORDER_BEGUN);
    o->state[position % o->window] = RG_ORDER_FAILED;
    if (o->mute || (o->failed && o->failed_at < position))
        return;
    o->failed = true;
    o->failed_at = position;
    o->err = *err;
}

bool
rg_order_take(struct rg_order *o, struct rg_results_cell *out)
{
    while (o->head < o->next && o->state[o->head % o->window] == RG_ORDER_FAILED)
        o->state[o->head++ % o->window] = RG_ORDER_FREE;
    if (o->head == o->next || o->state[o->head % o->window] != RG_ORDER_READY)
        return false;
    o->state[o->head % o->window] = RG_ORDER_FREE;
    *out = o->results[o->head++ % o->window];
    return true;
}

void
rg_order_written(struct rg_order *o, struct rg_results_cell *cell, enum rg_status status,
                 const struct rg_err *err)
{
    if (status != RG_OK) {
        o->err = *err; /* goes over that of a cell */
        o->mute = true;
    } else if (!o->mute) {
        o->progress.finished++;
        o->progress.requests += cell->counts.offered;
    }
    rg_results_cell_clear(cell);
}

bool
rg_order_is_written(const struct rg_order *o)
{
    return o->head == o->next;
}
