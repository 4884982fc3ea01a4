/* report: what is more than chance: effects of axes, differences from a baseline, the front. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/report.h"
#include "stats/anova.h"
#include "stats/front.h"
#include "stats/multiple.h"
#include "stats/paired.h"

/* ---- main effects and interactions ---- */

struct effect {
    char *name;
    struct rg_anova_row row;
    size_t units;
    double range; /* greatest mean of a level less the least; NaN for an interaction */
    double p_holm;
};

struct effects {
    struct effect *item;
    size_t n, cap;
    size_t incomplete; /* pairs of axes of which some combination has no cell */
    bool withheld;     /* the metric grows with the length of a run: it is not tested */
};

static struct effect *
add_effect(struct effects *all, char *name_taken)
{
    all->item = rg_grow(all->item, &all->cap, all->n + 1, sizeof *all->item);
    all->item[all->n] = (struct effect){.name = name_taken, .range = NAN, .p_holm = NAN};
    return &all->item[all->n++];
}

/* Values of complete units, as rg_anova_within wants them. */
static double *
layout(const struct rg_report *r, const struct rg_report_groups *g, size_t metric, size_t *units)
{
    const struct rg_report_group **groups = rg_alloc(g->n, sizeof *groups);
    double *x = rg_alloc(rg_report_n_units(r, metric) * g->n, sizeof *x);

    for (size_t i = 0; i < g->n; i++)
        groups[i] = &g->group[i];
    *units = rg_report_complete(r, groups, g->n, metric, x);
    free(groups);
    return x;
}

static double
range_of(const double *x, size_t units, size_t n)
{
    double lo = INFINITY, hi = -INFINITY;

    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        for (size_t u = 0; u < units; u++)
            sum += x[u * n + i] / (double)units;
        lo = fmin(lo, sum);
        hi = fmax(hi, sum);
    }
    return units > 0 ? hi - lo : NAN;
}

static void
main_effect(struct effects *all, const struct rg_report *r, size_t axis, size_t metric)
{
    struct rg_report_groups g;
    struct effect *e;
    struct rg_anova a;
    double *x;
    size_t units;

    rg_report_group(&g, r, &axis, 1);
    x = layout(r, &g, metric, &units);
    a = rg_anova_within(x, units, g.n, 1);
    e = add_effect(all, rg_strdup(rg_results_axis(r->db, axis)));
    e->row = a.rows[RG_ANOVA_A];
    e->units = units;
    e->range = range_of(x, units, g.n);
    free(x);
    rg_report_groups_clear(&g);
}

/* Of two axes; the others are averaged over. */
static void
interaction(struct effects *all, const struct rg_report *r, const size_t axis[2], size_t metric)
{
    struct rg_report_groups g, one[2];
    struct rg_buf name = {0};
    struct effect *e;
    struct rg_anova a;
    double *x;
    size_t units;

    rg_report_group(&g, r, axis, 2);
    rg_report_group(&one[0], r, &axis[0], 1);
    rg_report_group(&one[1], r, &axis[1], 1);
    if (g.n == one[0].n * one[1].n) {
        x = layout(r, &g, metric, &units);
        a = rg_anova_within(x, units, one[0].n, one[1].n);
        rg_buf_printf(&name, "%s x %s", rg_results_axis(r->db, axis[0]),
                      rg_results_axis(r->db, axis[1]));
        e = add_effect(all, rg_buf_take(&name));
        e->row = a.rows[RG_ANOVA_AB];
        e->units = units;
        free(x);
    } else {
        all->incomplete++;
    }
    rg_report_groups_clear(&g);
    rg_report_groups_clear(&one[0]);
    rg_report_groups_clear(&one[1]);
}

/* Every effect is one of all cells, so that a single saturated one is too many. */
static void
withhold(struct effects *all, const struct rg_report *r, size_t metric)
{
    for (size_t i = 0; i < r->groups.n; i++)
        all->withheld = all->withheld || rg_report_withheld(r, &r->groups.group[i], metric);
    for (size_t i = 0; i < all->n && all->withheld; i++) {
        struct rg_anova_row *row = &all->item[i].row;

        row->test.statistic = row->test.df = row->test.df2 = NAN;
        row->test.estimate = row->p_adjusted = NAN;
    }
}

