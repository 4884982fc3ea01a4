#include "cli/results_frame.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "sim/results.h"

/* Where a column is found. Those before CONFIG are in no file's axes or metrics. */
enum kind { CELL, QUERY, DATASET, CATEGORY, REPLICATION, CONFIG, N_NAMED, AXIS = N_NAMED, METRIC };

static const char *const named[N_NAMED] = {[CELL] = "cell",
                                           [QUERY] = "query",
                                           [DATASET] = "dataset",
                                           [CATEGORY] = "category",
                                           [REPLICATION] = "replication",
                                           [CONFIG] = "config"};

struct source {
    enum kind kind;
    size_t index; /* of the axis or metric */
};

struct query {
    char *dataset, *name;
};

struct reading {
    struct rg_results *db;
    const char *path;
    const struct rg_csv_column *columns;
    size_t n;
    enum rg_results_rows rows;
    struct source *source; /* n */
    size_t seed;           /* that axis, or SIZE_MAX */
    bool seed_wanted;      /* as a column */
    char **config;         /* of each cell; NULL: not wanted */
    struct query *query;   /* NULL: not wanted */
    bool datasets;         /* there are several */
    struct rg_frame *frame;
};

/* ---- columns ---- */

static size_t
axis_named(const struct rg_results *db, const char *name)
{
    for (size_t i = 0; i < rg_results_n_axes(db); i++)
        if (strcmp(rg_results_axis(db, i), name) == 0)
            return i;
    return SIZE_MAX;
}

static bool
find_source(const struct rg_results *db, const char *name, struct source *out)
{
    size_t axis = axis_named(db, name);

    for (int k = 0; k < N_NAMED; k++)
        if (strcmp(named[k], name) == 0 && !(k == CONFIG && axis != SIZE_MAX)) {
            *out = (struct source){(enum kind)k, 0};
            return true;
        }
    if (axis != SIZE_MAX) {
        *out = (struct source){AXIS, axis};
        return true;
    }
    for (size_t m = 0; m < rg_results_n_metrics(db); m++)
        if (strcmp(rg_results_metric(db, m)->name, name) == 0) {
            *out = (struct source){METRIC, m};
            return true;
        }
    return false;
}

static enum rg_status
no_such_column(const struct reading *x, const char *name, struct rg_err *err)
{
    size_t axes = rg_results_n_axes(x->db), metrics = rg_results_n_metrics(x->db), n = 0;
    const char **names = rg_alloc(N_NAMED + axes + metrics, sizeof *names), *near;
    enum rg_status rc;

    for (size_t i = 0; i < N_NAMED; i++)
        names[n++] = named[i];
    for (size_t i = 0; i < axes; i++)
        names[n++] = rg_results_axis(x->db, i);
    for (size_t i = 0; i < metrics; i++)
        names[n++] = rg_results_metric(x->db, i)->name;
    near = rg_hint(name, names, n);
    rc = rg_err_set(err, RG_EINPUT, "%s: no axis or metric \"%.60s\" in the results%s%.60s%s",
                    x->path, name, near ? " (did you mean \"" : "", near ? near : "",
                    near ? "\"?)" : "");
    free(names);
    return rc;
}

/* Are there such columns in the rows wanted? */
static enum rg_status
check_rows(const struct reading *x, const char *name, struct source s, struct rg_err *err)
{
    static const char *const of[] = {"queries", "replications", "cells as a whole"};
    static const char *const pair[] = {"query", "replication"};
    bool of_query = s.kind == QUERY || s.kind == DATASET || s.kind == CATEGORY;
    enum rg_results_rows on = RG_ROWS_OF_QUERIES;

    if (s.kind == METRIC && rg_results_metric(x->db, s.index)->over == RG_OVER_REPLICATIONS)
        on = RG_ROWS_OF_REPLICATIONS;
    /* Every metric has an estimate, and "replication" makes the rows what they must be for it. */
    if (s.kind == METRIC ? x->rows == RG_ROWS_OF_ESTIMATES || x->rows == on
                         : !of_query || x->rows == RG_ROWS_OF_QUERIES)
        return RG_OK;
    return rg_err_set(err, RG_EINPUT,
                      "%s: \"%.60s\" is a column of %s, not of %s (expected --pair %s)", x->path,
                      name, of[on], of[x->rows], pair[on]);
}

static enum rg_status
find_columns(struct reading *x, struct rg_err *err)
{
    x->source = rg_alloc(x->n, sizeof *x->source);
    x->seed = axis_named(x->db, "seed");
    for (size_t c = 0; c < x->n; c++) {
        if (!find_source(x->db, x->columns[c].name, &x->source[c]))
            return no_such_column(x, x->columns[c].name, err);
        if (x->source[c].kind == REPLICATION)
            x->rows = RG_ROWS_OF_REPLICATIONS;
        if (x->source[c].kind == AXIS && x->source[c].index == x->seed)
            x->seed_wanted = true;
    }
    for (size_t c = 0; c < x->n; c++) {
        enum rg_status rc = check_rows(x, x->columns[c].name, x->source[c], err);

        if (rc != RG_OK)
            return rc;
    }
    return RG_OK;
}

