/* One-pass summaries: of a stream of numbers, and of a number that changes in time.
 *
 * struct rg_summary: count, mean, variance, extremes.
 *
 * Adding: B. P. Welford, "Note on a method for calculating corrected sums of squares and products",
 * Technometrics 4 (1962) 419-420. Merging: T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for
 * computing the sample variance", The American Statistician 37 (1983) 242-247.
 *
 * struct rg_level: its value, the integral and the greatest value. Right-continuous: a value counts
 * from the instant at which it is set.
 *
 * Initialise both with {0}. */
#ifndef RG_SIM_ENGINE_SUMMARY_H
#define RG_SIM_ENGINE_SUMMARY_H

#include <math.h>
#include <stdint.h>

#include "base/sum.h"

struct rg_summary {
    uint64_t n;
    double mean;     /* 0 for n = 0 */
    double m2;       /* sum of squared deviations from the mean */
    double min, max; /* 0 for n = 0 */
};

/* inverse: 1 / (s->n + 1), for who adds to several summaries of the same length. */
static inline void
rg_summary_add_with(struct rg_summary *s, double x, double inverse)
{
    double d = x - s->mean;

    if (s->n == 0)
        s->min = s->max = x;
    s->min = x < s->min ? x : s->min;
    s->max = x > s->max ? x : s->max;
    s->n++;
    s->mean += d * inverse;
    s->m2 += d * (x - s->mean);
}

static inline void
rg_summary_add(struct rg_summary *s, double x)
{
    rg_summary_add_with(s, x, 1 / ((double)s->n + 1));
}

/* *s becomes the summary of both streams; either may be empty. */
static inline void
rg_summary_merge(struct rg_summary *s, const struct rg_summary *t)
{
    double ns = (double)s->n;
    double nt = (double)t->n;
    double d = t->mean - s->mean;

    if (t->n == 0)
        return;
    if (s->n == 0) {
        *s = *t;
        return;
    }
    s->n += t->n;
    s->mean += d * (nt / (ns + nt));
    s->m2 += t->m2 + d * d * (ns * nt / (ns + nt));
    s->min = fmin(s->min, t->min);
    s->max = fmax(s->max, t->max);
}

static inline double
rg_summary_sum(const struct rg_summary *s)
{
    return s->mean * (double)s->n;
}

/* Sample variance; 0 for n < 2. */
static inline double
rg_summary_variance(const struct rg_summary *s)
{
    return s->n < 2 ? 0.0 : s->m2 / (double)(s->n - 1);
}

struct rg_level {
    uint32_t value;
    uint32_t max;
    double changed;     /* s, clock: when it got this value */
    struct rg_sum area; /* integral up to then, s */
};

static inline void
rg_level_set(struct rg_level *l, double now, uint32_t value)
{
    if (value == l->value)
        return;
    rg_sum_add(&l->area, l->value * (now - l->changed));
    l->changed = now;
    l->value = value;
    if (value > l->max)
        l->max = value;
}

/* The integral up to now, s; over the time since the reset it is the mean. */
static inline double
rg_level_area(const struct rg_level *l, double now)
{
    struct rg_sum area = l->area;

    rg_sum_add(&area, l->value * (now - l->changed));
    return rg_sum_value(&area);
}

/* Keeps the value and forgets its past. */
static inline void
rg_level_reset(struct rg_level *l, double now)
{
    *l = (struct rg_level){.value = l->value, .max = l->value, .changed = now};
}

#endif
