/* report --figures: which figures there are, and what they show of a result file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/report_figures.h"

/* Groups by as many of the first axes of --by as give at most so many. */
static void
group_up_to(struct rg_report_groups *g, const struct rg_report *r, size_t most)
{
    size_t n = r->groups.n_axes;

    rg_report_group(g, r, r->groups.axis, n);
    while (g->n > most && n > 0) {
        rg_report_groups_clear(g);
        rg_report_group(g, r, r->groups.axis, --n);
    }
}

enum rg_status
rg_figures_draw(struct rg_figures *f, const char *name, struct rg_figure *figure)
{
    return rg_report_draw(&f->folder, name, figure, f->err);
}

const char *
rg_figures_title(const struct rg_figures *f, struct rg_buf *buf, const char *text)
{
    rg_buf_reset(buf);
    rg_buf_printf(buf, "%s%s", text, f->synthetic ? " (synthetic data)" : "");
    return rg_buf_text(buf);
}

struct rg_figure_legend
rg_figures_rows(const struct rg_figures *f)
{
    return (struct rg_figure_legend){NULL, f->labels, f->rows.n};
}

struct rg_figure_legend
rg_figures_axis(const struct rg_report *r, size_t axis)
{
    size_t n = rg_results_n_values(r->db, axis);
    const char **label = rg_alloc(n, sizeof *label);

    for (size_t i = 0; i < n; i++)
        label[i] = rg_results_value(r->db, axis, i);
    return (struct rg_figure_legend){rg_results_axis(r->db, axis), label, n};
}

void
rg_figures_legend_clear(struct rg_figure_legend *l)
{
    free((void *)l->label);
    *l = (struct rg_figure_legend){0};
}

/* ---- scatters ---- */

struct rg_estimate
rg_figures_scaled(struct rg_estimate e, double scale)
{
    e.value *= scale;
    e.lo *= scale;
    e.hi *= scale;
    return e;
}

/* Is the greatest value more than ten times the least? */
static bool
wide(const struct rg_figure_point *p, size_t n)
{
    double lo = INFINITY, hi = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(p[i].x.value)) {
            lo = fmin(lo, p[i].x.value);
            hi = fmax(hi, p[i].x.value);
        }
    return lo > 0 && hi / lo > 10;
}

/* Axes by what a point has: colour, shape, fill when there are few values. */
static void
point_legends(const struct rg_figures *f, struct rg_figure_scatter *s)
{
    const struct rg_report_groups *g = &f->points;

    if (g->n_axes > 0)
        s->colour = rg_figures_axis(f->r, g->axis[0]);
    if (g->n_axes > 1)
        s->shape = rg_figures_axis(f->r, g->axis[1]);
    if (g->n_axes > 2 && rg_results_n_values(f->r->db, g->axis[2]) <= RG_FIGURE_FILLS)
        s->fill = rg_figures_axis(f->r, g->axis[2]);
}

static enum rg_status
scatter(struct rg_figures *f, const char *name, const char *text, const char *metric, double scale,
        const char *label)
{
    const struct rg_report_groups *g = &f->points;
    struct rg_figure_point *p = rg_zalloc(g->n, sizeof *p);
    struct rg_report_front front = {.d = 2, .maximise = {false, true}};
    struct rg_figure_scatter s = {
        .x = {.label = label}, .y = {.label = "score"}, .y_more = true, .point = p, .n = g->n};
    struct rg_figure figure = {0};
    struct rg_buf buf = {0};
    char interval[40];

    front.metric[0] = rg_report_metric_find(f->r, metric);
    front.metric[1] = rg_report_metric_find(f->r, "score");
    rg_report_front_of(&front, f->r, g, 0);
    point_legends(f, &s);
    for (size_t i = 0; i < g->n; i++) {
        const uint32_t *v = g->group[i].value;

        p[i].x = rg_figures_scaled(front.mean[2 * i], scale);
        p[i].y = front.mean[2 * i + 1];
        p[i].front = front.on[i];
        if (g->n > RG_FIGURES_ROWS && !front.on[i]) /* the bars of all would hide the points */
            p[i].x.lo = p[i].x.hi = p[i].y.lo = p[i].y.hi = NAN;
        p[i].colour = g->n_axes > 0 ? v[0] : 0;
        p[i].shape = s.shape.n > 0 ? v[1] : p[i].colour / RG_FIGURES_SERIES;
        p[i].fill = s.fill.n > 0 ? v[2] : 0;
    }
    s.x.log = wide(p, g->n);
    s.title = rg_figures_title(f, &buf, text);
    snprintf(interval, sizeof interval, "%g %% interval", 100 * f->r->level);
    s.interval = interval;
    rg_figure_scatter(&figure, name, &s);
    rg_report_front_clear(&front);
    rg_figures_legend_clear(&s.colour);
    rg_figures_legend_clear(&s.shape);
    rg_figures_legend_clear(&s.fill);
    free(p);
    rg_buf_clear(&buf);
    return rg_figures_draw(f, name, &figure);
}

