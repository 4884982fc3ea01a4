#include "stats/router_curve.h"

#include <assert.h>
#include <stdbool.h>

#include "base/sort.h"
#include "base/sum.h"

void
rg_router_curve_points(const double *rate, const double *weak, const double *strong, size_t n,
                       const double *sorted, size_t bins, struct rg_router_curve_point *out)
{
    assert(n > 0 && bins > 0);
    for (size_t k = 0; k <= bins; k++) {
        double threshold = rg_quantile7(sorted, n, (double)k / (double)bins);
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
}
