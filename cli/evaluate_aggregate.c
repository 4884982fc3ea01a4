/* The tables of LLMRouterBench's aggregator (baselines/aggregators.py of that project, commit
 * 0e267fb): rows for models, their average, a random router, the best model of each data set and
 * the oracle. One defect is not reproduced: there the total cost of Max Expert is the highest of
 * the models' totals; here it is the sum of its row. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/sum.h"
#include "cli/evaluate.h"
#include "replay/learn/mersenne.h"

/* A sum over records, and how many. */
struct tally {
    struct rg_sum score, cost;
    size_t n, n_cost;
};

/* One split's records by row of the table and key. */
struct work {
    const struct rg_evaluate_setup *s;
    const struct rg_evaluate_values *v;
    const struct rg_evaluate_split *split;
    size_t *among;    /* room for all models */
    struct tally *of; /* rows x keys */
};

static double
mean_of(const struct tally *t)
{
    return t->n ? rg_sum_value(&t->score) / (double)t->n : NAN;
}

static void
add(struct tally *t, double score, double cost)
{
    if (isnan(score))
        return;
    rg_sum_add(&t->score, score);
    t->n++;
    if (isnan(cost))
        return;
    rg_sum_add(&t->cost, cost);
    t->n_cost++;
}

/* What a cell of the cost table shows. */
static double
cost_of(const struct tally *t, int costs)
{
    if (t->n_cost == 0)
        return NAN;
    return rg_sum_value(&t->cost) / (costs == RG_COSTS_MEAN ? (double)t->n_cost : 1);
}

/* ---- the rows of models, the random router and the oracle, from the records ---- */

static size_t
row_of(const struct rg_evaluate_aggregate *a, enum rg_evaluate_kind kind)
{
    size_t r = a->n_models + (size_t)(kind - RG_ROW_AVG);

    assert(r < a->n_rows && a->rows[r].kind == kind);
    return r;
}

static bool
positive(double score)
{
    return score > 0;
}

/* The oracle's model: the cheapest of those that solve the query, else the cheapest. By the other
 * rule the best score, of equals the cheapest. */
uint32_t
rg_evaluate_oracle(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p, int rule,
                   size_t row)
{
    double best = -INFINITY, cost = INFINITY;
    uint32_t found = RG_NO_MODEL;

    for (uint32_t m = 0; m < s->all.m; m++) {
        double x = rg_evaluate_judged_score(s, p, row, m), c = s->all.cost[row * s->all.m + m];

        if (!s->offered[m] || isnan(x))
            continue;
        if (rule == RG_RULE_POSITIVE)
            x = positive(x);
        c = isnan(c) ? INFINITY : c;
        if (found == RG_NO_MODEL || x > best || (x >= best && c < cost)) {
            best = x;
            cost = c;
            found = m;
        }
    }
    return found;
}

static void
add_oracle(const struct work *w, size_t row, struct tally *to)
{
    uint32_t m = rg_evaluate_oracle(w->s, w->split, w->v->rule, row);
    double x;

    if (m == RG_NO_MODEL)
        return;
    x = rg_evaluate_score(w->s, row, m);
    add(to, w->v->rule == RG_RULE_POSITIVE ? positive(x) : x,
        w->s->all.cost[row * w->s->all.m + m]);
}

/* One choice among the records of the main models, in the order in which they were loaded: by
 * model, but where questions have several prompts by these. */
uint32_t
rg_evaluate_draw(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p,
                 struct rg_mersenne *rng, size_t row, size_t *among)
{
    uint32_t q = s->queries[row];
    size_t n = 0;

    for (size_t m = 0; m < s->all.m; m++) {
        size_t at = n;

        if (!s->offered[m] || isnan(rg_evaluate_judged_score(s, p, row, m)))
            continue;
        n++;
        for (; s->prompts && at > 0; at--) {
            if (rg_evaluate_place(s, q, m) >= rg_evaluate_place(s, q, among[at - 1]))
                break;
            among[at] = among[at - 1];
        }
        among[at] = m;
    }
    return n ? (uint32_t)among[rg_mersenne_below(rng, (uint32_t)n)] : RG_NO_MODEL;
}

