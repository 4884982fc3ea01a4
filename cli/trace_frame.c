#include "cli/trace_frame.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"

enum field {
    KIND,
    DATASET,
    QUERY,
    CATEGORY,
    MODEL,
    MEMORY,
    CONTRACT,
    SAMPLE,
    STATUS,
    CONFIG,
    CHAIN,
    ESCALATED,
    PROMPT_TOKENS,
    COMPLETION_TOKENS,
    COST_USD,
    LATENCY_MS,
    TTFT_MS,
    SCORE,
    N_FIELDS,
    RECORDED = N_FIELDS, /* no field: a recorded column */
};

static const char *const field_names[N_FIELDS] = {
    "kind",          "dataset",
    "query",         "category",
    "model",         "memory",
    "contract",      "sample",
    "status",        "config",
    "chain",         "escalated",
    "prompt_tokens", "completion_tokens",
    "cost_usd",      "latency_ms",
    "ttft_ms",       "score",
};

/* Where a column of the frame comes from. */
struct origin {
    enum field field;
    const char *name; /* of a recorded column, without "attrs." */
    bool in_records, in_queries;
};

struct fetch {
    struct rg_store *store;
    struct rg_frame *frame;   /* a row for each record */
    struct rg_frame *queries; /* the same columns, a row for each query known by name */
    struct rg_names *names;   /* dataset and id of queries: row of queries */
    struct origin *origins;
    size_t n;
    uint32_t *query; /* of each row of frame */
    size_t cap_query;
    bool wants_attrs;
};

/* ---- cells ---- */

static void
set_truth(struct rg_frame *f, size_t row, size_t column, enum rg_truth truth)
{
    if (truth != RG_UNKNOWN)
        rg_frame_set_bool(f, row, column, truth == RG_TRUE);
}

static void
set_count(struct rg_frame *f, size_t row, size_t column, int64_t n)
{
    if (n >= 0)
        rg_frame_set_number(f, row, column, (double)n);
}

static void
set_node(struct rg_frame *f, size_t row, size_t column, const cJSON *node)
{
    struct rg_buf text = {0};

    if (cJSON_IsNumber(node) || cJSON_IsRaw(node)) /* raw: an integer beyond 2^53 */
        rg_frame_set_number(f, row, column, node->valuedouble);
    else if (cJSON_IsBool(node))
        rg_frame_set_bool(f, row, column, cJSON_IsTrue(node));
    else if (cJSON_IsString(node))
        rg_frame_set_text(f, row, column, node->valuestring);
    else if (!cJSON_IsNull(node)) {
        rg_json_put_node(&text, node);
        rg_frame_set_text(f, row, column, rg_buf_text(&text));
    }
    rg_buf_clear(&text);
}

/* The recorded columns of one record or query. */
static enum rg_status
set_attrs(struct fetch *x, struct rg_frame *f, size_t row, const char *attrs, struct rg_err *err)
{
    struct rg_json doc;
    enum rg_status rc;

    if (attrs == NULL || !x->wants_attrs)
        return RG_OK;
    rc = rg_json_parse(&doc, attrs, strlen(attrs), rg_store_path(x->store), 1, 0, err);
    if (rc != RG_OK)
        return rc;
    for (const cJSON *node = doc.root->child; node != NULL; node = node->next)
        for (size_t c = 0; c < x->n; c++) {
            struct origin *origin = &x->origins[c];

            if (origin->field != RECORDED || strcmp(origin->name, node->string) != 0)
                continue;
            set_node(f, row, c, node);
            if (f == x->queries)
                origin->in_queries = true;
            else
                origin->in_records = true;
        }
    rg_json_clear(&doc);
    return RG_OK;
}

/* ---- rows ---- */

