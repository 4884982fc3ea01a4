#include "replay/contract/contract.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "replay/contract/answer.h"
#include "replay/contract/coerce.h"
#include "replay/contract/extract.h"
#include "replay/contract/label.h"
#include "replay/contract/repair.h"
#include "traces/import.h"

const char *const rg_contract_names[] = {"off", "recorded", "json", "ticket", NULL};

const char rg_contract_json_schema[] =
    "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"type\": \"object\"}";

const char rg_contract_ticket_schema[] =
    "{\n"
    "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
    "  \"title\": \"An answer to a support ticket\",\n"
    "  \"type\": \"object\",\n"
    "  \"required\": [\"final_answer\", \"reasoning\", \"predicted_category\",\n"
    "               \"resolution_steps\", \"escalation_flags\"],\n"
    "  \"properties\": {\n"
    "    \"final_answer\": {\"type\": \"string\", \"pattern\": \"[^ \\\\t\\\\r\\\\n]\"},\n"
    "    \"reasoning\": {\"type\": \"string\", \"pattern\": \"[^ \\\\t\\\\r\\\\n]\"},\n"
    "    \"predicted_category\": {\"type\": \"string\", \"pattern\": \"[^ \\\\t\\\\r\\\\n]\"},\n"
    "    \"resolution_steps\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}},\n"
    "    \"escalation_flags\": {\"type\": \"object\"}\n"
    "  }\n"
    "}\n";

enum { ROUNDS = 3 }; /* of coercion: a value may become an item, and that another type */

struct rg_contract_rules {
    enum rg_contract kind;
    struct rg_contract_options options;
    struct rg_answer_keys keys;
    struct rg_schema *schema; /* NULL: off, recorded */
    struct rg_json source;    /* its text, for coercion */
    struct rg_buf text;
    bool arrays; /* an array is asked for */
    struct rg_labels *labels;
};

/* ---- rules ---- */

/* Does the schema ask for an array, and not for an object? */
static bool
asks_for_array(const cJSON *schema)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(schema, "type");

    return cJSON_IsString(type) && strcmp(type->valuestring, "array") == 0;
}

static enum rg_status
load_schema(struct rg_contract_rules *r, const char *name, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    if (r->kind == RG_CONTRACT_JSON)
        rg_buf_puts(&r->text, rg_contract_json_schema);
    else if (r->kind == RG_CONTRACT_TICKET)
        rg_buf_puts(&r->text, rg_contract_ticket_schema);
    else
        status = rg_file_read(name, RG_SCHEMA_BYTES, &r->text, err);
    if (status == RG_OK)
        status = rg_schema_parse(&r->schema, rg_buf_text(&r->text), r->text.len, name,
                                 &r->options.schema, err);
    if (status == RG_OK)
        status = rg_json_parse(&r->source, rg_buf_text(&r->text), r->text.len, name, 1, RG_JSON_NUL,
                               err);
    if (status == RG_OK)
        r->arrays = asks_for_array(r->source.root);
    return status;
}

static enum rg_contract
kind_of(const char *name)
{
    for (int k = 0; rg_contract_names[k]; k++)
        if (strcmp(rg_contract_names[k], name) == 0)
            return (enum rg_contract)k;
    return RG_CONTRACT_SCHEMA;
}

static const char *
or_default(const char *given, const char *otherwise)
{
    return given ? given : otherwise;
}

enum rg_status
rg_contract_rules_open(struct rg_contract_rules **out, const char *name,
                       const struct rg_contract_options *options, struct rg_err *err)
{
    struct rg_contract_rules *r = rg_zalloc(1, sizeof *r);
    enum rg_status status = RG_OK;

    r->kind = kind_of(name);
    if (options)
        r->options = *options;
    r->keys = (struct rg_answer_keys){
        .answer = or_default(r->options.answer_key, "final_answer"),
        .list = or_default(r->options.list_key, "resolution_steps"),
        .disclaimers = r->options.disclaimers ? r->options.disclaimers : rg_contract_disclaimers};
    r->options.label_key = or_default(r->options.label_key, "predicted_category");
    if (r->kind != RG_CONTRACT_OFF && r->kind != RG_CONTRACT_RECORDED)
        status = load_schema(r, name, err);
    if (status == RG_OK) {
        *out = r;
    } else {
        *out = NULL;
        rg_contract_rules_free(r);
    }
    return status;
}

void
rg_contract_rules_free(struct rg_contract_rules *rules)
{
    if (!rules)
        return;
    rg_schema_free(rules->schema);
    rg_json_clear(&rules->source);
    rg_buf_clear(&rules->text);
    rg_labels_free(rules->labels);
    free(rules);
}

