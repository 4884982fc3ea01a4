/* What others need of the Gaussian mixture of router gmm. */
#ifndef RG_REPLAY_LEARN_MIXTURE_H
#define RG_REPLAY_LEARN_MIXTURE_H

#include <stddef.h>

#include "replay/learn/learnt.h"

/* Responsibilities of the components of a fitted (or checked) model for x[0..d), one for each row
 * of its array "centres". */
void rg_mixture_shares(const struct rg_learnt *l, const double *x, size_t d, double *share);

#endif
