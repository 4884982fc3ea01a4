#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "traces/attrs.h"
#include "traces/importers.h"
#include "traces/json_lines.h"
#include "traces/native.h"

/* What is known of a model's prices, for costs that were not recorded. */
struct price {
    double input, output; /* USD per million tokens */
    bool wanted;          /* a call had need of them before they came */
};

struct jsonl {
    struct rg_import *im;
    bool begun; /* the first line was read */
    struct rg_names *models;
    struct price *prices;
    size_t n_prices, prices_cap;
    struct rg_attrs attrs;
    struct rg_buf chain;
    float *values;
    size_t values_cap;
};

/* ---- values ---- */

enum {
    STRING = RG_JSON_STRING | RG_JSON_NULL,
    NUMBER = RG_JSON_NUMBER | RG_JSON_NULL,
    INTEGER = RG_JSON_INT | RG_JSON_NULL,
    TRUTH = RG_JSON_BOOL | RG_JSON_NULL,
    OBJECT = RG_JSON_OBJECT | RG_JSON_NULL,
    NAME = RG_JSON_STRING | RG_JSON_REQUIRED,
};

/* What is smaller rounds to a finite float: half a unit above the largest one. */
#define FLOAT_END 0x1.ffffffp127

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const char *
string(const cJSON *node, const char *absent)
{
    return node ? node->valuestring : absent;
}

static enum rg_truth
truth(const cJSON *node)
{
    if (!node)
        return RG_UNKNOWN;
    return cJSON_IsTrue(node) ? RG_TRUE : RG_FALSE;
}

static double
number(const cJSON *node)
{
    return node ? node->valuedouble : NAN;
}

/* An integer from 0 to max; absent without a node. */
static enum rg_status
integer(const struct rg_json *doc, const cJSON *node, const char *what, int64_t max, int64_t absent,
        int64_t *out, struct rg_err *err)
{
    *out = absent;
    if (!node)
        return RG_OK;
    if (node->valuedouble < 0 || node->valuedouble > (double)max)
        return rg_json_fail(doc, node, err,
                            "%s out of range (found %.17g, expected 0 to %" PRId64 ")", what,
                            node->valuedouble, max);
    *out = (int64_t)node->valuedouble;
    return RG_OK;
}

static enum rg_status
tokens(const struct rg_json *doc, const cJSON *node, const char *what, int64_t *out,
       struct rg_err *err)
{
    return integer(doc, node, what, INT32_MAX, -1, out, err);
}

static enum rg_status
sample(const struct rg_json *doc, const cJSON *node, uint32_t *out, struct rg_err *err)
{
    int64_t x;
    enum rg_status rc = integer(doc, node, "sample", UINT16_MAX, 0, &x, err);

    *out = (uint32_t)x;
    return rc;
}

static enum rg_status
call_status(const struct rg_json *doc, const cJSON *node, enum rg_call_status *out,
            struct rg_err *err)
{
    int found = node ? rg_call_status_parse(node->valuestring) : RG_CALL_OK;

    if (found < 0)
        return rg_json_fail(doc, node, err,
                            "unknown status (found '%.40s', expected ok, error, timeout, "
                            "rate_limited or invalid)",
                            node->valuestring);
    *out = (enum rg_call_status)found;
    return RG_OK;
}

/* The members of an attrs object in canonical form; NULL if there are none. */
static const char *
attributes(struct jsonl *j, const cJSON *node)
{
    rg_attrs_reset(&j->attrs);
    for (const cJSON *m = node ? node->child : NULL; m; m = m->next)
        rg_attrs_node(&j->attrs, m->string, m);
    return rg_attrs_text(&j->attrs);
}

static const char *
dataset(const struct jsonl *j, const cJSON *node)
{
    return j->im->options->dataset ? j->im->options->dataset : string(node, "");
}

static struct rg_place
line_place(const struct rg_json *doc)
{
    return (struct rg_place){.file = doc->file, .line = doc->line, .col = 1};
}

/* ---- prices ---- */