static bool
wants(const struct reading *x, enum kind from, enum kind to)
{
    for (size_t c = 0; c < x->n; c++)
        if (x->source[c].kind >= from && x->source[c].kind <= to)
            return true;
    return false;
}

/* ---- names ---- */

static bool
varies(const struct rg_results *db, size_t axis)
{
    size_t first = SIZE_MAX;

    for (size_t cell = 0; cell < rg_results_n_cells(db); cell++) {
        if (!rg_results_has(db, cell))
            continue;
        if (first == SIZE_MAX)
            first = rg_results_of(db, cell, axis);
        else if (rg_results_of(db, cell, axis) != first)
            return true;
    }
    return false;
}

static void
name_cells(struct reading *x)
{
    size_t axes = rg_results_n_axes(x->db), cells = rg_results_n_cells(x->db);
    bool *part = rg_zalloc(axes, sizeof *part);
    struct rg_buf name = {0};

    for (size_t i = 0; i < axes; i++)
        part[i] = varies(x->db, i) && (i != x->seed || x->rows == RG_ROWS_OF_ESTIMATES);
    x->config = rg_zalloc(cells, sizeof *x->config);
    for (size_t cell = 0; cell < cells; cell++) {
        for (size_t i = 0; i < axes; i++)
            if (part[i])
                rg_buf_printf(&name, "%s%s", name.len > 0 ? " / " : "",
                              rg_results_value(x->db, i, rg_results_of(x->db, cell, i)));
        x->config[cell] = rg_strdup(name.len > 0 ? rg_buf_text(&name) : "all");
        rg_buf_reset(&name);
    }
    rg_buf_clear(&name);
    free(part);
}

static void
on_query(void *ctx, size_t query, const char *dataset, const char *name)
{
    struct reading *x = ctx;

    x->query[query] = (struct query){rg_strdup(dataset), rg_strdup(name)};
    x->datasets = x->datasets || strcmp(dataset, x->query[0].dataset) != 0;
}

/* ---- cells ---- */

static enum rg_status
put_text(struct reading *x, size_t c, const char *text, struct rg_err *err)
{
    size_t row = rg_frame_rows(x->frame) - 1;
    double number;

    if (!x->columns[c].number)
        rg_frame_set_text(x->frame, row, c, text);
    else if (rg_num_double(text, strlen(text), &number) == NULL)
        rg_frame_set_number(x->frame, row, c, number);
    else
        return rg_err_set(err, RG_EINPUT, "%s: column \"%.60s\" is not a number (found \"%.40s\")",
                          x->path, x->columns[c].name, text);
    return RG_OK;
}

static double
observed(const struct reading *x, const struct rg_results_cell *cell, size_t metric, size_t unit)
{
    const struct rg_results_vector *v = &cell->vectors[metric];

    switch (x->rows) {
    case RG_ROWS_OF_QUERIES:
        return v->sums && v->counts[unit] > 0 ? v->sums[unit] / v->counts[unit] : NAN;
    case RG_ROWS_OF_REPLICATIONS:
        return v->observed ? v->observed[unit] : NAN;
    case RG_ROWS_OF_ESTIMATES:
        break;
    }
    return cell->estimates[metric].value;
}

/* What stands in a column of texts; NULL: nothing. */
static const char *
text_of(const struct reading *x, const struct rg_results_cell *cell, struct source s, size_t unit,
        struct rg_buf *text)
{
    uint32_t category;

    switch (s.kind) {
    case CELL:
        rg_buf_printf(text, "%lu", (unsigned long)cell->cell);
        break;
    case QUERY:
        if (x->datasets)
            rg_buf_printf(text, "%s/", x->query[unit].dataset);
        rg_buf_puts(text, x->query[unit].name);
        break;
    case DATASET:
        return x->query[unit].dataset;
    case CATEGORY:
        category = rg_results_category_of(x->db, unit);
        return category == RG_NAMES_NONE ? NULL : rg_results_category(x->db, category);
    case REPLICATION:
        if (x->seed != SIZE_MAX && !x->seed_wanted && rg_results_n_values(x->db, x->seed) > 1)
            rg_buf_printf(
                text, "%s/",
                rg_results_value(x->db, x->seed, rg_results_of(x->db, cell->cell, x->seed)));
        rg_buf_printf(text, "%zu", unit);
        break;
    case CONFIG:
        return x->config[cell->cell];
    default:
        return rg_results_value(x->db, s.index, rg_results_of(x->db, cell->cell, s.index));
    }
    return rg_buf_text(text);
}

