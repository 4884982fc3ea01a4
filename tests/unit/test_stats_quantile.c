/* Quantiles, rates and ratios with their intervals against R and statsmodels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "base/rng.h"
#include "stats/bootstrap.h"
#include "stats/proportion.h"
#include "stats/quantile.h"
#include "stats/ratio.h"

/* Twelve skewed numbers, of which R and Python are asked the same. */
static const double x12[] = {2.1, 0.4, 7.5, 3.3, 1.2, 9.8, 0.9, 4.4, 2.6, 5.1, 0.7, 31.5};

static const double y12[] = {4.0, 1.1, 9.9, 5.2, 2.0, 12.5, 1.1, 6.1, 4.9, 6.6, 1.9, 30.2};

static void
near(double found, double expected, double rel)
{
    if (!(fabs(found - expected) <= rel * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* ---- quantiles ---- */

static void
type_8(void **state)
{
    static const double q[] = {0, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 1};
    /* R: quantile(x, c(0, .01, .1, .25, .5, .9, .99, 1), type = 8) */
    static const double expected[] = {0.4, 0.4, 0.57, 1.025, 2.95, 19.20333333333334, 31.5, 31.5};
    static const double two[] = {1, 2};
    double x[12];

    (void)state;
    memcpy(x, x12, sizeof x);
    rg_sort(x, 12);
    for (size_t i = 0; i < 8; i++)
        near(rg_quantile8(x, 12, q[i]), expected[i], 1e-14);
    assert_true(isnan(rg_quantile8(NULL, 0, 0.5)));
    assert_true(rg_quantile8(two, 1, 0.9) == 1 && rg_quantile8(two, 2, 1) == 2);
    near(rg_quantile8(two, 2, 0.5), 1.5, 1e-15);
}

/* Values 1 to n, so that limits are the ranks. In R qbinom(.025, n, q) and qbinom(.975, n, q) + 1.
 */
static void
order_ranks(void **state)
{
    static const struct {
        size_t n;
        double q, lo, hi;
    } known[] = {
        {12, 0.5, 3, 10},       {76, 0.5, 29, 48}, {76, 0.95, 68, 76},
        {1000, 0.99, 983, 997}, {100, 0.1, 5, 17}, {1000000, 0.999, 998938, 999062},
    };
    double *x = malloc(1000000 * sizeof *x);
    struct rg_estimate est;

    (void)state;
    for (size_t i = 0; i < 1000000; i++)
        x[i] = (double)(i + 1);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        est = rg_quantile_order(x, known[i].n, known[i].q, 0.95);
        assert_true(est.lo == known[i].lo && est.hi == known[i].hi);
        assert_true(est.value == rg_quantile7(x, known[i].n, known[i].q));
    }
    est = rg_quantile_order(x, 5, 0.5, 0.95); /* 2^-4 of missing (1, 5) is too much */
    assert_true(est.lo == -INFINITY && est.hi == INFINITY);
    est = rg_quantile_order(x, 5, 0.5, 0.9); /* 2^-5 of each side is not */
    assert_true(est.lo == 1 && est.hi == 5);
    est = rg_quantile_order(x, 76, 0.99, 0.95);
    assert_true(est.lo == 73 && est.hi == INFINITY);
    free(x);
}

/* The probability that the ranks of the median enclose it, summed from binomial coefficients: at
 * least the level, and less with either limit one rank further in. */
static void
order_is_tight(void **state)
{
    double x[60], tail[62] = {0};

    (void)state;
    for (int i = 0; i < 60; i++)
        x[i] = i + 1;
    for (size_t n = 6; n <= 60; n++) {
        struct rg_estimate est = rg_quantile_order(x, n, 0.5, 0.95);
        size_t lo = (size_t)est.lo;

        tail[0] = gsl_ran_binomial_pdf(0, 0.5, (unsigned)n);
        for (unsigned k = 1; k <= n; k++)
            tail[k] = tail[k - 1] + gsl_ran_binomial_pdf(k, 0.5, (unsigned)n);
        assert_true(tail[lo - 1] <= 0.025 && tail[lo] > 0.025);
        assert_true(est.hi == (double)(n + 1 - lo)); /* the median's is symmetric */
    }
}

static void
maritz_jarrett(void **state)
{
    static const double q[] = {0.5, 0.25, 0.9};
    /* R: s <- sort(x); n <- 12; a <- 13 * q; b <- 13 * (1 - q);
     * w <- pbeta((1:n) / n, a, b) - pbeta((0:(n - 1)) / n, a, b);
     * sqrt(sum(w * s^2) - sum(w * s)^2) */
    static const double se[] = {1.402550052086988, 0.7125062442769255, 11.4919360699354};
    double x[12];

    (void)state;
    memcpy(x, x12, sizeof x);
    rg_sort(x, 12);
    for (size_t i = 0; i < 3; i++) {
        struct rg_estimate est = rg_quantile_maritz_jarrett(x, 12, q[i], 0.95);

        near((est.hi - est.lo) / 2, gsl_cdf_ugaussian_Pinv(0.975) * se[i], 1e-11);
        near(est.value, rg_quantile7(x, 12, q[i]), 0);
    }
}

/* For a whole rank it is the standard error of the bootstrap: for 11 values the median. */
static void
maritz_jarrett_is_bootstrap(void **state)
{
    struct rg_bootstrap_term term = {RG_BOOTSTRAP_QUANTILE, x12, NULL, 0.5};
    struct rg_bootstrap *boot = rg_bootstrap_terms(
        &(struct rg_bootstrap_plan){.n = 11, .resamples = 200000, .seed = 3}, &term, 1);
    struct rg_estimate est;
    double x[11];

    (void)state;
    memcpy(x, x12, sizeof x);
    rg_sort(x, 11);
    est = rg_quantile_maritz_jarrett(x, 11, 0.5, 0.95);
    near((est.hi - est.lo) / 2 / gsl_cdf_ugaussian_Pinv(0.975), rg_bootstrap_error(boot, 0), 5e-3);
    rg_bootstrap_free(boot);
}

static void
quantile_edges(void **state)
{
    static const double same[] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    static const double tail[] = {1, 2, 3, 4, 5, 6, 7, INFINITY, INFINITY, INFINITY};
    struct rg_estimate est = rg_quantile_order(NULL, 0, 0.5, 0.95);

    (void)state;
    assert_true(isnan(est.value) && isnan(est.lo) && isnan(est.hi) && est.n == 0);
    est = rg_quantile_maritz_jarrett(NULL, 0, 0.5, 0.95);
    assert_true(isnan(est.value) && isnan(est.lo));
    for (size_t n = 1; n < 3; n++) {
        est = rg_quantile_order(tail, n, 0.5, 0.95);
        assert_true(est.lo == -INFINITY && est.hi == INFINITY);
    }
    est = rg_quantile_maritz_jarrett(tail, 1, 0.5, 0.95);
    assert_true(est.value == 1 && est.lo == -INFINITY && est.hi == INFINITY);
    est = rg_quantile_order(same, 10, 0.5, 0.95);
    assert_true(est.value == 2 && est.lo == 2 && est.hi == 2);
    est = rg_quantile_maritz_jarrett(same, 10, 0.5, 0.95);
    assert_true(est.lo == 2 && est.hi == 2);
    est = rg_quantile_order(tail, 10, 0.5, 0.95);
    assert_true(est.lo == 2 && est.hi == INFINITY);
    est = rg_quantile_maritz_jarrett(tail, 10, 0.5, 0.95);
    assert_true(est.value == 5.5 && est.lo == -INFINITY && est.hi == INFINITY);
    est = rg_quantile_order(tail, 7, 0, 0.95);
    assert_true(est.lo == -INFINITY && est.hi == 1);
    est = rg_quantile_order(tail, 7, 1, 0.95);
    assert_true(est.lo == 7 && est.hi == INFINITY);
}

/* ---- rates ---- */

static void
clopper_pearson(void **state)
{
    /* R: binom.test(k, n)$conf.int; the last rows: qbeta(.025, k, n - k + 1), 1 - qbeta(.025, n -
     * k, k + 1) */
    static const struct {
        uint64_t k, n;
        double lo, hi;
    } known[] = {
        {0, 76, 0, 0.04737875386693069},
        {1, 76, 3.330735711030668e-04, 7.114369125171904e-02},
        {2, 76, 0.003203005344732533, 0.091849523323165871}, /* also statsmodels, method='beta' */
        {62, 76, 0.7102843980441287, 0.8954672395843666},
        {76, 76, 0.9526212461330693, 1},
        {0, 1, 0, 0.975},
        {1, 1, 0.025, 1},
        {1, 2, 0.01257911709342506, 0.98742088290657493},
        {20, 1000, 1.225826797240633e-02, 3.072003268260914e-02},
        {999999, 1000000, 0.9999944283693448, 0.9999999746821924},
        {500000000, 1000000000, 0.4999690097484223, 0.5000309902515777},
    };
    struct rg_estimate est;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        est = rg_proportion_exact(known[i].k, known[i].n, 0.95);
        near(est.lo, known[i].lo, 1e-11);
        near(est.hi, known[i].hi, 1e-11);
    }
    est = rg_proportion_exact(3, 10, 0.99); /* R: binom.test(3, 10, conf.level = .99)$conf.int */
    near(est.lo, 0.03700722109623209, 1e-12);
    near(est.hi, 0.73511398528713079, 1e-12);
    est = rg_proportion_exact(0, 0, 0.95);
    assert_true(isnan(est.value) && est.lo == 0 && est.hi == 1 && est.n == 0);
    /* Closed form without hits: 1 - (alpha / 2)^(1 / n). */
    for (uint64_t n = 1; n < 2000000; n = n * 3 + 1)
        near(rg_proportion_exact(0, n, 0.95).hi, -expm1(log(0.025) / (double)n), 1e-9);
}

/* The definition itself, and that Wilson's lies inside, about. */
static void
exact_tails(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 80; n += 7)
        for (unsigned k = 0; k <= n; k++) {
            struct rg_estimate est = rg_proportion_exact(k, n, 0.9);

            if (k > 0)
                near(gsl_cdf_binomial_Q(k - 1, est.lo, n), 0.05, 1e-9);
            if (k < n)
                near(gsl_cdf_binomial_P(k, est.hi, n), 0.05, 1e-9);
        }
}

