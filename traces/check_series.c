#include "traces/check_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"

enum { SERIES_MIN = 20 }; /* calls that a judgement of a series needs */

static const double drift_ratio = 1.25;
static const double drift_z = 3.29; /* two-sided 0.1 % of a normal */

/* ---- the grid: which cells of query x model x variant are there ---- */

/* One model and variant in one dataset: cells[(model * n_variants + variant) * n_datasets +
 * dataset]. */
struct cell {
    uint64_t queries; /* with at least one call */
    uint32_t most;    /* samples on a query */
    size_t gap;       /* the first query of the dataset without one, counted within it */
};

static struct cell *
cell_at(const struct rg_check_work *w, struct cell *cells, uint32_t model, uint16_t variant,
        size_t q)
{
    const struct rg_trace *t = w->t;

    return &cells[((size_t)model * t->n_variants + variant) * t->n_datasets +
                  t->queries.dataset[q]];
}

/* End of the calls of one query, model and variant that begin at i. */
static size_t
end_of_samples(const struct rg_trace *t, size_t i)
{
    const struct rg_trace_calls *c = &t->calls;
    size_t j = i + 1;

    while (j < t->n_calls && c->query[j] == c->query[i] && c->model[j] == c->model[i] &&
           c->variant[j] == c->variant[i])
        j++;
    return j;
}

/* Where each dataset's queries begin, which stand together. free() it. */
static size_t *
begin_datasets(const struct rg_trace *t)
{
    size_t *first = rg_zalloc(t->n_datasets, sizeof *first);

    for (size_t q = t->n_queries; q-- > 0;)
        first[t->queries.dataset[q]] = q;
    return first;
}

static void
fill_grid(struct rg_check_work *w, struct cell *cells, const size_t *first)
{
    const struct rg_trace *t = w->t;
    const struct rg_trace_calls *c = &t->calls;

    for (size_t i = 0, j; i < t->n_calls; i = j) {
        struct cell *cell = cell_at(w, cells, c->model[i], c->variant[i], c->query[i]);

        j = end_of_samples(t, i);
        cell->queries++;
        /* Queries come in their order, so a gap stays where it first opens. */
        if (first[t->queries.dataset[c->query[i]]] + cell->gap == c->query[i])
            cell->gap++;
        if (j - i > cell->most)
            cell->most = (uint32_t)(j - i);
        w->out->coverage[c->model[i] * t->n_variants + c->variant[i]] += 1;
    }
    for (size_t k = 0; k < t->n_models * t->n_variants; k++)
        w->out->coverage[k] /= (double)(t->n_queries > 0 ? t->n_queries : 1);
}

static void
check_samples(struct rg_check_work *w, struct cell *cells)
{
    const struct rg_trace *t = w->t;
    const struct rg_trace_calls *c = &t->calls;

    for (size_t i = 0, j; i < t->n_calls; i = j) {
        uint32_t most = cell_at(w, cells, c->model[i], c->variant[i], c->query[i])->most;

        j = end_of_samples(t, i);
        if (j - i < most)
            rg_check_found(w->out, RG_PROBLEM_SAMPLES,
                           "model '%s' on query '%s': %zu of %" PRIu32 " samples",
                           t->models[c->model[i]].name, t->queries.id[c->query[i]], j - i, most);
    }
}

/* A model and variant that has calls in a dataset should have them on all its queries. */
static void
check_cell(struct rg_check_work *w, const struct cell *cells, const size_t *first, size_t k)
{
    const struct rg_trace *t = w->t;
    size_t dataset = k % t->n_datasets;
    size_t variant = k / t->n_datasets % t->n_variants;
    size_t model = k / t->n_datasets / t->n_variants;
    uint64_t missing = w->out->datasets[dataset].queries - cells[k].queries;

    if (cells[k].queries == 0 || missing == 0)
        return;
    rg_check_found(w->out, RG_PROBLEM_GRID, "model '%s' on query '%s' (%s)", t->models[model].name,
                   t->queries.id[first[dataset] + cells[k].gap], t->variants[variant].memory);
    w->out->problems[RG_PROBLEM_GRID].count += missing - 1;
}

void
rg_check_grid(struct rg_check_work *w)
{
    const struct rg_trace *t = w->t;
    size_t n = t->n_models * t->n_variants * t->n_datasets;
    struct cell *cells = rg_zalloc(n, sizeof *cells);
    size_t *first = begin_datasets(t);

    fill_grid(w, cells, first);
    check_samples(w, cells);
    for (size_t k = 0; k < n; k++)
        check_cell(w, cells, first, k);
    free(first);
    free(cells);
}

