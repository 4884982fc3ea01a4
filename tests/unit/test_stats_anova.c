#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/anova.h"
#include "stats/variance.h"

static void
near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", found, expected);
}

/* 6 units, A with 3 levels, B with 2, B running fastest. */
static const double Y[] = {12, 15, 11, 14, 17, 16, 10, 13, 12, 15, 15, 19, 9,  14, 8,  12, 13, 14,
                           14, 14, 13, 18, 16, 21, 8,  9,  7,  11, 12, 11, 11, 16, 12, 13, 18, 17};

/* R: summary(aov(y ~ A * B + Error(s / (A * B)))); epsilon and its p from anova(lm(W ~ 1), idata,
 * X, M, test = "Spherical") on the 6 x 6 matrix W. */
static void
two_way_known(void **state)
{
    struct rg_anova a = rg_anova_within(Y, 6, 3, 2);
    const struct rg_anova_row *r = a.rows;

    (void)state;
    near(a.ss_units, 155, 1e-13);
    near(r[RG_ANOVA_A].ss, 105.166666666666714, 1e-13);
    near(r[RG_ANOVA_A].ss_error, 14.833333333333327, 1e-13);
    near(r[RG_ANOVA_A].test.statistic, 35.449438202247222, 1e-12);
    near(r[RG_ANOVA_A].test.p, 2.8859416838473328e-05, 1e-10);
    near(r[RG_ANOVA_A].p_adjusted, 0.00019692028980031575, 1e-8);
    assert_true(fabs(r[RG_ANOVA_A].epsilon - 0.7692) < 0.00005);
    near(r[RG_ANOVA_B].ss, 53.777777777777786, 1e-13);
    near(r[RG_ANOVA_B].test.p, 0.0017121440203768142, 1e-10);
    near(r[RG_ANOVA_B].epsilon, 1, 1e-13);
    near(r[RG_ANOVA_B].p_adjusted, 0.0017121440203768142, 1e-10);
    near(r[RG_ANOVA_AB].ss, 7.7222222222222037, 1e-12);
    near(r[RG_ANOVA_AB].ss_error, 26.277777777777786, 1e-13);
    near(r[RG_ANOVA_AB].test.p, 0.27577099936791327, 1e-10);
    near(r[RG_ANOVA_AB].p_adjusted, 0.2802178079091332, 1e-8);
    assert_true(fabs(r[RG_ANOVA_AB].epsilon - 0.7343) < 0.00005);
    assert_true(r[RG_ANOVA_AB].test.df == 2 && r[RG_ANOVA_AB].test.df2 == 10);
    assert_true(a.flat == 0 && a.flat_a == 0 && a.flat_b == 0);
}

/* By their definitions from the sums of squares above; and the parts make up the whole. */
static void
effect_sizes(void **state)
{
    struct rg_anova a = rg_anova_within(Y, 6, 3, 2);
    double errors = 14.833333333333327 + 7.2222222222222081 + 26.277777777777786, sum;

    (void)state;
    near(a.rows[RG_ANOVA_A].test.estimate, 105.166666666666714 / 120, 1e-13);
    near(a.rows[RG_ANOVA_A].generalised, 105.166666666666714 / (105.166666666666714 + 155 + errors),
         1e-13);
    sum = a.ss_units;
    for (int e = 0; e < RG_ANOVA_EFFECTS; e++)
        sum += a.rows[e].ss + a.rows[e].ss_error;
    near(sum, a.ss_total, 1e-13);
}

/* One factor of two levels: F is the square of the paired t; R: t.test(x, y, paired = TRUE) of
 * test_stats_paired gives t = 2.9188637754073192, p = 0.013965838615562465. */
static void
one_way_is_paired_t(void **state)
{
    static const double xy[] = {0.61, 0.58, 0.72, 0.75, 0.55, 0.49, 0.80, 0.70,
                                0.67, 0.66, 0.91, 0.85, 0.43, 0.47, 0.58, 0.50,
                                0.77, 0.71, 0.69, 0.69, 0.84, 0.75, 0.50, 0.46};
    struct rg_anova a = rg_anova_within(xy, 12, 2, 1), b = rg_anova_within(xy, 12, 1, 2);

    (void)state;
    near(a.rows[RG_ANOVA_A].test.statistic, 2.9188637754073192 * 2.9188637754073192, 1e-12);
    near(a.rows[RG_ANOVA_A].test.p, 0.013965838615562465, 1e-10);
    near(b.rows[RG_ANOVA_B].test.p, a.rows[RG_ANOVA_A].test.p, 1e-12);
    assert_int_equal(a.rows[RG_ANOVA_B].test.why, RG_WHY_TOO_FEW);
    assert_int_equal(a.rows[RG_ANOVA_AB].test.why, RG_WHY_TOO_FEW);
    assert_true(a.flat == 1 && isnan(a.rows[RG_ANOVA_B].ss));
}

