#include "traces/import_embeddings.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>
#include <xxhash.h>

#include "base/csv.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "traces/columns.h"
#include "traces/import_bench.h"
#include "traces/importers.h"
#include "traces/json_lines.h"

/* What is smaller rounds to a finite float: half a unit above the largest one. */
#define FLOAT_END 0x1.ffffffp127

enum { MANY = UINT32_MAX }; /* a name or text of several queries */

struct query {
    char *dataset, *id;
};

/* Names with the query each stands for, or MANY. */
struct keys {
    struct rg_names *names;
    uint32_t *query;
    size_t n, cap;
};

struct rg_vectors {
    struct query *queries;
    size_t n, cap;
    struct keys ids, full, texts; /* id; dataset and id; hash of the text */
    struct rg_names *datasets, *spaces;
    size_t *length; /* by space */
    size_t n_spaces, spaces_cap;
    float *values;
    size_t values_cap;
    struct rg_buf key;
};

/* ---- queries by name and text ---- */

static void
keys_add(struct keys *k, const void *key, size_t n, uint32_t query)
{
    bool added;
    uint32_t i = rg_names_add(k->names, key, n, &added);

    if (!added) {
        k->query[i] = MANY;
        return;
    }
    k->query = rg_grow(k->query, &k->cap, k->n + 1, sizeof *k->query);
    k->query[k->n++] = query;
}

/* *found says whether there is such a key at all. */
static uint32_t
keys_find(const struct keys *k, const void *key, size_t n, bool *found)
{
    uint32_t i = rg_names_find(k->names, key, n);

    *found = i != RG_NAMES_NONE;
    return *found ? k->query[i] : MANY;
}

static void
full_key(struct rg_buf *key, const char *dataset, const char *id)
{
    rg_buf_reset(key);
    rg_buf_add(key, dataset, strlen(dataset) + 1);
    rg_buf_puts(key, id);
}

static void
add_query(struct rg_vectors *v, const char *dataset, const char *id)
{
    uint32_t i = (uint32_t)v->n;

    v->queries = rg_grow(v->queries, &v->cap, v->n + 1, sizeof *v->queries);
    v->queries[v->n++] = (struct query){rg_strdup(dataset), rg_strdup(id)};
    rg_names_add(v->datasets, dataset, strlen(dataset), NULL);
    keys_add(&v->ids, id, strlen(id), i);
    full_key(&v->key, dataset, id);
    keys_add(&v->full, v->key.data, v->key.len, i);
}

static void
add_text(struct rg_vectors *v, const char *text, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(text, n);

    keys_add(&v->texts, &h, sizeof h, (uint32_t)(v->n - 1));
}

static enum rg_status
load(struct rg_vectors *v, struct rg_store *store, struct rg_err *err)
{
    static const char sql[] = "SELECT d.name, q.name, q.text FROM queries q JOIN datasets d "
                              "ON d.id = q.dataset ORDER BY q.id";
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;
    sqlite3_stmt *stmt;
    int rc = SQLITE_OK;

    if (sqlite3_prepare_v2(rg_store_db(store), sql, -1, &stmt, NULL) != SQLITE_OK)
        return rg_err_set(err, RG_ESYSTEM, "%s: %s", rg_store_path(store),
                          sqlite3_errmsg(rg_store_db(store)));
    while (status == RG_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        add_query(v, (const char *)sqlite3_column_text(stmt, 0),
                  (const char *)sqlite3_column_text(stmt, 1));
        if (sqlite3_column_type(stmt, 2) == SQLITE_NULL)
            continue;
        rg_buf_reset(&text);
        status = rg_store_text(store, sqlite3_column_int64(stmt, 2), &text, err);
        if (status == RG_OK)
            add_text(v, rg_buf_text(&text), text.len);
    }
    if (status == RG_OK && rc != SQLITE_DONE)
        status = rg_err_set(err, RG_ESYSTEM, "%s: %s", rg_store_path(store),
                            sqlite3_errmsg(rg_store_db(store)));
    sqlite3_finalize(stmt);
    rg_buf_clear(&text);
    return status;
}

static void
keys_clear(struct keys *k)
{
    rg_names_free(k->names);
    free(k->query);
}

