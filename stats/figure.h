/* Figures for papers, as text: a gnuplot script and the data that it draws.
 *
 * The script NAME.gp reads NAME.dat and writes NAME.svg, .pdf, .png or .tex (TikZ), as its variable
 * format says; gnuplot 5.4 or newer. It needs nothing else, so both can be kept, changed and run
 * again. Texts of the caller stand in it as data: no character of them means anything to the shell,
 * gnuplot or TeX. Equal figures are equal texts.
 *
 * Colours are those of M. Okabe and K. Ito, "Color Universal Design", 2008, which differ for the
 * colour-blind, and darker ones of the same hues; shape or dash tells what is drawn in the same
 * one. Legends stand beside the data. All figures are 17 cm wide, two columns of a page, and as
 * high as they need to be; long texts are broken into lines.
 *
 * NaN is missing: it is not drawn. So is a limit of an interval that is not finite. All arrays are
 * borrowed for the call. */
#ifndef RG_STATS_FIGURE_H
#define RG_STATS_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "stats/interval.h"

enum rg_figure_format { RG_FIGURE_SVG, RG_FIGURE_PDF, RG_FIGURE_PNG, RG_FIGURE_TIKZ };
enum { RG_N_FIGURE_FORMATS = 4 };
extern const char *const rg_figure_formats[RG_N_FIGURE_FORMATS + 1]; /* svg ..., NULL */
extern const char *const rg_figure_suffixes[RG_N_FIGURE_FORMATS];    /* .svg ... */

struct rg_figure {
    struct rg_buf script, data;
};
void rg_figure_clear(struct rg_figure *f);

struct rg_figure_axis {
    const char *label; /* with its unit */
    bool log;          /* where all values are above 0; else it is linear */
    bool percent;      /* of shares: 0 to 100, whatever there is */
    bool within;       /* of shares: never beyond 0 to 100 */
};

/* What colours, or shapes, or dashes stand for. */
struct rg_figure_legend {
    const char *title;
    const char *const *label;
    size_t n;
};

/* ---- points of two estimates ---- */

enum { RG_FIGURE_SHAPES = 5, RG_FIGURE_FILLS = 3 };

struct rg_figure_point {
    struct rg_estimate x, y;
    size_t colour, shape; /* in their legends; beyond 16 and 5 they begin again */
    size_t fill;          /* 0: filled, 1: an outline, 2: filled lightly */
    bool front;           /* one of those that no other beats: joined by a staircase, ringed */
};

struct rg_figure_scatter {
    const char *title;
    struct rg_figure_axis x, y;
    bool x_more, y_more;                         /* is more better? */
    struct rg_figure_legend colour, shape, fill; /* n = 0: not told */
    const struct rg_figure_point *point;
    size_t n;
    const char *interval; /* what bars are: 95 % intervals; NULL: not told */
};
void rg_figure_scatter(struct rg_figure *out, const char *name, const struct rg_figure_scatter *s);

/* ---- lines, in panels that share their axes ---- */

struct rg_figure_line {
    const double *x, *y;
    size_t n, panel, colour, dash;
};

struct rg_figure_lines {
    const char *title;
    struct rg_figure_axis x, y;
    struct rg_figure_legend colour, dash;
    const char *const *panel; /* titles, which may be empty */
    size_t n_panels;
    const struct rg_figure_line *line;
    size_t n;
};
void rg_figure_lines(struct rg_figure *out, const char *name, const struct rg_figure_lines *l);

/* ---- stacked bars ---- */

struct rg_figure_bars {
    const char *title;
    struct rg_figure_axis x;
    struct rg_figure_legend row, part;
    const double *value;             /* row.n x part.n, not negative */
    const struct rg_estimate *total; /* row.n intervals at the ends of the bars, or NULL */
};
void rg_figure_bars(struct rg_figure *out, const char *name, const struct rg_figure_bars *b);

/* ---- estimates in rows, a colour for each series ---- */

struct rg_figure_dots {
    const char *title;
    struct rg_figure_axis x;
    struct rg_figure_legend row, series;
    const struct rg_estimate *value; /* row.n x series.n */
    double line;                     /* a vertical line of reference; NaN: none */
};
void rg_figure_dots(struct rg_figure *out, const char *name, const struct rg_figure_dots *d);

/* ---- matrices as colours with their numbers, in panels that share the scale ---- */

struct rg_figure_heat {
    const char *title;
    const char *label; /* of the scale */
    struct rg_figure_legend row, column;
    const char *const *panel;
    size_t n_panels;
    const double *value; /* panels x row.n x column.n */
    const double *shown; /* numbers to print instead of them, or NULL */
    int decimals;        /* of the numbers printed; below 0: 3 significant digits */
    bool percent;        /* the scale is 0 to 100, whatever there is; no number for 0 */
};
void rg_figure_heat(struct rg_figure *out, const char *name, const struct rg_figure_heat *h);

#endif
