#include "base/sort.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

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

/* ---- sorting ---- */

enum { FEW = 64, DIGITS = 8, VALUES = 256 };

/* Doubles as whole numbers of the same order; -0 comes before 0, so that the order of equal numbers
 * never depends on the sort. */
static uint64_t
key_of(double x)
{
    uint64_t u;

    memcpy(&u, &x, sizeof u);
    return u >> 63 ? ~u : u | UINT64_C(1) << 63;
}

static double
of_key(uint64_t u)
{
    double x;

    u = u >> 63 ? u & ~(UINT64_C(1) << 63) : ~u;
    memcpy(&x, &u, sizeof x);
    return x;
}

static void
insertion_sort(double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double v = x[i];
        uint64_t key = key_of(v);
        size_t k = i;

        for (; k > 0 && key_of(x[k - 1]) > key; k--)
            x[k] = x[k - 1];
        x[k] = v;
    }
}

/* counts[d][v]: keys whose byte d, from the lowest, is v. */
static void
count(const uint64_t *keys, size_t n, size_t counts[DIGITS][VALUES])
{
    memset(counts, 0, sizeof(size_t) * DIGITS * VALUES);
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < DIGITS; d++)
            counts[d][keys[i] >> (8 * d) & 0xff]++;
}

/* From keys to the other array, by byte d. */
static void
distribute(const uint64_t *keys, uint64_t *to, size_t n, size_t d, size_t counts[VALUES])
{
    size_t at = 0;

    for (size_t v = 0; v < VALUES; v++) {
        size_t k = counts[v];

        counts[v] = at;
        at += k;
    }
    for (size_t i = 0; i < n; i++)
        to[counts[keys[i] >> (8 * d) & 0xff]++] = keys[i];
}

/* By bytes from the lowest (D. E. Knuth, The Art of Computer Programming 3, 5.2.5): several times
 * the speed of comparing, and latencies of whole sweeps are sorted. Bytes that are the same in all
 * numbers, as those of the exponent often are, cost nothing. */
static void
radix_sort(double *x, size_t n)
{
    size_t counts[DIGITS][VALUES];
    uint64_t *room = rg_alloc(n, 2 * sizeof *room);
    uint64_t *keys = room, *other = room + n;

    for (size_t i = 0; i < n; i++)
        keys[i] = key_of(x[i]);
    count(keys, n, counts);
    for (size_t d = 0; d < DIGITS; d++) {
        uint64_t *full = keys;

        if (counts[d][keys[0] >> (8 * d) & 0xff] == n)
            continue;
        distribute(keys, other, n, d, counts[d]);
        keys = other;
        other = full;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = of_key(keys[i]);
    free(room);
}

void
rg_sort(double *x, size_t n)
{
    if (n < FEW)
        insertion_sort(x, n);
    else
        radix_sort(x, n);
}
