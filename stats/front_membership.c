#include <gsl/gsl_rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/sum.h"
#include "stats/front.h"

/* weight[u] = how often unit u was drawn. */
static void
draw(uint64_t seed, uint64_t b, double *weight, size_t n)
{
    gsl_rng *rng = rg_rng_new(seed, b, RG_PURPOSE_BOOTSTRAP);

    memset(weight, 0, n * sizeof *weight);
    for (size_t i = 0; i < n; i++)
        weight[rg_rng_below(rng, n)]++;
    gsl_rng_free(rng);
}

static double
weighted_mean(const double *x, const double *weight, size_t n)
{
    struct rg_sum sum = {0};

    for (size_t u = 0; u < n; u++)
        if (weight[u] > 0)
            rg_sum_add(&sum, weight[u] * x[u]);
    return rg_sum_value(&sum) / (double)n;
}

void
rg_front_membership(const double *const *value, size_t m, size_t n, const struct rg_directions *dir,
                    uint64_t seed, uint64_t first, uint64_t count, uint64_t *hits)
{
    double *weight = rg_alloc(n, sizeof *weight), *mean = rg_alloc(m, dir->d * sizeof *mean);
    bool *on_front = rg_alloc(m, sizeof *on_front);

    for (uint64_t b = first; n > 0 && b < first + count; b++) {
        draw(seed, b, weight, n);
        for (size_t c = 0; c < m; c++)
            for (size_t k = 0; k < dir->d; k++)
                mean[c * dir->d + k] = weighted_mean(value[k] + c * n, weight, n);
        rg_front_find(mean, m, dir, on_front);
        for (size_t c = 0; c < m; c++)
            hits[c] += on_front[c];
    }
    free(on_front);
    free(mean);
    free(weight);
}
