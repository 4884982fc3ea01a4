/* routergym-sim run: replay a trace through routers in simulated time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/run.h"
#include "replay/contract/contract.h"
#include "stats/table.h"

const char *const rg_run_arrival_names[] = {"all",    "constant", "poisson", "gamma", "weibull",
                                            "closed", "recorded", "mmpp",    NULL};
static const enum rg_arrivals_law arrival_laws[] = {
    RG_ARRIVALS_ALL,     RG_ARRIVALS_CONSTANT, RG_ARRIVALS_POISSON,  RG_ARRIVALS_GAMMA,
    RG_ARRIVALS_WEIBULL, RG_ARRIVALS_CLOSED,   RG_ARRIVALS_RECORDED, RG_ARRIVALS_MMPP};
static const char *const sample_names[] = {"random", "first", NULL};
static const char *const prompt_names[] = {"any", "plain", "contract", NULL};
static const char *const default_routers[] = {"llm-only", "slm-only", "slm-dominant", "random",
                                              "oracle"};

#define OPT(NAME, LETTER, KIND, MEMBER, ARG, HELP)                                                 \
    {                                                                                              \
        .name = NAME, .letter = LETTER, .kind = KIND,                                              \
        .offset = offsetof(struct rg_run_values, MEMBER), .arg = ARG, .help = HELP                 \
    }
#define NUM(NAME, KIND, MEMBER, ARG, HELP, MIN, MAX)                                               \
    {                                                                                              \
        .name = NAME, .kind = KIND, .offset = offsetof(struct rg_run_values, MEMBER), .arg = ARG,  \
        .help = HELP, .min = MIN, .max = MAX                                                       \
    }
#define CHOICE(NAME, MEMBER, ARG, HELP, CHOICES)                                                   \
    {                                                                                              \
        .name = NAME, .kind = RG_OPT_CHOICE, .offset = offsetof(struct rg_run_values, MEMBER),     \
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
           "all (at once), constant, poisson (default), gamma,\nweibull, closed, recorded, mmpp "
           "(bursts)",
           rg_run_arrival_names),
    NUM("rate", RG_OPT_DOUBLE, rate, "R", "arrivals a second (default 1)", 1e-9, 1e9),
    NUM("cv", RG_OPT_DOUBLE, cv, "CV",
        "gamma, weibull: coefficient of variation of the gaps\n(default 2)", 0.01, 100),
    OPT("rates", 0, RG_OPT_LIST, rates, "R,R...",
        "mmpp: arrivals a second in each state, e.g. 0.5,8"),
    OPT("stays", 0, RG_OPT_LIST, stays, "SECONDS,...", "mmpp: mean time in each state, e.g. 60,10"),
    NUM("users", RG_OPT_U64, users, "N", "closed: number of users (default 10)", 1, 1e9),
    NUM("think", RG_OPT_DOUBLE, think, "SECONDS", "closed: mean time between requests (default 5)",
        0, 1e9),
    NUM("speed", RG_OPT_DOUBLE, speed, "X", "recorded: so many times as fast (default 1)", 1e-9,
        1e9),
    OPT("loop", 0, RG_OPT_FLAG, loop, NULL, "recorded: begin again after the last arrival"),
    NUM("requests", RG_OPT_U64, requests, "N",
        "requests in a replication (default: one for each query,\nor recorded arrival)", 1, 4e9),
    NUM("warm-up", RG_OPT_U64, warm_up, "N",
        "first requests of a replication that count for nothing\n(default 0)", 0, 4e9),
    NUM("until", RG_OPT_DOUBLE, until_s, "SECONDS", "end a replication then at the latest", 1e-9,
        1e15),
    OPT("endpoints", 'e', RG_OPT_STRING, endpoints, "FILE",
        "how models are served: see routergym-config(5)"),
    NUM("slots", RG_OPT_U64, slots, "N",
        "calls that a model's endpoint serves at once (default 8;\n0: any number)", 0, 4e9),
    OPT("service", 0, RG_OPT_STRING, service, "MODEL",
        "how long a call takes: recorded (default), zero, the name\nof a profile, or a file of "
        "profiles (a path)"),
    OPT("priority", 0, RG_OPT_STRING, priority, "COLUMN",
        "attribute of the query, low first, for endpoints that\nserve by priority"),
    NUM("overhead-ms", RG_OPT_DOUBLE, overhead_ms, "MS",
        "time spent once a request before its first call (default 0)", 0, 1e9),
    NUM("slo-ms", RG_OPT_DOUBLE, slo_ms, "MS",
        "goodput counts requests completed within this time\n(default: completed at all)", 1e-9,
        1e12),
    NUM("replications", RG_OPT_U64, replications, "N", "independent repeats (default 10)", 1, 1e6),
    NUM("seed", RG_OPT_U64, seed, "N", "seed of all random streams (default 1)", 0, 0),
    NUM("level", RG_OPT_DOUBLE, level, "P", "confidence of the intervals (default 0.95)", 0.5,
        0.9999),
    OPT("details", 0, RG_OPT_FLAG, details, NULL, "also print endpoints and reasons"),
    OPT("trace-events", 0, RG_OPT_STRING, trace_events, "FILE",
        "write the first replication of the first router as\nChrome trace events (JSON)"),
    OPT("export", 0, RG_OPT_STRING, export_to, "FILE",
        "write its arrivals, with the recorded calls, as a trace"),
    RG_OPT_FORMAT_ROW(struct rg_run_values, format),
};

static void
run_clear(struct rg_run *w)
{
    for (size_t i = 0; i < w->n_cells; i++)
        rg_cell_clear(&w->cells[i]);
    free(w->cells);
    free(w->valid);
    free(w->samples);
    free(w->queries);
    free(w->flag);
    free(w->confidence);
    free(w->priority);
    rg_trace_arrivals_clear(&w->arrivals);
    rg_endpoint_configs_clear(&w->endpoints);
    rg_trace_close(w->trace);
    rg_opt_list_clear(&w->v.routers);
    rg_opt_list_clear(&w->v.where);
    rg_opt_list_clear(&w->v.rates);
    rg_opt_list_clear(&w->v.stays);
    free(w->rates);
    free(w->stays);
}

/* ---- preparing ---- */

