/* Statistics of arrival processes: laws with known parameters, and processes without any. The
 * figures of the recorded Azure traces are checked in test_data_serving.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/arrivals_stats.h"

enum { MANY = 100000 };

static void
near(double found, double expected, double within)
{
    if (!(fabs(found - expected) <= within))
        fail_msg("found %.10g, expected %.10g +- %g", found, expected, within);
}

/* MANY arrivals from time start with gaps of a law. */
static double *
process(double (*gap)(const gsl_rng *, double, double), double a, double b, double start)
{
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    double *at = rg_alloc(MANY, sizeof *at);

    for (size_t i = 0; i < MANY; i++)
        at[i] = i == 0 ? start : at[i - 1] + gap(rng, a, b);
    gsl_rng_free(rng);
    return at;
}

static double
exponential(const gsl_rng *rng, double mean, double unused)
{
    (void)unused;
    return gsl_ran_exponential(rng, mean);
}

static void
poisson(void **state)
{
    double *at = process(exponential, 0.25, 0, 5);
    struct rg_arrivals_stats s;

    (void)state;
    rg_arrivals_stats_of(&s, at, MANY);
    assert_int_equal(s.n, MANY);
    assert_int_equal(s.zero_gaps, 0);
    near(s.rate, 4, 0.05);
    near(s.gap_cv, 1, 0.02);
    near(s.second.mean, 4, 0.05);
    near(s.second.vmr, 1, 0.04);
    near(s.second.lag1, 0, 0.03);
    near(s.minute.mean, 240, 3);
    assert_int_equal(s.second.n, (size_t)s.span_s);
    assert_int_equal(s.minute.n, (size_t)(s.span_s / 60));
    near(s.gamma.shape, 1, 0.02);
    near(s.weibull.shape, 1, 0.02);
    near(s.exponential.scale, 0.25, 0.005);
    /* the larger families cannot be worse, and where the truth is exponential not much better */
    assert_true(s.gamma.log_likelihood >= s.exponential.log_likelihood);
    assert_true(s.weibull.log_likelihood >= s.exponential.log_likelihood);
    assert_true(s.gamma.log_likelihood < s.exponential.log_likelihood + 10);
    free(at);
}

static void
gamma_gaps(void **state)
{
    double *at = process(gsl_ran_gamma, 0.25, 2, 0);
    struct rg_arrivals_stats s;

    (void)state;
    rg_arrivals_stats_of(&s, at, MANY);
    near(s.gamma.shape, 0.25, 0.004);
    near(s.gamma.scale, 2, 0.06);
    near(s.gap_cv, 2, 0.05);
    assert_true(s.gamma.log_likelihood > s.weibull.log_likelihood + 100);
    assert_true(s.second.vmr > 1.5);
    free(at);
}

static void
weibull_gaps(void **state)
{
    double *at = process(gsl_ran_weibull, 0.5, 3, 0);
    struct rg_arrivals_stats s;

    (void)state;
    rg_arrivals_stats_of(&s, at, MANY);
    near(s.weibull.shape, 3, 0.03);
    near(s.weibull.scale, 0.5, 0.004);
    assert_true(s.weibull.log_likelihood > s.gamma.log_likelihood + 100);
    assert_true(s.gap_cv < 0.4);
    free(at);
}

