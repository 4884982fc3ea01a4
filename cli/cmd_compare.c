/* routergym-sim compare: are the differences between configurations more than chance? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/compare.h"
#include "cli/csv_frame.h"
#include "cli/file_kind.h"
#include "cli/results_frame.h"
#include "cli/trace_frame.h"
#include "stats/bootstrap.h"
#include "traces/import.h"
#include "traces/store.h"

enum from { FROM_CONTENT, FROM_CSV, FROM_TRACE, FROM_RESULTS };

static const char *const from_names[] = {"content", "csv", "trace", "results", NULL};
static const char *const test_names[] = {"t", "wilcoxon", "sign", "mcnemar", "mcnemar-midp", NULL};
static const char *const tail_names[] = {"two-sided", "greater", "less", NULL};
static const char *const zeros_names[] = {"wilcoxon", "pratt", NULL};
static const char *const adjust_names[] = {"none", "holm", "bh", NULL};

#define OPT(NAME, LETTER, KIND, MEMBER, ARG, HELP)                                                 \
    {                                                                                              \
        .name = NAME, .letter = LETTER, .kind = KIND,                                              \
        .offset = offsetof(struct rg_compare_values, MEMBER), .arg = ARG, .help = HELP             \
    }
#define CHOICE(NAME, MEMBER, ARG, HELP, NAMES)                                                     \
    {                                                                                              \
        .name = NAME, .kind = RG_OPT_CHOICE, .offset = offsetof(struct rg_compare_values, MEMBER), \
        .arg = ARG, .help = HELP, .choices = NAMES                                                 \
    }
#define NUM(NAME, MEMBER, ARG, HELP, MIN, MAX)                                                     \
    {                                                                                              \
        .name = NAME, .kind = RG_OPT_DOUBLE, .offset = offsetof(struct rg_compare_values, MEMBER), \
        .arg = ARG, .help = HELP, .min = MIN, .max = MAX                                           \
    }

static const struct rg_opt options[] = {
    OPT("by", 'b', RG_OPT_LIST, by, "COLUMN",
        "what is compared: each combination of these columns is a\ngroup (default config)"),
    OPT("pair", 'p', RG_OPT_LIST, pair, "COLUMN",
        "what it is compared on: rows of one combination of these\ncolumns belong together "
        "(default query, in a trace dataset,query)"),
    OPT("metric", 'm', RG_OPT_LIST, metric, "COLUMN", "columns of numbers (default score)"),
    OPT("baseline", 0, RG_OPT_STRING, baseline, "GROUP",
        "compare each group with this one (default: all pairs)"),
    CHOICE("test", test, "TEST", "t (default), wilcoxon, sign, mcnemar, mcnemar-midp", test_names),
    CHOICE("alternative", alternative, "SIDE", "two-sided (default), greater, less: of a - b",
           tail_names),
    CHOICE("zeros", zeros, "HOW",
           "differences of 0 in the test of Wilcoxon: wilcoxon (left out,\ndefault), pratt",
           zeros_names),
    CHOICE("adjust", adjust, "HOW", "p over all pairs: holm (default), bh, none", adjust_names),
    NUM("level", level, "P", "confidence of the intervals, 1 - that of the tests (default\n0.95)",
        0.5, 0.9999),
    NUM("margin", margin, "M", "test for equivalence and non-inferiority within M", 0, 1e300),
    OPT("lower-better", 0, RG_OPT_FLAG, lower_better, NULL,
        "less of the metric is better (for --margin)"),
    NUM("detect", detect, "D",
        "chance to see a true difference of D, and how many queries it\ntakes", 0, 1e300),
    NUM("power", power, "P", "chance wanted of --detect (default 0.8)", 0.5, 0.9999),
    OPT("ratio", 0, RG_OPT_FLAG, ratio, NULL,
        "ratios of means (1 - a / b is the share saved), by Fieller and\nby bootstrap"),
    {.name = "resamples",
     .kind = RG_OPT_U64,
     .offset = offsetof(struct rg_compare_values, resamples),
     .arg = "N",
     .help = "of that bootstrap (default 10000)",
     .min = 100,
     .max = 1e7},
    {.name = "seed",
     .kind = RG_OPT_U64,
     .offset = offsetof(struct rg_compare_values, seed),
     .arg = "N",
     .help = "of its resamples (default 1)"},
    OPT("anova", 0, RG_OPT_FLAG, anova, NULL,
        "two-way analysis of variance of the two columns of --by"),
    CHOICE("from", from, "KIND", "read FILE as csv, trace or results (default: by its content)",
           from_names),
    RG_OPT_FORMAT_ROW(struct rg_compare_values, format),
};

/* ---- reading ---- */

