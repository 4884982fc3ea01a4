/* The line reader: lines must fit together to the content that the other reader gives, for plain
 * files and for whatever happens to be good gzip data. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/line.h"
#include "tests/fuzz/fuzz_file.h"

enum { CONTENT_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All lines with their ends into content. */
static enum rg_status
join(const char *path, struct rg_buf *content, struct rg_err *err)
{
    struct rg_lines *in;
    struct rg_line line;
    enum rg_status rc = rg_lines_open(&in, path, err);
    uint64_t number = 0;
    bool last = false;

    if (rc)
        return rc;
    while ((rc = rg_lines_next(in, &line, err)) == RG_OK && line.data) {
        assert(line.number == ++number && !last);
        assert(strlen(line.data) == line.len && !memchr(line.data, '\n', line.len));
        last = line.unterminated;
        rg_buf_add(content, line.data, line.len);
        rg_buf_puts(content, last ? "" : line.crlf ? "\r\n" : "\n");
    }
    rg_lines_close(in);
    return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rg_buf lines = {0}, whole = {0};
    struct rg_err err, other;
    char path[FUZZ_PATH];
    enum rg_status rc, rc_whole;

    fuzz_file(path, data, size);
    rc = join(path, &lines, &err);
    rc_whole = rg_file_read(path, CONTENT_MAX, &whole, &other);
    unlink(path);
    assert(rc == RG_OK || rc == RG_EINPUT);
    if (rc == RG_OK && rc_whole == RG_OK)
        assert(lines.len == whole.len &&
               memcmp(rg_buf_text(&lines), rg_buf_text(&whole), lines.len) == 0);
    if (rc == RG_EINPUT && rc_whole == RG_OK) /* only a NUL byte divides the two */
        assert(memchr(whole.data, '\0', whole.len));
    rg_buf_clear(&lines);
    rg_buf_clear(&whole);
    return 0;
}