static void
find_effects(struct effects *all, const struct rg_report *r, size_t metric)
{
    const struct rg_report_groups *g = &r->groups;
    double *p;

    for (size_t i = 0; i < g->n_axes; i++)
        main_effect(all, r, g->axis[i], metric);
    for (size_t i = 0; i < g->n_axes; i++)
        for (size_t j = i + 1; j < g->n_axes; j++)
            interaction(all, r, (const size_t[2]){g->axis[i], g->axis[j]}, metric);
    withhold(all, r, metric);
    p = rg_alloc(all->n, sizeof *p);
    for (size_t i = 0; i < all->n; i++)
        p[i] = all->item[i].row.p_adjusted;
    rg_adjust_p(p, all->n, RG_ADJUST_HOLM, p);
    for (size_t i = 0; i < all->n; i++)
        all->item[i].p_holm = p[i];
    free(p);
}

static void
effect_columns(struct rg_table *t)
{
    rg_table_column(t, "metric", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "effect", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "range", NULL, RG_COL_NUMBER, -1, false);
    rg_table_column(t, "f", "F", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "df", NULL, RG_COL_NUMBER, 0, false);
    rg_table_column(t, "df_error", "error df", RG_COL_NUMBER, 0, false);
    rg_table_column(t, "p_adjusted", "p", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_holm", "p Holm", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "eta2_partial", "partial eta2", RG_COL_NUMBER, 3, false);
    rg_table_column(t, "units", NULL, RG_COL_INTEGER, 0, false);
}

static void
put_effects(struct rg_table *t, const struct rg_report *r, const struct effects *all, size_t metric)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct effect *e = &all->item[i];

        rg_table_row(t);
        rg_table_text(t, 0, r->metrics[metric].name);
        rg_table_text(t, 1, e->name);
        rg_table_number(t, 2, e->range);
        rg_table_number(t, 3, e->row.test.statistic);
        rg_table_number(t, 4, e->row.test.df);
        rg_table_number(t, 5, e->row.test.df2);
        rg_table_number(t, 6, e->row.p_adjusted);
        rg_table_number(t, 7, e->p_holm);
        rg_table_number(t, 8, e->row.test.estimate);
        rg_table_integer(t, 9, (int64_t)e->units);
    }
}

static void
effects_clear(struct effects *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->item[i].name);
    free(all->item);
}

/* What makes effects others than those of the axes. */
static void
note_cells(struct rg_table *table, const struct rg_report *r, size_t incomplete)
{
    struct rg_buf names = {0};

    if (incomplete > 0)
        rg_table_note(table, "%zu pairs of axes lack a combination: their interaction is left out.",
                      incomplete);
    for (size_t k = 0; k < r->groups.n_axes; k++) {
        struct rg_report_groups g;

        rg_report_group(&g, r, &r->groups.axis[k], 1);
        if (!rg_report_balanced(r, &g))
            rg_buf_printf(&names, "%s%s", names.len > 0 ? ", " : "",
                          rg_results_axis(r->db, g.axis[0]));
        rg_report_groups_clear(&g);
    }
    if (names.len > 0)
        rg_table_note(table,
                      "Levels of %s are averages over different cells, as some are excluded or not "
                      "finished: their effect has a part of the others'.",
                      rg_buf_text(&names));
    rg_buf_clear(&names);
}

enum rg_status
rg_report_effects(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    struct rg_table *table;
    size_t incomplete = 0;
    bool withheld = false;

    (void)err;
    if (r->groups.n_axes == 0)
        return RG_OK;
    table = rg_table_new("Main effects and interactions");
    effect_columns(table);
    for (size_t k = 0; k < r->n_shown; k++) {
        struct effects all = {0};

        find_effects(&all, r, r->shown[k]);
        put_effects(table, r, &all, r->shown[k]);
        incomplete = all.incomplete;
        withheld = withheld || all.withheld;
        effects_clear(&all);
    }
    rg_table_note(table,
                  "Analysis of variance within units (queries, or replications): each effect "
                  "is tested against its interaction with them. p after Greenhouse and "
                  "Geisser, then over all effects on a metric after Holm. Range: between "
                  "the means of the best and the worst level.");
    note_cells(table, r, incomplete);
    if (withheld)
        rg_report_note_withheld(table);
    rg_report_tables_add(t, table);
    return RG_OK;
}

