/* routergym-sim reproduce: tables from recorded calls and runs, compared with published ones. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "cli/cli.h"
#include "cli/trace_frame.h"
#include "stats/table.h"
#include "stats/tablediff.h"
#include "stats/tablespec.h"
#include "traces/import.h"
#include "traces/store.h"

enum { SPEC_MAX = 16 << 20 };
static const double DEFAULT_LEVEL = 0.95;
static const double NOT_GIVEN = -1;

struct values {
    const char *table, *against, *output;
    double tolerance, level;
    bool intervals, list;
    int format;
};

#define OPT(NAME, LETTER, KIND, MEMBER, ARG, HELP)                                                 \
    {                                                                                              \
        .name = NAME, .letter = LETTER, .kind = KIND, .offset = offsetof(struct values, MEMBER),   \
        .arg = ARG, .help = HELP                                                                   \
    }
#define NUM(NAME, MEMBER, ARG, HELP, MIN, MAX)                                                     \
    {                                                                                              \
        .name = NAME, .kind = RG_OPT_DOUBLE, .offset = offsetof(struct values, MEMBER),            \
        .arg = ARG, .help = HELP, .min = MIN, .max = MAX                                           \
    }

static const struct rg_opt options[] = {
    OPT("table", 't', RG_OPT_STRING, table, "SPEC",
        "table specification: a file, or the name of a shipped one"),
    OPT("list-tables", 0, RG_OPT_FLAG, list, NULL, "list the shipped specifications and exit"),
    OPT("against", 'a', RG_OPT_STRING, against, "FILE",
        "compare with this CSV file cell by cell and print what\ndiffers"),
    NUM("tolerance", tolerance, "REL",
        "relative difference that still agrees (default 0: equal\nnumbers)", 0, 1),
    OPT("intervals", 'i', RG_OPT_FLAG, intervals, NULL,
        "add a confidence interval to every mean and rate"),
    NUM("level", level, "P", "confidence of the intervals (default 0.95)", 0.5, 0.9999),
    OPT("output", 'o', RG_OPT_STRING, output, "FILE", "write to FILE instead of standard output"),
    RG_OPT_FORMAT_ROW(struct values, format),
};

/* ---- the specification ---- */

/* Path of a specification by file name, or by the name of a shipped one with or without ".json". */
static char *
find_spec(const char *name)
{
    struct rg_buf file = {0};
    char *path = rg_cli_find("tables", name);

    if (path != NULL || strchr(name, '/') != NULL)
        return path;
    rg_buf_printf(&file, "%s.json", name);
    path = rg_cli_find("tables", rg_buf_text(&file));
    rg_buf_clear(&file);
    return path;
}

static enum rg_status
load_spec(struct rg_tablespec **out, const char *path, struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status rc = rg_file_read(path, SPEC_MAX, &text, err);

    *out = NULL;
    if (rc == RG_OK)
        rc = rg_tablespec_parse(out, rg_buf_text(&text), text.len, path, err);
    rg_buf_clear(&text);
    return rc;
}

static enum rg_status
named_spec(struct rg_tablespec **out, const char *name, struct rg_err *err)
{
    char *path = find_spec(name);
    enum rg_status rc;

    *out = NULL;
    if (path == NULL)
        return rg_err_set(err, RG_ESYSTEM,
                          "%s: no such file, nor a shipped table specification of that name; see "
                          "'routergym-sim reproduce --list-tables'",
                          name);
    rc = load_spec(out, path, err);
    free(path);
    return rc;
}

/* ---- --list-tables ---- */

/* Folder of the shipped specifications, found by one of them; free() it. */
static char *
shipped_folder(void)
{
    char *path = rg_cli_find("tables", "gold-by-config.json"), *slash;

    if (path == NULL)
        return NULL;
    slash = strrchr(path, '/');
    strcpy(slash ? slash : path, slash ? "" : ".");
    return path;
}

