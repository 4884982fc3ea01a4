/* Pools of candidate models as RouterEval makes them (Z. Huang et al., "RouterEval: a comprehensive
 * benchmark for routing LLMs", 2025): of all models some few, all strong, all weak, or from the
 * strongest to the weakest, that complement each other. */
#ifndef RG_STATS_CANDIDATES_H
#define RG_STATS_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rg_candidates_kind { RG_CANDIDATES_STRONG, RG_CANDIDATES_WEAK, RG_CANDIDATES_MIXED };

/* Scores of m models on n queries; NaN: missing. */
struct rg_candidates {
    size_t n, m;
    double (*score)(const void *ctx, size_t query, size_t model);
    const void *ctx;
};

/* Where the rule had to give way. */
struct rg_candidates_note {
    bool extremes; /* too few means within (0.1, 0.9]: models beyond were taken as well */
    bool widened;  /* a fifth of the models was too few */
};

enum { RG_CANDIDATES_PICKS = 1000 };

/* Models with any score, ascending by mean score, equals by number, into order[m]; how many. */
size_t rg_candidates_rank(const struct rg_candidates *c, uint32_t *order);

/* k candidates, ascending by mean score, into out[0..k). The oracle of a pool is the mean over
 * queries of its best score.
 *
 * strong, weak: of the models whose mean is above 0.1 and at most 0.9, the window of k neighbours
 * in mean score with the best oracle (the first of equals), within the highest or lowest fifth, or
 * k models if that is more. mixed: all models in k equal groups by mean score; of 1,000 random
 * picks of one model from each group that with the best oracle, drawn from the stream (seed, k,
 * RG_PURPOSE_POOLS). False when fewer than k models have a score, or k = 0. O(n m) and O(1000 n k).
 */
bool rg_candidates_choose(const struct rg_candidates *c, enum rg_candidates_kind kind, size_t k,
                          uint64_t seed, uint32_t *out, struct rg_candidates_note *note);

#endif
