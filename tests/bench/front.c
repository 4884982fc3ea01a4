/* Fronts, ranks and hypervolumes: front [SEED] prints the CPU time of each, best of three. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/front.h"
#include "stats/hypervolume.h"

enum { TRIES = 3 };

struct task {
    const double *points;
    size_t n;
    struct rg_directions dir;
    bool *on;
    uint32_t *rank;
};

static void
find(const struct task *t)
{
    printf("%zu on the front, ", rg_front_find(t->points, t->n, &t->dir, t->on));
}

static void
rank_all(const struct task *t)
{
    printf("%u fronts, ", rg_front_rank(t->points, t->n, &t->dir, t->rank));
}

static void
volume(const struct task *t)
{
    static const double reference[] = {1, 1, 1, 1, 1};

    printf("hypervolume %.6f, ", rg_hypervolume(t->points, t->n, &t->dir, reference));
}

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
measure(const char *name, void (*run)(const struct task *), const struct task *t)
{
    double best = INFINITY;

    printf("%s, %zu points in %zu-D: ", name, t->n, t->dir.d);
    for (int i = 0; i < TRIES; i++) {
        double begin = seconds();

        run(t);
        best = fmin(best, seconds() - begin);
    }
    printf("%.4f s\n", best);
}

/* Uniform in the cube, or on the plane where no point beats another. */
static double *
points(gsl_rng *rng, size_t n, size_t d, bool plane)
{
    double *p = rg_alloc(n, d * sizeof *p);

    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        for (size_t k = 0; k < d; k++)
            sum += p[i * d + k] = plane ? -log(1 - rg_rng_unit(rng)) : rg_rng_unit(rng);
        for (size_t k = 0; plane && k < d; k++)
            p[i * d + k] /= sum;
    }
    return p;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct task *);
        size_t n, d;
        bool plane;
    } tasks[] = {
        {"front, uniform", find, 1000000, 2, false},
        {"front, uniform", find, 1000000, 3, false},
        {"front, uniform", find, 200000, 4, false},
        {"front, all on it", find, 1000000, 2, true},
        {"front, all on it", find, 100000, 3, true},
        {"front, all on it", find, 20000, 4, true},
        {"front, all on it", find, 20000, 5, true},
        {"ranks, uniform", rank_all, 1000000, 2, false},
        {"ranks, uniform", rank_all, 100000, 3, false},
        {"ranks, uniform", rank_all, 20000, 4, false},
        {"hypervolume, all on the front", volume, 1000000, 2, true},
        {"hypervolume, all on the front", volume, 10000, 3, true},
        {"hypervolume, all on the front", volume, 500, 4, true},
        {"hypervolume, all on the front", volume, 50, 5, true},
    };
    gsl_rng *rng = rg_rng_new(argc > 1 ? strtoull(argv[1], NULL, 10) : 1, 0, RG_PURPOSE_TEST);

    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        double *p = points(rng, tasks[i].n, tasks[i].d, tasks[i].plane);
        struct task t = {.points = p, .n = tasks[i].n, .dir = {.d = tasks[i].d}};

        t.on = rg_alloc(t.n, sizeof *t.on);
        t.rank = rg_alloc(t.n, sizeof *t.rank);
        measure(tasks[i].name, tasks[i].run, &t);
        free(t.rank);
        free(t.on);
        free(p);
    }
    gsl_rng_free(rng);
    return 0;
}
