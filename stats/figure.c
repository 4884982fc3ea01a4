/* The sheet: texts, sizes, margins, legends and axes of all figures. */
#include "stats/figure.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "stats/figure_form.h"

const char *const rg_figure_formats[RG_N_FIGURE_FORMATS + 1] = {"svg", "pdf", "png", "tikz", NULL};
const char *const rg_figure_suffixes[RG_N_FIGURE_FORMATS] = {".svg", ".pdf", ".png", ".tex"};

/* In the order in which they are taken: dark ones first, which are read best on white. */
static const unsigned colours[] = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7,
                                   0xE69F00, 0x56B4E9, 0x000000, 0xF0E442};
enum { N_COLOURS = sizeof colours / sizeof *colours };

/* gnuplot's numbers for points: circle, square, triangle, triangle upside down, diamond. */
static const int shapes[RG_FIGURE_SHAPES] = {6, 4, 8, 10, 12};

/* Helvetica's letters are half an em wide on average, labels have many narrow ones; 9 points. */
static const double LETTER = 0.165, SAMPLE = 1.1, MARGIN = 0.35;
/* Labels in a legend and of tics are at most so wide: something must be left for the data. */
static const double LEGEND_MAX = 6, TIC_MAX = 7;

void
rg_figure_clear(struct rg_figure *f)
{
    rg_buf_clear(&f->script);
    rg_buf_clear(&f->data);
}

unsigned
rg_sheet_colour(size_t i)
{
    return colours[i % N_COLOURS];
}

unsigned
rg_sheet_light(unsigned colour)
{
    unsigned light = 0;

    for (unsigned shift = 0; shift < 24; shift += 8)
        light |= (255 - (255 - (colour >> shift & 255)) * 2 / 5) << shift;
    return light;
}

int
rg_sheet_shape(size_t i, bool open)
{
    return shapes[i % RG_FIGURE_SHAPES] + (open ? 0 : 1);
}

/* ---- the script ---- */

void
rg_sheet_init(struct rg_sheet *s, const char *name, struct rg_buf *data)
{
    *s = (struct rg_sheet){.name = name,
                           .width = RG_SHEET_WIDTH,
                           .height = 9.5,
                           .left = 1.9,
                           .right = MARGIN,
                           .top = 1,
                           .bottom = 1.3,
                           .texts = rg_names_new(),
                           .tics = rg_names_new(),
                           .data = data};
}

void
rg_sheet_put(struct rg_sheet *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    rg_buf_vprintf(&s->body, fmt, ap);
    va_end(ap);
}

size_t
rg_sheet_text(struct rg_sheet *s, const char *text)
{
    return rg_names_add(s->texts, text, strlen(text), NULL) + 1;
}

/* Bytes of the first character, and its columns; bytes that are none count as one each. */
static size_t
character(const char *s, size_t n, size_t *columns)
{
    size_t len = rg_utf8_len(s, n);

    *columns = len > 0 ? rg_utf8_width(s, len) : 1;
    return len > 0 ? len : 1;
}

static size_t
columns_of(const char *text)
{
    size_t n = strlen(text), all = 0, columns;

    for (size_t i = 0; i < n; i += character(text + i, n - i, &columns), all += columns)
        ;
    return all;
}

/* From a longer text what is in the middle is left out: names differ at either end. */
static void
put_within(struct rg_buf *out, const char *text, double width)
{
    size_t n = strlen(text), room = (size_t)fmax(width / LETTER, 8), all = columns_of(text);
    size_t head = (room - 3) * 2 / 3, tail = all - (room - 3 - head), at = 0, columns;
    bool cut = false;

    for (size_t i = 0, len; i < n; i += len, at += columns) {
        len = character(text + i, n - i, &columns);
        if (all <= room || at + columns <= head || at >= tail) {
            rg_buf_add(out, text + i, len);
        } else if (!cut) {
            rg_buf_puts(out, "...");
            cut = true;
        }
    }
}

size_t
rg_sheet_within(struct rg_sheet *s, const char *text, double width)
{
    struct rg_buf buf = {0};
    size_t number;

    put_within(&buf, text, width);
    number = rg_sheet_text(s, rg_buf_text(&buf));
    rg_buf_clear(&buf);
    return number;
}

size_t
rg_sheet_label(struct rg_sheet *s, const char *text)
{
    return rg_sheet_within(s, text, LEGEND_MAX);
}

size_t
rg_sheet_tic(struct rg_sheet *s, const char *text)
{
    struct rg_buf buf = {0};
    size_t number;

    put_within(&buf, text, TIC_MAX);
    number = rg_names_add(s->tics, rg_buf_text(&buf), buf.len, NULL) + 1;
    rg_buf_clear(&buf);
    return number;
}

