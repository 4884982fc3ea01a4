/* Routers on the test parts of splits: each learns from the train part, and its attempt chains are
 * run over recorded calls without a clock. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/evaluate.h"
#include "replay/chain.h"
#include "replay/learn/learnt.h"
#include "replay/router/bandit_saved.h"
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

            if (!rg_evaluate_judged(s, &s->splits[out->split[i]], out->query[i], m))
                continue;
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

struct answered {
    double score, cost, calls;
};

/* A router's answer to a query: the mean over its recorded samples, of which pick[] says who gave
 * them. false: there is none. */
static bool
answer(const struct rg_evaluate_setup *s, const struct rg_policy *p, uint64_t seed, size_t at,
       uint32_t q, void *state, uint32_t *pick, struct answered *out)
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

        if (!walk(p, &view, &c, &x))
            return false;
        if (isnan(x) && s->zero)
            x = 0;
        if (state)
            p->router->type->observe(p, state, &(struct rg_feedback){q, c.at.model, x, c.cost_usd});
        if (pick)
            pick[k] = c.at.model;
        score += x;
        cost += c.cost_usd;
        calls += c.calls;
    }
    *out = (struct answered){score / samples, cost / samples, calls / samples};
    return true;
}

/* A router that learns while it runs goes through the train part first, in order of appearance, and
 * is judged by what it does from there on; one that has been there before, and was loaded, does
 * not. */
static void
learn_online(const struct rg_evaluate_setup *s, const struct rg_policy *p, struct rg_router *r,
             uint64_t seed)
{
    struct rg_policy train = *p;
    gsl_rng *rng;
    void *state;

    if (!rg_bandit_is(r) || rg_bandit_begun(r) || p->n_train == 0)
        return;
    train.lookup = rg_policy_train(p);
    rng = rg_rng_new(seed, 1, RG_PURPOSE_LEARNING);
    state = r->type->state_new(&train, rng);
    for (size_t i = 0; i < p->n_train; i++) {
        struct answered unused;

        (void)answer(s, &train, seed, i, p->train[i], state, NULL, &unused);
    }
    rg_bandit_keep(&train, r, state);
    r->type->state_free(state);
    gsl_rng_free(rng);
}

