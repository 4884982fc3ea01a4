/* What the tables of `run` say below themselves: doubts, how intervals came about, and everything
 * that is needed to do it again. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/run.h"
#include "replay/router/router.h"
#include "stats/table.h"

static void
note_tiers(const struct rg_run *w, struct rg_table *t)
{
    const struct {
        const char *option, *name;
        enum rg_tier tier;
    } named[] = {{"slm", w->v.slm, RG_TIER_SLM}, {"llm", w->v.llm, RG_TIER_LLM}};

    for (size_t i = 0; i < 2; i++) {
        int m = named[i].name ? rg_trace_model_find(w->s.trace, named[i].name) : -1;
        enum rg_tier tier = m >= 0 ? w->s.trace->models[m].tier : RG_TIER_UNKNOWN;

        if (tier != RG_TIER_UNKNOWN && tier != named[i].tier)
            rg_table_note(t, "--%s names %s, which the trace calls an %s.", named[i].option,
                          named[i].name, rg_tier_name(tier));
    }
}

static void
note_doubts(const struct rg_run *w, struct rg_table *t)
{
    if (w->s.memory && !rg_run_memory_adds(&w->s))
        rg_table_note(t, "Memory %s finds nothing for any query%s.", w->v.memory,
                      w->s.policy.lookup.adds ? "" : "; what recorded prompts had is not known");
    note_tiers(w, t);
    for (size_t c = 0; c < w->n_cells; c++) {
        const struct rg_cell *cell = &w->cells[c];
        const struct rg_estimates *e = &w->estimates[c];
        double use = e->of[RG_METRIC_UTILISATION].value;

        if (e->saturated)
            rg_table_note(t,
                          "%s: SATURATED: more work comes to endpoint %s than it can do, so queues "
                          "grow with the length of the run; latencies have no steady state and no "
                          "interval.",
                          e->router, w->s.trace->models[e->saturated_model].name);
        else if (use >= 0.9)
            rg_table_note(
                t,
                "%s: endpoint %s is %.0f %% busy: near saturation latencies vary much and "
                "settle slowly.",
                e->router, w->s.trace->models[e->busiest].name, 100 * use);
        if (e->skipped_queries)
            rg_table_note(
                t,
                "%s: %llu queries are left out for want of a recording; compare rows over "
                "different queries with care.",
                e->router, (unsigned long long)e->skipped_queries);
        if (cell->unscored)
            rg_table_note(t, "%s: %llu requests have no recorded score and are left out of it.",
                          e->router, (unsigned long long)cell->unscored);
        if (cell->unpriced)
            rg_table_note(t, "%s: %llu requests have no recorded cost and are left out of it.",
                          e->router, (unsigned long long)cell->unpriced);
    }
}

/* Where the numbers of a service model come from, once for each profile. */
static void
note_profiles(const struct rg_run *w, struct rg_table *t)
{
    for (size_t m = 0; m < w->s.endpoints.n; m++) {
        const struct rg_profile *p = w->s.endpoints.of[m].profile;
        bool told = !p;

        for (size_t k = 0; k < m && !told; k++)
            told = w->s.endpoints.of[k].profile &&
                   strcmp(w->s.endpoints.of[k].profile->name, p->name) == 0;
        if (!told)
            rg_table_note(t, "Service profile %s (%s): %s.", p->name, rg_profile_kind_name(p->kind),
                          p->source);
    }
}

static const char *
prompt_of(enum rg_truth contract)
{
    return contract == RG_TRUE ? ", contract prompt" : contract == RG_FALSE ? ", plain prompt" : "";
}

/* How fast requests come, in words behind the law's name. */
static const char *
pace(const struct rg_run *w, char *buf, size_t n)
{
    const char *law = rg_run_arrival_names[w->v.arrivals];

    buf[0] = '\0';
    if (strcmp(law, "recorded") == 0)
        snprintf(buf, n, ", %g times as fast", w->v.speed);
    else if (strcmp(law, "closed") == 0)
        snprintf(buf, n, ", %llu users", (unsigned long long)w->v.users);
    else if (strcmp(law, "mmpp") == 0)
        snprintf(buf, n, " with %zu states", w->v.rates.n);
    else if (strcmp(law, "all") == 0)
        snprintf(buf, n, " at once");
    else
        snprintf(buf, n, " at %g/s", w->v.rate);
    return buf;
}

