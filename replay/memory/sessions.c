#include "replay/memory/sessions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

struct turn {
    const char *session;
    uint32_t dataset, query;
    double number; /* INFINITY: none */
    int64_t row;
};

static int
compare_sessions(const struct turn *x, const struct turn *y)
{
    if (x->dataset != y->dataset)
        return x->dataset < y->dataset ? -1 : 1;
    return strcmp(x->session, y->session);
}

static int
compare(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;
    int order = compare_sessions(x, y);

    if (order == 0)
        order = (x->number > y->number) - (x->number < y->number);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

void
rg_sessions_clear(struct rg_sessions *s)
{
    free(s->first);
    free(s->turns);
    *s = (struct rg_sessions){0};
}

/* An attribute of every query as text, or NULLs when no query has it. */
static enum rg_status
load_attr(const struct rg_trace *t, const char *name, char **out, struct rg_err *err)
{
    enum rg_status status = rg_trace_query_attr_text(t, name, out, err);

    return status == RG_EUSAGE ? RG_OK : status;
}

static enum rg_status
read_turn(const struct rg_trace *t, size_t query, const char *text, double *out, struct rg_err *err)
{
    const char *wrong = text ? rg_num_double(text, strlen(text), out) : NULL;

    if (!text)
        *out = INFINITY;
    if (!wrong)
        return RG_OK;
    return rg_err_set(err, RG_EINPUT,
                      "%s: attribute 'turn' of query '%.80s' is %s (found '%.80s', expected a "
                      "number)",
                      t->path, t->queries.id[query], wrong, text);
}

static void
lay_out(struct rg_sessions *out, struct turn *turns, size_t n)
{
    if (n > 1)
        qsort(turns, n, sizeof *turns, compare);
    out->first = rg_alloc(n + 1, sizeof *out->first);
    out->turns = rg_alloc(n, sizeof *out->turns);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || compare_sessions(&turns[i - 1], &turns[i]) != 0)
            out->first[out->n++] = (uint32_t)i;
        out->turns[i] = turns[i].query;
    }
    out->n_turns = n;
    out->first[out->n] = (uint32_t)n;
}

enum rg_status
rg_sessions_load(struct rg_sessions *out, const struct rg_trace *t, struct rg_err *err)
{
    char **session = rg_zalloc(t->n_queries, sizeof *session);
    char **number = rg_zalloc(t->n_queries, sizeof *number);
    struct turn *turns = rg_alloc(t->n_queries, sizeof *turns);
    enum rg_status status = load_attr(t, "session", session, err);
    size_t n = 0;

    *out = (struct rg_sessions){0};
    if (status == RG_OK)
        status = load_attr(t, "turn", number, err);
    for (size_t q = 0; status == RG_OK && q < t->n_queries; q++) {
        if (!session[q])
            continue;
        turns[n] = (struct turn){.session = session[q],
                                 .dataset = t->queries.dataset[q],
                                 .query = (uint32_t)q,
                                 .row = t->queries.row[q]};
        status = read_turn(t, q, number[q], &turns[n++].number, err);
    }
    if (status == RG_OK)
        lay_out(out, turns, n);
    for (size_t q = 0; q < t->n_queries; q++) {
        free(session[q]);
        free(number[q]);
    }
    free(session);
    free(number);
    free(turns);
    return status;
}
