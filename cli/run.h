/* The parts of `run`: its work (cmd_run.c), its tables (run_report.c), the files that it writes
 * beside them (run_files.c). */
#ifndef RG_CLI_RUN_H
#define RG_CLI_RUN_H

#include "cli/cell.h"
#include "cli/options.h"
#include "sim/endpoint_config.h"
#include "traces/trace.h"
#include "traces/trace_arrivals.h"

/* The options. */
struct rg_run_values {
    const char *trace;
    struct rg_opt_list routers, where, rates, stays;
    const char *slm, *llm, *memory;
    int prompt, contract, missing, samples;
    const char *escalate_if, *confidence;
    double min_confidence;
    bool escalate_before;
    int arrivals;
    double rate, cv, think, speed;
    bool loop;
    uint64_t users, requests, slots, warm_up;
    double until_s;
    const char *endpoints, *service, *priority;
    double overhead_ms, slo_ms;
    uint64_t replications, seed;
    double level;
    const char *trace_events, *export_to;
    bool details;
    int format;
};

/* What the command works with; all owned. */
struct rg_run {
    struct rg_run_values v;
    struct rg_trace *trace;
    uint8_t *valid;
    uint32_t *samples, *queries;
    size_t n_queries;
    double *flag, *confidence;
    int32_t *priority;
    double *rates, *stays; /* of mmpp */
    struct rg_trace_arrivals arrivals;
    struct rg_endpoint_configs endpoints;
    struct rg_policy policy;
    struct rg_cell *cells;
    size_t n_cells;
};

extern const char *const rg_run_arrival_names[];

/* ---- run_report.c ---- */
void rg_run_print(const struct rg_run *w);

/* ---- run_files.c ---- */

/* Collects what the first replication of the first router does, for --trace-events and --export. */
struct rg_run_files;
struct rg_run_files *rg_run_files_new(const struct rg_run *w);
void rg_run_files_free(struct rg_run_files *f); /* NULL is fine */
void rg_run_files_done(void *files, const struct rg_request *request);
void rg_run_files_tried(void *files, const struct rg_try_record *record);
RG_MUST_USE enum rg_status rg_run_files_write(struct rg_run_files *f, struct rg_err *err);

#endif
