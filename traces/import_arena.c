/* RouterArena's cached results: one JSON object per question, one file per model. Every line is a
 * call; the files of several models have the same questions, which are stored once.
 *
 * The id is <benchmark>_<number> or <benchmark>_<subject>_<number>; subjects may hold blanks,
 * colons and further underscores. Costs are recorded per call, prices, tiers and latencies are not.
 */
#include "traces/importers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/utf8.h"
#include "traces/attrs.h"
#include "traces/json_lines.h"

/* No tokenizer known puts that many code points into one token of such texts (the recorded files
 * have 10.5 at most but for the four answers whose counts are plainly wrong). */
enum { CODEPOINTS_PER_TOKEN = 16 };

/* The line at hand. */
struct line {
    const struct rg_json *doc;
    const cJSON *id, *question, *model, *answer, *usage, *success, *provider, *error, *batch_size,
        *batch_number, *batch_index, *mode, *evaluation;
    const cJSON *input, *output, *total;                        /* of usage */
    const cJSON *extracted, *reference, *score, *metric, *cost; /* of evaluation */
    struct rg_place place;
    const char *subject; /* where the id goes on behind the benchmark */
    const char *number;  /* the id's last part */
    double cost_usd;
};

struct arena {
    struct rg_import *im;
    struct rg_names *models_seen;
    struct rg_attrs attrs;
    struct rg_buf dataset, category, reference;
    const char *reason;
};

bool
rg_import_arena_detect(const struct rg_import_head *head)
{
    static const char *const names[] = {"global_index", "question", "llm_selected"};

    return rg_json_lines_detect(head, names, sizeof names / sizeof *names);
}

/* ---- reading ---- */

static enum rg_status
read_top(struct line *l, struct rg_err *err)
{
    const struct rg_json_key keys[] = {
        {"global_index", RG_JSON_STRING | RG_JSON_REQUIRED, &l->id},
        {"question", RG_JSON_STRING | RG_JSON_REQUIRED, &l->question},
        {"llm_selected", RG_JSON_STRING | RG_JSON_REQUIRED, &l->model},
        {"generated_answer", RG_JSON_STRING | RG_JSON_NULL | RG_JSON_REQUIRED, &l->answer},
        {"token_usage", RG_JSON_OBJECT | RG_JSON_NULL | RG_JSON_REQUIRED, &l->usage},
        {"success", RG_JSON_BOOL | RG_JSON_REQUIRED, &l->success},
        {"provider", RG_JSON_STRING | RG_JSON_NULL, &l->provider},
        {"error", RG_JSON_STRING | RG_JSON_NULL | RG_JSON_REQUIRED, &l->error},
        {"batch_size", RG_JSON_INT, &l->batch_size},
        {"batch_number", RG_JSON_INT, &l->batch_number},
        {"batch_index", RG_JSON_INT, &l->batch_index},
        {"processing_mode", RG_JSON_STRING, &l->mode},
        {"evaluation_result", RG_JSON_OBJECT | RG_JSON_NULL | RG_JSON_REQUIRED, &l->evaluation},
    };

    return rg_json_object(l->doc, l->doc->root, keys, sizeof keys / sizeof *keys, NULL, err);
}

static enum rg_status
read_inner(struct line *l, struct rg_err *err)
{
    const unsigned any = RG_JSON_ANY & ~(unsigned)RG_JSON_BIG;
    const struct rg_json_key usage[] = {
        {"input_tokens", RG_JSON_INT | RG_JSON_REQUIRED, &l->input},
        {"output_tokens", RG_JSON_INT | RG_JSON_REQUIRED, &l->output},
        {"total_tokens", RG_JSON_INT | RG_JSON_NULL, &l->total},
    };
    const struct rg_json_key evaluation[] = {
        {"extracted_answer", any, &l->extracted},
        {"ground_truth", any, &l->reference},
        {"score", RG_JSON_NUMBER | RG_JSON_NULL | RG_JSON_REQUIRED, &l->score},
        {"metric", RG_JSON_STRING | RG_JSON_NULL, &l->metric},
        {"inference_cost", RG_JSON_NUMBER | RG_JSON_NULL | RG_JSON_REQUIRED, &l->cost},
    };
    enum rg_status status = RG_OK;

    if (l->usage)
        status = rg_json_object(l->doc, l->usage, usage, sizeof usage / sizeof *usage, NULL, err);
    if (status == RG_OK && l->evaluation)
        status = rg_json_object(l->doc, l->evaluation, evaluation,
                                sizeof evaluation / sizeof *evaluation, NULL, err);
    return status;
}

