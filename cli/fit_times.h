/* When each call of a trace began, where that was recorded: the number at_s of a call's own
 * recorded columns, in seconds; else the arrival of its query, when the query arrived once and the
 * call is the first of its model (sample 0) on it. */
#ifndef RG_CLI_FIT_TIMES_H
#define RG_CLI_FIT_TIMES_H

#include "base/err.h"
#include "traces/trace.h"

/* *at_s: one value a call of t, NaN where nothing is known; NULL when that is so for all. free()
 * it.
 */
RG_MUST_USE enum rg_status rg_fit_times(const struct rg_trace *t, double **at_s,
                                        struct rg_err *err);

#endif
