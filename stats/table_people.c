/* Forms of a table for people: text in columns, markdown, latex. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "stats/table_form.h"

enum {
    SIGNIFICANT = 4,
    TEXT_WISH = 32,  /* terminal columns that a long text should have */
    TEXT_LEAST = 10, /* and those that it must have */
};

/* ---- numbers ---- */

/* Decimals that show x with 4 significant digits; -1: it needs an exponent. */
static int
decimals_of(double x)
{
    char digits[RG_SHOW_MAX];
    int exp10;

    if (x == 0)
        return 0;
    /* the exponent after rounding: 0.99999 has that of 1 */
    snprintf(digits, sizeof digits, "%.*e", SIGNIFICANT - 1, x);
    exp10 = atoi(strchr(digits, 'e') + 1);
    if (exp10 < -5 || exp10 >= 15)
        return -1;
    return exp10 < SIGNIFICANT ? SIGNIFICANT - 1 - exp10 : 0;
}

void
rg_table_show(char out[RG_SHOW_MAX], double x, int decimals)
{
    if (isnan(x)) {
        snprintf(out, RG_SHOW_MAX, "-");
        return;
    }
    if (isinf(x))
        snprintf(out, RG_SHOW_MAX, x < 0 ? "-inf" : "inf");
    else {
        int d = decimals < 0 ? decimals_of(x) : decimals;

        if (d < 0 || fabs(x) >= 1e15)
            snprintf(out, RG_SHOW_MAX, "%.*e", d < 0 ? SIGNIFICANT - 1 : d, x);
        else
            snprintf(out, RG_SHOW_MAX, "%.*f", d, x);
    }
    if (out[0] == '-' && strspn(out, "-0.") == strlen(out))
        memmove(out, out + 1, strlen(out));
}

/* Decimals that an estimate needs: those of its value, or of its limits where that is 0. */
static int
estimate_decimals(const struct rg_table_cell *cell)
{
    double rule = cell->x;

    if (rule == 0 || !isfinite(rule)) {
        rule = isfinite(cell->lo) ? fabs(cell->lo) : 0;
        if (isfinite(cell->hi) && fabs(cell->hi) > rule)
            rule = fabs(cell->hi);
    }
    return decimals_of(rule);
}

/* Beyond this spread of magnitudes one number of decimals would show noise. */
enum { DECIMALS_SPREAD = 4 };

int
rg_table_decimals(const struct rg_table *t, size_t column)
{
    const struct rg_table_col *col = &t->cols[column];
    int least = INT_MAX, most = -1;

    if (col->kind == RG_COL_INTEGER)
        return 0;
    if (col->kind != RG_COL_ESTIMATE || col->decimals >= 0)
        return col->decimals;
    for (size_t r = 0; r < t->n_rows; r++) {
        const struct rg_table_cell *cell = rg_table_cell_at(t, r, column);
        int d;

        if (cell->what == RG_CELL_MISSING || isnan(cell->x))
            continue;
        d = estimate_decimals(cell);
        if (cell->x == 0 && d == 0)
            continue;
        least = d < least ? d : least;
        most = d > most ? d : most;
    }
    return least >= 0 && most - least <= DECIMALS_SPREAD ? most : -1;
}

/* ---- cells ---- */

void
rg_table_clean(struct rg_buf *out, const char *s)
{
    size_t n = strlen(s), i = 0;

    while (i < n) {
        size_t valid = i + rg_utf8_check(s + i, n - i);

        for (; i < valid; i++) {
            unsigned char ch = (unsigned char)s[i];
            bool c1 = ch == 0xc2 && (unsigned char)s[i + 1] < 0xa0;

            rg_buf_putc(out, ch < 0x20 || ch == 0x7f || c1 ? '?' : (char)ch);
            i += c1;
        }
        if (i < n) {
            rg_buf_putc(out, '?');
            i++;
        }
    }
}

/* A cell in parts: a text or a number alone, or a number and its two limits. */
struct shown {
    char *part[3];
    size_t n;
};

static void
shown_clear(struct shown *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->part[i]);
    s->n = 0;
}

