/* Filters and groups of a table specification. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/names.h"
#include "stats/tablespec_form.h"

/* ---- tests ---- */

static bool
is_number(enum rg_cell_kind kind)
{
    return kind == RG_FRAME_NUMBER || kind == RG_FRAME_BOOL;
}

static enum rg_status
kind_error(const struct rg_spec_test *test, const struct rg_frame *frame, size_t column, size_t row,
           enum rg_cell_kind with, struct rg_err *err)
{
    enum rg_cell_kind kind = rg_frame_kind(frame, row, column);

    if (kind == RG_FRAME_TEXT)
        return rg_err_at(err, test->place,
                         "column \"%s\", row %zu: compared with a %s (found the text \"%.60s\")",
                         rg_frame_name(frame, column), row + 1, rg_frame_kind_name(with),
                         rg_frame_text(frame, row, column));
    return rg_err_at(err, test->place,
                     "column \"%s\", row %zu: compared with a %s (found the %s %g)",
                     rg_frame_name(frame, column), row + 1, rg_frame_kind_name(with),
                     rg_frame_kind_name(kind), rg_frame_number(frame, row, column));
}

static enum rg_status
among(const struct rg_spec_test *test, const struct rg_spec_value *values, size_t n,
      const struct rg_frame *frame, size_t column, size_t row, bool *found, struct rg_err *err)
{
    enum rg_cell_kind kind = rg_frame_kind(frame, row, column);

    *found = false;
    for (size_t i = 0; i < n; i++) {
        if (is_number(kind) != is_number(values[i].kind))
            return kind_error(test, frame, column, row, values[i].kind, err);
        if (kind == RG_FRAME_TEXT)
            *found = *found || strcmp(rg_frame_text(frame, row, column), values[i].text) == 0;
        else
            *found = *found || rg_frame_number(frame, row, column) == values[i].number;
    }
    return RG_OK;
}

static enum rg_status
within(const struct rg_spec_test *test, const struct rg_frame *frame, size_t column, size_t row,
       bool *pass, struct rg_err *err)
{
    const bool *on = test->bounded;
    const double *bound = test->bound;
    double x;

    *pass = true;
    if (!on[RG_SPEC_GE] && !on[RG_SPEC_GT] && !on[RG_SPEC_LE] && !on[RG_SPEC_LT])
        return RG_OK;
    if (!is_number(rg_frame_kind(frame, row, column)))
        return kind_error(test, frame, column, row, RG_FRAME_NUMBER, err);
    x = rg_frame_number(frame, row, column);
    *pass =
        (!on[RG_SPEC_GE] || x >= bound[RG_SPEC_GE]) && (!on[RG_SPEC_GT] || x > bound[RG_SPEC_GT]) &&
        (!on[RG_SPEC_LE] || x <= bound[RG_SPEC_LE]) && (!on[RG_SPEC_LT] || x < bound[RG_SPEC_LT]);
    return RG_OK;
}

enum rg_status
rg_spec_test_cell(const struct rg_spec_test *test, const struct rg_frame *frame, const size_t *at,
                  size_t row, bool *pass, struct rg_err *err)
{
    size_t column = at[test->source];
    bool in, none, bounds;
    enum rg_status rc;

    if (rg_frame_kind(frame, row, column) == RG_FRAME_MISSING) {
        *pass = test->presence == RG_SPEC_ABSENT && test->n_in == 0 && test->n_none == 0;
        for (int i = 0; i < RG_SPEC_N_BOUNDS; i++)
            *pass = *pass && !test->bounded[i];
        return RG_OK;
    }
    *pass = false;
    rc = among(test, test->in, test->n_in, frame, column, row, &in, err);
    if (rc == RG_OK)
        rc = among(test, test->none, test->n_none, frame, column, row, &none, err);
    if (rc == RG_OK)
        rc = within(test, frame, column, row, &bounds, err);
    if (rc == RG_OK)
        *pass = (in || test->n_in == 0) && !none && bounds && test->presence != RG_SPEC_ABSENT;
    return rc;
}

enum rg_status
rg_spec_pass(const struct rg_spec_tests *tests, const struct rg_frame *frame, const size_t *at,
             size_t row, bool *pass, struct rg_err *err)
{
    enum rg_status rc = RG_OK;

    *pass = true;
    for (size_t i = 0; i < tests->n && *pass && rc == RG_OK; i++)
        rc = rg_spec_test_cell(&tests->items[i], frame, at, row, pass, err);
    return rc;
}

/* ---- groups ---- */

