#include "sim/cell.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/sketch.h"

enum { MS = 1000 };

/* What is gathered while replications run. */
struct gather {
    const struct rg_policy *policy;
    const struct rg_cell_options *options;
    struct rg_cell *cell;
    /* of the replication that runs */
    uint64_t number;
    struct rg_sketch latency, ttft;
    struct rg_sum latency_sum, ttft_sum, part_sums[RG_N_PARTS];
    uint64_t counted, good, completed;
};

enum rg_tier
rg_cell_tier(const struct rg_policy *p, uint32_t model)
{
    enum rg_tier tier = p->trace->models[model].tier;

    if (tier == RG_TIER_UNKNOWN && model == p->slm)
        return RG_TIER_SLM;
    if (tier == RG_TIER_UNKNOWN && model == p->llm)
        return RG_TIER_LLM;
    return tier;
}

/* ---- of a request ---- */

/* NaN: not known, which is no observation. */
static void
observe(struct gather *g, enum rg_query_metric metric, uint32_t query, double x)
{
    struct rg_per_query *p = &g->cell->query[metric][query];

    if (isnan(x))
        return;
    rg_sum_add(&p->sum, x);
    p->n++;
}

/* The label that the answer itself gives its query, against the recorded category. */
static double
label_right(const struct gather *g, const struct rg_request *r, struct rg_verdict v)
{
    uint32_t category = g->policy->trace->queries.category[r->query];

    if (category == RG_NAMES_NONE)
        return NAN;
    if (v.label == RG_VERDICT_NO_LABEL)
        return g->options->columns.skip_missing_label ? (double)NAN : 0;
    return v.label == category;
}

static void
count_label(struct rg_cell *cell, uint32_t category, uint32_t label)
{
    size_t n = cell->n_categories;

    if (cell->confusion && category != RG_NAMES_NONE)
        cell->confusion[category * (n + 1) + (label < n ? label : n)]++;
}

/* Of a request without an answer nothing is true; of a call without a text nothing is known. */
static void
gather_verdict(struct gather *g, const struct rg_request *r)
{
    struct rg_verdict v = {.label = RG_VERDICT_NO_LABEL};
    bool known = r->end != RG_REQUEST_COMPLETED;
    uint32_t q = r->query;

    if (r->end == RG_REQUEST_COMPLETED) {
        v = g->options->columns.verdicts[r->call];
        known = rg_verdict_has(v, RG_VERDICT_TEXT);
    }
    if (!known)
        return;
    observe(g, RG_PER_QUERY_JSON, q, rg_verdict_has(v, RG_VERDICT_JSON_RAW));
    observe(g, RG_PER_QUERY_SCHEMA, q, rg_verdict_has(v, RG_VERDICT_SCHEMA_RAW));
    observe(g, RG_PER_QUERY_ACCEPTED, q, rg_verdict_has(v, RG_VERDICT_ACCEPTED));
    if (!g->options->columns.labels)
        return;
    observe(g, RG_PER_QUERY_LABEL, q, label_right(g, r, v));
    if (r->end == RG_REQUEST_COMPLETED)
        count_label(g->cell, g->policy->trace->queries.category[q], v.label);
}

static void
gather_grounding(struct gather *g, const struct rg_request *r)
{
    struct rg_grounding x = {0};
    uint32_t q = r->query;

    if (r->end == RG_REQUEST_COMPLETED)
        x = g->options->columns.grounding[r->call];
    observe(g, RG_PER_QUERY_GROUNDED_OVERLAP, q, x.groundedness_overlap);
    observe(g, RG_PER_QUERY_GROUNDED_COSINE, q, x.groundedness_cosine);
    observe(g, RG_PER_QUERY_FAITHFUL_OVERLAP, q, x.faithfulness_overlap);
    observe(g, RG_PER_QUERY_FAITHFUL_COSINE, q, x.faithfulness_cosine);
}

static void
gather_answer(struct gather *g, const struct rg_request *r)
{
    const struct rg_cell_columns *c = &g->options->columns;

    if (c->verdicts)
        gather_verdict(g, r);
    if (c->grounding)
        gather_grounding(g, r);
    if (c->best)
        observe(g, RG_PER_QUERY_REGRET, r->query,
                c->best[c->best_first[r->query] + r->sample] - r->score);
}

