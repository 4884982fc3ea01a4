#include "stats/tablediff.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "stats/table_form.h"

enum { FILE_MAX = 1 << 30 };

/* A grid of texts with a header: one side of the comparison. */
struct side {
    char **names;
    bool *is_text; /* column of texts: never compared as numbers */
    size_t n_cols;
    char **cells; /* n_rows * n_cols */
    size_t n_rows, cap_cells;
    size_t *keys; /* columns of the keys */
    char **key;   /* of each row, unique: keys joined, with the repeat number */
};

struct diff {
    struct rg_tablediff *out;
    struct side file, table;
    size_t n_keys;
    double tolerance;
};

static const size_t NONE = (size_t)-1;

static void
side_clear(struct side *s)
{
    for (size_t i = 0; i < s->n_cols; i++)
        free(s->names[i]);
    for (size_t i = 0; i < s->n_rows * s->n_cols; i++)
        free(s->cells[i]);
    for (size_t i = 0; s->key != NULL && i < s->n_rows; i++)
        free(s->key[i]);
    free(s->names);
    free(s->is_text);
    free(s->cells);
    free(s->keys);
    free(s->key);
}

static size_t
side_find(const struct side *s, const char *name)
{
    for (size_t i = 0; i < s->n_cols; i++)
        if (strcmp(s->names[i], name) == 0)
            return i;
    return NONE;
}

static void
side_row(struct side *s)
{
    s->cells = rg_grow(s->cells, &s->cap_cells, (s->n_rows + 1) * s->n_cols, sizeof *s->cells);
    s->n_rows++;
}

static const char *
side_cell(const struct side *s, size_t row, size_t column)
{
    return s->cells[row * s->n_cols + column];
}

/* ---- the table's side ---- */

static char *
digits_of(double x)
{
    char digits[RG_NUM_MAX] = "";

    if (isfinite(x))
        rg_num_print(digits, x);
    return rg_strdup(digits);
}

/* A cell as the csv form has it, before quoting. */
static char *
data_text(const struct rg_table_cell *cell)
{
    char integer[RG_NUM_MAX];

    switch (cell->what) {
    case RG_CELL_MISSING:
        return rg_strdup("");
    case RG_CELL_TEXT:
        return rg_strdup(cell->text);
    case RG_CELL_INTEGER:
        snprintf(integer, sizeof integer, "%lld", (long long)cell->integer);
        return rg_strdup(integer);
    case RG_CELL_NUMBER:
        break;
    }
    return cell->text != NULL && isfinite(cell->x) ? rg_strdup(cell->text) : digits_of(cell->x);
}

static void
table_column(struct side *s, const struct rg_table_col *col, const char *suffix)
{
    struct rg_buf name = {0};

    rg_buf_printf(&name, "%s%s", col->name, suffix);
    s->is_text[s->n_cols] = col->kind == RG_COL_TEXT;
    s->names[s->n_cols++] = rg_buf_take(&name);
}

static void
table_side(struct diff *d, const struct rg_table *t)
{
    struct side *s = &d->table;

    s->names = rg_alloc(3 * t->n_cols, sizeof *s->names);
    s->is_text = rg_alloc(3 * t->n_cols, sizeof *s->is_text);
    for (size_t c = 0; c < t->n_cols; c++) {
        table_column(s, &t->cols[c], "");
        if (t->cols[c].kind == RG_COL_ESTIMATE) {
            table_column(s, &t->cols[c], "_lo");
            table_column(s, &t->cols[c], "_hi");
        }
    }
    for (size_t r = 0; r < t->n_rows; r++) {
        size_t to = s->n_rows * s->n_cols;

        side_row(s);
        for (size_t c = 0; c < t->n_cols; c++) {
            const struct rg_table_cell *cell = rg_table_cell_at(t, r, c);

            s->cells[to++] = data_text(cell);
            if (t->cols[c].kind == RG_COL_ESTIMATE) {
                s->cells[to++] = digits_of(cell->lo);
                s->cells[to++] = digits_of(cell->hi);
            }
        }
    }
}

/* ---- the file's side ---- */