static void
add_random(const struct work *w, struct rg_mersenne *rng, size_t row, struct tally *to)
{
    uint32_t m = rg_evaluate_draw(w->s, w->split, rng, row, w->among);

    if (m != RG_NO_MODEL)
        add(to, rg_evaluate_score(w->s, row, m), w->s->all.cost[row * w->s->all.m + m]);
}

static void
add_records(struct work *w, const struct rg_evaluate_split *split, struct rg_evaluate_aggregate *a)
{
    const struct rg_evaluate_setup *s = w->s;
    size_t random = row_of(a, RG_ROW_RANDOM), oracle = row_of(a, RG_ROW_ORACLE);
    struct rg_mersenne rng;

    rg_mersenne_python(&rng, w->v->draw_seed);
    for (size_t i = 0; i < split->n_test; i++) {
        uint32_t q = split->test[i];
        size_t row = s->row[q], key = s->key[s->trace->queries.dataset[q]];

        for (size_t r = 0; r < a->n_rows; r++) {
            uint32_t m = a->rows[r].model;

            if (m == RG_NO_MODEL)
                continue;
            a->unscored += s->all.recorded[row * s->all.m + m] &&
                           isnan(s->all.score[row * s->all.m + m]) &&
                           rg_evaluate_judged(s, split, q, m);
            add(&w->of[r * s->n_keys + key], rg_evaluate_judged_score(s, split, row, m),
                s->all.cost[row * s->all.m + m]);
        }
        add_random(w, &rng, row, &w->of[random * s->n_keys + key]);
        add_oracle(w, row, &w->of[oracle * s->n_keys + key]);
    }
}

/* Per key the first model with the highest mean. */
static void
take_experts(struct work *w, const struct rg_evaluate_aggregate *a)
{
    size_t expert = row_of(a, RG_ROW_MAX_EXPERT), keys = w->s->n_keys;

    for (size_t k = 0; k < keys; k++) {
        const struct tally *best = NULL;

        for (size_t r = 0; r < a->n_rows; r++) {
            const struct tally *t = &w->of[r * keys + k];

            if (a->rows[r].kind == RG_ROW_MODEL && t->n > 0 &&
                (!best || mean_of(t) > mean_of(best)))
                best = t;
        }
        if (best)
            w->of[expert * keys + k] = *best;
    }
}

/* ---- the means of a row ---- */

enum { IN = 1, OUT = 2 };

static bool
is_part(const struct rg_evaluate_key *key, int part)
{
    return part & (key->ood ? OUT : IN);
}

static double
over_keys(const struct rg_evaluate_setup *s, const double *cell, int part)
{
    struct rg_sum sum = {0};
    size_t n = 0;

    for (size_t k = 0; k < s->n_keys; k++)
        if (is_part(&s->keys[k], part) && !isnan(cell[k])) {
            rg_sum_add(&sum, cell[k]);
            n++;
        }
    return n ? rg_sum_value(&sum) / (double)n : NAN;
}

static double
over_samples(const struct rg_evaluate_setup *s, const struct tally *of, int part)
{
    struct rg_sum sum = {0};
    size_t n = 0;

    for (size_t k = 0; k < s->n_keys; k++)
        if (is_part(&s->keys[k], part)) {
            rg_sum_add(&sum, rg_sum_value(&of[k].score));
            n += of[k].n;
        }
    return n ? rg_sum_value(&sum) / (double)n : NAN;
}

static double
sum_of(const double *cell, size_t n)
{
    struct rg_sum sum = {0};
    size_t known = 0;

    for (size_t k = 0; k < n; k++)
        if (!isnan(cell[k])) {
            rg_sum_add(&sum, cell[k]);
            known++;
        }
    return known ? rg_sum_value(&sum) : NAN;
}

