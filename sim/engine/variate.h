/* Exponential variates, fast and without the platform's logarithm.
 *
 * The ziggurat of G. Marsaglia, W. W. Tsang, "The ziggurat method for generating random variables",
 * Journal of Statistical Software 5 (2000) issue 8, with 256 layers, and with index and position
 * taken from different bits of one 64-bit word (J. A. Doornik, "An improved ziggurat method to
 * generate normal random samples", 2005). The tables are constants, so nearly every variate is a
 * comparison and a product: the same on every machine with IEEE-754 doubles. */
#ifndef RG_SIM_ENGINE_VARIATE_H
#define RG_SIM_ENGINE_VARIATE_H

#include <stdint.h>

#include <gsl/gsl_rng.h>

#include "base/rng.h"

enum { RG_VARIATE_LAYERS = 256 };

/* Widths of the layers, from the bottom to the top: layer i >= 1 reaches from exp(-x[i]) up to
 * exp(-x[i + 1]); x[0] is the width of the rectangle that replaces the bottom layer with its tail.
 */
extern const double rg_variate_exp_x[RG_VARIATE_LAYERS + 1];

/* The 1 % of cases in which x is not in the part of its layer that lies wholly below the curve. */
double rg_variate_exp_edge(gsl_rng *rng, unsigned layer, double x);

/* Exponential with mean 1. rng must come from rg_rng_new: all 64 bits of its words are used. */
static inline double
rg_variate_exp(gsl_rng *rng)
{
    uint64_t word = rg_rng_word(rng);
    unsigned layer = word & (RG_VARIATE_LAYERS - 1);
    double x = (double)(word >> 11) * 0x1p-53 * rg_variate_exp_x[layer];

    return x < rg_variate_exp_x[layer + 1] ? x : rg_variate_exp_edge(rng, layer, x);
}

#endif
