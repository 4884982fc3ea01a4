/* Arrival processes and the exponential variates behind them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>

#include "base/rng.h"
#include "base/sum.h"
#include "sim/engine/arrivals.h"
#include "sim/engine/summary.h"
#include "sim/engine/variate.h"

enum { MANY = 200000 };

static struct rg_arrivals
begin(struct rg_arrivals_config config, gsl_rng *rng)
{
    struct rg_arrivals a;
    struct rg_err err;

    assert_int_equal(rg_arrivals_init(&a, &config, rng, &err), RG_OK);
    return a;
}

static void
expect(struct rg_arrivals *a, double time)
{
    double t = NAN;

    assert_true(rg_arrivals_next(a, &t));
    assert_true(t == time);
}

static void
expect_none(struct rg_arrivals *a)
{
    double t = -7;

    assert_false(rg_arrivals_next(a, &t));
    assert_false(rg_arrivals_next(a, &t));
    assert_true(t == -7);
}

static void
assert_close(double x, double y, double relative)
{
    if (!(fabs(x - y) <= relative * fabs(y)))
        fail_msg("%.17g is not %.17g", x, y);
}

/* --- variates -------------------------------------------------------------------------------- */

/* Layers of equal area below exp(-x), from the definition. */
static void
test_table(void **state)
{
    const double *x = rg_variate_exp_x;
    double area = exp(-x[1]) * (x[1] + 1);

    (void)state;
    assert_true(x[RG_VARIATE_LAYERS] == 0);
    assert_close(x[0] * exp(-x[1]), area, 1e-14);
    for (int i = 1; i < RG_VARIATE_LAYERS; i++)
        assert_close(x[i] * (exp(-x[i + 1]) - exp(-x[i])), area, 1e-12);
}

/* Largest distance between the empirical distribution of x[0..n), sorted, and the exponential one.
 */
static double
distance(const double *x, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) {
        double f = -expm1(-x[i]);

        most = fmax(most, fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
    }
    return most;
}

/* Kolmogorov's test: sqrt(n) * distance is above 1.95 with probability 0.001. Of the tail (layer 0)
 * too, by what exceeds 7. */
static void
test_exponential(void **state)
{
    enum { N = 2000000 };
    gsl_rng *rng = rg_rng_new(11, 0, RG_PURPOSE_TEST);
    double *x = calloc(N, sizeof *x);
    size_t low = 0;

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < N; i++)
        x[i] = rg_variate_exp(rng);
    gsl_sort(x, 1, N);
    assert_true(x[0] >= 0);
    assert_true(distance(x, N) * sqrt(N) < 1.95);
    while (x[low] <= 7)
        low++;
    assert_true(N - low > 1000);
    for (size_t i = low; i < N; i++)
        x[i] -= 7;
    assert_true(distance(x + low, N - low) * sqrt((double)(N - low)) < 1.95);
    free(x);
    gsl_rng_free(rng);
}

/* Pearson's test in narrow classes, which sees the seams of the layers: error probability 0.001. */
static void
test_seams(void **state)
{
    enum { N = 20000000, CLASSES = 200 };
    const double width = 0.05;
    gsl_rng *rng = rg_rng_new(12, 0, RG_PURPOSE_TEST);
    uint32_t count[CLASSES + 1] = {0};
    double chi2 = 0;

    (void)state;
    for (size_t i = 0; i < N; i++)
        count[(size_t)fmin(rg_variate_exp(rng) / width, CLASSES)]++;
    for (int i = 0; i <= CLASSES; i++) {
        double above = i < CLASSES ? exp(-(i + 1) * width) : 0;
        double expected = N * (exp(-i * width) - above);

        chi2 += pow(count[i] - expected, 2) / expected;
    }
    assert_true(chi2 < gsl_cdf_chisq_Qinv(0.001, CLASSES));
    gsl_rng_free(rng);
}

/* --- open processes -------------------------------------------------------------------------- */

