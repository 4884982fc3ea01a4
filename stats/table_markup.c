/* Markdown (GitHub's tables) and latex (booktabs) forms of a table. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "stats/table_form.h"

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

static const char *
latex_char(char ch)
{
    switch (ch) {
    case '\\':
        return "\\textbackslash{}";
    case '~':
        return "\\textasciitilde{}";
    case '^':
        return "\\textasciicircum{}";
    case '<':
        return "\\textless{}";
    case '>':
        return "\\textgreater{}";
    case '|':
        return "\\textbar{}";
    case '[': /* would be an argument of the \\ before it */
        return "{[}";
    case '*':
        return "{*}";
    case '&':
        return "\\&";
    case '%':
        return "\\%";
    case '$':
        return "\\$";
    case '#':
        return "\\#";
    case '_':
        return "\\_";
    case '{':
        return "\\{";
    case '}':
        return "\\}";
    default:
        return NULL;
    }
}

static void
latex_escape(struct rg_buf *out, const char *s)
{
    for (; *s != '\0'; s++) {
        const char *as = latex_char(*s);

        if (as != NULL)
            rg_buf_puts(out, as);
        else
            rg_buf_putc(out, *s);
    }
}

static void
latex_text(struct rg_buf *out, const char *s)
{
    struct rg_buf clean = {0};

    rg_table_clean(&clean, s);
    latex_escape(out, rg_buf_text(&clean));
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

/* Columns of a block, in print order. */
struct latex_block {
    const size_t *cols;
    size_t n;
};

static void
latex_head(const struct rg_table *t, const struct latex_block *b, struct rg_buf *out)
{
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
    for (size_t r = 0; r < t->n_rows; r++) {
        for (size_t i = 0; i < b->n; i++) {
            rg_buf_reset(&cell);
            rg_table_show_cell(&cell, t, r, b->cols[i], decimals[i]);
            rg_buf_puts(out, i > 0 ? " & " : "  ");
            if (t->cols[b->cols[i]].kind == RG_COL_TEXT)
                latex_escape(out, rg_buf_text(&cell));
            else
                latex_number(out, rg_buf_text(&cell));
        }
        rg_buf_puts(out, " \\\\\n");
    }
    rg_buf_puts(out, "\\bottomrule\n\\end{tabular}\n");
    free(decimals);
    rg_buf_clear(&cell);
}

/* A page takes about seven estimates; a text counts as two numbers, an estimate as three. */
enum { LATEX_ROOM = 21 };

static size_t
latex_size(const struct rg_table *t, size_t c)
{
    switch (t->cols[c].kind) {
    case RG_COL_ESTIMATE:
        return 3;
    case RG_COL_TEXT:
        return 2;
    default:
        return 1;
    }
}

/* As many tabulars as the page asks for, each with the key columns. */
static void
latex_blocks(const struct rg_table *t, struct rg_buf *out)
{
    size_t *cols = rg_alloc(t->n_cols, sizeof *cols), n_keys = 0, next = 0;
    bool first = true;

    for (size_t c = 0; c < t->n_cols; c++)
        if (t->cols[c].key)
            cols[n_keys++] = c;
    do {
        struct latex_block b = {cols, n_keys};
        size_t size = 0;

        for (; next < t->n_cols; next++) {
            if (t->cols[next].key)
                continue;
            size += latex_size(t, next);
            if (size > LATEX_ROOM)
                break;
            cols[b.n++] = next;
        }
        rg_buf_puts(out, first ? "" : "\n\\medskip\n\n");
        first = false;
        latex_tabular(t, &b, out);
    } while (next < t->n_cols);
    free(cols);
}

void
rg_table_print_latex(const struct rg_table *t, struct rg_buf *out)
{
    if (t->title != NULL) {
        rg_buf_puts(out, "\\begin{table}\n\\centering\n\\caption{");
        latex_text(out, t->title);
        rg_buf_puts(out, "}\n");
    }
    latex_blocks(t, out);
    for (size_t i = 0; i < t->n_notes; i++) {
        rg_buf_puts(out, "\\par{\\footnotesize ");
        if (t->notes[i].counted)
            rg_buf_printf(out, "%llu $\\times$ ", (unsigned long long)t->notes[i].count);
        latex_text(out, t->notes[i].text);
        rg_buf_puts(out, "\\par}\n");
    }
    if (t->title != NULL)
        rg_buf_puts(out, "\\end{table}\n");
}
