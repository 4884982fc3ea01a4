/* What is printed of routers: quality and cost, the metrics by which they were published, their
 * spread over seeds, and each data set. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/evaluate_tables.h"

/* ---- what tables share ---- */

const char *
rg_evaluate_key_name(const struct rg_evaluate_report *p, size_t key)
{
    return p->s->trace->datasets[p->s->keys[key].dataset];
}

static size_t
metric_column(struct rg_table *t, enum rg_evaluate_metric m, enum rg_col_kind kind)
{
    const struct rg_evaluate_metric_info *info = &rg_evaluate_metrics[m];

    return rg_table_column(t, info->name, info->head, kind, info->decimals, false);
}

static void
put_metric(struct rg_table *t, size_t column, const struct rg_evaluate_report *p, size_t at,
           enum rg_evaluate_metric m)
{
    rg_evaluate_put(t, column, p->of[at * RG_N_EM + m], rg_evaluate_metrics[m].scale);
}

/* Rows of a table about everything: models, routers as they were written, bounds. */
static bool
is_row(const struct rg_evaluate_report *p, size_t column)
{
    return column >= p->n || !p->r->of[column].swept;
}

static void
say_intervals(struct rg_table *t, struct rg_evaluate_report *p)
{
    if (p->v->resamples > 0 && !p->said_intervals)
        rg_table_note(t,
                      "Intervals of %g: %llu resamples of queries within data sets, a query with "
                      "all its splits.",
                      p->v->level, (unsigned long long)p->v->resamples);
    if (p->v->resamples > 0 && !p->said_intervals && !rg_evaluate_has_intervals(p))
        rg_table_note(t, "%zu single models are too many for intervals of their own.",
                      p->r->n_models);
    p->said_intervals = true;
}

static void
say_split(struct rg_table *t, const struct rg_evaluate_report *p)
{
    const struct rg_evaluate_split *first = &p->s->splits[0];

    if (p->s->has_split)
        rg_table_note(t,
                      "%zu split%s, the first with %zu queries to learn from and %zu to judge by "
                      "(%s, seed %llu).",
                      p->splits, p->splits == 1 ? "" : "s", first->n_train, first->n_test,
                      p->v->split, (unsigned long long)first->seed);
    else
        rg_table_note(t, "All %zu queries; nothing was set apart to learn from.", first->n_test);
}

/* ---- the table of routers ---- */

static size_t
n_swept(const struct rg_evaluate_report *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        n += p->r->of[i].swept;
    return n;
}

static void
router_notes(struct rg_table *t, struct rg_evaluate_report *p)
{
    say_split(t, p);
    say_intervals(t, p);
    rg_table_note(t,
                  "USD: of a split's test part. Front: no other point scores more for less; its "
                  "chance over the same resamples. Recall: of the queries that some candidate "
                  "solves, those it solves (%s). Best single model here: '%s'.",
                  p->v->rule == RG_RULE_POSITIVE ? "any score above 0" : "the best score there is",
                  p->r->of[p->best].name);
    if (n_swept(p) > 0)
        rg_table_note(t,
                      "The %zu settings of --sweep count for the front; --table sweep lists "
                      "them.",
                      n_swept(p));
}

struct rg_table *
rg_evaluate_routers_table(struct rg_evaluate_report *p, const char **why)
{
    static const enum rg_evaluate_metric front_part[] = {RG_EM_DATASETS, RG_EM_SAMPLES, RG_EM_USD};
    struct rg_table *t = rg_table_new("Routers");
    size_t column = 1;

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    for (size_t k = 0; k < 3; k++)
        metric_column(t, front_part[k], RG_COL_ESTIMATE);
    rg_table_column(t, "on_front", "front", RG_COL_TEXT, 0, false);
    rg_table_column(t, "front_probability", "chance", RG_COL_NUMBER, 2, false);
    metric_column(t, RG_EM_RECALL, RG_COL_ESTIMATE);
    metric_column(t, RG_EM_CALLS, RG_COL_NUMBER);
    rg_table_column(t, "skipped", NULL, RG_COL_INTEGER, 0, false);
    for (size_t c = 0; c < p->columns; c++, column = 1) {
        if (!is_row(p, c))
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, rg_evaluate_column_name(p, c));
        for (size_t k = 0; k < 3; k++)
            put_metric(t, column++, p, c, front_part[k]);
        if (c < p->n) {
            rg_table_text(t, column, p->front[c] ? "yes" : "no");
            rg_table_number(t, column + 1, p->p_front[c]);
            rg_table_integer(t, column + 4, (int64_t)p->r->of[c].skipped);
        }
        put_metric(t, column + 2, p, c, RG_EM_RECALL);
        rg_table_number(t, column + 3, p->value[c * RG_N_EM + RG_EM_CALLS]);
    }
    router_notes(t, p);
    return t;
}

