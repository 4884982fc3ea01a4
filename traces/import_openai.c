/* Logs of chat completions: a line holds a request and its response, as the chat completion API has
 * them, or one of them and an id that joins them (the batch API's input and output files, the input
 * first).
 *
 *     {"request": {"model", "messages", ...}, "response": {"model", "choices", "usage", ...},
 *      "latency_ms": 812, "score": 1}
 *     {"custom_id": "a", "method": "POST", "url": "...", "body": {"model", "messages", ...}}
 *     {"custom_id": "a", "response": {"status_code": 200, "body": {...}}, "error": null}
 *
 * Equal messages are one query, whichever model answered them: its id is the custom_id, else a hash
 * of the messages; what a model answered again is its next sample. The query's text is the last
 * message of the user, the prompt all messages where there are more. */
#include "traces/importers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/mem.h"
#include "base/names.h"
#include "traces/attrs.h"
#include "traces/json_lines.h"

enum { SAMPLES = UINT16_MAX };

/* A request that waits for its response. */
struct request {
    char *query, *text, *prompt, *model;
};

struct log {
    struct rg_names *ids; /* custom ids, which number the requests */
    struct request *requests;
    size_t n, cap;
    struct rg_names *asked; /* dataset, query and model; numbers next */
    uint32_t *next;         /* the next free sample */
    size_t n_asked, asked_cap;
    struct rg_attrs attrs;
    struct rg_buf text, prompt, answer, key;
    char id[20];
};

static void
free_log(void *state)
{
    struct log *log = state;

    for (size_t i = 0; i < log->n; i++) {
        free(log->requests[i].query);
        free(log->requests[i].text);
        free(log->requests[i].prompt);
        free(log->requests[i].model);
    }
    free(log->requests);
    rg_names_free(log->ids);
    rg_names_free(log->asked);
    free(log->next);
    rg_attrs_clear(&log->attrs);
    rg_buf_clear(&log->text);
    rg_buf_clear(&log->prompt);
    rg_buf_clear(&log->answer);
    rg_buf_clear(&log->key);
    free(log);
}

static struct log *
log_of(struct rg_import *im)
{
    void **state = rg_import_state(im, free_log);

    if (!*state) {
        struct log *log = rg_zalloc(1, sizeof *log);

        log->ids = rg_names_new();
        log->asked = rg_names_new();
        *state = log;
    }
    return *state;
}

bool
rg_import_openai_detect(const struct rg_import_head *head)
{
    static const char *const both[] = {"request", "response"},
                             *const sent[] = {"custom_id", "body"},
                             *const got[] = {"custom_id", "response"};

    return rg_json_lines_detect(head, both, 2) || rg_json_lines_detect(head, sent, 2) ||
           rg_json_lines_detect(head, got, 2);
}

/* ---- the line ---- */

struct line {
    const struct rg_json *doc;
    const cJSON *custom_id, *request, *response, *error, *latency, *ttft, *cost, *score, *category,
        *status_code;
    struct rg_place place;
};

