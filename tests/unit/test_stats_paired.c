#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/effect.h"
#include "stats/equivalence.h"
#include "stats/paired.h"

#include <gsl/gsl_randist.h>

enum { N = 12 };
static const double x[N] = {0.61, 0.72, 0.55, 0.80, 0.67, 0.91, 0.43, 0.58, 0.77, 0.69, 0.84, 0.50};
static const double y[N] = {0.58, 0.75, 0.49, 0.70, 0.66, 0.85, 0.47, 0.50, 0.71, 0.69, 0.75, 0.46};

static void
near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", found, expected);
}

/* ---- differences ---- */

static void
differences(void **state)
{
    const double a[] = {1, NAN, 3, INFINITY, 5, -INFINITY},
                 b[] = {2, 2, NAN, INFINITY, INFINITY, 1};
    double d[6];

    (void)state;
    assert_int_equal(rg_paired_differences(a, b, 6, d), 4);
    assert_true(d[0] == -1 && d[1] == 0 && d[2] == -INFINITY && d[3] == -INFINITY);
    assert_int_equal(rg_paired_differences(a, b, 0, NULL), 0);
}

/* No overflow or underflow where the result is in range. */
static void
spread(void **state)
{
    static const double scales[] = {1, 1e-300, 1e300, 0x1p-1000};

    (void)state;
    for (int i = 0; i < 4; i++) {
        double s = scales[i], v[] = {4 * s, 7 * s, 13 * s, 16 * s};
        struct rg_spread m = rg_spread_of(v, 4);

        near(m.mean, 10 * s, 1e-15);
        near(m.sd, 5.477225575051661 * s, 1e-14); /* Python: statistics.stdev([4, 7, 13, 16]) */
    }
    assert_true(isnan(rg_spread_of(NULL, 0).mean));
    assert_true(rg_spread_of(scales, 1).mean == 1 && isnan(rg_spread_of(scales, 1).sd));
}

/* ---- t ---- */

/* R: t.test(x, y, paired = TRUE, alternative = ...) */
static void
student_known(void **state)
{
    static const struct {
        enum rg_tail tail;
        double p, lo, hi;
    } known[] = {
        {RG_TWO_SIDED, 0.013965838615562465, 0.0094278741219869389, 0.067238792544679751},
        {RG_GREATER, 0.0069829193077812325, 0.014748042384272773, INFINITY},
        {RG_LESS, 0.99301708069221872, -INFINITY, 0.061918624282393926},
    };
    struct rg_test t;
    double d[N];

    (void)state;
    rg_paired_differences(x, y, N, d);
    for (int i = 0; i < 3; i++) {
        t = rg_paired_t(d, N, 0, known[i].tail, 0.95);
        near(t.statistic, 2.9188637754073192, 1e-12);
        near(t.estimate, 0.038333333333333351, 1e-14);
        near(t.p, known[i].p, 1e-11);
        assert_true(t.df == 11 && t.zeros == 1 && t.n == N && t.why == RG_WHY_DEFINED);
        assert_true(t.lo == known[i].lo || fabs(t.lo - known[i].lo) < 1e-13);
        assert_true(t.hi == known[i].hi || fabs(t.hi - known[i].hi) < 1e-13);
    }
    /* R: t.test(x, y, paired = TRUE, mu = 0.05, conf.level = 0.9) */
    t = rg_paired_t(d, N, 0.05, RG_TWO_SIDED, 0.9);
    near(t.statistic, -0.88834984468918265, 1e-12);
    near(t.p, 0.39336358479449507, 1e-11);
    near(t.hi, 0.061918624282393926, 1e-12);
}

