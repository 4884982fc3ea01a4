/* What is printed of routers: quality and cost with intervals, the metrics by which they were
 * published, differences from a baseline, and each data set. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/sum.h"
#include "cli/evaluate.h"
#include "stats/bootstrap.h"
#include "stats/front.h"
#include "stats/multiple.h"
#include "stats/paired.h"
#include "stats/router_metrics.h"

struct report {
    const struct rg_evaluate_setup *s;
    const struct rg_evaluate_values *v;
    const struct rg_evaluate_aggregate *a;
    const struct rg_evaluate_results *r;
    size_t splits;
    double *cell;           /* results x keys: mean over splits of the mean score */
    double *macro;          /* per result: mean over data sets, then over splits */
    double *cost;           /* per result: USD of a split's test part, mean over splits */
    bool *front, *solvable; /* solvable: per row, by some offered model */
    size_t best;            /* the best single model, a result */
};

/* ---- means ---- */

struct mean {
    double sum, n;
};

/* Mean over data sets, then over splits, with rows as often as count says (NULL: once). scratch:
 * splits x keys. */
static double
macro_of(const struct report *p, const double *score, const uint32_t *count, struct mean *scratch)
{
    size_t keys = p->s->n_keys, defined = 0;
    double sum = 0;

    memset(scratch, 0, p->splits * keys * sizeof *scratch);
    for (size_t i = 0; i < p->r->n_rows; i++) {
        struct mean *m = &scratch[p->r->split[i] * keys + p->r->key[i]];
        double w = count ? count[i] : 1;

        if (isnan(score[i]))
            continue;
        m->sum += w * score[i];
        m->n += w;
    }
    for (size_t k = 0; k < p->splits; k++) {
        double part = 0;
        size_t n = 0;

        for (size_t d = 0; d < keys; d++)
            if (scratch[k * keys + d].n > 0) {
                part += scratch[k * keys + d].sum / scratch[k * keys + d].n;
                n++;
            }
        sum += n ? part / (double)n : 0;
        defined += n > 0;
    }
    return defined ? sum / (double)defined : NAN;
}

static void
fill_cells(const struct report *p, const struct mean *of, double *out)
{
    for (size_t d = 0; d < p->s->n_keys; d++) {
        double sum = 0;
        size_t n = 0;

        for (size_t k = 0; k < p->splits; k++) {
            const struct mean *m = &of[k * p->s->n_keys + d];

            sum += m->n > 0 ? m->sum / m->n : 0;
            n += m->n > 0;
        }
        out[d] = n ? sum / (double)n : NAN;
    }
}

static double
total_cost(const struct report *p, const struct rg_evaluate_result *r)
{
    struct rg_sum sum = {0};
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        if (!isnan(r->cost[i])) {
            rg_sum_add(&sum, r->cost[i]);
            n++;
        }
    return n ? rg_sum_value(&sum) / (double)p->splits : NAN;
}

static void
reckon(struct report *p)
{
    size_t n = p->r->n, keys = p->s->n_keys;
    struct mean *scratch = rg_alloc(p->splits * keys, sizeof *scratch);
    double *points = rg_alloc(2 * n, sizeof *points);
    struct rg_directions dir = {2, {false, true}};

    p->cell = rg_alloc(n * keys, sizeof *p->cell);
    p->macro = rg_alloc(n, sizeof *p->macro);
    p->cost = rg_alloc(n, sizeof *p->cost);
    p->front = rg_zalloc(n, sizeof *p->front);
    p->solvable = rg_zalloc(p->r->n_rows, sizeof *p->solvable);
    for (size_t m = 0; m < p->r->n_models; m++)
        for (size_t i = 0; i < p->r->n_rows; i++)
            p->solvable[i] |= p->r->of[m].score[i] > 0;
    for (size_t i = 0; i < n; i++) {
        p->macro[i] = macro_of(p, p->r->of[i].score, NULL, scratch);
        fill_cells(p, scratch, p->cell + i * keys);
        p->cost[i] = total_cost(p, &p->r->of[i]);
        points[2 * i] = p->cost[i];
        points[2 * i + 1] = p->macro[i];
        if (i < p->r->n_models && (isnan(p->macro[p->best]) || p->macro[i] > p->macro[p->best]))
            p->best = i;
    }
    (void)rg_front_find(points, n, &dir, p->front);
    free(scratch);
    free(points);
}

