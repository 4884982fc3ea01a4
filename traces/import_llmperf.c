/* Single calls of the LLMPerf leaderboard (GitHub ray-project/llmperf-leaderboard, raw_data) as
 * CSV, one row a call: provider, model_size, seq, prompt_tokens, completion_tokens, ttft_s,
 * latency_s, error_code. The model is provider/model_size; calls with the same seq are those of one
 * query of dataset "llmperf". A failed call (error_code) keeps the times it was recorded with: they
 * are mostly 0. Texts, costs and prices are not recorded. */
#include "traces/importers.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "traces/columns.h"

enum { PROVIDER, SIZE, SEQ, PROMPT, COMPLETION, TTFT, LATENCY, ERROR_CODE, N_COLUMNS };

static const struct rg_column columns[N_COLUMNS] = {
    [PROVIDER] = {"provider", RG_COLUMN_TEXT, true, 0},
    [SIZE] = {"model_size", RG_COLUMN_TEXT, true, 0},
    [SEQ] = {"seq", RG_COLUMN_TEXT, true, 0},
    [PROMPT] = {"prompt_tokens", RG_COLUMN_NUMBER, true, 0},
    [COMPLETION] = {"completion_tokens", RG_COLUMN_NUMBER, true, 0},
    [TTFT] = {"ttft_s", RG_COLUMN_NUMBER, true, 0},
    [LATENCY] = {"latency_s", RG_COLUMN_NUMBER, true, 0},
    [ERROR_CODE] = {"error_code", RG_COLUMN_TEXT, false, 0},
};

static const int64_t RATE_LIMITED = 429; /* HTTP: too many requests */

struct llmperf {
    struct rg_import *im;
    struct rg_columns csv;
    struct rg_buf model;
    struct rg_attrs attrs;
    const char *reason;
};

bool
rg_import_llmperf_detect(const struct rg_import_head *head)
{
    static const char *const names[] = {"provider", "model_size", "seq", "ttft_s", "latency_s"};

    return rg_columns_detect(head, names, sizeof names / sizeof *names);
}

/* Seconds as milliseconds. The decimal point is moved in the text, so that 0.55756 becomes the
 * double nearest to 557.56, which a multiplication might miss. */
static enum rg_status
read_ms(const struct rg_columns *csv, size_t i, double *ms, struct rg_err *err)
{
    const struct rg_csv_field *f = rg_columns_field(csv, i);
    enum rg_status status = rg_columns_amount(csv, i, ms, err);
    struct rg_buf text = {0};

    if (status)
        return status;
    *ms *= 1e3;
    rg_buf_printf(&text, "%se3", f->data);
    if (!strpbrk(f->data, "eE"))
        (void)rg_num_double(rg_buf_text(&text), text.len, ms);
    rg_buf_clear(&text);
    return RG_OK;
}

static enum rg_status
read_tokens(const struct rg_columns *csv, size_t i, int64_t *out, struct rg_err *err)
{
    const struct rg_csv_field *f = rg_columns_field(csv, i);
    const char *wrong = rg_num_i64(f->data, f->len, out);

    if (!wrong && *out >= 0)
        return RG_OK;
    return rg_err_at(err, rg_columns_place(csv, i), "%s: %s (found \"%s\", expected a count)",
                     columns[i].name, wrong ? wrong : "negative", f->data);
}

static enum rg_status
read_status(struct llmperf *l, enum rg_call_status *out, struct rg_err *err)
{
    const struct rg_csv_field *f = rg_columns_field(&l->csv, ERROR_CODE);
    const char *wrong;
    int64_t code;

    *out = RG_CALL_OK;
    if (f->len == 0)
        return RG_OK;
    wrong = rg_num_i64(f->data, f->len, &code);
    if (wrong)
        return rg_err_at(err, rg_columns_place(&l->csv, ERROR_CODE),
                         "error_code: %s (found \"%s\", expected a whole number or nothing)", wrong,
                         f->data);
    *out = code == RATE_LIMITED ? RG_CALL_RATE_LIMITED : RG_CALL_ERROR;
    rg_attrs_number(&l->attrs, "error_code", (double)code);
    return RG_OK;
}

static enum rg_status
read_row(struct llmperf *l, struct rg_call_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    l->reason = "missing value";
    status = rg_columns_check(&l->csv, err);
    if (status)
        return status;
    l->reason = "bad value";
    if ((status = read_tokens(&l->csv, PROMPT, &rec->prompt_tokens, err)) != RG_OK ||
        (status = read_tokens(&l->csv, COMPLETION, &rec->completion_tokens, err)) != RG_OK ||
        (status = read_ms(&l->csv, TTFT, &rec->ttft_ms, err)) != RG_OK ||
        (status = read_ms(&l->csv, LATENCY, &rec->latency_ms, err)) != RG_OK)
        return status;
    return read_status(l, &rec->status, err);
}

static void
remark(struct llmperf *l, const struct rg_call_rec *rec, const struct rg_place *place)
{
    if (rec->status == RG_CALL_RATE_LIMITED)
        rg_import_note(l->im, "error 429 (status rate_limited); times kept as recorded", place);
    else if (rec->status == RG_CALL_ERROR)
        rg_import_note(l->im, "failed call (status error); times kept as recorded", place);
}

static enum rg_status
import_row(struct llmperf *l, struct rg_err *err)
{
    struct rg_call_rec rec = rg_call_rec_empty();
    struct rg_place place = rg_columns_place(&l->csv, PROVIDER);
    enum rg_status status;

    rg_attrs_reset(&l->attrs);
    status = read_row(l, &rec, err);
    if (status)
        return rg_import_reject(l->im, l->reason, err);
    rg_buf_reset(&l->model);
    rg_buf_printf(&l->model, "%s/%s", rg_columns_text(&l->csv, PROVIDER),
                  rg_columns_text(&l->csv, SIZE));
    rec.dataset = l->im->options->dataset ? l->im->options->dataset : "llmperf";
    rec.query = rg_columns_text(&l->csv, SEQ);
    rec.model = rg_buf_text(&l->model);
    rec.attrs = rg_attrs_text(&l->attrs);
    remark(l, &rec, &place);
    return rg_import_call(l->im, &rec, &place, err);
}

static enum rg_status
import_rows(struct llmperf *l, struct rg_err *err)
{
    for (;;) {
        enum rg_status status = rg_columns_next(&l->csv, err);

        if (status)
            status = rg_import_reject(l->im, "malformed CSV", err);
        else if (l->csv.fields)
            status = import_row(l, err);
        else
            break;
        if (status)
            return status;
    }
    rg_columns_remark(&l->csv, l->im);
    return RG_OK;
}

enum rg_status
rg_import_llmperf_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct llmperf l = {.im = im};
    enum rg_status status = rg_columns_open(&l.csv, path, columns, N_COLUMNS, N_COLUMNS, err);

    if (status == RG_OK)
        status = import_rows(&l, err);
    rg_columns_close(&l.csv);
    rg_buf_clear(&l.model);
    rg_attrs_clear(&l.attrs);
    return status;
}
