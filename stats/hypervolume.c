#include "stats/hypervolume.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"

/* Points are kept as what they are better than the reference by: rows of d positive numbers, the
 * volume being that of the union of boxes from 0 to each of them. */

/* ---- a set of small integers with neighbours in O(log n / 6) ---- */

enum { WORD = 64, LEVELS = 6 };

struct bits {
    size_t levels;
    uint64_t *level[LEVELS]; /* a bit of level i + 1: a word of level i is not 0 */
};

static void
bits_init(struct bits *b, size_t n)
{
    *b = (struct bits){0};
    do {
        n = (n + WORD - 1) / WORD;
        b->level[b->levels++] = rg_zalloc(n, sizeof *b->level[0]);
    } while (n > 1);
}

static void
bits_clear(struct bits *b)
{
    for (size_t i = 0; i < b->levels; i++)
        free(b->level[i]);
}

static void
bits_add(struct bits *b, size_t x)
{
    for (size_t i = 0; i < b->levels; i++, x /= WORD)
        b->level[i][x / WORD] |= UINT64_C(1) << x % WORD;
}

static void
bits_remove(struct bits *b, size_t x)
{
    for (size_t i = 0; i < b->levels; i++, x /= WORD) {
        b->level[i][x / WORD] &= ~(UINT64_C(1) << x % WORD);
        if (b->level[i][x / WORD] != 0)
            break;
    }
}

static size_t
lowest(uint64_t word)
{
    return (size_t)__builtin_ctzll(word);
}

static size_t
highest(uint64_t word)
{
    return (size_t)(WORD - 1 - __builtin_clzll(word));
}

/* The least member above x, or the greatest below it; SIZE_MAX: none. */
static size_t
bits_next(const struct bits *b, size_t x, bool above)
{
    for (size_t i = 0; i < b->levels; i++, x /= WORD) {
        size_t at = x % WORD;
        uint64_t mask =
            above ? (at == WORD - 1 ? 0 : ~UINT64_C(0) << (at + 1)) : (UINT64_C(1) << at) - 1;
        uint64_t word = b->level[i][x / WORD] & mask;

        if (word == 0)
            continue;
        x = x / WORD * WORD + (above ? lowest(word) : highest(word));
        while (i-- > 0) {
            word = b->level[i][x];
            x = x * WORD + (above ? lowest(word) : highest(word));
        }
        return x;
    }
    return SIZE_MAX;
}

/* ---- one, two, three dimensions ---- */

struct point {
    double x, y, z;
    size_t place; /* in ascending order of x */
};

static int
by_x(const void *pa, const void *pb)
{
    const struct point *a = pa, *b = pb;

    return (a->x > b->x) - (a->x < b->x);
}

static int
by_z_descending(const void *pa, const void *pb)
{
    const struct point *a = pa, *b = pb;

    return (a->z < b->z) - (a->z > b->z);
}

static double
volume_1(const double *u, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = u[i] > most ? u[i] : most;
    return most;
}

static double
volume_2(const double *u, size_t n)
{
    struct point *p = rg_alloc(n, sizeof *p);
    struct rg_sum area = {0};
    double height = 0;

    for (size_t i = 0; i < n; i++)
        p[i] = (struct point){.x = u[2 * i + 1], .z = u[2 * i]};
    if (n > 1)
        qsort(p, n, sizeof *p, by_z_descending);
    for (size_t i = 0; i < n; i++) {
        if (p[i].x <= height)
            continue;
        rg_sum_add(&area, p[i].z * (p[i].x - height));
        height = p[i].x;
    }
    free(p);
    return rg_sum_value(&area);
}

struct staircase {
    struct bits steps;       /* by place; x ascends, y descends */
    const struct point **at; /* [place] */
};

/* Area that p adds to the staircase, which takes it in. */
static double
add_step(struct staircase *s, const struct point *p)
{
    size_t right = bits_next(&s->steps, p->place, true);
    double height = right == SIZE_MAX ? 0 : s->at[right]->y, edge = p->x;
    struct rg_sum area = {0};

    if (height >= p->y)
        return 0;
    for (;;) {
        size_t left = bits_next(&s->steps, p->place, false);
        const struct point *q = left == SIZE_MAX ? NULL : s->at[left];

        rg_sum_add(&area, (edge - (q ? q->x : 0)) * (p->y - height));
        if (q == NULL || q->y > p->y)
            break;
        edge = q->x;
        height = q->y;
        bits_remove(&s->steps, left);
    }
    bits_add(&s->steps, p->place);
    s->at[p->place] = p;
    return rg_sum_value(&area);
}

