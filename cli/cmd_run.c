/* routergym-sim run: replay a trace through routers in simulated time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cell.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "replay/contract/contract.h"
#include "sim/engine/station.h"
#include "stats/table.h"
#include "traces/trace.h"

static const char *const arrival_names[] = {"all",     "constant", "poisson", "gamma",
                                            "weibull", "closed",   NULL};
static const enum rg_arrivals_law arrival_laws[] = {RG_ARRIVALS_ALL,     RG_ARRIVALS_CONSTANT,
                                                    RG_ARRIVALS_POISSON, RG_ARRIVALS_GAMMA,
                                                    RG_ARRIVALS_WEIBULL, RG_ARRIVALS_CLOSED};
static const char *const sample_names[] = {"random", "first", NULL};
static const char *const prompt_names[] = {"any", "plain", "contract", NULL};
static const char *const default_routers[] = {"llm-only", "slm-only", "slm-dominant", "random",
                                              "oracle"};

struct values {
    const char *trace;
    struct rg_opt_list routers, where;
    const char *slm, *llm, *memory;
    int prompt, contract, missing, samples;
    const char *escalate_if, *confidence;
    double min_confidence;
    bool escalate_before;
    int arrivals;
    double rate, cv, think;
    uint64_t users, requests, slots;
    int service;
    double overhead_ms;
    uint64_t replications, seed;
    double level;
    bool details;
    int format;
};

#define OPT(NAME, LETTER, KIND, MEMBER, ARG, HELP)                                                 \
    {                                                                                              \
        .name = NAME, .letter = LETTER, .kind = KIND, .offset = offsetof(struct values, MEMBER),   \
        .arg = ARG, .help = HELP                                                                   \
    }
#define NUM(NAME, KIND, MEMBER, ARG, HELP, MIN, MAX)                                               \
    {                                                                                              \
        .name = NAME, .kind = KIND, .offset = offsetof(struct values, MEMBER), .arg = ARG,         \
        .help = HELP, .min = MIN, .max = MAX                                                       \
    }
#define CHOICE(NAME, MEMBER, ARG, HELP, CHOICES)                                                   \
    {                                                                                              \
        .name = NAME, .kind = RG_OPT_CHOICE, .offset = offsetof(struct values, MEMBER),            \
        .arg = ARG, .help = HELP, .choices = CHOICES                                               \
    }

static const struct rg_opt options[] = {
    OPT("trace", 't', RG_OPT_STRING, trace, "TRACE",
        "trace file or any file that import reads\n(default: the bundled tickets.jsonl.gz)"),
    OPT("router", 'r', RG_OPT_LIST, routers, "ROUTER",
        "router, or a comma-separated list: fixed:MODEL, llm-only,\nslm-only, slm-dominant, "
        "random, oracle (default: all but fixed)"),
    OPT("where", 'w', RG_OPT_LIST, where, "CONDITION",
        "only queries that meet COLUMN OP VALUE, e.g.\ncategory=Access (several: all must hold)"),
    OPT("slm", 0, RG_OPT_STRING, slm, "MODEL", "the small model (default: the cheapest slm)"),
    OPT("llm", 0, RG_OPT_STRING, llm, "MODEL", "the large model (default: the cheapest llm)"),
    OPT("memory", 'm', RG_OPT_STRING, memory, "MODE",
        "memory mode of the recorded prompts\n(default: none, else the most frequent)"),
    CHOICE("prompt", prompt, "KIND",
           "recorded prompts: any (default: contract where recorded),\nplain, contract",
           prompt_names),
    CHOICE("contract", contract, "CONTRACT",
           "what an answer must be: off, recorded (default), json,\nticket", rg_contract_names),
    OPT("escalate-if", 0, RG_OPT_STRING, escalate_if, "COLUMN",
        "slm-dominant: escalate queries where this attribute of the\nquery is not 0"),
    OPT("confidence", 0, RG_OPT_STRING, confidence, "COLUMN",
        "slm-dominant: escalate queries where this attribute is\nbelow --min-confidence"),
    NUM("min-confidence", RG_OPT_DOUBLE, min_confidence, "P", "threshold (default 0.5)", -1e308,
        1e308),
    OPT("escalate-before", 0, RG_OPT_FLAG, escalate_before, NULL,
        "slm-dominant: escalate on such signals at once, without\nthe small model's call"),
    CHOICE("missing", missing, "POLICY", "a call that is not recorded: error (default), skip, fail",
           rg_missing_names),
    CHOICE("samples", samples, "RULE", "recorded repeats: random (default) or first", sample_names),
    CHOICE("arrivals", arrivals, "LAW",
           "all (at once), constant, poisson (default), gamma,\nweibull, closed", arrival_names),
    NUM("rate", RG_OPT_DOUBLE, rate, "R", "arrivals a second (default 1)", 1e-9, 1e9),
    NUM("cv", RG_OPT_DOUBLE, cv, "CV",
        "gamma, weibull: coefficient of variation of the gaps\n(default 2)", 0.01, 100),
    NUM("users", RG_OPT_U64, users, "N", "closed: number of users (default 10)", 1, 1e9),
    NUM("think", RG_OPT_DOUBLE, think, "SECONDS", "closed: mean time between requests (default 5)",
        0, 1e9),
    NUM("requests", RG_OPT_U64, requests, "N",
        "requests in a replication (default: one for each query)", 1, 4e9),
    NUM("slots", RG_OPT_U64, slots, "N",
        "calls that a model's endpoint serves at once (default 8;\n0: any number)", 0, 4e9),
    CHOICE("service", service, "MODEL", "how long a call takes: recorded (default), zero",
           rg_service_names),
    NUM("overhead-ms", RG_OPT_DOUBLE, overhead_ms, "MS",
        "time spent once a request before its first call (default 0)", 0, 1e9),
    NUM("replications", RG_OPT_U64, replications, "N", "independent repeats (default 10)", 1, 1e6),
    NUM("seed", RG_OPT_U64, seed, "N", "seed of all random streams (default 1)", 0, 0),
    NUM("level", RG_OPT_DOUBLE, level, "P", "confidence of the intervals (default 0.95)", 0.5,
        0.9999),
    OPT("details", 0, RG_OPT_FLAG, details, NULL, "also print endpoints and reasons"),
    RG_OPT_FORMAT_ROW(struct values, format),
};

/* What the command works with; all owned. */
struct work {
    struct values v;
    struct rg_trace *trace;
    uint8_t *valid;
    uint32_t *samples, *queries;
    size_t n_queries;
    double *flag, *confidence;
    struct rg_policy policy;
    struct rg_cell *cells;
    size_t n_cells;
};

