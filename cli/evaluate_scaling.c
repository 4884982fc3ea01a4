/* RouterEval's curve: how far routing reaches with more candidates to choose among. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/evaluate_tables.h"
#include "stats/router_metrics.h"

/* A pool's rows on which some candidate and every router have a score: bounds and routers are all
 * judged by these. Where a candidate was not recorded the mean of those that were stands in: a draw
 * among them, which changes neither the mean of a row nor its best. */
struct pool {
    struct rg_evaluate_report p; /* what means and ratios need of it */
    double *y;                   /* rows x models, only compared rows */
    bool *whole;                 /* per row: compared */
    size_t n;
    double *best; /* per row: the best single model; NaN: not whole */
    double *x;    /* room */
};

static bool
is_compared(const struct rg_evaluate_results *r, size_t row)
{
    bool any = false, all = true;

    for (size_t j = 0; j < r->n; j++) {
        bool known = !isnan(r->of[j].score[row]);

        any = any || (known && j < r->n_models);
        all = all && (known || j < r->n_models);
    }
    return any && all;
}

static void
fill_row(const struct rg_evaluate_results *r, size_t row, double *out)
{
    double sum = 0, known = 0;

    for (size_t j = 0; j < r->n_models; j++)
        if (!isnan(r->of[j].score[row])) {
            sum += r->of[j].score[row];
            known++;
        }
    for (size_t j = 0; j < r->n_models; j++)
        out[j] = isnan(r->of[j].score[row]) ? sum / known : r->of[j].score[row];
}

static void
pool_init(struct pool *q, const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
          const struct rg_evaluate_results *r)
{
    size_t m = r->n_models, best = 0;
    double *sum = rg_zalloc(m, sizeof *sum);

    *q = (struct pool){.p = {.s = s, .v = v, .r = r}};
    q->y = rg_alloc(r->n_rows * m, sizeof *q->y);
    q->whole = rg_alloc(r->n_rows, sizeof *q->whole);
    q->best = rg_alloc(r->n_rows, sizeof *q->best);
    q->x = rg_alloc(r->n_rows, sizeof *q->x);
    for (size_t i = 0; i < r->n_rows; i++) {
        q->whole[i] = is_compared(r, i);
        if (!q->whole[i])
            continue;
        fill_row(r, i, q->y + q->n * m);
        for (size_t j = 0; j < m; j++)
            sum[j] += q->y[q->n * m + j];
        q->n++;
    }
    for (size_t j = 1; j < m; j++)
        best = sum[j] > sum[best] ? j : best;
    for (size_t i = 0, at = 0; i < r->n_rows; i++)
        q->best[i] = q->whole[i] ? q->y[at++ * m + best] : NAN;
    free(sum);
}

static void
pool_clear(struct pool *q)
{
    free(q->y);
    free(q->whole);
    free(q->best);
    free(q->x);
}

/* With probability share the best answer, else any, in expectation. */
static const double *
partial_oracle(struct pool *q, double share)
{
    size_t m = q->p.r->n_models, at = 0;

    for (size_t i = 0; i < q->p.r->n_rows; i++) {
        double best = -INFINITY, sum = 0;

        q->x[i] = NAN;
        if (!q->whole[i])
            continue;
        for (size_t j = 0; j < m; j++) {
            best = fmax(best, q->y[at * m + j]);
            sum += q->y[at * m + j];
        }
        q->x[i] = share * best + (1 - share) * sum / (double)m;
        at++;
    }
    return q->x;
}

static const double *
on_whole_rows(struct pool *q, const double *score)
{
    for (size_t i = 0; i < q->p.r->n_rows; i++)
        q->x[i] = q->whole[i] ? score[i] : NAN;
    return q->x;
}

/* ---- the table ---- */

struct line {
    const char *kind;
    size_t size;
};

static void
put_row(struct rg_table *t, const struct line *line, struct pool *q, const char *name,
        const double *score)
{
    struct rg_estimate mean = rg_evaluate_mean(&q->p, score);

    rg_table_row(t);
    rg_table_text(t, 0, line->kind);
    rg_table_integer(t, 1, (int64_t)line->size);
    rg_table_text(t, 2, name);
    rg_table_integer(t, 3, (int64_t)mean.n);
    rg_evaluate_put(t, 4, mean, 100);
    rg_evaluate_put(t, 5, rg_evaluate_ratio(&q->p, score, q->best), 1);
}

