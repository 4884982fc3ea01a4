/* Making a result file, opening one to go on, and rewriting it in its final form. */

/* For locks of an open file description: those of a process go away whenever SQLite, in the same
 * process, ends a transaction or closes a descriptor of the file. */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/outfile.h"
#include "sim/results_private.h"

/* ---- the lock ---- */

#ifdef F_OFD_SETLK
static int
try_lock(int fd)
{
    /* Beyond every byte that SQLite locks or a file has. */
    struct flock range = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)1 << 46, .l_len = 1};

    return fcntl(fd, F_OFD_SETLK, &range);
}
#else
#include <sys/file.h>

static int
try_lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB);
}
#endif

static enum rg_status
lock(struct rg_results *r, struct rg_err *err)
{
    if (try_lock(r->lock) == 0)
        return RG_OK;
    if (errno == EACCES || errno == EAGAIN || errno == EWOULDBLOCK)
        return rg_err_set(err, RG_ESYSTEM, "%s: another sweep is writing it", r->path);
    return rg_err_sys(err, r->path, errno, "cannot lock");
}

/* Whoever ends a sweep puts a new file in the place of the old one: is what we have locked still
 * the file of that name? */
static bool
still_there(const struct rg_results *r, struct stat *st)
{
    struct stat now;

    return fstat(r->lock, st) == 0 && stat(r->path, &now) == 0 && st->st_dev == now.st_dev &&
           st->st_ino == now.st_ino;
}

static enum rg_status
open_locked(struct rg_results *r, struct stat *st, struct rg_err *err)
{
    enum { TRIES = 100 };

    for (int i = 0; i < TRIES; i++) {
        enum rg_status status;

        r->lock = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
        if (r->lock < 0)
            return rg_err_sys(err, r->path, errno, "cannot write");
        status = lock(r, err);
        if (status == RG_OK && still_there(r, st))
            return RG_OK;
        close(r->lock);
        r->lock = -1; /* what we have not locked is not ours to remove, either */
        if (status != RG_OK)
            return status;
    }
    return rg_err_set(err, RG_ESYSTEM, "%s: replaced again and again by others", r->path);
}

/* ---- a new file ---- */

static enum rg_status
make_tables(struct rg_results *r, const struct rg_results_plan *plan, struct rg_err *err)
{
    struct rg_buf sql = {0};
    enum rg_status status;

    rg_buf_printf(&sql, "PRAGMA application_id=%d; PRAGMA user_version=%d",
                  RG_RESULTS_APPLICATION_ID, RG_RESULTS_VERSION);
    status = rg_results_exec(r, rg_buf_text(&sql), err);
    for (size_t i = 0; i < RG_N_TABLES_OF_RESULTS && status == RG_OK; i++)
        status = rg_results_exec(r, rg_results_tables[i].sql, err);
    for (size_t i = 0; i < RG_N_VIEWS_OF_RESULTS && status == RG_OK; i++) {
        rg_buf_reset(&sql);
        rg_results_view(&sql, i, plan->axes, plan->n_axes, plan->metrics, plan->n_metrics);
        status = rg_results_exec(r, rg_buf_text(&sql), err);
    }
    rg_buf_clear(&sql);
    return status;
}

/* In one transaction: a file has its whole plan or nothing. */
static enum rg_status
make(struct rg_results *r, const struct rg_results_plan *plan, struct rg_err *err)
{
    enum rg_status status = rg_results_exec(r, "BEGIN IMMEDIATE", err);

    if (status == RG_OK)
        status = make_tables(r, plan, err);
    if (status == RG_OK)
        status = rg_results_put_plan(r, plan, err);
    return status == RG_OK ? rg_results_exec(r, "COMMIT", err) : status;
}

