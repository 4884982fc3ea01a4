/* report: what groups of cells show of a metric, unit by unit and as an estimate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "cli/report.h"

/* ---- units ---- */

static size_t
n_seeds(const struct rg_report *r)
{
    return r->seed_axis == SIZE_MAX ? 1 : rg_results_n_values(r->db, r->seed_axis);
}

static size_t
seed_of(const struct rg_report *r, size_t cell)
{
    return r->seed_axis == SIZE_MAX ? 0 : rg_results_of(r->db, r->cells[cell].cell, r->seed_axis);
}

size_t
rg_report_n_units(const struct rg_report *r, size_t metric)
{
    return r->metrics[metric].over == RG_OVER_QUERIES ? rg_results_n_queries(r->db)
                                                      : n_seeds(r) * r->replications;
}

static double
value_of(const struct rg_report *r, size_t cell, size_t metric, size_t unit)
{
    const struct rg_results_vector *v = &r->cells[cell].vectors[metric];
    size_t replication;

    if (r->metrics[metric].over == RG_OVER_QUERIES)
        return v->sums && v->counts[unit] > 0 ? v->sums[unit] / v->counts[unit] : NAN;
    replication = unit % r->replications;
    return v->observed && replication < r->cells[cell].counts.replications
               ? v->observed[replication]
               : NAN;
}

void
rg_report_units(const struct rg_report *r, const struct rg_report_group *g, size_t metric,
                double *out)
{
    bool queries = r->metrics[metric].over == RG_OVER_QUERIES;

    for (size_t u = 0; u < rg_report_n_units(r, metric); u++) {
        struct rg_sum sum = {0};
        size_t n = 0;
        bool all = true;

        for (size_t i = 0; i < g->n; i++) {
            double x;

            if (!queries && seed_of(r, g->cell[i]) != u / r->replications)
                continue;
            x = value_of(r, g->cell[i], metric, u);
            all = all && !isnan(x);
            if (!isnan(x)) {
                rg_sum_add(&sum, x);
                n++;
            }
        }
        /* A replication that only some cells made is no observation of all; a query that only some
         * were asked (another seed draws others) is one of those. */
        out[u] = n > 0 && (queries || all) ? rg_sum_value(&sum) / (double)n : NAN;
    }
}

size_t
rg_report_complete(const struct rg_report *r, const struct rg_report_group *const *groups, size_t n,
                   size_t metric, double *out)
{
    size_t units = rg_report_n_units(r, metric), kept = 0;
    double *column = rg_alloc(units, sizeof *column);

    for (size_t i = 0; i < n; i++) {
        rg_report_units(r, groups[i], metric, column);
        for (size_t u = 0; u < units; u++)
            out[u * n + i] = column[u];
    }
    for (size_t u = 0; u < units; u++) {
        bool whole = true;

        for (size_t i = 0; i < n; i++)
            whole = whole && isfinite(out[u * n + i]);
        if (whole)
            memmove(&out[kept++ * n], &out[u * n], n * sizeof *out);
    }
    free(column);
    return kept;
}

/* ---- estimates ---- */

bool
rg_report_saturated(const struct rg_report *r, const struct rg_report_group *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (r->cells[g->cell[i]].counts.saturated != RG_NO_MODEL)
            return true;
    return false;
}

/* Sums over sums, of all cells together. */
static struct rg_estimate
ratio(const struct rg_report *r, const struct rg_report_group *g, size_t metric)
{
    size_t n = rg_results_n_queries(r->db);
    double *hits = rg_zalloc(n, sizeof *hits), *trials = rg_zalloc(n, sizeof *trials);
    struct rg_estimate e;

    for (size_t i = 0; i < g->n; i++) {
        const struct rg_results_vector *v = &r->cells[g->cell[i]].vectors[metric];

        for (size_t q = 0; q < n && v->sums; q++) {
            hits[q] += v->sums[q];
            trials[q] += v->counts[q];
        }
    }
    e = rg_interval_rate_sizes(hits, trials, n, r->level);
    free(hits);
    free(trials);
    return e;
}

/* Requests behind a group's goodput, counted once: cells of one seed share their random numbers,
 * what one of them shows no other confirms. At least so many: those of the warm-up are taken off
 * though some of them may have been skipped. */
static uint64_t
requests_of(const struct rg_report *r, const struct rg_report_group *g)
{
    uint64_t *most = rg_zalloc(n_seeds(r), sizeof *most), all = 0;

    for (size_t i = 0; i < g->n; i++) {
        const struct rg_results_counts *c = &r->cells[g->cell[i]].counts;
        double warm_up = rg_report_option(r->db, r->path, r->cells[g->cell[i]].cell, "warm-up");
        uint64_t ended = c->offered - c->in_flight - c->ends[RG_REQUEST_SKIPPED];
        uint64_t before = warm_up > 0 ? (uint64_t)warm_up * c->replications : 0;
        uint64_t *seed = &most[seed_of(r, g->cell[i])];

        *seed = ended > before && ended - before > *seed ? ended - before : *seed;
    }
    for (size_t i = 0; i < n_seeds(r); i++)
        all += most[i];
    free(most);
    return all;
}

static struct rg_estimate
of_units(const struct rg_report *r, const struct rg_report_group *g, size_t metric)
{
    const struct rg_report_metric *m = &r->metrics[metric];
    size_t units = rg_report_n_units(r, metric), n = 0;
    double *x = rg_alloc(units, sizeof *x);
    struct rg_estimate e;

    rg_report_units(r, g, metric, x);
    for (size_t u = 0; u < units; u++)
        if (!isnan(x[u]))
            x[n++] = x[u];
    if (m->info && m->info->kind == RG_METRIC_RATE)
        e = rg_interval_rate(fmin(rg_sum_of(x, n), (double)n), n, r->level);
    else if (m->info == &rg_metrics[RG_METRIC_GOODPUT])
        e = rg_estimates_share(x, n, requests_of(r, g), r->level);
    else
        e = rg_interval_mean(x, n, r->level);
    free(x);
    if (m->over == RG_OVER_REPLICATIONS)
        rg_estimates_bound(&e, m->info && m->info->percent ? 1 : INFINITY);
    return e;
}

/* Of a system to which more work comes than it can do, times grow with the length of the run. */
static bool
grows(const struct rg_report_metric *m)
{
    return m->part || (m->info && m->info >= &rg_metrics[RG_METRIC_LATENCY_MEAN] &&
                       m->info <= &rg_metrics[RG_METRIC_GOODPUT]);
}

bool
rg_report_withheld(const struct rg_report *r, const struct rg_report_group *g, size_t metric)
{
    return grows(&r->metrics[metric]) && rg_report_saturated(r, g);
}

struct rg_estimate
rg_report_estimate(const struct rg_report *r, const struct rg_report_group *g, size_t metric)
{
    const struct rg_report_metric *m = &r->metrics[metric];
    struct rg_estimate e;

    if (g->n == 1) {
        const struct rg_results_estimate *stored = &r->cells[g->cell[0]].estimates[metric];

        return (struct rg_estimate){stored->value, stored->lo, stored->hi, stored->n};
    }
    e = m->info && m->info->kind == RG_METRIC_RATIO ? ratio(r, g, metric) : of_units(r, g, metric);
    if (rg_report_withheld(r, g, metric))
        e.lo = e.hi = NAN;
    return e;
}
