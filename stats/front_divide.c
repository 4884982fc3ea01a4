/* Ranks by divide and conquer. The points stand in lexicographic order, so that only an earlier one
 * can dominate a later one. The first half is ranked; its ranks are handed on to the points of the
 * second half that it dominates; the second half is ranked. Handing on halves the range of one
 * column after the other, down to two columns, where a sweep along one and a Fenwick tree over the
 * other do the rest. Ranks of the givers are final, so the parts can be done in any order, and ties
 * need no care: columns are compared as places among their distinct values. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/front_sets.h"

enum { FEW = 32, FEW_PAIRS = 256 }; /* below this all pairs are compared */

struct work {
    size_t n, d;
    bool front_only;
    uint32_t *place; /* n x d: the value's place among the distinct values of its column */
    uint32_t *rank;
    uint32_t *tree;      /* n + 1: greatest rank, for prefixes; all 0 between uses */
    uint64_t *from, *to; /* n each: sorted numbers of givers and takers */
};

/* ---- places ---- */

struct value {
    double x;
    size_t i;
};

static int
by_value(const void *pa, const void *pb)
{
    const struct value *a = pa, *b = pb;

    return (a->x > b->x) - (a->x < b->x);
}

static void
find_places(struct work *w, const struct rg_front_set *set)
{
    struct value *v = rg_alloc(w->n, sizeof *v);

    for (size_t k = 0; k < w->d; k++) {
        uint32_t place = 0;

        for (size_t i = 0; i < w->n; i++)
            v[i] = (struct value){set->key[i * w->d + k], i};
        if (w->n > 1)
            qsort(v, w->n, sizeof *v, by_value);
        for (size_t i = 0; i < w->n; i++) {
            place += i > 0 && v[i].x != v[i - 1].x;
            w->place[v[i].i * w->d + k] = place;
        }
    }
    free(v);
}

/* ---- handing on ---- */

struct group {
    uint32_t *i; /* numbers of points; permuted at will */
    size_t n;
};

static void
hand_pair(struct work *w, uint32_t giver, uint32_t taker, size_t k)
{
    const uint32_t *a = w->place + giver * w->d, *b = w->place + taker * w->d;

    if (w->rank[giver] < w->rank[taker])
        return;
    for (; k < w->d; k++)
        if (a[k] > b[k])
            return;
    w->rank[taker] = w->rank[giver] + 1;
}

static int
by_number(const void *pa, const void *pb)
{
    uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

    return (a > b) - (a < b);
}

static void
sort_group(const struct work *w, struct group g, size_t k, uint64_t *sorted)
{
    for (size_t i = 0; i < g.n; i++)
        sorted[i] = (uint64_t)w->place[g.i[i] * w->d + k] << 32 | g.i[i];
    qsort(sorted, g.n, sizeof *sorted, by_number);
}

/* The last two columns. */
static void
hand_sweep(struct work *w, struct group from, struct group to)
{
    size_t k = w->d - 2, given = 0;

    sort_group(w, from, k, w->from);
    sort_group(w, to, k, w->to);
    for (size_t t = 0; t < to.n; t++) {
        uint32_t taker = (uint32_t)w->to[t], most = 0;

        for (; given < from.n && w->from[given] >> 32 <= w->to[t] >> 32; given++) {
            uint32_t giver = (uint32_t)w->from[given];

            for (size_t j = w->place[giver * w->d + k + 1] + 1; j <= w->n; j += j & -j)
                if (w->tree[j] < w->rank[giver])
                    w->tree[j] = w->rank[giver];
        }
        for (size_t j = w->place[taker * w->d + k + 1] + 1; j > 0; j &= j - 1)
            most = w->tree[j] > most ? w->tree[j] : most;
        if (w->rank[taker] <= most)
            w->rank[taker] = most + 1;
    }
    while (given-- > 0)
        for (size_t j = w->place[(uint32_t)w->from[given] * w->d + k + 1] + 1; j <= w->n;
             j += j & -j)
            w->tree[j] = 0;
}

