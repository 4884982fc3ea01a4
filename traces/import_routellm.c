/* RouteLLM's evaluation tables: prompt, a column True or False for each of two models, and for
 * GSM8K their answers in columns <model>_response. MMLU has a file for each subject.
 *
 * A query's id is the number of its row, behind the subject for MMLU. Rows whose prompt stands in a
 * list of contaminated prompts read before are left out, as the project does. */
#include "traces/importers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "traces/columns.h"
#include "traces/import_bench.h"
#include "traces/json_lines.h"

#define ANSWER "_response"
#define SUBJECTS "mmlu_"

struct model {
    const char *name;
    size_t score;
    int answer; /* -1: none */
};

struct table {
    struct rg_import *im;
    struct rg_csv *csv;
    struct model *models;
    size_t n, cap;
    int prompt;
    struct rg_bench_name name;
    const char *dataset, *subject; /* subject NULL: none */
    struct rg_names *left_out;     /* contaminated prompts; borrowed, may be NULL */
    struct rg_buf id;
    size_t rows;
    const struct rg_csv_field *fields;
};

/* ---- contaminated prompts ---- */

static void
free_prompts(void *state)
{
    rg_names_free(state);
}

bool
rg_import_contaminated_detect(const struct rg_import_head *head)
{
    static const char *const keys[] = {"train_prompt", "eval_prompt"};

    return rg_json_lines_detect(head, keys, sizeof keys / sizeof *keys);
}

static enum rg_status
keep_prompt(void *ctx, const struct rg_json *doc, struct rg_err *err)
{
    struct rg_import *im = ctx;
    const cJSON *prompt, *train, *i, *j;
    const struct rg_json_key keys[] = {
        {"eval_prompt", RG_JSON_STRING | RG_JSON_REQUIRED, &prompt},
        {"train_prompt", RG_JSON_STRING, &train},
        {"eval_idx", RG_JSON_INT, &i},
        {"train_idx", RG_JSON_INT, &j},
    };
    void **state = rg_import_state(im, free_prompts);
    struct rg_place place = rg_json_place(doc, doc->root);

    if (rg_json_object(doc, doc->root, keys, sizeof keys / sizeof *keys, NULL, err) != RG_OK)
        return rg_import_reject(im, "bad record", err);
    if (!*state)
        *state = rg_names_new();
    rg_names_add(*state, prompt->valuestring, strlen(prompt->valuestring), NULL);
    rg_import_note(im, "prompt to be left out of the tables that follow", &place);
    return RG_OK;
}

enum rg_status
rg_import_contaminated_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    return rg_json_lines_each(im, path, keep_prompt, im, err);
}

/* ---- the table's header ---- */

static bool
is_truth(const char *s, size_t n)
{
    return (n == 4 && memcmp(s, "True", 4) == 0) || (n == 5 && memcmp(s, "False", 5) == 0);
}

/* A header with "prompt", and somewhere a field True or False. */
bool
rg_import_routellm_detect(const struct rg_import_head *head)
{
    static const char *const names[] = {"prompt"};
    static const char *const other[] = {"sample_id"};
    const char *s = head->data, *end = head->data + head->len;

    if (!rg_columns_detect(head, names, 1) || rg_columns_detect(head, other, 1))
        return false;
    while (s < end && (s = memchr(s, ',', (size_t)(end - s))) != NULL) {
        size_t n = 0;

        s++;
        while (s + n < end && strchr(",\r\n", s[n]) == NULL)
            n++;
        if (is_truth(s, n))
            return true;
    }
    return false;
}

static bool
is_answer(const struct rg_csv *csv, const char *name)
{
    size_t n = strlen(name), k = strlen(ANSWER);
    struct rg_buf model = {0};
    bool found;

    if (n <= k || strcmp(name + n - k, ANSWER) != 0)
        return false;
    rg_buf_add(&model, name, n - k);
    found = rg_csv_find(csv, rg_buf_text(&model)) >= 0;
    rg_buf_clear(&model);
    return found;
}

static void
add_model(struct table *t, size_t column)
{
    struct rg_buf answer = {0};
    const char *name = rg_csv_header(t->csv, column);

    rg_buf_printf(&answer, "%s" ANSWER, name);
    t->models = rg_grow(t->models, &t->cap, t->n + 1, sizeof *t->models);
    t->models[t->n++] = (struct model){name, column, rg_csv_find(t->csv, rg_buf_text(&answer))};
    rg_buf_clear(&answer);
}

