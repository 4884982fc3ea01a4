#include "replay/learn/outcomes.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"

/* All samples of the query, model and variant of the call that was found. */
static void
put(struct rg_outcomes *o, const struct rg_trace *t, uint32_t call, size_t at)
{
    const struct rg_trace_calls *c = &t->calls;
    uint32_t q = c->query[call], first = call, n_score = 0, n_cost = 0;
    struct rg_sum score = {0}, cost = {0};

    while (first > t->queries.first[q] && c->model[first - 1] == c->model[call] &&
           c->variant[first - 1] == c->variant[call])
        first--;
    for (uint32_t i = first; i < t->queries.first[q + 1] && c->model[i] == c->model[call] &&
                             c->variant[i] == c->variant[call];
         i++) {
        if (!isnan(c->score[i])) {
            rg_sum_add(&score, c->score[i]);
            n_score++;
        }
        if (!isnan(c->cost_usd[i])) {
            rg_sum_add(&cost, c->cost_usd[i]);
            n_cost++;
        }
    }
    o->recorded[at] = true;
    if (n_score > 0)
        o->score[at] = rg_sum_value(&score) / n_score;
    if (n_cost > 0)
        o->cost[at] = rg_sum_value(&cost) / n_cost;
}

void
rg_outcomes_init(struct rg_outcomes *o, const struct rg_lookup *l, const uint32_t *queries,
                 size_t n)
{
    const struct rg_trace *t = l->trace;

    *o = (struct rg_outcomes){.n = n, .m = t->n_models};
    o->score = rg_alloc(n * o->m, sizeof *o->score);
    o->cost = rg_alloc(n * o->m, sizeof *o->cost);
    o->recorded = rg_zalloc(n * o->m, sizeof *o->recorded);
    for (size_t i = 0; i < n * o->m; i++)
        o->score[i] = o->cost[i] = NAN;
    for (size_t i = 0; i < n; i++) {
        uint32_t q = queries[i], last = UINT32_MAX;

        for (uint32_t c = t->queries.first[q]; c < t->queries.first[q + 1]; c++) {
            uint32_t model = t->calls.model[c];
            struct rg_found found;

            if (model == last)
                continue;
            last = model;
            found = rg_lookup_find(l, q, model, 0);
            if (found.call != RG_NO_CALL)
                put(o, t, found.call, i * o->m + model);
        }
    }
}

void
rg_outcomes_clear(struct rg_outcomes *o)
{
    free(o->score);
    free(o->cost);
    free(o->recorded);
    *o = (struct rg_outcomes){0};
}
