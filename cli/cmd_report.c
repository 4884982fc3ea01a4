/* routergym-sim report: what a sweep has shown, as tables and figures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/report.h"

#define OPT(NAME, LETTER, KIND, MEMBER, ARG, HELP)                                                 \
    {                                                                                              \
        .name = NAME, .letter = LETTER, .kind = RG_OPT_##KIND,                                     \
        .offset = offsetof(struct rg_report_values, MEMBER), .arg = ARG, .help = HELP              \
    }

static const struct rg_opt options[] = {
    OPT("table", 't', LIST, tables, "TABLE",
        "tables to print: all, names of --list's, or files with the\nspecification of one "
        "(default summary, effects, front, and\ncompare with --baseline)"),
    OPT("by", 'b', LIST, by, "AXIS",
        "a row for each combination of these axes (default all that\nvary but seed)"),
    OPT("where", 'w', LIST, where, "AXIS=VALUE",
        "only these cells; several values of an axis are alternatives"),
    OPT("metric", 'm', LIST, metric, "METRIC",
        "metrics of summary, levels, effects, heat, compare (default\nscore, cost, escalation, "
        "mean and p95 latency, goodput)"),
    OPT("baseline", 0, STRING, baseline, "AXIS=VALUE",
        "compare each row with the one that has this value and is\nalike otherwise"),
    OPT("minimize", 0, LIST, minimise, "METRIC",
        "objectives of the front of which less is better (default\ncost_usd_per_1000)"),
    OPT("maximize", 0, LIST, maximise, "METRIC",
        "objectives of which more is better (default score)"),
    {.name = "resamples",
     .kind = RG_OPT_U64,
     .offset = offsetof(struct rg_report_values, resamples),
     .arg = "N",
     .help = "draws behind the chance to be on the front (default 1000)",
     .max = 1e6},
    {.name = "seed",
     .letter = 's',
     .kind = RG_OPT_U64,
     .offset = offsetof(struct rg_report_values, seed),
     .arg = "N",
     .help = "of the resamples (default 1)"},
    OPT("against", 0, STRING, against, "OLD.db",
        "what has changed since an earlier result file; exit 1 when\nthat is beyond the "
        "tolerance"),
    OPT("tolerance", 0, LIST, tolerance, "[METRIC=]X",
        "how much may change: X in the metric's unit, X% of the\nearlier value (default 0)"),
    OPT("figures", 'f', STRING, figures, "DIR", "write figures into this folder"),
    OPT("figure-format", 0, LIST, figure_formats, "FORMAT",
        "of the figures: svg, pdf, png, tikz (default all)"),
    RG_OPT_FORMAT_ROW(struct rg_report_values, format),
};

/* ---- tables by name ---- */

static const struct {
    const char *name;
    rg_report_maker *make;
    bool usual;
} tables[] = {
    {"summary", rg_report_summary, true},
    {"levels", rg_report_levels, false},
    {"effects", rg_report_effects, true},
    {"heat", rg_report_heat, false},
    {"quality", rg_report_quality, false},
    {"cost", rg_report_cost, false},
    {"latency", rg_report_latency, false},
    {"parts", rg_report_parts, false},
    {"slo", rg_report_slo, false},
    {"escalation", rg_report_escalation, false},
    {"reasons", rg_report_reasons, false},
    {"reliability", rg_report_reliability, false},
    {"calibration", rg_report_calibration, false},
    {"coverage", rg_report_coverage, false},
    {"front", rg_report_front, true},
    {"compare", rg_report_compare, false},
};
enum { N_TABLES = sizeof tables / sizeof *tables };

