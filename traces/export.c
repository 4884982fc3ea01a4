#include "traces/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/line.h"
#include "traces/native.h"

enum { CHUNK = 1 << 16 }; /* bytes gathered before they are written */

struct exporter {
    const struct rg_export_sink *sink;
    struct rg_store *store;
    struct rg_buf out;
    size_t line;        /* where the last one begins in it */
    struct rg_buf meta; /* members of the trace line's meta */
};

/* ---- members ---- */

static void
begin(struct exporter *x, const char *type)
{
    x->line = x->out.len;
    rg_buf_printf(&x->out, "{\"type\":\"%s\"", type);
}

static enum rg_status
end(struct exporter *x, struct rg_err *err)
{
    enum rg_status status;

    rg_buf_puts(&x->out, "}\n");
    if (x->out.len - x->line > RG_LINE_MAX)
        return rg_err_set(err, RG_EINPUT,
                          "%s: a record is too long for a line (found %zu bytes, expected at most "
                          "%d)",
                          rg_store_path(x->store), x->out.len - x->line, RG_LINE_MAX);
    if (x->out.len < CHUNK)
        return RG_OK;
    status = x->sink->write(x->sink->ctx, x->out.data, x->out.len, err);
    rg_buf_reset(&x->out);
    return status;
}

static void
key(struct exporter *x, const char *name)
{
    rg_buf_printf(&x->out, ",\"%s\":", name);
}

/* Left out when NULL or the default. */
static void
string(struct exporter *x, const char *name, const char *s, const char *standard)
{
    if (!s || (standard && strcmp(s, standard) == 0))
        return;
    key(x, name);
    rg_json_put_string(&x->out, s, strlen(s));
}

static void
number(struct exporter *x, const char *name, double value)
{
    if (isnan(value))
        return;
    key(x, name);
    rg_json_put_number(&x->out, value);
}

/* Left out when it is the one that stands for absent. */
static void
integer(struct exporter *x, const char *name, int64_t value, int64_t absent)
{
    if (value == absent)
        return;
    key(x, name);
    rg_buf_printf(&x->out, "%" PRId64, value);
}

static void
truth(struct exporter *x, const char *name, enum rg_truth value)
{
    if (value == RG_UNKNOWN)
        return;
    key(x, name);
    rg_buf_puts(&x->out, value == RG_TRUE ? "true" : "false");
}

/* Attributes stand in the file as the JSON text of an object. */
static void
attributes(struct exporter *x, const char *attrs)
{
    if (!attrs)
        return;
    key(x, "attrs");
    rg_buf_puts(&x->out, attrs);
}

/* ---- records ---- */

static enum rg_status
put_meta(void *ctx, const char *name, const char *value, struct rg_err *err)
{
    struct exporter *x = ctx;

    (void)err;
    if (rg_native_reserved(name))
        return RG_OK;
    if (x->meta.len > 0)
        rg_buf_putc(&x->meta, ',');
    rg_json_put_string(&x->meta, name, strlen(name));
    rg_buf_putc(&x->meta, ':');
    rg_json_put_string(&x->meta, value, strlen(value));
    return RG_OK;
}

static enum rg_status
put_model(void *ctx, const struct rg_model_rec *rec, struct rg_err *err)
{
    struct exporter *x = ctx;

    begin(x, "model");
    string(x, "name", rec->name, NULL);
    string(x, "tier", rg_tier_name(rec->tier), NULL);
    number(x, "input_usd_per_mtok", rec->input_usd_per_mtok);
    number(x, "output_usd_per_mtok", rec->output_usd_per_mtok);
    attributes(x, rec->attrs);
    return end(x, err);
}

static enum rg_status
put_query(void *ctx, const struct rg_query_rec *rec, struct rg_err *err)
{
    struct exporter *x = ctx;

    begin(x, "query");
    string(x, "dataset", rec->dataset, "");
    string(x, "id", rec->id, NULL);
    string(x, "category", rec->category, NULL);
    string(x, "text", rec->text, NULL);
    string(x, "reference", rec->reference, NULL);
    attributes(x, rec->attrs);
    return end(x, err);
}

static enum rg_status
put_kb(void *ctx, const struct rg_kb_rec *rec, struct rg_err *err)
{
    struct exporter *x = ctx;

    begin(x, "kb");
    string(x, "id", rec->id, NULL);
    string(x, "title", rec->title, NULL);
    string(x, "text", rec->text, NULL);
    attributes(x, rec->attrs);
    return end(x, err);
}

/* The fewest digits from 6 on that read back equal as the importer reads them, by way of a double:
 * 9 do but for a rare second rounding, 17 always do. */
static void
put_float(struct rg_buf *out, float value)
{
    char text[32];

    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if ((float)strtod(text, NULL) == value)
            break;
    }
    rg_buf_puts(out, text);
}

static enum rg_status
put_embedding(void *ctx, const struct rg_embedding_rec *rec, struct rg_err *err)
{
    struct exporter *x = ctx;

    begin(x, "embedding");
    string(x, "dataset", rec->dataset, "");
    string(x, "query", rec->query, NULL);
    string(x, "space", rec->space, NULL);
    key(x, "values");
    for (uint32_t i = 0; i < rec->n; i++) {
        rg_buf_putc(&x->out, i == 0 ? '[' : ',');
        put_float(&x->out, rec->values[i]);
    }
    rg_buf_putc(&x->out, ']');
    return end(x, err);
}

