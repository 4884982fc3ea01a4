/* Routers between two models, as RouteLLM judges them: each query has a win rate of the strong
 * model, a threshold sends those at or above it to the strong one, and the curve over thresholds
 * tells what a share of strong calls buys (I. Ong et al., "RouteLLM: learning to route LLMs with
 * preference data", 2024). Metrics of such curves (AUC, APGR, CPT) are in router_metrics.h. */
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
 * strong calls. Equal quantiles give equal points. sorted: the same rates, ascending (it may be
 * rate itself). n >= 1, no NaN. */
void rg_router_curve_points(const double *rate, const double *weak, const double *strong, size_t n,
                            const double *sorted, size_t bins, struct rg_router_curve_point *out);

#endif
