/* LinUCB with disjoint linear models: L. Li, W. Chu, J. Langford, R. E. Schapire, "A contextual-
 * bandit approach to personalized news article recommendation", WWW 2010, algorithm 1.
 *
 * For each arm A = ridge I + sum of x x', b = sum of r x over its rewards r at features x; its
 * value at x is theta' x + alpha sqrt(x' A^-1 x) with theta = A^-1 b. A^-1 is kept and changed by
 * the formula of Sherman and Morrison (Ann. Math. Statist. 21 (1950) 124-127): (A + x x')^-1 = A^-1
 * - (A^-1 x)(A^-1 x)' / (1 + x' A^-1 x). */
#ifndef RG_REPLAY_ROUTER_BANDIT_LINUCB_H
#define RG_REPLAY_ROUTER_BANDIT_LINUCB_H

#include <stddef.h>

struct rg_linucb_arm {
    double *inverse; /* A^-1, n x n by rows, symmetric to the bit */
    double *b;       /* n */
};

/* n features. Release with rg_linucb_clear. */
void rg_linucb_init(struct rg_linucb_arm *arm, size_t n, double ridge);
void rg_linucb_clear(struct rg_linucb_arm *arm);

/* *mean = theta' x, *width = sqrt(x' A^-1 x). work[0..n) is overwritten. */
void rg_linucb_value(const struct rg_linucb_arm *arm, const double *x, size_t n, double *work,
                     double *mean, double *width);

/* A reward at x. work[0..n) is overwritten. */
void rg_linucb_add(struct rg_linucb_arm *arm, const double *x, size_t n, double reward,
                   double *work);

#endif
