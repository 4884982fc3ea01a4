#include "cli/contract.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "replay/contract/label.h"
#include "stats/interval.h"
#include "stats/table.h"

/* Answers that are counted together. */
struct group {
    int model;  /* or ALL */
    int prompt; /* enum rg_truth: did it ask for the form? */
};
enum { ALL = -1 };

struct summary {
    const struct rg_trace *trace;
    const struct rg_contract_values *values;
    const struct rg_verdict *verdicts;
    double *x;      /* one value per counted answer */
    uint32_t *unit; /* its query */
};

static bool
counts(const struct summary *s, size_t call, struct group g)
{
    const struct rg_trace_calls *calls = &s->trace->calls;

    return rg_verdict_has(s->verdicts[call], RG_VERDICT_TEXT) &&
           (g.model == ALL || calls->model[call] == (uint32_t)g.model) &&
           (int)s->trace->variants[calls->variant[call]].contract == g.prompt;
}

static uint64_t
answers(const struct summary *s, struct group g)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s->trace->n_calls; i++)
        n += counts(s, i, g);
    return n;
}

/* Samples of one query are not independent: the interval is over the queries. */
static void
put_rate(const struct summary *s, struct rg_table *t, size_t column, size_t n)
{
    struct rg_estimate e = rg_interval_rate_units(s->x, s->unit, n, s->values->level);

    if (n > 0)
        rg_table_estimate(t, column, e.value, e.lo, e.hi);
}

static void
put_flag(const struct summary *s, struct rg_table *t, size_t column, struct group g,
         enum rg_verdict_flag flag)
{
    size_t n = 0;

    for (size_t i = 0; i < s->trace->n_calls; i++) {
        if (!counts(s, i, g))
            continue;
        s->x[n] = rg_verdict_has(s->verdicts[i], flag);
        s->unit[n++] = s->trace->calls.query[i];
    }
    put_rate(s, t, column, n);
}

/* Does the answer's own label agree with the query's category? NaN where it is not asked. */
static double
label_right(const struct summary *s, size_t call, const uint32_t *category_of_label)
{
    uint32_t category = s->trace->queries.category[s->trace->calls.query[call]];
    uint16_t label = s->verdicts[call].label;

    if (category == RG_NAMES_NONE)
        return NAN;
    if (label == RG_VERDICT_NO_LABEL)
        return s->values->label_missing == RG_LABEL_SKIP ? NAN : 0;
    return category_of_label[label] == category;
}

static void
put_label(const struct summary *s, struct rg_table *t, size_t column, struct group g,
          const uint32_t *category_of_label)
{
    size_t n = 0;

    for (size_t i = 0; i < s->trace->n_calls; i++) {
        double right = counts(s, i, g) ? label_right(s, i, category_of_label) : NAN;

        if (isnan(right))
            continue;
        s->x[n] = right;
        s->unit[n++] = s->trace->calls.query[i];
    }
    put_rate(s, t, column, n);
    rg_table_integer(t, column + 1, (int64_t)n);
}

static const struct {
    const char *name, *head;
    enum rg_verdict_flag flag;
} flags[] = {
    {"json_as_is", "JSON as it is", RG_VERDICT_JSON_RAW},
    {"json", "JSON after repair", RG_VERDICT_JSON},
    {"valid_as_is", "valid as it is", RG_VERDICT_SCHEMA_RAW},
    {"valid", "valid after repair", RG_VERDICT_ACCEPTED},
    {"disclaimer", "disclaimer", RG_VERDICT_DISCLAIMER},
    {"no_answer", "no answer", RG_VERDICT_BLANK},
};

enum { FLAGS = sizeof flags / sizeof flags[0] };

enum { MODEL, PROMPT, ANSWERS, FIRST_FLAG };

/* A group without answers has no row. */
static void
group_row(const struct summary *s, struct rg_table *t, struct group g,
          const uint32_t *category_of_label)
{
    static const char *const prompts[] = {"unknown", "plain", "contract"};
    uint64_t n = answers(s, g);

    assert(g.prompt >= RG_UNKNOWN && g.prompt <= RG_TRUE);
    if (n == 0)
        return;
    rg_table_row(t);
    rg_table_text(t, MODEL, g.model == ALL ? "all" : s->trace->models[g.model].name);
    rg_table_text(t, PROMPT, prompts[g.prompt + 1]);
    rg_table_integer(t, ANSWERS, (int64_t)n);
    for (size_t k = 0; k < FLAGS; k++)
        put_flag(s, t, FIRST_FLAG + k, g, flags[k].flag);
    put_label(s, t, FIRST_FLAG + FLAGS, g, category_of_label);
}

