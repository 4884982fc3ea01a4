/* report: tables of what groups of cells show. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/sum.h"
#include "cli/report.h"

/* ---- what tables share ---- */

void
rg_report_tables_add(struct rg_report_tables *t, struct rg_table *table)
{
    t->table = rg_grow(t->table, &t->cap, t->n + 1, sizeof *t->table);
    t->table[t->n++] = table;
}

bool
rg_report_for_people(const struct rg_report *r)
{
    return r->v->format != RG_CSV && r->v->format != RG_JSON;
}

static void
key_columns(struct rg_table *t, const struct rg_report *r, const struct rg_report_groups *g)
{
    for (size_t k = 0; k < g->n_axes; k++)
        rg_table_column(t, rg_results_axis(r->db, g->axis[k]), NULL, RG_COL_TEXT, 0, true);
    if (g->n_axes == 0)
        rg_table_column(t, "cells", NULL, RG_COL_TEXT, 0, true);
}

struct rg_table *
rg_report_table(const struct rg_report *r, const char *title, const struct rg_report_groups *g)
{
    struct rg_table *t = rg_table_new(title);

    key_columns(t, r, g);
    return t;
}

static size_t
put_keys(struct rg_table *t, const struct rg_report *r, const struct rg_report_groups *g, size_t i)
{
    for (size_t k = 0; k < g->n_axes; k++)
        rg_table_text(t, k, rg_results_value(r->db, g->axis[k], g->group[i].value[k]));
    if (g->n_axes == 0)
        rg_table_text(t, 0, "all");
    return g->n_axes > 0 ? g->n_axes : 1;
}

size_t
rg_report_row(struct rg_table *t, const struct rg_report *r, const struct rg_report_groups *g,
              size_t i)
{
    rg_table_row(t);
    return put_keys(t, r, g, i);
}

size_t
rg_report_column(struct rg_table *t, const struct rg_report *r, size_t metric)
{
    const struct rg_report_metric *m = &r->metrics[metric];

    return rg_table_column(t, m->name, m->head, RG_COL_ESTIMATE, m->decimals, false);
}

void
rg_report_put(struct rg_table *t, const struct rg_report *r, size_t column, size_t metric,
              struct rg_estimate e)
{
    double scale = rg_report_for_people(r) ? r->metrics[metric].scale : 1;

    rg_table_estimate(t, column, e.value * scale, e.lo * scale, e.hi * scale);
}

/* ---- tables of metrics ---- */

/* Does any cell have it, and more of it than people would see as 0? */
static bool
occurs(const struct rg_report *r, size_t metric)
{
    for (size_t i = 0; i < r->n_cells; i++) {
        double x = r->cells[i].estimates[metric].value;

        if (!isnan(x) && !(r->metrics[metric].part && rg_report_for_people(r) && fabs(x) < 0.5))
            return true;
    }
    return false;
}

/* A row for each group, a column for each metric, and what the intervals speak of. */
static struct rg_table *
metrics_table(const struct rg_report *r, const char *title, const size_t *metric, size_t n)
{
    struct rg_table *t = rg_report_table(r, title, &r->groups);
    struct rg_report_behind *b = rg_report_behind_new(r, &r->groups, 1, metric, n);

    for (size_t k = 0; k < n; k++)
        rg_report_column(t, r, metric[k]);
    rg_report_behind_columns(b, t);
    for (size_t i = 0; i < r->groups.n; i++) {
        size_t column = rg_report_row(t, r, &r->groups, i);

        for (size_t k = 0; k < n; k++)
            rg_report_put(t, r, column++, metric[k],
                          rg_report_estimate(r, &r->groups.group[i], metric[k]));
        rg_report_behind_put(b, t, column, i);
    }
    rg_report_behind_notes(b, t, "row");
    rg_report_note_unbalanced(t, r, &r->groups);
    rg_report_behind_free(b);
    return t;
}

/* The metrics of a list that occur. */
static size_t
named(const struct rg_report *r, const char *const *names, size_t n, size_t *metric)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        size_t m = rg_report_metric_find(r, names[i]);

        if (m != SIZE_MAX && occurs(r, m))
            metric[k++] = m;
    }
    return k;
}

#define NAMED(R, NAMES, METRIC) named(R, NAMES, sizeof(NAMES) / sizeof *(NAMES), METRIC)