static void
finish_row(const struct work *w, struct rg_evaluate_row *row, const struct tally *of)
{
    const struct rg_evaluate_setup *s = w->s;
    static const int parts[] = {IN | OUT, IN, OUT};

    for (size_t k = 0; k < s->n_keys; k++) {
        row->score[k] = mean_of(&of[k]);
        row->cost[k] = cost_of(&of[k], w->v->costs);
    }
    for (size_t i = 0; i < 3; i++) {
        size_t at = i == 0 ? 0 : 1 + i; /* RG_MEAN_DATASETS, RG_MEAN_IN, RG_MEAN_OOD */

        row->mean[at] = over_keys(s, row->score, parts[i]);
        row->mean[i == 0 ? (size_t)RG_MEAN_SAMPLES : at + 2] = over_samples(s, of, parts[i]);
    }
    row->cost_sum = sum_of(row->cost, s->n_keys);
    /* The reference shows the mean over data sets for what it draws per question. */
    if (w->v->costs == RG_COSTS_MEAN && (row->kind == RG_ROW_RANDOM || row->kind == RG_ROW_ORACLE))
        row->cost_sum = over_keys(s, row->cost, IN | OUT);
}

/* Mean, or highest, of the main models' values, one after the other. */
static void
fold_models(struct rg_evaluate_aggregate *a, size_t offset, double *out, bool highest)
{
    struct rg_sum sum = {0};
    double top = NAN;
    size_t n = 0;

    for (size_t r = 0; r < a->n_rows; r++) {
        double x;

        if (a->rows[r].kind != RG_ROW_MODEL)
            continue;
        memcpy(&x, (const char *)&a->rows[r] + offset, sizeof x);
        if (isnan(x))
            continue;
        rg_sum_add(&sum, x);
        top = fmax(top, x);
        n++;
    }
    *out = highest ? top : n ? rg_sum_value(&sum) / (double)n : NAN;
}

static double
mean_cell(const struct rg_evaluate_aggregate *a, size_t key, bool cost)
{
    struct rg_sum sum = {0};
    size_t n = 0;

    for (size_t r = 0; r < a->n_rows; r++) {
        double x = cost ? a->rows[r].cost[key] : a->rows[r].score[key];

        if (a->rows[r].kind == RG_ROW_MODEL && !isnan(x)) {
            rg_sum_add(&sum, x);
            n++;
        }
    }
    return n ? rg_sum_value(&sum) / (double)n : NAN;
}

static void
finish_average(const struct work *w, struct rg_evaluate_aggregate *a)
{
    struct rg_evaluate_row *avg = &a->rows[row_of(a, RG_ROW_AVG)];
    struct rg_evaluate_row *expert = &a->rows[row_of(a, RG_ROW_MAX_EXPERT)];

    for (size_t k = 0; k < w->s->n_keys; k++) {
        avg->score[k] = mean_cell(a, k, false);
        avg->cost[k] = mean_cell(a, k, true);
    }
    for (size_t i = 0; i < RG_N_MEANS; i++) {
        size_t offset = offsetof(struct rg_evaluate_row, mean) + i * sizeof(double);

        fold_models(a, offset, &avg->mean[i], false);
        if (i == RG_MEAN_IN || i == RG_MEAN_OOD)
            fold_models(a, offset, &expert->mean[i], true);
    }
    fold_models(a, offsetof(struct rg_evaluate_row, cost_sum), &avg->cost_sum, false);
}

/* ---- one table, and the mean of several ---- */

static struct rg_evaluate_row
new_row(const struct rg_evaluate_setup *s, enum rg_evaluate_kind kind, uint32_t model)
{
    struct rg_evaluate_row row = {.kind = kind, .model = model, .cost_sum = NAN};

    row.score = rg_alloc(s->n_keys, sizeof *row.score);
    row.cost = rg_alloc(s->n_keys, sizeof *row.cost);
    for (size_t k = 0; k < s->n_keys; k++)
        row.score[k] = row.cost[k] = NAN;
    for (size_t i = 0; i < RG_N_MEANS; i++)
        row.mean[i] = NAN;
    return row;
}