void
rg_evaluate_walk(const struct rg_evaluate_setup *s, const struct rg_evaluate_results *all,
                 const struct rg_policy *p, size_t split, size_t row, struct rg_evaluate_result *r)
{
    const struct rg_evaluate_split *part = &s->splits[split];
    const struct rg_router_type *type = p->router->type;
    gsl_rng *rng = rg_rng_new(part->seed, 0, RG_PURPOSE_LEARNING);
    void *state = type->state_new ? type->state_new(p, rng) : NULL;

    for (size_t i = 0; i < part->n_test; i++) {
        struct answered a;

        if (!answer(s, p, part->seed, i, part->test[i], state, r->pick + all->first_pick[row + i],
                    &a)) {
            r->skipped++;
            continue;
        }
        r->score[row + i] = a.score;
        r->cost[row + i] = a.cost;
        r->calls[row + i] = a.calls;
    }
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

/* Routers that look at the load need one, and requests for all that they are judged by. */
static enum rg_status
check_load(const struct trial *t, const struct rg_evaluate_split *part, struct rg_err *err)
{
    if (!t->router.type->uses_load)
        return RG_OK;
    if (!t->v->load)
        return rg_err_set(err, RG_EUSAGE,
                          "evaluate: router '%s' looks at the load of endpoints: give --load",
                          t->word);
    if (t->v->requests > 0 && t->v->requests < part->n_test)
        return rg_err_set(err, RG_EUSAGE,
                          "evaluate: router '%s' is scored on the requests of the simulation: "
                          "found --requests %llu, expected at least the %zu queries judged by",
                          t->word, (unsigned long long)t->v->requests, part->n_test);
    return RG_OK;
}

struct rg_policy
rg_evaluate_policy(const struct rg_evaluate_setup *s, size_t split)
{
    const struct rg_evaluate_split *part = &s->splits[split];
    struct rg_policy p = s->run.policy;

    p.queries = part->test;
    p.n_queries = part->n_test;
    p.train = part->train;
    p.n_train = part->n_train;
    p.learnt = p.lookup.part = part->learnt;
    p.lookup.in = false;
    return p;
}

static enum rg_status
try_split(struct trial *t, size_t split, size_t row, struct rg_err *err)
{
    const struct rg_evaluate_split *part = &t->s->splits[split];
    enum rg_status status = rg_router_read(&t->router, t->s->trace, t->word, err);
    bool looks = status == RG_OK && t->router.type->uses_load;

    t->policy = rg_evaluate_policy(t->s, split);
    if (status == RG_OK)
        status = check_load(t, part, err);
    if (status == RG_OK)
        status = rg_router_prepare(&t->router, &t->policy, t->v->slm, t->v->llm, err);
    if (status != RG_OK)
        return status;
    learn_online(t->s, &t->policy, &t->router, part->seed);
    if (split == 0) {
        t->first = t->out->n;
        rg_evaluate_result_add(t->out, t->word, t->word)->simulated = looks;
    }
    if (!looks)
        rg_evaluate_walk(t->s, t->out, &t->policy, split, row, &t->out->of[t->first]);
    rg_evaluate_say(t->s, &t->router, split, row, &t->out->of[t->first]);
    return looks || (t->v->load && !t->v->load_if_looked)
               ? rg_evaluate_load(t->s, t->v, &t->policy, split, row, &t->out->of[t->first], err)
               : RG_OK;
}

/* ---- saving ---- */

/* Does it learn here what can be saved? What was loaded has learnt elsewhere. */
static bool
learns(const struct rg_router *r)
{
    return r->type->trains ? rg_learned_is(r)
                           : rg_bandit_is(r) && !*((const struct rg_bandit *)r->data)->from;
}

static enum rg_status
save(const struct rg_router *r, const char *path, struct rg_err *err)
{
    return rg_bandit_is(r) ? rg_bandit_write(r, path, err) : rg_learned_save(r, path, err);
}

/* Each model gets a file of its own, and what is there already is replaced if it is a saved model.
 */
static enum rg_status
check_files(const struct rg_evaluate_values *v, struct rg_err *err)
{
    for (size_t i = 0; i < v->output.n; i++) {
        const char *path = v->output.items[i];
        struct stat st;

        for (size_t k = 0; k < i; k++)
            if (strcmp(path, v->output.items[k]) == 0)
                return rg_err_set(err, RG_EUSAGE, "evaluate: --output names '%.200s' twice", path);
        if (strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
            (!S_ISREG(st.st_mode) || (st.st_size > 0 && !rg_learnt_is(path))))
            return rg_err_set(err, RG_EUSAGE, "%s: exists and is no saved model, not replaced",
                              path);
    }
    return RG_OK;
}

/* One file for each router that learns, before any of them does. */
static enum rg_status
check_output(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
             struct rg_err *err)
{
    enum rg_status status = check_files(v, err);
    size_t n = 0;

    for (size_t i = 0; i < v->routers.n && v->output.n > 0 && status == RG_OK; i++) {
        struct rg_router r;

        status = rg_router_read(&r, s->trace, v->routers.items[i], err);
        n += status == RG_OK && learns(&r);
        if (status == RG_OK && rg_bandit_is(&r) && !s->has_split)
            status = rg_err_set(err, RG_EUSAGE,
                                "evaluate: --output: router '%s' has no queries to learn from: "
                                "give --split",
                                r.word);
        rg_router_clear(&r);
    }
    if (status != RG_OK || n == v->output.n)
        return status;
    if (n == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "evaluate: --output: none of the routers learns a model to save");
    return rg_err_set(err, RG_EUSAGE,
                      "evaluate: --output: found %zu files, expected one for each of the %zu "
                      "routers that learn",
                      v->output.n, n);
}

/* saved: files written so far. */
static enum rg_status
try_router(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, const char *word,
           size_t *saved, struct rg_evaluate_results *out, struct rg_err *err)
{
    struct trial t = {.s = s, .v = v, .out = out, .word = word};
    size_t splits = s->has_split ? s->n_splits : 1;
    enum rg_status status = RG_OK;

    for (size_t k = 0, row = 0; k < splits && status == RG_OK; row += s->splits[k++].n_test) {
        status = try_split(&t, k, row, err);
        if (status == RG_OK && k == 0 && v->output.n > 0 && learns(&t.router))
            status = save(&t.router, v->output.items[(*saved)++], err);
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
    enum rg_status status = check_output(s, v, err);
    size_t saved = 0;

    *out = (struct rg_evaluate_results){0};
    make_rows(s, out);
    add_models(s, out);
    if (status == RG_OK && v->load && !v->load_if_looked)
        status = rg_evaluate_load_models(s, v, out, err);
    for (size_t i = 0; i < v->routers.n && status == RG_OK; i++)
        status = try_router(s, v, v->routers.items[i], &saved, out, err);
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