static void
vectors_free(void *state)
{
    struct rg_vectors *v = state;

    for (size_t i = 0; i < v->n; i++) {
        free(v->queries[i].dataset);
        free(v->queries[i].id);
    }
    free(v->queries);
    keys_clear(&v->ids);
    keys_clear(&v->full);
    keys_clear(&v->texts);
    rg_names_free(v->datasets);
    rg_names_free(v->spaces);
    free(v->length);
    free(v->values);
    rg_buf_clear(&v->key);
    free(v);
}

enum rg_status
rg_vectors_of(struct rg_import *im, const char *path, struct rg_vectors **out, struct rg_err *err)
{
    void **state = rg_import_state(im, vectors_free);
    struct rg_vectors *v = *state;
    enum rg_status status = RG_OK;

    if (!v) {
        v = *state = rg_zalloc(1, sizeof *v);
        v->ids.names = rg_names_new();
        v->full.names = rg_names_new();
        v->texts.names = rg_names_new();
        v->datasets = rg_names_new();
        v->spaces = rg_names_new();
        status = load(v, im->store, err);
    }
    *out = v;
    if (status == RG_OK && v->n == 0)
        status = rg_err_set(err, RG_EINPUT,
                            "%s: embeddings without queries (name the trace or the recordings "
                            "they belong to before them)",
                            path);
    return status;
}

/* ---- which query ---- */

/* dataset as it stands, or the only one whose name goes on behind a '/'; NULL: none or several. */
static const char *
find_dataset(const struct rg_vectors *v, const char *dataset)
{
    size_t n = strlen(dataset);
    const char *found = NULL;

    if (rg_names_find(v->datasets, dataset, n) != RG_NAMES_NONE)
        return dataset;
    for (size_t i = 0; i < rg_names_count(v->datasets); i++) {
        const char *name = rg_names_at(v->datasets, (uint32_t)i);

        if (strncmp(name, dataset, n) != 0 || name[n] != '/')
            continue;
        if (found)
            return NULL;
        found = name;
    }
    return found;
}

static enum rg_status
find_by_id(struct rg_vectors *v, const struct rg_vector *x, uint32_t *query, struct rg_err *err)
{
    const char *dataset = x->dataset ? find_dataset(v, x->dataset) : NULL;
    bool found = false;

    if (x->dataset && !dataset)
        return rg_err_at(err, x->place, "unknown dataset '%.80s'", x->dataset);
    if (dataset) {
        full_key(&v->key, dataset, x->query);
        *query = keys_find(&v->full, v->key.data, v->key.len, &found);
    } else {
        *query = keys_find(&v->ids, x->query, strlen(x->query), &found);
    }
    if (!found)
        return rg_err_at(err, x->place, "unknown query '%.80s'", x->query);
    if (*query == MANY)
        return rg_err_at(err, x->place, "query '%.80s' is in several datasets: name one", x->query);
    return RG_OK;
}

/* ---- vectors ---- */

static enum rg_status
check_length(struct rg_vectors *v, const struct rg_vector *x, const char *space, struct rg_err *err)
{
    bool added;
    uint32_t i = rg_names_add(v->spaces, space, strlen(space), &added);

    if (added) {
        v->length = rg_grow(v->length, &v->spaces_cap, v->n_spaces + 1, sizeof *v->length);
        v->length[v->n_spaces++] = 0;
    }
    if (v->length[i] != 0 && v->length[i] != x->n)
        return rg_err_at(err, x->place,
                         "embedding of another length (found %zu numbers, expected %zu as in the "
                         "first one of '%.80s')",
                         x->n, v->length[i], space);
    return RG_OK;
}

static enum rg_status
convert(struct rg_vectors *v, const struct rg_vector *x, struct rg_err *err)
{
    bool zero = true;

    if (x->n == 0)
        return rg_err_at(err, x->place, "empty embedding");
    v->values = rg_grow(v->values, &v->values_cap, x->n, sizeof *v->values);
    for (size_t i = 0; i < x->n; i++) {
        if (!(fabs(x->values[i]) < FLOAT_END))
            return rg_err_at(err, x->place, "number %zu of the embedding is none (found %g)", i + 1,
                             x->values[i]);
        v->values[i] = (float)x->values[i];
        zero = zero && v->values[i] == 0;
    }
    if (zero)
        return rg_err_at(err, x->place, "embedding of zeros alone, as a failed encoder leaves it");
    return RG_OK;
}