static void
make_rows(const struct rg_evaluate_setup *s, struct rg_evaluate_aggregate *a)
{
    *a = (struct rg_evaluate_aggregate){0};
    a->rows = rg_alloc(s->n_offered + s->n_reference + 4, sizeof *a->rows);
    for (uint32_t m = 0; m < s->all.m; m++)
        if (s->offered[m])
            a->rows[a->n_rows++] = new_row(s, RG_ROW_MODEL, m);
    a->n_models = a->n_rows;
    for (int kind = RG_ROW_AVG; kind <= RG_ROW_ORACLE; kind++)
        a->rows[a->n_rows++] = new_row(s, (enum rg_evaluate_kind)kind, RG_NO_MODEL);
    for (uint32_t m = 0; m < s->all.m; m++)
        if (s->reference[m])
            a->rows[a->n_rows++] = new_row(s, RG_ROW_REFERENCE, m);
}

static void
one_split(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
          const struct rg_evaluate_split *split, struct rg_evaluate_aggregate *a)
{
    struct work w = {s, v, split, rg_alloc(s->all.m, sizeof *w.among), NULL};

    make_rows(s, a);
    w.of = rg_zalloc(a->n_rows * s->n_keys, sizeof *w.of);
    add_records(&w, split, a);
    take_experts(&w, a);
    for (size_t r = 0; r < a->n_rows; r++)
        finish_row(&w, &a->rows[r], w.of + r * s->n_keys);
    finish_average(&w, a);
    free(w.among);
    free(w.of);
}

/* x becomes the mean of the k + 1 values so far where there are some. */
static void
fold(double *x, double next, double *count)
{
    if (isnan(next))
        return;
    *count += 1;
    *x = *count > 1 ? *x + (next - *x) / *count : next;
}

static void
fold_rows(const struct rg_evaluate_setup *s, struct rg_evaluate_row *to,
          const struct rg_evaluate_row *from, double *count)
{
    for (size_t k = 0; k < s->n_keys; k++) {
        fold(&to->score[k], from->score[k], count++);
        fold(&to->cost[k], from->cost[k], count++);
    }
    for (size_t i = 0; i < RG_N_MEANS; i++)
        fold(&to->mean[i], from->mean[i], count++);
    fold(&to->cost_sum, from->cost_sum, count);
}

void
rg_evaluate_aggregate(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                      struct rg_evaluate_aggregate *out)
{
    size_t width = 2 * s->n_keys + RG_N_MEANS + 1;
    double *count;

    make_rows(s, out);
    count = rg_zalloc(out->n_rows * width, sizeof *count);
    for (size_t i = 0; i < s->n_splits; i++) {
        struct rg_evaluate_aggregate one;

        one_split(s, v, &s->splits[i], &one);
        for (size_t r = 0; r < out->n_rows; r++)
            fold_rows(s, &out->rows[r], &one.rows[r], count + r * width);
        out->unscored += one.unscored;
        rg_evaluate_aggregate_clear(&one);
        /* Without --split the seeds only name splits that there are not. */
        if (!s->has_split)
            break;
    }
    free(count);
}

void
rg_evaluate_aggregate_clear(struct rg_evaluate_aggregate *a)
{
    for (size_t r = 0; r < a->n_rows; r++) {
        free(a->rows[r].score);
        free(a->rows[r].cost);
    }
    free(a->rows);
    *a = (struct rg_evaluate_aggregate){0};
}

const struct rg_evaluate_row *
rg_evaluate_row(const struct rg_evaluate_aggregate *a, enum rg_evaluate_kind kind)
{
    return &a->rows[row_of(a, kind)];
}

