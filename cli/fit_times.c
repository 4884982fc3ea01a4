#include "cli/fit_times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "traces/store.h"

struct times {
    const struct rg_trace *trace;
    struct rg_names *queries; /* dataset, NUL, id: numbered as in the trace; NULL until needed */
    double *query_at;         /* NaN: none, or several */
    bool *arrived;
    uint32_t *call_of; /* call by its position in the recording */
    uint32_t position;
    double *at;
    bool any;
};

static uint32_t
find_query(struct times *w, const char *dataset, const char *id, bool add)
{
    struct rg_buf key = {0};
    uint32_t q;

    rg_buf_add(&key, dataset, strlen(dataset) + 1);
    rg_buf_puts(&key, id);
    q = add ? rg_names_add(w->queries, key.data, key.len, NULL)
            : rg_names_find(w->queries, key.data, key.len);
    rg_buf_clear(&key);
    return q;
}

static void
number_queries(struct times *w)
{
    const struct rg_trace *t = w->trace;

    w->queries = rg_names_new();
    for (size_t q = 0; q < t->n_queries; q++)
        find_query(w, t->datasets[t->queries.dataset[q]], t->queries.id[q], true);
}

static enum rg_status
see_arrival(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    struct times *w = ctx;
    uint32_t q;

    (void)err;
    if (!rec->query)
        return RG_OK;
    if (!w->queries)
        number_queries(w);
    q = find_query(w, rec->dataset, rec->query, false);
    if (q >= w->trace->n_queries)
        return RG_OK;
    w->query_at[q] = w->arrived[q] ? NAN : rec->at_s;
    w->arrived[q] = true;
    return RG_OK;
}

static void
set(struct times *w, uint32_t call, double at)
{
    w->at[call] = at;
    w->any = w->any || !isnan(at);
}

/* Most calls have no such column: the text is looked at before it is parsed. */
static enum rg_status
see_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    struct times *w = ctx;
    struct rg_json doc = {0};
    const cJSON *node = NULL;
    uint32_t position = w->position++;
    enum rg_status status;

    if (!rec->attrs || !strstr(rec->attrs, "\"at_s\":"))
        return RG_OK;
    status = rg_json_parse(&doc, rec->attrs, strlen(rec->attrs), w->trace->path, 0, 0, err);
    if (status == RG_OK)
        node = cJSON_GetObjectItemCaseSensitive(doc.root, "at_s");
    if (node && cJSON_IsNumber(node))
        set(w, w->call_of[position], node->valuedouble);
    rg_json_clear(&doc);
    return status;
}

static enum rg_status
see_run(void *ctx, const struct rg_run_rec *rec, struct rg_err *err)
{
    struct times *w = ctx;

    (void)rec;
    (void)err;
    w->position++;
    return RG_OK;
}

static void
fall_back(struct times *w)
{
    const struct rg_trace_calls *c = &w->trace->calls;

    for (uint32_t i = 0; i < w->trace->n_calls; i++)
        if (isnan(w->at[i]) && c->sample[i] == 0)
            set(w, i, w->query_at[c->query[i]]);
}

enum rg_status
rg_fit_times(const struct rg_trace *t, double **at_s, struct rg_err *err)
{
    struct times w = {
        .trace = t,
        .query_at = rg_alloc(t->n_queries, sizeof *w.query_at),
        .arrived = rg_zalloc(t->n_queries, sizeof *w.arrived),
        .call_of = rg_zalloc(t->n_calls + t->n_runs, sizeof *w.call_of),
        .at = rg_alloc(t->n_calls, sizeof *w.at),
    };
    const struct rg_visitor v = {
        .ctx = &w, .arrival = see_arrival, .call = see_call, .run = see_run};
    enum rg_status status;

    for (size_t q = 0; q < t->n_queries; q++)
        w.query_at[q] = NAN;
    for (uint32_t i = 0; i < t->n_calls; i++) {
        w.at[i] = NAN;
        w.call_of[t->calls.order[i]] = i;
    }
    status = rg_store_walk(rg_trace_store(t), &v, err);
    if (status == RG_OK)
        fall_back(&w);
    *at_s = status == RG_OK && w.any ? w.at : NULL;
    if (!*at_s)
        free(w.at);
    free(w.query_at);
    free(w.arrived);
    free(w.call_of);
    rg_names_free(w.queries);
    return status;
}
