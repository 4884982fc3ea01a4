/* What the observations of a cell say, as estimates with intervals.
 *
 * Quality, cost, escalation, shares and coverage vary over the finite set of queries: each query's
 * mean over all replications is one observation. Latency, goodput, throughput and utilisation vary
 * over the simulation: each replication gives one; a single one has intervals by batch means
 * (rg_run_series_estimate). */
#ifndef RG_CLI_ESTIMATES_H
#define RG_CLI_ESTIMATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/cell.h"
#include "stats/interval.h"
#include "stats/output.h"

enum rg_metric {
    RG_METRIC_SCORE,
    RG_METRIC_COST,
    RG_METRIC_ESCALATED,
    RG_METRIC_REGRET,
    RG_METRIC_LABEL,
    RG_METRIC_JSON,
    RG_METRIC_SCHEMA,
    RG_METRIC_ACCEPTED,
    RG_METRIC_GROUNDED_OVERLAP,
    RG_METRIC_GROUNDED_COSINE,
    RG_METRIC_FAITHFUL_OVERLAP,
    RG_METRIC_FAITHFUL_COSINE,
    RG_METRIC_SLM_SHARE,
    RG_METRIC_CALLS,
    RG_METRIC_COVERAGE,
    RG_METRIC_COUNTERFACTUAL,
    RG_METRIC_SLM_COST,
    RG_METRIC_LLM_COST,
    RG_METRIC_PROMPT_TOKENS,
    RG_METRIC_COMPLETION_TOKENS,
    RG_METRIC_LATENCY_MEAN,
    RG_METRIC_LATENCY_P50,
    RG_METRIC_LATENCY_P95,
    RG_METRIC_LATENCY_P99,
    RG_METRIC_TTFT_MEAN,
    RG_METRIC_TTFT_P99,
    RG_METRIC_GOODPUT,
    RG_METRIC_THROUGHPUT,
    RG_METRIC_UTILISATION,
    RG_N_METRICS,
};

/* Which table for people a metric stands in; DATA: only in data. */
enum rg_metric_table {
    RG_TABLE_QUALITY,
    RG_TABLE_ANSWERS,
    RG_TABLE_GROUNDING,
    RG_TABLE_CALLS,
    RG_TABLE_LATENCY,
    RG_TABLE_LOAD,
    RG_TABLE_DATA
};

/* How its estimate is made. */
enum rg_metric_kind {
    RG_METRIC_MEAN,        /* mean over queries, Student t */
    RG_METRIC_RATE,        /* rate over queries, Wilson */
    RG_METRIC_RATIO,       /* sum over sum, over queries */
    RG_METRIC_REPLICATION, /* mean over replications, Student t */
    RG_METRIC_BUSIEST,     /* likewise, of the busiest endpoint */
};

struct rg_metric_info {
    const char *name; /* of the data column */
    const char *head; /* for people */
    int decimals;     /* for people */
    bool percent;     /* for people, a rate is shown in hundredths */
    enum rg_metric_table table;
    enum rg_metric_kind kind;
    int column;   /* of the cell: enum rg_query_metric or rg_replication_metric */
    double scale; /* from the column's unit */
};
extern const struct rg_metric_info rg_metrics[RG_N_METRICS];

struct rg_estimates {
    const char *router; /* borrowed: what the user wrote */
    struct rg_estimate of[RG_N_METRICS];
    struct rg_estimate parts[RG_N_PARTS]; /* mean parts of the latency, ms */
    struct rg_batch_means batches; /* of the latency, of one replication; else .batches = 0 */
    uint64_t queries; /* that were asked and not skipped: n of the first kind of interval, but */
    uint64_t scored;  /* of the score, */
    uint64_t priced;  /* and of the cost */
    uint64_t skipped_queries; /* asked, but never answered for want of a recording */
    uint32_t busiest;         /* model whose endpoint is the busiest, or RG_NO_MODEL */
    bool saturated;           /* more work arrives at some endpoint than it can do */
    uint32_t saturated_model;
    double *utilisation; /* mean, of each endpoint; NaN without a limit */
};

/* open: work could outgrow the endpoints, so that a system can be saturated. Release with _clear.
 */
void rg_estimates_make(struct rg_estimates *out, const struct rg_cell *cell, double level,
                       bool open);
void rg_estimates_clear(struct rg_estimates *e);

/* Times are never negative, nor are shares, which are at most 1: a symmetric interval ends there.
 */
void rg_estimates_bound(struct rg_estimate *e, double most);

/* Mean of shares x[0..n) of requests, one for each replication, with Student's interval within 0
 * and
 * 1. When all are equal (every request was served, say) they show no spread, though the next
 * request could end otherwise: then the interval is Wilson's for that share of all requests, taken
 * for independent. .n is n. */
struct rg_estimate rg_estimates_share(const double *x, size_t n, uint64_t requests, double level);

#endif
