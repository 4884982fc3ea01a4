#include "stats/unpaired.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include <gsl/gsl_cdf.h>

#include "stats/paired.h"

/* Standard errors of both means and of their difference; degrees of freedom. Shares of the variance
 * rather than its square, which may be out of range. */
struct errors {
    double se, df;
};

static struct errors
errors_of(struct rg_spread x, size_t nx, struct rg_spread y, size_t ny)
{
    double a = x.sd / sqrt((double)nx), b = y.sd / sqrt((double)ny);
    double se = hypot(a, b);
    double share = se > 0 ? (a / se) * (a / se) : 0, rest = se > 0 ? (b / se) * (b / se) : 0;

    return (struct errors){se,
                           1 / (share * share / (double)(nx - 1) + rest * rest / (double)(ny - 1))};
}

static void
set_limits(struct rg_test *t, double se, enum rg_tail tail, double level)
{
    double beyond = tail == RG_TWO_SIDED ? (1 - level) / 2 : 1 - level;
    double half = se > 0 ? gsl_cdf_tdist_Qinv(beyond, t->df) * se : 0;

    t->lo = tail == RG_LESS ? -INFINITY : t->estimate - half;
    t->hi = tail == RG_GREATER ? INFINITY : t->estimate + half;
}

struct rg_test
rg_welch_t(const double *x, size_t nx, const double *y, size_t ny, enum rg_tail tail, double level)
{
    enum rg_why first = rg_why_unfit(x, nx), second = rg_why_unfit(y, ny);
    struct rg_test t = rg_test_undefined(nx + ny, first != RG_WHY_DEFINED ? first : second);
    struct rg_spread mx, my;
    struct errors e;

    assert(level > 0 && level < 1);
    if (t.why != RG_WHY_DEFINED)
        return t;
    t.why = RG_WHY_TOO_FEW;
    if (nx == 0 || ny == 0)
        return t;
    mx = rg_spread_of(x, nx);
    my = rg_spread_of(y, ny);
    t.estimate = mx.mean - my.mean;
    t.lo = -INFINITY;
    t.hi = INFINITY;
    if (nx < 2 || ny < 2)
        return t;
    e = errors_of(mx, nx, my, ny);
    t.df = e.se > 0 ? e.df : NAN;
    set_limits(&t, e.se, tail, level);
    t.why = RG_WHY_NO_VARIATION;
    if (e.se <= 10 * DBL_EPSILON * fmax(fabs(mx.mean), fabs(my.mean)))
        return t;
    t.why = RG_WHY_DEFINED;
    t.statistic = t.estimate / e.se;
    t.p = rg_tail_student(t.statistic, t.df, tail);
    return t;
}

struct rg_estimate
rg_interval_difference(struct rg_estimate x, struct rg_estimate y)
{
    double d = x.value - y.value;

    return (struct rg_estimate){d, d - hypot(x.value - x.lo, y.hi - y.value),
                                d + hypot(x.hi - x.value, y.value - y.lo), x.n < y.n ? x.n : y.n};
}
