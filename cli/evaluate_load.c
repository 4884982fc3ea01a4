/* Models and routers under load: the same choices, in simulated time, on every split and at every
 * rate of arrivals. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/evaluate_tables.h"

enum { MOST_MODELS = 200 }; /* that are put under load by themselves */

/* ---- running ---- */

static size_t
n_rates(const struct rg_evaluate_values *v)
{
    return v->rates.n ? v->rates.n : 1;
}

static int
ascending(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;

    return (*a > *b) - (*a < *b);
}

enum rg_status
rg_evaluate_rates(const struct rg_evaluate_values *v, double **out, struct rg_err *err)
{
    size_t n = n_rates(v);
    double *rate = rg_alloc(n, sizeof *rate);

    rate[0] = v->rate;
    for (size_t i = 0; i < v->rates.n; i++) {
        const char *word = v->rates.items[i];
        const char *why = rg_num_double(word, strlen(word), &rate[i]);

        if (why || !(rate[i] >= 1e-9 && rate[i] <= 1e9)) {
            free(rate);
            return rg_err_set(err, RG_EUSAGE,
                              "evaluate: --rates: found '%.60s', expected arrivals a second "
                              "(1e-9 to 1e9)",
                              word);
        }
    }
    qsort(rate, n, sizeof *rate, ascending);
    for (size_t i = 1; i < n; i++)
        if (!(rate[i] > rate[i - 1])) {
            rg_err_set(err, RG_EUSAGE, "evaluate: --rates has %g twice", rate[i]);
            free(rate);
            return err->status;
        }
    *out = rate;
    return RG_OK;
}

static struct rg_replication_config
config_of(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
          const struct rg_policy *p, size_t split, double rate)
{
    return (struct rg_replication_config){
        .policy = p,
        .endpoints = &s->run.endpoints,
        .queries = p->queries,
        .n_queries = p->n_queries,
        .arrivals = {.law = RG_ARRIVALS_POISSON, .rate = rate, .cv = 1, .speed = 1},
        .requests = v->requests ? v->requests : p->n_queries,
        .until_s = INFINITY,
        .seed = s->splits[split].seed,
    };
}

/* Scores of a router that looks at the load: what its decisions in the simulation brought, the mean
 * over all requests for a query, at the least of the rates. */
static void
take_scores(const struct rg_evaluate_setup *s, const struct rg_cell *cell,
            const struct rg_policy *p, struct rg_evaluate_result *r, size_t row)
{
    for (size_t i = 0; i < p->n_queries; i++) {
        const struct rg_per_query *score = &cell->query[RG_PER_QUERY_SCORE][p->queries[i]];
        const struct rg_per_query *cost = &cell->query[RG_PER_QUERY_COST][p->queries[i]];
        const struct rg_per_query *calls = &cell->query[RG_PER_QUERY_CALLS][p->queries[i]];

        double scored = s->zero ? calls->n : score->n;

        if (scored > 0)
            r->score[row + i] = rg_sum_value(&score->sum) / scored;
        if (cost->n > 0)
            r->cost[row + i] = rg_sum_value(&cost->sum) / cost->n;
        if (calls->n > 0)
            r->calls[row + i] = rg_sum_value(&calls->sum) / calls->n;
        r->skipped += !(calls->n > 0);
    }
}

static double
busiest(const struct rg_cell *cell, size_t replication)
{
    double most = NAN;

    for (size_t e = 0; e < cell->n_endpoints; e++)
        most = fmax(most, cell->utilisation[replication * cell->n_endpoints + e]);
    return most;
}

static void
add_seen(const struct rg_cell *cell, struct rg_evaluate_load *l)
{
    l->splits++;
    l->replications = (size_t)cell->replications;
    l->seen = l->seen ? l->seen : rg_zalloc(l->replications * RG_N_LOAD, sizeof *l->seen);
    for (size_t i = 0; i < l->replications; i++) {
        double *to = l->seen + i * RG_N_LOAD;

        to[RG_LOAD_P50] += cell->replication[RG_PER_REPLICATION_LATENCY_P50][i];
        to[RG_LOAD_P95] += cell->replication[RG_PER_REPLICATION_LATENCY_P95][i];
        to[RG_LOAD_GOODPUT] += cell->replication[RG_PER_REPLICATION_GOODPUT][i];
        to[RG_LOAD_THROUGHPUT] += cell->replication[RG_PER_REPLICATION_THROUGHPUT][i];
        to[RG_LOAD_BUSY] += busiest(cell, i);
    }
}

