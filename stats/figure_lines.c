/* Lines in panels that share their axes. */
#include <math.h>
#include <stdio.h>

#include "stats/figure_form.h"

static const double GAP_X = 0.45, GAP_Y = 0.75, PANEL_LEAST = 2.6, PAGE = 23;

struct grid {
    size_t columns, rows;
    size_t lines; /* of the longest title of a panel */
    double width; /* of a panel with its gap */
    struct rg_span x, y;
};

/* Fewer columns where titles of panels would take more than two lines, or three for two columns. */
static void
find_columns(struct grid *g, const struct rg_figure_lines *f, double width)
{
    const struct rg_figure_legend titles = {NULL, f->panel, f->n_panels};
    double widest;

    g->columns = f->n_panels > 6 && f->n_panels != 9   ? 4
                 : f->n_panels > 4 || f->n_panels == 3 ? 3
                 : f->n_panels > 1                     ? 2
                                                       : 1;
    for (;; g->columns--) {
        g->width = (width + GAP_X) / (double)g->columns;
        g->lines = rg_sheet_wrapped(&titles, g->width, &widest);
        if (g->columns <= 2 || (g->lines <= 2 && g->width >= PANEL_LEAST))
            break;
    }
    g->rows = (f->n_panels + g->columns - 1) / g->columns;
}

static struct grid
grid_of(const struct rg_figure_lines *f, double width)
{
    struct grid g = {.x = {NAN, NAN}, .y = {NAN, NAN}};

    find_columns(&g, f, width);
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->line[i].n; k++) {
            rg_span_add(&g.x, f->line[i].x[k]);
            rg_span_add(&g.y, f->line[i].y[k]);
        }
    return g;
}

static double
gap_below(const struct grid *g)
{
    return GAP_Y + RG_SHEET_LINE * (double)(g->lines - 1);
}

static void
put_line(struct rg_sheet *s, const struct rg_figure_lines *f, size_t i)
{
    const struct rg_figure_line *l = &f->line[i];
    struct rg_buf what = {0};

    rg_buf_printf(&what, "%s%s%s: x y", l->panel < f->n_panels ? f->panel[l->panel] : "",
                  f->colour.n > 0 ? " / " : "",
                  l->colour < f->colour.n ? f->colour.label[l->colour] : "");
    rg_sheet_block(s, rg_buf_text(&what));
    rg_buf_clear(&what);
    for (size_t k = 0; k < l->n; k++) {
        rg_sheet_number(s, l->x[k]);
        rg_sheet_number(s, l->y[k]);
        rg_sheet_row(s);
    }
    if (l->n == 0)
        rg_buf_puts(s->data, "NaN NaN\n"); /* gnuplot takes no empty block */
}

static void
put_entry(struct rg_sheet *s, const char *line, size_t dash, unsigned colour, const char *label)
{
    char sample[80];

    snprintf(sample, sizeof sample, "lines %s dt %zu lc rgb '#%06x'", line, dash, colour);
    rg_sheet_entry(s, sample, label);
}

static void
put_legend(struct rg_sheet *s, const struct rg_figure_lines *f)
{
    if (f->colour.n > 0)
        rg_sheet_heading(s, f->colour.title, true);
    for (size_t i = 0; i < f->colour.n; i++)
        put_entry(s, "lw 2", f->dash.n > 0 ? 1 : i / 8 + 1, rg_sheet_colour(i), f->colour.label[i]);
    if (f->dash.n > 0)
        rg_sheet_heading(s, f->dash.title, f->colour.n == 0);
    for (size_t i = 0; i < f->dash.n; i++)
        put_entry(s, "lw 1.5", i % 5 + 1, 0x606060, f->dash.label[i]);
}

static void
put_panel(struct rg_sheet *s, const struct rg_figure_lines *f, const struct grid *g, size_t panel)
{
    size_t column = panel % g->columns, row = panel / g->columns;
    bool last = panel + g->columns >= f->n_panels; /* nothing below */

    rg_sheet_margins(s, column, row, g->columns, g->rows, GAP_X, gap_below(g));
    if (panel == 1)
        rg_sheet_put(s, "unset label\n");
    rg_sheet_panel_title(s, f->panel[panel], g->width);
    rg_sheet_axis(s, "x", &f->x, g->x, !f->x.log, last);
    rg_sheet_axis(s, "y", &f->y, g->y, !f->y.log, column == 0);
    rg_sheet_put(s, "plot NaN");
    for (size_t i = 0; i < f->n; i++)
        if (f->line[i].panel == panel)
            rg_sheet_put(s,
                         ", \\\n  data index %zu using 1:2 with lines lw 1.3 dt %zu lc rgb "
                         "'#%06x'",
                         i, f->dash.n > 0 ? f->line[i].dash % 5 + 1 : f->line[i].colour / 8 + 1,
                         rg_sheet_colour(f->line[i].colour));
    rg_sheet_put(s, "\n");
}

/* As a panel of its own over the whole height: a key is never higher than its plot. */
static void
put_legend_panel(struct rg_sheet *s, const struct rg_figure_lines *f)
{
    if (f->colour.n + f->dash.n == 0)
        return;
    rg_sheet_margins(s, 0, 0, 1, 1, 0, 0);
    rg_sheet_put(s, "unset title\nunset label\nunset border\nunset tics\nunset logscale\n");
    rg_sheet_key(s);
    rg_sheet_put(s, "plot [0:1] [0:1] NaN");
    put_legend(s, f);
    rg_sheet_put(s, "\n");
}

void
rg_figure_lines(struct rg_figure *out, const char *name, const struct rg_figure_lines *f)
{
    double legend = fmax(rg_sheet_legend_width(&f->colour), rg_sheet_legend_width(&f->dash));
    double lines =
        (double)(rg_sheet_legend_lines(&f->colour) + rg_sheet_legend_lines(&f->dash) + 1);
    double gaps, height;
    struct rg_sheet s;
    struct grid g;

    rg_sheet_init(&s, name, &out->data);
    rg_sheet_title(&s, f->title);
    if (legend > 0)
        s.right = legend + 0.5;
    s.left = 1.7;
    g = grid_of(f, s.width - s.left - s.right);
    if (f->n_panels > 0 && f->panel[0][0])
        s.top += 0.5 + RG_SHEET_LINE * (double)(g.lines - 1);
    gaps = s.top + s.bottom + gap_below(&g) * (double)(g.rows - 1);
    height = g.rows == 1 ? 7 : fmin(2.9, fmax(1.6, (PAGE - gaps) / (double)g.rows));
    s.height = fmax(gaps + height * (double)g.rows, s.top + s.bottom + 0.45 * lines);
    rg_sheet_begin(&s);
    rg_sheet_axis_label(&s, "x", &f->x);
    rg_sheet_axis_label(&s, "y", &f->y);
    for (size_t i = 0; i < f->n; i++)
        put_line(&s, f, i);
    rg_sheet_put(&s, "set multiplot\n");
    for (size_t p = 0; p < f->n_panels; p++)
        put_panel(&s, f, &g, p);
    put_legend_panel(&s, f);
    rg_sheet_put(&s, "unset multiplot\n");
    rg_sheet_finish(&s, &out->script);
}