static void
gather_query(struct gather *g, const struct rg_request *r)
{
    uint32_t q = r->query;

    g->cell->unscored += isnan(r->score) ? 1 : 0;
    g->cell->unpriced += isnan(r->cost_usd) ? 1 : 0;
    observe(g, RG_PER_QUERY_SCORE, q, r->score);
    observe(g, RG_PER_QUERY_COST, q, r->cost_usd);
    observe(g, RG_PER_QUERY_ESCALATED, q, r->escalated);
    observe(g, RG_PER_QUERY_CALLS, q, r->calls);
    if (r->end == RG_REQUEST_COMPLETED) {
        enum rg_tier tier = rg_cell_tier(g->policy, r->model);

        if (tier != RG_TIER_UNKNOWN)
            observe(g, RG_PER_QUERY_SLM_SHARE, q, tier == RG_TIER_SLM);
    }
    gather_answer(g, r);
}

/* Shares of tries: a request that was skipped lacked one more than it made. */
static void
gather_coverage(struct gather *g, const struct rg_request *r)
{
    struct rg_per_query *exact = &g->cell->query[RG_PER_QUERY_COVERAGE][r->query];
    struct rg_per_query *other = &g->cell->query[RG_PER_QUERY_COUNTERFACTUAL][r->query];
    double tries = r->tries + (r->end == RG_REQUEST_SKIPPED);

    rg_sum_add(&exact->sum, r->exact);
    exact->n += tries;
    rg_sum_add(&other->sum, r->counterfactual);
    other->n += tries;
}