static enum rg_status
file_side(struct diff *d, const char *path, struct rg_err *err)
{
    struct side *s = &d->file;
    const struct rg_csv_field *fields;
    struct rg_csv *csv;
    enum rg_status rc = rg_csv_open(&csv, path, err);

    if (rc != RG_OK)
        return rc;
    s->names = rg_alloc(rg_csv_columns(csv), sizeof *s->names);
    for (size_t c = 0; c < rg_csv_columns(csv); c++)
        s->names[s->n_cols++] = rg_strdup(rg_csv_header(csv, c));
    while ((rc = rg_csv_next(csv, &fields, err)) == RG_OK && fields != NULL) {
        side_row(s);
        for (size_t c = 0; c < s->n_cols; c++)
            s->cells[(s->n_rows - 1) * s->n_cols + c] = rg_strdup(fields[c].data);
    }
    rg_csv_close(csv);
    return rc;
}

static enum rg_status
compare_bytes(struct diff *d, const struct rg_table *t, const char *path, struct rg_err *err)
{
    struct rg_buf bytes = {0}, csv = {0};
    enum rg_status rc = rg_file_read(path, FILE_MAX, &bytes, err);

    rg_table_print_csv(t, &csv);
    d->out->identical = rc == RG_OK && bytes.len == csv.len &&
                        memcmp(rg_buf_text(&bytes), rg_buf_text(&csv), csv.len) == 0;
    rg_buf_clear(&bytes);
    rg_buf_clear(&csv);
    return rc;
}

/* ---- keys ---- */

/* Which columns identify a row on both sides; none when the file lacks one. */
static void
choose_keys(struct diff *d, const struct rg_table *t)
{
    d->table.keys = rg_alloc(t->n_cols, sizeof *d->table.keys);
    d->file.keys = rg_alloc(t->n_cols, sizeof *d->file.keys);
    for (size_t c = 0; c < t->n_cols; c++) {
        size_t in_file = side_find(&d->file, t->cols[c].name);

        if (!t->cols[c].key)
            continue;
        if (in_file == NONE) {
            d->n_keys = 0;
            return;
        }
        d->table.keys[d->n_keys] = side_find(&d->table, t->cols[c].name);
        d->file.keys[d->n_keys++] = in_file;
    }
}

static void
put_key(struct rg_buf *out, const struct diff *d, const struct side *s, size_t row,
        const char *between)
{
    for (size_t k = 0; k < d->n_keys; k++)
        rg_buf_printf(out, "%s%s", k > 0 ? between : "", side_cell(s, row, s->keys[k]));
    if (d->n_keys == 0)
        rg_buf_printf(out, "row %zu", row + 1);
}

/* Give each row its key, made unique by counting repeats; \x1f occurs in no published table. */
static void
number_keys(const struct diff *d, struct side *s)
{
    struct rg_names *names = rg_names_new();
    struct rg_buf key = {0};
    size_t *repeats = rg_zalloc(s->n_rows, sizeof *repeats);

    s->key = rg_alloc(s->n_rows, sizeof *s->key);
    for (size_t r = 0; r < s->n_rows; r++) {
        uint32_t id;

        put_key(&key, d, s, r, "\x1f");
        id = rg_names_add(names, rg_buf_text(&key), key.len, NULL);
        rg_buf_printf(&key, "\x1f%zu", repeats[id]++);
        s->key[r] = rg_buf_take(&key);
    }
    rg_names_free(names);
    free(repeats);
}

static bool
is_key(const struct diff *d, const struct side *s, size_t column)
{
    for (size_t k = 0; k < d->n_keys; k++)
        if (s->keys[k] == column)
            return true;
    return false;
}

/* ---- comparing ---- */

static struct rg_tablediff_item *
add_item(struct diff *d, enum rg_tablediff_what what)
{
    struct rg_tablediff *out = d->out;
    struct rg_tablediff_item *item;

    out->items = rg_grow(out->items, &out->cap, out->n + 1, sizeof *out->items);
    item = &out->items[out->n++];
    *item = (struct rg_tablediff_item){what, NULL, NULL, NULL, NULL, NAN};
    return item;
}

static void
fill_item(struct rg_tablediff_item *item, char *key, const char *column, const char *published,
          const char *computed)
{
    item->key = key;
    item->column = rg_strdup(column);
    item->published = rg_strdup(published);
    item->computed = rg_strdup(computed);
}

static char *
shown_key(const struct diff *d, const struct side *s, size_t row)
{
    struct rg_buf key = {0};

    put_key(&key, d, s, row, ", ");
    return rg_buf_take(&key);
}

static double
relative(double a, double b)
{
    double scale = fmax(fabs(a), fabs(b));

    if (a == b)
        return 0;
    /* the difference of two huge numbers of opposite sign overflows */
    return isfinite(a - b) ? fabs(a - b) / scale : fabs(a / scale - b / scale);
}

