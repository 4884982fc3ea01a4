/* One cell of a sweep: run, estimated, and put into the form of the result file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "cli/sweep.h"
#include "sim/series.h"

/* What is watched while a cell runs. */
struct watch {
    const struct rg_sweep_plan *plan;
    struct rg_precision precision;
    struct rg_series *series;
    struct rg_run_series *own; /* of a single replication, which has intervals by batch means */
    struct rg_request *spans;
    size_t n_spans, cap;
};

static void
tried(void *ctx, const struct rg_try_record *record)
{
    struct watch *w = ctx;

    rg_series_add(w->series, record);
}

static void
moved(void *ctx, const struct rg_endpoints *endpoints, double now_s, bool over)
{
    struct watch *w = ctx;

    rg_series_look(w->series, endpoints, now_s, over);
}

static void
done(void *ctx, const struct rg_request *request)
{
    struct watch *w = ctx;

    if (w->own)
        rg_run_series_add(w->own, request);
    if (!w->plan->spans)
        return;
    w->spans = rg_grow(w->spans, &w->cap, w->n_spans + 1, sizeof *w->spans);
    w->spans[w->n_spans++] = *request;
}

static enum rg_precision_state
look(const struct watch *w, const struct rg_cell *cell)
{
    int column = rg_metrics[w->plan->config.precision_metric].column;

    return rg_output_precision(&w->precision, cell->replication[column], cell->replications);
}

static bool
enough(const void *rule, const struct rg_cell *cell)
{
    return look(rule, cell) != RG_PRECISION_GO_ON;
}

/* ---- rows ---- */

static struct rg_results_estimate
estimate_of(const struct rg_estimate *e)
{
    return (struct rg_results_estimate){e->value, e->lo, e->hi, e->n};
}

static double *
copy_of(const double *x, uint64_t n, double scale)
{
    double *out = rg_alloc(n, sizeof *out);

    for (uint64_t i = 0; i < n; i++)
        out[i] = x[i] * scale;
    return out;
}

static void
make_vector(struct rg_results_vector *out, const struct rg_cell *cell, size_t metric)
{
    const struct rg_per_query *p = cell->query[rg_metrics[metric].column];
    bool some = false;

    for (size_t q = 0; q < cell->n_queries && !some; q++)
        some = p[q].n > 0;
    if (!some)
        return;
    out->sums = rg_alloc(cell->n_queries, sizeof *out->sums);
    out->counts = rg_alloc(cell->n_queries, sizeof *out->counts);
    for (size_t q = 0; q < cell->n_queries; q++) {
        out->sums[q] = rg_sum_value(&p[q].sum) * rg_metrics[metric].scale;
        out->counts[q] = p[q].n;
    }
}

static double *
busiest_use(const struct rg_cell *cell, uint32_t model)
{
    double *out = rg_alloc(cell->replications, sizeof *out);

    for (uint64_t i = 0; i < cell->replications; i++)
        out[i] = cell->utilisation[i * cell->n_endpoints + model];
    return out;
}

static void
make_metrics(struct rg_results_cell *out, const struct rg_cell *cell, const struct rg_estimates *e)
{
    out->n_metrics = RG_N_METRICS + RG_N_PARTS;
    out->n_queries = cell->n_queries;
    out->estimates = rg_alloc(out->n_metrics, sizeof *out->estimates);
    out->vectors = rg_zalloc(out->n_metrics, sizeof *out->vectors);
    for (size_t m = 0; m < RG_N_METRICS; m++) {
        const struct rg_metric_info *info = &rg_metrics[m];

        out->estimates[m] = estimate_of(&e->of[m]);
        if (info->kind == RG_METRIC_REPLICATION)
            out->vectors[m].observed =
                copy_of(cell->replication[info->column], cell->replications, info->scale);
        else if (info->kind != RG_METRIC_BUSIEST)
            make_vector(&out->vectors[m], cell, m);
        else if (e->busiest != RG_NO_MODEL)
            out->vectors[m].observed = busiest_use(cell, e->busiest);
    }
    for (size_t i = 0; i < RG_N_PARTS; i++) {
        out->estimates[RG_N_METRICS + i] = estimate_of(&e->parts[i]);
        out->vectors[RG_N_METRICS + i].observed = copy_of(cell->parts[i], cell->replications, 1);
    }
}