static enum rg_status
split_id(struct line *l, struct rg_err *err)
{
    const char *id = l->id->valuestring, *first = strchr(id, '_');

    if (!first || first == id || strrchr(id, '_')[1] == '\0')
        return rg_json_fail(l->doc, l->id, err,
                            "global_index names no question (found \"%s\", expected "
                            "<benchmark>_<number>)",
                            id);
    l->subject = first + 1;
    l->number = strrchr(id, '_') + 1;
    return RG_OK;
}

static enum rg_status
check_values(struct line *l, struct rg_err *err)
{
    const cJSON *counts[] = {l->input, l->output, l->total};
    double unused;
    enum rg_status status;

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        status = rg_json_lines_amount(l->doc, counts[i], &unused, err);
        if (status)
            return status;
    }
    if (*l->model->valuestring == '\0')
        return rg_json_fail(l->doc, l->model, err, "llm_selected is empty (expected a name)");
    if (cJSON_IsTrue(l->success) && !l->answer)
        return rg_json_fail(l->doc, l->success, err, "success without a generated_answer");
    return rg_json_lines_amount(l->doc, l->cost, &l->cost_usd, err);
}

static enum rg_status
read_line(struct arena *a, struct line *l, struct rg_err *err)
{
    enum rg_status status;

    a->reason = "unknown, missing or mistyped key";
    status = read_top(l, err);
    if (status == RG_OK)
        status = read_inner(l, err);
    a->reason = status ? a->reason : "bad value";
    if (status == RG_OK)
        status = split_id(l, err);
    return status ? status : check_values(l, err);
}

/* ---- the question ---- */

static const char *
dataset(struct arena *a, const struct line *l)
{
    if (a->im->options->dataset)
        return a->im->options->dataset;
    rg_buf_reset(&a->dataset);
    rg_buf_add(&a->dataset, l->id->valuestring, (size_t)(l->subject - 1 - l->id->valuestring));
    return rg_buf_text(&a->dataset);
}

static const char *
category(struct arena *a, const struct line *l)
{
    if (l->number == l->subject)
        return NULL;
    rg_buf_reset(&a->category);
    rg_buf_add(&a->category, l->subject, (size_t)(l->number - 1 - l->subject));
    return a->category.len ? rg_buf_text(&a->category) : NULL;
}

/* A reference answer as text: two files may write the same one as a string and as a number. */
static const char *
reference(struct arena *a, const struct line *l)
{
    if (!l->reference || cJSON_IsString(l->reference))
        return l->reference ? l->reference->valuestring : NULL;
    rg_buf_reset(&a->reference);
    rg_json_put_node(&a->reference, l->reference);
    return rg_buf_text(&a->reference);
}

static enum rg_status
put_query(struct arena *a, const struct line *l, struct rg_err *err)
{
    struct rg_query_rec rec = {
        .dataset = dataset(a, l),
        .id = l->id->valuestring,
        .category = category(a, l),
        .text = l->question->valuestring,
        .reference = reference(a, l),
    };

    rg_attrs_reset(&a->attrs);
    if (l->metric)
        rg_attrs_node(&a->attrs, "metric", l->metric);
    rec.attrs = rg_attrs_text(&a->attrs);
    a->reason = "question recorded otherwise";
    return rg_import_query(a->im, &rec, &l->place, err);
}

/* ---- the call ---- */

static void
remark_model(struct arena *a, const struct line *l)
{
    const char *model = l->model->valuestring;
    struct rg_buf what = {0};
    bool added;

    rg_names_add(a->models_seen, model, strlen(model), &added);
    if (!added)
        return;
    rg_buf_printf(&what, "tier and prices of %s are not in the file", model);
    rg_import_note(a->im, rg_buf_text(&what), &l->place);
    rg_buf_clear(&what);
}

