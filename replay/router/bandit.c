#include "replay/router/bandit.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/router/bandit_saved.h"
#include "replay/router/mask.h"
#include "replay/router/types.h"

const char *const rg_bandit_per_names[] = {"none", "dataset", "category", "label", NULL};

size_t
rg_bandit_groups(const struct rg_policy *p, enum rg_bandit_per per)
{
    switch (per) {
    case RG_BANDIT_NONE:
        break;
    case RG_BANDIT_DATASET:
        return p->trace->n_datasets;
    case RG_BANDIT_CATEGORY:
    case RG_BANDIT_LABEL:
        return p->trace->n_categories + 1; /* the last: none */
    }
    return 1;
}

size_t
rg_bandit_group(const struct rg_policy *p, enum rg_bandit_per per, uint32_t query)
{
    const uint32_t *column = per == RG_BANDIT_LABEL ? p->query.label : p->trace->queries.category;

    switch (per) {
    case RG_BANDIT_NONE:
        break;
    case RG_BANDIT_DATASET:
        return p->trace->queries.dataset[query];
    case RG_BANDIT_CATEGORY:
    case RG_BANDIT_LABEL:
        return column && column[query] != (uint32_t)RG_NAMES_NONE ? column[query]
                                                                  : p->trace->n_categories;
    }
    return 0;
}

struct priced {
    const struct rg_trace *trace;
    uint32_t model;
};

static int
by_price(const void *pa, const void *pb)
{
    const struct priced *a = pa, *b = pb;

    if (a->model == b->model)
        return 0;
    return rg_router_cheaper(a->trace, a->model, b->model) ? -1 : 1;
}

static void
sort_models(const struct rg_trace *t, struct rg_model_list *list)
{
    struct priced *of = rg_alloc(list->n, sizeof *of);

    for (size_t i = 0; i < list->n; i++)
        of[i] = (struct priced){t, list->models[i]};
    if (list->n > 1)
        qsort(of, list->n, sizeof *of, by_price);
    for (size_t i = 0; i < list->n; i++)
        list->models[i] = of[i].model;
    free(of);
}

enum rg_status
rg_bandit_prepare(const struct rg_policy *p, void *data, struct rg_err *err)
{
    struct rg_bandit *b = data;
    const uint32_t *m = b->models.models;
    enum rg_status status = rg_router_offer(p, &b->models, err);

    if (status != RG_OK)
        return status;
    sort_models(p->trace, &b->models);
    b->arm_of = rg_realloc(b->arm_of, p->trace->n_models, sizeof *b->arm_of);
    for (size_t i = 0; i < p->trace->n_models; i++)
        b->arm_of[i] = RG_NO_MODEL;
    for (size_t i = 0; i < b->models.n; i++)
        b->arm_of[m[i]] = (uint32_t)i;
    return rg_bandit_load(p, b, err);
}

void
rg_bandit_clear(void *data)
{
    struct rg_bandit *b = data;

    free(b->arm_of);
    rg_learnt_free(b->prior);
    b->arm_of = NULL;
    b->prior = NULL;
}

double
rg_bandit_reward(const struct rg_bandit *b, const struct rg_feedback *f)
{
    double reward = f->score;

    if (b->arm_of[f->model] == RG_NO_MODEL)
        return NAN;
    /* Not multiplied when it is 0: an unknown cost must not matter then. */
    if (b->cost_weight > 0)
        reward -= b->cost_weight * f->cost_usd;
    return isfinite(reward) ? reward : NAN;
}

size_t
rg_bandit_best(const struct rg_policy *p, const struct rg_bandit *b, uint32_t query,
               const double *value)
{
    size_t n = b->models.n, best = n;

    for (size_t i = 0; i < n; i++)
        if (rg_mask_has(p, query, b->models.models[i]) && (best == n || value[i] > value[best]))
            best = i;
    return best;
}
