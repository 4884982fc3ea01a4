/* Matrices as colours with their numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stats/figure_form.h"

static const double GAP_X = 0.4, GAP_Y = 0.9, SCALE_WIDTH = 0.4, TEXT_GAP = 0.35;
static const unsigned DARK = 0x202020, LIGHT = 0xFFFFFF;

struct layout {
    size_t columns, rows; /* of panels */
    struct rg_span span;
    int turned; /* degrees by which labels of columns are, when they are too long */
};

/* Three significant digits; no more than a reader can compare. */
static void
number_text(char out[32], double x, int decimals)
{
    if (decimals >= 0)
        snprintf(out, 32, "%.*f", decimals, x);
    else if (x != 0 && (fabs(x) >= 1e5 || fabs(x) < 1e-3))
        snprintf(out, 32, "%.2e", x);
    else
        snprintf(out, 32, "%.*f", x == 0 ? 0 : (int)fmax(0, 2 - floor(log10(fabs(x)))), x);
}

/* The scale's darker half takes white numbers. */
static void
put_panel_data(struct rg_sheet *s, const struct rg_figure_heat *f, const struct layout *l, size_t p)
{
    size_t n = f->row.n * f->column.n;
    double middle = (l->span.lo + l->span.hi) / 2;
    char text[32];

    rg_sheet_block(s, f->n_panels > 1 ? f->panel[p] : "column row value number colour");
    for (size_t i = 0; i < n; i++) {
        double x = f->value[p * n + i], shown = f->shown ? f->shown[p * n + i] : x;

        rg_sheet_number(s, (double)(i % f->column.n));
        rg_sheet_number(s, (double)(f->row.n - 1 - i / f->column.n));
        rg_sheet_number(s, x);
        number_text(text, shown, f->decimals);
        rg_buf_printf(s->data, " %s",
                      isfinite(x) && isfinite(shown) && !(f->percent && x == 0) ? text : "\"\"");
        rg_sheet_number(s, isfinite(x) && x > middle ? LIGHT : DARK);
        rg_sheet_row(s);
    }
}

static void
put_columns(struct rg_sheet *s, const struct rg_figure_heat *f, const struct layout *l)
{
    rg_sheet_put(s, "set xrange [-0.5:%.1f]\nset xtics scale 0%s (", (double)f->column.n - 0.5,
                 l->turned == 90   ? " rotate by 90 right"
                 : l->turned == 45 ? " rotate by -45"
                                   : "");
    for (size_t i = 0; i < f->column.n; i++)
        rg_sheet_put(s, "%sF[%zu] %zu", i > 0 ? ", " : "", rg_sheet_tic(s, f->column.label[i]), i);
    rg_sheet_put(s, ")\n");
}

/* Characters of the longest number. */
static double
widest(const struct rg_figure_heat *f)
{
    size_t most = 0;
    char text[32];

    for (size_t i = 0; i < f->n_panels * f->row.n * f->column.n; i++)
        if (isfinite(f->value[i])) {
            number_text(text, f->shown ? f->shown[i] : f->value[i], f->decimals);
            most = strlen(text) > most ? strlen(text) : most;
        }
    return (double)most;
}

static void
put_panel(struct rg_sheet *s, const struct rg_figure_heat *f, const struct layout *l, size_t p,
          double cell_width)
{
    size_t column = p % l->columns, row = p / l->columns;
    double need = widest(f) * 0.165;

    rg_sheet_margins(s, column, row, l->columns, l->rows, GAP_X, GAP_Y);
    if (p == 1)
        rg_sheet_put(s, "unset label\nunset colorbox\n");
    if (f->n_panels > 1)
        rg_sheet_put(s, "set title T[%zu] offset 0,-0.6\n",
                     rg_sheet_within(s, f->panel[p], s->panel_width));
    rg_sheet_rows(s, &f->row, column == 0);
    rg_sheet_put(s, "set yrange [-0.5:%.1f]\n", (double)f->row.n - 0.5);
    if (p + l->columns >= f->n_panels)
        put_columns(s, f, l);
    else
        rg_sheet_put(s, "set xrange [-0.5:%.1f]\nset xtics scale 0 ('' 0)\n",
                     (double)f->column.n - 0.5);
    rg_sheet_put(s,
                 "plot data index %zu using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with "
                 "boxxyerror fs solid 1 border lc rgb '#ffffff' lc palette",
                 p);
    if (cell_width >= 0.8 * need)
        rg_sheet_put(s,
                     ", \\\n  data index %zu using 1:2:4:5 with labels center font %s tc rgb "
                     "variable",
                     p, cell_width >= need ? "''" : "(tex ? '\\scriptsize' : ',7')");
    rg_sheet_put(s, "\n");
}

