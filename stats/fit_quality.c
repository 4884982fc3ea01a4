/* How well a fit predicts: noise, errors, grade. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/sum.h"
#include "stats/fit_private.h"

enum {
    DRAWS = 100,     /* predicted latencies for each call ... */
    POOL = 100000,   /* ... fewer when there are that many in all */
    RESAMPLES = 199, /* of the intervals of quantile errors */
    N_QUANTILES = 3,
};
static const double QUANTILES[N_QUANTILES] = {0.5, 0.9, 0.99};
static const double RATIO_MAX = 1e6;
static const double CV_COMPLETION = 0.2, CV_LATENCY = 0.3;

/* ---- noise ---- */

double
rg_fit_ratio(double recorded, double predicted)
{
    return predicted > recorded / RATIO_MAX ? fmax(recorded / predicted, 1 / RATIO_MAX) : RATIO_MAX;
}

void
rg_fit_noise_of(struct rg_fit_noise *noise, double *ratios, size_t n)
{
    struct rg_sum sum = {0}, squares = {0};
    double mean;

    *noise = (struct rg_fit_noise){.n = n};
    rg_sort(ratios, n);
    for (size_t i = 0; i < n; i++)
        rg_sum_add(&sum, log(ratios[i]));
    mean = n > 0 ? rg_sum_value(&sum) / (double)n : NAN;
    for (size_t i = 0; i < n; i++)
        rg_sum_add(&squares, (log(ratios[i]) - mean) * (log(ratios[i]) - mean));
    noise->sigma = n > 1 ? sqrt(rg_sum_value(&squares) / (double)(n - 1)) : NAN;
    for (int k = 0; k < RG_FIT_QUANTILES; k++)
        noise->quantiles[k] = rg_quantile7(ratios, n, k / (double)(RG_FIT_QUANTILES - 1));
}

/* The noise factor at the share u of its distribution. */
static double
factor(const struct rg_fit_noise *noise, bool log_normal, double u)
{
    double at = u * (RG_FIT_QUANTILES - 1);
    size_t k = (size_t)at;

    if (log_normal)
        return exp(noise->sigma * gsl_cdf_ugaussian_Pinv(fmin(fmax(u, 1e-9), 1 - 1e-9)));
    if (k >= RG_FIT_QUANTILES - 1)
        return noise->quantiles[RG_FIT_QUANTILES - 1];
    return noise->quantiles[k] + (at - (double)k) * (noise->quantiles[k + 1] - noise->quantiles[k]);
}

/* ---- prediction ---- */

double
rg_fit_predict(const struct rg_fit_model *m, double prompt_tokens, double completion_tokens,
               double load)
{
    double loaded = m->d > 0 ? m->d * completion_tokens * load : 0;

    if (m->two_part)
        return m->ttft_a + m->ttft_b * prompt_tokens + m->c * (completion_tokens - 1) + loaded;
    return m->a + m->b * prompt_tokens + m->c * completion_tokens + loaded;
}

/* A latency of the pool of predictions, and the call it belongs to. */
struct drawn {
    double value;
    size_t row;
};

