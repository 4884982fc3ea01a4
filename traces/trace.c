#include "traces/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "traces/import.h"
#include "traces/store_private.h"

struct meta {
    char *key, *value;
};

struct rg_trace_private {
    struct rg_store *store;
    struct rg_names *categories, *configs, *chains;
    struct meta *meta;
    size_t n_meta, meta_cap;
};

/* ---- names ---- */

static enum rg_status
load_meta(struct rg_trace *t, struct rg_err *err)
{
    struct rg_trace_private *p = t->priv;
    const char *key, *value;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, p->store, RG_ROWS_META, err);

    while (status == RG_OK && rg_rows_meta(&rows, &key, &value)) {
        p->meta = rg_grow(p->meta, &p->meta_cap, p->n_meta + 1, sizeof *p->meta);
        p->meta[p->n_meta++] = (struct meta){rg_strdup(key), rg_strdup(value)};
    }
    status = rg_rows_close(&rows);
    if (status != RG_OK)
        return status;
    t->digest = rg_trace_meta(t, "digest");
    value = rg_trace_meta(t, "synthetic");
    t->synthetic = value && strcmp(value, "true") == 0;
    if (!t->digest)
        return rg_err_set(err, RG_EINPUT, "%s: damaged trace file: no digest", t->path);
    return RG_OK;
}

static enum rg_status
load_models(struct rg_trace *t, struct rg_err *err)
{
    size_t n = (size_t)t->priv->store->n_models;
    struct rg_trace_model *models = rg_zalloc(n, sizeof *models);
    struct rg_model_rec rec;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_MODELS, err);

    t->models = models;
    while (status == RG_OK && t->n_models < n && rg_rows_model(&rows, &rec))
        models[t->n_models++] = (struct rg_trace_model){
            .name = rg_strdup(rec.name),
            .tier = rec.tier,
            .input_usd_per_mtok = rec.input_usd_per_mtok,
            .output_usd_per_mtok = rec.output_usd_per_mtok,
        };
    return rg_rows_close_all(&rows, (int64_t)n);
}

static enum rg_status
load_datasets(struct rg_trace *t, struct rg_err *err)
{
    size_t n = (size_t)t->priv->store->n_datasets;
    const char **datasets = rg_zalloc(n, sizeof *datasets);
    const char *name;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_DATASETS, err);

    t->datasets = datasets;
    while (status == RG_OK && t->n_datasets < n && rg_rows_dataset(&rows, &name))
        datasets[t->n_datasets++] = rg_strdup(name);
    return rg_rows_close_all(&rows, (int64_t)n);
}

static enum rg_status
load_variants(struct rg_trace *t, struct rg_err *err)
{
    size_t n = (size_t)t->priv->store->n_variants;
    struct rg_trace_variant *variants = rg_zalloc(n, sizeof *variants);
    struct rg_variant_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_VARIANTS, err);

    t->variants = variants;
    while (status == RG_OK && t->n_variants < n && rg_rows_variant(&rows, &row))
        variants[t->n_variants++] = (struct rg_trace_variant){
            .memory = rg_strdup(row.memory),
            .contract = row.contract,
        };
    return rg_rows_close_all(&rows, (int64_t)n);
}

static uint32_t
number(struct rg_names *names, const char *s)
{
    return s ? rg_names_add(names, s, strlen(s), NULL) : (uint32_t)RG_NAMES_NONE;
}

/* The names as an array, which borrows them. */
static const char *const *
list(const struct rg_names *names, size_t *n)
{
    const char **out;

    *n = rg_names_count(names);
    out = rg_alloc(*n, sizeof *out);
    for (size_t i = 0; i < *n; i++)
        out[i] = rg_names_at(names, (uint32_t)i);
    return out;
}

/* ---- queries ---- */

static void
alloc_queries(struct rg_trace_queries *q, size_t n)
{
    q->id = rg_zalloc(n, sizeof *q->id);
    q->dataset = rg_zalloc(n, sizeof *q->dataset);
    q->category = rg_zalloc(n, sizeof *q->category);
    q->text_bytes = rg_zalloc(n, sizeof *q->text_bytes);
    q->text = rg_zalloc(n, sizeof *q->text);
    q->reference = rg_zalloc(n, sizeof *q->reference);
    q->row = rg_zalloc(n, sizeof *q->row);
    q->first = rg_zalloc(n + 1, sizeof *q->first);
}

static void
free_queries(struct rg_trace *t)
{
    struct rg_trace_queries *q = &t->queries;

    for (size_t i = 0; i < t->n_queries; i++)
        free((char *)q->id[i]);
    free(q->id);
    free(q->dataset);
    free(q->category);
    free(q->text_bytes);
    free(q->text);
    free(q->reference);
    free(q->row);
    free(q->first);
}

