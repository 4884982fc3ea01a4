/* The bootstrap against SciPy, exact enumeration and closed forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>

#include "base/rng.h"
#include "stats/bootstrap.h"
#include "stats/moments.h"

/* Twelve skewed numbers, of which SciPy is asked the same. */
static const double x12[] = {2.1, 0.4, 7.5, 3.3, 1.2, 9.8, 0.9, 4.4, 2.6, 5.1, 0.7, 31.5};
static const double y12[] = {4.0, 1.1, 9.9, 5.2, 2.0, 12.5, 1.1, 6.1, 4.9, 6.6, 1.9, 30.2};
static const uint32_t clusters[] = {7, 7, 7, 1, 1, 900, 900, 900, 3, 3, 4, UINT32_MAX};
static const uint32_t strata[] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2};

static void
near(double found, double expected, double rel)
{
    if (found != expected && !(fabs(found - expected) <= rel * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

static const struct rg_bootstrap_term four[] = {
    {RG_BOOTSTRAP_MEAN, x12, NULL, 0},
    {RG_BOOTSTRAP_DIFFERENCE, x12, y12, 0},
    {RG_BOOTSTRAP_RATIO, x12, y12, 0},
    {RG_BOOTSTRAP_QUANTILE, x12, NULL, 0.9},
};

/* scipy.stats.bootstrap(d, f, paired=len(d) > 1, n_resamples=1000000, batch=50000, method=m,
 * random_state=default_rng(5)) with f the mean of x, of x - y, sum(x) / sum(y), quantile(x, .9).
 * The last number is its standard_error. The replicates of 12 numbers lie on a grid of a few
 * hundredths of their spread, hence the tolerance: 2 % of the limits' distance. */
static void
scipy(void **state)
{
    static const struct {
        size_t j;
        enum rg_bootstrap_method method;
        double lo, hi, error;
    } known[] = {
        {0, RG_BOOTSTRAP_PERCENTILE, 2.275, 11.091666666666669, 2.3745504254594465},
        {1, RG_BOOTSTRAP_PERCENTILE, -1.8916666666666664, -0.6916666666666664, 0.3079011686134342},
        {2, RG_BOOTSTRAP_PERCENTILE, 0.6231263383297645, 0.9353518821603929, 0.08964905514178285},
        {3, RG_BOOTSTRAP_PERCENTILE, 4.290000000000001, 31.5, 9.84812380739146},
        {0, RG_BOOTSTRAP_BASIC, 0.4750000000000014, 9.308333333333334, 2.375623804697357},
        {1, RG_BOOTSTRAP_BASIC, -1.975, -0.7750000000000001, 0.3077496575226951},
        {2, RG_BOOTSTRAP_BASIC, 0.6902242484993593, 1.0026249335459863, 0.08966539322004778},
        {3, RG_BOOTSTRAP_BASIC, -12.359999999999996, 14.850000000000003, 9.843800578241481},
        {0, RG_BOOTSTRAP_BCA, 2.8333333333333335, 14.36843293106455, 2.3749110803541518},
        {1, RG_BOOTSTRAP_BCA, -1.825, -0.5749999999999997, 0.30855730614693827},
        {2, RG_BOOTSTRAP_BCA, 0.6592465753424658, 0.9771150446448634, 0.08957508327862071},
        {3, RG_BOOTSTRAP_BCA, 4.92, 31.5, 9.84034715562284},
    };
    struct rg_bootstrap *boot = rg_bootstrap_terms(
        &(struct rg_bootstrap_plan){.n = 12, .resamples = 200000, .seed = 1, .threads = 2}, four,
        4);

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t j = known[i].j;
        struct rg_estimate est = rg_bootstrap_interval(boot, j, known[i].method, 0.95);
        double width = known[i].hi - known[i].lo;

        near(est.lo - known[i].lo + width, width, 0.02);
        near(est.hi - known[i].hi + width, width, 0.02);
        near(rg_bootstrap_error(boot, j), known[i].error, 0.01);
        assert_int_equal(est.n, 12);
    }
    near(rg_bootstrap_interval(boot, 2, RG_BOOTSTRAP_BCA, 0.95).value, 69.5 / 85.5, 1e-15);
    rg_bootstrap_free(boot);
}

/* NumPy: j = the statistic without each unit in turn, u = j.mean() - j,
 * (u**3).sum() / (6 * (u**2).sum()**1.5); in strata u = (n - 1) / n (j.mean() - j) in each. */
static void
accelerations(void **state)
{
    struct rg_bootstrap_plan plan = {.n = 12, .resamples = 1};
    struct rg_bootstrap *boot = rg_bootstrap_terms(&plan, four, 4);

    (void)state;
    near(rg_bootstrap_acceleration(boot, 0), 0.1184606937866352, 1e-12);
    near(rg_bootstrap_acceleration(boot, 1), 0.0496042920073504, 1e-12);
    near(rg_bootstrap_acceleration(boot, 2), 0.1411326870463449, 1e-12);
    rg_bootstrap_free(boot);
    plan.cluster = clusters;
    boot = rg_bootstrap_terms(&plan, four, 1);
    near(rg_bootstrap_acceleration(boot, 0), 0.11330590481910562, 1e-12);
    rg_bootstrap_free(boot);
    plan.cluster = NULL;
    plan.stratum = strata;
    boot = rg_bootstrap_terms(&plan, four, 1);
    near(rg_bootstrap_acceleration(boot, 0), 0.10314947960495744, 1e-11);
    rg_bootstrap_free(boot);
}

/* All 27 resamples of three values, whose shares are known. */
static void
enumerated(void **state)
{
    static const double x[] = {0, 1, 10};
    static const double sums[] = {0, 1, 2, 3, 10, 11, 12, 20, 21, 30};
    static const double ways[] = {1, 3, 3, 1, 3, 6, 3, 3, 3, 1};
    enum { B = 270000 };
    struct rg_bootstrap_term term = {RG_BOOTSTRAP_MEAN, x, NULL, 0};
    struct rg_bootstrap *boot = rg_bootstrap_terms(
        &(struct rg_bootstrap_plan){.n = 3, .resamples = B, .seed = 4}, &term, 1);
    const double *r = rg_bootstrap_replicates(boot, 0);
    double chi = 0, found[10] = {0};

    (void)state;
    for (size_t b = 0; b < B; b++)
        for (int k = 0; k < 10; k++)
            found[k] += fabs(r[b] - sums[k] / 3) < 1e-12;
    for (int k = 0; k < 10; k++)
        chi += pow(found[k] - ways[k] * B / 27, 2) / (ways[k] * B / 27);
    assert_true(chi < 27.88); /* qchisq(.999, 9) */
    rg_bootstrap_free(boot);
}

/* Closed form: the bootstrap variance of a mean in strata is the sum of n_h / n^2 times the
 * variance (by n_h) in each. numpy: sqrt(sum(var(x[g]) * n_g / 144)). Of clusters: simulated in
 * NumPy with 2,000,000 resamples. */
static void
strata_and_clusters(void **state)
{
    struct rg_bootstrap_plan plan = {.n = 12, .stratum = strata, .resamples = 200000};
    struct rg_bootstrap *boot = rg_bootstrap_terms(&plan, four, 1);
    struct rg_estimate est;

    (void)state;
    near(rg_bootstrap_error(boot, 0), 2.2679486920654246, 5e-3);
    rg_bootstrap_free(boot);
    plan.stratum = NULL;
    plan.cluster = clusters;
    boot = rg_bootstrap_terms(&plan, four, 1);
    est = rg_bootstrap_interval(boot, 0, RG_BOOTSTRAP_PERCENTILE, 0.95);
    near(rg_bootstrap_error(boot, 0), 2.712007450690395, 1e-2);
    near(est.lo, 2.62, 0.02);
    near(est.hi, 12.75555556, 0.02);
    rg_bootstrap_free(boot);
}

/* 0 and 1, 19 of 76: a tenth of the replicates equal the value, and count by half whatever
 * rounding makes of their sums. SciPy: bootstrap((x,), np.mean, n_resamples=1000000, method='BCa',
 * batch=10000, random_state=default_rng(5)). */
static void
ties_of_rates(void **state)
{
    double x[76];
    struct rg_bootstrap_term term = {RG_BOOTSTRAP_MEAN, x, NULL, 0};
    struct rg_bootstrap *boot;
    struct rg_estimate est;

    (void)state;
    for (int i = 0; i < 76; i++)
        x[i] = i < 19;
    boot = rg_bootstrap_terms(&(struct rg_bootstrap_plan){.n = 76, .resamples = 200000}, &term, 1);
    est = rg_bootstrap_interval(boot, 0, RG_BOOTSTRAP_BCA, 0.95);
    near(est.lo, 0.15789473684210525, 1e-12);
    near(est.hi, 0.35526315789473684, 1e-12);
    rg_bootstrap_free(boot);
}

/* ---- what must not matter ---- */

struct data {
    size_t n;
    double *x, *y;
    uint32_t *cluster, *stratum;
};

static struct data
make_data(size_t n, uint64_t seed)
{
    gsl_rng *rng = rg_rng_new(seed, 0, RG_PURPOSE_TEST);
    struct data d = {n, malloc(n * sizeof(double)), malloc(n * sizeof(double)),
                     malloc(n * sizeof(uint32_t)), malloc(n * sizeof(uint32_t))};

    for (size_t i = 0; i < n; i++) {
        d.x[i] = gsl_ran_lognormal(rng, 0, 1);
        d.y[i] = d.x[i] + gsl_ran_lognormal(rng, 0, 1);
        d.cluster[i] = (uint32_t)rg_rng_below(rng, n / 3 + 1);
        d.stratum[i] = (uint32_t)rg_rng_below(rng, 3);
    }
    gsl_rng_free(rng);
    return d;
}

static void
free_data(struct data *d)
{
    free(d->x);
    free(d->y);
    free(d->cluster);
    free(d->stratum);
}

/* The same terms through a function of counts of rows: mean, difference, ratio, quantile. */
static void
by_hand(const void *ctx, const uint32_t *count, void *scratch, double *out)
{
    const struct data *d = ctx;
    double n = 0, sx = 0, sy = 0, *v = scratch;
    size_t k = 0;

    for (size_t i = 0; i < d->n; i++) {
        n += count[i];
        sx += count[i] * d->x[i];
        sy += count[i] * d->y[i];
        for (uint32_t c = 0; c < count[i]; c++)
            v[k++] = d->x[i];
    }
    rg_sort(v, k);
    out[0] = sx / n;
    out[1] = (sx - sy) / n;
    out[2] = 1 - sx / sy;
    out[3] = rg_quantile7(v, k, 0.9);
}

static void
same_by_function(struct rg_bootstrap_plan *plan, const struct data *d)
{
    const struct rg_bootstrap_term terms[] = {
        {RG_BOOTSTRAP_MEAN, d->x, NULL, 0},
        {RG_BOOTSTRAP_DIFFERENCE, d->x, d->y, 0},
        {RG_BOOTSTRAP_SAVING, d->x, d->y, 0},
        {RG_BOOTSTRAP_QUANTILE, d->x, NULL, 0.9},
    };
    /* A cluster may be drawn again and again. */
    struct rg_bootstrap_function f = {4, by_hand, d, 100 * d->n * sizeof(double)};
    struct rg_bootstrap *a = rg_bootstrap_terms(plan, terms, 4), *b = rg_bootstrap_call(plan, &f);

    for (size_t j = 0; j < 4; j++) {
        for (size_t k = 0; k < rg_bootstrap_resamples(a); k++)
            near(rg_bootstrap_replicates(a, j)[k], rg_bootstrap_replicates(b, j)[k], 1e-11);
        near(rg_bootstrap_interval(a, j, RG_BOOTSTRAP_BCA, 0.9).lo,
             rg_bootstrap_interval(b, j, RG_BOOTSTRAP_BCA, 0.9).lo, 1e-11);
        if (d->n < RG_BOOTSTRAP_GROUPS && j < 3)
            near(1 + rg_bootstrap_acceleration(a, j), 1 + rg_bootstrap_acceleration(b, j), 1e-9);
    }
    rg_bootstrap_free(a);
    rg_bootstrap_free(b);
}

static void
function_is_terms(void **state)
{
    static const size_t sizes[] = {2, 3, 10, 77, 200};

    (void)state;
    for (size_t s = 0; s < 5; s++)
        for (int k = 0; k < 4; k++) {
            struct data d = make_data(sizes[s], sizes[s]);
            struct rg_bootstrap_plan plan = {.n = sizes[s], .resamples = 100, .seed = s};

            plan.cluster = k & 1 ? d.cluster : NULL;
            plan.stratum = k & 2 ? d.stratum : NULL;
            same_by_function(&plan, &d);
            free_data(&d);
        }
}

static void
threads(void **state)
{
    struct data d = make_data(500, 8);
    const struct rg_bootstrap_term terms[] = {{RG_BOOTSTRAP_MEAN, d.x, NULL, 0},
                                              {RG_BOOTSTRAP_RATIO, d.x, d.y, 0},
                                              {RG_BOOTSTRAP_QUANTILE, d.y, NULL, 0.5}};
    struct rg_bootstrap_plan plan = {.n = 500, .cluster = d.cluster, .resamples = 1001, .seed = 7};
    struct rg_bootstrap *one = rg_bootstrap_terms(&plan, terms, 3), *many;

    (void)state;
    for (plan.threads = 2; plan.threads < 130; plan.threads *= 3) {
        many = rg_bootstrap_terms(&plan, terms, 3);
        for (size_t j = 0; j < 3; j++)
            assert_memory_equal(rg_bootstrap_replicates(one, j), rg_bootstrap_replicates(many, j),
                                1001 * sizeof(double));
        rg_bootstrap_free(many);
    }
    /* Fewer resamples are the first of more; another seed gives others. */
    plan.resamples = 10;
    many = rg_bootstrap_terms(&plan, terms, 3);
    assert_memory_equal(rg_bootstrap_replicates(one, 1), rg_bootstrap_replicates(many, 1), 80);
    rg_bootstrap_free(many);
    plan.seed++;
    many = rg_bootstrap_terms(&plan, terms, 3);
    assert_memory_not_equal(rg_bootstrap_replicates(one, 1), rg_bootstrap_replicates(many, 1), 80);
    rg_bootstrap_free(many);
    rg_bootstrap_free(one);
    free_data(&d);
}

/* Which other columns there are, and where the data lie. */
static void
columns_and_scale(void **state)
{
    struct data d = make_data(101, 9);
    struct rg_bootstrap_term terms[9];
    struct rg_bootstrap_plan plan = {.n = 101, .resamples = 200};
    struct rg_bootstrap *alone, *among;
    double *far = malloc(101 * sizeof *far), *huge = malloc(101 * sizeof *huge);

    (void)state;
    for (int i = 0; i < 101; i++) {
        far[i] = 1e9 + d.x[i];
        huge[i] = (d.x[i] - 3) * 0x1p1018;
    }
    for (int k = 0; k < 9; k++)
        terms[k] = (struct rg_bootstrap_term){RG_BOOTSTRAP_MEAN, d.x, NULL, 0};
    terms[7].a = far;
    terms[8].a = huge;
    alone = rg_bootstrap_terms(&plan, terms, 1);
    among = rg_bootstrap_terms(&plan, terms, 9);
    for (size_t b = 0; b < 200; b++) {
        double r = rg_bootstrap_replicates(alone, 0)[b];

        for (size_t j = 0; j < 7; j++)
            assert_true(rg_bootstrap_replicates(among, j)[b] == r);
        near(rg_bootstrap_replicates(among, 7)[b], 1e9 + r, 3e-16);
        near(rg_bootstrap_replicates(among, 8)[b] / 0x1p1018 + 3, r, 1e-13);
    }
    rg_bootstrap_free(alone);
    rg_bootstrap_free(among);
    free(far);
    free(huge);
    free_data(&d);
}

/* ---- degenerate data ---- */

static struct rg_estimate
interval(const struct rg_bootstrap_plan *plan, struct rg_bootstrap_term term,
         enum rg_bootstrap_method method)
{
    struct rg_bootstrap *boot = rg_bootstrap_terms(plan, &term, 1);
    struct rg_estimate est = rg_bootstrap_interval(boot, 0, method, 0.95);

    rg_bootstrap_free(boot);
    return est;
}

static void
few_rows(void **state)
{
    static const uint32_t own[] = {1, 2, 3};
    struct rg_bootstrap_plan plan = {.n = 0, .resamples = 1000};

    (void)state;
    for (int method = 0; method < 3; method++)
        for (int kind = 0; kind < 5; kind++) {
            struct rg_bootstrap_term term = {(enum rg_bootstrap_kind)kind, x12, y12, 0.5};
            struct rg_estimate est;

            plan.n = 0;
            est = interval(&plan, term, (enum rg_bootstrap_method)method);
            assert_true(isnan(est.value) && isnan(est.lo) && isnan(est.hi) && est.n == 0);
            plan.n = 1;
            est = interval(&plan, term, (enum rg_bootstrap_method)method);
            assert_true(isfinite(est.value) && est.lo == -INFINITY && est.hi == INFINITY);
            plan.n = 2;
            est = interval(&plan, term, (enum rg_bootstrap_method)method);
            assert_true(est.lo <= est.value && est.value <= est.hi && isfinite(est.hi - est.lo));
            plan.n = 3;
            plan.stratum = own; /* nothing can vary */
            est = interval(&plan, term, (enum rg_bootstrap_method)method);
            assert_true(est.lo == -INFINITY && est.hi == INFINITY);
            plan.stratum = NULL;
        }
    plan.n = 0;
    plan.cluster = clusters;
    assert_true(isnan(interval(&plan, four[0], RG_BOOTSTRAP_BCA).value));
}

static void
odd_values(void **state)
{
    static const double same[] = {0.1, 0.1, 0.1, 0.1, 0.1}, none[] = {0, 0, 0, 0, 7};
    static const double cost[] = {1, 2, INFINITY, 3, 4}, nan[] = {1, 2, NAN, 3, 4};
    static const double ties[] = {0, 0, 1, 1, 1};
    struct rg_bootstrap_plan plan = {.n = 5, .resamples = 2000};

    (void)state;
    for (int m = 0; m < 3; m++) {
        enum rg_bootstrap_method method = (enum rg_bootstrap_method)m;
        struct rg_bootstrap_term term = {RG_BOOTSTRAP_MEAN, same, NULL, 0};
        struct rg_estimate est = interval(&plan, term, method);

        near(est.value, 0.1, 2e-16);
        assert_true(est.lo == est.value && est.hi == est.value);
        term.a = nan;
        est = interval(&plan, term, method);
        assert_true(isnan(est.value) && isnan(est.lo) && isnan(est.hi));
        term.a = cost;
        est = interval(&plan, term, method);
        assert_true(est.value == INFINITY && est.lo < 4 && est.hi == INFINITY);
        term.a = ties;
        est = interval(&plan, term, method);
        assert_true(est.lo <= 0.6 && est.hi >= 0.6);
        term = (struct rg_bootstrap_term){RG_BOOTSTRAP_QUANTILE, cost, NULL, 0.5};
        est = interval(&plan, term, method);
        assert_true(est.value == 3);
        term.a = nan;
        assert_true(isnan(interval(&plan, term, method).value));
        term = (struct rg_bootstrap_term){RG_BOOTSTRAP_RATIO, same, same, 0};
        est = interval(&plan, term, method);
        assert_true(est.lo == 1 && est.hi == 1);
    }
    {
        /* The only query that costs is missing from a third of the resamples: 0 / 0. */
        struct rg_bootstrap_term term = {RG_BOOTSTRAP_RATIO, none, none, 0};
        struct rg_bootstrap *boot = rg_bootstrap_terms(&plan, &term, 1);
        struct rg_estimate est = rg_bootstrap_interval(boot, 0, RG_BOOTSTRAP_PERCENTILE, 0.95);

        near((double)rg_bootstrap_undefined(boot, 0), 2000 * pow(0.8, 5), 0.1);
        assert_true(est.value == 1 && est.lo == -INFINITY && est.hi == INFINITY);
        rg_bootstrap_free(boot);
    }
}

/* Left out by groups, the acceleration is that of single units but for noise. */
static void
grouped_jackknife(void **state)
{
    struct data d = make_data(20000, 11);
    struct rg_bootstrap_plan plan = {.n = d.n, .resamples = 1};
    struct rg_bootstrap_term term = {RG_BOOTSTRAP_MEAN, d.x, NULL, 0};
    struct rg_bootstrap_function f = {4, by_hand, &d, 2 * d.n * sizeof(double)};
    struct rg_bootstrap *a, *b;

    (void)state;
    f.outputs = 4;
    a = rg_bootstrap_terms(&plan, &term, 1);
    b = rg_bootstrap_call(&plan, &f);
    near(rg_bootstrap_acceleration(b, 0), rg_bootstrap_acceleration(a, 0), 0.2);
    rg_bootstrap_free(a);
    rg_bootstrap_free(b);
    free_data(&d);
}

static void
million_rows(void **state)
{
    enum { N = 1000000 };
    struct data d = make_data(N, 12);
    struct rg_bootstrap_plan plan = {.n = N, .resamples = 50, .threads = 2};
    const struct rg_bootstrap_term terms[] = {{RG_BOOTSTRAP_MEAN, d.x, NULL, 0},
                                              {RG_BOOTSTRAP_SAVING, d.x, d.y, 0}};
    struct rg_bootstrap *boot = rg_bootstrap_terms(&plan, terms, 2);
    struct rg_moments m = rg_moments_of(d.x, N);
    struct rg_estimate est = rg_bootstrap_interval(boot, 0, RG_BOOTSTRAP_BCA, 0.95);

    (void)state;
    near(est.value, rg_sum_of(d.x, N) / N, 1e-15);
    near(rg_bootstrap_error(boot, 0), rg_moments_sd(&m) / 1000, 0.4);
    assert_true(est.lo < est.value && est.value < est.hi);
    rg_bootstrap_free(boot);
    free_data(&d);
}

/* ---- the draws ---- */

static void
uniform_counts(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 7, 1000, 65535, 65536, 65537, 3000000};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint32_t n = sizes[s], cells = n < 50 ? n : 50;
        gsl_rng *rng = rg_rng_new(s, 1, RG_PURPOSE_TEST);
        uint32_t *count = calloc(n, sizeof *count);
        double cell[50] = {0}, size[50] = {0}, chi = 0;
        uint64_t all = 0;
        enum { DRAWS = 1000000 };

        rg_rng_counts(rng, n, DRAWS, count);
        for (uint32_t i = 0; i < n; i++) {
            all += count[i];
            cell[(uint64_t)i * cells / n] += count[i];
            size[(uint64_t)i * cells / n]++;
        }
        assert_int_equal(all, DRAWS);
        for (uint32_t c = 0; c < cells; c++)
            chi += pow(cell[c] - size[c] / n * DRAWS, 2) / (size[c] / n * DRAWS);
        assert_true(chi < 94.4); /* qchisq(.9999, 49) */
        for (uint64_t draws = 0; draws < 20; draws++) {
            memset(count, 0, n * sizeof *count);
            rg_rng_counts(rng, n, draws, count);
            all = 0;
            for (uint32_t i = 0; i < n; i++)
                all += count[i];
            assert_int_equal(all, draws);
        }
        free(count);
        gsl_rng_free(rng);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scipy),
        cmocka_unit_test(accelerations),
        cmocka_unit_test(enumerated),
        cmocka_unit_test(strata_and_clusters),
        cmocka_unit_test(ties_of_rates),
        cmocka_unit_test(function_is_terms),
        cmocka_unit_test(threads),
        cmocka_unit_test(columns_and_scale),
        cmocka_unit_test(few_rows),
        cmocka_unit_test(odd_values),
        cmocka_unit_test(grouped_jackknife),
        cmocka_unit_test(million_rows),
        cmocka_unit_test(uniform_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
