#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "traces/store_private.h"
#include "traces/store_writer.h"

/* ---- cells ---- */

static const struct rows_kind {
    const char *table;
    const char *sql;
} kinds[] = {
    [RG_ROWS_META] = {"meta", "SELECT rowid, key, value FROM meta ORDER BY key"},
    [RG_ROWS_MODELS] = {"models", "SELECT id, name, tier, input_usd_per_mtok, "
                                  "output_usd_per_mtok, attrs FROM models ORDER BY id"},
    [RG_ROWS_MODELS_BY_NAME] = {"models", "SELECT id, name, tier, input_usd_per_mtok, "
                                          "output_usd_per_mtok, attrs FROM models ORDER BY name"},
    [RG_ROWS_DATASETS] = {"datasets", "SELECT id, name FROM datasets ORDER BY id"},
    [RG_ROWS_VARIANTS] = {"variants", "SELECT id, memory, contract FROM variants ORDER BY id"},
    [RG_ROWS_QUERIES] = {"queries", "SELECT id, dataset, name, category, text, reference, attrs "
                                    "FROM queries ORDER BY id"},
    [RG_ROWS_CALLS] = {"calls", "SELECT ord, query, model, variant, sample, status, prompt_tokens, "
                                "completion_tokens, cost_usd, latency_ms, ttft_ms, score, text, "
                                "prompt, attrs FROM calls ORDER BY ord"},
    [RG_ROWS_RUNS] = {"recorded_runs",
                      "SELECT ord, query, config, sample, variant, chain, model, escalated, "
                      "status, prompt_tokens, completion_tokens, cost_usd, latency_ms, score, "
                      "text, prompt, attrs FROM recorded_runs ORDER BY ord"},
    [RG_ROWS_KB] = {"kb", "SELECT id, name, title, text, attrs FROM kb ORDER BY id"},
    [RG_ROWS_EMBEDDINGS] = {"embeddings",
                            "SELECT id, query, space, data FROM embeddings ORDER BY id"},
    [RG_ROWS_ARRIVALS] = {"arrivals", "SELECT id, at_s, query, prompt_tokens, completion_tokens "
                                      "FROM arrivals ORDER BY id"},
};

/* Rows that were counted when the store was opened: others refer to them by number. */
static int64_t
count_of(const struct rg_store *s, enum rg_rows_kind kind)
{
    switch (kind) {
    case RG_ROWS_MODELS:
    case RG_ROWS_MODELS_BY_NAME:
        return s->n_models;
    case RG_ROWS_DATASETS:
        return s->n_datasets;
    case RG_ROWS_VARIANTS:
        return s->n_variants;
    case RG_ROWS_QUERIES:
        return s->n_queries;
    default:
        return -1;
    }
}

enum rg_status
rg_rows_open(struct rg_rows *rows, struct rg_store *s, enum rg_rows_kind kind, struct rg_err *err)
{
    *rows = (struct rg_rows){
        .store = s,
        .table = kinds[kind].table,
        .kind = kind,
        .expected = count_of(s, kind),
        .err = err,
    };
    rows->status = rg_store_prepare(s, &rows->stmt, kinds[kind].sql, err);
    return rows->status;
}

enum rg_status
rg_rows_close(struct rg_rows *rows)
{
    sqlite3_finalize(rows->stmt);
    rows->stmt = NULL;
    return rows->status;
}

static void damaged(struct rg_rows *rows, int column, const char *fmt, ...) RG_PRINTF(3, 4);

/* The first failure is kept. */
static void
damaged(struct rg_rows *rows, int column, const char *fmt, ...)
{
    char what[200];
    va_list ap;

    if (rows->status != RG_OK)
        return;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    rows->status = rg_err_set(
        rows->err, RG_EINPUT, "%s: damaged trace file: table %s, row %" PRId64 ", %s: %s",
        rows->store->path, rows->table, rows->row, sqlite3_column_name(rows->stmt, column), what);
}

