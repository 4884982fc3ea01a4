/* Rows, and the rows of a finished cell. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/pack.h"
#include "sim/results_private.h"

/* ---- rows ---- */

enum rg_status
rg_results_row(struct rg_results *r, enum rg_results_table_id table, struct rg_results_row *row,
               struct rg_err *err)
{
    if (!r->insert[table]) {
        struct rg_buf sql = {0};
        enum rg_status status;

        rg_buf_printf(&sql, "INSERT INTO %s VALUES(?", rg_results_tables[table].name);
        for (int i = 1; i < rg_results_tables[table].columns; i++)
            rg_buf_puts(&sql, ",?");
        rg_buf_puts(&sql, ")");
        status = rg_results_prepare(r, &r->insert[table], rg_buf_text(&sql), err);
        rg_buf_clear(&sql);
        if (status != RG_OK)
            return status;
    }
    *row = (struct rg_results_row){r->insert[table], 1, r->digest ? &r->row : NULL};
    if (row->text) {
        rg_buf_reset(row->text);
        rg_buf_puts(row->text, rg_results_tables[table].name);
    }
    return RG_OK;
}

void
rg_results_add_int(struct rg_results_row *row, int64_t x)
{
    sqlite3_bind_int64(row->stmt, row->at++, x);
    if (row->text)
        rg_results_digest_bits(row->text, SQLITE_INTEGER, (uint64_t)x);
}

void
rg_results_add_double(struct rg_results_row *row, double x)
{
    bool some = isfinite(x);
    uint64_t bits;

    x += 0.0; /* no negative zero */
    memcpy(&bits, &x, sizeof bits);
    if (some)
        sqlite3_bind_double(row->stmt, row->at++, x);
    else
        sqlite3_bind_null(row->stmt, row->at++);
    if (row->text)
        rg_results_digest_bits(row->text, some ? SQLITE_FLOAT : SQLITE_NULL, bits);
}

