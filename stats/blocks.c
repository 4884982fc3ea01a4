#include "stats/blocks.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "base/sum.h"

/* ---- keys ---- */

struct combination {
    const struct rg_frame *frame;
    const size_t *columns;
    size_t n, row; /* the first row that has it */
    uint32_t number;
};

static int
compare_combinations(const void *pa, const void *pb)
{
    const struct combination *a = pa;
    const struct combination *b = pb;
    int order = 0;

    for (size_t c = 0; c < a->n && order == 0; c++)
        order = rg_frame_compare(a->frame, a->columns[c], a->row, b->row);
    return order;
}

static void
put_cell(struct rg_buf *out, const struct rg_frame *f, size_t row, size_t column)
{
    char digits[RG_NUM_MAX];

    switch (rg_frame_kind(f, row, column)) {
    case RG_FRAME_NUMBER:
        /* -0 and 0 are one number */
        rg_num_print(digits, rg_frame_number(f, row, column) + 0.0);
        rg_buf_puts(out, digits);
        return;
    case RG_FRAME_BOOL:
        rg_buf_puts(out, rg_frame_number(f, row, column) != 0 ? "true" : "false");
        return;
    default:
        rg_buf_puts(out, rg_frame_text(f, row, column));
        return;
    }
}

static bool
has_all(const struct rg_frame *f, size_t row, const size_t *columns, size_t n)
{
    for (size_t c = 0; c < n; c++)
        if (rg_frame_kind(f, row, columns[c]) == RG_FRAME_MISSING)
            return false;
    return true;
}

/* A string that no other combination of cells has: each cell with its kind and length. */
static void
put_identity(struct rg_buf *out, struct rg_buf *cell, const struct rg_frame *f, size_t row,
             const size_t *columns, size_t n)
{
    rg_buf_reset(out);
    for (size_t c = 0; c < n; c++) {
        rg_buf_reset(cell);
        put_cell(cell, f, row, columns[c]);
        rg_buf_printf(out, "%d:%zu:", (int)rg_frame_kind(f, row, columns[c]), cell->len);
        rg_buf_add(out, rg_buf_text(cell), cell->len);
    }
}

/* Number rows by first appearance; returns one row of each combination. */
static struct combination *
number_rows(struct rg_keys *keys, const struct rg_frame *f, const size_t *columns, size_t n)
{
    struct rg_names *names = rg_names_new();
    struct rg_buf identity = {0}, cell = {0};
    struct combination *found = NULL;
    size_t cap = 0;

    for (size_t row = 0; row < rg_frame_rows(f); row++) {
        bool added;

        keys->of_row[row] = RG_KEYS_NONE;
        if (!has_all(f, row, columns, n)) {
            keys->without++;
            continue;
        }
        put_identity(&identity, &cell, f, row, columns, n);
        keys->of_row[row] = rg_names_add(names, rg_buf_text(&identity), identity.len, &added);
        if (!added)
            continue;
        found = rg_grow(found, &cap, keys->n + 1, sizeof *found);
        found[keys->n++] = (struct combination){f, columns, n, row, keys->of_row[row]};
    }
    rg_buf_clear(&identity);
    rg_buf_clear(&cell);
    rg_names_free(names);
    return found;
}

static char *
label_of(const struct combination *c)
{
    struct rg_buf label = {0};

    for (size_t i = 0; i < c->n; i++) {
        rg_buf_puts(&label, i > 0 ? " / " : "");
        put_cell(&label, c->frame, c->row, c->columns[i]);
    }
    return rg_buf_take(&label);
}

void
rg_keys_init(struct rg_keys *keys, const struct rg_frame *f, const size_t *columns, size_t n)
{
    struct combination *found;
    uint32_t *place;

    assert(n > 0);
    *keys = (struct rg_keys){.of_row = rg_alloc(rg_frame_rows(f), sizeof(uint32_t))};
    found = number_rows(keys, f, columns, n);
    if (keys->n > 1)
        qsort(found, keys->n, sizeof *found, compare_combinations);
    keys->label = rg_alloc(keys->n, sizeof *keys->label);
    place = rg_alloc(keys->n, sizeof *place);
    for (size_t i = 0; i < keys->n; i++) {
        place[found[i].number] = (uint32_t)i;
        keys->label[i] = label_of(&found[i]);
    }
    for (size_t row = 0; row < rg_frame_rows(f); row++)
        if (keys->of_row[row] != RG_KEYS_NONE)
            keys->of_row[row] = place[keys->of_row[row]];
    free(place);
    free(found);
}

