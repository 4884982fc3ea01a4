/* AutoMix: see replay/learn/automix.h. The verifier is recorded, as an attribute of the queries. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/learn/automix.h"
#include "replay/learn/outcomes.h"
#include "replay/router/means.h"
#include "replay/router/types.h"

struct automix {
    char *verifier; /* attribute */
    uint32_t small, large;
    double verifier_usd;
    int by; /* enum rg_automix_kind */
    /* prepared */
    uint32_t model[2];
    struct rg_automix choice;
    double *confidence; /* per query of the trace */
};

/* Small: the cheapest of the train queries; large: the best other one, unless they are named. */
static enum rg_status
choose_models(const struct rg_policy *p, struct automix *d, struct rg_err *err)
{
    const struct rg_trace *t = p->trace;
    struct rg_model_mean *mean = rg_alloc(t->n_models, sizeof *mean);
    uint32_t small = d->small, large = d->large;

    rg_model_means(&p->lookup, p->train, p->n_train, NULL, 1, mean);
    rg_model_means_mask(p, 1, mean);
    for (uint32_t m = 0; m < t->n_models && d->small == RG_NO_MODEL; m++)
        if (m != large && !isnan(mean[m].score) && !isnan(mean[m].cost_usd) &&
            (small == RG_NO_MODEL || mean[m].cost_usd < mean[small].cost_usd))
            small = m;
    for (uint32_t m = 0; m < t->n_models && d->large == RG_NO_MODEL; m++)
        if (m != small && !isnan(mean[m].score) &&
            (large == RG_NO_MODEL || mean[m].score > mean[large].score))
            large = m;
    free(mean);
    if (small == RG_NO_MODEL || large == RG_NO_MODEL || small == large)
        return rg_err_set(err, RG_EUSAGE,
                          "router 'automix' needs two models with scores and costs, a small and a "
                          "large one (small=MODEL, large=MODEL)");
    d->model[0] = small;
    d->model[1] = large;
    return RG_OK;
}

/* Train queries on which everything is known; the columns of rows are one block behind *room. */
static void
collect(const struct rg_policy *p, const struct automix *d, double **room,
        struct rg_automix_rows *rows)
{
    struct rg_outcomes o;
    double *x[5];

    rg_outcomes_init(&o, &p->lookup, p->train, p->n_train);
    *room = rg_alloc(5 * o.n + 1, sizeof **room);
    for (size_t k = 0; k < 5; k++)
        x[k] = *room + k * o.n;
    *rows = (struct rg_automix_rows){0, x[0], x[1], x[2], x[3], x[4], d->verifier_usd};
    for (size_t i = 0; i < o.n; i++) {
        size_t small = i * o.m + d->model[0], large = i * o.m + d->model[1];
        bool known = true;

        x[0][rows->n] = d->confidence[p->train[i]];
        x[1][rows->n] = o.score[small];
        x[2][rows->n] = o.score[large];
        x[3][rows->n] = o.cost[small];
        x[4][rows->n] = o.cost[large];
        for (size_t k = 0; k < 5; k++)
            known = known && !isnan(x[k][rows->n]);
        rows->n += known;
    }
    rg_outcomes_clear(&o);
}

static enum rg_status
search(const struct rg_policy *p, struct automix *d, struct rg_err *err)
{
    struct rg_automix_rows rows;
    struct rg_automix_found found;
    enum rg_status status = RG_OK;
    double *room;

    collect(p, d, &room, &rows);
    if (rows.n == 0)
        status = rg_err_set(err, RG_EINPUT,
                            "%s: router 'automix' finds no train query with '%s' and the scores "
                            "and costs of both models",
                            p->trace->path, d->verifier);
    else if (!rg_automix_search((enum rg_automix_kind)d->by, &rows, &found))
        status = rg_err_set(err, RG_EINPUT,
                            "%s: router 'automix' finds nothing to gain: both models score or cost "
                            "the same on the train queries",
                            p->trace->path);
    else
        d->choice = found.choice;
    free(room);
    return status;
}

static enum rg_status
prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct automix *d = data;
    enum rg_status status = choose_models(p, d, err);

    if (status != RG_OK)
        return status;
    d->confidence = rg_alloc(p->trace->n_queries, sizeof *d->confidence);
    status = rg_trace_query_attr(p->trace, d->verifier, d->confidence, err);
    for (size_t q = 0; status == RG_OK && q < p->trace->n_queries; q++)
        if (d->confidence[q] < 0 || d->confidence[q] > 1)
            status =
                rg_err_set(err, RG_EINPUT,
                           "%s: attribute '%s' of query '%.80s' is no confidence (found %g, "
                           "expected 0 to 1)",
                           p->trace->path, d->verifier, p->trace->queries.id[q], d->confidence[q]);
    return status == RG_OK ? search(p, d, err) : status;
}

static void
clear(void *data)
{
    struct automix *d = data;

    free(d->confidence);
    d->confidence = NULL;
}

static struct rg_choice
first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct automix *d = p->router->data;

    (void)view;
    return (struct rg_choice){d->model[0], RG_REASON_SLM_FIRST};
}

static struct rg_choice
next(const struct rg_policy *p, const struct rg_router_view *view, const struct rg_attempt *last)
{
    const struct automix *d = p->router->data;
    enum rg_reason reason = !last->answered   ? RG_REASON_CALL_FAILED
                            : !last->accepted ? RG_REASON_CONTRACT_FAILED
                                              : RG_REASON_LOW_CONFIDENCE;

    if (last->decision == RG_REASON_SAFETY || last->decisions > 0)
        return rg_choice_none();
    if (reason == RG_REASON_LOW_CONFIDENCE &&
        !rg_automix_asks(&d->choice, d->confidence[view->query]))
        return rg_choice_none();
    return (struct rg_choice){d->model[1], reason};
}

static const char *const kinds[] = {"single", "double", "triple", NULL};

static const struct rg_router_option options[] = {
    {.name = "verifier",
     .kind = RG_ROUTER_TEXT,
     .offset = offsetof(struct automix, verifier),
     .def = "verifier",
     .help = "attribute of queries: how sure a verifier is of the small model's answer, 0 to 1",
     .bare = true},
    {.name = "by",
     .kind = RG_ROUTER_CHOICE,
     .offset = offsetof(struct automix, by),
     .def = "single",
     .help = "the large model from 0 to one threshold (single), between two, or both (triple)",
     .choices = kinds},
    {.name = "small",
     .kind = RG_ROUTER_MODEL,
     .offset = offsetof(struct automix, small),
     .def = "",
     .help = "the small model (default: the cheapest of the train queries)"},
    {.name = "large",
     .kind = RG_ROUTER_MODEL,
     .offset = offsetof(struct automix, large),
     .def = "",
     .help = "the large model (default: the best other of the train queries)"},
    {.name = "verifier_usd",
     .kind = RG_ROUTER_NUMBER,
     .offset = offsetof(struct automix, verifier_usd),
     .def = "0",
     .help = "USD that the verifier costs a query, where thresholds are chosen",
     .max = 1e12},
};

const struct rg_router_type rg_router_automix = {
    .name = "automix",
    .help = "the small model, then the large one where a recorded verifier is not sure",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .data_size = sizeof(struct automix),
    .trains = true,
    .prepare = prepare,
    .clear = clear,
    .first = first,
    .next = next,
};