static void
shown_add(struct shown *s, const char *text)
{
    s->part[s->n++] = rg_strdup(text);
}

static struct shown
show_cell(const struct rg_table *t, size_t row, size_t column, int decimals)
{
    const struct rg_table_cell *cell = rg_table_cell_at(t, row, column);
    struct shown s = {{NULL, NULL, NULL}, 0};
    char text[RG_SHOW_MAX];

    if (cell->what == RG_CELL_MISSING) {
        shown_add(&s, "-");
        return s;
    }
    if (cell->what == RG_CELL_TEXT) {
        struct rg_buf clean = {0};

        rg_table_clean(&clean, cell->text);
        s.part[s.n++] = rg_buf_take(&clean);
        return s;
    }
    if (cell->what == RG_CELL_INTEGER) {
        snprintf(text, sizeof text, "%lld", (long long)cell->integer);
        shown_add(&s, text);
        return s;
    }
    if (decimals < 0 && t->cols[column].kind == RG_COL_ESTIMATE)
        decimals = estimate_decimals(cell);
    rg_table_show(text, cell->x, decimals);
    shown_add(&s, text);
    if (isnan(cell->x) || !isfinite(cell->lo) || !isfinite(cell->hi))
        return s;
    rg_table_show(text, cell->lo, decimals);
    shown_add(&s, text);
    rg_table_show(text, cell->hi, decimals);
    shown_add(&s, text);
    return s;
}

void
rg_table_show_cell(struct rg_buf *out, const struct rg_table *t, size_t row, size_t column,
                   int decimals)
{
    struct shown s = show_cell(t, row, column, decimals);

    rg_buf_puts(out, s.part[0]);
    if (s.n == 3)
        rg_buf_printf(out, " [%s, %s]", s.part[1], s.part[2]);
    shown_clear(&s);
}

/* ---- text ---- */

static size_t
columns_of(const char *s)
{
    return rg_utf8_width(s, strlen(s));
}

static void
spaces(struct rg_buf *out, size_t n)
{
    while (n-- > 0)
        rg_buf_putc(out, ' ');
}

/* How the cells of a column line up: numbers at their points, part by part. */
struct layout {
    char **cells; /* one string a row, padded where numbers must line up */
    char **head;  /* lines of the head */
    size_t n_head;
    size_t body;  /* width of the widest cell */
    size_t width; /* of the column with its head */
};

static size_t
before_point(const char *s)
{
    return strcspn(s, ".");
}

/* "-", "inf": they have no point to stand at. */
static bool
is_word(const char *s)
{
    return strpbrk(s, "0123456789") == NULL;
}

static void
put_aligned(struct rg_buf *out, const char *s, size_t before, size_t behind)
{
    size_t len = before_point(s), rest = strlen(s) - len;

    spaces(out, is_word(s) ? before + behind - strlen(s) : before - len);
    rg_buf_puts(out, s);
    spaces(out, is_word(s) ? 0 : behind - rest);
}

static char *
align_cell(const struct shown *s, const size_t before[3], const size_t behind[3], bool estimates)
{
    struct rg_buf out = {0};

    put_aligned(&out, s->part[0], before[0], behind[0]);
    if (s->n == 3) {
        rg_buf_puts(&out, " [");
        put_aligned(&out, s->part[1], before[1], behind[1]);
        rg_buf_puts(&out, ", ");
        put_aligned(&out, s->part[2], before[2], behind[2]);
        rg_buf_putc(&out, ']');
    } else if (estimates)
        spaces(&out, before[1] + behind[1] + before[2] + behind[2] + 5);
    return rg_buf_take(&out);
}

/* Widths of part p of all cells before and behind the point. */
static void
measure(const struct shown *shown, size_t n, size_t p, size_t *before, size_t *behind)
{
    size_t words = 0;

    for (size_t r = 0; r < n; r++) {
        const char *s = p < shown[r].n ? shown[r].part[p] : "";
        size_t len = before_point(s), rest = strlen(s) - len;

        if (is_word(s)) {
            words = strlen(s) > words ? strlen(s) : words;
            continue;
        }
        *before = len > *before ? len : *before;
        *behind = rest > *behind ? rest : *behind;
    }
    if (words > *before + *behind)
        *before = words - *behind;
}

