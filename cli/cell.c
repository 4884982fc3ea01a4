#include "cli/cell.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "stats/sketch.h"

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
    [RG_METRIC_TTFT_MEAN] = {"ttft_mean_ms", "TTFT mean", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_TTFT_P99] = {"ttft_p99_ms", "TTFT p99", 0, false, RG_TABLE_LATENCY},
    [RG_METRIC_GOODPUT] = {"goodput", "goodput %", 0, true, RG_TABLE_LOAD},
    [RG_METRIC_THROUGHPUT] = {"throughput_per_s", "done/s", 3, false, RG_TABLE_DATA},
    [RG_METRIC_UTILISATION] = {"utilisation", "busy %", 0, true, RG_TABLE_LOAD},
};

enum { MS = 1000, PER_1000 = 1000 };

/* Sums per query over the replications. */
struct per_query {
    struct rg_sum sum;
    double n;
};

/* What is gathered while replications run. */
struct gather {
    const struct rg_policy *policy;
    const struct rg_cell_options *options;
    struct rg_cell *cell;
    size_t n_queries;
    struct per_query *query[RG_N_QUERY_METRICS]; /* [metric][query] */
    double *replication[RG_N_METRICS];           /* [metric][replication] */
    double *parts[RG_N_PARTS];                   /* [part][replication] */
    double *utilisation;                         /* [replication * models + model] */
    double *load;                                /* work offered by capacity, likewise */
    /* of the replication that runs */
    uint64_t number;
    struct rg_sketch latency, ttft;
    struct rg_sum latency_sum, ttft_sum, part_sums[RG_N_PARTS];
    uint64_t counted, good, completed;
};

static void
per_query_add(struct per_query *p, double x)
{
    rg_sum_add(&p->sum, x);
    p->n++;
}

/* Of a model whose tier is not recorded, what the options call it; else nothing is known. */
static enum rg_tier
tier_of(const struct rg_policy *p, uint32_t model)
{
    enum rg_tier tier = p->trace->models[model].tier;

    if (tier == RG_TIER_UNKNOWN && model == p->slm)
        return RG_TIER_SLM;
    if (tier == RG_TIER_UNKNOWN && model == p->llm)
        return RG_TIER_LLM;
    return tier;
}

static void
gather_query(struct gather *g, const struct rg_request *r)
{
    uint32_t q = r->query;

    if (isnan(r->score))
        g->cell->unscored++;
    else
        per_query_add(&g->query[RG_METRIC_SCORE][q], r->score);
    if (isnan(r->cost_usd))
        g->cell->unpriced++;
    else
        per_query_add(&g->query[RG_METRIC_COST][q], r->cost_usd * PER_1000);
    per_query_add(&g->query[RG_METRIC_ESCALATED][q], r->escalated);
    if (r->end == RG_REQUEST_COMPLETED && tier_of(g->policy, r->model) != RG_TIER_UNKNOWN)
        per_query_add(&g->query[RG_METRIC_SLM_SHARE][q],
                      tier_of(g->policy, r->model) == RG_TIER_SLM);
}

/* Share of calls: a request that was skipped lacked one more than it made. */
static void
gather_coverage(struct gather *g, const struct rg_request *r)
{
    struct per_query *p = &g->query[RG_METRIC_COVERAGE][r->query];

    rg_sum_add(&p->sum, r->exact);
    p->n += r->tries + (r->end == RG_REQUEST_SKIPPED);
}

static void
gather_latency(struct gather *g, const struct rg_request *r)
{
    g->completed++;
    g->good += r->latency_s <= g->options->slo_s;
    rg_sketch_add(&g->latency, r->latency_s * MS);
    rg_sum_add(&g->latency_sum, r->latency_s * MS);
    if (!isnan(r->ttft_s)) {
        rg_sketch_add(&g->ttft, r->ttft_s * MS);
        rg_sum_add(&g->ttft_sum, r->ttft_s * MS);
    }
    for (size_t i = 0; i < RG_N_PARTS; i++)
        rg_sum_add(&g->part_sums[i], r->parts[i] * MS);
}

