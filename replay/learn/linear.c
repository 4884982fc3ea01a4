#include "replay/learn/linear.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"

enum { NEWTON_STEPS = 100, DIRECT = 512, CG_STEPS = 250, SVR_ROUNDS = 300 };

double
rg_linear_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Rows with a constant behind them. */
static double *
with_constant(const double *x, size_t n, size_t d)
{
    double *a = rg_alloc(n * (d + 1), sizeof *a);

    for (size_t i = 0; i < n; i++) {
        memcpy(a + i * (d + 1), x + i * d, d * sizeof *a);
        a[i * (d + 1) + d] = 1;
    }
    return a;
}

void
rg_linear_apply(const double *x, const double *w, size_t n, size_t d, size_t m, double *out)
{
    double *a = with_constant(x, n, d);

    rg_dense_products(a, n, w, m, d + 1, out);
    free(a);
}

/* ---- least squares ---- */

/* Positive definite, because lambda is above 0. */
static void
factorise(double *a, size_t d)
{
    bool whole = rg_dense_cholesky(a, d);

    assert(whole);
    (void)whole;
}

static void
add_diagonal(double *a, size_t d, double x)
{
    for (size_t k = 0; k < d; k++)
        a[k * d + k] += x;
}

static bool
same_rows(const double *y, size_t n, size_t m, size_t a, size_t b)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(y[i * m + a]) != isnan(y[i * m + b]))
            return false;
    return true;
}

void
rg_linear_ridge(const double *x, const double *y, size_t n, size_t d, size_t m, double lambda,
                double *w)
{
    size_t wide = d + 1;
    double *a = with_constant(x, n, d), *factor = rg_alloc(wide * wide, sizeof *factor);
    double *known = rg_alloc(n, sizeof *known);

    for (size_t j = 0; j < m; j++) {
        double *to = w + j * wide;

        for (size_t i = 0; i < n; i++)
            known[i] = !isnan(y[i * m + j]);
        if (j == 0 || !same_rows(y, n, m, j, j - 1)) {
            rg_dense_gram(a, known, n, wide, factor);
            add_diagonal(factor, wide, lambda);
            factorise(factor, wide);
        }
        memset(to, 0, wide * sizeof *to);
        for (size_t i = 0; i < n; i++)
            if (known[i] > 0)
                rg_dense_add(to, y[i * m + j], a + i * wide, wide);
        rg_dense_solve(factor, wide, to);
    }
    free(a);
    free(factor);
    free(known);
}

/* ---- logistic ---- */

struct logistic {
    double *a; /* n x d, the constant included */
    double *y, *p, *weight;
    size_t n, d;
    double lambda;
};

/* gradient = X'(p - y) + lambda w; weights p (1 - p). */
static void
logistic_gradient(struct logistic *l, const double *w, double *gradient)
{
    for (size_t k = 0; k < l->d; k++)
        gradient[k] = l->lambda * w[k];
    for (size_t i = 0; i < l->n; i++) {
        const double *row = l->a + i * l->d;

        l->p[i] = rg_linear_sigmoid(rg_dense_dot(row, w, l->d));
        l->weight[i] = l->p[i] * (1 - l->p[i]);
        rg_dense_add(gradient, l->p[i] - l->y[i], row, l->d);
    }
}

static void
direct_step(const struct logistic *l, double *hessian, double *step)
{
    rg_dense_gram(l->a, l->weight, l->n, l->d, hessian);
    add_diagonal(hessian, l->d, l->lambda);
    factorise(hessian, l->d);
    rg_dense_solve(hessian, l->d, step);
}

/* (X' W X + lambda) v. */
static void
times_hessian(const struct logistic *l, const double *v, double *out)
{
    for (size_t k = 0; k < l->d; k++)
        out[k] = l->lambda * v[k];
    for (size_t i = 0; i < l->n; i++) {
        const double *row = l->a + i * l->d;

        rg_dense_add(out, l->weight[i] * rg_dense_dot(row, v, l->d), row, l->d);
    }
}

/* Conjugate gradients; work: 3 x d. */
static void
iterated_step(const struct logistic *l, double *work, double *step)
{
    size_t d = l->d;
    double *r = work, *v = work + d, *hv = work + 2 * d, rr, first;

    memcpy(r, step, d * sizeof *r);
    memcpy(v, step, d * sizeof *v);
    memset(step, 0, d * sizeof *step);
    first = rr = rg_dense_dot(r, r, d);
    for (int k = 0; k < CG_STEPS && rr > 1e-24 * first; k++) {
        double alpha, next;

        times_hessian(l, v, hv);
        alpha = rr / rg_dense_dot(v, hv, d);
        rg_dense_add(step, alpha, v, d);
        rg_dense_add(r, -alpha, hv, d);
        next = rg_dense_dot(r, r, d);
        for (size_t i = 0; i < d; i++)
            v[i] = r[i] + next / rr * v[i];
        rr = next;
    }
}

static size_t
known_rows(struct logistic *l, const double *x, const double *y, size_t stride, size_t n)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        double label = y[i * stride];

        if (isnan(label))
            continue;
        memcpy(l->a + used * l->d, x + i * (l->d - 1), (l->d - 1) * sizeof *l->a);
        l->a[used * l->d + l->d - 1] = 1;
        l->y[used++] = label;
    }
    return used;
}