static void
student_edges(void **state)
{
    static const double one[] = {3}, same[] = {0.1, 0.1, 0.1}, none[] = {0, 0, 0},
                        holes[] = {1, NAN, 2}, open[] = {1, INFINITY, 2};
    /* equal but for rounding: differences of x + 0.1 and x */
    const double noise[] = {0.3 + 0.1 - 0.3, 0.7 + 0.1 - 0.7, 5.0 + 0.1 - 5.0};
    struct rg_test t = rg_paired_t(NULL, 0, 0, RG_TWO_SIDED, 0.95);

    (void)state;
    assert_true(t.why == RG_WHY_TOO_FEW && isnan(t.p) && isnan(t.estimate) && isnan(t.lo));
    t = rg_paired_t(one, 1, 0, RG_TWO_SIDED, 0.95);
    assert_true(t.why == RG_WHY_TOO_FEW && isnan(t.p) && t.estimate == 3);
    assert_true(t.lo == -INFINITY && t.hi == INFINITY);
    t = rg_paired_t(same, 3, 0, RG_TWO_SIDED, 0.95);
    assert_true(t.why == RG_WHY_NO_VARIATION && isnan(t.p));
    near(t.lo, 0.1, 1e-15);
    t = rg_paired_t(none, 3, 0, RG_TWO_SIDED, 0.95);
    assert_true(t.why == RG_WHY_NO_VARIATION && t.estimate == 0 && t.lo == 0 && t.hi == 0);
    assert_int_equal(t.zeros, 3);
    assert_int_equal(rg_paired_t(noise, 3, 0, RG_TWO_SIDED, 0.95).why, RG_WHY_NO_VARIATION);
    assert_int_equal(rg_paired_t(holes, 3, 0, RG_TWO_SIDED, 0.95).why, RG_WHY_MISSING);
    t = rg_paired_t(open, 3, 0, RG_TWO_SIDED, 0.95);
    assert_true(t.why == RG_WHY_INFINITE && isnan(t.p));
    assert_true(rg_paired_t(one, 1, 0, RG_LESS, 0.95).lo == -INFINITY);
    for (int w = RG_WHY_TOO_FEW; w <= RG_WHY_NOT_BINARY; w++)
        assert_true(*rg_why_text((enum rg_why)w) != '\0');
}

/* Under the null hypothesis p is uniform: 4000 repeats, 3 standard errors of the count. */
static void
student_size(void **state)
{
    gsl_rng *rng = rg_rng_new(11, 0, RG_PURPOSE_TEST);
    int rejected = 0;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        double d[7];

        for (int k = 0; k < 7; k++)
            d[k] = gsl_ran_gaussian(rng, 3);
        rejected += rg_paired_t(d, 7, 0, RG_TWO_SIDED, 0.95).p <= 0.05;
    }
    gsl_rng_free(rng);
    assert_in_range(rejected, 200 - 42, 200 + 42);
}

/* ---- sign ---- */

static void
sign_known(void **state)
{
    static const double d[] = {3, -1, 4, 0, -1, 5, 9, -2, 6, 5, 3, 0, 5, 8, 9, -7, 9, 3};
    struct rg_test t = rg_paired_sign(d, 18, RG_TWO_SIDED, 0.95);

    (void)state;
    /* R: binom.test(sum(d > 0), sum(d != 0), alternative = ...)$p.value */
    near(t.p, 0.076812744140625042, 1e-13);
    near(rg_paired_sign(d, 18, RG_GREATER, 0.95).p, 0.038406372070312521, 1e-13);
    near(rg_paired_sign(d, 18, RG_LESS, 0.95).p, 0.9893646240234375, 1e-13);
    assert_true(t.statistic == 12 && t.zeros == 2 && t.n == 18 && t.exact);
    near(t.estimate, 0.75, 1e-15);
}

static void
sign_edges(void **state)
{
    static const double none[] = {0, 0}, open[] = {INFINITY, -INFINITY, INFINITY}, hole[] = {NAN};
    struct rg_test t = rg_paired_sign(NULL, 0, RG_TWO_SIDED, 0.95);

    (void)state;
    assert_true(t.why == RG_WHY_TOO_FEW && isnan(t.p));
    assert_int_equal(rg_paired_sign(none, 2, RG_TWO_SIDED, 0.95).why, RG_WHY_NO_VARIATION);
    assert_int_equal(rg_paired_sign(hole, 1, RG_TWO_SIDED, 0.95).why, RG_WHY_MISSING);
    assert_true(rg_paired_sign(open, 3, RG_TWO_SIDED, 0.95).p == 1);
    assert_true(rg_paired_sign(open, 1, RG_TWO_SIDED, 0.95).p == 1);
    assert_true(rg_paired_sign(open, 1, RG_GREATER, 0.95).p == 0.5);
}