bool
rg_figures_has(const struct rg_figures *f, const char *metric)
{
    size_t m = rg_report_metric_find(f->r, metric);

    for (size_t i = 0; m != SIZE_MAX && i < f->r->n_cells; i++)
        if (!isnan(f->r->cells[i].estimates[m].value))
            return true;
    return false;
}

static enum rg_status
quality_figures(struct rg_figures *f)
{
    enum rg_status rc = RG_OK;

    if (!rg_figures_has(f, "score"))
        return RG_OK;
    if (rg_figures_has(f, "cost_usd_per_1000"))
        rc = scatter(f, "cost-quality", "Quality and cost", "cost_usd_per_1000", 1,
                     "cost (USD per 1000 requests)");
    if (rc == RG_OK && rg_figures_has(f, "latency_p95_ms"))
        rc = scatter(f, "latency-quality", "Quality and latency", "latency_p95_ms", 1e-3,
                     "95th percentile of latency (s)");
    return rc;
}

/* ---- all of them ---- */

static enum rg_status
draw_all(struct rg_figures *f)
{
    enum rg_status rc = quality_figures(f);

    if (rc == RG_OK)
        rc = rg_figures_cdf(f);
    if (rc == RG_OK)
        rc = rg_figures_parts(f);
    if (rc == RG_OK)
        rc = rg_figures_cost(f);
    if (rc == RG_OK)
        rc = rg_figures_shares(f);
    if (rc == RG_OK)
        rc = rg_figures_heat(f);
    if (rc == RG_OK)
        rc = rg_figures_time(f, "queue", "Calls waiting at endpoints, first replication", false);
    if (rc == RG_OK)
        rc = rg_figures_time(f, "utilisation", "Use of endpoints, first replication", true);
    if (rc == RG_OK)
        rc = rg_figures_confusion(f);
    if (rc == RG_OK)
        rc = rg_figures_coverage(f);
    return rc == RG_OK ? rg_figures_outcomes(f) : rc;
}

enum rg_status
rg_report_figures(struct rg_report *r, struct rg_err *err)
{
    const char *synthetic = rg_results_meta(r->db, "synthetic");
    struct rg_figures f = {.r = r, .err = err};
    enum rg_status rc = rg_report_folder_open(&f.folder, r->v->figures, &r->v->figure_formats, err);

    if (rc != RG_OK)
        return rc;
    f.synthetic = synthetic && strcmp(synthetic, "true") == 0;
    group_up_to(&f.rows, r, RG_FIGURES_ROWS);
    group_up_to(&f.points, r, RG_FIGURES_POINTS);
    if (f.rows.n < r->groups.n)
        rg_cli_say(
            "figures show %zu configurations, averages over the last axes of the %zu; choose "
            "with --by and --where",
            f.rows.n, r->groups.n);
    f.labels = rg_alloc(f.rows.n, sizeof *f.labels);
    for (size_t i = 0; i < f.rows.n; i++)
        f.labels[i] = f.rows.group[i].label;
    rc = draw_all(&f);
    if (rc == RG_OK && f.folder.failed)
        rc = rg_err_set(err, RG_ESYSTEM,
                        "%s: not all figures could be drawn; scripts and data are "
                        "there",
                        f.folder.path);
    if (rc == RG_OK)
        rg_cli_say("%zu figures in %s", f.folder.written, f.folder.path);
    free(f.labels);
    rg_report_groups_clear(&f.rows);
    rg_report_groups_clear(&f.points);
    return rc;
}