static struct price *
price_of(struct jsonl *j, const char *model)
{
    bool added;
    uint32_t i = rg_names_add(j->models, model, strlen(model), &added);

    if (added) {
        j->prices = rg_grow(j->prices, &j->prices_cap, j->n_prices + 1, sizeof *j->prices);
        j->prices[j->n_prices++] = (struct price){.input = NAN, .output = NAN};
    }
    return &j->prices[i];
}

/* Without a cost, tokens and prices give it. An explicit null says that it was not recorded and
 * shall not be made up: export writes it, so that what it wrote reads back the same. Returns the
 * price that was asked for, or NULL. */
static struct price *
derive_cost(struct jsonl *j, const struct rg_json *doc, struct rg_call_rec *rec)
{
    struct price *price;

    if (!isnan(rec->cost_usd) || rec->prompt_tokens < 0 || rec->completion_tokens < 0 ||
        cJSON_GetObjectItemCaseSensitive(doc->root, "cost_usd"))
        return NULL;
    price = price_of(j, rec->model);
    rec->cost_usd = ((double)rec->prompt_tokens * price->input +
                     (double)rec->completion_tokens * price->output) /
                    1e6;
    return price;
}

/* ---- kinds of lines ---- */

static enum rg_status
read_trace(struct jsonl *j, const struct rg_json *doc, struct rg_err *err)
{
    const cJSON *type, *version, *synthetic, *meta;
    const struct rg_json_key keys[] = {
        {"type", NAME, &type},
        {"version", RG_JSON_INT | RG_JSON_REQUIRED, &version},
        {"synthetic", TRUTH, &synthetic},
        {"meta", OBJECT, &meta},
    };
    enum rg_status rc = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);

    if (rc == RG_OK && version->valuedouble != RG_NATIVE_VERSION)
        rc = rg_json_fail(doc, version, err,
                          "unknown version of the format (found %.17g, "
                          "expected %d)",
                          version->valuedouble, RG_NATIVE_VERSION);
    if (rc == RG_OK && truth(synthetic) == RG_TRUE)
        rc = rg_store_put_meta(j->im->store, "synthetic", "true", err);
    for (const cJSON *m = meta && rc == RG_OK ? meta->child : NULL; m && rc == RG_OK; m = m->next) {
        if (!cJSON_IsString(m))
            rc = rg_json_fail(doc, m, err, "value of meta key '%.40s' is no string (found %s)",
                              m->string, rg_json_kind(m));
        else if (rg_native_reserved(m->string))
            rc = rg_json_fail(doc, m, err, "meta key '%s' is written by the program alone",
                              m->string);
        else
            rc = rg_store_put_meta(j->im->store, m->string, m->valuestring, err);
    }
    return rc;
}

/* A price that comes after calls which would have had their costs from it would make the result
 * depend on the order of the lines. */
static enum rg_status
check_price(const struct price *price, const struct rg_json *doc, const struct rg_model_rec *rec,
            struct rg_err *err)
{
    if (price->wanted && !isnan(rec->input_usd_per_mtok) && !isnan(rec->output_usd_per_mtok))
        return rg_json_fail(doc, doc->root, err,
                            "prices of model '%.80s' come after calls without cost_usd that need "
                            "them",
                            rec->name);
    return RG_OK;
}

