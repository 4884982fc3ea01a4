#include "stats/front.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/front_sets.h"

bool
rg_front_dominates(const double *a, const double *b, const struct rg_directions *dir)
{
    bool better = false;

    for (size_t k = 0; k < dir->d; k++) {
        double x = rg_front_cost(dir, k, a[k]), y = rg_front_cost(dir, k, b[k]);

        if (!(x <= y))
            return false;
        better |= x < y;
    }
    /* A NaN in b fails the comparison above. */
    return better;
}

/* ---- distinct points in order ---- */

/* Records of d coordinates and the point's number, which a double holds exactly below 2^53. */
static inline int
compare(const double *a, const double *b, size_t d)
{
    for (size_t k = 0; k < d; k++)
        if (a[k] != b[k])
            return a[k] < b[k] ? -1 : 1;
    return (a[d] > b[d]) - (a[d] < b[d]);
}

#define COMPARE(D)                                                                                 \
    static int compare_##D(const void *a, const void *b)                                           \
    {                                                                                              \
        return compare(a, b, D);                                                                   \
    }
COMPARE(1)
COMPARE(2)
COMPARE(3)
COMPARE(4)
COMPARE(5)

static int (*const comparisons[])(const void *, const void *) = {
    NULL, compare_1, compare_2, compare_3, compare_4, compare_5,
};
_Static_assert(sizeof comparisons / sizeof *comparisons == RG_FRONT_DIMS + 1, "one per dimension");

/* Records of the points without NaN, sorted; *kept of them. free(). */
static double *
sorted_records(const double *points, size_t n, const struct rg_directions *dir, size_t *kept)
{
    size_t d = dir->d, m = 0;
    double *records = rg_alloc(n, (d + 1) * sizeof *records);

    for (size_t i = 0; i < n; i++) {
        double *to = records + m * (d + 1);
        bool number = true;

        for (size_t k = 0; k < d; k++) {
            to[k] = rg_front_cost(dir, k, points[i * d + k]);
            number &= !isnan(to[k]);
        }
        to[d] = (double)i;
        m += number;
    }
    if (m > 1)
        qsort(records, m, (d + 1) * sizeof *records, comparisons[d]);
    *kept = m;
    return records;
}

void
rg_front_set_init(struct rg_front_set *set, const double *points, size_t n,
                  const struct rg_directions *dir)
{
    size_t d = dir->d, m;
    double *records;

    assert(d >= 1 && d <= RG_FRONT_DIMS);
    records = sorted_records(points, n, dir, &m);
    *set = (struct rg_front_set){.d = d};
    set->key = rg_alloc(m, d * sizeof *set->key);
    set->begin = rg_alloc(m + 1, sizeof *set->begin);
    set->member = rg_alloc(m, sizeof *set->member);
    for (size_t i = 0; i < m; i++) {
        const double *r = records + i * (d + 1);

        if (i == 0 || memcmp(r, r - (d + 1), d * sizeof *r) != 0) {
            memcpy(set->key + set->n * d, r, d * sizeof *r);
            set->begin[set->n++] = i;
        }
        set->member[i] = (size_t)r[d];
    }
    set->begin[set->n] = m;
    free(records);
}

void
rg_front_set_clear(struct rg_front_set *set)
{
    free(set->key);
    free(set->begin);
    free(set->member);
    *set = (struct rg_front_set){0};
}

/* ---- the front: best[i] of the distinct points ---- */

static void
front_2(const struct rg_front_set *set, bool *best)
{
    double least = INFINITY;

    for (size_t i = 0; i < set->n; i++) {
        double y = set->key[2 * i + 1];

        best[i] = i == 0 || y < least;
        if (best[i])
            least = y;
    }
}

static int
ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Position of x among sorted[0..n), where it is. */
static size_t
position(const double *sorted, size_t n, double x)
{
    size_t lo = 0;

    while (n > 1) {
        size_t half = n / 2;

        if (sorted[lo + half] <= x)
            lo += half;
        n -= half;
    }
    return lo;
}

/* The staircase of columns 1 and 2 of the points so far, as least values of column 2 over all
 * smaller values of column 1 (P. M. Fenwick's tree of prefixes). */