static void
align_numbers(const struct rg_table *t, struct layout *lay, const struct shown *shown)
{
    size_t before[3] = {0, 0, 0}, behind[3] = {0, 0, 0};
    bool estimates = false;

    for (size_t p = 0; p < 3; p++)
        measure(shown, t->n_rows, p, &before[p], &behind[p]);
    for (size_t r = 0; r < t->n_rows; r++)
        estimates = estimates || shown[r].n == 3;
    for (size_t r = 0; r < t->n_rows; r++)
        lay->cells[r] = align_cell(&shown[r], before, behind, estimates);
}

static void
layout_cells(const struct rg_table *t, size_t column, struct layout *lay)
{
    struct shown *shown = rg_alloc(t->n_rows, sizeof *shown);
    int decimals = rg_table_decimals(t, column);

    for (size_t r = 0; r < t->n_rows; r++)
        shown[r] = show_cell(t, r, column, decimals);
    lay->cells = rg_alloc(t->n_rows, sizeof *lay->cells);
    if (t->cols[column].kind != RG_COL_TEXT)
        align_numbers(t, lay, shown);
    for (size_t r = 0; r < t->n_rows; r++) {
        size_t wide;

        if (t->cols[column].kind == RG_COL_TEXT)
            lay->cells[r] = rg_strdup(shown[r].part[0]);
        wide = columns_of(lay->cells[r]);
        lay->body = wide > lay->body ? wide : lay->body;
        shown_clear(&shown[r]);
    }
    free(shown);
}

/* Length of the next piece of a head: up to and with a blank or underscore; names that have none
 * are broken when they are very long. */
static size_t
piece(const char *s)
{
    size_t n = strcspn(s, " _"), hard;
    const char *next;

    hard = rg_utf8_line(s, TEXT_WISH, &next);
    if (hard > 0 && hard < n)
        return hard;
    while (s[n] == ' ' || s[n] == '_')
        n++;
    return n;
}

static void
add_head_line(struct layout *lay, const char *s, size_t n)
{
    size_t wide;

    while (n > 0 && s[n - 1] == ' ')
        n--;
    lay->head = rg_realloc(lay->head, lay->n_head + 1, sizeof *lay->head);
    lay->head[lay->n_head++] = rg_strndup(s, n);
    wide = rg_utf8_width(s, n);
    lay->width = wide > lay->width ? wide : lay->width;
}

/* Break the head into lines no wider than the column must be anyway: its widest cell or the longest
 * piece of the head. limit 0: one line. */
static void
layout_head(const char *head, struct layout *lay, bool wrap)
{
    size_t limit = lay->body, start = 0, at = 0;

    for (size_t i = 0; i < lay->n_head; i++)
        free(lay->head[i]);
    lay->n_head = 0;
    lay->width = lay->body;
    for (size_t i = 0, n; wrap && head[i] != '\0'; i += n) {
        n = piece(head + i);
        limit = rg_utf8_width(head + i, n) > limit ? rg_utf8_width(head + i, n) : limit;
    }
    while (wrap && head[at] != '\0') {
        size_t n = piece(head + at);

        if (at > start && rg_utf8_width(head + start, at + n - start) > limit) {
            add_head_line(lay, head + start, at - start);
            start = at;
        }
        at += n;
    }
    add_head_line(lay, head + start, strlen(head + start));
}

static size_t
total_width(const struct rg_table *t, const struct layout *lay)
{
    size_t total = 0;

    for (size_t c = 0; c < t->n_cols; c++)
        total += lay[c].width + (c > 0 ? 2 : 0);
    return total;
}

