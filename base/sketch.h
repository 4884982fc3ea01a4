/* Quantiles of a stream of non-negative numbers in bounded memory.
 *
 * The first RG_SKETCH_EXACT values are kept and give exact quantiles. From then on values are
 * counted in bins that share the sign, the exponent and the first 11 bits of the mantissa, so that
 * a quantile is off by at most 2^-12 (0.025 %) of itself, with about 1.3 MB whatever the number of
 * values. (The idea of bins of constant relative width: C. Masson, J. E. Rim, H. K. Lee,
 * "DDSketch", PVLDB 12 (2019) 2195-2205; cutting the bits of the number instead of taking a
 * logarithm gives the same counts on any IEEE-754 machine.) Initialise with {0}. */
#ifndef RG_BASE_SKETCH_H
#define RG_BASE_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RG_SKETCH_EXACT = 1 << 16 };

struct rg_sketch {
    uint64_t n;
    double *exact; /* the first values; NULL once they are binned */
    size_t cap;
    bool sorted; /* exact is in order */
    uint64_t *bins;
};

/* x >= 0 and finite. Values outside [2^-40, 2^40] count as the nearer end, 0 as 0. */
void rg_sketch_add(struct rg_sketch *s, double x);

/* Quantile q in [0, 1], type 7 as rg_quantile7; NaN for n = 0. */
double rg_sketch_quantile(struct rg_sketch *s, double q);

/* Quantiles 0, 1 / n, 2 / n, ..., 1 to out[0..n], in one pass. n >= 1. */
void rg_sketch_quantiles(struct rg_sketch *s, size_t n, double *out);

void rg_sketch_clear(struct rg_sketch *s);

#endif