/* The columns of the frame: those of --by, then --pair, then --metric. */
struct columns {
    const char **names;
    size_t n, n_by, n_pair;
};

/* Where the numbers come from. */
struct origin {
    struct rg_buf lines;
    size_t cells, unfinished; /* of a result file */
};

static enum rg_status
detect(enum from *from, const char *path, struct rg_err *err)
{
    static const enum from of_kind[] = {
        [RG_FILE_TABLE] = FROM_CSV, [RG_FILE_TRACE] = FROM_TRACE, [RG_FILE_RESULTS] = FROM_RESULTS};
    enum rg_file_kind kind;
    enum rg_status rc;

    if (*from != FROM_CONTENT)
        return RG_OK;
    rc = rg_file_kind_find(&kind, path, err);
    *from = of_kind[kind];
    return rc;
}

/* The columns with what each is read as; free() them. */
static struct rg_csv_column *
typed_columns(const struct columns *c)
{
    struct rg_csv_column *typed = rg_alloc(c->n, sizeof *typed);

    for (size_t i = 0; i < c->n; i++)
        typed[i] = (struct rg_csv_column){c->names[i], i >= c->n_by + c->n_pair};
    return typed;
}

static enum rg_status
read_csv(struct rg_frame **out, const char *path, const struct columns *c, struct origin *origin,
         struct rg_err *err)
{
    struct rg_csv_column *wanted = typed_columns(c);
    enum rg_status rc = rg_csv_frame(out, path, wanted, c->n, err);

    rg_buf_printf(&origin->lines, "File %s, routergym-sim " PACKAGE_VERSION ".\n", path);
    free(wanted);
    return rc;
}

/* Configurations, their chains and escalations are of recorded runs; else calls are meant. */
static enum rg_tablespec_rows
rows_of(const struct columns *c)
{
    static const char *const of_runs[] = {"config", "chain", "escalated"};

    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < sizeof of_runs / sizeof *of_runs; k++)
            if (strcmp(c->names[i], of_runs[k]) == 0)
                return RG_ROWS_RUNS;
    return RG_ROWS_CALLS;
}

/* A text is no measurement; in a trace, which was checked when it was imported, it has no place. */
static enum rg_status
check_numbers(const struct rg_frame *f, const struct columns *c, const char *path,
              struct rg_err *err)
{
    for (size_t i = c->n_by + c->n_pair; i < c->n; i++)
        for (size_t row = 0; row < rg_frame_rows(f); row++)
            if (rg_frame_kind(f, row, i) == RG_FRAME_TEXT)
                return rg_err_set(err, RG_EINPUT,
                                  "%s: column \"%.60s\" is not a number (found \"%.40s\")", path,
                                  c->names[i], rg_frame_text(f, row, i));
    return RG_OK;
}

static void
trace_origin(struct origin *origin, struct rg_store *store, const char *path)
{
    const char *value = rg_store_meta(store, "digest");

    rg_buf_printf(&origin->lines, "Trace %s, digest %s, routergym-sim " PACKAGE_VERSION ".\n", path,
                  value != NULL ? value : "unknown");
    value = rg_store_meta(store, "synthetic");
    if (value != NULL && strcmp(value, "true") == 0)
        rg_buf_puts(&origin->lines,
                    "SYNTHETIC data: they show how the program works and are no evidence "
                    "about any model.\n");
}

static enum rg_status
read_trace(struct rg_frame **out, const char *path, const struct columns *c, struct origin *origin,
           struct rg_err *err)
{
    struct rg_store *store = NULL;
    enum rg_status rc = rg_store_load(&store, path, NULL, err);

    *out = NULL;
    if (rc == RG_OK)
        rc = rg_trace_frame_of(out, store, rows_of(c), c->names, c->n, err);
    if (rc == RG_OK)
        rc = check_numbers(*out, c, path, err);
    if (rc == RG_OK)
        trace_origin(origin, store, path);
    rg_store_close(store);
    return rc;
}