static void
front_3(const struct rg_front_set *set, bool *best)
{
    size_t n = set->n;
    double *sorted = rg_alloc(n, sizeof *sorted), *least = rg_alloc(n + 1, sizeof *least);

    /* NaN is above all: even an infinite value is the first of its place. */
    for (size_t i = 0; i < n; i++) {
        sorted[i] = set->key[3 * i + 1];
        least[i + 1] = NAN;
    }
    if (n > 0)
        qsort(sorted, n, sizeof *sorted, ascending);
    for (size_t i = 0; i < n; i++) {
        size_t at = position(sorted, n, set->key[3 * i + 1]) + 1;
        double z = set->key[3 * i + 2];

        best[i] = true;
        for (size_t j = at; j > 0; j &= j - 1)
            best[i] &= !(least[j] <= z);
        if (best[i])
            for (size_t j = at; j <= n; j += j & -j)
                least[j] = least[j] <= z ? least[j] : z;
    }
    free(least);
    free(sorted);
}

static void
front_more(const struct rg_front_set *set, bool *best)
{
    uint32_t *rank = rg_alloc(set->n, sizeof *rank);

    rg_front_divide(set, true, rank);
    for (size_t i = 0; i < set->n; i++)
        best[i] = rank[i] == 1;
    free(rank);
}

size_t
rg_front_find(const double *points, size_t n, const struct rg_directions *dir, bool *on_front)
{
    struct rg_front_set set;
    size_t count = 0;
    bool *best;

    rg_front_set_init(&set, points, n, dir);
    best = rg_zalloc(set.n, sizeof *best);
    if (set.d == 1 && set.n > 0)
        best[0] = true;
    else if (set.d == 2)
        front_2(&set, best);
    else if (set.d == 3)
        front_3(&set, best);
    else if (set.d > 3)
        front_more(&set, best);
    for (size_t i = 0; i < n; i++)
        on_front[i] = false;
    for (size_t i = 0; i < set.n; i++) {
        if (!best[i])
            continue;
        for (size_t j = set.begin[i]; j < set.begin[i + 1]; j++)
            on_front[set.member[j]] = true;
        count += set.begin[i + 1] - set.begin[i];
    }
    free(best);
    rg_front_set_clear(&set);
    return count;
}

/* ---- ranks of the distinct points ---- */

/* least[r] is the least value of column 1 on front r so far. It does not fall with r: whoever is on
 * a front is dominated by somebody on the one before. */
static void
ranks_2(const struct rg_front_set *set, uint32_t *rank)
{
    double *least = rg_alloc(set->n, sizeof *least);
    size_t fronts = 0;

    for (size_t i = 0; i < set->n; i++) {
        double y = set->key[2 * i + 1];
        size_t lo = 0, hi = fronts;

        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;

            if (least[mid] <= y)
                lo = mid + 1;
            else
                hi = mid;
        }
        least[lo] = y;
        fronts += lo == fronts;
        rank[i] = (uint32_t)(lo + 1);
    }
    free(least);
}

uint32_t
rg_front_rank(const double *points, size_t n, const struct rg_directions *dir, uint32_t *rank)
{
    struct rg_front_set set;
    uint32_t most = 0, *ranks;

    assert(n < UINT32_MAX);
    rg_front_set_init(&set, points, n, dir);
    ranks = rg_alloc(set.n, sizeof *ranks);
    if (set.d == 1)
        for (size_t i = 0; i < set.n; i++)
            ranks[i] = (uint32_t)(i + 1);
    else if (set.d == 2)
        ranks_2(&set, ranks);
    else
        rg_front_divide(&set, false, ranks);
    for (size_t i = 0; i < n; i++)
        rank[i] = 0;
    for (size_t i = 0; i < set.n; i++) {
        for (size_t j = set.begin[i]; j < set.begin[i + 1]; j++)
            rank[set.member[j]] = ranks[i];
        most = ranks[i] > most ? ranks[i] : most;
    }
    free(ranks);
    rg_front_set_clear(&set);
    return most;
}
