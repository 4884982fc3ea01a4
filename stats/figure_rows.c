/* Figures of rows: stacked bars, and estimates as points with their intervals. */
#include <math.h>

#include "stats/figure_form.h"

static const double TEXT_GAP = 0.35;

/* Height of a row: less where there are many, which must go on a page. */
static double
row_height(size_t n)
{
    return n > 24 ? 0.39 : 0.47;
}

/* Height and left margin for labelled rows, each high enough for so many lines of data. */
static void
lay_out(struct rg_sheet *s, const struct rg_figure_legend *row,
        const struct rg_figure_legend *legend, double height)
{
    double width = rg_sheet_legend_width(legend);

    s->left = rg_sheet_labels_width(row) + 2 * TEXT_GAP;
    s->right = width > 0 ? width + 0.5 : 0.6;
    s->height =
        s->top + s->bottom + fmax(height * ((double)row->n + 0.2), 0.45 * ((double)legend->n + 2));
    s->height = fmax(s->height, 4);
}

/* ---- stacked bars ---- */

static double
value_of(const struct rg_figure_bars *f, size_t row, size_t part)
{
    double x = f->value[row * f->part.n + part];

    return isfinite(x) && x > 0 ? x : 0;
}

/* A part that no row has would only be looked for in vain. */
static bool
part_occurs(const struct rg_figure_bars *f, size_t part)
{
    for (size_t r = 0; r < f->row.n; r++)
        if (value_of(f, r, part) > 0)
            return true;
    return false;
}

/* Bars from x to x of each row, by part; returns the longest row. */
static struct rg_span
put_parts(struct rg_sheet *s, const struct rg_figure_bars *f)
{
    struct rg_span span = {0, 0};

    for (size_t p = 0; p < f->part.n; p++) {
        rg_sheet_block(s, f->part.label[p]);
        for (size_t r = 0; r < f->row.n; r++) {
            double from = 0;

            for (size_t k = 0; k < p; k++)
                from += value_of(f, r, k);
            rg_sheet_number(s, (double)(f->row.n - 1 - r));
            rg_sheet_number(s, from);
            rg_sheet_number(s, from + value_of(f, r, p));
            rg_sheet_row(s);
            rg_span_add(&span, from + value_of(f, r, p));
        }
    }
    return span;
}

/* Returns whether there is an interval. */
static bool
put_totals(struct rg_sheet *s, const struct rg_figure_bars *f, struct rg_span *span)
{
    bool any = false;

    for (size_t r = 0; f->total && r < f->row.n; r++) {
        const struct rg_estimate *e = &f->total[r];

        if (!isfinite(e->lo) || !isfinite(e->hi) || !isfinite(e->value))
            continue;
        if (!any)
            rg_sheet_block(s, "total: row value lo hi");
        any = true;
        rg_sheet_number(s, (double)(f->row.n - 1 - r));
        rg_sheet_number(s, e->value);
        rg_sheet_number(s, e->lo);
        rg_sheet_number(s, e->hi);
        rg_sheet_row(s);
        rg_span_add(span, e->hi);
    }
    return any;
}

void
rg_figure_bars(struct rg_figure *out, const char *name, const struct rg_figure_bars *f)
{
    struct rg_span span;
    struct rg_sheet s;
    bool totals;

    rg_sheet_init(&s, name, &out->data);
    lay_out(&s, &f->row, &f->part, row_height(f->row.n));
    rg_sheet_begin(&s, f->title);
    rg_sheet_key(&s);
    span = put_parts(&s, f);
    totals = put_totals(&s, f, &span);
    rg_sheet_axis(&s, "x", &f->x, span, true, true);
    rg_sheet_axis_label(&s, "x", &f->x);
    rg_sheet_rows(&s, &f->row, true);
    rg_sheet_put(&s, "set grid noytics\nset style fill solid 1 noborder\nplot NaN");
    for (size_t p = 0; p < f->part.n; p++)
        rg_sheet_put(&s,
                     ", \\\n  data index %zu using (($2+$3)/2):1:2:3:($1-0.36):($1+0.36) with "
                     "boxxyerror lc rgb '#%06x'",
                     p, rg_sheet_colour(p));
    if (totals)
        rg_sheet_put(&s,
                     ", \\\n  data index %zu using 3:1:($4-$3):(0) with vectors nohead lw 1 "
                     "lc rgb '#000000'",
                     f->part.n);
    rg_sheet_heading(&s, f->part.title, true);
    for (size_t p = 0; p < f->part.n; p++)
        if (part_occurs(f, p))
            rg_sheet_put(&s, ", \\\n  keyentry with boxes lc rgb '#%06x' title T[%zu]",
                         rg_sheet_colour(p), rg_sheet_label(&s, f->part.label[p]));
    rg_sheet_put(&s, "\n");
    rg_sheet_finish(&s, &out->script);
}

