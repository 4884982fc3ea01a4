/* A result file as a database: opening, its lock, its errors. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sim/results_private.h"

enum { BUSY_MS = 60000 }; /* that a writer waits for readers */

enum rg_status
rg_results_damaged(struct rg_results *r, struct rg_err *err, const char *what)
{
    return rg_err_set(err, RG_EINPUT, "%s: damaged result file: %s", r->path, what);
}

enum rg_status
rg_results_fail(struct rg_results *r, struct rg_err *err)
{
    int rc = sqlite3_errcode(r->db);
    int number = sqlite3_system_errno(r->db);

    switch (rc) {
    case SQLITE_NOMEM:
        rg_mem_fail(0);
    case SQLITE_NOTADB:
        return rg_err_set(err, RG_EINPUT, "%s: not a result file (no SQLite database)", r->path);
    case SQLITE_CORRUPT:
    case SQLITE_TOOBIG:
        return rg_results_damaged(r, err, sqlite3_errmsg(r->db));
    case SQLITE_ERROR: /* our statements are right, so the tables are not */
    case SQLITE_CONSTRAINT:
        if (!r->writes)
            return rg_results_damaged(r, err, sqlite3_errmsg(r->db));
        break;
    default:
        break;
    }
    if (number != 0 && (rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN || rc == SQLITE_FULL))
        return rg_err_sys(err, r->path, number, sqlite3_errmsg(r->db));
    return rg_err_set(err, RG_ESYSTEM, "%s: %s", r->path, sqlite3_errmsg(r->db));
}

enum rg_status
rg_results_exec(struct rg_results *r, const char *sql, struct rg_err *err)
{
    return sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK ? RG_OK
                                                                   : rg_results_fail(r, err);
}

enum rg_status
rg_results_prepare(struct rg_results *r, sqlite3_stmt **out, const char *sql, struct rg_err *err)
{
    *out = NULL;
    return sqlite3_prepare_v3(r->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK
               ? RG_OK
               : rg_results_fail(r, err);
}

struct rg_results *
rg_results_new(const char *path)
{
    struct rg_results *r = rg_zalloc(1, sizeof *r);

    r->path = rg_strdup(path);
    r->lock = -1;
    return r;
}

void
rg_results_close(struct rg_results *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < RG_N_TABLES_OF_RESULTS; i++)
        sqlite3_finalize(r->insert[i]);
    sqlite3_close(r->db);
    if (r->lock >= 0)
        close(r->lock);
    rg_results_unload(r);
    free(r->open);
    rg_buf_clear(&r->row);
    free(r->path);
    free(r);
}

/* SQLite gives names such as ":memory:" and "file:..." a meaning of their own; a path that begins
 * with a '/' or a '.' has none. */
char *
rg_results_plain_path(const char *path)
{
    struct rg_buf buf = {0};

    if (path[0] != '/' && path[0] != '.')
        rg_buf_puts(&buf, "./");
    rg_buf_puts(&buf, path);
    return rg_buf_take(&buf);
}

/* Nothing of a file is trusted, also of one that is to be completed. */
static void
harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 30);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
}

enum rg_status
rg_results_connect(struct rg_results *r, bool writes, struct rg_err *err)
{
    char *name = rg_results_plain_path(r->path);
    int flags = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(name, &r->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    free(name);
    r->writes = writes;
    if (rc != SQLITE_OK)
        return rg_results_fail(r, err);
    harden(r->db);
    sqlite3_busy_timeout(r->db, BUSY_MS);
    return rg_results_exec(r,
                           writes ? "PRAGMA page_size=4096; PRAGMA encoding='UTF-8';"
                                    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                                    "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
                                    "PRAGMA synchronous=FULL"
                                  : "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                                    "PRAGMA mmap_size=0; PRAGMA query_only=ON;"
                                    "PRAGMA temp_store=MEMORY",
                           err);
}

static enum rg_status
look_up(struct rg_results *r, const char *sql, int64_t *out, struct rg_err *err)
{
    sqlite3_stmt *stmt;
    enum rg_status status = rg_results_prepare(r, &stmt, sql, err);

    if (status == RG_OK) {
        if (sqlite3_step(stmt) == SQLITE_ROW)
            *out = sqlite3_column_int64(stmt, 0);
        else
            status = rg_results_fail(r, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

enum rg_status
rg_results_check_id(struct rg_results *r, struct rg_err *err)
{
    int64_t id = 0;
    int64_t version = 0;
    enum rg_status status = look_up(r, "PRAGMA application_id", &id, err);

    if (status == RG_OK)
        status = look_up(r, "PRAGMA user_version", &version, err);
    if (status != RG_OK)
        return status;
    if (id != RG_RESULTS_APPLICATION_ID)
        return rg_err_set(err, RG_EINPUT,
                          "%s: not a result file (SQLite application id 0x%08llx found, 0x%08x "
                          "expected)",
                          r->path, (unsigned long long)id & 0xffffffffU,
                          (unsigned)RG_RESULTS_APPLICATION_ID);
    if (version != RG_RESULTS_VERSION)
        return rg_err_set(err, RG_EINPUT,
                          "%s: result file of version %lld (expected %d): written by %s version of "
                          "the program",
                          r->path, (long long)version, RG_RESULTS_VERSION,
                          version < RG_RESULTS_VERSION ? "an earlier" : "a later");
    return RG_OK;
}

enum rg_status
rg_results_quick_check(struct rg_results *r, struct rg_err *err)
{
    sqlite3_stmt *stmt;
    enum rg_status status = rg_results_prepare(r, &stmt, "PRAGMA quick_check(1)", err);

    if (status != RG_OK)
        return status;
    if (sqlite3_step(stmt) != SQLITE_ROW)
        status = rg_results_fail(r, err);
    else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
        status = rg_results_damaged(r, err, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return status;
}

/* ---- reading ---- */

enum rg_status
rg_results_open(struct rg_results **out, const char *path, struct rg_err *err)
{
    struct rg_results *r = rg_results_new(path);
    enum rg_status status = RG_OK;
    struct stat st;

    *out = NULL;
    if (stat(path, &st) != 0)
        status = rg_err_sys(err, path, errno, "cannot open");
    else if (!S_ISREG(st.st_mode) || st.st_size == 0)
        status = rg_err_set(err, RG_EINPUT, "%s: not a result file (%s)", path,
                            S_ISREG(st.st_mode) ? "it is empty" : "no regular file");
    if (status == RG_OK)
        status = rg_results_connect(r, false, err);
    if (status == RG_OK)
        status = rg_results_check_id(r, err);
    if (status == RG_OK)
        status = rg_results_load(r, err);
    if (status != RG_OK)
        rg_results_close(r);
    else
        *out = r;
    return status;
}
