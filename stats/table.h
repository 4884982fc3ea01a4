/* A table of results and its forms: text for people, csv, json, markdown, latex.
 *
 * Data forms (csv, json) carry every number as the shortest decimal that reads back equal, an
 * estimate as three columns NAME, NAME_lo, NAME_hi, and what is missing as an empty field or null.
 * Forms for people (text, markdown, latex) round to the column's decimals, show an estimate as
 * "value [lo, hi]", or as the value alone where a limit is not finite, and what is missing as "-".
 * NaN is missing in all forms. Infinities are missing in data forms; people see "inf".
 *
 * Text tables keep to a width: when a row would be longer, long texts are broken into several
 * lines, at blanks where they have some, and the table is continued in further blocks below, each
 * with the key columns again. Only numbers may be too wide for a very small width. LaTeX is
 * continued likewise where the page of an article ends, on the right or below; what is too wide by
 * itself is scaled down. It needs the packages booktabs and graphicx. */
#ifndef RG_STATS_TABLE_H
#define RG_STATS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum rg_format { RG_TEXT, RG_CSV, RG_JSON, RG_MARKDOWN, RG_LATEX };

enum rg_col_kind {
    RG_COL_TEXT,
    RG_COL_INTEGER,
    RG_COL_NUMBER,
    RG_COL_ESTIMATE, /* a number with an interval */
};

struct rg_table;

/* title may be NULL: printed above in forms for people, "title" in json. Release with _free. */
struct rg_table *rg_table_new(const char *title);
void rg_table_free(struct rg_table *t);

/* Add a column; rows must not have been begun. name is the data name (snake_case), head what people
 * see (NULL: the name). key columns are repeated in each block of a text table and are the
 * leftmost. decimals: digits behind the point for people; -1: 4 significant digits. Returns its
 * index. */
size_t rg_table_column(struct rg_table *t, const char *name, const char *head,
                       enum rg_col_kind kind, int decimals, bool key);

/* Begin a row; its cells are missing until set. */
void rg_table_row(struct rg_table *t);
void rg_table_text(struct rg_table *t, size_t column, const char *s);
void rg_table_integer(struct rg_table *t, size_t column, int64_t x);
void rg_table_number(struct rg_table *t, size_t column, double x);
void rg_table_estimate(struct rg_table *t, size_t column, double x, double lo, double hi);
/* A number whose data form is given as text (a published digit string). */
void rg_table_digits(struct rg_table *t, size_t column, double x, const char *digits);

/* Remarks below the table (text, markdown, latex) and in "notes" of json; csv has none. */
void rg_table_note(struct rg_table *t, const char *fmt, ...) RG_PRINTF(2, 3);
/* The same as an item of a list, behind how often it was so: "count x  text". */
void rg_table_item(struct rg_table *t, uint64_t count, const char *fmt, ...) RG_PRINTF(3, 4);

/* What csv says in a column of its own, behind all others and alike in each row, as it has no place
 * for notes; other forms leave it to them. Borrowed texts are copied. */
void rg_table_mark(struct rg_table *t, const char *name, const char *value);

size_t rg_table_rows(const struct rg_table *t);
size_t rg_table_columns(const struct rg_table *t);

/* Append the table in a form; width counts for text only (0: unlimited). */
void rg_table_print(const struct rg_table *t, enum rg_format format, size_t width,
                    struct rg_buf *out);

/* Several tables as one output: text and markdown one below the other, json an array, csv tables
 * separated by an empty line. */
void rg_tables_print(struct rg_table *const *tables, size_t n, enum rg_format format, size_t width,
                     struct rg_buf *out);

#endif