/* The models that routers of two tiers ask. */
static void
put_tiers(const struct rg_run *w, struct rg_buf *out)
{
    uint32_t slm = RG_NO_MODEL, llm = RG_NO_MODEL;

    for (size_t c = 0; c < w->n_cells; c++) {
        slm = w->policies[c].slm != RG_NO_MODEL ? w->policies[c].slm : slm;
        llm = w->policies[c].llm != RG_NO_MODEL ? w->policies[c].llm : llm;
    }
    if (slm != RG_NO_MODEL)
        rg_buf_printf(out, "; small model %s", w->s.trace->models[slm].name);
    if (llm != RG_NO_MODEL)
        rg_buf_printf(out, "; large model %s", w->s.trace->models[llm].name);
}

static void
put_memory(const struct rg_run *w, struct rg_buf *out)
{
    const struct rg_run_values *v = &w->v;
    enum rg_memory_mode mode = rg_run_memory_mode(v);
    bool dynamic = mode == RG_MEMORY_DYNAMIC;

    if (!w->s.memory)
        return;
    rg_buf_printf(out, "; memory %s", v->memory);
    if (dynamic)
        rg_buf_printf(out, " by %s", rg_memory_retrievers[v->retriever].name);
    if (v->kb || v->context)
        rg_buf_printf(out, " from %s", v->kb ? v->kb : v->context);
    if (v->own_memory && dynamic)
        rg_buf_printf(out, ", top %llu, k1 %g, b %g, fusion %g", (unsigned long long)v->top, v->k1,
                      v->b, v->fusion);
    else if (v->own_memory && mode == RG_MEMORY_STATIC && !v->context)
        rg_buf_printf(out, ", top %llu", (unsigned long long)v->top);
    else if (v->own_memory && mode == RG_MEMORY_TRANSCRIPT)
        rg_buf_printf(out, ", window %llu", (unsigned long long)v->window);
    else if (v->own_memory && mode == RG_MEMORY_SALIENCE)
        rg_buf_printf(out, ", budget %llu, gate %g", (unsigned long long)v->budget, v->gate);
    if (w->s.policy.lookup.adds)
        rg_buf_puts(out, " added to calls that lack it");
}

/* What decisions were made with, where it is not the default. */
static void
note_decisions(const struct rg_run *w, struct rg_table *t)
{
    const struct rg_run_values *v = &w->v;
    struct rg_buf out = {0};

    put_tiers(w, &out);
    put_memory(w, &out);
    if (v->classifier == RG_CLASSIFIER_TFIDF)
        rg_buf_puts(&out, "; classifier tfidf");
    if (v->train > 0)
        rg_buf_printf(&out, "; %zu queries learnt from, split by seed %llu", w->s.policy.n_train,
                      (unsigned long long)v->split_seed);
    if (v->safety)
        rg_buf_printf(&out, "; safety %s", v->safety);
    if (v->escalate_if)
        rg_buf_printf(&out, "; escalated if %s", v->escalate_if);
    for (size_t i = 0; i < v->repair.n; i++)
        rg_buf_printf(&out, "%s %s", i ? "," : "; repair", v->repair.items[i]);
    if (v->retries)
        rg_buf_printf(&out, "; %llu retries", (unsigned long long)v->retries);
    if (out.len > 0)
        rg_table_note(t, "Decided with: %s.", rg_buf_text(&out) + 2);
    rg_buf_clear(&out);
}

/* ---- notes on the simulation's output ---- */

static double
relative_half_width(const struct rg_estimate *e)
{
    return (e->hi / 2 - e->lo / 2) / fabs(e->value);
}

/* With --precision: was it reached, and with how many replications? */
static void
note_precision(const struct rg_run *w, struct rg_table *t)
{
    struct rg_precision p = rg_run_precision(&w->v);

    for (size_t c = 0; c < w->n_cells && !isnan(p.relative); c++) {
        const struct rg_cell *cell = &w->cells[c];
        const double *means = cell->replication[RG_PER_REPLICATION_LATENCY_MEAN];
        unsigned long long n = cell->replications;
        struct rg_estimate e = rg_interval_mean(means, n, p.level);
        double half = 100 * relative_half_width(&e);

        if (w->estimates[c].saturated)
            continue; /* has been told that there is no mean to be precise about */
        if (rg_output_precision(&p, means, n) == RG_PRECISION_ENOUGH) {
            rg_table_note(t, "%s: mean latency to within %.2g %% with %llu replications.",
                          w->estimates[c].router, half, n);
        } else if (isnan(half)) {
            rg_table_note(t, "%s: PRECISION NOT REACHED: there is a replication without a latency.",
                          w->estimates[c].router);
        } else {
            p.most = UINT32_MAX;
            rg_table_note(t,
                          "%s: PRECISION NOT REACHED: mean latency to within %.2g %% with %llu "
                          "replications; %g %% would take about %zu.",
                          w->estimates[c].router, half, n, 100 * p.relative,
                          rg_output_precision_needed(&p, means, n));
            p.most = w->v.max_replications;
        }
    }
}

