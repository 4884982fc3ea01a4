/* Choosing queries by a condition: COLUMN OP VALUE, e.g. "query>4960", "category=Access",
 * "classifier_confidence<=0.5".
 *
 * Columns: query (its id), dataset, category, or an attribute of the query that is a number, truth
 * value (1 or true, 0 or false) or text. OP: = != < <= > >=. Both sides are compared as numbers
 * when both are, else as texts, by = and != alone. A query without the column never passes. */
#ifndef RG_CLI_FILTER_H
#define RG_CLI_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"
#include "traces/trace.h"

/* The queries of t that pass all conditions, ascending, into queries[0..n_queries) (the caller's);
 * their number into *n. No condition: all queries. RG_EUSAGE for a condition that cannot be read or
 * makes no sense for its column, and for a column that no query has. */
RG_MUST_USE enum rg_status rg_filter_queries(const struct rg_trace *t,
                                             const struct rg_opt_list *conditions,
                                             uint32_t *queries, size_t *n, struct rg_err *err);

#endif
