/* routergym-sim run: replay a trace through routers in simulated time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/run.h"

static const char *const default_routers[] = {"llm-only", "slm-only", "slm-dominant", "random",
                                              "oracle"};

static void
run_clear(struct rg_run *w)
{
    for (size_t i = 0; i < w->n_cells; i++) {
        rg_router_clear(&w->routers[i]);
        rg_cell_clear(&w->cells[i]);
        rg_estimates_clear(&w->estimates[i]);
    }
    free(w->routers);
    free(w->policies);
    free(w->cells);
    free(w->estimates);
    rg_run_setup_clear(&w->s);
    rg_run_shared_close(&w->shared);
    rg_run_values_clear(&w->v);
}

static uint64_t
requests_of(const struct rg_run_values *v, const struct rg_run_setup *s)
{
    if (v->requests)
        return v->requests;
    return s->arrivals.n ? s->arrivals.n : s->policy.n_queries;
}

struct rg_replication_config
rg_run_replication(const struct rg_run_values *v, const struct rg_run_setup *s,
                   const struct rg_policy *policy)
{
    return (struct rg_replication_config){
        .policy = policy,
        .endpoints = &s->endpoints,
        .queries = s->queries,
        .n_queries = s->policy.n_queries,
        .arrivals = {.law = rg_run_arrivals_law(v),
                     .rate = v->rate,
                     .cv = v->cv,
                     .users = v->users,
                     .think = v->think,
                     .rates = s->rates,
                     .stays = s->stays,
                     .states = v->rates.n,
                     .times = s->arrivals.at_s,
                     .n_times = s->arrivals.n,
                     .speed = v->speed,
                     .loop = v->loop},
        .arrival_queries = s->arrivals.query,
        .requests = requests_of(v, s),
        .until_s = v->until_s,
        .overhead_s = v->overhead_ms * 1e-3,
        .router_s = v->router_ms * 1e-3,
        .retrieval_s = s->memory ? s->memory->retrieval_s : NULL,
        .contract_s = strcmp(v->contract, "off") == 0 ? 0 : v->contract_ms * 1e-3,
        .feedback_s = v->feedback_ms * 1e-3,
        .priority = s->priority,
        .first_sample = v->samples == 1,
        .seed = v->seed,
    };
}

bool
rg_run_can_saturate(const struct rg_run_values *v, const struct rg_run_setup *s)
{
    enum rg_arrivals_law law = rg_run_arrivals_law(v);

    for (size_t m = 0; m < s->endpoints.n; m++)
        if (s->endpoints.of[m].queue != RG_STATION_UNLIMITED)
            return false;
    return law != RG_ARRIVALS_ALL && law != RG_ARRIVALS_CLOSED;
}

/* A router's own policy: what it needs of tiers, and the router itself. */
static enum rg_status
prepare_router(struct rg_run *w, size_t i, const char *word, struct rg_err *err)
{
    enum rg_status status = rg_router_read(&w->routers[i], w->s.trace, word, err);

    w->policies[i] = w->s.policy;
    return status == RG_OK
               ? rg_router_prepare(&w->routers[i], &w->policies[i], w->v.slm, w->v.llm, err)
               : status;
}

enum rg_status
rg_run_check_warm_up(const struct rg_run_values *v, const struct rg_run_setup *s,
                     struct rg_err *err)
{
    uint64_t requests = requests_of(v, s);

    if (v->warm_up < requests || v->warm_up == RG_OPT_IS_AUTO)
        return RG_OK;
    return rg_err_set(err, RG_EUSAGE,
                      "--warm-up leaves none of a replication's requests (found %llu, expected "
                      "less than %llu)",
                      (unsigned long long)v->warm_up, (unsigned long long)requests);
}

/* All routers leave out the same requests, else they would answer different queries: as many as the
 * one that takes longest to warm up. */
static enum rg_status
find_warm_up(struct rg_run *w, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    w->warm_up = (struct rg_run_warm_up){w->v.warm_up, true};
    if (w->v.warm_up != RG_OPT_IS_AUTO)
        return RG_OK;
    w->warm_up.requests = 0;
    for (size_t i = 0; status == RG_OK && i < w->n_cells; i++) {
        struct rg_replication_config config = rg_run_replication(&w->v, &w->s, &w->policies[i]);
        struct rg_run_warm_up own;

        status = rg_run_warm_up_find(config, w->v.replications, &own, err);
        if (status != RG_OK)
            break;
        if (own.requests > w->warm_up.requests)
            w->warm_up.requests = own.requests;
        w->warm_up.settled = w->warm_up.settled && own.settled;
    }
    return status;
}

