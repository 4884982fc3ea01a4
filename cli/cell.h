/* A cell of `run`: what its replications say, as estimates with intervals.
 *
 * Two sources of chance are kept apart. Quality, cost, escalation, SLM share and coverage vary over
 * the finite set of queries: each query's mean over all replications is one observation. Latency
 * and utilisation vary over the simulation: each replication gives one observation. */
#ifndef RG_CLI_CELL_H
#define RG_CLI_CELL_H

#include <stddef.h>
#include <stdint.h>

#include "sim/replication.h"
#include "stats/interval.h"

enum rg_metric {
    RG_METRIC_SCORE,
    RG_METRIC_COST,
    RG_METRIC_ESCALATED,
    RG_METRIC_SLM_SHARE,
    RG_METRIC_COVERAGE,
    RG_METRIC_LATENCY_MEAN,
    RG_METRIC_LATENCY_P50,
    RG_METRIC_LATENCY_P95,
    RG_METRIC_LATENCY_P99,
    RG_METRIC_OVERHEAD,
    RG_METRIC_QUEUE,
    RG_METRIC_SERVICE,
    RG_METRIC_UTILISATION,
};
enum { RG_N_METRICS = 13 };

/* Which table for people a metric stands in. */
enum rg_metric_table { RG_TABLE_QUALITY, RG_TABLE_LATENCY, RG_TABLE_LOAD };

struct rg_metric_info {
    const char *name; /* of the data column */
    const char *head; /* for people */
    int decimals;     /* for people */
    bool percent;     /* for people, a rate is shown in hundredths */
    enum rg_metric_table table;
};
extern const struct rg_metric_info rg_metrics[RG_N_METRICS];

struct rg_cell {
    char *router;
    struct rg_estimate estimates[RG_N_METRICS];
    uint64_t offered, completed, failed, skipped; /* all replications together */
    uint64_t queries;                             /* n of the first kind of interval */
    uint64_t unscored;                 /* completed requests whose answer has no recorded score */
    uint64_t unpriced;                 /* requests with an attempt whose cost is not recorded */
    uint32_t busiest;                  /* model with the highest mean utilisation, or RG_NO_MODEL */
    struct rg_endpoint_use *endpoints; /* sums over replications; utilisation: mean */
    size_t n_endpoints;
    uint64_t reasons[RG_N_REASONS];
};

/* Runs the replications 0 .. n-1 of a cell and sums them up; router is copied. cell is released
 * with rg_cell_clear. Errors are those of rg_replication_run. */
RG_MUST_USE enum rg_status rg_cell_run(const struct rg_replication_config *config,
                                       const char *router, uint64_t n, double level,
                                       struct rg_cell *cell, struct rg_err *err);
void rg_cell_clear(struct rg_cell *cell);

#endif
