/* Simulation output: MSER-5 against brute force, correlation against statsmodels, batch means and
 * stop rule against what they are defined by, averages over time against sums. */
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
#include "base/sum.h"
#include "stats/output.h"

static void
near(double found, double expected, double rel)
{
    if (found != expected && !(fabs(found - expected) <= rel * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* ---- series of any length ---- */

/* Whatever its length, a series is averages of equally many of its first values. */
static void
folded(void **state)
{
    static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 8191, 8192, 100000};
    struct rg_output_fold *fold = malloc(sizeof *fold);

    (void)state;
    assert_non_null(fold);
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        *fold = (struct rg_output_fold){.size = 1};
        for (size_t i = 0; i < lengths[k]; i++)
            rg_output_fold_add(fold, (double)(i % 1000) * 1e-3);
        assert_true(fold->n < RG_FOLD_MAX);
        assert_true(fold->n == lengths[k] || fold->n >= RG_FOLD_MAX / 2);
        assert_int_equal(fold->n * fold->size + fold->n_rest, lengths[k]);
        for (size_t i = 0; i < fold->n; i++) {
            struct rg_sum sum = {0};

            for (size_t j = i * fold->size; j < (i + 1) * fold->size; j++)
                rg_sum_add(&sum, (double)(j % 1000) * 1e-3);
            near(fold->x[i], rg_sum_value(&sum) / (double)fold->size, 1e-13);
        }
    }
    free(fold);
}

/* The variance of correlated values is seen through the averages: batch means of an autoregressive
 * series of 200,000 values (0.9) and of its fold. */
static void
folded_batches(void **state)
{
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);
    size_t n = 200000;
    double *x = malloc(n * sizeof *x), last = 0;
    struct rg_output_fold *fold = calloc(1, sizeof *fold);
    struct rg_batch_means all, few;

    (void)state;
    assert_true(x && fold);
    fold->size = 1;
    for (size_t i = 0; i < n; i++) {
        x[i] = last = 0.9 * last + gsl_ran_gaussian(rng, 1);
        rg_output_fold_add(fold, x[i]);
    }
    all = rg_output_batch_means(x, n, 32, 0.95);
    few = rg_output_batch_means(fold->x, fold->n, 32, 0.95);
    near((few.mean.hi - few.mean.lo) / 2, (all.mean.hi - all.mean.lo) / 2, 0.1);
    assert_true(fabs(few.mean.value - all.mean.value) < 0.02);
    free(x);
    free(fold);
    gsl_rng_free(rng);
}

/* ---- warm-up ---- */

/* NumPy, from the definition, on these two series:
 * i = arange(400); y = 50 * exp(-i / 40) + ((i * 7919) % 101) / 10 and % + i / 10. */
static void
mser5_known(void **state)
{
    double y[400];
    struct rg_warmup w;

    (void)state;
    for (int i = 0; i < 400; i++)
        y[i] = 50 * exp(-i / 40.0) + (i * 7919 % 101) / 10.0;
    w = rg_output_mser5(y, 400);
    assert_true(w.cut == 170 && w.settled);
    for (int i = 0; i < 400; i++)
        y[i] = (i * 7919 % 101) / 10.0 + i / 10.0;
    w = rg_output_mser5(y, 400); /* a trend: still cutting at the half */
    assert_true(w.cut == 200 && !w.settled);
}

static size_t
mser5_brute(const double *x, size_t n)
{
    size_t m = n / 5, best = 0;
    long double least = INFINITY;

    for (size_t d = 0; d <= m / 2; d++) {
        long double mean = 0, sum = 0;

        for (size_t i = d; i < m; i++)
            for (size_t k = 0; k < 5; k++)
                mean += (long double)x[5 * i + k] / (5 * (m - d));
        for (size_t i = d; i < m; i++) {
            long double z = 0;

            for (size_t k = 0; k < 5; k++)
                z += (long double)x[5 * i + k] / 5;
            sum += (z - mean) * (z - mean);
        }
        sum /= (long double)(m - d) * (long double)(m - d);
        if (sum < least) {
            least = sum;
            best = d;
        }
    }
    return 5 * best;
}

static void
mser5_random(void **state)
{
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);

    (void)state;
    for (int round = 0; round < 300; round++) {
        double x[300], level = gsl_ran_flat(rng, 0, 20), decay = gsl_ran_flat(rng, 1, 200);
        size_t n = 10 + rg_rng_below(rng, 291);

        for (size_t i = 0; i < n; i++)
            x[i] = level * exp(-(double)i / decay) + gsl_ran_gaussian(rng, 1);
        assert_int_equal(rg_output_mser5(x, n).cut, mser5_brute(x, n));
    }
    gsl_rng_free(rng);
}

