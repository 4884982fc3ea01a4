/* Routers on the test parts of splits: each learns from the train part, and its attempt chains are
 * run over recorded calls without a clock. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/evaluate.h"
#include "replay/chain.h"
#include "replay/router/bandit_saved.h"
#include "replay/router/learned.h"
#include "stats/router_metrics.h"

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
    for (size_t k = 0, row = 0; k < splits; k++)
        for (size_t i = 0; i < s->splits[k].n_test; i++, row++) {
            uint32_t q = s->splits[k].test[i];

            out->query[row] = q;
            out->key[row] = s->key[s->trace->queries.dataset[q]];
            out->split[row] = (uint32_t)k;
        }
}

static struct rg_evaluate_result *
add_result(struct rg_evaluate_results *out, const char *name, const char *family)
{
    struct rg_evaluate_result *r;
    static const struct rg_estimate none = {NAN, NAN, NAN, 0};

    out->of = rg_realloc(out->of, out->n + 1, sizeof *out->of);
    r = &out->of[out->n++];
    *r = (struct rg_evaluate_result){.name = rg_strdup(name),
                                     .family = rg_strdup(family),
                                     .model = RG_NO_MODEL,
                                     .n = out->n_rows,
                                     .p95_ms = none,
                                     .goodput = none};
    r->score = rg_alloc(r->n, sizeof *r->score);
    r->cost = rg_alloc(r->n, sizeof *r->cost);
    r->calls = rg_alloc(r->n, sizeof *r->calls);
    for (size_t i = 0; i < r->n; i++)
        r->score[i] = r->cost[i] = r->calls[i] = NAN;
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
        r = add_result(out, name, name);
        r->model = m;
        for (size_t i = 0; i < r->n; i++) {
            size_t row = s->row[out->query[i]];

            if (!rg_evaluate_judged(s, &s->splits[out->split[i]], out->query[i], m))
                continue;
            r->score[i] = rg_evaluate_score(s, row, m);
            r->cost[i] = s->all.cost[row * s->all.m + m];
            r->calls[i] = 1;
        }
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

/* A router's answer to a query: the mean over its recorded samples. false: there is none. */
static bool
answer(const struct rg_evaluate_setup *s, const struct rg_policy *p, uint64_t seed, size_t at,
       uint32_t q, void *state, struct answered *out)
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

        (void)answer(s, &train, seed, i, p->train[i], state, &unused);
    }
    rg_bandit_keep(&train, r, state);
    r->type->state_free(state);
    gsl_rng_free(rng);
}

/* All test queries of a split, in their order; row: of the first of them. */
static void
walk_split(const struct rg_evaluate_setup *s, const struct rg_policy *p, size_t split,
           struct rg_evaluate_result *r, size_t row)
{
    const struct rg_evaluate_split *part = &s->splits[split];
    const struct rg_router_type *type = p->router->type;
    gsl_rng *rng = rg_rng_new(part->seed, 0, RG_PURPOSE_LEARNING);
    void *state = type->state_new ? type->state_new(p, rng) : NULL;

