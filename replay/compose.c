#include "replay/compose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/lookup.h"
#include "replay/policy.h"

struct chain {
    uint32_t *models; /* RG_NO_MODEL: no model of that name */
    size_t n, cap;
};

struct rg_composer {
    const struct rg_trace *t;
    struct chain *chains;
};

static void
chain_read(struct chain *c, const char *text, const struct rg_names *names)
{
    for (const char *s = text; s;) {
        size_t n = strcspn(s, ">");
        uint32_t model = rg_names_find(names, s, n);

        c->models = rg_grow(c->models, &c->cap, c->n + 1, sizeof *c->models);
        c->models[c->n++] = model == RG_NAMES_NONE ? RG_NO_MODEL : model;
        s = s[n] == '>' ? s + n + 1 : NULL;
    }
}

struct rg_composer *
rg_composer_new(const struct rg_trace *t)
{
    struct rg_composer *c = rg_zalloc(1, sizeof *c);
    struct rg_names *names = rg_names_new();

    c->t = t;
    c->chains = rg_zalloc(t->n_chains, sizeof *c->chains);
    for (size_t m = 0; m < t->n_models; m++)
        (void)rg_names_add(names, t->models[m].name, strlen(t->models[m].name), NULL);
    for (size_t i = 0; i < t->n_chains; i++)
        chain_read(&c->chains[i], t->chains[i], names);
    rg_names_free(names);
    return c;
}

void
rg_composer_free(struct rg_composer *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->t->n_chains; i++)
        free(c->chains[i].models);
    free(c->chains);
    free(c);
}

enum rg_composed
rg_compose_run(const struct rg_composer *c, uint32_t run, struct rg_composition *out)
{
    const struct rg_trace *t = c->t;
    const struct rg_trace_runs *r = &t->runs;
    const struct chain *chain;

    *out = (struct rg_composition){true, 0, 0, NAN};
    if (r->chain[run] == RG_NAMES_NONE)
        return RG_COMPOSE_NO_CHAIN;
    chain = &c->chains[r->chain[run]];
    for (size_t i = 0; i < chain->n; i++) {
        struct rg_found found = {RG_NO_CALL, RG_FOUND_NOTHING, 0};

        if (chain->models[i] != RG_NO_MODEL)
            found =
                rg_lookup_call(t, r->query[run], chain->models[i], r->variant[run], r->sample[run]);
        if (found.call == RG_NO_CALL)
            return RG_COMPOSE_NO_CALL;
        out->exact = out->exact && found.kind == RG_FOUND_EXACT;
        out->cost_usd += t->calls.cost_usd[found.call];
        out->latency_ms += t->calls.latency_ms[found.call];
        out->score = t->calls.score[found.call];
    }
    return RG_COMPOSED;
}
