/* report: figures of lines: distributions of the latency, endpoints over time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "cli/report_figures.h"

/* ---- lines ---- */

/* Where the lines of a group go: up to eight in one panel by colour, else a panel for each value of
 * the first axis, colours for the second, dashes for the third. */
struct lanes {
    struct rg_report_groups groups;
    struct rg_figure_legend panel, colour, dash;
    bool by_axes;
};

static void
lanes_init(struct lanes *l, const struct rg_figures *f, size_t most_axes)
{
    const struct rg_report *r = f->r;

    *l = (struct lanes){.by_axes = f->rows.n > RG_FIGURES_SERIES && f->rows.n_axes > 1};
    rg_report_group(&l->groups, r, f->rows.axis,
                    l->by_axes && f->rows.n_axes > most_axes ? most_axes : f->rows.n_axes);
    if (l->by_axes) {
        l->panel = rg_figures_axis(r, l->groups.axis[0]);
        l->colour = rg_figures_axis(r, l->groups.axis[1]);
        if (l->groups.n_axes > 2)
            l->dash = rg_figures_axis(r, l->groups.axis[2]);
        return;
    }
    l->colour.label = rg_alloc(l->groups.n, sizeof *l->colour.label);
    l->colour.n = l->groups.n;
    l->colour.title = l->groups.n_axes == 1 ? rg_results_axis(r->db, l->groups.axis[0]) : NULL;
    for (size_t i = 0; i < l->groups.n; i++)
        ((const char **)l->colour.label)[i] = l->groups.group[i].label;
    l->panel.label = rg_alloc(1, sizeof *l->panel.label);
    ((const char **)l->panel.label)[0] = "";
    l->panel.n = 1;
}

static void
lanes_clear(struct lanes *l)
{
    rg_figures_legend_clear(&l->panel);
    rg_figures_legend_clear(&l->colour);
    rg_figures_legend_clear(&l->dash);
    rg_report_groups_clear(&l->groups);
}

static struct rg_figure_line
lane_of(const struct lanes *l, size_t group)
{
    const uint32_t *v = l->groups.group[group].value;

    if (!l->by_axes)
        return (struct rg_figure_line){.colour = group};
    return (struct rg_figure_line){
        .panel = v[0], .colour = v[1], .dash = l->groups.n_axes > 2 ? v[2] : 0};
}

/* Quantiles of the latencies (s) of all cells of a group: theirs count as that many requests. */
static bool
pooled_latency(const struct rg_report *r, const struct rg_report_group *g, double *out)
{
    size_t each = RG_RESULTS_QUANTILES + 1, n = 0;
    double *all = rg_alloc(g->n * each, sizeof *all);

    for (size_t i = 0; i < g->n; i++) {
        const struct rg_results_cell *c = &r->cells[g->cell[i]];

        for (size_t k = 0; c->latency_ms && k < each; k++)
            all[n++] = c->latency_ms[k] / 1000;
    }
    rg_sort(all, n);
    for (size_t k = 0; k < each; k++)
        out[k] = rg_quantile7(all, n, (double)k / RG_RESULTS_QUANTILES);
    free(all);
    return n > 0;
}

