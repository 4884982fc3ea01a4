/* Random streams keyed by (seed, replication, purpose): counter-based generators of Random123
 * (Philox 4x64-10; J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011)
 * behind GSL's interface, so that every gsl_ran_* and gsl_rng_uniform* works on them.
 *
 * Streams with different keys are independent; a draw in one never moves another, which is what
 * makes common random numbers across cells and results independent of threads possible. */
#ifndef RG_BASE_RNG_H
#define RG_BASE_RNG_H

#include <stdint.h>

#include <gsl/gsl_rng.h>

/* What a stream is used for. Never renumber: results depend on it. */
enum rg_purpose {
    RG_PURPOSE_ARRIVALS = 1,
    RG_PURPOSE_QUERIES = 2, /* order of the queries */
    RG_PURPOSE_SAMPLES = 3, /* which recorded repeat of a call */
    RG_PURPOSE_ROUTER = 4,
    RG_PURPOSE_SERVICE = 5,
    RG_PURPOSE_BOOTSTRAP = 6,
    RG_PURPOSE_GENERATE = 7, /* + sub-purposes above 100 */
    RG_PURPOSE_TEST = 99,
};

/* A new stream at its beginning; release with gsl_rng_free. */
gsl_rng *rg_rng_new(uint64_t seed, uint64_t replication, uint32_t purpose);

/* Uniform integer in [0, n), n >= 1, without modulo bias. */
uint64_t rg_rng_below(gsl_rng *rng, uint64_t n);

/* Uniform in [0, 1) with 53 bits. */
double rg_rng_unit(gsl_rng *rng);

/* Fisher-Yates shuffle of index[0..n). */
void rg_rng_shuffle(gsl_rng *rng, uint32_t *index, uint64_t n);

#endif