/* gnuplot reads nothing but two quotes in a row within single quotes. */
static void
put_char(struct rg_buf *out, char c)
{
    if (c == '\'')
        rg_buf_puts(out, "''");
    else
        rg_buf_putc(out, (unsigned char)c < ' ' || c == 127 ? ' ' : c);
}

static const char *
tex_of(char c)
{
    switch (c) {
    case '\\':
        return "\\textbackslash{}";
    case '^':
        return "\\textasciicircum{}";
    case '~':
        return "\\textasciitilde{}";
    case '<':
        return "\\textless{}";
    case '>':
        return "\\textgreater{}";
    case '|':
        return "\\textbar{}";
    case '"':
        return "\\textquotedbl{}";
    default:
        return NULL;
    }
}

static void
put_quoted(struct rg_buf *out, const char *text, bool tex, bool format)
{
    rg_buf_putc(out, '\'');
    for (; *text; text++) {
        const char *name = tex ? tex_of(*text) : NULL;

        if (name) {
            rg_buf_puts(out, name);
            continue;
        }
        if (tex && strchr("{}$&#%_", *text))
            rg_buf_putc(out, '\\');
        if (format && *text == '%')
            rg_buf_putc(out, '%');
        put_char(out, *text);
    }
    rg_buf_putc(out, '\'');
}

static void
put_texts(const struct rg_names *texts, char array, bool format, struct rg_buf *out)
{
    size_t n = rg_names_count(texts);

    if (n == 0)
        return;
    rg_buf_printf(out, "array %c[%zu]\n", array, n);
    for (size_t i = 0; i < n; i++) {
        const char *text = rg_names_at(texts, (uint32_t)i);

        rg_buf_printf(out, "%c[%zu] = tex ? ", array, i + 1);
        put_quoted(out, text, true, format);
        rg_buf_puts(out, " : ");
        put_quoted(out, text, false, format);
        rg_buf_putc(out, '\n');
    }
}

static void
put_terminals(const struct rg_sheet *s, struct rg_buf *out)
{
    double w = s->width, h = s->height;

    rg_buf_printf(out,
                  "if (!exists(\"format\")) format = 'svg'\n"
                  "tex = format eq 'tikz'\n"
                  "set encoding utf8\n"
                  "if (format eq 'svg') { set terminal svg noenhanced size %.0f,%.0f "
                  "font 'Helvetica,12' background '#ffffff'; set output '%s.svg' }\n"
                  "if (format eq 'pdf') { set terminal pdfcairo noenhanced color size "
                  "%.2fcm,%.2fcm fontscale 0.75 "
                  "font 'Helvetica,9'; set output '%s.pdf' }\n",
                  w * 40, h * 40, s->name, w, h, s->name);
    rg_buf_printf(out,
                  "if (format eq 'png') { set terminal pngcairo noenhanced color size %.0f,%.0f "
                  "font 'Helvetica,9' fontscale 2 linewidth 2 pointscale 2 background '#ffffff'; "
                  "set output '%s.png' }\n"
                  "if (tex) { set terminal tikz color size %.2fcm,%.2fcm font '\\footnotesize'; "
                  "set output '%s.tex' }\n",
                  w * 80, h * 80, s->name, w, h, s->name);
}

void
rg_sheet_finish(struct rg_sheet *s, struct rg_buf *script)
{
    rg_buf_printf(script,
                  "# Draws %s.dat with gnuplot 5.4 or newer:\n"
                  "#     gnuplot -e \"format='pdf'\" %s.gp\n"
                  "# with one of the formats svg (without -e), pdf, png, tikz.\n",
                  s->name, s->name);
    put_terminals(s, script);
    put_texts(s->texts, 'T', false, script);
    put_texts(s->tics, 'F', true, script);
    rg_buf_printf(script, "data = '%s.dat'\n", s->name);
    rg_buf_puts(script, rg_buf_text(&s->body));
    rg_buf_puts(script, "unset output\n");
    rg_buf_clear(&s->body);
    rg_names_free(s->texts);
    rg_names_free(s->tics);
}

/* ---- data ---- */

size_t
rg_sheet_block(struct rg_sheet *s, const char *what)
{
    if (s->blocks > 0)
        rg_buf_puts(s->data, "\n\n");
    rg_buf_puts(s->data, "# ");
    for (; *what; what++)
        rg_buf_putc(s->data, (unsigned char)*what < ' ' ? ' ' : *what);
    rg_buf_putc(s->data, '\n');
    return s->blocks++;
}

void
rg_sheet_number(struct rg_sheet *s, double x)
{
    char text[RG_NUM_MAX];

    if (s->data->len > 0 && s->data->data[s->data->len - 1] != '\n')
        rg_buf_putc(s->data, ' ');
    if (isfinite(x)) {
        rg_num_print(text, x);
        rg_buf_puts(s->data, text);
    } else {
        rg_buf_puts(s->data, "NaN");
    }
}

