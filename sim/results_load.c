/* What is known of a result file once it is open: all but what cells gave. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "sim/results_private.h"

/* Rows of a query, one at a time. Numbers that must count from 0 are checked by `number`. */
struct rows {
    struct rg_results *r;
    sqlite3_stmt *stmt;
    enum rg_status status;
    struct rg_err *err;
};

static bool
rows_open(struct rows *w, const char *sql)
{
    w->status = rg_results_prepare(w->r, &w->stmt, sql, w->err);
    return w->status == RG_OK;
}

static bool
rows_next(struct rows *w)
{
    int rc;

    if (w->status != RG_OK)
        return false;
    rc = sqlite3_step(w->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        w->status = rg_results_fail(w->r, w->err);
    return rc == SQLITE_ROW;
}

static enum rg_status
rows_close(struct rows *w)
{
    sqlite3_finalize(w->stmt);
    w->stmt = NULL;
    return w->status;
}

static void
rows_damaged(struct rows *w, const char *what)
{
    if (w->status == RG_OK)
        w->status = rg_results_damaged(w->r, w->err, what);
}

/* An index below n; what is not is damage, and 0. */
static uint32_t
rows_index(struct rows *w, int column, size_t n, const char *what)
{
    int64_t x = sqlite3_column_int64(w->stmt, column);

    if (x >= 0 && (uint64_t)x < n && x < UINT32_MAX)
        return (uint32_t)x;
    rows_damaged(w, what);
    return 0;
}

static char *
rows_text(struct rows *w, int column)
{
    const char *s = (const char *)sqlite3_column_text(w->stmt, column);

    return rg_strdup(s ? s : "");
}

/* The second column of a table whose first is 0, 1, 2, ... */
static enum rg_status
load_names(struct rg_results *r, const char *sql, char ***out, size_t *n, struct rg_err *err)
{
    struct rows w = {.r = r, .err = err};
    size_t cap = 0;

    if (rows_open(&w, sql)) {
        while (rows_next(&w)) {
            if ((uint64_t)sqlite3_column_int64(w.stmt, 0) != *n)
                rows_damaged(&w, "a number is missing in a list");
            *out = rg_grow(*out, &cap, *n + 1, sizeof **out);
            (*out)[(*n)++] = rows_text(&w, 1);
        }
    }
    return rows_close(&w);
}

static enum rg_status
load_meta(struct rg_results *r, struct rg_err *err)
{
    struct rows w = {.r = r, .err = err};
    size_t cap = 0;

    if (rows_open(&w, "SELECT key, value FROM meta WHERE key <> '" RG_RESULTS_PLAN_DIGEST
                      "' ORDER BY key"))
        while (rows_next(&w)) {
            r->meta = rg_grow(r->meta, &cap, r->n_meta + 1, sizeof *r->meta);
            r->meta[r->n_meta++] = (struct rg_results_pair){rows_text(&w, 0), rows_text(&w, 1)};
        }
    return rows_close(&w);
}

/* Names that stand in the texts of views must be such as we give. */
static bool
is_name(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    return *s && strchr(letters, *s) && strspn(s, others) == strlen(s);
}

static enum rg_status
load_axes(struct rg_results *r, struct rg_err *err)
{
    struct rows w = {.r = r, .err = err};
    char **names = NULL;
    enum rg_status status =
        load_names(r, "SELECT axis, name FROM axes ORDER BY axis", &names, &r->n_axes, err);

    r->axes = rg_zalloc(r->n_axes, sizeof *r->axes);
    for (size_t i = 0; names && i < r->n_axes; i++)
        r->axes[i].name = names[i];
    free(names);
    for (size_t i = 0; i < r->n_axes && status == RG_OK; i++)
        if (!is_name(r->axes[i].name))
            status = rg_results_damaged(r, err, "an axis has no proper name");
    if (status != RG_OK)
        return status;
    if (rows_open(&w, "SELECT axis, value, label FROM axis_values ORDER BY axis, value"))
        while (rows_next(&w)) {
            struct rg_results_axis *a =
                &r->axes[rows_index(&w, 0, r->n_axes, "a value of no axis")];
            char **labels;

            if (w.status != RG_OK)
                break;
            if ((uint64_t)sqlite3_column_int64(w.stmt, 1) != a->n)
                rows_damaged(&w, "a value of an axis is missing");
            labels = rg_realloc((void *)(uintptr_t)a->labels, a->n + 1, sizeof *labels);
            labels[a->n++] = rows_text(&w, 2);
            a->labels = (const char *const *)labels;
        }
    return rows_close(&w);
}

static enum rg_status
load_metrics(struct rg_results *r, struct rg_err *err)
{
    struct rows w = {.r = r, .err = err};
    size_t cap = 0;

    if (rows_open(&w, "SELECT metric, name, over, part FROM metrics ORDER BY metric"))
        while (rows_next(&w)) {
            const char *over = (const char *)sqlite3_column_text(w.stmt, 2);
            bool queries = over && strcmp(over, "queries") == 0;

            if ((uint64_t)sqlite3_column_int64(w.stmt, 0) != r->n_metrics)
                rows_damaged(&w, "a metric is missing");
            r->metrics = rg_grow(r->metrics, &cap, r->n_metrics + 1, sizeof *r->metrics);
            r->metrics[r->n_metrics++] = (struct rg_results_metric){
                rows_text(&w, 1), queries ? RG_OVER_QUERIES : RG_OVER_REPLICATIONS,
                sqlite3_column_int(w.stmt, 3) != 0};
            if (!is_name(r->metrics[r->n_metrics - 1].name))
                rows_damaged(&w, "a metric has no proper name");
        }
    return rows_close(&w);
}

static enum rg_status
load_values(struct rg_results *r, struct rg_err *err)
{
    struct rows w = {.r = r, .err = err};
    size_t n = 0;

    r->labels = rg_zalloc(r->n_cells, (r->n_axes + 1) * sizeof *r->labels);
    if (rows_open(&w, "SELECT cell, axis, value FROM cell_values ORDER BY cell, axis"))
        for (; rows_next(&w); n++) {
            uint32_t cell = rows_index(&w, 0, r->n_cells, "values of no cell");
            uint32_t axis = rows_index(&w, 1, r->n_axes, "a cell's value of no axis");

            if (w.status != RG_OK)
                break;
            r->labels[cell * r->n_axes + axis] =
                rows_index(&w, 2, r->axes[axis].n, "a value that its axis does not have");
        }
    if (w.status == RG_OK && n != r->n_cells * r->n_axes)
        rows_damaged(&w, "a cell lacks the value of an axis");
    return rows_close(&w);
}

static enum rg_status
load_done(struct rg_results *r, struct rg_err *err)
{
    struct rows w = {.r = r, .err = err};

    r->done = rg_zalloc(r->n_cells, 1);
    if (rows_open(&w, "SELECT cell, 1 FROM runs UNION ALL SELECT cell, 2 FROM digests"))
        while (rows_next(&w)) {
            uint32_t cell = rows_index(&w, 0, r->n_cells, "results of no cell");

            if (w.status != RG_OK)
                break;
            r->done[cell] |= (uint8_t)sqlite3_column_int(w.stmt, 1);
        }
    for (size_t i = 0; i < r->n_cells && w.status == RG_OK; i++) {
        if (r->done[i] == 1 || r->done[i] == 2)
            rows_damaged(&w, "a part of a cell's results has gone");
        r->done[i] = r->done[i] != 0;
        r->n_done += r->done[i];
    }
    return rows_close(&w);
}

static enum rg_status
load_queries(struct rg_results *r, struct rg_err *err)
{
    struct rows w = {.r = r, .err = err};
    size_t cap = 0;

    if (rows_open(&w, "SELECT query, category FROM queries ORDER BY query"))
        while (rows_next(&w)) {
            bool none = sqlite3_column_type(w.stmt, 1) == SQLITE_NULL;

            if ((uint64_t)sqlite3_column_int64(w.stmt, 0) != r->n_queries)
                rows_damaged(&w, "a query is missing");
            r->category = rg_grow(r->category, &cap, r->n_queries + 1, sizeof *r->category);
            r->category[r->n_queries++] =
                none ? RG_NAMES_NONE : rows_index(&w, 1, r->n_categories, "an unknown category");
        }
    return rows_close(&w);
}

enum rg_status
rg_results_each_query(struct rg_results *r,
                      void (*see)(void *ctx, size_t query, const char *dataset, const char *name),
                      void *ctx, struct rg_err *err)
{
    struct rows w = {.r = r, .err = err};
    size_t n = 0;

    if (rows_open(&w, "SELECT query, dataset, name FROM queries ORDER BY query"))
        while (n <= r->n_queries && rows_next(&w)) {
            char *dataset = rows_text(&w, 1), *name = rows_text(&w, 2);

            /* The numbers were checked when the file was opened; another may write it meanwhile. */
            if (n < r->n_queries)
                see(ctx, n, dataset, name);
            n++;
            free(dataset);
            free(name);
        }
    if (w.status == RG_OK && n != r->n_queries)
        rows_damaged(&w, "a query is missing");
    return rows_close(&w);
}

static enum rg_status
load_lists(struct rg_results *r, struct rg_err *err)
{
    enum rg_status status = load_names(r, "SELECT cell, options FROM cells ORDER BY cell",
                                       &r->options, &r->n_cells, err);

    if (status == RG_OK)
        status = load_names(r, "SELECT model, name FROM models ORDER BY model", &r->models,
                            &r->n_models, err);
    if (status == RG_OK)
        status = load_names(r, "SELECT category, name FROM categories ORDER BY category",
                            &r->categories, &r->n_categories, err);
    return status;
}

enum rg_status
rg_results_load(struct rg_results *r, struct rg_err *err)
{
    enum rg_status status = rg_results_check_tables(r, err);

    if (status == RG_OK)
        status = load_meta(r, err);
    if (status == RG_OK)
        status = load_axes(r, err);
    if (status == RG_OK)
        status = load_metrics(r, err);
    if (status == RG_OK)
        status = rg_results_check_views(r, err);
    if (status == RG_OK)
        status = load_lists(r, err);
    if (status == RG_OK)
        status = load_queries(r, err);
    if (status == RG_OK)
        status = load_values(r, err);
    if (status == RG_OK)
        status = load_done(r, err);
    return status == RG_OK ? rg_results_check_digest(r, -1, err) : status;
}

static void
free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

void
rg_results_unload(struct rg_results *r)
{
    for (size_t i = 0; i < r->n_meta; i++) {
        free((void *)(uintptr_t)r->meta[i].key);
        free((void *)(uintptr_t)r->meta[i].value);
    }
    free(r->meta);
    for (size_t i = 0; i < r->n_axes; i++) {
        free((void *)(uintptr_t)r->axes[i].name);
        free_names((char **)(uintptr_t)r->axes[i].labels, r->axes[i].n);
    }
    free(r->axes);
    for (size_t i = 0; i < r->n_metrics; i++)
        free((void *)(uintptr_t)r->metrics[i].name);
    free(r->metrics);
    free_names(r->options, r->n_cells);
    free_names(r->models, r->n_models);
    free_names(r->categories, r->n_categories);
    free(r->labels);
    free(r->done);
    free(r->category);
}

/* ---- looking at it ---- */

const char *
rg_results_meta(const struct rg_results *r, const char *key)
{
    for (size_t i = 0; i < r->n_meta; i++)
        if (strcmp(r->meta[i].key, key) == 0)
            return r->meta[i].value;
    return NULL;
}

size_t
rg_results_n_cells(const struct rg_results *r)
{
    return r->n_cells;
}

bool
rg_results_has(const struct rg_results *r, size_t cell)
{
    return r->done[cell] != 0;
}

size_t
rg_results_n_done(const struct rg_results *r)
{
    return r->n_done;
}

size_t
rg_results_n_axes(const struct rg_results *r)
{
    return r->n_axes;
}

const char *
rg_results_axis(const struct rg_results *r, size_t axis)
{
    return r->axes[axis].name;
}

size_t
rg_results_n_values(const struct rg_results *r, size_t axis)
{
    return r->axes[axis].n;
}

const char *
rg_results_value(const struct rg_results *r, size_t axis, size_t value)
{
    return r->axes[axis].labels[value];
}

size_t
rg_results_of(const struct rg_results *r, size_t cell, size_t axis)
{
    return r->labels[cell * r->n_axes + axis];
}

size_t
rg_results_n_metrics(const struct rg_results *r)
{
    return r->n_metrics;
}

const struct rg_results_metric *
rg_results_metric(const struct rg_results *r, size_t metric)
{
    return &r->metrics[metric];
}

size_t
rg_results_n_models(const struct rg_results *r)
{
    return r->n_models;
}

const char *
rg_results_model(const struct rg_results *r, size_t model)
{
    return r->models[model];
}

size_t
rg_results_n_queries(const struct rg_results *r)
{
    return r->n_queries;
}

uint32_t
rg_results_category_of(const struct rg_results *r, size_t query)
{
    return r->category[query];
}

size_t
rg_results_n_categories(const struct rg_results *r)
{
    return r->n_categories;
}

const char *
rg_results_category(const struct rg_results *r, size_t category)
{
    return r->categories[category];
}

const char *
rg_results_options(const struct rg_results *r, size_t cell)
{
    return r->options[cell];
}
