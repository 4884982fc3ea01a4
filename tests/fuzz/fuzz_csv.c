/* The CSV reader: records that were accepted must be written and read again alike, and reading must
 * come to an end whatever is wrong. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/csv.h"
#include "tests/fuzz/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_row(struct rg_buf *out, const struct rg_csv *csv, const struct rg_csv_field *f)
{
    for (size_t i = 0; i < rg_csv_columns(csv); i++) {
        const char *s = f ? f[i].data : rg_csv_header(csv, i);
        size_t n = strlen(s);

        assert(!f || (n == f[i].len && f[i].line > 0 && f[i].col > 0));
        if (i > 0)
            rg_buf_putc(out, ',');
        if (n == 0 && rg_csv_columns(csv) == 1)
            rg_buf_puts(out, "\"\""); /* a blank line is no record */
        else
            rg_csv_put(out, s, n);
    }
    rg_buf_putc(out, '\n');
}

/* Good records, written as CSV, and the number of bad ones. */
static size_t
copy(const char *path, struct rg_buf *out, size_t limit)
{
    const struct rg_csv_field *f;
    struct rg_csv *csv;
    struct rg_err err;
    size_t bad = 0, calls = 0;

    if (rg_csv_open(&csv, path, &err) != RG_OK)
        return 1;
    put_row(out, csv, NULL);
    for (;;) {
        enum rg_status rc = rg_csv_next(csv, &f, &err);

        assert(calls++ <= limit);
        if (rc) {
            assert(rc == RG_EINPUT && !f);
            bad++;
            continue;
        }
        if (!f)
            break;
        put_row(out, csv, f);
    }
    rg_csv_close(csv);
    return bad;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rg_buf one = {0}, two = {0};
    char path[FUZZ_PATH];

    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
        return 0; /* fuzz_lines has those; here they would break the limit on the calls */
    fuzz_file(path, data, size);
    copy(path, &one, size + 1);
    unlink(path);
    if (one.len > 0) {
        fuzz_file(path, (const uint8_t *)one.data, one.len);
        if (copy(path, &two, one.len + 1) != 0)
            abort();
        unlink(path);
        assert(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
    }
    rg_buf_clear(&one);
    rg_buf_clear(&two);
    return 0;
}
