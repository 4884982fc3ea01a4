/* Points of two estimates, with the front that they form. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/figure_form.h"

/* ---- data ---- */

static void
limits(struct rg_sheet *s, const struct rg_estimate *e)
{
    bool both = isfinite(e->lo) && isfinite(e->hi);

    rg_sheet_number(s, both ? e->lo : NAN);
    rg_sheet_number(s, both ? e->hi : NAN);
}

static void
put_points(struct rg_sheet *s, const struct rg_figure_scatter *f)
{
    rg_sheet_block(s, "x y x_lo x_hi y_lo y_hi shape colour filling");
    for (size_t i = 0; i < f->n; i++) {
        const struct rg_figure_point *p = &f->point[i];

        rg_sheet_number(s, p->x.value);
        rg_sheet_number(s, p->y.value);
        limits(s, &p->x);
        limits(s, &p->y);
        rg_sheet_number(s, rg_sheet_shape(p->shape, p->fill == 1));
        rg_sheet_number(s, rg_sheet_colour(p->colour));
        rg_sheet_number(s, p->fill == 2 ? rg_sheet_light(rg_sheet_colour(p->colour))
                                        : rg_sheet_colour(p->colour));
        rg_sheet_row(s);
    }
}

static int
by_x(const void *a, const void *b)
{
    const double *p = a, *q = b;

    if (p[0] != q[0])
        return p[0] < q[0] ? -1 : 1;
    return (p[1] > q[1]) - (p[1] < q[1]);
}

/* The border of what the front beats. Between two of its points it goes along the worse x of them
 * at the worse y: right and then up where less x and more y are better. */
static void
put_front(struct rg_sheet *s, const struct rg_figure_scatter *f)
{
    double *xy = rg_alloc(f->n, 2 * sizeof *xy);
    bool first_x = f->x_more; /* move in y first */
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (f->point[i].front && isfinite(f->point[i].x.value) && isfinite(f->point[i].y.value)) {
            xy[2 * n] = f->point[i].x.value;
            xy[2 * n++ + 1] = f->point[i].y.value;
        }
    qsort(xy, n, 2 * sizeof *xy, by_x);
    rg_sheet_block(s, "border of what the front beats: x y");
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            rg_sheet_number(s, xy[2 * (first_x ? i - 1 : i)]);
            rg_sheet_number(s, xy[2 * (first_x ? i : i - 1) + 1]);
            rg_sheet_row(s);
        }
        rg_sheet_number(s, xy[2 * i]);
        rg_sheet_number(s, xy[2 * i + 1]);
        rg_sheet_row(s);
    }
    rg_sheet_block(s, "points of the front: x y");
    for (size_t i = 0; i < n; i++) {
        rg_sheet_number(s, xy[2 * i]);
        rg_sheet_number(s, xy[2 * i + 1]);
        rg_sheet_row(s);
    }
    free(xy);
}

/* ---- legend ---- */

static void
put_legend(struct rg_sheet *s, const struct rg_figure_scatter *f)
{
    if (f->colour.n > 0)
        rg_sheet_heading(s, f->colour.title, true);
    for (size_t i = 0; i < f->colour.n; i++)
        rg_sheet_put(s, ", \\\n  keyentry with points pt %d lc rgb '#%06x' title T[%zu]",
                     rg_sheet_shape(f->shape.n > 0 ? 0 : i / 8, false), rg_sheet_colour(i),
                     rg_sheet_label(s, f->colour.label[i]));
    if (f->shape.n > 0)
        rg_sheet_heading(s, f->shape.title, false);
    for (size_t i = 0; i < f->shape.n; i++)
        rg_sheet_put(s, ", \\\n  keyentry with points pt %d lc rgb '#606060' title T[%zu]",
                     rg_sheet_shape(i, false), rg_sheet_label(s, f->shape.label[i]));
    if (f->fill.n > 0)
        rg_sheet_heading(s, f->fill.title, false);
    for (size_t i = 0; i < f->fill.n; i++)
        rg_sheet_put(s, ", \\\n  keyentry with points pt %d lc rgb '#%06x' title T[%zu]",
                     rg_sheet_shape(0, i == 1), i == 2 ? rg_sheet_light(0x606060) : 0x606060,
                     rg_sheet_label(s, f->fill.label[i]));
    rg_sheet_heading(s, NULL, false);
    rg_sheet_put(s, ", \\\n  keyentry with lines lw 1.2 lc rgb '#a0a0a0' title T[%zu]\n",
                 rg_sheet_text(s, "Pareto front"));
}