static void
test_all(void **state)
{
    struct rg_arrivals a = begin((struct rg_arrivals_config){.limit = 3}, NULL);

    (void)state;
    assert_true(isinf(rg_arrivals_rate(&a)));
    for (int i = 0; i < 3; i++)
        expect(&a, 0);
    expect_none(&a);
    a = begin((struct rg_arrivals_config){.limit = 0}, NULL);
    expect_none(&a);
}

static void
test_constant(void **state)
{
    struct rg_arrivals a = begin(
        (struct rg_arrivals_config){.law = RG_ARRIVALS_CONSTANT, .rate = 3, .limit = 300}, NULL);
    double t = 0;

    (void)state;
    expect(&a, 1.0 / 3);
    expect(&a, 2.0 / 3);
    expect(&a, 1);
    while (rg_arrivals_next(&a, &t))
        continue;
    assert_true(t == 100); /* no drift: 300 arrivals at 3/s span 100 s exactly */
    assert_false(rg_arrivals_again(&a, t, &t));
}

/* Gaps of n arrivals; times must not decrease. */
static struct rg_summary
gaps_of(struct rg_arrivals *a, size_t n)
{
    struct rg_summary gaps = {0};
    double last = 0, t = 0;

    for (size_t i = 0; i < n && rg_arrivals_next(a, &t); i++) {
        assert_true(t >= last);
        rg_summary_add(&gaps, t - last);
        last = t;
    }
    return gaps;
}

/* Mean and coefficient of variation of the gaps, within 4 standard errors (that of the mean is
 * cv / sqrt(n), that of the cv is found from 20 parts). */
static void
check_renewal(enum rg_arrivals_law law, double cv, uint64_t seed)
{
    const double rate = 5;
    gsl_rng *rng = rg_rng_new(seed, 0, RG_PURPOSE_TEST);
    struct rg_arrivals a = begin(
        (struct rg_arrivals_config){.law = law, .rate = rate, .cv = cv, .limit = UINT64_MAX}, rng);
    struct rg_summary all = {0}, squares = {0};
    double t, se;

    assert_true(rg_arrivals_rate(&a) == rate);
    for (int i = 0; i < 20; i++) {
        struct rg_summary part = {0};
        double last = a.last;

        for (int j = 0; j < MANY / 20; j++) {
            assert_true(rg_arrivals_next(&a, &t));
            rg_summary_add(&part, (t - last) * rate);
            last = t;
        }
        rg_summary_add(&squares, part.m2 / (double)part.n + pow(part.mean - 1, 2));
        rg_summary_merge(&all, &part);
    }
    assert_true(fabs(all.mean - 1) < 4 * cv / sqrt(MANY));
    se = sqrt(rg_summary_variance(&squares) / 20);
    assert_true(fabs(squares.mean - cv * cv) < 4 * se);
    assert_true(se < 0.1 * cv * cv);
    gsl_rng_free(rng);
}

static void
test_renewal(void **state)
{
    static const double cvs[] = {0.05, 0.5, 1, 2};

    (void)state;
    check_renewal(RG_ARRIVALS_POISSON, 1, 20);
    for (size_t i = 0; i < 4; i++) {
        check_renewal(RG_ARRIVALS_GAMMA, cvs[i], 21 + i);
        check_renewal(RG_ARRIVALS_WEIBULL, cvs[i], 31 + i);
    }
}

/* Extreme coefficients of variation give times nevertheless. */
static void
test_extremes(void **state)
{
    static const double cvs[] = {0.01, 100};

    (void)state;
    for (int i = 0; i < 4; i++) {
        gsl_rng *rng = rg_rng_new(40, (uint64_t)i, RG_PURPOSE_TEST);
        struct rg_arrivals a = begin(
            (struct rg_arrivals_config){.law = i < 2 ? RG_ARRIVALS_GAMMA : RG_ARRIVALS_WEIBULL,
                                        .rate = 1e-3,
                                        .cv = cvs[i % 2],
                                        .limit = UINT64_MAX},
            rng);
        struct rg_summary gaps = gaps_of(&a, MANY);

        assert_int_equal(gaps.n, MANY);
        assert_true(isfinite(gaps.mean) && gaps.min >= 0);
        gsl_rng_free(rng);
    }
}

