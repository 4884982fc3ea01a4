#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/pack.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <zlib.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "base/mem.h"

/* Deflate never expands more than this (zlib's technical details). */
enum { RATIO_MAX = 1032 };

/* Nothing larger occurs, and nothing smaller gets shorter. */
static bool
is_worth(size_t n)
{
    return n >= 2 && n < UINT_MAX;
}

/* Starts a stream whose tables are no larger than n bytes of text need: clearing zlib's full tables
 * takes longer than compressing a short text. */
static void
deflate_begin(z_stream *z, size_t n, int level)
{
    int window = 9; /* zlib's own minimum: 8 is not usable */
    int memory;

    while (window < 15 && ((size_t)1 << window) < n)
        window++;
    memory = window - 7;
    *z = (z_stream){0};
    if (deflateInit2(z, level, Z_DEFLATED, window, memory, Z_DEFAULT_STRATEGY) != Z_OK)
        rg_mem_fail((size_t)1 << 18);
}

static void
pack(struct rg_buf *out, const void *bytes, size_t n, int level)
{
    z_stream z;
    int rc;

    if (!is_worth(n)) {
        rg_buf_add(out, bytes, n);
        return;
    }
    deflate_begin(&z, n, level);
    z.next_in = (z_const Bytef *)bytes;
    z.avail_in = (uInt)n;
    /* With room for less than n bytes, running out of it means "not shorter". */
    z.next_out = (Bytef *)rg_buf_reserve(out, n);
    z.avail_out = (uInt)(n - 1);
    rc = deflate(&z, Z_FINISH);
    if (rc == Z_STREAM_END) {
        out->len += z.total_out;
        out->data[out->len] = '\0';
    }
    deflateEnd(&z);
    if (rc != Z_STREAM_END)
        rg_buf_add(out, bytes, n);
}

void
rg_pack(struct rg_buf *out, const void *bytes, size_t n)
{
    pack(out, bytes, n, Z_DEFAULT_COMPRESSION);
}

static enum rg_status
damaged(struct rg_err *err, const char *why)
{
    return rg_err_set(err, RG_EINPUT, "damaged compressed text: %s", why);
}

#ifdef HAVE_ISAL

void
rg_pack_fast(struct rg_buf *out, const void *bytes, size_t n, struct rg_buf *room)
{
    struct isal_zstream *z;

    if (!is_worth(n)) {
        rg_buf_add(out, bytes, n);
        return;
    }
    rg_buf_reset(room);
    z = (struct isal_zstream *)(void *)rg_buf_reserve(room, sizeof *z + ISAL_DEF_LVL1_DEFAULT);
    isal_deflate_stateless_init(z);
    z->end_of_stream = 1;
    z->flush = NO_FLUSH;
    z->gzip_flag = IGZIP_ZLIB;
    z->level = 1;
    z->level_buf = (uint8_t *)(z + 1);
    z->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    z->next_in = (uint8_t *)(uintptr_t)bytes;
    z->avail_in = (uint32_t)n;
    z->next_out = (uint8_t *)rg_buf_reserve(out, n);
    z->avail_out = (uint32_t)n - 1;
    if (isal_deflate_stateless(z) != COMP_OK || z->avail_in > 0) {
        rg_buf_add(out, bytes, n);
        return;
    }
    out->len += z->total_out;
    out->data[out->len] = '\0';
}

/* Exactly made bytes from exactly n? */
static const char *
inflate_all(char *to, size_t made, const void *packed, size_t n)
{
    struct inflate_state *z;
    const char *why = NULL;
    int rc;

    if (made > UINT32_MAX || n > UINT32_MAX)
        return "impossible length";
    z = rg_alloc(1, sizeof *z);
    isal_inflate_init(z);
    z->crc_flag = ISAL_ZLIB;
    z->next_in = (uint8_t *)(uintptr_t)packed;
    z->avail_in = (uint32_t)n;
    z->next_out = (uint8_t *)to;
    z->avail_out = (uint32_t)made;
    rc = isal_inflate_stateless(z);
    if (rc < 0 || rc == ISAL_NEED_DICT)
        why = "not zlib data";
    else if (rc != ISAL_DECOMP_OK || z->block_state != ISAL_BLOCK_FINISH || z->avail_in > 0 ||
             z->avail_out > 0)
        why = "wrong length";
    free(z);
    return why;
}

#else

void
rg_pack_fast(struct rg_buf *out, const void *bytes, size_t n, struct rg_buf *room)
{
    (void)room;
    pack(out, bytes, n, Z_BEST_SPEED);
}

static const char *
inflate_all(char *to, size_t made, const void *packed, size_t n)
{
    uLong used = n;
    uLongf got = made;
    int rc = uncompress2((Bytef *)to, &got, packed, &used);

    if (rc == Z_MEM_ERROR)
        rg_mem_fail(made);
    if (rc == Z_OK && got == made && used == n)
        return NULL;
    return rc == Z_DATA_ERROR ? "not zlib data" : "wrong length";
}

#endif

enum rg_status
rg_unpack(struct rg_buf *out, const void *packed, size_t n, size_t raw_len, struct rg_err *err)
{
    const char *why;
    char *p;

    if (n == raw_len) {
        rg_buf_add(out, packed, n);
        return RG_OK;
    }
    /* The length comes from a file: it must be possible before memory is taken for it. */
    if (n > raw_len || raw_len / RATIO_MAX > n)
        return damaged(err, "impossible length");
    p = rg_buf_reserve(out, raw_len);
    why = inflate_all(p, raw_len, packed, n);
    if (why) {
        out->data[out->len] = '\0';
        return damaged(err, why);
    }
    out->len += raw_len;
    out->data[out->len] = '\0';
    return RG_OK;
}