/* R: prop.test(k, n, correct = FALSE)$conf.int; statsmodels: proportion_confint(2, 76,
 * method='wilson'). */
static void
wilson(void **state)
{
    struct rg_estimate est = rg_interval_rate(2, 76, 0.95);

    (void)state;
    near(est.lo, 0.007246659075128335, 1e-12);
    near(est.hi, 0.090966210986580698, 1e-12);
    est = rg_interval_rate(62, 76, 0.95);
    near(est.lo, 0.7142173789108908, 1e-12);
    near(est.hi, 0.8869740410479698, 1e-12);
}

/* ---- ratios ---- */

/* NumPy: S = cov(x, y) / 12, t = scipy.stats.t.ppf(.975, 11); roots([b*b - t*t*S[1,1],
 * -2*(a*b - t*t*S[0,1]), a*a - t*t*S[0,0]]) with the means a, b. */
static void
fieller(void **state)
{
    struct rg_estimate est = rg_ratio_fieller(x12, y12, 12, 0.95), saving;

    (void)state;
    near(est.value, 0.8128654970760234, 1e-15);
    near(est.lo, 0.16217392622280166, 1e-9);
    near(est.hi, 0.9378946309346361, 1e-11);
    saving = rg_ratio_saving(x12, y12, 12, 0.95);
    assert_true(saving.value == 1 - est.value && saving.lo == 1 - est.hi);
    assert_true(saving.hi == 1 - est.lo && saving.n == 12);
}

