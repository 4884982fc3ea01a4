#include "traces/trace.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "traces/import.h"
#include "traces/trace_private.h"

struct rg_trace_meta {
    char *key, *value;
};

/* ---- order ---- */

/* What rows are sorted by: number, text, number. */
struct item {
    const char *name;
    uint32_t major;
    int minor;
    uint32_t at; /* where it came from */
};

static int
compare_names(const struct item *x, const struct item *y)
{
    int order;

    if (x->major != y->major)
        return x->major < y->major ? -1 : 1;
    order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->minor > y->minor) - (x->minor < y->minor);
}

static int
compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = compare_names(x, y);

    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* Sorts items[0..n): the place of each by where it came from. *twice is one that occurs twice, or
 * NULL. Both to free. */
static uint32_t *
sort_items(struct item *items, size_t n, const char **twice)
{
    uint32_t *place = rg_alloc(n, sizeof *place);

    *twice = NULL;
    for (size_t i = 0; i < n; i++)
        items[i].at = (uint32_t)i;
    if (n > 1)
        qsort(items, n, sizeof *items, compare_items);
    for (size_t i = 0; i < n; i++) {
        place[items[i].at] = (uint32_t)i;
        if (i > 0 && compare_names(&items[i - 1], &items[i]) == 0)
            *twice = items[i].name;
    }
    return place;
}

/* Column[0..n) with each element where place says. */
static void
move(void *column, size_t size, const uint32_t *place, size_t n)
{
    char *from = rg_alloc(n, size);

    if (n > 0)
        memcpy(from, column, n * size);
    for (size_t i = 0; i < n; i++)
        memcpy((char *)column + place[i] * size, from + i * size, size);
    free(from);
}

/* The same for rows of a table of the file, of which no two are equal. Frees items. */
static enum rg_status
sort_rows(struct rg_trace *t, const char *table, struct item *items, size_t n, uint32_t **place,
          struct rg_err *err)
{
    const char *twice;

    *place = sort_items(items, n, &twice);
    free(items);
    if (twice)
        return rg_err_set(err, RG_EINPUT,
                          "%s: damaged trace file: table %s: '%.80s' is there twice", t->path,
                          table, twice);
    return RG_OK;
}

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
        p->meta[p->n_meta++] = (struct rg_trace_meta){rg_strdup(key), rg_strdup(value)};
    }
    status = rg_rows_close(&rows);
    if (status != RG_OK)
        return status;
    t->digest = rg_trace_meta(t, "digest");
    value = rg_trace_meta(t, "replay_digest");
    if (value && strlen(value) < sizeof t->replay_digest)
        strcpy(t->replay_digest, value);
    else if (t->digest)
        status = rg_store_replay_digest(p->store, t->replay_digest, err);
    if (status != RG_OK)
        return status;
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
    struct item *items;
    struct rg_model_rec rec;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_MODELS, err);

    t->models = models;
    while (status == RG_OK && rg_rows_model(&rows, &rec))
        models[t->n_models++] = (struct rg_trace_model){
            .name = rg_strdup(rec.name),
            .tier = rec.tier,
            .input_usd_per_mtok = rec.input_usd_per_mtok,
            .output_usd_per_mtok = rec.output_usd_per_mtok,
        };
    status = rg_rows_close(&rows);
    if (status != RG_OK)
        return status;
    items = rg_zalloc(n, sizeof *items);
    for (size_t i = 0; i < n; i++)
        items[i].name = models[i].name;
    status = sort_rows(t, "models", items, n, &t->priv->model_at, err);
    move(models, sizeof *models, t->priv->model_at, n);
    return status;
}

static enum rg_status
load_datasets(struct rg_trace *t, struct rg_err *err)
{
    size_t n = (size_t)t->priv->store->n_datasets;
    const char **datasets = rg_zalloc(n, sizeof *datasets);
    struct item *items;
    const char *name;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_DATASETS, err);

    t->datasets = datasets;
    while (status == RG_OK && rg_rows_dataset(&rows, &name))
        datasets[t->n_datasets++] = rg_strdup(name);
    status = rg_rows_close(&rows);
    if (status != RG_OK)
        return status;
    items = rg_zalloc(n, sizeof *items);
    for (size_t i = 0; i < n; i++)
        items[i].name = datasets[i];
    status = sort_rows(t, "datasets", items, n, &t->priv->dataset_at, err);
    move(datasets, sizeof *datasets, t->priv->dataset_at, n);
    return status;
}

