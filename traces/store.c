#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "traces/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/outfile.h"
#include "traces/store_private.h"
#include "traces/store_writer.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* The schema, version 2. Codes are those of record.h; contract is -1 where unknown; ord is the
 * position in the recording, shared by calls and recorded_runs. A reader requires exactly these
 * texts, so that no view, trigger or index of another hand is ever run. */
static const char *const schema[] = {
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE models(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
    "tier INTEGER NOT NULL, input_usd_per_mtok REAL, output_usd_per_mtok REAL, attrs TEXT) STRICT",
    "CREATE TABLE datasets(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE variants(id INTEGER PRIMARY KEY, memory TEXT NOT NULL, "
    "contract INTEGER NOT NULL, UNIQUE(memory, contract)) STRICT",
    "CREATE TABLE texts(id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, data BLOB NOT NULL) STRICT",
    "CREATE TABLE queries(id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL REFERENCES datasets, "
    "name TEXT NOT NULL, category TEXT, text INTEGER, reference INTEGER, "
    "attrs TEXT, UNIQUE(dataset, name)) STRICT",
    "CREATE TABLE calls(ord INTEGER PRIMARY KEY, query INTEGER NOT NULL REFERENCES queries, "
    "model INTEGER NOT NULL REFERENCES models, variant INTEGER NOT NULL REFERENCES variants, "
    "sample INTEGER NOT NULL, status INTEGER NOT NULL, prompt_tokens INTEGER, "
    "completion_tokens INTEGER, cost_usd REAL, latency_ms REAL, ttft_ms REAL, score REAL, "
    "text INTEGER, prompt INTEGER, attrs TEXT, "
    "UNIQUE(query, model, variant, sample)) STRICT",
    "CREATE TABLE recorded_runs(ord INTEGER PRIMARY KEY, "
    "query INTEGER NOT NULL REFERENCES queries, config TEXT NOT NULL, sample INTEGER NOT NULL, "
    "variant INTEGER NOT NULL REFERENCES variants, chain TEXT, model INTEGER REFERENCES models, "
    "escalated INTEGER NOT NULL, status INTEGER NOT NULL, prompt_tokens INTEGER, "
    "completion_tokens INTEGER, cost_usd REAL, latency_ms REAL, score REAL, "
    "text INTEGER, prompt INTEGER, attrs TEXT, "
    "UNIQUE(query, config, sample)) STRICT",
    "CREATE TABLE kb(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT, "
    "text INTEGER, attrs TEXT) STRICT",
    "CREATE TABLE embeddings(id INTEGER PRIMARY KEY, query INTEGER NOT NULL REFERENCES queries, "
    "space TEXT NOT NULL, data BLOB NOT NULL, UNIQUE(query, space)) STRICT",
    "CREATE TABLE arrivals(id INTEGER PRIMARY KEY, at_s REAL NOT NULL, "
    "query INTEGER REFERENCES queries, prompt_tokens INTEGER, completion_tokens INTEGER) STRICT",
};
enum { N_SCHEMA = sizeof schema / sizeof schema[0] };

/* ---- errors ---- */

enum rg_status
rg_store_fail(struct rg_store *s, struct rg_err *err)
{
    int rc = sqlite3_errcode(s->db);
    int number = sqlite3_system_errno(s->db);

    switch (rc) {
    case SQLITE_NOMEM:
        rg_mem_fail(0);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
    case SQLITE_ERROR: /* our statements are right, so the tables are not */
        if (!s->writer)
            return rg_err_set(err, RG_EINPUT, "%s: damaged trace file: %s", s->path,
                              sqlite3_errmsg(s->db));
        break;
    default:
        break;
    }
    if (number != 0 && (rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN || rc == SQLITE_FULL))
        return rg_err_sys(err, s->path, number, sqlite3_errmsg(s->db));
    return rg_err_set(err, RG_ESYSTEM, "%s: %s", s->path, sqlite3_errmsg(s->db));
}

enum rg_status
rg_store_prepare(struct rg_store *s, sqlite3_stmt **out, const char *sql, struct rg_err *err)
{
    if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return rg_store_fail(s, err);
    return RG_OK;
}

static enum rg_status
run(struct rg_store *s, const char *sql, struct rg_err *err)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return rg_store_fail(s, err);
    return RG_OK;
}

