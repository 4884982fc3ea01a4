#include "cli/cell.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"

const struct rg_metric_info rg_metrics[RG_N_METRICS] = {
    [RG_METRIC_SCORE] = {"score", "score", 3, false, RG_TABLE_QUALITY},
    [RG_METRIC_COST] = {"cost_usd_per_1000", "USD/1000", 2, false, RG_TABLE_QUALITY},
    [RG_METRIC_ESCALATED] = {"escalation_rate", "escalated %", 0, true, RG_TABLE_QUALITY},
    [RG_METRIC_SLM_SHARE] = {"slm_share", "SLM %", 0, true, RG_TABLE_LOAD},
    [RG_METRIC_COVERAGE] = {"coverage", "coverage %", 0, true, RG_TABLE_LOAD},
    [RG_METRIC_LATENCY_MEAN] = {"latency_mean_ms", "mean", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_LATENCY_P50] = {"latency_p50_ms", "p50", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_LATENCY_P95] = {"latency_p95_ms", "p95", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_LATENCY_P99] = {"latency_p99_ms", "p99", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_OVERHEAD] = {"overhead_ms", "overhead", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_QUEUE] = {"queue_ms", "queue", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_SERVICE] = {"service_ms", "service", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_UTILISATION] = {"utilisation", "busy %", 0, true, RG_TABLE_LOAD},
};

enum { MS = 1000, PER_1000 = 1000 };

/* Means per query, summed up over the replications. */
struct per_query {
    struct rg_sum sum;
    uint64_t n;
};

/* What is gathered while replications run. */
struct gather {
    size_t n_queries;
    struct per_query *query[RG_METRIC_COVERAGE + 1]; /* [metric][query] */
    double *replication[RG_N_METRICS];               /* [metric][replication] */
    double *utilisation;                             /* [replication * models + model] */
    double *sorted;
};

static void
per_query_add(struct per_query *p, double x)
{
    rg_sum_add(&p->sum, x);
    p->n++;
}

static bool
is_slm(const struct rg_policy *p, uint32_t model)
{
    return model == p->slm || (model != p->llm && p->trace->models[model].tier == RG_TIER_SLM);
}

static void
gather_queries(struct gather *g, const struct rg_policy *p, const struct rg_requests *r,
               struct rg_cell *cell)
{
    for (size_t i = 0; i < r->n; i++) {
        uint32_t q = r->query[i];

        if (r->end[i] == RG_REQUEST_SKIPPED)
            continue;
        if (isnan(r->score[i]))
            cell->unscored++;
        else
            per_query_add(&g->query[RG_METRIC_SCORE][q], r->score[i]);
        if (isnan(r->cost_usd[i]))
            cell->unpriced++;
        else
            per_query_add(&g->query[RG_METRIC_COST][q], r->cost_usd[i] * PER_1000);
        per_query_add(&g->query[RG_METRIC_ESCALATED][q], r->escalated[i]);
        if (r->end[i] == RG_REQUEST_COMPLETED)
            per_query_add(&g->query[RG_METRIC_SLM_SHARE][q], is_slm(p, r->model[i]));
        per_query_add(&g->query[RG_METRIC_COVERAGE][q], (double)r->exact[i] / r->attempts[i]);
    }
}

/* Latencies of completed requests; one observation a replication. */
static void
gather_latencies(struct gather *g, const struct rg_requests *r, double overhead_s, size_t rep)
{
    struct rg_sum latency = {0};
    struct rg_sum queue = {0};
    struct rg_sum service = {0};
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        if (r->end[i] != RG_REQUEST_COMPLETED)
            continue;
        g->sorted[n++] = r->latency_s[i] * MS;
        rg_sum_add(&latency, r->latency_s[i] * MS);
        rg_sum_add(&queue, r->queue_s[i] * MS);
        rg_sum_add(&service, r->service_s[i] * MS);
    }
    rg_sort(g->sorted, n);
    g->replication[RG_METRIC_LATENCY_MEAN][rep] = n ? rg_sum_value(&latency) / (double)n : NAN;
    g->replication[RG_METRIC_QUEUE][rep] = n ? rg_sum_value(&queue) / (double)n : NAN;
    g->replication[RG_METRIC_SERVICE][rep] = n ? rg_sum_value(&service) / (double)n : NAN;
    g->replication[RG_METRIC_OVERHEAD][rep] = n ? overhead_s * MS : NAN;
    g->replication[RG_METRIC_LATENCY_P50][rep] = rg_quantile7(g->sorted, n, 0.50);
    g->replication[RG_METRIC_LATENCY_P95][rep] = rg_quantile7(g->sorted, n, 0.95);
    g->replication[RG_METRIC_LATENCY_P99][rep] = rg_quantile7(g->sorted, n, 0.99);
}

static void
gather_counts(struct gather *g, const struct rg_replication *r, struct rg_cell *cell, size_t rep)
{
    cell->offered += r->offered;
    cell->completed += r->completed;
    cell->failed += r->failed;
    cell->skipped += r->skipped;
    for (size_t i = 0; i < RG_N_REASONS; i++)
        cell->reasons[i] += r->reasons[i];
    for (size_t m = 0; m < cell->n_endpoints; m++) {
        cell->endpoints[m].calls += r->endpoints[m].calls;
        cell->endpoints[m].busy_s += r->endpoints[m].busy_s;
        cell->endpoints[m].waiting_s += r->endpoints[m].waiting_s;
        g->utilisation[rep * cell->n_endpoints + m] = r->endpoints[m].utilisation;
    }
}

