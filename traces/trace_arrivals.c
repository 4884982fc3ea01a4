#include "traces/trace_arrivals.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/names.h"
#include "traces/store.h"

struct load {
    const struct rg_trace *t;
    struct rg_trace_arrivals *out;
    struct rg_names *queries; /* "DATASET\nID" -> index */
    struct rg_buf key;
};

static uint32_t
query_number(struct load *l, const char *dataset, const char *id)
{
    rg_buf_reset(&l->key);
    rg_buf_printf(&l->key, "%s\n%s", dataset ? dataset : "", id);
    return rg_names_find(l->queries, rg_buf_text(&l->key), l->key.len);
}

static void
number_queries(struct load *l)
{
    const struct rg_trace_queries *q = &l->t->queries;

    for (size_t i = 0; i < l->t->n_queries; i++) {
        rg_buf_reset(&l->key);
        rg_buf_printf(&l->key, "%s\n%s", l->t->datasets[q->dataset[i]], q->id[i]);
        (void)rg_names_add(l->queries, rg_buf_text(&l->key), l->key.len, NULL);
    }
}

static enum rg_status
on_arrival(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    struct load *l = ctx;
    struct rg_trace_arrivals *a = l->out;
    uint32_t query = RG_NAMES_NONE;

    if (a->n > 0 && rec->at_s < a->at_s[a->n - 1])
        return rg_err_set(err, RG_EINPUT,
                          "%s: arrival %zu comes before the one recorded ahead of it (found %g s, "
                          "expected at least %g s)",
                          l->t->path, a->n + 1, rec->at_s, a->at_s[a->n - 1]);
    if (rec->query) {
        query = query_number(l, rec->dataset, rec->query);
        if (query == RG_NAMES_NONE)
            return rg_err_set(err, RG_EINPUT,
                              "%s: arrival %zu names query '%s', which is not there", l->t->path,
                              a->n + 1, rec->query);
    }
    a->at_s = rg_grow(a->at_s, &a->cap_at, a->n + 1, sizeof *a->at_s);
    a->query = rg_grow(a->query, &a->cap_query, a->n + 1, sizeof *a->query);
    a->at_s[a->n] = rec->at_s;
    a->query[a->n++] = query;
    return RG_OK;
}

static int
compare_numbers(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Which of the arrivals at one instant stands first in the file must make no difference. */
static void
sort_ties(struct rg_trace_arrivals *a)
{
    for (size_t i = 0, end; i < a->n; i = end) {
        for (end = i + 1; end < a->n && a->at_s[end] == a->at_s[i];)
            end++;
        if (end - i > 1)
            qsort(a->query + i, end - i, sizeof *a->query, compare_numbers);
    }
}

enum rg_status
rg_trace_arrivals_load(const struct rg_trace *t, struct rg_trace_arrivals *out, struct rg_err *err)
{
    struct load l = {.t = t, .out = out, .queries = rg_names_new()};
    struct rg_visitor visitor = {.ctx = &l, .arrival = on_arrival};
    enum rg_status status;

    number_queries(&l);
    status = rg_store_walk(rg_trace_store(t), &visitor, err);
    rg_names_free(l.queries);
    rg_buf_clear(&l.key);
    sort_ties(out);
    if (status == RG_OK && out->n == 0)
        return rg_err_set(err, RG_EINPUT, "%s: the trace holds no recorded arrivals", t->path);
    return status;
}

void
rg_trace_arrivals_clear(struct rg_trace_arrivals *a)
{
    free(a->at_s);
    free(a->query);
    *a = (struct rg_trace_arrivals){0};
}
