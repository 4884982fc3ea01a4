/* Texts on a sheet: how wide they are, lines of long ones, legends. */
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "stats/figure_form.h"

/* Helvetica's letters are half an em wide on average, labels have many narrow ones; 9 points. */
static const double LETTER = 0.165, SAMPLE = 1.1, GAP = 0.35, LEGEND_MAX = 4.5;

double
rg_sheet_text_width(const char *text)
{
    return LETTER * (double)rg_utf8_width(text, rg_utf8_check(text, strlen(text)));
}

/* Bytes of the first line of text in so many columns: up to behind a sign where it may well be
 * parted, else another, else hard. */
static size_t
line_of(const char *text, size_t columns)
{
    size_t n = strlen(text), at = 0, used = 0, good = 0, fair = 0;

    while (at < n) {
        size_t len = rg_utf8_len(text + at, n - at);

        len = len > 0 ? len : 1;
        used += rg_utf8_width(text + at, rg_utf8_len(text + at, n - at));
        if (used > columns && at > 0)
            return good > 0 ? good : fair > 0 ? fair : at;
        at += len;
        if (strchr(" ,;/", text[at - 1]))
            good = at;
        else if (strchr("(-_=:+>", text[at - 1]))
            fair = at;
    }
    return n;
}

size_t
rg_sheet_wrap(struct rg_buf *out, const char *text, double width)
{
    size_t columns = (size_t)fmax(floor(width / LETTER), 4), lines = 0;

    rg_buf_reset(out);
    do {
        size_t n = line_of(text, columns);

        if (lines++ > 0)
            rg_buf_putc(out, '\n');
        for (size_t i = 0; i < n; i++) /* breaks of the caller's are none */
            rg_buf_putc(out, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
        while (out->len > 0 && out->data[out->len - 1] == ' ')
            out->data[--out->len] = '\0';
        text += n;
        text += strspn(text, " ");
    } while (*text);
    return lines;
}

/* The next line of a text that is taken apart; NULL: there is none. */
static char *
take_line(char **rest)
{
    char *line = *rest, *end = line ? strchr(line, '\n') : NULL;

    if (end)
        *end = '\0';
    *rest = end ? end + 1 : NULL;
    return line;
}

size_t
rg_sheet_wrapped(const struct rg_figure_legend *l, double width, double *widest)
{
    struct rg_buf lines = {0};
    size_t most = 1;

    *widest = 0;
    for (size_t i = 0; i < l->n; i++) {
        size_t n = rg_sheet_wrap(&lines, l->label[i], width);
        char *rest = lines.data;

        most = n > most ? n : most;
        for (char *line; (line = take_line(&rest));)
            *widest = fmax(*widest, rg_sheet_text_width(line));
    }
    rg_buf_clear(&lines);
    return most;
}

/* ---- legends ---- */

double
rg_sheet_legend_width(const struct rg_figure_legend *l)
{
    double title = l->title ? fmin(rg_sheet_text_width(l->title), LEGEND_MAX) : 0, width;

    rg_sheet_wrapped(l, LEGEND_MAX, &width);
    return l->n == 0 ? 0 : SAMPLE + GAP + fmax(title, width);
}

size_t
rg_sheet_legend_lines(const struct rg_figure_legend *l)
{
    struct rg_buf lines = {0};
    size_t n = l->title && l->n > 0 ? rg_sheet_wrap(&lines, l->title, LEGEND_MAX) : 0;

    for (size_t i = 0; i < l->n; i++)
        n += rg_sheet_wrap(&lines, l->label[i], LEGEND_MAX);
    rg_buf_clear(&lines);
    return n;
}

/* Lines of an entry without a sample. */
static void
put_lines(struct rg_sheet *s, char *rest)
{
    for (char *line; (line = take_line(&rest));)
        rg_sheet_put(s, ", \\\n  keyentry with dots lc rgb '#ffffff' title T[%zu]",
                     rg_sheet_text(s, line));
}

void
rg_sheet_entry(struct rg_sheet *s, const char *sample, const char *label)
{
    struct rg_buf lines = {0};
    char *rest, *first;

    rg_sheet_wrap(&lines, label, LEGEND_MAX);
    rest = lines.data;
    first = take_line(&rest);
    rg_sheet_put(s, ", \\\n  keyentry with %s title T[%zu]", sample,
                 rg_sheet_text(s, first ? first : ""));
    put_lines(s, rest);
    rg_buf_clear(&lines);
}

void
rg_sheet_heading(struct rg_sheet *s, const char *title, bool first)
{
    struct rg_buf lines = {0};

    if (!first)
        rg_sheet_put(s, ", \\\n  keyentry with dots lc rgb '#ffffff' title ' '");
    if (title) {
        rg_sheet_wrap(&lines, title, LEGEND_MAX);
        put_lines(s, lines.data);
    }
    rg_buf_clear(&lines);
}