static struct layout *
layout_new(const struct rg_table *t, size_t width)
{
    struct layout *lay = rg_zalloc(t->n_cols, sizeof *lay);
    struct rg_buf head = {0};

    for (int wrap = 0; wrap < 2; wrap++) {
        for (size_t c = 0; c < t->n_cols; c++) {
            if (wrap == 0)
                layout_cells(t, c, &lay[c]);
            rg_buf_reset(&head);
            rg_table_clean(&head, t->cols[c].head);
            layout_head(rg_buf_text(&head), &lay[c], wrap != 0);
        }
        if (width == 0 || total_width(t, lay) <= width)
            break;
    }
    rg_buf_clear(&head);
    return lay;
}

static void
layout_free(const struct rg_table *t, struct layout *lay)
{
    for (size_t c = 0; c < t->n_cols; c++) {
        for (size_t r = 0; r < t->n_rows; r++)
            free(lay[c].cells[r]);
        for (size_t i = 0; i < lay[c].n_head; i++)
            free(lay[c].head[i]);
        free(lay[c].cells);
        free(lay[c].head);
    }
    free(lay);
}

/* ---- lines of a width ---- */

/* Lead, then s in lines that are indented as far as the first. */
static void
put_filled(struct rg_buf *out, const char *lead, const char *s, size_t width)
{
    size_t indent = strlen(lead), room = width > indent + TEXT_LEAST ? width - indent : TEXT_LEAST;
    const char *next;

    rg_buf_puts(out, lead);
    do {
        rg_buf_add(out, s, rg_utf8_line(s, width > 0 ? room : 0, &next));
        rg_buf_putc(out, '\n');
        s = next;
        spaces(out, *s != '\0' ? indent : 0);
    } while (*s != '\0');
}

/* ---- blocks ---- */

/* The columns of one block, in print order. */
struct block {
    const struct rg_table *t;
    const struct layout *lay;
    size_t *cols;
    size_t *width; /* of each: that of the layout, or less where long texts are broken */
    size_t n;
};

static bool
is_text(const struct block *b, size_t i)
{
    return b->t->cols[b->cols[i]].kind == RG_COL_TEXT;
}

static size_t
head_width(const struct layout *lay)
{
    size_t most = TEXT_LEAST;

    for (size_t i = 0; i < lay->n_head; i++) {
        size_t wide = columns_of(lay->head[i]);

        most = wide > most ? wide : most;
    }
    return most;
}

/* Give each column its width; where that is too much for the block, the widest text gets less,
 * again and again. */
static void
fit(struct block *b, size_t limit)
{
    size_t total = 0;

    for (size_t i = 0; i < b->n; i++) {
        b->width[i] = b->lay[b->cols[i]].width;
        total += b->width[i] + (i > 0 ? 2 : 0);
    }
    for (; limit > 0 && total > limit; total--) {
        size_t widest = b->n;

        for (size_t i = 0; i < b->n; i++)
            if (is_text(b, i) && b->width[i] > head_width(&b->lay[b->cols[i]]) &&
                (widest == b->n || b->width[i] >= b->width[widest]))
                widest = i;
        if (widest == b->n)
            return;
        b->width[widest]--;
    }
}

static void
trim(struct rg_buf *out)
{
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
    rg_buf_putc(out, '\n');
}

static void
put_field(const struct block *b, size_t i, const char *s, size_t n, struct rg_buf *out)
{
    size_t pad = b->width[i] - rg_utf8_width(s, n);

    spaces(out, i > 0 ? 2 : 0);
    spaces(out, is_text(b, i) ? 0 : pad);
    rg_buf_add(out, s, n);
    spaces(out, is_text(b, i) ? pad : 0);
}

static void
print_head(const struct block *b, struct rg_buf *out)
{
    size_t lines = 0, wide = 0;

    for (size_t i = 0; i < b->n; i++) {
        const struct layout *lay = &b->lay[b->cols[i]];

        lines = lay->n_head > lines ? lay->n_head : lines;
        wide += b->width[i] + (i > 0 ? 2 : 0);
    }
    for (size_t line = 0; line < lines; line++) {
        for (size_t i = 0; i < b->n; i++) {
            const struct layout *lay = &b->lay[b->cols[i]];
            size_t blank = lines - lay->n_head;
            const char *s = line < blank ? "" : lay->head[line - blank];

            put_field(b, i, s, strlen(s), out);
        }
        trim(out);
    }
    while (wide-- > 0)
        rg_buf_putc(out, '-');
    rg_buf_putc(out, '\n');
}