static enum rg_status
load_text_bytes(struct rg_trace *t, struct rg_err *err)
{
    struct rg_store *s = t->priv->store;
    sqlite3_stmt *stmt;
    enum rg_status status =
        rg_store_prepare(s, &stmt, "SELECT bytes FROM texts WHERE id = ?1", err);

    for (size_t i = 0; status == RG_OK && i < t->n_queries; i++) {
        int64_t bytes = -1;

        if (t->queries.text[i] == 0)
            continue;
        sqlite3_bind_int64(stmt, 1, t->queries.text[i]);
        if (sqlite3_step(stmt) == SQLITE_ROW)
            bytes = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
        if (bytes < 0 || bytes > RG_STORE_TEXT_MAX)
            status =
                rg_err_set(err, RG_EINPUT, "%s: damaged trace file: text %" PRId64 " has no length",
                           t->path, t->queries.text[i]);
        else
            t->queries.text_bytes[i] = (uint32_t)bytes;
    }
    sqlite3_finalize(stmt);
    return status;
}

static enum rg_status
load_queries(struct rg_trace *t, struct rg_err *err)
{
    size_t n = (size_t)t->priv->store->n_queries;
    struct rg_trace_queries *q = &t->queries;
    struct rg_query_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_QUERIES, err);

    alloc_queries(q, n);
    while (status == RG_OK && t->n_queries < n && rg_rows_query(&rows, &row)) {
        size_t i = t->n_queries++;

        q->id[i] = rg_strdup(row.rec.id);
        q->dataset[i] = row.dataset;
        q->category[i] = number(t->priv->categories, row.rec.category);
        q->text[i] = row.text;
        q->reference[i] = row.reference;
        q->row[i] = rows.row;
    }
    status = rg_rows_close_all(&rows, (int64_t)n);
    t->categories = list(t->priv->categories, &t->n_categories);
    return status == RG_OK ? load_text_bytes(t, err) : status;
}

/* ---- calls ---- */

static void
alloc_calls(struct rg_trace_calls *c, size_t n)
{
    c->query = rg_zalloc(n, sizeof *c->query);
    c->variant = rg_zalloc(n, sizeof *c->variant);
    c->sample = rg_zalloc(n, sizeof *c->sample);
    c->model = rg_zalloc(n, sizeof *c->model);
    c->status = rg_zalloc(n, sizeof *c->status);
    c->prompt_tokens = rg_zalloc(n, sizeof *c->prompt_tokens);
    c->completion_tokens = rg_zalloc(n, sizeof *c->completion_tokens);
    c->cost_usd = rg_zalloc(n, sizeof *c->cost_usd);
    c->latency_ms = rg_zalloc(n, sizeof *c->latency_ms);
    c->ttft_ms = rg_zalloc(n, sizeof *c->ttft_ms);
    c->score = rg_zalloc(n, sizeof *c->score);
    c->text = rg_zalloc(n, sizeof *c->text);
    c->order = rg_zalloc(n, sizeof *c->order);
}

static void
free_calls(struct rg_trace_calls *c)
{
    free(c->query);
    free(c->variant);
    free(c->sample);
    free(c->model);
    free(c->status);
    free(c->prompt_tokens);
    free(c->completion_tokens);
    free(c->cost_usd);
    free(c->latency_ms);
    free(c->ttft_ms);
    free(c->score);
    free(c->text);
    free(c->order);
}

/* Sort keys of one call: (model, variant, sample) are 32 + 16 + 16 bits of one number. */
struct key {
    uint64_t key;
    uint32_t at;
};

static int
compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

/* How many calls each query has, as first[]; the number of all calls in *n. */
static enum rg_status
count_calls(struct rg_trace *t, size_t *n, struct rg_err *err)
{
    struct rg_call_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_CALLS, err);

    *n = 0;
    while (status == RG_OK && rg_rows_call(&rows, &row)) {
        t->queries.first[row.query + 1]++;
        (*n)++;
    }
    for (size_t q = 0; q < t->n_queries; q++)
        t->queries.first[q + 1] += t->queries.first[q];
    return rg_rows_close(&rows);
}

