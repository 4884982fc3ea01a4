#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "stats/paired.h"
#include "stats/unpaired.h"

enum { NX = 12, NY = 7 };
static const double x[NX] = {0.61, 0.72, 0.55, 0.80, 0.67, 0.91,
                             0.43, 0.58, 0.77, 0.69, 0.84, 0.50};
static const double y[NY] = {0.58, 0.75, 0.49, 0.70, 0.66, 0.85, 0.47};

static void
near(double found, double expected, double relative)
{
    if (found != expected && !(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", found, expected);
}

/* R: t.test(x, y, alternative = ..., conf.level = 0.9) */
static void
welch_known(void **state)
{
    static const struct {
        enum rg_tail tail;
        double p, lo, hi;
    } known[] = {
        {RG_TWO_SIDED, 0.664894236328556820, -0.088738841231003771, 0.148024555516718143},
        {RG_GREATER, 0.332447118164278410, -0.060631796445876129, INFINITY},
        {RG_LESS, 0.66755288183572159, -INFINITY, 0.11991751073159052},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct rg_test t = rg_welch_t(x, NX, y, NY, known[i].tail, 0.9);

        assert_int_equal(t.why, RG_WHY_DEFINED);
        near(t.statistic, 0.443121276720564783, 1e-13);
        near(t.df, 13.124571157661955922, 1e-13);
        near(t.p, known[i].p, 1e-12);
        near(t.lo, known[i].lo, 1e-12);
        near(t.hi, known[i].hi, 1e-12);
        assert_int_equal(t.n, NX + NY);
    }
}

/* R: t.test(x, c(0.58, 0.7500001)) */
static void
two_are_enough(void **state)
{
    struct rg_test t = rg_welch_t(x, NX, (const double[]){0.58, 0.7500001}, 2, RG_TWO_SIDED, 0.95);

    (void)state;
    near(t.df, 1.529431247979274877, 1e-12);
    near(t.p, 0.945944383505852859, 1e-12);
    near(t.lo, -0.546877315825387789, 1e-9);
    near(t.hi, 0.561877215825387744, 1e-9);
}

static void
welch_degenerate(void **state)
{
    static const double equal[] = {0.5, 0.5, 0.5}, other[] = {0.75, 0.75}, nan[] = {1, NAN},
                        inf[] = {1, INFINITY};
    struct rg_test t = rg_welch_t(x, 1, y, NY, RG_TWO_SIDED, 0.95);

    (void)state;
    assert_true(t.why == RG_WHY_TOO_FEW && isnan(t.p));
    assert_true(t.lo == -INFINITY && t.hi == INFINITY && isfinite(t.estimate));
    t = rg_welch_t(x, NX, NULL, 0, RG_TWO_SIDED, 0.95);
    assert_true(t.why == RG_WHY_TOO_FEW && isnan(t.estimate) && isnan(t.lo));
    t = rg_welch_t(equal, 3, other, 2, RG_TWO_SIDED, 0.95);
    assert_true(t.why == RG_WHY_NO_VARIATION && isnan(t.p));
    assert_true(t.lo == t.estimate && t.hi == t.estimate);
    assert_true(t.estimate == -0.25);
    assert_int_equal(rg_welch_t(nan, 2, x, NX, RG_TWO_SIDED, 0.95).why, RG_WHY_MISSING);
    assert_int_equal(rg_welch_t(x, NX, inf, 2, RG_TWO_SIDED, 0.95).why, RG_WHY_INFINITE);
}

/* In any unit the same. */
static void
welch_scales(void **state)
{
    static const double scales[] = {1e-300, 1e300};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        double a[NX], b[NY];
        struct rg_test t;

        for (size_t k = 0; k < NX; k++)
            a[k] = x[k] * scales[i];
        for (size_t k = 0; k < NY; k++)
            b[k] = y[k] * scales[i];
        t = rg_welch_t(a, NX, b, NY, RG_TWO_SIDED, 0.9);
        near(t.df, 13.124571157661955922, 1e-12);
        near(t.hi, 0.148024555516718143 * scales[i], 1e-12);
    }
}

/* From Wilson's intervals it is Newcombe's hybrid score interval: R. G. Newcombe, Statistics in
 * Medicine 17 (1998) 873-890, table II, example (a), method 10: 56/70 - 48/80. */
static void
difference_of_intervals(void **state)
{
    struct rg_estimate d =
        rg_interval_difference(rg_interval_rate(56, 70, 0.95), rg_interval_rate(48, 80, 0.95));

    (void)state;
    near(d.value, 0.2, 1e-12);
    assert_true(fabs(d.lo - 0.0524) < 5e-5 && fabs(d.hi - 0.3339) < 5e-5);
    assert_int_equal(d.n, 70);
    d = rg_interval_difference((struct rg_estimate){1, NAN, 2, 5},
                               (struct rg_estimate){3, 2, 5, 4});
    assert_true(d.value == -2 && isnan(d.lo));
    near(d.hi, -2 + sqrt(2), 1e-15);
    assert_int_equal(d.n, 4);
    d = rg_interval_difference((struct rg_estimate){1, 0, 2, 5},
                               (struct rg_estimate){3, 2, INFINITY, 4});
    assert_true(d.lo == -INFINITY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welch_known),
        cmocka_unit_test(two_are_enough),
        cmocka_unit_test(welch_degenerate),
        cmocka_unit_test(welch_scales),
        cmocka_unit_test(difference_of_intervals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
