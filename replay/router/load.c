/* Routers that look at the load of the endpoints. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "replay/router/mask.h"
#include "replay/router/means.h"
#include "replay/router/types.h"

/* ---- least-loaded ---- */

struct least_loaded {
    struct rg_model_list models;
};

/* By the share of its slots in use, queue included, then by the wait, then as listed. */
static bool
is_idler(const struct rg_load *a, const struct rg_load *b)
{
    if (a->use < b->use || a->use > b->use)
        return a->use < b->use;
    return a->wait_s < b->wait_s;
}

static struct rg_choice
least_loaded_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct least_loaded *d = p->router->data;
    uint32_t best = RG_NO_MODEL;

    for (size_t i = 0; i < d->models.n; i++) {
        uint32_t m = d->models.models[i];

        if (rg_mask_has(p, view->query, m) &&
            (best == RG_NO_MODEL || is_idler(&view->load[m], &view->load[best])))
            best = m;
    }
    return (struct rg_choice){best, RG_REASON_LEAST_LOADED};
}

static enum rg_status
least_loaded_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    return rg_router_offer(p, &((struct least_loaded *)data)->models, err);
}

const struct rg_router_type rg_router_least_loaded = {
    .name = "least-loaded",
    .help = "the model whose endpoint has the fewest calls for its slots",
    .options =
        (const struct rg_router_option[]){
            {.name = "models",
             .kind = RG_ROUTER_MODELS,
             .offset = offsetof(struct least_loaded, models),
             .def = "",
             .help = "the models, joined by '+', of equals the first (default: all of the trace)",
             .bare = true},
        },
    .n_options = 1,
    .data_size = sizeof(struct least_loaded),
    .uses_load = true,
    .prepare = least_loaded_prepare,
    .first = least_loaded_first,
};

/* ---- slo-aware ---- */

enum by { PER_DOLLAR, QUALITY, COST };

struct slo_aware {
    double deadline_ms;
    struct rg_model_list models;
    int by;
    double *worth; /* per model: the more the better */
};

static double
worth_of(const struct rg_model_mean *m, int by)
{
    if (m->n == 0)
        return -INFINITY;
    if (by == QUALITY)
        return m->score;
    if (isnan(m->cost_usd))
        return -INFINITY;
    return by == COST ? -m->cost_usd : m->cost_usd > 0 ? m->score / m->cost_usd : INFINITY;
}

static enum rg_status
slo_aware_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct slo_aware *d = data;
    struct rg_lookup train = rg_policy_train(p);
    struct rg_model_mean *means;

    if (rg_router_offer(p, &d->models, err) != RG_OK)
        return err->status;
    means = rg_alloc(p->trace->n_models, sizeof *means);
    rg_model_means(&train, p->train, p->n_train, NULL, 1, means);
    d->worth = rg_alloc(p->trace->n_models, sizeof *d->worth);
    for (size_t m = 0; m < p->trace->n_models; m++)
        d->worth[m] = worth_of(&means[m], d->by);
    free(means);
    return RG_OK;
}

static void
slo_aware_clear(void *data)
{
    free(((struct slo_aware *)data)->worth);
}

static double
expected_s(const struct rg_load *load)
{
    return load->wait_s + load->service_s;
}

static struct rg_choice
slo_aware_first(const struct rg_policy *p, const struct rg_router_view *view)
{
    const struct slo_aware *d = p->router->data;
    uint32_t best = RG_NO_MODEL, fastest = RG_NO_MODEL;

    for (size_t i = 0; i < d->models.n; i++) {
        uint32_t m = d->models.models[i];
        double time = expected_s(&view->load[m]);

        if (!rg_mask_has(p, view->query, m))
            continue;
        if (fastest == RG_NO_MODEL || time < expected_s(&view->load[fastest]))
            fastest = m;
        if (time * 1e3 <= d->deadline_ms && (best == RG_NO_MODEL || d->worth[m] > d->worth[best]))
            best = m;
    }
    if (best == RG_NO_MODEL)
        return (struct rg_choice){fastest, RG_REASON_SLO_MISSED};
    return (struct rg_choice){best, RG_REASON_SLO_MET};
}

static const char *const by_names[] = {"quality-per-dollar", "quality", "cost", NULL};

const struct rg_router_type rg_router_slo_aware = {
    .name = "slo-aware",
    .help = "of the models expected within a deadline the best value by --train, else the fastest",
    .options =
        (const struct rg_router_option[]){
            {.name = "deadline",
             .kind = RG_ROUTER_NUMBER,
             .offset = offsetof(struct slo_aware, deadline_ms),
             .def = "3000",
             .help = "for expected wait plus service, ms",
             .max = 1e12,
             .bare = true},
            {.name = "models",
             .kind = RG_ROUTER_MODELS,
             .offset = offsetof(struct slo_aware, models),
             .def = "",
             .help = "the models, joined by '+', of equals the first (default: all of the trace)"},
            {.name = "by",
             .kind = RG_ROUTER_CHOICE,
             .offset = offsetof(struct slo_aware, by),
             .def = "quality-per-dollar",
             .help = "what is best within the deadline: quality-per-dollar, quality, cost",
             .choices = by_names},
        },
    .n_options = 3,
    .data_size = sizeof(struct slo_aware),
    .trains = true,
    .uses_load = true,
    .prepare = slo_aware_prepare,
    .clear = slo_aware_clear,
    .first = slo_aware_first,
};
