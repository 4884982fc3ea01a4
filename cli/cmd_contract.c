/* routergym-sim contract: check answers against a contract, and mend them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/contract.h"
#include "stats/table.h"

static const char *const draft_names[] = {"auto", "2020-12", "7", NULL};
static const char *const missing_names[] = {
    [RG_LABEL_WRONG] = "wrong", [RG_LABEL_SKIP] = "skip", NULL};

#define OPT(name, letter, kind, member, arg, help)                                                 \
    {                                                                                              \
        name, letter, kind, offsetof(struct rg_contract_values, member), arg, help, 0, 0, NULL     \
    }

static const struct rg_opt options[] = {
    OPT("trace", 't', RG_OPT_STRING, trace, "TRACE", "judge the recorded answers of a trace"),
    OPT("lines", 0, RG_OPT_FLAG, lines, NULL,
        "each line is an answer; one that is a JSON string\nstands for the text it spells"),
    OPT("repair", 0, RG_OPT_LIST, repair, "LIST",
        "mend answers, and print the JSON: all, none, extract,\nrepair, coerce, label, or steps; "
        "no-STEP without it"),
    OPT("first", 0, RG_OPT_FLAG, first, NULL,
        "of several JSON values in a text the first, not the last"),
    {"draft", 0, RG_OPT_CHOICE, offsetof(struct rg_contract_values, draft), "DRAFT",
     "of JSON Schema: auto (default, by $schema), 2020-12, 7", 0, 0, draft_names},
    OPT("formats", 0, RG_OPT_FLAG, formats, NULL, "check the keyword format, too"),
    OPT("remotes", 0, RG_OPT_STRING, remotes, "FOLDER",
        "where schemas that the schema refers to are looked for"),
    OPT("labels", 0, RG_OPT_LIST, labels, "LIST",
        "labels an answer may have (default: the categories\nof the trace)"),
    OPT("label-key", 0, RG_OPT_STRING, label_key, "KEY",
        "member with the label (default predicted_category)"),
    OPT("label-required", 0, RG_OPT_FLAG, label_required, NULL,
        "an answer without a known label is invalid"),
    {"label-missing", 0, RG_OPT_CHOICE, offsetof(struct rg_contract_values, label_missing), "HOW",
     "what an answer without a label counts for in the label\naccuracy: wrong (default), skip", 0,
     0, missing_names},
    {"level", 0, RG_OPT_DOUBLE, offsetof(struct rg_contract_values, level), "P",
     "confidence of the intervals (default 0.95)", 0.5, 0.9999, NULL},
    OPT("quiet", 'q', RG_OPT_FLAG, quiet, NULL, "print no verdicts, only mended JSON"),
    RG_OPT_FORMAT_ROW(struct rg_contract_values, format),
};

struct work {
    struct rg_contract_values v;
    struct rg_contract_rules *rules;
    struct rg_contract_trial trial;
    struct rg_table *table; /* NULL: lines of text */
    struct rg_buf out;
    bool bad; /* an answer is not accepted */
};

static void
work_clear(struct work *w)
{
    rg_opt_list_clear(&w->v.repair);
    rg_opt_list_clear(&w->v.labels);
    rg_contract_rules_free(w->rules);
    rg_contract_trial_clear(&w->trial);
    rg_table_free(w->table);
    rg_buf_clear(&w->out);
}

/* ---- what became of an answer ---- */
static const char *
verdict_name(struct rg_verdict v)
{
    if (rg_verdict_has(v, RG_VERDICT_ACCEPTED))
        return rg_verdict_has(v, RG_VERDICT_SCHEMA_RAW) ? "valid" : "repaired";
    return rg_verdict_has(v, RG_VERDICT_LIMIT) ? "undecided" : "invalid";
}

static void
put_faults(struct rg_buf *out, const struct rg_schema_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++) {
        const struct rg_schema_fault *f = &faults->at[i];
        const char *where = rg_buf_text(&f->instance);

        rg_buf_printf(out, "%s %s %s: %s", i > 0 ? ";" : "", *where ? where : "(root)", f->keyword,
                      rg_buf_text(&f->message));
    }
}

/* Why an answer is not accepted, behind a blank. */
static void
put_reason(struct rg_buf *out, const struct rg_contract_trial *x)
{
    const char *reason = rg_contract_reason(x);

    if (reason)
        rg_buf_printf(out, " %s", reason);
    else
        put_faults(out, &x->faults);
}