/* A row is as many lines as its longest text needs. rest[i] is what is still to come of cell i. */
static void
print_row(const struct block *b, size_t row, const char **rest, struct rg_buf *out)
{
    bool more = true;

    for (size_t i = 0; i < b->n; i++)
        rest[i] = b->lay[b->cols[i]].cells[row];
    while (more) {
        more = false;
        for (size_t i = 0; i < b->n; i++) {
            const char *next = rest[i] + strlen(rest[i]);
            size_t n = is_text(b, i) ? rg_utf8_line(rest[i], b->width[i], &next) : strlen(rest[i]);

            put_field(b, i, rest[i], n, out);
            rest[i] = next;
            more = more || *next != '\0';
        }
        trim(out);
    }
}

static void
print_block(struct block *b, size_t width, struct rg_buf *out)
{
    const char **rest = rg_alloc(b->n, sizeof *rest);

    fit(b, width);
    print_head(b, out);
    for (size_t r = 0; r < b->t->n_rows; r++)
        print_row(b, r, rest, out);
    free(rest);
}

/* What a column asks for when blocks are made up: a long text is content with less. */
static size_t
wanted(const struct rg_table *t, const struct layout *lay, size_t c, size_t width)
{
    size_t content = t->cols[c].key ? width / 2 : TEXT_WISH, least = head_width(&lay[c]);

    content = content > least ? content : least;
    if (t->cols[c].kind != RG_COL_TEXT || width == 0 || lay[c].width < content)
        return lay[c].width;
    return content;
}

/* Print the columns in as many blocks as the width asks for; each has the keys and at least one
 * further column. */
static void
print_blocks(const struct rg_table *t, const struct layout *lay, size_t width, struct rg_buf *out)
{
    size_t *cols = rg_alloc(t->n_cols, sizeof *cols), n_keys = 0, keys_wide = 0;
    struct block b = {t, lay, cols, rg_alloc(t->n_cols, sizeof *b.width), 0};
    size_t wide, next = 0;
    bool first = true;

    for (size_t c = 0; c < t->n_cols; c++)
        if (t->cols[c].key) {
            cols[n_keys] = c;
            keys_wide += wanted(t, lay, c, width) + (n_keys++ > 0 ? 2 : 0);
        }
    do {
        b.n = n_keys;
        wide = keys_wide;
        for (; next < t->n_cols; next++) {
            if (t->cols[next].key)
                continue;
            wide += wanted(t, lay, next, width) + (b.n > 0 ? 2 : 0);
            if (width > 0 && wide > width && b.n > n_keys)
                break;
            cols[b.n++] = next;
        }
        rg_buf_puts(out, first ? "" : "\n");
        first = false;
        print_block(&b, width, out);
    } while (next < t->n_cols);
    free(b.width);
    free(cols);
}

void
rg_table_print_text(const struct rg_table *t, size_t width, struct rg_buf *out)
{
    struct layout *lay = layout_new(t, width);
    struct rg_buf clean = {0};

    if (t->title != NULL) {
        rg_table_clean(&clean, t->title);
        put_filled(out, "", rg_buf_text(&clean), width);
        rg_buf_putc(out, '\n');
    }
    print_blocks(t, lay, width, out);
    for (size_t i = 0; i < t->n_notes; i++) {
        const struct rg_table_note *note = &t->notes[i];
        char lead[RG_SHOW_MAX] = "";

        if (note->counted)
            snprintf(lead, sizeof lead, "%9llu x  ", (unsigned long long)note->count);
        rg_buf_reset(&clean);
        rg_table_clean(&clean, note->text);
        rg_buf_puts(out, i == 0 ? "\n" : "");
        put_filled(out, lead, rg_buf_text(&clean), width);
    }
    rg_buf_clear(&clean);
    layout_free(t, lay);
}
