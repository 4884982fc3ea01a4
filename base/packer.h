/* Blocks compressed in the background by threads (rg_pack_fast), and handed back in the order in
 * which they were put, so that what is made of them depends on no thread.
 *
 * One thread puts and takes; at most RG_PACKER_BLOCKS blocks and, beyond the first, about
 * RG_PACKER_BYTES bytes are under way. */
#ifndef RG_BASE_PACKER_H
#define RG_BASE_PACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { RG_PACKER_BLOCKS = 32, RG_PACKER_BYTES = 8 << 20 };

struct rg_packer;

struct rg_packed {
    int64_t tag;                /* as put */
    size_t raw_len;             /* bytes before */
    const struct rg_buf *bytes; /* compressed, or raw when that is not shorter; borrowed until the
                                   next call */
};

/* threads: 0 compresses in the calling thread, as happens when none can be started. They are
 * started with the second block: for one, no thread is worth it. */
struct rg_packer *rg_packer_new(unsigned threads);
void rg_packer_free(struct rg_packer *p); /* waits for blocks in work, drops them; NULL is fine */

/* No more may be put before one is taken. */
bool rg_packer_is_full(const struct rg_packer *p);

/* Puts the content of raw, which is emptied (it may get the memory of another). */
void rg_packer_put(struct rg_packer *p, struct rg_buf *raw, int64_t tag);

/* The oldest block; false: none is under way or, without wait, it is not ready. */
bool rg_packer_take(struct rg_packer *p, bool wait, struct rg_packed *out);

#endif
