/* The tables of `run`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "stats/reliability.h"
#include "stats/table.h"

/* Counts of requests, in the order of their columns. */
static const char *const count_names[] = {
    "queries", "offered",   "completed",      "rejected",       "timed_out", "failed",
    "skipped", "in_flight", "scored_queries", "priced_queries", "unscored",  "unpriced"};
enum { N_COUNTS = sizeof count_names / sizeof *count_names };

static const char *const count_heads[RG_N_REQUEST_ENDS] = {"done", "rejected", "timed out",
                                                           "failed", "skipped"};

static void
put_counts(struct rg_table *t, size_t column, const struct rg_run *w, size_t c)
{
    const struct rg_cell *cell = &w->cells[c];
    const struct rg_estimates *e = &w->estimates[c];

    rg_table_integer(t, column++, (int64_t)e->queries);
    rg_table_integer(t, column++, (int64_t)cell->offered);
    for (size_t i = 0; i < RG_N_REQUEST_ENDS; i++)
        rg_table_integer(t, column++, (int64_t)cell->ends[i]);
    rg_table_integer(t, column++, (int64_t)cell->in_flight);
    rg_table_integer(t, column++, (int64_t)e->scored);
    rg_table_integer(t, column++, (int64_t)e->priced);
    rg_table_integer(t, column++, (int64_t)cell->unscored);
    rg_table_integer(t, column, (int64_t)cell->unpriced);
}

static void
put_estimate(struct rg_table *t, size_t column, const struct rg_estimate *e, double scale)
{
    rg_table_estimate(t, column, e->value * scale, e->lo * scale, e->hi * scale);
}

/* Did any router's value of a metric or part come about? */
static bool
metric_occurs(const struct rg_run *w, size_t metric)
{
    /* Without repairs it says what the strict one says. */
    if (metric == RG_METRIC_ACCEPTED && w->v.repair.n == 0)
        return false;
    for (size_t c = 0; c < w->n_cells; c++)
        if (!isnan(w->estimates[c].of[metric].value))
            return true;
    return false;
}

static bool
part_occurs(const struct rg_run *w, size_t part)
{
    for (size_t c = 0; c < w->n_cells; c++)
        if (w->estimates[c].parts[part].value >= 0.5) /* else it would read 0 */
            return true;
    return part == RG_PART_QUEUE;
}

/* The metrics of one table for people, without those that nobody has. */
static struct rg_table *
metrics_table(const struct rg_run *w, const char *title, enum rg_metric_table which)
{
    struct rg_table *t = rg_table_new(title);
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);

    for (size_t m = 0; m < RG_N_METRICS; m++)
        if (rg_metrics[m].table == which && metric_occurs(w, m))
            rg_table_column(t, rg_metrics[m].name, rg_metrics[m].head, RG_COL_ESTIMATE,
                            rg_metrics[m].decimals, false);
    for (size_t c = 0; c < w->n_cells; c++) {
        size_t column = router + 1;

        rg_table_row(t);
        rg_table_text(t, router, w->estimates[c].router);
        for (size_t m = 0; m < RG_N_METRICS; m++)
            if (rg_metrics[m].table == which && metric_occurs(w, m))
                put_estimate(t, column++, &w->estimates[c].of[m], rg_metrics[m].percent ? 100 : 1);
    }
    return t;
}

static struct rg_table *
parts_table(const struct rg_run *w)
{
    struct rg_table *t = rg_table_new("Mean latency by part (ms)");
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);

    for (size_t i = 0; i < RG_N_PARTS; i++)
        if (part_occurs(w, i))
            rg_table_column(t, rg_part_names[i], NULL, RG_COL_ESTIMATE, 0, false);
    for (size_t c = 0; c < w->n_cells; c++) {
        size_t column = router + 1;

        rg_table_row(t);
        rg_table_text(t, router, w->estimates[c].router);
        for (size_t i = 0; i < RG_N_PARTS; i++)
            if (part_occurs(w, i))
                put_estimate(t, column++, &w->estimates[c].parts[i], 1);
    }
    return t;
}

static bool
count_occurs(const struct rg_run *w, enum rg_request_end end)
{
    for (size_t c = 0; c < w->n_cells; c++)
        if (w->cells[c].ends[end] > 0)
            return true;
    return end == RG_REQUEST_COMPLETED || end == RG_REQUEST_FAILED;
}