static void
set_call(struct rg_trace_calls *c, size_t i, const struct rg_call_row *row)
{
    const struct rg_call_rec *rec = &row->rec;

    c->query[i] = row->query;
    c->variant[i] = (uint16_t)row->variant;
    c->sample[i] = (uint16_t)rec->sample;
    c->model[i] = row->model;
    c->status[i] = (uint8_t)rec->status;
    c->prompt_tokens[i] = (int32_t)rec->prompt_tokens;
    c->completion_tokens[i] = (int32_t)rec->completion_tokens;
    c->cost_usd[i] = rec->cost_usd;
    c->latency_ms[i] = rec->latency_ms;
    c->ttft_ms[i] = rec->ttft_ms;
    c->score[i] = rec->score;
    c->text[i] = (uint32_t)row->text;
    c->order[i] = (uint32_t)row->ord;
}

/* Put every call into the slice of its query, in the order of the recording. */
static enum rg_status
place_calls(struct rg_trace *t, size_t n, struct rg_err *err)
{
    uint32_t *next = rg_alloc(t->n_queries, sizeof *next);
    struct rg_call_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_CALLS, err);

    if (t->n_queries > 0)
        memcpy(next, t->queries.first, t->n_queries * sizeof *next);
    while (status == RG_OK && t->n_calls < n && rg_rows_call(&rows, &row)) {
        if (next[row.query] == t->queries.first[row.query + 1])
            break;
        set_call(&t->calls, next[row.query]++, &row);
        t->n_calls++;
    }
    free(next);
    status = rg_rows_close(&rows);
    if (status == RG_OK && t->n_calls < n)
        status = rg_err_set(err, RG_EINPUT, "%s: changed while it was read", t->path);
    return status;
}

/* Put column[first..first + n) into the order of keys. */
static void
permute(void *column, size_t size, size_t first, const struct key *keys, size_t n, void *scratch)
{
    char *base = (char *)column + first * size;

    for (size_t i = 0; i < n; i++)
        memcpy((char *)scratch + i * size, base + keys[i].at * size, size);
    memcpy(base, scratch, n * size);
}

#define PERMUTE(column) permute(c->column, sizeof *c->column, first, keys, n, scratch)

/* All columns but query, which is the same in the whole slice. */
static void
permute_calls(struct rg_trace_calls *c, size_t first, const struct key *keys, size_t n,
              double *scratch)
{
    PERMUTE(variant);
    PERMUTE(sample);
    PERMUTE(model);
    PERMUTE(status);
    PERMUTE(prompt_tokens);
    PERMUTE(completion_tokens);
    PERMUTE(cost_usd);
    PERMUTE(latency_ms);
    PERMUTE(ttft_ms);
    PERMUTE(score);
    PERMUTE(text);
    PERMUTE(order);
}

/* Sort the slice of a query. */
static enum rg_status
sort_slice(struct rg_trace *t, size_t q, struct key *keys, double *scratch, struct rg_err *err)
{
    struct rg_trace_calls *c = &t->calls;
    size_t first = t->queries.first[q];
    size_t n = t->queries.first[q + 1] - first;
    bool sorted = true;

    for (size_t i = 0; i < n; i++) {
        size_t k = first + i;

        keys[i].at = (uint32_t)i;
        keys[i].key = (uint64_t)c->model[k] << 32 | (uint64_t)c->variant[k] << 16 | c->sample[k];
        sorted = sorted && (i == 0 || keys[i - 1].key < keys[i].key);
    }
    if (sorted)
        return RG_OK;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 1; i < n; i++) {
        if (keys[i - 1].key == keys[i].key)
            return rg_err_set(err, RG_EINPUT,
                              "%s: damaged trace file: two calls of one model, variant and sample "
                              "on query '%.80s'",
                              t->path, t->queries.id[q]);
    }
    permute_calls(c, first, keys, n, scratch);
    return RG_OK;
}

static enum rg_status
sort_calls(struct rg_trace *t, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    size_t most = 0;
    struct key *keys;
    double *scratch;

    for (size_t q = 0; q < t->n_queries; q++) {
        size_t n = t->queries.first[q + 1] - t->queries.first[q];

        most = n > most ? n : most;
    }
    keys = rg_alloc(most, sizeof *keys);
    scratch = rg_alloc(most, sizeof *scratch);
    for (size_t q = 0; status == RG_OK && q < t->n_queries; q++)
        status = sort_slice(t, q, keys, scratch, err);
    free(keys);
    free(scratch);
    return status;
}

static enum rg_status
load_calls(struct rg_trace *t, struct rg_err *err)
{
    size_t n;
    enum rg_status status = count_calls(t, &n, err);

    if (status != RG_OK)
        return status;
    alloc_calls(&t->calls, n);
    status = place_calls(t, n, err);
    return status == RG_OK ? sort_calls(t, err) : status;
}

/* ---- runs ---- */

