/* What the parts of a trace in memory share: trace.c (names, queries, attributes, opening and
 * closing) and trace_calls.c (calls and runs).
 *
 * Indices do not depend on the order of the records in the file, so that equal content gives equal
 * results: models, datasets, categories, configurations and chains are sorted by name, variants by
 * memory mode and contract, queries by dataset and id, all by bytes. */
#ifndef RG_TRACES_TRACE_PRIVATE_H
#define RG_TRACES_TRACE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/names.h"
#include "traces/store_private.h"
#include "traces/trace.h"

struct rg_trace_private {
    struct rg_store *store;
    /* Index of row 0, 1, ... of the file's tables. */
    uint32_t *model_at, *dataset_at, *variant_at, *query_at;
    struct rg_names *categories, *configs, *chains;
    struct rg_trace_meta *meta;
    size_t n_meta, meta_cap;
};

/* Number of s among names, in order of appearance; RG_NAMES_NONE for NULL. */
uint32_t rg_trace_name(struct rg_names *names, const char *s);
/* The names sorted, as an array that borrows them; column[0..n_column) of rg_trace_name is numbered
 * anew. */
const char *const *rg_trace_names(const struct rg_names *names, size_t *n, uint32_t *column,
                                  size_t n_column);

RG_MUST_USE enum rg_status rg_trace_count_rows(struct rg_trace *t, const char *sql, size_t *n,
                                               struct rg_err *err);

/* ---- trace_calls.c: queries are there ---- */
RG_MUST_USE enum rg_status rg_trace_load_calls(struct rg_trace *t, struct rg_err *err);
RG_MUST_USE enum rg_status rg_trace_load_runs(struct rg_trace *t, struct rg_err *err);
void rg_trace_free_calls(struct rg_trace *t);
void rg_trace_free_runs(struct rg_trace *t);

#endif
