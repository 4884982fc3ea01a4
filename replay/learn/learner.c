#include "replay/learn/learner.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "base/sum.h"

const struct rg_learner *const rg_learners[] = {
    &rg_learner_knn,          &rg_learner_ridge,       &rg_learner_logistic, &rg_learner_mlp,
    &rg_learner_svm,          &rg_learner_clusters,    &rg_learner_gmm,      &rg_learner_avengers,
    &rg_learner_avengers_pro, &rg_learner_embedllm,    &rg_learner_irt,      &rg_learner_graph,
    &rg_learner_elo,          &rg_learner_routellm_mf, &rg_learner_sw_elo,   &rg_learner_hybrid,
    &rg_learner_frugal,
};
const size_t rg_n_learners = sizeof rg_learners / sizeof *rg_learners;

const struct rg_learner *
rg_learner_find(const char *name)
{
    for (size_t i = 0; i < rg_n_learners; i++)
        if (strcmp(rg_learners[i]->name, name) == 0)
            return rg_learners[i];
    return NULL;
}

bool
rg_learner_has(const struct rg_learnt *l, const char *name, size_t rows, size_t columns)
{
    const struct rg_learnt_array *a = rg_learnt_find(l, name);

    if (!a || a->rows == 0 || a->columns == 0 || (rows != SIZE_MAX && a->rows != rows) ||
        (columns != SIZE_MAX && a->columns != columns))
        return false;
    for (size_t i = 0; i < a->rows * a->columns; i++)
        if (!isfinite(a->x[i]))
            return false;
    return true;
}

static double
mean_of(const double *x, size_t n, size_t m, size_t column)
{
    struct rg_sum sum = {0};
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i * m + column])) {
            rg_sum_add(&sum, x[i * m + column]);
            known++;
        }
    return known ? rg_sum_value(&sum) / (double)known : NAN;
}

void
rg_learner_means(const struct rg_learn_data *data, double *score, double *cost)
{
    for (size_t j = 0; j < data->m; j++) {
        if (score)
            score[j] = mean_of(data->score, data->n, data->m, j);
        if (cost)
            cost[j] = mean_of(data->cost, data->n, data->m, j);
    }
}

double
rg_learner_quantile(const double *sorted, size_t n, double q)
{
    double pos = q * (double)(n - 1), t, step;
    size_t lo = (size_t)floor(pos);

    assert(n > 0);
    if (lo >= n - 1)
        return sorted[n - 1];
    t = pos - (double)lo;
    step = sorted[lo + 1] - sorted[lo];
    return t >= 0.5 ? sorted[lo + 1] - step * (1 - t) : sorted[lo] + step * t;
}

/* ---- pairs ---- */

double
rg_learner_threshold(const struct rg_hyper *hyper, const double *rate, size_t n)
{
    double *sorted, threshold;

    if (!(hyper->share >= 0) || n == 0)
        return hyper->threshold;
    sorted = rg_alloc(n, sizeof *sorted);
    memcpy(sorted, rate, n * sizeof *sorted);
    rg_sort(sorted, n);
    threshold = rg_learner_quantile(sorted, n, 1 - hyper->share);
    /* The quantile itself still goes to the strong model: a share of 0 needs more than the most. */
    if (!(hyper->share > 0))
        threshold = nextafter(sorted[n - 1], INFINITY);
    free(sorted);
    return threshold;
}

void
rg_learner_pair_values(double rate, double threshold, size_t strong, size_t weak, size_t m,
                       double *value)
{
    for (size_t j = 0; j < m; j++)
        value[j] = NAN;
    value[weak] = 0;
    value[strong] = rate >= threshold ? fmax(rate - threshold, DBL_MIN) : rate - threshold;
}

void
rg_learner_say_pair(struct rg_learnt *out, const struct rg_learn_data *data, double threshold)
{
    rg_learnt_set(out, "strong", (double)data->strong);
    rg_learnt_set(out, "weak", (double)data->weak);
    rg_learnt_set(out, "threshold", threshold);
}

static bool
is_column(const struct rg_learnt *l, const char *name, size_t m)
{
    double x;

    if (!rg_learner_has(l, name, 1, 1))
        return false;
    x = rg_learnt_number(l, name);
    return x >= 0 && x < (double)m && floor(x) >= x;
}

bool
rg_learner_has_pair(const struct rg_learnt *l, size_t m)
{
    return is_column(l, "strong", m) && is_column(l, "weak", m) &&
           rg_learner_has(l, "threshold", 1, 1);
}