/* At a limit r the mean of num - r den is just as far from 0 as Student allows. */
static void
fieller_definition(void **state)
{
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);
    int bounded = 0;

    (void)state;
    for (int round = 0; round < 1000; round++) {
        double num[20], den[20], d[20], shift = gsl_ran_flat(rng, -3, 3);
        size_t n = 2 + rg_rng_below(rng, 19);
        double unit = pow(10, gsl_ran_flat(rng, -150, 150));
        struct rg_estimate est;

        for (size_t i = 0; i < n; i++) {
            den[i] = (shift + gsl_ran_gaussian(rng, 1)) * unit;
            num[i] = 0.5 * den[i] + gsl_ran_gaussian(rng, 0.3) * unit;
        }
        est = rg_ratio_fieller(num, den, n, 0.95);
        if (isinf(est.lo))
            continue;
        bounded++;
        assert_true(est.lo <= est.value && est.value <= est.hi);
        for (int side = 0; side < 2; side++) {
            double r = side ? est.hi : est.lo;
            struct rg_estimate mean;

            for (size_t i = 0; i < n; i++)
                d[i] = num[i] / unit - r * (den[i] / unit);
            mean = rg_interval_mean(d, n, 0.95);
            assert_true(fmin(fabs(mean.lo), fabs(mean.hi)) < 1e-7 * (mean.hi - mean.lo));
        }
    }
    assert_true(bounded > 300 && bounded < 1000);
    gsl_rng_free(rng);
}

