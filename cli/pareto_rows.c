#include "cli/pareto_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/hint.h"
#include "base/mem.h"
#include "base/num.h"

enum { SEPARATOR = '\x1f' }; /* between the parts of a label */

/* Where the wanted columns are. */
struct where {
    size_t *objective, *by;
    size_t pair;
};

/* ---- columns ---- */

static enum rg_status
find_column(const struct rg_csv *csv, const char *name, size_t *at, struct rg_err *err)
{
    struct rg_place place = {.file = rg_csv_name(csv), .line = 1};
    size_t n = rg_csv_columns(csv);
    const char **names, *near;
    int found = rg_csv_find(csv, name);

    if (found >= 0) {
        *at = (size_t)found;
        return RG_OK;
    }
    names = rg_alloc(n, sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = rg_csv_header(csv, i);
    near = rg_hint(name, names, n);
    rg_err_at(err, place, "no column '%s'%s%s%s", name, near ? "; did you mean '" : "",
              near ? near : "", near ? "'?" : "");
    free(names);
    return RG_EINPUT;
}

static enum rg_status
find_columns(const struct rg_csv *csv, const struct rg_pareto_columns *columns, struct where *where,
             struct rg_err *err)
{
    enum rg_status rc = RG_OK;

    where->objective = rg_zalloc(columns->n_objectives, sizeof *where->objective);
    where->by = rg_zalloc(columns->n_by, sizeof *where->by);
    for (size_t k = 0; rc == RG_OK && k < columns->n_objectives; k++)
        rc = find_column(csv, columns->objective[k], &where->objective[k], err);
    for (size_t k = 0; rc == RG_OK && k < columns->n_by; k++)
        rc = find_column(csv, columns->by[k], &where->by[k], err);
    if (rc == RG_OK && columns->pair != NULL)
        rc = find_column(csv, columns->pair, &where->pair, err);
    return rc;
}

/* ---- cells ---- */

static bool
one_of(const struct rg_csv_field *f, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcasecmp(f->data, *words) == 0)
            return true;
    return false;
}

static enum rg_status
read_number(const struct rg_csv *csv, const struct rg_csv_field *f, size_t column, double *x,
            struct rg_err *err)
{
    static const char *const missing[] = {"", "na", "nan", NULL};
    static const char *const above[] = {"inf", "+inf", "infinity", "+infinity", NULL};
    static const char *const below[] = {"-inf", "-infinity", NULL};
    const char *why = rg_num_double(f->data, f->len, x);

    if (why == NULL)
        return RG_OK;
    if (one_of(f, missing))
        *x = NAN;
    else if (one_of(f, above))
        *x = INFINITY;
    else if (one_of(f, below))
        *x = -INFINITY;
    else
        return rg_err_at(err, rg_csv_place(csv, f),
                         "column '%s': %s (found '%.60s', expected a number, or nothing)",
                         rg_csv_header(csv, column), why, f->data);
    return RG_OK;
}

/* Where the objectives of a record go, behind those kept so far. */
static double *
next_objectives(struct rg_pareto_rows *rows)
{
    rows->value = rg_grow(rows->value, &rows->cap[0], (rows->n + 1) * rows->d, sizeof *rows->value);
    return rows->value + rows->n * rows->d;
}

/* Counts what is missing of a record's objectives; is it whole? */
static bool
count_missing(struct rg_pareto_rows *rows, const double *objectives)
{
    bool whole = true;

    for (size_t k = 0; k < rows->d; k++) {
        rows->missing[k] += isnan(objectives[k]) ? 1 : 0;
        whole &= !isnan(objectives[k]);
    }
    rows->left_out += !whole;
    return whole;
}

static enum rg_status
read_objectives(struct rg_pareto_rows *rows, const struct rg_csv *csv,
                const struct rg_csv_field *fields, const struct where *where, bool *whole,
                struct rg_err *err)
{
    double *to = next_objectives(rows);

    for (size_t k = 0; k < rows->d; k++) {
        size_t column = where->objective[k];
        enum rg_status rc = read_number(csv, &fields[column], column, &to[k], err);

        if (rc != RG_OK)
            return rc;
    }
    *whole = count_missing(rows, to);
    return RG_OK;
}

/* Number of the label with these parts. */
static uint32_t
add_label(struct rg_pareto_rows *rows, const char *const *parts)
{
    struct rg_buf label = {0};
    uint32_t number;
    bool added;

    for (size_t k = 0; k < rows->n_by; k++) {
        rg_buf_puts(&label, parts[k]);
        rg_buf_putc(&label, SEPARATOR);
    }
    number = rg_names_add(rows->labels, rg_buf_text(&label), label.len, &added);
    if (added) {
        size_t at = (size_t)number * rows->n_by;

        rows->part = rg_grow(rows->part, &rows->cap[1], at + rows->n_by, sizeof *rows->part);
        for (size_t k = 0; k < rows->n_by; k++)
            rows->part[at + k] = rg_strdup(parts[k]);
    }
    rg_buf_clear(&label);
    return number;
}

static uint32_t
read_label(struct rg_pareto_rows *rows, const struct rg_csv_field *fields,
           const struct where *where)
{
    const char **parts;
    uint32_t number;

    if (rows->n_by == 0)
        return 0;
    parts = rg_alloc(rows->n_by, sizeof *parts);
    for (size_t k = 0; k < rows->n_by; k++)
        parts[k] = fields[where->by[k]].data;
    number = add_label(rows, parts);
    free(parts);
    return number;
}

