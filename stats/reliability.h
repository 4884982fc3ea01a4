/* Is a stated confidence right as often as it says? The reliability table, and the expected and the
 * maximum calibration error: C. Guo et al., "On calibration of modern neural networks", ICML 2017,
 * section 2, with M bins of equal width, ((m - 1) / M, m / M]; a confidence of 0 is in the first.
 *
 *     ECE = sum over bins of n_m / n |accuracy_m - confidence_m|,   MCE = max of the same terms
 *
 * ECE depends on the bins and is, with few observations, above 0 also for perfect confidences. */
#ifndef RG_STATS_RELIABILITY_H
#define RG_STATS_RELIABILITY_H

#include <stddef.h>
#include <stdint.h>

enum { RG_RELIABILITY_BINS = 10 };

struct rg_reliability_bin {
    double lo, hi;     /* (lo, hi] */
    uint64_t n, right; /* observations, and those that were right */
    double confidence; /* mean; NaN when n is 0 */
    double accuracy;   /* right / n; NaN when n is 0 */
};

struct rg_reliability {
    uint64_t n, right;
    uint64_t left_out;                     /* confidence was NaN: no statement, no error */
    double confidence, accuracy, ece, mce; /* NaN when n is 0 */
};

/* Of confidence[0..n), each in [0, 1] or NaN, and right[0..n), 0 or not; bin[0..bins), bins >= 1,
 * is filled. Means are compensated sums in the order of the observations. */
struct rg_reliability rg_reliability_table(const double *confidence, const uint8_t *right, size_t n,
                                           struct rg_reliability_bin *bin, size_t bins);

#endif