/* For people: only the kinds of ends that occur, so that the table stays narrow. */
static struct rg_table *
count_table(const struct rg_run *w)
{
    struct rg_table *t = rg_table_new("Requests of all replications");
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    bool in_flight = false;
    size_t column;

    for (size_t c = 0; c < w->n_cells; c++)
        in_flight = in_flight || w->cells[c].in_flight > 0;
    rg_table_column(t, "queries", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "offered", NULL, RG_COL_INTEGER, 0, false);
    for (size_t i = 0; i < RG_N_REQUEST_ENDS; i++)
        if (count_occurs(w, (enum rg_request_end)i))
            rg_table_column(t, count_names[i + 2], count_heads[i], RG_COL_INTEGER, 0, false);
    if (in_flight)
        rg_table_column(t, "in_flight", "in flight", RG_COL_INTEGER, 0, false);
    rg_table_column(t, "busiest", "busiest endpoint", RG_COL_TEXT, 0, false);
    for (size_t c = 0; c < w->n_cells; c++) {
        const struct rg_cell *cell = &w->cells[c];
        const struct rg_estimates *e = &w->estimates[c];

        rg_table_row(t);
        rg_table_text(t, router, e->router);
        rg_table_integer(t, router + 1, (int64_t)e->queries);
        rg_table_integer(t, router + 2, (int64_t)cell->offered);
        column = router + 3;
        for (size_t i = 0; i < RG_N_REQUEST_ENDS; i++)
            if (count_occurs(w, (enum rg_request_end)i))
                rg_table_integer(t, column++, (int64_t)cell->ends[i]);
        if (in_flight)
            rg_table_integer(t, column++, (int64_t)cell->in_flight);
        if (e->busiest != RG_NO_MODEL)
            rg_table_text(t, column, w->s.trace->models[e->busiest].name);
    }
    return t;
}

static const struct {
    const char *name;
    enum rg_col_kind kind;
} provenance[] = {
    {"memory", RG_COL_TEXT},     {"contract", RG_COL_TEXT},   {"trace_digest", RG_COL_TEXT},
    {"synthetic", RG_COL_TEXT},  {"seed", RG_COL_INTEGER},    {"replications", RG_COL_INTEGER},
    {"warm_up", RG_COL_INTEGER}, {"batches", RG_COL_INTEGER}, {"batches_p", RG_COL_NUMBER}};
enum { N_PROVENANCE = sizeof provenance / sizeof *provenance };

/* What prompts carried: what was asked for, else what was chosen. */
static const char *
memory_of(const struct rg_run *w)
{
    const struct rg_trace *t = w->s.trace;

    return w->v.memory ? w->v.memory : t->variants[w->s.policy.lookup.variant].memory;
}

/* How a row came about. */
static void
put_provenance(struct rg_table *t, size_t column, const struct rg_run *w, size_t c)
{
    const struct rg_batch_means *b = &w->estimates[c].batches;

    rg_table_text(t, column++, memory_of(w));
    rg_table_text(t, column++, w->v.contract);
    rg_table_text(t, column++, w->s.trace->replay_digest);
    rg_table_text(t, column++, w->s.trace->synthetic ? "true" : "false");
    rg_table_integer(t, column++, (int64_t)w->v.seed);
    rg_table_integer(t, column++, (int64_t)w->cells[c].replications);
    rg_table_integer(t, column++, (int64_t)w->warm_up.requests);
    if (b->batches == 0)
        return;
    rg_table_integer(t, column++, (int64_t)b->batches);
    rg_table_number(t, column, b->serial.p);
}

/* One wide table with everything, for programs. */
static struct rg_table *
data_table(const struct rg_run *w)
{
    struct rg_table *t = rg_table_new("run");
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    size_t busiest;
    char name[64];

    for (size_t i = 0; i < N_COUNTS; i++)
        rg_table_column(t, count_names[i], NULL, RG_COL_INTEGER, 0, false);
    busiest = rg_table_column(t, "busiest", NULL, RG_COL_TEXT, 0, false);
    for (size_t m = 0; m < RG_N_METRICS; m++)
        rg_table_column(t, rg_metrics[m].name, NULL, RG_COL_ESTIMATE, 0, false);
    for (size_t i = 0; i < RG_N_PARTS; i++) {
        snprintf(name, sizeof name, "%s_ms", rg_part_names[i]);
        rg_table_column(t, name, NULL, RG_COL_ESTIMATE, 0, false);
    }
    for (size_t i = 0; i < N_PROVENANCE; i++)
        rg_table_column(t, provenance[i].name, NULL, provenance[i].kind, 0, false);
    for (size_t c = 0; c < w->n_cells; c++) {
        const struct rg_estimates *e = &w->estimates[c];
        size_t column = busiest + 1;

        rg_table_row(t);
        rg_table_text(t, router, e->router);
        put_counts(t, router + 1, w, c);
        if (e->busiest != RG_NO_MODEL)
            rg_table_text(t, busiest, w->s.trace->models[e->busiest].name);
        for (size_t m = 0; m < RG_N_METRICS; m++)
            put_estimate(t, column++, &e->of[m], 1);
        for (size_t i = 0; i < RG_N_PARTS; i++)
            put_estimate(t, column++, &e->parts[i], 1);
        put_provenance(t, column, w, c);
    }
    return t;
}

