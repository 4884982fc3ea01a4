#include "base/rng.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <Random123/philox.h>

#include "base/mem.h"

#if ULONG_MAX != UINT64_MAX
#error "gsl_rng_get must be able to return 64 bits"
#endif

/* Blocks of four words made at a time: they are independent, so the processor overlaps them. */
enum { BLOCKS = RG_RNG_WORDS / 4 };

/* Key (seed, purpose); counter (blocks made, 0, 0, replication): no two streams share a block. */
struct state {
    struct rg_rng_buffer buffer;
    philox4x64_key_t key;
    philox4x64_ctr_t ctr;
};

/* philox4x64_R(10, counter, key) block by block, spelt out: as one loop over scalars the compiler
 * keeps a block in registers, and the processor works on several at a time. rg_rng_unit_at uses the
 * library's own, and tests compare them. */
static void
refill(struct state *st)
{
    __extension__ typedef unsigned __int128 wide;

    for (int i = 0; i < BLOCKS; i++) {
        uint64_t k0 = st->key.v[0], k1 = st->key.v[1];
        uint64_t c0 = st->ctr.v[0]++, c1 = st->ctr.v[1], c2 = st->ctr.v[2], c3 = st->ctr.v[3];

#pragma GCC unroll 10
        for (int r = 0; r < 10; r++) {
            wide a = (wide)PHILOX_M4x64_0 * c0;
            wide b = (wide)PHILOX_M4x64_1 * c2;

            c0 = (uint64_t)(b >> 64) ^ c1 ^ k0;
            c1 = (uint64_t)b;
            c2 = (uint64_t)(a >> 64) ^ c3 ^ k1;
            c3 = (uint64_t)a;
            k0 += PHILOX_W64_0;
            k1 += PHILOX_W64_1;
        }
        st->buffer.word[4 * i] = c0;
        st->buffer.word[4 * i + 1] = c1;
        st->buffer.word[4 * i + 2] = c2;
        st->buffer.word[4 * i + 3] = c3;
    }
    st->buffer.used = 0;
}

static inline uint64_t
next(struct state *st)
{
    if (st->buffer.used == RG_RNG_WORDS)
        refill(st);
    return st->buffer.word[st->buffer.used++];
}

void
rg_rng_refill(gsl_rng *rng)
{
    refill(rng->state);
}

static inline double
unit(uint64_t word)
{
    return (double)(word >> 11) * 0x1p-53;
}

static void
restart(struct state *st, uint64_t seed, uint64_t purpose, uint64_t replication)
{
    *st = (struct state){.buffer.used = RG_RNG_WORDS};
    st->key.v[0] = seed;
    st->key.v[1] = purpose;
    st->ctr.v[3] = replication;
}

static void
philox_set(void *state, unsigned long seed)
{
    restart(state, seed, 0, 0);
}

static unsigned long
philox_get(void *state)
{
    return next(state);
}

static double
philox_get_double(void *state)
{
    return unit(next(state));
}

static const gsl_rng_type philox_type = {
    .name = "philox4x64-10",
    .max = ULONG_MAX,
    .min = 0,
    .size = sizeof(struct state),
    .set = philox_set,
    .get = philox_get,
    .get_double = philox_get_double,
};

static struct state *
state_of(gsl_rng *rng)
{
    assert(rng->type == &philox_type);
    return rng->state;
}

gsl_rng *
rg_rng_new(uint64_t seed, uint64_t replication, uint32_t purpose)
{
    gsl_rng *rng = gsl_rng_alloc(&philox_type);

    if (!rng)
        rg_mem_fail(sizeof(struct state));
    restart(rng->state, seed, purpose, replication);
    return rng;
}

/* D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019), algorithm 5. */
uint64_t
rg_rng_below(gsl_rng *rng, uint64_t n)
{
    __extension__ typedef unsigned __int128 wide;
    struct state *st = state_of(rng);
    wide m;

    assert(n >= 1);
    m = (wide)next(st) * n;
    if ((uint64_t)m < n) {
        uint64_t least = -n % n;

        while ((uint64_t)m < least)
            m = (wide)next(st) * n;
    }
    return (uint64_t)(m >> 64);
}

/* Lemire's method on the low `bits` bits of a word: count the draw; false if they are among the
 * 2^bits mod n pieces (`least`) that would make some numbers likelier than others. */
static inline bool
count_one(uint64_t word, uint64_t n, uint64_t least, int bits, uint32_t *count)
{
    uint64_t mask = (UINT64_C(1) << bits) - 1, m = (word & mask) * n;

    if ((m & mask) < least)
        return false;
    count[m >> bits]++;
    return true;
}

/* Three from a word; of the last one as many as are wanted. Up to n = 2^16 less than one piece in
 * 32 is thrown away. */
static void
count_thirds(struct state *st, uint64_t n, uint64_t draws, uint32_t *count)
{
    uint64_t least = (UINT64_C(1) << 21) % n;

    while (draws >= 3) {
        uint64_t word = next(st);

        draws -= count_one(word, n, least, 21, count);
        draws -= count_one(word >> 21, n, least, 21, count);
        draws -= count_one(word >> 42, n, least, 21, count);
    }
    while (draws > 0) {
        uint64_t word = next(st);

        for (int i = 0; i < 3 && draws > 0; i++)
            draws -= count_one(word >> 21 * i, n, least, 21, count);
    }
}

static void
count_halves(struct state *st, uint64_t n, uint64_t draws, uint32_t *count)
{
    uint64_t least = (UINT64_C(1) << 32) % n;

    while (draws > 0) {
        uint64_t word = next(st);

        draws -= count_one(word, n, least, 32, count);
        if (draws > 0)
            draws -= count_one(word >> 32, n, least, 32, count);
    }
}

void
rg_rng_counts(gsl_rng *rng, uint32_t n, uint64_t draws, uint32_t *count)
{
    if (draws == 0)
        return;
    assert(n >= 1);
    if (n <= 1 << 16)
        count_thirds(state_of(rng), n, draws, count);
    else
        count_halves(state_of(rng), n, draws, count);
}

double
rg_rng_unit(gsl_rng *rng)
{
    return unit(next(state_of(rng)));
}

double
rg_rng_unit_at(uint64_t seed, uint64_t replication, uint32_t purpose, uint64_t i)
{
    philox4x64_key_t key = {{seed, purpose}};
    philox4x64_ctr_t ctr = {{i / 4, 0, 0, replication}};

    return unit(philox4x64_R(10, ctr, key).v[i % 4]);
}

void
rg_rng_shuffle(gsl_rng *rng, uint32_t *index, uint64_t n)
{
    for (uint64_t i = n; i > 1; i--) {
        uint64_t j = rg_rng_below(rng, i);
        uint32_t t = index[i - 1];

        index[i - 1] = index[j];
        index[j] = t;
    }
}
