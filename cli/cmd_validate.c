/* routergym-sim validate: predict recorded runs from recorded calls of single models. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "replay/compose.h"
#include "stats/interval.h"
#include "stats/table.h"
#include "traces/trace.h"

struct values {
    struct rg_opt_list where;
    double tolerance, overhead_ms, level;
    int format;
};

static const struct rg_opt options[] = {
    {.name = "where",
     .letter = 'w',
     .kind = RG_OPT_LIST,
     .offset = offsetof(struct values, where),
     .arg = "CONDITION",
     .help = "only queries that meet COLUMN OP VALUE, e.g. query>4960\n(several: all must hold)"},
    {.name = "tolerance",
     .kind = RG_OPT_DOUBLE,
     .offset = offsetof(struct values, tolerance),
     .arg = "REL",
     .help = "largest relative difference of a mean cost or quality that\nstill passes "
             "(default 0.001)",
     .max = 1e9},
    {.name = "overhead-ms",
     .kind = RG_OPT_DOUBLE,
     .offset = offsetof(struct values, overhead_ms),
     .arg = "MS",
     .help = "overhead that each recorded latency holds, counted once a\nrun instead of once a "
             "call (default 0)",
     .max = 1e9},
    {.name = "level",
     .kind = RG_OPT_DOUBLE,
     .offset = offsetof(struct values, level),
     .arg = "P",
     .help = "confidence of the intervals (default 0.95)",
     .min = 0.5,
     .max = 0.9999},
    RG_OPT_FORMAT_ROW(struct values, format),
};

/* Two doubles that went through decimal text and a sum or two are the same within this. */
static const double exact_within = 1e-12;

enum { COST, SCORE, LATENCY, N_QUANTITIES };

/* Recorded and predicted values of the runs that could be composed, in the order of the recording.
 */
struct pairs {
    double *recorded, *predicted;
    size_t n;
};

struct group { /* of runs with one configuration */
    size_t runs, composed, exact;
    size_t other_sample; /* composed of calls with other sample numbers */
    size_t no_chain, no_call;
    struct pairs pairs[N_QUANTITIES];
};

struct work {
    struct values v;
    struct rg_trace *trace;
    struct rg_composer *composer;
    struct group *groups; /* one for each configuration */
    bool *chosen;         /* per query */
};

static void
work_clear(struct work *w)
{
    for (size_t g = 0; w->groups && g < w->trace->n_configs; g++) {
        for (int k = 0; k < N_QUANTITIES; k++) {
            free(w->groups[g].pairs[k].recorded);
            free(w->groups[g].pairs[k].predicted);
        }
    }
    free(w->groups);
    free(w->chosen);
    rg_composer_free(w->composer);
    rg_trace_close(w->trace);
    rg_opt_list_clear(&w->v.where);
}

/* ---- composing ---- */

static bool
same(double a, double b)
{
    return fabs(a - b) <= exact_within * fmax(fabs(a), fabs(b));
}

static void
add_pair(struct pairs *p, double recorded, double predicted)
{
    if (isnan(recorded) || isnan(predicted))
        return;
    p->recorded[p->n] = recorded;
    p->predicted[p->n++] = predicted;
}

static void
compose(struct work *w, uint32_t run)
{
    const struct rg_trace_runs *r = &w->trace->runs;
    struct group *g = &w->groups[r->config[run]];
    struct rg_composition c;
    double calls = 1;

    g->runs++;
    switch (rg_compose_run(w->composer, run, &c)) {
    case RG_COMPOSE_NO_CHAIN:
        g->no_chain++;
        return;
    case RG_COMPOSE_NO_CALL:
        g->no_call++;
        return;
    case RG_COMPOSED:
        break;
    }
    for (const char *s = w->trace->chains[r->chain[run]]; *s; s++)
        calls += *s == '>';
    g->composed++;
    g->other_sample += !c.exact;
    g->exact += same(c.cost_usd, r->cost_usd[run]) && same(c.score, r->score[run]);
    add_pair(&g->pairs[COST], r->cost_usd[run], c.cost_usd);
    add_pair(&g->pairs[SCORE], r->score[run], c.score);
    add_pair(&g->pairs[LATENCY], r->latency_ms[run], c.latency_ms - (calls - 1) * w->v.overhead_ms);
}

