/* The tables and views of a result file. The views have a column for each axis. */
#include <string.h>

#include "sim/results_private.h"

/* Keys are integers of the row itself or stand in the table's own tree, so that no hidden number
 * tells in which order rows were put. */
#define OWN_KEY ") STRICT"
#define TREE_KEY(COLUMNS) ", PRIMARY KEY(" COLUMNS ")) STRICT, WITHOUT ROWID"

const struct rg_results_table rg_results_tables[RG_N_TABLES_OF_RESULTS] = {
    {"meta", "CREATE TABLE meta(key TEXT NOT NULL, value TEXT NOT NULL" TREE_KEY("key"), 2, 1,
     true},
    {"axes", "CREATE TABLE axes(axis INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE" OWN_KEY, 2, 1,
     true},
    {"axis_values",
     "CREATE TABLE axis_values(axis INTEGER NOT NULL, value INTEGER NOT NULL, "
     "label TEXT NOT NULL" TREE_KEY("axis, value"),
     3, 2, true},
    {"cells", "CREATE TABLE cells(cell INTEGER PRIMARY KEY, options TEXT NOT NULL" OWN_KEY, 2, 1,
     true},
    {"cell_values",
     "CREATE TABLE cell_values(cell INTEGER NOT NULL, axis INTEGER NOT NULL, "
     "value INTEGER NOT NULL" TREE_KEY("cell, axis"),
     3, 2, true},
    {"models",
     "CREATE TABLE models(model INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
     "tier TEXT NOT NULL, input_usd_per_mtok REAL, output_usd_per_mtok REAL" OWN_KEY,
     5, 1, true},
    {"categories",
     "CREATE TABLE categories(category INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE" OWN_KEY, 2,
     1, true},
    {"queries",
     "CREATE TABLE queries(query INTEGER PRIMARY KEY, dataset TEXT NOT NULL, "
     "name TEXT NOT NULL, category INTEGER" OWN_KEY,
     4, 1, true},
    {"metrics",
     "CREATE TABLE metrics(metric INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
     "over TEXT NOT NULL, part INTEGER NOT NULL" OWN_KEY,
     4, 1, true},
    {"digests", "CREATE TABLE digests(cell INTEGER PRIMARY KEY, digest TEXT NOT NULL" OWN_KEY, 2, 1,
     false},
    {"runs",
     "CREATE TABLE runs(cell INTEGER PRIMARY KEY, repeats INTEGER NOT NULL, "
     "offered INTEGER NOT NULL, completed INTEGER NOT NULL, rejected INTEGER NOT NULL, "
     "timed_out INTEGER NOT NULL, failed INTEGER NOT NULL, skipped INTEGER NOT NULL, "
     "in_flight INTEGER NOT NULL, unscored INTEGER NOT NULL, unpriced INTEGER NOT NULL, "
     "events INTEGER NOT NULL, most_in_flight INTEGER NOT NULL, "
     "skipped_queries INTEGER NOT NULL, busiest INTEGER, saturated INTEGER, "
     "precise INTEGER NOT NULL, span_s REAL" OWN_KEY,
     18, 1, false},
    {"estimates",
     "CREATE TABLE estimates(cell INTEGER NOT NULL, metric INTEGER NOT NULL, value REAL NOT NULL, "
     "lo REAL, hi REAL, n INTEGER NOT NULL" TREE_KEY("cell, metric"),
     6, 2, false},
    {"observations",
     "CREATE TABLE observations(cell INTEGER NOT NULL, metric INTEGER NOT NULL, "
     "replication INTEGER NOT NULL, value REAL NOT NULL" TREE_KEY("cell, metric, replication"),
     4, 3, false},
    {"vectors",
     "CREATE TABLE vectors(cell INTEGER NOT NULL, metric INTEGER NOT NULL, sums BLOB NOT NULL, "
     "counts BLOB NOT NULL" TREE_KEY("cell, metric"),
     4, 2, false},
    {"quantiles",
     "CREATE TABLE quantiles(cell INTEGER NOT NULL, times INTEGER NOT NULL, i INTEGER NOT NULL, "
     "ms REAL NOT NULL" TREE_KEY("cell, times, i"),
     4, 3, false},
    {"endpoints",
     "CREATE TABLE endpoints(cell INTEGER NOT NULL, model INTEGER NOT NULL, "
     "calls INTEGER NOT NULL, tries INTEGER NOT NULL, hedges INTEGER NOT NULL, "
     "retries INTEGER NOT NULL, fallbacks INTEGER NOT NULL, answered INTEGER NOT NULL, "
     "errors INTEGER NOT NULL, timeouts INTEGER NOT NULL, rejected INTEGER NOT NULL, "
     "cooling INTEGER NOT NULL, too_large INTEGER NOT NULL, cancelled INTEGER NOT NULL, "
     "replicas_max INTEGER NOT NULL, busy_s REAL, waiting_s REAL, replica_s REAL, "
     "capacity_s REAL, cost_usd REAL, prompt_tokens REAL, completion_tokens REAL, "
     "infrastructure_usd REAL, overrun INTEGER NOT NULL, utilisation REAL" TREE_KEY("cell, model"),
     25, 2, false},
    {"reasons",
     "CREATE TABLE reasons(cell INTEGER NOT NULL, reason TEXT NOT NULL, "
     "escalates INTEGER NOT NULL, calls INTEGER NOT NULL" TREE_KEY("cell, reason"),
     4, 2, false},
    {"series",
     "CREATE TABLE series(cell INTEGER NOT NULL, model INTEGER NOT NULL, bin INTEGER NOT NULL, "
     "waiting REAL NOT NULL, busy REAL NOT NULL, capacity REAL" TREE_KEY("cell, model, bin"),
     6, 3, false},
    {"confusion",
     "CREATE TABLE confusion(cell INTEGER NOT NULL, source TEXT NOT NULL, "
     "category INTEGER NOT NULL, label INTEGER NOT NULL, "
     "n INTEGER NOT NULL" TREE_KEY("cell, source, category, label"),
     5, 4, false},
    {"confidences",
     "CREATE TABLE confidences(cell INTEGER NOT NULL, bin INTEGER NOT NULL, n INTEGER NOT NULL, "
     "right INTEGER NOT NULL, mean REAL NOT NULL" TREE_KEY("cell, bin"),
     5, 2, false},
    {"spans",
     "CREATE TABLE spans(cell INTEGER NOT NULL, request INTEGER NOT NULL, query INTEGER NOT NULL, "
     "sample INTEGER NOT NULL, model INTEGER NOT NULL, ended TEXT NOT NULL, "
     "escalated INTEGER NOT NULL, calls INTEGER NOT NULL, tries INTEGER NOT NULL, score REAL, "
     "cost_usd REAL, arrival_s REAL NOT NULL, latency_s REAL, ttft_s REAL, overhead_s REAL, "
     "router_s REAL, retrieval_s REAL, contract_s REAL, queue_s REAL, limit_s REAL, "
     "prefill_s REAL, decode_s REAL, failed_s REAL, backoff_s REAL" TREE_KEY("cell, request"),
     24, 2, false},
};