static void
mser5_edges(void **state)
{
    double x[50];
    struct rg_warmup w;

    (void)state;
    for (int i = 0; i < 50; i++)
        x[i] = 3;
    for (size_t n = 0; n < 10; n++) {
        w = rg_output_mser5(x, n);
        assert_true(w.cut == 0 && !w.settled);
    }
    w = rg_output_mser5(x, 50);
    assert_true(w.cut == 0 && w.settled);
    x[40] = INFINITY;
    w = rg_output_mser5(x, 50);
    assert_true(w.cut == 0 && !w.settled);
    x[40] = NAN;
    w = rg_output_mser5(x, 50);
    assert_true(w.cut == 0 && !w.settled);
}

/* ---- correlation ---- */

/* statsmodels: acf(w, nlags=2), durbin_watson(w - w.mean()), and
 * norm.sf((1 - durbin_watson / 2) / sqrt(8 / 99)). */
static void
serial_known(void **state)
{
    static const double w[] = {1, 2, 4, 3, 5, 7, 6, 8, 9, 7};
    struct rg_serial s = rg_output_serial(w, 10);

    (void)state;
    near(s.lag1, 0.6471698113207547, 1e-14);
    near(rg_output_autocorrelation(w, 10, 2), 0.3352201257861635, 1e-14);
    near(rg_output_autocorrelation(w, 10, 0), 1, 1e-15);
    near(s.ratio, 0.3773584905660377, 1e-14);
    near(s.p, 0.0021581255653576607, 1e-11);
}

/* The test rejects as often as it should, and finds correlation. */
static void
serial_errors(void **state)
{
    gsl_rng *rng = rg_rng_new(2, 0, RG_PURPOSE_TEST);
    int wrong = 0, found = 0;

    (void)state;
    for (int round = 0; round < 4000; round++) {
        double x[30], y[30];

        for (int i = 0; i < 30; i++) {
            x[i] = gsl_ran_gaussian(rng, 1);
            y[i] = x[i] + (i > 0 ? 0.7 * y[i - 1] : 0);
        }
        wrong += rg_output_serial(x, 30).p < 0.05;
        found += rg_output_serial(y, 30).p < 0.05;
    }
    assert_in_range(wrong, 159, 241); /* 200 +- 3 standard deviations */
    assert_true(found > 3600);
    gsl_rng_free(rng);
}

static void
serial_edges(void **state)
{
    static const double same[] = {1, 1, 1, 1}, nan[] = {1, NAN, 3, 2}, inf[] = {1, INFINITY, 3, 2};
    struct rg_serial s = rg_output_serial(NULL, 0);

    (void)state;
    assert_true(isnan(s.lag1) && isnan(s.ratio) && s.p == 1);
    assert_true(rg_output_serial(same, 4).p == 1 && isnan(rg_output_serial(same, 4).ratio));
    assert_true(rg_output_serial(nan, 4).p == 1 && rg_output_serial(inf, 4).p == 1);
    assert_true(rg_output_serial(nan + 2, 2).p == 1);
    assert_true(isnan(rg_output_autocorrelation(same, 4, 1)));
    assert_true(isnan(rg_output_autocorrelation(inf + 2, 2, 2)));
    assert_true(isnan(rg_output_autocorrelation(NULL, 0, 0)));
}

/* ---- batch means ---- */

static void
batches_by_hand(void **state)
{
    static const double x[] = {99, 1, 3, 2, 4, 6, 8, 5, 5};
    static const double means[] = {2, 3, 7, 5};
    struct rg_batch_means b = rg_output_batch_means(x, 9, 4, 0.95);
    struct rg_estimate est = rg_interval_mean(means, 4, 0.95);

    (void)state;
    assert_true(b.batches == 4 && b.size == 2 && b.mean.n == 8);
    assert_true(b.mean.value == est.value && b.mean.lo == est.lo && b.mean.hi == est.hi);
    near(b.serial.lag1, rg_output_autocorrelation(means, 4, 1), 1e-15);
}