static void
keep(struct rg_pareto_rows *rows, uint64_t number, uint32_t config, uint32_t unit)
{
    size_t n = rows->n++;

    rows->number = rg_grow(rows->number, &rows->cap[2], rows->n, sizeof *rows->number);
    rows->config = rg_grow(rows->config, &rows->cap[3], rows->n, sizeof *rows->config);
    rows->unit = rg_grow(rows->unit, &rows->cap[4], rows->n, sizeof *rows->unit);
    rows->number[n] = number;
    rows->config[n] = config;
    rows->unit[n] = unit;
}

static enum rg_status
read_records(struct rg_pareto_rows *rows, struct rg_csv *csv, const struct where *where, bool pair,
             struct rg_err *err)
{
    const struct rg_csv_field *fields;
    enum rg_status rc;

    for (uint64_t number = 1; (rc = rg_csv_next(csv, &fields, err)) == RG_OK && fields != NULL;
         number++) {
        const struct rg_csv_field *unit = pair ? &fields[where->pair] : NULL;
        bool whole;

        rc = read_objectives(rows, csv, fields, where, &whole, err);
        if (rc != RG_OK)
            return rc;
        /* A configuration without a single whole record is not forgotten. */
        uint32_t config = read_label(rows, fields, where);

        rows->no_pair += whole && unit && unit->len == 0;
        if (whole && !(unit && unit->len == 0))
            keep(rows, number, config,
                 unit ? rg_names_add(rows->pairs, unit->data, unit->len, NULL) : 0);
    }
    return rc;
}

static void
rows_init(struct rg_pareto_rows *rows, const struct rg_pareto_columns *columns)
{
    *rows = (struct rg_pareto_rows){.d = columns->n_objectives, .n_by = columns->n_by};
    rows->labels = rg_names_new();
    rows->pairs = rg_names_new();
    rows->missing = rg_zalloc(rows->d, sizeof *rows->missing);
}

enum rg_status
rg_pareto_rows_csv(struct rg_pareto_rows *rows, const char *path,
                   const struct rg_pareto_columns *columns, struct rg_err *err)
{
    struct rg_csv *csv;
    struct where where = {0};
    enum rg_status rc;

    rows_init(rows, columns);
    rc = rg_csv_open(&csv, path, err);
    if (rc != RG_OK)
        return rc;
    rc = find_columns(csv, columns, &where, err);
    if (rc == RG_OK)
        rc = read_records(rows, csv, &where, columns->pair != NULL, err);
    free(where.objective);
    free(where.by);
    rg_csv_close(csv);
    return rc;
}

/* ---- a frame ---- */

/* Text of a cell as a label or pair; "" where it is missing. out holds numbers. */
static const char *
frame_text(const struct rg_frame *f, size_t row, size_t column, char out[RG_NUM_MAX])
{
    switch (rg_frame_kind(f, row, column)) {
    case RG_FRAME_TEXT:
        return rg_frame_text(f, row, column);
    case RG_FRAME_NUMBER:
    case RG_FRAME_BOOL:
        rg_num_print(out, rg_frame_number(f, row, column));
        return out;
    case RG_FRAME_MISSING:
        break;
    }
    return "";
}

static uint32_t
frame_label(struct rg_pareto_rows *rows, const struct rg_frame *f, size_t row)
{
    char(*number)[RG_NUM_MAX] = rg_alloc(rows->n_by, sizeof *number);
    const char **parts = rg_alloc(rows->n_by, sizeof *parts);
    uint32_t label;

    for (size_t k = 0; k < rows->n_by; k++)
        parts[k] = frame_text(f, row, rows->d + k, number[k]);
    label = add_label(rows, parts);
    free(parts);
    free(number);
    return label;
}

void
rg_pareto_rows_frame(struct rg_pareto_rows *rows, const struct rg_frame *frame,
                     const struct rg_pareto_columns *columns)
{
    size_t pair_at = columns->n_objectives + columns->n_by;

    rows_init(rows, columns);
    for (size_t row = 0; row < rg_frame_rows(frame); row++) {
        double *to = next_objectives(rows);
        char number[RG_NUM_MAX];
        const char *pair = columns->pair ? frame_text(frame, row, pair_at, number) : NULL;
        uint32_t config = frame_label(rows, frame, row);
        bool whole;

        for (size_t k = 0; k < rows->d; k++)
            to[k] = rg_frame_kind(frame, row, k) == RG_FRAME_MISSING
                        ? NAN
                        : rg_frame_number(frame, row, k);
        whole = count_missing(rows, to);
        rows->no_pair += whole && pair && *pair == '\0';
        if (whole && !(pair && *pair == '\0'))
            keep(rows, row + 1, config,
                 pair ? rg_names_add(rows->pairs, pair, strlen(pair), NULL) : 0);
    }
}

void
rg_pareto_rows_clear(struct rg_pareto_rows *rows)
{
    for (size_t i = 0; rows->part != NULL && i < rg_names_count(rows->labels) * rows->n_by; i++)
        free(rows->part[i]);
    free(rows->part);
    free(rows->value);
    free(rows->number);
    free(rows->config);
    free(rows->unit);
    free(rows->missing);
    rg_names_free(rows->labels);
    rg_names_free(rows->pairs);
    *rows = (struct rg_pareto_rows){0};
}
