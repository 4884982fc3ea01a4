/* Digests that tell whether a result file is as it was written: one of all that was planned, one
 * for each finished cell. They are over values as they are stored, row by row. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "sim/results_private.h"

void
rg_results_digest_bits(struct rg_buf *row, int type, uint64_t bits)
{
    char bytes[9] = {(char)('0' + type)};

    for (int i = 0; i < 8; i++)
        bytes[i + 1] = (char)(bits >> 8 * i & 0xff);
    rg_buf_add(row, bytes, type == SQLITE_NULL ? 1 : sizeof bytes);
}

void
rg_results_digest_bytes(struct rg_buf *row, int type, const void *bytes, size_t n)
{
    char head[5] = {(char)('0' + type)};

    for (int i = 0; i < 4; i++)
        head[i + 1] = (char)((uint32_t)n >> 8 * i & 0xff);
    rg_buf_add(row, head, sizeof head);
    rg_buf_add(row, bytes, n);
}

static void
put_value(struct rg_buf *row, sqlite3_stmt *stmt, int column)
{
    int type = sqlite3_column_type(stmt, column);
    uint64_t bits = 0;
    double x;

    if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
        const void *bytes = sqlite3_column_blob(stmt, column);

        rg_results_digest_bytes(row, type, bytes, (size_t)sqlite3_column_bytes(stmt, column));
        return;
    }
    if (type == SQLITE_INTEGER)
        bits = (uint64_t)sqlite3_column_int64(stmt, column);
    if (type == SQLITE_FLOAT) {
        x = sqlite3_column_double(stmt, column);
        memcpy(&bits, &x, sizeof bits);
    }
    rg_results_digest_bits(row, type, bits);
}

/* All rows of a table that the condition (SQL text of ours) holds for. */
static enum rg_status
add_rows(struct rg_results *r, const struct rg_results_table *table, const char *condition,
         struct rg_digest *digest, struct rg_err *err)
{
    struct rg_buf text = {0};
    sqlite3_stmt *stmt;
    enum rg_status status;
    int rc = SQLITE_DONE;

    rg_buf_printf(&text, "SELECT * FROM %s%s", table->name, condition);
    status = rg_results_prepare(r, &stmt, rg_buf_text(&text), err);
    while (status == RG_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        rg_buf_reset(&text);
        rg_buf_puts(&text, table->name);
        for (int i = 0; i < table->columns; i++)
            put_value(&text, stmt, i);
        rg_digest_add(digest, rg_buf_text(&text), text.len);
    }
    if (status == RG_OK && rc != SQLITE_DONE)
        status = rg_results_fail(r, err);
    sqlite3_finalize(stmt);
    rg_buf_clear(&text);
    return status;
}

/* cell < 0: of the plan. */
static enum rg_status
digest_of(struct rg_results *r, int64_t cell, char hex[RG_DIGEST_HEX], struct rg_err *err)
{
    struct rg_digest digest = {0};
    enum rg_status status = RG_OK;
    char condition[64] = "";

    for (size_t i = 0; i < RG_N_TABLES_OF_RESULTS && status == RG_OK; i++) {
        if (i == RG_TABLE_DIGESTS || rg_results_tables[i].plan != (cell < 0))
            continue;
        if (cell >= 0)
            snprintf(condition, sizeof condition, " WHERE cell = %lld", (long long)cell);
        else
            snprintf(condition, sizeof condition, "%s",
                     i == RG_TABLE_META ? " WHERE key <> '" RG_RESULTS_PLAN_DIGEST "'" : "");
        status = add_rows(r, &rg_results_tables[i], condition, &digest, err);
    }
    if (status == RG_OK)
        rg_digest_hex(&digest, hex);
    rg_digest_clear(&digest);
    return status;
}

enum rg_status
rg_results_put_digest(struct rg_results *r, int64_t cell, struct rg_err *err)
{
    char hex[RG_DIGEST_HEX];
    struct rg_results_row row;
    enum rg_status status = RG_OK;

    if (r->digest)
        rg_digest_hex(r->digest, hex);
    else
        status = digest_of(r, cell, hex, err);
    if (status == RG_OK)
        status = rg_results_row(r, cell < 0 ? RG_TABLE_META : RG_TABLE_DIGESTS, &row, err);
    if (status != RG_OK)
        return status;
    if (cell < 0)
        rg_results_add_text(&row, RG_RESULTS_PLAN_DIGEST);
    else
        rg_results_add_int(&row, cell);
    rg_results_add_text(&row, hex);
    return rg_results_row_end(r, &row, err);
}

enum rg_status
rg_results_check_digest(struct rg_results *r, int64_t cell, struct rg_err *err)
{
    char hex[RG_DIGEST_HEX], sql[96], what[80];
    sqlite3_stmt *stmt = NULL;
    enum rg_status status = digest_of(r, cell, hex, err);
    const char *found = NULL;

    if (cell < 0)
        snprintf(sql, sizeof sql,
                 "SELECT value FROM meta WHERE key = '" RG_RESULTS_PLAN_DIGEST "'");
    else
        snprintf(sql, sizeof sql, "SELECT digest FROM digests WHERE cell = %lld", (long long)cell);
    if (status == RG_OK)
        status = rg_results_prepare(r, &stmt, sql, err);
    if (status == RG_OK && sqlite3_step(stmt) == SQLITE_ROW)
        found = (const char *)sqlite3_column_text(stmt, 0);
    if (status == RG_OK && (!found || strcmp(found, hex) != 0)) {
        if (cell < 0)
            snprintf(what, sizeof what, "the plan is not what was written");
        else
            snprintf(what, sizeof what, "the results of cell %lld are not what was written",
                     (long long)cell);
        status = rg_results_damaged(r, err, what);
    }
    sqlite3_finalize(stmt);
    return status;
}

enum rg_status
rg_results_check_cells(struct rg_results *r, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < r->n_cells && status == RG_OK; i++) {
        struct rg_results_cell cell;

        if (!r->done[i])
            continue;
        status = rg_results_get(r, i, &cell, err);
        if (status == RG_OK)
            rg_results_cell_clear(&cell);
    }
    return status;
}