static void
work_clear(struct work *w)
{
    for (size_t i = 0; i < w->n_cells; i++)
        rg_cell_clear(&w->cells[i]);
    free(w->cells);
    free(w->valid);
    free(w->samples);
    free(w->queries);
    free(w->flag);
    free(w->confidence);
    rg_trace_close(w->trace);
    rg_opt_list_clear(&w->v.routers);
    rg_opt_list_clear(&w->v.where);
}

/* ---- preparing ---- */

static enum rg_status
load_trace(struct work *w, struct rg_err *err)
{
    enum rg_status status =
        rg_cli_trace(&w->trace, w->v.trace ? w->v.trace : "tickets.jsonl.gz", err);

    if (status == RG_OK && (w->trace->n_calls == 0 || w->trace->n_queries == 0))
        return rg_err_set(err, RG_EINPUT,
                          "%s: nothing to replay: the trace holds no recorded calls (found %zu "
                          "queries, %zu recorded runs)",
                          w->trace->path, w->trace->n_queries, w->trace->n_runs);
    return status;
}

static enum rg_status
load_signal(const struct rg_trace *t, const char *column, double **out, struct rg_err *err)
{
    if (!column)
        return RG_OK;
    *out = rg_alloc(t->n_queries, sizeof **out);
    return rg_trace_query_attr(t, column, *out, err);
}

