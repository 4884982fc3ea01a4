/* Columns of a trace as a data frame: what a table specification names, one row a record.
 *
 * A name is first a field of the record (kind, dataset, query, category, model, memory, contract,
 * sample, status, config, chain, escalated, prompt_tokens, completion_tokens, cost_usd, latency_ms,
 * ttft_ms, score), then a recorded column of its own: of calls and runs, else of their queries.
 * "attrs.NAME" passes the field of that name by. A field that a kind of record does not have is
 * missing there. */
#ifndef RG_CLI_TRACE_FRAME_H
#define RG_CLI_TRACE_FRAME_H

#include "base/err.h"
#include "stats/frame.h"
#include "stats/tablespec.h"
#include "traces/store.h"

/* The frame that spec asks for: its sources in their order, rows in recorded order. RG_EINPUT for a
 * column that no record has, at its place in the specification and with the nearest name, and for a
 * trace without a record of the wanted kind. Free it. */
RG_MUST_USE enum rg_status rg_trace_frame(struct rg_frame **out, struct rg_store *store,
                                          const struct rg_tablespec *spec, struct rg_err *err);

/* The same for distinct columns named otherwise, from these records. */
RG_MUST_USE enum rg_status rg_trace_frame_of(struct rg_frame **out, struct rg_store *store,
                                             enum rg_tablespec_rows rows, const char *const *names,
                                             size_t n, struct rg_err *err);

#endif