static size_t
legend_rows(const struct rg_figure_scatter *f)
{
    return f->colour.n + f->shape.n + f->fill.n + (f->shape.n > 0 ? 2 : 0) +
           (f->fill.n > 0 ? 2 : 0) + 3;
}

/* ---- the figure ---- */

static bool
has_front(const struct rg_figure_scatter *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->point[i].front && isfinite(f->point[i].x.value) && isfinite(f->point[i].y.value))
            return true;
    return false;
}

static bool
has_limits(const struct rg_figure_scatter *f, bool x)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct rg_estimate *e = x ? &f->point[i].x : &f->point[i].y;

        if (isfinite(e->lo) && isfinite(e->hi) && isfinite(f->point[i].x.value) &&
            isfinite(f->point[i].y.value))
            return true;
    }
    return false;
}

static void
put_axes(struct rg_sheet *s, const struct rg_figure_scatter *f)
{
    struct rg_span x = {NAN, NAN}, y = {NAN, NAN};

    for (size_t i = 0; i < f->n; i++) {
        const struct rg_figure_point *p = &f->point[i];
        const double xs[] = {p->x.value, p->x.lo, p->x.hi}, ys[] = {p->y.value, p->y.lo, p->y.hi};

        /* A limit at or below 0 must not cost the logarithm: the bar ends at the frame. */
        for (size_t k = 0; k < 3; k++) {
            if (k == 0 || !f->x.log || xs[k] > 0)
                rg_span_add(&x, xs[k]);
            if (k == 0 || !f->y.log || ys[k] > 0)
                rg_span_add(&y, ys[k]);
        }
    }
    rg_sheet_axis(s, "x", &f->x, x, false, true);
    rg_sheet_axis_label(s, "x", &f->x);
    rg_sheet_axis(s, "y", &f->y, y, false, true);
    rg_sheet_axis_label(s, "y", &f->y);
}

void
rg_figure_scatter(struct rg_figure *out, const char *name, const struct rg_figure_scatter *f)
{
    static const char *const front[] = {"Pareto front"};
    const struct rg_figure_legend line = {NULL, front, 1};
    struct rg_sheet s;

    rg_sheet_init(&s, name, &out->data);
    s.right = fmax(fmax(rg_sheet_legend_width(&f->colour), rg_sheet_legend_width(&f->shape)),
                   fmax(rg_sheet_legend_width(&f->fill), rg_sheet_legend_width(&line))) +
              0.5;
    s.height = fmax(s.height, s.top + s.bottom + 0.45 * (double)legend_rows(f));
    rg_sheet_begin(&s, f->title);
    rg_sheet_key(&s);
    put_points(&s, f);
    put_axes(&s, f);
    rg_sheet_put(&s, "plot NaN");
    if (has_front(f)) {
        put_front(&s, f);
        rg_sheet_put(&s, ", \\\n  data index 1 using 1:2 with lines lw 1.2 lc rgb '#a0a0a0'");
    }
    if (has_limits(f, true))
        rg_sheet_put(&s, ", \\\n  data index 0 using 3:2:($4-$3):(0):8 with vectors nohead lw 0.75 "
                         "lc rgb variable");
    if (has_limits(f, false))
        rg_sheet_put(&s, ", \\\n  data index 0 using 1:5:(0):($6-$5):8 with vectors nohead lw 0.75 "
                         "lc rgb variable");
    /* Bars must not be seen through outlines, whose numbers are even. */
    rg_sheet_put(&s, ", \\\n  data index 0 using 1:2:($7+1-int($7)%%2) with points pt variable "
                     "ps 0.9 lc rgb '#ffffff'");
    rg_sheet_put(&s, ", \\\n  data index 0 using 1:2:7:9 with points pt variable ps 0.9 lw 1.2 "
                     "lc rgb variable");
    if (has_front(f))
        rg_sheet_put(&s, ", \\\n  data index 2 using 1:2 with points pt 6 ps 1.6 lw 1 "
                         "lc rgb '#404040'");
    put_legend(&s, f);
    rg_sheet_finish(&s, &out->script);
}
