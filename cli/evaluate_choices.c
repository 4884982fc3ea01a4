/* Whom routers chose, and what came of it: on each data set, for each model. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "cli/evaluate_tables.h"
#include "stats/multiple.h"
#include "stats/paired.h"

enum { MOST_MODELS = 40 }; /* with columns or rows of their own; the others are counted together */

/* ---- each data set by itself ---- */

struct cell {
    struct rg_estimate score, usd;
    struct rg_test difference;
    double total, p;
};

/* Mean of x over the rows of a data set, in units of queries. */
static struct rg_estimate
mean_of(const struct rg_evaluate_report *p, const double *x, size_t key)
{
    double *known = rg_alloc(p->r->n_rows, sizeof *known);
    uint32_t *unit = rg_alloc(p->r->n_rows, sizeof *unit);
    struct rg_estimate e;
    size_t n = 0;

    for (size_t i = 0; i < p->r->n_rows; i++)
        if (p->r->key[i] == key && !isnan(x[i])) {
            known[n] = x[i];
            unit[n++] = p->r->query[i];
        }
    e = rg_interval_mean_units(known, unit, n, p->v->level);
    free(known);
    free(unit);
    return e;
}

static struct cell
cell_of(const struct rg_evaluate_report *p, size_t column, size_t key, double *x, double *y)
{
    size_t queries = p->s->trace->n_queries, n;
    struct cell c = {.score = mean_of(p, p->score[column], key),
                     .usd = mean_of(p, p->cost[column], key)};

    c.total = c.usd.value * (double)c.usd.n / (double)p->splits;
    rg_evaluate_per_query(p, p->score[column], (uint32_t)key, x);
    rg_evaluate_per_query(p, p->score[p->best], (uint32_t)key, y);
    n = rg_paired_differences(x, y, queries, x);
    c.difference = rg_paired_t(x, n, 0, RG_TWO_SIDED, p->v->level);
    c.p = column == p->best ? NAN : c.difference.p;
    return c;
}

static void
breakdown_columns(struct rg_table *t)
{
    rg_table_column(t, "dataset", "data set", RG_COL_TEXT, 0, true);
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "score", NULL, RG_COL_ESTIMATE, 2, false);
    rg_table_column(t, "cost_total_usd", "USD", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "cost_mean_usd", "USD a query", RG_COL_ESTIMATE, -1, false);
    rg_table_column(t, "difference", NULL, RG_COL_ESTIMATE, 2, false);
    rg_table_column(t, "p", NULL, RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_adjusted", "p (Holm)", RG_COL_NUMBER, -1, false);
}

static void
breakdown_row(struct rg_table *t, const struct rg_evaluate_report *p, size_t column, size_t key,
              const struct cell *c, double p_adjusted)
{
    rg_table_row(t);
    rg_table_text(t, 0, rg_evaluate_key_name(p, key));
    rg_table_text(t, 1, rg_evaluate_column_name(p, column));
    rg_table_integer(t, 2, (int64_t)c->score.n);
    rg_evaluate_put(t, 3, c->score, 100);
    rg_table_number(t, 4, c->total);
    rg_evaluate_put(t, 5, c->usd, 1);
    if (column == p->best)
        return;
    rg_table_estimate(t, 6, c->difference.estimate * 100, c->difference.lo * 100,
                      c->difference.hi * 100);
    rg_table_number(t, 7, c->p);
    rg_table_number(t, 8, p_adjusted);
}

struct rg_table *
rg_evaluate_breakdown_table(struct rg_evaluate_report *p, const char **why)
{
    size_t keys = p->s->n_keys, queries = p->s->trace->n_queries, n = 0;
    struct cell *cell = rg_alloc(keys * p->columns, sizeof *cell);
    double *prob = rg_alloc(keys * p->columns, sizeof *prob);
    double *x = rg_alloc(queries, sizeof *x), *y = rg_alloc(queries, sizeof *y);
    struct rg_table *t = rg_table_new("Each data set");

    *why = NULL;
    for (size_t k = 0; k < keys; k++)
        for (size_t c = 0; c < p->columns; c++)
            if (c >= p->n || !p->r->of[c].swept) {
                cell[n] = cell_of(p, c, k, x, y);
                prob[n] = cell[n].p;
                n++;
            }
    rg_adjust_p(prob, n, RG_ADJUST_HOLM, prob);
    breakdown_columns(t);
    n = 0;
    for (size_t k = 0; k < keys; k++)
        for (size_t c = 0; c < p->columns; c++)
            if (c >= p->n || !p->r->of[c].swept) {
                breakdown_row(t, p, c, k, &cell[n], prob[n]);
                n++;
            }
    rg_table_note(t,
                  "Difference: from '%s', the best single model on all these queries, query by "
                  "query (Student's t, Holm's adjustment for all rows). USD: of a split's test "
                  "part. Models chosen: --table shares.",
                  p->r->of[p->best].name);
    free(cell);
    free(prob);
    free(x);
    free(y);
    return t;
}