static void
alloc_runs(struct rg_trace_runs *r, size_t n)
{
    r->query = rg_zalloc(n, sizeof *r->query);
    r->config = rg_zalloc(n, sizeof *r->config);
    r->sample = rg_zalloc(n, sizeof *r->sample);
    r->chain = rg_zalloc(n, sizeof *r->chain);
    r->model = rg_zalloc(n, sizeof *r->model);
    r->variant = rg_zalloc(n, sizeof *r->variant);
    r->escalated = rg_zalloc(n, sizeof *r->escalated);
    r->status = rg_zalloc(n, sizeof *r->status);
    r->cost_usd = rg_zalloc(n, sizeof *r->cost_usd);
    r->latency_ms = rg_zalloc(n, sizeof *r->latency_ms);
    r->score = rg_zalloc(n, sizeof *r->score);
    r->order = rg_zalloc(n, sizeof *r->order);
}

static void
free_runs(struct rg_trace_runs *r)
{
    free(r->query);
    free(r->config);
    free(r->sample);
    free(r->chain);
    free(r->model);
    free(r->variant);
    free(r->escalated);
    free(r->status);
    free(r->cost_usd);
    free(r->latency_ms);
    free(r->score);
    free(r->order);
}

static void
set_run(struct rg_trace *t, size_t i, const struct rg_run_row *row)
{
    struct rg_trace_runs *r = &t->runs;
    const struct rg_run_rec *rec = &row->rec;

    r->query[i] = row->query;
    r->config[i] = number(t->priv->configs, rec->config);
    r->sample[i] = rec->sample;
    r->chain[i] = number(t->priv->chains, rec->chain);
    r->model[i] = row->model;
    r->variant[i] = (uint16_t)row->variant;
    r->escalated[i] = (int8_t)rec->escalated;
    r->status[i] = (uint8_t)rec->status;
    r->cost_usd[i] = rec->cost_usd;
    r->latency_ms[i] = rec->latency_ms;
    r->score[i] = rec->score;
    r->order[i] = (uint32_t)row->ord;
}

static enum rg_status
count_rows(struct rg_trace *t, const char *sql, size_t *n, struct rg_err *err)
{
    sqlite3_stmt *stmt;
    enum rg_status status = rg_store_prepare(t->priv->store, &stmt, sql, err);

    if (status != RG_OK)
        return status;
    if (sqlite3_step(stmt) == SQLITE_ROW)
        *n = (size_t)sqlite3_column_int64(stmt, 0);
    else
        status = rg_store_fail(t->priv->store, err);
    sqlite3_finalize(stmt);
    return status;
}

static enum rg_status
load_runs(struct rg_trace *t, struct rg_err *err)
{
    struct rg_run_row row;
    struct rg_rows rows;
    size_t n = 0;
    enum rg_status status = count_rows(t, "SELECT count(*) FROM recorded_runs", &n, err);

    if (status != RG_OK)
        return status;
    alloc_runs(&t->runs, n);
    status = rg_rows_open(&rows, t->priv->store, RG_ROWS_RUNS, err);
    while (status == RG_OK && t->n_runs < n && rg_rows_run(&rows, &row))
        set_run(t, t->n_runs++, &row);
    t->configs = list(t->priv->configs, &t->n_configs);
    t->chains = list(t->priv->chains, &t->n_chains);
    return rg_rows_close(&rows);
}

/* ---- the whole ---- */

static enum rg_status
load(struct rg_trace *t, struct rg_err *err)
{
    enum rg_status status;

    if ((status = load_meta(t, err)) != RG_OK || (status = load_models(t, err)) != RG_OK ||
        (status = load_datasets(t, err)) != RG_OK || (status = load_variants(t, err)) != RG_OK ||
        (status = load_queries(t, err)) != RG_OK || (status = load_calls(t, err)) != RG_OK ||
        (status = load_runs(t, err)) != RG_OK)
        return status;
    return count_rows(t, "SELECT count(*) FROM kb", &t->n_kb, err);
}

/* Takes the store over, also when it fails. */
static enum rg_status
take(struct rg_trace **out, struct rg_store *take_store, struct rg_err *err)
{
    struct rg_trace *t = rg_zalloc(1, sizeof *t);
    enum rg_status status;

    t->priv = rg_zalloc(1, sizeof *t->priv);
    t->priv->store = take_store;
    t->priv->categories = rg_names_new();
    t->priv->configs = rg_names_new();
    t->priv->chains = rg_names_new();
    t->path = rg_store_path(take_store);
    status = load(t, err);
    if (status != RG_OK) {
        rg_trace_close(t);
        t = NULL;
    }
    *out = t;
    return status;
}

