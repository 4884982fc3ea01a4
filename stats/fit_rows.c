/* Which calls a fit uses, and the load they met. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "stats/fit_private.h"

static const double LATENCY_MAX = 1e12; /* ms: 31 years; squares of more might overflow */
static const double TOKENS_MAX = 1e10;

/* ---- the load ---- */

struct change { /* of the context tokens in flight */
    double at, by;
};

static int
by_time(const void *pa, const void *pb)
{
    const struct change *a = pa, *b = pb;

    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->by < b->by) - (a->by > b->by);
}

/* Integral of the load from the beginning to time t; area[i] is that to change i, level[i] the load
 * behind it. */
static double
integral(const struct change *c, const double *area, const double *level, size_t n, double t)
{
    size_t lo = 0, hi = n;

    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;

        if (c[mid].at <= t)
            lo = mid;
        else
            hi = mid;
    }
    return area[lo] + level[lo] * (t - c[lo].at);
}

void
rg_fit_load(const double *at_s, const double *latency_ms, const double *context_tokens, size_t n,
            double *kbar)
{
    struct change *c = rg_alloc(2 * n, sizeof *c);
    double *area = rg_alloc(2 * n, sizeof *area), *level = rg_alloc(2 * n, sizeof *level);
    struct rg_sum load = {0}, sum = {0};

    for (size_t i = 0; i < n; i++) {
        c[2 * i] = (struct change){at_s[i], context_tokens[i]};
        c[2 * i + 1] = (struct change){at_s[i] + latency_ms[i] * 1e-3, -context_tokens[i]};
    }
    if (n > 0)
        qsort(c, 2 * n, sizeof *c, by_time);
    for (size_t i = 0; i < 2 * n; i++) {
        if (i > 0)
            rg_sum_add(&sum, level[i - 1] * (c[i].at - c[i - 1].at));
        rg_sum_add(&load, c[i].by);
        area[i] = rg_sum_value(&sum);
        level[i] = rg_sum_value(&load);
    }
    for (size_t i = 0; i < n; i++) {
        double end = at_s[i] + latency_ms[i] * 1e-3, life = end - at_s[i];

        /* A life too short for the clock's digits saw only itself, as far as can be told. */
        kbar[i] = context_tokens[i];
        if (life > 0)
            kbar[i] =
                (integral(c, area, level, 2 * n, end) - integral(c, area, level, 2 * n, at_s[i])) /
                life;
    }
    free(c);
    free(area);
    free(level);
}

/* ---- the rows ---- */

static bool
good_latency(const struct rg_fit_data *d, size_t i)
{
    return d->latency_ms[i] > 0 && d->latency_ms[i] <= LATENCY_MAX;
}

static bool
good_prompt(const struct rg_fit_data *d, size_t i)
{
    return d->prompt_tokens[i] >= 0 && d->prompt_tokens[i] <= TOKENS_MAX;
}

static bool
good_completion(const struct rg_fit_data *d, size_t i)
{
    return d->completion_tokens[i] >= 1 && d->completion_tokens[i] <= TOKENS_MAX;
}

static bool
good_ttft(const struct rg_fit_data *d, size_t i)
{
    return d->ttft_ms && d->ttft_ms[i] > 0 && d->ttft_ms[i] <= d->latency_ms[i];
}

bool
rg_fit_decodes(double completion_tokens, double latency_ms, double ttft_ms)
{
    return completion_tokens >= 2 && latency_ms > ttft_ms;
}

/* A column counts as recorded when at least half of the calls have it. */
static void
look(struct rg_fit_rows *rows, const struct rg_fit_data *d, bool two_part)
{
    size_t n = 0, prompts = 0, completions = 0, usable = 0, first = 0, decode = 0;

    for (size_t i = 0; i < d->n; i++) {
        if (!good_latency(d, i))
            continue;
        n++;
        prompts += good_prompt(d, i);
        completions += good_completion(d, i);
    }
    rows->has_prompt = prompts > 0 && 2 * prompts >= n;
    rows->has_completion = completions > 0 && 2 * completions >= n;
    for (size_t i = 0; i < d->n; i++) {
        if (!good_latency(d, i) || (rows->has_prompt && !good_prompt(d, i)) ||
            (rows->has_completion && !good_completion(d, i)))
            continue;
        usable++;
        if (!good_ttft(d, i))
            continue;
        first++;
        decode += rg_fit_decodes(d->completion_tokens[i], d->latency_ms[i], d->ttft_ms[i]);
    }
    rows->two_part =
        two_part && rows->has_completion && 2 * first >= usable && decode >= RG_FIT_MIN;
}