/* ---- views ---- */

static void
put_axes(struct rg_buf *sql, const struct rg_results_axis *axes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rg_buf_printf(sql, ", g.\"%s\"", axes[i].name);
}

static void
put_grid(struct rg_buf *sql, const struct rg_results_axis *axes, size_t n)
{
    rg_buf_puts(sql, "CREATE VIEW grid AS SELECT c.cell, r.cell IS NOT NULL AS done");
    for (size_t i = 0; i < n; i++)
        rg_buf_printf(sql,
                      ", (SELECT a.label FROM cell_values v JOIN axis_values a USING (axis, value) "
                      "WHERE v.cell = c.cell AND v.axis = %zu) AS \"%s\"",
                      i, axes[i].name);
    rg_buf_puts(sql, " FROM cells c LEFT JOIN runs r USING (cell)");
}

static void
put_summary(struct rg_buf *sql, const struct rg_results_axis *axes, size_t n_axes,
            const struct rg_results_metric *metrics, size_t n_metrics)
{
    rg_buf_puts(sql, "CREATE VIEW summary AS SELECT g.cell");
    put_axes(sql, axes, n_axes);
    rg_buf_puts(sql, ", r.repeats, r.offered, r.completed, r.rejected, r.timed_out, r.failed, "
                     "r.skipped, r.in_flight, r.unscored, r.unpriced, r.events, r.most_in_flight, "
                     "r.skipped_queries, (SELECT name FROM models WHERE model = r.busiest) AS "
                     "busiest, (SELECT name FROM models WHERE model = r.saturated) AS saturated, "
                     "r.precise, r.span_s");
    for (size_t m = 0; m < n_metrics; m++)
        rg_buf_printf(sql,
                      ", max(CASE e.metric WHEN %zu THEN e.value END) AS \"%s\""
                      ", max(CASE e.metric WHEN %zu THEN e.lo END) AS \"%s_lo\""
                      ", max(CASE e.metric WHEN %zu THEN e.hi END) AS \"%s_hi\"",
                      m, metrics[m].name, m, metrics[m].name, m, metrics[m].name);
    rg_buf_puts(sql, " FROM grid g JOIN runs r USING (cell) LEFT JOIN estimates e USING (cell) "
                     "GROUP BY g.cell");
}

