#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/rank_tests.h"
#include "stats/studentized.h"

static void
near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g, expected %.17g", found, expected);
}

static void
ranks(void **state)
{
    static const double x[] = {2, 5, 2, 7, 5, 2, -1, INFINITY, -0.0, 0.0};
    static const double expected[] = {5, 7.5, 5, 9, 7.5, 5, 1, 10, 2.5, 2.5};
    double r[10];
    size_t tied;

    (void)state;
    assert_true(rg_ranks(x, 10, r, &tied) == 24 + 6 + 6);
    assert_int_equal(tied, 7);
    for (int i = 0; i < 10; i++)
        assert_true(r[i] == expected[i]);
    assert_true(rg_ranks(x, 0, r, NULL) == 0);
}

/* ---- signed ranks ---- */

static const double TIED[] = {3, -1, 4, 0, -1, 5, 9, -2, 6, 5, 3, 0, 5, 8, 9, -7, 9, 3};

/* Without ties or zeros. R: wilcox.test(u, exact = TRUE, alternative = ...); SciPy 1.10:
 * wilcoxon(u, mode="exact", alternative=...) */
static void
signed_rank_exact(void **state)
{
    static const double u[] = {1.5, -2.5, 3.5, 4.5, -5.5, 6.5, 7.5, 8.5, -9.5, 10.5, 11.5, -12.5};
    struct rg_test t = rg_signed_rank(u, 12, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    double fifty[50];

    (void)state;
    assert_true(t.statistic == 50 && t.exact && t.zeros == 0 && t.ties == 0);
    near(t.p, 0.423828125, 1e-15);
    near(t.estimate, (50.0 - 28) / 78, 1e-15);
    near(rg_signed_rank(u, 12, RG_ZEROS_PRATT, RG_GREATER).p, 0.2119140625, 1e-15);
    near(rg_signed_rank(u, 12, RG_ZEROS_WILCOXON, RG_LESS).p, 0.809814453125, 1e-15);
    /* R: psignrank(400, 50), the largest number that is exact: the signs make the sum 400. */
    for (int i = 50, left = 400; i > 0; i--) {
        fifty[i - 1] = i <= left ? i : -i;
        left -= i <= left ? i : 0;
    }
    t = rg_signed_rank(fifty, 50, RG_ZEROS_WILCOXON, RG_LESS);
    assert_true(t.statistic == 400 && t.exact);
    near(t.p, 0.010611835818424174, 1e-12);
}

/* The definition: all 2^m assignments of signs. */
static double
enumerated(const double *d, size_t n, enum rg_zeros zeros, enum rg_tail tail)
{
    double size[16], rank[16], kept[16], w = 0;
    size_t m = 0, below = 0, above = 0;

    if (zeros == RG_ZEROS_WILCOXON) {
        for (size_t i = 0; i < n; i++)
            if (d[i] != 0)
                size[m++] = fabs(d[i]);
        rg_ranks(size, m, kept, NULL);
        m = 0;
        for (size_t i = 0; i < n; i++)
            if (d[i] != 0)
                w += d[i] > 0 ? kept[m++] : (m++, 0);
    } else {
        for (size_t i = 0; i < n; i++)
            size[i] = fabs(d[i]);
        rg_ranks(size, n, rank, NULL);
        for (size_t i = 0; i < n; i++)
            if (d[i] != 0) {
                w += d[i] > 0 ? rank[i] : 0;
                kept[m++] = rank[i];
            }
    }
    for (size_t signs = 0; signs < (size_t)1 << m; signs++) {
        double sum = 0;

        for (size_t i = 0; i < m; i++)
            sum += signs >> i & 1 ? kept[i] : 0;
        below += sum <= w;
        above += sum >= w;
    }
    return rg_tail_p(ldexp((double)below, -(int)m), ldexp((double)above, -(int)m), tail);
}

static void
signed_rank_ties_enumerated(void **state)
{
    gsl_rng *rng = rg_rng_new(21, 0, RG_PURPOSE_TEST);

    (void)state;
    for (int repeat = 0; repeat < 300; repeat++) {
        size_t n = 2 + rg_rng_below(rng, 9);
        double d[16] = {1};

        for (size_t i = 1; i < n; i++)
            d[i] = (double)rg_rng_below(rng, 9) - 3;
        for (int z = 0; z < 2; z++)
            for (int tail = 0; tail < 3; tail++) {
                struct rg_test t = rg_signed_rank(d, n, (enum rg_zeros)z, (enum rg_tail)tail);

                assert_true(t.exact);
                assert_true(t.p == enumerated(d, n, (enum rg_zeros)z, (enum rg_tail)tail));
            }
    }
    gsl_rng_free(rng);
}

/* SciPy 1.10: wilcoxon(e, zero_method=..., correction=True, alternative=..., mode="approx") with
 * e = [((7*i*i + 3*i) % 101) - 37 for i in range(60)]; then the same of e with every seventh
 * element 0. */
static void
signed_rank_normal(void **state)
{
    double e[60];
    struct rg_test t;

    (void)state;
    for (int i = 0; i < 60; i++)
        e[i] = (7 * i * i + 3 * i) % 101 - 37;
    t = rg_signed_rank(e, 60, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    assert_true(!t.exact && t.statistic == 1195.5 && t.ties > 0);
    near(t.p, 0.03926000150434019, 1e-10);
    near(rg_signed_rank(e, 60, RG_ZEROS_WILCOXON, RG_GREATER).p, 0.019630000752170095, 1e-10);
    for (int i = 0; i < 60; i += 7)
        e[i] = 0;
    t = rg_signed_rank(e, 60, RG_ZEROS_PRATT, RG_TWO_SIDED);
    assert_true(t.zeros == 9 && !t.exact);
    near(t.p, 0.04364952204805338, 1e-10);
    near(rg_signed_rank(e, 60, RG_ZEROS_WILCOXON, RG_LESS).p, 0.990921139762434, 1e-10);
}

/* At the border the approximation is close to the exact distribution. */
static void
signed_rank_border(void **state)
{
    double d[51];
    struct rg_test exact, normal;

    (void)state;
    for (int i = 0; i < 51; i++)
        d[i] = (i % 3 == 0 ? -1 : 1) * (1 + i % 20);
    exact = rg_signed_rank(d, 50, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    normal = rg_signed_rank(d, 51, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    assert_true(exact.exact && !normal.exact);
    near(normal.p, exact.p, 0.3);
}

static void
signed_rank_edges(void **state)
{
    static const double none[] = {0, 0, 0}, one[] = {-3}, hole[] = {1, NAN},
                        open[] = {INFINITY, -INFINITY, INFINITY, 1};
    struct rg_test t = rg_signed_rank(NULL, 0, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    double far[60];

    (void)state;
    assert_true(t.why == RG_WHY_TOO_FEW && isnan(t.p));
    t = rg_signed_rank(none, 3, RG_ZEROS_PRATT, RG_TWO_SIDED);
    assert_true(t.why == RG_WHY_NO_VARIATION && t.zeros == 3 && isnan(t.p));
    t = rg_signed_rank(one, 1, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    assert_true(t.p == 1 && t.statistic == 0 && t.estimate == -1);
    assert_int_equal(rg_signed_rank(hole, 2, RG_ZEROS_WILCOXON, RG_LESS).why, RG_WHY_MISSING);
    t = rg_signed_rank(open, 4, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    assert_true(t.statistic == 7 && t.ties == 3);
    t = rg_signed_rank(TIED, 18, RG_ZEROS_WILCOXON, RG_GREATER);
    assert_true(t.statistic == 118 && t.exact && t.zeros == 2);
    for (int i = 0; i < 60; i++) /* symmetric: nothing is beyond the middle */
        far[i] = i % 2 ? i / 2 + 1 : -(i / 2 + 1);
    assert_true(rg_signed_rank(far, 60, RG_ZEROS_WILCOXON, RG_TWO_SIDED).p == 1);
}

/* ---- Friedman and Nemenyi ---- */

static const double JUDGED[] = {8, 7, 6, 9, 9, 5, 6, 8, 7, 5, 4, 4, 9, 7, 7,
                                8, 8, 8, 7, 5, 6, 9, 8, 6, 6, 6, 5, 7, 9, 4};

/* R: friedman.test(m), colMeans(t(apply(m, 1, rank))); pf(F, 2, 18, lower = FALSE) */
static void
friedman_known(void **state)
{
    double mean[3];
    struct rg_friedman t = rg_friedman(JUDGED, 10, 3, mean);

    (void)state;
    near(t.chi2.statistic, 7.75, 1e-13);
    near(t.chi2.p, 0.020754337873699742, 1e-12);
    near(t.chi2.estimate, 0.3875, 1e-13);
    near(t.f.statistic, 5.6938775510204085, 1e-12);
    near(t.f.p, 0.012132626756358532, 1e-11);
    assert_true(t.chi2.df == 2 && t.f.df == 2 && t.f.df2 == 18 && t.chi2.n == 10);
    near(mean[0], 2.5, 1e-15);
    near(mean[1], 2.1, 1e-15);
    near(mean[2], 1.4, 1e-15);
}

static void
friedman_edges(void **state)
{
    static const double same[] = {1, 1, 1, 2, 2, 2}, agree[] = {1, 2, 3, 4, 5, 6, 7, 8, 9},
                        hole[] = {1, 2, NAN, 4}, open[] = {1, INFINITY, 2, 5};
    double mean[3];
    struct rg_friedman t = rg_friedman(same, 2, 3, mean);

    (void)state;
    assert_true(t.chi2.why == RG_WHY_NO_VARIATION && isnan(t.chi2.p) && mean[0] == 2);
    t = rg_friedman(agree, 3, 3, mean);
    near(t.chi2.statistic, 6, 1e-15);
    assert_true(t.chi2.estimate == 1 && t.f.statistic == INFINITY && t.f.p == 0);
    t = rg_friedman(agree, 1, 3, mean);
    assert_true(t.chi2.why == RG_WHY_TOO_FEW && mean[2] == 3);
    t = rg_friedman(agree, 0, 3, mean);
    assert_true(t.chi2.why == RG_WHY_TOO_FEW && isnan(mean[0]));
    assert_int_equal(rg_friedman(agree, 3, 1, NULL).chi2.why, RG_WHY_TOO_FEW);
    assert_int_equal(rg_friedman(hole, 2, 2, mean).chi2.why, RG_WHY_MISSING);
    assert_int_equal(rg_friedman(open, 2, 2, NULL).chi2.why, RG_WHY_DEFINED);
}

/* J. Demsar (2006), table 5(a): q for alpha = 0.05 and 0.10 and 2, 3, 6, 10 classifiers, three
 * digits; and the example of section 3.2.3: 4 classifiers on 14 data sets, critical difference 1.25
 * at 0.05 and 1.12 at 0.10. */
static void
nemenyi_published(void **state)
{
    static const struct {
        size_t k;
        double alpha, q;
    } table[] = {{2, 0.05, 1.960},  {3, 0.05, 2.343}, {6, 0.05, 2.850},
                 {10, 0.05, 3.164}, {2, 0.10, 1.645}, {10, 0.10, 2.920}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double k = (double)table[i].k;
        double cd = rg_nemenyi_critical(100, table[i].k, table[i].alpha);

        assert_true(fabs(cd / sqrt(k * (k + 1) / 600) - table[i].q) < 0.00101);
        near(rg_nemenyi_p(1, 1 + cd, 100, table[i].k), table[i].alpha, 1e-11);
    }
    assert_true(fabs(rg_nemenyi_critical(14, 4, 0.05) - 1.25) < 0.005);
    assert_true(fabs(rg_nemenyi_critical(14, 4, 0.10) - 1.12) < 0.005);
    assert_true(rg_nemenyi_p(2, 2, 14, 4) == 1);
}

/* ---- studentized range ---- */

/* SciPy 1.10: studentized_range.sf(q, k, df), good to about 1e-9. k = 2 with df = Inf or 1 has a
 * closed form; far out the tail is that of the k (k - 1) / 2 pairs, of which SciPy and R have no
 * digit left. */
static void
range_known(void **state)
{
    static const struct {
        double q, k, df, tail, within;
    } known[] = {
        {3.5, 3, INFINITY, 0.03555704186316044, 1e-8},
        {8, 10, INFINITY, 6.894622225361857e-07, 1e-8},
        {3.5, 3, 10, 0.07710331083841038, 1e-9},
        {4.2, 6, 20, 0.07090150978641618, 1e-9},
        {10, 4, 2, 0.04808250058914443, 1e-9},
        {5, 20, 5, 0.2835428575287421, 1e-9},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        near(rg_studentized_range_Q(known[i].q, known[i].k, known[i].df), known[i].tail,
             known[i].within);
    for (double q = 0.25; q < 40; q *= 1.7) {
        near(rg_studentized_range_Q(q, 2, INFINITY), erfc(q / 2), 1e-12);
        /* df = 1: the range of two over S is sqrt(2) |Cauchy| */
        near(rg_studentized_range_Q(q, 2, 1), 1 - 2 / acos(-1) * atan(q / sqrt(2)), 1e-10);
    }
    near(rg_studentized_range_Q(12, 5, INFINITY), 10 * erfc(6), 1e-3);
    assert_true(rg_studentized_range_Q(0, 3, INFINITY) == 1);
    assert_true(rg_studentized_range_Q(-1, 3, 7) == 1);
    assert_true(rg_studentized_range_Q(1e6, 3, INFINITY) == 0);
    /* many degrees of freedom are nearly infinitely many */
    near(rg_studentized_range_Q(4, 6, 1e9), rg_studentized_range_Q(4, 6, INFINITY), 1e-7);
}

/* R: qtukey(p, k, df, lower = FALSE), good to about 1e-4 relative for finite df. */
static void
range_quantiles(void **state)
{
    static const double at[] = {0.999, 0.5, 0.05, 1e-4, 1e-12};

    (void)state;
    near(rg_studentized_range_Qinv(0.05, 2, INFINITY), 2.771807649019189, 1e-8);
    near(rg_studentized_range_Qinv(0.05, 6, INFINITY), 4.0300920866426972, 1e-8);
    near(rg_studentized_range_Qinv(0.01, 6, INFINITY), 4.757047254647631, 1e-8);
    near(rg_studentized_range_Qinv(0.05, 3, 10), 3.8767767491915595, 1e-6);
    for (int i = 0; i < 5; i++)
        near(rg_studentized_range_Q(rg_studentized_range_Qinv(at[i], 5, INFINITY), 5, INFINITY),
             at[i], 1e-11);
}

/* Every unit of a million ranks alike but for one in a hundred. */
static void
a_million(void **state)
{
    const size_t n = 250000;
    double *x = rg_alloc(4 * n, sizeof *x), mean[4];
    struct rg_friedman t;
    struct rg_test w;

    (void)state;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < 4; j++)
            x[4 * i + j] = i % 100 == 0 ? (double)j : 7;
    t = rg_friedman(x, n, 4, mean);
    near(t.chi2.statistic, 3.0 * 2500, 1e-9); /* only those units count, and they agree */
    near(mean[3], 2.5 + 1.5 / 100, 1e-12);
    for (size_t i = 0; i < 4 * n; i++)
        x[i] = (double)(i % 1000) - 499.5; /* symmetric */
    w = rg_signed_rank(x, 4 * n, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    assert_true(w.p == 1 && w.ties == 4 * n && fabs(w.estimate) < 1e-12);
    free(x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks),
        cmocka_unit_test(signed_rank_exact),
        cmocka_unit_test(signed_rank_ties_enumerated),
        cmocka_unit_test(signed_rank_normal),
        cmocka_unit_test(signed_rank_border),
        cmocka_unit_test(signed_rank_edges),
        cmocka_unit_test(friedman_known),
        cmocka_unit_test(friedman_edges),
        cmocka_unit_test(nemenyi_published),
        cmocka_unit_test(range_known),
        cmocka_unit_test(range_quantiles),
        cmocka_unit_test(a_million),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