static enum rg_status
read_results(struct rg_frame **out, const char *path, const struct columns *c,
             struct origin *origin, struct rg_err *err)
{
    struct rg_csv_column *wanted = typed_columns(c);
    struct rg_results_frame results;
    enum rg_status rc =
        rg_results_frame_read(&results, path, wanted, c->n, RG_ROWS_OF_QUERIES, err);

    rg_buf_puts(&origin->lines, rg_buf_text(&results.origin));
    origin->cells = results.cells;
    origin->unfinished = results.unfinished;
    *out = results.frame;
    results.frame = NULL;
    rg_results_frame_clear(&results);
    free(wanted);
    return rc;
}

/* ---- columns ---- */

static void
add_default(struct rg_opt_list *list, const char *const *names, size_t n)
{
    if (list->n > 0)
        return;
    for (size_t i = 0; i < n; i++) {
        list->items = rg_grow(list->items, &list->cap, list->n + 1, sizeof *list->items);
        list->items[list->n++] = rg_strdup(names[i]);
    }
}

static enum rg_status
columns_init(struct columns *c, struct rg_compare_values *v, enum from from, struct rg_err *err)
{
    static const char *const by[] = {"config"}, *const metric[] = {"score"},
                             *const unit[] = {"dataset", "query"};
    const struct rg_opt_list *lists[] = {&v->by, &v->pair, &v->metric};

    add_default(&v->by, by, 1);
    add_default(&v->pair, from == FROM_TRACE ? unit : unit + 1, from == FROM_TRACE ? 2 : 1);
    add_default(&v->metric, metric, 1);
    *c = (struct columns){.n_by = v->by.n, .n_pair = v->pair.n};
    c->names = rg_alloc(v->by.n + v->pair.n + v->metric.n, sizeof *c->names);
    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l]->n; i++) {
            for (size_t k = 0; k < c->n; k++)
                if (strcmp(c->names[k], lists[l]->items[i]) == 0)
                    return rg_err_set(err, RG_EUSAGE,
                                      "compare: column '%.60s' is named twice (--by, --pair, "
                                      "--metric)",
                                      c->names[k]);
            c->names[c->n++] = lists[l]->items[i];
        }
    return RG_OK;
}

/* ---- comparing ---- */

struct work {
    struct rg_compare_values v;
    struct columns columns;
    struct rg_frame *frame;
    struct rg_keys groups, units;
    struct origin origin;
    struct rg_table **tables;
    size_t n_tables;
};

static void
work_clear(struct work *w)
{
    for (size_t i = 0; i < w->n_tables; i++)
        rg_table_free(w->tables[i]);
    free(w->tables);
    rg_keys_clear(&w->groups);
    rg_keys_clear(&w->units);
    rg_frame_free(w->frame);
    rg_buf_clear(&w->origin.lines);
    free(w->columns.names);
    rg_opt_list_clear(&w->v.by);
    rg_opt_list_clear(&w->v.pair);
    rg_opt_list_clear(&w->v.metric);
}

/* csv has no place for notes: what a reader must not miss goes to standard error there. */
static void
warn(const struct rg_compare *c)
{
    const struct rg_blocks *b = &c->blocks;
    size_t without = b->no_group + b->no_unit + b->no_value;

    if (c->v->format != RG_CSV)
        return;
    if (without > 0)
        rg_cli_say("%s: %zu of %zu rows lack group, query or number and were left out", c->metric,
                   without, b->rows);
    if (b->repeated_rows > 0)
        rg_cli_say("%s: %zu rows on %zu pairs of query and group were averaged", c->metric,
                   b->repeated_rows, b->repeated_cells);
    if (c->n_complete > 0 && c->flat == c->n_complete)
        rg_cli_say("%s: every query has the same value in all groups", c->metric);
}

static enum rg_status
compare_metric(struct work *w, size_t column, struct rg_err *err)
{
    const size_t by[2] = {0, 1};
    struct rg_compare c;
    enum rg_status rc = rg_compare_init(&c, &w->v, w->frame, &w->groups, &w->units, column, err);

    if (rc == RG_OK) {
        w->n_tables = rg_compare_tables(&c, w->tables, w->n_tables);
        warn(&c);
    }
    if (rc == RG_OK && w->v.anova) {
        rc = rg_compare_anova(&w->tables[w->n_tables], &c, w->frame, by, err);
        w->n_tables += rc == RG_OK;
    }
    rg_compare_clear(&c);
    return rc;
}

