/* The inside of a table, for the files that print it; nobody else includes this. */
#ifndef RG_STATS_TABLE_FORM_H
#define RG_STATS_TABLE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "stats/table.h"

struct rg_table_col {
    char *name;
    char *head;
    enum rg_col_kind kind;
    int decimals;
    bool key;
};

struct rg_table_cell {
    enum { RG_CELL_MISSING, RG_CELL_TEXT, RG_CELL_INTEGER, RG_CELL_NUMBER } what;
    int64_t integer;
    double x, lo, hi; /* lo and hi are NaN where there is no interval */
    char *text;       /* the text, or the digits of a number's data form, or NULL */
};

struct rg_table_note {
    char *text;
    bool counted;
    uint64_t count;
};

struct rg_table {
    char *title; /* or NULL */
    struct rg_table_col *cols;
    size_t n_cols, cap_cols;
    struct rg_table_cell *cells; /* n_rows * n_cols, row by row */
    size_t n_rows, cap_cells;
    struct rg_table_note *notes;
    size_t n_notes, cap_notes;
    char *mark, *mark_value; /* or NULL */
};

static inline const struct rg_table_cell *
rg_table_cell_at(const struct rg_table *t, size_t row, size_t column)
{
    return &t->cells[row * t->n_cols + column];
}

/* What people see of a number: decimals digits behind the point, or 4 significant ones for -1. */
enum { RG_SHOW_MAX = 64 };
void rg_table_show(char out[RG_SHOW_MAX], double x, int decimals);

/* Decimals for the cells of a column: the column's own; where it has none (-1), estimates get as
 * many as the cell that needs most for 4 significant digits, so that value, limits and rows line
 * up, and numbers -1. */
int rg_table_decimals(const struct rg_table *t, size_t column);

/* A cell as one string, as markdown and latex have it: appended to out, without escapes. decimals
 * is that of its column. */
void rg_table_show_cell(struct rg_buf *out, const struct rg_table *t, size_t row, size_t column,
                        int decimals);

/* Text appended with control characters and invalid UTF-8 replaced by '?'. */
void rg_table_clean(struct rg_buf *out, const char *s);

void rg_table_print_text(const struct rg_table *t, size_t width, struct rg_buf *out);
void rg_table_print_markdown(const struct rg_table *t, struct rg_buf *out);
void rg_table_print_latex(const struct rg_table *t, struct rg_buf *out);
void rg_table_print_csv(const struct rg_table *t, struct rg_buf *out);
void rg_table_print_json(const struct rg_table *t, struct rg_buf *out);

#endif