static double *
quantiles(struct rg_sketch *s)
{
    double *out;

    if (s->n == 0)
        return NULL;
    out = rg_alloc(RG_RESULTS_QUANTILES + 1, sizeof *out);
    rg_sketch_quantiles(s, RG_RESULTS_QUANTILES, out);
    return out;
}

static void
make_counts(struct rg_results_cell *out, const struct rg_cell *cell, const struct rg_estimates *e,
            const struct watch *w)
{
    struct rg_results_counts *n = &out->counts;

    /* Holes of the struct travel in messages, too. */
    memset(n, 0, sizeof *n);
    n->replications = cell->replications;
    n->offered = cell->offered;
    memcpy(n->ends, cell->ends, sizeof n->ends);
    n->in_flight = cell->in_flight;
    n->unscored = cell->unscored;
    n->unpriced = cell->unpriced;
    n->events = cell->events;
    n->most_in_flight = cell->most_in_flight;
    n->skipped_queries = e->skipped_queries;
    n->busiest = e->busiest;
    n->saturated = e->saturated ? e->saturated_model : RG_NO_MODEL;
    n->precise = !w->plan->config.precise || look(w, cell) == RG_PRECISION_ENOUGH;
    n->span_s = cell->span_s;
}

static void
make_series(struct rg_results_cell *out, const struct rg_cell *cell, const struct watch *w)
{
    out->series = rg_zalloc(cell->n_endpoints, sizeof *out->series);
    for (uint32_t m = 0; m < cell->n_endpoints; m++) {
        struct rg_results_series *s = &out->series[out->n_series];

        s->model = m;
        if (rg_series_means(w->series, m, cell->span_s, RG_RESULTS_BINS, s->bin))
            out->n_series++;
    }
}

/* ---- labels ---- */

static void
add_confusion(struct rg_results_cell *out, const uint64_t *counts, size_t n, bool answer)
{
    size_t cap = out->n_confusion;

    for (size_t c = 0; c < n; c++)
        for (size_t l = 0; l <= n; l++) {
            uint64_t k = counts[c * (n + 1) + l];

            if (k == 0)
                continue;
            out->confusion =
                rg_grow(out->confusion, &cap, out->n_confusion + 1, sizeof *out->confusion);
            out->confusion[out->n_confusion++] = (struct rg_results_confusion){
                answer, (uint32_t)c, l < n ? (uint32_t)l : RG_NAMES_NONE, k};
        }
}

/* (bin / 10, (bin + 1) / 10], and 0 in the first. */
static size_t
bin_of(double confidence)
{
    double bin = ceil(confidence * RG_RESULTS_CONFIDENCES) - 1;

    return bin > 0 ? (size_t)fmin(bin, RG_RESULTS_CONFIDENCES - 1) : 0;
}

static void
add_confidence(struct rg_sum *sums, struct rg_results_confidence *bins, double confidence,
               bool right)
{
    size_t b;

    if (!(confidence >= 0 && confidence <= 1))
        return;
    b = bin_of(confidence);
    bins[b].n++;
    bins[b].right += right;
    rg_sum_add(&sums[b], confidence);
}

