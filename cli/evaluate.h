/* The parts of `evaluate`: its options and order of work (cmd_evaluate.c), what is judged
 * (evaluate_setup.c, evaluate_split.c), the tables of the reference aggregator
 * (evaluate_aggregate.c), routers on splits (evaluate_routers.c), and what is printed of them
 * (evaluate_report.c). */
#ifndef RG_CLI_EVALUATE_H
#define RG_CLI_EVALUATE_H

#include <math.h>

#include "cli/run.h"
#include "replay/learn/outcomes.h"
#include "stats/interval.h"
#include "stats/table.h"

enum { RG_EVALUATE_SEEDS = 1000 };
enum rg_evaluate_rule { RG_RULE_POSITIVE, RG_RULE_SCORE };
enum rg_evaluate_unscored { RG_UNSCORED_AUTO, RG_UNSCORED_ZERO, RG_UNSCORED_SKIP };
enum rg_evaluate_costs { RG_COSTS_TOTAL, RG_COSTS_MEAN };

struct rg_evaluate_values {
    struct rg_opt_list routers, seeds, ood, where, reference, scaling, output;
    const char *split, *pool, *baseline, *slm, *llm, *service, *endpoints;
    int rule, unscored, costs, format;
    uint64_t sweep, resamples, requests, slots, replications, draw_seed;
    double level, rate, slo_ms;
    bool load, details;
    bool load_if_looked; /* only routers that look at the load are put under it */
};

/* A column of the reference's tables: a data set that has queries. */
struct rg_evaluate_key {
    uint32_t dataset;
    bool ood;
};

struct rg_evaluate_split {
    uint64_t seed;
    uint32_t *train, *test; /* queries, both in order of appearance */
    size_t n_train, n_test;
    size_t n_both; /* queries that are in both: learnt from for some models, judged by for others */
    bool *learnt;  /* per call: may be learnt from; NULL when n_both is 0 */
};

/* What is judged: everything that the options make of the trace. */
struct rg_evaluate_setup {
    struct rg_run_shared shared;
    struct rg_run_setup run;
    const struct rg_trace *trace;
    uint32_t *queries; /* all that pass --where, in order of appearance */
    size_t n;
    struct rg_outcomes all; /* rows: queries[] */
    uint32_t *row;          /* per query of the trace: its row in all, RG_NAMES_NONE: none */
    bool *offered;          /* per model: one of the main models */
    bool *reference;        /* per model */
    size_t n_offered, n_reference;
    struct rg_evaluate_key *keys;
    size_t n_keys;
    uint32_t *key; /* per data set: its column, RG_NAMES_NONE */
    bool *ood;     /* per data set; NULL: none is */
    bool zero;     /* a recorded answer without a score counts 0 */
    struct rg_evaluate_split *splits;
    size_t n_splits; /* at least 1; without --split its test part is everything */
    bool has_split;
    struct rg_split_prompts *prompts; /* of a split by share; NULL */
    uint32_t *common; /* queries that every split learns from; without --split all */
    size_t n_common;
};
RG_MUST_USE enum rg_status rg_evaluate_setup(struct rg_evaluate_setup *s,
                                             const struct rg_evaluate_values *v, const char *trace,
                                             struct rg_err *err);
void rg_evaluate_setup_clear(struct rg_evaluate_setup *s);
/* Candidates of a pool from the queries of a split's train part (all queries without one): K models
 * of KIND strong, weak or mixed, or those that are named; into offered[n_models]. */
RG_MUST_USE enum rg_status rg_evaluate_pool(const struct rg_evaluate_setup *s, const char *pool,
                                            bool *offered, struct rg_err *err);

/* Score of a row and model as it is judged: NaN where it counts for nothing. */
static inline double
rg_evaluate_score(const struct rg_evaluate_setup *s, size_t row, size_t model)
{
    size_t at = row * s->all.m + model;
    double x = s->all.score[at];

    return isnan(x) && s->zero && s->all.recorded[at] ? 0 : x;
}

/* ---- evaluate_split.c ---- */

/* The splits and common[]; after queries, names of data sets and --ood. */
RG_MUST_USE enum rg_status rg_evaluate_splits(struct rg_evaluate_setup *s,
                                              const struct rg_evaluate_values *v,
                                              struct rg_err *err);
/* Is the model's answer to a query of p->test one that is judged by? */
bool rg_evaluate_judged(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p,
                        uint32_t query, size_t model);
