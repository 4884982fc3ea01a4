#include "stats/robust.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>

#include "base/mem.h"
#include "stats/interval.h"

enum {
    ROUNDS = 6,       /* of new scales; three are enough as a rule */
    STEPS = 30,       /* of reweighting in a refit */
    ITERATIONS = 200, /* of GSL's */
};
static const double TUNE = 4.685; /* bisquare: 95 % efficient for normal noise */
static const double RANK = 1e-6;
static const double FLOOR = 1e-3; /* least scale, of the median */

/* ---- fits of a subset of the columns ---- */

static double
fitted(const double *row, const double *coef, size_t p)
{
    double sum = 0;

    for (size_t j = 0; j < p; j++)
        sum += coef[j] * row[j];
    return sum;
}

/* Column with the most negative share of the fit, or p. */
static size_t
worst(const double *coef, const double *weight, size_t p)
{
    size_t at = p;
    double least = 0;

    for (size_t j = 0; j < p; j++) {
        if (coef[j] * weight[j] < least) {
            least = coef[j] * weight[j];
            at = j;
        }
    }
    return at;
}

/* GSL's robust fit of the columns in use; s_i scales the rows. Returns the scale of its residuals.
 */
static double
fit_columns(const struct rg_robust *f, const double *x, const double *y, const bool *use,
            double *coef)
{
    size_t which[RG_ROBUST_MAX], m = 0;
    gsl_multifit_robust_workspace *w;
    gsl_matrix *a, *cov;
    gsl_vector *b, *c;
    double sigma;
    int status;

    for (size_t j = 0; j < f->p; j++)
        if (use[j])
            which[m++] = j;
    a = gsl_matrix_alloc(f->n, m);
    cov = gsl_matrix_alloc(m, m);
    b = gsl_vector_alloc(f->n);
    c = gsl_vector_alloc(m);
    w = gsl_multifit_robust_alloc(gsl_multifit_robust_bisquare, f->n, m);
    if (!a || !cov || !b || !c || !w)
        rg_mem_fail(f->n * m * sizeof(double));
    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < m; k++)
            gsl_matrix_set(a, i, k, x[i * f->p + which[k]] / f->scale[i]);
        gsl_vector_set(b, i, y[i] / f->scale[i]);
    }
    gsl_multifit_robust_maxiter(ITERATIONS, w);
    /* Not converged means still moving in the last digits: good enough, the rounds go on. */
    status = gsl_multifit_robust(a, b, c, cov, w);
    assert(status == GSL_SUCCESS || status == GSL_EMAXITER);
    sigma = gsl_multifit_robust_statistics(w).sigma_mad;
    for (size_t j = 0; j < f->p; j++)
        coef[j] = 0;
    for (size_t k = 0; k < m; k++)
        coef[which[k]] = gsl_vector_get(c, k);
    gsl_multifit_robust_free(w);
    gsl_vector_free(c);
    gsl_vector_free(b);
    gsl_matrix_free(cov);
    gsl_matrix_free(a);
    return sigma;
}

static void
column_weights(const double *x, size_t n, size_t p, double *weight)
{
    memset(weight, 0, p * sizeof *weight);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < p; j++)
            weight[j] += x[i * p + j];
}

static void
fit_nonnegative(struct rg_robust *f, const double *x, const double *y, const double *weight)
{
    bool use[RG_ROBUST_MAX];
    size_t left = f->p, j;

    for (j = 0; j < f->p; j++)
        use[j] = true;
    for (;;) {
        f->sigma = fit_columns(f, x, y, use, f->coef);
        j = worst(f->coef, weight, f->p);
        if (j == f->p)
            break;
        /* The last column stays: with y and x positive its coefficient is, but for rounding. */
        if (left == 1) {
            f->coef[j] = 0;
            break;
        }
        use[j] = false;
        left--;
    }
    for (j = 0; j < f->p; j++)
        f->dropped[j] = !use[j];
}

/* ---- the median of y / fit ---- */

struct ratios {
    double *value;
    uint32_t *count;
    size_t n;
    uint64_t total;
};

