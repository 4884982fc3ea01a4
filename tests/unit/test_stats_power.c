#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "base/rng.h"
#include "stats/multiple.h"
#include "stats/paired.h"
#include "stats/power.h"
#include "stats/studentized.h"

static void
near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", found, expected);
}

/* ---- non-central t ---- */

/* SciPy 1.10: nct.cdf(t, df, shift), nct.sf(...) */
static void
noncentral_known(void **state)
{
    static const struct {
        double t, df, shift, below, above;
    } known[] = {
        {2, 10, 1, 0.8076115625303752, 0.19238843746962478},
        {1.5, 5, 2.3, 0.21357556876339734, 0.7864244312366027},
        {-1, 3, 0.5, 0.09212120981435934, 0.9078787901856407},
        {30, 100, 28, 0.7934882033866876, 0.2065117966133124},
        {2, 1, 4, 0.07363545074783123, 0.9263645492521688},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        near(rg_noncentral_t_P(known[i].t, known[i].df, known[i].shift), known[i].below, 1e-11);
        near(rg_noncentral_t_Q(known[i].t, known[i].df, known[i].shift), known[i].above, 1e-11);
    }
}

/* Without a shift it is Student's; with many degrees of freedom it is normal, also where series
 * lose all digits (a shift of 60). */
static void
noncentral_limits(void **state)
{
    (void)state;
    for (double df = 0.5; df < 1e7; df *= 7)
        for (double t = -4; t < 8; t += 1.5) {
            near(rg_noncentral_t_P(t, df, 0), gsl_cdf_tdist_P(t, df), 1e-10);
            near(rg_noncentral_t_Q(t, df, 0), gsl_cdf_tdist_Q(t, df), 1e-10);
        }
    near(rg_noncentral_t_P(60.5, 1e10, 60), gsl_cdf_ugaussian_P(0.5), 1e-6);
    near(rg_noncentral_t_P(3, 4, 2) + rg_noncentral_t_Q(3, 4, 2), 1, 1e-14);
}

/* ---- paired t ---- */

/* R: power.t.test(n = , delta = , sd = , type = "paired", strict = TRUE)$power; the first also by
 * statsmodels 0.13: TTestPower().power(.5, 20, .05) */
static void
power_known(void **state)
{
    (void)state;
    near(rg_power_t(20, 0.5, 1, 0.05, true), 0.5645044184390378, 1e-11);
    near(rg_power_t(76, 0.02, 0.05, 0.05, true), 0.93085171263058719, 1e-9);
    near(rg_power_t(76, -0.02, 0.05, 0.05, true), 0.93085171263058719, 1e-9);
    near(rg_power_t(10, 0.3, 1, 0.05, false), 0.22165806552119438, 1e-9);
    near(rg_power_t(2, 1, 1, 0.05, true), 0.092809155056535086, 1e-9);
    near(rg_power_t(30, 0, 1, 0.05, true), 0.05, 1e-10); /* the level itself */
    assert_true(isnan(rg_power_t(1, 1, 1, 0.05, true)) && isnan(rg_power_t(0, 1, 1, 0.05, true)));
}

/* R: ceiling(power.t.test(power = , delta = , sd = , type = "paired", strict = TRUE)$n): 33.37,
 * 67.62, 70.07 (one-sided), 7848862.43 */
static void
units_known(void **state)
{
    (void)state;
    assert_int_equal(rg_power_t_units(0.5, 1, 0.05, 0.8, true), 34);
    assert_int_equal(rg_power_t_units(0.02, 0.05, 0.05, 0.9, true), 68);
    assert_int_equal(rg_power_t_units(0.3, 1, 0.05, 0.8, false), 71);
    assert_int_equal(rg_power_t_units(0.001, 1, 0.05, 0.8, true), 7848863);
    assert_int_equal(rg_power_t_units(0, 1, 0.05, 0.8, true), 0);
    assert_int_equal(rg_power_t_units(1e-6, 1, 0.05, 0.8, true), 0);
    assert_int_equal(rg_power_t_units(1e6, 1, 0.05, 0.8, true), 2);
}

/* What is promised happens: 3000 samples. */
static void
power_simulated(void **state)
{
    gsl_rng *rng = rg_rng_new(41, 0, RG_PURPOSE_TEST);
    double power = rg_power_t(15, 0.6, 1, 0.05, true);
    int seen = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        double d[15];

        for (int k = 0; k < 15; k++)
            d[k] = 0.6 + gsl_ran_gaussian(rng, 1);
        seen += rg_paired_t(d, 15, 0, RG_TWO_SIDED, 0.95).p <= 0.05;
    }
    gsl_rng_free(rng);
    assert_true(fabs(seen / 3000.0 - power) < 3.5 * sqrt(power * (1 - power) / 3000));
}

/* ---- McNemar ---- */

/* The formulas evaluated with NumPy: Connor 119.71, 112.54, 91.35 (one-sided), Miettinen 116.29,
 * 102.54. */
