#include "traces/store_writer.h"

#include <string.h>

#include "base/mem.h"

static void
keep_hash(struct rg_hashes *hashes, struct rg_hash hash)
{
    hashes->at = rg_grow(hashes->at, &hashes->cap, hashes->n + 1, sizeof *hashes->at);
    hashes->at[hashes->n++] = hash;
}

enum rg_status
rg_store_put_meta(struct rg_store *s, const char *key, const char *value, struct rg_err *err)
{
    sqlite3_stmt *stmt = rg_writer_statement(s, RG_PUT_META, err);

    if (!stmt)
        return err->status;
    rg_bind_text(stmt, 1, key);
    rg_bind_text(stmt, 2, value);
    return rg_writer_step(s, stmt, err);
}

enum rg_status
rg_store_put_model(struct rg_store *s, const struct rg_model_rec *rec, enum rg_put *what,
                   struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    struct rg_record *record;
    enum rg_status status;
    sqlite3_stmt *stmt;
    int64_t id;

    if ((status = rg_values_model(rec, err)) != RG_OK ||
        (status = rg_writer_model(s, rec->name, &id, &record, err)) != RG_OK)
        return status;
    rg_canon_model(&w->canon, rec);
    *what = rg_writer_judge(record, rg_writer_hash(w));
    if (*what != RG_PUT_NEW)
        return RG_OK;
    stmt = rg_writer_statement(s, RG_SET_MODEL, err);
    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_int(stmt, 2, (int)rec->tier);
    rg_bind_double(stmt, 3, rec->input_usd_per_mtok);
    rg_bind_double(stmt, 4, rec->output_usd_per_mtok);
    rg_bind_text(stmt, 5, rec->attrs);
    return rg_writer_step(s, stmt, err);
}

enum rg_status
rg_store_put_query(struct rg_store *s, const struct rg_query_rec *rec, enum rg_put *what,
                   struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    int64_t id, text, reference;
    struct rg_record *record;
    enum rg_status status;
    sqlite3_stmt *stmt;

    if ((status = rg_values_query(rec, err)) != RG_OK ||
        (status = rg_writer_query(s, rec->dataset, rec->id, &id, &record, err)) != RG_OK)
        return status;
    rg_canon_query(&w->canon, rec);
    *what = rg_writer_judge(record, rg_writer_hash(w));
    if (*what != RG_PUT_NEW)
        return RG_OK;
    if ((status = rg_writer_text(s, RG_TEXT_QUESTION, rec->text, &text, err)) != RG_OK ||
        (status = rg_writer_text(s, RG_TEXT_QUESTION, rec->reference, &reference, err)) != RG_OK)
        return status;
    stmt = rg_writer_statement(s, RG_SET_QUERY, err);
    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, id);
    rg_bind_text(stmt, 2, rec->category);
    rg_bind_id(stmt, 3, text);
    rg_bind_id(stmt, 4, reference);
    rg_bind_text(stmt, 5, rec->attrs);
    return rg_writer_step(s, stmt, err);
}

/* The insertion met a row with the same key, number `ord` of hashes: is it the same record? */
static enum rg_status
compare_old(struct rg_store *s, sqlite3_stmt *find, const struct rg_hashes *hashes, int64_t base,
            struct rg_hash hash, enum rg_put *what, struct rg_err *err)
{
    int64_t ord = base;
    enum rg_status status = rg_writer_look_up(s, find, &ord, err);

    if (status != RG_OK)
        return status;
    *what = rg_hash_equal(hashes->at[ord - base], hash) ? RG_PUT_SAME : RG_PUT_DUPLICATE;
    return RG_OK;
}

struct call_ids {
    int64_t query, model, variant, text, prompt;
};

static enum rg_status
find_call_ids(struct rg_store *s, const struct rg_call_rec *rec, struct call_ids *ids,
              struct rg_err *err)
{
    struct rg_record *record;
    enum rg_status status;

    if ((status = rg_writer_query(s, rec->dataset, rec->query, &ids->query, &record, err)) !=
            RG_OK ||
        (status = rg_writer_model(s, rec->model, &ids->model, &record, err)) != RG_OK ||
        (status = rg_writer_variant(s, rec->memory, rec->contract, &ids->variant, err)) != RG_OK ||
        (status = rg_writer_text(s, RG_TEXT_ANSWER, rec->text, &ids->text, err)) != RG_OK)
        return status;
    return rg_writer_text(s, RG_TEXT_ANSWER, rec->prompt, &ids->prompt, err);
}

static enum rg_status
old_call(struct rg_store *s, const struct call_ids *ids, uint32_t sample, struct rg_hash hash,
         enum rg_put *what, struct rg_err *err)
{
    sqlite3_stmt *stmt = rg_writer_statement(s, RG_OLD_CALL, err);

    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, ids->query);
    sqlite3_bind_int64(stmt, 2, ids->model);
    sqlite3_bind_int64(stmt, 3, ids->variant);
    sqlite3_bind_int64(stmt, 4, sample);
    return compare_old(s, stmt, &s->writer->recorded, 0, hash, what, err);
}

