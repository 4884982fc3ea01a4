#include "traces/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"

enum { BLOCK = 256 << 10 };

enum rg_status
rg_spool_open(FILE **out, struct rg_err *err)
{
    const char *dir = getenv("TMPDIR");
    struct rg_buf path = {0};
    enum rg_status status = RG_OK;
    int fd;

    rg_buf_printf(&path, "%s/routergym-XXXXXX", dir && *dir ? dir : "/var/tmp");
    fd = mkstemp(path.data);
    *out = fd >= 0 && unlink(path.data) == 0 ? fdopen(fd, "w+b") : NULL;
    if (!*out) {
        status = rg_err_sys(err, rg_buf_text(&path), errno, "cannot make a temporary file");
        if (fd >= 0)
            close(fd);
    }
    rg_buf_clear(&path);
    return status;
}

/* gzread hands plain content through as it is. */
static enum rg_status
copy_out(struct rg_spool *s, gzFile in, struct rg_err *err)
{
    char *block = rg_alloc(BLOCK, 1);
    enum rg_status status = RG_OK;
    int n, code;

    while ((n = gzread(in, block, BLOCK)) > 0 && status == RG_OK) {
        if (fwrite(block, 1, (size_t)n, s->file) != (size_t)n)
            status = rg_err_sys(err, "temporary file", errno, "cannot write");
        s->size += n;
    }
    (void)gzerror(in, &code);
    if (status == RG_OK && (n < 0 || code == Z_BUF_ERROR))
        status = rg_err_set(err, RG_EINPUT, "%s: the gzip stream is damaged or cut", s->path);
    if (status == RG_OK && fflush(s->file) != 0)
        status = rg_err_sys(err, "temporary file", errno, "cannot write");
    free(block);
    return status;
}

static enum rg_status
spool(struct rg_spool *s, struct rg_err *err)
{
    enum rg_status status = rg_spool_open(&s->file, err);
    gzFile in;

    if (status != RG_OK)
        return status;
    s->size = 0;
    in = gzdopen(s->fd, "rb");
    if (!in)
        return rg_err_sys(err, s->path, ENOMEM, "cannot read");
    status = copy_out(s, in, err);
    gzclose(in); /* with the descriptor */
    s->fd = fileno(s->file);
    return status;
}

enum rg_status
rg_spool_read(struct rg_spool *s, const char *path, struct rg_err *err)
{
    bool input = strcmp(path, "-") == 0;
    unsigned char magic[2] = {0, 0};
    struct stat st;

    *s = (struct rg_spool){.path = input ? "<stdin>" : path, .fd = -1};
    s->fd = input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (s->fd < 0)
        return rg_err_sys(err, s->path, errno, "cannot open");
    if (fstat(s->fd, &st) != 0)
        return rg_err_sys(err, s->path, errno, "cannot look at");
    if (S_ISDIR(st.st_mode))
        return rg_err_sys(err, s->path, EISDIR, "cannot read");
    s->size = st.st_size;
    if (S_ISREG(st.st_mode) &&
        !(pread(s->fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b))
        return RG_OK;
    return spool(s, err);
}

void
rg_spool_close(struct rg_spool *s)
{
    if (s->file)
        fclose(s->file);
    else if (s->fd >= 0)
        close(s->fd);
    *s = (struct rg_spool){.fd = -1};
}

enum rg_status
rg_spool_get(const struct rg_spool *s, int64_t at, void *to, size_t n, struct rg_err *err)
{
    char *p = to;

    while (n > 0) {
        ssize_t got = pread(s->fd, p, n, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rg_err_sys(err, s->path, errno, "cannot read");
        if (got == 0)
            return rg_err_set(err, RG_EINPUT, "%s: the file breaks off", s->path);
        p += got;
        at += got;
        n -= (size_t)got;
    }
    return RG_OK;
}
