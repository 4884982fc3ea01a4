/* What `evaluate` prints: metrics of models, routers and bounds with their chance
 * (evaluate_columns.c, evaluate_metrics.c), and the tables by name (evaluate_tables.c,
 * evaluate_report.c, evaluate_tests.c, evaluate_choices.c, evaluate_curves.c). */
#ifndef RG_CLI_EVALUATE_TABLES_H
#define RG_CLI_EVALUATE_TABLES_H

#include "cli/evaluate.h"

/* Of each column, in this order. */
enum rg_evaluate_metric {
    RG_EM_DATASETS, /* mean over data sets, then over splits */
    RG_EM_SAMPLES,  /* mean over all rows */
    RG_EM_USD,      /* of a split's test part, mean over splits */
    RG_EM_GAIN_R,   /* means over data sets of ratios, less 1: to the random router, */
    RG_EM_GAIN_B,   /* to the best single model */
    RG_EM_GAP_O,    /* 1 - ratio to the oracle */
    RG_EM_IMP_R,    /* the same as ratios of means */
    RG_EM_IMP_MAX,  /* to Max Expert */
    RG_EM_IMP_B,
    RG_EM_ORACLE_GAP,
    RG_EM_RECALL,   /* of the rows that some candidate solves, those that it solves */
    RG_EM_CALLS,    /* of a query */
    RG_EM_USD_1000, /* of 1,000 queries */
    RG_EM_ARENA,
    RG_N_EM
};
struct rg_evaluate_metric_info {
    const char *name, *head;
    double scale; /* of what is shown */
    int decimals;
};
extern const struct rg_evaluate_metric_info rg_evaluate_metrics[RG_N_EM];

/* Of each family of configurations, and behind the last of the single models as one (the zero
 * router: what mixing models without looking at queries reaches). */
enum {
    RG_EF_PERF_GAIN,
    RG_EF_COST_SAVE,
    RG_EF_PARETO_DIST,
    RG_EF_AIQ,           /* of Sample-Avg by total cost, as RouterBench's program divides it, */
    RG_EF_AIQ_PUBLISHED, /* and as its paper does */
    RG_EF_OVER_ZERO,     /* AIQ less that of the zero router */
    RG_N_EF
};

/* Columns behind the results: bounds, reckoned by row as the results are. */
enum { RG_BASE_DRAWN, RG_BASE_EXPECTED, RG_BASE_EXPERT, RG_BASE_ORACLE, RG_N_BASES };

struct rg_evaluate_family {
    const char *name;
    size_t *own, n; /* results: those of its sweep, else the one as written */
};

/* A run of rows of one split and data set. */
struct rg_evaluate_run {
    size_t begin, end, split, key;
};

struct rg_evaluate_report {
    const struct rg_evaluate_setup *s;
    const struct rg_evaluate_values *v;
    const struct rg_evaluate_aggregate *a;
    const struct rg_evaluate_results *r;
    struct rg_table *scaling; /* NULL: not asked for; taken by the table that shows it */
    bool said_intervals;      /* how intervals are made was noted once */
    size_t splits;
    size_t n, columns;                     /* results; and with the bounds */
    const double **score, **cost, **calls; /* per column, of each row */
    bool *whole_score, *whole_cost;        /* per column: known in all rows */
    double *bounds;                        /* what they point to, of the bounds */
    double *solved_at;                     /* per row: a score that counts as solved; NaN: none */
    struct rg_evaluate_run *runs;
    size_t n_runs;
    struct rg_evaluate_family *families;
    size_t n_families;
    size_t best, baseline;  /* results: the best single model on these rows; and --baseline */
    double *cell;           /* columns x keys: mean over splits of mean scores */
    double *value;          /* columns x RG_N_EM */
    double *family;         /* (families + 1) x RG_N_EF */
    bool *front;            /* per result */
    struct rg_estimate *of; /* columns x RG_N_EM, intervals over queries */
    struct rg_estimate *of_family; /* (families + 1) x RG_N_EF */
    double *p_front;               /* per result; NaN: not known */
    double *seed;        /* splits x columns x RG_N_EM: each split by itself; NULL: one split */
    double *seed_family; /* splits x (families + 1) x RG_N_EF; NULL */
};
/* All of the above from the results; release with _clear. */
void rg_evaluate_report_init(struct rg_evaluate_report *p, const struct rg_evaluate_setup *s,
                             const struct rg_evaluate_values *v,
                             const struct rg_evaluate_aggregate *a,
                             const struct rg_evaluate_results *r);
/* Have single models intervals, too? Very many have not. */
bool rg_evaluate_has_intervals(const struct rg_evaluate_report *p);
void rg_evaluate_report_clear(struct rg_evaluate_report *p);

/* Fills in the bounds, runs, solved_at and families of a report that has its results. */
void rg_evaluate_columns(struct rg_evaluate_report *p);

/* Name of a column: of a result or a bound. */
const char *rg_evaluate_column_name(const struct rg_evaluate_report *p, size_t column);
/* A bootstrap over queries as all of evaluate's: within data sets, a query with all its rows. */
struct rg_bootstrap_plan;
void rg_evaluate_plan(const struct rg_evaluate_report *p, struct rg_bootstrap_plan *out);
/* Per query of the trace, the mean of x over the query's rows (of data set `key`, RG_NAMES_NONE:
 * all); NaN without any. */
void rg_evaluate_per_query(const struct rg_evaluate_report *p, const double *x, uint32_t key,
                           double *out);
/* Mean of x over the rows where it is known, Student's t over queries. */
struct rg_estimate rg_evaluate_mean(const struct rg_evaluate_report *p, const double *x);
/* Mean of x by that of y, on the rows that both have; interval by the bootstrap, if it is wanted.
 */
struct rg_estimate rg_evaluate_ratio(const struct rg_evaluate_report *p, const double *x,
                                     const double *y);
void rg_evaluate_put(struct rg_table *t, size_t column, struct rg_estimate e, double scale);
/* Name of a data set by its column. */
const char *rg_evaluate_key_name(const struct rg_evaluate_report *p, size_t key);

/* ---- the tables: each a table, or NULL with a reason why there is nothing to show ---- */

typedef struct rg_table *rg_evaluate_maker(struct rg_evaluate_report *p, const char **why);
rg_evaluate_maker rg_evaluate_routers_table, rg_evaluate_gains_table, rg_evaluate_families_table,
    rg_evaluate_datasets_table, rg_evaluate_seeds_table, rg_evaluate_per_seed_table,
    rg_evaluate_arena_table; /* evaluate_report.c */
rg_evaluate_maker rg_evaluate_differences_table, rg_evaluate_pairs_table,
    rg_evaluate_pairs_cost_table, rg_evaluate_ranks_table; /* evaluate_tests.c */
rg_evaluate_maker rg_evaluate_breakdown_table, rg_evaluate_shares_table,
    rg_evaluate_recall_table; /* evaluate_choices.c */
rg_evaluate_maker rg_evaluate_curves_table, rg_evaluate_pair_curves_table, rg_evaluate_sweep_table,
    rg_evaluate_routereval_table;                                     /* evaluate_curves.c */
rg_evaluate_maker rg_evaluate_load_table, rg_evaluate_capacity_table; /* evaluate_load.c */

/* ---- evaluate_tables.c ---- */

/* Are the names of --table known, and does each have what it needs? */
RG_MUST_USE enum rg_status rg_evaluate_check_tables(const struct rg_evaluate_values *v,
                                                    struct rg_err *err);
/* The tables that were asked for, or the usual ones, on standard output. */
void rg_evaluate_print(struct rg_evaluate_report *p);

#endif
