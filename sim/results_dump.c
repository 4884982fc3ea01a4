/* A result file as text: a line for each row, TABLE and its values, separated by tabs, tables in
 * their order and rows in the order of their keys. Texts stand as in JSON. */
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/pack.h"
#include "sim/results_private.h"

enum { FLUSH = 1 << 16 };

struct dump {
    struct rg_results *r;
    struct rg_buf text, raw;
    enum rg_status (*write)(void *ctx, const char *bytes, size_t n, struct rg_err *err);
    void *ctx;
    struct rg_err *err;
};

/* Compressed by whatever zlib there was: what counts is the numbers. */
static enum rg_status
put_vector(struct dump *d, sqlite3_stmt *stmt, int column)
{
    struct rg_digest digest = {0};
    char hex[RG_DIGEST_HEX];

    rg_buf_reset(&d->raw);
    if (rg_unpack(&d->raw, sqlite3_column_blob(stmt, column),
                  (size_t)sqlite3_column_bytes(stmt, column), 8 * d->r->n_queries, d->err) != RG_OK)
        return rg_results_damaged(d->r, d->err, "a vector cannot be read");
    rg_digest_add(&digest, rg_buf_text(&d->raw), d->raw.len);
    rg_digest_hex(&digest, hex);
    rg_digest_clear(&digest);
    rg_buf_puts(&d->text, hex);
    return RG_OK;
}

static enum rg_status
put_value(struct dump *d, sqlite3_stmt *stmt, int column)
{
    const char *s;

    rg_buf_putc(&d->text, '\t');
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        rg_buf_printf(&d->text, "%lld", (long long)sqlite3_column_int64(stmt, column));
        return RG_OK;
    case SQLITE_FLOAT:
        rg_json_put_number(&d->text, sqlite3_column_double(stmt, column));
        return RG_OK;
    case SQLITE_TEXT:
        s = (const char *)sqlite3_column_text(stmt, column);
        rg_json_put_string(&d->text, s, strlen(s));
        return RG_OK;
    case SQLITE_BLOB:
        return put_vector(d, stmt, column);
    default:
        rg_buf_puts(&d->text, "null");
        return RG_OK;
    }
}

static enum rg_status
flush(struct dump *d)
{
    enum rg_status status = d->write(d->ctx, rg_buf_text(&d->text), d->text.len, d->err);

    rg_buf_reset(&d->text);
    return status;
}

static enum rg_status
put_row(struct dump *d, const struct rg_results_table *table, sqlite3_stmt *stmt)
{
    enum rg_status status = RG_OK;

    rg_buf_puts(&d->text, table->name);
    for (int i = 0; i < table->columns && status == RG_OK; i++)
        status = put_value(d, stmt, i);
    rg_buf_putc(&d->text, '\n');
    return status == RG_OK && d->text.len > FLUSH ? flush(d) : status;
}

static enum rg_status
put_table(struct dump *d, const struct rg_results_table *table)
{
    struct rg_buf sql = {0};
    sqlite3_stmt *stmt;
    enum rg_status status;
    int rc = SQLITE_DONE;

    rg_buf_printf(&sql, "SELECT * FROM %s", table->name);
    for (int i = 1; i <= table->keys; i++)
        rg_buf_printf(&sql, "%s%d", i == 1 ? " ORDER BY " : ", ", i);
    status = rg_results_prepare(d->r, &stmt, rg_buf_text(&sql), d->err);
    rg_buf_clear(&sql);
    while (status == RG_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        status = put_row(d, table, stmt);
    if (status == RG_OK && rc != SQLITE_DONE)
        status = rg_results_fail(d->r, d->err);
    sqlite3_finalize(stmt);
    return status;
}

enum rg_status
rg_results_dump(struct rg_results *r,
                enum rg_status (*write)(void *ctx, const char *bytes, size_t n, struct rg_err *err),
                void *ctx, struct rg_err *err)
{
    struct dump d = {.r = r, .write = write, .ctx = ctx, .err = err};
    enum rg_status status = rg_results_check_cells(r, err);

    for (size_t i = 0; i < RG_N_TABLES_OF_RESULTS && status == RG_OK; i++)
        if (i != RG_TABLE_DIGESTS)
            status = put_table(&d, &rg_results_tables[i]);
    if (status == RG_OK)
        status = flush(&d);
    rg_buf_clear(&d.text);
    rg_buf_clear(&d.raw);
    return status;
}