static enum rg_status
read_model(struct jsonl *j, const struct rg_json *doc, struct rg_err *err)
{
    const cJSON *type, *name, *tier, *input, *output, *attrs;
    const struct rg_json_key keys[] = {
        {"type", NAME, &type},
        {"name", NAME, &name},
        {"tier", STRING, &tier},
        {"input_usd_per_mtok", NUMBER, &input},
        {"output_usd_per_mtok", NUMBER, &output},
        {"attrs", OBJECT, &attrs},
    };
    struct rg_place place = line_place(doc);
    struct rg_model_rec rec = {0};
    struct price *price;
    enum rg_put what;
    int t;
    enum rg_status rc = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);

    if (rc != RG_OK)
        return rc;
    t = rg_tier_parse(string(tier, "unknown"));
    if (t < 0)
        return rg_json_fail(doc, tier, err,
                            "unknown tier (found '%.40s', expected slm, llm or unknown)",
                            tier->valuestring);
    rec.name = name->valuestring;
    rec.tier = (enum rg_tier)t;
    rec.attrs = attributes(j, attrs);
    price = price_of(j, rec.name);
    if ((rc = rg_json_lines_amount(doc, input, &rec.input_usd_per_mtok, err)) != RG_OK ||
        (rc = rg_json_lines_amount(doc, output, &rec.output_usd_per_mtok, err)) != RG_OK ||
        (rc = check_price(price, doc, &rec, err)) != RG_OK ||
        (rc = rg_import_put_model(j->im, &rec, &what, &place, err)) != RG_OK)
        return rc;
    price->input = rec.input_usd_per_mtok; /* not before the line was kept */
    price->output = rec.output_usd_per_mtok;
    rg_import_count(j->im, what, &place);
    return RG_OK;
}

static enum rg_status
read_query(struct jsonl *j, const struct rg_json *doc, struct rg_err *err)
{
    const cJSON *type, *set, *id, *category, *text, *reference, *attrs;
    const struct rg_json_key keys[] = {
        {"type", NAME, &type},     {"dataset", STRING, &set},
        {"id", NAME, &id},         {"category", STRING, &category},
        {"text", STRING, &text},   {"reference", STRING, &reference},
        {"attrs", OBJECT, &attrs},
    };
    struct rg_place place = line_place(doc);
    struct rg_query_rec rec;
    enum rg_put what;
    enum rg_status rc = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);

    if (rc != RG_OK)
        return rc;
    rec = (struct rg_query_rec){
        .dataset = dataset(j, set),
        .id = id->valuestring,
        .category = string(category, NULL),
        .text = string(text, NULL),
        .reference = string(reference, NULL),
        .attrs = attributes(j, attrs),
    };
    rc = rg_import_put_query(j->im, &rec, &what, &place, err);
    if (rc == RG_OK)
        rg_import_count(j->im, what, &place);
    return rc;
}

static enum rg_status
read_kb(struct jsonl *j, const struct rg_json *doc, struct rg_err *err)
{
    const cJSON *type, *id, *title, *text, *attrs;
    const struct rg_json_key keys[] = {
        {"type", NAME, &type},   {"id", NAME, &id},         {"title", STRING, &title},
        {"text", STRING, &text}, {"attrs", OBJECT, &attrs},
    };
    struct rg_place place = line_place(doc);
    struct rg_kb_rec rec;
    enum rg_put what;
    enum rg_status rc = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);

    if (rc != RG_OK)
        return rc;
    rec = (struct rg_kb_rec){
        .id = id->valuestring,
        .title = string(title, NULL),
        .text = string(text, NULL),
        .attrs = attributes(j, attrs),
    };
    rc = rg_import_put_kb(j->im, &rec, &what, &place, err);
    if (rc == RG_OK)
        rg_import_count(j->im, what, &place);
    return rc;
}

/* Keys that calls and runs have in common, and what they say. */
struct outcome_keys {
    const cJSON *type, *set, *query, *memory, *contract, *sample, *status, *prompt_tokens,
        *completion_tokens, *cost, *latency, *score, *text, *prompt, *attrs;
};
#define OUTCOME_KEYS(k)                                                                            \
    {"type", NAME, &(k).type}, {"dataset", STRING, &(k).set}, {"query", NAME, &(k).query},         \
        {"memory", STRING, &(k).memory}, {"contract", TRUTH, &(k).contract},                       \
        {"sample", INTEGER, &(k).sample}, {"status", STRING, &(k).status},                         \
        {"prompt_tokens", INTEGER, &(k).prompt_tokens},                                            \
        {"completion_tokens", INTEGER, &(k).completion_tokens}, {"cost_usd", NUMBER, &(k).cost},   \
        {"latency_ms", NUMBER, &(k).latency}, {"score", NUMBER, &(k).score},                       \
        {"text", STRING, &(k).text}, {"prompt", STRING, &(k).prompt},                              \
    {                                                                                              \
        "attrs", OBJECT, &(k).attrs                                                                \
    }