/* ---- whom they chose ---- */

/* Of a sweep there are too many, and what a router that looks at the load chooses is not kept. */
static bool
has_choices(const struct rg_evaluate_result *r)
{
    return !r->swept && !r->simulated;
}

static void
note_simulated(const struct rg_evaluate_report *p, struct rg_table *t)
{
    bool some = false;

    for (size_t i = 0; i < p->r->n; i++)
        some = some || p->r->of[i].simulated;
    if (some)
        rg_table_note(t, "Routers that look at the load are left out: they choose by request.");
}

/* Models of the trace by how often something is true of them, the most frequent first. */
static size_t
most_frequent(const double *count, size_t n, uint32_t *out)
{
    size_t found = 0;

    for (uint32_t m = 0; m < n; m++) {
        size_t at = found;

        if (!(count[m] > 0) || (found == MOST_MODELS && !(count[m] > count[out[found - 1]])))
            continue;
        found += found < MOST_MODELS;
        for (at = found - 1; at > 0 && count[m] > count[out[at - 1]]; at--)
            out[at] = out[at - 1];
        out[at] = m;
    }
    return found;
}

/* Adds how often a router chose each model in the rows of a data set (SIZE_MAX: all), a row as 1;
 * nobody at the end of count[models + 1]. Returns how many rows. */
static double
add_shares(const struct rg_evaluate_report *p, const struct rg_evaluate_result *r, size_t key,
           double *count)
{
    double rows = 0;

    for (size_t i = 0; i < p->r->n_rows; i++) {
        size_t begin = p->r->first_pick[i], end = p->r->first_pick[i + 1];

        if (key != SIZE_MAX && p->r->key[i] != key)
            continue;
        rows += end > begin;
        for (size_t k = begin; k < end; k++)
            count[r->pick[k] == RG_NO_MODEL ? p->s->all.m : r->pick[k]] +=
                1 / (double)(end - begin);
    }
    return rows;
}

static void
share_row(struct rg_table *t, const struct rg_evaluate_report *p,
          const struct rg_evaluate_result *r, size_t key, const uint32_t *model, size_t n)
{
    double *count = rg_zalloc(p->s->all.m + 1, sizeof *count);
    double rows = add_shares(p, r, key, count), left = rows - count[p->s->all.m];

    rg_table_row(t);
    rg_table_text(t, 0, r->name);
    rg_table_text(t, 1, key == SIZE_MAX ? "(all)" : rg_evaluate_key_name(p, key));
    rg_table_number(t, 2, rows);
    for (size_t k = 0; k < n && rows > 0; k++) {
        rg_table_number(t, 3 + k, 100 * count[model[k]] / rows);
        left -= count[model[k]];
    }
    if (rows > 0) {
        rg_table_number(t, 3 + n, 100 * fmax(left, 0) / rows);
        rg_table_number(t, 4 + n, 100 * count[p->s->all.m] / rows);
    }
    free(count);
}

struct rg_table *
rg_evaluate_shares_table(struct rg_evaluate_report *p, const char **why)
{
    double *count = rg_zalloc(p->s->all.m + 1, sizeof *count);
    struct rg_table *t = rg_table_new("Models chosen, in hundredths of the queries");
    uint32_t model[MOST_MODELS];
    size_t n;

    *why = NULL;
    for (size_t i = p->r->n_models; i < p->n; i++)
        if (has_choices(&p->r->of[i]))
            (void)add_shares(p, &p->r->of[i], SIZE_MAX, count);
    n = most_frequent(count, p->s->all.m, model);
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "dataset", "data set", RG_COL_TEXT, 0, true);
    rg_table_column(t, "n", NULL, RG_COL_NUMBER, 0, false);
    for (size_t k = 0; k < n; k++) {
        struct rg_buf name = {0};

        /* A model may be called as a column of ours. */
        rg_buf_printf(&name, "share %s", p->s->trace->models[model[k]].name);
        rg_table_column(t, rg_buf_text(&name), p->s->trace->models[model[k]].name, RG_COL_NUMBER, 1,
                        false);
        rg_buf_clear(&name);
    }
    rg_table_column(t, "others", NULL, RG_COL_NUMBER, 1, false);
    rg_table_column(t, "none", NULL, RG_COL_NUMBER, 1, false);
    for (size_t i = p->r->n_models; i < p->n; i++)
        for (size_t k = 0; k <= p->s->n_keys && has_choices(&p->r->of[i]); k++)
            share_row(t, p, &p->r->of[i], k < p->s->n_keys ? k : SIZE_MAX, model, n);
    rg_table_note(t, "The model whose answer stood. none: a call that was needed is not recorded.");
    note_simulated(p, t);
    free(count);
    return t;
}