static enum rg_status
load_trace(struct rg_run *w, struct rg_err *err)
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

/* Priorities are whole numbers; a query without one comes last. */
static enum rg_status
load_priority(struct rg_run *w, struct rg_err *err)
{
    double *x = NULL;
    enum rg_status status = load_signal(w->trace, w->v.priority, &x, err);

    if (status == RG_OK && x) {
        w->priority = rg_alloc(w->trace->n_queries, sizeof *w->priority);
        for (size_t q = 0; q < w->trace->n_queries; q++)
            w->priority[q] = x[q] >= -1e9 && x[q] <= 1e9 ? (int32_t)x[q] : INT32_MAX;
    }
    free(x);
    return status;
}

static enum rg_status
load_endpoints(struct rg_run *w, struct rg_err *err)
{
    const struct rg_run_values *v = &w->v;
    enum rg_status status = RG_OK;

    rg_endpoint_configs_init(&w->endpoints, w->trace->n_models,
                             v->slots ? (uint32_t)v->slots : RG_STATION_UNLIMITED,
                             RG_SERVICE_RECORDED);
    if (v->service)
        status = rg_endpoint_configs_service(&w->endpoints, w->trace, v->service, err);
    if (status == RG_OK && v->endpoints)
        status = rg_endpoint_configs_read(&w->endpoints, w->trace, v->endpoints, err);
    return status;
}

static enum rg_status
read_numbers(const struct rg_opt_list *list, const char *option, double **out, struct rg_err *err)
{
    *out = rg_alloc(list->n, sizeof **out);
    for (size_t i = 0; i < list->n; i++) {
        const char *why = rg_num_double(list->items[i], strlen(list->items[i]), &(*out)[i]);

        if (why)
            return rg_err_set(err, RG_EUSAGE, "run: --%s: %s (found '%.60s', expected a number)",
                              option, why, list->items[i]);
    }
    return RG_OK;
}

static enum rg_status
load_states(struct rg_run *w, struct rg_err *err)
{
    enum rg_status status = read_numbers(&w->v.rates, "rates", &w->rates, err);

    if (status == RG_OK)
        status = read_numbers(&w->v.stays, "stays", &w->stays, err);
    return status;
}

static enum rg_status
load_arrivals(struct rg_run *w, struct rg_err *err)
{
    if (arrival_laws[w->v.arrivals] == RG_ARRIVALS_MMPP)
        return load_states(w, err);
    if (arrival_laws[w->v.arrivals] != RG_ARRIVALS_RECORDED)
        return RG_OK;
    return rg_trace_arrivals_load(w->trace, &w->arrivals, err);
}

static enum rg_status
prepare_policy(struct rg_run *w, struct rg_err *err)
{
    static const enum rg_truth prompts[] = {RG_UNKNOWN, RG_FALSE, RG_TRUE};
    const struct rg_run_values *v = &w->v;
    struct rg_policy *p = &w->policy;
    enum rg_status status;

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

static enum rg_status
prepare(struct rg_run *w, struct rg_err *err)
{
    enum rg_status status = load_trace(w, err);

    if (status == RG_OK)
        status = prepare_policy(w, err);
    if (status == RG_OK)
        status = load_priority(w, err);
    if (status == RG_OK)
        status = load_endpoints(w, err);
    if (status == RG_OK)
        status = load_arrivals(w, err);
    return status;
}

/* ---- running ---- */

static uint64_t
default_requests(const struct rg_run *w)
{
    return w->arrivals.n ? w->arrivals.n : w->n_queries;
}

static struct rg_replication_config
replication_config(const struct rg_run *w)
{
    const struct rg_run_values *v = &w->v;

    return (struct rg_replication_config){
        .policy = &w->policy,
        .endpoints = &w->endpoints,
        .queries = w->queries,
        .n_queries = w->n_queries,
        .arrivals = {.law = arrival_laws[v->arrivals],
                     .rate = v->rate,
                     .cv = v->cv,
                     .users = v->users,
                     .think = v->think,
                     .rates = w->rates,
                     .stays = w->stays,
                     .states = v->rates.n,
                     .times = w->arrivals.at_s,
                     .n_times = w->arrivals.n,
                     .speed = v->speed,
                     .loop = v->loop},
        .arrival_queries = w->arrivals.query,
        .requests = v->requests ? v->requests : default_requests(w),
        .until_s = v->until_s,
        .overhead_s = v->overhead_ms * 1e-3,
        .priority = w->priority,
        .first_sample = v->samples == 1,
        .seed = v->seed,
    };
}

static enum rg_status
run_cells(struct rg_run *w, struct rg_run_files *files, struct rg_err *err)
{
    struct rg_run_values *v = &w->v;
    struct rg_replication_config config = replication_config(w);
    struct rg_cell_options cell_options = {.replications = v->replications,
                                           .level = v->level,
                                           .slo_s = v->slo_ms * 1e-3,
                                           .warm_up = v->warm_up,
                                           .done = files ? rg_run_files_done : NULL,
                                           .tried = v->trace_events ? rg_run_files_tried : NULL,
                                           .ctx = files};
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
            status = rg_cell_run(config, names[i], &cell_options, &w->cells[w->n_cells++], err);
        cell_options.done = NULL;
        cell_options.tried = NULL;
    }
    return status;
}