/* By bisection of loggamma(1 + 2/k) - 2*loggamma(1 + 1/k) - log(1 + cv**2) in Python's mpmath with
 * 50 digits, cv being the double nearest to what stands here. */
static void
test_weibull_shape(void **state)
{
    static const struct {
        double cv, shape;
    } known[] = {
        {0.01, 127.530153314391856}, {0.05, 24.9497751766556687},
        {0.5, 2.10134909468854373},  {1, 1.0},
        {2, 0.542692561286453368},   {10, 0.233206758916296714},
        {100, 0.1280466299225738},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_close(rg_arrivals_weibull_shape(known[i].cv), known[i].shape, 1e-12);
}

/* Rate over a long time, and over-dispersion: in windows much longer than the stays, variance over
 * mean of the counts of two states with stays s each and rates a, b tends to
 * 1 + (a - b)^2 s / (2 (a + b)) (W. Fischer, K. Meier-Hellstern, Performance Evaluation 18 (1993)
 * 149-171, with both transition rates 1 / s). */
static void
test_mmpp(void **state)
{
    enum { WINDOWS = 20000 };
    const double rates[] = {9, 1}, stays[] = {1, 1}, window = 50;
    gsl_rng *rng = rg_rng_new(50, 0, RG_PURPOSE_TEST);
    struct rg_arrivals a = begin((struct rg_arrivals_config){.law = RG_ARRIVALS_MMPP,
                                                             .rates = rates,
                                                             .stays = stays,
                                                             .states = 2,
                                                             .limit = UINT64_MAX},
                                 rng);
    struct rg_summary counts = {0};
    double t = 0, exact = 1 + 64.0 / 20;

    (void)state;
    assert_true(rg_arrivals_rate(&a) == 5);
    assert_true(rg_arrivals_next(&a, &t));
    for (int i = 1; i <= WINDOWS; i++) {
        double n = 0;

        for (; t < i * window; n++)
            assert_true(rg_arrivals_next(&a, &t));
        rg_summary_add(&counts, n);
    }
    assert_true(fabs(counts.mean - 250) < 4 * sqrt(rg_summary_variance(&counts) / WINDOWS));
    /* The limit is reached from below by about stays / window. */
    assert_close(rg_summary_variance(&counts) / counts.mean, exact, 0.05);
    gsl_rng_free(rng);
}

static void
test_mmpp_states(void **state)
{
    const double rates[] = {0, 10, 2}, stays[] = {5, 1, 2};
    gsl_rng *rng = rg_rng_new(51, 0, RG_PURPOSE_TEST);
    struct rg_arrivals a;
    struct rg_summary gaps;
    int silent = 0;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        a = begin((struct rg_arrivals_config){.law = RG_ARRIVALS_MMPP,
                                              .rates = rates,
                                              .stays = stays,
                                              .states = 3,
                                              .limit = UINT64_MAX},
                  rng);
        silent += a.state == 0;
    }
    assert_true(abs(silent - 6250) < 4 * 49); /* 5 of 8; sd 48.4 */
    assert_close(rg_arrivals_rate(&a), 14.0 / 8, 1e-15);
    gaps = gaps_of(&a, MANY);
    assert_close(gaps.mean, 8.0 / 14, 0.02);
    gsl_rng_free(rng);
}

/* --- recorded -------------------------------------------------------------------------------- */