/* Keys, names of files and texts of others can never drive a terminal or break a line. */
static void
tame(struct rg_buf *out, size_t from)
{
    for (size_t i = from; i < out->len; i++)
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7f)
            out->data[i] = '?';
}

static void
put_line(struct work *w, const char *name, uint64_t line)
{
    const struct rg_contract_trial *x = &w->trial;
    size_t from = w->out.len;

    rg_buf_puts(&w->out, name);
    if (line > 0)
        rg_buf_printf(&w->out, ":%" PRIu64, line);
    rg_buf_printf(&w->out, ": %s", verdict_name(x->verdict));
    if (!rg_verdict_has(x->verdict, RG_VERDICT_ACCEPTED)) {
        put_reason(&w->out, x);
    } else if (rg_verdict_steps(x->verdict)) {
        rg_buf_puts(&w->out, " by ");
        rg_steps_print(&w->out, rg_verdict_steps(x->verdict));
    }
    tame(&w->out, from);
    rg_buf_putc(&w->out, '\n');
}

static void
put_json(struct rg_buf *out, const cJSON *root)
{
    if (root)
        rg_json_put_node(out, root);
    else
        rg_buf_puts(out, "null");
}

enum { NAME, LINE, VERDICT, STEPS, PLACE, KEYWORD, MESSAGE, FAULTS, JSON };

static struct rg_table *
new_table(void)
{
    struct rg_table *t = rg_table_new("Answers");

    rg_table_column(t, "answer", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "line", NULL, RG_COL_INTEGER, 0, true);
    rg_table_column(t, "verdict", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "steps", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "place", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "keyword", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "message", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "faults", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "json", NULL, RG_COL_TEXT, 0, false);
    return t;
}

static void
put_first_fault(struct rg_table *t, const struct rg_contract_trial *x)
{
    struct rg_buf text = {0};

    if (x->faults.n > 0) {
        rg_table_text(t, PLACE, rg_buf_text(&x->faults.at[0].instance));
        rg_table_text(t, KEYWORD, x->faults.at[0].keyword);
        rg_table_text(t, MESSAGE, rg_buf_text(&x->faults.at[0].message));
    } else {
        put_reason(&text, x);
        rg_table_text(t, MESSAGE, rg_buf_text(&text) + 1);
    }
    rg_table_integer(t, FAULTS, x->faults.n > 0 ? (int64_t)x->faults.n : 1);
    rg_buf_clear(&text);
}

static void
put_row(struct work *w, const char *name, uint64_t line)
{
    const struct rg_contract_trial *x = &w->trial;
    struct rg_buf text = {0};

    rg_table_row(w->table);
    rg_buf_puts(&text, name);
    tame(&text, 0);
    rg_table_text(w->table, NAME, rg_buf_text(&text));
    if (line > 0)
        rg_table_integer(w->table, LINE, (int64_t)line);
    rg_table_text(w->table, VERDICT, verdict_name(x->verdict));
    rg_buf_reset(&text);
    rg_steps_print(&text, rg_verdict_steps(x->verdict));
    rg_table_text(w->table, STEPS, rg_buf_text(&text));
    if (!rg_verdict_has(x->verdict, RG_VERDICT_ACCEPTED))
        put_first_fault(w->table, x);
    if (w->v.repair.n > 0 && x->doc.root) {
        rg_buf_reset(&text);
        rg_json_put_node(&text, x->doc.root);
        rg_table_text(w->table, JSON, rg_buf_text(&text));
    }
    rg_buf_clear(&text);
}

/* ---- reading answers ---- */
static void
judge(struct work *w, const char *name, uint64_t line, const char *text, size_t n)
{
    rg_contract_judge(w->rules, text, n, &w->trial);
    if (!rg_verdict_has(w->trial.verdict, RG_VERDICT_ACCEPTED))
        w->bad = true;
    if (w->table) {
        put_row(w, name, line);
        return;
    }
    if (!w->v.quiet)
        put_line(w, name, line);
    if (w->v.repair.n > 0) {
        put_json(&w->out, w->trial.doc.root);
        rg_buf_putc(&w->out, '\n');
    }
    rg_cli_out(&w->out);
    rg_buf_reset(&w->out);
}

