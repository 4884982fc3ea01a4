#include "base/sort.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

double
rg_quantile7(const double *sorted, size_t n, double q)
{
    double at, a, b, frac;
    size_t i;

    assert(q >= 0 && q <= 1);
    if (n == 0)
        return NAN;
    at = (double)(n - 1) * q;
    i = (size_t)at;
    frac = at - (double)i;
    if (frac == 0 || i + 1 >= n || sorted[i] == sorted[i + 1])
        return sorted[i];
    a = sorted[i];
    b = sorted[i + 1];
    /* b - a overflows only when the signs differ, and then the other form loses nothing */
    return isfinite(b - a) ? a + frac * (b - a) : (1 - frac) * a + frac * b;
}

/* -0 before 0, so that the order of equal numbers never depends on the sort. */
static int
compare(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    bool na = signbit(a) != 0, nb = signbit(b) != 0;

    if (a < b)
        return -1;
    if (a > b)
        return 1;
    return (int)nb - (int)na;
}

void
rg_sort(double *x, size_t n)
{
    if (n > 1)
        qsort(x, n, sizeof *x, compare);
}