static void
mcnemar_units(void **state)
{
    (void)state;
    assert_int_equal(rg_power_mcnemar_units(0.25, 0.1, 0.05, 0.8, true, RG_POWER_CONNOR), 120);
    assert_int_equal(rg_power_mcnemar_units(0.1, 0.25, 0.05, 0.8, true, RG_POWER_MIETTINEN), 117);
    assert_int_equal(rg_power_mcnemar_units(0.2, 0.05, 0.05, 0.9, true, RG_POWER_CONNOR), 113);
    assert_int_equal(rg_power_mcnemar_units(0.2, 0.05, 0.05, 0.9, true, RG_POWER_MIETTINEN), 103);
    assert_int_equal(rg_power_mcnemar_units(0.2, 0.05, 0.05, 0.9, false, RG_POWER_CONNOR), 92);
    near(rg_power_mcnemar(120, 0.25, 0.1, 0.05, true, RG_POWER_CONNOR), 0.8, 0.01);
    near(rg_power_mcnemar(117, 0.25, 0.1, 0.05, true, RG_POWER_MIETTINEN), 0.8, 0.01);
    assert_true(rg_power_mcnemar(4, 1, 0, 0.05, true, RG_POWER_CONNOR) == 1);
    assert_true(rg_power_mcnemar(3, 1, 0, 0.05, true, RG_POWER_CONNOR) == 0);
    near(rg_power_mcnemar(50, 0.2, 0.2, 0.05, true, RG_POWER_CONNOR), 0.025, 1e-12);
    assert_int_equal(rg_power_mcnemar_units(0.2, 0.2, 0.05, 0.8, true, RG_POWER_CONNOR), 0);
    assert_int_equal(rg_power_mcnemar_units(1, 0, 0.05, 0.8, true, RG_POWER_CONNOR), 4);
}

/* The exact power of the asymptotic test, by summing over all outcomes. */
static double
exact_power(unsigned n, double first, double second)
{
    double power = 0, z = gsl_cdf_ugaussian_Qinv(0.025);

    for (unsigned m = 1; m <= n; m++)
        for (unsigned k = 0; k <= m; k++)
            if (fabs(2.0 * k - m) > z * sqrt(m))
                power += gsl_ran_binomial_pdf(m, first + second, n) *
                         gsl_ran_binomial_pdf(k, first / (first + second), m);
    return power;
}

static void
mcnemar_power_exact(void **state)
{
    (void)state;
    for (unsigned n = 100; n <= 300; n += 50)
        assert_true(fabs(rg_power_mcnemar(n, 0.25, 0.1, 0.05, true, RG_POWER_CONNOR) -
                         exact_power(n, 0.25, 0.1)) < 0.025);
}

/* ---- many tests ---- */

/* R: p.adjust(p, "holm"), p.adjust(p, "BH") */
static void
adjusted(void **state)
{
    const double p[] = {0.01, 0.04, 0.03, 0.005, NAN, 0.5, 0.03};
    static const double holm[] = {0.05, 0.12, 0.12, 0.03, 0, 0.5, 0.12},
                        bh[] = {0.03, 0.048, 0.045, 0.03, 0, 0.5, 0.045};
    double a[7], b[7], c[7];

    (void)state;
    rg_adjust_p(p, 7, RG_ADJUST_HOLM, a);
    rg_adjust_p(p, 7, RG_ADJUST_BH, b);
    rg_adjust_p(p, 7, RG_ADJUST_NONE, c);
    for (int i = 0; i < 7; i++) {
        if (i == 4) {
            assert_true(isnan(a[i]) && isnan(b[i]) && isnan(c[i]));
            continue;
        }
        near(a[i], holm[i], 1e-14);
        near(b[i], bh[i], 1e-14);
        assert_true(c[i] == p[i]);
    }
}

static void
adjusted_edges(void **state)
{
    const double holes[] = {NAN, NAN};
    double in_place[] = {0.5, 0.6, 0.0}, out[2];

    (void)state;
    rg_adjust_p(NULL, 0, RG_ADJUST_HOLM, NULL);
    rg_adjust_p(holes, 2, RG_ADJUST_BH, out);
    assert_true(isnan(out[0]) && isnan(out[1]));
    rg_adjust_p(in_place, 3, RG_ADJUST_HOLM, in_place);
    assert_true(in_place[0] == 1 && in_place[1] == 1 && in_place[2] == 0);
    rg_adjust_p(in_place, 1, RG_ADJUST_BH, in_place);
    assert_true(in_place[0] == 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noncentral_known),    cmocka_unit_test(noncentral_limits),
        cmocka_unit_test(power_known),         cmocka_unit_test(units_known),
        cmocka_unit_test(power_simulated),     cmocka_unit_test(mcnemar_units),
        cmocka_unit_test(mcnemar_power_exact), cmocka_unit_test(adjusted),
        cmocka_unit_test(adjusted_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