/* Row of a query in x->queries; its cells are set when the query itself comes along. */
static uint32_t
query_row(struct fetch *x, const char *dataset, const char *id)
{
    struct rg_buf key = {0};
    uint32_t row;

    rg_buf_printf(&key, "%zu:%s%s", strlen(dataset), dataset, id);
    row = rg_names_add(x->names, rg_buf_text(&key), key.len, NULL);
    while (rg_frame_rows(x->queries) <= row)
        rg_frame_row(x->queries);
    rg_buf_clear(&key);
    return row;
}

static size_t
begin_row(struct fetch *x, const char *dataset, const char *query)
{
    size_t row = rg_frame_rows(x->frame);

    rg_frame_row(x->frame);
    x->query = rg_grow(x->query, &x->cap_query, row + 1, sizeof *x->query);
    x->query[row] = query_row(x, dataset, query);
    /* Rows on one query are repeats: other models, samples and configurations on the same ticket.
     */
    rg_frame_set_unit(x->frame, row, x->query[row]);
    return row;
}

static enum rg_status
on_query(void *ctx, const struct rg_query_rec *rec, struct rg_err *err)
{
    struct fetch *x = ctx;
    uint32_t row = query_row(x, rec->dataset, rec->id);

    for (size_t c = 0; c < x->n; c++)
        if (x->origins[c].field == CATEGORY)
            rg_frame_set_text(x->queries, row, c, rec->category);
    return set_attrs(x, x->queries, row, rec->attrs, err);
}

static void
set_call_field(struct rg_frame *f, size_t row, size_t c, enum field field,
               const struct rg_call_rec *rec)
{
    switch (field) {
    case KIND:
        rg_frame_set_text(f, row, c, "call");
        return;
    case DATASET:
        rg_frame_set_text(f, row, c, rec->dataset);
        return;
    case QUERY:
        rg_frame_set_text(f, row, c, rec->query);
        return;
    case MODEL:
        rg_frame_set_text(f, row, c, rec->model);
        return;
    case MEMORY:
        rg_frame_set_text(f, row, c, rec->memory);
        return;
    case CONTRACT:
        set_truth(f, row, c, rec->contract);
        return;
    case SAMPLE:
        rg_frame_set_number(f, row, c, rec->sample);
        return;
    case STATUS:
        rg_frame_set_text(f, row, c, rg_call_status_name(rec->status));
        return;
    case PROMPT_TOKENS:
        set_count(f, row, c, rec->prompt_tokens);
        return;
    case COMPLETION_TOKENS:
        set_count(f, row, c, rec->completion_tokens);
        return;
    case COST_USD:
        rg_frame_set_number(f, row, c, rec->cost_usd);
        return;
    case LATENCY_MS:
        rg_frame_set_number(f, row, c, rec->latency_ms);
        return;
    case TTFT_MS:
        rg_frame_set_number(f, row, c, rec->ttft_ms);
        return;
    case SCORE:
        rg_frame_set_number(f, row, c, rec->score);
        return;
    default:
        return;
    }
}

static enum rg_status
on_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    struct fetch *x = ctx;
    size_t row = begin_row(x, rec->dataset, rec->query);

    for (size_t c = 0; c < x->n; c++)
        set_call_field(x->frame, row, c, x->origins[c].field, rec);
    return set_attrs(x, x->frame, row, rec->attrs, err);
}

static enum rg_status
on_run(void *ctx, const struct rg_run_rec *rec, struct rg_err *err)
{
    struct fetch *x = ctx;
    size_t row = begin_row(x, rec->dataset, rec->query);
    const struct rg_call_rec shared = {
        .dataset = rec->dataset,
        .query = rec->query,
        .model = rec->model,
        .memory = rec->memory,
        .contract = rec->contract,
        .sample = rec->sample,
        .status = rec->status,
        .prompt_tokens = rec->prompt_tokens,
        .completion_tokens = rec->completion_tokens,
        .cost_usd = rec->cost_usd,
        .latency_ms = rec->latency_ms,
        .ttft_ms = NAN,
        .score = rec->score,
    };

    for (size_t c = 0; c < x->n; c++) {
        enum field field = x->origins[c].field;

        if (field == KIND)
            rg_frame_set_text(x->frame, row, c, "run");
        else if (field == CONFIG)
            rg_frame_set_text(x->frame, row, c, rec->config);
        else if (field == CHAIN)
            rg_frame_set_text(x->frame, row, c, rec->chain);
        else if (field == ESCALATED)
            set_truth(x->frame, row, c, rec->escalated);
        else
            set_call_field(x->frame, row, c, field, &shared);
    }
    return set_attrs(x, x->frame, row, rec->attrs, err);
}