/* ---- estimates ---- */

static struct rg_estimate
over_queries(const struct gather *g, enum rg_metric metric, bool rate, double level)
{
    const struct per_query *p = g->query[metric];
    double *means = rg_alloc(g->n_queries, sizeof *means);
    struct rg_estimate estimate;
    size_t n = 0;

    for (size_t q = 0; q < g->n_queries; q++)
        if (p[q].n > 0)
            means[n++] = rg_sum_value(&p[q].sum) / (double)p[q].n;
    estimate =
        rate ? rg_interval_rate(rg_sum_of(means, n), n, level) : rg_interval_mean(means, n, level);
    free(means);
    return estimate;
}

/* A time or a share is never negative; nor is the interval of its mean, which ends at 0 then. */
static struct rg_estimate
over_replications(const double *x, size_t n, double level)
{
    struct rg_estimate e = rg_interval_mean(x, n, level);

    if (e.value >= 0 && e.lo < 0 && isfinite(e.lo))
        e.lo = 0;
    return e;
}

static void
estimate_utilisation(const struct gather *g, struct rg_cell *cell, size_t n, double level)
{
    double *column = rg_alloc(n, sizeof *column);

    cell->busiest = RG_NO_MODEL;
    cell->estimates[RG_METRIC_UTILISATION] = (struct rg_estimate){NAN, NAN, NAN, 0};
    for (size_t m = 0; m < cell->n_endpoints; m++) {
        struct rg_estimate e;

        for (size_t rep = 0; rep < n; rep++)
            column[rep] = g->utilisation[rep * cell->n_endpoints + m];
        e = over_replications(column, n, level);
        cell->endpoints[m].utilisation = e.value;
        if (cell->endpoints[m].calls == 0)
            continue;
        if (cell->busiest == RG_NO_MODEL ||
            e.value > cell->estimates[RG_METRIC_UTILISATION].value) {
            cell->busiest = (uint32_t)m;
            cell->estimates[RG_METRIC_UTILISATION] = e;
        }
    }
    free(column);
}

static void
estimate(const struct gather *g, struct rg_cell *cell, size_t n, double level)
{
    cell->estimates[RG_METRIC_SCORE] = over_queries(g, RG_METRIC_SCORE, false, level);
    cell->estimates[RG_METRIC_COST] = over_queries(g, RG_METRIC_COST, false, level);
    cell->estimates[RG_METRIC_ESCALATED] = over_queries(g, RG_METRIC_ESCALATED, true, level);
    cell->estimates[RG_METRIC_SLM_SHARE] = over_queries(g, RG_METRIC_SLM_SHARE, true, level);
    cell->estimates[RG_METRIC_COVERAGE] = over_queries(g, RG_METRIC_COVERAGE, true, level);
    cell->queries = cell->estimates[RG_METRIC_COVERAGE].n;
    for (int m = RG_METRIC_LATENCY_MEAN; m <= RG_METRIC_SERVICE; m++)
        cell->estimates[m] = over_replications(g->replication[m], n, level);
    estimate_utilisation(g, cell, n, level);
}

/* ---- a cell ---- */

static void
gather_init(struct gather *g, const struct rg_replication_config *config, size_t n)
{
    const struct rg_trace *t = config->policy->trace;

    g->n_queries = t->n_queries;
    for (int m = 0; m <= RG_METRIC_COVERAGE; m++)
        g->query[m] = rg_zalloc(t->n_queries, sizeof *g->query[m]);
    for (int m = 0; m < RG_N_METRICS; m++)
        g->replication[m] = rg_zalloc(n, sizeof *g->replication[m]);
    g->utilisation = rg_zalloc(n * t->n_models, sizeof *g->utilisation);
    g->sorted = rg_alloc(config->requests, sizeof *g->sorted);
}

static void
gather_clear(struct gather *g)
{
    for (int m = 0; m <= RG_METRIC_COVERAGE; m++)
        free(g->query[m]);
    for (int m = 0; m < RG_N_METRICS; m++)
        free(g->replication[m]);
    free(g->utilisation);
    free(g->sorted);
}

enum rg_status
rg_cell_run(const struct rg_replication_config *config, const char *router, uint64_t n,
            double level, struct rg_cell *cell, struct rg_err *err)
{
    const struct rg_trace *t = config->policy->trace;
    enum rg_status status = RG_OK;
    struct gather g = {0};

    *cell = (struct rg_cell){.router = rg_strdup(router), .n_endpoints = t->n_models};
    cell->endpoints = rg_zalloc(t->n_models, sizeof *cell->endpoints);
    gather_init(&g, config, n);
    for (uint64_t rep = 0; status == RG_OK && rep < n; rep++) {
        struct rg_replication r;

        status = rg_replication_run(config, rep, &r, err);
        if (status == RG_OK) {
            gather_queries(&g, config->policy, &r.requests, cell);
            gather_latencies(&g, &r.requests, config->overhead_s, rep);
            gather_counts(&g, &r, cell, rep);
        }
        rg_replication_clear(&r);
    }
    if (status == RG_OK)
        estimate(&g, cell, n, level);
    gather_clear(&g);
    return status;
}

void
rg_cell_clear(struct rg_cell *cell)
{
    free(cell->router);
    free(cell->endpoints);
    *cell = (struct rg_cell){0};
}
