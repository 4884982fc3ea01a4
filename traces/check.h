/* Check: what is in a trace, and what is wrong with it.
 *
 * Every problem that can be found is one entry of one ordered list, rg_problems, with a code that
 * never changes. A code says what was found, not what to do: real recordings have problems, and a
 * study has to say which. Nothing is printed here. */
#ifndef RG_TRACES_CHECK_H
#define RG_TRACES_CHECK_H

#include <stdint.h>

#include "base/err.h"
#include "traces/record.h"
#include "traces/trace.h"

enum rg_problem_id {
    RG_PROBLEM_DIGEST,
    RG_PROBLEM_DATABASE,
    RG_PROBLEM_ATTRS,
    RG_PROBLEM_PLACEHOLDER,
    RG_PROBLEM_PRICE,
    RG_PROBLEM_CHAIN,
    RG_PROBLEM_FAILED_SCORE,
    RG_PROBLEM_NO_CALLS,
    RG_PROBLEM_TIER,
    RG_PROBLEM_NO_PRICE,
    RG_PROBLEM_GRID,
    RG_PROBLEM_SAMPLES,
    RG_PROBLEM_NO_LATENCY,
    RG_PROBLEM_NO_COST,
    RG_PROBLEM_NO_SCORE,
    RG_PROBLEM_NO_TEXT,
    RG_PROBLEM_SCORE_RANGE,
    RG_PROBLEM_LATENCY_RANGE,
    RG_PROBLEM_LATENCY_EQUAL,
    RG_PROBLEM_DRIFT,
    RG_PROBLEM_FEW_TOKENS,
    RG_PROBLEM_TOTAL_TOKENS,
    RG_PROBLEM_QUERY_TEXT,
    RG_PROBLEM_QUERY_CATEGORY,
    RG_PROBLEM_QUERY_TWICE,
    RG_PROBLEM_QUERY_UNUSED,
    RG_N_PROBLEMS,
};

/* An error makes results wrong; a warning is a thing to know before using them. */
enum rg_severity { RG_SEVERITY_ERROR, RG_SEVERITY_WARNING };

struct rg_problem_kind {
    const char *code; /* "T01" */
    enum rg_severity severity;
    const char *text;
};
extern const struct rg_problem_kind rg_problems[RG_N_PROBLEMS];

const char *rg_severity_name(enum rg_severity severity); /* "error", "warning" */

/* Mean of the values that are there; NaN when n is 0. */
struct rg_check_mean {
    double mean;
    uint64_t n;
};

struct rg_check_group {
    uint64_t calls; /* or runs */
    uint64_t status[RG_N_CALL_STATUS];
    uint64_t escalated, escalation_known; /* runs only */
    struct rg_check_mean cost_usd, latency_ms, score;
};

struct rg_check_dataset {
    uint64_t queries, categories, calls;
};

/* Arrays are as long as the trace's lists of the same things. */
struct rg_check {
    struct rg_check_group *models;
    struct rg_check_group *configs;
    struct rg_check_dataset *datasets;
    uint64_t *variants; /* calls */
    double *coverage;   /* [model * n_variants + variant]: share of all queries with a call */
    char digest[33];    /* of the content, computed anew */
    struct {
        uint64_t count;
        char *first; /* where it was met first; NULL when the trace as a whole is meant */
    } problems[RG_N_PROBLEMS];
    uint64_t n_problems; /* kinds that were met */
};

/* Fill *out, which rg_check_clear releases, also after a failure. RG_EINPUT when the file is too
 * damaged to be read through. */
RG_MUST_USE enum rg_status rg_check_run(struct rg_check *out, const struct rg_trace *trace,
                                        struct rg_err *err);
void rg_check_clear(struct rg_check *check);

#endif
