#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"

enum { OUT_BLOCK = 64 << 10, NAME_PART = 200, TRIES = 1000, LINKS = 40 };

struct rg_outfile {
    char *target; /* for messages */
    char *path;   /* what is replaced */
    char *temp;   /* NULL: written directly */
    int fd;
    bool gzip;
    z_stream z;
    unsigned char block[OUT_BLOCK]; /* what is to be written next */
    size_t used;
};

static char *
folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? rg_strndup(path, (size_t)(slash - path) + 1) : rg_strdup("./");
}

/* Where the symbolic link at path leads, one step, or NULL if it is none. */
static char *
follow(const char *path)
{
    struct rg_buf found = {0};
    char link[PATH_MAX];
    ssize_t n = readlink(path, link, sizeof link);
    char *folder;

    if (n <= 0 || n == (ssize_t)sizeof link)
        return NULL;
    if (link[0] != '/') {
        folder = folder_of(path);
        rg_buf_puts(&found, folder);
        free(folder);
    }
    rg_buf_add(&found, link, (size_t)n);
    return rg_buf_take(&found);
}

char *
rg_outfile_resolve(const char *target)
{
    char *path = rg_strdup(target), *next;

    for (int i = 0; i < LINKS && (next = follow(path)) != NULL; i++) {
        free(path);
        path = next;
    }
    return path;
}

/* Not mkstemp, which ignores the umask: the file keeps its mode when it is renamed. The part of a
 * long name is cut so that the temporary one is no longer than a folder takes. */
enum rg_status
rg_outfile_temp(const char *target, char **temp, int *fd, struct rg_err *err)
{
    char *folder = folder_of(target);
    const char *slash = strrchr(target, '/');
    int made = -1, number = 0;

    for (unsigned i = 0; i < TRIES && made < 0; i++) {
        struct rg_buf name = {0};

        rg_buf_printf(&name, "%s.%.*s.%05lx%03u", folder, NAME_PART, slash ? slash + 1 : target,
                      (unsigned long)getpid() & 0xfffff, i);
        *temp = rg_buf_take(&name);
        made = open(*temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (made < 0) {
            number = errno;
            free(*temp);
            *temp = NULL;
            if (number != EEXIST)
                break;
        }
    }
    free(folder);
    if (made < 0)
        return rg_err_sys(err, target, number, "cannot create a file in its folder");
    if (fd)
        *fd = made;
    else
        close(made);
    return RG_OK;
}

static int
sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int status;

    if (fd < 0)
        return -1;
    status = fsync(fd);
    /* Some file systems cannot sync a folder; what can be done has been done then. */
    if (status != 0 && (errno == EINVAL || errno == EROFS))
        status = 0;
    close(fd);
    return status;
}

enum rg_status
rg_outfile_publish(const char *temp, const char *target, struct rg_err *err)
{
    char *folder = folder_of(target);
    enum rg_status status = RG_OK;

    if (sync_path(temp, O_RDWR) != 0)
        status = rg_err_sys(err, target, errno, "cannot be written");
    else if (rename(temp, target) != 0)
        status = rg_err_sys(err, target, errno, "cannot be replaced");
    else if (sync_path(folder, O_RDONLY | O_DIRECTORY) != 0)
        status = rg_err_sys(err, folder, errno, "cannot be synced");
    if (status != RG_OK)
        unlink(temp);
    free(folder);
    return status;
}

/* ---- streams ---- */

static bool
ends_with(const char *s, const char *end)
{
    size_t n = strlen(s);
    size_t m = strlen(end);

    return n > m && strcmp(s + n - m, end) == 0;
}

static enum rg_status
open_fd(struct rg_outfile *f, struct rg_err *err)
{
    struct stat st;
    bool there;

    if (strcmp(f->target, "-") == 0) {
        f->fd = STDOUT_FILENO;
        return RG_OK;
    }
    there = stat(f->target, &st) == 0;
    if (!there && errno != ENOENT)
        return rg_err_sys(err, f->target, errno, "cannot be written");
    if (!there || S_ISREG(st.st_mode)) {
        f->path = rg_outfile_resolve(f->target);
        return rg_outfile_temp(f->path, &f->temp, &f->fd, err);
    }
    f->fd = open(f->target, O_WRONLY | O_CLOEXEC);
    return f->fd < 0 ? rg_err_sys(err, f->target, errno, "cannot be opened for writing") : RG_OK;
}

