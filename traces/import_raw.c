/* RouterGym's raw result lines: one JSON object per router, memory, model cell and ticket, in three
 * generations of 27, 30 and 45 keys. Every line is a recorded run.
 *
 * The names of the files say which cell they hold, but files were overwritten by the recording
 * project's own tests, so keys come from the lines alone: the four model cells of a router and a
 * memory become samples 0, 1, 2, 3 of one configuration in the order in which they are read. Lines
 * that the tests left behind are kept with status invalid; a client's placeholder for a failed call
 * is an error, never an answer. */
#include "traces/importers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "base/utf8.h"
#include "traces/attrs.h"
#include "traces/import_routergym.h"
#include "traces/json_lines.h"

enum { IN_27 = 1, IN_30 = 2, IN_45 = 4, IN_ALL = 7 };

enum use {
    OWN,    /* a field of the record, or checked */
    SCALAR, /* an attribute */
    WHOLE,  /* an object kept as an attribute */
    COUNT,  /* an array of which the length is kept */
    LENGTH, /* a text of which the length is kept */
    LEFT,   /* left out with a remark */
};

enum {
    TICKET_ID,
    ROUTER,
    MEMORY,
    TARGET_MODEL,
    KB_ATTACHED,
    ROUTING_META,
    MEMORY_CONTEXT,
    RESULT,
    ACCURACY,
    GROUNDEDNESS,
    SCHEMA_VALIDITY,
    LATENCY_MS,
    COST_USD,
    OUTPUT,
    MODEL_USED,
    JSON_VALID,
    SCHEMA_VALID,
    PREDICTED_CATEGORY,
    GOLD_CATEGORY,
    ROUTING_TIME,
    RETRIEVAL_TIME,
    GENERATION_TIME,
    REPAIR_TIME,
    METRICS_TIME,
    LATENCY_ESCALATED,
    PROMPT,
    KB_SNIPPETS,
    CLASSIFIER_LABEL,
    CLASSIFIER_CONFIDENCE,
    CLASSIFIER_PROBS,
    CLASSIFIER_PROBABILITIES,
    CLASSIFIER_MODE,
    CLASSIFIER_LATENCY_MS,
    CLASSIFIER_TOKEN_COST,
    CLASSIFIER_ACCURACY,
    CLASSIFIER_EFFICIENCY,
    CLASSIFIER_METADATA,
    MEMORY_MODE,
    MEMORY_RELEVANCE,
    MEMORY_COST_TOKENS,
    MEMORY_CONTEXT_USED,
    MEMORY_METADATA,
    RETRIEVAL_LATENCY_MS,
    CONTEXT_LENGTH,
    ROUTER_CONFIDENCE,
    ROUTER_REASON,
    N_KEYS
};

