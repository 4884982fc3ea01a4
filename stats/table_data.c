/* Data forms of a table: csv and json. */
#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/num.h"
#include "stats/table_form.h"

/* ---- csv ---- */

static void
csv_field(const struct rg_table *t, struct rg_buf *out, const char *s)
{
    /* a record that is one empty field would be a blank line */
    if (s[0] == '\0' && t->n_cols == 1 && t->cols[0].kind != RG_COL_ESTIMATE)
        rg_buf_puts(out, "\"\"");
    else
        rg_csv_put(out, s, strlen(s));
}

static void
csv_number(const struct rg_table *t, struct rg_buf *out, double x)
{
    char digits[RG_NUM_MAX] = "";

    if (isfinite(x))
        rg_num_print(digits, x);
    csv_field(t, out, digits);
}

static void
csv_mark(const struct rg_table *t, struct rg_buf *out, const char *text)
{
    if (!t->mark)
        return;
    rg_buf_puts(out, t->n_cols > 0 ? "," : "");
    rg_csv_put(out, text, strlen(text));
}

static void
csv_head(const struct rg_table *t, struct rg_buf *out)
{
    static const char *const suffix[] = {"", "_lo", "_hi"};
    struct rg_buf name = {0};

    for (size_t c = 0; c < t->n_cols; c++) {
        size_t parts = t->cols[c].kind == RG_COL_ESTIMATE ? 3 : 1;

        for (size_t p = 0; p < parts; p++) {
            rg_buf_reset(&name);
            rg_buf_printf(&name, "%s%s", t->cols[c].name, suffix[p]);
            if (c + p > 0)
                rg_buf_putc(out, ',');
            csv_field(t, out, rg_buf_text(&name));
        }
    }
    csv_mark(t, out, t->mark);
    rg_buf_putc(out, '\n');
    rg_buf_clear(&name);
}

static void
csv_cell(const struct rg_table *t, struct rg_buf *out, const struct rg_table_cell *cell)
{
    switch (cell->what) {
    case RG_CELL_MISSING:
        csv_field(t, out, "");
        return;
    case RG_CELL_TEXT:
        csv_field(t, out, cell->text);
        return;
    case RG_CELL_INTEGER:
        rg_buf_printf(out, "%lld", (long long)cell->integer);
        return;
    case RG_CELL_NUMBER:
        if (cell->text != NULL && isfinite(cell->x))
            csv_field(t, out, cell->text);
        else
            csv_number(t, out, cell->x);
        return;
    }
}

void
rg_table_print_csv(const struct rg_table *t, struct rg_buf *out)
{
    csv_head(t, out);
    for (size_t r = 0; r < t->n_rows; r++) {
        for (size_t c = 0; c < t->n_cols; c++) {
            const struct rg_table_cell *cell = rg_table_cell_at(t, r, c);

            if (c > 0)
                rg_buf_putc(out, ',');
            csv_cell(t, out, cell);
            if (t->cols[c].kind != RG_COL_ESTIMATE)
                continue;
            rg_buf_putc(out, ',');
            csv_number(t, out, cell->lo);
            rg_buf_putc(out, ',');
            csv_number(t, out, cell->hi);
        }
        csv_mark(t, out, t->mark_value);
        rg_buf_putc(out, '\n');
    }
}

/* ---- json ---- */

static const char *
skip_digits(const char *s)
{
    return s + strspn(s, "0123456789");
}

/* Are the digits a JSON number? (Published ones need not be: ".5", "007".) */
static bool
is_json_number(const char *s)
{
    const char *end;

    s += *s == '-';
    end = skip_digits(s);
    if (end == s || (*s == '0' && end > s + 1))
        return false;
    if (*end == '.') {
        s = end + 1;
        end = skip_digits(s);
        if (end == s)
            return false;
    }
    if (*end == 'e' || *end == 'E') {
        s = end + 1;
        s += *s == '-' || *s == '+';
        end = skip_digits(s);
        if (end == s)
            return false;
    }
    return *end == '\0';
}

static void
json_key(struct rg_buf *out, const char *name, const char *suffix)
{
    struct rg_buf key = {0};

    rg_buf_printf(&key, "%s%s", name, suffix);
    rg_json_put_string(out, rg_buf_text(&key), key.len);
    rg_buf_puts(out, ": ");
    rg_buf_clear(&key);
}

static void
json_cell(struct rg_buf *out, const struct rg_table_cell *cell)
{
    switch (cell->what) {
    case RG_CELL_MISSING:
        rg_buf_puts(out, "null");
        return;
    case RG_CELL_TEXT:
        rg_json_put_string(out, cell->text, strlen(cell->text));
        return;
    case RG_CELL_INTEGER:
        rg_buf_printf(out, "%lld", (long long)cell->integer);
        return;
    case RG_CELL_NUMBER:
        if (cell->text != NULL && isfinite(cell->x) && is_json_number(cell->text))
            rg_buf_puts(out, cell->text);
        else
            rg_json_put_number(out, cell->x);
        return;
    }
}

static void
json_row(const struct rg_table *t, struct rg_buf *out, size_t row)
{
    rg_buf_putc(out, '{');
    for (size_t c = 0; c < t->n_cols; c++) {
        const struct rg_table_col *col = &t->cols[c];
        const struct rg_table_cell *cell = rg_table_cell_at(t, row, c);

        rg_buf_puts(out, c > 0 ? ", " : "");
        json_key(out, col->name, "");
        json_cell(out, cell);
        if (col->kind != RG_COL_ESTIMATE)
            continue;
        rg_buf_puts(out, ", ");
        json_key(out, col->name, "_lo");
        rg_json_put_number(out, cell->lo);
        rg_buf_puts(out, ", ");
        json_key(out, col->name, "_hi");
        rg_json_put_number(out, cell->hi);
    }
    rg_buf_putc(out, '}');
}

void
rg_table_print_json(const struct rg_table *t, struct rg_buf *out)
{
    struct rg_buf note = {0};

    rg_buf_putc(out, '{');
    if (t->title != NULL) {
        rg_buf_puts(out, "\"title\": ");
        rg_json_put_string(out, t->title, strlen(t->title));
        rg_buf_puts(out, ",\n ");
    }
    rg_buf_puts(out, "\"rows\": [");
    for (size_t r = 0; r < t->n_rows; r++) {
        rg_buf_puts(out, r > 0 ? ",\n  " : "\n  ");
        json_row(t, out, r);
    }
    rg_buf_puts(out, "]");
    for (size_t i = 0; i < t->n_notes; i++) {
        rg_buf_puts(out, i > 0 ? ",\n  " : ",\n \"notes\": [\n  ");
        rg_buf_reset(&note);
        if (t->notes[i].counted)
            rg_buf_printf(&note, "%llu x ", (unsigned long long)t->notes[i].count);
        rg_buf_puts(&note, t->notes[i].text);
        rg_json_put_string(out, rg_buf_text(&note), note.len);
    }
    rg_buf_puts(out, t->n_notes > 0 ? "]}" : "}");
    rg_buf_clear(&note);
}