/* ---- who should have been chosen ---- */

/* Over rows: those that a model solves, and that nobody else does; of both, those on which a router
 * chose it; and all on which it did. */
struct recall {
    double solves, alone, chosen, hits, hits_alone;
};

static void
add_recall(const struct rg_evaluate_report *p, size_t model, const struct rg_evaluate_result *r,
           const uint32_t *solvers, struct recall *out)
{
    for (size_t i = 0; i < p->r->n_rows; i++) {
        bool solves = p->score[model][i] >= p->solved_at[i];
        size_t begin = p->r->first_pick[i], end = p->r->first_pick[i + 1];
        double chosen = 0;

        for (size_t k = begin; k < end; k++)
            chosen += (r->pick[k] == p->r->of[model].model) / (double)(end - begin);
        out->solves += solves;
        out->alone += solves && solvers[i] == 1;
        out->chosen += chosen;
        out->hits += solves ? chosen : 0;
        out->hits_alone += solves && solvers[i] == 1 ? chosen : 0;
    }
}

static double
percent(double part, double of)
{
    return of > 0 ? 100 * part / of : NAN;
}

static void
recall_columns(struct rg_table *t)
{
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "best", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "alone", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "chosen", NULL, RG_COL_NUMBER, 1, false);
    rg_table_column(t, "recall", "recall %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "recall_alone", "alone %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "precision", "precision %", RG_COL_NUMBER, 1, false);
}

static void
recall_rows(struct rg_table *t, const struct rg_evaluate_report *p, const uint32_t *model, size_t n,
            const uint32_t *solvers)
{
    for (size_t i = p->r->n_models; i < p->n; i++)
        for (size_t k = 0; k < n && has_choices(&p->r->of[i]); k++) {
            struct recall c = {0};

            add_recall(p, model[k], &p->r->of[i], solvers, &c);
            rg_table_row(t);
            rg_table_text(t, 0, p->r->of[i].name);
            rg_table_text(t, 1, p->r->of[model[k]].name);
            rg_table_integer(t, 2, (int64_t)c.solves);
            rg_table_integer(t, 3, (int64_t)c.alone);
            rg_table_number(t, 4, c.chosen);
            rg_table_number(t, 5, percent(c.hits, c.solves));
            rg_table_number(t, 6, percent(c.hits_alone, c.alone));
            rg_table_number(t, 7, percent(c.hits, c.chosen));
        }
}

struct rg_table *
rg_evaluate_recall_table(struct rg_evaluate_report *p, const char **why)
{
    uint32_t *solvers = rg_zalloc(p->r->n_rows, sizeof *solvers), model[MOST_MODELS];
    double *solves = rg_zalloc(p->r->n_models, sizeof *solves);
    struct rg_table *t = rg_table_new("How often each model was best, and was then chosen");
    size_t n;

    *why = NULL;
    for (size_t c = 0; c < p->r->n_models; c++)
        for (size_t i = 0; i < p->r->n_rows; i++)
            if (p->score[c][i] >= p->solved_at[i]) {
                solvers[i]++;
                solves[c]++;
            }
    n = most_frequent(solves, p->r->n_models, model);
    recall_columns(t);
    recall_rows(t, p, model, n, solvers);
    rg_table_note(t,
                  "Counts of queries (of all splits). best: %s; alone: and no other does. recall, "
                  "alone %%: of these, those on which the router chose it; precision: of those on "
                  "which it chose the model, those that this solves.",
                  p->v->rule == RG_RULE_POSITIVE
                      ? "the model has a score above 0"
                      : "no candidate scores more, and some scores above 0");
    note_simulated(p, t);
    if (n < p->r->n_models)
        rg_table_note(t, "%zu of %zu models: the most frequent ones that are best anywhere.", n,
                      p->r->n_models);
    free(solvers);
    free(solves);
    return t;
}
