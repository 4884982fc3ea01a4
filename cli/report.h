/* The parts of `report`: its options and work (cmd_report.c), what it takes from a result file
 * (report_data.c, report_units.c), its tables (report_tables.c, report_behind.c, report_requests.c,
 * report_tests.c, report_against.c, report_change.c, report_spec.c) and figures (report_figures.h,
 * report_draw.c).
 *
 * A report speaks of groups of cells: those that have the same values of some axes. What a group
 * shows is what its cells show on average, each counting alike, on the same units: queries, or
 * replications, of which those with another seed are others. */
#ifndef RG_CLI_REPORT_H
#define RG_CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/estimates.h"
#include "cli/options.h"
#include "sim/results.h"
#include "stats/figure.h"
#include "stats/interval.h"
#include "stats/table.h"

/* The options. */
struct rg_report_values {
    struct rg_opt_list tables, by, where, metric, minimise, maximise, tolerance, figure_formats;
    const char *baseline, *against, *figures;
    uint64_t resamples, seed;
    int format;
};

enum rg_better { RG_BETTER_NEITHER, RG_BETTER_LESS, RG_BETTER_MORE };

struct rg_report_metric {
    const char *name, *head; /* of data, of a column for people */
    const char *words;       /* for titles, with the unit: mean latency (ms) */
    enum rg_results_over over;
    bool part;
    const struct rg_metric_info *info; /* NULL: none of those that `run` knows */
    int decimals;
    double scale; /* for people: 100 where they see hundredths */
    enum rg_better better;
};

/* Cells with the same values of some axes. */
struct rg_report_group {
    size_t *cell; /* places in the report's cells */
    size_t n;
    uint32_t *value; /* of each axis of the grouping */
    char *label;     /* the values, joined */
};

struct rg_report_groups {
    size_t *axis;
    size_t n_axes;
    struct rg_report_group *group; /* in the order of the values; the first axis changes slowest */
    size_t n;
};

struct rg_report {
    const struct rg_report_values *v;
    const char *path;
    struct rg_results *db;
    double level;
    /* finished cells that --where chose */
    struct rg_results_cell *cells;
    size_t n_cells, n_chosen;         /* n_chosen: finished or not */
    struct rg_report_metric *metrics; /* of the file, in its order */
    size_t n_metrics;
    size_t *shown; /* metrics that --metric names */
    size_t n_shown;
    size_t seed_axis;               /* SIZE_MAX: none */
    size_t replications;            /* most of any cell */
    struct rg_report_groups groups; /* of --by */
};

/* ---- report_data.c, report_units.c ---- */

/* Opens a result file and loads what the options ask for. Release with _clear, also after an
 * error. */
RG_MUST_USE enum rg_status rg_report_load(struct rg_report *r, const struct rg_report_values *v,
                                          const char *path, struct rg_err *err);
void rg_report_clear(struct rg_report *r);

/* A title's first letter, made a capital. */
void rg_report_capital(struct rg_buf *text);

/* Number of a metric by its name, or SIZE_MAX; likewise of an axis. */
size_t rg_report_metric_find(const struct rg_report *r, const char *name);
size_t rg_report_axis_find(const struct rg_report *r, const char *name);
/* The same, RG_EUSAGE with a near name where there is none. */
RG_MUST_USE enum rg_status rg_report_metric_want(const struct rg_report *r, const char *name,
                                                 size_t *metric, struct rg_err *err);

/* Cells by the values of axes, which are borrowed no longer than the call. */
void rg_report_group(struct rg_report_groups *out, const struct rg_report *r, const size_t *axis,
                     size_t n_axes);
void rg_report_groups_clear(struct rg_report_groups *g);

/* What a group shows of a metric, with its interval. */
struct rg_estimate rg_report_estimate(const struct rg_report *r, const struct rg_report_group *g,
                                      size_t metric);

/* Units of a metric, and what a group shows of them: NaN where its cells have none. */
size_t rg_report_n_units(const struct rg_report *r, size_t metric);
void rg_report_units(const struct rg_report *r, const struct rg_report_group *g, size_t metric,
                     double *out);