void
rg_sheet_row(struct rg_sheet *s)
{
    rg_buf_putc(s->data, '\n');
}

/* ---- layout ---- */

double
rg_sheet_text_width(const char *text)
{
    return LETTER * (double)columns_of(text);
}

double
rg_sheet_labels_width(const struct rg_figure_legend *l)
{
    double width = 0;

    for (size_t i = 0; i < l->n; i++)
        width = fmax(width, rg_sheet_text_width(l->label[i]));
    return fmin(width, TIC_MAX);
}

double
rg_sheet_legend_width(const struct rg_figure_legend *l)
{
    double title = l->title ? rg_sheet_text_width(l->title) : 0;

    return l->n == 0 ? 0
                     : SAMPLE + MARGIN + fmin(fmax(title, rg_sheet_labels_width(l)), LEGEND_MAX);
}

void
rg_sheet_begin(struct rg_sheet *s, const char *title)
{
    rg_sheet_put(s, "set border 3 lw 0.75 lc rgb '#404040'\n"
                    "set tics nomirror out scale 0.5\n"
                    "set grid lt 1 lw 0.5 lc rgb '#e0e0e0' back\n"
                    "set format '%%g'\n"
                    "unset key\n"
                    "set bars small\n"
                    "set errorbars lw 0.75\n");
    if (title)
        rg_sheet_put(s, "set label 1 T[%zu] at screen %.4f, screen %.4f left\n",
                     rg_sheet_text(s, title), MARGIN / s->width, 1 - 0.45 / s->height);
    rg_sheet_margins(s, 0, 0, 1, 1, 0, 0);
}

void
rg_sheet_margins(struct rg_sheet *s, size_t column, size_t row, size_t columns, size_t rows,
                 double gap_x, double gap_y)
{
    double w = (s->width - s->left - s->right - gap_x * (double)(columns - 1)) / (double)columns;
    double h = (s->height - s->top - s->bottom - gap_y * (double)(rows - 1)) / (double)rows;
    double x = s->left + (double)column * (w + gap_x);
    double y = s->bottom + (double)(rows - 1 - row) * (h + gap_y);

    assert(w > 0 && h > 0);
    s->panel_width = w;
    s->panel_height = h;
    rg_sheet_put(s,
                 "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
                 "set bmargin at screen %.4f\nset tmargin at screen %.4f\n",
                 x / s->width, (x + w) / s->width, y / s->height, (y + h) / s->height);
}

void
rg_sheet_key(struct rg_sheet *s)
{
    rg_sheet_put(s,
                 "set key at screen %.4f, screen %.4f left top vertical maxrows 1000 Left reverse "
                 "samplen 2 spacing (format eq 'svg' ? 0.79 : 1.1) noautotitle\n",
                 (s->width - s->right + MARGIN) / s->width, 1 - s->top / s->height);
}

void
rg_sheet_heading(struct rg_sheet *s, const char *title, bool first)
{
    if (!first)
        rg_sheet_put(s, ", \\\n  keyentry with dots lc rgb '#ffffff' title ' '");
    if (title)
        rg_sheet_put(s, ", \\\n  keyentry with dots lc rgb '#ffffff' title T[%zu]",
                     rg_sheet_label(s, title));
}

/* ---- axes ---- */

void
rg_span_add(struct rg_span *span, double x)
{
    if (!isfinite(x))
        return;
    span->lo = isnan(span->lo) ? x : fmin(span->lo, x);
    span->hi = isnan(span->hi) ? x : fmax(span->hi, x);
}

/* Digits at which a decade is divided, as densely as their numbers have room. */
struct digits {
    size_t n;
    double of[3];
    double gap; /* least part of a decade between two of them */
};

static struct digits
digits_for(const struct rg_sheet *s, const char *which, double lo, double hi)
{
    static const struct digits all[] = {
        {3, {1, 2, 5}, 0.3}, {2, {1, 3, 0}, 0.47}, {1, {1, 0, 0}, 1}};
    bool x = *which == 'x';
    double decades = log10(hi / lo), decade = (x ? s->panel_width : s->panel_height) / decades;
    double letters = fmax(fmax(floor(log10(hi)), -floor(log10(lo)) + 1), 0) + 1;
    double room = x ? letters * LETTER + 0.15 : 0.7;
    size_t i = 0;

    while (i < 2 && all[i].gap * decade < room)
        i++;
    return all[i];
}