static void
close_db(struct rg_store *s)
{
    rg_writer_free(s->writer);
    s->writer = NULL;
    rg_text_reader_free(s->texts);
    sqlite3_finalize(s->meta);
    s->texts = NULL;
    s->meta = NULL;
    sqlite3_close(s->db);
    s->db = NULL;
}

void
rg_store_release(struct rg_store *s)
{
    close_db(s);
    free(s->path);
    free(s->target);
    free(s->temp);
    free(s);
}

/* SQLite gives names such as ":memory:" and "file:..." a meaning of their own; a path that begins
 * with a '/' or a '.' has none. */
static char *
plain_path(const char *path)
{
    struct rg_buf buf = {0};

    if (path[0] != '/' && path[0] != '.')
        rg_buf_puts(&buf, "./");
    rg_buf_puts(&buf, path);
    return rg_buf_take(&buf);
}

/* ---- the head of a file ---- */

enum { HEAD = 100, AT_WRITE_VERSION = 18, AT_USER_VERSION = 60, AT_APPLICATION_ID = 68 };

static const char magic[16] = "SQLite format 3";

static uint32_t
big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Reads the first bytes of a regular file; *n is how many there are, at most HEAD. */
static enum rg_status
read_head(const char *path, unsigned char head[HEAD], size_t *n, struct rg_err *err)
{
    struct stat st;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return rg_err_sys(err, path, errno, "cannot open");
    *n = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        got = pread(fd, head, HEAD, 0);
        if (got < 0) {
            int number = errno;

            close(fd);
            return rg_err_sys(err, path, number, "cannot read");
        }
        *n = (size_t)got;
    }
    close(fd);
    return RG_OK;
}

static bool
is_database(const unsigned char *head, size_t n)
{
    return n == HEAD && memcmp(head, magic, sizeof magic) == 0;
}

bool
rg_store_is_file(const char *path)
{
    unsigned char head[HEAD];
    struct rg_err err;
    size_t n;

    return read_head(path, head, &n, &err) == RG_OK && is_database(head, n);
}

static enum rg_status
check_head(const char *path, const unsigned char *head, size_t n, struct rg_err *err)
{
    uint32_t version;

    if (!is_database(head, n))
        return rg_err_set(err, RG_EINPUT, "%s: not a trace file (no SQLite database)", path);
    if (big_endian(head + AT_APPLICATION_ID) != RG_STORE_APPLICATION_ID)
        return rg_err_set(
            err, RG_EINPUT,
            "%s: not a trace file (SQLite application id 0x%08" PRIx32 " found, 0x%08x expected)",
            path, big_endian(head + AT_APPLICATION_ID), (unsigned)RG_STORE_APPLICATION_ID);
    version = big_endian(head + AT_USER_VERSION);
    if (version != RG_STORE_VERSION)
        return rg_err_set(err, RG_EINPUT, "%s: trace file of version %" PRIu32 " (expected %d): %s",
                          path, version, RG_STORE_VERSION,
                          version > RG_STORE_VERSION ? "made by a newer program"
                                                     : "import the recordings again");
    if (head[AT_WRITE_VERSION] != 1 || head[AT_WRITE_VERSION + 1] != 1)
        return rg_err_set(err, RG_EINPUT, "%s: changed by another program (write-ahead log format)",
                          path);
    return RG_OK;
}

/* ---- writing ---- */

