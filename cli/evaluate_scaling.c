/* RouterEval's curve: how far routing reaches with more candidates to choose among. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/evaluate.h"
#include "stats/router_metrics.h"

/* All columns stand on the same rows: those where some candidate and every router have a score. */
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

/* Scores of the candidates on these rows; where one was not recorded the mean of those that were
 * stands in: a draw among them, which changes neither the mean of a row nor its best. */
static size_t
score_matrix(const struct rg_evaluate_results *r, double *out)
{
    size_t n = 0, m = r->n_models;

    for (size_t i = 0; i < r->n_rows; i++) {
        double sum = 0, known = 0;

        if (!is_compared(r, i))
            continue;
        for (size_t j = 0; j < m; j++)
            if (!isnan(r->of[j].score[i])) {
                sum += r->of[j].score[i];
                known++;
            }
        for (size_t j = 0; j < m; j++)
            out[n * m + j] = isnan(r->of[j].score[i]) ? sum / known : r->of[j].score[i];
        n++;
    }
    return n;
}

static double
mean_compared(const struct rg_evaluate_results *r, const double *x)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < r->n_rows; i++)
        if (is_compared(r, i)) {
            sum += x[i];
            n++;
        }
    return n ? sum / (double)n : NAN;
}

static void
put_row(struct rg_table *t, const char *kind, size_t size, const struct rg_evaluate_results *r)
{
    double *y = rg_alloc(r->n_rows * r->n_models, sizeof *y);
    size_t n = score_matrix(r, y), column = 3;
    double best = rg_router_metrics_best_single(y, n, r->n_models);
    static const double p[] = {0, 0.5, 1};

    rg_table_row(t);
    rg_table_text(t, 0, kind);
    rg_table_integer(t, 1, (int64_t)size);
    rg_table_integer(t, 2, (int64_t)n);
    for (size_t k = 0; k < 3; k++)
        rg_table_number(t, column++,
                        rg_router_metrics_partial_oracle(y, n, r->n_models, p[k]).mean * 100);
    rg_table_number(t, column++, best * 100);
    for (size_t i = r->n_models; i < r->n; i++)
        rg_table_number(t, column++, mean_compared(r, r->of[i].score) * 100);
    free(y);
}

static struct rg_table *
new_table(const struct rg_evaluate_values *v)
{
    struct rg_table *t = rg_table_new("Scores by the number of candidates");
    static const char *const names[] = {"random", "r_o(0.5)", "oracle", "best single"};
    static const char *const data[] = {"random", "half_oracle", "oracle", "best_single"};

    rg_table_column(t, "pool", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "models", NULL, RG_COL_INTEGER, 0, true);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    for (size_t i = 0; i < 4; i++)
        rg_table_column(t, data[i], names[i], RG_COL_NUMBER, 2, false);
    for (size_t i = 0; i < v->routers.n; i++) {
        struct rg_buf name = {0};

        /* A router may be called as a column of ours. */
        rg_buf_printf(&name, "router %s", v->routers.items[i]);
        rg_table_column(t, rg_buf_text(&name), v->routers.items[i], RG_COL_NUMBER, 2, false);
        rg_buf_clear(&name);
    }
    rg_table_note(t, "Sample-Avg in hundredths. Candidates are chosen by their scores on what is "
                     "learnt from (RouterEval chooses by all, test included): strong and weak: "
                     "neighbours in mean score with the best oracle, within a fifth of the models "
                     "(or as many as are needed); mixed: evenly from weakest to strongest. n: "
                     "queries, the same ones in all columns; where a candidate was not recorded, "
                     "one drawn from the others stands in.");
    return t;
}

static enum rg_status
one_pool(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, const char *kind,
         const char *size, const bool *all, struct rg_table *t, struct rg_err *err)
{
    struct rg_evaluate_values once = *v;
    struct rg_evaluate_results r = {0};
    struct rg_buf pool = {0};
    uint64_t k = 0;
    enum rg_status status = RG_OK;

    once.sweep = 0;
    once.load_if_looked = true;
    once.output = (struct rg_opt_list){0};
    memcpy(s->offered, all, s->trace->n_models * sizeof *all);
    rg_buf_printf(&pool, "%s:%s", kind, size);
    if (rg_num_u64(size, strlen(size), &k) || k == 0)
        status = rg_err_set(err, RG_EUSAGE,
                            "evaluate: --scaling: found '%.60s', expected numbers of models", size);
    else if (k > s->n_offered) /* fewer models than that: a row without numbers would say nothing */
        rg_table_note(t, "No pool of %llu %s models: there are %zu.", (unsigned long long)k, kind,
                      s->n_offered);
    else
        status = rg_evaluate_pool(s, rg_buf_text(&pool), s->offered, err);
    if (status == RG_OK && k <= s->n_offered) {
        status = rg_evaluate_routers(s, &once, &r, err);
        if (status == RG_OK)
            put_row(t, kind, (size_t)k, &r);
        rg_evaluate_results_clear(&r);
    }
    rg_buf_clear(&pool);
    return status;
}

enum rg_status
rg_evaluate_scaling(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                    struct rg_table **out, struct rg_err *err)
{
    static const char *const kinds[] = {"strong", "weak", "mixed"};
    size_t n = s->trace->n_models;
    bool *all = rg_alloc(n, sizeof *all);
    struct rg_table *t = new_table(v);
    enum rg_status status = RG_OK;

    memcpy(all, s->offered, n * sizeof *all);
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < v->scaling.n && status == RG_OK; i++)
            status = one_pool(s, v, kinds[k], v->scaling.items[i], all, t, err);
    memcpy(s->offered, all, n * sizeof *all);
    free(all);
    if (status != RG_OK) {
        rg_table_free(t);
        t = NULL;
    }
    *out = t;
    return status;
}