static void
add_metrics(const struct rg_report *r, struct rg_report_tables *t, const char *title,
            const char *const *names, size_t n)
{
    size_t *metric = rg_alloc(n, sizeof *metric);

    n = named(r, names, n, metric);
    if (n > 0)
        rg_report_tables_add(t, metrics_table(r, title, metric, n));
    free(metric);
}

enum rg_status
rg_report_summary(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    size_t *metric = rg_alloc(r->n_shown, sizeof *metric), n = 0;

    (void)err;
    for (size_t i = 0; i < r->n_shown; i++)
        if (occurs(r, r->shown[i]))
            metric[n++] = r->shown[i];
    rg_report_tables_add(t, metrics_table(r, "Summary", metric, n));
    free(metric);
    return RG_OK;
}

enum rg_status
rg_report_quality(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    static const char *const names[] = {"score",
                                        "regret",
                                        "label_accuracy",
                                        "json_valid",
                                        "schema_valid",
                                        "schema_valid_repaired",
                                        "groundedness_overlap",
                                        "faithfulness_overlap"};

    (void)err;
    add_metrics(r, t, "Quality of answers", names, sizeof names / sizeof *names);
    return RG_OK;
}

enum rg_status
rg_report_latency(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    static const char *const names[] = {"latency_mean_ms", "latency_p50_ms", "latency_p95_ms",
                                        "latency_p99_ms",  "ttft_mean_ms",   "ttft_p99_ms"};

    (void)err;
    add_metrics(r, t, "Latency of completed requests (ms)", names, sizeof names / sizeof *names);
    return RG_OK;
}

enum rg_status
rg_report_parts(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    size_t *metric = rg_alloc(r->n_metrics, sizeof *metric), n = 0;

    (void)err;
    for (size_t m = 0; m < r->n_metrics; m++)
        if (r->metrics[m].part && occurs(r, m))
            metric[n++] = m;
    if (n > 0)
        rg_report_tables_add(t, metrics_table(r, "Mean latency by part (ms)", metric, n));
    free(metric);
    return RG_OK;
}

/* Rows of one axis's levels; first: of all rows the number of its first. */
static void
put_levels(struct rg_table *table, const struct rg_report *r, const struct rg_report_groups *g,
           const struct rg_report_behind *b, size_t first)
{
    for (size_t i = 0; i < g->n; i++) {
        rg_table_row(table);
        rg_table_text(table, 0, rg_results_axis(r->db, g->axis[0]));
        rg_table_text(table, 1, g->group[i].label);
        for (size_t m = 0; m < r->n_shown; m++)
            rg_report_put(table, r, 2 + m, r->shown[m],
                          rg_report_estimate(r, &g->group[i], r->shown[m]));
        rg_report_behind_put(b, table, 2 + r->n_shown, first + i);
    }
}

/* Levels of which axes are averages over different cells of the others? */
static void
note_levels(struct rg_table *table, const struct rg_report *r, const struct rg_report_groups *g)
{
    struct rg_buf names = {0};

    for (size_t k = 0; k < r->groups.n_axes; k++)
        if (!rg_report_balanced(r, &g[k]))
            rg_buf_printf(&names, "%s%s", names.len > 0 ? ", " : "",
                          rg_results_axis(r->db, g[k].axis[0]));
    if (names.len > 0)
        rg_table_note(table,
                      "Levels of %s are averages over different cells, as some are excluded "
                      "or not finished: they differ by these, too.",
                      rg_buf_text(&names));
    rg_buf_clear(&names);
}

