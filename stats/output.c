#include "stats/output.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "base/mem.h"
#include "base/sum.h"
#include "stats/moments.h"

/* ---- series of any length ---- */

void
rg_output_fold_add(struct rg_output_fold *fold, double x)
{
    fold->rest += x;
    if (++fold->n_rest < fold->size)
        return;
    fold->x[fold->n++] = fold->rest / (double)fold->size;
    fold->rest = 0;
    fold->n_rest = 0;
    if (fold->n < RG_FOLD_MAX)
        return;
    for (size_t i = 0; i < RG_FOLD_MAX / 2; i++)
        fold->x[i] = fold->x[2 * i] / 2 + fold->x[2 * i + 1] / 2;
    fold->n = RG_FOLD_MAX / 2;
    fold->size *= 2;
}

/* ---- warm-up ---- */

enum { FIVE = 5 };

static double *
averages(const double *x, size_t size, size_t k)
{
    double *z = rg_alloc(k, sizeof *z);

    for (size_t i = 0; i < k; i++)
        z[i] = rg_sum_of(x + i * size, size) / (double)size;
    return z;
}

struct rg_warmup
rg_output_mser5(const double *x, size_t n)
{
    size_t m = n / FIVE, best = 0;
    struct rg_warmup w = {0, false};
    struct rg_moments left = {0};
    double least = INFINITY;
    double *z;

    if (m < 2)
        return w;
    z = averages(x, FIVE, m);
    /* From the end, so that one pass gives the deviations of every remainder. */
    for (size_t d = m; d-- > 0;) {
        double k = (double)(m - d), error;

        rg_moments_add(&left, z[d]);
        error = left.m2 / k / k;
        if (d <= m / 2 && error <= least) {
            least = error;
            best = d;
        }
    }
    free(z);
    if (left.nan || left.plus || left.minus)
        return w;
    w.cut = best * FIVE;
    w.settled = best < m / 2;
    return w;
}

/* ---- correlation ---- */

double
rg_output_autocorrelation(const double *x, size_t n, size_t lag)
{
    struct rg_sum above = {0}, below = {0};
    double mean = n > 0 ? rg_sum_of(x, n) / (double)n : NAN;

    if (lag >= n)
        return NAN;
    for (size_t i = 0; i < n; i++) {
        rg_sum_add(&below, (x[i] - mean) * (x[i] - mean));
        if (i + lag < n)
            rg_sum_add(&above, (x[i] - mean) * (x[i + lag] - mean));
    }
    return rg_sum_value(&above) / rg_sum_value(&below);
}

static bool
varies(const double *x, size_t n)
{
    bool differ = false;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return false;
        differ = differ || x[i] != x[0];
    }
    return differ;
}

struct rg_serial
rg_output_serial(const double *x, size_t n)
{
    struct rg_serial s = {NAN, NAN, 1};
    struct rg_sum steps = {0}, squares = {0};
    double k = (double)n, mean;

    if (n < 3 || !varies(x, n))
        return s;
    mean = rg_sum_of(x, n) / k;
    for (size_t i = 0; i < n; i++) {
        rg_sum_add(&squares, (x[i] - mean) * (x[i] - mean));
        if (i + 1 < n)
            rg_sum_add(&steps, (x[i + 1] - x[i]) * (x[i + 1] - x[i]));
    }
    s.lag1 = rg_output_autocorrelation(x, n, 1);
    s.ratio = rg_sum_value(&steps) / rg_sum_value(&squares);
    s.p = gsl_cdf_ugaussian_Q((1 - s.ratio / 2) / sqrt((k - 2) / (k * k - 1)));
    return s;
}

/* ---- batch means ---- */

static const double WHITE = 0.3; /* p from which on batch means pass as uncorrelated */
static const double ALARM = 0.05;

static struct rg_batch_means
batch(const double *x, size_t n, size_t k, double level)
{
    struct rg_batch_means b = {.batches = k, .size = n / k};
    double *z = averages(x + (n - k * b.size), b.size, k);

    b.mean = rg_interval_mean(z, k, level);
    b.mean.n = k * b.size;
    b.serial = rg_output_serial(z, k);
    b.correlated = b.serial.p < ALARM;
    free(z);
    return b;
}

struct rg_batch_means
rg_output_batch_means(const double *x, size_t n, size_t batches, double level)
{
    static const size_t tried[] = {RG_BATCHES_MAX, 48, 32, 24, 16, 12, RG_BATCHES_MIN};
    struct rg_batch_means b = {.mean = rg_interval_mean(x, n, level)};

    if (n == 0)
        return b;
    if (batches > 0 || n < RG_BATCHES_MIN) {
        size_t k = batches == 0 || batches > n ? n : batches;

        b = batch(x, n, k, level);
        b.correlated = b.correlated || batches == 0;
        return b;
    }
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        if (tried[i] > n)
            continue;
        b = batch(x, n, tried[i], level);
        if (b.serial.p >= WHITE)
            break;
    }
    return b;
}

/* ---- how many replications ---- */

static double
half_width(const struct rg_estimate *est)
{
    return est->hi / 2 - est->lo / 2;
}

enum rg_precision_state
rg_output_precision(const struct rg_precision *p, const double *x, size_t n)
{
    struct rg_estimate est = rg_interval_mean(x, n, p->level);

    assert(p->relative > 0);
    assert(p->least >= 2 && p->least <= p->most);
    if (n < p->least)
        return RG_PRECISION_GO_ON;
    if (half_width(&est) <= p->relative * fabs(est.value))
        return RG_PRECISION_ENOUGH;
    return n < p->most ? RG_PRECISION_GO_ON : RG_PRECISION_CAP;
}

/* Half width with n replications and standard deviation sd. */
static double
predicted(double sd, double n, double level)
{
    return gsl_cdf_tdist_Qinv((1 - level) / 2, n - 1) * sd / sqrt(n);
}

size_t
rg_output_precision_needed(const struct rg_precision *p, const double *x, size_t n)
{
    struct rg_moments m = rg_moments_of(x, n);
    double target = p->relative * fabs(rg_moments_mean(&m)), sd = rg_moments_sd(&m);
    size_t lo = n > p->least ? n : p->least, hi = p->most;

    if (n < 2)
        return p->least;
    if (lo >= hi || !(predicted(sd, (double)hi, p->level) <= target))
        return lo > hi ? lo : hi;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (predicted(sd, (double)mid, p->level) <= target)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}