static void
test_recorded(void **state)
{
    const double times[] = {1, 1, 3, 7};
    struct rg_arrivals_config c = {
        .law = RG_ARRIVALS_RECORDED, .times = times, .n_times = 4, .speed = 2, .limit = UINT64_MAX};
    struct rg_arrivals a = begin(c, NULL);

    (void)state;
    assert_true(rg_arrivals_rate(&a) == 1); /* 4 in 6 + 2 s, twice as fast */
    expect(&a, 0.5);
    expect(&a, 0.5);
    expect(&a, 1.5);
    expect(&a, 3.5);
    expect_none(&a);

    c.limit = 2;
    a = begin(c, NULL);
    expect(&a, 0.5);
    expect(&a, 0.5);
    expect_none(&a);

    c.loop = true;
    c.limit = 9;
    a = begin(c, NULL);
    for (int i = 0; i < 9; i++)
        expect(&a, (times[i % 4] + 8 * (i / 4)) / 2);
    expect_none(&a);

    c.period = 6.25;
    a = begin(c, NULL);
    for (int i = 0; i < 9; i++)
        expect(&a, (times[i % 4] + 6.25 * (i / 4)) / 2);
}

/* Copies that follow without a gap do not step back by a rounding. */
static void
test_recorded_tight(void **state)
{
    const double times[] = {0.1, 0.2, 0.8};
    struct rg_arrivals a = begin((struct rg_arrivals_config){.law = RG_ARRIVALS_RECORDED,
                                                             .times = times,
                                                             .n_times = 3,
                                                             .speed = 0.3,
                                                             .loop = true,
                                                             .period = 0.8 - 0.1,
                                                             .limit = UINT64_MAX},
                                 NULL);

    (void)state;
    assert_int_equal(gaps_of(&a, MANY).n, MANY);
}

static void
test_unsorted(void **state)
{
    const double bad[][3] = {{-1, 0, 1}, {0, NAN, 1}, {2, 3, 2.5}, {0, 1, INFINITY}};
    const double good[] = {0, 0, 5};

    (void)state;
    assert_int_equal(rg_arrivals_unsorted(good, 3), 3);
    assert_int_equal(rg_arrivals_unsorted(NULL, 0), 0);
    assert_int_equal(rg_arrivals_unsorted(bad[0], 3), 0);
    assert_int_equal(rg_arrivals_unsorted(bad[1], 3), 1);
    assert_int_equal(rg_arrivals_unsorted(bad[2], 3), 2);
    assert_int_equal(rg_arrivals_unsorted(bad[3], 3), 2);
}

/* --- closed loop ----------------------------------------------------------------------------- */

static void
test_closed(void **state)
{
    gsl_rng *rng = rg_rng_new(60, 0, RG_PURPOSE_TEST);
    struct rg_arrivals_config c = {
        .law = RG_ARRIVALS_CLOSED, .users = 3, .think = 2, .think_constant = true, .limit = 5};
    struct rg_arrivals a = begin(c, NULL);
    struct rg_summary first = {0}, last = {0}, again = {0};
    double t = 0;

    (void)state;
    assert_true(isnan(rg_arrivals_rate(&a)));
    for (int i = 0; i < 3; i++)
        expect(&a, 2);
    expect_none(&a);
    assert_true(rg_arrivals_again(&a, 10, &t) && t == 12);
    assert_true(rg_arrivals_again(&a, 11, &t) && t == 13);
    assert_false(rg_arrivals_again(&a, 12, &t));
    expect_none(&a);

    /* The first and the last of 3 exponential times of mean 2: means 2/3 and 2 (1 + 1/2 + 1/3). */
    c.think_constant = false;
    c.limit = UINT64_MAX;
    for (int i = 0; i < 50000; i++) {
        a = begin(c, rng);
        assert_true(rg_arrivals_next(&a, &t));
        rg_summary_add(&first, t);
        while (rg_arrivals_next(&a, &t))
            continue;
        rg_summary_add(&last, t);
        assert_true(rg_arrivals_again(&a, 100, &t));
        rg_summary_add(&again, t - 100);
    }
    assert_close(first.mean, 2.0 / 3, 0.02);
    assert_close(last.mean, 11.0 / 3, 0.02);
    assert_close(again.mean, 2, 0.02);
    gsl_rng_free(rng);
}