static int
by_value(const void *pa, const void *pb)
{
    const struct drawn *a = pa, *b = pb;

    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

struct judged {
    size_t n, draws;
    const double *p, *o, *l, *load; /* load may be NULL */
    double *predicted;              /* without noise */
    struct drawn *pool;             /* sorted, n * draws */
    struct drawn *records;          /* sorted, n */
};

/* Draws are spread evenly instead of at random: shares of the noise in steps of 1 / draws, shifted
 * from call to call by the golden ratio, the second ones by the square root of 2. */
static void
fill_pool(struct judged *j, const struct rg_fit_model *m, const struct rg_fit_noises *noises,
          enum rg_fit_draw draw)
{
    bool log_normal = draw == RG_FIT_LOG_NORMAL || draw == RG_FIT_PARTS_LOG_NORMAL;
    bool parts = m->two_part && draw >= RG_FIT_PARTS_RESAMPLED;
    double whole;

    for (size_t i = 0; i < j->n; i++) {
        double shift = modf(((double)i + 0.5) * 0.61803398874989485, &whole);
        double first = m->ttft_a + m->ttft_b * j->p[i];

        for (size_t k = 0; k < j->draws; k++) {
            double u = ((double)k + shift) / (double)j->draws, v, x;

            v = modf((double)(i * j->draws + k + 1) * 1.41421356237309505, &whole);
            x = parts ? first * factor(noises->ttft, log_normal, u) +
                            fmax(j->predicted[i] - first, 0) * factor(noises->itl, log_normal, v)
                      : j->predicted[i] * factor(noises->whole, log_normal, u);
            j->pool[i * j->draws + k] = (struct drawn){x, i};
        }
    }
    qsort(j->pool, j->n * j->draws, sizeof *j->pool, by_value);
}

/* ---- errors ---- */

static void
point_errors(const struct judged *j, struct rg_fit_quality *q)
{
    struct rg_sum sum = {0}, signed_sum = {0};
    double *ape = rg_alloc(j->n, sizeof *ape);

    for (size_t i = 0; i < j->n; i++) {
        double e = (j->predicted[i] - j->l[i]) / j->l[i];

        ape[i] = fabs(e);
        rg_sum_add(&sum, ape[i]);
        rg_sum_add(&signed_sum, e);
    }
    rg_sort(ape, j->n);
    q->mape = rg_sum_value(&sum) / (double)j->n;
    q->bias = rg_sum_value(&signed_sum) / (double)j->n;
    q->median_ape = rg_quantile7(ape, j->n, 0.5);
    free(ape);
}

/* Pearson's r, and R2 = 1 - (sum of squared errors) / (sum of squares about the mean). */
static void
correlation(const struct judged *j, struct rg_fit_quality *q)
{
    double n = (double)j->n, mx = rg_sum_of(j->predicted, j->n) / n, my = rg_sum_of(j->l, j->n) / n;
    struct rg_sum xx = {0}, yy = {0}, xy = {0}, ee = {0};
    double x2, y2;

    for (size_t i = 0; i < j->n; i++) {
        double x = j->predicted[i] - mx, y = j->l[i] - my, e = j->predicted[i] - j->l[i];

        rg_sum_add(&xx, x * x);
        rg_sum_add(&yy, y * y);
        rg_sum_add(&xy, x * y);
        rg_sum_add(&ee, e * e);
    }
    x2 = rg_sum_value(&xx);
    y2 = rg_sum_value(&yy);
    q->r = q->r2 = NAN;
    if (rg_fit_cv(j->o, j->n) >= CV_COMPLETION && x2 > 0 && y2 > 0)
        q->r = rg_sum_value(&xy) / sqrt(x2) / sqrt(y2);
    if (rg_fit_cv(j->l, j->n) > CV_LATENCY)
        q->r2 = 1 - rg_sum_value(&ee) / y2;
}

static uint32_t
times(const struct drawn *x, const uint32_t *counts)
{
    return counts ? counts[x->row] : 1;
}

/* Type 7 quantiles of sorted values, each taken counts[row] times (NULL: once); total of counts
 * must not be 0. */
static void
quantiles(const struct drawn *x, size_t n, const uint32_t *counts, double out[N_QUANTILES])
{
    uint64_t total = 0, seen = 0;
    size_t k = 0, i = 0;

    for (size_t r = 0; r < n; r++)
        total += times(&x[r], counts);
    while (k < N_QUANTILES) {
        double at = (double)(total - 1) * QUANTILES[k], frac;
        uint64_t want = (uint64_t)at;
        size_t next;

        frac = at - (double)want;
        for (; seen + times(&x[i], counts) <= want; i++)
            seen += times(&x[i], counts);
        next = i;
        if (frac > 0 && seen + times(&x[i], counts) == want + 1)
            for (next++; times(&x[next], counts) == 0;)
                next++;
        out[k++] = x[i].value + frac * (x[next].value - x[i].value);
    }
}

static void
quantile_errors(const struct judged *j, const uint32_t *counts, double out[N_QUANTILES])
{
    double recorded[N_QUANTILES], predicted[N_QUANTILES];

    quantiles(j->records, j->n, counts, recorded);
    quantiles(j->pool, j->n * j->draws, counts, predicted);
    for (int k = 0; k < N_QUANTILES; k++)
        out[k] = (predicted[k] - recorded[k]) / recorded[k];
}

static void
quantile_intervals(const struct judged *j, const struct rg_fit_options *options,
                   struct rg_estimate *est[N_QUANTILES])
{
    gsl_rng *rng = rg_rng_new(options->seed, 1, RG_PURPOSE_BOOTSTRAP);
    uint32_t *counts = rg_alloc(j->n, sizeof *counts);
    double *errors = rg_alloc(N_QUANTILES * (size_t)RESAMPLES, sizeof *errors);
    double one[N_QUANTILES];

    for (size_t b = 0; b < RESAMPLES; b++) {
        memset(counts, 0, j->n * sizeof *counts);
        for (size_t i = 0; i < j->n; i++)
            counts[rg_rng_below(rng, j->n)]++;
        quantile_errors(j, counts, one);
        for (int k = 0; k < N_QUANTILES; k++)
            errors[(size_t)k * RESAMPLES + b] = one[k];
    }
    for (int k = 0; k < N_QUANTILES; k++) {
        double *e = errors + (size_t)k * RESAMPLES;

        rg_sort(e, RESAMPLES);
        est[k]->lo = rg_quantile7(e, RESAMPLES, (1 - options->level) / 2);
        est[k]->hi = rg_quantile7(e, RESAMPLES, (1 + options->level) / 2);
    }
    free(errors);
    free(counts);
    gsl_rng_free(rng);
}

static double
ks_distance(const struct judged *j)
{
    size_t n = j->n, m = j->n * j->draws, a = 0, b = 0;
    double most = 0;

    while (a < n && b < m) {
        double x = fmin(j->records[a].value, j->pool[b].value);

        while (a < n && j->records[a].value <= x)
            a++;
        while (b < m && j->pool[b].value <= x)
            b++;
        most = fmax(most, fabs((double)a / (double)n - (double)b / (double)m));
    }
    return most;
}

static void
no_quality(struct rg_fit_quality *q)
{
    const struct rg_estimate none = {NAN, NAN, NAN, 0};

    *q = (struct rg_fit_quality){
        .mape = NAN,
        .median_ape = NAN,
        .bias = NAN,
        .p50 = none,
        .p90 = none,
        .p99 = none,
        .ks = NAN,
        .r = NAN,
        .r2 = NAN,
    };
}

void
rg_fit_judge_rows(const struct rg_fit_model *m, const struct rg_fit_noises *noises,
                  enum rg_fit_draw draw, const struct rg_fit_rows *rows, size_t from,
                  const struct rg_fit_options *options, struct rg_fit_quality *out)
{
    struct rg_estimate *est[N_QUANTILES] = {&out->p50, &out->p90, &out->p99};
    struct judged j = {.n = rows->n - from,
                       .p = rows->p ? rows->p + from : NULL,
                       .o = rows->o ? rows->o + from : NULL,
                       .l = rows->l ? rows->l + from : NULL,
                       .load = rows->load ? rows->load + from : NULL};
    double errors[N_QUANTILES];

    no_quality(out);
    if (j.n == 0)
        return;
    j.draws = j.n * DRAWS <= POOL ? DRAWS : POOL / j.n > 0 ? POOL / j.n : 1;
    j.predicted = rg_alloc(j.n, sizeof *j.predicted);
    j.records = rg_alloc(j.n, sizeof *j.records);
    j.pool = rg_alloc(j.n * j.draws, sizeof *j.pool);
    for (size_t i = 0; i < j.n; i++) {
        j.predicted[i] = rg_fit_predict(m, j.p[i], j.o[i], j.load ? j.load[i] : 0);
        j.records[i] = (struct drawn){j.l[i], i};
    }
    qsort(j.records, j.n, sizeof *j.records, by_value);
    fill_pool(&j, m, noises, draw);
    out->n = j.n;
    point_errors(&j, out);
    correlation(&j, out);
    out->ks = ks_distance(&j);
    quantile_errors(&j, NULL, errors);
    for (int k = 0; k < N_QUANTILES; k++)
        *est[k] = (struct rg_estimate){errors[k], NAN, NAN, j.n};
    quantile_intervals(&j, options, est);
    free(j.predicted);
    free(j.records);
    free(j.pool);
}

/* ---- the grade ---- */

enum rg_fit_grade
rg_fit_grade_of(const struct rg_fit_quality *q)
{
    static const struct {
        enum rg_fit_grade grade;
        double mape, r, p50, p90, p99;
    } rules[] = {
        {RG_FIT_EXCELLENT, 0.10, 0.95, 0.05, 0.10, 0.20},
        {RG_FIT_GOOD, 0.20, 0.85, 0.05, 0.10, 0.20},
        {RG_FIT_FAIR, 0.35, 0.70, 0.10, 0.20, 0.40},
    };

    if (q->n == 0)
        return RG_FIT_UNGRADED;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (q->mape < rules[i].mape && (isnan(q->r) || q->r > rules[i].r) &&
            fabs(q->p50.value) <= rules[i].p50 && fabs(q->p90.value) <= rules[i].p90 &&
            (q->n < 100 || fabs(q->p99.value) <= rules[i].p99))
            return rules[i].grade;
    return RG_FIT_POOR;
}

const char *
rg_fit_grade_name(enum rg_fit_grade grade)
{
    static const char *const names[] = {"-", "poor", "fair", "good", "excellent"};

    assert((size_t)grade < sizeof names / sizeof *names);
    return names[grade];
}
