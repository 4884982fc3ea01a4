#include "base/digest.h"

#include <stdio.h>
#include <stdlib.h>

#include <xxhash.h>

#include "base/mem.h"

void
rg_digest_add(struct rg_digest *d, const void *bytes, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(n > 0 ? bytes : "", n);

    d->hash = rg_grow(d->hash, &d->cap, d->n + 1, sizeof *d->hash);
    d->hash[d->n][0] = h.high64;
    d->hash[d->n][1] = h.low64;
    d->n++;
}

static int
compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    if (x[0] != y[0])
        return x[0] < y[0] ? -1 : 1;
    return (x[1] > y[1]) - (x[1] < y[1]);
}

void
rg_digest_hex(struct rg_digest *d, char out[RG_DIGEST_HEX])
{
    XXH3_state_t *state = XXH3_createState();
    XXH128_hash_t sum;

    if (!state)
        rg_mem_fail(sizeof(XXH128_hash_t));
    if (d->n > 1)
        qsort(d->hash, d->n, sizeof *d->hash, compare);
    XXH3_128bits_reset(state);
    for (size_t i = 0; i < d->n; i++) {
        XXH128_hash_t h = {.high64 = d->hash[i][0], .low64 = d->hash[i][1]};
        XXH128_canonical_t bytes; /* big-endian: the same on every machine */

        XXH128_canonicalFromHash(&bytes, h);
        XXH3_128bits_update(state, &bytes, sizeof bytes);
    }
    sum = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(out, RG_DIGEST_HEX, "%016llx%016llx", (unsigned long long)sum.high64,
             (unsigned long long)sum.low64);
}

void
rg_digest_clear(struct rg_digest *d)
{
    free(d->hash);
    *d = (struct rg_digest){0};
}
