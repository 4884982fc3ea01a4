#include "stats/router_metrics.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "base/sum.h"
#include "stats/front.h"
#include "stats/hull.h"

static double
divided(double a, double b)
{
    return b == 0 ? NAN : a / b;
}

/* ---- LLMRouterBench ---- */

struct rg_router_metrics_ratio
rg_router_metrics_gain(const double *score, const double *base, size_t n)
{
    struct rg_sum ratios = {0}, scores = {0}, bases = {0};
    struct rg_router_metrics_ratio r = {.used = 0};

    for (size_t d = 0; d < n; d++) {
        if (isnan(score[d]) || isnan(base[d])) {
            r.skipped++;
            continue;
        }
        rg_sum_add(&scores, score[d]);
        rg_sum_add(&bases, base[d]);
        if (base[d] > 0) {
            rg_sum_add(&ratios, score[d] / base[d] - 1);
            r.used++;
        } else {
            r.skipped++;
        }
    }
    r.mean_of_ratios = divided(rg_sum_value(&ratios), (double)r.used);
    r.ratio_of_means = divided(rg_sum_value(&scores), rg_sum_value(&bases)) - 1;
    return r;
}

struct rg_router_metrics_ratio
rg_router_metrics_gap(const double *score, const double *oracle, size_t n)
{
    struct rg_router_metrics_ratio r = rg_router_metrics_gain(score, oracle, n);

    r.mean_of_ratios = 0 - r.mean_of_ratios; /* not -0 */
    r.ratio_of_means = 0 - r.ratio_of_means;
    return r;
}

double
rg_router_metrics_perf_gain(const double *score, size_t n, double best_single)
{
    double best = NAN;

    for (size_t c = 0; c < n; c++)
        best = fmax(best, score[c]);
    return divided(best, best_single) - 1;
}

double
rg_router_metrics_cost_save(const double *score, const double *cost, size_t n, double best_single,
                            double best_single_cost)
{
    double least = NAN;

    for (size_t c = 0; c < n; c++)
        if (score[c] >= best_single)
            least = fmin(least, cost[c]);
    return 1 - divided(least, best_single_cost);
}

/* x scaled to 0 .. 1 over its finite range; into[0..n). */
static void
scale(const double *x, size_t n, double *into)
{
    double lo = INFINITY, hi = -INFINITY;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            continue;
        lo = fmin(lo, x[i]);
        hi = fmax(hi, x[i]);
    }
    for (size_t i = 0; i < n; i++)
        into[i] = hi > lo ? (x[i] - lo) / (hi - lo) : isfinite(x[i]) ? 0 : NAN;
}

double
rg_router_metrics_pareto_dist(const double *cost, const double *score, size_t n, const size_t *own,
                              size_t m)
{
    const struct rg_directions dir = {2, {false, true}};
    double *x = rg_alloc(n, sizeof *x), *y = rg_alloc(n, sizeof *y);
    double *points = rg_alloc(n, 2 * sizeof *points);
    bool *on = rg_alloc(n, sizeof *on);
    struct rg_sum sum = {0};

    scale(cost, n, x);
    scale(score, n, y);
    for (size_t i = 0; i < n; i++) {
        points[2 * i] = cost[i];
        points[2 * i + 1] = score[i];
    }
    rg_front_find(points, n, &dir, on);
    for (size_t j = 0; j < m; j++) {
        double nearest = INFINITY;

        assert(own[j] < n);
        for (size_t i = 0; i < n; i++)
            if (on[i])
                nearest = fmin(nearest, fabs(x[i] - x[own[j]]) + fabs(y[i] - y[own[j]]));
        rg_sum_add(&sum, isfinite(x[own[j]] + y[own[j]]) ? nearest : NAN);
    }
    free(on);
    free(points);
    free(y);
    free(x);
    return divided(rg_sum_value(&sum), (double)m);
}

/* ---- RouterBench ---- */

struct rg_router_metrics_aiq
rg_router_metrics_aiq(const double *cost, const double *quality, size_t n, double x_max)
{
    struct rg_router_metrics_aiq aiq = {NAN, NAN};
    size_t *vertex = rg_alloc(n, sizeof *vertex);
    size_t h = rg_hull_nondecreasing(cost, quality, n, vertex);

    if (h > 0) {
        double area = rg_hull_area(cost, quality, vertex, h, x_max);

        aiq.as_coded = divided(area, x_max);
        aiq.as_published = divided(area, x_max - cost[vertex[0]]);
    }
    free(vertex);
    return aiq;
}

