#include "base/line.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"

enum { BLOCK = 64 << 10 };

/* ---- blocks of content, decompressed where needed ---- */
struct source {
    int fd;
    bool own; /* fd is ours to close */
    char *name;
    bool gzip;
    bool between;       /* gzip: at the end of a member, or at the start of the first */
    size_t pos, len;    /* unused part of raw */
    const char *damage; /* gzip: an error that was met behind good content */
    z_stream z;
    char *raw;  /* BLOCK bytes as read, and one more */
    char *text; /* gzip: BLOCK bytes of content, and one more */
};

/* Reads another block behind what is still unused (which must leave room). *n is 0 at the end. */
static enum rg_status
source_read(struct source *src, size_t *n, struct rg_err *err)
{
    ssize_t got;

    if (src->pos == src->len)
        src->pos = src->len = 0;
    assert(src->len < BLOCK);
    do
        got = read(src->fd, src->raw + src->len, BLOCK - src->len);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return rg_err_sys(err, src->name, errno, "cannot read");
    src->len += (size_t)got;
    *n = (size_t)got;
    return RG_OK;
}

static void
source_close(struct source *src)
{
    if (src->gzip)
        inflateEnd(&src->z);
    if (src->own)
        close(src->fd);
    free(src->raw);
    free(src->text);
    free(src->name);
}

/* Looks at the first two bytes (a pipe may give them one by one). */
static enum rg_status
source_detect(struct source *src, struct rg_err *err)
{
    size_t n;

    do {
        enum rg_status rc = source_read(src, &n, err);

        if (rc)
            return rc;
    } while (n > 0 && src->len < 2);
    if (src->len < 2 || memcmp(src->raw, "\x1f\x8b", 2) != 0)
        return RG_OK;
    if (inflateInit2(&src->z, 15 + 16) != Z_OK)
        rg_mem_fail(BLOCK);
    src->gzip = true;
    src->between = true;
    src->text = rg_alloc(BLOCK + 1, 1);
    return RG_OK;
}

static enum rg_status
source_open(struct source *src, const char *path, struct rg_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    enum rg_status rc;

    *src = (struct source){.fd = STDIN_FILENO};
    if (!standard)
        src->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (src->fd < 0)
        return rg_err_sys(err, path, errno, "cannot open");
    src->own = !standard;
    src->name = rg_strdup(standard ? "<stdin>" : path);
    src->raw = rg_alloc(BLOCK + 1, 1);
    rc = source_detect(src, err);
    if (rc)
        source_close(src);
    return rc;
}

static enum rg_status
source_bad(const struct source *src, uint64_t line, struct rg_err *err, const char *what)
{
    struct rg_place place = {.file = src->name, .line = line};

    return rg_err_at(err, place, "bad gzip data: %s", what);
}

/* Inflates into text until there is some content; *n is 0 at the end of the last member. */
static enum rg_status
source_inflate(struct source *src, uint64_t line, size_t *n, struct rg_err *err)
{
    z_stream *z = &src->z;
    size_t got;
    int rc;

    if (src->damage)
        return source_bad(src, line, err, src->damage);
    z->next_out = (Bytef *)src->text;
    z->avail_out = BLOCK;
    while (z->avail_out == BLOCK) {
        if (src->pos == src->len) {
            enum rg_status status = source_read(src, &got, err);

            if (status)
                return status;
            if (got == 0 && src->between)
                break;
            if (got == 0)
                return source_bad(src, line, err, "truncated");
        }
        if (src->between && (unsigned char)src->raw[src->pos] != 0x1f)
            return source_bad(src, line, err, "junk behind its end");
        src->between = false;
        z->next_in = (Bytef *)src->raw + src->pos;
        z->avail_in = (uInt)(src->len - src->pos);
        rc = inflate(z, Z_NO_FLUSH);
        src->pos = src->len - z->avail_in;
        if (rc == Z_MEM_ERROR)
            rg_mem_fail(BLOCK);
        if (rc == Z_STREAM_END) {
            src->between = true;
            inflateReset(z);
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            src->damage = z->msg ? z->msg : "stream error";
            if (z->avail_out < BLOCK)
                break; /* what was good comes first */
            return source_bad(src, line, err, src->damage);
        }
    }
    *n = BLOCK - z->avail_out;
    return RG_OK;
}

/* The next block of content, with room for one byte behind it; *n is 0 at the end. line is where
 * the reader stands, for messages. */
static enum rg_status
source_block(struct source *src, uint64_t line, char **block, size_t *n, struct rg_err *err)
{
    if (src->gzip) {
        *block = src->text;
        return source_inflate(src, line, n, err);
    }
    if (src->pos == src->len) {
        enum rg_status rc = source_read(src, n, err);

        if (rc)
            return rc;
    }
    *block = src->raw + src->pos;
    *n = src->len - src->pos;
    src->pos = src->len;
    return RG_OK;
}

/* ---- lines ---- */
struct rg_lines {
    struct source src;
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
    enum rg_status rc = source_open(&in->src, path, err);

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
    source_close(&in->src);
    rg_buf_clear(&in->carry);
    free(in);
}

const char *
rg_lines_name(const struct rg_lines *in)
{
    return in->src.name;
}

static enum rg_status
too_long(struct rg_lines *in, struct rg_err *err)
{
    in->ended = true;
    return rg_err_at(err, (struct rg_place){.file = in->src.name, .line = in->number + 1},
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
        return rg_err_at(err, (struct rg_place){in->src.name, in->number, col},
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
    rc = source_block(&in->src, in->number + 1, &in->at, &in->left, err);
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
    struct source src;
    enum rg_status rc = source_open(&src, path, err);
    char *block;
    size_t n = 1;

    rg_buf_reset(buf);
    if (rc)
        return rc;
    while (!rc && n > 0 && buf->len < max) {
        rc = source_block(&src, 0, &block, &n, err);
        if (!rc)
            rg_buf_add(buf, block, n < max - buf->len ? n : max - buf->len);
    }
    source_close(&src);
    return rc;
}

enum rg_status
rg_file_read(const char *path, size_t max, struct rg_buf *buf, struct rg_err *err)
{
    struct source src;
    enum rg_status rc = source_open(&src, path, err);
    char *block;
    size_t n;

    rg_buf_reset(buf);
    if (rc)
        return rc;
    do {
        rc = source_block(&src, 0, &block, &n, err);
        if (!rc && n > max - buf->len)
            rc = rg_err_at(err, (struct rg_place){.file = src.name},
                           "the file is too large (expected at most %zu bytes)", max);
        if (!rc)
            rg_buf_add(buf, block, n);
    } while (!rc && n > 0);
    source_close(&src);
    return rc;
}
