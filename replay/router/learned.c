#include "replay/router/learned.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/learn/chances.h"
#include "replay/learn/dense.h"
#include "replay/learn/outcomes.h"
#include "replay/router/learned_private.h"
#include "replay/router/mask.h"
#include "replay/router/types.h"

const char *const rg_learned_failure_names[] = {"stop", "ranked", NULL};

/* ---- deciding: values of all queries at once, then choices ---- */

/* Values less what a model costs on average, by as much as the user wants. */
static void
charge(const struct rg_learned *d, double *value, size_t n)
{
    const double *cost = rg_learnt_get(d->learnt, "train_costs");

    for (size_t i = 0; i < n * d->m && d->cost_weight > 0; i++)
        value[i] -= isnan(cost[i % d->m]) ? 0 : d->cost_weight * cost[i % d->m];
}

/* What is decided for: a query and the policy that masks models. */
struct asked {
    const struct rg_policy *p;
    uint32_t query;
};

static bool
can(const struct rg_learned *d, const struct asked *a, size_t column)
{
    return d->model[column] != RG_NO_MODEL && rg_mask_has(a->p, a->query, d->model[column]);
}

struct column {
    double value;
    size_t at;
};

static int
by_value(const void *pa, const void *pb)
{
    const struct column *a = pa, *b = pb;

    if (a->value < b->value || a->value > b->value)
        return a->value > b->value ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static size_t
sort_columns(const struct rg_learned *d, const double *value, size_t most, uint32_t *out)
{
    struct column *of = rg_alloc(d->m, sizeof *of);
    size_t n = 0;

    for (size_t j = 0; j < d->m; j++)
        if (!isnan(value[j]))
            of[n++] = (struct column){value[j], j};
    if (n > 1)
        qsort(of, n, sizeof *of, by_value);
    n = n < most ? n : most;
    for (size_t k = 0; k < n; k++)
        out[k] = d->model[of[k].at];
    free(of);
    return n;
}

/* Columns that can be chosen by falling value, of equals the first; their models into out. */
static size_t
rank(const struct rg_learned *d, const struct asked *a, const double *value, size_t most,
     uint32_t *out)
{
    double *left = rg_alloc(d->m, sizeof *left);
    size_t n = 0;

    for (size_t j = 0; j < d->m; j++)
        left[j] = can(d, a, j) ? value[j] : NAN;
    if (most > 1) {
        n = sort_columns(d, left, most, out);
    } else {
        size_t best = rg_dense_argmax(left, d->m);

        if (best < d->m && most > 0)
            out[n++] = d->model[best];
    }
    free(left);
    return n;
}

static size_t
choose(const struct rg_learned *d, const struct asked *a, const double *value,
       struct rg_learn_plan *plan, uint32_t *out)
{
    size_t n = 0;

    if (d->learner->plan) {
        d->learner->plan(d->learnt, value, d->m, plan);
        for (size_t k = 0; k < plan->n; k++)
            if (can(d, a, plan->models[k]))
                out[n++] = d->model[plan->models[k]];
    } else {
        n = rank(d, a, value, d->on_failure == RG_LEARNED_RANKED ? d->m : 1, out);
    }
    /* Nothing is known of any model here: the best of the train queries. */
    n = n ? n : rank(d, a, rg_learnt_get(d->learnt, "train_scores"), 1, out);
    /* Nor there: where models are masked, the first of those that are left. */
    for (size_t j = 0; j < d->m && n == 0 && a->p->missing == RG_MISSING_MASK; j++)
        if (can(d, a, j))
            out[n++] = d->model[j];
    return n;
}

/* Longest list of choices of a query. */
static size_t
most_choices(const struct rg_learned *d)
{
    return d->learner->plan || d->on_failure == RG_LEARNED_RANKED ? d->m : 1;
}

/* Values before any setting is applied: of a pair the win rates, as at a threshold of 0. */
static void
predict(const struct rg_policy *p, struct rg_learned *d, const struct rg_vectors *x)
{
    double threshold = d->learner->pair ? rg_learnt_number(d->learnt, "threshold") : 0;

    d->value = rg_realloc(d->value, p->n_queries * d->m, sizeof *d->value);
    if (d->learner->pair)
        rg_learnt_set(d->learnt, "threshold", 0);
    d->learner->predict(d->learnt, x, d->m, d->value);
    if (d->learner->pair)
        rg_learnt_set(d->learnt, "threshold", threshold);
    d->bits = rg_realloc(d->bits, p->n_queries, sizeof *d->bits);
    if (!rg_chances_bits(d->learner, d->learnt, x, d->m, d->value, d->bits)) {
        free(d->bits);
        d->bits = NULL;
    }
}

/* Values of a query as they are chosen by. */
static void
settle(const struct rg_learned *d, size_t query, double *value)
{
    memcpy(value, d->value + query * d->m, d->m * sizeof *value);
    if (d->learner->pair) {
        size_t strong = (size_t)rg_learnt_number(d->learnt, "strong");

        rg_learner_pair_values(value[strong], rg_learnt_number(d->learnt, "threshold"), strong,
                               (size_t)rg_learnt_number(d->learnt, "weak"), d->m, value);
    }
    if (!d->learner->plan)
        charge(d, value, 1);
}

void
rg_learned_decide(const struct rg_policy *p, struct rg_learned *d)
{
    double *value = rg_alloc(d->m, sizeof *value);
    size_t most = most_choices(d), used = 0;
    struct rg_learn_plan plan = {rg_alloc(d->m, sizeof *plan.models), 0};

    d->first = rg_realloc(d->first, p->trace->n_queries, sizeof *d->first);
    d->n = rg_realloc(d->n, p->trace->n_queries, sizeof *d->n);
    d->chosen = rg_realloc(d->chosen, p->n_queries * most + 1, sizeof *d->chosen);
    memset(d->n, 0, p->trace->n_queries * sizeof *d->n);
    for (size_t i = 0; i < p->n_queries; i++) {
        uint32_t q = p->queries[i];
        size_t n;

        settle(d, i, value);
        n = choose(d, &(struct asked){p, q}, value, &plan, d->chosen + used);
        d->first[q] = (uint32_t)used;
        d->n[q] = (uint32_t)n;
        used += n;
    }
    free(plan.models);
    free(value);
}

static void
decide(const struct rg_policy *p, struct rg_learned *d, const struct rg_vectors *x)
{
    predict(p, d, x);
    rg_learned_decide(p, d);
}

struct rg_choice
rg_learned_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct rg_learned *d = p->router->data;

    if (d->n[view->query] == 0)
        return rg_choice_none();
    return (struct rg_choice){d->chosen[d->first[view->query]], RG_REASON_DECIDED};
}