enum rg_status
rg_evaluate_load(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                 const struct rg_policy *p, size_t split, size_t row, struct rg_evaluate_result *r,
                 struct rg_err *err)
{
    struct rg_cell_options options = {.replications = v->replications, .slo_s = v->slo_ms * 1e-3};
    double *rate;
    enum rg_status status = rg_evaluate_rates(v, &rate, err);

    if (status != RG_OK)
        return status;
    r->n_load = n_rates(v);
    r->load = r->load ? r->load : rg_zalloc(r->n_load, sizeof *r->load);
    for (size_t i = 0; i < r->n_load && status == RG_OK; i++) {
        struct rg_cell cell;

        r->load[i].rate = rate[i];
        status = rg_cell_run(config_of(s, v, p, split, rate[i]), &options, &cell, err);
        if (status == RG_OK && i == 0 && p->router->type->uses_load)
            take_scores(s, &cell, p, r, row);
        if (status == RG_OK)
            add_seen(&cell, &r->load[i]);
        rg_cell_clear(&cell);
    }
    free(rate);
    return status;
}

static enum rg_status
load_model(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, size_t split,
           struct rg_evaluate_result *r, struct rg_err *err)
{
    struct rg_policy p = rg_evaluate_policy(s, split);
    uint32_t *queries = rg_alloc(p.n_queries, sizeof *queries);
    struct rg_router router = {0};
    struct rg_buf word = {0};
    enum rg_status status;
    size_t n = 0;

    /* Others would be skipped in no time, as if the model could bear more of them. */
    for (size_t i = 0; i < p.n_queries; i++)
        if (s->all.recorded[s->row[p.queries[i]] * s->all.m + r->model] &&
            rg_evaluate_judged(s, &s->splits[split], p.queries[i], r->model))
            queries[n++] = p.queries[i];
    p.queries = queries;
    p.n_queries = n;
    if (n == 0) {
        free(queries);
        return RG_OK;
    }
    rg_buf_printf(&word, "fixed:%s", r->name);
    status = rg_router_read(&router, s->trace, rg_buf_text(&word), err);
    if (status == RG_OK)
        status = rg_router_prepare(&router, &p, v->slm, v->llm, err);
    if (status == RG_OK)
        status = rg_evaluate_load(s, v, &p, split, 0, r, err);
    rg_router_clear(&router);
    rg_buf_clear(&word);
    free(queries);
    return status;
}

enum rg_status
rg_evaluate_load_models(const struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                        struct rg_evaluate_results *out, struct rg_err *err)
{
    size_t splits = s->has_split ? s->n_splits : 1;
    enum rg_status status = RG_OK;

    for (size_t m = 0; m < out->n_models && out->n_models <= MOST_MODELS; m++)
        for (size_t k = 0; k < splits && status == RG_OK; k++)
            status = load_model(s, v, k, &out->of[m], err);
    return status;
}

/* ---- tables ---- */

/* Mean over the replications of the means over splits. */
static struct rg_estimate
estimate(const struct rg_evaluate_report *p, const struct rg_evaluate_load *l, size_t metric)
{
    double *x = rg_alloc(l->replications, sizeof *x);
    struct rg_estimate e;

    for (size_t i = 0; i < l->replications; i++)
        x[i] = l->seen[i * RG_N_LOAD + metric] / (double)l->splits;
    e = rg_interval_mean(x, l->replications, p->v->level);
    free(x);
    return e;
}

static void
load_notes(struct rg_table *t, const struct rg_evaluate_report *p)
{
    size_t skipped = 0;

    for (size_t i = p->r->n_models; i < p->r->n; i++)
        skipped = p->r->of[i].skipped > skipped ? p->r->of[i].skipped : skipped;
    rg_table_note(t,
                  "Poisson arrivals, %llu replications%s; intervals of %g over replications. "
                  "Goodput: share of requests completed%s.",
                  (unsigned long long)p->v->replications,
                  p->splits > 1 ? " on every split, their means" : "", p->v->level,
                  isfinite(p->v->slo_ms) ? " within --slo-ms" : "");
    rg_table_note(t, "Single models: by the queries that they were recorded for.");
    if (skipped > 0)
        rg_table_note(t,
                      "%zu queries were skipped by some router, which needed a call that is not "
                      "recorded: the rest of its requests stands for all.",
                      skipped);
    if (p->r->n_models > MOST_MODELS)
        rg_table_note(t, "%zu models are too many to be put under load by themselves.",
                      p->r->n_models);
}

