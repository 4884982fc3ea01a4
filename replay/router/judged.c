/* RouterBench's cascade: models by price, each asked unless a judge accepts the answer before or
 * the row's budget is used up. The judge knows the recorded score, and errs with probability eps: a
 * bound for cascades, no router (Q. J. Hu et al., "RouterBench", 2024, section 4.2). The judge's
 * chances are drawn for each query and stage, so they are the same in every cell. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/sort.h"
#include "replay/learn/outcomes.h"
#include "replay/router/mask.h"
#include "replay/router/types.h"

struct judged {
    struct rg_model_list models;
    double eps, budget, quantile, threshold, seed;
    double accept; /* score from which on an answer is good */
};

/* Sum of a model's two prices, and what its train answers cost on average. */
struct costly {
    double price, mean;
    size_t at; /* in the list */
    uint32_t model;
};

static int
by_cost(const void *pa, const void *pb)
{
    const struct costly *a = pa, *b = pb;

    if (a->price < b->price || a->price > b->price)
        return a->price < b->price ? -1 : 1;
    if (a->mean < b->mean || a->mean > b->mean)
        return a->mean < b->mean ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static double
mean_cost(const struct rg_outcomes *o, size_t model)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < o->n; i++)
        if (!isnan(o->cost[i * o->m + model])) {
            sum += o->cost[i * o->m + model];
            n++;
        }
    return n ? sum / (double)n : INFINITY;
}

/* By price; where it is not known of all of them, by the mean recorded cost alone. */
static void
sort_models(const struct rg_policy *p, struct rg_model_list *list, const struct rg_outcomes *o)
{
    struct costly *of = rg_alloc(list->n, sizeof *of);
    bool priced = true;

    for (size_t i = 0; i < list->n; i++) {
        const struct rg_trace_model *m = &p->trace->models[list->models[i]];

        of[i] = (struct costly){m->input_usd_per_mtok + m->output_usd_per_mtok,
                                mean_cost(o, list->models[i]), i, list->models[i]};
        priced = priced && !isnan(of[i].price);
    }
    for (size_t i = 0; i < list->n && !priced; i++)
        of[i].price = 0;
    if (list->n > 1)
        qsort(of, list->n, sizeof *of, by_cost);
    for (size_t i = 0; i < list->n; i++)
        list->models[i] = of[i].model;
    free(of);
}

static enum rg_status
prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct judged *d = data;
    enum rg_status status = rg_router_offer(p, &d->models, err);
    struct rg_lookup train = rg_policy_train(p);
    struct rg_outcomes o;
    double *score;
    size_t n = 0;

    if (status != RG_OK)
        return status;
    rg_outcomes_init(&o, &train, p->train, p->n_train);
    sort_models(p, &d->models, &o);
    score = rg_alloc(o.n * o.m, sizeof *score);
    for (size_t i = 0; i < o.n * o.m; i++)
        if (!isnan(o.score[i]))
            score[n++] = o.score[i];
    rg_sort(score, n);
    d->accept = d->threshold >= 0 ? d->threshold : rg_quantile7(score, n, d->quantile);
    free(score);
    rg_outcomes_clear(&o);
    if (isnan(d->accept))
        return rg_err_set(err, RG_EINPUT, "%s: router 'judged-cascade' needs recorded scores",
                          p->trace->path);
    return RG_OK;
}

static uint32_t
stage_model(const struct rg_policy *p, const struct rg_router_view *view, size_t stage)
{
    const struct judged *d = p->router->data;

    return rg_mask_at(p, view->query, d->models.models, d->models.n, stage);
}

static struct rg_choice
first(const struct rg_policy *p, const struct rg_router_view *view)
{
    return (struct rg_choice){stage_model(p, view, 0), RG_REASON_CASCADE};
}

static double
cost_of(const struct rg_policy *p, const struct rg_router_view *view, uint32_t model)
{
    uint32_t call = rg_lookup_find(&p->lookup, view->query, model, view->sample).call;
    double cost = call == RG_NO_CALL ? 0 : p->trace->calls.cost_usd[call];

    return isnan(cost) ? 0 : cost;
}

static struct rg_choice
next(const struct rg_policy *p, const struct rg_router_view *view, const struct rg_attempt *last)
{
    const struct judged *d = p->router->data;
    size_t stage = (size_t)last->decisions + 1;
    uint32_t model = stage_model(p, view, stage);
    double score = last->call == RG_NO_CALL ? NAN : p->trace->calls.score[last->call], spent = 0;
    bool wrong = rg_rng_unit_at((uint64_t)d->seed, view->query, RG_PURPOSE_ROUTER, stage) < d->eps;
    bool good = last->answered && score >= d->accept;

    if (last->decision == RG_REASON_SAFETY || model == RG_NO_MODEL || good != wrong)
        return rg_choice_none();
    for (size_t k = 0; k < stage; k++)
        spent += cost_of(p, view, stage_model(p, view, k));
    if (cost_of(p, view, model) >= d->budget - spent && spent > 0)
        return rg_choice_none();
    return (struct rg_choice){model,
                              last->answered ? RG_REASON_LOW_CONFIDENCE : RG_REASON_CALL_FAILED};
}

static const struct rg_router_option options[] = {
    {.name = "eps",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct judged, eps),
     .def = "0",
     .help = "probability that the judge errs",
     .max = 1,
     .bare = true},
    {.name = "budget",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct judged, budget),
     .def = "1e9",
     .help = "USD that a query may cost",
     .max = 1e12},
    {.name = "quantile",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct judged, quantile),
     .def = "0.95",
     .help = "of the train scores: from there on an answer is good",
     .max = 1},
    {.name = "threshold",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct judged, threshold),
     .def = "-1",
     .help = "that score itself; -1: the quantile",
     .min = -1,
     .max = 1e12},
    {.name = "seed",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct judged, seed),
     .def = "42",
     .help = "of the judge's errors",
     .max = 4294967295.0},
    {.name = "models",
     .kind = RG_ROUTER_MODELS,
     .offset = offsetof(struct judged, models),
     .def = "",
     .help = "joined by '+' (default: all of the trace)"},
};

const struct rg_router_type rg_router_judged_cascade = {
    .name = "judged-cascade",
    .help = "cheapest first, behind a judge that knows the score: a bound, no router",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct judged),
    .oracle = true,
    .trains = true,
    .prepare = prepare,
    .first = first,
    .next = next,
};