/* A chain goes on whatever the answer was, that is its plan; others only where there is none. */
struct rg_choice
rg_learned_next(const struct rg_policy *p, const struct rg_router_view *view,
                const struct rg_attempt *last)
{
    const struct rg_learned *d = p->router->data;
    size_t next = (size_t)last->decisions + 1;
    bool good = last->answered && last->accepted;

    if (last->decision == RG_REASON_SAFETY || next >= d->n[view->query] ||
        (good && !d->learner->plan))
        return rg_choice_none();
    return (struct rg_choice){d->chosen[d->first[view->query] + next],
                              !last->answered   ? RG_REASON_CALL_FAILED
                              : !last->accepted ? RG_REASON_CONTRACT_FAILED
                                                : RG_REASON_LOW_CONFIDENCE};
}

void
rg_learned_clear(void *data)
{
    struct rg_learned *d = data;

    rg_learnt_free(d->learnt);
    rg_vectors_clear(&d->x);
    free(d->model);
    free(d->first);
    free(d->n);
    free(d->chosen);
    free(d->value);
    free(d->bits);
    rg_learned_judged_free(d->judged);
    d->learnt = NULL;
    d->judged = NULL;
    d->value = d->bits = NULL;
    d->model = d->first = d->n = d->chosen = NULL;
}

/* ---- learning ---- */

void
rg_learned_sample_init(struct rg_learned_sample *s, const struct rg_policy *p,
                       const struct rg_learned *d)
{
    struct rg_lookup train = rg_policy_train(p);
    struct rg_outcomes all;

    rg_outcomes_init(&all, &train, p->train, p->n_train);
    *s = (struct rg_learned_sample){.queries = rg_alloc(p->n_train, sizeof *s->queries),
                                    .score = rg_alloc(p->n_train * d->m, sizeof *s->score),
                                    .cost = rg_alloc(p->n_train * d->m, sizeof *s->cost)};
    for (size_t i = 0; i < p->n_train; i++) {
        bool any = false;

        for (size_t j = 0; j < d->m; j++) {
            size_t from = i * all.m + d->model[j], to = s->n * d->m + j;

            s->score[to] = all.score[from];
            s->cost[to] = all.cost[from];
            any |= !isnan(all.score[from]);
        }
        s->queries[s->n] = p->train[i];
        s->n += any;
    }
    rg_outcomes_clear(&all);
}

void
rg_learned_sample_clear(struct rg_learned_sample *s)
{
    free(s->queries);
    free(s->score);
    free(s->cost);
}

