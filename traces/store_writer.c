#include "traces/store_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/mem.h"
#include "traces/texts.h"

static const char *const sql[RG_N_STATEMENTS] = {
    [RG_PUT_META] = "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
    [RG_PUT_MODEL] = "INSERT INTO models(id, name, tier) VALUES(?1, ?2, 0)",
    [RG_SET_MODEL] = "UPDATE models SET tier = ?2, input_usd_per_mtok = ?3, "
                     "output_usd_per_mtok = ?4, attrs = ?5 WHERE id = ?1",
    [RG_PUT_DATASET] = "INSERT INTO datasets VALUES(?1, ?2)",
    [RG_PUT_VARIANT] = "INSERT INTO variants VALUES(?1, ?2, ?3)",
    [RG_PUT_TEXTS] = "INSERT INTO texts VALUES(?1, ?2, ?3)",
    [RG_PUT_QUERY] = "INSERT INTO queries(id, dataset, name) VALUES(?1, ?2, ?3)",
    [RG_SET_QUERY] = "UPDATE queries SET category = ?2, text = ?3, reference = ?4, attrs = ?5 "
                     "WHERE id = ?1",
    [RG_PUT_CALL] = "INSERT INTO calls VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
                    "?13, ?14, ?15) ON CONFLICT(query, model, variant, sample) DO NOTHING",
    [RG_OLD_CALL] = "SELECT ord FROM calls WHERE query = ?1 AND model = ?2 AND variant = ?3 "
                    "AND sample = ?4",
    [RG_PUT_RUN] = "INSERT INTO recorded_runs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                   "?12, ?13, ?14, ?15, ?16, ?17) ON CONFLICT(query, config, sample) DO NOTHING",
    [RG_OLD_RUN] = "SELECT ord FROM recorded_runs WHERE query = ?1 AND config = ?2 AND sample = ?3",
    [RG_PUT_KB] = "INSERT INTO kb VALUES(?1, ?2, ?3, ?4, ?5)",
    [RG_PUT_EMBEDDING] = "INSERT INTO embeddings VALUES(?1, ?2, ?3, ?4) "
                         "ON CONFLICT(query, space) DO NOTHING",
    [RG_OLD_EMBEDDING] = "SELECT id FROM embeddings WHERE query = ?1 AND space = ?2",
    [RG_PUT_ARRIVAL] = "INSERT INTO arrivals(at_s, query, prompt_tokens, completion_tokens) "
                       "VALUES(?1, ?2, ?3, ?4)",
};

struct rg_writer *
rg_writer_new(void)
{
    struct rg_writer *w = rg_zalloc(1, sizeof *w);

    w->models.names = rg_names_new();
    w->queries.names = rg_names_new();
    w->kb.names = rg_names_new();
    w->datasets = rg_names_new();
    w->variants = rg_names_new();
    w->texts = rg_text_writer_new();
    w->slots = rg_zalloc(RG_TEXT_SLOTS, sizeof *w->slots);
    return w;
}

static void
named_clear(struct rg_named *named)
{
    rg_names_free(named->names);
    free(named->records);
}

void
rg_writer_free(struct rg_writer *w)
{
    if (!w)
        return;
    for (int i = 0; i < RG_N_STATEMENTS; i++)
        sqlite3_finalize(w->stmts[i]);
    named_clear(&w->models);
    named_clear(&w->queries);
    named_clear(&w->kb);
    rg_names_free(w->datasets);
    rg_names_free(w->variants);
    free(w->recorded.at);
    free(w->embeddings.at);
    free(w->arrivals.at);
    free(w->slots);
    rg_text_writer_free(w->texts);
    rg_buf_clear(&w->canon);
    rg_buf_clear(&w->key);
    free(w);
}

/* ---- digest ---- */

static void
add_named(struct rg_digest *digest, const struct rg_named *named)
{
    for (size_t i = 0; i < named->n; i++)
        rg_canon_add(digest, named->records[i].hash);
}

