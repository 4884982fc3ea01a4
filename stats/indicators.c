#include "stats/indicators.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"

static bool
has_nan(const double *point, size_t d)
{
    for (size_t k = 0; k < d; k++)
        if (isnan(point[k]))
            return true;
    return false;
}

/* How far a is from covering b. */
typedef double distance_fn(const double *a, const double *b, const struct rg_directions *dir);

/* Of the distances from each point of b to the nearest of a, the greatest and the mean. */
struct summary {
    double most, mean;
};

static struct summary
summarise(const double *a, size_t n_a, const double *b, size_t n_b, const struct rg_directions *dir,
          distance_fn *distance)
{
    struct summary s = {.most = -INFINITY};
    struct rg_sum sum = {0};
    size_t n = 0;

    for (size_t j = 0; j < n_b; j++) {
        double nearest = INFINITY;

        if (has_nan(b + j * dir->d, dir->d))
            continue;
        for (size_t i = 0; i < n_a; i++) {
            double x = has_nan(a + i * dir->d, dir->d)
                           ? INFINITY
                           : distance(a + i * dir->d, b + j * dir->d, dir);

            nearest = x < nearest ? x : nearest;
        }
        s.most = nearest > s.most ? nearest : s.most;
        rg_sum_add(&sum, nearest);
        n++;
    }
    s.mean = rg_sum_value(&sum) / (double)n;
    if (n == 0)
        s.most = s.mean = NAN;
    return s;
}

/* By how much a is worse than b in column k. */
static double
worse_by(const double *a, const double *b, const struct rg_directions *dir, size_t k)
{
    double x = rg_front_cost(dir, k, a[k]), y = rg_front_cost(dir, k, b[k]);

    return x == y ? 0 : x - y;
}

static double
most_added(const double *a, const double *b, const struct rg_directions *dir)
{
    double most = -INFINITY;

    for (size_t k = 0; k < dir->d; k++)
        most = fmax(most, worse_by(a, b, dir, k));
    return most;
}

static double
most_factor(const double *a, const double *b, const struct rg_directions *dir)
{
    double most = 0;

    for (size_t k = 0; k < dir->d; k++) {
        double x = dir->maximise[k] ? b[k] / a[k] : a[k] / b[k];

        most = fmax(most, a[k] == b[k] ? 1 : x);
    }
    return most;
}

static double
length_worse(const double *a, const double *b, const struct rg_directions *dir)
{
    double length = 0;

    for (size_t k = 0; k < dir->d; k++)
        length = hypot(length, fmax(worse_by(a, b, dir, k), 0));
    return length;
}

double
rg_indicators_epsilon_add(const double *a, size_t n_a, const double *b, size_t n_b,
                          const struct rg_directions *dir)
{
    return summarise(a, n_a, b, n_b, dir, most_added).most;
}

static bool
all_positive(const double *points, size_t n, size_t d)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < d; k++)
            if (!has_nan(points + i * d, d) && !(points[i * d + k] > 0))
                return false;
    return true;
}

double
rg_indicators_epsilon_mul(const double *a, size_t n_a, const double *b, size_t n_b,
                          const struct rg_directions *dir)
{
    if (!all_positive(a, n_a, dir->d) || !all_positive(b, n_b, dir->d))
        return NAN;
    return summarise(a, n_a, b, n_b, dir, most_factor).most;
}

double
rg_indicators_igd_plus(const double *a, size_t n_a, const double *b, size_t n_b,
                       const struct rg_directions *dir)
{
    return summarise(a, n_a, b, n_b, dir, length_worse).mean;
}

/* ---- knee ---- */

static bool
all_finite(const double *point, size_t d)
{
    for (size_t k = 0; k < d; k++)
        if (!isfinite(point[k]))
            return false;
    return true;
}

/* Best and worst value of column k among the points marked; both as costs. */
static void
range(const double *points, size_t n, const struct rg_directions *dir, size_t k, const bool *on,
      double *lo, double *hi)
{
    *lo = INFINITY;
    *hi = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        double x = rg_front_cost(dir, k, points[i * dir->d + k]);

        if (!on[i])
            continue;
        *lo = x < *lo ? x : *lo;
        *hi = x > *hi ? x : *hi;
    }
}

/* Halves, so that the range of a column may exceed that of a double. */
static double
scaled(double x, double lo, double hi)
{
    return hi > lo ? (x / 2 - lo / 2) / (hi / 2 - lo / 2) : 0;
}

size_t
rg_indicators_knee(const double *points, size_t n, const struct rg_directions *dir, double *bulge)
{
    size_t d = dir->d, knee = SIZE_MAX;
    double *sum = rg_zalloc(n, sizeof *sum), lo, hi;
    bool *on = rg_alloc(n, sizeof *on);

    rg_front_find(points, n, dir, on);
    for (size_t i = 0; i < n; i++)
        on[i] &= all_finite(points + i * d, d);
    for (size_t k = 0; k < d; k++) {
        range(points, n, dir, k, on, &lo, &hi);
        for (size_t i = 0; i < n; i++)
            if (on[i])
                sum[i] += scaled(rg_front_cost(dir, k, points[i * d + k]), lo, hi);
    }
    for (size_t i = 0; i < n; i++)
        if (on[i] && (knee == SIZE_MAX || sum[i] < sum[knee]))
            knee = i;
    *bulge = knee == SIZE_MAX ? NAN : (1 - sum[knee]) / sqrt((double)d);
    free(on);
    free(sum);
    return knee;
}