static enum rg_status
put_arrival(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    struct exporter *x = ctx;

    begin(x, "arrival");
    number(x, "at_s", rec->at_s);
    string(x, "dataset", rec->query ? rec->dataset : NULL, "");
    string(x, "query", rec->query, NULL);
    integer(x, "prompt_tokens", rec->prompt_tokens, -1);
    integer(x, "completion_tokens", rec->completion_tokens, -1);
    return end(x, err);
}

static enum rg_status
put_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    struct exporter *x = ctx;

    begin(x, "call");
    string(x, "dataset", rec->dataset, "");
    string(x, "query", rec->query, NULL);
    string(x, "model", rec->model, NULL);
    string(x, "memory", rec->memory, "none");
    truth(x, "contract", rec->contract);
    integer(x, "sample", rec->sample, 0);
    string(x, "status", rg_call_status_name(rec->status), "ok");
    integer(x, "prompt_tokens", rec->prompt_tokens, -1);
    integer(x, "completion_tokens", rec->completion_tokens, -1);
    number(x, "cost_usd", rec->cost_usd);
    if (isnan(rec->cost_usd) && rec->prompt_tokens >= 0 && rec->completion_tokens >= 0)
        rg_buf_puts(&x->out, ",\"cost_usd\":null");
    number(x, "latency_ms", rec->latency_ms);
    number(x, "ttft_ms", rec->ttft_ms);
    number(x, "score", rec->score);
    string(x, "text", rec->text, NULL);
    string(x, "prompt", rec->prompt, NULL);
    attributes(x, rec->attrs);
    return end(x, err);
}

/* "a>b" as ["a","b"]. */
static void
put_chain(struct exporter *x, const char *chain)
{
    key(x, "chain");
    rg_buf_putc(&x->out, '[');
    while (*chain) {
        size_t n = strcspn(chain, ">");

        rg_json_put_string(&x->out, chain, n);
        chain += n;
        if (*chain == '>') {
            rg_buf_putc(&x->out, ',');
            chain++;
        }
    }
    rg_buf_putc(&x->out, ']');
}

static enum rg_status
put_run(void *ctx, const struct rg_run_rec *rec, struct rg_err *err)
{
    struct exporter *x = ctx;

    begin(x, "run");
    string(x, "dataset", rec->dataset, "");
    string(x, "query", rec->query, NULL);
    string(x, "config", rec->config, NULL);
    integer(x, "sample", rec->sample, 0);
    string(x, "memory", rec->memory, "none");
    truth(x, "contract", rec->contract);
    if (rec->chain)
        put_chain(x, rec->chain);
    string(x, "model", rec->model, NULL);
    truth(x, "escalated", rec->escalated);
    string(x, "status", rg_call_status_name(rec->status), "ok");
    integer(x, "prompt_tokens", rec->prompt_tokens, -1);
    integer(x, "completion_tokens", rec->completion_tokens, -1);
    number(x, "cost_usd", rec->cost_usd);
    number(x, "latency_ms", rec->latency_ms);
    number(x, "score", rec->score);
    string(x, "text", rec->text, NULL);
    string(x, "prompt", rec->prompt, NULL);
    attributes(x, rec->attrs);
    return end(x, err);
}

/* ---- the whole ---- */

static enum rg_status
put_trace(struct exporter *x, struct rg_err *err)
{
    const struct rg_visitor meta = {.ctx = x, .meta = put_meta};
    const char *synthetic = rg_store_meta(x->store, "synthetic");
    bool made = synthetic && strcmp(synthetic, "true") == 0;
    enum rg_status status = rg_store_walk(x->store, &meta, err);

    begin(x, "trace");
    rg_buf_printf(&x->out, ",\"version\":%d", RG_NATIVE_VERSION);
    if (made)
        rg_buf_puts(&x->out, ",\"synthetic\":true");
    if (x->meta.len > 0)
        rg_buf_printf(&x->out, ",\"meta\":{%s}", x->meta.data);
    return status == RG_OK ? end(x, err) : status;
}

/* arrivals NULL: the trace's own. */
static enum rg_status
write_all(struct exporter *x, const struct rg_arrival_rec *arrivals, size_t n, struct rg_err *err)
{
    const struct rg_visitor records = {
        .ctx = x,
        .model = put_model,
        .query = put_query,
        .kb = put_kb,
        .embedding = put_embedding,
        .arrival = arrivals ? NULL : put_arrival,
        .call = put_call,
        .run = put_run,
        .texts = true,
    };
    enum rg_status status = put_trace(x, err);

    if (status == RG_OK)
        status = rg_store_walk(x->store, &records, err);
    for (size_t i = 0; status == RG_OK && i < n; i++)
        status = put_arrival(x, &arrivals[i], err);
    if (status == RG_OK && x->out.len > 0)
        status = x->sink->write(x->sink->ctx, x->out.data, x->out.len, err);
    rg_buf_clear(&x->out);
    rg_buf_clear(&x->meta);
    return status;
}

enum rg_status
rg_export_write(struct rg_store *s, const struct rg_export_sink *sink, struct rg_err *err)
{
    struct exporter x = {.sink = sink, .store = s};

    return write_all(&x, NULL, 0, err);
}

enum rg_status
rg_export_write_arrivals(struct rg_store *s, const struct rg_arrival_rec *arrivals, size_t n,
                         const struct rg_export_sink *sink, struct rg_err *err)
{
    struct exporter x = {.sink = sink, .store = s};

    return write_all(&x, arrivals, n, err);
}
