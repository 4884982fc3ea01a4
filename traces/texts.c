#include "traces/texts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/pack.h"
#include "base/packer.h"
#include "base/utf8.h"
#include "traces/store_private.h"
#include "traces/store_writer.h"

/* ---- writing ---- */

/* More do not help: one thread reads and inserts. */
enum { THREADS_MAX = 4 };

struct open_block {
    int64_t row; /* 0: none is open */
    struct rg_buf raw;
};

struct rg_text_writer {
    struct open_block open[RG_N_TEXT_KINDS];
    struct rg_packer *packer;
};

struct rg_text_writer *
rg_text_writer_new(void)
{
    struct rg_text_writer *w = rg_zalloc(1, sizeof *w);
    long n = sysconf(_SC_NPROCESSORS_ONLN) - 1;

    w->packer = rg_packer_new(n < 0 ? 0 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n);
    return w;
}

void
rg_text_writer_free(struct rg_text_writer *w)
{
    if (!w)
        return;
    rg_packer_free(w->packer);
    for (size_t k = 0; k < RG_N_TEXT_KINDS; k++)
        rg_buf_clear(&w->open[k].raw);
    free(w);
}

static enum rg_status
insert(struct rg_store *s, const struct rg_packed *block, struct rg_err *err)
{
    sqlite3_stmt *stmt = rg_writer_statement(s, RG_PUT_TEXTS, err);

    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, block->tag);
    sqlite3_bind_int64(stmt, 2, (int64_t)block->raw_len);
    sqlite3_bind_blob64(stmt, 3, rg_buf_text(block->bytes), block->bytes->len, SQLITE_STATIC);
    return rg_writer_step(s, stmt, err);
}

/* Makes room for one more block, or inserts all. Which are inserted when must not depend on how far
 * the threads have come: equal imports give equal bytes. */
static enum rg_status
insert_some(struct rg_text_writer *w, struct rg_store *s, bool all, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    struct rg_packed block;

    while (status == RG_OK && (all || rg_packer_is_full(w->packer)) &&
           rg_packer_take(w->packer, true, &block))
        status = insert(s, &block, err);
    return status;
}

static enum rg_status
close_block(struct rg_text_writer *w, struct rg_store *s, struct open_block *b, struct rg_err *err)
{
    enum rg_status status = insert_some(w, s, false, err);

    if (status != RG_OK)
        return status;
    rg_packer_put(w->packer, &b->raw, b->row);
    b->row = 0;
    return RG_OK;
}

enum rg_status
rg_text_writer_add(struct rg_text_writer *w, struct rg_store *s, enum rg_text_kind kind,
                   const char *text, size_t n, int64_t *id, struct rg_err *err)
{
    struct open_block *b = &w->open[kind];
    enum rg_status status = RG_OK;

    if (b->row && b->raw.len + n >= RG_TEXT_BLOCK_FULL)
        status = close_block(w, s, b, err);
    if (status == RG_OK && !b->row) {
        status = rg_writer_room((size_t)s->writer->n_texts, "texts", err);
        if (status == RG_OK)
            b->row = ++s->writer->n_texts;
    }
    if (status != RG_OK)
        return status;
    *id = RG_TEXT_BLOCK * b->row + (int64_t)b->raw.len;
    rg_buf_add(&b->raw, text, n);
    rg_buf_putc(&b->raw, '\0');
    return RG_OK;
}

enum rg_status
rg_text_writer_finish(struct rg_text_writer *w, struct rg_store *s, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t k = 0; status == RG_OK && k < RG_N_TEXT_KINDS; k++)
        if (w->open[k].row)
            status = close_block(w, s, &w->open[k], err);
    return status == RG_OK ? insert_some(w, s, true, err) : status;
}

/* ---- reading ---- */

/* Answers of many models to one query stand in as many blocks. */
enum { KEPT = 128, LARGE = 1 << 20 };

struct rg_text_reader {
    sqlite3_stmt *stmt;
    uint64_t clock;
    int64_t rows[KEPT]; /* 0: free; the first is for large blocks, of which one is kept */
    uint64_t used[KEPT];
    struct rg_buf raw[KEPT];
};

struct rg_text_reader *
rg_text_reader_new(void)
{
    return rg_zalloc(1, sizeof(struct rg_text_reader));
}

void
rg_text_reader_free(struct rg_text_reader *r)
{
    if (!r)
        return;
    sqlite3_finalize(r->stmt);
    for (size_t i = 0; i < KEPT; i++)
        rg_buf_clear(&r->raw[i]);
    free(r);
}