/* ---- gains and gaps ---- */

struct rg_table *
rg_evaluate_gains_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = rg_table_new("Gains over and gaps to the bounds");

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    for (int m = RG_EM_GAIN_R; m <= RG_EM_ORACLE_GAP; m++)
        metric_column(t, (enum rg_evaluate_metric)m, RG_COL_ESTIMATE);
    for (size_t c = 0; c < p->columns; c++) {
        if (!is_row(p, c))
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, rg_evaluate_column_name(p, c));
        for (int m = RG_EM_GAIN_R; m <= RG_EM_ORACLE_GAP; m++)
            put_metric(t, (size_t)(1 + m - RG_EM_GAIN_R), p, c, (enum rg_evaluate_metric)m);
    }
    rg_table_note(t,
                  "Gain and Gap: means over data sets of ratios; Imp and OracleGap: ratios of "
                  "means. R: the random router (%s); B: '%s', the best single model on these "
                  "queries; Max: the best model of each data set; O: the oracle.",
                  p->v->random == RG_RANDOM_DRAWN ? "as drawn" : "in expectation",
                  p->r->of[p->best].name);
    say_intervals(t, p);
    return t;
}

/* ---- RouterArena's score ---- */

struct rg_table *
rg_evaluate_arena_table(struct rg_evaluate_report *p, const char **why)
{
    static const enum rg_evaluate_metric shown[] = {RG_EM_ARENA, RG_EM_SAMPLES, RG_EM_USD_1000};
    struct rg_table *t = rg_table_new("RouterArena's score");

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    for (size_t k = 0; k < 3; k++)
        metric_column(t, shown[k], RG_COL_ESTIMATE);
    for (size_t c = 0; c < p->columns; c++) {
        if (!is_row(p, c))
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, rg_evaluate_column_name(p, c));
        for (size_t k = 0; k < 3; k++)
            put_metric(t, 1 + k, p, c, shown[k]);
    }
    rg_table_note(t, "1.1 A C / (0.1 A + C) in hundredths: A the mean score, within 0 to 1; C the "
                     "cost of 1,000 queries on a scale of logarithms from 200 USD (0) to 0.0044 "
                     "USD (1), within these.");
    say_intervals(t, p);
    return t;
}

/* ---- routers as families of configurations ---- */

/* The configuration with the highest Dataset-Avg, of equals the cheapest. */
static size_t
best_of(const struct rg_evaluate_report *p, const struct rg_evaluate_family *f)
{
    size_t best = f->own[0];

    for (size_t k = 1; k < f->n; k++) {
        const double *a = p->value + f->own[k] * RG_N_EM, *b = p->value + best * RG_N_EM;

        if (a[RG_EM_DATASETS] > b[RG_EM_DATASETS] ||
            (a[RG_EM_DATASETS] >= b[RG_EM_DATASETS] && a[RG_EM_USD] < b[RG_EM_USD]))
            best = f->own[k];
    }
    return best;
}

struct rg_table *
rg_evaluate_families_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = rg_table_new("Performance and cost of each router's configurations");
    bool swept = n_swept(p) > 0;

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "configurations", swept ? "settings" : "configurations", RG_COL_INTEGER, 0,
                    false);
    rg_table_column(t, "perf_gain", "PerfGain", RG_COL_ESTIMATE, 3, false);
    rg_table_column(t, "cost_save", "CostSave", RG_COL_ESTIMATE, 3, false);
    rg_table_column(t, "pareto_dist", "ParetoDist", RG_COL_ESTIMATE, 3, false);
    if (swept) {
        rg_table_column(t, "best_setting", "best setting", RG_COL_NUMBER, -1, false);
        rg_table_column(t, "best_dataset_avg", "its score", RG_COL_NUMBER, 2, false);
        rg_table_column(t, "best_cost_total_usd", "its USD", RG_COL_NUMBER, -1, false);
    }
    for (size_t f = 0; f < p->n_families; f++) {
        size_t best = best_of(p, &p->families[f]);

        rg_table_row(t);
        rg_table_text(t, 0, p->families[f].name);
        rg_table_integer(t, 1, (int64_t)p->families[f].n);
        for (size_t k = 0; k <= RG_EF_PARETO_DIST; k++)
            rg_evaluate_put(t, 2 + k, p->of_family[f * RG_N_EF + k], 1);
        if (!swept)
            continue;
        rg_table_number(t, 5, p->r->of[best].setting);
        rg_table_number(t, 6, p->value[best * RG_N_EM + RG_EM_DATASETS] * 100);
        rg_table_number(t, 7, p->value[best * RG_N_EM + RG_EM_USD]);
    }
    rg_table_note(t,
                  "Against '%s'. ParetoDist: Manhattan distance to the front of all models and "
                  "routers, scaled to 0 .. 1.",
                  p->r->of[p->best].name);
    if (swept)
        rg_table_note(t, "PerfGain and CostSave take the best of a router's settings on the very "
                         "queries they are judged by, as they were published.");
    say_intervals(t, p);
    return t;
}

