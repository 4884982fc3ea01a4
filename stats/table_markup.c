/* Markdown (GitHub's tables) and latex (booktabs) forms of a table. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "stats/table_form.h"
#include "stats/tex.h"

/* ---- markdown ---- */

/* Is the run of underscores around s[i] inside a word? There it can start no emphasis. */
static bool
inside_word(const char *s, size_t i)
{
    size_t a = i, b = i;

    while (a > 0 && s[a - 1] == '_')
        a--;
    while (s[b] == '_')
        b++;
    return a > 0 && isalnum((unsigned char)s[a - 1]) && isalnum((unsigned char)s[b]);
}

static void
markdown_escape(struct rg_buf *out, const char *s)
{
    for (size_t i = 0; s[i] != '\0'; i++) {
        if (strchr("\\`*<|[&~", s[i]) != NULL || (s[i] == '_' && !inside_word(s, i)))
            rg_buf_putc(out, '\\');
        rg_buf_putc(out, s[i]);
    }
}

/* The whole table as escaped strings, head first: (n_rows + 1) * n_cols. */
static char **
markdown_cells(const struct rg_table *t)
{
    char **cells = rg_alloc((t->n_rows + 1) * t->n_cols, sizeof *cells);
    struct rg_buf raw = {0}, done = {0};

    for (size_t c = 0; c < t->n_cols; c++) {
        int decimals = rg_table_decimals(t, c);

        for (size_t r = 0; r <= t->n_rows; r++) {
            rg_buf_reset(&raw);
            if (r == 0)
                rg_table_clean(&raw, t->cols[c].head);
            else
                rg_table_show_cell(&raw, t, r - 1, c, decimals);
            if (r == 0 || t->cols[c].kind == RG_COL_TEXT)
                markdown_escape(&done, rg_buf_text(&raw));
            else
                rg_buf_puts(&done, rg_buf_text(&raw));
            cells[r * t->n_cols + c] = rg_buf_take(&done);
        }
    }
    rg_buf_clear(&raw);
    return cells;
}

static void
markdown_row(const struct rg_table *t, char *const *cells, const size_t *width, struct rg_buf *out)
{
    for (size_t c = 0; c < t->n_cols; c++) {
        bool left = t->cols[c].kind == RG_COL_TEXT;
        size_t pad = width[c] - rg_utf8_width(cells[c], strlen(cells[c]));

        rg_buf_printf(out, "| %*s%s%*s ", left ? 0 : (int)pad, "", cells[c], left ? (int)pad : 0,
                      "");
    }
    rg_buf_puts(out, "|\n");
}

static void
markdown_rule(const struct rg_table *t, const size_t *width, struct rg_buf *out)
{
    for (size_t c = 0; c < t->n_cols; c++) {
        rg_buf_puts(out, t->cols[c].kind == RG_COL_TEXT ? "| :" : "| ");
        for (size_t i = 1; i < width[c]; i++)
            rg_buf_putc(out, '-');
        rg_buf_puts(out, t->cols[c].kind == RG_COL_TEXT ? " " : ": ");
    }
    rg_buf_puts(out, "|\n");
}

static void
markdown_line(struct rg_buf *out, const char *before, const char *s, const char *behind)
{
    struct rg_buf clean = {0};

    rg_table_clean(&clean, s);
    rg_buf_puts(out, before);
    markdown_escape(out, rg_buf_text(&clean));
    rg_buf_puts(out, behind);
    rg_buf_clear(&clean);
}

void
rg_table_print_markdown(const struct rg_table *t, struct rg_buf *out)
{
    char **cells = markdown_cells(t);
    size_t *width = rg_alloc(t->n_cols, sizeof *width), n = (t->n_rows + 1) * t->n_cols;

    for (size_t c = 0; c < t->n_cols; c++)
        width[c] = 3;
    for (size_t i = 0; i < n; i++) {
        size_t wide = rg_utf8_width(cells[i], strlen(cells[i]));

        if (wide > width[i % t->n_cols])
            width[i % t->n_cols] = wide;
    }
    if (t->title != NULL)
        markdown_line(out, "**", t->title, "**\n\n");
    for (size_t r = 0; r <= t->n_rows; r++) {
        markdown_row(t, cells + r * t->n_cols, width, out);
        if (r == 0)
            markdown_rule(t, width, out);
    }
    for (size_t i = 0; i < t->n_notes; i++) {
        const struct rg_table_note *note = &t->notes[i];

        /* items that follow each other are one list */
        rg_buf_puts(out, i > 0 && note->counted && note[-1].counted ? "" : "\n");
        if (note->counted)
            rg_buf_printf(out, "- %llu x ", (unsigned long long)note->count);
        markdown_line(out, "", note->text, "\n");
    }
    for (size_t i = 0; i < n; i++)
        free(cells[i]);
    free(cells);
    free(width);
}

