/* The embedding cache of Avengers-Pro: an SQLite database with the table
 * embeddings(text_hash, model, embedding, text, created_at), the embedding a JSON array. Rows are
 * taken in the order of model and hash. */
#include "traces/import_embeddings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "traces/importers.h"
#include "traces/store.h"

enum { APPLICATION_ID = 68 }; /* its place in an SQLite file */

bool
rg_import_embeddings_sqlite_detect(const struct rg_import_head *head)
{
    static const char magic[16] = "SQLite format 3";

    static const char table[] = "TABLE embeddings";
    const char *s = head->data, *end = head->data + head->len;

    if (head->len <= APPLICATION_ID + 4 || memcmp(s, magic, sizeof magic) != 0 ||
        memcmp(s + APPLICATION_ID, "RGTR", 4) == 0)
        return false;
    while ((s = memchr(s, 'T', (size_t)(end - s))) != NULL) { /* in the schema, on page 1 */
        if ((size_t)(end - s) >= sizeof table && strncasecmp(s, table, sizeof table - 1) == 0)
            return true;
        s++;
    }
    return false;
}

static enum rg_status
damaged(sqlite3 *db, const char *path, struct rg_err *err)
{
    if (sqlite3_errcode(db) == SQLITE_NOMEM)
        rg_mem_fail(0);
    return rg_err_set(err, RG_EINPUT, "%s: no embedding cache that can be read: %s", path,
                      sqlite3_errmsg(db));
}

struct row {
    struct rg_import *im;
    struct rg_vectors *v;
    const char *path;
    double *values;
    size_t cap;
};

static enum rg_status
put_row(struct row *r, sqlite3_stmt *stmt, struct rg_err *err)
{
    const char *json = (const char *)sqlite3_column_text(stmt, 1);
    struct rg_vector x = {
        .space = (const char *)sqlite3_column_text(stmt, 0),
        .text = (const char *)sqlite3_column_text(stmt, 2),
        .place = {r->path, (uint64_t)sqlite3_column_int64(stmt, 3), 0},
    };
    struct rg_json doc = {0};
    enum rg_status status;

    if (!json)
        status = rg_err_at(err, x.place, "a row without an embedding");
    else
        status = rg_json_parse(&doc, json, strlen(json), r->path, x.place.line, 0, err);
    if (status == RG_OK)
        status = rg_vectors_numbers(&doc, doc.root, &r->values, &r->cap, &x.n, err);
    rg_json_clear(&doc);
    if (status != RG_OK)
        return rg_import_reject(r->im, "bad embedding", err);
    x.values = r->values;
    return rg_vectors_put(r->im, r->v, &x, err);
}

/* The rows by number, in order, from keys: sorting keys alone takes little room, sorting rows would
 * take that of the whole database again. */
static enum rg_status
walk(struct row *r, sqlite3 *db, sqlite3_stmt *keys, sqlite3_stmt *rows, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    int rc = SQLITE_OK;

    while (status == RG_OK && (rc = sqlite3_step(keys)) == SQLITE_ROW) {
        sqlite3_bind_int64(rows, 1, sqlite3_column_int64(keys, 0));
        status =
            sqlite3_step(rows) == SQLITE_ROW ? put_row(r, rows, err) : damaged(db, r->path, err);
        sqlite3_reset(rows);
    }
    return status == RG_OK && rc != SQLITE_DONE ? damaged(db, r->path, err) : status;
}

static enum rg_status
put_rows(struct row *r, sqlite3 *db, struct rg_err *err)
{
    static const char order[] = "SELECT rowid FROM embeddings ORDER BY model, text_hash",
                      row[] = "SELECT CAST(model AS TEXT), CAST(embedding AS TEXT), "
                              "CAST(text AS TEXT), rowid FROM embeddings WHERE rowid = ?1";
    sqlite3_stmt *keys = NULL, *rows = NULL;
    enum rg_status status;

    if (sqlite3_exec(db, "PRAGMA trusted_schema=OFF; PRAGMA query_only=ON; PRAGMA mmap_size=0",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, order, -1, &keys, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, row, -1, &rows, NULL) != SQLITE_OK)
        status = damaged(db, r->path, err);
    else
        status = walk(r, db, keys, rows, err);
    sqlite3_finalize(rows);
    sqlite3_finalize(keys);
    return status;
}

enum rg_status
rg_import_embeddings_sqlite_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct row r = {.im = im, .path = path};
    enum rg_status status = rg_vectors_of(im, path, &r.v, err);
    struct rg_buf plain = {0};
    sqlite3 *db = NULL;

    if (status != RG_OK)
        return status;
    rg_buf_printf(&plain, "%s%s", *path == '/' ? "" : "./", path);
    if (sqlite3_open_v2(rg_buf_text(&plain), &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        status = damaged(db, path, err);
    else
        status = put_rows(&r, db, err);
    sqlite3_close(db);
    rg_buf_clear(&plain);
    free(r.values);
    return status;
}
