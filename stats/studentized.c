#include "stats/studentized.h"

#include <assert.h>
#include <math.h>

#include <gsl/gsl_cdf.h>

#include "base/sum.h"

/* ---- expectation over the estimated standard deviation ---- */

struct scale_mean {
    double df;
    double (*f)(double s, const void *ctx);
    const void *ctx;
    struct rg_sum weights, sum;
};

static const double NEGLIGIBLE = 1e-20; /* weight, where the largest is 1 */

static double
add_point(struct scale_mean *m, double u)
{
    double w = exp(m->df * (u - expm1(2 * u) / 2));

    rg_sum_add(&m->weights, w);
    rg_sum_add(&m->sum, w * m->f(exp(u), m->ctx));
    return w;
}

/* Mean of f(S), 0 <= f <= 1. The step is a third of the density's width for many degrees of
 * freedom, and small against the strip |Im u| < pi / 4 in which the density decays for few. */
static double
mean_over_scale(double df, double (*f)(double s, const void *ctx), const void *ctx)
{
    struct scale_mean m = {.df = df, .f = f, .ctx = ctx};
    double step = fmin(0.1, 0.3 / sqrt(2 * df));

    add_point(&m, 0);
    for (int i = 1; add_point(&m, i * step) > NEGLIGIBLE;)
        i++;
    for (int i = 1; add_point(&m, -i * step) > NEGLIGIBLE;)
        i++;
    return rg_sum_value(&m.sum) / rg_sum_value(&m.weights);
}

/* ---- range ---- */

struct range {
    double q, k;
};

enum { RANGE_MAX = 76 }; /* beyond, the tail for a known standard deviation is below 1e-300 */

/* P(range of k standard normals > q) = k times the integral over the maximum z of
 * phi(z) (Phi(z)^(k-1) - (Phi(z) - Phi(z-q))^(k-1)); the difference without cancellation. */
static double
range_tail(double q, double k)
{
    static const double step = 0.08, reach = 10;
    struct rg_sum sum = {0};
    int from = (int)(-reach / step), to = (int)((q / 2 + reach) / step);

    if (q <= 0)
        return 1;
    if (q > RANGE_MAX)
        return 0;
    for (int i = from; i <= to; i++) {
        double z = i * step, a = gsl_cdf_ugaussian_P(z), b = gsl_cdf_ugaussian_P(z - q);
        double both = -expm1((k - 1) * log1p(-b / a));

        rg_sum_add(&sum, exp(-z * z / 2) * pow(a, k - 1) * both);
    }
    return fmin(1, k * step * rg_sum_value(&sum) / sqrt(2 * acos(-1)));
}

static double
range_tail_scaled(double s, const void *ctx)
{
    const struct range *r = ctx;

    return range_tail(r->q * s, r->k);
}

double
rg_studentized_range_Q(double q, double k, double df)
{
    const struct range r = {q, k};

    assert(k >= 2 && df >= 1);
    if (q <= 0 || isinf(df))
        return range_tail(q, k);
    return mean_over_scale(df, range_tail_scaled, &r);
}

/* Regula falsi in the logarithm of the tail, inside a bracket; an end that stays twice counts half
 * (the Illinois rule). */
static double
root_between(double lo, double f_lo, double hi, double f_hi, double k, double df, double goal)
{
    int stayed = 0;

    while (hi - lo > 1e-14 * hi) {
        double mid = (lo * f_hi - hi * f_lo) / (f_hi - f_lo);
        double f = log(rg_studentized_range_Q(mid, k, df)) - goal;

        if (f == 0 || mid <= lo || mid >= hi)
            return mid;
        if (f > 0) {
            lo = mid;
            f_lo = f;
            f_hi /= stayed == 1 ? 2 : 1;
            stayed = 1;
        } else {
            hi = mid;
            f_hi = f;
            f_lo /= stayed == -1 ? 2 : 1;
            stayed = -1;
        }
    }
    return (lo + hi) / 2;
}

double
rg_studentized_range_Qinv(double p, double k, double df)
{
    double hi = 1, goal = log(p), f;

    assert(p > 0 && p < 1);
    while ((f = log(rg_studentized_range_Q(hi, k, df)) - goal) > 0)
        hi *= 2;
    return root_between(0, -goal, hi, fmax(f, -1000), k, df, goal);
}

/* ---- non-central t ---- */

struct shifted {
    double t, shift;
};

static double
below(double s, const void *ctx)
{
    const struct shifted *x = ctx;

    return gsl_cdf_ugaussian_P(x->t * s - x->shift);
}

static double
above(double s, const void *ctx)
{
    const struct shifted *x = ctx;

    return gsl_cdf_ugaussian_Q(x->t * s - x->shift);
}

double
rg_noncentral_t_P(double t, double df, double shift)
{
    const struct shifted x = {t, shift};

    assert(df > 0);
    return mean_over_scale(df, below, &x);
}

double
rg_noncentral_t_Q(double t, double df, double shift)
{
    const struct shifted x = {t, shift};

    assert(df > 0);
    return mean_over_scale(df, above, &x);
}
