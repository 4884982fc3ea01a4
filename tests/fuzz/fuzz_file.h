/* A file for readers that want a path. */
#ifndef RG_TESTS_FUZZ_FILE_H
#define RG_TESTS_FUZZ_FILE_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FUZZ_PATH = 512 };

/* A new file with the bytes; the caller removes it. */
static inline void
fuzz_file(char path[FUZZ_PATH], const uint8_t *data, size_t size)
{
    const char *dir = getenv("TMPDIR");
    FILE *f;
    int fd;

    snprintf(path, FUZZ_PATH, "%s/rg-fuzz-XXXXXX", dir && *dir ? dir : "/tmp");
    fd = mkstemp(path);
    assert(fd >= 0);
    f = fdopen(fd, "wb");
    assert(f);
    if (fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
}

#endif
