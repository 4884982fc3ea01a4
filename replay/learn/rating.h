/* Ratings of models from pairwise comparisons: R. A. Bradley, M. E. Terry, Biometrika 39 (1952)
 * 324-345, as in LLMRouter's elo and RouteLLM's similarity-weighted ranking. */
#ifndef RG_REPLAY_LEARN_RATING_H
#define RG_REPLAY_LEARN_RATING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rg_rating_how { RG_RATING_PAIRWISE, RG_RATING_FIRST };

/* wins (m x m) += weight for every comparison of one query's scores: pairwise, each model against
 * each by score, ties half to each; first, the first best model beats all others. NaN compares with
 * nothing. */
void rg_rating_count(enum rg_rating_how how, const double *score, size_t m, double weight,
                     double *wins);

/* Maximum likelihood of theta (sum 0) in P(a beats b) = 1 / (1 + exp(theta_b - theta_a)) by Newton
 * steps, halved while the likelihood falls. There is no finite one when the models can be parted so
 * that one part never loses to the other: returns a model that is to blame, or m when all is well.
 */
size_t rg_rating_fit(const double *wins, size_t m, double *theta);

/* Rating on the scale of Elo, mean 1000. */
double rg_rating_elo(double theta);

/* Cuts falling ratings into `count` runs with the least sum of population variances, the last run
 * as far left as possible among equals: tier[i] of rating i. 1 <= count <= n. */
void rg_rating_tiers(const double *rating, size_t n, size_t count, uint32_t *tier);

/* Chance that the strong model wins, from train scores (n x m) weighted by how similar each train
 * query is: w = 10 * 10^(s / greatest s), all 10 where the greatest is not above 0; won / (won +
 * lost), ties half to each; 0.5 where nothing was compared. */
double rg_rating_similar(const double *similar, const double *score, size_t n, size_t m,
                         size_t strong, size_t weak);

#endif