static enum rg_status
add_row(struct reading *x, const struct rg_results_cell *cell, size_t unit, struct rg_err *err)
{
    struct rg_buf buf = {0};
    enum rg_status rc = RG_OK;

    rg_frame_row(x->frame);
    for (size_t c = 0; rc == RG_OK && c < x->n; c++) {
        struct source s = x->source[c];
        const char *text;

        if (s.kind == METRIC) {
            rg_frame_set_number(x->frame, rg_frame_rows(x->frame) - 1, c,
                                observed(x, cell, s.index, unit));
            continue;
        }
        rg_buf_reset(&buf);
        text = text_of(x, cell, s, unit, &buf);
        if (text)
            rc = put_text(x, c, text, err);
    }
    rg_buf_clear(&buf);
    return rc;
}

/* Was the cell asked this query? Then something was observed on it: that it was answered, or not.
 */
static bool
asked(const struct rg_results_cell *cell, size_t query)
{
    for (size_t m = 0; m < cell->n_metrics; m++)
        if (cell->vectors[m].sums && cell->vectors[m].counts[query] > 0)
            return true;
    return false;
}

static enum rg_status
add_cell(struct reading *x, size_t number, struct rg_err *err)
{
    struct rg_results_cell cell;
    enum rg_status rc = rg_results_get(x->db, number, &cell, err);
    size_t units = 1;

    if (rc != RG_OK)
        return rc;
    if (x->rows == RG_ROWS_OF_QUERIES)
        units = cell.n_queries;
    else if (x->rows == RG_ROWS_OF_REPLICATIONS)
        units = (size_t)cell.counts.replications;
    for (size_t u = 0; rc == RG_OK && u < units; u++)
        if (x->rows != RG_ROWS_OF_QUERIES || asked(&cell, u))
            rc = add_row(x, &cell, u, err);
    rg_results_cell_clear(&cell);
    return rc;
}

/* ---- the whole ---- */

static const char *
meta(const struct reading *x, const char *key)
{
    const char *value = rg_results_meta(x->db, key);

    return value ? value : "unknown";
}

static void
say_origin(const struct reading *x, struct rg_results_frame *out)
{
    rg_buf_printf(&out->origin, "Results %s: trace %s, digest %s, %s.\n", x->path, meta(x, "trace"),
                  meta(x, "trace_digest"), meta(x, "program"));
    if (strcmp(meta(x, "synthetic"), "true") == 0)
        rg_buf_puts(&out->origin, "SYNTHETIC data: they show how the program works and are no "
                                  "evidence about any model.\n");
    if (out->unfinished > 0)
        rg_buf_printf(&out->origin, "%zu of %zu cells are not finished and left out.\n",
                      out->unfinished, out->cells);
}

static enum rg_status
read_cells(struct reading *x, struct rg_err *err)
{
    const char **names = rg_alloc(x->n, sizeof *names);
    enum rg_status rc = RG_OK;

    for (size_t c = 0; c < x->n; c++)
        names[c] = x->columns[c].name;
    x->frame = rg_frame_new(names, x->n);
    free(names);
    if (wants(x, CONFIG, CONFIG))
        name_cells(x);
    if (wants(x, QUERY, DATASET)) {
        x->query = rg_zalloc(rg_results_n_queries(x->db), sizeof *x->query);
        rc = rg_results_each_query(x->db, on_query, x, err);
    }
    for (size_t cell = 0; rc == RG_OK && cell < rg_results_n_cells(x->db); cell++)
        if (rg_results_has(x->db, cell))
            rc = add_cell(x, cell, err);
    return rc;
}

static void
reading_clear(struct reading *x)
{
    for (size_t i = 0; x->config && i < rg_results_n_cells(x->db); i++)
        free(x->config[i]);
    for (size_t i = 0; x->query && i < rg_results_n_queries(x->db); i++) {
        free(x->query[i].dataset);
        free(x->query[i].name);
    }
    free(x->config);
    free(x->query);
    free(x->source);
    rg_results_close(x->db);
}

enum rg_status
rg_results_frame_read(struct rg_results_frame *out, const char *path,
                      const struct rg_csv_column *columns, size_t n, enum rg_results_rows rows,
                      struct rg_err *err)
{
    struct reading x = {.path = path, .columns = columns, .n = n, .rows = rows, .seed = SIZE_MAX};
    enum rg_status rc = rg_results_open(&x.db, path, err);

    *out = (struct rg_results_frame){0};
    if (rc != RG_OK)
        return rc;
    out->cells = rg_results_n_cells(x.db);
    out->unfinished = out->cells - rg_results_n_done(x.db);
    rc = find_columns(&x, err);
    if (rc == RG_OK && out->unfinished == out->cells)
        rc = rg_err_set(err, RG_EINPUT, "%s: no cell is finished", path);
    if (rc == RG_OK)
        rc = read_cells(&x, err);
    out->frame = x.frame;
    say_origin(&x, out);
    reading_clear(&x);
    return rc;
}

void
rg_results_frame_clear(struct rg_results_frame *f)
{
    rg_frame_free(f->frame);
    rg_buf_clear(&f->origin);
    *f = (struct rg_results_frame){0};
}