/* ---- intervals ---- */

struct macro_ctx {
    const struct report *p;
    const double *score;
};

static void
macro_evaluate(const void *ctx, const uint32_t *count, void *scratch, double *out)
{
    const struct macro_ctx *c = ctx;

    *out = macro_of(c->p, c->score, count, scratch);
}

/* Bootstrap over queries, within their data sets, a query with all its rows (splits). */
static struct rg_estimate
macro_interval(const struct report *p, size_t i)
{
    struct macro_ctx ctx = {p, p->r->of[i].score};
    struct rg_bootstrap_plan plan = {.n = p->r->n_rows,
                                     .cluster = p->r->query,
                                     .stratum = p->r->key,
                                     .resamples = (uint32_t)p->v->resamples,
                                     .seed = p->s->splits[0].seed};
    struct rg_bootstrap_function function = {.outputs = 1,
                                             .evaluate = macro_evaluate,
                                             .ctx = &ctx,
                                             .scratch =
                                                 p->splits * p->s->n_keys * sizeof(struct mean)};
    struct rg_bootstrap *boot;
    struct rg_estimate e = {p->macro[i], NAN, NAN, p->r->n_rows};

    if (p->v->resamples == 0)
        return e;
    boot = rg_bootstrap_call(&plan, &function);
    e = rg_bootstrap_interval(boot, 0, RG_BOOTSTRAP_PERCENTILE, p->v->level);
    rg_bootstrap_free(boot);
    return e;
}

/* Over all rows, in units of queries; rows without a score left out. */
static struct rg_estimate
micro_interval(const struct report *p, const double *x)
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

static void
put(struct rg_table *t, size_t column, struct rg_estimate e, double scale)
{
    rg_table_estimate(t, column, e.value * scale, e.lo * scale, e.hi * scale);
}

/* ---- the table of routers ---- */

/* Of the queries that some offered model solves, the share that it solves. */
static double
recall(const struct report *p, const struct rg_evaluate_result *r)
{
    size_t solvable = 0, solved = 0;

    for (size_t i = 0; i < r->n; i++) {
        bool any = p->solvable[i] && !isnan(r->score[i]);

        solvable += any;
        solved += any && r->score[i] > 0;
    }
    return solvable ? (double)solved / (double)solvable : NAN;
}

static double
mean_calls(const struct rg_evaluate_result *r)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        if (!isnan(r->calls[i])) {
            sum += r->calls[i];
            n++;
        }
    return n ? sum / (double)n : NAN;
}

static void
router_columns(struct rg_table *t, const struct report *p)
{
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "dataset_avg", "Dataset-Avg", RG_COL_ESTIMATE, 2, false);
    rg_table_column(t, "sample_avg", "Sample-Avg", RG_COL_ESTIMATE, 2, false);
    rg_table_column(t, "cost_total_usd", "USD", RG_COL_NUMBER, 4, false);
    rg_table_column(t, "on_front", "front", RG_COL_TEXT, 0, false);
    rg_table_column(t, "gain_random", "Gain@R %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "gain_best", "Gain@B %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "gap_oracle", "Gap@O %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "imp_random", "ImpRand %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "imp_best", "ImpBest %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "oracle_gap", "OracleGap %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "recall", "recall %", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "calls", NULL, RG_COL_NUMBER, 2, false);
    rg_table_column(t, "skipped", NULL, RG_COL_INTEGER, 0, false);
    if (p->v->load) {
        rg_table_column(t, "latency_p95_ms", "p95 ms", RG_COL_ESTIMATE, 0, false);
        rg_table_column(t, "goodput", "goodput %", RG_COL_ESTIMATE, 1, false);
    }
}

