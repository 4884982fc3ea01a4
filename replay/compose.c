#include "replay/compose.h"

#include <math.h>
#include <string.h>

#include "base/names.h"
#include "replay/lookup.h"

/* Index of the model whose name is s[0..n), or -1. */
static int
model_named(const struct rg_trace *t, const char *s, size_t n)
{
    for (size_t m = 0; m < t->n_models; m++)
        if (strlen(t->models[m].name) == n && memcmp(t->models[m].name, s, n) == 0)
            return (int)m;
    return -1;
}

enum rg_composed
rg_compose_run(const struct rg_trace *t, uint32_t run, struct rg_composition *out)
{
    const struct rg_trace_runs *r = &t->runs;
    const char *chain;

    *out = (struct rg_composition){0, 0, NAN};
    if (r->chain[run] == RG_NAMES_NONE)
        return RG_COMPOSE_NO_CHAIN;
    for (chain = t->chains[r->chain[run]]; chain;) {
        size_t n = strcspn(chain, ">");
        int model = model_named(t, chain, n);
        uint32_t call = RG_NO_CALL;

        if (model >= 0)
            call =
                rg_lookup_call(t, r->query[run], (uint32_t)model, r->variant[run], r->sample[run])
                    .call;
        if (call == RG_NO_CALL)
            return RG_COMPOSE_NO_CALL;
        out->cost_usd += t->calls.cost_usd[call];
        out->latency_ms += t->calls.latency_ms[call];
        out->score = t->calls.score[call];
        chain = chain[n] == '>' ? chain + n + 1 : NULL;
    }
    return RG_COMPOSED;
}