static enum rg_status
unknown_table(const char *name, struct rg_err *err)
{
    const char *names[N_TABLES + 1], *near;
    struct rg_buf all = {0};
    enum rg_status rc;

    for (size_t i = 0; i < N_TABLES; i++) {
        names[i] = tables[i].name;
        rg_buf_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    names[N_TABLES] = "all";
    near = rg_hint(name, names, N_TABLES + 1);
    rc = rg_err_set(err, RG_EUSAGE,
                    "report: no table or file '%.60s'%s%s%s (expected all, %s, or the path of a "
                    "specification)",
                    name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "",
                    rg_buf_text(&all));
    rg_buf_clear(&all);
    return rc;
}

static enum rg_status
make_named(struct rg_report *r, const char *name, struct rg_report_tables *t, struct rg_err *err)
{
    enum rg_status rc = RG_OK;
    bool all = strcmp(name, "all") == 0;
    char *path;

    for (size_t i = 0; i < N_TABLES; i++)
        if (strcmp(name, tables[i].name) == 0)
            return tables[i].make(r, t, err);
    for (size_t i = 0; all && rc == RG_OK && i < N_TABLES; i++)
        if (tables[i].make != rg_report_compare || r->v->baseline)
            rc = tables[i].make(r, t, err);
    if (all)
        return rc;
    path = rg_cli_find("tables", name);
    rc = path ? rg_report_spec(r, path, t, err) : unknown_table(name, err);
    free(path);
    return rc;
}

/* With --against alone, or figures alone, nobody asked for the usual tables. */
static enum rg_status
make_tables(struct rg_report *r, struct rg_report_tables *t, size_t *beyond, struct rg_err *err)
{
    const struct rg_opt_list *wanted = &r->v->tables;
    bool usual = wanted->n == 0 && !r->v->against && !r->v->figures;
    enum rg_status rc = RG_OK;

    for (size_t i = 0; rc == RG_OK && i < wanted->n; i++)
        rc = make_named(r, wanted->items[i], t, err);
    for (size_t i = 0; rc == RG_OK && usual && i < N_TABLES; i++)
        if (tables[i].usual || (tables[i].make == rg_report_compare && r->v->baseline))
            rc = tables[i].make(r, t, err);
    if (rc == RG_OK && r->v->against)
        rc = rg_report_against(r, t, beyond, err);
    return rc;
}

/* ---- where the numbers come from ---- */

static double
least_named(const struct rg_report *r, const char *name, bool most)
{
    size_t m = rg_report_metric_find(r, name);
    double x = NAN;

    for (size_t i = 0; m != SIZE_MAX && i < r->n_cells; i++)
        x = most ? fmax(x, r->cells[i].estimates[m].value)
                 : fmin(x, r->cells[i].estimates[m].value);
    return x;
}

static const char *
meta(const struct rg_report *r, const char *key)
{
    const char *value = rg_results_meta(r->db, key);

    return value ? value : "unknown";
}

static void
say_origin(const struct rg_report *r, struct rg_table *t)
{
    const char *synthetic = rg_results_meta(r->db, "synthetic");
    double coverage = least_named(r, "coverage", false);
    double other = least_named(r, "counterfactual_share", true);

    rg_table_note(t, "File %s: %zu of %zu cells finished%s; %g %% intervals.", r->path, r->n_cells,
                  r->n_chosen, r->v->where.n > 0 ? " of those chosen" : "", 100 * r->level);
    if (!isnan(coverage))
        rg_table_note(t,
                      "Recorded calls cover %.1f %% of tries at least; at most %.1f %% were "
                      "recorded with another prompt.",
                      100 * coverage, isnan(other) ? 0 : 100 * other);
    rg_table_note(t, "Trace %s, digest %s, %s.", meta(r, "trace"), meta(r, "trace_digest"),
                  meta(r, "program"));
    if (synthetic && strcmp(synthetic, "true") == 0)
        rg_table_note(t,
                      "SYNTHETIC data: they show how the program works and are no evidence about "
                      "any model.");
}

/* csv has no place for notes. */
static void
warn(const struct rg_report *r)
{
    if (r->n_cells < r->n_chosen)
        rg_cli_say("%s: %zu of %zu cells are not finished and left out", r->path,
                   r->n_chosen - r->n_cells, r->n_chosen);
}

static void
print(const struct rg_report *r, const struct rg_report_tables *t)
{
    struct rg_buf out = {0};

    if (t->n == 0)
        return;
    /* As run has it: tables are taken out of their report. */
    for (size_t i = 0; i < t->n; i++)
        rg_table_mark(t->table[i], "synthetic", meta(r, "synthetic"));
    say_origin(r, t->table[t->n - 1]);
    rg_tables_print(t->table, t->n, (enum rg_format)r->v->format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
}

/* ---- the command ---- */

static void
values_clear(struct rg_report_values *v)
{
    struct rg_opt_list *const lists[] = {
        &v->tables,   &v->by,       &v->where,     &v->metric,
        &v->minimise, &v->maximise, &v->tolerance, &v->figure_formats};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        rg_opt_list_clear(lists[i]);
}

/* What the option table cannot say. Returns NULL or what is wrong. */
static const char *
contradiction(const struct rg_report_values *v)
{
    if (v->tolerance.n > 0 && !v->against)
        return "--tolerance without --against";
    if (v->figure_formats.n > 0 && !v->figures)
        return "--figure-format without --figures";
    return NULL;
}

static enum rg_status
report(struct rg_report *r, const struct rg_report_values *v, const char *path, size_t *beyond,
       struct rg_err *err)
{
    struct rg_report_tables t = {0};
    enum rg_status rc = rg_report_load(r, v, path, err);

    if (rc == RG_OK)
        rc = make_tables(r, &t, beyond, err);
    if (rc == RG_OK) {
        warn(r);
        print(r, &t);
    }
    if (rc == RG_OK && v->figures)
        rc = rg_report_figures(r, err);
    for (size_t i = 0; i < t.n; i++)
        rg_table_free(t.table[i]);
    free(t.table);
    rg_report_clear(r);
    return rc;
}

static int
run(int argc, char **argv)
{
    struct rg_report_values v = {.resamples = 1000, .seed = 1};
    struct rg_report r;
    struct rg_err err;
    const char *wrong;
    char **args;
    size_t n, beyond = 0;
    int status = rg_options_parse(&rg_cmd_report, argc, argv, &v, &args, &n);

    if (status < 0) {
        wrong = contradiction(&v);
        if (wrong) {
            rg_cli_say("report: %s; see 'routergym-sim report --help'", wrong);
            status = RG_EUSAGE;
        } else if (report(&r, &v, args[0], &beyond, &err) != RG_OK) {
            status = rg_cli_fail(&err);
        } else {
            status = beyond > 0 ? 1 : 0;
        }
    }
    values_clear(&v);
    return status;
}

const struct rg_command rg_cmd_report = {
    .name = "report",
    .usage = "[OPTIONS] RESULTS.db",
    .brief = "make tables and figures of a sweep's results, or what has changed",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