static void
add_hashes(struct rg_digest *digest, const struct rg_hashes *hashes)
{
    for (size_t i = 0; i < hashes->n; i++)
        rg_canon_add(digest, hashes->at[i]);
}

void
rg_writer_digest(struct rg_writer *w, bool arrivals, char hex[RG_DIGEST_HEX])
{
    struct rg_digest digest = {0};

    add_named(&digest, &w->models);
    add_named(&digest, &w->queries);
    add_named(&digest, &w->kb);
    add_hashes(&digest, &w->recorded);
    add_hashes(&digest, &w->embeddings);
    if (arrivals)
        add_hashes(&digest, &w->arrivals);
    rg_digest_hex(&digest, hex);
    rg_digest_clear(&digest);
}

bool
rg_hash_equal(struct rg_hash a, struct rg_hash b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/* ---- statements ---- */

sqlite3_stmt *
rg_writer_statement(struct rg_store *s, enum rg_statement which, struct rg_err *err)
{
    sqlite3_stmt **stmt = &s->writer->stmts[which];

    if (!*stmt && rg_store_prepare(s, stmt, sql[which], err) != RG_OK)
        return NULL;
    return *stmt;
}

void
rg_bind_text(sqlite3_stmt *stmt, int i, const char *text)
{
    if (text)
        sqlite3_bind_text(stmt, i, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(stmt, i);
}

void
rg_bind_double(sqlite3_stmt *stmt, int i, double x)
{
    sqlite3_bind_double(stmt, i, x + 0.0); /* no negative zero */
}

void
rg_bind_count(sqlite3_stmt *stmt, int i, int64_t x)
{
    if (x >= 0)
        sqlite3_bind_int64(stmt, i, x);
    else
        sqlite3_bind_null(stmt, i);
}

void
rg_bind_id(sqlite3_stmt *stmt, int i, int64_t id)
{
    rg_bind_count(stmt, i, id > 0 ? id : -1);
}

enum rg_status
rg_writer_step(struct rg_store *s, sqlite3_stmt *stmt, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    if (sqlite3_step(stmt) != SQLITE_DONE)
        status = rg_store_fail(s, err);
    sqlite3_reset(stmt);
    return status;
}

enum rg_status
rg_writer_look_up(struct rg_store *s, sqlite3_stmt *stmt, int64_t *out, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    if (sqlite3_step(stmt) == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    else
        status = rg_store_fail(s, err);
    sqlite3_reset(stmt);
    return status;
}

/* ---- names and texts ---- */

struct rg_hash
rg_writer_hash(struct rg_writer *w)
{
    struct rg_hash hash = rg_canon_hash(&w->canon);

    rg_buf_reset(&w->canon);
    return hash;
}

enum rg_status
rg_writer_room(size_t n, const char *what, struct rg_err *err)
{
    if (n < RG_STORE_ROWS_MAX)
        return RG_OK;
    return rg_err_set(err, RG_EINPUT, "too many %s (expected at most %" PRId64 ")", what,
                      RG_STORE_ROWS_MAX);
}

int64_t
rg_writer_number(struct rg_named *named, const char *key, size_t n, bool *added,
                 struct rg_record **record)
{
    uint32_t i = rg_names_add(named->names, key, n, added);

    if (*added) {
        named->records = rg_grow(named->records, &named->cap, named->n + 1, sizeof *named->records);
        named->records[named->n++] = (struct rg_record){.put = false};
    }
    *record = &named->records[i];
    return (int64_t)i + 1;
}

enum rg_put
rg_writer_judge(struct rg_record *record, struct rg_hash hash)
{
    if (record->put)
        return rg_hash_equal(record->hash, hash) ? RG_PUT_SAME : RG_PUT_DUPLICATE;
    record->put = true;
    record->hash = hash;
    return RG_PUT_NEW;
}

enum rg_status
rg_writer_model(struct rg_store *s, const char *name, int64_t *id, struct rg_record **record,
                struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    enum rg_status status = rg_writer_room(w->models.n, "models", err);
    sqlite3_stmt *stmt;
    bool added;

    if (status != RG_OK)
        return status;
    *id = rg_writer_number(&w->models, name, strlen(name), &added, record);
    if (!added)
        return RG_OK;
    rg_canon_model(&w->canon, &(struct rg_model_rec){.name = name,
                                                     .input_usd_per_mtok = NAN,
                                                     .output_usd_per_mtok = NAN});
    (*record)->hash = rg_writer_hash(w);
    stmt = rg_writer_statement(s, RG_PUT_MODEL, err);
    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, *id);
    rg_bind_text(stmt, 2, name);
    return rg_writer_step(s, stmt, err);
}

static enum rg_status
dataset_id(struct rg_store *s, const char *name, int64_t *id, struct rg_err *err)
{
    sqlite3_stmt *stmt;
    bool added;

    *id = (int64_t)rg_names_add(s->writer->datasets, name, strlen(name), &added) + 1;
    if (!added)
        return RG_OK;
    stmt = rg_writer_statement(s, RG_PUT_DATASET, err);
    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, *id);
    rg_bind_text(stmt, 2, name);
    return rg_writer_step(s, stmt, err);
}

enum rg_status
rg_writer_query(struct rg_store *s, const char *dataset, const char *name, int64_t *id,
                struct rg_record **record, struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    enum rg_status status;
    sqlite3_stmt *stmt;
    int64_t set;
    bool added;

    if ((status = rg_writer_room(w->queries.n, "queries", err)) != RG_OK ||
        (status = dataset_id(s, dataset, &set, err)) != RG_OK)
        return status;
    rg_buf_reset(&w->key);
    rg_buf_add(&w->key, &set, sizeof set);
    rg_buf_puts(&w->key, name);
    *id = rg_writer_number(&w->queries, w->key.data, w->key.len, &added, record);
    if (!added)
        return RG_OK;
    rg_canon_query(&w->canon, &(struct rg_query_rec){.dataset = dataset, .id = name});
    (*record)->hash = rg_writer_hash(w);
    stmt = rg_writer_statement(s, RG_PUT_QUERY, err);
    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, *id);
    sqlite3_bind_int64(stmt, 2, set);
    rg_bind_text(stmt, 3, name);
    return rg_writer_step(s, stmt, err);
}

