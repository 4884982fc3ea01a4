#include "stats/ratio.h"

#include <assert.h>
#include <math.h>

#include <gsl/gsl_cdf.h>

#include "base/sum.h"

/* A power of two near the largest value: what brings squares of it into range and keeps digits. */
static int
exponent(const double *x, size_t n)
{
    double max = 0;
    int e = 0;

    for (size_t i = 0; i < n; i++)
        max = fmax(max, fabs(x[i]));
    if (isfinite(max))
        (void)frexp(max, &e);
    return e;
}

/* Variances of the two means and their covariance. */
struct spread {
    double num, den, both;
};

static struct spread
spread_of(const double *num, const double *den, size_t n, const int e[2], const double mean[2])
{
    struct rg_sum sum[3] = {{0}};
    double by = (double)n * (double)(n - 1);

    for (size_t i = 0; i < n; i++) {
        double a = ldexp(num[i], -e[0]) - mean[0], b = ldexp(den[i], -e[1]) - mean[1];

        rg_sum_add(&sum[0], a * a);
        rg_sum_add(&sum[1], b * b);
        rg_sum_add(&sum[2], a * b);
    }
    return (struct spread){rg_sum_value(&sum[0]) / by, rg_sum_value(&sum[1]) / by,
                           rg_sum_value(&sum[2]) / by};
}

/* Roots of (b^2 - t^2 Vb) r^2 - 2 (a b - t^2 Vab) r + (a^2 - t^2 Va) = 0, the smaller one through
 * the product of both where the difference would cancel. */
static void
solve(struct rg_estimate *est, const double mean[2], struct spread v, double t)
{
    double t2 = t * t;
    double a = mean[1] * mean[1] - t2 * v.den;
    double b = mean[0] * mean[1] - t2 * v.both;
    double c = mean[0] * mean[0] - t2 * v.num;
    /* (b^2 - a c) / t^2, in which the largest terms cancel, written without them */
    double r = mean[0] / mean[1];
    double q = v.num - 2 * r * v.both + r * r * v.den;
    double d = mean[1] * mean[1] * q - t2 * (v.num * v.den - v.both * v.both);
    double root;

    est->lo = -INFINITY;
    est->hi = INFINITY;
    if (!(a > 0))
        return;
    root = t * sqrt(fmax(0, d));
    if (b > 0) {
        est->hi = (b + root) / a;
        est->lo = c / (b + root);
    } else if (b < 0) {
        est->lo = (b - root) / a;
        est->hi = c / (b - root);
    } else {
        est->lo = -root / a;
        est->hi = root / a;
    }
}

struct rg_estimate
rg_ratio_fieller(const double *num, const double *den, size_t n, double level)
{
    struct rg_estimate est = {NAN, NAN, NAN, n};
    int e[2] = {exponent(num, n), exponent(den, n)};
    struct rg_sum sum[2] = {{0}};
    double mean[2];

    assert(level > 0 && level < 1);
    for (size_t i = 0; i < n; i++) {
        rg_sum_add(&sum[0], ldexp(num[i], -e[0]));
        rg_sum_add(&sum[1], ldexp(den[i], -e[1]));
    }
    if (n == 0)
        return est;
    mean[0] = rg_sum_value(&sum[0]) / (double)n;
    mean[1] = rg_sum_value(&sum[1]) / (double)n;
    est.value = mean[0] / mean[1];
    if (!isfinite(mean[0]) || !isfinite(mean[1]) || isnan(est.value)) {
        est.value = ldexp(est.value, e[0] - e[1]);
        return est;
    }
    est.lo = -INFINITY;
    est.hi = INFINITY;
    if (n > 1 && mean[1] != 0)
        solve(&est, mean, spread_of(num, den, n, e, mean),
              gsl_cdf_tdist_Qinv((1 - level) / 2, (double)(n - 1)));
    est.value = ldexp(est.value, e[0] - e[1]);
    est.lo = ldexp(est.lo, e[0] - e[1]);
    est.hi = ldexp(est.hi, e[0] - e[1]);
    return est;
}

struct rg_estimate
rg_ratio_saving(const double *cost, const double *baseline, size_t n, double level)
{
    struct rg_estimate r = rg_ratio_fieller(cost, baseline, n, level);

    return (struct rg_estimate){1 - r.value, 1 - r.hi, 1 - r.lo, n};
}