/* R: pbinom(49, 100, .5), pbinom(499000, 1e6, .5) */
static void
half_binomial(void **state)
{
    (void)state;
    near(rg_tail_half(49, 100, false, RG_LESS), 0.46020538130641092, 1e-13);
    near(rg_tail_half(499000, 1000000, false, RG_LESS), 0.022804149932691052, 1e-9);
    near(rg_tail_half(501000, 1000000, false, RG_GREATER), 0.022804149932691052, 1e-9);
    assert_true(rg_tail_half(0, 0, false, RG_TWO_SIDED) == 1);
    assert_true(rg_tail_half(5, 10, true, RG_TWO_SIDED) <= 1);
    near(rg_tail_half(5, 10, true, RG_LESS), 0.5, 1e-14);
    near(rg_tail_half(7, 7, false, RG_GREATER), 0x1p-7, 1e-14);
}

/* ---- equivalence ---- */

static void
equivalence_known(void **state)
{
    struct rg_equivalence e;
    double d[N];

    (void)state;
    rg_paired_differences(x, y, N, d);
    /* statsmodels 0.13: weightstats.ttost_paired(x, y, -.06, .06), and with .1 */
    e = rg_equivalence(d, N, 0.06, 0.05);
    near(e.p, 0.06360984617148098, 1e-11);
    near(e.above.statistic, 7.487520119523121, 1e-12);
    near(e.above.p, 6.094069412027786e-06, 1e-9);
    near(e.below.statistic, -1.6497925687084825, 1e-11);
    assert_false(e.equivalent);
    e = rg_equivalence(d, N, 0.1, 0.05);
    near(e.p, 0.0003274149709735281, 1e-10);
    assert_true(e.equivalent);
    near(e.lo, 0.014748042384272773, 1e-12); /* the 90 % interval of R above */
    near(e.hi, 0.061918624282393926, 1e-12);
    near(rg_non_inferior(&e, false).p, 2.1942146596380696e-07, 1e-8);
    near(rg_non_inferior(&e, true).p, 0.0003274149709735281, 1e-10);
}

/* Equivalent at alpha exactly when the 1 - 2 alpha interval lies within the margin. */
static void
equivalence_is_the_interval(void **state)
{
    gsl_rng *rng = rg_rng_new(12, 0, RG_PURPOSE_TEST);
    int yes = 0;

    (void)state;
    for (int i = 0; i < 500; i++) {
        struct rg_equivalence e;
        double d[9];

        for (int k = 0; k < 9; k++)
            d[k] = 0.2 + gsl_ran_gaussian(rng, 0.6);
        e = rg_equivalence(d, 9, 0.6, 0.05);
        assert_int_equal(e.equivalent, e.lo > -0.6 && e.hi < 0.6);
        yes += e.equivalent;
    }
    gsl_rng_free(rng);
    assert_in_range(yes, 50, 450);
}

static void
equivalence_edges(void **state)
{
    static const double same[] = {0.02, 0.02, 0.02}, none[] = {0, 0};
    struct rg_equivalence e = rg_equivalence(same, 3, 0.05, 0.05);

    (void)state;
    assert_true(e.equivalent && e.p == 0);
    e = rg_equivalence(same, 3, 0.01, 0.05);
    assert_true(!e.equivalent && e.p == 1 && e.above.p == 0 && e.below.p == 1);
    assert_true(rg_non_inferior(&e, false).p == 0 && rg_non_inferior(&e, true).p == 1);
    assert_true(rg_equivalence(none, 2, 1e-9, 0.05).equivalent);
    e = rg_equivalence(same, 1, 1, 0.05);
    assert_true(!e.equivalent && isnan(e.p));
    e = rg_equivalence(NULL, 0, 1, 0.05);
    assert_true(!e.equivalent && isnan(e.p));
}

/* ---- sizes ---- */