static enum rg_status
gather(struct work *w, struct rg_err *err)
{
    const struct rg_trace *t = w->trace;
    uint32_t *queries = rg_alloc(t->n_queries, sizeof *queries);
    size_t *runs_of = rg_zalloc(t->n_configs, sizeof *runs_of);
    size_t n = 0;
    enum rg_status status = rg_filter_queries(t, &w->v.where, queries, &n, err);

    w->chosen = rg_zalloc(t->n_queries, sizeof *w->chosen);
    w->groups = rg_zalloc(t->n_configs, sizeof *w->groups);
    w->composer = rg_composer_new(t);
    for (size_t i = 0; i < n; i++)
        w->chosen[queries[i]] = true;
    for (uint32_t run = 0; run < t->n_runs; run++)
        runs_of[t->runs.config[run]]++;
    for (size_t g = 0; g < t->n_configs; g++) {
        for (int k = 0; k < N_QUANTITIES; k++) {
            w->groups[g].pairs[k].recorded = rg_alloc(runs_of[g], sizeof(double));
            w->groups[g].pairs[k].predicted = rg_alloc(runs_of[g], sizeof(double));
        }
    }
    for (uint32_t run = 0; status == RG_OK && run < t->n_runs; run++)
        if (w->chosen[t->runs.query[run]])
            compose(w, run);
    free(queries);
    free(runs_of);
    return status;
}

/* ---- comparing ---- */

static double
mean(const double *x, size_t n)
{
    return n ? rg_sum_of(x, n) / (double)n : NAN;
}

/* Relative difference of the means of pairs from..to. */
static double
relative(const struct pairs *p, size_t from, size_t to)
{
    double recorded = mean(p->recorded + from, to - from);
    double predicted = mean(p->predicted + from, to - from);

    /* Equal is no difference, also where both are 0. */
    return predicted < recorded || predicted > recorded ? (predicted - recorded) / recorded
           : isnan(recorded)                            ? NAN
                                                        : 0;
}

/* Mean of predicted - recorded over the pairs. */
static struct rg_estimate
difference(const struct pairs *p, double level)
{
    double *d = rg_alloc(p->n, sizeof *d);
    struct rg_estimate e;

    for (size_t i = 0; i < p->n; i++)
        d[i] = p->predicted[i] - p->recorded[i];
    e = rg_interval_mean(d, p->n, level);
    free(d);
    return e;
}

static bool
passes(const struct group *g, double tolerance)
{
    /* What was not recorded is not judged. */
    for (int k = COST; k <= SCORE; k++)
        if (g->pairs[k].n > 0 && !(fabs(relative(&g->pairs[k], 0, g->pairs[k].n)) <= tolerance))
            return false;
    return g->composed == g->runs;
}

/* ---- printing ---- */

static const char *const quantity_names[N_QUANTITIES] = {"cost_usd", "score", "latency_ms"};
/* For people in units that bring all three to the same size. */
static const char *const quantity_heads[N_QUANTITIES] = {"cost (USD/1000)", "quality",
                                                         "latency (s)"};
static const double quantity_scales[N_QUANTITIES] = {1000, 1, 1e-3};

/* Columns of a table for people. */
enum { QUANTITY, RECORDED, PREDICTED, RELATIVE, DIFFERENCE };

static void
put_row(const struct work *w, struct rg_table *t, const char *name, double scale,
        const struct pairs *p, size_t from, size_t to)
{
    struct pairs part = {p->recorded + from, p->predicted + from, to - from};
    struct rg_estimate e = difference(&part, w->v.level);

    rg_table_row(t);
    rg_table_text(t, QUANTITY, name);
    rg_table_number(t, RECORDED, scale * mean(part.recorded, part.n));
    rg_table_number(t, PREDICTED, scale * mean(part.predicted, part.n));
    rg_table_number(t, RELATIVE, 100 * relative(&part, 0, part.n));
    rg_table_estimate(t, DIFFERENCE, scale * e.value, scale * e.lo, scale * e.hi);
}