void
rg_contract_rules_labels(struct rg_contract_rules *rules, const char *const *labels, size_t n)
{
    rg_labels_free(rules->labels);
    rules->labels = rg_labels_new(labels, n);
}

enum rg_contract
rg_contract_rules_kind(const struct rg_contract_rules *rules)
{
    return rules->kind;
}

/* ---- one answer ---- */
static void
set_flag(struct rg_verdict *v, unsigned flags)
{
    v->bits |= (uint32_t)flags << 24;
}

static void
drop_flag(struct rg_verdict *v, unsigned flags)
{
    v->bits &= ~((uint32_t)flags << 24);
}

void
rg_contract_trial_clear(struct rg_contract_trial *trial)
{
    rg_json_clear(&trial->doc);
    rg_schema_faults_clear(&trial->faults);
    rg_buf_clear(&trial->text);
}

/* Finds and mends the JSON in a text that is none. */
static void
recover(const struct rg_contract_rules *r, const char *text, size_t n, struct rg_contract_trial *x)
{
    const struct rg_extract_options how = {r->options.steps, r->arrays, r->options.first};
    struct rg_extract found;
    uint32_t done;

    if (!(r->options.steps & (RG_STEPS_EXTRACT | RG_STEPS_REPAIR)))
        return;
    /* The whole text goes on with what stands around the value, such as a byte order mark. */
    if (!rg_extract(&found, text, n, &how) || found.step == 0)
        found = (struct rg_extract){.end = n};
    if (!rg_repair(&x->doc, &x->text, text + found.start, found.end - found.start, r->options.steps,
                   &done))
        return;
    x->verdict.bits |= found.step | done;
    set_flag(&x->verdict, RG_VERDICT_JSON);
}

/* One check; faults may be NULL. */
static bool
satisfies(const struct rg_contract_rules *r, struct rg_contract_trial *x,
          struct rg_schema_faults *faults)
{
    enum rg_schema_verdict verdict = RG_SCHEMA_VALID;

    if (r->schema)
        verdict = rg_schema_check(r->schema, x->doc.root, faults);
    drop_flag(&x->verdict, RG_VERDICT_LIMIT);
    if (verdict == RG_SCHEMA_LIMIT)
        set_flag(&x->verdict, RG_VERDICT_LIMIT);
    return verdict == RG_SCHEMA_VALID;
}

/* Checks again, with the values turned into what was expected. */
static bool
satisfies_coerced(const struct rg_contract_rules *r, struct rg_contract_trial *x)
{
    uint32_t steps = r->options.steps & (RG_STEPS_COERCE | RG_STEPS_LABEL);

    if (!steps && !x->want_faults)
        return false;
    for (int round = 0;; round++) {
        uint32_t done = 0;

        rg_schema_faults_clear(&x->faults);
        if (satisfies(r, x, &x->faults))
            return true;
        if (round == ROUNDS || !rg_coerce(x->doc.root, r->source.root, &x->faults, steps, &done))
            return false;
        x->verdict.bits |= done;
    }
}

static void
check(const struct rg_contract_rules *r, struct rg_contract_trial *x)
{
    if (!x->doc.root)
        return;
    if (satisfies(r, x, NULL)) {
        set_flag(&x->verdict, RG_VERDICT_ACCEPTED);
        if (rg_verdict_has(x->verdict, RG_VERDICT_JSON_RAW))
            set_flag(&x->verdict, RG_VERDICT_SCHEMA_RAW);
    } else if (satisfies_coerced(r, x)) {
        set_flag(&x->verdict, RG_VERDICT_ACCEPTED);
    }
}

static void
read_label(const struct rg_contract_rules *r, struct rg_contract_trial *x)
{
    const cJSON *label = cJSON_GetObjectItemCaseSensitive(x->doc.root, r->options.label_key);
    uint32_t found = RG_NAMES_NONE, done = 0;

    if (r->labels && cJSON_IsString(label))
        found = rg_labels_find(r->labels, label->valuestring, r->options.steps, &done);
    if (found < RG_VERDICT_NO_LABEL)
        x->verdict.label = (uint16_t)found;
    x->verdict.bits |= done;
    if (!r->options.label_required)
        return;
    if (x->verdict.label == RG_VERDICT_NO_LABEL)
        drop_flag(&x->verdict, RG_VERDICT_ACCEPTED | RG_VERDICT_SCHEMA_RAW);
    else if (done)
        drop_flag(&x->verdict, RG_VERDICT_SCHEMA_RAW);
}

