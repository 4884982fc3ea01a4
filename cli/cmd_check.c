/* routergym-sim check: what is in a trace, and what is wrong with it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli/cli.h"
#include "stats/table.h"
#include "traces/check.h"

struct values {
    int format;
};

static const struct rg_opt options[] = {
    RG_OPT_FORMAT_ROW(struct values, format),
};

static void
fact(struct rg_table *t, const char *name, const char *value)
{
    rg_table_row(t);
    rg_table_text(t, 0, name);
    rg_table_text(t, 1, value);
}

static void
count_fact(struct rg_table *t, const char *name, uint64_t n)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRIu64, n);
    fact(t, name, text);
}

static struct rg_table *
trace_table(const struct rg_trace *trace, const struct rg_check *check)
{
    struct rg_table *t = rg_table_new("Trace");
    const char *program = rg_trace_meta(trace, "program");

    rg_table_column(t, "fact", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "value", NULL, RG_COL_TEXT, 0, false);
    fact(t, "file", trace->path);
    fact(t, "digest", check->digest);
    fact(t, "synthetic", trace->synthetic ? "yes" : "no");
    if (program)
        fact(t, "written by", program);
    count_fact(t, "models", trace->n_models);
    count_fact(t, "datasets", trace->n_datasets);
    count_fact(t, "queries", trace->n_queries);
    count_fact(t, "variants", trace->n_variants);
    count_fact(t, "calls", trace->n_calls);
    count_fact(t, "recorded runs", trace->n_runs);
    count_fact(t, "articles", trace->n_kb);
    if (trace->synthetic)
        rg_table_note(t, "Synthetic: made from a statistical model, no evidence about real "
                         "models.");
    return t;
}

static void
means_columns(struct rg_table *t)
{
    rg_table_column(t, "cost_usd", "mean cost (USD)", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "latency_ms", "mean latency (ms)", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "score", "mean score", RG_COL_NUMBER, -1, false);
}

static void
put_mean(struct rg_table *t, size_t column, const struct rg_check_mean *mean)
{
    if (mean->n > 0)
        rg_table_number(t, column, mean->mean);
}

static void
put_means(struct rg_table *t, size_t first, const struct rg_check_group *group)
{
    put_mean(t, first, &group->cost_usd);
    put_mean(t, first + 1, &group->latency_ms);
    put_mean(t, first + 2, &group->score);
}

static void
put_price(struct rg_table *t, size_t column, double price)
{
    if (!isnan(price))
        rg_table_number(t, column, price);
}

static struct rg_table *
models_table(const struct rg_trace *trace, const struct rg_check *check)
{
    struct rg_table *t = rg_table_new("Models");

    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "tier", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "input_usd_per_mtok", "input (USD/Mtok)", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "output_usd_per_mtok", "output (USD/Mtok)", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "calls", NULL, RG_COL_INTEGER, 0, false);
    means_columns(t);
    for (size_t m = 0; m < trace->n_models; m++) {
        const struct rg_trace_model *model = &trace->models[m];

        rg_table_row(t);
        rg_table_text(t, 0, model->name);
        rg_table_text(t, 1, rg_tier_name(model->tier));
        put_price(t, 2, model->input_usd_per_mtok);
        put_price(t, 3, model->output_usd_per_mtok);
        rg_table_integer(t, 4, (int64_t)check->models[m].calls);
        put_means(t, 5, &check->models[m]);
    }
    rg_table_note(t, "Means are over the calls that have the value.");
    return t;
}

static struct rg_table *
status_table(const struct rg_trace *trace, const struct rg_check *check)
{
    struct rg_table *t = rg_table_new("Calls by status");

    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    for (int k = 0; k < RG_N_CALL_STATUS; k++)
        rg_table_column(t, rg_call_status_name((enum rg_call_status)k), NULL, RG_COL_INTEGER, 0,
                        false);
    for (size_t m = 0; m < trace->n_models; m++) {
        rg_table_row(t);
        rg_table_text(t, 0, trace->models[m].name);
        for (size_t k = 0; k < RG_N_CALL_STATUS; k++)
            rg_table_integer(t, k + 1, (int64_t)check->models[m].status[k]);
    }
    return t;
}

static struct rg_table *
datasets_table(const struct rg_trace *trace, const struct rg_check *check)
{
    struct rg_table *t = rg_table_new("Datasets");

    rg_table_column(t, "dataset", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "queries", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "categories", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "calls", NULL, RG_COL_INTEGER, 0, false);
    for (size_t d = 0; d < trace->n_datasets; d++) {
        rg_table_row(t);
        rg_table_text(t, 0, trace->datasets[d]);
        rg_table_integer(t, 1, (int64_t)check->datasets[d].queries);
        rg_table_integer(t, 2, (int64_t)check->datasets[d].categories);
        rg_table_integer(t, 3, (int64_t)check->datasets[d].calls);
    }
    return t;
}

static const char *
contract_name(enum rg_truth contract)
{
    switch (contract) {
    case RG_TRUE:
        return "yes";
    case RG_FALSE:
        return "no";
    default:
        return "unknown";
    }
}

static size_t
variant_columns(struct rg_table *t)
{
    rg_table_column(t, "memory", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "contract", NULL, RG_COL_TEXT, 0, true);
    return 2;
}

static void
put_variant(struct rg_table *t, const struct rg_trace_variant *variant)
{
    rg_table_row(t);
    rg_table_text(t, 0, variant->memory);
    rg_table_text(t, 1, contract_name(variant->contract));
}

static struct rg_table *
variants_table(const struct rg_trace *trace, const struct rg_check *check)
{
    struct rg_table *t = rg_table_new("Variants");
    size_t calls;

    variant_columns(t);
    calls = rg_table_column(t, "calls", NULL, RG_COL_INTEGER, 0, false);
    for (size_t v = 0; v < trace->n_variants; v++) {
        put_variant(t, &trace->variants[v]);
        rg_table_integer(t, calls, (int64_t)check->variants[v]);
    }
    return t;
}

/* Variants down, models across. */
static struct rg_table *
coverage_table(const struct rg_trace *trace, const struct rg_check *check)
{
    struct rg_table *t = rg_table_new("Coverage: share of queries with a call");
    size_t first = variant_columns(t);

    for (size_t m = 0; m < trace->n_models; m++)
        rg_table_column(t, trace->models[m].name, NULL, RG_COL_NUMBER, 3, false);
    for (size_t v = 0; v < trace->n_variants; v++) {
        put_variant(t, &trace->variants[v]);
        for (size_t m = 0; m < trace->n_models; m++)
            rg_table_number(t, first + m, check->coverage[m * trace->n_variants + v]);
    }
    return t;
}

