#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "traces/store_private.h"

/* Many strings, numbered from 0, in one piece of memory. */
struct strings {
    struct rg_buf bytes;
    size_t *at;
    size_t n, cap;
};

static void
strings_add(struct strings *strings, const char *s)
{
    strings->at = rg_grow(strings->at, &strings->cap, strings->n + 1, sizeof *strings->at);
    strings->at[strings->n++] = strings->bytes.len;
    rg_buf_add(&strings->bytes, s, strlen(s) + 1);
}

static const char *
strings_at(const struct strings *strings, uint32_t i)
{
    return strings->bytes.data + strings->at[i];
}

static void
strings_clear(struct strings *strings)
{
    rg_buf_clear(&strings->bytes);
    free(strings->at);
}

/* One walk: the names behind the row numbers, and room for the texts of a record. */
struct walk {
    struct rg_store *store;
    const struct rg_visitor *v;
    struct rg_err *err;
    struct strings models, datasets, memories, queries;
    enum rg_truth *contracts;
    uint32_t *dataset; /* of a query */
    struct rg_buf text, prompt;
};

/* ---- names ---- */

static enum rg_status
load_models(struct walk *w)
{
    struct rg_model_rec rec;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_MODELS, w->err);

    while (status == RG_OK && rg_rows_model(&rows, &rec))
        strings_add(&w->models, rec.name);
    return rg_rows_close(&rows);
}

static enum rg_status
load_datasets(struct walk *w)
{
    const char *name;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_DATASETS, w->err);

    while (status == RG_OK && rg_rows_dataset(&rows, &name))
        strings_add(&w->datasets, name);
    return rg_rows_close(&rows);
}

static enum rg_status
load_variants(struct walk *w)
{
    struct rg_variant_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_VARIANTS, w->err);
    size_t cap = 0;

    while (status == RG_OK && rg_rows_variant(&rows, &row)) {
        w->contracts = rg_grow(w->contracts, &cap, w->memories.n + 1, sizeof *w->contracts);
        w->contracts[w->memories.n] = row.contract;
        strings_add(&w->memories, row.memory);
    }
    return rg_rows_close(&rows);
}

static enum rg_status
load_queries(struct walk *w)
{
    struct rg_query_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_QUERIES, w->err);
    size_t cap = 0;

    while (status == RG_OK && rg_rows_query(&rows, &row)) {
        w->dataset = rg_grow(w->dataset, &cap, w->queries.n + 1, sizeof *w->dataset);
        w->dataset[w->queries.n] = row.dataset;
        strings_add(&w->queries, row.rec.id);
    }
    return rg_rows_close(&rows);
}

static enum rg_status
load_names(struct walk *w)
{
    enum rg_status status = load_models(w);

    if (status == RG_OK)
        status = load_datasets(w);
    if (status == RG_OK)
        status = load_variants(w);
    if (status == RG_OK)
        status = load_queries(w);
    return status;
}

/* ---- records ---- */

/* Text id in buf, or *out = NULL when there is none or nobody wants it. */
static enum rg_status
fetch(struct walk *w, int64_t id, struct rg_buf *buf, const char **out)
{
    enum rg_status status;

    *out = NULL;
    if (id == 0 || !w->v->texts)
        return RG_OK;
    rg_buf_reset(buf);
    status = rg_store_text(w->store, id, buf, w->err);
    if (status == RG_OK)
        *out = rg_buf_text(buf);
    return status;
}

static enum rg_status
walk_meta(struct walk *w)
{
    const char *key, *value;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_META, w->err);
    enum rg_status end;

    while (status == RG_OK && rg_rows_meta(&rows, &key, &value))
        status = w->v->meta(w->v->ctx, key, value, w->err);
    end = rg_rows_close(&rows);
    return status != RG_OK ? status : end;
}

static enum rg_status
walk_models(struct walk *w)
{
    struct rg_model_rec rec;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_MODELS_BY_NAME, w->err);
    enum rg_status end;

    while (status == RG_OK && rg_rows_model(&rows, &rec))
        status = w->v->model(w->v->ctx, &rec, w->err);
    end = rg_rows_close(&rows);
    return status != RG_OK ? status : end;
}

static enum rg_status
walk_queries(struct walk *w)
{
    struct rg_query_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_QUERIES, w->err);
    enum rg_status end;

    while (status == RG_OK && rg_rows_query(&rows, &row)) {
        row.rec.dataset = strings_at(&w->datasets, row.dataset);
        status = fetch(w, row.text, &w->text, &row.rec.text);
        if (status == RG_OK)
            status = fetch(w, row.reference, &w->prompt, &row.rec.reference);
        if (status == RG_OK)
            status = w->v->query(w->v->ctx, &row.rec, w->err);
    }
    end = rg_rows_close(&rows);
    return status != RG_OK ? status : end;
}

