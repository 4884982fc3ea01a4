/* routergym-sim import: recordings of other programs into a trace file. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "stats/table.h"
#include "traces/import.h"

struct values {
    const char *from, *output, *dataset, *columns, *space, *index;
    bool keep_going, no_text, raw_text, demo;
    struct rg_opt_list datasets, models, splits, not_datasets, not_models, not_splits;
    int format;
};

#define VALUE(member) offsetof(struct values, member)
static const struct rg_opt options[] = {
    {.name = "from",
     .kind = RG_OPT_STRING,
     .offset = VALUE(from),
     .arg = "FORMAT",
     .help =
         "format of the files (default: recognised for each);\none of those listed in the manual"},
    {.name = "output",
     .letter = 'o',
     .kind = RG_OPT_STRING,
     .offset = VALUE(output),
     .arg = "TRACE",
     .help = "trace file to write (required)"},
    {.name = "dataset",
     .kind = RG_OPT_STRING,
     .offset = VALUE(dataset),
     .arg = "NAME",
     .help = "name of the dataset, in place of the format's own"},
    {.name = "keep-going",
     .letter = 'k',
     .kind = RG_OPT_FLAG,
     .offset = VALUE(keep_going),
     .help = "count bad records and go on (exit status still 3)"},
    {.name = "no-text",
     .kind = RG_OPT_FLAG,
     .offset = VALUE(no_text),
     .help = "leave the texts of answers and prompts out"},
    {.name = "datasets",
     .kind = RG_OPT_LIST,
     .offset = VALUE(datasets),
     .arg = "LIST",
     .help = "benchmarks: only these datasets"},
    {.name = "models",
     .kind = RG_OPT_LIST,
     .offset = VALUE(models),
     .arg = "LIST",
     .help = "benchmarks: only these models"},
    {.name = "splits",
     .kind = RG_OPT_LIST,
     .offset = VALUE(splits),
     .arg = "LIST",
     .help = "benchmarks: only these splits"},
    {.name = "exclude-datasets",
     .kind = RG_OPT_LIST,
     .offset = VALUE(not_datasets),
     .arg = "LIST",
     .help = "benchmarks: all datasets but these"},
    {.name = "exclude-models",
     .kind = RG_OPT_LIST,
     .offset = VALUE(not_models),
     .arg = "LIST",
     .help = "benchmarks: all models but these"},
    {.name = "exclude-splits",
     .kind = RG_OPT_LIST,
     .offset = VALUE(not_splits),
     .arg = "LIST",
     .help = "benchmarks: all splits but these"},
    {.name = "demo",
     .kind = RG_OPT_FLAG,
     .offset = VALUE(demo),
     .help = "benchmarks: take demonstrations, too"},
    {.name = "raw-text",
     .kind = RG_OPT_FLAG,
     .offset = VALUE(raw_text),
     .help = "keep texts written as Python lists as they stand"},
    {.name = "columns",
     .kind = RG_OPT_STRING,
     .offset = VALUE(columns),
     .arg = "MAP",
     .help = "csv: FIELD=COLUMN,... or @FILE, see the manual"},
    {.name = "space",
     .kind = RG_OPT_STRING,
     .offset = VALUE(space),
     .arg = "NAME",
     .help = "embeddings: name of their encoder"},
    {.name = "index",
     .kind = RG_OPT_STRING,
     .offset = VALUE(index),
     .arg = "FILE",
     .help = "embeddings: which query each row of an array is"},
    RG_OPT_FORMAT_ROW(struct values, format),
};
#undef VALUE

static struct rg_table *
counts_table(const struct rg_import_report *r)
{
    static const char *const names[] = {"files",    "read",  "kept", "superseded",
                                        "rejected", "calls", "runs"};
    static const char *const heads[] = {"files",    "records read", "kept",         "superseded",
                                        "rejected", "calls",        "recorded runs"};
    const uint64_t counts[] = {r->files,    r->read,  r->kept, r->superseded,
                               r->rejected, r->calls, r->runs};
    enum { N = sizeof counts / sizeof counts[0] };
    struct rg_table *t = rg_table_new("Import");

    for (size_t i = 0; i < N; i++)
        rg_table_column(t, names[i], heads[i], RG_COL_INTEGER, 0, false);
    rg_table_row(t);
    for (size_t i = 0; i < N; i++)
        rg_table_integer(t, i, (int64_t)counts[i]);
    return t;
}

/* For people: a list below the counts. */
static void
list_notes(struct rg_table *t, const struct rg_import_report *r, bool rejected)
{
    for (size_t i = 0; i < r->n_notes; i++) {
        const struct rg_import_note *note = &r->notes[i];

        if (note->rejected != rejected)
            continue;
        rg_table_item(t, note->count, "%s%s%s%s%s", rejected ? "rejected: " : "", note->what,
                      note->first == NULL ? ""
                      : rejected          ? " (first: "
                                          : " (first at ",
                      note->first ? note->first : "", note->first ? ")" : "");
    }
}

static void
put_notes(struct rg_table *t, const struct rg_import_report *r, bool rejected)
{
    for (size_t i = 0; i < r->n_notes; i++) {
        const struct rg_import_note *note = &r->notes[i];

        if (note->rejected != rejected)
            continue;
        rg_table_row(t);
        rg_table_integer(t, 0, (int64_t)rg_table_rows(t));
        rg_table_text(t, 1, rejected ? "rejected" : "remark");
        rg_table_integer(t, 2, (int64_t)note->count);
        rg_table_text(t, 3, note->what);
        if (note->first)
            rg_table_text(t, 4, note->first);
    }
}

