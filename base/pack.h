/* zlib-compressed byte strings, for texts in a database. */
#ifndef RG_BASE_PACK_H
#define RG_BASE_PACK_H

#include "base/buf.h"

/* Append the compressed form of bytes[0..n) to out, or the bytes themselves when compression would
 * not make them shorter: then exactly n bytes are appended. Readers tell by the length. */
void rg_pack(struct rg_buf *out, const void *bytes, size_t n);

/* Append the raw_len bytes that packed[0..n) stands for to out. RG_EINPUT (text "damaged ...") when
 * it does not give exactly raw_len bytes. */
RG_MUST_USE enum rg_status rg_unpack(struct rg_buf *out, const void *packed, size_t n,
                                     size_t raw_len, struct rg_err *err);

#endif
