#include "stats/table.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/table_form.h"

struct rg_table *
rg_table_new(const char *title)
{
    struct rg_table *t = rg_zalloc(1, sizeof *t);

    t->title = title == NULL ? NULL : rg_strdup(title);
    return t;
}

void
rg_table_free(struct rg_table *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n_rows * t->n_cols; i++)
        free(t->cells[i].text);
    for (size_t i = 0; i < t->n_cols; i++) {
        free(t->cols[i].name);
        free(t->cols[i].head);
    }
    for (size_t i = 0; i < t->n_notes; i++)
        free(t->notes[i].text);
    free(t->cells);
    free(t->cols);
    free(t->notes);
    free(t->title);
    free(t->mark);
    free(t->mark_value);
    free(t);
}

size_t
rg_table_column(struct rg_table *t, const char *name, const char *head, enum rg_col_kind kind,
                int decimals, bool key)
{
    struct rg_table_col *col;

    assert(t->n_rows == 0);
    assert(decimals >= -1 && decimals <= 17);
    t->cols = rg_grow(t->cols, &t->cap_cols, t->n_cols + 1, sizeof *t->cols);
    col = &t->cols[t->n_cols];
    col->name = rg_strdup(name);
    col->head = rg_strdup(head == NULL ? name : head);
    col->kind = kind;
    col->decimals = decimals;
    col->key = key;
    return t->n_cols++;
}

void
rg_table_row(struct rg_table *t)
{
    size_t old = t->n_rows * t->n_cols;

    t->cells = rg_grow(t->cells, &t->cap_cells, old + t->n_cols, sizeof *t->cells);
    for (size_t i = old; i < old + t->n_cols; i++)
        t->cells[i] = (struct rg_table_cell){RG_CELL_MISSING, 0, NAN, NAN, NAN, NULL};
    t->n_rows++;
}

static struct rg_table_cell *
last(struct rg_table *t, size_t column)
{
    assert(t->n_rows > 0 && column < t->n_cols);
    return &t->cells[(t->n_rows - 1) * t->n_cols + column];
}

static enum rg_col_kind
kind_of(const struct rg_table *t, size_t column)
{
    assert(column < t->n_cols);
    return t->cols[column].kind;
}

void
rg_table_text(struct rg_table *t, size_t column, const char *s)
{
    struct rg_table_cell *cell = last(t, column);

    assert(kind_of(t, column) == RG_COL_TEXT);
    free(cell->text);
    cell->text = s == NULL ? NULL : rg_strdup(s);
    cell->what = s == NULL ? RG_CELL_MISSING : RG_CELL_TEXT;
}

void
rg_table_integer(struct rg_table *t, size_t column, int64_t x)
{
    struct rg_table_cell *cell = last(t, column);

    if (kind_of(t, column) != RG_COL_INTEGER) {
        rg_table_number(t, column, (double)x);
        return;
    }
    cell->what = RG_CELL_INTEGER;
    cell->integer = x;
    cell->x = (double)x;
}

void
rg_table_number(struct rg_table *t, size_t column, double x)
{
    rg_table_estimate(t, column, x, NAN, NAN);
}

void
rg_table_estimate(struct rg_table *t, size_t column, double x, double lo, double hi)
{
    struct rg_table_cell *cell = last(t, column);
    enum rg_col_kind kind = kind_of(t, column);

    assert(kind == RG_COL_NUMBER || kind == RG_COL_ESTIMATE);
    assert(kind == RG_COL_ESTIMATE || (isnan(lo) && isnan(hi)));
    free(cell->text);
    cell->text = NULL;
    cell->what = RG_CELL_NUMBER;
    cell->x = x;
    cell->lo = lo;
    cell->hi = hi;
}

void
rg_table_digits(struct rg_table *t, size_t column, double x, const char *digits)
{
    struct rg_table_cell *cell = last(t, column);

    assert(kind_of(t, column) != RG_COL_TEXT);
    free(cell->text);
    cell->text = rg_strdup(digits);
    cell->what = RG_CELL_NUMBER;
    cell->x = x;
}

static void
add_note(struct rg_table *t, const struct rg_table_note *note, const char *fmt, va_list ap)
{
    struct rg_buf buf = {0};

    rg_buf_vprintf(&buf, fmt, ap);
    t->notes = rg_grow(t->notes, &t->cap_notes, t->n_notes + 1, sizeof *t->notes);
    t->notes[t->n_notes] = *note;
    t->notes[t->n_notes++].text = rg_buf_take(&buf);
}

void
rg_table_note(struct rg_table *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_note(t, &(struct rg_table_note){0}, fmt, ap);
    va_end(ap);
}

void
rg_table_item(struct rg_table *t, uint64_t count, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_note(t, &(struct rg_table_note){.counted = true, .count = count}, fmt, ap);
    va_end(ap);
}

void
rg_table_mark(struct rg_table *t, const char *name, const char *value)
{
    free(t->mark);
    free(t->mark_value);
    t->mark = rg_strdup(name);
    t->mark_value = rg_strdup(value);
}

size_t
rg_table_rows(const struct rg_table *t)
{
    return t->n_rows;
}

size_t
rg_table_columns(const struct rg_table *t)
{
    return t->n_cols;
}

void
rg_table_print(const struct rg_table *t, enum rg_format format, size_t width, struct rg_buf *out)
{
    switch (format) {
    case RG_TEXT:
        rg_table_print_text(t, width, out);
        return;
    case RG_CSV:
        rg_table_print_csv(t, out);
        return;
    case RG_JSON:
        rg_table_print_json(t, out);
        rg_buf_putc(out, '\n');
        return;
    case RG_MARKDOWN:
        rg_table_print_markdown(t, out);
        return;
    case RG_LATEX:
        rg_table_print_latex(t, out);
        return;
    }
    assert(false && "a format");
}

void
rg_tables_print(struct rg_table *const *tables, size_t n, enum rg_format format, size_t width,
                struct rg_buf *out)
{
    if (format == RG_JSON) {
        rg_buf_putc(out, '[');
        for (size_t i = 0; i < n; i++) {
            rg_buf_puts(out, i == 0 ? "\n" : ",\n");
            rg_table_print_json(tables[i], out);
        }
        rg_buf_puts(out, "\n]\n");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            rg_buf_putc(out, '\n');
        rg_table_print(tables[i], format, width, out);
    }
}