static struct rg_table *
models_table(const struct summary *s, const uint32_t *category_of_label)
{
    struct rg_table *t = rg_table_new("Answers by model");

    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "prompt", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "answers", NULL, RG_COL_INTEGER, 0, false);
    for (size_t k = 0; k < FLAGS; k++)
        rg_table_column(t, flags[k].name, flags[k].head, RG_COL_ESTIMATE, 3, false);
    rg_table_column(t, "label_accuracy", "label accuracy", RG_COL_ESTIMATE, 3, false);
    rg_table_column(t, "label_n", "of", RG_COL_INTEGER, 0, false);
    for (int prompt = RG_TRUE; prompt >= RG_UNKNOWN; prompt--) {
        for (size_t m = 0; m < s->trace->n_models; m++)
            group_row(s, t, (struct group){(int)m, prompt}, category_of_label);
        if (s->trace->n_models > 1)
            group_row(s, t, (struct group){ALL, prompt}, category_of_label);
    }
    rg_table_note(t, "Shares of the answers with a recorded text; intervals over queries. Prompt: "
                     "whether it asked for the form (contract).");
    rg_table_note(t,
                  "Label accuracy: the answer's own label is the query's category; one without "
                  "a known label %s.",
                  s->values->label_missing == RG_LABEL_SKIP ? "is left out" : "counts as wrong");
    if (s->trace->synthetic)
        rg_table_note(t, "Synthetic: made from a statistical model, no evidence about real "
                         "models.");
    return t;
}

/* Which steps were needed, models across; NULL when none was. */
static struct rg_table *
steps_table(const struct summary *s)
{
    struct rg_table *t = rg_table_new("Answers that needed a step");
    size_t *n = rg_alloc(s->trace->n_models, sizeof *n);
    bool any = false;

    rg_table_column(t, "step", NULL, RG_COL_TEXT, 0, true);
    for (size_t m = 0; m < s->trace->n_models; m++)
        rg_table_column(t, s->trace->models[m].name, NULL, RG_COL_INTEGER, 0, false);
    for (unsigned k = 0; k < RG_N_STEPS; k++) {
        bool used = false;

        for (size_t m = 0; m < s->trace->n_models; m++)
            n[m] = 0;
        for (size_t i = 0; i < s->trace->n_calls; i++) {
            bool step = (rg_verdict_steps(s->verdicts[i]) & RG_STEP_BIT(k)) != 0;

            n[s->trace->calls.model[i]] += step;
            used |= step;
        }
        if (!used)
            continue;
        any = true;
        rg_table_row(t);
        rg_table_text(t, 0, rg_step_names[k]);
        for (size_t m = 0; m < s->trace->n_models; m++)
            rg_table_integer(t, m + 1, (int64_t)n[m]);
    }
    free(n);
    if (any)
        return t;
    rg_table_free(t);
    return NULL;
}

/* The category that each label is: labels are the categories unless the user gave some. */
static uint32_t *
categories_of_labels(const struct rg_trace *trace, const struct rg_opt_list *labels)
{
    size_t n = labels->n > 0 ? labels->n : trace->n_categories;
    uint32_t *category = rg_alloc(n, sizeof *category), ignored = 0;
    struct rg_labels *known = rg_labels_new(trace->categories, trace->n_categories);

    for (size_t i = 0; i < n; i++)
        category[i] = labels->n == 0 ? (uint32_t)i
                                     : rg_labels_find(known, labels->items[i],
                                                      RG_STEP_BIT(RG_STEP_LABEL_CASE), &ignored);
    rg_labels_free(known);
    return category;
}

static int
print(const struct summary *s)
{
    uint32_t *category = categories_of_labels(s->trace, &s->values->labels);
    struct rg_table *tables[2] = {models_table(s, category), steps_table(s)};
    struct rg_buf out = {0};
    int status = 0;

    for (size_t i = 0; i < s->trace->n_calls; i++)
        if (rg_verdict_has(s->verdicts[i], RG_VERDICT_TEXT) &&
            !rg_verdict_has(s->verdicts[i], RG_VERDICT_ACCEPTED))
            status = 1;
    rg_tables_print(tables, tables[1] ? 2 : 1, (enum rg_format)s->values->format, rg_cli_width(),
                    &out);
    if (!s->values->quiet)
        rg_cli_out(&out);
    rg_buf_clear(&out);
    rg_table_free(tables[0]);
    rg_table_free(tables[1]);
    free(category);
    return status;
}

int
rg_contract_trace(struct rg_contract_rules *rules, const struct rg_contract_values *values)
{
    struct summary s = {.values = values};
    struct rg_verdict *verdicts = NULL;
    struct rg_trace *trace = NULL;
    struct rg_err err;
    enum rg_status status = rg_cli_trace(&trace, values->trace, &err);
    int code;

    if (status == RG_OK) {
        if (values->labels.n == 0)
            rg_contract_rules_labels(rules, trace->categories, trace->n_categories);
        verdicts = rg_alloc(trace->n_calls, sizeof *verdicts);
        status = rg_contract_records(trace, rules, verdicts, NULL, 0, &err);
    }
    if (status == RG_OK) {
        s.trace = trace;
        s.verdicts = verdicts;
        s.x = rg_alloc(trace->n_calls, sizeof *s.x);
        s.unit = rg_alloc(trace->n_calls, sizeof *s.unit);
        code = print(&s);
    } else {
        code = rg_cli_fail(&err);
    }
    free(s.x);
    free(s.unit);
    free(verdicts);
    rg_trace_close(trace);
    return code;
}