static size_t
column_of(const struct rg_learned *d, uint32_t model)
{
    for (size_t j = 0; j < d->m; j++)
        if (d->model[j] == model)
            return j;
    return d->m;
}

/* Strong: the model named, else the best of the train queries; weak: the one named, else the
 * cheapest other, or the worst other where costs are not known. */
static enum rg_status
choose_pair(const struct rg_policy *p, const struct rg_learned *d, struct rg_learn_data *data,
            struct rg_err *err)
{
    const double *score = rg_learnt_get(d->learnt, "train_scores");
    const double *cost = rg_learnt_get(d->learnt, "train_costs");
    double *badness = rg_alloc(d->m, sizeof *badness);
    bool priced = true;

    data->strong =
        d->strong == RG_NO_MODEL ? rg_dense_argmax(score, d->m) : column_of(d, d->strong);
    for (size_t j = 0; j < d->m; j++)
        priced = priced && (!isnan(cost[j]) || isnan(score[j]));
    for (size_t j = 0; j < d->m; j++)
        badness[j] = j == data->strong || isnan(score[j]) ? NAN : priced ? -cost[j] : -score[j];
    data->weak = d->weak == RG_NO_MODEL ? rg_dense_argmax(badness, d->m) : column_of(d, d->weak);
    free(badness);
    if (data->strong < d->m && data->weak < d->m && data->strong != data->weak)
        return RG_OK;
    return rg_err_set(err, RG_EUSAGE,
                      "router '%s' needs two models with scores, a strong and a weak one, among "
                      "its candidates (strong=MODEL, weak=MODEL)",
                      p->router->type->name);
}

static enum rg_status
learn(const struct rg_policy *p, struct rg_learned *d, const struct rg_learned_sample *s,
      struct rg_err *err)
{
    struct rg_features_options o = {.kind = d->features,
                                    .places = (uint32_t)d->places,
                                    .dims = (uint32_t)d->dims,
                                    .seed = (uint64_t)d->h.seed,
                                    .sparse = d->learner->sparse,
                                    .tasks = d->learner->tasks};
    struct rg_learn_data data = {.n = s->n, .m = d->m, .score = s->score, .cost = s->cost};
    const char **names = rg_alloc(d->m, sizeof *names);
    struct rg_vectors x = {0};
    enum rg_status status = RG_OK;
    double *means = rg_learnt_add(d->learnt, "train_scores", 1, d->m);

    for (size_t j = 0; j < d->m; j++)
        names[j] = p->trace->models[d->model[j]].name;
    data.names = names;
    rg_learner_means(&data, means, rg_learnt_add(d->learnt, "train_costs", 1, d->m));
    if (d->learner->pair)
        status = choose_pair(p, d, &data, err);
    if (status == RG_OK && !d->learner->blind)
        status = rg_features_fit(p->trace, &o, s->queries, s->n, d->learnt, &x, err);
    data.x = &x;
    if (status == RG_OK)
        status = d->learner->fit(&data, &d->h, d->learnt, err);
    rg_vectors_clear(&x);
    free(names);
    return status;
}

/* Vectors of the queries that are replayed, and what follows from them. */
static enum rg_status
look(const struct rg_policy *p, struct rg_learned *d, struct rg_err *err)
{
    struct rg_vectors x = {.n = p->n_queries};
    enum rg_status status = RG_OK;

    if (!d->learner->blind)
        status = rg_features_of(p->trace, d->learnt, p->queries, p->n_queries, &x, err);
    if (status == RG_OK && ((!d->learner->sparse && !d->learner->blind && !x.dense) ||
                            !d->learner->check(d->learnt, d->m, x.d)))
        status =
            rg_err_set(err, RG_EINPUT, "%s: the saved model does not have what its kind '%s' needs",
                       d->file ? d->file : "-", d->learner->name);
    if (status == RG_OK) {
        decide(p, d, &x);
        if (d->learner->weighs) {
            d->x = x;
            return RG_OK;
        }
    }
    rg_vectors_clear(&x);
    return status;
}

static void
say_models(const struct rg_policy *p, struct rg_learned *d)
{
    char key[32];

    rg_learnt_say(d->learnt, "learner", d->learner->name);
    rg_learnt_set(d->learnt, "n_models", (double)d->m);
    for (size_t j = 0; j < d->m; j++) {
        snprintf(key, sizeof key, "model %zu", j);
        rg_learnt_say(d->learnt, key, p->trace->models[d->model[j]].name);
    }
}

