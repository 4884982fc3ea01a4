/* The result file of a sweep: one SQLite database, described for its users in routergym-results(5).
 *
 * A file is made from a plan, which says all that is known before anything runs: where the numbers
 * come from (meta), axes, cells, metrics, models, queries. Then cells are put, each in a
 * transaction of its own, in any order: rows are keyed by the number of their cell, so the content
 * does not depend on when and by whom a cell was put. A file whose cells are all there is rewritten
 * at the end, so that its bytes do not depend on it either. Nothing of the machine, the clock or
 * the number of threads is kept.
 *
 * Numbers of cells, axes, metrics, models and queries count from 0. NaN in a double of this header
 * is NULL in the database: not known. A writer holds a lock on the file until it
 * is closed; readers need none. No row of a file is trusted: a reader requires the texts
 * of the schema to be ours, checks every number and the digests of what was planned and of each
 * cell that it reads, and reports RG_EINPUT with the file's name. Who resumes or merges checks all
 * finished cells. */
#ifndef RG_SIM_RESULTS_H
#define RG_SIM_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sim/endpoint.h"
#include "sim/replication.h"
#include "sim/series.h"
#include "traces/trace.h"

enum {
    RG_RESULTS_APPLICATION_ID = 0x52475253, /* "RGRS" */
    RG_RESULTS_VERSION = 2,
    RG_RESULTS_QUANTILES = 200, /* of a distribution: 0, 1/200, ..., 1 */
    RG_RESULTS_BINS = 100,      /* of a series over time */
};

/* What a metric is observed on. */
enum rg_results_over {
    RG_OVER_QUERIES,      /* a vector with a sum and a count for each query */
    RG_OVER_REPLICATIONS, /* an observation for each replication */
};

struct rg_results_metric {
    const char *name; /* latency_mean_ms */
    enum rg_results_over over;
    bool part; /* a part of the latency: all parts add up to latency_mean_ms */
};

/* ---- what is planned ---- */

struct rg_results_axis {
    const char *name;
    const char *const *labels; /* of its values */
    size_t n;
};

struct rg_results_planned {
    const uint32_t *labels; /* [n_axes]: which value of each axis */
    const char *options;    /* all options of the cell, a JSON object */
};

struct rg_results_pair {
    const char *key, *value;
};

struct rg_results_plan {
    const struct rg_results_pair *meta; /* see routergym-results(5) for the keys */
    size_t n_meta;
    const struct rg_results_axis *axes;
    size_t n_axes;
    const struct rg_results_metric *metrics;
    size_t n_metrics;
    const struct rg_results_planned *cells;
    size_t n_cells;
    const struct rg_trace *trace; /* its models and queries */
};

/* ---- a finished cell ---- */

struct rg_results_estimate {
    double value, lo, hi;
    uint64_t n;
};

/* One metric's observations, in the metric's unit. */
struct rg_results_vector {
    double *sums, *counts;                    /* over queries; NULL when no query has any; owned */
    double *observed;                         /* over replications; owned */
    struct rg_buf packed_sums, packed_counts; /* made by rg_results_cell_compress */
};

/* What happened at an endpoint in the first replication: averages over equal times. */
struct rg_results_series {
    uint32_t model;
    struct rg_series_means bin[RG_RESULTS_BINS];
};

/* How often a query of this category was given this label: by the classifier (of the queries that
 * are replayed), or by the answer itself (of completed requests). */
struct rg_results_confusion {
    bool answer;
    uint32_t category, label; /* of the trace; RG_NAMES_NONE: no label */
    uint64_t n;
};

/* The classifier's confidence in ((bin) / 10, (bin + 1) / 10], of queries that are replayed. */
enum { RG_RESULTS_CONFIDENCES = 10 };
struct rg_results_confidence {
    uint64_t n, right;
    double mean; /* confidence; NaN for n = 0 */
};

struct rg_results_counts {
    uint64_t replications, offered, ends[RG_N_REQUEST_ENDS], in_flight, unscored, unpriced, events,
        most_in_flight, skipped_queries;
    uint32_t busiest, saturated; /* models or RG_NO_MODEL */
    bool precise;                /* the stop rule's precision was reached, or none was asked for */
    double span_s;               /* of the first replication: the series' whole time */
};

/* All arrays are owned: rg_results_cell_clear. */
struct rg_results_cell {
    uint32_t cell;
    struct rg_results_counts counts;
    struct rg_results_estimate *estimates; /* [n_metrics] */
    struct rg_results_vector *vectors;     /* [n_metrics] */
    size_t n_metrics, n_queries;
    double *latency_ms, *ttft_ms; /* [RG_RESULTS_QUANTILES + 1] of completed requests, or NULL */
    uint64_t n_latency, n_ttft;
    struct rg_endpoint_stats *endpoints; /* [n_models] */
    double *utilisation;                 /* [n_models] */
    size_t n_models;
    uint64_t reasons[RG_N_REASONS];
    struct rg_results_series *series;
    size_t n_series;
    struct rg_results_confusion *confusion;
    size_t n_confusion;
    struct rg_results_confidence confidence[RG_RESULTS_CONFIDENCES];
    struct rg_request *spans; /* requests of the first replication, with --spans */
    size_t n_spans;
};
void rg_results_cell_clear(struct rg_results_cell *c);

