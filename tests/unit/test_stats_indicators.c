#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/indicators.h"
#include "tests/unit/points.h"

static const struct rg_directions DOWN = {2, {false, false}};

/* The example of Ishibuchi et al. 2015: B is dominated by A and yet nearer to the
 * reference set by plain IGD. IGD+ by hand: (2 + 1 + sqrt 2 + 1 + 2) / 5. */
static void
igd_plus_of_the_paper(void **state)
{
    static const double z[] = {0, 10, 1, 6, 2, 2, 6, 1, 10, 0};
    static const double a[] = {4, 2, 3, 3, 2, 4}, b[] = {8, 2, 4, 4, 2, 8};

    (void)state;
    points_near(rg_indicators_igd_plus(a, 3, z, 5, &DOWN), (6 + sqrt(2)) / 5, 1e-15);
    /* (2,8), (2,8), (4,4), (8,2), (8,2): 2, sqrt 5, sqrt 8, sqrt 5, 2 */
    points_near(rg_indicators_igd_plus(b, 3, z, 5, &DOWN), (4 + 2 * sqrt(5) + sqrt(8)) / 5, 1e-15);
    assert_true(rg_indicators_igd_plus(z, 5, z, 5, &DOWN) == 0);
}

/* By hand, from the definition: columns are how much each point of b asks of its nearest of a. */
static void
epsilon_by_hand(void **state)
{
    static const double a[] = {9, 2, 8, 4, 7, 5, 5, 6, 4, 7};
    static const double b[] = {8, 4, 7, 5, 5, 6, 4, 7};
    static const double c[] = {10, 4, 9, 5, 8, 6, 7, 7, 6, 8};

    (void)state;
    /* b lacks (9, 2): (8, 4) would have to come down by 2, or by half. */
    assert_true(rg_indicators_epsilon_add(b, 4, a, 5, &DOWN) == 2);
    assert_true(rg_indicators_epsilon_mul(b, 4, a, 5, &DOWN) == 2);
    assert_true(rg_indicators_epsilon_add(a, 5, b, 4, &DOWN) == 0);
    assert_true(rg_indicators_epsilon_mul(a, 5, b, 4, &DOWN) == 1);
    /* c is a moved by (1, 2), or less: a covers it with room to spare. */
    assert_true(rg_indicators_epsilon_add(a, 5, c, 5, &DOWN) == -1);
    points_near(rg_indicators_epsilon_mul(a, 5, c, 5, &DOWN), 0.9, 1e-15);
    assert_true(rg_indicators_epsilon_add(c, 5, a, 5, &DOWN) == 2);
    assert_true(rg_indicators_epsilon_mul(c, 5, a, 5, &DOWN) == 2);
}

/* Turning a column round turns differences round, and factors when values are inverted. */
static void
directions(void **state)
{
    enum { N = 30 };
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);

    (void)state;
    for (size_t d = 1; d <= RG_FRONT_DIMS; d++) {
        const struct rg_directions down = {.d = d}, up = {d, {1, 1, 1, 1, 1}};
        double *p = points_new(rng, 2 * N, d, FINE), *q = p + N * d;
        double add = rg_indicators_epsilon_add(p, N, q, N, &down);
        double igd = rg_indicators_igd_plus(p, N, q, N, &down);
        double mul = rg_indicators_epsilon_mul(p, N, q, N, &down);

        /* Moved by what is asked for, p weakly dominates all of q; by less, it does not. */
        for (int less = 0; less <= 1; less++) {
            size_t covered = 0;

            for (size_t j = 0; j < N; j++) {
                bool any = false;

                for (size_t i = 0; i < N && !any; i++) {
                    any = true;
                    for (size_t k = 0; k < d; k++)
                        any &= p[i * d + k] - add + (less ? 1e-9 : -1e-15) <= q[j * d + k];
                }
                covered += any;
            }
            assert_true(less ? covered < N : covered == N);
        }
        for (size_t i = 0; i < 2 * N * d; i++)
            p[i] = -p[i];
        points_near(rg_indicators_epsilon_add(p, N, q, N, &up), add, 1e-15);
        points_near(rg_indicators_igd_plus(p, N, q, N, &up), igd, 1e-15);
        assert_true(isnan(rg_indicators_epsilon_mul(p, N, q, N, &up)));
        for (size_t i = 0; i < 2 * N * d; i++)
            p[i] = -1 / p[i];
        points_near(rg_indicators_epsilon_mul(p, N, q, N, &up), mul, 1e-14);
        free(p);
    }
    gsl_rng_free(rng);
}

