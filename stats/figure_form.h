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
    struct rg_buf title; /* in lines */
    struct rg_buf body;  /* the script behind its head */
    struct rg_buf *data; /* where data go */
    size_t blocks;       /* of data begun */
    double panel_width, panel_height;
};

enum { RG_SHEET_WIDTH = 17 };
#define RG_SHEET_LINE 0.46 /* height of a line among others, which is most in svg */

/* data is that of the figure to be made. */
void rg_sheet_init(struct rg_sheet *s, const char *name, struct rg_buf *data);
/* Writes the script and releases the sheet. */
void rg_sheet_finish(struct rg_sheet *s, struct rg_buf *script);

/* Append to the body. */
void rg_sheet_put(struct rg_sheet *s, const char *fmt, ...) RG_PRINTF(2, 3);
/* A text of the caller: its number, to be written as T[%zu]. */
size_t rg_sheet_text(struct rg_sheet *s, const char *text);
/* The same as F[%zu], where gnuplot takes it for a format, as it does with tics. */
size_t rg_sheet_tic(struct rg_sheet *s, const char *text);

/* Begin a block of data; returns its index. Then rows: rg_sheet_number for each, rg_sheet_row. */
size_t rg_sheet_block(struct rg_sheet *s, const char *what);
void rg_sheet_number(struct rg_sheet *s, double x);
void rg_sheet_row(struct rg_sheet *s);

/* The title (NULL: none), before the height is reckoned: the top margin grows by its lines. */
void rg_sheet_title(struct rg_sheet *s, const char *title);
/* Title, margins, frame: what every figure begins with, when its margins and height are known. */
void rg_sheet_begin(struct rg_sheet *s);
/* Margins of panel (column, row) of a grid: `set lmargin ...` as parts of the sheet. */
void rg_sheet_margins(struct rg_sheet *s, size_t column, size_t row, size_t columns, size_t rows,
                      double gap_x, double gap_y);

/* Width of a text on one line in the font of the figures, about. */
double rg_sheet_text_width(const char *text);
/* Puts text into out, in lines (parted by newlines) of at most this width; returns how many. */
size_t rg_sheet_wrap(struct rg_buf *out, const char *text, double width);
/* Most lines of any label when they are at most so wide, and how wide they then are. */
size_t rg_sheet_wrapped(const struct rg_figure_legend *l, double width, double *widest);
/* Room that a legend with these headings needs on the right, long ones in several lines, and its
 * lines; 0 for none. */
double rg_sheet_legend_width(const struct rg_figure_legend *l);
size_t rg_sheet_legend_lines(const struct rg_figure_legend *l);

/* `set key` for a legend right of the data at the top. */
void rg_sheet_key(struct rg_sheet *s);
/* An entry of the legend as elements of `plot`; sample is as behind `with`. */
void rg_sheet_entry(struct rg_sheet *s, const char *sample, const char *label);
/* Likewise a heading; first: of the whole legend. */
void rg_sheet_heading(struct rg_sheet *s, const char *title, bool first);

/* Title of the panel whose margins were set last, in lines of a width; none where it is empty. */
void rg_sheet_panel_title(struct rg_sheet *s, const char *title, double width);

/* Range and tics of an axis, "x" or "y", of the panel whose margins were set last, over lo..hi;
 * with numbers or, for panels inside, without. */
struct rg_span {
    double lo, hi; /* NaN until something was added */
};
void rg_span_add(struct rg_span *span, double x);
void rg_sheet_axis(struct rg_sheet *s, const char *which, const struct rg_figure_axis *axis,
                   struct rg_span span, bool from_zero, bool numbers);
/* Tics of a scale of colours that is so high. */
void rg_sheet_scale(struct rg_sheet *s, double height, double lo, double hi);
/* Its label, in the middle of the sheet's side: gnuplot would place it by what it takes for the
 * size of texts, which differs between its terminals. */
void rg_sheet_axis_label(struct rg_sheet *s, const char *which, const struct rg_figure_axis *axis);
/* Rows 0..n-1 of a legend as tics, the first at the top; their labels in lines that have so much
 * room, or none. */
void rg_sheet_rows(struct rg_sheet *s, const struct rg_figure_legend *l, double room);

/* Colour i as 0xRRGGBB, of which there are 16; shapes for points, filled or open. */
unsigned rg_sheet_colour(size_t i);
unsigned rg_sheet_light(unsigned colour); /* mixed with white */
int rg_sheet_shape(size_t i, bool open);

#endif
