#include "stats/paired.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include <gsl/gsl_cdf.h>

#include "base/sum.h"
#include "stats/interval.h"

size_t
rg_paired_differences(const double *x, const double *y, size_t n, double *d)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]) && !isnan(y[i]))
            d[m++] = x[i] == y[i] ? 0 : x[i] - y[i];
    return m;
}

/* Squares of numbers beyond these exponents of 2 overflow or vanish: then all are scaled by a power
 * of two, which changes no digit. */
enum { SAFE_EXPONENT = 400 };

static int
exponent_of(const double *x, size_t n)
{
    double max = 0;
    int e = 0;

    for (size_t i = 0; i < n; i++)
        max = fmax(max, fabs(x[i]));
    if (max > 0)
        (void)frexp(max, &e);
    return e < -SAFE_EXPONENT || e > SAFE_EXPONENT ? e : 0;
}

struct rg_spread
rg_spread_of(const double *x, size_t n)
{
    int e = exponent_of(x, n);
    struct rg_sum sum = {0}, squares = {0};
    double mean;

    if (n == 0)
        return (struct rg_spread){NAN, NAN};
    for (size_t i = 0; i < n; i++)
        rg_sum_add(&sum, ldexp(x[i], -e));
    mean = rg_sum_value(&sum) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = ldexp(x[i], -e) - mean;

        rg_sum_add(&squares, d * d);
    }
    return (struct rg_spread){
        ldexp(mean, e), n > 1 ? ldexp(sqrt(rg_sum_value(&squares) / (double)(n - 1)), e) : NAN};
}

static size_t
zeros_of(const double *d, size_t n)
{
    size_t zeros = 0;

    for (size_t i = 0; i < n; i++)
        zeros += d[i] == 0;
    return zeros;
}

static void
set_limits(struct rg_test *t, double se, double level, enum rg_tail tail)
{
    double beyond = tail == RG_TWO_SIDED ? (1 - level) / 2 : 1 - level;
    double half = se > 0 ? gsl_cdf_tdist_Qinv(beyond, t->df) * se : 0;

    t->lo = tail == RG_LESS ? -INFINITY : t->estimate - half;
    t->hi = tail == RG_GREATER ? INFINITY : t->estimate + half;
}

struct rg_test
rg_paired_t(const double *d, size_t n, double null, enum rg_tail tail, double level)
{
    struct rg_test t = rg_test_undefined(n, rg_why_unfit(d, n));
    struct rg_spread s;
    double se;

    assert(level > 0 && level < 1);
    t.zeros = zeros_of(d, n);
    if (t.why != RG_WHY_DEFINED)
        return t;
    s = rg_spread_of(d, n);
    t.estimate = s.mean;
    t.why = RG_WHY_TOO_FEW;
    if (n == 1) {
        t.lo = -INFINITY;
        t.hi = INFINITY;
    }
    if (n < 2)
        return t;
    t.df = (double)(n - 1);
    se = s.sd / sqrt((double)n);
    set_limits(&t, se, level, tail);
    t.why = RG_WHY_NO_VARIATION;
    if (se <= 10 * DBL_EPSILON * fabs(s.mean))
        return t;
    t.why = RG_WHY_DEFINED;
    t.statistic = (s.mean - null) / se;
    t.p = rg_tail_student(t.statistic, t.df, tail);
    return t;
}

struct rg_test
rg_paired_sign(const double *d, size_t n, enum rg_tail tail, double level)
{
    struct rg_test t = rg_test_undefined(n, RG_WHY_DEFINED);
    struct rg_estimate share;
    size_t above = 0, m;

    t.zeros = zeros_of(d, n);
    for (size_t i = 0; i < n; i++) {
        above += d[i] > 0;
        if (isnan(d[i]))
            t.why = RG_WHY_MISSING;
    }
    m = n - t.zeros;
    if (t.why == RG_WHY_DEFINED && m == 0)
        t.why = n == 0 ? RG_WHY_TOO_FEW : RG_WHY_NO_VARIATION;
    if (t.why != RG_WHY_DEFINED)
        return t;
    t.statistic = (double)above;
    t.exact = true;
    t.p = rg_tail_half(above, m, false, tail);
    share = rg_interval_rate((double)above, m, level);
    t.estimate = share.value;
    t.lo = share.lo;
    t.hi = share.hi;
    return t;
}
