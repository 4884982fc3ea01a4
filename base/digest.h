/* A digest of a set of records that does not depend on their order.
 *
 * Each record is hashed with XXH3-128, the hashes are sorted and hashed again. It tells equal
 * content from different content; it is not cryptographic and no signature. Initialise with {0}. */
#ifndef RG_BASE_DIGEST_H
#define RG_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { RG_DIGEST_HEX = 33 }; /* 32 hexadecimal digits and a NUL */

struct rg_digest {
    uint64_t (*hash)[2];
    size_t n, cap;
};

void rg_digest_add(struct rg_digest *d, const void *bytes, size_t n);
void rg_digest_hex(struct rg_digest *d, char out[RG_DIGEST_HEX]); /* sorts in place */
void rg_digest_clear(struct rg_digest *d);

#endif