enum rg_status
rg_report_levels(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    size_t n = r->groups.n_axes, first = 0;
    struct rg_report_groups *g;
    struct rg_report_behind *b;
    struct rg_table *table;

    (void)err;
    if (n == 0)
        return RG_OK;
    g = rg_alloc(n, sizeof *g);
    for (size_t k = 0; k < n; k++)
        rg_report_group(&g[k], r, &r->groups.axis[k], 1);
    b = rg_report_behind_new(r, g, n, r->shown, r->n_shown);
    table = rg_table_new("Levels of each axis");
    rg_table_column(table, "axis", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(table, "level", NULL, RG_COL_TEXT, 0, true);
    for (size_t k = 0; k < r->n_shown; k++)
        rg_report_column(table, r, r->shown[k]);
    rg_report_behind_columns(b, table);
    for (size_t k = 0; k < n; k++) {
        put_levels(table, r, &g[k], b, first);
        first += g[k].n;
    }
    rg_table_note(table, "Each row is the average over all cells with that value of the axis.");
    rg_report_behind_notes(b, table, "row");
    note_levels(table, r, g);
    rg_report_behind_free(b);
    for (size_t k = 0; k < n; k++)
        rg_report_groups_clear(&g[k]);
    free(g);
    rg_report_tables_add(t, table);
    return RG_OK;
}

/* ---- cost ---- */

static double
value_named(const struct rg_report *r, size_t group, const char *name)
{
    size_t m = rg_report_metric_find(r, name);

    return m == SIZE_MAX ? NAN : rg_report_estimate(r, &r->groups.group[group], m).value;
}

/* Dollars of all tries, and of replicas, over all replications of the group's cells. */
static void
put_endpoint_costs(struct rg_table *t, size_t column, const struct rg_report *r, size_t group)
{
    const struct rg_report_group *g = &r->groups.group[group];
    struct rg_sum replicas = {0};
    uint64_t offered = 0;

    for (size_t i = 0; i < g->n; i++) {
        const struct rg_results_cell *c = &r->cells[g->cell[i]];

        offered += c->counts.offered;
        for (size_t m = 0; m < c->n_models; m++)
            rg_sum_add(&replicas, c->endpoints[m].infrastructure_usd);
    }
    rg_table_number(t, column,
                    offered > 0 ? rg_sum_value(&replicas) * 1000 / (double)offered : NAN);
}

enum rg_status
rg_report_cost(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    static const char *const names[] = {"cost_usd_per_1000", "slm_cost_usd_per_1000",
                                        "llm_cost_usd_per_1000", "prompt_tokens",
                                        "completion_tokens"};
    size_t metric[sizeof names / sizeof *names], n = NAMED(r, names, metric), column;
    struct rg_table *table = rg_report_table(r, "Cost by tier", &r->groups);
    struct rg_report_behind *b = rg_report_behind_new(r, &r->groups, 1, metric, n);

    (void)err;
    for (size_t k = 0; k < n; k++)
        rg_report_column(table, r, metric[k]);
    rg_table_column(table, "llm_share_of_cost", "LLM % of cost", RG_COL_NUMBER, 1, false);
    rg_table_column(table, "replica_usd_per_1000", "replicas USD/1000", RG_COL_NUMBER, 2, false);
    rg_report_behind_columns(b, table);
    for (size_t i = 0; i < r->groups.n; i++) {
        double slm = value_named(r, i, "slm_cost_usd_per_1000");
        double llm = value_named(r, i, "llm_cost_usd_per_1000");
        double share = slm + llm > 0 ? llm / (slm + llm) : NAN;

        column = rg_report_row(table, r, &r->groups, i);
        for (size_t k = 0; k < n; k++)
            rg_report_put(table, r, column++, metric[k],
                          rg_report_estimate(r, &r->groups.group[i], metric[k]));
        rg_table_number(table, column++, rg_report_for_people(r) ? 100 * share : share);
        put_endpoint_costs(table, column++, r, i);
        rg_report_behind_put(b, table, column, i);
    }
    rg_table_note(table, "Costs by tier are of all tries, warm-up included; tokens are those of a "
                         "request.");
    rg_report_behind_notes(b, table, "row");
    rg_report_behind_free(b);
    rg_report_tables_add(t, table);
    return RG_OK;
}

/* ---- service levels ---- */

static const char *
saturated_model(const struct rg_report *r, const struct rg_report_group *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (r->cells[g->cell[i]].counts.saturated < rg_results_n_models(r->db))
            return rg_results_model(r->db, r->cells[g->cell[i]].counts.saturated);
    return NULL;
}

/* Busiest model of the group's cells when they agree. */
static const char *
busiest_model(const struct rg_report *r, const struct rg_report_group *g)
{
    uint32_t busiest = r->cells[g->cell[0]].counts.busiest;

    for (size_t i = 1; i < g->n; i++)
        if (r->cells[g->cell[i]].counts.busiest != busiest)
            return "(several)";
    return busiest < rg_results_n_models(r->db) ? rg_results_model(r->db, busiest) : NULL;
}

enum rg_status
rg_report_slo(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    static const char *const names[] = {"goodput", "throughput_per_s", "latency_p95_ms",
                                        "utilisation"};
    size_t metric[sizeof names / sizeof *names], n = NAMED(r, names, metric), column;
    struct rg_table *table = rg_report_table(r, "Service levels", &r->groups);
    struct rg_report_behind *b = rg_report_behind_new(r, &r->groups, 1, metric, n);

    (void)err;
    rg_table_column(table, "slo_ms", "SLO ms", RG_COL_NUMBER, 0, false);
    for (size_t k = 0; k < n; k++)
        rg_report_column(table, r, metric[k]);
    rg_table_column(table, "busiest", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(table, "saturated", NULL, RG_COL_TEXT, 0, false);
    rg_report_behind_columns(b, table);
    for (size_t i = 0; i < r->groups.n; i++) {
        const struct rg_report_group *g = &r->groups.group[i];
        const char *busiest = busiest_model(r, g), *over = saturated_model(r, g);
        double slo = rg_report_option(r->db, r->path, r->cells[g->cell[0]].cell, "slo-ms");

        column = rg_report_row(table, r, &r->groups, i);
        rg_table_number(table, column++, slo > 0 ? slo : NAN);
        for (size_t k = 0; k < n; k++)
            rg_report_put(table, r, column++, metric[k], rg_report_estimate(r, g, metric[k]));
        if (busiest)
            rg_table_text(table, column, busiest);
        if (over)
            rg_table_text(table, column + 1, over);
        rg_report_behind_put(b, table, column + 2, i);
    }
    rg_table_note(table, "Goodput: share of requests that are completed, within the SLO where "
                         "there is one.");
    rg_report_behind_notes(b, table, "row");
    rg_report_behind_free(b);
    rg_report_tables_add(t, table);
    return RG_OK;
}

/* ---- coverage ---- */

enum rg_status
rg_report_coverage(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    static const char *const names[] = {"coverage", "counterfactual_share"};
    size_t metric[2], n = NAMED(r, names, metric), column;
    struct rg_table *table = rg_report_table(r, "Coverage by recorded calls", &r->groups);
    struct rg_report_behind *b = rg_report_behind_new(r, &r->groups, 1, metric, n);

    (void)err;
    for (size_t k = 0; k < n; k++)
        rg_report_column(table, r, metric[k]);
    rg_table_column(table, "skipped_queries", "queries skipped", RG_COL_INTEGER, 0, false);
    rg_table_column(table, "unscored", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(table, "unpriced", NULL, RG_COL_INTEGER, 0, false);
    rg_report_behind_columns(b, table);
    for (size_t i = 0; i < r->groups.n; i++) {
        const struct rg_report_group *g = &r->groups.group[i];
        uint64_t skipped = 0, unscored = 0, unpriced = 0;

        for (size_t k = 0; k < g->n; k++) {
            const struct rg_results_counts *c = &r->cells[g->cell[k]].counts;

            skipped = c->skipped_queries > skipped ? c->skipped_queries : skipped;
            unscored += c->unscored;
            unpriced += c->unpriced;
        }
        column = rg_report_row(table, r, &r->groups, i);
        for (size_t k = 0; k < n; k++)
            rg_report_put(table, r, column++, metric[k], rg_report_estimate(r, g, metric[k]));
        rg_table_integer(table, column++, (int64_t)skipped);
        rg_table_integer(table, column++, (int64_t)unscored);
        rg_table_integer(table, column++, (int64_t)unpriced);
        rg_report_behind_put(b, table, column, i);
    }
    rg_table_note(table, "Coverage: tries that replayed exactly their recording; other prompt: "
                         "those that replayed one made with another prompt.");
    rg_report_behind_notes(b, table, "row");
    rg_report_behind_free(b);
    rg_report_tables_add(t, table);
    return RG_OK;
}

/* ---- two axes ---- */

static size_t
levels_of(const struct rg_report *r, size_t k)
{
    return rg_results_n_values(r->db, r->groups.axis[k]);
}

bool
rg_report_two_axes(const struct rg_report *r, size_t axis[2])
{
    size_t router = rg_report_axis_find(r, "router"), memory = rg_report_axis_find(r, "memory");
    size_t best[2] = {SIZE_MAX, SIZE_MAX};
    bool both[2] = {false, false};

    for (size_t k = 0; k < r->groups.n_axes; k++) {
        both[0] = both[0] || r->groups.axis[k] == router;
        both[1] = both[1] || r->groups.axis[k] == memory;
        if (best[0] == SIZE_MAX || levels_of(r, k) > levels_of(r, best[0])) {
            best[1] = best[0];
            best[0] = k;
        } else if (best[1] == SIZE_MAX || levels_of(r, k) > levels_of(r, best[1])) {
            best[1] = k;
        }
    }
    axis[0] = router;
    axis[1] = memory;
    if (!both[0] || !both[1]) {
        if (best[1] == SIZE_MAX)
            return false;
        axis[0] = r->groups.axis[best[0]];
        axis[1] = r->groups.axis[best[1]];
    }
    return true;
}

/* A row for each level of the first axis, a column for each of the second. */
static struct rg_table *
heat_for_people(const struct rg_report *r, const struct rg_report_groups *g, size_t metric)
{
    const char *rows = rg_results_axis(r->db, g->axis[0]),
               *cols = rg_results_axis(r->db, g->axis[1]);
    const struct rg_report_metric *m = &r->metrics[metric];
    struct rg_report_behind *b = rg_report_behind_new(r, g, 1, &metric, 1);
    struct rg_buf title = {0};
    struct rg_table *t;

    rg_buf_printf(&title, "%s by %s and %s", m->words, rows, cols);
    rg_report_capital(&title);
    t = rg_table_new(rg_buf_text(&title));
    rg_buf_clear(&title);
    rg_table_column(t, rows, NULL, RG_COL_TEXT, 0, true);
    for (size_t j = 0; j < rg_results_n_values(r->db, g->axis[1]); j++)
        rg_table_column(t, rg_results_value(r->db, g->axis[1], j), NULL, RG_COL_ESTIMATE,
                        m->decimals, false);
    for (size_t i = 0; i < g->n; i++) {
        if (i == 0 || g->group[i].value[0] != g->group[i - 1].value[0]) {
            rg_table_row(t);
            rg_table_text(t, 0, rg_results_value(r->db, g->axis[0], g->group[i].value[0]));
        }
        rg_report_put(t, r, 1 + g->group[i].value[1], metric,
                      rg_report_estimate(r, &g->group[i], metric));
    }
    rg_report_behind_notes(b, t, "value");
    rg_report_note_unbalanced(t, r, g);
    rg_report_behind_free(b);
    return t;
}

static struct rg_table *
heat_as_data(const struct rg_report *r, const struct rg_report_groups *g)
{
    struct rg_table *t = rg_report_table(r, "two axes", g);
    struct rg_report_behind *b = rg_report_behind_new(r, g, 1, r->shown, r->n_shown);

    for (size_t k = 0; k < r->n_shown; k++)
        rg_report_column(t, r, r->shown[k]);
    rg_report_behind_columns(b, t);
    for (size_t i = 0; i < g->n; i++) {
        size_t first = rg_report_row(t, r, g, i);

        for (size_t k = 0; k < r->n_shown; k++)
            rg_report_put(t, r, first + k, r->shown[k],
                          rg_report_estimate(r, &g->group[i], r->shown[k]));
        rg_report_behind_put(b, t, first + r->n_shown, i);
    }
    rg_report_behind_notes(b, t, "row");
    rg_report_note_unbalanced(t, r, g);
    rg_report_behind_free(b);
    return t;
}

enum rg_status
rg_report_heat(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    struct rg_report_groups g;
    size_t axis[2];

    (void)err;
    if (!rg_report_two_axes(r, axis))
        return RG_OK;
    rg_report_group(&g, r, axis, 2);
    if (!rg_report_for_people(r))
        rg_report_tables_add(t, heat_as_data(r, &g));
    for (size_t k = 0; rg_report_for_people(r) && k < r->n_shown; k++)
        if (occurs(r, r->shown[k]))
            rg_report_tables_add(t, heat_for_people(r, &g, r->shown[k]));
    rg_report_groups_clear(&g);
    return RG_OK;
}
