#include "replay/learn/adam.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_randist.h>

#include "base/mem.h"

void
rg_adam_init(struct rg_adam *a, size_t n, double rate, double decay)
{
    *a = (struct rg_adam){.n = n, .rate = rate, .decay = decay};
    a->first = rg_zalloc(n, sizeof *a->first);
    a->second = rg_zalloc(n, sizeof *a->second);
}

void
rg_adam_clear(struct rg_adam *a)
{
    free(a->first);
    free(a->second);
    *a = (struct rg_adam){0};
}

void
rg_adam_step(struct rg_adam *a, double *parameter, double *gradient)
{
    double one, two;

    a->t += 1;
    one = 1 - pow(0.9, a->t);
    two = 1 - pow(0.999, a->t);
    for (size_t i = 0; i < a->n; i++) {
        double g = gradient[i] + a->decay * parameter[i];

        a->first[i] = 0.9 * a->first[i] + 0.1 * g;
        a->second[i] = 0.999 * a->second[i] + 0.001 * g * g;
        parameter[i] -= a->rate * (a->first[i] / one) / (sqrt(a->second[i] / two) + 1e-8);
        gradient[i] = 0;
    }
}

void
rg_adam_draw(gsl_rng *rng, double *x, size_t n, double sd)
{
    for (size_t i = 0; i < n; i++)
        x[i] = gsl_ran_gaussian_ziggurat(rng, sd);
}
