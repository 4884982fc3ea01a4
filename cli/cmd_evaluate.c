/* routergym-sim evaluate: models and routers on recorded answers, without a clock. */
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/evaluate_tables.h"

static const char *const rule_names[] = {"score>0", "score", NULL};
static const char *const unscored_names[] = {"auto", "zero", "skip", NULL};
static const char *const cost_names[] = {"total", "mean", NULL};
static const char *const random_names[] = {"drawn", "expected", NULL};

#define OPT(NAME, LETTER, KIND, MEMBER, ARG, HELP)                                                 \
    {                                                                                              \
        .name = NAME, .letter = LETTER, .kind = KIND,                                              \
        .offset = offsetof(struct rg_evaluate_values, MEMBER), .arg = ARG, .help = HELP            \
    }
#define NUM(NAME, KIND, MEMBER, ARG, HELP, MIN, MAX)                                               \
    {                                                                                              \
        .name = NAME, .kind = KIND, .offset = offsetof(struct rg_evaluate_values, MEMBER),         \
        .arg = ARG, .help = HELP, .min = MIN, .max = MAX                                           \
    }
#define CHOICE(NAME, MEMBER, ARG, HELP, CHOICES)                                                   \
    {                                                                                              \
        .name = NAME, .kind = RG_OPT_CHOICE,                                                       \
        .offset = offsetof(struct rg_evaluate_values, MEMBER), .arg = ARG, .help = HELP,           \
        .choices = CHOICES                                                                         \
    }

static const struct rg_opt options[] = {
    OPT("routers", 'r', RG_OPT_LIST, routers, "ROUTER",
        "routers with their options, e.g. knn(k=10),ridge; `routers`\nlists them"),
    OPT("split", 's', RG_OPT_STRING, split, "SPLIT",
        "what routers learn from: a share of the prompts of each data\nset, as LLMRouterBench "
        "draws them; stratified:SHARE, by\ncategory; or a file with columns query and part"),
    OPT("seeds", 0, RG_OPT_LIST, seeds, "N",
        "seeds of splits, each a split of its own (default 42)"),
    OPT("ood", 0, RG_OPT_LIST, ood, "DATASET",
        "data sets that are only judged by, never learnt from"),
    OPT("where", 'w', RG_OPT_LIST, where, "CONDITION",
        "only queries that meet COLUMN OP VALUE (several: all must hold)"),
    OPT("pool", 'p', RG_OPT_STRING, pool, "POOL",
        "candidates: names joined by '+', or strong:K, weak:K,\nmixed:K models by their scores on "
        "what is learnt from;\nm=K: as strong:K"),
    OPT("reference", 0, RG_OPT_LIST, reference, "MODEL",
        "models that are only shown beside the others"),
    OPT("baseline", 'b', RG_OPT_STRING, baseline, "NAME",
        "model or router to take differences from (default: the best\nsingle model)"),
    CHOICE("rule", rule, "RULE", "what the oracle solves: score>0 (default), or the best score",
           rule_names),
    CHOICE("unscored", unscored, "RULE",
           "an answer without a score counts zero, or skip it (auto: zero\nin LLMRouterBench's "
           "traces)",
           unscored_names),
    CHOICE("cost", costs, "KIND", "cells of the cost table: total (default), or mean of an answer",
           cost_names),
    CHOICE("random", random, "KIND",
           "what Gain@R and ImpRand compare with: drawn (default), the row\nRandom Router; or "
           "expected",
           random_names),
    OPT("table", 't', RG_OPT_LIST, tables, "TABLE",
        "tables to print: all, or names (default: the usual ones)"),
    NUM("margin", RG_OPT_DOUBLE, margin, "M",
        "tests also for equivalence within M of a score, e.g. 0.01", 1e-12, 1e300),
    OPT("slm", 0, RG_OPT_STRING, slm, "MODEL", "the small model (default: the cheapest slm)"),
    OPT("llm", 0, RG_OPT_STRING, llm, "MODEL", "the large model (default: the cheapest llm)"),
    NUM("sweep", RG_OPT_U64, sweep, "N",
        "routers that weigh quality against cost, at N settings (e.g.\n101)", 2, 10001),
    OPT("scaling", 0, RG_OPT_LIST, scaling, "K",
        "pools of these sizes, strong, weak and mixed, e.g. 3,5,10"),
    OPT("output", 'o', RG_OPT_LIST, output, "FILE",
        "save what routers have learnt on the first split, one file\nfor each that learns, for "
        "router learned:FILE"),
    OPT("load", 'l', RG_OPT_FLAG, load, NULL,
        "put the routers under load as well: latency and goodput"),
    NUM("rate", RG_OPT_DOUBLE, rate, "R", "load: arrivals a second (default 1)", 1e-9, 1e9),
    OPT("rates", 0, RG_OPT_LIST, rates, "R",
        "load: each of these rates, and which of them can be borne"),
    NUM("requests", RG_OPT_U64, requests, "N",
        "load: requests in a replication (default: one a query)", 1, 4e9),
    NUM("slots", RG_OPT_U64, slots, "N",
        "load: calls that an endpoint serves at once (default 8; 0:\nany number)", 0, 4e9),
    NUM("replications", RG_OPT_U64, replications, "N", "load: (default 10)", 1, 1e6),
    NUM("slo-ms", RG_OPT_DOUBLE, slo_ms, "MS", "load: goodput is what is done within this time",
        1e-9, 1e15),
    NUM("slo-share", RG_OPT_DOUBLE, slo_share, "P",
        "load: a rate is borne when this share is done in time\n(default 0.95)", 1e-9, 1),
    OPT("service", 0, RG_OPT_STRING, service, "MODEL",
        "load: how long a call takes: recorded (default), zero, the\nname of a profile, or a file "
        "of profiles"),
    OPT("endpoints", 'e', RG_OPT_STRING, endpoints, "FILE",
        "load: how models are served, see routergym-config(5)"),
    NUM("draw-seed", RG_OPT_U64, draw_seed, "N", "seed of the row Random Router (default 42)", 0,
        0),
    NUM("level", RG_OPT_DOUBLE, level, "P", "confidence of the intervals (default 0.95)", 0.5,
        0.9999),
    NUM("resamples", RG_OPT_U64, resamples, "N",
        "of the bootstrap over queries (default 1000; 0: none)", 0, 1e6),
    RG_OPT_FORMAT_ROW(struct rg_evaluate_values, format),
};