static enum rg_status
prepare(struct work *w, struct rg_err *err)
{
    static const enum rg_truth prompts[] = {RG_UNKNOWN, RG_FALSE, RG_TRUE};
    struct values *v = &w->v;
    struct rg_policy *p = &w->policy;
    enum rg_status status = load_trace(w, err);

    if (status != RG_OK)
        return status;
    w->valid = rg_alloc(w->trace->n_calls, 1);
    w->samples = rg_alloc(w->trace->n_queries, sizeof *w->samples);
    w->queries = rg_alloc(w->trace->n_queries, sizeof *w->queries);
    *p = (struct rg_policy){.trace = w->trace,
                            .missing = (enum rg_missing)v->missing,
                            .valid = w->valid,
                            .samples = w->samples,
                            .min_confidence = v->min_confidence,
                            .escalate_before = v->escalate_before};
    status = rg_lookup_variant(w->trace, v->memory, prompts[v->prompt], &p->variant, err);
    if (status == RG_OK)
        status = rg_filter_queries(w->trace, &v->where, w->queries, &w->n_queries, err);
    if (status == RG_OK)
        status = rg_contract_verdicts(w->trace, (enum rg_contract)v->contract, w->valid, err);
    if (status == RG_OK)
        status = load_signal(w->trace, v->escalate_if, &w->flag, err);
    if (status == RG_OK)
        status = load_signal(w->trace, v->confidence, &w->confidence, err);
    if (status != RG_OK)
        return status;
    p->flag = w->flag;
    p->confidence = w->confidence;
    rg_lookup_samples(w->trace, p->variant, w->samples);
    return RG_OK;
}

static struct rg_replication_config
replication_config(const struct work *w)
{
    const struct values *v = &w->v;

    return (struct rg_replication_config){
        .policy = &w->policy,
        .queries = w->queries,
        .n_queries = w->n_queries,
        .arrivals = {.law = arrival_laws[v->arrivals],
                     .rate = v->rate,
                     .cv = v->cv,
                     .users = v->users,
                     .think = v->think},
        .requests = v->requests ? v->requests : w->n_queries,
        .slots = v->slots ? (uint32_t)v->slots : RG_STATION_UNLIMITED,
        .service = (enum rg_service)v->service,
        .overhead_s = v->overhead_ms * 1e-3,
        .first_sample = v->samples == 1,
        .seed = v->seed,
    };
}

static enum rg_status
run_cells(struct work *w, struct rg_err *err)
{
    struct values *v = &w->v;
    struct rg_replication_config config = replication_config(w);
    const char *const *names =
        v->routers.n ? (const char *const *)v->routers.items : default_routers;
    size_t n = v->routers.n ? v->routers.n : sizeof default_routers / sizeof *default_routers;
    enum rg_status status = RG_OK;

    w->cells = rg_zalloc(n, sizeof *w->cells);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        status = rg_router_select(&w->policy, names[i], err);
        if (status == RG_OK)
            status = rg_router_tiers(&w->policy, v->slm, v->llm, err);
        if (status == RG_OK)
            status = rg_cell_run(&config, names[i], v->replications, v->level,
                                 &w->cells[w->n_cells++], err);
    }
    return status;
}

/* ---- printing ---- */

static void
put_metric(struct rg_table *table, size_t column, const struct rg_cell *cell, size_t metric,
           bool people)
{
    const struct rg_estimate *e = &cell->estimates[metric];
    double scale = people && rg_metrics[metric].percent ? 100 : 1;

    rg_table_estimate(table, column, e->value * scale, e->lo * scale, e->hi * scale);
}

/* The metrics of one table for people. */
static struct rg_table *
metrics_table(const struct work *w, const char *title, enum rg_metric_table which)
{
    struct rg_table *t = rg_table_new(title);
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);

    for (size_t m = 0; m < RG_N_METRICS; m++)
        if (rg_metrics[m].table == which)
            rg_table_column(t, rg_metrics[m].name, rg_metrics[m].head, RG_COL_ESTIMATE,
                            rg_metrics[m].decimals, false);
    for (size_t c = 0; c < w->n_cells; c++) {
        size_t column = router + 1;

        rg_table_row(t);
        rg_table_text(t, router, w->cells[c].router);
        for (size_t m = 0; m < RG_N_METRICS; m++)
            if (rg_metrics[m].table == which)
                put_metric(t, column++, &w->cells[c], m, true);
    }
    return t;
}

enum { N_COUNTS = 5 };

static const char *const count_names[N_COUNTS] = {"queries", "offered", "completed", "failed",
                                                  "skipped"};

static void
put_counts(struct rg_table *t, size_t column, const struct rg_cell *cell)
{
    rg_table_integer(t, column, (int64_t)cell->queries);
    rg_table_integer(t, column + 1, (int64_t)cell->offered);
    rg_table_integer(t, column + 2, (int64_t)cell->completed);
    rg_table_integer(t, column + 3, (int64_t)cell->failed);
    rg_table_integer(t, column + 4, (int64_t)cell->skipped);
}