/* Units that all of n groups have, unit by unit: out[u * n + i], in memory of n times
 * rg_report_n_units; returns how many. */
size_t rg_report_complete(const struct rg_report *r, const struct rg_report_group *const *groups,
                          size_t n, size_t metric, double *out);

/* A number among the options of a cell of a file; NaN where it is none. */
double rg_report_option(const struct rg_results *db, const char *path, size_t cell,
                        const char *name);

/* Is some endpoint saturated in a cell of the group? */
bool rg_report_saturated(const struct rg_report *r, const struct rg_report_group *g);
/* And does the metric then grow with the length of a run, so that it has no interval? */
bool rg_report_withheld(const struct rg_report *r, const struct rg_report_group *g, size_t metric);

/* Group that a group is compared with by --baseline; SIZE_MAX: with none. */
RG_MUST_USE enum rg_status rg_report_baseline(const struct rg_report *r, size_t *of_group,
                                              struct rg_err *err);

/* ---- tables ---- */

struct rg_report_tables {
    struct rg_table **table;
    size_t n, cap;
};
void rg_report_tables_add(struct rg_report_tables *t, struct rg_table *table);

/* A new table with a key column for each axis of the grouping, and a new row of it, which returns
 * the first column behind them. */
struct rg_table *rg_report_table(const struct rg_report *r, const char *title,
                                 const struct rg_report_groups *g);
size_t rg_report_row(struct rg_table *t, const struct rg_report *r,
                     const struct rg_report_groups *g, size_t i);
/* A column for a metric, an estimate for it in people's or in data's unit. */
size_t rg_report_column(struct rg_table *t, const struct rg_report *r, size_t metric);
void rg_report_put(struct rg_table *t, const struct rg_report *r, size_t column, size_t metric,
                   struct rg_estimate e);
bool rg_report_for_people(const struct rg_report *r);

/* report_behind.c: what stands behind the numbers of a table. Its rows are the groups of n
 * groupings, one after the other; all is borrowed. */
struct rg_report_behind;
struct rg_report_behind *rg_report_behind_new(const struct rg_report *r,
                                              const struct rg_report_groups *g, size_t n,
                                              const size_t *metric, size_t n_metrics);
void rg_report_behind_free(struct rg_report_behind *b);
/* Columns with the numbers of queries, replications and cells: in data all, and NAME_n of a metric
 * that was observed on fewer; for people those that differ between rows. Then their values. */
void rg_report_behind_columns(struct rg_report_behind *b, struct rg_table *t);
void rg_report_behind_put(const struct rg_report_behind *b, struct rg_table *t, size_t column,
                          size_t row);
/* What columns do not say: numbers behind each "row" or "value", intervals that are withheld. */
void rg_report_behind_notes(const struct rg_report_behind *b, struct rg_table *t, const char *each);
void rg_report_note_withheld(struct rg_table *t);

bool rg_report_is_by(const struct rg_report_groups *g, size_t axis);
/* Have two cells the same values of all axes that groups are averages over? */
bool rg_report_is_counterpart(const struct rg_report *r, const struct rg_report_groups *g, size_t a,
                              size_t b);
/* Cells of a group, into cell, that have a counterpart in another: one with the same values of all
 * axes that the grouping is not by. Returns how many. */
size_t rg_report_counterparts(const struct rg_report *r, const struct rg_report_groups *g,
                              size_t group, size_t of, size_t *cell);
/* Has each cell of each group a counterpart in all others? */
bool rg_report_balanced(const struct rg_report *r, const struct rg_report_groups *g);
void rg_report_note_unbalanced(struct rg_table *t, const struct rg_report *r,
                               const struct rg_report_groups *g);

typedef enum rg_status rg_report_maker(struct rg_report *r, struct rg_report_tables *t,
                                       struct rg_err *err);

/* report_tables.c, report_requests.c */
rg_report_maker rg_report_summary, rg_report_levels, rg_report_quality, rg_report_latency,
    rg_report_parts, rg_report_cost, rg_report_slo, rg_report_coverage, rg_report_reliability,
    rg_report_calibration, rg_report_reasons, rg_report_escalation, rg_report_heat;