enum rg_status
rg_figures_cdf(struct rg_figures *f)
{
    size_t each = RG_RESULTS_QUANTILES + 1, n = 0;
    struct rg_figure figure = {0};
    struct rg_figure_line *line;
    struct rg_buf buf = {0};
    struct lanes l;
    double *x, share[RG_RESULTS_QUANTILES + 1], lo = INFINITY, hi = 0;

    lanes_init(&l, f, 3);
    line = rg_alloc(l.groups.n, sizeof *line);
    x = rg_alloc(l.groups.n * each, sizeof *x);
    for (size_t k = 0; k < each; k++)
        share[k] = 100 * (double)k / RG_RESULTS_QUANTILES;
    for (size_t i = 0; i < l.groups.n; i++) {
        if (!pooled_latency(f->r, &l.groups.group[i], x + n * each))
            continue;
        line[n] = lane_of(&l, i);
        line[n].x = x + n * each;
        line[n].y = share;
        line[n].n = each;
        lo = fmin(lo, line[n].x[0]);
        hi = fmax(hi, line[n].x[each - 1]);
        n++;
    }
    if (n > 0)
        rg_figure_lines(&figure, "latency-cdf",
                        &(struct rg_figure_lines){
                            .title = rg_figures_title(f, &buf, "Latency of completed requests"),
                            .x = {.label = "latency (s)", .log = lo > 0 && hi / lo > 10},
                            .y = {.label = "share of requests (%)", .percent = true},
                            .colour = l.colour,
                            .dash = l.dash,
                            .panel = l.panel.label,
                            .n_panels = l.panel.n,
                            .line = line,
                            .n = n});
    lanes_clear(&l);
    free(line);
    free(x);
    rg_buf_clear(&buf);
    return n > 0 ? rg_figures_draw(f, "latency-cdf", &figure) : RG_OK;
}

/* ---- endpoints over time ---- */

/* A unit in which times up to span_s are short numbers. */
static const char *
time_unit(double span_s, double *unit)
{
    *unit = span_s > 3 * 3600 ? 3600 : span_s > 600 ? 60 : 1;
    return *unit > 3000 ? "time (h)" : *unit > 1 ? "time (min)" : "time (s)";
}

enum { MERGED = 2, POINTS = RG_RESULTS_BINS / MERGED }; /* bins that become one, for calmer lines */

/* Panels of the figures over time: the lanes' panels for each model, where anything is to be seen.
 */
struct over_time {
    struct lanes lanes;
    bool busy;
    size_t *cell; /* of each group, the one that stands for it */
    size_t like;  /* a cell that these are like in all other axes, */
    bool alike;   /* all of them */
    char **panel;
    size_t n_panels;
    struct rg_figure_line *line;
    size_t n_lines;
    double *number; /* x and y of all lines */
    double unit;
    const char *label;
    double least; /* that can be seen */
};

static const struct rg_results_series *
series_of(const struct rg_results_cell *c, size_t model)
{
    for (size_t i = 0; i < c->n_series; i++)
        if (c->series[i].model == model)
            return &c->series[i];
    return NULL;
}

/* Calls that waited, or use in percent of the slots that were there; NaN where none was, or there
 * is no limit. */
static double
point_of(const struct over_time *o, const struct rg_series_means *bin)
{
    double waiting = 0, busy = 0, capacity = 0;

    for (size_t i = 0; i < MERGED; i++) {
        waiting += bin[i].waiting / MERGED;
        busy += bin[i].busy / MERGED;
        capacity += bin[i].capacity / MERGED;
    }
    if (!o->busy)
        return waiting;
    return capacity > 0 ? 100 * busy / capacity : NAN;
}

/* A cell of the group that is like another in all that groups are averages over; else SIZE_MAX. */
static size_t
like_cell(const struct rg_report *r, const struct rg_report_groups *g, size_t group, size_t cell)
{
    for (size_t i = 0; i < g->group[group].n; i++)
        if (rg_report_is_counterpart(r, g, g->group[group].cell[i], cell))
            return g->group[group].cell[i];
    return SIZE_MAX;
}

/* How well cells like this one show what there is to be seen: in most groups, and of these with
 * most saturated ones. */
static size_t
worth(const struct rg_report *r, const struct rg_report_groups *g, size_t cell)
{
    size_t worth = 0;

    for (size_t i = 0; i < g->n; i++) {
        size_t like = like_cell(r, g, i, cell);

        if (like != SIZE_MAX)
            worth += g->n + 1 + (r->cells[like].counts.saturated != RG_NO_MODEL);
    }
    return worth;
}

/* One cell stands for a group: averages over several would hide what one is like. All are alike in
 * the other axes where that is possible. */