static void
request_done(void *ctx, const struct rg_request *r)
{
    struct gather *g = ctx;

    if (g->options->done && g->number == 0)
        g->options->done(g->options->ctx, r);
    if (r->index < g->options->warm_up)
        return;
    gather_coverage(g, r);
    if (r->end == RG_REQUEST_SKIPPED)
        return;
    g->counted++;
    gather_query(g, r);
    if (r->end == RG_REQUEST_COMPLETED)
        gather_latency(g, r);
}

static void
try_done(void *ctx, const struct rg_try_record *record)
{
    struct gather *g = ctx;

    if (g->number == 0)
        g->options->tried(g->options->ctx, record);
}

/* ---- after a replication ---- */

static double
mean_of(const struct rg_sum *sum, uint64_t n)
{
    return n ? rg_sum_value(sum) / (double)n : NAN;
}

static void
gather_observations(struct gather *g, const struct rg_replication *r)
{
    uint64_t rep = g->number;

    g->replication[RG_METRIC_LATENCY_MEAN][rep] = mean_of(&g->latency_sum, g->latency.n);
    g->replication[RG_METRIC_LATENCY_P50][rep] = rg_sketch_quantile(&g->latency, 0.50);
    g->replication[RG_METRIC_LATENCY_P95][rep] = rg_sketch_quantile(&g->latency, 0.95);
    g->replication[RG_METRIC_LATENCY_P99][rep] = rg_sketch_quantile(&g->latency, 0.99);
    g->replication[RG_METRIC_TTFT_MEAN][rep] = mean_of(&g->ttft_sum, g->ttft.n);
    g->replication[RG_METRIC_TTFT_P99][rep] = rg_sketch_quantile(&g->ttft, 0.99);
    g->replication[RG_METRIC_GOODPUT][rep] =
        g->counted ? (double)g->good / (double)g->counted : NAN;
    g->replication[RG_METRIC_THROUGHPUT][rep] =
        r->span_s > 0 ? (double)r->ends[RG_REQUEST_COMPLETED] / r->span_s : NAN;
    for (size_t i = 0; i < RG_N_PARTS; i++)
        g->parts[i][rep] = mean_of(&g->part_sums[i], g->completed);
}

static void
add_endpoint(struct rg_endpoint_stats *to, const struct rg_endpoint_stats *s)
{
    to->calls += s->calls;
    to->tries += s->tries;
    to->hedges += s->hedges;
    to->retries += s->retries;
    to->fallbacks += s->fallbacks;
    to->answered += s->answered;
    to->errors += s->errors;
    to->timeouts += s->timeouts;
    to->rejected += s->rejected;
    to->cooling += s->cooling;
    to->too_large += s->too_large;
    to->cancelled += s->cancelled;
    to->busy_s += s->busy_s;
    to->waiting_s += s->waiting_s;
    to->replica_s += s->replica_s;
    to->capacity_s += s->capacity_s;
    to->infrastructure_usd += s->infrastructure_usd;
    if (s->replicas_max > to->replicas_max)
        to->replicas_max = s->replicas_max;
    to->overrun = to->overrun || s->overrun;
}

static void
gather_counts(struct gather *g, const struct rg_replication *r)
{
    struct rg_cell *cell = g->cell;

    cell->offered += r->offered;
    cell->in_flight += r->in_flight;
    cell->events += r->events;
    if (r->most_in_flight > cell->most_in_flight) {
        cell->most_in_flight = r->most_in_flight;
        cell->memory = r->memory;
    }
    for (size_t i = 0; i < RG_N_REQUEST_ENDS; i++)
        cell->ends[i] += r->ends[i];
    for (size_t i = 0; i < RG_N_REASONS; i++)
        cell->reasons[i] += r->reasons[i];
    for (size_t m = 0; m < cell->n_endpoints; m++) {
        const struct rg_endpoint_stats *s = &r->endpoints[m];
        size_t at = g->number * cell->n_endpoints + m;

        add_endpoint(&cell->endpoints[m], s);
        g->utilisation[at] = rg_replication_utilisation(r, m);
        /* All the work that came, by what could have been done while it came. */
        g->load[at] = r->last_arrival_s > 0 && r->span_s > 0
                          ? g->utilisation[at] * r->span_s / r->last_arrival_s
                          : NAN;
    }
}