static enum rg_status
damaged(struct rg_store *s, int64_t row, const char *why, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT, "%s: damaged trace file: texts, row %" PRId64 ": %s", s->path,
                      row, why);
}

/* The row that the look-up stands on, unpacked into buf. */
static enum rg_status
unpack_row(struct rg_text_reader *r, struct rg_store *s, int64_t row, struct rg_buf *buf,
           struct rg_err *err)
{
    int64_t bytes = sqlite3_column_int64(r->stmt, 0);
    size_t n = (size_t)sqlite3_column_bytes(r->stmt, 1);
    struct rg_err why = {.status = RG_EINPUT};

    if (sqlite3_column_type(r->stmt, 0) != SQLITE_INTEGER ||
        sqlite3_column_type(r->stmt, 1) != SQLITE_BLOB || bytes < 1 ||
        bytes > RG_STORE_TEXT_MAX + RG_TEXT_BLOCK_FULL)
        return damaged(s, row, "no length", err);
    if (rg_unpack(buf, sqlite3_column_blob(r->stmt, 1), n, (size_t)bytes, &why) != RG_OK)
        return damaged(s, row, why.text, err);
    if (buf->data[buf->len - 1] != '\0')
        return damaged(s, row, "the last text does not end", err);
    return RG_OK;
}

static enum rg_status
fetch(struct rg_text_reader *r, struct rg_store *s, int64_t row, struct rg_buf *buf,
      struct rg_err *err)
{
    enum rg_status status = RG_OK;
    int rc;

    if (!r->stmt)
        status = rg_store_prepare(s, &r->stmt, "SELECT bytes, data FROM texts WHERE id = ?1", err);
    if (status != RG_OK)
        return status;
    sqlite3_bind_int64(r->stmt, 1, row);
    rc = sqlite3_step(r->stmt);
    if (rc == SQLITE_ROW)
        status = unpack_row(r, s, row, buf, err);
    else if (rc == SQLITE_DONE)
        status = damaged(s, row, "it is missing", err);
    else
        status = rg_store_fail(s, err);
    sqlite3_reset(r->stmt);
    return status;
}

/* The place of a block that is kept, or KEPT. */
static size_t
find(const struct rg_text_reader *r, int64_t row)
{
    size_t i = 0;

    while (i < KEPT && r->rows[i] != row)
        i++;
    return i;
}

static size_t
oldest(const struct rg_text_reader *r)
{
    size_t best = 1;

    for (size_t i = 2; i < KEPT; i++)
        if (r->used[i] < r->used[best])
            best = i;
    return best;
}

/* The block of this row, kept at *place. */
static enum rg_status
keep(struct rg_text_reader *r, struct rg_store *s, int64_t row, size_t *place, struct rg_err *err)
{
    struct rg_buf raw = {0};
    enum rg_status status;

    *place = find(r, row);
    if (*place < KEPT)
        return RG_OK;
    *place = oldest(r);
    raw = r->raw[*place];
    r->raw[*place] = (struct rg_buf){0};
    r->rows[*place] = 0;
    rg_buf_reset(&raw);
    status = fetch(r, s, row, &raw, err);
    if (status != RG_OK) {
        rg_buf_clear(&raw);
        return status;
    }
    if (raw.cap > LARGE)
        *place = 0;
    rg_buf_clear(&r->raw[*place]);
    r->raw[*place] = raw;
    r->rows[*place] = row;
    return RG_OK;
}

enum rg_status
rg_text_read(struct rg_text_reader *r, struct rg_store *s, int64_t id, struct rg_buf *buf,
             struct rg_err *err)
{
    int64_t row = id / RG_TEXT_BLOCK;
    size_t at = (size_t)(id % RG_TEXT_BLOCK);
    const struct rg_buf *raw;
    size_t place, n;
    enum rg_status status = keep(r, s, row, &place, err);

    if (status != RG_OK)
        return status;
    r->used[place] = ++r->clock;
    raw = &r->raw[place];
    if (at >= raw->len || (at > 0 && raw->data[at - 1] != '\0'))
        return damaged(s, row, "no text begins where one should", err);
    n = strlen(raw->data + at); /* the block ends with a NUL */
    if (rg_utf8_check(raw->data + at, n) != n)
        return damaged(s, row, "no valid UTF-8 text", err);
    rg_buf_add(buf, raw->data + at, n);
    return RG_OK;
}
