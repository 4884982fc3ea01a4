/* A gzip member decompressed piece by piece: by ISA-L where configure found it (two to three times
 * the speed), else by zlib. Both accept the same members, but that ISA-L does not look at reserved
 * flags of a header. */
#ifndef RG_BASE_INFLATE_H
#define RG_BASE_INFLATE_H

#include <stddef.h>

struct rg_inflate;

enum rg_inflate_end {
    RG_INFLATE_MORE, /* the input is used up, or the output full */
    RG_INFLATE_END,  /* the member has ended, with the checksum and length that it states */
    RG_INFLATE_BAD,  /* it is damaged; what came before is good as far as anybody can tell */
};

struct rg_inflate *rg_inflate_new(void);
void rg_inflate_free(struct rg_inflate *z); /* NULL is fine */

/* The next bytes are those of another member. */
void rg_inflate_reset(struct rg_inflate *z);

/* Decompresses from *in (n_in bytes, below 2^32) to *out (n_out); all four are moved on past what
 * was used and made. *why, for RG_INFLATE_BAD: what is wrong, a static text. */
enum rg_inflate_end rg_inflate_run(struct rg_inflate *z, const char **in, size_t *n_in, char **out,
                                   size_t *n_out, const char **why);

#endif