static const cJSON *
member(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static const char *
string(const cJSON *node)
{
    return cJSON_IsString(node) && *node->valuestring ? node->valuestring : NULL;
}

static enum rg_status
read_top(struct rg_import *im, struct line *l, struct rg_err *err)
{
    const unsigned object = RG_JSON_OBJECT | RG_JSON_NULL, amount = RG_JSON_NUMBER | RG_JSON_NULL;
    const cJSON *body, *method, *url, *id;
    const struct rg_json_key keys[] = {
        {"custom_id", RG_JSON_STRING | RG_JSON_NULL, &l->custom_id},
        {"request", object, &l->request},
        {"body", object, &body},
        {"response", object, &l->response},
        {"error", RG_JSON_ANY, &l->error},
        {"latency_ms", amount, &l->latency},
        {"ttft_ms", amount, &l->ttft},
        {"cost_usd", amount, &l->cost},
        {"score", amount, &l->score},
        {"category", RG_JSON_STRING | RG_JSON_NULL, &l->category},
        {"status_code", RG_JSON_INT | RG_JSON_NULL, &l->status_code},
        {"method", RG_JSON_ANY, &method},
        {"url", RG_JSON_ANY, &url},
        {"id", RG_JSON_ANY, &id},
    };
    struct rg_json_extra extra = {0};
    enum rg_status status =
        rg_json_object(l->doc, l->doc->root, keys, sizeof keys / sizeof *keys, &extra, err);

    for (size_t i = 0; i < extra.n && status == RG_OK; i++) {
        struct rg_place place = rg_json_place(l->doc, extra.nodes[i]);
        struct rg_buf what = {0};

        rg_buf_printf(&what, "unknown key %.80s, not kept", extra.nodes[i]->string);
        rg_import_note(im, rg_buf_text(&what), &place);
        rg_buf_clear(&what);
    }
    free(extra.nodes);
    if (status != RG_OK)
        return status;
    if (!l->request)
        l->request = body;
    if (member(l->response, "status_code"))
        l->status_code = member(l->response, "status_code");
    if (member(l->response, "body"))
        l->response = member(l->response, "body");
    if (!l->error)
        l->error = member(l->response, "error");
    return RG_OK;
}

/* ---- messages ---- */

/* A message's content: a text, or a list of parts of which the texts count. */
static void
put_content(struct rg_import *im, const struct line *l, const cJSON *content, struct rg_buf *out)
{
    if (cJSON_IsString(content)) {
        rg_buf_puts(out, content->valuestring);
        return;
    }
    for (const cJSON *part = cJSON_IsArray(content) ? content->child : NULL; part;
         part = part->next) {
        struct rg_place place = rg_json_place(l->doc, part);
        const char *text = string(member(part, "text"));

        if (text)
            rg_buf_puts(out, text);
        else
            rg_import_note(im, "part of a message that is no text, not kept", &place);
    }
}

/* All messages into log->prompt, the last one of the user into log->text. */
static enum rg_status
read_messages(struct rg_import *im, struct log *log, const struct line *l, bool *many,
              struct rg_err *err)
{
    const cJSON *list = member(l->request, "messages");

    rg_buf_reset(&log->text);
    rg_buf_reset(&log->prompt);
    if (!cJSON_IsArray(list) || !list->child)
        return rg_json_fail(l->doc, list ? list : l->request, err,
                            "a request without messages (found %s)",
                            list ? rg_json_kind(list) : "none");
    *many = list->child->next != NULL;
    for (const cJSON *m = list->child; m; m = m->next) {
        const char *role = string(member(m, "role"));

        if (!role)
            return rg_json_fail(l->doc, m, err, "a message without its role");
        rg_buf_printf(&log->prompt, "%s%s: ", log->prompt.len > 0 ? "\n\n" : "", role);
        put_content(im, l, member(m, "content"), &log->prompt);
        if (strcmp(role, "user") == 0) {
            rg_buf_reset(&log->text);
            put_content(im, l, member(m, "content"), &log->text);
        }
    }
    return RG_OK;
}

static char *
copy(const char *s)
{
    return s ? rg_strdup(s) : NULL;
}

/* A request alone waits under its id. */
static enum rg_status
keep_request(struct rg_import *im, struct log *log, const struct line *l, struct rg_err *err)
{
    const char *id = string(l->custom_id);
    bool added, many = false;

    if (!id)
        return rg_json_fail(l->doc, l->doc->root, err, "a request without response or custom_id");
    if (read_messages(im, log, l, &many, err) != RG_OK)
        return err->status;
    rg_names_add(log->ids, id, strlen(id), &added);
    if (!added)
        return rg_json_fail(l->doc, l->custom_id, err, "custom_id '%.80s' comes twice", id);
    log->requests = rg_grow(log->requests, &log->cap, log->n + 1, sizeof *log->requests);
    log->requests[log->n++] = (struct request){
        .query = rg_strdup(id),
        .text = copy(rg_buf_text(&log->text)),
        .prompt = many ? copy(rg_buf_text(&log->prompt)) : NULL,
        .model = copy(string(member(l->request, "model"))),
    };
    return RG_OK;
}

/* The request that a line's response answers, its own or one that waits; borrowed strings. */
static enum rg_status
find_request(struct rg_import *im, struct log *log, const struct line *l, struct request *out,
             struct rg_err *err)
{
    char *id = l->custom_id ? l->custom_id->valuestring : NULL;
    bool many = false;
    uint32_t i;

    if (!l->request) {
        i = id ? rg_names_find(log->ids, id, strlen(id)) : RG_NAMES_NONE;
        if (i == RG_NAMES_NONE)
            return rg_json_fail(l->doc, l->doc->root, err,
                                "a response without its request (name the file of requests first)");
        *out = log->requests[i];
        return RG_OK;
    }
    if (read_messages(im, log, l, &many, err) != RG_OK)
        return err->status;
    snprintf(log->id, sizeof log->id, "%016" PRIx64,
             (uint64_t)XXH3_64bits(rg_buf_text(&log->prompt), log->prompt.len));
    *out = (struct request){
        .query = id && *id ? id : log->id,
        .text = log->text.len > 0 ? log->text.data : NULL,
        .prompt = many ? log->prompt.data : NULL,
        .model =
            string(member(l->request, "model")) ? member(l->request, "model")->valuestring : NULL,
    };
    return RG_OK;
}

/* ---- the response ---- */

static const cJSON *
first_choice(const struct line *l)
{
    const cJSON *choices = member(l->response, "choices");

    return cJSON_IsArray(choices) ? choices->child : NULL;
}

static enum rg_status
check_choices(const struct line *l, struct rg_err *err)
{
    const cJSON *choices = member(l->response, "choices"), *choice = first_choice(l);

    if (choices && !cJSON_IsArray(choices) && !cJSON_IsNull(choices))
        return rg_json_fail(l->doc, choices, err, "choices are no array (found %s)",
                            rg_json_kind(choices));
    if (choice && !cJSON_IsObject(choice))
        return rg_json_fail(l->doc, choice, err, "a choice is no object (found %s)",
                            rg_json_kind(choice));
    return RG_OK;
}

static enum rg_call_status
status_of(struct rg_import *im, const struct line *l)
{
    double code = cJSON_IsNumber(l->status_code) ? l->status_code->valuedouble : 200;
    bool error = l->error && !cJSON_IsNull(l->error) && !cJSON_IsFalse(l->error);

    if (!error && code < 400 && l->response && first_choice(l))
        return RG_CALL_OK;
    if (!error && code < 400 && l->response) {
        rg_import_note(im, "response without choices (status error)", &l->place);
        return RG_CALL_ERROR;
    }
    rg_import_note(im, "failed call (status error, timeout or rate_limited)", &l->place);
    if (code == 429)
        return RG_CALL_RATE_LIMITED;
    return code == 408 || code == 504 ? RG_CALL_TIMEOUT : RG_CALL_ERROR;
}

static enum rg_status
count(const struct line *l, const cJSON *usage, const char *name, int64_t *out, struct rg_err *err)
{
    const cJSON *node = member(usage, name);

    *out = -1;
    if (!node || cJSON_IsNull(node))
        return RG_OK;
    if (!cJSON_IsNumber(node) || node->valuedouble != floor(node->valuedouble) ||
        node->valuedouble < 0 || node->valuedouble > INT32_MAX)
        return rg_json_fail(l->doc, node, err, "%s is no count of tokens (found %s)", name,
                            cJSON_IsNumber(node) ? "a number out of range" : rg_json_kind(node));
    *out = (int64_t)node->valuedouble;
    return RG_OK;
}

static enum rg_status
read_usage(struct rg_import *im, const struct line *l, struct rg_call_rec *rec, struct rg_err *err)
{
    const cJSON *usage = member(l->response, "usage");
    const cJSON *cost = l->cost ? l->cost : member(usage, "cost");

    if (count(l, usage, "prompt_tokens", &rec->prompt_tokens, err) != RG_OK ||
        count(l, usage, "completion_tokens", &rec->completion_tokens, err) != RG_OK ||
        rg_json_lines_amount(l->doc, cJSON_IsNumber(cost) ? cost : NULL, &rec->cost_usd, err) !=
            RG_OK ||
        rg_json_lines_amount(l->doc, l->latency, &rec->latency_ms, err) != RG_OK)
        return err->status;
    if (rec->status == RG_CALL_OK && !usage)
        rg_import_note(im, "response without its usage", &l->place);
    return rg_json_lines_amount(l->doc, l->ttft, &rec->ttft_ms, err);
}

/* The first choice's text, or its calls of tools as JSON; NULL when there is neither. */
static const char *
answer(struct rg_import *im, struct log *log, const struct line *l)
{
    const cJSON *choice = first_choice(l);
    const cJSON *message = member(choice, "message");
    const cJSON *tools = member(message, "tool_calls");
    const char *reason = string(member(choice, "finish_reason"));

    rg_buf_reset(&log->answer);
    if (choice && choice->next)
        rg_import_note(im, "further choices of a response, not kept", &l->place);
    if (reason && strcmp(reason, "length") == 0)
        rg_import_note(im, "answer cut at the limit of tokens", &l->place);
    put_content(im, l, member(message, "content"), &log->answer);
    if (log->answer.len == 0 && cJSON_IsArray(tools))
        rg_json_put_node(&log->answer, tools);
    return log->answer.len > 0 ? log->answer.data : NULL;
}

static void
collect_attrs(struct log *log, const struct line *l, const char *asked, const char *answered)
{
    const cJSON *reason = member(first_choice(l), "finish_reason");

    rg_attrs_reset(&log->attrs);
    if (answered && asked && strcmp(asked, answered) != 0)
        rg_attrs_string(&log->attrs, "answered_by", answered, strlen(answered));
    if (cJSON_IsObject(l->error))
        rg_attrs_node(&log->attrs, "error", l->error);
    if (string(reason))
        rg_attrs_string(&log->attrs, "finish_reason", reason->valuestring,
                        strlen(reason->valuestring));
}

/* The next free sample of a model on a query. */
static uint32_t *
sample(struct log *log, const struct rg_call_rec *rec)
{
    bool added;
    uint32_t i;

    rg_buf_reset(&log->key);
    rg_buf_add(&log->key, rec->dataset, strlen(rec->dataset) + 1);
    rg_buf_add(&log->key, rec->query, strlen(rec->query) + 1);
    rg_buf_puts(&log->key, rec->model);
    i = rg_names_add(log->asked, log->key.data, log->key.len, &added);
    if (added) {
        log->next = rg_grow(log->next, &log->asked_cap, log->n_asked + 1, sizeof *log->next);
        log->next[log->n_asked++] = 0;
    }
    return &log->next[i];
}

static enum rg_status
put_exchange(struct rg_import *im, struct log *log, const struct line *l, struct rg_err *err)
{
    const char *answered = string(member(l->response, "model"));
    struct rg_call_rec rec = rg_call_rec_empty();
    struct rg_query_rec query = {.dataset = im->options->dataset ? im->options->dataset : "log"};
    struct request request = {0};
    uint32_t *next;

    if (find_request(im, log, l, &request, err) != RG_OK || check_choices(l, err) != RG_OK)
        return err->status;
    rec.status = status_of(im, l);
    rec.model = request.model ? request.model : answered;
    if (!rec.model)
        return rg_json_fail(l->doc, l->doc->root, err, "neither request nor response has a model");
    if (read_usage(im, l, &rec, err) != RG_OK)
        return err->status;
    query.id = request.query;
    query.text = request.text;
    query.category = string(l->category);
    if (rg_import_query(im, &query, &l->place, err) != RG_OK)
        return err->status;
    rec.dataset = query.dataset;
    rec.query = query.id;
    rec.score = l->score ? l->score->valuedouble : NAN;
    rec.text = answer(im, log, l);
    rec.prompt = request.prompt;
    collect_attrs(log, l, request.model, answered);
    rec.attrs = rg_attrs_text(&log->attrs);
    next = sample(log, &rec);
    if (*next > SAMPLES)
        return rg_json_fail(l->doc, l->doc->root, err, "more than %d answers of one model",
                            SAMPLES);
    rec.sample = (*next)++;
    return rg_import_call(im, &rec, &l->place, err);
}

static enum rg_status
read_line(void *ctx, const struct rg_json *doc, struct rg_err *err)
{
    struct rg_import *im = ctx;
    struct log *log = log_of(im);
    struct line l = {.doc = doc, .place = {doc->file, doc->line, 1}};
    enum rg_status status = read_top(im, &l, err);

    if (status == RG_OK && l.request && !l.response && (!l.error || cJSON_IsNull(l.error))) {
        status = keep_request(im, log, &l, err);
        if (status == RG_OK)
            rg_import_note(im, "request, kept for its response", &l.place);
    } else if (status == RG_OK) {
        status = put_exchange(im, log, &l, err);
    }
    return status == RG_OK ? RG_OK : rg_import_reject(im, "bad line", err);
}

enum rg_status
rg_import_openai_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    return rg_json_lines_each(im, path, read_line, im, err);
}
