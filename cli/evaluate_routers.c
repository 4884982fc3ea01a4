/* Routers on the test parts of splits: each learns from the train part, and its attempt chains are
 * run over recorded calls without a clock. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/evaluate.h"
#include "replay/chain.h"
#include "replay/router/learned.h"

/* ---- rows ---- */

static void
make_rows(const struct rg_evaluate_setup *s, struct rg_evaluate_results *out)
{
    size_t splits = s->has_split ? s->n_splits : 1;

    for (size_t k = 0; k < splits; k++)
        out->n_rows += s->splits[k].n_test;
    out->query = rg_alloc(out->n_rows, sizeof *out->query);
    out->key = rg_alloc(out->n_rows, sizeof *out->key);
    out->split = rg_alloc(out->n_rows, sizeof *out->split);
    out->first_pick = rg_alloc(out->n_rows + 1, sizeof *out->first_pick);
    out->first_pick[0] = 0;
    for (size_t k = 0, row = 0; k < splits; k++)
        for (size_t i = 0; i < s->splits[k].n_test; i++, row++) {
            uint32_t q = s->splits[k].test[i];

            out->query[row] = q;
            out->key[row] = s->key[s->trace->queries.dataset[q]];
            out->split[row] = (uint32_t)k;
            out->first_pick[row + 1] = out->first_pick[row] + s->run.policy.samples[q];
        }
}

struct rg_evaluate_result *
rg_evaluate_result_add(struct rg_evaluate_results *out, const char *name, const char *family)
{
    struct rg_evaluate_result *r;

    out->of = rg_realloc(out->of, out->n + 1, sizeof *out->of);
    r = &out->of[out->n++];
    *r = (struct rg_evaluate_result){.name = rg_strdup(name),
                                     .family = rg_strdup(family),
                                     .model = RG_NO_MODEL,
                                     .setting = NAN,
                                     .n = out->n_rows};
    r->score = rg_alloc(r->n, sizeof *r->score);
    r->cost = rg_alloc(r->n, sizeof *r->cost);
    r->calls = rg_alloc(r->n, sizeof *r->calls);
    for (size_t i = 0; i < r->n; i++)
        r->score[i] = r->cost[i] = r->calls[i] = NAN;
    r->pick = rg_alloc(out->first_pick[r->n], sizeof *r->pick);
    for (size_t i = 0; i < out->first_pick[r->n]; i++)
        r->pick[i] = RG_NO_MODEL;
    return r;
}

static void
add_models(const struct rg_evaluate_setup *s, struct rg_evaluate_results *out)
{
    for (uint32_t m = 0; m < s->all.m; m++) {
        const char *name = s->trace->models[m].name;
        struct rg_evaluate_result *r;

        if (!s->offered[m])
            continue;
        r = rg_evaluate_result_add(out, name, name);
        r->model = m;
        for (size_t i = 0; i < r->n; i++) {
            size_t row = s->row[out->query[i]];

            r->score[i] = rg_evaluate_score(s, row, m);
            r->cost[i] = s->all.cost[row * s->all.m + m];
            r->calls[i] = 1;
        }
        for (size_t i = 0; i < out->first_pick[r->n]; i++)
            r->pick[i] = m;
    }
    out->n_models = out->n;
}

/* ---- chains ---- */

/* One request's way; false: it needs a call that is not recorded. */
static bool
walk(const struct rg_policy *p, const struct rg_router_view *view, struct rg_chain *c,
     double *score)
{
    enum rg_chain_step step = rg_chain_begin(p, c, view);

    while (step == RG_CHAIN_CALL) {
        struct rg_call_outcome outcome = rg_chain_recorded(p, c);

        rg_chain_told(p, c, &outcome);
        step = rg_chain_next(p, c, view);
    }
    if (step == RG_CHAIN_SKIPPED || step == RG_CHAIN_MISSING)
        return false;
    *score = rg_chain_score(p, c, step);
    return true;
}

/* A router's answer to a row: the mean over the recorded samples of the query. */
static void
answer(const struct rg_evaluate_setup *s, const struct rg_policy *p, uint64_t seed, size_t at,
       uint32_t q, void *state, struct rg_evaluate_result *r, size_t row, uint32_t *pick)
{
    uint32_t samples = p->samples[q];
    double score = 0, cost = 0, calls = 0;

    for (uint32_t k = 0; k < samples; k++) {
        struct rg_router_view view = {.query = q,
                                      .sample = k,
                                      .index = at,
                                      .chance = rg_rng_unit_at(seed, k, RG_PURPOSE_ROUTER, at),
                                      .state = state};
        struct rg_chain c;
        double x;

        if (!walk(p, &view, &c, &x)) {
            r->skipped++;
            return;
        }
        if (isnan(x) && s->zero)
            x = 0;
        if (state)
            p->router->type->observe(p, state, &(struct rg_feedback){q, c.at.model, x, c.cost_usd});
        pick[k] = c.at.model;
        score += x;
        cost += c.cost_usd;
        calls += c.calls;
    }
    r->score[row] = score / samples;
    r->cost[row] = cost / samples;
    r->calls[row] = calls / samples;
}

