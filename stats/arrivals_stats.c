#include "stats/arrivals_stats.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>

#include "base/mem.h"
#include "base/sum.h"

static const double INTERVALS_MAX = 1e8; /* seconds counted one by one; a longer span has none */

size_t
rg_arrivals_stats_unsorted(const double *at_s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(at_s[i]) || (i > 0 && at_s[i] < at_s[i - 1]))
            return i;
    return n;
}

/* ---- counts ---- */

static void
count_moments(const double *count, struct rg_arrivals_counts *out)
{
    struct rg_sum squares = {0}, products = {0};
    double before = NAN;

    out->mean = rg_sum_of(count, out->n) / (double)out->n;
    out->min = out->max = count[0];
    for (size_t i = 0; i < out->n; i++) {
        double d = count[i] - out->mean;

        out->min = fmin(out->min, count[i]);
        out->max = fmax(out->max, count[i]);
        rg_sum_add(&squares, d * d);
        if (i > 0)
            rg_sum_add(&products, before * d);
        before = d;
    }
    if (out->n > 1 && out->mean > 0)
        out->vmr = rg_sum_value(&squares) / (double)(out->n - 1) / out->mean;
    if (rg_sum_value(&squares) > 0)
        out->lag1 = rg_sum_value(&products) / rg_sum_value(&squares);
}

static struct rg_arrivals_counts
counts(const double *at, size_t n, double width)
{
    struct rg_arrivals_counts out = {0, NAN, NAN, NAN, NAN, NAN};
    double intervals = n > 0 ? floor((at[n - 1] - at[0]) / width) : 0;
    double *count;

    if (intervals < 1 || intervals > INTERVALS_MAX)
        return out;
    out.n = (size_t)intervals;
    count = rg_zalloc(out.n, sizeof *count);
    for (size_t i = 0; i < n; i++) {
        double k = floor((at[i] - at[0]) / width);

        if (k < intervals)
            count[(size_t)k]++;
    }
    count_moments(count, &out);
    free(count);
    return out;
}

/* ---- laws of the gaps ---- */

struct gaps {
    const double *x;
    size_t n;
    double mean, mean_log, max;
};

/* Root of a decreasing function of the logarithm of the shape, by bisection to the last digits. */
static double
root(double (*f)(const struct gaps *g, double shape), const struct gaps *g)
{
    double lo = log(1e-4), hi = log(1e8);

    if (!(f(g, exp(lo)) > 0 && f(g, exp(hi)) < 0))
        return NAN;
    for (int i = 0; i < 100; i++) {
        double mid = (lo + hi) / 2;

        if (f(g, exp(mid)) > 0)
            lo = mid;
        else
            hi = mid;
    }
    return exp((lo + hi) / 2);
}

static double
gamma_score(const struct gaps *g, double k)
{
    return log(k) - gsl_sf_psi(k) - (log(g->mean) - g->mean_log);
}

/* 1 / k + mean(log x) - sum x^k log x / sum x^k; in units of the largest gap nothing overflows. */
static double
weibull_score(const struct gaps *g, double k)
{
    struct rg_sum powers = {0}, weighted = {0};

    for (size_t i = 0; i < g->n; i++) {
        double z = log(g->x[i] / g->max), w = exp(k * z);

        rg_sum_add(&powers, w);
        rg_sum_add(&weighted, w * z);
    }
    return 1 / k + (g->mean_log - log(g->max)) - rg_sum_value(&weighted) / rg_sum_value(&powers);
}

static struct rg_arrivals_law
gamma_law(const struct gaps *g)
{
    double k = root(gamma_score, g), n = (double)g->n;

    return (struct rg_arrivals_law){
        .shape = k,
        .scale = g->mean / k,
        .log_likelihood =
            isnan(k) ? NAN
                     : n * ((k - 1) * g->mean_log - k - k * log(g->mean / k) - gsl_sf_lngamma(k)),
    };
}

static struct rg_arrivals_law
weibull_law(const struct gaps *g)
{
    double k = root(weibull_score, g), n = (double)g->n, scale;
    struct rg_sum powers = {0};

    if (isnan(k))
        return (struct rg_arrivals_law){NAN, NAN, NAN};
    for (size_t i = 0; i < g->n; i++)
        rg_sum_add(&powers, pow(g->x[i] / g->max, k));
    scale = g->max * pow(rg_sum_value(&powers) / n, 1 / k);
    return (struct rg_arrivals_law){
        .shape = k,
        .scale = scale,
        .log_likelihood = n * (log(k) - k * log(scale) + (k - 1) * g->mean_log - 1),
    };
}

static void
laws(struct rg_arrivals_stats *stats, const double *positive, size_t n)
{
    struct gaps g = {.x = positive, .n = n};
    struct rg_sum logs = {0};
    double min = INFINITY;

    if (n == 0)
        return;
    g.mean = rg_sum_of(positive, n) / (double)n;
    for (size_t i = 0; i < n; i++) {
        rg_sum_add(&logs, log(positive[i]));
        g.max = fmax(g.max, positive[i]);
        min = fmin(min, positive[i]);
    }
    g.mean_log = rg_sum_value(&logs) / (double)n;
    stats->exponential = (struct rg_arrivals_law){1, g.mean, -(double)n * (log(g.mean) + 1)};
    if (n < 2 || min == g.max)
        return;
    stats->gamma = gamma_law(&g);
    stats->weibull = weibull_law(&g);
}

static void
gaps_of(struct rg_arrivals_stats *stats, const double *at, size_t n)
{
    double *gap = rg_alloc(n - 1, sizeof *gap), mean = stats->span_s / (double)(n - 1);
    struct rg_sum squares = {0};
    size_t positive = 0;

    for (size_t i = 1; i < n; i++) {
        double x = at[i] - at[i - 1];

        rg_sum_add(&squares, (x - mean) * (x - mean));
        if (x > 0)
            gap[positive++] = x;
    }
    stats->zero_gaps = n - 1 - positive;
    if (n > 2 && mean > 0)
        stats->gap_cv = sqrt(rg_sum_value(&squares) / (double)(n - 2)) / mean;
    laws(stats, gap, positive);
    free(gap);
}

void
rg_arrivals_stats_of(struct rg_arrivals_stats *stats, const double *at_s, size_t n)
{
    const struct rg_arrivals_law none = {NAN, NAN, NAN};

    assert(rg_arrivals_stats_unsorted(at_s, n) == n);
    *stats = (struct rg_arrivals_stats){
        .n = n,
        .span_s = n > 0 ? at_s[n - 1] - at_s[0] : NAN,
        .rate = NAN,
        .gap_cv = NAN,
        .minute = counts(at_s, n, 60),
        .second = counts(at_s, n, 1),
        .gamma = none,
        .weibull = none,
        .exponential = none,
    };
    if (n > 1 && stats->span_s > 0)
        stats->rate = (double)n / stats->span_s;
    if (n > 1)
        gaps_of(stats, at_s, n);
}