static void
choose_cells(struct over_time *o, const struct rg_report *r)
{
    const struct rg_report_groups *g = &o->lanes.groups;
    size_t largest = 0, most = 0;

    for (size_t i = 1; i < g->n; i++)
        largest = g->group[i].n > g->group[largest].n ? i : largest;
    for (size_t i = 0; i < g->group[largest].n; i++) {
        size_t x = worth(r, g, g->group[largest].cell[i]);

        if (x > most) {
            most = x;
            o->like = g->group[largest].cell[i];
        }
    }
    o->cell = rg_alloc(g->n, sizeof *o->cell);
    o->alike = true;
    for (size_t i = 0; i < g->n; i++) {
        o->cell[i] = like_cell(r, g, i, o->like);
        if (o->cell[i] == SIZE_MAX) {
            o->cell[i] = g->group[i].cell[0];
            o->alike = false;
        }
    }
}

/* Returns whether there is something to be seen. */
static bool
fill_line(const struct over_time *o, const struct rg_figures *f, size_t group, size_t model,
          double *x, double *y)
{
    const struct rg_results_cell *c = &f->r->cells[o->cell[group]];
    const struct rg_results_series *s = series_of(c, model);
    bool seen = false;

    if (!s)
        return false;
    for (size_t k = 0; k < POINTS; k++) {
        x[k] = ((double)k + 0.5) / POINTS * c->counts.span_s / o->unit;
        y[k] = point_of(o, &s->bin[k * MERGED]);
        seen = seen || y[k] >= o->least;
    }
    return seen;
}

static bool
some_known(const double *y)
{
    for (size_t k = 0; k < POINTS; k++)
        if (!isnan(y[k]))
            return true;
    return false;
}

/* What is less than a hundredth of the greatest cannot be told from nothing. */
static double
least_visible(const struct over_time *o, const struct rg_report *r)
{
    double most = 0;

    for (size_t i = 0; i < r->n_cells && !o->busy; i++)
        for (size_t k = 0; k < r->cells[i].n_series; k++)
            for (size_t bin = 0; bin < RG_RESULTS_BINS; bin++)
                most = fmax(most, r->cells[i].series[k].bin[bin].waiting);
    return fmax(o->busy ? 1 : 0.05, most / 100);
}

/* Lines of one model in one of the lanes' panels, if there is something to be seen. */
static void
add_panel(struct over_time *o, const struct rg_figures *f, size_t panel, size_t model)
{
    struct rg_buf name = {0};
    size_t first = o->n_lines;
    bool seen = false;

    for (size_t i = 0; i < o->lanes.groups.n; i++) {
        struct rg_figure_line line = lane_of(&o->lanes, i);
        double *x = o->number + o->n_lines * 2 * POINTS, *y = x + POINTS;

        if (line.panel != panel)
            continue;
        for (size_t k = 0; k < POINTS; k++)
            y[k] = NAN;
        seen = fill_line(o, f, i, model, x, y) || seen;
        line.panel = o->n_panels;
        line.x = x;
        line.y = y;
        line.n = some_known(y) ? POINTS : 0;
        o->line[o->n_lines] = line;
        o->n_lines += line.n > 0;
    }
    if (!seen) {
        o->n_lines = first;
        return;
    }
    rg_buf_printf(&name, "%s%s%s", o->lanes.panel.label[panel],
                  o->lanes.panel.label[panel][0] ? ": " : "", rg_results_model(f->r->db, model));
    o->panel[o->n_panels++] = rg_buf_take(&name);
}

static void
add_panels(struct over_time *o, const struct rg_figures *f)
{
    size_t models = rg_results_n_models(f->r->db), panels = o->lanes.panel.n;
    double span_s = 0;

    for (size_t i = 0; i < f->r->n_cells; i++)
        span_s = fmax(span_s, f->r->cells[i].counts.span_s);
    o->label = time_unit(span_s, &o->unit);
    o->least = least_visible(o, f->r);
    o->number = rg_alloc(o->lanes.groups.n * models, 2 * POINTS * sizeof *o->number);
    o->line = rg_alloc(o->lanes.groups.n * models, sizeof *o->line);
    o->panel = rg_alloc(panels * models, sizeof *o->panel);
    for (size_t p = 0; p < panels; p++)
        for (size_t m = 0; m < models; m++)
            add_panel(o, f, p, m);
}