void
rg_results_add_text(struct rg_results_row *row, const char *s)
{
    if (s)
        sqlite3_bind_text(row->stmt, row->at++, s, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(row->stmt, row->at++);
    if (row->text && s)
        rg_results_digest_bytes(row->text, SQLITE_TEXT, s, strlen(s));
    else if (row->text)
        rg_results_digest_bits(row->text, SQLITE_NULL, 0);
}

void
rg_results_add_bytes(struct rg_results_row *row, const void *bytes, size_t n)
{
    sqlite3_bind_blob64(row->stmt, row->at++, bytes, n, SQLITE_STATIC);
    if (row->text)
        rg_results_digest_bytes(row->text, SQLITE_BLOB, bytes, n);
}

enum rg_status
rg_results_row_end(struct rg_results *r, struct rg_results_row *row, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    assert(row->at == sqlite3_bind_parameter_count(row->stmt) + 1);
    if (sqlite3_step(row->stmt) != SQLITE_DONE)
        status = rg_results_fail(r, err);
    sqlite3_reset(row->stmt);
    if (row->text)
        rg_digest_add(r->digest, rg_buf_text(row->text), row->text->len);
    return status;
}

/* A model's number, or NULL. */
static void
add_model(struct rg_results_row *row, uint32_t model)
{
    if (model == RG_NO_MODEL)
        rg_results_add_text(row, NULL);
    else
        rg_results_add_int(row, model);
}

/* ---- a cell's rows ---- */

static enum rg_status
put_run(struct rg_results *r, const struct rg_results_cell *c, struct rg_err *err)
{
    const struct rg_results_counts *n = &c->counts;
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_RUNS, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, c->cell);
    rg_results_add_int(&row, (int64_t)n->replications);
    rg_results_add_int(&row, (int64_t)n->offered);
    for (size_t i = 0; i < RG_N_REQUEST_ENDS; i++)
        rg_results_add_int(&row, (int64_t)n->ends[i]);
    rg_results_add_int(&row, (int64_t)n->in_flight);
    rg_results_add_int(&row, (int64_t)n->unscored);
    rg_results_add_int(&row, (int64_t)n->unpriced);
    rg_results_add_int(&row, (int64_t)n->events);
    rg_results_add_int(&row, (int64_t)n->most_in_flight);
    rg_results_add_int(&row, (int64_t)n->skipped_queries);
    add_model(&row, n->busiest);
    add_model(&row, n->saturated);
    rg_results_add_int(&row, n->precise);
    rg_results_add_double(&row, n->span_s);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_estimate(struct rg_results *r, const struct rg_results_cell *c, size_t metric,
             struct rg_err *err)
{
    const struct rg_results_estimate *e = &c->estimates[metric];
    struct rg_results_row row;
    enum rg_status status;

    if (!isfinite(e->value))
        return RG_OK;
    status = rg_results_row(r, RG_TABLE_ESTIMATES, &row, err);
    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, c->cell);
    rg_results_add_int(&row, (int64_t)metric);
    rg_results_add_double(&row, e->value);
    rg_results_add_double(&row, e->lo);
    rg_results_add_double(&row, e->hi);
    rg_results_add_int(&row, (int64_t)e->n);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_observations(struct rg_results *r, const struct rg_results_cell *c, size_t metric,
                 struct rg_err *err)
{
    const double *x = c->vectors[metric].observed;
    enum rg_status status = RG_OK;

    for (size_t i = 0; x && i < c->counts.replications && status == RG_OK; i++) {
        struct rg_results_row row;

        if (!isfinite(x[i]))
            continue;
        status = rg_results_row(r, RG_TABLE_OBSERVATIONS, &row, err);
        if (status != RG_OK)
            return status;
        rg_results_add_int(&row, c->cell);
        rg_results_add_int(&row, (int64_t)metric);
        rg_results_add_int(&row, (int64_t)i);
        rg_results_add_double(&row, x[i]);
        status = rg_results_row_end(r, &row, err);
    }
    return status;
}

static enum rg_status
put_vector(struct rg_results *r, const struct rg_results_cell *c, size_t metric, struct rg_err *err)
{
    const struct rg_results_vector *v = &c->vectors[metric];
    struct rg_results_row row;
    enum rg_status status;

    if (v->packed_sums.len == 0)
        return RG_OK;
    status = rg_results_row(r, RG_TABLE_VECTORS, &row, err);
    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, c->cell);
    rg_results_add_int(&row, (int64_t)metric);
    rg_results_add_bytes(&row, v->packed_sums.data, v->packed_sums.len);
    rg_results_add_bytes(&row, v->packed_counts.data, v->packed_counts.len);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_metrics(struct rg_results *r, const struct rg_results_cell *c, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t m = 0; m < c->n_metrics && status == RG_OK; m++) {
        status = put_estimate(r, c, m, err);
        if (status == RG_OK)
            status = put_observations(r, c, m, err);
        if (status == RG_OK)
            status = put_vector(r, c, m, err);
    }
    return status;
}

static enum rg_status
put_quantiles(struct rg_results *r, const struct rg_results_cell *c, int times, const double *ms,
              struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (int i = 0; ms && i <= RG_RESULTS_QUANTILES && status == RG_OK; i++) {
        struct rg_results_row row;

        status = rg_results_row(r, RG_TABLE_QUANTILES, &row, err);
        if (status != RG_OK)
            return status;
        rg_results_add_int(&row, c->cell);
        rg_results_add_int(&row, times);
        rg_results_add_int(&row, i);
        rg_results_add_double(&row, ms[i]);
        status = rg_results_row_end(r, &row, err);
    }
    return status;
}

