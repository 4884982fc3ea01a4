/* The random streams of CPython and NumPy, to the bit, so that published splits and draws can be
 * made again: MT19937 (M. Matsumoto, T. Nishimura, "Mersenne twister", ACM Transactions on Modeling
 * and Computer Simulation 8 (1998) 3-30) under the two ways of seeding and of turning words into
 * numbers that these projects use. Everything of our own draws from base/rng.h. */
#ifndef RG_REPLAY_LEARN_MERSENNE_H
#define RG_REPLAY_LEARN_MERSENNE_H

#include <stddef.h>
#include <stdint.h>

enum { RG_MERSENNE_WORDS = 624 };

struct rg_mersenne {
    uint32_t word[RG_MERSENNE_WORDS];
    unsigned at;
};

/* random.Random(seed), for 0 <= seed < 2^64 (init_by_array over its 32-bit parts). */
void rg_mersenne_python(struct rg_mersenne *r, uint64_t seed);
/* numpy.random.RandomState(seed) (init_genrand). */
void rg_mersenne_numpy(struct rg_mersenne *r, uint32_t seed);

uint32_t rg_mersenne_next(struct rg_mersenne *r);
/* Uniform in [0, 1) with 53 bits of two words: random() of both, rand() of NumPy. */
double rg_mersenne_unit(struct rg_mersenne *r);

/* Python's randrange(n), choice: bits of one word until they are below n; n >= 1. */
uint32_t rg_mersenne_below(struct rg_mersenne *r, uint32_t n);
/* random.shuffle, and random.sample(range(n), k), k <= n. */
void rg_mersenne_shuffle(struct rg_mersenne *r, uint32_t *x, size_t n);
void rg_mersenne_sample(struct rg_mersenne *r, uint32_t n, uint32_t k, uint32_t *out);

/* NumPy's legacy randint(0, n) and shuffle: masked words until one is below n. */
uint32_t rg_mersenne_masked(struct rg_mersenne *r, uint32_t n);
void rg_mersenne_numpy_shuffle(struct rg_mersenne *r, uint32_t *x, size_t n);

#endif