/* No correlation: as many batches as there may be, the interval as wide as that of all values. */
static void
batches_chosen(void **state)
{
    enum { N = 64 * 200 };
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    size_t most = 0, alarms = 0, fewer = 0;

    (void)state;
    for (int round = 0; round < 100; round++) {
        struct rg_batch_means b;

        for (int i = 0; i < N; i++) {
            x[i] = gsl_ran_gaussian(rng, 1);
            y[i] = x[i] + (i > 0 ? 0.9999 * y[i - 1] : 0);
        }
        b = rg_output_batch_means(x, N, 0, 0.95);
        most += b.batches == RG_BATCHES_MAX;
        assert_true(b.batches * b.size == b.mean.n && !b.correlated);
        b = rg_output_batch_means(y, N, 0, 0.95);
        fewer += b.batches < RG_BATCHES_MAX;
        alarms += b.correlated;
    }
    assert_in_range(most, 55, 85); /* p >= 0.3 in 70 % */
    assert_true(fewer == 100);
    assert_true(alarms > 50); /* a run of one relaxation time or so: most often said */
    free(x);
    free(y);
    gsl_rng_free(rng);
}

static void
batches_edges(void **state)
{
    double x[20];
    struct rg_batch_means b = rg_output_batch_means(NULL, 0, 0, 0.95);

    (void)state;
    for (int i = 0; i < 20; i++)
        x[i] = 5;
    assert_true(isnan(b.mean.value) && b.batches == 0 && b.mean.n == 0);
    b = rg_output_batch_means(x, 1, 0, 0.95);
    assert_true(b.mean.value == 5 && b.mean.hi == INFINITY && b.correlated);
    b = rg_output_batch_means(x, 9, 0, 0.95);
    assert_true(b.batches == 9 && b.correlated && b.mean.lo == 5);
    b = rg_output_batch_means(x, 20, 0, 0.95);
    assert_true(b.batches == 16 && b.size == 1 && !b.correlated);
    b = rg_output_batch_means(x, 20, 1, 0.95);
    assert_true(b.batches == 1 && b.mean.lo == -INFINITY);
    b = rg_output_batch_means(x, 20, 50, 0.95);
    assert_true(b.batches == 20);
    x[7] = NAN;
    b = rg_output_batch_means(x, 20, 0, 0.95);
    assert_true(isnan(b.mean.value));
}

/* ---- how many replications ---- */

static void
stop_rule(void **state)
{
    static const double x[] = {10, 12, 11, 10, 12, 11, 10, 12};
    static const double same[] = {4, 4, 4}, zero[] = {0, 0, 0}, about[] = {1, -1, 1, -1};
    struct rg_precision p = {.relative = 0.1, .level = 0.95, .least = 3, .most = 8};
    struct rg_estimate est = rg_interval_mean(x, 6, 0.95);

    (void)state;
    assert_int_equal(rg_output_precision(&p, x, 0), RG_PRECISION_GO_ON);
    assert_int_equal(rg_output_precision(&p, x, 2), RG_PRECISION_GO_ON);
    assert_int_equal(rg_output_precision(&p, same, 2), RG_PRECISION_GO_ON);
    assert_int_equal(rg_output_precision(&p, same, 3), RG_PRECISION_ENOUGH);
    assert_int_equal(rg_output_precision(&p, zero, 3), RG_PRECISION_ENOUGH);
    p.relative = (est.hi - est.lo) / 2 / est.value * (1 + 1e-12);
    assert_int_equal(rg_output_precision(&p, x, 6), RG_PRECISION_ENOUGH);
    p.relative *= 1 - 1e-11;
    assert_int_equal(rg_output_precision(&p, x, 6), RG_PRECISION_GO_ON);
    p.most = 6;
    assert_int_equal(rg_output_precision(&p, x, 6), RG_PRECISION_CAP);
    p.most = 4;
    assert_int_equal(rg_output_precision(&p, about, 4), RG_PRECISION_CAP);
    assert_int_equal(rg_output_precision(&p, (double[]){1, NAN, 2}, 3), RG_PRECISION_GO_ON);
    assert_int_equal(rg_output_precision(&p, (double[]){1, NAN, 2, 3}, 4), RG_PRECISION_CAP);
}

static void
replications_needed(void **state)
{
    static const double x[] = {10, 12, 11, 10, 13};
    struct rg_precision p = {.relative = 0.02, .level = 0.95, .least = 2, .most = 1000};
    double sd = sqrt(1.7), mean = 11.2;
    size_t n = rg_output_precision_needed(&p, x, 5);

    (void)state;
    /* The least n whose interval would do. */
    assert_true(gsl_cdf_tdist_Pinv(0.975, (double)n - 1) * sd / sqrt((double)n) <= 0.02 * mean);
    assert_true(gsl_cdf_tdist_Pinv(0.975, (double)n - 2) * sd / sqrt((double)n - 1) > 0.02 * mean);
    p.relative = 10;
    assert_int_equal(rg_output_precision_needed(&p, x, 5), 5);
    p.relative = 1e-9;
    assert_int_equal(rg_output_precision_needed(&p, x, 5), 1000);
    assert_int_equal(rg_output_precision_needed(&p, x, 1), 2);
    p.relative = 0.02;
    assert_int_equal(rg_output_precision_needed(&p, (double[]){1, NAN}, 2), 1000);
}

