/* Small files for tests: written to a fresh name, removed by the caller. Include after cmocka.h. */
#ifndef RG_TESTS_BASE_TEMP_H
#define RG_TESTS_BASE_TEMP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

enum { TEMP_PATH = 512 };

/* A new file with bytes[0..n); its name goes to path. */
static inline void
temp_write(char path[TEMP_PATH], const void *bytes, size_t n)
{
    const char *dir = getenv("TMPDIR");
    FILE *f;
    int fd;

    snprintf(path, TEMP_PATH, "%s/rg-test-XXXXXX", dir && *dir ? dir : "/tmp");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    f = fdopen(fd, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* One gzip member of bytes[0..n); free() it. */
static inline unsigned char *
temp_gzip(const void *bytes, size_t n, size_t *packed)
{
    z_stream z = {0};
    unsigned char *out;
    size_t room;

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    room = deflateBound(&z, n);
    out = malloc(room);
    assert_non_null(out);
    z.next_in = (z_const Bytef *)bytes;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *packed = z.total_out;
    deflateEnd(&z);
    return out;
}

#endif