static enum rg_status
load_variants(struct rg_trace *t, struct rg_err *err)
{
    size_t n = (size_t)t->priv->store->n_variants;
    struct rg_trace_variant *variants = rg_zalloc(n, sizeof *variants);
    struct item *items;
    struct rg_variant_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_VARIANTS, err);

    t->variants = variants;
    while (status == RG_OK && rg_rows_variant(&rows, &row))
        variants[t->n_variants++] = (struct rg_trace_variant){
            .memory = rg_strdup(row.memory),
            .contract = row.contract,
        };
    status = rg_rows_close(&rows);
    if (status != RG_OK)
        return status;
    items = rg_zalloc(n, sizeof *items);
    for (size_t i = 0; i < n; i++)
        items[i] = (struct item){.name = variants[i].memory, .minor = variants[i].contract};
    status = sort_rows(t, "variants", items, n, &t->priv->variant_at, err);
    move(variants, sizeof *variants, t->priv->variant_at, n);
    return status;
}

uint32_t
rg_trace_name(struct rg_names *names, const char *s)
{
    return s ? rg_names_add(names, s, strlen(s), NULL) : (uint32_t)RG_NAMES_NONE;
}

const char *const *
rg_trace_names(const struct rg_names *names, size_t *n, uint32_t *column, size_t n_column)
{
    struct item *items;
    const char **out, *twice;
    uint32_t *place;

    *n = rg_names_count(names);
    out = rg_alloc(*n, sizeof *out);
    items = rg_zalloc(*n, sizeof *items);
    for (size_t i = 0; i < *n; i++)
        items[i].name = out[i] = rg_names_at(names, (uint32_t)i);
    place = sort_items(items, *n, &twice);
    move(out, sizeof *out, place, *n);
    for (size_t i = 0; i < n_column; i++)
        if (column[i] != RG_NAMES_NONE)
            column[i] = place[column[i]];
    free(items);
    free(place);
    return out;
}

/* ---- queries ---- */

static void
alloc_queries(struct rg_trace_queries *q, size_t n)
{
    q->id = rg_zalloc(n, sizeof *q->id);
    q->dataset = rg_zalloc(n, sizeof *q->dataset);
    q->category = rg_zalloc(n, sizeof *q->category);
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
    free(q->text);
    free(q->reference);
    free(q->row);
    free(q->first);
}

static enum rg_status
sort_queries(struct rg_trace *t, struct rg_err *err)
{
    struct rg_trace_queries *q = &t->queries;
    size_t n = t->n_queries;
    struct item *items = rg_zalloc(n, sizeof *items);
    enum rg_status status;
    const uint32_t *place;

    for (size_t i = 0; i < n; i++)
        items[i] = (struct item){.major = q->dataset[i], .name = q->id[i]};
    status = sort_rows(t, "queries", items, n, &t->priv->query_at, err);
    place = t->priv->query_at;
    move(q->id, sizeof *q->id, place, n);
    move(q->dataset, sizeof *q->dataset, place, n);
    move(q->category, sizeof *q->category, place, n);
    move(q->text, sizeof *q->text, place, n);
    move(q->reference, sizeof *q->reference, place, n);
    move(q->row, sizeof *q->row, place, n);
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
    while (status == RG_OK && rg_rows_query(&rows, &row)) {
        size_t i = t->n_queries++;

        q->id[i] = rg_strdup(row.rec.id);
        q->dataset[i] = t->priv->dataset_at[row.dataset];
        q->category[i] = rg_trace_name(t->priv->categories, row.rec.category);
        q->text[i] = row.text;
        q->reference[i] = row.reference;
        q->row[i] = rows.row;
    }
    status = rg_rows_close(&rows);
    t->categories =
        rg_trace_names(t->priv->categories, &t->n_categories, q->category, t->n_queries);
    if (status == RG_OK)
        status = sort_queries(t, err);
    return status;
}

/* ---- the whole ---- */