/* Rejections first, then remarks, each in the order of their first appearance. */
static struct rg_table *
notes_table(const struct rg_import_report *r)
{
    struct rg_table *t = rg_table_new("Rejections and remarks");

    rg_table_column(t, "no", NULL, RG_COL_INTEGER, 0, true);
    rg_table_column(t, "kind", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "count", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "what", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "first", "first at", RG_COL_TEXT, 0, false);
    put_notes(t, r, true);
    put_notes(t, r, false);
    return t;
}

static void
print_report(const struct rg_import_report *report, enum rg_format format)
{
    struct rg_table *tables[] = {counts_table(report), notes_table(report)};
    bool data = format == RG_CSV || format == RG_JSON;
    struct rg_buf out = {0};

    if (!data) {
        list_notes(tables[0], report, true);
        list_notes(tables[0], report, false);
    }
    rg_tables_print(tables, data && report->n_notes > 0 ? 2 : 1, format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
    rg_table_free(tables[0]);
    rg_table_free(tables[1]);
}

/* The operands: paths, and the formats named before them. */
struct inputs {
    const char **paths, **formats;
    char **found; /* paths of bundled traces, or NULL */
    size_t n;
};

static void
inputs_clear(struct inputs *in)
{
    for (size_t i = 0; i < in->n; i++)
        free(in->found[i]);
    free(in->found);
    free(in->paths);
    free(in->formats);
}

/* The name of a format holds for the paths behind it. Names of bundled traces are replaced by their
 * paths; "-" and names that are nowhere are left to the import. */
static enum rg_status
sort_inputs(struct inputs *in, char **args, size_t n, struct rg_err *err)
{
    const char *format = NULL;

    in->paths = rg_alloc(n, sizeof *in->paths);
    in->formats = rg_alloc(n, sizeof *in->formats);
    in->found = rg_alloc(n, sizeof *in->found);
    for (size_t i = 0; i < n; i++) {
        if (rg_import_is_format(args[i])) {
            if (i + 1 == n || rg_import_is_format(args[i + 1]))
                return rg_err_set(err, RG_EUSAGE,
                                  "import: no file behind the format %s (a file of that name is "
                                  "./%s)",
                                  args[i], args[i]);
            format = args[i];
            continue;
        }
        in->found[in->n] = strcmp(args[i], "-") == 0 ? NULL : rg_cli_find("", args[i]);
        in->paths[in->n] = in->found[in->n] ? in->found[in->n] : args[i];
        in->formats[in->n++] = format;
    }
    return RG_OK;
}

static struct rg_import_list
names(const struct rg_opt_list *list)
{
    return (struct rg_import_list){(const char *const *)list->items, list->n};
}

static void
clear_lists(struct values *v)
{
    rg_opt_list_clear(&v->datasets);
    rg_opt_list_clear(&v->models);
    rg_opt_list_clear(&v->splits);
    rg_opt_list_clear(&v->not_datasets);
    rg_opt_list_clear(&v->not_models);
    rg_opt_list_clear(&v->not_splits);
}

static enum rg_status
import(const struct values *v, char **args, size_t n, struct rg_import_report *report,
       struct rg_err *err)
{
    struct inputs in = {0};
    enum rg_status rc = sort_inputs(&in, args, n, err);
    const struct rg_import_options o = {
        .format = v->from,
        .formats = in.formats,
        .dataset = v->dataset,
        .keep_going = v->keep_going,
        .no_text = v->no_text,
        .raw_text = v->raw_text,
        .demo = v->demo,
        .datasets = names(&v->datasets),
        .models = names(&v->models),
        .splits = names(&v->splits),
        .not_datasets = names(&v->not_datasets),
        .not_models = names(&v->not_models),
        .not_splits = names(&v->not_splits),
        .columns = v->columns,
        .space = v->space,
        .index = v->index,
    };

    if (rc == RG_OK)
        rc = rg_import_run(v->output, in.paths, in.n, &o, report, err);
    inputs_clear(&in);
    return rc;
}

static int
run(int argc, char **argv)
{
    struct values v = {0};
    struct rg_import_report report = {0};
    struct rg_err err;
    enum rg_status rc;
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_import, argc, argv, &v, &args, &n_args);

    if (status < 0 && !v.output) {
        rg_cli_say("import: no trace file to write: give --output TRACE");
        status = RG_EUSAGE;
    }
    if (status >= 0) {
        clear_lists(&v);
        return status;
    }
    rc = import(&v, args, n_args, &report, &err);
    /* Without a trace file there is nothing to report on but the error. */
    if (rc == RG_OK || report.rejected > 0)
        print_report(&report, (enum rg_format)v.format);
    status = rc == RG_OK ? 0 : rg_cli_fail(&err);
    rg_import_report_clear(&report);
    clear_lists(&v);
    return status;
}

const struct rg_command rg_cmd_import = {
    .name = "import",
    .usage = "[OPTIONS] -o TRACE [FORMAT] FILE...",
    .brief = "read recordings of other programs into a trace file",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