/* ---- the frame ---- */

static struct origin
origin_of(const char *source)
{
    static const char prefix[] = "attrs.";
    struct origin origin = {RECORDED, source, false, false};

    for (int i = 0; i < N_FIELDS; i++)
        if (strcmp(field_names[i], source) == 0)
            origin.field = (enum field)i;
    if (strncmp(source, prefix, strlen(prefix)) == 0)
        origin.name = source + strlen(prefix);
    return origin;
}

/* What is asked for, and where, if it was asked for in a file. */
struct wanted {
    const char *const *names;
    size_t n;
    enum rg_tablespec_rows rows;
    const struct rg_tablespec *spec; /* or NULL */
};

static void
fetch_init(struct fetch *x, struct rg_store *store, const struct wanted *wanted)
{
    *x = (struct fetch){.store = store, .n = wanted->n};
    x->origins = rg_alloc(x->n, sizeof *x->origins);
    for (size_t c = 0; c < x->n; c++) {
        x->origins[c] = origin_of(wanted->names[c]);
        x->wants_attrs = x->wants_attrs || x->origins[c].field == RECORDED;
    }
    x->frame = rg_frame_new(wanted->names, x->n);
    x->queries = rg_frame_new(wanted->names, x->n);
    x->names = rg_names_new();
}

static void
fetch_clear(struct fetch *x)
{
    rg_frame_free(x->frame);
    rg_frame_free(x->queries);
    rg_names_free(x->names);
    free(x->origins);
    free(x->query);
}

static void
copy_cell(struct rg_frame *to, size_t row, const struct rg_frame *from, size_t from_row, size_t c)
{
    switch (rg_frame_kind(from, from_row, c)) {
    case RG_FRAME_MISSING:
        return;
    case RG_FRAME_NUMBER:
        rg_frame_set_number(to, row, c, rg_frame_number(from, from_row, c));
        return;
    case RG_FRAME_BOOL:
        rg_frame_set_bool(to, row, c, rg_frame_number(from, from_row, c) != 0);
        return;
    case RG_FRAME_TEXT:
        rg_frame_set_text(to, row, c, rg_frame_text(from, from_row, c));
        return;
    }
}

/* A column comes from the records or from their queries, as a whole: a record that lacks it does
 * not fall back on its query's column of the same name, which may mean something else. */
static void
join_queries(struct fetch *x)
{
    for (size_t c = 0; c < x->n; c++) {
        const struct origin *origin = &x->origins[c];

        if (origin->field != CATEGORY && (origin->field != RECORDED || origin->in_records))
            continue;
        for (size_t row = 0; row < rg_frame_rows(x->frame); row++)
            copy_cell(x->frame, row, x->queries, x->query[row], c);
    }
}

/* ---- unknown columns ---- */

static enum rg_status
note_names(struct rg_names *names, const char *attrs, struct rg_err *err)
{
    struct rg_json doc;
    enum rg_status rc;

    if (attrs == NULL)
        return RG_OK;
    rc = rg_json_parse(&doc, attrs, strlen(attrs), NULL, 1, 0, err);
    if (rc != RG_OK)
        return rc;
    for (const cJSON *node = doc.root->child; node != NULL; node = node->next)
        rg_names_add(names, node->string, strlen(node->string), NULL);
    rg_json_clear(&doc);
    return RG_OK;
}

