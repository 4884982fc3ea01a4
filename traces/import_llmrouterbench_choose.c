/* Which files of LLMRouterBench count: not the demonstrations, not those that the options leave
 * out, and of several for one dataset, split and model the newest that is whole. The rules are
 * those of the project's own loader (class BaselineDataLoader), but that nothing is left out in
 * silence. */
#include "traces/import_llmrouterbench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "traces/import_bench.h"

void
rg_bench_files_clear(struct rg_bench_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        free(files->at[i].path);
        free(files->at[i].dataset);
        free(files->at[i].split);
        free(files->at[i].model);
    }
    free(files->at);
    *files = (struct rg_bench_files){0};
}

enum rg_status
rg_bench_file_open(struct rg_bench_file *f, int *fd, struct rg_err *err)
{
    struct stat st;

    *fd = f->spool;
    if (f->spool >= 0)
        return RG_OK;
    *fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (*fd < 0)
        return rg_err_sys(err, f->path, errno, "cannot open");
    if (fstat(*fd, &st) != 0) {
        int number = errno;

        close(*fd);
        return rg_err_sys(err, f->path, number, "cannot look at");
    }
    f->start = 0;
    f->end = st.st_size;
    return RG_OK;
}

void
rg_bench_file_close(const struct rg_bench_file *f, int fd)
{
    if (f->spool < 0 && fd >= 0)
        close(fd);
}

/* ---- heads ---- */

/* Up to the records when all that is wanted stands before them, as the project writes it. */
static enum rg_status
read_members(struct rg_bench_file *f, struct rg_json_stream *s, struct rg_err *err)
{
    struct rg_json_piece piece;
    enum rg_status status = RG_OK;

    while (status == RG_OK) {
        status = rg_json_stream_next(s, &piece, err);
        if (status != RG_OK)
            break;
        if (piece.kind == RG_JSON_END)
            return rg_json_stream_seen(s)
                       ? RG_OK
                       : rg_err_set(err, RG_EINPUT, "%s: no records (expected an array)", f->path);
        if (piece.kind == RG_JSON_ITEM) {
            if (f->dataset && f->split && f->model)
                break;
            continue;
        }
        status = rg_bench_field(NULL, f, &piece, err);
    }
    return status;
}

static enum rg_status
check_head(const struct rg_bench_file *f, struct rg_err *err)
{
    if (!f->dataset || !f->split || !f->model)
        return rg_err_set(err, RG_EINPUT, "%s: no %s (expected a result file of LLMRouterBench)",
                          f->path,
                          !f->dataset ? "dataset_name"
                          : !f->split ? "split"
                                      : "model_name");
    if (strchr(f->dataset, '/') || strchr(f->split, '/'))
        return rg_err_set(err, RG_EINPUT,
                          "%s: a '/' in dataset_name or split (found \"%.80s\", \"%.80s\")",
                          f->path, f->dataset, f->split);
    return RG_OK;
}

static enum rg_status
read_head(struct rg_bench_file *f, struct rg_err *err)
{
    struct rg_json_stream *s;
    enum rg_status status;
    int fd;

    rg_bench_fields_begin(f);
    status = rg_bench_file_open(f, &fd, err);
    if (status != RG_OK)
        return status;
    s = rg_json_stream_new(fd, f->start, f->end, f->path, "records");
    status = read_members(f, s, err);
    rg_json_stream_free(s);
    rg_bench_file_close(f, fd);
    return status == RG_OK ? check_head(f, err) : status;
}

/* Is the file whole, as far as its brackets and quotes tell? */
static enum rg_status
read_through(struct rg_bench_file *f, struct rg_err *err)
{
    struct rg_json_piece piece = {.kind = RG_JSON_ITEM};
    struct rg_json_stream *s;
    enum rg_status status;
    int fd;

    status = rg_bench_file_open(f, &fd, err);
    if (status != RG_OK)
        return status;
    s = rg_json_stream_new(fd, f->start, f->end, f->path, "records");
    while (status == RG_OK && piece.kind != RG_JSON_END)
        status = rg_json_stream_next(s, &piece, err);
    rg_json_stream_free(s);
    rg_bench_file_close(f, fd);
    return status;
}

/* ---- what the options leave out ---- */

static bool
in_list(const struct rg_import_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->list[i], name) == 0)
            return true;
    return false;
}

/* A list of what is wanted, even an empty one, makes that of what is not wanted void. */
static bool
wanted(const struct rg_import_list *yes, const struct rg_import_list *no, const char *name)
{
    return yes->list ? in_list(yes, name) : !in_list(no, name);
}