static void
gather_latency(struct gather *g, const struct rg_request *r)
{
    g->completed++;
    g->good += r->latency_s <= g->options->slo_s;
    rg_sketch_add(&g->latency, r->latency_s * MS);
    rg_sketch_add(&g->cell->latency, r->latency_s * MS);
    rg_sum_add(&g->latency_sum, r->latency_s * MS);
    if (!isnan(r->ttft_s)) {
        rg_sketch_add(&g->ttft, r->ttft_s * MS);
        rg_sketch_add(&g->cell->ttft, r->ttft_s * MS);
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
request_arrived(void *ctx, uint64_t index, uint32_t query, double at_s)
{
    struct gather *g = ctx;

    g->options->arrived(g->options->ctx, index, query, at_s);
}

static void
try_done(void *ctx, const struct rg_try_record *record)
{
    struct gather *g = ctx;

    if (g->number == 0)
        g->options->tried(g->options->ctx, record);
}

static void
time_moved(void *ctx, const struct rg_endpoints *endpoints, double now_s, bool over)
{
    struct gather *g = ctx;

    g->options->moved(g->options->ctx, endpoints, now_s, over);
}

/* ---- after a replication ---- */

static double
mean_of(const struct rg_sum *sum, uint64_t n)
{
    return n ? rg_sum_value(sum) / (double)n : NAN;
}

static void
gather_times(struct gather *g, const struct rg_replication *r)
{
    double **to = g->cell->replication;
    uint64_t rep = g->number;

    to[RG_PER_REPLICATION_LATENCY_MEAN][rep] = mean_of(&g->latency_sum, g->latency.n);
    to[RG_PER_REPLICATION_LATENCY_P50][rep] = rg_sketch_quantile(&g->latency, 0.50);
    to[RG_PER_REPLICATION_LATENCY_P95][rep] = rg_sketch_quantile(&g->latency, 0.95);
    to[RG_PER_REPLICATION_LATENCY_P99][rep] = rg_sketch_quantile(&g->latency, 0.99);
    to[RG_PER_REPLICATION_TTFT_MEAN][rep] = mean_of(&g->ttft_sum, g->ttft.n);
    to[RG_PER_REPLICATION_TTFT_P99][rep] = rg_sketch_quantile(&g->ttft, 0.99);
    to[RG_PER_REPLICATION_GOODPUT][rep] = g->counted ? (double)g->good / (double)g->counted : NAN;
    g->cell->counted += g->counted;
    to[RG_PER_REPLICATION_THROUGHPUT][rep] =
        r->span_s > 0 ? (double)r->ends[RG_REQUEST_COMPLETED] / r->span_s : NAN;
    for (size_t i = 0; i < RG_N_PARTS; i++)
        g->cell->parts[i][rep] = mean_of(&g->part_sums[i], g->completed);
}

/* What was billed and read, per request offered. */
static void
gather_bills(struct gather *g, const struct rg_replication *r)
{
    double **to = g->cell->replication;
    double offered = (double)r->offered;
    double cost[2] = {0, 0};
    double prompt = 0, completion = 0;

    for (uint32_t m = 0; m < r->n_endpoints; m++) {
        const struct rg_endpoint_stats *s = &r->endpoints[m];
        enum rg_tier tier = rg_cell_tier(g->policy, m);

        if (tier != RG_TIER_UNKNOWN)
            cost[tier == RG_TIER_LLM] += s->cost_usd;
        prompt += s->prompt_tokens;
        completion += s->completion_tokens;
    }
    to[RG_PER_REPLICATION_SLM_COST][g->number] = cost[0] / offered;
    to[RG_PER_REPLICATION_LLM_COST][g->number] = cost[1] / offered;
    to[RG_PER_REPLICATION_PROMPT_TOKENS][g->number] = prompt / offered;
    to[RG_PER_REPLICATION_COMPLETION_TOKENS][g->number] = completion / offered;
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
    to->cost_usd += s->cost_usd;
    to->prompt_tokens += s->prompt_tokens;
    to->completion_tokens += s->completion_tokens;
    to->infrastructure_usd += s->infrastructure_usd;
    if (s->replicas_max > to->replicas_max)
        to->replicas_max = s->replicas_max;
    to->overrun = to->overrun || s->overrun;
}

static void
gather_counts(struct gather *g, const struct rg_replication *r)
{
    struct rg_cell *cell = g->cell;

    if (g->number == 0)
        cell->span_s = r->span_s;
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
        size_t at = g->number * cell->n_endpoints + m;

        add_endpoint(&cell->endpoints[m], &r->endpoints[m]);
        cell->utilisation[at] = rg_replication_utilisation(r, m);
        /* All the work that came, by what could have been done while it came. */
        cell->load[at] = r->last_arrival_s > 0 && r->span_s > 0
                             ? cell->utilisation[at] * r->span_s / r->last_arrival_s
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

/* ---- a cell ---- */

static void
cell_init(struct rg_cell *cell, const struct rg_trace *t, uint64_t replications, bool labels)
{
    *cell = (struct rg_cell){.n_queries = t->n_queries, .n_endpoints = t->n_models};
    for (int m = 0; m < RG_N_PER_QUERY; m++)
        cell->query[m] = rg_zalloc(t->n_queries, sizeof *cell->query[m]);
    for (int m = 0; m < RG_N_PER_REPLICATION; m++)
        cell->replication[m] = rg_zalloc(replications, sizeof *cell->replication[m]);
    for (int i = 0; i < RG_N_PARTS; i++)
        cell->parts[i] = rg_zalloc(replications, sizeof *cell->parts[i]);
    cell->utilisation = rg_zalloc(replications, t->n_models * sizeof *cell->utilisation);
    cell->load = rg_zalloc(replications, t->n_models * sizeof *cell->load);
    cell->endpoints = rg_zalloc(t->n_models, sizeof *cell->endpoints);
    cell->n_categories = t->n_categories;
    if (labels && t->n_categories <= RG_CELL_CATEGORIES)
        cell->confusion =
            rg_zalloc(t->n_categories * (t->n_categories + 1), sizeof *cell->confusion);
}

enum rg_status
rg_cell_run(struct rg_replication_config config, const struct rg_cell_options *options,
            struct rg_cell *cell, struct rg_err *err)
{
    struct gather g = {.policy = config.policy, .options = options, .cell = cell};
    enum rg_status status = RG_OK;
    bool enough = false;

    cell_init(cell, config.policy->trace, options->replications, options->columns.labels);
    config.done = request_done;
    config.ctx = &g;
    while (status == RG_OK && g.number < options->replications && !enough) {
        struct rg_replication r;

        config.arrived = options->arrived && g.number == 0 ? request_arrived : NULL;
        config.tried = options->tried && g.number == 0 ? try_done : NULL;
        config.moved = options->moved && g.number == 0 ? time_moved : NULL;
        status = rg_replication_run(&config, g.number, &r, err);
        if (status == RG_OK) {
            gather_times(&g, &r);
            gather_bills(&g, &r);
            gather_counts(&g, &r);
            next_replication(&g);
            cell->replications = g.number;
            enough = options->enough && options->enough(options->rule, cell);
        }
        rg_replication_clear(&r);
    }
    cell->replications = g.number;
    rg_sketch_clear(&g.latency);
    rg_sketch_clear(&g.ttft);
    return status;
}

void
rg_cell_clear(struct rg_cell *cell)
{
    for (int m = 0; m < RG_N_PER_QUERY; m++)
        free(cell->query[m]);
    for (int m = 0; m < RG_N_PER_REPLICATION; m++)
        free(cell->replication[m]);
    for (int i = 0; i < RG_N_PARTS; i++)
        free(cell->parts[i]);
    free(cell->utilisation);
    free(cell->load);
    free(cell->endpoints);
    free(cell->confusion);
    rg_sketch_clear(&cell->latency);
    rg_sketch_clear(&cell->ttft);
    *cell = (struct rg_cell){0};
}