static enum rg_status
read_header(struct table *t, struct rg_err *err)
{
    const struct rg_place place = {rg_csv_name(t->csv), 1, 0};

    t->prompt = rg_csv_find(t->csv, "prompt");
    if (t->prompt < 0)
        return rg_err_at(err, place, "column \"prompt\" is missing");
    for (size_t i = 0; i < rg_csv_columns(t->csv); i++) {
        const char *name = rg_csv_header(t->csv, i);

        if (*name && (int)i != t->prompt && !is_answer(t->csv, name))
            add_model(t, i);
    }
    if (t->n == 0)
        return rg_err_at(err, place, "no models (expected columns of True and False)");
    return RG_OK;
}

/* ---- rows ---- */

static enum rg_status
put_query(struct table *t, const struct rg_place *place, struct rg_err *err)
{
    const struct rg_query_rec rec = {
        .dataset = t->dataset,
        .id = rg_buf_text(&t->id),
        .category = t->subject,
        .text = t->fields[t->prompt].data,
    };

    return rg_import_query(t->im, &rec, place, err);
}

static enum rg_status
put_call(struct table *t, const struct model *m, struct rg_err *err)
{
    const struct rg_csv_field *score = &t->fields[m->score];
    struct rg_place place = rg_csv_place(t->csv, score);
    struct rg_call_rec rec = rg_call_rec_empty();

    if (!is_truth(score->data, score->len)) {
        rg_err_at(err, place, "%s: no truth value (found \"%s\", expected True or False)", m->name,
                  score->data);
        return rg_import_reject(t->im, "bad score", err);
    }
    rec.dataset = t->dataset;
    rec.query = rg_buf_text(&t->id);
    rec.model = m->name;
    rec.score = *score->data == 'T';
    if (m->answer >= 0)
        rec.text = t->fields[m->answer].data;
    return rg_import_call(t->im, &rec, &place, err);
}

static enum rg_status
read_row(void *ctx, struct rg_err *err)
{
    struct table *t = ctx;
    const struct rg_csv_field *prompt = &t->fields[t->prompt];
    struct rg_place place = rg_csv_place(t->csv, prompt);
    enum rg_status status;

    rg_buf_reset(&t->id);
    rg_buf_printf(&t->id, "%s%s%zu", t->subject ? t->subject : "", t->subject ? "/" : "",
                  ++t->rows);
    if (t->left_out && rg_names_find(t->left_out, prompt->data, prompt->len) != RG_NAMES_NONE) {
        rg_bench_supersede(t->im, t->n, "left out: its prompt is in the list of contaminated ones",
                           &place);
        return RG_OK;
    }
    status = put_query(t, &place, err);
    if (status != RG_OK)
        return rg_import_reject(t->im, "bad row", err);
    for (size_t i = 0; i < t->n && status == RG_OK; i++)
        status = put_call(t, &t->models[i], err);
    return status;
}

/* "gsm8k"; "mmlu" and its subject. */
static void
name_dataset(struct table *t, const char *path)
{
    const char *name;

    rg_bench_name_read(&t->name, path);
    name = rg_buf_text(&t->name.dataset);
    t->dataset = name;
    if (strncmp(name, SUBJECTS, strlen(SUBJECTS)) == 0 && name[strlen(SUBJECTS)]) {
        t->dataset = "mmlu";
        t->subject = name + strlen(SUBJECTS);
    }
    if (t->im->options->dataset)
        t->dataset = t->im->options->dataset;
}

enum rg_status
rg_import_routellm_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct table t = {.im = im, .left_out = *rg_import_state(im, free_prompts)};
    enum rg_status status = rg_csv_open(&t.csv, path, err);

    name_dataset(&t, path);
    if (status == RG_OK)
        status = read_header(&t, err);
    if (status == RG_OK)
        rg_bench_remark_models(im, path);
    if (status == RG_OK)
        status = rg_bench_rows(im, t.csv, &t.fields, read_row, &t, err);
    rg_csv_close(t.csv);
    free(t.models);
    rg_buf_clear(&t.id);
    rg_bench_name_clear(&t.name);
    return status;
}
