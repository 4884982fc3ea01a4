#include "stats/effect.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/interval.h"
#include "stats/paired.h"

static double
over(double mean, double sd)
{
    return sd > 0 ? mean / sd : NAN;
}

struct rg_cohen
rg_cohen_paired(const double *x, const double *y, size_t n)
{
    double *d = rg_alloc(n, sizeof *d);
    struct rg_spread diff, first = rg_spread_of(x, n), second = rg_spread_of(y, n);
    struct rg_cohen c = {NAN, NAN, NAN};
    size_t m = rg_paired_differences(x, y, n, d);

    diff = rg_spread_of(d, m);
    free(d);
    if (m < n || n < 2)
        return c;
    c.dz = over(diff.mean, diff.sd);
    c.dav = over(diff.mean, hypot(first.sd, second.sd) / sqrt(2));
    c.gav = n > 2 ? c.dav * (1 - 3 / (4 * (double)(n - 1) - 1)) : NAN;
    return c;
}

/* A sorted copy, or NULL with a NaN among the values. */
static double *
sorted(const double *x, size_t n)
{
    double *copy = rg_alloc(n, sizeof *copy);

    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) {
            free(copy);
            return NULL;
        }
        copy[i] = x[i];
    }
    rg_sort(copy, n);
    return copy;
}

double
rg_cliff_delta(const double *x, size_t n, const double *y, size_t m)
{
    double *a = sorted(x, n), *b = sorted(y, m), delta = NAN;

    if (a != NULL && b != NULL && n > 0 && m > 0) {
        double more = 0, less = 0;

        /* Of y, below are < a[i] and upto are <= a[i]. */
        for (size_t i = 0, below = 0, upto = 0; i < n; i++) {
            while (below < m && b[below] < a[i])
                below++;
            while (upto < m && b[upto] <= a[i])
                upto++;
            more += (double)below;
            less += (double)(m - upto);
        }
        delta = (more - less) / ((double)n * (double)m);
    }
    free(a);
    free(b);
    return delta;
}

double
rg_cliff_within(const double *d, size_t n)
{
    double more = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(d[i]))
            return NAN;
        more += (double)((d[i] > 0) - (d[i] < 0));
    }
    return n > 0 ? more / (double)n : NAN;
}