/* ---- differences from a baseline ---- */

struct difference {
    size_t group, baseline;
    double value, reference; /* means over the units that both have */
    struct rg_test test;
    double p_holm;
    size_t cells, dropped; /* that have a counterpart in the baseline, and those that have none */
};

/* The cells of both that have a counterpart in the other: all else they differ by is not what is
 * asked for. */
static void
match(struct rg_report_group pair[2], struct difference *d, const struct rg_report *r)
{
    const size_t of[2] = {d->group, d->baseline};

    for (size_t i = 0; i < 2; i++) {
        pair[i] = r->groups.group[of[i]];
        pair[i].cell = rg_alloc(pair[i].n, sizeof *pair[i].cell);
        pair[i].n = rg_report_counterparts(r, &r->groups, of[i], of[1 - i], pair[i].cell);
        d->dropped += r->groups.group[of[i]].n - pair[i].n;
    }
    d->cells = pair[0].n;
}

static struct difference
difference_of(const struct rg_report *r, size_t group, size_t baseline, size_t metric)
{
    struct difference d = {.group = group, .baseline = baseline, .p_holm = NAN};
    size_t units = rg_report_n_units(r, metric), n;
    double *x = rg_alloc(2 * units, sizeof *x), *a = rg_alloc(units, sizeof *a);
    double *b = rg_alloc(units, sizeof *b);
    struct rg_report_group pair[2];

    match(pair, &d, r);
    n = rg_report_complete(r, (const struct rg_report_group *const[]){&pair[0], &pair[1]}, 2,
                           metric, x);
    for (size_t u = 0; u < n; u++) {
        a[u] = x[2 * u];
        b[u] = x[2 * u + 1];
    }
    d.value = n > 0 ? rg_spread_of(a, n).mean : NAN;
    d.reference = n > 0 ? rg_spread_of(b, n).mean : NAN;
    rg_paired_differences(a, b, n, a);
    d.test = rg_paired_t(a, n, 0, RG_TWO_SIDED, r->level);
    if (rg_report_withheld(r, &pair[0], metric) || rg_report_withheld(r, &pair[1], metric))
        d.test.lo = d.test.hi = d.test.p = NAN;
    for (size_t i = 0; i < 2; i++)
        free(pair[i].cell);
    free(x);
    free(a);
    free(b);
    return d;
}

static size_t
find_differences(struct difference *out, const struct rg_report *r, const size_t *baseline,
                 size_t metric)
{
    double *p = rg_alloc(r->groups.n, sizeof *p);
    size_t n = 0;

    for (size_t i = 0; i < r->groups.n; i++)
        if (baseline[i] != SIZE_MAX) {
            out[n] = difference_of(r, i, baseline[i], metric);
            p[n] = out[n].test.p;
            n++;
        }
    rg_adjust_p(p, n, RG_ADJUST_HOLM, p);
    for (size_t i = 0; i < n; i++)
        out[i].p_holm = p[i];
    free(p);
    return n;
}

static void
put_difference(struct rg_table *t, size_t column, const struct rg_report *r,
               const struct difference *d, const struct rg_report_metric *m, double scale,
               bool cells)
{
    const struct rg_test *test = &d->test;

    rg_table_text(t, column++, r->groups.group[d->baseline].label);
    if (!rg_report_for_people(r))
        rg_table_text(t, column++, m->name);
    rg_table_number(t, column++, d->value * scale);
    rg_table_number(t, column++, d->reference * scale);
    rg_table_estimate(t, column++, test->estimate * scale, test->lo * scale, test->hi * scale);
    rg_table_number(t, column++, d->reference != 0 ? test->estimate / fabs(d->reference) : NAN);
    rg_table_number(t, column++, test->p);
    rg_table_number(t, column++, d->p_holm);
    rg_table_integer(t, column++, (int64_t)test->n);
    if (cells)
        rg_table_integer(t, column, (int64_t)d->cells);
}