static const char *
type_name(int type)
{
    switch (type) {
    case SQLITE_INTEGER:
        return "an integer";
    case SQLITE_FLOAT:
        return "a real number";
    case SQLITE_TEXT:
        return "a text";
    case SQLITE_BLOB:
        return "a blob";
    default:
        return "NULL";
    }
}

/* Is the cell of this type? NULL is said to be absent, silently if that is allowed. */
static bool
has_type(struct rg_rows *rows, int column, int type, bool optional)
{
    int found = sqlite3_column_type(rows->stmt, column);

    if (found == type)
        return true;
    if (found != SQLITE_NULL || !optional)
        damaged(rows, column, "%s found, %s expected", type_name(found), type_name(type));
    return false;
}

static int64_t
get_int(struct rg_rows *rows, int column, int64_t lo, int64_t hi)
{
    int64_t x;

    if (!has_type(rows, column, SQLITE_INTEGER, false))
        return lo;
    x = sqlite3_column_int64(rows->stmt, column);
    if (x >= lo && x <= hi)
        return x;
    damaged(rows, column, "%" PRId64 " found, %" PRId64 " to %" PRId64 " expected", x, lo, hi);
    return lo;
}

/* The same where NULL is allowed, which gives absent. */
static int64_t
get_int_or(struct rg_rows *rows, int column, int64_t lo, int64_t hi, int64_t absent)
{
    if (sqlite3_column_type(rows->stmt, column) == SQLITE_NULL)
        return absent;
    return get_int(rows, column, lo, hi);
}

static double
get_double(struct rg_rows *rows, int column)
{
    if (!has_type(rows, column, SQLITE_FLOAT, true))
        return NAN;
    return sqlite3_column_double(rows->stmt, column);
}

static bool
is_clean(const char *s, size_t n)
{
    return rg_utf8_check(s, n) == n && !memchr(s, '\0', n);
}

static const char *
get_text(struct rg_rows *rows, int column, bool optional)
{
    const char *absent = optional ? NULL : "";
    const char *s;

    if (!has_type(rows, column, SQLITE_TEXT, optional))
        return absent;
    s = (const char *)sqlite3_column_text(rows->stmt, column);
    if (!s)
        rg_mem_fail(0);
    if (!is_clean(s, (size_t)sqlite3_column_bytes(rows->stmt, column))) {
        damaged(rows, column, "no valid UTF-8 text");
        return absent;
    }
    return s;
}

/* Attributes: the text of a JSON object in one line, as it can stand in an exported record. */
static const char *
get_attrs(struct rg_rows *rows, int column)
{
    const char *attrs = get_text(rows, column, true);
    struct rg_json doc = {0};
    struct rg_err why;
    bool good;

    if (!attrs)
        return NULL;
    good = !strchr(attrs, '\n') &&
           rg_json_parse(&doc, attrs, strlen(attrs), NULL, 1, 0, &why) == RG_OK &&
           cJSON_IsObject(doc.root);
    rg_json_clear(&doc);
    if (good)
        return attrs;
    damaged(rows, column, "no JSON object");
    return NULL;
}

/* A reference to a row of a table of n rows, as an index; RG_NAMES_NONE for NULL where allowed. */
static uint32_t
get_ref(struct rg_rows *rows, int column, int64_t n, bool optional)
{
    if (optional && sqlite3_column_type(rows->stmt, column) == SQLITE_NULL)
        return RG_NAMES_NONE;
    return (uint32_t)(get_int(rows, column, 1, n) - 1);
}

static int64_t
get_text_id(struct rg_rows *rows, int column)
{
    return get_int_or(rows, column, RG_TEXT_BLOCK, RG_TEXT_BLOCK * (rows->store->n_texts + 1) - 1,
                      0);
}

static int64_t
get_tokens(struct rg_rows *rows, int column)
{
    return get_int_or(rows, column, 0, RG_STORE_TOKENS_MAX, -1);
}

/* ---- rows ---- */