static enum rg_status
walk_kb(struct walk *w)
{
    struct rg_kb_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_KB, w->err);
    enum rg_status end;

    while (status == RG_OK && rg_rows_kb(&rows, &row)) {
        status = fetch(w, row.text, &w->text, &row.rec.text);
        if (status == RG_OK)
            status = w->v->kb(w->v->ctx, &row.rec, w->err);
    }
    end = rg_rows_close(&rows);
    return status != RG_OK ? status : end;
}

static enum rg_status
visit_embedding(struct walk *w, const struct rg_embedding_row *row, float *values)
{
    struct rg_embedding_rec rec = {
        .dataset = strings_at(&w->datasets, w->dataset[row->query]),
        .query = strings_at(&w->queries, row->query),
        .space = row->space,
        .values = values,
        .n = row->n,
    };
    struct rg_err why;

    rg_floats_get(values, row->data, row->n);
    if (rg_values_embedding(&rec, &why) != RG_OK)
        return rg_err_set(w->err, RG_EINPUT, "%s: damaged trace file: embedding of '%.100s': %s",
                          w->store->path, rec.query, why.text);
    return w->v->embedding(w->v->ctx, &rec, w->err);
}

static enum rg_status
walk_embeddings(struct walk *w)
{
    struct rg_embedding_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_EMBEDDINGS, w->err);
    enum rg_status end;
    float *values = NULL;
    size_t cap = 0;

    while (status == RG_OK && rg_rows_embedding(&rows, &row)) {
        values = rg_grow(values, &cap, row.n, sizeof *values);
        status = visit_embedding(w, &row, values);
    }
    free(values);
    end = rg_rows_close(&rows);
    return status != RG_OK ? status : end;
}

static enum rg_status
walk_arrivals(struct walk *w)
{
    struct rg_arrival_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, w->store, RG_ROWS_ARRIVALS, w->err);
    enum rg_status end;

    while (status == RG_OK && rg_rows_arrival(&rows, &row)) {
        if (row.query != RG_NAMES_NONE) {
            row.rec.query = strings_at(&w->queries, row.query);
            row.rec.dataset = strings_at(&w->datasets, w->dataset[row.query]);
        }
        status = w->v->arrival(w->v->ctx, &row.rec, w->err);
    }
    end = rg_rows_close(&rows);
    return status != RG_OK ? status : end;
}

static enum rg_status
visit_call(struct walk *w, struct rg_call_row *row)
{
    struct rg_call_rec *rec = &row->rec;
    enum rg_status status;

    rec->dataset = strings_at(&w->datasets, w->dataset[row->query]);
    rec->query = strings_at(&w->queries, row->query);
    rec->model = strings_at(&w->models, row->model);
    rec->memory = strings_at(&w->memories, row->variant);
    rec->contract = w->contracts[row->variant];
    status = fetch(w, row->text, &w->text, &rec->text);
    if (status == RG_OK)
        status = fetch(w, row->prompt, &w->prompt, &rec->prompt);
    return status == RG_OK ? w->v->call(w->v->ctx, rec, w->err) : status;
}

static enum rg_status
visit_run(struct walk *w, struct rg_run_row *row)
{
    struct rg_run_rec *rec = &row->rec;
    enum rg_status status;

    rec->dataset = strings_at(&w->datasets, w->dataset[row->query]);
    rec->query = strings_at(&w->queries, row->query);
    rec->model = row->model == RG_NAMES_NONE ? NULL : strings_at(&w->models, row->model);
    rec->memory = strings_at(&w->memories, row->variant);
    rec->contract = w->contracts[row->variant];
    status = fetch(w, row->text, &w->text, &rec->text);
    if (status == RG_OK)
        status = fetch(w, row->prompt, &w->prompt, &rec->prompt);
    return status == RG_OK ? w->v->run(w->v->ctx, rec, w->err) : status;
}

