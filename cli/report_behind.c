/* report: what stands behind the numbers of a table: observations, cells, saturated endpoints. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/report.h"

enum { CELLS = 2 }; /* behind the two of enum rg_results_over */
static const char *const names[] = {"queries", "replications", "cells"};

struct rg_report_behind {
    const struct rg_report *r;
    const size_t *metric;
    size_t n_metrics;
    const struct rg_report_group **row;
    size_t n, cap;
    bool alone;    /* the key of the only row is called cells, too */
    bool withheld; /* some interval is */
    uint64_t *of;  /* [row][metric]: observations */
    uint64_t *most[CELLS + 1];
    bool shown[CELLS + 1]; /* as a column */
    size_t *fewer;         /* metrics of which some row has fewer observations */
    size_t n_fewer;
};

/* ---- counts ---- */

static void
add_rows(struct rg_report_behind *b, const struct rg_report_groups *g)
{
    b->row = rg_grow(b->row, &b->cap, b->n + g->n, sizeof *b->row);
    for (size_t i = 0; i < g->n; i++)
        b->row[b->n++] = &g->group[i];
    b->alone = b->alone || g->n_axes == 0;
}

/* Observations behind a row: the most of any metric over queries, or over replications. */
static void
count(struct rg_report_behind *b)
{
    const struct rg_report *r = b->r;

    b->of = rg_alloc(b->n, b->n_metrics * sizeof *b->of);
    for (size_t what = 0; what <= CELLS; what++)
        b->most[what] = rg_zalloc(b->n, sizeof *b->most[what]);
    for (size_t i = 0; i < b->n; i++) {
        b->most[CELLS][i] = b->row[i]->n;
        for (size_t k = 0; k < b->n_metrics; k++) {
            uint64_t n = rg_report_estimate(r, b->row[i], b->metric[k]).n;
            uint64_t *most = &b->most[r->metrics[b->metric[k]].over][i];

            b->of[i * b->n_metrics + k] = n;
            *most = n > *most ? n : *most;
            b->withheld = b->withheld || rg_report_withheld(r, b->row[i], b->metric[k]);
        }
    }
}

static void
find_fewer(struct rg_report_behind *b)
{
    b->fewer = rg_alloc(b->n_metrics, sizeof *b->fewer);
    for (size_t k = 0; k < b->n_metrics; k++) {
        const uint64_t *most = b->most[b->r->metrics[b->metric[k]].over];
        bool fewer = false;

        for (size_t i = 0; i < b->n; i++) {
            uint64_t n = b->of[i * b->n_metrics + k];

            fewer = fewer || (n > 0 && n < most[i]);
        }
        if (fewer)
            b->fewer[b->n_fewer++] = k;
    }
}

struct rg_report_behind *
rg_report_behind_new(const struct rg_report *r, const struct rg_report_groups *g, size_t n,
                     const size_t *metric, size_t n_metrics)
{
    struct rg_report_behind *b = rg_zalloc(1, sizeof *b);

    b->r = r;
    b->metric = metric;
    b->n_metrics = n_metrics;
    for (size_t i = 0; i < n; i++)
        add_rows(b, &g[i]);
    count(b);
    find_fewer(b);
    return b;
}

void
rg_report_behind_free(struct rg_report_behind *b)
{
    for (size_t what = 0; what <= CELLS; what++)
        free(b->most[what]);
    free(b->fewer);
    free(b->of);
    free(b->row);
    free(b);
}

struct range {
    uint64_t lo, hi;
};

static void
widen(struct range *range, uint64_t n)
{
    range->lo = n < range->lo ? n : range->lo;
    range->hi = n > range->hi ? n : range->hi;
}

static struct range
range_of(const struct rg_report_behind *b, size_t what)
{
    struct range range = {UINT64_MAX, 0};

    for (size_t i = 0; i < b->n; i++)
        widen(&range, b->most[what][i]);
    return range;
}

/* ---- columns ---- */

void
rg_report_behind_columns(struct rg_report_behind *b, struct rg_table *t)
{
    bool people = rg_report_for_people(b->r);
    struct rg_buf name = {0};

    for (size_t what = 0; what <= CELLS; what++) {
        struct range range = range_of(b, what);

        b->shown[what] = !people || range.lo < range.hi;
        if (b->shown[what])
            rg_table_column(t, what == CELLS && b->alone ? "n_cells" : names[what],
                            what == RG_OVER_REPLICATIONS ? "reps" : names[what], RG_COL_INTEGER, 0,
                            false);
    }
    for (size_t k = 0; !people && k < b->n_fewer; k++) {
        rg_buf_reset(&name);
        rg_buf_printf(&name, "%s_n", b->r->metrics[b->metric[b->fewer[k]]].name);
        rg_table_column(t, rg_buf_text(&name), NULL, RG_COL_INTEGER, 0, false);
    }
    rg_buf_clear(&name);
}