/* ---- latencies in their order ---- */

struct timed {
    uint32_t order;
    double latency;
};

static int
compare_timed(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;

    return (x->order > y->order) - (x->order < y->order);
}

static void
moments(const struct timed *x, size_t n, double *average, double *variance)
{
    struct rg_sum sum = {0}, squares = {0};

    for (size_t i = 0; i < n; i++)
        rg_sum_add(&sum, x[i].latency);
    *average = rg_sum_value(&sum) / (double)n;
    for (size_t i = 0; i < n; i++)
        rg_sum_add(&squares, (x[i].latency - *average) * (x[i].latency - *average));
    *variance = rg_sum_value(&squares) / (double)(n - 1);
}

/* Drift: the means of the two halves of the recording differ by more than a quarter, and by more
 * than chance explains (Welch's statistic beyond the two-sided 0.1 % point of the normal). */
static void
check_series(struct rg_check_work *w, const char *model, const char *memory, const struct timed *x,
             size_t n)
{
    double m1, m2, v1, v2, ratio, error;

    if (n < SERIES_MIN)
        return;
    moments(x, n / 2, &m1, &v1);
    moments(x + n / 2, n - n / 2, &m2, &v2);
    error = sqrt(v1 / (double)(n / 2) + v2 / (double)(n - n / 2));
    ratio = m2 / m1;
    if (!(ratio > drift_ratio || ratio < 1 / drift_ratio) || !(fabs(m2 - m1) > drift_z * error))
        return;
    rg_check_found(
        w->out, RG_PROBLEM_DRIFT,
        "model '%s' (%s): mean latency of the second half is %.2f times that of the first", model,
        memory, ratio);
}

static void
check_equal(struct rg_check_work *w, const char *model, const struct timed *x, size_t n)
{
    if (n < SERIES_MIN)
        return;
    for (size_t i = 1; i < n; i++) {
        if (x[i].latency != x[0].latency)
            return;
    }
    rg_check_found(w->out, RG_PROBLEM_LATENCY_EQUAL, "model '%s': %zu times %.6g ms", model, n,
                   x[0].latency);
}

/* The answers among calls[0..n) with their latencies, in the order of the recording. */
static size_t
collect(const struct rg_trace *t, const uint32_t *calls, size_t n_calls, struct timed *out)
{
    const struct rg_trace_calls *c = &t->calls;
    size_t n = 0;

    for (size_t k = 0; k < n_calls; k++) {
        uint32_t i = calls[k];

        if (!isnan(c->latency_ms[i]) && rg_check_is_answer((enum rg_call_status)c->status[i]))
            out[n++] = (struct timed){c->order[i], c->latency_ms[i]};
    }
    if (n > 1)
        qsort(out, n, sizeof *out, compare_timed);
    return n;
}

/* All calls, those of one model together and within it those of one variant: they begin at
 * first[model * n_variants + variant]. */
static uint32_t *
group_calls(const struct rg_trace *t, size_t *first)
{
    const struct rg_trace_calls *c = &t->calls;
    uint32_t *calls = rg_alloc(t->n_calls, sizeof *calls);
    size_t groups = t->n_models * t->n_variants;

    for (size_t i = 0; i < t->n_calls; i++)
        first[c->model[i] * t->n_variants + c->variant[i] + 1]++;
    for (size_t k = 0; k < groups; k++)
        first[k + 1] += first[k];
    for (size_t i = t->n_calls; i-- > 0;)
        calls[--first[c->model[i] * t->n_variants + c->variant[i] + 1]] = (uint32_t)i;
    for (size_t k = 0; k < groups; k++) /* each end has moved down to its beginning */
        first[k] = first[k + 1];
    first[groups] = t->n_calls;
    return calls;
}

void
rg_check_latencies(struct rg_check_work *w)
{
    const struct rg_trace *t = w->t;
    size_t *first = rg_zalloc(t->n_models * t->n_variants + 1, sizeof *first);
    uint32_t *calls = group_calls(t, first);
    struct timed *x = rg_alloc(t->n_calls, sizeof *x);

    for (size_t m = 0; m < t->n_models; m++) {
        const size_t *at = first + m * t->n_variants;
        const char *model = t->models[m].name;

        check_equal(w, model, x, collect(t, calls + at[0], at[t->n_variants] - at[0], x));
        for (size_t v = 0; v < t->n_variants; v++)
            check_series(w, model, t->variants[v].memory, x,
                         collect(t, calls + at[v], at[v + 1] - at[v], x));
    }
    free(x);
    free(calls);
    free(first);
}
