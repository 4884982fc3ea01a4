#include "stats/hull.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"

struct point {
    double x, y;
    size_t i;
};

static int
compare(const void *pa, const void *pb)
{
    const struct point *a = pa, *b = pb;

    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    if (a->y != b->y)
        return a->y > b->y ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

/* The finite points, one for each x, ascending; free(). */
static struct point *
sorted(const double *x, const double *y, size_t n, size_t *kept)
{
    struct point *p = rg_alloc(n, sizeof *p);
    size_t m = 0, distinct = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]) && isfinite(y[i]))
            p[m++] = (struct point){x[i], y[i], i};
    if (m > 1)
        qsort(p, m, sizeof *p, compare);
    for (size_t i = 0; i < m; i++)
        if (distinct == 0 || p[i].x != p[distinct - 1].x)
            p[distinct++] = p[i];
    *kept = distinct;
    return p;
}

/* b is not above the line from a to c. */
static bool
below(const struct point *a, const struct point *b, const struct point *c)
{
    return (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x) >= 0;
}

size_t
rg_hull_upper(const double *x, const double *y, size_t n, size_t *vertex)
{
    size_t m, h = 0;
    struct point *p = sorted(x, y, n, &m);

    for (size_t i = 0; i < m; i++) {
        while (h >= 2 && below(&p[h - 2], &p[h - 1], &p[i]))
            h--;
        p[h++] = p[i];
    }
    for (size_t i = 0; i < h; i++)
        vertex[i] = p[i].i;
    free(p);
    return h;
}

size_t
rg_hull_nondecreasing(const double *x, const double *y, size_t n, size_t *vertex)
{
    size_t h = rg_hull_upper(x, y, n, vertex), top = 0;

    for (size_t i = 1; i < h; i++)
        if (y[vertex[i]] > y[vertex[top]])
            top = i;
    return h == 0 ? 0 : top + 1;
}

double
rg_hull_area(const double *x, const double *y, const size_t *vertex, size_t n_vertices,
             double x_end)
{
    struct rg_sum area = {0};
    size_t last;

    if (n_vertices == 0)
        return 0;
    last = vertex[n_vertices - 1];
    if (!(x_end >= x[last]))
        return NAN;
    for (size_t i = 1; i < n_vertices; i++) {
        size_t a = vertex[i - 1], b = vertex[i];

        rg_sum_add(&area, (x[b] - x[a]) * (y[b] + y[a]) / 2);
    }
    rg_sum_add(&area, (x_end - x[last]) * y[last]);
    return rg_sum_value(&area);
}

size_t
rg_hull_front(const double *points, size_t n, const struct rg_directions *dir, bool *on_hull)
{
    double *x = rg_alloc(n, sizeof *x), *y = rg_alloc(n, sizeof *y);
    size_t *vertex = rg_alloc(n, sizeof *vertex), h;

    assert(dir->d == 2);
    for (size_t i = 0; i < n; i++) {
        x[i] = rg_front_cost(dir, 0, points[2 * i]);
        y[i] = -rg_front_cost(dir, 1, points[2 * i + 1]);
    }
    h = rg_hull_nondecreasing(x, y, n, vertex);
    for (size_t i = 0; i < n; i++)
        on_hull[i] = false;
    for (size_t i = 0; i < h; i++)
        on_hull[vertex[i]] = true;
    free(vertex);
    free(y);
    free(x);
    return h;
}