/* ---- latex ---- */

static void
latex_text(struct rg_buf *out, const char *s)
{
    struct rg_buf clean = {0};

    rg_table_clean(&clean, s);
    rg_tex_put(out, rg_buf_text(&clean));
    rg_buf_clear(&clean);
}

/* Numbers: a minus sign in front of a digit is one, not a hyphen. */
static void
latex_number(struct rg_buf *out, const char *s)
{
    for (size_t i = 0; s[i] != '\0'; i++) {
        bool minus = s[i] == '-' && (isdigit((unsigned char)s[i + 1]) || s[i + 1] == 'i');

        rg_buf_puts(out, minus ? "$-$" : "");
        if (!minus)
            rg_buf_putc(out, s[i]);
    }
}

/* Columns of a block, in print order, and the rows of a part of it. */
struct latex_block {
    const size_t *cols;
    size_t n;
    double width; /* pt, of all columns with their gaps */
    size_t from, to;
};

/* Room on a page of the class article at 10 pt: its width, and the lines of a table that leave some
 * for caption and notes. */
static const double LATEX_WIDTH = 345, LATEX_GAP = 12;
enum { LATEX_ROWS = 38, LATEX_LINES = 44 };

/* Width of a text in Computer Modern at 10 pt, a little more rather than less. */
static double
latex_width(const char *s)
{
    double width = 0;

    for (; *s != '\0'; s++) {
        unsigned char ch = (unsigned char)*s;

        if ((ch & 0xc0) == 0x80)
            continue;
        if (strchr("ijl.,:;'|[]()!I ", ch) != NULL)
            width += ch == '(' || ch == ')' ? 3.9 : ch == ' ' ? 3.4 : 2.9;
        else if (strchr("mwMW%&@-<>", ch) != NULL)
            width += ch == 'W' ? 10.3 : ch == 'm' || ch == 'M' || ch == '%' ? 8.9 : 7.8;
        else
            width += ch >= 0x80 || isupper(ch) ? 7.6 : 5.2;
    }
    return width;
}

static double
latex_column_width(const struct rg_table *t, size_t c)
{
    int decimals = rg_table_decimals(t, c);
    double width = latex_width(t->cols[c].head);
    struct rg_buf cell = {0};

    for (size_t r = 0; r < t->n_rows; r++) {
        double wide;

        rg_buf_reset(&cell);
        rg_table_show_cell(&cell, t, r, c, decimals);
        wide = latex_width(rg_buf_text(&cell));
        width = wide > width ? wide : width;
    }
    rg_buf_clear(&cell);
    return width + LATEX_GAP;
}

static void
latex_head(const struct rg_table *t, const struct latex_block *b, struct rg_buf *out)
{
    /* One key and one column may be too wide all the same. */
    if (b->width > LATEX_WIDTH)
        rg_buf_puts(out, "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}"
                         "{!}{%\n");
    rg_buf_puts(out, "\\begin{tabular}{");
    for (size_t i = 0; i < b->n; i++)
        rg_buf_putc(out, t->cols[b->cols[i]].kind == RG_COL_TEXT ? 'l' : 'r');
    rg_buf_puts(out, "}\n\\toprule\n");
    for (size_t i = 0; i < b->n; i++) {
        rg_buf_puts(out, i > 0 ? " & " : "  ");
        latex_text(out, t->cols[b->cols[i]].head);
    }
    rg_buf_puts(out, " \\\\\n\\midrule\n");
}