/* --- refused --------------------------------------------------------------------------------- */

static void
refuse(struct rg_arrivals_config config, const char *text)
{
    struct rg_arrivals a;
    struct rg_err err = {0};

    assert_int_equal(rg_arrivals_init(&a, &config, NULL, &err), RG_EUSAGE);
    assert_int_equal(err.status, RG_EUSAGE);
    assert_string_equal(err.text, text);
}

static void
test_refused_laws(void **state)
{
    static const enum rg_arrivals_law laws[] = {RG_ARRIVALS_CONSTANT, RG_ARRIVALS_POISSON,
                                                RG_ARRIVALS_GAMMA, RG_ARRIVALS_WEIBULL};
    struct rg_arrivals_config c = {.limit = UINT64_MAX};

    (void)state;
    refuse(c, "arrivals all at once need a number");
    for (size_t i = 0; i < 4; i++) {
        c.law = laws[i];
        c.rate = 0;
        refuse(c, "arrival rate must be above 0 (found 0)");
        c.rate = -1.5;
        refuse(c, "arrival rate must be above 0 (found -1.5)");
        c.rate = NAN;
        refuse(c, "arrival rate must be above 0 (found nan)");
        c.rate = INFINITY;
        refuse(c, "arrival rate must be above 0 (found inf)");
    }
    c.rate = 1;
    c.cv = 0.001;
    refuse(c, "coefficient of variation of the gaps must be 0.01 to 100 (found 0.001)");
    c.law = RG_ARRIVALS_GAMMA;
    c.cv = NAN;
    refuse(c, "coefficient of variation of the gaps must be 0.01 to 100 (found nan)");
    c.law = RG_ARRIVALS_CLOSED;
    refuse(c, "a closed loop needs 1 user or more (found 0)");
    c.users = 1;
    c.think = -1;
    refuse(c, "think time must be 0 or more (found -1)");
}

static void
test_refused_mmpp(void **state)
{
    double rates[] = {0, 0}, stays[] = {1, 1};
    struct rg_arrivals_config c = {
        .law = RG_ARRIVALS_MMPP, .rates = rates, .stays = stays, .states = 1};

    (void)state;
    refuse(c, "an MMPP needs 2 states or more (found 1)");
    c.states = 2;
    refuse(c, "no MMPP state has an arrival rate above 0");
    rates[1] = -2;
    refuse(c, "arrival rate of MMPP state 2 must be 0 or more (found -2)");
    rates[1] = 2;
    stays[0] = 0;
    refuse(c, "mean stay in MMPP state 1 must be above 0 (found 0)");
}

static void
test_refused_recorded(void **state)
{
    const double times[] = {1, 2, 1.5}, same[] = {4, 4};
    struct rg_arrivals_config c = {.law = RG_ARRIVALS_RECORDED, .times = times, .speed = 1};

    (void)state;
    refuse(c, "no recorded arrival times");
    c.n_times = 3;
    refuse(c, "recorded arrival 3 is not a time or not in order (found 1.5, expected at least 2)");
    c.n_times = 2;
    c.speed = 0;
    refuse(c, "speed of recorded arrivals must be above 0 (found 0)");
    c.speed = 1;
    c.loop = true;
    c.period = 0.5;
    refuse(c, "period of recorded arrivals must be their span or more (found 0.5, expected 1)");
    c.times = same;
    c.period = 0;
    refuse(c, "recorded arrivals that are all at one time cannot be repeated without a period");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_exponential),
        cmocka_unit_test(test_seams),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_weibull_shape),
        cmocka_unit_test(test_mmpp),
        cmocka_unit_test(test_mmpp_states),
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_recorded_tight),
        cmocka_unit_test(test_unsorted),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_refused_laws),
        cmocka_unit_test(test_refused_mmpp),
        cmocka_unit_test(test_refused_recorded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
