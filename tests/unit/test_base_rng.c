/* Random streams: the generator itself, its keys, and what is made from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "base/rng.h"

enum { N = 200000 };

/* The answer of Philox 4x64-10 to counter 0 and key 0, from the known-answer tests of Random123. */
static void
test_known(void **state)
{
    static const uint64_t want[] = {0x16554d9eca36314cu, 0xdb20fe9d672d0fdcu, 0xd7e772cee186176bu,
                                    0x7e68b68aec7ba23bu};
    gsl_rng *rng = rg_rng_new(0, 0, 0);

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_true(gsl_rng_get(rng) == want[i]);
    gsl_rng_free(rng);
}

/* Blocks of other keys and counters: key (seed, purpose), counter (block, 0, 0, replication).
 * Computed with the ten rounds of the paper written out in Python's integers. */
static void
test_layout(void **state)
{
    static const struct {
        uint64_t seed, replication;
        uint32_t purpose;
        int skip; /* words */
        uint64_t want[4];
    } cases[] = {
        {0x1u,
         0x0u,
         0x1u,
         0,
         {0x66387239d96c2992u, 0x6e3eeb840de668fau, 0xb50319d6b017259bu, 0x0143e22d19a96a8du}},
        {0x1u,
         0x0u,
         0x1u,
         4,
         {0x133d1b1836b49e25u, 0xfbd9ff744933275eu, 0xf289b1b94ef9e741u, 0xb298f47f8b702464u}},
        {0x1u,
         0x0u,
         0x1u,
         28,
         {0xc4d04e9743a35ec4u, 0xff14e88cd47e5406u, 0x1db6e86b3785f70du, 0x812d75633812dbf7u}},
        {0x1u,
         0x0u,
         0x1u,
         32,
         {0x61cf2c384f5be8abu, 0xe7c7b9233c5d42fau, 0xa4e73720f37beddeu, 0xb4ac3b4cd0265ad6u}},
        {0x1u,
         0x0u,
         0x1u,
         4000,
         {0xc04968008ede454fu, 0x01c541699e1496f1u, 0xd2e5aaa7d45509b8u, 0x98e89c4b7d8f75c6u}},
        {0xdeadbeefcafef00du,
         0x2dfdc1c35u,
         0x7u,
         8,
         {0xed29b0e31d07cd81u, 0x1130c5f30bd0f166u, 0xc5e0356219848d10u, 0x1df76fbe26e11a57u}},
        {0xffffffffffffffffu,
         0xffffffffffffffffu,
         0xffffffffu,
         0,
         {0x8345b7d1a071cc22u, 0xfa9f2e910b4a9069u, 0xbfb6c1183393b599u, 0xda62e25b0e8ccee2u}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gsl_rng *rng = rg_rng_new(cases[i].seed, cases[i].replication, cases[i].purpose);

        for (int k = 0; k < cases[i].skip; k++)
            gsl_rng_get(rng);
        for (int k = 0; k < 4; k++)
            assert_true(gsl_rng_get(rng) == cases[i].want[k]);
        gsl_rng_free(rng);
    }
}

/* Streams with neighbouring keys share no word, and do not correlate. */
static void
test_streams(void **state)
{
    static const struct {
        uint64_t seed, replication;
        uint32_t purpose;
    } keys[] = {{1, 0, 1},
                {1, 0, 2},
                {1, 1, 1},
                {2, 0, 1},
                {1, 2, 1},
                {(uint64_t)1 << 32, 0, 1},
                {1, (uint64_t)1 << 32, 1},
                {0, 1, 1}};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    static double u[KEYS][N];

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        gsl_rng *rng = rg_rng_new(keys[i].seed, keys[i].replication, keys[i].purpose);

        for (int k = 0; k < N; k++)
            u[i][k] = rg_rng_unit(rng);
        gsl_rng_free(rng);
    }
    for (int i = 0; i < KEYS; i++) {
        for (int j = 0; j < i; j++) {
            double sum = 0;

            for (int k = 0; k < N; k++)
                sum += (u[i][k] - 0.5) * (u[j][k] - 0.5);
            /* Standard deviation of the mean product: 1 / (12 sqrt(N)). */
            assert_true(fabs(sum / N) < 4.5 / 12 / sqrt(N));
            assert_true(u[i][0] != u[j][0]);
        }
    }
}

/* A draw in one stream does not move another; clones go on alike. */
static void
test_independent(void **state)
{
    gsl_rng *a = rg_rng_new(7, 3, RG_PURPOSE_TEST), *b = rg_rng_new(7, 3, RG_PURPOSE_TEST);
    gsl_rng *other = rg_rng_new(7, 3, RG_PURPOSE_ROUTER), *c;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        gsl_rng_get(other);
        assert_true(gsl_rng_get(a) == gsl_rng_get(b));
    }
    c = gsl_rng_clone(a);
    for (int i = 0; i < 100; i++)
        assert_true(gsl_rng_get(a) == gsl_rng_get(c));
    gsl_rng_set(c, 0); /* GSL's own seeding: key (seed, 0) */
    assert_true(gsl_rng_get(c) == 0x16554d9eca36314cu);
    gsl_rng_free(a);
    gsl_rng_free(b);
    gsl_rng_free(c);
    gsl_rng_free(other);
}

/* Chi-square of counts against equal expectations: inside its 0.0001 .. 0.9999 quantiles. The seed
 * is fixed, so the test always gives the same answer. */