static void
compare_cell(struct diff *d, size_t file_row, size_t file_col, size_t row, size_t col)
{
    const char *published = side_cell(&d->file, file_row, file_col);
    const char *computed = side_cell(&d->table, row, col);
    bool same = strcmp(published, computed) == 0, agree = same;
    double a, b, rel = NAN;

    if (!d->table.is_text[col] && rg_num_double(published, strlen(published), &a) == NULL &&
        rg_num_double(computed, strlen(computed), &b) == NULL) {
        rel = relative(a, b);
        same = a == b;
        agree = rel <= d->tolerance;
        d->out->largest = fmax(d->out->largest, rel);
    }
    d->out->cells++;
    d->out->equal += same;
    d->out->within += agree;
    if (!agree) {
        struct rg_tablediff_item *item = add_item(d, RG_DIFF_CELL);

        fill_item(item, shown_key(d, &d->file, file_row), d->file.names[file_col], published,
                  computed);
        item->relative = rel;
    }
}

static size_t
data_columns(const struct diff *d, const struct side *s)
{
    return s->n_cols - d->n_keys;
}

static void
lone_row(struct diff *d, const struct side *s, size_t row, enum rg_tablediff_what what)
{
    fill_item(add_item(d, what), shown_key(d, s, row), "", "", "");
    d->out->cells += data_columns(d, s);
}

/* Is the column a limit of an interval, which the file need not have? */
static bool
is_limit(const struct side *table, size_t column)
{
    const char *name = table->names[column];
    size_t n = strlen(name), i = column;

    if (n < 3 || (strcmp(name + n - 3, "_lo") != 0 && strcmp(name + n - 3, "_hi") != 0))
        return false;
    i -= strcmp(name + n - 3, "_lo") == 0 ? 1 : 2;
    return i < column && strlen(table->names[i]) == n - 3 &&
           strncmp(table->names[i], name, n - 3) == 0;
}

/* Columns that only one side has; matched[c] becomes the table's column of the file's column c. */
static void
match_columns(struct diff *d, size_t *matched, size_t n_matched_rows)
{
    for (size_t c = 0; c < d->file.n_cols; c++) {
        matched[c] = side_find(&d->table, d->file.names[c]);
        if (matched[c] != NONE)
            continue;
        fill_item(add_item(d, RG_DIFF_COLUMN_MISSING), rg_strdup(""), d->file.names[c], "", "");
        d->out->cells += n_matched_rows;
    }
    for (size_t c = 0; c < d->table.n_cols; c++) {
        if (side_find(&d->file, d->table.names[c]) != NONE || is_limit(&d->table, c))
            continue;
        fill_item(add_item(d, RG_DIFF_COLUMN_EXTRA), rg_strdup(""), d->table.names[c], "", "");
        d->out->cells += n_matched_rows;
    }
}

/* to[r]: the table's row of the file's row r, or NONE. Returns how many there are. */
static size_t
match_rows(struct diff *d, size_t *to)
{
    struct rg_names *rows = rg_names_new();
    size_t n = 0, last = 0;

    for (size_t r = 0; r < d->table.n_rows; r++)
        rg_names_add(rows, d->table.key[r], strlen(d->table.key[r]), NULL);
    for (size_t r = 0; r < d->file.n_rows; r++) {
        uint32_t found = rg_names_find(rows, d->file.key[r], strlen(d->file.key[r]));

        to[r] = found == RG_NAMES_NONE ? NONE : found;
        if (to[r] == NONE)
            continue;
        d->out->reordered = d->out->reordered || (n > 0 && to[r] < last);
        last = to[r];
        n++;
    }
    rg_names_free(rows);
    return n;
}

static void
compare(struct diff *d)
{
    size_t *to = rg_alloc(d->file.n_rows, sizeof *to);
    size_t *matched = rg_alloc(d->file.n_cols, sizeof *matched);
    bool *used = rg_zalloc(d->table.n_rows, sizeof *used);

    match_columns(d, matched, match_rows(d, to));
    for (size_t r = 0; r < d->file.n_rows; r++) {
        if (to[r] == NONE) {
            lone_row(d, &d->file, r, RG_DIFF_ROW_MISSING);
            continue;
        }
        used[to[r]] = true;
        for (size_t c = 0; c < d->file.n_cols; c++)
            if (matched[c] != NONE && !is_key(d, &d->file, c))
                compare_cell(d, r, c, to[r], matched[c]);
    }
    for (size_t r = 0; r < d->table.n_rows; r++)
        if (!used[r])
            lone_row(d, &d->table, r, RG_DIFF_ROW_EXTRA);
    free(to);
    free(matched);
    free(used);
}

