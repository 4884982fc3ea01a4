#include "stats/hypothesis.h"

#include <assert.h>
#include <limits.h>
#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

struct rg_test
rg_test_undefined(size_t n, enum rg_why why)
{
    return (struct rg_test){
        .statistic = NAN,
        .df = NAN,
        .df2 = NAN,
        .p = NAN,
        .estimate = NAN,
        .lo = NAN,
        .hi = NAN,
        .n = n,
        .why = why,
    };
}

enum rg_why
rg_why_unfit(const double *x, size_t n)
{
    enum rg_why why = RG_WHY_DEFINED;

    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            return RG_WHY_MISSING;
        if (isinf(x[i]))
            why = RG_WHY_INFINITE;
    }
    return why;
}

double
rg_tail_p(double at_most, double at_least, enum rg_tail tail)
{
    switch (tail) {
    case RG_GREATER:
        return at_least;
    case RG_LESS:
        return at_most;
    default:
        return fmin(1, 2 * fmin(at_most, at_least));
    }
}

double
rg_tail_normal(double z, enum rg_tail tail)
{
    return rg_tail_p(gsl_cdf_ugaussian_P(z), gsl_cdf_ugaussian_Q(z), tail);
}

double
rg_tail_student(double t, double df, enum rg_tail tail)
{
    return rg_tail_p(gsl_cdf_tdist_P(t, df), gsl_cdf_tdist_Q(t, df), tail);
}

/* P(X <= k), by symmetry also P(X >= n - k). */
static double
half_at_most(size_t k, size_t n)
{
    return k >= n ? 1 : gsl_cdf_binomial_P((unsigned)k, 0.5, (unsigned)n);
}

double
rg_tail_half(size_t k, size_t n, bool mid, enum rg_tail tail)
{
    double off = mid ? gsl_ran_binomial_pdf((unsigned)k, 0.5, (unsigned)n) / 2 : 0;

    assert(k <= n && n < UINT_MAX);
    return rg_tail_p(half_at_most(k, n) - off, half_at_most(n - k, n) - off, tail);
}

const char *
rg_why_text(enum rg_why why)
{
    static const char *const texts[] = {
        "",
        "too few observations",
        "no variation",
        "a missing value",
        "infinite or too large values",
        "values other than 0 and 1",
    };

    return texts[why];
}
