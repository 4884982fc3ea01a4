/* report --against: how much a metric of one cell differs between two files, and how sure that is.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "cli/report.h"
#include "stats/paired.h"
#include "stats/unpaired.h"

/* What a metric was observed to be on each unit: sum by count, or the sum where there are none. */
struct column {
    const double *sum, *count;
    size_t n;
    bool ratio; /* sums over counts of all units together, and not the mean of the units' own */
};

static struct column
column_of(const struct rg_results_cell *c, size_t metric, const struct rg_report_metric *m)
{
    const struct rg_results_vector *v = &c->vectors[metric];

    if (m->over == RG_OVER_REPLICATIONS)
        return (struct column){.sum = v->observed,
                               .n = v->observed ? (size_t)c->counts.replications : 0};
    return (struct column){.sum = v->sums,
                           .count = v->counts,
                           .n = v->sums ? c->n_queries : 0,
                           .ratio = m->info && m->info->kind == RG_METRIC_RATIO};
}

static bool
has(const struct column *c, size_t unit)
{
    return unit < c->n && (c->count ? c->count[unit] > 0 : !isnan(c->sum[unit]));
}

static size_t
own_units(const struct column *c)
{
    size_t n = 0;

    for (size_t u = 0; u < c->n; u++)
        n += has(c, u);
    return n;
}

/* A ratio as a mean over units: R + (sum - R count) / (mean count), whose variance is that of the
 * ratio to first order (W. G. Cochran, Sampling Techniques, 3rd ed., 1977, section 6.3). */
static void
as_means(const struct column *c, const size_t *unit, size_t n, double *out)
{
    struct rg_sum sums = {0}, counts = {0};
    double ratio, mean;

    for (size_t i = 0; i < n; i++) {
        rg_sum_add(&sums, c->sum[unit[i]]);
        rg_sum_add(&counts, c->count[unit[i]]);
    }
    ratio = rg_sum_value(&sums) / rg_sum_value(&counts);
    mean = rg_sum_value(&counts) / (double)n;
    for (size_t i = 0; i < n; i++)
        out[i] = ratio + (c->sum[unit[i]] - ratio * c->count[unit[i]]) / mean;
}

/* Values on the units that a column has, and another if there is one, to out[0..c->n); their mean
 * is the metric's value on these units. Returns how many. */
static size_t
values_of(const struct column *c, const struct column *other, double *out)
{
    size_t *unit = rg_alloc(c->n, sizeof *unit), n = 0;

    for (size_t u = 0; u < c->n; u++)
        if (has(c, u) && (!other || has(other, u)))
            unit[n++] = u;
    if (c->ratio && n > 0)
        as_means(c, unit, n, out);
    for (size_t i = 0; i < n && !c->ratio; i++)
        out[i] = c->count ? c->sum[unit[i]] / c->count[unit[i]] : c->sum[unit[i]];
    free(unit);
    return n;
}

static void
take_test(struct rg_report_change *out, const struct rg_test *t, size_t n)
{
    out->difference = (struct rg_estimate){t->estimate, t->lo, t->hi, n};
    out->p = t->p;
}

/* Fewer than two units that both have: nothing is done. */
static void
pair_up(struct rg_report_change *out, const struct column *old, const struct column *now,
        enum rg_results_over over, double level)
{
    double *a = rg_alloc(old->n, sizeof *a), *b = rg_alloc(now->n, sizeof *b);
    size_t n = values_of(old, now, a);

    if (n >= 2) {
        struct rg_test t;

        (void)values_of(now, old, b);
        out->reference = rg_spread_of(a, n).mean;
        n = rg_paired_differences(b, a, n, b);
        t = rg_paired_t(b, n, 0, RG_TWO_SIDED, level);
        take_test(out, &t, n);
        out->paired = over == RG_OVER_QUERIES ? RG_PAIRED_QUERIES : RG_PAIRED_REPLICATIONS;
        out->partial = n < own_units(old) || n < own_units(now);
    }
    free(a);
    free(b);
}

/* Of single replications there are the intervals by batch means. */
static void
by_intervals(struct rg_report_change *out, const struct rg_results_estimate *old,
             const struct rg_results_estimate *now, bool same_level)
{
    struct rg_estimate x = {now->value, now->lo, now->hi, now->n};
    struct rg_estimate y = {old->value, old->lo, old->hi, old->n};

    out->difference = same_level ? rg_interval_difference(x, y)
                                 : (struct rg_estimate){x.value - y.value, NAN, NAN, 0};
}

static void
apart(struct rg_report_change *out, const struct rg_report_pair *pair, const struct column *old,
      const struct column *now, double level)
{
    double *a = rg_alloc(old->n, sizeof *a), *b = rg_alloc(now->n, sizeof *b);
    size_t n_old = values_of(old, NULL, a), n_now = values_of(now, NULL, b);

    if (n_old >= 2 && n_now >= 2) {
        struct rg_test t = rg_welch_t(b, n_now, a, n_old, RG_TWO_SIDED, level);

        take_test(out, &t, n_now < n_old ? n_now : n_old);
    } else {
        by_intervals(out, &pair->old->estimates[pair->old_metric],
                     &pair->now->estimates[pair->metric], pair->same_level);
    }
    free(a);
    free(b);
}

struct rg_report_change
rg_report_change_of(const struct rg_report_pair *pair, const struct rg_report_metric *m,
                    double level)
{
    struct rg_report_change out = {.paired = RG_PAIRED_NOT,
                                   .reference = pair->old->estimates[pair->old_metric].value,
                                   .difference = {NAN, NAN, NAN, 0},
                                   .p = NAN,
                                   .p_holm = NAN};
    struct column old = column_of(pair->old, pair->old_metric, m);
    struct column now = column_of(pair->now, pair->metric, m);

    if (pair->same_units && (m->over == RG_OVER_QUERIES || pair->same_seed))
        pair_up(&out, &old, &now, m->over, level);
    if (out.paired == RG_PAIRED_NOT)
        apart(&out, pair, &old, &now, level);
    return out;
}
