#include "stats/attainment.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

struct point {
    double x, y; /* as costs */
    size_t i;
};

static int
compare(const void *pa, const void *pb)
{
    const struct point *a = pa, *b = pb;

    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

static struct point *
sorted(const double *points, size_t n, const struct rg_directions *dir, size_t *kept)
{
    struct point *p = rg_alloc(n, sizeof *p);
    size_t m = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(points[2 * i]) && isfinite(points[2 * i + 1]))
            p[m++] = (struct point){rg_front_cost(dir, 0, points[2 * i]),
                                    rg_front_cost(dir, 1, points[2 * i + 1]), i};
    if (m > 1)
        qsort(p, m, sizeof *p, compare);
    *kept = m;
    return p;
}

/* A run has come down from height old to now: keeps heights[0..n) ascending. */
static void
lower(double *heights, size_t n, double old, double now)
{
    size_t at = 0;

    while (at < n && heights[at] != old)
        at++;
    assert(at < n);
    for (; at > 0 && heights[at - 1] > now; at--)
        heights[at] = heights[at - 1];
    heights[at] = now;
}

size_t
rg_attainment_surface(const double *points, const uint32_t *run, size_t n, uint32_t n_runs,
                      uint32_t level, const struct rg_directions *dir, double *surface)
{
    double *of_run = rg_alloc(n_runs, sizeof *of_run), *heights;
    size_t m, corners = 0;
    struct point *p = sorted(points, n, dir, &m);

    assert(dir->d == 2 && level >= 1 && level <= n_runs);
    heights = rg_alloc(n_runs, sizeof *heights);
    for (uint32_t r = 0; r < n_runs; r++)
        of_run[r] = heights[r] = INFINITY;
    for (size_t i = 0; i < m;) {
        double x = p[i].x, before = heights[level - 1];

        for (; i < m && p[i].x == x; i++) {
            double *own = &of_run[run[p[i].i]];

            if (p[i].y < *own) {
                lower(heights, n_runs, *own, p[i].y);
                *own = p[i].y;
            }
        }
        if (heights[level - 1] < before) {
            surface[2 * corners] = dir->maximise[0] ? -x : x;
            surface[2 * corners++ + 1] =
                dir->maximise[1] ? -heights[level - 1] : heights[level - 1];
        }
    }
    free(heights);
    free(p);
    free(of_run);
    return corners;
}

double
rg_attainment_share(const double *points, const uint32_t *run, size_t n, uint32_t n_runs,
                    const double *place, const struct rg_directions *dir)
{
    bool *attained = rg_zalloc(n_runs, sizeof *attained);
    uint32_t count = 0;

    assert(dir->d == 2);
    for (size_t i = 0; i < n; i++) {
        bool finite = isfinite(points[2 * i]) && isfinite(points[2 * i + 1]);

        for (size_t k = 0; k < 2; k++)
            finite &= rg_front_cost(dir, k, points[2 * i + k]) <= rg_front_cost(dir, k, place[k]);
        if (finite && !attained[run[i]]) {
            attained[run[i]] = true;
            count++;
        }
    }
    free(attained);
    return n_runs == 0 ? NAN : (double)count / n_runs;
}
