/* One router at many settings of the knob that trades quality for cost. What was learnt stays, so
 * that a whole curve costs little more than a point of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/sort.h"
#include "cli/evaluate.h"
#include "replay/router/decisions.h"
#include "replay/router/learned.h"

/* ---- what a router says of its queries before it chooses ---- */

/* Values of models for the test queries of a split, as learners and recorded scores have them. */
struct words {
    size_t n, m;
    const double *value;   /* learners: n x m, by place in the test part */
    const double *by_name; /* recorded: queries of the trace x models of the trace */
    const uint32_t *query; /* of each place */
    const struct rg_evaluate_split *part;
    const uint32_t *model; /* per column; NULL: the models of the trace */
    double *cost;          /* per column: mean USD, NaN: not known */
    bool pair, chain, weighs;
    size_t strong, weak;
};

static double
value_of(const struct words *w, size_t i, size_t column)
{
    return w->value ? w->value[i * w->m + column] : w->by_name[w->query[i] * w->m + column];
}

static uint32_t
model_of(const struct words *w, size_t column)
{
    return w->model ? w->model[column] : (uint32_t)column;
}

/* Means over what is learnt from, or over all where nothing was set apart. */
static double
mean_of(const struct rg_evaluate_setup *s, size_t split, uint32_t model, bool cost)
{
    const struct rg_evaluate_split *part = &s->splits[split];
    const uint32_t *query = s->has_split ? part->train : part->test;
    size_t n = s->has_split ? part->n_train : part->n_test, known = 0;
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        size_t row = s->row[query[i]];
        double x = cost ? s->all.cost[row * s->all.m + model] : rg_evaluate_score(s, row, model);

        if (!isnan(x) && (!s->has_split || rg_evaluate_is_learnt(s, part, query[i], model))) {
            sum += x;
            known++;
        }
    }
    return known ? sum / (double)known : NAN;
}

/* Two models with scores are a pair, the one that is better on what is learnt from the strong one;
 * the win rate is the difference of the scores, or the strong one's where the other has none. */
static void
find_pair(const struct rg_evaluate_setup *s, size_t split, struct words *w)
{
    size_t found[2] = {0, 0}, n = 0;

    for (size_t j = 0; j < w->m && n < 3; j++)
        for (size_t i = 0; i < w->n; i++)
            if (!isnan(value_of(w, i, j))) {
                if (n < 2)
                    found[n] = j;
                n++;
                break;
            }
    if (n != 2)
        return;
    w->pair = true;
    w->strong = found[0];
    w->weak = found[1];
    if (mean_of(s, split, (uint32_t)found[1], false) >
        mean_of(s, split, (uint32_t)found[0], false)) {
        w->strong = found[1];
        w->weak = found[0];
    }
}

/* False: the router says nothing but its choice. Release with words_clear. */
static bool
words_init(struct words *w, const struct rg_evaluate_setup *s, const struct rg_router *router,
           size_t split)
{
    struct rg_learned_words said;

    *w = (struct words){
        .n = s->splits[split].n_test, .query = s->splits[split].test, .part = &s->splits[split]};
    if (rg_learned_say(router, &said)) {
        w->m = said.m;
        w->value = said.value;
        w->model = said.model;
        w->pair = said.pair;
        w->strong = said.strong;
        w->weak = said.weak;
        w->chain = said.chain;
        w->weighs = rg_learned_weighs(router);
        w->cost = rg_alloc(w->m, sizeof *w->cost);
        memcpy(w->cost, said.costs, w->m * sizeof *w->cost);
        return true;
    }
    w->by_name = rg_decisions_scores(router);
    if (!w->by_name)
        return false;
    w->m = s->trace->n_models;
    w->cost = rg_alloc(w->m, sizeof *w->cost);
    for (uint32_t j = 0; j < w->m; j++)
        w->cost[j] = mean_of(s, split, j, true);
    find_pair(s, split, w);
    return true;
}

static void
words_clear(struct words *w)
{
    free(w->cost);
}

static double
rate_of(const struct words *w, size_t i)
{
    double strong = value_of(w, i, w->strong), weak = w->by_name ? value_of(w, i, w->weak) : 0;

    return isnan(weak) ? strong : strong - weak;
}