static double
volume_3(const double *u, size_t n)
{
    struct point *p = rg_alloc(n, sizeof *p);
    struct staircase s = {.at = rg_alloc(n, sizeof *s.at)};
    struct rg_sum volume = {0};

    for (size_t i = 0; i < n; i++)
        p[i] = (struct point){.x = u[3 * i], .y = u[3 * i + 1], .z = u[3 * i + 2]};
    if (n > 1)
        qsort(p, n, sizeof *p, by_x);
    for (size_t i = 0; i < n; i++)
        p[i].place = i;
    if (n > 1)
        qsort(p, n, sizeof *p, by_z_descending);
    bits_init(&s.steps, n);
    for (size_t i = 0; i < n; i++)
        rg_sum_add(&volume, p[i].z * add_step(&s, &p[i]));
    bits_clear(&s.steps);
    free(s.at);
    free(p);
    return rg_sum_value(&volume);
}

/* ---- more ---- */

static double volume(const double *u, size_t n, size_t d);

/* Keeps what no other point beats: the limit sets below are of the square of its size. */
static size_t
keep_front(double *u, size_t n, size_t d)
{
    const struct rg_directions up = {d, {true, true, true, true, true}};
    bool *on = rg_alloc(n, sizeof *on);
    size_t kept = 0;

    rg_front_find(u, n, &up, on);
    for (size_t i = 0; i < n; i++)
        if (on[i])
            memmove(u + kept++ * d, u + i * d, d * sizeof *u);
    free(on);
    return kept;
}

/* Indices of the rows by the last column, descending; ties by index. */
static void
order_by_last(const double *u, size_t n, size_t d, size_t *order)
{
    struct point *p = rg_alloc(n, sizeof *p);

    for (size_t i = 0; i < n; i++)
        p[i] = (struct point){.z = u[i * d + d - 1], .place = i};
    if (n > 1)
        qsort(p, n, sizeof *p, by_z_descending);
    for (size_t i = 0; i < n; i++)
        order[i] = p[i].place;
    free(p);
}

/* What row i adds in the first d - 1 columns to the rows before it. */
static double
exclusive(const double *u, size_t d, const size_t *order, size_t i, double *limit)
{
    const double *p = u + order[i] * d;
    double box = 1, taken;

    for (size_t k = 0; k + 1 < d; k++)
        box *= p[k];
    for (size_t j = 0; j < i; j++)
        for (size_t k = 0; k + 1 < d; k++) {
            double q = u[order[j] * d + k];

            limit[j * (d - 1) + k] = q < p[k] ? q : p[k];
        }
    taken = volume(limit, i, d - 1);
    return taken < box ? box - taken : 0;
}

static double
volume_more(double *u, size_t n, size_t d)
{
    size_t *order = rg_alloc(n, sizeof *order);
    double *limit = rg_alloc(n, (d - 1) * sizeof *limit);
    struct rg_sum sum = {0};

    n = keep_front(u, n, d);
    order_by_last(u, n, d, order);
    for (size_t i = 0; i < n; i++)
        rg_sum_add(&sum, u[order[i] * d + d - 1] * exclusive(u, d, order, i, limit));
    free(limit);
    free(order);
    return rg_sum_value(&sum);
}

static double
volume(const double *u, size_t n, size_t d)
{
    double *copy, v;

    switch (d) {
    case 1:
        return volume_1(u, n);
    case 2:
        return volume_2(u, n);
    case 3:
        return volume_3(u, n);
    default:
        copy = rg_alloc(n, d * sizeof *copy);
        memcpy(copy, u, n * d * sizeof *copy);
        v = volume_more(copy, n, d);
        free(copy);
        return v;
    }
}

/* Row to[0..d) of what point is better by; false when it does not count. */
static bool
gains(const double *point, const double *reference, const struct rg_directions *dir, double *to)
{
    for (size_t k = 0; k < dir->d; k++) {
        double x = rg_front_cost(dir, k, point[k]), r = rg_front_cost(dir, k, reference[k]);

        if (!(x < r))
            return false;
        to[k] = r - x;
    }
    return true;
}

double
rg_hypervolume(const double *points, size_t n, const struct rg_directions *dir,
               const double *reference)
{
    size_t d = dir->d, kept = 0;
    double *u, v = 0;

    assert(d >= 1 && d <= RG_FRONT_DIMS);
    for (size_t k = 0; k < d; k++)
        if (isnan(reference[k]))
            return NAN;
    u = rg_alloc(n, d * sizeof *u);
    for (size_t i = 0; i < n; i++)
        kept += gains(points + i * d, reference, dir, u + kept * d);
    for (size_t i = 0; i < kept * d; i++)
        if (isinf(u[i]))
            v = INFINITY;
    if (v == 0 && kept > 0)
        v = volume(u, kept, d);
    free(u);
    return v;
}