/* Were fewer or more rows read than there should be? */
static void
check_count(struct rg_rows *rows, bool end)
{
    if (rows->expected < 0 || (end ? rows->read == rows->expected : rows->read <= rows->expected))
        return;
    rows->status = rg_err_set(
        rows->err, RG_EINPUT,
        "%s: damaged trace file: table %s: %s%" PRId64 " rows found, %" PRId64 " expected",
        rows->store->path, rows->table, end ? "" : "at least ", rows->read, rows->expected);
}

static bool
next(struct rg_rows *rows)
{
    int rc;

    if (rows->status != RG_OK)
        return false;
    rc = sqlite3_step(rows->stmt);
    if (rc == SQLITE_ROW) {
        rows->read++;
        check_count(rows, false);
        return rows->status == RG_OK;
    }
    if (rc == SQLITE_DONE)
        check_count(rows, true);
    else
        rows->status = rg_store_fail(rows->store, rows->err);
    return false;
}

/* Next row of a table whose keys are 1, 2, ... */
static bool
next_numbered(struct rg_rows *rows)
{
    if (!next(rows))
        return false;
    rows->row++;
    get_int(rows, 0, rows->row, rows->row);
    return true;
}

/* Next row of calls or runs: their keys grow. */
static bool
next_ord(struct rg_rows *rows, int64_t *ord)
{
    if (!next(rows))
        return false;
    *ord = get_int(rows, 0, rows->row, RG_STORE_ROWS_MAX - 1);
    rows->row = *ord + 1;
    return true;
}

static bool
done(const struct rg_rows *rows)
{
    return rows->status == RG_OK;
}

/* The same, for a row whose values were found to be good or not: whatever is read here can be
 * exported and imported. */
static bool
judge(struct rg_rows *rows, enum rg_status values, const struct rg_err *why)
{
    if (rows->status == RG_OK && values != RG_OK)
        rows->status = rg_err_set(rows->err, RG_EINPUT,
                                  "%s: damaged trace file: table %s, row %" PRId64 ": %s",
                                  rows->store->path, rows->table, rows->row, why->text);
    return done(rows);
}

bool
rg_rows_meta(struct rg_rows *rows, const char **key, const char **value)
{
    if (!next(rows))
        return false;
    rows->row++;
    *key = get_text(rows, 1, false);
    *value = get_text(rows, 2, false);
    return done(rows);
}

bool
rg_rows_model(struct rg_rows *rows, struct rg_model_rec *rec)
{
    struct rg_err why;

    if (rows->kind == RG_ROWS_MODELS ? !next_numbered(rows) : !next(rows))
        return false;
    if (rows->kind == RG_ROWS_MODELS_BY_NAME)
        rows->row = sqlite3_column_int64(rows->stmt, 0);
    rec->name = get_text(rows, 1, false);
    rec->tier = (enum rg_tier)get_int(rows, 2, RG_TIER_UNKNOWN, RG_TIER_LLM);
    rec->input_usd_per_mtok = get_double(rows, 3);
    rec->output_usd_per_mtok = get_double(rows, 4);
    rec->attrs = get_attrs(rows, 5);
    return judge(rows, rg_values_model(rec, &why), &why);
}

bool
rg_rows_dataset(struct rg_rows *rows, const char **name)
{
    struct rg_err why;

    if (!next_numbered(rows))
        return false;
    *name = get_text(rows, 1, false);
    return judge(rows, rg_values_dataset(*name, &why), &why);
}

bool
rg_rows_variant(struct rg_rows *rows, struct rg_variant_row *row)
{
    struct rg_err why;

    if (!next_numbered(rows))
        return false;
    row->memory = get_text(rows, 1, false);
    row->contract = (enum rg_truth)get_int(rows, 2, RG_UNKNOWN, RG_TRUE);
    return judge(rows, rg_values_variant(row->memory, &why), &why);
}

