/* Paired bootstrap of the means of five metrics: bootstrap [QUERIES [RESAMPLES [THREADS]]], by
 * default 10,000 of both on one thread, with the BCa intervals of all five.
 *
 * The same work in SciPy, for which batch= keeps the memory in bounds:
 *
 *     import time, numpy as np
 *     from scipy import stats
 *     d = tuple(np.random.default_rng(1).lognormal(size=10000) for _ in range(5))
 *     means = lambda *a, axis=-1: np.stack([x.mean(axis=axis) for x in a])
 *     t = time.perf_counter()
 *     stats.bootstrap(d, means, paired=True, n_resamples=10000, batch=100, method='BCa')
 *     print(time.perf_counter() - t) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <gsl/gsl_randist.h>

#include "base/rng.h"
#include "stats/bootstrap.h"

enum { METRICS = 5 };

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int
main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    uint32_t resamples = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 10000;
    unsigned threads = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1;
    struct rg_bootstrap_plan plan = {.n = n, .resamples = resamples, .seed = 1, .threads = threads};
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    struct rg_bootstrap_term terms[METRICS];
    double *x[METRICS], begin, end, width = 0;
    struct rg_bootstrap *boot;

    for (int k = 0; k < METRICS; k++) {
        x[k] = malloc(n * sizeof *x[k]);
        if (!x[k])
            return 1;
        for (size_t i = 0; i < n; i++)
            x[k][i] = gsl_ran_lognormal(rng, 0, 1);
        terms[k] = (struct rg_bootstrap_term){.kind = RG_BOOTSTRAP_MEAN, .a = x[k]};
    }
    begin = seconds();
    boot = rg_bootstrap_terms(&plan, terms, METRICS);
    for (size_t k = 0; k < METRICS; k++) {
        struct rg_estimate est = rg_bootstrap_interval(boot, k, RG_BOOTSTRAP_BCA, 0.95);

        width += (est.hi - est.lo) / METRICS;
    }
    end = seconds();
    printf("bootstrap, %d means of %zu queries, %" PRIu32 " resamples, %u threads: %.3f s, "
           "%.2f ns/draw (mean width %.6f)\n",
           METRICS, n, resamples, threads, end - begin,
           (end - begin) * 1e9 / (double)n / (double)resamples, width);
    rg_bootstrap_free(boot);
    for (int k = 0; k < METRICS; k++)
        free(x[k]);
    gsl_rng_free(rng);
    return 0;
}