void
rg_keys_clear(struct rg_keys *keys)
{
    for (size_t i = 0; i < keys->n; i++)
        free(keys->label[i]);
    free(keys->label);
    free(keys->of_row);
    *keys = (struct rg_keys){0};
}

/* ---- blocks ---- */

struct entry {
    size_t cell;
    double x;
};

static int
compare_entries(const void *pa, const void *pb)
{
    const struct entry *a = pa;
    const struct entry *b = pb;

    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    return (a->x > b->x) - (a->x < b->x);
}

static size_t
gather(struct rg_blocks *b, struct entry *entries, const struct rg_frame *f,
       const struct rg_keys *groups, const struct rg_keys *units, size_t column)
{
    size_t n = 0;

    for (size_t row = 0; row < b->rows; row++) {
        enum rg_cell_kind kind = rg_frame_kind(f, row, column);

        if (groups->of_row[row] == RG_KEYS_NONE)
            b->no_group++;
        else if (units->of_row[row] == RG_KEYS_NONE)
            b->no_unit++;
        else if (kind != RG_FRAME_NUMBER && kind != RG_FRAME_BOOL)
            b->no_value++;
        else
            entries[n++] = (struct entry){units->of_row[row] * groups->n + groups->of_row[row],
                                          rg_frame_number(f, row, column)};
    }
    return n;
}

/* Values of one cell are summed in ascending order, so that the order of the rows does not matter.
 */
static void
fill(struct rg_blocks *b, struct entry *entries, size_t n)
{
    if (n > 1)
        qsort(entries, n, sizeof *entries, compare_entries);
    for (size_t i = 0, end; i < n; i = end) {
        struct rg_sum sum = {0};

        for (end = i; end < n && entries[end].cell == entries[i].cell; end++)
            rg_sum_add(&sum, entries[end].x);
        if (end - i == 1) {
            b->x[entries[i].cell] = entries[i].x;
            continue;
        }
        b->x[entries[i].cell] = rg_sum_value(&sum) / (double)(end - i);
        b->repeated_cells++;
        b->repeated_rows += end - i;
    }
}

void
rg_blocks_init(struct rg_blocks *b, const struct rg_frame *f, const struct rg_keys *groups,
               const struct rg_keys *units, size_t column)
{
    struct entry *entries = rg_alloc(rg_frame_rows(f), sizeof *entries);
    size_t n;

    *b = (struct rg_blocks){.n_units = units->n, .n_groups = groups->n, .rows = rg_frame_rows(f)};
    assert(groups->n == 0 || units->n <= SIZE_MAX / groups->n);
    b->x = rg_alloc(units->n * groups->n, sizeof *b->x);
    for (size_t i = 0; i < units->n * groups->n; i++)
        b->x[i] = NAN;
    n = gather(b, entries, f, groups, units, column);
    fill(b, entries, n);
    free(entries);
}

void
rg_blocks_clear(struct rg_blocks *b)
{
    free(b->x);
    *b = (struct rg_blocks){0};
}

size_t
rg_blocks_complete(const struct rg_blocks *b, double *x)
{
    size_t k = b->n_groups, n = 0;

    for (size_t i = 0; i < b->n_units; i++) {
        const double *row = &b->x[i * k];
        bool all = true;

        for (size_t j = 0; j < k; j++)
            all = all && !isnan(row[j]);
        if (all)
            memcpy(&x[n++ * k], row, k * sizeof *row);
    }
    return n;
}

size_t
rg_blocks_pair(const struct rg_blocks *b, size_t group_a, size_t group_b, double *x, double *y,
               size_t *one_only)
{
    size_t n = 0;

    *one_only = 0;
    for (size_t i = 0; i < b->n_units; i++) {
        double first = b->x[i * b->n_groups + group_a], second = b->x[i * b->n_groups + group_b];

        *one_only += isnan(first) != isnan(second);
        if (isnan(first) || isnan(second))
            continue;
        x[n] = first;
        y[n++] = second;
    }
    return n;
}
