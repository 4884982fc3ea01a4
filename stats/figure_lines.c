/* Lines in panels that share their axes. */
#include <math.h>

#include "stats/figure_form.h"

static const double GAP_X = 0.45, GAP_Y = 0.75;

struct grid {
    size_t columns, rows;
    struct rg_span x, y;
};

static struct grid
grid_of(const struct rg_figure_lines *f)
{
    struct grid g = {.x = {NAN, NAN}, .y = {NAN, NAN}};

    g.columns = f->n_panels > 12                      ? 6
                : f->n_panels > 6                     ? 4
                : f->n_panels > 4 || f->n_panels == 3 ? 3
                : f->n_panels > 1                     ? 2
                                                      : 1;
    g.rows = (f->n_panels + g.columns - 1) / g.columns;
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->line[i].n; k++) {
            rg_span_add(&g.x, f->line[i].x[k]);
            rg_span_add(&g.y, f->line[i].y[k]);
        }
    return g;
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
put_legend(struct rg_sheet *s, const struct rg_figure_lines *f)
{
    if (f->colour.n > 0)
        rg_sheet_heading(s, f->colour.title, true);
    for (size_t i = 0; i < f->colour.n; i++)
        rg_sheet_put(s, ", \\\n  keyentry with lines lw 2 dt %zu lc rgb '#%06x' title T[%zu]",
                     f->dash.n > 0 ? 1 : i / 8 + 1, rg_sheet_colour(i),
                     rg_sheet_label(s, f->colour.label[i]));
    if (f->dash.n > 0)
        rg_sheet_heading(s, f->dash.title, f->colour.n == 0);
    for (size_t i = 0; i < f->dash.n; i++)
        rg_sheet_put(s, ", \\\n  keyentry with lines lw 1.5 dt %zu lc rgb '#606060' title T[%zu]",
                     i % 5 + 1, rg_sheet_label(s, f->dash.label[i]));
}

static void
put_panel(struct rg_sheet *s, const struct rg_figure_lines *f, const struct grid *g, size_t panel)
{
    size_t column = panel % g->columns, row = panel / g->columns;
    bool last = panel + g->columns >= f->n_panels; /* nothing below */

    rg_sheet_margins(s, column, row, g->columns, g->rows, GAP_X, GAP_Y);
    if (panel == 1)
        rg_sheet_put(s, "unset label\n");
    if (f->panel[panel][0])
        rg_sheet_put(s, "set title T[%zu] offset 0,-0.6\n",
                     rg_sheet_within(s, f->panel[panel], s->panel_width));
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
    struct grid g = grid_of(f);
    struct rg_sheet s;

    rg_sheet_init(&s, name, &out->data);
    if (legend > 0)
        s.right = legend + 0.5;
    s.left = 1.7;
    if (f->n_panels > 0 && f->panel[0][0])
        s.top += 0.5;
    s.height = fmax(s.top + s.bottom + (g.rows == 1 ? 7 : 2.9) * (double)g.rows +
                        GAP_Y * (double)(g.rows - 1),
                    s.top + s.bottom + 0.45 * (double)(f->colour.n + f->dash.n + 2));
    rg_sheet_begin(&s, f->title);
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
