/* The recorded arrivals of a trace, as columns. */
#ifndef RG_TRACES_TRACE_ARRIVALS_H
#define RG_TRACES_TRACE_ARRIVALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traces/trace.h"

/* Of length n, in order of time, those at one instant in order of their queries. Initialise with
 * {0}; release with rg_trace_arrivals_clear. */
struct rg_trace_arrivals {
    double *at_s;    /* s from the start of the recording */
    uint32_t *query; /* index of the query that is asked, or RG_NAMES_NONE */
    size_t n;
    size_t cap_at, cap_query;
};

/* RG_EINPUT when the trace has no arrivals, they are not in order of time, or one names a query
 * that the trace does not have. */
RG_MUST_USE enum rg_status
rg_trace_arrivals_load(const struct rg_trace *t, struct rg_trace_arrivals *out, struct rg_err *err);
void rg_trace_arrivals_clear(struct rg_trace_arrivals *a);

#endif