static enum rg_status
put(struct rg_import *im, struct rg_vectors *v, const struct rg_vector *x, uint32_t query,
    struct rg_err *err)
{
    const char *space = im->options->space ? im->options->space : x->space ? x->space : "default";
    const struct rg_embedding_rec rec = {
        .dataset = v->queries[query].dataset,
        .query = v->queries[query].id,
        .space = space,
        .values = v->values,
        .n = (uint32_t)x->n,
    };
    enum rg_put what;
    enum rg_status status = check_length(v, x, space, err);

    if (status == RG_OK)
        status = rg_import_put_embedding(im, &rec, &what, &x->place, err);
    if (status != RG_OK)
        return status;
    v->length[rg_names_find(v->spaces, space, strlen(space))] = x->n;
    rg_import_count(im, what, &x->place);
    return RG_OK;
}

enum rg_status
rg_vectors_put(struct rg_import *im, struct rg_vectors *v, const struct rg_vector *x,
               struct rg_err *err)
{
    enum rg_status status = RG_OK;
    uint32_t query = MANY;
    bool found = true;

    if (x->query) {
        status = find_by_id(v, x, &query, err);
    } else if (x->text) {
        XXH128_hash_t h = XXH3_128bits(x->text, strlen(x->text));

        query = keys_find(&v->texts, &h, sizeof h, &found);
        if (found && query == MANY)
            status = rg_err_at(err, x->place, "a text of several queries: name one by its id");
    } else {
        status = rg_err_at(err, x->place, "embedding of nothing (expected an id or a text)");
    }
    if (!found) {
        rg_import_note(im, "embedding of a text that is no query's, left out", &x->place);
        return RG_OK;
    }
    if (status == RG_OK)
        status = convert(v, x, err);
    if (status == RG_OK)
        status = put(im, v, x, query, err);
    return status == RG_OK ? RG_OK : rg_import_reject(im, "bad embedding", err);
}

enum rg_status
rg_vectors_numbers(const struct rg_json *doc, const cJSON *node, double **values, size_t *cap,
                   size_t *n, struct rg_err *err)
{
    *n = 0;
    if (cJSON_IsArray(node) && cJSON_IsArray(node->child) && !node->child->next)
        node = node->child;
    if (!cJSON_IsArray(node))
        return rg_json_fail(doc, node, err, "no embedding (found %s, expected an array of numbers)",
                            rg_json_kind(node));
    for (const cJSON *m = node->child; m; m = m->next) {
        if (!cJSON_IsNumber(m))
            return rg_json_fail(doc, m, err, "no number in an embedding (found %s)",
                                rg_json_kind(m));
        *values = rg_grow(*values, cap, *n + 1, sizeof **values);
        (*values)[(*n)++] = m->valuedouble;
    }
    return RG_OK;
}

/* ---- JSON Lines ---- */

struct lines {
    struct rg_import *im;
    struct rg_vectors *v;
    double *values;
    size_t cap;
};

bool
rg_import_embeddings_jsonl_detect(const struct rg_import_head *head)
{
    static const char *const one[] = {"embedding"}, *const native[] = {"type"};

    return rg_json_lines_detect(head, one, 1) && !rg_json_lines_detect(head, native, 1);
}

static const char *
text_of(const cJSON *a, const cJSON *b)
{
    return a ? a->valuestring : b ? b->valuestring : NULL;
}

static enum rg_status
read_line(void *ctx, const struct rg_json *doc, struct rg_err *err)
{
    struct lines *l = ctx;
    const unsigned string = RG_JSON_STRING | RG_JSON_NULL;
    const cJSON *dataset, *query, *id, *text, *prompt, *model, *space, *embedding;
    const struct rg_json_key keys[] = {
        {"dataset", string, &dataset}, {"query", string, &query},
        {"id", string, &id},           {"text", string, &text},
        {"prompt", string, &prompt},   {"model", string, &model},
        {"space", string, &space},     {"embedding", RG_JSON_ARRAY | RG_JSON_REQUIRED, &embedding},
    };
    struct rg_vector x = {.place = rg_json_place(doc, doc->root)};
    enum rg_status status =
        rg_json_object(doc, doc->root, keys, sizeof keys / sizeof *keys, NULL, err);

    if (status == RG_OK)
        status = rg_vectors_numbers(doc, embedding, &l->values, &l->cap, &x.n, err);
    if (status != RG_OK)
        return rg_import_reject(l->im, "bad embedding", err);
    x.dataset = text_of(dataset, NULL);
    x.query = text_of(query, id);
    x.text = text_of(text, prompt);
    x.space = text_of(space, model);
    x.values = l->values;
    return rg_vectors_put(l->im, l->v, &x, err);
}