void
rg_evaluate_walk(const struct rg_evaluate_setup *s, const struct rg_evaluate_results *all,
                 const struct rg_policy *p, size_t split, size_t row, struct rg_evaluate_result *r)
{
    const struct rg_evaluate_split *part = &s->splits[split];
    const struct rg_router_type *type = p->router->type;
    gsl_rng *rng = rg_rng_new(part->seed, 0, RG_PURPOSE_LEARNING);
    void *state = type->state_new ? type->state_new(p, rng) : NULL;

    for (size_t i = 0; i < part->n_test; i++)
        answer(s, p, part->seed, i, part->test[i], state, r, row + i,
               r->pick + all->first_pick[row + i]);
    if (type->state_free)
        type->state_free(state);
    gsl_rng_free(rng);
}

/* ---- one router ---- */

struct trial {
    const struct rg_evaluate_setup *s;
    const struct rg_evaluate_values *v;
    struct rg_evaluate_results *out;
    const char *word;
    struct rg_router router;
    struct rg_policy policy;
    size_t first; /* its result as written; those of a sweep behind it */
};

static enum rg_status
try_split(struct trial *t, size_t split, size_t row, struct rg_err *err)
{
    const struct rg_evaluate_split *part = &t->s->splits[split];
    enum rg_status status = rg_router_read(&t->router, t->s->trace, t->word, err);

    t->policy = t->s->run.policy;
    t->policy.queries = part->test;
    t->policy.n_queries = part->n_test;
    t->policy.train = part->train;
    t->policy.n_train = part->n_train;
    if (status == RG_OK)
        status = rg_router_prepare(&t->router, &t->policy, t->v->slm, t->v->llm, err);
    if (status != RG_OK)
        return status;
    if (split == 0) {
        t->first = t->out->n;
        rg_evaluate_result_add(t->out, t->word, t->word);
    }
    rg_evaluate_walk(t->s, t->out, &t->policy, split, row, &t->out->of[t->first]);
    rg_evaluate_say(t->s, &t->router, split, row, &t->out->of[t->first]);
    return t->v->load ? rg_evaluate_load(t->s, t->v, &t->policy, split, &t->out->of[t->first], err)
                      : RG_OK;
}

static enum rg_status
try_router(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, const char *word,
           bool *saved, struct rg_evaluate_results *out, struct rg_err *err)
{
    struct trial t = {.s = s, .v = v, .out = out, .word = word};
    size_t splits = s->has_split ? s->n_splits : 1;
    enum rg_status status = RG_OK;

    for (size_t k = 0, row = 0; k < splits && status == RG_OK; row += s->splits[k++].n_test) {
        status = try_split(&t, k, row, err);
        if (status == RG_OK && k == 0 && v->output && !*saved && rg_learned_is(&t.router)) {
            status = rg_learned_save(&t.router, v->output, err);
            *saved = true;
        }
        if (status == RG_OK)
            status = rg_evaluate_sweep(s, v, &t.router, &t.policy, k, row, t.first + 1, out, err);
        rg_router_clear(&t.router);
    }
    return status;
}

enum rg_status
rg_evaluate_routers(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                    struct rg_evaluate_results *out, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    bool saved = false;

    *out = (struct rg_evaluate_results){0};
    make_rows(s, out);
    add_models(s, out);
    if (v->load)
        status = rg_evaluate_load_models(s, v, out, err);
    for (size_t i = 0; i < v->routers.n && status == RG_OK; i++)
        status = try_router(s, v, v->routers.items[i], &saved, out, err);
    if (status == RG_OK && v->output && !saved)
        status = rg_err_set(err, RG_EUSAGE,
                            "evaluate: --output: none of the routers learns a model to save");
    return status;
}

void
rg_evaluate_results_clear(struct rg_evaluate_results *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->of[i].name);
        free(r->of[i].family);
        free(r->of[i].score);
        free(r->of[i].cost);
        free(r->of[i].calls);
        free(r->of[i].pick);
        free(r->of[i].bits);
        free(r->of[i].rate);
        free(r->of[i].strong);
        free(r->of[i].weak);
        for (size_t k = 0; k < r->of[i].n_load; k++)
            free(r->of[i].load[k].seen);
        free(r->of[i].load);
    }
    free(r->of);
    free(r->query);
    free(r->key);
    free(r->split);
    free(r->first_pick);
    *r = (struct rg_evaluate_results){0};
}
