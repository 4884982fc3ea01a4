#include "stats/router_curve.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "base/sum.h"

static double *
sorted(const double *x, size_t n)
{
    double *out = rg_alloc(n, sizeof *out);

    assert(n > 0);
    memcpy(out, x, n * sizeof *out);
    rg_sort(out, n);
    return out;
}

void
rg_router_curve_points(const double *rate, const double *weak, const double *strong, size_t n,
                       size_t bins, struct rg_router_curve_point *out)
{
    double *order = sorted(rate, n);

    for (size_t k = 0; k <= bins; k++) {
        double threshold = rg_quantile7(order, n, (double)k / (double)bins);
        struct rg_sum quality = {0};
        size_t up = 0;

        for (size_t i = 0; i < n; i++) {
            bool is_up = k == bins ? rate[i] > threshold : rate[i] >= threshold;

            up += is_up;
            rg_sum_add(&quality, is_up ? strong[i] : weak[i]);
        }
        out[k] = (struct rg_router_curve_point){threshold, (double)up / (double)n,
                                                rg_sum_value(&quality) / (double)n};
    }
    free(order);
}

double
rg_router_curve_threshold(const double *rate, size_t n, double share)
{
    double *order = sorted(rate, n), q = rg_quantile7(order, n, 1 - share);

    free(order);
    return q;
}

double
rg_router_curve_optimal(const double *weak, const double *strong, size_t n, double share)
{
    double *gain = rg_alloc(n, sizeof *gain), left = share * (double)n;
    struct rg_sum sum = {0};

    assert(n > 0);
    for (size_t i = 0; i < n; i++) {
        gain[i] = strong[i] - weak[i];
        rg_sum_add(&sum, weak[i]);
    }
    rg_sort(gain, n);
    for (size_t i = n; i-- > 0 && gain[i] > 0 && left > 0; left -= 1)
        rg_sum_add(&sum, fmin(left, 1) * gain[i]);
    free(gain);
    return rg_sum_value(&sum) / (double)n;
}

double
rg_router_curve_area(const double *share, const double *quality, size_t n)
{
    size_t *order = rg_alloc(n, sizeof *order);
    struct rg_sum area = {0};

    for (size_t i = 0; i < n; i++) {
        size_t at = i;

        for (; at > 0 && share[i] < share[order[at - 1]]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 1; i < n; i++)
        rg_sum_add(&area, (share[order[i]] - share[order[i - 1]]) *
                              (quality[order[i]] + quality[order[i - 1]]) / 2);
    free(order);
    return rg_sum_value(&area);
}
