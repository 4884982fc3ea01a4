/* zlib-compressed byte strings, for a database. */
#ifndef RG_BASE_PACK_H
#define RG_BASE_PACK_H

#include "base/buf.h"

/* Append the compressed form of bytes[0..n) to out, or the bytes themselves when compression would
 * not make them shorter: then exactly n bytes are appended. Readers tell by the length. The same
 * bytes on every machine that has the same zlib. */
void rg_pack(struct rg_buf *out, const void *bytes, size_t n);

/* The same for speed, by ISA-L where configure found it, else by zlib's fastest level; the bytes
 * depend on which, and any reader of zlib's format reads both. room is scratch space: empty at
 * first, and to be handed over from call to call. */
void rg_pack_fast(struct rg_buf *out, const void *bytes, size_t n, struct rg_buf *room);

/* Append the raw_len bytes that packed[0..n) stands for to out. RG_EINPUT (text "damaged ...") when
 * it does not give exactly raw_len bytes. */
RG_MUST_USE enum rg_status rg_unpack(struct rg_buf *out, const void *packed, size_t n,
                                     size_t raw_len, struct rg_err *err);

#endif