/* Score of a query of common[] and a model, NaN unless every split may learn from it. */
double rg_evaluate_learnt(const struct rg_evaluate_setup *s, uint32_t query, size_t model);
/* Where the reference has the model's answer among those to one question, before it goes by model.
 */
uint32_t rg_evaluate_place(const struct rg_evaluate_setup *s, uint32_t query, size_t model);
/* What a reader must know of the splits, below a table. */
void rg_evaluate_note_splits(const struct rg_evaluate_setup *s, struct rg_table *t);

/* ---- evaluate_aggregate.c ---- */

/* Rows of the reference's tables. */
enum rg_evaluate_kind {
    RG_ROW_MODEL,
    RG_ROW_AVG,
    RG_ROW_RANDOM,
    RG_ROW_MAX_EXPERT,
    RG_ROW_ORACLE,
    RG_ROW_REFERENCE
};
enum { /* the columns before those of the data sets */
       RG_MEAN_DATASETS,
       RG_MEAN_SAMPLES,
       RG_MEAN_IN,
       RG_MEAN_OOD,
       RG_MEAN_IN_SAMPLES,
       RG_MEAN_OOD_SAMPLES,
       RG_N_MEANS
};
struct rg_evaluate_row {
    enum rg_evaluate_kind kind;
    uint32_t model;
    double mean[RG_N_MEANS]; /* of scores; NaN: none */
    double cost_sum;
    double *score, *cost; /* per key */
};
struct rg_evaluate_aggregate {
    struct rg_evaluate_row *rows;
    size_t n_rows, n_models; /* the first ones are the main models */
    size_t unscored;         /* answers without a score, of main and reference models */
};
/* Of the test part of every split, cells averaged over the splits that have them. */
void rg_evaluate_aggregate(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                           struct rg_evaluate_aggregate *out);
void rg_evaluate_aggregate_clear(struct rg_evaluate_aggregate *a);
/* The row of a kind (RG_ROW_AVG and what follows it). */
const struct rg_evaluate_row *rg_evaluate_row(const struct rg_evaluate_aggregate *a,
                                              enum rg_evaluate_kind kind);
struct rg_table *rg_evaluate_score_table(const struct rg_evaluate_setup *s,
                                         const struct rg_evaluate_aggregate *a);
struct rg_table *rg_evaluate_cost_table(const struct rg_evaluate_setup *s,
                                        const struct rg_evaluate_values *v,
                                        const struct rg_evaluate_aggregate *a);

/* ---- evaluate_routers.c ---- */

/* What a router did with the test parts, or what a model would have done. */
struct rg_evaluate_result {
    char *name;           /* as written, with the weight of a sweep */
    char *family;         /* what counts as one router with several configurations */
    uint32_t model;       /* of a single model; else RG_NO_MODEL */
    size_t n;             /* rows: the test queries of all splits, one split behind the other */
    double *score, *cost; /* per row; NaN: not known */
    double *calls;        /* per row */
    size_t skipped;       /* rows that ended in a call that is not recorded */
    struct rg_estimate p95_ms, goodput; /* of --load, on the first split */
};
struct rg_evaluate_results {
    size_t n, n_rows;
    uint32_t *query, *key; /* per row */
    uint32_t *split;
    struct rg_evaluate_result *of;
    size_t n_models; /* the first ones are the single models */
};
RG_MUST_USE enum rg_status rg_evaluate_routers(const struct rg_evaluate_setup *s,
                                               const struct rg_evaluate_values *v,
                                               struct rg_evaluate_results *out, struct rg_err *err);
void rg_evaluate_results_clear(struct rg_evaluate_results *r);

/* ---- evaluate_report.c ---- */

/* Appends the tables about routers to tables[]; returns how many there are then. */
enum { RG_EVALUATE_TABLES = 16 };
size_t rg_evaluate_report(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                          const struct rg_evaluate_aggregate *a,
                          const struct rg_evaluate_results *r,
                          struct rg_table *tables[RG_EVALUATE_TABLES], size_t n);

/* ---- evaluate_scaling.c ---- */

/* Bounds and routers over pools of each size and kind (RouterEval). */
RG_MUST_USE enum rg_status rg_evaluate_scaling(struct rg_evaluate_setup *s,
                                               const struct rg_evaluate_values *v,
                                               struct rg_table **out, struct rg_err *err);

#endif