/* ---- seeds ---- */

/* Standard deviation (n - 1) over splits of one entry of rows of width wide. */
static double
spread_of(const struct rg_evaluate_report *p, const double *seed, size_t wide, size_t at)
{
    double mean = 0, square = 0;

    for (size_t k = 0; k < p->splits; k++)
        mean += seed[k * wide + at];
    mean /= (double)p->splits;
    for (size_t k = 0; k < p->splits; k++)
        square += (seed[k * wide + at] - mean) * (seed[k * wide + at] - mean);
    return sqrt(square / (double)(p->splits - 1));
}

static void
sd_column(struct rg_table *t, const char *name, const char *head, int decimals)
{
    struct rg_buf text = {0};

    rg_buf_printf(&text, "%s_sd", name);
    rg_table_column(t, rg_buf_text(&text), head, RG_COL_NUMBER, decimals, false);
    rg_buf_clear(&text);
}

static size_t
family_of(const struct rg_evaluate_report *p, size_t column)
{
    for (size_t f = 0; f < p->n_families && column < p->n; f++)
        if (strcmp(p->families[f].name, p->r->of[column].family) == 0)
            return f;
    return p->n_families;
}

struct rg_table *
rg_evaluate_seeds_table(struct rg_evaluate_report *p, const char **why)
{
    static const char *const names[] = {"perf_gain", "cost_save", "pareto_dist"};
    static const char *const heads[] = {"PerfGain", "CostSave", "ParetoDist"};
    struct rg_table *t = rg_table_new("Standard deviations over the seeds");
    size_t wide = p->columns * RG_N_EM;

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    for (size_t m = 0; m < RG_N_EM; m++)
        sd_column(t, rg_evaluate_metrics[m].name, rg_evaluate_metrics[m].head,
                  rg_evaluate_metrics[m].decimals);
    for (size_t k = 0; k <= RG_EF_PARETO_DIST; k++)
        sd_column(t, names[k], heads[k], 3);
    for (size_t c = 0; c < p->columns; c++) {
        size_t f = family_of(p, c);

        if (!is_row(p, c))
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, rg_evaluate_column_name(p, c));
        for (size_t m = 0; m < RG_N_EM; m++)
            rg_table_number(t, 1 + m,
                            spread_of(p, p->seed, wide, c * RG_N_EM + m) *
                                rg_evaluate_metrics[m].scale);
        for (size_t k = 0; k <= RG_EF_PARETO_DIST && f < p->n_families; k++)
            rg_table_number(
                t, 1 + RG_N_EM + k,
                spread_of(p, p->seed_family, (p->n_families + 1) * RG_N_EF, f * RG_N_EF + k));
    }
    rg_table_note(t,
                  "Of each metric over %zu splits, each by itself; the other tables show means "
                  "over them.",
                  p->splits);
    return t;
}

struct rg_table *
rg_evaluate_per_seed_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = rg_table_new("Each seed");
    size_t wide = p->columns * RG_N_EM;

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "seed", NULL, RG_COL_INTEGER, 0, true);
    for (size_t m = 0; m < RG_N_EM; m++)
        metric_column(t, (enum rg_evaluate_metric)m, RG_COL_NUMBER);
    for (size_t c = 0; c < p->columns; c++)
        for (size_t k = 0; k < p->splits && is_row(p, c); k++) {
            rg_table_row(t);
            rg_table_text(t, 0, rg_evaluate_column_name(p, c));
            rg_table_integer(t, 1, (int64_t)p->s->splits[k].seed);
            for (size_t m = 0; m < RG_N_EM; m++)
                rg_table_number(t, 2 + m,
                                p->seed[k * wide + c * RG_N_EM + m] * rg_evaluate_metrics[m].scale);
        }
    return t;
}

/* ---- each data set ---- */

struct rg_table *
rg_evaluate_datasets_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = rg_table_new("Routers on each data set");
    struct rg_buf name = {0};

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    for (size_t d = 0; d < p->s->n_keys; d++) {
        const char *key = rg_evaluate_key_name(p, d);

        rg_buf_reset(&name);
        rg_buf_printf(&name, "%s%s", key, strcmp(key, "router") ? "" : "_");
        rg_table_column(t, rg_buf_text(&name), NULL, RG_COL_NUMBER, 2, false);
    }
    rg_buf_clear(&name);
    for (size_t i = p->r->n_models; i < p->n; i++) {
        if (!is_row(p, i))
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, p->r->of[i].name);
        for (size_t d = 0; d < p->s->n_keys; d++)
            rg_table_number(t, 1 + d, p->cell[i * p->s->n_keys + d] * 100);
    }
    return t;
}
