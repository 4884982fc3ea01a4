/* CSV files with a known set of columns: which column stands where, and its fields as values.
 *
 * A format describes its columns in a table of struct rg_column and addresses them by their index
 * in it; the file may hold them in any order but must hold each once and no other. Messages name
 * the column, what was found and what was expected. */
#ifndef RG_TRACES_COLUMNS_H
#define RG_TRACES_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/csv.h"
#include "base/err.h"
#include "traces/attrs.h"
#include "traces/import.h"
#include "traces/record.h"

enum rg_column_kind {
    RG_COLUMN_TEXT,
    RG_COLUMN_NUMBER,
    RG_COLUMN_BOOL, /* True or False, as Python writes them */
    RG_COLUMN_JSON, /* an object; {} counts as empty */
};

enum { RG_COLUMNS_MAX = 64 }; /* columns of one format */

struct rg_column {
    const char *name;
    enum rg_column_kind kind;
    bool required; /* a field must not be empty */
    int use;       /* the format's own mark, e.g. which record it goes to */
};

/* An open file of a known format and its record read last. Initialise with {0}. */
struct rg_columns {
    const struct rg_column *columns;
    size_t n;
    struct rg_csv *csv;
    size_t at[RG_COLUMNS_MAX]; /* place of each column in the file */
    const struct rg_csv_field *fields;
    uint64_t records;
    struct rg_buf first[RG_COLUMNS_MAX]; /* each column's value in the first record ... */
    bool varies[RG_COLUMNS_MAX];         /* ... and whether another one was seen */
};

/* Does a file begin with a header line that holds these names as whole fields? */
bool rg_columns_detect(const struct rg_import_head *head, const char *const *names, size_t n);

/* Open path, which must have exactly the n columns of the table or, in an older generation of the
 * format, its first n_old (else n_old == n); c->n says which. Close with rg_columns_close also
 * after an error. */
RG_MUST_USE enum rg_status rg_columns_open(struct rg_columns *c, const char *path,
                                           const struct rg_column *columns, size_t n, size_t n_old,
                                           struct rg_err *err);
void rg_columns_close(struct rg_columns *c);

/* Next record; c->fields is NULL at the end. Errors as rg_csv_next. */
RG_MUST_USE enum rg_status rg_columns_next(struct rg_columns *c, struct rg_err *err);

const struct rg_csv_field *rg_columns_field(const struct rg_columns *c, size_t i);
struct rg_place rg_columns_place(const struct rg_columns *c, size_t i);
/* Text of column i, NULL when empty; borrowed until the next record. */
const char *rg_columns_text(const struct rg_columns *c, size_t i);

/* Values of the record read last; empty fields give NaN, RG_UNKNOWN. */
RG_MUST_USE enum rg_status rg_columns_number(const struct rg_columns *c, size_t i, double *out,
                                             struct rg_err *err);
/* The same, but a negative number is an error. */
RG_MUST_USE enum rg_status rg_columns_amount(const struct rg_columns *c, size_t i, double *out,
                                             struct rg_err *err);
RG_MUST_USE enum rg_status rg_columns_bool(const struct rg_columns *c, size_t i, enum rg_truth *out,
                                           struct rg_err *err);
/* Index in names[0..n) of the field's text; an unknown one is an error that calls it `what`. */
RG_MUST_USE enum rg_status rg_columns_name(const struct rg_columns *c, size_t i, const char *what,
                                           const char *const *names, size_t n, size_t *out,
                                           struct rg_err *err);

/* Add column i to attrs under its own name; nothing when it is empty. */
RG_MUST_USE enum rg_status rg_columns_attr(const struct rg_columns *c, size_t i,
                                           struct rg_attrs *attrs, struct rg_err *err);
/* Add all columns marked with use. */
RG_MUST_USE enum rg_status rg_columns_attrs(const struct rg_columns *c, int use,
                                            struct rg_attrs *attrs, struct rg_err *err);

/* Every required field of the record is there. */
RG_MUST_USE enum rg_status rg_columns_check(const struct rg_columns *c, struct rg_err *err);

/* At the end of a file: remarks on its form (byte order mark, CR LF, no final line end) and on the
 * columns that held the same value in every record (two records at least). */
void rg_columns_remark(const struct rg_columns *c, struct rg_import *im);

#endif
