/* The parts of `run`: its options (run_options.c), what they make of a trace (run_setup.c), its
 * work (cmd_run.c), how long it simulates and what one long replication says (run_output.c), its
 * tables (run_report.c) and their notes (run_notes.c), the files beside them (run_files.c). */
#ifndef RG_CLI_RUN_H
#define RG_CLI_RUN_H

#include "cli/estimates.h"
#include "cli/options.h"
#include "replay/contract/contract.h"
#include "replay/memory/memory.h"
#include "replay/safety.h"
#include "sim/cell.h"
#include "sim/endpoint_config.h"
#include "stats/output.h"
#include "traces/kb.h"
#include "traces/trace.h"
#include "traces/trace_arrivals.h"

/* The options. */
struct rg_run_values {
    const char *trace;
    struct rg_opt_list routers, where, rates, stays;
    const char *slm, *llm;
    double train;
    uint64_t split_seed;
    /* what is known of a query */
    int classifier;
    const char *escalate_if, *label, *confidence, *retrieval;
    const char *safety;
    /* memory */
    const char *memory, *kb, *context;
    int retriever;
    uint64_t top, window, budget;
    double k1, b, fusion, gate;
    double retrieval_ms;
    bool own_memory; /* set by rg_run_complete: not the mode with its defaults, as recorded */
    /* prompts, answers */
    int prompt, missing, samples;
    bool exact_prompt;
    double prefill_ms;
    const char *contract;
    struct rg_opt_list repair;
    uint64_t retries, retry_tokens, max_calls;
    int missing_label;
    /* arrivals */
    int arrivals;
    double rate, cv, think, speed;
    bool loop;
    uint64_t users, requests, slots;
    uint64_t warm_up; /* or RG_OPT_IS_AUTO */
    double until_s;
    /* the system */
    const char *endpoints, *service, *priority;
    double overhead_ms, router_ms, contract_ms, feedback_ms, slo_ms;
    /* the experiment */
    uint64_t replications, max_replications, seed;
    double precision; /* NaN: not wanted */
    double level;
    const char *trace_events, *export_to;
    bool details;
    int format;
};

enum {
    RG_CLASSIFIER_AUTO,
    RG_CLASSIFIER_NONE,
    RG_CLASSIFIER_RECORDED,
    RG_CLASSIFIER_TFIDF,
}; /* --classifier */

/* ---- run_options.c ---- */
enum { RG_N_RUN_OPTIONS = 66 };
extern const struct rg_opt rg_run_options[RG_N_RUN_OPTIONS];
extern const char *const rg_run_arrival_names[];
enum rg_arrivals_law rg_run_arrivals_law(const struct rg_run_values *v);

/* Of --memory; a memory that is none of ours is RG_MEMORY_NONE. */
enum rg_memory_mode rg_run_memory_mode(const struct rg_run_values *v);

/* Values before the options are read. */
struct rg_run_values rg_run_defaults(void);

/* What the option table cannot say: options that do nothing without others. Returns what is wrong,
 * or NULL, and then sets the defaults of those that were not given. */
const char *rg_run_complete(struct rg_run_values *v);
void rg_run_values_clear(struct rg_run_values *v);

/* ---- run_setup.c, run_queries.c, run_answers.c ---- */

/* A trace and what set-ups over it have in common. */
struct rg_run_part;
struct rg_run_shared {
    struct rg_trace *trace;
    struct rg_run_part *parts;
    size_t n, cap;
};
/* trace NULL: the bundled one. RG_EINPUT when it holds no calls. Close it after an error, too. */
RG_MUST_USE enum rg_status rg_run_shared_open(struct rg_run_shared *shared, const char *trace,
                                              struct rg_err *err);
void rg_run_shared_close(struct rg_run_shared *shared); /* {0} is fine */

/* What the options make of a trace; all columns are borrowed from what is shared. */
struct rg_run_setup {
    struct rg_run_shared *shared;
    struct rg_buf key, memory_key; /* see run_parts.h */
    char *router_key;              /* equal keys: routers prepared alike are alike */
    const struct rg_trace *trace;
    struct rg_policy policy; /* of all routers: without one */
    const uint32_t *queries;
    const int32_t *priority;
    const struct rg_memory *memory;
    struct rg_cell_columns columns;
    const double *rates, *stays;
    struct rg_trace_arrivals arrivals;
    struct rg_endpoint_configs endpoints;
};
RG_MUST_USE enum rg_status rg_run_setup(struct rg_run_setup *s, struct rg_run_shared *shared,
                                        const struct rg_run_values *v, struct rg_err *err);