static struct layout
layout_of(const struct rg_figure_heat *f)
{
    struct layout l = {.span = {NAN, NAN}};

    l.columns = f->n_panels > 4 || f->n_panels == 3 ? 3 : f->n_panels > 1 ? 2 : 1;
    l.rows = (f->n_panels + l.columns - 1) / l.columns;
    for (size_t i = 0; i < f->n_panels * f->row.n * f->column.n; i++)
        rg_span_add(&l.span, f->value[i]);
    if (f->percent || isnan(l.span.lo))
        l.span = (struct rg_span){0, 100};
    if (l.span.hi <= l.span.lo)
        l.span.hi = l.span.lo + (l.span.lo != 0 ? fabs(l.span.lo) : 1);
    return l;
}

/* Sequential and of one hue, light to dark: it survives grey printing. */
static void
put_scale(struct rg_sheet *s, const struct rg_figure_heat *f, const struct layout *l)
{
    double height = s->height - s->top - s->bottom;

    rg_sheet_put(s,
                 "set palette defined (0 '#f2f6fb', 0.25 '#c3d7ec', 0.5 '#7fb0d8', 0.75 '#2f77b5', "
                 "1 '#08306b')\n"
                 "set cbrange [%.6g:%.6g]\n"
                 "set label 4 T[%zu] at screen %.4f, screen %.4f left\n"
                 "set colorbox vertical user origin screen %.4f, screen %.4f size screen %.4f, "
                 "screen %.4f noborder\n",
                 l->span.lo, l->span.hi, rg_sheet_text(s, f->label),
                 (s->width - s->right + 0.4) / s->width, 1 - (s->top - 0.4) / s->height,
                 (s->width - s->right + 0.4) / s->width, s->bottom / s->height,
                 SCALE_WIDTH / s->width, height / s->height);
}

void
rg_figure_heat(struct rg_figure *out, const char *name, const struct rg_figure_heat *f)
{
    struct layout l = layout_of(f);
    struct rg_sheet s;
    double width, labels = rg_sheet_labels_width(&f->column);

    rg_sheet_init(&s, name, &out->data);
    s.left = rg_sheet_labels_width(&f->row) + 2 * TEXT_GAP + (f->row.title ? 0.6 : 0);
    s.right = fmax(2.2, rg_sheet_text_width(f->label) + 0.5);
    width = (s.width - s.left - s.right - GAP_X * (double)(l.columns - 1)) /
            (double)(l.columns * f->column.n);
    l.turned = labels <= width ? 0 : width >= 0.5 ? 45 : 90;
    s.bottom = 0.6 +
               (l.turned == 90 ? labels
                : l.turned     ? 0.75 * labels
                               : 0.3) +
               (f->column.title ? 0.5 : 0);
    s.top = f->n_panels > 1 ? 1.5 : 1;
    s.height =
        s.top + s.bottom + GAP_Y * (double)(l.rows - 1) +
        (double)(l.rows * f->row.n) * fmin(fmax(width * 0.6, f->row.n > 24 ? 0.4 : 0.5), 1.1);
    rg_sheet_begin(&s, f->title);
    rg_sheet_put(&s, "unset grid\nset border 0\n");
    if (f->row.title)
        rg_sheet_axis_label(&s, "y", &(struct rg_figure_axis){.label = f->row.title});
    if (f->column.title)
        rg_sheet_axis_label(&s, "x", &(struct rg_figure_axis){.label = f->column.title});
    put_scale(&s, f, &l);
    for (size_t p = 0; p < f->n_panels; p++)
        put_panel_data(&s, f, &l, p);
    rg_sheet_put(&s, "set multiplot\n");
    for (size_t p = 0; p < f->n_panels; p++)
        put_panel(&s, f, &l, p, width);
    rg_sheet_put(&s, "unset multiplot\n");
    rg_sheet_finish(&s, &out->script);
}