/* May path be replaced? A trace file or an empty file may. */
static enum rg_status
check_target(const char *path, struct rg_err *err)
{
    unsigned char head[HEAD];
    enum rg_status status;
    struct stat st;
    size_t n;

    if (stat(path, &st) != 0)
        return errno == ENOENT ? RG_OK : rg_err_sys(err, path, errno, "cannot write");
    if (!S_ISREG(st.st_mode))
        return rg_err_set(err, RG_EUSAGE, "%s: not a regular file, a trace cannot be written there",
                          path);
    if (st.st_size == 0)
        return RG_OK;
    status = read_head(path, head, &n, err);
    if (status != RG_OK)
        return status;
    if (!is_database(head, n) || big_endian(head + AT_APPLICATION_ID) != RG_STORE_APPLICATION_ID)
        return rg_err_set(err, RG_EUSAGE, "%s: exists and is no trace file, not replaced", path);
    return RG_OK;
}

static enum rg_status
make_schema(struct rg_store *s, struct rg_err *err)
{
    char sql[200];
    enum rg_status status;

    snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d; BEGIN",
             RG_STORE_APPLICATION_ID, RG_STORE_VERSION);
    status = run(s, sql, err);
    for (size_t i = 0; status == RG_OK && i < N_SCHEMA; i++)
        status = run(s, schema[i], err);
    return status;
}

/* In memory when name is NULL. The journal is off because an unfinished file is thrown away as a
 * whole. */
static enum rg_status
begin(struct rg_store *s, const char *name, struct rg_err *err)
{
    enum rg_status status;
    char *path = name ? plain_path(name) : rg_strdup(":memory:");
    int rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    free(path);
    if (rc != SQLITE_OK)
        return rg_store_fail(s, err);
    s->writer = rg_writer_new();
    status = run(s,
                 "PRAGMA page_size=8192; PRAGMA encoding='UTF-8'; PRAGMA journal_mode=OFF;"
                 "PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA foreign_keys=ON;"
                 "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-24576",
                 err);
    return status == RG_OK ? make_schema(s, err) : status;
}

enum rg_status
rg_store_create(struct rg_store **out, const char *path, struct rg_err *err)
{
    struct rg_store *s;
    enum rg_status status;

    *out = NULL;
    if (strcmp(path, "-") == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "a trace file cannot be written to standard output (give a file name)");
    status = check_target(path, err);
    if (status != RG_OK)
        return status;
    s = rg_zalloc(1, sizeof *s);
    s->path = rg_strdup(path);
    s->target = rg_outfile_resolve(path);
    status = rg_outfile_temp(s->target, &s->temp, NULL, err);
    if (status == RG_OK)
        status = begin(s, s->temp, err);
    if (status != RG_OK)
        rg_store_abandon(s);
    else
        *out = s;
    return status;
}

enum rg_status
rg_store_create_memory(struct rg_store **out, const char *name, struct rg_err *err)
{
    struct rg_store *s = rg_zalloc(1, sizeof *s);
    enum rg_status status;

    s->path = rg_strdup(name);
    status = begin(s, NULL, err);
    if (status != RG_OK) {
        rg_store_abandon(s);
        s = NULL;
    }
    *out = s;
    return status;
}

void
rg_store_abandon(struct rg_store *s)
{
    if (!s)
        return;
    close_db(s); /* before the file goes away under it */
    if (s->temp)
        unlink(s->temp);
    rg_store_release(s);
}

/* End the transaction with digests and program version in meta. */
static enum rg_status
finish(struct rg_store *s, struct rg_err *err)
{
    char hex[RG_DIGEST_HEX];
    enum rg_status status;

    rg_writer_digest(s->writer, true, hex);
    status = rg_text_writer_finish(s->writer->texts, s, err);
    if (status == RG_OK)
        status = rg_store_put_meta(s, "digest", hex, err);
    if (s->writer->arrivals.n > 0)
        rg_writer_digest(s->writer, false, hex);
    if (status == RG_OK)
        status = rg_store_put_meta(s, "replay_digest", hex, err);
    if (status == RG_OK)
        status = rg_store_put_meta(s, "program", "routergym-sim " PACKAGE_VERSION, err);
    if (status == RG_OK)
        status = run(s, "COMMIT", err);
    rg_writer_free(s->writer);
    s->writer = NULL;
    return status;
}