static void
remark_tokens(const struct arena *a, const struct line *l)
{
    double out = l->output->valuedouble, sum = l->input->valuedouble + out;
    struct rg_place total = rg_json_place(l->doc, l->total ? l->total : l->usage);
    struct rg_place place = rg_json_place(l->doc, l->output);
    const char *answer = l->answer ? l->answer->valuestring : "";
    size_t codepoints = rg_utf8_count(answer, strlen(answer));

    if (l->total && l->total->valuedouble != sum)
        rg_import_note(a->im, "total_tokens is not input + output tokens", &total);
    if (codepoints > 0 && out <= 1)
        rg_import_note(a->im, "at most one output token recorded", &place);
    if ((double)codepoints > CODEPOINTS_PER_TOKEN * fmax(out, 1))
        rg_import_note(a->im, "answer too long for its output tokens: cost too low", &place);
}

static enum rg_call_status
call_status(const struct arena *a, const struct line *l)
{
    bool error = l->error && *l->error->valuestring;

    if (cJSON_IsTrue(l->success) && !error) {
        if (!rg_import_is_placeholder(l->answer->valuestring))
            return RG_CALL_OK;
        rg_import_note(a->im, "placeholder of a failed call (status error)", &l->place);
    } else if (cJSON_IsTrue(l->success)) {
        rg_import_note(a->im, "success with an error text (status error)", &l->place);
    } else {
        rg_import_note(a->im, "failed call (status error)", &l->place);
    }
    return RG_CALL_ERROR;
}

static void
collect_attrs(struct arena *a, const struct line *l)
{
    const struct {
        const char *name;
        const cJSON *node;
    } kept[] = {
        {"provider", l->provider},          {"error", l->error},
        {"batch_size", l->batch_size},      {"batch_number", l->batch_number},
        {"batch_index", l->batch_index},    {"processing_mode", l->mode},
        {"extracted_answer", l->extracted},
    };

    rg_attrs_reset(&a->attrs);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (kept[i].node && !(kept[i].node == l->extracted && a->im->options->no_text))
            rg_attrs_node(&a->attrs, kept[i].name, kept[i].node);
    if (l->total && l->total->valuedouble != l->input->valuedouble + l->output->valuedouble)
        rg_attrs_node(&a->attrs, "total_tokens", l->total);
}

static enum rg_status
put_call(struct arena *a, const struct line *l, struct rg_err *err)
{
    struct rg_call_rec rec = rg_call_rec_empty();

    rec.dataset = dataset(a, l);
    rec.query = l->id->valuestring;
    rec.model = l->model->valuestring;
    rec.status = call_status(a, l);
    if (l->usage) {
        rec.prompt_tokens = (int64_t)l->input->valuedouble;
        rec.completion_tokens = (int64_t)l->output->valuedouble;
    }
    rec.cost_usd = l->cost_usd;
    rec.score = l->score ? l->score->valuedouble : NAN;
    if (l->answer && !a->im->options->no_text)
        rec.text = l->answer->valuestring;
    collect_attrs(a, l);
    rec.attrs = rg_attrs_text(&a->attrs);
    return rg_import_call(a->im, &rec, &l->place, err);
}

static enum rg_status
import_line(void *ctx, const struct rg_json *doc, struct rg_err *err)
{
    struct arena *a = ctx;
    struct line l = {.doc = doc, .place = rg_json_place(doc, doc->root)};
    enum rg_status status = read_line(a, &l, err);

    if (status == RG_OK)
        status = put_query(a, &l, err);
    if (status)
        return rg_import_reject(a->im, a->reason, err);
    remark_model(a, &l);
    if (l.usage)
        remark_tokens(a, &l);
    if (l.score && l.score->valuedouble < 0) {
        struct rg_place place = rg_json_place(doc, l.score);

        rg_import_note(a->im, "negative score kept as recorded", &place);
    }
    return put_call(a, &l, err);
}

enum rg_status
rg_import_arena_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct arena a = {.im = im, .models_seen = rg_names_new()};
    enum rg_status status = rg_json_lines_each(im, path, import_line, &a, err);

    rg_attrs_clear(&a.attrs);
    rg_buf_clear(&a.dataset);
    rg_buf_clear(&a.category);
    rg_buf_clear(&a.reference);
    rg_names_free(a.models_seen);
    return status;
}
