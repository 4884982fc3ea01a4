/* Applying a table specification to a data frame. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "base/sum.h"
#include "stats/interval.h"
#include "stats/tablespec_form.h"

/* What became of one column in one group. */
struct result {
    enum rg_cell_kind kind; /* missing, number, or what "first" found */
    double x, lo, hi;
    const char *text;
};

struct run {
    const struct rg_tablespec *spec;
    const struct rg_frame *frame;
    size_t *at; /* frame column of each source */
    double level;
    struct rg_spec_groups groups;
    struct result *results; /* groups.n * n_cols */
    double *values;         /* of one column in one group */
    uint32_t *units;        /* of those values */
    struct rg_err *err;
};

static const double WHOLE_MAX = 0x1p53;

/* ---- summaries ---- */

static struct result
number(double x)
{
    return (struct result){isnan(x) ? RG_FRAME_MISSING : RG_FRAME_NUMBER, x, NAN, NAN, NULL};
}

static struct result
estimate(struct rg_estimate est)
{
    struct result r = number(est.value);

    r.lo = est.lo;
    r.hi = est.hi;
    return r;
}

/* Calls visit for each row of group g that passes the column's filters. */
static enum rg_status
each_row(struct run *run, const struct rg_spec_column *col, size_t g,
         enum rg_status (*visit)(struct run *run, const struct rg_spec_column *col, size_t row,
                                 void *ctx),
         void *ctx)
{
    const struct rg_spec_groups *groups = &run->groups;
    enum rg_status rc = RG_OK;

    for (size_t i = groups->start[g]; i < groups->start[g + 1] && rc == RG_OK; i++) {
        bool pass;

        rc = rg_spec_pass(&col->where, run->frame, run->at, groups->rows[i], &pass, run->err);
        if (rc == RG_OK && pass)
            rc = visit(run, col, groups->rows[i], ctx);
    }
    return rc;
}

/* What is counted, as values 0 and 1 of a run, so that an interval can be taken of them. */
struct counts {
    size_t hits, n;
};

static void
count(struct run *run, struct counts *counts, size_t row, bool hit)
{
    run->values[counts->n] = hit;
    run->units[counts->n++] = rg_frame_unit(run->frame, row);
    counts->hits += hit;
}

static enum rg_status
visit_count(struct run *run, const struct rg_spec_column *col, size_t row, void *ctx)
{
    struct counts *counts = ctx;

    count(run, counts, row,
          col->source == RG_SPEC_NO_SOURCE ||
              rg_frame_kind(run->frame, row, run->at[col->source]) != RG_FRAME_MISSING);
    return RG_OK;
}

static enum rg_status
visit_test(struct run *run, const struct rg_spec_column *col, size_t row, void *ctx)
{
    struct counts *counts = ctx;
    bool missing = rg_frame_kind(run->frame, row, run->at[col->source]) == RG_FRAME_MISSING;
    bool pass;
    enum rg_status rc = rg_spec_test_cell(&col->test, run->frame, run->at, row, &pass, run->err);

    if (missing && !col->missing_false)
        return rc;
    count(run, counts, row, rc == RG_OK && pass);
    return rc;
}

static enum rg_status
count_result(struct run *run, const struct rg_spec_column *col, size_t g, struct result *out)
{
    bool tested = col->agg == RG_AGG_RATE || col->agg == RG_AGG_SHARE;
    struct counts counts = {0, 0};
    enum rg_status rc = each_row(run, col, g, tested ? visit_test : visit_count, &counts);

    if (rc != RG_OK)
        return rc;
    if (col->agg == RG_AGG_COUNT)
        *out = number((double)counts.hits);
    else if (run->level > 0)
        *out = estimate(rg_interval_rate_units(run->values, run->units, counts.n, run->level));
    else
        *out = number(counts.n > 0 ? (double)counts.hits / (double)counts.n : NAN);
    return RG_OK;
}

struct distinct {
    struct rg_names *names;
    struct rg_buf key;
};

static enum rg_status
visit_distinct(struct run *run, const struct rg_spec_column *col, size_t row, void *ctx)
{
    struct distinct *d = ctx;
    size_t column = run->at[col->source];

    if (rg_frame_kind(run->frame, row, column) == RG_FRAME_MISSING)
        return RG_OK;
    rg_buf_reset(&d->key);
    rg_spec_cell_key(&d->key, run->frame, row, column);
    rg_names_add(d->names, rg_buf_text(&d->key), d->key.len, NULL);
    return RG_OK;
}

static enum rg_status
distinct_result(struct run *run, const struct rg_spec_column *col, size_t g, struct result *out)
{
    struct distinct d = {.names = rg_names_new()};
    enum rg_status rc = each_row(run, col, g, visit_distinct, &d);

    *out = number((double)rg_names_count(d.names));
    rg_names_free(d.names);
    rg_buf_clear(&d.key);
    return rc;
}