static const char *
left_out(const struct rg_import *im, const struct rg_bench_file *f)
{
    const struct rg_import_options *o = im->options;

    if (f->demo && !o->demo)
        return "file of a demonstration, left out";
    if (!wanted(&o->datasets, &o->not_datasets, f->dataset))
        return "file of a dataset that is not wanted, left out";
    if (!wanted(&o->splits, &o->not_splits, f->split))
        return "file of a split that is not wanted, left out";
    if (!wanted(&o->models, &o->not_models, f->model))
        return "file of a model that is not wanted, left out";
    return NULL;
}

/* ---- order ---- */

/* A '/' before everything else: "gpt-5/x" before "gpt-5-chat/x". */
static int
compare_paths(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b)
        return 0;
    if (*a == '/' || *b == '/')
        return !*a || (*a == '/' && *b) ? -1 : 1;
    return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int
by_path(const void *a, const void *b)
{
    const struct rg_bench_file *x = a, *y = b;

    return compare_paths(x->path, y->path);
}

/* The same recording together, the newest first; among equally new ones the first path. What does
 * not count goes to the end. */
static int
by_recording(const void *a, const void *b)
{
    const struct rg_bench_file *x = a, *y = b;
    int c = x->drop - y->drop;

    if (c != 0 || x->drop)
        return c != 0 ? c : compare_paths(x->path, y->path);
    if ((c = strcmp(x->dataset, y->dataset)) != 0 || (c = strcmp(x->split, y->split)) != 0 ||
        (c = strcmp(x->model, y->model)) != 0)
        return c;
    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return compare_paths(x->path, y->path);
}

static bool
same_recording(const struct rg_bench_file *a, const struct rg_bench_file *b)
{
    return strcmp(a->dataset, b->dataset) == 0 && strcmp(a->split, b->split) == 0 &&
           strcmp(a->model, b->model) == 0;
}

/* files[0..n) are of one recording, the newest first. One alone is not read twice: should it break
 * off, that is seen soon enough, as there is none to take its place. */
static enum rg_status
choose_one(struct rg_import *im, struct rg_bench_file *files, size_t n, struct rg_err *err)
{
    bool found = n == 1;
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < n && n > 1 && status == RG_OK; i++) {
        const struct rg_place place = {.file = files[i].path};

        files[i].drop = found;
        if (found) {
            rg_import_note(im, "file with an older recording, left out", &place);
            continue;
        }
        status = read_through(&files[i], err);
        if (status == RG_EINPUT) {
            files[i].drop = true;
            status = rg_import_reject(im, "file given up", err);
        } else {
            found = true;
        }
    }
    return status;
}

static void
sweep(struct rg_bench_files *files)
{
    size_t n = 0;

    for (size_t i = 0; i < files->n; i++) {
        if (!files->at[i].drop) {
            struct rg_bench_file keep = files->at[i];

            files->at[i] = files->at[n];
            files->at[n++] = keep;
        }
    }
    for (size_t i = n; i < files->n; i++) {
        free(files->at[i].path);
        free(files->at[i].dataset);
        free(files->at[i].split);
        free(files->at[i].model);
    }
    files->n = n;
}

static enum rg_status
read_heads(struct rg_import *im, struct rg_bench_files *files, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < files->n && status == RG_OK; i++) {
        struct rg_bench_file *f = &files->at[i];
        const struct rg_place place = {.file = f->path};
        const char *why;

        status = read_head(f, err);
        if (status == RG_EINPUT) {
            f->drop = true;
            status = rg_import_reject(im, "file given up", err);
            continue;
        }
        if (status == RG_OK)
            rg_bench_met(im, f->dataset, f->model, f->split);
        why = status == RG_OK ? left_out(im, f) : NULL;
        if (why) {
            f->drop = true;
            rg_import_note(im, why, &place);
        }
    }
    return status;
}

enum rg_status
rg_bench_choose(struct rg_import *im, struct rg_bench_files *files, struct rg_err *err)
{
    enum rg_status status;
    size_t n;

    if (files->n > 1)
        qsort(files->at, files->n, sizeof *files->at, by_path);
    status = read_heads(im, files, err);
    if (status != RG_OK)
        return status;
    if (files->n > 1)
        qsort(files->at, files->n, sizeof *files->at, by_recording);
    for (size_t i = 0; i < files->n && !files->at[i].drop && status == RG_OK; i += n) {
        n = 1;
        while (i + n < files->n && !files->at[i + n].drop &&
               same_recording(&files->at[i], &files->at[i + n]))
            n++;
        status = choose_one(im, &files->at[i], n, err);
    }
    sweep(files);
    if (files->n > 1)
        qsort(files->at, files->n, sizeof *files->at, by_path);
    return status;
}