static void
bind_call(sqlite3_stmt *stmt, int64_t ord, const struct call_ids *ids,
          const struct rg_call_rec *rec)
{
    sqlite3_bind_int64(stmt, 1, ord);
    sqlite3_bind_int64(stmt, 2, ids->query);
    sqlite3_bind_int64(stmt, 3, ids->model);
    sqlite3_bind_int64(stmt, 4, ids->variant);
    sqlite3_bind_int64(stmt, 5, rec->sample);
    sqlite3_bind_int(stmt, 6, (int)rec->status);
    rg_bind_count(stmt, 7, rec->prompt_tokens);
    rg_bind_count(stmt, 8, rec->completion_tokens);
    rg_bind_double(stmt, 9, rec->cost_usd);
    rg_bind_double(stmt, 10, rec->latency_ms);
    rg_bind_double(stmt, 11, rec->ttft_ms);
    rg_bind_double(stmt, 12, rec->score);
    rg_bind_id(stmt, 13, ids->text);
    rg_bind_id(stmt, 14, ids->prompt);
    rg_bind_text(stmt, 15, rec->attrs);
}

enum rg_status
rg_store_put_call(struct rg_store *s, const struct rg_call_rec *rec, enum rg_put *what,
                  struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    enum rg_status status = rg_values_call(rec, err);
    struct call_ids ids;
    struct rg_hash hash;
    sqlite3_stmt *stmt;

    if (status == RG_OK)
        status = rg_writer_room(w->recorded.n, "calls and runs", err);
    if (status == RG_OK)
        status = find_call_ids(s, rec, &ids, err);
    if (status != RG_OK)
        return status;
    stmt = rg_writer_statement(s, RG_PUT_CALL, err);
    if (!stmt)
        return err->status;
    rg_canon_call(&w->canon, rec);
    hash = rg_writer_hash(w);
    bind_call(stmt, (int64_t)w->recorded.n, &ids, rec);
    status = rg_writer_step(s, stmt, err);
    if (status != RG_OK)
        return status;
    if (sqlite3_changes(s->db) == 0)
        return old_call(s, &ids, rec->sample, hash, what, err);
    keep_hash(&w->recorded, hash);
    *what = RG_PUT_NEW;
    return RG_OK;
}

static enum rg_status
find_run_ids(struct rg_store *s, const struct rg_run_rec *rec, struct call_ids *ids,
             struct rg_err *err)
{
    struct rg_record *record;
    enum rg_status status;

    ids->model = 0;
    if ((status = rg_writer_query(s, rec->dataset, rec->query, &ids->query, &record, err)) !=
            RG_OK ||
        (status = rg_writer_variant(s, rec->memory, rec->contract, &ids->variant, err)) != RG_OK ||
        (status = rg_writer_text(s, RG_TEXT_ANSWER, rec->text, &ids->text, err)) != RG_OK ||
        (status = rg_writer_text(s, RG_TEXT_ANSWER, rec->prompt, &ids->prompt, err)) != RG_OK)
        return status;
    return rec->model ? rg_writer_model(s, rec->model, &ids->model, &record, err) : RG_OK;
}

static enum rg_status
old_run(struct rg_store *s, int64_t query, const struct rg_run_rec *rec, struct rg_hash hash,
        enum rg_put *what, struct rg_err *err)
{
    sqlite3_stmt *stmt = rg_writer_statement(s, RG_OLD_RUN, err);

    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, query);
    rg_bind_text(stmt, 2, rec->config);
    sqlite3_bind_int64(stmt, 3, rec->sample);
    return compare_old(s, stmt, &s->writer->recorded, 0, hash, what, err);
}

static void
bind_run(sqlite3_stmt *stmt, int64_t ord, const struct call_ids *ids, const struct rg_run_rec *rec)
{
    sqlite3_bind_int64(stmt, 1, ord);
    sqlite3_bind_int64(stmt, 2, ids->query);
    rg_bind_text(stmt, 3, rec->config);
    sqlite3_bind_int64(stmt, 4, rec->sample);
    sqlite3_bind_int64(stmt, 5, ids->variant);
    rg_bind_text(stmt, 6, rec->chain);
    rg_bind_id(stmt, 7, ids->model);
    sqlite3_bind_int(stmt, 8, rec->escalated);
    sqlite3_bind_int(stmt, 9, (int)rec->status);
    rg_bind_count(stmt, 10, rec->prompt_tokens);
    rg_bind_count(stmt, 11, rec->completion_tokens);
    rg_bind_double(stmt, 12, rec->cost_usd);
    rg_bind_double(stmt, 13, rec->latency_ms);
    rg_bind_double(stmt, 14, rec->score);
    rg_bind_id(stmt, 15, ids->text);
    rg_bind_id(stmt, 16, ids->prompt);
    rg_bind_text(stmt, 17, rec->attrs);
}

