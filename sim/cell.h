/* A cell: what some replications of one policy show, as columns of observations.
 *
 * Two sources of chance are kept apart. What a query decides (quality, cost, escalation, coverage)
 * is observed per query: the sum over all its requests, in all replications, and their number. What
 * the system decides (latency, goodput, throughput, utilisation) is observed per replication.
 * Estimates and intervals are made of the columns elsewhere. */
#ifndef RG_SIM_CELL_H
#define RG_SIM_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sketch.h"
#include "base/sum.h"
#include "replay/contract/contract.h"
#include "replay/memory/grounding.h"
#include "sim/replication.h"

/* Observed per query. */
enum rg_query_metric {
    RG_PER_QUERY_SCORE,
    RG_PER_QUERY_COST,             /* USD */
    RG_PER_QUERY_ESCALATED,        /* 0 or 1, as all that is called a share or valid */
    RG_PER_QUERY_SLM_SHARE,        /* answered by a small model; of completed requests */
    RG_PER_QUERY_COVERAGE,         /* exact by all tries */
    RG_PER_QUERY_COUNTERFACTUAL,   /* replayed from another prompt, by all tries */
    RG_PER_QUERY_CALLS,            /* asked for */
    RG_PER_QUERY_LABEL,            /* the answer's own label is right */
    RG_PER_QUERY_JSON,             /* the answer is JSON as it is */
    RG_PER_QUERY_SCHEMA,           /* ... and meets the contract as it is */
    RG_PER_QUERY_ACCEPTED,         /* ... or after what is repaired */
    RG_PER_QUERY_GROUNDED_OVERLAP, /* of the answer against what the memory injected */
    RG_PER_QUERY_GROUNDED_COSINE,
    RG_PER_QUERY_FAITHFUL_OVERLAP,
    RG_PER_QUERY_FAITHFUL_COSINE,
    RG_PER_QUERY_REGRET, /* best recorded score minus its own */
    RG_N_PER_QUERY,
};

/* Observed per replication. */
enum rg_replication_metric {
    RG_PER_REPLICATION_LATENCY_MEAN, /* ms, of completed requests, as all times */
    RG_PER_REPLICATION_LATENCY_P50,
    RG_PER_REPLICATION_LATENCY_P95,
    RG_PER_REPLICATION_LATENCY_P99,
    RG_PER_REPLICATION_TTFT_MEAN,
    RG_PER_REPLICATION_TTFT_P99,
    RG_PER_REPLICATION_GOODPUT,    /* share of requests */
    RG_PER_REPLICATION_THROUGHPUT, /* completed requests a second */
    RG_PER_REPLICATION_SLM_COST,   /* USD a request, warm-up included, as the next three */
    RG_PER_REPLICATION_LLM_COST,
    RG_PER_REPLICATION_PROMPT_TOKENS,
    RG_PER_REPLICATION_COMPLETION_TOKENS,
    RG_N_PER_REPLICATION,
};

/* A query's observations: their sum and number; n = 0: none. */
struct rg_per_query {
    struct rg_sum sum;
    double n;
};

/* Columns that say of each call what is not in the trace itself; NULL: not known. */
struct rg_cell_columns {
    const struct rg_verdict *verdicts; /* of a contract that reads texts */
    bool labels;                       /* and whose label is to be compared with the category */
    bool skip_missing_label;           /* an answer without one is left out there, not wrong */
    const struct rg_grounding *grounding;
    const double *best;       /* best score of any model on a query and sample, NaN: unknown; */
    const size_t *best_first; /* sample 0 of query q stands at best_first[q] */
};

/* More categories than that are no labels to be confused but a numbering of queries. */
enum { RG_CELL_CATEGORIES = 1000 };

struct rg_cell {
    size_t n_queries;      /* of the trace */
    uint64_t replications; /* that were run: observations in each column of them */
    size_t n_endpoints;    /* models of the trace */
    struct rg_per_query *query[RG_N_PER_QUERY]; /* [metric][query] */
    double *replication[RG_N_PER_REPLICATION];  /* [metric][replication] */
    double *parts[RG_N_PARTS];                  /* mean ms: [part][replication] */
    double *utilisation;                        /* [replication * endpoints + model] */
    double *load;                               /* work offered by capacity, likewise */
    uint64_t offered, in_flight;                /* all replications together, as all that follows */
    uint64_t ends[RG_N_REQUEST_ENDS];
    uint64_t counted;  /* requests that goodput is a share of: ended, not skipped, no warm-up */
    uint64_t unscored; /* completed requests whose answer has no recorded score */
    uint64_t unpriced; /* requests with a call whose cost is not recorded */
    uint64_t events;
    size_t memory;                       /* most bytes held for requests under way */
    uint64_t most_in_flight;             /* requests under way at once */
    struct rg_endpoint_stats *endpoints; /* sums over replications */
    uint64_t reasons[RG_N_REASONS];
    struct rg_sketch latency, ttft; /* ms, of all completed requests that count */
    /* Completed requests by category of the query and label of the answer, in rows of
     * n_categories + 1, the last one for answers without a label; NULL: labels are not read. */
    uint64_t *confusion;
    size_t n_categories;
    double span_s; /* of the first replication */
};

struct rg_cell_options {
    uint64_t replications; /* at most, where there is a rule */
    /* The rule: are the replications run so far enough? Asked after each; NULL: run all. */
    bool (*enough)(const void *rule, const struct rg_cell *cell);
    const void *rule;
    double slo_s;     /* goodput: completed within this; INFINITY: completed at all */
    uint64_t warm_up; /* first requests of each replication that count for no statistic */
    struct rg_cell_columns columns;
    void (*done)(void *ctx, const struct rg_request *request); /* also called; NULL: not */
    void (*arrived)(void *ctx, uint64_t index, uint32_t query, double at_s);
    void (*tried)(void *ctx, const struct rg_try_record *record);
    void (*moved)(void *ctx, const struct rg_endpoints *endpoints, double now_s, bool over);
    void *ctx; /* all only in the first replication */
};

/* Runs the replications of a cell; config's done, arrived, tried and moved are set by it. cell is
 * released with rg_cell_clear, also after an error. */
RG_MUST_USE enum rg_status rg_cell_run(struct rg_replication_config config,
                                       const struct rg_cell_options *options, struct rg_cell *cell,
                                       struct rg_err *err);
void rg_cell_clear(struct rg_cell *cell);

/* The tier of a model; where it is not recorded, what the policy uses it as. */
enum rg_tier rg_cell_tier(const struct rg_policy *p, uint32_t model);

#endif