static void
next_replication(struct gather *g)
{
    rg_sketch_clear(&g->latency);
    rg_sketch_clear(&g->ttft);
    g->latency_sum = g->ttft_sum = (struct rg_sum){0};
    for (size_t i = 0; i < RG_N_PARTS; i++)
        g->part_sums[i] = (struct rg_sum){0};
    g->counted = g->good = g->completed = 0;
    g->number++;
}

/* ---- estimates ---- */

static struct rg_estimate
over_queries(const struct gather *g, enum rg_metric metric, bool rate)
{
    const struct per_query *p = g->query[metric];
    double *means = rg_alloc(g->n_queries, sizeof *means);
    struct rg_estimate estimate;
    size_t n = 0;

    for (size_t q = 0; q < g->n_queries; q++)
        if (p[q].n > 0)
            means[n++] = rg_sum_value(&p[q].sum) / p[q].n;
    estimate = rate ? rg_interval_rate(fmin(rg_sum_of(means, n), (double)n), n, g->options->level)
                    : rg_interval_mean(means, n, g->options->level);
    free(means);
    return estimate;
}

static struct rg_estimate
coverage(const struct gather *g)
{
    const struct per_query *p = g->query[RG_METRIC_COVERAGE];
    double *hits = rg_alloc(g->n_queries, sizeof *hits);
    double *trials = rg_alloc(g->n_queries, sizeof *trials);
    struct rg_estimate estimate;

    for (size_t q = 0; q < g->n_queries; q++) {
        hits[q] = rg_sum_value(&p[q].sum);
        trials[q] = p[q].n;
    }
    estimate = rg_interval_rate_sizes(hits, trials, g->n_queries, g->options->level);
    free(hits);
    free(trials);
    return estimate;
}

/* A time or a share is never negative; nor is the interval of its mean, which ends at 0 then. */
static struct rg_estimate
over_replications(const struct gather *g, const double *x)
{
    struct rg_estimate e = rg_interval_mean(x, g->options->replications, g->options->level);

    if (e.value >= 0 && e.lo < 0 && isfinite(e.lo))
        e.lo = 0;
    return e;
}

static void
estimate_use(const struct gather *g, struct rg_cell *cell)
{
    uint64_t n = g->options->replications;
    double *column = rg_alloc(n, sizeof *column);

    cell->busiest = RG_NO_MODEL;
    cell->estimates[RG_METRIC_UTILISATION] = (struct rg_estimate){NAN, NAN, NAN, 0};
    for (size_t m = 0; m < cell->n_endpoints; m++) {
        struct rg_estimate *busiest = &cell->estimates[RG_METRIC_UTILISATION];
        struct rg_estimate e;
        double load = 0;

        for (size_t rep = 0; rep < n; rep++) {
            column[rep] = g->utilisation[rep * cell->n_endpoints + m];
            load += g->load[rep * cell->n_endpoints + m] / (double)n;
        }
        e = over_replications(g, column);
        cell->utilisation[m] = e.value;
        if ((load >= 1 || cell->endpoints[m].overrun) && !cell->saturated) {
            cell->saturated = true;
            cell->saturated_model = (uint32_t)m;
        }
        if (cell->endpoints[m].tries == 0)
            continue;
        if (cell->busiest == RG_NO_MODEL || e.value > busiest->value) {
            cell->busiest = (uint32_t)m;
            *busiest = e;
        }
    }
    free(column);
}

/* With more work coming than can be done, times grow with the length of the run: what was seen is
 * told, but an interval would speak of something that does not exist. */
static void
without_interval(struct rg_estimate *e)
{
    e->lo = e->hi = NAN;
}