/* report_tests.c */
rg_report_maker rg_report_effects, rg_report_compare, rg_report_front;

/* Escalated requests of one category (of the trace) in a group. */
struct rg_estimate rg_report_escalated(const struct rg_report *r, const struct rg_report_group *g,
                                       size_t category);
/* Two axes for a heat table: router and memory, or those with most values. */
bool rg_report_two_axes(const struct rg_report *r, size_t axis[2]);

/* Which groups are on the front of the objectives, and how often when queries are drawn anew. */
struct rg_report_front {
    size_t metric[5];
    size_t d;
    bool maximise[5];
    struct rg_estimate *mean; /* groups x d */
    bool *on;                 /* of each group, as the next */
    double *chance;           /* NULL: the objectives are not all over queries, or not asked for */
    size_t n_on, units;       /* queries that all groups have */
};
RG_MUST_USE enum rg_status rg_report_front_make(struct rg_report_front *f,
                                                const struct rg_report *r, struct rg_err *err);
void rg_report_front_of(struct rg_report_front *f, const struct rg_report *r,
                        const struct rg_report_groups *g, uint64_t resamples);
void rg_report_front_clear(struct rg_report_front *f);

/* report_against.c: *beyond is how many differences are beyond the tolerance. */
RG_MUST_USE enum rg_status rg_report_against(struct rg_report *r, struct rg_report_tables *t,
                                             size_t *beyond, struct rg_err *err);

/* report_change.c: how much one metric of a cell differs between two files. */
struct rg_report_pair {
    const struct rg_results_cell *old, *now; /* with their vectors */
    size_t old_metric, metric;               /* numbers in either */
    bool same_units; /* equal traces and queries: what was observed on a unit can be paired */
    bool same_seed;  /* and replications share their random numbers */
    bool same_level; /* of the intervals */
};

enum rg_report_pairing { RG_PAIRED_NOT, RG_PAIRED_QUERIES, RG_PAIRED_REPLICATIONS };

struct rg_report_change {
    enum rg_report_pairing paired;
    double reference;              /* the earlier value; paired: on the units that both have */
    struct rg_estimate difference; /* likewise; .n units (unpaired: of the side with fewer) */
    double p, p_holm;              /* p_holm is for the caller to fill in; NaN: no test */
    bool partial;                  /* paired, and one of both has other units, too */
};

/* The paired t test on the units that both have, of which there must be two; else Welch's t test,
 * and where one side has fewer than two units the difference of two independent intervals. */
struct rg_report_change rg_report_change_of(const struct rg_report_pair *pair,
                                            const struct rg_report_metric *m, double level);

/* report_spec.c: a table by a specification (stats/tablespec.h) over the finished cells. */
RG_MUST_USE enum rg_status rg_report_spec(struct rg_report *r, const char *path,
                                          struct rg_report_tables *t, struct rg_err *err);

/* ---- figures ---- */

/* report_figures.c: all figures that the file has data for, into the folder of --figures. */
RG_MUST_USE enum rg_status rg_report_figures(struct rg_report *r, struct rg_err *err);

/* report_draw.c: a folder for figures and the gnuplot that draws them. */
struct rg_report_folder {
    const char *path;
    bool format[RG_N_FIGURE_FORMATS];
    bool gnuplot;     /* there is one that is new enough */
    char version[64]; /* gnuplot 5.4 patchlevel 4 */
    bool failed;      /* it could not draw something */
    size_t written;
};
RG_MUST_USE enum rg_status rg_report_folder_open(struct rg_report_folder *f, const char *path,
                                                 const struct rg_opt_list *formats,
                                                 struct rg_err *err);
/* Writes a figure's script and data and draws it; the figure is cleared. */
RG_MUST_USE enum rg_status rg_report_draw(struct rg_report_folder *f, const char *name,
                                          struct rg_figure *figure, struct rg_err *err);

#endif