static void
ratio_edges(void **state)
{
    static const double one[] = {3, 3, 3}, two[] = {4, 4, 4}, none[] = {0, 0, 0};
    static const double plus[] = {1, -1.1, 0.2}, cost[] = {1, INFINITY, 2}, nan[] = {1, NAN, 2};
    struct rg_estimate est = rg_ratio_fieller(NULL, NULL, 0, 0.95);

    (void)state;
    assert_true(isnan(est.value) && isnan(est.lo) && est.n == 0);
    est = rg_ratio_fieller(one, two, 1, 0.95);
    assert_true(est.value == 0.75 && est.lo == -INFINITY && est.hi == INFINITY);
    est = rg_ratio_fieller(one, two, 3, 0.95);
    assert_true(est.value == 0.75 && est.lo == 0.75 && est.hi == 0.75);
    est = rg_ratio_saving(none, two, 3, 0.95);
    assert_true(est.value == 1 && est.lo == 1 && est.hi == 1);
    est = rg_ratio_fieller(one, none, 3, 0.95);
    assert_true(est.value == INFINITY && est.lo == -INFINITY && est.hi == INFINITY);
    assert_true(isnan(rg_ratio_fieller(none, none, 3, 0.95).value));
    est = rg_ratio_fieller(one, plus, 3, 0.95); /* a baseline about 0 bounds nothing */
    assert_true(est.lo == -INFINITY && est.hi == INFINITY);
    est = rg_ratio_fieller(cost, two, 3, 0.95);
    assert_true(est.value == INFINITY && isnan(est.lo));
    assert_true(isnan(rg_ratio_fieller(nan, two, 3, 0.95).value));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type_8),
        cmocka_unit_test(order_ranks),
        cmocka_unit_test(order_is_tight),
        cmocka_unit_test(maritz_jarrett),
        cmocka_unit_test(maritz_jarrett_is_bootstrap),
        cmocka_unit_test(quantile_edges),
        cmocka_unit_test(clopper_pearson),
        cmocka_unit_test(exact_tails),
        cmocka_unit_test(wilson),
        cmocka_unit_test(fieller),
        cmocka_unit_test(fieller_definition),
        cmocka_unit_test(ratio_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
