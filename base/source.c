#include "base/source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/inflate.h"
#include "base/mem.h"

enum { BLOCK = 64 << 10, CONTENT = 256 << 10 };

struct rg_source {
    int fd;
    bool own; /* fd is ours to close */
    char *name;
    struct rg_inflate *z; /* gzip, else NULL */
    bool between;         /* gzip: at the end of a member, or at the start of the first */
    size_t pos, len;      /* unused part of raw */
    uint64_t read;
    const char *damage; /* gzip: an error that was met behind good content */
    char *raw;          /* BLOCK bytes as read, and one more */
    char *text;         /* gzip: CONTENT bytes of content, and one more */
};

/* Reads another block behind what is still unused (which must leave room). *n is 0 at the end. */
static enum rg_status
read_raw(struct rg_source *src, size_t *n, struct rg_err *err)
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
    src->read += (uint64_t)got;
    *n = (size_t)got;
    return RG_OK;
}

void
rg_source_close(struct rg_source *src)
{
    if (!src)
        return;
    rg_inflate_free(src->z);
    if (src->own)
        close(src->fd);
    free(src->raw);
    free(src->text);
    free(src->name);
    free(src);
}

/* Looks at the first two bytes (a pipe may give them one by one). */
static enum rg_status
detect(struct rg_source *src, struct rg_err *err)
{
    size_t n;

    do {
        enum rg_status rc = read_raw(src, &n, err);

        if (rc)
            return rc;
    } while (n > 0 && src->len < 2);
    if (src->len < 2 || memcmp(src->raw, "\x1f\x8b", 2) != 0)
        return RG_OK;
    src->z = rg_inflate_new();
    src->between = true;
    src->text = rg_alloc(CONTENT + 1, 1);
    return RG_OK;
}

enum rg_status
rg_source_open(struct rg_source **out, const char *path, struct rg_err *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct rg_source *src;
    enum rg_status rc;

    *out = NULL;
    if (fd < 0)
        return rg_err_sys(err, path, errno, "cannot open");
    src = rg_zalloc(1, sizeof *src);
    src->fd = fd;
    src->own = !standard;
    src->name = rg_strdup(standard ? "<stdin>" : path);
    src->raw = rg_alloc(BLOCK + 1, 1);
    rc = detect(src, err);
    if (rc)
        rg_source_close(src);
    else
        *out = src;
    return rc;
}

const char *
rg_source_name(const struct rg_source *src)
{
    return src->name;
}

uint64_t
rg_source_used(const struct rg_source *src)
{
    return src->read - (src->len - src->pos);
}

static enum rg_status
bad(const struct rg_source *src, uint64_t line, struct rg_err *err, const char *what)
{
    struct rg_place place = {.file = src->name, .line = line};

    return rg_err_at(err, place, "bad gzip data: %s", what);
}

/* There is raw input, or the end has come between two members (*n is 0). */
static enum rg_status
need_raw(struct rg_source *src, uint64_t line, size_t *n, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    *n = src->len - src->pos;
    if (*n == 0)
        status = read_raw(src, n, err);
    if (status != RG_OK)
        return status;
    if (*n == 0 && !src->between)
        return bad(src, line, err, "truncated");
    if (*n > 0 && src->between && (unsigned char)src->raw[src->pos] != 0x1f)
        return bad(src, line, err, "junk behind its end");
    return RG_OK;
}

/* Inflates into text until there is some content; *n is 0 at the end of the last member. */
static enum rg_status
inflate_block(struct rg_source *src, uint64_t line, size_t *n, struct rg_err *err)
{
    char *to = src->text;
    size_t room = CONTENT;

    if (src->damage)
        return bad(src, line, err, src->damage);
    while (room == CONTENT) {
        const char *from;
        size_t left;
        enum rg_inflate_end end;
        enum rg_status status = need_raw(src, line, &left, err);

        if (status != RG_OK)
            return status;
        if (left == 0)
            break;
        src->between = false;
        from = src->raw + src->pos;
        end = rg_inflate_run(src->z, &from, &left, &to, &room, &src->damage);
        src->pos = src->len - left;
        if (end == RG_INFLATE_END) {
            src->between = true;
            rg_inflate_reset(src->z);
        } else if (end == RG_INFLATE_BAD && room == CONTENT) { /* what was good comes first */
            return bad(src, line, err, src->damage);
        }
    }
    *n = CONTENT - room;
    return RG_OK;
}

enum rg_status
rg_source_block(struct rg_source *src, uint64_t line, char **block, size_t *n, struct rg_err *err)
{
    if (src->z) {
        *block = src->text;
        return inflate_block(src, line, n, err);
    }
    if (src->pos == src->len) {
        enum rg_status rc = read_raw(src, n, err);

        if (rc)
            return rc;
    }
    *block = src->raw + src->pos;
    *n = src->len - src->pos;
    src->pos = src->len;
    return RG_OK;
}