/* ---- points ---- */

/* Series of a row stand below each other, the first at the top. */
static double
place_of(const struct rg_figure_dots *f, size_t row, size_t series)
{
    double step = f->series.n > 1 ? 0.7 / (double)(f->series.n - 1) : 0;

    return (double)(f->row.n - 1 - row) + (f->series.n > 1 ? 0.35 : 0) - step * (double)series;
}

static struct rg_span
put_series(struct rg_sheet *s, const struct rg_figure_dots *f)
{
    struct rg_span span = {NAN, NAN};

    rg_span_add(&span, f->line);
    for (size_t k = 0; k < f->series.n; k++) {
        rg_sheet_block(s, f->series.label[k]);
        for (size_t r = 0; r < f->row.n; r++) {
            const struct rg_estimate *e = &f->value[r * f->series.n + k];
            bool both = isfinite(e->lo) && isfinite(e->hi);

            rg_sheet_number(s, e->value);
            rg_sheet_number(s, place_of(f, r, k));
            rg_sheet_number(s, both ? e->lo : e->value);
            rg_sheet_number(s, both ? e->hi : e->value);
            rg_sheet_row(s);
            rg_span_add(&span, e->value);
            rg_span_add(&span, e->lo);
            rg_span_add(&span, e->hi);
        }
    }
    return span;
}

void
rg_figure_dots(struct rg_figure *out, const char *name, const struct rg_figure_dots *f)
{
    const struct rg_figure_legend none = {NULL, NULL, 0};
    struct rg_span span;
    struct rg_sheet s;

    rg_sheet_init(&s, name, &out->data);
    lay_out(&s, &f->row, f->series.n > 1 ? &f->series : &none,
            fmax(row_height(f->row.n), 0.22 * (double)(f->series.n + 1)));
    rg_sheet_begin(&s, f->title);
    rg_sheet_key(&s);
    span = put_series(&s, f);
    /* From 0, unless all is far from it. */
    rg_sheet_axis(&s, "x", &f->x, span, isnan(f->line) && span.lo < span.hi / 2, true);
    rg_sheet_axis_label(&s, "x", &f->x);
    rg_sheet_rows(&s, &f->row, true);
    rg_sheet_put(&s, "set grid noytics\n");
    for (size_t r = 0; r + 1 < f->row.n && f->series.n > 1; r++)
        rg_sheet_put(&s,
                     "set arrow from graph 0, first %zu.5 to graph 1, first %zu.5 nohead lw 0.5 "
                     "lc rgb '#e0e0e0' back\n",
                     r, r);
    if (!isnan(f->line))
        rg_sheet_put(&s,
                     "set arrow from first %.6g, graph 0 to first %.6g, graph 1 nohead lw 1 "
                     "lc rgb '#808080' back\n",
                     f->line, f->line);
    rg_sheet_put(&s, "plot NaN");
    for (size_t k = 0; k < f->series.n; k++)
        rg_sheet_put(&s,
                     ", \\\n  data index %zu using 1:2:3:4 with xerrorbars pt %d ps 0.7 lw 1 "
                     "lc rgb '#%06x'",
                     k, rg_sheet_shape(k, false), rg_sheet_colour(k));
    if (f->series.n > 1)
        rg_sheet_heading(&s, f->series.title, true);
    for (size_t k = 0; f->series.n > 1 && k < f->series.n; k++)
        rg_sheet_put(&s, ", \\\n  keyentry with points pt %d lc rgb '#%06x' title T[%zu]",
                     rg_sheet_shape(k, false), rg_sheet_colour(k),
                     rg_sheet_label(&s, f->series.label[k]));
    rg_sheet_put(&s, "\n");
    rg_sheet_finish(&s, &out->script);
}
