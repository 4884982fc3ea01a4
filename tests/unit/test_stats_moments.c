/* One-pass moments against R, SciPy and a two-pass oracle; trimmed and geometric means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>

#include "base/rng.h"
#include "stats/moments.h"

/* Twelve skewed numbers, of which R and Python are asked the same. */
static const double x12[] = {2.1, 0.4, 7.5, 3.3, 1.2, 9.8, 0.9, 4.4, 2.6, 5.1, 0.7, 31.5};

static void
near(double found, double expected, double rel)
{
    if (!(fabs(found - expected) <= rel * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

static void
known_values(void **state)
{
    struct rg_moments m = rg_moments_of(x12, 12);

    (void)state;
    near(rg_moments_mean(&m), 5.791666666666667, 1e-15);      /* R: mean(x) */
    near(rg_moments_variance(&m), 73.849924242424237, 1e-15); /* R: var(x) */
    near(rg_moments_skewness(&m), 2.462159284059731, 1e-14);  /* scipy.stats.skew(x) */
    near(rg_moments_kurtosis(&m), 5.00009631641154, 1e-14);   /* scipy.stats.kurtosis(x) */
    assert_true(m.min == 0.4 && m.max == 31.5 && m.n == 12);
}

/* The sum of (x - mean)^k, long double, two passes. */
static long double
power_sum(const double *x, size_t n, int k)
{
    long double mean = 0, sum = 0;

    for (size_t i = 0; i < n; i++)
        mean += (long double)x[i] / (long double)n;
    for (size_t i = 0; i < n; i++)
        sum += powl((long double)x[i] - mean, k);
    return sum;
}

static void
agree(const struct rg_moments *m, const double *x, size_t n)
{
    near(m->m2, (double)power_sum(x, n, 2), 1e-10);
    near(m->m3, (double)power_sum(x, n, 3), 1e-9);
    near(m->m4, (double)power_sum(x, n, 4), 1e-10);
}

/* Far from 0, where sums of squares would have lost all digits; the oracle gets the values without
 * the offset, which is exact. */
static void
two_passes(void **state)
{
    enum { N = 100000 };
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    double *x = malloc(N * sizeof *x);
    struct rg_moments m;

    (void)state;
    for (int i = 0; i < N; i++)
        x[i] = 1e6 + gsl_ran_exponential(rng, 1);
    m = rg_moments_of(x, N);
    near(rg_moments_mean(&m), rg_sum_of(x, N) / N, 0);
    for (int i = 0; i < N; i++)
        x[i] -= 1e6;
    agree(&m, x, N);
    free(x);
    gsl_rng_free(rng);
}

/* However the values are cut into parts, and the parts grouped. */
static void
merged_parts(void **state)
{
    enum { N = 1000 };
    gsl_rng *rng = rg_rng_new(2, 0, RG_PURPOSE_TEST);
    double x[N];

    (void)state;
    for (int i = 0; i < N; i++)
        x[i] = gsl_ran_lognormal(rng, 0, 1);
    for (int round = 0; round < 200; round++) {
        struct rg_moments left = {0}, all;
        size_t at = 0;

        while (at < N) {
            size_t k = rg_rng_below(rng, 300); /* 0 among them */
            struct rg_moments part;

            k = k < N - at ? k : N - at;
            part = rg_moments_of(x + at, k);
            if (round % 2) {
                rg_moments_merge(&part, &left); /* the other way round */
                left = part;
            } else {
                rg_moments_merge(&left, &part);
            }
            at += k;
        }
        all = rg_moments_of(x, N);
        agree(&left, x, N);
        near(rg_moments_mean(&left), rg_moments_mean(&all), 3e-16);
        assert_true(left.n == N && left.min == all.min && left.max == all.max);
    }
    gsl_rng_free(rng);
}

static void
empty_merge(void **state)
{
    struct rg_moments none = {0}, nothing = {0}, some = rg_moments_of(x12, 12), copy = some;

    (void)state;
    rg_moments_merge(&some, &none);
    assert_memory_equal(&some, &copy, sizeof some);
    rg_moments_merge(&none, &some);
    assert_memory_equal(&none, &copy, sizeof none);
    rg_moments_merge(&nothing, &(struct rg_moments){0});
    assert_true(nothing.n == 0 && isnan(rg_moments_mean(&nothing)));
}

static void
degenerate(void **state)
{
    static const double same[] = {0.1, 0.1, 0.1, 0.1}, odd[] = {1, NAN, INFINITY};
    static const double up[] = {INFINITY, 1, 2}, both[] = {INFINITY, 1, -INFINITY};
    static const double huge[] = {1.7e308, 1.7e308, 1.7e308};
    struct rg_moments m = rg_moments_of(NULL, 0), o = rg_moments_of(odd, 1);

    (void)state;
    assert_true(isnan(rg_moments_mean(&m)) && isnan(rg_moments_variance(&m)));
    assert_true(isnan(rg_moments_skewness(&m)) && isnan(rg_moments_kurtosis(&m)));
    assert_true(rg_moments_mean(&o) == 1 && isnan(rg_moments_variance(&o)));
    m = rg_moments_of(same, 4);
    assert_true(rg_moments_mean(&m) == 0.1 && rg_moments_variance(&m) == 0);
    assert_true(isnan(rg_moments_skewness(&m)));
    m = rg_moments_of(odd, 3);
    assert_true(isnan(rg_moments_mean(&m)) && isnan(rg_moments_sd(&m)) && isnan(m.min));
    rg_moments_add(&m, 5);
    assert_true(isnan(m.max) && m.n == 4);
    m = rg_moments_of(up, 3);
    assert_true(rg_moments_mean(&m) == INFINITY && isnan(rg_moments_variance(&m)));
    assert_true(m.min == 1 && m.max == INFINITY);
    o = rg_moments_of(both + 2, 1);
    rg_moments_merge(&o, &m);
    assert_true(isnan(rg_moments_mean(&o)) && o.n == 4 && o.min == -INFINITY);
    m = rg_moments_of(both + 2, 1);
    o = rg_moments_of(same, 4);
    rg_moments_merge(&m, &o);
    assert_true(rg_moments_mean(&m) == -INFINITY && m.n == 5);
    m = rg_moments_of(huge, 3);
    assert_true(rg_moments_mean(&m) == 1.7e308);
}

static void
sorted_sample(double *x)
{
    memcpy(x, x12, sizeof x12);
    rg_sort(x, 12);
}

static void
trimmed(void **state)
{
    static const double ends[] = {-INFINITY, 1, 2, 3, INFINITY};
    double x[12];
    struct rg_estimate est;

    (void)state;
    sorted_sample(x);
    near(rg_moments_trimmed(x, 12, 0.1, 0.95).value, 3.76, 1e-15); /* R: mean(x, trim = .1) */
    est = rg_moments_trimmed(x, 12, 0.2, 0.95);
    near(est.value, 3.3875, 1e-15); /* R: mean(x, trim = .2) */
    /* R: s <- sort(x); w <- c(s[3], s[3], s[3:10], s[10], s[10]);
     * mean(x, trim = .2) + c(-1, 1) * qt(.975, 7) * sqrt(11 * var(w) / (8 * 7)) */
    near(est.lo, 0.5709802623006164, 1e-11);
    near(est.hi, 6.2040197376993840, 1e-11);
    /* Nothing trimmed: Student's. */
    est = rg_moments_trimmed(x, 12, 0, 0.95);
    near(est.lo, rg_interval_mean(x, 12, 0.95).lo, 1e-12);
    near(est.hi, rg_interval_mean(x, 12, 0.95).hi, 1e-12);
    est = rg_moments_trimmed(ends, 5, 0.2, 0.95);
    assert_true(est.value == 2 && isfinite(est.lo) && isfinite(est.hi));
    est = rg_moments_trimmed(ends, 5, 0.49, 0.95);
    assert_true(est.value == 2 && est.lo == -INFINITY && est.hi == INFINITY);
    assert_true(isnan(rg_moments_trimmed(ends, 5, 0, 0.95).value));
    est = rg_moments_trimmed(NULL, 0, 0.2, 0.95);
    assert_true(isnan(est.value) && isnan(est.lo) && est.n == 0);
}

static void
geometric(void **state)
{
    static const double zero[] = {1, 0, 4}, negative[] = {1, -1, 4}, same[] = {5, 5, 5};
    struct rg_estimate est = rg_moments_geometric(x12, 12, 0.95);

    (void)state;
    /* R: t <- t.test(log(x)); exp(t$estimate); exp(t$conf.int) */
    near(est.value, 2.846595507215882, 1e-14);
    near(est.lo, 1.298461956285660, 1e-11);
    near(est.hi, 6.240541698180468, 1e-11);
    est = rg_moments_geometric(zero, 3, 0.95);
    assert_true(est.value == 0 && est.lo == 0 && est.hi == INFINITY);
    assert_true(isnan(rg_moments_geometric(negative, 3, 0.95).value));
    near(rg_moments_geometric(same, 3, 0.95).lo, 5, 1e-15);
    est = rg_moments_geometric(same, 1, 0.95);
    assert_true(est.lo == 0 && est.hi == INFINITY);
    assert_true(isnan(rg_moments_geometric(NULL, 0, 0.95).value));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values), cmocka_unit_test(two_passes),
        cmocka_unit_test(merged_parts), cmocka_unit_test(empty_merge),
        cmocka_unit_test(degenerate),   cmocka_unit_test(trimmed),
        cmocka_unit_test(geometric),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
