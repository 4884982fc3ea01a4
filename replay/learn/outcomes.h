/* Recorded outcomes as two matrices, rows queries, columns models: what routers learn from and what
 * evaluation judges by. A model that was not recorded on a query is NaN, never a score of 0 or a
 * cost of 0. */
#ifndef RG_REPLAY_LEARN_OUTCOMES_H
#define RG_REPLAY_LEARN_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/lookup.h"

struct rg_outcomes {
    size_t n, m;
    double *score;  /* n x m, NaN: no score; several samples: their mean */
    double *cost;   /* n x m, USD, NaN: not known */
    bool *recorded; /* n x m: there is a call, scored or not */
};

/* Of queries[0..n) and all models of the trace. A query and model without a call of the wanted
 * variant has that of the variant that stands in for it. Samples whose score is not recorded count
 * neither way. */
void rg_outcomes_init(struct rg_outcomes *o, const struct rg_lookup *l, const uint32_t *queries,
                      size_t n);
void rg_outcomes_clear(struct rg_outcomes *o);

#endif
