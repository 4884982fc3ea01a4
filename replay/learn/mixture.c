/* Gaussian mixture with diagonal covariances by expectation maximisation (A. P. Dempster, N. M.
 * Laird, D. B. Rubin, JRSS B 39 (1977) 1-38), begun at the clusters of rg_kmeans_far; as in
 * RouterEval a query goes to the model that is best on its likeliest component. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/learn/clusters.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"
#include "replay/learn/mixture.h"

static const double floor_of_variance = 1e-6;
enum { MOST_ROUNDS = 100 };

struct mixture {
    size_t n, d, k;
    const double *x;
    double *centre, *variance, *log_weight; /* k x d, k x d, k */
};

/* ln of weight times density, for each component. */
static void
log_densities(const struct mixture *m, const double *x, double *out)
{
    static const double ln_2pi = 1.8378770664093453;

    for (size_t c = 0; c < m->k; c++) {
        const double *mu = m->centre + c * m->d, *v = m->variance + c * m->d;
        double sum = 0;

        for (size_t j = 0; j < m->d; j++)
            sum += (x[j] - mu[j]) * (x[j] - mu[j]) / v[j] + log(v[j]);
        out[c] = m->log_weight[c] - 0.5 * (sum + (double)m->d * ln_2pi);
    }
}

/* Responsibilities in the place of log densities; returns the log likelihood. */
static double
normalise(double *p, size_t k)
{
    double top = p[rg_dense_argmax(p, k)], sum = 0;

    for (size_t c = 0; c < k; c++)
        sum += exp(p[c] - top);
    for (size_t c = 0; c < k; c++)
        p[c] = exp(p[c] - top) / sum;
    return top + log(sum);
}

static void
maximise(struct mixture *m, const double *share)
{
    for (size_t c = 0; c < m->k; c++) {
        double *mu = m->centre + c * m->d, *v = m->variance + c * m->d, total = 0;

        for (size_t i = 0; i < m->n; i++)
            total += share[i * m->k + c];
        m->log_weight[c] = log(fmax(total, 1e-12) / (double)m->n);
        if (!(total > 1e-9))
            continue;
        memset(mu, 0, m->d * sizeof *mu);
        for (size_t i = 0; i < m->n; i++)
            rg_dense_add(mu, share[i * m->k + c] / total, m->x + i * m->d, m->d);
        for (size_t j = 0; j < m->d; j++)
            v[j] = floor_of_variance;
        for (size_t i = 0; i < m->n; i++)
            for (size_t j = 0; j < m->d; j++) {
                double off = m->x[i * m->d + j] - mu[j];

                v[j] += share[i * m->k + c] / total * off * off;
            }
    }
}

static void
climb(struct mixture *m, double *share)
{
    double before = -INFINITY;

    for (int round = 0; round < MOST_ROUNDS; round++) {
        double sum = 0;

        maximise(m, share);
        for (size_t i = 0; i < m->n; i++) {
            log_densities(m, m->x + i * m->d, share + i * m->k);
            sum += normalise(share + i * m->k, m->k);
        }
        if (sum - before <= 1e-3 * (double)m->n * 1e-3)
            break;
        before = sum;
    }
}

static enum rg_status
gmm_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
        struct rg_err *err)
{
    size_t k = (size_t)hyper->k < data->n ? (size_t)hyper->k : data->n, d = data->x->d;
    struct mixture m = {.n = data->n, .d = d, .k = k, .x = data->x->dense};
    double *share = rg_zalloc(data->n * k, sizeof *share), *value, *weight;
    struct rg_kmeans start;

    (void)err;
    m.centre = rg_learnt_add(out, "centres", k, d);
    m.variance = rg_learnt_add(out, "variances", k, d);
    m.log_weight = rg_learnt_add(out, "log_weights", 1, k);
    value = rg_learnt_add(out, "cluster_scores", k, data->m);
    rg_learner_means(data, rg_learnt_add(out, "means", 1, data->m), NULL);
    rg_kmeans_far(m.x, m.n, d, k, &start);
    memcpy(m.centre, start.centres, k * d * sizeof *m.centre);
    for (size_t i = 0; i < k * d; i++)
        m.variance[i] = 1;
    for (size_t i = 0; i < m.n; i++)
        share[i * k + start.member[i]] = 1;
    rg_kmeans_clear(&start);
    climb(&m, share);
    weight = rg_zalloc(k * data->m, sizeof *weight);
    for (size_t i = 0; i < m.n; i++)
        for (size_t at = 0; at < k * data->m; at++) {
            double x = data->score[i * data->m + at % data->m];

            if (!isnan(x)) {
                value[at] += share[i * k + at / data->m] * x;
                weight[at] += share[i * k + at / data->m];
            }
        }
    for (size_t at = 0; at < k * data->m; at++)
        value[at] = weight[at] > 1e-9 ? value[at] / weight[at] : NAN;
    free(weight);
    free(share);
    return RG_OK;
}

static bool
gmm_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *centres = rg_learnt_find(l, "centres");
    const struct rg_learnt_array *scores = rg_learnt_find(l, "cluster_scores");
    const struct rg_learnt_array *means = rg_learnt_find(l, "means"), *v;

    if (!rg_learner_has(l, "centres", SIZE_MAX, d) ||
        !rg_learner_has(l, "variances", centres->rows, d) ||
        !rg_learner_has(l, "log_weights", 1, centres->rows) || !scores || !means ||
        scores->rows != centres->rows || scores->columns != m || means->columns != m ||
        means->rows != 1)
        return false;
    v = rg_learnt_find(l, "variances");
    for (size_t i = 0; i < v->rows * v->columns; i++)
        if (!(v->x[i] > 0))
            return false;
    return true;
}

static void
gmm_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const struct rg_learnt_array *centres = rg_learnt_find(l, "centres");
    const double *scores = rg_learnt_get(l, "cluster_scores"), *means = rg_learnt_get(l, "means");
    struct mixture mix = {.d = x->d, .k = centres->rows, .centre = centres->x};
    double *p = rg_alloc(mix.k, sizeof *p);

    mix.variance = rg_learnt_find(l, "variances")->x;
    mix.log_weight = rg_learnt_find(l, "log_weights")->x;
    for (size_t i = 0; i < x->n; i++) {
        const double *own;

        log_densities(&mix, x->dense + i * x->d, p);
        own = scores + rg_dense_argmax(p, mix.k) * m;
        memcpy(value + i * m, rg_dense_argmax(own, m) < m ? own : means, m * sizeof *value);
    }
    free(p);
}

void
rg_mixture_shares(const struct rg_learnt *l, const double *x, size_t d, double *share)
{
    const struct rg_learnt_array *centres = rg_learnt_find(l, "centres");
    struct mixture mix = {.d = d, .k = centres->rows, .centre = centres->x};

    mix.variance = rg_learnt_find(l, "variances")->x;
    mix.log_weight = rg_learnt_find(l, "log_weights")->x;
    log_densities(&mix, x, share);
    (void)normalise(share, mix.k);
}

const struct rg_learner rg_learner_gmm = {
    .name = "gmm", .fit = gmm_fit, .check = gmm_check, .predict = gmm_predict};
