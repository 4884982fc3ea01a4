#include "stats/proportion.h"

#include <assert.h>
#include <math.h>

#include <gsl/gsl_cdf.h>

/* Quantile of the beta distribution by bisection down to neighbouring doubles: GSL's own inverse
 * does not end for large parameters. */
static double
beta_quantile(double p, double a, double b)
{
    double lo = 0, hi = 1;

    for (;;) {
        double mid = (lo + hi) / 2;

        if (mid == lo || mid == hi)
            return hi;
        if (gsl_cdf_beta_P(mid, a, b) < p)
            lo = mid;
        else
            hi = mid;
    }
}

struct rg_estimate
rg_proportion_exact(uint64_t k, uint64_t n, double level)
{
    struct rg_estimate est = {NAN, 0, 1, n};
    double tail = (1 - level) / 2, hits = (double)k, misses = (double)(n - k);

    assert(level > 0 && level < 1);
    assert(k <= n);
    if (n == 0)
        return est;
    est.value = hits / (double)n;
    if (k > 0)
        est.lo = beta_quantile(tail, hits, misses + 1);
    /* The upper limit is one minus the lower limit of the misses, which keeps its digits near 1. */
    if (k < n)
        est.hi = 1 - beta_quantile(tail, misses, hits + 1);
    return est;
}
