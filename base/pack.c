#include "base/pack.h"

#include <limits.h>

#include <zlib.h>

#include "base/mem.h"

/* Deflate never expands more than this (zlib's technical details). */
enum { RATIO_MAX = 1032 };

/* Starts a stream whose tables are no larger than n bytes of text need: clearing zlib's full tables
 * takes longer than compressing a short text. */
static void
deflate_begin(z_stream *z, size_t n)
{
    int window = 9; /* zlib's own minimum: 8 is not usable */
    int memory;

    while (window < 15 && ((size_t)1 << window) < n)
        window++;
    memory = window - 7;
    *z = (z_stream){0};
    if (deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, memory, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        rg_mem_fail((size_t)1 << 18);
}

void
rg_pack(struct rg_buf *out, const void *bytes, size_t n)
{
    z_stream z;
    int rc = Z_BUF_ERROR;

    if (n >= UINT_MAX || n < 2) { /* nothing of this size occurs, or gets shorter */
        rg_buf_add(out, bytes, n);
        return;
    }
    deflate_begin(&z, n);
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

static enum rg_status
damaged(struct rg_err *err, const char *why)
{
    return rg_err_set(err, RG_EINPUT, "damaged compressed text: %s", why);
}

enum rg_status
rg_unpack(struct rg_buf *out, const void *packed, size_t n, size_t raw_len, struct rg_err *err)
{
    uLong used = n;
    uLongf made = raw_len;
    char *p;
    int rc;

    if (n == raw_len) {
        rg_buf_add(out, packed, n);
        return RG_OK;
    }
    /* The length comes from a file: it must be possible before memory is taken for it. */
    if (n > raw_len || raw_len / RATIO_MAX > n)
        return damaged(err, "impossible length");
    p = rg_buf_reserve(out, raw_len);
    rc = uncompress2((Bytef *)p, &made, packed, &used);
    if (rc == Z_MEM_ERROR)
        rg_mem_fail(raw_len);
    if (rc != Z_OK || made != raw_len || used != n) {
        out->data[out->len] = '\0';
        return damaged(err, rc == Z_DATA_ERROR ? "not zlib data" : "wrong length");
    }
    out->len += raw_len;
    out->data[out->len] = '\0';
    return RG_OK;
}
