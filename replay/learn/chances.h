/* How sure a learner is of its choice, as RouterEval measures it (Z. Huang et al., 2025): the
 * entropy of the chances that its kind of router gives the models of a query. */
#ifndef RG_REPLAY_LEARN_CHANCES_H
#define RG_REPLAY_LEARN_CHANCES_H

#include <stdbool.h>

#include "replay/learn/learner.h"

/* bits[i] of each query of x from what the learner has predicted, value (n x m; see learner.h):
 *
 *   knn (by mean), ridge, mlp   softmax over the models' values, terms of at most 1e-10 left out
 *   logistic                    the same of the logits
 *   clusters                    1 / (distance + 1e-10), normalised over the clusters and added up
 *                               for the model of each; terms of at most 1e-4 left out
 *   gmm                         the responsibilities of the components, likewise
 *
 * Models whose value is NaN have no chance; a query without any has NaN. False, and bits untouched,
 * for learners that RouterEval does not have. */
bool rg_chances_bits(const struct rg_learner *learner, const struct rg_learnt *l,
                     const struct rg_vectors *x, size_t m, const double *value, double *bits);

#endif
