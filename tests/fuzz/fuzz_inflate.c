/* Compressed data as a file may hold them: whatever decompresses here must be what zlib makes of
 * them, whatever the pieces; what zlib decompresses must be decompressed. The first byte chooses
 * the pieces. */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/inflate.h"
#include "base/pack.h"

enum { ROOM = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* zlib's own: a whole gzip member (or, with zlib's header, a whole text) of at most ROOM bytes? */
static bool
reference(const uint8_t *data, size_t size, int window, char *out, size_t *n, size_t *used)
{
    z_stream z = {0};
    int rc;

    assert(inflateInit2(&z, window) == Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = (Bytef *)out;
    z.avail_out = ROOM;
    rc = inflate(&z, Z_FINISH);
    *n = z.total_out;
    *used = z.total_in;
    inflateEnd(&z);
    return rc == Z_STREAM_END;
}

static bool
ours(const uint8_t *data, size_t size, size_t step, char *out, size_t *n, size_t *used)
{
    struct rg_inflate *z = rg_inflate_new();
    const char *in = (const char *)data, *why = NULL;
    char *to = out;
    enum rg_inflate_end end = RG_INFLATE_MORE;

    while (end == RG_INFLATE_MORE) {
        size_t left = (size_t)((const char *)data + size - in);
        size_t piece = left < step ? left : step;
        size_t room = (size_t)(out + ROOM - to) < 3 * step ? (size_t)(out + ROOM - to) : 3 * step;
        const char *from = in;
        char *before = to;

        end = rg_inflate_run(z, &in, &piece, &to, &room, &why);
        assert(in >= from && to >= before && to <= out + ROOM);
        if (end == RG_INFLATE_MORE && in == from && to == before)
            break; /* truncated, or too large */
    }
    assert(end != RG_INFLATE_BAD || why);
    *n = (size_t)(to - out);
    *used = (size_t)(in - (const char *)data);
    rg_inflate_free(z);
    return end == RG_INFLATE_END;
}

static void
text(const uint8_t *data, size_t size, char *want)
{
    struct rg_buf out = {0};
    struct rg_err err;
    size_t n, used;

    if (reference(data, size, 15, want, &n, &used) && used == size && size < n) {
        assert(rg_unpack(&out, data, size, n, &err) == RG_OK);
        assert(out.len == n && memcmp(out.data, want, n) == 0);
    } else if (size < ROOM && rg_unpack(&out, data, size, size + 100, &err) == RG_OK) {
        assert(reference(data, size, 15, want, &n, &used) && n == size + 100);
    }
    rg_buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *want, *got;
    size_t n_want, n_got, used_want, used_got;
    bool good;

    if (size < 2 || size > ROOM)
        return 0;
    want = malloc(ROOM);
    got = malloc(ROOM);
    good = reference(data + 1, size - 1, 15 + 16, want, &n_want, &used_want);
    if (size > 4 && (data[4] & 0xe0)) {
        /* Reserved flags of a header: ISA-L does not look at them, zlib refuses them. */
    } else if (ours(data + 1, size - 1, (size_t)data[0] * 40 + 1, got, &n_got, &used_got)) {
        assert(good && n_got == n_want && used_got == used_want);
        assert(memcmp(got, want, n_got) == 0);
    } else {
        assert(!good || n_want == ROOM);
    }
    text(data + 1, size - 1, want);
    free(want);
    free(got);
    return 0;
}