struct stamp {
    double at;
    size_t i;
};

static int
by_stamp(const void *pa, const void *pb)
{
    const struct stamp *a = pa, *b = pb;

    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

static size_t
choose(struct rg_fit_rows *rows, const struct rg_fit_data *d, struct stamp *order)
{
    size_t n = 0;

    rows->timed = d->at_s != NULL;
    for (size_t i = 0; i < d->n; i++) {
        if (!good_latency(d, i)) {
            rows->dropped_latency++;
        } else if ((rows->has_prompt && !good_prompt(d, i)) ||
                   (rows->has_completion && !good_completion(d, i))) {
            rows->dropped_tokens++;
        } else if (rows->two_part && !good_ttft(d, i)) {
            rows->dropped_ttft++;
        } else {
            rows->timed = rows->timed && isfinite(d->at_s[i]);
            order[n++] = (struct stamp){d->at_s ? d->at_s[i] : 0, i};
        }
    }
    if (rows->timed && n > 0)
        qsort(order, n, sizeof *order, by_stamp);
    return n;
}

static void
set_load(struct rg_fit_rows *rows)
{
    double *context = rg_alloc(rows->n, sizeof *context);

    for (size_t i = 0; i < rows->n; i++)
        context[i] = rows->p[i] + rows->o[i] / 2;
    rows->load = rg_alloc(rows->n, sizeof *rows->load);
    rg_fit_load(rows->at, rows->l, context, rows->n, rows->load);
    free(context);
}

void
rg_fit_rows_init(struct rg_fit_rows *rows, const struct rg_fit_data *data, bool two_part)
{
    struct stamp *order = rg_alloc(data->n, sizeof *order);

    *rows = (struct rg_fit_rows){0};
    look(rows, data, two_part);
    rows->n = choose(rows, data, order);
    rows->p = rg_alloc(rows->n, sizeof *rows->p);
    rows->o = rg_alloc(rows->n, sizeof *rows->o);
    rows->l = rg_alloc(rows->n, sizeof *rows->l);
    rows->ttft = rg_alloc(rows->n, sizeof *rows->ttft);
    rows->at = rg_alloc(rows->n, sizeof *rows->at);
    for (size_t k = 0; k < rows->n; k++) {
        size_t i = order[k].i;

        rows->p[k] = rows->has_prompt ? data->prompt_tokens[i] : 0;
        rows->o[k] = rows->has_completion ? data->completion_tokens[i] : 1;
        rows->l[k] = data->latency_ms[i];
        rows->ttft[k] = data->ttft_ms ? data->ttft_ms[i] : NAN;
        rows->at[k] = order[k].at;
    }
    free(order);
    if (rows->timed && rows->has_prompt && rows->has_completion)
        set_load(rows);
}

void
rg_fit_rows_clear(struct rg_fit_rows *rows)
{
    free(rows->p);
    free(rows->o);
    free(rows->l);
    free(rows->ttft);
    free(rows->at);
    free(rows->load);
    *rows = (struct rg_fit_rows){0};
}

double
rg_fit_cv(const double *x, size_t n)
{
    struct rg_sum squares = {0};
    double mean = n > 0 ? rg_sum_of(x, n) / (double)n : 0;

    for (size_t i = 0; i < n; i++)
        rg_sum_add(&squares, (x[i] - mean) * (x[i] - mean));
    return n > 1 && mean != 0 ? sqrt(rg_sum_value(&squares) / (double)(n - 1)) / fabs(mean) : 0;
}
