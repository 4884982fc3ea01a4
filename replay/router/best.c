/* Routers that know the best: of the queries trained on, of each dataset, of each query. The last
 * two look at the scores of what they answer and are bounds, no routers. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "replay/router/mask.h"
#include "replay/router/means.h"
#include "replay/router/types.h"

/* ---- best-single ---- */

struct best_single {
    uint32_t *ranked; /* models with scores, the best first */
    size_t n;
};

static enum rg_status
no_scores(const struct rg_trace *t, const char *router, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT, "%s: router '%s' needs recorded scores, and there are none",
                      t->path, router);
}

static enum rg_status
best_single_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct best_single *d = data;
    struct rg_lookup train = rg_policy_train(p);
    struct rg_model_mean *means = rg_alloc(p->trace->n_models, sizeof *means);

    rg_model_means(&train, p->train, p->n_train, NULL, 1, means);
    rg_model_means_mask(p, 1, means);
    d->ranked = rg_alloc(p->trace->n_models, sizeof *d->ranked);
    d->n = rg_model_rank(p->trace, means, d->ranked);
    free(means);
    return d->n == 0 ? no_scores(p->trace, "best-single", err) : RG_OK;
}

static void
best_single_clear(void *data)
{
    free(((struct best_single *)data)->ranked);
}

static struct rg_choice
best_single_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct best_single *d = p->router->data;

    return (struct rg_choice){rg_mask_at(p, view->query, d->ranked, d->n, 0),
                              RG_REASON_BEST_SINGLE};
}

const struct rg_router_type rg_router_best_single = {
    .name = "best-single",
    .help = "the model with the best mean score on the queries of --train",
    .data_size = sizeof(struct best_single),
    .trains = true,
    .prepare = best_single_prepare,
    .clear = best_single_clear,
    .first = best_single_first,
};

/* ---- dataset-oracle ---- */

struct dataset_oracle {
    uint32_t *ranked; /* datasets x models: those with scores there, the best first */
    size_t *n;        /* per dataset; a dataset without any score: 0, */
    uint32_t some;    /* and any model that others have will do */
};

static enum rg_status
dataset_oracle_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct dataset_oracle *d = data;
    const struct rg_trace *t = p->trace;
    struct rg_model_mean *means = rg_alloc(t->n_datasets * t->n_models, sizeof *means);

    rg_model_means(&p->lookup, p->queries, p->n_queries, t->queries.dataset, t->n_datasets, means);
    rg_model_means_mask(p, t->n_datasets, means);
    d->ranked = rg_alloc(t->n_datasets * t->n_models, sizeof *d->ranked);
    d->n = rg_alloc(t->n_datasets, sizeof *d->n);
    d->some = RG_NO_MODEL;
    for (size_t k = 0; k < t->n_datasets; k++) {
        d->n[k] = rg_model_rank(t, &means[k * t->n_models], &d->ranked[k * t->n_models]);
        d->some = d->n[k] ? d->ranked[k * t->n_models] : d->some;
    }
    free(means);
    return d->some == RG_NO_MODEL ? no_scores(t, "dataset-oracle", err) : RG_OK;
}

static void
dataset_oracle_clear(void *data)
{
    struct dataset_oracle *d = data;

    free(d->ranked);
    free(d->n);
}

static struct rg_choice
dataset_oracle_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct dataset_oracle *d = p->router->data;
    size_t k = p->trace->queries.dataset[view->query];
    uint32_t best = rg_mask_at(p, view->query, &d->ranked[k * p->trace->n_models], d->n[k], 0);

    return (struct rg_choice){best == RG_NO_MODEL ? d->some : best, RG_REASON_DATASET_BEST};
}

const struct rg_router_type rg_router_dataset_oracle = {
    .name = "dataset-oracle",
    .help = "the best model of each dataset, by the scores replayed: a bound, no router",
    .data_size = sizeof(struct dataset_oracle),
    .oracle = true,
    .prepare = dataset_oracle_prepare,
    .clear = dataset_oracle_clear,
    .first = dataset_oracle_first,
};