void
rg_report_behind_put(const struct rg_report_behind *b, struct rg_table *t, size_t column,
                     size_t row)
{
    for (size_t what = 0; what <= CELLS; what++)
        if (b->shown[what])
            rg_table_integer(t, column++, (int64_t)b->most[what][row]);
    for (size_t k = 0; !rg_report_for_people(b->r) && k < b->n_fewer; k++)
        rg_table_integer(t, column++, (int64_t)b->of[row * b->n_metrics + b->fewer[k]]);
}

/* ---- notes ---- */

static void
put_range(struct rg_buf *out, struct range range)
{
    rg_buf_printf(out, "%llu", (unsigned long long)range.lo);
    if (range.hi > range.lo)
        rg_buf_printf(out, " to %llu", (unsigned long long)range.hi);
}

static void
note_counts(const struct rg_report_behind *b, struct rg_table *t, const char *each)
{
    struct rg_buf text = {0};

    for (size_t what = 0; what < CELLS; what++) {
        struct range range = range_of(b, what);

        if (b->shown[what] || b->n == 0 || range.hi == 0)
            continue;
        rg_buf_reset(&text);
        put_range(&text, range);
        rg_table_note(t, "Number of %s behind each %s: %s.", names[what], each, rg_buf_text(&text));
    }
    rg_buf_clear(&text);
}

static void
note_fewer(const struct rg_report_behind *b, struct rg_table *t)
{
    struct rg_buf text = {0};

    for (size_t k = 0; k < b->n_fewer; k++) {
        struct range range = {UINT64_MAX, 0};

        for (size_t i = 0; i < b->n; i++)
            if (b->of[i * b->n_metrics + b->fewer[k]] > 0)
                widen(&range, b->of[i * b->n_metrics + b->fewer[k]]);
        rg_buf_printf(&text, "%s%s (", k > 0 ? ", " : "",
                      b->r->metrics[b->metric[b->fewer[k]]].words);
        put_range(&text, range);
        rg_buf_putc(&text, ')');
    }
    if (b->n_fewer > 0)
        rg_table_note(t, "Observed on fewer of them: %s.", rg_buf_text(&text));
    rg_buf_clear(&text);
}

void
rg_report_behind_notes(const struct rg_report_behind *b, struct rg_table *t, const char *each)
{
    bool pooled = false;

    note_counts(b, t, each);
    note_fewer(b, t);
    for (size_t i = 0; i < b->n; i++)
        pooled = pooled || b->row[i]->n > 1;
    if (pooled)
        rg_table_note(t, "What several cells show is their average: each query's, or each "
                         "replication's.");
    if (b->withheld)
        rg_report_note_withheld(t);
}

void
rg_report_note_withheld(struct rg_table *t)
{
    rg_table_note(t, "Saturated: where more work comes than an endpoint can do (table slo names "
                     "it), latency grows with the length of a run. Such latencies, and goodput, "
                     "have no interval and are not tested.");
}

/* ---- are rows averages over the same? ---- */

bool
rg_report_is_by(const struct rg_report_groups *g, size_t axis)
{
    for (size_t k = 0; k < g->n_axes; k++)
        if (g->axis[k] == axis)
            return true;
    return false;
}

bool
rg_report_is_counterpart(const struct rg_report *r, const struct rg_report_groups *g, size_t a,
                         size_t b)
{
    for (size_t axis = 0; axis < rg_results_n_axes(r->db); axis++)
        if (!rg_report_is_by(g, axis) && rg_results_of(r->db, r->cells[a].cell, axis) !=
                                             rg_results_of(r->db, r->cells[b].cell, axis))
            return false;
    return true;
}

size_t
rg_report_counterparts(const struct rg_report *r, const struct rg_report_groups *g, size_t group,
                       size_t of, size_t *cell)
{
    const struct rg_report_group *a = &g->group[group], *b = &g->group[of];
    size_t n = 0, next = 0;

    /* Cells are in the order of the grid: the counterpart of the next is near that of the last. */
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (rg_report_is_counterpart(r, g, a->cell[i], b->cell[(next + k) % b->n])) {
                next = (next + k + 1) % b->n;
                cell[n++] = a->cell[i];
                break;
            }
    return n;
}

bool
rg_report_balanced(const struct rg_report *r, const struct rg_report_groups *g)
{
    size_t *cell = rg_alloc(r->n_cells, sizeof *cell);
    bool balanced = true;

    for (size_t i = 1; i < g->n && balanced; i++)
        balanced = g->group[i].n == g->group[0].n &&
                   rg_report_counterparts(r, g, i, 0, cell) == g->group[i].n;
    free(cell);
    return balanced;
}

void
rg_report_note_unbalanced(struct rg_table *t, const struct rg_report *r,
                          const struct rg_report_groups *g)
{
    if (!rg_report_balanced(r, g))
        rg_table_note(t, "Rows are averages over different cells, as some are excluded or not "
                         "finished: they differ by these, too.");
}