static uint64_t
up_to(const struct ratios *r, double limit)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < r->n; i++)
        sum += r->value[i] <= limit ? r->count[i] : 0;
    return sum;
}

/* The mean of the middle two when their number is even. Found by bisection to `within`, which costs
 * less than sorting for each resample; the last step goes from the limit to the values beside it.
 */
static double
median_ratio(const struct ratios *r, double within)
{
    double lo = 0.98, hi = 1.02, below = 0, above = INFINITY; /* a fit is nearly there already */

    while (lo > 0 && 2 * up_to(r, lo) >= r->total)
        lo /= 2;
    while (isfinite(hi) && 2 * up_to(r, hi) < r->total)
        hi *= 2;
    while (hi - lo > within * hi) {
        double mid = lo + (hi - lo) / 2;

        if (2 * up_to(r, mid) >= r->total)
            hi = mid;
        else
            lo = mid;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (r->value[i] <= hi)
            below = fmax(below, r->value[i]);
        else
            above = fmin(above, r->value[i]);
    }
    return 2 * up_to(r, hi) == r->total ? (below + above) / 2 : below;
}

/* counts NULL: every row once. */
static void
to_median_one(const struct rg_robust *f, const double *x, const double *y, const uint32_t *counts,
              double *coef)
{
    struct ratios r = {.value = rg_alloc(f->n, sizeof *r.value),
                       .count = rg_alloc(f->n, sizeof *r.count)};
    double median = 1;

    for (size_t i = 0; i < f->n; i++) {
        double fit = fitted(x + i * f->p, coef, f->p);

        if (!(fit > 0) || (counts && counts[i] == 0))
            continue;
        r.value[r.n] = y[i] / fit;
        r.count[r.n] = counts ? counts[i] : 1;
        r.total += r.count[r.n++];
    }
    if (r.n > 0)
        median = median_ratio(&r, counts ? 1e-6 : 1e-12);
    free(r.value);
    free(r.count);
    for (size_t j = 0; j < f->p; j++)
        coef[j] *= median;
}

/* ---- fit and refit ---- */

static double
median_of(const double *y, size_t n)
{
    double *copy = rg_alloc(n, sizeof *copy), median;

    memcpy(copy, y, n * sizeof *copy);
    rg_sort(copy, n);
    median = rg_quantile7(copy, n, 0.5);
    free(copy);
    return median;
}

static bool
moved(const double *to, const double *from, size_t p, double within)
{
    for (size_t j = 0; j < p; j++)
        if (fabs(to[j] - from[j]) > within * fabs(from[j]))
            return true;
    return false;
}

void
rg_robust_fit(struct rg_robust *f, const double *x, const double *y, size_t n, size_t p)
{
    double weight[RG_ROBUST_MAX], before[RG_ROBUST_MAX], median = median_of(y, n);
    bool moving = true;

    assert(p >= 1 && p <= RG_ROBUST_MAX && p <= n && median > 0);
    *f = (struct rg_robust){.n = n, .p = p, .scale = rg_alloc(n, sizeof *f->scale)};
    column_weights(x, n, p, weight);
    for (size_t i = 0; i < n; i++)
        f->scale[i] = median;
    fit_nonnegative(f, x, y, weight);
    for (int round = 0; round < ROUNDS && moving; round++) {
        memcpy(before, f->coef, sizeof before);
        for (size_t i = 0; i < n; i++)
            f->scale[i] = fmax(fitted(x + i * p, f->coef, p), FLOOR * median);
        fit_nonnegative(f, x, y, weight);
        moving = moved(f->coef, before, p, 1e-7);
    }
    to_median_one(f, x, y, NULL, f->coef);
}

void
rg_robust_clear(struct rg_robust *f)
{
    free(f->scale);
    *f = (struct rg_robust){0};
}

/* Weighted normal equations for the columns in use, by Cholesky. False when they are singular: a
 * resample without any spread. */