/* A line, or the text that it spells when it is a JSON string. */
static void
judge_line(struct work *w, const char *name, const struct rg_line *line)
{
    struct rg_json doc = {0};
    struct rg_err ignored;

    if (line->len > 0 && line->data[0] == '"' &&
        rg_json_parse(&doc, line->data, line->len, NULL, 1, 0, &ignored) == RG_OK)
        judge(w, name, line->number, doc.root->valuestring, strlen(doc.root->valuestring));
    else
        judge(w, name, line->number, line->data, line->len);
    rg_json_clear(&doc);
}

static enum rg_status
read_lines(struct work *w, const char *path, struct rg_err *err)
{
    struct rg_lines *in;
    struct rg_line line;
    enum rg_status status = rg_lines_open(&in, path, err);

    if (status != RG_OK)
        return status;
    while ((status = rg_lines_next(in, &line, err)) == RG_OK && line.data)
        judge_line(w, rg_lines_name(in), &line);
    rg_lines_close(in);
    return status;
}

static enum rg_status
read_file(struct work *w, const char *path, struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status status = rg_file_read(path, RG_LINE_MAX, &text, err);

    if (status == RG_OK)
        judge(w, strcmp(path, "-") == 0 ? "<stdin>" : path, 0, rg_buf_text(&text), text.len);
    rg_buf_clear(&text);
    return status;
}

/* One that cannot be read does not keep the others from being judged. */
static int
judge_files(struct work *w, char **paths, size_t n)
{
    char dash[] = "-", *input[] = {dash};
    enum rg_status worst = RG_OK;

    if (n == 0) {
        paths = input;
        n = 1;
    }
    w->trial.want_faults = true;
    if (w->v.format != RG_TEXT)
        w->table = new_table();
    for (size_t i = 0; i < n; i++) {
        struct rg_err err;
        enum rg_status status =
            w->v.lines ? read_lines(w, paths[i], &err) : read_file(w, paths[i], &err);

        if (status != RG_OK)
            rg_cli_fail(&err);
        worst = status > worst ? status : worst;
    }
    if (w->table) {
        rg_table_print(w->table, (enum rg_format)w->v.format, rg_cli_width(), &w->out);
        rg_cli_out(&w->out);
    }
    return worst != RG_OK ? (int)worst : w->bad ? 1 : 0;
}

/* ---- the command ---- */

/* What does not go together, or NULL. */
static const char *
contradiction(const struct work *w, size_t n_files)
{
    enum rg_contract kind = rg_contract_rules_kind(w->rules);

    if (w->v.trace && (n_files > 0 || w->v.lines))
        return "--trace leaves no place for files";
    if (w->v.trace)
        return NULL;
    if (w->v.label_missing != RG_LABEL_WRONG)
        return "--label-missing needs --trace";
    if (kind == RG_CONTRACT_OFF || kind == RG_CONTRACT_RECORDED)
        return "off and recorded need --trace";
    if (w->v.label_required && w->v.labels.n == 0)
        return "--label-required needs --labels or --trace";
    return NULL;
}

static int
contract(struct work *w, char **args, size_t n)
{
    struct rg_contract_options how = {
        .first = w->v.first,
        .label_required = w->v.label_required,
        .label_key = w->v.label_key,
        .schema = {(enum rg_schema_draft)w->v.draft, w->v.formats, w->v.remotes},
    };
    struct rg_err err;
    const char *wrong;
    enum rg_status status =
        rg_steps_parse((const char *const *)w->v.repair.items, w->v.repair.n, &how.steps, &err);

    if (status == RG_OK)
        status = rg_contract_rules_open(&w->rules, args[0], &how, &err);
    if (status != RG_OK)
        return rg_cli_fail(&err);
    wrong = contradiction(w, n - 1);
    if (wrong) {
        rg_err_set(&err, RG_EUSAGE, "contract: %s; see 'routergym-sim contract --help'", wrong);
        return rg_cli_fail(&err);
    }
    if (w->v.labels.n > 0)
        rg_contract_rules_labels(w->rules, (const char *const *)w->v.labels.items, w->v.labels.n);
    if (w->v.trace)
        return rg_contract_trace(w->rules, &w->v);
    return judge_files(w, args + 1, n - 1);
}

static int
run(int argc, char **argv)
{
    struct work w = {.v = {.level = 0.95}};
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_contract, argc, argv, &w.v, &args, &n_args);

    if (status < 0)
        status = contract(&w, args, n_args);
    work_clear(&w);
    return status;
}

const struct rg_command rg_cmd_contract = {
    .name = "contract",
    .usage = "[OPTIONS] SCHEMA [FILE...]",
    .brief = "check answers against a JSON Schema, and mend them",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