enum rg_status
rg_store_put_run(struct rg_store *s, const struct rg_run_rec *rec, enum rg_put *what,
                 struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    enum rg_status status = rg_values_run(rec, err);
    struct call_ids ids;
    struct rg_hash hash;
    sqlite3_stmt *stmt;

    if (status == RG_OK)
        status = rg_writer_room(w->recorded.n, "calls and runs", err);
    if (status == RG_OK)
        status = find_run_ids(s, rec, &ids, err);
    if (status != RG_OK)
        return status;
    stmt = rg_writer_statement(s, RG_PUT_RUN, err);
    if (!stmt)
        return err->status;
    rg_canon_run(&w->canon, rec);
    hash = rg_writer_hash(w);
    bind_run(stmt, (int64_t)w->recorded.n, &ids, rec);
    status = rg_writer_step(s, stmt, err);
    if (status != RG_OK)
        return status;
    if (sqlite3_changes(s->db) == 0)
        return old_run(s, ids.query, rec, hash, what, err);
    keep_hash(&w->recorded, hash);
    *what = RG_PUT_NEW;
    return RG_OK;
}

enum rg_status
rg_store_put_kb(struct rg_store *s, const struct rg_kb_rec *rec, enum rg_put *what,
                struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    struct rg_record *record;
    enum rg_status status;
    sqlite3_stmt *stmt;
    int64_t id, text;
    bool added;

    if ((status = rg_values_kb(rec, err)) != RG_OK ||
        (status = rg_writer_room(w->kb.n, "articles", err)) != RG_OK)
        return status;
    id = rg_writer_number(&w->kb, rec->id, strlen(rec->id), &added, &record);
    rg_canon_kb(&w->canon, rec);
    *what = rg_writer_judge(record, rg_writer_hash(w));
    if (*what != RG_PUT_NEW)
        return RG_OK;
    status = rg_writer_text(s, RG_TEXT_QUESTION, rec->text, &text, err);
    if (status != RG_OK)
        return status;
    stmt = rg_writer_statement(s, RG_PUT_KB, err);
    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, id);
    rg_bind_text(stmt, 2, rec->id);
    rg_bind_text(stmt, 3, rec->title);
    rg_bind_id(stmt, 4, text);
    rg_bind_text(stmt, 5, rec->attrs);
    return rg_writer_step(s, stmt, err);
}

static enum rg_status
old_embedding(struct rg_store *s, int64_t query, const char *space, struct rg_hash hash,
              enum rg_put *what, struct rg_err *err)
{
    sqlite3_stmt *stmt = rg_writer_statement(s, RG_OLD_EMBEDDING, err);

    if (!stmt)
        return err->status;
    sqlite3_bind_int64(stmt, 1, query);
    rg_bind_text(stmt, 2, space);
    return compare_old(s, stmt, &s->writer->embeddings, 1, hash, what, err);
}

enum rg_status
rg_store_put_embedding(struct rg_store *s, const struct rg_embedding_rec *rec, enum rg_put *what,
                       struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    enum rg_status status = rg_values_embedding(rec, err);
    struct rg_record *record;
    struct rg_hash hash;
    sqlite3_stmt *stmt;
    int64_t query;

    if (status == RG_OK)
        status = rg_writer_query(s, rec->dataset, rec->query, &query, &record, err);
    if (status != RG_OK)
        return status;
    stmt = rg_writer_statement(s, RG_PUT_EMBEDDING, err);
    if (!stmt)
        return err->status;
    rg_canon_embedding(&w->canon, rec);
    hash = rg_writer_hash(w);
    rg_buf_reset(&w->key);
    rg_floats_put(&w->key, rec->values, rec->n);
    sqlite3_bind_int64(stmt, 1, (int64_t)w->embeddings.n + 1);
    sqlite3_bind_int64(stmt, 2, query);
    rg_bind_text(stmt, 3, rec->space);
    sqlite3_bind_blob64(stmt, 4, w->key.data, w->key.len, SQLITE_STATIC);
    status = rg_writer_step(s, stmt, err);
    if (status != RG_OK)
        return status;
    if (sqlite3_changes(s->db) == 0)
        return old_embedding(s, query, rec->space, hash, what, err);
    keep_hash(&w->embeddings, hash);
    *what = RG_PUT_NEW;
    return RG_OK;
}

enum rg_status
rg_store_put_arrival(struct rg_store *s, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    struct rg_writer *w = s->writer;
    struct rg_record *record;
    enum rg_status status = rg_values_arrival(rec, err);
    sqlite3_stmt *stmt;
    int64_t query = 0;

    if (status == RG_OK && rec->query)
        status = rg_writer_query(s, rec->dataset, rec->query, &query, &record, err);
    if (status != RG_OK)
        return status;
    stmt = rg_writer_statement(s, RG_PUT_ARRIVAL, err);
    if (!stmt)
        return err->status;
    rg_canon_arrival(&w->canon, rec);
    keep_hash(&w->arrivals, rg_writer_hash(w));
    rg_bind_double(stmt, 1, rec->at_s);
    rg_bind_id(stmt, 2, query);
    rg_bind_count(stmt, 3, rec->prompt_tokens);
    rg_bind_count(stmt, 4, rec->completion_tokens);
    return rg_writer_step(s, stmt, err);
}
