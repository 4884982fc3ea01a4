/* Distributions of normal quantities divided by an estimated standard deviation that GSL lacks: the
 * studentized range and the non-central t.
 *
 * Both are expectations over S = sqrt(chi^2(df) / df). With u = log S the density is proportional
 * to exp(df (u - (exp(2 u) - 1) / 2)), which is analytic and decays on both sides, so that the
 * trapezoidal rule on the whole line converges exponentially (L. N. Trefethen, J. A. C. Weideman,
 * SIAM Review 56 (2014) 385-458). Absolute errors are about 1e-13; upper tails of the range keep
 * their relative accuracy for df = infinity. */
#ifndef RG_STATS_STUDENTIZED_H
#define RG_STATS_STUDENTIZED_H

/* P(range of k standard normals / S > q): M. D. Copenhaver, B. Holland, Journal of Statistical
 * Computation and Simulation 30 (1988) 1-15, section 2, written for the upper tail. k >= 2 (whole
 * or not), df >= 1, INFINITY for a known standard deviation. 1 for q <= 0. */
double rg_studentized_range_Q(double q, double k, double df);

/* The q whose upper tail is p, 0 < p < 1. */
double rg_studentized_range_Qinv(double p, double k, double df);

/* P((Z + shift) / S <= t) and its complement: non-central t with df > 0 degrees of freedom. */
double rg_noncentral_t_P(double t, double df, double shift);
double rg_noncentral_t_Q(double t, double df, double shift);

#endif