/* The fields of a call that those keys fill; a run takes them over from there. */
static enum rg_status
read_outcome(struct jsonl *j, const struct rg_json *doc, const struct outcome_keys *k,
             struct rg_call_rec *rec, struct rg_err *err)
{
    enum rg_status rc;

    *rec = rg_call_rec_empty();
    rec->dataset = dataset(j, k->set);
    rec->query = k->query->valuestring;
    rec->memory = string(k->memory, "none");
    rec->contract = truth(k->contract);
    rec->score = number(k->score);
    rec->text = string(k->text, NULL);
    rec->prompt = string(k->prompt, NULL);
    rec->attrs = attributes(j, k->attrs);
    if ((rc = sample(doc, k->sample, &rec->sample, err)) != RG_OK ||
        (rc = call_status(doc, k->status, &rec->status, err)) != RG_OK ||
        (rc = tokens(doc, k->prompt_tokens, "prompt_tokens", &rec->prompt_tokens, err)) != RG_OK ||
        (rc = tokens(doc, k->completion_tokens, "completion_tokens", &rec->completion_tokens,
                     err)) != RG_OK ||
        (rc = rg_json_lines_amount(doc, k->cost, &rec->cost_usd, err)) != RG_OK)
        return rc;
    return rg_json_lines_amount(doc, k->latency, &rec->latency_ms, err);
}

static enum rg_status
read_call(struct jsonl *j, const struct rg_json *doc, struct rg_err *err)
{
    struct outcome_keys k;
    const cJSON *model, *ttft;
    const struct rg_json_key keys[] = {
        OUTCOME_KEYS(k),
        {"model", NAME, &model},
        {"ttft_ms", NUMBER, &ttft},
    };
    struct rg_place place = line_place(doc);
    struct rg_call_rec rec;
    struct price *price;
    uint64_t kept;
    enum rg_status rc = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);

    if (rc == RG_OK)
        rc = read_outcome(j, doc, &k, &rec, err);
    if (rc == RG_OK)
        rc = rg_json_lines_amount(doc, ttft, &rec.ttft_ms, err);
    if (rc != RG_OK)
        return rc;
    if (rec.ttft_ms > rec.latency_ms)
        return rg_json_fail(doc, ttft, err,
                            "ttft_ms is beyond latency_ms (found %.17g, expected at most %.17g)",
                            rec.ttft_ms, rec.latency_ms);
    rec.model = model->valuestring;
    price = derive_cost(j, doc, &rec);
    kept = j->im->report->calls;
    rc = rg_import_call(j->im, &rec, &place, err);
    if (!price || j->im->report->calls == kept)
        return rc;
    if (isnan(rec.cost_usd))
        price->wanted = true;
    else
        rg_import_note(j->im, "cost derived from tokens and prices", &place);
    return rc;
}

/* ["a", "b"] as "a>b"; NULL without a node. */
static enum rg_status
read_chain(struct jsonl *j, const struct rg_json *doc, const cJSON *node, const char **out,
           struct rg_err *err)
{
    *out = NULL;
    rg_buf_reset(&j->chain);
    for (const cJSON *m = node ? node->child : NULL; m; m = m->next) {
        if (!cJSON_IsString(m) || !*m->valuestring || strchr(m->valuestring, '>'))
            return rg_json_fail(doc, m, err,
                                "bad model in a chain (found %s, expected a name without '>')",
                                cJSON_IsString(m) ? m->valuestring : rg_json_kind(m));
        if (m != node->child)
            rg_buf_putc(&j->chain, '>');
        rg_buf_puts(&j->chain, m->valuestring);
    }
    if (node)
        *out = rg_buf_text(&j->chain);
    return RG_OK;
}

