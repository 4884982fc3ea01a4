#include "base/sketch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sort.h"

enum { MANTISSA_BITS = 52, KEPT_BITS = 11, LOWEST = -40, HIGHEST = 40 };
enum { BINS = ((HIGHEST - LOWEST) << KEPT_BITS) + 2 };

static uint64_t
bits_of(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double
of_bits(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Bin 0 holds 0; bin i + 1 the numbers that begin with the bits of 2^LOWEST, plus i. */
static size_t
bin_of(double x)
{
    const uint64_t first = bits_of(0x1p-40) >> (MANTISSA_BITS - KEPT_BITS);
    uint64_t key = bits_of(x) >> (MANTISSA_BITS - KEPT_BITS);

    if (!(x > 0))
        return 0;
    if (key < first)
        return 1;
    return key - first + 1 < BINS ? (size_t)(key - first + 1) : BINS - 1;
}

static double
middle_of(size_t bin)
{
    const uint64_t first = bits_of(0x1p-40) >> (MANTISSA_BITS - KEPT_BITS);
    uint64_t half = UINT64_C(1) << (MANTISSA_BITS - KEPT_BITS - 1);

    if (bin == 0)
        return 0;
    return of_bits(((bin - 1 + first) << (MANTISSA_BITS - KEPT_BITS)) + half);
}

static void
to_bins(struct rg_sketch *s)
{
    s->bins = rg_zalloc(BINS, sizeof *s->bins);
    for (uint64_t i = 0; i < s->n; i++)
        s->bins[bin_of(s->exact[i])]++;
    free(s->exact);
    s->exact = NULL;
}

void
rg_sketch_add(struct rg_sketch *s, double x)
{
    assert(x >= 0 && isfinite(x));
    if (s->n == RG_SKETCH_EXACT && !s->bins)
        to_bins(s);
    if (s->bins) {
        s->bins[bin_of(x)]++;
    } else {
        s->exact = rg_grow(s->exact, &s->cap, s->n + 1, sizeof *s->exact);
        s->exact[s->n] = x;
        s->sorted = false;
    }
    s->n++;
}

/* A walk over the bins: ranks are asked for in ascending order. */
struct walk {
    size_t bin;
    uint64_t seen; /* values up to and with that bin */
};

/* Value of rank k, from 0. */
static double
of_rank(const struct rg_sketch *s, struct walk *w, uint64_t k)
{
    while (w->seen <= k && w->bin + 1 < BINS)
        w->seen += s->bins[++w->bin];
    return middle_of(w->bin);
}

static double
binned(const struct rg_sketch *s, struct walk *w, double q)
{
    double at = (double)(s->n - 1) * q;
    uint64_t k = (uint64_t)at;
    double low = of_rank(s, w, k);
    struct walk next = *w; /* the next quantile may begin at k again */
    double high = k + 1 < s->n ? of_rank(s, &next, k + 1) : low;

    return low + (at - (double)k) * (high - low);
}

static void
sort(struct rg_sketch *s)
{
    if (!s->bins && !s->sorted)
        rg_sort(s->exact, s->n);
    s->sorted = true;
}

double
rg_sketch_quantile(struct rg_sketch *s, double q)
{
    struct walk w = {0, s->bins ? s->bins[0] : 0};

    assert(q >= 0 && q <= 1);
    if (s->n == 0)
        return NAN;
    sort(s);
    return s->bins ? binned(s, &w, q) : rg_quantile7(s->exact, s->n, q);
}

void
rg_sketch_quantiles(struct rg_sketch *s, size_t n, double *out)
{
    struct walk w = {0, s->bins ? s->bins[0] : 0};

    sort(s);
    for (size_t i = 0; i <= n; i++) {
        double q = (double)i / (double)n;

        out[i] = s->n == 0 ? (double)NAN
                 : s->bins ? binned(s, &w, q)
                           : rg_quantile7(s->exact, s->n, q);
    }
}

void
rg_sketch_clear(struct rg_sketch *s)
{
    free(s->exact);
    free(s->bins);
    *s = (struct rg_sketch){0};
}
