/* Cells of a sweep that are under way, and results that wait for their turn to be written. Shared
 * by sweep.c and sweep_mpi.c; not safe for several threads by itself. */
#ifndef RG_SIM_SWEEP_ORDER_H
#define RG_SIM_SWEEP_ORDER_H

#include <stdbool.h>

#include "sim/sweep.h"

enum rg_order_state { RG_ORDER_FREE, RG_ORDER_BEGUN, RG_ORDER_READY, RG_ORDER_FAILED };

struct rg_order {
    const struct rg_sweep *sweep;
    struct rg_results_cell *results; /* [window], of position p at p % window, as state */
    uint8_t *state;
    size_t window;
    size_t next; /* position of the next cell to begin */
    size_t head; /* of the next to write */
    struct rg_sweep_progress progress;
    bool failed; /* begin no more */
    bool mute;   /* writing failed: write no more */
    size_t failed_at;
    struct rg_err err; /* of the failure with the lowest position */
};

void rg_order_init(struct rg_order *o, const struct rg_sweep *sweep, size_t workers);
void rg_order_clear(struct rg_order *o);

/* May a cell be begun: is there one, room for it, and no reason to stop? */
bool rg_order_may_begin(const struct rg_order *o);
/* Will none be begun any more? */
bool rg_order_is_over(const struct rg_order *o);
/* Begins one; returns its position. */
size_t rg_order_begin(struct rg_order *o);
void rg_order_done(struct rg_order *o, size_t position, struct rg_results_cell *result);
void rg_order_fail(struct rg_order *o, size_t position, const struct rg_err *err);

/* Takes the next result to write, if it is there; failed cells are passed over. */
bool rg_order_take(struct rg_order *o, struct rg_results_cell *out);
/* What became of writing what was taken; releases it. */
void rg_order_written(struct rg_order *o, struct rg_results_cell *cell, enum rg_status status,
                      const struct rg_err *err);
/* Has all that was begun been written? */
bool rg_order_is_written(const struct rg_order *o);

#endif
