/* Recorded data for reference values: files are imported as a user would, and the trace is read as
 * matrices, queries and models in the order of the recording (a trace sorts both by name). Include
 * after learn_reference.h. */
#ifndef RG_TESTS_REFERENCE_TRACE_H
#define RG_TESTS_REFERENCE_TRACE_H

#include "tests/unit/base_temp.h"
#include "traces/import.h"
#include "traces/trace.h"

struct recorded {
    struct rg_trace *t;
    struct rg_import_report report;
    size_t n, m;
    uint32_t *query; /* row: query of the trace */
    const char **model;
    char **text;
    double *score, *cost; /* n x m, NaN: not recorded */
    int32_t *in, *out;    /* n x m, tokens */
    uint32_t *order;      /* n x m, position in the recording */
};

struct recorded_place {
    uint32_t first, number;
};

static inline int
recorded_before(const void *a, const void *b)
{
    const struct recorded_place *x = a, *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

/* Numbers 0..n) by the first call of each. */
static inline uint32_t *
recorded_sort(size_t n, const uint32_t *of_call, const struct rg_trace *t)
{
    struct recorded_place *at = rg_alloc(n, sizeof *at);
    uint32_t *out = rg_alloc(n, sizeof *out);

    for (size_t i = 0; i < n; i++)
        at[i] = (struct recorded_place){UINT32_MAX, (uint32_t)i};
    for (size_t c = 0; c < t->n_calls; c++)
        if (t->calls.order[c] < at[of_call[c]].first)
            at[of_call[c]].first = t->calls.order[c];
    qsort(at, n, sizeof *at, recorded_before);
    for (size_t i = 0; i < n; i++)
        out[i] = at[i].number;
    free(at);
    return out;
}

static inline void
recorded_fill(struct recorded *r, const uint32_t *model)
{
    const struct rg_trace *t = r->t;
    uint32_t *column = rg_alloc(r->m, sizeof *column);

    for (size_t j = 0; j < r->m; j++) {
        column[model[j]] = (uint32_t)j;
        r->model[j] = t->models[model[j]].name;
    }
    for (size_t k = 0; k < r->n * r->m; k++)
        r->score[k] = r->cost[k] = NAN;
    for (size_t i = 0; i < r->n; i++) {
        struct rg_buf text = {0};
        struct rg_err err;

        if (rg_trace_text(t, t->queries.text[r->query[i]], &text, &err) != RG_OK)
            fail_msg("%s", err.text);
        r->text[i] = rg_strdup(rg_buf_text(&text));
        rg_buf_clear(&text);
        for (uint32_t c = t->queries.first[r->query[i]]; c < t->queries.first[r->query[i] + 1];
             c++) {
            size_t at = i * r->m + column[t->calls.model[c]];

            r->score[at] = t->calls.score[c];
            r->cost[at] = t->calls.cost_usd[c];
            r->in[at] = t->calls.prompt_tokens[c];
            r->out[at] = t->calls.completion_tokens[c];
            r->order[at] = t->calls.order[c];
        }
    }
    free(column);
}

/* Files by their names below the recorded data. Release with recorded_clear. */
static inline void
recorded_load(struct recorded *r, const char *const *names, size_t n, bool raw)
{
    const struct rg_import_options o = {.raw_text = raw};
    char *paths[8], file[TEMP_PATH];
    uint32_t *model;
    struct rg_err err;

    *r = (struct recorded){0};
    for (size_t i = 0; i < n; i++)
        paths[i] = reference_path(names[i]);
    temp_write(file, "", 0);
    unlink(file);
    if (rg_import_run(file, (const char *const *)paths, n, &o, &r->report, &err) != RG_OK ||
        rg_trace_open(&r->t, file, &err) != RG_OK)
        fail_msg("%s", err.text);
    unlink(file);
    for (size_t i = 0; i < n; i++)
        free(paths[i]);
    r->n = r->t->n_queries;
    r->m = r->t->n_models;
    r->query = recorded_sort(r->n, r->t->calls.query, r->t);
    model = recorded_sort(r->m, r->t->calls.model, r->t);
    r->model = rg_alloc(r->m, sizeof *r->model);
    r->text = rg_alloc(r->n, sizeof *r->text);
    r->score = rg_alloc(r->n * r->m, sizeof *r->score);
    r->cost = rg_alloc(r->n * r->m, sizeof *r->cost);
    r->in = rg_zalloc(r->n * r->m, sizeof *r->in);
    r->out = rg_zalloc(r->n * r->m, sizeof *r->out);
    r->order = rg_zalloc(r->n * r->m, sizeof *r->order);
    recorded_fill(r, model);
    free(model);
}

/* Leave out the rows that are not kept. */
static inline void
recorded_keep(struct recorded *r, const bool *keep)
{
    size_t n = 0, row = r->m * sizeof(double), small = r->m * sizeof(int32_t);

    for (size_t i = 0; i < r->n; i++) {
        if (!keep[i]) {
            free(r->text[i]);
            continue;
        }
        memmove(r->score + n * r->m, r->score + i * r->m, row);
        memmove(r->cost + n * r->m, r->cost + i * r->m, row);
        memmove(r->in + n * r->m, r->in + i * r->m, small);
        memmove(r->out + n * r->m, r->out + i * r->m, small);
        memmove(r->order + n * r->m, r->order + i * r->m, small);
        r->text[n] = r->text[i];
        r->query[n++] = r->query[i];
    }
    r->n = n;
}

static inline void
recorded_clear(struct recorded *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->text[i]);
    rg_trace_close(r->t);
    rg_import_report_clear(&r->report);
    free(r->query);
    free(r->model);
    free(r->text);
    free(r->score);
    free(r->cost);
    free(r->in);
    free(r->out);
    free(r->order);
}

/* How often a remark was made. */
static inline double
recorded_remarks(const struct recorded *r, const char *what)
{
    for (size_t i = 0; i < r->report.n_notes; i++)
        if (strcmp(r->report.notes[i].what, what) == 0)
            return (double)r->report.notes[i].count;
    return 0;
}

/* Column j as an array; free() it. */
static inline double *
recorded_column(const double *x, size_t n, size_t m, size_t j)
{
    double *out = rg_alloc(n, sizeof *out);

    for (size_t i = 0; i < n; i++)
        out[i] = x[i * m + j];
    return out;
}

#endif
