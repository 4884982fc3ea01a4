/* Sorting numbers, and quantiles of sorted ones. */
#ifndef RG_BASE_SORT_H
#define RG_BASE_SORT_H

#include <stddef.h>

/* Quantile q in [0, 1] of sorted x[0..n), type 7 of R. J. Hyndman and Y. Fan, "Sample quantiles in
 * statistical packages", The American Statistician 50 (1996) 361-365: linear interpolation at
 * (n - 1) q. NaN for n = 0. */
double rg_quantile7(const double *sorted, size_t n, double q);

/* Sort n doubles ascending (no NaN); -0 comes before 0. Needs room for 16 n bytes. */
void rg_sort(double *x, size_t n);

#endif
