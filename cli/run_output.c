/* How long `run` simulates, and what a single replication says. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/run.h"

/* ---- warm-up ---- */

enum { PILOTS = 5 };

/* Sum and number of latencies of the i-th request of several replications. */
struct pilot {
    double *sum;
    uint32_t *n;
    size_t len, sum_cap, n_cap;
};

static void
pilot_done(void *ctx, const struct rg_request *r)
{
    struct pilot *p = ctx;

    if (r->end != RG_REQUEST_COMPLETED)
        return;
    if (r->index >= p->len) {
        p->sum = rg_grow(p->sum, &p->sum_cap, r->index + 1, sizeof *p->sum);
        p->n = rg_grow(p->n, &p->n_cap, r->index + 1, sizeof *p->n);
        for (; p->len <= r->index; p->len++) {
            p->sum[p->len] = 0;
            p->n[p->len] = 0;
        }
    }
    p->sum[r->index] += r->latency_s;
    p->n[r->index]++;
}

/* Requests that no replication completed are no part of the series, but count for the cut. */
static struct rg_run_warm_up
pilot_cut(struct pilot *p)
{
    struct rg_warmup w;
    uint64_t before = 0;
    size_t k = 0;

    for (size_t i = 0; i < p->len; i++)
        if (p->n[i] > 0)
            p->sum[k++] = p->sum[i] / p->n[i];
    w = rg_output_mser5(p->sum, k);
    for (size_t seen = 0; before < p->len && seen < w.cut; before++)
        seen += p->n[before] > 0;
    return (struct rg_run_warm_up){before, w.settled};
}

enum rg_status
rg_run_warm_up_find(struct rg_replication_config config, uint64_t replications,
                    struct rg_run_warm_up *out, struct rg_err *err)
{
    struct pilot p = {0};
    enum rg_status status = RG_OK;

    config.done = pilot_done;
    config.arrived = NULL;
    config.tried = NULL;
    config.moved = NULL;
    config.ctx = &p;
    for (uint64_t i = 0; status == RG_OK && i < replications && i < PILOTS; i++) {
        struct rg_replication r;

        status = rg_replication_run(&config, i, &r, err);
        rg_replication_clear(&r);
    }
    if (status == RG_OK)
        *out = pilot_cut(&p);
    free(p.sum);
    free(p.n);
    return status;
}

/* ---- how many replications ---- */

struct rg_precision
rg_run_precision(const struct rg_run_values *v)
{
    return (struct rg_precision){.relative = v->precision,
                                 .level = v->level,
                                 .least = v->replications,
                                 .most = v->max_replications};
}

/* A replication that completed nothing has no mean, and no number of others makes up for it. */
static bool
enough(const void *rule, const struct rg_cell *cell)
{
    struct rg_precision p = rg_run_precision(rule);
    const double *means = cell->replication[RG_PER_REPLICATION_LATENCY_MEAN];
    uint64_t n = cell->replications;

    if (n >= p.least && isnan(rg_sum_of(means, n)))
        return true;
    return rg_output_precision(&p, means, n) != RG_PRECISION_GO_ON;
}

bool (*rg_run_rule(const struct rg_run_values *v))(const void *, const struct rg_cell *)
{
    return isnan(v->precision) ? NULL : enough;
}

/* ---- one long replication ---- */

struct rg_run_series {
    uint64_t warm_up;
    double slo_s;
    struct rg_output_fold latency, ttft, good, parts[RG_N_PARTS];
};

struct rg_run_series *
rg_run_series_new(uint64_t warm_up, double slo_s)
{
    struct rg_run_series *s = rg_zalloc(1, sizeof *s);

    s->warm_up = warm_up;
    s->slo_s = slo_s;
    s->latency.size = s->ttft.size = s->good.size = 1;
    for (size_t i = 0; i < RG_N_PARTS; i++)
        s->parts[i].size = 1;
    return s;
}

void
rg_run_series_free(struct rg_run_series *s)
{
    free(s);
}

/* The same requests as in sim/cell.c. */
void
rg_run_series_add(struct rg_run_series *s, const struct rg_request *r)
{
    bool completed = r->end == RG_REQUEST_COMPLETED;

    if (r->index < s->warm_up || r->end == RG_REQUEST_SKIPPED)
        return;
    rg_output_fold_add(&s->good, completed && r->latency_s <= s->slo_s);
    if (!completed)
        return;
    rg_output_fold_add(&s->latency, r->latency_s);
    if (!isnan(r->ttft_s))
        rg_output_fold_add(&s->ttft, r->ttft_s);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        rg_output_fold_add(&s->parts[i], r->parts[i]);
}

/* Batches leave out the few requests that do not fill one, so only their width is taken. */
static struct rg_batch_means
estimate(const struct rg_output_fold *fold, double scale, double most, double level,
         struct rg_estimate *e)
{
    struct rg_batch_means b = rg_output_batch_means(fold->x, fold->n, 0, level);
    double half = (b.mean.hi / 2 - b.mean.lo / 2) * scale;

    if (isfinite(half)) {
        e->lo = fmax(e->value - half, 0);
        e->hi = fmin(e->value + half, most);
    }
    return b;
}

/* Requests that all end alike have no spread, nor do their batches: rg_estimates_share. */
static void
bound_goodput(const struct rg_run_series *s, double level, struct rg_estimate *e)
{
    uint64_t n = s->good.n * s->good.size + s->good.n_rest;

    if (e->value == 0 || e->value == 1)
        *e = rg_estimates_share(&e->value, 1, n, level);
}

void
rg_run_series_estimate(const struct rg_run_series *s, double level, struct rg_estimates *e)
{
    static const double MS = 1000;

    if (e->saturated)
        return;
    e->batches = estimate(&s->latency, MS, INFINITY, level, &e->of[RG_METRIC_LATENCY_MEAN]);
    estimate(&s->ttft, MS, INFINITY, level, &e->of[RG_METRIC_TTFT_MEAN]);
    estimate(&s->good, 1, 1, level, &e->of[RG_METRIC_GOODPUT]);
    bound_goodput(s, level, &e->of[RG_METRIC_GOODPUT]);
    for (size_t i = 0; i < RG_N_PARTS; i++)
        estimate(&s->parts[i], MS, INFINITY, level, &e->parts[i]);
}