/* ---- values that last ---- */

static void
time_known(void **state)
{
    static const double time[] = {0, 1, 3, 3, 6}, value[] = {0, 2, 100, 1, 5};
    const struct rg_steps s = {time, value, 5};
    double out[4];

    (void)state;
    /* 0 on [0, 1), 2 on [1, 3), 1 on [3, 6), 5 from 6 on; the 100 lasts no time. */
    near(rg_output_time_average(&s, 0, 6), 7.0 / 6, 1e-15);
    near(rg_output_time_average(&s, 0, 10), 27.0 / 10, 1e-15);
    near(rg_output_time_average(&s, 2, 4), 1.5, 1e-15);
    near(rg_output_time_average(&s, 4, 5), 1, 1e-15);
    near(rg_output_time_average(&s, 3, 5), 1, 1e-15);
    near(rg_output_time_average(&s, 20, 30), 5, 1e-15);
    near(rg_output_time_variance(&s, 0, 6), 11.0 / 6 - 49.0 / 36, 1e-14);
    assert_true(rg_output_time_variance(&s, 4, 5) == 0);
    assert_true(isnan(rg_output_time_average(&s, -1, 5)));
    assert_true(isnan(rg_output_time_average(&s, 3, 3)));
    assert_true(isnan(rg_output_time_average(&(struct rg_steps){NULL, NULL, 0}, 0, 1)));
    rg_output_time_spans(&s, 0, 8, 4, out);
    near(out[0], 1, 1e-15);
    near(out[1], 1.5, 1e-15);
    near(out[2], 1, 1e-15);
    near(out[3], 5, 1e-15);
    rg_output_time_spans(&s, -2, 6, 4, out);
    assert_true(isnan(out[0]));
    near(out[1], 1, 1e-15);
}

/* Spans of any number are averages over them, and add up to the whole. */
static void
time_random(void **state)
{
    gsl_rng *rng = rg_rng_new(4, 0, RG_PURPOSE_TEST);

    (void)state;
    for (int round = 0; round < 300; round++) {
        double time[50], value[50], out[40], t = 0, begin, end;
        size_t n = 1 + rg_rng_below(rng, 50), k = 1 + rg_rng_below(rng, 40);
        struct rg_steps s = {time, value, n};

        for (size_t i = 0; i < n; i++) {
            time[i] = t;
            value[i] = (double)rg_rng_below(rng, 9);
            t += (double)rg_rng_below(rng, 4); /* ties */
        }
        begin = (double)rg_rng_below(rng, 20);
        end = begin + 1 + (double)rg_rng_below(rng, 60);
        rg_output_time_spans(&s, begin, end, k, out);
        for (size_t i = 0; i < k; i++)
            near(out[i],
                 rg_output_time_average(&s, begin + (end - begin) * ((double)i / (double)k),
                                        begin + (end - begin) * ((double)(i + 1) / (double)k)),
                 1e-12);
        near(rg_sum_of(out, k) / (double)k, rg_output_time_average(&s, begin, end), 1e-12);
    }
    gsl_rng_free(rng);
}

static void
time_odd_values(void **state)
{
    static const double time[] = {0, 1, 1, 2}, value[] = {1, INFINITY, 3, INFINITY};
    const struct rg_steps s = {time, value, 4};

    (void)state;
    near(rg_output_time_average(&s, 0, 2), 2, 1e-15);
    assert_true(rg_output_time_average(&s, 0, 3) == INFINITY);
    assert_true(isnan(rg_output_time_variance(&s, 0, 3)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folded),
        cmocka_unit_test(folded_batches),
        cmocka_unit_test(mser5_known),
        cmocka_unit_test(mser5_random),
        cmocka_unit_test(mser5_edges),
        cmocka_unit_test(serial_known),
        cmocka_unit_test(serial_errors),
        cmocka_unit_test(serial_edges),
        cmocka_unit_test(batches_by_hand),
        cmocka_unit_test(batches_chosen),
        cmocka_unit_test(batches_edges),
        cmocka_unit_test(stop_rule),
        cmocka_unit_test(replications_needed),
        cmocka_unit_test(time_known),
        cmocka_unit_test(time_random),
        cmocka_unit_test(time_odd_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
