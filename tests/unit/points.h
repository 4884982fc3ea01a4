/* Points for tests of fronts: drawn at random from a grid, so that there are ties. Include after
 * cmocka.h. */
#ifndef RG_TESTS_POINTS_H
#define RG_TESTS_POINTS_H

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "stats/front.h"

static const double FINE = 0x1p53; /* a grid without ties, in effect */

/* n rows of d numbers 0, 1/grid, 2/grid, ... below 1; free(). */
static inline double *
points_new(gsl_rng *rng, size_t n, size_t d, double grid)
{
    double *p = malloc((n * d + 1) * sizeof *p);

    assert_non_null(p);
    for (size_t i = 0; i < n * d; i++)
        p[i] = floor(rg_rng_unit(rng) * grid) / grid;
    return p;
}

static inline struct rg_directions
points_directions(gsl_rng *rng, size_t d)
{
    struct rg_directions dir = {.d = d};

    for (size_t k = 0; k < d; k++)
        dir.maximise[k] = rg_rng_below(rng, 2) == 1;
    return dir;
}

static inline void
points_near(double found, double expected, double rel)
{
    if (!(fabs(found - expected) <= rel * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

#endif