/* Does the memory inject anything for any query that is replayed? */
bool rg_run_memory_adds(const struct rg_run_setup *s);
void rg_run_setup_clear(struct rg_run_setup *s);

/* ---- run_output.c ---- */

/* First requests of each replication that count for nothing. */
struct rg_run_warm_up {
    uint64_t requests;
    bool settled; /* false: replications are too short to see where it ends */
};

/* --warm-up auto, for the system that config describes: MSER-5 on the latencies of completed
 * requests in the order of arrival, averaged over the first few replications (K. Hoad, S. Robinson,
 * R. Davies, Journal of the Operational Research Society 61 (2010) 1389-1403), which it runs.
 * config's done, tried and ctx are not used. Keeps 12 bytes a request meanwhile. */
RG_MUST_USE enum rg_status rg_run_warm_up_find(struct rg_replication_config config,
                                               uint64_t replications, struct rg_run_warm_up *out,
                                               struct rg_err *err);

/* --precision: the stop rule on the mean latency. */
struct rg_precision rg_run_precision(const struct rg_run_values *v);

/* That rule as rg_cell_options.enough; rule is struct rg_run_values. NULL without --precision. */
bool (*rg_run_rule(const struct rg_run_values *v))(const void *rule, const struct rg_cell *cell);

/* What requests show in the order of their ends, for intervals from a single replication. */
struct rg_run_series;
struct rg_run_series *rg_run_series_new(uint64_t warm_up, double slo_s);
void rg_run_series_add(struct rg_run_series *s, const struct rg_request *request);
void rg_run_series_free(struct rg_run_series *s); /* NULL is fine */

/* Intervals by batch means for the estimates that are means over requests, unless the system is
 * saturated; sets e->batches. */
void rg_run_series_estimate(const struct rg_run_series *s, double level, struct rg_estimates *e);

/* ---- cmd_run.c ---- */
struct rg_run {
    struct rg_run_values v;
    struct rg_run_shared shared;
    struct rg_run_setup s;
    struct rg_run_warm_up warm_up;
    struct rg_router *routers; /* [n_cells], as all that follows */
    struct rg_policy *policies;
    struct rg_cell *cells;
    struct rg_estimates *estimates;
    size_t n_cells;
};

/* What a replication of these values looks like. All but the policy is borrowed from v and s. */
struct rg_replication_config rg_run_replication(const struct rg_run_values *v,
                                                const struct rg_run_setup *s,
                                                const struct rg_policy *policy);
/* RG_EUSAGE when the warm-up is as long as a replication: nothing would be left to be measured. */
RG_MUST_USE enum rg_status rg_run_check_warm_up(const struct rg_run_values *v,
                                                const struct rg_run_setup *s, struct rg_err *err);
/* Can the load outgrow the endpoints? Not when all come at once, when users wait for their answers,
 * or when queues are finite. */
bool rg_run_can_saturate(const struct rg_run_values *v, const struct rg_run_setup *s);

/* ---- run_report.c ---- */
void rg_run_print(const struct rg_run *w);

/* ---- run_notes.c ---- */
struct rg_table;
void rg_run_notes(const struct rg_run *w, struct rg_table *t);

/* ---- run_files.c ---- */

/* Collects what the first replication of the first router does, for --trace-events and --export. */
struct rg_run_files;
struct rg_run_files *rg_run_files_new(const struct rg_run *w);
void rg_run_files_free(struct rg_run_files *f); /* NULL is fine */
void rg_run_files_done(void *files, const struct rg_request *request);
void rg_run_files_arrived(void *files, uint64_t index, uint32_t query, double at_s);
void rg_run_files_tried(void *files, const struct rg_try_record *record);
RG_MUST_USE enum rg_status rg_run_files_write(struct rg_run_files *f, struct rg_err *err);

#endif
