#include "traces/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/source.h"
#include "base/utf8.h"

enum {
    RATIO_FROM = 64 << 20, /* a small archive may well be packed more tightly */
    TAR_MAGIC = 257,       /* where "ustar" stands in a header */
};

struct rg_archive {
    struct archive *a;
    struct rg_source *source;
    struct rg_err err; /* of the source, when it failed */
    char *path;
    struct rg_buf name;
    int64_t bytes, members;
    int64_t at; /* in the member */
    bool broken;
};

bool
rg_archive_detect(const char *bytes, size_t n)
{
    return n >= TAR_MAGIC + 5 && memcmp(bytes + TAR_MAGIC, "ustar", 5) == 0;
}

/* libarchive's message, at the member where there is one. */
static enum rg_status
broken(struct rg_archive *a, struct rg_err *err)
{
    const char *what = archive_error_string(a->a);

    a->broken = true;
    if (archive_errno(a->a) == ENOMEM)
        rg_mem_fail(0);
    if (a->err.status != RG_OK) {
        *err = a->err;
        return err->status;
    }
    return rg_err_set(err, RG_EINPUT, "%s%s%s: damaged archive: %s", a->path,
                      a->name.len ? ":" : "", rg_buf_text(&a->name), what ? what : "unknown error");
}

static enum rg_status
refuse(const struct rg_archive *a, const char *why, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT, "%s:%s: refused: %s", a->path, rg_buf_text(&a->name), why);
}

/* libarchive asks for another block of the tar file. */
static la_ssize_t
more(struct archive *libarchive, void *ctx, const void **block)
{
    struct rg_archive *a = ctx;
    char *bytes = NULL;
    size_t n = 0;

    if (rg_source_block(a->source, 0, &bytes, &n, &a->err) != RG_OK) {
        archive_set_error(libarchive, EIO, "%s", a->err.text);
        return ARCHIVE_FATAL;
    }
    *block = bytes;
    return (la_ssize_t)n;
}

enum rg_status
rg_archive_open(struct rg_archive **out, const char *path, struct rg_err *err)
{
    struct rg_archive *a = rg_zalloc(1, sizeof *a);
    enum rg_status status;

    *out = NULL;
    a->path = rg_strdup(path);
    status = rg_source_open(&a->source, path, err);
    if (status == RG_OK) {
        a->a = archive_read_new();
        if (!a->a)
            rg_mem_fail(0);
        archive_read_support_format_tar(a->a);
        if (archive_read_open(a->a, a, NULL, more, NULL) != ARCHIVE_OK)
            status = broken(a, err);
    }
    if (status != RG_OK) {
        rg_archive_close(a);
        return status;
    }
    *out = a;
    return RG_OK;
}

void
rg_archive_close(struct rg_archive *a)
{
    if (!a)
        return;
    if (a->a)
        archive_read_free(a->a);
    rg_source_close(a->source);
    rg_buf_clear(&a->name);
    free(a->path);
    free(a);
}

bool
rg_archive_broken(const struct rg_archive *a)
{
    return a->broken;
}

static bool
climbs(const char *name)
{
    for (const char *s = name; s; s = strchr(s, '/')) {
        s += *s == '/';
        if (strncmp(s, "..", 2) == 0 && (s[2] == '/' || s[2] == '\0'))
            return true;
    }
    return false;
}

static const char *
kind(struct archive_entry *e)
{
    switch (archive_entry_filetype(e)) {
    case AE_IFLNK:
        return "a symbolic link";
    case AE_IFCHR:
    case AE_IFBLK:
        return "a device";
    case AE_IFIFO:
        return "a pipe";
    case AE_IFSOCK:
        return "a socket";
    default:
        return "not a regular file";
    }
}

static enum rg_status
check(const struct rg_archive *a, struct archive_entry *e, struct rg_err *err)
{
    const char *name = rg_buf_text(&a->name);

    if (!*name)
        return refuse(a, "a member without a name", err);
    if (*name == '/')
        return refuse(a, "an absolute name", err);
    if (climbs(name))
        return refuse(a, "a name with ..", err);
    if (rg_utf8_check(name, a->name.len) != a->name.len)
        return refuse(a, "a name that is not UTF-8", err);
    if (archive_entry_hardlink(e))
        return refuse(a, "a hard link", err);
    if (archive_entry_filetype(e) != AE_IFREG && archive_entry_filetype(e) != AE_IFDIR)
        return refuse(a, kind(e), err);
    if (archive_entry_sparse_count(e) > 0)
        return refuse(a, "a sparse file", err);
    return RG_OK;
}

static bool
is_bomb(const struct rg_archive *a)
{
    uint64_t packed = rg_source_used(a->source);

    return a->bytes > RATIO_FROM && (uint64_t)a->bytes / RG_ARCHIVE_RATIO > packed;
}

/* What stands behind the last member is of no interest, but that the file is whole is. */
static enum rg_status
read_rest(struct rg_archive *a, struct rg_err *err)
{
    char *bytes;
    size_t n = 1;

    while (n > 0) {
        enum rg_status status = rg_source_block(a->source, 0, &bytes, &n, err);

        if (status == RG_OK) {
            a->bytes += (int64_t)n;
            if (is_bomb(a) || a->bytes > RG_ARCHIVE_BYTES)
                status = rg_err_set(err, RG_EINPUT, "%s: refused: too much behind the last member",
                                    a->path);
        }
        if (status != RG_OK) {
            a->broken = true;
            return status;
        }
    }
    return RG_OK;
}

enum rg_status
rg_archive_next(struct rg_archive *a, struct rg_archive_member *member, struct rg_err *err)
{
    struct archive_entry *e;
    const char *name;
    int rc;

    *member = (struct rg_archive_member){.name = NULL};
    if (a->broken)
        return RG_OK;
    rc = archive_read_next_header(a->a, &e);
    if (rc == ARCHIVE_EOF)
        return read_rest(a, err);
    if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        return broken(a, err);
    name = archive_entry_pathname(e);
    rg_buf_reset(&a->name);
    rg_buf_puts(&a->name, name ? name : "");
    a->at = 0;
    if (++a->members > RG_ARCHIVE_MEMBERS) {
        a->broken = true;
        return refuse(a, "an archive of more than a million members", err);
    }
    *member = (struct rg_archive_member){
        .name = rg_buf_text(&a->name),
        .modified = archive_entry_mtime(e),
        .folder = archive_entry_filetype(e) == AE_IFDIR,
    };
    return check(a, e, err);
}

enum rg_status
rg_archive_read(struct rg_archive *a, const char **bytes, size_t *n, struct rg_err *err)
{
    const void *block = NULL;
    la_int64_t at = 0;
    int rc = archive_read_data_block(a->a, &block, n, &at);

    *bytes = block;
    if (rc == ARCHIVE_EOF) {
        *n = 0;
        return RG_OK;
    }
    if (rc != ARCHIVE_OK)
        return broken(a, err);
    a->bytes += (int64_t)*n;
    a->broken = true; /* until it is seen to be fine */
    if (at != a->at)
        return refuse(a, "a sparse file", err);
    if (a->bytes > RG_ARCHIVE_BYTES)
        return refuse(a, "an archive of more than 256 GiB", err);
    if (is_bomb(a))
        return refuse(a, "packed more than 200 to 1", err);
    a->broken = false;
    a->at += (int64_t)*n;
    return RG_OK;
}