/* Who looks at the first replication of a cell. */
struct observers {
    struct rg_run_files *files;   /* of --trace-events and --export, or NULL */
    struct rg_run_series *series; /* or NULL */
    bool events;                  /* files are to have ends and tries */
};

static void
observe_done(void *ctx, const struct rg_request *request)
{
    const struct observers *o = ctx;

    if (o->events)
        rg_run_files_done(o->files, request);
    if (o->series)
        rg_run_series_add(o->series, request);
}

static void
observe_arrival(void *ctx, uint64_t index, uint32_t query, double at_s)
{
    const struct observers *o = ctx;

    rg_run_files_arrived(o->files, index, query, at_s);
}

static void
observe_try(void *ctx, const struct rg_try_record *record)
{
    const struct observers *o = ctx;

    rg_run_files_tried(o->files, record);
}

static enum rg_status
run_cell(struct rg_run *w, size_t i, struct rg_run_files *files, struct rg_err *err)
{
    const struct rg_run_values *v = &w->v;
    struct observers o = {.files = files, .events = files && v->trace_events};
    struct rg_cell_options options = {.replications = isnan(v->precision) ? v->replications
                                                                          : v->max_replications,
                                      .enough = rg_run_rule(v),
                                      .rule = v,
                                      .slo_s = v->slo_ms * 1e-3,
                                      .warm_up = w->warm_up.requests,
                                      .columns = w->s.columns,
                                      .arrived = files && v->export_to ? observe_arrival : NULL,
                                      .tried = o.events ? observe_try : NULL,
                                      .ctx = &o};
    enum rg_status status;

    if (v->replications == 1)
        o.series = rg_run_series_new(options.warm_up, options.slo_s);
    if (o.events || o.series)
        options.done = observe_done;
    status =
        rg_cell_run(rg_run_replication(&w->v, &w->s, &w->policies[i]), &options, &w->cells[i], err);
    if (status == RG_OK)
        rg_estimates_make(&w->estimates[i], &w->cells[i], v->level, rg_run_can_saturate(v, &w->s));
    if (status == RG_OK && o.series)
        rg_run_series_estimate(o.series, v->level, &w->estimates[i]);
    w->estimates[i].router = w->routers[i].word;
    rg_run_series_free(o.series);
    return status;
}

/* files: of the first router. */
static enum rg_status
run_cells(struct rg_run *w, struct rg_run_files *files, struct rg_err *err)
{
    enum rg_status status = rg_run_check_warm_up(&w->v, &w->s, err);

    if (status == RG_OK)
        status = find_warm_up(w, err);
    for (size_t i = 0; status == RG_OK && i < w->n_cells; i++)
        status = run_cell(w, i, i == 0 ? files : NULL, err);
    return status;
}

/* All routers before any of them runs: a mistake in the last one is told at once. */
static enum rg_status
prepare_routers(struct rg_run *w, struct rg_err *err)
{
    const struct rg_opt_list *named = &w->v.routers;
    const char *const *words = named->n ? (const char *const *)named->items : default_routers;
    size_t n = named->n ? named->n : sizeof default_routers / sizeof *default_routers;
    enum rg_status status = RG_OK;

    w->routers = rg_zalloc(n, sizeof *w->routers);
    w->policies = rg_zalloc(n, sizeof *w->policies);
    w->cells = rg_zalloc(n, sizeof *w->cells);
    w->estimates = rg_zalloc(n, sizeof *w->estimates);
    w->n_cells = n;
    for (size_t i = 0; status == RG_OK && i < n; i++)
        status = prepare_router(w, i, words[i], err);
    return status;
}

static enum rg_status
simulate(struct rg_run *w, struct rg_err *err)
{
    struct rg_run_files *files = NULL;
    enum rg_status status = rg_run_shared_open(&w->shared, w->v.trace, err);

    if (status == RG_OK)
        status = rg_run_setup(&w->s, &w->shared, &w->v, err);

    if (status == RG_OK)
        status = prepare_routers(w, err);
    if (status == RG_OK && (w->v.trace_events || w->v.export_to))
        files = rg_run_files_new(w);
    if (status == RG_OK)
        status = run_cells(w, files, err);
    if (status == RG_OK && files)
        status = rg_run_files_write(files, err);
    rg_run_files_free(files);
    return status;
}

static int
run(int argc, char **argv)
{
    struct rg_run w = {.v = rg_run_defaults()};
    struct rg_err err;
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_run, argc, argv, &w.v, &args, &n_args);

    if (status < 0) {
        const char *wrong = rg_run_complete(&w.v);

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
    .opts = rg_run_options,
    .n_opts = RG_N_RUN_OPTIONS,
    .max_args = 0,
    .run = run,
};
