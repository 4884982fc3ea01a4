/* The parts of `evaluate`: its options and order of work (cmd_evaluate.c), what is judged
 * (evaluate_setup.c, evaluate_split.c, evaluate_pools.c), the tables of the reference aggregator
 * (evaluate_aggregate.c), routers on splits (evaluate_routers.c), at the settings of a sweep
 * (evaluate_sweep.c) and under load (evaluate_load.c), and what is printed of them
 * (evaluate_tables.h). */
#ifndef RG_CLI_EVALUATE_H
#define RG_CLI_EVALUATE_H

#include <math.h>

#include "cli/run.h"
#include "replay/learn/outcomes.h"
#include "stats/candidates.h"
#include "stats/interval.h"
#include "stats/table.h"

enum { RG_EVALUATE_SEEDS = 1000 };
enum rg_evaluate_rule { RG_RULE_POSITIVE, RG_RULE_SCORE };
enum rg_evaluate_unscored { RG_UNSCORED_AUTO, RG_UNSCORED_ZERO, RG_UNSCORED_SKIP };
enum rg_evaluate_costs { RG_COSTS_TOTAL, RG_COSTS_MEAN };
enum rg_evaluate_random { RG_RANDOM_DRAWN, RG_RANDOM_EXPECTED };

struct rg_evaluate_values {
    struct rg_opt_list routers, seeds, ood, where, reference, scaling, tables, rates, output;
    const char *split, *pool, *baseline, *slm, *llm, *service, *endpoints;
    int rule, unscored, costs, random, format;
    uint64_t sweep, resamples, requests, slots, replications, draw_seed;
    double level, rate, slo_ms, slo_share, margin; /* margin: NaN where not given */
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
/* Candidates of a pool as the option describes it, among those that are offered, into
 * offered[n_models]: names, or K models of a kind. */
RG_MUST_USE enum rg_status rg_evaluate_pool(const struct rg_evaluate_setup *s, const char *pool,
                                            bool *offered, struct rg_err *err);

/* k of the offered models as RouterEval chooses them, from the queries that all splits learn from
 * (all queries without one). RG_EUSAGE when there are too few. */
extern const char *const rg_evaluate_pool_kinds[]; /* by enum rg_candidates_kind */
RG_MUST_USE enum rg_status rg_evaluate_pool_of(const struct rg_evaluate_setup *s,
                                               enum rg_candidates_kind kind, size_t k,
                                               bool *offered, struct rg_candidates_note *note,
                                               struct rg_err *err);

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
/* Its score as it is judged in this split, at a row of s->all; NaN where it counts for nothing. */
double rg_evaluate_judged_score(const struct rg_evaluate_setup *s,
                                const struct rg_evaluate_split *p, size_t row, size_t model);
/* Is the model's answer to a query of p->train one that may be learnt from? */
bool rg_evaluate_is_learnt(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p,
                           uint32_t query, size_t model);
/* Score of a query of common[] and a model, NaN unless every split may learn from it. */
double rg_evaluate_learnt(const struct rg_evaluate_setup *s, uint32_t query, size_t model);
/* Where the reference has the model's answer among those to one question, before it goes by model.
 */
uint32_t rg_evaluate_place(const struct rg_evaluate_setup *s, uint32_t query, size_t model);
/* What a reader must know of the splits, below a table. */
void rg_evaluate_note_splits(const struct rg_evaluate_setup *s, struct rg_table *t);

/* ---- evaluate_aggregate.c ---- */

struct rg_mersenne;
/* Who answers a row (of s->all) of a split in the rows Random Router and Oracle: a main model, or
 * RG_NO_MODEL where none has a score. The draw takes from rng what the reference takes; among is
 * room for all models. */
uint32_t rg_evaluate_draw(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p,
                          struct rg_mersenne *rng, size_t row, size_t *among);
uint32_t rg_evaluate_oracle(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p,
                            int rule, size_t row);

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

/* What a rate of arrivals does to a router. */
enum {
    RG_LOAD_P50, /* ms, of completed requests */
    RG_LOAD_P95,
    RG_LOAD_GOODPUT, /* share of requests */
    RG_LOAD_THROUGHPUT,
    RG_LOAD_BUSY, /* share of the busiest endpoint's slots */
    RG_N_LOAD
};
struct rg_evaluate_load {
    double rate; /* a second */
    size_t replications, splits;
    double *seen; /* replications x RG_N_LOAD: sums over the splits */
};

/* What a router did with the test parts, or what a model would have done. */
struct rg_evaluate_result {
    char *name;           /* as written; of a sweep: and its setting */
    char *family;         /* what counts as one router with several configurations */
    uint32_t model;       /* of a single model; else RG_NO_MODEL */
    bool swept;           /* one setting of a sweep */
    bool simulated;       /* looks at the load: rows are means over requests, without picks */
    const char *knob;     /* what a sweep sets; NULL: nothing */
    double setting;       /* of it; NaN: not swept */
    size_t n;             /* rows: the test queries of all splits, one split behind the other */
    double *score, *cost; /* per row; NaN: not known */
    double *calls;        /* per row */
    uint32_t *pick;       /* who answered: see first_pick; RG_NO_MODEL: nobody */
    double *bits; /* per row: entropy of the router's own probabilities; NULL: it has none */
    double *rate; /* per row: win rate of the strong model of a pair; NULL: no pair */
    uint32_t *strong, *weak; /* per split: that pair; NULL */
    size_t skipped;          /* rows that ended in a call that is not recorded */
    struct rg_evaluate_load *load;
    size_t n_load;
};
struct rg_evaluate_results {
    size_t n, n_rows;
    uint32_t *query, *key; /* per row */
    uint32_t *split;
    size_t *first_pick; /* row i's samples are picks first_pick[i] .. first_pick[i + 1] */
    struct rg_evaluate_result *of;
    size_t n_models; /* the first ones are the single models */
};
RG_MUST_USE enum rg_status rg_evaluate_routers(const struct rg_evaluate_setup *s,
                                               const struct rg_evaluate_values *v,
                                               struct rg_evaluate_results *out, struct rg_err *err);
void rg_evaluate_results_clear(struct rg_evaluate_results *r);

/* The policy of a split, before a router is prepared: what is judged by, what may be learnt from.
 */
struct rg_policy rg_evaluate_policy(const struct rg_evaluate_setup *s, size_t split);

/* A further result: all of it unknown. */
struct rg_evaluate_result *rg_evaluate_result_add(struct rg_evaluate_results *out, const char *name,
                                                  const char *family);
/* All test queries of a split through a prepared router; row: of the first of them in r. */
void rg_evaluate_walk(const struct rg_evaluate_setup *s, const struct rg_evaluate_results *all,
                      const struct rg_policy *p, size_t split, size_t row,
                      struct rg_evaluate_result *r);

/* ---- evaluate_sweep.c ---- */

/* What a prepared router says of its own decisions on a split, into result r from row on: its
 * entropy and, of a pair, its win rates. */
void rg_evaluate_say(const struct rg_evaluate_setup *s, struct rg_router *router, size_t split,
                     size_t row, struct rg_evaluate_result *r);
/* Settings of the router's knob for --sweep, as results from number first on: they are added with
 * the first split. */
RG_MUST_USE enum rg_status rg_evaluate_sweep(const struct rg_evaluate_setup *s,
                                             const struct rg_evaluate_values *v,
                                             struct rg_router *router, struct rg_policy *p,
                                             size_t split, size_t row, size_t first,
                                             struct rg_evaluate_results *out, struct rg_err *err);

/* ---- evaluate_load.c ---- */

/* The rates of --rates, ascending, or that of --rate; free(). RG_EUSAGE for what is no rate. */
RG_MUST_USE enum rg_status rg_evaluate_rates(const struct rg_evaluate_values *v, double **out,
                                             struct rg_err *err);
/* A prepared router (of policy p) on a split, at each of these rates. One that looks at the load
 * gets its scores here, at the least of them; row: of the split's first query in r. */
RG_MUST_USE enum rg_status rg_evaluate_load(const struct rg_evaluate_setup *s,
                                            const struct rg_evaluate_values *v,
                                            const struct rg_policy *p, size_t split, size_t row,
                                            struct rg_evaluate_result *r, struct rg_err *err);
/* Each single model on every split, unless they are very many. */
RG_MUST_USE enum rg_status rg_evaluate_load_models(const struct rg_evaluate_setup *s,
                                                   const struct rg_evaluate_values *v,
                                                   struct rg_evaluate_results *out,
                                                   struct rg_err *err);

/* ---- evaluate_scaling.c ---- */

/* Bounds and routers over pools of each size and kind (RouterEval). */
RG_MUST_USE enum rg_status rg_evaluate_scaling(struct rg_evaluate_setup *s,
                                               const struct rg_evaluate_values *v,
                                               struct rg_table **out, struct rg_err *err);

#endif
