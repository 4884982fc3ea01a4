/* Inside of the result file: shared by results_*.c alone. */
#ifndef RG_SIM_RESULTS_PRIVATE_H
#define RG_SIM_RESULTS_PRIVATE_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/digest.h"
#include "sim/results.h"

/* Tables in the order of enum rg_results_table_id. */
struct rg_results_table {
    const char *name;
    const char *sql;
    int columns;
    int keys;  /* the first so many are the key */
    bool plan; /* filled from the plan, else by cells */
};
enum rg_results_table_id {
    RG_TABLE_META,
    RG_TABLE_AXES,
    RG_TABLE_AXIS_VALUES,
    RG_TABLE_CELLS,
    RG_TABLE_CELL_VALUES,
    RG_TABLE_MODELS,
    RG_TABLE_CATEGORIES,
    RG_TABLE_QUERIES,
    RG_TABLE_METRICS,
    RG_TABLE_DIGESTS,
    RG_TABLE_RUNS,
    RG_TABLE_ESTIMATES,
    RG_TABLE_OBSERVATIONS,
    RG_TABLE_VECTORS,
    RG_TABLE_QUANTILES,
    RG_TABLE_ENDPOINTS,
    RG_TABLE_REASONS,
    RG_TABLE_SERIES,
    RG_TABLE_CONFUSION,
    RG_TABLE_CONFIDENCES,
    RG_TABLE_SPANS,
    RG_N_TABLES_OF_RESULTS,
};
extern const struct rg_results_table rg_results_tables[RG_N_TABLES_OF_RESULTS];
enum { RG_N_VIEWS_OF_RESULTS = 6 };

struct rg_results {
    sqlite3 *db;
    char *path;
    int lock; /* descriptor, or -1 */
    bool writes;
    sqlite3_stmt *insert[RG_N_TABLES_OF_RESULTS]; /* prepared when first used */
    uint32_t *open; /* cells of the transaction that is under way, which are not safe yet */
    size_t n_open, open_cap;
    double opened_s;          /* when it began, by a clock of its own */
    struct rg_digest *digest; /* of the cell that is being put, else NULL */
    struct rg_buf row;
    /* what was read when the file was opened; also of a writer */
    struct rg_results_pair *meta;
    size_t n_meta;
    struct rg_results_axis *axes;
    size_t n_axes;
    struct rg_results_metric *metrics;
    size_t n_metrics;
    char **options;   /* [n_cells] */
    uint32_t *labels; /* [n_cells * n_axes] */
    uint8_t *done;    /* [n_cells] */
    size_t n_cells, n_done;
    char **models, **categories;
    size_t n_models, n_categories;
    uint32_t *category; /* [n_queries] */
    size_t n_queries;
};

/* ---- results_file.c ---- */
enum rg_status rg_results_fail(struct rg_results *r, struct rg_err *err);
RG_MUST_USE enum rg_status rg_results_exec(struct rg_results *r, const char *sql,
                                           struct rg_err *err);
RG_MUST_USE enum rg_status rg_results_prepare(struct rg_results *r, sqlite3_stmt **out,
                                              const char *sql, struct rg_err *err);
/* "damaged result file: ..." */
enum rg_status rg_results_damaged(struct rg_results *r, struct rg_err *err, const char *what);
/* Opens the database; the file must be there. */
RG_MUST_USE enum rg_status rg_results_connect(struct rg_results *r, bool writes,
                                              struct rg_err *err);
RG_MUST_USE enum rg_status rg_results_check_id(struct rg_results *r, struct rg_err *err);
RG_MUST_USE enum rg_status rg_results_quick_check(struct rg_results *r, struct rg_err *err);
struct rg_results *rg_results_new(const char *path);
/* The path in a form that means nothing else to SQLite; the caller frees it. */
char *rg_results_plain_path(const char *path);

/* ---- results_schema.c ---- */

/* The text of a view; axes and metrics are those of the file. */
void rg_results_view(struct rg_buf *sql, size_t view, const struct rg_results_axis *axes,
                     size_t n_axes, const struct rg_results_metric *metrics, size_t n_metrics);
RG_MUST_USE enum rg_status rg_results_check_tables(struct rg_results *r, struct rg_err *err);
RG_MUST_USE enum rg_status rg_results_check_views(struct rg_results *r, struct rg_err *err);

/* ---- results_load.c ---- */
RG_MUST_USE enum rg_status rg_results_load(struct rg_results *r, struct rg_err *err);
void rg_results_unload(struct rg_results *r);

/* ---- results_put.c ---- */

/* A row under way: begin, one call for each column, end. */
struct rg_results_row {
    sqlite3_stmt *stmt;
    int at;
    struct rg_buf *text; /* for the digest; NULL: it is made later */
};
RG_MUST_USE enum rg_status rg_results_row(struct rg_results *r, enum rg_results_table_id table,
                                          struct rg_results_row *row, struct rg_err *err);
void rg_results_add_int(struct rg_results_row *row, int64_t x);
void rg_results_add_double(struct rg_results_row *row, double x);    /* not finite: NULL */
void rg_results_add_text(struct rg_results_row *row, const char *s); /* NULL is NULL */
void rg_results_add_bytes(struct rg_results_row *row, const void *bytes, size_t n);
RG_MUST_USE enum rg_status rg_results_row_end(struct rg_results *r, struct rg_results_row *row,
                                              struct rg_err *err);

/* ---- results_digest.c ---- */

#define RG_RESULTS_PLAN_DIGEST "plan_digest" /* its key in meta, which is no part of the plan */

/* A value of a row as it goes into a digest: an integer or the bits of a double, a text or bytes,
 * or NULL; type is SQLite's. */
void rg_results_digest_bits(struct rg_buf *row, int type, uint64_t bits);
void rg_results_digest_bytes(struct rg_buf *row, int type, const void *bytes, size_t n);

/* Puts the digest of a cell's rows, or (cell < 0) of the plan's, which must all be there. It is
 * r->digest that is put where there is one, which saves reading the rows again. */
RG_MUST_USE enum rg_status rg_results_put_digest(struct rg_results *r, int64_t cell,
                                                 struct rg_err *err);
/* RG_EINPUT when the rows are not those that the digest was made of. */
RG_MUST_USE enum rg_status rg_results_check_digest(struct rg_results *r, int64_t cell,
                                                   struct rg_err *err);
/* Reads every finished cell. */
RG_MUST_USE enum rg_status rg_results_check_cells(struct rg_results *r, struct rg_err *err);

/* ---- results_plan.c ---- */
RG_MUST_USE enum rg_status
rg_results_put_plan(struct rg_results *r, const struct rg_results_plan *plan, struct rg_err *err);
/* RG_EINPUT with what differs, if anything: the file r against the plan. */
RG_MUST_USE enum rg_status rg_results_compare_plan(const struct rg_results *r,
                                                   const struct rg_results_plan *plan,
                                                   struct rg_err *err);
/* The plan that a file was made from, but for trace, which is NULL; borrowed but for cells. */
struct rg_results_plan rg_results_plan_of(const struct rg_results *r,
                                          struct rg_results_planned **cells);

#endif
