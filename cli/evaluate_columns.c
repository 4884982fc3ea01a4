/* What metrics are reckoned of: results and bounds as columns over the same rows. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/sum.h"
#include "cli/evaluate_tables.h"
#include "replay/learn/mersenne.h"
#include "stats/bootstrap.h"

static void
find_runs(struct rg_evaluate_report *p)
{
    const struct rg_evaluate_results *r = p->r;

    p->runs = rg_alloc(r->n_rows, sizeof *p->runs);
    for (size_t i = 0; i < r->n_rows; i++) {
        struct rg_evaluate_run *last = p->n_runs ? &p->runs[p->n_runs - 1] : NULL;

        if (!last || last->split != r->split[i] || last->key != r->key[i])
            p->runs[p->n_runs++] = (struct rg_evaluate_run){i, i, r->split[i], r->key[i]};
        p->runs[p->n_runs - 1].end = i + 1;
    }
}

/* Score and cost of a row answered by a model. */
static void
take(const struct rg_evaluate_report *p, size_t row, uint32_t model, double *score, double *cost)
{
    size_t at = p->s->row[p->r->query[row]];

    *score = *cost = NAN;
    if (model == RG_NO_MODEL)
        return;
    *score = rg_evaluate_judged_score(p->s, &p->s->splits[p->r->split[row]], at, model);
    if (!isnan(*score))
        *cost = p->s->all.cost[at * p->s->all.m + model];
}

static void
fill_expected(const struct rg_evaluate_report *p, size_t row, double *score, double *cost)
{
    const struct rg_outcomes *o = &p->s->all;
    size_t at = p->s->row[p->r->query[row]], n = 0, priced = 0;
    double sum = 0, usd = 0;

    for (size_t m = 0; m < o->m; m++) {
        double x = p->s->offered[m]
                       ? rg_evaluate_judged_score(p->s, &p->s->splits[p->r->split[row]], at, m)
                       : NAN;

        if (isnan(x))
            continue;
        sum += x;
        n++;
        if (!isnan(o->cost[at * o->m + m])) {
            usd += o->cost[at * o->m + m];
            priced++;
        }
    }
    *score = n ? sum / (double)n : NAN;
    *cost = priced ? usd / (double)priced : NAN;
}

/* The first model with the highest mean score in the rows of a split and data set. */
static uint32_t
expert_of(const struct rg_evaluate_report *p, size_t split, size_t key)
{
    uint32_t best = RG_NO_MODEL;
    double top = NAN;

    for (size_t c = 0; c < p->r->n_models; c++) {
        double sum = 0;
        size_t n = 0;

        for (size_t k = 0; k < p->n_runs; k++)
            for (size_t i = p->runs[k].begin;
                 p->runs[k].split == split && p->runs[k].key == key && i < p->runs[k].end; i++)
                if (!isnan(p->score[c][i])) {
                    sum += p->score[c][i];
                    n++;
                }
        if (n > 0 && !(sum / (double)n <= top)) {
            top = sum / (double)n;
            best = p->r->of[c].model;
        }
    }
    return best;
}

static void
fill_experts(const struct rg_evaluate_report *p, double *score, double *cost)
{
    size_t keys = p->s->n_keys;
    uint32_t *expert = rg_alloc(p->splits * keys, sizeof *expert);

    for (size_t k = 0; k < p->splits * keys; k++)
        expert[k] = expert_of(p, k / keys, k % keys);
    for (size_t i = 0; i < p->r->n_rows; i++)
        take(p, i, expert[p->r->split[i] * keys + p->r->key[i]], &score[i], &cost[i]);
    free(expert);
}

static void
fill_bounds(struct rg_evaluate_report *p)
{
    size_t rows = p->r->n_rows;
    size_t *among = rg_alloc(p->s->all.m, sizeof *among);
    struct rg_mersenne rng;

    p->bounds = rg_alloc(2 * RG_N_BASES * rows + rows, sizeof *p->bounds);
    for (size_t b = 0; b < RG_N_BASES; b++) {
        p->score[p->n + b] = p->bounds + 2 * b * rows;
        p->cost[p->n + b] = p->bounds + (2 * b + 1) * rows;
        p->calls[p->n + b] = p->bounds + 2 * RG_N_BASES * rows;
    }
    for (size_t i = 0; i < rows; i++) {
        double *x = p->bounds + i;
        size_t at = p->s->row[p->r->query[i]];
        const struct rg_evaluate_split *split = &p->s->splits[p->r->split[i]];

        if (i == 0 || p->r->split[i] != p->r->split[i - 1])
            rg_mersenne_python(&rng, p->v->draw_seed);
        take(p, i, rg_evaluate_draw(p->s, split, &rng, at, among), x + 2 * RG_BASE_DRAWN * rows,
             x + (2 * RG_BASE_DRAWN + 1) * rows);
        fill_expected(p, i, x + 2 * RG_BASE_EXPECTED * rows, x + (2 * RG_BASE_EXPECTED + 1) * rows);
        take(p, i, rg_evaluate_oracle(p->s, split, p->v->rule, at), x + 2 * RG_BASE_ORACLE * rows,
             x + (2 * RG_BASE_ORACLE + 1) * rows);
        if (p->v->rule == RG_RULE_POSITIVE && !isnan(x[2 * RG_BASE_ORACLE * rows]))
            x[2 * RG_BASE_ORACLE * rows] = x[2 * RG_BASE_ORACLE * rows] > 0;
        x[2 * RG_N_BASES * rows] = 1;
    }
    free(among);
    fill_experts(p, p->bounds + 2 * RG_BASE_EXPERT * rows,
                 p->bounds + (2 * RG_BASE_EXPERT + 1) * rows);
}

