/* Robust linear regression with relative residuals and non-negative coefficients.
 *
 * y_i = (sum over j of coef_j x_ij) * e_i with noise e_i of median 1: what a service time is made
 * of (a constant, so much per token), disturbed by a factor. coef_j >= 0. Found by M-estimation
 * with Tukey's bisquare (gsl_multifit_robust, its constant 4.685) on the residuals (y_i - fit_i) /
 * s_i, where s_i is the fitted value of the round before: dividing by y_i itself, as is often done,
 * draws the fit down by about 1.5 variances of the noise, and leaves GSL a response of 1 without
 * any spread, for which it takes sigma = 1 and so treats nothing as an outlier. At the end the
 * coefficients are scaled so that y_i / fit_i has median 1.
 *
 * A column whose coefficient comes out negative is dropped (the one that takes most from the fit
 * first) and the rest is fitted again, as in serving practice; it is not the exact non-negative
 * optimum where several columns are involved. */
#ifndef RG_STATS_ROBUST_H
#define RG_STATS_ROBUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RG_ROBUST_MAX = 4 }; /* columns */

struct rg_robust {
    size_t n, p;
    double coef[RG_ROBUST_MAX];  /* 0 where dropped */
    bool dropped[RG_ROBUST_MAX]; /* came out negative */
    double sigma;                /* of the relative residuals, by their median absolute deviation */
    double *scale;               /* s_i */
};

/* x is n rows of p columns, y > 0; 1 <= p <= RG_ROBUST_MAX, p <= n, columns of full rank and each
 * >= 0 with a positive sum. Release with rg_robust_clear. */
void rg_robust_fit(struct rg_robust *f, const double *x, const double *y, size_t n, size_t p);
void rg_robust_clear(struct rg_robust *f);

/* The coefficients again for rows taken counts[i] times, with the scales of f and beginning at its
 * coefficients: what a bootstrap needs. At least one count must not be 0. */
void rg_robust_refit(const struct rg_robust *f, const double *x, const double *y,
                     const uint32_t *counts, double coef[RG_ROBUST_MAX]);

/* Numerical rank of the first p columns of x (n rows of `width`), columns brought to one length:
 * singular values below 1e-6 of the largest count as 0. */
size_t rg_robust_rank(const double *x, size_t n, size_t width, size_t p);

#endif