/* ---- printing ---- */

static const char *
row_name(const struct rg_evaluate_setup *s, const struct rg_evaluate_row *row)
{
    static const char *const names[] = {
        [RG_ROW_AVG] = "AVG",
        [RG_ROW_RANDOM] = "Random Router",
        [RG_ROW_MAX_EXPERT] = "Max Expert",
        [RG_ROW_ORACLE] = "Oracle",
    };

    return row->model == RG_NO_MODEL ? names[row->kind] : s->trace->models[row->model].name;
}

static const char *const mean_names[RG_N_MEANS] = {
    "Dataset-Avg", "Sample-Avg", "In-Dist-Avg", "OOD-Avg", "In-Dist-Sample-Avg", "OOD-Sample-Avg"};

/* A data set may be called as a column of ours. */
static void
key_columns(struct rg_table *t, const struct rg_evaluate_setup *s, int decimals)
{
    for (size_t k = 0; k < s->n_keys; k++) {
        const char *name = s->trace->datasets[s->keys[k].dataset];
        struct rg_buf unused = {0};

        rg_buf_puts(&unused, name);
        for (size_t i = 0; i < RG_N_MEANS; i++)
            if (strcmp(name, mean_names[i]) == 0)
                rg_buf_putc(&unused, '_');
        if (strcmp(name, "model") == 0 || strcmp(name, "Dataset-Sum") == 0)
            rg_buf_putc(&unused, '_');
        rg_table_column(t, rg_buf_text(&unused), NULL, RG_COL_NUMBER, decimals, false);
        rg_buf_clear(&unused);
    }
}

struct rg_table *
rg_evaluate_score_table(const struct rg_evaluate_setup *s, const struct rg_evaluate_aggregate *a)
{
    struct rg_table *t = rg_table_new("Performance Table (avg_score)");
    size_t n_means = s->ood ? (size_t)RG_N_MEANS : 2;

    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    for (size_t i = 0; i < n_means; i++)
        rg_table_column(t, mean_names[i], NULL, RG_COL_NUMBER, 2, false);
    key_columns(t, s, 2);
    for (size_t r = 0; r < a->n_rows; r++) {
        size_t column = 1;

        rg_table_row(t);
        rg_table_text(t, 0, row_name(s, &a->rows[r]));
        for (size_t i = 0; i < n_means; i++)
            rg_table_number(t, column++, a->rows[r].mean[i] * 100);
        for (size_t k = 0; k < s->n_keys; k++)
            rg_table_number(t, column++, a->rows[r].score[k] * 100);
    }
    rg_table_note(t, "Scores in hundredths. Dataset-Avg: mean of the data sets; Sample-Avg: of "
                     "the answers.");
    if (a->unscored > 0)
        rg_table_item(t, a->unscored,
                      s->zero ? "answer without a score: counted as 0"
                              : "answer without a score: left out");
    return t;
}

struct rg_table *
rg_evaluate_cost_table(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                       const struct rg_evaluate_aggregate *a)
{
    bool mean = v->costs == RG_COSTS_MEAN;
    struct rg_table *t =
        rg_table_new(mean ? "Cost Table (avg_cost_per_record)" : "Cost Table (total_cost)");

    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "Dataset-Sum", NULL, RG_COL_NUMBER, mean ? -1 : 4, false);
    key_columns(t, s, mean ? -1 : 4);
    for (size_t r = 0; r < a->n_rows; r++) {
        rg_table_row(t);
        rg_table_text(t, 0, row_name(s, &a->rows[r]));
        rg_table_number(t, 1, a->rows[r].cost_sum);
        for (size_t k = 0; k < s->n_keys; k++)
            rg_table_number(t, 2 + k, a->rows[r].cost[k]);
    }
    rg_table_note(t, "USD. Max Expert's Dataset-Sum is the sum of its row (the reference prints "
                     "the highest of the models' sums there).");
    return t;
}