static void
read_answer(const struct rg_contract_rules *r, const char *text, size_t n,
            struct rg_contract_trial *x)
{
    struct rg_answer answer;

    rg_answer_read(&answer, x->doc.root, text, n, &r->keys);
    x->verdict.words = answer.words;
    x->verdict.steps = answer.steps;
    if (answer.blank)
        set_flag(&x->verdict, RG_VERDICT_BLANK);
    if (answer.disclaimer)
        set_flag(&x->verdict, RG_VERDICT_DISCLAIMER);
    /* What a client wrote for a call that failed is no answer, whatever its form. */
    if (answer.placeholder)
        drop_flag(&x->verdict, RG_VERDICT_ACCEPTED | RG_VERDICT_SCHEMA_RAW);
}

void
rg_contract_judge(const struct rg_contract_rules *rules, const char *text, size_t n,
                  struct rg_contract_trial *trial)
{
    rg_json_clear(&trial->doc);
    rg_schema_faults_clear(&trial->faults);
    trial->err.status = RG_OK;
    trial->err.text[0] = '\0';
    trial->verdict = (struct rg_verdict){.label = RG_VERDICT_NO_LABEL};
    set_flag(&trial->verdict, RG_VERDICT_TEXT);
    if (rg_json_parse(&trial->doc, text, n, NULL, 1, 0, &trial->err) == RG_OK)
        set_flag(&trial->verdict, RG_VERDICT_JSON_RAW | RG_VERDICT_JSON);
    else
        recover(rules, text, n, trial);
    check(rules, trial);
    read_label(rules, trial);
    read_answer(rules, text, n, trial);
    if (rules->kind == RG_CONTRACT_OFF)
        set_flag(&trial->verdict, RG_VERDICT_ACCEPTED | RG_VERDICT_SCHEMA_RAW);
}

const char *
rg_contract_reason(const struct rg_contract_trial *trial)
{
    struct rg_verdict v = trial->verdict;

    if (rg_verdict_has(v, RG_VERDICT_ACCEPTED) || trial->faults.n > 0)
        return NULL;
    if (!trial->doc.root)
        return trial->err.text;
    if (rg_verdict_has(v, RG_VERDICT_BLANK) && v.words > 0)
        return "a client's placeholder stands for an answer";
    return "no known label";
}

void
rg_contract_feedback(const struct rg_contract_trial *trial, unsigned max, struct rg_buf *out)
{
    const char *reason = rg_contract_reason(trial);

    rg_buf_puts(out, "The answer was not accepted.\n");
    if (reason) {
        rg_buf_printf(out, "- %s\n", reason);
    } else {
        for (size_t i = 0; i < trial->faults.n && i < max; i++) {
            const struct rg_schema_fault *f = &trial->faults.at[i];
            const char *where = rg_buf_text(&f->instance);

            rg_buf_printf(out, "- %s: %s\n", *where ? where : "the whole answer",
                          rg_buf_text(&f->message));
        }
    }
    rg_buf_puts(out, "Answer again, with the corrected JSON and nothing else.\n");
}

uint32_t
rg_contract_tokens(const char *text, size_t n)
{
    return (uint32_t)((rg_utf8_count(text, n) + 3) / 4);
}

unsigned
rg_contract_signals(struct rg_verdict v, unsigned short_words)
{
    unsigned signals = 0;

    assert(short_words <= UINT8_MAX);
    if (!rg_verdict_has(v, RG_VERDICT_TEXT))
        return 0;
    if (rg_verdict_has(v, RG_VERDICT_BLANK))
        signals |= RG_SIGNAL_NO_ANSWER;
    else if (v.words < short_words)
        signals |= RG_SIGNAL_SHORT;
    if (v.steps == 0)
        signals |= RG_SIGNAL_NO_STEPS;
    if (rg_verdict_has(v, RG_VERDICT_DISCLAIMER))
        signals |= RG_SIGNAL_DISCLAIMER;
    return signals;
}

/* ---- all calls of a trace ---- */
static bool
answered(uint8_t status)
{
    return status == RG_CALL_OK || status == RG_CALL_INVALID;
}

/* What is known without a text. */
static struct rg_verdict
textless(const struct rg_contract_rules *r, uint8_t status)
{
    struct rg_verdict v = {.label = RG_VERDICT_NO_LABEL};

    if (r->kind == RG_CONTRACT_OFF || (r->kind == RG_CONTRACT_RECORDED && status == RG_CALL_OK))
        set_flag(&v, RG_VERDICT_ACCEPTED | RG_VERDICT_SCHEMA_RAW);
    return v;
}