static enum rg_status
visit_first(struct run *run, const struct rg_spec_column *col, size_t row, void *ctx)
{
    struct result *out = ctx;
    size_t column = run->at[col->source];

    if (out->kind != RG_FRAME_MISSING)
        return RG_OK;
    out->kind = rg_frame_kind(run->frame, row, column);
    if (out->kind == RG_FRAME_TEXT)
        out->text = rg_frame_text(run->frame, row, column);
    else if (out->kind != RG_FRAME_MISSING)
        out->x = rg_frame_number(run->frame, row, column);
    return RG_OK;
}

/* ---- summaries of numbers ---- */

static enum rg_status
visit_number(struct run *run, const struct rg_spec_column *col, size_t row, void *ctx)
{
    size_t column = run->at[col->source], *n = ctx;

    switch (rg_frame_kind(run->frame, row, column)) {
    case RG_FRAME_MISSING:
        return RG_OK;
    case RG_FRAME_TEXT:
        return rg_err_at(run->err, col->place,
                         "column \"%s\", row %zu: not a number, which %s needs (found the text "
                         "\"%.60s\")",
                         rg_frame_name(run->frame, column), row + 1, rg_spec_agg_name(col->agg),
                         rg_frame_text(run->frame, row, column));
    case RG_FRAME_NUMBER:
    case RG_FRAME_BOOL:
        run->values[*n] = rg_frame_number(run->frame, row, column);
        run->units[(*n)++] = rg_frame_unit(run->frame, row);
        return RG_OK;
    }
    return RG_OK;
}