static void
empty_and_odd(void **state)
{
    static const double p[] = {1, 2}, nan[] = {NAN, 1, 1, 2}, inf[] = {INFINITY, 2};

    (void)state;
    assert_true(isnan(rg_indicators_epsilon_add(p, 1, NULL, 0, &DOWN)));
    assert_true(isnan(rg_indicators_igd_plus(p, 1, nan, 1, &DOWN)));
    assert_true(rg_indicators_epsilon_add(NULL, 0, p, 1, &DOWN) == INFINITY);
    assert_true(rg_indicators_epsilon_mul(NULL, 0, p, 1, &DOWN) == INFINITY);
    assert_true(rg_indicators_igd_plus(nan, 1, p, 1, &DOWN) == INFINITY);
    assert_true(rg_indicators_epsilon_add(nan, 2, p, 1, &DOWN) == 0);
    assert_true(rg_indicators_epsilon_mul(nan, 2, p, 1, &DOWN) == 1);
    assert_true(rg_indicators_epsilon_add(inf, 1, inf, 1, &DOWN) == 0);
    assert_true(rg_indicators_epsilon_mul(inf, 1, inf, 1, &DOWN) == 1);
    assert_true(rg_indicators_epsilon_add(inf, 1, p, 1, &DOWN) == INFINITY);
    assert_true(isnan(rg_indicators_epsilon_mul((double[]){0, 1}, 1, p, 1, &DOWN)));
}

/* ---- knee ---- */

static void
knees(void **state)
{
    /* Scaled: (0, 1), (0.1, 0.4), (0.5, 0.25), (1, 0), and one that is dominated. */
    static const double p[] = {0, 9, 0, 5, 1, 3, 5, 1.5, 9, 8.5, 10, -1};
    static const double line[] = {0, 2, 1, 1, 2, 0}, concave[] = {0, 2, 1.5, 1.5, 2, 0};
    const struct rg_directions mixed = {2, {false, true}};
    double bulge, turned[12];

    (void)state;
    assert_int_equal(rg_indicators_knee(p, 6, &DOWN, &bulge), 2);
    points_near(bulge, (1 - 0.1 - 4.0 / 6) / sqrt(2), 1e-14);
    for (size_t i = 0; i < 12; i++)
        turned[i] = i % 2 ? -p[i] : p[i];
    assert_int_equal(rg_indicators_knee(turned, 6, &mixed, &bulge), 2);
    assert_int_equal(rg_indicators_knee(line, 3, &DOWN, &bulge), 0); /* none: the first end */
    assert_true(bulge == 0);
    assert_int_equal(rg_indicators_knee(concave, 3, &DOWN, &bulge), 0);
    assert_true(bulge == 0);
    assert_int_equal(rg_indicators_knee(p, 0, &DOWN, &bulge), SIZE_MAX);
    assert_true(isnan(bulge));
    assert_int_equal(rg_indicators_knee(p, 1, &DOWN, &bulge), 0);
    points_near(bulge, 1 / sqrt(2), 1e-15); /* best in both */
    static const double wild[] = {-INFINITY, 4, NAN, 3, 1, 2, 2, 1, -1e308, 3, 1e308, 0};
    assert_int_equal(rg_indicators_knee(wild, 2, &DOWN, &bulge), SIZE_MAX);
    assert_int_equal(rg_indicators_knee(wild + 4, 4, &DOWN, &bulge), 1);
    assert_true(isfinite(bulge));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(igd_plus_of_the_paper),
        cmocka_unit_test(epsilon_by_hand),
        cmocka_unit_test(directions),
        cmocka_unit_test(empty_and_odd),
        cmocka_unit_test(knees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