/* Which cells stand for the rows, where these have several. */
static void
put_choice(struct rg_buf *out, const struct over_time *o, const struct rg_report *r)
{
    const struct rg_report_groups *g = &o->lanes.groups;
    const char *lead = " of ";

    for (size_t axis = 0; axis < rg_results_n_axes(r->db); axis++) {
        bool several = false;

        for (size_t i = 0; i < r->n_cells; i++)
            several = several || rg_results_of(r->db, r->cells[i].cell, axis) !=
                                     rg_results_of(r->db, r->cells[o->like].cell, axis);
        if (!several || rg_report_is_by(g, axis))
            continue;
        rg_buf_printf(
            out, "%s%s %s", lead, rg_results_axis(r->db, axis),
            rg_results_value(r->db, axis, rg_results_of(r->db, r->cells[o->like].cell, axis)));
        lead = ", ";
    }
    if (!o->alike)
        rg_buf_puts(out, " (where there is none: of the first cell)");
}

/* Panels from first on that one sheet takes; the name of a further one has its number. */
static enum rg_status
draw_sheet(struct rg_figures *f, const struct over_time *o, const char *name, const char *text,
           size_t first)
{
    size_t n = o->n_panels - first, sheet = first / RG_FIGURES_PANELS + 1, n_lines = 0;
    size_t sheets = (o->n_panels + RG_FIGURES_PANELS - 1) / RG_FIGURES_PANELS;
    struct rg_figure_line *line = rg_alloc(o->n_lines, sizeof *line);
    struct rg_buf title = {0}, file = {0}, buf = {0};
    struct rg_figure figure = {0};
    enum rg_status rc;

    n = n < RG_FIGURES_PANELS ? n : RG_FIGURES_PANELS;
    for (size_t i = 0; i < o->n_lines; i++)
        if (o->line[i].panel >= first && o->line[i].panel < first + n) {
            line[n_lines] = o->line[i];
            line[n_lines++].panel -= first;
        }
    rg_buf_puts(&title, text);
    put_choice(&title, o, f->r);
    if (sheets > 1)
        rg_buf_printf(&title, ", sheet %zu of %zu", sheet, sheets);
    rg_buf_puts(&file, name);
    if (sheet > 1)
        rg_buf_printf(&file, "-%zu", sheet);
    rg_figure_lines(
        &figure, rg_buf_text(&file),
        &(struct rg_figure_lines){
            .title = rg_figures_title(f, &buf, rg_buf_text(&title)),
            .x = {.label = o->label},
            .y = {.label = o->busy ? "slots in use (%)" : "calls waiting", .percent = o->busy},
            .colour = o->lanes.colour,
            .dash = o->lanes.dash,
            .panel = (const char *const *)o->panel + first,
            .n_panels = n,
            .line = line,
            .n = n_lines});
    rc = rg_figures_draw(f, rg_buf_text(&file), &figure);
    free(line);
    rg_buf_clear(&title);
    rg_buf_clear(&file);
    rg_buf_clear(&buf);
    return rc;
}

enum rg_status
rg_figures_time(struct rg_figures *f, const char *name, const char *text, bool busy)
{
    struct over_time o = {.busy = busy};
    enum rg_status rc = RG_OK;

    lanes_init(&o.lanes, f, 2); /* lines that go up and down cross too often */
    choose_cells(&o, f->r);
    add_panels(&o, f);
    for (size_t p = 0; rc == RG_OK && p < o.n_panels; p += RG_FIGURES_PANELS)
        rc = draw_sheet(f, &o, name, text, p);
    lanes_clear(&o.lanes);
    for (size_t p = 0; p < o.n_panels; p++)
        free(o.panel[p]);
    free(o.cell);
    free(o.panel);
    free(o.line);
    free(o.number);
    return rc;
}
