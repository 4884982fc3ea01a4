#include "cli/estimates.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define QUERY(NAME, HEAD, DECIMALS, TABLE, COLUMN, SCALE)                                          \
    {                                                                                              \
        NAME, HEAD, DECIMALS, false, RG_TABLE_##TABLE, RG_METRIC_MEAN, RG_PER_QUERY_##COLUMN,      \
            SCALE                                                                                  \
    }
#define RATE(NAME, HEAD, TABLE, KIND, COLUMN)                                                      \
    {                                                                                              \
        NAME, HEAD, 0, true, RG_TABLE_##TABLE, RG_METRIC_##KIND, RG_PER_QUERY_##COLUMN, 1          \
    }
#define SYSTEM(NAME, HEAD, DECIMALS, TABLE, COLUMN, SCALE)                                         \
    {                                                                                              \
        NAME, HEAD, DECIMALS, false, RG_TABLE_##TABLE, RG_METRIC_REPLICATION,                      \
            RG_PER_REPLICATION_##COLUMN, SCALE                                                     \
    }

const struct rg_metric_info rg_metrics[RG_N_METRICS] = {
    [RG_METRIC_SCORE] = QUERY("score", "score", 3, QUALITY, SCORE, 1),
    [RG_METRIC_COST] = QUERY("cost_usd_per_1000", "USD/1000", 2, QUALITY, COST, 1000),
    [RG_METRIC_ESCALATED] = RATE("escalation_rate", "escalated %", QUALITY, RATE, ESCALATED),
    [RG_METRIC_REGRET] = QUERY("regret", "regret", 3, ANSWERS, REGRET, 1),
    [RG_METRIC_LABEL] = RATE("label_accuracy", "own label %", ANSWERS, RATE, LABEL),
    [RG_METRIC_JSON] = RATE("json_valid", "JSON %", ANSWERS, RATE, JSON),
    [RG_METRIC_SCHEMA] = RATE("schema_valid", "schema %", ANSWERS, RATE, SCHEMA),
    [RG_METRIC_ACCEPTED] = RATE("schema_valid_repaired", "repaired %", ANSWERS, RATE, ACCEPTED),
    [RG_METRIC_GROUNDED_OVERLAP] =
        QUERY("groundedness_overlap", "grounded", 3, GROUNDING, GROUNDED_OVERLAP, 1),
    [RG_METRIC_GROUNDED_COSINE] =
        QUERY("groundedness_cosine", "by cosine", 3, GROUNDING, GROUNDED_COSINE, 1),
    [RG_METRIC_FAITHFUL_OVERLAP] =
        QUERY("faithfulness_overlap", "faithful", 3, GROUNDING, FAITHFUL_OVERLAP, 1),
    [RG_METRIC_FAITHFUL_COSINE] =
        QUERY("faithfulness_cosine", "by cosine", 3, GROUNDING, FAITHFUL_COSINE, 1),
    [RG_METRIC_SLM_SHARE] = RATE("slm_share", "SLM %", LOAD, RATE, SLM_SHARE),
    [RG_METRIC_CALLS] = QUERY("calls", "calls", 2, CALLS, CALLS, 1),
    [RG_METRIC_COVERAGE] = RATE("coverage", "coverage %", LOAD, RATIO, COVERAGE),
    [RG_METRIC_COUNTERFACTUAL] =
        RATE("counterfactual_share", "other prompt %", LOAD, RATIO, COUNTERFACTUAL),
    [RG_METRIC_SLM_COST] =
        SYSTEM("slm_cost_usd_per_1000", "SLM USD/1000", 2, CALLS, SLM_COST, 1000),
    [RG_METRIC_LLM_COST] =
        SYSTEM("llm_cost_usd_per_1000", "LLM USD/1000", 2, CALLS, LLM_COST, 1000),
    [RG_METRIC_PROMPT_TOKENS] =
        SYSTEM("prompt_tokens", "prompt tokens", 0, CALLS, PROMPT_TOKENS, 1),
    [RG_METRIC_COMPLETION_TOKENS] =
        SYSTEM("completion_tokens", "answer tokens", 0, CALLS, COMPLETION_TOKENS, 1),
    [RG_METRIC_LATENCY_MEAN] = SYSTEM("latency_mean_ms", "mean", 0, LATENCY, LATENCY_MEAN, 1),
    [RG_METRIC_LATENCY_P50] = SYSTEM("latency_p50_ms", "p50", 0, LATENCY, LATENCY_P50, 1),
    [RG_METRIC_LATENCY_P95] = SYSTEM("latency_p95_ms", "p95", 0, LATENCY, LATENCY_P95, 1),
    [RG_METRIC_LATENCY_P99] = SYSTEM("latency_p99_ms", "p99", 0, LATENCY, LATENCY_P99, 1),
    [RG_METRIC_TTFT_MEAN] = SYSTEM("ttft_mean_ms", "TTFT mean", 0, LATENCY, TTFT_MEAN, 1),
    [RG_METRIC_TTFT_P99] = SYSTEM("ttft_p99_ms", "TTFT p99", 0, LATENCY, TTFT_P99, 1),
    [RG_METRIC_GOODPUT] = {"goodput", "goodput %", 0, true, RG_TABLE_LOAD, RG_METRIC_REPLICATION,
                           RG_PER_REPLICATION_GOODPUT, 1},
    [RG_METRIC_THROUGHPUT] = SYSTEM("throughput_per_s", "done/s", 3, DATA, THROUGHPUT, 1),
    [RG_METRIC_UTILISATION] = {"utilisation", "busy %", 0, true, RG_TABLE_LOAD, RG_METRIC_BUSIEST,
                               0, 1},
};

/* ---- over queries ---- */

