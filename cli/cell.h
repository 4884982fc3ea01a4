/* A cell of `run`: what its replications say, as estimates with intervals.
 *
 * Two sources of chance are kept apart. Quality, cost, escalation, SLM share and coverage vary over
 * the finite set of queries: each query's mean over all replications is one observation. Latency,
 * goodput, throughput and utilisation vary over the simulation: each replication gives one. */
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
    RG_METRIC_TTFT_MEAN,
    RG_METRIC_TTFT_P99,
    RG_METRIC_GOODPUT,
    RG_METRIC_THROUGHPUT,
    RG_METRIC_UTILISATION,
};
enum { RG_N_METRICS = 14, RG_N_QUERY_METRICS = RG_METRIC_COVERAGE + 1 };

/* Which table for people a metric stands in; DATA: only in data. */
enum rg_metric_table { RG_TABLE_QUALITY, RG_TABLE_LATENCY, RG_TABLE_LOAD, RG_TABLE_DATA };

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
    struct rg_estimate parts[RG_N_PARTS]; /* mean parts of the latency, ms */
    uint64_t offered, in_flight;          /* all replications together, as all that follows */
    uint64_t ends[RG_N_REQUEST_ENDS];
    uint64_t queries; /* that were asked and not skipped: n of the first kind of interval, but */
    uint64_t scored;  /* of the score, */
    uint64_t priced;  /* and of the cost */
    uint64_t skipped_queries; /* asked, but never answered for want of a recording */
    uint64_t unscored;        /* completed requests whose answer has no recorded score */
    uint64_t unpriced;        /* requests with a call whose cost is not recorded */
    uint64_t events;
    size_t memory;           /* most bytes held for requests under way */
    uint64_t most_in_flight; /* requests under way at once */
    uint32_t busiest;        /* model whose endpoint is the busiest, or RG_NO_MODEL */
    bool saturated;          /* more work arrives at some endpoint than it can do */
    uint32_t saturated_model;
    struct rg_endpoint_stats *endpoints; /* sums over replications */
    double *utilisation;                 /* mean, of each endpoint; NaN without a limit */
    size_t n_endpoints;
    uint64_t reasons[RG_N_REASONS];
};

struct rg_cell_options {
    uint64_t replications;
    double level;
    double slo_s;     /* goodput: completed within this; INFINITY: completed at all */
    uint64_t warm_up; /* first requests of each replication that count for no statistic */
    void (*done)(void *ctx, const struct rg_request *request); /* also called; NULL: not */
    void (*tried)(void *ctx, const struct rg_try_record *record);
    void *ctx; /* both only in the first replication */
};

/* Runs the replications of a cell and sums them up; config's done and tried are set by it, router
 * is copied. cell is released with rg_cell_clear, also after an error. */
RG_MUST_USE enum rg_status rg_cell_run(struct rg_replication_config config, const char *router,
                                       const struct rg_cell_options *options, struct rg_cell *cell,
                                       struct rg_err *err);
void rg_cell_clear(struct rg_cell *cell);

#endif