static void
check_even(const uint32_t *count, int cells, double draws)
{
    double expected = draws / cells, chi2 = 0;

    for (int i = 0; i < cells; i++)
        chi2 += (count[i] - expected) * (count[i] - expected) / expected;
    assert_true(chi2 > gsl_cdf_chisq_Pinv(0.0001, cells - 1));
    assert_true(chi2 < gsl_cdf_chisq_Pinv(0.9999, cells - 1));
}

static void
test_below(void **state)
{
    static const uint64_t sizes[] = {1, 2, 3, 7, 10, 256, 1000};
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    uint32_t count[1000];

    (void)state;
    for (size_t s = 1; s < sizeof sizes / sizeof sizes[0]; s++) {
        memset(count, 0, sizeof count);
        for (int i = 0; i < N; i++) {
            uint64_t x = rg_rng_below(rng, sizes[s]);

            assert_true(x < sizes[s]);
            count[x]++;
        }
        check_even(count, (int)sizes[s], N);
    }
    assert_int_equal(rg_rng_below(rng, 1), 0);
    /* Three quarters of the range: without rejection the lower third would come twice as often. */
    memset(count, 0, sizeof count);
    for (int i = 0; i < N; i++) {
        const uint64_t n = (uint64_t)3 << 62;
        uint64_t x = rg_rng_below(rng, n);

        assert_true(x < n);
        count[x >> 62]++;
    }
    check_even(count, 3, N);
    assert_true(rg_rng_below(rng, UINT64_MAX) < UINT64_MAX);
    gsl_rng_free(rng);
}

static void
test_unit(void **state)
{
    gsl_rng *rng = rg_rng_new(2, 0, RG_PURPOSE_TEST), *same = rg_rng_new(2, 0, RG_PURPOSE_TEST);
    uint32_t count[256] = {0}, low[256] = {0};

    (void)state;
    for (int i = 0; i < N; i++) {
        double u = rg_rng_unit(rng);
        double scaled = u * 0x1p53;

        assert_true(u >= 0 && u < 1);
        assert_true(scaled == floor(scaled));
        assert_true(u == gsl_rng_uniform(same));
        count[(int)(u * 256)]++;
        low[(uint64_t)scaled & 255]++; /* all 53 bits are random */
    }
    check_even(count, 256, N);
    check_even(low, 256, N);
    gsl_rng_free(rng);
    gsl_rng_free(same);
}

/* All 24 orders of four come equally often. */
static void
test_shuffle(void **state)
{
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    uint32_t count[256] = {0}, orders[24];
    int n = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        uint32_t index[] = {0, 1, 2, 3};

        rg_rng_shuffle(rng, index, 4);
        count[index[0] << 6 | index[1] << 4 | index[2] << 2 | index[3]]++;
    }
    for (int i = 0; i < 256; i++)
        if (count[i] > 0)
            orders[n++ % 24] = count[i];
    assert_int_equal(n, 24);
    check_even(orders, 24, N);
    rg_rng_shuffle(rng, NULL, 0);
    gsl_rng_free(rng);
}

/* Kolmogorov-Smirnov distance to a distribution function. */
static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void
check_distribution(double *x, double (*cdf)(double))
{
    double d = 0;

    qsort(x, N, sizeof *x, compare);
    for (int i = 0; i < N; i++) {
        double f = cdf(x[i]);

        d = fmax(d, fmax(f - (double)i / N, (double)(i + 1) / N - f));
    }
    assert_true(d * sqrt(N) < 2.2); /* P(greater) = 0.0001 */
}

static double
exponential_cdf(double x)
{
    return -expm1(-x);
}

static double
normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static double
gamma_cdf(double x) /* shape 2.5 */
{
    return gsl_cdf_gamma_P(x, 2.5, 1);
}

/* GSL's own routines work on the streams, also those that cut the words into bit fields. */
static void
test_gsl(void **state)
{
    gsl_rng *rng = rg_rng_new(4, 0, RG_PURPOSE_TEST);
    static double x[N];
    uint32_t count[100] = {0};

    (void)state;
    assert_true(gsl_rng_max(rng) == UINT64_MAX && gsl_rng_min(rng) == 0);
    assert_string_equal(gsl_rng_name(rng), "philox4x64-10");
    for (int i = 0; i < N; i++)
        x[i] = gsl_ran_exponential(rng, 1);
    check_distribution(x, exponential_cdf);
    for (int i = 0; i < N; i++)
        x[i] = gsl_ran_gaussian_ziggurat(rng, 1);
    check_distribution(x, normal_cdf);
    for (int i = 0; i < N; i++)
        x[i] = gsl_ran_gaussian(rng, 1);
    check_distribution(x, normal_cdf);
    for (int i = 0; i < N; i++)
        x[i] = gsl_ran_gamma(rng, 2.5, 1);
    check_distribution(x, gamma_cdf);
    for (int i = 0; i < N; i++)
        count[gsl_rng_uniform_int(rng, 100)]++;
    check_even(count, 100, N);
    gsl_rng_free(rng);
}

static void
a_draw_is_found_again(void **state)
{
    gsl_rng *rng = rg_rng_new(11, 3, RG_PURPOSE_TEST);

    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(rg_rng_unit(rng) == rg_rng_unit_at(11, 3, RG_PURPOSE_TEST, i));
    gsl_rng_free(rng);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draw_is_found_again),
        cmocka_unit_test(test_known),   cmocka_unit_test(test_layout),
        cmocka_unit_test(test_streams), cmocka_unit_test(test_independent),
        cmocka_unit_test(test_below),   cmocka_unit_test(test_unit),
        cmocka_unit_test(test_shuffle), cmocka_unit_test(test_gsl),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
