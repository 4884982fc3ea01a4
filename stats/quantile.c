#include "stats/quantile.h"

#include <assert.h>
#include <math.h>

#include <gsl/gsl_cdf.h>

#include "base/sum.h"

double
rg_quantile8(const double *sorted, size_t n, double q)
{
    double at;

    assert(q >= 0 && q <= 1);
    if (n < 2)
        return n == 0 ? NAN : sorted[0];
    at = ((double)n + 1.0 / 3) * q + 1.0 / 3 - 1;
    /* The fuzz of R's quantile(): a position that is whole but for rounding. */
    if (fabs(at - nearbyint(at)) < 4 * 0x1p-52 * (double)n)
        at = nearbyint(at);
    at = fmin(fmax(at, 0), (double)(n - 1));
    {
        size_t i = (size_t)at < n - 1 ? (size_t)at : n - 2;

        return rg_quantile7(sorted + i, 2, at - (double)i);
    }
}

/* P(count <= k) of a binomial count. */
static double
binomial_below(size_t k, double q, size_t n)
{
    return k >= n ? 1 : gsl_cdf_beta_Q(q, (double)k + 1, (double)(n - k));
}

/* Least k in [0, n] with P(count <= k) >= p. */
static size_t
binomial_quantile(double p, double q, size_t n)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (binomial_below(mid, q, n) >= p)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

struct rg_estimate
rg_quantile_order(const double *sorted, size_t n, double q, double level)
{
    struct rg_estimate est = {rg_quantile7(sorted, n, q), NAN, NAN, n};
    double tail = (1 - level) / 2;
    size_t rank;

    assert(level > 0 && level < 1);
    if (n == 0)
        return est;
    if (q == 0 || q == 1) {
        /* The ends of the distribution are nowhere beyond the values, but how far is not known. */
        est.lo = q == 0 ? -INFINITY : sorted[n - 1];
        est.hi = q == 0 ? sorted[0] : INFINITY;
        return est;
    }
    /* Ranks count from 1. Below x(l) means count < l: P(count <= l - 1) <= tail. */
    rank = binomial_quantile(tail, q, n);
    if (binomial_below(rank, q, n) == tail)
        rank++;
    est.lo = rank == 0 ? -INFINITY : sorted[rank - 1];
    /* Above x(u) means count >= u: P(count <= u - 1) >= 1 - tail. */
    rank = binomial_quantile(1 - tail, q, n) + 1;
    est.hi = rank > n ? INFINITY : sorted[rank - 1];
    return est;
}

/* Variance of a value drawn from the order statistics with the weights of the beta distribution;
 * deviations are from the value itself, so that nothing cancels. */
static double
maritz_jarrett_variance(const double *sorted, size_t n, double q, double value)
{
    double a = (double)(n + 1) * q, b = (double)(n + 1) * (1 - q), below = 0;
    struct rg_sum first = {0}, second = {0};

    for (size_t i = 0; i < n; i++) {
        double above = gsl_cdf_beta_P((double)(i + 1) / (double)n, a, b);
        double w = above - below, d = sorted[i] - value;

        below = above;
        if (w > 0 && d != 0) {
            rg_sum_add(&first, w * d);
            rg_sum_add(&second, w * d * d);
        }
    }
    if (!isfinite(rg_sum_value(&second)))
        return INFINITY;
    return fmax(0, rg_sum_value(&second) - rg_sum_value(&first) * rg_sum_value(&first));
}

struct rg_estimate
rg_quantile_maritz_jarrett(const double *sorted, size_t n, double q, double level)
{
    struct rg_estimate est = {rg_quantile7(sorted, n, q), NAN, NAN, n};
    double variance, half = INFINITY;

    assert(q > 0 && q < 1);
    assert(level > 0 && level < 1);
    if (n == 0 || isinf(est.value))
        return est;
    if (n > 1) {
        variance = maritz_jarrett_variance(sorted, n, q, est.value);
        half = gsl_cdf_ugaussian_Qinv((1 - level) / 2) * sqrt(variance);
    }
    est.lo = est.value - half;
    est.hi = est.value + half;
    return est;
}