enum rg_status
rg_outfile_open(struct rg_outfile **out, const char *target, struct rg_err *err)
{
    enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 9 };
    struct rg_outfile *f = rg_zalloc(1, sizeof *f);
    enum rg_status status;

    f->target = rg_strdup(target);
    f->fd = -1;
    status = open_fd(f, err);
    if (status == RG_OK && ends_with(target, ".gz")) {
        f->gzip = deflateInit2(&f->z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                               Z_DEFAULT_STRATEGY) == Z_OK;
        if (!f->gzip)
            status = rg_err_set(err, RG_ESYSTEM, "%s: cannot be compressed: out of memory", target);
    }
    if (status != RG_OK) {
        rg_outfile_abandon(f);
        f = NULL;
    }
    *out = f;
    return status;
}

static enum rg_status
flush(struct rg_outfile *f, struct rg_err *err)
{
    size_t done = 0;

    while (done < f->used) {
        ssize_t n = write(f->fd, f->block + done, f->used - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rg_err_sys(err, strcmp(f->target, "-") == 0 ? "standard output" : f->target,
                              errno, "cannot be written");
        done += (size_t)n;
    }
    f->used = 0;
    return RG_OK;
}

/* Compress what f->z points to; with Z_FINISH to the end of the stream. */
static enum rg_status
squeeze(struct rg_outfile *f, int how, struct rg_err *err)
{
    int z = Z_OK;

    while (f->z.avail_in > 0 || (how == Z_FINISH && z != Z_STREAM_END)) {
        f->z.next_out = f->block + f->used;
        f->z.avail_out = (uInt)(OUT_BLOCK - f->used);
        z = deflate(&f->z, how);
        f->used = OUT_BLOCK - f->z.avail_out;
        if (f->used == OUT_BLOCK) {
            enum rg_status status = flush(f, err);

            if (status != RG_OK)
                return status;
        }
    }
    return RG_OK;
}

enum rg_status
rg_outfile_write(void *ctx, const char *bytes, size_t n, struct rg_err *err)
{
    struct rg_outfile *f = ctx;

    while (n > 0) {
        size_t part = f->gzip ? OUT_BLOCK : OUT_BLOCK - f->used;
        enum rg_status status = RG_OK;

        if (part > n)
            part = n;
        if (f->gzip) {
            /* zlib only reads, but its field is not const. */
            f->z.next_in = (unsigned char *)(uintptr_t)bytes;
            f->z.avail_in = (uInt)part;
            status = squeeze(f, Z_NO_FLUSH, err);
        } else {
            memcpy(f->block + f->used, bytes, part);
            f->used += part;
            if (f->used == OUT_BLOCK)
                status = flush(f, err);
        }
        if (status != RG_OK)
            return status;
        bytes += part;
        n -= part;
    }
    return RG_OK;
}

static void
outfile_free(struct rg_outfile *f)
{
    if (f->gzip)
        deflateEnd(&f->z);
    free(f->target);
    free(f->path);
    free(f->temp);
    free(f);
}

enum rg_status
rg_outfile_commit(struct rg_outfile *f, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    if (f->gzip)
        status = squeeze(f, Z_FINISH, err);
    if (status == RG_OK)
        status = flush(f, err);
    if (status != RG_OK) {
        rg_outfile_abandon(f);
        return status;
    }
    if (f->fd != STDOUT_FILENO && close(f->fd) != 0)
        status = rg_err_sys(err, f->target, errno, "cannot be written");
    if (f->temp && status == RG_OK)
        status = rg_outfile_publish(f->temp, f->path, err);
    else if (f->temp)
        unlink(f->temp);
    outfile_free(f);
    return status;
}

void
rg_outfile_abandon(struct rg_outfile *f)
{
    if (!f)
        return;
    if (f->fd >= 0 && f->fd != STDOUT_FILENO)
        close(f->fd);
    if (f->temp)
        unlink(f->temp);
    outfile_free(f);
}

enum rg_status
rg_outfile_put(const char *target, const char *bytes, size_t n, struct rg_err *err)
{
    struct rg_outfile *f;
    enum rg_status status = rg_outfile_open(&f, target, err);

    if (status != RG_OK)
        return status;
    status = rg_outfile_write(f, bytes, n, err);
    if (status == RG_OK)
        return rg_outfile_commit(f, err);
    rg_outfile_abandon(f);
    return status;
}
