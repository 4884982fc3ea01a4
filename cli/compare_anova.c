/* compare --anova: the two-way analysis of variance within queries. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/compare.h"

enum { NAMED = 5 }; /* missing combinations that are named */

/* Units that have every combination of levels, as rg_anova_within wants them. */
struct grid {
    struct rg_keys a, b;
    size_t *group; /* of each combination; SIZE_MAX: none has it */
    double *x;
    size_t n;
};

static void
grid_clear(struct grid *g)
{
    rg_keys_clear(&g->a);
    rg_keys_clear(&g->b);
    free(g->group);
    free(g->x);
}

static void
find_combinations(struct grid *g, const struct rg_compare *c, size_t rows)
{
    size_t cells = g->a.n * g->b.n;

    g->group = rg_alloc(cells, sizeof *g->group);
    for (size_t i = 0; i < cells; i++)
        g->group[i] = SIZE_MAX;
    for (size_t row = 0; row < rows; row++)
        if (c->groups->of_row[row] != RG_KEYS_NONE)
            g->group[g->a.of_row[row] * g->b.n + g->b.of_row[row]] = c->groups->of_row[row];
}

static enum rg_status
check_combinations(const struct grid *g, const struct rg_compare *c, struct rg_err *err)
{
    struct rg_buf names = {0};
    size_t missing = 0;
    enum rg_status rc = RG_OK;

    for (size_t i = 0; i < g->a.n * g->b.n; i++)
        if (g->group[i] == SIZE_MAX && missing++ < NAMED)
            rg_buf_printf(&names, "%s%.60s / %.60s", missing > 1 ? ", " : "",
                          g->a.label[i / g->b.n], g->b.label[i % g->b.n]);
    if (missing > 0)
        rc = rg_err_set(err, RG_EINPUT,
                        "%s: --anova needs every combination of %s and %s; %zu missing: %s%s",
                        c->metric, c->v->by.items[0], c->v->by.items[1], missing,
                        rg_buf_text(&names), missing > NAMED ? ", ..." : "");
    else if (g->a.n < 2 || g->b.n < 2)
        rc = rg_err_set(err, RG_EINPUT, "%s: --anova needs two levels at least of %s and of %s",
                        c->metric, c->v->by.items[0], c->v->by.items[1]);
    rg_buf_clear(&names);
    return rc;
}

static void
fill(struct grid *g, const struct rg_compare *c)
{
    size_t k = c->groups->n;

    g->x = rg_alloc(c->n_complete * k, sizeof *g->x);
    for (g->n = 0; g->n < c->n_complete; g->n++)
        for (size_t i = 0; i < k; i++)
            g->x[g->n * k + i] = c->complete[g->n * k + g->group[i]];
}

static void
put_effect(struct rg_table *t, const struct rg_compare *c, const char *name,
           const struct rg_anova_row *row, size_t first)
{
    rg_compare_row(t, c);
    rg_table_text(t, first, name);
    rg_table_number(t, first + 1, row->test.statistic);
    rg_table_number(t, first + 2, row->test.df);
    rg_table_number(t, first + 3, row->test.df2);
    rg_table_number(t, first + 4, row->test.p);
    rg_table_number(t, first + 5, row->epsilon);
    rg_table_number(t, first + 6, row->p_adjusted);
    rg_table_number(t, first + 7, row->test.estimate);
    rg_table_number(t, first + 8, row->generalised);
    if (row->test.why != RG_WHY_DEFINED)
        rg_table_note(t, "%s: undefined (%s).", name, rg_why_text(row->test.why));
}

static void
say_flat(struct rg_table *t, const struct rg_compare *c, const struct rg_anova *a)
{
    char *const *by = c->v->by.items;

    rg_table_note(t,
                  "%zu queries that have every combination; %zu others left out. Each effect is "
                  "tested against its interaction with queries; p_adjusted is Greenhouse and "
                  "Geisser's.",
                  a->n, c->blocks.n_units - a->n);
    if (a->flat == a->n)
        rg_table_note(t,
                      "WARNING: every query has one and the same value in all %zu combinations: "
                      "these look like copies of one result, and there is nothing to test.",
                      a->a * a->b);
    else if (a->flat_a == a->n)
        rg_table_note(t, "WARNING: %s changes no value of any query.", by[0]);
    else if (a->flat_b == a->n)
        rg_table_note(t, "WARNING: %s changes no value of any query.", by[1]);
}

static struct rg_table *
anova_table(const struct rg_compare *c, const struct rg_anova *a)
{
    struct rg_table *t = rg_compare_table(c, "two-way analysis of variance within queries");
    size_t first = rg_table_column(t, "effect", NULL, RG_COL_TEXT, 0, true);
    struct rg_buf both = {0};

    rg_table_column(t, "f", "F", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "df", NULL, RG_COL_NUMBER, 0, false);
    rg_table_column(t, "df_error", "error df", RG_COL_NUMBER, 0, false);
    rg_table_column(t, "p", NULL, RG_COL_NUMBER, -1, false);
    rg_table_column(t, "epsilon", NULL, RG_COL_NUMBER, 3, false);
    rg_table_column(t, "p_adjusted", "p adjusted", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "eta2_partial", "partial eta2", RG_COL_NUMBER, 4, false);
    rg_table_column(t, "eta2_generalised", "generalised eta2", RG_COL_NUMBER, 4, false);
    put_effect(t, c, c->v->by.items[0], &a->rows[RG_ANOVA_A], first);
    put_effect(t, c, c->v->by.items[1], &a->rows[RG_ANOVA_B], first);
    rg_buf_printf(&both, "%s x %s", c->v->by.items[0], c->v->by.items[1]);
    put_effect(t, c, rg_buf_text(&both), &a->rows[RG_ANOVA_AB], first);
    rg_buf_clear(&both);
    say_flat(t, c, a);
    return t;
}

enum rg_status
rg_compare_anova(struct rg_table **out, const struct rg_compare *c, const struct rg_frame *frame,
                 const size_t by[2], struct rg_err *err)
{
    struct grid g = {0};
    enum rg_status rc;

    *out = NULL;
    rg_keys_init(&g.a, frame, &by[0], 1);
    rg_keys_init(&g.b, frame, &by[1], 1);
    find_combinations(&g, c, rg_frame_rows(frame));
    rc = check_combinations(&g, c, err);
    if (rc == RG_OK && c->n_complete < 2)
        rc = rg_err_set(err, RG_EINPUT,
                        "%s: --anova needs queries that have every combination (found %zu, "
                        "expected at least 2)",
                        c->metric, c->n_complete);
    if (rc == RG_OK) {
        struct rg_anova a;

        fill(&g, c);
        a = rg_anova_within(g.x, g.n, g.a.n, g.b.n);
        *out = anova_table(c, &a);
    }
    grid_clear(&g);
    return rc;
}