static enum rg_status
put_endpoint(struct rg_results *r, const struct rg_results_cell *c, size_t model,
             struct rg_err *err)
{
    const struct rg_endpoint_stats *s = &c->endpoints[model];
    const uint64_t counts[] = {
        s->calls,    s->tries,    s->hedges,  s->retries,   s->fallbacks, s->answered,    s->errors,
        s->timeouts, s->rejected, s->cooling, s->too_large, s->cancelled, s->replicas_max};
    const double sums[] = {
        s->busy_s,   s->waiting_s,     s->replica_s,         s->capacity_s,
        s->cost_usd, s->prompt_tokens, s->completion_tokens, s->infrastructure_usd};
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_ENDPOINTS, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, c->cell);
    rg_results_add_int(&row, (int64_t)model);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        rg_results_add_int(&row, (int64_t)counts[i]);
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        rg_results_add_double(&row, sums[i]);
    rg_results_add_int(&row, s->overrun);
    rg_results_add_double(&row, c->utilisation[model]);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_reason(struct rg_results *r, const struct rg_results_cell *c, size_t reason, struct rg_err *err)
{
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_REASONS, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, c->cell);
    rg_results_add_text(&row, rg_reasons[reason].name);
    rg_results_add_int(&row, rg_reason_escalates((enum rg_reason)reason));
    rg_results_add_int(&row, (int64_t)c->reasons[reason]);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_calls(struct rg_results *r, const struct rg_results_cell *c, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t m = 0; m < c->n_models && status == RG_OK; m++)
        if (c->endpoints[m].calls > 0 || c->endpoints[m].tries > 0)
            status = put_endpoint(r, c, m, err);
    for (size_t i = 0; i < RG_N_REASONS && status == RG_OK; i++)
        if (c->reasons[i] > 0)
            status = put_reason(r, c, i, err);
    return status;
}

static enum rg_status
put_bin(struct rg_results *r, uint32_t cell, const struct rg_results_series *s, int bin,
        struct rg_err *err)
{
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_SERIES, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, cell);
    rg_results_add_int(&row, s->model);
    rg_results_add_int(&row, bin);
    rg_results_add_double(&row, s->bin[bin].waiting);
    rg_results_add_double(&row, s->bin[bin].busy);
    rg_results_add_double(&row, s->bin[bin].capacity);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_series(struct rg_results *r, const struct rg_results_cell *c, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < c->n_series; i++)
        for (int bin = 0; bin < RG_RESULTS_BINS && status == RG_OK; bin++)
            status = put_bin(r, c->cell, &c->series[i], bin, err);
    return status;
}

static enum rg_status
put_confusion(struct rg_results *r, const struct rg_results_cell *c, size_t i, struct rg_err *err)
{
    const struct rg_results_confusion *x = &c->confusion[i];
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_CONFUSION, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, c->cell);
    rg_results_add_text(&row, x->answer ? "answer" : "classifier");
    rg_results_add_int(&row, x->category);
    rg_results_add_int(&row, x->label == RG_NAMES_NONE ? -1 : (int64_t)x->label);
    rg_results_add_int(&row, (int64_t)x->n);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_confidence(struct rg_results *r, const struct rg_results_cell *c, size_t bin,
               struct rg_err *err)
{
    const struct rg_results_confidence *x = &c->confidence[bin];
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_CONFIDENCES, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, c->cell);
    rg_results_add_int(&row, (int64_t)bin);
    rg_results_add_int(&row, (int64_t)x->n);
    rg_results_add_int(&row, (int64_t)x->right);
    rg_results_add_double(&row, x->mean);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_labels(struct rg_results *r, const struct rg_results_cell *c, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < c->n_confusion && status == RG_OK; i++)
        status = put_confusion(r, c, i, err);
    for (size_t i = 0; i < RG_RESULTS_CONFIDENCES && status == RG_OK; i++)
        if (c->confidence[i].n > 0)
            status = put_confidence(r, c, i, err);
    return status;
}

static enum rg_status
put_span(struct rg_results *r, uint32_t cell, const struct rg_request *q, struct rg_err *err)
{
    static const char *const ends[RG_N_REQUEST_ENDS] = {"completed", "rejected", "timed_out",
                                                        "failed", "skipped"};
    struct rg_results_row row;
    enum rg_status status = rg_results_row(r, RG_TABLE_SPANS, &row, err);

    if (status != RG_OK)
        return status;
    rg_results_add_int(&row, cell);
    rg_results_add_int(&row, (int64_t)q->index);
    rg_results_add_int(&row, q->query);
    rg_results_add_int(&row, q->sample);
    rg_results_add_int(&row, q->model);
    rg_results_add_text(&row, ends[q->end]);
    rg_results_add_int(&row, q->escalated);
    rg_results_add_int(&row, q->calls);
    rg_results_add_int(&row, q->tries);
    rg_results_add_double(&row, q->score);
    rg_results_add_double(&row, q->cost_usd);
    rg_results_add_double(&row, q->arrival_s);
    rg_results_add_double(&row, q->latency_s);
    rg_results_add_double(&row, q->ttft_s);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        rg_results_add_double(&row, q->parts[i]);
    return rg_results_row_end(r, &row, err);
}

