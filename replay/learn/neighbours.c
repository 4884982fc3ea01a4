#include "replay/learn/neighbours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/learn/dense.h"

enum { AT_ONCE = 256 }; /* queries */

/* ---- values ---- */

static void
mean_values(const uint32_t *row, const double *weight, size_t k, const double *score, size_t m,
            double *value)
{
    for (size_t j = 0; j < m; j++) {
        double sum = 0, weights = 0;
        size_t n = 0;

        for (size_t i = 0; i < k; i++) {
            double x = score[row[i] * m + j];

            if (isnan(x))
                continue;
            sum += weight ? x * weight[i] : x;
            weights += weight ? weight[i] : 0;
            n++;
        }
        value[j] = n == 0 ? NAN : sum / (weight ? fmax(weights, 1e-300) : (double)n);
    }
}

static void
count_votes(const uint32_t *row, size_t k, const double *score, size_t m, double *value)
{
    for (size_t j = 0; j < m; j++)
        value[j] = NAN;
    for (size_t i = 0; i < k; i++) {
        const double *x = score + row[i] * m;
        size_t best = rg_dense_argmax(x, m);

        for (size_t j = 0; j < m; j++)
            value[j] = isnan(value[j]) && !isnan(x[j]) ? 0 : value[j];
        if (best < m)
            value[best] += 1;
    }
}

void
rg_neighbours_values(enum rg_neighbours_how how, const uint32_t *row, const double *similar,
                     size_t k, const double *score, size_t m, double *value)
{
    if (how == RG_NEIGHBOURS_VOTE)
        count_votes(row, k, score, m, value);
    else
        mean_values(row, how == RG_NEIGHBOURS_WEIGHTED ? similar : NULL, k, score, m, value);
}

/* ---- vectors of a model ---- */

void
rg_neighbours_keep(const struct rg_vectors *x, struct rg_learnt *out)
{
    double *start, *at, *weight;
    size_t total = 0;

    if (x->dense) {
        memcpy(rg_learnt_add(out, "rows", x->n, x->d), x->dense, x->n * x->d * sizeof *x->dense);
        return;
    }
    for (size_t i = 0; i < x->n; i++)
        total += x->sparse[i].n;
    start = rg_learnt_add(out, "start", 1, x->n + 1);
    at = rg_learnt_add(out, "at", 1, total);
    weight = rg_learnt_add(out, "place_weight", 1, total);
    rg_learnt_set(out, "places", x->places);
    total = 0;
    for (size_t i = 0; i < x->n; i++) {
        start[i] = (double)total;
        for (size_t k = 0; k < x->sparse[i].n; k++, total++) {
            at[total] = x->sparse[i].at[k];
            weight[total] = x->sparse[i].weight[k];
        }
    }
    start[x->n] = (double)total;
}

static bool
rises(const double *x, size_t n, double below)
{
    for (size_t i = 0; i < n; i++)
        if (!(x[i] >= 0 && x[i] < below && floor(x[i]) >= x[i]) || (i > 0 && x[i] < x[i - 1]))
            return false;
    return true;
}

/* Places of a row ascend without repeating. */
static bool
places_ascend(const double *start, size_t n, const double *at)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = (size_t)start[i] + 1; k < (size_t)start[i + 1]; k++)
            if (!(at[k] > at[k - 1]))
                return false;
    return true;
}

bool
rg_neighbours_has(const struct rg_learnt *l, size_t d, size_t *n)
{
    const struct rg_learnt_array *rows = rg_learnt_find(l, "rows");
    const struct rg_learnt_array *start = rg_learnt_find(l, "start"), *at = rg_learnt_find(l, "at");
    const struct rg_learnt_array *idf = rg_learnt_find(l, "idf");

    if (rows) {
        *n = rows->rows;
        return rg_learner_has(l, "rows", SIZE_MAX, d);
    }
    if (!start || !at || !idf || start->columns < 2 || start->rows != 1 || at->rows != 1 ||
        !rg_learner_has(l, "place_weight", 1, at->columns) || !rg_learner_has(l, "places", 1, 1))
        return false;
    *n = start->columns - 1;
    if (rg_learnt_number(l, "places") < (double)idf->columns ||
        rg_learnt_number(l, "places") > (double)idf->columns)
        return false;
    for (size_t k = 0; k < at->columns; k++)
        if (!(at->x[k] >= 0 && at->x[k] < (double)idf->columns && floor(at->x[k]) >= at->x[k]))
            return false;
    return rises(start->x, start->columns, (double)at->columns + 0.5) &&
           (size_t)start->x[*n] == at->columns && places_ascend(start->x, *n, at->x);
}