/* Those whose place in column k is below mid come first; how many they are. */
static size_t
split(const struct work *w, struct group g, size_t k, uint32_t mid)
{
    size_t low = 0;

    for (size_t i = 0; i < g.n; i++) {
        uint32_t t = g.i[i];

        if (w->place[t * w->d + k] >= mid)
            continue;
        g.i[i] = g.i[low];
        g.i[low++] = t;
    }
    return low;
}

/* Columns before k are known to be no worse in from; places in column k are in [lo, hi). */
static void
hand(struct work *w, struct group from, struct group to, size_t k, uint32_t lo, uint32_t hi)
{
    uint32_t mid = lo + (hi - lo) / 2;
    struct group low, high;
    size_t n;

    if (from.n == 0 || to.n == 0)
        return;
    if (from.n * to.n <= FEW_PAIRS) {
        for (size_t i = 0; i < from.n; i++)
            for (size_t j = 0; j < to.n; j++)
                hand_pair(w, from.i[i], to.i[j], k);
        return;
    }
    if (w->d - k == 2) {
        hand_sweep(w, from, to);
        return;
    }
    if (hi - lo == 1) {
        hand(w, from, to, k + 1, 0, (uint32_t)w->n);
        return;
    }
    n = split(w, from, k, mid);
    low = (struct group){from.i, n};
    from = (struct group){from.i + n, from.n - n};
    n = split(w, to, k, mid);
    high = (struct group){to.i + n, to.n - n};
    to = (struct group){to.i, n};
    hand(w, low, to, k, lo, mid);
    hand(w, from, high, k, mid, hi);
    hand(w, low, high, k + 1, 0, (uint32_t)w->n);
}

/* ---- halving ---- */

static size_t
drop_dominated(const struct work *w, uint32_t *i, size_t n)
{
    size_t kept = 0;

    for (size_t j = 0; j < n; j++)
        if (w->rank[i[j]] == 1)
            i[kept++] = i[j];
    return kept;
}

static void
hand_halves(struct work *w, const uint32_t *i, size_t n, const uint32_t *later, size_t n_later)
{
    uint32_t *copy = rg_alloc(n + n_later, sizeof *copy);

    for (size_t j = 0; j < n; j++)
        copy[j] = i[j];
    for (size_t j = 0; j < n_later; j++)
        copy[n + j] = later[j];
    hand(w, (struct group){copy, n}, (struct group){copy + n, n_later}, 1, 0, (uint32_t)w->n);
    free(copy);
}

/* Ranks i[0..n), in lexicographic order. Where only the front is wanted, what is dominated is
 * dropped on the way; returns how many are left, in order. */
static size_t
solve(struct work *w, uint32_t *i, size_t n)
{
    size_t first = n / 2, second = n - first;

    if (n <= FEW) {
        for (size_t b = 1; b < n; b++)
            for (size_t a = 0; a < b; a++)
                hand_pair(w, i[a], i[b], 1);
        return w->front_only ? drop_dominated(w, i, n) : n;
    }
    first = solve(w, i, first);
    hand_halves(w, i, first, i + n / 2, second);
    if (w->front_only)
        second = drop_dominated(w, i + n / 2, second);
    second = solve(w, i + n / 2, second);
    for (size_t j = 0; j < second; j++)
        i[first + j] = i[n / 2 + j];
    return first + second;
}

void
rg_front_divide(const struct rg_front_set *set, bool front_only, uint32_t *rank)
{
    struct work w = {.n = set->n, .d = set->d, .front_only = front_only, .rank = rank};
    uint32_t *i = rg_alloc(w.n, sizeof *i);

    assert(w.d >= 3 && w.n < UINT32_MAX);
    w.place = rg_alloc(w.n, w.d * sizeof *w.place);
    w.tree = rg_zalloc(w.n + 1, sizeof *w.tree);
    w.from = rg_alloc(w.n, sizeof *w.from);
    w.to = rg_alloc(w.n, sizeof *w.to);
    find_places(&w, set);
    for (size_t j = 0; j < w.n; j++) {
        i[j] = (uint32_t)j;
        rank[j] = 1;
    }
    solve(&w, i, w.n);
    free(w.to);
    free(w.from);
    free(w.tree);
    free(w.place);
    free(i);
}