bool
rg_rows_query(struct rg_rows *rows, struct rg_query_row *row)
{
    struct rg_err why;

    if (!next_numbered(rows))
        return false;
    *row = (struct rg_query_row){.rec.dataset = ""}; /* known by its number alone */
    row->dataset = get_ref(rows, 1, rows->store->n_datasets, false);
    row->rec.id = get_text(rows, 2, false);
    row->rec.category = get_text(rows, 3, true);
    row->text = get_text_id(rows, 4);
    row->reference = get_text_id(rows, 5);
    row->rec.attrs = get_attrs(rows, 6);
    return judge(rows, rg_values_query(&row->rec, &why), &why);
}

bool
rg_rows_call(struct rg_rows *rows, struct rg_call_row *row)
{
    const struct rg_store *s = rows->store;
    struct rg_call_rec *rec = &row->rec;
    struct rg_err why;

    *rec = rg_call_rec_empty();
    if (!next_ord(rows, &row->ord))
        return false;
    row->query = get_ref(rows, 1, s->n_queries, false);
    row->model = get_ref(rows, 2, s->n_models, false);
    row->variant = get_ref(rows, 3, s->n_variants, false);
    rec->sample = (uint32_t)get_int(rows, 4, 0, RG_STORE_SAMPLE_MAX);
    rec->status = (enum rg_call_status)get_int(rows, 5, 0, RG_N_CALL_STATUS - 1);
    rec->prompt_tokens = get_tokens(rows, 6);
    rec->completion_tokens = get_tokens(rows, 7);
    rec->cost_usd = get_double(rows, 8);
    rec->latency_ms = get_double(rows, 9);
    rec->ttft_ms = get_double(rows, 10);
    rec->score = get_double(rows, 11);
    row->text = get_text_id(rows, 12);
    row->prompt = get_text_id(rows, 13);
    rec->attrs = get_attrs(rows, 14);
    return judge(rows, rg_values_call_fields(rec, &why), &why);
}

bool
rg_rows_run(struct rg_rows *rows, struct rg_run_row *row)
{
    const struct rg_store *s = rows->store;
    struct rg_run_rec *rec = &row->rec;
    struct rg_err why;

    *rec = rg_run_rec_empty();
    if (!next_ord(rows, &row->ord))
        return false;
    row->query = get_ref(rows, 1, s->n_queries, false);
    rec->config = get_text(rows, 2, false);
    rec->sample = (uint32_t)get_int(rows, 3, 0, RG_STORE_SAMPLE_MAX);
    row->variant = get_ref(rows, 4, s->n_variants, false);
    rec->chain = get_text(rows, 5, true);
    row->model = get_ref(rows, 6, s->n_models, true);
    rec->escalated = (enum rg_truth)get_int(rows, 7, RG_UNKNOWN, RG_TRUE);
    rec->status = (enum rg_call_status)get_int(rows, 8, 0, RG_N_CALL_STATUS - 1);
    rec->prompt_tokens = get_tokens(rows, 9);
    rec->completion_tokens = get_tokens(rows, 10);
    rec->cost_usd = get_double(rows, 11);
    rec->latency_ms = get_double(rows, 12);
    rec->score = get_double(rows, 13);
    row->text = get_text_id(rows, 14);
    row->prompt = get_text_id(rows, 15);
    rec->attrs = get_attrs(rows, 16);
    return judge(rows, rg_values_run_fields(rec, &why), &why);
}

bool
rg_rows_kb(struct rg_rows *rows, struct rg_kb_row *row)
{
    struct rg_err why;

    if (!next_numbered(rows))
        return false;
    *row = (struct rg_kb_row){0};
    row->rec.id = get_text(rows, 1, false);
    row->rec.title = get_text(rows, 2, true);
    row->text = get_text_id(rows, 3);
    row->rec.attrs = get_attrs(rows, 4);
    return judge(rows, rg_values_kb(&row->rec, &why), &why);
}