enum rg_status
rg_tablediff(struct rg_tablediff *out, const struct rg_table *t, const char *path, double tolerance,
             struct rg_err *err)
{
    struct diff d = {.out = out, .tolerance = tolerance};
    enum rg_status rc;

    assert(tolerance >= 0);
    *out = (struct rg_tablediff){0};
    rc = file_side(&d, path, err);
    if (rc == RG_OK)
        rc = compare_bytes(&d, t, path, err);
    if (rc == RG_OK) {
        table_side(&d, t);
        choose_keys(&d, t);
        number_keys(&d, &d.file);
        number_keys(&d, &d.table);
        compare(&d);
    }
    side_clear(&d.file);
    side_clear(&d.table);
    return rc;
}

void
rg_tablediff_clear(struct rg_tablediff *diff)
{
    for (size_t i = 0; i < diff->n; i++) {
        free(diff->items[i].key);
        free(diff->items[i].column);
        free(diff->items[i].published);
        free(diff->items[i].computed);
    }
    free(diff->items);
    *diff = (struct rg_tablediff){0};
}

/* ---- the report ---- */

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* The counts in words, a line each. */
static size_t
remarks(const struct rg_tablediff *diff, double tolerance, struct rg_buf lines[4])
{
    char rel[RG_SHOW_MAX];
    size_t n = 0;

    rg_buf_printf(&lines[n++], "%zu of %zu cell%s equal", diff->equal, diff->cells,
                  plural(diff->cells));
    if (tolerance > 0) {
        rg_table_show(rel, tolerance, -1);
        rg_buf_printf(&lines[n++], "%zu of %zu cell%s within a relative difference of %s",
                      diff->within, diff->cells, plural(diff->cells), rel);
    }
    if (diff->largest > 0) {
        rg_table_show(rel, diff->largest, -1);
        rg_buf_printf(&lines[n++], "largest relative difference: %s", rel);
    }
    rg_buf_puts(&lines[n++], diff->identical ? "identical byte for byte"
                             : diff->reordered
                                 ? "not identical byte for byte: rows in another order"
                                 : "not identical byte for byte");
    return n;
}

struct rg_table *
rg_tablediff_table(const struct rg_tablediff *diff, const char *title, double tolerance)
{
    static const char *const what[] = {NULL, "(row missing)", "(row not in the file)",
                                       "(column missing)", "(column not in the file)"};
    struct rg_table *t = rg_table_new(title);
    struct rg_buf lines[4] = {{0}};
    size_t n;

    rg_table_column(t, "key", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "column", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "published", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "computed", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "relative_difference", "relative difference", RG_COL_NUMBER, -1, false);
    for (size_t i = 0; i < diff->n; i++) {
        const struct rg_tablediff_item *item = &diff->items[i];
        bool in_file = item->what == RG_DIFF_ROW_MISSING || item->what == RG_DIFF_COLUMN_MISSING;

        rg_table_row(t);
        rg_table_text(t, 0, item->key[0] ? item->key : NULL);
        rg_table_text(t, 1, item->column[0] ? item->column : NULL);
        if (item->what == RG_DIFF_CELL) {
            rg_table_text(t, 2, item->published[0] ? item->published : NULL);
            rg_table_text(t, 3, item->computed[0] ? item->computed : NULL);
            rg_table_number(t, 4, item->relative);
        } else
            rg_table_text(t, in_file ? 3 : 2, what[item->what]);
    }
    n = remarks(diff, tolerance, lines);
    for (size_t i = 0; i < n; i++) {
        rg_table_note(t, "%s", rg_buf_text(&lines[i]));
        rg_buf_clear(&lines[i]);
    }
    return t;
}

void
rg_tablediff_summary(const struct rg_tablediff *diff, double tolerance, struct rg_buf *out)
{
    struct rg_buf lines[4] = {{0}};
    size_t n = remarks(diff, tolerance, lines);

    for (size_t i = 0; i < n; i++) {
        rg_buf_printf(out, "%s\n", rg_buf_text(&lines[i]));
        rg_buf_clear(&lines[i]);
    }
}