/* People need the number of cells where it is not all. */
static bool
shows_cells(const struct rg_report *r, const struct difference *d, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (d[i].dropped > 0)
            return true;
    return !rg_report_for_people(r);
}

/* Notes of all differences of a table, whose rows they are. */
static void
note_differences(struct rg_table *t, const struct rg_report *r, const struct difference *d,
                 size_t n, size_t metric)
{
    struct rg_buf names = {0};
    bool withheld = false;

    for (size_t i = 0; i < n; i++) {
        const struct rg_report_group *pair[2] = {&r->groups.group[d[i].group],
                                                 &r->groups.group[d[i].baseline]};

        withheld = withheld || rg_report_withheld(r, pair[0], metric) ||
                   rg_report_withheld(r, pair[1], metric);
        if (d[i].dropped > 0)
            rg_buf_printf(&names, "%s%s (%zu)", names.len > 0 ? ", " : "", pair[0]->label,
                          d[i].dropped);
    }
    if (names.len > 0)
        rg_table_note(t,
                      "Compared are cells that are alike in all other axes. Without a counterpart, "
                      "as it is excluded or not finished, are, of row and baseline: %s.",
                      rg_buf_text(&names));
    if (withheld)
        rg_report_note_withheld(t);
    rg_buf_clear(&names);
}

static struct rg_table *
differences_table(const struct rg_report *r, const struct difference *d, size_t n, size_t metric)
{
    const struct rg_report_metric *m = &r->metrics[metric];
    double scale = rg_report_for_people(r) ? m->scale : 1;
    struct rg_buf title = {0};
    struct rg_table *t;
    size_t first;

    rg_buf_printf(&title, "%s against the baseline", m->words);
    rg_report_capital(&title);
    t = rg_report_table(r, rg_buf_text(&title), &r->groups);
    rg_buf_clear(&title);
    first = rg_table_column(t, "baseline", NULL, RG_COL_TEXT, 0, false);
    if (!rg_report_for_people(r))
        rg_table_column(t, "metric", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "value", NULL, RG_COL_NUMBER, m->decimals, false);
    rg_table_column(t, "reference", "baseline's", RG_COL_NUMBER, m->decimals, false);
    rg_table_column(t, "difference", NULL, RG_COL_ESTIMATE, m->decimals, false);
    rg_table_column(t, "relative", NULL, RG_COL_NUMBER, 3, false);
    rg_table_column(t, "p", NULL, RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_holm", "p Holm", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "units", NULL, RG_COL_INTEGER, 0, false);
    if (shows_cells(r, d, n))
        rg_table_column(t, "cells", NULL, RG_COL_INTEGER, 0, false);
    for (size_t i = 0; i < n; i++) {
        rg_report_row(t, r, &r->groups, d[i].group);
        put_difference(t, first, r, &d[i], m, scale, shows_cells(r, d, n));
    }
    note_differences(t, r, d, n, metric);
    return t;
}

static bool
any_pair(const struct rg_report *r, const size_t *baseline)
{
    for (size_t i = 0; i < r->groups.n; i++)
        if (baseline[i] != SIZE_MAX)
            return true;
    return false;
}

enum rg_status
rg_report_compare(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    size_t *baseline;
    struct difference *d;
    enum rg_status rc;

    if (!r->v->baseline)
        return rg_err_set(err, RG_EUSAGE,
                          "report: the table compare needs --baseline; see 'routergym-sim report "
                          "--help'");
    baseline = rg_alloc(r->groups.n, sizeof *baseline);
    d = rg_alloc(r->groups.n, sizeof *d);
    rc = rg_report_baseline(r, baseline, err);
    if (rc == RG_OK && !any_pair(r, baseline))
        rc = rg_err_set(err, RG_EUSAGE, "report: no group has '%.80s' to be compared with",
                        r->v->baseline);
    for (size_t k = 0; rc == RG_OK && k < r->n_shown; k++) {
        size_t n = find_differences(d, r, baseline, r->shown[k]);

        rg_report_tables_add(t, differences_table(r, d, n, r->shown[k]));
    }
    if (rc == RG_OK)
        rg_table_note(t->table[t->n - 1],
                      "Paired t tests on the queries, or replications (which share their random "
                      "numbers), that both have; p over all rows of a table after Holm. "
                      "routergym-sim compare has other tests.");
    free(baseline);
    free(d);
    return rc;
}

/* ---- the front ---- */

enum rg_status
rg_report_front_make(struct rg_report_front *f, const struct rg_report *r, struct rg_err *err)
{
    static const char *const usual[] = {"cost_usd_per_1000", "score"};
    const struct rg_opt_list *lists[] = {&r->v->minimise, &r->v->maximise};
    enum rg_status rc;

    *f = (struct rg_report_front){0};
    if (lists[0]->n + lists[1]->n > RG_FRONT_DIMS)
        return rg_err_set(err, RG_EUSAGE, "report: more than %d objectives", (int)RG_FRONT_DIMS);
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->n; i++) {
            rc = rg_report_metric_want(r, lists[l]->items[i], &f->metric[f->d], err);
            if (rc != RG_OK)
                return rc;
            f->maximise[f->d++] = l == 1;
        }
    for (size_t i = 0; i < 2 && lists[0]->n + lists[1]->n == 0; i++) {
        f->metric[f->d] = rg_report_metric_find(r, usual[i]);
        f->maximise[f->d] = i == 1;
        f->d += f->metric[f->d] != SIZE_MAX;
    }
    return RG_OK;
}