enum rg_status
rg_learned_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct rg_learned *d = data;
    struct rg_learned_sample s;
    enum rg_status status = rg_router_offer(p, &d->models, err);

    uint32_t places = (uint32_t)d->places;

    if (status == RG_OK && ((double)places < d->places || places == 1 || (places & (places - 1))))
        status = rg_err_set(err, RG_EUSAGE,
                            "router '%s', option 'places': found %g, expected a power of two",
                            p->router->type->name, d->places);
    if (status != RG_OK)
        return status;
    d->learner = rg_learner_find(p->router->type->name);
    assert(d->learner);
    d->learnt = rg_learnt_new();
    d->m = d->models.n;
    d->model = rg_alloc(d->m, sizeof *d->model);
    memcpy(d->model, d->models.models, d->m * sizeof *d->model);
    say_models(p, d);
    rg_learned_sample_init(&s, p, d);
    if (s.n == 0)
        status = rg_err_set(err, RG_EINPUT,
                            "%s: router '%s' needs recorded scores, and the "
                            "queries to learn from have none",
                            p->trace->path, d->learner->name);
    if (status == RG_OK)
        status = learn(p, d, &s, err);
    rg_learned_sample_clear(&s);
    return status == RG_OK ? look(p, d, err) : status;
}

/* ---- saved models ---- */

bool
rg_learned_is(const struct rg_router *r)
{
    return r->type->prepare == rg_learned_prepare || r->type->prepare == rg_learned_load;
}

enum rg_status
rg_learned_save(const struct rg_router *r, const char *path, struct rg_err *err)
{
    const struct rg_learned *d = r->data;

    assert(rg_learned_is(r) && d->learnt);
    return rg_learnt_save(d->learnt, path, err);
}

bool
rg_learned_weighs(const struct rg_router *r)
{
    const struct rg_learned *d = r->data;

    return rg_learned_is(r) && d->learner && d->learner->weighs;
}

void
rg_learned_weigh(const struct rg_policy *p, struct rg_router *r, double weight)
{
    struct rg_learned *d = r->data;

    rg_learnt_set(d->learnt, "weight", weight);
    decide(p, d, &d->x);
}

static enum rg_status
damaged(const struct rg_learned *d, const char *what, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT, "%s: saved model: %s", d->file, what);
}

/* The columns of a file are the models of the trace with their names, as far as there are some. */
static enum rg_status
read_models(const struct rg_policy *p, struct rg_learned *d, struct rg_err *err)
{
    const struct rg_learnt_array *n = rg_learnt_find(d->learnt, "n_models");
    size_t known = 0;
    char key[32];

    if (!n || n->rows * n->columns != 1 || !(*n->x >= 1 && *n->x <= (double)d->learnt->n_texts) ||
        floor(*n->x) < *n->x)
        return damaged(d, "it does not say which models it knows", err);
    d->m = (size_t)*n->x;
    d->model = rg_alloc(d->m, sizeof *d->model);
    for (size_t j = 0; j < d->m; j++) {
        const char *name;
        int model;

        snprintf(key, sizeof key, "model %zu", j);
        name = rg_learnt_text(d->learnt, key);
        model = name ? rg_trace_model_find(p->trace, name) : -1;
        d->model[j] =
            model < 0 || (p->offered && !p->offered[model]) ? RG_NO_MODEL : (uint32_t)model;
        known += d->model[j] != RG_NO_MODEL;
    }
    if (known == 0)
        return rg_err_set(err, RG_EINPUT,
                          "%s: saved model: '%s' has none of the models that it chooses among",
                          d->file, p->trace->path);
    return RG_OK;
}

static bool
has_means(const struct rg_learned *d)
{
    static const char *const names[] = {"train_scores", "train_costs"};

    for (size_t i = 0; i < 2; i++) {
        const struct rg_learnt_array *a = rg_learnt_find(d->learnt, names[i]);

        if (!a || a->rows != 1 || a->columns != d->m)
            return false;
    }
    return true;
}

enum rg_status
rg_learned_load(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct rg_learned *d = data;
    const char *name;
    enum rg_status status;

    if (!*d->file)
        return rg_err_set(err, RG_EUSAGE, "router 'learned' needs a file (expected learned:FILE)");
    status = rg_learnt_load(&d->learnt, d->file, err);
    if (status != RG_OK)
        return status;
    name = rg_learnt_text(d->learnt, "learner");
    d->learner = name ? rg_learner_find(name) : NULL;
    if (!d->learner)
        return rg_err_set(err, RG_EINPUT, "%s: saved model: unknown kind '%.60s'", d->file,
                          name ? name : "none");
    status = read_models(p, d, err);
    if (status == RG_OK && !has_means(d))
        status = damaged(d, "it lacks the means of its models", err);
    return status == RG_OK ? look(p, d, err) : status;
}