/* One wide table with everything, for programs. */
static struct rg_table *
data_table(const struct work *w)
{
    struct rg_table *t = rg_table_new("run");
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    size_t count = router + 1;
    size_t busiest;
    size_t metric;

    for (size_t i = 0; i < N_COUNTS; i++)
        rg_table_column(t, count_names[i], NULL, RG_COL_INTEGER, 0, false);
    busiest = rg_table_column(t, "busiest", NULL, RG_COL_TEXT, 0, false);
    metric = busiest + 1;
    for (size_t m = 0; m < RG_N_METRICS; m++)
        rg_table_column(t, rg_metrics[m].name, NULL, RG_COL_ESTIMATE, 0, false);
    for (size_t c = 0; c < w->n_cells; c++) {
        const struct rg_cell *cell = &w->cells[c];

        rg_table_row(t);
        rg_table_text(t, router, cell->router);
        put_counts(t, count, cell);
        if (cell->busiest != RG_NO_MODEL)
            rg_table_text(t, busiest, w->trace->models[cell->busiest].name);
        for (size_t m = 0; m < RG_N_METRICS; m++)
            put_metric(t, metric + m, cell, m, false);
    }
    return t;
}

static struct rg_table *
count_table(const struct work *w)
{
    struct rg_table *t = rg_table_new("Requests of all replications");
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    size_t busiest;

    for (size_t i = 0; i < N_COUNTS; i++)
        rg_table_column(t, count_names[i], NULL, RG_COL_INTEGER, 0, false);
    busiest = rg_table_column(t, "busiest", "busiest endpoint", RG_COL_TEXT, 0, false);
    for (size_t c = 0; c < w->n_cells; c++) {
        const struct rg_cell *cell = &w->cells[c];

        rg_table_row(t);
        rg_table_text(t, router, cell->router);
        put_counts(t, router + 1, cell);
        if (cell->busiest != RG_NO_MODEL)
            rg_table_text(t, busiest, w->trace->models[cell->busiest].name);
    }
    return t;
}

static struct rg_table *
endpoints_table(const struct work *w)
{
    struct rg_table *t = rg_table_new("Endpoints (calls over all replications)");
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    size_t model = rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    size_t calls = rg_table_column(t, "calls", NULL, RG_COL_INTEGER, 0, false);
    size_t busy = rg_table_column(t, "busy_s", "busy s", RG_COL_NUMBER, 1, false);
    size_t waiting = rg_table_column(t, "waiting_s", "waiting s", RG_COL_NUMBER, 1, false);
    size_t use = rg_table_column(t, "utilisation", NULL, RG_COL_NUMBER, 3, false);

    for (size_t c = 0; c < w->n_cells; c++) {
        for (size_t m = 0; m < w->cells[c].n_endpoints; m++) {
            const struct rg_endpoint_use *u = &w->cells[c].endpoints[m];

            if (u->calls == 0)
                continue;
            rg_table_row(t);
            rg_table_text(t, router, w->cells[c].router);
            rg_table_text(t, model, w->trace->models[m].name);
            rg_table_integer(t, calls, (int64_t)u->calls);
            rg_table_number(t, busy, u->busy_s);
            rg_table_number(t, waiting, u->waiting_s);
            rg_table_number(t, use, u->utilisation);
        }
    }
    return t;
}

static struct rg_table *
reasons_table(const struct work *w)
{
    struct rg_table *t = rg_table_new("Reasons (calls over all replications)");
    size_t router = rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    size_t reason = rg_table_column(t, "reason", NULL, RG_COL_TEXT, 0, true);
    size_t calls = rg_table_column(t, "calls", NULL, RG_COL_INTEGER, 0, false);

    for (size_t c = 0; c < w->n_cells; c++) {
        for (size_t r = 0; r < RG_N_REASONS; r++) {
            if (w->cells[c].reasons[r] == 0)
                continue;
            rg_table_row(t);
            rg_table_text(t, router, w->cells[c].router);
            rg_table_text(t, reason, rg_reason_names[r]);
            rg_table_integer(t, calls, (int64_t)w->cells[c].reasons[r]);
        }
    }
    return t;
}

