/* The acceleration of BCa intervals: the skewness of the influence of units, by leaving out.
 *
 * With u_si = (n_s - 1) / n_s (mean over i of t_(-si) - t_(-si)) for unit i of stratum s, about the
 * influence of the unit divided by n_s, it is sum u^3 / (6 (sum u^2)^1.5): Davison and Hinkley,
 * eq. (5.25), with jackknife values for l. Left out in groups of g units, u is the sum of about g
 * of them, whose squares and cubes add up in the mean: the formula stays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "stats/bootstrap_private.h"

struct powers {
    struct rg_sum second, third;
};

/* Of the k values of one stratum. */
static void
add_stratum(struct powers *p, const double *t, size_t k, double scale)
{
    double mean = rg_sum_of(t, k) / (double)k, share = (double)(k - 1) / (double)k;

    for (size_t i = 0; i < k; i++) {
        double u = share * (mean - t[i]) / scale;

        rg_sum_add(&p->second, u * u);
        rg_sum_add(&p->third, u * u * u);
    }
}

static double
largest_step(const double *t, size_t k, double value)
{
    double max = 0;

    for (size_t i = 0; i < k; i++)
        max = fmax(max, fabs(t[i] - value));
    return max;
}

/* Groups of a stratum of n units in a jackknife of at most `most` groups in all. */
static size_t
groups(size_t n, size_t all, size_t most)
{
    size_t k = all <= most ? n : (size_t)ceil((double)n / (double)all * (double)most);

    return k < 2 ? (n < 2 ? n : 2) : k;
}

/* t[j][group] of every statistic; sums leave out single units, all else groups. */
struct leave {
    const struct rg_boot_job *job;
    struct rg_boot_bench *bench;
    double *t; /* [m][cap] */
    size_t cap;
};

static void
keep(const struct leave *l, size_t group, bool sums)
{
    const struct rg_boot_job *job = l->job;

    for (size_t j = 0; j < job->boot->m; j++)
        if (sums == (job->terms && rg_boot_terms_is_sum(job->terms, j)))
            l->t[j * l->cap + group] = l->bench->out[j];
}

static void
leave_units(const struct leave *l, size_t begin, size_t end)
{
    for (size_t u = begin; u < end; u++) {
        rg_boot_terms_without(l->job->terms, u, l->bench->mean, l->bench->out);
        keep(l, u - begin, true);
    }
}

static void
leave_groups(const struct leave *l, size_t begin, size_t end, size_t k)
{
    uint32_t *count = l->bench->count;
    size_t n = end - begin;

    for (size_t g = 0; g < k; g++) {
        size_t from = begin + g * n / k, to = begin + (g + 1) * n / k;

        for (size_t u = 0; u < l->job->units.n; u++)
            count[u] = u < from || u >= to;
        rg_boot_evaluate(l->job, l->bench);
        keep(l, g, false);
    }
}

static void
accelerate(struct rg_bootstrap *boot, const struct powers *p)
{
    for (size_t j = 0; j < boot->m; j++) {
        double second = rg_sum_value(&p[j].second);

        boot->accel[j] = rg_sum_value(&p[j].third) / (6 * second * sqrt(second));
        if (!isfinite(boot->accel[j]))
            boot->accel[j] = 0;
    }
}

/* Something to divide by so that no power under- or overflows: the largest step of the first
 * stratum in which there is one. */
static void
add_powers(struct powers *p, double *scale, const double *t, size_t k, double value)
{
    double step = largest_step(t, k, value);
    int e = 0;

    if (*scale == 0 && step > 0 && isfinite(step)) {
        (void)frexp(step, &e);
        *scale = ldexp(1, e);
    }
    add_stratum(p, t, k, *scale > 0 ? *scale : 1);
}

void
rg_boot_jackknife(const struct rg_boot_job *job, struct rg_boot_bench *bench)
{
    const struct rg_boot_units *units = &job->units;
    struct rg_bootstrap *boot = job->boot;
    struct powers *p = rg_zalloc(boot->m, sizeof *p);
    double *scale = rg_zalloc(boot->m, sizeof *scale);
    struct leave l = {job, bench, NULL, 0};
    bool others = !job->terms || rg_boot_terms_needs_rows(job->terms);

    for (size_t s = 0; s < units->strata; s++) {
        size_t begin = units->begin[s], end = units->begin[s + 1], n = end - begin;
        size_t k = groups(n, units->n, RG_BOOTSTRAP_GROUPS);

        if (n < 2)
            continue;
        l.cap = n;
        l.t = rg_alloc(boot->m * n, sizeof *l.t);
        if (job->terms)
            leave_units(&l, begin, end);
        if (others)
            leave_groups(&l, begin, end, k);
        for (size_t j = 0; j < boot->m; j++) {
            bool single = job->terms && rg_boot_terms_is_sum(job->terms, j);

            add_powers(&p[j], &scale[j], l.t + j * n, single ? n : k, boot->value[j]);
        }
        free(l.t);
    }
    accelerate(boot, p);
    free(scale);
    free(p);
}
