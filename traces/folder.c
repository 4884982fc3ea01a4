#include "traces/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"

enum { DEPTH_MAX = 64 };

static void
add(char ***list, size_t *n, size_t *cap, char *take_path)
{
    *list = rg_grow(*list, cap, *n + 1, sizeof **list);
    (*list)[(*n)++] = take_path;
}

static char *
join(const char *folder, const char *name)
{
    struct rg_buf buf = {0};
    size_t n = strlen(folder);

    rg_buf_puts(&buf, folder);
    if (n > 0 && folder[n - 1] != '/')
        rg_buf_putc(&buf, '/');
    rg_buf_puts(&buf, name);
    return rg_buf_take(&buf);
}

static enum rg_status list(struct rg_folder *out, const char *path, int depth, struct rg_err *err);

static enum rg_status
entry(struct rg_folder *out, const char *folder, const char *name, int depth, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    struct stat st;
    char *path;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return RG_OK;
    path = join(folder, name);
    if (lstat(path, &st) != 0) {
        status = rg_err_sys(err, path, errno, "cannot look at");
        free(path);
    } else if (name[0] != '.' && S_ISDIR(st.st_mode)) {
        status = list(out, path, depth + 1, err);
        free(path);
    } else if (name[0] != '.' && S_ISREG(st.st_mode)) {
        add(&out->files, &out->n, &out->cap, path);
    } else {
        add(&out->passed, &out->n_passed, &out->passed_cap, path);
    }
    return status;
}

static enum rg_status
list(struct rg_folder *out, const char *path, int depth, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    struct dirent *e;
    DIR *dir;

    if (depth > DEPTH_MAX)
        return rg_err_set(err, RG_EINPUT, "%s: folders nested deeper than %d", path, DEPTH_MAX);
    dir = opendir(path);
    if (!dir)
        return rg_err_sys(err, path, errno, "cannot open");
    errno = 0;
    while (status == RG_OK && (e = readdir(dir)) != NULL) {
        status = entry(out, path, e->d_name, depth, err);
        errno = 0;
    }
    if (status == RG_OK && errno != 0)
        status = rg_err_sys(err, path, errno, "cannot read");
    closedir(dir);
    return status;
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum rg_status
rg_folder_list(struct rg_folder *out, const char *path, struct rg_err *err)
{
    enum rg_status status = list(out, path, 0, err);

    if (out->n > 1)
        qsort(out->files, out->n, sizeof *out->files, compare);
    if (out->n_passed > 1)
        qsort(out->passed, out->n_passed, sizeof *out->passed, compare);
    return status;
}

void
rg_folder_clear(struct rg_folder *folder)
{
    for (size_t i = 0; i < folder->n; i++)
        free(folder->files[i]);
    for (size_t i = 0; i < folder->n_passed; i++)
        free(folder->passed[i]);
    free(folder->files);
    free(folder->passed);
    *folder = (struct rg_folder){0};
}