static enum rg_status
simulate(struct rg_run *w, struct rg_err *err)
{
    struct rg_run_files *files = NULL;
    enum rg_status status = prepare(w, err);

    if (status == RG_OK && (w->v.trace_events || w->v.export_to))
        files = rg_run_files_new(w);
    if (status == RG_OK)
        status = run_cells(w, files, err);
    if (status == RG_OK && files)
        status = rg_run_files_write(files, err);
    rg_run_files_free(files);
    return status;
}

/* ---- the command ---- */

static void
set_default(double *x, double value)
{
    if (isnan(*x))
        *x = value;
}

static bool
names_twice(const struct rg_opt_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(list->items[i], list->items[k]) == 0)
                return true;
    return false;
}

/* What the option table cannot say: options that do nothing without others. Returns what is wrong,
 * or NULL, and then sets the defaults of those that were not given. */
static const char *
complete(struct rg_run_values *v)
{
    enum rg_arrivals_law law = arrival_laws[v->arrivals];

    if (names_twice(&v->routers))
        return "--router names a router twice";
    if (!isnan(v->rate) && (law == RG_ARRIVALS_ALL || law == RG_ARRIVALS_CLOSED ||
                            law == RG_ARRIVALS_RECORDED || law == RG_ARRIVALS_MMPP))
        return "--rate does nothing with --arrivals all, closed, recorded or mmpp";
    if (law != RG_ARRIVALS_MMPP && (v->rates.n || v->stays.n))
        return "--rates and --stays need --arrivals mmpp";
    if (law == RG_ARRIVALS_MMPP && (v->rates.n < 2 || v->rates.n != v->stays.n))
        return "--arrivals mmpp needs --rates and --stays, two or more of each";
    if (!isnan(v->cv) && law != RG_ARRIVALS_GAMMA && law != RG_ARRIVALS_WEIBULL)
        return "--cv needs --arrivals gamma or weibull";
    if ((v->users || !isnan(v->think)) && law != RG_ARRIVALS_CLOSED)
        return "--users and --think need --arrivals closed";
    if ((!isnan(v->speed) || v->loop) && law != RG_ARRIVALS_RECORDED)
        return "--speed and --loop need --arrivals recorded";
    if (law == RG_ARRIVALS_RECORDED && v->where.n)
        return "--where does not choose among recorded arrivals";
    if (v->loop && !v->requests)
        return "--loop needs --requests, or it never ends";
    if (!isnan(v->min_confidence) && !v->confidence)
        return "--min-confidence needs --confidence";
    if (v->escalate_before && !v->confidence && !v->escalate_if)
        return "--escalate-before needs --escalate-if or --confidence";
    set_default(&v->rate, 1);
    set_default(&v->cv, 2);
    set_default(&v->think, 5);
    set_default(&v->speed, 1);
    set_default(&v->min_confidence, 0.5);
    v->users = v->users ? v->users : 10;
    return NULL;
}

static int
run(int argc, char **argv)
{
    struct rg_run w = {.v = {.min_confidence = NAN,
                             .contract = RG_CONTRACT_RECORDED,
                             .arrivals = 2,
                             .rate = NAN,
                             .cv = NAN,
                             .think = NAN,
                             .speed = NAN,
                             .slots = 8,
                             .until_s = INFINITY,
                             .slo_ms = INFINITY,
                             .replications = 10,
                             .seed = 1,
                             .level = 0.95}};
    struct rg_err err;
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_run, argc, argv, &w.v, &args, &n_args);

    if (status < 0) {
        const char *wrong = complete(&w.v);

        status = (int)(wrong ? rg_err_set(&err, RG_EUSAGE,
                                          "run: %s; see 'routergym-sim run --help'", wrong)
                             : simulate(&w, &err));
        if (status != RG_OK)
            status = rg_cli_fail(&err);
        else
            rg_run_print(&w);
    }
    run_clear(&w);
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