static void
put_log_tics(struct rg_sheet *s, const char *which, double lo, double hi, bool numbers)
{
    struct digits d = digits_for(s, which, lo, hi);
    const char *comma = "";

    rg_sheet_put(s, "set logscale %s\n", which);
    if (log10(hi / lo) > 8)
        return; /* gnuplot leaves decades out */
    rg_sheet_put(s, "set %stics (", which);
    for (int e = (int)floor(log10(lo)); e <= (int)ceil(log10(hi)); e++)
        for (size_t i = 0; i < d.n; i++) {
            double tic = d.of[i] * pow(10, e);

            if (tic < lo || tic > hi)
                continue;
            if (numbers)
                rg_sheet_put(s, "%s'%g' %g", comma, tic, tic);
            else
                rg_sheet_put(s, "%s'' %g", comma, tic);
            comma = ", ";
        }
    rg_sheet_put(s, ")\n");
}

/* Steps of 1, 2 or 5 in a decade, so wide that numbers do not touch. */
static void
put_linear_tics(struct rg_sheet *s, const char *which, double lo, double hi)
{
    static const double steps[] = {1, 2, 5, 10};
    bool x = *which == 'x';
    double size = x ? s->panel_width : s->panel_height, room = 0.65, least, decade;
    char text[RG_NUM_MAX];

    for (int pass = 0; pass < 2; pass++) {
        size_t i = 0;

        least = (hi - lo) * room / size;
        decade = pow(10, floor(log10(least)));
        while (i < 3 && steps[i] * decade < least * 0.999)
            i++;
        least = steps[i] * decade;
        /* The longest number is near one of the ends. */
        for (int end = 0; end < 2 && x; end++) {
            snprintf(text, sizeof text, "%g", (end ? floor(hi / least) : ceil(lo / least)) * least);
            room = fmax(room, LETTER * (double)strlen(text) + 0.35);
        }
    }
    rg_sheet_put(s, "set %stics %g\n", which, least);
}

static void
put_range(struct rg_sheet *s, const char *which, const struct rg_figure_axis *axis,
          struct rg_span span, bool from_zero, bool numbers)
{
    double pad;

    if (axis->percent) {
        rg_sheet_put(s, "set %srange [0:101]\n", which);
        put_linear_tics(s, which, 0, 101);
        return;
    }
    if (isnan(span.lo))
        span = (struct rg_span){0, 1};
    if (axis->log && span.lo > 0) {
        pad = fmax(1.02, pow(span.hi / span.lo, 0.04));
        rg_sheet_put(s, "set %srange [%.6g:%.6g]\n", which, span.lo / pad, span.hi * pad);
        put_log_tics(s, which, span.lo / pad, span.hi * pad, numbers);
        return;
    }
    if (from_zero && span.lo > 0)
        span.lo = 0;
    pad = 0.04 * (span.hi > span.lo ? span.hi - span.lo : span.hi != 0 ? fabs(span.hi) : 1);
    if (!(from_zero && span.lo == 0))
        span.lo -= pad;
    span.hi += pad;
    if (axis->within)
        span = (struct rg_span){fmax(span.lo, 0), fmin(span.hi, 100)};
    rg_sheet_put(s, "set %srange [%.6g:%.6g]\n", which, span.lo, span.hi);
    put_linear_tics(s, which, span.lo, span.hi);
}

void
rg_sheet_axis(struct rg_sheet *s, const char *which, const struct rg_figure_axis *axis,
              struct rg_span span, bool from_zero, bool numbers)
{
    put_range(s, which, axis, span, from_zero, numbers);
    rg_sheet_put(s, "set format %s '%s'\n", which, numbers ? "%g" : "");
}

void
rg_sheet_axis_label(struct rg_sheet *s, const char *which, const struct rg_figure_axis *axis)
{
    double x = (s->left + s->width - s->right) / 2, y = (s->bottom + s->height - s->top) / 2;

    if (*which == 'x')
        rg_sheet_put(s, "set label 2 T[%zu] at screen %.4f, screen %.4f center\n",
                     rg_sheet_text(s, axis->label), x / s->width, 0.4 / s->height);
    else
        rg_sheet_put(s, "set label 3 T[%zu] at screen %.4f, screen %.4f center rotate by 90\n",
                     rg_sheet_text(s, axis->label), 0.4 / s->width, y / s->height);
}

void
rg_sheet_rows(struct rg_sheet *s, const struct rg_figure_legend *l, bool labels)
{
    rg_sheet_put(s, "set yrange [-0.6:%.1f]\nset ytics scale 0 (", (double)l->n - 0.4);
    for (size_t i = 0; i < l->n && labels; i++)
        rg_sheet_put(s, "%sF[%zu] %zu", i > 0 ? ", " : "", rg_sheet_tic(s, l->label[i]),
                     l->n - 1 - i);
    rg_sheet_put(s, "%s)\n", labels && l->n > 0 ? "" : "'' 0"); /* () would be gnuplot's own */
}