static void
router_row(struct rg_table *t, const struct report *p, size_t i)
{
    const struct rg_evaluate_result *r = &p->r->of[i];
    const double *cell = p->cell + i * p->s->n_keys, *best = p->cell + p->best * p->s->n_keys;
    struct rg_router_metrics_ratio random =
        rg_router_metrics_gain(cell, rg_evaluate_row(p->a, RG_ROW_RANDOM)->score, p->s->n_keys);
    struct rg_router_metrics_ratio single = rg_router_metrics_gain(cell, best, p->s->n_keys);
    struct rg_router_metrics_ratio gap =
        rg_router_metrics_gap(cell, rg_evaluate_row(p->a, RG_ROW_ORACLE)->score, p->s->n_keys);
    const double ratios[] = {random.mean_of_ratios, single.mean_of_ratios, gap.mean_of_ratios,
                             random.ratio_of_means, single.ratio_of_means, gap.ratio_of_means,
                             recall(p, r)};
    size_t column = 0;

    rg_table_row(t);
    rg_table_text(t, column++, r->name);
    put(t, column++, macro_interval(p, i), 100);
    put(t, column++, micro_interval(p, r->score), 100);
    rg_table_number(t, column++, p->cost[i]);
    rg_table_text(t, column++, p->front[i] ? "yes" : "no");
    for (size_t k = 0; k < sizeof ratios / sizeof *ratios; k++)
        rg_table_number(t, column++, ratios[k] * 100);
    rg_table_number(t, column++, mean_calls(r));
    rg_table_integer(t, column++, (int64_t)r->skipped);
    if (p->v->load) {
        put(t, column++, r->p95_ms, 1);
        put(t, column, r->goodput, 100);
    }
}

static struct rg_table *
routers_table(const struct report *p)
{
    struct rg_table *t = rg_table_new("Routers");
    const struct rg_evaluate_split *first = &p->s->splits[0];

    router_columns(t, p);
    for (size_t i = 0; i < p->r->n; i++)
        router_row(t, p, i);
    if (p->s->has_split)
        rg_table_note(t,
                      "%zu splits, the first with %zu queries to learn from and %zu to judge by "
                      "(%s, seed %llu).",
                      p->splits, first->n_train, first->n_test, p->v->split,
                      (unsigned long long)first->seed);
    else
        rg_table_note(t, "All %zu queries; nothing was set apart to learn from.", first->n_test);
    rg_table_note(t,
                  "Intervals of %g: Dataset-Avg by %llu resamples of queries within data sets, "
                  "Sample-Avg by Student's t over queries. Gain and Gap: means over data sets of "
                  "ratios; Imp and OracleGap: ratios of means; best: '%s', the best single model "
                  "on these queries.",
                  p->v->level, (unsigned long long)p->v->resamples, p->r->of[p->best].name);
    if (p->v->load)
        rg_table_note(t, "p95 and goodput: Poisson arrivals, %g a second, %llu replications.",
                      p->v->rate, (unsigned long long)p->v->replications);
    return t;
}

/* ---- routers as families of configurations ---- */

static struct rg_table *
families_table(const struct report *p)
{
    struct rg_table *t = rg_table_new("Performance and cost of each router's configurations");
    size_t n = p->r->n, *own = rg_alloc(n, sizeof *own);
    double *score = rg_alloc(n, sizeof *score), *cost = rg_alloc(n, sizeof *cost);

    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "configurations", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "perf_gain", "PerfGain", RG_COL_NUMBER, 3, false);
    rg_table_column(t, "cost_save", "CostSave", RG_COL_NUMBER, 3, false);
    rg_table_column(t, "pareto_dist", "ParetoDist", RG_COL_NUMBER, 3, false);
    for (size_t i = p->r->n_models; i < n;) {
        size_t m = 0, j = i;

        for (; j < n && strcmp(p->r->of[j].family, p->r->of[i].family) == 0; j++) {
            own[m] = j;
            score[m] = p->macro[j];
            cost[m++] = p->cost[j];
        }
        rg_table_row(t);
        rg_table_text(t, 0, p->r->of[i].family);
        rg_table_integer(t, 1, (int64_t)m);
        rg_table_number(t, 2, rg_router_metrics_perf_gain(score, m, p->macro[p->best]));
        rg_table_number(
            t, 3, rg_router_metrics_cost_save(score, cost, m, p->macro[p->best], p->cost[p->best]));
        rg_table_number(t, 4, rg_router_metrics_pareto_dist(p->cost, p->macro, n, own, m));
        i = j;
    }
    rg_table_note(t,
                  "Against '%s'. ParetoDist: Manhattan distance to the front of all models and "
                  "routers, scaled to 0 .. 1.",
                  p->r->of[p->best].name);
    free(own);
    free(score);
    free(cost);
    return t;
}

/* ---- differences ---- */

