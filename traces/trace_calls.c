#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "traces/trace_private.h"

/* ---- calls ---- */

static void
alloc_calls(struct rg_trace_calls *c, size_t n)
{
    c->query = rg_zalloc(n, sizeof *c->query);
    c->variant = rg_zalloc(n, sizeof *c->variant);
    c->sample = rg_zalloc(n, sizeof *c->sample);
    c->model = rg_zalloc(n, sizeof *c->model);
    c->status = rg_zalloc(n, sizeof *c->status);
    c->prompt_tokens = rg_zalloc(n, sizeof *c->prompt_tokens);
    c->completion_tokens = rg_zalloc(n, sizeof *c->completion_tokens);
    c->cost_usd = rg_zalloc(n, sizeof *c->cost_usd);
    c->latency_ms = rg_zalloc(n, sizeof *c->latency_ms);
    c->ttft_ms = rg_zalloc(n, sizeof *c->ttft_ms);
    c->score = rg_zalloc(n, sizeof *c->score);
    c->text = rg_zalloc(n, sizeof *c->text);
    c->order = rg_zalloc(n, sizeof *c->order);
}

void
rg_trace_free_calls(struct rg_trace *t)
{
    struct rg_trace_calls *c = &t->calls;

    free(c->query);
    free(c->variant);
    free(c->sample);
    free(c->model);
    free(c->status);
    free(c->prompt_tokens);
    free(c->completion_tokens);
    free(c->cost_usd);
    free(c->latency_ms);
    free(c->ttft_ms);
    free(c->score);
    free(c->text);
    free(c->order);
}

/* Sort keys of one call: (model, variant, sample) are 32 + 16 + 16 bits of one number. */
struct key {
    uint64_t key;
    uint32_t at;
};

static int
compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

/* How many calls each query has, as first[]; the number of all calls in *n. The table itself is
 * asked, for an index of a damaged file may say something else; the other columns, and a query that
 * does not exist, are left to the reading that follows. */
static enum rg_status
count_calls(struct rg_trace *t, size_t *n, struct rg_err *err)
{
    struct rg_store *s = t->priv->store;
    sqlite3_stmt *stmt;
    enum rg_status status =
        rg_store_prepare(s, &stmt, "SELECT query FROM calls NOT INDEXED ORDER BY ord", err);
    int rc = SQLITE_DONE;

    *n = 0;
    while (status == RG_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t row = sqlite3_column_int64(stmt, 0);

        if (row >= 1 && (uint64_t)row <= t->n_queries)
            t->queries.first[t->priv->query_at[row - 1] + 1]++;
        (*n)++;
    }
    if (status == RG_OK && rc != SQLITE_DONE)
        status = rg_store_fail(s, err);
    sqlite3_finalize(stmt);
    for (size_t q = 0; q < t->n_queries; q++)
        t->queries.first[q + 1] += t->queries.first[q];
    return status;
}

static void
set_call(struct rg_trace *t, size_t i, const struct rg_call_row *row)
{
    const struct rg_trace_private *p = t->priv;
    const struct rg_call_rec *rec = &row->rec;
    struct rg_trace_calls *c = &t->calls;

    c->query[i] = p->query_at[row->query];
    c->variant[i] = (uint16_t)p->variant_at[row->variant];
    c->sample[i] = (uint16_t)rec->sample;
    c->model[i] = p->model_at[row->model];
    c->status[i] = (uint8_t)rec->status;
    c->prompt_tokens[i] = (int32_t)rec->prompt_tokens;
    c->completion_tokens[i] = (int32_t)rec->completion_tokens;
    c->cost_usd[i] = rec->cost_usd;
    c->latency_ms[i] = rec->latency_ms;
    c->ttft_ms[i] = rec->ttft_ms;
    c->score[i] = rec->score;
    c->text[i] = row->text;
    c->order[i] = (uint32_t)row->ord;
}