struct rg_knn *
rg_neighbours_index(const struct rg_learnt *l)
{
    const struct rg_learnt_array *rows = rg_learnt_find(l, "rows");
    const struct rg_learnt_array *start = rg_learnt_find(l, "start");
    const double *at, *weight;
    struct rg_sparse *v;
    struct rg_knn *index;
    size_t n;

    if (rows)
        return rg_knn_new(rows->x, rows->rows, rows->columns);
    n = start->columns - 1;
    at = rg_learnt_get(l, "at");
    weight = rg_learnt_get(l, "place_weight");
    v = rg_zalloc(n, sizeof *v);
    for (size_t i = 0; i < n; i++) {
        size_t from = (size_t)start->x[i], to = (size_t)start->x[i + 1];

        v[i].n = to - from;
        v[i].at = rg_alloc(v[i].n, sizeof *v[i].at);
        v[i].weight = rg_alloc(v[i].n, sizeof *v[i].weight);
        for (size_t k = from; k < to; k++) {
            v[i].at[k - from] = (uint32_t)at[k];
            v[i].weight[k - from] = weight[k];
        }
    }
    index = rg_knn_sparse(v, n, (uint32_t)rg_learnt_number(l, "places"));
    for (size_t i = 0; i < n; i++)
        rg_sparse_clear(&v[i]);
    free(v);
    return index;
}

size_t
rg_neighbours_find(const struct rg_knn *index, const struct rg_vectors *x, size_t i, size_t k,
                   uint32_t *row, double *similar)
{
    if (x->dense)
        return rg_knn_find(index, x->dense + i * x->d, 1, k, row, similar);
    return rg_knn_find_sparse(index, &x->sparse[i], k, row, similar);
}

/* ---- the learner ---- */

static enum rg_status
knn_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
        struct rg_err *err)
{
    (void)err;
    rg_neighbours_keep(data->x, out);
    memcpy(rg_learnt_add(out, "scores", data->n, data->m), data->score,
           data->n * data->m * sizeof *data->score);
    rg_learnt_set(out, "k", hyper->k);
    rg_learnt_set(out, "how", hyper->how);
    return RG_OK;
}

static bool
knn_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *scores = rg_learnt_find(l, "scores");
    size_t n;

    return rg_neighbours_has(l, d, &n) && scores && scores->rows == n && scores->columns == m &&
           rg_learner_has(l, "k", 1, 1) && rg_learnt_number(l, "k") >= 1 &&
           rg_learnt_number(l, "k") <= 1e9 && rg_learner_has(l, "how", 1, 1) &&
           rg_learnt_number(l, "how") >= 0 && rg_learnt_number(l, "how") <= 2;
}

static void
knn_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const struct rg_learnt_array *scores = rg_learnt_find(l, "scores");
    enum rg_neighbours_how how = (enum rg_neighbours_how)rg_learnt_number(l, "how");
    size_t k = (size_t)rg_learnt_number(l, "k");
    struct rg_knn *index = rg_neighbours_index(l);
    uint32_t *row;
    double *similar;

    k = k < scores->rows ? k : scores->rows;
    row = rg_alloc(AT_ONCE * k, sizeof *row);
    similar = rg_alloc(AT_ONCE * k, sizeof *similar);
    for (size_t i = 0; i < x->n; i += AT_ONCE) {
        size_t n = x->n - i < AT_ONCE ? x->n - i : AT_ONCE;

        if (x->dense)
            rg_knn_find(index, x->dense + i * x->d, n, k, row, similar);
        for (size_t r = 0; r < n; r++) {
            if (!x->dense)
                rg_knn_find_sparse(index, &x->sparse[i + r], k, row + r * k, similar + r * k);
            rg_neighbours_values(how, row + r * k, similar + r * k, k, scores->x, m,
                                 value + (i + r) * m);
        }
    }
    free(row);
    free(similar);
    rg_knn_free(index);
}

const struct rg_learner rg_learner_knn = {
    .name = "knn",
    .sparse = true,
    .fit = knn_fit,
    .check = knn_check,
    .predict = knn_predict,
};
