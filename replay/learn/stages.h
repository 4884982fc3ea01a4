/* Chains of models, each asked unless the one before was good enough: FrugalGPT's thresholds under
 * a budget (L. Chen, M. Zaharia, J. Zou, "FrugalGPT: how to use large language models while
 * reducing cost and improving performance", TMLR 2024), and RouterBench's cascade behind a judge
 * that errs. */
#ifndef RG_REPLAY_LEARN_STAGES_H
#define RG_REPLAY_LEARN_STAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RG_STAGES_MOST = 4 };

/* What is known of n rows on a chain of `stages` models, row-major n x stages: score of each
 * answer, cost up to and with each, and doubt (1 - what the judge gives it). */
struct rg_stages_rows {
    size_t n, stages;
    const double *score, *cost, *doubt;
};

/* Thresholds by quantiles q of the rows that still run: stage i keeps an answer whose doubt is
 * below threshold[i], the last one at 1. */
struct rg_stages_found {
    double q[RG_STAGES_MOST], threshold[RG_STAGES_MOST];
    double score;       /* mean score; a row that nobody keeps counts 0, */
    double cost;        /* mean cost; and costs nothing: what the search looks at */
    double first_share; /* rows that the first stage keeps */
};

/* The best thresholds with a mean cost within the budget: a grid of `grid` points a dimension, the
 * first of equals, then a downhill simplex (J. A. Nelder, R. Mead, Computer Journal 7 (1965)
 * 308-313) from there with SciPy's fmin's start, moves and end. grid_found (NULL: not wanted) is
 * what the grid gave. False when the first model alone costs more than the budget, or nothing on
 * the grid is within it. */
bool rg_stages_search(const struct rg_stages_rows *rows, double budget, size_t grid,
                      struct rg_stages_found *grid_found, struct rg_stages_found *found);

/* The simplex search, n <= RG_STAGES_MOST variables; x is where it starts and ends. Returns the
 * value there. */
double rg_stages_descend(double (*f)(const void *ctx, const double *x), const void *ctx, size_t n,
                         double *x);

/* RouterBench: models in the order given; a judge accepts a score of at least threshold, but with
 * probability eps does the opposite; a call that would cost what is left of the row's budget is not
 * made, but for the first. score and cost n x m without NaN; the stream is NumPy's, one draw a
 * call.
 */
struct rg_stages_judged {
    double score; /* mean of the last answers */
    double cost;  /* total */
    size_t calls;
};
struct rg_stages_judged rg_stages_judge(const double *score, const double *cost, size_t n, size_t m,
                                        const uint32_t *order, double threshold, double eps,
                                        double budget, uint32_t seed);

struct rg_learn_data;
struct rg_learnt;
/* FrugalGPT's chain of a model that was fitted (arrays "chain" and "thresholds", whose length is
 * the depth) for another budget in USD a query: the best of all chains on data (features are not
 * looked at), whose answers the judges give good (n x m). Where none keeps within it, the model
 * with the least mean cost is asked alone. RG_EINPUT where no model has scores and costs. */
RG_MUST_USE enum rg_status rg_stages_rebudget(const struct rg_learn_data *data, const double *good,
                                              double budget, struct rg_learnt *l,
                                              struct rg_err *err);

#endif