static double *
unknown(size_t n)
{
    double *x = rg_alloc(n, sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = NAN;
    return x;
}

void
rg_evaluate_say(const struct rg_evaluate_setup *s, struct rg_router *router, size_t split,
                size_t row, struct rg_evaluate_result *r)
{
    struct rg_learned_words said;
    struct words w;

    if (!words_init(&w, s, router, split))
        return;
    if (rg_learned_say(router, &said) && said.bits) {
        r->bits = r->bits ? r->bits : unknown(r->n);
        memcpy(r->bits + row, said.bits, w.n * sizeof *said.bits);
    }
    if (w.pair) {
        r->rate = r->rate ? r->rate : unknown(r->n);
        r->strong = rg_realloc(r->strong, split + 1, sizeof *r->strong);
        r->weak = rg_realloc(r->weak, split + 1, sizeof *r->weak);
        r->strong[split] = model_of(&w, w.strong);
        r->weak[split] = model_of(&w, w.weak);
        for (size_t i = 0; i < w.n; i++)
            r->rate[row + i] = rate_of(&w, i);
    }
    words_clear(&w);
}

/* ---- settings ---- */

enum knob { KNOB_WEIGHT, KNOB_QUANTILE, KNOB_BUDGET, KNOB_COST };
static const char *const knob_names[] = {"weight", "quantile", "budget", "cost_weight"};

static enum knob
knob_of(const struct words *w)
{
    return w->weighs ? KNOB_WEIGHT : w->pair ? KNOB_QUANTILE : w->chain ? KNOB_BUDGET : KNOB_COST;
}

/* Least and greatest mean cost of the columns; the sum of the two dearest. */
static void
cost_range(const struct words *w, double *least, double *most, double *two)
{
    double second = 0;

    *least = INFINITY;
    *most = 0;
    for (size_t j = 0; j < w->m; j++) {
        double c = model_of(w, j) == RG_NO_MODEL ? NAN : w->cost[j];

        if (isnan(c))
            continue;
        *least = fmin(*least, c);
        second = c > *most ? *most : fmax(second, c);
        *most = fmax(*most, c);
    }
    *two = *most + second;
}

/* Setting i of n. Weights of cost: none, then by a constant factor over eight powers of ten around
 * one score for the mean cost of the dearest model, then so much that the cheapest is taken.
 * Budgets: by a constant factor from the cheapest model to the two dearest. */
static double
setting_of(const struct words *w, enum knob knob, size_t i, size_t n)
{
    double share = (double)i / (double)(n - 1), least, most, two;

    if (knob == KNOB_WEIGHT || knob == KNOB_QUANTILE)
        return share;
    cost_range(w, &least, &most, &two);
    if (knob == KNOB_BUDGET)
        return 1.001 * least * pow(two / least, share);
    if (i == 0)
        return 0;
    if (i == n - 1)
        return 1e6 / most;
    return pow(10, n > 3 ? -4 + 8 * (double)(i - 1) / (double)(n - 3) : 0) / most;
}

/* Has the trace what the knob turns on? */
static bool
can_turn(const struct words *w, enum knob knob)
{
    double least, most, two;

    cost_range(w, &least, &most, &two);
    return knob == KNOB_WEIGHT || knob == KNOB_QUANTILE || (most > 0 && least > 0);
}

static void
add_settings(const struct words *w, enum knob knob, size_t n, size_t first,
             struct rg_evaluate_results *out)
{
    for (size_t i = 0; i < n; i++) {
        const char *family = out->of[first - 1].family;
        struct rg_evaluate_result *r;
        struct rg_buf name = {0};
        char number[RG_NUM_MAX];
        double setting = setting_of(w, knob, i, n);

        rg_num_print(number, setting);
        rg_buf_printf(&name, "%s @%s", family, number);
        r = rg_evaluate_result_add(out, rg_buf_text(&name), family);
        r->swept = true;
        r->knob = knob_names[knob];
        r->setting = setting;
        rg_buf_clear(&name);
    }
}

/* ---- choices without a chain ---- */

static void
answer_by(const struct rg_evaluate_setup *s, const struct rg_evaluate_results *all, uint32_t model,
          size_t at, struct rg_evaluate_result *r)
{
    size_t row = s->row[all->query[at]];

    for (size_t k = all->first_pick[at]; k < all->first_pick[at + 1]; k++)
        r->pick[k] = model;
    if (model == RG_NO_MODEL) {
        r->skipped++;
        return;
    }
    r->score[at] = rg_evaluate_judged_score(s, &s->splits[all->split[at]], row, model);
    r->cost[at] = s->all.cost[row * s->all.m + model];
    r->calls[at] = 1;
}

/* May a column be chosen for a query? */
static bool
is_there(const struct rg_evaluate_setup *s, const struct words *w, size_t i, size_t column)
{
    uint32_t model = model_of(w, column);

    return model != RG_NO_MODEL && s->offered[model] &&
           s->all.recorded[s->row[w->query[i]] * s->all.m + model] &&
           rg_evaluate_judged(s, w->part, w->query[i], model);
}

static void
weigh_costs(const struct rg_evaluate_setup *s, const struct words *w, double weight, size_t row,
            const struct rg_evaluate_results *all, struct rg_evaluate_result *r)
{
    for (size_t i = 0; i < w->n; i++) {
        uint32_t best = RG_NO_MODEL;
        double top = -INFINITY;

        for (size_t j = 0; j < w->m; j++) {
            double x = value_of(w, i, j) - weight * (isnan(w->cost[j]) ? 0 : w->cost[j]);

            if (x > top && is_there(s, w, i, j)) {
                top = x;
                best = model_of(w, j);
            }
        }
        answer_by(s, all, best, row + i, r);
    }
}

/* The threshold of the quantile: the strong model from it on; of quantile 1 only above it. */
static void
cut_rates(const struct rg_evaluate_setup *s, const struct words *w, double quantile, size_t row,
          const struct rg_evaluate_results *all, struct rg_evaluate_result *r)
{
    double *sorted = rg_alloc(w->n, sizeof *sorted), cut;
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        if (!isnan(rate_of(w, i)))
            sorted[n++] = rate_of(w, i);
    rg_sort(sorted, n);
    cut = n ? rg_quantile7(sorted, n, quantile) : NAN;
    for (size_t i = 0; i < w->n; i++) {
        double x = rate_of(w, i);
        bool strong = quantile < 1 ? x >= cut : x > cut;
        size_t j = strong ? w->strong : w->weak, other = strong ? w->weak : w->strong;

        j = is_there(s, w, i, j) ? j : other;
        answer_by(s, all, !isnan(x) && is_there(s, w, i, j) ? model_of(w, j) : RG_NO_MODEL, row + i,
                  r);
    }
    free(sorted);
}

/* ---- the sweep ---- */

static enum rg_status
turn(const struct rg_evaluate_setup *s, const struct words *w, enum knob knob,
     struct rg_router *router, struct rg_policy *p, size_t split, size_t row,
     const struct rg_evaluate_results *all, struct rg_evaluate_result *r, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    switch (knob) {
    case KNOB_WEIGHT:
        rg_learned_weigh(p, router, r->setting);
        break;
    case KNOB_BUDGET:
        status = rg_learned_budget(p, router, r->setting, err);
        break;
    case KNOB_QUANTILE:
        cut_rates(s, w, r->setting, row, all, r);
        return RG_OK;
    case KNOB_COST:
        weigh_costs(s, w, r->setting, row, all, r);
        return RG_OK;
    }
    if (status == RG_OK)
        rg_evaluate_walk(s, all, p, split, row, r);
    return status;
}

enum rg_status
rg_evaluate_sweep(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                  struct rg_router *router, struct rg_policy *p, size_t split, size_t row,
                  size_t first, struct rg_evaluate_results *out, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    struct words w;
    enum knob knob;

    if (v->sweep < 2 || !words_init(&w, s, router, split))
        return RG_OK;
    knob = knob_of(&w);
    if (can_turn(&w, knob)) {
        if (split == 0)
            add_settings(&w, knob, (size_t)v->sweep, first, out);
        for (size_t i = 0; i < v->sweep && first + i < out->n && status == RG_OK; i++)
            status = turn(s, &w, knob, router, p, split, row, out, &out->of[first + i], err);
    }
    words_clear(&w);
    return status;
}
