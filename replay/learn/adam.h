/* Gradient descent with moments: D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization",
 * ICLR 2015, with their constants .9, .999, 1e-8; decay adds that multiple of the parameters to the
 * gradient. */
#ifndef RG_REPLAY_LEARN_ADAM_H
#define RG_REPLAY_LEARN_ADAM_H

#include <stddef.h>

#include <gsl/gsl_rng.h>

struct rg_adam {
    size_t n;
    double *first, *second; /* moments */
    double rate, decay;
    double t; /* steps so far */
};

void rg_adam_init(struct rg_adam *a, size_t n, double rate, double decay);
void rg_adam_clear(struct rg_adam *a);
/* One step of the n parameters along the gradient, which is cleared. */
void rg_adam_step(struct rg_adam *a, double *parameter, double *gradient);

/* n normal numbers of that standard deviation. */
void rg_adam_draw(gsl_rng *rng, double *x, size_t n, double sd);

#endif