enum rg_status
rg_store_commit(struct rg_store *s, struct rg_err *err)
{
    enum rg_status status = finish(s, err);

    close_db(s);
    if (status == RG_OK) {
        status = rg_outfile_publish(s->temp, s->target, err);
        free(s->temp);
        s->temp = NULL;
    }
    rg_store_abandon(s);
    return status;
}

enum rg_status
rg_store_finish_memory(struct rg_store *s, struct rg_err *err)
{
    enum rg_status status = finish(s, err);

    assert(!s->temp);
    if (status == RG_OK)
        status = run(s, "PRAGMA query_only=ON", err);
    if (status == RG_OK)
        status = rg_store_count(s, err);
    if (status != RG_OK)
        rg_store_close(s);
    return status;
}

/* ---- reading ---- */

static void
harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, RG_STORE_TEXT_MAX + (1 << 20));
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 100000);
    sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 100);
    sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 100);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
}

static const char *
column_text(sqlite3_stmt *stmt, int column)
{
    const char *s = (const char *)sqlite3_column_text(stmt, column);

    return s ? s : "";
}

/* Every object of the file must be one of ours, and each of ours must be there. */
static enum rg_status
check_schema(struct rg_store *s, struct rg_err *err)
{
    sqlite3_stmt *stmt;
    enum rg_status status;
    size_t found = 0;
    int rc;

    status = rg_store_prepare(
        s, &stmt, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL", err);
    if (status != RG_OK)
        return status;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && status == RG_OK) {
        const char *sql = column_text(stmt, 2);
        bool known = false;

        for (size_t i = 0; i < N_SCHEMA; i++)
            known = known || strcmp(sql, schema[i]) == 0;
        if (known)
            found++;
        else
            status = rg_err_set(err, RG_EINPUT,
                                "%s: changed by another program (%.20s '%.60s' is not part of a "
                                "trace file)",
                                s->path, column_text(stmt, 0), column_text(stmt, 1));
    }
    if (status == RG_OK && rc != SQLITE_DONE)
        status = rg_store_fail(s, err);
    sqlite3_finalize(stmt);
    if (status == RG_OK && found != N_SCHEMA)
        status = rg_err_set(err, RG_EINPUT, "%s: damaged trace file: %zu tables found, %d expected",
                            s->path, found, (int)N_SCHEMA);
    return status;
}

static enum rg_status
open_db(struct rg_store *s, struct rg_err *err)
{
    char *name = plain_path(s->path);
    int rc = sqlite3_open_v2(name, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    enum rg_status status;

    free(name);
    if (rc != SQLITE_OK)
        return rg_store_fail(s, err);
    harden(s->db);
    status = run(s,
                 "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
                 "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY",
                 err);
    if (status == RG_OK)
        status = check_schema(s, err);
    return status == RG_OK ? rg_store_count(s, err) : status;
}

enum rg_status
rg_store_open(struct rg_store **out, const char *path, struct rg_err *err)
{
    unsigned char head[HEAD];
    enum rg_status status;
    struct rg_store *s;
    size_t n;

    *out = NULL;
    status = read_head(path, head, &n, err);
    if (status == RG_OK)
        status = check_head(path, head, n, err);
    if (status != RG_OK)
        return status;
    s = rg_zalloc(1, sizeof *s);
    s->path = rg_strdup(path);
    status = open_db(s, err);
    if (status != RG_OK)
        rg_store_release(s);
    else
        *out = s;
    return status;
}

void
rg_store_close(struct rg_store *s)
{
    if (s)
        rg_store_release(s);
}

const char *
rg_store_path(const struct rg_store *s)
{
    return s->path;
}

sqlite3 *
rg_store_db(struct rg_store *s)
{
    return s->db;
}