static struct rg_directions
directions_of(const struct rg_report_front *f)
{
    struct rg_directions dir = {.d = f->d};

    for (size_t k = 0; k < f->d; k++)
        dir.maximise[k] = f->maximise[k];
    return dir;
}

/* Columns of the queries that all groups have in all objectives: [k][group * units + query]. */
static size_t
columns_of(const struct rg_report_front *f, const struct rg_report *r,
           const struct rg_report_groups *g, double **column)
{
    size_t units = rg_results_n_queries(r->db), kept = 0;

    for (size_t k = 0; k < f->d; k++) {
        column[k] = rg_alloc(units * g->n, sizeof *column[k]);
        for (size_t i = 0; i < g->n; i++)
            rg_report_units(r, &g->group[i], f->metric[k], column[k] + i * units);
    }
    for (size_t u = 0; u < units; u++) {
        bool whole = true;

        for (size_t k = 0; k < f->d && whole; k++)
            for (size_t i = 0; i < g->n && whole; i++)
                whole = isfinite(column[k][i * units + u]);
        if (!whole)
            continue;
        for (size_t k = 0; k < f->d; k++)
            for (size_t i = 0; i < g->n; i++)
                column[k][i * units + kept] = column[k][i * units + u];
        kept++;
    }
    for (size_t k = 0; k < f->d; k++)
        for (size_t i = 0; i < g->n; i++)
            memmove(column[k] + i * kept, column[k] + i * units, kept * sizeof **column);
    return kept;
}

static void
resample(struct rg_report_front *f, const struct rg_report *r, const struct rg_report_groups *g,
         uint64_t resamples)
{
    struct rg_directions dir = directions_of(f);
    double *column[RG_FRONT_DIMS] = {0};
    uint64_t *hits = rg_zalloc(g->n, sizeof *hits);

    f->units = columns_of(f, r, g, column);
    f->chance = rg_alloc(g->n, sizeof *f->chance);
    rg_front_membership((const double *const *)column, g->n, f->units, &dir, r->v->seed, 0,
                        resamples, hits);
    for (size_t i = 0; i < g->n; i++)
        f->chance[i] = f->units > 0 ? (double)hits[i] / (double)resamples : NAN;
    for (size_t k = 0; k < f->d; k++)
        free(column[k]);
    free(hits);
}