static void
note_doubts(const struct work *w, struct rg_table *t)
{
    for (size_t c = 0; c < w->n_cells; c++) {
        const struct rg_cell *cell = &w->cells[c];
        double use = cell->estimates[RG_METRIC_UTILISATION].value;

        if (use >= 0.9)
            rg_table_note(t,
                          "%s: endpoint %s is %.0f %% busy: its queue grows with the length of the "
                          "run, so the latencies are not those of a steady state.",
                          cell->router, w->trace->models[cell->busiest].name, 100 * use);
        if (cell->unscored)
            rg_table_note(t,
                          "%s: %llu completed requests have no recorded score and are left out "
                          "of it.",
                          cell->router, (unsigned long long)cell->unscored);
        if (cell->unpriced)
            rg_table_note(t, "%s: %llu requests have no recorded cost and are left out of it.",
                          cell->router, (unsigned long long)cell->unpriced);
    }
}

static const char *
prompt_of(enum rg_truth contract)
{
    return contract == RG_TRUE ? ", contract prompt" : contract == RG_FALSE ? ", plain prompt" : "";
}

/* Everything that is needed to do it again. */
static void
note_provenance(const struct work *w, struct rg_table *t)
{
    const struct values *v = &w->v;
    const struct rg_trace_variant *x = &w->trace->variants[w->policy.variant];

    rg_table_note(t,
                  "%g %% intervals: score, cost, escalation, SLM share and coverage over the "
                  "queries; latency and utilisation over %llu replications of the same queries.",
                  100 * v->level, (unsigned long long)v->replications);
    rg_table_note(t, "A failed request scores 0; latencies are those of completed requests.");
    rg_table_note(t,
                  "Replayed: memory %s%s; contract %s; arrivals %s at %g/s; %llu slots; service "
                  "%s; seed %llu.",
                  x->memory, prompt_of(x->contract), rg_contract_names[v->contract],
                  arrival_names[v->arrivals], v->rate, (unsigned long long)v->slots,
                  rg_service_names[v->service], (unsigned long long)v->seed);
    rg_table_note(t, "Trace %s, digest %s, routergym-sim " PACKAGE_VERSION ".", w->trace->path,
                  w->trace->digest);
    if (w->trace->synthetic)
        rg_table_note(t, "SYNTHETIC data: they show how the program works and are no evidence "
                         "about any model.");
}

static void
print(const struct work *w)
{
    bool people = w->v.format != RG_CSV && w->v.format != RG_JSON;
    struct rg_table *tables[6];
    struct rg_buf out = {0};
    size_t n = 0;

    if (people) {
        tables[n++] = metrics_table(w, "Quality and cost", RG_TABLE_QUALITY);
        tables[n++] = metrics_table(w, "Latency and its mean parts (ms)", RG_TABLE_LATENCY);
        tables[n++] =
            metrics_table(w, "Who answered, and use of the busiest endpoint", RG_TABLE_LOAD);
        tables[n++] = count_table(w);
    } else {
        tables[n++] = data_table(w);
    }
    if (w->v.details) {
        tables[n++] = endpoints_table(w);
        tables[n++] = reasons_table(w);
    }
    note_doubts(w, tables[n - 1]);
    note_provenance(w, tables[n - 1]);
    rg_tables_print(tables, n, (enum rg_format)w->v.format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
    while (n > 0)
        rg_table_free(tables[--n]);
}

static int
run(int argc, char **argv)
{
    struct work w = {.v = {.min_confidence = 0.5,
                           .contract = RG_CONTRACT_RECORDED,
                           .arrivals = 2,
                           .rate = 1,
                           .cv = 2,
                           .users = 10,
                           .think = 5,
                           .slots = 8,
                           .replications = 10,
                           .seed = 1,
                           .level = 0.95}};
    struct rg_err err;
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_run, argc, argv, &w.v, &args, &n_args);

    if (status < 0) {
        status = (int)prepare(&w, &err);
        if (status == RG_OK)
            status = (int)run_cells(&w, &err);
        if (status != RG_OK)
            status = rg_cli_fail(&err);
        else
            print(&w);
    }
    work_clear(&w);
    return status;
}

const struct rg_command rg_cmd_run = {
    .name = "run",
    .usage = "[OPTIONS]",
    .brief = "replay a trace through routers in simulated time",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .max_args = 0,
    .run = run,
};