static uint16_t
feedback_tokens(const struct rg_contract_trial *x, unsigned max_faults, struct rg_buf *text)
{
    uint32_t tokens;

    rg_buf_reset(text);
    rg_contract_feedback(x, max_faults, text);
    tokens = rg_contract_tokens(rg_buf_text(text), text->len);
    return tokens < UINT16_MAX ? (uint16_t)tokens : UINT16_MAX;
}

/* Under recorded the recording decides, whatever the text looks like. */
static struct rg_verdict
verdict_of(const struct rg_contract_rules *r, const struct rg_contract_trial *x, uint8_t status)
{
    struct rg_verdict v = x->verdict;

    if (r->kind == RG_CONTRACT_RECORDED) {
        drop_flag(&v, RG_VERDICT_ACCEPTED | RG_VERDICT_SCHEMA_RAW);
        v.bits |= textless(r, status).bits;
    }
    return v;
}

static enum rg_status
no_texts(const struct rg_trace *t, enum rg_contract kind, struct rg_err *err)
{
    return rg_err_set(err, RG_EINPUT,
                      "%s: no call has a text, so contract '%s' has nothing to judge "
                      "(use 'recorded' or 'off')",
                      t->path, kind == RG_CONTRACT_SCHEMA ? "schema" : rg_contract_names[kind]);
}

enum rg_status
rg_contract_records(const struct rg_trace *t, const struct rg_contract_rules *rules,
                    struct rg_verdict *out, uint16_t *feedback, unsigned max_faults,
                    struct rg_err *err)
{
    struct rg_contract_trial x = {.want_faults = feedback != NULL};
    struct rg_buf text = {0}, told = {0};
    enum rg_status status = RG_OK;
    size_t n_texts = 0;

    for (size_t i = 0; status == RG_OK && i < t->n_calls; i++) {
        uint8_t how = t->calls.status[i];

        out[i] = textless(rules, how);
        if (feedback)
            feedback[i] = 0;
        if (!answered(how) || t->calls.text[i] == 0)
            continue;
        n_texts++;
        rg_buf_reset(&text);
        status = rg_trace_text(t, t->calls.text[i], &text, err);
        if (status != RG_OK)
            break;
        rg_contract_judge(rules, rg_buf_text(&text), text.len, &x);
        out[i] = verdict_of(rules, &x, how);
        if (feedback && !rg_verdict_has(out[i], RG_VERDICT_ACCEPTED))
            feedback[i] = feedback_tokens(&x, max_faults, &told);
    }
    rg_contract_trial_clear(&x);
    rg_buf_clear(&text);
    rg_buf_clear(&told);
    if (status == RG_OK && n_texts == 0 && t->n_calls > 0 && rules->schema)
        return no_texts(t, rules->kind, err);
    return status;
}

/* Verdicts of a contract that judges texts. */
static enum rg_status
judge_texts(const struct rg_trace *t, enum rg_contract contract, uint8_t *valid, struct rg_err *err)
{
    struct rg_contract_rules *rules;
    struct rg_verdict *verdicts;
    enum rg_status status = rg_contract_rules_open(&rules, rg_contract_names[contract], NULL, err);

    if (status != RG_OK)
        return status;
    verdicts = rg_alloc(t->n_calls, sizeof *verdicts);
    status = rg_contract_records(t, rules, verdicts, NULL, 0, err);
    for (size_t i = 0; status == RG_OK && i < t->n_calls; i++)
        valid[i] = rg_verdict_has(verdicts[i], RG_VERDICT_ACCEPTED);
    free(verdicts);
    rg_contract_rules_free(rules);
    return status;
}

enum rg_status
rg_contract_verdicts(const struct rg_trace *t, enum rg_contract contract, uint8_t *valid,
                     struct rg_err *err)
{
    assert(contract != RG_CONTRACT_SCHEMA);
    switch (contract) {
    case RG_CONTRACT_OFF:
        memset(valid, 1, t->n_calls);
        return RG_OK;
    case RG_CONTRACT_RECORDED:
        for (size_t i = 0; i < t->n_calls; i++)
            valid[i] = t->calls.status[i] == RG_CALL_OK;
        return RG_OK;
    case RG_CONTRACT_JSON:
    case RG_CONTRACT_TICKET:
    case RG_CONTRACT_SCHEMA:
        break;
    }
    return judge_texts(t, contract, valid, err);
}