/* Put every call into the slice of its query, in the order of the recording. */
static enum rg_status
place_calls(struct rg_trace *t, size_t n, struct rg_err *err)
{
    uint32_t *next = rg_alloc(t->n_queries, sizeof *next);
    struct rg_call_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, t->priv->store, RG_ROWS_CALLS, err);

    if (t->n_queries > 0)
        memcpy(next, t->queries.first, t->n_queries * sizeof *next);
    rows.expected = (int64_t)n;
    while (status == RG_OK && rg_rows_call(&rows, &row)) {
        uint32_t q = t->priv->query_at[row.query];

        if (next[q] == t->queries.first[q + 1]) {
            rows.status = rg_err_set(err, RG_EINPUT, "%s: changed while it was read", t->path);
            break;
        }
        set_call(t, next[q]++, &row);
        t->n_calls++;
    }
    free(next);
    return rg_rows_close(&rows);
}

/* Put column[first..first + n) into the order of keys. */
static void
permute(void *column, size_t size, size_t first, const struct key *keys, size_t n, void *scratch)
{
    char *base = (char *)column + first * size;

    for (size_t i = 0; i < n; i++)
        memcpy((char *)scratch + i * size, base + keys[i].at * size, size);
    memcpy(base, scratch, n * size);
}

#define PERMUTE(column) permute(c->column, sizeof *c->column, first, keys, n, scratch)

/* All columns but query, which is the same in the whole slice. */
static void
permute_calls(struct rg_trace_calls *c, size_t first, const struct key *keys, size_t n,
              double *scratch)
{
    PERMUTE(variant);
    PERMUTE(sample);
    PERMUTE(model);
    PERMUTE(status);
    PERMUTE(prompt_tokens);
    PERMUTE(completion_tokens);
    PERMUTE(cost_usd);
    PERMUTE(latency_ms);
    PERMUTE(ttft_ms);
    PERMUTE(score);
    PERMUTE(text);
    PERMUTE(order);
}

/* Sort the slice of a query. */
static enum rg_status
sort_slice(struct rg_trace *t, size_t q, struct key *keys, double *scratch, struct rg_err *err)
{
    struct rg_trace_calls *c = &t->calls;
    size_t first = t->queries.first[q];
    size_t n = t->queries.first[q + 1] - first;
    bool sorted = true;

    for (size_t i = 0; i < n; i++) {
        size_t k = first + i;

        keys[i].at = (uint32_t)i;
        keys[i].key = (uint64_t)c->model[k] << 32 | (uint64_t)c->variant[k] << 16 | c->sample[k];
        sorted = sorted && (i == 0 || keys[i - 1].key < keys[i].key);
    }
    if (sorted)
        return RG_OK;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 1; i < n; i++) {
        if (keys[i - 1].key == keys[i].key)
            return rg_err_set(err, RG_EINPUT,
                              "%s: damaged trace file: two calls of one model, variant and sample "
                              "on query '%.80s'",
                              t->path, t->queries.id[q]);
    }
    permute_calls(c, first, keys, n, scratch);
    return RG_OK;
}

static enum rg_status
sort_calls(struct rg_trace *t, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    size_t most = 0;
    struct key *keys;
    double *scratch;

    for (size_t q = 0; q < t->n_queries; q++) {
        size_t n = t->queries.first[q + 1] - t->queries.first[q];

        most = n > most ? n : most;
    }
    keys = rg_alloc(most, sizeof *keys);
    scratch = rg_alloc(most, sizeof *scratch);
    for (size_t q = 0; status == RG_OK && q < t->n_queries; q++)
        status = sort_slice(t, q, keys, scratch, err);
    free(keys);
    free(scratch);
    return status;
}

enum rg_status
rg_trace_load_calls(struct rg_trace *t, struct rg_err *err)
{
    size_t n;
    enum rg_status status = count_calls(t, &n, err);

    if (status != RG_OK)
        return status;
    alloc_calls(&t->calls, n);
    status = place_calls(t, n, err);
    return status == RG_OK ? sort_calls(t, err) : status;
}

/* ---- runs ---- */

