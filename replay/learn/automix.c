#include "replay/learn/automix.h"

#include <math.h>

#include "base/sum.h"

enum { GRID = 8 };

bool
rg_automix_asks(const struct rg_automix *a, double confidence)
{
    const double *t = a->threshold;

    if (isnan(confidence))
        return true;
    if (a->kind == RG_AUTOMIX_SINGLE)
        return confidence <= t[0];
    if (a->kind == RG_AUTOMIX_DOUBLE)
        return confidence >= t[0] && confidence <= t[1];
    return (confidence >= 0 && confidence <= t[0]) || (confidence >= t[1] && confidence <= t[2]);
}

struct means {
    double small, small_usd, slope;
};

static double
mean(const double *x, size_t n)
{
    return rg_sum_of(x, n) / (double)n;
}

static void
measure(const struct rg_automix_rows *r, const struct means *m, struct rg_automix_found *out)
{
    struct rg_sum score = {0}, cost = {0};

    for (size_t i = 0; i < r->n; i++) {
        bool asks = rg_automix_asks(&out->choice, r->confidence[i]);

        rg_sum_add(&score, asks ? r->large[i] : r->small[i]);
        rg_sum_add(&cost, r->small_usd[i]);
        if (asks)
            rg_sum_add(&cost, r->large_usd[i]);
    }
    out->score = rg_sum_value(&score) / (double)r->n;
    out->cost = rg_sum_value(&cost) / (double)r->n + r->verifier_usd;
    out->lift = ((out->score - m->small) / (out->cost - m->small_usd) - m->slope) / m->slope;
}

/* The first thresholds; false behind the last. Eighths: single has 0 to 8, the others 0 to 7. */
static bool
next(enum rg_automix_kind kind, int *t)
{
    if (kind == RG_AUTOMIX_SINGLE)
        return ++t[0] <= GRID;
    for (int k = (int)kind; k >= 0; k--) {
        if (++t[k] > GRID - 1 - ((int)kind - k))
            continue;
        for (int i = k + 1; i <= (int)kind; i++)
            t[i] = t[i - 1] + 1;
        return true;
    }
    return false;
}

bool
rg_automix_search(enum rg_automix_kind kind, const struct rg_automix_rows *rows,
                  struct rg_automix_found *out)
{
    struct means m = {mean(rows->small, rows->n), mean(rows->small_usd, rows->n), 0};
    struct rg_automix_found one = {.choice.kind = kind};
    int t[3] = {0, 1, 2};
    bool any = false;

    m.slope =
        (mean(rows->large, rows->n) - m.small) / (mean(rows->large_usd, rows->n) - m.small_usd);
    if (!isfinite(m.slope) || !(m.slope > 0 || m.slope < 0))
        return false;
    do {
        for (int k = 0; k <= (int)kind; k++)
            one.choice.threshold[k] = (double)t[k] / GRID;
        one.candidates++;
        measure(rows, &m, &one);
        if (isfinite(one.lift) && (!any || one.lift > out->lift)) {
            *out = one;
            any = true;
        }
    } while (next(kind, t));
    if (any)
        out->candidates = one.candidates;
    return any;
}
