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
    RG_PURPOSE_SPLIT = 8,    /* train and test queries */
    RG_PURPOSE_LEARNING = 9, /* of routers that learn: part of their state */
    RG_PURPOSE_POOLS = 10,   /* of candidate models */
    RG_PURPOSE_TEST = 99,
};

/* A new stream at its beginning; release with gsl_rng_free. */
gsl_rng *rg_rng_new(uint64_t seed, uint64_t replication, uint32_t purpose);

/* --- the next 64 random bits, inline: a stream made by rg_rng_new begins with this ------------ */
enum { RG_RNG_WORDS = 128 };
struct rg_rng_buffer {
    uint64_t word[RG_RNG_WORDS];
    unsigned used; /* words that were handed out */
};
void rg_rng_refill(gsl_rng *rng);

static inline uint64_t
rg_rng_word(gsl_rng *rng)
{
    struct rg_rng_buffer *b = rng->state;

    if (__builtin_expect(b->used == RG_RNG_WORDS, 0))
        rg_rng_refill(rng);
    return b->word[b->used++];
}

/* Uniform integer in [0, n), n >= 1, without modulo bias. */
uint64_t rg_rng_below(gsl_rng *rng, uint64_t n);

/* Uniform in [0, 1) with 53 bits. */
double rg_rng_unit(gsl_rng *rng);

/* What the i-th call (from 0) of rg_rng_unit would give on a new stream. */
double rg_rng_unit_at(uint64_t seed, uint64_t replication, uint32_t purpose, uint64_t i);

/* Draw `draws` uniform integers in [0, n) and count them in count[0..n), which is not cleared: what
 * a bootstrap needs. Several from each 64-bit word, so these are other numbers than rg_rng_below's.
 * n >= 1 unless draws is 0. */
void rg_rng_counts(gsl_rng *rng, uint32_t n, uint64_t draws, uint32_t *count);

/* Fisher-Yates shuffle of index[0..n). */
void rg_rng_shuffle(gsl_rng *rng, uint32_t *index, uint64_t n);

#endif
