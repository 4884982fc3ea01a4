/* A trace in memory: immutable columns.
 *
 * Loaded once from a trace file and shared, read-only, by everything that replays. Indices follow
 * from the content alone, not from the order of the records in the file: models, datasets,
 * categories, configurations and chains are sorted by name, variants by memory mode and contract,
 * queries by dataset and id, all bytewise. Calls are sorted by (query, model, variant, sample), so
 * that the calls of a query are one slice. Texts stay in the file until asked for. At most about
 * 100 bytes a call (struct rg_trace_calls: 61). */
#ifndef RG_TRACES_TRACE_H
#define RG_TRACES_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "traces/record.h"

enum { RG_NO_CALL = UINT32_MAX };

struct rg_trace_model {
    const char *name;
    enum rg_tier tier;
    double input_usd_per_mtok, output_usd_per_mtok; /* NaN: unknown */
};

struct rg_trace_variant {
    const char *memory;
    enum rg_truth contract;
};

/* Columns of length n_queries (first: n_queries + 1). */
struct rg_trace_queries {
    const char **id;
    uint32_t *dataset;
    uint32_t *category; /* index into categories, or RG_NAMES_NONE */
    int64_t *text;      /* for rg_trace_text; 0: none */
    int64_t *reference;
    int64_t *row;    /* key in the file, for attributes */
    uint32_t *first; /* calls of query q are first[q] .. first[q + 1] - 1 */
};

/* Columns of length n_calls. */
struct rg_trace_calls {
    uint32_t *query;
    uint16_t *variant;
    uint16_t *sample;
    uint32_t *model;
    uint8_t *status; /* enum rg_call_status */
    int32_t *prompt_tokens;
    int32_t *completion_tokens;
    double *cost_usd;
    double *latency_ms;
    double *ttft_ms;
    double *score;
    int64_t *text;   /* for rg_trace_text; 0: none */
    uint32_t *order; /* position in the recording, calls and runs counted together */
};

/* Columns of length n_runs, in the order of the recording. */
struct rg_trace_runs {
    uint32_t *query;
    uint32_t *config; /* index into configs */
    uint32_t *sample;
    uint32_t *chain; /* index into chains, or RG_NAMES_NONE */
    uint32_t *model; /* index into models, or RG_NAMES_NONE */
    uint16_t *variant;
    int8_t *escalated; /* enum rg_truth */
    uint8_t *status;
    double *cost_usd;
    double *latency_ms;
    double *score;
    uint32_t *order;
};

struct rg_trace {
    size_t n_models, n_datasets, n_variants, n_queries, n_categories, n_calls, n_runs, n_configs,
        n_chains, n_kb;
    const struct rg_trace_model *models;
    const char *const *datasets;
    const char *const *categories;
    const struct rg_trace_variant *variants;
    const char *const *configs;
    const char *const *chains;
    struct rg_trace_queries queries;
    struct rg_trace_calls calls;
    struct rg_trace_runs runs;
    const char *path;
    const char *digest;                /* of the content, as stored */
    char replay_digest[RG_DIGEST_HEX]; /* of all but the arrivals */
    bool synthetic;                    /* made by a generator: says so in every report */
    struct rg_trace_private *priv;
};

RG_MUST_USE enum rg_status rg_trace_open(struct rg_trace **out, const char *path,
                                         struct rg_err *err);
/* Whatever can be imported as well, through a private database in memory (rg_store_load in
 * import.h): what a user gives as a trace. report may be NULL. */
struct rg_import_report;
RG_MUST_USE enum rg_status rg_trace_load(struct rg_trace **out, const char *path,
                                         struct rg_import_report *report, struct rg_err *err);
void rg_trace_close(struct rg_trace *t); /* NULL is fine */

/* The open file behind the columns, borrowed: for walking over all records. */
struct rg_store *rg_trace_store(const struct rg_trace *t);

/* Index of a model by name, or -1. */
int rg_trace_model_find(const struct rg_trace *t, const char *name);

/* Text by its number appended to buf. Not for concurrent use: one thread at a time asks. */
RG_MUST_USE enum rg_status rg_trace_text(const struct rg_trace *t, int64_t id, struct rg_buf *buf,
                                         struct rg_err *err);

/* Attribute `name` of every query as a number (booleans as 0 and 1; NaN where absent) into
 * out[0..n_queries). RG_EINPUT when no query has it or one is not a number. */
RG_MUST_USE enum rg_status rg_trace_query_attr(const struct rg_trace *t, const char *name,
                                               double *out, struct rg_err *err);

/* The same as texts: strings as they are, numbers and truth values as JSON has them, NULL where
 * absent; free() each. RG_EUSAGE when no query has it, RG_EINPUT when one is an object or array. */
RG_MUST_USE enum rg_status rg_trace_query_attr_text(const struct rg_trace *t, const char *name,
                                                    char **out, struct rg_err *err);

/* Value of a meta key, or NULL; borrowed. */
const char *rg_trace_meta(const struct rg_trace *t, const char *key);

#endif
