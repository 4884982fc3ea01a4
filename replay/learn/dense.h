/* Kernels over dense row-major matrices, fast without a BLAS and with the same bytes on every
 * machine: each product is added up in one order, whatever the width of the vectors that the
 * processor has, and without fused operations. Where the program was configured with OpenBLAS, and
 * the processor has neither AVX2 nor AVX-512, OpenBLAS makes the large products of
 * rg_dense_products, whose last digits then depend on it and on the processor; beside those it
 * gains nothing. */
#ifndef RG_REPLAY_LEARN_DENSE_H
#define RG_REPLAY_LEARN_DENSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* out[i * m + j] = a_i . b_j for rows a_i of n x d and b_j of m x d; terms in ascending order, but
 * see above. */
void rg_dense_products(const double *a, size_t n, const double *b, size_t m, size_t d, double *out);

/* The same in a given way; false when the program or the processor does not have it, or the sizes
 * are beyond it. All but RG_DENSE_BLAS give the same bytes. */
enum rg_dense_way { RG_DENSE_PLAIN, RG_DENSE_AVX2, RG_DENSE_AVX512, RG_DENSE_BLAS };
bool rg_dense_products_by(enum rg_dense_way way, const double *a, size_t n, const double *b,
                          size_t m, size_t d, double *out);

/* x . y in eight partial sums by position mod 8. */
double rg_dense_dot(const double *x, const double *y, size_t d);

/* y += s x. */
void rg_dense_add(double *restrict y, double s, const double *restrict x, size_t d);

/* Squared Euclidean distance, terms in ascending order. */
double rg_dense_distance2(const double *x, const double *y, size_t d);

/* out (d x d) = sum over rows i of w[i] x_i x_i' (w NULL: 1); rows with w = 0 are not looked at. */
void rg_dense_gram(const double *x, const double *w, size_t n, size_t d, double *out);

/* Cholesky factor of the symmetric a (d x d) into its own lower half; false when it is not positive
 * definite. Then a x = b, in place. */
bool rg_dense_cholesky(double *a, size_t d);
void rg_dense_solve(const double *factor, size_t d, double *b);

/* Scales x to length 1; a zero vector stays. */
void rg_dense_normalise(double *x, size_t d);

/* Place of the first maximum of x[0..n), NaN never; n when there is none. */
size_t rg_dense_argmax(const double *x, size_t n);

#endif