static enum rg_status
put_rows(struct rg_results *r, const struct rg_results_cell *c, struct rg_err *err)
{
    enum rg_status status = put_run(r, c, err);

    if (status == RG_OK)
        status = put_metrics(r, c, err);
    if (status == RG_OK)
        status = put_quantiles(r, c, 0, c->latency_ms, err);
    if (status == RG_OK)
        status = put_quantiles(r, c, 1, c->ttft_ms, err);
    if (status == RG_OK)
        status = put_calls(r, c, err);
    if (status == RG_OK)
        status = put_series(r, c, err);
    if (status == RG_OK)
        status = put_labels(r, c, err);
    for (size_t i = 0; i < c->n_spans && status == RG_OK; i++)
        status = put_span(r, c->cell, &c->spans[i], err);
    return status == RG_OK ? rg_results_put_digest(r, c->cell, err) : status;
}

/* ---- transactions ---- */

/* A full disk costs no more than this part of what there is. */
enum { UNSAFE_SHARE = 16 };

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Cells of a failed transaction are not there. */
static void
forget(struct rg_results *r)
{
    struct rg_err ignored;

    for (size_t i = 0; i < r->n_open; i++)
        r->done[r->open[i]] = 0;
    r->n_done -= r->n_open;
    r->n_open = 0;
    if (!sqlite3_get_autocommit(r->db) && rg_results_exec(r, "ROLLBACK", &ignored) != RG_OK)
        return; /* closing does it then, or the next one who opens */
}

enum rg_status
rg_results_sync(struct rg_results *r, double age_s, struct rg_err *err)
{
    enum rg_status status;

    if (r->n_open == 0 ||
        (age_s > 0 && r->n_open <= r->n_done / UNSAFE_SHARE && now() - r->opened_s < age_s))
        return RG_OK;
    status = rg_results_exec(r, "COMMIT", err);
    if (status != RG_OK)
        forget(r);
    r->n_open = 0;
    return status;
}

/* Takes back what was put of a cell; those before it in the transaction stay. */
static void
take_back(struct rg_results *r)
{
    struct rg_err ignored;

    if (sqlite3_get_autocommit(r->db) || r->n_open == 0 ||
        rg_results_exec(r, "ROLLBACK TO cell; RELEASE cell", &ignored) != RG_OK ||
        rg_results_sync(r, 0, &ignored) != RG_OK)
        forget(r);
}

enum rg_status
rg_results_put(struct rg_results *r, struct rg_results_cell *c, struct rg_err *err)
{
    struct rg_digest digest = {0};
    enum rg_status status = RG_OK;

    assert(c->cell < r->n_cells && !r->done[c->cell] && c->n_metrics == r->n_metrics);
    rg_results_cell_compress(c);
    if (r->n_open == 0) {
        status = rg_results_exec(r, "BEGIN IMMEDIATE", err);
        r->opened_s = now();
    }
    if (status != RG_OK)
        return status;
    status = rg_results_exec(r, "SAVEPOINT cell", err);
    if (status == RG_OK) {
        r->digest = &digest;
        status = put_rows(r, c, err);
        r->digest = NULL;
        rg_digest_clear(&digest);
    }
    if (status == RG_OK)
        status = rg_results_exec(r, "RELEASE cell", err);
    if (status != RG_OK) {
        take_back(r);
        return status;
    }
    r->open = rg_grow(r->open, &r->open_cap, r->n_open + 1, sizeof *r->open);
    r->open[r->n_open++] = c->cell;
    r->done[c->cell] = 1;
    r->n_done++;
    return RG_OK;
}
