#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "base/rng.h"
#include "base/sum.h"
#include "stats/interval.h"

static void
near(double found, double expected, double rel)
{
    if (!(fabs(found - expected) <= rel * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* ---- means ---- */

/* For x = {-1, 1} the half width is t(1, 0.975) itself: tan(0.475 pi), in R qt(0.975, 1). */
static void
student_quantiles(void **state)
{
    static const struct {
        size_t n;
        double level, t;
    } known[] = {
        {2, 0.95, 12.7062047361747},   /* R: qt(0.975, 1) */
        {3, 0.95, 4.30265272974946},   /* R: qt(0.975, 2) */
        {5, 0.95, 2.77644510519779},   /* R: qt(0.975, 4) */
        {10, 0.95, 2.2621571627982},   /* R: qt(0.975, 9) */
        {10, 0.99, 3.24983554159213},  /* R: qt(0.995, 9) */
        {30, 0.95, 2.0452296421327},   /* R: qt(0.975, 29) */
        {31, 0.95, 2.04227245630124},  /* R: qt(0.975, 30) */
        {31, 0.90, 1.69726088659396},  /* R: qt(0.95, 30) */
        {121, 0.95, 1.97993040508244}, /* R: qt(0.975, 120) */
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = known[i].n;
        double *x = calloc(n, sizeof *x), sd;
        struct rg_estimate est;

        x[0] = -1;
        x[1] = 1;
        sd = sqrt(2.0 / (double)(n - 1));
        est = rg_interval_mean(x, n, known[i].level);
        near((est.hi - est.lo) / 2 / sd * sqrt((double)n), known[i].t, 1e-12);
        free(x);
    }
    near(gsl_cdf_tdist_Qinv(0.025, 1), tan(0.475 * acos(-1)), 1e-13);
}

/* The quantile function against the distribution function, over all sizes a table may have. */
static void
student_inverse(void **state)
{
    static const double levels[] = {0.5, 0.8, 0.95, 0.999, 0.9999};

    (void)state;
    for (double df = 1; df < 1e7; df = floor(df * 1.07 + 1))
        for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
            double q = (1 - levels[i]) / 2;

            near(gsl_cdf_tdist_Q(gsl_cdf_tdist_Qinv(q, df), df), q, 1e-9);
        }
}

/* Student's sleep data (Biometrika 6, 1908), paired differences; in R
 * with(sleep, t.test(extra[group == 1] - extra[group == 2])). */
static void
student_sleep(void **state)
{
    static const double x[] = {-1.2, -2.4, -1.3, -1.3, 0, -1.0, -1.8, -0.8, -4.6, -1.4};
    struct rg_estimate est = rg_interval_mean(x, 10, 0.95);

    (void)state;
    near(est.value, -1.58, 1e-15);
    near(est.lo, -2.4598858, 1e-7);
    near(est.hi, -0.7001142, 1e-7);
    assert_int_equal(est.n, 10);
}

static void
mean_edges(void **state)
{
    static const double one[] = {7}, with_nan[] = {1, NAN, 3}, same[] = {0.1, 0.1, 0.1};
    static const double infinite[] = {1, INFINITY, 2};
    struct rg_estimate est = rg_interval_mean(NULL, 0, 0.95);

    (void)state;
    assert_true(isnan(est.value) && isnan(est.lo) && isnan(est.hi) && est.n == 0);
    est = rg_interval_mean(one, 1, 0.95);
    assert_true(est.value == 7 && est.lo == -INFINITY && est.hi == INFINITY && est.n == 1);
    est = rg_interval_mean(with_nan, 3, 0.95);
    assert_true(isnan(est.value) && isnan(est.lo) && isnan(est.hi) && est.n == 3);
    est = rg_interval_mean(same, 3, 0.95);
    near(est.value, 0.1, 2e-16);
    assert_true(est.hi - est.lo < 1e-15);
    est = rg_interval_mean(infinite, 3, 0.95);
    assert_true(est.value == INFINITY);
}

/* Nothing overflows on the way when mean and limits themselves are in range. */
static void
mean_huge(void **state)
{
    static const double big[] = {1.5e308, 1.5e308, 1.5e308}, spread[] = {-1e200, 1e200, 3e200};
    struct rg_estimate est = rg_interval_mean(big, 3, 0.95);
    const double scaled[] = {-1, 1, 3};
    struct rg_estimate small = rg_interval_mean(scaled, 3, 0.95);

    (void)state;
    near(est.value, 1.5e308, 1e-15);
    near(est.lo, 1.5e308, 1e-15);
    est = rg_interval_mean(spread, 3, 0.95);
    near(est.value, 1e200, 1e-14);
    near(est.lo, small.lo * 1e200, 1e-14);
    near(est.hi, small.hi * 1e200, 1e-14);
}

/* Cancellation: the variance of numbers with a large common part. In Python:
 * statistics.stdev([4, 7, 13, 16]) == 5.477225575051661. */
static void
mean_cancellation(void **state)
{
    static const double x[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
    struct rg_estimate est = rg_interval_mean(x, 4, 0.95);

    (void)state;
    assert_true(est.value == 1e9 + 10);
    /* R: qt(0.975, 3) = 3.18244630528371 */
    near(est.hi - est.value, 3.18244630528371 * 5.477225575051661 / 2, 1e-7);
}

/* The limits hold the true mean in about 95 % of repeats. 3 standard errors of 4000 trials: 1 %. */
static void
mean_coverage(void **state)
{
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    int inside = 0;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        struct rg_estimate est;
        double x[6];

        for (int k = 0; k < 6; k++)
            x[k] = 5 + gsl_ran_gaussian(rng, 2);
        est = rg_interval_mean(x, 6, 0.95);
        inside += est.lo <= 5 && 5 <= est.hi;
    }
    gsl_rng_free(rng);
    assert_in_range(inside, 3758, 3842);
}

/* ---- rates ---- */

/* R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3 (score without
 * continuity correction); z = 1.959964. */
static void
wilson_published(void **state)
{
    static const struct {
        double k, lo, hi;
        uint64_t n;
    } known[] = {
        {81, 0.2553, 0.3662, 263},
        {15, 0.0624, 0.1605, 148},
        {0, 0, 0.1611, 20},
        {1, 0.0061, 0.1718, 29},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct rg_estimate est = rg_interval_rate(known[i].k, known[i].n, 0.95);

        assert_true(est.value == known[i].k / (double)known[i].n);
        assert_true(fabs(est.lo - known[i].lo) <= 5.01e-5);
        assert_true(fabs(est.hi - known[i].hi) <= 5.01e-5);
    }
}

/* Limits p solve (k - n p)^2 = z^2 n p (1 - p): the definition, not the formula used. */
static void
wilson_definition(void **state)
{
    const double z = 1.959963984540054; /* R: qnorm(0.975) */

    (void)state;
    for (uint64_t n = 1; n < 400; n = n * 3 / 2 + 1)
        for (uint64_t k = 0; k <= n; k++) {
            struct rg_estimate est = rg_interval_rate((double)k, n, 0.95);
            const double limits[] = {est.lo, est.hi};

            assert_true(est.lo >= 0 && est.lo <= est.value);
            assert_true(est.hi <= 1 && est.hi >= est.value);
            for (int i = 0; i < 2; i++) {
                double p = limits[i], d = (double)k - (double)n * p;

                assert_true(fabs(d * d - z * z * (double)n * p * (1 - p)) < 1e-9 * (double)(n * n));
            }
        }
}

static void
wilson_edges(void **state)
{
    struct rg_estimate est = rg_interval_rate(0, 0, 0.95), other;

    (void)state;
    assert_true(isnan(est.value) && isnan(est.lo) && isnan(est.hi) && est.n == 0);
    est = rg_interval_rate(0, 1000, 0.95);
    assert_true(est.lo == 0 && est.value == 0 && est.hi > 0);
    other = rg_interval_rate(1000, 1000, 0.95);
    assert_true(other.hi == 1 && other.value == 1);
    near(other.lo, 1 - est.hi, 1e-15);
    est = rg_interval_rate(2.5, 10, 0.95);
    assert_true(est.value == 0.25);
    assert_true(est.lo > rg_interval_rate(2, 10, 0.95).lo);
    assert_true(est.lo < rg_interval_rate(3, 10, 0.95).lo);
    /* k / n far below the rounding of 1: the lower limit keeps its digits. In Python, with decimal:
     * (k + z*z/2 - z*(k*(1 - k/n) + z*z/4).sqrt()) / (n + z*z). */
    est = rg_interval_rate(1, 1000000000000000, 0.95);
    near(est.lo, 1.765245549351529702e-16, 1e-14);
}

/* ---- quantiles ---- */

static void
quantiles(void **state)
{
    /* Python: numpy.quantile([1, 2, 4, 8, 16, 32], q) */
    static const double x[] = {1, 2, 4, 8, 16, 32};
    static const double extreme[] = {-DBL_MAX, DBL_MAX}, open[] = {-INFINITY, 0, INFINITY};
    double one = 3;

    (void)state;
    assert_true(isnan(rg_quantile7(NULL, 0, 0.5)));
    assert_true(rg_quantile7(&one, 1, 0) == 3 && rg_quantile7(&one, 1, 1) == 3);
    assert_true(rg_quantile7(&one, 1, 0.37) == 3);
    assert_true(rg_quantile7(x, 6, 0) == 1 && rg_quantile7(x, 6, 1) == 32);
    assert_true(rg_quantile7(x, 6, 0.5) == 6);
    near(rg_quantile7(x, 6, 0.1), 1.5, 1e-15);
    near(rg_quantile7(x, 6, 0.95), 28, 1e-15);
    near(rg_quantile7(x, 6, 0.33), 3.3, 1e-15);
    assert_true(rg_quantile7(extreme, 2, 0.5) == 0);
    near(rg_quantile7(extreme, 2, 0.25), -DBL_MAX / 2, 1e-15);
    assert_true(rg_quantile7(open, 3, 0.5) == 0);
    assert_true(rg_quantile7(open, 3, 1) == INFINITY);
}

static void
sorting(void **state)
{
    double x[] = {3, 0.0, -1, -0.0, INFINITY, 0.0, -INFINITY, 2, -0.0};
    gsl_rng *rng = rg_rng_new(2, 0, RG_PURPOSE_TEST);
    static double many[5000];

    (void)state;
    rg_sort(x, 9);
    for (int i = 1; i < 9; i++)
        assert_true(x[i - 1] <= x[i]);
    assert_true(signbit(x[2]) && signbit(x[3]) && !signbit(x[4]) && !signbit(x[5]));
    rg_sort(NULL, 0);
    for (int i = 0; i < 5000; i++)
        many[i] = gsl_ran_gaussian(rng, 1);
    rg_sort(many, 5000);
    for (int i = 1; i < 5000; i++)
        assert_true(many[i - 1] <= many[i]);
    gsl_rng_free(rng);
}

static int
by_value(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;

    return a < b ? -1 : a > b ? 1 : (signbit(a) == 0) - (signbit(b) == 0);
}

/* Any doubles (random bytes: all exponents, both signs, subnormals), in any number, as the C
 * library sorts them. */
static void
sorting_bytes(void **state)
{
    enum { N = 3000 };
    static double x[N], y[N];
    uint64_t u = 88172645463325252u;

    (void)state;
    for (size_t n = 0; n < N; n = n < 70 ? n + 1 : n * 3 / 2) {
        for (size_t i = 0; i < n; i++) {
            u ^= u << 13; /* G. Marsaglia, "Xorshift RNGs" (2003) */
            u ^= u >> 7;
            u ^= u << 17;
            memcpy(&x[i], &u, sizeof u);
            if (isnan(x[i]) || i % 5 == 0)
                x[i] = i % 10 ? 0.0 : -0.0;
        }
        memcpy(y, x, sizeof y);
        rg_sort(x, n);
        qsort(y, n, sizeof *y, by_value);
        assert_memory_equal(x, y, n * sizeof *x);
    }
}

/* ---- repeats on one unit ---- */

/* Python's values for V = G/(G-1) sum e_g^2 / n^2, e_g = sum (x - m): the half width sqrt(V) times
 * t(2, .975) = .95 sqrt(2 / (1 - .95^2)), and Wilson's formula at m (1 - m) / V. */
static void
units_known_values(void **state)
{
    static const double x[] = {1, 2, 4, 3, 3, 5, 8}, hits[] = {1, 1, 0, 0, 0, 1, 1};
    static const uint32_t unit[] = {0, 0, 1, 1, 1, 2, 2};
    struct rg_estimate e = rg_interval_mean_units(x, unit, 7, 0.95);

    (void)state;
    near(e.value, 3.7142857142857144, 1e-15);
    near(e.lo, -1.7121547735054445, 1e-12);
    near(e.hi, 9.140726202076873, 1e-12);
    assert_int_equal(e.n, 7);
    e = rg_interval_rate_units(hits, unit, 7, 0.95);
    near(e.value, 0.5714285714285714, 1e-15);
    near(e.lo, 0.1122162984879887, 1e-12);
    near(e.hi, 0.9336194011202625, 1e-12);
}

/* Copying every observation 16 times says nothing new: the interval of the copies is that of the
 * originals, while treating copies as independent would make it four times narrower. */
static void
units_copies_say_nothing(void **state)
{
    enum { N = 50, COPIES = 16 };
    double x[N], copies[N * COPIES], hits[N], hit_copies[N * COPIES];
    uint32_t unit[N * COPIES];
    struct rg_estimate one, many;
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);

    (void)state;
    for (size_t i = 0; i < N * COPIES; i++) {
        size_t q = i % N;

        if (i < N) {
            x[q] = gsl_ran_gaussian(rng, 1);
            hits[q] = x[q] > 0.5;
        }
        copies[i] = x[q];
        hit_copies[i] = hits[q];
        unit[i] = (uint32_t)q;
    }
    one = rg_interval_mean(x, N, 0.95);
    many = rg_interval_mean_units(copies, unit, N * COPIES, 0.95);
    near(many.lo, one.lo, 1e-12);
    near(many.hi, one.hi, 1e-12);
    one = rg_interval_rate(rg_sum_of(hits, N), N, 0.95);
    many = rg_interval_rate_units(hit_copies, unit, N * COPIES, 0.95);
    near(many.lo, one.lo, 0.02);
    near(many.hi, one.hi, 0.02);
    gsl_rng_free(rng);
}

/* The same data as units of sizes and as single observations. */
static void
rates_of_sizes_are_those_of_units(void **state)
{
    static const double hits[] = {1, 1, 0, 0, 0, 1, 1}, sums[] = {2, 0, 2, 0},
                        sizes[] = {2, 3, 2, 0};
    static const uint32_t unit[] = {0, 0, 1, 1, 1, 2, 2};
    struct rg_estimate one = rg_interval_rate_units(hits, unit, 7, 0.95);
    struct rg_estimate other = rg_interval_rate_sizes(sums, sizes, 4, 0.95);

    (void)state;
    near(other.value, one.value, 1e-15);
    near(other.lo, one.lo, 1e-12);
    near(other.hi, one.hi, 1e-12);
    assert_int_equal(other.n, 3);
    other = rg_interval_rate_sizes(sums, sizes, 0, 0.95);
    assert_true(isnan(other.value));
    other = rg_interval_rate_sizes(sizes, sizes, 4, 0.95);
    assert_true(other.value == 1 && other.hi == 1);
}

static void
units_edges(void **state)
{
    static const double x[] = {3, 3, 1}, ones[] = {1, 1, 1};
    static const uint32_t same[] = {0, 0, 0}, own[] = {2, 0, 1};
    struct rg_estimate e = rg_interval_mean_units(x, same, 3, 0.95);
    struct rg_estimate plain = rg_interval_mean(x, 3, 0.95);

    (void)state;
    assert_true(e.lo == -INFINITY && e.hi == INFINITY);
    e = rg_interval_mean_units(x, own, 3, 0.95);
    assert_true(e.lo == plain.lo && e.hi == plain.hi);
    assert_true(isnan(rg_interval_mean_units(x, own, 0, 0.95).value));
    assert_true(isnan(rg_interval_rate_units(x, own, 0, 0.95).value));
    e = rg_interval_rate_units(ones, same, 3, 0.95);
    plain = rg_interval_rate(1, 1, 0.95);
    assert_true(e.value == 1);
    near(e.lo, plain.lo, 1e-12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student_quantiles),
        cmocka_unit_test(student_inverse),
        cmocka_unit_test(student_sleep),
        cmocka_unit_test(mean_edges),
        cmocka_unit_test(mean_huge),
        cmocka_unit_test(mean_cancellation),
        cmocka_unit_test(mean_coverage),
        cmocka_unit_test(wilson_published),
        cmocka_unit_test(wilson_definition),
        cmocka_unit_test(wilson_edges),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(sorting),
        cmocka_unit_test(sorting_bytes),
        cmocka_unit_test(units_known_values),
        cmocka_unit_test(units_copies_say_nothing),
        cmocka_unit_test(units_edges),
        cmocka_unit_test(rates_of_sizes_are_those_of_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