static void
put_pool(struct rg_table *t, const struct line *line, const struct rg_evaluate_setup *s,
         const struct rg_evaluate_values *v, const struct rg_evaluate_results *r)
{
    static const char *const names[] = {"random", "r_o(0.5)", "oracle"};
    static const double share[] = {0, 0.5, 1};
    struct pool q;

    pool_init(&q, s, v, r);
    for (size_t k = 0; k < 3; k++) {
        put_row(t, line, &q, names[k], partial_oracle(&q, share[k]));
        rg_table_estimate(t, 6,
                          rg_router_metrics_partial_oracle(q.y, q.n, r->n_models, share[k]).entropy,
                          NAN, NAN);
    }
    put_row(t, line, &q, "best single", q.best);
    for (size_t i = r->n_models; i < r->n; i++) {
        put_row(t, line, &q, r->of[i].name, on_whole_rows(&q, r->of[i].score));
        if (r->of[i].bits)
            rg_evaluate_put(t, 6, rg_evaluate_mean(&q.p, on_whole_rows(&q, r->of[i].bits)), 1);
    }
    pool_clear(&q);
}

static struct rg_table *
new_table(void)
{
    struct rg_table *t = rg_table_new("Scores by the number of candidates");

    rg_table_column(t, "pool", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "models", NULL, RG_COL_INTEGER, 0, true);
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "sample_avg", "Sample-Avg", RG_COL_ESTIMATE, 2, false);
    rg_table_column(t, "v_b", "V_B", RG_COL_ESTIMATE, 3, false);
    rg_table_column(t, "e_p", "E_p", RG_COL_ESTIMATE, 3, false);
    return t;
}

struct seen {
    bool extremes, widened;
};

static void
notes(struct rg_table *t, const struct seen *seen)
{
    rg_table_note(t, "n: queries, the same ones in all rows of a pool; where a candidate was not "
                     "recorded, one drawn from the others stands in. V_B: by the best single "
                     "model of the pool; E_p: entropy in bits of the router's chances.");
    rg_table_note(t, "Candidates are chosen by what all splits learn from (RouterEval chooses by "
                     "all, test included). strong, weak: neighbours in mean score with the best "
                     "oracle, within the highest or lowest fifth of the models with means in (0.1, "
                     "0.9]; mixed: one of each of as many groups by mean score, the best of 1000 "
                     "random picks.");
    if (seen->widened)
        rg_table_note(t, "A fifth of the models is less than some pools: these are made of as many "
                         "as they need.");
    if (seen->extremes)
        rg_table_note(t, "Too few means lie in (0.1, 0.9] for some pools: these are made of all "
                         "models.");
}

static enum rg_status
one_pool(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, int kind,
         const char *size, const bool *all, struct rg_table *t, struct seen *seen,
         struct rg_err *err)
{
    struct rg_evaluate_values once = *v;
    struct rg_candidates_note note = {false, false};
    struct rg_evaluate_results r = {0};
    struct line line = {rg_evaluate_pool_kinds[kind], 0};
    uint64_t k = 0;
    enum rg_status status;

    once.sweep = 0;
    once.load_if_looked = true;
    once.output = (struct rg_opt_list){0};
    memcpy(s->offered, all, s->trace->n_models * sizeof *all);
    if (rg_num_u64(size, strlen(size), &k) || k == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "evaluate: --scaling: found '%.60s', expected numbers of models", size);
    if (k > s->n_offered) { /* a row without numbers would say nothing */
        rg_table_note(t, "No pool of %llu %s models: there are %zu.", (unsigned long long)k,
                      line.kind, s->n_offered);
        return RG_OK;
    }
    line.size = (size_t)k;
    status =
        rg_evaluate_pool_of(s, (enum rg_candidates_kind)kind, (size_t)k, s->offered, &note, err);
    seen->extremes |= note.extremes;
    seen->widened |= note.widened;
    if (status == RG_OK)
        status = rg_evaluate_routers(s, &once, &r, err);
    if (status == RG_OK)
        put_pool(t, &line, s, v, &r);
    rg_evaluate_results_clear(&r);
    return status;
}

enum rg_status
rg_evaluate_scaling(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                    struct rg_table **out, struct rg_err *err)
{
    size_t n = s->trace->n_models;
    bool *all = rg_alloc(n, sizeof *all);
    struct rg_table *t = new_table();
    struct seen seen = {false, false};
    enum rg_status status = RG_OK;

    memcpy(all, s->offered, n * sizeof *all);
    for (int kind = 0; kind <= RG_CANDIDATES_MIXED; kind++)
        for (size_t i = 0; i < v->scaling.n && status == RG_OK; i++)
            status = one_pool(s, v, kind, v->scaling.items[i], all, t, &seen, err);
    memcpy(s->offered, all, n * sizeof *all);
    notes(t, &seen);
    free(all);
    if (status != RG_OK) {
        rg_table_free(t);
        t = NULL;
    }
    *out = t;
    return status;
}