static void
values_clear(struct rg_evaluate_values *v)
{
    rg_opt_list_clear(&v->routers);
    rg_opt_list_clear(&v->seeds);
    rg_opt_list_clear(&v->ood);
    rg_opt_list_clear(&v->where);
    rg_opt_list_clear(&v->reference);
    rg_opt_list_clear(&v->scaling);
    rg_opt_list_clear(&v->tables);
    rg_opt_list_clear(&v->rates);
    rg_opt_list_clear(&v->output);
}

/* What the option table cannot say. */
static const char *
wrong(const struct rg_evaluate_values *v)
{
    if (v->seeds.n > 1 && !v->split)
        return "--seeds draws splits: give --split";
    if (v->seeds.n > RG_EVALUATE_SEEDS)
        return "more than 1000 --seeds";
    if (v->ood.n && !v->split)
        return "--ood keeps data sets from being learnt from: give --split";
    if (v->output.n && v->routers.n == 0)
        return "--output saves what a router learns: give --routers";
    if (v->rates.n && !v->load)
        return "--rates are of --load";
    if (v->sweep && v->routers.n == 0)
        return "--sweep needs --routers";
    for (size_t i = 0; i < v->routers.n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(v->routers.items[i], v->routers.items[k]) == 0)
                return "--routers names a router twice";
    return NULL;
}

static enum rg_status
check_baseline(const struct rg_evaluate_values *v, const struct rg_evaluate_results *r,
               struct rg_err *err)
{
    const char **names = rg_alloc(r->n, sizeof *names), *near;
    enum rg_status status = RG_OK;
    bool found = !v->baseline;

    for (size_t i = 0; i < r->n; i++) {
        names[i] = r->of[i].name;
        found = found || strcmp(names[i], v->baseline) == 0;
    }
    if (!found) {
        near = rg_hint(v->baseline, names, r->n);
        status = rg_err_set(err, RG_EUSAGE, "unknown baseline '%.100s'%s%s%s", v->baseline,
                            near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    free(names);
    return status;
}

/* What a long evaluation should not end in. */
static enum rg_status
check(const struct rg_evaluate_values *v, struct rg_err *err)
{
    enum rg_status status = rg_evaluate_check_tables(v, err);
    double *rates = NULL;

    if (status == RG_OK)
        status = rg_evaluate_rates(v, &rates, err);
    free(rates);
    return status;
}

static enum rg_status
evaluate(const struct rg_evaluate_values *v, const char *trace, struct rg_err *err)
{
    struct rg_evaluate_aggregate a = {0};
    struct rg_evaluate_results r = {0};
    struct rg_evaluate_setup s = {0};
    struct rg_table *scaling = NULL;
    struct rg_evaluate_report p;
    enum rg_status status = check(v, err);

    if (status != RG_OK)
        return status;
    status = rg_evaluate_setup(&s, v, trace, err);
    if (status == RG_OK)
        status = rg_evaluate_routers(&s, v, &r, err);
    if (status == RG_OK)
        status = check_baseline(v, &r, err);
    if (status == RG_OK && v->scaling.n > 0)
        status = rg_evaluate_scaling(&s, v, &scaling, err);
    if (status == RG_OK) {
        rg_evaluate_aggregate(&s, v, &a);
        rg_evaluate_report_init(&p, &s, v, &a, &r);
        p.scaling = scaling;
        rg_evaluate_print(&p);
        rg_evaluate_report_clear(&p);
    }
    rg_evaluate_aggregate_clear(&a);
    rg_evaluate_results_clear(&r);
    rg_evaluate_setup_clear(&s);
    return status;
}

static int
run(int argc, char **argv)
{
    struct rg_evaluate_values v = {.rate = 1,
                                   .slots = 8,
                                   .replications = 10,
                                   .slo_ms = INFINITY,
                                   .slo_share = 0.95,
                                   .margin = NAN,
                                   .draw_seed = 42,
                                   .level = 0.95,
                                   .resamples = 1000};
    enum rg_status rc;
    struct rg_err err;
    char **args;
    size_t n;
    int status = rg_options_parse(&rg_cmd_evaluate, argc, argv, &v, &args, &n);

    if (status < 0 && wrong(&v)) {
        rg_cli_say("evaluate: %s", wrong(&v));
        status = RG_EUSAGE;
    }
    if (status >= 0) {
        values_clear(&v);
        return status;
    }
    rc = evaluate(&v, args[0], &err);
    values_clear(&v);
    return rc == RG_OK ? 0 : rg_cli_fail(&err);
}

const struct rg_command rg_cmd_evaluate = {
    .name = "evaluate",
    .usage = "[OPTIONS] TRACE",
    .brief = "judge models and routers on recorded answers: a leaderboard",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