/* Calls and runs merged by their place in the recording. */
static enum rg_status
merge(struct walk *w, struct rg_rows *calls, struct rg_rows *runs)
{
    struct rg_call_row call;
    struct rg_run_row run;
    bool has_call = w->v->call && rg_rows_call(calls, &call);
    bool has_run = w->v->run && rg_rows_run(runs, &run);
    enum rg_status status = RG_OK;

    while (status == RG_OK && (has_call || has_run)) {
        if (has_call && (!has_run || call.ord < run.ord)) {
            status = visit_call(w, &call);
            has_call = status == RG_OK && rg_rows_call(calls, &call);
        } else {
            status = visit_run(w, &run);
            has_run = status == RG_OK && rg_rows_run(runs, &run);
        }
        /* A failed read must not look like the end while the other list goes on. */
        if (status == RG_OK)
            status = calls->status != RG_OK ? calls->status : runs->status;
    }
    return status;
}

static enum rg_status
walk_recorded(struct walk *w)
{
    struct rg_rows calls, runs;
    enum rg_status status, end;

    status = rg_rows_open(&calls, w->store, RG_ROWS_CALLS, w->err);
    if (status != RG_OK)
        return rg_rows_close(&calls);
    status = rg_rows_open(&runs, w->store, RG_ROWS_RUNS, w->err);
    if (status == RG_OK)
        status = merge(w, &calls, &runs);
    end = rg_rows_close(&calls);
    if (status == RG_OK)
        status = end;
    end = rg_rows_close(&runs);
    return status != RG_OK ? status : end;
}

static enum rg_status
walk_all(struct walk *w)
{
    const struct rg_visitor *v = w->v;
    enum rg_status status = v->meta ? walk_meta(w) : RG_OK;

    if (status == RG_OK && v->model)
        status = walk_models(w);
    if (status == RG_OK && (v->query || v->embedding || v->arrival || v->call || v->run))
        status = load_names(w);
    if (status == RG_OK && v->query)
        status = walk_queries(w);
    if (status == RG_OK && v->kb)
        status = walk_kb(w);
    if (status == RG_OK && v->embedding)
        status = walk_embeddings(w);
    if (status == RG_OK && v->arrival)
        status = walk_arrivals(w);
    if (status == RG_OK && (v->call || v->run))
        status = walk_recorded(w);
    return status;
}

enum rg_status
rg_store_walk(struct rg_store *s, const struct rg_visitor *v, struct rg_err *err)
{
    struct walk w = {.store = s, .v = v, .err = err};
    enum rg_status status = walk_all(&w);

    strings_clear(&w.models);
    strings_clear(&w.datasets);
    strings_clear(&w.memories);
    strings_clear(&w.queries);
    free(w.contracts);
    free(w.dataset);
    rg_buf_clear(&w.text);
    rg_buf_clear(&w.prompt);
    return status;
}

/* ---- the digest of what is there ---- */

struct digester {
    struct rg_digest digest;
    struct rg_buf buf;
};

static enum rg_status
add(struct digester *d)
{
    rg_canon_add(&d->digest, rg_canon_hash(&d->buf));
    rg_buf_reset(&d->buf);
    return RG_OK;
}

/* Visitors cannot fail, but share the type of those that do. */
#define DIGEST_VISITOR(kind)                                                                       \
    static enum rg_status add_##kind(void *ctx, const struct rg_##kind##_rec *rec,                 \
                                     struct rg_err *err)                                           \
    {                                                                                              \
        struct digester *d = ctx;                                                                  \
        (void)err;                                                                                 \
        rg_canon_##kind(&d->buf, rec);                                                             \
        return add(d);                                                                             \
    }

DIGEST_VISITOR(model)
DIGEST_VISITOR(query)
DIGEST_VISITOR(call)
DIGEST_VISITOR(run)
DIGEST_VISITOR(kb)
DIGEST_VISITOR(embedding)
DIGEST_VISITOR(arrival)

static enum rg_status
digest(struct rg_store *s, bool arrivals, char hex[RG_DIGEST_HEX], struct rg_err *err)
{
    struct digester d = {0};
    struct rg_visitor v = {
        .ctx = &d,
        .model = add_model,
        .query = add_query,
        .kb = add_kb,
        .embedding = add_embedding,
        .arrival = arrivals ? add_arrival : NULL,
        .call = add_call,
        .run = add_run,
        .texts = true,
    };
    enum rg_status status = rg_store_walk(s, &v, err);

    if (status == RG_OK)
        rg_digest_hex(&d.digest, hex);
    rg_digest_clear(&d.digest);
    rg_buf_clear(&d.buf);
    return status;
}

enum rg_status
rg_store_digest(struct rg_store *s, char hex[RG_DIGEST_HEX], struct rg_err *err)
{
    return digest(s, true, hex, err);
}

enum rg_status
rg_store_replay_digest(struct rg_store *s, char hex[RG_DIGEST_HEX], struct rg_err *err)
{
    return digest(s, false, hex, err);
}
