/* A finished cell, read back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/pack.h"
#include "sim/results_private.h"

/* One table's rows of the cell. */
struct getting {
    struct rg_results *r;
    struct rg_results_cell *c;
    sqlite3_stmt *stmt;
    enum rg_status status;
    struct rg_err *err;
};

static void
open_table(struct getting *g, enum rg_results_table_id table)
{
    struct rg_buf sql = {0};

    if (g->status != RG_OK)
        return;
    rg_buf_printf(&sql, "SELECT * FROM %s WHERE cell = %u", rg_results_tables[table].name,
                  g->c->cell);
    for (int i = 1; i <= rg_results_tables[table].keys; i++)
        rg_buf_printf(&sql, "%s%d", i == 1 ? " ORDER BY " : ", ", i);
    g->status = rg_results_prepare(g->r, &g->stmt, rg_buf_text(&sql), g->err);
    rg_buf_clear(&sql);
}

static bool
next(struct getting *g)
{
    int rc;

    if (g->status != RG_OK)
        return false;
    rc = sqlite3_step(g->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        g->status = rg_results_fail(g->r, g->err);
    return rc == SQLITE_ROW;
}

static void
close_table(struct getting *g)
{
    sqlite3_finalize(g->stmt);
    g->stmt = NULL;
}

static void
damaged(struct getting *g, const char *what)
{
    if (g->status == RG_OK)
        g->status = rg_results_damaged(g->r, g->err, what);
}

/* A count; negative ones are damage. */
static uint64_t
count(struct getting *g, int column)
{
    int64_t x = sqlite3_column_int64(g->stmt, column);

    if (x < 0)
        damaged(g, "a negative count");
    return x < 0 ? 0 : (uint64_t)x;
}

static double
number(struct getting *g, int column)
{
    return sqlite3_column_type(g->stmt, column) == SQLITE_NULL
               ? (double)NAN
               : sqlite3_column_double(g->stmt, column);
}

/* An index below n; else damage, and 0. */
static uint32_t
below(struct getting *g, int column, uint64_t n, const char *what)
{
    int64_t x = sqlite3_column_int64(g->stmt, column);

    if (x >= 0 && (uint64_t)x < n && x < UINT32_MAX)
        return (uint32_t)x;
    damaged(g, what);
    return 0;
}

static uint32_t
model_or_none(struct getting *g, int column)
{
    return sqlite3_column_type(g->stmt, column) == SQLITE_NULL
               ? RG_NO_MODEL
               : below(g, column, g->r->n_models, "an unknown model");
}

/* Requests have ended in some way or are under way; some are unscored or unpriced. */
static void
check_run(struct getting *g)
{
    const struct rg_results_counts *n = &g->c->counts;
    uint64_t left = n->offered;

    for (int i = 0; i <= RG_N_REQUEST_ENDS; i++) {
        uint64_t k = i < RG_N_REQUEST_ENDS ? n->ends[i] : n->in_flight;

        if (k > left) {
            damaged(g, "more requests ended than were offered");
            return;
        }
        left -= k;
    }
    if (left > 0)
        damaged(g, "requests are missing");
    if (n->unscored > n->offered || n->unpriced > n->offered)
        damaged(g, "more requests lack something than there are");
}

static void
get_run(struct getting *g)
{
    enum { REPLICATIONS_MAX = 1000000 };
    struct rg_results_counts *n = &g->c->counts;

    open_table(g, RG_TABLE_RUNS);
    if (next(g)) {
        n->replications = below(g, 1, REPLICATIONS_MAX + 1, "too many replications");
        n->offered = count(g, 2);
        for (int i = 0; i < RG_N_REQUEST_ENDS; i++)
            n->ends[i] = count(g, 3 + i);
        n->in_flight = count(g, 8);
        n->unscored = count(g, 9);
        n->unpriced = count(g, 10);
        n->events = count(g, 11);
        n->most_in_flight = count(g, 12);
        n->skipped_queries = count(g, 13);
        n->busiest = model_or_none(g, 14);
        n->saturated = model_or_none(g, 15);
        n->precise = sqlite3_column_int(g->stmt, 16) != 0;
        n->span_s = number(g, 17);
        check_run(g);
    } else {
        damaged(g, "a cell has gone");
    }
    close_table(g);
}

static void
get_estimates(struct getting *g)
{
    open_table(g, RG_TABLE_ESTIMATES);
    while (next(g)) {
        uint32_t m = below(g, 1, g->r->n_metrics, "an estimate of no metric");

        if (g->status == RG_OK)
            g->c->estimates[m] =
                (struct rg_results_estimate){number(g, 2), number(g, 3), number(g, 4), count(g, 5)};
    }
    close_table(g);
}

/* Each replication shows something, but for a few that have none of what is asked for. Many without
 * any are not what a sweep writes, and would take room and time that the file itself does not. */
static void
check_observations(struct getting *g, uint64_t rows)
{
    enum { HARMLESS = 1000 };

    if (g->c->counts.replications > HARMLESS && rows < g->c->counts.replications)
        damaged(g, "observations of replications are missing");
}

static void
get_observations(struct getting *g)
{
    uint64_t n = g->c->counts.replications, rows = 0;

    open_table(g, RG_TABLE_OBSERVATIONS);
    while (next(g)) {
        uint32_t m = below(g, 1, g->r->n_metrics, "an observation of no metric");
        uint32_t i = below(g, 2, n, "an observation of no replication");
        struct rg_results_vector *v = &g->c->vectors[m];

        if (g->status != RG_OK)
            break;
        if (!v->observed) {
            v->observed = rg_alloc(n, sizeof *v->observed);
            for (uint64_t k = 0; k < n; k++)
                v->observed[k] = NAN;
        }
        v->observed[i] = number(g, 3);
        rows++;
    }
    check_observations(g, rows);
    close_table(g);
}

static double *
numbers(struct getting *g, int column)
{
    size_t n = g->r->n_queries;
    double *x = rg_alloc(n, sizeof *x);
    struct rg_buf raw = {0};
    struct rg_err ignored;

    if (rg_unpack(&raw, sqlite3_column_blob(g->stmt, column),
                  (size_t)sqlite3_column_bytes(g->stmt, column), 8 * n, &ignored) != RG_OK) {
        damaged(g, "a vector cannot be read");
        free(x);
        x = NULL;
    }
    for (size_t i = 0; x && i < n; i++) {
        const unsigned char *p = (const unsigned char *)raw.data + 8 * i;
        uint64_t bits = 0;

        for (size_t k = 0; k < 8; k++)
            bits |= (uint64_t)p[k] << 8 * k;
        memcpy(&x[i], &bits, sizeof bits);
    }
    rg_buf_clear(&raw);
    return x;
}

/* Sums are finite, and counts are counts. */
static void
check_vector(struct getting *g, const struct rg_results_vector *v)
{
    for (size_t i = 0; g->status == RG_OK && i < g->r->n_queries; i++)
        if (!isfinite(v->sums[i]) || !isfinite(v->counts[i]) || v->counts[i] < 0)
            damaged(g, "a vector has numbers that are none");
}

static void
get_vectors(struct getting *g)
{
    open_table(g, RG_TABLE_VECTORS);
    while (next(g)) {
        uint32_t m = below(g, 1, g->r->n_metrics, "a vector of no metric");

        if (g->status != RG_OK)
            break;
        free(g->c->vectors[m].sums);
        free(g->c->vectors[m].counts);
        g->c->vectors[m].counts = NULL;
        g->c->vectors[m].sums = numbers(g, 2);
        if (g->status == RG_OK)
            g->c->vectors[m].counts = numbers(g, 3);
        check_vector(g, &g->c->vectors[m]);
    }
    close_table(g);
}

static void
check_quantiles(struct getting *g, const double *q)
{
    for (int i = 0; q && i <= RG_RESULTS_QUANTILES; i++)
        if (!isfinite(q[i]))
            damaged(g, "a quantile is missing");
}

static void
get_quantiles(struct getting *g)
{
    enum { N = RG_RESULTS_QUANTILES + 1 };

    open_table(g, RG_TABLE_QUANTILES);
    while (next(g)) {
        uint32_t times = below(g, 1, 2, "quantiles of unknown times");
        uint32_t i = below(g, 2, N, "an unknown quantile");
        double **to = times ? &g->c->ttft_ms : &g->c->latency_ms;

        if (!*to) {
            *to = rg_alloc(N, sizeof **to);
            for (int k = 0; k < N; k++)
                (*to)[k] = NAN;
        }
        (*to)[i] = number(g, 3);
    }
    check_quantiles(g, g->c->latency_ms);
    check_quantiles(g, g->c->ttft_ms);
    close_table(g);
}

static void
get_endpoint(struct getting *g, struct rg_endpoint_stats *s, double *utilisation)
{
    uint64_t *const counts[] = {&s->calls,     &s->tries,    &s->hedges,    &s->retries,
                                &s->fallbacks, &s->answered, &s->errors,    &s->timeouts,
                                &s->rejected,  &s->cooling,  &s->too_large, &s->cancelled};
    double *const sums[] = {
        &s->busy_s,   &s->waiting_s,     &s->replica_s,         &s->capacity_s,
        &s->cost_usd, &s->prompt_tokens, &s->completion_tokens, &s->infrastructure_usd};
    int column = 2;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        *counts[i] = count(g, column++);
    s->replicas_max = below(g, column++, UINT32_MAX, "too many replicas");
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        *sums[i] = number(g, column++);
    s->overrun = sqlite3_column_int(g->stmt, column++) != 0;
    *utilisation = number(g, column);
}

static void
get_endpoints(struct getting *g)
{
    open_table(g, RG_TABLE_ENDPOINTS);
    while (next(g)) {
        uint32_t m = below(g, 1, g->r->n_models, "an endpoint of no model");

        if (g->status == RG_OK)
            get_endpoint(g, &g->c->endpoints[m], &g->c->utilisation[m]);
    }
    close_table(g);
}

static void
get_reasons(struct getting *g)
{
    open_table(g, RG_TABLE_REASONS);
    while (next(g)) {
        const char *name = (const char *)sqlite3_column_text(g->stmt, 1);
        size_t i = 0;

        while (i < RG_N_REASONS && strcmp(rg_reasons[i].name, name ? name : "") != 0)
            i++;
        if (i == RG_N_REASONS)
            damaged(g, "an unknown reason");
        else
            g->c->reasons[i] = count(g, 3);
    }
    close_table(g);
}

static void
get_series(struct getting *g)
{
    struct rg_results_cell *c = g->c;
    size_t cap = 0;

    open_table(g, RG_TABLE_SERIES);
    while (next(g)) {
        uint32_t m = below(g, 1, g->r->n_models, "a series of no model");
        uint32_t bin = below(g, 2, RG_RESULTS_BINS, "an unknown time");

        if (c->n_series == 0 || c->series[c->n_series - 1].model != m) {
            c->series = rg_grow(c->series, &cap, c->n_series + 1, sizeof *c->series);
            c->series[c->n_series++] = (struct rg_results_series){.model = m};
        }
        c->series[c->n_series - 1].bin[bin] =
            (struct rg_series_means){number(g, 3), number(g, 4), number(g, 5)};
    }
    close_table(g);
}

static void
get_confusion(struct getting *g)
{
    struct rg_results_cell *c = g->c;
    size_t cap = 0;

    open_table(g, RG_TABLE_CONFUSION);
    while (next(g)) {
        const char *source = (const char *)sqlite3_column_text(g->stmt, 1);
        struct rg_results_confusion x = {
            .answer = source && strcmp(source, "answer") == 0,
            .category = below(g, 2, g->r->n_categories, "an unknown category"),
            .label = sqlite3_column_int64(g->stmt, 3) == -1
                         ? RG_NAMES_NONE
                         : below(g, 3, g->r->n_categories, "an unknown label"),
            .n = count(g, 4)};

        c->confusion = rg_grow(c->confusion, &cap, c->n_confusion + 1, sizeof *c->confusion);
        c->confusion[c->n_confusion++] = x;
    }
    close_table(g);
}

static void
get_confidences(struct getting *g)
{
    for (size_t i = 0; i < RG_RESULTS_CONFIDENCES; i++)
        g->c->confidence[i].mean = NAN;
    open_table(g, RG_TABLE_CONFIDENCES);
    while (next(g)) {
        uint32_t bin = below(g, 1, RG_RESULTS_CONFIDENCES, "an unknown confidence");

        g->c->confidence[bin] =
            (struct rg_results_confidence){count(g, 2), count(g, 3), number(g, 4)};
        if (g->c->confidence[bin].right > g->c->confidence[bin].n)
            damaged(g, "more are right than there are");
    }
    close_table(g);
}

enum rg_status
rg_results_get(struct rg_results *r, size_t cell, struct rg_results_cell *out, struct rg_err *err)
{
    struct getting g = {.r = r, .c = out, .err = err};

    *out = (struct rg_results_cell){.cell = (uint32_t)cell,
                                    .n_metrics = r->n_metrics,
                                    .n_queries = r->n_queries,
                                    .n_models = r->n_models,
                                    .estimates = rg_alloc(r->n_metrics, sizeof *out->estimates),
                                    .vectors = rg_zalloc(r->n_metrics, sizeof *out->vectors),
                                    .endpoints = rg_zalloc(r->n_models, sizeof *out->endpoints),
                                    .utilisation = rg_alloc(r->n_models, sizeof *out->utilisation)};
    for (size_t m = 0; m < r->n_metrics; m++)
        out->estimates[m] = (struct rg_results_estimate){NAN, NAN, NAN, 0};
    for (size_t m = 0; m < r->n_models; m++)
        out->utilisation[m] = NAN;
    get_run(&g);
    get_estimates(&g);
    get_observations(&g);
    get_vectors(&g);
    get_quantiles(&g);
    get_endpoints(&g);
    get_reasons(&g);
    get_series(&g);
    get_confusion(&g);
    get_confidences(&g);
    if (g.status == RG_OK)
        g.status = rg_results_check_digest(r, (int64_t)cell, err);
    out->n_latency = out->counts.ends[RG_REQUEST_COMPLETED];
    if (g.status != RG_OK)
        rg_results_cell_clear(out);
    return g.status;
}