/* Compresses the vectors over queries and releases them: work for whoever computed the cell, not
 * for the one writer. rg_results_put does it where it has not been done. */
void rg_results_cell_compress(struct rg_results_cell *c);

/* As a message between computers of one kind, and back; a message that is none is RG_EINPUT.
 * Compresses first. */
void rg_results_cell_pack(struct rg_results_cell *c, struct rg_buf *out);
RG_MUST_USE enum rg_status rg_results_cell_unpack(struct rg_results_cell *c, const char *bytes,
                                                  size_t n, struct rg_err *err);

/* ---- writing ---- */

struct rg_results;

/* Makes the file path from a plan, or, with resume, opens one that was made from an equal plan:
 * what differs is told (RG_EINPUT). Without resume a file that is there and not empty is RG_EUSAGE,
 * and one that another program is writing RG_ESYSTEM in either case. */
RG_MUST_USE enum rg_status rg_results_create(struct rg_results **out, const char *path,
                                             const struct rg_results_plan *plan, bool resume,
                                             struct rg_err *err);

/* One cell that is not there yet: all of it or nothing. It is safe from a crash after the next
 * rg_results_sync that writes; when that fails, it is not there. */
RG_MUST_USE enum rg_status rg_results_put(struct rg_results *r, struct rg_results_cell *c,
                                          struct rg_err *err);

/* Makes what was put safe (which costs some milliseconds), if it has waited for age_s seconds or is
 * more than a sixteenth of all that there is. */
RG_MUST_USE enum rg_status rg_results_sync(struct rg_results *r, double age_s, struct rg_err *err);

/* Makes all safe and, when all cells are there, rewrites the file in its final form. */
RG_MUST_USE enum rg_status rg_results_finish(struct rg_results *r, struct rg_err *err);

/* What was put and is not safe is dropped. NULL is fine. */
void rg_results_close(struct rg_results *r);

/* A new file with all cells of the n files at paths, which must have been made from equal plans; a
 * cell that several have must be equal in them. *done of *cells are finished in it. An out that is
 * there and not empty is RG_EUSAGE. */
RG_MUST_USE enum rg_status rg_results_merge(const char *out, const char *const *paths, size_t n,
                                            size_t *done, size_t *cells, struct rg_err *err);

/* ---- reading ---- */

RG_MUST_USE enum rg_status rg_results_open(struct rg_results **out, const char *path,
                                           struct rg_err *err);

/* Loaded when the file is opened; all borrowed. */
const char *rg_results_meta(const struct rg_results *r, const char *key); /* NULL: none */
size_t rg_results_n_cells(const struct rg_results *r);
bool rg_results_has(const struct rg_results *r, size_t cell); /* finished? */
size_t rg_results_n_done(const struct rg_results *r);
size_t rg_results_n_axes(const struct rg_results *r);
const char *rg_results_axis(const struct rg_results *r, size_t axis);
size_t rg_results_n_values(const struct rg_results *r, size_t axis);
const char *rg_results_value(const struct rg_results *r, size_t axis, size_t value);
/* Which value of an axis a cell has. */
size_t rg_results_of(const struct rg_results *r, size_t cell, size_t axis);
size_t rg_results_n_metrics(const struct rg_results *r);
const struct rg_results_metric *rg_results_metric(const struct rg_results *r, size_t metric);
size_t rg_results_n_models(const struct rg_results *r);
const char *rg_results_model(const struct rg_results *r, size_t model);
size_t rg_results_n_queries(const struct rg_results *r);
/* Number of a query's category, or RG_NAMES_NONE. */
uint32_t rg_results_category_of(const struct rg_results *r, size_t query);
size_t rg_results_n_categories(const struct rg_results *r);
const char *rg_results_category(const struct rg_results *r, size_t category);
/* Tells see the dataset and name of every query, in their order; they are borrowed for the call.
 * Read from the file: most readers need none. */
RG_MUST_USE enum rg_status rg_results_each_query(struct rg_results *r,
                                                 void (*see)(void *ctx, size_t query,
                                                             const char *dataset, const char *name),
                                                 void *ctx, struct rg_err *err);
/* Options of a cell, a JSON object. */
const char *rg_results_options(const struct rg_results *r, size_t cell);

/* A finished cell in the form in which it was put; spans are left out. One that is not as it was
 * written, spans included, is RG_EINPUT. */
RG_MUST_USE enum rg_status rg_results_get(struct rg_results *r, size_t cell,
                                          struct rg_results_cell *out, struct rg_err *err);

/* All of a file as text, in a fixed order: equal texts, equal contents. Vectors stand as digests of
 * their numbers; those that the file has of its cells, which follow from the rest, are left out.
 * Every cell is checked first. write is as rg_outfile_write. */
RG_MUST_USE enum rg_status rg_results_dump(struct rg_results *r,
                                           enum rg_status (*write)(void *ctx, const char *bytes,
                                                                   size_t n, struct rg_err *err),
                                           void *ctx, struct rg_err *err);

#endif