static void
note_warm_up(const struct rg_run *w, struct rg_table *t)
{
    unsigned long long n = w->warm_up.requests;

    if (n > 0 || w->v.warm_up == RG_OPT_IS_AUTO)
        rg_table_note(t,
                      "Warm-up: the first %llu requests of each replication count for no metric%s.",
                      n, w->v.warm_up == RG_OPT_IS_AUTO ? " (MSER-5)" : "");
    if (!w->warm_up.settled)
        rg_table_note(t, "WARM-UP NOT SEEN TO END: take more --requests.");
}

static void
note_batches(const struct rg_run *w, struct rg_table *t)
{
    for (size_t c = 0; c < w->n_cells; c++) {
        const struct rg_batch_means *b = &w->estimates[c].batches;

        if (b->batches > 0 && b->batches < RG_BATCHES_MIN)
            rg_table_note(t,
                          "%s: TOO FEW REQUESTS (%zu) for batch means: intervals of latency, if "
                          "any, are too narrow.",
                          w->estimates[c].router, b->batches);
        else if (b->correlated)
            rg_table_note(t,
                          "%s: AUTOCORRELATION: the means of even %zu batches are alike to their "
                          "neighbours (lag 1: %.2f, p = %.2g), so intervals of latency are too "
                          "narrow: take more --requests, or --replications.",
                          w->estimates[c].router, b->batches, b->serial.lag1, b->serial.p);
    }
}

/* What the intervals that are not over queries are over. */
static void
note_intervals(const struct rg_run *w, struct rg_table *t)
{
    const struct rg_run_values *v = &w->v;
    const char *over_queries =
        "intervals: score, cost, escalation, SLM share and coverage over the "
        "queries;";

    if (v->replications == 1)
        rg_table_note(t,
                      "%g %% %s mean latencies, their parts and goodput by batch means of one "
                      "replication; all else has none.",
                      100 * v->level, over_queries);
    else if (isnan(v->precision))
        rg_table_note(t,
                      "%g %% %s all else over %llu replications with the same queries, so what the "
                      "queries alone decide has no width there.",
                      100 * v->level, over_queries, (unsigned long long)v->replications);
    else
        rg_table_note(t,
                      "%g %% %s all else over replications with the same queries, so what the "
                      "queries alone decide has no width there.",
                      100 * v->level, over_queries);
}

static void
note_output(const struct rg_run *w, struct rg_table *t)
{
    note_precision(w, t);
    note_warm_up(w, t);
    note_batches(w, t);
    note_intervals(w, t);
}

/* Everything that is needed to do it again. */
static void
note_provenance(const struct rg_run *w, struct rg_table *t)
{
    const struct rg_run_values *v = &w->v;
    const struct rg_trace_variant *x = &w->s.trace->variants[w->s.policy.lookup.variant];
    char buf[64];

    rg_table_note(t, "A request without an answer scores 0; latencies are those of completed "
                     "requests.");
    rg_table_note(t,
                  "Replayed: memory %s%s; contract %s; arrivals %s%s; %llu slots; service %s; seed "
                  "%llu%s%s.",
                  x->memory, prompt_of(x->contract), v->contract, rg_run_arrival_names[v->arrivals],
                  pace(w, buf, sizeof buf), (unsigned long long)v->slots,
                  v->service ? v->service : "recorded", (unsigned long long)v->seed,
                  v->endpoints ? "; endpoints " : "", v->endpoints ? v->endpoints : "");
    note_decisions(w, t);
    for (size_t c = 0; v->details && c < w->n_cells; c++)
        if (w->cells[c].most_in_flight > 0)
            rg_table_note(t, "%s: at most %llu requests under way at once, in %.0f bytes each.",
                          w->estimates[c].router, (unsigned long long)w->cells[c].most_in_flight,
                          (double)w->cells[c].memory / (double)w->cells[c].most_in_flight);
    note_profiles(w, t);
    rg_table_note(t, "Trace %s, digest %s, routergym-sim " PACKAGE_VERSION ".", w->s.trace->path,
                  w->s.trace->replay_digest);
    if (w->s.trace->synthetic)
        rg_table_note(t, "SYNTHETIC data: they show how the program works and are no evidence "
                         "about any model.");
}

void
rg_run_notes(const struct rg_run *w, struct rg_table *t)
{
    note_doubts(w, t);
    note_output(w, t);
    note_provenance(w, t);
}
