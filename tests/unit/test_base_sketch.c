/* Quantiles of a stream against those of the sorted values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_randist.h>

#include "base/rng.h"
#include "base/sketch.h"
#include "base/sort.h"

static const double quantiles[] = {0, 0.001, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
enum { N_QUANTILES = sizeof quantiles / sizeof *quantiles };

static void
compare_with_sorted(size_t n, double sigma, double relative)
{
    gsl_rng *rng = rg_rng_new(n, 0, RG_PURPOSE_TEST);
    double *x = malloc(n * sizeof *x);
    struct rg_sketch s = {0};

    for (size_t i = 0; i < n; i++) {
        x[i] = gsl_ran_lognormal(rng, 0, sigma);
        rg_sketch_add(&s, x[i]);
    }
    rg_sort(x, n);
    for (size_t k = 0; k < N_QUANTILES; k++) {
        double expected = rg_quantile7(x, n, quantiles[k]);

        assert_true(fabs(rg_sketch_quantile(&s, quantiles[k]) - expected) <= relative * expected);
    }
    rg_sketch_clear(&s);
    free(x);
    gsl_rng_free(rng);
}

static void
few_values_are_exact(void **state)
{
    (void)state;
    compare_with_sorted(1, 1, 0);
    compare_with_sorted(2, 1, 0);
    compare_with_sorted(1000, 2, 0);
    compare_with_sorted(RG_SKETCH_EXACT, 2, 0);
}

static void
many_values_are_near(void **state)
{
    (void)state;
    compare_with_sorted(RG_SKETCH_EXACT + 1, 2, 0x1p-12);
    compare_with_sorted(300000, 3, 0x1p-12);
    compare_with_sorted(300000, 0.01, 0x1p-12);
}

static void
edges(void **state)
{
    struct rg_sketch s = {0};

    (void)state;
    assert_true(isnan(rg_sketch_quantile(&s, 0.5)));
    for (size_t i = 0; i < 100000; i++)
        rg_sketch_add(&s, i < 60000 ? 0 : 1e30);
    assert_true(rg_sketch_quantile(&s, 0.5) == 0);
    assert_true(rg_sketch_quantile(&s, 1) > 1e12);
    rg_sketch_clear(&s);
    for (size_t i = 0; i < 100000; i++)
        rg_sketch_add(&s, 5e-324);
    assert_true(rg_sketch_quantile(&s, 0.5) < 1e-12);
    rg_sketch_clear(&s);
}

/* Many at once are the same as one after the other, exact and binned, of none and of one. */
static void
test_many_quantiles(void **state)
{
    enum { N = 200 };
    static const size_t sizes[] = {0, 1, 2, 1000, RG_SKETCH_EXACT, RG_SKETCH_EXACT + 50000};
    double out[N + 1];

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct rg_sketch s = {0};
        uint64_t x = 1;

        for (size_t i = 0; i < sizes[k]; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            rg_sketch_add(&s, i % 10 == 0 ? 0 : (double)(x >> 40));
        }
        rg_sketch_quantiles(&s, N, out);
        for (int i = 0; i <= N; i++) {
            double one = rg_sketch_quantile(&s, (double)i / N);

            assert_true(out[i] == one || (isnan(one) && isnan(out[i])));
            assert_true(i == 0 || isnan(one) || out[i] >= out[i - 1]);
        }
        if (sizes[k] == 2) { /* still the right ones after more is added */
            rg_sketch_add(&s, 0x1p30);
            assert_true(rg_sketch_quantile(&s, 1) == 0x1p30);
        }
        rg_sketch_clear(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_quantiles),
        cmocka_unit_test(few_values_are_exact),
        cmocka_unit_test(many_values_are_near),
        cmocka_unit_test(edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