static void
cohen(void **state)
{
    struct rg_cohen c = rg_cohen_paired(x, y, N);
    const double flat[] = {1, 1, 1}, hole[] = {1, NAN, 2};

    (void)state;
    /* NumPy: d.mean() / d.std(ddof=1); d.mean() / sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2) */
    near(c.dz, 0.8426033932296315, 1e-13);
    near(c.dav, 0.2790633740765355, 1e-13);
    near(c.gav, 0.2790633740765355 * (1 - 3.0 / 43), 1e-13);
    c = rg_cohen_paired(flat, flat, 3);
    assert_true(isnan(c.dz) && isnan(c.dav) && isnan(c.gav));
    assert_true(isnan(rg_cohen_paired(hole, flat, 3).dz));
    assert_true(isnan(rg_cohen_paired(x, y, 1).dz) && isnan(rg_cohen_paired(x, y, 0).dav));
    c = rg_cohen_paired(x, y, 2);
    assert_true(isfinite(c.dz) && isnan(c.gav));
}

static void
cliff(void **state)
{
    static const double a[] = {1, 2, 3, 4, 4}, b[] = {2, 2, 5, 1}, open[] = {INFINITY, -INFINITY},
                        hole[] = {NAN}, d[] = {1, -1, 0, 2, 2};

    (void)state;
    /* NumPy: np.sign(a[:, None] - b[None, :]).mean() */
    near(rg_cliff_delta(x, N, y, N), 0.1597222222222222, 1e-14);
    near(rg_cliff_delta(a, 5, b, 4), 0.15, 1e-14);
    near(rg_cliff_delta(b, 4, a, 5), -0.15, 1e-14);
    assert_true(rg_cliff_delta(a, 5, a, 5) == 0);
    assert_true(rg_cliff_delta(open, 1, a, 5) == 1);
    assert_true(rg_cliff_delta(open, 2, open, 2) == 0);
    assert_true(isnan(rg_cliff_delta(a, 0, b, 4)) && isnan(rg_cliff_delta(hole, 1, b, 4)));
    near(rg_cliff_within(d, 5), 0.4, 1e-15);
    assert_true(isnan(rg_cliff_within(hole, 1)) && isnan(rg_cliff_within(d, 0)));
}

/* By definition, on random data full of ties. */
static void
cliff_brute_force(void **state)
{
    gsl_rng *rng = rg_rng_new(13, 0, RG_PURPOSE_TEST);

    (void)state;
    for (int repeat = 0; repeat < 200; repeat++) {
        size_t n = 1 + rg_rng_below(rng, 20), m = 1 + rg_rng_below(rng, 20);
        double a[20], b[20], sum = 0;

        for (size_t i = 0; i < n; i++)
            a[i] = (double)rg_rng_below(rng, 8);
        for (size_t i = 0; i < m; i++)
            b[i] = (double)rg_rng_below(rng, 6);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < m; k++)
                sum += (double)((a[i] > b[k]) - (a[i] < b[k]));
        assert_true(fabs(rg_cliff_delta(a, n, b, m) - sum / (double)(n * m)) < 1e-15);
    }
    gsl_rng_free(rng);
}

static void
a_million(void **state)
{
    const size_t n = 1000000;
    double *a = rg_alloc(n, sizeof *a), *b = rg_alloc(n, sizeof *b);
    struct rg_test t;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        a[i] = (double)(i % 1000) + 1e6; /* a large common part */
        b[i] = (double)((i + 1) % 1000) + 1e6 - (i % 2 ? 0.5 : 0);
    }
    near(rg_cliff_delta(a, n, a, n) + 1, 1, 1e-15);
    assert_int_equal(rg_paired_differences(a, b, n, a), n);
    t = rg_paired_t(a, n, 0.25, RG_TWO_SIDED, 0.95);
    near(t.estimate, 0.25, 1e-9);
    assert_true(t.p > 0.999);
    t = rg_paired_sign(a, n, RG_TWO_SIDED, 0.95);
    assert_true(t.p < 1e-300); /* 1 of 1000 steps is up, the others down */
    free(a);
    free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences),
        cmocka_unit_test(spread),
        cmocka_unit_test(student_known),
        cmocka_unit_test(student_edges),
        cmocka_unit_test(student_size),
        cmocka_unit_test(sign_known),
        cmocka_unit_test(sign_edges),
        cmocka_unit_test(half_binomial),
        cmocka_unit_test(equivalence_known),
        cmocka_unit_test(equivalence_is_the_interval),
        cmocka_unit_test(equivalence_edges),
        cmocka_unit_test(cohen),
        cmocka_unit_test(cliff),
        cmocka_unit_test(cliff_brute_force),
        cmocka_unit_test(a_million),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
