#include "stats/moments.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "base/mem.h"

static void
extend(struct rg_moments *m, double min, double max)
{
    if (m->n == 0) {
        m->min = min;
        m->max = max;
        return;
    }
    /* A NaN compares false and would get lost. */
    m->min = isnan(min) || min < m->min ? min : m->min;
    m->max = isnan(max) || max > m->max ? max : m->max;
}

static uint64_t
finite(const struct rg_moments *m)
{
    return m->n - m->nan - m->plus - m->minus;
}

void
rg_moments_add(struct rg_moments *m, double x)
{
    double n = (double)finite(m), k = n + 1, d, dk, t;

    extend(m, x, x);
    m->n++;
    m->nan += isnan(x) ? 1 : 0;
    m->plus += x == INFINITY;
    m->minus += x == -INFINITY;
    if (!isfinite(x))
        return;
    rg_sum_add(&m->sum, x);
    d = x - m->mean;
    dk = d / k;
    t = d * dk * n;
    m->m4 += t * dk * dk * (k * k - 3 * k + 3) + 6 * dk * dk * m->m2 - 4 * dk * m->m3;
    m->m3 += t * dk * (k - 2) - 3 * dk * m->m2;
    m->m2 += t;
    m->mean += dk;
}

static void
merge_powers(struct rg_moments *m, const struct rg_moments *o)
{
    double a = (double)finite(m), b = (double)finite(o), n = a + b;
    double d = o->mean - m->mean, dn = d / n, t = d * dn * a * b;

    m->m4 += o->m4 + t * dn * dn * (a * a - a * b + b * b) +
             6 * dn * dn * (a * a * o->m2 + b * b * m->m2) + 4 * dn * (a * o->m3 - b * m->m3);
    m->m3 += o->m3 + t * dn * (a - b) + 3 * dn * (a * o->m2 - b * m->m2);
    m->m2 += o->m2 + t;
    m->mean += dn * b;
    rg_sum_add(&m->sum, o->sum.s);
    m->sum.c += o->sum.c;
}

void
rg_moments_merge(struct rg_moments *m, const struct rg_moments *other)
{
    struct rg_moments powers = *m;

    if (other->n == 0)
        return;
    if (m->n == 0) {
        *m = *other;
        return;
    }
    if (finite(m) == 0)
        powers = *other;
    else if (finite(other) > 0)
        merge_powers(&powers, other);
    extend(m, other->min, other->max);
    m->n += other->n;
    m->nan += other->nan;
    m->plus += other->plus;
    m->minus += other->minus;
    m->sum = powers.sum;
    m->mean = powers.mean;
    m->m2 = powers.m2;
    m->m3 = powers.m3;
    m->m4 = powers.m4;
}

struct rg_moments
rg_moments_of(const double *x, size_t n)
{
    struct rg_moments m = {0};

    for (size_t i = 0; i < n; i++)
        rg_moments_add(&m, x[i]);
    return m;
}

double
rg_moments_mean(const struct rg_moments *m)
{
    double sum = rg_sum_value(&m->sum);

    if (m->n == 0 || m->nan || (m->plus && m->minus))
        return NAN;
    if (m->plus || m->minus)
        return m->plus ? INFINITY : -INFINITY;
    /* The sum of huge values overflows where their mean does not. */
    return isfinite(sum) ? sum / (double)m->n : m->mean;
}

double
rg_moments_variance(const struct rg_moments *m)
{
    return m->n < 2 || finite(m) < m->n ? NAN : m->m2 / (double)(m->n - 1);
}

double
rg_moments_sd(const struct rg_moments *m)
{
    return sqrt(rg_moments_variance(m));
}

double
rg_moments_skewness(const struct rg_moments *m)
{
    if (finite(m) < m->n || !(m->m2 > 0))
        return NAN;
    return sqrt((double)m->n) * m->m3 / m->m2 / sqrt(m->m2);
}

double
rg_moments_kurtosis(const struct rg_moments *m)
{
    if (finite(m) < m->n || !(m->m2 > 0))
        return NAN;
    return (double)m->n * m->m4 / m->m2 / m->m2 - 3;
}

/* ---- robust and multiplicative means ---- */

/* Sum of squared deviations of the winsorized values from their mean. */
static double
winsorized(const double *sorted, size_t n, size_t g)
{
    struct rg_moments m = {0};

    for (size_t i = 0; i < n; i++) {
        size_t at = i < g ? g : i;

        rg_moments_add(&m, sorted[at < n - g ? at : n - g - 1]);
    }
    return finite(&m) < n ? NAN : m.m2;
}

struct rg_estimate
rg_moments_trimmed(const double *sorted, size_t n, double share, double level)
{
    struct rg_estimate est = {NAN, NAN, NAN, n};
    size_t g = (size_t)floor((double)n * share), h;
    struct rg_moments m;
    double half;

    assert(share >= 0 && share < 0.5);
    assert(level > 0 && level < 1);
    if (n == 0)
        return est;
    h = n - 2 * g;
    m = rg_moments_of(sorted + g, h);
    est.value = rg_moments_mean(&m);
    if (isnan(est.value))
        return est;
    half = INFINITY;
    if (h > 1)
        half = gsl_cdf_tdist_Qinv((1 - level) / 2, (double)(h - 1)) *
               sqrt(winsorized(sorted, n, g) / (double)h / (double)(h - 1));
    est.lo = est.value - half;
    est.hi = est.value + half;
    return est;
}

struct rg_estimate
rg_moments_geometric(const double *x, size_t n, double level)
{
    double *logs = rg_alloc(n, sizeof *logs);
    struct rg_estimate est;

    for (size_t i = 0; i < n; i++)
        logs[i] = log(x[i]);
    est = rg_interval_mean(logs, n, level);
    free(logs);
    est.value = exp(est.value);
    if (est.value == 0) {
        est.lo = 0;
        est.hi = INFINITY;
        return est;
    }
    est.lo = exp(est.lo);
    est.hi = exp(est.hi);
    return est;
}
