#include "replay/learn/chances.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/learn/clusters.h"
#include "replay/learn/dense.h"
#include "replay/learn/mixture.h"
#include "replay/learn/neighbours.h"

static double
entropy(const double *p, size_t m, double least)
{
    double sum = 0;

    for (size_t j = 0; j < m; j++)
        if (p[j] > least)
            sum -= p[j] * log2(p[j]);
    return sum;
}

/* Of softmax(v), or of the logits of chances v. */
static double
softmax_bits(const double *v, size_t m, bool logits, double *room)
{
    double top = NAN, sum = 0;

    for (size_t j = 0; j < m; j++) {
        room[j] = logits ? log(v[j] / (1 - v[j])) : v[j];
        top = fmax(top, room[j]);
    }
    for (size_t j = 0; j < m; j++) {
        room[j] = isnan(room[j]) ? 0 : exp(room[j] - top);
        sum += room[j];
    }
    for (size_t j = 0; j < m; j++)
        room[j] /= sum;
    return sum > 0 ? entropy(room, m, 1e-10) : NAN;
}

/* The model of each of k clusters: its best, where it has any. */
static void
models_of(const struct rg_learnt *l, size_t k, size_t m, size_t *model)
{
    const double *score = rg_learnt_get(l, "cluster_scores"), *means = rg_learnt_get(l, "means");

    for (size_t c = 0; c < k; c++) {
        model[c] = rg_dense_argmax(score + c * m, m);
        if (model[c] == m)
            model[c] = rg_dense_argmax(means, m);
    }
}

static void
near_clusters(const struct rg_learnt_array *centres, const double *x, double *share)
{
    uint32_t member;
    double sum = 0;

    rg_kmeans_assign(x, 1, centres->columns, centres->x, centres->rows, &member, share);
    for (size_t c = 0; c < centres->rows; c++)
        sum += share[c] = 1 / (sqrt(share[c]) + 1e-10);
    for (size_t c = 0; c < centres->rows; c++)
        share[c] /= sum;
}

static void
cluster_bits(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, bool mixture,
             double *bits)
{
    const struct rg_learnt_array *centres = rg_learnt_find(l, "centres");
    size_t k = centres->rows, *model = rg_alloc(k, sizeof *model);
    double *share = rg_alloc(k, sizeof *share), *p = rg_alloc(m + 1, sizeof *p);

    models_of(l, k, m, model);
    for (size_t i = 0; i < x->n; i++) {
        if (mixture)
            rg_mixture_shares(l, x->dense + i * x->d, x->d, share);
        else
            near_clusters(centres, x->dense + i * x->d, share);
        memset(p, 0, (m + 1) * sizeof *p);
        for (size_t c = 0; c < k; c++)
            p[model[c]] += share[c];
        bits[i] = entropy(p, m, 1e-4);
    }
    free(model);
    free(share);
    free(p);
}

bool
rg_chances_bits(const struct rg_learner *learner, const struct rg_learnt *l,
                const struct rg_vectors *x, size_t m, const double *value, double *bits)
{
    bool logits = learner == &rg_learner_logistic;
    double *room;

    if (learner == &rg_learner_clusters || learner == &rg_learner_gmm) {
        cluster_bits(l, x, m, learner == &rg_learner_gmm, bits);
        return true;
    }
    if (!logits && learner != &rg_learner_ridge && learner != &rg_learner_mlp &&
        (learner != &rg_learner_knn || rg_learnt_number(l, "how") > RG_NEIGHBOURS_MEAN))
        return false;
    room = rg_alloc(m, sizeof *room);
    for (size_t i = 0; i < x->n; i++)
        bits[i] = softmax_bits(value + i * m, m, logits, room);
    free(room);
    return true;
}