static struct rg_table *
runs_table(const struct rg_trace *trace, const struct rg_check *check)
{
    struct rg_table *t = rg_table_new("Recorded runs");

    rg_table_column(t, "config", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "runs", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "escalated", NULL, RG_COL_NUMBER, 3, false);
    means_columns(t);
    for (size_t k = 0; k < trace->n_configs; k++) {
        const struct rg_check_group *group = &check->configs[k];

        rg_table_row(t);
        rg_table_text(t, 0, trace->configs[k]);
        rg_table_integer(t, 1, (int64_t)group->calls);
        if (group->escalation_known > 0)
            rg_table_number(t, 2, (double)group->escalated / (double)group->escalation_known);
        put_means(t, 3, group);
    }
    return t;
}

static struct rg_table *
problems_table(const struct rg_check *check)
{
    struct rg_table *t = rg_table_new("Problems");

    rg_table_column(t, "code", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "severity", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "count", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "problem", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "first", NULL, RG_COL_TEXT, 0, false);
    for (size_t i = 0; i < RG_N_PROBLEMS; i++) {
        if (check->problems[i].count == 0)
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, rg_problems[i].code);
        rg_table_text(t, 1, rg_severity_name(rg_problems[i].severity));
        rg_table_integer(t, 2, (int64_t)check->problems[i].count);
        rg_table_text(t, 3, rg_problems[i].text);
        if (check->problems[i].first)
            rg_table_text(t, 4, check->problems[i].first);
    }
    return t;
}

static void
print(const struct rg_trace *trace, const struct rg_check *check, enum rg_format format)
{
    struct rg_table *tables[8];
    struct rg_buf out = {0};
    size_t n = 0;

    tables[n++] = trace_table(trace, check);
    if (trace->n_models > 0) {
        tables[n++] = models_table(trace, check);
        tables[n++] = status_table(trace, check);
    }
    if (trace->n_datasets > 0)
        tables[n++] = datasets_table(trace, check);
    if (trace->n_variants > 0) {
        tables[n++] = variants_table(trace, check);
        tables[n++] = coverage_table(trace, check);
    }
    if (trace->n_runs > 0)
        tables[n++] = runs_table(trace, check);
    if (check->n_problems > 0 || format == RG_CSV || format == RG_JSON)
        tables[n++] = problems_table(check);
    if (check->n_problems == 0)
        rg_table_note(tables[n - 1], "No problems found.");
    rg_tables_print(tables, n, format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
    while (n > 0)
        rg_table_free(tables[--n]);
}

static int
run(int argc, char **argv)
{
    struct values v = {0};
    struct rg_check check = {0};
    struct rg_trace *trace = NULL;
    struct rg_err err;
    enum rg_status rc;
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_check, argc, argv, &v, &args, &n_args);

    if (status >= 0)
        return status;
    rc = rg_cli_trace(&trace, args[0], &err);
    if (rc == RG_OK)
        rc = rg_check_run(&check, trace, &err);
    if (rc == RG_OK) {
        print(trace, &check, (enum rg_format)v.format);
        status = check.n_problems > 0 ? 1 : 0;
    } else {
        status = rg_cli_fail(&err);
    }
    rg_check_clear(&check);
    rg_trace_close(trace);
    return status;
}

const struct rg_command rg_cmd_check = {
    .name = "check",
    .usage = "[OPTIONS] TRACE",
    .brief = "say what is in a trace and what is wrong with it",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
