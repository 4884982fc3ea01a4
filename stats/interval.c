#include "stats/interval.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "base/mem.h"
#include "base/sum.h"

/* Beyond this magnitude squares and sums may overflow; the data are then scaled by a power of two,
 * which changes no digit. */
static const double BIG = 1e120;

static double
largest(const double *x, size_t n)
{
    double max = 0;

    for (size_t i = 0; i < n; i++)
        max = fabs(x[i]) > max ? fabs(x[i]) : max;
    return max;
}

/* Mean and standard deviation of x / 2^e. */
static void
moments(const double *x, size_t n, int e, double *mean, double *sd)
{
    struct rg_sum sum = {0}, squares = {0};

    for (size_t i = 0; i < n; i++)
        rg_sum_add(&sum, e == 0 ? x[i] : ldexp(x[i], -e));
    *mean = rg_sum_value(&sum) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = (e == 0 ? x[i] : ldexp(x[i], -e)) - *mean;

        rg_sum_add(&squares, d * d);
    }
    *sd = n > 1 ? sqrt(rg_sum_value(&squares) / (double)(n - 1)) : NAN;
}

struct rg_estimate
rg_interval_mean(const double *x, size_t n, double level)
{
    struct rg_estimate est = {NAN, NAN, NAN, n};
    double max = largest(x, n), mean, sd, half;
    int e = 0;

    assert(level > 0 && level < 1);
    if (n == 0)
        return est;
    if (max > BIG && isfinite(max))
        (void)frexp(max, &e);
    moments(x, n, e, &mean, &sd);
    est.value = ldexp(mean, e);
    if (isnan(mean))
        return est;
    if (n == 1) {
        est.lo = -INFINITY;
        est.hi = INFINITY;
        return est;
    }
    half = gsl_cdf_tdist_Qinv((1 - level) / 2, (double)(n - 1)) * sd / sqrt((double)n);
    est.lo = ldexp(mean - half, e);
    est.hi = ldexp(mean + half, e);
    return est;
}

/* Lower Wilson limit of k of n. The textbook form, centre minus half width, cancels for small k; as
 * the product of both limits is k^2 / (n (n + z^2)), the lower one is that over the upper one. */
static double
wilson_lower(double k, double n, double z)
{
    double z2 = z * z;

    return k * k / n / (k + z2 / 2 + z * sqrt(k * (1 - k / n) + z2 / 4));
}

static struct rg_estimate
wilson(double k, double trials, double level)
{
    double z = gsl_cdf_ugaussian_Qinv((1 - level) / 2);
    struct rg_estimate est = {.value = k / trials};

    est.lo = wilson_lower(k, trials, z);
    est.hi = 1 - wilson_lower(trials - k, trials, z);
    return est;
}

struct rg_estimate
rg_interval_rate(double k, uint64_t n, double level)
{
    struct rg_estimate est = {NAN, NAN, NAN, n};

    assert(level > 0 && level < 1);
    assert(k >= 0 && k <= (double)n);
    if (n == 0)
        return est;
    est = wilson(k, (double)n, level);
    est.n = n;
    return est;
}

/* ---- repeats ---- */

struct units {
    size_t n;        /* units that occur */
    double variance; /* of the mean of all observations */
};

struct observation {
    uint32_t unit;
    size_t number;
    double x;
};

static int
compare_observations(const void *pa, const void *pb)
{
    const struct observation *a = pa;
    const struct observation *b = pb;

    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* Sorted by unit, so that the work depends on the observations alone and not on how many units
 * there are elsewhere. */
static struct units
between_units(const double *x, const uint32_t *unit, size_t n, double mean)
{
    struct observation *o = rg_alloc(n, sizeof *o);
    struct rg_sum squares = {0};
    struct units u = {0, NAN};

    for (size_t i = 0; i < n; i++)
        o[i] = (struct observation){unit[i], i, x[i]};
    qsort(o, n, sizeof *o, compare_observations);
    for (size_t i = 0; i < n; u.n++) {
        struct rg_sum sum = {0};
        uint32_t here = o[i].unit;
        double e;

        for (; i < n && o[i].unit == here; i++)
            rg_sum_add(&sum, o[i].x - mean);
        e = rg_sum_value(&sum);
        rg_sum_add(&squares, e * e);
    }
    if (u.n > 1)
        u.variance =
            (double)u.n / (double)(u.n - 1) * rg_sum_value(&squares) / (double)n / (double)n;
    free(o);
    return u;
}

struct rg_estimate
rg_interval_mean_units(const double *x, const uint32_t *unit, size_t n, double level)
{
    struct rg_estimate est = rg_interval_mean(x, n, level);
    struct units u;
    double half;

    if (n < 2 || isnan(est.value))
        return est;
    u = between_units(x, unit, n, est.value);
    if (u.n == n)
        return est;
    half = u.n > 1 ? gsl_cdf_tdist_Qinv((1 - level) / 2, (double)(u.n - 1)) * sqrt(u.variance)
                   : INFINITY;
    est.lo = est.value - half;
    est.hi = est.value + half;
    return est;
}

struct rg_estimate
rg_interval_rate_units(const double *x, const uint32_t *unit, size_t n, double level)
{
    double k = rg_sum_of(x, n);
    struct rg_estimate est = rg_interval_rate(k, n, level);
    double trials = (double)n;
    struct units u;

    if (n < 2)
        return est;
    u = between_units(x, unit, n, est.value);
    if (u.n == n)
        return est;
    if (u.n < 2 || !(u.variance > 0))
        trials = (double)u.n;
    else if (est.value * (1 - est.value) / u.variance < trials)
        trials = est.value * (1 - est.value) / u.variance;
    est = wilson(est.value * trials, trials, level);
    est.value = k / (double)n;
    est.n = n;
    return est;
}

struct rg_estimate
rg_interval_rate_sizes(const double *hits, const double *trials, size_t n, double level)
{
    struct rg_estimate est = {NAN, NAN, NAN, 0};
    double all = rg_sum_of(trials, n);
    double rate = all > 0 ? fmin(1, rg_sum_of(hits, n) / all) : NAN;
    struct rg_sum squares = {0};
    size_t units = 0;
    double variance = 0;
    double effective;

    if (!(all > 0))
        return est;
    for (size_t u = 0; u < n; u++) {
        double e = hits[u] - rate * trials[u];

        units += trials[u] > 0;
        rg_sum_add(&squares, e * e);
    }
    if (units > 1)
        variance = (double)units / (double)(units - 1) * rg_sum_value(&squares) / all / all;
    effective = variance > 0 ? fmin(all, rate * (1 - rate) / variance) : (double)units;
    est = wilson(rate * effective, effective, level);
    est.value = rate;
    est.n = units;
    return est;
}
