#include "stats/candidates.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/sum.h"

/* ---- the models by their means ---- */

struct ranked {
    uint32_t model;
    double mean;
};

static int
by_mean(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;

    if (a->mean < b->mean || a->mean > b->mean)
        return a->mean < b->mean ? -1 : 1;
    return (a->model > b->model) - (a->model < b->model);
}

static size_t
rank(const struct rg_candidates *c, struct ranked *of)
{
    size_t n = 0;

    for (uint32_t m = 0; m < c->m; m++) {
        struct rg_sum sum = {0};
        size_t known = 0;

        for (size_t i = 0; i < c->n; i++) {
            double x = c->score(c->ctx, i, m);

            if (isnan(x))
                continue;
            rg_sum_add(&sum, x);
            known++;
        }
        if (known > 0)
            of[n++] = (struct ranked){m, rg_sum_value(&sum) / (double)known};
    }
    qsort(of, n, sizeof *of, by_mean);
    return n;
}

size_t
rg_candidates_rank(const struct rg_candidates *c, uint32_t *order)
{
    struct ranked *of = rg_alloc(c->m, sizeof *of);
    size_t n = rank(c, of);

    for (size_t i = 0; i < n; i++)
        order[i] = of[i].model;
    free(of);
    return n;
}

/* ---- windows ---- */

/* Adds to sum[w] the best score of a query in the window of k that begins at w, and to n[w] whether
 * it has any; a queue holds the models that can still be the best, by falling score. */
static void
slide(const struct rg_candidates *c, size_t query, const struct ranked *of, size_t n, size_t k,
      size_t *queue, double *value, double *sum, double *count)
{
    size_t head = 0, tail = 0;

    for (size_t i = 0; i < n; i++) {
        value[i] = c->score(c->ctx, query, of[i].model);
        if (!isnan(value[i])) {
            while (tail > head && value[queue[tail - 1]] <= value[i])
                tail--;
            queue[tail++] = i;
        }
        if (i + 1 < k)
            continue;
        while (tail > head && queue[head] + k <= i)
            head++;
        if (tail > head) {
            sum[i + 1 - k] += value[queue[head]];
            count[i + 1 - k] += 1;
        }
    }
}

/* Where the best window of k among of[0..n) begins. */
static size_t
best_window(const struct rg_candidates *c, const struct ranked *of, size_t n, size_t k)
{
    size_t windows = n - k + 1, best = 0, *queue = rg_alloc(n, sizeof *queue);
    double *value = rg_alloc(n, sizeof *value), top = -INFINITY;
    double *sum = rg_zalloc(windows, sizeof *sum), *count = rg_zalloc(windows, sizeof *count);

    for (size_t i = 0; i < c->n; i++)
        slide(c, i, of, n, k, queue, value, sum, count);
    for (size_t w = 0; w < windows; w++)
        if (count[w] > 0 && sum[w] / count[w] > top) {
            top = sum[w] / count[w];
            best = w;
        }
    free(queue);
    free(value);
    free(sum);
    free(count);
    return best;
}

static void
choose_window(const struct rg_candidates *c, struct ranked *of, size_t n, size_t k, bool strong,
              uint32_t *out, struct rg_candidates_note *note)
{
    size_t low = 0, high = n, fifth, begin;

    while (low < n && of[low].mean <= 0.1)
        low++;
    while (high > low && of[high - 1].mean > 0.9)
        high--;
    if (high - low < k) {
        note->extremes = true;
        low = 0;
        high = n;
    }
    fifth = (high - low) / 5;
    if (fifth < k) {
        note->widened = true;
        fifth = k;
    }
    begin = strong ? high - fifth : low;
    begin += best_window(c, of + begin, fifth, k);
    for (size_t i = 0; i < k; i++)
        out[i] = of[begin + i].model;
}

/* ---- groups ---- */

static double
oracle_of(const struct rg_candidates *c, const uint32_t *model, size_t k)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++) {
        double best = NAN;

        for (size_t j = 0; j < k; j++)
            best = fmax(best, c->score(c->ctx, i, model[j]));
        if (!isnan(best)) {
            sum += best;
            n++;
        }
    }
    return n ? sum / (double)n : NAN;
}

static void
choose_mixed(const struct rg_candidates *c, const struct ranked *of, size_t n, size_t k,
             uint64_t seed, uint32_t *out)
{
    gsl_rng *rng = rg_rng_new(seed, k, RG_PURPOSE_POOLS);
    uint32_t *pick = rg_alloc(k, sizeof *pick);
    double top = -INFINITY;

    for (size_t t = 0; t < RG_CANDIDATES_PICKS; t++) {
        double value;

        for (size_t j = 0; j < k; j++) {
            size_t from = n * j / k, to = n * (j + 1) / k;

            pick[j] = of[from + rg_rng_below(rng, to - from)].model;
        }
        value = oracle_of(c, pick, k);
        if (t == 0 || value > top) {
            top = value;
            memcpy(out, pick, k * sizeof *pick);
        }
    }
    free(pick);
    gsl_rng_free(rng);
}

bool
rg_candidates_choose(const struct rg_candidates *c, enum rg_candidates_kind kind, size_t k,
                     uint64_t seed, uint32_t *out, struct rg_candidates_note *note)
{
    struct ranked *of = rg_alloc(c->m, sizeof *of);
    size_t n = rank(c, of);

    *note = (struct rg_candidates_note){false, false};
    if (k > 0 && k <= n && kind == RG_CANDIDATES_MIXED)
        choose_mixed(c, of, n, k, seed, out);
    else if (k > 0 && k <= n)
        choose_window(c, of, n, k, kind == RG_CANDIDATES_STRONG, out, note);
    free(of);
    return k > 0 && k <= n;
}