static const struct {
    const char *name;
    unsigned type;
    int generations;
    enum use use;
    const char *as; /* name of the attribute when it is not the key's */
} keys[N_KEYS] = {
    [TICKET_ID] = {"ticket_id", RG_JSON_INT | RG_JSON_STRING, IN_ALL, OWN, NULL},
    [ROUTER] = {"router", RG_JSON_STRING, IN_ALL, SCALAR, NULL},
    [MEMORY] = {"memory", RG_JSON_STRING, IN_ALL, OWN, NULL},
    [TARGET_MODEL] = {"target_model", RG_JSON_STRING, IN_ALL, SCALAR, NULL},
    [KB_ATTACHED] = {"kb_attached", RG_JSON_BOOL, IN_ALL, SCALAR, NULL},
    [ROUTING_META] = {"routing_meta", RG_JSON_OBJECT, IN_ALL, OWN, NULL},
    [MEMORY_CONTEXT] = {"memory_context", RG_JSON_STRING, IN_ALL, LENGTH, "memory_context_length"},
    [RESULT] = {"result", RG_JSON_STRING, IN_ALL, SCALAR, NULL},
    [ACCURACY] = {"accuracy", RG_JSON_NUMBER, IN_ALL, SCALAR, NULL},
    [GROUNDEDNESS] = {"groundedness", RG_JSON_NUMBER, IN_ALL, SCALAR, NULL},
    [SCHEMA_VALIDITY] = {"schema_validity", RG_JSON_NUMBER, IN_ALL, SCALAR, NULL},
    [LATENCY_MS] = {"latency_ms", RG_JSON_NUMBER, IN_ALL, OWN, NULL},
    [COST_USD] = {"cost_usd", RG_JSON_NUMBER, IN_ALL, OWN, NULL},
    [OUTPUT] = {"output", RG_JSON_OBJECT, IN_ALL, OWN, NULL},
    [MODEL_USED] = {"model_used", RG_JSON_STRING, IN_ALL, SCALAR, NULL},
    [JSON_VALID] = {"json_valid", RG_JSON_BOOL, IN_ALL, SCALAR, NULL},
    [SCHEMA_VALID] = {"schema_valid", RG_JSON_BOOL, IN_ALL, SCALAR, NULL},
    [PREDICTED_CATEGORY] = {"predicted_category", RG_JSON_STRING, IN_ALL, SCALAR, NULL},
    [GOLD_CATEGORY] = {"gold_category", RG_JSON_STRING, IN_ALL, SCALAR, NULL},
    [ROUTING_TIME] = {"routing_time", RG_JSON_NUMBER, IN_ALL, SCALAR, NULL},
    [RETRIEVAL_TIME] = {"retrieval_time", RG_JSON_NUMBER, IN_ALL, SCALAR, NULL},
    [GENERATION_TIME] = {"generation_time", RG_JSON_NUMBER, IN_ALL, SCALAR, NULL},
    [REPAIR_TIME] = {"repair_time", RG_JSON_NUMBER, IN_ALL, SCALAR, NULL},
    [METRICS_TIME] = {"metrics_time", RG_JSON_NUMBER, IN_ALL, SCALAR, NULL},
    [LATENCY_ESCALATED] = {"latency_escalated", RG_JSON_BOOL, IN_ALL, SCALAR, NULL},
    [PROMPT] = {"prompt", RG_JSON_STRING, IN_ALL, OWN, NULL},
    [KB_SNIPPETS] = {"kb_snippets", RG_JSON_ARRAY, IN_ALL, COUNT, "kb_snippet_count"},
    [CLASSIFIER_LABEL] = {"classifier_label", RG_JSON_STRING, IN_30 | IN_45, SCALAR, NULL},
    [CLASSIFIER_CONFIDENCE] = {"classifier_confidence", RG_JSON_NUMBER, IN_30 | IN_45, SCALAR,
                               NULL},
    [CLASSIFIER_PROBS] = {"classifier_probs", RG_JSON_OBJECT, IN_30, WHOLE, NULL},
    [CLASSIFIER_PROBABILITIES] = {"classifier_probabilities", RG_JSON_OBJECT, IN_45, WHOLE, NULL},
    [CLASSIFIER_MODE] = {"classifier_mode", RG_JSON_STRING, IN_45, SCALAR, NULL},
    [CLASSIFIER_LATENCY_MS] = {"classifier_latency_ms", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [CLASSIFIER_TOKEN_COST] = {"classifier_token_cost", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [CLASSIFIER_ACCURACY] = {"classifier_accuracy", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [CLASSIFIER_EFFICIENCY] = {"classifier_efficiency_score", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [CLASSIFIER_METADATA] = {"classifier_metadata", RG_JSON_OBJECT, IN_45, WHOLE, NULL},
    [MEMORY_MODE] = {"memory_mode", RG_JSON_STRING, IN_45, SCALAR, NULL},
    [MEMORY_RELEVANCE] = {"memory_relevance_score", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [MEMORY_COST_TOKENS] = {"memory_cost_tokens", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [MEMORY_CONTEXT_USED] = {"memory_context_used", RG_JSON_STRING, IN_45, LENGTH,
                             "memory_context_used_length"},
    [MEMORY_METADATA] = {"memory_retrieval_metadata", RG_JSON_OBJECT, IN_45, LEFT, NULL},
    [RETRIEVAL_LATENCY_MS] = {"retrieval_latency_ms", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [CONTEXT_LENGTH] = {"retrieved_context_length", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [ROUTER_CONFIDENCE] = {"router_confidence_score", RG_JSON_NUMBER, IN_45, SCALAR, NULL},
    [ROUTER_REASON] = {"router_decision_reason", RG_JSON_STRING, IN_45, SCALAR, NULL},
};

/* What is kept from file to file. */
struct seen {
    struct rg_names *keys; /* configuration and ticket */
    uint32_t *free_sample; /* of each: the samples below are taken */
    size_t n, cap;
    struct rg_names *contents; /* hashes of runs stored, but for their sample */
    struct rg_buf buf;
};

static const char *const routers[] = {"llm_first", "slm_dominant", "hybrid_specialist"};

struct raw {
    struct rg_import *im;
    struct seen *seen;
    struct rg_names *models_seen;
    struct rg_attrs attrs;
    const char *reason;
    /* the line at hand */
    const struct rg_json *doc;
    const cJSON *node[N_KEYS];
    char ticket[RG_NUM_MAX]; /* ticket_id as text when it is a number */
    struct rg_place place;
    const char *model;  /* slm or llm */
    const char *answer; /* final_answer, "" if there is none */
    enum rg_call_status status;
    bool stub;
    double cost_usd, latency_ms;
};

bool
rg_import_raw_detect(const struct rg_import_head *head)
{
    static const char *const names[] = {"ticket_id", "router", "memory", "routing_meta"};

    return rg_json_lines_detect(head, names, sizeof names / sizeof *names);
}

static const char *
text_of(const struct raw *r, int key)
{
    return r->node[key] ? r->node[key]->valuestring : "";
}

/* ---- reading a line ---- */

/* The keys of a line are those of one generation, all and no other. */
static enum rg_status
check_generation(const struct raw *r, struct rg_err *err)
{
    int generation = r->node[CLASSIFIER_MODE] ? IN_45 : r->node[CLASSIFIER_PROBS] ? IN_30 : IN_27;
    int n = generation == IN_45 ? 45 : generation == IN_30 ? 30 : 27;

    for (size_t i = 0; i < N_KEYS; i++) {
        bool expected = (keys[i].generations & generation) != 0;

        if (expected && !r->node[i])
            return rg_json_fail(r->doc, r->doc->root, err,
                                "key \"%s\" is missing (expected the %d keys of this kind of line)",
                                keys[i].name, n);
        if (!expected && r->node[i])
            return rg_json_fail(r->doc, r->node[i], err,
                                "unexpected key \"%s\" (expected the %d keys of this kind of line)",
                                keys[i].name, n);
    }
    return RG_OK;
}

static enum rg_status
read_keys(struct raw *r, struct rg_err *err)
{
    struct rg_json_key table[N_KEYS];
    enum rg_status status;

    for (size_t i = 0; i < N_KEYS; i++)
        table[i] = (struct rg_json_key){keys[i].name, keys[i].type, &r->node[i]};
    r->reason = "unknown, missing or mistyped key";
    status = rg_json_object(r->doc, r->doc->root, table, N_KEYS, NULL, err);
    return status ? status : check_generation(r, err);
}

static enum rg_status
check_name(const struct raw *r, int key, const char *const *names, size_t n, struct rg_err *err)
{
    const char *found = text_of(r, key);
    struct rg_buf known = {0};
    enum rg_status status;

    for (size_t i = 0; i < n; i++)
        if (strcmp(found, names[i]) == 0)
            return RG_OK;
    for (size_t i = 0; i < n; i++)
        rg_buf_printf(&known, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", names[i]);
    status = rg_json_fail(r->doc, r->node[key], err, "unknown %s (found \"%s\", expected %s)",
                          keys[key].name, found, rg_buf_text(&known));
    rg_buf_clear(&known);
    return status;
}

static enum rg_status
check_names(struct raw *r, struct rg_err *err)
{
    enum rg_status status;

    r->reason = "unknown name";
    status = check_name(r, ROUTER, routers, sizeof routers / sizeof *routers, err);
    if (status == RG_OK)
        status = check_name(r, TARGET_MODEL, rg_routergym_tiers, RG_ROUTERGYM_TIERS, err);
    if (status == RG_OK)
        status = check_name(r, MODEL_USED, rg_routergym_tiers, RG_ROUTERGYM_TIERS, err);
    if (status == RG_OK && !r->stub)
        status = check_name(r, GOLD_CATEGORY, rg_routergym_labels_lower, RG_ROUTERGYM_LABELS, err);
    r->model = text_of(r, MODEL_USED);
    return status;
}

static const char *
member(const cJSON *object, const char *name)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(node) ? node->valuestring : "";
}

/* The answers that the recording project's unit tests put into its result folder. */
static bool
is_stub(const char *answer)
{
    static const char prefix[] = "answer ";
    size_t n = sizeof prefix - 1;

    if (strcmp(answer, "ok") == 0 || strcmp(answer, "ans") == 0)
        return true;
    return strncmp(answer, prefix, n) == 0 && answer[n] != '\0' &&
           strspn(answer + n, "0123456789") == strlen(answer + n);
}

static void
judge_answer(struct raw *r)
{
    r->answer = member(r->node[OUTPUT], "final_answer");
    r->stub = is_stub(r->answer);
    if (rg_import_is_placeholder(r->answer) || strcmp(text_of(r, RESULT), "success") != 0)
        r->status = RG_CALL_ERROR;
    else if (r->stub || *r->answer == '\0' || !cJSON_IsTrue(r->node[JSON_VALID]) ||
             !cJSON_IsTrue(r->node[SCHEMA_VALID]))
        r->status = RG_CALL_INVALID;
    else
        r->status = RG_CALL_OK;
}

static enum rg_status
read_line(struct raw *r, struct rg_err *err)
{
    enum rg_status status = read_keys(r, err);

    if (status)
        return status;
    judge_answer(r);
    status = check_names(r, err);
    if (status)
        return status;
    r->reason = "bad value";
    if (cJSON_IsNumber(r->node[TICKET_ID]))
        rg_num_print(r->ticket, r->node[TICKET_ID]->valuedouble);
    else if (*text_of(r, TICKET_ID) == '\0')
        return rg_json_fail(r->doc, r->node[TICKET_ID], err, "ticket_id is empty");
    if (*text_of(r, MEMORY) == '\0')
        return rg_json_fail(r->doc, r->node[MEMORY], err, "memory is empty (expected a mode)");
    status = rg_json_lines_amount(r->doc, r->node[COST_USD], &r->cost_usd, err);
    if (status == RG_OK)
        status = rg_json_lines_amount(r->doc, r->node[LATENCY_MS], &r->latency_ms, err);
    return status;
}

static const char *
ticket(const struct raw *r)
{
    return cJSON_IsNumber(r->node[TICKET_ID]) ? r->ticket : text_of(r, TICKET_ID);
}

/* ---- attributes ---- */

static void
note_key(const struct raw *r, const char *fmt, const char *name)
{
    struct rg_buf what = {0};

    rg_buf_printf(&what, "nested %s %s", name, fmt);
    rg_import_note(r->im, rg_buf_text(&what), &r->place);
    rg_buf_clear(&what);
}

static void
add_length(struct raw *r, size_t i)
{
    const char *text = r->node[i]->valuestring;
    struct rg_buf what = {0};

    rg_attrs_number(&r->attrs, keys[i].as, (double)rg_utf8_count(text, strlen(text)));
    if (*text == '\0')
        return;
    rg_buf_printf(&what, "text %s kept as its length", keys[i].name);
    rg_import_note(r->im, rg_buf_text(&what), &r->place);
    rg_buf_clear(&what);
}

static void
add_attr(struct raw *r, size_t i)
{
    const cJSON *node = r->node[i];
    int n;

    switch (keys[i].use) {
    case SCALAR:
        if (!cJSON_IsString(node) || *node->valuestring)
            rg_attrs_node(&r->attrs, keys[i].name, node);
        break;
    case WHOLE:
        if (node->child)
            rg_attrs_node(&r->attrs, keys[i].name, node);
        break;
    case COUNT:
        n = cJSON_GetArraySize(node);
        rg_attrs_number(&r->attrs, keys[i].as, n);
        if (n > 0)
            note_key(r, "kept as its count", keys[i].name);
        break;
    case LENGTH:
        add_length(r, i);
        break;
    case LEFT:
        if (node->child)
            note_key(r, "left out", keys[i].name);
        break;
    case OWN:
        break;
    }
}

static void
collect_attrs(struct raw *r)
{
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(r->node[ROUTING_META], "steps");

    rg_attrs_reset(&r->attrs);
    for (size_t i = 0; i < N_KEYS; i++)
        if (r->node[i])
            add_attr(r, i);
    if (cJSON_IsArray(steps))
        rg_attrs_number(&r->attrs, "routing_steps", cJSON_GetArraySize(steps));
    note_key(r, "kept as step count", keys[ROUTING_META].name);
}

/* ---- remarks ---- */

static void
remark_costs(const struct raw *r)
{
    const char *parts[] = {text_of(r, PROMPT), r->answer, member(r->node[OUTPUT], "reasoning")};
    static const int times[] = {ROUTING_TIME, RETRIEVAL_TIME, GENERATION_TIME, REPAIR_TIME,
                                METRICS_TIME};
    struct rg_place cost = rg_json_place(r->doc, r->node[COST_USD]);
    struct rg_place latency = rg_json_place(r->doc, r->node[LATENCY_MS]);
    size_t codepoints = 0;
    double sum = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        codepoints += rg_utf8_count(parts[i], strlen(parts[i]));
    if (r->cost_usd == rg_routergym_call_usd(r->model, codepoints))
        rg_import_note(r->im, "cost follows the recorded price rule", NULL);
    else
        rg_import_note(r->im, "cost differs from the recorded price rule", &cost);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        sum += r->node[times[i]]->valuedouble;
    /* What is left over is the time between the recorder's clock readings. */
    if (fabs(r->latency_ms - sum) < 1)
        rg_import_note(r->im, "latency is the sum of its recorded parts, scoring included", NULL);
    else
        rg_import_note(r->im, "latency is not the sum of its recorded parts", &latency);
}

static bool
has_bom_inside(const struct rg_json *doc)
{
    for (const char *at = doc->text; (at = strpbrk(at, "\\\xEF")) != NULL; at++) {
        if (strncmp(at, "\xEF\xBB\xBF", 3) == 0)
            return true;
        if (*at == '\\' && at[1] == '\\')
            at++;
        else if (strncmp(at, "\\ufeff", 6) == 0 || strncmp(at, "\\uFEFF", 6) == 0)
            return true;
    }
    return false;
}

static void
remark_line(const struct raw *r)
{
    struct rg_place gold = rg_json_place(r->doc, r->node[GOLD_CATEGORY]);
    struct rg_err unused;

    if (has_bom_inside(r->doc))
        rg_import_note(r->im, "U+FEFF within texts kept", &r->place);
    if (rg_import_is_placeholder(r->answer))
        rg_import_note(r->im, "placeholder of a failed call (status error)", &r->place);
    else if (r->stub)
        rg_import_note(r->im, "unit-test stub of the recording project (status invalid)",
                       &r->place);
    else if (r->status == RG_CALL_INVALID)
        rg_import_note(r->im, "no valid answer (status invalid)", &r->place);
    if (check_name(r, GOLD_CATEGORY, rg_routergym_labels_lower, RG_ROUTERGYM_LABELS, &unused))
        rg_import_note(r->im, "gold category is none of the eight labels", &gold);
    if (!r->stub)
        remark_costs(r);
}

/* ---- storing ---- */

/* A ticket's text is the prompt's first paragraph in every memory mode. Stubs have other texts and
 * categories under the same ids, so they say nothing of a ticket. */
static enum rg_status
put_query(struct raw *r, struct rg_err *err)
{
    const char *prompt = text_of(r, PROMPT), *end = strstr(prompt, "\n\n");
    size_t n = end ? (size_t)(end - prompt) : strlen(prompt);
    struct rg_query_rec rec = {
        .dataset = rg_routergym_dataset(r->im),
        .id = ticket(r),
        .category = text_of(r, GOLD_CATEGORY),
    };
    struct rg_buf text = {0};
    enum rg_put what = RG_PUT_NEW;
    enum rg_status status;

    if (r->stub)
        return RG_OK;
    rg_buf_add(&text, prompt, n);
    rec.text = n ? rg_buf_text(&text) : NULL;
    status = rg_store_put_query(r->im->store, &rec, &what, err);
    rg_buf_clear(&text);
    if (status == RG_OK && what == RG_PUT_DUPLICATE)
        rg_import_note(r->im, "ticket with another text or category: the first one is kept",
                       &r->place);
    return status;
}

static void
free_seen(void *state)
{
    struct seen *seen = state;

    rg_names_free(seen->keys);
    rg_names_free(seen->contents);
    rg_buf_clear(&seen->buf);
    free(seen->free_sample);
    free(seen);
}

static struct seen *
seen_of(struct rg_import *im)
{
    void **state = rg_import_state(im, free_seen);
    struct seen *seen = *state;

    if (seen)
        return seen;
    seen = rg_zalloc(1, sizeof *seen);
    seen->keys = rg_names_new();
    seen->contents = rg_names_new();
    *state = seen;
    return seen;
}

static uint32_t *
free_sample(struct seen *seen, const struct rg_run_rec *rec)
{
    uint32_t i;
    bool added;

    rg_buf_reset(&seen->buf);
    rg_buf_add(&seen->buf, rec->config, strlen(rec->config) + 1);
    rg_buf_puts(&seen->buf, rec->query);
    i = rg_names_add(seen->keys, seen->buf.data, seen->buf.len, &added);
    if (added) {
        seen->free_sample =
            rg_grow(seen->free_sample, &seen->cap, seen->n + 1, sizeof *seen->free_sample);
        seen->free_sample[seen->n++] = 0;
    }
    return &seen->free_sample[i];
}

/* Hash of all that a line's run says but its sample: equal ones are one record read twice. */
static XXH128_hash_t
content_hash(struct seen *seen, const struct rg_run_rec *rec)
{
    const char *const texts[] = {rec->config, rec->query,  rec->memory, rec->model,
                                 rec->text,   rec->prompt, rec->attrs};
    const double numbers[] = {rec->cost_usd, rec->latency_ms, rec->score, (double)rec->status};

    rg_buf_reset(&seen->buf);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rg_buf_putc(&seen->buf, texts[i] ? '=' : '-');
        rg_buf_add(&seen->buf, texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) + 1 : 0);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double x = numbers[i] + 0.0; /* no negative zero, as in the store */

        rg_buf_add(&seen->buf, &x, sizeof x);
    }
    return XXH3_128bits(seen->buf.data, seen->buf.len);
}

/* The model cells of a configuration and repeated runs of it have the same key but for the sample:
 * the line becomes the first sample that is free, or is found to be there already. */
static enum rg_status
put_sample(struct raw *r, struct rg_run_rec *rec, struct rg_err *err)
{
    XXH128_hash_t hash = content_hash(r->seen, rec);
    uint32_t *next = free_sample(r->seen, rec);
    enum rg_put what = RG_PUT_SAME;
    enum rg_status status = RG_OK;

    if (rg_names_find(r->seen->contents, (const char *)&hash, sizeof hash) == RG_NAMES_NONE) {
        for (rec->sample = *next;; rec->sample++) {
            status = rg_store_put_run(r->im->store, rec, &what, err);
            if (status || what != RG_PUT_DUPLICATE)
                break;
        }
    }
    if (status == RG_OK && what == RG_PUT_NEW) {
        *next = rec->sample + 1;
        rg_names_add(r->seen->contents, (const char *)&hash, sizeof hash, NULL);
    }
    if (status) {
        struct rg_err bare = *err;

        if (status == RG_EINPUT)
            rg_err_at(err, r->place, "%s", bare.text);
        return rg_import_reject(r->im, "value out of range", err);
    }
    rg_import_count(r->im, what, &r->place);
    r->im->report->runs += what == RG_PUT_NEW;
    return RG_OK;
}

static enum rg_status
put_run(struct raw *r, struct rg_err *err)
{
    struct rg_run_rec rec = rg_run_rec_empty();
    struct rg_buf config = {0}, output = {0};
    bool texts = !r->im->options->no_text;
    enum rg_status status;

    rg_buf_printf(&config, "%s__%s", text_of(r, ROUTER), text_of(r, MEMORY));
    if (r->node[CLASSIFIER_MODE])
        rg_buf_printf(&config, "__%s", text_of(r, CLASSIFIER_MODE));
    rg_json_put_node(&output, r->node[OUTPUT]);
    rec.dataset = rg_routergym_dataset(r->im);
    rec.query = ticket(r);
    rec.config = rg_buf_text(&config);
    rec.memory = text_of(r, MEMORY);
    rec.model = r->model;
    rec.status = r->status;
    rec.cost_usd = r->cost_usd;
    rec.latency_ms = r->latency_ms;
    rec.score = r->node[ACCURACY]->valuedouble;
    rec.text = texts ? rg_buf_text(&output) : NULL;
    rec.prompt = texts && *text_of(r, PROMPT) ? text_of(r, PROMPT) : NULL;
    rec.attrs = rg_attrs_text(&r->attrs);
    status = put_sample(r, &rec, err);
    rg_buf_clear(&config);
    rg_buf_clear(&output);
    return status;
}

static enum rg_status
import_line(void *ctx, const struct rg_json *doc, struct rg_err *err)
{
    struct raw *r = ctx;
    enum rg_status status;

    r->doc = doc;
    r->place = rg_json_place(doc, doc->root);
    status = read_line(r, err);
    if (status == RG_OK) {
        r->reason = "model recorded otherwise";
        status = rg_routergym_put_model(r->im, r->models_seen, r->model, &r->place, err);
    }
    if (status)
        return rg_import_reject(r->im, r->reason, err);
    collect_attrs(r);
    remark_line(r);
    status = put_query(r, err);
    return status ? status : put_run(r, err);
}

enum rg_status
rg_import_raw_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct raw r = {.im = im, .seen = seen_of(im), .models_seen = rg_names_new()};
    enum rg_status status = rg_json_lines_each(im, path, import_line, &r, err);

    rg_attrs_clear(&r.attrs);
    rg_names_free(r.models_seen);
    return status;
}
