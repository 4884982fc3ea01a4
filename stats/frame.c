#include "stats/frame.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"

struct column {
    char *name;
    uint8_t *kind;
    union value {
        double number;
        const char *text; /* of the frame's texts */
    } * value;
    size_t cap_kind, cap_value;
};

struct rg_frame {
    struct column *cols;
    size_t n_cols, n_rows;
    struct rg_names *texts;
    uint32_t *unit; /* NULL: each row its own */
    size_t cap_unit, n_units;
};

struct rg_frame *
rg_frame_new(const char *const *names, size_t n)
{
    struct rg_frame *f = rg_zalloc(1, sizeof *f);

    f->cols = rg_zalloc(n, sizeof *f->cols);
    f->texts = rg_names_new();
    for (size_t i = 0; i < n; i++) {
        assert(rg_frame_find(f, names[i]) < 0);
        f->cols[i].name = rg_strdup(names[i]);
        f->n_cols++;
    }
    return f;
}

void
rg_frame_free(struct rg_frame *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n_cols; i++) {
        free(f->cols[i].name);
        free(f->cols[i].kind);
        free(f->cols[i].value);
    }
    rg_names_free(f->texts);
    free(f->unit);
    free(f->cols);
    free(f);
}

size_t
rg_frame_rows(const struct rg_frame *f)
{
    return f->n_rows;
}

const char *
rg_frame_name(const struct rg_frame *f, size_t column)
{
    assert(column < f->n_cols);
    return f->cols[column].name;
}

int
rg_frame_find(const struct rg_frame *f, const char *name)
{
    for (size_t i = 0; i < f->n_cols; i++)
        if (strcmp(f->cols[i].name, name) == 0)
            return (int)i;
    return -1;
}

void
rg_frame_row(struct rg_frame *f)
{
    for (size_t i = 0; i < f->n_cols; i++) {
        struct column *col = &f->cols[i];

        col->kind = rg_grow(col->kind, &col->cap_kind, f->n_rows + 1, sizeof *col->kind);
        col->value = rg_grow(col->value, &col->cap_value, f->n_rows + 1, sizeof *col->value);
        col->kind[f->n_rows] = RG_FRAME_MISSING;
    }
    f->n_rows++;
}

static union value *
cell(struct rg_frame *f, size_t row, size_t column, enum rg_cell_kind kind)
{
    assert(row < f->n_rows && column < f->n_cols);
    f->cols[column].kind[row] = (uint8_t)kind;
    return &f->cols[column].value[row];
}

void
rg_frame_set_number(struct rg_frame *f, size_t row, size_t column, double x)
{
    cell(f, row, column, isnan(x) ? RG_FRAME_MISSING : RG_FRAME_NUMBER)->number = x;
}

void
rg_frame_set_bool(struct rg_frame *f, size_t row, size_t column, bool truth)
{
    cell(f, row, column, RG_FRAME_BOOL)->number = truth ? 1 : 0;
}

void
rg_frame_set_text(struct rg_frame *f, size_t row, size_t column, const char *s)
{
    union value *value = cell(f, row, column, s == NULL ? RG_FRAME_MISSING : RG_FRAME_TEXT);

    if (s != NULL)
        value->text = rg_names_at(f->texts, rg_names_add(f->texts, s, strlen(s), NULL));
}

void
rg_frame_set_unit(struct rg_frame *f, size_t row, uint32_t unit)
{
    assert(row < f->n_rows && unit < UINT32_MAX);
    f->unit = rg_grow(f->unit, &f->cap_unit, row + 1, sizeof *f->unit);
    f->unit[row] = unit;
    if (unit >= f->n_units)
        f->n_units = (size_t)unit + 1;
}

uint32_t
rg_frame_unit(const struct rg_frame *f, size_t row)
{
    assert(row < f->n_rows);
    return f->unit ? f->unit[row] : (uint32_t)row;
}

size_t
rg_frame_units(const struct rg_frame *f)
{
    return f->unit ? f->n_units : f->n_rows;
}

enum rg_cell_kind
rg_frame_kind(const struct rg_frame *f, size_t row, size_t column)
{
    assert(row < f->n_rows && column < f->n_cols);
    return (enum rg_cell_kind)f->cols[column].kind[row];
}

double
rg_frame_number(const struct rg_frame *f, size_t row, size_t column)
{
    enum rg_cell_kind kind = rg_frame_kind(f, row, column);

    assert(kind == RG_FRAME_NUMBER || kind == RG_FRAME_BOOL);
    return f->cols[column].value[row].number;
}

const char *
rg_frame_text(const struct rg_frame *f, size_t row, size_t column)
{
    assert(rg_frame_kind(f, row, column) == RG_FRAME_TEXT);
    return f->cols[column].value[row].text;
}

/* Place of a kind in the order of cells. */
static int
rank(enum rg_cell_kind kind)
{
    return kind == RG_FRAME_MISSING ? RG_FRAME_TEXT + 1 : (int)kind;
}

int
rg_frame_compare(const struct rg_frame *f, size_t column, size_t row_a, size_t row_b)
{
    enum rg_cell_kind a = rg_frame_kind(f, row_a, column), b = rg_frame_kind(f, row_b, column);
    const union value *value = f->cols[column].value;

    if (a != b)
        return rank(a) < rank(b) ? -1 : 1;
    if (a == RG_FRAME_MISSING)
        return 0;
    if (a == RG_FRAME_TEXT)
        return strcmp(value[row_a].text, value[row_b].text);
    return (value[row_a].number > value[row_b].number) -
           (value[row_a].number < value[row_b].number);
}

const char *
rg_frame_kind_name(enum rg_cell_kind kind)
{
    static const char *const names[] = {"missing", "number", "truth value", "text"};

    return names[kind];
}
