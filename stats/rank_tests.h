/* Tests on ranks: Wilcoxon's signed rank test of paired differences, Friedman's test of k related
 * columns, and Nemenyi's comparison of all pairs behind it. Ties share the mean of their ranks. */
#ifndef RG_STATS_RANK_TESTS_H
#define RG_STATS_RANK_TESTS_H

#include <stddef.h>

#include "stats/hypothesis.h"

/* ranks[i] of x[i] among x[0..n), from 1 for the smallest, ties sharing their mean; no NaN. Returns
 * the sum of t^3 - t over the groups of t tied values; *tied (may be NULL): values in such groups.
 */
double rg_ranks(const double *x, size_t n, double *ranks, size_t *tied);

/* Differences of 0 in the signed rank test: left out before ranking (F. Wilcoxon, 1949), or ranked
 * with the others and left out then (J. W. Pratt, JASA 54 (1959) 655-667). */
enum rg_zeros { RG_ZEROS_WILCOXON, RG_ZEROS_PRATT };

enum { RG_SIGNED_RANK_EXACT = 50 }; /* differences other than 0 up to which p is exact */

/* Wilcoxon signed rank test (Biometrics Bulletin 1 (1945) 80-83) of n differences being symmetric
 * about 0. statistic: the sum of the ranks of positive differences. estimate: the matched-pairs
 * rank-biserial correlation, (positive - negative) / (positive + negative) rank sum (D. S. Kerby,
 * Comprehensive Psychology 3 (2014) 11.IT.3.1), between -1 and 1.
 *
 * Exact: the distribution over all 2^m assignments of signs to the m ranks found, ties and zeros as
 * they are, by convolution of doubled ranks (which are whole numbers). For more differences:
 * normal approximation with the variance of the ranks found (a correction for ties and zeros) and
 * continuity correction 1/2. Infinite differences have the highest ranks. */
struct rg_test rg_signed_rank(const double *d, size_t n, enum rg_zeros zeros, enum rg_tail tail);

/* Friedman's test of k columns on n units, x[i * k + j], no NaN; mean_ranks (k values, may be NULL)
 * is set. M. Friedman, JASA 32 (1937) 675-701. .chi2: statistic with correction for ties, df k - 1;
 * its estimate is Kendall's W. .f: R. L. Iman, J. M. Davenport, Communications in Statistics A 9
 * (1980) 571-595, F = (n - 1) chi2 / (n (k - 1) - chi2), which keeps its level better; infinite
 * with p 0 where all units agree. Undefined for n < 2, k < 2 and where each unit's values are all
 * equal. */
struct rg_friedman {
    struct rg_test chi2, f;
};
struct rg_friedman rg_friedman(const double *x, size_t n, size_t k, double *mean_ranks);

/* Nemenyi's critical difference of mean ranks: pairs further apart differ at the family-wise level
 * alpha; and the p of one pair. J. Demsar, Journal of Machine Learning Research 7 (2006) 1-30,
 * section 3.2.2: q sqrt(k (k + 1) / (6 n)) with q the upper quantile of the studentized range of k
 * over sqrt(2). k >= 2, n >= 1. */
double rg_nemenyi_critical(size_t n, size_t k, double alpha);
double rg_nemenyi_p(double mean_rank_a, double mean_rank_b, size_t n, size_t k);

#endif
