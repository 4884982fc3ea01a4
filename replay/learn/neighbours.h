/* Routers by nearest neighbours: RouterEval's PRknn and RouterBench's kNN (mean of the neighbours'
 * scores), LLMRouter's (each neighbour votes for its best model), and means weighted by similarity.
 * Sums go in the order of the neighbours, because many models tie but for rounding. */
#ifndef RG_REPLAY_LEARN_NEIGHBOURS_H
#define RG_REPLAY_LEARN_NEIGHBOURS_H

#include "replay/learn/knn.h"
#include "replay/learn/learner.h"

enum rg_neighbours_how { RG_NEIGHBOURS_MEAN, RG_NEIGHBOURS_VOTE, RG_NEIGHBOURS_WEIGHTED };

/* Values of m models from the k nearest rows of score (. x m), nearest first, and how similar they
 * are. A score that is not recorded is left out of its model's mean; a model without any is NaN. */
void rg_neighbours_values(enum rg_neighbours_how how, const uint32_t *row, const double *similar,
                          size_t k, const double *score, size_t m, double *value);

/* Train vectors as arrays of a model, and back: an index of them. _has: are they whole? */
void rg_neighbours_keep(const struct rg_vectors *x, struct rg_learnt *out);
bool rg_neighbours_has(const struct rg_learnt *l, size_t d, size_t *n);
struct rg_knn *rg_neighbours_index(const struct rg_learnt *l);
/* The k nearest of each query: rg_knn_find or _find_sparse. */
size_t rg_neighbours_find(const struct rg_knn *index, const struct rg_vectors *x, size_t i,
                          size_t k, uint32_t *row, double *similar);

#endif
