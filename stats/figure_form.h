/* What the kinds of figures share: a sheet of paper that becomes a script. Lengths are cm. */
#ifndef RG_STATS_FIGURE_FORM_H
#define RG_STATS_FIGURE_FORM_H

#include "base/names.h"
#include "stats/figure.h"

struct rg_sheet {
    const char *name;
    double width, height;
    double left, right, top, bottom; /* margins */
    struct rg_names *texts, *tics;
    struct rg_buf body;  /* the script behind its head */
    struct rg_buf *data; /* where data go */
    size_t blocks;       /* of data begun */
    double panel_width, panel_height;
};

enum { RG_SHEET_WIDTH = 17 };

/* data is that of the figure to be made. */
void rg_sheet_init(struct rg_sheet *s, const char *name, struct rg_buf *data);
/* Writes the script and releases the sheet. */
void rg_sheet_finish(struct rg_sheet *s, struct rg_buf *script);

/* Append to the body. */
void rg_sheet_put(struct rg_sheet *s, const char *fmt, ...) RG_PRINTF(2, 3);
/* A text of the caller: its number, to be written as T[%zu]. */
size_t rg_sheet_text(struct rg_sheet *s, const char *text);
/* The same, with what is in the middle left out where it is wider than that, or than a legend's
 * label may be. */
size_t rg_sheet_within(struct rg_sheet *s, const char *text, double width);
size_t rg_sheet_label(struct rg_sheet *s, const char *text);
/* Likewise, but as F[%zu], where gnuplot takes it for a format, as it does with tics. */
size_t rg_sheet_tic(struct rg_sheet *s, const char *text);

/* Begin a block of data; returns its index. Then rows: rg_sheet_number for each, rg_sheet_row. */
size_t rg_sheet_block(struct rg_sheet *s, const char *what);
void rg_sheet_number(struct rg_sheet *s, double x);
void rg_sheet_row(struct rg_sheet *s);

/* Title, margins, frame: what every figure begins with, when its margins and height are known. */
void rg_sheet_begin(struct rg_sheet *s, const char *title);
/* Margins of panel (column, row) of a grid: `set lmargin ...` as parts of the sheet. */
void rg_sheet_margins(struct rg_sheet *s, size_t column, size_t row, size_t columns, size_t rows,
                      double gap_x, double gap_y);

/* Width of a text in the font of the figures, and of the longest of some labels of tics. */
double rg_sheet_text_width(const char *text);
double rg_sheet_labels_width(const struct rg_figure_legend *l);
/* Room that a legend with these headings needs on the right; 0 for none. */
double rg_sheet_legend_width(const struct rg_figure_legend *l);

/* `set key` for a legend right of the data at the top. */
void rg_sheet_key(struct rg_sheet *s);
/* A heading in the legend, as an element of `plot`; first: of the whole legend. */
void rg_sheet_heading(struct rg_sheet *s, const char *title, bool first);

/* Range and tics of an axis, "x" or "y", of the panel whose margins were set last, over lo..hi;
 * with numbers or, for panels inside, without. */
struct rg_span {
    double lo, hi; /* NaN until something was added */
};
void rg_span_add(struct rg_span *span, double x);
void rg_sheet_axis(struct rg_sheet *s, const char *which, const struct rg_figure_axis *axis,
                   struct rg_span span, bool from_zero, bool numbers);
/* Its label, in the middle of the sheet's side: gnuplot would place it by what it takes for the
 * size of texts, which differs between its terminals. */
void rg_sheet_axis_label(struct rg_sheet *s, const char *which, const struct rg_figure_axis *axis);
/* Rows 0..n-1 of a legend as tics, the first at the top. */
void rg_sheet_rows(struct rg_sheet *s, const struct rg_figure_legend *l, bool labels);

/* Colour i as 0xRRGGBB; shapes for points, filled or open. */
unsigned rg_sheet_colour(size_t i);
unsigned rg_sheet_light(unsigned colour); /* mixed with white */
int rg_sheet_shape(size_t i, bool open);

#endif
