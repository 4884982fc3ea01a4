#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "stats/attainment.h"
#include "tests/unit/points.h"

static const struct rg_directions DOWN = {2, {false, false}};

/* Three runs by hand:
 *   run 0: (1, 5), (4, 1); run 1: (2, 4), (3, 2); run 2: (5, 3)
 * One run: the front of all. Two: from x = 2 both 0 and 1 are at most 5, from 3 no better, from 4
 * runs at 1 and 2, so 2. All three: from x = 5 the worst of 1, 2, 3. */
static void
by_hand(void **state)
{
    static const double p[] = {1, 5, 4, 1, 2, 4, 3, 2, 5, 3};
    static const uint32_t run[] = {0, 0, 1, 1, 2};
    static const double one[] = {1, 5, 2, 4, 3, 2, 4, 1}, two[] = {2, 5, 4, 2}, all[] = {5, 3};
    double s[10], up[10];
    const struct rg_directions mixed = {2, {false, true}}, both = {2, {true, true}};

    (void)state;
    assert_int_equal(rg_attainment_surface(p, run, 5, 3, 1, &DOWN, s), 4);
    assert_memory_equal(s, one, sizeof one);
    assert_int_equal(rg_attainment_surface(p, run, 5, 3, 2, &DOWN, s), 2);
    assert_memory_equal(s, two, sizeof two);
    assert_int_equal(rg_attainment_surface(p, run, 5, 3, 3, &DOWN, s), 1);
    assert_memory_equal(s, all, sizeof all);
    points_near(rg_attainment_share(p, run, 5, 3, (double[]){3, 4}, &DOWN), 1.0 / 3, 1e-15);
    points_near(rg_attainment_share(p, run, 5, 3, (double[]){3, 5}, &DOWN), 2.0 / 3, 1e-15);
    assert_true(rg_attainment_share(p, run, 5, 3, (double[]){5, 3}, &DOWN) == 1);
    for (size_t i = 0; i < 10; i++)
        up[i] = i % 2 ? -p[i] : p[i];
    assert_int_equal(rg_attainment_surface(up, run, 5, 3, 2, &mixed, s), 2);
    assert_true(s[0] == 2 && s[1] == -5 && s[2] == 4 && s[3] == -2);
    for (size_t i = 0; i < 10; i += 2)
        up[i] = -p[i];
    assert_int_equal(rg_attainment_surface(up, run, 5, 3, 2, &both, s), 2);
    assert_true(s[0] == -2 && s[1] == -5 && s[2] == -4 && s[3] == -2);
    /* A fourth run without points attains nothing. */
    assert_int_equal(rg_attainment_surface(p, run, 5, 4, 4, &DOWN, s), 0);
    assert_int_equal(rg_attainment_surface(p, run, 5, 4, 3, &DOWN, s), 1);
}

/* On every place of a grid: at least k runs attain it if and only if a corner of the k-surface
 * does; and no corner is to be had for less. */
static void
by_definition(void **state)
{
    enum { G = 12, N = 60 };
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    double s[2 * N];

    (void)state;
    for (size_t trial = 0; trial < 60; trial++) {
        size_t n = rg_rng_below(rng, N + 1);
        uint32_t runs = 1 + (uint32_t)rg_rng_below(rng, 7), run[N];
        struct rg_directions dir = points_directions(rng, 2);
        double *p = points_new(rng, n, 2, FINE);

        for (size_t i = 0; i < n; i++) {
            p[2 * i] = floor(p[2 * i] * G);
            p[2 * i + 1] = rg_rng_below(rng, 20) ? floor(p[2 * i + 1] * G) : INFINITY;
            run[i] = (uint32_t)rg_rng_below(rng, runs);
        }
        for (uint32_t k = 1; k <= runs; k++) {
            size_t m = rg_attainment_surface(p, run, n, runs, k, &dir, s);
            uint32_t single[2 * N] = {0};
            bool on[N];

            for (size_t c = 0; c < G * G; c++) {
                double place[] = {(double)(c / G), (double)(c % G)};
                double share = rg_attainment_share(p, run, n, runs, place, &dir);
                bool inside = rg_attainment_share(s, single, m, 1, place, &dir) > 0;

                assert_int_equal(inside, share * runs > k - 0.5);
            }
            assert_int_equal(rg_front_find(s, m, &dir, on), m); /* no corner is superfluous */
        }
        free(p);
    }
    gsl_rng_free(rng);
}

/* One run: its front. Equal runs: the same at every level. */
static void
plain_cases(void **state)
{
    static const double p[] = {1, 3, 1, 3, 2, 2, 2, 2, 3, 3, 3, 3, NAN, 0, 0, INFINITY};
    static const uint32_t run[] = {0, 1, 0, 1, 0, 1, 0, 1}, none[8] = {0};
    double s[16];

    (void)state;
    for (uint32_t k = 1; k <= 2; k++) {
        assert_int_equal(rg_attainment_surface(p, run, 8, 2, k, &DOWN, s), 2);
        assert_memory_equal(s, ((double[]){1, 3, 2, 2}), 4 * sizeof *s);
    }
    assert_int_equal(rg_attainment_surface(p, none, 8, 1, 1, &DOWN, s), 2);
    assert_int_equal(rg_attainment_surface(NULL, NULL, 0, 3, 2, &DOWN, NULL), 0);
    assert_true(isnan(rg_attainment_share(NULL, NULL, 0, 0, p, &DOWN)));
    assert_true(rg_attainment_share(NULL, NULL, 0, 2, p, &DOWN) == 0);
    assert_true(rg_attainment_share(p, none, 8, 1, p + 12, &DOWN) == 0); /* a place with NaN */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(by_definition),
        cmocka_unit_test(plain_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