/* 48 copies of each unit's value, as the thesis has them: nothing is tested, and it is seen. */
static void
copies(void **state)
{
    double x[20 * 48];
    struct rg_anova a;

    (void)state;
    for (int i = 0; i < 20 * 48; i++)
        x[i] = i / 48 % 3 == 0 ? 0.1 : 0.7;
    a = rg_anova_within(x, 20, 12, 4);
    assert_true(a.flat == 20 && a.flat_a == 20 && a.flat_b == 20);
    for (int e = 0; e < RG_ANOVA_EFFECTS; e++)
        assert_int_equal(a.rows[e].test.why, RG_WHY_NO_VARIATION);
    /* only factor B without any effect */
    for (int i = 0; i < 20 * 48; i++)
        x[i] += 0.01 * ((i / 4 % 12) * (i / 48));
    a = rg_anova_within(x, 20, 12, 4);
    assert_true(a.flat == 1 && a.flat_a == 1 && a.flat_b == 20);
    assert_int_equal(a.rows[RG_ANOVA_A].test.why, RG_WHY_DEFINED);
    assert_int_equal(a.rows[RG_ANOVA_B].test.why, RG_WHY_NO_VARIATION);
}

static void
anova_edges(void **state)
{
    double hole[] = {1, 2, NAN, 4}, open[] = {1, 2, 3, INFINITY}, huge[] = {1e300, 2, 3, 4};
    /* each unit is shifted by the same: an effect without error */
    static const double exact[] = {1, 3, 2, 4, 5, 7};
    struct rg_anova a = rg_anova_within(exact, 3, 2, 1);

    (void)state;
    assert_true(a.rows[RG_ANOVA_A].test.statistic == INFINITY && a.rows[RG_ANOVA_A].test.p == 0);
    assert_true(a.rows[RG_ANOVA_A].test.estimate == 1 && isnan(a.rows[RG_ANOVA_A].epsilon));
    assert_int_equal(rg_anova_within(hole, 2, 2, 1).rows[0].test.why, RG_WHY_MISSING);
    assert_int_equal(rg_anova_within(open, 2, 2, 1).rows[0].test.why, RG_WHY_INFINITE);
    assert_int_equal(rg_anova_within(huge, 2, 2, 1).rows[0].test.why, RG_WHY_INFINITE);
    assert_int_equal(rg_anova_within(exact, 1, 2, 3).rows[2].test.why, RG_WHY_TOO_FEW);
    assert_int_equal(rg_anova_within(exact, 0, 2, 3).rows[0].test.why, RG_WHY_TOO_FEW);
    assert_int_equal(rg_anova_within(exact, 3, 0, 1).rows[0].test.why, RG_WHY_TOO_FEW);
    a = rg_anova_within(exact, 2, 1, 1);
    assert_int_equal(a.rows[RG_ANOVA_A].test.why, RG_WHY_TOO_FEW);
}

/* Greenhouse-Geisser: the test keeps its level where variances are unequal; F alone does not. 1500
 * repeats of 12 units under 4 conditions of which the last is much noisier. */
static void
epsilon_keeps_the_level(void **state)
{
    gsl_rng *rng = rg_rng_new(31, 0, RG_PURPOSE_TEST);
    int plain = 0, adjusted = 0;

    (void)state;
    for (int repeat = 0; repeat < 1500; repeat++) {
        struct rg_anova a;
        double x[48];

        for (int i = 0; i < 48; i++)
            x[i] = (rg_rng_unit(rng) + rg_rng_unit(rng) + rg_rng_unit(rng)) * (i % 4 == 3 ? 9 : 1);
        for (int i = 0; i < 48; i += 4)
            x[i + 3] -= 12; /* the same mean */
        a = rg_anova_within(x, 12, 4, 1);
        plain += a.rows[RG_ANOVA_A].test.p <= 0.05;
        adjusted += a.rows[RG_ANOVA_A].p_adjusted <= 0.05;
    }
    gsl_rng_free(rng);
    assert_in_range(adjusted, 45, 105); /* 75 +- 3.5 standard errors */
    assert_true(plain > adjusted + 20);
}

