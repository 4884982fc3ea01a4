#include "replay/router/means.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "replay/router/router.h"

struct sums {
    struct rg_sum score, cost;
    uint32_t n_score, n_cost;
};

/* Mean over the samples of a query and model within a variant, from its first call on. */
static void
add_query(const struct rg_trace *t, uint32_t first, struct sums *to)
{
    const struct rg_trace_calls *c = &t->calls;
    double score = 0, cost = 0;
    uint32_t n = 0;

    for (uint32_t i = first; i < t->queries.first[c->query[first] + 1] &&
                             c->model[i] == c->model[first] && c->variant[i] == c->variant[first];
         i++, n++) {
        score += c->score[i];
        cost += c->cost_usd[i];
    }
    if (!isnan(score)) {
        rg_sum_add(&to->score, score / n);
        to->n_score++;
    }
    if (!isnan(cost)) {
        rg_sum_add(&to->cost, cost / n);
        to->n_cost++;
    }
}

static uint32_t
first_sample(const struct rg_trace *t, uint32_t call)
{
    const struct rg_trace_calls *c = &t->calls;

    while (call > t->queries.first[c->query[call]] && c->model[call - 1] == c->model[call] &&
           c->variant[call - 1] == c->variant[call])
        call--;
    return call;
}

void
rg_model_means(const struct rg_lookup *l, const uint32_t *queries, size_t n, const uint32_t *group,
               size_t n_groups, struct rg_model_mean *means)
{
    const struct rg_trace *t = l->trace;
    size_t cells = n_groups * t->n_models;
    struct sums *sums = rg_zalloc(cells, sizeof *sums);

    for (size_t i = 0; i < n; i++) {
        uint32_t q = queries[i];
        size_t at = group ? (size_t)group[q] * t->n_models : 0;
        uint32_t last = RG_NO_MODEL;

        if (group && group[q] == UINT32_MAX)
            continue;
        for (uint32_t c = t->queries.first[q]; c < t->queries.first[q + 1]; c++) {
            uint32_t model = t->calls.model[c];
            struct rg_found found;

            if (model == last)
                continue;
            last = model;
            found = rg_lookup_find(l, q, model, 0);
            if (found.call != RG_NO_CALL)
                add_query(t, first_sample(t, found.call), &sums[at + model]);
        }
    }
    for (size_t i = 0; i < cells; i++)
        means[i] = (struct rg_model_mean){
            .score = sums[i].n_score ? rg_sum_value(&sums[i].score) / sums[i].n_score : NAN,
            .cost_usd = sums[i].n_cost ? rg_sum_value(&sums[i].cost) / sums[i].n_cost : NAN,
            .n = sums[i].n_score};
    free(sums);
}

static bool
is_better(const struct rg_trace *t, const struct rg_model_mean *means, uint32_t a, uint32_t b)
{
    double cost_a = isnan(means[a].cost_usd) ? INFINITY : means[a].cost_usd;
    double cost_b = isnan(means[b].cost_usd) ? INFINITY : means[b].cost_usd;

    if (means[a].score > means[b].score || means[a].score < means[b].score)
        return means[a].score > means[b].score;
    if (cost_a < cost_b || cost_a > cost_b)
        return cost_a < cost_b;
    return rg_router_cheaper(t, a, b);
}

uint32_t
rg_model_best(const struct rg_trace *t, const struct rg_model_mean *means)
{
    uint32_t best = RG_NO_MODEL;

    for (uint32_t m = 0; m < t->n_models; m++)
        if (means[m].n > 0 && (best == RG_NO_MODEL || is_better(t, means, m, best)))
            best = m;
    return best;
}

struct ranked {
    const struct rg_trace *trace;
    const struct rg_model_mean *means;
    uint32_t model;
};

/* is_better() decides for any two models with scores but one and the same. */
static int
by_rank(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;

    if (a->model == b->model)
        return 0;
    return is_better(a->trace, a->means, a->model, b->model) ? -1 : 1;
}

size_t
rg_model_rank(const struct rg_trace *t, const struct rg_model_mean *means, uint32_t *ranked)
{
    struct ranked *of = rg_alloc(t->n_models, sizeof *of);
    size_t n = 0;

    for (uint32_t m = 0; m < t->n_models; m++)
        if (means[m].n > 0)
            of[n++] = (struct ranked){t, means, m};
    if (n > 1)
        qsort(of, n, sizeof *of, by_rank);
    for (size_t i = 0; i < n; i++)
        ranked[i] = of[i].model;
    free(of);
    return n;
}

void
rg_model_means_mask(const struct rg_policy *p, size_t n_groups, struct rg_model_mean *means)
{
    for (size_t i = 0; p->offered && i < n_groups * p->trace->n_models; i++)
        if (!p->offered[i % p->trace->n_models])
            means[i] = (struct rg_model_mean){NAN, NAN, 0};
}