/* A specification's file name; the schema beside them is none. */
static int
is_spec(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);

    return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0 &&
           strstr(entry->d_name, ".schema.") == NULL;
}

static enum rg_status
list_row(struct rg_table *t, const char *folder, const char *file, struct rg_err *err)
{
    struct rg_tablespec *spec;
    struct rg_buf path = {0};
    enum rg_status rc;
    char *name;

    rg_buf_printf(&path, "%s/%s", folder, file);
    rc = load_spec(&spec, rg_buf_text(&path), err);
    rg_buf_clear(&path);
    if (rc != RG_OK)
        return rc;
    name = rg_strndup(file, strlen(file) - 5);
    rg_table_row(t);
    rg_table_text(t, 0, name);
    rg_table_text(t, 1, rg_tablespec_title(spec));
    free(name);
    rg_tablespec_free(spec);
    return RG_OK;
}

static enum rg_status
list_tables(struct rg_table **out, struct rg_err *err)
{
    char *folder = shipped_folder();
    struct dirent **entries = NULL;
    int n = folder == NULL ? -1 : scandir(folder, &entries, is_spec, alphasort);
    enum rg_status rc = RG_OK;

    *out = NULL;
    if (n < 0) {
        rc = folder ? rg_err_sys(err, folder, errno, "cannot list")
                    : rg_err_set(err, RG_ESYSTEM, "the shipped table specifications are not there");
        free(folder);
        return rc;
    }
    *out = rg_table_new(NULL);
    rg_table_column(*out, "name", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(*out, "title", NULL, RG_COL_TEXT, 0, false);
    for (int i = 0; i < n; i++) {
        if (rc == RG_OK)
            rc = list_row(*out, folder, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    free(folder);
    return rc;
}

/* ---- the table ---- */

static enum rg_status
open_trace(struct rg_store **out, const char *name, struct rg_err *err)
{
    char *path = rg_cli_find("", name);
    enum rg_status rc;

    *out = NULL;
    if (path == NULL)
        return rg_err_set(err, RG_ESYSTEM, "%s: no such file, nor a bundled trace of that name",
                          name);
    rc = rg_store_load(out, path, NULL, err);
    free(path);
    return rc;
}

static void
say_origin(struct rg_store *store, const char *trace, struct rg_table *t)
{
    const char *value = rg_store_meta(store, "digest");

    rg_table_note(t, "Trace %s, digest %s, routergym-sim " PACKAGE_VERSION ".", trace,
                  value != NULL ? value : "unknown");
    value = rg_store_meta(store, "synthetic");
    if (value != NULL && strcmp(value, "true") == 0)
        rg_table_note(t, "SYNTHETIC data: they show how the program works and are no evidence "
                         "about any model.");
}

static enum rg_status
compute(struct rg_table **out, const struct values *v, const char *trace, struct rg_err *err)
{
    double level = v->level == NOT_GIVEN ? DEFAULT_LEVEL : v->level;
    struct rg_tablespec *spec = NULL;
    struct rg_store *store = NULL;
    struct rg_frame *frame = NULL;
    enum rg_status rc = named_spec(&spec, v->table, err);

    *out = NULL;
    if (rc == RG_OK && rg_tablespec_rows(spec) == RG_ROWS_CELLS)
        rc = rg_err_set(err, RG_EINPUT, "%s: a table of a result file: see routergym-sim report",
                        v->table);
    if (rc == RG_OK)
        rc = open_trace(&store, trace, err);
    if (rc == RG_OK)
        rc = rg_trace_frame(&frame, store, spec, err);
    if (rc == RG_OK)
        rc = rg_tablespec_run(spec, frame, v->intervals ? level : 0, out, err);
    if (rc == RG_OK)
        say_origin(store, trace, *out);
    rg_frame_free(frame);
    rg_store_close(store);
    rg_tablespec_free(spec);
    return rc;
}

/* ---- output ---- */

static enum rg_status
write_out(const struct rg_buf *text, const char *path, struct rg_err *err)
{
    if (path != NULL)
        return rg_outfile_put(path, rg_buf_text(text), text->len, err);
    rg_cli_out(text);
    return RG_OK;
}

static enum rg_status
print_table(struct rg_table *t, const struct values *v, struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status rc;

    rg_tables_print(&t, 1, (enum rg_format)v->format, rg_cli_width(), &text);
    rc = write_out(&text, v->output, err);
    rg_buf_clear(&text);
    return rc;
}

/* Compare and report; *differs says whether anything is out of tolerance. */
static enum rg_status
report(const struct rg_table *t, const struct values *v, bool *differs, struct rg_err *err)
{
    double tolerance = v->tolerance == NOT_GIVEN ? 0 : v->tolerance;
    struct rg_buf text = {0};
    struct rg_tablediff diff;
    enum rg_status rc = rg_tablediff(&diff, t, v->against, tolerance, err);

    *differs = false;
    if (rc != RG_OK)
        return rc;
    *differs = diff.n > 0;
    rg_buf_printf(&text, "Differences from %s", v->against);
    if (v->format == RG_TEXT && diff.n == 0) {
        rg_buf_puts(&text, ": none\n");
        rg_tablediff_summary(&diff, tolerance, &text);
        rc = write_out(&text, v->output, err);
    } else {
        struct rg_table *shown = rg_tablediff_table(&diff, rg_buf_text(&text), tolerance);

        rc = print_table(shown, v, err);
        rg_table_free(shown);
    }
    rg_buf_clear(&text);
    rg_tablediff_clear(&diff);
    return rc;
}

/* ---- the command ---- */

/* What the option table cannot say: which options need others. Returns NULL or what is wrong. */
static const char *
contradiction(const struct values *v, size_t n_args)
{
    if (v->list)
        return n_args > 0 ? "--list-tables takes no TRACE" : NULL;
    if (v->table == NULL)
        return "missing option --table (expected a specification; --list-tables lists some)";
    if (n_args == 0)
        return "missing operand TRACE";
    if (v->tolerance != NOT_GIVEN && v->against == NULL)
        return "--tolerance without --against";
    if (v->against != NULL && strcmp(v->against, "-") == 0)
        return "--against needs a file that can be read twice, not standard input";
    if (v->level != NOT_GIVEN && !v->intervals)
        return "--level without --intervals";
    return NULL;
}

static int
run(int argc, char **argv)
{
    struct values v = {.tolerance = NOT_GIVEN, .level = NOT_GIVEN, .format = RG_TEXT};
    struct rg_table *t = NULL;
    struct rg_err err;
    enum rg_status rc;
    const char *wrong;
    bool differs = false;
    char **args;
    size_t n;
    int parsed = rg_options_parse(&rg_cmd_reproduce, argc, argv, &v, &args, &n);

    if (parsed >= 0)
        return parsed;
    wrong = contradiction(&v, n);
    if (wrong != NULL) {
        rg_cli_say("reproduce: %s; see 'routergym-sim reproduce --help'", wrong);
        return RG_EUSAGE;
    }
    rc = v.list ? list_tables(&t, &err) : compute(&t, &v, args[0], &err);
    if (rc == RG_OK && !v.list && v.against != NULL)
        rc = report(t, &v, &differs, &err);
    else if (rc == RG_OK)
        rc = print_table(t, &v, &err);
    rg_table_free(t);
    if (rc != RG_OK)
        return rg_cli_fail(&err);
    return differs ? 1 : 0;
}

const struct rg_command rg_cmd_reproduce = {
    .name = "reproduce",
    .usage = "[OPTIONS] --table SPEC TRACE",
    .brief = "compute a table from recorded calls and runs, and compare it",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 0,
    .max_args = 1,
    .run = run,
};