/* ---- components ---- */

/* Mean squares of the table by hand: units 2 x 3; means 2, 3, 7 and 3, 4, 5 over a grand mean 4. */
static void
components_by_hand(void **state)
{
    static const double x[] = {1, 2, 3, 2, 4, 3, 6, 6, 9};
    struct rg_variance v = rg_variance_two_way(x, 3, 3);

    (void)state;
    near(v.units.ss, 42, 1e-14);
    near(v.groups.ss, 6, 1e-14);
    near(v.residual.ss, 4, 1e-13);
    near(v.ss_total, 52, 1e-14);
    near(v.units.share, 42.0 / 52, 1e-14);
    near(v.residual.component, 1, 1e-13);
    near(v.units.component, 20.0 / 3, 1e-13);
    near(v.groups.component, 2.0 / 3, 1e-13);
    near(v.units.of_all, 0.8, 1e-13);
    assert_true(v.units.df == 2 && v.groups.df == 2 && v.residual.df == 4);
}

/* Known components are recovered: 400 units, 40 groups. */
static void
components_recovered(void **state)
{
    enum { UNITS = 400, GROUPS = 40 };
    gsl_rng *rng = rg_rng_new(32, 0, RG_PURPOSE_TEST);
    double *x = rg_alloc(UNITS * GROUPS, sizeof *x), group[GROUPS], third = sqrt(12);
    struct rg_variance v;

    (void)state;
    for (int j = 0; j < GROUPS; j++)
        group[j] = third * 2 * rg_rng_unit(rng);
    for (int i = 0; i < UNITS; i++) {
        double unit = third * 3 * rg_rng_unit(rng);

        for (int j = 0; j < GROUPS; j++)
            x[i * GROUPS + j] = unit + group[j] + third * rg_rng_unit(rng);
    }
    v = rg_variance_two_way(x, UNITS, GROUPS);
    near(v.residual.component, 1, 0.05);
    near(v.units.component, 9, 0.2);
    near(v.groups.component, 4, 0.5);
    gsl_rng_free(rng);
    free(x);
}

static void
components_edges(void **state)
{
    static const double flat[] = {3, 3, 3, 3}, rows[] = {1, 1, 2, 2}, cross[] = {1, 2, 2, 1};
    struct rg_variance v = rg_variance_two_way(flat, 2, 2);

    (void)state;
    assert_true(v.why == RG_WHY_NO_VARIATION && isnan(v.units.share));
    v = rg_variance_two_way(rows, 2, 2);
    assert_true(v.why == RG_WHY_DEFINED && v.units.share == 1 && v.groups.component == 0);
    v = rg_variance_two_way(cross, 2, 2); /* nothing but residual: moments below 0 */
    assert_true(v.residual.share == 1 && v.units.moment < 0 && v.units.component == 0);
    assert_true(v.residual.of_all == 1);
    assert_int_equal(rg_variance_two_way(flat, 1, 2).why, RG_WHY_TOO_FEW);
    assert_int_equal(rg_variance_two_way(flat, 2, 1).why, RG_WHY_TOO_FEW);
    assert_int_equal(rg_variance_two_way(flat, 0, 0).why, RG_WHY_TOO_FEW);
}

static void
a_million(void **state)
{
    const size_t n = 250000;
    double *x = rg_alloc(4 * n, sizeof *x);
    struct rg_anova a;

    (void)state;
    for (size_t i = 0; i < 4 * n; i++)
        x[i] = 1e6 + (double)(i / 4 % 7) + (double)(i % 4) + (double)(i % 3);
    a = rg_anova_within(x, n, 2, 2);
    near(a.rows[RG_ANOVA_A].ss, 4.0 * (double)n, 1e-4); /* levels 2 apart */
    near(a.rows[RG_ANOVA_B].ss, (double)n, 1e-4);       /* levels 1 apart */
    free(x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_way_known),       cmocka_unit_test(effect_sizes),
        cmocka_unit_test(one_way_is_paired_t), cmocka_unit_test(copies),
        cmocka_unit_test(anova_edges),         cmocka_unit_test(epsilon_keeps_the_level),
        cmocka_unit_test(components_by_hand),  cmocka_unit_test(components_recovered),
        cmocka_unit_test(components_edges),    cmocka_unit_test(a_million),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