enum rg_status
rg_import_embeddings_jsonl_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct lines l = {.im = im};
    enum rg_status status = rg_vectors_of(im, path, &l.v, err);

    if (status == RG_OK)
        status = rg_json_lines_each(im, path, read_line, &l, err);
    free(l.values);
    return status;
}

/* ---- CSV ---- */

/* Columns with a meaning; all others hold one number each, in their order, unless there is a column
 * "embedding" with all of them, in brackets and separated by blanks or commas. */
enum { DATASET, QUERY, ID, TEXT, PROMPT, SPACE, MODEL, EMBEDDING, N_COLUMNS };
static const char *const columns[N_COLUMNS] = {"dataset", "query", "id",    "text",
                                               "prompt",  "space", "model", "embedding"};

struct table {
    struct rg_import *im;
    struct rg_vectors *v;
    struct rg_csv *csv;
    int at[N_COLUMNS];
    const struct rg_csv_field *fields;
    double *values;
    size_t n, cap;
};

bool
rg_import_embeddings_csv_detect(const struct rg_import_head *head)
{
    static const char *const one[] = {"embedding"};

    return rg_columns_detect(head, one, 1);
}

static enum rg_status
add_number(struct table *t, const struct rg_csv_field *f, const char *s, size_t n,
           struct rg_err *err)
{
    const char *wrong;
    double x;

    wrong = rg_num_double(s, n, &x);
    if (wrong)
        return rg_err_at(err, rg_csv_place(t->csv, f), "embedding: %s (found \"%.*s\")", wrong,
                         (int)(n < 40 ? n : 40), s);
    t->values = rg_grow(t->values, &t->cap, t->n + 1, sizeof *t->values);
    t->values[t->n++] = x;
    return RG_OK;
}

static enum rg_status
split_numbers(struct table *t, const struct rg_csv_field *f, struct rg_err *err)
{
    static const char between[] = " ,[]\t\r\n";
    enum rg_status status = RG_OK;

    for (const char *s = f->data + strspn(f->data, between); *s && status == RG_OK;) {
        size_t n = strcspn(s, between);

        status = add_number(t, f, s, n, err);
        s += n;
        s += strspn(s, between);
    }
    return status;
}

static bool
has_meaning(const struct table *t, size_t column)
{
    for (size_t i = 0; i < N_COLUMNS; i++)
        if (t->at[i] == (int)column)
            return true;
    return false;
}

static enum rg_status
row_numbers(struct table *t, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    t->n = 0;
    if (t->at[EMBEDDING] >= 0)
        return split_numbers(t, &t->fields[t->at[EMBEDDING]], err);
    for (size_t i = 0; i < rg_csv_columns(t->csv) && status == RG_OK; i++)
        if (!has_meaning(t, i))
            status = add_number(t, &t->fields[i], t->fields[i].data, t->fields[i].len, err);
    return status;
}

static const char *
field(const struct table *t, int a, int b)
{
    int at = t->at[a] >= 0 ? t->at[a] : t->at[b];

    return at >= 0 && t->fields[at].len > 0 ? t->fields[at].data : NULL;
}

static enum rg_status
read_row(void *ctx, struct rg_err *err)
{
    struct table *t = ctx;
    struct rg_vector x = {.place = rg_csv_place(t->csv, &t->fields[0])};

    if (row_numbers(t, err) != RG_OK)
        return rg_import_reject(t->im, "bad embedding", err);
    x.dataset = field(t, DATASET, DATASET);
    x.query = field(t, QUERY, ID);
    x.text = field(t, TEXT, PROMPT);
    x.space = field(t, SPACE, MODEL);
    x.values = t->values;
    x.n = t->n;
    return rg_vectors_put(t->im, t->v, &x, err);
}

enum rg_status
rg_import_embeddings_csv_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct table t = {.im = im};
    enum rg_status status = rg_vectors_of(im, path, &t.v, err);

    if (status == RG_OK)
        status = rg_csv_open(&t.csv, path, err);
    for (size_t i = 0; i < N_COLUMNS && status == RG_OK; i++)
        t.at[i] = rg_csv_find(t.csv, columns[i]);
    if (status == RG_OK)
        status = rg_bench_rows(im, t.csv, &t.fields, read_row, &t, err);
    rg_csv_close(t.csv);
    free(t.values);
    return status;
}