struct rg_table *
rg_evaluate_load_table(struct rg_evaluate_report *p, const char **why)
{
    static const double scale[RG_N_LOAD] = {1, 1, 100, 1, 100};
    struct rg_table *t = rg_table_new("Under load");

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "rate_per_s", "rate", RG_COL_NUMBER, -1, true);
    rg_table_column(t, "dataset_avg", "Dataset-Avg", RG_COL_NUMBER, 2, false);
    rg_table_column(t, "usd_per_1000", "USD per 1000", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "latency_p50_ms", "p50 ms", RG_COL_ESTIMATE, 0, false);
    rg_table_column(t, "latency_p95_ms", "p95 ms", RG_COL_ESTIMATE, 0, false);
    rg_table_column(t, "goodput", "goodput %", RG_COL_ESTIMATE, 1, false);
    rg_table_column(t, "throughput_per_s", "done/s", RG_COL_ESTIMATE, 3, false);
    rg_table_column(t, "utilisation", "busy %", RG_COL_ESTIMATE, 0, false);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->r->of[i].n_load; k++) {
            const struct rg_evaluate_load *l = &p->r->of[i].load[k];

            rg_table_row(t);
            rg_table_text(t, 0, p->r->of[i].name);
            rg_table_number(t, 1, l->rate);
            rg_table_number(t, 2, p->value[i * RG_N_EM + RG_EM_DATASETS] * 100);
            rg_table_number(t, 3, p->value[i * RG_N_EM + RG_EM_USD_1000]);
            for (size_t m = 0; m < RG_N_LOAD; m++)
                rg_evaluate_put(t, 4 + m, estimate(p, l, m), scale[m]);
        }
    load_notes(t, p);
    return t;
}

/* The greatest rate up to which the share is kept at every rate of the grid; surely: by the lower
 * limit of the interval. NaN: not even at the least. *next: the first rate at which it is not. */
static double
capacity(const struct rg_evaluate_report *p, const struct rg_evaluate_result *r, bool surely,
         double *next)
{
    double rate = NAN;

    *next = NAN;
    for (size_t k = 0; k < r->n_load; k++) {
        struct rg_estimate e = estimate(p, &r->load[k], RG_LOAD_GOODPUT);

        if (!((surely ? e.lo : e.value) >= p->v->slo_share)) {
            *next = r->load[k].rate;
            break;
        }
        rate = r->load[k].rate;
    }
    return rate;
}

struct rg_table *
rg_evaluate_capacity_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = rg_table_new("Rates at which the service level is kept");

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "capacity_per_s", "capacity", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "capacity_surely_per_s", "surely", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "missed_at_per_s", "missed at", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "dataset_avg", "Dataset-Avg", RG_COL_NUMBER, 2, false);
    rg_table_column(t, "usd_per_1000", "USD per 1000", RG_COL_NUMBER, -1, false);
    for (size_t i = 0; i < p->n; i++) {
        double next, unused;

        if (p->r->of[i].n_load == 0)
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, p->r->of[i].name);
        rg_table_number(t, 1, capacity(p, &p->r->of[i], false, &next));
        rg_table_number(t, 2, capacity(p, &p->r->of[i], true, &unused));
        rg_table_number(t, 3, next);
        rg_table_number(t, 4, p->value[i * RG_N_EM + RG_EM_DATASETS] * 100);
        rg_table_number(t, 5, p->value[i * RG_N_EM + RG_EM_USD_1000]);
    }
    rg_table_note(t,
                  "Arrivals a second: the greatest of --rates up to which %g of the requests are "
                  "completed%s; surely: by the lower limit of the interval. '-': not even at the "
                  "least of the rates, or nowhere missed.",
                  p->v->slo_share, isfinite(p->v->slo_ms) ? " within --slo-ms" : "");
    return t;
}
