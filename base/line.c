#include "base/line.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/source.h"

/* ---- lines ---- */
struct rg_lines {
    struct rg_source *src;
    char *at;        /* the rest of the block */
    size_t left;     /* its length */
    uint64_t number; /* lines read */
    bool ended;
    struct rg_buf carry; /* the beginning of a line that spans blocks */
};

enum rg_status
rg_lines_open(struct rg_lines **out, const char *path, struct rg_err *err)
{
    struct rg_lines *in = rg_zalloc(1, sizeof *in);
    enum rg_status rc = rg_source_open(&in->src, path, err);

    *out = NULL;
    if (rc) {
        free(in);
        return rc;
    }
    *out = in;
    return RG_OK;
}

void
rg_lines_close(struct rg_lines *in)
{
    if (!in)
        return;
    rg_source_close(in->src);
    rg_buf_clear(&in->carry);
    free(in);
}

const char *
rg_lines_name(const struct rg_lines *in)
{
    return rg_source_name(in->src);
}

static enum rg_status
too_long(struct rg_lines *in, struct rg_err *err)
{
    in->ended = true;
    return rg_err_at(err,
                     (struct rg_place){.file = rg_source_name(in->src), .line = in->number + 1},
                     "the line is too long (expected at most %d bytes)", RG_LINE_MAX);
}

/* data[0..len) and one more byte are the line and room for its NUL. */
static enum rg_status
finish(struct rg_lines *in, char *data, size_t len, bool terminated, struct rg_line *line,
       struct rg_err *err)
{
    bool crlf = terminated && len > 0 && data[len - 1] == '\r';
    const char *nul;

    len -= crlf;
    if (len > RG_LINE_MAX)
        return too_long(in, err);
    in->number++;
    nul = memchr(data, '\0', len);
    if (nul) {
        uint64_t col = (uint64_t)(nul - data) + 1;

        in->ended = true;
        return rg_err_at(err, (struct rg_place){rg_source_name(in->src), in->number, col},
                         "a NUL byte in a text file");
    }
    data[len] = '\0';
    *line = (struct rg_line){.data = data, .len = len, .number = in->number, .crlf = crlf};
    line->unterminated = !terminated;
    return RG_OK;
}

/* Keeps the rest of the block (a line's beginning) and gets the next one. */
static enum rg_status
carry_over(struct rg_lines *in, struct rg_err *err)
{
    enum rg_status rc;

    rg_buf_add(&in->carry, in->at, in->left);
    in->left = 0;
    if (in->carry.len > (size_t)RG_LINE_MAX + 1) /* a CR may still be part of the line end */
        return too_long(in, err);
    rc = rg_source_block(in->src, in->number + 1, &in->at, &in->left, err);
    if (rc || in->left == 0)
        in->ended = true;
    return rc;
}

enum rg_status
rg_lines_next(struct rg_lines *in, struct rg_line *line, struct rg_err *err)
{
    *line = (struct rg_line){.number = in->number};
    rg_buf_reset(&in->carry);
    while (!in->ended) {
        char *end = in->left > 0 ? memchr(in->at, '\n', in->left) : NULL;
        enum rg_status rc;

        if (end) {
            char *data = in->at;
            size_t len = (size_t)(end - data);

            in->at = end + 1;
            in->left -= len + 1;
            if (in->carry.len == 0)
                return finish(in, data, len, true, line, err);
            rg_buf_add(&in->carry, data, len);
            return finish(in, in->carry.data, in->carry.len, true, line, err);
        }
        rc = carry_over(in, err);
        if (rc)
            return rc;
    }
    if (in->carry.len == 0)
        return RG_OK;
    return finish(in, in->carry.data, in->carry.len, false, line, err);
}

/* ---- files at once ---- */
enum rg_status
rg_file_head(const char *path, size_t max, struct rg_buf *buf, struct rg_err *err)
{
    struct rg_source *src;
    enum rg_status rc = rg_source_open(&src, path, err);
    char *block;
    size_t n = 1;

    rg_buf_reset(buf);
    if (rc)
        return rc;
    while (!rc && n > 0 && buf->len < max) {
        rc = rg_source_block(src, 0, &block, &n, err);
        if (!rc)
            rg_buf_add(buf, block, n < max - buf->len ? n : max - buf->len);
    }
    rg_source_close(src);
    return rc;
}

enum rg_status
rg_file_read(const char *path, size_t max, struct rg_buf *buf, struct rg_err *err)
{
    struct rg_source *src;
    enum rg_status rc = rg_source_open(&src, path, err);
    char *block;
    size_t n;

    rg_buf_reset(buf);
    if (rc)
        return rc;
    do {
        rc = rg_source_block(src, 0, &block, &n, err);
        if (!rc && n > max - buf->len)
            rc = rg_err_at(err, (struct rg_place){.file = rg_source_name(src)},
                           "the file is too large (expected at most %zu bytes)", max);
        if (!rc)
            rg_buf_add(buf, block, n);
    } while (!rc && n > 0);
    rg_source_close(src);
    return rc;
}