enum rg_status
rg_writer_variant(struct rg_store *s, const char *memory, enum rg_truth contract, int64_t *id,
                  struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    sqlite3_stmt *stmt;
    bool added;

    rg_buf_reset(&w->key);
    rg_buf_putc(&w->key, "?01"[contract + 1]);
    rg_buf_puts(&w->key, memory);
    *id = (int64_t)rg_names_add(w->variants, w->key.data, w->key.len, &added) + 1;
    if (*id > RG_STORE_VARIANTS_MAX)
        return rg_err_set(err, RG_EINPUT, "more than %d memory modes", RG_STORE_VARIANTS_MAX);
    if (!added)
        return RG_OK;
    stmt = rg_writer_statement(s, RG_PUT_VARIANT, err);
    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, *id);
    rg_bind_text(stmt, 2, memory);
    sqlite3_bind_int(stmt, 3, contract);
    return rg_writer_step(s, stmt, err);
}

enum rg_status
rg_writer_text(struct rg_store *s, enum rg_text_kind kind, const char *text, int64_t *id,
               struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    struct rg_text_slot *slot;
    enum rg_status status;
    XXH128_hash_t h;
    size_t n;

    *id = 0;
    if (!text)
        return RG_OK;
    n = strlen(text);
    h = XXH3_128bits(text, n);
    slot = &w->slots[h.low64 % RG_TEXT_SLOTS];
    *id = slot->id;
    if (slot->id && slot->bytes == n && slot->hash.hi == h.high64 && slot->hash.lo == h.low64)
        return RG_OK;
    status = rg_text_writer_add(w->texts, s, kind, text, n, id, err);
    if (status == RG_OK)
        *slot = (struct rg_text_slot){.hash = {h.high64, h.low64}, .id = *id, .bytes = n};
    return status;
}