static void
make_keys(struct work *w)
{
    const struct columns *c = &w->columns;
    size_t *at = rg_alloc(c->n, sizeof *at);

    for (size_t i = 0; i < c->n; i++)
        at[i] = i;
    rg_keys_init(&w->groups, w->frame, at, c->n_by);
    rg_keys_init(&w->units, w->frame, at + c->n_by, c->n_pair);
    free(at);
}

static enum rg_status
compare(struct work *w, const char *name, struct rg_err *err)
{
    static enum rg_status (*const read[])(struct rg_frame **, const char *, const struct columns *,
                                          struct origin *, struct rg_err *) = {
        [FROM_CSV] = read_csv, [FROM_TRACE] = read_trace, [FROM_RESULTS] = read_results};
    char *path = rg_cli_find("", name);
    enum from from = (enum from)w->v.from;
    enum rg_status rc;

    if (path == NULL)
        return rg_err_set(err, RG_ESYSTEM, "%s: no such file, nor a bundled trace of that name",
                          name);
    rc = detect(&from, path, err);
    if (rc == RG_OK)
        rc = columns_init(&w->columns, &w->v, from, err);
    if (rc == RG_OK)
        rc = read[from](&w->frame, path, &w->columns, &w->origin, err);
    free(path);
    if (rc != RG_OK)
        return rc;
    if (w->v.resamples == 0)
        w->v.resamples = RG_BOOTSTRAP_RESAMPLES;
    make_keys(w);
    w->tables = rg_alloc(RG_COMPARE_TABLES * w->v.metric.n, sizeof *w->tables);
    for (size_t i = 0; rc == RG_OK && i < w->v.metric.n; i++)
        rc = compare_metric(w, w->columns.n_by + w->columns.n_pair + i, err);
    return rc;
}

/* What the option table cannot say. Returns NULL or what is wrong. */
static const char *
contradiction(const struct rg_compare_values *v)
{
    if (v->margin <= 0)
        return "--margin must be above 0";
    if (!isnan(v->margin) && v->level <= 0.5)
        return "--margin needs a --level above 0.5";
    if (v->detect <= 0)
        return "--detect must be above 0";
    if (v->lower_better && isnan(v->margin))
        return "--lower-better without --margin";
    if (v->anova && v->by.n != 2)
        return "--anova needs two columns in --by";
    if (v->zeros != RG_ZEROS_WILCOXON && v->test != RG_COMPARE_WILCOXON)
        return "--zeros without --test wilcoxon";
    if (!v->ratio && (v->resamples != 0 || v->seed != 1))
        return "--resamples and --seed need --ratio";
    return NULL;
}

static void
print(const struct work *w)
{
    struct rg_buf out = {0};

    if (w->v.format == RG_CSV && w->origin.unfinished > 0)
        rg_cli_say("%zu of %zu cells are not finished and left out", w->origin.unfinished,
                   w->origin.cells);
    rg_cli_notes(w->tables[w->n_tables - 1], rg_buf_text(&w->origin.lines));
    rg_tables_print(w->tables, w->n_tables, (enum rg_format)w->v.format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
}

static int
run(int argc, char **argv)
{
    struct work w = {.v = {.level = 0.95,
                           .margin = NAN,
                           .detect = NAN,
                           .power = 0.8,
                           .seed = 1,
                           .adjust = RG_ADJUST_HOLM}};
    const char *wrong;
    struct rg_err err;
    char **args;
    size_t n;
    int status = rg_options_parse(&rg_cmd_compare, argc, argv, &w.v, &args, &n);

    if (status < 0) {
        wrong = contradiction(&w.v);
        if (wrong != NULL) {
            rg_cli_say("compare: %s; see 'routergym-sim compare --help'", wrong);
            status = RG_EUSAGE;
        } else if (compare(&w, args[0], &err) != RG_OK) {
            status = rg_cli_fail(&err);
        } else {
            print(&w);
            status = 0;
        }
    }
    work_clear(&w);
    return status;
}

const struct rg_command rg_cmd_compare = {
    .name = "compare",
    .usage = "[OPTIONS] FILE",
    .brief = "test differences between configurations on the same queries",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