bool
rg_rows_embedding(struct rg_rows *rows, struct rg_embedding_row *row)
{
    size_t n;

    if (!next_numbered(rows))
        return false;
    row->query = get_ref(rows, 1, rows->store->n_queries, false);
    row->space = get_text(rows, 2, false);
    if (!has_type(rows, 3, SQLITE_BLOB, false))
        return false;
    row->data = sqlite3_column_blob(rows->stmt, 3);
    n = (size_t)sqlite3_column_bytes(rows->stmt, 3);
    if (!row->data || n == 0 || n % 4 != 0 || n / 4 > RG_STORE_DIMENSIONS_MAX)
        damaged(rows, 3, "%zu bytes found, 4 for each of 1 to %d values expected", n,
                RG_STORE_DIMENSIONS_MAX);
    row->n = (uint32_t)(n / 4);
    return done(rows);
}

bool
rg_rows_arrival(struct rg_rows *rows, struct rg_arrival_row *row)
{
    struct rg_err why;

    if (!next_numbered(rows))
        return false;
    *row = (struct rg_arrival_row){0};
    row->rec.at_s = get_double(rows, 1);
    row->query = get_ref(rows, 2, rows->store->n_queries, true);
    row->rec.prompt_tokens = get_tokens(rows, 3);
    row->rec.completion_tokens = get_tokens(rows, 4);
    return judge(rows, rg_values_arrival(&row->rec, &why), &why);
}

/* ---- counts, texts, meta ---- */

static enum rg_status
count(struct rg_store *s, const char *sql, int64_t max, int64_t *out, struct rg_err *err)
{
    sqlite3_stmt *stmt;
    enum rg_status status = rg_store_prepare(s, &stmt, sql, err);

    if (status != RG_OK)
        return status;
    if (sqlite3_step(stmt) == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    else
        status = rg_store_fail(s, err);
    sqlite3_finalize(stmt);
    if (status == RG_OK && (*out < 0 || *out > max))
        status = rg_err_set(err, RG_EINPUT,
                            "%s: damaged trace file: %" PRId64 " rows of a kind (at most %" PRId64
                            " expected)",
                            s->path, *out, max);
    return status;
}

enum rg_status
rg_store_count(struct rg_store *s, struct rg_err *err)
{
    static const char texts[] = "SELECT coalesce(max(id), 0) FROM texts";
    enum rg_status status;

    if ((status = count(s, "SELECT count(*) FROM models", RG_STORE_ROWS_MAX, &s->n_models, err)) !=
            RG_OK ||
        (status = count(s, "SELECT count(*) FROM datasets", RG_STORE_ROWS_MAX, &s->n_datasets,
                        err)) != RG_OK ||
        (status = count(s, "SELECT count(*) FROM variants", RG_STORE_VARIANTS_MAX, &s->n_variants,
                        err)) != RG_OK ||
        (status = count(s, "SELECT count(*) FROM queries", RG_STORE_ROWS_MAX, &s->n_queries,
                        err)) != RG_OK)
        return status;
    return count(s, texts, RG_STORE_ROWS_MAX, &s->n_texts, err);
}

enum rg_status
rg_store_text(struct rg_store *s, int64_t id, struct rg_buf *buf, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    if (id == 0)
        return RG_OK;
    if (!s->texts)
        s->texts = rg_text_reader_new();
    /* What is still being written can be read as well. */
    if (s->writer)
        status = rg_text_writer_finish(s->writer->texts, s, err);
    return status != RG_OK ? status : rg_text_read(s->texts, s, id, buf, err);
}

const char *
rg_store_meta(struct rg_store *s, const char *key)
{
    struct rg_err err;

    if (!s->meta &&
        rg_store_prepare(s, &s->meta, "SELECT value FROM meta WHERE key = ?1", &err) != RG_OK)
        return NULL;
    sqlite3_reset(s->meta);
    sqlite3_bind_text(s->meta, 1, key, -1, SQLITE_TRANSIENT);
    if (sqlite3_step(s->meta) != SQLITE_ROW)
        return NULL;
    return (const char *)sqlite3_column_text(s->meta, 0);
}