static bool
solve(double a[RG_ROBUST_MAX][RG_ROBUST_MAX], const double *b, const bool *use, size_t p,
      double *coef)
{
    double l[RG_ROBUST_MAX][RG_ROBUST_MAX] = {{0}}, z[RG_ROBUST_MAX] = {0};

    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = use[i] && use[j] ? a[i][j] : (double)(i == j);

            for (size_t k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && use[i] && sum <= 1e-12 * a[i][i])
                return false;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
        z[i] = use[i] ? b[i] : 0;
        for (size_t k = 0; k < i; k++)
            z[i] -= l[i][k] * z[k];
        z[i] /= l[i][i];
    }
    for (size_t i = p; i-- > 0;) {
        coef[i] = z[i];
        for (size_t k = i + 1; k < p; k++)
            coef[i] -= l[k][i] * coef[k];
        coef[i] /= l[i][i];
    }
    return true;
}

struct normal { /* weighted normal equations */
    double a[RG_ROBUST_MAX][RG_ROBUST_MAX];
    double b[RG_ROBUST_MAX];
};

static void
accumulate(const struct rg_robust *f, const double *x, const double *y, const uint32_t *counts,
           const double *coef, struct normal *eq)
{
    double limit = TUNE * f->sigma;

    *eq = (struct normal){0};
    for (size_t i = 0; i < f->n; i++) {
        const double *row = x + i * f->p;
        double s = f->scale[i], r, w = counts[i];

        if (counts[i] == 0)
            continue;
        r = (y[i] - fitted(row, coef, f->p)) / s;
        if (limit > 0 && fabs(r) >= limit)
            continue;
        if (limit > 0)
            w *= (1 - r * r / limit / limit) * (1 - r * r / limit / limit);
        w /= s * s;
        for (size_t j = 0; j < f->p; j++) {
            eq->b[j] += w * row[j] * y[i];
            for (size_t k = 0; k <= j; k++)
                eq->a[j][k] += w * row[j] * row[k];
        }
    }
}

/* One step of reweighting from coef to next. */
static bool
step(const struct rg_robust *f, struct normal *eq, const double *weight, double *next)
{
    bool use[RG_ROBUST_MAX];
    size_t left = f->p, j;

    for (j = 0; j < f->p; j++)
        use[j] = true;
    while (solve(eq->a, eq->b, use, f->p, next)) {
        j = worst(next, weight, f->p);
        if (j == f->p)
            return true;
        if (--left == 0)
            return false;
        use[j] = false;
    }
    return false;
}

void
rg_robust_refit(const struct rg_robust *f, const double *x, const double *y, const uint32_t *counts,
                double coef[RG_ROBUST_MAX])
{
    double next[RG_ROBUST_MAX], weight[RG_ROBUST_MAX];
    struct normal eq;
    bool moving = true;

    column_weights(x, f->n, f->p, weight);
    memcpy(coef, f->coef, sizeof f->coef);
    for (int k = 0; k < STEPS && moving; k++) {
        accumulate(f, x, y, counts, coef, &eq);
        if (!step(f, &eq, weight, next))
            break;
        moving = moved(next, coef, f->p, 1e-5);
        memcpy(coef, next, f->p * sizeof *coef);
    }
    to_median_one(f, x, y, counts, coef);
}

/* ---- rank ---- */

size_t
rg_robust_rank(const double *x, size_t n, size_t width, size_t p)
{
    gsl_multifit_linear_workspace *w = gsl_multifit_linear_alloc(n, p);
    gsl_matrix *a = gsl_matrix_alloc(n, p);
    size_t rank;
    int status;

    assert(p >= 1 && p <= width && p <= n);
    if (!w || !a)
        rg_mem_fail(n * p * sizeof(double));
    for (size_t j = 0; j < p; j++) {
        double sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += x[i * width + j] * x[i * width + j];
        for (size_t i = 0; i < n; i++)
            gsl_matrix_set(a, i, j, sum > 0 ? x[i * width + j] / sqrt(sum) : 0);
    }
    status = gsl_multifit_linear_svd(a, w);
    assert(status == GSL_SUCCESS);
    rank = gsl_multifit_linear_rank(RANK, w);
    gsl_matrix_free(a);
    gsl_multifit_linear_free(w);
    return rank;
}
