#include "replay/learn/mersenne.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum { SHIFT = 397 };

void
rg_mersenne_numpy(struct rg_mersenne *r, uint32_t seed)
{
    r->word[0] = seed;
    for (uint32_t i = 1; i < RG_MERSENNE_WORDS; i++)
        r->word[i] = 1812433253U * (r->word[i - 1] ^ (r->word[i - 1] >> 30)) + i;
    r->at = RG_MERSENNE_WORDS;
}

/* One step of init_by_array: word i from the one before it; wraps at the end. */
static uint32_t
mix(struct rg_mersenne *r, uint32_t i, uint32_t factor, uint32_t add)
{
    r->word[i] = (r->word[i] ^ ((r->word[i - 1] ^ (r->word[i - 1] >> 30)) * factor)) + add;
    if (++i < RG_MERSENNE_WORDS)
        return i;
    r->word[0] = r->word[RG_MERSENNE_WORDS - 1];
    return 1;
}

void
rg_mersenne_python(struct rg_mersenne *r, uint64_t seed)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t n = key[1] ? 2 : 1, i = 1, j = 0;

    rg_mersenne_numpy(r, 19650218U);
    for (unsigned k = 0; k < RG_MERSENNE_WORDS; k++) {
        i = mix(r, i, 1664525U, key[j] + j);
        j = j + 1 < n ? j + 1 : 0;
    }
    for (unsigned k = 1; k < RG_MERSENNE_WORDS; k++)
        i = mix(r, i, 1566083941U, 0U - i);
    r->word[0] = 0x80000000U;
    r->at = RG_MERSENNE_WORDS;
}

static void
refill(struct rg_mersenne *r)
{
    for (unsigned k = 0; k < RG_MERSENNE_WORDS; k++) {
        uint32_t y =
            (r->word[k] & 0x80000000U) | (r->word[(k + 1) % RG_MERSENNE_WORDS] & 0x7fffffffU);

        r->word[k] =
            r->word[(k + SHIFT) % RG_MERSENNE_WORDS] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfU : 0);
    }
    r->at = 0;
}

uint32_t
rg_mersenne_next(struct rg_mersenne *r)
{
    uint32_t y;

    if (r->at >= RG_MERSENNE_WORDS)
        refill(r);
    y = r->word[r->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
}

double
rg_mersenne_unit(struct rg_mersenne *r)
{
    uint32_t high = rg_mersenne_next(r) >> 5, low = rg_mersenne_next(r) >> 6;

    return (high * 67108864.0 + low) / 9007199254740992.0;
}

uint32_t
rg_mersenne_below(struct rg_mersenne *r, uint32_t n)
{
    unsigned bits = 0;
    uint32_t x;

    assert(n >= 1);
    while (bits < 32 && n >> bits)
        bits++;
    do
        x = rg_mersenne_next(r) >> (32 - bits);
    while (x >= n);
    return x;
}

void
rg_mersenne_shuffle(struct rg_mersenne *r, uint32_t *x, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        uint32_t j = rg_mersenne_below(r, (uint32_t)i + 1), t = x[i];

        x[i] = x[j];
        x[j] = t;
    }
}

/* Python draws from a shrinking pool when that takes less memory than a set of what was drawn. */
static double
set_size(uint32_t k)
{
    return k > 5 ? 21 + pow(4, ceil(log(k * 3.0) / log(4.0))) : 21;
}

void
rg_mersenne_sample(struct rg_mersenne *r, uint32_t n, uint32_t k, uint32_t *out)
{
    uint32_t *pool = rg_alloc(n, sizeof *pool);

    assert(k <= n);
    for (uint32_t i = 0; i < n; i++)
        pool[i] = i;
    for (uint32_t i = 0; i < k; i++) {
        uint32_t j;

        if (n <= set_size(k)) {
            j = rg_mersenne_below(r, n - i);
            out[i] = pool[j];
            pool[j] = pool[n - i - 1];
            continue;
        }
        /* A number that was drawn is marked by n. */
        do
            j = rg_mersenne_below(r, n);
        while (pool[j] == n);
        out[i] = j;
        pool[j] = n;
    }
    free(pool);
}

uint32_t
rg_mersenne_masked(struct rg_mersenne *r, uint32_t n)
{
    uint32_t mask = n - 1, x;

    assert(n >= 1);
    for (unsigned s = 1; s < 32; s *= 2)
        mask |= mask >> s;
    if (n == 1)
        return 0;
    do
        x = rg_mersenne_next(r) & mask;
    while (x >= n);
    return x;
}

void
rg_mersenne_numpy_shuffle(struct rg_mersenne *r, uint32_t *x, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        uint32_t j = rg_mersenne_masked(r, (uint32_t)i + 1), t = x[i];

        x[i] = x[j];
        x[j] = t;
    }
}