enum rg_status
rg_trace_open(struct rg_trace **out, const char *path, struct rg_err *err)
{
    struct rg_store *store;
    enum rg_status status = rg_store_open(&store, path, err);

    *out = NULL;
    return status == RG_OK ? take(out, store, err) : status;
}

enum rg_status
rg_trace_load(struct rg_trace **out, const char *path, struct rg_import_report *report,
              struct rg_err *err)
{
    struct rg_store *store;
    enum rg_status status = rg_store_load(&store, path, report, err);

    *out = NULL;
    return status == RG_OK ? take(out, store, err) : status;
}

static void
free_names(struct rg_trace *t)
{
    for (size_t i = 0; i < t->n_models; i++)
        free((char *)t->models[i].name);
    for (size_t i = 0; i < t->n_datasets; i++)
        free((char *)t->datasets[i]);
    for (size_t i = 0; i < t->n_variants; i++)
        free((char *)t->variants[i].memory);
    free((void *)t->models);
    free((void *)t->datasets);
    free((void *)t->variants);
    free((void *)t->categories);
    free((void *)t->configs);
    free((void *)t->chains);
}

void
rg_trace_close(struct rg_trace *t)
{
    struct rg_trace_private *p;

    if (!t)
        return;
    p = t->priv;
    free_names(t);
    free_queries(t);
    free_calls(&t->calls);
    free_runs(&t->runs);
    rg_names_free(p->categories);
    rg_names_free(p->configs);
    rg_names_free(p->chains);
    for (size_t i = 0; i < p->n_meta; i++) {
        free(p->meta[i].key);
        free(p->meta[i].value);
    }
    free(p->meta);
    rg_store_close(p->store);
    free(p);
    free(t);
}

int
rg_trace_model_find(const struct rg_trace *t, const char *name)
{
    for (size_t i = 0; i < t->n_models; i++) {
        if (strcmp(t->models[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

int
rg_trace_variant_find(const struct rg_trace *t, const char *memory, enum rg_truth contract)
{
    for (size_t i = 0; i < t->n_variants; i++) {
        if (t->variants[i].contract == contract && strcmp(t->variants[i].memory, memory) == 0)
            return (int)i;
    }
    return -1;
}

enum rg_status
rg_trace_text(const struct rg_trace *t, int64_t id, struct rg_buf *buf, struct rg_err *err)
{
    return rg_store_text(t->priv->store, id, buf, err);
}

struct rg_store *
rg_trace_store(const struct rg_trace *t)
{
    return t->priv->store;
}

const char *
rg_trace_meta(const struct rg_trace *t, const char *key)
{
    for (size_t i = 0; i < t->priv->n_meta; i++) {
        if (strcmp(t->priv->meta[i].key, key) == 0)
            return t->priv->meta[i].value;
    }
    return NULL;
}

/* ---- attributes ---- */

/* NaN when the object has no such attribute. */
static enum rg_status
attr_number(const char *attrs, const char *name, const char *where, double *out, struct rg_err *err)
{
    struct rg_json doc = {0};
    enum rg_status status = rg_json_parse(&doc, attrs, strlen(attrs), where, 1, 0, err);
    const cJSON *node;

    *out = NAN;
    if (status != RG_OK)
        return status;
    node = cJSON_IsObject(doc.root) ? cJSON_GetObjectItemCaseSensitive(doc.root, name) : NULL;
    if (cJSON_IsBool(node))
        *out = cJSON_IsTrue(node) ? 1 : 0;
    else if (cJSON_IsNumber(node))
        *out = node->valuedouble;
    else if (node)
        status = rg_err_set(err, RG_EINPUT,
                            "%s: attribute '%.80s' is not a number everywhere (found %s)", where,
                            name, rg_json_kind(node));
    rg_json_clear(&doc);
    return status;
}

enum rg_status
rg_trace_query_attr(const struct rg_trace *t, const char *name, double *out, struct rg_err *err)
{
    struct rg_query_row row;
    struct rg_rows rows;
    size_t i = 0, found = 0;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_QUERIES, err);
    enum rg_status end;

    while (status == RG_OK && i < t->n_queries && rg_rows_query(&rows, &row)) {
        out[i] = NAN;
        if (row.rec.attrs)
            status = attr_number(row.rec.attrs, name, t->path, &out[i], err);
        found += isnan(out[i]) ? 0 : 1;
        i++;
    }
    end = rg_rows_close(&rows);
    if (status == RG_OK)
        status = end;
    if (status == RG_OK && found == 0)
        status = rg_err_set(err, RG_EINPUT, "%s: no query has an attribute '%.80s'", t->path, name);
    return status;
}
