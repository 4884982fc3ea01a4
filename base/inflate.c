#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/inflate.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

static const char method[] = "unknown compression method", check[] = "incorrect checksum or length",
                  damage[] = "damaged content";

#ifdef HAVE_ISAL

#include <isa-l/igzip_lib.h>

struct rg_inflate {
    struct inflate_state s;
};

struct rg_inflate *
rg_inflate_new(void)
{
    struct rg_inflate *z = rg_alloc(1, sizeof *z);

    isal_inflate_init(&z->s);
    z->s.crc_flag = ISAL_GZIP;
    return z;
}

void
rg_inflate_free(struct rg_inflate *z)
{
    free(z);
}

void
rg_inflate_reset(struct rg_inflate *z)
{
    isal_inflate_reset(&z->s);
    z->s.crc_flag = ISAL_GZIP;
}

static const char *
reason(int rc)
{
    switch (rc) {
    case ISAL_UNSUPPORTED_METHOD:
    case ISAL_INVALID_WRAPPER:
        return method;
    case ISAL_INCORRECT_CHECKSUM:
        return check;
    default:
        return damage;
    }
}

enum rg_inflate_end
rg_inflate_run(struct rg_inflate *z, const char **in, size_t *n_in, char **out, size_t *n_out,
               const char **why)
{
    int rc;

    assert(*n_in < UINT32_MAX && *n_out < UINT32_MAX);
    z->s.next_in = (uint8_t *)(uintptr_t)*in;
    z->s.avail_in = (uint32_t)*n_in;
    z->s.next_out = (uint8_t *)*out;
    z->s.avail_out = (uint32_t)*n_out;
    rc = isal_inflate(&z->s);
    *in = (const char *)z->s.next_in;
    *n_in = z->s.avail_in;
    *out = (char *)z->s.next_out;
    *n_out = z->s.avail_out;
    if (rc < 0 || rc == ISAL_NEED_DICT) {
        *why = reason(rc);
        return RG_INFLATE_BAD;
    }
    return z->s.block_state == ISAL_BLOCK_FINISH ? RG_INFLATE_END : RG_INFLATE_MORE;
}

#else

#include <string.h>

#include <zlib.h>

struct rg_inflate {
    z_stream s;
};

struct rg_inflate *
rg_inflate_new(void)
{
    struct rg_inflate *z = rg_zalloc(1, sizeof *z);

    if (inflateInit2(&z->s, 15 + 16) != Z_OK) /* the largest window; 16: gzip */
        rg_mem_fail(1 << 15);
    return z;
}

void
rg_inflate_free(struct rg_inflate *z)
{
    if (z)
        inflateEnd(&z->s);
    free(z);
}

void
rg_inflate_reset(struct rg_inflate *z)
{
    inflateReset(&z->s);
}

static const char *
reason(const z_stream *s)
{
    if (!s->msg)
        return damage;
    if (strstr(s->msg, "check")) /* "incorrect data check", "incorrect length check" */
        return check;
    return strcmp(s->msg, "unknown compression method") == 0 ||
                   strcmp(s->msg, "incorrect header check") == 0
               ? method
               : damage;
}

enum rg_inflate_end
rg_inflate_run(struct rg_inflate *z, const char **in, size_t *n_in, char **out, size_t *n_out,
               const char **why)
{
    int rc;

    assert(*n_in < UINT32_MAX && *n_out < UINT32_MAX);
    z->s.next_in = (z_const Bytef *)(uintptr_t)*in;
    z->s.avail_in = (uInt)*n_in;
    z->s.next_out = (Bytef *)*out;
    z->s.avail_out = (uInt)*n_out;
    rc = inflate(&z->s, Z_NO_FLUSH);
    if (rc == Z_MEM_ERROR)
        rg_mem_fail(1 << 15);
    *in = (const char *)z->s.next_in;
    *n_in = z->s.avail_in;
    *out = (char *)z->s.next_out;
    *n_out = z->s.avail_out;
    if (rc == Z_STREAM_END)
        return RG_INFLATE_END;
    if (rc == Z_OK || rc == Z_BUF_ERROR)
        return RG_INFLATE_MORE;
    *why = reason(&z->s);
    return RG_INFLATE_BAD;
}

#endif