enum rg_status
rg_trace_count_rows(struct rg_trace *t, const char *sql, size_t *n, struct rg_err *err)
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
load(struct rg_trace *t, struct rg_err *err)
{
    enum rg_status status;

    if ((status = load_meta(t, err)) != RG_OK || (status = load_models(t, err)) != RG_OK ||
        (status = load_datasets(t, err)) != RG_OK || (status = load_variants(t, err)) != RG_OK ||
        (status = load_queries(t, err)) != RG_OK ||
        (status = rg_trace_load_calls(t, err)) != RG_OK ||
        (status = rg_trace_load_runs(t, err)) != RG_OK)
        return status;
    return rg_trace_count_rows(t, "SELECT count(*) FROM kb", &t->n_kb, err);
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
    free(p->model_at);
    free(p->dataset_at);
    free(p->variant_at);
    free(p->query_at);
    rg_trace_free_calls(t);
    rg_trace_free_runs(t);
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

static int
compare_model(const void *name, const void *model)
{
    return strcmp(name, ((const struct rg_trace_model *)model)->name);
}

int
rg_trace_model_find(const struct rg_trace *t, const char *name)
{
    enum { FEW = 32 };

    if (t->n_models > FEW) { /* they are sorted */
        const struct rg_trace_model *found =
            bsearch(name, t->models, t->n_models, sizeof *t->models, compare_model);

        return found ? (int)(found - t->models) : -1;
    }
    for (size_t i = 0; i < t->n_models; i++) {
        if (strcmp(t->models[i].name, name) == 0)
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
    else if (cJSON_IsNumber(node) || cJSON_IsRaw(node)) /* raw: an integer beyond 2^53 */
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
    size_t n = 0, found = 0;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_QUERIES, err);
    enum rg_status end;

    while (status == RG_OK && rg_rows_query(&rows, &row)) {
        size_t i = t->priv->query_at[n++];

        out[i] = NAN;
        if (row.rec.attrs)
            status = attr_number(row.rec.attrs, name, t->path, &out[i], err);
        found += isnan(out[i]) ? 0 : 1;
    }
    end = rg_rows_close(&rows);
    if (status == RG_OK)
        status = end;
    if (status == RG_OK && found == 0)
        status = rg_err_set(err, RG_EINPUT, "%s: no query has an attribute '%.80s'", t->path, name);
    return status;
}

/* NULL when the object has no such attribute. */
static enum rg_status
attr_text(const char *attrs, const char *name, const char *where, char **out, struct rg_err *err)
{
    struct rg_json doc = {0};
    enum rg_status status = rg_json_parse(&doc, attrs, strlen(attrs), where, 1, 0, err);
    const cJSON *node;

    if (status != RG_OK)
        return status;
    node = cJSON_IsObject(doc.root) ? cJSON_GetObjectItemCaseSensitive(doc.root, name) : NULL;
    if (cJSON_IsBool(node)) {
        *out = rg_strdup(cJSON_IsTrue(node) ? "true" : "false");
    } else if (cJSON_IsString(node) || cJSON_IsRaw(node)) { /* raw: an integer beyond 2^53 */
        *out = rg_strdup(node->valuestring);
    } else if (cJSON_IsNumber(node)) {
        char digits[RG_NUM_MAX];

        rg_num_print(digits, node->valuedouble);
        *out = rg_strdup(digits);
    } else if (node && !cJSON_IsNull(node)) {
        status = rg_err_set(err, RG_EINPUT,
                            "%s: attribute '%.80s' is no number, truth value or text everywhere "
                            "(found %s)",
                            where, name, rg_json_kind(node));
    }
    rg_json_clear(&doc);
    return status;
}

/* The names of the attributes in an object that the store holds. */
static void
list_attrs(const char *attrs, struct rg_buf *out)
{
    enum { LISTED_MAX = 12 };
    struct rg_json doc = {0};
    struct rg_err unused;
    size_t n = 0;

    if (rg_json_parse(&doc, attrs, strlen(attrs), "", 1, 0, &unused) != RG_OK)
        return;
    for (const cJSON *m = doc.root->child; m && n <= LISTED_MAX; m = m->next, n++)
        rg_buf_printf(out, "%s%s", n > 0 ? ", " : "", n < LISTED_MAX ? m->string : "...");
    rg_json_clear(&doc);
}

enum rg_status
rg_trace_query_attr_text(const struct rg_trace *t, const char *name, char **out, struct rg_err *err)
{
    struct rg_query_row row;
    struct rg_rows rows;
    struct rg_buf names = {0};
    size_t n = 0, found = 0;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_QUERIES, err);
    enum rg_status end;

    for (size_t i = 0; i < t->n_queries; i++)
        out[i] = NULL;
    while (status == RG_OK && rg_rows_query(&rows, &row)) {
        size_t i = t->priv->query_at[n++];

        if (row.rec.attrs && names.len == 0)
            list_attrs(row.rec.attrs, &names);
        if (row.rec.attrs)
            status = attr_text(row.rec.attrs, name, t->path, &out[i], err);
        found += out[i] != NULL;
    }
    end = rg_rows_close(&rows);
    if (status == RG_OK)
        status = end;
    if (status == RG_OK && found == 0)
        status = rg_err_set(err, RG_EUSAGE,
                            "%s: no query has an attribute '%.80s' (the first has: "
                            "%s)",
                            t->path, name, names.len > 0 ? rg_buf_text(&names) : "none");
    rg_buf_clear(&names);
    return status;
}