/* What the classifier says of the queries that are replayed, against their categories. */
static void
make_classifier(struct rg_results_cell *out, const struct rg_policy *p)
{
    size_t n = p->trace->n_categories;
    const uint32_t *category = p->trace->queries.category;
    struct rg_sum sums[RG_RESULTS_CONFIDENCES] = {{0}};
    uint64_t *counts;

    for (size_t b = 0; b < RG_RESULTS_CONFIDENCES; b++)
        out->confidence[b] = (struct rg_results_confidence){0, 0, NAN};
    if (!p->query.label || n > RG_CELL_CATEGORIES)
        return;
    counts = rg_zalloc(n * (n + 1), sizeof *counts);
    for (size_t i = 0; i < p->n_queries; i++) {
        uint32_t q = p->queries[i];
        uint32_t label = p->query.label[q];

        if (category[q] == RG_NAMES_NONE)
            continue;
        counts[category[q] * (n + 1) + (label < n ? label : n)]++;
        if (p->query.confidence)
            add_confidence(sums, out->confidence, p->query.confidence[q], label == category[q]);
    }
    for (size_t b = 0; b < RG_RESULTS_CONFIDENCES; b++)
        if (out->confidence[b].n > 0)
            out->confidence[b].mean = rg_sum_value(&sums[b]) / (double)out->confidence[b].n;
    add_confusion(out, counts, n, false);
    free(counts);
}

static void
make_rows(struct rg_results_cell *out, struct rg_cell *cell, const struct rg_estimates *e,
          const struct rg_policy *policy, struct watch *w)
{
    make_metrics(out, cell, e);
    make_counts(out, cell, e, w);
    out->latency_ms = quantiles(&cell->latency);
    out->n_latency = cell->latency.n;
    out->ttft_ms = quantiles(&cell->ttft);
    out->n_ttft = cell->ttft.n;
    out->n_models = cell->n_endpoints;
    out->endpoints = rg_alloc(out->n_models, sizeof *out->endpoints);
    memcpy(out->endpoints, cell->endpoints, out->n_models * sizeof *out->endpoints);
    out->utilisation = copy_of(e->utilisation, out->n_models, 1);
    memcpy(out->reasons, cell->reasons, sizeof out->reasons);
    make_series(out, cell, w);
    make_classifier(out, policy);
    if (cell->confusion)
        add_confusion(out, cell->confusion, cell->n_categories, true);
    out->spans = w->spans;
    out->n_spans = w->n_spans;
    w->spans = NULL;
}

/* ---- a cell ---- */

static enum rg_status
cell_failed(const struct rg_sweep_plan *p, uint32_t cell, const struct rg_err *why,
            struct rg_err *err)
{
    struct rg_buf name = {0};

    rg_sweep_plan_name(p, cell, &name);
    rg_err_set(err, why->status, "cell %u (%s): %s", cell, rg_buf_text(&name), why->text);
    rg_buf_clear(&name);
    return why->status;
}

enum rg_status
rg_sweep_cell_run(const struct rg_sweep_plan *p, uint32_t number, struct rg_results_cell *out,
                  struct rg_err *err)
{
    const struct rg_sweep_cell *c = &p->cells[number];
    const struct rg_run_values *v = &c->v;
    struct watch w = {.plan = p,
                      .precision = p->config.precision,
                      .series = rg_series_new(p->shared.trace->n_models)};
    struct rg_cell_options options = {.replications = v->replications,
                                      .enough = p->config.precise ? enough : NULL,
                                      .rule = &w,
                                      .slo_s = v->slo_ms * 1e-3,
                                      .warm_up = v->warm_up,
                                      .columns = c->s.columns,
                                      .done = p->spans || v->replications == 1 ? done : NULL,
                                      .tried = tried,
                                      .moved = moved,
                                      .ctx = &w};
    struct rg_cell cell;
    struct rg_estimates e = {0};
    struct rg_err why;
    enum rg_status status;

    w.precision.level = v->level;
    if (v->replications == 1)
        w.own = rg_run_series_new(v->warm_up, options.slo_s);
    status = rg_cell_run(rg_run_replication(v, &c->s, &c->policy), &options, &cell, &why);

    out->cell = number;
    if (status == RG_OK) {
        rg_estimates_make(&e, &cell, v->level, rg_run_can_saturate(v, &c->s));
        if (w.own)
            rg_run_series_estimate(w.own, v->level, &e);
        make_rows(out, &cell, &e, &c->policy, &w);
    } else {
        cell_failed(p, number, &why, err);
    }
    rg_estimates_clear(&e);
    rg_cell_clear(&cell);
    rg_series_free(w.series);
    rg_run_series_free(w.own);
    free(w.spans);
    return status;
}