/* Per query of the trace, its mean over rows; NaN without any. */
static void
per_query(const struct report *p, const double *x, double *out)
{
    size_t n = p->s->trace->n_queries;
    double *count = rg_zalloc(n, sizeof *count);

    for (size_t q = 0; q < n; q++)
        out[q] = 0;
    for (size_t i = 0; i < p->r->n_rows; i++)
        if (!isnan(x[i])) {
            out[p->r->query[i]] += x[i];
            count[p->r->query[i]] += 1;
        }
    for (size_t q = 0; q < n; q++)
        out[q] = count[q] > 0 ? out[q] / count[q] : NAN;
    free(count);
}

static size_t
baseline_of(const struct report *p)
{
    for (size_t i = 0; p->v->baseline && i < p->r->n; i++)
        if (strcmp(p->r->of[i].name, p->v->baseline) == 0)
            return i;
    return p->best;
}

static struct rg_table *
differences_table(const struct report *p)
{
    struct rg_table *t = rg_table_new("Differences from the baseline");
    size_t n = p->r->n, base = baseline_of(p), queries = p->s->trace->n_queries;
    struct rg_test *test = rg_alloc(n, sizeof *test);
    double *x = rg_alloc(queries, sizeof *x), *y = rg_alloc(queries, sizeof *y);
    double *prob = rg_alloc(n, sizeof *prob);

    per_query(p, p->r->of[base].score, y);
    for (size_t i = 0; i < n; i++) {
        size_t m;

        per_query(p, p->r->of[i].score, x);
        m = rg_paired_differences(x, y, queries, x);
        test[i] = rg_paired_t(x, m, 0, RG_TWO_SIDED, p->v->level);
        prob[i] = i == base ? NAN : test[i].p;
    }
    rg_adjust_p(prob, n, RG_ADJUST_HOLM, prob);
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "difference", NULL, RG_COL_ESTIMATE, 2, false);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "t", NULL, RG_COL_NUMBER, 2, false);
    rg_table_column(t, "p", NULL, RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_adjusted", "p (Holm)", RG_COL_NUMBER, -1, false);
    for (size_t i = 0; i < n; i++) {
        if (i == base)
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, p->r->of[i].name);
        rg_table_estimate(t, 1, test[i].estimate * 100, test[i].lo * 100, test[i].hi * 100);
        rg_table_integer(t, 2, (int64_t)test[i].n);
        rg_table_number(t, 3, test[i].statistic);
        rg_table_number(t, 4, test[i].p);
        rg_table_number(t, 5, prob[i]);
    }
    rg_table_note(t, "From '%s', in hundredths of a score, query by query (Sample-Avg).",
                  p->r->of[base].name);
    free(test);
    free(x);
    free(y);
    free(prob);
    return t;
}

/* ---- each data set ---- */

static struct rg_table *
breakdown_table(const struct report *p)
{
    struct rg_table *t = rg_table_new("Routers on each data set");
    struct rg_buf name = {0};

    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    for (size_t d = 0; d < p->s->n_keys; d++) {
        rg_buf_reset(&name);
        rg_buf_printf(&name, "%s%s", p->s->trace->datasets[p->s->keys[d].dataset],
                      strcmp(p->s->trace->datasets[p->s->keys[d].dataset], "router") ? "" : "_");
        rg_table_column(t, rg_buf_text(&name), NULL, RG_COL_NUMBER, 2, false);
    }
    rg_buf_clear(&name);
    for (size_t i = p->r->n_models; i < p->r->n; i++) {
        rg_table_row(t);
        rg_table_text(t, 0, p->r->of[i].name);
        for (size_t d = 0; d < p->s->n_keys; d++)
            rg_table_number(t, 1 + d, p->cell[i * p->s->n_keys + d] * 100);
    }
    return t;
}

size_t
rg_evaluate_report(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                   const struct rg_evaluate_aggregate *a, const struct rg_evaluate_results *r,
                   struct rg_table *tables[RG_EVALUATE_TABLES], size_t n)
{
    struct report p = {.s = s, .v = v, .a = a, .r = r, .splits = s->has_split ? s->n_splits : 1};

    reckon(&p);
    tables[n++] = routers_table(&p);
    if (r->n > r->n_models)
        tables[n++] = families_table(&p);
    tables[n++] = differences_table(&p);
    if (r->n > r->n_models)
        tables[n++] = breakdown_table(&p);
    free(p.cell);
    free(p.macro);
    free(p.cost);
    free(p.front);
    free(p.solvable);
    return n;
}