static struct rg_estimate
over_queries(const struct rg_cell *cell, const struct rg_metric_info *info, double level)
{
    const struct rg_per_query *p = cell->query[info->column];
    double *means = rg_alloc(cell->n_queries, sizeof *means);
    struct rg_estimate estimate;
    size_t n = 0;

    for (size_t q = 0; q < cell->n_queries; q++)
        if (p[q].n > 0)
            means[n++] = rg_sum_value(&p[q].sum) * info->scale / p[q].n;
    estimate = info->kind == RG_METRIC_RATE
                   ? rg_interval_rate(fmin(rg_sum_of(means, n), (double)n), n, level)
                   : rg_interval_mean(means, n, level);
    free(means);
    return estimate;
}

static struct rg_estimate
sum_by_sum(const struct rg_cell *cell, const struct rg_metric_info *info, double level)
{
    const struct rg_per_query *p = cell->query[info->column];
    double *hits = rg_alloc(cell->n_queries, sizeof *hits);
    double *trials = rg_alloc(cell->n_queries, sizeof *trials);
    struct rg_estimate estimate;

    for (size_t q = 0; q < cell->n_queries; q++) {
        hits[q] = rg_sum_value(&p[q].sum);
        trials[q] = p[q].n;
    }
    estimate = rg_interval_rate_sizes(hits, trials, cell->n_queries, level);
    free(hits);
    free(trials);
    return estimate;
}

/* ---- over replications ---- */

void
rg_estimates_bound(struct rg_estimate *e, double most)
{
    if (e->value >= 0 && e->lo < 0 && isfinite(e->lo))
        e->lo = 0;
    if (e->value <= most && e->hi > most && isfinite(e->hi))
        e->hi = most;
}

struct rg_estimate
rg_estimates_share(const double *x, size_t n, uint64_t requests, double level)
{
    struct rg_estimate e = rg_interval_mean(x, n, level), rate;
    bool equal = n > 0 && isfinite(e.value);

    for (size_t i = 1; i < n; i++)
        equal = equal && x[i] == x[0];
    rg_estimates_bound(&e, 1);
    if (!equal || requests == 0)
        return e;
    rate = rg_interval_rate(x[0] * (double)requests, requests, level);
    return (struct rg_estimate){x[0], rate.lo, rate.hi, n};
}

static struct rg_estimate
over_replications(const double *x, uint64_t n, double scale, double most, double level)
{
    struct rg_estimate e = rg_interval_mean(x, n, level);

    rg_estimates_bound(&e, most);
    e.value *= scale;
    e.lo *= scale;
    e.hi *= scale;
    return e;
}

static void
estimate_use(struct rg_estimates *out, const struct rg_cell *cell, double level)
{
    uint64_t n = cell->replications;
    double *column = rg_alloc(n, sizeof *column);
    struct rg_estimate *busiest = &out->of[RG_METRIC_UTILISATION];

    out->busiest = RG_NO_MODEL;
    *busiest = (struct rg_estimate){NAN, NAN, NAN, 0};
    for (size_t m = 0; m < cell->n_endpoints; m++) {
        struct rg_estimate e;
        double load = 0;

        for (size_t rep = 0; rep < n; rep++) {
            column[rep] = cell->utilisation[rep * cell->n_endpoints + m];
            load += cell->load[rep * cell->n_endpoints + m] / (double)n;
        }
        e = over_replications(column, n, 1, 1, level);
        out->utilisation[m] = e.value;
        if ((load >= 1 || cell->endpoints[m].overrun) && !out->saturated) {
            out->saturated = true;
            out->saturated_model = (uint32_t)m;
        }
        if (cell->endpoints[m].tries == 0)
            continue;
        if (out->busiest == RG_NO_MODEL || e.value > busiest->value) {
            out->busiest = (uint32_t)m;
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

static struct rg_estimate
estimate_of(const struct rg_cell *cell, const struct rg_metric_info *info, double level)
{
    switch (info->kind) {
    case RG_METRIC_RATIO:
        return sum_by_sum(cell, info, level);
    case RG_METRIC_REPLICATION:
        if (info == &rg_metrics[RG_METRIC_GOODPUT])
            return rg_estimates_share(cell->replication[info->column], cell->replications,
                                      cell->counted, level);
        return over_replications(cell->replication[info->column], cell->replications, info->scale,
                                 INFINITY, level);
    default:
        return over_queries(cell, info, level);
    }
}

void
rg_estimates_make(struct rg_estimates *out, const struct rg_cell *cell, double level, bool open)
{
    *out = (struct rg_estimates){.utilisation =
                                     rg_zalloc(cell->n_endpoints, sizeof *out->utilisation)};
    for (size_t m = 0; m < RG_N_METRICS; m++)
        if (rg_metrics[m].kind != RG_METRIC_BUSIEST)
            out->of[m] = estimate_of(cell, &rg_metrics[m], level);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        out->parts[i] = over_replications(cell->parts[i], cell->replications, 1, INFINITY, level);
    out->queries = out->of[RG_METRIC_ESCALATED].n;
    out->scored = out->of[RG_METRIC_SCORE].n;
    out->priced = out->of[RG_METRIC_COST].n;
    out->skipped_queries = out->of[RG_METRIC_COVERAGE].n - out->queries;
    estimate_use(out, cell, level);
    out->saturated = out->saturated && open;
    if (!out->saturated)
        return;
    for (int m = RG_METRIC_LATENCY_MEAN; m <= RG_METRIC_GOODPUT; m++)
        without_interval(&out->of[m]);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        without_interval(&out->parts[i]);
}

void
rg_estimates_clear(struct rg_estimates *e)
{
    free(e->utilisation);
    *e = (struct rg_estimates){0};
}