/* A table of cells with the axes before its own columns. */
static void
put_joined(struct rg_buf *sql, const char *view, const char *columns, const char *from,
           const struct rg_results_axis *axes, size_t n)
{
    rg_buf_printf(sql, "CREATE VIEW %s AS SELECT g.cell", view);
    put_axes(sql, axes, n);
    rg_buf_printf(sql, ", %s FROM grid g JOIN %s", columns, from);
}

void
rg_results_view(struct rg_buf *sql, size_t view, const struct rg_results_axis *axes, size_t n_axes,
                const struct rg_results_metric *metrics, size_t n_metrics)
{
    static const struct {
        const char *name, *columns, *from;
    } joined[] = {
        {"long", "m.name AS metric, e.value, e.lo, e.hi, e.n",
         "estimates e USING (cell) JOIN metrics m USING (metric)"},
        {"by_replication", "m.name AS metric, o.replication, o.value",
         "observations o USING (cell) JOIN metrics m USING (metric)"},
        {"latency_cdf", "q.i / 200.0 AS share, q.ms AS latency_ms",
         "quantiles q USING (cell) WHERE q.times = 0"},
        {"load",
         "m.name AS endpoint, (s.bin + 0.5) / 100 * r.span_s AS time_s, s.waiting, s.busy, "
         "s.capacity, s.busy / nullif(s.capacity, 0) AS utilisation",
         "series s USING (cell) JOIN runs r USING (cell) JOIN models m USING (model)"},
    };

    if (view == 0)
        put_grid(sql, axes, n_axes);
    else if (view == 1)
        put_summary(sql, axes, n_axes, metrics, n_metrics);
    else
        put_joined(sql, joined[view - 2].name, joined[view - 2].columns, joined[view - 2].from,
                   axes, n_axes);
}

/* ---- is a file's schema ours? ---- */

static const char *
column(sqlite3_stmt *stmt, int i)
{
    const char *s = (const char *)sqlite3_column_text(stmt, i);

    return s ? s : "";
}

static bool
known_table(const char *sql)
{
    for (size_t i = 0; i < RG_N_TABLES_OF_RESULTS; i++)
        if (strcmp(sql, rg_results_tables[i].sql) == 0)
            return true;
    return false;
}

static bool
known_view(const struct rg_results *r, const char *sql)
{
    struct rg_buf text = {0};
    bool known = false;

    for (size_t i = 0; i < RG_N_VIEWS_OF_RESULTS && !known; i++) {
        rg_buf_reset(&text);
        rg_results_view(&text, i, r->axes, r->n_axes, r->metrics, r->n_metrics);
        known = strcmp(sql, rg_buf_text(&text)) == 0;
    }
    rg_buf_clear(&text);
    return known;
}

/* Each object of these types (SQL text) is ours, and all of ours are there. */
static enum rg_status
check_objects(struct rg_results *r, bool views, size_t expected, struct rg_err *err)
{
    sqlite3_stmt *stmt;
    enum rg_status status;
    size_t found = 0;
    int rc = SQLITE_DONE;

    status = rg_results_prepare(r, &stmt,
                                views ? "SELECT name, sql FROM sqlite_schema WHERE type = 'view'"
                                      : "SELECT name, sql FROM sqlite_schema WHERE type <> 'view' "
                                        "AND sql IS NOT NULL",
                                err);
    if (status != RG_OK)
        return status;
    while (status == RG_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        found++;
        if (!(views ? known_view(r, column(stmt, 1)) : known_table(column(stmt, 1))))
            status = rg_err_set(err, RG_EINPUT,
                                "%s: changed by another program ('%.60s' is not part of a result "
                                "file)",
                                r->path, column(stmt, 0));
    }
    if (status == RG_OK && rc != SQLITE_DONE)
        status = rg_results_fail(r, err);
    sqlite3_finalize(stmt);
    if (status == RG_OK && found != expected)
        status = rg_results_damaged(r, err, views ? "views are missing" : "tables are missing");
    return status;
}

enum rg_status
rg_results_check_tables(struct rg_results *r, struct rg_err *err)
{
    return check_objects(r, false, RG_N_TABLES_OF_RESULTS, err);
}

enum rg_status
rg_results_check_views(struct rg_results *r, struct rg_err *err)
{
    return check_objects(r, true, RG_N_VIEWS_OF_RESULTS, err);
}