/* One configuration for people. */
static struct rg_table *
config_table(const struct work *w, size_t config)
{
    const struct group *g = &w->groups[config];
    const struct pairs *latency = &g->pairs[LATENCY];
    struct rg_buf title = {0};
    struct rg_table *t;

    rg_buf_printf(&title, "%s: %s (%zu run%s, %zu predicted, %zu exactly)",
                  w->trace->configs[config], passes(g, w->v.tolerance) ? "pass" : "DIFFERS",
                  g->runs, g->runs == 1 ? "" : "s", g->composed, g->exact);
    t = rg_table_new(rg_buf_text(&title));
    rg_buf_clear(&title);
    rg_table_column(t, "quantity", "mean", RG_COL_TEXT, 0, true);
    rg_table_column(t, "recorded", NULL, RG_COL_NUMBER, 4, false);
    rg_table_column(t, "predicted", NULL, RG_COL_NUMBER, 4, false);
    rg_table_column(t, "relative_difference", "diff. %", RG_COL_NUMBER, 3, false);
    rg_table_column(t, "difference", NULL, RG_COL_ESTIMATE, 4, false);
    for (int k = 0; k < N_QUANTITIES; k++)
        put_row(w, t, quantity_heads[k], quantity_scales[k], &g->pairs[k], 0, g->pairs[k].n);
    put_row(w, t, "  first half", quantity_scales[LATENCY], latency, 0, latency->n / 2);
    put_row(w, t, "  second half", quantity_scales[LATENCY], latency, latency->n / 2, latency->n);
    return t;
}

static size_t
mean_columns(struct rg_table *t, const char *quantity)
{
    static const char *const parts[] = {"recorded", "predicted", "relative_difference",
                                        "difference"};
    struct rg_buf name = {0};
    size_t last = 0;

    for (size_t i = 0; i < 4; i++) {
        rg_buf_reset(&name);
        rg_buf_printf(&name, "%s_%s", parts[i], quantity);
        last = rg_table_column(t, rg_buf_text(&name), NULL,
                               i == 3 ? RG_COL_ESTIMATE : RG_COL_NUMBER, -1, false);
    }
    rg_buf_clear(&name);
    return last - 3;
}

/* One wide table for programs. */
static struct rg_table *
data_table(const struct work *w)
{
    static const char *const counts[] = {"runs", "predicted", "exact", "without_chain",
                                         "without_call"};
    enum { N = sizeof counts / sizeof *counts };
    struct rg_table *t = rg_table_new("validate");
    size_t config = rg_table_column(t, "config", NULL, RG_COL_TEXT, 0, true);
    size_t verdict = rg_table_column(t, "verdict", NULL, RG_COL_TEXT, 0, false);
    size_t first[N_QUANTITIES];
    size_t half;

    for (size_t i = 0; i < N; i++)
        rg_table_column(t, counts[i], NULL, RG_COL_INTEGER, 0, false);
    for (int k = 0; k < N_QUANTITIES; k++)
        first[k] = mean_columns(t, quantity_names[k]);
    half = rg_table_column(t, "relative_difference_latency_first_half", NULL, RG_COL_NUMBER, -1,
                           false);
    rg_table_column(t, "relative_difference_latency_second_half", NULL, RG_COL_NUMBER, -1, false);
    for (size_t c = 0; c < w->trace->n_configs; c++) {
        const struct group *g = &w->groups[c];
        const struct pairs *latency = &g->pairs[LATENCY];
        const size_t n[N] = {g->runs, g->composed, g->exact, g->no_chain, g->no_call};

        if (g->runs == 0)
            continue;
        rg_table_row(t);
        rg_table_text(t, config, w->trace->configs[c]);
        rg_table_text(t, verdict, passes(g, w->v.tolerance) ? "pass" : "differs");
        for (size_t i = 0; i < N; i++)
            rg_table_integer(t, verdict + 1 + i, (int64_t)n[i]);
        for (int k = 0; k < N_QUANTITIES; k++) {
            const struct pairs *p = &g->pairs[k];
            struct rg_estimate e = difference(p, w->v.level);

            rg_table_number(t, first[k], mean(p->recorded, p->n));
            rg_table_number(t, first[k] + 1, mean(p->predicted, p->n));
            rg_table_number(t, first[k] + 2, relative(p, 0, p->n));
            rg_table_estimate(t, first[k] + 3, e.value, e.lo, e.hi);
        }
        rg_table_number(t, half, relative(latency, 0, latency->n / 2));
        rg_table_number(t, half + 1, relative(latency, latency->n / 2, latency->n));
    }
    return t;
}