static enum rg_status
read_run(struct jsonl *j, const struct rg_json *doc, struct rg_err *err)
{
    struct outcome_keys k;
    const cJSON *config, *chain, *model, *escalated;
    const struct rg_json_key keys[] = {
        OUTCOME_KEYS(k),
        {"config", NAME, &config},
        {"chain", RG_JSON_ARRAY | RG_JSON_NULL, &chain},
        {"model", STRING, &model},
        {"escalated", TRUTH, &escalated},
    };
    struct rg_place place = line_place(doc);
    struct rg_call_rec c;
    struct rg_run_rec rec;
    enum rg_status rc = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);

    if (rc == RG_OK)
        rc = read_outcome(j, doc, &k, &c, err);
    if (rc != RG_OK)
        return rc;
    rec = (struct rg_run_rec){
        .dataset = c.dataset,
        .query = c.query,
        .config = config->valuestring,
        .sample = c.sample,
        .memory = c.memory,
        .contract = c.contract,
        .model = string(model, NULL),
        .escalated = truth(escalated),
        .status = c.status,
        .prompt_tokens = c.prompt_tokens,
        .completion_tokens = c.completion_tokens,
        .cost_usd = c.cost_usd,
        .latency_ms = c.latency_ms,
        .score = c.score,
        .text = c.text,
        .prompt = c.prompt,
        .attrs = c.attrs,
    };
    rc = read_chain(j, doc, chain, &rec.chain, err);
    return rc == RG_OK ? rg_import_run_rec(j->im, &rec, &place, err) : rc;
}

static enum rg_status
read_values(struct jsonl *j, const struct rg_json *doc, const cJSON *array, uint32_t *n,
            struct rg_err *err)
{
    *n = 0;
    for (const cJSON *m = array->child; m; m = m->next) {
        if (!cJSON_IsNumber(m) || !(fabs(m->valuedouble) < FLOAT_END))
            return rg_json_fail(doc, m, err,
                                "bad value (found %s, expected a number within the range of a "
                                "32-bit float)",
                                rg_json_kind(m));
        j->values = rg_grow(j->values, &j->values_cap, *n + 1, sizeof *j->values);
        j->values[(*n)++] = (float)m->valuedouble;
    }
    return RG_OK;
}

static enum rg_status
read_embedding(struct jsonl *j, const struct rg_json *doc, struct rg_err *err)
{
    const cJSON *type, *set, *query, *space, *values;
    const struct rg_json_key keys[] = {
        {"type", NAME, &type},
        {"dataset", STRING, &set},
        {"query", NAME, &query},
        {"space", NAME, &space},
        {"values", RG_JSON_ARRAY | RG_JSON_REQUIRED, &values},
    };
    struct rg_place place = line_place(doc);
    struct rg_embedding_rec rec;
    enum rg_put what;
    uint32_t n;
    enum rg_status rc = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);

    if (rc == RG_OK)
        rc = read_values(j, doc, values, &n, err);
    if (rc != RG_OK)
        return rc;
    rec = (struct rg_embedding_rec){
        .dataset = dataset(j, set),
        .query = query->valuestring,
        .space = space->valuestring,
        .values = j->values,
        .n = n,
    };
    rc = rg_import_put_embedding(j->im, &rec, &what, &place, err);
    if (rc == RG_OK)
        rg_import_count(j->im, what, &place);
    return rc;
}

static enum rg_status
read_arrival(struct jsonl *j, const struct rg_json *doc, struct rg_err *err)
{
    const cJSON *type, *at, *set, *query, *prompt, *completion;
    const struct rg_json_key keys[] = {
        {"type", NAME, &type},
        {"at_s", RG_JSON_NUMBER | RG_JSON_REQUIRED, &at},
        {"dataset", STRING, &set},
        {"query", STRING, &query},
        {"prompt_tokens", INTEGER, &prompt},
        {"completion_tokens", INTEGER, &completion},
    };
    struct rg_place place = line_place(doc);
    struct rg_arrival_rec rec = {0};
    enum rg_status rc = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);

    if (rc != RG_OK)
        return rc;
    rec.query = string(query, NULL);
    rec.dataset = rec.query ? dataset(j, set) : NULL;
    if ((rc = rg_json_lines_amount(doc, at, &rec.at_s, err)) != RG_OK ||
        (rc = tokens(doc, prompt, "prompt_tokens", &rec.prompt_tokens, err)) != RG_OK ||
        (rc = tokens(doc, completion, "completion_tokens", &rec.completion_tokens, err)) != RG_OK ||
        (rc = rg_import_put_arrival(j->im, &rec, &place, err)) != RG_OK)
        return rc;
    rg_import_count(j->im, RG_PUT_NEW, &place);
    return RG_OK;
}