void
rg_linear_logistic(const double *x, const double *y, size_t stride, size_t n, size_t d,
                   double lambda, double *w)
{
    struct logistic l = {.d = d + 1, .lambda = lambda};
    bool direct = l.d <= DIRECT;
    double *step = rg_alloc(l.d, sizeof *step);
    double *work = rg_alloc(direct ? l.d * l.d : 3 * l.d, sizeof *work);
    double most = INFINITY;

    l.a = rg_alloc(n * l.d, sizeof *l.a);
    l.y = rg_alloc(n, sizeof *l.y);
    l.p = rg_alloc(n, sizeof *l.p);
    l.weight = rg_alloc(n, sizeof *l.weight);
    l.n = known_rows(&l, x, y, stride, n);
    for (size_t i = 0; i < l.n; i++)
        l.y[i] = fmin(fmax(l.y[i], 0), 1);
    memset(w, 0, l.d * sizeof *w);
    for (int k = 0; k < NEWTON_STEPS && most > (direct ? 1e-14 : 1e-10); k++) {
        logistic_gradient(&l, w, step);
        if (direct)
            direct_step(&l, work, step);
        else
            iterated_step(&l, work, step);
        most = 0;
        for (size_t i = 0; i < l.d; i++) {
            w[i] -= step[i];
            most = fmax(most, fabs(step[i]));
        }
    }
    free(l.a);
    free(l.y);
    free(l.p);
    free(l.weight);
    free(step);
    free(work);
}

/* ---- support vector regression ---- */

void
rg_linear_svr(const double *x, const double *y, size_t stride, size_t n, size_t d, double c,
              uint64_t seed, double *w)
{
    struct logistic l = {.d = d + 1};
    double *beta = rg_zalloc(n, sizeof *beta), *size = rg_alloc(n, sizeof *size);
    uint32_t *order = rg_alloc(n, sizeof *order);
    gsl_rng *rng = rg_rng_new(seed, 1, RG_PURPOSE_LEARNING);
    double most = INFINITY;

    l.a = rg_alloc(n * l.d, sizeof *l.a);
    l.y = rg_alloc(n, sizeof *l.y);
    l.n = known_rows(&l, x, y, stride, n);
    memset(w, 0, l.d * sizeof *w);
    for (size_t i = 0; i < l.n; i++) {
        size[i] = rg_dense_dot(l.a + i * l.d, l.a + i * l.d, l.d);
        order[i] = (uint32_t)i;
    }
    for (int round = 0; round < SVR_ROUNDS && most > 1e-4; round++) {
        rg_rng_shuffle(rng, order, l.n);
        most = 0;
        for (size_t k = 0; k < l.n; k++) {
            size_t i = order[k];
            double off = rg_dense_dot(w, l.a + i * l.d, l.d) - l.y[i];
            double next = fmin(fmax(beta[i] - off / size[i], -c), c), change = next - beta[i];

            rg_dense_add(w, change, l.a + i * l.d, l.d);
            beta[i] = next;
            most = fmax(most, fabs(change));
        }
    }
    gsl_rng_free(rng);
    free(order);
    free(beta);
    free(size);
    free(l.a);
    free(l.y);
}

/* ---- the learners ---- */

/* Models without any score are marked by their mean score NaN. */
static void
keep_known(const struct rg_learn_data *data, struct rg_learnt *out)
{
    rg_learner_means(data, rg_learnt_add(out, "means", 1, data->m), NULL);
}

static enum rg_status
ridge_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
          struct rg_err *err)
{
    (void)err;
    keep_known(data, out);
    rg_linear_ridge(data->x->dense, data->score, data->n, data->x->d, data->m, hyper->lambda,
                    rg_learnt_add(out, "weights", data->m, data->x->d + 1));
    return RG_OK;
}

static enum rg_status
logistic_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
             struct rg_err *err)
{
    size_t wide = data->x->d + 1;
    double *w = rg_learnt_add(out, "weights", data->m, wide);

    (void)err;
    keep_known(data, out);
    for (size_t j = 0; j < data->m; j++)
        rg_linear_logistic(data->x->dense, data->score + j, data->m, data->n, data->x->d,
                           hyper->lambda, w + j * wide);
    return RG_OK;
}

static enum rg_status
svm_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
        struct rg_err *err)
{
    size_t wide = data->x->d + 1;
    double *w = rg_learnt_add(out, "weights", data->m, wide);

    (void)err;
    keep_known(data, out);
    for (size_t j = 0; j < data->m; j++)
        rg_linear_svr(data->x->dense, data->score + j, data->m, data->n, data->x->d, hyper->c,
                      (uint64_t)hyper->seed, w + j * wide);
    return RG_OK;
}

static bool
linear_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *means = rg_learnt_find(l, "means");

    return rg_learner_has(l, "weights", m, d + 1) && means && means->rows == 1 &&
           means->columns == m;
}

static void
linear_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const double *means = rg_learnt_get(l, "means");

    rg_linear_apply(x->dense, rg_learnt_get(l, "weights"), x->n, x->d, m, value);
    for (size_t i = 0; i < x->n * m; i++)
        if (isnan(means[i % m]))
            value[i] = NAN;
}

static void
logistic_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    linear_predict(l, x, m, value);
    for (size_t i = 0; i < x->n * m; i++)
        value[i] = rg_linear_sigmoid(value[i]);
}

const struct rg_learner rg_learner_ridge = {
    .name = "ridge", .fit = ridge_fit, .check = linear_check, .predict = linear_predict};
const struct rg_learner rg_learner_logistic = {
    .name = "logistic", .fit = logistic_fit, .check = linear_check, .predict = logistic_predict};
const struct rg_learner rg_learner_svm = {
    .name = "svm", .fit = svm_fit, .check = linear_check, .predict = linear_predict};
