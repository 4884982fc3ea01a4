/* Result files whose bytes are others: an SQLite database as it comes, or, where the input does not
 * begin like one, changes to a good file, eight bytes each: where (4), how, with what (3). */
#include "tests/fuzz/fuzz_result.h"

enum { CHANGE = 8, PAGE = 512, MOST = 1 << 20 };

static void
change(uint8_t *file, size_t *n, const uint8_t *c)
{
    size_t at = (c[0] | (size_t)c[1] << 8 | (size_t)c[2] << 16 | (size_t)c[3] << 24) % *n;
    size_t left = *n - at;

    switch (c[4] % 4) {
    case 0:
        file[at] = c[5];
        break;
    case 1:
        memcpy(file + at, c + 5, left < 3 ? left : 3);
        break;
    case 2: /* a page in the place of another */
        if (*n >= PAGE)
            memmove(file + at / PAGE * PAGE, file + (c[5] | (size_t)c[6] << 8) % (*n / PAGE) * PAGE,
                    left < PAGE ? left : PAGE);
        break;
    default:
        *n = at > 0 ? at : 1;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char magic[] = "SQLite format 3";
    const struct fuzz_bytes *good = fuzz_result_template();
    bool raw = size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
    size_t n = raw ? size : good->n;
    uint8_t *file = rg_alloc(n, 1);
    char path[FUZZ_PATH];

    if (size > MOST) {
        free(file);
        return 0;
    }
    memcpy(file, raw ? data : good->data, n);
    for (size_t i = 0; !raw && i + CHANGE <= size; i += CHANGE)
        change(file, &n, data + i);
    fuzz_file(path, file, n);
    free(file);
    fuzz_dump(path);
    fuzz_report(path, RG_TEXT, NULL);
    fuzz_frame(path, RG_ROWS_OF_QUERIES);
    unlink(path);
    return 0;
}