/* ---- lines ---- */

static const struct kind {
    const char *name;
    enum rg_status (*read)(struct jsonl *j, const struct rg_json *doc, struct rg_err *err);
} kinds[] = {
    {"call", read_call},   {"query", read_query},         {"run", read_run},
    {"model", read_model}, {"embedding", read_embedding}, {"arrival", read_arrival},
    {"kb", read_kb},       {"trace", read_trace},
};

static const struct kind *
find_kind(const char *name)
{
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* What the line is; a file must begin with a line of type trace, others may follow. */
static enum rg_status
line_kind(struct jsonl *j, const struct rg_json *doc, const struct kind **out, struct rg_err *err)
{
    const cJSON *type = NULL;

    if (!cJSON_IsObject(doc->root))
        return rg_json_fail(doc, doc->root, err, "no record (found %s, expected an object)",
                            rg_json_kind(doc->root));
    type = cJSON_GetObjectItemCaseSensitive(doc->root, "type");
    if (!cJSON_IsString(type))
        return rg_json_fail(doc, type ? type : doc->root, err, "a record has a \"type\" (found %s)",
                            type ? rg_json_kind(type) : "none");
    *out = find_kind(type->valuestring);
    if (!*out)
        return rg_json_fail(doc, type, err,
                            "unknown type of a record (found '%.40s', expected trace, model, "
                            "query, kb, call, run, embedding or arrival)",
                            type->valuestring);
    if (!j->begun && (*out)->read != read_trace)
        return rg_json_fail(doc, type, err,
                            "the first line must be of type trace (found %s, expected "
                            "{\"type\":\"trace\",\"version\":%d})",
                            (*out)->name, RG_NATIVE_VERSION);
    return RG_OK;
}

static enum rg_status
read_line(void *ctx, const struct rg_json *doc, struct rg_err *err)
{
    struct jsonl *j = ctx;
    const struct kind *kind = NULL;
    bool first = !j->begun;
    enum rg_status rc = line_kind(j, doc, &kind, err);

    if (rc == RG_OK)
        rc = kind->read(j, doc, err);
    if (rc != RG_OK && first)
        return rc; /* not this format, or not this version: go no further */
    j->begun = true;
    return rc == RG_OK ? RG_OK : rg_import_reject(j->im, "bad record", err);
}

enum rg_status
rg_import_jsonl_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct jsonl j = {.im = im, .models = rg_names_new()};
    enum rg_status rc = rg_json_lines_each(im, path, read_line, &j, err);

    if (rc == RG_OK && !j.begun)
        rc = rg_err_set(err, RG_EINPUT,
                        "%s: no trace (found nothing, expected a first line of type trace)", path);
    rg_names_free(j.models);
    free(j.prices);
    rg_attrs_clear(&j.attrs);
    rg_buf_clear(&j.chain);
    free(j.values);
    return rc;
}

bool
rg_import_jsonl_detect(const struct rg_import_head *head)
{
    const char *key = "\"type\"";
    const char *s = head->data + strspn(head->data, " \t\r\n");
    const char *end = strchr(s, '\n');

    if (*s != '{')
        return false;
    s = strstr(s, key);
    if (!s || (end && s > end))
        return false;
    s += strlen(key);
    s += strspn(s, " \t");
    if (*s++ != ':')
        return false;
    s += strspn(s, " \t");
    if (*s++ != '"')
        return false;
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        size_t n = strlen(kinds[i].name);

        if (strncmp(s, kinds[i].name, n) == 0 && s[n] == '"')
            return true;
    }
    return false;
}
