/* Metrics by which routers were published, as their projects define them, so that numbers can be
 * compared. What is undefined (a division by zero, no data) is NaN.
 *
 * The sources: LLMRouterBench (H. Li et al., "LLMRouterBench: a massive benchmark and unified
 * framework for LLM routing", 2026), figures 7 and 11, tables 7 and 8, whose repository has no code
 * for its metrics: the definitions here are those that give the printed numbers. RouterBench (Q. J.
 * Hu et al., 2024). RouteLLM (I. Ong et al., "RouteLLM: learning to route LLMs with preference
 * data", 2024). RouterArena (Y. Lu et al., "RouterArena: an open platform for comprehensive
 * comparison of LLM routers", 2025). RouterEval (Z. Huang et al., "RouterEval: a comprehensive
 * benchmark for routing LLMs", 2025). */
#ifndef RG_STATS_ROUTER_METRICS_H
#define RG_STATS_ROUTER_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- LLMRouterBench ---- */

/* A relative difference over data sets in both readings, which differ: the paper's figure 7 has the
 * mean of the ratios, its table 7 the ratio of the means. */
struct rg_router_metrics_ratio {
    double mean_of_ratios; /* over the data sets used */
    double ratio_of_means;
    size_t used;    /* data sets with both values and a base above 0: all of the first reading */
    size_t skipped; /* the others; the second reading leaves out only missing values */
};

/* Gain@R, Gain@B (figure 7), ImpRand, ImpMax (table 7): score / base - 1, base[d] being the score
 * of the random router, or of the best model, on data set d. NaN is missing. */
struct rg_router_metrics_ratio rg_router_metrics_gain(const double *score, const double *base,
                                                      size_t n);

/* Gap@O (figure 7), OracleGap (table 7): 1 - score / oracle. */
struct rg_router_metrics_ratio rg_router_metrics_gap(const double *score, const double *oracle,
                                                     size_t n);

/* PerfGain: the highest score of a router's n configurations over that of the best single model,
 * less 1. */
double rg_router_metrics_perf_gain(const double *score, size_t n, double best_single);

/* CostSave: 1 - cost / cost of the best single model, at the cheapest of the configurations that
 * score at least as much. NaN when none does; negative when it costs more. */
double rg_router_metrics_cost_save(const double *score, const double *cost, size_t n,
                                   double best_single, double best_single_cost);

/* ParetoDist: mean over a router's points own[0..m) of the distance to the nearest point of the
 * front of all n plotted points, cost and score scaled to 0 .. 1 over all of them (a column without
 * range to 0). The distance is |dx| + |dy|, which gives the published numbers; the paper does not
 * say so. */
double rg_router_metrics_pareto_dist(const double *cost, const double *score, size_t n,
                                     const size_t *own, size_t m);

/* ---- RouterBench ---- */

/* AIQ: area below the non-decreasing convex hull (stats/hull.h) from its least cost to x_max, the
 * greatest cost of all compared curves, the hull going on level. as_coded divides by x_max, as the
 * project's program does, as_published by x_max less the least cost of the hull. The program's own
 * hull differs where several points share the least or the greatest cost; ours is the proper one.
 */
struct rg_router_metrics_aiq {
    double as_coded, as_published;
};
struct rg_router_metrics_aiq rg_router_metrics_aiq(const double *cost, const double *quality,
                                                   size_t n, double x_max);

/* ---- RouteLLM ---- */

/* A curve: quality[i] at share[i] of calls to the strong model, in any order and any unit; of equal
 * shares the earlier point comes first. */

/* Performance gap recovered at one point: (quality - weak) / (strong - weak). */
double rg_router_metrics_pgr(double quality, double weak, double strong);

/* AUC: area below the curve by the trapezoidal rule, shares in hundredths (100: all). */
double rg_router_metrics_auc(const double *share, const double *quality, size_t n);

/* The best that a router of this pair can do with `calls` calls to the strong model, which need not
 * be whole, of n queries: the mean of the weak scores and, of the gains strong - weak, the greatest
 * ones above 0. Sorts room[0..n). With scores of 0 and 1 this is the project's optimal curve. */
double rg_router_metrics_optimal(const double *weak, const double *strong, size_t n, double calls,
                                 double *room);

/* APGR: the mean of it over the curve by the trapezoidal rule, over the range of shares there is.
 */
double rg_router_metrics_apgr(const double *share, const double *quality, size_t n, double weak,
                              double strong);

/* CPT(gap): the share of strong calls needed to recover that part of the gap. as_coded interpolates
 * the share at the quality wanted with numpy.interp, although qualities may not ascend, and then
 * depends on how that searches; as_reached is where the curve first reaches the quality, NaN when
 * it never does. */
struct rg_router_metrics_cpt {
    double as_coded, as_reached;
};
struct rg_router_metrics_cpt rg_router_metrics_cpt(const double *share, const double *quality,
                                                   size_t n, double weak, double strong,
                                                   double gap);

/* ---- RouterArena ---- */

/* 1.1 A C / (0.1 A + C), A the accuracy and C = log2(200 / c) / log2(200 / 0.0044) for a cost of c
 * USD per 1000 queries. c is clamped to [0.0044, 200] and A to [0, 1]; *clamped (or NULL) says
 * whether that was done. 0 where A and C are 0. */
double rg_router_metrics_arena(double accuracy, double usd_per_1000, bool *clamped);

/* ---- RouterEval ---- */

/* Y is row-major n x m: scores of m models on n queries; NaN is missing. pick[i] < m. */

/* mu_o: mean score of the models picked, over the queries where it is known. */
double rg_router_metrics_mean_picked(const double *y, size_t n, size_t m, const uint32_t *pick);

/* The highest of the models' mean scores, the best single model of these same queries. */
double rg_router_metrics_best_single(const double *y, size_t n, size_t m);

/* V_R = mu_o / accuracy of the reference model on the data set; V_B = mu_o / best single. */
double rg_router_metrics_relative(double mean_picked, double reference);

/* That accuracy by the data set's name (arc, hellaswag, mmlu, truthfulqa, winogrande, gsm8k,
 * ifeval, bbh, gpqa, math, musr, mmlu_pro); NaN for others. */
double rg_router_metrics_reference_accuracy(const char *data_set);

/* E_p: mean over n rows of m probabilities of their entropy in bits; terms of at most floor are
 * left out (the project: 1e-10 or 1e-4, by kind of router). */
double rg_router_metrics_entropy(const double *p, size_t n, size_t m, double floor);

/* r_o(p), in expectation: with probability p the best model, else any. y has no NaN. */
struct rg_router_metrics_partial_oracle {
    double mean;    /* mu_o */
    double entropy; /* E_p, of p y_ij / sum_j y_ij + (1 - p) / m; where the sum is 0: p / m + ... */
};
struct rg_router_metrics_partial_oracle rg_router_metrics_partial_oracle(const double *y, size_t n,
                                                                         size_t m, double p);

#endif