/* ---- RouteLLM ---- */

double
rg_router_metrics_pgr(double quality, double weak, double strong)
{
    return divided(quality - weak, strong - weak);
}

struct on_curve {
    double x, y;
    size_t i;
};

static int
by_share(const void *pa, const void *pb)
{
    const struct on_curve *a = pa, *b = pb;

    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

/* The curve by ascending share; free(). NULL when it has a NaN or no point. */
static struct on_curve *
sorted_curve(const double *share, const double *quality, size_t n)
{
    struct on_curve *c = rg_alloc(n, sizeof *c);

    for (size_t i = 0; i < n; i++) {
        if (isnan(share[i]) || isnan(quality[i])) {
            free(c);
            return NULL;
        }
        c[i] = (struct on_curve){share[i], quality[i], i};
    }
    if (n == 0) {
        free(c);
        return NULL;
    }
    qsort(c, n, sizeof *c, by_share);
    return c;
}

double
rg_router_metrics_auc(const double *share, const double *quality, size_t n)
{
    struct on_curve *c = sorted_curve(share, quality, n);
    struct rg_sum area = {0};

    if (c == NULL)
        return NAN;
    for (size_t i = 1; i < n; i++)
        rg_sum_add(&area, (c[i].x - c[i - 1].x) * (c[i].y + c[i - 1].y) / 200);
    free(c);
    return rg_sum_value(&area);
}

double
rg_router_metrics_optimal(const double *weak, const double *strong, size_t n, double calls,
                          double *room)
{
    struct rg_sum sum = {0};

    for (size_t i = 0; i < n; i++) {
        rg_sum_add(&sum, weak[i]);
        room[i] = strong[i] - weak[i];
    }
    rg_sort(room, n);
    for (size_t i = n; i-- > 0 && calls > 0 && room[i] > 0; calls -= 1)
        rg_sum_add(&sum, room[i] * fmin(calls, 1));
    return divided(rg_sum_value(&sum), (double)n);
}

double
rg_router_metrics_apgr(const double *share, const double *quality, size_t n, double weak,
                       double strong)
{
    struct on_curve *c = sorted_curve(share, quality, n);
    struct rg_sum area = {0};
    double range;

    if (c == NULL)
        return NAN;
    for (size_t i = 1; i < n; i++)
        rg_sum_add(&area, (c[i].x - c[i - 1].x) * (c[i].y + c[i - 1].y) / 2);
    range = c[n - 1].x - c[0].x;
    free(c);
    return divided(rg_sum_value(&area) - weak * range, (strong - weak) * range);
}

/* The interval [j, j + 1] of abscissae y that numpy.interp takes for one value, with its first
 * guess and its search from there, which matter when y does not ascend; n above 4. */
static size_t
numpy_interval(const struct on_curve *c, size_t n, double y)
{
    size_t lo = 3, hi = n;

    for (size_t j = 1; j <= 3; j++)
        if (y < c[j].y)
            return j - 1;
    if (n > 10 && y < c[9].y)
        hi = 9;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (y >= c[mid].y)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo - 1;
}

static double
between(const struct on_curve *a, const struct on_curve *b, double y)
{
    return (b->x - a->x) / (b->y - a->y) * (y - a->y) + a->x;
}

static double
numpy_interp(const struct on_curve *c, size_t n, double y)
{
    size_t j = 1;

    if (n > 1 && y > c[n - 1].y)
        return c[n - 1].x;
    if (n == 1 || y < c[0].y)
        return c[0].x;
    if (n <= 4) {
        while (j < n && y >= c[j].y)
            j++;
        j--;
    } else {
        j = numpy_interval(c, n, y);
    }
    if (j >= n - 1)
        return c[n - 1].x;
    return c[j].y == y ? c[j].x : between(&c[j], &c[j + 1], y);
}

static double
first_reached(const struct on_curve *c, size_t n, double y)
{
    for (size_t j = 0; j < n; j++)
        if (c[j].y >= y)
            return j == 0 || c[j].y == y ? c[j].x : between(&c[j - 1], &c[j], y);
    return NAN;
}

struct rg_router_metrics_cpt
rg_router_metrics_cpt(const double *share, const double *quality, size_t n, double weak,
                      double strong, double gap)
{
    struct rg_router_metrics_cpt cpt = {NAN, NAN};
    struct on_curve *c = sorted_curve(share, quality, n);
    double wanted = gap * (strong - weak) + weak;

    if (c != NULL && !isnan(wanted)) {
        cpt.as_coded = numpy_interp(c, n, wanted);
        cpt.as_reached = first_reached(c, n, wanted);
    }
    free(c);
    return cpt;
}

/* ---- RouterArena ---- */

static double
clamp(double x, double lo, double hi, bool *clamped)
{
    double to = x < lo ? lo : x > hi ? hi : x;

    *clamped |= to != x && !isnan(x);
    return to;
}

double
rg_router_metrics_arena(double accuracy, double usd_per_1000, bool *clamped)
{
    static const double LEAST = 0.0044, MOST = 200, BETA = 0.1;
    bool any = false;
    double a = clamp(accuracy, 0, 1, &any), usd = clamp(usd_per_1000, LEAST, MOST, &any);
    double c = (log2(MOST) - log2(usd)) / (log2(MOST) - log2(LEAST));

    if (clamped != NULL)
        *clamped = any;
    return a == 0 && c == 0 ? 0 : (1 + BETA) * a * c / (BETA * a + c);
}

/* ---- RouterEval ---- */

double
rg_router_metrics_mean_picked(const double *y, size_t n, size_t m, const uint32_t *pick)
{
    struct rg_sum sum = {0};
    size_t known = 0;

    for (size_t i = 0; i < n; i++) {
        assert(pick[i] < m);
        if (isnan(y[i * m + pick[i]]))
            continue;
        rg_sum_add(&sum, y[i * m + pick[i]]);
        known++;
    }
    return divided(rg_sum_value(&sum), (double)known);
}

double
rg_router_metrics_best_single(const double *y, size_t n, size_t m)
{
    uint32_t *pick = rg_alloc(n, sizeof *pick);
    double best = NAN;

    for (uint32_t j = 0; j < m; j++) {
        for (size_t i = 0; i < n; i++)
            pick[i] = j;
        best = fmax(best, rg_router_metrics_mean_picked(y, n, m, pick));
    }
    free(pick);
    return best;
}

double
rg_router_metrics_relative(double mean_picked, double reference)
{
    return divided(mean_picked, reference);
}

double
rg_router_metrics_reference_accuracy(const char *data_set)
{
    static const struct {
        const char *name;
        double accuracy;
    } table[] = {
        {"arc", 0.852},        {"hellaswag", 0.953}, {"mmlu", 0.864},    {"truthfulqa", 0.669},
        {"winogrande", 0.875}, {"gsm8k", 0.92},      {"ifeval", 0.7689}, {"bbh", 0.8303},
        {"gpqa", 0.397},       {"math", 0.4},        {"musr", 0.699},    {"mmlu_pro", 0.637},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, data_set) == 0)
            return table[i].accuracy;
    return NAN;
}

