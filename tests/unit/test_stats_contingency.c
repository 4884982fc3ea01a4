#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/contingency.h"

static void
near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", found, expected);
}

static void
counting(void **state)
{
    const double x[] = {1, 1, 0, 0, 1, NAN, 0}, y[] = {1, 0, 1, 0, 0, 1, NAN}, half[] = {0.5};
    struct rg_discordance d;

    (void)state;
    assert_true(rg_discordance_of(x, y, 7, &d));
    assert_true(d.both == 1 && d.neither == 1 && d.first == 2 && d.second == 1 && d.missing == 2);
    assert_false(rg_discordance_of(x, half, 1, &d));
    assert_false(rg_discordance_of(half, x, 1, &d));
    assert_true(rg_discordance_of(x, y, 0, &d));
    assert_true(d.both + d.neither + d.first + d.second + d.missing == 0);
}

/* Pairs of the recorded gold rows (label of the ticket named by the model): the discordant counts
 * and the exact two-sided p to four digits, as SciPy's binomtest gave them; statsmodels 0.13:
 * mcnemar([[50, 13], [2, 11]], exact=True).pvalue for the one with all digits. */
static void
mcnemar_gold(void **state)
{
    static const struct {
        size_t first, second;
        double p;
    } pairs[] = {{6, 5, 1},       {13, 2, 0.0074}, {13, 3, 0.0213}, {15, 2, 0.0023},
                 {12, 1, 0.0034}, {11, 2, 0.0225}, {14, 2, 0.0042}, {6, 8, 0.7905},
                 {0, 0, 1},       {9, 8, 1},       {8, 6, 0.7905},  {3, 0, 0.25}};
    struct rg_discordance d = {.both = 50, .neither = 11, .first = 13, .second = 2};

    (void)state;
    near(rg_mcnemar(&d, false, RG_TWO_SIDED).p, 0.00738525390625, 1e-13);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        d.first = pairs[i].first;
        d.second = pairs[i].second;
        assert_true(fabs(rg_mcnemar(&d, false, RG_TWO_SIDED).p - pairs[i].p) < 0.5001e-4);
    }
}

static void
mcnemar_kinds(void **state)
{
    const struct rg_discordance d = {.both = 50, .neither = 11, .first = 13, .second = 2},
                                mirror = {.both = 50, .neither = 11, .first = 2, .second = 13};
    struct rg_test t = rg_mcnemar(&d, true, RG_TWO_SIDED);

    (void)state;
    near(t.p, 0.0041809082031249948, 1e-12);      /* R: 2 * pbinom(2, 15, .5) - dbinom(2, 15, .5) */
    near(t.statistic, 8.0666666666666664, 1e-14); /* R: mcnemar.test(..., correct = FALSE) */
    near(t.estimate, 11.0 / 76, 1e-15);
    assert_true(t.n == 76 && t.zeros == 61 && t.exact && t.df == 1);
    /* R: binom.test(13, 15, alternative = "greater")$p.value */
    near(rg_mcnemar(&d, false, RG_GREATER).p, 0.0036926269531250004, 1e-12);
    near(rg_mcnemar(&mirror, false, RG_LESS).p, 0.0036926269531250004, 1e-12);
    assert_true(rg_mcnemar(&mirror, true, RG_TWO_SIDED).p == t.p);
    assert_true(rg_mcnemar(&mirror, true, RG_GREATER).p > 0.99);
}

static void
mcnemar_edges(void **state)
{
    struct rg_discordance d = {0};
    struct rg_test t = rg_mcnemar(&d, false, RG_TWO_SIDED);

    (void)state;
    assert_true(t.why == RG_WHY_TOO_FEW && isnan(t.p));
    d.both = 5;
    t = rg_mcnemar(&d, true, RG_LESS);
    assert_true(t.p == 1 && t.estimate == 0 && isnan(t.statistic));
    d.first = d.second = 4;
    assert_true(rg_mcnemar(&d, false, RG_TWO_SIDED).p == 1);
    assert_true(rg_mcnemar(&d, true, RG_TWO_SIDED).p <= 1);
    d.first = 500500;
    d.second = 499500;
    near(rg_mcnemar(&d, false, RG_TWO_SIDED).p, 2 * 0.1587, 0.01); /* about 1 standard deviation */
}

/* statsmodels 0.13: cochrans_q(x). */
static void
cochran_known(void **state)
{
    static const double x[] = {1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0,
                               1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0};
    struct rg_test t = rg_cochran_q(x, 10, 3);

    (void)state;
    near(t.statistic, 7, 1e-14);
    near(t.p, 0.0301973834223185, 1e-12);
    assert_true(t.df == 2 && t.n == 10 && t.zeros == 2);
}

/* For two columns Q is McNemar's statistic. */
static void
cochran_of_two(void **state)
{
    double x[30], a[15], b[15];
    struct rg_discordance d;
    struct rg_test t;

    (void)state;
    for (int i = 0; i < 15; i++) {
        x[2 * i] = a[i] = i % 3 != 0;
        x[2 * i + 1] = b[i] = i % 5 == 0;
    }
    t = rg_cochran_q(x, 15, 2);
    assert_true(rg_discordance_of(a, b, 15, &d));
    near(t.statistic, rg_mcnemar(&d, false, RG_TWO_SIDED).statistic, 1e-13);
}

static void
cochran_edges(void **state)
{
    static const double same[] = {1, 1, 0, 0}, other[] = {1, 2}, hole[] = {1, NAN};

    (void)state;
    assert_int_equal(rg_cochran_q(same, 2, 2).why, RG_WHY_NO_VARIATION);
    assert_int_equal(rg_cochran_q(other, 1, 2).why, RG_WHY_NOT_BINARY);
    assert_int_equal(rg_cochran_q(hole, 1, 2).why, RG_WHY_MISSING);
    assert_int_equal(rg_cochran_q(same, 0, 2).why, RG_WHY_TOO_FEW);
    assert_int_equal(rg_cochran_q(same, 4, 1).why, RG_WHY_TOO_FEW);
    assert_true(isnan(rg_cochran_q(same, 2, 2).p));
}

static void
a_million(void **state)
{
    const size_t n = 1000000;
    double *x = rg_alloc(2 * n, sizeof *x);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        x[2 * i] = i % 4 == 0;
        x[2 * i + 1] = i % 4 == 1;
    }
    assert_true(rg_cochran_q(x, n, 2).statistic == 0);
    for (size_t i = 0; i < 4000; i++)
        x[2 * i] = 1;
    /* 252000 have only the first, 249000 only the second */
    near(rg_cochran_q(x, n, 2).statistic, 3000.0 * 3000 / 501000, 1e-12);
    free(x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting),      cmocka_unit_test(mcnemar_gold),
        cmocka_unit_test(mcnemar_kinds), cmocka_unit_test(mcnemar_edges),
        cmocka_unit_test(cochran_known), cmocka_unit_test(cochran_of_two),
        cmocka_unit_test(cochran_edges), cmocka_unit_test(a_million),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