void
rg_report_front_of(struct rg_report_front *f, const struct rg_report *r,
                   const struct rg_report_groups *g, uint64_t resamples)
{
    struct rg_directions dir = directions_of(f);
    double *point = rg_alloc(g->n, f->d * sizeof *point);
    bool queries = true;

    f->mean = rg_alloc(g->n, f->d * sizeof *f->mean);
    f->on = rg_zalloc(g->n, sizeof *f->on);
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < f->d; k++) {
            f->mean[i * f->d + k] = rg_report_estimate(r, &g->group[i], f->metric[k]);
            point[i * f->d + k] = f->mean[i * f->d + k].value;
        }
    f->n_on = rg_front_find(point, g->n, &dir, f->on);
    for (size_t k = 0; k < f->d; k++)
        queries = queries && r->metrics[f->metric[k]].over == RG_OVER_QUERIES;
    if (queries && resamples > 0)
        resample(f, r, g, resamples);
    free(point);
}

void
rg_report_front_clear(struct rg_report_front *f)
{
    free(f->mean);
    free(f->on);
    free(f->chance);
    f->mean = NULL;
    f->on = NULL;
    f->chance = NULL;
}

static const double WORTH_SHOWING = 0.05; /* to people, of the chance to be on the front */

static void
put_front(struct rg_table *t, const struct rg_report *r, const struct rg_report_front *f,
          const struct rg_report_behind *b, size_t i)
{
    size_t column = rg_report_row(t, r, &r->groups, i);

    rg_table_text(t, column++, f->on[i] ? "yes" : "no");
    for (size_t k = 0; k < f->d; k++)
        rg_report_put(t, r, column++, f->metric[k], f->mean[i * f->d + k]);
    if (f->chance)
        rg_table_number(t, column++, f->chance[i]);
    rg_report_behind_put(b, t, column, i);
}

static void
note_front(struct rg_table *t, const struct rg_report *r, const struct rg_report_front *f,
           size_t hidden)
{
    struct rg_buf goals = {0};

    for (size_t k = 0; k < f->d; k++)
        rg_buf_printf(&goals, "%s%s %s", k > 0 ? ", " : "", f->maximise[k] ? "more" : "less",
                      r->metrics[f->metric[k]].name);
    rg_table_note(t, "%zu of %zu on the front. Better: %s.", f->n_on, r->groups.n,
                  rg_buf_text(&goals));
    rg_buf_clear(&goals);
    if (f->chance)
        rg_table_note(t,
                      "P(front): share of %llu paired resamples (seed %llu) of the %zu queries "
                      "that all have in which it is on the front.",
                      (unsigned long long)r->v->resamples, (unsigned long long)r->v->seed,
                      f->units);
    if (hidden > 0)
        rg_table_note(t, "%zu others%s are left out.", hidden,
                      f->chance ? " with less than 5 % of them" : "");
}

enum rg_status
rg_report_front(struct rg_report *r, struct rg_report_tables *t, struct rg_err *err)
{
    struct rg_table *table;
    struct rg_report_front f;
    struct rg_report_behind *b;
    size_t hidden = 0;
    enum rg_status rc = rg_report_front_make(&f, r, err);

    if (rc != RG_OK || f.d == 0)
        return rc;
    rg_report_front_of(&f, r, &r->groups, r->v->resamples);
    table = rg_report_table(r, "Pareto front", &r->groups);
    rg_table_column(table, "on_front", "front", RG_COL_TEXT, 0, false);
    for (size_t k = 0; k < f.d; k++)
        rg_report_column(table, r, f.metric[k]);
    if (f.chance)
        rg_table_column(table, "p_front", "P(front)", RG_COL_NUMBER, 3, false);
    b = rg_report_behind_new(r, &r->groups, 1, f.metric, f.d);
    rg_report_behind_columns(b, table);
    for (size_t i = 0; i < r->groups.n; i++) {
        bool shown = f.on[i] || (f.chance && f.chance[i] >= WORTH_SHOWING);

        if (shown || !rg_report_for_people(r))
            put_front(table, r, &f, b, i);
        else
            hidden++;
    }
    note_front(table, r, &f, hidden);
    rg_report_behind_notes(b, table, "row");
    rg_report_note_unbalanced(table, r, &r->groups);
    rg_report_behind_free(b);
    rg_report_tables_add(t, table);
    rg_report_front_clear(&f);
    return RG_OK;
}