double
rg_router_metrics_entropy(const double *p, size_t n, size_t m, double floor)
{
    struct rg_sum sum = {0};

    for (size_t i = 0; i < n * m; i++)
        if (!(p[i] <= floor))
            rg_sum_add(&sum, p[i] * log2(p[i]));
    return 0 - divided(rg_sum_value(&sum), (double)n); /* not -0 */
}

/* One row of r_o(p)'s probabilities; returns the row's greatest score. */
static double
oracle_row(const double *y, size_t m, double p, double *into)
{
    double sum = rg_sum_of(y, m), best = y[0], even = 1 / (double)m;

    for (size_t j = 0; j < m; j++) {
        best = y[j] > best ? y[j] : best;
        into[j] = p * (sum == 0 ? even : y[j] / sum) + (1 - p) / (double)m;
    }
    return best;
}

struct rg_router_metrics_partial_oracle
rg_router_metrics_partial_oracle(const double *y, size_t n, size_t m, double p)
{
    struct rg_router_metrics_partial_oracle r = {NAN, NAN};
    double *row = rg_alloc(m, sizeof *row);
    struct rg_sum best = {0}, entropy = {0};

    for (size_t i = 0; i < n && m > 0; i++) {
        rg_sum_add(&best, oracle_row(y + i * m, m, p, row));
        rg_sum_add(&entropy, rg_router_metrics_entropy(row, 1, m, 1e-10));
    }
    free(row);
    if (n == 0 || m == 0)
        return r;
    r.mean = p * rg_sum_value(&best) / (double)n + (1 - p) * rg_sum_of(y, n * m) / (double)(n * m);
    r.entropy = rg_sum_value(&entropy) / (double)n;
    return r;
}
