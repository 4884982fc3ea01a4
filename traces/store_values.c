/* Which values a record may have, whoever recorded it. Fields are checked in their order. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "traces/store_private.h"

static enum rg_status
check_number(const char *what, double x, bool negative, struct rg_err *err)
{
    if (isinf(x))
        return rg_err_set(err, RG_EINPUT, "%s is infinite", what);
    if (!negative && x < 0)
        return rg_err_set(err, RG_EINPUT, "%s is negative (found %.17g)", what, x);
    return RG_OK;
}

static enum rg_status
check_tokens(const char *what, int64_t x, struct rg_err *err)
{
    if (x < -1 || x > RG_STORE_TOKENS_MAX)
        return rg_err_set(err, RG_EINPUT,
                          "%s out of range (found %" PRId64 ", expected 0 to %" PRId64 ")", what, x,
                          (int64_t)RG_STORE_TOKENS_MAX);
    return RG_OK;
}

static enum rg_status
check_name(const char *what, const char *name, struct rg_err *err)
{
    assert(name);
    if (!*name)
        return rg_err_set(err, RG_EINPUT, "empty name (of %s)", what);
    return RG_OK;
}

static enum rg_status
check_size(const char *what, const char *text, struct rg_err *err)
{
    if (text && strlen(text) > RG_STORE_TEXT_MAX)
        return rg_err_set(err, RG_EINPUT, "%s is too long (found %zu bytes, expected at most %d)",
                          what, strlen(text), RG_STORE_TEXT_MAX);
    return RG_OK;
}

static enum rg_status
check_sample(uint32_t sample, struct rg_err *err)
{
    if (sample > RG_STORE_SAMPLE_MAX)
        return rg_err_set(err, RG_EINPUT,
                          "sample out of range (found %" PRIu32 ", expected 0 to %d)", sample,
                          RG_STORE_SAMPLE_MAX);
    return RG_OK;
}

enum rg_status
rg_values_call(const struct rg_call_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    assert(rec->dataset && rec->memory);
    if ((status = check_name("query", rec->query, err)) != RG_OK ||
        (status = check_name("model", rec->model, err)) != RG_OK ||
        (status = check_name("memory mode", rec->memory, err)) != RG_OK ||
        (status = check_sample(rec->sample, err)) != RG_OK ||
        (status = check_tokens("prompt_tokens", rec->prompt_tokens, err)) != RG_OK ||
        (status = check_tokens("completion_tokens", rec->completion_tokens, err)) != RG_OK ||
        (status = check_number("cost_usd", rec->cost_usd, false, err)) != RG_OK ||
        (status = check_number("latency_ms", rec->latency_ms, false, err)) != RG_OK ||
        (status = check_number("ttft_ms", rec->ttft_ms, false, err)) != RG_OK ||
        (status = check_number("score", rec->score, true, err)) != RG_OK ||
        (status = check_size("text", rec->text, err)) != RG_OK ||
        (status = check_size("prompt", rec->prompt, err)) != RG_OK ||
        (status = check_size("attrs", rec->attrs, err)) != RG_OK)
        return status;
    if (rec->ttft_ms > rec->latency_ms)
        return rg_err_set(err, RG_EINPUT,
                          "ttft_ms is beyond latency_ms (found %.17g, expected at most %.17g)",
                          rec->ttft_ms, rec->latency_ms);
    return RG_OK;
}

enum rg_status
rg_values_run(const struct rg_run_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    assert(rec->dataset && rec->memory);
    if ((status = check_name("query", rec->query, err)) != RG_OK ||
        (status = check_name("config", rec->config, err)) != RG_OK ||
        (status = check_name("memory mode", rec->memory, err)) != RG_OK ||
        (status = check_sample(rec->sample, err)) != RG_OK ||
        (status = check_tokens("prompt_tokens", rec->prompt_tokens, err)) != RG_OK ||
        (status = check_tokens("completion_tokens", rec->completion_tokens, err)) != RG_OK ||
        (status = check_number("cost_usd", rec->cost_usd, false, err)) != RG_OK ||
        (status = check_number("latency_ms", rec->latency_ms, false, err)) != RG_OK ||
        (status = check_number("score", rec->score, true, err)) != RG_OK ||
        (status = check_size("text", rec->text, err)) != RG_OK ||
        (status = check_size("prompt", rec->prompt, err)) != RG_OK ||
        (status = check_size("attrs", rec->attrs, err)) != RG_OK)
        return status;
    return rec->model ? check_name("model", rec->model, err) : RG_OK;
}

enum rg_status
rg_values_model(const struct rg_model_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    if ((status = check_name("model", rec->name, err)) != RG_OK ||
        (status = check_number("input_usd_per_mtok", rec->input_usd_per_mtok, false, err)) !=
            RG_OK ||
        (status = check_number("output_usd_per_mtok", rec->output_usd_per_mtok, false, err)) !=
            RG_OK)
        return status;
    return check_size("attrs", rec->attrs, err);
}

enum rg_status
rg_values_query(const struct rg_query_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    assert(rec->dataset);
    if ((status = check_name("query", rec->id, err)) != RG_OK ||
        (status = check_size("text", rec->text, err)) != RG_OK ||
        (status = check_size("reference", rec->reference, err)) != RG_OK)
        return status;
    return check_size("attrs", rec->attrs, err);
}

enum rg_status
rg_values_kb(const struct rg_kb_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    if ((status = check_name("article", rec->id, err)) != RG_OK ||
        (status = check_size("text", rec->text, err)) != RG_OK)
        return status;
    return check_size("attrs", rec->attrs, err);
}

enum rg_status
rg_values_embedding(const struct rg_embedding_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    assert(rec->dataset);
    if ((status = check_name("query", rec->query, err)) != RG_OK ||
        (status = check_name("space", rec->space, err)) != RG_OK)
        return status;
    if (rec->n == 0 || rec->n > RG_STORE_DIMENSIONS_MAX)
        return rg_err_set(err, RG_EINPUT,
                          "bad number of dimensions (found %" PRIu32 ", expected 1 to %d)", rec->n,
                          RG_STORE_DIMENSIONS_MAX);
    for (uint32_t i = 0; i < rec->n; i++) {
        if (!isfinite(rec->values[i]))
            return rg_err_set(err, RG_EINPUT, "value %" PRIu32 " is not finite", i + 1);
    }
    return RG_OK;
}

enum rg_status
rg_values_arrival(const struct rg_arrival_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    if (isnan(rec->at_s))
        return rg_err_set(err, RG_EINPUT, "at_s is not a number");
    if ((status = check_number("at_s", rec->at_s, false, err)) != RG_OK ||
        (status = check_tokens("prompt_tokens", rec->prompt_tokens, err)) != RG_OK ||
        (status = check_tokens("completion_tokens", rec->completion_tokens, err)) != RG_OK)
        return status;
    assert(!rec->query || rec->dataset);
    return rec->query ? check_name("query", rec->query, err) : RG_OK;
}
