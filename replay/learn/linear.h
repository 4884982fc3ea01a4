/* Linear models of scores, one for each model: by least squares, by logistic loss, and by the
 * absolute loss of support vector regression. A constant 1 stands behind the d numbers of a vector;
 * its coefficient is held at 0 like the others. */
#ifndef RG_REPLAY_LEARN_LINEAR_H
#define RG_REPLAY_LEARN_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* w (m x (d + 1)) from x (n x d) and y (n x m; NaN rows left out of their model): the least of
 * |X w - y|^2 + lambda |w|^2, by Cholesky. lambda > 0. */
void rg_linear_ridge(const double *x, const double *y, size_t n, size_t d, size_t m, double lambda,
                     double *w);

/* One model: the least of the sum of -y ln p - (1 - y) ln(1 - p) and lambda |w|^2 / 2 for p = 1 /
 * (1 + exp(-X w)), y in [0, 1] (cut to it). Newton steps from 0 until none exceeds 1e-14, at most
 * 100; above 512 numbers the steps are found by conjugate gradients, which ends at the same w to
 * about 1e-9. y has n numbers, stride apart. */
void rg_linear_logistic(const double *x, const double *y, size_t stride, size_t n, size_t d,
                        double lambda, double *w);

/* One model: the least of |w|^2 / 2 + c sum |X w - y| (support vector regression without a tube) by
 * dual coordinate descent: C.-H. Ho, C.-J. Lin, "Large-scale linear support vector regression",
 * JMLR 13 (2012) 3323-3348, algorithm 3. */
void rg_linear_svr(const double *x, const double *y, size_t stride, size_t n, size_t d, double c,
                   uint64_t seed, double *w);

/* out (n x m) = X w'. */
void rg_linear_apply(const double *x, const double *w, size_t n, size_t d, size_t m, double *out);

double rg_linear_sigmoid(double x);

#endif
