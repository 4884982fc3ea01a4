/* LLMRouterBench: result files in a folder, or in a tar archive. An archive is read once; what may
 * count goes to a nameless temporary file, as neither the order of its members nor which of them
 * count is known before its end. */
#include "traces/importers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/line.h"
#include "base/mem.h"
#include "traces/archive.h"
#include "traces/folder.h"
#include "traces/import_llmrouterbench.h"
#include "traces/json_lines.h"
#include "traces/spool.h"

bool
rg_import_llmrouterbench_detect(const struct rg_import_head *head)
{
    static const char *const keys[] = {"model_name", "dataset_name", "split"};
    struct rg_import_head rest = *head;

    if (rg_archive_detect(head->data, head->len))
        return true;
    while (rest.len > 0 && strchr(" \t\r\n", *rest.data)) {
        rest.data++;
        rest.len--;
    }
    return rg_json_lines_detect(&rest, keys, sizeof keys / sizeof *keys);
}

/* ---- names ---- */

static bool
ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);

    return n >= k && strcmp(name + n - k, end) == 0;
}

static bool
digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

/* ..._20251112_104326.json as 20251112104326; 0 when there is no such end. */
static int64_t
stamp(const char *path)
{
    enum { DATE = 8, TIME = 6, END = DATE + 1 + TIME + 5 };
    size_t n = strlen(path);
    const char *s = path + n - END;

    if (n < END || !digits(s, DATE) || s[DATE] != '_' || !digits(s + DATE + 1, TIME))
        return 0;
    return strtoll(s, NULL, 10) * 1000000 + strtoll(s + DATE + 1, NULL, 10);
}

static bool
is_result(struct rg_import *im, const char *path)
{
    const struct rg_place place = {.file = path};

    if (ends_in(path, "-checkpoint.json"))
        rg_import_note(im, "file of a checkpoint, left out", &place);
    else if (ends_in(path, ".json"))
        return true;
    else
        rg_import_note(im, "no .json file, left out", &place);
    return false;
}

static struct rg_bench_file *
add(struct rg_bench_files *files, const char *path, int64_t modified)
{
    int64_t key = stamp(path);

    files->at = rg_grow(files->at, &files->cap, files->n + 1, sizeof *files->at);
    files->at[files->n] = (struct rg_bench_file){
        .path = rg_strdup(path), .spool = -1, .key = key > 0 ? key : modified};
    return &files->at[files->n++];
}

static enum rg_status
read_all(struct rg_import *im, struct rg_bench_files *files, struct rg_err *err)
{
    enum rg_status status = rg_bench_choose(im, files, err);

    for (size_t i = 0; i < files->n && status == RG_OK; i++)
        status = rg_bench_read(im, &files->at[i], err);
    rg_bench_files_clear(files);
    return status;
}

/* ---- folders ---- */

static enum rg_status
add_path(struct rg_import *im, struct rg_bench_files *files, const char *path, struct rg_err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return rg_err_sys(err, path, errno, "cannot look at");
    if (is_result(im, path))
        add(files, path, (int64_t)st.st_mtime);
    return RG_OK;
}

enum rg_status
rg_import_llmrouterbench_folder(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct rg_bench_files files = {0};
    struct rg_folder folder = {0};
    enum rg_status status = rg_folder_list(&folder, path, err);

    for (size_t i = 0; status == RG_OK && i < folder.n_passed; i++) {
        struct rg_place place = {.file = folder.passed[i]};

        rg_import_note(im, "not a regular file or hidden, passed over", &place);
    }
    for (size_t i = 0; status == RG_OK && i < folder.n; i++)
        status = add_path(im, &files, folder.files[i], err);
    rg_folder_clear(&folder);
    if (status == RG_OK && files.n == 0)
        status = rg_err_set(err, RG_EINPUT, "%s: no result files (*.json) in this folder", path);
    im->report->files += files.n;
    if (status == RG_OK)
        return read_all(im, &files, err);
    rg_bench_files_clear(&files);
    return status;
}

/* ---- archives ---- */

static enum rg_status
spool_member(struct rg_archive *a, struct rg_bench_file *f, FILE *spool, int64_t *at,
             struct rg_err *err)
{
    enum rg_status status;
    const char *bytes;
    size_t n;

    f->spool = fileno(spool);
    f->start = *at;
    while ((status = rg_archive_read(a, &bytes, &n, err)) == RG_OK && n > 0) {
        if (fwrite(bytes, 1, n, spool) != n)
            return rg_err_sys(err, "temporary file", errno, "cannot write");
        *at += (int64_t)n;
    }
    f->end = *at;
    return status;
}

static enum rg_status
spool_members(struct rg_import *im, struct rg_archive *a, const char *path, FILE *spool,
              struct rg_bench_files *files, struct rg_err *err)
{
    struct rg_archive_member member;
    enum rg_status status = RG_OK;
    struct rg_buf name = {0};
    int64_t at = 0;

    while (status == RG_OK) {
        status = rg_archive_next(a, &member, err);
        if (status == RG_EINPUT) {
            status = rg_import_reject(im, "member of an archive refused", err);
            if (rg_archive_broken(a))
                break;
            continue;
        }
        if (status != RG_OK || !member.name)
            break;
        rg_buf_reset(&name);
        rg_buf_printf(&name, "%s:%s", path, member.name);
        if (!member.folder && is_result(im, rg_buf_text(&name))) {
            status =
                spool_member(a, add(files, rg_buf_text(&name), member.modified), spool, &at, err);
            if (status == RG_EINPUT) {
                files->at[files->n - 1].end = at;
                status = rg_import_reject(im, "archive given up", err);
                if (rg_archive_broken(a))
                    break;
            }
        }
    }
    rg_buf_clear(&name);
    if (status == RG_OK && fflush(spool) != 0)
        status = rg_err_sys(err, "temporary file", errno, "cannot write");
    return status;
}

static enum rg_status
read_archive(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct rg_bench_files files = {0};
    struct rg_archive *a;
    FILE *spool;
    enum rg_status status = rg_archive_open(&a, path, err);

    if (status != RG_OK)
        return status;
    status = rg_spool_open(&spool, err);
    if (status == RG_OK) {
        status = spool_members(im, a, path, spool, &files, err);
        if (status == RG_OK && files.n == 0)
            status = rg_err_set(err, RG_EINPUT, "%s: no result files (*.json) in it", path);
        if (status == RG_OK)
            status = read_all(im, &files, err);
        fclose(spool);
    }
    rg_bench_files_clear(&files);
    rg_archive_close(a);
    return status;
}

enum rg_status
rg_import_llmrouterbench_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct rg_bench_files files = {0};
    struct rg_buf head = {0};
    enum rg_status status = rg_file_head(path, 1024, &head, err);
    bool archive = rg_archive_detect(rg_buf_text(&head), head.len);

    rg_buf_clear(&head);
    if (archive)
        return read_archive(im, path, err);
    if (status != RG_OK)
        return status;
    status = add_path(im, &files, path, err);
    if (status == RG_OK)
        return read_all(im, &files, err);
    rg_bench_files_clear(&files);
    return status;
}