static double
median(double *x, size_t n)
{
    if (n == 0)
        return NAN;
    rg_sort(x, n);
    return n % 2 == 1 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static double
deviation(const double *x, size_t n)
{
    struct rg_sum squares = {0};
    double mean;

    if (n < 2)
        return NAN;
    mean = rg_sum_of(x, n) / (double)n;
    for (size_t i = 0; i < n; i++)
        rg_sum_add(&squares, (x[i] - mean) * (x[i] - mean));
    return sqrt(rg_sum_value(&squares) / (double)(n - 1));
}

static double
summary(const struct rg_spec_column *col, double *x, size_t n)
{
    switch (col->agg) {
    case RG_AGG_MEAN:
        return n > 0 ? rg_sum_of(x, n) / (double)n : NAN;
    case RG_AGG_SUM:
        return n > 0 ? rg_sum_of(x, n) : NAN;
    case RG_AGG_SD:
        return deviation(x, n);
    case RG_AGG_MEDIAN:
        return median(x, n);
    case RG_AGG_MIN:
    case RG_AGG_MAX:
    case RG_AGG_QUANTILE:
        rg_sort(x, n);
        return rg_quantile7(x, n, col->agg == RG_AGG_QUANTILE ? col->q : col->agg == RG_AGG_MAX);
    default:
        assert(false && "a summary of numbers");
        return NAN;
    }
}

static enum rg_status
number_result(struct run *run, const struct rg_spec_column *col, size_t g, struct result *out)
{
    size_t n = 0;
    enum rg_status rc = each_row(run, col, g, visit_number, &n);

    if (rc != RG_OK)
        return rc;
    *out = number(summary(col, run->values, n));
    if (n > 0 && !isfinite(out->x) && !(col->agg == RG_AGG_SD && n == 1))
        return rg_err_at(run->err, col->place, "column \"%s\": %s of %zu values is out of range",
                         col->name, rg_spec_agg_name(col->agg), n);
    return RG_OK;
}

/* Are all numbers of the column 0 or 1, in every group? Then its means are rates. */
static enum rg_status
only_binary(struct run *run, const struct rg_spec_column *col, bool *binary)
{
    *binary = true;
    for (size_t g = 0; g < run->groups.n && *binary; g++) {
        size_t n = 0;
        enum rg_status rc = each_row(run, col, g, visit_number, &n);

        if (rc != RG_OK)
            return rc;
        for (size_t i = 0; i < n && *binary; i++)
            *binary = run->values[i] == 0 || run->values[i] == 1;
    }
    return RG_OK;
}

static enum rg_status
mean_interval(struct run *run, const struct rg_spec_column *col, size_t g, bool binary,
              struct result *out)
{
    size_t n = 0;
    enum rg_status rc = each_row(run, col, g, visit_number, &n);
    struct rg_estimate est;

    if (rc != RG_OK || n == 0)
        return rc;
    est = (binary ? rg_interval_rate_units : rg_interval_mean_units)(run->values, run->units, n,
                                                                     run->level);
    out->lo = est.lo;
    out->hi = est.hi;
    return RG_OK;
}

/* ---- all results ---- */

static enum rg_status
cell_result(struct run *run, const struct rg_spec_column *col, size_t g, struct result *out)
{
    switch (col->agg) {
    case RG_AGG_COUNT:
    case RG_AGG_RATE:
    case RG_AGG_SHARE:
    case RG_AGG_PRESENT:
        return count_result(run, col, g, out);
    case RG_AGG_DISTINCT:
        return distinct_result(run, col, g, out);
    case RG_AGG_FIRST:
        return each_row(run, col, g, visit_first, out);
    default:
        return number_result(run, col, g, out);
    }
}

static enum rg_status
column_results(struct run *run, size_t c)
{
    const struct rg_spec_column *col = &run->spec->cols[c];
    bool with_interval = run->level > 0 && col->agg == RG_AGG_MEAN, binary = false;
    enum rg_status rc = RG_OK;

    if (with_interval)
        rc = only_binary(run, col, &binary);
    for (size_t g = 0; g < run->groups.n && rc == RG_OK; g++) {
        struct result *out = &run->results[g * run->spec->n_cols + c];

        *out = number(NAN);
        rc = cell_result(run, col, g, out);
        if (rc == RG_OK && with_interval)
            rc = mean_interval(run, col, g, binary, out);
        if (rc == RG_OK && col->style == RG_STYLE_INT && out->kind != RG_FRAME_TEXT &&
            out->kind != RG_FRAME_MISSING && !(fabs(out->x) <= WHOLE_MAX && out->x == rint(out->x)))
            rc = rg_err_at(run->err, col->place,
                           "column \"%s\": style int needs whole numbers (found %.17g)", col->name,
                           out->x);
    }
    return rc;
}

/* ---- the table ---- */

static bool
has_interval(const struct run *run, enum rg_spec_agg agg)
{
    return run->level > 0 && (agg == RG_AGG_MEAN || agg == RG_AGG_RATE || agg == RG_AGG_SHARE ||
                              agg == RG_AGG_PRESENT);
}

static enum rg_col_kind
column_kind(const struct run *run, size_t c)
{
    const struct rg_spec_column *col = &run->spec->cols[c];

    for (size_t g = 0; g < run->groups.n; g++) {
        enum rg_cell_kind kind = run->results[g * run->spec->n_cols + c].kind;

        if (kind == RG_FRAME_TEXT || kind == RG_FRAME_BOOL)
            return RG_COL_TEXT;
    }
    if (has_interval(run, col->agg))
        return RG_COL_ESTIMATE;
    return col->style == RG_STYLE_INT ? RG_COL_INTEGER : RG_COL_NUMBER;
}

/* Row whose cells name group g; only a table without keys has empty groups. */
static size_t
key_row(const struct run *run, size_t g)
{
    return run->groups.rows[run->groups.start[g]];
}

static enum rg_col_kind
key_kind(const struct run *run, size_t column)
{
    enum rg_col_kind kind = RG_COL_INTEGER;

    for (size_t g = 0; g < run->groups.n; g++) {
        size_t row = key_row(run, g);
        enum rg_cell_kind cell = rg_frame_kind(run->frame, row, column);
        double x = cell == RG_FRAME_NUMBER ? rg_frame_number(run->frame, row, column) : 0;

        if (cell == RG_FRAME_TEXT || cell == RG_FRAME_BOOL)
            return RG_COL_TEXT;
        if (x != rint(x) || fabs(x) > WHOLE_MAX)
            kind = RG_COL_NUMBER;
    }
    return kind;
}

/* Put a value into a column of any kind. */
static void
put(struct rg_table *t, size_t column, enum rg_col_kind kind, enum rg_cell_kind cell, double x,
    const char *text)
{
    char digits[RG_NUM_MAX];

    if (cell == RG_FRAME_MISSING)
        return;
    if (kind == RG_COL_TEXT && cell == RG_FRAME_NUMBER)
        rg_num_print(digits, x);
    if (kind == RG_COL_TEXT)
        rg_table_text(t, column,
                      cell == RG_FRAME_TEXT   ? text
                      : cell == RG_FRAME_BOOL ? (x != 0 ? "true" : "false")
                                              : digits);
    else if (kind == RG_COL_INTEGER)
        rg_table_integer(t, column, (int64_t)x);
    else
        rg_table_number(t, column, x);
}

static void
put_key(const struct run *run, struct rg_table *t, size_t k, enum rg_col_kind kind, size_t g)
{
    size_t column = run->at[run->spec->keys[k].source], row = key_row(run, g);
    enum rg_cell_kind cell = rg_frame_kind(run->frame, row, column);
    bool is_number = cell == RG_FRAME_NUMBER || cell == RG_FRAME_BOOL;

    put(t, k, kind, cell, is_number ? rg_frame_number(run->frame, row, column) : 0,
        cell == RG_FRAME_TEXT ? rg_frame_text(run->frame, row, column) : NULL);
}

static void
put_result(const struct run *run, struct rg_table *t, size_t c, enum rg_col_kind kind,
           const struct result *r)
{
    const struct rg_spec_column *col = &run->spec->cols[c];
    size_t column = run->spec->n_keys + c;
    struct rg_buf digits = {0};
    char text[RG_NUM_MAX];

    put(t, column, kind, r->kind, r->x, r->text);
    if (r->kind != RG_FRAME_NUMBER || kind == RG_COL_TEXT)
        return;
    if (kind == RG_COL_ESTIMATE)
        rg_table_estimate(t, column, r->x, r->lo, r->hi);
    if (col->style == RG_STYLE_PYTHON) {
        rg_num_python(text, r->x);
        rg_table_digits(t, column, r->x, text);
    } else if (col->style == RG_STYLE_DECIMALS) {
        rg_buf_printf(&digits, "%.*f", col->decimals, r->x);
        rg_table_digits(t, column, r->x, rg_buf_text(&digits));
        rg_buf_clear(&digits);
    }
}

static void
interval_note(const struct run *run, struct rg_table *t)
{
    bool any = false;
    char level[RG_NUM_MAX];

    for (size_t c = 0; c < run->spec->n_cols; c++)
        any = any || has_interval(run, run->spec->cols[c].agg);
    if (!any)
        return;
    rg_num_print(level, 100 * run->level);
    rg_table_note(t,
                  "[lo, hi]: %s %% confidence interval over %s; Wilson score for rates and means "
                  "of truth values, Student t for other means.",
                  level,
                  rg_frame_units(run->frame) < rg_frame_rows(run->frame)
                      ? "queries, on which rows are repeats"
                      : "rows");
}

static struct rg_table *
build(const struct run *run)
{
    const struct rg_tablespec *spec = run->spec;
    struct rg_table *t = rg_table_new(spec->title);
    size_t n = spec->n_keys + spec->n_cols;
    enum rg_col_kind *kinds = rg_alloc(n, sizeof *kinds);

    for (size_t k = 0; k < spec->n_keys; k++) {
        kinds[k] = key_kind(run, run->at[spec->keys[k].source]);
        rg_table_column(t, spec->keys[k].name, spec->keys[k].head, kinds[k], -1, true);
    }
    for (size_t c = 0; c < spec->n_cols; c++) {
        const struct rg_spec_column *col = &spec->cols[c];
        int decimals = col->style == RG_STYLE_DECIMALS ? col->decimals : -1;

        kinds[spec->n_keys + c] = column_kind(run, c);
        rg_table_column(t, col->name, col->head, kinds[spec->n_keys + c], decimals, false);
    }
    for (size_t g = 0; g < run->groups.n; g++) {
        rg_table_row(t);
        for (size_t k = 0; k < spec->n_keys; k++)
            put_key(run, t, k, kinds[k], g);
        for (size_t c = 0; c < spec->n_cols; c++)
            put_result(run, t, c, kinds[spec->n_keys + c], &run->results[g * spec->n_cols + c]);
    }
    interval_note(run, t);
    free(kinds);
    return t;
}

enum rg_status
rg_tablespec_run(const struct rg_tablespec *spec, const struct rg_frame *frame, double level,
                 struct rg_table **out, struct rg_err *err)
{
    struct run run = {.spec = spec, .frame = frame, .level = level, .err = err};
    enum rg_status rc;

    assert(level >= 0 && level < 1);
    *out = NULL;
    run.at = rg_alloc(spec->n_sources, sizeof *run.at);
    for (size_t i = 0; i < spec->n_sources; i++) {
        int column = rg_frame_find(frame, spec->sources[i].name);

        assert(column >= 0);
        run.at[i] = (size_t)column;
    }
    rc = rg_spec_group(spec, frame, run.at, &run.groups, err);
    if (rc == RG_OK) {
        run.results = rg_alloc(run.groups.n * spec->n_cols, sizeof *run.results);
        run.values = rg_alloc(rg_frame_rows(frame), sizeof *run.values);
        run.units = rg_alloc(rg_frame_rows(frame), sizeof *run.units);
        for (size_t c = 0; c < spec->n_cols && rc == RG_OK; c++)
            rc = column_results(&run, c);
    }
    if (rc == RG_OK)
        *out = build(&run);
    rg_spec_groups_clear(&run.groups);
    free(run.results);
    free(run.values);
    free(run.units);
    free(run.at);
    return rc;
}
