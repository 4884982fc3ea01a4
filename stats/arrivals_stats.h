/* What a recorded arrival process looks like: rate, burstiness, and which law its gaps follow.
 *
 * Counts are those of full intervals from the first arrival on; an arrival at the very end of the
 * last full interval belongs to the next one. Shapes are maximum-likelihood estimates from the
 * positive gaps (zero gaps, arrivals at one time, have no density under either law and are counted
 * apart): gamma by log k - psi(k) = log(mean) - mean(log), Weibull by its profile likelihood, e.g.
 * N. L. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions 1, 2nd ed., 1994,
 * sections 17.7 and 21.4. Log-likelihoods are in natural units with gaps in seconds; the larger,
 * the better the law. A shape of 1 is the exponential law of both.
 *
 * What is not defined is NaN: everything but n for n = 0, all about gaps for n = 1 or a span of 0,
 * shapes for fewer than two positive gaps or gaps that are all equal. */
#ifndef RG_STATS_ARRIVALS_STATS_H
#define RG_STATS_ARRIVALS_STATS_H

#include <stddef.h>

struct rg_arrivals_counts { /* of arrivals per full interval */
    size_t n;               /* intervals; the rest is NaN for 0, vmr and lag1 also for 1 */
    double min, mean, max;
    double vmr;  /* variance over mean: 1 for a Poisson process */
    double lag1; /* autocorrelation of neighbouring intervals; NaN for equal counts */
};

struct rg_arrivals_law {
    double shape, scale;   /* scale in s */
    double log_likelihood; /* of the positive gaps */
};

struct rg_arrivals_stats {
    size_t n, zero_gaps;
    double span_s; /* first to last */
    double rate;   /* n / span, 1/s */
    double gap_cv;
    struct rg_arrivals_counts minute, second;
    struct rg_arrivals_law gamma, weibull, exponential; /* the last one's shape is 1 */
};

/* at_s[0..n): finite, ascending. */
void rg_arrivals_stats_of(struct rg_arrivals_stats *stats, const double *at_s, size_t n);

/* Index of the first of n times that is not finite or before its predecessor; n: none. */
size_t rg_arrivals_stats_unsorted(const double *at_s, size_t n);

#endif