/* What recall counts: a score above 0, or by the other rule the best that a candidate has, on the
 * rows where some candidate has one above 0. */
static void
find_solved(struct rg_evaluate_report *p)
{
    p->solved_at = rg_alloc(p->r->n_rows, sizeof *p->solved_at);
    for (size_t i = 0; i < p->r->n_rows; i++) {
        double best = NAN;

        for (size_t c = 0; c < p->r->n_models; c++)
            best = fmax(best, p->score[c][i]);
        p->solved_at[i] = !(best > 0)                      ? NAN
                          : p->v->rule == RG_RULE_POSITIVE ? nextafter(0, 1)
                                                           : best;
    }
}

static void
find_families(struct rg_evaluate_report *p)
{
    const struct rg_evaluate_results *r = p->r;

    p->families = rg_alloc(r->n - r->n_models, sizeof *p->families);
    for (size_t i = r->n_models; i < r->n;) {
        struct rg_evaluate_family *f = &p->families[p->n_families++];
        bool swept = false;
        size_t end = i;

        for (; end < r->n && strcmp(r->of[end].family, r->of[i].family) == 0; end++)
            swept |= r->of[end].swept;
        *f = (struct rg_evaluate_family){.name = r->of[i].family,
                                         .own = rg_alloc(end - i, sizeof *f->own)};
        for (; i < end; i++)
            if (r->of[i].swept == swept)
                f->own[f->n++] = i;
    }
}

static bool *
find_whole(const struct rg_evaluate_report *p, const double *const *x)
{
    bool *whole = rg_alloc(p->columns, sizeof *whole);

    for (size_t c = 0; c < p->columns; c++) {
        whole[c] = true;
        for (size_t i = 0; i < p->r->n_rows && whole[c]; i++)
            whole[c] = !isnan(x[c][i]);
    }
    return whole;
}

void
rg_evaluate_columns(struct rg_evaluate_report *p)
{
    find_runs(p);
    fill_bounds(p);
    find_solved(p);
    find_families(p);
    p->whole_score = find_whole(p, p->score);
    p->whole_cost = find_whole(p, p->cost);
}

/* ---- what tables share ---- */

const char *
rg_evaluate_column_name(const struct rg_evaluate_report *p, size_t column)
{
    static const char *const names[] = {[RG_BASE_DRAWN] = "Random Router",
                                        [RG_BASE_EXPECTED] = "Random (expected)",
                                        [RG_BASE_EXPERT] = "Max Expert",
                                        [RG_BASE_ORACLE] = "Oracle"};

    return column < p->n ? p->r->of[column].name : names[column - p->n];
}

void
rg_evaluate_per_query(const struct rg_evaluate_report *p, const double *x, uint32_t key,
                      double *out)
{
    size_t n = p->s->trace->n_queries;
    double *count = rg_zalloc(n, sizeof *count);

    for (size_t q = 0; q < n; q++)
        out[q] = 0;
    for (size_t i = 0; i < p->r->n_rows; i++)
        if (!isnan(x[i]) && (key == (uint32_t)RG_NAMES_NONE || p->r->key[i] == key)) {
            out[p->r->query[i]] += x[i];
            count[p->r->query[i]] += 1;
        }
    for (size_t q = 0; q < n; q++)
        out[q] = count[q] > 0 ? out[q] / count[q] : NAN;
    free(count);
}

struct rg_estimate
rg_evaluate_mean(const struct rg_evaluate_report *p, const double *x)
{
    double *known = rg_alloc(p->r->n_rows, sizeof *known);
    uint32_t *unit = rg_alloc(p->r->n_rows, sizeof *unit);
    struct rg_estimate e;
    size_t n = 0;

    for (size_t i = 0; i < p->r->n_rows; i++)
        if (!isnan(x[i])) {
            known[n] = x[i];
            unit[n++] = p->r->query[i];
        }
    e = rg_interval_mean_units(known, unit, n, p->v->level);
    free(known);
    free(unit);
    return e;
}

struct rg_estimate
rg_evaluate_ratio(const struct rg_evaluate_report *p, const double *x, const double *y)
{
    size_t rows = p->r->n_rows;
    double *a = rg_alloc(rows, sizeof *a), *b = rg_alloc(rows, sizeof *b), base;
    struct rg_bootstrap_term term = {RG_BOOTSTRAP_RATIO, a, b, 0};
    struct rg_estimate e = {NAN, NAN, NAN, 0};
    uint64_t n = 0;

    for (size_t i = 0; i < rows; i++) {
        bool both = !isnan(x[i]) && !isnan(y[i]);

        a[i] = both ? x[i] : 0;
        b[i] = both ? y[i] : 0;
        n += both;
    }
    base = rg_sum_of(b, rows);
    e.value = base > 0 ? rg_sum_of(a, rows) / base : NAN;
    if (p->v->resamples > 0 && base > 0) {
        struct rg_bootstrap_plan plan;
        struct rg_bootstrap *boot;

        rg_evaluate_plan(p, &plan);
        boot = rg_bootstrap_terms(&plan, &term, 1);
        e = rg_bootstrap_interval(boot, 0, RG_BOOTSTRAP_PERCENTILE, p->v->level);
        rg_bootstrap_free(boot);
    }
    e.n = n;
    free(a);
    free(b);
    return e;
}

void
rg_evaluate_put(struct rg_table *t, size_t column, struct rg_estimate e, double scale)
{
    rg_table_estimate(t, column, e.value * scale, e.lo * scale, e.hi * scale);
}
