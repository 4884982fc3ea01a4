/* A computed table against a published CSV file, cell by cell.
 *
 * Columns are matched by name. Rows are matched by the table's key columns: the k-th row of the
 * file with certain keys belongs to the k-th such row of the table, in whatever order they stand; a
 * table without keys, or a file that lacks one of them, is matched by position. Keys are no cells.
 *
 * A cell agrees when both are empty, when both are numbers with |a - b| <= tolerance * max(|a|,
 * |b|) (tolerance 0: equal doubles, so 0.0 agrees with 0), or when both are the same text. A row or
 * column that only one of both has is a difference in each of its cells; limits of intervals
 * (NAME_lo, NAME_hi) that the file does not have are left out of the comparison. */
#ifndef RG_STATS_TABLEDIFF_H
#define RG_STATS_TABLEDIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "stats/table.h"

enum rg_tablediff_what {
    RG_DIFF_CELL,
    RG_DIFF_ROW_MISSING,    /* in the file only */
    RG_DIFF_ROW_EXTRA,      /* in the table only */
    RG_DIFF_COLUMN_MISSING, /* in the file only */
    RG_DIFF_COLUMN_EXTRA,   /* in the table only */
};

struct rg_tablediff_item {
    enum rg_tablediff_what what;
    char *key;       /* keys joined by ", "; of a column "" */
    char *column;    /* of a row "" */
    char *published; /* of a cell, else "" */
    char *computed;  /* of a cell, else "" */
    double relative; /* |a - b| / max(|a|, |b|) of two numbers, else NaN */
};

struct rg_tablediff {
    struct rg_tablediff_item
        *items; /* all that disagrees: columns, then rows in the file's order */
    size_t n, cap;
    size_t cells;   /* compared, those of missing and extra rows and columns included */
    size_t equal;   /* as doubles or texts, whatever the tolerance */
    size_t within;  /* agreeing within the tolerance; equal ones included */
    double largest; /* relative difference of all pairs of numbers; 0 if there is none */
    bool reordered; /* matched rows stand in another order: a remark, no difference */
    bool identical; /* the file is byte for byte the table's csv form */
};

/* Compare t with the CSV file at path. Release with _clear, which is fine on a zeroed one. */
RG_MUST_USE enum rg_status rg_tablediff(struct rg_tablediff *out, const struct rg_table *t,
                                        const char *path, double tolerance, struct rg_err *err);
void rg_tablediff_clear(struct rg_tablediff *diff);

/* The differences as a table (key, column, published, computed, relative difference), with the
 * counts in its notes. Free it. */
struct rg_table *rg_tablediff_table(const struct rg_tablediff *diff, const char *title,
                                    double tolerance);

/* Append the notes of that table alone, a line each. */
void rg_tablediff_summary(const struct rg_tablediff *diff, double tolerance, struct rg_buf *out);

#endif