static void
alloc_runs(struct rg_trace_runs *r, size_t n)
{
    r->query = rg_zalloc(n, sizeof *r->query);
    r->config = rg_zalloc(n, sizeof *r->config);
    r->sample = rg_zalloc(n, sizeof *r->sample);
    r->chain = rg_zalloc(n, sizeof *r->chain);
    r->model = rg_zalloc(n, sizeof *r->model);
    r->variant = rg_zalloc(n, sizeof *r->variant);
    r->escalated = rg_zalloc(n, sizeof *r->escalated);
    r->status = rg_zalloc(n, sizeof *r->status);
    r->cost_usd = rg_zalloc(n, sizeof *r->cost_usd);
    r->latency_ms = rg_zalloc(n, sizeof *r->latency_ms);
    r->score = rg_zalloc(n, sizeof *r->score);
    r->order = rg_zalloc(n, sizeof *r->order);
}

void
rg_trace_free_runs(struct rg_trace *t)
{
    struct rg_trace_runs *r = &t->runs;

    free(r->query);
    free(r->config);
    free(r->sample);
    free(r->chain);
    free(r->model);
    free(r->variant);
    free(r->escalated);
    free(r->status);
    free(r->cost_usd);
    free(r->latency_ms);
    free(r->score);
    free(r->order);
}

static void
set_run(struct rg_trace *t, size_t i, const struct rg_run_row *row)
{
    const struct rg_trace_private *p = t->priv;
    struct rg_trace_runs *r = &t->runs;
    const struct rg_run_rec *rec = &row->rec;

    r->query[i] = p->query_at[row->query];
    r->config[i] = rg_trace_name(p->configs, rec->config);
    r->sample[i] = rec->sample;
    r->chain[i] = rg_trace_name(p->chains, rec->chain);
    r->model[i] = row->model == RG_NAMES_NONE ? RG_NAMES_NONE : p->model_at[row->model];
    r->variant[i] = (uint16_t)p->variant_at[row->variant];
    r->escalated[i] = (int8_t)rec->escalated;
    r->status[i] = (uint8_t)rec->status;
    r->cost_usd[i] = rec->cost_usd;
    r->latency_ms[i] = rec->latency_ms;
    r->score[i] = rec->score;
    r->order[i] = (uint32_t)row->ord;
}

/* Calls and runs share one count: each position in the recording is there once. */
static enum rg_status
check_positions(const struct rg_trace *t, struct rg_err *err)
{
    size_t n = t->n_calls + t->n_runs;
    bool *seen = rg_zalloc(n, sizeof *seen);
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < n && status == RG_OK; i++) {
        uint32_t at = i < t->n_calls ? t->calls.order[i] : t->runs.order[i - t->n_calls];

        if (at >= n || seen[at])
            status =
                rg_err_set(err, RG_EINPUT,
                           "%s: damaged trace file: position %" PRIu32 " of a call or run is %s",
                           t->path, at, at >= n ? "out of range" : "there twice");
        else
            seen[at] = true;
    }
    free(seen);
    return status;
}

enum rg_status
rg_trace_load_runs(struct rg_trace *t, struct rg_err *err)
{
    struct rg_trace_private *p = t->priv;
    struct rg_run_row row;
    struct rg_rows rows;
    size_t n = 0;
    enum rg_status status =
        rg_trace_count_rows(t, "SELECT count(*) FROM recorded_runs NOT INDEXED", &n, err);

    if (status != RG_OK)
        return status;
    alloc_runs(&t->runs, n);
    status = rg_rows_open(&rows, p->store, RG_ROWS_RUNS, err);
    rows.expected = (int64_t)n;
    while (status == RG_OK && rg_rows_run(&rows, &row))
        set_run(t, t->n_runs++, &row);
    t->configs = rg_trace_names(p->configs, &t->n_configs, t->runs.config, t->n_runs);
    t->chains = rg_trace_names(p->chains, &t->n_chains, t->runs.chain, t->n_runs);
    status = rg_rows_close(&rows);
    return status == RG_OK ? check_positions(t, err) : status;
}