static void
latex_tabular(const struct rg_table *t, const struct latex_block *b, struct rg_buf *out)
{
    int *decimals = rg_alloc(b->n, sizeof *decimals);
    struct rg_buf cell = {0};

    for (size_t i = 0; i < b->n; i++)
        decimals[i] = rg_table_decimals(t, b->cols[i]);
    latex_head(t, b, out);
    for (size_t r = b->from; r < b->to; r++) {
        for (size_t i = 0; i < b->n; i++) {
            rg_buf_reset(&cell);
            rg_table_show_cell(&cell, t, r, b->cols[i], decimals[i]);
            rg_buf_puts(out, i > 0 ? " & " : "  ");
            if (t->cols[b->cols[i]].kind == RG_COL_TEXT)
                rg_tex_put(out, rg_buf_text(&cell));
            else
                latex_number(out, rg_buf_text(&cell));
        }
        rg_buf_puts(out, " \\\\\n");
    }
    rg_buf_puts(out, "\\bottomrule\n\\end{tabular}");
    rg_buf_puts(out, b->width > LATEX_WIDTH ? "}\n" : "\n");
    free(decimals);
    rg_buf_clear(&cell);
}

/* Columns from *next on that go on a page behind the n_keys first of cols. */
static struct latex_block
latex_columns(const struct rg_table *t, const double *width, size_t *cols, size_t n_keys,
              size_t *next)
{
    struct latex_block b = {.cols = cols, .n = n_keys};

    for (size_t i = 0; i < n_keys; i++)
        b.width += width[cols[i]];
    for (; *next < t->n_cols; ++*next) {
        if (t->cols[*next].key)
            continue;
        if (b.n > n_keys && b.width + width[*next] > LATEX_WIDTH)
            break;
        b.width += width[*next];
        cols[b.n++] = *next;
    }
    return b;
}

/* TeX keeps only so many floats until it has put them on pages. */
enum { LATEX_FLOATS = 10 };

/* The n-th float with its caption. */
static void
latex_begin(const struct rg_table *t, size_t n, struct rg_buf *out)
{
    bool first = n == 0;

    if (t->title == NULL) {
        rg_buf_puts(out, first ? "" : "\n\\medskip\n\n");
        return;
    }
    rg_buf_puts(out, first ? "" : "\\end{table}\n");
    rg_buf_puts(out, n % LATEX_FLOATS == LATEX_FLOATS - 1 ? "\\clearpage\n" : "");
    rg_buf_puts(out, "\\begin{table}\n\\centering\n\\caption{");
    latex_text(out, t->title);
    rg_buf_puts(out, first ? "}\n" : " (continued)}\n");
}

/* As many tabulars as the page asks for, each with the key columns; in one float if they go on one
 * page, else in one for each. Returns whether they did not. */
static bool
latex_blocks(const struct rg_table *t, struct rg_buf *out)
{
    size_t *cols = rg_alloc(t->n_cols, sizeof *cols), n_keys = 0, next = 0, blocks = 0;
    double *width = rg_alloc(t->n_cols, sizeof *width);
    size_t floats = 0;
    bool many;

    for (size_t c = 0; c < t->n_cols; c++) {
        width[c] = latex_column_width(t, c);
        if (t->cols[c].key)
            cols[n_keys++] = c;
    }
    for (; blocks == 0 || next < t->n_cols; blocks++)
        latex_columns(t, width, cols, n_keys, &next);
    many = blocks * (t->n_rows + 3) > LATEX_LINES;
    next = 0;
    do {
        struct latex_block b = latex_columns(t, width, cols, n_keys, &next);

        for (b.from = 0; b.from == 0 || b.from < t->n_rows; b.from = b.to) {
            b.to = b.from + LATEX_ROWS < t->n_rows ? b.from + LATEX_ROWS : t->n_rows;
            if (floats == 0 || many)
                latex_begin(t, floats++, out);
            else
                rg_buf_puts(out, "\n\\medskip\n\n");
            latex_tabular(t, &b, out);
            if (b.to == 0)
                break;
        }
    } while (next < t->n_cols);
    free(cols);
    free(width);
    return many;
}

void
rg_table_print_latex(const struct rg_table *t, struct rg_buf *out)
{
    bool many = latex_blocks(t, out);

    for (size_t i = 0; i < t->n_notes; i++) {
        rg_buf_puts(out, "\\par{\\footnotesize ");
        if (t->notes[i].counted)
            rg_buf_printf(out, "%llu $\\times$ ", (unsigned long long)t->notes[i].count);
        latex_text(out, t->notes[i].text);
        rg_buf_puts(out, "\\par}\n");
    }
    if (t->title != NULL)
        rg_buf_puts(out, "\\end{table}\n");
    if (t->title != NULL && many)
        rg_buf_puts(out, "\\clearpage\n");
}
