/* Routers between two models, as RouteLLM judges them: each query has a win rate of the strong
 * model, a threshold sends those at or above it to the strong one, and the curve over thresholds
 * tells what a share of strong calls buys (I. Ong et al., "RouteLLM: learning to route LLMs with
 * preference data", 2024). Metrics of such curves (APGR, CPT) are in router_metrics.h. */
#ifndef RG_STATS_ROUTER_CURVE_H
#define RG_STATS_ROUTER_CURVE_H

#include <stddef.h>

struct rg_router_curve_point {
    double threshold;
    double share;   /* of calls to the strong model, 0 to 1 */
    double quality; /* mean score */
};

/* Points at the win rates' quantiles (type 7) 0, 1 / bins, ..., 1 into out[0 .. bins]. The strong
 * model from the threshold on, but at the last one only above it, so that the curve ends without
 * strong calls. Equal quantiles give equal points. n >= 1, no NaN. */
void rg_router_curve_points(const double *rate, const double *weak, const double *strong, size_t n,
                            size_t bins, struct rg_router_curve_point *out);

/* The threshold that sends this share of calibration queries to the strong model: the quantile
 * 1 - share of their win rates. */
double rg_router_curve_threshold(const double *rate, size_t n, double share);

/* Mean score of the best choice with at most this share of strong calls: the queries that gain most
 * go to the strong model, the last one in part. */
double rg_router_curve_optimal(const double *weak, const double *strong, size_t n, double share);

/* Area below the curve by the trapezoidal rule, over the shares there are, in any order (of equal
 * shares the earlier point comes first). */
double rg_router_curve_area(const double *share, const double *quality, size_t n);

#endif