/* ---- oracle ---- */

struct oracle {
    double p;
    struct rg_model_list any; /* that are offered */
    size_t *first;            /* per query: of best */
    uint32_t *best;           /* per query and sample: model */
};

/* Is call a a better answer than call b? */
static bool
is_better(const struct rg_trace_calls *c, uint32_t a, uint32_t b)
{
    double cost_a = isnan(c->cost_usd[a]) ? INFINITY : c->cost_usd[a];
    double cost_b = isnan(c->cost_usd[b]) ? INFINITY : c->cost_usd[b];

    if (isnan(c->score[a]) || isnan(c->score[b]))
        return isnan(c->score[b]) && !isnan(c->score[a]);
    if (c->score[a] > c->score[b] || c->score[a] < c->score[b])
        return c->score[a] > c->score[b];
    return cost_a < cost_b;
}

uint32_t
rg_router_oracle_call(const struct rg_lookup *l, const bool *offered, uint32_t query,
                      uint32_t sample)
{
    const struct rg_trace *t = l->trace;
    uint32_t best = RG_NO_CALL;
    uint32_t last = RG_NO_MODEL;

    for (uint32_t i = t->queries.first[query]; i < t->queries.first[query + 1]; i++) {
        uint32_t model = t->calls.model[i];
        uint32_t call;

        if (model == last || (offered && !offered[model]))
            continue;
        last = model;
        call = rg_lookup_find(l, query, model, sample).call;
        if (call != RG_NO_CALL && (best == RG_NO_CALL || is_better(&t->calls, call, best)))
            best = call;
    }
    return best;
}

static enum rg_status
oracle_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct oracle *d = data;
    const struct rg_trace *t = p->trace;
    size_t n = 0;

    d->any.n = t->n_models;
    d->any.models = rg_alloc(d->any.n, sizeof *d->any.models);
    for (uint32_t m = 0; m < d->any.n; m++)
        d->any.models[m] = m;
    if (rg_router_offer(p, &d->any, err) != RG_OK)
        return err->status;
    d->first = rg_alloc(t->n_queries, sizeof *d->first);
    for (size_t q = 0; q < t->n_queries; q++) {
        d->first[q] = n;
        n += p->samples[q];
    }
    d->best = rg_alloc(n, sizeof *d->best);
    for (uint32_t q = 0; q < t->n_queries; q++)
        for (uint32_t s = 0; s < p->samples[q]; s++) {
            uint32_t call = rg_router_oracle_call(&p->lookup, p->offered, q, s);

            d->best[d->first[q] + s] = call == RG_NO_CALL ? d->any.models[0] : t->calls.model[call];
        }
    return RG_OK;
}

static void
oracle_clear(void *data)
{
    struct oracle *d = data;

    free(d->any.models);
    free(d->first);
    free(d->best);
}

static struct rg_choice
oracle_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct oracle *d = p->router->data;

    if (view->chance < d->p)
        return (struct rg_choice){d->best[d->first[view->query] + view->sample], RG_REASON_ORACLE};
    /* What is left of the chance is uniform again. */
    return (struct rg_choice){
        rg_mask_draw(p, view->query, d->any.models, d->any.n, (view->chance - d->p) / (1 - d->p)),
        RG_REASON_RANDOM};
}

const struct rg_router_type rg_router_oracle = {
    .name = "oracle",
    .help = "the best recorded answer, the cheapest of equals: a bound, no router",
    .options =
        (const struct rg_router_option[]){
            {.name = "p",
             .kind = RG_ROUTER_NUMBER,
             .offset = offsetof(struct oracle, p),
             .def = "1",
             .help = "with this probability; else any model, with equal chances",
             .min = 0,
             .max = 1,
             .bare = true},
        },
    .n_options = 1,
    .data_size = sizeof(struct oracle),
    .oracle = true,
    .prepare = oracle_prepare,
    .clear = oracle_clear,
    .first = oracle_first,
};