static void
notes(const struct work *w, struct rg_table *t)
{
    size_t no_chain = 0;
    size_t no_call = 0;
    size_t n_configs = 0;
    size_t not_predicted = 0;
    size_t other_sample = 0;

    for (size_t g = 0; g < w->trace->n_configs; g++) {
        n_configs += w->groups[g].runs > 0;
        other_sample += w->groups[g].other_sample;
        not_predicted += w->groups[g].runs > 0 && w->groups[g].composed == 0;
        no_chain += w->groups[g].no_chain;
        no_call += w->groups[g].no_call;
    }
    if (other_sample)
        rg_table_note(t, "%zu runs were composed of calls with other sample numbers than theirs.",
                      other_sample);
    if (no_chain)
        rg_table_note(t, "%zu runs do not say which models were called and cannot be predicted.",
                      no_chain);
    if (no_call)
        rg_table_note(t, "%zu runs used a model without a recorded call of its own.", no_call);
    if (not_predicted > 0)
        rg_table_note(t,
                      "%zu of %zu configurations have no run that could be predicted and are not "
                      "shown.",
                      not_predicted, n_configs);
    rg_table_note(t, "Predicted: costs and latencies of the run's calls added up, quality of its "
                     "last answer. Exactly: cost and quality equal within 1e-12 of themselves.");
    rg_table_note(t, "Latency: single-model calls and composite runs were recorded at other times "
                     "under other loads, so it is compared but not judged; a difference between "
                     "the halves of the recording shows such a drift.");
    rg_table_note(t, "Trace %s, digest %s, routergym-sim " PACKAGE_VERSION ".", w->trace->path,
                  w->trace->digest);
}

static int
print(const struct work *w)
{
    bool people = w->v.format != RG_CSV && w->v.format != RG_JSON;
    struct rg_table **tables = rg_alloc(w->trace->n_configs + 1, sizeof *tables);
    struct rg_buf out = {0};
    size_t n = 0;
    int status = 0;

    for (size_t c = 0; c < w->trace->n_configs; c++) {
        if (w->groups[c].runs == 0)
            continue;
        if (people && w->groups[c].composed > 0)
            tables[n++] = config_table(w, c);
        if (!passes(&w->groups[c], w->v.tolerance))
            status = 1;
    }
    if (!people)
        tables[n++] = data_table(w);
    else if (n == 0)
        tables[n++] = rg_table_new("No recorded run could be predicted");
    notes(w, tables[n - 1]);
    rg_tables_print(tables, n, (enum rg_format)w->v.format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
    while (n > 0)
        rg_table_free(tables[--n]);
    free(tables);
    return status;
}

static bool
any_run(const struct work *w)
{
    for (size_t c = 0; c < w->trace->n_configs; c++)
        if (w->groups[c].runs > 0)
            return true;
    return false;
}

static int
validate(struct work *w, const char *path)
{
    struct rg_err err;
    enum rg_status status = rg_cli_trace(&w->trace, path, &err);

    if (status == RG_OK && w->trace->n_runs == 0)
        status = rg_err_set(&err, RG_EINPUT,
                            "%s: nothing to validate: the trace holds no recorded "
                            "runs of composite systems",
                            w->trace->path);
    if (status == RG_OK)
        status = gather(w, &err);
    if (status == RG_OK && !any_run(w))
        status = rg_err_set(&err, RG_EUSAGE, "no recorded run meets the conditions");
    return status == RG_OK ? print(w) : rg_cli_fail(&err);
}

static int
run(int argc, char **argv)
{
    struct work w = {.v = {.tolerance = 1e-3, .level = 0.95}};
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_validate, argc, argv, &w.v, &args, &n_args);

    if (status < 0)
        status = validate(&w, args[0]);
    work_clear(&w);
    return status;
}

const struct rg_command rg_cmd_validate = {
    .name = "validate",
    .usage = "[OPTIONS] TRACE",
    .brief = "predict recorded runs of composite systems from calls of their models",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