/* Nothing is in it, perhaps because the one who began it was killed. */
static enum rg_status
is_blank(struct rg_results *r, bool *blank, struct rg_err *err)
{
    sqlite3_stmt *stmt;
    enum rg_status status = rg_results_prepare(r, &stmt, "PRAGMA page_count", err);

    *blank = false;
    if (status == RG_OK) {
        if (sqlite3_step(stmt) == SQLITE_ROW)
            *blank = sqlite3_column_int64(stmt, 0) == 0;
        else
            status = rg_results_fail(r, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

static enum rg_status
go_on(struct rg_results *r, const struct rg_results_plan *plan, struct rg_err *err)
{
    enum rg_status status = rg_results_check_id(r, err);

    if (status == RG_OK)
        status = rg_results_quick_check(r, err);
    if (status == RG_OK)
        status = rg_results_load(r, err);
    if (status == RG_OK)
        status = rg_results_compare_plan(r, plan, err);
    return status == RG_OK ? rg_results_check_cells(r, err) : status;
}

static enum rg_status
make_or_go_on(struct rg_results *r, const struct rg_results_plan *plan, bool resume,
              struct rg_err *err)
{
    bool blank;
    /* What is wrong with a file that is there is the file's fault until we have written to it. */
    enum rg_status status = rg_results_connect(r, true, err);

    if (status == RG_OK)
        status = is_blank(r, &blank, err);
    if (status != RG_OK)
        return status;
    if (!blank && !resume)
        return rg_err_set(err, RG_EUSAGE,
                          "%s: exists already (--resume completes a sweep that was interrupted)",
                          r->path);
    if (!blank)
        return go_on(r, plan, err);
    status = make(r, plan, err);
    return status == RG_OK ? rg_results_load(r, err) : status;
}

enum rg_status
rg_results_create(struct rg_results **out, const char *path, const struct rg_results_plan *plan,
                  bool resume, struct rg_err *err)
{
    struct rg_results *r = rg_results_new(path);
    struct stat st;
    bool there = stat(path, &st) == 0;
    enum rg_status status = RG_OK;

    *out = NULL;
    if (there && !S_ISREG(st.st_mode))
        status = rg_err_set(err, RG_EUSAGE, "%s: not a regular file, results cannot be kept there",
                            path);
    if (status == RG_OK)
        status = open_locked(r, &st, err);
    if (status == RG_OK)
        status = make_or_go_on(r, plan, resume, err);
    if (status != RG_OK) {
        if (!there && r->lock >= 0 && r->n_cells == 0)
            unlink(path); /* ours, and nothing is in it */
        rg_results_close(r);
        return status;
    }
    *out = r;
    return RG_OK;
}

/* ---- copying ---- */

static enum rg_status
copy_row(struct rg_results *to, size_t table, sqlite3_stmt *from, struct rg_err *err)
{
    struct rg_results_row row;
    enum rg_status status = rg_results_row(to, (enum rg_results_table_id)table, &row, err);

    if (status != RG_OK)
        return status;
    for (int i = 0; i < rg_results_tables[table].columns; i++)
        sqlite3_bind_value(row.stmt, row.at++, sqlite3_column_value(from, i));
    return rg_results_row_end(to, &row, err);
}

/* A select of one table in the order of its key, of one cell or (cell < 0) of all rows. */
static enum rg_status
select_rows(struct rg_results *r, size_t table, int64_t cell, sqlite3_stmt **out,
            struct rg_err *err)
{
    struct rg_buf sql = {0};
    enum rg_status status;

    rg_buf_printf(&sql, "SELECT * FROM %s", rg_results_tables[table].name);
    if (cell >= 0)
        rg_buf_printf(&sql, " WHERE cell = %lld", (long long)cell);
    for (int i = 1; i <= rg_results_tables[table].keys; i++)
        rg_buf_printf(&sql, "%s%d", i == 1 ? " ORDER BY " : ", ", i);
    status = rg_results_prepare(r, out, rg_buf_text(&sql), err);
    rg_buf_clear(&sql);
    return status;
}

static enum rg_status
copy_rows(struct rg_results *to, struct rg_results *from, size_t table, int64_t cell,
          struct rg_err *err)
{
    sqlite3_stmt *stmt;
    enum rg_status status = select_rows(from, table, cell, &stmt, err);
    int rc = SQLITE_DONE;

    while (status == RG_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        status = copy_row(to, table, stmt, err);
    if (status == RG_OK && rc != SQLITE_DONE)
        status = rg_results_fail(from, err);
    sqlite3_finalize(stmt);
    return status;
}

/* ---- the same cell in two files ---- */

static bool
equal_columns(sqlite3_stmt *a, sqlite3_stmt *b, int n)
{
    for (int i = 0; i < n; i++) {
        const void *x = sqlite3_column_blob(a, i);
        const void *y = sqlite3_column_blob(b, i);
        int size = sqlite3_column_bytes(a, i);

        if (sqlite3_column_type(a, i) != sqlite3_column_type(b, i) ||
            size != sqlite3_column_bytes(b, i) || (size > 0 && memcmp(x, y, (size_t)size) != 0))
            return false;
    }
    return true;
}

static enum rg_status
compare_rows(struct rg_results *a, struct rg_results *b, size_t table, size_t cell, bool *equal,
             struct rg_err *err)
{
    sqlite3_stmt *x = NULL;
    sqlite3_stmt *y = NULL;
    enum rg_status status = select_rows(a, table, (int64_t)cell, &x, err);
    int more = SQLITE_ROW;

    if (status == RG_OK)
        status = select_rows(b, table, (int64_t)cell, &y, err);
    while (status == RG_OK && *equal && more == SQLITE_ROW) {
        more = sqlite3_step(x);
        *equal = sqlite3_step(y) == more &&
                 (more != SQLITE_ROW || equal_columns(x, y, rg_results_tables[table].columns));
    }
    sqlite3_finalize(x);
    sqlite3_finalize(y);
    return status;
}

static enum rg_status
check_same(struct rg_results *a, struct rg_results *b, size_t cell, struct rg_err *err)
{
    bool equal = true;

    for (size_t i = 0; i < RG_N_TABLES_OF_RESULTS && equal; i++) {
        enum rg_status status;

        if (rg_results_tables[i].plan)
            continue;
        status = compare_rows(a, b, i, cell, &equal, err);
        if (status != RG_OK)
            return status;
    }
    return equal ? RG_OK
                 : rg_err_set(err, RG_EINPUT, "%s: cell %zu has other results than in %s", b->path,
                              cell, a->path);
}

/* ---- one file of several ---- */

/* The file of the n that has this cell, or NULL. */
static struct rg_results *
holder(struct rg_results *const *files, size_t n, size_t cell)
{
    for (size_t i = 0; i < n; i++)
        if (files[i]->done[cell])
            return files[i];
    return NULL;
}

/* All plan tables of the first file, and each table's rows cell by cell: the same rows in the same
 * order whatever the files were, and so the same bytes. */
static enum rg_status
copy_all(struct rg_results *to, struct rg_results *const *files, size_t n, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < RG_N_TABLES_OF_RESULTS && status == RG_OK; i++) {
        if (rg_results_tables[i].plan)
            status = copy_rows(to, files[0], i, -1, err);
        for (size_t c = 0; c < files[0]->n_cells && !rg_results_tables[i].plan && status == RG_OK;
             c++) {
            struct rg_results *from = holder(files, n, c);

            if (from)
                status = copy_rows(to, from, i, (int64_t)c, err);
        }
    }
    return status;
}

static enum rg_status
fill(struct rg_results *to, struct rg_results *const *files, size_t n, struct rg_err *err)
{
    struct rg_results_planned *cells;
    struct rg_results_plan plan = rg_results_plan_of(files[0], &cells);
    enum rg_status status = rg_results_connect(to, true, err);

    /* An unfinished file is thrown away as a whole. */
    if (status == RG_OK)
        status = rg_results_exec(to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN", err);
    if (status == RG_OK)
        status = make_tables(to, &plan, err);
    if (status == RG_OK)
        status = copy_all(to, files, n, err);
    if (status == RG_OK)
        status = rg_results_exec(to, "COMMIT", err);
    free(cells);
    return status;
}

/* SQLite's own rewriting: the same bytes for the same rows, whatever the file went through before,
 * and several times faster than row by row. */
static enum rg_status
rewrite(struct rg_results *from, const char *path, struct rg_err *err)
{
    sqlite3_stmt *stmt = NULL;
    /* The counter of changes of the schema is one more in the new file, so that it would tell how
     * often this has been done. */
    enum rg_status status;

    sqlite3_db_config(from->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    status = rg_results_exec(from, "PRAGMA schema_version=1", err);
    sqlite3_db_config(from->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (status == RG_OK)
        status = rg_results_prepare(from, &stmt, "VACUUM INTO ?1", err);
    if (status != RG_OK)
        return status;
    sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        status = rg_results_fail(from, err);
    sqlite3_finalize(stmt);
    return status;
}

static enum rg_status
write_final(const char *path, struct rg_results *from, struct rg_err *err)
{
    char *target = rg_outfile_resolve(path);
    char *temp = NULL;
    enum rg_status status = rg_outfile_temp(target, &temp, NULL, err);

    if (status == RG_OK) {
        char *plain = rg_results_plain_path(temp);

        status = rewrite(from, plain, err);
        if (status == RG_OK)
            status = rg_outfile_publish(temp, target, err);
        else
            unlink(temp);
        free(plain);
    }
    free(temp);
    free(target);
    return status;
}

/* By way of a file that has the rows of all. */
static enum rg_status
write_merged(const char *path, struct rg_results *const *files, size_t n, struct rg_err *err)
{
    char *target = rg_outfile_resolve(path);
    char *temp = NULL;
    enum rg_status status = rg_outfile_temp(target, &temp, NULL, err);

    if (status == RG_OK) {
        struct rg_results *to = rg_results_new(temp);

        status = fill(to, files, n, err);
        if (status == RG_OK)
            status = write_final(path, to, err);
        rg_results_close(to);
        unlink(temp);
    }
    free(temp);
    free(target);
    return status;
}

enum rg_status
rg_results_finish(struct rg_results *r, struct rg_err *err)
{
    enum rg_status status = rg_results_sync(r, 0, err);

    assert(r->writes);
    return status == RG_OK && r->n_done == r->n_cells ? write_final(r->path, r, err) : status;
}

static enum rg_status
open_shards(struct rg_results **files, const char *const *paths, size_t n, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < n && status == RG_OK; i++) {
        status = rg_results_open(&files[i], paths[i], err);
        if (status == RG_OK)
            status = rg_results_quick_check(files[i], err);
        if (status == RG_OK && i > 0) {
            struct rg_results_planned *cells;
            struct rg_results_plan plan = rg_results_plan_of(files[0], &cells);

            status = rg_results_compare_plan(files[i], &plan, err);
            free(cells);
        }
        if (status == RG_OK)
            status = rg_results_check_cells(files[i], err);
    }
    return status;
}

static enum rg_status
check_common(struct rg_results *const *files, size_t n, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t c = 0; c < files[0]->n_cells; c++) {
        const struct rg_results *first = holder(files, n, c);

        for (size_t i = 0; i < n && status == RG_OK; i++)
            if (files[i]->done[c] && files[i] != first)
                status = check_same(holder(files, n, c), files[i], c, err);
    }
    return status;
}

enum rg_status
rg_results_merge(const char *out, const char *const *paths, size_t n, size_t *done, size_t *cells,
                 struct rg_err *err)
{
    struct rg_results **files = rg_zalloc(n, sizeof *files);
    struct stat st;
    enum rg_status status = RG_OK;

    if (stat(out, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size > 0))
        status = rg_err_set(err, RG_EUSAGE, "%s: exists already, not replaced", out);
    if (status == RG_OK)
        status = open_shards(files, paths, n, err);
    if (status == RG_OK)
        status = check_common(files, n, err);
    if (status == RG_OK)
        status = write_merged(out, files, n, err);
    for (size_t c = 0; status == RG_OK && c < files[0]->n_cells; c++)
        *done += holder(files, n, c) != NULL;
    if (status == RG_OK)
        *cells = files[0]->n_cells;
    for (size_t i = 0; i < n; i++)
        rg_results_close(files[i]);
    free(files);
    return status;
}