/* ---- details ---- */

static const struct {
    const char *name, *head;
    size_t offset;
} endpoint_counts[] = {
    {"calls", NULL, offsetof(struct rg_endpoint_stats, calls)},
    {"tries", NULL, offsetof(struct rg_endpoint_stats, tries)},
    {"answered", NULL, offsetof(struct rg_endpoint_stats, answered)},
    {"errors", NULL, offsetof(struct rg_endpoint_stats, errors)},
    {"timeouts", NULL, offsetof(struct rg_endpoint_stats, timeouts)},
    {"rejected", NULL, offsetof(struct rg_endpoint_stats, rejected)},
    {"cooling", NULL, offsetof(struct rg_endpoint_stats, cooling)},
    {"too_large", "too large", offsetof(struct rg_endpoint_stats, too_large)},
    {"cancelled", NULL, offsetof(struct rg_endpoint_stats, cancelled)},
    {"retries", NULL, offsetof(struct rg_endpoint_stats, retries)},
    {"hedges", NULL, offsetof(struct rg_endpoint_stats, hedges)},
    {"fallbacks", NULL, offsetof(struct rg_endpoint_stats, fallbacks)},
};
enum { N_ENDPOINT_COUNTS = sizeof endpoint_counts / sizeof *endpoint_counts };

static void
put_endpoint(struct rg_table *t, const struct rg_run *w, size_t c, size_t m)
{
    const struct rg_endpoint_stats *s = &w->cells[c].endpoints[m];
    size_t column = 0;

    rg_table_row(t);
    rg_table_text(t, column++, w->estimates[c].router);
    rg_table_text(t, column++, w->s.trace->models[m].name);
    for (size_t i = 0; i < N_ENDPOINT_COUNTS; i++)
        rg_table_integer(t, column++,
                         (int64_t) *
                             (const uint64_t *)((const char *)s + endpoint_counts[i].offset));
    rg_table_integer(t, column++, s->replicas_max);
    rg_table_number(t, column++, s->busy_s);
    rg_table_number(t, column++, s->waiting_s);
    rg_table_number(t, column++, w->estimates[c].utilisation[m]);
    rg_table_number(t, column++, s->prompt_tokens);
    rg_table_number(t, column++, s->completion_tokens);
    rg_table_number(t, column++, s->cost_usd);
    rg_table_number(t, column, s->infrastructure_usd);
}

static struct rg_table *
endpoints_table(const struct rg_run *w)
{
    struct rg_table *t = rg_table_new("Endpoints (sums over all replications)");

    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    for (size_t i = 0; i < N_ENDPOINT_COUNTS; i++)
        rg_table_column(t, endpoint_counts[i].name, endpoint_counts[i].head, RG_COL_INTEGER, 0,
                        false);
    rg_table_column(t, "replicas_max", "replicas", RG_COL_INTEGER, 0, false);
    rg_table_column(t, "busy_s", "busy s", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "waiting_s", "waiting s", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "utilisation", NULL, RG_COL_NUMBER, 3, false);
    rg_table_column(t, "prompt_tokens", "prompt tokens", RG_COL_NUMBER, 0, false);
    rg_table_column(t, "completion_tokens", "answer tokens", RG_COL_NUMBER, 0, false);
    rg_table_column(t, "cost_usd", "USD", RG_COL_NUMBER, 4, false);
    rg_table_column(t, "infrastructure_usd", "replica USD", RG_COL_NUMBER, 2, false);
    for (size_t c = 0; c < w->n_cells; c++)
        for (size_t m = 0; m < w->cells[c].n_endpoints; m++)
            if (w->cells[c].endpoints[m].tries > 0)
                put_endpoint(t, w, c, m);
    return t;
}