/* Gaps 1, 2, 4: the shapes solve the maximum-likelihood equations, written out here. */
static void
three_gaps(void **state)
{
    const double at[] = {0, 1, 3, 7};
    struct rg_arrivals_stats s;
    double k, w, top = 0, bottom = 0;

    (void)state;
    rg_arrivals_stats_of(&s, at, 4);
    k = s.gamma.shape;
    /* psi by its asymptotic series, good to 1e-9 behind six recurrences */
    w = k + 6;
    w = log(w) - 1 / (2 * w) - 1 / (12 * w * w) + 1 / (120 * pow(w, 4)) - 1 / (252 * pow(w, 6));
    for (int i = 0; i < 6; i++)
        w -= 1 / (k + i);
    near(log(k) - w, log(7.0 / 3) - log(2), 1e-8);
    k = s.weibull.shape;
    for (int i = 0; i < 3; i++) {
        top += pow(exp2(i), k) * i * log(2);
        bottom += pow(exp2(i), k);
    }
    near(1 / k + log(2), top / bottom, 1e-10);
    near(pow(s.weibull.scale, k), bottom / 3, 1e-9);
    near(s.gap_cv, sqrt(7.0 / 3) / (7.0 / 3), 1e-12);
    near(s.exponential.log_likelihood, -3 * (log(7.0 / 3) + 1), 1e-12);
    near(s.rate, 4.0 / 7, 1e-12);
    /* full seconds 0 .. 6 hold 1 1 0 1 0 0 0 arrivals; the last one, at 7, belongs to the eighth */
    assert_int_equal(s.second.n, 7);
    near(s.second.mean, 3.0 / 7, 1e-12);
    near(s.second.vmr, 2.0 / 7 / (3.0 / 7), 1e-12);
    near(s.second.lag1, (16 - 12 - 12 - 12 + 9 + 9) / 49.0 / (12.0 / 7), 1e-12);
    assert_true(s.second.min == 0 && s.second.max == 1);
    assert_int_equal(s.minute.n, 0);
    assert_true(isnan(s.minute.mean));
}

static void
scale_free(void **state)
{
    double *at = process(gsl_ran_gamma, 0.5, 2, 0);
    struct rg_arrivals_stats one, other;

    (void)state;
    rg_arrivals_stats_of(&one, at, 1000);
    for (size_t i = 0; i < 1000; i++)
        at[i] *= 1e-7;
    rg_arrivals_stats_of(&other, at, 1000);
    near(other.gamma.shape, one.gamma.shape, 1e-9);
    near(other.weibull.shape, one.weibull.shape, 1e-9);
    near(other.weibull.scale, one.weibull.scale * 1e-7, 1e-14);
    near(other.gap_cv, one.gap_cv, 1e-9);
    assert_int_equal(other.second.n, 0);
    free(at);
}

static void
edges(void **state)
{
    const double at[] = {3, 3, 3, 5, 7, 7};
    struct rg_arrivals_stats s;

    (void)state;
    rg_arrivals_stats_of(&s, at, 0);
    assert_true(s.n == 0 && isnan(s.span_s) && isnan(s.rate) && isnan(s.gap_cv));
    rg_arrivals_stats_of(&s, at, 1);
    assert_true(s.n == 1 && s.span_s == 0 && isnan(s.rate) && isnan(s.exponential.scale));
    rg_arrivals_stats_of(&s, at, 3); /* all at one time */
    assert_true(s.zero_gaps == 2 && isnan(s.rate) && isnan(s.gap_cv) && isnan(s.gamma.shape));
    rg_arrivals_stats_of(&s, at + 2, 2); /* one gap */
    assert_true(s.rate == 1 && isnan(s.gap_cv) && isnan(s.weibull.shape));
    assert_true(s.exponential.scale == 2);
    rg_arrivals_stats_of(&s, at + 2, 3); /* equal gaps */
    assert_true(s.gap_cv == 0 && isnan(s.weibull.shape) && isnan(s.gamma.log_likelihood));
    rg_arrivals_stats_of(&s, at, 6);
    assert_int_equal(s.zero_gaps, 3);
    assert_int_equal(s.second.n, 4);
    assert_true(s.second.max == 3 && s.second.min == 0 && s.second.mean == 1);
}

static void
order(void **state)
{
    const double at[] = {1, 1, 2, 1.5, 3}, nan[] = {0, NAN, 1}, inf[] = {0, INFINITY};

    (void)state;
    assert_int_equal(rg_arrivals_stats_unsorted(at, 5), 3);
    assert_int_equal(rg_arrivals_stats_unsorted(at, 3), 3);
    assert_int_equal(rg_arrivals_stats_unsorted(nan, 3), 1);
    assert_int_equal(rg_arrivals_stats_unsorted(inf, 2), 1);
    assert_int_equal(rg_arrivals_stats_unsorted(at, 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poisson),    cmocka_unit_test(gamma_gaps), cmocka_unit_test(weibull_gaps),
        cmocka_unit_test(three_gaps), cmocka_unit_test(scale_free), cmocka_unit_test(edges),
        cmocka_unit_test(order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