static void
estimate(const struct gather *g, struct rg_cell *cell, bool open)
{
    cell->estimates[RG_METRIC_SCORE] = over_queries(g, RG_METRIC_SCORE, false);
    cell->estimates[RG_METRIC_COST] = over_queries(g, RG_METRIC_COST, false);
    for (int m = RG_METRIC_ESCALATED; m <= RG_METRIC_SLM_SHARE; m++)
        cell->estimates[m] = over_queries(g, (enum rg_metric)m, true);
    cell->estimates[RG_METRIC_COVERAGE] = coverage(g);
    cell->queries = cell->estimates[RG_METRIC_ESCALATED].n;
    cell->scored = cell->estimates[RG_METRIC_SCORE].n;
    cell->priced = cell->estimates[RG_METRIC_COST].n;
    cell->skipped_queries = cell->estimates[RG_METRIC_COVERAGE].n - cell->queries;
    for (int m = RG_METRIC_LATENCY_MEAN; m <= RG_METRIC_THROUGHPUT; m++)
        cell->estimates[m] = over_replications(g, g->replication[m]);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        cell->parts[i] = over_replications(g, g->parts[i]);
    estimate_use(g, cell);
    cell->saturated = cell->saturated && open;
    if (!cell->saturated)
        return;
    for (int m = RG_METRIC_LATENCY_MEAN; m <= RG_METRIC_GOODPUT; m++)
        without_interval(&cell->estimates[m]);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        without_interval(&cell->parts[i]);
}

/* ---- a cell ---- */

static void
gather_init(struct gather *g, const struct rg_trace *t)
{
    uint64_t n = g->options->replications;

    g->n_queries = t->n_queries;
    for (int m = 0; m < RG_N_QUERY_METRICS; m++)
        g->query[m] = rg_zalloc(t->n_queries, sizeof *g->query[m]);
    for (int m = 0; m < RG_N_METRICS; m++)
        g->replication[m] = rg_zalloc(n, sizeof *g->replication[m]);
    for (int i = 0; i < RG_N_PARTS; i++)
        g->parts[i] = rg_zalloc(n, sizeof *g->parts[i]);
    g->utilisation = rg_zalloc(n, t->n_models * sizeof *g->utilisation);
    g->load = rg_zalloc(n, t->n_models * sizeof *g->load);
}

static void
gather_clear(struct gather *g)
{
    for (int m = 0; m < RG_N_QUERY_METRICS; m++)
        free(g->query[m]);
    for (int m = 0; m < RG_N_METRICS; m++)
        free(g->replication[m]);
    for (int i = 0; i < RG_N_PARTS; i++)
        free(g->parts[i]);
    free(g->utilisation);
    free(g->load);
    rg_sketch_clear(&g->latency);
    rg_sketch_clear(&g->ttft);
}

/* Can the load outgrow the endpoints? Not when all come at once, when users wait for their answers,
 * or when queues are finite. */
static bool
can_saturate(const struct rg_replication_config *config)
{
    for (size_t m = 0; m < config->endpoints->n; m++)
        if (config->endpoints->of[m].queue != RG_STATION_UNLIMITED)
            return false;
    return config->arrivals.law != RG_ARRIVALS_ALL && config->arrivals.law != RG_ARRIVALS_CLOSED;
}

enum rg_status
rg_cell_run(struct rg_replication_config config, const char *router,
            const struct rg_cell_options *options, struct rg_cell *cell, struct rg_err *err)
{
    const struct rg_trace *t = config.policy->trace;
    struct gather g = {.policy = config.policy, .options = options, .cell = cell};
    enum rg_status status = RG_OK;

    *cell = (struct rg_cell){.router = rg_strdup(router), .n_endpoints = t->n_models};
    cell->endpoints = rg_zalloc(t->n_models, sizeof *cell->endpoints);
    cell->utilisation = rg_zalloc(t->n_models, sizeof *cell->utilisation);
    gather_init(&g, t);
    config.done = request_done;
    config.ctx = &g;
    while (status == RG_OK && g.number < options->replications) {
        struct rg_replication r;

        config.tried = options->tried && g.number == 0 ? try_done : NULL;
        status = rg_replication_run(&config, g.number, &r, err);
        if (status == RG_OK) {
            gather_observations(&g, &r);
            gather_counts(&g, &r);
            next_replication(&g);
        }
        rg_replication_clear(&r);
    }
    if (status == RG_OK)
        estimate(&g, cell, can_saturate(&config));
    gather_clear(&g);
    return status;
}

void
rg_cell_clear(struct rg_cell *cell)
{
    free(cell->router);
    free(cell->endpoints);
    free(cell->utilisation);
    *cell = (struct rg_cell){0};
}