static struct rg_table *
reasons_table(const struct rg_run *w)
{
    struct rg_table *t = rg_table_new("Reasons (calls over all replications)");
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    size_t reason = rg_table_column(t, "reason", NULL, RG_COL_TEXT, 0, true);
    size_t calls = rg_table_column(t, "calls", NULL, RG_COL_INTEGER, 0, false);

    for (size_t c = 0; c < w->n_cells; c++) {
        for (size_t r = 0; r < RG_N_REASONS; r++) {
            if (w->cells[c].reasons[r] == 0)
                continue;
            rg_table_row(t);
            rg_table_text(t, router, w->estimates[c].router);
            rg_table_text(t, reason, rg_reasons[r].name);
            rg_table_integer(t, calls, (int64_t)w->cells[c].reasons[r]);
        }
    }
    return t;
}

/* How far the classifier's confidence can be trusted on the queries replayed; NULL where there is
 * no classifier, or nothing to compare it with. */
static struct rg_table *
reliability_table(const struct rg_run *w)
{
    const struct rg_query_signals *q = &w->s.policy.query;
    struct rg_reliability_bin bins[RG_RELIABILITY_BINS];
    struct rg_reliability all;
    struct rg_table *t;
    double *confidence;
    uint8_t *right;
    size_t n = 0;

    if (!q->label || !q->confidence)
        return NULL;
    confidence = rg_alloc(w->s.policy.n_queries, sizeof *confidence);
    right = rg_alloc(w->s.policy.n_queries, 1);
    for (size_t i = 0; i < w->s.policy.n_queries; i++) {
        uint32_t query = w->s.policy.queries[i];
        uint32_t category = w->s.trace->queries.category[query];
        double c = q->confidence[query];

        if (category == RG_NAMES_NONE || !(c >= 0 && c <= 1))
            continue;
        right[n] = q->label[query] == category;
        confidence[n++] = c;
    }
    all = rg_reliability_table(confidence, right, n, bins, RG_RELIABILITY_BINS);
    free(confidence);
    free(right);
    if (all.n == 0)
        return NULL;
    t = rg_table_new("Reliability of the classifier (queries replayed)");
    rg_table_column(t, "from", "confidence >", RG_COL_NUMBER, 1, true);
    rg_table_column(t, "to", "to", RG_COL_NUMBER, 1, false);
    rg_table_column(t, "queries", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "confidence", "mean", RG_COL_NUMBER, 3, false);
    rg_table_column(t, "accuracy", NULL, RG_COL_ESTIMATE, 3, false);
    for (size_t b = 0; b < RG_RELIABILITY_BINS; b++) {
        struct rg_estimate e = rg_interval_rate((double)bins[b].right, bins[b].n, w->v.level);

        if (bins[b].n == 0)
            continue;
        rg_table_row(t);
        rg_table_number(t, 0, bins[b].lo);
        rg_table_number(t, 1, bins[b].hi);
        rg_table_integer(t, 2, (int64_t)bins[b].n);
        rg_table_number(t, 3, bins[b].confidence);
        rg_table_estimate(t, 4, e.value, e.lo, e.hi);
    }
    rg_table_note(t,
                  "Classifier: accuracy %.3f, mean confidence %.3f over %llu queries; expected "
                  "calibration error %.3f, greatest %.3f.",
                  all.accuracy, all.confidence, (unsigned long long)all.n, all.ece, all.mce);
    return t;
}

void
rg_run_print(const struct rg_run *w)
{
    bool people = w->v.format != RG_CSV && w->v.format != RG_JSON;
    struct rg_table *tables[12];
    struct rg_buf out = {0};
    size_t n = 0;

    if (people) {
        tables[n++] = metrics_table(w, "Quality and cost", RG_TABLE_QUALITY);
        tables[n++] = metrics_table(w, "Answers", RG_TABLE_ANSWERS);
        if (w->v.details && w->s.columns.grounding)
            tables[n++] = metrics_table(w, "Answers against what was injected", RG_TABLE_GROUNDING);
        if (w->v.details)
            tables[n++] = metrics_table(w, "Calls, tokens and cost of a request", RG_TABLE_CALLS);
        tables[n++] = metrics_table(w, "Latency under load (ms)", RG_TABLE_LATENCY);
        tables[n++] = parts_table(w);
        tables[n++] =
            metrics_table(w, "Who answered, and use of the busiest endpoint", RG_TABLE_LOAD);
        tables[n++] = count_table(w);
    } else {
        tables[n++] = data_table(w);
    }
    if (w->v.details) {
        tables[n++] = endpoints_table(w);
        tables[n++] = reasons_table(w);
        tables[n] = reliability_table(w);
        n += tables[n] != NULL;
    }
    rg_run_notes(w, tables[n - 1]);
    rg_tables_print(tables, n, (enum rg_format)w->v.format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
    while (n > 0)
        rg_table_free(tables[--n]);
}