void
rg_spec_cell_key(struct rg_buf *key, const struct rg_frame *frame, size_t row, size_t column)
{
    enum rg_cell_kind kind = rg_frame_kind(frame, row, column);

    rg_buf_putc(key, (char)kind);
    if (kind == RG_FRAME_TEXT) {
        const char *text = rg_frame_text(frame, row, column);

        /* equal texts of a frame are equal pointers */
        rg_buf_add(key, &text, sizeof text);
    } else if (kind != RG_FRAME_MISSING) {
        double x = rg_frame_number(frame, row, column) + 0.0; /* -0 is 0 */

        rg_buf_add(key, &x, sizeof x);
    }
}

/* A group while it is sorted; qsort hands no context over, so each carries it. */
struct head {
    const struct rg_tablespec *spec;
    const struct rg_frame *frame;
    const size_t *at;
    size_t first; /* row */
    size_t id;
};

static int
compare(const void *pa, const void *pb)
{
    const struct head *a = pa, *b = pb;
    int order = 0;

    for (size_t k = 0; k < a->spec->n_keys && order == 0; k++)
        order = rg_frame_compare(a->frame, a->at[a->spec->keys[k].source], a->first, b->first);
    return order;
}

struct grouping {
    const struct rg_tablespec *spec;
    const struct rg_frame *frame;
    const size_t *at;
    struct head *heads;
    size_t n_heads, cap_heads;
    size_t *group; /* of each row; NONE for those filtered out */
    struct rg_names *names;
    struct rg_buf key;
};

static const size_t NONE = (size_t)-1;

static enum rg_status
find_groups(struct grouping *g, struct rg_err *err)
{
    size_t n = rg_frame_rows(g->frame);
    enum rg_status rc = RG_OK;

    for (size_t row = 0; row < n && rc == RG_OK; row++) {
        bool pass, fresh;

        rc = rg_spec_pass(&g->spec->where, g->frame, g->at, row, &pass, err);
        g->group[row] = NONE;
        if (rc != RG_OK || !pass)
            continue;
        rg_buf_reset(&g->key);
        for (size_t k = 0; k < g->spec->n_keys; k++)
            rg_spec_cell_key(&g->key, g->frame, row, g->at[g->spec->keys[k].source]);
        g->group[row] = rg_names_add(g->names, rg_buf_text(&g->key), g->key.len, &fresh);
        if (!fresh)
            continue;
        g->heads = rg_grow(g->heads, &g->cap_heads, g->n_heads + 1, sizeof *g->heads);
        g->heads[g->n_heads] = (struct head){g->spec, g->frame, g->at, row, g->n_heads};
        g->n_heads++;
    }
    return rc;
}

/* Rows into the order of the sorted groups, each group in row order. */
static void
place_rows(const struct grouping *g, struct rg_spec_groups *groups)
{
    size_t n = rg_frame_rows(g->frame), *place = rg_zalloc(g->n_heads, sizeof *place);
    size_t at = 0;

    groups->n = g->n_heads;
    groups->start = rg_zalloc(g->n_heads + 2, sizeof *groups->start);
    groups->rows = rg_alloc(n, sizeof *groups->rows);
    for (size_t row = 0; row < n; row++)
        if (g->group[row] != NONE)
            place[g->group[row]]++;
    for (size_t i = 0; i < g->n_heads; i++) {
        size_t count = place[g->heads[i].id];

        groups->start[i] = at;
        place[g->heads[i].id] = at;
        at += count;
    }
    groups->start[g->n_heads] = at;
    for (size_t row = 0; row < n; row++)
        if (g->group[row] != NONE)
            groups->rows[place[g->group[row]]++] = row;
    free(place);
}

enum rg_status
rg_spec_group(const struct rg_tablespec *spec, const struct rg_frame *frame, const size_t *at,
              struct rg_spec_groups *groups, struct rg_err *err)
{
    struct grouping g = {.spec = spec, .frame = frame, .at = at};
    enum rg_status rc;

    g.names = rg_names_new();
    g.group = rg_alloc(rg_frame_rows(frame), sizeof *g.group);
    rc = find_groups(&g, err);
    if (rc == RG_OK) {
        if (g.n_heads > 0)
            qsort(g.heads, g.n_heads, sizeof *g.heads, compare);
        place_rows(&g, groups);
        if (spec->n_keys == 0 && groups->n == 0)
            groups->n = 1; /* start is {0, 0} */
    }
    rg_names_free(g.names);
    rg_buf_clear(&g.key);
    free(g.group);
    free(g.heads);
    return rc;
}

void
rg_spec_groups_clear(struct rg_spec_groups *groups)
{
    free(groups->start);
    free(groups->rows);
    *groups = (struct rg_spec_groups){0};
}
