/* Which values a record may have, whoever recorded it. Fields are checked in their order. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "traces/store_private.h"

/* An amount of money or time. */
static enum rg_status
check_amount(const char *what, double x, struct rg_err *err)
{
    if (isinf(x))
        return rg_err_set(err, RG_EINPUT, "%s is infinite", what);
    if (x < 0)
        return rg_err_set(err, RG_EINPUT, "%s is negative (found %.17g)", what, x);
    if (x > RG_STORE_AMOUNT_MAX)
        return rg_err_set(err, RG_EINPUT, "%s out of range (found %.17g, expected 0 to %.0e)", what,
                          x, RG_STORE_AMOUNT_MAX);
    return RG_OK;
}

static enum rg_status
check_score(double x, struct rg_err *err)
{
    if (isinf(x))
        return rg_err_set(err, RG_EINPUT, "score is infinite");
    if (fabs(x) > RG_STORE_SCORE_MAX)
        return rg_err_set(err, RG_EINPUT, "score out of range (found %.17g, expected %.0e to %.0e)",
                          x, -RG_STORE_SCORE_MAX, RG_STORE_SCORE_MAX);
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

/* A name that may be empty, or NULL. */
static enum rg_status
check_label(const char *what, const char *name, struct rg_err *err)
{
    size_t n = name ? strlen(name) : 0;

    if (n > RG_STORE_NAME_MAX)
        return rg_err_set(err, RG_EINPUT,
                          "name of %s is too long (found %zu bytes, expected at most %d)", what, n,
                          RG_STORE_NAME_MAX);
    return RG_OK;
}

static enum rg_status
check_name(const char *what, const char *name, struct rg_err *err)
{
    assert(name);
    if (!*name)
        return rg_err_set(err, RG_EINPUT, "empty name (of %s)", what);
    return check_label(what, name, err);
}

static enum rg_status
check_size(const char *what, const char *text, struct rg_err *err)
{
    if (text && strlen(text) > RG_STORE_TEXT_MAX)
        return rg_err_set(err, RG_EINPUT, "%s is too long (found %zu bytes, expected at most %d)",
                          what, strlen(text), RG_STORE_TEXT_MAX);
    return RG_OK;
}

/* Attributes are written by attrs.c: what is left to check is that they still can be read when they
 * stand one level deeper, as a member of an exported line. */
static enum rg_status
check_attrs(const char *attrs, struct rg_err *err)
{
    enum { DEPTH = RG_JSON_DEPTH - 1 };
    int depth = 0, most = 0;
    bool inside = false;

    for (const char *s = attrs ? attrs : ""; *s; s++) {
        if (*s == '"')
            inside = !inside;
        else if (inside)
            s += *s == '\\' && s[1];
        else if (*s == '{' || *s == '[')
            most = ++depth > most ? depth : most;
        else if (*s == '}' || *s == ']')
            depth--;
    }
    if (most > DEPTH)
        return rg_err_set(err, RG_EINPUT,
                          "attrs are nested too deeply (expected at most %d levels)", DEPTH);
    return check_size("attrs", attrs, err);
}

/* "a>b": no name is empty, but there may be none. */
static enum rg_status
check_chain(const char *chain, struct rg_err *err)
{
    size_t n = chain ? strlen(chain) : 0;

    if (n > 0 && (chain[0] == '>' || chain[n - 1] == '>' || strstr(chain, ">>")))
        return rg_err_set(err, RG_EINPUT, "empty name (of a model in a chain)");
    for (const char *s = chain; n > 0 && s; s = strchr(s, '>')) {
        s += *s == '>';
        if (strcspn(s, ">") > RG_STORE_NAME_MAX)
            return rg_err_set(err, RG_EINPUT,
                              "name of a model in a chain is too long (found %zu bytes, expected "
                              "at most %d)",
                              strcspn(s, ">"), RG_STORE_NAME_MAX);
    }
    return check_size("chain", chain, err);
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
rg_values_call_fields(const struct rg_call_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    if ((status = check_sample(rec->sample, err)) != RG_OK ||
        (status = check_tokens("prompt_tokens", rec->prompt_tokens, err)) != RG_OK ||
        (status = check_tokens("completion_tokens", rec->completion_tokens, err)) != RG_OK ||
        (status = check_amount("cost_usd", rec->cost_usd, err)) != RG_OK ||
        (status = check_amount("latency_ms", rec->latency_ms, err)) != RG_OK ||
        (status = check_amount("ttft_ms", rec->ttft_ms, err)) != RG_OK ||
        (status = check_score(rec->score, err)) != RG_OK ||
        (status = check_attrs(rec->attrs, err)) != RG_OK)
        return status;
    if (rec->ttft_ms > rec->latency_ms)
        return rg_err_set(err, RG_EINPUT,
                          "ttft_ms is beyond latency_ms (found %.17g, expected at most %.17g)",
                          rec->ttft_ms, rec->latency_ms);
    return RG_OK;
}

enum rg_status
rg_values_call(const struct rg_call_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    assert(rec->dataset && rec->memory);
    if ((status = check_label("dataset", rec->dataset, err)) != RG_OK ||
        (status = check_name("query", rec->query, err)) != RG_OK ||
        (status = check_name("model", rec->model, err)) != RG_OK ||
        (status = check_name("memory mode", rec->memory, err)) != RG_OK ||
        (status = rg_values_call_fields(rec, err)) != RG_OK ||
        (status = check_size("text", rec->text, err)) != RG_OK)
        return status;
    return check_size("prompt", rec->prompt, err);
}

enum rg_status
rg_values_run_fields(const struct rg_run_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    if ((status = check_name("config", rec->config, err)) != RG_OK ||
        (status = check_sample(rec->sample, err)) != RG_OK ||
        (status = check_chain(rec->chain, err)) != RG_OK ||
        (status = check_tokens("prompt_tokens", rec->prompt_tokens, err)) != RG_OK ||
        (status = check_tokens("completion_tokens", rec->completion_tokens, err)) != RG_OK ||
        (status = check_amount("cost_usd", rec->cost_usd, err)) != RG_OK ||
        (status = check_amount("latency_ms", rec->latency_ms, err)) != RG_OK ||
        (status = check_score(rec->score, err)) != RG_OK)
        return status;
    return check_attrs(rec->attrs, err);
}

enum rg_status
rg_values_run(const struct rg_run_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    assert(rec->dataset && rec->memory);
    if ((status = check_label("dataset", rec->dataset, err)) != RG_OK ||
        (status = check_name("query", rec->query, err)) != RG_OK ||
        (status = check_name("memory mode", rec->memory, err)) != RG_OK ||
        (status = rg_values_run_fields(rec, err)) != RG_OK ||
        (status = check_size("text", rec->text, err)) != RG_OK ||
        (status = check_size("prompt", rec->prompt, err)) != RG_OK)
        return status;
    return rec->model ? check_name("model", rec->model, err) : RG_OK;
}

enum rg_status
rg_values_model(const struct rg_model_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    if ((status = check_name("model", rec->name, err)) != RG_OK ||
        (status = check_amount("input_usd_per_mtok", rec->input_usd_per_mtok, err)) != RG_OK ||
        (status = check_amount("output_usd_per_mtok", rec->output_usd_per_mtok, err)) != RG_OK)
        return status;
    return check_attrs(rec->attrs, err);
}

enum rg_status
rg_values_dataset(const char *name, struct rg_err *err)
{
    return check_label("dataset", name, err);
}

enum rg_status
rg_values_variant(const char *memory, struct rg_err *err)
{
    return check_name("memory mode", memory, err);
}

enum rg_status
rg_values_query(const struct rg_query_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    assert(rec->dataset);
    if ((status = check_label("dataset", rec->dataset, err)) != RG_OK ||
        (status = check_name("query", rec->id, err)) != RG_OK ||
        (status = check_label("category", rec->category, err)) != RG_OK ||
        (status = check_size("text", rec->text, err)) != RG_OK ||
        (status = check_size("reference", rec->reference, err)) != RG_OK)
        return status;
    return check_attrs(rec->attrs, err);
}

enum rg_status
rg_values_kb(const struct rg_kb_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    if ((status = check_name("article", rec->id, err)) != RG_OK ||
        (status = check_size("text", rec->text, err)) != RG_OK)
        return status;
    return check_attrs(rec->attrs, err);
}

enum rg_status
rg_values_embedding(const struct rg_embedding_rec *rec, struct rg_err *err)
{
    enum rg_status status;

    assert(rec->dataset);
    if ((status = check_label("dataset", rec->dataset, err)) != RG_OK ||
        (status = check_name("query", rec->query, err)) != RG_OK ||
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
    if ((status = check_amount("at_s", rec->at_s, err)) != RG_OK ||
        (status = check_tokens("prompt_tokens", rec->prompt_tokens, err)) != RG_OK ||
        (status = check_tokens("completion_tokens", rec->completion_tokens, err)) != RG_OK)
        return status;
    assert(!rec->query || rec->dataset);
    if (rec->query && (status = check_label("dataset", rec->dataset, err)) != RG_OK)
        return status;
    return rec->query ? check_name("query", rec->query, err) : RG_OK;
}