static enum rg_status
note_query(void *ctx, const struct rg_query_rec *rec, struct rg_err *err)
{
    return note_names(ctx, rec->attrs, err);
}

static enum rg_status
note_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    return note_names(ctx, rec->attrs, err);
}

static enum rg_status
note_run(void *ctx, const struct rg_run_rec *rec, struct rg_err *err)
{
    return note_names(ctx, rec->attrs, err);
}

/* The records are walked a second time for the names they have: only this error needs them. */
static enum rg_status
unknown(struct rg_store *store, const struct wanted *wanted, size_t source, struct rg_err *err)
{
    struct rg_names *known = rg_names_new();
    const struct rg_visitor v = {
        .ctx = known, .query = note_query, .call = note_call, .run = note_run};
    const char *name = wanted->names[source], *near = NULL, **list;
    struct rg_place place = {rg_store_path(store), 0, 0};
    enum rg_status rc;
    size_t n;

    for (int i = 0; i < N_FIELDS; i++)
        rg_names_add(known, field_names[i], strlen(field_names[i]), NULL);
    rc = rg_store_walk(store, &v, err);
    n = rg_names_count(known);
    list = rg_alloc(n, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = rg_names_at(known, (uint32_t)i);
    near = rg_hint(name, list, n);
    if (wanted->spec != NULL)
        place = rg_tablespec_place(wanted->spec, source);
    if (rc == RG_OK)
        rc = rg_err_at(err, place,
                       "unknown column \"%.60s\": no record of the trace has it%s%.60s%s", name,
                       near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
    free(list);
    rg_names_free(known);
    return rc;
}

static enum rg_status
check(const struct fetch *x, const struct wanted *wanted, struct rg_err *err)
{
    static const char *const records[] = {"calls or runs", "calls", "runs"};

    if (rg_frame_rows(x->frame) == 0)
        return rg_err_set(err, RG_EINPUT, "%s: the trace has no recorded %s",
                          rg_store_path(x->store), records[wanted->rows]);
    for (size_t c = 0; c < x->n; c++) {
        const struct origin *origin = &x->origins[c];

        if (origin->field == RECORDED && !origin->in_records && !origin->in_queries)
            return unknown(x->store, wanted, c, err);
    }
    return RG_OK;
}

static enum rg_status
fetch(struct rg_frame **out, struct rg_store *store, const struct wanted *wanted,
      struct rg_err *err)
{
    struct fetch x;
    struct rg_visitor v = {.ctx = &x, .query = on_query};
    enum rg_status rc;

    *out = NULL;
    v.call = wanted->rows == RG_ROWS_RUNS ? NULL : on_call;
    v.run = wanted->rows == RG_ROWS_CALLS ? NULL : on_run;
    fetch_init(&x, store, wanted);
    rc = rg_store_walk(store, &v, err);
    if (rc == RG_OK)
        rc = check(&x, wanted, err);
    if (rc == RG_OK) {
        join_queries(&x);
        *out = x.frame;
        x.frame = NULL;
    }
    fetch_clear(&x);
    return rc;
}

enum rg_status
rg_trace_frame(struct rg_frame **out, struct rg_store *store, const struct rg_tablespec *spec,
               struct rg_err *err)
{
    size_t n = rg_tablespec_sources(spec);
    const char **names = rg_alloc(n, sizeof *names);
    const struct wanted wanted = {names, n, rg_tablespec_rows(spec), spec};
    enum rg_status rc;

    for (size_t c = 0; c < n; c++)
        names[c] = rg_tablespec_source(spec, c);
    rc = fetch(out, store, &wanted, err);
    free(names);
    return rc;
}

enum rg_status
rg_trace_frame_of(struct rg_frame **out, struct rg_store *store, enum rg_tablespec_rows rows,
                  const char *const *names, size_t n, struct rg_err *err)
{
    const struct wanted wanted = {names, n, rows, NULL};

    return fetch(out, store, &wanted, err);
}