    for (size_t i = 0; i < part->n_test; i++) {
        struct answered a;

        if (!answer(s, p, part->seed, i, part->test[i], state, &a)) {
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

/* ---- under load ---- */

static struct rg_replication_config
load_config(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
            const struct rg_policy *p, size_t split)
{
    return (struct rg_replication_config){
        .policy = p,
        .endpoints = &s->run.endpoints,
        .queries = p->queries,
        .n_queries = p->n_queries,
        .arrivals = {.law = RG_ARRIVALS_POISSON, .rate = v->rate, .cv = 1, .speed = 1},
        .requests = v->requests ? v->requests : p->n_queries,
        .until_s = INFINITY,
        .seed = s->splits[split].seed,
    };
}

/* Scores of a router that looks at the load: what its decisions in the simulation brought, the mean
 * over all requests for a query. */
static void
take_scores(const struct rg_evaluate_setup *s, const struct rg_cell *cell,
            const struct rg_policy *p, struct rg_evaluate_result *r, size_t row)
{
    for (size_t i = 0; i < p->n_queries; i++) {
        const struct rg_per_query *score = &cell->query[RG_PER_QUERY_SCORE][p->queries[i]];
        const struct rg_per_query *cost = &cell->query[RG_PER_QUERY_COST][p->queries[i]];
        const struct rg_per_query *calls = &cell->query[RG_PER_QUERY_CALLS][p->queries[i]];

        double scored = s->zero ? calls->n : score->n;

        if (scored > 0)
            r->score[row + i] = rg_sum_value(&score->sum) / scored;
        if (cost->n > 0)
            r->cost[row + i] = rg_sum_value(&cost->sum) / cost->n;
        if (calls->n > 0)
            r->calls[row + i] = rg_sum_value(&calls->sum) / calls->n;
        r->skipped += !(calls->n > 0);
    }
}

/* row: of the split's first query. */
static enum rg_status
put_load(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
         const struct rg_policy *p, size_t split, struct rg_evaluate_result *r, size_t row,
         struct rg_err *err)
{
    struct rg_cell_options options = {.replications = v->replications, .slo_s = v->slo_ms * 1e-3};
    struct rg_estimates e = {0};
    struct rg_cell cell;
    enum rg_status status = rg_cell_run(load_config(s, v, p, split), &options, &cell, err);

    if (status == RG_OK && p->router->type->uses_load)
        take_scores(s, &cell, p, r, row);
    if (status == RG_OK && split == 0) {
        rg_estimates_make(&e, &cell, v->level, true);
        r->p95_ms = e.of[RG_METRIC_LATENCY_P95];
        r->goodput = e.of[RG_METRIC_GOODPUT];
        rg_estimates_clear(&e);
    }
    rg_cell_clear(&cell);
    return status;
}

/* ---- one router ---- */

struct trial {
    const struct rg_evaluate_setup *s;
    const struct rg_evaluate_values *v;
    struct rg_evaluate_results *out;
    const char *word;
    struct rg_router router;
    struct rg_policy policy;
    size_t first; /* its results; one for each weight */
};

static size_t
n_weights(const struct trial *t)
{
    return t->v->sweep > 1 && rg_learned_weighs(&t->router) ? (size_t)t->v->sweep : 1;
}

static void
name_results(struct trial *t)
{
    size_t n = n_weights(t);

    t->first = t->out->n;
    for (size_t i = 0; i < n; i++) {
        struct rg_buf name = {0};
        char number[RG_NUM_MAX];

        rg_buf_puts(&name, t->word);
        if (n > 1) {
            rg_num_print(number, (double)i / (double)(n - 1));
            rg_buf_printf(&name, " @%s", number);
        }
        add_result(t->out, rg_buf_text(&name), t->word);
        rg_buf_clear(&name);
    }
}

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

static enum rg_status
try_split(struct trial *t, size_t split, size_t row, struct rg_err *err)
{
    const struct rg_evaluate_split *part = &t->s->splits[split];
    enum rg_status status = rg_router_read(&t->router, t->s->trace, t->word, err);
    bool looks;
    size_t n;

    t->policy = t->s->run.policy;
    t->policy.queries = part->test;
    t->policy.n_queries = part->n_test;
    t->policy.train = part->train;
    t->policy.n_train = part->n_train;
    t->policy.learnt = t->policy.lookup.part = part->learnt;
    t->policy.lookup.in = false;
    if (status == RG_OK)
        status = check_load(t, part, err);
    if (status == RG_OK)
        status = rg_router_prepare(&t->router, &t->policy, t->v->slm, t->v->llm, err);
    if (status != RG_OK)
        return status;
    learn_online(t->s, &t->policy, &t->router, part->seed);
    looks = t->router.type->uses_load;
    if (split == 0)
        name_results(t);
    n = n_weights(t);
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        struct rg_evaluate_result *r = &t->out->of[t->first + i];

        if (n > 1)
            rg_learned_weigh(&t->policy, &t->router, (double)i / (double)(n - 1));
        if (!looks)
            walk_split(t->s, &t->policy, split, r, row);
        if (looks || (t->v->load && !t->v->load_if_looked && split == 0))
            status = put_load(t->s, t->v, &t->policy, split, r, row, err);
    }
    return status;
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

/* One file for each router that learns, before any of them does. */
static enum rg_status
check_output(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
             struct rg_err *err)
{
    enum rg_status status = RG_OK;
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
    }
    free(r->of);
    free(r->query);
    free(r->key);
    free(r->split);
    *r = (struct rg_evaluate_results){0};
}
